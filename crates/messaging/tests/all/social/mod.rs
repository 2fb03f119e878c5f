//! Social networks among real neighbors, and the end that takes what the connections hand in.
//! Never a test of its own.

mod activitypub;
mod bluesky;
mod bluesky_pds;
mod mastodon;
mod peer;
mod telegram;
mod x;

use center::city::{Channel, ContactId};
use messaging::inlet::{Inlet, Inward, NotTaken, Taken};
use messaging::letter::{Address, AddressKind, Attachment, Incoming, Outgoing};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was handed in, by a center that takes everything or, when told so, nothing.
#[derive(Clone, Default)]
pub struct Desk {
    taken: Arc<Mutex<Vec<Inward>>>,
    closed: Arc<Mutex<bool>>,
    refused: Arc<Mutex<usize>>,
}

impl Desk {
    pub fn open() -> (Desk, Inlet) {
        let (inlet, mut handed) = Inlet::new(16);
        let desk = Desk::default();
        let end = desk.clone();
        tokio::spawn(async move {
            while let Some(handed) = handed.recv().await {
                let verdict = end.take(handed.inward);
                let _ = handed.reply.send(verdict);
            }
        });
        (desk, inlet)
    }

    /// Takes as the center does: a known key is the same message.
    fn take(&self, inward: Inward) -> Result<Taken, NotTaken> {
        if *self.closed.lock().unwrap() {
            *self.refused.lock().unwrap() += 1;
            return Err(NotTaken::Unwritten);
        }
        let mut taken = self.taken.lock().unwrap();
        let key_of = |inward: &Inward| match inward {
            Inward::Message(incoming) => Some(incoming.key.clone()),
            _ => None,
        };
        let key = key_of(&inward);
        let known = taken
            .iter()
            .position(|known| key.is_some() && key_of(known) == key);
        if known.is_none() {
            taken.push(inward);
        }
        let contact = ContactId(known.unwrap_or(taken.len()) as u64);
        let again = known.is_some();
        Ok(key.map_or(Taken::Kept, |_| Taken::Message { contact, again }))
    }

    pub fn close(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
    }

    /// Waits until something was refused.
    pub async fn wait_refused(&self) {
        patiently(|| *self.refused.lock().unwrap() > 0).await;
    }

    pub fn all(&self) -> Vec<Inward> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until so many things were handed in.
    pub async fn wait(&self, count: usize) -> Vec<Inward> {
        patiently(|| self.all().len() >= count).await;
        self.all()
    }

    /// Waits for so many and gives the last, a message.
    pub async fn message(&self, count: usize) -> Incoming {
        match self.wait(count).await.pop() {
            Some(Inward::Message(incoming)) => *incoming,
            other => panic!("{other:?}"),
        }
    }
}

/// Looks again until it is so.
pub async fn patiently(mut so: impl FnMut() -> bool) {
    for _ in 0..2400 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come about in two minutes");
}

/// An answer to a message.
pub fn answer(to: &Incoming, message: u32, text: &str, public: bool) -> Outgoing {
    Outgoing {
        contact: ContactId(7),
        message,
        channel: Channel::Social,
        via: to.via.clone(),
        to: Address {
            kind: AddressKind::Account,
            value: to.from.value.clone(),
            name: None,
        },
        thread: to.thread.clone(),
        in_reply_to: Some(to.key.clone()),
        subject: None,
        text: text.into(),
        attachments: Vec::new(),
        public,
        automatic: false,
        perhaps_again: false,
    }
}

/// A picture that the city sends.
pub fn picture() -> Attachment {
    Attachment {
        name: "map.png".into(),
        media_type: "image/png".into(),
        bytes: b"\x89PNG map".to_vec(),
        description: "지도".into(),
    }
}

/// Serves a router on a free port of the loopback.
pub async fn serve(listener: tokio::net::TcpListener, router: axum::Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}
