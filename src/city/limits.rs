//! The bounds of the center that a city may change, and between what: a number outside of these is
//! a slip of the pen. Never a default: those stand in `center::limit`.

use center::limit::Limits;
use center::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde::Deserialize;

/// Longest that anything is kept: what is to be kept for ever belongs into an archive.
const CENTURY_MS: i64 = 100 * 365 * DAY_MS;
/// Longest promise and longest silence in writing.
const YEAR_MS: i64 = 365 * DAY_MS;

macro_rules! limits {
    ($($name:ident: $kind:ty = $least:expr, $most:expr;)*) => {
        /// The bounds that a city changes; the others keep their standard value.
        #[derive(Deserialize, Default)]
        #[serde(deny_unknown_fields)]
        pub struct LimitsFile {
            $($name: Option<$kind>,)*
        }

        impl LimitsFile {
            pub fn over_standard(&self) -> Limits {
                let standard = Limits::default();
                Limits { $($name: self.$name.unwrap_or(standard.$name),)* }
            }
        }

        /// Each bound: its key, its value, the least and the most it may be.
        #[allow(clippy::cast_lossless, reason = "bounds are of several kinds")]
        fn each(limits: &Limits) -> Vec<(&'static str, i128, i128, i128)> {
            vec![$((
                stringify!($name),
                limits.$name as i128,
                ($least) as i128,
                ($most) as i128,
            ),)*]
        }
    };
}

limits!(
    // Nobody could call, or the machine would fall before the bound does.
    calls_max: usize = 1, 100_000;
    retry_after_s: u32 = 1, 3_600;
    ring_ms: i64 = SECOND_MS, 10 * MINUTE_MS;
    // None of these is also a choice: nobody is taken as having changed their mind, keeps an age,
    // waits for the first announcement, or is asked for again.
    talk_min_ms: i64 = 0, MINUTE_MS;
    short_abandon_ms: i64 = 0, MINUTE_MS;
    resume_ms: i64 = 0, HOUR_MS;
    announce_first_ms: i64 = 0, HOUR_MS;
    announce_every_ms: i64 = 5 * SECOND_MS, HOUR_MS;
    menu_node_max_ms: i64 = 5 * SECOND_MS, HOUR_MS;
    wait_alarm_ms: i64 = SECOND_MS, DAY_MS;
    talk_notice_ms: i64 = SECOND_MS, DAY_MS;
    talk_max_ms: i64 = MINUTE_MS, DAY_MS;
    wrap_up_ms: i64 = SECOND_MS, DAY_MS;
    wrap_up_max_ms: i64 = SECOND_MS, DAY_MS;
    rest_notice_ms: i64 = SECOND_MS, DAY_MS;
    ready_max_ms: i64 = MINUTE_MS, 7 * DAY_MS;
    desk_return_ms: i64 = SECOND_MS, 10 * MINUTE_MS;
    dial_ms: i64 = SECOND_MS, 10 * MINUTE_MS;
    dial_tries_max: u8 = 1, 100;
    dial_pause_ms: i64 = SECOND_MS, DAY_MS;
    farewell_ms: i64 = SECOND_MS, 10 * MINUTE_MS;
    record_overdue_ms: i64 = MINUTE_MS, YEAR_MS;
    // A record that erases itself within the hour was never meant: a zero too few is not undone.
    keep_recordings_ms: i64 = HOUR_MS, CENTURY_MS;
    keep_personal_ms: i64 = HOUR_MS, CENTURY_MS;
    keep_searches_ms: i64 = HOUR_MS, CENTURY_MS;
    keep_remarks_ms: i64 = HOUR_MS, CENTURY_MS;
    note_letters_max: usize = 1, 100_000;
    text_letters_max: usize = 1, 100_000;
    chat_reply_ms: i64 = SECOND_MS, YEAR_MS;
    text_reply_ms: i64 = SECOND_MS, YEAR_MS;
    social_reply_ms: i64 = SECOND_MS, YEAR_MS;
    mail_reply_ms: i64 = SECOND_MS, YEAR_MS;
    chat_nudge_ms: i64 = SECOND_MS, YEAR_MS;
    chat_silent_ms: i64 = SECOND_MS, YEAR_MS;
    transcripts_max: usize = 0, 100;
    call_texts_max: u32 = 0, 100;
    thread_quiet_ms: i64 = SECOND_MS, YEAR_MS;
    written_hold_ms: i64 = SECOND_MS, YEAR_MS;
    auto_reply_ms: i64 = 0, YEAR_MS;
);

/// Of each pair the first must come before the second, or the second would come at once.
fn pairs(limits: &Limits) -> [(&'static str, i64, &'static str, i64); 3] {
    [
        (
            "talk_notice_ms",
            limits.talk_notice_ms,
            "talk_max_ms",
            limits.talk_max_ms,
        ),
        (
            "wrap_up_ms",
            limits.wrap_up_ms,
            "wrap_up_max_ms",
            limits.wrap_up_max_ms,
        ),
        (
            "chat_nudge_ms",
            limits.chat_nudge_ms,
            "chat_silent_ms",
            limits.chat_silent_ms,
        ),
    ]
}

/// What is wrong with these bounds: the key and why.
pub fn flaws(limits: &Limits) -> Vec<(&'static str, String)> {
    let outside = |(key, value, least, most): &(&'static str, i128, i128, i128)| {
        let within = (least..=most).contains(&value);
        (!within).then(|| (*key, format!("{value} is not between {least} and {most}")))
    };
    let turned = |(first, before, second, after): (&'static str, i64, &'static str, i64)| {
        (before >= after).then(|| (first, format!("{before} is not below {second}, {after}")))
    };
    let outside = each(limits).iter().filter_map(outside).collect::<Vec<_>>();
    let turned = pairs(limits).into_iter().filter_map(turned);
    outside.into_iter().chain(turned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(key: &str, value: i128) -> Result<Limits, String> {
        let file = toml::from_str::<LimitsFile>(&format!("{key} = {value}"));
        file.map(|file| file.over_standard())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_standard_is_within_its_own_bounds() {
        assert_eq!(flaws(&Limits::default()), []);
    }

    #[test]
    fn every_bound_refuses_less_than_its_least_and_more_than_its_most() {
        for (key, _, least, most) in each(&Limits::default()) {
            for value in [least - 1, most + 1, -1, i128::from(i64::MAX)] {
                let named = match read(key, value) {
                    // A kind that cannot hold it says so with the line it stands in.
                    Err(words) => words.contains(key),
                    Ok(limits) => flaws(&limits).iter().any(|(flawed, _)| *flawed == key),
                };
                assert!(named, "{key} = {value} is taken");
            }
            for value in [least, most] {
                let limits = read(key, value).unwrap();
                let own = flaws(&limits);
                let own = own
                    .iter()
                    .find(|(flawed, what)| *flawed == key && what.contains("between"));
                assert_eq!(own, None, "{key} = {value}");
            }
        }
    }

    #[test]
    fn what_comes_second_is_not_set_before_the_first() {
        let limits = read("talk_max_ms", 60_000).unwrap();
        let found = flaws(&limits);
        assert_eq!(found[0].0, "talk_notice_ms");
        assert!(found[0].1.contains("talk_max_ms"), "{found:?}");
    }
}
