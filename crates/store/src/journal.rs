//! The writing side: one value that takes batches, and what a center is rebuilt from. Never a list
//! or a page.

use crate::archive::Archive;
use crate::batch::{Batch, Entry, Recovery};
use crate::bench::Commits;
use crate::engine::{Fault, Lease, Reader, Synced, Writer, given_up};
use crate::failure::{Broken, Failure};
use crate::fold::{Fold, Head, JOURNAL, STREAM, meta, place, tables};
use crate::insert::Rows;
use crate::key::Key;
use crate::place::Place;
use crate::value::{Record, Values};
use crate::{letter, record, recovery, schema};
use center::city::City;
use center::event::Event;
use center::record::Row;
use center::time::{Time, Zone};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

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

    pub(crate) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What became of a write.
type Wrote = Result<(Vec<Rows>, Synced), Broken>;

/// The task that has the writer: writes one transaction, and the next one right after it when that
/// is ready by then.
#[derive(Debug)]
struct Flight {
    /// What became of each; the writer comes back with the last.
    wrote: mpsc::UnboundedReceiver<(Wrote, Option<Writer>)>,
    /// The next one, until it is taken.
    next: Next,
}

/// A transaction that waits until the one before is written.
type Next = Arc<Mutex<Option<Prepared>>>;

/// A transaction that is ready to be written: its events, and the other rows, which may still be in
/// the making.
#[derive(Debug)]
struct Prepared {
    events: Rows,
    rest: oneshot::Receiver<Vec<Rows>>,
    fault: Option<Fault>,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// It is written, and the next one may be launched, but it is not yet durable.
    Written,
    /// It is durable.
    Durable,
}

/// The writing side: one value, moved into the hub.
#[derive(Debug)]
pub struct Journal {
    place: Place,
    zone: Zone,
    /// None while it writes, or while the lease is being taken anew.
    writer: Option<Writer>,
    /// The writes that are under way.
    flight: Option<Flight>,
    /// The write before it, which is becoming durable.
    syncing: Option<JoinHandle<Result<(), Failure>>>,
    /// Empty tables for the next ones.
    spare: Vec<Vec<Rows>>,
    reader: Reader,
    fold: Fold,
    /// After a failed write the fold no longer says what is stored.
    stale: bool,
    /// After a failed commit nobody knows what is stored.
    poisoned: bool,
    faults: Faults,
    /// Only while something is measured.
    commits: Option<Commits>,
}

/// Opens or creates the store.
pub async fn open(place: &Place, city: &Arc<City>) -> Result<(Journal, Archive), Failure> {
    let folder = place.folder();
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("data folder", &error))?;
    let mut writer = Writer::open(place, Lease::Record).await?;
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
        flight: None,
        syncing: None,
        spare: Vec::new(),
        reader: reader.clone(),
        stale: false,
        poisoned: false,
        faults: Faults::default(),
        commits: None,
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

pub(crate) async fn set_meta(writer: &mut Writer, name: &str, value: &str) -> Result<(), Failure> {
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
    /// Opens the counseling information database of the same place: a writer of its own, so that
    /// neither waits for the other.
    pub async fn library(&self) -> Result<crate::library::Library, Failure> {
        crate::library::Library::open(&self.place, &self.reader, self.faults.clone()).await
    }

    /// Lets tests make writes fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// From here on the last event of every transaction is kept, for measuring.
    pub fn commits(&mut self) -> Commits {
        self.commits.get_or_insert_default().clone()
    }

    /// Writes a batch with everything that follows from it; all or nothing.
    pub async fn append(&mut self, batch: Batch) -> Result<(), Failure> {
        // What was given up half way comes to its end first.
        self.rest().await;
        if self.poisoned {
            return Err(Failure::Poisoned);
        }
        if self.stale {
            self.load().await?;
        }
        self.add(batch).await?;
        self.launch()?;
        self.land_all().await
    }

    /// Whether a batch builds on what may still be on its way to the paper.
    pub fn must_wait(&self, batch: &Batch) -> bool {
        // One that waits to be written waits for a flight.
        self.flight.is_some() && !self.fold.missing(batch).is_empty()
    }

    /// Takes a batch into the next transaction, while the one before may be under way.
    pub async fn add(&mut self, batch: Batch) -> Result<(), Failure> {
        if self.stale {
            return Err(Failure::Engine("what it builds on was not written".into()));
        }
        self.adopt_missing(&batch).await?;
        self.fold.add(batch).inspect_err(|_| self.stale = true)
    }

    /// Begins to write what was taken in, all or nothing, or has it written right after the one
    /// that is being written; [`Journal::land`] tells the outcome. The write before may still be
    /// becoming durable. Only one can wait.
    pub fn launch(&mut self) -> Result<(), Failure> {
        if self.stale {
            return Err(Failure::Engine("what it builds on was not written".into()));
        }
        self.take_off(Fold::plan)
    }

    /// The events are final and are written, or wait for that, while `plan` makes the other rows.
    fn take_off(&mut self, plan: fn(&mut Fold)) -> Result<(), Failure> {
        let mut writer = None;
        match &self.flight {
            Some(flight) if locked(&flight.next).is_some() => {
                return Err(Failure::Engine("another one waits to be written".into()));
            }
            Some(_) => {}
            None => writer = Some(self.writer.take().ok_or(Failure::Poisoned)?),
        }
        let empty = self.spare.pop();
        let mut empty = empty.unwrap_or_else(|| tables(self.reader.dialect()));
        let events = std::mem::replace(&mut empty[place::JOURNAL], Rows::new(&JOURNAL));
        let (planned, rest) = oneshot::channel();
        let prepared = Prepared {
            events: self.fold.hand_over_events(events),
            rest,
            fault: self.faults.take(),
        };
        if let Some(commits) = &self.commits {
            commits.note(self.fold.last_event());
        }
        match (writer, &self.flight) {
            (Some(writer), _) => self.fly(writer, prepared),
            (None, Some(flight)) => *locked(&flight.next) = Some(prepared),
            (None, None) => return Err(Failure::Poisoned),
        }
        plan(&mut self.fold);
        // Who does not take them any more tells why when it lands.
        let _ = planned.send(self.fold.hand_over(empty));
        Ok(())
    }

    fn fly(&mut self, mut writer: Writer, first: Prepared) {
        let (tell, wrote) = mpsc::unbounded_channel();
        let next = Next::default();
        let following = next.clone();
        self.flight = Some(Flight { wrote, next });
        tokio::spawn(async move {
            let mut now = first;
            loop {
                let written = writer.commit(now.events, now.rest, now.fault).await;
                let follows = written.is_ok().then(|| locked(&following).take());
                match follows.flatten() {
                    Some(next) => now = next,
                    None => return tell.send((written, Some(writer))),
                }
                if tell.send((written, None)).is_err() {
                    return Ok(());
                }
            }
        });
    }

    /// Whether something is written, or becoming durable.
    pub fn flies(&self) -> bool {
        self.flight.is_some() || self.syncing.is_some()
    }

    /// Waits for the next news of what is under way, the oldest first. May be given up and asked
    /// again.
    pub async fn land(&mut self) -> Result<Landed, Failure> {
        if let Some(syncing) = &mut self.syncing {
            let synced = syncing.await;
            self.syncing = None;
            let synced = synced.unwrap_or_else(|error| Err(Failure::Engine(error.to_string())));
            return match synced {
                Ok(()) => Ok(Landed::Durable),
                Err(failure) => Err(self.lost(failure)),
            };
        }
        let Some(flight) = &mut self.flight else {
            return Ok(Landed::Durable);
        };
        let Some((written, writer)) = flight.wrote.recv().await else {
            self.flight = None;
            return Err(self.lost(given_up()));
        };
        let sound = written.is_ok();
        self.stale |= !sound;
        if let Some(writer) = writer {
            let late = self
                .flight
                .take()
                .and_then(|flight| locked(&flight.next).take());
            // What builds on what is not there is not written.
            match late.filter(|_| sound) {
                Some(next) => self.fly(writer, next),
                None => self.writer = Some(writer),
            }
        }
        match written {
            Ok((mut rows, synced)) => {
                self.syncing = Some(tokio::spawn(synced.wait()));
                for rows in &mut rows {
                    rows.values.clear();
                }
                self.spare.push(rows);
                Ok(Landed::Written)
            }
            Err(Broken { failure, poisoned }) => {
                self.poisoned |= poisoned;
                Err(failure)
            }
        }
    }

    /// Waits until nothing is under way any more, whatever comes of it.
    pub async fn rest(&mut self) {
        while self.flies() {
            let _ = self.land().await;
        }
    }

    /// Nobody knows what is stored; what waits to be written is not.
    fn lost(&mut self, failure: Failure) -> Failure {
        let next = self.flight.as_ref().map(|flight| &flight.next);
        next.and_then(|next| locked(next).take());
        self.stale = true;
        self.poisoned = true;
        failure
    }

    async fn land_all(&mut self) -> Result<(), Failure> {
        while self.flies() {
            self.land().await?;
        }
        Ok(())
    }

    /// Writes what follows from events, but not the events: a record made up for measuring.
    pub(crate) async fn project(&mut self, batch: Batch) -> Result<(), Failure> {
        self.fold.replay(batch)?;
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Failure> {
        self.take_off(|_| {})?;
        self.land_all().await
    }

    async fn adopt_missing(&mut self, batch: &Batch) -> Result<(), Failure> {
        for contact in self.fold.missing(batch) {
            let mut asked = Values::default();
            asked.int(contact);
            let text = format!("{} WHERE c.contact = $1", noted());
            let found = self.reader.query(&text, asked.clone()).await?;
            let Some(found) = found.first() else {
                continue;
            };
            let row = record::read(found)?;
            // Calls have none: they are not asked.
            let letters = if row.messages > 0 {
                letter::said(&self.reader, "WHERE l.contact = $1", asked).await?
            } else {
                BTreeMap::new()
            };
            adopt(&mut self.fold, row, found.text(record::WIDTH)?, &letters);
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
        let text = format!("{} WHERE c.closed IS NULL", noted());
        let open = "JOIN contact AS c ON c.contact = l.contact WHERE c.closed IS NULL";
        let letters = letter::said(&self.reader, open, Values::default()).await?;
        for found in self.reader.query(&text, Values::default()).await?.iter() {
            let row = record::read(found)?;
            adopt(&mut fold, row, found.text(record::WIDTH)?, &letters);
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
            let batch = Batch {
                entries,
                personal: Vec::new(),
            };
            self.adopt_missing(&batch).await?;
            self.fold.replay(batch)?;
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
            let text = format!(
                "{} WHERE c.contact > $1 AND c.closed IS NOT NULL \
                 AND (p.note <> '' OR c.messages > 0 OR c.category <> '') \
                 ORDER BY c.contact LIMIT $2",
                noted()
            );
            let found = self.reader.query(&text, asked).await?;
            let Some(last) = found.iter().next_back() else {
                return Ok(());
            };
            let mut asked = Values::default();
            asked.int(after).int(last.int(0)?);
            let those = "WHERE l.contact > $1 AND l.contact <= $2";
            let letters = letter::said(&self.reader, those, asked).await?;
            after = last.int(0)?;
            for record in found.iter() {
                let (row, note) = (record::read(record)?, record.text(record::WIDTH)?);
                let said = letters.get(&row.contact.0).map_or("", String::as_str);
                self.fold.index_note(row, note, said);
            }
            self.write().await?;
        }
    }

    /// What the center is rebuilt from. After a failed write this also finds out what is stored.
    pub async fn recover(&mut self, now: Time) -> Result<Recovery, Failure> {
        // Whether it was written is known then.
        self.rest().await;
        if self.poisoned {
            // The old connection, and with it the lease, must be gone before a new one is taken.
            self.writer = None;
            self.writer = Some(Writer::open(&self.place, Lease::Record).await?);
            self.poisoned = false;
        }
        self.load().await?;
        recovery::read(&self.reader, now, self.fold.last_contact() + 1).await
    }
}

fn locked(next: &Next) -> MutexGuard<'_, Option<Prepared>> {
    next.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Contacts with their notes; the note comes after the columns of the contact.
fn noted() -> String {
    let columns = record::COLUMNS.replace(", ", ", c.");
    format!(
        "SELECT c.{columns}, p.note FROM contact AS c \
         LEFT JOIN personal AS p ON p.contact = c.contact"
    )
}

fn adopt(fold: &mut Fold, row: Row, note: &str, letters: &BTreeMap<u64, String>) {
    let said = letters.get(&row.contact.0).map_or("", String::as_str);
    fold.adopt(row, note, said);
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
