//! A page of questions and answers in HTML as articles: what stands under a heading answers it.
//! Reads only what the cleaner of mails wrote: a few elements, well formed. Never keeps markup.

use super::file::Found;
use super::import::Given;
use super::tables::{answer_and_details, code_of};
use center::knowledge::{Text, Written};

/// Elements that begin a new line.
const BLOCKS: [&str; 9] = [
    "blockquote",
    "div",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "tbody",
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

/// The page as it is read: what stands under each heading so far, and what is not at its end yet.
#[derive(Default)]
struct Page {
    sections: Vec<Section>,
    /// The line that grows, and what of it is bold.
    line: String,
    bold: String,
    in_heading: bool,
    in_bold: bool,
    /// Terms of a list whose description has not come yet.
    terms: Vec<String>,
    in_term: bool,
    /// Open tables, the innermost last.
    tables: Vec<Table>,
}

/// A table of which a row grows.
#[derive(Default)]
struct Table {
    /// Names of its columns.
    names: Vec<String>,
    cells: Vec<Cell>,
    in_cell: bool,
}

/// A cell: its lines, and whether it names a row or a column.
#[derive(Default)]
struct Cell {
    lines: Vec<String>,
    names: bool,
}

fn sections(html: &str) -> Vec<Section> {
    let mut page = Page {
        sections: vec![Section::default()],
        ..Page::default()
    };
    let mut rest = html;
    while !rest.is_empty() {
        let (text, tag, after) = next(rest);
        rest = after;
        let text = decoded(text);
        page.line.push_str(&text);
        if page.in_bold {
            page.bold.push_str(&text);
        }
        let Some(tag) = tag else { break };
        match tag.strip_prefix('/') {
            Some(name) => page.tag(name, true),
            None => page.tag(tag.split_whitespace().next().unwrap_or_default(), false),
        }
    }
    page.flush(false);
    while !page.tables.is_empty() {
        page.table(true);
    }
    page.settle_terms();
    page.sections
}

impl Page {
    fn tag(&mut self, name: &str, closing: bool) {
        match name {
            "h1" | "h2" | "h3" | "h4" => {
                self.flush(false);
                self.in_heading = !closing;
            }
            "b" | "strong" => self.in_bold = !closing,
            "br" => self.flush(false),
            "dl" | "dt" | "dd" => self.definition(name, closing),
            "table" => self.table(closing),
            "tr" => {
                self.flush(false);
                self.end_row();
            }
            "td" | "th" => self.cell(name == "th", closing),
            name if BLOCKS.contains(&name) => {
                // A paragraph of nothing but bold letters that asks is a heading, too.
                let asks = closing && asks(&self.bold) && same(&self.bold, &self.line);
                if asks {
                    self.head();
                } else {
                    self.flush(name == "ul");
                }
                self.bold.clear();
                if name == "li" && !closing {
                    self.line.push_str("- ");
                }
            }
            _ => {}
        }
    }

    /// A term stands before its description; one that asks is a heading.
    fn definition(&mut self, name: &str, closing: bool) {
        if self.in_term {
            self.in_term = false;
            if asks(&self.line) {
                self.head();
            } else {
                self.terms.extend(taken(&mut self.line));
            }
        }
        self.flush(false);
        match name {
            "dt" => self.in_term = !closing,
            "dl" => self.settle_terms(),
            _ => {}
        }
    }

    /// Terms without a description stand alone.
    fn settle_terms(&mut self) {
        let terms = std::mem::take(&mut self.terms);
        for term in terms {
            self.put(format!("- {term}"));
        }
    }

    fn table(&mut self, closing: bool) {
        self.flush(false);
        if closing {
            self.end_row();
            self.tables.pop();
        } else {
            self.tables.push(Table::default());
        }
    }

    fn cell(&mut self, names: bool, closing: bool) {
        self.flush(false);
        if let Some(table) = self.tables.last_mut() {
            table.in_cell = !closing;
            if !closing {
                let lines = Vec::new();
                table.cells.push(Cell { lines, names });
            }
        }
    }

    /// A row of names names the columns; another one is a line, each cell behind its name.
    fn end_row(&mut self) {
        let Some(table) = self.tables.last_mut() else {
            return;
        };
        table.in_cell = false;
        let cells = std::mem::take(&mut table.cells);
        if cells.len() > 1 && cells.iter().all(|cell| cell.names) {
            table.names = cells.iter().map(Cell::text).collect();
            return;
        }
        // What is no table but a frame keeps its lines.
        if let [only] = &cells[..] {
            for line in &only.lines {
                self.put(line.clone());
            }
            return;
        }
        let names = &table.names;
        let head = cells.first().filter(|cell| cell.names).map(Cell::text);
        let from = usize::from(head.is_some());
        let told = cells
            .iter()
            .enumerate()
            .skip(from)
            .filter_map(|(at, cell)| {
                let text = Some(cell.text()).filter(|text| !text.is_empty())?;
                let name = names.get(at).filter(|name| !name.is_empty());
                Some(name.map_or_else(|| text.clone(), |name| format!("{name}: {text}")))
            });
        let told = told.collect::<Vec<_>>().join(" · ");
        let parts = [head.unwrap_or_default(), told];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            self.put(format!("- {}", parts.join(": ")));
        }
    }

    /// Ends a line.
    fn flush(&mut self, list: bool) {
        if self.in_heading {
            return self.head();
        }
        if self.in_term {
            self.line.push(' ');
            return;
        }
        let Some(text) = taken(&mut self.line) else {
            return;
        };
        if text == "-" {
            // An item whose text stands in a paragraph of its own.
            if !list {
                self.line.push_str("- ");
            }
            return;
        }
        let terms = std::mem::take(&mut self.terms).join(", ");
        match terms.as_str() {
            "" => self.put(text),
            terms if text.starts_with("- ") => {
                self.put(format!("- {terms}:"));
                self.put(text);
            }
            terms => self.put(format!("- {terms}: {text}")),
        }
    }

    /// A line belongs to the open cell, else to the last heading.
    fn put(&mut self, text: String) {
        let cell = self.tables.iter_mut().rev().find(|table| table.in_cell);
        if let Some(cell) = cell.and_then(|table| table.cells.last_mut()) {
            cell.lines.push(text);
        } else if let Some(last) = self.sections.last_mut() {
            last.lines.push(text);
        }
    }

    /// Ends a line that is a heading, in whatever frame it stands.
    fn head(&mut self) {
        let Some(text) = taken(&mut self.line).filter(|text| text != "-") else {
            return;
        };
        self.settle_terms();
        self.spill();
        let last = self.sections.last_mut().expect("there is always a section");
        if last.lines.is_empty() && !last.heading.is_empty() && last.heading.len() < 300 {
            // A heading above a heading is the name of a chapter.
            last.heading = text;
        } else {
            self.sections.push(Section {
                heading: text,
                lines: Vec::new(),
            });
        }
    }

    /// What stands in open rows belongs to the heading before.
    fn spill(&mut self) {
        let mut lines = Vec::new();
        for table in &mut self.tables {
            for cell in &mut table.cells {
                lines.append(&mut cell.lines);
            }
            // What stood before in the row is told; the open cell goes on.
            table.cells.truncate(usize::from(table.in_cell));
        }
        let last = self.sections.last_mut().expect("there is always a section");
        last.lines.append(&mut lines);
    }
}

impl Cell {
    fn text(&self) -> String {
        self.lines.join(" ")
    }
}

/// What grew, with single spaces; none where there is nothing to read.
fn taken(line: &mut String) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let text = words.join(" ");
    line.clear();
    (!text.is_empty()).then_some(text)
}

fn asks(text: &str) -> bool {
    text.trim().ends_with(['?', '？'])
}

fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
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

    /// The one article of a page: its answer and its details.
    fn one(html: &str) -> (String, String) {
        let found = read(html, &given());
        assert_eq!(
            (found.articles.len(), found.flaws),
            (1, Vec::new()),
            "{html}"
        );
        let text = &found.articles[0].texts[&Language::En].text;
        (text.answer.clone(), text.details.clone())
    }

    #[test]
    fn lists_of_terms_are_lines_and_terms_that_ask_are_headings() {
        let (_, details) = one(
            "<h2>Pay</h2><p>At a bank.</p><dl><dt>Fee</dt><dd>2,000 won</dd>\
             <dt>By card</dt><dt>by phone</dt><dd>Free.</dd><dd>At once.</dd>\
             <dt>Bring</dt><dd><ul><li>the bill</li><li>a card</li></ul></dd><dt>Cash</dt></dl>",
        );
        assert_eq!(
            details,
            "- Fee: 2,000 won\n- By card, by phone: Free.\nAt once.\n\
             - Bring:\n- the bill\n- a card\n- Cash"
        );
        // Ends of terms are left out by many, and then closed from within by the cleaner.
        let (_, details) = one("<h2>Pay</h2><p>At a bank.</p>\
             <dl><dt>A<dd>one<dt>B<dd>two</dd></dt></dd></dt></dl><p>End.</p>");
        assert_eq!(details, "- A: one\n- B: two\nEnd.");
        let found = read(
            "<dl><dt>Is it safe?</dt><dd>Yes.</dd><dt><b>Is it hard?</b></dt><dd>No.</dd></dl>",
            &given(),
        );
        let titles: Vec<_> = found.articles.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(titles, ["is-it-safe", "is-it-hard"]);
    }

    #[test]
    fn rows_of_tables_are_lines_with_the_names_of_their_columns() {
        let (_, details) = one("<h2>Fees</h2><p>By age.</p><table><thead><tr><th>Who</th>\
             <th>Fee</th><th>Where</th></tr></thead><tbody><tr><th>Adult</th><td>5,000</td>\
             <td>bank<br>post</td></tr><tr><td>Child</td><td></td><td>bank</td></tr></table>");
        assert_eq!(
            details,
            "- Adult: Fee: 5,000 · Where: bank post\n- Who: Child · Where: bank"
        );
        let (answer, details) = one(
            "<h2>Hours</h2><table><tr><td>Mon</td><td>9 to 6</td></tr></table>\
             <p>Closed on Sunday.</p>",
        );
        assert_eq!(
            (answer.as_str(), details.as_str()),
            ("- Mon · 9 to 6", "Closed on Sunday.")
        );
        // A frame is no table.
        let framed = "<table><tr><td>Menu</td><td><h2>Is it safe?</h2><p>Yes.</p>\
                      <table><tr><td>Mon</td><td>9</td></tr></table></td></tr></table>";
        let (answer, details) = one(framed);
        assert_eq!((answer.as_str(), details.as_str()), ("Yes.", "- Mon · 9"));
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
