//! The text of an SMPP receipt. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messaging::readers::receipt(bytes));
