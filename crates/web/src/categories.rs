//! Finding a category by what one types: name, code, initial consonants. The desk's script does the same in `assets/find.js`. Never a decision on a record.

use center::city::{Category, City, name_in};

/// Initial consonants in the order of the syllable block.
const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ',
    'ㅌ', 'ㅍ', 'ㅎ',
];
const FIRST_SYLLABLE: u32 = 0xAC00;
const LAST_SYLLABLE: u32 = 0xD7A3;
/// Syllables that share an initial: 21 vowels times 28 finals.
const PER_INITIAL: u32 = 588;

/// The initial consonant of a syllable; any other letter as it is.
pub(crate) fn initial(letter: char) -> char {
    match u32::from(letter) {
        code @ FIRST_SYLLABLE..=LAST_SYLLABLE => {
            INITIALS[((code - FIRST_SYLLABLE) / PER_INITIAL) as usize]
        }
        _ => letter,
    }
}

/// Letters that count: lower case, without spaces and punctuation.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// How well a typed text fits: smaller is better, none when it does not.
/// 0 code begins so · 1 a name begins so · 2 a name contains it · 3 its initials begin so ·
/// 4 its initials contain it.
pub(crate) fn fit(code: &str, names: &[&str], typed: &str) -> Option<u8> {
    let typed = plain(typed);
    if typed.is_empty() || plain(code).starts_with(&typed) {
        return Some(0);
    }
    let letters: Vec<char> = typed.chars().collect();
    let mut best: Option<u8> = None;
    for name in names {
        let name: Vec<char> = plain(name).chars().collect();
        let found = match place(&name, &letters, |named, typed| named == typed) {
            Some(0) => Some(1),
            Some(_) => Some(2),
            None => match place(&name, &letters, |named, typed| {
                named == typed || (INITIALS.contains(&typed) && initial(named) == typed)
            }) {
                Some(0) => Some(3),
                Some(_) => Some(4),
                None => None,
            },
        };
        best = match (best, found) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    best
}

fn place(name: &[char], typed: &[char], same: impl Fn(char, char) -> bool) -> Option<usize> {
    if typed.len() > name.len() {
        return None;
    }
    (0..=name.len() - typed.len()).find(|at| {
        let part = &name[*at..*at + typed.len()];
        part.iter().zip(typed).all(|(a, b)| same(*a, *b))
    })
}

/// The categories that fit, best first, in the city's order within the same fit.
pub(crate) fn find<'a>(city: &'a City, typed: &str, leaves: bool) -> Vec<&'a Category> {
    let mut found: Vec<(u8, &Category)> = city
        .categories
        .iter()
        .filter(|category| category.leaf || !leaves)
        .filter_map(|category| {
            let names: Vec<&str> = category.names.values().map(String::as_str).collect();
            fit(&category.code, &names, typed).map(|fit| (fit, category))
        })
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, category)| category).collect()
}

/// A category as shown: its name with those above it, `Traffic › Parking`.
pub(crate) fn path(city: &City, code: &str, language: &str) -> String {
    let mut names = Vec::new();
    for category in &city.categories {
        let above = code
            .strip_prefix(category.code.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if above {
            names.push((category.code.len(), name_in(&category.names, language)));
        }
    }
    names.sort_unstable();
    let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
    if names.is_empty() {
        code.to_owned()
    } else {
        names.join(" › ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_find_illegal_parking() {
        let names = ["불법주차 신고", "illegal parking"];
        assert_eq!(fit("TRF-04-01", &names, "ㅂㅂㅈㅊ"), Some(3));
        assert_eq!(fit("TRF-04-01", &names, "ㅈㅊ ㅅ"), Some(4));
        assert_eq!(fit("TRF-04-01", &names, "불ㅂ주"), Some(3));
        assert_eq!(fit("TRF-04-01", &names, "주차"), Some(2));
        assert_eq!(fit("TRF-04-01", &names, "Illegal p"), Some(1));
        assert_eq!(fit("TRF-04-01", &names, "trf04"), Some(0));
        assert_eq!(fit("TRF-04-01", &names, ""), Some(0));
        assert_eq!(fit("TRF-04-01", &names, "수도"), None);
        assert_eq!(fit("TRF-04-01", &names, "ㅂㅂㅈㅈ"), None);
        assert_eq!(fit("X", &[""], "가나다라마바사"), None);
    }

    #[test]
    fn initials_cover_the_block() {
        assert_eq!(initial('가'), 'ㄱ');
        assert_eq!(initial('까'), 'ㄲ');
        assert_eq!(initial('힣'), 'ㅎ');
        assert_eq!(initial('a'), 'a');
        assert_eq!(initial('ㅋ'), 'ㅋ');
    }
}
