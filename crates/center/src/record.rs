//! The counseling record as one row, folded from the events of its contact. Never personal data,
//! never a decision.

use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::event::{Event, Fate, Fortune};
use crate::time::Time;

/// Where a contact is in its life, as lists show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Just arrived.
    #[default]
    Arrived,
    /// Hears the menu.
    Menu,
    /// Waits.
    Queue,
    /// Waits as a virtual caller.
    Callback,
    /// A desk rings or the citizen is being called.
    Ringing,
    /// Speaks with a counselor.
    Talk,
    /// On hold.
    Hold,
    /// The counselor writes the record.
    WrapUp,
    /// Laid aside until an instant or until the citizen writes.
    Snoozed,
    /// Closed.
    Closed,
}

impl Stage {
    /// Every stage, in the order of a life.
    pub const ALL: [Stage; 10] = [
        Stage::Arrived,
        Stage::Menu,
        Stage::Queue,
        Stage::Callback,
        Stage::Ringing,
        Stage::Talk,
        Stage::Hold,
        Stage::WrapUp,
        Stage::Snoozed,
        Stage::Closed,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Stage::Arrived => "arrived",
            Stage::Menu => "menu",
            Stage::Queue => "queue",
            Stage::Callback => "callback",
            Stage::Ringing => "ringing",
            Stage::Talk => "talk",
            Stage::Hold => "hold",
            Stage::WrapUp => "wrap_up",
            Stage::Snoozed => "snoozed",
            Stage::Closed => "closed",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.code() == code)
    }
}

/// One contact as a row. Times that have not come are `None`; durations are milliseconds.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is its own column of the record"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Contact.
    pub contact: ContactId,
    /// What identifies the attempt at the wing.
    pub key: String,
    /// Channel.
    pub channel: Channel,
    /// Keyed digest of the number, empty when withheld.
    pub caller: String,
    /// Trunk or page.
    pub via: String,
    /// First packet.
    pub arrived: Time,
    /// The same number was here within 24 hours.
    pub repeat: bool,
    /// Language.
    pub language: Language,
    /// Keys pressed in the menu, in order.
    pub keys: String,
    /// Where it is.
    pub stage: Stage,
    /// Queue in which it waited for its first answer, or waits; empty before.
    pub queue: String,
    /// Entered its first queue.
    pub queued: Option<Time>,
    /// A callback was booked.
    pub callback: bool,
    /// First answered.
    pub answered: Option<Time>,
    /// Counselor who has or had it last.
    pub counselor: Option<CounselorId>,
    /// Waiting time in queues until the first answer or the end.
    pub wait_ms: i64,
    /// Talk without hold.
    pub talk_ms: i64,
    /// Hold.
    pub hold_ms: i64,
    /// Writing the record after the line was over.
    pub wrap_ms: i64,
    /// Counselor who finished a record that another had left.
    pub finisher: Option<CounselorId>,
    /// Of the time of writing what the finisher spent.
    pub finish_ms: i64,
    /// Offers that came back.
    pub returned: u32,
    /// Transfers.
    pub transfers: u32,
    /// Line over.
    pub ended: Option<Time>,
    /// Record closed.
    pub closed: Option<Time>,
    /// Category.
    pub category: String,
    /// Outcome.
    pub outcome: String,
    /// What became of it, once known.
    pub fate: Option<Fate>,
    /// Digest of the note.
    pub note_digest: String,
    /// Letters of the note.
    pub note_letters: u32,
    /// Recordings stored.
    pub recordings: u32,
    /// A callback is owed.
    pub task: bool,
    /// Keyed digest of the conversation at the provider, empty for calls.
    pub thread: String,
    /// Messages, both directions: the number of the last one.
    pub messages: u32,
    /// Messages of the citizen.
    pub messages_in: u32,
    /// Messages of counselors.
    pub messages_out: u32,
    /// First message of a counselor.
    pub replied: Option<Time>,
    /// The promised time of an answer passed before one was given.
    pub late: bool,
    /// Messages longer than the limit.
    pub over: u32,
    /// The citizen was asked what was meant.
    pub unclear: bool,
    /// Messages of the city that never arrived.
    pub undelivered: u32,
    /// Times the conversation went on after the record was closed.
    pub reopened: u32,
    /// Where it goes on, when it was merged.
    pub merged: Option<ContactId>,
    /// Since when the present stage lasts; makes the durations above.
    pub since: Time,
}

impl Row {
    /// Takes in the next event of the contact.
    // A table: what each kind of event does to the row.
    pub fn apply(&mut self, at: Time, event: &Event) {
        match event {
            Event::Arrived {
                contact,
                key,
                channel,
                caller,
                via,
                repeat,
            } => {
                *self = Row {
                    contact: *contact,
                    key: key.clone(),
                    channel: *channel,
                    caller: caller.clone(),
                    via: via.clone(),
                    arrived: at,
                    since: at,
                    repeat: *repeat,
                    ..Row::default()
                };
            }
            Event::MenuEntered { .. } => self.enter(at, Stage::Menu),
            Event::KeyPressed { key, .. } => self.keys.push(*key),
            Event::LanguageChosen { language, .. } => self.language = *language,
            Event::Queued { queue, .. } => {
                if self.answered.is_none() {
                    self.queue.clone_from(queue);
                }
                self.queued.get_or_insert(at);
                self.enter(
                    at,
                    if self.callback {
                        Stage::Callback
                    } else {
                        Stage::Queue
                    },
                );
            }
            Event::TurnedAway { queue, .. } => self.queue.clone_from(queue),
            Event::CallbackBooked { .. } => {
                self.callback = true;
                self.enter(at, Stage::Callback);
            }
            Event::Offered { counselor, .. }
            | Event::TaskTaken { counselor, .. }
            | Event::Dialed { counselor, .. } => {
                self.counselor = Some(*counselor);
                self.enter(at, Stage::Ringing);
            }
            Event::OfferReturned { .. } => {
                self.returned += 1;
                self.enter(
                    at,
                    if self.callback {
                        Stage::Callback
                    } else {
                        Stage::Queue
                    },
                );
            }
            Event::DialEnded { again, .. } => {
                self.enter(
                    at,
                    if again.is_some() {
                        Stage::Callback
                    } else {
                        Stage::WrapUp
                    },
                );
            }
            Event::Answered { counselor, .. } => {
                self.counselor = Some(*counselor);
                self.enter(at, Stage::Talk);
                self.answered.get_or_insert(at);
            }
            Event::Held { .. } => self.enter(at, Stage::Hold),
            Event::Resumed { .. } => self.enter(at, Stage::Talk),
            Event::Transferred { .. } => {
                self.transfers += 1;
                self.enter(at, Stage::Queue);
            }
            Event::CounselorLost { .. } => self.enter(at, Stage::Queue),
            Event::TransferredOut { .. } => {
                self.transfers += 1;
                self.enter(at, Stage::WrapUp);
            }
            Event::TransferEnded { status, .. } if *status != 200 => self.enter(at, Stage::Talk),
            Event::TalkEnded { .. } => {
                self.ended.get_or_insert(at);
                self.enter(at, Stage::WrapUp);
            }
            Event::RecordTakenOver {
                counselor,
                wrote_ms,
                ..
            } => {
                self.credit(*wrote_ms);
                self.finisher = Some(*counselor);
                self.since = at;
            }
            Event::NoteSaved {
                digest, letters, ..
            } => {
                self.note_digest.clone_from(digest);
                self.note_letters = *letters;
            }
            Event::Classified {
                category, outcome, ..
            } => {
                self.category = category.clone().unwrap_or_default();
                self.outcome = outcome.clone().unwrap_or_default();
            }
            Event::Closed {
                fate, counselor, ..
            } => {
                self.fate = Some(*fate);
                // Who finishes what another left does not thereby have spoken with the citizen.
                if counselor.is_some() && self.finisher.is_none() {
                    self.counselor = *counselor;
                }
                self.ended.get_or_insert(at);
                self.closed = Some(at);
                self.enter(at, Stage::Closed);
            }
            Event::Recorded { .. } => self.recordings += 1,
            _ => self.apply_written(at, event),
        }
    }

    /// The same for corrections, callbacks owed and for what happens only in writing.
    fn apply_written(&mut self, at: Time, event: &Event) {
        match event {
            Event::LanguageCorrected { language, .. } => self.language = *language,
            Event::MessageReceived {
                message,
                thread,
                marks,
                ..
            } => {
                self.messages = *message;
                self.messages_in += 1;
                self.over += u32::from(marks.over);
                if self.thread.is_empty() {
                    self.thread.clone_from(thread);
                }
                if self.stage == Stage::WrapUp {
                    self.ended = None;
                    self.enter(at, Stage::Talk);
                }
            }
            Event::MessageSent {
                message,
                counselor,
                text,
                ..
            } => {
                self.messages = *message;
                self.unclear |= text.as_deref() == Some(crate::written::UNCLEAR);
                if counselor.is_some() {
                    self.messages_out += 1;
                    // What a caller is sent to keep answers no message.
                    if self.channel.written() {
                        self.replied.get_or_insert(at);
                    }
                }
            }
            Event::MessageFared {
                fortune: Fortune::Failed | Fortune::Expired,
                ..
            } => self.undelivered += 1,
            Event::Escalated { late, .. } => self.late |= late & self.replied.is_none(),
            Event::Reopened { .. } => {
                (self.closed, self.fate, self.ended) = (None, None, None);
                self.merged = None;
                self.reopened += 1;
                self.since = at;
            }
            Event::Snoozed { .. } => self.enter(at, Stage::Snoozed),
            Event::Assigned { to, .. } => {
                self.counselor = Some(*to);
                self.enter(at, Stage::Talk);
            }
            Event::HandedBack { .. } => self.enter(at, Stage::Queue),
            Event::TaskOpened { .. } => self.task = true,
            Event::TaskClosed { .. } => self.task = false,
            Event::Merged { into, .. } => self.merged = Some(*into),
            Event::Unmerged { .. } => self.merged = None,
            _ => {}
        }
    }

    /// Adds the time of the stage that ends to its sum.
    fn enter(&mut self, at: Time, next: Stage) {
        let lasted = at - self.since;
        match self.stage {
            Stage::Queue | Stage::Callback | Stage::Ringing if self.answered.is_none() => {
                self.wait_ms += lasted;
            }
            Stage::Talk => self.talk_ms += lasted,
            Stage::Hold => self.hold_ms += lasted,
            Stage::WrapUp => self.credit(lasted),
            _ => {}
        }
        self.stage = next;
        self.since = at;
    }

    /// Counts time of writing for whoever has the record.
    fn credit(&mut self, wrote_ms: i64) {
        self.wrap_ms += wrote_ms;
        if self.finisher.is_some() {
            self.finish_ms += wrote_ms;
        }
    }
}
