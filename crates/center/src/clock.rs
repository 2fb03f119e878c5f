//! What happens because time has passed, and the matching of those who wait. Never a key or a
//! packet.

use crate::center::{Due, Turn};
use crate::city::{Channel, ContactId, CounselorId};
use crate::command::{Ending, RestReason};
use crate::contact::{State, Waiting};
use crate::counselor::Mode;
use crate::door::prompt;
use crate::effect::{Effect, Then};
use crate::estimate::range_min;
use crate::event::{Event, OfferEnd, Told};
use crate::routing::Choice;

impl Turn<'_> {
    /// Works off every deadline that is due, in order.
    pub fn work_off_deadlines(&mut self) {
        self.center.routing.advance(self.now);
        self.match_all();
        while let Some(due) = self.center.first_due(self.now) {
            match due {
                Due::Contact(contact) => self.contact_due(contact),
                Due::Counselor(counselor) => self.counselor_due(counselor),
            }
            self.match_all();
        }
    }

    /// Offers until nobody who waits can be given to anybody who is free. Then an emergency takes
    /// the place of other writing that only rings.
    pub fn match_all(&mut self) {
        loop {
            while let Some(choice) = self.center.routing.choose(self.now) {
                self.offer(choice);
            }
            let Some((contact, counselor)) = self.center.pressed() else {
                return;
            };
            self.give_back(counselor, OfferEnd::Emergency);
            match self.center.routing.pair(self.now, contact, counselor) {
                Some(choice) => self.offer(choice),
                None => return debug_assert!(false, "whoever rang no longer has room"),
            }
        }
    }

    fn offer(&mut self, choice: Choice) {
        let (contact, counselor) = (choice.contact, choice.counselor);
        self.emit(Event::Offered {
            contact,
            counselor,
            reason: choice.reason,
        });
        self.ask(Effect::Ring { contact, counselor });
    }

    // A table: what follows when a state has lasted too long.
    fn contact_due(&mut self, contact: ContactId) {
        if self.written_due(contact) {
            return;
        }
        let Ok(open) = self.contact(contact) else {
            return;
        };
        match open.state.clone() {
            State::Door { .. } => self.enter_queue(contact, 0),
            State::Menu { node, .. } => match self.center.city.menu.nodes.get(&node).cloned() {
                Some(node) => self.follow_silence(contact, &node),
                None => self.enter_queue(contact, 0),
            },
            State::Turned {
                queue,
                parting: false,
                ..
            } => self.serve_in_general(contact, queue),
            State::Turned { why, .. } => {
                self.ask(Effect::HangUp { contact });
                self.emit(Event::Closed {
                    contact,
                    fate: why,
                    counselor: None,
                });
            }
            State::Waiting(_) if open.line && open.row.callback => self.end_booked_line(contact),
            State::Waiting(waiting) => {
                if self.now >= waiting.alarm_at {
                    self.emit(Event::WaitAlarmed { contact });
                } else {
                    self.announce(contact, &waiting);
                }
            }
            State::Offered { counselor, .. } => {
                self.give_back(counselor, OfferEnd::Missed);
                self.rest(counselor, RestReason::Missed);
            }
            State::Dialing { .. } => {
                self.ask(Effect::CancelDial { contact });
                let ended = self.dial_failed(contact, 408);
                debug_assert!(ended.is_ok(), "a dialing contact can always fail");
            }
            State::Paused { waiting, .. } => self.requeue(contact, &waiting, false),
            State::Snoozed { .. } => debug_assert!(false, "only letters are laid aside"),
            State::Talking {
                counselor,
                noticed: false,
                ..
            } => {
                self.emit(Event::TalkLong { contact, counselor });
            }
            State::Talking { counselor, .. } | State::Leaving { counselor, .. } => {
                self.ask(Effect::HangUp { contact });
                let ending = Ending::Center;
                self.emit(Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                });
            }
            State::WrapUp {
                counselor, alarms, ..
            } => {
                self.emit(Event::WrapUpOverdue { contact, counselor });
                let rests = RestReason::Unfinished;
                let ready = |desk: &crate::counselor::Counselor| desk.mode == Mode::Ready;
                if alarms == 1 && self.counselor(counselor).is_ok_and(ready) {
                    self.rest(counselor, rests);
                }
            }
        }
    }

    fn requeue(&mut self, contact: ContactId, waiting: &Waiting, front: bool) {
        let queue = self.center.city.queues[waiting.queue].code.clone();
        self.emit(Event::Queued {
            contact,
            queue,
            since: waiting.since,
            front,
        });
    }

    fn counselor_due(&mut self, counselor: CounselorId) {
        let Ok(desk) = self.counselor(counselor) else {
            return;
        };
        if desk.lost.is_some() {
            self.desk_gone(counselor);
        } else if desk.mode == Mode::Ready {
            self.rest(counselor, RestReason::Idle);
        } else {
            self.emit(Event::RestLong { counselor });
        }
    }

    /// The chair is empty: the citizen goes to the front of the queue and keeps the age.
    pub fn lose_counselor(&mut self, contact: ContactId, counselor: CounselorId) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let queue = open.row.queue.clone();
        let since = crate::time::Time(self.now.0 - open.row.wait_ms);
        self.emit(Event::CounselorLost { contact, counselor });
        self.emit(Event::Queued {
            contact,
            queue,
            since,
            front: true,
        });
        self.ask(Effect::Park { contact });
        self.say(contact, &["counselor_gone"], Then::Music);
    }

    /// The desk did not return in time: whoever spoke with it goes to the front of the queue.
    fn desk_gone(&mut self, counselor: CounselorId) {
        let Ok(desk) = self.counselor(counselor) else {
            return;
        };
        let held: Vec<ContactId> = desk.contacts.iter().map(|(contact, _)| *contact).collect();
        self.hand_back_letters(counselor);
        for contact in held {
            let Ok(open) = self.contact(contact) else {
                continue;
            };
            match open.state {
                State::Talking { .. } => self.lose_counselor(contact, counselor),
                State::Dialing { .. } => {
                    self.ask(Effect::CancelDial { contact });
                    let ended = self.dial_failed(contact, 487);
                    debug_assert!(ended.is_ok(), "a dialing contact can always fail");
                }
                _ => {}
            }
        }
        self.emit(Event::SignedOut { counselor });
    }

    /// Tells position and wait; never more than before unless a counselor left.
    fn announce(&mut self, contact: ContactId, waiting: &Waiting) {
        let told = self.estimate(waiting.queue, Some(contact));
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let told = match open.told {
            Some(before) if before.staff <= told.staff => Told {
                position: told.position.min(before.position),
                p50_ms: shorter(told.p50_ms, before.p50_ms),
                p90_ms: shorter(told.p90_ms, before.p90_ms),
                staff: told.staff,
            },
            _ => told,
        };
        let threshold_ms = self.center.city.queues[waiting.queue].callback_from_ms;
        let long = told.p90_ms.is_none_or(|wait| wait >= threshold_ms);
        let calls = open.row.channel == Channel::Voice && !open.row.callback;
        let callback = long && calls && self.callback_possible(contact);
        self.emit(Event::WaitTold {
            contact,
            told,
            callback,
        });
        let language = self.language(contact);
        let position = match told.position {
            1..=10 => format!("queue_position_{}", told.position),
            _ => "queue_position_many".to_owned(),
        };
        let mut names = vec![position];
        match (told.p50_ms, told.p90_ms) {
            (Some(p50), Some(p90)) => names.push(range_min(p50, p90).map_or_else(
                || "wait_long".to_owned(),
                |(from, to)| format!("wait_{from}_{to}"),
            )),
            _ => names.push("please_wait".to_owned()),
        }
        if callback {
            names.push("callback_offer".to_owned());
        }
        let prompts = names.iter().map(|name| prompt(name, language)).collect();
        self.play(contact, prompts, callback, Then::Music);
    }

    /// Position and wait of someone in a queue, or of the next who enters it.
    fn estimate(&self, queue: usize, contact: Option<ContactId>) -> Told {
        self.center.estimate(self.now, queue, contact)
    }
}

fn shorter(now: Option<i64>, before: Option<i64>) -> Option<i64> {
    match (now, before) {
        (Some(now), Some(before)) => Some(now.min(before)),
        (now, _) => now,
    }
}
