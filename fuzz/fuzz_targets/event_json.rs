//! An event of the journal. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::readers::event(bytes));
