//! From a query to an answer. Never a change of the index.

use crate::columns::Wish;
use crate::compile::Wants;
use crate::document::Document;
use crate::failure::Failure;
use crate::fold::Script;
use crate::hangul;
use crate::highlight::{self, Worth};
use crate::index::Index;
use crate::query::{Answer, Hit, Query};
use crate::rank::{Found, Rank};
use crate::schema::CATEGORY;
use crate::spelling;
use crate::terms::{Run, composed, initials, runs};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tantivy::query::{BooleanQuery, Occur, PhraseQuery, TermQuery};
use tantivy::schema::{IndexRecordOption, Value as _};
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

/// Letters of a query that are read.
pub const QUERY_LETTERS_MAX: usize = 200;
/// Articles of one answer.
pub const HITS_MAX: usize = 100;
const HITS: usize = 10;
/// Part of the query that must be found before nothing is repaired.
const FOUND_ENOUGH: f32 = 0.75;
/// Best texts that are asked whether a word is found at all.
const ASKED: usize = 10;
/// Words that are repaired at once.
const REPAIRED_MAX: usize = 3;
/// What a text gains that also has the initial consonants that were typed.
const INITIALS_GAIN: f32 = 2.0;

impl Index {
    /// Answers a query. A text without a letter or digit finds nothing.
    pub fn search(&self, query: &Query) -> Result<Answer, Failure> {
        let text: String = query.text.chars().take(QUERY_LETTERS_MAX).collect();
        let text = composed(&text);
        let runs = runs(&text);
        if runs.is_empty() {
            return Ok(Answer::default());
        }
        let searcher = self.searcher();
        let wish = Wish::new(query);
        let typed = typed_initials(&runs);
        let found = if let Some(typed) = typed.as_ref().filter(|_| only_letters(&runs)) {
            Reading {
                found: self.by_initials(&searcher, &wish, typed)?,
                ..Reading::default()
            }
        } else {
            self.by_words(&searcher, &wish, &text, &runs)?
        };
        let mut found = found;
        if let Some(typed) = typed.filter(|_| !only_letters(&runs)) {
            self.prefer_initials(&searcher, &wish, &typed, &mut found.found)?;
        }
        self.answer(&searcher, query, &runs, found)
    }

    /// Searches by words, and once more with what was meant when much of it is nowhere.
    fn by_words(
        &self,
        searcher: &Searcher,
        wish: &Wish,
        text: &str,
        runs: &[Run],
    ) -> Result<Reading, Failure> {
        let ranking = &self.ranking;
        let mut wants = Wants::typed(text, runs, ranking, (searcher, &self.fields));
        for word in self.synonyms().of(text) {
            let word = composed(word);
            wants.also(&word, &crate::terms::runs(&word), ranking.synonym);
        }
        let rank = Rank::new(searcher, &self.fields, ranking, &wants.terms)?;
        let found = rank.best(wish)?;
        let enough = found
            .first()
            .is_some_and(|best| best.covered >= FOUND_ENOUGH);
        let repairs = if ranking.repair && !enough {
            self.repairs(searcher, text, runs, (&wants, &found))
        } else {
            Vec::new()
        };
        if repairs.is_empty() {
            return Ok(Reading {
                found,
                terms: worth(&wants, &rank),
                suggestion: None,
            });
        }
        let mut suggestion = String::new();
        let mut at = 0;
        for (range, repaired) in &repairs {
            wants.also(repaired, &crate::terms::runs(repaired), ranking.repaired);
            suggestion.push_str(&text[at..range.start]);
            suggestion.push_str(repaired);
            at = range.end;
        }
        suggestion.push_str(&text[at..]);
        let rank = Rank::new(searcher, &self.fields, ranking, &wants.terms)?;
        Ok(Reading {
            found: rank.best(wish)?,
            terms: worth(&wants, &rank),
            suggestion: Some(suggestion),
        })
    }

    /// For words that none of the best texts has: where they stand, and what was meant.
    fn repairs(
        &self,
        searcher: &Searcher,
        text: &str,
        runs: &[Run],
        reading: (&Wants, &[Found]),
    ) -> Vec<(Range<usize>, String)> {
        let (wants, found) = reading;
        let known = found
            .iter()
            .take(ASKED)
            .fold(0, |known, text| known | text.words);
        let asked: BTreeSet<u32> = wants.terms.iter().filter_map(|term| term.word).collect();
        let lost = |run: &Run| !asked.contains(&run.word) || known & (1 << run.word.min(63)) == 0;
        let mut repairs = Vec::new();
        let mut at = 0;
        while at < runs.len() && repairs.len() < REPAIRED_MAX {
            let run = &runs[at];
            let (end, range) = stretch(runs, at);
            if lost(run) {
                let meant = self.other_keyboard(searcher, &text[range.clone()]);
                let alone = || spelling::nearest(searcher, &self.fields, run);
                let meant = meant.or_else(|| if end == at + 1 { alone() } else { None });
                repairs.extend(meant.map(|meant| (range, meant)));
            }
            at = end;
        }
        repairs
    }

    /// What the keys write on the other keyboard, if some article has it and none what was typed.
    fn other_keyboard(&self, searcher: &Searcher, typed: &str) -> Option<String> {
        let written = spelling::other_keyboard(typed)?;
        let stands = |text: &str| {
            let term = spelling::first_term(text);
            self.fields.scored.iter().any(|field| {
                let term = Term::from_field_text(*field, &term);
                searcher.doc_freq(&term).unwrap_or(0) > 0
            })
        };
        (stands(&written) && !stands(typed)).then_some(written)
    }

    /// Texts whose head has syllables that begin with these consonants, one after the other.
    fn by_initials(
        &self,
        searcher: &Searcher,
        wish: &Wish,
        typed: &str,
    ) -> Result<Vec<Found>, Failure> {
        let letters: Vec<char> = typed.chars().collect();
        let term = |letters: &[char]| {
            let text: String = letters.iter().collect();
            Term::from_field_text(self.fields.initials, &text)
        };
        let option = IndexRecordOption::WithFreqs;
        let alone = |term| Box::new(TermQuery::new(term, option)) as Box<dyn tantivy::query::Query>;
        let none = [];
        let rank = Rank::new(searcher, &self.fields, &self.ranking, &none)?;
        if letters.len() < 3 {
            return Ok(rank.by(alone(term(&letters)).as_ref(), wish)?);
        }
        let pairs: Vec<Term> = letters.windows(2).map(term).collect();
        let mut found = rank.by(&PhraseQuery::new(pairs.clone()), wish)?;
        if found.len() < HITS {
            // A syllable in between was left out: `ㅂㅂㅈㅊ` for 불법 주정차.
            let all = pairs.into_iter().map(|term| (Occur::Must, alone(term)));
            let apart = rank.by(&BooleanQuery::new(all.collect()), wish)?;
            let least = found.last().map_or(f32::MAX, |text| text.score);
            let most = apart.first().map_or(1.0, |text| text.score);
            let known: BTreeSet<_> = found.iter().map(|text| (text.segment, text.doc)).collect();
            let others = apart
                .into_iter()
                .filter(|t| !known.contains(&(t.segment, t.doc)));
            found.extend(others.map(|mut text| {
                text.score *= (least / most).min(1.0) / 2.0;
                text
            }));
        }
        Ok(found)
    }

    /// Texts with the initial consonants of the whole query go before others.
    fn prefer_initials(
        &self,
        searcher: &Searcher,
        wish: &Wish,
        typed: &str,
        found: &mut Vec<Found>,
    ) -> Result<(), Failure> {
        let also = self.by_initials(searcher, wish, typed)?;
        for text in also {
            let same = |known: &&mut Found| (known.segment, known.doc) == (text.segment, text.doc);
            match found.iter_mut().find(same) {
                Some(known) => known.score *= INITIALS_GAIN,
                None => found.push(text),
            }
        }
        found.sort_by(|one, other| other.score.total_cmp(&one.score));
        Ok(())
    }

    fn answer(
        &self,
        searcher: &Searcher,
        query: &Query,
        runs: &[Run],
        reading: Reading,
    ) -> Result<Answer, Failure> {
        let limit = match query.limit {
            0 => HITS,
            limit => limit.min(HITS_MAX),
        };
        let mut seen = BTreeSet::new();
        let (found, others): (Vec<Found>, Vec<Found>) = reading
            .found
            .into_iter()
            .partition(|text| seen.insert(text.article));
        let terms = reading.terms.iter().zip(0..);
        let worth: Worth = terms
            .map(|((term, worth), n)| (term.as_str(), (n, *worth)))
            .collect();
        let typed = typed_initials(runs).filter(|_| only_letters(runs));
        let mut hits = Vec::with_capacity(limit);
        for text in found.iter().take(limit) {
            let mut document = self.kept(searcher, text)?;
            if query.district.is_empty() && !document.district.is_empty() {
                let others = others.iter().filter(|one| one.article == text.article);
                document = self.everywhere(searcher, document, others)?;
            }
            let title = match &typed {
                Some(typed) => highlight::by_initials(&document.title, typed),
                None => highlight::whole(&document.title, &worth),
            };
            let texts = [&document.answer, &document.body, &document.place];
            let texts = texts.into_iter().chain(&document.questions);
            hits.push(Hit {
                title,
                passage: highlight::passage(texts.map(String::as_str), &worth),
                score: text.score,
                article: document.article,
                language: document.language,
                district: document.district,
            });
        }
        Ok(Answer {
            hits,
            suggestion: reading.suggestion,
            categories: categories(searcher, &found)?,
        })
    }

    /// Who does not say where they are reads what is true everywhere, in the language found.
    fn everywhere<'a>(
        &self,
        searcher: &Searcher,
        found: Document,
        others: impl Iterator<Item = &'a Found>,
    ) -> Result<Document, Failure> {
        for other in others {
            let other = self.kept(searcher, other)?;
            if other.district.is_empty() && other.language == found.language {
                return Ok(other);
            }
        }
        Ok(found)
    }

    fn kept(&self, searcher: &Searcher, text: &Found) -> Result<Document, Failure> {
        let address = DocAddress::new(text.segment, text.doc);
        let stored: TantivyDocument = searcher.doc(address)?;
        let bytes = stored.get_first(self.fields.kept);
        let bytes = bytes.and_then(|value| value.as_bytes()).unwrap_or_default();
        serde_json::from_slice(bytes).map_err(|error| {
            let why = format!("a kept text cannot be read: {error}");
            tantivy::TantivyError::InternalError(why).into()
        })
    }
}

/// What a query found, before texts are read.
#[derive(Default)]
struct Reading {
    found: Vec<Found>,
    /// Terms with what they are worth in a passage.
    terms: BTreeMap<String, f32>,
    suggestion: Option<String>,
}

fn worth(wants: &Wants, rank: &Rank) -> BTreeMap<String, f32> {
    let terms = wants.terms.iter().enumerate();
    let found = terms.filter(|(index, _)| rank.has(*index));
    found
        .map(|(index, wanted)| (wanted.text.clone(), wanted.weight * rank.rarity(index)))
        .collect()
}

/// The end of the runs that one keyboard wrote without a gap, and their bytes.
fn stretch(runs: &[Run], first: usize) -> (usize, Range<usize>) {
    let korean = |run: &Run| matches!(run.script, Script::Hangul | Script::Letters);
    let mut range = runs[first].range();
    let mut end = first + 1;
    while let Some(next) = runs.get(end).filter(|_| korean(&runs[first]))
        && korean(next)
        && next.range().start == range.end
    {
        range.end = next.range().end;
        end += 1;
    }
    (end, range)
}

/// Nothing but consonants on their own.
fn only_letters(runs: &[Run]) -> bool {
    runs.iter().all(|run| run.script == Script::Letters)
}

/// Initial consonants of a query of which at least one part is nothing else; pairs of finals, as
/// keyboards write them, taken apart.
fn typed_initials(runs: &[Run]) -> Option<String> {
    let consonants = |run: &Run| {
        let mut letters = run.letters.iter();
        run.script == Script::Letters && letters.all(|(letter, _)| hangul::is_consonant(*letter))
    };
    let korean = |run: &Run| run.script == Script::Hangul || consonants(run);
    let asked = runs
        .iter()
        .any(|run| consonants(run) && (run.letters.len() > 1 || runs.len() == 1));
    if !asked || !runs.iter().all(korean) {
        return None;
    }
    Some(
        initials(runs)
            .concat()
            .chars()
            .flat_map(hangul::apart)
            .collect(),
    )
}

/// Categories of the articles, most first.
fn categories(searcher: &Searcher, found: &[Found]) -> Result<Vec<(String, usize)>, Failure> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (segment, reader) in searcher.segment_readers().iter().enumerate() {
        let Some(column) = reader.fast_fields().str(CATEGORY)? else {
            continue;
        };
        let mut of_segment: BTreeMap<u64, usize> = BTreeMap::new();
        for text in found.iter().filter(|text| text.segment as usize == segment) {
            for category in column.term_ords(text.doc) {
                *of_segment.entry(category).or_default() += 1;
            }
        }
        for (category, count) in of_segment {
            let mut name = String::new();
            if column.ord_to_str(category, &mut name)? && !name.is_empty() {
                *counts.entry(name).or_default() += count;
            }
        }
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_told_from_words() {
        for (text, expected) in [
            ("ㅂㅂㅈㅊ", Some("ㅂㅂㅈㅊ")),
            ("ㅇㄱ ㅂㄱ", Some("ㅇㄱㅂㄱ")),
            ("ㄳ", Some("ㄱㅅ")),
            ("불법 ㅈㅈㅊ", Some("ㅂㅂㅈㅈㅊ")),
            ("여ㄱ", None),
            ("여권", None),
            ("ㅏㅏ", None),
            ("ㅂㅂ abc", None),
        ] {
            assert_eq!(typed_initials(&runs(text)).as_deref(), expected, "{text}");
        }
    }
}
