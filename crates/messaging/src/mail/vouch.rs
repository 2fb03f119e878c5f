//! Whether the city's relay has checked that a mail's sender may use the address (RFC 8601). Never
//! checks a signature itself.

use mail_parser::Message;

/// Whether a relay of this name says so. Others may write such a header, too: the relay takes away
/// those that bear its own name.
pub(crate) fn vouched(message: &Message<'_>, relay: &str) -> bool {
    let from = message.from().and_then(|from| from.first());
    let address = from.and_then(|from| from.address()).unwrap_or_default();
    let Some((_, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let mut results = message
        .headers_raw()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"))
        .map(|(_, value)| value);
    !relay.is_empty() && results.any(|value| says(value, relay, &domain.to_lowercase()))
}

/// Whether a header of the relay holds a check that was passed for the domain.
fn says(value: &str, relay: &str, domain: &str) -> bool {
    let value = without_comments(value).to_lowercase();
    let mut parts = value.split(';');
    let named = parts.next().and_then(|head| head.split_whitespace().next());
    named == Some(relay) && parts.any(|part| passed(part, domain))
}

/// One check: `dkim=pass header.d=example.org`.
fn passed(check: &str, domain: &str) -> bool {
    let words: Vec<(&str, &str)> = check
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .collect();
    let property = |wanted: &str| {
        let found = words.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.trim_matches('"'))
    };
    let at = |wanted: &str| property(wanted).map(|value| value.rsplit('@').next().unwrap_or(value));
    match words.first() {
        Some(("dmarc", "pass")) => at("header.from") == Some(domain),
        // A signature of the domain itself or of the one above it.
        Some(("dkim", "pass")) => at("header.d")
            .or_else(|| at("header.i"))
            .is_some_and(|signed| {
                let above = domain
                    .strip_suffix(signed)
                    .is_some_and(|rest| rest.ends_with('.'));
                signed.contains('.') && (signed == domain || above)
            }),
        Some(("spf", "pass")) => at("smtp.mailfrom") == Some(domain),
        _ => false,
    }
}

/// The value without what stands in brackets.
fn without_comments(value: &str) -> String {
    let mut depth = 0_u32;
    let kept = |letter: &char| {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    value.chars().filter(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn read(from: &str, results: &str) -> bool {
        let mail = format!("{results}From: Ada <{from}>\r\nSubject: x\r\n\r\nhello\r\n");
        let message = MessageParser::default().parse(mail.as_bytes()).unwrap();
        vouched(&message, "mx.city.example")
    }

    #[test]
    fn only_the_own_relay_is_believed_and_only_for_the_sender() {
        let head = "Authentication-Results: mx.city.example;";
        for checked in [
            "dkim=pass header.d=example.org",
            "dkim=pass (2048-bit key) header.d=example.org header.s=a",
            "spf=fail smtp.mailfrom=x.example;\r\n dkim=pass header.i=@example.org",
            "spf=pass smtp.mailfrom=ada@example.org",
            "dmarc=pass header.from=example.org",
        ] {
            assert!(
                read("ada@example.org", &format!("{head} {checked}\r\n")),
                "{checked}"
            );
            let foreign = "Authentication-Results: mx.evil.example;";
            assert!(
                !read("ada@example.org", &format!("{foreign} {checked}\r\n")),
                "{checked}"
            );
            assert!(
                !read("ada@other.example", &format!("{head} {checked}\r\n")),
                "{checked}"
            );
        }
        let above = format!("{head} dkim=pass header.d=example.org\r\n");
        assert!(read("ada@mail.example.org", &above));
        assert!(!read("ada@evilexample.org", &above));
        for not in [
            "dkim=fail header.d=example.org",
            "dkim=pass header.d=org",
            "none",
            "(dkim=pass header.d=example.org)",
            "spf=pass smtp.mailfrom=bounce.other.example",
        ] {
            assert!(
                !read("ada@example.org", &format!("{head} {not}\r\n")),
                "{not}"
            );
        }
        assert!(!read("ada@example.org", ""));
    }
}
