//! The one way in: a connection hands something over and hears when it is durable. Acknowledge at
//! the provider only then. Never a decision.

use crate::letter::{DeadLetter, Incoming, Receipt};
use center::city::ContactId;
use tokio::sync::{mpsc, oneshot};

/// What a connection hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inward {
    /// A citizen wrote.
    Message(Box<Incoming>),
    /// A citizen changed a message; `key` names the message, as it was handed in.
    Edited(Box<Incoming>),
    /// A citizen took a message back: the record keeps that it was there.
    Deleted {
        /// Name of the connection.
        via: String,
        /// The message, as it was handed in.
        key: String,
    },
    /// A provider's word on a message of the city.
    Receipt(Receipt),
    /// Something unreadable.
    DeadLetter(DeadLetter),
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The message belongs to this contact, now or since an earlier delivery.
    Message {
        /// Contact.
        contact: ContactId,
        /// It was known already: counted once, acknowledged again.
        again: bool,
    },
    /// Kept.
    Kept,
    /// A receipt or deletion of something unknown: counted.
    Unknown,
}

/// Why nothing was taken: tell the provider to try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The record cannot be written right now.
    #[error("the record cannot be written right now")]
    Unwritten,
    /// The house is closing.
    #[error("the center is shutting down")]
    Stopped,
}

/// Something handed in, and the one who waits until it is durable.
#[derive(Debug)]
pub struct HandedIn {
    /// What.
    pub inward: Inward,
    /// Who waits.
    pub reply: oneshot::Sender<Result<Taken, NotTaken>>,
}

/// The handle of connections; cloned freely.
#[derive(Clone, Debug)]
pub struct Inlet {
    hand: mpsc::Sender<HandedIn>,
}

impl Inlet {
    /// A handle and the end that takes. At most `waiting_max` wait between them; beyond it senders
    /// wait, so nothing is dropped.
    pub fn new(waiting_max: usize) -> (Inlet, mpsc::Receiver<HandedIn>) {
        let (hand, taken) = mpsc::channel(waiting_max);
        (Inlet { hand }, taken)
    }

    /// Hands something in; returns once it is durable, or was not taken.
    pub async fn hand_in(&self, inward: Inward) -> Result<Taken, NotTaken> {
        let (reply, taken) = oneshot::channel();
        let handed = HandedIn { inward, reply };
        self.hand
            .send(handed)
            .await
            .map_err(|_| NotTaken::Stopped)?;
        taken.await.map_err(|_| NotTaken::Stopped)?
    }

    /// A citizen's message.
    pub async fn message(&self, incoming: Incoming) -> Result<Taken, NotTaken> {
        self.hand_in(Inward::Message(Box::new(incoming))).await
    }
}
