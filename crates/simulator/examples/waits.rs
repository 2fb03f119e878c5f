//! What callers were told about their wait, seed by seed and over all of them: coverage of P50 and
//! P90, and the error beside that of the last to enter service. Never a judgement: that is
//! `simulate`'s. `waits FROM TO [LETTERS]`, letters as a share of the handbook's.

use simulator::calibration::Pooled;
use simulator::day::day;
use simulator::options::Options;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| words.get(index).and_then(|word| word.parse::<f64>().ok());
    let (from, to) = (number(0).unwrap_or(1.0), number(1).unwrap_or(40.0));
    let mut pooled = Pooled::default();
    println!("seed  told   p50  +-   p90  +-  error_s last_error_s  options");
    for seed in from as u64..=to as u64 {
        let mut options = Options::drawn(seed, 1);
        options.letters = number(2).unwrap_or(options.letters);
        let report = day(&options);
        let c = report.coverage;
        pooled.add(&c);
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
    print!("{pooled}");
}
