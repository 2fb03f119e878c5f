//! Who works when: shifts that follow the half-hour need. Never what a counselor does in a shift.

use crate::chance::Chance;
use crate::load;
use crate::options::Options;
use crate::town::{LANGUAGE_HOURS, LANGUAGES, counselor};
use center::city::{CounselorId, CounselorProfile, Language};
use center::staffing::{Load, seats_for};
use center::time::{DAY_MS, HOUR_MS, MINUTE_MS};

const HALF_HOUR_MS: i64 = 30 * MINUTE_MS;
const SLOTS: usize = 48;

/// Longest shift without a change of person.
const SHIFT_MAX: usize = 17;

/// Every this much of work comes a break of [`BREAK_MS`].
pub const WORK_MS: i64 = 115 * MINUTE_MS;

/// Length of a break.
pub const BREAK_MS: i64 = 8 * MINUTE_MS;

/// Counselors with these numbers and below speak a further language.
pub const SPEAKERS: u32 = 7;

/// Earliest sign-in before a shift.
const EARLY_MS: i64 = 90_000;

/// Seconds a call occupies a seat beyond handling: the ring.
const RING_S: f64 = 1.7;

/// A shift, in milliseconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub counselor: CounselorId,
    /// Signs in.
    pub from_ms: i64,
    /// Signs out once the last call is done.
    pub to_ms: i64,
}

/// Everyone who works, and the shifts of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Everyone.
    pub counselors: Vec<CounselorProfile>,
    /// The shifts of every day.
    pub shifts: Vec<Shift>,
}

/// Seats needed in each half hour for 80 % in 20 s, by Erlang A on the planned load.
pub fn need(options: &Options) -> [u32; SLOTS] {
    std::array::from_fn(|slot| {
        let attempts = load::planned(options, slot / 2) / 3_600.0;
        let load = Load {
            arrivals_per_s: attempts * (1.0 - load::LEAVE_MENU) * 1.015,
            handling_s: load::handling_s() + RING_S,
            patience_s: load::PATIENCE_S,
        };
        seats_for(&load, 0.80, 20.0)
    })
}

impl Roster {
    /// A roster for these options.
    pub fn new(options: &Options) -> Roster {
        let away = BREAK_MS as f64 / (WORK_MS + BREAK_MS) as f64;
        let share = f64::from(options.staff_percent) / 100.0 / (1.0 - away);
        let mut heads = need(options).map(|seats| (f64::from(seats) * share).round() as usize);
        let mut roster = Roster::default();
        roster.staff_languages(&mut heads);
        let mut chance = Chance::part(options.seed, "roster");
        roster.staff_general(&heads, &mut chance);
        roster
    }

    /// Language seats; all but one of them count for the general need, too.
    fn staff_languages(&mut self, heads: &mut [usize; SLOTS]) {
        let (from, to) = LANGUAGE_HOURS;
        let seats = [
            Language::En,
            Language::En,
            Language::Zh,
            Language::Zh,
            LANGUAGES[2].0,
            LANGUAGES[3].0,
            LANGUAGES[4].0,
        ];
        for (number, language) in (1..).zip(seats) {
            // The second speaker of a language is a weaker one, found by the second ring.
            let level = if number % 2 == 0 { 2 } else { 5 };
            self.counselors
                .push(counselor(number, Some((language, level))));
            self.shifts.push(Shift {
                counselor: CounselorId(number),
                from_ms: i64::from(from) * HOUR_MS,
                to_ms: i64::from(to) * HOUR_MS,
            });
        }
        for slot in &mut heads[usize::from(from) * 2..usize::from(to) * 2] {
            *slot = slot.saturating_sub(seats.len() - 1);
        }
    }

    /// Cuts the need into layers, each layer into shifts, and gives them to people.
    fn staff_general(&mut self, heads: &[usize; SLOTS], chance: &mut Chance) {
        let most = heads.iter().copied().max().unwrap_or(0);
        let mut pieces = Vec::new();
        for layer in 1..=most {
            let mut slot = 0;
            while slot < SLOTS {
                if heads[slot] < layer {
                    slot += 1;
                    continue;
                }
                let end = (slot..SLOTS).find(|s| heads[*s] < layer).unwrap_or(SLOTS);
                let parts = (end - slot).div_ceil(SHIFT_MAX);
                for part in 0..parts {
                    let cut = |n: usize| slot + (end - slot) * n / parts;
                    pieces.push((cut(part), cut(part + 1)));
                }
                slot = end;
            }
        }
        pieces.sort_unstable();
        let mut people: Vec<(CounselorId, usize, usize, usize)> = Vec::new();
        for (from, to) in pieces {
            let fits = |(_, first, last, sum): &&mut (CounselorId, usize, usize, usize)| {
                *last <= from && to - *first <= SHIFT_MAX + 4 && *sum + to - from <= SHIFT_MAX
            };
            let id = if let Some(person) = people.iter_mut().find(fits) {
                person.2 = to;
                person.3 += to - from;
                person.0
            } else {
                let id = CounselorId(self.counselors.len() as u32 + 1);
                self.counselors.push(counselor(id.0, None));
                people.push((id, from, to, to - from));
                id
            };
            // Nobody can be ready at the stroke of the half hour without being there before.
            let early = chance.between(0, EARLY_MS);
            self.shifts.push(Shift {
                counselor: id,
                from_ms: (from as i64 * HALF_HOUR_MS - early).max(0),
                to_ms: (to as i64 * HALF_HOUR_MS).min(DAY_MS),
            });
        }
    }

    /// Hours at the desk a day, breaks included.
    pub fn seat_hours(&self) -> f64 {
        let ms: i64 = self.shifts.iter().map(|s| s.to_ms - s.from_ms).sum();
        ms as f64 / HOUR_MS as f64
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_need_is_near_the_handbook_and_the_shifts_cover_it() {
        let options = Options::base(1, 1);
        let need = need(&options);
        let peak = need.iter().copied().max().unwrap();
        assert!((86..=96).contains(&peak), "handbook: 91, found {peak}");
        let hours = f64::from(need.iter().sum::<u32>()) / 2.0;
        assert!(
            (970.0..1_070.0).contains(&hours),
            "handbook: 1,024, {hours}"
        );
        let roster = Roster::new(&options);
        for (slot, seats) in need.iter().enumerate() {
            let at = slot as i64 * HALF_HOUR_MS + 100_000;
            let on = |shift: &&Shift| shift.from_ms <= at && at < shift.to_ms;
            let heads = roster.shifts.iter().filter(on).count();
            assert!(heads >= *seats as usize, "slot {slot}: {heads} for {seats}");
        }
    }

    #[test]
    fn nobody_is_in_two_shifts_at_once() {
        let roster = Roster::new(&Options::base(1, 1));
        for (index, one) in roster.shifts.iter().enumerate() {
            for other in &roster.shifts[index + 1..] {
                let apart =
                    one.to_ms <= other.from_ms + EARLY_MS || other.to_ms <= one.from_ms + EARLY_MS;
                assert!(one.counselor != other.counselor || apart);
            }
        }
    }
}
