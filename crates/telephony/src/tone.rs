//! Sounds that need no file: silence, a tone in place of a missing prompt, music on hold. Never a
//! voice.

use std::f64::consts::TAU;

/// Samples per second everywhere in this room.
pub(crate) const RATE: usize = 8_000;

/// A soft tone of half a second: what a citizen hears where a prompt has no sound yet.
pub(crate) fn placeholder() -> Vec<i16> {
    let count = RATE / 2;
    let swell = |at: usize| (at.min(count - at) as f64 / 400.0).min(1.0);
    let sample = |at: usize| wave(440.0, at) * swell(at) * 6_000.0;
    (0..count).map(|at| sample(at) as i16).collect()
}

fn wave(pitch_hz: f64, at: usize) -> f64 {
    (TAU * pitch_hz * at as f64 / RATE as f64).sin()
}

/// Music on hold: sixteen slow chords of plucked partials, a loop of about half a minute that is
/// made here and belongs to nobody else.
pub(crate) fn music() -> Vec<i16> {
    // Scale degrees over C: I vi IV V and a variation, in just ratios so that partials do not beat.
    const CHORDS: [[f64; 3]; 8] = [
        [1.0, 1.25, 1.5],
        [0.833_333, 1.0, 1.25],
        [0.666_667, 0.833_333, 1.0],
        [0.75, 0.9375, 1.125],
        [1.0, 1.25, 1.5],
        [0.833_333, 1.25, 1.666_667],
        [0.666_667, 1.0, 1.333_333],
        [0.75, 1.125, 1.5],
    ];
    let bar = RATE * 4;
    let mut mix = vec![0.0f64; bar * CHORDS.len()];
    for (number, chord) in CHORDS.iter().enumerate() {
        let start = number * bar;
        pluck(&mut mix, start, 130.8 * chord[0], 0.55);
        for step in 0..8 {
            let order = [0, 1, 2, 1, 2, 0, 1, 2][step];
            let octave = if step % 4 == 3 { 2.0 } else { 1.0 };
            let pitch_hz = 261.6 * chord[order] * octave;
            pluck(&mut mix, start + step * bar / 8, pitch_hz, 0.32);
        }
    }
    mix.iter().map(|sample| (sample * 6_500.0) as i16).collect()
}

/// One note that swells within 20 ms and dies away; what lasts beyond the end begins the loop, so
/// the seam cannot be heard.
fn pluck(mix: &mut [f64], start: usize, pitch_hz: f64, strength: f64) {
    let length = RATE * 5 / 2;
    let total = mix.len();
    for at in 0..length {
        let seconds = at as f64 / RATE as f64;
        let attack = (at as f64 / 160.0).min(1.0);
        let release = ((length - at) as f64 / 400.0).min(1.0);
        let fade = attack * release * (-2.2 * seconds).exp();
        let tone = wave(pitch_hz, at) + 0.35 * wave(2.0 * pitch_hz, at);
        mix[(start + at) % total] += tone * fade * strength;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_music_is_soft_never_silent_for_long_and_has_no_seam() {
        let music = music();
        assert_eq!(music.len() % (RATE / 50), 0, "whole packets");
        let peak = music.iter().map(|sample| sample.unsigned_abs()).max();
        assert!((2_000..20_000).contains(&peak.unwrap()), "{peak:?}");
        for second in music.chunks(RATE) {
            let energy: i64 = second.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
            assert!(energy / RATE as i64 > 10_000);
        }
        let seam = i32::from(music[0]) - i32::from(*music.last().unwrap());
        assert!(seam.abs() < 1_500, "{seam}");
    }
}
