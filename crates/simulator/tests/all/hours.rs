//! Opening hours against a second reckoning: every open minute of some weeks, listed one by one.
//! Never a queue.

use center::time::{Civil, Closure, DAY_MS, Day, HOUR_MS, MINUTE_MS, OpeningHours, Period};
use center::time::{Time, Zone};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// First day of what is reckoned: the Monday before the clocks change in the zone below.
const FIRST: (i32, u32, u32) = (2026, 3, 23);
const DAYS: i32 = 21;

fn first() -> Day {
    Day::of_date(FIRST.0, FIRST.1, FIRST.2)
}

/// One hour more from 29 March 2026, one o'clock in Greenwich.
fn zone(summer: bool) -> Zone {
    let change = Time(i64::from(Day::of_date(2026, 3, 29).0) * DAY_MS + HOUR_MS);
    let mut zone = Zone::fixed(HOUR_MS);
    if summer {
        zone.offsets.push((change, 2 * HOUR_MS));
    }
    zone
}

/// Periods of a day, none over another.
fn day() -> impl Strategy<Value = Vec<Period>> {
    vec(0..=1440_u16, 0..8).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.dedup();
        let pairs = cuts.chunks_exact(2);
        pairs
            .map(|pair| Period {
                from: pair[0],
                to: pair[1],
            })
            .collect()
    })
}

fn closure(zone: &Zone, from_min: i64, minutes: i64) -> Closure {
    let from = zone.start_of(first()) + from_min * MINUTE_MS;
    Closure {
        from,
        to: from + minutes * MINUTE_MS,
    }
}

prop_compose! {
    fn hours()(
        summer in any::<bool>(),
        weekly in vec(day(), 7),
        holiday in day(),
        holidays in vec(0..DAYS, 0..4),
        closures in vec((0..i64::from(DAYS) * 1440, 1..4_000_i64), 0..4),
    ) -> (Zone, OpeningHours) {
        let zone = zone(summer);
        let closures = closures.into_iter().map(|(from, long)| closure(&zone, from, long));
        let hours = OpeningHours {
            weekly: weekly.try_into().expect("seven days"),
            holidays: holidays.into_iter().map(|day| Day(first().0 + day)).collect(),
            holiday,
            closures: closures.collect(),
        };
        (zone, hours)
    }
}

/// Every open minute as `(day, minute)` on the city's clock, closures not counted.
fn written(hours: &OpeningHours) -> BTreeSet<(i32, u16)> {
    let mut open = BTreeSet::new();
    let monday = first().0;
    for day in 0..DAYS {
        let holiday = hours.holidays.iter().any(|kept| kept.0 == monday + day);
        let periods = if holiday {
            &hours.holiday
        } else {
            &hours.weekly[day as usize % 7]
        };
        for period in periods {
            open.extend((period.from..period.to).map(|minute| (monday + day, minute)));
        }
    }
    open
}

proptest! {
    #[test]
    fn a_minute_is_open_when_its_day_says_so_and_no_closure_lies_over_it((zone, hours) in hours()) {
        let open = written(&hours);
        let begin = zone.start_of(first());
        let end = zone.start_of(Day(first().0 + DAYS));
        let mut at = begin;
        // The clock of the wall goes on minute by minute and jumps once.
        while at < end {
            let on_the_wall = at.0 + zone.offset_ms(at);
            let day = on_the_wall.div_euclid(DAY_MS) as i32;
            let minute = (on_the_wall.rem_euclid(DAY_MS) / MINUTE_MS) as u16;
            let closed = hours.closures.iter().any(|one| at >= one.from && at < one.to);
            let expected = open.contains(&(day, minute)) && !closed;
            prop_assert_eq!(hours.open(&zone, at), expected, "day {} minute {}", day, minute);
            // The last millisecond of a minute belongs to it.
            prop_assert_eq!(hours.open(&zone, at + (MINUTE_MS - 1)), expected);
            at = at + 7 * MINUTE_MS;
        }
    }

    #[test]
    fn an_instant_that_the_clock_shows_is_found_again(
        summer in any::<bool>(),
        day in 0..DAYS,
        minute in 0..1440_u16,
    ) {
        let zone = zone(summer);
        let day = Day(first().0 + day);
        let found = zone.civil(zone.instant(Civil { day, minute }));
        // From two to three o'clock on the day of the change there is no such time.
        let skipped = summer && day == Day::of_date(2026, 3, 29) && (120..180).contains(&minute);
        prop_assert_eq!(found == Civil { day, minute }, !skipped, "{:?}", found);
    }
}

#[test]
fn a_closure_ends_at_its_first_open_millisecond() {
    let zone = zone(true);
    let mut hours = OpeningHours::always();
    hours.closures.push(closure(&zone, 600, 60));
    let (from, to) = (hours.closures[0].from, hours.closures[0].to);
    let open = |at: Time| hours.open(&zone, at);
    assert!(open(from + -1) && !open(from) && !open(to + -1) && open(to));
}
