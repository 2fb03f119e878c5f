//! The one place where the two engines part ways: choose, and pass on. Never SQL of its own.

use crate::failure::{Broken, Failure};
use crate::insert::{Insert, Rows};
use crate::place::Place;
use crate::value::{Records, Values};
use crate::words::Asked;
use crate::{postgres, sqlite};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Words in which the engines differ; everything else is one text for both.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// A BIGINT primary key.
    pub id: &'static str,
    /// Bytes.
    pub bytes: &'static str,
    /// A text that is sorted by its bytes.
    pub code: &'static str,
    /// End of a table that is stored in the order of its primary key.
    pub clustered: &'static str,
    /// Keeps the journal append-only.
    pub guard: &'static str,
    /// Makes the index of notes.
    pub note_index: &'static str,
    /// First notes of contacts in the index.
    pub note_first: &'static Insert,
    /// Notes that may be in the index already.
    pub note_again: &'static Insert,
    /// Notes that leave the index.
    pub note_gone: &'static Insert,
    /// Condition that notes have the words; `$` stands for them.
    pub note_match: &'static str,
    /// Contact of the index of notes.
    pub note_contact: &'static str,
    /// Whether the index tells the newest first, without sorting all.
    pub note_sorted: bool,
    /// The words asked for in the engine's own language.
    pub note_query: fn(&[Asked]) -> String,
}

/// Where a test lets the next batch fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Instead of the statement with this number, the first is 1; the batch is rolled back.
    Write(usize),
    /// The same as if the disk were full.
    Full(usize),
    /// Instead of the commit: nobody knows what is on the disk.
    Commit,
    /// After the commit, when it should become durable: the next one of the record may be on its
    /// way.
    Sync,
}

/// Counts the statements of a transaction, for the sake of faults.
#[derive(Debug)]
pub(crate) struct Statements {
    fault: Option<Fault>,
    done: usize,
}

impl Statements {
    /// None yet.
    pub fn of(fault: Option<Fault>) -> Statements {
        Statements { fault, done: 0 }
    }

    /// Another one; fails when that was asked for.
    pub fn strike(&mut self) -> Result<(), Failure> {
        self.done += 1;
        match self.fault {
            Some(Fault::Write(number)) if number == self.done => Err(asked_for()),
            Some(Fault::Full(number)) if number == self.done => Err(Failure::Full),
            _ => Ok(()),
        }
    }
}

/// What a writer has for itself: nobody else writes it anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// The counseling record.
    Record,
    /// The counseling information database.
    Library,
}

/// A connection that writes: one for each lease.
#[derive(Debug)]
pub(crate) enum Writer {
    /// SQLite; none while it is lost.
    Sqlite(Option<Box<sqlite::Writer>>),
    /// PostgreSQL.
    Postgres(Box<postgres::Writer>),
}

impl Writer {
    /// Takes a writer's lease of a place.
    pub async fn open(place: &Place, lease: Lease) -> Result<Writer, Failure> {
        match place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let writer = blocking(move || sqlite::Writer::open(&folder, lease)).await??;
                Ok(Writer::Sqlite(Some(Box::new(writer))))
            }
            Place::Postgres { url, .. } => {
                let writer = postgres::Writer::open(url, lease).await?;
                Ok(Writer::Postgres(Box::new(writer)))
            }
        }
    }

    /// How the engine speaks.
    pub fn dialect(&self) -> &'static Dialect {
        match self {
            Writer::Sqlite(_) => &sqlite::DIALECT,
            Writer::Postgres(_) => &postgres::DIALECT,
        }
    }

    /// Runs statements without parameters.
    pub async fn script(&mut self, text: String) -> Result<(), Failure> {
        match self {
            Writer::Sqlite(slot) => {
                let mut writer = slot.take().ok_or(Failure::Poisoned)?;
                let (writer, outcome) = blocking(move || {
                    let outcome = writer.script(&text);
                    (writer, outcome)
                })
                .await?;
                *slot = Some(writer);
                outcome
            }
            Writer::Postgres(writer) => writer.script(&text).await,
        }
    }

    /// Writes rows in one transaction, all or nothing, and gives them back. They are durable then.
    pub async fn write(
        &mut self,
        tables: Vec<Rows>,
        fault: Option<Fault>,
    ) -> Result<Vec<Rows>, Broken> {
        match self {
            Writer::Sqlite(slot) => {
                let mut writer = slot.take().ok_or(Failure::Poisoned)?;
                let (writer, tables, outcome) = blocking(move || {
                    let outcome = writer.write(&tables, fault);
                    (writer, tables, outcome)
                })
                .await?;
                *slot = Some(writer);
                outcome.map(|()| tables)
            }
            Writer::Postgres(writer) => writer.write(&tables, fault).await.map(|()| tables),
        }
    }

    /// The same with the rows of the first table at hand and the others still being made. They are
    /// written then, but durable only after [`Synced::wait`].
    pub async fn commit(
        &mut self,
        first: Rows,
        rest: oneshot::Receiver<Vec<Rows>>,
        fault: Option<Fault>,
    ) -> Result<(Vec<Rows>, Synced), Broken> {
        match self {
            Writer::Sqlite(slot) => {
                let mut writer = slot.take().ok_or(Failure::Poisoned)?;
                let (writer, first, outcome) = blocking(move || {
                    let outcome = writer.commit(&first, || rest.blocking_recv().ok(), fault);
                    (writer, first, outcome)
                })
                .await?;
                let log = writer.log();
                *slot = Some(writer);
                let mut tables = outcome?;
                tables[0] = first;
                Ok((tables, Synced(Some(log), fault)))
            }
            Writer::Postgres(writer) => {
                let mut tables = rest.await.map_err(|_| given_up())?;
                tables[0] = first;
                writer.write(&tables, fault).await?;
                Ok((tables, Synced(None, fault)))
            }
        }
    }
}

/// What a test wanted to go wrong.
pub(crate) fn asked_for() -> Failure {
    Failure::Engine("a fault was asked for".into())
}

/// Whoever made the rows is gone.
pub(crate) fn given_up() -> Failure {
    Failure::Engine("the write was given up".into())
}

/// What is between written and durable.
#[derive(Debug)]
pub(crate) struct Synced(Option<sqlite::Log>, Option<Fault>);

impl Synced {
    /// Waits until it is durable.
    pub async fn wait(self) -> Result<(), Failure> {
        if matches!(self.1, Some(Fault::Sync)) {
            return Err(asked_for());
        }
        match self.0 {
            Some(log) => blocking(move || log.sync()).await?,
            None => Ok(()),
        }
    }
}

/// Connections that only read; cloned freely.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    /// SQLite.
    Sqlite(Arc<sqlite::Reader>),
    /// PostgreSQL.
    Postgres(Arc<postgres::Reader>),
}

impl Reader {
    /// Connects when first asked.
    pub fn open(place: &Place) -> Reader {
        match place {
            Place::Folder(folder) => Reader::Sqlite(Arc::new(sqlite::Reader::new(folder))),
            Place::Postgres { url, .. } => Reader::Postgres(Arc::new(postgres::Reader::new(url))),
        }
    }

    /// How the engine speaks.
    pub fn dialect(&self) -> &'static Dialect {
        match self {
            Reader::Sqlite(_) => &sqlite::DIALECT,
            Reader::Postgres(_) => &postgres::DIALECT,
        }
    }

    /// Asks.
    pub async fn query(&self, text: &str, params: Values) -> Result<Records, Failure> {
        match self {
            Reader::Sqlite(reader) => {
                let permit = reader.permit().await?;
                let (reader, text) = (reader.clone(), text.to_owned());
                blocking(move || {
                    let _permit = permit;
                    reader.query(&text, &params)
                })
                .await?
            }
            Reader::Postgres(reader) => reader.query(text, &params).await,
        }
    }

    /// A view that does not change while others write.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        match self {
            Reader::Sqlite(reader) => {
                let reader = reader.clone();
                let snapshot = blocking(move || reader.snapshot()).await??;
                Ok(Snapshot::Sqlite(Some(snapshot)))
            }
            Reader::Postgres(reader) => Ok(Snapshot::Postgres(reader.snapshot().await?)),
        }
    }
}

/// A view that does not change while others write.
#[derive(Debug)]
pub(crate) enum Snapshot {
    /// SQLite; none while it is lost.
    Sqlite(Option<sqlite::Snapshot>),
    /// PostgreSQL.
    Postgres(postgres::Snapshot),
}

impl Snapshot {
    /// Asks.
    pub async fn query(&mut self, text: &str, params: Values) -> Result<Records, Failure> {
        match self {
            Snapshot::Sqlite(slot) => {
                let snapshot = slot.take().ok_or(Failure::Poisoned)?;
                let text = text.to_owned();
                let (snapshot, outcome) = blocking(move || {
                    let outcome = snapshot.query(&text, &params);
                    (snapshot, outcome)
                })
                .await?;
                *slot = Some(snapshot);
                outcome
            }
            Snapshot::Postgres(snapshot) => snapshot.query(text, &params).await,
        }
    }
}

/// Runs what blocks where it disturbs nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::Engine(error.to_string()))
}
