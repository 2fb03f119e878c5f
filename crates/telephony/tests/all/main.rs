//! The wing among real neighbors: telephones, headsets, SIPp, and whoever sends rubbish. Never a
//! stand-in for hub or store.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod flood;
mod hostile;
mod media;
mod outbound;
mod peer;
mod signalling;
mod sipp;
mod streams;
mod talk;
mod timers;
mod torture;
mod town;
mod wide;
mod wire;
