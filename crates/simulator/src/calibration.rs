//! Whether what callers were told about their wait came true. Never what they should be told.

use center::city::ContactId;
use center::event::Event;
use center::time::Time;
use std::collections::BTreeMap;

/// A caller who was told something, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Told {
    p50_ms: i64,
    p90_ms: i64,
    /// From the announcement to the offer, or to giving up.
    waited_ms: i64,
    /// Gave up: all that is known is that the wait would have been longer.
    gave_up: bool,
}

/// First announcements and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    open: BTreeMap<ContactId, (Time, i64, i64)>,
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
}

/// Points by which a told quantile may miss.
pub const MAY_MISS: f64 = 3.0;

/// Callers from which on a coverage says something.
pub const TOLD_MIN: usize = 3_000;

/// Batches for the intervals, and Student's t for 99 % and 11 degrees of freedom.
const BATCHES: usize = 12;
const STUDENT: f64 = 3.106;

impl Coverage {
    /// Whether 50 and 90 lie within three points of what was found, give or take its own interval.
    pub fn holds(&self) -> bool {
        let near = |found: f64, right: f64, half: f64| (found - right).abs() <= MAY_MISS + half;
        near(self.p50, 50.0, self.half[0]) && near(self.p90, 90.0, self.half[1])
    }
}

impl Calibration {
    /// Takes in what happened.
    pub fn apply(&mut self, at: Time, event: &Event) {
        match event {
            Event::WaitTold { contact, told, .. } => {
                if let (Some(p50), Some(p90)) = (told.p50_ms, told.p90_ms) {
                    self.open.entry(*contact).or_insert((at, p50, p90));
                }
            }
            Event::Offered { contact, .. } => self.close(*contact, at, false),
            Event::Closed { contact, .. } | Event::LineEnded { contact, .. } => {
                self.close(*contact, at, true);
            }
            Event::Restarted => self.open.clear(),
            _ => {}
        }
    }

    fn close(&mut self, contact: ContactId, at: Time, gave_up: bool) {
        if let Some((since, p50_ms, p90_ms)) = self.open.remove(&contact) {
            self.done.push(Told {
                p50_ms,
                p90_ms,
                waited_ms: at - since,
                gave_up,
            });
        }
    }

    /// The coverage over all callers. Those who gave up are censored: Kaplan and Meier's estimate
    /// of the wait as a share of what was told, in twenty layers of equal size by what was told,
    /// so that within a layer patience does not depend on the announcement.
    pub fn coverage(&self) -> Coverage {
        let all = shares(&self.done, 20);
        let batch = self.done.len().div_ceil(BATCHES).max(1);
        let batches: Vec<[f64; 2]> = self
            .done
            .chunks(batch)
            .map(|told| shares(told, 4))
            .collect();
        Coverage {
            told: self.done.len(),
            p50: all[0],
            p90: all[1],
            half: [0, 1].map(|which| half_width(&batches, which)),
        }
    }
}

/// Shares served within the told P50 and P90, in percent, in so many layers.
fn shares(told: &[Told], layers: usize) -> [f64; 2] {
    let mut told = told.to_vec();
    told.sort_by_key(|told| told.p50_ms);
    let layer = told.len().div_ceil(layers).max(1);
    let lengths: [fn(&Told) -> i64; 2] = [|told| told.p50_ms, |told| told.p90_ms];
    lengths.map(|length| {
        let within = |layer: &[Told]| served_within(layer, length) * layer.len() as f64;
        let sum: f64 = told.chunks(layer).map(within).sum();
        sum / told.len().max(1) as f64 * 100.0
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

/// Share served within the told length, had nobody given up.
fn served_within(layer: &[Told], length: fn(&Told) -> i64) -> f64 {
    let ratio = |told: &Told| told.waited_ms as f64 / length(told).max(1) as f64;
    let mut ratios: Vec<(f64, bool)> = layer.iter().map(|t| (ratio(t), t.gave_up)).collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut still_waiting = 1.0;
    for (served_before, (ratio, gave_up)) in ratios.iter().enumerate() {
        if *ratio > 1.0 {
            break;
        }
        if !gave_up {
            still_waiting *= 1.0 - 1.0 / (ratios.len() - served_before) as f64;
        }
    }
    1.0 - still_waiting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn told_exponential(error: f64) -> Coverage {
        let mut chance = Chance::new(11);
        let mut calibration = Calibration::default();
        for _ in 0..40_000 {
            let mean = 10_000.0 + 60_000.0 * chance.unit();
            let wait = chance.exponential(mean);
            let patience = chance.exponential(40_000.0);
            calibration.done.push(Told {
                p50_ms: (mean * std::f64::consts::LN_2 * error) as i64,
                p90_ms: (mean * std::f64::consts::LN_10 * error) as i64,
                waited_ms: wait.min(patience) as i64,
                gave_up: patience < wait,
            });
        }
        calibration.coverage()
    }

    #[test]
    fn true_quantiles_are_found_although_half_give_up() {
        let coverage = told_exponential(1.0);
        assert!((coverage.p50 - 50.0).abs() < 1.0, "{coverage:?}");
        assert!((coverage.p90 - 90.0).abs() < 1.5, "{coverage:?}");
    }

    #[test]
    fn promises_that_are_too_short_or_too_long_are_found() {
        assert!(told_exponential(0.8).p50 < 47.0);
        assert!(told_exponential(1.25).p50 > 53.0);
    }
}
