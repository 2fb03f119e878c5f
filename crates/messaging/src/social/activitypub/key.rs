//! Keys: the city's own (RSA), made once and kept in the data folder, and those of others (RSA or
//! Ed25519). Never decides whose word is believed.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ED25519, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
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
    /// `ed25519` of RFC 9421 and of RFC 8032.
    Ed25519,
}

/// An Ed25519 key of RFC 8410 up to its 32 octets.
const ED25519_DER: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// Before the 32 octets of an Ed25519 key among multicodecs.
const ED25519_CODEC: [u8; 2] = [0xed, 0x01];
/// Letters of a multibase key at most: one of 34 octets has 47 and its `z`.
const MULTIBASE_MAX: usize = 64;

/// The public key of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA of 2048 to 8192 bits, in DER.
    Rsa(Vec<u8>),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads `PUBLIC KEY` or the older `RSA PUBLIC KEY`.
    pub fn read(pem: &str) -> Option<PublicKey> {
        let der = from_pem(pem, PUBLIC).or_else(|| from_pem(pem, "RSA PUBLIC KEY"))?;
        match der.strip_prefix(&ED25519_DER) {
            Some(octets) => octets.try_into().ok().map(PublicKey::Ed25519),
            None => Some(PublicKey::Rsa(der)),
        }
    }

    /// Reads the `publicKeyMultibase` of a Multikey (FEP-521a): an Ed25519 key in base58.
    pub fn read_multibase(text: &str) -> Option<PublicKey> {
        let letters = text
            .strip_prefix('z')
            .filter(|_| text.len() <= MULTIBASE_MAX)?;
        let octets = from_base58(letters)?;
        let octets = octets.strip_prefix(&ED25519_CODEC)?;
        octets.try_into().ok().map(PublicKey::Ed25519)
    }

    /// Whether the signature was made over these bytes by the owner of this key. Without a named
    /// algorithm the key decides, as both kinds of signatures want it.
    pub fn holds(&self, algorithm: Option<Algorithm>, base: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (PublicKey::Rsa(der), Some(Algorithm::RsaSha256) | None) => {
                verified(&RSA_PKCS1_2048_8192_SHA256, der, base, signature)
            }
            (PublicKey::Rsa(der), Some(Algorithm::RsaPssSha512)) => {
                verified(&RSA_PSS_2048_8192_SHA512, der, base, signature)
            }
            (PublicKey::Ed25519(octets), Some(Algorithm::Ed25519) | None) => {
                verified(&ED25519, octets, base, signature)
            }
            _ => false,
        }
    }
}

fn verified(
    how: &'static dyn VerificationAlgorithm,
    key: &[u8],
    base: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(how, key)
        .verify(base, signature)
        .is_ok()
}

/// Base58 in the alphabet of Bitcoin, as multibase uses it.
fn from_base58(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // Lowest octet first.
    let mut octets: Vec<u8> = Vec::new();
    for letter in text.bytes() {
        let mut carry = ALPHABET.iter().position(|known| *known == letter)? as u32;
        for octet in &mut octets {
            carry += u32::from(*octet) * 58;
            *octet = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            octets.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|letter| *letter == b'1').count();
    octets.extend(std::iter::repeat_n(0, zeros));
    octets.reverse();
    Some(octets)
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
        assert!(key.holds(Some(Algorithm::RsaSha256), b"snow", &signature));
        assert!(key.holds(None, b"snow", &signature));
        assert!(!key.holds(None, b"rain", &signature));
        for other in [Algorithm::RsaPssSha512, Algorithm::Ed25519] {
            assert!(!key.holds(Some(other), b"snow", &signature));
        }
    }

    /// The key of RFC 9421, appendix B.1.4.
    const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----";

    #[test]
    fn an_ed25519_key_is_read_from_pem_and_from_multibase() {
        let key = PublicKey::read(ED25519_PEM).unwrap();
        let PublicKey::Ed25519(octets) = &key else {
            panic!("{key:?}");
        };
        assert_eq!((octets[0], octets[31]), (0x26, 0xbb));
        // The first example of did:key, and the octets that W3C gives for it.
        let multibase = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let PublicKey::Ed25519(octets) = PublicKey::read_multibase(multibase).unwrap() else {
            panic!("another kind");
        };
        assert_eq!(octets[..4], [0x2e, 0x6f, 0xcc, 0xe3]);
        let long = format!("z{}", "1".repeat(100));
        for broken in ["", "z", "6Mkha", "z0OIl", &multibase[..40], &long] {
            assert_eq!(PublicKey::read_multibase(broken), None, "{broken}");
        }
        // Neither kind of key takes the other's signature.
        for algorithm in [Algorithm::RsaSha256, Algorithm::RsaPssSha512] {
            assert!(!key.holds(Some(algorithm), b"snow", &[0; 64]));
        }
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
