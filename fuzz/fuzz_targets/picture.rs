//! A file that came with a letter. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messaging::readers::file(bytes));
