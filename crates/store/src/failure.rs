//! Why the store could not do something. Never personal data in a message.

use std::io;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Could not be written or read.
    #[error("store: {0}")]
    Engine(String),
    /// The disk (or the quota of the database) is full; nothing of the batch was written.
    #[error("store: the disk is full")]
    Full,
    /// Another center holds the writer's lease.
    #[error("store: {0}")]
    Taken(String),
    /// A commit failed earlier: nobody knows what is on the disk until `recover` has looked.
    #[error("store: a commit failed; nothing is written before the record is read again")]
    Poisoned,
    /// What is stored cannot be true.
    #[error("store: damaged: {0}")]
    Corrupt(String),
    /// The batch contradicts the record; nothing of it was written.
    #[error("store: refused: {0}")]
    Refused(String),
    /// The key file is missing or belongs to another record.
    #[error("store: key file: {0}")]
    Key(String),
    /// No such blob, or a name that no blob can have.
    #[error("store: no blob: {0}")]
    NoBlob(String),
}

impl Failure {
    /// An error of the file system, with what was being done.
    pub(crate) fn io(doing: &str, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::Full,
            _ => Failure::Engine(format!("{doing}: {error}")),
        }
    }
}

/// What an engine could not write, and whether the outcome is unknown.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Why.
    pub failure: Failure,
    /// Nobody knows what is on the disk: the writer must be opened anew.
    pub poisoned: bool,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken {
            failure,
            poisoned: false,
        }
    }
}
