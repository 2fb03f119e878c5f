//! HTML of a mail to a few harmless elements and to plain text, in one pass. What goes out is
//! written anew from a short list: never a script, an image, a style or a foreign attribute.

use mail_parser::decoders::html::add_html_token;

/// Elements that are written again. None of them loads anything, and none changes how the rest is
/// parsed, so that a browser builds what stands here and nothing else.
const KEPT: [&str; 31] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
/// Elements whose content is nothing to read.
const SKIPPED: [&str; 10] = [
    "iframe", "noembed", "noframes", "noscript", "script", "style", "template", "textarea",
    "title", "xmp",
];
const VOID: [&str; 2] = ["br", "hr"];
/// Elements that begin a new line of text.
const BLOCKS: [&str; 17] = [
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "table",
    "tr",
    "ul",
];
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];
/// Open elements; deeper ones lose their tags and keep their text.
const DEPTH_MAX: usize = 64;
const HREF_BYTES_MAX: usize = 2_000;

/// What became of an HTML text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Harmless HTML.
    pub html: String,
    /// The same as plain text; quotations carry `> `.
    pub text: String,
}

/// Cleans an HTML text.
pub fn clean(source: &str) -> Cleaned {
    let mut writer = Writer::default();
    let mut reader = Reader {
        source,
        at: 0,
        missing: Vec::new(),
        quotes_count: true,
    };
    while let Some(token) = reader.next() {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Open { name, inside } => writer.open(&name, inside),
            Token::Close(name) => writer.close(&name),
        }
    }
    writer.finish()
}

enum Token<'a> {
    Text(&'a str),
    Open { name: String, inside: &'a str },
    Close(String),
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    /// Ends that do not occur again, so that each is looked for in vain only once.
    missing: Vec<String>,
    /// Until a tag is found that no `>` outside quotes ends: from then on any `>` ends one.
    quotes_count: bool,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.source[self.at..];
            let first = rest.chars().next()?;
            if first != '<' {
                let length = rest.find('<').unwrap_or(rest.len());
                self.at += length;
                return Some(Token::Text(&rest[..length]));
            }
            let second = rest[1..].chars().next().unwrap_or(' ');
            let third = rest[1..].chars().nth(1).unwrap_or(' ');
            let tag = second.is_ascii_alphabetic() || second == '/' && third.is_ascii_alphabetic();
            if tag && let Some(token) = self.tag(rest) {
                return Some(token);
            }
            let comment = !tag && matches!(second, '!' | '?' | '/');
            if !(comment && self.comment(rest)) {
                self.at += 1;
                return Some(Token::Text("<"));
            }
        }
    }

    /// A tag up to its `>`, quotes respected.
    fn tag(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let simple = self.end(rest, ">")? + 1;
        let length = self.quotes_count.then(|| tag_length(rest)).flatten();
        self.quotes_count &= length.is_some();
        let length = length.unwrap_or(simple);
        let inside = &rest[1..length - 1];
        self.at += length;
        let closes = inside.starts_with('/');
        let words = inside.trim_start_matches('/');
        let name_length = words
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(words.len());
        let name = words[..name_length].to_ascii_lowercase();
        if closes {
            return Some(Token::Close(name));
        }
        if SKIPPED.contains(&name.as_str()) {
            let rest = &self.source[self.at..];
            if let Some(end) = self.end(rest, &format!("</{name}")) {
                self.at += end;
            }
        }
        let inside = &words[name_length..];
        Some(Token::Open { name, inside })
    }

    fn comment(&mut self, rest: &str) -> bool {
        let ends: &[&str] = if rest.starts_with("<!--") {
            &["-->", ">"]
        } else {
            &[">"]
        };
        for end in ends {
            if let Some(at) = self.end(rest, end) {
                self.at += at + end.len();
                return true;
            }
        }
        false
    }

    /// Where something stands next, whatever the case of its letters.
    fn end(&mut self, rest: &str, end: &str) -> Option<usize> {
        if self.missing.iter().any(|missing| missing == end) {
            return None;
        }
        let found = rest
            .as_bytes()
            .windows(end.len())
            .position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
        if found.is_none() {
            self.missing.push(end.to_owned());
        }
        found
    }
}

/// Bytes of the tag that begins here, with `<` and `>`. A quote that never ends
/// ends the counting of quotes in the whole text, so that reading it stays linear.
fn tag_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    let mut value = false;
    while at < bytes.len() {
        match bytes[at] {
            b'>' => return Some(at + 1),
            quote @ (b'"' | b'\'') if value => {
                let end = bytes[at + 1..].iter().position(|byte| *byte == quote)?;
                at += end + 1;
                value = false;
            }
            b'=' => value = true,
            byte if !byte.is_ascii_whitespace() => value = false,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The value of an attribute, entities resolved.
fn attribute(inside: &str, wanted: &str) -> Option<String> {
    let mut rest = inside;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let name_end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, '=' | '/'))
            .map_or(rest.len(), |(at, _)| at);
        let name = &rest[..name_end];
        rest = rest[name_end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(
                    after
                        .find(|c: char| c.is_ascii_whitespace())
                        .unwrap_or(after.len()),
                ),
            };
        }
        if name.eq_ignore_ascii_case(wanted) {
            return Some(resolve(value));
        }
    }
}

/// Entities to letters; what is none stays as it is. Letters that move the cursor are left out.
fn resolve(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest
            .bytes()
            .take(34)
            .skip(1)
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
            .count();
        let whole = length > 0 && rest.as_bytes().get(length + 1) == Some(&b';');
        if whole {
            add_html_token(&mut out, &rest.as_bytes()[..length + 2], false);
            rest = &rest[length + 2..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out.retain(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    out
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// An address that may be followed by a click.
fn harmless_href(inside: &str) -> Option<String> {
    let mut href = attribute(inside, "href")?;
    href.retain(|c| !c.is_whitespace() && !c.is_control());
    let lower = href.to_ascii_lowercase();
    let known = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
    (known && href.len() <= HREF_BYTES_MAX).then_some(href)
}

#[derive(Default)]
struct Writer {
    html: String,
    open: Vec<&'static str>,
    plain: Plain,
    /// Where the link goes that is open, and where its text began.
    link: Option<(String, usize)>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let text = resolve(text);
        escape(&text, &mut self.html);
        self.plain.write(&text, self.open.contains(&"pre"));
    }

    fn open(&mut self, name: &str, inside: &str) {
        if name == "img"
            && let Some(alt) = attribute(inside, "alt").filter(|alt| !alt.trim().is_empty())
        {
            let shown = format!("[{}]", alt.trim());
            escape(&shown, &mut self.html);
            self.plain.write(&shown, false);
        }
        let Some(name) = KEPT.iter().find(|kept| **kept == name).copied() else {
            return;
        };
        let void = VOID.contains(&name);
        if !void && self.open.len() >= DEPTH_MAX {
            return;
        }
        self.plain.open(name);
        if void {
            self.tag("<", name);
            return;
        }
        self.open.push(name);
        match harmless_href(inside).filter(|_| name == "a") {
            Some(href) => {
                self.html.push_str("<a href=\"");
                escape(&href, &mut self.html);
                self.html
                    .push_str("\" rel=\"noopener noreferrer nofollow\">");
                self.link = Some((href, self.plain.out.len()));
            }
            None => self.tag("<", name),
        }
    }

    fn tag(&mut self, begin: &str, name: &str) {
        self.html.push_str(begin);
        self.html.push_str(name);
        self.html.push('>');
    }

    fn close(&mut self, name: &str) {
        let Some(depth) = self.open.iter().rposition(|open| *open == name) else {
            return;
        };
        while self.open.len() > depth {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if name == "a"
            && let Some((href, begun)) = self.link.take()
        {
            let shown = self.plain.out.get(begun..).unwrap_or("");
            let bare = href
                .trim_start_matches("mailto:")
                .trim_start_matches("tel:");
            if !shown.contains(bare.trim_end_matches('/')) {
                self.plain.write(&format!(" <{href}>"), false);
            }
        }
        self.plain.close(name);
        self.tag("</", name);
    }

    fn finish(mut self) -> Cleaned {
        while !self.open.is_empty() {
            self.close_last();
        }
        Cleaned {
            html: self.html.trim().to_owned(),
            text: self.plain.out.trim_end().to_owned(),
        }
    }
}

/// The plain text as it grows: lines, blank lines, depth of quotation.
#[derive(Default)]
struct Plain {
    out: String,
    /// Line ends owed before the next letter: 1 a new line, 2 a blank line between.
    breaks: usize,
    space: bool,
    begun: bool,
    depth: usize,
    /// Depth of the letter before.
    depth_before: usize,
}

impl Plain {
    fn write(&mut self, text: &str, as_it_is: bool) {
        for letter in text.chars() {
            if as_it_is && letter == '\n' {
                self.breaks += 1;
                self.space = false;
            } else if letter.is_whitespace() && !as_it_is {
                self.space = true;
            } else {
                self.letter(letter);
            }
        }
    }

    fn letter(&mut self, letter: char) {
        if !self.begun || self.breaks > 0 {
            let quote = "> ".repeat(self.depth);
            let between = "> ".repeat(self.depth.min(self.depth_before));
            for broken in 0..self.breaks * usize::from(self.begun) {
                self.out.push('\n');
                if broken + 1 < self.breaks {
                    self.out.push_str(between.trim_end());
                }
            }
            self.out.push_str(&quote);
        } else if self.space {
            self.out.push(' ');
        }
        self.begun = true;
        self.depth_before = self.depth;
        self.breaks = 0;
        self.space = false;
        self.out.push(letter);
    }

    fn break_line(&mut self, least: usize) {
        self.breaks = self.breaks.max(least);
        self.space = false;
    }

    fn open(&mut self, name: &str) {
        match name {
            "br" => {
                self.breaks += 1;
                self.space = false;
            }
            "td" | "th" => self.space = true,
            "p" | "blockquote" => self.break_line(2),
            name if BLOCKS.contains(&name) => self.break_line(1),
            _ => {}
        }
        self.depth += usize::from(name == "blockquote");
        if name == "li" {
            self.write("- ", false);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => self.break_line(2),
            "blockquote" => {
                self.break_line(2);
                self.depth = self.depth.saturating_sub(1);
            }
            name if BLOCKS.contains(&name) => self.break_line(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_images_styles_and_handlers_do_not_come_through() {
        let cleaned = clean(
            "<html><head><title>t</title><style>p{}</style></head><body onload=x()>\
             <p style='x' onclick=\"evil()\">가로등이 <b>꺼졌어요</b></p>\
             <script>steal()</script><img src=https://spy.example/pixel.gif>\
             <img alt='사진' src=cid:1><a href='javascript:evil()'>여기</a>\
             <svg><style><img src=x onerror=evil()></style></svg></body></html>",
        );
        assert_eq!(
            cleaned.html,
            "<p>가로등이 <b>꺼졌어요</b></p>[사진]<a>여기</a>"
        );
        assert_eq!(cleaned.text, "가로등이 꺼졌어요\n\n[사진]여기");
    }

    #[test]
    fn links_show_where_they_go() {
        let cleaned =
            clean("<a title='>' href=\"HTTPS://evil.example/?a=1&amp;b=2\">your bank</a>");
        assert_eq!(
            cleaned.html,
            "<a href=\"HTTPS://evil.example/?a=1&amp;b=2\" \
             rel=\"noopener noreferrer nofollow\">your bank</a>"
        );
        assert_eq!(cleaned.text, "your bank <HTTPS://evil.example/?a=1&b=2>");
        assert_eq!(
            clean("<a href=http://a.example/>http://a.example</a>").text,
            "http://a.example"
        );
        for bad in [
            "java\nscript:x",
            "data:text/html,x",
            "&#106;avascript:x",
            "//x.example",
        ] {
            let html = clean(&format!("<a href=\"{bad}\">x</a>")).html;
            assert_eq!(html, "<a>x</a>", "{bad}");
        }
    }

    #[test]
    fn text_keeps_lines_lists_and_quotations() {
        let cleaned = clean(
            "<div>Hello,</div><div>two   words<br>next&nbsp;line &lt;3 &amp;c &unknown;</div>\
             <ul><li>one<li>two</ul><blockquote><p>old</p><p>older</p></blockquote>after",
        );
        assert_eq!(
            cleaned.text,
            "Hello,\ntwo words\nnext line <3 &c &unknown;\n- one\n- two\n\n> old\n>\n> older\n\nafter"
        );
        assert!(cleaned.html.ends_with("</blockquote>after"));
    }

    #[test]
    fn what_is_no_markup_stays_text() {
        assert_eq!(clean("1 < 2 and 3 > 2 <").text, "1 < 2 and 3 > 2 <");
        assert_eq!(clean("a <!-- hidden --> b <!doctype x> c").text, "a b c");
        assert_eq!(clean("<p title=\"never ends>text</p>").text, "text");
        assert_eq!(clean("<title>not closed").text, "not closed");
        assert_eq!(clean("<pre>a\n  b</pre>").text, "a\n  b");
    }

    /// Whatever comes in, only listed tags with listed attributes go out, each closed.
    #[test]
    fn nothing_else_ever_goes_out() {
        let pieces = [
            "<",
            ">",
            "</",
            "script",
            "a",
            " href=",
            "\"",
            "'",
            "javascript:",
            "https://x",
            "<!--",
            "-->",
            "&lt;",
            "&#60;",
            "style",
            "svg",
            "p",
            "blockquote",
            "/",
            "=",
            " ",
            "한",
            "\0",
            "onload=",
            "img",
            "]]>",
            "<![CDATA[",
            "template",
        ];
        let mut seed = 1u64;
        for _ in 0..20_000 {
            let mut source = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                source.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            assert_listed(&clean(&source).html, &source);
        }
    }

    fn assert_listed(html: &str, source: &str) {
        for tag in html.split('<').skip(1) {
            let (tag, after) = tag.split_once('>').expect("tags are closed");
            assert!(!after.contains('>'), "{source}: {html}");
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(KEPT.contains(&name), "{source}: {html}");
            let link = tag.strip_prefix("a href=\"").map(|rest| {
                let (href, rel) = rest.split_once('"').unwrap();
                let harmless = SCHEMES.iter().any(|scheme| href.starts_with(scheme));
                harmless && rel == " rel=\"noopener noreferrer nofollow\""
            });
            let plain = !tag.contains([' ', '"', '\'', '=']);
            assert!(link.unwrap_or(plain), "{source}: {html}");
        }
    }

    #[test]
    fn large_and_deep_texts_are_read_in_one_pass() {
        for piece in [
            "<div>",
            "<!--",
            "<a '",
            "<script>",
            "<p x=\"",
            "&",
            "<",
            "</",
            "<blockquote>x",
        ] {
            let source = piece.repeat(200_000);
            assert!(clean(&source).html.len() < source.len() * 8);
        }
    }
}
