//! What a telephone says and what it hears: a tone in any codec, key presses, loss and the strength
//! of tones. Never a socket.

use super::lock;
use crate::codec::g711::Law;
use crate::codec::voice::{Decoder, Encoder, Rate};
use crate::codec::{Codec, PCMU};
use crate::rtp;
use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::{Arc, LazyLock, Mutex};

/// Payload type of telephone events in our descriptions.
pub(super) const EVENT_TYPE: u8 = 101;
/// Packets of one key press that rise in length, 100 ms, and those that tell its end.
const PRESS: u16 = 5;
const PRESS_ENDS: u16 = 3;
/// Silent packets after a press, so that two equal keys are two.
const PRESS_PAUSE: u16 = 3;
const LOUDNESS: f64 = 8_000.0;

/// What a telephone says and listens for. Pitches are multiples of 50 Hz, so that a packet holds
/// whole waves and tones do not leak into each other's measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Pitch of the tone that it sends; 0 is silence.
    pub says_hz: u32,
    /// Pitches whose share of what it hears is measured.
    pub hears_hz: Vec<u32>,
}

/// What was heard since the last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Packets, each once.
    pub packets: u64,
    /// Packets that the numbering says were sent and that did not come.
    pub lost: u64,
    /// Root mean square of the samples; 0 is silence, a full tone some 20,000.
    pub level: f64,
    /// Share of the power, 0 to 1, that lies at each pitch asked for.
    pub shares: Vec<(u32, f64)>,
}

impl Heard {
    /// The share at a pitch; 0 when it was not asked for.
    pub fn share(&self, pitch_hz: u32) -> f64 {
        let found = self.shares.iter().find(|(pitch, _)| *pitch == pitch_hz);
        found.map_or(0.0, |(_, share)| *share)
    }
}

/// A second of a tone, packet by packet, to be said over and over.
pub(super) type Tone = Arc<[Vec<u8>]>;

/// Tones that were written so far: three hundred headsets that change their codec at once would
/// else take seconds of a processor.
static TONES: Mutex<Vec<(u32, Codec, Tone)>> = Mutex::new(Vec::new());

/// A tone, written once.
pub(super) fn tone(pitch_hz: u32, codec: Codec) -> Tone {
    let mut tones = lock(&TONES);
    let known = tones
        .iter()
        .find(|(hz, of, _)| (*hz, *of) == (pitch_hz, codec));
    if let Some((.., tone)) = known {
        return tone.clone();
    }
    let tone: Tone = written(pitch_hz, codec).into();
    tones.push((pitch_hz, codec, tone.clone()));
    tone
}

/// The second after ten packets: what a codec remembers of its end fits its beginning.
fn written(pitch_hz: u32, codec: Codec) -> Vec<Vec<u8>> {
    let rate = Rate::of(codec);
    let per_ms = rate.per_ms();
    let turn = TAU * f64::from(pitch_hz) / (per_ms as f64 * 1_000.0);
    let mut encoder = Encoder::new(codec);
    let packets = (0..60).map(|number| {
        let from = number * per_ms * 20;
        let wave = |at: usize| ((turn * at as f64).sin() * LOUDNESS) as i16;
        let frame: Vec<i16> = (from..from + per_ms * 20).map(wave).collect();
        let mut payload = Vec::new();
        encoder.encode(&frame, &mut payload);
        payload
    });
    packets.skip(10).collect()
}

/// A packet on its way out; the caller adds the socket.
pub(super) struct Spoken {
    pub(super) bytes: Vec<u8>,
}

/// Says a tone without a break, keys in between.
pub(super) struct Mouth {
    codec: Codec,
    number: u8,
    tone: Tone,
    /// Packets of the tone that were said.
    said: usize,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    fresh: bool,
    keys: VecDeque<u8>,
    /// Packets of the present press that were sent.
    pressed: u16,
}

/// The event code of a key (RFC 4733).
fn code_of(key: char) -> Option<u8> {
    match key {
        '0'..='9' => Some(key as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        _ => None,
    }
}

impl Mouth {
    /// Speaks `codec` by the payload type `number`.
    pub(super) fn new(says_hz: u32, (codec, number): (Codec, u8), seed: u64) -> Mouth {
        Mouth {
            codec,
            number,
            tone: tone(says_hz, codec),
            said: 0,
            ssrc: (seed >> 32) as u32,
            sequence: seed as u16,
            timestamp: (seed >> 16) as u32,
            fresh: true,
            keys: VecDeque::new(),
            pressed: 0,
        }
    }

    /// Presses a key after those that are being pressed; what is no key is not pressed.
    pub(super) fn press(&mut self, key: char) {
        self.keys.extend(code_of(key));
    }

    /// The packet of this beat of 20 ms.
    pub(super) fn next(&mut self) -> Spoken {
        let Some(code) = self.keys.front().copied() else {
            let (marker, timestamp) = (self.fresh, self.timestamp);
            let payload = &self.tone[self.said % self.tone.len()].clone();
            let spoken = self.write(self.number, marker, timestamp, payload);
            self.said += 1;
            self.fresh = false;
            self.timestamp = timestamp.wrapping_add(self.frame());
            return spoken;
        };
        self.key_beat(code)
    }

    /// Steps of the timestamp in 20 ms.
    fn frame(&self) -> u32 {
        20 * self.codec.per_ms()
    }

    /// One packet of a press; its packets share the timestamp of its beginning.
    fn key_beat(&mut self, code: u8) -> Spoken {
        let began = self.timestamp;
        let ended = self.pressed >= PRESS;
        let frame = self.frame();
        let duration = (self.pressed.min(PRESS - 1) + 1) * frame as u16;
        let [high, low] = duration.to_be_bytes();
        let volume = if ended { 0x8a } else { 0x0a };
        let marker = self.pressed == 0;
        let spoken = if self.pressed < PRESS + PRESS_ENDS {
            self.write(EVENT_TYPE, marker, began, &[code, volume, high, low])
        } else {
            let at = began.wrapping_add(u32::from(self.pressed) * frame);
            self.write(self.number, false, at, self.codec.silence())
        };
        self.pressed += 1;
        if self.pressed == PRESS + PRESS_ENDS + PRESS_PAUSE {
            self.timestamp = began.wrapping_add(u32::from(self.pressed) * frame);
            self.pressed = 0;
            self.keys.pop_front();
            self.fresh = true;
        }
        spoken
    }

    fn write(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Spoken {
        let mut bytes = vec![0; rtp::HEADER];
        bytes.extend_from_slice(payload);
        let packet = rtp::Packet {
            payload_type,
            marker,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            payload: &[],
        };
        if let Some(head) = bytes.first_chunk_mut() {
            rtp::write_header(&packet, head);
        }
        self.sequence = self.sequence.wrapping_add(1);
        Spoken { bytes }
    }
}

static LINEAR: LazyLock<[i16; 256]> =
    LazyLock::new(|| std::array::from_fn(|octet| Law::Mu.decode(octet as u8)));

/// Counts packets and measures tones.
pub(super) struct Ear {
    pitches: Vec<Pitch>,
    rate: Rate,
    decoder: Option<Decoder>,
    /// Samples of the last packet.
    heard: Vec<i16>,
    stream: Option<Stream>,
    packets: u64,
    /// Lost in streams that ended.
    lost: u64,
    power: f64,
    samples: u64,
}

struct Pitch {
    hz: u32,
    /// 2 cos(2 pi f / rate), the one constant of Goertzel's filter.
    turn: f64,
    power: f64,
}

struct Stream {
    ssrc: u32,
    /// First number that counts, highest number so far, both without wrap.
    first: i64,
    highest: i64,
    packets: i64,
    window: rtp::Window,
}

impl Stream {
    fn lost(&self) -> u64 {
        (self.highest + 1 - self.first - self.packets).max(0) as u64
    }
}

impl Ear {
    /// An ear for pitches, below or above what the telephone carries.
    pub(super) fn new(pitches_hz: &[u32]) -> Ear {
        let high = pitches_hz.iter().any(|pitch_hz| *pitch_hz >= 4_000);
        let rate = if high { Rate::Wide } else { Rate::Narrow };
        let per_s = rate.per_ms() as f64 * 1_000.0;
        let pitch = |hz: &u32| Pitch {
            hz: *hz,
            turn: 2.0 * (TAU * f64::from(*hz) / per_s).cos(),
            power: 0.0,
        };
        Ear {
            pitches: pitches_hz.iter().map(pitch).collect(),
            rate,
            decoder: None,
            heard: Vec::new(),
            stream: None,
            packets: 0,
            lost: 0,
            power: 0.0,
            samples: 0,
        }
    }

    /// Takes a packet of sound.
    pub(super) fn hear(&mut self, ssrc: u32, sequence: u16, codec: Codec, octets: &[u8]) {
        if !self.count(ssrc, sequence) {
            return;
        }
        if (codec, self.rate) == (PCMU, Rate::Narrow) {
            let linear = &*LINEAR;
            self.heard.clear();
            let samples = octets.iter().map(|octet| linear[usize::from(*octet)]);
            self.heard.extend(samples);
        } else {
            let known = self.decoder.take().filter(|known| known.codec() == codec);
            let mut decoder = known.unwrap_or_else(|| Decoder::new(codec, self.rate));
            self.heard.clear();
            decoder.decode(octets, &mut self.heard);
            self.decoder = Some(decoder);
        }
        self.measure();
    }

    /// Whether the packet is new.
    fn count(&mut self, ssrc: u32, sequence: u16) -> bool {
        let known = self.stream.take_if(|stream| stream.ssrc != ssrc);
        self.lost += known.map_or(0, |ended| ended.lost());
        let stream = self.stream.get_or_insert_with(|| Stream {
            ssrc,
            first: i64::from(sequence),
            highest: i64::from(sequence) - 1,
            packets: 0,
            window: rtp::Window::default(),
        });
        if !stream.window.accept(sequence) {
            return false;
        }
        let ahead = sequence.wrapping_sub(stream.highest as u16) as i16;
        let number = stream.highest + i64::from(ahead);
        if number < stream.first {
            return false;
        }
        stream.highest = stream.highest.max(number);
        stream.packets += 1;
        self.packets += 1;
        true
    }

    fn measure(&mut self) {
        let samples = || self.heard.iter().map(|sample| f64::from(*sample));
        self.power += samples().map(|sample| sample * sample).sum::<f64>();
        self.samples += self.heard.len() as u64;
        for pitch in &mut self.pitches {
            let (mut one, mut two) = (0.0, 0.0);
            for sample in samples() {
                (one, two) = (sample + pitch.turn * one - two, one);
            }
            let power = one * one + two * two - pitch.turn * one * two;
            pitch.power += 2.0 * power / self.heard.len().max(1) as f64;
        }
    }

    /// What was heard since the last look; counting begins anew.
    pub(super) fn look(&mut self) -> Heard {
        let whole = self.power.max(1.0);
        let share = |pitch: &Pitch| (pitch.hz, pitch.power / whole);
        let stream_lost = self.stream.as_ref().map_or(0, Stream::lost);
        let heard = Heard {
            packets: self.packets,
            lost: self.lost + stream_lost,
            level: (self.power / self.samples.max(1) as f64).sqrt(),
            shares: self.pitches.iter().map(share).collect(),
        };
        if let Some(stream) = &mut self.stream {
            stream.first = stream.highest + 1;
            stream.packets = 0;
        }
        for pitch in &mut self.pitches {
            pitch.power = 0.0;
        }
        (self.packets, self.lost, self.power, self.samples) = (0, 0, 0.0, 0);
        heard
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dtmf;

    #[test]
    fn a_tone_is_found_at_its_pitch_and_nowhere_else() {
        let mut ear = Ear::new(&[700, 1_000]);
        for (payload, sequence) in tone(1_000, PCMU).iter().zip(0..) {
            ear.hear(1, sequence, PCMU, payload);
        }
        let heard = ear.look();
        assert_eq!((heard.packets, heard.lost), (50, 0));
        assert!(heard.share(1_000) > 0.98, "{heard:?}");
        assert!(heard.share(700) < 0.01, "{heard:?}");
        assert!((5_000.0..6_500.0).contains(&heard.level), "{heard:?}");
        assert_eq!(
            ear.look(),
            Heard {
                shares: vec![(700, 0.0), (1_000, 0.0)],
                ..Heard::default()
            }
        );
    }

    #[test]
    fn loss_repeats_and_wraps_are_told_apart() {
        let mut ear = Ear::new(&[]);
        for sequence in [65_533, 65_534, 65_534, 0, 2, 1] {
            ear.hear(1, sequence, PCMU, PCMU.silence());
        }
        let heard = ear.look();
        assert_eq!((heard.packets, heard.lost), (5, 1), "65535 never came");
        ear.hear(1, 5, PCMU, PCMU.silence());
        assert_eq!(ear.look().lost, 2, "3 and 4 fell into the second look");
        ear.hear(2, 9_000, PCMU, PCMU.silence());
        assert_eq!(ear.look().lost, 0, "another sender begins where it likes");
    }

    #[test]
    fn pressed_keys_are_heard_once_each_and_the_tone_goes_on() {
        let mut mouth = Mouth::new(1_000, (PCMU, 0), 0xdead_beef_0000_fffe);
        "99#x".chars().for_each(|key| mouth.press(key));
        let mut keys = dtmf::Receiver::default();
        let mut pressed = String::new();
        let mut last = None;
        for _ in 0..40 {
            let spoken = mouth.next();
            let packet = rtp::parse(&spoken.bytes).unwrap();
            if let Some(last) = last {
                assert_eq!(packet.sequence.wrapping_sub(last), 1);
            }
            last = Some(packet.sequence);
            if packet.payload_type == EVENT_TYPE {
                pressed.extend(keys.take(packet.ssrc, packet.timestamp, packet.payload));
            }
        }
        assert_eq!(pressed, "99#");
        let spoken = mouth.next();
        assert_eq!(
            rtp::parse(&spoken.bytes).unwrap().payload,
            tone(1_000, PCMU)[0]
        );
    }
}
