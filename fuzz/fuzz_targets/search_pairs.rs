//! A list of questions and answers. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| search::readers::pairs(bytes));
