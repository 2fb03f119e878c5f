//! Seeded randomness and the fingerprint of a journal. Never the machine's own randomness.

use center::event::Event;
use center::time::Time;

/// A xoshiro256** generator; equal seeds give equal numbers on every machine.
#[derive(Clone, Debug)]
pub struct Chance {
    state: [u64; 4],
}

impl Chance {
    /// Starts from a seed, spread over the state by splitmix64.
    pub fn new(seed: u64) -> Chance {
        let mut spread = seed;
        let mut next = || {
            spread = spread.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = spread;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Chance {
            state: [next(), next(), next(), next()],
        }
    }

    /// An independent generator for a named part, so that drawing more in one part leaves the
    /// others as they were.
    pub fn part(seed: u64, name: &str) -> Chance {
        Chance::new(seed ^ fnv(name.as_bytes()))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let result = self.state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = self.state[1] << 17;
        self.state[2] ^= self.state[0];
        self.state[3] ^= self.state[1];
        self.state[1] ^= self.state[2];
        self.state[0] ^= self.state[3];
        self.state[2] ^= shifted;
        self.state[3] = self.state[3].rotate_left(45);
        result
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something with this chance happens.
    pub fn happens(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A whole number in `from..to`; `from` when that is empty.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        if to <= from {
            return from;
        }
        from + (self.unit() * (to - from) as f64) as i64
    }

    /// An index drawn by weight.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Lognormal with this mean and coefficient of variation:
    /// σ² = ln(1 + cv²), μ = ln mean − σ²/2.
    pub fn lognormal(&mut self, mean: f64, cv: f64) -> f64 {
        let variance = (1.0 + cv * cv).ln();
        (mean.ln() - variance / 2.0 + variance.sqrt() * self.normal()).exp()
    }

    /// Gamma with mean 1 and this coefficient of variation, at most 1 (Marsaglia and Tsang).
    pub fn gamma_noise(&mut self, cv: f64) -> f64 {
        if cv <= 0.0 {
            return 1.0;
        }
        let shape = (1.0 / (cv * cv)).max(1.0);
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }
}

/// FNV-1a, 64 bits: a stable name for bytes; not for secrets.
pub fn fnv(bytes: &[u8]) -> u64 {
    let mut fingerprint = Fingerprint::default();
    fingerprint.bytes(bytes);
    fingerprint.0
}

/// FNV-1a over the serialized events of a run: equal for equal journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }

    /// Takes in an event as it would be stored.
    pub fn entry(&mut self, at: Time, event: &Event) {
        self.bytes(&at.0.to_le_bytes());
        let written = serde_json::to_writer(self, event);
        debug_assert!(
            written.is_ok(),
            "events have string keys; hashing never fails"
        );
    }
}

impl std::io::Write for &mut Fingerprint {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.bytes(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mut draw: impl FnMut(&mut Chance) -> f64) -> (f64, f64) {
        let mut chance = Chance::new(7);
        let drawn: Vec<f64> = (0..200_000).map(|_| draw(&mut chance)).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        (mean, variance.sqrt() / mean)
    }

    #[test]
    fn distributions_have_their_mean_and_variation() {
        for ((mean, cv), (wanted_mean, wanted_cv)) in [
            (moments(|c| c.exponential(400.0)), (400.0, 1.0)),
            (moments(|c| c.lognormal(150.0, 0.8)), (150.0, 0.8)),
            (moments(|c| c.gamma_noise(0.15)), (1.0, 0.15)),
        ] {
            assert!((mean / wanted_mean - 1.0).abs() < 0.01, "{mean}");
            assert!((cv / wanted_cv - 1.0).abs() < 0.03, "{cv}");
        }
    }

    #[test]
    fn equal_seeds_give_equal_numbers_and_parts_differ() {
        let draw = |mut chance: Chance| (0..4).map(|_| chance.bits()).collect::<Vec<_>>();
        assert_eq!(draw(Chance::new(1)), draw(Chance::new(1)));
        assert_ne!(draw(Chance::new(1)), draw(Chance::new(2)));
        assert_ne!(
            draw(Chance::part(1, "arrivals")),
            draw(Chance::part(1, "talk"))
        );
    }

    #[test]
    fn picks_follow_their_weights() {
        let mut chance = Chance::new(3);
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            counts[chance.pick(&[1.0, 0.0, 2.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((f64::from(counts[2]) / 30_000.0 - 2.0 / 3.0).abs() < 0.01);
    }
}
