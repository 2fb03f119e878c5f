//! What a conversation in writing does to the state: threads, keys, what is owed. Never decides
//! what happens next.

use crate::center::Center;
use crate::city::{Channel, ContactId, CounselorId, Load};
use crate::contact::{Contact, State};
use crate::counselor::Counselor;
use crate::event::{Event, Fate, Fortune};
use crate::time::{HOUR_MS, Time};
use crate::written::{STILL_THERE, TOO_LONG, TRANSCRIPT};
use std::collections::{BTreeMap, BTreeSet};

/// How long the key of a message is remembered, so that a repeated delivery opens nothing twice.
const KEY_KEPT_MS: i64 = 48 * HOUR_MS;

/// Keys that are remembered at most, oldest forgotten first: some 40 MB.
const KEYS_MAX: usize = 200_000;

/// Conversations in writing beside the open contacts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversations {
    /// Contact by conversation at a provider, open or resting.
    threads: BTreeMap<String, ContactId>,
    /// Closed contacts whose conversation may go on.
    pub resting: BTreeMap<ContactId, Contact>,
    resting_order: BTreeSet<(Time, ContactId)>,
    keys: BTreeMap<String, (ContactId, u32)>,
    key_order: BTreeSet<(Time, String)>,
}

impl Conversations {
    /// The message known under a key.
    pub fn message(&self, key: &str) -> Option<(ContactId, u32)> {
        self.keys.get(key).copied()
    }

    /// The contact a conversation belongs to.
    pub fn contact(&self, thread: &str) -> Option<ContactId> {
        self.threads.get(thread).copied()
    }

    /// Remembers a key.
    pub fn know(&mut self, at: Time, key: &str, contact: ContactId, message: u32) {
        if self
            .keys
            .insert(key.to_owned(), (contact, message))
            .is_none()
        {
            self.key_order.insert((at, key.to_owned()));
        }
        while self.keys.len() > KEYS_MAX
            || self
                .key_order
                .first()
                .is_some_and(|(since, _)| *since + KEY_KEPT_MS < at)
        {
            let Some((_, oldest)) = self.key_order.pop_first() else {
                break;
            };
            self.keys.remove(&oldest);
        }
    }

    /// A conversation belongs to a contact from here on.
    pub fn lead(&mut self, thread: &str, contact: ContactId) {
        if !thread.is_empty() {
            self.threads.insert(thread.to_owned(), contact);
        }
    }

    /// A closed contact rests: its conversation may go on for a while.
    fn rest(&mut self, at: Time, quiet_ms: i64, contact: Contact) {
        let id = contact.row.contact;
        self.resting.insert(id, contact);
        self.resting_order.insert((at, id));
        while let Some((since, oldest)) = self.resting_order.first().copied() {
            if since + quiet_ms >= at {
                break;
            }
            self.resting_order.remove(&(since, oldest));
            if let Some(gone) = self.resting.remove(&oldest) {
                self.forget(&gone);
            }
        }
    }

    fn wake(&mut self, id: ContactId) -> Option<Contact> {
        let contact = self.resting.remove(&id)?;
        let closed = contact.row.closed.unwrap_or_default();
        self.resting_order.remove(&(closed, id));
        Some(contact)
    }

    fn forget(&mut self, contact: &Contact) {
        for thread in &contact.letters.threads {
            if self.threads.get(thread) == Some(&contact.row.contact) {
                self.threads.remove(thread);
            }
        }
    }
}

impl Center {
    /// An open or resting contact.
    pub(crate) fn conversation(&self, id: ContactId) -> Option<&Contact> {
        let open = self.contacts.get(&id);
        open.or_else(|| self.conversations.resting.get(&id))
    }

    /// What an event does beside the state of its contact, before it.
    pub(crate) fn apply_to_conversations(&mut self, at: Time, id: ContactId, event: &Event) {
        match event {
            Event::Arrived { key, channel, .. } if *channel == Channel::Chat => {
                self.conversations.lead(key, id);
            }
            Event::MessageReceived {
                message,
                key,
                thread,
                ..
            } => {
                self.conversations.know(at, key, id, *message);
                self.conversations.lead(thread, id);
            }
            Event::Reopened { .. } => {
                if let Some(contact) = self.conversations.wake(id) {
                    for thread in &contact.letters.threads {
                        self.conversations.lead(thread, id);
                    }
                    self.contacts.insert(id, contact);
                }
            }
            // A call cannot be answered in writing: whoever writes again goes on where they were.
            Event::Merged { into, .. } if self.takes_letters(*into) => {
                self.lead_threads(id, *into);
            }
            Event::Unmerged { .. } => self.lead_threads(id, id),
            _ => {}
        }
        if let Some(resting) = self.conversations.resting.get_mut(&id) {
            let reply_ms = self.city.limits.reply_ms(resting.row.channel);
            resting.row.apply(at, event);
            step(at, resting, event, reply_ms);
        }
    }

    fn takes_letters(&self, id: ContactId) -> bool {
        let known = self.conversation(id);
        known.is_some_and(|contact| contact.row.channel.written())
    }

    fn lead_threads(&mut self, of: ContactId, to: ContactId) {
        let threads = self
            .conversation(of)
            .map(|open| open.letters.threads.clone());
        for thread in threads.unwrap_or_default() {
            self.conversations.lead(&thread, to);
        }
    }

    /// A closed contact leaves memory, or rests as long as its conversation may go on.
    pub(crate) fn lay_to_rest(&mut self, at: Time, contact: Contact) {
        // A chat does not go on, but may still be mailed to its citizen.
        let rests = contact.row.channel.written() || contact.row.fate == Some(Fate::Merged);
        if rests && !contact.letters.threads.is_empty() {
            let quiet_ms = self.city.limits.thread_quiet_ms;
            self.conversations.rest(at, quiet_ms, contact);
        } else {
            self.conversations.forget(&contact);
        }
    }

    /// The next state of a contact, for what happens in writing.
    pub(crate) fn step_written(&self, at: Time, contact: &mut Contact, event: &Event) {
        step(
            at,
            contact,
            event,
            self.city.limits.reply_ms(contact.row.channel),
        );
    }

    /// The first emergency that waits beside a desk where other writing merely rings, and that
    /// desk: fewest skills first, then the longest idle. A call that rings is not taken away.
    pub(crate) fn pressed(&self) -> Option<(ContactId, CounselorId)> {
        self.routing.emergencies().find_map(|contact| {
            let desks = self.counselors.values();
            let able = desks.filter_map(|desk| {
                let load = self.load_without_ring(desk)?;
                let skills = self.routing.skills_for(contact, desk.id, load)?;
                Some((skills, desk.idle_since, desk.id))
            });
            able.min().map(|(_, _, counselor)| (contact, counselor))
        })
    }

    /// What a counselor would carry without the writing that rings; none when nothing rings that
    /// may be taken away.
    fn load_without_ring(&self, desk: &Counselor) -> Option<Load> {
        let rings = desk.ringing.filter(|_| desk.takes())?;
        let open = self.contacts.get(&rings)?;
        let gives_way = open.row.channel.written() && !open.pressing();
        let held = desk.contacts.iter().filter(|(held, _)| *held != rings);
        gives_way.then(|| held.map(|(_, load)| *load).fold(Load::NONE, Load::and))
    }

    /// Written contacts that a counselor holds.
    pub(crate) fn letters_of(&self, counselor: CounselorId) -> Vec<ContactId> {
        let held = self.contacts.iter().filter(|(_, open)| {
            let talks =
                matches!(open.state, State::Talking { counselor: with, .. } if with == counselor);
            talks && open.row.channel.written()
        });
        held.map(|(id, _)| *id).collect()
    }
}

fn step(at: Time, contact: &mut Contact, event: &Event, reply_ms: i64) {
    let letters = &mut contact.letters;
    match event {
        Event::MessageReceived {
            message,
            thread,
            marks,
            ..
        } => {
            letters.last_in = Some((at, *message));
            letters.urgent |= marks.urgent;
            letters.nudged = false;
            if !letters.threads.contains(thread) {
                letters.threads.push(thread.clone());
            }
            if letters.owed.is_none() && !marks.automatic {
                letters.owed = Some((at, at + reply_ms));
                letters.escalated = 0;
            }
            if let State::WrapUp { counselor, .. } = contact.state {
                contact.line = true;
                contact.state = talking(counselor, at);
            }
        }
        Event::MessageSent { .. } => sent(at, contact, event),
        Event::StillPresent { .. } => {
            letters.present = Some(at);
            letters.nudged = false;
        }
        Event::MessageFared {
            message, fortune, ..
        } if sealed(*fortune) => letters.under_way.retain(|way| way != message),
        Event::Escalated { .. } => {
            letters.escalated += 1;
            contact.overdue = true;
            if let State::Waiting(waiting) = &mut contact.state {
                waiting.front = true;
            }
        }
        Event::Snoozed { until, .. } => contact.state = State::Snoozed { until: *until },
        Event::Assigned { to, .. } => {
            letters.held = Some(at);
            contact.last_talked = Some(*to);
            contact.state = talking(*to, at);
        }
        Event::HandedBack { .. } | Event::Reopened { .. } => {
            contact.state = State::Door { since: at };
        }
        _ => {}
    }
}

/// The city wrote.
fn sent(at: Time, contact: &mut Contact, event: &Event) {
    let Event::MessageSent {
        message,
        counselor,
        text,
        digest,
        ..
    } = event
    else {
        return;
    };
    let letters = &mut contact.letters;
    let mailed = text.as_deref() == Some(TRANSCRIPT);
    if contact.row.channel != Channel::Chat || mailed {
        letters.under_way.push(*message);
    }
    if mailed {
        letters.mailed.push((digest.clone(), *message));
    }
    if counselor.is_some() {
        letters.last_out = Some(at);
        letters.owed = None;
        letters.escalated = 0;
        letters.nudged = false;
        contact.overdue &= !contact.row.channel.written();
    } else {
        letters.last_auto = Some(at);
        letters.nudged |= text.as_deref() == Some(STILL_THERE);
        letters.told_over |= text.as_deref() == Some(TOO_LONG);
    }
}

/// Whether nothing more can become of a message.
fn sealed(fortune: Fortune) -> bool {
    !matches!(fortune, Fortune::Submitted | Fortune::Unknown)
}

fn talking(counselor: CounselorId, since: Time) -> State {
    State::Talking {
        counselor,
        since,
        noticed: false,
    }
}
