//! What shall be done in the world, in the imperative. Never stored; derived again after a crash;
//! idempotent for its wing.

use crate::city::{ContactId, CounselorId};
use crate::menu::Prompt;

/// What follows when the prompts of a [`Effect::Play`] have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Silence, until the next effect.
    Silence,
    /// Music on hold, until the next effect.
    Music,
}

/// What shall be done. Effects to a contact that is gone are ignored by the wing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the caller's side that it rings (180), then connect it (200). It may overtake the
    /// answer to `Arrived`, so it names the attempt: from here on the wing knows the contact by its
    /// number.
    Answer {
        /// Contact.
        contact: ContactId,
        /// Key of the attempt, as in `Arrived`.
        key: String,
    },
    /// Refuse the call with a SIP status; 503 carries Retry-After. May overtake, as `Answer`.
    Refuse {
        /// Contact.
        contact: ContactId,
        /// Key of the attempt.
        key: String,
        /// SIP status.
        status: u16,
        /// Seconds for Retry-After.
        retry_after_s: Option<u32>,
    },
    /// Play prompts one after the other, replacing what is playing; then report `Played { play }`.
    Play {
        /// Contact.
        contact: ContactId,
        /// Number of this effect, rising within the contact.
        play: u32,
        /// Prompts in order; may be empty, which reports at once.
        prompts: Vec<Prompt>,
        /// A key stops the prompts (the key itself is always reported).
        barge_in: bool,
        /// What follows.
        then: Then,
    },
    /// Ring a counselor's desk for this contact.
    Ring {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// Stop ringing: taken, given back or gone.
    StopRing {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// Let citizen and counselor hear each other; start recording if the city records.
    Bridge {
        /// Contact.
        contact: ContactId,
        /// Counselor.
        counselor: CounselorId,
    },
    /// Take them apart; the citizen hears music.
    Park {
        /// Contact.
        contact: ContactId,
    },
    /// End the citizen's line (and any outside leg of it).
    HangUp {
        /// Contact.
        contact: ContactId,
    },
    /// Call the citizen back at the number of the contact; report `DialAnswered` or `DialFailed`.
    Dial {
        /// Contact.
        contact: ContactId,
    },
    /// Call the outside number given with the transfer and join it with the citizen;
    /// report `TransferAnswered` or `DialFailed`.
    TransferOut {
        /// Contact.
        contact: ContactId,
    },
    /// Send a message of the city by the connection of the message it answers; report
    /// `Fared`. May be asked twice for the same message: it leaves once.
    Send {
        /// Contact.
        contact: ContactId,
        /// Message.
        message: u32,
    },
    /// Stop calling.
    CancelDial {
        /// Contact.
        contact: ContactId,
    },
}

impl Effect {
    /// The contact it concerns.
    pub fn contact(&self) -> ContactId {
        match self {
            Effect::Answer { contact, .. }
            | Effect::Refuse { contact, .. }
            | Effect::Play { contact, .. }
            | Effect::Ring { contact, .. }
            | Effect::StopRing { contact, .. }
            | Effect::Bridge { contact, .. }
            | Effect::Park { contact }
            | Effect::HangUp { contact }
            | Effect::Dial { contact }
            | Effect::TransferOut { contact }
            | Effect::CancelDial { contact }
            | Effect::Send { contact, .. } => *contact,
        }
    }
}
