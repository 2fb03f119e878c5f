//! A date of a form. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::readers::date(bytes));
