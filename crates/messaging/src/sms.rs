//! Texts by telephone: SMPP, MM7 and the web hooks of aggregators. Never decides whether a text
//! may be sent.

mod deliver;
pub mod gsm7;
pub mod memory;
mod session;
pub mod smpp;
mod submit;
pub mod text;
mod wire;
