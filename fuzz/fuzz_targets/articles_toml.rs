//! Articles as TOML from outside. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::readers::articles_toml(bytes));
