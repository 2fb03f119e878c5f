//! Photographs of new telephones (HEIF, ISO 23008-12): everything that is not the picture itself is
//! blanked in place, so that it opens as before. Never decodes a pixel.

use crate::picture::location::{self, Location};
use std::ops::Range;

/// Boxes and items at most.
const BOXES_MAX: usize = 5_000;
const ITEMS_MAX: usize = 2_000;
const EXTENTS_MAX: usize = 20_000;

/// What is picture: coded ones, and those put together out of others. All else are words about it.
const PICTURES: [&[u8; 4]; 14] = [
    b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"jpeg", b"j2k1", b"vvc1", b"unci", b"grid",
    b"iovl", b"iden", b"tmap", b"tili",
];

/// A photograph without words about it.
pub(crate) struct Cleaned {
    /// The photograph; none when it is made in a way in which words cannot be told from pictures.
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) location: Option<Location>,
}

/// Cleans a photograph; `None` when its boxes do not fit into each other or it has no picture.
pub(crate) fn clean(bytes: &[u8]) -> Option<Cleaned> {
    let top = boxes(bytes, 0..bytes.len())?;
    let meta = top.iter().find(|found| &found.name == b"meta")?;
    let inner = boxes(bytes, meta.body.start + 4..meta.body.end)?;
    let find = |name: &[u8; 4]| inner.iter().find(|found| &found.name == name);
    let data = find(b"idat").map(|found| found.body.clone());
    let kinds = kinds(bytes, find(b"iinf")?.body.clone())?;
    let places = places(bytes, find(b"iloc")?.body.clone(), data.as_ref())?;
    let kind_of = |item: u32| {
        kinds
            .iter()
            .find(|(own, _)| *own == item)
            .map(|(_, kind)| kind)
    };
    let pictures =
        |place: &&Place| kind_of(place.item).is_some_and(|kind| PICTURES.contains(&kind));
    let location = places
        .iter()
        .filter(|place| kind_of(place.item) == Some(b"Exif"))
        .find_map(|place| in_exif_item(&joined(bytes, place)));
    if !places.iter().any(|place| pictures(&place)) {
        return None;
    }
    // Tracks are films within the photograph; items made of others' octets cannot be told apart.
    let film = top.iter().any(|found| &found.name == b"moov");
    if film || places.iter().any(|place| place.elsewhere) {
        return Some(Cleaned {
            bytes: None,
            location,
        });
    }
    let kept = places.iter().filter(pictures);
    let kept: Vec<Range<usize>> = kept.flat_map(|place| place.extents.clone()).collect();
    let mut clean = bytes.to_vec();
    for found in &top {
        match &found.name {
            b"ftyp" | b"meta" => {}
            b"mdat" => blank(&mut clean, found.body.clone(), &kept),
            _ => erase(&mut clean, found),
        }
    }
    for found in &inner {
        match &found.name {
            b"hdlr" | b"pitm" | b"iinf" | b"iloc" | b"iref" | b"grpl" | b"dinf" => {}
            b"iprp" => properties(&mut clean, found.body.clone())?,
            b"idat" => blank(&mut clean, found.body.clone(), &kept),
            _ => erase(&mut clean, found),
        }
    }
    Some(Cleaned {
        bytes: Some(clean),
        location,
    })
}

/// A box: where it begins, its name and its body.
struct Found {
    at: usize,
    name: [u8; 4],
    body: Range<usize>,
}

fn number(bytes: &[u8], at: usize, octets: usize) -> Option<usize> {
    let read = bytes.get(at..at.checked_add(octets)?)?;
    let value = read.iter().try_fold(0_u64, |value, octet| {
        value.checked_mul(256)?.checked_add(u64::from(*octet))
    })?;
    usize::try_from(value).ok()
}

fn boxes(bytes: &[u8], within: Range<usize>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let (head, length) = match number(bytes, at, 4)? {
            0 => (8, within.end - at),
            1 => (16, number(bytes, at + 8, 8)?),
            length => (8, length),
        };
        let end = at.checked_add(length).filter(|end| *end <= within.end)?;
        if length < head || found.len() >= BOXES_MAX {
            return None;
        }
        let name = *bytes.get(at + 4..)?.first_chunk()?;
        found.push(Found {
            at,
            name,
            body: at + head..end,
        });
        at = end;
    }
    Some(found)
}

/// What kind each item is.
fn kinds(bytes: &[u8], body: Range<usize>) -> Option<Vec<(u32, [u8; 4])>> {
    let wide = if *bytes.get(body.start)? == 0 { 2 } else { 4 };
    let mut kinds = Vec::new();
    for entry in boxes(bytes, body.start + 4 + wide..body.end)? {
        let at = entry.body.start;
        let wide = match bytes.get(at)? {
            2 => 2,
            3 => 4,
            // Versions without kinds: what they name is no picture.
            _ => continue,
        };
        let item = number(bytes, at + 4, wide)? as u32;
        let kind = *bytes
            .get(at + 4 + wide + 2..entry.body.end)?
            .first_chunk()?;
        kinds.push((item, kind));
        if kinds.len() > ITEMS_MAX {
            return None;
        }
    }
    Some(kinds)
}

/// Where the octets of an item are.
struct Place {
    item: u32,
    /// Not in this file, or within another item.
    elsewhere: bool,
    extents: Vec<Range<usize>>,
}

fn places(bytes: &[u8], body: Range<usize>, data: Option<&Range<usize>>) -> Option<Vec<Place>> {
    let mut reader = Reader {
        bytes: bytes.get(..body.end)?,
        at: body.start,
    };
    let version = reader.take(1)?;
    reader.take(3)?;
    let widths = reader.take(2)?;
    let wide = |shift: usize| widths >> shift & 15;
    let index = if version == 0 { 0 } else { wide(0) };
    let (count, ids) = if version < 2 { (2, 2) } else { (4, 4) };
    let count = reader.take(count)?;
    if version > 2 || count > ITEMS_MAX {
        return None;
    }
    let (mut places, mut extents) = (Vec::new(), 0);
    for _ in 0..count {
        let item = reader.take(ids)? as u32;
        let way = if version == 0 {
            0
        } else {
            reader.take(2)? & 15
        };
        let other_file = reader.take(2)? != 0;
        let base = reader.take(wide(4))?;
        let mut place = Place {
            item,
            elsewhere: other_file || way > 1,
            extents: Vec::new(),
        };
        for _ in 0..reader.take(2)? {
            extents += 1;
            reader.take(index)?;
            let (offset, length) = (reader.take(wide(12))?, reader.take(wide(8))?);
            let (origin, end) = match (way, data) {
                (0, _) => (0, bytes.len()),
                (1, Some(data)) => (data.start, data.end),
                _ => continue,
            };
            let from = origin.checked_add(base)?.checked_add(offset)?;
            // No length is all there is.
            let to = if length == 0 {
                end
            } else {
                from.checked_add(length)?
            };
            if from > to || to > end || extents > EXTENTS_MAX {
                return None;
            }
            place.extents.push(from..to);
        }
        places.push(place);
    }
    Some(places)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, octets: usize) -> Option<usize> {
        let value = number(self.bytes, self.at, octets)?;
        self.at += octets;
        Some(value)
    }
}

fn joined(bytes: &[u8], place: &Place) -> Vec<u8> {
    let parts = place.extents.iter().map(|extent| &bytes[extent.clone()]);
    parts.collect::<Vec<_>>().concat()
}

/// An Exif item says first how far behind itself the block begins.
fn in_exif_item(item: &[u8]) -> Option<Location> {
    let skipped = number(item, 0, 4)?;
    location::in_exif(item.get(skipped.checked_add(4)?..)?)
}

/// Fills with zeros what no picture needs.
fn blank(clean: &mut [u8], body: Range<usize>, kept: &[Range<usize>]) {
    let mut kept: Vec<&Range<usize>> = kept.iter().collect();
    kept.sort_by_key(|range| range.start);
    let mut at = body.start;
    for range in kept {
        if range.start > at {
            clean[at..range.start.min(body.end)].fill(0);
        }
        at = at.max(range.end).min(body.end);
    }
    clean[at..body.end].fill(0);
}

/// Makes a box free room.
fn erase(clean: &mut [u8], found: &Found) {
    clean[found.at + 4..found.at + 8].copy_from_slice(b"free");
    clean[found.body.clone()].fill(0);
}

/// Of the properties only the descriptions are words; they stand in their place, so that the
/// numbers of the others stay right.
fn properties(clean: &mut [u8], body: Range<usize>) -> Option<()> {
    for container in boxes(clean, body)? {
        if &container.name != b"ipco" {
            continue;
        }
        for property in boxes(clean, container.body)? {
            if matches!(
                &property.name,
                b"udes" | b"uuid" | b"altt" | b"crtt" | b"mdft"
            ) {
                clean[property.body].fill(0);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::location::tests::exif;
    use super::*;
    use proptest::prelude::*;

    fn boxed(name: [u8; 4], body: &[u8]) -> Vec<u8> {
        let length = (8 + body.len()) as u32;
        [length.to_be_bytes().as_slice(), &name, body].concat()
    }

    fn entry(item: u16, kind: [u8; 4]) -> Vec<u8> {
        let body = [&[2, 0, 0, 0], &item.to_be_bytes()[..], &[0, 0], &kind, &[0]].concat();
        boxed(*b"infe", &body)
    }

    /// A photograph with a picture of eight octets, a place, and octets that belong to nothing.
    fn photo(kind: [u8; 4], way: u8) -> Vec<u8> {
        let words = [vec![0; 4], exif(true, "N", "E")].concat();
        let head = boxed(*b"ftyp", b"heic\0\0\0\0mif1heic");
        let entries = [entry(1, kind), entry(2, *b"Exif")].concat();
        let kinds = boxed(
            *b"iinf",
            &[&[0, 0, 0, 0, 0, 2], entries.as_slice()].concat(),
        );
        let describe = |from: u32| {
            let mut body = vec![1, 0, 0, 0, 0x44, 0x00, 0, 2];
            for (item, at, length) in [(1_u16, from, 8_u32), (2, from + 8, words.len() as u32)] {
                body.extend(item.to_be_bytes());
                body.extend([0, if item == 1 { way } else { 0 }, 0, 0, 0, 1]);
                body.extend(at.to_be_bytes());
                body.extend(length.to_be_bytes());
            }
            boxed(
                *b"meta",
                &[&[0; 4], kinds.as_slice(), &boxed(*b"iloc", &body)].concat(),
            )
        };
        let from = head.len() + describe(0).len() + 8;
        let data = [b"pixels..".to_vec(), words.clone(), b"Kim's own".to_vec()].concat();
        let more = boxed(*b"mpvd", b"+37.5665+126.9780/");
        [head, describe(from as u32), boxed(*b"mdat", &data), more].concat()
    }

    fn holds(bytes: &[u8], word: &[u8]) -> bool {
        bytes.windows(word.len()).any(|window| window == word)
    }

    #[test]
    fn a_photograph_keeps_its_picture_and_loses_all_else() {
        let photo = photo(*b"hvc1", 0);
        let cleaned = clean(&photo).unwrap();
        let place = cleaned.location.unwrap();
        assert_eq!(place.north_micro, 37_566_500);
        let bytes = cleaned.bytes.unwrap();
        assert_eq!(bytes.len(), photo.len());
        assert!(holds(&bytes, b"pixels..") && holds(&bytes, b"free"));
        for word in [b"II*\0".as_slice(), b"Kim", b"126.97", b"mpvd"] {
            assert!(holds(&photo, word) && !holds(&bytes, word));
        }
        let again = clean(&bytes).unwrap();
        assert!(again.location.is_none() && again.bytes == Some(bytes));
    }

    #[test]
    fn what_cannot_be_told_apart_is_withheld_and_nonsense_is_none() {
        assert!(clean(&photo(*b"hvc1", 2)).unwrap().bytes.is_none());
        let film = [photo(*b"hvc1", 0), boxed(*b"moov", b"")].concat();
        assert!(clean(&film).unwrap().bytes.is_none());
        assert!(clean(&photo(*b"mime", 0)).is_none(), "no picture");
        assert!(clean(b"").is_none());
        let photo = photo(*b"av01", 0);
        for cut in [photo.len() - 3, photo.len() / 2, 20] {
            assert!(clean(&photo[..cut]).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_photograph_is_too_strange(
            at in any::<prop::sample::Index>(),
            noise in prop::collection::vec(any::<u8>(), 1..8),
        ) {
            let mut photo = photo(*b"hvc1", 0);
            let at = at.index(photo.len());
            let end = photo.len().min(at + noise.len());
            photo[at..end].copy_from_slice(&noise[..end - at]);
            if let Some(Cleaned { bytes: Some(bytes), .. }) = clean(&photo) {
                prop_assert_eq!(bytes.len(), photo.len());
            }
            let _ = clean(&photo[..at]);
            let _ = clean(&noise);
        }
    }
}
