//! What a waiting citizen is told: position and a range of the wait. Never announces anything
//! itself.

use crate::city::ContactId;
use crate::time::Time;
use std::collections::BTreeMap;

/// Live figures of one queue, learned from what ends: how long a contact binds counselors, how long
/// people hold out on the line, how often they book a callback instead, and how far the computed
/// waits were off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    handling_ms: i64,
    waited_ms: i64,
    gave_up: i64,
    booked: i64,
    /// What the computed quantiles are multiplied with, in millionths.
    p50_millionths: i64,
    p90_millionths: i64,
    /// Places of those who gave up after they had been told something: their wait would have ended
    /// when the first who stood behind them is offered to a counselor.
    left: BTreeMap<(Time, ContactId), Promise>,
}

/// What somebody was told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// When.
    pub at: Time,
    /// Quantiles in milliseconds.
    pub p50_ms: i64,
    /// The same for nine tenths.
    pub p90_ms: i64,
    /// Place in the line, 1 = next.
    pub position: i64,
}

/// Those who go before somebody, as far as the wait depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Those who may give up or book a callback.
    pub live: usize,
    /// Those who keep their place without a line.
    pub booked: usize,
}

/// Share of a new handling time in the moving mean. A shorter memory is noise: with 1/32 the mean
/// itself errs by an eighth, and whoever is told a long wait is told too much.
const MEAN_SHARE: i64 = 256;

/// A record that was left open overnight is not a handling time: more than so many means count as
/// this many.
const OUTLIER: i64 = 16;

/// Abandons after which the sums are halved, so that patience follows the day.
const GAVE_UP_MAX: i64 = 400;

/// Weight of the assumed patience, in abandons.
const ASSUMED: i64 = 20;

/// One, in millionths.
const ONE: i64 = 1_000_000;

/// How far one wait that has ended moves a quantile, in millionths. Small enough that chance
/// averages out, large enough that a storm is noticed within some hundred calls.
const LESSON: i64 = 8_000;

/// From this place in the line on a wait teaches less, so that a whole line, whatever its length,
/// moves a quantile by no more than `ALIKE` lessons. What comes of a promise is known only after
/// the wait, and until then as many others are told the same as stand in the line: with full
/// lessons a line of four hundred would push the correction far past its aim, and back again.
const ALIKE: i64 = 40;

/// Standard deviation of the pace at which a line is worked off, in percent: counselors come and
/// go, calls are longer at one time than at another. It does not average out in a long line.
const PACE_PERCENT: i128 = 12;

/// Bounds of the correction: beyond it the formula itself would be wrong.
const CORRECTION: std::ops::RangeInclusive<i64> = 300_000..=4_000_000;

impl Pace {
    /// Starts from assumed figures.
    pub fn new(handling_ms: i64, patience_ms: i64) -> Pace {
        Pace {
            handling_ms: handling_ms.max(1_000),
            waited_ms: patience_ms.max(1_000) * ASSUMED,
            gave_up: ASSUMED,
            booked: 0,
            p50_millionths: ONE,
            p90_millionths: ONE,
            left: BTreeMap::new(),
        }
    }

    /// Somebody gave up; how long the wait would have been shows when the place is served.
    pub fn left(&mut self, place: (Time, ContactId), promise: Promise) {
        self.left.insert(place, promise);
    }

    /// A place was served: the wait of whoever held it has ended, and the waits of those who stood
    /// before it and gave up.
    pub fn served(&mut self, at: Time, place: (Time, ContactId), promise: Option<Promise>) {
        let behind = self.left.split_off(&place);
        let before = std::mem::replace(&mut self.left, behind);
        for promise in before.into_values().chain(promise) {
            self.learn(promise, at - promise.at);
        }
    }

    /// A wait has ended. A quantile that was kept shrinks, one that was broken grows, in the
    /// proportion in which it should be kept: half and half, nine to one. All these steps add up to
    /// how far the correction has moved, and it cannot move far: so over a day the promises are
    /// kept as often as they should be, whatever the formula does not know of.
    fn learn(&mut self, promise: Promise, waited_ms: i64) {
        let lesson_millionths = LESSON * ALIKE / promise.position.max(ALIKE);
        let lesson = |told_ms: i64, millionths: i64, kept_of_ten: i64| {
            let late = waited_ms > told_ms;
            let step = if late { kept_of_ten } else { kept_of_ten - 10 };
            let next = millionths + lesson_millionths * step / 10;
            next.clamp(*CORRECTION.start(), *CORRECTION.end())
        };
        self.p50_millionths = lesson(promise.p50_ms, self.p50_millionths, 5);
        self.p90_millionths = lesson(promise.p90_ms, self.p90_millionths, 9);
    }

    /// A contact has bound counselors for this long: rings, calls to the citizen, talk, hold,
    /// wrap-up, and all tries of a callback.
    pub fn handled(&mut self, bound_ms: i64) {
        let bound_ms = bound_ms.min(self.handling_ms * OUTLIER);
        self.handling_ms += (bound_ms - self.handling_ms) / MEAN_SHARE;
        self.handling_ms = self.handling_ms.max(1_000);
    }

    /// A wait on the line ended. Answered waits are censored: they count as time, not as an end of
    /// patience (the maximum-likelihood mean of exponential patience, as Kaplan and Meier treat
    /// it).
    pub fn waited(&mut self, wait_ms: i64, end: Waited) {
        self.waited_ms += wait_ms;
        self.gave_up += i64::from(end == Waited::GaveUp);
        self.booked += i64::from(end == Waited::Booked);
        if self.gave_up + self.booked >= GAVE_UP_MAX {
            self.waited_ms /= 2;
            self.gave_up /= 2;
            self.booked /= 2;
        }
    }

    /// Mean time that a contact binds counselors, in milliseconds.
    pub fn handling_ms(&self) -> i64 {
        self.handling_ms
    }

    /// Mean patience in milliseconds.
    pub fn patience_ms(&self) -> i64 {
        (self.waited_ms / self.gave_up.max(1)).max(1_000)
    }

    /// Half and nine tenths of waits behind these with `staff` counselors are over within these
    /// milliseconds; none while nobody serves.
    ///
    /// The line gets shorter by one after 1 / (s/h + k/p) on average: s counselors, each bound for
    /// h by a contact, and k of those ahead still on the line, who hold out for p. Of these k a
    /// share k × (1/p + b) is lost in that time, where b is how often somebody books a callback:
    /// who has booked stays and gives up no more. Callbacks were booked by those who have waited
    /// for long, so they stand first. The sum of the steps is taken as a gamma distribution with
    /// the same mean and variance. Integers only, so every machine agrees.
    pub fn wait(&self, ahead: Ahead, staff: usize) -> Option<(i64, i64)> {
        if staff == 0 {
            return None;
        }
        let (mean_us, variance_us2) = self.steps(ahead, staff as i128);
        let p50 = gamma_quantile(mean_us, variance_us2, 0);
        let p90 = gamma_quantile(mean_us, variance_us2, 1_281_552);
        let p50 = (p50 / 1_000) as i64 * self.p50_millionths / ONE;
        let p90 = (p90 / 1_000) as i64 * self.p90_millionths / ONE;
        Some((p50, p90.max(p50)))
    }

    /// Mean and variance of the wait, in microseconds.
    fn steps(&self, ahead: Ahead, staff: i128) -> (i128, i128) {
        /// Parts of a person.
        const PARTS: i128 = 1_000;
        let handling = i128::from(self.handling_ms);
        let patience = i128::from(self.patience_ms());
        let waited = i128::from(self.waited_ms.max(1));
        let ends = i128::from(self.gave_up + self.booked);
        let (mut mean_us, mut variance_us2) = (0_i128, 0_i128);
        let mut live = ahead.live as i128 * PARTS;
        for step in (0..=(ahead.live + ahead.booked) as i128).rev() {
            live = live.min(step * PARTS);
            let step_us =
                1_000 * PARTS * handling * patience / (PARTS * staff * patience + live * handling);
            mean_us += step_us;
            variance_us2 += step_us * step_us;
            live -= (live * ends * step_us / (waited * 1_000)).min(live);
        }
        let pace_us = mean_us * PACE_PERCENT / 100;
        (mean_us, variance_us2 + pace_us * pace_us)
    }
}

/// How a wait on the line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A counselor answered.
    Answered,
    /// The citizen gave up.
    GaveUp,
    /// The citizen booked a callback.
    Booked,
}

/// Wilson-Hilferty: the quantile of a gamma distribution with this mean and variance at the
/// standard normal point `z` (in millionths).
fn gamma_quantile(mean: i128, variance: i128, z_millionths: i128) -> i128 {
    const ONE: i128 = 1_000_000;
    if mean <= 0 {
        return 0;
    }
    // 1/(9 shape) where shape = mean² / variance, in millionths.
    let ninth = variance * ONE / (9 * mean * mean).max(1);
    let root = isqrt(ninth * ONE);
    let base = (ONE - ninth + z_millionths * root / ONE).max(0);
    mean * base / ONE * base / ONE * base / ONE
}

fn isqrt(n: i128) -> i128 {
    (n.max(0) as u128).isqrt() as i128
}

/// The ranges in minutes that prompts exist for, from short to long.
const RANGES_MIN: [(i64, i64); 13] = [
    (0, 1),
    (1, 2),
    (1, 3),
    (2, 5),
    (3, 5),
    (3, 10),
    (5, 10),
    (5, 15),
    (10, 15),
    (10, 20),
    (15, 30),
    (20, 30),
    (30, 60),
];

/// The range to announce: the shortest whose end covers P90, and of these the one whose beginning
/// is nearest to P50; none when the wait is longer than any.
pub fn range_min(p50_ms: i64, p90_ms: i64) -> Option<(i64, i64)> {
    let low = p50_ms / 60_000;
    let high = (p90_ms + 59_999) / 60_000;
    let covering = RANGES_MIN.iter().filter(|(_, to)| *to >= high);
    covering
        .min_by_key(|(from, to)| (*to, (from - low).abs()))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(live: usize, booked: usize) -> Ahead {
        Ahead { live, booked }
    }

    #[test]
    fn an_exponential_and_a_long_line_have_the_known_quantiles() {
        let pace = Pace::new(300_000, 1_000_000_000);
        let (p50, p90) = pace.wait(behind(0, 0), 10).expect("staff is there");
        assert!((p50 - 20_794).abs() < 400, "ln 2 × 30 s, got {p50}");
        assert!((p90 - 69_078).abs() < 1_000, "ln 10 × 30 s, got {p90}");
        let (p50, p90) = pace.wait(behind(99, 0), 10).expect("staff is there");
        assert!(
            (p50 - 2_990_000).abs() < 20_000,
            "Erlang-100 median, got {p50}"
        );
        // The deviation of the steps is 300 s, that of the pace 360 s: 469 s together.
        assert!(
            (p90 - 3_608_000).abs() < 30_000,
            "Erlang-100 P90 at an uncertain pace, got {p90}"
        );
        assert_eq!(pace.wait(behind(3, 0), 0), None);
    }

    #[test]
    fn impatience_shortens_the_wait_and_is_learned() {
        let mut pace = Pace::new(200_000, 400_000);
        let before = pace.wait(behind(50, 0), 10).expect("staff is there");
        for _ in 0..2_000 {
            pace.waited(50_000, Waited::GaveUp);
        }
        assert!((pace.patience_ms() - 50_000).abs() < 5_000);
        assert!(pace.wait(behind(50, 0), 10).expect("staff is there") < before);
    }

    /// A promise made to one in a line of so many.
    fn promise(told: (i64, i64), position: i64) -> Promise {
        Promise {
            at: Time(0),
            p50_ms: told.0,
            p90_ms: told.1,
            position,
        }
    }

    fn serve(pace: &mut Pace, count: i64, waited_ms: i64, promise: Promise) {
        for _ in 0..count {
            pace.served(Time(waited_ms), (Time(1), ContactId(1)), Some(promise));
        }
    }

    #[test]
    fn broken_promises_make_the_next_ones_longer_and_kept_ones_shorter() {
        let mut pace = Pace::new(200_000, 400_000);
        let before = pace.wait(behind(50, 0), 10).expect("staff is there");
        serve(&mut pace, 100, before.1 + 1, promise(before, 20));
        let longer = pace.wait(behind(50, 0), 10).expect("staff is there");
        assert!(
            longer.0 > before.0 * 13 / 10 && longer.1 > before.1 * 16 / 10,
            "{longer:?}"
        );
        serve(&mut pace, 2_000, 0, promise(before, 20));
        let shorter = pace.wait(behind(50, 0), 10).expect("staff is there");
        assert!(shorter.0 < before.0 && shorter.1 < before.1, "{shorter:?}");
    }

    #[test]
    fn a_whole_line_of_broken_promises_does_not_push_the_next_ones_past_their_aim() {
        for line in [40, 400, 4_000] {
            let mut pace = Pace::new(200_000, 400_000);
            let before = pace.wait(behind(50, 0), 10).expect("staff is there");
            serve(&mut pace, line, before.1 + 1, promise(before, line));
            let after = pace.wait(behind(50, 0), 10).expect("staff is there");
            let grew = (after.0 * 100 / before.0, after.1 * 100 / before.1);
            assert!((110..=117).contains(&grew.0), "{line}: {grew:?}");
            assert!((120..=130).contains(&grew.1), "{line}: {grew:?}");
        }
    }

    #[test]
    fn whoever_gives_up_teaches_when_the_place_is_served() {
        let mut pace = Pace::new(200_000, 400_000);
        let fresh = pace.clone();
        pace.left((Time(5), ContactId(1)), promise((60_000, 120_000), 3));
        pace.served(Time(50_000), (Time(4), ContactId(7)), None);
        assert_eq!(pace.p90_millionths, fresh.p90_millionths, "stands behind");
        pace.served(Time(500_000), (Time(6), ContactId(2)), None);
        assert!(pace.p90_millionths > fresh.p90_millionths);
        assert!(pace.left.is_empty());
    }

    #[test]
    fn those_on_the_line_who_will_book_shorten_the_wait_less() {
        let mut leave = Pace::new(200_000, 100_000);
        let mut book = leave.clone();
        for _ in 0..200 {
            leave.waited(100_000, Waited::GaveUp);
            book.waited(100_000, Waited::GaveUp);
            book.waited(10_000, Waited::Booked);
        }
        let left = leave.wait(behind(50, 0), 10).expect("staff is there");
        let booked = book.wait(behind(50, 0), 10).expect("staff is there");
        assert!(booked.0 > left.0 * 5 / 4, "{booked:?} {left:?}");
    }

    #[test]
    fn a_record_left_open_overnight_is_no_handling_time() {
        let mut pace = Pace::new(200_000, 400_000);
        pace.handled(24 * 3_600_000);
        assert!(pace.handling_ms() < 220_000, "{}", pace.handling_ms());
    }

    #[test]
    fn those_who_wait_for_a_callback_do_not_give_up() {
        let pace = Pace::new(200_000, 100_000);
        let all = pace.wait(behind(50, 0), 10).expect("staff is there");
        let none = pace.wait(behind(0, 50), 10).expect("staff is there");
        let sum = 51 * 200_000 / 10;
        assert!(
            none.0 > 3 * all.0 && (none.0 - sum).abs() < sum / 50,
            "{none:?}"
        );
    }

    #[test]
    fn ranges_cover_both_quantiles() {
        assert_eq!(range_min(20_000, 50_000), Some((0, 1)));
        assert_eq!(range_min(70_000, 170_000), Some((1, 3)));
        assert_eq!(range_min(20_000, 100_000), Some((1, 2)));
        assert_eq!(range_min(130_000, 260_000), Some((2, 5)));
        assert_eq!(range_min(3_600_000, 7_200_000), None);
    }
}
