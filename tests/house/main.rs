//! Whole-house scenes: the real program with telephones, browsers and databases as peers, and the
//! house rules.
//! Never a room on its own: that is tested in the room.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod access;
mod articles;
mod asking;
mod browser;
mod building;
mod call;
mod call_text;
mod chat;
mod chat_line;
mod closed;
mod crash;
mod database;
mod desk;
mod files;
mod floor;
mod hostile;
mod inbox;
mod keyboard;
mod mail;
mod network;
#[path = "../../crates/messaging/tests/all/peer.rs"]
mod npm;
mod page;
mod peer;
mod present;
mod secure;
mod sipp;
mod softphone;
mod sound;
mod start;
mod storm;
mod tidy;
mod weather;
mod wide;
mod write;
