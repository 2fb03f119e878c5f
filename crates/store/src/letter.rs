//! What is written: rows of messages, their fate and their erasable texts, and how they are read.
//! Never a call, never a decision.

use crate::archive::Archive;
use crate::engine::Reader;
use crate::failure::Failure;
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Record, Values};
use center::city::{ContactId, CounselorId};
use center::event::{Event, Marks};
use center::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A file that belongs to a message; its bytes are in blobs.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// Blob of the copy that is shown: without location, re-encoded where it is a picture.
    pub blob: String,
    /// Blob of the original, empty when it was not kept.
    pub original: String,
    /// Blob of a small picture, empty when there is none.
    pub small: String,
    /// Name as its sender gave it.
    pub name: String,
    /// Media type as found by looking at it.
    pub media_type: String,
    /// Bytes of the copy.
    pub bytes: u64,
    /// What it shows, in its sender's words.
    pub description: String,
    /// Why it is not shown; empty when it is.
    pub withheld: String,
    /// Blob of the page behind whose link it lies; empty when it travels with the message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub linked: String,
}

impl File {
    /// Everything that is stored of it.
    pub fn blobs(&self) -> impl Iterator<Item = &str> {
        let names = [&self.blob, &self.original, &self.small, &self.linked];
        names
            .into_iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.media_type, self.bytes)
    }
}

/// The erasable part of a message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// 0 for the message as it came, else the instant of a change.
    pub edit: i64,
    /// Nonce of the digest in the event (hex).
    pub nonce: String,
    /// Plain text.
    pub text: String,
    /// Sanitized markup, where it differs.
    pub html: String,
    /// Subject.
    pub subject: String,
    /// Kind of address: `phone`, `mail`, `account`, `session`.
    pub address_kind: String,
    /// The citizen's address.
    pub address: String,
    /// The name the citizen shows.
    pub name: String,
    /// The city's address.
    pub recipient: String,
    /// The conversation at the provider.
    pub thread: String,
    /// The message at the provider.
    pub reference: String,
    /// Files.
    pub files: Vec<File>,
}

impl Letter {
    /// Adds what is looked for by words.
    pub(crate) fn add_words(&self, said: &mut String) {
        for part in [&self.subject, &self.text] {
            said.push_str(part);
            said.push('\n');
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

/// A message of a contact, as its record shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Contact.
    pub contact: ContactId,
    /// Number within the contact.
    pub message: u32,
    /// When.
    pub at: Time,
    /// From the citizen; else from the city.
    pub incoming: bool,
    /// Connection it came by.
    pub via: String,
    /// Counselor who wrote it.
    pub counselor: Option<CounselorId>,
    /// The message it answers; 0 for none.
    pub answers: u32,
    /// Name of the house's own text.
    pub house_text: String,
    /// Letters.
    pub letters: u32,
    /// What is known of it.
    pub marks: Marks,
    /// Only the citizen may read it.
    pub private: bool,
    /// `queued` until a provider took it, then what became of it; empty for the citizen's.
    pub fortune: String,
    /// When it was changed or taken back last.
    pub changed: Option<Time>,
    /// It was taken back.
    pub withdrawn: bool,
    /// Text and address; empty once erased.
    pub letter: Letter,
    /// Earlier texts of a changed message.
    pub earlier: Vec<String>,
}

/// A message in a conversation at a provider: when, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// When it came.
    pub at: Time,
    /// Connection.
    pub via: String,
    /// Kind of the citizen's address, as in [`Letter::address_kind`].
    pub address_kind: String,
    /// The citizen's address.
    pub address: String,
    /// The conversation as the provider names it.
    pub thread: String,
}

/// Something unreadable that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// When.
    pub at: Time,
    /// Connection.
    pub via: String,
    /// Why it could not be read.
    pub reason: String,
    /// Where its bytes are.
    pub blob: String,
}

pub(crate) static MESSAGE: Insert = Insert::new(
    "message",
    "contact, message, at, incoming, key, via, counselor, answers, house_text, digest, letters, \
files, marks, private",
    Conflict::Refuse,
);
pub(crate) static FATE: Insert = Insert::new(
    "message_fate",
    "contact, message, at, fortune, reference",
    Conflict::Replace {
        key: "contact, message",
        columns: "at, fortune, reference",
    },
);
pub(crate) static CHANGE: Insert = Insert::new(
    "message_change",
    "contact, message, at, digest",
    Conflict::Keep,
);
pub(crate) static DEAD: Insert =
    Insert::new("dead_letter", "key, at, via, reason, blob", Conflict::Keep);
pub(crate) static CONSENT: Insert = Insert::new(
    "consent",
    "caller, at, contact, allowed",
    Conflict::Replace {
        key: "caller",
        columns: "at, contact, allowed",
    },
);
pub(crate) static LETTER: Insert = Insert::new(
    "letter",
    "contact, message, edit, nonce, text, html, subject, address_kind, address, name, recipient, \
thread, reference, files",
    Conflict::Keep,
);

static GONE: Insert = Insert::new("letter", "contact", Conflict::Erase);

/// The tables in the order of [`place`]: what is erased goes last.
pub(crate) static TABLES: [&Insert; 7] =
    [&MESSAGE, &FATE, &CHANGE, &DEAD, &CONSENT, &LETTER, &GONE];

/// Places in [`TABLES`].
pub(crate) mod place {
    pub const MESSAGE: usize = 0;
    pub const FATE: usize = 1;
    pub const CHANGE: usize = 2;
    pub const DEAD: usize = 3;
    pub const CONSENT: usize = 4;
    pub const LETTER: usize = 5;
    pub const GONE: usize = 6;
}

/// Fates and consents of a batch, the last of each.
#[derive(Debug, Default)]
pub(crate) struct Last {
    fates: BTreeMap<(u64, u32), (Time, &'static str, String)>,
    consents: BTreeMap<String, (Time, u64, bool)>,
}

impl Last {
    /// Adds the rows that follow from an event about messages. `caller` is that of its contact.
    pub fn plan(&mut self, at: Time, event: &Event, caller: &str, chat: bool, rows: &mut [Rows]) {
        match event {
            Event::MessageReceived { .. } | Event::MessageSent { .. } => {
                message(at, event, &mut rows[place::MESSAGE].values);
            }
            Event::MessageChanged {
                contact,
                message,
                digest,
                ..
            } => change(
                &mut rows[place::CHANGE].values,
                *contact,
                *message,
                at,
                digest,
            ),
            Event::MessageWithdrawn { contact, message } => {
                change(&mut rows[place::CHANGE].values, *contact, *message, at, "");
            }
            Event::DeadLettered {
                via,
                key,
                reason,
                blob,
            } => {
                let values = &mut rows[place::DEAD].values;
                values.text(key).int(at.0).text(via).text(reason).text(blob);
            }
            Event::ConsentChanged { contact, allowed } => {
                let consent = (at, contact.0, *allowed);
                self.consents.insert(caller.to_owned(), consent);
            }
            _ => {}
        }
        match event {
            Event::MessageSent {
                contact,
                message,
                text,
                ..
            } if !chat || mailed(text.as_deref()) => {
                let fate = (at, "queued", String::new());
                self.fates.insert((contact.0, *message), fate);
            }
            Event::MessageFared {
                contact,
                message,
                fortune,
                reference,
            } => {
                let fate = (at, fortune.code(), reference.clone());
                self.fates.insert((contact.0, *message), fate);
            }
            _ => {}
        }
    }

    /// Puts the last of each into the rows.
    pub fn write(&mut self, rows: &mut [Rows]) {
        for ((contact, message), (at, fortune, reference)) in std::mem::take(&mut self.fates) {
            let values = &mut rows[place::FATE].values;
            values.int(contact as i64).int(i64::from(message)).int(at.0);
            values.text(fortune).text(&reference);
        }
        for (caller, (at, contact, allowed)) in std::mem::take(&mut self.consents) {
            let values = &mut rows[place::CONSENT].values;
            values.text(&caller).int(at.0).int(contact as i64);
            values.int(i64::from(allowed));
        }
    }
}

/// Whether a message leaves by mail, whatever its contact's channel: the conversation itself.
pub(crate) fn mailed(house_text: Option<&str>) -> bool {
    house_text == Some(center::written::TRANSCRIPT)
}

fn change(into: &mut Values, contact: ContactId, message: u32, at: Time, digest: &str) {
    into.int(contact.0 as i64).int(i64::from(message)).int(at.0);
    into.text(digest);
}

/// The row of a message event; nothing for another.
pub(crate) fn message(at: Time, event: &Event, into: &mut Values) {
    match event {
        Event::MessageReceived {
            contact,
            message,
            key,
            via,
            thread: _,
            digest,
            letters,
            files,
            marks,
        } => into
            .int(contact.0 as i64)
            .int(i64::from(*message))
            .int(at.0)
            .int(1)
            .text(key)
            .text(via)
            .null()
            .int(0)
            .text("")
            .text(digest)
            .int(i64::from(*letters))
            .int(i64::from(*files))
            .int(bits(*marks))
            .int(i64::from(!marks.public)),
        Event::MessageSent {
            contact,
            message,
            counselor,
            answers,
            text,
            digest,
            letters,
            files,
            private,
            to: _,
        } => into
            .int(contact.0 as i64)
            .int(i64::from(*message))
            .int(at.0)
            .int(0)
            .text("")
            .text("")
            .maybe(counselor.map(|counselor| i64::from(counselor.0)))
            .int(i64::from(*answers))
            .text(text.as_deref().unwrap_or(""))
            .text(digest)
            .int(i64::from(*letters))
            .int(i64::from(*files))
            .int(0)
            .int(i64::from(*private)),
        _ => into,
    };
}

fn bits(marks: Marks) -> i64 {
    let flags = [
        marks.urgent,
        marks.over,
        marks.automatic,
        marks.damaged,
        marks.public,
        marks.spam,
        marks.verified,
    ];
    flags
        .iter()
        .enumerate()
        .map(|(bit, flag)| i64::from(*flag) << bit)
        .sum()
}

fn marks(bits: i64) -> Marks {
    Marks {
        urgent: bits & 1 != 0,
        over: bits & 2 != 0,
        automatic: bits & 4 != 0,
        damaged: bits & 8 != 0,
        public: bits & 16 != 0,
        spam: bits & 32 != 0,
        verified: bits & 64 != 0,
    }
}

/// Adds the erasable row of a message.
pub(crate) fn push(contact: ContactId, message: u32, letter: &Letter, into: &mut Values) {
    let files = serde_json::to_string(&letter.files).unwrap_or_default();
    into.int(contact.0 as i64)
        .int(i64::from(message))
        .int(letter.edit)
        .text(&letter.nonce)
        .text(&letter.text)
        .text(&letter.html)
        .text(&letter.subject)
        .text(&letter.address_kind)
        .text(&letter.address)
        .text(&letter.name)
        .text(&letter.recipient)
        .text(&letter.thread)
        .text(&letter.reference)
        .text(&files);
}

const LETTER_COLUMNS: &str = "l.edit, l.nonce, l.text, l.html, l.subject, l.address_kind, \
l.address, l.name, l.recipient, l.thread, l.reference, l.files";

fn read_letter(from: usize, record: Record<'_>) -> Result<Letter, Failure> {
    let text = |column: usize| record.text(from + column).map(str::to_owned);
    Ok(Letter {
        edit: record.maybe(from)?.unwrap_or(0),
        nonce: text(1)?,
        text: text(2)?,
        html: text(3)?,
        subject: text(4)?,
        address_kind: text(5)?,
        address: text(6)?,
        name: text(7)?,
        recipient: text(8)?,
        thread: text(9)?,
        reference: text(10)?,
        files: serde_json::from_str(record.text(from + 11)?).unwrap_or_default(),
    })
}

const MESSAGE_COLUMNS: &str = "m.contact, m.message, m.at, m.incoming, m.via, m.counselor, \
m.answers, m.house_text, m.letters, m.marks, m.private, f.fortune, c.at, c.digest";

const MESSAGE_WIDTH: usize = 14;

fn read(record: Record<'_>) -> Result<Message, Failure> {
    let changed = record.maybe(12)?.map(Time);
    Ok(Message {
        contact: ContactId(record.int(0)? as u64),
        message: record.int(1)? as u32,
        at: Time(record.int(2)?),
        incoming: record.int(3)? != 0,
        via: record.text(4)?.to_owned(),
        counselor: record.maybe(5)?.map(|id| CounselorId(id as u32)),
        answers: record.int(6)? as u32,
        house_text: record.text(7)?.to_owned(),
        letters: record.int(8)? as u32,
        marks: marks(record.int(9)?),
        private: record.int(10)? != 0,
        fortune: record.text(11)?.to_owned(),
        withdrawn: changed.is_some() && record.text(13)?.is_empty(),
        changed,
        letter: read_letter(MESSAGE_WIDTH, record)?,
        earlier: Vec::new(),
    })
}

/// One row per message, change and text, in the order in which [`fold`] takes them.
fn ask(condition: &str) -> String {
    format!(
        "SELECT {MESSAGE_COLUMNS}, {LETTER_COLUMNS} FROM message m \
         LEFT JOIN message_fate f ON f.contact = m.contact AND f.message = m.message \
         LEFT JOIN message_change c ON c.contact = m.contact AND c.message = m.message \
         LEFT JOIN letter l ON l.contact = m.contact AND l.message = m.message \
         WHERE {condition} ORDER BY m.contact, m.message, l.edit, c.at"
    )
}

/// Of several rows of a message, the last text stands and the earlier ones are kept.
fn fold(records: &crate::value::Records) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::new();
    for record in records.iter() {
        let next = read(record)?;
        let last = messages.last_mut();
        let Some(known) = last.filter(|m| (m.contact, m.message) == (next.contact, next.message))
        else {
            messages.push(next);
            continue;
        };
        if next.changed > known.changed {
            (known.changed, known.withdrawn) = (next.changed, next.withdrawn);
        }
        if next.letter.edit != known.letter.edit {
            let mut letter = next.letter;
            // A change brings a text; whom it came from stays.
            let before = std::mem::take(&mut known.letter);
            known.earlier.push(before.text);
            letter.address_kind = before.address_kind;
            letter.address = before.address;
            letter.name = before.name;
            letter.recipient = before.recipient;
            letter.thread = before.thread;
            letter.reference = before.reference;
            if letter.files.is_empty() {
                letter.files = before.files;
            }
            known.letter = letter;
        }
    }
    Ok(messages)
}

impl Archive {
    async fn messages_where(
        &self,
        condition: &str,
        asked: Values,
    ) -> Result<Vec<Message>, Failure> {
        fold(&self.reader().query(&ask(condition), asked).await?)
    }

    /// The messages of a contact in order, those of contacts that were merged into it among them.
    pub async fn messages(&self, contact: ContactId) -> Result<Vec<Message>, Failure> {
        let mut asked = Values::default();
        asked.int(contact.0 as i64);
        let merged = "m.contact = $1 OR m.contact IN \
                      (SELECT contact FROM contact WHERE merged = $1)";
        let mut messages = self.messages_where(merged, asked).await?;
        messages.sort_by_key(|message| (message.at, message.contact, message.message));
        Ok(messages)
    }

    /// Files of a contact's messages, those of changed texts too.
    pub async fn letter_files(&self, contact: ContactId) -> Result<Vec<File>, Failure> {
        let mut asked = Values::default();
        asked.int(contact.0 as i64);
        let text = "SELECT files FROM letter WHERE contact = $1 ORDER BY message, edit";
        let mut files = Vec::new();
        for record in self.reader().query(text, asked).await?.iter() {
            let read: Result<Vec<File>, _> = serde_json::from_str(record.text(0)?);
            files.extend(read.map_err(|error| Failure::Corrupt(format!("files: {error}")))?);
        }
        Ok(files)
    }

    /// One message.
    pub async fn message(
        &self,
        contact: ContactId,
        message: u32,
    ) -> Result<Option<Message>, Failure> {
        let mut asked = Values::default();
        asked.int(contact.0 as i64).int(i64::from(message));
        let found = self
            .messages_where("m.contact = $1 AND m.message = $2", asked)
            .await?;
        Ok(found.into_iter().next())
    }

    /// The citizen's last message before another in the same conversation or a merged one: whom
    /// an answer goes to when it names none.
    pub async fn last_received(&self, contact: ContactId) -> Result<Option<Message>, Failure> {
        let messages = self.messages(contact).await?;
        Ok(messages.into_iter().rfind(|message| message.incoming))
    }

    /// The message that came under a key.
    pub async fn message_by_key(&self, key: &str) -> Result<Option<(ContactId, u32)>, Failure> {
        let mut asked = Values::default();
        asked.text(key);
        let text = "SELECT contact, message FROM message WHERE key = $1 AND key <> ''";
        pair(self.reader(), text, asked).await
    }

    /// The message of the city that a provider knows under a reference.
    pub async fn message_by_reference(
        &self,
        reference: &str,
    ) -> Result<Option<(ContactId, u32)>, Failure> {
        let mut asked = Values::default();
        asked.text(reference);
        let text = "SELECT contact, message FROM message_fate \
                    WHERE reference = $1 AND reference <> '' ORDER BY at DESC";
        pair(self.reader(), text, asked).await
    }

    /// Messages of the city whose fate is not sealed, oldest first: number, fate so far, since
    /// when.
    pub async fn outbox(&self) -> Result<Vec<(ContactId, u32, String, Time)>, Failure> {
        let text = "SELECT contact, message, fortune, at FROM message_fate \
                    WHERE fortune IN ('queued', 'submitted', 'unknown') ORDER BY contact, message";
        let found = self.reader().query(text, Values::default()).await?;
        let row = |record: Record<'_>| {
            Ok((
                ContactId(record.int(0)? as u64),
                record.int(1)? as u32,
                record.text(2)?.to_owned(),
                Time(record.int(3)?),
            ))
        };
        found.iter().map(row).collect()
    }

    /// Conversations at providers in which citizens wrote from an instant on, in the order of
    /// their first messages; of the latest contacts only, so that a start does not read them all.
    pub async fn opened_since(&self, since: Time) -> Result<Vec<Opened>, Failure> {
        const LATEST: i64 = 20_000;
        let mut asked = Values::default();
        asked.int(since.0).int(LATEST);
        let text = "SELECT m.at, m.via, l.address_kind, l.address, l.thread FROM message m \
                    JOIN letter l ON l.contact = m.contact AND l.message = m.message \
                    WHERE m.contact > (SELECT COALESCE(MAX(contact), 0) FROM contact) - $2 \
                    AND m.at >= $1 AND m.incoming = 1 AND l.edit = 0 AND l.thread <> '' \
                    ORDER BY m.at, m.contact, m.message";
        let found = self.reader().query(text, asked).await?;
        let row = |record: Record<'_>| {
            Ok(Opened {
                at: Time(record.int(0)?),
                via: record.text(1)?.to_owned(),
                address_kind: record.text(2)?.to_owned(),
                address: record.text(3)?.to_owned(),
                thread: record.text(4)?.to_owned(),
            })
        };
        found.iter().map(row).collect()
    }

    /// The newest unreadable letters.
    pub async fn dead_letters(&self, most: u32) -> Result<Vec<DeadLetter>, Failure> {
        let mut asked = Values::default();
        asked.int(i64::from(most));
        let text = "SELECT at, via, reason, blob FROM dead_letter ORDER BY at DESC LIMIT $1";
        let found = self.reader().query(text, asked).await?;
        let row = |record: Record<'_>| {
            Ok(DeadLetter {
                at: Time(record.int(0)?),
                via: record.text(1)?.to_owned(),
                reason: record.text(2)?.to_owned(),
                blob: record.text(3)?.to_owned(),
            })
        };
        found.iter().map(row).collect()
    }

    /// Where the bytes of unreadable letters are that came before an instant, erased or not.
    pub async fn dead_before(&self, before: Time) -> Result<Vec<String>, Failure> {
        let mut asked = Values::default();
        asked.int(before.0);
        let text = "SELECT blob FROM dead_letter WHERE at < $1";
        let found = self.reader().query(text, asked).await?;
        let blob = |record: Record<'_>| Ok(record.text(0)?.to_owned());
        found.iter().map(blob).collect()
    }

    /// Whether a citizen forbade messages that they did not ask for.
    pub async fn opted_out(&self, caller: &str) -> Result<bool, Failure> {
        let mut asked = Values::default();
        asked.text(caller);
        let text = "SELECT allowed FROM consent WHERE caller = $1";
        let found = self.reader().query(text, asked).await?;
        let first = found.first().map(|record| record.int(0)).transpose()?;
        Ok(first == Some(0))
    }
}

/// Subjects and texts of letters, by contact; `of` says whose.
pub(crate) async fn said(
    reader: &Reader,
    of: &str,
    asked: Values,
) -> Result<BTreeMap<u64, String>, Failure> {
    let text = format!(
        "SELECT l.contact, l.subject, l.text FROM letter AS l {of} \
         ORDER BY l.contact, l.message, l.edit"
    );
    let mut said: BTreeMap<u64, String> = BTreeMap::new();
    for record in reader.query(&text, asked).await?.iter() {
        let letter = Letter {
            subject: record.text(1)?.to_owned(),
            text: record.text(2)?.to_owned(),
            ..Letter::default()
        };
        letter.add_words(said.entry(record.int(0)? as u64).or_default());
    }
    Ok(said)
}

async fn pair(
    reader: &Reader,
    text: &str,
    asked: Values,
) -> Result<Option<(ContactId, u32)>, Failure> {
    let found = reader.query(text, asked).await?;
    let Some(record) = found.first() else {
        return Ok(None);
    };
    Ok(Some((
        ContactId(record.int(0)? as u64),
        record.int(1)? as u32,
    )))
}
