//! What callers were told about their wait, seed by seed: coverage of P50 and P90, and the error
//! beside that of the last to enter service. Never a judgement: that is `simulate`'s.

use simulator::day::day;
use simulator::options::Options;

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let (from, to) = (
        numbers.first().copied().unwrap_or(1),
        numbers.get(1).copied().unwrap_or(40),
    );
    println!("seed  told   p50  +-   p90  +-  error_s last_error_s  options");
    for seed in from..=to {
        let report = day(&Options::drawn(seed, 1));
        let c = report.coverage;
        println!(
            "{seed:4} {:5} {:5.1} {:4.1} {:5.1} {:4.1} {:7.1} {:7.1} most={} {}",
            c.told,
            c.p50,
            c.half[0],
            c.p90,
            c.half[1],
            c.error_s,
            c.last_error_s,
            report.waiting_most,
            report.options
        );
    }
}
