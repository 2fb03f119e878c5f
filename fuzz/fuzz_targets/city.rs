//! `city.toml`, `categories.toml` and `units.toml`, parted by lines of three dashes, read by the
//! program's own file. Never a check of its own.
#![no_main]

#[path = "../../src"]
mod house {
    #[allow(dead_code, reason = "the program uses the rest")]
    pub mod answers;
    #[allow(dead_code, reason = "the program uses the rest")]
    pub mod city;
}
// Both know each other by the names that they have in the program.
use house::{answers, city};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (city, rest) = text.split_once("\n---\n").unwrap_or((text, ""));
    let (categories, units) = rest.split_once("\n---\n").unwrap_or((rest, ""));
    let _ = city::parse(city, categories, units);
});
