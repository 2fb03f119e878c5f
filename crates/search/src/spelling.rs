//! Words that nothing has, and the words that were meant: typing errors by keys, and the wrong
//! keyboard. Never a ranking.

use crate::fold::Script;
use crate::hangul;
use crate::schema::Fields;
use crate::terms::{Run, runs, stem};
use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use std::sync::OnceLock;
use tantivy::Searcher;
use tantivy_fst::Automaton;

/// Before the keys of Hangul in the index.
const HANGUL: char = 'h';
/// Before a word of another alphabet.
const OTHER: char = 'w';
/// Keys below which a word is not repaired: too many others are near.
const KEYS_MIN: usize = 4;
/// Keys from which two errors are looked for.
const KEYS_TWO: usize = 7;
/// Words of the index looked at for one repair.
const LOOKED_AT_MAX: usize = 400;
/// Keys of a word.
const KEYS_MAX: usize = 48;

/// The words of a text as keys, and each with the one after it, as spaces are left out often.
pub(crate) fn words(text: &str) -> Vec<String> {
    let runs = runs(text);
    let mut words = Vec::new();
    let mut add = |text: String| {
        if text.len() > 2 && text.len() <= KEYS_MAX + 1 {
            words.push(text);
        }
    };
    for (index, run) in runs.iter().enumerate() {
        let Some(keys) = keys(run) else { continue };
        let next = runs.get(index + 1).filter(|next| next.after_space);
        if let Some(next) = next.filter(|next| next.script == run.script)
            && let Some(more) = self::keys(next)
        {
            add(format!("{keys}{}", &more[1..]));
        }
        add(keys);
    }
    words
}

/// The marked keys of a run that can be repaired.
fn keys(run: &Run) -> Option<String> {
    let text = run.text();
    match run.script {
        Script::Hangul => Some(format!("{HANGUL}{}", hangul::all_keys(&text)?)),
        Script::Word | Script::Cyrillic if text.chars().all(char::is_alphabetic) => {
            Some(format!("{OTHER}{text}"))
        }
        _ => None,
    }
}

/// The word of the index that is nearest to a run, as people read it. None when none is near or
/// the run itself is there.
pub(crate) fn nearest(searcher: &Searcher, fields: &Fields, run: &Run) -> Option<String> {
    let whole = keys(run)?;
    if let Some(found) = near(searcher, fields, &whole) {
        return Some(found);
    }
    // Korean puts endings behind a word: once more without the last syllable.
    let letters: Vec<char> = run.letters.iter().map(|(letter, _)| *letter).collect();
    let (last, front) = letters.split_last()?;
    if run.script != Script::Hangul || front.len() < 2 {
        return None;
    }
    let front: String = front.iter().collect();
    let found = near(
        searcher,
        fields,
        &format!("{HANGUL}{}", hangul::all_keys(&front)?),
    )?;
    Some(format!("{found}{last}"))
}

fn near(searcher: &Searcher, fields: &Fields, keys: &str) -> Option<String> {
    let length = keys.chars().count() - 1;
    if length < KEYS_MIN || keys.len() > KEYS_MAX {
        return None;
    }
    let errors = 1 + u8::from(length >= KEYS_TWO);
    let dfa = automaton(errors).build_prefix_dfa(keys);
    let mut best: Option<(usize, u64, String)> = None;
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(fields.keys).ok()?;
        let mut stream = index.terms().search(Near(&dfa)).into_stream().ok()?;
        let mut looked_at = 0;
        while stream.advance() && looked_at < LOOKED_AT_MAX {
            looked_at += 1;
            let Ok(term) = std::str::from_utf8(stream.key()) else {
                continue;
            };
            // The first key of the marker must be the same alphabet.
            if term.as_bytes().first() != keys.as_bytes().first() {
                continue;
            }
            let Some((distance, shown)) = beginning(term, keys) else {
                continue;
            };
            let often = u64::from(stream.value().doc_freq);
            let better = best.as_ref().is_none_or(|(nearest, most, _)| {
                (distance, std::cmp::Reverse(often)) < (*nearest, std::cmp::Reverse(*most))
            });
            if better && distance <= usize::from(errors) {
                best = Some((distance, often, shown));
            }
        }
    }
    best.filter(|(distance, ..)| *distance > 0)
        .map(|(.., shown)| shown)
}

fn automaton(errors: u8) -> &'static LevenshteinAutomatonBuilder {
    static ONE: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    static TWO: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    let place = if errors > 1 { &TWO } else { &ONE };
    place.get_or_init(|| LevenshteinAutomatonBuilder::new(errors, true))
}

struct Near<'a>(&'a DFA);

impl Automaton for Near<'_> {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}

/// The beginning of a word of the index that is nearest to the keys, whole syllables only, with
/// its distance: endings of the index's word are left out.
fn beginning(term: &str, keys: &str) -> Option<(usize, String)> {
    let word = &term[1..];
    let typed = &keys[1..];
    if !term.starts_with(HANGUL) {
        return Some((distance(word, typed), word.to_owned()));
    }
    let (text, true) = hangul::compose(word)? else {
        return None;
    };
    let far = distances(word, typed);
    let mut begun = String::new();
    let mut best: Option<(usize, usize)> = None;
    for (at, letter) in text.char_indices() {
        hangul::keys(letter, &mut begun);
        let errors = far[begun.len()];
        if best.is_none_or(|(least, _)| errors < least) {
            best = Some((errors, at + letter.len_utf8()));
        }
    }
    best.map(|(errors, end)| (errors, text[..end].to_owned()))
}

/// Errors between two words: one key wrong, missing, too much, or two keys exchanged.
fn distance(one: &str, other: &str) -> usize {
    distances(one, other).pop().unwrap_or(0)
}

/// The same for every beginning of the first word, from none of it to all.
fn distances(one: &str, other: &str) -> Vec<usize> {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for row in 1..=one.len() {
        let mut cells = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let wrong = usize::from(one[row - 1] != other[column - 1]);
            let mut least = (rows[row - 1][column] + 1)
                .min(cells[column - 1] + 1)
                .min(rows[row - 1][column - 1] + wrong);
            let turned = row > 1
                && column > 1
                && one[row - 1] == other[column - 2]
                && one[row - 2] == other[column - 1];
            if turned {
                least = least.min(rows[row - 2][column - 2] + 1);
            }
            cells[column] = least;
        }
        rows.push(cells);
    }
    rows.iter()
        .filter_map(|cells| cells.last().copied())
        .collect()
}

/// What the keys of a word write on the other keyboard: Hangul for Latin letters, and back. None
/// when they write no whole word there.
pub(crate) fn other_keyboard(typed: &str) -> Option<String> {
    if typed.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let (written, whole) = hangul::compose(typed)?;
        return (whole && written.chars().count() > 1).then_some(written);
    }
    let written = hangul::all_keys(typed)?.to_lowercase();
    (written.len() > 2).then_some(written)
}

/// The term by which a word from the other keyboard would be found.
pub(crate) fn first_term(written: &str) -> String {
    let letters: Vec<char> = written.chars().take(2).collect();
    if letters.iter().all(|letter| hangul::is_syllable(*letter)) {
        return letters.into_iter().collect();
    }
    stem(written, Script::Word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_keys() {
        for (one, other, errors) in [
            ("qnfqjq", "qhfqjq", 1),
            ("noise", "nosie", 1),
            ("passport", "pasport", 1),
            ("", "abc", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(one, other), errors, "{one} {other}");
        }
    }

    #[test]
    fn keyboards_are_exchanged() {
        let exchanged = other_keyboard;
        assert_eq!(exchanged("durnjs").as_deref(), Some("여권"));
        assert_eq!(exchanged("parking"), None);
        assert_eq!(exchanged("ㅔㅁㄴ네ㅐㄳ").as_deref(), Some("passport"));
        assert_eq!(exchanged("120"), None);
    }
}
