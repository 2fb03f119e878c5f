//! A session cookie that we did not write. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::readers::cookie(bytes));
