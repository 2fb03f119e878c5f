//! The life of one contact: its states and their deadlines. Never decides what happens next.

use crate::city::{Channel, ContactId, CounselorId};
use crate::estimate::Promise;
use crate::event::{Fate, Reason, Told};
use crate::limit::Limits;
use crate::record::Row;
use crate::routing::Rank;
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
    /// Hears that it cannot be let in; when it is parting, goodbye is the last of it.
    Turned {
        queue: usize,
        why: Fate,
        parting: bool,
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
        /// When the counselor went, if the record was left open.
        left: Option<Time>,
    },
    /// Laid aside.
    Snoozed { until: Time },
}

/// What a written conversation remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    /// Conversations at providers that belong to it.
    pub threads: Vec<String>,
    /// The citizen's last message.
    pub last_in: Option<(Time, u32)>,
    /// The last message of a counselor.
    pub last_out: Option<Time>,
    /// The citizen's first message that is not answered yet, and when an answer is due.
    pub owed: Option<(Time, Time)>,
    /// Steps of escalation of what is owed: near its time, past it.
    pub escalated: u8,
    /// The house asked whether the citizen is still there.
    pub nudged: bool,
    /// The citizen of a silent chat was seen to be there.
    pub present: Option<Time>,
    /// Digests of the addresses to which the conversation was mailed, and by which messages.
    pub mailed: Vec<(String, u32)>,
    /// The last message of the house itself.
    pub last_auto: Option<Time>,
    /// The citizen knows that a message was too long.
    pub told_over: bool,
    /// A message speaks of an emergency.
    pub urgent: bool,
    /// Messages of the city that may still fare well or ill.
    pub under_way: Vec<u32>,
    /// Since when the counselor has it.
    pub held: Option<Time>,
}

impl Letters {
    /// Since when the citizen of a chat is silent after an answer. Whoever was seen to be there is
    /// not asked for another while, so that it need not be written down every moment.
    pub fn silent_since(&self, limits: &Limits) -> Option<Time> {
        let answered = self.last_out.filter(|_| self.owed.is_none())?;
        let present = self.present.map(|at| at + limits.chat_nudge_ms);
        Some(present.map_or(answered, |present| present.max(answered)))
    }

    /// When an escalation is due: at three quarters of the promised time, and at its end.
    fn escalation(&self) -> Option<Time> {
        let (since, due) = self.owed?;
        match self.escalated {
            0 => Some(since + (due - since) * 3 / 4),
            1 => Some(due),
            _ => None,
        }
    }
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
    pub promised: Option<Promise>,
    pub reason: Option<Reason>,
    /// Tries of a callback so far.
    pub dials: u8,
    /// The task that this outbound contact pays.
    pub task: Option<ContactId>,
    /// Age kept from an attempt that was given up a moment ago.
    pub kept_since: Option<Time>,
    /// Counselor who spoke with the citizen last.
    pub last_talked: Option<CounselorId>,
    /// How long it has bound counselors, up to its last event.
    pub bound_ms: i64,
    /// Its last event.
    pub touched: Time,
    /// Past a deadline that only alarms.
    pub overdue: bool,
    /// Conversations in writing; unused by calls.
    pub letters: Letters,
}

impl Contact {
    /// It heard that the center is closed, and may choose something else until then.
    pub fn may_choose(&mut self, by: Time) {
        if let State::Turned { parting, until, .. } = &mut self.state
            && !*parting
        {
            *until = by;
        }
    }

    /// It hears goodbye, until then at most.
    pub fn parts(&mut self, by: Time) {
        if let State::Turned { parting, until, .. } = &mut self.state {
            (*parting, *until) = (true, by);
        }
    }

    /// When something must happen at the latest.
    pub fn due(&self, limits: &Limits) -> Time {
        let own = self.due_of_state(limits);
        let escalation = match self.state {
            State::WrapUp { .. } | State::Snoozed { .. } => None,
            _ => self.letters.escalation(),
        };
        escalation.map_or(own, |at| at.min(own))
    }

    /// When the present state must be left, whatever is owed.
    pub fn due_of_state(&self, limits: &Limits) -> Time {
        if self.row.channel.written() {
            self.written_due(limits)
        } else {
            self.spoken_due(limits)
        }
    }

    /// The deadline of a state in writing.
    fn written_due(&self, limits: &Limits) -> Time {
        match &self.state {
            State::Waiting(waiting) if self.row.channel == Channel::Chat => {
                waiting.announce_at.min(waiting.alarm_at)
            }
            State::Waiting(waiting) => waiting.alarm_at,
            State::Talking { since, .. } => self.silence(*since, limits),
            State::Snoozed { until } => *until,
            _ => self.spoken_due(limits),
        }
    }

    /// When a silence has lasted too long: of the citizen after an answer, else of the counselor.
    fn silence(&self, since: Time, limits: &Limits) -> Time {
        let letters = &self.letters;
        if let Some(ends) = self.asked_until(limits) {
            return ends;
        }
        if self.row.channel == Channel::Chat
            && let Some(at) = letters.silent_since(limits)
        {
            return at + limits.chat_nudge_ms;
        }
        match letters.last_out.filter(|_| letters.owed.is_none()) {
            Some(at) => at.max(since) + limits.thread_quiet_ms,
            None => letters.held.unwrap_or(since) + limits.written_hold_ms,
        }
    }

    /// When a chat ends unless its citizen, who was asked, is still there.
    pub fn asked_until(&self, limits: &Limits) -> Option<Time> {
        let talks = matches!(self.state, State::Talking { .. });
        let asked = talks && self.row.channel == Channel::Chat && self.letters.nudged;
        let silent = self.letters.silent_since(limits).filter(|_| asked)?;
        Some(silent + limits.chat_silent_ms)
    }

    fn spoken_due(&self, limits: &Limits) -> Time {
        match &self.state {
            State::Door { since } => *since,
            State::Menu { until, .. }
            | State::Turned { until, .. }
            | State::Offered { until, .. }
            | State::Dialing { until, .. }
            | State::Paused { until, .. }
            | State::Snoozed { until } => *until,
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

    /// Whether it speaks of an emergency that no counselor has answered yet.
    pub fn pressing(&self) -> bool {
        self.letters.urgent && self.letters.owed.is_some()
    }

    /// Its rank among those who wait.
    pub fn rank(&self) -> Rank {
        let front = self.waiting().is_some_and(|waiting| waiting.front);
        match (self.pressing(), front) {
            (true, _) => Rank::Emergency,
            (false, true) => Rank::Front,
            (false, false) => Rank::Aged,
        }
    }

    /// Its counselor went while the record was open, or is back.
    pub fn leave(&mut self, at: Option<Time>) {
        if let State::WrapUp { left, .. } = &mut self.state {
            *left = at.map(|at| left.unwrap_or(at));
        }
    }

    /// Whether its record waits for somebody to finish it: the counselor is gone, or has left it
    /// for longer than a record may take.
    pub fn unfinished(&self) -> bool {
        match self.state {
            State::WrapUp { left, alarms, .. } => left.is_some() || alarms >= 2,
            _ => false,
        }
    }

    /// Whether it was opened by the center to pay an owed callback.
    pub fn outbound(&self) -> bool {
        self.task.is_some()
    }
}
