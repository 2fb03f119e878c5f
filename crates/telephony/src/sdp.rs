//! The little of SDP (RFC 4566, 3264) that an audio trunk needs: offers in, answers and offers out.
//! Never a socket.

use crate::codec::{Codec, PCMA, PCMU};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Longest body that is read; a real offer has a tenth of it.
const BODY_MAX: usize = 16 * 1024;
/// More media lines than any device offers.
const LINES_MAX: usize = 32;
/// More payload types of our codecs than any device offers.
const SPEECH_MAX: usize = 16;

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
    /// Codec that we take of those it names: the first wide one, else the first.
    pub(crate) codec: Codec,
    /// Its payload type for that codec.
    pub(crate) payload_type: u8,
    /// All that it names and we speak; whatever we take, some send another of these.
    pub(crate) speech: Vec<(Codec, u8)>,
    /// Its payload type for telephone events, by the codec's clock where it has one.
    pub(crate) events: Option<Events>,
    /// Which way it wants sound to flow.
    pub(crate) direction: Direction,
    /// Every media line as it came (`audio 49170 RTP/AVP 0 8`), and which of them we take.
    lines: Vec<String>,
    taken: usize,
}

/// Keys as RFC 4733 sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) payload_type: u8,
    /// Steps of their timestamp in a second.
    pub(crate) clock: u32,
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
    let mut speech: Vec<(Codec, u8)> = Vec::new();
    let mut events: Vec<Events> = Vec::new();
    for number in words {
        let number: u8 = number.parse().map_err(|_| Flaw::Malformed)?;
        let map = media.maps.iter().find(|(mapped, _)| *mapped == number);
        match format(number, map.map(|(_, map)| *map)) {
            Some(Format::Speech(codec)) if speech.len() < SPEECH_MAX => {
                speech.push((codec, number));
            }
            Some(Format::Events(clock)) => events.push(Events {
                payload_type: number,
                clock,
            }),
            _ => {}
        }
    }
    let wide = speech.iter().find(|(codec, _)| codec.is_wide());
    let Some((codec, payload_type)) = wide.or_else(|| speech.first()).copied() else {
        return Ok(None);
    };
    let in_time = |events: &&Events| events.clock == codec.clock();
    let events = events.iter().find(in_time).or_else(|| events.first());
    let connection = media.connection.or(session.connection);
    let ip = address(connection.ok_or(Flaw::Malformed)?).ok_or(Flaw::Malformed)?;
    Ok(Some(Description {
        address: (!ip.is_unspecified()).then_some(SocketAddr::new(ip, port)),
        codec,
        payload_type,
        events: events.copied(),
        speech,
        direction: media
            .direction
            .or(session.direction)
            .unwrap_or(Direction::SendRecv),
        lines: Vec::new(),
        taken: 0,
    }))
}

enum Format {
    Speech(Codec),
    /// Telephone events, by this clock.
    Events(u32),
}

fn format(number: u8, map: Option<&str>) -> Option<Format> {
    let Some(map) = map else {
        return Codec::of_static(number).map(Format::Speech);
    };
    if let Some(codec) = Codec::of_map(map) {
        return Some(Format::Speech(codec));
    }
    let mut parts = map.split('/');
    let (name, clock) = (parts.next()?, parts.next()?);
    let mono = parts.next().is_none_or(|channels| channels == "1");
    let known = matches!(clock, "8000" | "48000");
    let events = name.eq_ignore_ascii_case("telephone-event") && mono && known;
    events.then(|| clock.parse().ok().map(Format::Events))?
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

/// The answer to a description: its line with our one codec, every other line refused.
pub(crate) fn answer(theirs: &Description, ours: &Ours) -> String {
    let mut text = head(ours);
    for (index, line) in theirs.lines.iter().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let kind = words.next().unwrap_or("audio");
        if index == theirs.taken {
            let transport = words.nth(1).unwrap_or("RTP/AVP");
            let speech = [(theirs.codec, theirs.payload_type)];
            let events: Vec<Events> = theirs.events.into_iter().collect();
            let direction = theirs.direction.answered();
            media(&mut text, ours, transport, &speech, &events);
            let _ = write!(text, "a=ptime:20\r\na={direction}\r\n");
            continue;
        }
        let rest: Vec<&str> = words.skip(1).collect();
        let _ = write!(text, "m={kind} 0 {}\r\n", rest.join(" "));
    }
    text
}

fn media(
    text: &mut String,
    ours: &Ours,
    transport: &str,
    speech: &[(Codec, u8)],
    events: &[Events],
) {
    let _ = write!(text, "m=audio {} {transport}", ours.address.port());
    let event_types = events.iter().map(|events| events.payload_type);
    for number in speech.iter().map(|(_, number)| *number).chain(event_types) {
        let _ = write!(text, " {number}");
    }
    text.push_str("\r\n");
    for (codec, number) in speech {
        let _ = write!(text, "a=rtpmap:{number} {}\r\n", codec.map());
        if *codec == Codec::Opus {
            let _ = write!(text, "a=fmtp:{number} useinbandfec=1\r\n");
        }
    }
    for Events {
        payload_type,
        clock,
    } in events
    {
        let _ = write!(text, "a=rtpmap:{payload_type} telephone-event/{clock}\r\n");
        let _ = write!(text, "a=fmtp:{payload_type} 0-15\r\n");
    }
}

/// Our payload types where the other side has not named its own.
const OURS: [(Codec, u8); 4] = [(Codec::Opus, 96), (Codec::G722, 9), (PCMU, 0), (PCMA, 8)];
const OUR_EVENTS: [Events; 2] = [
    Events {
        payload_type: 101,
        clock: 8_000,
    },
    Events {
        payload_type: 102,
        clock: 48_000,
    },
];

/// What a line has agreed on already.
pub(crate) type Agreed = (Codec, u8, Option<Events>);

/// An offer of everything we speak, `first` before the others.
pub(crate) fn offer(ours: &Ours, first: Option<Codec>) -> String {
    let mut speech = OURS;
    // Whoever spoke the telephone's codec goes on with either law before anything wide.
    let late = |codec: Codec| match first {
        Some(first) if first.is_wide() == codec.is_wide() => codec != first,
        Some(_) => true,
        None => false,
    };
    let narrow = first.is_some_and(|first| !first.is_wide());
    speech.sort_by_key(|(codec, _)| (narrow && codec.is_wide(), late(*codec)));
    described(ours, &speech, &OUR_EVENTS)
}

/// An offer to go on as agreed.
pub(crate) fn offer_again(ours: &Ours, (codec, number, events): Agreed) -> String {
    let events: Vec<Events> = events.into_iter().collect();
    described(ours, &[(codec, number)], &events)
}

fn described(ours: &Ours, speech: &[(Codec, u8)], events: &[Events]) -> String {
    let mut text = head(ours);
    media(&mut text, ours, "RTP/AVP", speech, events);
    text.push_str("a=ptime:20\r\na=sendrecv\r\n");
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
        assert_eq!((found.codec, found.payload_type), (PCMA, 8));
        assert_eq!(found.events.unwrap().payload_type, 97);
        assert_eq!(found.address, Some("127.0.0.1:6000".parse().unwrap()));
        let answer = answer(&found, &ours());
        assert!(answer.contains("m=video 0 RTP/AVP 96\r\n"));
        assert!(answer.contains("m=audio 30000 RTP/AVP 8 97\r\n"));
        assert!(answer.ends_with("a=recvonly\r\n"));
    }

    #[test]
    fn what_we_offer_can_be_read() {
        let read = |first| {
            let found = parse(offer(&ours(), first).as_bytes()).unwrap();
            assert_eq!(found.direction, Direction::SendRecv);
            (found.codec, found.payload_type, found.events)
        };
        let [by_8, by_48] = OUR_EVENTS;
        assert_eq!(read(None), (Codec::Opus, 96, Some(by_48)));
        assert_eq!(read(Some(Codec::G722)), (Codec::G722, 9, Some(by_8)));
        let line = |first| {
            let text = offer(&ours(), first);
            let line = text.lines().find(|line| line.starts_with("m=")).unwrap();
            line.to_owned()
        };
        assert_eq!(line(None), "m=audio 30000 RTP/AVP 96 9 0 8 101 102");
        assert_eq!(
            line(Some(PCMA)),
            "m=audio 30000 RTP/AVP 8 0 96 9 101 102",
            "whoever follows our order needs no interpreter"
        );
        let agreed = (Codec::Opus, 111, None);
        let again = parse(offer_again(&ours(), agreed).as_bytes()).unwrap();
        assert_eq!((again.codec, again.payload_type, again.events), agreed);
    }

    /// The answer to an offer of these numbers with these maps.
    fn answered(numbers: &str, maps: &[&str]) -> String {
        let maps = maps
            .iter()
            .fold(String::new(), |text, map| text + "a=rtpmap:" + map + "\r\n");
        let offer =
            format!("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 6000 RTP/AVP {numbers}\r\n{maps}");
        let answer = answer(&parse(offer.as_bytes()).unwrap(), &ours());
        let from = answer.find("m=").unwrap();
        answer[from..].replace("\r\n", "|")
    }

    #[test]
    fn a_trunk_of_wideband_is_answered_in_wideband_whatever_comes_first() {
        let opus = "107 opus/48000/2";
        assert_eq!(
            answered("0 9 8 101", &["101 telephone-event/8000"]),
            "m=audio 30000 RTP/AVP 9 101|a=rtpmap:9 G722/8000|\
             a=rtpmap:101 telephone-event/8000|a=fmtp:101 0-15|a=ptime:20|a=sendrecv|"
        );
        let both = [
            "101 telephone-event/8000",
            "108 telephone-event/48000",
            opus,
        ];
        assert_eq!(
            answered("107 9 0 101 108", &both),
            "m=audio 30000 RTP/AVP 107 108|a=rtpmap:107 opus/48000/2|a=fmtp:107 useinbandfec=1|\
             a=rtpmap:108 telephone-event/48000|a=fmtp:108 0-15|a=ptime:20|a=sendrecv|",
            "the events keep the clock of the speech"
        );
        assert!(
            answered("107 101", &[opus, both[0]]).contains(" 107 101|"),
            "events by another clock are better than none"
        );
        assert!(
            answered("9 107 101", &both).contains(" 9 101|"),
            "the wide one it names first"
        );
        assert_eq!(
            answered("0 8 101", &["101 telephone-event/8000"]),
            "m=audio 30000 RTP/AVP 0 101|a=rtpmap:0 PCMU/8000|\
             a=rtpmap:101 telephone-event/8000|a=fmtp:101 0-15|a=ptime:20|a=sendrecv|"
        );
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
