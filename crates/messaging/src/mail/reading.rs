//! A raw message becomes what the center takes in: a letter, a word on an earlier one, or a dead
//! letter. Never throws anything away, never answers.

use crate::digest::hex;
use crate::inlet::Inward;
use crate::letter::{
    Address, AddressKind, Attachment, DeadLetter, Fortune, Incoming, Receipt, Standing,
};
use crate::mail::bounce;
use crate::mail::html;
use crate::mail::limit::{self, MESSAGE_ID_BYTES_MAX};
use crate::mail::settings::is_address;
use crate::mail::token::{Named, Tokens};
use crate::mail::vouch;
use center::city::Channel;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

/// Names of senders that nobody reads.
const UNREAD: [&str; 6] = [
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "nobody",
];
/// Senders that are programs.
const PROGRAMS: [&str; 4] = ["mailer-daemon", "postmaster", "mail-daemon", "majordomo"];

/// What the envelope says, where the way in has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// MAIL FROM; empty for mail that must not be answered, nothing where it is not known.
    pub sender: Option<String>,
    /// RCPT TO.
    pub recipient: Option<String>,
}

/// What is known of a message beside what the center takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The city's own relay marked it as spam.
    pub spam: bool,
    /// The message of the city it answers or speaks of.
    pub named: Option<Named>,
}

/// A message read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What the center takes in.
    pub inward: Inward,
    /// What else is known.
    pub notes: Notes,
}

/// Reads the mail of one connection.
#[derive(Clone)]
pub struct Reader {
    via: String,
    /// The city's addresses, the first one being the one it writes from; in lower case.
    addresses: Vec<String>,
    tokens: Tokens,
    /// The name under which the city's own relay writes what it checked; empty for none.
    relay: String,
}

impl Reader {
    /// For a connection and the city's addresses.
    pub fn new(via: &str, address: &str, aliases: &[String], tokens: Tokens) -> Reader {
        let addresses = std::iter::once(address)
            .chain(aliases.iter().map(String::as_str))
            .map(str::to_lowercase)
            .collect();
        Reader {
            via: via.to_owned(),
            addresses,
            tokens,
            relay: String::new(),
        }
    }

    /// Believes what a relay of this name writes of senders.
    #[must_use]
    pub fn believing(mut self, relay: &str) -> Reader {
        self.relay = relay.trim().to_lowercase();
        self
    }

    /// Name of the connection.
    pub fn via(&self) -> &str {
        &self.via
    }

    /// Whether mail to this address is the center's, with or without a token.
    pub fn is_ours(&self, recipient: &str) -> bool {
        let plain = without_plus(&recipient.to_lowercase());
        self.addresses.contains(&plain)
    }

    /// The contact that a recipient's address names.
    pub fn names(&self, recipient: &str) -> Option<Named> {
        let (name, _) = recipient.rsplit_once('@')?;
        let (_, token) = name.split_once('+')?;
        self.tokens.read(&token.to_lowercase())
    }

    /// The Message-ID of a message of the city, without angle brackets: the reference by which
    /// receipts name it.
    pub fn reference(&self, named: Named) -> String {
        let token = self.tokens.token(named);
        format!("{token}@{}", self.domain())
    }

    fn domain(&self) -> &str {
        let address = &self.addresses[0];
        address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Reads a message.
    pub fn read(&self, raw: &[u8], envelope: &Envelope) -> Read {
        if let Some(reason) = limit::too_costly(raw) {
            return self.dead(raw, reason);
        }
        let Some(message) = MessageParser::default().parse(raw) else {
            return self.dead(raw, "mail.no_header");
        };
        let from_header = message.from().and_then(|from| from.first());
        if from_header.is_none() && message.subject().is_none() && message.text_body.is_empty() {
            return self.dead(raw, "mail.no_header");
        }
        let in_envelope = envelope.recipient.as_deref().and_then(|to| self.names(to));
        let null_sender = null_sender(&message, envelope);
        let reported = bounce::report(&message, null_sender, in_envelope, &self.tokens);
        let spam = is_spam(&message);
        if let Some(report) = &reported
            && let Some(fortune) = report.fortune
        {
            return self.receipt(report, fortune, spam);
        }
        let named = in_envelope
            .or_else(|| self.named_in_head(&message))
            .or(reported.map(|report| report.named));
        let notes = Notes { spam, named };
        let incoming = self.incoming(raw, &message, envelope, null_sender, notes);
        Read {
            inward: Inward::Message(Box::new(incoming)),
            notes,
        }
    }

    fn receipt(&self, report: &bounce::Report, fortune: Fortune, spam: bool) -> Read {
        let receipt = Receipt {
            via: self.via.clone(),
            reference: self.reference(report.named),
            fortune,
            code: report.code.clone(),
        };
        Read {
            inward: Inward::Receipt(receipt),
            notes: Notes {
                spam,
                named: Some(report.named),
            },
        }
    }

    /// A message on which the reader itself failed: kept as it is.
    pub fn unreadable(&self, raw: &[u8]) -> Inward {
        self.dead(raw, "mail.unreadable").inward
    }

    fn dead(&self, raw: &[u8], reason: &'static str) -> Read {
        let dead = DeadLetter {
            via: self.via.clone(),
            key: format!("sha256:{}", hex(&Sha256::digest(raw))),
            reason,
            bytes: raw.to_vec(),
        };
        Read {
            inward: Inward::DeadLetter(dead),
            notes: Notes::default(),
        }
    }

    /// The message of the city that a head names: what it answers first, the subject last.
    fn named_in_head(&self, message: &Message<'_>) -> Option<Named> {
        let answers = ids(message.in_reply_to());
        let references = ids(message.references());
        let delivered = ["Delivered-To", "X-Original-To"]
            .into_iter()
            .filter_map(|name| message.header_raw(name))
            .find_map(|value| self.names(value.trim()));
        let by_id = answers
            .iter()
            .chain(references.iter().rev())
            .find_map(|id| self.tokens.read(&id.split('@').next()?.to_lowercase()));
        delivered
            .or(by_id)
            .or_else(|| {
                let to = [message.to(), message.cc()].into_iter().flatten();
                let addresses = to
                    .flat_map(|list| list.iter())
                    .filter_map(|to| to.address());
                addresses.take(100).find_map(|address| self.names(address))
            })
            .or_else(|| self.tokens.find(message.subject()?))
    }

    fn incoming(
        &self,
        raw: &[u8],
        message: &Message<'_>,
        envelope: &Envelope,
        null_sender: bool,
        notes: Notes,
    ) -> Incoming {
        let own_id = message.message_id().and_then(short_id);
        let answered = ids(message.in_reply_to());
        let root = ids(message.references())
            .into_iter()
            .chain(answered.iter().cloned())
            .find_map(|id| short_id(&id))
            .or_else(|| own_id.clone());
        // What the city's own token says holds whatever else was lost on the way.
        let thread = match notes.named {
            Some(named) => Some(named.thread),
            None => root.map(|root| self.tokens.thread(&root)),
        };
        let in_reply_to = match notes.named {
            Some(named) => Some(self.reference(named)),
            None => answered.first().and_then(|id| short_id(id)),
        };
        let subject = text_header(message, "Subject");
        let body = Body::of(message);
        let damaged = body.damaged
            || subject
                .as_ref()
                .is_some_and(|text| text.contains('\u{FFFD}'));
        Incoming {
            channel: Channel::Mail,
            via: self.via.clone(),
            key: key(raw, message, own_id.as_deref(), notes.named),
            from: sender(message, envelope),
            to: self.recipient(message, envelope),
            thread: thread.map(|thread| thread.to_string()),
            in_reply_to,
            subject: subject.filter(|text| !text.is_empty()),
            text: body.text,
            html: body.html,
            attachments: body.attachments,
            public: false,
            automatic: null_sender || notes.spam || self.is_automatic(message),
            standing: Standing {
                spam: notes.spam,
                verified: vouch::vouched(message, &self.relay),
            },
            damage: damaged.then_some("mail.undecodable"),
        }
    }

    /// The city's address a message went to.
    fn recipient(&self, message: &Message<'_>, envelope: &Envelope) -> String {
        if let Some(recipient) = &envelope.recipient {
            return recipient.clone();
        }
        let lists = [message.to(), message.cc()].into_iter().flatten();
        let mut addresses = lists
            .flat_map(|list| list.iter())
            .filter_map(|to| to.address());
        addresses
            .find(|address| self.is_ours(address))
            .map_or_else(|| self.addresses[0].clone(), str::to_owned)
    }

    /// Whether a program wrote it: answering could go round in circles (RFC 3834).
    fn is_automatic(&self, message: &Message<'_>) -> bool {
        let value = |name: &'static str| {
            let raw = message.header_raw(name).unwrap_or("");
            raw.trim().to_lowercase()
        };
        let there = |name: &'static str| message.header(name).is_some();
        let submitted = value("Auto-Submitted");
        let precedence = value("Precedence");
        let suppress = value("X-Auto-Response-Suppress");
        let from = message.from().and_then(|from| from.first());
        let address = from.and_then(|from| from.address()).unwrap_or("");
        let name = address.split('@').next().unwrap_or("").to_lowercase();
        // Mail of the city that came back to it.
        let own = message
            .message_id()
            .is_some_and(|id| self.tokens.find(id).is_some())
            || self.is_ours(address);
        let report = message.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("multipart")
                && kind
                    .subtype()
                    .is_some_and(|sub| sub.eq_ignore_ascii_case("report"))
        });
        !(submitted.is_empty() || submitted.starts_with("no"))
            || ["bulk", "list", "junk", "auto_reply"].contains(&precedence.as_str())
            || ["all", "oof", "autoreply"]
                .iter()
                .any(|word| suppress.contains(word))
            || [
                "List-Id",
                "List-Unsubscribe",
                "X-Autoreply",
                "X-Autorespond",
                "X-Loop",
            ]
            .into_iter()
            .any(there)
            || PROGRAMS.contains(&name.as_str())
            || report
            || own
    }
}

/// `120+token@city` to `120@city`.
fn without_plus(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((name, domain)) => {
            let name = name.split('+').next().unwrap_or(name);
            format!("{name}@{domain}")
        }
        None => address.to_owned(),
    }
}

fn null_sender(message: &Message<'_>, envelope: &Envelope) -> bool {
    let in_envelope = envelope.sender.as_deref().map(str::is_empty);
    in_envelope.unwrap_or_else(|| {
        let path = message.header_raw("Return-Path").map(str::trim);
        path == Some("<>")
    })
}

/// What the city's relay says of a message; whoever forges it harms only himself.
fn is_spam(message: &Message<'_>) -> bool {
    let says = |name: &'static str, word: &str| {
        let value = message.header_raw(name).unwrap_or("").trim().to_lowercase();
        value.starts_with(word)
    };
    says("X-Spam-Flag", "yes") || says("X-Spam-Status", "yes") || says("X-Spam", "yes")
}

/// Message-IDs of a header, without angle brackets.
fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.trim().to_owned()],
        HeaderValue::TextList(ids) => ids.iter().map(|id| id.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn short_id(id: &str) -> Option<String> {
    let usable = !id.is_empty()
        && id.len() <= MESSAGE_ID_BYTES_MAX
        && !id.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<' || c == '>');
    usable.then(|| id.to_owned())
}

/// The Message-ID that a key begins with, to answer to; a key without one has none.
pub fn message_id(key: &str) -> Option<&str> {
    let id = key.split(' ').next()?;
    id.contains('@').then_some(id)
}

/// Message-ID and a digest of what the sender wrote: the same mail delivered twice, by whatever
/// way, has the same key; a forged copy of a Message-ID does not displace the mail that owns it.
fn key(raw: &[u8], message: &Message<'_>, id: Option<&str>, named: Option<Named>) -> String {
    let mut digest = Sha256::new();
    for name in ["From", "Date", "Subject"] {
        let value = message.header_raw(name).unwrap_or("");
        digest.update(value.split_whitespace().collect::<String>());
        digest.update([0]);
    }
    if let Some(named) = named {
        digest.update(named.contact.0.to_be_bytes());
    }
    let body = raw.get(message.root_part().raw_body_offset() as usize..);
    // Line ends and the last empty lines are the carriers', not the sender's.
    let body = body.unwrap_or_default().trim_ascii_end();
    for part in body.split(|byte| *byte == b'\r') {
        digest.update(part);
    }
    let digest = hex(&digest.finalize()[..12]);
    match id {
        Some(id) => format!("{id} {digest}"),
        None => format!("sha256:{digest}"),
    }
}

/// Who wrote: the author, or whom to answer where the author reads no mail.
fn sender(message: &Message<'_>, envelope: &Envelope) -> Address {
    let first = |list: Option<&mail_parser::Address<'_>>| {
        let found = list?
            .iter()
            .find(|one| one.address().is_some_and(is_address))?;
        let name = found.name().map(str::trim).filter(|name| !name.is_empty());
        Some((found.address()?.to_owned(), name.map(str::to_owned)))
    };
    let from = first(message.from());
    let unread = from.as_ref().is_none_or(|(address, _)| {
        let name = address.split('@').next().unwrap_or("").to_lowercase();
        UNREAD.contains(&name.as_str())
    });
    let reply_to = first(message.reply_to()).filter(|_| unread);
    let envelope = envelope.sender.clone().map(|address| (address, None));
    let (value, name) = reply_to.or(from).or(envelope).unwrap_or_default();
    Address {
        kind: AddressKind::Mail,
        value,
        name: name.map(|name| one_line(&name)),
    }
}

fn one_line(text: &str) -> String {
    let words: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    words.trim().to_owned()
}

/// A header's text. Old programs write their own letters without saying which: then the charset
/// of the message is tried.
fn text_header(message: &Message<'_>, name: &'static str) -> Option<String> {
    let header = message.headers().iter().rfind(|h| h.name() == name)?;
    let from = header.offset_start() as usize;
    let raw = message
        .raw_message
        .get(from..header.offset_end() as usize)?;
    if std::str::from_utf8(raw).is_err()
        && let Some(decode) = charset(message).and_then(|name| charset_decoder(name.as_bytes()))
    {
        return Some(one_line(&decode(raw)));
    }
    Some(one_line(header.value().as_text()?))
}

/// The charset of the message or of the first part that names one.
fn charset(message: &Message<'_>) -> Option<String> {
    message
        .parts
        .iter()
        .find_map(|part| part.content_type()?.attribute("charset").map(str::to_owned))
}

struct Body {
    text: String,
    html: Option<String>,
    attachments: Vec<Attachment>,
    damaged: bool,
}

impl Body {
    fn of(message: &Message<'_>) -> Body {
        let mut texts = Vec::new();
        let mut damaged = false;
        for part in message.text_bodies() {
            damaged |= part.is_encoding_problem;
            match &part.body {
                PartType::Text(text) => texts.push(tidy(text)),
                PartType::Html(source) => texts.push(html::clean(source).text),
                _ => {}
            }
        }
        let mut pages = Vec::new();
        for part in message.html_bodies() {
            if let PartType::Html(source) = &part.body {
                damaged |= part.is_encoding_problem;
                let cleaned = html::clean(source);
                if texts.iter().all(|text| text.trim().is_empty()) {
                    texts.push(cleaned.text);
                }
                pages.push(cleaned.html);
            }
        }
        texts.retain(|text| !text.trim().is_empty());
        let text = texts.join("\n\n");
        let attachments = message
            .attachments()
            .enumerate()
            .filter(|(_, part)| !part.is_multipart())
            .map(|(at, part)| attachment(at, part))
            .collect();
        let html = pages.join("\n");
        Body {
            damaged: damaged || text.contains('\u{FFFD}'),
            text,
            html: (!html.is_empty()).then_some(html),
            attachments,
        }
    }
}

/// Line ends of one kind, nothing that moves a cursor.
fn tidy(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    text.trim_end().trim_start_matches('\n').to_owned()
}

fn attachment(at: usize, part: &MessagePart<'_>) -> Attachment {
    let kind = part.content_type();
    let media_type = kind.map_or_else(
        || "application/octet-stream".to_owned(),
        |kind| {
            let subtype = kind.subtype().unwrap_or("octet-stream");
            format!("{}/{subtype}", kind.ctype()).to_lowercase()
        },
    );
    let bytes = match &part.body {
        PartType::Message(inner) => inner.raw_message().to_vec(),
        _ => part.contents().to_vec(),
    };
    let unnamed = || match part.message() {
        Some(_) => format!("{}.eml", at + 1),
        None => format!("{}", at + 1),
    };
    let name = part.attachment_name().map(one_line);
    Attachment {
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(unnamed),
        media_type,
        bytes,
        description: part.content_description().map_or(String::new(), one_line),
    }
}

#[cfg(test)]
mod tests;
