//! Browsers: one UDP port for all of them, ICE-lite, DTLS-SRTP, the codecs of each. Never what is
//! said on a line.

use crate::codec::{Codec, Codecs};
use crate::counters::Tally;
use crate::leg::{Heard, Leg, Noticed, Shared, Wire, lock};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use str0m::change::SdpOffer;
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc};
use tokio::net::UdpSocket;

/// Longest offer that is read; a browser's audio offer has a fifth of it.
const OFFER_MAX: usize = 32 * 1024;
/// Addresses that one browser may speak from at a time.
const SOURCES_MAX: usize = 16;
/// The payload types that browsers use for telephone events, by the clock of what is spoken.
const EVENT_TYPES: [(u8, Frequency); 2] = [
    (126, Frequency::EIGHT_KHZ),
    (110, Frequency::FORTY_EIGHT_KHZ),
];

/// One browser's connection. Its owner is whoever holds the lock; it is never held while another
/// leg is spoken to.
pub(crate) struct Line {
    socket: Arc<UdpSocket>,
    up: AtomicBool,
    numbers: Numbers,
    state: Mutex<State>,
}

struct State {
    rtc: Rtc,
    mid: Option<Mid>,
    up: bool,
    dead: bool,
    deadline: Instant,
    /// Our numbers begin below 2^16 for it, whatever the leg has counted before it came up.
    base: Option<u64>,
}

/// The payload types that were agreed on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Numbers {
    speech: Vec<(Codec, u8)>,
    events: Vec<u8>,
}

impl Numbers {
    /// Those of an answer of ours. The library tells them only once the line is up.
    fn of(answer: &str) -> Numbers {
        let mut numbers = Numbers::default();
        let maps = answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=rtpmap:"));
        for (number, map) in maps.filter_map(|map| map.trim_end().split_once(' ')) {
            let Ok(number) = number.parse::<u8>() else {
                continue;
            };
            if let Some(codec) = Codec::of_map(map) {
                numbers.speech.push((codec, number));
            } else if map.starts_with("telephone-event/") {
                numbers.events.push(number);
            }
        }
        numbers
    }

    fn codecs(&self) -> Codecs {
        self.speech.iter().map(|(codec, _)| *codec).collect()
    }

    fn number(&self, codec: Codec) -> Option<u8> {
        let found = self.speech.iter().find(|(of, _)| *of == codec);
        found.map(|(_, number)| *number)
    }

    fn codec(&self, number: u8) -> Option<Codec> {
        let found = self.speech.iter().find(|(_, of)| *of == number);
        found.map(|(codec, _)| *codec)
    }
}

/// What came out of a connection.
#[allow(
    clippy::large_enum_variant,
    reason = "they pass through one reused list"
)]
enum Happening {
    Packet(RtpPacket),
    Up,
    Gone,
}

impl Line {
    /// Writes one packet; false while the connection is not up.
    pub(crate) fn write(
        &self,
        codec: Codec,
        marker: bool,
        sequence: u64,
        timestamp: u32,
        payload: &[u8],
        now: Instant,
    ) -> bool {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let (Some(mid), true, false) = (state.mid, state.up, state.dead) else {
            return false;
        };
        let Some(number) = self.numbers.number(codec) else {
            return false;
        };
        let base = *state.base.get_or_insert(sequence);
        let number_in_row = (sequence.saturating_sub(base) + 1_000).into();
        let write = RtpWrite::new(Pt::from(number), number_in_row, timestamp, now, payload);
        if let Some(stream) = state.rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.write_rtp(write.marker(marker));
        }
        let mut happenings = Vec::new();
        self.turn(state, Some(Input::Timeout(now)), &mut happenings);
        true
    }

    /// Whether sound can be sent.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Lets time pass where the connection asked for it.
    fn tick(&self, now: Instant) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let mut state = lock(&self.state);
        if state.deadline <= now && !state.dead {
            self.turn(&mut state, Some(Input::Timeout(now)), &mut happenings);
        }
        happenings
    }

    /// Says goodbye to the browser.
    fn part(&self) {
        let mut state = lock(&self.state);
        if !state.dead {
            let _ = state.rtc.close();
            self.turn(&mut state, None, &mut Vec::new());
            state.dead = true;
        }
    }

    /// One input, then every output until the next deadline: the rule of the library.
    fn turn(&self, state: &mut State, input: Option<Input<'_>>, out: &mut Vec<Happening>) {
        if let Some(input) = input
            && state.rtc.handle_input(input).is_err()
        {
            return state.die(out);
        }
        loop {
            match state.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    state.deadline = deadline;
                    return;
                }
                Ok(Output::Transmit(packet)) => {
                    // What the kernel does not take is lost like any packet; ICE and DTLS repeat.
                    let _ = self
                        .socket
                        .try_send_to(&packet.contents, packet.destination);
                }
                Ok(Output::Event(event)) => {
                    state.take(event, out);
                    self.up.store(state.up && !state.dead, Ordering::Relaxed);
                }
                Err(_) => return state.die(out),
            }
        }
    }
}

impl State {
    fn die(&mut self, out: &mut Vec<Happening>) {
        if !self.dead {
            self.dead = true;
            out.push(Happening::Gone);
        }
    }

    fn take(&mut self, event: Event, out: &mut Vec<Happening>) {
        match event {
            Event::MediaAdded(media) if media.kind == MediaKind::Audio && self.mid.is_none() => {
                self.mid = Some(media.mid);
            }
            Event::RtpPacket(packet) => out.push(Happening::Packet(packet)),
            Event::Connected if !self.up => {
                self.up = true;
                out.push(Happening::Up);
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                self.die(out);
            }
            _ => {}
        }
    }
}

/// A connection and the leg that speaks through it.
struct Browser {
    name: String,
    line: Arc<Line>,
    leg: Arc<Leg>,
}

/// The one port of all browsers.
pub(crate) struct Port {
    socket: Arc<UdpSocket>,
    candidates: Vec<SocketAddr>,
    browsers: Mutex<Vec<Arc<Browser>>>,
    by_source: Mutex<HashMap<SocketAddr, Arc<Browser>>>,
    tally: Arc<Tally>,
}

impl Port {
    /// Opens the port. `media_ip` is offered to browsers; behind `0.0.0.0` loopback is, too.
    pub(crate) fn open(at: SocketAddr, media_ip: IpAddr, tally: Arc<Tally>) -> io::Result<Port> {
        let socket = StdSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let port = socket.local_addr()?.port();
        let mut ips = vec![media_ip];
        if at.ip().is_unspecified() {
            ips.push(IpAddr::from([127, 0, 0, 1]));
            ips.extend(own_address());
        }
        ips.retain(|ip| !ip.is_unspecified());
        ips.sort();
        ips.dedup();
        Ok(Port {
            socket: Arc::new(socket),
            candidates: ips.into_iter().map(|ip| (ip, port).into()).collect(),
            browsers: Mutex::default(),
            by_source: Mutex::default(),
            tally,
        })
    }

    pub(crate) fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers an offer with a new leg.
    pub(crate) fn answer(
        &self,
        shared: &Shared,
        offer: &str,
    ) -> Result<(Arc<Leg>, String), &'static str> {
        if offer.len() > OFFER_MAX {
            return Err("the offer is too long");
        }
        let name = secret(8);
        let mut rtc = connection(&name, Instant::now());
        for at in &self.candidates {
            let candidate = Candidate::host(*at, "udp");
            rtc.add_local_candidate(candidate.map_err(|_| "this address cannot be offered")?);
        }
        let offer = SdpOffer::from_sdp_string(offer).map_err(|_| "the offer cannot be read")?;
        let answer = rtc.sdp_api().accept_offer(offer);
        let answer = answer.map_err(|_| "the offer cannot be answered")?;
        let answer = answer.to_sdp_string();
        let numbers = Numbers::of(&answer);
        let takes = numbers.codecs();
        if !takes_sound(&answer) || takes == Codecs::default() {
            return Err("the browser offers no codec that we speak");
        }
        let line = Arc::new(Line {
            socket: self.socket.clone(),
            up: AtomicBool::new(false),
            numbers,
            state: Mutex::new(State {
                rtc,
                mid: None,
                up: false,
                dead: false,
                deadline: Instant::now(),
                base: None,
            }),
        });
        line.turn(&mut lock(&line.state), None, &mut Vec::new());
        let leg = Leg::new(shared, takes, Wire::Browser(line.clone()));
        let browser = Browser {
            name,
            line,
            leg: leg.clone(),
        };
        lock(&self.browsers).push(Arc::new(browser));
        Ok((leg, answer))
    }

    /// Closes the connection of a leg.
    pub(crate) fn part(&self, leg: &Leg) {
        let parted = {
            let mut browsers = lock(&self.browsers);
            let at = browsers.iter().position(|one| one.leg.id == leg.id);
            at.map(|at| browsers.swap_remove(at))
        };
        if let Some(browser) = parted {
            lock(&self.by_source).retain(|_, one| one.leg.id != leg.id);
            browser.line.part();
        }
        leg.close();
    }

    /// Lets time pass on every connection.
    pub(crate) fn tick(&self, now: Instant) {
        let browsers = lock(&self.browsers).clone();
        for browser in browsers {
            for happening in browser.line.tick(now) {
                browser.happened(&happening, now);
            }
        }
    }

    /// Reads the port until the house closes.
    pub(crate) async fn serve(&self) {
        let mut buffer = [0u8; 2_048];
        let mut happenings = Vec::new();
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, source)) => {
                    let now = Instant::now();
                    self.receive(&buffer[..length], source, now, &mut happenings);
                }
                // An unreachable browser of a moment ago shows here on some systems.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn receive(
        &self,
        bytes: &[u8],
        source: SocketAddr,
        now: Instant,
        happenings: &mut Vec<Happening>,
    ) {
        let Some(browser) = self.owner(bytes, source) else {
            return self.tally.webrtc_unknown.add();
        };
        let destination = self.facing(source);
        let Ok(received) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return self.tally.rtp_malformed.add();
        };
        {
            let mut state = lock(&browser.line.state);
            let input = Input::Receive(now, received);
            if state.dead || !state.rtc.accepts(&input) {
                return self.tally.webrtc_unknown.add();
            }
            browser.line.turn(&mut state, Some(input), happenings);
        }
        browser.leg.touch(now);
        for happening in happenings.drain(..) {
            browser.happened(&happening, now);
        }
    }

    /// Whose datagram it is: by its source, else by the name in a STUN request.
    fn owner(&self, bytes: &[u8], source: SocketAddr) -> Option<Arc<Browser>> {
        let name = stun_name(bytes);
        let known = lock(&self.by_source).get(&source).cloned();
        if let Some(known) = known
            && name.is_none_or(|name| name == known.name)
        {
            return Some(known);
        }
        let name = name?;
        let named = |one: &&Arc<Browser>| one.name == name;
        let found = lock(&self.browsers).iter().find(named).cloned()?;
        let mut by_source = lock(&self.by_source);
        let of_this = |one: &&Arc<Browser>| one.leg.id == found.leg.id;
        if by_source.values().filter(of_this).count() >= SOURCES_MAX {
            // A browser that moves between networks has a handful; more is no browser.
            by_source.retain(|_, one| one.leg.id != found.leg.id);
        }
        by_source.insert(source, found.clone());
        Some(found)
    }

    /// Which of our addresses a source must have meant; the socket does not say.
    fn facing(&self, source: SocketAddr) -> SocketAddr {
        let near = |at: &&SocketAddr| at.ip().is_loopback() == source.ip().is_loopback();
        let found = self.candidates.iter().find(near);
        let first = || self.candidates.first();
        found.or_else(first).copied().unwrap_or(source)
    }
}

impl Browser {
    fn happened(&self, happening: &Happening, now: Instant) {
        match happening {
            Happening::Up => self.leg.notice(Noticed::Up),
            Happening::Gone => self.leg.notice(Noticed::Gone),
            Happening::Packet(packet) => {
                let number: u8 = *packet.header.payload_type;
                let (ssrc, timestamp) = (*packet.header.ssrc, packet.header.timestamp);
                let Some(codec) = self.line.numbers.codec(number) else {
                    if self.line.numbers.events.contains(&number) {
                        self.leg.hear_event(ssrc, timestamp, &packet.payload);
                    }
                    return;
                };
                let heard = Heard {
                    codec,
                    sequence: packet.header.sequence_number,
                    timestamp,
                    ssrc,
                    payload: &packet.payload,
                };
                self.leg.hear(&heard, now);
            }
        }
    }
}

fn connection(name: &str, now: Instant) -> Rtc {
    let mut config = Rtc::builder()
        .set_rtp_mode(true)
        .set_ice_lite(true)
        // A browser begins with the first of these and changes to what it is told.
        .clear_codecs()
        .enable_pcmu(true, false)
        .enable_pcma(true, false)
        .enable_g722(true, false)
        .enable_opus(true, false)
        .set_local_ice_credentials(IceCreds {
            ufrag: name.to_owned(),
            pass: secret(24),
        });
    for (number, clock) in EVENT_TYPES {
        config.codec_config().add_config(
            number.into(),
            None,
            Format::Tele,
            clock,
            None,
            FormatParams::default(),
        );
    }
    config.build(now)
}

/// Whether an answer takes a line of sound; without a codec in common its port is 0. The library
/// tells what was agreed on only once the line is up.
fn takes_sound(answer: &str) -> bool {
    let mut lines = answer
        .lines()
        .filter_map(|line| line.strip_prefix("m=audio "));
    lines.any(|line| !line.starts_with("0 "))
}

/// Random letters that nobody can guess.
pub(crate) fn secret(length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    bytes.iter().map(letter).collect()
}

/// Our part of the user name in a STUN request (RFC 8445: `ours:theirs`).
pub(crate) fn stun_name(bytes: &[u8]) -> Option<&str> {
    let head = bytes.first_chunk::<20>()?;
    if head[0] & 0xc0 != 0 || head[4..8] != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    let mut rest = &bytes[20..];
    while let Some(attribute) = rest.first_chunk::<4>() {
        let kind = u16::from_be_bytes([attribute[0], attribute[1]]);
        let length = usize::from(u16::from_be_bytes([attribute[2], attribute[3]]));
        let value = rest.get(4..4 + length)?;
        if kind == 0x0006 {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

/// The address by which this machine would speak to the world; nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = StdSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|at| at.ip())
}
