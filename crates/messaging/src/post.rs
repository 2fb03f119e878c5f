//! Takes what connections hand in and brings it into the record before they may acknowledge it.
//! Never speaks a protocol, never decides what becomes of a contact.

use crate::digest::hex;
use crate::inlet::{HandedIn, Inward, NotTaken, Taken};
use crate::judge::Judge;
use crate::letter::{AddressKind, Attachment, DeadLetter, Fortune, Incoming, Receipt};
use center::city::{Channel, ContactId};
use center::command::{Answer, Command, Refusal, Written};
use center::event::Marks;
use hub::{Error, Hub, Personal};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{Archive, File, Letter, note_digest};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Conversations are taken in turn within a lane, lanes beside each other: as many letters share a
/// transaction.
const LANES: usize = 128;

/// Letters that wait in a lane; beyond it the connection waits.
const LANE_DEEP: usize = 64;

/// New conversations of one citizen within [`FLOOD_WINDOW`] before they become one contact.
const FLOOD_MAX: usize = 10;
const FLOOD_WINDOW: Duration = Duration::from_mins(10);

/// How often, and after which pause, a receipt is looked up that nobody knows.
const RECEIPT_TRIES: u32 = 5;
const RECEIPT_PAUSE: Duration = Duration::from_millis(200);

/// Citizens whose pace is remembered at most.
const PACES_MAX: usize = 50_000;

/// Everything that taking a letter needs.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub hub: Hub,
    pub archive: Archive,
    pub judge: Judge,
    /// Country calling code for numbers in national form.
    pub country: String,
    paces: Arc<Mutex<Paces>>,
}

impl Post {
    pub fn new(hub: Hub, archive: Archive, judge: Judge, country: String) -> Post {
        Post {
            hub,
            archive,
            judge,
            country,
            paces: Arc::default(),
        }
    }

    /// Takes until every connection is gone.
    pub async fn run(self, mut handed: mpsc::Receiver<HandedIn>) {
        self.remember().await;
        // Its lanes end with it.
        let mut tasks = JoinSet::new();
        let lanes: Vec<mpsc::Sender<HandedIn>> = (0..LANES)
            .map(|_| {
                let (lane, mut taken) = mpsc::channel::<HandedIn>(LANE_DEEP);
                let post = self.clone();
                tasks.spawn(async move {
                    while let Some(HandedIn { inward, reply }) = taken.recv().await {
                        let _ = reply.send(post.take(inward).await);
                    }
                });
                lane
            })
            .collect();
        while let Some(next) = handed.recv().await {
            let lane = lane_of(&next.inward);
            if lanes[lane].send(next).await.is_err() {
                break;
            }
        }
    }

    /// Reads from the record what citizens opened lately: a start forgets no flood.
    async fn remember(&self) {
        let (now, began) = (Instant::now(), self.hub.now());
        let since = began + -(FLOOD_WINDOW.as_millis() as i64);
        let opened = match self.archive.opened_since(since).await {
            Ok(opened) => opened,
            Err(failure) => {
                tracing::error!(%failure, "conversations opened lately were not read");
                return;
            }
        };
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        for one in opened {
            let age = Duration::from_millis((began - one.at).max(0) as u64);
            let Some(at) = now.checked_sub(age) else {
                continue;
            };
            let mailbox = mailbox(&one.address, one.address_kind == "mail");
            let (sender, thread) = (
                self.archive.token(&mailbox),
                self.thread_of(&one.via, &one.thread),
            );
            paces.floods(&sender, &thread, at);
        }
    }

    /// Brings one thing into the record; returns once it is durable.
    pub async fn take(&self, inward: Inward) -> Result<Taken, NotTaken> {
        match inward {
            Inward::Message(incoming) => self.message(*incoming).await,
            Inward::Edited(incoming) => self.edited(*incoming).await,
            Inward::Deleted { via, key } => {
                let known = self.archive.message_by_key(&self.key(&via, &key)).await;
                match known.map_err(|_| NotTaken::Unwritten)? {
                    Some((contact, message)) => {
                        let told = Command::Withdrawn { contact, message };
                        self.tell(told, Vec::new()).await
                    }
                    None => Ok(Taken::Unknown),
                }
            }
            Inward::Receipt(receipt) => self.receipt(receipt).await,
            Inward::DeadLetter(dead) => self.dead_letter(dead).await,
        }
    }

    /// Digest under which a message is known: says nothing about whom it came from.
    fn key(&self, via: &str, key: &str) -> String {
        self.archive.token(&format!("message {via} {key}"))
    }

    async fn message(&self, mut incoming: Incoming) -> Result<Taken, NotTaken> {
        let key = self.key(&incoming.via, &incoming.key);
        let known = self.archive.message_by_key(&key).await;
        if let Some((contact, _)) = known.map_err(|_| NotTaken::Unwritten)? {
            return Ok(Taken::Message {
                contact,
                again: true,
            });
        }
        self.normalize(&mut incoming);
        // Whoever leaves no address is nobody's other self.
        let caller = match incoming.from.value.as_str() {
            "" => String::new(),
            address => self.archive.token(address),
        };
        let thread = self.thread(&incoming);
        let attachments = std::mem::take(&mut incoming.attachments);
        let files = self.keep_files(&key, attachments).await?;
        let nonce = nonce();
        let letters = self.judge.letters(&incoming.text);
        let written = Written {
            digest: note_digest(&nonce, &incoming.text),
            key,
            channel: incoming.channel,
            via: incoming.via.clone(),
            thread,
            caller,
            language: self.judge.language(&incoming.text),
            letters: letters as u32,
            files: files.len() as u16,
            marks: self.marks(&incoming, letters),
            consent: self.judge.consent(&incoming.text, incoming.channel),
        };
        let mut rows = vec![Personal::Letter {
            contact: ContactId(0),
            message: 0,
            letter: Box::new(letter_of(&incoming, nonce, files)),
        }];
        if incoming.from.kind == AddressKind::Phone {
            rows.push(Personal::Number {
                contact: ContactId(0),
                number: incoming.from.value.clone(),
                raw: incoming.from.value,
            });
        }
        self.tell(Command::Written(Box::new(written)), rows).await
    }

    fn normalize(&self, incoming: &mut Incoming) {
        let from = &mut incoming.from;
        match from.kind {
            AddressKind::Phone => {
                let number = store::number::normalize(&from.value, &self.country);
                if !number.is_empty() {
                    from.value = number;
                }
            }
            AddressKind::Mail => from.value = from.value.trim().to_lowercase(),
            AddressKind::Account | AddressKind::Session => {}
        }
    }

    /// The conversation a message belongs to. Whoever opens one after the other gets one for all.
    fn thread(&self, incoming: &Incoming) -> String {
        let of = |own: &str| self.thread_of(&incoming.via, own);
        let Some(own) = &incoming.thread else {
            return of(&format!("address {}", incoming.from.value));
        };
        let thread = of(own);
        let from = &incoming.from;
        let mailbox = mailbox(&from.value, from.kind == AddressKind::Mail);
        let sender = self.archive.token(&mailbox);
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if !mailbox.is_empty() && paces.floods(&sender, &thread, Instant::now()) {
            of(&format!("address {mailbox}"))
        } else {
            thread
        }
    }

    /// Digest of a conversation at a provider.
    fn thread_of(&self, via: &str, own: &str) -> String {
        self.archive.token(&format!("thread {via} {own}"))
    }

    fn marks(&self, incoming: &Incoming, letters: usize) -> Marks {
        Marks {
            urgent: self.judge.urgent(&incoming.text),
            over: incoming.channel == Channel::Text && letters > self.letters_max(),
            automatic: incoming.automatic,
            damaged: incoming.damage.is_some(),
            public: incoming.public,
            spam: incoming.standing.spam,
            verified: incoming.standing.verified,
        }
    }

    fn letters_max(&self) -> usize {
        self.hub.city().limits.text_letters_max
    }

    /// Stores files before the message that they belong to.
    async fn keep_files(
        &self,
        key: &str,
        attachments: Vec<Attachment>,
    ) -> Result<Vec<File>, NotTaken> {
        let mut files = Vec::with_capacity(attachments.len());
        for (number, attachment) in attachments.into_iter().enumerate() {
            let (judge, blobs) = (self.judge.clone(), self.archive.blobs().clone());
            let name = format!("letters/{}/{key}-{number}", &key[..2.min(key.len())]);
            let kept = tokio::task::spawn_blocking(move || judge.keep(&blobs, &name, &attachment));
            let kept = kept.await.map_err(|_| NotTaken::Unwritten)?;
            files.push(kept.map_err(|_| NotTaken::Unwritten)?);
        }
        Ok(files)
    }

    async fn edited(&self, mut incoming: Incoming) -> Result<Taken, NotTaken> {
        let key = self.key(&incoming.via, &incoming.key);
        let known = self.archive.message_by_key(&key).await;
        let Some((contact, message)) = known.map_err(|_| NotTaken::Unwritten)? else {
            // Changed before it was ever seen: the new text is the message.
            return self.message(incoming).await;
        };
        // The changed message brings all its files; those of before stay with the earlier text.
        let edit = self.hub.now().0;
        let attachments = std::mem::take(&mut incoming.attachments);
        let files = self
            .keep_files(&format!("{key}-{edit}"), attachments)
            .await?;
        let nonce = nonce();
        let command = Command::Changed {
            contact,
            message,
            digest: note_digest(&nonce, &incoming.text),
            letters: self.judge.letters(&incoming.text) as u32,
        };
        let mut letter = letter_of(&incoming, nonce, files);
        letter.edit = edit;
        let row = Personal::Letter {
            contact,
            message,
            letter: Box::new(letter),
        };
        self.tell(command, vec![row]).await
    }

    async fn receipt(&self, receipt: Receipt) -> Result<Taken, NotTaken> {
        let reference = reference_of(&receipt.via, &receipt.reference);
        let Some((contact, message)) = self.sent_as(&reference).await? else {
            return Ok(Taken::Unknown);
        };
        let fortune = match receipt.fortune {
            Fortune::Delivered => center::event::Fortune::Delivered,
            Fortune::Failed => center::event::Fortune::Failed,
            Fortune::Expired => center::event::Fortune::Expired,
        };
        let told = Command::Fared {
            contact,
            message,
            fortune,
            reference,
        };
        self.tell(told, Vec::new()).await
    }

    /// The message under a provider's reference. A receipt can overtake the record of its own
    /// message by a moment.
    async fn sent_as(&self, reference: &str) -> Result<Option<(ContactId, u32)>, NotTaken> {
        for _ in 0..RECEIPT_TRIES {
            let known = self.archive.message_by_reference(reference).await;
            let known = known.map_err(|_| NotTaken::Unwritten)?;
            if known.is_some() {
                return Ok(known);
            }
            tokio::time::sleep(RECEIPT_PAUSE).await;
        }
        Ok(None)
    }

    async fn dead_letter(&self, dead: DeadLetter) -> Result<Taken, NotTaken> {
        let key = self
            .archive
            .token(&format!("dead {} {}", dead.via, dead.key));
        let blob = format!("letters/dead/{key}");
        let (blobs, name, bytes) = (self.archive.blobs().clone(), blob.clone(), dead.bytes);
        let stored =
            tokio::task::spawn_blocking(move || crate::judge::store_blob(&blobs, &name, &bytes));
        let stored = stored.await.map_err(|_| NotTaken::Unwritten)?;
        stored.map_err(|_| NotTaken::Unwritten)?;
        let told = Command::DeadLetter {
            via: dead.via,
            key,
            reason: dead.reason.to_owned(),
            blob,
        };
        self.tell(told, Vec::new()).await.map(|_| Taken::Kept)
    }

    async fn tell(&self, command: Command, rows: Vec<Personal>) -> Result<Taken, NotTaken> {
        match self.hub.send_with(command, rows).await {
            Ok(Answer::Message { contact, again, .. }) => Ok(Taken::Message { contact, again }),
            Ok(Answer::Contact(contact)) => Ok(Taken::Message {
                contact,
                again: false,
            }),
            Ok(Answer::Done) => Ok(Taken::Kept),
            Err(Error::Refused(Refusal::WrongChannel) | Error::Unwritten) => {
                Err(NotTaken::Unwritten)
            }
            Err(Error::Refused(_)) => Ok(Taken::Unknown),
            Err(Error::Stopped) => Err(NotTaken::Stopped),
        }
    }
}

/// Whose an address is: a mail address with a tag behind a plus is its owner's without it.
fn mailbox(address: &str, mail: bool) -> String {
    let tagged = address.rsplit_once('@').and_then(|(name, domain)| {
        let (name, _) = name.split_once('+')?;
        Some(format!("{name}@{domain}"))
    });
    tagged
        .filter(|_| mail)
        .unwrap_or_else(|| address.to_owned())
}

/// The name under which a provider's reference is kept: references of two providers never meet.
pub(crate) fn reference_of(via: &str, reference: &str) -> String {
    if reference.is_empty() {
        String::new()
    } else {
        format!("{via} {reference}")
    }
}

fn lane_of(inward: &Inward) -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    match inward {
        Inward::Message(incoming) | Inward::Edited(incoming) => match &incoming.thread {
            Some(thread) => thread.hash(&mut hasher),
            None => incoming.from.value.hash(&mut hasher),
        },
        Inward::Deleted { key, .. } => key.hash(&mut hasher),
        Inward::Receipt(receipt) => receipt.reference.hash(&mut hasher),
        Inward::DeadLetter(dead) => dead.key.hash(&mut hasher),
    }
    (hasher.finish() % LANES as u64) as usize
}

fn letter_of(incoming: &Incoming, nonce: String, files: Vec<File>) -> Letter {
    let kind = match incoming.from.kind {
        AddressKind::Phone => "phone",
        AddressKind::Mail => "mail",
        AddressKind::Account => "account",
        AddressKind::Session => "session",
    };
    Letter {
        edit: 0,
        nonce,
        text: incoming.text.clone(),
        html: incoming.html.clone().unwrap_or_default(),
        subject: incoming.subject.clone().unwrap_or_default(),
        address_kind: kind.to_owned(),
        address: incoming.from.value.clone(),
        name: incoming.from.name.clone().unwrap_or_default(),
        recipient: incoming.to.clone(),
        thread: incoming.thread.clone().unwrap_or_default(),
        reference: incoming.key.clone(),
        files,
    }
}

fn nonce() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the digest of a short text could be guessed; the letter matters more.
    let _ = getrandom::fill(&mut bytes);
    hex(&bytes)
}

/// How many conversations citizens opened lately.
#[derive(Debug, Default)]
struct Paces {
    opened: HashMap<String, VecDeque<(Instant, String)>>,
}

impl Paces {
    /// Notes a conversation of a citizen; true when it is one of too many.
    fn floods(&mut self, caller: &str, thread: &str, now: Instant) -> bool {
        if self.opened.len() >= PACES_MAX {
            self.opened
                .retain(|_, opened| opened.back().is_some_and(|(at, _)| lately(*at, now)));
        }
        let opened = self.opened.entry(caller.to_owned()).or_default();
        while opened.front().is_some_and(|(at, _)| !lately(*at, now)) {
            opened.pop_front();
        }
        if opened.iter().any(|(_, known)| known == thread) {
            return false;
        }
        if opened.len() >= FLOOD_MAX {
            return true;
        }
        opened.push_back((now, thread.to_owned()));
        false
    }
}

fn lately(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < FLOOD_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_conversations_becomes_one_and_known_ones_stay() {
        let mut paces = Paces::default();
        let now = Instant::now();
        for number in 0..FLOOD_MAX {
            assert!(!paces.floods("ada", &format!("t{number}"), now));
        }
        assert!(paces.floods("ada", "one more", now));
        assert!(!paces.floods("ada", "t3", now), "it goes on");
        assert!(!paces.floods("ben", "one more", now));
        let later = now + FLOOD_WINDOW;
        assert!(!paces.floods("ada", "one more", later));
    }

    #[test]
    fn a_tag_behind_a_plus_makes_nobody_else() {
        assert_eq!(mailbox("ada+1@x.example", true), "ada@x.example");
        assert_eq!(mailbox("ada@x+y.example", true), "ada@x+y.example");
        assert_eq!(mailbox("+82101234", false), "+82101234");
        assert_eq!(mailbox("+a@x.example", false), "+a@x.example");
    }

    #[test]
    fn references_of_two_providers_never_meet() {
        assert_ne!(reference_of("a", "7"), reference_of("b", "7"));
        assert_eq!(reference_of("a", ""), "");
    }
}
