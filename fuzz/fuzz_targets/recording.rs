//! A recording that may be cut short. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::readers::recording(bytes));
