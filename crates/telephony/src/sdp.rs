//! The little of SDP (RFC 4566, 3264) that an audio trunk needs: offers in, answers and offers out.
//! Never a socket.

use crate::g711::Law;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Longest body that is read; a real offer has a tenth of it.
const BODY_MAX: usize = 16 * 1024;
/// More media lines than any device offers.
const LINES_MAX: usize = 32;

/// Which way sound flows, seen from the side that wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    fn parse(attribute: &str) -> Option<Direction> {
        match attribute {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    /// What we answer.
    pub(crate) fn answered(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "recvonly",
            Direction::RecvOnly => "sendonly",
            Direction::Inactive => "inactive",
        }
    }

    /// Whether the writer wants to hear us.
    pub(crate) fn hears(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// What the other side described and we can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// Where it wants packets; `None` while it holds with the address 0.0.0.0.
    pub(crate) address: Option<SocketAddr>,
    /// Law it prefers of those we speak.
    pub(crate) law: Law,
    /// Its payload type for that law.
    pub(crate) payload_type: u8,
    /// Its payload type for telephone events.
    pub(crate) event_type: Option<u8>,
    /// Which way it wants sound to flow.
    pub(crate) direction: Direction,
    /// Every media line as it came (`audio 49170 RTP/AVP 0 8`), and which of them we take.
    lines: Vec<String>,
    taken: usize,
}

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Not SDP, or cut short.
    Malformed,
    /// SDP without a codec, transport or media that we speak.
    Unsupported,
}

#[derive(Default)]
struct Media<'a> {
    line: &'a str,
    connection: Option<&'a str>,
    maps: Vec<(u8, &'a str)>,
    direction: Option<Direction>,
}

/// Reads an offer or an answer.
pub(crate) fn parse(body: &[u8]) -> Result<Description, Flaw> {
    if body.len() > BODY_MAX {
        return Err(Flaw::Malformed);
    }
    let text = std::str::from_utf8(body).map_err(|_| Flaw::Malformed)?;
    let mut session = Media::default();
    let mut media: Vec<Media<'_>> = Vec::new();
    if !text.starts_with("v=0") {
        return Err(Flaw::Malformed);
    }
    for line in text.lines().map(str::trim_end) {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if name == "m" {
            if media.len() == LINES_MAX {
                return Err(Flaw::Malformed);
            }
            media.push(Media {
                line: value,
                ..Media::default()
            });
        }
        let scope = media.last_mut().unwrap_or(&mut session);
        match name {
            "c" => scope.connection = Some(value),
            "a" => attribute(scope, value),
            _ => {}
        }
    }
    if media.is_empty() {
        return Err(Flaw::Malformed);
    }
    let lines = media.iter().map(|one| one.line.to_owned()).collect();
    let mut flaw = Flaw::Unsupported;
    for (taken, one) in media.iter().enumerate() {
        match describe(&session, one) {
            Ok(Some(found)) => {
                return Ok(Description {
                    lines,
                    taken,
                    ..found
                });
            }
            Ok(None) => {}
            Err(worse) => flaw = worse,
        }
    }
    Err(flaw)
}

fn attribute<'a>(scope: &mut Media<'a>, value: &'a str) {
    if let Some(direction) = Direction::parse(value) {
        scope.direction = Some(direction);
    } else if let Some(map) = value.strip_prefix("rtpmap:")
        && let Some((number, codec)) = map.split_once(' ')
        && let Ok(number) = number.trim().parse::<u8>()
        && number < 128
        && scope.maps.len() < 64
    {
        scope.maps.push((number, codec.trim()));
    }
}

/// `Ok(None)` when the line is not audio that we could take.
fn describe(session: &Media<'_>, media: &Media<'_>) -> Result<Option<Description>, Flaw> {
    let mut words = media.line.split_ascii_whitespace();
    let (kind, port, transport) = (words.next(), words.next(), words.next());
    let port = port.ok_or(Flaw::Malformed)?;
    let port = port.split('/').next().unwrap_or(port);
    let port: u16 = port.parse().map_err(|_| Flaw::Malformed)?;
    let transport = transport.ok_or(Flaw::Malformed)?;
    if kind != Some("audio") || port == 0 || !matches!(transport, "RTP/AVP" | "RTP/AVPF") {
        return Ok(None);
    }
    let mut law = None;
    let mut event_type = None;
    for number in words {
        let number: u8 = number.parse().map_err(|_| Flaw::Malformed)?;
        let map = media.maps.iter().find(|(mapped, _)| *mapped == number);
        match codec(number, map.map(|(_, codec)| *codec)) {
            Some(Codec::Speech(spoken)) if law.is_none() => law = Some((spoken, number)),
            Some(Codec::Events) if event_type.is_none() => event_type = Some(number),
            _ => {}
        }
    }
    let Some((law, payload_type)) = law else {
        return Ok(None);
    };
    let connection = media.connection.or(session.connection);
    let ip = address(connection.ok_or(Flaw::Malformed)?).ok_or(Flaw::Malformed)?;
    Ok(Some(Description {
        address: (!ip.is_unspecified()).then_some(SocketAddr::new(ip, port)),
        law,
        payload_type,
        event_type,
        direction: media
            .direction
            .or(session.direction)
            .unwrap_or(Direction::SendRecv),
        lines: Vec::new(),
        taken: 0,
    }))
}

enum Codec {
    Speech(Law),
    Events,
}

fn codec(number: u8, map: Option<&str>) -> Option<Codec> {
    let Some(map) = map else {
        return match number {
            0 => Some(Codec::Speech(Law::Mu)),
            8 => Some(Codec::Speech(Law::A)),
            _ => None,
        };
    };
    let mut parts = map.split('/');
    let (name, rate) = (parts.next()?, parts.next()?);
    if rate != "8000" || parts.next().is_some_and(|channels| channels != "1") {
        return None;
    }
    if name.eq_ignore_ascii_case("PCMU") {
        Some(Codec::Speech(Law::Mu))
    } else if name.eq_ignore_ascii_case("PCMA") {
        Some(Codec::Speech(Law::A))
    } else if name.eq_ignore_ascii_case("telephone-event") {
        Some(Codec::Events)
    } else {
        None
    }
}

fn address(connection: &str) -> Option<IpAddr> {
    let mut words = connection.split_ascii_whitespace();
    if words.next() != Some("IN") || !matches!(words.next(), Some("IP4" | "IP6")) {
        return None;
    }
    words.next()?.split('/').next()?.parse().ok()
}

/// Our side of one line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    /// Where we want packets.
    pub(crate) address: SocketAddr,
    /// Number of the session and how often it was described.
    pub(crate) session: u64,
    /// Rises with each description that we send.
    pub(crate) version: u64,
}

fn head(ours: &Ours) -> String {
    let ip = ours.address.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (session, version) = (ours.session, ours.version);
    format!(
        "v=0\r\no=- {session} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n"
    )
}

/// The answer to a description: its line with our one law, every other line refused.
pub(crate) fn answer(theirs: &Description, ours: &Ours) -> String {
    let mut text = head(ours);
    for (index, line) in theirs.lines.iter().enumerate() {
        if index == theirs.taken {
            media(&mut text, theirs, ours);
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        let kind = words.next().unwrap_or("audio");
        let rest: Vec<&str> = words.skip(1).collect();
        let _ = write!(text, "m={kind} 0 {}\r\n", rest.join(" "));
    }
    text
}

fn media(text: &mut String, theirs: &Description, ours: &Ours) {
    let (port, number) = (ours.address.port(), theirs.payload_type);
    let name = match theirs.law {
        Law::Mu => "PCMU",
        Law::A => "PCMA",
    };
    let transport = theirs.lines[theirs.taken].split_ascii_whitespace().nth(2);
    let transport = transport.unwrap_or("RTP/AVP");
    let _ = write!(text, "m=audio {port} {transport} {number}");
    if let Some(event) = theirs.event_type {
        let _ = write!(text, " {event}");
    }
    let _ = write!(text, "\r\na=rtpmap:{number} {name}/8000\r\n");
    if let Some(event) = theirs.event_type {
        let _ = write!(text, "a=rtpmap:{event} telephone-event/8000\r\n");
        let _ = write!(text, "a=fmtp:{event} 0-15\r\n");
    }
    let direction = theirs.direction.answered();
    let _ = write!(text, "a=ptime:20\r\na={direction}\r\n");
}

/// An offer of both laws and telephone events.
pub(crate) fn offer(ours: &Ours) -> String {
    let mut text = head(ours);
    let port = ours.address.port();
    let _ = write!(
        text,
        "m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=video 5000 RTP/AVP 96\r\nm=audio 6000 RTP/AVP 18 8 0 97\r\n\
        a=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n";

    fn ours() -> Ours {
        Ours {
            address: "127.0.0.1:30000".parse().unwrap(),
            session: 7,
            version: 1,
        }
    }

    #[test]
    fn the_first_law_we_speak_is_taken_and_other_lines_are_refused() {
        let found = parse(OFFER.as_bytes()).unwrap();
        assert_eq!((found.law, found.payload_type), (Law::A, 8));
        assert_eq!(found.event_type, Some(97));
        assert_eq!(found.address, Some("127.0.0.1:6000".parse().unwrap()));
        let answer = answer(&found, &ours());
        assert!(answer.contains("m=video 0 RTP/AVP 96\r\n"));
        assert!(answer.contains("m=audio 30000 RTP/AVP 8 97\r\n"));
        assert!(answer.ends_with("a=recvonly\r\n"));
    }

    #[test]
    fn what_we_offer_can_be_read() {
        let found = parse(offer(&ours()).as_bytes()).unwrap();
        assert_eq!((found.law, found.event_type), (Law::Mu, Some(101)));
        assert_eq!(found.direction, Direction::SendRecv);
    }

    #[test]
    fn unusable_descriptions_say_why() {
        let changed = |from: &str, to: &str| parse(OFFER.replace(from, to).as_bytes());
        assert_eq!(changed("18 8 0 97", "18 97"), Err(Flaw::Unsupported));
        assert_eq!(
            changed("audio 6000 RTP/AVP", "audio 6000 RTP/SAVP"),
            Err(Flaw::Unsupported)
        );
        assert_eq!(changed("6000", "99999"), Err(Flaw::Malformed));
        assert_eq!(changed("c=IN IP4 127.0.0.1\r\n", ""), Err(Flaw::Malformed));
        assert_eq!(changed("v=0", "hello"), Err(Flaw::Malformed));
        assert_eq!(parse(b""), Err(Flaw::Malformed));
        assert_eq!(parse(b"\xff\xfe"), Err(Flaw::Malformed));
        let held = changed("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0").unwrap();
        assert_eq!(held.address, None);
    }
}
