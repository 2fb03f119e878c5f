//! A SIP message, from the gate to what a call asks of it. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::sip(bytes));
