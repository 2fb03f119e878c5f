//! Who is signed in and how, and what callers are told first, as last written: lets the hub rebuild
//! its center after a failed write without sending every counselor home. Never stored; a restart
//! begins with empty desks.

use center::city::CounselorId;
use center::event::Event;
use center::time::Time;
use std::collections::BTreeMap;

#[derive(Debug)]
struct Desk {
    signed_in: Time,
    mode: Option<(Time, Event)>,
    lost: Option<Time>,
}

/// The desks that are open.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    desks: BTreeMap<CounselorId, Desk>,
    /// What callers hear before the first menu.
    announced: Option<(Time, Event)>,
}

impl Presence {
    /// Whether an event says something about a desk.
    pub fn concerns(event: &Event) -> bool {
        matches!(
            event,
            Event::SignedIn { .. }
                | Event::SignedOut { .. }
                | Event::Readied { .. }
                | Event::Rested { .. }
                | Event::DeskLost { .. }
                | Event::DeskBack { .. }
                | Event::Announced { .. }
                | Event::Restarted
        )
    }

    /// Takes in what was written.
    pub fn note(&mut self, at: Time, event: &Event) {
        match event {
            Event::Restarted => self.desks.clear(),
            Event::Announced { .. } => self.announced = Some((at, event.clone())),
            Event::SignedIn { counselor } => {
                self.desks.insert(
                    *counselor,
                    Desk {
                        signed_in: at,
                        mode: None,
                        lost: None,
                    },
                );
            }
            Event::SignedOut { counselor } => {
                self.desks.remove(counselor);
            }
            Event::Readied { counselor } | Event::Rested { counselor, .. } => {
                if let Some(desk) = self.desks.get_mut(counselor) {
                    desk.mode = Some((at, event.clone()));
                }
            }
            Event::DeskLost { counselor } => {
                if let Some(desk) = self.desks.get_mut(counselor) {
                    desk.lost = Some(at);
                }
            }
            Event::DeskBack { counselor } => {
                if let Some(desk) = self.desks.get_mut(counselor) {
                    desk.lost = None;
                }
            }
            _ => {}
        }
    }

    /// The events that bring a fresh center to the same desks.
    pub fn events(&self) -> Vec<(Time, Event)> {
        let mut events: Vec<(Time, Event)> = self.announced.iter().cloned().collect();
        for (counselor, desk) in &self.desks {
            events.push((
                desk.signed_in,
                Event::SignedIn {
                    counselor: *counselor,
                },
            ));
            events.extend(desk.mode.clone());
            events.extend(desk.lost.map(|at| {
                (
                    at,
                    Event::DeskLost {
                        counselor: *counselor,
                    },
                )
            }));
        }
        events
    }
}
