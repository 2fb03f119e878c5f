//! The reading side: lists, records, figures. Never writes.

use crate::batch::Entry;
use crate::blob::Blobs;
use crate::engine::Reader;
use crate::failure::Failure;
use crate::journal::entry;
use crate::key::Key;
use crate::search::{self, Search};
use crate::value::{Record, Values};
use crate::{cube, record};
use center::city::ContactId;
use center::record::Row;
use center::statistics::{Cell, Measures};
use center::time::{Day, Time};
use std::path::Path;

/// Keys that are looked up at once.
const KEYS: usize = 500;

/// The reading side: cloned freely.
#[derive(Clone, Debug)]
pub struct Archive {
    reader: Reader,
    key: Key,
    blobs: Blobs,
}

/// The personal rows of a contact.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalRows {
    /// Number, empty when withheld or erased.
    pub number: String,
    /// Note.
    pub note: String,
}

impl std::fmt::Debug for PersonalRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalRows(..)")
    }
}

/// A stored recording of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Blob.
    pub blob: String,
    /// Length.
    pub length_ms: i64,
    /// When it is to be erased.
    pub keep_until: Time,
    /// When it was stored.
    pub at: Time,
}

impl Archive {
    pub(crate) fn new(reader: Reader, key: Key, folder: &Path) -> Archive {
        let blobs = Blobs::new(folder, &key);
        Archive { reader, key, blobs }
    }

    /// A page of contacts.
    pub async fn contacts(&self, search: &Search) -> Result<Vec<Row>, Failure> {
        if search.is_void() {
            return Ok(Vec::new());
        }
        let mut codes = Vec::new();
        if let Some(beginning) = search.by_category() {
            let asked = search::codes(beginning);
            for record in self.reader.query(&asked.text, asked.params).await?.iter() {
                codes.push(record.text(0)?.to_owned());
            }
            if codes.is_empty() {
                return Ok(Vec::new());
            }
        }
        let asked = search.statement(self.reader.dialect(), &codes);
        let found = self.reader.query(&asked.text, asked.params).await?;
        found.iter().map(record::read).collect()
    }

    /// One contact.
    pub async fn contact(&self, contact: ContactId) -> Result<Option<Row>, Failure> {
        let text = format!("SELECT {} FROM contact WHERE contact = $1", record::COLUMNS);
        let found = self.reader.query(&text, id(contact)).await?;
        found.first().map(record::read).transpose()
    }

    /// Its events in order.
    pub async fn timeline(&self, contact: ContactId) -> Result<Vec<Entry>, Failure> {
        let text = "SELECT at, body FROM journal WHERE contact = $1 ORDER BY seq";
        self.reader
            .query(text, id(contact))
            .await?
            .iter()
            .map(entry)
            .collect()
    }

    /// Its personal data.
    pub async fn personal(&self, contact: ContactId) -> Result<PersonalRows, Failure> {
        let text = "SELECT number, note FROM personal WHERE contact = $1";
        let found = self.reader.query(text, id(contact)).await?;
        let Some(record) = found.first() else {
            return Ok(PersonalRows::default());
        };
        let (number, note) = (record.text(0)?.to_owned(), record.text(1)?.to_owned());
        Ok(PersonalRows { number, note })
    }

    /// Its recordings.
    pub async fn recordings(&self, contact: ContactId) -> Result<Vec<Recording>, Failure> {
        let text = "SELECT blob, length_ms, keep_until, at FROM recording \
                    WHERE contact = $1 ORDER BY at, blob";
        let recording = |record: Record<'_>| {
            Ok(Recording {
                blob: record.text(0)?.to_owned(),
                length_ms: record.int(1)?,
                keep_until: Time(record.int(2)?),
                at: Time(record.int(3)?),
            })
        };
        self.reader
            .query(text, id(contact))
            .await?
            .iter()
            .map(recording)
            .collect()
    }

    /// Cells of the three cubes whose day lies in `from..=to`.
    pub async fn cells(&self, from: Day, to: Day) -> Result<Vec<(Cell, Measures)>, Failure> {
        let mut cells = Vec::new();
        for (number, insert) in cube::CUBES.iter().enumerate() {
            let (column, unit) = if number == 0 {
                ("hour", 24)
            } else {
                ("day", 1)
            };
            let mut asked = Values::default();
            asked
                .int(i64::from(from.0) * unit)
                .int((i64::from(to.0) + 1) * unit);
            let text = format!(
                "SELECT {} FROM {} WHERE {column} >= $1 AND {column} < $2",
                insert.columns, insert.table
            );
            for record in self.reader.query(&text, asked).await?.iter() {
                cells.push(cube::read(number, record)?);
            }
        }
        Ok(cells)
    }

    /// Which of these attempt keys have a contact.
    pub async fn known_keys(&self, keys: &[String]) -> Result<Vec<String>, Failure> {
        let mut known = Vec::new();
        for part in keys.chunks(KEYS) {
            let mut asked = Values::default();
            for key in part {
                asked.text(key);
            }
            let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
            let places = places.join(", ");
            let text = format!("SELECT key FROM contact WHERE key IN ({places})");
            for record in self.reader.query(&text, asked).await?.iter() {
                known.push(record.text(0)?.to_owned());
            }
        }
        Ok(known)
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Keyed digest of a number: finds the same caller without storing the number in clear.
    pub fn token(&self, number: &str) -> String {
        if number.is_empty() {
            String::new()
        } else {
            self.key.token(number)
        }
    }
}

fn id(contact: ContactId) -> Values {
    let mut values = Values::default();
    values.int(contact.0 as i64);
    values
}
