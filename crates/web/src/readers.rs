//! Every reader of this room as a function of bytes, with what must hold whatever they are: for
//! fuzzing. Never part of a page.

use crate::session::Sessions;
use crate::{commands, csv, figures};
use center::city::CounselorId;
use center::time::Zone;

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Every seed of a fuzz target, each cut short everywhere and each octet changed in many ways.
    fn near_seeds(target: &str, read: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        for seed in fs::read_dir(folder.join(target)).expect("seeds") {
            let seed = fs::read(seed.expect("a file").path()).expect("a seed");
            read(&seed);
            for at in 0..seed.len() {
                read(&seed[..at]);
                read(&seed[at..]);
                for octet in *b"\0\t\n\r \"'*,-/09:=\\{}\x7f\x80\xc3\xff" {
                    let mut changed = seed.clone();
                    changed[at] = octet;
                    read(&changed);
                    changed.insert(at, octet);
                    read(&changed);
                }
            }
        }
    }

    #[test]
    fn nothing_near_the_seeds_breaks_a_reader() {
        near_seeds("desk_json", super::desk);
        near_seeds("csv", super::csv);
        near_seeds("cookie", super::cookie);
        near_seeds("form_date", super::date);
    }
}
