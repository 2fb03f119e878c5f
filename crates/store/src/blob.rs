//! Encrypted files, today recordings: written in pieces so that a crash leaves a readable
//! beginning. Never in clear on the disk.
//!
//! A file is a header and frames. The header holds the file's own random key, wrapped by the key of
//! the city; erasing overwrites it, so that copies of the rest are worthless. Each frame is
//! authenticated with its number and whether it is the last.

use crate::failure::Failure;
use crate::key::{Key, random};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"DASANB\x00\x01";
const NONCE: usize = 24;
const WRAPPED: usize = 32 + 16;
const HEADER: usize = MAGIC.len() + NONCE + WRAPPED;

/// Plain bytes of a frame: one second of two channels of G.711.
const FRAME: usize = 16_000;

/// Encrypted bytes of a frame at most; more is damage.
const FRAME_MAX: usize = FRAME + 16;

/// Letters of a name at most.
const NAME_MAX: usize = 120;

/// Folder of files that could not be read.
pub(crate) const ASIDE: &str = "aside";

/// Encrypted files. Cloned freely.
#[derive(Clone)]
pub struct Blobs {
    folder: PathBuf,
    key: [u8; 32],
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Plain bytes, as far as they are whole.
    pub bytes: Vec<u8>,
    /// Whether the last frame was there: false when a crash cut the file short.
    pub complete: bool,
}

impl Blobs {
    pub(crate) fn new(folder: &Path, key: &Key) -> Blobs {
        Blobs {
            folder: folder.join("blobs"),
            key: key.for_blobs(),
        }
    }

    /// Starts a new encrypted file. What was appended survives a crash as a readable beginning.
    /// A name is letters, digits, `-`, `_`, `.` and `/` between folders.
    pub fn create(&self, name: &str) -> Result<BlobWriter, Failure> {
        let path = self.path(name)?;
        let parent = path.parent().unwrap_or(&self.folder).to_owned();
        fs::create_dir_all(&parent).map_err(|error| Failure::io("blob folder", &error))?;
        let own = random::<32>()?;
        let nonce = random::<NONCE>()?;
        let wrapped = XChaCha20Poly1305::new(&self.key.into())
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: &own,
                    aad: MAGIC,
                },
            )
            .map_err(|_| Failure::Engine("a key could not be wrapped".into()))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Failure::io("blob", &error))?;
        let header = [MAGIC.as_slice(), &nonce, &wrapped].concat();
        file.write_all(&header)
            .map_err(|error| Failure::io("blob", &error))?;
        let cipher = XChaCha20Poly1305::new(&own.into());
        let plain = Vec::with_capacity(FRAME);
        Ok(BlobWriter {
            file,
            parent,
            cipher,
            plain,
            frames: 0,
        })
    }

    /// The whole content in clear; of a file cut short, what is whole.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.content(name)?.bytes)
    }

    /// The content in clear and whether it is complete. Damage is an error.
    pub fn content(&self, name: &str) -> Result<Content, Failure> {
        let mut stored = Vec::new();
        self.open(name, OpenOptions::new().read(true))?
            .read_to_end(&mut stored)
            .map_err(|error| Failure::io("blob", &error))?;
        let cipher = self.unwrap(name, &stored)?;
        let mut content = Content {
            bytes: Vec::with_capacity(stored.len()),
            complete: false,
        };
        let mut rest = &stored[HEADER..];
        let mut number = 0;
        while let Some((size, after)) = rest.split_first_chunk::<4>() {
            let size = u32::from_le_bytes(*size) as usize;
            if content.complete || size > FRAME_MAX {
                return Err(damaged(name, number));
            }
            let Some((frame, after)) = after.split_at_checked(size) else {
                break;
            };
            let plain = open_frame(&cipher, number, frame).ok_or_else(|| damaged(name, number))?;
            content.bytes.extend_from_slice(&plain.0);
            content.complete = plain.1;
            rest = after;
            number += 1;
        }
        Ok(content)
    }

    /// Erases the key, then the file.
    pub fn erase(&self, name: &str) -> Result<(), Failure> {
        let mut file = self.open(name, OpenOptions::new().write(true))?;
        let erase = |file: &mut File| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&[0; HEADER])?;
            file.sync_all()
        };
        erase(&mut file).map_err(|error| Failure::io("blob", &error))?;
        fs::remove_file(self.path(name)?).map_err(|error| Failure::io("blob", &error))
    }

    /// Names of the files in a folder; none when there is no such folder.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        let failed = |error| Failure::io("blob folder", &error);
        let entries = match fs::read_dir(self.path(folder)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if let Some(name) = entry.file_name().to_str() {
                names.push(format!("{folder}/{name}"));
            }
        }
        Ok(names)
    }

    /// Moves a file to where nobody looks for it, for a person to decide about.
    pub fn set_aside(&self, name: &str) -> Result<(), Failure> {
        let aside = self.path(&format!("{ASIDE}/{name}"))?;
        let parent = aside.parent().unwrap_or(&self.folder);
        let moved = || {
            fs::create_dir_all(parent)?;
            fs::rename(self.path(name).map_err(std::io::Error::other)?, &aside)?;
            File::open(parent)?.sync_all()
        };
        moved().map_err(|error| Failure::io("blob", &error))
    }

    fn open(&self, name: &str, how: &OpenOptions) -> Result<File, Failure> {
        how.open(self.path(name)?)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Failure::NoBlob(name.to_owned()),
                _ => Failure::io("blob", &error),
            })
    }

    fn unwrap(&self, name: &str, stored: &[u8]) -> Result<XChaCha20Poly1305, Failure> {
        let header = stored
            .get(..HEADER)
            .filter(|header| header.starts_with(MAGIC));
        let header = header.ok_or_else(|| Failure::Corrupt(format!("blob {name}: no header")))?;
        let (nonce, wrapped) = header[MAGIC.len()..].split_at(NONCE);
        let payload = Payload {
            msg: wrapped,
            aad: MAGIC,
        };
        let own = XChaCha20Poly1305::new(&self.key.into())
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| Failure::Corrupt(format!("blob {name}: its key does not open")))?;
        XChaCha20Poly1305::new_from_slice(&own)
            .map_err(|_| Failure::Corrupt(format!("blob {name}: its key has a wrong length")))
    }

    fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let part =
            |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
        if name.len() > NAME_MAX || !name.split('/').all(part) {
            return Err(Failure::NoBlob("not a name".to_owned()));
        }
        Ok(self.folder.join(name))
    }
}

fn damaged(name: &str, frame: u64) -> Failure {
    Failure::Corrupt(format!("blob {name}: frame {frame} does not authenticate"))
}

/// A frame's nonce: its number. The key belongs to one file only, so no nonce comes twice.
fn nonce_of(number: u64) -> XNonce {
    let mut nonce = [0; NONCE];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce.into()
}

fn open_frame(cipher: &XChaCha20Poly1305, number: u64, frame: &[u8]) -> Option<(Vec<u8>, bool)> {
    [b"more".as_slice(), b"last"].into_iter().find_map(|aad| {
        let plain = cipher
            .decrypt(&nonce_of(number), Payload { msg: frame, aad })
            .ok()?;
        Some((plain, aad == b"last"))
    })
}

/// An encrypted file being written. All calls block shortly; never hold one on a media thread.
pub struct BlobWriter {
    file: File,
    parent: PathBuf,
    cipher: XChaCha20Poly1305,
    plain: Vec<u8>,
    frames: u64,
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter")
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl BlobWriter {
    /// Appends plain bytes; they are encrypted and written in frames.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut rest = bytes;
        while self.plain.len() + rest.len() >= FRAME {
            let (now, later) = rest.split_at(FRAME - self.plain.len());
            self.plain.extend_from_slice(now);
            self.frame(b"more")?;
            rest = later;
        }
        self.plain.extend_from_slice(rest);
        Ok(())
    }

    /// Writes what is left, makes it durable and closes.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.frame(b"last")?;
        let durable = || {
            self.file.sync_all()?;
            File::open(&self.parent)?.sync_all()
        };
        durable().map_err(|error| Failure::io("blob", &error))
    }

    fn frame(&mut self, aad: &[u8]) -> Result<(), Failure> {
        let payload = Payload {
            msg: &self.plain,
            aad,
        };
        let frame = self
            .cipher
            .encrypt(&nonce_of(self.frames), payload)
            .map_err(|_| Failure::Engine("a frame could not be encrypted".into()))?;
        let mut written = (frame.len() as u32).to_le_bytes().to_vec();
        written.extend_from_slice(&frame);
        self.file
            .write_all(&written)
            .map_err(|error| Failure::io("blob", &error))?;
        self.frames += 1;
        self.plain.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::create(folder.path()).unwrap();
        let blobs = Blobs::new(folder.path(), &key);
        (folder, blobs)
    }

    #[test]
    fn a_file_comes_back_and_a_cut_one_as_far_as_it_is_whole() {
        let (folder, blobs) = blobs();
        let bytes: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
        let mut writer = blobs.create("2026/11/a.rec").unwrap();
        bytes
            .chunks(700)
            .for_each(|part| writer.append(part).unwrap());
        writer.finish().unwrap();
        let content = blobs.content("2026/11/a.rec").unwrap();
        assert_eq!(
            content,
            Content {
                bytes: bytes.clone(),
                complete: true
            }
        );

        let path = folder.path().join("blobs/2026/11/a.rec");
        let stored = fs::read(&path).unwrap();
        assert!(
            !stored.windows(50).any(|part| part == &bytes[..50]),
            "nothing in clear"
        );
        fs::write(&path, &stored[..stored.len() - 1_000]).unwrap();
        let content = blobs.content("2026/11/a.rec").unwrap();
        assert_eq!(
            content,
            Content {
                bytes: bytes[..48_000].to_vec(),
                complete: false
            }
        );
    }

    #[test]
    fn one_changed_byte_is_damage_and_an_erased_file_is_gone() {
        let (folder, blobs) = blobs();
        let mut writer = blobs.create("b").unwrap();
        writer.append(b"hello").unwrap();
        writer.finish().unwrap();
        let path = folder.path().join("blobs/b");
        let mut stored = fs::read(&path).unwrap();
        *stored.last_mut().unwrap() ^= 1;
        fs::write(&path, &stored).unwrap();
        assert!(matches!(blobs.read("b"), Err(Failure::Corrupt(_))));
        blobs.erase("b").unwrap();
        assert!(matches!(blobs.read("b"), Err(Failure::NoBlob(_))));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let (_folder, blobs) = blobs();
        for name in [
            "../key",
            "/etc/passwd",
            "a//b",
            ".hidden",
            "a/../b",
            "",
            "a\\b",
            "a\0b",
        ] {
            assert!(
                matches!(blobs.create(name), Err(Failure::NoBlob(_))),
                "{name:?}"
            );
        }
    }
}
