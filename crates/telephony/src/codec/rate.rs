//! From 8 to 16 kHz and back, by one half-band filter. Never a codec.

use std::sync::LazyLock;

/// Taps on either side of the middle one; every second one of a half-band filter is nothing.
const REACH: usize = 15;
/// Values that the filter looks at.
const SPAN: usize = 2 * REACH + 1;

/// The odd taps of one half, from the middle outwards: a sine that fades under a Blackman window,
/// scaled so that a steady value stays what it is.
static TAPS: LazyLock<[f32; REACH.div_ceil(2)]> = LazyLock::new(|| {
    use std::f64::consts::PI;
    let tap = |index: usize| {
        let away = (2 * index + 1) as f64;
        let place = PI * away / (REACH + 1) as f64;
        let window = 0.42 + 0.5 * place.cos() + 0.08 * (2.0 * place).cos();
        (PI * away / 2.0).sin() / (PI * away) * window
    };
    let raw: [f64; REACH.div_ceil(2)] = std::array::from_fn(tap);
    let sum: f64 = raw.iter().sum();
    raw.map(|tap| (tap * 0.25 / sum) as f32)
});

/// Both halves of the filter around the middle of its span.
fn odd(span: &[f32; SPAN]) -> f32 {
    let pairs = TAPS.iter().zip(0..);
    let value = |(tap, index): (&f32, usize)| {
        let away = 2 * index + 1;
        tap * (span[REACH - away] + span[REACH + away])
    };
    pairs.map(value).sum()
}

fn rounded(value: f32) -> i16 {
    // A cast from a float stops at the ends of the sixteen bits.
    value.round() as i16
}

/// Twice as many samples.
#[derive(Clone)]
pub(crate) struct Up([f32; SPAN]);

impl Up {
    pub(crate) fn new() -> Up {
        Up([0.0; SPAN])
    }

    pub(crate) fn pass(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for sample in samples {
            for value in [f32::from(*sample), 0.0] {
                self.0.copy_within(1.., 0);
                self.0[SPAN - 1] = value;
                // Between two zeros lies a sample, between two samples what is to be found.
                let found = 0.5 * self.0[REACH] + odd(&self.0);
                out.push(rounded(2.0 * found));
            }
        }
    }
}

/// Half as many samples, without what the lower rate cannot hold.
#[derive(Clone)]
pub(crate) struct Down {
    span: [f32; SPAN],
    odd: bool,
}

impl Down {
    pub(crate) fn new() -> Down {
        Down {
            span: [0.0; SPAN],
            odd: false,
        }
    }

    pub(crate) fn pass(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for sample in samples {
            self.span.copy_within(1.., 0);
            self.span[SPAN - 1] = f32::from(*sample);
            self.odd = !self.odd;
            if !self.odd {
                out.push(rounded(0.5 * self.span[REACH] + odd(&self.span)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hz: f64, rate: f64) -> Vec<i16> {
        let wave = |at: usize| (TAU * hz * at as f64 / rate).sin() * 10_000.0;
        (0..rate as usize).map(|at| wave(at) as i16).collect()
    }

    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[200..samples.len() - 200];
        let sum: f64 = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (sum / middle.len() as f64).sqrt()
    }

    #[test]
    fn speech_passes_both_ways_and_comes_back_as_it_was() {
        for hz in [200.0, 1_000.0, 3_000.0] {
            let (mut wide, mut back) = (Vec::new(), Vec::new());
            Up::new().pass(&tone(hz, 8_000.0), &mut wide);
            Down::new().pass(&wide, &mut back);
            assert_eq!((wide.len(), back.len()), (16_000, 8_000));
            for samples in [&wide, &back] {
                let level = level(samples) / 7_071.0;
                assert!((0.93..1.05).contains(&level), "{hz} Hz: {level}");
            }
        }
    }

    #[test]
    fn what_eight_kilohertz_cannot_hold_does_not_come_back_as_something_else() {
        for hz in [5_500.0, 7_000.0] {
            let mut narrow = Vec::new();
            Down::new().pass(&tone(hz, 16_000.0), &mut narrow);
            assert!(level(&narrow) < 150.0, "{hz} Hz: {}", level(&narrow));
        }
    }
}
