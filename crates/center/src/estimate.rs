//! What a waiting citizen is told: position and a range of the wait. Never announces anything
//! itself.

/// Live figures of one queue: handling time and patience, learned from what ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    handling_ms: i64,
    patience_ms: i64,
    waited_ms: i64,
    gave_up: i64,
    /// What the computed quantiles are multiplied with, in millionths: learned from what came of
    /// earlier promises.
    p50_millionths: i64,
    p90_millionths: i64,
}

/// Share of a new handling time in the moving mean. A shorter memory is noise: with 1/32 the mean
/// itself errs by an eighth, and whoever is told a long wait is told too much.
const MEAN_SHARE: i64 = 256;

/// Abandons after which the sums are halved, so that patience follows the day.
const GAVE_UP_MAX: i64 = 400;

/// Weight of the assumed patience, in abandons.
const ASSUMED: i64 = 20;

/// One, in millionths.
const ONE: i64 = 1_000_000;

/// How far one kept or broken promise moves a quantile, in millionths. Small enough that chance
/// averages out, large enough that a storm is noticed within some hundred calls.
const LESSON: i64 = 8_000;

/// Bounds of the correction: beyond it the formula itself would be wrong.
const CORRECTION: std::ops::RangeInclusive<i64> = 300_000..=4_000_000;

impl Pace {
    /// Starts from assumed figures.
    pub fn new(handling_ms: i64, patience_ms: i64) -> Pace {
        Pace {
            handling_ms: handling_ms.max(1_000),
            patience_ms: patience_ms.max(1_000),
            waited_ms: patience_ms.max(1_000) * ASSUMED,
            gave_up: ASSUMED,
            p50_millionths: ONE,
            p90_millionths: ONE,
        }
    }

    /// A wait ended that was promised to end within P50 and P90. A quantile that is kept too often
    /// shrinks, one that is broken too often grows, in the proportion in which it should be kept:
    /// half and half, nine to one. Someone who gives up before a quantile says nothing about it.
    pub fn promised(&mut self, told: (i64, i64), waited_ms: i64, gave_up: bool) {
        let lesson = |promise_ms: i64, kept_of_ten: i64| {
            let late = waited_ms > promise_ms;
            match (late, gave_up) {
                (true, _) => LESSON * kept_of_ten / 10,
                (false, false) => -LESSON * (10 - kept_of_ten) / 10,
                (false, true) => 0,
            }
        };
        let (low, high) = (*CORRECTION.start(), *CORRECTION.end());
        self.p50_millionths = (self.p50_millionths + lesson(told.0, 5)).clamp(low, high);
        self.p90_millionths = (self.p90_millionths + lesson(told.1, 9)).clamp(low, high);
    }

    /// A contact was handled for this long (talk, hold, wrap-up).
    pub fn handled(&mut self, handling_ms: i64) {
        self.handling_ms += (handling_ms - self.handling_ms) / MEAN_SHARE;
        self.handling_ms = self.handling_ms.max(1_000);
    }

    /// A wait ended. Answered waits are censored: they count as time, not as an end of patience
    /// (the maximum-likelihood mean of exponential patience, as Kaplan and Meier treat it).
    pub fn waited(&mut self, wait_ms: i64, gave_up: bool) {
        self.waited_ms += wait_ms;
        self.gave_up += i64::from(gave_up);
        if self.gave_up >= GAVE_UP_MAX {
            self.waited_ms /= 2;
            self.gave_up /= 2;
        }
        self.patience_ms = (self.waited_ms / self.gave_up.max(1)).max(1_000);
    }

    /// Mean handling time in milliseconds.
    pub fn handling_ms(&self) -> i64 {
        self.handling_ms
    }

    /// Mean patience in milliseconds.
    pub fn patience_ms(&self) -> i64 {
        self.patience_ms
    }

    /// Half and nine tenths of waits behind `ahead` others with `staff` counselors are over within
    /// these milliseconds. Each step of the line lasts 1 / (s/AHT + k/patience) on average, where
    /// k are those ahead who may still give up: not the `booked`, who wait for a callback. The sum
    /// of the steps is taken as a gamma
    /// distribution with the same mean and variance. Integers only, so every machine agrees.
    pub fn wait(&self, ahead: usize, booked: usize, staff: usize) -> Option<(i64, i64)> {
        if staff == 0 {
            return None;
        }
        let handling = i128::from(self.handling_ms);
        let patience = i128::from(self.patience_ms);
        let staff = staff as i128;
        let (mut mean_us, mut variance_us2) = (0_i128, 0_i128);
        let waiting = (ahead.saturating_sub(booked) as i128, ahead.max(1) as i128);
        for step in 0..=(ahead as i128) {
            let k = step * waiting.0 / waiting.1;
            let step_us = 1_000 * handling * patience / (staff * patience + k * handling);
            mean_us += step_us;
            variance_us2 += step_us * step_us;
        }
        let p50 = gamma_quantile(mean_us, variance_us2, 0);
        let p90 = gamma_quantile(mean_us, variance_us2, 1_281_552);
        let p50 = (p50 / 1_000) as i64 * self.p50_millionths / ONE;
        let p90 = (p90 / 1_000) as i64 * self.p90_millionths / ONE;
        Some((p50, p90.max(p50)))
    }
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

    #[test]
    fn an_exponential_and_a_long_line_have_the_known_quantiles() {
        let pace = Pace::new(300_000, 1_000_000_000);
        let (p50, p90) = pace.wait(0, 0, 10).expect("staff is there");
        assert!((p50 - 20_794).abs() < 400, "ln 2 × 30 s, got {p50}");
        assert!((p90 - 69_078).abs() < 1_000, "ln 10 × 30 s, got {p90}");
        let (p50, p90) = pace.wait(99, 0, 10).expect("staff is there");
        assert!(
            (p50 - 2_990_000).abs() < 20_000,
            "Erlang-100 median, got {p50}"
        );
        assert!(
            (p90 - 3_391_000).abs() < 30_000,
            "Erlang-100 P90, got {p90}"
        );
        assert_eq!(pace.wait(3, 0, 0), None);
    }

    #[test]
    fn impatience_shortens_the_wait_and_is_learned() {
        let mut pace = Pace::new(200_000, 400_000);
        let before = pace.wait(50, 0, 10).expect("staff is there");
        for _ in 0..2_000 {
            pace.waited(50_000, true);
        }
        assert!((pace.patience_ms() - 50_000).abs() < 5_000);
        assert!(pace.wait(50, 0, 10).expect("staff is there") < before);
    }

    #[test]
    fn broken_promises_make_the_next_ones_longer_and_kept_ones_shorter() {
        let mut pace = Pace::new(200_000, 400_000);
        let before = pace.wait(50, 0, 10).expect("staff is there");
        for _ in 0..100 {
            pace.promised(before, before.1 + 1, false);
        }
        let longer = pace.wait(50, 0, 10).expect("staff is there");
        assert!(
            longer.0 > before.0 * 13 / 10 && longer.1 > before.1 * 16 / 10,
            "{longer:?}"
        );
        for _ in 0..2_000 {
            pace.promised(before, 0, false);
        }
        let shorter = pace.wait(50, 0, 10).expect("staff is there");
        assert!(shorter.0 < before.0 && shorter.1 < before.1, "{shorter:?}");
        pace.promised(before, 0, true);
        assert_eq!(
            pace.wait(50, 0, 10),
            Some(shorter),
            "who gives up early says nothing"
        );
    }

    #[test]
    fn those_who_wait_for_a_callback_do_not_give_up() {
        let pace = Pace::new(200_000, 100_000);
        let all = pace.wait(50, 0, 10).expect("staff is there");
        let none = pace.wait(50, 50, 10).expect("staff is there");
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
