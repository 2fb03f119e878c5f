//! The life of one contact: its states and their deadlines. Never decides what happens next.

use crate::city::{ContactId, CounselorId};
use crate::event::{Fate, Reason, Told};
use crate::limit::Limits;
use crate::record::Row;
use crate::time::Time;

/// One who waits: kept while it is offered, so that nothing of it is lost when it comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Queue by its position in the city.
    pub queue: usize,
    /// Instant from which the age counts.
    pub since: Time,
    /// Entered the queue.
    pub entered: Time,
    /// Before all others.
    pub front: bool,
    /// Next announcement.
    pub announce_at: Time,
    /// Next alarm of the floor.
    pub alarm_at: Time,
    /// A callback was offered.
    pub callback_offered: bool,
}

/// Where a contact is. Every state has a deadline (see [`Contact::due`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Seen, not yet led anywhere; left within the same command.
    Door { since: Time },
    /// In the menu.
    Menu {
        node: String,
        repeated: bool,
        invalid: u8,
        until: Time,
    },
    /// Hears that it cannot be let in.
    Turned {
        queue: usize,
        why: Fate,
        until: Time,
    },
    /// Waits.
    Waiting(Waiting),
    /// A desk rings.
    Offered {
        counselor: CounselorId,
        until: Time,
        waiting: Waiting,
    },
    /// The citizen is being called back.
    Dialing {
        counselor: CounselorId,
        until: Time,
        waiting: Option<Waiting>,
    },
    /// Between two tries of a callback, or until the queue opens.
    Paused { until: Time, waiting: Waiting },
    /// With a counselor.
    Talking {
        counselor: CounselorId,
        since: Time,
        noticed: bool,
    },
    /// Being handed to a number outside; the counselor already writes.
    Leaving { counselor: CounselorId, since: Time },
    /// The counselor writes the record.
    WrapUp {
        counselor: CounselorId,
        since: Time,
        alarms: u16,
    },
}

/// An open contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub row: Row,
    pub state: State,
    /// Number of events so far: numbers the `Play` effects.
    pub version: u32,
    /// Whether the citizen's line is up.
    pub line: bool,
    pub told: Option<Told>,
    /// What it was told first, and when: what came of it teaches the next promise.
    pub promised: Option<(Time, i64, i64)>,
    pub reason: Option<Reason>,
    /// Tries of a callback so far.
    pub dials: u8,
    /// The task that this outbound contact pays.
    pub task: Option<ContactId>,
    /// Age kept from an attempt that was given up a moment ago.
    pub kept_since: Option<Time>,
    /// Counselor who spoke with the citizen last.
    pub last_talked: Option<CounselorId>,
    /// Past a deadline that only alarms.
    pub overdue: bool,
}

impl Contact {
    /// When something must happen at the latest.
    pub fn due(&self, limits: &Limits) -> Time {
        match &self.state {
            State::Door { since } => *since,
            State::Menu { until, .. }
            | State::Turned { until, .. }
            | State::Offered { until, .. }
            | State::Dialing { until, .. }
            | State::Paused { until, .. } => *until,
            State::Waiting(_) if self.line && self.row.callback => {
                self.row.since + limits.farewell_ms
            }
            State::Waiting(waiting) if self.line => waiting.announce_at.min(waiting.alarm_at),
            State::Waiting(waiting) => waiting.alarm_at,
            State::Talking {
                since,
                noticed: false,
                ..
            } => *since + limits.talk_notice_ms,
            State::Talking { since, .. } | State::Leaving { since, .. } => {
                *since + limits.talk_max_ms
            }
            State::WrapUp {
                since, alarms: 0, ..
            } => *since + limits.wrap_up_ms,
            State::WrapUp {
                since, alarms: 1, ..
            } => *since + limits.wrap_up_max_ms,
            State::WrapUp { since, alarms, .. } => {
                *since + limits.record_overdue_ms * i64::from(alarms.saturating_sub(1))
            }
        }
    }

    /// The counselor it is with.
    pub fn counselor(&self) -> Option<CounselorId> {
        match &self.state {
            State::Offered { counselor, .. }
            | State::Dialing { counselor, .. }
            | State::Talking { counselor, .. }
            | State::Leaving { counselor, .. }
            | State::WrapUp { counselor, .. } => Some(*counselor),
            _ => None,
        }
    }

    /// The waiting part of its state, while there is one.
    pub fn waiting(&self) -> Option<&Waiting> {
        match &self.state {
            State::Waiting(waiting)
            | State::Offered { waiting, .. }
            | State::Dialing {
                waiting: Some(waiting),
                ..
            }
            | State::Paused { waiting, .. } => Some(waiting),
            _ => None,
        }
    }

    /// Whether it was opened by the center to pay an owed callback.
    pub fn outbound(&self) -> bool {
        self.task.is_some()
    }
}
