//! Which lines survive a loss of power: all who wait at the same time share one sync. Never writes
//! a line.

use super::Forgetful;
use std::fs::File;
use std::sync::{Mutex, PoisonError};

/// How far a file is known to be on the disk.
#[derive(Debug, Default)]
pub(super) struct Synced {
    done: Mutex<Done>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Done {
    /// The last line that is on the disk.
    line: u64,
    syncs: u64,
}

impl Synced {
    /// Returns once a line is on the disk. `latest` says which line was written last, and into
    /// which file. Blocks; who comes while another syncs is served by one sync after it.
    pub fn wait(
        &self,
        line: u64,
        latest: impl FnOnce() -> Result<(u64, File), Forgetful>,
    ) -> Result<(), Forgetful> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.line >= line {
            return Ok(());
        }
        let (written, file) = latest()?;
        file.sync_data().map_err(|_| Forgetful)?;
        done.line = written;
        done.syncs += 1;
        Ok(())
    }

    /// The last line on the disk, and how many syncs it took so far.
    #[cfg(test)]
    pub fn so_far(&self) -> (u64, u64) {
        let done = self.done.lock().unwrap();
        (done.line, done.syncs)
    }

    /// A sync that takes as long as this is held.
    #[cfg(test)]
    pub fn slow(&self) -> std::sync::MutexGuard<'_, impl Sized> {
        self.done.lock().unwrap()
    }
}
