//! Times keystrokes without the rest of the house. Never part of a test.

fn main() {
    let mut words = std::env::args().skip(1);
    let articles = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(50_000);
    let folder = std::env::temp_dir().join(format!("dasan-keys-{}", std::process::id()));
    let figures = search::bench::run(&folder, articles);
    let _ = std::fs::remove_dir_all(&folder);
    let figures = figures.expect("the index can be built");
    figures.lines().iter().for_each(|line| println!("{line}"));
}
