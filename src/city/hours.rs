//! Opening hours, closures and the city's clock from their written form. Never asks what time it
//! is.

use super::file::{ClosureFile, HoursFile};
use center::time::{Civil, Closure, Day, OpeningHours, Period, SECOND_MS, Time, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The offsets of an IANA zone from 2000 to 2040, from the rules that came with this version.
pub fn zone(name: &str) -> Option<Zone> {
    let zone = TimeZone::get(name).ok()?;
    let from = start_of_year(2000);
    let to = start_of_year(2041);
    let offset_ms = |at| i64::from(zone.to_offset(at).seconds()) * SECOND_MS;
    let mut offsets = vec![(Time(i64::MIN), offset_ms(from))];
    for change in zone
        .following(from)
        .take_while(|change| change.timestamp() < to)
    {
        let offset = i64::from(change.offset().seconds()) * SECOND_MS;
        offsets.push((Time(change.timestamp().as_millisecond()), offset));
    }
    Some(Zone { offsets })
}

fn start_of_year(year: i32) -> Timestamp {
    let days = i64::from(Day::of_date(year, 1, 1).0);
    Timestamp::from_second(days * 86_400).expect("jiff reaches to the year 9999")
}

/// The hours of a queue.
pub fn opening(file: &HoursFile, holidays: &[String]) -> Result<OpeningHours, String> {
    let weekday = |own: &Option<Vec<String>>| periods(own.as_ref().unwrap_or(&file.weekdays));
    Ok(OpeningHours {
        weekly: [
            weekday(&file.monday)?,
            weekday(&file.tuesday)?,
            weekday(&file.wednesday)?,
            weekday(&file.thursday)?,
            weekday(&file.friday)?,
            periods(&file.saturday)?,
            periods(&file.sunday)?,
        ],
        holidays: holidays
            .iter()
            .map(|day| parse_day(day))
            .collect::<Result<_, _>>()?,
        holiday: periods(&file.holiday)?,
        closures: Vec::new(),
    })
}

/// A closure in city time.
pub fn closure(file: &ClosureFile, zone: &Zone) -> Result<Closure, String> {
    let (from, to) = (instant(&file.from, zone)?, instant(&file.to, zone)?);
    if from >= to {
        return Err(format!("`{}` is not before `{}`", file.from, file.to));
    }
    Ok(Closure { from, to })
}

fn instant(text: &str, zone: &Zone) -> Result<Time, String> {
    let flaw = || format!("`{text}` is not a day and time like `2027-03-02 14:00`");
    let (day, clock) = text.split_once(' ').ok_or_else(flaw)?;
    let day = Day::parse(day).ok_or_else(flaw)?;
    let minute = minute(clock).ok_or_else(flaw)?;
    Ok(zone.instant(Civil { day, minute }))
}

pub fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| format!("`{text}` is not a day like `2027-03-01`"))
}

fn periods(texts: &[String]) -> Result<Vec<Period>, String> {
    let mut periods: Vec<Period> = Vec::with_capacity(texts.len());
    for text in texts {
        let period = period(text).ok_or_else(|| format!("`{text}` is not like `09:00-18:00`"))?;
        if periods.last().is_some_and(|last| last.to > period.from) {
            return Err(format!(
                "`{text}` begins before the period before it has ended"
            ));
        }
        periods.push(period);
    }
    Ok(periods)
}

fn period(text: &str) -> Option<Period> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from < to).then_some(Period { from, to })
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let known = hour < 24 && minute < 60 || (hour, minute) == (24, 0);
    known.then(|| hour * 60 + minute)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use center::time::{HOUR_MS, MINUTE_MS};

    #[test]
    fn seoul_has_one_offset_and_new_york_knows_summer_time() {
        let seoul = zone("Asia/Seoul").unwrap();
        assert_eq!(seoul, Zone::fixed(9 * HOUR_MS));
        let york = zone("America/New_York").unwrap();
        let noon = |year, month, day| {
            Time(i64::from(Day::of_date(year, month, day).0) * 24 * HOUR_MS + 12 * HOUR_MS)
        };
        assert_eq!(york.offset_ms(noon(2026, 1, 15)), -5 * HOUR_MS);
        assert_eq!(york.offset_ms(noon(2026, 7, 15)), -4 * HOUR_MS);
        assert_eq!(york.offset_ms(noon(2040, 7, 15)), -4 * HOUR_MS);
        assert_eq!(
            york.start_of(Day::of_date(2026, 7, 15)).0 % (24 * HOUR_MS),
            4 * HOUR_MS
        );
    }

    #[test]
    fn a_day_may_have_several_periods_but_not_over_each_other() {
        let two = ["09:00-12:00".to_owned(), "13:00-24:00".to_owned()];
        let read = periods(&two).unwrap();
        assert_eq!(
            read[1],
            Period {
                from: 780,
                to: 1440
            }
        );
        let over = ["09:00-12:00".to_owned(), "11:59-13:00".to_owned()];
        assert!(periods(&over).is_err());
        for wrong in [
            "9",
            "09:00",
            "12:00-12:00",
            "09:60-10:00",
            "24:01-25:00",
            // 65,580 minutes, which are 44 in sixteen bits.
            "00:10-1093:00",
            "-",
            "a:b-c:d",
        ] {
            assert!(period(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_closure_is_in_city_time_on_the_day_the_clocks_change_too() {
        let york = zone("America/New_York").unwrap();
        for day in ["2026-03-08", "2026-11-01", "2026-07-01"] {
            let file = ClosureFile {
                from: format!("{day} 14:00"),
                to: format!("{day} 24:00"),
            };
            let read = closure(&file, &york).unwrap();
            assert_eq!(york.civil(read.from).minute, 14 * 60, "{day}");
            assert_eq!(read.to - read.from, 10 * HOUR_MS, "{day}");
        }
    }

    #[test]
    fn a_closure_is_in_city_time() {
        let zone = Zone::fixed(9 * HOUR_MS);
        let file = ClosureFile {
            from: "2027-03-02 14:00".into(),
            to: "2027-03-02 15:30".into(),
        };
        let read = closure(&file, &zone).unwrap();
        assert_eq!(read.to - read.from, 90 * MINUTE_MS);
        assert_eq!(zone.civil(read.from).minute, 14 * 60);
    }
}
