//! Letters as a person counts them: extended grapheme clusters. Counts, and never cuts a text.

use unicode_segmentation::UnicodeSegmentation as _;

/// Letters a text of the number holds: what the city promises to take in one message.
pub const LETTERS_MAX: usize = 1_000;

/// How long a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// Letters.
    pub count: usize,
    /// Longer than promised: kept whole all the same, and its writer told once.
    pub over: bool,
}

/// Counts the letters of a text.
pub fn letters(text: &str) -> Letters {
    let count = text.graphemes(true).count();
    let over = count > LETTERS_MAX;
    Letters { count, over }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_what_a_person_sees_as_one() {
        for (text, count) in [
            ("", 0),
            ("한글", 2),
            // The same syllable in three conjoining parts.
            ("\u{1112}\u{1161}\u{11ab}", 1),
            // A family, a flag, a skin tone, a keycap.
            ("👨‍👩‍👧‍👦🇰🇷👍🏽1️⃣", 4),
            ("e\u{301}\r\n", 2),
        ] {
            assert_eq!(letters(text).count, count, "{text:?}");
        }
    }

    #[test]
    fn a_thousand_letters_are_within_and_one_more_is_over() {
        let full = "👨‍👩‍👧‍👦".repeat(LETTERS_MAX);
        assert!(!letters(&full).over);
        assert!(letters(&(full + "가")).over);
    }
}
