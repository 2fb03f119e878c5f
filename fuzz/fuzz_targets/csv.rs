//! A table that is written and read again. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::readers::csv(bytes));
