//! The conversation of SMTP and LMTP as a machine: a line in, an answer out. Never a socket, never
//! a clock.

use crate::mail::limit::MESSAGE_BYTES_MAX;
use crate::mail::reading::Reader;
use crate::mail::settings::Protocol;

/// A command with a path and its parameters: RFC 5321 gives 512 bytes, extensions some more.
pub const COMMAND_BYTES_MAX: usize = 2_048;
/// Recipients of a message; all are addresses of one center.
const RECIPIENTS_MAX: usize = 100;
/// Commands that make no sense before a peer is shown out.
const MISTAKES_MAX: usize = 20;

/// What a line leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Say this.
    Say(String),
    /// Say this and read a message.
    Data(String),
    /// Say this and hang up.
    Close(String),
}

/// A message's envelope, complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// MAIL FROM; empty for mail that must not be answered.
    pub sender: Option<String>,
    /// RCPT TO, each an address of the city.
    pub recipients: Vec<String>,
}

/// A conversation with one peer.
pub struct Session<'a> {
    protocol: Protocol,
    hostname: &'a str,
    reader: &'a Reader,
    greeted: bool,
    transaction: Transaction,
    mistakes: usize,
}

impl<'a> Session<'a> {
    /// Before the greeting.
    pub fn new(protocol: Protocol, hostname: &'a str, reader: &'a Reader) -> Session<'a> {
        Session {
            protocol,
            hostname,
            reader,
            greeted: false,
            transaction: Transaction::default(),
            mistakes: 0,
        }
    }

    /// What is said first.
    pub fn greeting(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Lmtp => "LMTP",
            Protocol::Smtp => "ESMTP",
        };
        format!("220 {} {protocol}\r\n", self.hostname)
    }

    /// The envelope of the message that was read; the next one begins anew.
    pub fn take(&mut self) -> Transaction {
        std::mem::take(&mut self.transaction)
    }

    /// A command, without its line end.
    pub fn command(&mut self, line: &[u8]) -> Answer {
        if line.contains(&b'\r') || line.contains(&b'\n') || line.contains(&0) {
            // A peer that ends lines in two ways may be smuggling: nothing after it is trusted.
            return close("500 5.5.2 line end is not CRLF");
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return self.mistake("500 5.5.2 not UTF-8");
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match (verb.to_ascii_uppercase().as_str(), self.protocol) {
            ("LHLO", Protocol::Lmtp) | ("EHLO", Protocol::Smtp) => self.hello(rest, true),
            ("HELO", Protocol::Smtp) => self.hello(rest, false),
            ("MAIL", _) => self.mail(rest),
            ("RCPT", _) => self.rcpt(rest),
            ("DATA", _) => self.data(rest),
            ("RSET", _) => {
                self.transaction = Transaction::default();
                say("250 2.0.0 reset")
            }
            ("NOOP", _) => say("250 2.0.0 ok"),
            ("VRFY", _) => say("252 2.1.5 send some mail"),
            ("QUIT", _) => close("221 2.0.0 bye"),
            ("HELO" | "EHLO" | "LHLO" | "STARTTLS" | "AUTH" | "BDAT" | "EXPN" | "HELP", _) => {
                self.mistake("502 5.5.1 not offered")
            }
            _ => self.mistake("500 5.5.2 unknown command"),
        }
    }

    fn mistake(&mut self, words: &str) -> Answer {
        self.mistakes += 1;
        if self.mistakes > MISTAKES_MAX {
            return close("421 4.7.0 too many mistakes");
        }
        say(words)
    }

    fn hello(&mut self, name: &str, extended: bool) -> Answer {
        if name.is_empty() {
            return self.mistake("501 5.5.4 who?");
        }
        self.greeted = true;
        self.transaction = Transaction::default();
        if !extended {
            return say(&format!("250 {}", self.hostname));
        }
        Answer::Say(format!(
            "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-ENHANCEDSTATUSCODES\r\n250 SIZE {MESSAGE_BYTES_MAX}\r\n",
            self.hostname
        ))
    }

    fn mail(&mut self, rest: &str) -> Answer {
        if !self.greeted {
            return self.mistake("503 5.5.1 greet first");
        }
        if self.transaction.sender.is_some() {
            return self.mistake("503 5.5.1 one sender per message");
        }
        let Some((path, parameters)) = path(rest, "FROM:") else {
            return self.mistake("501 5.5.4 MAIL FROM:<address>");
        };
        let mut utf8 = false;
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match (name.to_ascii_uppercase().as_str(), value) {
                ("SIZE", bytes) => match bytes.parse::<u64>() {
                    Ok(bytes) if bytes > MESSAGE_BYTES_MAX as u64 => {
                        return say("552 5.3.4 message too large");
                    }
                    Ok(_) => {}
                    Err(_) => return self.mistake("501 5.5.4 SIZE"),
                },
                ("BODY", body) if ["7BIT", "8BITMIME"].contains(&&*body.to_ascii_uppercase()) => {}
                ("SMTPUTF8", "") => utf8 = true,
                _ => return self.mistake("555 5.5.4 unknown parameter"),
            }
        }
        if !path.is_ascii() && !utf8 {
            return say("553 5.6.7 address needs SMTPUTF8");
        }
        self.transaction.sender = Some(path);
        say("250 2.1.0 ok")
    }

    fn rcpt(&mut self, rest: &str) -> Answer {
        if self.transaction.sender.is_none() {
            return self.mistake("503 5.5.1 MAIL first");
        }
        let Some((path, parameters)) = path(rest, "TO:") else {
            return self.mistake("501 5.5.4 RCPT TO:<address>");
        };
        if !parameters.is_empty() {
            return self.mistake("555 5.5.4 unknown parameter");
        }
        if !self.reader.is_ours(&path) {
            return self.mistake("550 5.1.1 not an address of the city");
        }
        if self.transaction.recipients.len() >= RECIPIENTS_MAX {
            return say("452 4.5.3 too many recipients");
        }
        self.transaction.recipients.push(path);
        say("250 2.1.5 ok")
    }

    fn data(&mut self, rest: &str) -> Answer {
        if !rest.is_empty() {
            return self.mistake("501 5.5.4 DATA takes nothing");
        }
        if self.transaction.recipients.is_empty() {
            return self.mistake("503 5.5.1 RCPT first");
        }
        Answer::Data("354 end with a line that holds only a dot\r\n".to_owned())
    }
}

fn say(words: &str) -> Answer {
    Answer::Say(format!("{words}\r\n"))
}

fn close(words: &str) -> Answer {
    Answer::Close(format!("{words}\r\n"))
}

/// The address in angle brackets and what follows; old source routes are taken off.
fn path<'a>(rest: &'a str, word: &str) -> Option<(String, &'a str)> {
    let begins = rest.get(..word.len())?.eq_ignore_ascii_case(word);
    let rest = begins.then(|| rest[word.len()..].trim_start())?;
    let inside = rest.strip_prefix('<')?;
    let mut quoted = false;
    let end = inside.find(|c: char| {
        quoted ^= c == '"';
        c == '>' && !quoted
    })?;
    let after = &inside[end + 1..];
    if !(after.is_empty() || after.starts_with(' ')) {
        return None;
    }
    let mut address = &inside[..end];
    if address.starts_with('@') {
        address = address.split_once(':')?.1;
    }
    let usable = address.is_empty() || address.contains('@') && !address.contains(['<', ' ']);
    usable.then(|| (address.to_owned(), after.trim()))
}

/// The bytes between DATA and the line with a dot, as they come.
#[derive(Debug, Default)]
pub struct Payload {
    bytes: Vec<u8>,
    tail: Tail,
    /// A line end that is not CRLF was seen: two servers could see two different messages.
    pub mixed_line_ends: bool,
    /// More came than is taken; the rest was read and left.
    pub too_large: bool,
    /// All bytes that came.
    pub received: usize,
}

/// Where in the sequence CRLF dot CRLF the input stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tail {
    /// At the beginning of a line.
    #[default]
    LineStart,
    Within,
    Cr,
    Dot,
    DotCr,
}

impl Payload {
    /// Takes bytes; the number used when the end was among them, all of them otherwise.
    pub fn take(&mut self, input: &[u8]) -> (usize, bool) {
        for (at, byte) in input.iter().enumerate() {
            if self.step(*byte) {
                return (at + 1, true);
            }
        }
        (input.len(), false)
    }

    /// What was sent, doubled dots undone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn step(&mut self, byte: u8) -> bool {
        self.received += 1;
        self.tail = match (self.tail, byte) {
            (Tail::DotCr, b'\n') => return true,
            (Tail::LineStart, b'.') => Tail::Dot,
            (Tail::Dot, b'\r') => Tail::DotCr,
            (Tail::Cr, b'\n') => {
                self.push(b"\r\n");
                Tail::LineStart
            }
            (before, byte) => {
                // What was held back while it could have been the end.
                if matches!(before, Tail::Cr | Tail::DotCr) {
                    self.bare(b"\r");
                }
                match byte {
                    b'\r' => Tail::Cr,
                    b'\n' => {
                        self.bare(b"\n");
                        Tail::Within
                    }
                    other => {
                        self.push(&[other]);
                        Tail::Within
                    }
                }
            }
        };
        false
    }

    fn bare(&mut self, bytes: &[u8]) {
        self.mixed_line_ends = true;
        self.push(bytes);
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MESSAGE_BYTES_MAX {
            self.too_large = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::token::Tokens;

    fn reader() -> Reader {
        Reader::new("mail", "120@haneul.example", &[], Tokens::new([7; 32]))
    }

    fn talk(protocol: Protocol, lines: &[&str]) -> Vec<String> {
        let reader = reader();
        let mut session = Session::new(protocol, "mx", &reader);
        lines
            .iter()
            .map(|line| match session.command(line.as_bytes()) {
                Answer::Say(words) | Answer::Data(words) | Answer::Close(words) => {
                    words[..3].to_owned()
                }
            })
            .collect()
    }

    #[test]
    fn a_message_is_announced_in_order() {
        let lines = [
            "LHLO relay",
            "MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME",
            "RCPT TO:<120+x@haneul.example>",
            "DATA",
        ];
        assert_eq!(talk(Protocol::Lmtp, &lines), ["250", "250", "250", "354"]);
        let smtp = [
            "EHLO r",
            "mail from:<>",
            "rcpt to:<@a.example:120@HANEUL.example>",
            "data",
        ];
        assert_eq!(talk(Protocol::Smtp, &smtp), ["250", "250", "250", "354"]);
    }

    #[test]
    fn what_comes_out_of_order_or_is_not_for_the_city_is_refused() {
        for (lines, last) in [
            (&["MAIL FROM:<a@b.example>"][..], "503"),
            (&["LHLO r", "RCPT TO:<120@haneul.example>"], "503"),
            (&["LHLO r", "MAIL FROM:<a@b.c>", "DATA"], "503"),
            (
                &["LHLO r", "MAIL FROM:<a@b.c>", "RCPT TO:<x@other.example>"],
                "550",
            ),
            (&["LHLO r", "MAIL FROM:<a@b.c>", "MAIL FROM:<a@b.c>"], "503"),
            (&["LHLO r", "MAIL FROM:<a@b.c> SIZE=99999999"], "552"),
            (&["LHLO r", "MAIL FROM:<a@b.c> RET=FULL"], "555"),
            (&["LHLO r", "MAIL FROM:<김@b.c>"], "553"),
            (&["LHLO r", "MAIL FROM:<김@b.c> SMTPUTF8"], "250"),
            (&["LHLO r", "MAIL FROM:a@b.c"], "501"),
            (&["LHLO r", "MAIL FROM:<a@b.c>x"], "501"),
            (
                &[
                    "LHLO r",
                    "MAIL FROM:<a@b.c>",
                    "RSET",
                    "RCPT TO:<120@haneul.example>",
                ],
                "503",
            ),
            (&["EHLO r"], "502"),
            (&["LHLO"], "501"),
            (&["STARTTLS"], "502"),
            (&["NOOP"], "250"),
            (&["QUIT"], "221"),
            (&["NOOP\nMAIL FROM:<a@b.c>"], "500"),
            (&["\u{0}"], "500"),
        ] {
            assert_eq!(
                talk(Protocol::Lmtp, lines).last().unwrap(),
                last,
                "{lines:?}"
            );
        }
    }

    #[test]
    fn a_peer_that_only_guesses_is_shown_out() {
        let answers = talk(Protocol::Smtp, &["GUESS"; MISTAKES_MAX + 1]);
        assert_eq!(answers.last().unwrap(), "421");
    }

    #[test]
    fn many_recipients_are_taken_in_turns() {
        let mut lines = vec!["LHLO r", "MAIL FROM:<a@b.c>"];
        lines.extend(["RCPT TO:<120@haneul.example>"; RECIPIENTS_MAX + 1]);
        assert_eq!(talk(Protocol::Lmtp, &lines).last().unwrap(), "452");
    }

    fn payload(input: &[u8]) -> (Payload, usize, bool) {
        let mut payload = Payload::default();
        let (used, ended) = payload.take(input);
        (payload, used, ended)
    }

    #[test]
    fn dots_are_undoubled_and_the_end_is_found_at_any_cut() {
        let input = b"a\r\n..b\r\n.c\r\n\r\n.\r\nQUIT\r\n";
        for cut in 0..input.len() - 6 {
            let mut payload = Payload::default();
            let (first, ended) = payload.take(&input[..cut]);
            assert!(!ended && first == cut);
            let (rest, ended) = payload.take(&input[cut..]);
            assert!(ended);
            assert_eq!(&input[cut + rest..], b"QUIT\r\n");
            assert!(!payload.mixed_line_ends);
            assert_eq!(payload.into_bytes(), b"a\r\n.b\r\nc\r\n\r\n");
        }
        assert!(payload(b".\r\n").2, "an empty message ends too");
    }

    /// Endings that some servers take for the end of a message, CVE-2023-51764 and its kin.
    #[test]
    fn no_other_ending_ends_a_message() {
        for ending in [
            "\n.\n",
            "\r\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r\n.\r",
            "\r.\r\n",
            "\n.\r",
            "\r\n\0.\r\n",
            "\r\n.\r\r\n",
            "\r\n.\0\r\n",
        ] {
            let input = format!("a{ending}MAIL FROM:<x@y>\r\n");
            let (seen, _, ended) = payload(input.as_bytes());
            assert!(!ended, "{ending:?}");
            let harmless = ending.contains('\0');
            assert!(seen.mixed_line_ends || harmless, "{ending:?}");
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_read_to_its_end_and_not_kept() {
        let mut payload = Payload::default();
        let chunk = vec![b'a'; 1024 * 1024];
        for _ in 0..30 {
            assert!(!payload.take(&chunk).1);
        }
        assert!(payload.take(b"\r\n.\r\n").1);
        assert!(payload.too_large && payload.received > MESSAGE_BYTES_MAX);
        assert!(payload.into_bytes().len() <= MESSAGE_BYTES_MAX);
    }
}
