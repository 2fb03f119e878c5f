//! Finding a category by what one types: name, code, initial consonants. The desk's script does the
//! same in `assets/find.js`. Never a decision on a record.

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
/// 0 the code begins so · 1 the name begins so · 2 it contains it · 3 its initials begin so ·
/// 4 its initials contain it · 5 a name above contains it · 6 by initials · 7 the letters or
/// initials stand in one of the names in this order, with others between.
pub(crate) fn fit(code: &str, own: &[&str], above: &[&str], typed: &str) -> Option<u8> {
    let typed = plain(typed);
    if typed.is_empty() || plain(code).starts_with(&typed) {
        return Some(0);
    }
    let typed: Vec<char> = typed.chars().collect();
    let letters = |names: &[&str]| -> Vec<Vec<char>> {
        names
            .iter()
            .map(|name| plain(name).chars().collect())
            .collect()
    };
    let (own, above) = (letters(own), letters(above));
    let exact = |named: char, typed: char| named == typed;
    let first = |names: &[Vec<char>], same: &dyn Fn(char, char) -> bool| {
        names
            .iter()
            .filter_map(|name| place(name, &typed, same))
            .min()
    };
    let grade = |at: Option<usize>, begins: u8, contains: u8| {
        at.map(|at| if at == 0 { begins } else { contains })
    };
    grade(first(&own, &exact), 1, 2)
        .or_else(|| grade(first(&own, &by_initial), 3, 4))
        .or_else(|| grade(first(&above, &exact), 5, 5))
        .or_else(|| grade(first(&above, &by_initial), 6, 6))
        .or_else(|| {
            let mut names = own.iter().chain(&above);
            (typed.len() >= SCATTERED_MIN && names.any(|name| scattered(name, &typed))).then_some(7)
        })
}

/// Fewer letters than this, scattered over a name, say nothing.
const SCATTERED_MIN: usize = 3;

fn by_initial(named: char, typed: char) -> bool {
    named == typed || (INITIALS.contains(&typed) && initial(named) == typed)
}

fn place(name: &[char], typed: &[char], same: &dyn Fn(char, char) -> bool) -> Option<usize> {
    if typed.len() > name.len() {
        return None;
    }
    (0..=name.len() - typed.len()).find(|at| {
        let part = &name[*at..*at + typed.len()];
        part.iter().zip(typed).all(|(a, b)| same(*a, *b))
    })
}

fn scattered(name: &[char], typed: &[char]) -> bool {
    let mut rest = name.iter();
    typed
        .iter()
        .all(|wanted| rest.any(|letter| by_initial(*letter, *wanted)))
}

/// The categories that fit by the names that counselors read, best first, in the city's order
/// within the same fit.
pub(crate) fn find<'a>(city: &'a City, typed: &str, leaves: bool) -> Vec<&'a Category> {
    let read = [city.language.code(), "en"];
    let names = |category: &'a Category| read.map(|language| name_in(&category.names, language));
    let mut found: Vec<(u8, &Category)> = city
        .categories
        .iter()
        .filter(|category| category.leaf || !leaves)
        .filter_map(|category| {
            let own = names(category);
            let above: Vec<&str> = city
                .categories
                .iter()
                .filter(|other| is_above(&other.code, &category.code))
                .flat_map(names)
                .collect();
            fit(&category.code, &own, &above, typed).map(|fit| (fit, category))
        })
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, category)| category).collect()
}

/// Whether one code is a parent of another.
fn is_above(parent: &str, code: &str) -> bool {
    code.strip_prefix(parent)
        .is_some_and(|rest| rest.starts_with('-'))
}

/// A category as shown: its name with those above it, `Traffic › Parking`.
pub(crate) fn path(city: &City, code: &str, language: &str) -> String {
    let mut names = Vec::new();
    for category in &city.categories {
        if category.code == code || is_above(&category.code, code) {
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
        let own = ["횡단보도", "crosswalk"];
        let above = [
            "교통·주차",
            "Traffic & parking",
            "불법주정차",
            "Illegal parking",
        ];
        for (typed, expected) in [
            ("", Some(0)),
            ("trf03", Some(0)),
            ("횡단", Some(1)),
            ("Crossw", Some(1)),
            ("보도", Some(2)),
            ("ㅎㄷ", Some(3)),
            ("횡ㄷ보", Some(3)),
            ("ㅂㄷ", Some(4)),
            ("불법 주정차", Some(5)),
            ("illegal p", Some(5)),
            ("ㅂㅂㅈㅈㅊ", Some(6)),
            ("ㅂㅂㅈㅊ", Some(7)),
            ("불주차", Some(7)),
            ("ㅊㅂ", None),
            ("수도", None),
            ("ㅂㅂㅈㅊㅊ", None),
        ] {
            assert_eq!(fit("TRF-03-01", &own, &above, typed), expected, "{typed}");
        }
        assert_eq!(fit("X", &[""], &[], "가나다라마바사"), None);
    }

    #[test]
    fn the_city_is_searched_best_first() {
        let city = crate::sample::city();
        let codes = |typed| -> Vec<&str> {
            let found = find(&city, typed, true);
            found
                .iter()
                .map(|category| category.code.as_str())
                .collect()
        };
        assert_eq!(codes("ㅂㅂㅈㅊ"), ["TRF-04-01"]);
        assert_eq!(codes("수도"), ["WAT-01-01"], "by the name above");
        assert_eq!(codes("없음"), Vec::<&str>::new());
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
