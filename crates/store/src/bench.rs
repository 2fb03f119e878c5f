//! The measure that contacts per second are compared with: the same bytes, inserted barely. Never
//! used to serve.
//!
//! What is in it: every value of every row that the run sent to the engine while it was measured,
//! in the transactions in which the run sent it. That is, for each kind of row in `fold::tables`:
//! the events; the row of a contact once for each transaction that changed it; number and note;
//! the words of a note as one text; the cells that a transaction added to; the head of the chain.
//! They are found by folding the journal once more, transaction by transaction, with the code that
//! wrote it, outside of the time that is measured. Where the run changes a row that is there, the
//! bare insert appends a row: a store without logic has nothing else to do with the bytes.
//!
//! What is not in it: whatever has to be known, compared, found or kept in order. Each kind of row
//! goes to a plain table whose only key is a running number. The driver, the statements of many
//! rows, the preparation, the settings and the durability are those of the run.

use crate::batch::{Batch, Entry, Personal};
use crate::engine::{Dialect, Lease, Reader, Writer};
use crate::failure::Failure;
use crate::fold::{Fold, Head, STREAM, place, tables};
use crate::insert::{Conflict, Insert, Rows};
use crate::journal::entry;
use crate::place::Place;
use crate::schema;
use crate::value::{Value, Values};
use center::city::ContactId;
use center::event::Event;
use center::time::Zone;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The last event of every transaction since it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Commits(Arc<Mutex<Noted>>);

#[derive(Clone, Debug, Default)]
struct Noted {
    last: Vec<i64>,
    /// How many of them went before what is measured.
    before: usize,
}

impl Commits {
    pub(crate) fn note(&self, last: i64) {
        self.noted().last.push(last);
    }

    /// What was written so far only made ready: a bare insert leaves it out.
    pub fn measure_from_here(&self) {
        let mut noted = self.noted();
        noted.before = noted.last.len();
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a bare insert is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// Everything the run wrote.
    All,
    /// The rows of the journal alone.
    Journal,
}

/// What a bare insert took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare {
    /// Rows inserted.
    pub rows: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Transactions.
    pub commits: u64,
    /// Time in transactions alone.
    pub took: Duration,
}

/// Transactions that are prepared at once, outside the time that is measured.
const AHEAD: usize = 64;

/// Inserts what one place was sent since it was empty into plain tables of another, in the same
/// transactions.
pub async fn bare(
    from: &Place,
    into: &Place,
    zone: &Zone,
    commits: &Commits,
    which: Bytes,
) -> Result<Bare, Failure> {
    let reader = Reader::open(from);
    std::fs::create_dir_all(into.folder()).map_err(|error| Failure::io("folder", &error))?;
    let mut writer = Writer::open(into, Lease::Record).await?;
    let kinds = kinds(writer.dialect());
    writer.script(made(&kinds, writer.dialect())).await?;
    let mut again = Again {
        fold: Fold::new(reader.dialect(), zone.clone(), Head::default(), 0),
        reader,
        kinds: &kinds,
        which,
        next: vec![1; kinds.len()],
    };
    let mut bare = Bare::default();
    let noted = commits.noted().clone();
    let (before, measured) = noted.last.split_at(noted.before);
    let mut after = 0;
    for last in before {
        again.sent(after, *last, &mut Bare::default()).await?;
        after = *last;
    }
    again.next.fill(1);
    for part in measured.chunks(AHEAD) {
        let mut sent = Vec::with_capacity(part.len());
        for last in part {
            sent.push(again.sent(after, *last, &mut bare).await?);
            after = *last;
        }
        bare.commits += sent.len() as u64;
        let started = Instant::now();
        for rows in sent {
            let written = writer.write(rows, None).await;
            written.map_err(|broken| broken.failure)?;
        }
        bare.took += started.elapsed();
    }
    writer.script(dropped(&kinds)).await?;
    Ok(bare)
}

/// The kinds of row, each with a running number before its own columns. They live as long as the
/// program, as the kinds that the run writes do.
fn kinds(dialect: &Dialect) -> Vec<&'static Insert> {
    let kind = |(index, rows): (usize, Rows)| -> &'static Insert {
        let table: &'static str = Box::leak(format!("bare_{index}").into_boxed_str());
        let columns = format!("nth, {}", rows.insert.columns);
        let columns: &'static str = Box::leak(columns.into_boxed_str());
        Box::leak(Box::new(Insert::new(table, columns, Conflict::Refuse)))
    };
    tables(dialect).into_iter().enumerate().map(kind).collect()
}

fn made(kinds: &[&Insert], dialect: &Dialect) -> String {
    let column = |table: &str, name: &str| {
        let kind = match name {
            "nth" => dialect.id,
            _ => schema::holds(table, name, dialect),
        };
        format!("\"{name}\" {kind}")
    };
    let table = |(kind, rows): (&&Insert, Rows)| {
        let named = |name| column(rows.insert.table, name);
        let columns: Vec<String> = kind.columns.split(", ").map(named).collect();
        format!("CREATE TABLE {} ({});", kind.table, columns.join(", "))
    };
    let tables: String = kinds.iter().zip(tables(dialect)).map(table).collect();
    format!("{}{tables}", dropped(kinds))
}

fn dropped(kinds: &[&Insert]) -> String {
    let gone = |kind: &&Insert| format!("DROP TABLE IF EXISTS {};", kind.table);
    kinds.iter().map(gone).collect()
}

/// Makes the rows of the run again.
struct Again<'a> {
    fold: Fold,
    reader: Reader,
    kinds: &'a [&'static Insert],
    which: Bytes,
    /// The next number of each table.
    next: Vec<i64>,
}

impl Again<'_> {
    /// The rows of one transaction: those of the events up to `last`.
    async fn sent(&mut self, after: i64, last: i64, bare: &mut Bare) -> Result<Vec<Rows>, Failure> {
        let batch = self.batch(after, last).await?;
        self.fold.add(batch)?;
        self.fold.plan();
        let mut sent: Vec<Rows> = self.kinds.iter().map(|kind| Rows::new(kind)).collect();
        for (index, (from, into)) in self.fold.tables.iter().zip(&mut sent).enumerate() {
            if self.which == Bytes::Journal && index != place::JOURNAL {
                continue;
            }
            let width = from.insert.width();
            for row in 0..from.len() {
                into.values.int(self.next[index]);
                self.next[index] += 1;
                for value in from.part(row, 1) {
                    bare.bytes += bytes(value);
                    into.values.push(value);
                }
            }
            debug_assert_eq!(into.values.len(), from.len() * (width + 1));
            bare.rows += from.len() as u64;
        }
        self.fold.settle();
        Ok(sent)
    }

    /// Its events, and the personal rows that came with them: a number with the arrival, a note
    /// with the event that tells of it.
    async fn batch(&mut self, after: i64, last: i64) -> Result<Batch, Failure> {
        let mut asked = Values::default();
        asked.int(STREAM).int(after).int(last);
        let text = "SELECT at, body FROM journal \
                    WHERE stream = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
        let found = self.reader.query(text, asked).await?;
        let entries: Vec<Entry> = found.iter().map(entry).collect::<Result<_, _>>()?;
        let mut personal = Vec::new();
        for entry in &entries {
            match entry.event {
                Event::Arrived { contact, .. } => personal.extend(self.number(contact).await?),
                Event::NoteSaved { contact, .. } => personal.extend(self.note(contact).await?),
                _ => {}
            }
        }
        Ok(Batch { entries, personal })
    }

    async fn number(&self, contact: ContactId) -> Result<Option<Personal>, Failure> {
        let text = "SELECT number, raw FROM personal WHERE contact = $1 AND number IS NOT NULL";
        let found = self.reader.query(text, of(contact)).await?;
        let Some(record) = found.first() else {
            return Ok(None);
        };
        let (number, raw) = (record.text(0)?.to_owned(), record.text(1)?.to_owned());
        Ok(Some(Personal::Number {
            contact,
            number,
            raw,
        }))
    }

    /// The note as it was left: of what was saved before only the length is known.
    async fn note(&self, contact: ContactId) -> Result<Option<Personal>, Failure> {
        let text = "SELECT note, nonce FROM personal WHERE contact = $1 AND note IS NOT NULL";
        let found = self.reader.query(text, of(contact)).await?;
        let Some(record) = found.first() else {
            return Ok(None);
        };
        let (text, nonce) = (record.text(0)?.to_owned(), record.text(1)?.to_owned());
        Ok(Some(Personal::Note {
            contact,
            text,
            nonce,
        }))
    }
}

fn bytes(value: Value<'_>) -> u64 {
    match value {
        Value::Null => 0,
        Value::Int(_) => 8,
        Value::Text(bytes) | Value::Bytes(bytes) => bytes.len() as u64,
    }
}

fn of(contact: ContactId) -> Values {
    let mut asked = Values::default();
    asked.int(contact.0 as i64);
    asked
}
