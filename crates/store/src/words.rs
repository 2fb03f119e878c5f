//! Words of notes and letters for the search index: the same for writing and asking, on both
//! engines. Never an index.

use center::city::{Channel, Language};
use center::event::Fate;
use center::record::Row;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Letters that share a base letter once marks are taken off; the first of each is the base.
const FOLDED: [&str; 26] = [
    "aàáâãäåāăąǎạảấầẩẫậắằẳẵặ",
    "b",
    "cçćĉċč",
    "dďđð",
    "eèéêëēĕėęěẹẻẽếềểễệ",
    "f",
    "gĝğġģ",
    "hĥħ",
    "iìíîïĩīĭįıỉị",
    "jĵ",
    "kķ",
    "lĺļľŀł",
    "m",
    "nñńņňŉ",
    "oòóôõöøōŏőơǒọỏốồổỗộớờởỡợ",
    "p",
    "q",
    "rŕŗř",
    "sśŝşšș",
    "tţťŧț",
    "uùúûüũūŭůűųưǔụủứừửữự",
    "v",
    "wŵ",
    "x",
    "yýÿŷỳỵỷỹ",
    "zźżž",
];

/// Letters of a word that are looked at, here and in what is asked for: PostgreSQL keeps no word of
/// more than 2,047 bytes, and strangers write what they like.
const WORD_LETTERS_MAX: usize = 64;

/// Bytes of the words of one contact: PostgreSQL holds a megabyte of them at most. A record of that
/// length is found by its beginning.
const WORDS_BYTES_MAX: usize = 256 * 1024;

/// The words of a text, sorted, each once, separated by blanks.
pub(crate) fn of_note(text: &str) -> String {
    let mut words = BTreeSet::new();
    let mut bytes = 0;
    let mut take = |word: String| {
        let length = word.len() + 1;
        if bytes + length <= WORDS_BYTES_MAX && words.insert(word) {
            bytes += length;
        }
    };
    each_run(text, |run| match run {
        Run::Word(word) => take(word.to_owned()),
        Run::Syllables([single]) => take(single.to_string()),
        Run::Syllables(letters) => {
            letters
                .windows(2)
                .for_each(|pair| take(pair.iter().collect()));
        }
    });
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// Begins a word of the index that no note can hold: it is not a letter.
const MARK: char = '\u{e000}';

/// Stands for a sign inside such a word.
const SIGN: char = '\u{e001}';

/// Stretches of contacts that share a word of the index, each with the letter of the mark and the
/// power of two that is its length, the short ones first. Where an index does not tell the newest
/// first, one stretch after the other is looked into.
pub(crate) const STRETCHES: [(char, u32); 3] = [('0', 12), ('1', 16), ('2', 20)];

/// The words of note and letters of a closed contact, and what else lists of notes are narrowed by;
/// also its stretches, where they are asked for.
pub(crate) fn of_closed(row: &Row, said: &str, stretches: bool) -> String {
    let mut words = of_note(said);
    let mut mark = |kind, value: &str| {
        // PostgreSQL takes no word without a letter.
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&marked(kind, value));
    };
    if let Some(counselor) = row.counselor {
        mark('k', &counselor.to_string());
        mark('b', &both(&counselor.to_string(), &row.category));
    }
    mark('q', &row.queue);
    for (sign, _) in row.category.match_indices('-') {
        mark('c', &row.category[..sign]);
    }
    mark('c', &row.category);
    if let Some(fate) = row.fate.filter(|fate| *fate != Fate::Answered) {
        mark('f', fate.code());
    }
    if row.language != Language::Ko {
        mark('l', row.language.code());
    }
    if row.channel != Channel::Voice {
        mark('v', row.channel.code());
    }
    if stretches {
        for (sign, power) in STRETCHES {
            mark(sign, &(row.contact.0 >> power).to_string());
        }
    }
    words
}

/// Counselor and category in one word: each of them alone has thousands of contacts, which the
/// index would have to read through to find the few that have both.
pub(crate) fn both(counselor: &str, category: &str) -> String {
    format!("{counselor}-{category}")
}

/// A word of the index that says what kind of contact it is.
pub(crate) fn marked(kind: char, value: &str) -> String {
    let sign = |letter: char| {
        if letter.is_alphanumeric() {
            letter
        } else {
            SIGN
        }
    };
    [MARK, kind]
        .into_iter()
        .chain(value.chars().map(sign))
        .collect()
}

/// Whether a text has all the words asked for.
pub(crate) fn fit(asked: &[Asked], text: &str) -> bool {
    found(asked, text).into_iter().all(|found| found)
}

/// Which of the words asked for a text has.
pub(crate) fn found(asked: &[Asked], text: &str) -> Vec<bool> {
    let words = of_note(text);
    let has = |asked: &Asked| {
        words
            .split(' ')
            .any(|word| word == asked.word || (asked.beginning && word.starts_with(&asked.word)))
    };
    asked.iter().map(has).collect()
}

/// A word that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// Letters and digits only.
    pub word: String,
    /// Also finds longer words: a single syllable is half of a pair.
    pub beginning: bool,
}

/// The words asked for; all of them must be in the note.
pub(crate) fn of_query(text: &str) -> Vec<Asked> {
    let mut words = BTreeSet::new();
    each_run(text, |run| match run {
        Run::Word(word) => {
            words.insert(Asked {
                word: word.to_owned(),
                beginning: false,
            });
        }
        Run::Syllables([single]) => {
            words.insert(Asked {
                word: single.to_string(),
                beginning: true,
            });
        }
        Run::Syllables(letters) => {
            for pair in letters.windows(2) {
                words.insert(Asked {
                    word: pair.iter().collect(),
                    beginning: false,
                });
            }
        }
    });
    words.into_iter().collect()
}

/// The query in an engine's own language: each word quoted, joined by `and`.
pub(crate) fn joined(asked: &[Asked], quote: char, beginning: &str, and: &str) -> String {
    let mut text = String::new();
    for (index, asked) in asked.iter().enumerate() {
        let before = if index == 0 { "" } else { and };
        let after = if asked.beginning { beginning } else { "" };
        let _ = write!(text, "{before}{quote}{}{quote}{after}", asked.word);
    }
    text
}

/// Words that are looked up one inside the other; the parser of SQLite takes some fifty brackets.
const NESTED_MAX: usize = 12;

/// The query of an index that walks through the contacts of all words side by side, written so that
/// a word is looked up only where the words before it are: the rarest should come first. What is
/// joined by `AND` alone is one flat list whatever the brackets; taking a word that no note has
/// away from it keeps it together. After some words there is little left to skip: the others are
/// one flat list.
pub(crate) fn nested(asked: &[Asked]) -> String {
    let flat = |asked: &[Asked]| joined(asked, '"', "*", " AND ");
    let (deep, rest) = asked.split_at(asked.len().min(NESTED_MAX));
    let mut text = String::new();
    for next in deep {
        if text.contains(" AND ") {
            text = format!("(({text}) NOT \"{MARK}\")");
        }
        let before = if text.is_empty() { "" } else { " AND " };
        text = format!("{text}{before}{}", flat(std::slice::from_ref(next)));
    }
    if rest.is_empty() {
        return text;
    }
    format!("(({text}) NOT \"{MARK}\") AND {}", flat(rest))
}

enum Run<'a> {
    Word(&'a str),
    Syllables(&'a [char]),
}

fn each_run(text: &str, mut take: impl FnMut(Run<'_>)) {
    let mut word = String::new();
    let mut length = 0;
    let mut syllables = Vec::new();
    for letter in text.chars().chain(['\n']) {
        let syllable = is_syllable(letter);
        if !syllable && !syllables.is_empty() {
            take(Run::Syllables(&syllables));
            syllables.clear();
        }
        let mark = ('\u{300}'..='\u{36f}').contains(&letter);
        if (syllable || !letter.is_alphanumeric()) && !mark && !word.is_empty() {
            take(Run::Word(&word));
            word.clear();
            length = 0;
        }
        if syllable {
            syllables.push(letter);
        } else if letter.is_alphanumeric() && length < WORD_LETTERS_MAX {
            length += 1;
            word.extend(
                letter
                    .to_lowercase()
                    .filter(|c| c.is_alphanumeric())
                    .map(fold),
            );
        }
    }
}

/// Hangul, Han and Kana are written without reliable blanks: pairs stand for words.
fn is_syllable(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}'     // Hangul letters
        | '\u{3041}'..='\u{30ff}'   // Kana
        | '\u{3131}'..='\u{318e}'   // Hangul letters, as typed alone
        | '\u{3400}'..='\u{4dbf}'   // Han
        | '\u{4e00}'..='\u{9fff}'   // Han
        | '\u{ac00}'..='\u{d7a3}'   // Hangul syllables
        | '\u{f900}'..='\u{faff}'   // Han
        | '\u{20000}'..='\u{2fa1f}' // Han
    ) && letter.is_alphanumeric()
}

fn fold(letter: char) -> char {
    match letter {
        'a'..='z' | '0'..='9' => letter,
        'ө' => 'о',
        'ү' => 'у',
        'ё' => 'е',
        _ => FOLDED
            .iter()
            .find(|same| same.contains(letter))
            .and_then(|same| same.chars().next())
            .unwrap_or(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_become_pairs_and_latin_loses_its_marks() {
        assert_eq!(of_note("여권발급 문의"), "권발 문의 발급 여권");
        assert_eq!(of_note("Đăng ký, ĐĂNG KÝ!"), "dang ky");
        assert_eq!(of_note("Noise at 3-dong"), "3 at dong noise");
        assert_eq!(of_note("хөх"), of_note("хох"));
        assert_eq!(of_note("café\u{301} 登録する"), "cafe する 登録 録す");
        assert_eq!(of_note("\u{0}'\"*:&|"), "");
    }

    #[test]
    fn a_word_is_looked_up_where_those_before_it_are() {
        let one = |word: &str| Asked {
            word: word.to_owned(),
            beginning: word == "c",
        };
        let asked = ["a", "b", "c", "d"].map(one);
        assert_eq!(nested(&asked[..1]), "\"a\"");
        assert_eq!(nested(&asked[..2]), "\"a\" AND \"b\"");
        let b = format!("((\"a\" AND \"b\") NOT \"{MARK}\")");
        assert_eq!(nested(&asked[..3]), format!("{b} AND \"c\"*"));
        let c = format!("(({b} AND \"c\"*) NOT \"{MARK}\")");
        assert_eq!(nested(&asked), format!("{c} AND \"d\""));
    }

    #[test]
    fn what_a_stranger_writes_stays_within_the_index() {
        let long = "x".repeat(5_000);
        assert_eq!(of_note(&long).len(), WORD_LETTERS_MAX);
        assert!(fit(&of_query(&long), &long), "asking is cut alike");
        let many: Vec<String> = (0..100_000).map(|number| format!("w{number}")).collect();
        assert!(of_note(&many.join(" ")).len() <= WORDS_BYTES_MAX);
    }

    #[test]
    fn a_single_syllable_asks_for_the_beginning_of_pairs() {
        let asked = of_query("물 여권발");
        let text = joined(&asked, '"', "*", " AND ");
        assert_eq!(text, "\"권발\" AND \"물\"* AND \"여권\"");
    }
}
