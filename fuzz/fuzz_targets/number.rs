//! A telephone number in any form. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::readers::telephone_number(bytes));
