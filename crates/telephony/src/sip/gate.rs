//! The door in front of the SIP stack: who may send, how much, and whether it is SIP at all. Never
//! a dialog.

use crate::counters::Tally;
use crate::leg::lock;
use crate::settings::Settings;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Method, Request, SipMessage};
use rsipstack::transport::TransportEvent;
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
/// datagram
/// that fills it may have been cut.
const MESSAGE_MAX: usize = 8_191;
/// Refusals per second to all sources together: enough for an honest mistake, useless for a flood.
const REFUSALS_PER_SECOND: u32 = 20;
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

/// What shall be done with a datagram.
enum Verdict {
    Pass,
    Drop,
    Refuse(u16, &'static str),
}

impl Gate {
    pub(crate) fn new(settings: Arc<Settings>, tally: Arc<Tally>) -> Gate {
        Gate {
            settings,
            tally,
            sources: Mutex::default(),
            refusals: Mutex::new(Bucket::new(REFUSALS_PER_SECOND, Instant::now())),
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

    fn judge(&self, bytes: &[u8], source: SocketAddr) -> Verdict {
        if !self.knows(source.ip()) {
            return Verdict::Drop;
        }
        if bytes.len() > MESSAGE_MAX {
            self.tally.oversized.add();
            return Verdict::Refuse(513, "Message Too Large");
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            // A keep-alive; the stack answers it.
            return Verdict::Pass;
        }
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or(bytes);
        let served = |served: &str| served.as_bytes() == method;
        if !method.starts_with(b"SIP/") && !ALLOW.split(", ").any(served) {
            return self.judge_foreign(method);
        }
        if self.throttled(source.ip()) {
            return Verdict::Drop;
        }
        // The stack would parse it in its one reading loop; a fault there must not end the loop.
        let parsed = catch_unwind(AssertUnwindSafe(|| SipMessage::try_from(bytes)));
        match parsed {
            Ok(Ok(message)) if sound(&message) => Verdict::Pass,
            _ => {
                self.tally.malformed.add();
                Verdict::Refuse(400, "Bad Request")
            }
        }
    }

    fn judge_foreign(&self, method: &[u8]) -> Verdict {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
        if method.is_empty() || method.len() > 32 || !method.iter().all(word) {
            self.tally.malformed.add();
            return Verdict::Drop;
        }
        self.tally.refused_method.add();
        Verdict::Refuse(405, "Method Not Allowed")
    }

    /// The same for messages that came over TCP, where the stack has parsed them already.
    pub(crate) fn passes(&self, message: &SipMessage, source: Option<SocketAddr>) -> bool {
        if !sound(message) {
            self.tally.malformed.add();
            return false;
        }
        if let SipMessage::Request(request) = message
            && foreign(request.method)
        {
            // The dialog side answers these; there is no flood without a connection.
            self.tally.refused_method.add();
        }
        source.is_none_or(|source| !self.throttled(source.ip()))
    }

    fn may_refuse(&self) -> bool {
        lock(&self.refusals).take(Instant::now())
    }
}

/// Whether a method is none of those that we serve.
pub(crate) fn foreign(method: Method) -> bool {
    let name = method.to_string();
    !ALLOW.split(", ").any(|served| served == name)
}

/// Whether everything is there that a transaction needs, and says the same in all places.
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
            SipMessage::Request(request) => request.method == cseq.method && whole(request),
            SipMessage::Response(_) => true,
        };
        via && same_method && (1..=512).contains(&call_id) && from.tag().is_some()
    }));
    checked.unwrap_or(false)
}

/// Whether the body is as long as it says; the stack takes what there is.
fn whole(request: &Request) -> bool {
    use rsipstack::sip::Header;
    let said = request.headers.iter().find_map(|header| match header {
        Header::ContentLength(length) => Some(length.value().trim().parse::<usize>()),
        _ => None,
    });
    match said {
        Some(Ok(length)) => length == request.body.len(),
        Some(Err(_)) => false,
        None => true,
    }
}

/// A refusal written without the stack: the headers that a response repeats, and nothing else.
fn refusal(bytes: &[u8], status: u16, phrase: &str) -> Option<Vec<u8>> {
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
    let _ = write!(reply, "Content-Length: 0\r\n\r\n");
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
                    Verdict::Pass => return Ok((length, source)),
                    Verdict::Drop => {}
                    Verdict::Refuse(status, phrase) => {
                        if self.gate.may_refuse()
                            && let Some(reply) = refusal(&buffer[..length], status, phrase)
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

/// Looks at what came over TCP, too.
pub(crate) struct Inspector(pub(crate) Arc<Gate>);

impl rsipstack::transaction::endpoint::TransportEventInspector for Inspector {
    fn handle<'s, 'f>(
        &'s self,
        event: TransportEvent,
    ) -> Pin<Box<dyn Future<Output = Option<TransportEvent>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let passed = match &event {
            TransportEvent::Incoming(message, connection, from) if connection.is_reliable() => {
                self.0.passes(message, from.get_socketaddr().ok())
            }
            _ => true,
        };
        Box::pin(async move { passed.then_some(event) })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::time::Duration;

    /// Everything that is done with a message before it is trusted.
    pub(crate) fn try_reading(bytes: &[u8]) {
        let reply = refusal(bytes, 400, "Bad Request");
        assert!(reply.is_none_or(|reply| reply.len() < 2 * bytes.len() + 200));
        let Ok(message) = SipMessage::try_from(bytes) else {
            return;
        };
        if sound(&message)
            && let SipMessage::Request(request) = &message
        {
            let asked = super::super::call::timers(request);
            let _ = super::super::timer::agree(&asked);
            let _ = super::super::call::number(request);
            let _ = request.typed_contact_headers();
        }
    }

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
        let reply = refusal(request.as_bytes(), 405, "Method Not Allowed").unwrap();
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.starts_with("SIP/2.0 405 Method Not Allowed\r\nVia: SIP/2.0/UDP h;"));
        assert!(reply.contains("To: <sip:a@b>;tag=refused\r\n"));
        assert!(!reply.contains("secret") && !reply.contains("body"));
        assert!(refusal(b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n", 400, "").is_none());
        assert!(refusal(b"garbage", 400, "").is_none());
    }
}
