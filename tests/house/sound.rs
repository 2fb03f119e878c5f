//! Tones made, written as WAV or RTP in a pcap file, and found again. Never a file of a real call.

use std::f64::consts::TAU;
use std::path::Path;

/// Samples per second on a telephone line.
pub const RATE: u32 = 8_000;

/// A tone that comes and goes twice a second, as noise suppression takes a steady one for noise.
pub fn pulses(frequency: f64, rate: u32, seconds: f64) -> Vec<i16> {
    let count = (f64::from(rate) * seconds) as u32;
    let sample = |index: u32| {
        let time = f64::from(index) / f64::from(rate);
        let loud = (time * 2.0).fract() < 0.6;
        if loud {
            ((TAU * frequency * time).sin() * 12_000.0) as i16
        } else {
            0
        }
    };
    (0..count).map(sample).collect()
}

/// The part of the energy, 0 to 1, that lies at the frequency (Goertzel), over the loud stretches.
pub fn share(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let window = rate as usize / 20;
    let mut shares: Vec<f64> = samples
        .chunks_exact(window)
        .filter(|chunk| energy(chunk) > 200.0 * 200.0)
        .map(|chunk| {
            let turn = TAU * frequency / f64::from(rate);
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (index, sample) in chunk.iter().enumerate() {
                let angle = turn * index as f64;
                real += f64::from(*sample) * angle.cos();
                imaginary += f64::from(*sample) * angle.sin();
            }
            let count = chunk.len() as f64;
            2.0 * (real * real + imaginary * imaginary) / (count * count) / energy(chunk)
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    // Fewer than a second of sound is no sound.
    if shares.len() < 20 {
        0.0
    } else {
        shares[shares.len() / 2]
    }
}

fn energy(chunk: &[i16]) -> f64 {
    let sum: f64 = chunk.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    sum / chunk.len() as f64
}

/// Writes a mono WAV file.
pub fn write_wav(path: &Path, rate: u32, samples: &[i16]) {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 2).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((samples.len() as u32 * 2).to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    let size = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    crate::peer::write(path, bytes);
}

/// The channels of a WAV file of 16 bit samples, and its rate. A length of 0 means up to the end.
pub fn read_wav(bytes: &[u8]) -> (Vec<Vec<i16>>, u32) {
    assert_eq!(&bytes[..4], b"RIFF", "a WAV file");
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut channels, mut rate) = (12, 0, 0);
    while at + 8 <= bytes.len() {
        let size = number(at + 4) as usize;
        match &bytes[at..at + 4] {
            b"fmt " => {
                channels = usize::from(bytes[at + 10]);
                rate = number(at + 12);
                assert_eq!(bytes[at + 22], 16, "16 bit samples");
            }
            b"data" => {
                let end = if size == 0 {
                    bytes.len()
                } else {
                    (at + 8 + size).min(bytes.len())
                };
                let mut split = vec![Vec::new(); channels];
                for (index, pair) in bytes[at + 8..end].chunks_exact(2).enumerate() {
                    split[index % channels].push(i16::from_le_bytes([pair[0], pair[1]]));
                }
                return (split, rate);
            }
            _ => {}
        }
        at += 8 + size + size % 2;
    }
    panic!("a WAV file without sound");
}

/// What a telephone sends, second by second: keys at their times, then a tone until the end.
pub struct Spoken {
    /// Key and when it is pressed, in milliseconds.
    pub keys: Vec<(char, u32)>,
    /// Frequency of the tone.
    pub frequency: f64,
    /// When the tone begins.
    pub tone_from_ms: u32,
    /// When the stream ends.
    pub end_ms: u32,
}

/// The stream as SIPp plays it: a pcap file of G.711 and RFC 4733 in one RTP stream, as one phone
/// sends it.
pub fn write_pcap(path: &Path, spoken: &Spoken) {
    let tone = pulses(spoken.frequency, RATE, f64::from(spoken.end_ms) / 1_000.0);
    let mut file = Vec::from(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for index in 0..spoken.end_ms / 20 {
        let at_ms = index * 20;
        let timestamp = at_ms * 8;
        let pressed = spoken
            .keys
            .iter()
            .find(|(_, from)| (*from..from + 200).contains(&at_ms));
        let (kind, stamp, payload) = match pressed {
            Some((key, from)) => {
                let since = at_ms - from;
                let marker = if since == 0 { 0x80 } else { 0 };
                (0x65 | marker, from * 8, key_event(*key, since))
            }
            None if at_ms >= spoken.tone_from_ms => {
                let from = timestamp as usize;
                let part = &tone[from..from + 160];
                (
                    0,
                    timestamp,
                    part.iter().map(|sample| mu_law(*sample)).collect(),
                )
            }
            None => (0, timestamp, vec![0xff; 160]),
        };
        let mut packet = vec![0x80, kind];
        packet.extend((index as u16 + 1).to_be_bytes());
        packet.extend(stamp.to_be_bytes());
        packet.extend(0x0120_0120_u32.to_be_bytes());
        packet.extend(payload);
        frame(&mut file, at_ms, &packet);
    }
    crate::peer::write(path, file);
}

/// RFC 4733: event, end bit in the last three packets, volume, duration.
fn key_event(key: char, since_ms: u32) -> Vec<u8> {
    let code = "0123456789*#".find(key).expect("a key of a telephone") as u8;
    let end = if since_ms >= 140 { 0x80 } else { 0 };
    let duration = ((since_ms.min(140) + 20) * 8) as u16;
    let [high, low] = duration.to_be_bytes();
    vec![code, end | 0x0a, high, low]
}

/// Ethernet, IPv4 and UDP around a packet; SIPp reads only the ports' difference and the payload.
fn frame(file: &mut Vec<u8>, at_ms: u32, packet: &[u8]) {
    let udp = (packet.len() + 8) as u16;
    let mut bytes = vec![0; 12];
    bytes.extend([8, 0, 0x45, 0]);
    bytes.extend((udp + 20).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    bytes.extend(6_000_u16.to_be_bytes());
    bytes.extend(6_000_u16.to_be_bytes());
    bytes.extend(udp.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(packet);
    file.extend((at_ms / 1_000).to_le_bytes());
    file.extend((at_ms % 1_000 * 1_000).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend(bytes);
}

/// G.711 mu-law, written from the recommendation so that the product's own encoder is not its
/// judge.
fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + 132;
    let exponent = (7..15)
        .rev()
        .find(|bit| magnitude >> bit & 1 == 1)
        .unwrap_or(7)
        - 7;
    let mantissa = magnitude >> (exponent + 3) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

#[test]
fn a_tone_is_found_and_its_absence_too() {
    let tone = pulses(440.0, RATE, 3.0);
    assert!(share(&tone, RATE, 440.0) > 0.95);
    assert!(share(&tone, RATE, 880.0) < 0.05);
    assert!(share(&vec![0; 24_000], RATE, 440.0) < 0.01);
    let both: Vec<i16> = tone
        .iter()
        .zip(pulses(1_000.0, RATE, 3.0))
        .map(|(a, b)| a / 2 + b / 2)
        .collect();
    assert!(share(&both, RATE, 440.0) > 0.4 && share(&both, RATE, 1_000.0) > 0.4);
}
