//! A leg of plain RTP: two ports, a check of every packet, a latch on the other end. Never
//! signalling.

use crate::codec::{Codec, PCMU};
use crate::counters::Tally;
use crate::leg::{Heard, Leg, PAYLOAD_MAX, Shared, Wire, lock};
use crate::rtp;
use crate::sdp::{self, Description, Events, Ours};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::UdpSocket;

/// Pairs of ports, handed out in turn so that late packets of the last call find a closed door.
pub(crate) struct Ports {
    range: RangeInclusive<u16>,
    next: AtomicU32,
}

impl Ports {
    pub(crate) fn new(range: RangeInclusive<u16>) -> Ports {
        let seed = getrandom::u32().unwrap_or(0);
        Ports {
            range,
            next: AtomicU32::new(seed % 10_000),
        }
    }

    /// An even port for RTP and the odd one above it for RTCP.
    fn bind(&self, ip: IpAddr) -> io::Result<(UdpSocket, Option<UdpSocket>)> {
        // A loopback house listens on loopback; any other on whatever address the packets meant.
        let at = if ip.is_loopback() {
            ip
        } else {
            unspecified(ip)
        };
        let first = self.range.start().next_multiple_of(2);
        let pairs = u32::from(self.range.end().saturating_sub(first).saturating_add(1)) / 2;
        for _ in 0..pairs {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % pairs;
            let port = first + (turn * 2) as u16;
            if let Ok(media) = open(at, port) {
                return Ok((media, open(at, port + 1).ok()));
            }
        }
        Err(io::Error::other("every media port is taken"))
    }
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn open(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = StdSocket::bind((ip, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// What is accepted from whom.
struct Gate {
    /// Payload types that were agreed on.
    speech: Vec<(Codec, u8)>,
    events: Option<Events>,
    /// What we send, once it was agreed on.
    sent: Option<(Codec, u8)>,
    /// Where the call is signalled from.
    signalled: IpAddr,
    /// Where the description said that packets would come from.
    described: Option<SocketAddr>,
    /// Where they do come from; once known, nothing else is heard.
    locked: Option<SocketAddr>,
    window: rtp::Window,
    ssrc: Option<u32>,
}

/// A leg to a trunk.
pub(crate) struct TrunkLeg {
    pub(crate) leg: Arc<Leg>,
    local: SocketAddr,
    session: u64,
    version: AtomicU64,
    gate: Mutex<Gate>,
}

impl TrunkLeg {
    /// Opens the ports and begins to listen; nothing is accepted before `agree`. `peer` is where
    /// the call is signalled from.
    pub(crate) fn open(
        shared: &Shared,
        ports: &Ports,
        ip: IpAddr,
        peer: IpAddr,
    ) -> io::Result<Arc<TrunkLeg>> {
        let (media, control) = ports.bind(ip)?;
        let media = Arc::new(media);
        let local = SocketAddr::new(ip, media.local_addr()?.port());
        let wire = Wire::Trunk {
            socket: media.clone(),
            remote: None,
            payload_type: 0,
        };
        let trunk = Arc::new(TrunkLeg {
            leg: Leg::new(shared, [PCMU].into_iter().collect(), wire),
            local,
            session: u64::from(getrandom::u32().unwrap_or(1)),
            version: AtomicU64::new(1),
            gate: Mutex::new(Gate {
                speech: Vec::new(),
                events: None,
                sent: None,
                signalled: peer.to_canonical(),
                described: None,
                locked: None,
                window: rtp::Window::default(),
                ssrc: None,
            }),
        });
        tokio::spawn(trunk.clone().listen(media, control));
        Ok(trunk)
    }

    fn ours(&self) -> Ours {
        Ours {
            address: self.local,
            session: self.session,
            version: self.version.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// An offer of our own: to go on as agreed, or else of everything, `first` before the others.
    pub(crate) fn offer(&self, first: Option<Codec>) -> String {
        let agreed = {
            let gate = lock(&self.gate);
            gate.sent
                .map(|(codec, number)| (codec, number, gate.events))
        };
        match agreed {
            Some(agreed) => sdp::offer_again(&self.ours(), agreed),
            None => sdp::offer(&self.ours(), first),
        }
    }

    /// Takes what the other side described.
    pub(crate) fn agree(&self, theirs: &Description) {
        let address = theirs.address.filter(|at| is_elsewhere(*at, self.local));
        if address != theirs.address {
            self.tally().rtp_misdirected.add();
        }
        let mut gate = lock(&self.gate);
        if gate.described != address {
            gate.described = address;
            gate.locked = None;
        }
        let (codec, number) = (theirs.codec, theirs.payload_type);
        gate.speech.clone_from(&theirs.speech);
        gate.events = theirs.events;
        gate.sent = Some((codec, number));
        drop(gate);
        let hears = theirs.direction.hears();
        self.leg.redirect(address, codec, number, hears);
    }

    /// Takes an offer and answers it.
    pub(crate) fn answer(&self, theirs: &Description) -> String {
        self.agree(theirs);
        sdp::answer(theirs, &self.ours())
    }

    async fn listen(self: Arc<TrunkLeg>, media: Arc<UdpSocket>, control: Option<UdpSocket>) {
        let mut buffer = [0u8; 2_048];
        let mut other = [0u8; 2_048];
        loop {
            tokio::select! {
                biased;
                () = self.leg.closed.cancelled() => return,
                got = media.recv_from(&mut buffer) => {
                    if let Ok((length, source)) = got {
                        self.receive(&buffer[..length], source, Instant::now());
                    }
                }
                got = receive_on(control.as_ref(), &mut other) => {
                    if let Ok((length, source)) = got {
                        self.control(&other[..length], source, Instant::now());
                    }
                }
            }
        }
    }

    fn tally(&self) -> &Tally {
        &self.leg.tally
    }

    fn control(&self, bytes: &[u8], source: SocketAddr, now: Instant) {
        let gate = lock(&self.gate);
        let expected = gate.locked.or(gate.described);
        if !rtp::is_rtcp(bytes) {
            self.tally().rtp_malformed.add();
        } else if expected.is_some_and(|at| at.ip() == source.ip()) {
            self.leg.touch(now);
        } else {
            self.tally().rtp_wrong_source.add();
        }
    }

    fn receive(&self, bytes: &[u8], source: SocketAddr, now: Instant) {
        if rtp::is_rtcp(bytes) {
            return self.control(bytes, source, now);
        }
        let fits = |packet: &rtp::Packet<'_>| packet.payload.len() <= PAYLOAD_MAX;
        let Some(packet) = rtp::parse(bytes).filter(fits) else {
            return self.tally().rtp_malformed.add();
        };
        let mut gate = lock(&self.gate);
        if !gate.admits(source) {
            return self.tally().rtp_wrong_source.add();
        }
        let event = gate
            .events
            .is_some_and(|events| events.payload_type == packet.payload_type);
        let spoken = gate
            .speech
            .iter()
            .find(|(_, number)| *number == packet.payload_type);
        let spoken = spoken.map(|(codec, _)| *codec);
        // Comfort noise (13) is silence: it keeps the line alive and nothing more.
        if !event && spoken.is_none() && packet.payload_type != 13 {
            return self.tally().rtp_malformed.add();
        }
        let latched = gate.locked.is_none();
        gate.locked = Some(source);
        if gate.ssrc != Some(packet.ssrc) {
            gate.ssrc = Some(packet.ssrc);
            gate.window = rtp::Window::default();
        }
        let new = gate.window.accept(packet.sequence);
        drop(gate);
        if latched {
            self.leg.latch(source);
        }
        self.leg.touch(now);
        if !new {
            return;
        }
        if event {
            let (ssrc, timestamp) = (packet.ssrc, packet.timestamp);
            self.leg.hear_event(ssrc, timestamp, packet.payload);
        } else if let Some(codec) = spoken {
            let heard = Heard {
                codec,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
                payload: packet.payload,
            };
            self.leg.hear(&heard, now);
        }
    }
}

impl Gate {
    /// Before anything was heard, the host that was described or that signals, by whatever port:
    /// address translation changes both. Afterwards only the one that was heard first.
    fn admits(&self, source: SocketAddr) -> bool {
        if let Some(locked) = self.locked {
            return locked == source;
        }
        let Some(described) = self.described else {
            return false;
        };
        let ip = source.ip().to_canonical();
        described.ip().to_canonical() == ip || self.signalled == ip
    }
}

/// Whether sound may be sent there: to one machine, and not to this one unless the house is on
/// loopback altogether. Whoever may call must not aim the house at others by a description.
fn is_elsewhere(at: SocketAddr, local: SocketAddr) -> bool {
    let ip = at.ip().to_canonical();
    let everybody = match ip {
        IpAddr::V4(ip) => ip.is_broadcast() || ip.is_multicast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    };
    let loopback = ip.is_loopback() && !local.ip().is_loopback();
    !everybody && !loopback && !ip.is_unspecified() && at.port() != 0 && at != local
}

async fn receive_on(
    socket: Option<&UdpSocket>,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_goes_to_one_machine_elsewhere() {
        let may = |at: &str, local: &str| is_elsewhere(at.parse().unwrap(), local.parse().unwrap());
        let house = "192.0.2.1:20000";
        assert!(may("198.51.100.7:4000", house));
        assert!(
            may("192.0.2.1:4000", house),
            "another program of this machine"
        );
        assert!(may("127.0.0.1:4000", "127.0.0.1:20000"));
        for nobody in [
            "127.0.0.1:4000",
            "[::1]:4000",
            "[::ffff:127.0.0.1]:4000",
            "0.0.0.0:4000",
            "224.0.0.1:4000",
            "255.255.255.255:4000",
            "[ff02::1]:4000",
            "198.51.100.7:0",
            house,
        ] {
            assert!(!may(nobody, house), "{nobody}");
        }
    }
}
