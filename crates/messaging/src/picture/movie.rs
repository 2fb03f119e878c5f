//! Films of telephones (ISO 14496-12): everything that is not picture or sound is blanked in place,
//! so that the film plays as before. Never decodes a frame.

use crate::picture::location::{self, Location};

/// Boxes within each other at most.
const DEPTH_MAX: usize = 12;

/// Boxes at most.
const BOXES_MAX: usize = 20_000;

/// A film without words about it.
pub(crate) struct Cleaned {
    /// The film; none when one of its tracks is data, which may be the way somebody went.
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) location: Option<Location>,
}

/// Cleans a film; `None` when its boxes do not fit into each other.
pub(crate) fn clean(bytes: &[u8]) -> Option<Cleaned> {
    let mut cleaner = Cleaner {
        bytes: bytes.to_vec(),
        boxes: 0,
        location: None,
        data: false,
        tracks: 0,
    };
    cleaner.walk(0, bytes.len(), 0)?;
    if cleaner.tracks == 0 {
        return None;
    }
    Some(Cleaned {
        bytes: (!cleaner.data).then_some(cleaner.bytes),
        location: cleaner.location,
    })
}

struct Cleaner {
    bytes: Vec<u8>,
    boxes: usize,
    location: Option<Location>,
    data: bool,
    tracks: usize,
}

impl Cleaner {
    fn u32(&self, at: usize) -> Option<usize> {
        let octets = self.bytes.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*octets) as usize)
    }

    fn walk(&mut self, from: usize, to: usize, depth: usize) -> Option<()> {
        let mut at = from;
        while at + 8 <= to {
            self.boxes += 1;
            if depth > DEPTH_MAX || self.boxes > BOXES_MAX {
                return None;
            }
            let (head, length) = match self.u32(at)? {
                0 => (8, to - at),
                1 => (
                    16,
                    self.u32(at + 12).filter(|_| self.u32(at + 8) == Some(0))?,
                ),
                length => (8, length),
            };
            let end = at.checked_add(length).filter(|end| *end <= to)?;
            if length < head {
                return None;
            }
            let name: [u8; 4] = *self.bytes.get(at + 4..)?.first_chunk()?;
            self.one(name, at, at + head, end, depth)?;
            at = end;
        }
        Some(())
    }

    fn one(
        &mut self,
        name: [u8; 4],
        at: usize,
        body: usize,
        end: usize,
        depth: usize,
    ) -> Option<()> {
        match &name {
            b"moov" | b"mdia" => self.walk(body, end, depth + 1)?,
            b"trak" => {
                self.tracks += 1;
                self.walk(body, end, depth + 1)?;
            }
            b"hdlr" => {
                let kind = self.bytes.get(body + 8..body + 12)?;
                self.data |= !matches!(kind, b"vide" | b"soun" | b"hint" | b"sbtl" | b"text");
            }
            // What its maker says about it: place, device, owner, vendors' own boxes.
            b"udta" | b"meta" | b"uuid" => {
                let words = &self.bytes[body..end];
                if self.location.is_none() {
                    self.location = place(words);
                }
                self.bytes[at + 4..at + 8].copy_from_slice(b"free");
                self.bytes[body..end].fill(0);
            }
            _ => {}
        }
        Some(())
    }
}

/// The place in a box of words: Apple's and Google's `©xyz`, Apple's key, or none.
fn place(words: &[u8]) -> Option<Location> {
    let after = |mark: &[u8]| {
        let mut found = words.windows(mark.len()).enumerate();
        found.find_map(|(at, window)| (window == mark).then_some(&words[at + mark.len()..]))
    };
    let marked = after(b"\xa9xyz").or_else(|| after(b"location.ISO6709"))?;
    location::in_words(marked)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxed(name: [u8; 4], body: &[u8]) -> Vec<u8> {
        let length = (8 + body.len()) as u32;
        [length.to_be_bytes().as_slice(), &name, body].concat()
    }

    fn track(kind: [u8; 4]) -> Vec<u8> {
        let handler = boxed(*b"hdlr", &[&[0; 8], kind.as_slice(), &[0; 12]].concat());
        boxed(*b"trak", &boxed(*b"mdia", &handler))
    }

    /// A film with a place, of tracks of these kinds.
    pub(crate) fn film(kinds: &[&[u8; 4]]) -> Vec<u8> {
        let words = boxed(*b"\xa9xyz", b"\0\x12\x15\xc7+37.5665+126.9780/");
        let tracks: Vec<u8> = kinds.iter().flat_map(|kind| track(**kind)).collect();
        let movie = [tracks, boxed(*b"udta", &words)].concat();
        let head = boxed(*b"ftyp", b"isom\0\0\0\0isom");
        [
            head,
            boxed(*b"moov", &movie),
            boxed(*b"mdat", b"+37.5 frames"),
        ]
        .concat()
    }

    #[test]
    fn a_film_keeps_its_frames_and_loses_its_place() {
        let film = film(&[b"vide", b"soun"]);
        let cleaned = clean(&film).unwrap();
        assert_eq!(cleaned.location, Location::new(37_566_500, 126_978_000));
        let bytes = cleaned.bytes.unwrap();
        assert_eq!(bytes.len(), film.len());
        assert!(bytes.ends_with(b"+37.5 frames"));
        assert!(!bytes.windows(7).any(|window| window == b"126.978"));
        assert!(bytes.windows(4).any(|window| window == b"free"));
        assert_eq!(clean(&bytes).unwrap().location, None);
    }

    #[test]
    fn a_film_with_a_track_of_data_is_withheld_and_nonsense_is_none() {
        assert!(clean(&film(&[b"vide", b"meta"])).unwrap().bytes.is_none());
        assert!(clean(&film(&[])).is_none());
        assert!(clean(b"").is_none());
        let mut cut = film(&[b"vide"]);
        cut.truncate(cut.len() - 5);
        assert!(clean(&cut).is_none());
        let mut deep = track(*b"vide");
        for _ in 0..20 {
            deep = boxed(*b"moov", &deep);
        }
        assert!(clean(&deep).is_none());
    }

    proptest! {
        #[test]
        fn no_film_is_too_strange(
            at in any::<prop::sample::Index>(),
            noise in prop::collection::vec(any::<u8>(), 1..8),
        ) {
            let mut film = film(&[b"vide"]);
            let at = at.index(film.len());
            let end = film.len().min(at + noise.len());
            film[at..end].copy_from_slice(&noise[..end - at]);
            let _ = clean(&film);
            let _ = clean(&film[..at]);
            let _ = clean(&noise);
        }
    }
}
