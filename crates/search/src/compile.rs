//! A question as typed into the terms that are looked for, with what the last word may become.
//! Never a score.

use crate::fold::Script;
use crate::hangul;
use crate::ranking::Ranking;
use crate::schema::{Fields, SCORED};
use crate::terms::{EXACT, Kind, Run, terms_of};
use std::collections::BTreeMap;
use tantivy::Searcher;

/// Terms of one query.
const TERMS_MAX: usize = 48;
/// Words that the last one may become.
const PREFIXES_MAX: usize = 8;
/// Terms of the index that are looked at for them, in each text of each segment.
const LOOKED_AT_MAX: usize = 1_500;

/// A term that is looked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub text: String,
    /// What finding it is worth, 0 to 1.
    pub weight: f32,
    /// Terms of one group stand for the same part of the query: the best of them counts.
    pub group: usize,
    /// Where it was typed; none when it only stands for something typed.
    pub position: Option<u32>,
    /// Word of the query, when finding it says that the word was found.
    pub word: Option<u32>,
}

/// Terms under way.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    pub terms: Vec<Wanted>,
    groups: usize,
}

impl Wants {
    /// What was typed, the last word as far as it is written.
    pub(crate) fn typed(
        text: &str,
        runs: &[Run],
        ranking: &Ranking,
        index: (&Searcher, &Fields),
    ) -> Wants {
        let mut wants = Wants::default();
        for term in terms_of(text, runs) {
            let weight = weight(term.kind, ranking);
            let strong = matches!(term.kind, Kind::Pair | Kind::Word)
                || term.kind == Kind::Single && weight > 0.0;
            wants.add(
                term.text,
                weight,
                Some(term.position),
                strong.then_some(term.word),
            );
        }
        if let Some(last) = runs.last().filter(|_| ranking.prefix > 0.0) {
            wants.unfinished(last, runs, ranking, index);
        }
        wants
    }

    fn add(&mut self, text: String, weight: f32, position: Option<u32>, word: Option<u32>) {
        if self.terms.len() >= TERMS_MAX || weight <= 0.0 {
            return;
        }
        // A word said twice is one wish.
        if self.terms.iter().any(|known| known.text == text) {
            return;
        }
        self.terms.push(Wanted {
            text,
            weight,
            group: self.groups,
            position,
            word,
        });
        self.groups += 1;
    }

    /// Words that mean the same, or that were meant.
    pub(crate) fn also(&mut self, text: &str, runs: &[Run], weight: f32) {
        for term in terms_of(text, runs) {
            if matches!(term.kind, Kind::Pair | Kind::Word | Kind::Single) {
                self.add(term.text, weight, None, None);
            }
        }
    }

    /// Adds what a group may become. A new group when none has the number.
    fn become_terms(&mut self, found: Vec<String>, group: usize, ranking: &Ranking) {
        for text in found {
            if !self.terms.iter().any(|known| known.text == text) {
                self.terms.push(Wanted {
                    text,
                    weight: ranking.prefix,
                    group,
                    position: None,
                    word: self
                        .terms
                        .iter()
                        .find(|term| term.group == group)
                        .and_then(|t| t.word),
                });
            }
        }
        self.groups = self.groups.max(group + 1);
    }

    fn unfinished(
        &mut self,
        last: &Run,
        runs: &[Run],
        ranking: &Ranking,
        index: (&Searcher, &Fields),
    ) {
        let group = self.terms.last().map_or(0, |term| term.group);
        let letters: Vec<char> = last.letters.iter().map(|(letter, _)| *letter).collect();
        match last.script {
            Script::Hangul => self.unfinished_hangul(&letters, group, ranking, index),
            Script::Letters => {
                let before = runs.len().checked_sub(2).map(|at| &runs[at]);
                let before = before.filter(|run| run.script == Script::Hangul);
                let before = before.filter(|run| run.word == last.word);
                let first = before.and_then(|run| run.letters.last());
                let mut pair = String::new();
                pair.extend(first.map(|(letter, _)| *letter));
                pair.push(letters[0]);
                let found = becoming_hangul(&pair, index);
                // A syllable alone becomes the pair; a longer word goes on with it.
                let alone = before.is_some_and(|run| run.letters.len() == 1);
                let group = if alone { group } else { self.groups };
                self.become_terms(found, group, ranking);
            }
            Script::Han => {
                let single: String = letters.iter().rev().take(1).collect();
                if letters.len() == 1 {
                    let found = becoming(&single, &mut |_| true, index);
                    self.become_terms(found, group, ranking);
                }
            }
            _ => {
                let typed = last.text();
                let mut found = becoming(&typed, &mut |_| true, index);
                let exact = becoming(&format!("{EXACT}{typed}"), &mut |_| true, index);
                found.extend(exact);
                self.become_terms(found, group, ranking);
            }
        }
    }

    /// The last syllable may get a final consonant or lose it to the next one.
    fn unfinished_hangul(
        &mut self,
        letters: &[char],
        group: usize,
        ranking: &Ranking,
        index: (&Searcher, &Fields),
    ) {
        let last: String = letters[letters.len().saturating_sub(2)..].iter().collect();
        let found = becoming_hangul(&last, index);
        self.become_terms(found, group, ranking);
        let Some(end) = letters.last().filter(|_| letters.len() > 1) else {
            return;
        };
        // `불법줒` on the way to `불법주정차`.
        if let Some((open, _)) = opened(*end) {
            let pair: String = [letters[letters.len() - 2], open].iter().collect();
            self.become_terms(vec![pair], group, ranking);
            let mut found = becoming_hangul(&end.to_string(), index);
            found.retain(|term| !term.starts_with(*end));
            self.become_terms(found, self.groups, ranking);
        }
    }
}

fn weight(kind: Kind, ranking: &Ranking) -> f32 {
    match kind {
        Kind::Pair | Kind::Word => 1.0,
        Kind::Joined => ranking.joined,
        Kind::Single => ranking.single,
        Kind::Exact => ranking.exact,
    }
}

/// A syllable without its final consonant, and the consonant's keys; none when it has none.
fn opened(letter: char) -> Option<(char, String)> {
    let mut keys = String::new();
    hangul::keys(letter, &mut keys);
    for cut in (1..keys.len()).rev() {
        let (front, back) = keys.split_at(cut);
        if let Some((open, true)) = hangul::compose(front)
            && hangul::is_syllable(letter)
            && back.chars().all(|key| !"hkoiOjpuPynbml".contains(key))
        {
            let syllable = open.chars().next().filter(|_| open.chars().count() == 1)?;
            let mut rest = String::new();
            hangul::keys(syllable, &mut rest);
            let bare = rest
                .chars()
                .last()
                .is_some_and(|key| "hkoiOjpuPynbml".contains(key));
            if bare {
                return Some((syllable, back.to_owned()));
            }
        }
    }
    None
}

/// Pairs of the index that the keys of one or two letters may become.
fn becoming_hangul(letters: &str, index: (&Searcher, &Fields)) -> Vec<String> {
    let Some(typed) = hangul::all_keys(letters) else {
        return Vec::new();
    };
    let fits = |term: &str| {
        term.chars().count() == 2
            && hangul::all_keys(term).is_some_and(|keys| keys.starts_with(&typed))
    };
    let mut letters = letters.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else {
        return Vec::new();
    };
    if second.is_some() {
        return becoming(&first.to_string(), &mut |term| fits(term), index);
    }
    let mut found = becoming(&first.to_string(), &mut |term| fits(term), index);
    if found.len() < PREFIXES_MAX
        && let Some((open, _)) = opened(first)
    {
        found.extend(becoming(&open.to_string(), &mut |term| fits(term), index));
    }
    found.truncate(PREFIXES_MAX);
    found
}

/// Terms of the index that begin like this and fit, the most frequent first. The text of an article
/// is looked at only when no head has one.
fn becoming(
    start: &str,
    fits: &mut dyn FnMut(&str) -> bool,
    (searcher, fields): (&Searcher, &Fields),
) -> Vec<String> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for field in [0..SCORED - 1, SCORED - 1..SCORED] {
        for field in &fields.scored[field] {
            for segment in searcher.segment_readers() {
                let Ok(index) = segment.inverted_index(*field) else {
                    continue;
                };
                let end = [start.as_bytes(), &[0xff]].concat();
                let range = index.terms().range().ge(start.as_bytes()).lt(end);
                let Ok(mut stream) = range.into_stream() else {
                    continue;
                };
                let mut looked_at = 0;
                while stream.advance() && looked_at < LOOKED_AT_MAX {
                    looked_at += 1;
                    let Ok(term) = std::str::from_utf8(stream.key()) else {
                        continue;
                    };
                    if term != start && fits(term) {
                        *found.entry(term.to_owned()).or_default() +=
                            u64::from(stream.value().doc_freq);
                    }
                }
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    let mut found: Vec<(String, u64)> = found.into_iter().collect();
    found.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    found.truncate(PREFIXES_MAX);
    found.into_iter().map(|(term, _)| term).collect()
}
