//! Which words are a search that the library may remember. Never the words themselves.

/// Letters of a search; longer ones are a story.
const LETTERS_MAX: usize = 100;
/// So many digits are a number of somebody.
const DIGITS_MAX: usize = 6;

/// Whether words look like a search, and tell nothing of a person: neither a number by which
/// somebody can be reached or is known, nor a mail address.
pub fn is_search(words: &str) -> bool {
    let count = |wanted: fn(char) -> bool| words.chars().filter(|one| wanted(*one)).count();
    count(char::is_alphabetic) >= 2
        && count(char::is_numeric) < DIGITS_MAX
        && count(|_| true) <= LETTERS_MAX
        && !words.contains(['@', '\u{ff20}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_name_somebody_is_no_search() {
        for words in [
            "여권 재발급",
            "CCTV 설치",
            "65세 이상 교통카드",
            "bị mất hộ chiếu",
        ] {
            assert!(is_search(words), "{words}");
        }
        for words in [
            "",
            "a",
            "12 34",
            "김 010-1234-5678",
            "call ０１０１２３４５６７８",
            "900101-1",
            "kim@mail.example",
            "kim＠mail.example",
            &"가".repeat(101),
        ] {
            assert!(!is_search(words), "{words}");
        }
    }
}
