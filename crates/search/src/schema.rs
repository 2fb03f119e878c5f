//! Fields and columns of the index, and how a document is put into them. Never a query.

use crate::document::{Document, lineage, number};
use crate::hangul;
use crate::spelling;
use crate::terms::{self, composed};
use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};

/// Written into every commit: an index of another form is built again.
pub(crate) const VERSION: &str = "dasan-search-1";

/// Bytes of a text that are indexed; what is beyond is kept and shown, not found.
const TEXT_BYTES_MAX: usize = 200_000;

/// Texts that are scored, by weight.
pub(crate) const SCORED: usize = 3;

/// The fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub schema: Schema,
    pub article: Field,
    /// Title, other questions and words, text.
    pub scored: [Field; SCORED],
    /// Initial consonants of the head.
    pub initials: Field,
    /// Keys of the words of the head.
    pub keys: Field,
    /// The document.
    pub kept: Field,
    category: Field,
    columns: [Field; 8],
}

/// Names of the columns of numbers.
pub(crate) const COLUMNS: [&str; 8] = [
    "article_number",
    "language",
    "district",
    "lineage",
    "owner",
    "audience",
    "season",
    "used",
];
pub(crate) const CATEGORY: &str = "category";
pub(crate) const REVISED: &str = "revised";

impl Fields {
    pub(crate) fn new() -> Fields {
        let mut schema = Schema::builder();
        let text = |option| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_index_option(option);
            TextOptions::default().set_indexing_options(indexing)
        };
        let places = IndexRecordOption::WithFreqsAndPositions;
        let article = schema.add_text_field("article", STRING);
        let counted = IndexRecordOption::WithFreqs;
        let scored =
            ["title", "ask", "body"].map(|name| schema.add_text_field(name, text(counted)));
        let initials = schema.add_text_field("initials", text(places));
        let keys = schema.add_text_field("keys", text(IndexRecordOption::Basic));
        let kept = schema.add_bytes_field("kept", STORED);
        let category = schema.add_text_field(CATEGORY, TextOptions::default().set_fast("raw"));
        let columns = COLUMNS.map(|name| schema.add_u64_field(name, FAST));
        schema.add_i64_field(REVISED, FAST | INDEXED);
        let schema = schema.build();
        Fields {
            schema,
            article,
            scored,
            initials,
            keys,
            kept,
            category,
            columns,
        }
    }

    /// A document as the index takes it, its texts composed.
    pub(crate) fn document(&self, document: &Document) -> TantivyDocument {
        let document = whole(document);
        let mut into = TantivyDocument::new();
        into.add_text(self.article, &document.article);
        let [title, ask, body] = self.scored;
        into.add_pre_tokenized_text(title, cut(&document.title));
        let asks = document.head().skip(1).chain(&document.used_for);
        asks.for_each(|text| into.add_pre_tokenized_text(ask, cut(text)));
        let texts = [&document.answer, &document.body, &document.place];
        texts
            .into_iter()
            .for_each(|text| into.add_pre_tokenized_text(body, cut(text)));
        for text in document.head() {
            into.add_pre_tokenized_text(self.keys, spelling::words(text));
            for part in initials(text) {
                into.add_pre_tokenized_text(self.initials, part);
            }
        }
        into.add_text(self.category, &document.category);
        let numbers = [
            number(&document.article),
            number(&document.language),
            number(&document.district),
            0,
            number(&document.owner),
            number(&document.audience),
            number(&document.season),
            document.used,
        ];
        for (column, value) in self.columns.iter().zip(numbers) {
            if *column == self.columns[3] {
                let parts = lineage(&document.category);
                parts.for_each(|part| into.add_u64(*column, number(part)));
            } else {
                into.add_u64(*column, value);
            }
        }
        let revised = self.schema.get_field(REVISED).expect("added above");
        into.add_i64(revised, document.revised);
        let kept = serde_json::to_vec(&document).expect("texts and numbers are always JSON");
        into.add_bytes(self.kept, &kept);
        into
    }
}

/// The document with texts in the form in which places are counted.
fn whole(document: &Document) -> Document {
    let all = |texts: &[String]| texts.iter().map(|text| composed(text)).collect();
    Document {
        title: composed(&document.title),
        questions: all(&document.questions),
        synonyms: all(&document.synonyms),
        answer: composed(&document.answer),
        body: composed(&document.body),
        place: composed(&document.place),
        used_for: all(&document.used_for),
        ..document.clone()
    }
}

/// The terms of a text.
fn cut(text: &str) -> PreTokenizedString {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let tokens = terms::terms(&text[..end]).into_iter().map(|term| Token {
        offset_from: term.range.start,
        offset_to: term.range.end,
        position: term.position as usize,
        text: term.text,
        position_length: 1,
    });
    pretokenized(tokens.collect())
}

/// Tokens alone: the index keeps no text of theirs.
pub(crate) fn pretokenized(tokens: Vec<Token>) -> PreTokenizedString {
    PreTokenizedString {
        text: String::new(),
        tokens,
    }
}

/// Initial consonants in pairs, and singly where a word begins.
fn initials(text: &str) -> Vec<PreTokenizedString> {
    let runs = terms::runs(text);
    let token = |text: String, position| Token {
        position,
        text,
        ..Token::default()
    };
    let mut parts: Vec<PreTokenizedString> = terms::initials(&runs)
        .into_iter()
        .map(|part| {
            let letters: Vec<char> = part.chars().collect();
            let pairs = letters.windows(2).enumerate();
            pretokenized(
                pairs
                    .map(|(at, pair)| token(pair.iter().collect(), at))
                    .collect(),
            )
        })
        .collect();
    let firsts = runs.iter().filter_map(|run| run.letters.first());
    let firsts = firsts.filter_map(|(letter, _)| hangul::initial(*letter));
    let firsts = firsts.map(|letter| token(letter.to_string(), 0));
    parts.push(pretokenized(firsts.collect()));
    parts
}
