//! What a counselor does at the desk. Never what a citizen's line does.

use crate::center::{Task, Turn};
use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::command::{Command, Destination, Ending, Refusal, RestReason};
use crate::contact::State;
use crate::counselor::Mode;
use crate::effect::{Effect, Then};
use crate::event::{Event, Fate, OfferEnd};
use crate::time::Time;

impl Turn<'_> {
    /// Commands that come from a desk; `None` when it is none of them.
    pub fn take_from_desk(&mut self, command: &Command) -> Option<Result<(), Refusal>> {
        Some(match command {
            Command::SignIn { counselor } => self.sign_in(*counselor),
            Command::SignOut { counselor } => self.sign_out(*counselor),
            Command::DeskLost { counselor } => self.desk_lost(*counselor),
            Command::DeskBack { counselor } => self.desk_back(*counselor),
            Command::Ready { counselor } => self.ready(*counselor),
            Command::Rest { counselor, reason } => self.take_rest(*counselor, *reason),
            Command::TakeOver { counselor, contact } => self.take_over(*counselor, *contact),
            Command::TakeTask { counselor, contact } => self.take_task(*counselor, *contact),
            Command::DropTask { counselor, contact } => self.drop_task(*counselor, *contact),
            Command::Listened {
                contact,
                counselor,
                blob,
            } => {
                let (contact, counselor, blob) = (*contact, *counselor, blob.clone());
                self.emit(Event::Listened {
                    contact,
                    counselor,
                    blob,
                });
                Ok(())
            }
            _ => return self.take_with_contact(command),
        })
    }

    fn take_with_contact(&mut self, command: &Command) -> Option<Result<(), Refusal>> {
        Some(match command {
            Command::Accept { counselor, contact } => self.accept(*counselor, *contact),
            Command::Decline { counselor, contact } => self.decline(*counselor, *contact),
            Command::Hold { counselor, contact } => self.hold(*counselor, *contact),
            Command::Resume { counselor, contact } => self.resume(*counselor, *contact),
            Command::HangUp { counselor, contact } => self.hang_up(*counselor, *contact),
            Command::Transfer {
                counselor,
                contact,
                to,
            } => self.transfer(*counselor, *contact, to),
            Command::Note {
                counselor,
                contact,
                digest,
                letters,
            } => self.note(*counselor, *contact, digest, *letters),
            Command::Classify {
                counselor,
                contact,
                category,
                outcome,
            } => self.classify(
                *counselor,
                *contact,
                category.as_deref(),
                outcome.as_deref(),
            ),
            Command::CorrectLanguage {
                counselor,
                contact,
                language,
            } => self.correct_language(*counselor, *contact, *language),
            Command::Finish {
                counselor,
                contact,
                ready,
            } => self.finish(*counselor, *contact, *ready),
            _ => return None,
        })
    }

    fn sign_in(&mut self, counselor: CounselorId) -> Result<(), Refusal> {
        self.center
            .city
            .counselor(counselor)
            .ok_or(Refusal::UnknownCounselor)?;
        if self.counselor(counselor).is_ok() {
            return self.desk_back(counselor);
        }
        self.emit(Event::SignedIn { counselor });
        Ok(())
    }

    fn sign_out(&mut self, counselor: CounselorId) -> Result<(), Refusal> {
        let held: Vec<ContactId> = self
            .counselor(counselor)?
            .contacts
            .iter()
            .map(|(contact, _)| *contact)
            .collect();
        if held.iter().any(|contact| self.talks(*contact)) {
            return Err(Refusal::StillTalking);
        }
        self.hand_back_letters(counselor);
        self.give_back(counselor, OfferEnd::SignedOut);
        self.emit(Event::SignedOut { counselor });
        Ok(())
    }

    fn talks(&self, contact: ContactId) -> bool {
        self.contact(contact).is_ok_and(|open| {
            !open.row.channel.written()
                && matches!(
                    open.state,
                    State::Talking { .. } | State::Leaving { .. } | State::Dialing { .. }
                )
        })
    }

    /// The ringing offer of a counselor returns to the front of its queue.
    pub fn give_back(&mut self, counselor: CounselorId, why: OfferEnd) {
        let ringing = self.counselor(counselor).ok().and_then(|desk| desk.ringing);
        if let Some(contact) = ringing {
            self.ask(Effect::StopRing { contact, counselor });
            self.emit(Event::OfferReturned {
                contact,
                counselor,
                why,
            });
        }
    }

    fn desk_lost(&mut self, counselor: CounselorId) -> Result<(), Refusal> {
        if self.counselor(counselor)?.lost.is_none() {
            self.emit(Event::DeskLost { counselor });
            self.give_back(counselor, OfferEnd::DeskLost);
        }
        Ok(())
    }

    fn desk_back(&mut self, counselor: CounselorId) -> Result<(), Refusal> {
        if self.counselor(counselor)?.lost.is_some() {
            self.emit(Event::DeskBack { counselor });
        }
        Ok(())
    }

    fn ready(&mut self, counselor: CounselorId) -> Result<(), Refusal> {
        if self.counselor(counselor)?.mode != Mode::Ready {
            self.emit(Event::Readied { counselor });
        }
        Ok(())
    }

    fn take_rest(&mut self, counselor: CounselorId, reason: RestReason) -> Result<(), Refusal> {
        if self.counselor(counselor)?.mode != Mode::Rest(reason) {
            self.rest(counselor, reason);
            self.give_back(counselor, OfferEnd::Declined);
        }
        Ok(())
    }

    fn offered(&self, counselor: CounselorId, contact: ContactId) -> Result<bool, Refusal> {
        self.counselor(counselor)?;
        let open = self.contact(contact)?;
        match open.state {
            State::Offered { counselor: to, .. } if to == counselor => {
                Ok(open.row.callback && !open.line)
            }
            State::Offered { .. } => Err(Refusal::NotYours),
            _ => Err(Refusal::WrongState),
        }
    }

    fn accept(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        let calls_back = self.offered(counselor, contact)?;
        self.ask(Effect::StopRing { contact, counselor });
        if calls_back {
            let attempt = self.contact(contact)?.dials + 1;
            self.emit(Event::Dialed {
                contact,
                counselor,
                attempt,
            });
            self.ask(Effect::Dial { contact });
        } else {
            self.emit(Event::Answered { contact, counselor });
            if !self.contact(contact)?.row.channel.written() {
                self.ask(Effect::Bridge { contact, counselor });
            }
        }
        Ok(())
    }

    fn decline(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        self.offered(counselor, contact)?;
        self.give_back(counselor, OfferEnd::Declined);
        self.rest(counselor, RestReason::Break);
        Ok(())
    }

    fn mine(&self, counselor: CounselorId, contact: ContactId) -> Result<State, Refusal> {
        let open = self.contact(contact)?;
        if open.counselor() == Some(counselor) {
            Ok(open.state.clone())
        } else {
            Err(Refusal::NotYours)
        }
    }

    /// Refuses what is done to a record by anybody but the counselor who writes it.
    pub fn records(&self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        match self.mine(counselor, contact)? {
            State::Talking { .. } | State::Leaving { .. } | State::WrapUp { .. } => Ok(()),
            _ => Err(Refusal::WrongState),
        }
    }

    fn talking(&self, counselor: CounselorId, contact: ContactId) -> Result<bool, Refusal> {
        match self.mine(counselor, contact)? {
            State::Talking { .. } => {
                Ok(self.contact(contact)?.row.stage == crate::record::Stage::Hold)
            }
            _ => Err(Refusal::WrongState),
        }
    }

    /// Refuses what only a call can do.
    fn speaks(&self, contact: ContactId) -> Result<(), Refusal> {
        if self.contact(contact)?.row.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        Ok(())
    }

    fn hold(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        self.speaks(contact)?;
        if !self.talking(counselor, contact)? {
            self.emit(Event::Held { contact, counselor });
            self.ask(Effect::Park { contact });
        }
        Ok(())
    }

    fn resume(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        if self.talking(counselor, contact)? {
            self.emit(Event::Resumed { contact, counselor });
            self.ask(Effect::Bridge { contact, counselor });
        }
        Ok(())
    }

    fn hang_up(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        let channel = self.contact(contact)?.row.channel;
        if channel.written() && channel != Channel::Chat {
            return Err(Refusal::WrongChannel);
        }
        if self.spoke_with_nobody(counselor, contact)? {
            self.lose_counselor(contact, counselor);
            self.rest(counselor, RestReason::Break);
            return Ok(());
        }
        match self.mine(counselor, contact)? {
            State::Talking { .. } | State::Leaving { .. } => {
                self.ask(Effect::HangUp { contact });
                let ending = Ending::Center;
                self.emit(Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                });
                Ok(())
            }
            State::Dialing { .. } => {
                self.ask(Effect::CancelDial { contact });
                self.dial_failed(contact, 487)
            }
            _ => Err(Refusal::WrongState),
        }
    }

    /// Whether a citizen who waited was answered only a moment ago: no word can have been said.
    fn spoke_with_nobody(
        &self,
        counselor: CounselorId,
        contact: ContactId,
    ) -> Result<bool, Refusal> {
        let state = self.mine(counselor, contact)?;
        let open = self.contact(contact)?;
        let called_in = !open.outbound() && !open.row.channel.written();
        let min_ms = self.center.city.limits.talk_min_ms;
        let fresh = open.letters.held.is_some_and(|at| self.now - at < min_ms);
        Ok(called_in && fresh && matches!(state, State::Talking { .. }))
    }

    fn transfer(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        to: &Destination,
    ) -> Result<(), Refusal> {
        self.talking(counselor, contact)?;
        match to {
            Destination::Queue(code) => {
                self.center
                    .city
                    .queue_index(code)
                    .ok_or(Refusal::UnknownQueue)?;
                // The time waited so far is kept: nobody starts anew because of a transfer.
                let since = Time(self.now.0 - self.contact(contact)?.row.wait_ms);
                let queue = code.clone();
                self.emit(Event::Transferred {
                    contact,
                    counselor,
                    queue: queue.clone(),
                });
                self.emit(Event::Queued {
                    contact,
                    queue,
                    since,
                    front: false,
                });
                self.ask(Effect::Park { contact });
                self.say(contact, &["connecting"], Then::Music);
            }
            Destination::Number { token } => {
                self.speaks(contact)?;
                if !self.center.city.callbacks {
                    return Err(Refusal::NoRoute);
                }
                self.emit(Event::TransferredOut {
                    contact,
                    counselor,
                    to: token.clone(),
                });
                self.ask(Effect::Park { contact });
                self.ask(Effect::TransferOut { contact });
            }
        }
        Ok(())
    }

    /// The counselor whose record it is: with the contact now, or last before a transfer.
    fn writes(&self, counselor: CounselorId, contact: ContactId) -> Result<State, Refusal> {
        let state = self.mine(counselor, contact)?;
        match state {
            State::Talking { .. }
            | State::Leaving { .. }
            | State::WrapUp { .. }
            | State::Offered { .. }
            | State::Dialing { .. } => Ok(state),
            _ => Err(Refusal::WrongState),
        }
    }

    fn note(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        digest: &str,
        letters: u32,
    ) -> Result<(), Refusal> {
        self.writes(counselor, contact)?;
        if letters as usize > self.center.city.limits.note_letters_max {
            return Err(Refusal::TooLong);
        }
        let digest = digest.to_owned();
        self.emit(Event::NoteSaved {
            contact,
            counselor,
            digest,
            letters,
        });
        Ok(())
    }

    fn classify(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        category: Option<&str>,
        outcome: Option<&str>,
    ) -> Result<(), Refusal> {
        self.writes(counselor, contact)?;
        if category.is_some_and(|code| !self.center.city.is_leaf(code)) {
            return Err(Refusal::UnknownCategory);
        }
        if outcome.is_some_and(|code| !self.center.city.is_outcome(code)) {
            return Err(Refusal::UnknownOutcome);
        }
        let row = &self.contact(contact)?.row;
        let chosen = |new: Option<&str>, old: &str| match new {
            Some(code) => Some(code.to_owned()),
            None => (!old.is_empty()).then(|| old.to_owned()),
        };
        let category = chosen(category, &row.category);
        let outcome = chosen(outcome, &row.outcome);
        self.emit(Event::Classified {
            contact,
            counselor,
            category,
            outcome,
        });
        Ok(())
    }

    /// The language of a record is the counselor's to correct as long as they have it.
    fn correct_language(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        language: Language,
    ) -> Result<(), Refusal> {
        self.records(counselor, contact)?;
        if self.contact(contact)?.row.language != language {
            self.emit(Event::LanguageCorrected {
                contact,
                counselor,
                language,
            });
        }
        Ok(())
    }

    fn finish(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        ready: bool,
    ) -> Result<(), Refusal> {
        let written = self.contact(contact)?.row.channel.written();
        match self.mine(counselor, contact)? {
            State::WrapUp { .. } => {}
            State::Talking { .. } if written => {}
            State::Talking { .. } | State::Leaving { .. } | State::Dialing { .. } => {
                return Err(Refusal::StillTalking);
            }
            _ => return Err(Refusal::WrongState),
        }
        let open = self.contact(contact)?;
        if open.row.category.is_empty() {
            return Err(Refusal::CategoryMissing);
        }
        if open.row.outcome.is_empty() {
            return Err(Refusal::OutcomeMissing);
        }
        let fate = if open.outbound() {
            Fate::Outbound
        } else {
            Fate::Answered
        };
        self.emit(Event::Closed {
            contact,
            fate,
            counselor: Some(counselor),
        });
        if self.counselor(counselor).is_ok() {
            if ready {
                self.ready(counselor)?;
            } else {
                self.take_rest(counselor, RestReason::Break)?;
            }
        }
        Ok(())
    }

    fn take_over(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        let profile = self.center.city.counselor(counselor);
        if !profile.is_some_and(|profile| profile.supervisor) {
            return Err(Refusal::SupervisorsOnly);
        }
        let free = self.counselor(counselor)?.contacts.is_empty();
        let open = self.contact(contact)?;
        let State::WrapUp {
            counselor: from,
            left,
            ..
        } = open.state
        else {
            return Err(Refusal::WrongState);
        };
        if !free || !open.unfinished() || from == counselor {
            return Err(Refusal::WrongState);
        }
        let wrote_ms = left.unwrap_or(self.now) - open.row.since;
        let wrote_ms = wrote_ms.clamp(0, self.center.city.limits.wrap_up_max_ms);
        self.emit(Event::RecordTakenOver {
            contact,
            counselor,
            from,
            wrote_ms,
        });
        Ok(())
    }

    fn task(&self, contact: ContactId) -> Result<&Task, Refusal> {
        self.center
            .tasks
            .get(&contact)
            .ok_or(Refusal::UnknownContact)
    }

    fn take_task(&mut self, counselor: CounselorId, owed: ContactId) -> Result<(), Refusal> {
        let task = self.task(owed)?;
        let (caller, language) = (task.caller.clone(), task.language);
        if !self.center.city.callbacks {
            return Err(Refusal::NoRoute);
        }
        if !self.counselor(counselor)?.contacts.is_empty() {
            return Err(Refusal::WrongState);
        }
        let contact = self.center.next_contact();
        self.emit(Event::Arrived {
            contact,
            key: format!("task-{owed}-{contact}"),
            channel: Channel::Voice,
            caller,
            via: "callback".to_owned(),
            repeat: true,
        });
        self.emit(Event::TaskTaken {
            contact,
            task: owed,
            counselor,
        });
        self.emit(Event::LanguageChosen { contact, language });
        self.emit(Event::TaskClosed {
            contact: owed,
            counselor,
            called: true,
        });
        self.emit(Event::Dialed {
            contact,
            counselor,
            attempt: 1,
        });
        self.ask(Effect::Dial { contact });
        Ok(())
    }

    fn drop_task(&mut self, counselor: CounselorId, owed: ContactId) -> Result<(), Refusal> {
        self.task(owed)?;
        self.counselor(counselor)?;
        self.emit(Event::TaskClosed {
            contact: owed,
            counselor,
            called: false,
        });
        Ok(())
    }
}
