//! A counselor's headset: one WebRTC line as a browser opens it. Never signalling beyond offer and
//! answer.

use super::caller::beat;
use super::lock;
use super::sound::{Ear, Heard, Sound, Tone, tone};
use crate::codec::{Codec, PCMA, PCMU};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The payload types that are offered, as browsers number them.
const NUMBERS: [(Codec, u8); 4] = [(PCMU, 0), (PCMA, 8), (Codec::G722, 9), (Codec::Opus, 111)];

/// Text that does not answer the offer.
#[derive(Debug, thiserror::Error)]
#[error("this does not answer the offer: {0}")]
pub struct NotAnAnswer(String);

/// A headset whose offer waits for its answer.
pub struct Offered {
    rtc: Rtc,
    pending: SdpPendingOffer,
    mid: Mid,
    socket: StdSocket,
    here: SocketAddr,
    sound: Sound,
    codecs: Vec<Codec>,
}

/// A headset that is plugged in. Dropping it pulls the plug.
pub struct Headset {
    up: watch::Receiver<Option<bool>>,
    ear: Arc<Mutex<Ear>>,
    speaks: watch::Sender<Codec>,
    _plug: DropGuard,
}

impl Headset {
    /// A headset on loopback that has the telephone's own codec only, and its offer.
    pub fn offer(sound: Sound) -> io::Result<(Offered, String)> {
        Headset::offer_in(&[PCMU], sound)
    }

    /// A headset that has these codecs and speaks the first until it is told another.
    pub fn offer_in(codecs: &[Codec], sound: Sound) -> io::Result<(Offered, String)> {
        let has = |codec: Codec| codecs.contains(&codec);
        let socket = StdSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let here = socket.local_addr()?;
        let builder = Rtc::builder().set_rtp_mode(true).clear_codecs();
        let mut rtc = builder
            .enable_pcmu(has(PCMU), false)
            .enable_pcma(has(PCMA), false)
            .enable_g722(has(Codec::G722), false)
            .enable_opus(has(Codec::Opus), false)
            .build(Instant::now());
        let candidate = Candidate::host(here, "udp").map_err(io::Error::other)?;
        rtc.add_local_candidate(candidate);
        let mut change = rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let changed = change.apply();
        let (offer, pending) = changed.ok_or_else(|| io::Error::other("nothing to offer"))?;
        let offered = Offered {
            rtc,
            pending,
            mid,
            socket,
            here,
            sound,
            codecs: codecs.to_vec(),
        };
        Ok((offered, offer.to_sdp_string()))
    }

    /// Waits until sound can flow; false when the line failed.
    pub async fn up(&mut self) -> bool {
        let known = self.up.wait_for(Option::is_some).await;
        known.is_ok_and(|up| *up == Some(true))
    }

    /// Speaks in another codec from now on, as a page does that is told to.
    pub fn speak(&self, codec: Codec) {
        self.speaks.send_replace(codec);
    }

    /// What was heard since the last look.
    pub fn heard(&self) -> Heard {
        lock(&self.ear).look()
    }
}

impl Offered {
    /// Takes the answer and connects.
    pub fn take(mut self, answer: &str) -> Result<Headset, NotAnAnswer> {
        let answer = SdpAnswer::from_sdp_string(answer);
        let answer = answer.map_err(|error| NotAnAnswer(error.to_string()))?;
        let taken = self.rtc.sdp_api().accept_answer(self.pending, answer);
        taken.map_err(|error| NotAnAnswer(error.to_string()))?;
        let ear = Arc::new(Mutex::new(Ear::new(&self.sound.hears_hz)));
        let first = self.codecs.first().copied().unwrap_or(PCMU);
        let (speaks, told) = watch::channel(first);
        let (show, up) = watch::channel(None);
        let wire = Wire {
            rtc: self.rtc,
            mid: self.mid,
            socket: self.socket,
            here: self.here,
            says_hz: self.sound.says_hz,
            tone: tone(self.sound.says_hz, first),
            codec: first,
            told,
            spoken: 0,
            timestamp: 0,
            ear: ear.clone(),
            show,
        };
        let plug = CancellationToken::new();
        tokio::spawn(wire.run(plug.clone()));
        Ok(Headset {
            up,
            ear,
            speaks,
            _plug: plug.drop_guard(),
        })
    }
}

fn number(codec: Codec) -> Option<u8> {
    let found = NUMBERS.iter().find(|(of, _)| *of == codec);
    found.map(|(_, number)| *number)
}

fn codec(number: u8) -> Option<Codec> {
    let found = NUMBERS.iter().find(|(_, of)| *of == number);
    found.map(|(codec, _)| *codec)
}

/// What the headset's task owns.
struct Wire {
    rtc: Rtc,
    mid: Mid,
    socket: StdSocket,
    here: SocketAddr,
    says_hz: u32,
    tone: Tone,
    codec: Codec,
    told: watch::Receiver<Codec>,
    /// Packets said.
    spoken: u64,
    timestamp: u32,
    ear: Arc<Mutex<Ear>>,
    show: watch::Sender<Option<bool>>,
}

impl Wire {
    async fn run(mut self, plug: CancellationToken) {
        let mut beat = beat();
        while plug.run_until_cancelled(beat.tick()).await.is_some() {
            let beaten = self.beat(Instant::now());
            if beaten.is_err() || !self.rtc.is_alive() {
                tracing::debug!(?beaten, "a headset lost its line");
                self.show.send_replace(Some(false));
                return;
            }
        }
        // The other side learns at once that the line is gone.
        let _ = self.rtc.close();
        let _ = self.drain();
    }

    /// Hears what came since the last beat, says one packet once the line is up.
    fn beat(&mut self, now: Instant) -> Result<(), RtcError> {
        let mut buffer = [0; 2_048];
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            let Ok(received) = Receive::new(Protocol::Udp, source, self.here, &buffer[..length])
            else {
                continue;
            };
            self.rtc.handle_input(Input::Receive(now, received))?;
            self.drain()?;
        }
        if self.show.borrow().is_some() {
            self.say(now);
        }
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain()
    }

    fn say(&mut self, now: Instant) {
        if self.told.has_changed().unwrap_or(false) {
            self.codec = *self.told.borrow_and_update();
            self.tone = tone(self.says_hz, self.codec);
        }
        let Some(number) = number(self.codec) else {
            return;
        };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        let payload = &self.tone[self.spoken as usize % self.tone.len()];
        let row = self.spoken.into();
        let write = RtpWrite::new(Pt::from(number), row, self.timestamp, now, &payload[..]);
        stream.write_rtp(write.marker(self.spoken == 0));
        self.timestamp = self.timestamp.wrapping_add(20 * self.codec.per_ms());
        self.spoken += 1;
    }

    /// Every output until the next deadline: the rule of the library.
    fn drain(&mut self) -> Result<(), RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(_) => return Ok(()),
                Output::Transmit(packet) => {
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                }
                Output::Event(event) => self.happened(&event),
            }
        }
    }

    fn happened(&mut self, event: &Event) {
        match event {
            Event::Connected => drop(self.show.send_replace(Some(true))),
            Event::RtpPacket(packet) => {
                let header = &packet.header;
                if let Some(codec) = codec(*header.payload_type) {
                    let (ssrc, row) = (*header.ssrc, header.sequence_number);
                    lock(&self.ear).hear(ssrc, row, codec, &packet.payload);
                }
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.rtc.disconnect();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_refused() {
        let sound = Sound {
            says_hz: 1_000,
            hears_hz: Vec::new(),
        };
        let (offered, offer) = Headset::offer(sound).unwrap();
        assert!(
            offer.contains("m=audio") && offer.contains("PCMU/8000"),
            "{offer}"
        );
        assert!(offered.take("hello").is_err());
    }
}
