//! Written channels: SMS and MMS, social networks, mail. Speaks their protocols and hands every
//! message to the center before it is acknowledged. Never decides what becomes of a contact.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")
)]

pub mod composer;
pub mod connections;
mod digest;
pub mod fetch;
pub mod inlet;
pub mod judge;
pub mod keyword;
pub mod language;
pub mod letter;
pub mod letters;
pub mod links;
pub mod mail;
mod outbox;
pub mod outlet;
pub mod picture;
mod post;
#[cfg(any(test, feature = "trials"))]
#[doc(hidden)]
pub mod readers;
pub mod secret;
pub mod settings;
pub mod sms;
pub mod social;
pub mod tls;
mod units;
pub mod urgent;
pub mod wing;

pub use outbox::{Mailing, Transcriber, Transcript, Unasked};
pub use units::{UnitWriter, Units};
