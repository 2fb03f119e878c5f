//! A search of the information database. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| search::readers::query(bytes));
