//! Sends what the city wrote until its fate is sealed: tries, waits, gives up, and tells the record
//! each step. Never speaks a protocol.

use crate::letter::{Address, AddressKind, Attachment, Outgoing};
use crate::outlet::{Outlet, Submitted, Unsent};
use crate::post::reference_of;
use center::city::{Channel, ContactId, Language};
use center::command::Command;
use center::event::{Event, Fortune};
use center::time::{DAY_MS, Time};
use center::written::TRANSCRIPT;
use hub::Hub;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Archive, Entry, Message};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Letters on their way at once.
const FLYING_MAX: usize = 256;

/// A letter that did not leave within this never will: an answer a day late helps nobody.
const EXPIRES_MS: i64 = DAY_MS;

/// A receipt that has not come within this will not come.
const RECEIPT_MS: i64 = 3 * DAY_MS;

/// First pause before another try; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// How often letters are looked for that nobody carries, and receipts that are late.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// A conversation written down, as it is mailed to its citizen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
}

/// Writes down the messages of a contact before a number, in a language; none when the record
/// cannot be read.
pub type Transcriber = Arc<
    dyn Fn(ContactId, u32, Language) -> Pin<Box<dyn Future<Output = Option<Transcript>> + Send>>
        + Send
        + Sync,
>;

/// How conversations are mailed: by which connection, and who writes them down.
#[derive(Clone)]
pub struct Mailing {
    /// Name of the connection.
    pub via: String,
    /// Who writes them down.
    pub transcriber: Transcriber,
}

impl fmt::Debug for Mailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailing({})", self.via)
    }
}

/// How letters leave that answer no message of their citizen, each none where there is no such way.
#[derive(Clone, Debug, Default)]
pub struct Unasked {
    /// Conversations that are mailed.
    pub mailing: Option<Mailing>,
    /// Name of the connection by which callers are texted.
    pub texter: Option<String>,
}

/// The outbox. Cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    hub: Hub,
    archive: Archive,
    outlets: Arc<BTreeMap<String, Outlet>>,
    unasked: Unasked,
    flying: Arc<Mutex<HashSet<(ContactId, u32)>>>,
    room: Arc<Semaphore>,
}

impl Outbox {
    /// An outbox over the connections by name.
    pub fn new(
        hub: Hub,
        archive: Archive,
        outlets: BTreeMap<String, Outlet>,
        unasked: Unasked,
    ) -> Outbox {
        Outbox {
            hub,
            archive,
            outlets: Arc::new(outlets),
            unasked,
            flying: Arc::default(),
            room: Arc::new(Semaphore::new(FLYING_MAX)),
        }
    }

    /// Sends what the hub asks for and what an earlier run left, until the hub is gone.
    pub async fn run(self, mut asked: hub::Letters, sweep_every: Duration) {
        // Its tasks end with it.
        let mut tasks = JoinSet::new();
        self.take_up(&mut tasks).await;
        let mut sweep = tokio::time::interval(sweep_every);
        loop {
            tokio::select! {
                next = asked.recv() => match next {
                    Some((contact, message)) => {
                        self.carry(&mut tasks, contact, message, false).await;
                    }
                    None => break,
                },
                _ = sweep.tick() => self.sweep(&mut tasks).await,
                Some(_) = tasks.join_next() => {}
            }
        }
    }

    /// Letters whose fate is open.
    async fn open(&self) -> Vec<(ContactId, u32, String, Time)> {
        self.archive.outbox().await.unwrap_or_else(|failure| {
            tracing::error!(%failure, "the outbox cannot be read");
            Vec::new()
        })
    }

    /// What an earlier run left waiting may have left the house before it stopped: it is sent
    /// again and marked, so that nothing is lost and nobody wonders about a second copy. So is what
    /// was to be sent again when it stopped, but not what was unknown after that as well.
    async fn take_up(&self, tasks: &mut JoinSet<()>) {
        let now = self.hub.now();
        for (contact, message, fortune, since) in self.open().await {
            match fortune.as_str() {
                "queued" => self.tell(contact, message, Fortune::Unknown, "").await,
                "unknown" if now - since < EXPIRES_MS => {
                    if self.unknown_twice(contact, message).await {
                        continue;
                    }
                }
                _ => continue,
            }
            self.carry(tasks, contact, message, true).await;
        }
    }

    /// Whether the fate of a letter was unknown after its second try, too.
    async fn unknown_twice(&self, contact: ContactId, message: u32) -> bool {
        let timeline = self.archive.timeline(contact).await;
        let of_it = |entry: &Entry| {
            matches!(&entry.event, Event::MessageFared { message: of, fortune, .. }
                if *of == message && *fortune == Fortune::Unknown)
        };
        timeline.is_ok_and(|timeline| timeline.iter().filter(|entry| of_it(entry)).count() > 1)
    }

    /// Looks for letters that nobody carries and for receipts that will not come. What is unknown
    /// after its second try stays so: a third might be a third copy.
    async fn sweep(&self, tasks: &mut JoinSet<()>) {
        let now = self.hub.now();
        for (contact, message, fortune, since) in self.open().await {
            match fortune.as_str() {
                "queued" => self.carry(tasks, contact, message, false).await,
                "submitted" if now - since > RECEIPT_MS => {
                    self.tell(contact, message, Fortune::Unknown, "").await;
                }
                _ => {}
            }
        }
    }

    /// Sends one letter in a task of its own, unless it is on its way already.
    async fn carry(
        &self,
        tasks: &mut JoinSet<()>,
        contact: ContactId,
        message: u32,
        perhaps_again: bool,
    ) {
        let fresh = self.flying().insert((contact, message));
        if !fresh {
            return;
        }
        let Ok(permit) = self.room.clone().acquire_owned().await else {
            return;
        };
        let outbox = self.clone();
        tasks.spawn(async move {
            outbox.send(contact, message, perhaps_again).await;
            outbox.flying().remove(&(contact, message));
            drop(permit);
        });
    }

    fn flying(&self) -> std::sync::MutexGuard<'_, HashSet<(ContactId, u32)>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, contact: ContactId, message: u32, mut perhaps_again: bool) {
        let (outgoing, written) = match self.compose(contact, message).await {
            Ok(Some(composed)) => composed,
            Ok(None) => return self.tell(contact, message, Fortune::Failed, "").await,
            // The next sweep tries again.
            Err(failure) => return tracing::error!(%failure, "a letter cannot be read"),
        };
        let Some(outlet) = self.outlets.get(&outgoing.via).cloned() else {
            tracing::warn!(via = %outgoing.via, "a letter has no connection to leave by");
            return self.tell(contact, message, Fortune::Failed, "").await;
        };
        let via = outgoing.via.clone();
        let mut pause = PAUSE;
        // An unknown outcome is tried once more; twice unknown stays unknown.
        let mut again = perhaps_again;
        loop {
            let mut next = outgoing.clone();
            next.perhaps_again = perhaps_again;
            match outlet.send(next).await {
                Ok(sent) => return self.submitted(contact, message, &via, sent).await,
                Err(Unsent::Never(reason)) => {
                    tracing::warn!(%via, %reason, "a letter was refused");
                    return self.tell(contact, message, Fortune::Failed, "").await;
                }
                Err(Unsent::Unknown) if again => {
                    return self.tell(contact, message, Fortune::Unknown, "").await;
                }
                Err(Unsent::Unknown) => {
                    self.tell(contact, message, Fortune::Unknown, "").await;
                    (again, perhaps_again) = (true, true);
                }
                Err(Unsent::Later { after }) => {
                    if self.hub.now() - written > EXPIRES_MS {
                        return self.tell(contact, message, Fortune::Expired, "").await;
                    }
                    tokio::time::sleep(after.unwrap_or(pause).min(PAUSE_MAX)).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    async fn submitted(&self, contact: ContactId, message: u32, via: &str, sent: Submitted) {
        let reference = reference_of(via, &sent.reference);
        let fortune = if sent.receipt {
            Fortune::Submitted
        } else {
            Fortune::Delivered
        };
        self.tell(contact, message, fortune, &reference).await;
    }

    async fn tell(&self, contact: ContactId, message: u32, fortune: Fortune, reference: &str) {
        let told = Command::Fared {
            contact,
            message,
            fortune,
            reference: reference.to_owned(),
        };
        if let Err(error) = self.hub.report(told).await {
            tracing::debug!(%error, "the fate of a letter was known already");
        }
    }

    /// The letter as it leaves, and when it was written; none when there is nobody to send it to.
    async fn compose(
        &self,
        contact: ContactId,
        number: u32,
    ) -> Result<Option<(Outgoing, Time)>, store::Failure> {
        let Some(message) = self.archive.message(contact, number).await? else {
            return Ok(None);
        };
        if message.house_text == TRANSCRIPT {
            return self.transcript(message).await;
        }
        let Some(row) = self.archive.contact(contact).await? else {
            return Ok(None);
        };
        if !row.channel.written() {
            return Ok(self.to_caller(message));
        }
        let Some(answered) = self.answered(&message).await? else {
            return Ok(None);
        };
        // An answer may go to a message of a contact that was put together with this one.
        let row = if answered.contact == contact {
            Some(row)
        } else {
            self.archive.contact(answered.contact).await?
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let text = if message.house_text.is_empty() {
            message.letter.text.clone()
        } else {
            self.hub.city().text(&message.house_text, row.language)
        };
        let full = |text: &String| (!text.is_empty()).then(|| text.clone());
        let letter = &answered.letter;
        let outgoing = Outgoing {
            contact,
            message: number,
            channel: row.channel,
            via: answered.via.clone(),
            to: Address {
                kind: kind_of(row.channel, &letter.address_kind),
                value: letter.address.clone(),
                name: full(&letter.name),
            },
            thread: full(&letter.thread),
            in_reply_to: full(&letter.reference),
            subject: full(&letter.subject),
            text,
            attachments: self.files(&message).await?,
            public: answered.marks.public && !message.private,
            automatic: message.counselor.is_none(),
            perhaps_again: false,
        };
        Ok(Some((outgoing, message.at)))
    }

    /// A text to the caller of a call, to the number that stands beside it.
    fn to_caller(&self, message: Message) -> Option<(Outgoing, Time)> {
        let via = self.unasked.texter.clone()?;
        let letter = message.letter;
        let to = Address {
            kind: AddressKind::Phone,
            value: letter.address,
            name: None,
        };
        let of = (message.contact, message.message);
        let outgoing = Outgoing::alone(of, (Channel::Text, via), to, letter.text);
        // Once erased there is nobody to send it to.
        (!outgoing.to.value.is_empty()).then_some((outgoing, message.at))
    }

    /// A chat on its way to the address that its citizen gave, as it was when they asked for it.
    async fn transcript(
        &self,
        message: Message,
    ) -> Result<Option<(Outgoing, Time)>, store::Failure> {
        let (contact, number) = (message.contact, message.message);
        let row = self.archive.contact(contact).await?;
        let (Some(row), Some(mailing)) = (row, &self.unasked.mailing) else {
            return Ok(None);
        };
        let written = (mailing.transcriber)(contact, number, row.language).await;
        let unread = || store::Failure::Engine("a chat was not written down".to_owned());
        let written = written.ok_or_else(unread)?;
        let (via, to) = (mailing.via.clone(), message.letter.address);
        let outgoing = Outgoing::mail((contact, number), via, to, [written.subject, written.text]);
        Ok(Some((outgoing, message.at)))
    }

    /// The citizen's message that an answer goes to: the one it names, else the last.
    async fn answered(&self, message: &Message) -> Result<Option<Message>, store::Failure> {
        let named = match message.answers {
            0 => None,
            number => self.archive.message(message.contact, number).await?,
        };
        match named.filter(|named| named.incoming && !named.letter.address.is_empty()) {
            Some(named) => Ok(Some(named)),
            None => self.archive.last_received(message.contact).await,
        }
    }

    async fn files(&self, message: &Message) -> Result<Vec<Attachment>, store::Failure> {
        let mut attachments = Vec::new();
        // What lies behind a link in the text does not travel with it.
        let travels = |file: &&store::File| file.linked.is_empty();
        for file in message.letter.files.iter().filter(travels) {
            let (blobs, name) = (self.archive.blobs().clone(), file.blob.clone());
            let read = tokio::task::spawn_blocking(move || blobs.read(&name)).await;
            let bytes = read.map_err(|error| store::Failure::Engine(error.to_string()))??;
            attachments.push(Attachment {
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes,
                description: file.description.clone(),
            });
        }
        Ok(attachments)
    }
}

fn kind_of(channel: Channel, code: &str) -> AddressKind {
    match (code, channel) {
        ("phone", _) | (_, Channel::Text) => AddressKind::Phone,
        ("mail", _) | (_, Channel::Mail) => AddressKind::Mail,
        ("session", _) => AddressKind::Session,
        _ => AddressKind::Account,
    }
}
