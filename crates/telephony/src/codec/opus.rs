//! Opus: how long a packet lasts, and speech from and to packets by a library. Never RTP.

use ropus::{Application, Bitrate, Channels, DecodeMode};

/// Samples of the longest packet, 120 ms at 16 kHz.
const SAMPLES_MAX: usize = 1_920;
/// Longest packet that we write; one of speech has a tenth of it.
const PACKET_MAX: usize = 1_275;
/// Bits per second of what we speak: wideband speech without a flaw that anybody hears.
const BITRATE: u32 = 32_000;
/// Effort of our encoder, of 10: speech that is heard once needs no more.
const EFFORT: u8 = 5;

/// The packet of 20 ms of silence: full band, one frame, nothing in it.
pub(crate) const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// Steps of 48 kHz that a packet lasts (RFC 6716, 3.1 and 3.2); 0 for what is no packet.
pub(crate) fn lasts(packet: &[u8]) -> u32 {
    let Some(first) = packet.first() else {
        return 0;
    };
    let (config, frames) = (first >> 3, first & 3);
    let frame = match config {
        0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let count = match frames {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u32::from(count & 0x3f)),
    };
    let all = frame * count;
    // No packet is longer than 120 ms.
    if all > 5_760 { 0 } else { all }
}

/// Packets to samples at 8 or 16 kHz, whatever they were spoken in.
pub(crate) struct Decoder(Box<ropus::Decoder>);

impl Decoder {
    /// At `rate` samples per second.
    pub(crate) fn new(rate: u32) -> Decoder {
        let decoder = ropus::Decoder::new(rate, Channels::Mono);
        Decoder(Box::new(decoder.expect("8 and 16 kHz are rates of Opus")))
    }

    /// Appends what a packet says; nothing when it is not one.
    pub(crate) fn decode(&mut self, packet: &[u8], samples: &mut Vec<i16>) {
        if lasts(packet) == 0 {
            return;
        }
        let mut said = [0; SAMPLES_MAX];
        let decoded = self.0.decode(packet, &mut said, DecodeMode::Normal);
        samples.extend_from_slice(&said[..decoded.unwrap_or(0)]);
    }
}

/// Frames of 20 ms at 16 kHz to packets.
pub(crate) struct Encoder(Box<ropus::Encoder>);

impl Encoder {
    pub(crate) fn new() -> Encoder {
        let encoder = ropus::Encoder::builder(16_000, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(BITRATE))
            .complexity(EFFORT)
            .build();
        Encoder(Box::new(encoder.expect("these are settings of Opus")))
    }

    /// One packet for 320 samples; of silence for anything else.
    pub(crate) fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) {
        let mut written = [0; PACKET_MAX];
        match self.0.encode(frame, &mut written) {
            Ok(length) => packet.extend_from_slice(&written[..length]),
            Err(_) => packet.extend_from_slice(&SILENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_say_how_long_they_are() {
        assert_eq!(lasts(&SILENCE), 960);
        assert_eq!(lasts(&[0x48, 1]), 960, "wideband speech");
        assert_eq!(lasts(&[0x49, 1]), 1_920, "two of them");
        assert_eq!(lasts(&[0x1b, 2, 1]), 5_760, "two of 60 ms, counted");
        assert_eq!(lasts(&[0x1b, 3, 1]), 0, "longer than any");
        assert_eq!(lasts(&[]), 0);
        assert_eq!(lasts(&[0x4b]), 0, "the count is missing");
    }

    #[test]
    fn the_packet_of_silence_is_silent_and_as_long_as_a_beat() {
        let mut samples = Vec::new();
        Decoder::new(16_000).decode(&SILENCE, &mut samples);
        assert_eq!(samples, vec![0; 320]);
        let mut samples = Vec::new();
        Decoder::new(8_000).decode(&SILENCE, &mut samples);
        assert_eq!(samples.len(), 160);
    }
}
