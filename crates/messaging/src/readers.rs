//! Every reader of this room as a function of bytes, with what must hold whatever they are: for
//! trials and fuzzing. Never part of a connection.

use crate::inlet::Inward;
use crate::mail::limit::MESSAGE_ID_BYTES_MAX;
use crate::mail::quoting;
use crate::mail::reading::{Envelope, Reader};
use crate::mail::token::Tokens;
use crate::sms::text::{self, Encoding};
use crate::sms::wire::{self, Came, Frame, Short, command};
use crate::sms::{deliver, mm7, twilio};
use crate::social::activitypub::{reading, signature};
use crate::{keyword, language, letters, mail, picture, urgent};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use futures_util::FutureExt as _;
use jiff::Timestamp;

/// A gateway's side of a line: frames, what they hold, and the messages their parts become.
pub fn smpp(bytes: &[u8]) {
    let mut line = bytes;
    let mut parts = Vec::new();
    while let Some(Ok(came)) = wire::read(&mut line).now_or_never() {
        let Came::Frame(frame) = came else {
            continue;
        };
        assert_eq!(read_whole(&frame.bytes()), Some(frame.clone()));
        let read = match frame.id {
            command::DATA_SM => Short::read_data(&frame.body),
            _ => Short::read(&frame.body),
        };
        if let Ok(short) = read {
            told(&short);
            parts.extend(deliver::part_of("trial", &short, Encoding::Gsm7));
        }
    }
    deliver::try_joining(&parts);
}

fn read_whole(mut bytes: &[u8]) -> Option<Frame> {
    match wire::read(&mut bytes).now_or_never()?.ok()? {
        Came::Frame(frame) if bytes.is_empty() => Some(frame),
        _ => None,
    }
}

/// What a delivered command says as a receipt.
fn told(short: &Short) {
    for encoding in [Encoding::Latin1, Encoding::Gsm7, Encoding::Ucs2] {
        let (said, _) = text::decode(&short.octets, encoding);
        if let Some(told) = wire::receipt(short, &said) {
            assert!(told.code.chars().count() <= 40 && told.code.is_ascii());
            assert!(!told.id.contains(char::is_whitespace) || short.id().is_some());
        }
    }
}

/// The text of a receipt, as one is delivered.
pub fn receipt(bytes: &[u8]) {
    let short = Short {
        esm_class: 4,
        octets: bytes.to_vec(),
        ..Short::default()
    };
    told(&short);
    let again = Short::read(&short.body());
    assert_eq!(again.map(|read| read.octets), Ok(bytes.to_vec()));
}

/// A request of an MMSC: its media type, the end of a line, its body.
pub fn mm7(bytes: &[u8]) {
    let cut = bytes.iter().position(|byte| *byte == b'\n');
    let (media_type, body) = bytes.split_at(cut.map_or(0, |at| at + 1));
    let media_type: String = String::from_utf8_lossy(media_type)
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    mm7::try_reading(&media_type, body);
}

/// A form in the shape of Twilio.
pub fn form(bytes: &[u8]) {
    twilio::try_reading(bytes);
}

/// A mail.
pub fn mail(bytes: &[u8]) {
    let tokens = Tokens::new([7; 32]);
    let reader = Reader::new("mail", "120@city.example", &[], tokens);
    let read = reader.read(bytes, &Envelope::default());
    if let Inward::Message(message) = read.inward {
        assert!(!message.key.is_empty());
        let id = message.in_reply_to.unwrap_or_default();
        assert!(id.len() <= MESSAGE_ID_BYTES_MAX, "{id}");
        let named = message.from.name.unwrap_or_default();
        let subject = message.subject.unwrap_or_default();
        assert!(!(named + &subject).contains(['\r', '\n', '\0']));
        if let Some(html) = message.html {
            assert_eq!(mail::html::clean(&html).html, html, "clean stays clean");
        }
    }
}

/// Markup of strangers: what is clean stays as it is.
pub fn html(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    let once = mail::html::clean(&source).html;
    let lower = once.to_ascii_lowercase();
    for never in [
        "<script", "<style", "<img", "<svg", "<iframe", "<form", "<input",
    ] {
        assert!(!lower.contains(never), "{never} in {once}");
    }
    assert_eq!(mail::html::clean(&once).html, once, "clean stays clean");
}

/// Headers of a signed request, an empty line, its body.
pub fn signed(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let fields = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    let read = signature::Claim::read(&signature::Received {
        method: &Method::POST,
        target: "/inbox?x=1",
        scheme: "https",
        authority: "120.city.example",
        headers: &headers,
        body: body.as_bytes(),
        now: Timestamp::from_second(1_790_000_000).expect("a year of four digits"),
    });
    let known = ["digest", "content-digest"];
    let summed = known.iter().any(|name| headers.contains_key(*name));
    assert!(read.is_err() || body.is_empty() || summed);
}

/// An activity of another server: nobody speaks for another house.
pub fn activity(bytes: &[u8]) {
    let Ok(value) = reading::json(bytes) else {
        return;
    };
    let Ok(activity) = reading::activity(&value, "https://120.city.example/actor") else {
        return;
    };
    let own = |address: &str| reading::same_origin(address, &activity.actor);
    assert!(activity.id.iter().all(|id| own(id)));
    match &activity.meaning {
        reading::Meaning::Written(note) | reading::Meaning::Changed(note) => {
            assert!(own(&note.id));
            html(note.content.as_bytes());
        }
        reading::Meaning::Named(id) | reading::Meaning::Removed(id) => assert!(own(id)),
        _ => {}
    }
}

/// A file of a stranger: the copy is a picture or a film again, and says nothing of a place.
pub fn file(bytes: &[u8]) {
    let limits = picture::Limits {
        pixels_max: 1_000_000,
        memory_max: 16 * 1024 * 1024,
        ..picture::Limits::default()
    };
    let Ok(seen) = picture::see(bytes, &limits) else {
        return;
    };
    assert_eq!(picture::Kind::of(bytes), Some(seen.kind));
    assert_ne!(seen.shared.is_some(), seen.withheld.is_some());
    if let Some(copy) = seen.shared {
        let again = picture::see(&copy.bytes, &limits).expect("a copy is what it says");
        assert_eq!(again.kind.media_type(), copy.media_type);
        assert_eq!(again.location, None);
    }
}

/// The words of a letter, as they are judged.
pub fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let divided = quoting::divide(&text);
    assert_eq!(format!("{}{}", divided.own, divided.rest), text);
    let _ = language::detect(&text);
    let _ = keyword::consent(&text);
    assert!(letters::count(&text) <= text.chars().count());
    if let Some(urgent) = urgent::urgent(&text) {
        assert!(!urgent.words.is_empty());
    }
    let carrier = text::Carrier::default();
    let plan = text::plan(&text, &carrier);
    assert!(
        plan.parts
            .iter()
            .all(|part| part.len() <= carrier.octets_max)
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::fs;
    use std::path::Path;

    /// One thing done to a sample.
    #[derive(Clone, Debug)]
    enum Damage {
        Change(Index, u8),
        Insert(Index, Vec<u8>),
        Drop(Index, usize),
        Repeat(Index, usize),
        Cut(Index),
    }

    fn any_damage() -> impl Strategy<Value = Damage> {
        let tricks: &[&[u8]] = &[
            b"\0",
            b"\r\n",
            b"\n\n",
            b"\xff\xff\xff\xff",
            b"99999999999999999999",
            b"-1",
            b";",
            b"=",
            b"\"",
            b"<",
            b">",
            b"&",
            b"\xc3\x28",
            b"--",
            b"%00",
            b"[[",
            b"\xed\xa0\x80",
        ];
        let at = any::<Index>;
        prop_oneof![
            4 => (at(), any::<u8>()).prop_map(|(at, octet)| Damage::Change(at, octet)),
            4 => (at(), prop::sample::select(tricks))
                .prop_map(|(at, trick)| Damage::Insert(at, trick.to_vec())),
            2 => (at(), 0..30_usize).prop_map(|(at, length)| Damage::Drop(at, length)),
            2 => (at(), 0..60_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
            1 => at().prop_map(Damage::Cut),
        ]
    }

    fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
        for damage in damages {
            let place = |at: &Index| at.index(bytes.len() + 1);
            let end = |at: usize, length: &usize| (at + length).min(bytes.len());
            match damage {
                Damage::Change(at, octet) => {
                    let at = place(at);
                    if let Some(own) = bytes.get_mut(at) {
                        *own = *octet;
                    }
                }
                Damage::Insert(at, trick) => {
                    let at = place(at);
                    bytes.splice(at..at, trick.iter().copied());
                }
                Damage::Drop(at, length) => {
                    let at = place(at);
                    let end = end(at, length);
                    bytes.drain(at..end);
                }
                Damage::Repeat(at, length) => {
                    let at = place(at);
                    let again = bytes[at..end(at, length)].to_vec();
                    bytes.splice(at..at, again);
                }
                Damage::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
            }
        }
        bytes
    }

    /// Every seed of a fuzz target whole, and so many damaged ones.
    fn trial(target: &str, cases: u32, read: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        let files = fs::read_dir(folder.join(target)).expect("seeds");
        let seeds: Vec<Vec<u8>> = files
            .map(|file| fs::read(file.expect("a file").path()).expect("a seed"))
            .collect();
        for seed in &seeds {
            read(seed);
        }
        let inputs = (
            prop::sample::select(seeds),
            prop::collection::vec(any_damage(), 1..6),
        );
        let config = ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let held = runner.run(&inputs, |(seed, damages)| {
            read(&damaged(seed, &damages));
            Ok(())
        });
        held.unwrap_or_else(|failure| panic!("{target}: {failure}"));
    }

    #[test]
    fn texts_are_read_however_they_are_damaged() {
        trial("smpp", 50_000, super::smpp);
        trial("smpp_receipt", 20_000, super::receipt);
        trial("mm7", 5_000, super::mm7);
        trial("twilio_form", 20_000, super::form);
    }

    #[test]
    fn mails_are_read_however_they_are_damaged() {
        trial("mail", 5_000, super::mail);
        trial("mail_html", 20_000, super::html);
    }

    #[test]
    fn the_fediverse_is_read_however_it_is_damaged() {
        trial("signature", 20_000, super::signed);
        trial("activity", 20_000, super::activity);
    }

    #[test]
    fn files_are_looked_at_however_they_are_damaged() {
        trial("picture", 2_000, super::file);
    }

    #[test]
    fn words_are_judged_whatever_they_are() {
        trial("letter_words", 2_000, super::words);
    }
}
