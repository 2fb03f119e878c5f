//! A WAV file that a city drops in. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::wav(bytes));
