//! What every part of the wing shares: settings, counters, the way to the hub, ports, the beat. Never a decision.

use crate::counters::Tally;
use crate::exchange::Input;
use crate::ingress::Ingress;
use crate::leg::Shared;
use crate::pacer::Pacer;
use crate::settings::Settings;
use crate::trunk_leg::{Ports, TrunkLeg};
use center::city::{Channel, ContactId};
use center::command::{Answer, Command};
use hub::{Hub, Personal};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedSender;

/// What every part shares.
pub(crate) struct Plant {
    pub(crate) settings: Arc<Settings>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) hub: Hub,
    pub(crate) shared: Shared,
    pub(crate) ports: Ports,
    pub(crate) pacer: Pacer,
    pub(crate) ingress: Ingress,
    pub(crate) inputs: UnboundedSender<Input>,
    /// Attempts and calls that are alive, by key: a repeated INVITE is not a second attempt.
    pub(crate) alive: Mutex<BTreeSet<String>>,
    pub(crate) lines: Arc<AtomicUsize>,
    pub(crate) draining: AtomicBool,
}

/// A line that is counted while it exists.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An attempt to be reported.
pub(crate) struct Attempt {
    pub(crate) key: String,
    pub(crate) via: String,
    /// As received; none when withheld.
    pub(crate) number: Option<String>,
    pub(crate) live: bool,
}

impl Plant {
    pub(crate) fn tell(&self, input: Input) {
        let _ = self.inputs.send(input);
    }

    /// A place for one more line; none when the machine is full or being emptied.
    pub(crate) fn take_place(&self) -> Option<Place> {
        let most = self.settings.lines_max;
        let free = |taken: usize| (taken < most).then_some(taken + 1);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.draining.load(get) || self.lines.fetch_update(set, get, free).is_err() {
            return None;
        }
        Some(Place(self.lines.clone()))
    }

    /// Whether another call would find a place.
    pub(crate) fn has_place(&self) -> bool {
        let taken = self.lines.load(Ordering::Relaxed);
        !self.draining.load(Ordering::Relaxed) && taken < self.settings.lines_max
    }

    /// Opens a trunk leg and gives it the beat.
    pub(crate) fn open_leg(&self) -> std::io::Result<Arc<TrunkLeg>> {
        let trunk = TrunkLeg::open(&self.shared, &self.ports, self.settings.media_ip)?;
        self.pacer.add(&trunk.leg);
        Ok(trunk)
    }

    /// Tells the hub of an attempt; returns once it is durable.
    pub(crate) async fn arrived(&self, attempt: Attempt) -> Result<ContactId, hub::Error> {
        let mut personal = Vec::new();
        let mut caller = String::new();
        if let Some(raw) = attempt.number {
            let number = store::number::normalize(&raw, &self.settings.country_code);
            caller = (self.settings.token)(&number);
            personal.push(Personal::Number {
                contact: ContactId(0),
                number,
                raw,
            });
        }
        let command = Command::Arrived {
            key: attempt.key,
            channel: Channel::Voice,
            caller,
            via: attempt.via,
            live: attempt.live,
        };
        match self.hub.send_with(command, personal).await? {
            Answer::Contact(contact) => Ok(contact),
            Answer::Done => Err(hub::Error::Unwritten),
        }
    }
}
