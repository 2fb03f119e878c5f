//! A line of the exchange's own log. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::ingress_line(bytes));
