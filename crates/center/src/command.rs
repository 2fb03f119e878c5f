//! What the world says or asks, and the answers to it. Never stored: what follows from a command is
//! in `event`.

use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::event::{Fortune, Marks};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Why a citizen's line ended, as the wing saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The citizen hung up or closed the page.
    Citizen,
    /// No packets and no signalling for too long: the line is dead.
    LineLost,
    /// The center hung up: a counselor pressed the key, or a deadline passed.
    Center,
    /// The center itself was stopped in mid-contact.
    Restart,
    /// Nothing was written for so long that the conversation is taken as over.
    Quiet,
}

/// Where a contact is handed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Another queue by its code.
    Queue(String),
    /// A number outside; telephony dials it only if a route allows it. The number itself travels
    /// beside the command as personal data, the digest stands for it here.
    Number {
        /// Keyed digest of the number.
        token: String,
    },
}

/// What a counselor does besides contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestReason {
    /// A break; deliberately not more precise (handbook fact 9).
    Break,
    /// Lunch.
    Meal,
    /// Coaching or a meeting.
    Meeting,
    /// Work on articles, letters, records.
    Desk,
    /// Put to rest after a missed ring: ready again only when pressed.
    Missed,
    /// Put to rest because the record of the last contact was not finished in time.
    Unfinished,
    /// Put to rest because nothing was touched for hours.
    Idle,
}

/// A citizen's message on any written channel. Text, address and files travel beside the command
/// as personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What identifies the message at its provider; the same key gives the same message.
    pub key: String,
    /// Channel.
    pub channel: Channel,
    /// Connection it came by.
    pub via: String,
    /// Keyed digest of the conversation it belongs to at its provider.
    pub thread: String,
    /// Keyed digest of the citizen's address, empty when unknown.
    pub caller: String,
    /// Language it is written in, where one was recognized.
    pub language: Option<Language>,
    /// Digest of a nonce and the text.
    pub digest: String,
    /// Letters as people count them.
    pub letters: u32,
    /// Files that came with it.
    pub files: u16,
    /// What is known of it.
    pub marks: Marks,
    /// It allows or forbids messages that were not asked for, and says nothing else.
    pub consent: Option<bool>,
}

/// A counselor's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Counselor.
    pub counselor: CounselorId,
    /// Contact.
    pub contact: ContactId,
    /// The message it answers; 0 for the citizen's last.
    pub answers: u32,
    /// Name of one of the house's own texts instead of an own one.
    pub text: Option<String>,
    /// Digest of a nonce and the text.
    pub digest: String,
    /// Letters.
    pub letters: u32,
    /// Files.
    pub files: u16,
    /// Only the citizen may read it.
    pub private: bool,
}

/// A text to the caller of a call: an answer to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallText {
    /// Counselor.
    pub counselor: CounselorId,
    /// Contact.
    pub contact: ContactId,
    /// Keyed digest of another number than the caller's own.
    pub to: Option<String>,
    /// Digest of a nonce and the text.
    pub digest: String,
    /// Letters.
    pub letters: u32,
}

/// What the world says or asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A citizen is at the door. Answered by [`Answer::Contact`]; the same key gives the same
    /// contact.
    Arrived {
        /// What identifies this attempt at the wing, for example a digest of Call-ID and From tag.
        key: String,
        /// Channel.
        channel: Channel,
        /// Keyed digest of the caller's number, empty when withheld.
        caller: String,
        /// Name of the trunk or page by which it came.
        via: String,
        /// False when the wing only reports an attempt that it already lost (found after a crash).
        live: bool,
    },
    /// The citizen pressed a key.
    Key {
        /// Contact.
        contact: ContactId,
        /// `0`-`9`, `*` or `#`.
        key: char,
    },
    /// What was asked to be played has ended. `play` is the number of the effect.
    Played {
        /// Contact.
        contact: ContactId,
        /// Number of [`crate::effect::Effect::Play`].
        play: u32,
    },
    /// The citizen's line ended.
    Left {
        /// Contact.
        contact: ContactId,
        /// Why.
        ending: Ending,
    },
    /// The citizen answered a call that the center made (callback).
    DialAnswered {
        /// Contact.
        contact: ContactId,
    },
    /// A call that the center made was not answered. Also the end of a transfer to a number.
    DialFailed {
        /// Contact.
        contact: ContactId,
        /// SIP status, 408 for no answer, 403 for no route.
        status: u16,
    },
    /// The outside number of a transfer answered.
    TransferAnswered {
        /// Contact.
        contact: ContactId,
    },
    /// A counselor opened the desk.
    SignIn {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A counselor closed the desk for good.
    SignOut {
        /// Counselor.
        counselor: CounselorId,
    },
    /// The desk's page lost its connection.
    DeskLost {
        /// Counselor.
        counselor: CounselorId,
    },
    /// The desk's page is connected again.
    DeskBack {
        /// Counselor.
        counselor: CounselorId,
    },
    /// Ready for contacts.
    Ready {
        /// Counselor.
        counselor: CounselorId,
    },
    /// Not ready.
    Rest {
        /// Counselor.
        counselor: CounselorId,
        /// Why.
        reason: RestReason,
    },
    /// Takes the offered contact.
    Accept {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Does not take the offered contact.
    Decline {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Puts the citizen on hold with music.
    Hold {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Speaks on.
    Resume {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Hangs up on the citizen.
    HangUp {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Hands the citizen over without waiting (cold transfer).
    Transfer {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Where to.
        to: Destination,
    },
    /// The note as typed so far; its text travels beside the command as personal data.
    Note {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Digest of a nonce and the text.
        digest: String,
        /// Length of the text in letters.
        letters: u32,
    },
    /// Category and outcome as chosen so far; `None` leaves as is.
    Classify {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Category code of a leaf.
        category: Option<String>,
        /// Outcome code.
        outcome: Option<String>,
    },
    /// Says which language the citizen really speaks; queues are chosen by it from here on.
    CorrectLanguage {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Language.
        language: Language,
    },
    /// Closes the record; refused without category and outcome or while the citizen is on the line.
    Finish {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Ready at once for the next contact, else rest.
        ready: bool,
    },
    /// Takes over a record that waits to be finished: its counselor has signed out or has left it
    /// for longer than a record may take. Supervisors only.
    TakeOver {
        /// Supervisor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
    },
    /// Takes a task from the list of callbacks owed: the citizen is called.
    TakeTask {
        /// Counselor.
        counselor: CounselorId,
        /// Contact that owes a callback.
        contact: ContactId,
    },
    /// Strikes a task off the list without a call, for example when the citizen called again.
    DropTask {
        /// Counselor.
        counselor: CounselorId,
        /// Contact that owes a callback.
        contact: ContactId,
    },
    /// A recording was stored.
    Recorded {
        /// Contact.
        contact: ContactId,
        /// Name of the blob.
        blob: String,
        /// Length in milliseconds.
        length_ms: i64,
        /// When it is to be erased.
        keep_until: crate::time::Time,
        /// A crash cut it off.
        cut: bool,
    },
    /// A recording whose time was over was erased.
    RecordingErased {
        /// Contact.
        contact: ContactId,
        /// Name of the blob.
        blob: String,
    },
    /// The time of a closed contact's personal data is over.
    ErasePersonal {
        /// Contact.
        contact: ContactId,
    },
    /// Somebody listens to a recording.
    Listened {
        /// Contact.
        contact: ContactId,
        /// Who.
        counselor: CounselorId,
        /// Name of the blob.
        blob: String,
    },
    /// A citizen wrote. Answered by [`Answer::Message`].
    Written(Box<Written>),
    /// A citizen changed a message.
    Changed {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
        /// Digest of a nonce and the new text.
        digest: String,
        /// Letters.
        letters: u32,
    },
    /// A citizen took a message back.
    Withdrawn {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
    },
    /// The citizen of a chat types, or says so: the page may tell it often.
    Present {
        /// Contact.
        contact: ContactId,
    },
    /// A citizen wants the conversation of a chat by mail; the address travels beside the command.
    /// Answered by [`Answer::Message`]. It may be over since a short while.
    Transcript {
        /// Contact.
        contact: ContactId,
        /// Digest of nonce and address: the same address is sent to once.
        digest: String,
    },
    /// A counselor answers. Answered by [`Answer::Message`].
    Reply(Box<Reply>),
    /// A counselor in a call sends its caller a text; number and text travel beside the command.
    /// Answered by [`Answer::Message`].
    TextCaller(Box<CallText>),
    /// What became of a message on its way out.
    Fared {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
        /// What became of it.
        fortune: Fortune,
        /// The provider's reference, empty when it gave none.
        reference: String,
    },
    /// Lays a written contact aside.
    Snooze {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Until when, unless the citizen writes before.
        until: Time,
    },
    /// Gives a written contact to a colleague who is signed in.
    Assign {
        /// Counselor.
        counselor: CounselorId,
        /// Contact.
        contact: ContactId,
        /// Colleague.
        to: CounselorId,
    },
    /// Lets a contact go on in another of the same citizen.
    Merge {
        /// Counselor who has `into`.
        counselor: CounselorId,
        /// Contact that ends.
        contact: ContactId,
        /// Contact that goes on.
        into: ContactId,
    },
    /// Undoes a merge.
    Unmerge {
        /// Counselor.
        counselor: CounselorId,
        /// Contact that was merged.
        contact: ContactId,
    },
    /// Something unreadable came in; its bytes are stored.
    DeadLetter {
        /// Connection.
        via: String,
        /// What identifies it.
        key: String,
        /// Why it could not be read.
        reason: String,
        /// Where its bytes are.
        blob: String,
    },
    /// The center has just started on what the journal holds; every live line is gone.
    Restarted,
    /// Callers hear these prompts before the first menu from now on; none any more when empty.
    Announce {
        /// Names of prompts.
        prompts: Vec<String>,
    },
    /// Time has passed; deadlines may be due. Any other command checks them too.
    Tick,
}

/// What a command that was taken tells its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Done,
    /// The contact that was opened, or is known already under this key.
    Contact(ContactId),
    /// The message that was taken, or is known already under this key.
    Message {
        /// Contact.
        contact: ContactId,
        /// Number within the contact.
        message: u32,
        /// It was known already.
        again: bool,
    },
}

/// Why a command was not taken. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No such contact is open.
    UnknownContact,
    /// No such counselor is signed in.
    UnknownCounselor,
    /// Only a supervisor may do this.
    SupervisorsOnly,
    /// The contact is not with this counselor.
    NotYours,
    /// Not possible in the present state of the contact or the counselor.
    WrongState,
    /// No such queue.
    UnknownQueue,
    /// No such category, or it has finer ones.
    UnknownCategory,
    /// No such outcome.
    UnknownOutcome,
    /// The record needs a category.
    CategoryMissing,
    /// The record needs an outcome.
    OutcomeMissing,
    /// The citizen is still on the line.
    StillTalking,
    /// There is no outbound route.
    NoRoute,
    /// A note or message is longer than the limit.
    TooLong,
    /// There is no such message.
    UnknownMessage,
    /// A call cannot be handled like a letter, or a letter like a call.
    WrongChannel,
    /// It was done as often as it may be.
    TooOften,
    /// There is no connection by which texts leave.
    NoTexts,
    /// The caller's number is withheld.
    NumberUnknown,
}

impl Refusal {
    /// Stable key for logs, metrics and pages.
    pub fn key(self) -> &'static str {
        match self {
            Refusal::UnknownContact => "unknown_contact",
            Refusal::UnknownCounselor => "unknown_counselor",
            Refusal::SupervisorsOnly => "supervisors_only",
            Refusal::NotYours => "not_yours",
            Refusal::WrongState => "wrong_state",
            Refusal::UnknownQueue => "unknown_queue",
            Refusal::UnknownCategory => "unknown_category",
            Refusal::UnknownOutcome => "unknown_outcome",
            Refusal::CategoryMissing => "category_missing",
            Refusal::OutcomeMissing => "outcome_missing",
            Refusal::StillTalking => "still_talking",
            Refusal::NoRoute => "no_route",
            Refusal::TooLong => "too_long",
            Refusal::UnknownMessage => "unknown_message",
            Refusal::WrongChannel => "wrong_channel",
            Refusal::TooOften => "too_often",
            Refusal::NoTexts => "no_texts",
            Refusal::NumberUnknown => "number_unknown",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refusal::UnknownContact => "this contact is not open",
            Refusal::UnknownCounselor => "this counselor is not signed in",
            Refusal::SupervisorsOnly => "only a supervisor may do this",
            Refusal::NotYours => "this contact is with another counselor",
            Refusal::WrongState => "this cannot be done right now",
            Refusal::UnknownQueue => "there is no such queue",
            Refusal::UnknownCategory => "there is no such category",
            Refusal::UnknownOutcome => "there is no such outcome",
            Refusal::CategoryMissing => "choose a category first",
            Refusal::OutcomeMissing => "choose an outcome first",
            Refusal::StillTalking => "the citizen is still on the line",
            Refusal::NoRoute => "there is no route for calls to the outside",
            Refusal::TooLong => "the text is too long",
            Refusal::UnknownMessage => "there is no such message",
            Refusal::WrongChannel => "this is not possible on this channel",
            Refusal::TooOften => "this was done as often as it may be",
            Refusal::NoTexts => "there is no connection by which texts leave",
            Refusal::NumberUnknown => "the caller's number is withheld",
        })
    }
}

impl std::error::Error for Refusal {}
