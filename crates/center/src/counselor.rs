//! A signed-in counselor: mode, load and deadlines. Never decides what happens next.

use crate::board::Doing;
use crate::city::{ContactId, CounselorId, Load};
use crate::command::RestReason;
use crate::limit::Limits;
use crate::time::Time;

/// Whether a counselor takes contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes contacts as far as the load allows.
    Ready,
    /// Takes none; pressed in mid-call it holds after the present contact.
    Rest(RestReason),
}

/// A signed-in counselor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counselor {
    pub id: CounselorId,
    pub mode: Mode,
    /// Since when the mode lasts.
    pub since: Time,
    /// Last time a contact was given up or ready was pressed: who is smallest is longest idle.
    pub idle_since: Time,
    /// Contacts offered to or with this counselor, with what each takes, oldest first.
    pub contacts: Vec<(ContactId, Load)>,
    /// Contact that rings.
    pub ringing: Option<ContactId>,
    /// When the page lost its connection.
    pub lost: Option<Time>,
    /// A long rest was shown already.
    pub alarmed: bool,
}

impl Counselor {
    pub fn new(id: CounselorId, at: Time) -> Counselor {
        Counselor {
            id,
            mode: Mode::Rest(RestReason::Break),
            since: at,
            idle_since: at,
            contacts: Vec::new(),
            ringing: None,
            lost: None,
            alarmed: false,
        }
    }

    /// What all of them take.
    pub fn load(&self) -> Load {
        let loads = self.contacts.iter().map(|(_, load)| *load);
        loads.fold(Load::NONE, Load::and)
    }

    /// Whether contacts may be offered, one after the other.
    pub fn takes(&self) -> bool {
        self.mode == Mode::Ready && self.lost.is_none()
    }

    /// Load if another contact may be offered, else none.
    pub fn room(&self) -> Option<Load> {
        let may = self.takes() && self.ringing.is_none();
        may.then(|| self.load())
    }

    /// When something must happen at the latest.
    pub fn due(&self, limits: &Limits) -> Option<Time> {
        if let Some(lost) = self.lost {
            return Some(lost + limits.desk_return_ms);
        }
        match self.mode {
            Mode::Ready if self.contacts.is_empty() => Some(self.idle_since + limits.ready_max_ms),
            Mode::Rest(_) if !self.alarmed && self.contacts.is_empty() => {
                Some(self.since + limits.rest_notice_ms)
            }
            _ => None,
        }
    }

    pub fn remove(&mut self, contact: ContactId) {
        self.contacts.retain(|(held, _)| *held != contact);
        if self.ringing == Some(contact) {
            self.ringing = None;
        }
    }

    pub fn hold(&mut self, contact: ContactId, load: Load) {
        self.remove(contact);
        self.contacts.push((contact, load));
    }

    /// What the counselor does as screens show it; `stage` tells whether a contact is in wrap-up.
    pub fn doing(&self, in_wrap_up: impl Fn(ContactId) -> bool) -> Doing {
        if self.ringing.is_some() {
            return Doing::Ringing;
        }
        if self
            .contacts
            .iter()
            .any(|(contact, _)| !in_wrap_up(*contact))
        {
            return Doing::Talking;
        }
        if !self.contacts.is_empty() {
            return Doing::WrapUp;
        }
        match self.mode {
            Mode::Rest(reason) => Doing::Resting(reason),
            Mode::Ready => Doing::Ready,
        }
    }
}
