//! The form in which a talk is recorded, and the forms in which it is heard and seen. Never
//! encryption, never packets.
//!
//! A recording is a head of [`HEADER_BYTES`] bytes and then pairs of G.711 µ-law octets: citizen
//! first, counselor second. 8,000 pairs a second hold a telephone's talk, 16,000 one in wideband;
//! the head says which. Whatever is cut short plays up to where it ends.

use center::time::SECOND_MS;

/// Samples per second of each side of a telephone's talk.
pub const RATE: u32 = 8_000;

/// Samples per second of each side of a talk in wideband.
pub const WIDE_RATE: u32 = 16_000;

/// Length of the head.
pub const HEADER_BYTES: usize = 8;

/// What a recording begins with: name of the form, then its version.
const MAGIC: [u8; HEADER_BYTES] = *b"dasan\0u1";

/// The same at twice the rate.
const WIDE_MAGIC: [u8; HEADER_BYTES] = *b"dasan\0u2";

/// The head of a new recording of a telephone's talk.
pub fn header() -> [u8; HEADER_BYTES] {
    MAGIC
}

/// The head of a new recording of a talk in wideband.
pub fn wide_header() -> [u8; HEADER_BYTES] {
    WIDE_MAGIC
}

/// Samples per second of each side of a recording.
pub fn rate(recording: &[u8]) -> u32 {
    if recording.starts_with(&WIDE_MAGIC) {
        WIDE_RATE
    } else {
        RATE
    }
}

/// The sides of a recording as pairs; nothing when it is not one.
fn pairs(recording: &[u8]) -> &[[u8; 2]] {
    let narrow = recording.strip_prefix(&MAGIC);
    let body = narrow.or_else(|| recording.strip_prefix(&WIDE_MAGIC));
    body.unwrap_or_default().as_chunks().0
}

/// Length of a recording in milliseconds.
pub fn length_ms(recording: &[u8]) -> i64 {
    pairs(recording).len() as i64 * SECOND_MS / i64::from(rate(recording))
}

/// The recording as a WAV file every browser plays: 16 bit linear, left citizen, right counselor.
pub fn to_wav(recording: &[u8]) -> Vec<u8> {
    const HEAD: usize = 44;
    const FRAME: u16 = 4;
    let pairs = pairs(recording);
    let data = u32::try_from(pairs.len() * usize::from(FRAME)).unwrap_or(u32::MAX - 36);
    let mut wav = Vec::with_capacity(HEAD + data as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(data + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&2_u16.to_le_bytes());
    let rate = rate(recording);
    wav.extend_from_slice(&rate.to_le_bytes());
    wav.extend_from_slice(&(rate * u32::from(FRAME)).to_le_bytes());
    wav.extend_from_slice(&FRAME.to_le_bytes());
    wav.extend_from_slice(&16_u16.to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    for [citizen, counselor] in pairs {
        wav.extend_from_slice(&linear(*citizen).to_le_bytes());
        wav.extend_from_slice(&linear(*counselor).to_le_bytes());
    }
    wav
}

/// The loudest moment of each side in each of `columns` equal parts, 0 to 255. The scale is the
/// octet's own, nearly logarithmic: a low voice is seen beside a loud one.
pub fn peaks(recording: &[u8], columns: usize) -> Vec<[u8; 2]> {
    let pairs = pairs(recording);
    if pairs.is_empty() || columns == 0 {
        return Vec::new();
    }
    let part = pairs.len().div_ceil(columns);
    let loudest = |part: &[[u8; 2]]| {
        part.iter().fold([0, 0], |[a, b], [citizen, counselor]| {
            [a.max(level(*citizen)), b.max(level(*counselor))]
        })
    };
    pairs.chunks(part).map(loudest).collect()
}

/// How loud an octet is: its segment and step without its sign.
fn level(octet: u8) -> u8 {
    (!octet & 0x7f) * 2
}

/// One µ-law octet as a linear sample (ITU-T G.711).
fn linear(octet: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let bits = !octet;
    let segment = (bits >> 4) & 7;
    let magnitude = ((i16::from(bits & 0x0f) << 3) + BIAS) << segment;
    if bits & 0x80 == 0 {
        magnitude - BIAS
    } else {
        BIAS - magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(pairs: &[[u8; 2]]) -> Vec<u8> {
        let mut bytes = header().to_vec();
        bytes.extend(pairs.iter().flatten());
        bytes
    }

    #[test]
    fn octets_are_linear_as_the_standard_says() {
        for (octet, sample) in [
            (0xff, 0),
            (0x7f, 0),
            (0x80, 32_124),
            (0x00, -32_124),
            (0x8f, 16_764),
            (0xf0, 120),
            (0x70, -120),
        ] {
            assert_eq!(linear(octet), sample, "{octet:#x}");
        }
    }

    #[test]
    fn a_recording_becomes_a_stereo_file() {
        let wav = to_wav(&recording(&[[0x80, 0xff], [0x00, 0xf0]]));
        assert_eq!(&wav[..4], b"RIFF");
        assert_eq!(wav.len(), 44 + 8);
        assert_eq!(wav[40..44], 8_u32.to_le_bytes());
        assert_eq!(wav[44..46], 32_124_i16.to_le_bytes());
        assert_eq!(wav[46..48], 0_i16.to_le_bytes());
        assert_eq!(wav[50..52], 120_i16.to_le_bytes());
        assert_eq!(to_wav(b"something else").len(), 44, "no sound in it");
    }

    #[test]
    fn a_cut_recording_counts_whole_pairs() {
        let mut bytes = recording(&vec![[0xff, 0xff]; 8_000]);
        bytes.push(0x80);
        assert_eq!(length_ms(&bytes), 1_000);
    }

    #[test]
    fn a_wide_recording_plays_at_its_own_rate() {
        let mut bytes = wide_header().to_vec();
        bytes.extend([0x80, 0xff].repeat(8_000));
        assert_eq!(length_ms(&bytes), 500);
        let wav = to_wav(&bytes);
        assert_eq!(wav[24..28], 16_000_u32.to_le_bytes());
        assert_eq!(wav[28..32], 64_000_u32.to_le_bytes());
        assert_eq!(wav.len(), 44 + 8_000 * 4);
        assert_eq!(super::peaks(&bytes, 2), [[254, 0], [254, 0]]);
    }

    #[test]
    fn peaks_show_each_side_apart() {
        let mut pairs = vec![[0xff, 0xff]; 100];
        pairs[10] = [0x80, 0xff];
        pairs[90] = [0xff, 0x00];
        let peaks = peaks(&recording(&pairs), 2);
        assert_eq!(peaks, [[254, 0], [0, 254]]);
        assert!(super::peaks(&[], 10).is_empty());
    }
}
