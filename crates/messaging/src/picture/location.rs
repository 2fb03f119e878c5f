//! Where a picture says it was taken (EXIF 2.32, 4.6.6). Reads two numbers and nothing else.

use std::fmt;

/// A place in millionths of a degree. Personal data: where somebody was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Millionths of a degree north of the equator.
    pub north_micro: i32,
    /// Millionths of a degree east of Greenwich.
    pub east_micro: i32,
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Location(..)")
    }
}

impl Location {
    /// A place, if it is one. Zero north and zero east is what devices write that do not know.
    pub(crate) fn new(north_micro: i64, east_micro: i64) -> Option<Location> {
        let known = (north_micro, east_micro) != (0, 0);
        let there = north_micro.abs() <= 90_000_000 && east_micro.abs() <= 180_000_000;
        Some(Location {
            north_micro: i32::try_from(north_micro).ok()?,
            east_micro: i32::try_from(east_micro).ok()?,
        })
        .filter(|_| known && there)
    }
}

/// Entries of a directory at most.
const ENTRIES_MAX: u16 = 500;

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Tiff<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        let octets = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little {
            u16::from_le_bytes(octets)
        } else {
            u16::from_be_bytes(octets)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let octets = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little {
            u32::from_le_bytes(octets)
        } else {
            u32::from_be_bytes(octets)
        })
    }

    /// Where the value field of an entry stands.
    fn entry(&self, directory: usize, wanted: u16) -> Option<usize> {
        let count = self.u16(directory)?.min(ENTRIES_MAX);
        let at = |index: u16| directory + 2 + usize::from(index) * 12;
        let found = (0..count).find(|index| self.u16(at(*index)) == Some(wanted))?;
        Some(at(found) + 8)
    }

    /// Degrees, minutes and seconds as millionths of a degree.
    fn angle(&self, value: usize) -> Option<i64> {
        let at = self.u32(value)? as usize;
        let mut sum: i128 = 0;
        for (index, share) in [1_i128, 60, 3_600].into_iter().enumerate() {
            let above = i128::from(self.u32(at.checked_add(index * 8)?)?);
            let below = i128::from(self.u32(at.checked_add(index * 8 + 4)?)?);
            match (above, below) {
                // Some devices write 0/0 for seconds they do not know.
                (0, 0) => {}
                (_, 0) => return None,
                _ => sum += above * 1_000_000 / (below * share),
            }
        }
        i64::try_from(sum).ok()
    }
}

/// The place in an EXIF block, with or without its own heading.
pub(crate) fn in_exif(bytes: &[u8]) -> Option<Location> {
    let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    let little = match bytes.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let tiff = Tiff { bytes, little };
    let first = tiff.u32(4)? as usize;
    let place = tiff.u32(tiff.entry(first, 0x8825)?)? as usize;
    let side = |tag| bytes.get(tiff.entry(place, tag)?).copied();
    let north = tiff.angle(tiff.entry(place, 2)?)?;
    let east = tiff.angle(tiff.entry(place, 4)?)?;
    let north = if side(1)? == b'S' { -north } else { north };
    let east = if side(3)? == b'W' { -east } else { east };
    Location::new(north, east)
}

/// The place in a HEIC file: its EXIF block stands somewhere within, under its heading.
pub(crate) fn in_heic(bytes: &[u8]) -> Option<Location> {
    let heading = b"Exif\0\0";
    let mut places = bytes.windows(heading.len()).enumerate();
    places.find_map(|(at, window)| (window == heading).then(|| in_exif(&bytes[at..]))?)
}

/// The place in the words of ISO 6709, as films have it: `+37.5665+126.9780/`.
pub(crate) fn in_words(bytes: &[u8]) -> Option<Location> {
    let text: String = bytes
        .iter()
        .skip_while(|octet| !matches!(octet, b'+' | b'-'))
        .map(|octet| char::from(*octet))
        .take_while(|letter| letter.is_ascii_digit() || "+-.".contains(*letter))
        .collect();
    let second = text.get(1..)?.find(['+', '-'])? + 1;
    let rest = &text[second..];
    let end = rest
        .get(1..)?
        .find(['+', '-'])
        .map_or(rest.len(), |at| at + 1);
    Location::new(micro(&text[..second])?, micro(&rest[..end])?)
}

fn micro(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("-", digits) => (-1, digits),
        ("+", digits) => (1, digits),
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    // Degrees with minutes run together have more than three digits: not what telephones write.
    if whole.is_empty() || whole.len() > 3 {
        return None;
    }
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    Some(sign * (whole.parse::<i64>().ok()? * 1_000_000 + part.parse::<i64>().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An EXIF block of a place: 37° 33' 59.4" N, 126° 58' 40.8" W or so, as a telephone writes it.
    pub(crate) fn exif(little: bool, north: &str, east: &str) -> Vec<u8> {
        let mut block = if little {
            b"II*\0".to_vec()
        } else {
            b"MM\0*".to_vec()
        };
        let two = |value: u16| {
            if little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let four = |value: u32| {
            if little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let entry = |block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            block.extend(two(tag));
            block.extend(two(kind));
            block.extend(four(count));
            block.extend(value);
        };
        block.extend(four(8));
        block.extend(two(1));
        entry(&mut block, 0x8825, 4, 1, four(26));
        block.extend(four(0));
        block.extend(two(4));
        let side = |side: &str| [side.as_bytes()[0], 0, 0, 0];
        entry(&mut block, 1, 2, 2, side(north));
        entry(&mut block, 2, 5, 3, four(80));
        entry(&mut block, 3, 2, 2, side(east));
        entry(&mut block, 4, 5, 3, four(104));
        block.extend(four(0));
        for value in [37, 1, 33, 1, 594, 10, 126, 1, 58, 1, 408, 10] {
            block.extend(four(value));
        }
        block
    }

    #[test]
    fn the_place_is_read_in_both_orders_and_on_all_sides() {
        let read = |little, north, east| {
            let place = in_exif(&exif(little, north, east)).unwrap();
            (place.north_micro, place.east_micro)
        };
        assert_eq!(read(true, "N", "E"), (37_566_500, 126_977_999));
        assert_eq!(read(false, "S", "W"), (-37_566_500, -126_977_999));
        let headed = [b"Exif\0\0".to_vec(), exif(true, "N", "E")].concat();
        assert!(in_exif(&headed).is_some());
        assert!(in_heic(&[b"....ftypheic Exif\0\0no".to_vec(), headed].concat()).is_some());
        assert!(in_exif(b"II*\0\x08\0\0\0\0\0").is_none());
        let shown = format!("{:?}", in_exif(&exif(true, "N", "E")));
        assert_eq!(shown, "Some(Location(..))");
    }

    #[test]
    fn the_words_of_films_are_read() {
        let read = |text: &[u8]| in_words(text).map(|at| (at.north_micro, at.east_micro));
        assert_eq!(
            read(b"\0\x12\x15\xc7+37.5665+126.9780/"),
            Some((37_566_500, 126_978_000))
        );
        assert_eq!(read(b"-33.9+018.4+12.5/"), Some((-33_900_000, 18_400_000)));
        for nothing in [
            b"".as_slice(),
            b"+",
            b"+37",
            b"+91+0",
            b"+0.0+0.0/",
            b"+1234+5",
        ] {
            assert_eq!(read(nothing), None);
        }
    }

    proptest! {
        #[test]
        fn no_block_is_too_strange(
            noise in prop::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            octet in any::<u8>(),
        ) {
            let _ = (in_exif(&noise), in_heic(&noise), in_words(&noise));
            let mut block = exif(true, "N", "E");
            let at = at.index(block.len());
            block[at] = octet;
            let _ = in_exif(&block);
            let _ = in_exif(&block[..at]);
        }
    }
}
