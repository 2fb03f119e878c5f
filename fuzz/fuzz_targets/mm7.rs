//! A request of an MMSC, its media type in the first line. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messaging::readers::mm7(bytes));
