//! The state of the center and the one way it changes: `apply`. Decisions are in the rooms beside
//! it.

use crate::city::{Channel, City, ContactId, CounselorId, Language};
use crate::command::{Answer, Command, Refusal, RestReason};
use crate::contact::{Contact, Letters, State, Waiting};
use crate::counselor::{Counselor, Mode};
use crate::effect::Effect;
use crate::estimate::{Pace, Promise, Waited};
use crate::event::{Event, Fate};
use crate::letters::Conversations;
use crate::record::Row;
use crate::routing::{Place, Routing};
use crate::time::{DAY_MS, MINUTE_MS, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What follows from a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// To be stored, in order.
    pub events: Vec<Event>,
    /// To be done once stored, in order.
    pub effects: Vec<Effect>,
}

/// Who a deadline belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Contact(ContactId),
    Counselor(CounselorId),
}

/// What is remembered of a caller for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recent {
    pub seen: Time,
    /// Gave up: when, in which queue, and the age it had.
    pub gave_up: Option<(Time, usize, Time)>,
}

/// A callback that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub since: Time,
    pub language: Language,
    pub caller: String,
    pub queue: String,
}

/// How long the key of a contact is remembered, so that a repeated packet opens no second one.
const KEY_KEPT_MS: i64 = 10 * MINUTE_MS;

/// The brain: hand in commands, store the events, do the effects.
#[derive(Clone, Debug)]
pub struct Center {
    pub(crate) city: Arc<City>,
    pub(crate) contacts: BTreeMap<ContactId, Contact>,
    pub(crate) counselors: BTreeMap<CounselorId, Counselor>,
    pub(crate) tasks: BTreeMap<ContactId, Task>,
    /// Tasks whose callback is on the way: it may fail.
    tried: BTreeMap<ContactId, Task>,
    pub(crate) recent: BTreeMap<String, Recent>,
    recent_order: BTreeSet<(Time, String)>,
    keys: BTreeMap<String, ContactId>,
    key_order: BTreeSet<(Time, String)>,
    pub(crate) paces: Vec<Pace>,
    pub(crate) routing: Routing,
    deadlines: BTreeSet<(Time, Due)>,
    contact_dues: BTreeMap<ContactId, Time>,
    counselor_dues: BTreeMap<CounselorId, Time>,
    next_contact: u64,
    /// Voice contacts whose line is up.
    pub(crate) lines: usize,
    pub(crate) conversations: Conversations,
    /// Prompts that callers hear before the first menu.
    pub(crate) announced: Vec<String>,
}

impl Center {
    /// An empty center.
    pub fn new(city: Arc<City>) -> Center {
        let pace = |queue: &crate::city::Queue| Pace::new(queue.handling_ms, queue.patience_ms);
        Center {
            paces: city.queues.iter().map(pace).collect(),
            routing: Routing::new(&city),
            city,
            contacts: BTreeMap::new(),
            counselors: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tried: BTreeMap::new(),
            recent: BTreeMap::new(),
            recent_order: BTreeSet::new(),
            keys: BTreeMap::new(),
            key_order: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            contact_dues: BTreeMap::new(),
            counselor_dues: BTreeMap::new(),
            next_contact: 1,
            lines: 0,
            conversations: Conversations::default(),
            announced: Vec::new(),
        }
    }

    /// The number the next contact gets, when the journal knows more than the replayed events.
    pub fn set_next_contact(&mut self, next: u64) {
        self.next_contact = self.next_contact.max(next);
    }

    /// Whether a callback is owed for a contact.
    pub fn owes_callback(&self, contact: ContactId) -> bool {
        self.tasks.contains_key(&contact)
    }

    pub(crate) fn next_contact(&self) -> ContactId {
        ContactId(self.next_contact)
    }

    pub(crate) fn contact_by_key(&self, key: &str) -> Option<ContactId> {
        self.keys.get(key).copied()
    }

    /// Takes a command at an instant. Due deadlines are worked off first, whoever is waiting is
    /// matched last. On a refusal nothing of the command itself happened.
    pub fn handle(
        &mut self,
        now: Time,
        command: &Command,
        out: &mut Outcome,
    ) -> Result<Answer, Refusal> {
        let mut turn = Turn {
            center: self,
            now,
            out,
        };
        if *command == Command::Restarted {
            // First: the deadlines belong to lines and desks that are gone.
            turn.restart();
        }
        turn.work_off_deadlines();
        let answer = turn.take(command);
        // Again: a state that was left and taken up anew may be past its deadline already.
        turn.work_off_deadlines();
        answer
    }

    /// When [`Command::Tick`] must be handed in at the latest.
    pub fn deadline(&self) -> Option<Time> {
        let first = self.deadlines.first().map(|(at, _)| *at);
        [first, self.routing.deadline()].into_iter().flatten().min()
    }

    pub(crate) fn first_due(&self, now: Time) -> Option<Due> {
        self.deadlines
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, due)| *due)
    }

    /// A stable digest of the whole state: replay equals live when it is the same.
    pub fn digest(&self) -> u64 {
        let resting = &self.conversations.resting;
        let desks = (&self.counselors, &self.tasks);
        let state = (&self.contacts, desks, &self.recent, resting);
        let text = format!("{state:?}{:?}{}", self.paces, self.next_contact);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// Takes in what happened. The only place where the state changes; used live and in replay.
    pub fn apply(&mut self, at: Time, event: &Event) {
        if let Some(id) = event.contact() {
            self.apply_to_contact(at, id, event);
        }
        if let Event::Announced { prompts } = event {
            self.announced.clone_from(prompts);
        }
        if let Event::DeadLettered { key, .. } = event {
            self.conversations.know(at, key, ContactId(0), 0);
        }
        self.apply_to_counselor(at, event);
        if let Some(counselor) = event.counselor() {
            self.index_counselor(counselor);
        }
    }

    fn apply_to_contact(&mut self, at: Time, id: ContactId, event: &Event) {
        if let Event::Arrived {
            key,
            caller,
            channel,
            ..
        } = event
        {
            self.open(at, id, key, caller);
            self.lines += usize::from(*channel == Channel::Voice);
        }
        self.apply_task(at, id, event);
        self.apply_to_conversations(at, id, event);
        let Some(mut contact) = self.contacts.remove(&id) else {
            return;
        };
        let before = contact.counselor();
        let line_before = contact.line;
        contact.version += 1;
        contact.row.apply(at, event);
        if before.is_some() {
            contact.bound_ms += at - contact.touched;
        }
        contact.touched = at;
        self.step(at, &mut contact, event);
        let after = contact.counselor();
        self.move_between(id, before, after, &contact);
        self.lines += usize::from(contact.line && contact.row.channel == Channel::Voice);
        self.lines -= usize::from(line_before && contact.row.channel == Channel::Voice);
        let closed = matches!(event, Event::Closed { .. });
        self.index_contact(at, id, &contact, closed);
        if closed {
            self.lay_to_rest(at, contact);
        } else {
            self.contacts.insert(id, contact);
        }
        for counselor in [before, after].into_iter().flatten() {
            let moved = before != after || closed;
            if let Some(counselor) = self.counselors.get_mut(&counselor).filter(|_| moved) {
                counselor.idle_since = at;
            }
            self.index_counselor(counselor);
        }
    }

    fn open(&mut self, at: Time, id: ContactId, key: &str, caller: &str) {
        self.next_contact = self.next_contact.max(id.0 + 1);
        self.keys.insert(key.to_owned(), id);
        self.key_order.insert((at, key.to_owned()));
        while let Some((since, _)) = self
            .key_order
            .first()
            .filter(|(s, _)| *s + KEY_KEPT_MS < at)
        {
            let oldest = (*since, self.key_order.first().expect("just seen").1.clone());
            self.key_order.remove(&oldest);
            self.keys.remove(&oldest.1);
        }
        self.forget(at);
        let gave_up = self.recent.get(caller).and_then(|recent| recent.gave_up);
        let resume_ms = self.city.limits.resume_ms;
        self.contacts.insert(
            id,
            Contact {
                row: Row::default(),
                state: State::Door { since: at },
                version: 0,
                line: true,
                told: None,
                promised: None,
                reason: None,
                dials: 0,
                task: None,
                kept_since: gave_up
                    .filter(|(when, ..)| at - *when <= resume_ms)
                    .map(|(_, _, since)| since),
                last_talked: None,
                bound_ms: 0,
                touched: at,
                overdue: false,
                letters: Letters::default(),
            },
        );
        if !caller.is_empty() {
            self.remember(at, caller, None);
        }
    }

    fn remember(&mut self, at: Time, caller: &str, gave_up: Option<(Time, usize, Time)>) {
        if let Some(before) = self.recent.get(caller) {
            self.recent_order.remove(&(before.seen, caller.to_owned()));
        }
        self.recent_order.insert((at, caller.to_owned()));
        self.recent
            .insert(caller.to_owned(), Recent { seen: at, gave_up });
    }

    fn forget(&mut self, at: Time) {
        while self
            .recent_order
            .first()
            .is_some_and(|(seen, _)| *seen + DAY_MS < at)
        {
            let (_, caller) = self.recent_order.pop_first().expect("just seen");
            self.recent.remove(&caller);
        }
    }

    fn apply_task(&mut self, at: Time, id: ContactId, event: &Event) {
        match event {
            Event::TaskOpened { .. } => {
                let Some(row) = self.contacts.get(&id).map(|contact| &contact.row) else {
                    return self.reopen_task(at, id);
                };
                let task = Task {
                    since: at,
                    language: row.language,
                    caller: row.caller.clone(),
                    queue: row.queue.clone(),
                };
                self.tasks.insert(id, task);
            }
            Event::TaskClosed { called, .. } => {
                let task = self.tasks.remove(&id).filter(|_| *called);
                self.tried.extend(task.map(|task| (id, task)));
            }
            _ => {}
        }
    }

    /// A callback failed: its task comes back although its contact is closed. After a restart
    /// either the events of the owing contact are known or those of the contact that tried to pay.
    fn reopen_task(&mut self, at: Time, id: ContactId) {
        let paying = || {
            let mut open = self.contacts.values();
            let contact = open.find(|contact| contact.task == Some(id))?;
            Some(Task {
                since: at,
                language: contact.row.language,
                caller: contact.row.caller.clone(),
                queue: contact.row.queue.clone(),
            })
        };
        let tried = self.tried.get(&id).cloned();
        if let Some(task) = tried.or_else(paying) {
            self.tasks.insert(id, Task { since: at, ..task });
        }
    }

    /// The next state of a contact.
    fn step(&mut self, at: Time, contact: &mut Contact, event: &Event) {
        let limits = &self.city.limits;
        match event {
            Event::Arrived { .. } => contact.state = State::Door { since: at },
            Event::MenuEntered { node, .. } => {
                let again =
                    matches!(&contact.state, State::Menu { node: here, .. } if here == node);
                contact.state = State::Menu {
                    node: node.clone(),
                    repeated: again,
                    invalid: 0,
                    until: at + limits.menu_node_max_ms,
                };
            }
            Event::KeyPressed { valid, .. } => {
                if let State::Menu { invalid, until, .. } = &mut contact.state {
                    *invalid += u8::from(!valid);
                    *until = at + limits.menu_node_max_ms;
                }
            }
            Event::Heard { .. } => {
                let city = &self.city;
                if let State::Menu { node, until, .. } = &mut contact.state {
                    *until = at + city.menu.nodes.get(node).map_or(0, |node| node.timeout_ms);
                } else {
                    contact.may_choose(at + 5_000);
                }
            }
            Event::TurnedAway { queue, why, .. } => {
                contact.state = State::Turned {
                    queue: self.city.queue_index(queue).unwrap_or(0),
                    why: *why,
                    // Whoever is closed to may still choose; a full queue says goodbye at once.
                    parting: *why != Fate::Closed,
                    until: at + limits.farewell_ms,
                };
            }
            Event::GoodbyeSaid { .. } => contact.parts(at + limits.farewell_ms),
            Event::Queued {
                queue,
                since,
                front,
                ..
            } => {
                let queue = self.city.queue_index(queue).unwrap_or(0);
                contact.state = State::Waiting(Waiting {
                    queue,
                    since: *since,
                    entered: at,
                    front: *front,
                    announce_at: at + limits.announce_first_ms,
                    alarm_at: at + limits.wait_alarm_of(contact.row.channel),
                    callback_offered: false,
                });
                contact.kept_since = None;
                contact.told = None;
            }
            _ => self.step_waiting(at, contact, event),
        }
    }

    // A table: the state after each kind of event before a talk.
    fn step_waiting(&mut self, at: Time, contact: &mut Contact, event: &Event) {
        let limits = &self.city.limits;
        match event {
            Event::WaitTold { told, callback, .. } => {
                let first = contact.told.is_none().then(|| contact.waiting()).flatten();
                if let (Some(_), Some(p50_ms), Some(p90_ms)) = (first, told.p50_ms, told.p90_ms) {
                    contact.promised = Some(Promise {
                        at,
                        p50_ms,
                        p90_ms,
                        position: i64::from(told.position),
                    });
                }
                contact.told = Some(*told);
                if let State::Waiting(waiting) = &mut contact.state {
                    waiting.announce_at = at + limits.announce_every_ms;
                    waiting.callback_offered |= callback;
                }
            }
            Event::CallbackBooked { .. } => {
                let queue = contact.waiting().map(|waiting| waiting.queue);
                if let Some(pace) = queue.and_then(|queue| self.paces.get_mut(queue)) {
                    pace.waited(contact.row.wait_ms, Waited::Booked);
                }
            }
            Event::WaitAlarmed { .. } => {
                contact.overdue = true;
                if let State::Waiting(waiting) = &mut contact.state {
                    waiting.alarm_at = at + limits.wait_alarm_of(contact.row.channel);
                }
            }
            Event::Offered {
                counselor, reason, ..
            } => {
                contact.reason = Some(reason.clone());
                if let State::Waiting(waiting) = contact.state.clone() {
                    let place = (waiting.since, contact.row.contact);
                    let promise = contact.promised.take();
                    self.paces[waiting.queue].served(at, place, promise);
                    let until = at + limits.ring_ms;
                    contact.state = State::Offered {
                        counselor: *counselor,
                        until,
                        waiting,
                    };
                }
            }
            Event::OfferReturned { .. } => {
                if let Some(mut waiting) = contact.waiting().cloned() {
                    waiting.front = true;
                    contact.state = State::Waiting(waiting);
                }
            }
            Event::LineEnded { .. } => contact.line = false,
            Event::TaskTaken { task, .. } => {
                contact.task = Some(*task);
                contact.line = false;
            }
            Event::Dialed {
                counselor, attempt, ..
            } => {
                contact.dials = *attempt;
                contact.state = State::Dialing {
                    counselor: *counselor,
                    until: at + limits.dial_ms,
                    waiting: contact.waiting().cloned(),
                };
            }
            Event::DialEnded {
                again: Some(again), ..
            } => {
                if let Some(waiting) = contact.waiting().cloned() {
                    contact.state = State::Paused {
                        until: *again,
                        waiting,
                    };
                }
            }
            _ => self.step_talk(at, contact, event),
        }
    }

    fn step_talk(&mut self, at: Time, contact: &mut Contact, event: &Event) {
        match event {
            Event::Answered { counselor, .. } => {
                let queue = contact.waiting().map(|waiting| waiting.queue);
                let pace = queue.and_then(|queue| self.paces.get_mut(queue));
                if let Some(pace) = pace.filter(|_| !contact.row.callback) {
                    pace.waited(contact.row.wait_ms, Waited::Answered);
                }
                contact.line = true;
                contact.overdue = false;
                contact.last_talked = Some(*counselor);
                contact.letters.held = Some(at);
                contact.state = State::Talking {
                    counselor: *counselor,
                    since: at,
                    noticed: false,
                };
            }
            Event::TalkLong { .. } => {
                contact.overdue = true;
                if let State::Talking { noticed, .. } = &mut contact.state {
                    *noticed = true;
                }
            }
            Event::TransferredOut { counselor, .. } => {
                contact.state = State::Leaving {
                    counselor: *counselor,
                    since: at,
                };
            }
            Event::TransferEnded { status, .. } => {
                if let State::Leaving { counselor, .. } = contact.state {
                    contact.state = if *status == 200 {
                        self.wrap_up(at, counselor)
                    } else {
                        State::Talking {
                            counselor,
                            since: at,
                            noticed: false,
                        }
                    };
                }
            }
            Event::TalkEnded { counselor, .. } => {
                contact.line = false;
                contact.overdue = false;
                contact.state = self.wrap_up(at, *counselor);
            }
            Event::RecordTakenOver { counselor, .. } => {
                contact.overdue = false;
                contact.state = self.wrap_up(at, *counselor);
            }
            Event::WrapUpOverdue { .. } => {
                contact.overdue = true;
                if let State::WrapUp { alarms, .. } = &mut contact.state {
                    *alarms = alarms.saturating_add(1);
                }
            }
            Event::Closed { fate, .. } => self.learn(at, contact, *fate),
            _ => self.step_written(at, contact, event),
        }
    }

    /// A record to be written, by somebody who may be gone already.
    fn wrap_up(&self, at: Time, counselor: CounselorId) -> State {
        State::WrapUp {
            counselor,
            since: at,
            alarms: 0,
            left: (!self.counselors.contains_key(&counselor)).then_some(at),
        }
    }

    /// Takes the measures of a closed contact into the figures estimates are made of.
    fn learn(&mut self, at: Time, contact: &mut Contact, fate: Fate) {
        contact.line = false;
        if let Some(task) = contact.task {
            self.tried.remove(&task);
        }
        let row = &contact.row;
        let queue = self.city.queue_index(&row.queue);
        match fate {
            Fate::Answered | Fate::Outbound | Fate::Unreached if contact.bound_ms > 0 => {
                if let Some(pace) = queue.and_then(|queue| self.paces.get_mut(queue)) {
                    pace.handled(contact.bound_ms);
                }
            }
            Fate::Abandoned | Fate::ShortAbandoned => {
                if let Some(pace) = queue.and_then(|queue| self.paces.get_mut(queue)) {
                    pace.waited(row.wait_ms, Waited::GaveUp);
                }
                if let (Some(waiting), Some(promise)) = (contact.waiting(), contact.promised) {
                    let place = (waiting.since, row.contact);
                    self.paces[waiting.queue].left(place, promise);
                }
                let since = contact
                    .waiting()
                    .map(|waiting| (at, waiting.queue, waiting.since));
                if !row.caller.is_empty() {
                    self.remember(at, &row.caller.clone(), since);
                }
            }
            _ => {}
        }
    }

    fn move_between(
        &mut self,
        id: ContactId,
        before: Option<CounselorId>,
        after: Option<CounselorId>,
        contact: &Contact,
    ) {
        let left = before.filter(|_| before != after);
        if let Some(counselor) = left.and_then(|counselor| self.counselors.get_mut(&counselor)) {
            counselor.remove(id);
        }
        let load = self.city.weights.load(contact.row.channel);
        if let Some(counselor) = after.and_then(|counselor| self.counselors.get_mut(&counselor)) {
            if contact.row.closed.is_some() {
                counselor.remove(id);
                return;
            }
            if !counselor.contacts.iter().any(|(held, _)| *held == id) {
                counselor.hold(id, load);
            }
            let rings = matches!(contact.state, State::Offered { .. });
            if rings {
                counselor.ringing = Some(id);
            } else if counselor.ringing == Some(id) {
                counselor.ringing = None;
            }
        }
    }

    fn index_contact(&mut self, at: Time, id: ContactId, contact: &Contact, closed: bool) {
        if let Some(due) = self.contact_dues.remove(&id) {
            self.deadlines.remove(&(due, Due::Contact(id)));
        }
        if closed {
            return self.routing.stop_waiting(id);
        }
        let due = contact.due(&self.city.limits);
        self.deadlines.insert((due, Due::Contact(id)));
        self.contact_dues.insert(id, due);
        match &contact.state {
            State::Waiting(waiting) => {
                let place = Place {
                    queue: waiting.queue,
                    since: waiting.since,
                    rank: contact.rank(),
                    load: self.city.weights.load(contact.row.channel),
                };
                if !self.routing.waits_at(id, place) {
                    self.routing.wait(at, id, place);
                }
            }
            _ => self.routing.stop_waiting(id),
        }
    }

    fn apply_to_counselor(&mut self, at: Time, event: &Event) {
        match event {
            Event::SignedIn { counselor } => {
                let mut fresh = Counselor::new(*counselor, at);
                for (id, contact) in &mut self.contacts {
                    if contact.counselor() == Some(*counselor) {
                        contact.leave(None);
                        fresh.hold(*id, self.city.weights.load(contact.row.channel));
                    }
                }
                self.counselors.insert(*counselor, fresh);
            }
            Event::SignedOut { counselor } => {
                let desk = self.counselors.remove(counselor);
                for (held, _) in desk.into_iter().flat_map(|desk| desk.contacts) {
                    if let Some(contact) = self.contacts.get_mut(&held) {
                        contact.leave(Some(at));
                    }
                }
                self.routing.set_free(*counselor, at, None);
                if let Some(due) = self.counselor_dues.remove(counselor) {
                    self.deadlines.remove(&(due, Due::Counselor(*counselor)));
                }
            }
            Event::Readied { counselor } => self.set_mode(at, *counselor, Mode::Ready),
            Event::Rested { counselor, reason } => {
                self.set_mode(at, *counselor, Mode::Rest(*reason));
            }
            Event::RestLong { counselor } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.alarmed = true;
                }
            }
            Event::DeskLost { counselor } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.lost = Some(at);
                }
            }
            Event::DeskBack { counselor } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.lost = None;
                }
            }
            Event::Restarted => {
                let all: Vec<CounselorId> = self.counselors.keys().copied().collect();
                for counselor in all {
                    self.apply_to_counselor(at, &Event::SignedOut { counselor });
                }
                for contact in self.contacts.values_mut() {
                    contact.leave(Some(at));
                }
            }
            _ => {}
        }
    }

    fn set_mode(&mut self, at: Time, id: CounselorId, mode: Mode) {
        if let Some(counselor) = self.counselors.get_mut(&id) {
            let rest_to_ready = mode == Mode::Ready && counselor.mode != Mode::Ready;
            counselor.mode = mode;
            counselor.since = at;
            counselor.alarmed = false;
            if rest_to_ready {
                counselor.idle_since = at;
            }
        }
    }

    fn index_counselor(&mut self, id: CounselorId) {
        if let Some(due) = self.counselor_dues.remove(&id) {
            self.deadlines.remove(&(due, Due::Counselor(id)));
        }
        let Some(counselor) = self.counselors.get(&id) else {
            return;
        };
        self.routing
            .set_free(id, counselor.idle_since, counselor.room());
        if let Some(due) = counselor.due(&self.city.limits) {
            self.deadlines.insert((due, Due::Counselor(id)));
            self.counselor_dues.insert(id, due);
        }
    }

    /// Signed-in counselors who take or hold contacts, by class of skills.
    pub(crate) fn staff(&self) -> Vec<usize> {
        let mut staff = vec![0; self.routing.class_count()];
        for counselor in self.counselors.values() {
            let busy = !counselor.contacts.is_empty();
            let works = counselor.lost.is_none() && (counselor.mode == Mode::Ready || busy);
            if let Some(class) = self.routing.class(counselor.id).filter(|_| works) {
                staff[class] += 1;
            }
        }
        staff
    }
}

/// One command being taken: decides, emits, applies.
pub(crate) struct Turn<'a> {
    pub center: &'a mut Center,
    pub now: Time,
    pub out: &'a mut Outcome,
}

impl Turn<'_> {
    /// States that something happened: applied at once, stored later.
    pub fn emit(&mut self, event: Event) {
        self.center.apply(self.now, &event);
        self.out.events.push(event);
    }

    /// Asks for something to be done once all is stored.
    pub fn ask(&mut self, effect: Effect) {
        self.out.effects.push(effect);
    }

    pub fn contact(&self, id: ContactId) -> Result<&Contact, Refusal> {
        self.center.contacts.get(&id).ok_or(Refusal::UnknownContact)
    }

    pub fn counselor(&self, id: CounselorId) -> Result<&Counselor, Refusal> {
        self.center
            .counselors
            .get(&id)
            .ok_or(Refusal::UnknownCounselor)
    }

    pub fn rest(&mut self, counselor: CounselorId, reason: RestReason) {
        self.emit(Event::Rested { counselor, reason });
    }

    fn take(&mut self, command: &Command) -> Result<Answer, Refusal> {
        if let Command::Arrived {
            key,
            channel,
            caller,
            via,
            live,
        } = command
        {
            return Ok(Answer::Contact(
                self.arrive(key, *channel, caller, via, *live),
            ));
        }
        if let Some(taken) = self.take_written(command) {
            return taken;
        }
        let taken = self
            .take_from_line(command)
            .or_else(|| self.take_from_desk(command));
        taken.map_or(Ok(Answer::Done), |result| result.map(|()| Answer::Done))
    }
}
