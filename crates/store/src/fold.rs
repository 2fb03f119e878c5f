//! What one batch changes: journal rows, touched contacts, cells, personal rows. Pure; never
//! touches an engine.

use crate::batch::{Batch, Entry, Personal};
use crate::engine::Dialect;
use crate::failure::Failure;
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Span, Values};
use crate::{cube, letter, record, words};
use center::city::{Channel, ContactId};
use center::event::Event;
use center::record::Row;
use center::statistics::{Cell, Measures, cells};
use center::time::Zone;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The stream of this center's only writer.
pub(crate) const STREAM: i64 = 1;

pub(crate) static JOURNAL: Insert = Insert::new(
    "journal",
    "stream, seq, at, kind, contact, counselor, body, prev, hash",
    Conflict::Refuse,
);
static RECORDING: Insert = Insert::new(
    "recording",
    "contact, blob, length_ms, keep_until, at, cut",
    Conflict::Keep,
);
static RECORDING_GONE: Insert = Insert::new(
    "recording",
    "contact, blob, length_ms, keep_until, at, cut, erased",
    Conflict::Replace {
        key: "contact, blob",
        columns: "erased",
    },
);
static PERSONAL_GONE: Insert = Insert::new("personal", "contact", Conflict::Erase);
static NUMBER: Insert = Insert::new(
    "personal",
    "contact, number, raw",
    Conflict::Replace {
        key: "contact",
        columns: "number, raw",
    },
);
static NOTE: Insert = Insert::new(
    "personal",
    "contact, note, nonce",
    Conflict::Replace {
        key: "contact",
        columns: "note, nonce",
    },
);
static TRANSFER: Insert = Insert::new(
    "personal",
    "contact, transfer_to",
    Conflict::Replace {
        key: "contact",
        columns: "transfer_to",
    },
);
pub(crate) static META: Insert = Insert::new(
    "meta",
    "name, value",
    Conflict::Replace {
        key: "name",
        columns: "value",
    },
);

/// Places in the list of tables, which is the order of writing.
pub(crate) mod place {
    pub const JOURNAL: usize = 0;
    pub const WHOLE: usize = 1;
    pub const OPEN: usize = 2;
    pub const NUMBER: usize = 3;
    pub const NOTE: usize = 4;
    pub const TRANSFER: usize = 5;
    pub const PERSONAL_GONE: usize = 6;
    pub const INDEX_FIRST: usize = 7;
    pub const INDEX_AGAIN: usize = 8;
    pub const INDEX_GONE: usize = 9;
    pub const RECORDING: usize = 10;
    pub const RECORDING_GONE: usize = 11;
    pub const CUBES: usize = 12;
    pub const META: usize = 15;
    pub const LETTERS: usize = 16;
}

/// Empty tables in the order of writing.
pub(crate) fn tables(dialect: &Dialect) -> Vec<Rows> {
    let kinds: [&'static Insert; 16 + letter::TABLES.len()] = [
        &JOURNAL,
        &record::WHOLE,
        &record::OPEN,
        &NUMBER,
        &NOTE,
        &TRANSFER,
        &PERSONAL_GONE,
        dialect.note_first,
        dialect.note_again,
        dialect.note_gone,
        &RECORDING,
        &RECORDING_GONE,
        cube::CUBES[0],
        cube::CUBES[1],
        cube::CUBES[2],
        &META,
        letter::TABLES[0],
        letter::TABLES[1],
        letter::TABLES[2],
        letter::TABLES[3],
        letter::TABLES[4],
        letter::TABLES[5],
        letter::TABLES[6],
    ];
    kinds.into_iter().map(Rows::new).collect()
}

/// End of the chain: number and hash of the last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number; 0 before the first.
    pub seq: i64,
    /// Hash; zeros before the first.
    pub hash: [u8; 32],
}

impl Head {
    /// The head after an event.
    pub fn next(&self, at: i64, body: &[u8]) -> Head {
        let seq = self.seq + 1;
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(seq.to_be_bytes());
        hasher.update(at.to_be_bytes());
        hasher.update(body);
        Head {
            seq,
            hash: hasher.finalize().into(),
        }
    }

    /// As kept in `meta`.
    pub fn text(&self) -> String {
        format!("{} {}", self.seq, crate::key::hex(&self.hash))
    }

    /// Reads what [`Head::text`] wrote.
    pub fn parse(text: &str) -> Option<Head> {
        let (seq, hash) = text.split_once(' ')?;
        Some(Head {
            seq: seq.parse().ok()?,
            hash: crate::key::unhex(hash)?,
        })
    }
}

/// A contact in memory.
#[derive(Debug, Default)]
struct Held {
    row: Row,
    /// Stored as open, with or without a callback owed; none while it is new or closed.
    stored_open: Option<bool>,
    /// The cells it counts in as stored: a correction takes them away first.
    counted: Vec<(Cell, Measures)>,
    /// The note, empty without one.
    note: String,
    /// Subjects and texts of its letters, the changed ones too.
    letters: String,
    /// Its words as stored in the index: none before it is closed.
    indexed: Option<String>,
    touched: bool,
}

/// Everything the next batch builds on.
#[derive(Debug)]
pub(crate) struct Fold {
    zone: Zone,
    /// Whether the index of notes needs the stretches of contacts.
    stretches: bool,
    head: Head,
    /// Where the hash of the last event stands, when it is one of this transaction.
    last_hash: Option<Span>,
    last_contact: u64,
    held: HashMap<u64, Held>,
    touched: Vec<u64>,
    letters: letter::Last,
    /// Personal rows, by their table and contact.
    personal: BTreeMap<(usize, u64), Personal>,
    /// Recordings that the batch erases.
    erased: HashSet<(u64, String)>,
    /// What the batch changes, table by table.
    pub tables: Vec<Rows>,
}

impl Fold {
    /// The state after everything stored so far: head, number of contacts and the open ones.
    pub fn new(dialect: &Dialect, zone: Zone, head: Head, last_contact: u64) -> Fold {
        Fold {
            zone,
            stretches: !dialect.note_sorted,
            head,
            last_hash: None,
            last_contact,
            held: HashMap::new(),
            touched: Vec::new(),
            letters: letter::Last::default(),
            personal: BTreeMap::new(),
            erased: HashSet::new(),
            tables: tables(dialect),
        }
    }

    /// Number of the last event.
    pub fn last_event(&self) -> i64 {
        self.head.seq
    }

    /// Number of contacts so far.
    pub fn last_contact(&self) -> u64 {
        self.last_contact
    }

    /// Holds a contact as it is stored, with its note and what its letters say.
    pub fn adopt(&mut self, row: Row, note: &str, letters: &str) {
        let closed = row.closed.is_some();
        let mut held = Held {
            stored_open: (!closed).then_some(row.task),
            counted: cells(&row, &self.zone),
            note: note.to_owned(),
            letters: letters.to_owned(),
            row,
            ..Held::default()
        };
        held.indexed = held.words(self.stretches);
        self.held.insert(held.row.contact.0, held);
    }

    /// Stored contacts that this batch concerns and that are not held.
    pub fn missing(&self, batch: &Batch) -> Vec<i64> {
        let events = batch
            .entries
            .iter()
            .filter_map(|entry| entry.event.contact());
        let personal = batch.personal.iter().map(Personal::contact);
        let mut missing: Vec<i64> = events
            .chain(personal)
            .filter(|contact| contact.0 <= self.last_contact)
            .filter(|contact| !self.held.contains_key(&contact.0))
            .map(|contact| contact.0 as i64)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Takes in a batch; several of them may become one transaction. After an error this value is
    /// spoiled and must be loaded again.
    pub fn add(&mut self, batch: Batch) -> Result<(), Failure> {
        for entry in &batch.entries {
            self.journal(entry)?;
            self.apply(entry)?;
        }
        self.personal(batch.personal)
    }

    /// Fills the tables with everything that follows from what was taken in.
    pub fn plan(&mut self) {
        self.project();
        if self.last_hash.is_some() {
            let head = self.head.text();
            self.tables[place::META].values.text("head").text(&head);
        }
    }

    /// Hands over the rows of the journal, which are final before the others are planned. Nothing
    /// is taken in between this and [`Fold::hand_over`].
    pub fn hand_over_events(&mut self, empty: Rows) -> Rows {
        std::mem::replace(&mut self.tables[place::JOURNAL], empty)
    }

    /// Hands over the full tables for a write and goes on with empty ones; those of the journal,
    /// which were handed over before, are empty already.
    pub fn hand_over(&mut self, mut empty: Vec<Rows>) -> Vec<Rows> {
        let events = place::JOURNAL;
        std::mem::swap(&mut empty[events], &mut self.tables[events]);
        let full = std::mem::replace(&mut self.tables, empty);
        self.settle();
        full
    }

    /// The same without journal rows: for projections that are built anew.
    pub fn replay(&mut self, batch: Batch) -> Result<(), Failure> {
        for entry in &batch.entries {
            self.apply(entry)?;
        }
        self.personal(batch.personal)?;
        self.project();
        Ok(())
    }

    /// Puts note and letters of a closed contact into the index, where nothing of it is yet.
    pub fn index_note(&mut self, row: Row, note: &str, letters: &str) {
        let held = Held {
            note: note.to_owned(),
            letters: letters.to_owned(),
            row,
            ..Held::default()
        };
        if let Some(words) = held.words(self.stretches) {
            let values = &mut self.tables[place::INDEX_FIRST].values;
            values.int(held.row.contact.0 as i64).text(&words);
        }
    }

    /// What was planned counts as stored: what is closed leaves memory, the tables are emptied.
    pub fn settle(&mut self) {
        for contact in self.touched.drain(..) {
            let Some(held) = self.held.get_mut(&contact) else {
                continue;
            };
            if held.row.closed.is_some() {
                self.held.remove(&contact);
                continue;
            }
            held.touched = false;
            held.stored_open = Some(held.row.task);
        }
        self.erased.clear();
        self.last_hash = None;
        for rows in &mut self.tables {
            rows.values.clear();
        }
    }

    fn journal(&mut self, entry: &Entry) -> Result<(), Failure> {
        let prev = self.last_hash;
        let values = &mut self.tables[place::JOURNAL].values;
        let from = values.heap().len();
        serde_json::to_writer(values.heap(), &entry.event)
            .map_err(|error| Failure::Engine(format!("event: {error}")))?;
        let body = &values.heap()[from..];
        let kind = kind_of(body)?;
        let kind = (from as u32 + kind.0, from as u32 + kind.1);
        let next = self.head.next(entry.at.0, body);
        let body = (from as u32, values.heap().len() as u32);
        let prev = prev.unwrap_or_else(|| values.keep(&self.head.hash));
        let hash = values.keep(&next.hash);
        let id = |id: Option<u64>| id.map(|id| id as i64);
        values
            .int(STREAM)
            .int(next.seq)
            .int(entry.at.0)
            .text_at(kind)
            .maybe(id(entry.event.contact().map(|contact| contact.0)))
            .maybe(id(entry.event.counselor().map(|c| u64::from(c.0))))
            .text_at(body)
            .bytes_at(prev)
            .bytes_at(hash);
        self.head = next;
        self.last_hash = Some(hash);
        Ok(())
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), Failure> {
        let Some(contact) = entry.event.contact() else {
            let rows = &mut self.tables[place::LETTERS..];
            self.letters.plan(entry.at, &entry.event, "", false, rows);
            return Ok(());
        };
        if let Event::Arrived { .. } = entry.event {
            if contact.0 != self.last_contact + 1 {
                let due = self.last_contact + 1;
                return Err(Failure::Refused(format!(
                    "contact {contact} arrives where contact {due} is due"
                )));
            }
            self.last_contact = contact.0;
            self.held.insert(contact.0, Held::default());
        }
        let held = self.held.get_mut(&contact.0).ok_or_else(|| {
            Failure::Refused(format!("contact {contact} has an event but never arrived"))
        })?;
        held.row.apply(entry.at, &entry.event);
        let rows = &mut self.tables[place::LETTERS..];
        let chat = held.row.channel == Channel::Chat;
        let caller = &held.row.caller;
        self.letters
            .plan(entry.at, &entry.event, caller, chat, rows);
        touch(&mut self.touched, held);
        self.recording(entry);
        if let Event::PersonalErased { .. } = entry.event {
            self.forget(contact);
        }
        Ok(())
    }

    fn recording(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Recorded {
                contact,
                blob,
                length_ms,
                keep_until,
                cut,
            } => {
                let values = &mut self.tables[place::RECORDING].values;
                values.int(contact.0 as i64).text(blob).int(*length_ms);
                values
                    .int(keep_until.0)
                    .int(entry.at.0)
                    .int(i64::from(*cut));
            }
            Event::RecordingErased { contact, blob }
                if self.erased.insert((contact.0, blob.clone())) =>
            {
                let values = &mut self.tables[place::RECORDING_GONE].values;
                values.int(contact.0 as i64).text(blob).int(0).int(0).int(0);
                values.int(0).int(entry.at.0);
            }
            _ => {}
        }
    }

    /// Number, note, transfer and letters are taken away; what was counted stays.
    fn forget(&mut self, contact: ContactId) {
        for place in [place::PERSONAL_GONE, place::LETTERS + letter::place::GONE] {
            let values = &mut self.tables[place].values;
            values.int(contact.0 as i64);
        }
        if let Some(held) = self.held.get_mut(&contact.0) {
            held.note.clear();
            held.letters.clear();
        }
    }

    /// Later rows of the same contact and kind replace earlier ones of the transaction.
    fn personal(&mut self, personal: Vec<Personal>) -> Result<(), Failure> {
        for row in personal {
            let contact = row.contact();
            if contact.0 == 0 || contact.0 > self.last_contact {
                return Err(Failure::Refused(format!(
                    "a personal row of contact {contact}, which never arrived"
                )));
            }
            if let Some(held) = self.held.get_mut(&contact.0) {
                match &row {
                    Personal::Note { text, .. } => held.note.clone_from(text),
                    Personal::Letter { letter, .. } => letter.add_words(&mut held.letters),
                    Personal::Number { .. } | Personal::TransferTo { .. } => {}
                }
                touch(&mut self.touched, held);
            }
            let place = match &row {
                Personal::Number { .. } => place::NUMBER,
                Personal::Note { .. } => place::NOTE,
                Personal::TransferTo { .. } => place::TRANSFER,
                Personal::Letter {
                    message, letter, ..
                } => {
                    let values = &mut self.tables[place::LETTERS + letter::place::LETTER].values;
                    letter::push(contact, *message, letter, values);
                    continue;
                }
            };
            self.personal.insert((place, contact.0), row);
        }
        Ok(())
    }

    fn personal_rows(&mut self) {
        for ((place, contact), row) in std::mem::take(&mut self.personal) {
            let values = &mut self.tables[place].values;
            values.int(contact as i64);
            match row {
                Personal::Number { number, raw, .. } => values.text(&number).text(&raw),
                Personal::Note { text, nonce, .. } => values.text(&text).text(&nonce),
                Personal::TransferTo { number, .. } => values.text(&number),
                Personal::Letter { .. } => values,
            };
        }
    }

    /// Rows of the touched contacts, and the cells that change with them.
    fn project(&mut self) {
        self.letters.write(&mut self.tables[place::LETTERS..]);
        self.personal_rows();
        self.touched.sort_unstable();
        let mut changes: BTreeMap<Cell, Measures> = BTreeMap::new();
        for contact in &self.touched {
            let Some(held) = self.held.get_mut(contact) else {
                continue;
            };
            let open = held.row.closed.is_none() && held.stored_open == Some(held.row.task);
            let place = if open { place::OPEN } else { place::WHOLE };
            record::push(&held.row, &mut self.tables[place].values);
            index(held, self.stretches, &mut self.tables);
            let counts = cells(&held.row, &self.zone);
            if counts == held.counted {
                continue;
            }
            for (cell, measures) in held.counted.drain(..) {
                changes.entry(cell).or_default().add(&measures, -1);
            }
            for (cell, measures) in counts {
                changes.entry(cell).or_default().add(&measures, 1);
            }
        }
        for (cell, measures) in &changes {
            if *measures != Measures::default() {
                let place = place::CUBES + cube::cube_of(cell);
                cube::push(cell, measures, &mut self.tables[place].values);
            }
        }
    }
}

fn touch(touched: &mut Vec<u64>, held: &mut Held) {
    if !held.touched {
        held.touched = true;
        touched.push(held.row.contact.0);
    }
}

impl Held {
    /// What the index holds of it: nothing before it is closed, and nothing of what nobody wrote
    /// about and nobody sorted.
    fn words(&self, stretches: bool) -> Option<String> {
        let silent = self.note.is_empty() && self.letters.is_empty();
        if self.row.closed.is_none() || (silent && self.row.category.is_empty()) {
            return None;
        }
        let said = format!("{}\n{}", self.note, self.letters);
        Some(words::of_closed(&self.row, &said, stretches))
    }
}

/// Brings the index of words to where a contact is: it holds closed ones only.
fn index(held: &mut Held, stretches: bool, tables: &mut [Rows]) {
    let words = held.words(stretches);
    if words == held.indexed {
        return;
    }
    let contact = held.row.contact.0 as i64;
    match (&held.indexed, &words) {
        (None, Some(words)) => tables[place::INDEX_FIRST].values.int(contact).text(words),
        (_, Some(words)) => tables[place::INDEX_AGAIN].values.int(contact).text(words),
        (_, None) => tables[place::INDEX_GONE].values.int(contact),
    };
    held.indexed = words;
}

/// Where the kind stands in the JSON text of an event, whose tag always comes first.
pub(crate) fn kind_of(body: &[u8]) -> Result<(u32, u32), Failure> {
    const BEFORE: &[u8] = b"{\"kind\":\"";
    let rest = body.strip_prefix(BEFORE);
    let length = rest.and_then(|rest| rest.iter().position(|byte| *byte == b'"'));
    let length = length.ok_or_else(|| Failure::Corrupt("an event without its kind".into()))?;
    Ok((BEFORE.len() as u32, (BEFORE.len() + length) as u32))
}

/// A `meta` row in a list of tables.
pub(crate) fn meta(tables: &mut [Rows], name: &str, value: &str) {
    let values: &mut Values = &mut tables[place::META].values;
    values.text(name).text(value);
}
