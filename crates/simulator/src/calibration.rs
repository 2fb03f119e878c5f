//! Whether what callers were told about their wait came true. Never what they should be told.

use center::city::ContactId;
use center::event::Event;
use center::time::Time;
use std::collections::BTreeMap;

/// A caller who was told something, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::struct_field_names, reason = "units stand last")]
struct Told {
    p50_ms: i64,
    p90_ms: i64,
    /// The wait of the one who was offered last when it was said: what a center tells that only
    /// looks back (last to enter service).
    last_ms: Option<i64>,
    /// From the announcement until the place in the line was served.
    waited_ms: i64,
}

/// A promise whose end is not known yet.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Promise {
    at: Time,
    p50_ms: i64,
    p90_ms: i64,
    last_ms: Option<i64>,
}

/// A place in a line: the age that counts, then the number.
type Place = (Time, ContactId);

/// A queue as the announcements see it.
#[derive(Clone, Debug, Default)]
struct Line {
    /// Places left by those who gave up after they had been told something.
    left: BTreeMap<Place, Promise>,
    /// Wait of the one who was offered last.
    last_ms: Option<i64>,
}

/// First announcements and what became of them. Whoever gives up leaves a place behind: it counts
/// as served when the first who stood behind it is offered to a counselor, so no wait is cut short
/// by impatience and nothing has to be assumed about patience.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    waiting: BTreeMap<ContactId, (String, Place)>,
    open: BTreeMap<ContactId, Promise>,
    lines: BTreeMap<String, Line>,
    done: Vec<Told>,
}

/// How many of those who were told were served within what they were told, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Callers.
    pub told: usize,
    /// Within the told P50; 50 is right.
    pub p50: f64,
    /// Within the told P90; 90 is right.
    pub p90: f64,
    /// Half widths of the 99 % intervals of both.
    pub half: [f64; 2],
    /// Root of the mean square of told P50 minus wait, in seconds.
    pub error_s: f64,
    /// The same for the wait of the one who was offered last (last to enter service).
    pub last_error_s: f64,
    /// Callers and both coverages apart for those who were told little and much: a P50 below each
    /// of [`LENGTHS_MS`], and the rest.
    pub lengths: [(usize, [f64; 2]); 4],
}

/// Where one length of a told P50 ends and the next begins, in milliseconds.
pub const LENGTHS_MS: [i64; 3] = [30_000, 120_000, 600_000];

/// Points by which a told quantile may miss.
pub const MAY_MISS: f64 = 3.0;

/// Callers from which on a coverage says something: with as many independent waits the 99 %
/// interval of a median's coverage would be 2.4 points wide to each side.
pub const TOLD_MIN: usize = 3_000;

/// Most that the interval of a day may excuse, in points: where waits of an hour hang together,
/// whole batches are long or short and the interval alone would excuse anything.
const EXCUSED_MAX: f64 = 3.0;

/// By how much the root mean square error may exceed that of the last to enter service.
const ERROR_MAX: f64 = 1.1;

/// Batches for the intervals, and Student's t for 99 % and 11 degrees of freedom.
const BATCHES: usize = 12;
const STUDENT: f64 = 3.106;
/// Normal quantile for 99 %.
const NORMAL: f64 = 2.576;

impl Coverage {
    /// Whether enough were told something to judge.
    pub fn enough(&self) -> bool {
        self.told >= TOLD_MIN
    }

    /// Whether 50 and 90 lie within three points of what was found, give or take its own 99 %
    /// interval (batch means), of which at most three points count; and whether what was told errs
    /// no more than what a center tells that only looks back.
    pub fn holds(&self) -> bool {
        let near = |found: f64, right: f64, half: f64| {
            (found - right).abs() <= MAY_MISS + half.min(EXCUSED_MAX)
        };
        near(self.p50, 50.0, self.half[0])
            && near(self.p90, 90.0, self.half[1])
            && self.error_s <= self.last_error_s * ERROR_MAX
    }
}

/// Coverage over many days. What chance does to one day averages out here, so nothing is excused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pooled {
    days: Vec<Coverage>,
}

impl Pooled {
    /// Takes in a day; one on which too few were told something says nothing.
    pub fn add(&mut self, coverage: &Coverage) {
        if coverage.told > 0 {
            self.days.push(*coverage);
        }
    }

    /// Callers of all days.
    pub fn told(&self) -> usize {
        self.days.iter().map(|day| day.told).sum()
    }

    /// Within the told P50 and P90, in percent of all callers.
    pub fn callers(&self) -> [f64; 2] {
        let told = self.told().max(1) as f64;
        let share = |of: fn(&Coverage) -> f64| {
            let kept = self.days.iter().map(|day| of(day) * day.told as f64);
            kept.sum::<f64>() / told
        };
        [share(|day| day.p50), share(|day| day.p90)]
    }

    /// Half widths of the 99 % intervals of both: days are independent of each other, callers of
    /// one day are not.
    pub fn half(&self) -> [f64; 2] {
        let told = self.told().max(1) as f64;
        let mean = self.callers();
        let half = |right: f64, of: fn(&Coverage) -> f64| {
            let off = |day: &Coverage| (of(day) - right) * day.told as f64 / told;
            let squares: f64 = self.days.iter().map(|day| off(day).powi(2)).sum();
            NORMAL * squares.sqrt()
        };
        [half(mean[0], |day| day.p50), half(mean[1], |day| day.p90)]
    }

    /// Callers and both coverages for each length of what was told.
    pub fn lengths(&self) -> [(usize, [f64; 2]); 4] {
        std::array::from_fn(|length| {
            let days = || self.days.iter().map(|day| day.lengths[length]);
            let told: usize = days().map(|(told, _)| told).sum();
            let share = |which: usize| {
                let kept = days().map(|(told, of)| told as f64 * of[which]);
                kept.sum::<f64>() / told.max(1) as f64
            };
            (told, [share(0), share(1)])
        })
    }

    /// Whether 50 and 90 lie within three points.
    pub fn holds(&self) -> bool {
        let [p50, p90] = self.callers();
        (p50 - 50.0).abs() <= MAY_MISS && (p90 - 90.0).abs() <= MAY_MISS
    }
}

impl std::fmt::Display for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ([p50, p90], [half50, half90]) = (self.callers(), self.half());
        let (days, told) = (self.days.len(), self.told());
        writeln!(
            f,
            "days={days} told={told} p50={p50:.2}+-{half50:.2} p90={p90:.2}+-{half90:.2}"
        )?;
        for (length, (told, [p50, p90])) in self.lengths().into_iter().enumerate() {
            let from_s = length
                .checked_sub(1)
                .map_or(0, |index| LENGTHS_MS[index] / 1_000);
            writeln!(
                f,
                "told {from_s} s or more: {told} p50={p50:.1} p90={p90:.1}"
            )?;
        }
        Ok(())
    }
}

impl Calibration {
    /// Takes in what happened.
    pub fn apply(&mut self, at: Time, event: &Event) {
        match event {
            Event::Queued {
                contact,
                queue,
                since,
                ..
            } => {
                let place = (*since, *contact);
                self.waiting.insert(*contact, (queue.clone(), place));
            }
            Event::WaitTold { contact, told, .. } => {
                let (Some((queue, _)), Some(p50_ms), Some(p90_ms)) =
                    (self.waiting.get(contact), told.p50_ms, told.p90_ms)
                else {
                    return;
                };
                let last_ms = self.lines.get(queue).and_then(|line| line.last_ms);
                self.open.entry(*contact).or_insert(Promise {
                    at,
                    p50_ms,
                    p90_ms,
                    last_ms,
                });
            }
            Event::Offered { contact, .. } => self.offered(at, *contact),
            Event::Closed { contact, .. } => self.left(*contact),
            Event::Restarted => {
                self.open.clear();
                self.lines.clear();
            }
            _ => {}
        }
    }

    fn offered(&mut self, at: Time, contact: ContactId) {
        let Some((queue, place)) = self.waiting.get(&contact) else {
            return;
        };
        let line = self.lines.entry(queue.clone()).or_default();
        line.last_ms = Some(at - place.0);
        let behind = line.left.split_off(place);
        let passed = std::mem::replace(&mut line.left, behind);
        self.done
            .extend(passed.values().map(|promise| promise.kept(at)));
        self.done
            .extend(self.open.remove(&contact).map(|promise| promise.kept(at)));
    }

    fn left(&mut self, contact: ContactId) {
        let waited = self.waiting.remove(&contact);
        if let (Some((queue, place)), Some(promise)) = (waited, self.open.remove(&contact)) {
            let line = self.lines.entry(queue).or_default();
            line.left.insert(place, promise);
        }
    }

    /// The coverage over all callers who were told something.
    pub fn coverage(&self) -> Coverage {
        let all = shares(&self.done);
        let batch = self.done.len().div_ceil(BATCHES).max(1);
        let batches: Vec<[f64; 2]> = self.done.chunks(batch).map(shares).collect();
        let known = |told: &&Told| told.last_ms.is_some();
        let root_mean = |error: fn(&Told) -> i64| {
            let squares = self
                .done
                .iter()
                .filter(known)
                .map(|t| (error(t) as f64).powi(2));
            let count = self.done.iter().filter(known).count().max(1);
            (squares.sum::<f64>() / count as f64).sqrt() / 1_000.0
        };
        Coverage {
            told: self.done.len(),
            p50: all[0],
            p90: all[1],
            half: [0, 1].map(|which| half_width(&batches, which)),
            error_s: root_mean(|told| told.p50_ms - told.waited_ms),
            last_error_s: root_mean(|told| told.last_ms.unwrap_or(0) - told.waited_ms),
            lengths: std::array::from_fn(|length| self.of_length(length)),
        }
    }

    fn of_length(&self, length: usize) -> (usize, [f64; 2]) {
        let own = |told: &&Told| LENGTHS_MS.partition_point(|end| *end <= told.p50_ms) == length;
        let own: Vec<Told> = self.done.iter().filter(own).copied().collect();
        (own.len(), shares(&own))
    }
}

impl Promise {
    /// The place was served.
    fn kept(&self, at: Time) -> Told {
        Told {
            p50_ms: self.p50_ms,
            p90_ms: self.p90_ms,
            last_ms: self.last_ms,
            waited_ms: at - self.at,
        }
    }
}

/// Shares served within the told P50 and P90, in percent.
fn shares(told: &[Told]) -> [f64; 2] {
    let lengths: [fn(&Told) -> i64; 2] = [|told| told.p50_ms, |told| told.p90_ms];
    lengths.map(|length| {
        let kept = told.iter().filter(|told| told.waited_ms <= length(told));
        kept.count() as f64 / told.len().max(1) as f64 * 100.0
    })
}

fn half_width(batches: &[[f64; 2]], which: usize) -> f64 {
    let count = batches.len() as f64;
    if count < 2.0 {
        return f64::INFINITY;
    }
    let mean = batches.iter().map(|batch| batch[which]).sum::<f64>() / count;
    let squares: f64 = batches.iter().map(|b| (b[which] - mean).powi(2)).sum();
    STUDENT * (squares / (count - 1.0) / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// Waits of one line, exponential around a mean that everyone is told times `error`; half of
    /// the callers give up.
    fn told_exponential(error: f64) -> Coverage {
        let mut chance = Chance::new(11);
        let mut calibration = Calibration::default();
        let mut at = 0_i64;
        for number in 1..=40_000 {
            let contact = ContactId(number);
            at += 1_000_000;
            let mean = 10_000.0 + 60_000.0 * chance.unit();
            let told = center::event::Told {
                position: 1,
                p50_ms: Some((mean * std::f64::consts::LN_2 * error) as i64),
                p90_ms: Some((mean * std::f64::consts::LN_10 * error) as i64),
                staff: 1,
            };
            let (wait, patience) = (chance.exponential(mean), chance.exponential(40_000.0));
            let mut lives = vec![(at, queued(contact, at))];
            let callback = false;
            lives.push((
                at,
                Event::WaitTold {
                    contact,
                    told,
                    callback,
                },
            ));
            if patience < wait {
                lives.push((at + patience as i64, gave_up(contact)));
                let next = ContactId(number + 100_000);
                lives.push((at + patience as i64 + 1, queued(next, at + 1)));
                lives.push((at + wait as i64, offered(next)));
            } else {
                lives.push((at + wait as i64, offered(contact)));
            }
            for (at, event) in lives {
                calibration.apply(Time(at), &event);
            }
        }
        calibration.coverage()
    }

    fn queued(contact: ContactId, since: i64) -> Event {
        Event::Queued {
            contact,
            queue: "general".to_owned(),
            since: Time(since),
            front: false,
        }
    }

    fn offered(contact: ContactId) -> Event {
        Event::Offered {
            contact,
            counselor: center::city::CounselorId(1),
            reason: center::event::Reason {
                ring: 0,
                waited_ms: 0,
                idle_ms: 0,
                skills: 1,
                free: 1,
                waiting: 1,
                held_back: 0,
            },
        }
    }

    fn gave_up(contact: ContactId) -> Event {
        Event::Closed {
            contact,
            fate: center::event::Fate::Abandoned,
            counselor: None,
        }
    }

    #[test]
    fn true_quantiles_are_found_although_half_give_up() {
        let coverage = told_exponential(1.0);
        assert_eq!(coverage.told, 40_000);
        assert!((coverage.p50 - 50.0).abs() < 1.0, "{coverage:?}");
        assert!((coverage.p90 - 90.0).abs() < 1.0, "{coverage:?}");
        assert!(coverage.enough() && coverage.holds(), "{coverage:?}");
    }

    #[test]
    fn promises_that_are_too_short_or_too_long_are_found() {
        let (short, long) = (told_exponential(0.8), told_exponential(1.3));
        assert!(short.p50 < 44.0 && !short.holds(), "{short:?}");
        assert!(long.p50 > 56.0 && !long.holds(), "{long:?}");
    }

    #[test]
    fn over_many_days_nothing_is_excused() {
        let day = |p50, p90| Coverage {
            told: 4_000,
            p50,
            p90,
            half: [3.0; 2],
            ..Coverage::default()
        };
        let pooled = |days: &[(f64, f64)]| {
            let mut pooled = Pooled::default();
            for (p50, p90) in days {
                pooled.add(&day(*p50, *p90));
            }
            pooled
        };
        assert!(day(54.0, 90.0).holds(), "chance may do this to one day");
        assert!(!pooled(&[(54.0, 90.0), (53.0, 90.0)]).holds());
        assert!(!pooled(&[(50.0, 86.0), (50.0, 87.0)]).holds());
        let even = pooled(&[(54.0, 92.0), (47.0, 88.0)]);
        assert!(even.holds(), "{even}");
        assert_eq!((even.told(), even.callers()), (8_000, [50.5, 90.0]));
    }

    #[test]
    fn promises_that_err_more_than_the_last_wait_served_are_found() {
        let coverage = Coverage {
            told: 5_000,
            p50: 50.0,
            p90: 90.0,
            half: [1.0; 2],
            error_s: 112.0,
            last_error_s: 100.0,
            ..Coverage::default()
        };
        assert!(!coverage.holds());
    }
}
