//! The one way out: the outbox gives a message to the connection it leaves by and hears what came
//! of it. The outbox repeats and gives up, a connection only tries. Never a decision.

use crate::letter::Outgoing;
use crate::links::Links;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What a provider said when it took a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its reference, by which receipts and answers name the message.
    pub reference: String,
    /// Whether a receipt will follow; without one, taken is as good as delivered.
    pub receipt: bool,
    /// Parts it was sent in (1 where the channel has none).
    pub parts: u32,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// Not now: the line is down or the provider asks for patience. Nothing was delivered.
    #[error("not now")]
    Later {
        /// How long the provider asks to wait.
        after: Option<Duration>,
    },
    /// The provider will never take it; the reason is its code, never personal data.
    #[error("refused: {0}")]
    Never(String),
    /// The line broke before the answer came: it may have been delivered.
    #[error("it may have been delivered")]
    Unknown,
}

/// A message and the one who waits for its fate.
#[derive(Debug)]
pub struct Order {
    /// What is sent.
    pub outgoing: Outgoing,
    /// Who waits.
    pub reply: oneshot::Sender<Result<Submitted, Unsent>>,
}

/// The outbox's end of a connection; cloned freely.
#[derive(Clone, Debug)]
pub struct Outlet {
    orders: mpsc::Sender<Order>,
    /// Stands in for files, where the connection carries none.
    links: Option<Links>,
}

impl Outlet {
    /// A handle and the end that a connection reads.
    pub fn new(waiting_max: usize) -> (Outlet, mpsc::Receiver<Order>) {
        let (orders, taken) = mpsc::channel(waiting_max);
        let links = None;
        (Outlet { orders, links }, taken)
    }

    /// For a connection that carries no files: their addresses leave with the text.
    #[must_use]
    pub fn linked(self, links: Option<Links>) -> Outlet {
        Outlet { links, ..self }
    }

    /// Tries to send; a connection that is gone is `Later`.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Submitted, Unsent> {
        let (reply, sent) = oneshot::channel();
        let outgoing = match &self.links {
            Some(links) => links.in_place_of_files(outgoing),
            None => outgoing,
        };
        let order = Order { outgoing, reply };
        let gone = || Unsent::Later { after: None };
        self.orders.send(order).await.map_err(|_| gone())?;
        // Dropped without a word after it was taken: nobody knows.
        sent.await.unwrap_or(Err(Unsent::Unknown))
    }
}
