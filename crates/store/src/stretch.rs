//! Which stretch of contacts is looked into next, where an index does not tell the newest first.
//! Pure; never asks an engine.

use crate::words::{STRETCHES, marked};

/// Contacts from `low` to `high`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The word of the index that they share; none when they are all that are left.
    pub mark: Option<String>,
    /// First.
    pub low: i64,
    /// Last.
    pub high: i64,
}

/// A walk from the newest contact down. It begins with a short stretch and goes on with one that
/// likely holds what is still missing, as far as what was found so far tells.
#[derive(Debug)]
pub(crate) struct Walk {
    low: i64,
    high: i64,
    looked_at: i64,
    found: i64,
    /// What is asked for is known to be rare: everything is looked into at once.
    rare: bool,
}

/// The next stretch may be so many times shorter than what likely holds the rest: looking again
/// costs less than looking too far.
const SHORTER: i64 = 4;

impl Walk {
    /// From the last of `within` to the first.
    pub fn new(within: (i64, i64), rare: bool) -> Walk {
        Walk {
            low: within.0,
            high: within.1,
            looked_at: 0,
            found: 0,
            rare,
        }
    }

    /// The next stretch, when so many contacts are still missing; none when that is all.
    pub fn next(&mut self, missing: usize) -> Option<Stretch> {
        if missing == 0 || self.high < self.low {
            return None;
        }
        let missing = missing as i64;
        let far = match (self.looked_at, self.found) {
            (looked_at, 0) => looked_at * missing,
            (looked_at, found) => looked_at * missing / found / SHORTER,
        };
        let long_enough = STRETCHES
            .into_iter()
            .find(|(_, power)| !self.rare && (1 << power) >= far);
        let marked = long_enough.map(|(sign, power)| {
            let low = (self.high >> power) << power;
            (marked(sign, &(self.high >> power).to_string()), low)
        });
        let (mark, low) = match marked {
            Some((mark, low)) => (Some(mark), low.max(self.low)),
            None => (None, self.low),
        };
        let high = self.high;
        Some(Stretch { mark, low, high })
    }

    /// Everything down to a contact was looked at, and so many were found.
    pub fn looked(&mut self, down_to: i64, found: usize) {
        self.looked_at += self.high - down_to + 1;
        self.found += found as i64;
        self.high = down_to - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks where every n-th contact has what is asked for; the lengths of the stretches.
    fn walked(newest: i64, every: i64, page: usize) -> Vec<i64> {
        let mut walk = Walk::new((1, newest), false);
        let (mut lengths, mut missing, mut below) = (Vec::new(), page, newest + 1);
        while let Some(stretch) = walk.next(missing) {
            assert_eq!(stretch.high, below - 1, "nothing is left out");
            assert!(stretch.low <= stretch.high && lengths.len() < 100);
            let all = (stretch.high / every - (stretch.low - 1) / every) as usize;
            let found = all.min(missing);
            let last = stretch.high / every * every - (found as i64 - 1) * every;
            below = if found == missing { last } else { stretch.low };
            lengths.push(stretch.high - below + 1);
            walk.looked(below, found);
            missing -= found;
        }
        lengths
    }

    #[test]
    fn what_is_frequent_is_found_in_the_newest_stretch() {
        assert_eq!(walked(4_095, 10, 50).len(), 1);
        assert_eq!(walked(8_000_000, 100, 50).len(), 3);
    }

    #[test]
    fn what_is_rare_takes_a_few_steps_and_is_found_wherever_it_is() {
        for every in [1_000, 20_000, 500_000, 7_999_999, 9_000_000] {
            let lengths = walked(8_000_000, every, 50);
            assert!(lengths.len() <= 9, "{every}: {lengths:?}");
            if 50 * every > 8_000_000 {
                assert_eq!(lengths.iter().sum::<i64>(), 8_000_000);
            }
        }
    }

    #[test]
    fn a_walk_stays_between_its_ends() {
        let mut walk = Walk::new((5_000, 5_100), false);
        let stretch = walk.next(50);
        let mark = Some("\u{e000}01".to_owned());
        let (low, high) = (5_000, 5_100);
        assert_eq!(stretch, Some(Stretch { mark, low, high }));
        walk.looked(low, 0);
        assert_eq!(walk.next(50), None);
        assert_eq!(Walk::new((1, 0), true).next(50), None);
    }
}
