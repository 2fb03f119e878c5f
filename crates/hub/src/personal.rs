//! Personal data that travels beside a command into erasable rows. Never part of an event or a log
//! line.

pub use store::Personal;
