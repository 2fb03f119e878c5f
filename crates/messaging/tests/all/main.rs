//! What the written channels promise, against real peers where a protocol is spoken.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod counted;
mod flood;
mod house;
mod links;
mod mail;
mod peer;
mod smpp;
mod social;
mod twilio;
mod wing;
