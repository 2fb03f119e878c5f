//! Every reader of this room as a function of bytes, with what must hold whatever they are: for
//! fuzzing. Never part of the paper.

use crate::{number, sound, words};
use center::event::Event;

/// An event of the journal: what is read is written and read again as the same.
pub fn event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&event).expect("an event becomes JSON");
    let again = serde_json::from_slice::<Event>(&written).expect("what was written is read");
    assert_eq!(event, again);
}

/// A search for words of notes: no sign of a query language gets through.
pub fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let asked = words::of_query(&text);
    for one in &asked {
        assert!(one.word.chars().all(char::is_alphanumeric), "{one:?}");
    }
    let _ = words::nested(&asked);
    // A note is found by its own words.
    let note = words::of_note(&text);
    let noted: Vec<&str> = note.split(' ').collect();
    for one in &asked {
        let found =
            |word: &&str| **word == one.word || one.beginning && word.starts_with(&one.word);
        assert!(noted.iter().any(found), "{one:?} in {note}");
    }
}

/// A telephone number in any form; its normal form stays as it is.
pub fn telephone_number(bytes: &[u8]) {
    let raw = String::from_utf8_lossy(bytes);
    let normal = number::normalize(&raw, "82");
    assert_eq!(number::normalize(&normal, "82"), normal);
}

/// A recording that may be cut short.
pub fn recording(bytes: &[u8]) {
    assert!(sound::length_ms(bytes) >= 0);
    let wav = sound::to_wav(bytes);
    assert!(wav.len() >= 44 && wav.starts_with(b"RIFF"));
    assert!(sound::peaks(bytes, 100).len() <= 100);
}

#[cfg(test)]
#[path = "../../../fuzz/near_seeds/mod.rs"]
mod near_seeds;

#[cfg(test)]
mod tests {
    use super::near_seeds::near_seeds;

    #[test]
    fn nothing_near_the_seeds_breaks_a_reader() {
        near_seeds("event_json", super::event);
        near_seeds("note_query", super::query);
        near_seeds("number", super::telephone_number);
        near_seeds("recording", super::recording);
    }
}
