//! Fields and columns of the index, and how a document is put into them. Never a query.

use crate::document::{Document, lineage, number};
use crate::hangul;
use crate::spelling;
use crate::terms::{self, composed};
use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};

/// Written into every commit: an index of another form is built again.
pub(crate) const VERSION: &str = "dasan-search-1";

/// Bytes of a text that are indexed; what is beyond is kept and shown, not found.
const TEXT_BYTES_MAX: usize = 200_000;

/// Ways of cutting a text, as the schema names them.
const TERMS: &str = "dasan_terms";
const KEYS: &str = "dasan_keys";
const INITIALS: &str = "dasan_initials";

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
        let text = |name, option| {
            let indexing = TextFieldIndexing::default().set_tokenizer(name);
            let indexing = indexing.set_index_option(option);
            TextOptions::default().set_indexing_options(indexing)
        };
        let places = IndexRecordOption::WithFreqsAndPositions;
        let article = schema.add_text_field("article", STRING);
        let counted = IndexRecordOption::WithFreqs;
        let scored =
            ["title", "ask", "body"].map(|name| schema.add_text_field(name, text(TERMS, counted)));
        let initials = schema.add_text_field("initials", text(INITIALS, places));
        let keys = schema.add_text_field("keys", text(KEYS, IndexRecordOption::Basic));
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
        into.add_text(title, cut(&document.title));
        for text in document.head().skip(1).chain(&document.used_for) {
            into.add_text(ask, cut(text));
        }
        for text in [&document.answer, &document.body, &document.place] {
            into.add_text(body, cut(text));
        }
        for text in document.head() {
            into.add_text(self.keys, cut(text));
            into.add_text(self.initials, cut(text));
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

/// As much of a text as is indexed.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Teaches an index to cut texts.
pub(crate) fn teach(index: &tantivy::Index) {
    let cutters = [
        (TERMS, Cutter(terms_of)),
        (KEYS, Cutter(keys_of)),
        (INITIALS, Cutter(initials_of)),
    ];
    for (name, cutter) in cutters {
        index
            .tokenizers()
            .register(name, TextAnalyzer::from(cutter));
    }
}

fn token(text: String, position: usize) -> Token {
    Token {
        text,
        position,
        offset_from: 0,
        offset_to: 0,
        position_length: 1,
    }
}

fn terms_of(text: &str) -> Vec<Token> {
    let terms = terms::terms(text).into_iter();
    let tokens = terms.map(|term| token(term.text, term.position as usize));
    tokens.collect()
}

fn keys_of(text: &str) -> Vec<Token> {
    let words = spelling::words(text).into_iter();
    words.map(|word| token(word, 0)).collect()
}

/// Initial consonants in pairs, and singly where a word begins.
fn initials_of(text: &str) -> Vec<Token> {
    let runs = terms::runs(text);
    let mut tokens = Vec::new();
    let mut first = 0;
    for part in terms::initials(&runs) {
        let letters: Vec<char> = part.chars().collect();
        let pairs = letters.windows(2).enumerate();
        tokens.extend(pairs.map(|(at, pair)| token(pair.iter().collect(), first + at)));
        // A gap, so that no phrase goes over it.
        first += letters.len() + 1;
    }
    let begins = runs.iter().filter_map(|run| run.letters.first());
    let begins = begins.filter_map(|(letter, _)| hangul::initial(*letter));
    tokens.extend(begins.map(|letter| token(letter.to_string(), first)));
    tokens
}

/// A way of cutting texts.
#[derive(Clone)]
struct Cutter(fn(&str) -> Vec<Token>);

impl Tokenizer for Cutter {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        Tokens {
            rest: self.0(text).into_iter(),
            now: token(String::new(), 0),
        }
    }
}

/// Tokens one after the other.
struct Tokens {
    rest: std::vec::IntoIter<Token>,
    now: Token,
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        let next = self.rest.next();
        let more = next.is_some();
        self.now = next.unwrap_or_else(|| token(String::new(), 0));
        more
    }

    fn token(&self) -> &Token {
        &self.now
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.now
    }
}
