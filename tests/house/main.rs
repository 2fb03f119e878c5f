//! Whole-house scenes: the real program with telephones, browsers and databases as peers, and the
//! house rules.
//! Never a room on its own: that is tested in the room.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod access;
mod browser;
mod building;
mod call;
mod chat;
mod chat_line;
mod crash;
mod database;
mod desk;
mod hostile;
mod mail;
mod network;
mod page;
mod peer;
mod present;
mod sipp;
mod softphone;
mod sound;
mod start;
mod tidy;
mod wide;
mod write;
