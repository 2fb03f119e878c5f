//! Times keystrokes without the rest of the house: so many articles, in a folder that is kept when
//! it is named. Never part of a test.

use std::path::PathBuf;

fn main() {
    let mut words = std::env::args().skip(1);
    let articles = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(50_000);
    let kept = words.next().map(PathBuf::from);
    let own = || std::env::temp_dir().join(format!("dasan-keys-{}", std::process::id()));
    let folder = kept.clone().unwrap_or_else(own);
    let figures = search::bench::run(&folder, articles);
    if kept.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    let figures = figures.expect("the index can be built");
    figures.lines().iter().for_each(|line| println!("{line}"));
}
