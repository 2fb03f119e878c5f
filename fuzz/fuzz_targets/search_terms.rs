//! A text cut into the terms of the search. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| search::readers::terms_of(bytes));
