//! Texts by telephone: SMPP, MM7 and the web hooks of aggregators. Never decides whether a text
//! may be sent.

pub mod gsm7;
pub mod memory;
pub mod text;
mod wire;
