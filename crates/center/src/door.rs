//! From the first packet to the queue: arrival, menu, keys, the end of a line. Never a counselor's
//! key.

use crate::center::Turn;
use crate::city::{Channel, ContactId, Language};
use crate::command::{Command, Ending, Refusal};
use crate::contact::State;
use crate::effect::{Effect, Then};
use crate::event::{Event, Fate};
use crate::menu::{Node, Prompt, Target};

impl Turn<'_> {
    /// Commands that come from a citizen's line; `None` when it is none of them.
    pub fn take_from_line(&mut self, command: &Command) -> Option<Result<(), Refusal>> {
        Some(match command {
            Command::Key { contact, key } => self.key(*contact, *key),
            Command::Played { contact, play } => self.played(*contact, *play),
            Command::Left { contact, ending } => self.left(*contact, *ending),
            Command::DialAnswered { contact } => self.dial_answered(*contact),
            Command::DialFailed { contact, status } => self.dial_failed(*contact, *status),
            Command::TransferAnswered { contact } => self.transfer_ended(*contact, 200),
            Command::Recorded {
                contact,
                blob,
                length_ms,
                keep_until,
                cut,
            } => {
                self.emit(Event::Recorded {
                    contact: *contact,
                    blob: blob.clone(),
                    length_ms: *length_ms,
                    keep_until: *keep_until,
                    cut: *cut,
                });
                Ok(())
            }
            Command::RecordingErased { contact, blob } => {
                self.emit(Event::RecordingErased {
                    contact: *contact,
                    blob: blob.clone(),
                });
                Ok(())
            }
            Command::ErasePersonal { contact } => self.erase_personal(*contact),
            Command::Announce { prompts } => {
                if *prompts != self.center.announced {
                    self.emit(Event::Announced {
                        prompts: prompts.clone(),
                    });
                }
                Ok(())
            }
            _ => return None,
        })
    }

    /// Nobody may need the number any more, and nothing be written to the note.
    fn erase_personal(&mut self, contact: ContactId) -> Result<(), Refusal> {
        if self.contact(contact).is_ok() || self.center.owes_callback(contact) {
            return Err(Refusal::WrongState);
        }
        self.emit(Event::PersonalErased { contact });
        Ok(())
    }

    /// A citizen is at the door. The contact exists before anything is answered.
    pub fn arrive(
        &mut self,
        key: &str,
        channel: Channel,
        caller: &str,
        via: &str,
        live: bool,
    ) -> ContactId {
        if let Some(known) = self.center.contact_by_key(key) {
            return known;
        }
        let contact = self.center.next_contact();
        let full = self.center.lines >= self.center.city.limits.calls_max;
        self.emit(Event::Arrived {
            contact,
            key: key.to_owned(),
            channel,
            caller: caller.to_owned(),
            via: via.to_owned(),
            repeat: self.center.recent.contains_key(caller),
        });
        if !live {
            self.interrupt(contact, "door");
        } else if channel.written() {
            let language = self.language(contact);
            self.enter_written(contact, channel, language, false);
        } else if channel != Channel::Voice {
            let own = |queue: &crate::city::Queue| queue.channel == channel;
            let queue = self.center.city.queues.iter().position(own).unwrap_or(0);
            self.enter_queue(contact, queue);
        } else if full {
            let retry_after_s = Some(self.center.city.limits.retry_after_s);
            self.ask(Effect::Refuse {
                contact,
                key: key.to_owned(),
                status: 503,
                retry_after_s,
            });
            self.emit(Event::Closed {
                contact,
                fate: Fate::Capped,
                counselor: None,
            });
        } else {
            self.ask(Effect::Answer {
                contact,
                key: key.to_owned(),
            });
            let entry = self.center.city.menu.entry.clone();
            self.follow(contact, &Target::Node(entry));
        }
        contact
    }

    /// The center stopped in mid-contact: it is closed as such and a callback is owed.
    pub fn interrupt(&mut self, contact: ContactId, stage: &str) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let owes = !open.row.caller.is_empty() && !open.outbound();
        let task = open.task;
        self.emit(Event::Interrupted {
            contact,
            stage: stage.to_owned(),
        });
        if owes {
            self.emit(Event::TaskOpened { contact });
        }
        if let Some(task) = task {
            self.emit(Event::TaskOpened { contact: task });
        }
        let fate = if task.is_some() {
            Fate::Outbound
        } else {
            Fate::Interrupted
        };
        self.emit(Event::Closed {
            contact,
            fate,
            counselor: None,
        });
    }

    /// Goes where a key, silence or the end of a node leads.
    fn follow(&mut self, contact: ContactId, target: &Target) {
        match target {
            Target::Node(name) => match self.center.city.menu.nodes.get(name).cloned() {
                Some(node) => {
                    self.emit(Event::MenuEntered {
                        contact,
                        node: name.clone(),
                    });
                    let entry = *name == self.center.city.menu.entry;
                    let announced = if entry {
                        self.center.announced.clone()
                    } else {
                        Vec::new()
                    };
                    let first: Vec<&str> = announced.iter().map(String::as_str).collect();
                    self.play_node(contact, &node, &first);
                }
                // A menu without this node is refused at start; a queue is never a dead end.
                None => self.enter_queue(contact, 0),
            },
            Target::Queue(code) => {
                let queue = self.center.city.queue_index(code).unwrap_or(0);
                self.enter_queue(contact, queue);
            }
            Target::Language(language, code) => {
                self.emit(Event::LanguageChosen {
                    contact,
                    language: *language,
                });
                let queue = self.center.city.queue_index(code).unwrap_or(0);
                self.enter_queue(contact, queue);
            }
            Target::RepeatOnce(then) => {
                let Ok(open) = self.contact(contact) else {
                    return;
                };
                let State::Menu { node, repeated, .. } = &open.state else {
                    return;
                };
                let next = if *repeated {
                    (**then).clone()
                } else {
                    Target::Node(node.clone())
                };
                self.follow(contact, &next);
            }
        }
    }

    fn play_node(&mut self, contact: ContactId, node: &Node, first: &[&str]) {
        let language = self.language(contact);
        let first = first.iter().map(|name| prompt(name, language));
        let own = node.play.iter().map(|play| Prompt {
            name: play.name.clone(),
            language: play.language.unwrap_or(language),
        });
        self.play(
            contact,
            first.chain(own).collect(),
            node.barge_in,
            Then::Silence,
        );
    }

    /// Plays prompts under the next number of the contact.
    pub fn play(&mut self, contact: ContactId, prompts: Vec<Prompt>, barge_in: bool, then: Then) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let play = open.version;
        if open.row.channel == Channel::Voice && open.line {
            self.ask(Effect::Play {
                contact,
                play,
                prompts,
                barge_in,
                then,
            });
        }
    }

    /// Plays one prompt in the contact's language.
    pub fn say(&mut self, contact: ContactId, names: &[&str], then: Then) {
        let language = self.language(contact);
        let prompts = names.iter().map(|name| prompt(name, language)).collect();
        self.play(contact, prompts, false, then);
    }

    pub fn language(&self, contact: ContactId) -> Language {
        self.contact(contact)
            .map_or(self.center.city.language, |open| open.row.language)
    }

    fn key(&mut self, contact: ContactId, key: char) -> Result<(), Refusal> {
        match self.contact(contact)?.state.clone() {
            State::Menu {
                node: name,
                invalid,
                ..
            } => self.key_in_menu(contact, key, &name, invalid),
            State::Turned {
                queue,
                why: Fate::Closed,
                parting,
                ..
            } => {
                let books = key == '1' && self.callback_possible(contact);
                let general = key == '0' && !parting;
                self.emit(Event::KeyPressed {
                    contact,
                    key,
                    valid: books || general,
                });
                if books {
                    self.book_callback(contact, queue);
                } else if general {
                    self.serve_in_general(contact, queue);
                }
            }
            State::Waiting(waiting) => {
                let books = key == '1' && waiting.callback_offered;
                self.emit(Event::KeyPressed {
                    contact,
                    key,
                    valid: books,
                });
                if books && self.callback_possible(contact) {
                    self.emit(Event::CallbackBooked { contact });
                    self.say(contact, &["callback_booked", "goodbye"], Then::Silence);
                }
            }
            _ => self.emit(Event::KeyPressed {
                contact,
                key,
                valid: false,
            }),
        }
        Ok(())
    }

    fn key_in_menu(&mut self, contact: ContactId, key: char, name: &str, invalid: u8) {
        let Some(node) = self.center.city.menu.nodes.get(name).cloned() else {
            return;
        };
        let target = node.keys.get(&key).cloned();
        self.emit(Event::KeyPressed {
            contact,
            key,
            valid: target.is_some() || key == '*',
        });
        match target {
            Some(target) => self.follow(contact, &target),
            None if key == '*' => self.play_node(contact, &node, &[]),
            None if invalid < node.invalid_max => self.play_node(contact, &node, &["invalid_key"]),
            None => self.follow_silence(contact, &node),
        }
    }

    /// Silence leads on; a repetition that was already heard counts as one.
    pub fn follow_silence(&mut self, contact: ContactId, node: &Node) {
        let target = node.on_timeout.clone();
        self.follow(contact, &target);
    }

    fn played(&mut self, contact: ContactId, play: u32) -> Result<(), Refusal> {
        let open = self.contact(contact)?;
        if play != open.version && !matches!(open.state, State::Waiting(_)) {
            return Ok(());
        }
        match &open.state {
            State::Menu { .. } | State::Turned { parting: false, .. } => {
                self.emit(Event::Heard { contact });
            }
            State::Turned { why, .. } => {
                let fate = *why;
                self.ask(Effect::HangUp { contact });
                self.emit(Event::Closed {
                    contact,
                    fate,
                    counselor: None,
                });
            }
            State::Waiting(_) if open.row.callback && open.line && play == open.version => {
                self.end_booked_line(contact);
            }
            _ => {}
        }
        Ok(())
    }

    /// The citizen has heard that the callback is booked.
    pub fn end_booked_line(&mut self, contact: ContactId) {
        self.ask(Effect::HangUp { contact });
        self.emit(Event::LineEnded {
            contact,
            ending: Ending::Center,
        });
    }

    /// Lets a contact into a queue, or says why not.
    pub fn enter_queue(&mut self, contact: ContactId, queue: usize) {
        let Some(settings) = self.center.city.queues.get(queue) else {
            return;
        };
        let code = settings.code.clone();
        if !settings.hours.open(&self.center.city.zone, self.now) {
            self.emit(Event::TurnedAway {
                contact,
                queue: code,
                why: Fate::Closed,
            });
            self.say(contact, &["closed"], Then::Silence);
        } else if self.center.routing.waiting(queue) >= settings.waiting_max
            && self.longest_free(queue) == 0
        {
            self.emit(Event::TurnedAway {
                contact,
                queue: code,
                why: Fate::Capped,
            });
            self.say(contact, &["all_busy", "goodbye"], Then::Silence);
        } else {
            let kept = self.contact(contact).ok().and_then(|open| open.kept_since);
            let since = kept.unwrap_or(self.now);
            self.emit(Event::Queued {
                contact,
                queue: code,
                since,
                front: false,
            });
            self.say(contact, &["connecting"], Then::Music);
        }
    }

    fn longest_free(&self, queue: usize) -> usize {
        self.center.routing.ready(queue)
    }

    /// Outside the hours of a queue the general one serves, if it is open; else goodbye is said,
    /// and the line ends when it was heard.
    pub fn serve_in_general(&mut self, contact: ContactId, closed_queue: usize) {
        let general = &self.center.city.queues[0];
        if closed_queue != 0 && general.hours.open(&self.center.city.zone, self.now) {
            self.enter_queue(contact, 0);
        } else {
            self.emit(Event::GoodbyeSaid { contact });
            self.say(contact, &["goodbye"], Then::Silence);
        }
    }

    pub fn callback_possible(&self, contact: ContactId) -> bool {
        let known = |open: &crate::contact::Contact| !open.row.caller.is_empty();
        self.center.city.callbacks && self.contact(contact).is_ok_and(known)
    }

    fn book_callback(&mut self, contact: ContactId, queue: usize) {
        let code = self.center.city.queues[queue].code.clone();
        let since = self.now;
        self.emit(Event::CallbackBooked { contact });
        self.emit(Event::Queued {
            contact,
            queue: code,
            since,
            front: false,
        });
        self.say(contact, &["callback_booked", "goodbye"], Then::Silence);
    }

    fn left(&mut self, contact: ContactId, ending: Ending) -> Result<(), Refusal> {
        if self.left_silently(contact, ending) {
            return Ok(());
        }
        let open = self.contact(contact)?;
        let closed = |fate| Event::Closed {
            contact,
            fate,
            counselor: None,
        };
        let short_ms = self.center.city.limits.short_abandon_ms;
        match open.state.clone() {
            State::Door { .. } | State::Menu { .. } => self.emit(closed(Fate::LeftMenu)),
            State::Turned { why, .. } => self.emit(closed(why)),
            State::Waiting(_) | State::Offered { .. } if open.row.callback => {
                if open.line {
                    self.emit(Event::LineEnded { contact, ending });
                }
            }
            State::Waiting(_) | State::Offered { .. } if open.row.answered.is_some() => {
                self.left_after_transfer(contact, ending);
            }
            State::Waiting(waiting) => {
                self.emit(closed(abandoned(self.now - waiting.entered, short_ms)));
            }
            State::Offered {
                counselor, waiting, ..
            } => {
                self.ask(Effect::StopRing { contact, counselor });
                self.emit(closed(abandoned(self.now - waiting.entered, short_ms)));
            }
            State::Talking { counselor, .. } => {
                self.emit(Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                });
            }
            State::Leaving { counselor, .. } => {
                self.ask(Effect::CancelDial { contact });
                self.emit(Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                });
            }
            State::WrapUp { .. } if open.line => self.emit(Event::LineEnded { contact, ending }),
            State::WrapUp { .. }
            | State::Dialing { .. }
            | State::Paused { .. }
            | State::Snoozed { .. } => {}
        }
        Ok(())
    }

    /// The citizen gave up after a transfer: the last counselor finishes the record.
    fn left_after_transfer(&mut self, contact: ContactId, ending: Ending) {
        let Ok(open) = self.contact(contact) else {
            return;
        };
        let complete = !open.row.category.is_empty() && !open.row.outcome.is_empty();
        let mut counselor = open.last_talked;
        if let State::Offered {
            counselor: rung, ..
        } = open.state
        {
            counselor = counselor.or(Some(rung));
            self.ask(Effect::StopRing {
                contact,
                counselor: rung,
            });
        }
        match counselor {
            Some(counselor) if !complete => {
                self.emit(Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                });
            }
            _ => self.emit(Event::Closed {
                contact,
                fate: Fate::Answered,
                counselor,
            }),
        }
    }

    fn dial_answered(&mut self, contact: ContactId) -> Result<(), Refusal> {
        let State::Dialing { counselor, .. } = self.contact(contact)?.state else {
            return Err(Refusal::WrongState);
        };
        self.emit(Event::Answered { contact, counselor });
        self.ask(Effect::Bridge { contact, counselor });
        Ok(())
    }

    /// A call of the center failed: a callback is tried again, a transfer comes back.
    pub fn dial_failed(&mut self, contact: ContactId, status: u16) -> Result<(), Refusal> {
        let open = self.contact(contact)?;
        let State::Dialing { counselor, .. } = open.state else {
            return self.transfer_ended(contact, status);
        };
        let limits = &self.center.city.limits;
        let again = (open.dials < limits.dial_tries_max && !open.outbound())
            .then(|| self.now + limits.dial_pause_ms);
        let task = open.task;
        self.emit(Event::DialEnded {
            contact,
            counselor,
            status,
            again,
        });
        if again.is_none() {
            if let Some(task) = task {
                self.emit(Event::TaskOpened { contact: task });
            }
            let fate = if task.is_some() {
                Fate::Outbound
            } else {
                Fate::Unreached
            };
            self.emit(Event::Closed {
                contact,
                fate,
                counselor: None,
            });
        }
        Ok(())
    }

    fn transfer_ended(&mut self, contact: ContactId, status: u16) -> Result<(), Refusal> {
        let State::Leaving { counselor, .. } = self.contact(contact)?.state else {
            return Err(Refusal::WrongState);
        };
        self.emit(Event::TransferEnded { contact, status });
        if status != 200 && self.counselor(counselor).is_err() {
            self.lose_counselor(contact, counselor);
        } else if status != 200 {
            self.ask(Effect::Bridge { contact, counselor });
        }
        Ok(())
    }

    /// Every live line is gone: what was in mid-contact is interrupted, the rest goes on.
    pub fn restart(&mut self) {
        self.emit(Event::Restarted);
        let open: Vec<ContactId> = self.center.contacts.keys().copied().collect();
        for id in open {
            if self.restart_written(id) {
                continue;
            }
            let Ok(contact) = self.contact(id) else {
                continue;
            };
            let virtual_caller = contact.row.callback && contact.task.is_none();
            match contact.state.clone() {
                State::Waiting(_) | State::Paused { .. } if virtual_caller => {
                    if contact.line {
                        self.emit(Event::LineEnded {
                            contact: id,
                            ending: Ending::Restart,
                        });
                    }
                }
                State::Offered { counselor, .. } | State::Dialing { counselor, .. }
                    if virtual_caller =>
                {
                    let why = crate::event::OfferEnd::DeskLost;
                    self.emit(Event::OfferReturned {
                        contact: id,
                        counselor,
                        why,
                    });
                }
                State::WrapUp { .. } | State::Snoozed { .. } => {}
                State::Door { .. } => self.interrupt(id, "door"),
                State::Menu { .. } | State::Turned { .. } => self.interrupt(id, "menu"),
                State::Waiting(_) | State::Paused { .. } => self.interrupt(id, "queue"),
                State::Offered { .. } | State::Dialing { .. } => self.interrupt(id, "ringing"),
                State::Talking { .. } | State::Leaving { .. } => self.interrupt(id, "talk"),
            }
        }
    }
}

/// A prompt by name.
pub(crate) fn prompt(name: &str, language: Language) -> Prompt {
    Prompt {
        name: name.to_owned(),
        language,
    }
}

fn abandoned(waited_ms: i64, short_ms: i64) -> Fate {
    if waited_ms < short_ms {
        Fate::ShortAbandoned
    } else {
        Fate::Abandoned
    }
}
