//! The places of a text that match, and the part of it worth showing. Never which article.

use crate::query::Marked;
use crate::terms::{Kind, initials, runs, terms};
use std::collections::BTreeMap;
use std::ops::Range;

/// Letters of a passage.
const PASSAGE_LETTERS: usize = 160;
/// Bytes of a text that are looked at for a passage.
const LOOKED_AT_MAX: usize = 16_000;

/// Terms with their worth, at most 64 of them told apart.
pub(crate) type Worth<'a> = BTreeMap<&'a str, (u32, f32)>;

/// A place that matches, the number of its term and what that is worth.
type Place = (Range<usize>, u32, f32);

/// A text with its matching places marked.
pub(crate) fn whole(text: &str, worth: &Worth) -> Marked {
    let places = matches(text, worth);
    Marked {
        marks: joined(places.into_iter().map(|(range, ..)| range)),
        text: text.to_owned(),
    }
}

/// Marks of letters whose initial consonants were typed.
pub(crate) fn by_initials(text: &str, typed: &str) -> Marked {
    let runs = runs(text);
    let letters: Vec<Range<usize>> = runs
        .iter()
        .filter(|run| !initials(std::slice::from_ref(*run)).is_empty())
        .flat_map(|run| run.letters.iter().map(|(_, range)| range.clone()))
        .collect();
    let mut first = 0;
    let mut marks = Vec::new();
    for part in initials(&runs) {
        let count = part.chars().count();
        if let Some(at) = part.find(typed) {
            let from = first + part[..at].chars().count();
            let to = (from + typed.chars().count()).min(letters.len());
            marks = joined(letters[from.min(to)..to].iter().cloned());
            break;
        }
        first += count;
    }
    Marked {
        text: text.to_owned(),
        marks,
    }
}

/// The part of the texts that has most of what was asked, marked. The first text when none has any.
pub(crate) fn passage<'a>(texts: impl IntoIterator<Item = &'a str>, worth: &Worth) -> Marked {
    let mut best: Option<(f32, &str, Range<usize>)> = None;
    let mut first = None;
    for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
        first = first.or(Some(text));
        let text = until(text, LOOKED_AT_MAX);
        let places = matches(text, worth);
        let (score, start) = densest(&places);
        if score > 0.0 && best.as_ref().is_none_or(|(most, ..)| score > *most) {
            best = Some((score, text, window(text, start)));
        }
    }
    let (text, range) = match (best, first) {
        (Some((_, text, range)), _) => (text, range),
        (None, Some(text)) => (text, window(text, 0)),
        (None, None) => return Marked::default(),
    };
    let shown = text[range].trim();
    whole(shown, worth)
}

/// Where terms stand, with their worth.
fn matches(text: &str, worth: &Worth) -> Vec<Place> {
    let found = terms(text).into_iter().filter_map(|term| {
        let (number, worth) = worth.get(term.text.as_str())?;
        (term.kind != Kind::Joined).then_some((term.range, *number, *worth))
    });
    found.collect()
}

/// The beginning of the window with most worth; a term counts once in a window.
fn densest(places: &[Place]) -> (f32, usize) {
    let mut best = (0.0, 0);
    for (index, (from, ..)) in places.iter().enumerate() {
        let end = from.start + PASSAGE_LETTERS * 2;
        let mut seen = 0_u64;
        let mut sum = 0.0;
        for (_, number, worth) in places[index..]
            .iter()
            .take_while(|(range, ..)| range.end <= end)
        {
            let bit = 1 << (number % u64::BITS);
            if seen & bit == 0 {
                seen |= bit;
                sum += worth;
            }
        }
        if sum > best.0 {
            best = (sum, from.start);
        }
    }
    best
}

/// About as many letters as a passage has, from a little before a place, on borders of words.
fn window(text: &str, place: usize) -> Range<usize> {
    let back = text[..place].char_indices().rev().nth(PASSAGE_LETTERS / 4);
    let mut start = back.map_or(0, |(at, _)| at);
    if start > 0
        && let Some(space) = text[start..place].find(char::is_whitespace)
    {
        start += space;
    }
    let rest = &text[start..];
    let end = rest.char_indices().nth(PASSAGE_LETTERS);
    let mut end = end.map_or(text.len(), |(at, _)| start + at);
    if end < text.len()
        && let Some(space) = text[start..end].rfind(char::is_whitespace)
        && start + space > place
        && end - (start + space) < PASSAGE_LETTERS / 4
    {
        end = start + space;
    }
    start..end
}

fn until(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Ranges in order, those that touch made one.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = ranges.collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}
