//! The checkers: what must hold at every step of any run, judged from events alone. Never a fixed
//! answer.

use crate::calibration::Calibration;
use crate::chance::Fingerprint;
use crate::floor::{Floor, Open, Phase};
use crate::recount::Recount;
use center::board::{Board, ContactView};
use center::city::{City, ContactId, CounselorId};
use center::event::{Event, Fate, Told};
use center::record::Stage;
use center::time::Time;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A promise that a run must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checker {
    /// Every contact that arrived is closed exactly once, in a life without impossible steps.
    NobodyLost,
    /// Nobody is served by two at once, no counselor serves two.
    OneAtATime,
    /// No counselor has more than fits.
    Capacity,
    /// Every state is left before its deadline.
    Deadlines,
    /// Arrived = open + closed, and the screens show the same.
    Conservation,
    /// Cells and summary equal a recount from the events.
    Statistics,
    /// Equal seeds give equal journals.
    SameSeedSameHash,
    /// All events put into an empty center give the state it has.
    ReplayEqualsLive,
    /// No free counselor beside somebody waiting whom they could serve.
    NobodyIdle,
    /// Within a queue the front goes first, then the oldest.
    FirstComeFirstServed,
    /// An emergency in writing does not wait beside other writing that merely rings.
    EmergenciesFirst,
    /// What is told of a wait does not grow unless staff left.
    PromisesDoNotGrow,
    /// Told P50 and P90 come true for 50 and 90 percent.
    Calibrated,
    /// Nobody speaks with an empty chair.
    NoEmptyChair,
    /// Whoever was interrupted is owed a callback.
    InterruptedAreOwed,
}

impl Checker {
    /// The name as printed.
    pub fn name(self) -> &'static str {
        match self {
            Checker::NobodyLost => "nobody-lost",
            Checker::OneAtATime => "one-at-a-time",
            Checker::Capacity => "capacity",
            Checker::Deadlines => "deadlines",
            Checker::Conservation => "conservation",
            Checker::Statistics => "statistics-equal-events",
            Checker::SameSeedSameHash => "same-seed-same-hash",
            Checker::ReplayEqualsLive => "replay-equals-live",
            Checker::NobodyIdle => "nobody-idle-beside-waiting",
            Checker::FirstComeFirstServed => "first-come-first-served",
            Checker::EmergenciesFirst => "emergencies-first",
            Checker::PromisesDoNotGrow => "promises-do-not-grow",
            Checker::Calibrated => "waits-calibrated",
            Checker::NoEmptyChair => "no-empty-chair",
            Checker::InterruptedAreOwed => "interrupted-are-owed",
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub checker: Checker,
    /// Whose contact, when it concerns one.
    pub contact: Option<ContactId>,
    /// When.
    pub at: Time,
    /// What exactly.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.checker.name())?;
        if let Some(contact) = self.contact {
            write!(f, " contact {contact}")?;
        }
        write!(f, " at {}: {}", self.at, self.words)
    }
}

/// Findings kept of each checker; the first is what matters, and one that repeats itself must not
/// silence the others.
const FOUND_MAX: usize = 20;

/// Watches a run.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The floor as the events tell it.
    pub floor: Floor,
    /// Both counts.
    pub recount: Recount,
    /// What was told.
    pub calibration: Calibration,
    /// Fingerprint of the journal.
    pub fingerprint: Fingerprint,
    /// What was broken.
    pub found: Vec<Finding>,
    /// Events seen.
    pub events: u64,
    /// Arrivals and ends, counted as they come, whatever the floor makes of them.
    counted: [u64; 2],
    /// How late deadlines may be worked off in this run.
    pub late_ms: i64,
}

impl Watch {
    /// Watches from the beginning.
    pub fn new(city: &Arc<City>) -> Watch {
        Watch {
            floor: Floor::new(Arc::clone(city)),
            recount: Recount::new(Arc::clone(city)),
            calibration: Calibration::default(),
            fingerprint: Fingerprint::default(),
            found: Vec::new(),
            events: 0,
            counted: [0; 2],
            late_ms: 0,
        }
    }

    /// Notes a broken promise.
    pub fn find(
        &mut self,
        checker: Checker,
        contact: Option<ContactId>,
        at: Time,
        words: impl Into<String>,
    ) {
        let same = self.found.iter().filter(|found| found.checker == checker);
        if same.count() < FOUND_MAX {
            let words = words.into();
            self.found.push(Finding {
                checker,
                contact,
                at,
                words,
            });
        }
    }

    /// Takes in what happened.
    pub fn event(&mut self, at: Time, event: &Event) {
        self.events += 1;
        self.fingerprint.entry(at, event);
        let contact = event.contact();
        let before = contact.and_then(|id| self.floor.open.get(&id));
        let late = before.and_then(|open| self.overdue(open, at));
        if let Some(words) = late {
            self.find(Checker::Deadlines, contact, at, words);
        }
        match event {
            Event::Closed { .. } => self.counted[1] += 1,
            Event::Reopened { .. } => self.counted[1] -= 1,
            _ => {}
        }
        match event {
            Event::Arrived { contact, .. } => {
                self.counted[0] += 1;
                self.arrived(*contact, at);
            }
            Event::Offered {
                contact, counselor, ..
            } => self.offered(*contact, *counselor, at),
            Event::WaitTold { contact, told, .. } => self.told(*contact, *told, at),
            Event::Closed {
                contact,
                fate: Fate::Interrupted,
                ..
            } => self.owed(*contact, at),
            _ => {}
        }
        if let Some(words) = self.floor.apply(at, event) {
            let served = matches!(
                event,
                Event::Offered { .. } | Event::Answered { .. } | Event::OfferReturned { .. }
            );
            let checker = if served {
                Checker::OneAtATime
            } else {
                Checker::NobodyLost
            };
            self.find(checker, contact, at, words);
        }
        if let Some(counselor) = event.counselor() {
            self.load(counselor, at);
        }
        self.recount.apply(at, event);
        self.calibration.apply(at, event);
    }

    fn arrived(&mut self, contact: ContactId, at: Time) {
        let expected = self.floor.arrived + 1;
        if contact.0 != expected {
            let words = format!("the next number is {expected}");
            self.find(Checker::NobodyLost, Some(contact), at, words);
        }
    }

    /// In the order of the queue nobody may stand before the one who is offered, of those whom
    /// this counselor could serve as well.
    fn offered(&mut self, contact: ContactId, counselor: CounselorId, at: Time) {
        let Some(open) = self.floor.open.get(&contact) else {
            return;
        };
        if !self.floor.eligible(open, counselor, at) {
            let words = format!("counselor {counselor} lacks what the queue asks for");
            return self.find(Checker::FirstComeFirstServed, Some(contact), at, words);
        }
        let place = |id: ContactId, open: &Open| (!open.pressing(), !open.front, open.age, id);
        let mine = place(contact, open);
        let queue = &self.floor.waiting[open.queue];
        let passed = queue.iter().find(|id| {
            let other = &self.floor.open[*id];
            place(**id, other) < mine && self.floor.eligible(other, counselor, at)
        });
        if let Some(passed) = passed.copied() {
            let words = format!("offered before contact {passed}");
            self.find(Checker::FirstComeFirstServed, Some(contact), at, words);
        }
    }

    fn told(&mut self, contact: ContactId, told: Told, at: Time) {
        let before = self.floor.open.get(&contact).and_then(|open| open.told);
        let Some(before) = before.filter(|before| before.staff <= told.staff) else {
            return;
        };
        let grew = |before: Option<i64>, now: Option<i64>| match (before, now) {
            (Some(before), Some(now)) => now > before,
            (Some(_), None) => true,
            _ => false,
        };
        if told.position > before.position
            || grew(before.p50_ms, told.p50_ms)
            || grew(before.p90_ms, told.p90_ms)
        {
            let words = format!("was told {before:?}, now {told:?}");
            self.find(Checker::PromisesDoNotGrow, Some(contact), at, words);
        }
    }

    fn owed(&mut self, contact: ContactId, at: Time) {
        let Some(open) = self.floor.open.get(&contact) else {
            return;
        };
        let reachable = !open.caller.is_empty() && !open.outbound;
        if reachable && !self.floor.tasks.contains(&contact) {
            let words = "interrupted, and no callback is owed";
            self.find(Checker::InterruptedAreOwed, Some(contact), at, words);
        }
    }

    fn load(&mut self, counselor: CounselorId, at: Time) {
        let Some(desk) = self.floor.desks.get(&counselor) else {
            return;
        };
        let live: Vec<ContactId> = desk
            .holds
            .iter()
            .filter(|id| {
                let phase = self.floor.open.get(id).map(|open| open.phase);
                !matches!(phase, Some(Phase::WrapUp(_)) | None)
            })
            .copied()
            .collect();
        let spoken = |id: &&ContactId| !self.floor.open[*id].channel.written();
        let writing = desk.holds.iter().filter(|id| !live.contains(id));
        let offered_while_writing = writing.filter(spoken).count() > 0 && !live.is_empty();
        let crowded = self.floor.crowded(counselor);
        let newest = live.iter().copied().find(|id| self.just_offered(*id, at));
        let live: Vec<ContactId> = live.iter().filter(spoken).copied().collect();
        if let Some(newest) = newest.filter(|_| crowded) {
            let words = format!("offered to counselor {counselor} who has no room");
            self.find(Checker::Capacity, Some(newest), at, words);
        }
        if live.len() > 1 {
            let words = format!("counselor {counselor} has {} citizens at once", live.len());
            let latest = live.last().copied();
            self.find(Checker::OneAtATime, latest, at, words.clone());
            self.find(Checker::Capacity, latest, at, words);
        }
        let newest = live.first().copied().filter(|_| offered_while_writing);
        if let Some(newest) = newest.filter(|id| self.just_offered(*id, at)) {
            let words = format!("offered to counselor {counselor} who still writes");
            self.find(Checker::Capacity, Some(newest), at, words);
        }
    }

    fn just_offered(&self, id: ContactId, at: Time) -> bool {
        let open = &self.floor.open[&id];
        matches!(open.phase, Phase::Offered(_)) && open.since == at
    }

    /// What is wrong with how long a contact has been where it is.
    fn overdue(&self, open: &Open, now: Time) -> Option<String> {
        let limits = &self.floor.city.limits;
        let (since, limit_ms, what) = match open.phase {
            Phase::Door => (open.since, 0, "at the door"),
            Phase::Menu => (open.touched, limits.menu_node_max_ms, "in the menu"),
            Phase::Turned => (open.touched, limits.farewell_ms, "hearing why not"),
            Phase::Waiting => {
                let limit_ms = limits.wait_alarm_of(open.channel);
                (open.touched, limit_ms, "waiting without a sign")
            }
            Phase::Snoozed(until) => (until, 0, "laid aside"),
            Phase::Talk(_) if open.channel.written() => {
                let limit_ms = limits.written_hold_ms.max(limits.thread_quiet_ms);
                (open.touched, limit_ms, "in writing without a sign")
            }
            Phase::Offered(_) => (open.since, limits.ring_ms, "ringing"),
            Phase::Dialing(_) => (open.since, limits.dial_ms, "being called"),
            Phase::Paused => (open.since, limits.dial_pause_ms, "between two tries"),
            Phase::Talk(_) | Phase::Hold(_) | Phase::Leaving(_) => {
                (open.since, limits.talk_max_ms, "talking")
            }
            Phase::WrapUp(_) => (open.touched, limits.record_overdue_ms, "in wrap-up"),
        };
        let lasted = now - since;
        (lasted > limit_ms + self.late_ms)
            .then(|| format!("{what} for {lasted} ms, at most {limit_ms}"))
    }

    /// After every step.
    pub fn settle(&mut self, now: Time) {
        let [arrived, closed] = self.counted;
        let open = self.floor.open.len() as u64;
        if arrived != closed + open {
            let words = format!("{arrived} arrived, {open} open, {closed} closed");
            self.find(Checker::Conservation, None, now, words);
        }
        if !self.floor.idle.is_empty() {
            self.idle_beside_waiting(now);
        }
        self.emergency_beside_ring(now);
    }

    fn emergency_beside_ring(&mut self, now: Time) {
        let mut found = None;
        for contact in self.floor.waiting.iter().flatten() {
            let open = &self.floor.open[contact];
            if !open.pressing() {
                continue;
            }
            let mut desks = self.floor.desks.keys();
            let rings = desks.find_map(|counselor| {
                let able = self.floor.eligible(open, *counselor, now);
                self.floor.in_the_way(open, *counselor).filter(|_| able)
            });
            found = found.or(rings.map(|rings| (*contact, rings)));
        }
        if let Some((contact, rings)) = found {
            let words = format!("an emergency waits while contact {rings} rings");
            self.find(Checker::EmergenciesFirst, Some(contact), now, words);
        }
    }

    fn idle_beside_waiting(&mut self, now: Time) {
        let mut found = None;
        for queue in 0..self.floor.waiting.len() {
            let able = &self.floor.able[queue];
            let idle: Vec<CounselorId> = self.floor.idle.intersection(able).copied().collect();
            if idle.is_empty() {
                continue;
            }
            for contact in &self.floor.waiting[queue] {
                let open = &self.floor.open[contact];
                let able = idle.iter().find(|counselor| {
                    self.floor.eligible(open, **counselor, now)
                        && !self.held_back(queue, **counselor, now)
                });
                if let Some(counselor) = able {
                    found = Some((*contact, *counselor));
                    break;
                }
            }
        }
        if let Some((contact, counselor)) = found {
            let words = format!("waits beside free counselor {counselor}");
            self.find(Checker::NobodyIdle, Some(contact), now, words);
        }
    }

    /// A counselor with some room left serves letters that fit, whatever else they do.
    fn room_beside_letters(&mut self, now: Time) {
        let mut found = None;
        for (queue, settings) in self.floor.city.queues.iter().enumerate() {
            if !settings.channel.written() {
                continue;
            }
            let waiting = self.floor.waiting[queue].iter();
            let Some((contact, open)) = waiting.map(|id| (*id, &self.floor.open[id])).next() else {
                continue;
            };
            let mut desks = self.floor.desks.keys();
            let able = desks.find(|counselor| {
                self.floor.has_room(**counselor, open.channel)
                    && self.floor.eligible(open, **counselor, now)
                    && !self.held_back(queue, **counselor, now)
            });
            found = found.or(able.map(|counselor| (contact, *counselor)));
        }
        if let Some((contact, counselor)) = found {
            let words = format!("waits though counselor {counselor} has room");
            self.find(Checker::NobodyIdle, Some(contact), now, words);
        }
    }

    /// Whether a reserve of the city excuses that a free counselor does not serve a queue.
    fn held_back(&self, queue: usize, counselor: CounselorId, now: Time) -> bool {
        let city = &self.floor.city;
        let holds = |counselor: CounselorId, skill: &str| {
            city.counselor(counselor)
                .is_some_and(|profile| profile.skills.contains_key(skill))
        };
        let oldest = self.floor.waiting[queue]
            .iter()
            .map(|id| now - self.floor.open[id].age)
            .max();
        city.reserves.iter().any(|reserve| {
            let asks = city.queues[queue].rings.iter().flat_map(|ring| &ring.needs);
            let idle = self
                .floor
                .idle
                .iter()
                .filter(|id| holds(**id, &reserve.skill))
                .count();
            holds(counselor, &reserve.skill)
                && !asks.into_iter().any(|need| need.skill == reserve.skill)
                && idle <= reserve.keep
                && oldest.is_none_or(|oldest| oldest < reserve.until_wait_ms)
        })
    }

    /// Now and then, because it costs more: what takes too long without any event, the screens,
    /// and chairs without anybody.
    pub fn sample(&mut self, now: Time, board: &Board) {
        self.room_beside_letters(now);
        let late: Vec<(ContactId, String)> = self
            .floor
            .open
            .iter()
            .filter_map(|(id, open)| Some((*id, self.overdue(open, now)?)))
            .collect();
        for (contact, words) in late {
            self.find(Checker::Deadlines, Some(contact), now, words);
        }
        let empty = self.floor.open.iter().find(|(_, open)| match open.phase {
            Phase::Talk(counselor) | Phase::Hold(counselor) => {
                !self.floor.desks.contains_key(&counselor)
            }
            _ => false,
        });
        if let Some((contact, _)) = empty {
            let contact = *contact;
            self.find(
                Checker::NoEmptyChair,
                Some(contact),
                now,
                "nobody sits at the desk",
            );
        }
        if let Some(words) = self.differs(board) {
            self.find(Checker::Conservation, None, now, words);
        }
    }

    fn differs(&self, board: &Board) -> Option<String> {
        let shown: BTreeMap<ContactId, Stage> = board
            .contacts
            .iter()
            .map(|view| (view.contact, view.stage))
            .collect();
        let odd = self.floor.open.iter().find(|(id, open)| {
            let stage = shown.get(id).copied();
            let right = match open.phase {
                Phase::Door | Phase::Menu | Phase::Turned => stage == Some(Stage::Menu),
                Phase::Waiting => matches!(stage, Some(Stage::Queue | Stage::Callback)),
                Phase::Paused => stage == Some(Stage::Callback),
                Phase::Offered(_) | Phase::Dialing(_) => stage == Some(Stage::Ringing),
                Phase::Talk(_) => stage == Some(Stage::Talk),
                Phase::Hold(_) => stage == Some(Stage::Hold),
                Phase::Leaving(_) | Phase::WrapUp(_) => stage == Some(Stage::WrapUp),
                Phase::Snoozed(_) => stage == Some(Stage::Snoozed),
            };
            !right
        });
        let pressing = |view: &&ContactView| view.pressing;
        let pressing = board.contacts.iter().filter(pressing).map(|v| v.contact);
        let floor = self.floor.open.iter().filter(|(_, open)| open.pressing());
        if !pressing.eq(floor.map(|(id, _)| *id)) {
            return Some("the board shows other emergencies".to_owned());
        }
        if let Some((id, open)) = odd {
            return Some(format!(
                "contact {id} is {:?}, shown {:?}",
                open.phase,
                shown.get(id)
            ));
        }
        (shown.len() != self.floor.open.len()).then(|| "the board shows others".to_owned())
    }

    /// At the end of a run, when everyone has gone home.
    pub fn end(&mut self, now: Time) {
        let open: Vec<(ContactId, Phase)> = self
            .floor
            .open
            .iter()
            .map(|(id, open)| (*id, open.phase))
            .collect();
        for (contact, phase) in open {
            let words = format!("never ended, last {phase:?}");
            self.find(Checker::NobodyLost, Some(contact), now, words);
        }
        let closed: u64 = self.floor.closed.iter().sum();
        let summary = self.recount.summary();
        let aside = summary.merged + summary.automatic;
        let counted = (summary.attempts + aside) as u64 + self.floor.ended(Fate::Outbound);
        if counted != closed {
            let words = format!("{closed} closed, {counted} counted");
            self.find(Checker::Statistics, None, now, words);
        }
        if let Some(words) = self.recount.difference() {
            self.find(Checker::Statistics, None, now, words);
        }
    }
}
