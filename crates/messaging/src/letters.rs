//! Letters as a person counts them: extended grapheme clusters. Counts, and never cuts a text.

use unicode_segmentation::UnicodeSegmentation as _;

/// How long a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// Letters.
    pub count: usize,
    /// Longer than promised: kept whole all the same, and its writer told once.
    pub over: bool,
}

/// Counts the letters of a text.
pub fn count(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Measures a text against the letters that a city promises to take
/// (`center::limit::Limits::text_letters_max`).
pub fn letters(text: &str, letters_max: usize) -> Letters {
    let count = count(text);
    let over = count > letters_max;
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
            assert_eq!(super::count(text), count, "{text:?}");
        }
    }

    #[test]
    fn a_thousand_letters_are_within_and_one_more_is_over() {
        let max = center::limit::Limits::default().text_letters_max;
        assert_eq!(max, 1_000);
        let full = "👨‍👩‍👧‍👦".repeat(max);
        assert!(!letters(&full, max).over);
        let more = letters(&(full + "가"), max);
        assert_eq!((more.count, more.over), (1_001, true));
    }
}
