//! The secrets that sign sessions and mail, kept beside the record so that a restart signs nobody
//! out and old mail still finds its way. Never shown.

use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const LENGTH: usize = 32;

/// Reads the secret of sessions in a data folder, or makes it.
pub fn of(folder: &Path) -> Result<Vec<u8>> {
    named(folder, "session-secret")
}

/// The secret of the tokens by which mail finds its way back to its conversation.
pub fn of_mail(folder: &Path) -> Result<[u8; LENGTH]> {
    let secret = named(folder, "mail-secret")?;
    let secret: [u8; LENGTH] = secret.try_into().expect("named checks the length");
    Ok(secret)
}

fn named(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(secret) if secret.len() == LENGTH => return Ok(secret),
        Ok(_) => bail!(
            "{} must hold {LENGTH} bytes; remove it to make a new one",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    }
    let mut secret = vec![0; LENGTH];
    let mut source = std::fs::File::open("/dev/urandom").context("/dev/urandom")?;
    source.read_exact(&mut secret).context("/dev/urandom")?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    #[test]
    fn a_secret_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = super::of(folder.path()).unwrap();
        assert_eq!(first, super::of(folder.path()).unwrap());
        assert!(first.iter().any(|byte| *byte != 0));
        std::fs::write(folder.path().join("session-secret"), "short").unwrap();
        assert!(super::of(folder.path()).is_err());
    }
}
