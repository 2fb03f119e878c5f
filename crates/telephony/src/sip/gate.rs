//! The door in front of the SIP stack: who may send, how much, and whether it is SIP at all. Never
//! a dialog, never a connection.

use crate::counters::Tally;
use crate::leg::lock;
use crate::settings::Settings;
use crate::sip::syntax::{self, Wrong};
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, SipMessage};
use rsipstack::transport::TransportEvent;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::UdpSocket;

/// Longest message; a real INVITE has a quarter of it. Also what the stack's buffer holds: a
/// datagram that fills it may have been cut.
pub(super) const MESSAGE_MAX: usize = 8_191;
/// Sources whose rate is remembered; trunks are few.
const SOURCES_MAX: usize = 1_024;
/// What we serve.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";

/// So many per second, as many at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_second: u32,
    left: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(per_second: u32, now: Instant) -> Bucket {
        Bucket {
            per_second,
            left: f64::from(per_second),
            filled: now,
        }
    }

    /// Takes one; false when there is none.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let gained = (now - self.filled).as_secs_f64() * f64::from(self.per_second);
        self.left = (self.left + gained).min(f64::from(self.per_second));
        self.filled = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

/// Decides about every datagram and message before the stack spends anything on it.
pub(crate) struct Gate {
    settings: Arc<Settings>,
    tally: Arc<Tally>,
    sources: Mutex<HashMap<IpAddr, Bucket>>,
    refusals: Mutex<Bucket>,
}

/// What shall be done with a message.
pub(super) enum Verdict {
    /// As it is, or as it is written here.
    Pass(Option<Vec<u8>>),
    Drop,
    Refuse(Wrong),
}

pub(super) const TOO_LARGE: Wrong = Wrong(513, "Message Too Large");

impl Gate {
    pub(crate) fn new(settings: Arc<Settings>, tally: Arc<Tally>) -> Gate {
        let refusals = Bucket::new(settings.refusals_per_second_max, Instant::now());
        Gate {
            settings,
            tally,
            sources: Mutex::default(),
            refusals: Mutex::new(refusals),
        }
    }

    /// Whether a source is a trunk or the far end of a way out.
    pub(crate) fn knows(&self, ip: IpAddr) -> bool {
        let routes = &self.settings.routes;
        let known = self.settings.trunk_of(ip).is_some()
            || routes.iter().any(|route| route.target.ip() == ip);
        if !known {
            self.tally.unknown_source.add();
        }
        known
    }

    fn throttled(&self, ip: IpAddr) -> bool {
        let now = Instant::now();
        let mut sources = lock(&self.sources);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&ip) {
            sources.clear();
        }
        let per_second = self.settings.messages_per_second_max;
        let bucket = sources.entry(ip).or_insert(Bucket::new(per_second, now));
        let throttled = !bucket.take(now);
        if throttled {
            self.tally.throttled.add();
        }
        throttled
    }

    /// Decides about one whole message.
    pub(super) fn judge(&self, bytes: &[u8], source: SocketAddr) -> Verdict {
        if !self.knows(source.ip()) {
            return Verdict::Drop;
        }
        if bytes.len() > MESSAGE_MAX {
            self.tally.oversized.add();
            return Verdict::Refuse(TOO_LARGE);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            // A keep-alive; the stack answers it.
            return Verdict::Pass(None);
        }
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or(bytes);
        let served = |served: &str| served.as_bytes() == method;
        if !method.starts_with(b"SIP/") && !ALLOW.split(", ").any(served) {
            return self.judge_foreign(bytes, method);
        }
        if self.throttled(source.ip()) {
            return Verdict::Drop;
        }
        let plain = match syntax::read(bytes) {
            Ok(plain) => plain,
            Err(wrong) => return self.malformed(wrong),
        };
        // The stack would parse it in its one reading loop; a fault there must not end the loop.
        let parsed = catch_unwind(AssertUnwindSafe(|| SipMessage::try_from(plain.as_ref())));
        match parsed {
            Ok(Ok(message)) if sound(&message) => match plain {
                Cow::Borrowed(_) => Verdict::Pass(None),
                Cow::Owned(plain) if plain.len() > MESSAGE_MAX => self.malformed(TOO_LARGE),
                Cow::Owned(plain) => Verdict::Pass(Some(plain)),
            },
            _ => self.malformed(Wrong(400, "Bad Request")),
        }
    }

    fn malformed(&self, wrong: Wrong) -> Verdict {
        self.tally.malformed.add();
        Verdict::Refuse(wrong)
    }

    /// A method that is not served, or no method at all.
    fn judge_foreign(&self, bytes: &[u8], method: &[u8]) -> Verdict {
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or(bytes);
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
        if method.is_empty() || method.len() > 64 || !method.iter().all(word) {
            self.tally.malformed.add();
            return Verdict::Drop;
        }
        if !line.trim_ascii_end().ends_with(b" SIP/2.0") {
            return self.malformed(Wrong(400, "Bad Request"));
        }
        self.tally.refused_method.add();
        Verdict::Refuse(Wrong(405, "Method Not Allowed"))
    }

    /// Whether a refusal may be sent now to a source that may be forged. Counts either way.
    fn may_refuse(&self) -> bool {
        let may = lock(&self.refusals).take(Instant::now());
        if may {
            self.tally.refusals_sent.add();
        } else {
            self.tally.refusals_held.add();
        }
        may
    }
}

/// Whether the stack reads what a transaction needs, and the same in all places.
fn sound(message: &SipMessage) -> bool {
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let via = message.top_via_header().and_then(|via| via.typed()).is_ok();
        let from = message.from_header().and_then(ToTypedHeader::typed);
        let to = message.to_header().and_then(ToTypedHeader::typed);
        let call_id = message.call_id_header().map(|id| id.value().len());
        let cseq = message.cseq_header().and_then(ToTypedHeader::typed);
        let (Ok(from), Ok(_), Ok(call_id), Ok(cseq)) = (from, to, call_id, cseq) else {
            return false;
        };
        let same_method = match message {
            SipMessage::Request(request) => request.method == cseq.method,
            SipMessage::Response(_) => true,
        };
        via && same_method && (1..=512).contains(&call_id) && from.tag().is_some()
    }));
    checked.unwrap_or(false)
}

/// A refusal written without the stack: the headers that a response repeats, and nothing else.
pub(super) fn refusal(bytes: &[u8], wrong: Wrong) -> Option<Vec<u8>> {
    let Wrong(status, phrase) = wrong;
    let head = &bytes[..bytes.len().min(MESSAGE_MAX)];
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    if lines.next()?.starts_with("SIP/") {
        return None;
    }
    let mut reply = format!("SIP/2.0 {status} {phrase}\r\n");
    let mut vias = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        match name.to_ascii_lowercase().as_str() {
            "via" | "v" => {
                vias += 1;
                let _ = write!(reply, "Via: {value}\r\n");
            }
            "to" | "t" if !value.contains("tag=") => {
                let _ = write!(reply, "To: {value};tag=refused\r\n");
            }
            "from" | "f" | "to" | "t" | "call-id" | "i" | "cseq" => {
                let _ = write!(reply, "{name}: {value}\r\n");
            }
            _ => {}
        }
    }
    if status == 405 {
        let _ = write!(reply, "Allow: {ALLOW}\r\n");
    }
    reply.push_str("Content-Length: 0\r\n\r\n");
    (vias > 0).then(|| reply.into_bytes())
}

/// The UDP socket that the stack reads: only what passed the gate comes out of it.
pub(crate) struct GatedSocket {
    pub(crate) socket: UdpSocket,
    pub(crate) gate: Arc<Gate>,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = rsipstack::Result<T>> + Send + 'a>>;

impl StackSocket for GatedSocket {
    fn recv_from<'s, 'b, 'f>(&'s self, buffer: &'b mut [u8]) -> Answer<'f, (usize, SocketAddr)>
    where
        's: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            loop {
                let Ok((length, source)) = self.socket.recv_from(buffer).await else {
                    // A peer that is gone; the next datagram is not its fault.
                    tokio::task::yield_now().await;
                    continue;
                };
                match self.gate.judge(&buffer[..length], source) {
                    Verdict::Pass(None) => return Ok((length, source)),
                    Verdict::Pass(Some(plain)) => {
                        // Not longer than the longest message, so than the stack's buffer.
                        buffer[..plain.len()].copy_from_slice(&plain);
                        return Ok((plain.len(), source));
                    }
                    Verdict::Drop => {}
                    Verdict::Refuse(wrong) => {
                        if let Some(reply) = refusal(&buffer[..length], wrong)
                            && self.gate.may_refuse()
                        {
                            let _ = self.socket.send_to(&reply, source).await;
                        }
                    }
                }
            }
        })
    }

    fn send_to<'s, 'b, 'f>(&'s self, bytes: &'b [u8], to: SocketAddr) -> Answer<'f, usize>
    where
        's: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move { Ok(self.socket.send_to(bytes, to).await?) })
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Looks once more at what came over TCP: what we dialed ourselves did not pass the door.
pub(crate) struct Inspector(pub(crate) Arc<Gate>);

impl rsipstack::transaction::endpoint::TransportEventInspector for Inspector {
    fn handle<'s, 'f>(
        &'s self,
        mut event: TransportEvent,
    ) -> Pin<Box<dyn Future<Output = Option<TransportEvent>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let passed = match &mut event {
            TransportEvent::Incoming(message, connection, _) if connection.is_reliable() => {
                sound(message)
            }
            TransportEvent::Incoming(message, _, _) => {
                keep_to_datagrams(message);
                true
            }
            _ => true,
        };
        if !passed {
            self.0.tally.malformed.add();
        }
        Box::pin(async move { passed.then_some(event) })
    }
}

/// Whoever speaks by datagrams is spoken to by datagrams: the stack would dial any address over
/// TCP or TLS for which it is asked in a Contact, and read there what never passed the door.
fn keep_to_datagrams(message: &mut SipMessage) {
    let headers = match message {
        SipMessage::Request(request) => &mut request.headers,
        SipMessage::Response(response) => &mut response.headers,
    };
    for header in headers.iter_mut() {
        match header {
            Header::Contact(contact) => {
                if let Some(plain) = without_transport(contact.value()) {
                    contact.replace(plain);
                }
            }
            Header::RecordRoute(route) => {
                if let Some(plain) = without_transport(route.value()) {
                    route.replace(plain);
                }
            }
            _ => {}
        }
    }
}

/// The addresses without the parameter that asks for a transport; none when they have none.
fn without_transport(addresses: &str) -> Option<String> {
    const ASKS: &str = ";transport=";
    let mut plain = addresses.to_owned();
    while let Some(from) = plain.to_ascii_lowercase().find(ASKS) {
        let rest = &plain[from + ASKS.len()..];
        let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
        let to = from + ASKS.len() + rest.find(ends).unwrap_or(rest.len());
        plain.replace_range(from..to, "");
    }
    (plain.len() < addresses.len()).then_some(plain)
}

/// Everything that is done with a message before it is trusted.
#[cfg(any(test, feature = "trials"))]
pub(crate) fn try_reading(bytes: &[u8]) {
    let reply = refusal(bytes, Wrong(400, "Bad Request"));
    // An octet that is no letter is said as U+FFFD, which takes three.
    assert!(reply.is_none_or(|reply| reply.len() < 3 * bytes.len() + 200));
    let Ok(plain) = syntax::read(bytes) else {
        return;
    };
    // What was written plainly is plain.
    assert!(matches!(syntax::read(&plain), Ok(Cow::Borrowed(_))));
    let Ok(message) = SipMessage::try_from(plain.as_ref()) else {
        return;
    };
    if sound(&message)
        && let SipMessage::Request(request) = &message
    {
        let asked = super::call::timers(request);
        let _ = super::timer::agree(&asked, 90);
        let _ = super::call::number(request);
        let _ = request.typed_contact_headers();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_gives_so_many_a_second() {
        let now = Instant::now();
        let mut bucket = Bucket::new(10, now);
        let taken = (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(taken, 10);
        let later = now + Duration::from_millis(500);
        assert_eq!((0..100).filter(|_| bucket.take(later)).count(), 5);
    }

    #[test]
    fn a_refusal_repeats_what_it_must_and_tells_nothing_else() {
        let request = "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
            From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\
            Authorization: secret\r\n\r\nbody: x\r\n";
        let reply = refusal(request.as_bytes(), Wrong(405, "Method Not Allowed")).unwrap();
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.starts_with("SIP/2.0 405 Method Not Allowed\r\nVia: SIP/2.0/UDP h;"));
        assert!(reply.contains("To: <sip:a@b>;tag=refused\r\n"));
        assert!(!reply.contains("secret") && !reply.contains("body"));
        assert!(refusal(b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n", TOO_LARGE).is_none());
        assert!(refusal(b"garbage", TOO_LARGE).is_none());
    }

    #[test]
    fn a_contact_asks_for_no_transport_any_more() {
        let plain = |text: &str| without_transport(text);
        assert_eq!(plain("<sip:a@192.0.2.1:5060>"), None);
        let cases = [
            ("<sip:a@192.0.2.1;transport=tcp>", "<sip:a@192.0.2.1>"),
            ("<sip:a@h;Transport=TLS;ob>;q=1", "<sip:a@h;ob>;q=1"),
            (
                "<sip:h;lr;transport=tls-sctp>, <sip:i;transport=ws;lr>",
                "<sip:h;lr>, <sip:i;lr>",
            ),
            ("sip:a@h;transport=", "sip:a@h"),
            ("sip:\u{130};transport=udp", "sip:\u{130}"),
        ];
        for (asked, left) in cases {
            assert_eq!(plain(asked).as_deref(), Some(left), "{asked}");
        }
    }
}
