//! The virtual clock and what waits on it; hands commands to the center and watches what comes
//! back. Never decides what people do.

use crate::options::Options;
use crate::watch::{Checker, Watch};
use center::city::{City, ContactId};
use center::command::{Answer, Command, Refusal};
use center::effect::Effect;
use center::event::{Event, Fate};
use center::time::Time;
use center::{Center, Outcome};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

/// Events between two looks at the board.
const SAMPLE_EVENTS: u64 = 3_000;

/// Something that comes due: at an instant, in the order it was planned.
struct Planned<T> {
    at: Time,
    number: u64,
    what: T,
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// A virtual clock with what is planned on it.
pub struct Clock<T> {
    planned: BinaryHeap<Reverse<Planned<T>>>,
    number: u64,
}

impl<T> Default for Clock<T> {
    fn default() -> Clock<T> {
        Clock {
            planned: BinaryHeap::new(),
            number: 0,
        }
    }
}

impl<T> Clock<T> {
    /// Plans something.
    pub fn plan(&mut self, at: Time, what: T) {
        self.number += 1;
        let number = self.number;
        self.planned.push(Reverse(Planned { at, number, what }));
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Time> {
        self.planned.peek().map(|planned| planned.0.at)
    }

    /// Takes the next.
    pub fn take(&mut self) -> Option<(Time, T)> {
        self.planned
            .pop()
            .map(|planned| (planned.0.at, planned.0.what))
    }
}

/// The center under watch.
pub struct House {
    /// City.
    pub city: Arc<City>,
    /// Center.
    pub center: Center,
    /// Checkers.
    pub watch: Watch,
    /// All that happened, as the store would hold it.
    pub journal: Vec<(Time, Event)>,
    /// Commands that were refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    out: Outcome,
    sampled: u64,
    /// The center as it was last started, and the number of events it was started on.
    started: (Center, usize),
}

impl House {
    /// An empty house.
    pub fn new(city: City) -> House {
        let city = Arc::new(city);
        let center = Center::new(Arc::clone(&city));
        House {
            started: (center.clone(), 0),
            center,
            watch: Watch::new(&city),
            city,
            journal: Vec::new(),
            refused: BTreeMap::new(),
            out: Outcome::default(),
            sampled: 0,
        }
    }

    /// Hands in a command as the hub does: events go to the journal, then effects are returned.
    pub fn hand(&mut self, now: Time, command: &Command) -> (Result<Answer, Refusal>, Vec<Effect>) {
        self.out.events.clear();
        let answer = self.center.handle(now, command, &mut self.out);
        if let Err(refusal) = answer {
            *self.refused.entry(refusal).or_default() += 1;
        }
        for event in self.out.events.drain(..) {
            self.watch.event(now, &event);
            self.journal.push((now, event));
        }
        self.watch.settle(now);
        if self.center.deadline().is_some_and(|due| due <= now) {
            let words = "a deadline that is due was not worked off";
            self.watch.find(Checker::Deadlines, None, now, words);
        }
        if self.watch.events >= self.sampled + SAMPLE_EVENTS {
            self.look(now);
        }
        (answer, std::mem::take(&mut self.out.effects))
    }

    /// Compares board and floor.
    pub fn look(&mut self, now: Time) {
        self.sampled = self.watch.events;
        let board = self.center.board(now);
        self.watch.sample(now, &board);
    }

    /// Puts all events since the last start into the center as it was started, and compares.
    pub fn replay(&mut self, now: Time) {
        let (mut replayed, from) = self.started.clone();
        for (at, event) in &self.journal[from..] {
            replayed.apply(*at, event);
        }
        if replayed.digest() != self.center.digest() {
            let words = "the state after replay differs";
            self.watch.find(Checker::ReplayEqualsLive, None, now, words);
        }
    }

    /// The center stops and starts anew on what the journal holds, as the hub does it: all events
    /// of open contacts and of owed callbacks, of others of the last 25 hours those by which a
    /// caller is known again.
    pub fn lose_memory(&mut self, now: Time) {
        let keep_from = Time(now.0 - 25 * center::time::HOUR_MS);
        let open: BTreeSet<ContactId> = self
            .watch
            .floor
            .open
            .keys()
            .chain(&self.watch.floor.tasks)
            .chain(self.watch.floor.resting.keys())
            .copied()
            .collect();
        let mut center = Center::new(Arc::clone(&self.city));
        for (at, event) in &self.journal {
            let Some(contact) = event.contact() else {
                continue;
            };
            let known = matches!(
                event,
                Event::Arrived { .. } | Event::Queued { .. } | Event::Closed { .. }
            );
            if open.contains(&contact) || (known && *at >= keep_from) {
                center.apply(*at, event);
            }
        }
        center.set_next_contact(self.watch.floor.arrived + 1);
        // Who has left a record is known of desks, and a stop ends what is known of desks.
        let shown = |center: &Center| {
            let mut board = center.board(now);
            board
                .contacts
                .iter_mut()
                .for_each(|view| view.unfinished = false);
            board
        };
        let (before, after) = (shown(&self.center), shown(&center));
        if (&before.contacts, &before.tasks) != (&after.contacts, &after.tasks) {
            let words = "contacts or callbacks owed are not what they were before the stop";
            self.watch.find(Checker::ReplayEqualsLive, None, now, words);
        }
        self.started = (center.clone(), self.journal.len());
        self.center = center;
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Options.
    pub options: Options,
    /// Events.
    pub events: u64,
    /// Fingerprint of the journal.
    pub hash: u64,
    /// Contacts.
    pub contacts: u64,
    /// The figures as screens show them.
    pub summary: center::statistics::Summary,
    /// Figures of what was written and signed.
    pub beside: center::statistics::Summary,
    /// What was told about waits.
    pub coverage: crate::calibration::Coverage,
    /// Callbacks paid.
    pub outbound: u64,
    /// Busy share of signed-in, not resting time, in percent.
    pub occupancy: f64,
    /// Hours at the desk a day.
    pub seat_hours: f64,
    /// Most that waited at once.
    pub waiting_most: usize,
    /// Most counselors at once that took calls.
    pub staff_most: usize,
    /// Broken promises.
    pub found: Vec<crate::watch::Finding>,
    /// Commands refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
}

impl Report {
    /// Contacts closed with a fate, as counted in the summary.
    pub fn fate(&self, fate: Fate) -> i64 {
        match fate {
            Fate::Outbound => self.outbound as i64,
            _ => of(&self.summary, fate) + of(&self.beside, fate),
        }
    }
}

fn of(s: &center::statistics::Summary, fate: Fate) -> i64 {
    match fate {
        Fate::Answered => s.answered,
        Fate::Abandoned => s.abandoned - s.short,
        Fate::ShortAbandoned => s.short,
        Fate::LeftMenu => s.left_menu,
        Fate::Capped => s.capped,
        Fate::Closed => s.closed,
        Fate::Unreached => s.unreached,
        Fate::Interrupted => s.interrupted,
        Fate::Silent => s.silent,
        Fate::Merged => s.merged,
        Fate::Automatic => s.automatic,
        Fate::Outbound => 0,
    }
}

/// Busy and free time of a group, added up between steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Occupancy {
    last: Option<Time>,
    busy_ms: i64,
    free_ms: i64,
    /// Most at once.
    pub most: usize,
}

impl Occupancy {
    /// Adds the time since the last step, with the numbers that held during it.
    pub fn step(&mut self, now: Time, busy: usize, free: usize) {
        if let Some(last) = self.last {
            let lasted = now - last;
            self.busy_ms += lasted * busy as i64;
            self.free_ms += lasted * free as i64;
        }
        self.most = self.most.max(busy + free);
        self.last = Some(now);
    }

    /// In percent.
    pub fn percent(&self) -> f64 {
        let all = self.busy_ms + self.free_ms;
        if all == 0 {
            0.0
        } else {
            self.busy_ms as f64 * 100.0 / all as f64
        }
    }
}
