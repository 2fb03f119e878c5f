//! The turns of the switch: commands in, one transaction, effects out. The next group is decided
//! while the last one is being written; nothing leaves before its own group is durable. Never
//! decides what follows from a command.

use crate::personal::Personal;
use crate::presence::Presence;
use crate::scribe::{Done, Scribe};
use crate::switch::{Envelope, Error, Outgoing, Start};
use center::board::Board;
use center::city::{City, ContactId};
use center::command::{Answer, Command, Refusal};
use center::effect::Effect;
use center::event::Event;
use center::time::Time;
use center::{Center, Outcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Batch, Entry, Failure};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Commands that share one transaction at most.
const GROUP_MAX: usize = 1_024;

/// Commands that are decided before news of the disk is heard again: the next group must not wait
/// with its writing.
const TURN_MAX: usize = 128;

/// Screens are renewed at most this often.
const BOARD_EVERY: Duration = Duration::from_millis(100);

/// Making the board takes at most one part in so many of the time: with thousands of desks it is
/// renewed less often, and calls do not wait for it.
const BOARD_PART: u32 = 25;

/// Pause before the journal is tried again after it failed.
const RECOVER_AGAIN: Duration = Duration::from_millis(500);

/// A sender who waits for the transaction, and what it will be told.
type Waiting = (
    oneshot::Sender<Result<Answer, Error>>,
    Result<Answer, Error>,
);

/// A group that is not yet durable.
#[derive(Default)]
struct Group {
    /// Decided in this turn, not yet with the scribe.
    batch: Batch,
    /// Something of it is with the scribe.
    written: bool,
    effects: Vec<Outgoing>,
    waiting: Vec<Waiting>,
    /// What the batch says about desks.
    desks: Vec<(Time, Event)>,
}

impl Group {
    fn is_empty(&self) -> bool {
        !self.written && self.waiting.is_empty()
    }

    /// Nothing of it happened.
    fn refuse(self) {
        for (reply, _) in self.waiting {
            let _ = reply.send(Err(Error::Unwritten));
        }
    }
}

/// Everything the one deciding task owns.
pub(crate) struct Switch {
    city: Arc<City>,
    center: Center,
    scribe: Scribe,
    effects: mpsc::UnboundedSender<Outgoing>,
    letters: mpsc::UnboundedSender<(ContactId, u32)>,
    show: watch::Sender<Arc<Board>>,
    presence: Presence,
    /// Numbers of contacts that may have to be called.
    numbers: BTreeMap<ContactId, String>,
    /// Numbers that counselors hand citizens to.
    destinations: BTreeMap<ContactId, String>,
    /// The last instant given to the center: it never goes back, whatever the clock does.
    last: Time,
    /// Decided, waiting for the scribe.
    next: Group,
    /// With the scribe, written as soon as the one that is being written has been.
    sealed: Option<Group>,
    /// With the scribe, being written.
    flying: Option<Group>,
    /// The one before, written and becoming durable.
    landing: Option<Group>,
    /// False after a failed write until the center is rebuilt.
    sound: bool,
}

impl Switch {
    pub fn new(
        start: Start,
        (effects, letters): (
            mpsc::UnboundedSender<Outgoing>,
            mpsc::UnboundedSender<(ContactId, u32)>,
        ),
        show: watch::Sender<Arc<Board>>,
        now: Time,
    ) -> Switch {
        Switch {
            center: Center::new(start.city.clone()),
            city: start.city,
            scribe: Scribe::start(start.journal),
            effects,
            letters,
            show,
            presence: Presence::default(),
            numbers: BTreeMap::new(),
            destinations: BTreeMap::new(),
            last: now,
            next: Group::default(),
            sealed: None,
            flying: None,
            landing: None,
            sound: true,
        }
    }

    /// Rebuilds the center from the journal, with the counselors as they were last written.
    pub async fn recover(&mut self, now: Time) -> Result<(), Failure> {
        let recovery = self.scribe.recover(now).await?;
        let mut center = Center::new(self.city.clone());
        for entry in &recovery.entries {
            center.apply(entry.at, &entry.event);
        }
        for (at, event) in self.presence.events() {
            center.apply(at, &event);
        }
        center.set_next_contact(recovery.next_contact);
        self.center = center;
        self.numbers = recovery.numbers.into_iter().collect();
        self.sound = true;
        Ok(())
    }

    /// Every line and desk of before is gone.
    pub async fn restarted(&mut self, now: Time) -> Result<(), Failure> {
        let taken = self.decide(now, &Command::Restarted, Vec::new());
        debug_assert!(taken.is_ok(), "a restart is never refused");
        self.hand_in().await;
        self.write().await;
        while self.busy() {
            match self.scribe.done().await {
                Done::Appended(Err(failure)) => return Err(failure),
                done => self.heard(done),
            }
        }
        self.show.send_replace(Arc::new(self.center.board(now)));
        Ok(())
    }

    /// Takes commands until every handle is dropped.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Envelope>, clock: fn() -> Time) {
        let mut envelopes = Vec::with_capacity(TURN_MAX);
        let mut shown = Instant::now();
        let mut every = BOARD_EVERY;
        let mut dirty = false;
        let mut open = true;
        while open || self.busy() || !self.next.is_empty() {
            if self.may_write() {
                self.write().await;
            }
            let screens = dirty.then(|| every.saturating_sub(shown.elapsed()));
            let timer = self.timer(clock(), screens);
            let room = GROUP_MAX.saturating_sub(self.next.waiting.len());
            let room = room.min(TURN_MAX);
            tokio::select! {
                biased;
                done = self.scribe.done(), if self.busy() => self.heard(done),
                count = inbox.recv_many(&mut envelopes, room), if open && room > 0 => {
                    open = count > 0;
                }
                () = tokio::time::sleep(timer) => {}
            }
            let now = self.monotonic(clock());
            let due = self.center.deadline().is_some_and(|at| at <= now);
            if !envelopes.is_empty() || due || !self.sound {
                self.turn(now, &mut envelopes).await;
                dirty = true;
            }
            if dirty && shown.elapsed() >= every {
                let begun = Instant::now();
                self.show.send_replace(Arc::new(self.center.board(now)));
                shown = Instant::now();
                every = BOARD_EVERY.max((shown - begun) * BOARD_PART);
                dirty = false;
            }
        }
        tracing::info!("hub stopped");
    }

    fn monotonic(&mut self, now: Time) -> Time {
        self.last = self.last.max(now);
        self.last
    }

    /// How long nothing has to be done; `screens` is when the board is due.
    fn timer(&self, now: Time, screens: Option<Duration>) -> Duration {
        if !self.sound {
            return RECOVER_AGAIN;
        }
        let deadline = self.center.deadline().map_or(i64::MAX, |at| at - now);
        let deadline = Duration::from_millis(deadline.clamp(0, 60_000) as u64);
        screens.map_or(deadline, |due| deadline.min(due))
    }

    /// Decides what follows from each command; it becomes durable with the next write.
    async fn turn(&mut self, now: Time, envelopes: &mut Vec<Envelope>) {
        if !self.sound {
            if let Err(failure) = self.recover(now).await {
                tracing::error!(%failure, "the journal is still unwritable");
                return refuse_all(envelopes);
            }
            tracing::warn!("the journal is writable again, the center was rebuilt from it");
        }
        if envelopes.is_empty() {
            let ticked = self.decide(now, &Command::Tick, Vec::new());
            debug_assert!(ticked.is_ok(), "time is never refused");
        }
        for envelope in envelopes.drain(..) {
            let answer = self.decide(now, &envelope.command, envelope.personal);
            self.next
                .waiting
                .push((envelope.reply, answer.map_err(Error::Refused)));
        }
        self.hand_in().await;
    }

    /// Gives the scribe what was decided, to prepare while the last group is being written.
    async fn hand_in(&mut self) {
        let batch = std::mem::take(&mut self.next.batch);
        if !batch.entries.is_empty() || !batch.personal.is_empty() {
            self.next.written = true;
            self.scribe.add(batch).await;
        }
    }

    /// Asks the center, and keeps what follows for the next write.
    fn decide(
        &mut self,
        now: Time,
        command: &Command,
        personal: Vec<Personal>,
    ) -> Result<Answer, Refusal> {
        let mut outcome = Outcome::default();
        let answer = self.center.handle(now, command, &mut outcome);
        if let Ok(answer) = answer {
            self.keep(answer, personal);
        }
        self.put(now, outcome.events);
        for effect in outcome.effects {
            let number = self.number_for(&effect);
            self.next.effects.push(Outgoing { effect, number });
        }
        answer
    }

    /// Whether a group is not yet durable.
    fn busy(&self) -> bool {
        self.flying.is_some() || self.landing.is_some()
    }

    /// Whether the decided group can go. One without events is answered from what was decided
    /// before, so all of that must be durable. While another is being written it goes when it is
    /// full: until then it may grow.
    fn may_write(&self) -> bool {
        if self.flying.is_some() {
            let full = self.next.waiting.len() >= GROUP_MAX;
            return full && self.next.written && self.sealed.is_none();
        }
        !self.next.is_empty() && (self.next.written || self.landing.is_none())
    }

    /// Has the decided group written. One without events is as good as durable.
    async fn write(&mut self) {
        let group = std::mem::take(&mut self.next);
        if !group.written {
            return self.settle(group);
        }
        if self.flying.is_none() {
            self.flying = Some(group);
        } else {
            self.sealed = Some(group);
        }
        self.scribe.commit().await;
    }

    /// How far the groups have come.
    fn heard(&mut self, done: Done) {
        match done {
            Done::Written => {
                self.landing = self.flying.take();
                self.flying = self.sealed.take();
            }
            Done::Appended(Ok(())) => {
                if let Some(group) = self.landing.take() {
                    self.settle(group);
                }
            }
            Done::Appended(Err(failure)) => self.unwritten(&failure),
            // The answer to a question that nobody waits for any more.
            Done::Recovered(_) => {}
        }
    }

    /// What was decided since stands on what was not written.
    fn unwritten(&mut self, failure: &Failure) {
        tracing::error!(%failure, "the journal could not be written; nothing was done");
        self.sound = false;
        let groups = [self.landing.take(), self.flying.take(), self.sealed.take()];
        groups.into_iter().flatten().for_each(Group::refuse);
        std::mem::take(&mut self.next).refuse();
    }

    /// The group is durable: now it may act, and its senders may know.
    fn settle(&mut self, group: Group) {
        for (at, event) in &group.desks {
            self.presence.note(*at, event);
        }
        for outgoing in group.effects {
            // A wing gone means the house is going down; the journal has all that matters.
            if let Effect::Send { contact, message } = outgoing.effect {
                let _ = self.letters.send((contact, message));
            } else {
                let _ = self.effects.send(outgoing);
            }
        }
        for (reply, answer) in group.waiting {
            let _ = reply.send(answer);
        }
    }

    /// Keeps personal data beside the contact it belongs to.
    fn keep(&mut self, answer: Answer, personal: Vec<Personal>) {
        for mut row in personal {
            match &mut row {
                Personal::Number {
                    contact, number, ..
                } => {
                    match answer {
                        Answer::Message { again: true, .. } => continue,
                        Answer::Contact(opened)
                        | Answer::Message {
                            contact: opened, ..
                        } if *contact == ContactId(0) => {
                            *contact = opened;
                        }
                        _ => {}
                    }
                    self.numbers.insert(*contact, number.clone());
                }
                Personal::TransferTo { contact, number } => {
                    self.destinations.insert(*contact, number.clone());
                }
                Personal::Letter {
                    contact, message, ..
                } => {
                    let Answer::Message {
                        contact: of,
                        message: number,
                        again,
                    } = answer
                    else {
                        self.next.batch.personal.push(row);
                        continue;
                    };
                    if again {
                        continue;
                    }
                    (*contact, *message) = (of, number);
                }
                Personal::Note { .. } => {}
            }
            self.next.batch.personal.push(row);
        }
    }

    /// Puts what happened into the batch and follows which numbers are still needed.
    fn put(&mut self, now: Time, events: Vec<Event>) {
        for event in events {
            match &event {
                Event::TaskTaken { contact, task, .. } => self.hand_on_number(*contact, *task),
                Event::Closed { contact, .. } => {
                    self.destinations.remove(contact);
                    if !self.center.owes_callback(*contact) {
                        self.numbers.remove(contact);
                    }
                }
                Event::TaskClosed {
                    contact,
                    called: false,
                    ..
                } => {
                    self.numbers.remove(contact);
                }
                _ if Presence::concerns(&event) => self.next.desks.push((now, event.clone())),
                _ => {}
            }
            self.next.batch.entries.push(Entry { at: now, event });
        }
    }

    /// The contact that pays a callback calls the number of the one that owes it.
    fn hand_on_number(&mut self, contact: ContactId, task: ContactId) {
        if let Some(number) = self.numbers.get(&task).cloned() {
            self.numbers.insert(contact, number.clone());
            let raw = number.clone();
            self.next.batch.personal.push(Personal::Number {
                contact,
                number,
                raw,
            });
        }
    }

    fn number_for(&self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Dial { contact } => self.numbers.get(contact).cloned(),
            Effect::TransferOut { contact } => self.destinations.get(contact).cloned(),
            _ => None,
        }
    }
}

fn refuse_all(envelopes: &mut Vec<Envelope>) {
    for envelope in envelopes.drain(..) {
        let _ = envelope.reply.send(Err(Error::Unwritten));
    }
}
