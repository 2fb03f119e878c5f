//! What an article says in one language, with its district variants, and what is wrong with it.
//! Never markup: every field is plain text.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sentences of an answer: what is read aloud in one breath.
pub const ANSWER_SENTENCES_MAX: usize = 2;

/// Letters of one line: a title, a question, a fee, an office.
const LINE_MAX: usize = 500;
/// Letters of an answer: two long sentences.
pub const ANSWER_LETTERS_MAX: usize = 600;
/// Letters of the details: ten printed pages.
const DETAILS_MAX: usize = 20_000;
/// Questions, synonyms or documents of one text.
const LINES_MAX: usize = 200;
/// District variants of one text: more than any city has districts.
const VARIANTS_MAX: usize = 300;

/// What an article says in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Text {
    /// Title.
    pub title: String,
    /// Other ways of asking.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
    /// Words people say instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// At most two sentences, to be read aloud.
    pub answer: String,
    /// Paragraphs; lines that begin with `- ` are lists.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// What to bring.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// What it costs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fee: String,
    /// How long it takes, or when.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub time: String,
    /// Where.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub office: String,
    /// Telephone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub telephone: String,
    /// What differs in a district, by its code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, Variant>,
}

/// What differs in a district; what is empty is as everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// Answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// Details.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// Documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Fee.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fee: String,
    /// Time.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub time: String,
    /// Office.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub office: String,
    /// Telephone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub telephone: String,
}

/// A field of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Title.
    Title,
    /// Other ways of asking.
    Questions,
    /// Words people say instead.
    Synonyms,
    /// Answer.
    Answer,
    /// Details.
    Details,
    /// Documents.
    Documents,
    /// Fee.
    Fee,
    /// Time.
    Time,
    /// Office.
    Office,
    /// Telephone.
    Telephone,
    /// District variants.
    Variants,
}

impl Field {
    /// The key as in files and forms.
    pub fn key(self) -> &'static str {
        match self {
            Field::Title => "title",
            Field::Questions => "questions",
            Field::Synonyms => "synonyms",
            Field::Answer => "answer",
            Field::Details => "details",
            Field::Documents => "documents",
            Field::Fee => "fee",
            Field::Time => "time",
            Field::Office => "office",
            Field::Telephone => "telephone",
            Field::Variants => "variants",
        }
    }
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Not published before it has one.
    Missing(Field),
    /// An answer of more than two sentences: not published.
    Sentences,
    /// Longer than anybody reads, or more of them: not even kept as a draft.
    TooLong(Field),
}

impl Flaw {
    /// Whether a draft may have it.
    pub fn is_draftable(self) -> bool {
        !matches!(self, Flaw::TooLong(_))
    }
}

impl Text {
    /// The same without control characters, blanks at the ends, empty lines of lists and variants
    /// that say nothing.
    #[must_use]
    pub fn cleaned(self) -> Text {
        let variants = self.variants.into_iter();
        let variants = variants.map(|(district, variant)| (district, variant.cleaned()));
        Text {
            title: line(&self.title),
            questions: lines(&self.questions),
            synonyms: lines(&self.synonyms),
            answer: line(&self.answer),
            details: paragraphs(&self.details),
            documents: lines(&self.documents),
            fee: line(&self.fee),
            time: line(&self.time),
            office: line(&self.office),
            telephone: line(&self.telephone),
            variants: variants
                .filter(|(_, variant)| *variant != Variant::default())
                .collect(),
        }
    }

    /// Everything that is wrong with it.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        for (field, text) in [(Field::Title, &self.title), (Field::Answer, &self.answer)] {
            if text.is_empty() {
                flaws.push(Flaw::Missing(field));
            }
        }
        let answers = self.variants.values().map(|variant| &variant.answer);
        if answers
            .chain([&self.answer])
            .any(|answer| sentences(answer) > ANSWER_SENTENCES_MAX)
        {
            flaws.push(Flaw::Sentences);
        }
        flaws.extend(self.too_long().into_iter().map(Flaw::TooLong));
        flaws
    }

    fn too_long(&self) -> Vec<Field> {
        let over = |text: &str, most: usize| text.chars().count() > most;
        let many = |texts: &[String]| {
            texts.len() > LINES_MAX || texts.iter().any(|text| over(text, LINE_MAX))
        };
        let answer = |text: &str| over(text, ANSWER_LETTERS_MAX);
        let details = |text: &str| over(text, DETAILS_MAX);
        let line = |text: &str| over(text, LINE_MAX);
        let variant = |one: &Variant| {
            answer(&one.answer)
                || details(&one.details)
                || many(&one.documents)
                || [&one.fee, &one.time, &one.office, &one.telephone]
                    .into_iter()
                    .any(|text| line(text))
        };
        let found = [
            (Field::Title, line(&self.title)),
            (Field::Questions, many(&self.questions)),
            (Field::Synonyms, many(&self.synonyms)),
            (Field::Answer, answer(&self.answer)),
            (Field::Details, details(&self.details)),
            (Field::Documents, many(&self.documents)),
            (Field::Fee, line(&self.fee)),
            (Field::Time, line(&self.time)),
            (Field::Office, line(&self.office)),
            (Field::Telephone, line(&self.telephone)),
            (
                Field::Variants,
                self.variants.len() > VARIANTS_MAX || self.variants.values().any(variant),
            ),
        ];
        found
            .into_iter()
            .filter(|(_, over)| *over)
            .map(|(field, _)| field)
            .collect()
    }

    /// The text as it is in a district.
    #[must_use]
    pub fn in_district(&self, district: &str) -> Text {
        let mut text = self.clone();
        text.variants.clear();
        let Some(variant) = self.variants.get(district) else {
            return text;
        };
        let put = |own: &mut String, other: &String| {
            if !other.is_empty() {
                own.clone_from(other);
            }
        };
        put(&mut text.answer, &variant.answer);
        put(&mut text.details, &variant.details);
        put(&mut text.fee, &variant.fee);
        put(&mut text.time, &variant.time);
        put(&mut text.office, &variant.office);
        put(&mut text.telephone, &variant.telephone);
        if !variant.documents.is_empty() {
            text.documents.clone_from(&variant.documents);
        }
        text
    }
}

impl Variant {
    fn cleaned(self) -> Variant {
        Variant {
            answer: line(&self.answer),
            details: paragraphs(&self.details),
            documents: lines(&self.documents),
            fee: line(&self.fee),
            time: line(&self.time),
            office: line(&self.office),
            telephone: line(&self.telephone),
        }
    }
}

/// One line: runs of blanks and controls become one blank.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn lines(texts: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        let text = line(text);
        if !text.is_empty() && !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// Several lines: no controls, no blanks at the end of a line, at most one empty line in between.
fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut empty = 0;
    for one in text.split('\n') {
        let one: String = one
            .chars()
            .filter(|letter| !letter.is_control() || *letter == '\t')
            .collect();
        let one = one.trim_end();
        if one.trim().is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(one);
    }
    out
}

/// How many sentences a text has. A full stop ends one when a new one may begin after it: not in
/// `9.30`, not in `9 a.m. to 6 p.m.`, not in `No. 5`.
pub fn sentences(text: &str) -> usize {
    ends(text).len()
}

/// The first so many sentences and the rest.
pub fn first_sentences(text: &str, count: usize) -> (&str, &str) {
    let ends = ends(text);
    let at = match count {
        0 => 0,
        count => ends.get(count - 1).copied().unwrap_or(text.len()),
    };
    let (first, rest) = text.split_at(at);
    (first.trim(), rest.trim())
}

/// Where sentences end, in bytes; the last one ends with the text.
fn ends(text: &str) -> Vec<usize> {
    let text = text.trim_end();
    let mut found = Vec::new();
    let mut after_word = false;
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        let end = at + letter.len_utf8();
        let wide = matches!(letter, '。' | '！' | '？');
        let narrow = matches!(letter, '.' | '!' | '?' | '…');
        if !wide && !narrow {
            after_word |= letter.is_alphanumeric();
            continue;
        }
        if !after_word {
            continue;
        }
        let following = text[end..].trim_start_matches(['.', '!', '?', '…', '。', '！', '？']);
        let closed = following.trim_start_matches(['"', '\'', ')', '”', '’', '」', '』', '）']);
        let blank = closed.is_empty() || closed.starts_with(char::is_whitespace);
        let next = closed.trim_start().chars().next();
        let begins = next.is_none_or(|next| !(next.is_lowercase() || next.is_numeric()));
        if wide || blank && begins {
            let end = text.len() - closed.len();
            found.push(end);
            after_word = false;
            while rest.peek().is_some_and(|(at, _)| *at < end) {
                rest.next();
            }
        }
    }
    if after_word {
        found.push(text.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_counted_in_every_language() {
        for (text, count) in [
            ("", 0),
            ("…", 0),
            ("No full stop", 1),
            ("One. Two! Three?", 3),
            (
                "It is open 9 a.m. to 6 p.m. on weekdays. Bring your card.",
                2,
            ),
            ("The fee is 3.5 percent. See No. 5 of the form.", 2),
            ("신고는 120으로 하세요. 사진이 있으면 문자로 보내세요.", 2),
            ("하나입니다. 둘입니다. 셋입니다.", 3),
            ("可以拨打120。也可以发短信。", 2),
            ("できますか？はい。", 2),
            ("Hãy gọi 120. Có người nói tiếng Việt.", 2),
            ("120 руу залгаарай. Орчуулагч тусална.", 2),
            ("He said \"Wait.\" Then he left...", 2),
            ("Really?! Yes.", 2),
        ] {
            assert_eq!(sentences(text), count, "{text}");
        }
        assert_eq!(
            first_sentences("One. Two 2.5! Three", 2),
            ("One. Two 2.5!", "Three")
        );
        assert_eq!(first_sentences("One", 2), ("One", ""));
        assert_eq!(first_sentences("One", 0), ("", "One"));
    }

    #[test]
    fn cleaning_keeps_what_is_said() {
        let text = Text {
            title: " A\u{0}  title\r\n".into(),
            questions: vec!["q".into(), " ".into(), "q ".into()],
            details: "\n\none \r\n- two\r\n\r\n\r\n\r\nthree\u{7}\n".into(),
            variants: BTreeMap::from([("north".into(), Variant::default())]),
            ..Text::default()
        };
        let text = text.cleaned();
        assert_eq!(text.title, "A title");
        assert_eq!(text.questions, ["q"]);
        assert_eq!(text.details, "one\n- two\n\nthree");
        assert!(text.variants.is_empty());
        assert_eq!(text.clone().cleaned(), text, "cleaning twice is once");
    }

    #[test]
    fn flaws_are_named_by_field() {
        let mut text = Text::default();
        assert_eq!(
            text.flaws(),
            [Flaw::Missing(Field::Title), Flaw::Missing(Field::Answer)]
        );
        text.title = "T".into();
        text.answer = "One. Two.".into();
        assert!(text.flaws().is_empty());
        let variant = Variant {
            answer: "One. Two. Three.".into(),
            ..Variant::default()
        };
        text.variants.insert("north".into(), variant);
        assert_eq!(text.flaws(), [Flaw::Sentences]);
        text.details = "x".repeat(DETAILS_MAX + 1);
        assert_eq!(text.flaws()[1], Flaw::TooLong(Field::Details));
        assert!(!text.flaws()[1].is_draftable());
    }

    #[test]
    fn a_district_says_only_what_differs() {
        let text = Text {
            answer: "Everywhere.".into(),
            fee: "1,000".into(),
            variants: BTreeMap::from([(
                "north".into(),
                Variant {
                    answer: "In the north.".into(),
                    ..Variant::default()
                },
            )]),
            ..Text::default()
        };
        let north = text.in_district("north");
        assert_eq!(
            (north.answer.as_str(), north.fee.as_str()),
            ("In the north.", "1,000")
        );
        assert_eq!(text.in_district("south").answer, "Everywhere.");
    }
}
