//! How rows of a batch become multi-row statements. Never what the rows mean.

use crate::value::{Value, Values};
use std::fmt::Write;

/// Rows per statement, largest first: few different texts, so that each is prepared once.
const CHUNKS: [usize; 3] = [32, 4, 1];

/// What happens when the row is there already.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Conflict {
    /// It is an error.
    Refuse,
    /// The new row is dropped.
    Keep,
    /// These columns take the new value.
    Replace {
        /// Primary key.
        key: &'static str,
        /// Columns.
        columns: &'static str,
    },
    /// The row with this key is taken away.
    Erase,
    /// The new value is added to these columns.
    Add {
        /// Primary key.
        key: &'static str,
        /// Columns.
        columns: &'static str,
    },
}

/// One kind of row.
#[derive(Debug)]
pub(crate) struct Insert {
    /// `INSERT INTO`, unless an engine needs another verb.
    pub verb: &'static str,
    /// Table.
    pub table: &'static str,
    /// Columns, separated by a comma and a blank.
    pub columns: &'static str,
    /// How the last value is written; `$` stands for it.
    pub last: &'static str,
    /// What happens when the row is there already.
    pub conflict: Conflict,
}

impl Insert {
    /// A plain kind of row.
    pub const fn new(table: &'static str, columns: &'static str, conflict: Conflict) -> Insert {
        Insert {
            verb: "INSERT INTO",
            table,
            columns,
            last: "$",
            conflict,
        }
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        self.columns.split(", ").count()
    }

    /// The statement for so many rows.
    pub fn text(&self, rows: usize) -> String {
        if matches!(self.conflict, Conflict::Erase) {
            let keys: Vec<String> = (1..=rows).map(|key| format!("${key}")).collect();
            let (table, key) = (self.table, self.columns);
            return format!("DELETE FROM {table} WHERE {key} IN ({})", keys.join(", "));
        }
        let width = self.width();
        let mut text = format!("{} {} ({}) VALUES ", self.verb, self.table, self.columns);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..width {
                let _ = write!(text, "${}, ", row * width + column);
            }
            let last = format!("${}", (row + 1) * width);
            text.push_str(&self.last.replace('$', &last));
            text.push(')');
        }
        self.resolve(&mut text);
        text
    }

    fn resolve(&self, text: &mut String) {
        let (key, columns, table) = match self.conflict {
            Conflict::Refuse | Conflict::Erase => return,
            Conflict::Keep => return text.push_str(" ON CONFLICT DO NOTHING"),
            Conflict::Replace { key, columns } => (key, columns, None),
            Conflict::Add { key, columns } => (key, columns, Some(self.table)),
        };
        let _ = write!(text, " ON CONFLICT ({key}) DO UPDATE SET ");
        for (index, column) in columns.split(", ").enumerate() {
            text.push_str(if index == 0 { "" } else { ", " });
            let _ = match table {
                None => write!(text, "{column} = excluded.{column}"),
                Some(table) => write!(text, "{column} = {table}.{column} + excluded.{column}"),
            };
        }
    }
}

/// Rows of one kind.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Their kind.
    pub insert: &'static Insert,
    /// Their values, row after row.
    pub values: Values,
    width: usize,
}

impl Rows {
    /// No rows yet.
    pub fn new(insert: &'static Insert) -> Rows {
        Rows {
            insert,
            values: Values::default(),
            width: insert.width(),
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        debug_assert_eq!(self.values.len() % self.width, 0, "{}", self.insert.table);
        self.values.len() / self.width
    }

    /// The statements that write them: first row and number of rows of each.
    pub fn chunks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let total = self.len();
        let mut done = 0;
        std::iter::from_fn(move || {
            let fits = CHUNKS.into_iter().find(|chunk| done + chunk <= total)?;
            done += fits;
            Some((done - fits, fits))
        })
    }

    /// Values of one statement.
    pub fn part(&self, first: usize, rows: usize) -> impl ExactSizeIterator<Item = Value<'_>> {
        self.values.part(first * self.width, rows * self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_numbers_its_placeholders_in_order() {
        let insert = Insert {
            last: "f($)",
            ..Insert::new(
                "t",
                "a, b",
                Conflict::Add {
                    key: "a",
                    columns: "b",
                },
            )
        };
        assert_eq!(
            insert.text(2),
            "INSERT INTO t (a, b) VALUES ($1, f($2)), ($3, f($4)) \
             ON CONFLICT (a) DO UPDATE SET b = t.b + excluded.b"
        );
    }

    #[test]
    fn chunks_cover_every_row_once() {
        static PLAIN: Insert = Insert::new("t", "a", Conflict::Refuse);
        let mut rows = Rows::new(&PLAIN);
        for number in 0..75 {
            rows.values.int(number);
        }
        let chunks: Vec<_> = rows.chunks().collect();
        assert_eq!(
            chunks,
            [
                (0, 32),
                (32, 32),
                (64, 4),
                (68, 4),
                (72, 1),
                (73, 1),
                (74, 1)
            ]
        );
    }
}
