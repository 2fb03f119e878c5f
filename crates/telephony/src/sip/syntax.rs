//! The letter of SIP: what a message must look like before the stack reads it, and the same
//! message written plainly where it was written oddly. Never what a message asks for.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What is wrong with a message, in the words of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) u16, pub(super) &'static str);

const BAD: Wrong = Wrong(400, "Bad Request");
const VERSION: Wrong = Wrong(505, "Version Not Supported");
const SCHEME: Wrong = Wrong(416, "Unsupported URI Scheme");

/// Addresses that we can be called by.
const SCHEMES: [&str; 3] = ["sip", "sips", "tel"];
/// Headers that may stand once.
const SINGLE: [&str; 7] = [
    "call-id",
    "content-length",
    "content-type",
    "cseq",
    "from",
    "max-forwards",
    "to",
];

/// One header, unfolded.
struct Line<'a> {
    name: &'a str,
    value: Cow<'a, str>,
}

/// Checks a whole message by RFC 3261, section 25. What stands within the rules but not as
/// everybody writes it (folded lines, space in odd places, no Content-Length) comes back rewritten.
pub(super) fn read(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Wrong> {
    let end = find(bytes, b"\r\n\r\n").ok_or(BAD)?;
    let body = &bytes[end + 4..];
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| BAD)?;
    let (start, rest) = head.split_once("\r\n").ok_or(BAD)?;
    let method = start_line(start)?;
    let mut odd = false;
    let mut lines = unfold(rest, &mut odd)?;
    for line in &mut lines {
        if let Some(plain) = check(line, method)? {
            line.value = Cow::Owned(plain);
            odd = true;
        }
    }
    count(&lines)?;
    let length = match value_of(&lines, "content-length") {
        Some(length) => Some(length.parse::<usize>().map_err(|_| BAD)?),
        None => None,
    };
    if length.is_some_and(|length| length > body.len()) {
        return Err(BAD);
    }
    let missing = length.is_none() && !body.is_empty();
    if !odd && !missing {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut plain = format!("{start}\r\n");
    for line in &lines {
        let _ = write!(plain, "{}: {}\r\n", line.name, line.value);
    }
    if missing {
        let _ = write!(plain, "Content-Length: {}\r\n", body.len());
    }
    plain.push_str("\r\n");
    let mut plain = plain.into_bytes();
    plain.extend_from_slice(body);
    Ok(Cow::Owned(plain))
}

/// Where the first occurrence begins.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|here| here == wanted)
}

/// The long name of a header, in small letters.
pub(super) fn long_name(name: &str) -> String {
    let name = name.trim_end().to_ascii_lowercase();
    match name.as_str() {
        "c" => "content-type".to_owned(),
        "f" => "from".to_owned(),
        "i" => "call-id".to_owned(),
        "l" => "content-length".to_owned(),
        "m" => "contact".to_owned(),
        "t" => "to".to_owned(),
        "v" => "via".to_owned(),
        _ => name,
    }
}

/// Checks the first line; the method of a request, none for a response.
fn start_line(line: &str) -> Result<Option<&str>, Wrong> {
    if line.chars().any(char::is_control) {
        return Err(BAD);
    }
    let parts: Vec<&str> = line.splitn(3, ' ').collect();
    let &[first, second, third] = parts.as_slice() else {
        return Err(BAD);
    };
    if first == "SIP/2.0" {
        let code = second.len() == 3 && second.bytes().all(|byte| byte.is_ascii_digit());
        let known = ('1'..='6').any(|class| second.starts_with(class));
        return if code && known { Ok(None) } else { Err(BAD) };
    }
    if !is_token(first) || third.contains(' ') {
        return Err(BAD);
    }
    let sip = third
        .get(..4)
        .is_some_and(|sip| sip.eq_ignore_ascii_case("SIP/"));
    if !sip {
        return Err(BAD);
    }
    if &third[4..] != "2.0" {
        return Err(VERSION);
    }
    request_uri(second)?;
    Ok(Some(first))
}

fn request_uri(uri: &str) -> Result<(), Wrong> {
    let (scheme, rest) = uri.split_once(':').ok_or(BAD)?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        || !scheme.bytes().all(letters)
        || rest.is_empty()
        || uri.contains(['<', '>', '"', '\\'])
    {
        return Err(BAD);
    }
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        return Err(SCHEME);
    }
    // Headers have no place in a Request-URI (RFC 3261, 19.1.1).
    let after_user = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme != "tel" && after_user.contains('?') {
        return Err(BAD);
    }
    Ok(())
}

fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    !text.is_empty() && text.bytes().all(letter)
}

fn unfold<'a>(rest: &'a str, odd: &mut bool) -> Result<Vec<Line<'a>>, Wrong> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for text in rest.split("\r\n") {
        if text
            .chars()
            .any(|letter| letter.is_control() && letter != '\t')
        {
            return Err(BAD);
        }
        if text.starts_with([' ', '\t']) {
            *odd = true;
            let last = &mut lines.last_mut().ok_or(BAD)?.value;
            let joined = format!("{last} {}", text.trim());
            *last = Cow::Owned(joined.trim().to_owned());
            continue;
        }
        let (name, value) = text.split_once(':').ok_or(BAD)?;
        *odd |= name.ends_with([' ', '\t']);
        let name = name.trim_end();
        if !is_token(name) {
            return Err(BAD);
        }
        let value = Cow::Borrowed(value.trim());
        lines.push(Line { name, value });
    }
    Ok(lines)
}

/// Checks a header that we rely on; its plain form when it was written oddly.
fn check(line: &Line<'_>, method: Option<&str>) -> Result<Option<String>, Wrong> {
    let value: &str = &line.value;
    let plain = match long_name(line.name).as_str() {
        "via" => {
            let plain = tidy(value, true).ok_or(BAD)?;
            via(&plain)?;
            plain
        }
        "from" | "to" => {
            let plain = tidy(value, false).ok_or(BAD)?;
            match entries(&plain).as_slice() {
                [one] if is_address(one) => plain,
                _ => return Err(BAD),
            }
        }
        "contact" => {
            let plain = tidy(value, false).ok_or(BAD)?;
            if plain != "*" && !entries(&plain).iter().all(|one| is_address(one)) {
                return Err(BAD);
            }
            plain
        }
        "cseq" => {
            let (number, of) = value.split_once([' ', '\t']).ok_or(BAD)?;
            let (number, of) = (number.trim(), of.trim());
            within(number, 0x7fff_ffff)?;
            if !is_token(of) || method.is_some_and(|method| method != of) {
                return Err(BAD);
            }
            format!("{number} {of}")
        }
        "max-forwards" => {
            within(value, 255)?;
            return Ok(None);
        }
        "content-length" => {
            within(value, u32::MAX.into())?;
            return Ok(None);
        }
        "call-id" => {
            let fits = (1..=512).contains(&value.len()) && !value.contains([' ', '\t', ',']);
            return if fits { Ok(None) } else { Err(BAD) };
        }
        _ => return Ok(None),
    };
    Ok((plain != value).then_some(plain))
}

/// Digits and nothing else, not above the most.
fn within(value: &str, most: u64) -> Result<(), Wrong> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse::<u64>().ok().filter(|_| digits).ok_or(BAD)?;
    if number <= most { Ok(()) } else { Err(BAD) }
}

fn value_of<'a>(lines: &'a [Line<'_>], wanted: &str) -> Option<&'a str> {
    let line = lines.iter().find(|line| long_name(line.name) == wanted)?;
    Some(&line.value)
}

/// Whether what must be there is there, and what may be there once is not there twice.
fn count(lines: &[Line<'_>]) -> Result<(), Wrong> {
    let names: Vec<String> = lines.iter().map(|line| long_name(line.name)).collect();
    let times = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    let there = ["via", "from", "to", "call-id", "cseq"].map(times);
    if there.contains(&0) || SINGLE.iter().any(|single| times(single) > 1) {
        return Err(BAD);
    }
    Ok(())
}

/// The value without the space that the rules allow and nobody writes; none when a quote or a
/// bracket stays open.
fn tidy(value: &str, via: bool) -> Option<String> {
    let tight = |letter: char| ";=,".contains(letter) || (via && letter == '/');
    let mut plain = String::with_capacity(value.len());
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    let mut space = false;
    for letter in value.chars() {
        if quoted {
            plain.push(letter);
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if !inside && (letter == ' ' || letter == '\t') {
            space = true;
            continue;
        }
        if space {
            let last = plain.chars().last();
            if !tight(letter) && last.is_some_and(|last| !tight(last)) {
                plain.push(' ');
            }
            space = false;
        }
        match letter {
            '"' if !inside => quoted = true,
            '<' if inside => return None,
            '<' => inside = true,
            '>' if !inside => return None,
            '>' => inside = false,
            _ => {}
        }
        plain.push(letter);
    }
    (!quoted && !inside).then_some(plain)
}

/// The parts of a list: at commas that stand neither in quotes nor in brackets.
fn entries(value: &str) -> Vec<&str> {
    split(value, ',')
}

fn split(value: &str, at: char) -> Vec<&str> {
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    let mut parts = Vec::new();
    let mut from = 0;
    for (place, letter) in value.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !inside => quoted = !quoted,
            '<' if !quoted => inside = true,
            '>' if !quoted => inside = false,
            _ if letter == at && !quoted && !inside => {
                parts.push(value[from..place].trim());
                from = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(value[from..].trim());
    parts
}

/// `"Kim" <sip:…>;tag=1`, `Kim <sip:…>` or `sip:…;tag=1`.
fn is_address(entry: &str) -> bool {
    let parts = split(entry, ';');
    let Some((first, params)) = parts.split_first() else {
        return false;
    };
    if params.iter().any(|param| param.is_empty()) {
        return false;
    }
    match bracketed(first) {
        None => is_uri(first) && !first.contains('?'),
        Some(rest) => rest.strip_suffix('>').is_some_and(is_uri),
    }
}

/// What stands behind the opening bracket. The name before it may be anything: real telephones
/// write names without quotes in any script, and a call is not lost for that.
fn bracketed(first: &str) -> Option<&str> {
    let (mut quoted, mut escaped) = (false, false);
    for (place, letter) in first.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => return Some(&first[place + 1..]),
            _ => {}
        }
    }
    None
}

fn is_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let space = |letter: char| letter.is_whitespace() || "<>\"".contains(letter);
    is_token(scheme) && !rest.is_empty() && !uri.contains(space)
}

/// `SIP/2.0/UDP host;branch=…`, one or several.
fn via(value: &str) -> Result<(), Wrong> {
    for entry in entries(value) {
        let mut parts = split(entry, ';').into_iter();
        let first = parts.next().unwrap_or_default();
        let (protocol, by) = first.split_once(' ').ok_or(BAD)?;
        let mut names = protocol.split('/');
        let sip = names
            .next()
            .is_some_and(|sip| sip.eq_ignore_ascii_case("SIP"));
        let three = names.next() == Some("2.0") && names.next().is_some_and(is_token);
        let host = !by.trim().is_empty() && !by.trim().contains(' ');
        if !sip || !three || names.next().is_some() || !host || parts.any(str::is_empty) {
            return Err(BAD);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "INVITE sip:120@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        From: \"A \\\" <b\" <sip:a@b>;tag=1\r\nTo: <sip:120@h>\r\nCall-ID: c\r\n\
        CSeq: 1 INVITE\r\nContent-Length: 2\r\n\r\nab";

    fn status(message: &str) -> u16 {
        match read(message.as_bytes()) {
            Ok(_) => 200,
            Err(Wrong(status, _)) => status,
        }
    }

    #[test]
    fn a_plain_message_is_left_as_it_is() {
        assert!(matches!(read(PLAIN.as_bytes()), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn an_odd_message_is_written_plainly() {
        let odd = PLAIN
            .replace(
                "Via: SIP/2.0/UDP h;branch=",
                "v  :  SIP /  2.0\r\n / UDP  h ;\r\n\tbranch =\r\n ",
            )
            .replace("CSeq: 1 INVITE", "cseq:\r\n 0001\r\n  INVITE")
            .replace("<sip:a@b>;tag=1", "<sip:a@b>\r\n ; tag  = 1")
            .replace("Content-Length: 2\r\n", "");
        let read = read(odd.as_bytes()).unwrap();
        let text = std::str::from_utf8(&read).unwrap();
        for line in [
            "v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n",
            "cseq: 0001 INVITE\r\n",
            "From: \"A \\\" <b\" <sip:a@b>;tag=1\r\n",
            "Content-Length: 2\r\n\r\nab",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_refused_with_the_right_number() {
        assert_eq!(status(PLAIN), 200);
        for (from, to, expected) in [
            ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 505),
            ("sip:120@h ", "isbn:2983792873 ", 416),
            ("sip:120@h ", "<sip:120@h> ", 400),
            ("sip:120@h ", "sip:120@h  ", 400),
            ("sip:120@h ", "sip:120@h?Route=%3Csip:x%3E ", 400),
            ("SIP/2.0\r\nVia", "SIP/2.0 \r\nVia", 400),
            ("From: \"A \\\" <b\"", "From: \"A <b", 400),
            ("From: \"A \\\" <b\"", "From: Bell, Alexander", 400),
            ("CSeq: 1", "CSeq: 4294967296", 400),
            ("CSeq: 1 INVITE", "CSeq: 1 BYE", 400),
            ("Call-ID: c", "Call-ID: c\r\nCall-ID: d", 400),
            ("Length: 2", "Length: 3", 400),
            ("Length: 2", "Length: +2", 400),
            ("Length: 2", "Length: 2\r\nl: 2", 400),
            ("Via: ", "Via: ;;,,", 400),
            ("To: <sip:120@h>", "To: <sip:120@h>;;", 400),
            ("To: ", "Too: ", 400),
        ] {
            assert_eq!(status(&PLAIN.replacen(from, to, 1)), expected, "{to}");
        }
        assert_eq!(status("SIP/2.0 4294967301 x\r\n\r\n"), 400);
    }
}
