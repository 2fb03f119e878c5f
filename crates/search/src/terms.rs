//! A text cut into terms with their places, the same way for articles and for questions. Never a
//! score.

use crate::fold::{Script, fold, lower, script};
use crate::hangul;
use frostem::{Algorithm, Stemmer};
use std::ops::Range;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Letters of a Cyrillic word that are compared: Mongolian puts its endings behind them.
const CYRILLIC_LETTERS: usize = 5;
/// Bytes of a word, so that no term outgrows the index.
const WORD_BYTES_MAX: usize = 96;
/// Before a word as it was written, to tell it from its stem.
pub(crate) const EXACT: char = '=';

/// What a term is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Two letters of Hangul, Han or kana that stand together.
    Pair,
    /// Two syllables with a space between them.
    Joined,
    /// One letter of Han or kana, or a syllable that stands alone.
    Single,
    /// A word, folded and stemmed.
    Word,
    /// A word as it was written, where folding changed it.
    Exact,
}

/// A term and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Term {
    pub text: String,
    pub kind: Kind,
    /// In bytes of the text.
    pub range: Range<usize>,
    /// In letters of Hangul, Han and kana, in words of everything else.
    pub position: u32,
    /// Which word between spaces it belongs to; a joined pair belongs to the one before.
    pub word: u32,
}

/// Letters of one script that stand together.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub script: Script,
    /// Folded letters, each with the bytes it was read from.
    pub letters: Vec<(char, Range<usize>)>,
    pub word: u32,
    /// Only a space stands between it and the run before.
    pub after_space: bool,
}

impl Run {
    pub(crate) fn range(&self) -> Range<usize> {
        let start = self.letters.first().map_or(0, |(_, range)| range.start);
        let end = self.letters.last().map_or(0, |(_, range)| range.end);
        start..end
    }

    /// The folded letters.
    pub(crate) fn text(&self) -> String {
        self.letters.iter().map(|(letter, _)| *letter).collect()
    }
}

/// The form in which texts are kept and marked: composed, so that places agree.
pub(crate) fn composed(text: &str) -> String {
    if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

/// Cuts a composed text into runs.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut word, mut in_word, mut open, mut spaces_only) = (0, false, false, false);
    let mut folded = String::new();
    for (at, letter) in text.char_indices() {
        folded.clear();
        fold(letter, &mut folded);
        let range = at..at + letter.len_utf8();
        for part in folded.chars() {
            let kind = script(part);
            match kind {
                Script::Gap => {
                    let space = part.is_whitespace();
                    spaces_only = space && (spaces_only || open);
                    word += u32::from(in_word && space);
                    in_word &= !space;
                    open = false;
                }
                Script::Mark => {
                    if let Some((_, last)) = runs.last_mut().and_then(|run| run.letters.last_mut())
                        && open
                    {
                        last.end = range.end;
                    }
                }
                _ => {
                    let same = open && runs.last().is_some_and(|run| run.script == kind);
                    if !same {
                        runs.push(Run {
                            script: kind,
                            letters: Vec::new(),
                            word,
                            after_space: spaces_only && !in_word,
                        });
                    }
                    let run = runs.last_mut().expect("a run was just begun or goes on");
                    run.letters.push((part, range.clone()));
                    (in_word, open) = (true, true);
                }
            }
        }
    }
    runs
}

/// Cuts a composed text into terms.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    terms_of(text, &runs(text))
}

/// The terms of runs that were cut from the text.
pub(crate) fn terms_of(text: &str, runs: &[Run]) -> Vec<Term> {
    let mut terms = Vec::with_capacity(text.len() / 2);
    let mut position = 0;
    let mut before: Option<&Run> = None;
    for run in runs {
        match run.script {
            Script::Hangul | Script::Han => {
                let joined = before.filter(|before| {
                    let hangul = run.script == Script::Hangul && before.script == Script::Hangul;
                    hangul && run.after_space
                });
                if let Some((last, first)) =
                    joined.and_then(|before| before.letters.last().zip(run.letters.first()))
                {
                    terms.push(Term {
                        text: [last.0, first.0].iter().collect(),
                        kind: Kind::Joined,
                        range: last.1.start..first.1.end,
                        position: position - 1,
                        word: run.word - 1,
                    });
                }
                letters(run, position, &mut terms);
                position += run.letters.len() as u32;
            }
            Script::Cyrillic | Script::Word => {
                words(text, run, position, &mut terms);
                position += 1;
            }
            _ => position += 1,
        }
        before = Some(run);
    }
    terms
}

/// Pairs of a run, and singles of Han or of a run of one.
fn letters(run: &Run, position: u32, terms: &mut Vec<Term>) {
    let single = run.script == Script::Han || run.letters.len() == 1;
    for (index, (letter, range)) in run.letters.iter().enumerate() {
        let position = position + index as u32;
        let word = run.word;
        if let Some((next, end)) = run.letters.get(index + 1) {
            terms.push(Term {
                text: [*letter, *next].iter().collect(),
                kind: Kind::Pair,
                range: range.start..end.end,
                position,
                word,
            });
        }
        if single {
            terms.push(Term {
                text: letter.to_string(),
                kind: Kind::Single,
                range: range.clone(),
                position,
                word,
            });
        }
    }
}

/// A word by its stem, and as it was written where that differs.
fn words(text: &str, run: &Run, position: u32, terms: &mut Vec<Term>) {
    let range = run.range();
    let mut exact = String::new();
    text[range.clone()]
        .chars()
        .for_each(|letter| lower(letter, &mut exact));
    let stem = cut(&stem(&run.text(), run.script));
    let exact = cut(&exact);
    let term = |text: String, kind| Term {
        text,
        kind,
        range: range.clone(),
        position,
        word: run.word,
    };
    if exact != stem {
        terms.push(term(format!("{EXACT}{exact}"), Kind::Exact));
    }
    terms.push(term(stem, Kind::Word));
}

/// The part of a folded word that its forms share.
pub(crate) fn stem(folded: &str, script: Script) -> String {
    if script == Script::Cyrillic {
        return folded.chars().take(CYRILLIC_LETTERS).collect();
    }
    if folded.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Stemmer::new(Algorithm::English).stem(folded).into_owned();
    }
    folded.to_owned()
}

fn cut(word: &str) -> String {
    let mut end = word.len().min(WORD_BYTES_MAX);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    word[..end].to_owned()
}

/// Initial consonants of all syllables and consonants, spaces left out; a gap where anything else
/// stands.
pub(crate) fn initials(runs: &[Run]) -> Vec<String> {
    let mut parts = Vec::new();
    let mut open = String::new();
    let mut unbroken = false;
    for run in runs {
        let korean = matches!(run.script, Script::Hangul | Script::Letters);
        if !korean || !(unbroken || run.after_space) {
            parts.extend(Some(std::mem::take(&mut open)).filter(|part| !part.is_empty()));
        }
        if korean {
            let letters = run.letters.iter().map(|(letter, _)| *letter);
            open.extend(letters.filter_map(hangul::initial));
        }
        unbroken = korean;
    }
    parts.extend(Some(open).filter(|part| !part.is_empty()));
    parts
}
