//! Written channels: SMS and MMS, social networks, mail. Speaks their protocols and hands every
//! message to the center before it is acknowledged. Never decides what becomes of a contact.

pub mod fetch;
pub mod inlet;
pub mod judge;
pub mod letter;
mod outbox;
pub mod outlet;
mod post;
pub mod wing;
