//! Small files of a connection that survive a power cut: where reading goes on, who follows. Never
//! a message of a citizen.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes a folder that only its owner reads.
pub fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Replaces a file as a whole: after a crash there is the old one or the new one.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads a file; none when there is no such file.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A value kept in one file. What was not written after a crash is handed in again and known by
/// its key, so the cursor moves only after the messages before it are durable.
#[derive(Debug)]
pub struct Kept<T> {
    path: PathBuf,
    /// The value.
    pub value: T,
}

impl<T: Serialize + DeserializeOwned + Default> Kept<T> {
    /// Reads the value; the default where there is none yet. A broken file is an error: to begin
    /// again at the start would be a decision.
    pub fn open(path: PathBuf) -> io::Result<Kept<T>> {
        let value = match read(&path)? {
            Some(bytes) => serde_json::from_slice(&bytes)?,
            None => T::default(),
        };
        Ok(Kept { path, value })
    }

    /// Makes the value durable.
    pub fn save(&self) -> io::Result<()> {
        write(&self.path, &serde_json::to_vec(&self.value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_value_is_there_again_and_a_broken_file_is_not_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        let mut kept: Kept<Vec<u64>> = Kept::open(path.clone()).unwrap();
        assert!(kept.value.is_empty());
        kept.value.push(7);
        kept.save().unwrap();
        let again: Kept<Vec<u64>> = Kept::open(path.clone()).unwrap();
        assert_eq!(again.value, [7]);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs::write(&path, "[7").unwrap();
        assert!(Kept::<Vec<u64>>::open(path).is_err());
    }
}
