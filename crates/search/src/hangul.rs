//! Hangul below the syllable: keys of the two-set keyboard, initial consonants, and back. Never a
//! word or its meaning.

/// First syllable of the block of 11,172 (Unicode, section 3.12).
const FIRST: u32 = 0xac00;
const LAST: u32 = 0xd7a3;
const VOWELS: u32 = 21;
const FINALS: u32 = 28;

/// Keys of the initial consonants in the order of Unicode (KS X 5002, two-set).
const INITIAL_KEYS: [&str; 19] = [
    "r", "R", "s", "e", "E", "f", "a", "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g",
];
const VOWEL_KEYS: [&str; 21] = [
    "k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b",
    "m", "ml", "l",
];
const FINAL_KEYS: [&str; 28] = [
    "", "r", "R", "rt", "s", "sw", "sg", "e", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a",
    "q", "qt", "t", "T", "d", "w", "c", "z", "x", "v", "g",
];
/// Letters ㄱ (U+3131) to ㅎ (U+314E), the pairs of finals among them.
const CONSONANT_KEYS: [&str; 30] = [
    "r", "R", "rt", "s", "sw", "sg", "e", "E", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a",
    "q", "Q", "qt", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g",
];
/// Letters of the initial consonants in the order of Unicode.
const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ',
    'ㅌ', 'ㅍ', 'ㅎ',
];

/// A whole syllable such as `한`.
pub(crate) fn is_syllable(letter: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(letter))
}

/// A letter on its own, such as `ㅎ` or `ㅏ`.
pub(crate) fn is_letter(letter: char) -> bool {
    ('\u{3131}'..='\u{3163}').contains(&letter)
}

/// A consonant on its own.
pub(crate) fn is_consonant(letter: char) -> bool {
    ('\u{3131}'..='\u{314e}').contains(&letter)
}

/// Initial consonant of a syllable; a consonant is its own.
pub(crate) fn initial(letter: char) -> Option<char> {
    if is_syllable(letter) {
        let index = (u32::from(letter) - FIRST) / (VOWELS * FINALS);
        return Some(INITIALS[index as usize]);
    }
    is_consonant(letter).then_some(letter)
}

/// A pair of finals such as `ㄳ` as the two consonants it was typed with.
pub(crate) fn apart(letter: char) -> Vec<char> {
    let mut typed = String::new();
    if !is_consonant(letter) || !keys(letter, &mut typed) || typed.len() == 1 {
        return vec![letter];
    }
    let typed: Vec<char> = typed.chars().collect();
    let single = |key: &char| place(&INITIAL_KEYS, &[*key]);
    let single = typed.iter().filter_map(single);
    single.map(|index| INITIALS[index as usize]).collect()
}

/// Appends the keys that write a syllable or a letter; false for anything else.
pub(crate) fn keys(letter: char, to: &mut String) -> bool {
    if is_syllable(letter) {
        let index = u32::from(letter) - FIRST;
        to.push_str(INITIAL_KEYS[(index / (VOWELS * FINALS)) as usize]);
        to.push_str(VOWEL_KEYS[(index / FINALS % VOWELS) as usize]);
        to.push_str(FINAL_KEYS[(index % FINALS) as usize]);
        return true;
    }
    if is_letter(letter) {
        let index = (u32::from(letter) - 0x3131) as usize;
        match CONSONANT_KEYS.get(index) {
            Some(keys) => to.push_str(keys),
            None => to.push_str(VOWEL_KEYS[index - CONSONANT_KEYS.len()]),
        }
        return true;
    }
    false
}

/// Keys of a text that is all Hangul.
pub(crate) fn all_keys(text: &str) -> Option<String> {
    let mut keys_of = String::with_capacity(text.len());
    text.chars()
        .all(|letter| keys(letter, &mut keys_of))
        .then_some(keys_of)
}

/// What such keys write on a Korean keyboard, and whether every syllable is whole. None when a key
/// writes nothing.
pub(crate) fn compose(typed: &str) -> Option<(String, bool)> {
    let typed: Vec<char> = typed.chars().map(upright).collect();
    let mut text = String::new();
    let (mut at, mut whole) = (0, true);
    while at < typed.len() {
        let (letter, taken, complete) = syllable(&typed[at..])?;
        text.push(letter);
        whole &= complete;
        at += taken;
    }
    Some((text, whole))
}

/// Shift writes another letter with seven keys only; with the others it changes nothing.
fn upright(key: char) -> char {
    match key {
        'R' | 'E' | 'Q' | 'T' | 'W' | 'O' | 'P' => key,
        other => other.to_ascii_lowercase(),
    }
}

fn place(table: &[&str], keys: &[char]) -> Option<u32> {
    let same = |entry: &str| entry.chars().eq(keys.iter().copied());
    table
        .iter()
        .position(|entry| same(entry))
        .map(|at| at as u32)
}

fn is_vowel(key: Option<&char>) -> bool {
    key.is_some_and(|key| place(&VOWEL_KEYS, &[*key]).is_some())
}

/// The first syllable of the keys, how many it takes, and whether it is whole.
fn syllable(keys: &[char]) -> Option<(char, usize, bool)> {
    let Some(initial) = place(&INITIAL_KEYS, &keys[..1]) else {
        let vowel = place(&VOWEL_KEYS, &keys[..1])?;
        return Some((char::from_u32(0x314f + vowel)?, 1, false));
    };
    if !is_vowel(keys.get(1)) {
        return Some((INITIALS[initial as usize], 1, false));
    }
    let pair = keys.get(1..3).and_then(|pair| place(&VOWEL_KEYS, pair));
    let (vowel, mut taken) = match pair {
        Some(vowel) => (vowel, 3),
        None => (place(&VOWEL_KEYS, &keys[1..2])?, 2),
    };
    let mut last = 0;
    for length in [2, 1] {
        let after = keys.get(taken + length);
        let found = keys
            .get(taken..taken + length)
            .and_then(|keys| place(&FINAL_KEYS, keys));
        if let Some(found) = found.filter(|_| !is_vowel(after)) {
            last = found;
            taken += length;
            break;
        }
    }
    let code = FIRST + (initial * VOWELS + vowel) * FINALS + last;
    Some((char::from_u32(code)?, taken, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_write_what_they_were_read_from() {
        for (text, keys) in [
            ("여권", "durnjs"),
            ("불법주정차", "qnfqjqwnwjdck"),
            ("값없이", "rkqtdjqtdl"),
            ("왜곡", "dhorhr"),
            ("까치", "Rkcl"),
        ] {
            assert_eq!(all_keys(text).as_deref(), Some(keys), "{text}");
            assert_eq!(compose(keys), Some((text.to_owned(), true)), "{keys}");
        }
        assert_eq!(compose("durnjsr"), Some(("여권ㄱ".to_owned(), false)));
        assert_eq!(compose("parking"), Some(("ㅔㅁ가ㅑㅜㅎ".to_owned(), false)));
        assert_eq!(compose("a1"), None);
    }

    #[test]
    fn every_syllable_comes_back() {
        for code in FIRST..=LAST {
            let letter = char::from_u32(code).unwrap();
            let mut typed = String::new();
            assert!(keys(letter, &mut typed));
            assert_eq!(compose(&typed), Some((letter.to_string(), true)));
        }
        assert_eq!(initial('뷁'), Some('ㅂ'));
        assert_eq!(initial('a'), None);
    }
}
