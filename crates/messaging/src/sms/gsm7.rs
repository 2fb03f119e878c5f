//! The seven-bit alphabet of GSM (3GPP TS 23.038, 6.2.1) with its extension table, one septet per
//! octet and packed. No national tables.

/// The code of the extension table's escape.
const ESCAPE: u8 = 0x1b;

/// The basic table in the order of its codes; the escape is shown as itself.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// What follows an escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The septets of a letter, appended; false where the alphabet has none.
pub fn push(letter: char, septets: &mut Vec<u8>) -> bool {
    let basic = BASIC.iter().position(|known| *known == letter);
    let extended = EXTENSION.iter().find(|(_, known)| *known == letter);
    match (basic, extended) {
        (Some(code), _) if code != usize::from(ESCAPE) => septets.push(code as u8),
        (_, Some((code, _))) => septets.extend([ESCAPE, *code]),
        _ => return false,
    }
    true
}

/// The septets of a text, or none where one of its letters is not in the alphabet.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    let whole = text.chars().all(|letter| push(letter, &mut septets));
    whole.then_some(septets)
}

/// The text of septets, one in each octet. An unknown extension is read as the letter of the basic
/// table, as the standard asks; an octet with the eighth bit set is not of this alphabet.
pub fn decode(octets: &[u8]) -> (String, bool) {
    let mut text = String::with_capacity(octets.len());
    let mut damaged = false;
    let mut rest = octets.iter().copied();
    while let Some(octet) = rest.next() {
        let (code, extended) = match octet {
            ESCAPE => match rest.next() {
                Some(code) => (code, true),
                None => break,
            },
            code => (code, false),
        };
        let found = EXTENSION
            .iter()
            .find(|(known, _)| extended && *known == code);
        let basic = || BASIC.get(usize::from(code)).filter(|_| code != ESCAPE);
        let letter = found
            .map(|(_, letter)| *letter)
            .or_else(|| basic().copied());
        damaged |= letter.is_none();
        text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    (text, damaged)
}

/// Packs septets, eight in seven octets, after `fill` bits of zero (a user data header is filled up
/// to a whole septet).
pub fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
    let mut octets = vec![0; (septets.len() * 7 + fill).div_ceil(8)];
    for (index, septet) in septets.iter().enumerate() {
        let bit = index * 7 + fill;
        let wide = u16::from(septet & 0x7f) << (bit % 8);
        octets[bit / 8] |= wide as u8;
        if let Some(next) = octets.get_mut(bit / 8 + 1) {
            *next |= (wide >> 8) as u8;
        }
    }
    octets
}

/// Unpacks septets after `fill` bits. Without a count of septets seven spare bits at the very end,
/// zeros or a carriage return, are padding.
pub fn unpack(octets: &[u8], fill: usize, count: Option<usize>) -> Vec<u8> {
    let held = (octets.len() * 8).saturating_sub(fill) / 7;
    let mut septets: Vec<u8> = (0..count.unwrap_or(held).min(held))
        .map(|index| {
            let bit = index * 7 + fill;
            let low = u16::from(octets[bit / 8]);
            let high = octets.get(bit / 8 + 1).copied().map_or(0, u16::from);
            ((low | high << 8) >> (bit % 8)) as u8 & 0x7f
        })
        .collect();
    let aligned = (octets.len() * 8).saturating_sub(fill) == held * 7;
    if count.is_none() && aligned && matches!(septets.last(), Some(0 | 0x0d)) {
        septets.pop();
    }
    septets
}

/// Bits of zero between a user data header of so many octets and the first septet.
pub fn fill(header: usize) -> usize {
    (7 - header * 8 % 7) % 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_standards_words_pack_as_the_standard_says() {
        // "hellohello" is the example every handbook of the alphabet packs by hand.
        let septets = encode("hellohello").unwrap();
        let packed = [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        assert_eq!(pack(&septets, 0), packed);
        assert_eq!(unpack(&packed, 0, Some(10)), septets);
        assert_eq!(
            encode("€[a]"),
            Some(vec![0x1b, 0x65, 0x1b, 0x3c, 0x61, 0x1b, 0x3e])
        );
        assert_eq!(encode("한"), None);
        assert_eq!(encode("\u{1b}"), None);
    }

    #[test]
    fn every_code_is_read_and_what_is_not_of_the_alphabet_is_said() {
        assert_eq!(decode(&[0x1b, 0x41]), ("A".to_owned(), false));
        assert_eq!(decode(&[0x41, 0x1b]), ("A".to_owned(), false));
        assert_eq!(decode(&[0xc7]), ("\u{fffd}".to_owned(), true));
        assert_eq!(decode(&[0x1b, 0x1b]), ("\u{fffd}".to_owned(), true));
        assert_eq!((fill(6), fill(7), fill(0)), (1, 0, 0));
    }

    #[test]
    fn seven_letters_end_without_an_extra_one() {
        let septets = encode("letters").unwrap();
        assert_eq!(unpack(&pack(&septets, 0), 0, None), septets);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in "[ -Z_a-z^{}€ÄäéΩ]{0,200}") {
            let septets = encode(&text).unwrap();
            prop_assert_eq!(decode(&septets), (text, false));
        }

        #[test]
        fn what_is_packed_is_unpacked(
            septets in prop::collection::vec(0_u8..128, 0..200),
            fill in 0_usize..7,
        ) {
            let packed = pack(&septets, fill);
            prop_assert_eq!(unpack(&packed, fill, Some(septets.len())), septets);
        }

        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&octets);
            let _ = unpack(&octets, 1, None);
        }
    }
}
