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
