//! Names of people: after words that announce one, and Korean names before an address of respect.
//! Pure; never a number, never an address.

use crate::exposed::{Kind, Stretch};

/// Surnames that nine of ten Koreans have, and the ones of two syllables.
const SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모";
const DOUBLE: [&str; 6] = ["남궁", "황보", "제갈", "선우", "독고", "사공"];
/// Roles and kinds of people that are no names, though they begin like one.
const ROLES: [&str; 46] = [
    "고객",
    "시민",
    "선생",
    "주민",
    "손님",
    "기사",
    "주무관",
    "담당자",
    "신청인",
    "신청자",
    "민원인",
    "이용자",
    "이용객",
    "방문객",
    "방문자",
    "신고자",
    "신고인",
    "주인",
    "구청장",
    "시장",
    "구민",
    "원장",
    "소장",
    "과장",
    "팀장",
    "국장",
    "실장",
    "반장",
    "동장",
    "조합장",
    "임대인",
    "임차인",
    "보호자",
    "유족",
    "연구원",
    "공무원",
    "상담사",
    "상담원",
    "주차장",
    "외국인",
    "여러분",
    "어르신",
    "장애인",
    "부모",
    "형제",
    "회원",
];
/// Words after which a name stands.
const BEFORE: [&str; 14] = [
    "이름은",
    "성함은",
    "성명은",
    "성명:",
    "이름:",
    "성함:",
    "성명 :",
    "이름 :",
    "성함 :",
    "my name is ",
    "your name is ",
    "name: ",
    "full name ",
    "registered as ",
];
/// Forms of address before a name in English.
const TITLES: [&str; 5] = ["mr", "mrs", "ms", "miss", "mx"];

fn hangul(letter: char) -> bool {
    ('가'..='힣').contains(&letter)
}

/// Names in a text.
pub(crate) fn names(letters: &[char]) -> Vec<Stretch> {
    let mut found = honored(letters);
    found.extend(announced(letters));
    found.extend(titled(letters));
    found
}

/// A surname and a given name before 님, 씨 or 귀하.
fn honored(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let honors = match letter {
            '님' | '씨' => 1,
            '귀' if letters.get(at + 1) == Some(&'하') => 2,
            _ => continue,
        };
        let after = letters.get(at + honors);
        // "님" inside a longer word, such as 님비, is none.
        let follows = after.is_none_or(|c| !hangul(*c) || "께이은의을을과도한에가".contains(*c));
        let end = if letters[..at].ends_with(&[' ']) {
            at - 1
        } else {
            at
        };
        let length = letters[..end]
            .iter()
            .rev()
            .take_while(|c| hangul(**c))
            .count();
        let name: String = letters[end - length..end].iter().collect();
        if follows && is_name(&name) {
            found.push((Kind::Name, end - length, at + honors));
        }
    }
    found
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    let double = DOUBLE.iter().any(|surname| name.starts_with(surname));
    let single = name
        .chars()
        .next()
        .is_some_and(|first| SURNAMES.contains(first));
    let fits = double && (3..=4).contains(&length) || single && (2..=3).contains(&length);
    let role = |role: &&str| name == *role || length == 3 && name.ends_with(*role);
    fits && !ROLES.iter().any(role)
}

/// What follows "my name is", "성명:" and the like.
fn announced(letters: &[char]) -> Vec<Stretch> {
    let lower: Vec<char> = letters
        .iter()
        .map(|c| c.to_lowercase().next().unwrap_or(*c))
        .collect();
    let mut found = Vec::new();
    for before in BEFORE {
        let before: Vec<char> = before.chars().collect();
        for at in 0..lower.len().saturating_sub(before.len()) {
            if lower[at..].starts_with(&before) {
                found.extend(name_from(letters, at + before.len()));
            }
        }
    }
    found
}

fn name_from(letters: &[char], from: usize) -> Option<Stretch> {
    let from = from + letters[from..].iter().take_while(|c| **c == ' ').count();
    let korean = letters[from..].iter().take_while(|c| hangul(**c)).count();
    let name: String = letters[from..from + korean.min(4)].iter().collect();
    // The verb may be written in one word with the name: 홍길동입니다.
    let stems = [4, 3, 2].map(|length| name.chars().take(length).collect::<String>());
    if let Some(name) = stems
        .iter()
        .find(|name| is_name(name) && name.chars().count() >= 2)
    {
        return Some((Kind::Name, from, from + name.chars().count()));
    }
    let length = capitalized(letters, from, 3);
    (length > 0).then_some((Kind::Name, from, from + length))
}

/// Letters of up to so many words that begin with a capital.
fn capitalized(letters: &[char], from: usize, words: usize) -> usize {
    let mut end = from;
    let mut last = from;
    for _ in 0..words {
        let word = letters[end..]
            .iter()
            .take_while(|c| c.is_alphabetic() && !hangul(**c) || "-'".contains(**c))
            .count();
        if word < 2 || !letters[end].is_uppercase() {
            break;
        }
        last = end + word;
        if letters.get(last) != Some(&' ') {
            break;
        }
        end = last + 1;
    }
    last - from
}

/// `Mr. Kim Minsu`.
fn titled(letters: &[char]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for at in 0..letters.len() {
        let begins = at == 0 || !letters[at - 1].is_alphanumeric();
        let length = letters[at..]
            .iter()
            .take_while(|c| c.is_ascii_alphabetic())
            .count();
        let word: String = letters[at..at + length].iter().collect();
        let title = TITLES.contains(&word.to_ascii_lowercase().as_str());
        if !begins || !title || !letters[at].is_uppercase() {
            continue;
        }
        let mut from = at + length + usize::from(letters.get(at + length) == Some(&'.'));
        if letters.get(from) != Some(&' ') {
            continue;
        }
        from += 1;
        let name = capitalized(letters, from, 3);
        if name > 0 {
            found.push((Kind::Name, at, from + name));
        }
    }
    found
}
