//! Mail: reading, receiving by LMTP, SMTP or IMAP, sending, the citizens' form. Never an outbox,
//! never a decision on what becomes of a contact.

pub mod bounce;
pub mod dkim;
pub mod door;
pub mod form;
pub mod html;
pub mod imap;
pub mod limit;
pub mod lmtp;
pub mod quoting;
pub mod reading;
pub mod sending;
pub mod session;
pub mod settings;
pub mod token;
mod vouch;
