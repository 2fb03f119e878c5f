//! RSA keys: the city's own, made once and kept in the data folder, and those of others. Never
//! decides whose word is believed.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Name of the key file in the data folder of the actor.
const FILE: &str = "actor.key";
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// The city's key. The same for good: other servers remember it.
pub struct OwnKey {
    pair: KeyPair,
    pem: String,
    /// From which names of notes are derived, so that they cannot be guessed.
    secret: Vec<u8>,
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnKey(..)")
    }
}

impl OwnKey {
    /// Reads the key of a folder; makes it, readable by the owner only, where there is none.
    pub fn open(folder: &Path) -> io::Result<OwnKey> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let der = from_pem(&text, PRIVATE).ok_or_else(|| broken("is not a PEM file"))?;
                OwnKey::new(&der)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => OwnKey::create(folder, &path),
            Err(error) => Err(error),
        }
    }

    fn create(folder: &Path, path: &Path) -> io::Result<OwnKey> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| broken("was not made"))?;
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| broken("was not made"))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(to_pem(der.as_ref(), PRIVATE).as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        OwnKey::new(der.as_ref())
    }

    fn new(der: &[u8]) -> io::Result<OwnKey> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| broken("is not an RSA key"))?;
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())
            .map_err(|_| broken("has no public half"))?;
        Ok(OwnKey {
            pem: to_pem(public.as_ref(), PUBLIC),
            secret: der.to_vec(),
            pair,
        })
    }

    /// The public half, as the actor shows it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What only the owner of the key can know.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256, in base64.
    pub fn sign(&self, base: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                base,
                &mut signature,
            )
            .expect("a whole RSA key and room for its signature");
        STANDARD.encode(signature)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the actor's key {what}"))
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `rsa-sha256` of cavage-12, `rsa-v1_5-sha256` of RFC 9421.
    RsaSha256,
    /// `rsa-pss-sha512` of RFC 9421.
    RsaPssSha512,
}

/// The public key of somebody else: RSA of 2048 to 8192 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads `PUBLIC KEY` or the older `RSA PUBLIC KEY`.
    pub fn read(pem: &str) -> Option<PublicKey> {
        let der = from_pem(pem, PUBLIC).or_else(|| from_pem(pem, "RSA PUBLIC KEY"))?;
        Some(PublicKey { der })
    }

    /// Whether the signature was made over these bytes by the owner of this key.
    pub fn holds(&self, algorithm: Algorithm, base: &[u8], signature: &[u8]) -> bool {
        let how = match algorithm {
            Algorithm::RsaSha256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        };
        UnparsedPublicKey::new(how, &self.der)
            .verify(base, signature)
            .is_ok()
    }
}

fn to_pem(der: &[u8], label: &str) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let body = lines.join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn from_pem(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let letters: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = OwnKey::open(folder.path()).unwrap();
        let again = OwnKey::open(folder.path()).unwrap();
        assert_eq!(first.pem(), again.pem());
        let mode = fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);

        let key = PublicKey::read(first.pem()).unwrap();
        let signature = STANDARD.decode(again.sign(b"snow")).unwrap();
        assert!(key.holds(Algorithm::RsaSha256, b"snow", &signature));
        assert!(!key.holds(Algorithm::RsaSha256, b"rain", &signature));
        assert!(!key.holds(Algorithm::RsaPssSha512, b"snow", &signature));
    }

    #[test]
    fn a_broken_key_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "half a key").unwrap();
        assert!(OwnKey::open(folder.path()).is_err());
        let left = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(left, "half a key");
    }
}
