//! What goes into the journal and what comes back at a start. Never how it is stored.

use crate::letter::Letter;
use center::city::ContactId;
use center::event::Event;
use center::time::Time;
use sha2::{Digest, Sha256};
use std::fmt;

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
    /// Text, address and files of a message.
    Letter {
        /// Contact; 0 means that of the message the command answers with.
        contact: ContactId,
        /// Message; 0 likewise.
        message: u32,
        /// The letter.
        letter: Box<Letter>,
    },
}

impl Personal {
    /// The contact it belongs to.
    pub fn contact(&self) -> ContactId {
        match self {
            Personal::Number { contact, .. }
            | Personal::Note { contact, .. }
            | Personal::TransferTo { contact, .. }
            | Personal::Letter { contact, .. } => *contact,
        }
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(..)")
    }
}

/// The digest that a `NoteSaved` event carries: hexadecimal SHA-256 of the nonce's letters and the
/// text, one after the other. The nonce keeps short notes from being guessed by their digest.
pub fn note_digest(nonce: &str, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(nonce.as_bytes());
    hasher.update(text.as_bytes());
    crate::key::hex(&hasher.finalize())
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
    /// Events of all open contacts and open tasks, of written contacts closed in the last 24 hours,
    /// and of other contacts closed in the last 25 hours limited to `Arrived`, `Queued` and
    /// `Closed`, in journal order.
    pub entries: Vec<Entry>,
    /// Number of the next contact.
    pub next_contact: u64,
    /// Numbers of open contacts and open tasks (for callbacks), by contact.
    pub numbers: Vec<(ContactId, String)>,
}
