//! What takes words of strangers, as functions of bytes, with what must hold whatever they are: for
//! fuzzing. Never part of the paper.

use crate::evaluate;
use crate::highlight;
use crate::index::Index;
use crate::query::Query;
use crate::spelling;
use crate::synonyms::Synonyms;
use crate::terms::{composed, runs, terms};
use crate::{Document, hangul};
use std::sync::OnceLock;

/// A text cut into terms: each stands where it says, in order, and short enough for the index.
pub fn terms_of(bytes: &[u8]) {
    let text = composed(&String::from_utf8_lossy(bytes));
    let mut last = 0;
    for term in terms(&text) {
        assert!(
            text.get(term.range.clone())
                .is_some_and(|part| !part.is_empty())
        );
        assert!(term.position + 1 >= last, "terms go forward");
        assert!(!term.text.is_empty() && term.text.len() < 400);
        last = term.position;
    }
    for run in runs(&text) {
        if let Some(written) = spelling::other_keyboard(&text[run.range()]) {
            assert!(!written.is_empty());
        }
    }
    let _ = hangul::compose(&text);
    let _ = spelling::words(&text);
}

/// A query against a small index that the first line of it was published in: it is answered, and
/// its marks stand on borders of letters.
pub fn query(bytes: &[u8]) {
    static INDEX: OnceLock<Index> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let index = Index::in_memory().expect("memory is there");
        let titles = [
            "불법 주정차 신고",
            "Đăng ký người nước ngoài",
            "Noise complaints",
            "ごみの日",
        ];
        let documents = titles.iter().map(|title| Document {
            article: (*title).to_owned(),
            title: (*title).to_owned(),
            body: format!("{title}. 垃圾 Хог хаягдал 120"),
            ..Document::default()
        });
        index.replace(documents, 0).expect("memory is there");
        index
    });
    let text = String::from_utf8_lossy(bytes).into_owned();
    let query = Query {
        text,
        ..Query::default()
    };
    let answer = index
        .search(&query)
        .expect("a query of any form is answered");
    for hit in answer.hits {
        let pieces = hit.title.pieces().into_iter().chain(hit.passage.pieces());
        assert!(pieces.count() > 0);
        assert!(hit.score.is_finite() && hit.score >= 0.0);
    }
    let part = composed(&query.text);
    let _ = highlight::by_initials(&part, "ㅂㅈ").pieces();
}

/// A table of synonyms, one word and its others a line, parted by commas: every query is answered
/// with a bounded number of words.
pub fn synonyms(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<(String, Vec<String>)> = text
        .lines()
        .map(|line| {
            let mut words = line.split(',').map(str::to_owned);
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect();
    let entries = lines
        .iter()
        .map(|(word, others)| (word.as_str(), others.as_slice()));
    let (table, _) = Synonyms::new(entries);
    for (word, _) in &lines {
        assert!(table.of(word).len() <= 16);
    }
}

/// A list of questions and answers.
pub fn pairs(bytes: &[u8]) {
    let Ok(list) = evaluate::read(&String::from_utf8_lossy(bytes)) else {
        return;
    };
    assert!(!list.pairs.is_empty());
    for pair in list.pairs {
        assert!(!pair.question.is_empty() && !pair.answer.is_empty());
    }
}

#[cfg(test)]
#[path = "../../../fuzz/near_seeds/mod.rs"]
mod near_seeds;

#[cfg(test)]
mod tests {
    use super::near_seeds::near_seeds;

    #[test]
    fn nothing_near_the_seeds_breaks_a_reader() {
        near_seeds("search_terms", super::terms_of);
        near_seeds("search_query", super::query);
        near_seeds("search_synonyms", super::synonyms);
        near_seeds("search_pairs", super::pairs);
    }
}
