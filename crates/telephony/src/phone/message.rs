//! The little of SIP that a telephone reads and writes. Never a transaction, never a socket.

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Request(String),
    Response(u16),
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) start: Start,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// Short forms of the headers that we read (RFC 3261, 7.3.3).
const SHORT: [(&str, &str); 6] = [
    ("i", "Call-ID"),
    ("f", "From"),
    ("t", "To"),
    ("v", "Via"),
    ("m", "Contact"),
    ("l", "Content-Length"),
];

/// Reads a datagram; `None` when it is no SIP.
pub(super) fn parse(bytes: &[u8]) -> Option<Message> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let start = start(lines.next()?)?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        let long = SHORT
            .iter()
            .find(|(short, _)| short.eq_ignore_ascii_case(name));
        let name = long.map_or(name, |(_, long)| long);
        Some((name.to_owned(), value.trim().to_owned()))
    };
    Some(Message {
        start,
        headers: lines.map(header).collect::<Option<_>>()?,
        body: body.to_owned(),
    })
}

fn start(line: &str) -> Option<Start> {
    let mut words = line.split(' ');
    let first = words.next()?;
    let second = words.next()?;
    if first == "SIP/2.0" {
        return second.parse().ok().map(Start::Response);
    }
    (words.next()? == "SIP/2.0").then(|| Start::Request(first.to_owned()))
}

impl Message {
    /// Values of a header, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |(header, _): &&(String, String)| header.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(named)
            .map(|(_, value)| value.as_str())
    }

    /// First value of a header, else the empty text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Number and method of the transaction.
    pub(super) fn cseq(&self) -> (u32, &str) {
        let (number, method) = self.header("CSeq").split_once(' ').unwrap_or_default();
        (number.parse().unwrap_or(0), method.trim())
    }

    /// Where requests inside the dialog go.
    pub(super) fn contact(&self) -> Option<&str> {
        let contact = self.header("Contact");
        let inside = contact
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        let uri = inside.map_or(contact, |(uri, _)| uri);
        (!uri.is_empty()).then_some(uri)
    }

    /// A response with the headers that every response repeats.
    pub(super) fn reply(&self, status: u16, to_tag: &str, more: &str, body: &str) -> String {
        use std::fmt::Write as _;
        let mut text = format!("SIP/2.0 {status} {}\r\n", reason(status));
        for via in self.all("Via") {
            let _ = write!(text, "Via: {via}\r\n");
        }
        let to = self.header("To");
        let tag = if to.contains(";tag=") {
            String::new()
        } else {
            format!(";tag={to_tag}")
        };
        let (from, id, cseq) = (
            self.header("From"),
            self.header("Call-ID"),
            self.header("CSeq"),
        );
        let _ = write!(
            text,
            "From: {from}\r\nTo: {to}{tag}\r\nCall-ID: {id}\r\nCSeq: {cseq}\r\n"
        );
        let _ = write!(text, "{more}Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        481 => "Call/Transaction Does Not Exist",
        _ => "Not Implemented",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ANSWER: &str = "SIP/2.0 503 Service Unavailable\r\nv: SIP/2.0/UDP a;branch=1\r\n\
        Via: SIP/2.0/UDP b\r\ni: 7@x\r\nTo: <sip:120@c>;tag=t\r\nm: <sip:c@127.0.0.1:5060>;x=1\r\n\
        CSeq: 3 INVITE\r\nRetry-After: 30\r\nl: 2\r\n\r\nhi";

    #[test]
    fn long_and_short_headers_are_read() {
        let message = parse(ANSWER.as_bytes()).unwrap();
        assert_eq!(message.start, Start::Response(503));
        assert_eq!(message.all("Via").count(), 2);
        assert_eq!(message.header("call-id"), "7@x");
        assert_eq!(message.cseq(), (3, "INVITE"));
        assert_eq!(message.contact(), Some("sip:c@127.0.0.1:5060"));
        assert_eq!(
            (message.header("Retry-After"), message.body.as_str()),
            ("30", "hi")
        );
    }

    #[test]
    fn what_is_no_sip_is_not_read() {
        for wrong in [
            "",
            "hello",
            "BYE sip:x SIP/2.0\r\n",
            "A b\r\n\r\n",
            "SIP/2.0 x\r\n\r\n",
        ] {
            assert!(parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(parse(b"SIP/2.0 200 OK\r\nno colon\r\n\r\n").is_none());
    }

    #[test]
    fn a_reply_repeats_what_it_must() {
        let bye = "BYE sip:x SIP/2.0\r\nVia: 1\r\nVia: 2\r\nFrom: f;tag=a\r\nTo: t\r\n\
            Call-ID: c\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n";
        let reply = parse(bye.as_bytes()).unwrap().reply(200, "own", "", "");
        let reply = parse(reply.as_bytes()).unwrap();
        assert_eq!(reply.start, Start::Response(200));
        assert_eq!(reply.all("Via").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            (reply.header("To"), reply.cseq()),
            ("t;tag=own", (9, "BYE"))
        );
    }
}
