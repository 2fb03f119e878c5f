//! What is asked and what is answered. Never how it is found.

use serde::Serialize;
use std::ops::Range;

/// A search. Everything but the text may be left out.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// As typed so far.
    pub text: String,
    /// ISO 639-1, the one that is read first.
    pub languages: Vec<String>,
    /// The district from which is asked: its texts go before those of the whole city, those of
    /// other districts are left out.
    pub district: String,
    /// Audiences that may be seen; all when none is named.
    pub audiences: Vec<String>,
    /// Only this category and what is below it.
    pub category: String,
    /// Only articles of this unit.
    pub owner: String,
    /// Only texts in this language.
    pub language: String,
    /// Today, in days since 1970-01-01.
    pub today: i64,
    /// The season that it is.
    pub season: String,
    /// Most articles to answer with, at most 100; 0 is 10.
    pub limit: usize,
}

/// The articles found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answer {
    /// Best first, each article once.
    pub hits: Vec<Hit>,
    /// Another way of writing what was typed, when that finds more.
    pub suggestion: Option<String>,
    /// Categories of the articles looked at, with how many of them, most first.
    pub categories: Vec<(String, usize)>,
}

/// An article that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// Code of the article.
    pub article: String,
    /// Language of the text that was found.
    pub language: String,
    /// District of the text that was found, empty for the whole city.
    pub district: String,
    /// Higher is better; only comparable within one answer.
    pub score: f32,
    /// The title.
    pub title: Marked,
    /// The part of the text that answers best.
    pub passage: Marked,
}

/// A text with the places that match.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Marked {
    /// Plain text, in Unicode's composed form (NFC).
    pub text: String,
    /// Bytes of the text, in order, apart, on borders of letters.
    pub marks: Vec<Range<usize>>,
}

impl Marked {
    /// The text in pieces, each with whether it matches, to be escaped one by one.
    pub fn pieces(&self) -> Vec<(&str, bool)> {
        let mut pieces = Vec::with_capacity(self.marks.len() * 2 + 1);
        let mut at = 0;
        for mark in &self.marks {
            pieces.push((&self.text[at..mark.start], false));
            pieces.push((&self.text[mark.clone()], true));
            at = mark.end;
        }
        pieces.push((&self.text[at..], false));
        pieces.retain(|(piece, _)| !piece.is_empty());
        pieces
    }
}
