//! Why the library does not do what it is asked. Never a decision.

use std::fmt;

/// Why something was not done. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// There is no such article, revision, comment or notice.
    Unknown,
    /// This counselor may not do it.
    NotAllowed,
    /// Not possible in the present state.
    WrongState,
    /// Somebody else has changed it in the meantime.
    Stale,
    /// It is as it was.
    Unchanged,
    /// A code is letters `a` to `z`, digits and `-`.
    BadCode,
    /// Another article has this code.
    CodeTaken,
    /// No category that can be chosen.
    BadCategory,
    /// No such outcome.
    BadOutcome,
    /// No such unit.
    BadUnit,
    /// No such district.
    BadDistrict,
    /// No http or https address.
    BadAddress,
    /// It ends before it begins, or lasts too long.
    BadTime,
    /// A prompt's name is letters, digits and `_`.
    BadPrompt,
    /// A language in which no article is written.
    BadLanguage,
    /// A text is longer than anybody reads.
    TooLong,
    /// The text in the article's own language is missing.
    NoSource,
    /// A text without title or answer, or an answer of more than two sentences.
    Flawed,
    /// It needs a reason.
    NoReason,
    /// There are too many already.
    TooMany,
    /// An entry of the table of synonyms without a word, or without what it means.
    NoWord,
    /// Another entry of the table of synonyms has this word.
    WordTaken,
}

impl Refusal {
    /// Stable key for logs and pages.
    pub fn key(self) -> &'static str {
        match self {
            Refusal::Unknown => "unknown",
            Refusal::NotAllowed => "not_allowed",
            Refusal::WrongState => "wrong_state",
            Refusal::Stale => "stale",
            Refusal::Unchanged => "unchanged",
            Refusal::BadCode => "bad_code",
            Refusal::CodeTaken => "code_taken",
            Refusal::BadCategory => "bad_category",
            Refusal::BadOutcome => "bad_outcome",
            Refusal::BadUnit => "bad_unit",
            Refusal::BadDistrict => "bad_district",
            Refusal::BadAddress => "bad_address",
            Refusal::BadTime => "bad_time",
            Refusal::BadPrompt => "bad_prompt",
            Refusal::BadLanguage => "bad_language",
            Refusal::TooLong => "too_long",
            Refusal::NoSource => "no_source",
            Refusal::Flawed => "flawed",
            Refusal::NoReason => "no_reason",
            Refusal::TooMany => "too_many",
            Refusal::NoWord => "no_word",
            Refusal::WordTaken => "word_taken",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Unknown => "there is no such thing in the library",
            Refusal::NotAllowed => "this counselor may not do that",
            Refusal::WrongState => "this cannot be done in its present state",
            Refusal::Stale => "somebody else has changed it in the meantime",
            Refusal::Unchanged => "it is as it was",
            Refusal::BadCode => "a code is letters a to z, digits and hyphens",
            Refusal::CodeTaken => "another article has this code",
            Refusal::BadCategory => "there is no such category to choose",
            Refusal::BadOutcome => "there is no such outcome",
            Refusal::BadUnit => "there is no such unit",
            Refusal::BadDistrict => "there is no such district",
            Refusal::BadAddress => "this is no http or https address",
            Refusal::BadTime => "it ends before it begins, or lasts too long",
            Refusal::BadPrompt => "a prompt's name is letters, digits and underscores",
            Refusal::BadLanguage => "no article is written in this language",
            Refusal::TooLong => "a text is too long",
            Refusal::NoSource => "the text in the article's own language is missing",
            Refusal::Flawed => "a text has no title or answer, or its answer is too long",
            Refusal::NoReason => "it needs a reason",
            Refusal::TooMany => "there are too many already",
            Refusal::NoWord => "a word or what it means is missing",
            Refusal::WordTaken => "another entry has this word",
        })
    }
}

impl std::error::Error for Refusal {}
