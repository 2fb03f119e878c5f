//! Every bound of mail with its reason, and a look at a raw message that refuses what would cost
//! too much to take apart. Never reads a text.

use std::collections::BTreeSet;

/// A message with its attachments: what mail providers commonly take.
pub const MESSAGE_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Parts of a message: a mail with a photo for each of a hundred benches has some 200.
pub const PARTS_MAX: usize = 1_000;
/// Multiparts and attached messages, which may lie in one another.
pub const CONTAINERS_MAX: usize = 100;
/// Header lines of a message and all its parts: mail that went through many servers has 200.
pub const HEADER_LINES_MAX: usize = 10_000;
/// A Message-ID as its sender wrote it; longer ones are replaced by a digest.
pub const MESSAGE_ID_BYTES_MAX: usize = 500;

/// Why a message is not taken apart; a stable key.
pub fn too_costly(raw: &[u8]) -> Option<&'static str> {
    if raw.len() > MESSAGE_BYTES_MAX {
        return Some("mail.too_large");
    }
    let mut scan = Scan::default();
    for line in raw.split(|byte| *byte == b'\n') {
        scan.line(line.strip_suffix(b"\r").unwrap_or(line));
        if scan.parts > PARTS_MAX {
            return Some("mail.too_many_parts");
        }
        if scan.containers > CONTAINERS_MAX {
            return Some("mail.too_deep");
        }
        if scan.header_lines > HEADER_LINES_MAX {
            return Some("mail.too_many_headers");
        }
    }
    None
}

struct Scan<'a> {
    boundaries: BTreeSet<&'a [u8]>,
    in_header: bool,
    /// The header that ends here belongs to an attached message: another header follows.
    message_follows: bool,
    parts: usize,
    containers: usize,
    header_lines: usize,
}

impl Default for Scan<'_> {
    fn default() -> Self {
        Scan {
            boundaries: BTreeSet::new(),
            in_header: true,
            message_follows: false,
            parts: 0,
            containers: 0,
            header_lines: 0,
        }
    }
}

impl<'a> Scan<'a> {
    fn line(&mut self, line: &'a [u8]) {
        if line.starts_with(b"--") && self.separates(&line[2..]) {
            self.parts += 1;
            self.in_header = true;
            self.message_follows = false;
        } else if self.in_header && line.is_empty() {
            self.in_header = self.message_follows;
            self.message_follows = false;
        } else if self.in_header {
            self.header_lines += 1;
            self.header(line);
        }
    }

    fn separates(&self, rest: &[u8]) -> bool {
        let rest = rest.trim_ascii_end();
        let last = rest.strip_suffix(b"--").unwrap_or(rest);
        self.boundaries.contains(rest) || self.boundaries.contains(last)
    }

    fn header(&mut self, line: &'a [u8]) {
        if let Some(at) = position(line, b"boundary=") {
            let value = &line[at + b"boundary=".len()..];
            let value = match value.strip_prefix(b"\"") {
                Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
                None => value
                    .split(|byte| byte.is_ascii_whitespace() || *byte == b';')
                    .next(),
            };
            self.boundaries.insert(value.unwrap_or_default());
            self.containers += 1;
        }
        if position(line, b"message/").is_some() {
            self.message_follows = true;
            self.containers += 1;
        }
    }
}

fn position(line: &[u8], wanted: &[u8]) -> Option<usize> {
    line.windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_mail_passes() {
        let dump = "--\n".repeat(5_000);
        let mail = format!(
            "Subject: x\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\
             Content-Type: text/plain\r\n\r\n{dump}a: b\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nz\r\n--b--\r\n"
        );
        assert_eq!(too_costly(mail.as_bytes()), None);
        assert_eq!(too_costly(b""), None);
    }

    #[test]
    fn each_bound_is_named() {
        let head = "Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n";
        let parts = format!("{head}{}", "--b\n\n".repeat(PARTS_MAX + 1));
        assert_eq!(too_costly(parts.as_bytes()), Some("mail.too_many_parts"));
        let headers = "a: b\n".repeat(HEADER_LINES_MAX + 1);
        assert_eq!(
            too_costly(headers.as_bytes()),
            Some("mail.too_many_headers")
        );
        let hidden = format!("{head}--b\n{}", "a: b\n".repeat(HEADER_LINES_MAX));
        assert_eq!(too_costly(hidden.as_bytes()), Some("mail.too_many_headers"));
        let mut deep = String::new();
        for level in 0..=CONTAINERS_MAX {
            let head =
                format!("Content-Type: multipart/mixed; boundary=\"b{level}\"\n\n--b{level}\n");
            deep.push_str(&head);
        }
        assert_eq!(too_costly(deep.as_bytes()), Some("mail.too_deep"));
        let nested = "Content-Type: message/rfc822\n\n".repeat(CONTAINERS_MAX + 1);
        assert_eq!(too_costly(nested.as_bytes()), Some("mail.too_deep"));
        let large = vec![b'a'; MESSAGE_BYTES_MAX + 1];
        assert_eq!(too_costly(&large), Some("mail.too_large"));
    }
}
