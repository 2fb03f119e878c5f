//! Social networks: the city's own actor, and its accounts elsewhere. Never decides what becomes of
//! a message, never repeats one.

pub mod activitypub;
mod keep;
pub mod plain;

use crate::fetch;
use std::io;

/// Why a connection cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting that cannot be used.
    #[error("the setting {0} cannot be used")]
    Setting(&'static str),
    /// The folder of the connection.
    #[error("the folder of the connection: {0}")]
    Folder(#[from] io::Error),
    /// The client.
    #[error("the client: {0}")]
    Client(#[from] fetch::Failure),
}
