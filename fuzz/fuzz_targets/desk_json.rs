//! What a desk asks. Never a check of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web::readers::desk(bytes));
