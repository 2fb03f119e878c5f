//! Times, lengths, shares and telephone numbers as people read them. Never a sum.

use center::time::{DAY_MS, Day, HOUR_MS, MINUTE_MS, SECOND_MS, Time, Zone};

/// The city-local day of an instant.
pub(crate) fn day(zone: &Zone, at: Time) -> Day {
    zone.civil(at).day
}

/// `13:05:09` on the city's clock.
pub(crate) fn clock(zone: &Zone, at: Time) -> String {
    let ms = at.0.saturating_add(zone.offset_ms(at)).rem_euclid(DAY_MS);
    let (hours, minutes) = (ms / HOUR_MS, ms % HOUR_MS / MINUTE_MS);
    format!("{hours:02}:{minutes:02}:{:02}", ms % MINUTE_MS / SECOND_MS)
}

/// `13:05:09.250` on the city's clock: the exact time of an event.
pub(crate) fn clock_exact(zone: &Zone, at: Time) -> String {
    format!("{}.{:03}", clock(zone, at), at.0.rem_euclid(SECOND_MS))
}

/// `2026-11-24 13:05:09` on the city's clock.
pub(crate) fn date_clock(zone: &Zone, at: Time) -> String {
    format!("{} {}", day(zone, at), clock(zone, at))
}

/// `2026-11-24T13:05` on the city's clock, for a form field.
pub(crate) fn field(zone: &Zone, at: Time) -> String {
    format!("{}T{}", day(zone, at), &clock(zone, at)[..5])
}

/// Reads a form field `2026-11-24T13:05` or `2026-11-24` on the city's clock.
pub(crate) fn parse_field(zone: &Zone, text: &str) -> Option<Time> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
    let (hours, minutes) = time.get(..5)?.split_once(':')?;
    let hours: i64 = hours.parse().ok().filter(|hours| (0..24).contains(hours))?;
    let minutes: i64 = minutes.parse().ok().filter(|m| (0..60).contains(m))?;
    let wanted = zone.start_of(Day::parse(date)?) + hours * HOUR_MS + minutes * MINUTE_MS;
    // On a day that changes its offset, midnight plus hours is not the hour on the clock.
    let shown = i64::from(zone.civil(wanted).minute) * MINUTE_MS;
    Some(wanted + (hours * HOUR_MS + minutes * MINUTE_MS - shown).clamp(-HOUR_MS, HOUR_MS))
}

/// `0:07`, `12:34` or `1:02:03`.
pub(crate) fn length(ms: i64) -> String {
    let (hours, minutes) = (ms / HOUR_MS, ms % HOUR_MS / MINUTE_MS);
    let seconds = ms % MINUTE_MS / SECOND_MS;
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// The same, or a dash.
pub(crate) fn length_or_dash(ms: Option<i64>) -> String {
    ms.map_or_else(|| "–".into(), length)
}

/// Tenths of a percent as `82.7 %` that never breaks, or a dash.
pub(crate) fn share(permille: Option<i64>) -> String {
    permille.map_or_else(|| "–".into(), |p| format!("{}.{}\u{a0}%", p / 10, p % 10))
}

/// Seconds of a threshold: `20 s`, unbroken.
pub(crate) fn threshold(ms: i64) -> String {
    format!("{}\u{a0}s", ms / SECOND_MS)
}

/// A number as people of the city write it: `+821012345678` in Korea is `010-1234-5678`.
pub(crate) fn number(number: &str, country: &str) -> String {
    let national = number
        .strip_prefix('+')
        .and_then(|digits| digits.strip_prefix(country))
        .filter(|rest| !country.is_empty() && !rest.is_empty());
    let Some(rest) = national else {
        return number.to_owned();
    };
    let digits = format!("0{rest}");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits;
    }
    let area = if country == "82" && digits.starts_with("02") {
        2
    } else {
        3
    };
    match digits.len().checked_sub(area + 4) {
        Some(middle) if (3..=4).contains(&middle) => format!(
            "{}-{}-{}",
            &digits[..area],
            &digits[area..area + middle],
            &digits[area + middle..]
        ),
        _ => digits,
    }
}

/// All but the last two hidden.
pub(crate) fn masked(number: &str) -> String {
    let all = number.chars().filter(|c| c.is_alphanumeric()).count();
    let mut seen = 0;
    number
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                seen += 1;
                if seen + 2 > all { letter } else { '•' }
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_citys() {
        let zone = Zone::fixed(9 * HOUR_MS);
        let at = Time(1_795_493_109_250);
        assert_eq!(at.to_string(), "2026-11-24T04:05:09.250Z");
        assert_eq!(date_clock(&zone, at), "2026-11-24 13:05:09");
        assert_eq!(clock_exact(&zone, at), "13:05:09.250");
        assert_eq!(field(&zone, at), "2026-11-24T13:05");
        assert_eq!(
            parse_field(&zone, "2026-11-24T13:05"),
            Some(Time(1_795_493_100_000))
        );
        assert_eq!(
            parse_field(&zone, "2026-11-24"),
            Some(Time(1_795_446_000_000))
        );
        for nonsense in [
            "",
            "T",
            "2026-11-24T",
            "2026-11-24T25:00",
            "2026-13-01T00:00",
            "é",
        ] {
            assert_eq!(parse_field(&zone, nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_field_means_the_clock_on_a_day_of_summer_time() {
        let spring = Time(1_774_746_000_000);
        let zone = Zone {
            offsets: vec![(Time(i64::MIN), HOUR_MS), (spring, 2 * HOUR_MS)],
        };
        let at = parse_field(&zone, "2026-03-29T12:00").expect("a valid field");
        assert_eq!(clock(&zone, at), "12:00:00");
    }

    #[test]
    fn lengths_and_shares_read_well() {
        assert_eq!(length(7_900), "0:07");
        assert_eq!(length(3_723_000), "1:02:03");
        assert_eq!(share(Some(827)), "82.7\u{a0}%");
        assert_eq!(share(None), "–");
    }

    #[test]
    fn numbers_are_written_as_at_home_and_masked() {
        assert_eq!(number("+821012345678", "82"), "010-1234-5678");
        assert_eq!(number("+82212345678", "82"), "02-1234-5678");
        assert_eq!(number("+82311234567", "82"), "031-123-4567");
        assert_eq!(number("+12125550100", "82"), "+12125550100");
        assert_eq!(number("1234", "82"), "1234");
        assert_eq!(masked("010-1234-5678"), "•••-••••-••78");
        assert_eq!(masked("7"), "7");
        assert_eq!(masked("alice"), "•••ce");
    }
}
