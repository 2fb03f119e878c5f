//! Whole days with all checkers.

use simulator::day::day;
use simulator::options::Options;

#[test]
fn a_plain_day_keeps_every_promise() {
    let mut options = Options::base(1, 1);
    options.attempts = 2_000.0;
    let report = day(&options);
    for finding in &report.found {
        println!("{finding}");
    }
    println!("{report:?}");
    assert!(report.found.is_empty());
}

#[test]
#[ignore = "probe"]
fn probe() {
    let seeds: Vec<u64> = std::env::var("SEEDS")
        .unwrap_or("1".into())
        .split(',')
        .map(|s| s.parse().unwrap())
        .collect();
    for seed in seeds {
        let base = std::env::var("BASE").is_ok();
        let options = if base {
            Options::base(seed, 1)
        } else {
            Options::drawn(seed, 1)
        };
        let t = std::time::Instant::now();
        let report = day(&options);
        println!(
            "seed {seed} {options} in {:?}: contacts {} events {} answered/queued {:?} attempts {:?} sl20 {:?} wait {:?} occ {:.1} seat_h {:.0} staff {} waitmost {} cov {:?} hash {:016x} refused {:?}",
            t.elapsed(),
            report.contacts,
            report.events,
            report.summary.answer_rate_queued(),
            report.summary.answer_rate_attempts(),
            report.summary.service_level(20_000),
            report.summary.mean_wait_ms(),
            report.occupancy,
            report.seat_hours,
            report.staff_most,
            report.waiting_most,
            report.coverage,
            report.hash,
            report.refused
        );
        println!("   {:?}", report.summary);
        let mut seen = std::collections::BTreeMap::new();
        for finding in &report.found {
            let n = seen.entry(finding.checker).or_insert(0);
            *n += 1;
            if *n <= 3 {
                println!("   {finding}");
            }
        }
        println!("   {seen:?}");
    }
}
