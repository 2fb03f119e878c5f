//! What happened, in the past tense: the only stored truth. Never personal data, only keyed digests
//! of it.

use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::command::{Ending, RestReason};
pub use crate::marks::Marks;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What became of an attempt. Every contact has exactly one when it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A counselor served the citizen.
    Answered,
    /// Gave up in the menu.
    LeftMenu,
    /// Gave up in the queue before the short-abandon threshold.
    ShortAbandoned,
    /// Gave up in the queue.
    Abandoned,
    /// Refused: too many calls or the queue was full.
    Capped,
    /// Came outside the opening hours and left with the announcement.
    Closed,
    /// A callback was promised and not reached after all tries.
    Unreached,
    /// The center stopped in mid-contact; a callback is owed.
    Interrupted,
    /// Not an attempt of a citizen: the center called to pay an owed callback.
    Outbound,
    /// Left a chat without a word after a counselor had answered.
    Silent,
    /// Goes on in another contact of the same citizen.
    Merged,
    /// Settled without a counselor: an opt-out, an answer of a machine.
    Automatic,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Fate; 12] = [
        Fate::Answered,
        Fate::LeftMenu,
        Fate::ShortAbandoned,
        Fate::Abandoned,
        Fate::Capped,
        Fate::Closed,
        Fate::Unreached,
        Fate::Interrupted,
        Fate::Outbound,
        Fate::Silent,
        Fate::Merged,
        Fate::Automatic,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Fate::Answered => "answered",
            Fate::LeftMenu => "left_menu",
            Fate::ShortAbandoned => "short_abandoned",
            Fate::Abandoned => "abandoned",
            Fate::Capped => "capped",
            Fate::Closed => "closed",
            Fate::Unreached => "unreached",
            Fate::Interrupted => "interrupted",
            Fate::Outbound => "outbound",
            Fate::Silent => "silent",
            Fate::Merged => "merged",
            Fate::Automatic => "automatic",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Fate> {
        Fate::ALL.into_iter().find(|fate| fate.code() == code)
    }
}

/// Why an offer came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// Not taken in time: the counselor is at rest until ready is pressed.
    Missed,
    /// Declined.
    Declined,
    /// The desk lost its connection.
    DeskLost,
    /// The counselor signed out.
    SignedOut,
    /// An emergency took its place: no fault of the counselor.
    Emergency,
}

/// Why this counselor, why now: enough to explain and to check the decision again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Ring of the search that was open, 0 = first.
    pub ring: u8,
    /// Waiting time that counted, in milliseconds (includes age kept from an earlier attempt).
    pub waited_ms: i64,
    /// How long the counselor had been free, in milliseconds.
    pub idle_ms: i64,
    /// Number of skills the counselor has: fewer come first.
    pub skills: u16,
    /// Free counselors who could have taken it.
    pub free: u32,
    /// Contacts that waited before it was chosen, itself included.
    pub waiting: u32,
    /// Free counselors who were held back for a rare skill.
    pub held_back: u32,
}

/// What was told to a waiting citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Place in the queue, 1 = next.
    pub position: u32,
    /// Half of such waits are over within this, in milliseconds; none while nobody serves the
    /// queue.
    pub p50_ms: Option<i64>,
    /// Nine of ten such waits are over within this, in milliseconds.
    pub p90_ms: Option<i64>,
    /// Counselors who served the queue when it was said: it may only grow when one leaves.
    pub staff: u32,
}

/// What became of a message on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fortune {
    /// The provider took it.
    Submitted,
    /// It reached the citizen's device or server.
    Delivered,
    /// It never will.
    Failed,
    /// Given up after its time.
    Expired,
    /// The line broke before the provider's answer: it may have been delivered.
    Unknown,
}

impl Fortune {
    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Fortune::Submitted => "submitted",
            Fortune::Delivered => "delivered",
            Fortune::Failed => "failed",
            Fortune::Expired => "expired",
            Fortune::Unknown => "unknown",
        }
    }
}

/// What happened. Contact events carry their contact first; `kind()` names them in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A contact exists from here on. Its number is the attempt's number: no gaps.
    Arrived {
        /// Contact.
        contact: ContactId,
        /// What identifies the attempt at the wing.
        key: String,
        /// Channel.
        channel: Channel,
        /// Keyed digest of the number, empty when withheld.
        caller: String,
        /// Trunk or page.
        via: String,
        /// The same number was here within 24 hours.
        repeat: bool,
    },
    /// The menu came to a node.
    MenuEntered {
        /// Contact.
        contact: ContactId,
        /// Name of the node.
        node: String,
    },
    /// A key was pressed.
    KeyPressed {
        /// Contact.
        contact: ContactId,
        /// Key.
        key: char,
        /// Whether it led anywhere.
        valid: bool,
    },
    /// The prompts of a menu or an announcement were heard to their end.
    Heard {
        /// Contact.
        contact: ContactId,
    },
    /// The language was chosen; it stays.
    LanguageChosen {
        /// Contact.
        contact: ContactId,
        /// Language.
        language: Language,
    },
    /// A counselor found that the citizen speaks another language: routing and statistics follow.
    LanguageCorrected {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Language.
        language: Language,
    },
    /// Could not be let into the queue and hears why.
    TurnedAway {
        /// Contact.
        contact: ContactId,
        /// Queue.
        queue: String,
        /// `Capped` or `Closed`.
        why: Fate,
    },
    /// Heard that the center is closed and asked for nothing else: goodbye is said.
    GoodbyeSaid {
        /// Contact.
        contact: ContactId,
    },
    /// Waits in a queue from here on.
    Queued {
        /// Contact.
        contact: ContactId,
        /// Queue.
        queue: String,
        /// Instant from which the age counts; earlier than now when it was kept.
        since: Time,
        /// Goes before all others of the queue (an offer came back, a counselor was lost).
        front: bool,
    },
    /// Position and wait were announced.
    WaitTold {
        /// Contact.
        contact: ContactId,
        /// What was said.
        told: Told,
        /// A callback was offered in the same breath.
        callback: bool,
    },
    /// The citizen hung up and keeps the place: a virtual caller from here on.
    CallbackBooked {
        /// Contact.
        contact: ContactId,
    },
    /// The citizen's line is over but the contact goes on, as after booking a callback.
    LineEnded {
        /// Contact.
        contact: ContactId,
        /// Why.
        ending: Ending,
    },
    /// Waited very long; the floor shows it.
    WaitAlarmed {
        /// Contact.
        contact: ContactId,
    },
    /// A counselor's desk rings.
    Offered {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Why.
        reason: Reason,
    },
    /// The offer came back; the contact is at the front of its queue again.
    OfferReturned {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Why.
        why: OfferEnd,
    },
    /// A contact was opened to call back the citizen of an interrupted one.
    TaskTaken {
        /// The new contact.
        contact: ContactId,
        /// The contact that owed the callback.
        task: ContactId,
        /// Counselor who took it.
        counselor: CounselorId,
    },
    /// A call to the citizen was started for this counselor.
    Dialed {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// 1 for the first try.
        attempt: u8,
    },
    /// The citizen could not be reached this time.
    DialEnded {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// SIP status.
        status: u16,
        /// When it is tried again; none when given up.
        again: Option<Time>,
    },
    /// Citizen and counselor speak.
    Answered {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// On hold with music.
    Held {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// Speak again.
    Resumed {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// The talk is long; the desk is told.
    TalkLong {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// Handed to another queue; a `Queued` follows.
    Transferred {
        /// Contact.
        contact: ContactId,
        /// Counselor who handed over and is free now.
        counselor: CounselorId,
        /// Queue it goes to.
        queue: String,
    },
    /// Handed to a number outside; the counselor finishes the record.
    TransferredOut {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Keyed digest of the number.
        to: String,
    },
    /// What became of a transfer to a number.
    TransferEnded {
        /// Contact.
        contact: ContactId,
        /// 200 when answered, else the SIP status.
        status: u16,
    },
    /// The counselor was gone for too long in mid-call; the citizen goes to the front.
    CounselorLost {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// The citizen's line is over; the counselor writes the record.
    TalkEnded {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Why.
        ending: Ending,
    },
    /// The record takes long; the floor shows it.
    WrapUpOverdue {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// A record that waited to be finished was taken over.
    RecordTakenOver {
        /// Contact.
        contact: ContactId,
        /// Who finishes it from here on.
        counselor: CounselorId,
        /// Who left it.
        from: CounselorId,
        /// How long `from` wrote, in milliseconds: what counts as their work. The record was left
        /// alone for the rest.
        wrote_ms: i64,
    },
    /// The note was saved; its text is in an erasable row.
    NoteSaved {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Digest of nonce and text.
        digest: String,
        /// Length in letters.
        letters: u32,
    },
    /// Category or outcome was chosen.
    Classified {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Category, when set by now.
        category: Option<String>,
        /// Outcome, when set by now.
        outcome: Option<String>,
    },
    /// The center stopped in mid-contact.
    Interrupted {
        /// Contact.
        contact: ContactId,
        /// What it was doing: `menu`, `queue`, `ringing`, `talk`.
        stage: String,
    },
    /// A callback is owed to the citizen.
    TaskOpened {
        /// Contact.
        contact: ContactId,
    },
    /// The callback was made or struck off.
    TaskClosed {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// True when the citizen is called, false when struck off.
        called: bool,
    },
    /// The record is closed; nothing but corrections follow.
    Closed {
        /// Contact.
        contact: ContactId,
        /// What became of it.
        fate: Fate,
        /// Counselor who closed it, when one did.
        counselor: Option<CounselorId>,
    },
    /// A recording was stored.
    Recorded {
        /// Contact.
        contact: ContactId,
        /// Blob.
        blob: String,
        /// Length in milliseconds.
        length_ms: i64,
        /// When it is to be erased.
        keep_until: Time,
        /// A crash cut it off: what was written before is there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
    },
    /// A recording is gone: its time was over.
    RecordingErased {
        /// Contact.
        contact: ContactId,
        /// Blob.
        blob: String,
    },
    /// Number, note and the number of a transfer are gone: their time was over.
    PersonalErased {
        /// Contact.
        contact: ContactId,
    },
    /// A recording was listened to.
    Listened {
        /// Contact.
        contact: ContactId,
        /// Who.
        counselor: CounselorId,
        /// Blob.
        blob: String,
    },
    /// The citizen wrote. Text, address and files are in erasable rows.
    MessageReceived {
        /// Contact.
        contact: ContactId,
        /// Number within the contact, both directions together: 1, 2, 3, ...
        message: u32,
        /// What identifies it at its provider.
        key: String,
        /// Connection it came by.
        via: String,
        /// Keyed digest of the conversation it belongs to at its provider.
        thread: String,
        /// Digest of nonce and text.
        digest: String,
        /// Letters as people count them.
        letters: u32,
        /// Files that came with it.
        files: u16,
        /// What is known of it.
        marks: Marks,
    },
    /// The city wrote. The text of a counselor is in an erasable row, that of the house is known
    /// by its name.
    MessageSent {
        /// Contact.
        contact: ContactId,
        /// Number within the contact.
        message: u32,
        /// Who wrote; none when the house did.
        counselor: Option<CounselorId>,
        /// The message it answers: its address and connection are taken.
        answers: u32,
        /// Name of the house's own text.
        text: Option<String>,
        /// Digest of nonce and text.
        digest: String,
        /// Letters.
        letters: u32,
        /// Files.
        files: u16,
        /// Only the citizen may read it.
        private: bool,
        /// Keyed digest of the number it goes to, for a text to the caller of a call; empty where
        /// it answers a message.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        to: String,
    },
    /// A provider took a message of the city, delivered it or gave up.
    MessageFared {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
        /// What became of it.
        fortune: Fortune,
        /// The provider's reference.
        reference: String,
    },
    /// The citizen changed a message; the row holds both texts.
    MessageChanged {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
        /// Digest of nonce and new text.
        digest: String,
        /// Letters.
        letters: u32,
    },
    /// The citizen took a message back; the record keeps that it was there.
    MessageWithdrawn {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
    },
    /// The citizen of a silent chat types, or said so: the silence counts from here.
    StillPresent {
        /// Contact.
        contact: ContactId,
    },
    /// The citizen wrote again after the record was closed: the same conversation goes on.
    Reopened {
        /// Contact.
        contact: ContactId,
    },
    /// Laid aside until an instant or until the citizen writes.
    Snoozed {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Until when.
        until: Time,
    },
    /// Given to a colleague.
    Assigned {
        /// Contact.
        contact: ContactId,
        /// Who gave it.
        counselor: CounselorId,
        /// Who has it now.
        to: CounselorId,
    },
    /// The counselor is gone or held it for too long; a `Queued` follows.
    HandedBack {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// The promised time of an answer is near or over: it goes before the others.
    Escalated {
        /// Contact.
        contact: ContactId,
        /// The promised time is over.
        late: bool,
    },
    /// Goes on in another contact of the same citizen.
    Merged {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
        /// Where it goes on.
        into: ContactId,
    },
    /// A merge was undone.
    Unmerged {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// The citizen allowed or forbade messages they did not ask for.
    ConsentChanged {
        /// Contact.
        contact: ContactId,
        /// Allowed from here on.
        allowed: bool,
    },
    /// Something unreadable came in and is kept.
    DeadLettered {
        /// Connection.
        via: String,
        /// What identifies it.
        key: String,
        /// Why it could not be read.
        reason: String,
        /// Where its bytes are.
        blob: String,
    },
    /// A counselor signed in, not ready yet.
    SignedIn {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A counselor signed out.
    SignedOut {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A counselor is ready.
    Readied {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A counselor rests.
    Rested {
        /// Counselor.
        counselor: CounselorId,
        /// Why.
        reason: RestReason,
    },
    /// A rest is long; the floor shows it.
    RestLong {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A desk lost its connection.
    DeskLost {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A desk is connected again.
    DeskBack {
        /// Counselor.
        counselor: CounselorId,
    },
    /// Callers hear these prompts before the first menu from now on.
    Announced {
        /// Names of prompts, empty for none any more.
        prompts: Vec<String>,
    },
    /// The center started on what the journal holds: all lines and desks of before are gone.
    Restarted,
}

macro_rules! contact_events {
    ($($name:ident),* $(,)?) => {
        /// The contact an event belongs to; none for what concerns only a counselor or the center.
        pub fn contact(&self) -> Option<ContactId> {
            match self {
                $(Event::$name { contact, .. } => Some(*contact),)*
                Event::SignedIn { .. } | Event::SignedOut { .. } | Event::Readied { .. }
                | Event::Rested { .. } | Event::RestLong { .. } | Event::DeskLost { .. }
                | Event::DeskBack { .. } | Event::DeadLettered { .. } | Event::Announced { .. }
                | Event::Restarted => None,
            }
        }
    };
}

impl Event {
    contact_events!(
        Arrived,
        MenuEntered,
        KeyPressed,
        Heard,
        TurnedAway,
        GoodbyeSaid,
        LineEnded,
        LanguageChosen,
        LanguageCorrected,
        Queued,
        WaitTold,
        CallbackBooked,
        WaitAlarmed,
        Offered,
        OfferReturned,
        TaskTaken,
        Dialed,
        DialEnded,
        Answered,
        Held,
        Resumed,
        TalkLong,
        Transferred,
        TransferredOut,
        TransferEnded,
        CounselorLost,
        TalkEnded,
        WrapUpOverdue,
        RecordTakenOver,
        NoteSaved,
        Classified,
        Interrupted,
        TaskOpened,
        TaskClosed,
        Closed,
        Recorded,
        RecordingErased,
        PersonalErased,
        Listened,
        MessageReceived,
        MessageSent,
        MessageFared,
        MessageChanged,
        MessageWithdrawn,
        StillPresent,
        Reopened,
        Snoozed,
        Assigned,
        HandedBack,
        Escalated,
        Merged,
        Unmerged,
        ConsentChanged,
    );

    /// The counselor an event concerns, when it concerns one.
    pub fn counselor(&self) -> Option<CounselorId> {
        match self {
            Event::Offered { counselor, .. }
            | Event::OfferReturned { counselor, .. }
            | Event::TaskTaken { counselor, .. }
            | Event::Dialed { counselor, .. }
            | Event::DialEnded { counselor, .. }
            | Event::Answered { counselor, .. }
            | Event::Held { counselor, .. }
            | Event::Resumed { counselor, .. }
            | Event::TalkLong { counselor, .. }
            | Event::Transferred { counselor, .. }
            | Event::TransferredOut { counselor, .. }
            | Event::CounselorLost { counselor, .. }
            | Event::TalkEnded { counselor, .. }
            | Event::WrapUpOverdue { counselor, .. }
            | Event::RecordTakenOver { counselor, .. }
            | Event::NoteSaved { counselor, .. }
            | Event::Classified { counselor, .. }
            | Event::TaskClosed { counselor, .. }
            | Event::Listened { counselor, .. }
            | Event::LanguageCorrected { counselor, .. }
            | Event::Snoozed { counselor, .. }
            | Event::Assigned { counselor, .. }
            | Event::HandedBack { counselor, .. }
            | Event::Merged { counselor, .. }
            | Event::Unmerged { counselor, .. }
            | Event::SignedIn { counselor }
            | Event::SignedOut { counselor }
            | Event::Readied { counselor }
            | Event::Rested { counselor, .. }
            | Event::RestLong { counselor }
            | Event::DeskLost { counselor }
            | Event::DeskBack { counselor } => Some(*counselor),
            Event::Closed { counselor, .. } | Event::MessageSent { counselor, .. } => *counselor,
            _ => None,
        }
    }
}
