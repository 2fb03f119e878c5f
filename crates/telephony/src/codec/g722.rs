//! G.722 at 64 kbit/s, by ITU-T G.722: pairs of samples at 16 kHz to octets and back. Never
//! packets, never timing.

use std::sync::LazyLock;

/// The quadrature mirror filter that parts the bands (table 11), one half; the other is its mirror.
const MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the low band's 60 steps (table 14).
const LEVELS: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940,
    1_023, 1_121, 1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];
/// What six bits of the low band mean, in shares of the step.
const SIX_BITS: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008,
    -3_576, -3_168, -2_776, -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008,
    16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000,
    5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432,
    136, -432, -136,
];
/// What the upper four of them mean: both sides predict from these.
const FOUR_BITS: [i32; 16] = [
    0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288,
    4_240, 2_584, 1_200, 0,
];
/// What two bits of the high band mean.
const TWO_BITS: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];
/// How the logarithm of the step moves, by the size of what was coded.
const LOW_MOVES: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1_198, 3_042];
const HIGH_MOVES: [i32; 2] = [798, -214];
/// The fractional part of an inverse logarithm.
const POWERS: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656,
    2_714, 2_774, 2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520,
    3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];

/// 20 ms of silence as the encoder says it once it has come to rest.
pub(crate) static SILENCE: LazyLock<[u8; 160]> = LazyLock::new(|| {
    let mut octets = Vec::new();
    Encoder::new().encode(&[0; 1_280], &mut octets);
    *octets.last_chunk().expect("640 octets were written")
});

/// Sixteen bits, without wrap.
fn bounded(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

/// The adaptive step and predictor of one band, the same on both sides of a line.
#[derive(Clone, Default)]
struct Band {
    /// Step, and its logarithm.
    step: i32,
    log: i32,
    /// Prediction, and its part from the zeros.
    predicted: i32,
    from_zeros: i32,
    /// Newest first: reconstructed values, partly reconstructed values, coded differences.
    reconstructed: [i32; 2],
    partial: [i32; 2],
    differences: [i32; 6],
    poles: [i32; 2],
    zeros: [i32; 6],
}

impl Band {
    fn new(step: i32) -> Band {
        Band {
            step,
            ..Band::default()
        }
    }

    /// Moves the step; `base` is the exponent at which the logarithm is 0, `most` its bound.
    fn scale(&mut self, moved: i32, base: i32, most: i32) {
        self.log = (((self.log * 127) >> 7) + moved).clamp(0, most);
        let power = POWERS[((self.log >> 6) & 31) as usize];
        let down = base - (self.log >> 11);
        let step = if down < 0 {
            power << -down
        } else {
            power >> down
        };
        self.step = step << 2;
    }

    /// Takes the coded difference and predicts the next value.
    fn adapt(&mut self, difference: i32) {
        let reconstructed = bounded(self.predicted + difference);
        let partial = bounded(self.from_zeros + difference);
        let like = |before: i32| (partial < 0) == (before < 0);
        let [first, second] = self.poles;
        // Second pole, then the first within the bound that keeps the filter stable.
        let lean = bounded(first << 2);
        let lean = if like(self.partial[0]) { -lean } else { lean };
        let turn = if like(self.partial[1]) { 128 } else { -128 };
        let new_second = (lean.min(32_767) >> 7) + turn + ((second * 32_512) >> 15);
        let new_second = new_second.clamp(-12_288, 12_288);
        let turn = if like(self.partial[0]) { 192 } else { -192 };
        let most = bounded(15_360 - new_second);
        let new_first = bounded(turn + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [new_first, new_second];
        let turn = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(self.differences) {
            let same = (before < 0) == (difference < 0);
            *zero = bounded(((*zero * 32_640) >> 15) + if same { turn } else { -turn });
        }
        self.differences.rotate_right(1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        let filtered = |weight: i32, value: i32| (weight * bounded(value + value)) >> 15;
        let from_poles = filtered(new_first, self.reconstructed[0])
            + filtered(new_second, self.reconstructed[1]);
        let from_zeros = self.zeros.iter().zip(self.differences);
        let from_zeros: i32 = from_zeros.map(|(zero, value)| filtered(*zero, value)).sum();
        self.from_zeros = bounded(from_zeros);
        self.predicted = bounded(bounded(from_poles) + self.from_zeros);
    }

    /// Adapts the low band to its six bits.
    fn low(&mut self, bits: u8) {
        let four = usize::from(bits >> 2);
        let difference = (self.step * FOUR_BITS[four]) >> 15;
        // 15 and 0 are the smallest of either sign.
        let size = match four {
            0 | 15 => 0,
            1..=7 => 8 - four,
            _ => 15 - four,
        };
        self.scale(LOW_MOVES[size], 8, 18_432);
        self.adapt(difference);
    }

    /// Adapts the high band to its two bits; the difference that they mean.
    fn high(&mut self, bits: u8) {
        let difference = (self.step * TWO_BITS[usize::from(bits)]) >> 15;
        self.scale(HIGH_MOVES[usize::from(bits & 1)], 10, 22_528);
        self.adapt(difference);
    }
}

/// Both bands of one direction and the last samples at the mirror.
#[derive(Clone)]
struct State {
    low: Band,
    high: Band,
    past: [i32; 24],
}

impl State {
    fn new() -> State {
        State {
            low: Band::new(32),
            high: Band::new(8),
            past: [0; 24],
        }
    }

    /// Passes two values through the mirror; what comes out of its even and its odd half.
    fn mirror(&mut self, pair: [i32; 2]) -> [i32; 2] {
        self.past.copy_within(2.., 0);
        self.past[22..].copy_from_slice(&pair);
        let (mut even, mut odd) = (0, 0);
        for (values, at) in self.past.chunks_exact(2).zip(0..) {
            even += values[0] * MIRROR[at];
            odd += values[1] * MIRROR[11 - at];
        }
        [even, odd]
    }
}

/// Samples to octets.
#[derive(Clone)]
pub(crate) struct Encoder(State);

impl Encoder {
    pub(crate) fn new() -> Encoder {
        Encoder(State::new())
    }

    /// Appends one octet for every two samples at 16 kHz; an odd last one is left out.
    pub(crate) fn encode(&mut self, samples: &[i16], octets: &mut Vec<u8>) {
        let pairs = samples.chunks_exact(2);
        octets.extend(pairs.map(|pair| self.octet([pair[0], pair[1]])));
    }

    fn octet(&mut self, pair: [i16; 2]) -> u8 {
        let State { low, high, .. } = &self.0;
        let (low_step, low_predicted) = (low.step, low.predicted);
        let (high_step, high_predicted) = (high.step, high.predicted);
        let [even, odd] = self.0.mirror(pair.map(i32::from));
        let (low, high) = ((even + odd) >> 14, (odd - even) >> 14);
        let low = low_bits(bounded(low - low_predicted), low_step);
        let high = high_bits(bounded(high - high_predicted), high_step);
        self.0.low.low(low);
        self.0.high.high(high);
        high << 6 | low
    }
}

/// The code of a difference in the low band: the greatest have the smallest numbers, the smallest
/// negative ones the last two.
fn low_bits(difference: i32, step: i32) -> u8 {
    let size = if difference < 0 {
        -(difference + 1)
    } else {
        difference
    };
    let above = LEVELS[1..].iter();
    let place = 1 + above
        .take_while(|level| size >= (**level * step) >> 12)
        .count() as u8;
    match (difference < 0, place) {
        (true, 1) => 63,
        (true, 2) => 62,
        (true, place) => 34 - place,
        (false, place) => 62 - place,
    }
}

fn high_bits(difference: i32, step: i32) -> u8 {
    let size = if difference < 0 {
        -(difference + 1)
    } else {
        difference
    };
    let great = size >= (564 * step) >> 12;
    match (difference < 0, great) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Octets to samples.
#[derive(Clone)]
pub(crate) struct Decoder(State);

impl Decoder {
    pub(crate) fn new() -> Decoder {
        Decoder(State::new())
    }

    /// Appends two samples at 16 kHz for every octet.
    pub(crate) fn decode(&mut self, octets: &[u8], samples: &mut Vec<i16>) {
        for octet in octets {
            samples.extend(self.pair(*octet));
        }
    }

    fn pair(&mut self, octet: u8) -> [i16; 2] {
        let (low_bits, high_bits) = (octet & 0x3f, octet >> 6);
        let State { low, high, .. } = &mut self.0;
        let fine = (low.step * SIX_BITS[usize::from(low_bits)]) >> 15;
        let low_value = (low.predicted + fine).clamp(-16_384, 16_383);
        let coarse = (high.step * TWO_BITS[usize::from(high_bits)]) >> 15;
        let high_value = (high.predicted + coarse).clamp(-16_384, 16_383);
        low.low(low_bits);
        high.high(high_bits);
        let [even, odd] = self
            .0
            .mirror([low_value + high_value, low_value - high_value]);
        [odd, even].map(|sum| bounded(sum >> 11) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hz: f64, loud: f64, count: usize) -> Vec<i16> {
        let wave = |at: usize| (TAU * hz * at as f64 / 16_000.0).sin() * loud;
        (0..count).map(|at| wave(at) as i16).collect()
    }

    fn round(samples: &[i16]) -> (Vec<u8>, Vec<i16>) {
        let (mut octets, mut back) = (Vec::new(), Vec::new());
        Encoder::new().encode(samples, &mut octets);
        Decoder::new().decode(&octets, &mut back);
        (octets, back)
    }

    /// How much stronger the signal is than what the round trip added, in decibels, at the delay of
    /// the two mirrors.
    fn clean_db(hz: f64, loud: f64) -> f64 {
        let samples = tone(hz, loud, 8_000);
        let (_, back) = round(&samples);
        let (mut signal, mut noise) = (0.0, 0.0);
        for at in 2_000..7_000 {
            let (want, got) = (f64::from(samples[at]), f64::from(back[at + 22]));
            signal += want * want;
            noise += (want - got) * (want - got);
        }
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_of_both_bands_survive_a_round_trip() {
        for hz in [300.0, 1_000.0, 2_500.0, 3_400.0] {
            let clean = clean_db(hz, 8_000.0);
            assert!(clean > 25.0, "{hz} Hz came back with {clean} dB");
        }
        // Two bits carry the high band.
        for hz in [5_000.0, 5_500.0, 6_500.0] {
            let clean = clean_db(hz, 8_000.0);
            assert!(clean > 12.0, "{hz} Hz came back with {clean} dB");
        }
    }

    #[test]
    fn a_pair_is_an_octet_and_an_octet_is_a_pair() {
        let (octets, back) = round(&tone(440.0, 4_000.0, 641));
        assert_eq!((octets.len(), back.len()), (320, 640));
    }

    #[test]
    fn silence_begins_as_the_recommendation_says_and_stays_silent() {
        let (octets, back) = round(&[0; 1_600]);
        // 11 is the smallest difference of the high band; the first steps of the low band are so
        // fine that their levels round to nothing, and the fourth is the first that does not.
        assert_eq!(octets[0], 0xfa);
        assert!(back.iter().all(|sample| sample.abs() < 8));
        let mut steady = Vec::new();
        Decoder::new().decode(&SILENCE.repeat(100), &mut steady);
        let most = steady.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(most < Some(40), "{most:?}");
    }

    #[test]
    fn the_loudest_and_the_strangest_do_not_wrap() {
        let square: Vec<i16> = (0..4_000)
            .map(|at| if at / 40 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let (_, back) = round(&square);
        let far = |at: &usize| i32::from(back[at + 22]).signum() != i32::from(square[*at]).signum();
        // Ringing at the edges is the filter's; in the middle of a plateau the sign holds.
        let wrapped = (1_000..3_900).filter(|at| (10..30).contains(&(at % 40)));
        assert_eq!(wrapped.filter(far).count(), 0);
        let mut back = Vec::new();
        let noise: Vec<u8> = (0..20_000u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        Decoder::new().decode(&noise, &mut back);
        assert_eq!(back.len(), 40_000);
    }
}
