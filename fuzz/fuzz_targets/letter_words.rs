//! The words of a letter, as they are judged. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messaging::readers::words(bytes));
