//! Letters of every kind: who writes into which contact, what is answered by the house itself, what
//! a silence means, what a caller is sent to keep. Never what becomes of a call.

use crate::center::Turn;
use crate::city::{Channel, ContactId, CounselorId, Language};
use crate::command::{Answer, CallText, Command, Ending, Refusal, Reply, Written};
use crate::contact::{Contact, State, Waiting};
use crate::effect::Effect;
use crate::event::{Event, Fate, Fortune, Marks, OfferEnd};
use crate::time::Time;

/// The house's own texts, by name. Wings hold them in every language.
pub const TOO_LONG: &str = "too_long";
/// Asks what was meant.
pub const UNCLEAR: &str = "unclear";
/// Asks whether the citizen is still there.
pub const STILL_THERE: &str = "still_there";
/// Names the emergency numbers.
pub const EMERGENCY: &str = "emergency";
/// Nobody is here now; says when.
pub const CLOSED: &str = "closed";
/// No more messages that were not asked for.
pub const OPTED_OUT: &str = "opted_out";
/// Such messages come again.
pub const OPTED_IN: &str = "opted_in";

/// The conversation of a chat goes to the citizen's mail address. In writing it is the
/// conversation itself.
pub const TRANSCRIPT: &str = "transcript";

/// Every text of the house that a wing must hold.
pub const TEXTS: [&str; 8] = [
    TOO_LONG,
    UNCLEAR,
    STILL_THERE,
    EMERGENCY,
    CLOSED,
    OPTED_OUT,
    OPTED_IN,
    TRANSCRIPT,
];

/// What became of the citizen's conversation when a message came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Opened,
    Resting,
    Open,
}

impl Turn<'_> {
    /// Commands about letters; `None` when it is none of them.
    pub fn take_written(&mut self, command: &Command) -> Option<Result<Answer, Refusal>> {
        let done = |result: Result<(), Refusal>| result.map(|()| Answer::Done);
        Some(match command {
            Command::Written(written) => self.write(written),
            Command::Reply(reply) => self.reply(reply),
            Command::TextCaller(text) => self.text_caller(text),
            Command::Changed {
                contact,
                message,
                digest,
                letters,
            } => {
                let (contact, message) = (*contact, *message);
                done(self.known(contact, message).map(|()| {
                    self.emit(Event::MessageChanged {
                        contact,
                        message,
                        digest: digest.clone(),
                        letters: *letters,
                    });
                }))
            }
            Command::Withdrawn { contact, message } => {
                let (contact, message) = (*contact, *message);
                done(self.known(contact, message).map(|()| {
                    self.emit(Event::MessageWithdrawn { contact, message });
                }))
            }
            Command::Present { contact } => done(self.present(*contact)),
            Command::Transcript { contact, digest } => self.transcript(*contact, digest),
            Command::Fared {
                contact,
                message,
                fortune,
                reference,
            } => done(self.fared(*contact, *message, *fortune, reference)),
            Command::Snooze {
                counselor,
                contact,
                until,
            } => done(self.snooze(*counselor, *contact, *until)),
            Command::Assign {
                counselor,
                contact,
                to,
            } => done(self.assign(*counselor, *contact, *to)),
            Command::Merge {
                counselor,
                contact,
                into,
            } => done(self.merge(*counselor, *contact, *into)),
            Command::Unmerge { counselor, contact } => done(self.unmerge(*counselor, *contact)),
            Command::DeadLetter {
                via,
                key,
                reason,
                blob,
            } => {
                self.dead_letter(via, key, reason, blob);
                Ok(Answer::Done)
            }
            _ => return None,
        })
    }

    /// A message belongs to the conversation it came in, or opens one. Nothing is lost: what is
    /// too long, odd or written by a machine is taken and counted like the rest.
    fn write(&mut self, written: &Written) -> Result<Answer, Refusal> {
        if !written.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        if let Some((contact, message)) = self.center.conversations.message(&written.key) {
            return Ok(Answer::Message {
                contact,
                message,
                again: true,
            });
        }
        let known = self.center.conversations.contact(&written.thread);
        let (contact, way) = match known {
            Some(id) if self.contact(id).is_ok() => (id, Way::Open),
            Some(id) if self.goes_on(id) => (id, Way::Resting),
            _ => (self.open_written(written), Way::Opened),
        };
        let message = self.next_message(contact);
        self.emit(Event::MessageReceived {
            contact,
            message,
            key: written.key.clone(),
            via: written.via.clone(),
            thread: written.thread.clone(),
            digest: written.digest.clone(),
            letters: written.letters,
            files: written.files,
            marks: written.marks,
        });
        self.lead_on(contact, written, way);
        Ok(Answer::Message {
            contact,
            message,
            again: false,
        })
    }

    /// Whether the conversation of a closed contact may still go on. A chat that is over is over.
    fn goes_on(&self, id: ContactId) -> bool {
        let resting = self.center.conversations.resting.get(&id);
        let own = resting.filter(|contact| contact.row.channel != Channel::Chat);
        let closed = own.and_then(|contact| contact.row.closed);
        closed.is_some_and(|at| self.now - at <= self.center.city.limits.thread_quiet_ms)
    }

    fn open_written(&mut self, written: &Written) -> ContactId {
        let contact = self.center.next_contact();
        self.emit(Event::Arrived {
            contact,
            key: written.key.clone(),
            channel: written.channel,
            caller: written.caller.clone(),
            via: written.via.clone(),
            repeat: self.center.recent.contains_key(&written.caller),
        });
        let own = self.language(contact);
        if let Some(language) = written.language.filter(|language| *language != own) {
            self.emit(Event::LanguageChosen { contact, language });
        }
        contact
    }

    fn next_message(&self, contact: ContactId) -> u32 {
        let known = self.center.conversation(contact);
        known.map_or(1, |contact| contact.row.messages + 1)
    }

    /// What follows from a message besides that it is there.
    fn lead_on(&mut self, contact: ContactId, written: &Written, way: Way) {
        let Marks {
            urgent,
            over,
            automatic,
            damaged,
            ..
        } = written.marks;
        if let Some(allowed) = written.consent {
            self.emit(Event::ConsentChanged { contact, allowed });
            self.say_in_writing(contact, if allowed { OPTED_IN } else { OPTED_OUT });
        }
        let asks = written.consent.is_none() && !automatic;
        match way {
            Way::Opened if asks => {
                let language = self.language(contact);
                self.enter_written(contact, written.channel, language, urgent);
            }
            Way::Opened => self.emit(Event::Closed {
                contact,
                fate: Fate::Automatic,
                counselor: None,
            }),
            Way::Resting if asks => {
                self.emit(Event::Reopened { contact });
                self.queue_again(contact);
            }
            Way::Resting => {}
            Way::Open => self.message_in_open(contact, urgent, asks),
        }
        if automatic {
            return;
        }
        if urgent {
            self.say_in_writing(contact, EMERGENCY);
        }
        let told = |open: &Contact| open.letters.told_over;
        if over && !self.center.conversation(contact).is_some_and(told) {
            self.say_in_writing(contact, TOO_LONG);
        }
        let asked = |open: &Contact| open.row.unclear;
        if damaged && !self.center.conversation(contact).is_some_and(asked) {
            self.say_in_writing(contact, UNCLEAR);
        }
    }

    fn message_in_open(&mut self, contact: ContactId, urgent: bool, asks: bool) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        match &open.state {
            State::Snoozed { .. } if asks => self.queue_again(contact),
            State::Waiting(Waiting { front: false, .. }) if urgent => {
                self.emit(Event::Escalated {
                    contact,
                    late: false,
                });
            }
            _ => {}
        }
    }

    /// Lets a written contact wait: it is never turned away, only told when nobody is here.
    pub fn enter_written(
        &mut self,
        contact: ContactId,
        channel: Channel,
        language: Language,
        front: bool,
    ) {
        let queue = self.written_queue(channel, language);
        let settings = &self.center.city.queues[queue];
        let (code, open) = (
            settings.code.clone(),
            settings.hours.open(&self.center.city.zone, self.now),
        );
        let kept = self.contact(contact).ok().and_then(|open| open.kept_since);
        self.emit(Event::Queued {
            contact,
            queue: code,
            since: kept.unwrap_or(self.now),
            front,
        });
        if !open {
            self.say_in_writing(contact, CLOSED);
        }
    }

    /// The queue of a channel and a language, else the one of the channel for any language.
    fn written_queue(&self, channel: Channel, language: Language) -> usize {
        let queues = &self.center.city.queues;
        let position = |asked: Option<Language>| {
            let fits =
                |queue: &crate::city::Queue| queue.channel == channel && queue.language == asked;
            queues.iter().position(fits)
        };
        let any = || queues.iter().position(|queue| queue.channel == channel);
        position(Some(language))
            .or_else(|| position(None))
            .or_else(any)
            .unwrap_or(0)
    }

    /// Back to the front of its queue, or of the one for its language where that was corrected: it
    /// was here before.
    fn queue_again(&mut self, contact: ContactId) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let queue = self.written_queue(open.row.channel, open.row.language);
        let since = open.letters.owed.map_or(self.now, |(since, _)| since);
        let queue = self.center.city.queues[queue].code.clone();
        self.emit(Event::Queued {
            contact,
            queue,
            since,
            front: true,
        });
    }

    /// The house answers by itself: never a machine, never in public. What is not said once in a
    /// conversation or asked for is said seldom.
    pub fn say_in_writing(&mut self, contact: ContactId, text: &str) {
        let Some(open) = self.center.conversation(contact) else {
            return;
        };
        let Some((_, answers)) = open.letters.last_in else {
            return;
        };
        let pause_ms = self.center.city.limits.auto_reply_ms;
        let seldom = text == CLOSED;
        let lately = |at: Time| self.now - at < pause_ms;
        let channel = open.row.channel;
        if channel == Channel::Social || seldom && open.letters.last_auto.is_some_and(lately) {
            return;
        }
        let message = open.row.messages + 1;
        self.emit(Event::MessageSent {
            contact,
            message,
            counselor: None,
            answers,
            text: Some(text.to_owned()),
            digest: String::new(),
            letters: 0,
            files: 0,
            private: true,
            to: String::new(),
        });
        if channel != Channel::Chat {
            self.ask(Effect::Send { contact, message });
        }
    }

    /// The citizen is there. Written down only where it changes what would happen soon, so at most
    /// once a minute however often a page tells it.
    fn present(&mut self, contact: ContactId) -> Result<(), Refusal> {
        let open = self.contact(contact)?;
        if open.row.channel != Channel::Chat {
            return Err(Refusal::WrongChannel);
        }
        let limits = &self.center.city.limits;
        let letters = &open.letters;
        let silent = letters.silent_since(limits);
        let talks = matches!(open.state, State::Talking { .. });
        let near = |since: Time| self.now - since >= limits.chat_nudge_ms / 2;
        if talks && silent.is_some_and(|since| letters.nudged || near(since)) {
            self.emit(Event::StillPresent { contact });
        }
        Ok(())
    }

    /// Mails a chat that a counselor has answered in; nobody else's words leave the house.
    fn transcript(&mut self, contact: ContactId, digest: &str) -> Result<Answer, Refusal> {
        let known = self.center.conversation(contact);
        let open = known.ok_or(Refusal::UnknownContact)?;
        if open.row.channel != Channel::Chat {
            return Err(Refusal::WrongChannel);
        }
        if open.row.replied.is_none() {
            return Err(Refusal::WrongState);
        }
        let mut mailed = open.letters.mailed.iter();
        if let Some((_, message)) = mailed.find(|(known, _)| known == digest) {
            return Ok(Answer::Message {
                contact,
                message: *message,
                again: true,
            });
        }
        let message = open.row.messages + 1;
        if open.letters.mailed.len() >= self.center.city.limits.transcripts_max {
            return Err(Refusal::TooOften);
        }
        let answers = open.letters.last_in.map_or(0, |(_, message)| message);
        self.emit(Event::MessageSent {
            contact,
            message,
            counselor: None,
            answers,
            text: Some(TRANSCRIPT.to_owned()),
            digest: digest.to_owned(),
            letters: 0,
            files: 0,
            private: true,
            to: String::new(),
        });
        self.ask(Effect::Send { contact, message });
        Ok(Answer::Message {
            contact,
            message,
            again: false,
        })
    }

    fn reply(&mut self, reply: &Reply) -> Result<Answer, Refusal> {
        let (contact, counselor) = (reply.contact, reply.counselor);
        let open = self.contact(contact)?;
        if open.counselor() != Some(counselor) {
            return Err(Refusal::NotYours);
        }
        if !open.row.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        if !matches!(open.state, State::Talking { .. } | State::WrapUp { .. }) {
            return Err(Refusal::WrongState);
        }
        if reply.letters as usize > self.center.city.limits.note_letters_max {
            return Err(Refusal::TooLong);
        }
        let last = open.letters.last_in.map_or(0, |(_, message)| message);
        if reply.answers > open.row.messages {
            return Err(Refusal::UnknownMessage);
        }
        let message = open.row.messages + 1;
        let channel = open.row.channel;
        self.emit(Event::MessageSent {
            contact,
            message,
            counselor: Some(counselor),
            answers: if reply.answers == 0 {
                last
            } else {
                reply.answers
            },
            text: reply.text.clone(),
            digest: reply.digest.clone(),
            letters: reply.letters,
            files: reply.files,
            private: reply.private,
            to: String::new(),
        });
        if channel != Channel::Chat {
            self.ask(Effect::Send { contact, message });
        }
        Ok(Answer::Message {
            contact,
            message,
            again: false,
        })
    }

    /// Sends the caller of a call an answer to keep, while the counselor has the call or writes its
    /// record. It is a message of the call itself.
    fn text_caller(&mut self, text: &CallText) -> Result<Answer, Refusal> {
        let (contact, counselor) = (text.contact, text.counselor);
        let open = self.contact(contact)?;
        if open.counselor() != Some(counselor) {
            return Err(Refusal::NotYours);
        }
        if open.row.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        if !matches!(open.state, State::Talking { .. } | State::WrapUp { .. }) {
            return Err(Refusal::WrongState);
        }
        let city = &self.center.city;
        if !city.texting {
            return Err(Refusal::NoTexts);
        }
        let to = text.to.as_ref().unwrap_or(&open.row.caller);
        if to.is_empty() {
            return Err(Refusal::NumberUnknown);
        }
        if text.letters as usize > city.limits.text_letters_max {
            return Err(Refusal::TooLong);
        }
        if open.row.messages_out >= city.limits.call_texts_max {
            return Err(Refusal::TooOften);
        }
        let (message, to) = (open.row.messages + 1, to.clone());
        self.emit(Event::MessageSent {
            contact,
            message,
            counselor: Some(counselor),
            answers: 0,
            text: None,
            digest: text.digest.clone(),
            letters: text.letters,
            files: 0,
            private: true,
            to,
        });
        self.ask(Effect::Send { contact, message });
        Ok(Answer::Message {
            contact,
            message,
            again: false,
        })
    }

    /// Whether a message may exist: those of contacts that left memory are believed.
    fn known(&self, contact: ContactId, message: u32) -> Result<(), Refusal> {
        let last = self
            .center
            .conversation(contact)
            .map(|open| open.row.messages);
        let arrived = contact.0 > 0 && contact < self.center.next_contact();
        if arrived && message > 0 && last.is_none_or(|last| message <= last) {
            Ok(())
        } else {
            Err(Refusal::UnknownMessage)
        }
    }

    /// What became of a message. Contacts that left memory take it too: the outbox tells each
    /// fortune once.
    fn fared(
        &mut self,
        contact: ContactId,
        message: u32,
        fortune: Fortune,
        reference: &str,
    ) -> Result<(), Refusal> {
        let known = self.center.conversation(contact);
        if known.is_some_and(|open| !open.letters.under_way.contains(&message)) {
            return Err(Refusal::WrongState);
        }
        if contact >= self.center.next_contact() {
            return Err(Refusal::UnknownContact);
        }
        self.emit(Event::MessageFared {
            contact,
            message,
            fortune,
            reference: reference.to_owned(),
        });
        Ok(())
    }

    /// A written contact that this counselor holds.
    fn letter(&self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        let open = self.contact(contact)?;
        if !open.row.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        match open.state {
            State::Talking {
                counselor: with, ..
            } if with == counselor => Ok(()),
            State::Talking { .. } => Err(Refusal::NotYours),
            _ => Err(Refusal::WrongState),
        }
    }

    fn snooze(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        until: Time,
    ) -> Result<(), Refusal> {
        self.letter(counselor, contact)?;
        if until <= self.now {
            return Err(Refusal::WrongState);
        }
        self.emit(Event::Snoozed {
            contact,
            counselor,
            until,
        });
        Ok(())
    }

    fn assign(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        to: CounselorId,
    ) -> Result<(), Refusal> {
        self.letter(counselor, contact)?;
        self.counselor(to)?;
        self.emit(Event::Assigned {
            contact,
            counselor,
            to,
        });
        Ok(())
    }

    fn merge(
        &mut self,
        counselor: CounselorId,
        contact: ContactId,
        into: ContactId,
    ) -> Result<(), Refusal> {
        if self.contact(into)?.row.channel.written() {
            self.letter(counselor, into)?;
        } else {
            // What a caller wrote belongs to the record of the call, as long as it is written.
            self.records(counselor, into)?;
        }
        let open = self.contact(contact)?;
        if contact == into || !open.row.channel.written() {
            return Err(Refusal::WrongChannel);
        }
        match open.state {
            State::Talking {
                counselor: with, ..
            } if with != counselor => return Err(Refusal::NotYours),
            State::WrapUp { .. } => return Err(Refusal::WrongState),
            State::Offered { counselor, .. } => self.ask(Effect::StopRing { contact, counselor }),
            _ => {}
        }
        self.emit(Event::Merged {
            contact,
            counselor,
            into,
        });
        self.emit(Event::Closed {
            contact,
            fate: Fate::Merged,
            counselor: Some(counselor),
        });
        Ok(())
    }

    fn unmerge(&mut self, counselor: CounselorId, contact: ContactId) -> Result<(), Refusal> {
        self.counselor(counselor)?;
        let resting = self.center.conversations.resting.get(&contact);
        let into = resting.and_then(|contact| contact.row.merged);
        let into = into.ok_or(Refusal::WrongState)?;
        let goes_on = self.center.conversation(into);
        let in_writing = goes_on.is_some_and(|into| into.row.channel.written());
        self.emit(Event::Unmerged { contact, counselor });
        self.emit(Event::Reopened { contact });
        if !in_writing {
            // Beside a call there is no room for it.
            self.queue_again(contact);
            return Ok(());
        }
        self.emit(Event::Assigned {
            contact,
            counselor,
            to: counselor,
        });
        Ok(())
    }

    fn dead_letter(&mut self, via: &str, key: &str, reason: &str, blob: &str) {
        if self.center.conversations.message(key).is_none() {
            self.emit(Event::DeadLettered {
                via: via.to_owned(),
                key: key.to_owned(),
                reason: reason.to_owned(),
                blob: blob.to_owned(),
            });
        }
    }

    /// The counselor is gone: what they held goes to the front of its queue.
    pub fn hand_back_letters(&mut self, counselor: CounselorId) {
        for contact in self.center.letters_of(counselor) {
            self.hand_back(contact, counselor);
        }
    }

    fn hand_back(&mut self, contact: ContactId, counselor: CounselorId) {
        self.emit(Event::HandedBack { contact, counselor });
        self.queue_again(contact);
    }

    /// Works off the deadline of a written contact; false when a call's rules serve.
    pub fn written_due(&mut self, contact: ContactId) -> bool {
        let Ok(open) = self.contact(contact) else {
            return true;
        };
        if !open.row.channel.written() {
            return false;
        }
        let own = open.due_of_state(&self.center.city.limits);
        match open.state.clone() {
            State::WrapUp { .. } => return false,
            State::Snoozed { .. } => self.queue_again(contact),
            _ if own > self.now => {
                let late = open.letters.escalated > 0;
                self.emit(Event::Escalated { contact, late });
            }
            State::Door { .. } => {
                let (channel, language) = (open.row.channel, open.row.language);
                self.enter_written(contact, channel, language, false);
            }
            State::Talking { counselor, .. } => self.silence(contact, counselor),
            _ => return false,
        }
        true
    }

    /// Nothing was written for long: the citizen is asked, the conversation ends, or the counselor
    /// who never answered gives it back.
    fn silence(&mut self, contact: ContactId, counselor: CounselorId) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let letters = &open.letters;
        if letters.owed.is_some() || letters.last_out.is_none() {
            return self.hand_back(contact, counselor);
        }
        if open.row.channel == Channel::Chat && !letters.nudged {
            return self.say_in_writing(contact, STILL_THERE);
        }
        let complete = !open.row.category.is_empty() && !open.row.outcome.is_empty();
        let fate = if spoke_not(open) {
            Some(Fate::Silent)
        } else {
            complete.then_some(Fate::Answered)
        };
        let ending = Ending::Quiet;
        self.emit(match fate {
            Some(fate) => Event::Closed {
                contact,
                fate,
                counselor: (fate == Fate::Answered).then_some(counselor),
            },
            None => Event::TalkEnded {
                contact,
                counselor,
                ending,
            },
        });
    }

    /// A citizen whose page is gone left a chat: without a word since a counselor answered, it is
    /// a silent leaving. True when that was it.
    pub fn left_silently(&mut self, contact: ContactId, ending: Ending) -> bool {
        let with_counselor = |open: &Contact| matches!(open.state, State::Talking { .. });
        let silent = self
            .contact(contact)
            .is_ok_and(|open| with_counselor(open) && spoke_not(open));
        if silent && ending == Ending::LineLost {
            self.emit(Event::Closed {
                contact,
                fate: Fate::Silent,
                counselor: None,
            });
            return true;
        }
        false
    }

    /// The center starts again: conversations wait where they were, their counselors are gone.
    /// True when it was one.
    pub fn restart_written(&mut self, contact: ContactId) -> bool {
        let Ok(open) = self.contact(contact) else {
            return true;
        };
        if !open.row.channel.written() {
            return false;
        }
        match open.state {
            State::Offered { counselor, .. } => self.emit(Event::OfferReturned {
                contact,
                counselor,
                why: OfferEnd::DeskLost,
            }),
            State::Talking { counselor, .. } => self.hand_back(contact, counselor),
            State::Door { .. } => {
                let (channel, language) = (open.row.channel, open.row.language);
                self.enter_written(contact, channel, language, false);
            }
            _ => {}
        }
        true
    }
}

/// Whether the citizen wrote nothing since a counselor answered.
fn spoke_not(open: &Contact) -> bool {
    let last = open.letters.last_in.map(|(at, _)| at);
    open.row.channel == Channel::Chat
        && open
            .row
            .answered
            .is_some_and(|answered| last.is_none_or(|last| last < answered))
}
