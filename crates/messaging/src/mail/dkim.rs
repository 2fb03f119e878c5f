//! Signs mail as the city's (DKIM, RFC 6376: rsa-sha256, relaxed/relaxed). Never verifies.

use crate::mail::settings::{DkimSettings, WrongSetting};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Headers that are signed, each once more than it is there: so nobody adds a second one
/// (RFC 6376 5.4.2).
const SIGNED: [&str; 13] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];
const LINE_LETTERS: usize = 72;

/// The city's key.
pub struct Signer {
    domain: String,
    selector: String,
    key: Arc<dyn SigningKey>,
}

impl Signer {
    /// Reads the key.
    pub fn new(settings: &DkimSettings) -> Result<Signer, WrongSetting> {
        let wrong = |why| WrongSetting {
            key: "dkim.key",
            why,
        };
        let key = PrivateKeyDer::from_pem_file(&settings.key)
            .map_err(|_| wrong("cannot be read as a key in PEM"))?;
        let key = any_supported_type(&key).map_err(|_| wrong("is no key that signs"))?;
        let signs = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        if signs.is_none() {
            return Err(wrong("is no RSA key"));
        }
        Ok(Signer {
            domain: settings.domain.clone(),
            selector: settings.selector.clone(),
            key,
        })
    }

    /// The message with its signature in front. Without one when the key fails, which the loading
    /// of it has ruled out.
    pub fn sign(&self, message: Vec<u8>, now_s: u64) -> Vec<u8> {
        let Some(at) = message.windows(4).position(|four| four == b"\r\n\r\n") else {
            return message;
        };
        let head = String::from_utf8_lossy(&message[..at + 2]);
        let body_hash = base64(&Sha256::digest(relaxed_body(&message[at + 4..])));
        let headers = headers(&head);
        let (names, mut signed) = selected(&headers);
        let value = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={};\r\n t={now_s}; h={names};\r\n \
             bh={body_hash};\r\n b=",
            self.domain, self.selector
        );
        signed.push_str("dkim-signature:");
        signed.push_str(&relaxed_value(&value));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signature = signer.map(|signer| signer.sign(signed.as_bytes()));
        let Some(Ok(signature)) = signature else {
            tracing::error!("mail could not be signed");
            return message;
        };
        let mut whole = format!("DKIM-Signature: {value}");
        for (index, letter) in base64(&signature).chars().enumerate() {
            if index > 0 && index % LINE_LETTERS == 0 {
                whole.push_str("\r\n ");
            }
            whole.push(letter);
        }
        whole.push_str("\r\n");
        let mut whole = whole.into_bytes();
        whole.extend_from_slice(&message);
        whole
    }
}

/// Names in lower case and values as they stand, folded.
fn headers(head: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in head.split_inclusive("\r\n") {
        match (line.starts_with([' ', '\t']), found.last_mut()) {
            (true, Some((_, value))) => value.push_str(line),
            _ => {
                if let Some((name, value)) = line.split_once(':') {
                    found.push((name.trim_end().to_lowercase(), value.to_owned()));
                }
            }
        }
    }
    found
}

/// The list of names and the lines they stand for: the last of several comes first.
fn selected(headers: &[(String, String)]) -> (String, String) {
    let mut names = Vec::new();
    let mut lines = String::new();
    for name in SIGNED {
        for (_, value) in headers.iter().rev().filter(|(found, _)| found == name) {
            names.push(name);
            let _ = write!(lines, "{name}:{}\r\n", relaxed_value(value));
        }
        names.push(name);
    }
    (names.join(":"), lines)
}

/// Unfolded, spaces single, none at the edges.
fn relaxed_value(value: &str) -> String {
    let words = value.split([' ', '\t', '\r', '\n']);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Spaces single, none at the ends of lines, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut space = false;
        for byte in line {
            if matches!(byte, b' ' | b'\t') {
                space = true;
                continue;
            }
            if std::mem::take(&mut space) {
                out.push(b' ');
            }
            out.push(*byte);
        }
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" {
        out.clear();
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376 3.4.5.
    #[test]
    fn texts_are_brought_to_the_form_that_is_signed() {
        let head = headers("A: X\r\nB : Y\t\r\n\tZ  \r\n");
        let lines: Vec<String> = head
            .iter()
            .map(|(name, value)| format!("{name}:{}", relaxed_value(value)))
            .collect();
        assert_eq!(lines, ["a:X", "b:Y Z"]);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
    }

    #[test]
    fn each_header_is_named_once_more_than_it_is_there() {
        let head = headers("From: a\r\nSubject: x\r\nSubject: y\r\n");
        let (names, lines) = selected(&head);
        assert!(names.starts_with("from:from:to:cc:subject:subject:subject:date"));
        assert_eq!(lines, "from:a\r\nsubject:y\r\nsubject:x\r\n");
    }

    #[test]
    fn bytes_are_spelled_as_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
