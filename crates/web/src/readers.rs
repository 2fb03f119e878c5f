//! Every reader of this room as a function of bytes, with what must hold whatever they are: for
//! fuzzing. Never part of a page.

use crate::library::file::{self, Found};
use crate::library::import::Given;
use crate::library::{hsds, markup, tables};
use crate::session::Sessions;
use crate::{commands, csv, figures, sample_city};
use center::city::{City, CounselorId, Language};
use center::time::Zone;
use std::sync::LazyLock;

const VERBS: [&str; 14] = [
    "ready",
    "rest",
    "accept",
    "decline",
    "hold",
    "resume",
    "hang-up",
    "take-task",
    "drop-task",
    "classify",
    "finish",
    "note",
    "transfer",
    "?",
];

/// The body of a desk's request, for every verb.
pub fn desk(bytes: &[u8]) {
    let Ok(ask) = serde_json::from_slice::<commands::Ask>(bytes) else {
        return;
    };
    for verb in VERBS {
        let normalize = |number: &str| store::number::normalize(number, "82");
        let _ = commands::order(verb, &ask, CounselorId(1), normalize, str::to_owned);
    }
}

/// A table of two rows whose cells are parted by 0x1f: read as RFC 4180 says, it is the same, and
/// no cell is a formula.
pub fn csv(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let cells: Vec<String> = text.split('\u{1f}').map(str::to_owned).collect();
    let mut table = String::new();
    csv::row(&mut table, &cells);
    csv::row(&mut table, &cells);
    let read = rows(&table);
    assert_eq!(read.len(), 2, "{table:?}");
    for row in &read {
        assert_eq!(row.len(), cells.len(), "{table:?}");
        for (read, cell) in row.iter().zip(&cells) {
            assert_eq!(
                read.strip_prefix('\'').unwrap_or(read),
                cell.strip_prefix('\'').unwrap_or(cell)
            );
            let formula = read.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!formula || read.parse::<f64>().is_ok(), "{read:?}");
        }
    }
}

/// Reads a table by RFC 4180, apart from the code that writes it.
fn rows(table: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut letters = table.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(letter),
        }
    }
    rows
}

/// A session cookie: none that we did not write opens anything.
pub fn cookie(bytes: &[u8]) {
    let sessions = Sessions::new(vec![7; 32]);
    let cookie = String::from_utf8_lossy(bytes);
    assert!(sessions.read(&cookie, 1_000).is_none(), "{cookie}");
}

/// A date of a form.
pub fn date(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = figures::parse_field(&Zone::fixed(9 * 3_600_000), &text);
}

/// Articles from outside: none without a code, and a file of which nothing could be read says why.
fn sound(found: &Found) {
    assert!(!found.articles.is_empty() || !found.flaws.is_empty());
    assert!(found.articles.iter().all(|one| !one.code.is_empty()));
}

/// The same from a form that names its articles by their titles.
fn titled(found: &Found) {
    sound(found);
    for article in &found.articles {
        let texts = article.texts.values();
        let untitled = texts.filter(|one| one.text.title.trim().is_empty()).count();
        assert_eq!((untitled, article.partial), (0, true), "{}", article.code);
    }
}

/// One city for every try.
static CITY: LazyLock<City> = LazyLock::new(sample_city::city);

fn given() -> Given {
    Given {
        owner: "WTR".to_owned(),
        category: "WAT-01-01".to_owned(),
        language: Language::En,
    }
}

/// Articles as a table.
pub fn articles_csv(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    titled(&tables::read(&text, &CITY, &given()));
}

/// Articles on a page.
pub fn articles_html(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    titled(&markup::read(&text, &given()));
}

/// Articles as services of HSDS.
pub fn articles_hsds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(found) = hsds::read(&text, &given()) {
        titled(&found);
    }
}

/// Articles as TOML, and as JSON of the same shape.
pub fn articles_toml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    sound(&file::read_toml(&text, &CITY));
    sound(&file::read_json(&text, &CITY));
}

#[cfg(test)]
#[path = "../../../fuzz/near_seeds/mod.rs"]
mod near_seeds;

#[cfg(test)]
mod tests {
    use super::near_seeds::near_seeds;

    #[test]
    fn nothing_near_the_seeds_breaks_a_reader() {
        near_seeds("desk_json", super::desk);
        near_seeds("csv", super::csv);
        near_seeds("cookie", super::cookie);
        near_seeds("form_date", super::date);
    }

    #[test]
    fn nothing_near_the_seeds_breaks_a_reader_of_articles() {
        near_seeds("articles_csv", super::articles_csv);
        near_seeds("articles_html", super::articles_html);
        near_seeds("articles_hsds", super::articles_hsds);
        near_seeds("articles_toml", super::articles_toml);
    }
}
