//! Speech as samples at one rate: from any codec, to any codec, and from one into another. Never a
//! clock, never a line.

use super::Codec;
use super::g711::Law;
use super::g722;
use super::opus;
use super::rate::{Down, Up};

/// How many samples a second has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// 8,000: a telephone's.
    Narrow,
    /// 16,000.
    Wide,
}

impl Rate {
    pub(crate) const fn per_ms(self) -> usize {
        match self {
            Rate::Narrow => 8,
            Rate::Wide => 16,
        }
    }

    /// The rate of what a codec can carry.
    pub(crate) fn of(codec: Codec) -> Rate {
        if codec.is_wide() {
            Rate::Wide
        } else {
            Rate::Narrow
        }
    }
}

enum Reader {
    G711(Law),
    G722(Box<g722::Decoder>),
    Opus(opus::Decoder),
}

enum Converter {
    None,
    Up(Box<Up>),
    Down(Box<Down>),
}

/// Payloads of one speaker to samples.
pub(crate) struct Decoder {
    codec: Codec,
    reader: Reader,
    converter: Converter,
    read: Vec<i16>,
}

impl Decoder {
    /// From a codec to samples at a rate.
    pub(crate) fn new(codec: Codec, rate: Rate) -> Decoder {
        let (reader, converter) = match (codec, rate) {
            (Codec::G711(law), Rate::Narrow) => (Reader::G711(law), Converter::None),
            (Codec::G711(law), Rate::Wide) => {
                (Reader::G711(law), Converter::Up(Box::new(Up::new())))
            }
            (Codec::G722, rate) => {
                let reader = Reader::G722(Box::new(g722::Decoder::new()));
                let down = || Converter::Down(Box::new(Down::new()));
                let narrow = rate == Rate::Narrow;
                (reader, if narrow { down() } else { Converter::None })
            }
            // It decodes to any rate by itself.
            (Codec::Opus, rate) => {
                let decoder = opus::Decoder::new(rate.per_ms() as u32 * 1_000);
                (Reader::Opus(decoder), Converter::None)
            }
        };
        Decoder {
            codec,
            reader,
            converter,
            read: Vec::new(),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends what a payload says.
    pub(crate) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        self.read.clear();
        let read = match self.converter {
            Converter::None => &mut *out,
            _ => &mut self.read,
        };
        match &mut self.reader {
            Reader::G711(law) => read.extend(payload.iter().map(|octet| law.decode(*octet))),
            Reader::G722(decoder) => decoder.decode(payload, read),
            Reader::Opus(decoder) => decoder.decode(payload, read),
        }
        match &mut self.converter {
            Converter::None => {}
            Converter::Up(up) => up.pass(&self.read, out),
            Converter::Down(down) => down.pass(&self.read, out),
        }
    }
}

enum Writer {
    G711(Law),
    G722(Box<g722::Encoder>),
    Opus(opus::Encoder),
}

/// Samples at the codec's own rate to payloads.
pub(crate) struct Encoder(Writer);

impl Encoder {
    pub(crate) fn new(codec: Codec) -> Encoder {
        Encoder(match codec {
            Codec::G711(law) => Writer::G711(law),
            Codec::G722 => Writer::G722(Box::new(g722::Encoder::new())),
            Codec::Opus => Writer::Opus(opus::Encoder::new()),
        })
    }

    /// Appends the payload of 20 ms.
    pub(crate) fn encode(&mut self, frame: &[i16], payload: &mut Vec<u8>) {
        match &mut self.0 {
            Writer::G711(law) => payload.extend(frame.iter().map(|sample| law.encode(*sample))),
            Writer::G722(encoder) => encoder.encode(frame, payload),
            Writer::Opus(encoder) => encoder.encode(frame, payload),
        }
    }
}

/// Samples at 8 kHz as samples at 16 kHz.
pub(crate) fn widened(samples: &[i16]) -> Vec<i16> {
    let mut wide = Vec::with_capacity(samples.len() * 2);
    Up::new().pass(samples, &mut wide);
    wide
}

/// Longest gap, in milliseconds, that is filled so that time goes on as the speaker's did.
const GAP_MAX_MS: u32 = 100;

/// One speaker's packets spoken anew in another codec, in frames of 20 ms.
pub(crate) struct Interpreter {
    from: Codec,
    to: Codec,
    decoder: Decoder,
    encoder: Encoder,
    /// Samples that do not fill a frame yet.
    samples: Vec<i16>,
    frame: usize,
    /// Which packet would come next.
    next: Option<(u32, u16, u32)>,
}

impl Interpreter {
    pub(crate) fn new(from: Codec, to: Codec) -> Interpreter {
        let rate = Rate::of(to);
        Interpreter {
            from,
            to,
            decoder: Decoder::new(from, rate),
            encoder: Encoder::new(to),
            samples: Vec::new(),
            frame: rate.per_ms() * 20,
            next: None,
        }
    }

    pub(crate) fn is_for(&self, from: Codec, to: Codec) -> bool {
        (self.from, self.to) == (from, to)
    }

    /// Takes a packet; one that is older than the last is too late to be spoken.
    pub(crate) fn hear(&mut self, ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) {
        if let Some((known, due, due_at)) = self.next
            && known == ssrc
        {
            let ahead = sequence.wrapping_sub(due) as i16;
            if (-100..0).contains(&ahead) {
                return;
            }
            let gap_ms = timestamp.wrapping_sub(due_at) / self.from.per_ms();
            if ahead > 0 && gap_ms <= GAP_MAX_MS {
                let missing = gap_ms as usize * self.frame / 20;
                self.samples.resize(self.samples.len() + missing, 0);
            }
        }
        self.decoder.decode(payload, &mut self.samples);
        let after = timestamp.wrapping_add(self.from.lasts(payload));
        self.next = Some((ssrc, sequence.wrapping_add(1), after));
    }

    /// The next payload of 20 ms, once there are samples for it.
    pub(crate) fn speak(&mut self, payload: &mut Vec<u8>) -> bool {
        if self.samples.len() < self.frame {
            return false;
        }
        payload.clear();
        self.encoder.encode(&self.samples[..self.frame], payload);
        self.samples.drain(..self.frame);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PCMA, PCMU};
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hz: f64, rate: Rate, ms: usize) -> Vec<i16> {
        let per_s = rate.per_ms() as f64 * 1_000.0;
        let wave = |at: usize| (TAU * hz * at as f64 / per_s).sin() * 8_000.0;
        (0..ms * rate.per_ms()).map(|at| wave(at) as i16).collect()
    }

    /// The share of a tone in the second half of what came back.
    fn share(samples: &[i16], hz: f64, rate: Rate) -> f64 {
        let half = &samples[samples.len() / 2..];
        let turn = TAU * hz / (rate.per_ms() as f64 * 1_000.0);
        let (mut real, mut imaginary, mut all) = (0.0, 0.0, 0.0);
        for (sample, at) in half.iter().map(|sample| f64::from(*sample)).zip(0..) {
            real += sample * (turn * f64::from(at)).cos();
            imaginary += sample * (turn * f64::from(at)).sin();
            all += sample * sample;
        }
        2.0 * (real * real + imaginary * imaginary) / half.len() as f64 / all
    }

    fn payloads(codec: Codec, hz: f64) -> Vec<Vec<u8>> {
        let rate = Rate::of(codec);
        let mut encoder = Encoder::new(codec);
        let frames = tone(hz, rate, 1_000);
        let frames = frames.chunks_exact(rate.per_ms() * 20);
        let encode = |frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload);
            payload
        };
        frames.map(encode).collect()
    }

    fn decoded(codec: Codec, payloads: &[Vec<u8>], rate: Rate) -> Vec<i16> {
        let mut decoder = Decoder::new(codec, rate);
        let mut samples = Vec::new();
        for payload in payloads {
            decoder.decode(payload, &mut samples);
        }
        samples
    }

    #[test]
    fn every_codec_is_heard_at_both_rates() {
        for codec in Codec::ALL {
            let payloads = payloads(codec, 1_000.0);
            for rate in [Rate::Narrow, Rate::Wide] {
                let samples = decoded(codec, &payloads, rate);
                assert_eq!(samples.len(), rate.per_ms() * 1_000, "{codec:?} {rate:?}");
                let share = share(&samples, 1_000.0, rate);
                assert!(share > 0.95, "{codec:?} {rate:?}: {share}");
            }
        }
    }

    #[test]
    fn what_lies_above_the_telephone_survives_in_wide_codecs_only() {
        for codec in [Codec::Opus, Codec::G722] {
            let samples = decoded(codec, &payloads(codec, 5_500.0), Rate::Wide);
            let share = share(&samples, 5_500.0, Rate::Wide);
            assert!(share > 0.9, "{codec:?}: {share}");
        }
    }

    #[test]
    fn every_codec_is_spoken_anew_in_every_other_one() {
        for from in Codec::ALL {
            for to in [Codec::Opus, Codec::G722, PCMU, PCMA] {
                let mut interpreter = Interpreter::new(from, to);
                let (mut spoken, mut payload) = (Vec::new(), Vec::new());
                for (heard, number) in payloads(from, 1_000.0).iter().zip(0u16..) {
                    let at = u32::from(number) * from.per_ms() * 20;
                    interpreter.hear(7, number, at, heard);
                    // Nothing is said twice, and nothing out of its turn.
                    interpreter.hear(7, number, at, heard);
                    while interpreter.speak(&mut payload) {
                        assert_eq!(to.lasts(&payload), to.per_ms() * 20);
                        spoken.push(payload.clone());
                    }
                }
                assert_eq!(spoken.len(), 50, "{from:?} to {to:?}");
                let samples = decoded(to, &spoken, Rate::Narrow);
                let share = share(&samples, 1_000.0, Rate::Narrow);
                assert!(share > 0.9, "{from:?} to {to:?}: {share}");
            }
        }
    }

    #[test]
    fn a_lost_packet_takes_its_time_and_a_long_pause_does_not() {
        let mut interpreter = Interpreter::new(Codec::G722, PCMU);
        let mut said = |number: u16, at: u32| {
            interpreter.hear(7, number, at, &[0xfa; 160]);
            let mut payload = Vec::new();
            std::iter::from_fn(|| interpreter.speak(&mut payload).then_some(())).count()
        };
        assert_eq!(said(1, 160), 1);
        assert_eq!(said(3, 480), 2, "the second was lost");
        assert_eq!(said(4, 80_000), 1, "the speaker paused");
        assert_eq!(said(2, 320), 0, "too late");
    }
}
