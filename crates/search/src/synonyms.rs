//! Words that editors say mean the same, followed to their end. Never a word of an article's own.

use crate::terms::{composed, runs};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Steps from a word to the words it leads to.
const STEPS_MAX: usize = 4;
/// Words that one word may lead to.
const WORDS_MAX: usize = 16;

/// The table of synonyms. Each word leads to others, these to others again, up to four steps and
/// sixteen words.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    /// Folded word without spaces, to words as the editor wrote them.
    leads: BTreeMap<String, Vec<String>>,
    /// Letters of the longest entry.
    longest: usize,
}

/// What an editor has to look at. The table works all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// These words lead back to the first; each is followed once.
    Circle(Vec<String>),
    /// The word leads to more than sixteen words; the nearest are kept.
    TooMany(String),
    /// The word has no letter or digit, so nothing can be found by it.
    Empty(String),
}

impl Synonyms {
    /// Reads `word → words` as editors wrote them, and says what is doubtful. Several entries of
    /// one word are put together.
    pub fn new<'a>(
        entries: impl IntoIterator<Item = (&'a str, &'a [String])>,
    ) -> (Synonyms, Vec<Doubt>) {
        let mut doubts = Vec::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (word, others) in entries {
            let from = plain(word);
            if from.is_empty() {
                doubts.push(Doubt::Empty(word.to_owned()));
                continue;
            }
            names.entry(from.clone()).or_insert_with(|| word.to_owned());
            for other in others {
                let to = plain(other);
                if to.is_empty() {
                    doubts.push(Doubt::Empty(other.clone()));
                    continue;
                }
                names.entry(to.clone()).or_insert_with(|| other.clone());
                let known = edges.entry(from.clone()).or_default();
                if to != from && !known.contains(&to) {
                    known.push(to);
                }
            }
        }
        for circle in circles(&edges) {
            let named = circle.iter().map(|word| names[word].clone());
            doubts.push(Doubt::Circle(named.collect()));
        }
        let mut table = Synonyms::default();
        for from in edges.keys() {
            let (found, more) = closure(from, &edges);
            if more {
                doubts.push(Doubt::TooMany(names[from].clone()));
            }
            let found = found.iter().map(|word| names[word].clone());
            table.longest = table.longest.max(from.chars().count());
            table.leads.insert(from.clone(), found.collect());
        }
        (table, doubts)
    }

    /// Words that a query also asks for. A word of the query counts with its endings, and so do
    /// words that stand together.
    pub(crate) fn of(&self, text: &str) -> Vec<&str> {
        if self.leads.is_empty() {
            return Vec::new();
        }
        let words: Vec<String> = words(text);
        let mut found = Vec::new();
        for first in 0..words.len() {
            let rest: String = words[first..].concat();
            let most = rest.chars().take(self.longest).map(char::len_utf8).sum();
            let ends = rest[..most].char_indices().map(|(at, c)| at + c.len_utf8());
            for end in ends.rev().collect::<Vec<_>>() {
                if let Some(leads) = self.leads.get(&rest[..end])
                    && ends_well(&words[first..], end)
                {
                    found.extend(leads.iter().map(String::as_str));
                    break;
                }
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|word| seen.insert(*word));
        found.truncate(WORDS_MAX);
        found
    }
}

/// Korean puts endings behind a word, so a match may end inside one; elsewhere a word is whole.
fn ends_well(words: &[String], end: usize) -> bool {
    let mut at = 0;
    for word in words {
        let next = at + word.len();
        if end <= next {
            let inside = word[..end - at].chars().next_back();
            let hangul = inside.is_some_and(|letter| !letter.is_ascii());
            return end == next || hangul;
        }
        at = next;
    }
    false
}

fn words(text: &str) -> Vec<String> {
    let text = composed(text);
    let mut words: Vec<(u32, String)> = Vec::new();
    for run in runs(&text) {
        match words.last_mut().filter(|(word, _)| *word == run.word) {
            Some((_, open)) => open.push_str(&run.text()),
            None => words.push((run.word, run.text())),
        }
    }
    words.into_iter().map(|(_, word)| word).collect()
}

fn plain(word: &str) -> String {
    words(word).concat()
}

/// Everything that a word leads to, nearest first, and whether something was left out.
fn closure(from: &str, edges: &BTreeMap<String, Vec<String>>) -> (Vec<String>, bool) {
    let mut found: Vec<String> = Vec::new();
    let mut open = VecDeque::from([(from, 0)]);
    while let Some((word, steps)) = open.pop_front() {
        for next in edges.get(word).into_iter().flatten() {
            if next == from || found.contains(next) {
                continue;
            }
            if found.len() == WORDS_MAX {
                return (found, true);
            }
            found.push(next.clone());
            if steps + 1 < STEPS_MAX {
                open.push_back((next, steps + 1));
            }
        }
    }
    (found, false)
}

/// One circle through each group of words that lead to each other, pairs left out: that two words
/// name each other is what editors mean.
fn circles(edges: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for from in edges.keys() {
        if told.contains(from.as_str()) {
            continue;
        }
        if let Some(circle) = way_back(from, edges)
            && circle.len() > 2
        {
            let known = edges.keys().filter(|key| circle.contains(key));
            told.extend(known.map(String::as_str));
            found.push(circle);
        }
    }
    found
}

/// The shortest way from a word back to itself that is no mere pair.
fn way_back(from: &str, edges: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(word) = open.pop_front() {
        for next in edges.get(word).into_iter().flatten() {
            if next == from {
                let mut way = vec![word.to_owned()];
                let mut at = word;
                while at != from {
                    at = before[at];
                    way.push(at.to_owned());
                }
                if way.len() > 2 {
                    way.reverse();
                    return Some(way);
                }
            } else if !before.contains_key(next.as_str()) {
                before.insert(next, word);
                open.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, &[&str])]) -> (Synonyms, Vec<Doubt>) {
        let owned: Vec<(&str, Vec<String>)> = entries
            .iter()
            .map(|(word, others)| (*word, others.iter().map(ToString::to_string).collect()))
            .collect();
        Synonyms::new(
            owned
                .iter()
                .map(|(word, others)| (*word, others.as_slice())),
        )
    }

    #[test]
    fn words_lead_on_and_a_circle_is_told() {
        let (synonyms, doubts) = table(&[
            ("쓰레기", &["폐기물"]),
            ("폐기물", &["재활용품"]),
            ("재활용품", &["쓰레기"]),
        ]);
        assert_eq!(
            synonyms.of("쓰레기를 버리고 싶어요"),
            ["폐기물", "재활용품"]
        );
        let circle = ["재활용품", "쓰레기", "폐기물"].map(str::to_owned).to_vec();
        assert_eq!(doubts.len(), 1, "{doubts:?}");
        let Doubt::Circle(words) = &doubts[0] else {
            panic!("{doubts:?}");
        };
        let sorted = |words: &[String]| words.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(sorted(words), sorted(&circle));
    }

    #[test]
    fn a_pair_that_names_each_other_is_no_circle() {
        let (synonyms, doubts) = table(&[("car", &["vehicle"]), ("vehicle", &["car"])]);
        assert!(doubts.is_empty(), "{doubts:?}");
        assert_eq!(synonyms.of("my car"), ["vehicle"]);
        assert_eq!(synonyms.of("careful"), [""; 0]);
    }

    #[test]
    fn words_that_stand_together_are_one() {
        let (synonyms, doubts) = table(&[("불법 주정차", &["주차 위반"]), ("!?", &["x"])]);
        assert_eq!(doubts, [Doubt::Empty("!?".to_owned())]);
        assert_eq!(synonyms.of("불법주정차 신고"), ["주차 위반"]);
        assert_eq!(synonyms.of("불법 주정차를 신고"), ["주차 위반"]);
    }

    #[test]
    fn too_many_are_cut_and_told() {
        let many: Vec<String> = (0..40).map(|number| format!("word{number}")).collect();
        let (synonyms, doubts) = Synonyms::new([("x", many.as_slice())]);
        assert_eq!(doubts, [Doubt::TooMany("x".to_owned())]);
        assert_eq!(synonyms.of("x").len(), WORDS_MAX);
    }

    #[test]
    fn itself_is_nothing() {
        let (synonyms, doubts) = table(&[("a", &["a", "A"])]);
        assert!(doubts.is_empty());
        assert!(synonyms.of("a").is_empty());
    }
}
