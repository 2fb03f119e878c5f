//! Who calls and when: a weekday of the simulated city (handbook section 7). Never how the center
//! answers.

use crate::chance::Chance;
use crate::options::Options;
use crate::town::{LANGUAGE_HOURS, LANGUAGES};
use center::city::Language;
use center::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};

/// Share of a day's voice attempts by hour, in percent.
pub const HOURS: [f64; 24] = [
    1.6, 1.1, 0.8, 0.6, 0.5, 0.6, 0.9, 1.8, 4.2, 8.6, 9.3, 8.4, 6.0, 7.7, 7.9, 7.6, 7.4, 6.6, 4.6,
    3.4, 2.9, 2.7, 2.6, 2.2,
];

/// Hang up in the menu.
pub const LEAVE_MENU: f64 = 0.06;

/// Mean patience in a queue, exponential.
pub const PATIENCE_S: f64 = 400.0;

/// Calls again after giving up or being refused.
pub const REDIAL: f64 = 0.65;

/// Mean pause before calling again.
pub const REDIAL_S: f64 = 240.0;

/// Tries of one person.
pub const TRIES_MAX: u8 = 5;

/// Calls of people who were here before within hours.
pub const REPEAT: f64 = 0.08;

/// Calls in a foreign language a day (87 are answered).
pub const LANGUAGE_CALLS: f64 = 95.0;

/// What a call is about, as far as time is concerned. Means in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Weight among Korean calls.
    pub share: f64,
    /// Mean of the talk.
    pub talk_s: f64,
    /// Its coefficient of variation.
    pub talk_cv: f64,
    /// Mean of the wrap-up.
    pub wrap_s: f64,
    /// Its coefficient of variation.
    pub wrap_cv: f64,
    /// Handed to an officer outside in one case of two.
    pub officer: bool,
}

const fn kind(share: f64, talk: (f64, f64), wrap: (f64, f64), officer: bool) -> Kind {
    Kind {
        share,
        talk_s: talk.0,
        talk_cv: talk.1,
        wrap_s: wrap.0,
        wrap_cv: wrap.1,
        officer,
    }
}

/// Simple information, standard information, request intake, connect to an officer, complex or
/// grievance, misdial or silent or prank, abusive.
pub const KINDS: [Kind; 7] = [
    kind(0.27, (95.0, 0.7), (20.0, 0.6), false),
    kind(0.33, (165.0, 0.8), (30.0, 0.7), false),
    kind(0.23, (150.0, 0.6), (35.0, 0.6), false),
    kind(0.08, (120.0, 0.7), (25.0, 0.6), true),
    kind(0.07, (380.0, 0.8), (70.0, 0.8), false),
    kind(0.0184, (25.0, 0.8), (8.0, 0.5), false),
    kind(0.0016, (240.0, 1.3), (120.0, 0.8), false),
];

/// A call in a foreign language: 390 s in all.
pub const LANGUAGE_KIND: Kind = kind(0.0, (340.0, 0.8), (50.0, 0.6), false);

/// Mean handling time of the Korean mix in seconds.
pub fn handling_s() -> f64 {
    let shares: f64 = KINDS.iter().map(|kind| kind.share).sum();
    let times = KINDS.iter().map(|k| k.share * (k.talk_s + k.wrap_s));
    times.sum::<f64>() / shares
}

/// Somebody who calls, perhaps several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Digest of the number; empty when withheld.
    pub caller: String,
    /// What it is about.
    pub kind: Kind,
    /// Language; other than Korean presses 9.
    pub language: Language,
    /// Tries made.
    pub tries: u8,
}

/// Planned first attempts of an hour of the day, without noise.
pub fn planned(options: &Options, hour: usize) -> f64 {
    options.attempts * HOURS[hour] / HOURS.iter().sum::<f64>()
}

/// The first attempts of one day, in order.
pub fn first_attempts(options: &Options, midnight: Time, chance: &mut Chance) -> Vec<Time> {
    let day = chance.gamma_noise(options.day_noise);
    let mut times = Vec::new();
    for slot in 0..DAY_MS / (15 * MINUTE_MS) {
        let hour = (slot / 4) as usize;
        let storm = match hour {
            7..=10 if options.storm => 3.0,
            11..=14 if options.storm => 1.6,
            _ => 1.0,
        };
        let count =
            planned(options, hour) / 4.0 * storm * day * chance.gamma_noise(options.quarter_noise);
        let gap_ms = (15 * MINUTE_MS) as f64 / count.max(1e-9);
        let mut at = chance.exponential(gap_ms);
        while at < (15 * MINUTE_MS) as f64 {
            times.push(midnight + slot * 15 * MINUTE_MS + at as i64);
            at += chance.exponential(gap_ms);
        }
    }
    times
}

/// The people behind first attempts; `known` are numbers seen before.
pub fn person(options: &Options, local_ms: i64, known: u64, chance: &mut Chance) -> Person {
    let open = i64::from(LANGUAGE_HOURS.0) * HOUR_MS..i64::from(LANGUAGE_HOURS.1) * HOUR_MS;
    let in_hours: f64 = HOURS[usize::from(LANGUAGE_HOURS.0)..usize::from(LANGUAGE_HOURS.1)]
        .iter()
        .sum();
    let share = LANGUAGE_CALLS / options.attempts.max(1.0) * 100.0 / in_hours;
    // One in ten language calls comes outside the hours.
    let foreign = if open.contains(&local_ms) {
        chance.happens(share)
    } else {
        chance.happens(share * 0.1)
    };
    let number = if chance.happens(REPEAT) && known > 0 {
        chance.between(0, known as i64) as u64
    } else {
        known
    };
    let withheld = chance.happens(0.03);
    let (kind, language) = if foreign {
        let drawn = chance.pick(&LANGUAGES.map(|(_, _, _, share)| share));
        (LANGUAGE_KIND, LANGUAGES[drawn].0)
    } else {
        let drawn = chance.pick(&KINDS.map(|kind| kind.share));
        (KINDS[drawn], Language::Ko)
    };
    Person {
        caller: if withheld {
            String::new()
        } else {
            format!("n{number:07}")
        },
        kind,
        language,
        tries: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_attempts_and_its_peak() {
        let mut options = Options::base(1, 1);
        options.quarter_noise = 0.0;
        let mut chance = Chance::new(1);
        let times = first_attempts(&options, Time(0), &mut chance);
        assert!((times.len() as f64 / options.attempts - 1.0).abs() < 0.03);
        assert!(times.is_sorted());
        let at_ten = times.iter().filter(|t| t.0 / HOUR_MS == 10).count() as f64;
        assert!((at_ten / times.len() as f64 - 0.093).abs() < 0.006);
        options.storm = true;
        let storm = first_attempts(&options, Time(0), &mut chance);
        assert!(storm.len() as f64 > 1.4 * times.len() as f64);
    }

    #[test]
    fn handling_is_as_the_handbook_measured_it() {
        assert!((handling_s() - 182.2).abs() < 1.0, "{}", handling_s());
    }

    #[test]
    fn languages_and_repeats_come_in_their_shares() {
        let options = Options::base(1, 1);
        let mut chance = Chance::new(2);
        let people: Vec<Person> = (0..20_000)
            .map(|n| person(&options, 10 * HOUR_MS, n, &mut chance))
            .collect();
        let foreign = people.iter().filter(|p| p.language != Language::Ko).count();
        assert!((90..190).contains(&foreign), "{foreign} of the day's share");
        let mut numbers: Vec<&str> = people.iter().map(|p| p.caller.as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert!(numbers.len() < 19_000, "some call again");
    }
}
