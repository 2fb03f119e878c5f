//! The pages of those who write the counseling information database. Never a decision, never what
//! citizens see.

pub(crate) mod file;
