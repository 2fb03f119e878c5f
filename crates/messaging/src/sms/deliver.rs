//! What a gateway delivers: joined, decoded, handed in, and only then answered. Never a message
//! dropped: what cannot be read is a dead letter.

use crate::digest::hex;
use crate::inlet::{Inlet, Inward};
use crate::letter::{Address, AddressKind, DeadLetter, Incoming, Receipt};
use crate::sms::gsm7;
use crate::sms::memory::{Came, Kept, Memory, Part, Whole};
use crate::sms::text::{self, Encoding};
use crate::sms::wire::{self, Frame, Number, Short, Unreadable, command, status};
use center::city::Channel;
use center::time::Time;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Who takes what a gateway delivers.
#[derive(Clone)]
pub(crate) struct Taker {
    pub(crate) via: Arc<str>,
    pub(crate) inlet: Inlet,
    pub(crate) memory: Memory,
    /// What the gateway calls its own alphabet.
    pub(crate) standard: Encoding,
    /// Codes the gateway uses in its own way.
    pub(crate) codings: Arc<[(u8, Encoding)]>,
    pub(crate) session: u64,
}

/// The answer to a delivered command, and the message whose answer may get lost.
pub(crate) type Answered = (Frame, Option<Came>);

pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(since.map_or(0, |since| since.as_millis() as i64))
}

impl Taker {
    pub(crate) async fn take(&self, frame: Frame) -> Answered {
        let read = match frame.id {
            command::DATA_SM => Short::read_data(&frame.body),
            _ => Short::read(&frame.body),
        };
        let taken = match read {
            Ok(short) => self.short(&frame, &short).await,
            Err(why) => Err(why),
        };
        match taken {
            Ok((status, came)) => (frame.answer(status), came),
            Err(Unreadable(reason)) => {
                let status = self.dead(&frame, reason, status::NEVER).await;
                (frame.answer(status), None)
            }
        }
    }

    /// Keeps what cannot be read; `kept` is the status that says so.
    async fn dead(&self, frame: &Frame, reason: &'static str, kept: u32) -> u32 {
        let letter = DeadLetter {
            via: self.via.to_string(),
            key: hex(&Sha256::digest(&frame.body)),
            reason,
            bytes: frame.bytes(),
        };
        self.hand_in(Inward::DeadLetter(letter), kept).await
    }

    async fn hand_in(&self, inward: Inward, taken: u32) -> u32 {
        match self.inlet.hand_in(inward).await {
            Ok(_) => taken,
            Err(_) => status::LATER,
        }
    }

    async fn short(&self, frame: &Frame, short: &Short) -> Result<(u32, Option<Came>), Unreadable> {
        let encoding = self.encoding(short.data_coding);
        let readable = encoding.unwrap_or(Encoding::Latin1);
        if let Some(told) = wire::receipt(short, &text::decode(&short.octets, readable).0) {
            let status = if told.id.is_empty() {
                self.dead(frame, "receipt-without-id", status::OK).await
            } else {
                self.receipt(told).await
            };
            return Ok((status, None));
        }
        let Some(encoding) = encoding else {
            return Ok((self.dead(frame, "binary", status::OK).await, None));
        };
        let part = part_of(&self.via, short, encoding)?;
        if part.total > 1 {
            return Ok((self.part(part).await, None));
        }
        self.single(short, part).await
    }

    async fn single(&self, short: &Short, part: Part) -> Result<(u32, Option<Came>), Unreadable> {
        let (key, came) = if let Some(id) = short.id() {
            (format!("id-{id}"), None)
        } else {
            let code = [short.data_coding, short.protocol_id];
            let Some(came) = self.came(code, part.clone()).await else {
                return Ok((status::LATER, None));
            };
            (came.key(), Some(came))
        };
        let incoming = incoming(key, &[part], &[]);
        let message = Inward::Message(Box::new(incoming));
        let status = self.hand_in(message, status::OK).await;
        Ok((status, came.filter(|_| status == status::OK)))
    }

    /// Remembers a message that the gateway gave no id; none when that cannot be written.
    async fn came(&self, code: [u8; 2], part: Part) -> Option<Came> {
        let (memory, session) = (self.memory.clone(), self.session);
        let came = tokio::task::spawn_blocking(move || {
            let fields = [
                part.from.as_bytes(),
                part.to.as_bytes(),
                &code,
                &part.octets,
            ];
            memory.came(now(), session, &fields)
        });
        came.await.ok()?.ok()
    }

    async fn part(&self, part: Part) -> u32 {
        let memory = self.memory.clone();
        let kept = tokio::task::spawn_blocking(move || memory.part(now(), &part)).await;
        match kept {
            Ok(Ok(Kept::Waiting | Kept::Again)) => status::OK,
            Ok(Ok(Kept::Whole(whole))) => self.whole(&whole).await,
            Ok(Err(_)) | Err(_) => status::LATER,
        }
    }

    /// Hands a joined message in and says so to the memory.
    async fn whole(&self, whole: &Whole) -> u32 {
        let incoming = incoming(whole.key.clone(), &whole.parts, &whole.missing());
        let message = Inward::Message(Box::new(incoming));
        let status = self.hand_in(message, status::OK).await;
        if status == status::OK && self.memory.handed_in(whole).is_err() {
            // The message is safe; a part that comes again is handed in again under the same key.
            tracing::warn!(via = %self.via, "a joined text could not be noted as handed in");
        }
        status
    }

    /// Hands in what waited too long or was interrupted, and forgets what is old.
    pub(crate) async fn due(&self) {
        let memory = self.memory.clone();
        let due = tokio::task::spawn_blocking(move || {
            let due = memory.due(now());
            let _ = memory.tidy(now());
            due
        });
        for whole in due.await.unwrap_or_default() {
            self.whole(&whole).await;
        }
    }

    async fn receipt(&self, told: wire::Told) -> u32 {
        let Some(fortune) = told.fortune else {
            return status::OK;
        };
        match self.memory.told(&self.via, &told.id, fortune) {
            Ok(Some((reference, fortune))) => {
                let receipt = Receipt {
                    via: self.via.to_string(),
                    reference,
                    fortune,
                    code: told.code,
                };
                self.hand_in(Inward::Receipt(receipt), status::OK).await
            }
            Ok(None) => status::OK,
            Err(_) => status::LATER,
        }
    }

    fn encoding(&self, code: u8) -> Option<Encoding> {
        let own = self.codings.iter().find(|(own, _)| *own == code);
        own.map(|(_, encoding)| *encoding)
            .or_else(|| text::of_data_coding(code, self.standard))
    }
}

/// A part of a message, or a message of one, as it came.
pub(crate) fn part_of(via: &str, short: &Short, encoding: Encoding) -> Result<Part, Unreadable> {
    let (part, octets) = short.part()?;
    let header = short.octets.len() - octets.len();
    let (encoding, octets) = unpacked(encoding, header, octets);
    Ok(Part {
        via: via.to_owned(),
        from: address(&short.from),
        to: short.to.digits.clone(),
        reference: part.map_or(0, |part| part.reference),
        total: part.map_or(1, |part| part.total),
        number: part.map_or(1, |part| part.number),
        encoding,
        octets,
    })
}

/// Joins whatever parts came: each gap is shown.
#[cfg(any(test, feature = "trials"))]
pub(crate) fn try_joining(parts: &[Part]) {
    for first in parts {
        assert!((1..=first.total).contains(&first.number));
        let of = |part: &&Part| (part.reference, part.total) == (first.reference, first.total);
        let own: Vec<Part> = parts.iter().filter(of).cloned().collect();
        let there = |number: &u8| own.iter().any(|part| part.number == *number);
        let missing: Vec<u8> = (1..=first.total).filter(|number| !there(number)).collect();
        let message = incoming(String::new(), &own, &missing);
        assert!(message.text.matches("[… ").count() >= missing.len());
        assert!(missing.is_empty() || message.damage == Some("missing-part"));
    }
}

/// Packed septets are unpacked part by part: each begins behind its own header.
fn unpacked(encoding: Encoding, header: usize, octets: &[u8]) -> (Encoding, Vec<u8>) {
    if encoding != Encoding::Gsm7Packed {
        return (encoding, octets.to_vec());
    }
    let fill = if header == 0 { 0 } else { gsm7::fill(header) };
    (Encoding::Gsm7, gsm7::unpack(octets, fill, None))
}

/// A number as its owner is called back: international ones with their plus.
fn address(number: &Number) -> String {
    let international = number.ton == 1 && number.digits.starts_with(|c: char| c.is_ascii_digit());
    let plus = if international { "+" } else { "" };
    format!("{plus}{}", number.digits)
}

/// A message of its parts. Octets are joined first and decoded after, so that a letter divided
/// between two parts is whole; where a part is missing, the text says which.
fn incoming(key: String, parts: &[Part], missing: &[u8]) -> Incoming {
    let (mut text, mut damaged) = (String::new(), false);
    let mut run: Vec<u8> = Vec::new();
    let mut encoding = parts.first().map_or(Encoding::Ucs2, |part| part.encoding);
    let mut flush = |run: &mut Vec<u8>, encoding, text: &mut String| {
        let (read, broken) = text::decode(run, encoding);
        damaged |= broken;
        text.push_str(&read);
        run.clear();
    };
    let total = parts.first().map_or(1, |part| part.total);
    for number in 1..=total {
        let part = parts.iter().find(|part| part.number == number);
        let same = part.is_some_and(|part| part.encoding == encoding);
        if !same {
            flush(&mut run, encoding, &mut text);
        }
        match part {
            Some(part) => {
                encoding = part.encoding;
                run.extend_from_slice(&part.octets);
            }
            None => {
                let _ = write!(text, "[… {number}/{total} …]");
            }
        }
    }
    flush(&mut run, encoding, &mut text);
    let (via, from, to) = parts.first().map_or_else(Default::default, |part| {
        (part.via.clone(), part.from.clone(), part.to.clone())
    });
    let damage = match (missing.is_empty(), damaged) {
        (false, _) => Some("missing-part"),
        (true, true) => Some("undecodable-letter"),
        (true, false) => None,
    };
    Incoming {
        channel: Channel::Text,
        via,
        key,
        from: Address {
            kind: AddressKind::Phone,
            value: from,
            name: None,
        },
        to,
        thread: None,
        in_reply_to: None,
        subject: None,
        text: text.trim_end_matches('\0').to_owned(),
        html: None,
        attachments: Vec::new(),
        public: false,
        automatic: false,
        standing: crate::letter::Standing::default(),
        damage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u8, total: u8, encoding: Encoding, octets: &[u8]) -> Part {
        Part {
            via: "kt".into(),
            from: "+821012345678".into(),
            to: "120".into(),
            reference: 1,
            total,
            number,
            encoding,
            octets: octets.to_vec(),
        }
    }

    #[test]
    fn a_letter_divided_between_parts_is_whole_and_a_gap_is_shown() {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
        let smile = wide("길 🙂");
        let (one, two) = smile.split_at(6);
        let parts = [
            part(1, 2, Encoding::Ucs2, one),
            part(2, 2, Encoding::Ucs2, two),
        ];
        let message = incoming("k".into(), &parts, &[]);
        assert_eq!((message.text.as_str(), message.damage), ("길 🙂", None));
        let parts = [
            part(1, 3, Encoding::Gsm7, b"pot"),
            part(3, 3, Encoding::Ucs2, &wide("구멍")),
        ];
        let message = incoming("k".into(), &parts, &[2]);
        assert_eq!(message.text, "pot[… 2/3 …]구멍");
        assert_eq!(message.damage, Some("missing-part"));
        let broken = incoming("k".into(), &parts[1..], &[]);
        assert_eq!(broken.text, "[… 1/3 …][… 2/3 …]구멍");
        let half = incoming("k".into(), &[part(1, 1, Encoding::Ucs2, &one[..5])], &[]);
        assert_eq!(half.damage, Some("undecodable-letter"));
    }

    #[test]
    fn numbers_keep_their_plus() {
        let number = |ton, digits: &str| {
            address(&Number {
                ton,
                npi: 1,
                digits: digits.into(),
            })
        };
        assert_eq!(number(1, "821012345678"), "+821012345678");
        assert_eq!(number(1, "+821012345678"), "+821012345678");
        assert_eq!(number(2, "01012345678"), "01012345678");
        assert_eq!(number(5, "WATER"), "WATER");
    }
}
