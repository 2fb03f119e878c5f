//! Telephone numbers: out of a SIP address, into E.164. Never logged, never stored here.

/// The longest number that is kept (E.164 has fifteen digits; a raw one may carry signs).
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

/// The number in E.164 with `+`. A number that starts with one `0` is national, with `00`
/// international; a short number (up to five digits) stays as it is.
pub(crate) fn normalize(raw: &str, country_code: &str) -> String {
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    if raw.trim_start().starts_with('+') {
        return format!("+{digits}");
    }
    if digits.len() <= 5 {
        return digits;
    }
    if let Some(international) = digits.strip_prefix("00") {
        return format!("+{international}");
    }
    if let Some(national) = digits.strip_prefix('0') {
        return format!("+{country_code}{national}");
    }
    if digits.starts_with(country_code) && digits.len() > country_code.len() + 8 {
        return format!("+{digits}");
    }
    format!("+{country_code}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_headers() {
        let found = |value| of_header(value);
        assert_eq!(found("<sip:+8221234567@h;user=phone>;tag=1").as_deref(), Some("+8221234567"));
        assert_eq!(found("tel:02-123-4567;phone-context=+82").as_deref(), Some("02-123-4567"));
        let tricky = r#""\" <sip:666@evil>" <sip:0105550100@host>"#;
        assert_eq!(found(tricky).as_deref(), Some("0105550100"));
        assert_eq!(found("sip:010%2B@host:5060").as_deref(), Some("010+"));
        for none in ["<sip:anonymous@anonymous.invalid>", "\"open <sip:1@h>", "", "<http://1@h>"] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn national_numbers_get_the_country() {
        assert_eq!(normalize("010-5550-1234", "82"), "+821055501234");
        assert_eq!(normalize("0212345678", "82"), "+82212345678");
        assert_eq!(normalize("+1 (202) 555-0100", "82"), "+12025550100");
        assert_eq!(normalize("0012025550100", "82"), "+12025550100");
        assert_eq!(normalize("821055501234", "82"), "+821055501234");
        assert_eq!(normalize("120", "82"), "120");
    }
}
