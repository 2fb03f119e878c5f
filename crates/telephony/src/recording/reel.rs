//! The part of a recording that is still open: packets put in order by their senders' clocks, and
//! understood when none can come before them any more. Never a thread, never a file.

use super::{Piece, Side};
use crate::codec::Codec;
use crate::codec::g711::{Law, transcode};
use crate::codec::voice::{Decoder, Rate};
use std::collections::BTreeMap;
use std::time::Instant;

/// How long a packet may be under way before its place is written as silence.
const PATIENCE_MS: u64 = 200;
/// A sender's clock that is off by more than this from ours begins anew.
const DRIFT_MAX_MS: u64 = 240;
/// Written in pieces of about a second, so that a crash costs no more.
const PIECE_MS: u64 = 1_000;
/// A packet whose sender's clock says it lies this far ahead of ours is misplaced all the same.
const AHEAD_MAX_MS: u64 = 2_000;

/// Where a sender's timestamps lie in the recording.
#[derive(Clone, Copy)]
struct Anchor {
    ssrc: u32,
    codec: Codec,
    timestamp: u32,
    position: u64,
}

/// One speaker.
#[derive(Default)]
struct Lane {
    anchor: Option<Anchor>,
    /// By their places, not understood yet.
    waiting: BTreeMap<u64, Piece>,
    decoder: Option<Decoder>,
}

/// Pairs of mu-law octets from `written` on.
pub(super) struct Reel {
    rate: Rate,
    began: Instant,
    paused: Option<Instant>,
    written: u64,
    pairs: Vec<u8>,
    lanes: [Lane; 2],
}

impl Reel {
    pub(super) fn new(began: Instant, rate: Rate) -> Reel {
        Reel {
            rate,
            began,
            paused: None,
            written: 0,
            pairs: Vec::new(),
            lanes: Default::default(),
        }
    }

    fn per_ms(&self) -> u64 {
        self.rate.per_ms() as u64
    }

    fn position(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_millis() as u64 * self.per_ms()
    }

    /// Length of what is written.
    pub(super) fn length_ms(&self) -> u64 {
        self.written / self.per_ms()
    }

    /// Keeps a piece for the place that its sender's clock says; false when that is written
    /// already.
    pub(super) fn put(&mut self, piece: Piece) -> bool {
        // Whoever speaks after a pause has gone on: what lies between is silence.
        if self.paused.is_some_and(|from| piece.at >= from) {
            self.paused = None;
            self.lanes.iter_mut().for_each(|lane| lane.anchor = None);
        }
        let arrived = self.position(piece.at);
        let (written, per_ms) = (self.written, self.per_ms());
        let lane = &mut self.lanes[piece.side as usize];
        let place = lane
            .anchor
            .and_then(|anchor| anchor.place(&piece, arrived, per_ms));
        let place = place.unwrap_or_else(|| {
            lane.anchor = Some(Anchor {
                ssrc: piece.ssrc,
                codec: piece.codec,
                timestamp: piece.timestamp,
                position: arrived,
            });
            arrived
        });
        if place < written || place > arrived + AHEAD_MAX_MS * per_ms {
            return false;
        }
        lane.waiting.insert(place, piece);
        true
    }

    pub(super) fn pause(&mut self, from: Instant) {
        self.paused.get_or_insert(from);
    }

    /// What no late packet can change any more, once it is worth a write.
    pub(super) fn ripe(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.paused.is_some() {
            return None;
        }
        let per_ms = self.per_ms();
        let until = self.position(now).saturating_sub(PATIENCE_MS * per_ms);
        (until >= self.written + PIECE_MS * per_ms).then(|| self.cut(until))
    }

    /// Everything to the end.
    pub(super) fn rest(&mut self, now: Instant) -> Vec<u8> {
        let until = self.position(self.paused.unwrap_or(now));
        self.cut(until.max(self.written))
    }

    fn cut(&mut self, until: u64) -> Vec<u8> {
        for side in [Side::Citizen, Side::Counselor] {
            self.understand(side, until);
        }
        let length = (until - self.written) as usize * 2;
        if self.pairs.len() < length {
            self.pairs.resize(length, SILENCE);
        }
        self.written = until;
        self.pairs.drain(..length).collect()
    }

    /// Writes what one side said before a place.
    fn understand(&mut self, side: Side, until: u64) {
        let lane = &mut self.lanes[side as usize];
        let later = lane.waiting.split_off(&until);
        let ripe = std::mem::replace(&mut lane.waiting, later);
        for (place, piece) in ripe {
            let octets = lane.octets(&piece, self.rate);
            let start = (place - self.written) as usize * 2;
            let end = start + octets.len() * 2;
            if self.pairs.len() < end {
                self.pairs.resize(end, SILENCE);
            }
            for (pair, octet) in self.pairs[start..end].chunks_exact_mut(2).zip(octets) {
                pair[side as usize] = octet;
            }
        }
    }
}

/// The octet of silence.
const SILENCE: u8 = 0xff;

impl Lane {
    /// What a packet says, in mu-law at the recording's rate.
    fn octets(&mut self, piece: &Piece, rate: Rate) -> Vec<u8> {
        let payload = piece.payload.octets();
        if let (Codec::G711(law), Rate::Narrow) = (piece.codec, rate) {
            // Octet for octet, as it was said.
            let mut octets = payload.to_vec();
            transcode(law, Law::Mu, &mut octets);
            return octets;
        }
        let known = self.decoder.take();
        let known = known.filter(|known| known.codec() == piece.codec);
        let mut decoder = known.unwrap_or_else(|| Decoder::new(piece.codec, rate));
        let mut samples = Vec::new();
        decoder.decode(payload, &mut samples);
        self.decoder = Some(decoder);
        samples
            .iter()
            .map(|sample| Law::Mu.encode(*sample))
            .collect()
    }
}

impl Anchor {
    /// The place by the sender's clock, unless it has left ours behind.
    fn place(&self, piece: &Piece, arrived: u64, per_ms: u64) -> Option<u64> {
        let elapsed = i64::from(piece.timestamp.wrapping_sub(self.timestamp) as i32);
        let steps = elapsed * per_ms as i64 / i64::from(self.codec.per_ms());
        let place = self.position.checked_add_signed(steps)?;
        let near = place.abs_diff(arrived) <= DRIFT_MAX_MS * per_ms;
        let same = (self.ssrc, self.codec) == (piece.ssrc, piece.codec);
        (same && near).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Payload;
    use super::*;
    use crate::codec::PCMU;
    use crate::codec::voice::Encoder;
    use crate::leg::FRAME;
    use std::f64::consts::TAU;
    use std::time::Duration;

    const PER_MS: u64 = 8;

    fn piece(side: Side, at: Instant, timestamp: u32, octet: u8) -> Piece {
        Piece {
            recording: 1,
            side,
            at,
            ssrc: 7,
            timestamp,
            codec: PCMU,
            payload: Payload::of(&[octet; FRAME]),
        }
    }

    fn narrow(start: Instant) -> Reel {
        Reel::new(start, Rate::Narrow)
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn packets_out_of_order_find_their_place_and_gaps_are_silence() {
        let start = Instant::now();
        let mut reel = narrow(start);
        assert!(reel.put(piece(Side::Citizen, start, 1_000, 1)));
        // The third comes before the second, the fourth is lost.
        assert!(reel.put(piece(Side::Citizen, start + ms(41), 1_320, 3)));
        assert!(reel.put(piece(Side::Citizen, start + ms(45), 1_160, 2)));
        assert!(reel.put(piece(Side::Counselor, start + ms(20), 9, 8)));
        assert!(reel.put(piece(Side::Citizen, start + ms(80), 1_640, 5)));
        let sound = reel.rest(start + ms(100));
        let left: Vec<u8> = sound.chunks(FRAME * 2).map(|frame| frame[0]).collect();
        let right: Vec<u8> = sound.chunks(FRAME * 2).map(|frame| frame[1]).collect();
        assert_eq!(left, [1, 2, 3, 0xff, 5]);
        assert_eq!(right, [0xff, 8, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn what_is_written_stays_and_a_sender_that_begins_anew_is_heard() {
        let start = Instant::now();
        let mut reel = narrow(start);
        assert!(reel.put(piece(Side::Citizen, start, 0, 1)));
        let first = reel.ripe(start + ms(1_300)).unwrap();
        assert_eq!(first.len() as u64, 1_100 * PER_MS * 2);
        assert!(
            !reel.put(piece(Side::Citizen, start + ms(10), 80, 2)),
            "too late"
        );
        let leap = piece(Side::Citizen, start + ms(1_300), 4_000_000, 3);
        assert!(reel.put(leap));
        let rest = reel.rest(start + ms(1_320));
        assert_eq!(rest[(200 * PER_MS * 2) as usize], 3);
    }

    #[test]
    fn a_pause_is_silence_when_the_talk_goes_on_and_the_end_when_it_does_not() {
        let start = Instant::now();
        let mut reel = narrow(start);
        reel.put(piece(Side::Citizen, start, 0, 1));
        reel.pause(start + ms(20));
        assert!(reel.ripe(start + ms(5_000)).is_none());
        assert_eq!(reel.rest(start + ms(5_000)).len(), FRAME * 2);

        let mut reel = narrow(start);
        reel.put(piece(Side::Citizen, start, 0, 1));
        reel.pause(start + ms(20));
        reel.put(piece(Side::Citizen, start + ms(400), 160, 2));
        let sound = reel.rest(start + ms(420));
        assert_eq!(sound.len() as u64, 420 * PER_MS * 2);
        assert_eq!(sound[(400 * PER_MS * 2) as usize], 2);
        assert_eq!(sound[(200 * PER_MS * 2) as usize], 0xff);
    }

    /// A second of a tone, packet by packet.
    fn spoken(codec: Codec, hz: f64) -> Vec<Vec<u8>> {
        let per_s = Rate::of(codec).per_ms() * 1_000;
        let wave = |at: usize| (TAU * hz * at as f64 / per_s as f64).sin() * 8_000.0;
        let samples: Vec<i16> = (0..per_s).map(|at| wave(at) as i16).collect();
        let mut encoder = Encoder::new(codec);
        let frames = samples.chunks_exact(per_s / 50).map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload);
            payload
        });
        frames.collect()
    }

    /// The share of a tone, from the samples of one side.
    fn share(sound: &[u8], side: Side, from_ms: usize, hz: f64) -> f64 {
        let octets = sound.chunks_exact(2).map(|pair| pair[side as usize]);
        let samples = octets.skip(from_ms * 16).take(16 * 200);
        let (mut real, mut imaginary, mut all) = (0.0, 0.0, 0.0);
        for (octet, at) in samples.zip(0..) {
            let sample = f64::from(Law::Mu.decode(octet));
            let angle = TAU * hz * f64::from(at) / 16_000.0;
            real += sample * angle.cos();
            imaginary += sample * angle.sin();
            all += sample * sample;
        }
        2.0 * (real * real + imaginary * imaginary) / f64::from(16 * 200) / all
    }

    #[test]
    fn a_wide_recording_holds_what_each_side_spoke_in_its_own_codec() {
        let start = Instant::now();
        for (wide, hz) in [(Codec::Opus, 5_500.0), (Codec::G722, 6_000.0)] {
            let mut reel = Reel::new(start, Rate::Wide);
            let sides = [(Side::Citizen, wide, hz), (Side::Counselor, PCMU, 1_000.0)];
            for (side, codec, hz) in sides {
                let mut packets: Vec<_> = spoken(codec, hz).into_iter().zip(0u32..).collect();
                // Two change places on the way, one is lost.
                packets.swap(20, 21);
                packets.remove(5);
                for (payload, number) in packets {
                    let kept = reel.put(Piece {
                        recording: 1,
                        side,
                        at: start + ms(u64::from(number) * 20),
                        ssrc: 7,
                        timestamp: number.wrapping_sub(9).wrapping_mul(codec.per_ms() * 20),
                        codec,
                        payload: Payload::of(&payload),
                    });
                    assert!(kept);
                }
            }
            let mut sound = reel.ripe(start + ms(1_210)).unwrap();
            sound.extend(reel.rest(start + ms(1_220)));
            assert_eq!(sound.len(), 1_220 * 16 * 2);
            let citizen = share(&sound, Side::Citizen, 300, hz);
            assert!(citizen > 0.9, "{wide:?}: {citizen}");
            let counselor = share(&sound, Side::Counselor, 300, 1_000.0);
            assert!(counselor > 0.95, "{wide:?}: {counselor}");
        }
    }

    #[test]
    fn a_speaker_who_changes_the_codec_goes_on_where_time_is() {
        let start = Instant::now();
        let mut reel = Reel::new(start, Rate::Wide);
        let said = [(PCMU, 0, 1_000.0), (Codec::Opus, 1_000, 2_000.0)];
        for (codec, from_ms, hz) in said {
            for (payload, number) in spoken(codec, hz).into_iter().zip(0u32..) {
                reel.put(Piece {
                    recording: 1,
                    side: Side::Citizen,
                    at: start + ms(from_ms + u64::from(number) * 20),
                    ssrc: 7,
                    timestamp: 5_000 + number * codec.per_ms() * 20,
                    codec,
                    payload: Payload::of(&payload),
                });
            }
        }
        let sound = reel.rest(start + ms(2_000));
        for (from_ms, hz) in [(500, 1_000.0), (1_500, 2_000.0)] {
            let share = share(&sound, Side::Citizen, from_ms, hz);
            assert!(share > 0.9, "{hz} Hz: {share}");
        }
    }
}
