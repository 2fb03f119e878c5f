//! A line from an SMPP gateway: frames, parts, receipts. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messaging::readers::smpp(bytes));
