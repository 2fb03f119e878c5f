//! The paper: journal, projections, archive queries, blobs. Never decides, never reads a clock.

pub mod number;

use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::event::{Event, Fate};
use center::record::{Row, Stage};
use center::statistics::{Cell, Measures};
use center::time::{Day, Time};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder: SQLite file and blobs.
    Folder(PathBuf),
    /// `postgres://…`; blobs stay in the folder.
    Postgres {
        /// Address.
        url: String,
        /// Folder for blobs, key and ingress log.
        folder: PathBuf,
    },
}

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Could not be written or read.
    #[error("store: {0}")]
    Engine(String),
}

/// Something that happened, with its instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What.
    pub event: Event,
}

/// Personal data for an erasable row.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal {
    /// The caller's number, as E.164 where it could be read, and as it came.
    Number {
        /// Contact; 0 means the one the command opens.
        contact: ContactId,
        /// Normalized.
        number: String,
        /// As received.
        raw: String,
    },
    /// The note.
    Note {
        /// Contact.
        contact: ContactId,
        /// Text.
        text: String,
        /// Nonce of the digest in the event (hex).
        nonce: String,
    },
    /// The number a counselor transfers to.
    TransferTo {
        /// Contact.
        contact: ContactId,
        /// Number.
        number: String,
    },
}

/// What is written in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events in order.
    pub entries: Vec<Entry>,
    /// Personal rows.
    pub personal: Vec<Personal>,
}

/// What the center is rebuilt from.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Events of all open contacts and open tasks, and of contacts closed in the last 25 hours
    /// limited to `Arrived`, `Queued` and `Closed`, in journal order.
    pub entries: Vec<Entry>,
    /// Number of the next contact.
    pub next_contact: u64,
    /// Numbers of open contacts (for callbacks), by contact.
    pub numbers: Vec<(ContactId, String)>,
}

/// The writing side: one value, moved into the hub.
#[derive(Debug)]
pub struct Journal {}

/// The reading side: cloned freely.
#[derive(Clone, Debug)]
pub struct Archive {}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Personal(..)")
    }
}

/// Opens or creates the store.
pub async fn open(place: &Place, city: &Arc<City>) -> Result<(Journal, Archive), Failure> {
    let _ = (place, city);
    todo!("being written")
}

impl Journal {
    /// Writes a batch with everything that follows from it; all or nothing.
    pub async fn append(&mut self, batch: Batch) -> Result<(), Failure> {
        let _ = batch;
        todo!("being written")
    }

    /// What the center is rebuilt from.
    pub async fn recover(&mut self, now: Time) -> Result<Recovery, Failure> {
        let _ = now;
        todo!("being written")
    }
}

/// Which contacts a list shows; empty fields do not filter. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Arrived from.
    pub from: Option<Time>,
    /// Arrived before.
    pub to: Option<Time>,
    /// Keyed digest of the caller's number.
    pub caller: Option<String>,
    /// Counselor.
    pub counselor: Option<CounselorId>,
    /// Category code or its beginning.
    pub category: Option<String>,
    /// Fate.
    pub fate: Option<Fate>,
    /// Stage.
    pub stage: Option<Stage>,
    /// Channel.
    pub channel: Option<Channel>,
    /// Language.
    pub language: Option<Language>,
    /// Words of the note.
    pub text: Option<String>,
    /// Continue below this contact.
    pub before: Option<ContactId>,
    /// At most this many; 0 means 50.
    pub limit: usize,
}

/// The personal rows of a contact.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalRows {
    /// Number, empty when withheld or erased.
    pub number: String,
    /// Note.
    pub note: String,
}

/// A stored recording of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Blob.
    pub blob: String,
    /// Length.
    pub length_ms: i64,
    /// When it is to be erased.
    pub keep_until: Time,
    /// When it was stored.
    pub at: Time,
}

impl Archive {
    /// A page of contacts.
    pub async fn contacts(&self, search: &Search) -> Result<Vec<Row>, Failure> {
        let _ = search;
        todo!("being written")
    }

    /// One contact.
    pub async fn contact(&self, contact: ContactId) -> Result<Option<Row>, Failure> {
        let _ = contact;
        todo!("being written")
    }

    /// Its events in order.
    pub async fn timeline(&self, contact: ContactId) -> Result<Vec<Entry>, Failure> {
        let _ = contact;
        todo!("being written")
    }

    /// Its personal data.
    pub async fn personal(&self, contact: ContactId) -> Result<PersonalRows, Failure> {
        let _ = contact;
        todo!("being written")
    }

    /// Its recordings.
    pub async fn recordings(&self, contact: ContactId) -> Result<Vec<Recording>, Failure> {
        let _ = contact;
        todo!("being written")
    }

    /// Cells of the three cubes whose day lies in `from..=to`.
    pub async fn cells(&self, from: Day, to: Day) -> Result<Vec<(Cell, Measures)>, Failure> {
        let _ = (from, to);
        todo!("being written")
    }

    /// Which of these attempt keys have a contact.
    pub async fn known_keys(&self, keys: &[String]) -> Result<Vec<String>, Failure> {
        let _ = keys;
        todo!("being written")
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        todo!("being written")
    }

    /// Keyed digest of a number: finds the same caller without storing the number in clear.
    pub fn token(&self, number: &str) -> String {
        let _ = number;
        todo!("being written")
    }
}

/// Encrypted files: recordings now, pictures later. Cloned freely.
#[derive(Clone, Debug)]
pub struct Blobs {}

impl Blobs {
    /// Starts a new encrypted file. What was appended and flushed survives a crash as a readable
    /// prefix.
    pub fn create(&self, name: &str) -> Result<BlobWriter, Failure> {
        let _ = name;
        todo!("being written")
    }

    /// The whole content in clear; of a file cut short, what is whole.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let _ = name;
        todo!("being written")
    }

    /// Erases the key, then the file.
    pub fn erase(&self, name: &str) -> Result<(), Failure> {
        let _ = name;
        todo!("being written")
    }
}

/// An encrypted file being written. All calls block shortly; never hold one on a media thread.
#[derive(Debug)]
pub struct BlobWriter {}

impl BlobWriter {
    /// Appends plain bytes; they are encrypted and written in chunks.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let _ = bytes;
        todo!("being written")
    }

    /// Writes what is left, makes it durable and closes.
    pub fn finish(self) -> Result<(), Failure> {
        todo!("being written")
    }
}
