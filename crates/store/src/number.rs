//! Telephone numbers in one form, so that one caller has one digest however a trunk or a person
//! writes it. Never a route.

/// Numbers of up to this many digits are the city's or the country's special ones.
const SHORT_DIGITS: usize = 5;

/// The number as E.164 (`+821012345678`), read with the country code of the city (`82`): one
/// leading `0` is national, two are international; short numbers stay as they are, and what has
/// no digits (a withheld number) is empty. Full-width digits are read too.
///
/// ```
/// assert_eq!(store::number::normalize("010-1234-5678", "82"), "+821012345678");
/// ```
pub fn normalize(raw: &str, country: &str) -> String {
    let mut letters = raw.trim().chars().map(narrow).peekable();
    let international = letters.next_if_eq(&'+').is_some();
    let digits: String = letters.filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return String::new();
    }
    if international {
        return with_plus(&digits, country);
    }
    if digits.len() <= SHORT_DIGITS {
        return digits;
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return with_plus(rest, country);
    }
    if let Some(national) = digits.strip_prefix('0') {
        return format!("+{country}{national}");
    }
    if digits.starts_with(country) && digits.len() > country.len() + 8 {
        return with_plus(&digits, country);
    }
    format!("+{country}{digits}")
}

/// Whether a number in the form of [`normalize`] can get texts: of Korea's own those that begin
/// with 01, of other countries every whole one, as their plans do not tell.
///
/// ```
/// assert!(store::number::takes_texts("+821012345678"));
/// assert!(!store::number::takes_texts("+8221234567"));
/// ```
pub fn takes_texts(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else {
        return false;
    };
    match digits.strip_prefix("82") {
        Some(own) => own.starts_with('1') && (9..=10).contains(&own.len()),
        None => (8..=15).contains(&digits.len()),
    }
}

/// A full-width letter as people paste it, in the ordinary width.
fn narrow(letter: char) -> char {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// `+82 010 …` is a common way to write `+82 10 …`.
fn with_plus(digits: &str, country: &str) -> String {
    match digits
        .strip_prefix(country)
        .and_then(|rest| rest.strip_prefix('0'))
    {
        // Twice zero is a slip of the finger; one number has one form.
        Some(rest) if !country.is_empty() => {
            format!("+{country}{}", rest.trim_start_matches('0'))
        }
        _ => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{normalize, takes_texts};

    #[test]
    fn a_text_goes_to_no_telephone_on_a_desk() {
        for number in ["+821012345678", "+82111234567", "+12025550100"] {
            assert!(takes_texts(number), "{number}");
        }
        for number in [
            "",
            "120",
            "+8221234567",
            "+8215881234567",
            "+821588",
            "+1202",
        ] {
            assert!(!takes_texts(number), "{number}");
        }
    }

    #[test]
    fn one_caller_has_one_number() {
        for written in [
            "010-1234-5678",
            "01012345678",
            "+82 10 1234 5678",
            "+82 (0)10 1234 5678",
            "821012345678",
            "00821012345678",
            "+82 0010 1234 5678",
            "０１０ １２３４ ５６７８",
            "＋82-10-1234-5678",
        ] {
            assert_eq!(normalize(written, "82"), "+821012345678", "{written}");
        }
    }

    #[test]
    fn other_numbers_keep_their_sense() {
        assert_eq!(normalize("02-123-4567", "82"), "+8221234567");
        assert_eq!(normalize("+1 (202) 555-0100", "82"), "+12025550100");
        assert_eq!(normalize("0012025550100", "82"), "+12025550100");
        assert_eq!(normalize("(202) 555-0100", "1"), "+12025550100");
        assert_eq!(normalize("120", "82"), "120");
        for nothing in ["", "anonymous", "--", "+"] {
            assert_eq!(normalize(nothing, "82"), "", "{nothing}");
        }
    }
}
