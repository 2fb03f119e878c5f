//! Prompts: found by name and language, encoded once, shared by all calls. Never played here.

use crate::g711::Law;
use crate::settings::BuiltIn;
use crate::tone::{self, RATE};
use center::city::Language;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// A sound in one law, ready to be cut into packets.
pub(crate) type Sound = Arc<[u8]>;

/// Longest prompt; five minutes of speech is a mistake.
const SAMPLES_MAX: usize = 300 * RATE;

struct Shelved {
    /// When the dropped-in file was changed, none for built-in sounds.
    changed: Option<SystemTime>,
    mu: Sound,
    a: Sound,
}

impl Shelved {
    fn new(samples: &[i16], changed: Option<SystemTime>) -> Shelved {
        Shelved {
            changed,
            mu: encode(samples, Law::Mu),
            a: encode(samples, Law::A),
        }
    }

    fn in_law(&self, law: Law) -> Sound {
        match law {
            Law::Mu => self.mu.clone(),
            Law::A => self.a.clone(),
        }
    }
}

fn encode(samples: &[i16], law: Law) -> Sound {
    samples.iter().map(|sample| law.encode(*sample)).collect()
}

/// Every sound that was asked for so far.
pub(crate) struct Prompts {
    folder: Option<PathBuf>,
    built_in: BuiltIn,
    shelf: HashMap<(String, Language), Shelved>,
    music: Shelved,
}

impl Prompts {
    pub(crate) fn new(folder: Option<PathBuf>, built_in: BuiltIn) -> Prompts {
        Prompts {
            folder,
            built_in,
            shelf: HashMap::new(),
            music: Shelved::new(&tone::music(), None),
        }
    }

    /// Music on hold.
    pub(crate) fn music(&self, law: Law) -> Sound {
        self.music.in_law(law)
    }

    /// A prompt: the city's own file, else the built-in one, else a tone.
    pub(crate) fn find(&mut self, name: &str, language: Language, law: Law) -> Sound {
        let key = (name.to_owned(), language);
        let dropped = self.dropped_in(name, language);
        let changed = dropped.as_ref().map(|(_, changed)| *changed);
        if let Some(known) = self.shelf.get(&key)
            && known.changed == changed
        {
            return known.in_law(law);
        }
        let samples = dropped.and_then(|(path, _)| {
            let read = std::fs::read(&path).ok().and_then(|bytes| wav(&bytes));
            if read.is_none() {
                tracing::warn!(prompt = name, %language, "a dropped-in prompt cannot be read");
            }
            read
        });
        let built_in = || (self.built_in)(name, language).and_then(wav);
        let samples = samples.or_else(built_in).unwrap_or_else(tone::placeholder);
        let shelved = Shelved::new(&samples, changed);
        let sound = shelved.in_law(law);
        self.shelf.insert(key, shelved);
        sound
    }

    fn dropped_in(&self, name: &str, language: Language) -> Option<(PathBuf, SystemTime)> {
        // A name is a word of the menu; anything else could lead out of the folder.
        let word = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if name.is_empty() || !name.chars().all(word) {
            return None;
        }
        let folder = self.folder.as_ref()?;
        let path = folder.join(language.code()).join(format!("{name}.wav"));
        let changed = std::fs::metadata(&path).ok()?.modified().ok()?;
        Some((path, changed))
    }
}

/// Reads a mono WAV of PCM16, mu-law or A-law at 8, 16, 24, 32 or 48 kHz as samples at 8 kHz.
pub(crate) fn wav(bytes: &[u8]) -> Option<Vec<i16>> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut rest = bytes.get(12..)?;
    let mut format = None;
    while let Some(head) = rest.first_chunk::<8>() {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &rest[8..];
        let body = &body[..size.min(body.len())];
        match &head[..4] {
            b"fmt " => {
                let fields = body.first_chunk::<16>()?;
                let short = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
                let rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
                if short(2) != 1 {
                    return None;
                }
                format = Some((short(0), rate as usize, short(14)));
            }
            b"data" => return samples(format?, body),
            _ => {}
        }
        rest = rest.get(8 + size + size % 2..)?;
    }
    None
}

fn samples((kind, rate, bits): (u16, usize, u16), body: &[u8]) -> Option<Vec<i16>> {
    let linear: Vec<i16> = match (kind, bits) {
        (1, 16) => body
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect(),
        (7, 8) => body.iter().map(|octet| Law::Mu.decode(*octet)).collect(),
        (6, 8) => body.iter().map(|octet| Law::A.decode(*octet)).collect(),
        _ => return None,
    };
    if rate == 0 || rate % RATE != 0 || rate > 6 * RATE {
        return None;
    }
    // The mean of each group is a crude low-pass, enough for speech that was cut for the telephone.
    let step = rate / RATE;
    let mean = |group: &[i16]| {
        let sum: i32 = group.iter().map(|sample| i32::from(*sample)).sum();
        (sum / group.len() as i32) as i16
    };
    let mut slow: Vec<i16> = linear.chunks_exact(step).map(mean).collect();
    slow.truncate(SAMPLES_MAX);
    (!slow.is_empty()).then_some(slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rate: u32, samples: &[i16]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * 2).to_le_bytes());
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend((samples.len() as u32 * 2).to_le_bytes());
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    #[test]
    fn wav_files_come_down_to_eight_kilohertz() {
        assert_eq!(wav(&file(8_000, &[1, -2, 3])).unwrap(), [1, -2, 3]);
        assert_eq!(wav(&file(16_000, &[2, 4, 6, 8])).unwrap(), [3, 7]);
        assert!(wav(&file(44_100, &[1; 100])).is_none());
        assert!(wav(&file(8_000, &[])).is_none());
        let good = file(48_000, &[5; 60]);
        for cut in 0..good.len() - 20 {
            let _ = wav(&good[..cut]);
        }
    }

    #[test]
    fn a_dropped_in_file_goes_before_the_built_in_one() {
        let folder = std::env::temp_dir().join(format!("dasan-prompts-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("ko")).unwrap();
        let built_in: &'static [u8] = Vec::leak(file(8_000, &[1_000; 160]));
        let answer: BuiltIn = Arc::new(move |name, _| (name == "welcome").then_some(built_in));
        let mut prompts = Prompts::new(Some(folder.clone()), answer);
        let ko = Language::Ko;
        let shipped = prompts.find("welcome", ko, Law::Mu);
        assert_eq!(shipped.len(), 160);
        std::fs::write(folder.join("ko/welcome.wav"), file(8_000, &[9; 320])).unwrap();
        assert_eq!(prompts.find("welcome", ko, Law::A).len(), 320);
        let tone = prompts.find("../../etc/passwd", ko, Law::Mu);
        assert_eq!(tone.len(), RATE / 2, "a tone where there is no sound");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
