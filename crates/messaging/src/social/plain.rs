//! Text as networks count, mark up and cut it: HTML to plain text and back, letters as each network
//! counts them, parts of a thread. Never speaks to a network.

use crate::digest::hex;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

/// Markup that can be shown on a desk: no script, no style, no picture that phones home.
pub fn clean(html: &str) -> String {
    crate::mail::html::clean(html).html
}

/// Markup that can be shown, in the language its writer named: a screen reader speaks it so.
pub fn shown(html: &str, language: Option<&str>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let tagged = |tag: &&str| !tag.is_empty() && tag.len() <= 35 && tag.chars().all(fits);
    let clean = clean(html);
    match language.filter(|tag| *tag != "und").filter(tagged) {
        Some(language) => format!("<div lang=\"{language}\">{clean}</div>"),
        None => clean,
    }
}

/// The text of markup: paragraphs and lines kept, addresses of links written out.
pub fn text_of(html: &str) -> String {
    let clean = clean(html);
    let (mut out, mut link) = (String::new(), None::<(String, usize)>);
    for piece in clean.split_inclusive(['<', '>']) {
        let Some(tag) = piece.strip_suffix('>') else {
            out.push_str(&unescape(piece.strip_suffix('<').unwrap_or(piece)));
            continue;
        };
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name {
            "li" => out.push_str("- "),
            "/p" | "/blockquote" | "/pre" | "/ul" | "/ol" | "/h1" | "/h2" | "/div" => {
                out.push_str("\n\n");
            }
            "br" | "/li" => out.push('\n'),
            "a" => link = address_of(tag).map(|address| (address, out.len())),
            "/a" => {
                if let Some((address, from)) = link.take() {
                    let shown = link_text(&out[from..], &address);
                    out.replace_range(from.., &shown);
                }
            }
            _ => {}
        }
    }
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out.trim().to_owned()
}

fn address_of(tag: &str) -> Option<String> {
    let (_, rest) = tag.split_once("href=\"")?;
    let (address, _) = rest.split_once('"')?;
    Some(unescape(address))
}

/// A name or topic says enough; anything else is followed by where it leads.
fn link_text(shown: &str, address: &str) -> String {
    let bare = |text: &str| {
        let text = text.trim().trim_end_matches('/');
        let text = text.strip_prefix("https://").unwrap_or(text);
        text.strip_prefix("http://").unwrap_or(text).to_owned()
    };
    match shown.trim().chars().next() {
        Some('@' | '#') => shown.to_owned(),
        _ if bare(shown) == bare(address) => address.to_owned(),
        None => address.to_owned(),
        Some(_) => format!("{shown} ({address})"),
    }
}

/// Text without the escapes of markup.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

/// Letters that mean something in markup, written so that they do not.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Text as markup: paragraphs, lines, links.
pub fn html_of(text: &str) -> String {
    let paragraph = |text: &str| {
        let lines: Vec<String> = text.lines().map(linked).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    };
    let paragraphs = text.split("\n\n").filter(|part| !part.trim().is_empty());
    paragraphs.map(paragraph).collect()
}

fn linked(line: &str) -> String {
    let (mut pieces, mut from) = (Vec::new(), 0);
    for (begin, end) in links(line) {
        let address = escape(&line[begin..end]);
        pieces.push(escape(&line[from..begin]));
        pieces.push(format!(
            "<a href=\"{address}\" rel=\"nofollow\">{address}</a>"
        ));
        from = end;
    }
    pieces.push(escape(&line[from..]));
    pieces.concat()
}

/// A short name for a text, the same for the same text.
pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// A short name for a text that only the owner of the secret can find.
pub fn keyed(secret: &[u8], text: &str) -> String {
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(secret);
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes()[..16])
}

/// Where http addresses stand in a text: first byte and the byte after the last.
pub fn links(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("http") {
        let begin = from + at;
        let rest = &text[begin..];
        let scheme = ["https://", "http://"]
            .iter()
            .find(|s| rest.starts_with(**s));
        // Particles of Korean stand right behind an address, so a letter beyond ASCII ends it.
        let ends = |c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | ')');
        let length = rest.find(ends).unwrap_or(rest.len());
        let address = rest[..length].trim_end_matches(['.', ',', ';', ':', '!', '?']);
        match scheme {
            Some(scheme) if address.len() > scheme.len() => {
                found.push((begin, begin + address.len()));
                from = begin + address.len();
            }
            _ => from = begin + 4,
        }
    }
    found
}

/// How a network counts letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// What a reader sees as one letter.
    Graphemes,
    /// Units of UTF-16.
    Utf16,
    /// One for Latin and its neighbors, two for everything else (Hangul, Han, Kana, emoji).
    Weighted,
}

impl Counting {
    /// Letters of a text; an address counts as `link` of them where the network shortens it.
    pub fn count(self, text: &str, link: Option<usize>) -> usize {
        let Some(link) = link else {
            return self.letters(text);
        };
        let (mut sum, mut from) = (0, 0);
        for (begin, end) in links(text) {
            sum += self.letters(&text[from..begin]) + link;
            from = end;
        }
        sum + self.letters(&text[from..])
    }

    fn letters(self, text: &str) -> usize {
        let light =
            |c: char| matches!(u32::from(c), 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247);
        match self {
            Counting::Graphemes => text.graphemes(true).count(),
            Counting::Utf16 => text.encode_utf16().count(),
            Counting::Weighted => text.chars().map(|c| if light(c) { 1 } else { 2 }).sum(),
        }
    }
}

/// Letters kept free in each part for its number, ` (12/34)`.
const MARK: usize = 10;

/// Cuts a text into parts of at most `most` letters, between words where there are any, each
/// marked with its number. Nothing is left out.
pub fn parts(text: &str, most: usize, count: impl Fn(&str) -> usize) -> Vec<String> {
    if count(text) <= most {
        return vec![text.to_owned()];
    }
    let room = most.saturating_sub(MARK).max(1);
    let (mut found, mut part) = (Vec::new(), String::new());
    for word in text.split_inclusive(char::is_whitespace) {
        if count(part.trim_end()) + count(word.trim_end()) + 1 > room && !part.is_empty() {
            found.push(std::mem::take(&mut part));
        }
        if count(word.trim_end()) <= room {
            part.push_str(word);
            continue;
        }
        for letter in word.graphemes(true) {
            if count(&part) + count(letter) > room {
                found.push(std::mem::take(&mut part));
            }
            part.push_str(letter);
        }
    }
    found.push(part);
    found.retain(|part| !part.trim().is_empty());
    let all = found.len();
    let numbered = found.iter().enumerate();
    numbered
        .map(|(index, part)| format!("{} ({}/{all})", part.trim(), index + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text_that_loses_nothing() {
        let html = "<p><span class=\"h-card\"><a href=\"https://city.example/actor\">@<span>120\
                    </span></a></span> 눈 &amp; 얼음 &lt;b&gt;</p><p>a<br>b <a href=\"https://\
                    x.example/long/way\"><span class=\"invisible\">https://</span>x.example/long\
                    <span>/way</span></a> <a href=\"https://y.example\">here</a></p>";
        let text = "@120 눈 & 얼음 <b>\n\na\nb https://x.example/long/way here (https://y.example)";
        assert_eq!(text_of(html), text);
        assert_eq!(text_of("<ul><li>one</li><li>two</li></ul>"), "- one\n- two");
    }

    #[test]
    fn markup_is_made_harmless() {
        let html = "<p onclick=\"x()\">hi<script>alert(1)</script><img src=\"https://spy.example\">\
                    <a href=\"javascript:x()\">go</a><style>p{}</style></p>";
        let clean = clean(html);
        for bad in ["script", "onclick", "img", "style", "javascript", "alert"] {
            assert!(!clean.contains(bad), "{bad} in {clean}");
        }
        assert_eq!(text_of(html), "higo");
    }

    #[test]
    fn text_becomes_markup_that_says_the_same() {
        let text = "a < b & \"c\"\nsee https://x.example/?a=1&b=2.\n\nbye";
        assert_eq!(text_of(&html_of(text)), text);
        let particle = html_of("https://x.example/a에서");
        assert!(
            particle.contains(">https://x.example/a</a>에서"),
            "{particle}"
        );
        assert!(html_of(text).contains("<a href=\"https://x.example/?a=1&amp;b=2\""));
    }

    #[test]
    fn letters_are_counted_as_the_network_counts_them() {
        let family = "👨‍👩‍👧";
        assert_eq!(Counting::Graphemes.count(family, None), 1);
        assert_eq!(Counting::Utf16.count("눈😀", None), 3);
        assert_eq!(Counting::Weighted.count("ab눈", None), 4);
        let link = format!("see https://x.example/{}!", "a".repeat(90));
        assert_eq!(Counting::Graphemes.count(&link, Some(23)), 4 + 23 + 1);
    }

    #[test]
    fn a_long_text_is_cut_between_words_and_nothing_is_lost() {
        let words: Vec<String> = (0..200).map(|n| format!("단어{n}")).collect();
        let text = words.join(" ");
        let graphemes = |text: &str| Counting::Graphemes.count(text, None);
        let cut = parts(&text, 300, graphemes);
        assert!(cut.len() > 1 && cut.iter().all(|part| graphemes(part) <= 300));
        let all = cut.len();
        let bare: Vec<&str> = cut
            .iter()
            .enumerate()
            .map(|(at, part)| part.strip_suffix(&format!(" ({}/{all})", at + 1)).unwrap())
            .collect();
        assert_eq!(bare.join(" "), text);

        let endless = "가".repeat(700);
        let cut = parts(&endless, 300, graphemes);
        assert!(cut.iter().all(|part| graphemes(part) <= 300));
        assert_eq!(cut.concat().matches('가').count(), 700);
        assert_eq!(parts("short", 300, graphemes), ["short"]);
    }
}
