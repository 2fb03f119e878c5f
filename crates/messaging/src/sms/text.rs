//! From a text to the octets of its parts and back: what a gateway can carry, in how many parts,
//! and which letters it would lose. Never loses one without saying so.

use crate::letters;
use crate::sms::gsm7;
use encoding_rs::{EUC_KR, Encoding as Table, UTF_16BE, WINDOWS_1252};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// How letters become octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// The seven-bit alphabet, one septet in an octet: what SMPP gateways expect.
    Gsm7,
    /// The seven-bit alphabet packed as on the air: what a few gateways expect.
    Gsm7Packed,
    /// UTF-16, high octet first (what the standards call UCS-2): carries everything.
    Ucs2,
    /// KS X 1001, the Hangul of old telephones: 2,350 syllables, two octets each.
    EucKr,
    /// KS X 1001 with Microsoft's extension: every modern syllable.
    Cp949,
    /// Plain ASCII.
    Ascii,
    /// ISO 8859-1.
    Latin1,
    /// UTF-8, for web hooks.
    Utf8,
}

/// How the parts of a long text are told to belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Joining {
    /// A user data header with a reference of eight bits.
    #[default]
    Udh8,
    /// A user data header with a reference of sixteen bits.
    Udh16,
    /// The three `sar_*` parameters of SMPP.
    Sar,
    /// One part, whole in `message_payload`.
    Payload,
}

/// What a gateway carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Carrier {
    /// Encodings it takes, in the order of preference: the first that carries every letter is used.
    pub encodings: Vec<Encoding>,
    /// How parts are joined.
    pub joining: Joining,
    /// Octets of the whole text at most, all parts together (aggregators: 2,000 of EUC-KR).
    pub octets_max: usize,
    /// Parts at most.
    pub parts_max: usize,
}

impl Default for Carrier {
    fn default() -> Carrier {
        Carrier {
            encodings: vec![Encoding::Gsm7, Encoding::Ucs2],
            joining: Joining::default(),
            octets_max: 64_000,
            parts_max: 255,
        }
    }
}

/// How a text would leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The encoding chosen.
    pub encoding: Encoding,
    /// Octets of each part, without a header.
    pub parts: Vec<Vec<u8>>,
    /// Letters as a person counts them.
    pub letters: usize,
    /// Letters that the gateway cannot carry, each once, in the order of the text. While there is
    /// one, the text must not leave as it is.
    pub lost: Vec<String>,
    /// Letters that arrive as another of the same meaning (a curved quotation mark as a straight
    /// one), each once.
    pub changed: Vec<(String, String)>,
    /// Longer than the gateway carries.
    pub too_long: bool,
}

impl Plan {
    /// Octets of all parts together.
    pub fn octets(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    /// Whether the text arrives as it was written.
    pub fn carried(&self) -> bool {
        self.lost.is_empty() && !self.too_long
    }
}

/// What is sent in place of a text that a gateway cannot carry: the first line that it carries in
/// one part.
pub const LINK_LINES: [&str; 2] = ["120 답변이 도착했습니다: {link}", "120: your answer {link}"];

/// The line with the link in place of a text, when the gateway cannot carry the text itself. `None`
/// when it can, or when not even a line of ASCII fits.
pub fn link_instead(plan: &Plan, carrier: &Carrier, lines: &[&str], link: &str) -> Option<String> {
    if plan.carried() {
        return None;
    }
    let filled = lines.iter().map(|line| line.replace("{link}", link));
    filled.into_iter().find(|line| {
        let short = self::plan(line, carrier);
        short.carried() && short.parts.len() == 1
    })
}

/// Plans a text for a gateway. A gateway without an encoding carries nothing.
pub fn plan(text: &str, carrier: &Carrier) -> Plan {
    let tried = carrier
        .encodings
        .iter()
        .map(|encoding| one(text, carrier, *encoding));
    // The first that loses nothing; otherwise the one that loses least, the earlier of equals.
    let best = tried.min_by_key(|plan| (plan.lost.len(), plan.too_long));
    best.unwrap_or_else(|| {
        let nothing = Carrier {
            encodings: vec![Encoding::Ascii],
            ..carrier.clone()
        };
        let mut plan = one(text, &nothing, Encoding::Ascii);
        plan.lost = text.graphemes(true).map(str::to_owned).collect();
        plan
    })
}

fn one(text: &str, carrier: &Carrier, encoding: Encoding) -> Plan {
    let mut plan = Plan {
        encoding,
        parts: Vec::new(),
        letters: letters::count(text),
        lost: Vec::new(),
        changed: Vec::new(),
        too_long: false,
    };
    let pieces: Vec<Piece> = text
        .graphemes(true)
        .map(|letter| piece(letter, encoding, &mut plan))
        .collect();
    let whole: usize = pieces.iter().map(Piece::len).sum();
    let room = room(encoding, carrier.joining, whole);
    plan.parts = split(&pieces, room);
    if encoding == Encoding::Gsm7Packed {
        let header = match (plan.parts.len(), carrier.joining) {
            (0 | 1, _) | (_, Joining::Sar | Joining::Payload) => 0,
            (_, Joining::Udh8) => 6,
            (_, Joining::Udh16) => 7,
        };
        let fill = if header == 0 { 0 } else { gsm7::fill(header) };
        plan.parts = plan
            .parts
            .iter()
            .map(|part| gsm7::pack(part, fill))
            .collect();
    }
    plan.too_long = plan.octets() > carrier.octets_max || plan.parts.len() > carrier.parts_max;
    plan
}

/// A letter in octets, one entry for each code point that must stay together.
struct Piece(Vec<Vec<u8>>);

impl Piece {
    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

fn piece(letter: &str, encoding: Encoding, plan: &mut Plan) -> Piece {
    let composed: String = letter.nfc().collect();
    for form in [letter, &composed] {
        if let Some(codes) = codes(form, encoding) {
            return Piece(codes);
        }
    }
    let plain = plainer(&composed);
    if let Some(codes) = plain.and_then(|plain| codes(plain, encoding)) {
        let change = (letter.to_owned(), plain.unwrap_or_default().to_owned());
        if !plan.changed.contains(&change) {
            plan.changed.push(change);
        }
        return Piece(codes);
    }
    if !plan.lost.iter().any(|lost| lost == letter) {
        plan.lost.push(letter.to_owned());
    }
    Piece(codes("?", encoding).unwrap_or_default())
}

fn codes(letter: &str, encoding: Encoding) -> Option<Vec<Vec<u8>>> {
    letter
        .chars()
        .map(|code| octets_of(code, encoding))
        .collect()
}

fn octets_of(code: char, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Gsm7 | Encoding::Gsm7Packed => {
            let mut septets = Vec::new();
            gsm7::push(code, &mut septets).then_some(septets)
        }
        Encoding::Ucs2 => {
            let mut units = [0; 2];
            let units = code.encode_utf16(&mut units);
            Some(units.iter().flat_map(|unit| unit.to_be_bytes()).collect())
        }
        Encoding::Cp949 => korean(code),
        // Outside the 94 rows of KS X 1001 either octet is below 0xa1.
        Encoding::EucKr => korean(code)
            .filter(|octets| octets.len() == 1 || octets.iter().all(|octet| *octet >= 0xa1)),
        Encoding::Ascii => code.is_ascii().then(|| vec![code as u8]),
        Encoding::Latin1 => u8::try_from(u32::from(code)).ok().map(|octet| vec![octet]),
        Encoding::Utf8 => Some(code.to_string().into_bytes()),
    }
}

fn korean(code: char) -> Option<Vec<u8>> {
    let mut utf8 = [0; 4];
    let (octets, _, unknown) = EUC_KR.encode(code.encode_utf8(&mut utf8));
    (!unknown).then(|| octets.into_owned())
}

/// A letter of the same meaning that old alphabets have.
fn plainer(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "\u{2018}" | "\u{2019}" | "\u{201b}" | "\u{2032}" | "`" | "´" => "'",
        "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{2033}" | "«" | "»" => "\"",
        "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}" | "\u{2014}" | "\u{2015}"
        | "\u{2212}" => "-",
        "\u{2026}" => "...",
        "\u{a0}" | "\u{202f}" | "\u{2009}" | "\u{3000}" | "\t" => " ",
        "\u{2022}" | "·" | "・" => "*",
        "\u{200b}" | "\u{feff}" | "\u{2060}" => "",
        "\r\n" => "\n",
        _ => return None,
    })
}

/// Octets of one part at most, its header left out: 140 on the air.
fn room(encoding: Encoding, joining: Joining, whole: usize) -> usize {
    let septets = matches!(encoding, Encoding::Gsm7 | Encoding::Gsm7Packed);
    let alone = if septets { 160 } else { 140 };
    match joining {
        Joining::Payload => usize::MAX,
        _ if whole <= alone => alone,
        // The gateway makes the header itself: leave it the larger one.
        Joining::Udh16 | Joining::Sar if septets => 152,
        Joining::Udh16 | Joining::Sar => 133,
        Joining::Udh8 if septets => 153,
        Joining::Udh8 => 134,
    }
}

/// Fills parts with whole letters; a letter longer than a part is divided between code points.
fn split(pieces: &[Piece], room: usize) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    let mut put = |octets: &[u8], together: usize| {
        let full = parts
            .last()
            .is_some_and(|part| part.len() + together > room);
        if full && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend_from_slice(octets);
        }
    };
    for piece in pieces {
        let length = piece.len();
        for (index, code) in piece.0.iter().enumerate() {
            let together = if length <= room && index == 0 {
                length
            } else {
                code.len()
            };
            put(code, together);
        }
    }
    parts
}

/// The text of octets, all parts already joined, and whether some could not be read.
pub fn decode(octets: &[u8], encoding: Encoding) -> (String, bool) {
    let table = |table: &'static Table| {
        let (text, damaged) = table.decode_without_bom_handling(octets);
        (text.into_owned(), damaged)
    };
    match encoding {
        Encoding::Gsm7 => gsm7::decode(octets),
        Encoding::Gsm7Packed => gsm7::decode(&gsm7::unpack(octets, 0, None)),
        Encoding::Ucs2 => {
            let unmarked = octets.strip_prefix(&[0xfe, 0xff]).unwrap_or(octets);
            let (text, damaged) = UTF_16BE.decode_without_bom_handling(unmarked);
            (text.into_owned(), damaged)
        }
        Encoding::EucKr | Encoding::Cp949 => table(EUC_KR),
        Encoding::Ascii | Encoding::Latin1 => table(WINDOWS_1252),
        Encoding::Utf8 => table(encoding_rs::UTF_8),
    }
}

/// The encoding that a `data_coding` of SMPP names (3GPP TS 23.038, SMPP 3.4 5.2.19), `None` for
/// data that is no text. `standard` is what the gateway calls its own alphabet.
pub fn of_data_coding(data_coding: u8, standard: Encoding) -> Option<Encoding> {
    Some(match data_coding {
        0x00 | 0xc0..=0xdf => standard,
        0x01 => Encoding::Ascii,
        0x03 => Encoding::Latin1,
        0x08 | 0xe0..=0xef => Encoding::Ucs2,
        // 0x84 is what Korean gateways say for the same.
        0x0e | 0x84 => Encoding::EucKr,
        // Groups of the air interface: message classes, waiting indications.
        0x10..=0x3f => match data_coding >> 2 & 3 {
            0 => standard,
            2 => Encoding::Ucs2,
            _ => return None,
        },
        0xf0..=0xff if data_coding & 4 == 0 => standard,
        _ => return None,
    })
}

/// The `data_coding` that names an encoding.
pub fn data_coding(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Gsm7 | Encoding::Gsm7Packed => 0x00,
        Encoding::Ascii => 0x01,
        Encoding::Latin1 => 0x03,
        Encoding::Ucs2 | Encoding::Utf8 => 0x08,
        Encoding::EucKr | Encoding::Cp949 => 0x0e,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn carrier(encodings: &[Encoding], joining: Joining) -> Carrier {
        Carrier {
            encodings: encodings.to_vec(),
            joining,
            ..Carrier::default()
        }
    }

    #[test]
    fn a_thousand_syllables_leave_in_sixteen_parts() {
        let text = "가".repeat(1_000);
        let wide = plan(&text, &carrier(&[Encoding::Ucs2], Joining::Udh16));
        assert_eq!((wide.parts.len(), wide.letters), (16, 1_000));
        assert!(
            wide.parts
                .iter()
                .all(|part| part.len() <= 133 && part.len() % 2 == 0)
        );
        let whole = plan(&text, &carrier(&[Encoding::Ucs2], Joining::Payload));
        assert_eq!((whole.parts.len(), whole.octets()), (1, 2_000));
        let korean = plan(&text, &carrier(&[Encoding::EucKr], Joining::Udh8));
        assert_eq!((korean.parts.len(), korean.octets()), (15, 2_000));
    }

    #[test]
    fn seventy_and_one_hundred_sixty_fit_one_part_and_one_more_does_not() {
        let parts = |text: String| plan(&text, &Carrier::default()).parts.len();
        assert_eq!((parts("가".repeat(70)), parts("가".repeat(71))), (1, 2));
        assert_eq!((parts("a".repeat(160)), parts("a".repeat(161))), (1, 2));
        assert_eq!((parts("€".repeat(80)), parts("€".repeat(81))), (1, 2));
        // 153 septets would end between an escape and its letter.
        let divided = plan(&("a".repeat(152) + &"€".repeat(10)), &Carrier::default());
        assert_eq!(divided.parts[0].len(), 152);
    }

    #[test]
    fn the_counselor_hears_what_is_lost_before_it_is_sent() {
        let old = carrier(&[Encoding::EucKr], Joining::Udh8);
        let told = plan("똠방각하 👍🏽 \u{201c}안녕\u{201d} 👍🏽 é", &old);
        assert_eq!(told.lost, ["똠", "👍🏽", "é"]);
        assert!(told.changed.is_empty() && !told.carried());
        let newer = plan("똠", &carrier(&[Encoding::Cp949], Joining::Udh8));
        assert!(newer.carried());
        let seven = plan(
            "\u{201c}it\u{2019}s\u{201d} 5\u{2013}6",
            &Carrier::default(),
        );
        assert_eq!(seven.encoding, Encoding::Gsm7);
        assert_eq!(seven.parts, [gsm7::encode("\"it's\" 5-6").unwrap()]);
        let arrow = ("\u{2013}".to_owned(), "-".to_owned());
        assert_eq!(
            (seven.changed.len(), seven.changed.contains(&arrow)),
            (4, true)
        );
        // Conjoining parts of a syllable are the same syllable.
        let composed = plan("\u{1112}\u{1161}\u{11ab}", &old);
        assert_eq!(composed.parts, [EUC_KR.encode("한").0.into_owned()]);
    }

    #[test]
    fn what_one_encoding_cannot_carry_the_next_one_does() {
        let both = carrier(&[Encoding::EucKr, Encoding::Ucs2], Joining::Udh8);
        assert_eq!(plan("안녕", &both).encoding, Encoding::EucKr);
        let other = plan("안녕 👋", &both);
        assert_eq!((other.encoding, other.carried()), (Encoding::Ucs2, true));
        assert!(!plan("a", &carrier(&[], Joining::Udh8)).carried());
    }

    #[test]
    fn a_line_with_a_link_goes_in_place_of_what_cannot_be_carried() {
        let korean = carrier(&[Encoding::EucKr], Joining::Udh8);
        let lost = plan("Xin chào ạ", &korean);
        let link = "https://120.example/a/7";
        let line = link_instead(&lost, &korean, &LINK_LINES, link).unwrap();
        assert!(line.starts_with("120 답변") && line.ends_with(link));
        let english = carrier(&[Encoding::Gsm7], Joining::Udh8);
        let line = link_instead(&plan("ạ", &english), &english, &LINK_LINES, link).unwrap();
        assert!(line.starts_with("120: your"));
        assert_eq!(
            link_instead(&plan("안녕", &korean), &korean, &LINK_LINES, link),
            None
        );
        let small = Carrier {
            octets_max: 2_000,
            ..korean
        };
        let long = plan(&"가".repeat(1_001), &small);
        assert!(long.too_long && long.letters == 1_001);
        assert!(link_instead(&long, &small, &LINK_LINES, link).is_some());
    }

    #[test]
    fn packed_septets_are_filled_up_behind_a_header() {
        let packed = carrier(&[Encoding::Gsm7Packed], Joining::Udh8);
        let two = plan(&"a".repeat(161), &packed);
        assert_eq!(two.parts[0].len(), 134);
        let first = gsm7::unpack(&two.parts[0], 1, Some(153));
        assert_eq!(gsm7::decode(&first).0, "a".repeat(153));
        assert_eq!(plan(&"a".repeat(160), &packed).parts[0].len(), 140);
    }

    #[test]
    fn a_broken_octet_is_said_and_takes_no_letter_with_it() {
        let whole = EUC_KR.encode("가 나").0.into_owned();
        assert_eq!(decode(&whole, Encoding::EucKr), ("가 나".into(), false));
        let mut broken = whole.clone();
        broken.remove(1);
        let (text, damaged) = decode(&broken, Encoding::EucKr);
        assert!(damaged && text.ends_with(" 나"), "{text}");
        assert_eq!(
            decode(&[0xfe, 0xff, 0xac, 0], Encoding::Ucs2),
            ("가".into(), false)
        );
        assert!(decode(&[0xd8, 0x3d], Encoding::Ucs2).1);
        assert!(decode(&[0xac], Encoding::Ucs2).1);
    }

    #[test]
    fn data_coding_says_what_the_standards_say() {
        let of = |code| of_data_coding(code, Encoding::Gsm7);
        assert_eq!(of(0x00), Some(Encoding::Gsm7));
        assert_eq!(
            (of(0x08), of(0x18)),
            (Some(Encoding::Ucs2), Some(Encoding::Ucs2))
        );
        assert_eq!(
            (of(0x0e), of(0x84)),
            (Some(Encoding::EucKr), Some(Encoding::EucKr))
        );
        assert_eq!((of(0x04), of(0xf4), of(0x14)), (None, None, None));
        assert_eq!(
            (of(0x10), of(0xf1)),
            (Some(Encoding::Gsm7), Some(Encoding::Gsm7))
        );
        assert_eq!(of_data_coding(0, Encoding::EucKr), Some(Encoding::EucKr));
    }

    /// Everything a text may hold, with many letters of several code points.
    fn any_text() -> impl Strategy<Value = String> {
        let letter = prop_oneof![
            any::<char>().prop_map(String::from),
            Just("가".to_owned()),
            Just("👨‍👩‍👧‍👦".to_owned()),
            Just("🇰🇷".to_owned()),
            Just("e\u{301}\u{302}".to_owned()),
            "[a-z€^ ]{1,20}",
        ];
        prop::collection::vec(letter, 0..120).prop_map(|letters| letters.concat())
    }

    fn any_joining() -> impl Strategy<Value = Joining> {
        prop_oneof![
            Just(Joining::Udh8),
            Just(Joining::Udh16),
            Just(Joining::Sar),
            Just(Joining::Payload),
        ]
    }

    proptest! {
        #[test]
        fn joined_parts_are_the_text(text in any_text(), joining in any_joining()) {
            let plan = plan(&text, &carrier(&[Encoding::Ucs2], joining));
            prop_assert!(plan.carried());
            let joined = plan.parts.concat();
            let (read, damaged) = decode(&joined, Encoding::Ucs2);
            let marked = text.strip_prefix('\u{feff}').unwrap_or(&text);
            prop_assert_eq!((read.as_str(), damaged), (marked, false));
        }

        #[test]
        fn no_part_is_too_long_or_begins_within_a_letter(text in any_text()) {
            let plan = plan(&text, &carrier(&[Encoding::Ucs2], Joining::Udh8));
            let several = plan.parts.len() > 1;
            let mut ends: Vec<usize> = vec![0];
            for letter in text.graphemes(true) {
                ends.push(ends[ends.len() - 1] + letter.encode_utf16().count() * 2);
            }
            let longest = ends.windows(2).map(|ends| ends[1] - ends[0]).max();
            let mut at = 0;
            for part in &plan.parts {
                let room = if several { 134 } else { 140 };
                prop_assert!(part.len() <= room);
                prop_assert!(!part.is_empty() || text.is_empty());
                let low = part.first().is_some_and(|high| (0xdc..0xe0).contains(high));
                prop_assert!(!low, "a pair is divided");
                if longest.is_none_or(|longest| longest <= 134) {
                    prop_assert!(ends.contains(&at), "a letter is divided");
                }
                at += part.len();
            }
        }

        #[test]
        fn korean_parts_join_to_what_was_carried(text in "[가-힣a-z .!]{0,400}") {
            for encoding in [Encoding::EucKr, Encoding::Cp949] {
                let plan = plan(&text, &carrier(&[encoding], Joining::Udh8));
                let joined = decode(&plan.parts.concat(), encoding);
                let expected: String = text
                    .chars()
                    .map(|code| if plan.lost.contains(&code.to_string()) { '?' } else { code })
                    .collect();
                prop_assert_eq!(joined, (expected, false));
            }
        }

        #[test]
        fn whatever_octets_come_are_read(
            octets in prop::collection::vec(any::<u8>(), 0..300),
            code in any::<u8>(),
        ) {
            if let Some(encoding) = of_data_coding(code, Encoding::Gsm7Packed) {
                let _ = decode(&octets, encoding);
            }
        }
    }
}
