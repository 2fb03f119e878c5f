//! `simulate --seed N`: a run twice over, its line and whether every checker holds. Never a
//! network.

use crate::day::day;
use crate::options::Options;
use crate::watch::{Checker, Finding};
use crate::world::Report;
use center::event::Fate;
use std::fmt::Write;

/// Plays days with the options drawn from the seed, twice at the same time, and judges them. The
/// line names seed, options, counts and hash; on failure what broke first, with contact and
/// instant: that line is the bug report.
pub fn run(seed: u64, days: u32) -> (String, bool) {
    let options = Options::drawn(seed, days.max(1));
    let (mut report, again) = std::thread::scope(|scope| {
        let twin = scope.spawn(|| day(&options).hash);
        (day(&options), twin.join().ok())
    });
    if again != Some(report.hash) {
        let end = report
            .found
            .last()
            .map(|found| found.at)
            .unwrap_or_default();
        report.found.push(Finding {
            checker: Checker::SameSeedSameHash,
            contact: None,
            at: end,
            words: format!("{:016x}, then {again:x?}", report.hash),
        });
    }
    judge_coverage(&mut report);
    (line(&report), report.found.is_empty())
}

/// What was told about waits must come true, whatever the day was like.
fn judge_coverage(report: &mut Report) {
    let coverage = report.coverage;
    if coverage.enough() && !coverage.holds() {
        report.found.push(Finding {
            checker: Checker::Calibrated,
            contact: None,
            at: center::time::Time::default(),
            words: format!("{coverage:?}"),
        });
    }
}

/// The one line of a run.
pub fn line(report: &Report) -> String {
    let Options { seed, days, .. } = report.options;
    let s = &report.summary;
    let mut line = format!("seed={seed} days={days} {}", report.options);
    let mut add = |name: &str, value: String| {
        write!(line, " {name}={value}").expect("a string takes every word");
    };
    add("contacts", report.contacts.to_string());
    for fate in Fate::ALL {
        let count = report.fate(fate);
        if count > 0 {
            add(fate.code(), count.to_string());
        }
    }
    let percent = |permille: Option<i64>| {
        permille.map_or_else(|| "-".to_owned(), |p| format!("{}.{}%", p / 10, p % 10))
    };
    let beside = &report.beside.written;
    add(
        "letters",
        format!("{}/{}", beside.messages_in, beside.messages_out),
    );
    let reply_ms = report.beside.mean_reply_ms().unwrap_or(0);
    add("first-reply", format!("{}s", reply_ms / 1_000));
    add("answered/queued", percent(s.answer_rate_queued()));
    add("answered/attempts", percent(s.answer_rate_attempts()));
    add("within-20s", percent(s.service_level(20_000)));
    let wait_ms = s.mean_wait_ms().unwrap_or(0);
    add(
        "mean-wait",
        format!("{}.{}s", wait_ms / 1_000, wait_ms % 1_000 / 100),
    );
    add("occupancy", format!("{:.1}%", report.occupancy));
    add("seat-hours", format!("{:.0}", report.seat_hours));
    add("waiting-most", report.waiting_most.to_string());
    let told = &report.coverage;
    add(
        "told",
        format!("{}/p50:{:.1}/p90:{:.1}", told.told, told.p50, told.p90),
    );
    add(
        "told-error",
        format!("{:.1}s/last-served:{:.1}s", told.error_s, told.last_error_s),
    );
    add("events", report.events.to_string());
    add("hash", format!("{:016x}", report.hash));
    match report.found.first() {
        None => line.push_str(" ok"),
        Some(first) => {
            let mut broken: Vec<Checker> = report.found.iter().map(|f| f.checker).collect();
            broken.sort_unstable();
            broken.dedup();
            let names: Vec<&str> = broken.into_iter().map(Checker::name).collect();
            write!(line, " FAILED {} first: {first}", names.join(","))
                .expect("a string takes every word");
        }
    }
    line
}
