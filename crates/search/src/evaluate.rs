//! How well and how fast real questions find their answers: lists of pairs read, asked, counted.
//! Never a ranking of its own.

use crate::document::Document;
use crate::failure::Failure;
use crate::fold::{Script, script};
use crate::index::Index;
use crate::query::Query;
use crate::ranking::Ranking;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Headers of a question and of its answer, as cities name them.
const HEADERS: [(&str, &str); 3] = [
    ("제목", "내용"),
    ("title", "content_text"),
    ("question", "answer"),
];
/// Headers of a language, ISO 639-1. Without one it is taken from the letters of the question.
const LANGUAGES: [&str; 2] = ["language", "lang"];
/// Ranks that count.
const RANKS: usize = 10;

/// A question and the answer that it must find.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pair {
    /// ISO 639-1.
    pub language: String,
    /// As a citizen would ask.
    pub question: String,
    /// The text that answers.
    pub answer: String,
}

/// A list as read.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Pairs {
    /// In the order of the file.
    pub pairs: Vec<Pair>,
    /// Lines of rows that have no question or no answer, or another number of cells than the
    /// header.
    pub skipped: Vec<usize>,
}

/// Why a list cannot be read.
#[derive(Debug, Eq, Error, PartialEq)]
pub enum Unreadable {
    /// No known header.
    #[error(
        "the header names {found:?}; wanted are 제목 and 내용, title and content_text, or question and answer"
    )]
    Header {
        /// What the first row says.
        found: Vec<String>,
    },
    /// A quotation that never ends.
    #[error("a quotation that begins in line {0} never ends")]
    Quotation(usize),
    /// Nothing to ask.
    #[error("no row has a question and an answer ({0} rows were looked at)")]
    Empty(usize),
}

/// What is indexed and how it is asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Variant {
    /// Index the question as the title, too.
    pub title: bool,
    /// Ask without spaces.
    pub no_spaces: bool,
    /// Ask with one letter or syllable left out.
    pub drop_syllable: bool,
    /// Ask with one syllable or letter replaced by its neighbor in the alphabet.
    pub wrong_syllable: bool,
}

/// What was measured for one language.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// ISO 639-1.
    pub language: String,
    /// Questions asked.
    pub questions: usize,
    /// Mean of one over the rank of the answer, 0 beyond ten.
    pub mrr_at_10: f64,
    /// Parts of the questions whose answer is first, among three, among ten.
    pub hit_at: [f64; 3],
    /// Time of a query.
    pub p50: Duration,
    /// Time of a query.
    pub p99: Duration,
}

impl Figures {
    /// One `name=value` pair for each figure, the language in the name.
    pub fn lines(&self) -> Vec<String> {
        let name = &self.language;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let [first, three, ten] = self.hit_at;
        vec![
            format!("search_{name}_questions={}", self.questions),
            format!("search_{name}_mrr_at_10={:.4}", self.mrr_at_10),
            format!("search_{name}_hit_at_1={first:.4}"),
            format!("search_{name}_hit_at_3={three:.4}"),
            format!("search_{name}_hit_at_10={ten:.4}"),
            format!("search_{name}_p50_ms={:.3}", ms(self.p50)),
            format!("search_{name}_p99_ms={:.3}", ms(self.p99)),
        ]
    }
}

/// Reads a list of pairs (CSV as in RFC 4180, with or without a byte order mark).
pub fn read(text: &str) -> Result<Pairs, Unreadable> {
    let mut rows = rows(text.trim_start_matches('\u{feff}'))?.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let header: Vec<String> = header
        .iter()
        .map(|cell| cell.trim().to_lowercase())
        .collect();
    let place = |name: &str| header.iter().position(|cell| cell == name);
    let columns = HEADERS.iter().find_map(|(question, answer)| {
        let question = place(question)?;
        Some((question, place(answer)?))
    });
    let Some((question, answer)) = columns else {
        return Err(Unreadable::Header { found: header });
    };
    let language = LANGUAGES.iter().find_map(|name| place(name));
    let mut list = Pairs::default();
    let mut looked_at = 0;
    for (line, cells) in rows {
        looked_at += 1;
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.trim());
        let whole = cells.len() == header.len();
        if !whole || cell(question).is_empty() || cell(answer).is_empty() {
            list.skipped.push(line);
            continue;
        }
        let told = language.map(cell).filter(|language| !language.is_empty());
        let told = told.map(str::to_lowercase);
        list.pairs.push(Pair {
            language: told.unwrap_or_else(|| of_letters(cell(question)).to_owned()),
            question: cell(question).to_owned(),
            answer: cell(answer).to_owned(),
        });
    }
    if list.pairs.is_empty() {
        return Err(Unreadable::Empty(looked_at));
    }
    Ok(list)
}

/// Rows with the line in which each begins.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, Unreadable> {
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let (mut line, mut begun, mut quoted_from) = (1, 1, None);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match (letter, quoted_from) {
            ('"', Some(_)) if letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            ('"', Some(_)) => quoted_from = None,
            ('"', None) if cell.is_empty() => quoted_from = Some(line),
            (',', None) => cells.push(std::mem::take(&mut cell)),
            ('\r', None) if letters.peek() == Some(&'\n') => {}
            ('\n' | '\r', None) => {
                cells.push(std::mem::take(&mut cell));
                if cells.iter().any(|cell| !cell.is_empty()) {
                    rows.push((begun, std::mem::take(&mut cells)));
                }
                cells.clear();
                begun = line;
            }
            (other, _) => cell.push(other),
        }
    }
    if let Some(line) = quoted_from {
        return Err(Unreadable::Quotation(line));
    }
    cells.push(cell);
    if cells.iter().any(|cell| !cell.is_empty()) {
        rows.push((begun, cells));
    }
    Ok(rows)
}

/// The language that letters suggest. Only for lists that do not say.
fn of_letters(text: &str) -> &'static str {
    let has = |wanted: fn(char) -> bool| text.chars().any(wanted);
    if has(|letter| matches!(script(letter), Script::Hangul | Script::Letters)) {
        "ko"
    } else if has(|letter| matches!(letter, '\u{3040}'..='\u{30ff}')) {
        "ja"
    } else if has(|letter| script(letter) == Script::Han) {
        "zh"
    } else if has(|letter| script(letter) == Script::Cyrillic) {
        "mn"
    } else if has(|letter| {
        matches!(
            letter,
            'đ' | 'Đ' | 'ơ' | 'ư' | 'ă' | '\u{1ea0}'..='\u{1ef9}'
        )
    }) {
        "vi"
    } else {
        "en"
    }
}

/// Indexes all answers together and asks each question once.
///
/// `synonyms` is the table of the editors: a word, and what it means.
pub fn run<'a>(
    pairs: &[Pair],
    variant: Variant,
    ranking: Ranking,
    synonyms: impl IntoIterator<Item = (&'a str, &'a [String])>,
) -> Result<Vec<Figures>, Failure> {
    let index = Index::in_memory()?.ranked(ranking);
    index.set_synonyms(synonyms);
    let documents = pairs.iter().enumerate().map(|(number, pair)| Document {
        article: number.to_string(),
        language: pair.language.clone(),
        title: if variant.title {
            pair.question.clone()
        } else {
            String::new()
        },
        body: pair.answer.clone(),
        ..Document::default()
    });
    index.replace(documents, 0)?;
    let mut asked: BTreeMap<&str, Vec<(Option<usize>, Duration)>> = BTreeMap::new();
    for (number, pair) in pairs.iter().enumerate() {
        let query = Query {
            text: spoiled(&pair.question, variant, number),
            languages: vec![pair.language.clone()],
            limit: RANKS,
            ..Query::default()
        };
        let started = Instant::now();
        let answer = index.search(&query)?;
        let took = started.elapsed();
        let wanted = number.to_string();
        let rank = answer.hits.iter().position(|hit| hit.article == wanted);
        asked.entry(&pair.language).or_default().push((rank, took));
    }
    let figures = asked
        .into_iter()
        .map(|(language, asked)| figures(language, &asked));
    Ok(figures.collect())
}

fn figures(language: &str, asked: &[(Option<usize>, Duration)]) -> Figures {
    let all = asked.len() as f64;
    let within = |ranks: usize| {
        let found = asked
            .iter()
            .filter(|(rank, _)| rank.is_some_and(|rank| rank < ranks));
        found.count() as f64 / all
    };
    let ranks = asked.iter().filter_map(|(rank, _)| *rank);
    let mut times: Vec<Duration> = asked.iter().map(|(_, took)| *took).collect();
    times.sort_unstable();
    Figures {
        language: language.to_owned(),
        questions: asked.len(),
        mrr_at_10: ranks.map(|rank| 1.0 / (rank + 1) as f64).sum::<f64>() / all,
        hit_at: [within(1), within(3), within(RANKS)],
        p50: percentile(&times, 50),
        p99: percentile(&times, 99),
    }
}

/// The time below which so many of a hundred are; the times must be sorted.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(rank).copied().unwrap_or_default()
}

/// A question as a hasty citizen writes it. The same place of the same question each time.
fn spoiled(question: &str, variant: Variant, number: usize) -> String {
    let mut letters: Vec<char> = question.chars().collect();
    let spoilt = |letter: &char| !matches!(script(*letter), Script::Gap | Script::Mark);
    let places: Vec<usize> = (0..letters.len())
        .filter(|at| spoilt(&letters[*at]))
        .collect();
    if places.len() > 1 && (variant.drop_syllable || variant.wrong_syllable) {
        let place = places[number * 7 % places.len()];
        if variant.drop_syllable {
            letters.remove(place);
        } else {
            letters[place] = neighbor(letters[place]);
        }
    }
    if variant.no_spaces {
        letters.retain(|letter| !letter.is_whitespace());
    }
    letters.into_iter().collect()
}

/// Another letter of the same script, one key away where that is known: another final consonant
/// of Hangul, the next letter of an alphabet.
fn neighbor(letter: char) -> char {
    let code = u32::from(letter);
    let other = match script(letter) {
        // The next vowel, with the same consonants.
        Script::Hangul if (code - 0xac00) / 28 % 21 < 20 => code + 28,
        Script::Hangul => code - 28,
        _ => code + 1,
    };
    char::from_u32(other)
        .filter(|other| script(*other) == script(letter))
        .unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(language: &str, question: &str, answer: &str) -> Pair {
        Pair {
            language: language.to_owned(),
            question: question.to_owned(),
            answer: answer.to_owned(),
        }
    }

    #[test]
    fn columns_are_found_by_their_header() {
        let list =
            read("번호,제목,내용\n1,여권 발급,\"구청, 여권과\n\"\"월\"\"요일\"\r\n").unwrap();
        assert_eq!(
            list.pairs,
            [pair("ko", "여권 발급", "구청, 여권과\n\"월\"요일")]
        );
        let list = read("\u{feff}Title,content_text,x\n垃圾,何時,\n").unwrap();
        assert_eq!(list.pairs, [pair("zh", "垃圾", "何時")]);
        let list = read("lang,answer,question\nVI,A,Q\n").unwrap();
        assert_eq!(list.pairs, [pair("vi", "Q", "A")]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(
            read("q,a\n1,2\n"),
            Err(Unreadable::Header {
                found: vec!["q".to_owned(), "a".to_owned()],
            })
        );
        assert!(matches!(read(""), Err(Unreadable::Header { .. })));
        assert_eq!(
            read("question,answer\nx,\"y\n\n"),
            Err(Unreadable::Quotation(2))
        );
        assert_eq!(read("question,answer\n,y\n"), Err(Unreadable::Empty(1)));
        let list = read("question,answer\nx\n\na,b\nc,d,e\n,f\n").unwrap();
        assert_eq!(list.pairs, [pair("en", "a", "b")]);
        assert_eq!(list.skipped, [2, 5, 6]);
    }

    #[test]
    fn languages_are_taken_from_letters() {
        for (text, language) in [
            ("여권을 ABC", "ko"),
            ("パスポート", "ja"),
            ("護照", "zh"),
            ("Хог хаягдал", "mn"),
            ("Đăng ký", "vi"),
            ("passport", "en"),
        ] {
            assert_eq!(of_letters(text), language, "{text}");
        }
    }

    #[test]
    fn ranks_are_counted() {
        let ms = Duration::from_millis;
        let asked = [
            (Some(0), ms(1)),
            (Some(3), ms(2)),
            (None, ms(9)),
            (Some(1), ms(3)),
        ];
        let figures = figures("ko", &asked);
        assert!((figures.mrr_at_10 - 0.4375).abs() < 1e-9);
        let hits = figures.hit_at.map(|part| (part * 100.0).round() as u32);
        assert_eq!(hits, [25, 50, 75]);
        assert_eq!((figures.p50, figures.p99), (ms(2), ms(9)));
        assert_eq!(figures.lines().len(), 7);
    }

    #[test]
    fn questions_are_spoiled_in_one_place() {
        let all = Variant::default();
        let dropped = spoiled(
            "여권 발급",
            Variant {
                drop_syllable: true,
                ..all
            },
            1,
        );
        assert_eq!(dropped.chars().count(), 4);
        let wrong = spoiled(
            "여권 발급",
            Variant {
                wrong_syllable: true,
                ..all
            },
            0,
        );
        assert_eq!(wrong, "예권 발급");
        let joined = spoiled(
            "여권 발급",
            Variant {
                no_spaces: true,
                ..all
            },
            0,
        );
        assert_eq!(joined, "여권발급");
    }
}
