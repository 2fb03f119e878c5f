//! The reading side: lists, records, figures. Never writes.

use crate::batch::Entry;
use crate::blob::Blobs;
use crate::engine::Reader;
use crate::failure::Failure;
use crate::journal::entry;
use crate::key::Key;
use crate::value::{Record, Values};
use crate::{cube, record, words};
use center::city::{Channel, ContactId, CounselorId, Language};
use center::event::Fate;
use center::record::{Row, Stage};
use center::statistics::{Cell, Measures};
use center::time::{Day, Time};
use std::path::Path;

/// Contacts of a page when the search names no number.
const PAGE: usize = 50;

/// Contacts of a page at most.
const PAGE_MAX: usize = 1_000;

/// The reading side: cloned freely.
#[derive(Clone, Debug)]
pub struct Archive {
    reader: Reader,
    key: Key,
    blobs: Blobs,
}

/// Which contacts a list shows; empty fields do not filter. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Arrived from.
    pub from: Option<Time>,
    /// Arrived before.
    pub to: Option<Time>,
    /// Keyed digest of the caller's number.
    pub caller: Option<String>,
    /// Counselor.
    pub counselor: Option<CounselorId>,
    /// Category code or its beginning.
    pub category: Option<String>,
    /// Fate.
    pub fate: Option<Fate>,
    /// Stage.
    pub stage: Option<Stage>,
    /// Channel.
    pub channel: Option<Channel>,
    /// Language.
    pub language: Option<Language>,
    /// Words of the note.
    pub text: Option<String>,
    /// Continue below this contact.
    pub before: Option<ContactId>,
    /// At most this many; 0 means 50.
    pub limit: usize,
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

/// Conditions of a search with their values, numbered in order of appearance.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Values,
}

impl Conditions {
    fn number(&mut self, text: &str, value: i64) {
        self.values.int(value);
        self.add(text);
    }

    fn text(&mut self, text: &str, value: &str) {
        self.values.text(value);
        self.add(text);
    }

    fn add(&mut self, text: &str) {
        self.texts
            .push(text.replace('$', &format!("${}", self.values.len())));
    }
}

impl Archive {
    pub(crate) fn new(reader: Reader, key: Key, folder: &Path) -> Archive {
        let blobs = Blobs::new(folder, &key);
        Archive { reader, key, blobs }
    }

    /// A page of contacts.
    pub async fn contacts(&self, search: &Search) -> Result<Vec<Row>, Failure> {
        let dialect = self.reader.dialect();
        let mut table = "contact";
        let mut order = "contact.contact";
        let mut wanted = Conditions::default();
        if let Some(text) = search
            .text
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        {
            let asked = words::of_query(text);
            if asked.is_empty() {
                return Ok(Vec::new());
            }
            wanted.text(dialect.note_match, &(dialect.note_query)(&asked));
            (table, order) = (dialect.noted, dialect.note_contact);
        }
        filter(search, order, &mut wanted);
        let limit = if search.limit == 0 {
            PAGE
        } else {
            search.limit.min(PAGE_MAX)
        };
        let filtered = if wanted.texts.is_empty() {
            ""
        } else {
            " WHERE "
        };
        let conditions = wanted.texts.join(" AND ");
        let columns = record::COLUMNS.replace(", ", ", contact.");
        wanted.values.int(limit as i64);
        let text = format!(
            "SELECT contact.{columns} FROM {table}{filtered}{conditions} \
             ORDER BY {order} DESC LIMIT ${}",
            wanted.values.len()
        );
        let found = self.reader.query(&text, wanted.values).await?;
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
        for key in keys {
            let mut asked = Values::default();
            asked.text(key);
            let text = "SELECT key FROM contact WHERE key = $1";
            if self.reader.query(text, asked).await?.first().is_some() {
                known.push(key.clone());
            }
        }
        Ok(known)
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

/// Conditions on the columns of `contact`; contacts are numbered in the order of arrival, so that
/// the number orders a list like the time.
fn filter(search: &Search, order: &str, wanted: &mut Conditions) {
    if let Some(from) = search.from {
        wanted.number("contact.arrived >= $", from.0);
    }
    if let Some(to) = search.to {
        wanted.number("contact.arrived < $", to.0);
    }
    if let Some(caller) = &search.caller {
        wanted.text("contact.caller = $ AND contact.caller <> ''", caller);
    }
    if let Some(counselor) = search.counselor {
        wanted.number("contact.counselor = $", i64::from(counselor.0));
    }
    if let Some(category) = search
        .category
        .as_deref()
        .filter(|category| !category.is_empty())
    {
        wanted.text("contact.category >= $ AND contact.category <> ''", category);
        wanted.text("contact.category < $", &format!("{category}\u{10ffff}"));
    }
    if let Some(fate) = search.fate {
        wanted.text("contact.fate = $", fate.code());
    }
    if let Some(stage) = search.stage {
        wanted.text("contact.stage = $", stage.code());
        if stage != Stage::Closed {
            wanted.texts.push("contact.closed IS NULL".into());
        }
    }
    if let Some(channel) = search.channel {
        wanted.text("contact.channel = $", channel.code());
    }
    if let Some(language) = search.language {
        wanted.text("contact.language = $", language.code());
    }
    if let Some(before) = search.before {
        wanted.number(&format!("{order} < $"), before.0 as i64);
    }
}
