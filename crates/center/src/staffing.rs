//! How many counselors a load needs: Erlang B, C and A as pure functions. A hint for planning;
//! never part of a decision.

/// A load on one group of equal counselors. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Contacts per second that enter the queue.
    pub arrivals_per_s: f64,
    /// Mean handling time: talk, hold and wrap-up.
    pub handling_s: f64,
    /// Mean patience; infinite when nobody gives up.
    pub patience_s: f64,
}

impl Load {
    /// The offered load in erlangs.
    pub fn erlangs(&self) -> f64 {
        self.arrivals_per_s * self.handling_s
    }
}

/// What a load meets with a number of counselors. Shares are 0-1 and of all who enter the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Share that waits at all.
    pub waiting: f64,
    /// Share that gives up.
    pub abandoned: f64,
    /// Mean wait of all, those who give up included, in seconds.
    pub mean_wait_s: f64,
    /// Mean number waiting.
    pub mean_queue: f64,
    /// Share of the counselors' time that is busy.
    pub occupancy: f64,
    /// Share answered within the target.
    pub within_target: f64,
}

/// Erlang B: the share that finds all `seats` busy when nobody may wait.
pub fn erlang_b(erlangs: f64, seats: u32) -> f64 {
    (1..=seats).fold(1.0, |blocked, n| {
        erlangs * blocked / (f64::from(n) + erlangs * blocked)
    })
}

/// Erlang C: the share that waits when nobody gives up; 1 when the load is not below the seats.
pub fn erlang_c(erlangs: f64, seats: u32) -> f64 {
    let busy = erlangs / f64::from(seats);
    if busy >= 1.0 {
        return 1.0;
    }
    let blocked = erlang_b(erlangs, seats);
    blocked / (1.0 - busy * (1.0 - blocked))
}

/// Erlang C in full. `None` when the load is not below the seats: the queue would never end.
pub fn patient(load: &Load, seats: u32, target_s: f64) -> Option<Forecast> {
    let free = f64::from(seats) - load.erlangs();
    if free <= 0.0 {
        return None;
    }
    let waiting = erlang_c(load.erlangs(), seats);
    let mean_wait_s = waiting * load.handling_s / free;
    Some(Forecast {
        waiting,
        abandoned: 0.0,
        mean_wait_s,
        mean_queue: mean_wait_s * load.arrivals_per_s,
        occupancy: load.erlangs() / f64::from(seats),
        within_target: 1.0 - waiting * (-free * target_s / load.handling_s).exp(),
    })
}

/// Erlang A in full: people give up after an exponential patience. Holds in overload too.
pub fn impatient(load: &Load, seats: u32, target_s: f64) -> Forecast {
    let leave = 1.0 / load.patience_s;
    let serve = 1.0 / load.handling_s;
    let full = f64::from(seats) * serve;
    // Unnormalized chances of the states, relative to "all busy, nobody waits" (chance 1).
    let mut below = 0.0;
    let mut chance = 1.0;
    for n in (1..=seats).rev() {
        chance *= f64::from(n) / load.erlangs();
        below += chance;
    }
    let mut queue = vec![1.0];
    let mut all_busy = 1.0;
    let mut chance = 1.0;
    for waiting in 1_u32.. {
        let out = full + f64::from(waiting) * leave;
        chance *= load.arrivals_per_s / out;
        all_busy += chance;
        queue.push(chance);
        if out > load.arrivals_per_s && chance < 1e-15 * all_busy {
            break;
        }
    }
    let total = below + all_busy;
    let lengths = queue.iter().zip(0_u32..);
    let mean_queue = lengths.map(|(c, n)| c * f64::from(n)).sum::<f64>() / total;
    let abandoned = leave * mean_queue / load.arrivals_per_s;
    let found: Vec<f64> = queue.iter().map(|chance| chance / total).collect();
    Forecast {
        waiting: all_busy / total,
        abandoned,
        mean_wait_s: mean_queue / load.arrivals_per_s,
        mean_queue,
        occupancy: load.erlangs() * (1.0 - abandoned) / f64::from(seats),
        within_target: below / total + served_within(&found, full, leave, target_s),
    }
}

/// Share that is served within `target_s` among those who find everybody busy. `ahead[n]` is the
/// chance to find `n` waiting. Uniformization: the walk to the head of the queue as a sum over
/// Poisson numbers of steps; all terms are positive, so nothing cancels.
fn served_within(ahead: &[f64], full: f64, leave: f64, target_s: f64) -> f64 {
    let pace = full + (ahead.len() as f64 + 1.0) * leave;
    let mean_steps = pace * target_s;
    let mut place = ahead.to_vec();
    let mut served = 0.0;
    let mut sum = 0.0;
    let mut log_weight = -mean_steps;
    for step in 1_u32.. {
        let mut next = vec![0.0; place.len()];
        for (n, share) in place.iter().enumerate() {
            let forward = (full + n as f64 * leave) / pace;
            match n.checked_sub(1) {
                Some(nearer) => next[nearer] += share * forward,
                None => served += share * forward,
            }
            next[n] += share * (1.0 - forward - leave / pace);
        }
        place = next;
        log_weight += (mean_steps / f64::from(step)).ln();
        sum += log_weight.exp() * served;
        if f64::from(step) > mean_steps && log_weight < -40.0 {
            break;
        }
    }
    sum
}

/// The least number of seats that answers `share` (0-1) within the target: Erlang A with finite
/// patience, else Erlang C. A hint: real load drifts, so backlog carries over the half hours.
pub fn seats_for(load: &Load, share: f64, target_s: f64) -> u32 {
    if load.arrivals_per_s <= 0.0 {
        return 0;
    }
    let least = (load.erlangs() * 0.5).floor().max(1.0) as u32;
    let enough = |seats: &u32| {
        let forecast = if load.patience_s.is_finite() {
            Some(impatient(load, *seats, target_s))
        } else {
            patient(load, *seats, target_s)
        };
        forecast.is_some_and(|forecast| forecast.within_target >= share)
    };
    (least..=SEATS_MAX).find(enough).unwrap_or(least)
}

/// Nobody seats more counselors than this; ends the search when a target cannot be met.
const SEATS_MAX: u32 = 100_000;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, within: f64) {
        assert!(
            (found - expected).abs() <= within,
            "{found} is not {expected} ± {within}"
        );
    }

    fn per_half_hour(calls: f64, handling_s: f64, patience_s: f64) -> Load {
        Load {
            arrivals_per_s: calls / 1_800.0,
            handling_s,
            patience_s,
        }
    }

    #[test]
    fn erlang_b_agrees_with_the_classic_table() {
        for (erlangs, seats, blocked) in [
            (5.084, 10, 0.0200),
            (4.461, 10, 0.0100),
            (13.18, 20, 0.01998),
            (20.337, 30, 0.0100),
            (37.9, 50, 0.0100),
            (84.064, 100, 0.0100),
        ] {
            close(erlang_b(erlangs, seats), blocked, 1e-5);
        }
        close(erlang_b(10.0, 10), 0.214_582, 5e-7);
        close(erlang_b(100.0, 100), 0.075_700, 5e-7);
    }

    #[test]
    fn erlang_c_agrees_with_published_points() {
        for (erlangs, seats, waiting) in [
            (1.0, 2, 1.0 / 3.0),
            (0.8, 1, 0.8),
            (8.0, 10, 0.409_180),
            (10.0, 11, 0.68212),
            (10.0, 12, 0.44939),
            (10.0, 14, 0.174_132),
            (20.0, 22, 0.56792),
            (20.0, 25, 0.20910),
            (50.0, 55, 0.38455),
            (100.0, 105, 0.51571),
        ] {
            close(erlang_c(erlangs, seats), waiting, 6e-6);
        }
        close(erlang_c(12.0, 10), 1.0, 0.0);
    }

    #[test]
    fn the_worked_examples_of_erlang_c_come_out() {
        let forecast = patient(&per_half_hour(360.0, 240.0, f64::INFINITY), 55, 15.0).unwrap();
        close(forecast.waiting, 0.238_701, 5e-7);
        close(forecast.within_target, 0.84588, 1e-5);
        close(forecast.mean_wait_s, 8.184, 5e-4);
        close(forecast.occupancy, 0.8727, 5e-5);
        let small = per_half_hour(100.0, 180.0, f64::INFINITY);
        close(
            patient(&small, 14, 20.0).unwrap().within_target,
            0.88835,
            1e-5,
        );
        close(
            patient(&small, 13, 20.0).unwrap().within_target,
            0.79560,
            1e-5,
        );
        assert_eq!(seats_for(&small, 0.8, 20.0), 14);
        let larger = per_half_hour(250.0, 180.0, f64::INFINITY);
        close(
            patient(&larger, 29, 20.0).unwrap().within_target,
            0.78133,
            1e-5,
        );
        assert_eq!(seats_for(&larger, 0.8, 20.0), 30);
        assert_eq!(patient(&larger, 25, 20.0), None, "the queue would not end");
    }

    #[test]
    fn erlang_a_agrees_with_its_check_values() {
        let load = Load {
            arrivals_per_s: 0.8,
            handling_s: 60.0,
            patience_s: 120.0,
        };
        let forecast = impatient(&load, 50, 20.0);
        close(forecast.waiting, 0.467_774, 5e-7);
        close(forecast.abandoned, 0.030_912, 5e-7);
        close(forecast.mean_wait_s, 3.7095, 5e-5);
        close(forecast.mean_queue, 2.9676, 5e-5);
        close(forecast.occupancy, 0.93032, 1e-5);
        // Integrating the birth-death equations step by step gives the same figure.
        close(forecast.within_target, 0.943_019, 5e-7);
        let small = impatient(&per_half_hour(100.0, 180.0, 120.0), 12, 20.0);
        close(small.waiting, 0.279_807, 5e-7);
        close(small.abandoned, 0.061_597, 5e-7);
        close(small.mean_wait_s, 7.392, 5e-4);
        close(small.occupancy, 0.7820, 5e-5);
    }

    #[test]
    fn erlang_a_with_endless_patience_is_erlang_c() {
        let load = per_half_hour(250.0, 180.0, 1e9);
        let patient = patient(&load, 30, 20.0).unwrap();
        let impatient = impatient(&load, 30, 20.0);
        close(impatient.waiting, patient.waiting, 1e-4);
        close(impatient.within_target, patient.within_target, 1e-4);
    }

    #[test]
    fn erlang_a_holds_in_overload_and_without_load_nobody_is_needed() {
        let flood = impatient(&per_half_hour(400.0, 180.0, 300.0), 20, 20.0);
        close(flood.abandoned, 0.5, 0.01);
        assert!(flood.within_target > 0.0 && flood.within_target < 0.1);
        assert_eq!(seats_for(&per_half_hour(0.0, 180.0, 300.0), 0.8, 20.0), 0);
    }
}
