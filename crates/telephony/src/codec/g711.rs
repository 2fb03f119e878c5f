//! G.711 in both laws, by ITU-T G.711: samples to octets and back. Never packets, never timing.

use std::sync::LazyLock;

/// Which of the two laws an octet is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// PCMU, payload type 0.
    Mu,
    /// PCMA, payload type 8.
    A,
}

impl Law {
    /// One linear sample as an octet.
    pub(crate) fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    /// One octet as a linear sample.
    pub(crate) fn decode(self, octet: u8) -> i16 {
        match self {
            Law::Mu => decode_mu(octet),
            Law::A => decode_a(octet),
        }
    }
}

static MU_TO_A: LazyLock<[u8; 256]> = LazyLock::new(|| table(Law::Mu, Law::A));
static A_TO_MU: LazyLock<[u8; 256]> = LazyLock::new(|| table(Law::A, Law::Mu));

fn table(from: Law, to: Law) -> [u8; 256] {
    std::array::from_fn(|octet| to.encode(from.decode(octet as u8)))
}

/// Rewrites octets of one law in the other.
pub(crate) fn transcode(from: Law, to: Law, octets: &mut [u8]) {
    let table = match (from, to) {
        (Law::Mu, Law::A) => &*MU_TO_A,
        (Law::A, Law::Mu) => &*A_TO_MU,
        _ => return,
    };
    for octet in octets {
        *octet = table[usize::from(*octet)];
    }
}

fn encode_mu(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // The bias keeps bit 7 or a higher one set, so the segment is 0 to 7.
    let segment = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | ((segment as u8) << 4) | mantissa as u8)
}

fn decode_mu(octet: u8) -> i16 {
    let octet = !octet;
    let segment = i32::from((octet >> 4) & 0x07);
    let mantissa = i32::from(octet & 0x0f);
    let magnitude = (((mantissa << 3) + 0x84) << segment) - 0x84;
    let signed = if octet & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    signed as i16
}

fn encode_a(sample: i16) -> u8 {
    // Thirteen bits carry an A-law sample; negative values are folded by their complement.
    let shifted = i32::from(sample) >> 3;
    let (sign, magnitude) = if shifted >= 0 {
        (0xd5, shifted)
    } else {
        (0x55, -shifted - 1)
    };
    let coded = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = 27 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> segment) & 0x0f)
    };
    sign ^ coded as u8
}

fn decode_a(octet: u8) -> i16 {
    let octet = octet ^ 0x55;
    let segment = i32::from((octet >> 4) & 0x07);
    let mantissa = i32::from(octet & 0x0f) << 4;
    let magnitude = match segment {
        0 => mantissa + 8,
        1 => mantissa + 0x108,
        _ => (mantissa + 0x108) << (segment - 1),
    };
    let signed = if octet & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    signed as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_a_round_trip() {
        for law in [Law::Mu, Law::A] {
            for octet in 0..=255u8 {
                let again = law.encode(law.decode(octet));
                // Mu-law has two zeros; both mean silence.
                let same = again == octet || law.decode(again) == law.decode(octet);
                assert!(same, "{law:?} {octet:#x} became {again:#x}");
            }
        }
    }

    #[test]
    fn known_points_of_the_recommendation_hold() {
        assert_eq!(Law::Mu.encode(0), 0xff);
        assert_eq!(Law::Mu.encode(i16::MAX), 0x80);
        assert_eq!(Law::Mu.encode(i16::MIN), 0x00);
        assert_eq!(Law::A.encode(0), 0xd5);
        assert_eq!(Law::A.encode(i16::MAX), 0xaa);
        assert_eq!(Law::A.encode(i16::MIN), 0x2a);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::A.decode(0xaa), 32_256);
    }

    #[test]
    fn the_error_stays_below_a_step_of_the_segment() {
        for law in [Law::Mu, Law::A] {
            for sample in (i16::MIN..=i16::MAX).step_by(7) {
                let back = i32::from(law.decode(law.encode(sample)));
                let error = (back - i32::from(sample)).abs();
                let bound = (i32::from(sample).abs() / 16).max(24) + 640 / 16;
                assert!(error <= bound, "{law:?} {sample} came back as {back}");
            }
        }
    }

    #[test]
    fn transcoding_keeps_the_sound() {
        let mut octets: Vec<u8> = (0..=255).collect();
        transcode(Law::Mu, Law::A, &mut octets);
        for (mu, a) in (0..=255u8).zip(&octets) {
            let (before, after) = (Law::Mu.decode(mu), Law::A.decode(*a));
            let error = (i32::from(before) - i32::from(after)).abs();
            assert!(error <= i32::from(before).abs() / 16 + 16);
        }
    }
}
