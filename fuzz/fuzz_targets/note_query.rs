//! A search for words of notes. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::readers::query(bytes));
