//! What every part of the wing shares: settings, counters, the way to the hub, ports, the beat.
//! Never a decision.

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
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
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

/// Pause before an attempt that could not be written is reported again.
const REPORT_AGAIN: Duration = Duration::from_secs(1);

/// An attempt to be reported.
#[derive(Clone)]
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

    /// Opens a trunk leg for a call that is signalled from `peer`, and gives it the beat.
    pub(crate) fn open_leg(&self, peer: IpAddr) -> std::io::Result<Arc<TrunkLeg>> {
        let ip = self.settings.media_ip;
        let trunk = TrunkLeg::open(&self.shared, &self.ports, ip, peer)?;
        self.pacer.add(&trunk.leg);
        Ok(trunk)
    }

    /// An attempt was refused because it could not be written: it is reported as lost as soon as
    /// the paper takes it, so that no attempt is missing from the record.
    pub(crate) fn owe(self: &Arc<Plant>, attempt: Attempt) {
        self.tally.unwritten.add();
        let plant = self.clone();
        let attempt = Attempt {
            live: false,
            ..attempt
        };
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REPORT_AGAIN).await;
                match plant.arrived(attempt.clone()).await {
                    Err(hub::Error::Unwritten) => {}
                    Err(error) => return tracing::warn!(%error, "a lost attempt is not recorded"),
                    Ok(contact) => return tracing::warn!(%contact, "a lost attempt is recorded"),
                }
            }
        });
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
            Answer::Contact(contact) | Answer::Message { contact, .. } => Ok(contact),
            Answer::Done => Err(hub::Error::Unwritten),
        }
    }
}
