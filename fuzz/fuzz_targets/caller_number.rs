//! A header that may hold a telephone number. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::number(bytes));
