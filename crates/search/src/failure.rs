//! What can go wrong with an index and with the lists that it is given. Never a text of an article
//! or of a citizen.

use std::path::PathBuf;
use thiserror::Error;

/// Why an index cannot be used. Nothing is lost by it: the store has all articles.
#[derive(Debug, Error)]
pub enum Failure {
    /// There is no index yet.
    #[error("there is no index in {}", .0.display())]
    Missing(PathBuf),
    /// A file is cut, changed or gone.
    #[error("the index in {} is damaged: {why}", .folder.display())]
    Damaged {
        /// Its folder.
        folder: PathBuf,
        /// What was found.
        why: String,
    },
    /// Written by another version of this program, or no index of ours at all.
    #[error("{} holds something else than an index of this version", .0.display())]
    Foreign(PathBuf),
    /// Another process writes into it.
    #[error("another process has the index in {} open", .0.display())]
    Taken(PathBuf),
    /// The engine could not write or read.
    #[error("the search index: {0}")]
    Engine(#[from] tantivy::TantivyError),
    /// The disk.
    #[error("the search index: {0}")]
    Disk(#[from] std::io::Error),
}

impl Failure {
    /// Whether building the index again from the store helps.
    pub fn asks_for_rebuild(&self) -> bool {
        matches!(
            self,
            Failure::Missing(_) | Failure::Damaged { .. } | Failure::Foreign(_)
        )
    }
}
