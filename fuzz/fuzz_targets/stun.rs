//! A datagram on the WebRTC port. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telephony::readers::stun(bytes));
