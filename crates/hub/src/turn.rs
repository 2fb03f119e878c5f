//! One turn of the switch: commands in, one transaction, effects out. Never decides what follows.

use crate::personal::Personal;
use crate::presence::Presence;
use crate::switch::{Envelope, Error, Outgoing, Start};
use center::board::Board;
use center::city::{City, ContactId};
use center::command::{Answer, Command};
use center::effect::Effect;
use center::event::Event;
use center::time::Time;
use center::{Center, Outcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Batch, Entry, Failure, Journal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Commands that share one transaction at most.
const GROUP_MAX: usize = 512;

/// Screens are renewed at most this often.
const BOARD_EVERY: Duration = Duration::from_millis(100);

/// Pause before the journal is tried again after it failed.
const RECOVER_AGAIN: Duration = Duration::from_millis(500);

/// A sender who waits for the transaction, and what it will be told.
type Waiting = (
    oneshot::Sender<Result<Answer, Error>>,
    Result<Answer, Error>,
);

/// Everything the one writing task owns.
pub(crate) struct Switch {
    city: Arc<City>,
    center: Center,
    journal: Journal,
    effects: mpsc::UnboundedSender<Outgoing>,
    show: watch::Sender<Arc<Board>>,
    presence: Presence,
    /// Numbers of contacts that may have to be called.
    numbers: BTreeMap<ContactId, String>,
    /// Numbers that counselors hand citizens to.
    destinations: BTreeMap<ContactId, String>,
    /// The last instant given to the center: it never goes back, whatever the clock does.
    last: Time,
    /// False after a failed write until the center is rebuilt.
    sound: bool,
}

impl Switch {
    pub fn new(
        start: Start,
        effects: mpsc::UnboundedSender<Outgoing>,
        show: watch::Sender<Arc<Board>>,
        now: Time,
    ) -> Switch {
        Switch {
            center: Center::new(start.city.clone()),
            city: start.city,
            journal: start.journal,
            effects,
            show,
            presence: Presence::default(),
            numbers: BTreeMap::new(),
            destinations: BTreeMap::new(),
            last: now,
            sound: true,
        }
    }

    /// Rebuilds the center from the journal, with the counselors as they were last written.
    pub async fn recover(&mut self, now: Time) -> Result<(), Failure> {
        let recovery = self.journal.recover(now).await?;
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
        let mut outcome = Outcome::default();
        let taken = self.center.handle(now, &Command::Restarted, &mut outcome);
        debug_assert!(taken.is_ok(), "a restart is never refused");
        let mut batch = Batch::default();
        self.put(now, &mut outcome, &mut batch);
        self.journal.append(batch).await?;
        self.show.send_replace(Arc::new(self.center.board(now)));
        Ok(())
    }

    /// Takes commands until every handle is dropped.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Envelope>, clock: fn() -> Time) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        let mut shown = Instant::now();
        let mut dirty = false;
        loop {
            let timer = self.timer(clock(), shown, dirty);
            tokio::select! {
                count = inbox.recv_many(&mut group, GROUP_MAX) => {
                    if count == 0 {
                        break;
                    }
                }
                () = tokio::time::sleep(timer) => {}
            }
            let now = self.monotonic(clock());
            let due = self.center.deadline().is_some_and(|at| at <= now);
            if !group.is_empty() || due || !self.sound {
                self.turn(now, &mut group).await;
                dirty = true;
            }
            if dirty && shown.elapsed() >= BOARD_EVERY {
                self.show.send_replace(Arc::new(self.center.board(now)));
                shown = Instant::now();
                dirty = false;
            }
        }
        tracing::info!("hub stopped");
    }

    fn monotonic(&mut self, now: Time) -> Time {
        self.last = self.last.max(now);
        self.last
    }

    fn timer(&self, now: Time, shown: Instant, dirty: bool) -> Duration {
        if !self.sound {
            return RECOVER_AGAIN;
        }
        let deadline = self.center.deadline().map_or(i64::MAX, |at| at - now);
        let deadline = Duration::from_millis(deadline.clamp(0, 60_000) as u64);
        let board = if dirty {
            BOARD_EVERY.saturating_sub(shown.elapsed())
        } else {
            deadline
        };
        deadline.min(board)
    }

    /// Decide, commit, then act.
    async fn turn(&mut self, now: Time, group: &mut Vec<Envelope>) {
        if !self.sound {
            if let Err(failure) = self.recover(now).await {
                tracing::error!(%failure, "the journal is still unwritable");
                return refuse_all(group);
            }
            tracing::warn!("the journal is writable again, the center was rebuilt from it");
        }
        let mut batch = Batch::default();
        let mut effects = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::with_capacity(group.len());
        let mut outcome = Outcome::default();
        if group.is_empty() {
            let ticked = self.center.handle(now, &Command::Tick, &mut outcome);
            debug_assert!(ticked.is_ok(), "time is never refused");
            self.put(now, &mut outcome, &mut batch);
            effects.append(&mut outcome.effects);
        }
        for envelope in group.drain(..) {
            let answer = self.center.handle(now, &envelope.command, &mut outcome);
            if let Ok(answer) = answer {
                self.keep(answer, envelope.personal, &mut batch);
            }
            self.put(now, &mut outcome, &mut batch);
            effects.append(&mut outcome.effects);
            waiting.push((envelope.reply, answer.map_err(Error::Refused)));
        }
        self.commit(batch, effects, waiting).await;
    }

    async fn commit(&mut self, batch: Batch, effects: Vec<Effect>, waiting: Vec<Waiting>) {
        let events: Vec<(Time, Event)> = batch
            .entries
            .iter()
            .filter(|entry| Presence::concerns(&entry.event))
            .map(|entry| (entry.at, entry.event.clone()))
            .collect();
        if !batch.entries.is_empty() || !batch.personal.is_empty() {
            if let Err(failure) = self.journal.append(batch).await {
                tracing::error!(%failure, "the journal could not be written; nothing was done");
                self.sound = false;
                for (reply, _) in waiting {
                    let _ = reply.send(Err(Error::Unwritten));
                }
                return;
            }
        }
        for (at, event) in &events {
            self.presence.note(*at, event);
        }
        for effect in effects {
            let number = self.number_for(&effect);
            // Telephony gone means the house is going down; the journal has all that matters.
            let _ = self.effects.send(Outgoing { effect, number });
        }
        for (reply, answer) in waiting {
            let _ = reply.send(answer);
        }
    }

    /// Keeps personal data beside the contact it belongs to.
    fn keep(&mut self, answer: Answer, personal: Vec<Personal>, batch: &mut Batch) {
        for mut row in personal {
            match &mut row {
                Personal::Number {
                    contact, number, ..
                } => {
                    if let (ContactId(0), Answer::Contact(opened)) = (*contact, answer) {
                        *contact = opened;
                    }
                    self.numbers.insert(*contact, number.clone());
                }
                Personal::TransferTo { contact, number } => {
                    self.destinations.insert(*contact, number.clone());
                }
                Personal::Note { .. } => {}
            }
            batch.personal.push(row);
        }
    }

    /// Puts what happened into the batch and follows which numbers are still needed.
    fn put(&mut self, now: Time, outcome: &mut Outcome, batch: &mut Batch) {
        for event in outcome.events.drain(..) {
            match &event {
                Event::TaskTaken { contact, task, .. } => {
                    if let Some(number) = self.numbers.get(task).cloned() {
                        self.numbers.insert(*contact, number.clone());
                        let raw = number.clone();
                        batch.personal.push(Personal::Number {
                            contact: *contact,
                            number,
                            raw,
                        });
                    }
                }
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
                _ => {}
            }
            batch.entries.push(Entry { at: now, event });
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

fn refuse_all(group: &mut Vec<Envelope>) {
    for envelope in group.drain(..) {
        let _ = envelope.reply.send(Err(Error::Unwritten));
    }
}
