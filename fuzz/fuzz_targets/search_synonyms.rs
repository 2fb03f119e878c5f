//! A table of synonyms of editors. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| search::readers::synonyms(bytes));
