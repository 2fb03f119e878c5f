//! Telephone numbers in one form, so that one caller has one digest however a trunk or a person writes it. Never a route.

/// Words that trunks send for a caller who withholds the number.
const WITHHELD: [&str; 6] = [
    "anonymous",
    "restricted",
    "unavailable",
    "unknown",
    "private",
    "withheld",
];

/// The number as E.164 (`+821012345678`) where it can be read with the city's country code
/// (`82`), short and special numbers as their digits, a name as lower-case text, and nothing for
/// a withheld number.
///
/// ```
/// assert_eq!(store::number::normalize("010-1234-5678", "82"), "+821012345678");
/// ```
pub fn normalize(raw: &str, country: &str) -> String {
    let user = user_part(raw);
    let mut digits = String::new();
    let mut letters = false;
    for (index, letter) in user.chars().map(narrow).enumerate() {
        match letter {
            '0'..='9' => digits.push(letter),
            '+' if index == 0 => {}
            _ if letter.is_alphabetic() => letters = true,
            _ => {}
        }
    }
    if letters {
        let name = user.to_lowercase();
        return if WITHHELD.contains(&name.as_str()) {
            String::new()
        } else {
            name
        };
    }
    let international = user.chars().next().map(narrow) == Some('+');
    if digits.is_empty() {
        return String::new();
    }
    if international {
        return drop_trunk_zero(&digits, country);
    }
    if let Some(rest) = after_international_prefix(&digits, country) {
        return drop_trunk_zero(rest, country);
    }
    if country.is_empty() {
        return digits;
    }
    if let Some(rest) = digits.strip_prefix('0').filter(|rest| rest.len() >= 7) {
        return format!("+{country}{rest}");
    }
    if digits.starts_with(country) && digits.len() >= country.len() + 8 {
        return drop_trunk_zero(&digits, country);
    }
    if country == "1" && digits.len() == 10 {
        return format!("+1{digits}");
    }
    digits
}

/// The user of a SIP or telephone address, without scheme, host and parameters.
fn user_part(raw: &str) -> &str {
    let address = raw.trim();
    let address = address
        .rsplit_once('<')
        .map_or(address, |(_, inside)| inside);
    let address = ["sips:", "sip:", "tel:"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .unwrap_or(address);
    let end = address.find(['@', ';', '>']).unwrap_or(address.len());
    address[..end].trim()
}

/// Full-width letters as people paste them.
fn narrow(letter: char) -> char {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// What follows an international prefix. In Korea it names a carrier: 001, 002, 005, 006, 008
/// or 007 and two more digits.
fn after_international_prefix<'a>(digits: &'a str, country: &str) -> Option<&'a str> {
    let rest = match country {
        "82" if digits.starts_with("007") => digits.get(5..),
        "82" if digits.starts_with("00") => digits.get(3..),
        "1" => digits.strip_prefix("011"),
        _ => digits.strip_prefix("00"),
    };
    rest.filter(|rest| rest.len() >= 8)
}

/// `+82 010 …` is a common mistake for `+82 10 …`.
fn drop_trunk_zero(digits: &str, country: &str) -> String {
    match digits.strip_prefix(country) {
        Some(rest) if !country.is_empty() => {
            format!("+{country}{}", rest.strip_prefix('0').unwrap_or(rest))
        }
        _ => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn one_caller_has_one_number() {
        for written in [
            "010-1234-5678",
            "01012345678",
            "+82 10 1234 5678",
            "+82 010 1234 5678",
            "821012345678",
            "001 82 10 1234 5678",
            "00700 82 10-1234-5678",
            "sip:01012345678@10.0.0.1:5060;user=phone",
            "\"Kim\" <sip:+821012345678@trunk>;tag=9",
            "tel:+82-10-1234-5678",
            "０１０ １２３４ ５６７８",
        ] {
            assert_eq!(normalize(written, "82"), "+821012345678", "{written}");
        }
    }

    #[test]
    fn other_numbers_keep_their_sense() {
        assert_eq!(normalize("02-123-4567", "82"), "+8221234567");
        assert_eq!(normalize("1588-1234", "82"), "15881234");
        assert_eq!(normalize("120", "82"), "120");
        assert_eq!(normalize("+1 (212) 555-0100", "82"), "+12125550100");
        assert_eq!(normalize("(212) 555-0100", "1"), "+12125550100");
        assert_eq!(normalize("011 44 20 7946 0000", "1"), "+442079460000");
        assert_eq!(normalize("0044 20 7946 0000", "33"), "+442079460000");
        assert_eq!(normalize("Alice", "82"), "alice");
        for nothing in [
            "",
            "anonymous",
            "Anonymous",
            "sip:anonymous@anonymous.invalid",
            "--",
        ] {
            assert_eq!(normalize(nothing, "82"), "", "{nothing}");
        }
    }
}
