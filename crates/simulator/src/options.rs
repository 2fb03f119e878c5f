//! What a simulated run is made of, drawn from its seed. Never the run itself.

use crate::chance::Chance;
use std::fmt;

/// First attempts of a weekday by voice; with redials about 20,100 attempts and 18,400 answered
/// (the voice part of the handbook's 22,000 contacts, section 7).
pub const ATTEMPTS: f64 = 19_800.0;

/// What a run is made of. Equal options give equal runs.
#[allow(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed.
    pub seed: u64,
    /// Weekdays.
    pub days: u32,
    /// First attempts a day, redials not counted.
    pub attempts: f64,
    /// Coefficient of variation of the load from day to day.
    pub day_noise: f64,
    /// The same from quarter hour to quarter hour.
    pub quarter_noise: f64,
    /// Seats in percent of the half-hour need for 80 % in 20 s.
    pub staff_percent: u32,
    /// Snow: three times the load from 7 to 11 h, 1.6 times until 15 h.
    pub storm: bool,
    /// Stops of the center in mid-work, each followed by a recovery.
    pub crashes: u32,
    /// One more stop, right after so many events.
    pub crash_after_events: Option<u64>,
    /// Chance per shift that a desk loses its connection; one in five stays away for minutes.
    pub desk_loss: f64,
    /// Chance that a counselor lets a ring pass, and again half of it that they decline.
    pub missed_ring: f64,
    /// How late telephony reports what it did, at most, in milliseconds.
    pub wing_ms: i64,
    /// The last idle English counselor is held back from the general queue.
    pub reserve: bool,
    /// Callbacks are offered.
    pub callbacks: bool,
    /// Most that may wait in the general queue.
    pub waiting_max: usize,
    /// Texts, chats, posts, mails and video beside the calls, as a share of the handbook's.
    pub letters: f64,
}

impl Options {
    /// The handbook's base row: the load is as planned and nothing goes wrong but what always does.
    pub fn base(seed: u64, days: u32) -> Options {
        Options {
            seed,
            days,
            attempts: ATTEMPTS,
            day_noise: 0.0,
            quarter_noise: 0.0,
            staff_percent: 100,
            storm: false,
            crashes: 0,
            crash_after_events: None,
            desk_loss: 0.02,
            missed_ring: 0.001,
            wing_ms: 40,
            reserve: false,
            callbacks: false,
            waiting_max: 400,
            letters: 1.0,
        }
    }

    /// A run whose troubles are drawn from the seed; about one in seven has none.
    pub fn drawn(seed: u64, days: u32) -> Options {
        let mut chance = Chance::part(seed, "options");
        let mut options = Options::base(seed, days);
        options.day_noise = 0.07;
        options.quarter_noise = 0.15;
        if chance.happens(0.2) {
            options.storm = true;
        }
        if chance.happens(0.3) {
            options.staff_percent = chance.between(70, 96) as u32;
        }
        if chance.happens(0.35) {
            options.crashes = chance.between(1, 6) as u32;
        }
        if chance.happens(0.3) {
            options.desk_loss = 0.6;
        }
        if chance.happens(0.3) {
            options.missed_ring = 0.02;
        }
        if chance.happens(0.3) {
            options.wing_ms = chance.between(200, 3_000);
        }
        options.reserve = chance.happens(0.2);
        options.callbacks = chance.happens(0.5);
        if chance.happens(0.3) {
            options.waiting_max = chance.between(20, 120) as usize;
        }
        options
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "staff={}%", self.staff_percent)?;
        for (on, name) in [
            (self.storm, "storm"),
            (self.desk_loss > 0.1, "dead-desks"),
            (self.missed_ring > 0.01, "missed-rings"),
            (self.wing_ms > 100, "slow-wings"),
            (self.reserve, "reserve"),
            (self.callbacks, "callbacks"),
            (self.waiting_max < 400, "short-queue"),
        ] {
            if on {
                write!(f, " {name}")?;
            }
        }
        if self.crashes > 0 {
            write!(f, " crashes={}", self.crashes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_is_drawn_by_some_seed_and_some_seeds_have_none() {
        let drawn: Vec<Options> = (0..200).map(|seed| Options::drawn(seed, 1)).collect();
        assert!(drawn.iter().any(|o| o.storm && o.crashes > 0));
        assert!(drawn.iter().any(|o| o.reserve && o.desk_loss > 0.1));
        let none = |o: &&Options| o.to_string() == "staff=100%";
        assert!(drawn.iter().any(|o| none(&o)));
        assert_eq!(Options::drawn(9, 2), Options::drawn(9, 2));
    }
}
