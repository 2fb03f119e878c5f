//! The token by which a mail finds its way back: contact, message and conversation, signed by the
//! city so that nobody guesses one. Never a look into the record.

use center::city::ContactId;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// Letters of the signature: 16 of 5 bits, so 80 bits.
const TAG_LETTERS: usize = 16;
const TAG_BYTES: usize = 10;
/// Letters of a conversation: 64 bits.
const THREAD_LETTERS: usize = 13;
/// Lower case only, because mail servers change the case of addresses; no letters that look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The message of the city that a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Contact.
    pub contact: ContactId,
    /// Number of the message within the contact.
    pub message: u32,
    /// Conversation.
    pub thread: Thread,
}

/// A conversation: a keyed digest of the Message-ID that began it, so that a stranger cannot make
/// one that meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thread(u64);

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spelled(&self.0.to_be_bytes()).fmt(f)
    }
}

impl Thread {
    fn read(text: &str) -> Option<Thread> {
        let bits = bits(text).filter(|_| text.len() == THREAD_LETTERS)?;
        let thread = Thread(u64::try_from(bits >> 1).ok()?);
        (thread.to_string() == text).then_some(thread)
    }
}

/// Makes and reads tokens. A token is `contact-message-conversation-signature`, for example
/// `4711-2-3x0c4m7ng85re-q3k9d8s7f6h5j4k2`: it fits the local part of an address and a Message-ID.
#[derive(Clone)]
pub struct Tokens {
    secret: [u8; 32],
}

impl Tokens {
    /// With the city's secret. Whoever changes it cuts the way back of every mail sent before.
    pub fn new(secret: [u8; 32]) -> Tokens {
        Tokens { secret }
    }

    fn signer(&self, named: Named) -> Hmac<Sha256> {
        let mut signer =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("an HMAC key may have any length");
        signer.update(b"dasan mail token");
        signer.update(&named.contact.0.to_be_bytes());
        signer.update(&named.message.to_be_bytes());
        signer.update(&named.thread.0.to_be_bytes());
        signer
    }

    /// The conversation that a Message-ID, or whatever else names it, begins. A conversation that
    /// was made here before stays what it is.
    pub fn thread(&self, root: &str) -> Thread {
        if let Some(thread) = Thread::read(root) {
            return thread;
        }
        let mut signer = keyed(&self.secret);
        signer.update(b"dasan mail thread");
        signer.update(root.as_bytes());
        let digest = signer.finalize().into_bytes();
        let first = digest.iter().take(8);
        Thread(first.fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
    }

    /// The token of a message; always the same, so that a repeated message keeps its Message-ID.
    pub fn token(&self, named: Named) -> String {
        let Named {
            contact,
            message,
            thread,
        } = named;
        let digest = self.signer(named).finalize().into_bytes();
        let tag = spelled(&digest[..TAG_BYTES]);
        format!("{contact}-{message}-{thread}-{tag}")
    }

    /// What a token names, if the city made it.
    pub fn read(&self, token: &str) -> Option<Named> {
        let mut parts = token.split('-');
        let contact = number(parts.next()?, 20)?;
        let message = number(parts.next()?, 10)?;
        let thread = Thread::read(parts.next()?)?;
        let tag = tag(parts.next()?)?;
        if parts.next().is_some() {
            return None;
        }
        let named = Named {
            contact: ContactId(contact),
            message: u32::try_from(message).ok()?,
            thread,
        };
        let verified = self.signer(named).verify_truncated_left(&tag);
        verified.is_ok().then_some(named)
    }

    /// The first token of the city anywhere in a text: a Message-ID, an address, a subject.
    pub fn find(&self, text: &str) -> Option<Named> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|word| word.len() >= TAG_LETTERS + THREAD_LETTERS)
            .find_map(|word| self.read(&word.to_ascii_lowercase()))
    }
}

/// Decimal digits without a leading zero, so that one message has one spelling.
fn number(digits: &str, digits_max: usize) -> Option<u64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= digits_max;
    let one_spelling = digits == "0" || !digits.starts_with('0');
    (plain && one_spelling).then(|| digits.parse().ok())?
}

fn spelled(bytes: &[u8]) -> String {
    let mut bits = 0u32;
    let mut held = 0;
    let mut text = String::with_capacity(TAG_LETTERS);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
    }
    text
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC key may have any length")
}

fn bits(text: &str) -> Option<u128> {
    let mut bits = 0u128;
    for letter in text.bytes().take(TAG_LETTERS) {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = (bits << 5) | value as u128;
    }
    Some(bits)
}

fn tag(text: &str) -> Option<[u8; TAG_BYTES]> {
    let all = bits(text)
        .filter(|_| text.len() == TAG_LETTERS)?
        .to_be_bytes();
    all[all.len() - TAG_BYTES..].try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new([7; 32])
    }

    fn named(contact: u64, message: u32) -> Named {
        Named {
            contact: ContactId(contact),
            message,
            thread: tokens().thread("a1@mail.example"),
        }
    }

    #[test]
    fn a_token_names_its_message_and_nobody_else_can_make_one() {
        let token = tokens().token(named(4711, 2));
        assert_eq!(tokens().read(&token), Some(named(4711, 2)));
        assert_eq!(Tokens::new([8; 32]).read(&token), None);
        let thread = tokens().thread("a1@mail.example").to_string();
        let other = tokens().thread("a2@mail.example").to_string();
        let (head, last) = token.split_at(token.len() - 1);
        let changed = if last == "0" { "1" } else { "0" };
        for forged in [
            token.replacen("4711", "4712", 1),
            token.replacen("-2-", "-3-", 1),
            token.replacen("4711", "04711", 1),
            token.replacen(&thread, &other, 1),
            format!("{token}-1"),
            format!("{head}{changed}"),
            head.to_owned(),
        ] {
            assert_eq!(tokens().read(&forged), None, "{forged}");
        }
    }

    #[test]
    fn it_is_found_in_ids_addresses_and_subjects_in_any_case() {
        let token = tokens().token(named(u64::MAX, u32::MAX));
        for text in [
            format!("<{token}@haneul.example>"),
            format!("120+{}@HANEUL.example", token.to_ascii_uppercase()),
            format!("답장: 가로등 [#{token}]"),
            format!("<other-1-2@x> <{token}@haneul.example>"),
        ] {
            assert_eq!(tokens().find(&text), Some(named(u64::MAX, u32::MAX)));
        }
        assert_eq!(
            tokens().find("1-1-0000000000000-0000000000000000 and more"),
            None
        );
    }

    #[test]
    fn it_fits_the_local_part_of_an_address() {
        let token = tokens().token(named(999_999_999_999, 9_999));
        assert!(format!("longest-name+{token}").len() <= 64);
    }

    #[test]
    fn a_conversation_is_read_back_and_not_digested_twice() {
        for root in ["a1@mail.example", "", "f1"] {
            let thread = tokens().thread(root);
            assert_eq!(Thread::read(&thread.to_string()), Some(thread));
            assert_eq!(tokens().thread(&thread.to_string()), thread);
        }
        let first = tokens().thread("a");
        assert_ne!(first, tokens().thread("b"));
        assert_ne!(first, Tokens::new([8; 32]).thread("a"));
        assert_eq!(Thread::read("3x0c4m7ng85r"), None);
    }
}
