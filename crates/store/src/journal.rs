//! The writing side: one value that takes batches, and what a center is rebuilt from. Never a list
//! or a page.

use crate::archive::Archive;
use crate::batch::{Batch, Entry, Recovery};
use crate::engine::{Fault, Reader, Writer};
use crate::failure::{Broken, Failure};
use crate::fold::{Fold, Head, STREAM, meta, tables};
use crate::key::Key;
use crate::place::Place;
use crate::value::{Record, Values};
use crate::{record, recovery, schema};
use center::city::City;
use center::event::Event;
use center::time::{Time, Zone};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that are read from the journal at once when projections are built anew.
const REBUILD_CHUNK: i64 = 20_000;

/// Where a test lets the next write fail; cloned freely, works once.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    /// The next batch fails like this.
    pub fn next(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The writing side: one value, moved into the hub.
#[derive(Debug)]
pub struct Journal {
    place: Place,
    zone: Zone,
    /// None while the lease is being taken anew.
    writer: Option<Writer>,
    reader: Reader,
    fold: Fold,
    /// After a failed write the fold no longer says what is stored.
    stale: bool,
    /// After a failed commit nobody knows what is stored.
    poisoned: bool,
    faults: Faults,
}

/// Opens or creates the store.
pub async fn open(place: &Place, city: &Arc<City>) -> Result<(Journal, Archive), Failure> {
    let folder = place.folder();
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("data folder", &error))?;
    let mut writer = Writer::open(place).await?;
    let dialect = writer.dialect();
    writer.script(schema::truth(dialect)).await?;
    let reader = Reader::open(place);
    let key = own_key(place, &mut writer, &reader).await?;
    check_truth(&mut writer, &reader).await?;
    let mut journal = Journal {
        place: place.clone(),
        zone: city.zone.clone(),
        fold: Fold::new(dialect, city.zone.clone(), Head::default(), 0),
        writer: Some(writer),
        reader: reader.clone(),
        stale: false,
        poisoned: false,
        faults: Faults::default(),
    };
    if meta_value(&reader, "projections").await?.as_deref() != Some(schema::PROJECTION_VERSION) {
        journal.rebuild().await?;
    }
    journal.load().await?;
    Ok((journal, Archive::new(reader, key, folder)))
}

/// One value of what the store knows about itself.
pub(crate) async fn meta_value(reader: &Reader, name: &str) -> Result<Option<String>, Failure> {
    let mut asked = Values::default();
    asked.text(name);
    let found = reader
        .query("SELECT value FROM meta WHERE name = $1", asked)
        .await?;
    found
        .first()
        .map(|record| record.text(0).map(str::to_owned))
        .transpose()
}

async fn set_meta(writer: &mut Writer, name: &str, value: &str) -> Result<(), Failure> {
    let mut rows = tables(writer.dialect());
    meta(&mut rows, name, value);
    writer
        .write(rows, None)
        .await
        .map_err(|broken| broken.failure)?;
    Ok(())
}

/// The key of this record: made with it, and refused when it belongs to another.
async fn own_key(place: &Place, writer: &mut Writer, reader: &Reader) -> Result<Key, Failure> {
    let known = meta_value(reader, "key").await?;
    match (Key::read(place.folder())?, known) {
        (Some(key), Some(check)) if key.check() == check => Ok(key),
        (Some(_), Some(_)) => Err(Failure::Key("belongs to another record".into())),
        (None, Some(_)) => Err(Failure::Key("is missing; recordings need it".into())),
        (found, None) => {
            let key = found.map_or_else(|| Key::create(place.folder()), Ok)?;
            set_meta(writer, "key", &key.check()).await?;
            Ok(key)
        }
    }
}

async fn check_truth(writer: &mut Writer, reader: &Reader) -> Result<(), Failure> {
    match meta_value(reader, "truth").await?.as_deref() {
        Some(schema::TRUTH_VERSION) => Ok(()),
        None => set_meta(writer, "truth", schema::TRUTH_VERSION).await,
        Some(other) => Err(Failure::Engine(format!(
            "the record has version {other}, this program knows {}",
            schema::TRUTH_VERSION
        ))),
    }
}

impl Journal {
    /// Lets tests make writes fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Writes a batch with everything that follows from it; all or nothing.
    pub async fn append(&mut self, batch: Batch) -> Result<(), Failure> {
        if self.poisoned {
            return Err(Failure::Poisoned);
        }
        if self.stale {
            self.load().await?;
        }
        self.adopt_missing(&batch.entries).await?;
        if let Err(failure) = self.fold.plan(&batch) {
            self.stale = true;
            return Err(failure);
        }
        self.write().await
    }

    /// Writes what follows from events, but not the events: a record made up for measuring.
    pub(crate) async fn project(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.fold.replay(&batch.entries)?;
        self.fold.personal(&batch.personal)?;
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.fold.tables);
        let fault = self.faults.take();
        let writer = self.writer.as_mut().ok_or(Failure::Poisoned)?;
        // Should this future be dropped here, nobody learns the outcome: until it is known, it
        // counts as lost.
        self.poisoned = true;
        match writer.write(rows, fault).await {
            Ok(rows) => {
                self.poisoned = false;
                self.fold.tables = rows;
                self.fold.settle();
                Ok(())
            }
            Err(Broken { failure, poisoned }) => {
                self.stale = true;
                self.poisoned = poisoned;
                Err(failure)
            }
        }
    }

    async fn adopt_missing(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for contact in self.fold.missing(entries) {
            let mut asked = Values::default();
            asked.int(contact);
            let text = format!("SELECT {} FROM contact WHERE contact = $1", record::COLUMNS);
            let found = self.reader.query(&text, asked).await?;
            if let Some(row) = found.first() {
                self.fold.adopt(record::read(row)?);
            }
        }
        Ok(())
    }

    /// Reads head, number of contacts and the open ones.
    async fn load(&mut self) -> Result<(), Failure> {
        let head = match meta_value(&self.reader, "head").await? {
            Some(text) => Head::parse(&text)
                .ok_or_else(|| Failure::Corrupt("the head of the journal is unreadable".into()))?,
            None => Head::default(),
        };
        let last = self
            .reader
            .query("SELECT max(contact) FROM contact", Values::default())
            .await?;
        let last = last
            .first()
            .map_or(Ok(None), |record| record.maybe(0))?
            .unwrap_or(0);
        let dialect = self.reader.dialect();
        let mut fold = Fold::new(dialect, self.zone.clone(), head, last as u64);
        let text = format!(
            "SELECT {} FROM contact WHERE closed IS NULL",
            record::COLUMNS
        );
        for row in self.reader.query(&text, Values::default()).await?.iter() {
            fold.adopt(record::read(row)?);
        }
        self.fold = fold;
        self.stale = false;
        Ok(())
    }

    /// Builds every projection anew from the journal.
    async fn rebuild(&mut self) -> Result<(), Failure> {
        let dialect = self.reader.dialect();
        let writer = self.writer.as_mut().ok_or(Failure::Poisoned)?;
        writer.script(schema::projections(dialect)).await?;
        self.fold = Fold::new(dialect, self.zone.clone(), Head::default(), 0);
        let mut after = 0;
        loop {
            let mut asked = Values::default();
            asked.int(STREAM).int(after).int(REBUILD_CHUNK);
            let text = "SELECT at, body, seq FROM journal \
                        WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
            let found = self.reader.query(text, asked).await?;
            let Some(last) = found.iter().next_back() else {
                break;
            };
            after = last.int(2)?;
            let entries: Vec<Entry> = found.iter().map(entry).collect::<Result<_, _>>()?;
            self.adopt_missing(&entries).await?;
            self.fold.replay(&entries)?;
            self.write().await?;
        }
        self.index_notes().await?;
        let writer = self.writer.as_mut().ok_or(Failure::Poisoned)?;
        set_meta(writer, "projections", schema::PROJECTION_VERSION).await
    }

    async fn index_notes(&mut self) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let mut asked = Values::default();
            asked.int(after).int(REBUILD_CHUNK);
            let text = "SELECT contact, note FROM personal \
                        WHERE contact > $1 AND note IS NOT NULL ORDER BY contact LIMIT $2";
            let found = self.reader.query(text, asked).await?;
            let Some(last) = found.iter().next_back() else {
                return Ok(());
            };
            after = last.int(0)?;
            for record in found.iter() {
                self.fold.index_note(record.int(0)?, record.text(1)?, true);
            }
            self.write().await?;
        }
    }

    /// What the center is rebuilt from. After a failed write this also finds out what is stored.
    pub async fn recover(&mut self, now: Time) -> Result<Recovery, Failure> {
        if self.poisoned {
            // The old connection, and with it the lease, must be gone before a new one is taken.
            self.writer = None;
            self.writer = Some(Writer::open(&self.place).await?);
            self.poisoned = false;
        }
        self.load().await?;
        recovery::read(&self.reader, now, self.fold.last_contact() + 1).await
    }
}

/// Reads `at` and `body` from the first two columns.
pub(crate) fn entry(record: Record<'_>) -> Result<Entry, Failure> {
    let event: Event = serde_json::from_str(record.text(1)?)
        .map_err(|error| Failure::Corrupt(format!("an event cannot be read: {error}")))?;
    Ok(Entry {
        at: Time(record.int(0)?),
        event,
    })
}
