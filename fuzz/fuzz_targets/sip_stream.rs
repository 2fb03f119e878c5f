//! A stream of SIP messages over TCP. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::stream(bytes));
