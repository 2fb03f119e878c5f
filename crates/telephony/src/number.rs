//! The telephone number in a SIP address. Never logged, never stored here; its one form is the
//! store's.

/// The longest number that is kept (E.164 has fifteen digits; as received it may carry signs).
const RAW_MAX: usize = 64;

/// The user part of the address in a header like `"Kim" <sip:+8221234567@host;user=phone>;tag=1`
/// or `tel:+8221234567`; `None` when it is anonymous or no number.
pub(crate) fn of_header(value: &str) -> Option<String> {
    // A display name may hold anything, even `<sip:`; it ends with its closing quote.
    let value = match value.trim_start().strip_prefix('"') {
        Some(quoted) => after_quote(quoted)?,
        None => value,
    };
    let start = value.find('<').map_or(0, |at| at + 1);
    let address = value.get(start..)?.trim_start();
    let (scheme, rest) = address.split_once(':')?;
    let rest = rest.split(['>', ' ']).next()?;
    let user = match scheme.trim().to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest.split_once('@')?.0,
        "tel" => rest,
        _ => return None,
    };
    let user = user.split([';', ':', '?']).next()?;
    let user = user.replace("%2B", "+").replace("%2b", "+");
    let digits = user.chars().filter(char::is_ascii_digit).count();
    let numberlike = |letter: char| letter.is_ascii_digit() || "+-.()*#".contains(letter);
    (digits > 0 && user.len() <= RAW_MAX && user.chars().all(numberlike)).then_some(user)
}

fn after_quote(quoted: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return quoted.get(at + 1..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_headers() {
        let found = |value| of_header(value);
        assert_eq!(
            found("<sip:+8221234567@h;user=phone>;tag=1").as_deref(),
            Some("+8221234567")
        );
        assert_eq!(
            found("tel:02-123-4567;phone-context=+82").as_deref(),
            Some("02-123-4567")
        );
        let tricky = r#""\" <sip:666@evil>" <sip:0105550100@host>"#;
        assert_eq!(found(tricky).as_deref(), Some("0105550100"));
        assert_eq!(found("sip:010%2B@host:5060").as_deref(), Some("010+"));
        for none in [
            "<sip:anonymous@anonymous.invalid>",
            "\"open <sip:1@h>",
            "",
            "<http://1@h>",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
