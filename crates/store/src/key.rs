//! The key file and what is derived from it. Never writes the key anywhere else, never shows it.

use crate::failure::Failure;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The city's master key, split by purpose.
#[derive(Clone)]
pub(crate) struct Key {
    master: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// Reads the key file of a folder; none when there is no such file.
    pub fn read(folder: &Path) -> Result<Option<Key>, Failure> {
        let text = match fs::read_to_string(folder.join("key")) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::Key(error.to_string())),
        };
        match unhex(text.trim()) {
            Some(master) => Ok(Some(Key { master })),
            None => Err(Failure::Key("is not 64 hexadecimal digits".into())),
        }
    }

    /// Makes a new key and its file, readable by the owner only; never replaces one.
    pub fn create(folder: &Path) -> Result<Key, Failure> {
        let master = random::<32>()?;
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(folder.join("key"))?;
            file.write_all(format!("{}\n", hex(&master)).as_bytes())?;
            file.sync_all()?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| Failure::io("key file", &error))?;
        Ok(Key { master })
    }

    /// A text by which a record recognizes its key; tells nothing about the key.
    pub fn check(&self) -> String {
        hex(&self.derived("check", b"")[..16])
    }

    /// Keyed digest of a telephone number.
    pub fn token(&self, number: &str) -> String {
        hex(&self.derived("number", number.as_bytes())[..16])
    }

    /// Keyed digest of words that somebody wrote in or about the library: it tells the same words
    /// again without telling them.
    pub fn words(&self, text: &str) -> String {
        hex(&self.derived("words", text.as_bytes())[..16])
    }

    /// The key that wraps the keys of blobs.
    pub fn for_blobs(&self) -> [u8; 32] {
        self.derived("blobs", b"")
    }

    fn derived(&self, purpose: &str, of: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.master).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(b":");
        mac.update(of);
        mac.finalize().into_bytes().into()
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Engine(format!("random: {error}")))?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads hexadecimal digits of exactly `N` bytes.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_round_trip() {
        assert_eq!(hex(&[0, 0x9f, 0xff]), "009fff");
        assert_eq!(unhex::<3>("009fff"), Some([0, 0x9f, 0xff]));
        assert_eq!(unhex::<3>("009ff"), None);
        assert_eq!(unhex::<3>("009ffg"), None);
    }

    #[test]
    fn purposes_and_numbers_give_different_digests() {
        let key = Key { master: [7; 32] };
        assert_eq!(key.token("+8221200000").len(), 32);
        assert_eq!(key.token("+8221200000"), key.token("+8221200000"));
        assert_ne!(key.token("+8221200000"), key.token("+8221200001"));
        assert_ne!(key.token(""), key.check());
        assert_ne!(key.token("x"), Key { master: [8; 32] }.token("x"));
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
