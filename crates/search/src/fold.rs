//! One letter at a time into the form in which it is compared: width, case, accents, kana. Never
//! a word.

use crate::hangul;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// How a letter is cut into terms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Script {
    /// Syllables of Hangul: pairs.
    Hangul,
    /// Letters of Hangul on their own: initial consonants, or a syllable not yet whole.
    Letters,
    /// Han and kana: pairs and singles.
    Han,
    /// Cyrillic: words by their beginning.
    Cyrillic,
    /// Every other alphabet, and digits: words.
    Word,
    /// Continues what stands before it.
    Mark,
    /// Ends a word.
    Gap,
}

/// The script of a letter that is folded.
pub(crate) fn script(letter: char) -> Script {
    match u32::from(letter) {
        0x30..=0x39 | 0x41..=0x5a | 0x61..=0x7a => Script::Word,
        0..=0x7f => Script::Gap,
        0xac00..=0xd7a3 => Script::Hangul,
        0x3131..=0x3163 => Script::Letters,
        0x3005
        | 0x3041..=0x3096
        | 0x30a1..=0x30fa
        | 0x30fc
        | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x20000..=0x3ffff => Script::Han,
        0x400..=0x52f => Script::Cyrillic,
        _ if is_combining_mark(letter) => Script::Mark,
        _ if letter.is_alphanumeric() => Script::Word,
        _ => Script::Gap,
    }
}

/// Appends the folded form: NFKC, lower case, Latin without accents, Mongolian Cyrillic without
/// the letters that keyboards lack, katakana as hiragana.
pub(crate) fn fold(letter: char, to: &mut String) {
    if letter.is_ascii() {
        to.push(letter.to_ascii_lowercase());
        return;
    }
    // NFKC would turn a letter of the keyboard into one that joins others.
    if hangul::is_syllable(letter) || hangul::is_letter(letter) {
        to.push(letter);
        return;
    }
    for wide in std::iter::once(letter).nfkc() {
        for low in wide.to_lowercase() {
            bare(low, to);
        }
    }
}

/// Lower case with its accents.
pub(crate) fn lower(letter: char, to: &mut String) {
    for wide in std::iter::once(letter).nfkc() {
        to.extend(wide.to_lowercase());
    }
}

fn bare(letter: char, to: &mut String) {
    match letter {
        'đ' | 'ð' => to.push('d'),
        'ł' => to.push('l'),
        'ø' => to.push('o'),
        'ß' => to.push_str("ss"),
        'æ' => to.push_str("ae"),
        'ө' => to.push('о'),
        'ү' => to.push('у'),
        'ё' => to.push('е'),
        '\u{30a1}'..='\u{30f6}' => {
            let hiragana = char::from_u32(u32::from(letter) - 0x60);
            to.extend(hiragana);
        }
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            let parts = std::iter::once(letter).nfd();
            to.extend(parts.filter(|part| !is_combining_mark(*part)));
        }
        other => to.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        text.chars().for_each(|letter| fold(letter, &mut out));
        out
    }

    #[test]
    fn each_language_has_its_form() {
        for (text, expected) in [
            ("Đăng Ký", "dang ky"),
            ("Хөдөлмөр үнэ ёс", "ходолмор унэ ес"),
            ("й", "й"),
            ("パスポート", "ぱすぽーと"),
            ("ＡＢＣ１２", "abc12"),
            ("ㅂㅈ 여권", "ㅂㅈ 여권"),
            ("Straße ŁÓDŹ", "strasse lodz"),
        ] {
            assert_eq!(folded(text), expected);
        }
    }

    #[test]
    fn scripts_are_told_apart() {
        for (letter, expected) in [
            ('여', Script::Hangul),
            ('ㄱ', Script::Letters),
            ('証', Script::Han),
            ('か', Script::Han),
            ('・', Script::Gap),
            ('х', Script::Cyrillic),
            ('a', Script::Word),
            ('7', Script::Word),
            ('\u{301}', Script::Mark),
            (' ', Script::Gap),
            ('。', Script::Gap),
        ] {
            assert_eq!(script(letter), expected, "{letter:?}");
        }
    }
}
