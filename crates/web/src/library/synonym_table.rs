//! The table of synonyms as CSV: a word and one of its meanings a line. Never a page.

use super::file::FileFlaw;
use super::tables::{Head, lines, separator};
use crate::csv;
use center::knowledge::Entry;
use std::collections::BTreeMap;

/// Columns as they are written, and names under which they are found.
const COLUMNS: [(&str, &[&str]); 2] = [
    ("word", &["word", "말", "시민이 하는 말", "동의어"]),
    (
        "means",
        &["means", "meaning", "뜻", "공식 용어", "시의 공식 용어"],
    ),
];

/// Entries in the order of their first lines, and what could not be read. A line that cannot be
/// read leaves the others alone.
pub fn read(text: &str) -> (Vec<Entry>, Vec<FileFlaw>) {
    let text = text.trim_start_matches('\u{feff}');
    let lines = match lines(text, separator(text)) {
        Ok(lines) => lines,
        Err(line) => {
            let what = "a quote is opened here and never closed";
            return (Vec::new(), vec![flaw(line, what.into())]);
        }
    };
    let Some(((first, names), lines)) = lines.split_first() else {
        return (Vec::new(), vec![flaw(1, "the file is empty".into())]);
    };
    let head = Head::of(names, &COLUMNS);
    if !head.has("word") || !head.has("means") {
        let what = "the first line names no columns `word` and `means` (말, 뜻)";
        return (Vec::new(), vec![flaw(*first, what.into())]);
    }
    let (mut entries, mut flaws) = (Vec::<Entry>::new(), Vec::new());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (number, fields) in lines {
        let (word, means) = (head.get(fields, "word"), head.get(fields, "means"));
        if fields.len() != names.len() {
            let (is, due) = (fields.len(), names.len());
            let what = format!("has {is} columns instead of {due}");
            flaws.push(flaw(*number, what));
        } else if word.is_empty() || means.is_empty() {
            let what = "a word or what it means is missing";
            flaws.push(flaw(*number, what.into()));
        } else {
            let line = Entry {
                word: word.to_owned(),
                meant: vec![means.to_owned()],
            };
            let place = places.entry(line.clone().cleaned().key());
            let place = *place.or_insert(entries.len());
            match entries.get_mut(place) {
                Some(known) => known.meant.extend(line.meant),
                None => entries.push(line),
            }
        }
    }
    let entries = entries.into_iter().map(Entry::cleaned).collect();
    (entries, flaws)
}

fn flaw(place: usize, what: String) -> FileFlaw {
    FileFlaw {
        place: place.to_string(),
        what,
    }
}

/// A table as [`read`] reads it.
pub(crate) fn write<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut table = String::from("\u{feff}");
    csv::row(&mut table, &COLUMNS.map(|(name, _)| name.to_owned()));
    for entry in entries {
        for means in &entry.meant {
            csv::row(&mut table, &[entry.word.clone(), means.clone()]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(word: &str, meant: &[&str]) -> Entry {
        Entry {
            word: word.into(),
            meant: meant.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let table = [
            entry("딱지", &["과태료 고지서", "범칙금, 그리고"]),
            entry("=ID", &["-card"]),
        ];
        let (read, flaws) = read(&write(table.iter()));
        assert_eq!(read, table);
        assert_eq!(flaws, []);
    }

    #[test]
    fn lines_of_a_word_are_put_together_and_wrong_ones_named() {
        let text = "말;뜻\nA;b\na;c\n;d\nx\nA;b\nx;\n";
        let (entries, flaws) = read(text);
        assert_eq!(entries, [entry("A", &["b", "c"])]);
        let places: Vec<&str> = flaws.iter().map(|flaw| flaw.place.as_str()).collect();
        assert_eq!(places, ["4", "5", "7"]);
    }

    #[test]
    fn what_is_no_table_is_said() {
        for text in ["", "a,b\n1,2\n", "word,means\n\"open,\n", "\u{0}"] {
            let (entries, flaws) = read(text);
            assert!(entries.is_empty(), "{text}");
            assert_eq!(flaws.len(), 1, "{text}: {flaws:?}");
        }
    }
}
