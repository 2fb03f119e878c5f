//! What screens show of the present moment: a copy of the center's state, without personal data.
//! Never a decision.

use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::command::RestReason;
use crate::event::{Reason, Told};
use crate::record::Stage;
use crate::time::Time;

/// An open contact as screens show it.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is its own mark on the screen"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    /// Contact.
    pub contact: ContactId,
    /// Channel.
    pub channel: Channel,
    /// Keyed digest of the number: finds earlier contacts.
    pub caller: String,
    /// Trunk or page.
    pub via: String,
    /// First packet.
    pub arrived: Time,
    /// Here within 24 hours.
    pub repeat: bool,
    /// Language.
    pub language: Language,
    /// Keys pressed.
    pub keys: String,
    /// Where it is.
    pub stage: Stage,
    /// Since when.
    pub since: Time,
    /// Queue it waits in or came from.
    pub queue: String,
    /// Instant from which the waiting age counts.
    pub waiting_since: Option<Time>,
    /// Waiting time until it was answered, when it was.
    pub waited_ms: i64,
    /// Counselor it is offered to or with.
    pub counselor: Option<CounselorId>,
    /// Why this counselor.
    pub reason: Option<Reason>,
    /// What it was told last.
    pub told: Option<Told>,
    /// It waits as a virtual caller.
    pub callback: bool,
    /// Category so far.
    pub category: String,
    /// Outcome so far.
    pub outcome: String,
    /// Its record waits to be finished by somebody else.
    pub unfinished: bool,
    /// Past the deadline of its stage (long wait, long talk, long wrap-up).
    pub overdue: bool,
    /// Whether the citizen's line is up.
    pub line: bool,
    /// Number of the last message, both directions; 0 for a call.
    pub messages: u32,
    /// Grows with every event: screens that show more than this view look again.
    pub version: u32,
    /// When an answer to what the citizen wrote is due, while one is owed.
    pub due: Option<Time>,
    /// What the citizen wrote speaks of an emergency.
    pub urgent: bool,
    /// It does, and no counselor has answered yet.
    pub pressing: bool,
    /// When the chat ends, while its silent citizen is asked whether somebody is there.
    pub ends: Option<Time>,
}

/// What a counselor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// Not ready.
    Resting(RestReason),
    /// Ready for contacts.
    Ready,
    /// The desk rings.
    Ringing,
    /// With a citizen.
    Talking,
    /// Writing the record.
    WrapUp,
}

impl Doing {
    /// The code as shown.
    pub fn code(self) -> &'static str {
        match self {
            Doing::Resting(_) => "rest",
            Doing::Ready => "ready",
            Doing::Ringing => "ringing",
            Doing::Talking => "talk",
            Doing::WrapUp => "wrap_up",
        }
    }
}

/// A signed-in counselor as screens show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounselorView {
    /// Counselor.
    pub counselor: CounselorId,
    /// What they do.
    pub doing: Doing,
    /// Since when.
    pub since: Time,
    /// The page is connected.
    pub connected: bool,
    /// Contacts with them.
    pub contacts: Vec<ContactId>,
    /// Will rest after the present contact.
    pub rest_next: bool,
    /// Past the deadline of the state.
    pub overdue: bool,
}

/// A queue as screens show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Code.
    pub queue: String,
    /// Contacts that wait, virtual callers included.
    pub waiting: usize,
    /// Of these the virtual callers.
    pub callbacks: usize,
    /// Instant from which the oldest counts.
    pub oldest: Option<Time>,
    /// Counselors with a citizen of this queue.
    pub talking: usize,
    /// Counselors writing a record of this queue.
    pub wrap_up: usize,
    /// Ready counselors who may take from it (in its widest ring).
    pub ready: usize,
    /// Signed-in, not resting counselors who may take from it.
    pub staff: usize,
    /// Open at this moment.
    pub open: bool,
    /// What the next caller would be told.
    pub estimate: Option<Told>,
    /// Free counselors held back from it by a reserve at this moment.
    pub held_back: usize,
}

/// A callback that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Contact that owes it.
    pub contact: ContactId,
    /// Since when.
    pub since: Time,
    /// Language.
    pub language: Language,
}

/// The present moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// When it was taken.
    pub at: Time,
    /// Open contacts by number.
    pub contacts: Vec<ContactView>,
    /// Signed-in counselors by number.
    pub counselors: Vec<CounselorView>,
    /// Queues in the city's order.
    pub queues: Vec<QueueView>,
    /// Callbacks owed, oldest first.
    pub tasks: Vec<TaskView>,
}

impl Board {
    /// An open contact.
    pub fn contact(&self, contact: ContactId) -> Option<&ContactView> {
        let found = self
            .contacts
            .binary_search_by_key(&contact, |view| view.contact);
        found.ok().map(|index| &self.contacts[index])
    }

    /// A signed-in counselor.
    pub fn counselor(&self, counselor: CounselorId) -> Option<&CounselorView> {
        let found = self
            .counselors
            .binary_search_by_key(&counselor, |view| view.counselor);
        found.ok().map(|index| &self.counselors[index])
    }
}
