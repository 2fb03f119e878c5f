//! A counselor's headset: one WebRTC line as a browser opens it. Never signalling beyond offer and
//! answer.

use super::caller::beat;
use super::lock;
use super::sound::{Ear, FRAME, Heard, Sound, frame};
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

/// The only payload type that is offered: PCMU.
const PCMU: u8 = 0;

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
}

/// A headset that is plugged in. Dropping it pulls the plug.
pub struct Headset {
    up: watch::Receiver<Option<bool>>,
    ear: Arc<Mutex<Ear>>,
    _plug: DropGuard,
}

impl Headset {
    /// A headset on loopback, and its offer.
    pub fn offer(sound: Sound) -> io::Result<(Offered, String)> {
        let socket = StdSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let here = socket.local_addr()?;
        let builder = Rtc::builder().set_rtp_mode(true).clear_codecs();
        let mut rtc = builder.enable_pcmu(true, false).build(Instant::now());
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
        };
        Ok((offered, offer.to_sdp_string()))
    }

    /// Waits until sound can flow; false when the line failed.
    pub async fn up(&mut self) -> bool {
        let known = self.up.wait_for(Option::is_some).await;
        known.is_ok_and(|up| *up == Some(true))
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
        let (show, up) = watch::channel(None);
        let wire = Wire {
            rtc: self.rtc,
            mid: self.mid,
            socket: self.socket,
            here: self.here,
            tone: frame(self.sound.says_hz),
            spoken: 0,
            ear: ear.clone(),
            show,
        };
        let plug = CancellationToken::new();
        tokio::spawn(wire.run(plug.clone()));
        Ok(Headset {
            up,
            ear,
            _plug: plug.drop_guard(),
        })
    }
}

/// What the headset's task owns.
struct Wire {
    rtc: Rtc,
    mid: Mid,
    socket: StdSocket,
    here: SocketAddr,
    tone: [u8; FRAME],
    /// Packets said.
    spoken: u64,
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
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return;
        };
        let timestamp = self.spoken.wrapping_mul(FRAME as u64) as u32;
        let number = self.spoken.into();
        let write = RtpWrite::new(Pt::from(PCMU), number, timestamp, now, &self.tone[..]);
        stream.write_rtp(write.marker(self.spoken == 0));
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
            Event::RtpPacket(packet) if *packet.header.payload_type == PCMU => {
                let header = &packet.header;
                let mut ear = lock(&self.ear);
                ear.hear(*header.ssrc, header.sequence_number, &packet.payload);
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
