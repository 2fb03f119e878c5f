//! The city as an actor of its own in the fediverse: anyone writes to it without a company in
//! between. Never decides what becomes of a message.

mod delivery;
mod document;
mod inbox;
mod key;
mod peers;
pub(crate) mod reading;
mod shelf;
pub(crate) mod signature;

use crate::fetch::{Fetcher, Rules};
use crate::inlet::Inlet;
use crate::outlet::Order;
use crate::social::plain::Counting;
use crate::social::{Limits, OpenError};
use delivery::Patience;
use document::Addresses;
use key::OwnKey;
use peers::Peers;
use serde::Deserialize;
use shelf::Shelf;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use url::Url;

/// Deliveries under way at once: one slow server does not stop the others.
const DELIVERIES: usize = 8;
/// How often followers who could not be told are tried again.
const ACCEPT_EVERY: Duration = Duration::from_mins(1);
/// What may be sent. The protocol has no limit of its own; longer answers are for a page.
pub const LIMITS: Limits = Limits {
    letters: 5_000,
    counting: Counting::Graphemes,
    link: None,
    parts: false,
    pictures: 4,
    picture_bytes: 8 * 1024 * 1024,
    can_direct: true,
};
/// Milliseconds for a request to another server.
const TIMEOUT_MS: u64 = 5_000;

/// What the city says about its actor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the world reaches this center, `https://120.city.example`. Never changed afterwards:
    /// other servers know the actor by it. A proxy in between has to pass the `Host` on.
    pub origin: Url,
    /// The account's name, `120` for `@120@120.city.example`.
    pub name: String,
    /// The name shown.
    #[serde(default)]
    pub title: String,
    /// A few words on what the city answers here.
    #[serde(default)]
    pub summary: String,
    /// The page people are sent to; the origin when not named.
    #[serde(default)]
    pub page: Option<Url>,
    /// Whether servers on private addresses are spoken to: for tests and closed networks only.
    #[serde(default)]
    pub private_addresses: bool,
}

/// The actor; cloned freely.
#[derive(Clone, Debug)]
pub struct Actor(Arc<House>);

/// What belongs to the actor.
#[derive(Debug)]
pub struct House {
    via: String,
    settings: Settings,
    at: Addresses,
    key: Arc<OwnKey>,
    peers: Peers,
    patience: Patience,
    shelf: Mutex<Shelf>,
    seen: Mutex<inbox::Seen>,
    inlet: Inlet,
}

impl std::ops::Deref for Actor {
    type Target = House;

    fn deref(&self) -> &House {
        &self.0
    }
}

impl Actor {
    /// Opens the actor and its folder; makes its key when there is none.
    pub fn open(
        via: &str,
        settings: Settings,
        folder: &Path,
        inlet: Inlet,
    ) -> Result<Actor, OpenError> {
        let plain = settings.origin.scheme() == "http" && settings.private_addresses;
        let named = settings
            .name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if settings.origin.scheme() != "https" && !plain {
            return Err(OpenError::Setting("origin"));
        }
        if !settings.origin.has_host() || settings.origin.path() != "/" {
            return Err(OpenError::Setting("origin"));
        }
        if settings.name.is_empty() || !named {
            return Err(OpenError::Setting("name"));
        }
        let shelf = Shelf::open(folder.to_owned())?;
        let key = Arc::new(OwnKey::open(folder)?);
        let at = Addresses::new(&settings.origin, &settings.name);
        let rules = Rules {
            timeout_ms: TIMEOUT_MS,
            private: settings.private_addresses,
            ..Rules::default()
        };
        let peers = Peers::new(Fetcher::new(rules)?, Arc::clone(&key), at.clone());
        Ok(Actor(Arc::new(House {
            via: via.to_owned(),
            settings,
            at,
            key,
            peers,
            patience: Patience::default(),
            shelf: Mutex::new(shelf),
            seen: Mutex::default(),
            inlet,
        })))
    }

    /// Delivers what the outbox hands over and tells followers, until the outbox is gone.
    pub async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let slots = Arc::new(Semaphore::new(DELIVERIES));
        let mut accepts = tokio::time::interval(ACCEPT_EVERY);
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { break };
                    let slot = Arc::clone(&slots).acquire_owned().await;
                    let actor = self.clone();
                    tokio::spawn(async move {
                        let fate = actor.send(&order.outgoing).await;
                        // Nobody waits any more: the outbox asks again.
                        let _ = order.reply.send(fate);
                        drop(slot);
                    });
                }
                _ = accepts.tick() => {
                    let actor = self.clone();
                    tokio::spawn(async move { actor.accept_all().await });
                }
            }
        }
        // Those under way still hear what became of them.
        let _ = slots.acquire_many(DELIVERIES as u32).await;
    }
}

impl House {
    /// Works on the folder. Its files are small and written at once.
    fn shelf<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> T {
        work(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
