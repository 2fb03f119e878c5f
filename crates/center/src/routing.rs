//! Who takes whom: the indexes of those who wait and those who are free, and the choice. Never a
//! deadline, a prompt or an event: `offer` turns a choice into what happens.

use crate::city::{City, ContactId, CounselorId, Load, Need};
use crate::event::Reason;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A bucket holds those who wait in one queue and have reached one ring of it.
type Bucket = usize;

/// Counselors with the same skills are one class.
type Class = usize;

/// One who waits, as the indexes see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    queue: usize,
    bucket: Bucket,
    since: Time,
    rank: Rank,
    load: Load,
    /// Its entry in the wakeups.
    wakeup: Option<Time>,
}

/// Who goes first of all who wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// By age.
    #[default]
    Aged,
    /// Was with a counselor or offered to one already: before all who were not.
    Front,
    /// Speaks of an emergency: before all others, and no reserve holds anybody back from it.
    Emergency,
}

/// Order within a bucket: the highest rank, then the oldest, then the first to arrive.
type WaitKey = (Reverse<Rank>, Time, ContactId);

/// One who may be free, as the indexes see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Free {
    class: Class,
    since: Time,
    load: Load,
}

#[derive(Clone, Debug)]
struct ClassInfo {
    skills: BTreeMap<String, u8>,
    /// Buckets this class may take from.
    serves: Vec<Bucket>,
    /// Reserves (by index) that hold counselors of this class.
    reserved: Vec<usize>,
    /// Counselors without any load, longest idle first.
    idle: BTreeSet<(Time, CounselorId)>,
    /// Counselors with some room left, longest since their last contact first.
    part: BTreeSet<(Time, CounselorId)>,
}

#[derive(Clone, Debug)]
struct BucketInfo {
    queue: usize,
    ring: u8,
    /// Classes that may take from it: fewest skills first.
    classes: Vec<Class>,
    /// No reserve holds anyone back from it, because it asks for a rare skill itself.
    exempt: bool,
    waiting: BTreeSet<WaitKey>,
    /// Counselors without any load who may take from it.
    idle: usize,
}

#[derive(Clone, Debug)]
struct QueueInfo {
    rings_ms: Vec<i64>,
    first: Bucket,
    head_start_ms: i64,
    ageing_percent: i64,
    /// How much of a counselor one contact of it takes.
    load: Load,
}

impl ReserveInfo {
    fn new(reserve: &crate::city::Reserve) -> ReserveInfo {
        ReserveInfo {
            keep: reserve.keep,
            until_wait_ms: reserve.until_wait_ms,
            idle: 0,
        }
    }
}

impl QueueInfo {
    /// The rank, and points of age: linear in the wait, steeper or flatter by queue, with a head
    /// start.
    fn score(&self, now: Time, since: Time, rank: Rank) -> (Rank, i64) {
        let age = now.0.saturating_sub(since.0);
        (rank, self.head_start_ms + age * self.ageing_percent / 100)
    }
}

#[derive(Clone, Debug)]
struct ReserveInfo {
    /// Idle holders that are kept.
    keep: usize,
    /// Wait that opens it.
    until_wait_ms: i64,
    /// Idle holders at this moment.
    idle: usize,
}

/// A choice: this contact to this counselor, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Contact.
    pub contact: ContactId,
    /// Counselor.
    pub counselor: CounselorId,
    /// Why.
    pub reason: Reason,
}

/// The indexes. Derived from contacts and counselors; never part of the stored truth.
#[derive(Clone, Debug)]
pub struct Routing {
    queues: Vec<QueueInfo>,
    buckets: Vec<BucketInfo>,
    classes: Vec<ClassInfo>,
    class_of: BTreeMap<CounselorId, Class>,
    reserves: Vec<ReserveInfo>,
    waiters: BTreeMap<ContactId, Waiter>,
    free: BTreeMap<CounselorId, Free>,
    /// When a waiter reaches its next ring or opens a reserve.
    wakeups: BTreeSet<(Time, ContactId)>,
    /// Those who wait with an emergency, in the order in which they wait.
    emergencies: BTreeSet<WaitKey>,
    /// Waiters to be matched, in the order in which they wait.
    fresh: BTreeSet<WaitKey>,
    /// Counselors to be matched.
    freed: BTreeSet<CounselorId>,
}

impl Routing {
    /// Builds the classes and buckets of a city.
    pub fn new(city: &City) -> Routing {
        let mut routing = Routing {
            queues: Vec::new(),
            buckets: Vec::new(),
            classes: Vec::new(),
            class_of: BTreeMap::new(),
            reserves: city.reserves.iter().map(ReserveInfo::new).collect(),
            waiters: BTreeMap::new(),
            free: BTreeMap::new(),
            wakeups: BTreeSet::new(),
            emergencies: BTreeSet::new(),
            fresh: BTreeSet::new(),
            freed: BTreeSet::new(),
        };
        routing.make_classes(city);
        routing.make_buckets(city);
        routing
    }

    fn make_classes(&mut self, city: &City) {
        let mut numbers: BTreeMap<&BTreeMap<String, u8>, Class> = BTreeMap::new();
        for counselor in &city.counselors {
            let class = *numbers.entry(&counselor.skills).or_insert_with(|| {
                let holds = |skill: &String| counselor.skills.contains_key(skill);
                let reserves = city.reserves.iter().enumerate();
                self.classes.push(ClassInfo {
                    skills: counselor.skills.clone(),
                    serves: Vec::new(),
                    reserved: reserves
                        .filter(|(_, r)| holds(&r.skill))
                        .map(|(i, _)| i)
                        .collect(),
                    idle: BTreeSet::new(),
                    part: BTreeSet::new(),
                });
                self.classes.len() - 1
            });
            self.class_of.insert(counselor.id, class);
        }
    }

    fn make_buckets(&mut self, city: &City) {
        for (queue, settings) in city.queues.iter().enumerate() {
            self.queues.push(QueueInfo {
                rings_ms: settings.rings.iter().map(|ring| ring.after_ms).collect(),
                first: self.buckets.len(),
                head_start_ms: settings.head_start_ms,
                ageing_percent: settings.ageing_percent,
                load: city.weights.load(settings.channel),
            });
            for (ring, asked) in settings.rings.iter().enumerate() {
                let bucket = self.buckets.len();
                let mut classes: Vec<Class> = (0..self.classes.len())
                    .filter(|class| meets(&self.classes[*class].skills, &asked.needs))
                    .collect();
                classes.sort_by_key(|class| (self.classes[*class].skills.len(), *class));
                for class in &classes {
                    self.classes[*class].serves.push(bucket);
                }
                let asks = |skill: &str| asked.needs.iter().any(|need| need.skill == skill);
                self.buckets.push(BucketInfo {
                    queue,
                    ring: ring as u8,
                    classes,
                    exempt: city.reserves.iter().any(|reserve| asks(&reserve.skill)),
                    waiting: BTreeSet::new(),
                    idle: 0,
                });
            }
        }
    }

    /// Someone waits from here on. `now` decides the ring.
    pub fn wait(&mut self, now: Time, contact: ContactId, at: Place) {
        self.stop_waiting(contact);
        let info = &self.queues[at.queue];
        let age = now - at.since;
        let ring = info.rings_ms.partition_point(|after| *after <= age).max(1) - 1;
        let waiter = Waiter {
            queue: at.queue,
            bucket: info.first + ring,
            since: at.since,
            rank: at.rank,
            load: at.load,
            wakeup: None,
        };
        self.buckets[waiter.bucket]
            .waiting
            .insert(key(contact, waiter));
        self.insert(now, contact, waiter);
    }

    /// Notes a waiter with its next wakeup and has it matched.
    fn insert(&mut self, now: Time, contact: ContactId, waiter: Waiter) {
        let wakeup = self.next_wakeup(now, waiter);
        self.waiters.insert(contact, Waiter { wakeup, ..waiter });
        self.wakeups.extend(wakeup.map(|at| (at, contact)));
        self.fresh.insert(key(contact, waiter));
        if waiter.rank == Rank::Emergency {
            self.emergencies.insert(key(contact, waiter));
        }
    }

    /// Whether someone already waits exactly there.
    pub fn waits_at(&self, contact: ContactId, at: Place) -> bool {
        self.waiters.get(&contact).is_some_and(|waiter| {
            (waiter.queue, waiter.since, waiter.rank) == (at.queue, at.since, at.rank)
        })
    }

    /// Someone no longer waits.
    pub fn stop_waiting(&mut self, contact: ContactId) {
        if let Some(waiter) = self.waiters.remove(&contact) {
            self.buckets[waiter.bucket]
                .waiting
                .remove(&key(contact, waiter));
            self.fresh.remove(&key(contact, waiter));
            self.emergencies.remove(&key(contact, waiter));
            if let Some(wakeup) = waiter.wakeup {
                self.wakeups.remove(&(wakeup, contact));
            }
        }
    }

    /// A counselor has room (`load` is not full) or not; `since` is the last time a contact was
    /// given up or ready was pressed.
    pub fn set_free(&mut self, counselor: CounselorId, since: Time, load: Option<Load>) {
        if let Some(before) = self.free.remove(&counselor) {
            self.freed.remove(&counselor);
            self.classes[before.class]
                .part
                .remove(&(before.since, counselor));
            if self.classes[before.class]
                .idle
                .remove(&(before.since, counselor))
            {
                self.count_idle(before.class, |idle| *idle -= 1);
            }
        }
        let Some(load) = load.filter(|load| !load.is_full()) else {
            return;
        };
        let Some(class) = self.class_of.get(&counselor).copied() else {
            return;
        };
        self.free.insert(counselor, Free { class, since, load });
        self.freed.insert(counselor);
        self.classes[class].part.insert((since, counselor));
        if load == Load::NONE && self.classes[class].idle.insert((since, counselor)) {
            self.count_idle(class, |idle| *idle += 1);
        }
    }

    /// Keeps the counts of idle counselors by bucket and reserve.
    fn count_idle(&mut self, class: Class, change: impl Fn(&mut usize)) {
        for bucket in &self.classes[class].serves {
            change(&mut self.buckets[*bucket].idle);
        }
        for reserve in &self.classes[class].reserved {
            change(&mut self.reserves[*reserve].idle);
        }
    }

    /// Lets time pass: whoever reached the next ring is matched anew.
    pub fn advance(&mut self, now: Time) {
        while let Some((due, contact)) =
            self.wakeups.first().copied().filter(|(due, _)| *due <= now)
        {
            self.wakeups.remove(&(due, contact));
            let Some(waiter) = self.waiters.get(&contact).copied() else {
                continue;
            };
            let info = &self.queues[waiter.queue];
            let age = now - waiter.since;
            let ring = info.rings_ms.partition_point(|after| *after <= age).max(1) - 1;
            let moved = Waiter {
                bucket: info.first + ring,
                ..waiter
            };
            if moved.bucket != waiter.bucket {
                self.buckets[waiter.bucket]
                    .waiting
                    .remove(&key(contact, waiter));
                self.buckets[moved.bucket]
                    .waiting
                    .insert(key(contact, moved));
            }
            self.insert(now, contact, moved);
        }
    }

    /// When time alone may change what is possible.
    pub fn deadline(&self) -> Option<Time> {
        self.wakeups.first().map(|(due, _)| *due)
    }

    fn next_wakeup(&self, now: Time, waiter: Waiter) -> Option<Time> {
        let rings = self.queues[waiter.queue].rings_ms.iter();
        let reserves = self.reserves.iter().map(|reserve| &reserve.until_wait_ms);
        rings
            .chain(reserves)
            .map(|ms| waiter.since + *ms)
            .filter(|at| *at > now)
            .min()
    }

    /// The next choice, if any is possible. Call until `None`, applying each before the next.
    pub fn choose(&mut self, now: Time) -> Option<Choice> {
        while let Some(counselor) = self.freed.first().copied() {
            if let Some(choice) = self.for_counselor(now, counselor) {
                return Some(choice);
            }
            self.freed.remove(&counselor);
        }
        while let Some(first) = self.fresh.first().copied() {
            if let Some(choice) = self.for_contact(now, first.2) {
                return Some(choice);
            }
            self.fresh.remove(&first);
        }
        None
    }

    /// The one who waits with the highest score among those this counselor may take.
    fn for_counselor(&self, now: Time, counselor: CounselorId) -> Option<Choice> {
        let free = *self.free.get(&counselor)?;
        let class = &self.classes[free.class];
        let mut best: Option<((Rank, i64), WaitKey, Bucket)> = None;
        for bucket in class.serves.iter().copied() {
            let info = &self.buckets[bucket];
            let Some(head) = self.head(info, free.load) else {
                continue;
            };
            let rank = head.0.0;
            if !self.allowed(now, bucket, free.class, rank) {
                continue;
            }
            let score = self.queues[info.queue].score(now, head.1, rank);
            let better = best.is_none_or(|(top, key, _)| {
                score > top || (score == top && (head.1, head.2) < (key.1, key.2))
            });
            if better {
                best = Some((score, head, bucket));
            }
        }
        let (_, (_, _, contact), bucket) = best?;
        Some(self.choice(now, contact, bucket, counselor, free))
    }

    /// The first in a bucket that still fits the load. Almost always the very first.
    fn head(&self, info: &BucketInfo, load: Load) -> Option<WaitKey> {
        if load == Load::NONE {
            return info.waiting.first().copied();
        }
        let fits = |key: &&WaitKey| load.leaves_room_for(self.waiters[&key.2].load);
        info.waiting.iter().take(8).find(fits).copied()
    }

    /// The counselor for one who waits: fewest skills first, then the longest idle.
    fn for_contact(&self, now: Time, contact: ContactId) -> Option<Choice> {
        let waiter = *self.waiters.get(&contact)?;
        let mut best: Option<(usize, Time, CounselorId)> = None;
        for class in self.buckets[waiter.bucket].classes.iter().copied() {
            let skills = self.classes[class].skills.len();
            if best.is_some_and(|(fewest, _, _)| fewest < skills) {
                break;
            }
            let Some((since, counselor)) = self.longest_idle(class, waiter.load) else {
                continue;
            };
            if self.allowed(now, waiter.bucket, class, waiter.rank) {
                let candidate = (skills, since, counselor);
                best = Some(best.map_or(candidate, |known| known.min(candidate)));
            }
        }
        let (_, _, counselor) = best?;
        let free = self.free[&counselor];
        Some(self.choice(now, contact, waiter.bucket, counselor, free))
    }

    /// Those who wait with an emergency, in the order in which they wait.
    pub fn emergencies(&self) -> impl Iterator<Item = ContactId> {
        self.emergencies.iter().map(|key| key.2)
    }

    /// How many skills a counselor has who may take someone who waits from the ring that is open;
    /// none when they may not, or not while they carry `load` already.
    pub fn skills_for(
        &self,
        contact: ContactId,
        counselor: CounselorId,
        load: Load,
    ) -> Option<usize> {
        let waiter = self.waiters.get(&contact)?;
        let class = *self.class_of.get(&counselor)?;
        let serves = self.buckets[waiter.bucket].classes.contains(&class);
        let fits = load.leaves_room_for(waiter.load);
        (serves && fits).then(|| self.classes[class].skills.len())
    }

    /// The choice of a counselor with room for someone who waits.
    pub fn pair(&self, now: Time, contact: ContactId, counselor: CounselorId) -> Option<Choice> {
        let bucket = self.waiters.get(&contact)?.bucket;
        let free = *self.free.get(&counselor)?;
        Some(self.choice(now, contact, bucket, counselor, free))
    }

    fn longest_idle(&self, class: Class, load: Load) -> Option<(Time, CounselorId)> {
        let info = &self.classes[class];
        if load.is_full() {
            return info.idle.first().copied();
        }
        let fits = |entry: &&(Time, CounselorId)| self.free[&entry.1].load.leaves_room_for(load);
        info.part.iter().find(fits).copied()
    }

    /// Whether no reserve holds this class back from this bucket at this moment.
    fn allowed(&self, now: Time, bucket: Bucket, class: Class, rank: Rank) -> bool {
        if rank == Rank::Emergency {
            return true;
        }
        let info = &self.buckets[bucket];
        let mut reserved = self.classes[class].reserved.iter();
        reserved.all(|reserve| !self.holds_back(now, info, *reserve))
    }

    /// Whether a reserve keeps its holders from a bucket at this moment.
    fn holds_back(&self, now: Time, info: &BucketInfo, reserve: usize) -> bool {
        let settings = &self.reserves[reserve];
        let oldest = || self.oldest(info.queue).map_or(0, |since| now - since);
        !info.exempt && settings.idle <= settings.keep && oldest() < settings.until_wait_ms
    }

    fn choice(
        &self,
        now: Time,
        contact: ContactId,
        bucket: Bucket,
        counselor: CounselorId,
        free: Free,
    ) -> Choice {
        let info = &self.buckets[bucket];
        let reason = Reason {
            ring: info.ring,
            waited_ms: now - self.waiters[&contact].since,
            idle_ms: now - free.since,
            skills: self.classes[free.class].skills.len() as u16,
            free: info.idle as u32,
            waiting: self.waiters.len() as u32,
            held_back: self.held_back_from(now, bucket) as u32,
        };
        Choice {
            contact,
            counselor,
            reason,
        }
    }

    fn held_back_from(&self, now: Time, bucket: Bucket) -> usize {
        let info = &self.buckets[bucket];
        let mut reserves = (0..self.reserves.len()).filter(|r| self.reserves[*r].idle > 0);
        if !reserves.any(|reserve| self.holds_back(now, info, reserve)) {
            return 0;
        }
        let classes = self.buckets[bucket].classes.iter().copied();
        let held = classes.filter(|class| !self.allowed(now, bucket, *class, Rank::Aged));
        held.map(|class| self.classes[class].idle.len()).sum()
    }

    fn buckets_of(&self, queue: usize) -> std::ops::Range<Bucket> {
        let info = &self.queues[queue];
        info.first..info.first + info.rings_ms.len()
    }

    /// Instant from which the oldest of a queue counts.
    pub fn oldest(&self, queue: usize) -> Option<Time> {
        let heads = self.buckets_of(queue).filter_map(|bucket| {
            let waiting = &self.buckets[bucket].waiting;
            let from = |rank| (Reverse(rank), Time(i64::MIN), ContactId(0));
            let first = |rank| waiting.range(from(rank)..).next().map(|key| key.1);
            let ranks = [Rank::Emergency, Rank::Front, Rank::Aged];
            ranks.into_iter().filter_map(first).min()
        });
        heads.min()
    }

    /// How many wait in a queue.
    pub fn waiting(&self, queue: usize) -> usize {
        self.buckets_of(queue)
            .map(|bucket| self.buckets[bucket].waiting.len())
            .sum()
    }

    /// Free counselors held back from the last ring of a queue.
    pub fn held_back(&self, now: Time, queue: usize) -> usize {
        self.held_back_from(now, self.buckets_of(queue).end - 1)
    }

    /// Ready counselors without load who may take from the last ring of a queue.
    pub fn ready(&self, queue: usize) -> usize {
        self.buckets[self.buckets_of(queue).end - 1].idle
    }

    /// Whether a counselor may take from a queue in its last ring.
    pub fn may_serve(&self, counselor: CounselorId, queue: usize) -> bool {
        let last = self.buckets_of(queue).end - 1;
        self.class_of
            .get(&counselor)
            .is_some_and(|class| self.buckets[last].classes.contains(class))
    }

    /// How many who wait go before `contact` (or before a newcomer) in its queue and in the others,
    /// those weighted by how many of their counselors are shared and how much of one each takes.
    /// `staff` counts counselors by class.
    pub fn ahead(&self, queue: usize, contact: Option<ContactId>, staff: &[usize]) -> usize {
        let own = |bucket: Bucket| {
            let waiting = &self.buckets[bucket].waiting;
            match contact.and_then(|contact| Some((contact, *self.waiters.get(&contact)?))) {
                Some((contact, waiter)) => waiting.range(..key(contact, waiter)).count(),
                None => waiting.len(),
            }
        };
        let pool = &self.buckets[self.buckets_of(queue).end - 1].classes;
        let mut permille = 0;
        for other in 0..self.queues.len() {
            let count: usize = self.buckets_of(other).map(own).sum();
            if count == 0 {
                continue;
            }
            let theirs = &self.buckets[self.buckets_of(other).end - 1].classes;
            let all: usize = theirs.iter().map(|class| staff[*class]).sum();
            let shared = theirs.iter().filter(|class| pool.contains(class));
            let shared: usize = shared.map(|class| staff[*class]).sum();
            let share = if other == queue {
                1_000
            } else {
                let takes = self.queues[other].load.takes_of(self.queues[queue].load);
                takes * shared / all.max(1)
            };
            permille += count * share;
        }
        permille / 1_000
    }

    /// Number of classes, the length of the `staff` of [`Routing::ahead`].
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// The class of a counselor.
    pub fn class(&self, counselor: CounselorId) -> Option<usize> {
        self.class_of.get(&counselor).copied()
    }

    /// How many contacts of a queue so many counselors serve at once.
    pub fn places(&self, queue: usize, counselors: usize) -> usize {
        counselors * self.queues[queue].load.places()
    }

    /// Counselors of `staff` who may take from the last ring of a queue.
    pub fn pool(&self, queue: usize, staff: &[usize]) -> usize {
        let classes = &self.buckets[self.buckets_of(queue).end - 1].classes;
        classes.iter().map(|class| staff[*class]).sum()
    }
}

/// Where and since when someone waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Queue by its position in the city.
    pub queue: usize,
    /// Instant from which the age counts.
    pub since: Time,
    /// Who it goes before.
    pub rank: Rank,
    /// Load it brings.
    pub load: Load,
}

fn key(contact: ContactId, waiter: Waiter) -> WaitKey {
    (Reverse(waiter.rank), waiter.since, contact)
}

fn meets(skills: &BTreeMap<String, u8>, needs: &[Need]) -> bool {
    let has = |need: &Need| {
        skills
            .get(&need.skill)
            .is_some_and(|level| *level >= need.level)
    };
    needs.iter().all(has)
}

#[cfg(test)]
mod tests;
