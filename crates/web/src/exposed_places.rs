//! Where somebody lives and what they drive: addresses with a house number, license plates. Pure;
//! never a number of another kind.

use crate::exposed::{Kind, Stretch, joins};

/// What a road is called in English and in letters of English.
const ROADS: [&str; 16] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "boulevard",
    "blvd",
    "way",
    "court",
    "ct",
    "square",
];
/// The same as part of a Korean name in letters of English.
const ROMANIZED: [&str; 4] = ["ro", "gil", "daero", "dong"];
/// Signs that stand in the middle of a plate.
const PLATE: &str =
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배";
/// What may follow the number of a house; another letter makes it a count of something.
const AFTER: [&str; 9] = ["번지", "번길", "호", "동", "층", "에", "입", "이", "으"];

fn hangul(letter: char) -> bool {
    ('가'..='힣').contains(&letter)
}

fn digits(letters: &[char], from: usize) -> usize {
    let letters = letters.get(from..).unwrap_or_default();
    letters.iter().take_while(|c| c.is_ascii_digit()).count()
}

/// The digits before a letter, where those behind it and a blank begin, and how many they are.
fn numbers_around(letters: &[char], at: usize) -> (usize, usize, usize) {
    let before = letters[..at].iter().rev();
    let before = before.take_while(|c| c.is_ascii_digit()).count();
    let next = at + 1 + usize::from(letters.get(at + 1) == Some(&' '));
    (before, next, digits(letters, next))
}

/// `12가 3456`, `123가3456`.
pub(crate) fn plates(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        if !PLATE.contains(*letter) {
            continue;
        }
        let (before, next, after) = numbers_around(letters, at);
        if (2..=3).contains(&before) && after == 4 {
            found.push((Kind::Plate, at - before, next + 4));
        }
    }
    found
}

/// Korean and English addresses.
pub(crate) fn addresses(letters: &[char]) -> Vec<Stretch> {
    let mut found = roads(letters);
    found.extend(lots(letters));
    found.extend(flats(letters));
    found.extend(english(letters));
    found
}

/// Where the word that ends before a place begins.
fn word_start(letters: &[char], end: usize) -> usize {
    let word = letters[..end]
        .iter()
        .rev()
        .take_while(|c| hangul(**c) || c.is_ascii_digit())
        .count();
    end - word
}

/// The number of a house from a place on: where it ends, and whether it has two parts.
fn house(letters: &[char], from: usize) -> Option<(usize, bool)> {
    let first = digits(letters, from);
    if !(1..=4).contains(&first) {
        return None;
    }
    let mut end = from + first;
    let second = digits(letters, end + 1);
    let parts = letters.get(end) == Some(&'-') && (1..=4).contains(&second);
    if parts {
        end += 1 + second;
    }
    Some((end, parts))
}

/// Whether what follows lets the number before it be one of a house.
fn ends(letters: &[char], end: usize) -> bool {
    let rest: String = letters[end..].iter().take(2).collect();
    if rest.starts_with(['.', ',', ':']) && letters.get(end + 1).is_some_and(char::is_ascii_digit) {
        return false;
    }
    let counted = rest.starts_with(['%', '℃', '-', '~', '/']) || joins(letters.get(end));
    !counted || AFTER.iter().any(|word| rest.starts_with(word))
}

/// `세종대로 110`, `새문안로5길 19-1`.
fn roads(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        if !"로길".contains(*letter) {
            continue;
        }
        let start = word_start(letters, at);
        let name: String = letters[start..at].iter().collect();
        // A particle looks alike: "앞으로 2", "전화로 3".
        let particle = name.ends_with('으')
            || [
                "전화", "문자", "메일", "버스", "앞", "바", "스스", "따", "새", "서",
            ]
            .iter()
            .any(|word| name == *word);
        let blank = usize::from(letters.get(at + 1) == Some(&' '));
        let Some((end, _)) = house(letters, at + 1 + blank) else {
            continue;
        };
        if name.chars().count() >= 2 && !particle && ends(letters, end) {
            found.push((Kind::Address, start, end));
        }
    }
    found
}

/// `신림동 123-4`, `수유리 12번지`.
fn lots(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        if !"동리가".contains(*letter) {
            continue;
        }
        let start = word_start(letters, at);
        let blank = usize::from(letters.get(at + 1) == Some(&' '));
        let Some((end, parts)) = house(letters, at + 1 + blank) else {
            continue;
        };
        let lot: String = letters[end..].iter().take(3).collect();
        let named = lot.trim_start().starts_with("번지");
        let name = letters[start..at].iter().filter(|c| hangul(**c)).count();
        if name >= 2 && (named || parts && ends(letters, end)) {
            found.push((Kind::Address, start, end));
        }
    }
    found
}

/// `101동 1203호`.
fn flats(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (at, _) in letters.iter().enumerate().filter(|(_, c)| **c == '동') {
        let (before, next, after) = numbers_around(letters, at);
        let end = next + after;
        if (1..=4).contains(&before) && (2..=5).contains(&after) && letters.get(end) == Some(&'호')
        {
            found.push((Kind::Address, at - before, end + 1));
        }
    }
    found
}

/// A word of a text with its place.
struct Word {
    from: usize,
    to: usize,
    text: String,
}

fn words(letters: &[char]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let joined = |c: &char| c.is_ascii_alphanumeric() || "-'".contains(*c);
        let length = letters[at..].iter().take_while(|c| joined(c)).count();
        if length > 0 {
            words.push(Word {
                from: at,
                to: at + length,
                text: letters[at..at + length].iter().collect(),
            });
        }
        at += length.max(1);
    }
    words
}

fn road(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let last = lower.rsplit('-').next().unwrap_or_default();
    let romanized = lower.contains('-') && ROMANIZED.contains(&last);
    let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    romanized || capital && ROADS.contains(&lower.as_str())
}

/// `12 Garden Road`, `110, Sejong-daero`, `Sejong-daero 110`.
fn english(letters: &[char]) -> Vec<Stretch> {
    let words = words(letters);
    let number = |word: &Word| {
        let digits = word.text.chars().take_while(char::is_ascii_digit).count();
        let rest = &word.text[digits..];
        let rest = rest.trim_start_matches('-');
        (1..=5).contains(&digits)
            && rest.len() <= 4
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let near = |a: &Word, b: &Word| b.from - a.to <= 2 && !letters[a.to..b.from].contains(&'\n');
    let mut found = Vec::new();
    for (at, word) in words
        .iter()
        .enumerate()
        .filter(|(_, word)| road(&word.text))
    {
        let romanized = word.text.contains('-');
        let next = words.get(at + 1);
        if let Some(next) = next.filter(|next| romanized && number(next) && near(word, next)) {
            found.push((Kind::Address, word.from, next.to));
            continue;
        }
        // The number stands up to four capitalized words before the road's own.
        let mut first = at;
        while first > 0 && at - first < 4 && near(&words[first - 1], &words[first]) {
            first -= 1;
            if number(&words[first]) {
                if at - first >= 2 || romanized {
                    found.push((Kind::Address, words[first].from, word.to));
                }
                break;
            }
            if !words[first]
                .text
                .starts_with(|c: char| c.is_ascii_uppercase())
            {
                break;
            }
        }
    }
    found
}
