//! Mail that says what became of a mail of the city: delivery reports (RFC 3464) and what servers
//! write in their own words. Never a citizen's message.

use crate::letter::Fortune;
use crate::mail::token::{Named, Tokens};
use mail_parser::{Message, MimeHeaders, PartType};

/// What a report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The message of the city it speaks of.
    pub named: Named,
    /// What became of it; nothing while the server is still trying.
    pub fortune: Option<Fortune>,
    /// Status code (RFC 3463), or the reply code where there is none.
    pub code: String,
}

/// How much of an attached original is searched for its Message-ID.
const SEARCHED_BYTES_MAX: usize = 256 * 1024;
/// How subjects of servers begin that report in their own words.
const SUBJECTS: [&str; 14] = [
    "undeliver",
    "delivery status notification",
    "returned mail",
    "failure notice",
    "mail delivery failed",
    "delivery failure",
    "mail delivery subsystem",
    "반송",
    "배달 실패",
    "전송 실패",
    "메일 전송 실패",
    "退信",
    "配信不能",
    "không gửi được",
];
const SENDERS: [&str; 3] = ["mailer-daemon", "postmaster", "mail-daemon"];
/// Words of a server that has not given up yet.
const STILL_TRYING: [&str; 5] = [
    "delayed",
    "will be retried",
    "will retry",
    "not yet been delivered",
    "warning message only",
];

/// A report on a message of the city. `named` is what the envelope named, if anything: a report
/// goes back to the address its message came from.
pub fn report(
    message: &Message<'_>,
    null_sender: bool,
    named: Option<Named>,
    tokens: &Tokens,
) -> Option<Report> {
    if let Some(fields) = status_fields(message) {
        let named = named.or_else(|| original(message, tokens))?;
        return Some(standard(named, &fields));
    }
    let from = message.from().and_then(|from| from.first());
    let address = from.and_then(|from| from.address()).unwrap_or("");
    let name = address.split('@').next().unwrap_or("").to_lowercase();
    let machine = null_sender || SENDERS.contains(&name.as_str());
    let subject = message.subject().unwrap_or("").to_lowercase();
    let told = SUBJECTS.iter().any(|begun| subject.contains(begun))
        || message.header_raw("X-Failed-Recipients").is_some();
    if !(machine && told) {
        return None;
    }
    let named = named.or_else(|| original(message, tokens))?;
    Some(in_own_words(
        named,
        &subject,
        &message.body_text(0).unwrap_or_default(),
    ))
}

/// The fields of the `message/delivery-status` part.
fn status_fields(message: &Message<'_>) -> Option<String> {
    let part = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            let subtype = kind.subtype().unwrap_or("");
            kind.ctype().eq_ignore_ascii_case("message")
                && (subtype.eq_ignore_ascii_case("delivery-status")
                    || subtype.eq_ignore_ascii_case("global-delivery-status"))
        })
    })?;
    Some(match &part.body {
        PartType::Message(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
        _ => String::from_utf8_lossy(part.contents()).into_owned(),
    })
}

fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim())
    })
}

fn standard(named: Named, fields: &str) -> Report {
    let status = field(fields, "Status").and_then(enhanced_status);
    let diagnosis = field(fields, "Diagnostic-Code").unwrap_or("");
    let code = status
        .or_else(|| enhanced_status(diagnosis))
        .unwrap_or_default();
    let action = field(fields, "Action").unwrap_or("").to_lowercase();
    let fortune = match action.split([' ', ';', '(']).next().unwrap_or("") {
        "failed" if code.ends_with(".4.7") => Some(Fortune::Expired),
        "failed" => Some(Fortune::Failed),
        "delivered" => Some(Fortune::Delivered),
        // Delayed, relayed, expanded: not the last word.
        "delayed" | "relayed" | "expanded" => None,
        _ => code.starts_with('5').then_some(Fortune::Failed),
    };
    Report {
        named,
        fortune,
        code,
    }
}

fn in_own_words(named: Named, subject: &str, text: &str) -> Report {
    let code = enhanced_status(text).or_else(|| reply_code(text));
    let lower = text.to_lowercase();
    let trying = STILL_TRYING
        .iter()
        .any(|words| lower.contains(words) || subject.contains(words));
    let given_up = code.as_ref().is_some_and(|code| code.starts_with('5'));
    let fortune = if trying && !given_up {
        None
    } else {
        Some(Fortune::Failed)
    };
    Report {
        named,
        fortune,
        code: code.unwrap_or_default(),
    }
}

/// The first `5.1.1` of a text: class, subject and detail as RFC 3463 has them.
fn enhanced_status(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    words
        .map(|word| word.trim_matches('.'))
        .find(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            let short = |part: &&str| (1..=3).contains(&part.len());
            parts.len() == 3 && ["2", "4", "5"].contains(&parts[0]) && parts[1..].iter().all(short)
        })
        .map(str::to_owned)
}

/// The first `550` of a text.
fn reply_code(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()))
        .find(|word| word.starts_with(['4', '5']))
        .map(str::to_owned)
}

/// The message of the city that a report carries with it, whole or only its head.
fn original(message: &Message<'_>, tokens: &Tokens) -> Option<Named> {
    let raw = message.raw_message();
    // The report's own head names the one it answers; what follows holds the original.
    let near = &raw[..raw.len().min(SEARCHED_BYTES_MAX)];
    tokens.find(&String::from_utf8_lossy(near)).or_else(|| {
        let texts = message.parts.iter().filter_map(|part| part.text_contents());
        texts.take(8).find_map(|text| tokens.find(text))
    })
}
