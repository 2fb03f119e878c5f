//! Instants, city-local days and opening hours. Never reads a clock: every instant comes in from
//! outside.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// One second in the unit of [`Time`].
pub const SECOND_MS: i64 = 1_000;
/// One minute in the unit of [`Time`].
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in the unit of [`Time`].
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One civil day without a change of offset, in the unit of [`Time`].
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(pub i64);

impl Add<i64> for Time {
    type Output = Time;
    fn add(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms))
    }
}

impl Sub<Time> for Time {
    type Output = i64;
    /// Milliseconds from `earlier` to `self`; never negative, because clocks may step back.
    fn sub(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = Civil::of(self.0);
        write!(
            f,
            "{}T{:02}:{:02}:{:02}.{:03}Z",
            civil.day,
            civil.minute / 60,
            civil.minute % 60,
            self.0.rem_euclid(MINUTE_MS) / SECOND_MS,
            self.0.rem_euclid(SECOND_MS)
        )
    }
}

/// A civil day, counted from 1970-01-01.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(pub i32);

impl Day {
    /// The day with this year, month and day of month (proleptic Gregorian calendar).
    pub fn of_date(year: i32, month: u32, day: u32) -> Day {
        let y = i64::from(year) - i64::from(month <= 2);
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let shifted = i64::from((month + 9) % 12);
        let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Day((era * 146_097 + day_of_era - 719_468) as i32)
    }

    /// Year, month (1-12) and day of month (1-31).
    pub fn date(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        let year = (yoe + era * 400 + i64::from(month <= 2)) as i32;
        (year, month, day)
    }

    /// Day of the week, 0 = Monday.
    pub fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        let parsed = Day::of_date(year, month, day);
        (parsed.date() == (year, month, day)).then_some(parsed)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A civil day and minute of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The day.
    pub day: Day,
    /// Minutes since midnight, 0-1439.
    pub minute: u16,
}

impl Civil {
    fn of(local_ms: i64) -> Civil {
        Civil {
            day: Day(local_ms.div_euclid(DAY_MS) as i32),
            minute: (local_ms.rem_euclid(DAY_MS) / MINUTE_MS) as u16,
        }
    }
}

/// The city's clock: its offset from UTC over time, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// `(from, offset_ms)` in rising order; the first also holds before its instant.
    pub offsets: Vec<(Time, i64)>,
}

impl Zone {
    /// A zone without summer time.
    pub fn fixed(offset_ms: i64) -> Zone {
        Zone {
            offsets: vec![(Time(i64::MIN), offset_ms)],
        }
    }

    /// Offset from UTC at `at`, in milliseconds, positive east of Greenwich.
    pub fn offset_ms(&self, at: Time) -> i64 {
        let after = self.offsets.partition_point(|(from, _)| *from <= at);
        self.offsets
            .get(after.saturating_sub(1))
            .map_or(0, |(_, offset)| *offset)
    }

    /// City-local day and minute of `at`.
    pub fn civil(&self, at: Time) -> Civil {
        Civil::of(at.0.saturating_add(self.offset_ms(at)))
    }

    /// City-local hour number of `at`: day × 24 + hour.
    pub fn hour(&self, at: Time) -> i64 {
        let civil = self.civil(at);
        i64::from(civil.day.0) * 24 + i64::from(civil.minute / 60)
    }

    /// The instant at which a city-local day begins (the later one where midnight is skipped).
    pub fn start_of(&self, day: Day) -> Time {
        self.instant(Civil { day, minute: 0 })
    }

    /// The instant of a city-local day and minute (the later one where the clock skips it).
    pub fn instant(&self, civil: Civil) -> Time {
        let naive = i64::from(civil.day.0) * DAY_MS + i64::from(civil.minute) * MINUTE_MS;
        let guess = Time(naive - self.offset_ms(Time(naive)));
        Time(naive - self.offset_ms(guess))
    }
}

/// A time of day from which to which something is open, in minutes since midnight; `to` may be
/// 1440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First minute that is open.
    pub from: u16,
    /// First minute that is closed again.
    pub to: u16,
}

/// A one-off closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// First instant that is closed.
    pub from: Time,
    /// First instant that is open again.
    pub to: Time,
}

/// Opening hours of a queue: several periods a day, holidays, one-off closures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpeningHours {
    /// Periods of Monday to Sunday.
    pub weekly: [Vec<Period>; 7],
    /// Days that follow `holiday` instead of their weekday.
    pub holidays: Vec<Day>,
    /// Periods of a holiday.
    pub holiday: Vec<Period>,
    /// One-off closures.
    pub closures: Vec<Closure>,
}

impl OpeningHours {
    /// Open around the clock.
    pub fn always() -> OpeningHours {
        let all = vec![Period { from: 0, to: 1440 }];
        OpeningHours {
            weekly: std::array::from_fn(|_| all.clone()),
            holiday: all,
            ..OpeningHours::default()
        }
    }

    /// Whether it is open at `at` on the clock of `zone`.
    pub fn open(&self, zone: &Zone, at: Time) -> bool {
        if self.closures.iter().any(|c| c.from <= at && at < c.to) {
            return false;
        }
        let civil = zone.civil(at);
        let periods = if self.holidays.contains(&civil.day) {
            &self.holiday
        } else {
            &self.weekly[civil.day.weekday()]
        };
        periods
            .iter()
            .any(|p| p.from <= civil.minute && civil.minute < p.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_round_trip_and_know_their_weekday() {
        for number in -200_000..200_000 {
            let (year, month, day) = Day(number).date();
            assert_eq!(Day::of_date(year, month, day), Day(number));
        }
        assert_eq!(Day::of_date(2026, 11, 24).weekday(), 1, "a Tuesday");
        assert_eq!(Day::parse("2026-02-30"), None);
        assert_eq!(
            Day::parse("2026-02-28").map(|d| d.to_string()).as_deref(),
            Some("2026-02-28")
        );
    }

    #[test]
    fn hours_know_lunch_holidays_and_closures() {
        let zone = Zone::fixed(9 * HOUR_MS);
        let day = Day::of_date(2026, 11, 24);
        let at = |hour: i64, minute: i64| zone.start_of(day) + hour * HOUR_MS + minute * MINUTE_MS;
        let split = vec![
            Period { from: 540, to: 720 },
            Period {
                from: 780,
                to: 1080,
            },
        ];
        let mut hours = OpeningHours {
            weekly: std::array::from_fn(|_| split.clone()),
            ..OpeningHours::default()
        };
        assert!(!hours.open(&zone, at(8, 59)));
        assert!(hours.open(&zone, at(9, 0)));
        assert!(!hours.open(&zone, at(12, 30)));
        assert!(hours.open(&zone, at(17, 59)));
        assert!(!hours.open(&zone, at(18, 0)));
        hours.closures.push(Closure {
            from: at(10, 0),
            to: at(11, 0),
        });
        assert!(!hours.open(&zone, at(10, 30)));
        hours.holidays.push(day);
        assert!(!hours.open(&zone, at(9, 30)));
    }

    #[test]
    fn a_day_starts_at_local_midnight_across_summer_time() {
        let spring = Time(1_774_746_000_000);
        let zone = Zone {
            offsets: vec![(Time(i64::MIN), HOUR_MS), (spring, 2 * HOUR_MS)],
        };
        let before = zone.start_of(Day::of_date(2026, 3, 29));
        let after = zone.start_of(Day::of_date(2026, 3, 30));
        assert_eq!(after - before, 23 * HOUR_MS);
    }
}
