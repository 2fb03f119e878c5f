//! Prompts: found by name and language, encoded once, shared by all calls. Never played here.

use crate::codec::g711::Law;
use crate::codec::voice::{Encoder, Rate, widened};
use crate::codec::{Codec, PCMA, PCMU};
use crate::leg::lock;
use crate::settings::BuiltIn;
use crate::tone::{self, RATE};
use center::city::Language;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// A sound in one codec, ready to be cut into packets.
#[derive(Clone)]
pub(crate) enum Sound {
    /// An octet for each step of 8 kHz: G.711 and G.722.
    Octets(Codec, Arc<[u8]>),
    /// Packets of 20 ms of Opus.
    Packets(Arc<Packets>),
}

/// Packets that are written by a thread while the first of them are played already: to write takes
/// a seventieth of the time that they last, too much for whoever decides what is played.
#[derive(Default)]
pub(crate) struct Packets {
    written: Mutex<Vec<Box<[u8]>>>,
    whole: AtomicBool,
}

/// A packet at a place in a sound.
pub(crate) enum Found {
    Packet(Box<[u8]>),
    /// It is still being written.
    Soon,
    /// The sound ends before it.
    End,
}

impl Packets {
    pub(crate) fn at(&self, place: usize) -> Found {
        // Asked first: what is whole now is not longer a moment later.
        let whole = self.whole.load(Ordering::Acquire);
        match lock(&self.written).get(place) {
            Some(packet) => Found::Packet(packet.clone()),
            None if whole => Found::End,
            None => Found::Soon,
        }
    }

    fn write(&self, wide: &[i16]) {
        let mut encoder = Encoder::new(Codec::Opus);
        for part in wide.chunks(FRAME) {
            let mut frame = [0; FRAME];
            frame[..part.len()].copy_from_slice(part);
            let mut packet = Vec::new();
            encoder.encode(&frame, &mut packet);
            lock(&self.written).push(packet.into());
        }
        self.whole.store(true, Ordering::Release);
    }
}

impl Sound {
    /// Samples at 8 kHz, in a codec.
    pub(crate) fn new(samples: &[i16], codec: Codec) -> Sound {
        match codec {
            Codec::G711(law) => {
                let octets = samples.iter().map(|sample| law.encode(*sample));
                Sound::Octets(codec, octets.collect())
            }
            Codec::G722 => {
                let mut octets = Vec::with_capacity(samples.len());
                Encoder::new(codec).encode(&widened(samples), &mut octets);
                Sound::Octets(codec, octets.into())
            }
            Codec::Opus => {
                let packets = Arc::<Packets>::default();
                let (writer, wide) = (packets.clone(), widened(samples));
                let thread = std::thread::Builder::new().name("prompts".to_owned());
                if let Err(error) = thread.spawn(move || writer.write(&wide)) {
                    tracing::error!(%error, "a prompt cannot be written in Opus");
                    packets.whole.store(true, Ordering::Release);
                }
                Sound::Packets(packets)
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Sound::Octets(_, octets) => octets.is_empty(),
            Sound::Packets(packets) => matches!(packets.at(0), Found::End),
        }
    }
}

/// Samples of a packet of Opus.
const FRAME: usize = Rate::Wide.per_ms() * 20;
/// Longest prompt; five minutes of speech is a mistake.
const SAMPLES_MAX: usize = 300 * RATE;

/// One sound in every codec that was asked for so far.
pub(crate) struct Shelved {
    /// When the dropped-in file was changed, none for built-in sounds.
    changed: Option<SystemTime>,
    forms: Vec<(Codec, Sound)>,
}

impl Shelved {
    fn in_codec(&self, codec: Codec) -> Option<Sound> {
        let form = self.forms.iter().find(|(of, _)| *of == codec);
        form.map(|(_, sound)| sound.clone())
    }
}

/// Music on hold, written in every codec at the start.
pub(crate) struct Music(Shelved);

impl Music {
    pub(crate) fn new() -> Music {
        Music::of(&tone::music())
    }

    pub(crate) fn of(samples: &[i16]) -> Music {
        let form = |codec| (codec, Sound::new(samples, codec));
        Music(Shelved {
            changed: None,
            forms: Codec::ALL.map(form).into(),
        })
    }

    pub(crate) fn in_codec(&self, codec: Codec) -> &Sound {
        let form = self.0.forms.iter().find(|(of, _)| *of == codec);
        &form.expect("music is written in every codec").1
    }
}

/// Every sound that was asked for so far.
pub(crate) struct Prompts {
    folder: Option<PathBuf>,
    built_in: BuiltIn,
    shelf: HashMap<(String, Language), Shelved>,
}

impl Prompts {
    pub(crate) fn new(folder: Option<PathBuf>, built_in: BuiltIn) -> Prompts {
        Prompts {
            folder,
            built_in,
            shelf: HashMap::new(),
        }
    }

    /// A prompt: the city's own file, else the built-in one, else a tone.
    pub(crate) fn find(&mut self, name: &str, language: Language, codec: Codec) -> Sound {
        let key = (name.to_owned(), language);
        let dropped = self.dropped_in(name, language);
        let changed = dropped.as_ref().map(|(_, changed)| *changed);
        let known = self.shelf.get(&key);
        let known = known.filter(|known| known.changed == changed);
        if let Some(sound) = known.and_then(|known| known.in_codec(codec)) {
            return sound;
        }
        let samples = self.read(name, language, dropped.map(|(path, _)| path));
        // Both laws cost nothing; what is wide is written when the first such line comes.
        let mut wanted = vec![PCMU, PCMA, codec];
        wanted.dedup();
        wanted.retain(|codec| known.is_none_or(|known| known.in_codec(*codec).is_none()));
        let forms = wanted
            .into_iter()
            .map(|codec| (codec, Sound::new(&samples, codec)));
        let forms: Vec<_> = forms.collect();
        let fresh = || Shelved {
            changed,
            forms: Vec::new(),
        };
        let shelved = self.shelf.entry(key).or_insert_with(fresh);
        if shelved.changed != changed {
            *shelved = fresh();
        }
        shelved.forms.extend(forms);
        let found = shelved.in_codec(codec);
        found.expect("this form was written just now")
    }

    fn read(&self, name: &str, language: Language, dropped: Option<PathBuf>) -> Vec<i16> {
        let samples = dropped.and_then(|path| {
            let read = std::fs::read(&path).ok().and_then(|bytes| wav(&bytes));
            if read.is_none() {
                tracing::warn!(prompt = name, %language, "a dropped-in prompt cannot be read");
            }
            read
        });
        let built_in = || (self.built_in)(name, language).and_then(wav);
        samples.or_else(built_in).unwrap_or_else(tone::placeholder)
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
        let length = |sound: &Sound| match sound {
            Sound::Octets(_, octets) => octets.len(),
            Sound::Packets(packets) => loop {
                match packets.at(usize::MAX) {
                    Found::End => break lock(&packets.written).len(),
                    _ => std::thread::yield_now(),
                }
            },
        };
        let shipped = prompts.find("welcome", ko, PCMU);
        assert_eq!(length(&shipped), 160);
        std::fs::write(folder.join("ko/welcome.wav"), file(8_000, &[9; 330])).unwrap();
        for codec in [PCMA, Codec::G722] {
            assert_eq!(
                length(&prompts.find("welcome", ko, codec)),
                330,
                "{codec:?}"
            );
        }
        let packets = prompts.find("welcome", ko, Codec::Opus);
        assert_eq!(length(&packets), 3, "two whole ones and a rest");
        let tone = prompts.find("../../etc/passwd", ko, PCMU);
        assert_eq!(length(&tone), RATE / 2, "a tone where there is no sound");
        let again = prompts.find("welcome", ko, Codec::Opus);
        let (Sound::Packets(first), Sound::Packets(second)) = (packets, again) else {
            panic!("Opus comes in packets");
        };
        assert!(Arc::ptr_eq(&first, &second), "written once");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
