//! Where the record is kept. Never what is kept there.

use std::path::{Path, PathBuf};

/// Where the record is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder: SQLite file and blobs.
    Folder(PathBuf),
    /// `postgres://…`; blobs stay in the folder.
    Postgres {
        /// Address.
        url: String,
        /// Folder for blobs, key and ingress log.
        folder: PathBuf,
    },
}

impl Place {
    /// The folder of blobs, key and ingress log, and of the SQLite file.
    pub fn folder(&self) -> &Path {
        match self {
            Place::Folder(folder) | Place::Postgres { folder, .. } => folder,
        }
    }
}

/// The address may hold a password: it is not shown.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Place::Postgres { folder, .. } => f
                .debug_struct("Postgres")
                .field("folder", folder)
                .finish_non_exhaustive(),
        }
    }
}
