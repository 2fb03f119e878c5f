//! A page of questions and answers in HTML as articles: what stands under a heading answers it.
//! Reads only what the cleaner of mails wrote: a few elements, well formed. Never keeps markup.

use super::file::Found;
use super::import::Given;
use super::tables::{answer_and_details, code_of};
use center::knowledge::{Text, Written};

/// Elements that begin a new line.
const BLOCKS: [&str; 12] = [
    "blockquote",
    "div",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

/// A heading and what stands under it.
#[derive(Default)]
struct Section {
    heading: String,
    lines: Vec<String>,
}

/// Reads cleaned HTML.
pub(crate) fn read(html: &str, given: &Given) -> Found {
    let mut found = Found::default();
    let mut codes: Vec<String> = Vec::new();
    for section in sections(html) {
        let content = section.lines.join("\n");
        if section.heading.is_empty() || content.trim().is_empty() {
            continue;
        }
        let code = code_of(&section.heading);
        if codes.contains(&code) {
            found.flaw(section.heading, "this heading is there twice");
            continue;
        }
        // The first paragraph answers; sentences beyond two are details.
        let (first, rest) = content.split_once('\n').unwrap_or((&content, ""));
        let (answer, details) = answer_and_details(first, rest);
        let mut article = given.article(&code);
        let written = Written {
            text: Text {
                title: section.heading,
                answer,
                details,
                ..Text::default()
            },
            ..Written::default()
        };
        article.texts.insert(given.language, written);
        article.facts.source = given.language;
        codes.push(code);
        found.articles.push(article);
    }
    if found.articles.is_empty() && found.flaws.is_empty() {
        found.flaw("1", "there is no heading with a text under it");
    }
    found
}

fn sections(html: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut line = String::new();
    let mut bold = String::new();
    let mut in_heading = false;
    let mut in_bold = false;
    let mut rest = html;
    while !rest.is_empty() {
        let (text, tag, after) = next(rest);
        rest = after;
        let text = decoded(text);
        line.push_str(&text);
        if in_bold {
            bold.push_str(&text);
        }
        let Some(tag) = tag else { break };
        let (closing, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag.split_whitespace().next().unwrap_or_default()),
        };
        match name {
            "h1" | "h2" | "h3" | "h4" => {
                flush(&mut sections, &mut line, in_heading, false);
                in_heading = !closing;
            }
            "b" | "strong" => in_bold = !closing,
            "br" => flush(&mut sections, &mut line, in_heading, false),
            "td" | "th" if closing => line.push(' '),
            name if BLOCKS.contains(&name) => {
                // A paragraph of nothing but bold letters that asks is a heading, too.
                let asks = closing && bold.trim().ends_with(['?', '？']) && same(&bold, &line);
                flush(&mut sections, &mut line, in_heading || asks, name == "ul");
                bold.clear();
                if name == "li" && !closing {
                    line.push_str("- ");
                }
            }
            _ => {}
        }
    }
    flush(&mut sections, &mut line, in_heading, false);
    sections
}

fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// Ends a line: it is a heading, or belongs to the last one.
fn flush(sections: &mut Vec<Section>, line: &mut String, heading: bool, list: bool) {
    let text: Vec<&str> = line.split_whitespace().collect();
    let text = text.join(" ");
    line.clear();
    if text.is_empty() || text == "-" {
        // An item whose text stands in a paragraph of its own.
        if text == "-" && !list {
            line.push_str("- ");
        }
        return;
    }
    let last = sections.last_mut().expect("there is always a section");
    if heading && last.lines.is_empty() && !last.heading.is_empty() && last.heading.len() < 300 {
        // A heading above a heading is the name of a chapter.
        last.heading = text;
    } else if heading {
        sections.push(Section {
            heading: text,
            lines: Vec::new(),
        });
    } else {
        last.lines.push(text);
    }
}

/// The text up to a tag, the tag without its brackets, and what follows.
fn next(html: &str) -> (&str, Option<&str>, &str) {
    let Some(open) = html.find('<') else {
        return (html, None, "");
    };
    let (text, rest) = html.split_at(open);
    match rest.find('>') {
        Some(close) => (text, Some(&rest[1..close]), &rest[close + 1..]),
        None => (html, None, ""),
    }
}

/// The few references that the cleaner writes.
fn decoded(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use center::city::Language;

    fn given() -> Given {
        Given {
            owner: "WTR".into(),
            category: "WAT-01-01".into(),
            language: Language::En,
        }
    }

    #[test]
    fn what_stands_under_a_heading_answers_it() {
        let html = "<h1>Water</h1><h2>How do I pay?</h2><p>At a bank. Or by phone. Never in cash.</p>\
                    <ul><li>Card</li><li>Transfer &amp; more</li></ul>\
                    <h2>Empty</h2><h3>Who reads <b>meters</b>?</h3><div>We do.<br>Twice a year.</div>\
                    <p><strong>Is it safe?</strong></p><p>Yes.</p>";
        let found = read(html, &given());
        assert_eq!(found.flaws, []);
        let told: Vec<(&str, &str, &str)> = found
            .articles
            .iter()
            .map(|article| {
                let text = &article.texts[&Language::En].text;
                (
                    text.title.as_str(),
                    text.answer.as_str(),
                    text.details.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    "How do I pay?",
                    "At a bank. Or by phone.",
                    "Never in cash.\n\n- Card\n- Transfer & more"
                ),
                ("Who reads meters?", "We do.", "Twice a year."),
                ("Is it safe?", "Yes.", ""),
            ]
        );
        assert_eq!(found.articles[0].code, "how-do-i-pay");
    }

    #[test]
    fn what_has_no_headings_and_what_is_cut_off_is_said() {
        for html in ["", "<p>Only text</p>", "<h2>Heading</h2>", "<h2", "a < b"] {
            let found = read(html, &given());
            assert!(found.articles.is_empty(), "{html}");
            assert_eq!(found.flaws.len(), 1, "{html}");
        }
        let twice = "<h2>Same</h2><p>One.</p><h2>Same</h2><p>Two.</p>";
        let found = read(twice, &given());
        assert_eq!((found.articles.len(), found.flaws.len()), (1, 1));
    }
}
