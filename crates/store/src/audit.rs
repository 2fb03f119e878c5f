//! Counts everything again and names each difference. Never repairs, never writes.

use crate::blob::Blobs;
use crate::engine::{Reader, Snapshot};
use crate::failure::Failure;
use crate::fold::{Head, STREAM, kind_of};
use crate::ingress;
use crate::key::Key;
use crate::letter_audit::{Kept, Letters};
use crate::place::Place;
use crate::value::{Record, Values};
use crate::{batch, cube, journal, record};
use center::city::City;
use center::event::{Event, Fate};
use center::record::Row;
use center::statistics::{Cell, Measures, cells};
use center::time::Zone;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Rows that are read at once.
const CHUNK: i64 = 5_000;

/// How often the record is asked again for a recording whose end is perhaps being written just now.
const LOOKS: usize = 50;
/// How long it is left alone in between.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Differences that are named; the rest is only counted.
const NAMED_MAX: usize = 1_000;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events whose chain was verified.
    pub events: u64,
    /// Contacts that were counted again.
    pub contacts: u64,
    /// Cells that were counted again.
    pub cells: u64,
    /// Recordings that were opened.
    pub recordings: u64,
    /// Recordings that were erased when their time was over.
    pub erased: u64,
    /// Files that could not be read and were moved aside; no difference, but somebody should look.
    pub aside: u64,
    /// Attempts in telephony's own log.
    pub attempts: u64,
    /// Events of the library whose chain was verified.
    pub library_events: u64,
    /// Articles that were folded again.
    pub articles: u64,
    /// Each difference in plain words.
    pub differences: Vec<String>,
    /// Differences beyond those that are named.
    pub more: u64,
}

impl Report {
    /// Whether nothing differs.
    pub fn clean(&self) -> bool {
        self.differences.is_empty()
    }

    fn differs(&mut self, what: String) {
        if self.differences.len() < NAMED_MAX {
            self.differences.push(what);
        } else {
            self.more += 1;
        }
    }
}

/// Verifies the chain and recounts contacts, statistics, notes, recordings and attempts. Works
/// beside a running center: it looks at one moment of the record.
pub async fn audit(place: &Place, city: &Arc<City>) -> Result<Report, Failure> {
    let reader = Reader::open(place);
    let key = Key::read(place.folder())?;
    let before = ingress::read(place.folder())?;
    let blobs = key.as_ref().map(|key| Blobs::new(place.folder(), key));
    // Listed before the moment that is looked at: what is recorded in it was listed or is gone.
    let lying = match &blobs {
        Some(blobs) => blobs.names("recordings")?,
        None => Vec::new(),
    };
    let mut audit = Audit {
        view: reader.snapshot().await?,
        zone: city.zone.clone(),
        report: Report::default(),
        cells: BTreeMap::new(),
        keys: HashSet::new(),
        trunk_keys: Vec::new(),
        kept: Kept::default(),
    };
    audit.chain().await?;
    audit.contacts().await?;
    audit.cubes().await?;
    let kept = std::mem::take(&mut audit.kept);
    for what in kept.compare(&mut audit.view).await? {
        audit.report.differs(what);
    }
    audit.library(key.as_ref(), city).await?;
    match &blobs {
        Some(blobs) => {
            let listed = audit.recordings(blobs).await?;
            audit.unlisted(&reader, blobs, lying, &listed).await?;
            audit.report.aside = blobs.names("aside/recordings")?.len() as u64;
        }
        None => audit.report.differs("the key file is missing".into()),
    }
    let after = ingress::read(place.folder())?;
    audit.attempts(&reader, &before, &after).await?;
    Ok(audit.report)
}

/// What events tell of a recording: whether it is cut off, and when it was erased.
type Told = (i64, Option<i64>);

/// Contacts whose personal data was erased, and those whose letters were: a text that its citizen
/// changed later is there again until the next time.
#[derive(Default)]
struct Forgotten {
    personal: BTreeSet<i64>,
    letters: BTreeSet<i64>,
}

impl Forgotten {
    fn tell(&mut self, contact: i64, event: &Event) {
        match event {
            Event::PersonalErased { .. } => {
                self.personal.insert(contact);
                self.letters.insert(contact);
            }
            Event::MessageReceived { .. }
            | Event::MessageSent { .. }
            | Event::MessageChanged { .. } => {
                self.letters.remove(&contact);
            }
            _ => {}
        }
    }
}

struct Audit {
    view: Snapshot,
    zone: Zone,
    report: Report,
    cells: BTreeMap<Cell, Measures>,
    /// Attempt keys of voice contacts.
    keys: HashSet<String>,
    /// Those that came over a trunk, with their contact.
    trunk_keys: Vec<(String, u64)>,
    kept: Kept,
}

impl Audit {
    async fn library(&mut self, key: Option<&Key>, city: &City) -> Result<(), Failure> {
        let found = crate::library::audit::run(&mut self.view, key, city).await?;
        self.report.library_events = found.events;
        self.report.articles = found.articles;
        for what in found.differences {
            self.report.differs(what);
        }
        Ok(())
    }

    async fn ask(&mut self, text: &str, numbers: &[i64]) -> Result<crate::value::Records, Failure> {
        let mut asked = Values::default();
        for number in numbers {
            asked.int(*number);
        }
        self.view.query(text, asked).await
    }

    /// Every event is where it was written, and none is missing.
    async fn chain(&mut self) -> Result<(), Failure> {
        let mut head = Head::default();
        loop {
            let text = "SELECT at, body, seq, kind, contact, counselor, prev, hash FROM journal \
                        WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
            let found = self.ask(text, &[STREAM, head.seq, CHUNK]).await?;
            if found.len() == 0 {
                break;
            }
            for record in found.iter() {
                head = self.link(head, record)?;
                self.report.events += 1;
            }
        }
        let found = self
            .ask("SELECT value FROM meta WHERE name = 'head'", &[])
            .await?;
        let known = found
            .first()
            .map(|record| record.text(0).map(str::to_owned))
            .transpose()?;
        let known = known.as_deref().and_then(Head::parse).unwrap_or_default();
        if known != head {
            self.report.differs(format!(
                "the journal ends with event {}, but event {} was written last",
                head.seq, known.seq
            ));
        }
        Ok(())
    }

    /// Checks one event against the one before it; goes on from what is stored.
    fn link(&mut self, head: Head, record: Record<'_>) -> Result<Head, Failure> {
        let (at, seq) = (record.int(0)?, record.int(2)?);
        let body = match record.get(1) {
            crate::value::Value::Text(body) => body,
            _ => b"",
        };
        if seq != head.seq + 1 {
            let missing = head.seq + 1;
            self.report
                .differs(format!("event {missing} is missing before event {seq}"));
        }
        if record.bytes(6)? != head.hash && seq == head.seq + 1 {
            self.report.differs(format!(
                "event {seq} does not follow from the one before it"
            ));
        }
        let from = Head {
            seq: seq - 1,
            hash: record.bytes(6)?.try_into().unwrap_or_default(),
        };
        let next = from.next(at, body);
        if record.bytes(7)? != next.hash {
            self.report
                .differs(format!("event {seq} was changed: its hash does not fit"));
        }
        match serde_json::from_slice::<Event>(body) {
            Ok(event) => {
                self.kept.tell(&event);
                self.columns(seq, record, body, &event)?;
            }
            Err(_) => self.report.differs(format!("event {seq} cannot be read")),
        }
        Ok(Head {
            seq,
            hash: record.bytes(7)?.try_into().unwrap_or_default(),
        })
    }

    fn columns(
        &mut self,
        seq: i64,
        record: Record<'_>,
        body: &[u8],
        event: &Event,
    ) -> Result<(), Failure> {
        let (from, to) = kind_of(body)?;
        let kind = record.text(3)?.as_bytes() == &body[from as usize..to as usize];
        let contact = record.maybe(4)? == event.contact().map(|contact| contact.0 as i64);
        let counselor = record.maybe(5)? == event.counselor().map(|c| i64::from(c.0));
        if !(kind && contact && counselor) {
            self.report.differs(format!(
                "the index columns of event {seq} differ from its text"
            ));
        }
        Ok(())
    }

    /// Every contact is what its events say.
    async fn contacts(&mut self) -> Result<(), Failure> {
        let last = "SELECT max(contact) FROM journal";
        let last = self.ask(last, &[]).await?;
        let last = last
            .first()
            .map_or(Ok(None), |record| record.maybe(0))?
            .unwrap_or(0);
        let stored = self.ask("SELECT max(contact) FROM contact", &[]).await?;
        let stored = stored
            .first()
            .map_or(Ok(None), |record| record.maybe(0))?
            .unwrap_or(0);
        let last = last.max(stored);
        let mut after = 0;
        while after < last {
            self.contacts_between(after, after + CHUNK).await?;
            after += CHUNK;
        }
        Ok(())
    }

    async fn contacts_between(&mut self, after: i64, to: i64) -> Result<(), Failure> {
        let text = "SELECT at, body, contact FROM journal \
                    WHERE contact > $1 AND contact <= $2 ORDER BY seq";
        let mut folded: BTreeMap<u64, Row> = BTreeMap::new();
        let mut recorded: BTreeMap<(i64, String), Told> = BTreeMap::new();
        let mut forgotten = Forgotten::default();
        let mut letters = Letters::default();
        for record in self.ask(text, &[after, to]).await?.iter() {
            // What cannot be read was named with the chain.
            let Ok(entry) = journal::entry(record) else {
                continue;
            };
            let contact = record.int(2)? as u64;
            match &entry.event {
                Event::Recorded { blob, cut, .. } => {
                    let told = recorded.entry((contact as i64, blob.clone()));
                    told.or_default().0 = i64::from(*cut);
                }
                Event::RecordingErased { blob, .. } => {
                    let told = recorded.entry((contact as i64, blob.clone()));
                    told.or_default().1 = Some(entry.at.0);
                }
                _ => {}
            }
            forgotten.tell(contact as i64, &entry.event);
            letters.tell(entry.at, &entry.event);
            let row = folded.entry(contact).or_default();
            row.apply(entry.at, &entry.event);
            if let Event::ConsentChanged { allowed, .. } = entry.event {
                self.kept.consent(entry.at, row, allowed);
            }
        }
        let text = format!(
            "SELECT {} FROM contact WHERE contact > $1 AND contact <= $2",
            record::COLUMNS
        );
        let mut stored: BTreeMap<u64, Row> = BTreeMap::new();
        for found in self.ask(&text, &[after, to]).await?.iter() {
            match record::read(found) {
                Ok(row) => drop(stored.insert(row.contact.0, row)),
                Err(failure) => {
                    self.report
                        .differs(format!("contact {}: {failure}", found.int(0)?));
                }
            }
        }
        for (contact, row) in &folded {
            self.compare(*contact, row, stored.remove(contact).as_ref());
        }
        for contact in stored.keys() {
            self.report
                .differs(format!("contact {contact} has a row but no event"));
        }
        self.gaps(&folded, after);
        self.recorded(recorded, after, to).await?;
        let found = letters.compare(&mut self.view, after, to, &folded).await?;
        for what in found {
            self.report.differs(what);
        }
        self.forgotten(&forgotten, after, to).await?;
        self.notes(&folded, after, to).await
    }

    /// The list of recordings is the one that the events tell.
    async fn recorded(
        &mut self,
        mut told: BTreeMap<(i64, String), Told>,
        after: i64,
        to: i64,
    ) -> Result<(), Failure> {
        let text = "SELECT contact, blob, cut, erased FROM recording \
                    WHERE contact > $1 AND contact <= $2";
        for record in self.ask(text, &[after, to]).await?.iter() {
            let listed = (record.int(0)?, record.text(1)?.to_owned());
            match told.remove(&listed) {
                Some(told) if told == (record.int(2)?, record.maybe(3)?) => {}
                Some(_) => self.report.differs(format!(
                    "the list says otherwise than the events about a recording of contact {}",
                    listed.0
                )),
                None => self.report.differs(format!(
                    "a recording of contact {} is listed but no event tells of it",
                    listed.0
                )),
            }
        }
        for ((contact, _), _) in told {
            self.report.differs(format!(
                "a recording of contact {contact} was stored but is not listed"
            ));
        }
        Ok(())
    }

    fn gaps(&mut self, folded: &BTreeMap<u64, Row>, after: i64) {
        let mut due = after as u64 + 1;
        for contact in folded.keys() {
            if *contact != due {
                self.report
                    .differs(format!("contacts {due} to {} are missing", contact - 1));
            }
            due = contact + 1;
        }
    }

    fn compare(&mut self, contact: u64, row: &Row, stored: Option<&Row>) {
        self.report.contacts += 1;
        match stored {
            None => self
                .report
                .differs(format!("contact {contact} has events but no row")),
            Some(stored) if stored != row => {
                let columns = differing(row, stored).join(", ");
                self.report.differs(format!(
                    "contact {contact} differs from its events in: {columns}"
                ));
            }
            Some(_) => {}
        }
        let complete = !row.category.is_empty() && !row.outcome.is_empty();
        if row.fate == Some(Fate::Answered) && row.closed.is_some() && !complete {
            self.report
                .differs(format!("contact {contact} was closed without its codes"));
        }
        for (cell, measures) in cells(row, &self.zone) {
            self.cells.entry(cell).or_default().add(&measures, 1);
        }
        if row.channel == center::city::Channel::Voice {
            self.keys.insert(row.key.clone());
            if ingress::comes_by_trunk(&row.via) {
                self.trunk_keys.push((row.key.clone(), contact));
            }
        }
    }

    /// What was erased is not there.
    async fn forgotten(
        &mut self,
        forgotten: &Forgotten,
        after: i64,
        to: i64,
    ) -> Result<(), Failure> {
        let kinds = [
            ("personal", "number and note", &forgotten.personal),
            ("letter", "letters", &forgotten.letters),
        ];
        for (table, what, gone) in kinds {
            if gone.is_empty() {
                continue;
            }
            let text = format!(
                "SELECT DISTINCT contact FROM {table} WHERE contact > $1 AND contact <= $2"
            );
            for record in self.ask(&text, &[after, to]).await?.iter() {
                let contact = record.int(0)?;
                if gone.contains(&contact) {
                    self.report.differs(format!(
                        "{what} of contact {contact} were erased but are there"
                    ));
                }
            }
        }
        Ok(())
    }

    /// A note is the one whose digest was written last.
    async fn notes(
        &mut self,
        folded: &BTreeMap<u64, Row>,
        after: i64,
        to: i64,
    ) -> Result<(), Failure> {
        let text = "SELECT contact, note, nonce FROM personal \
                    WHERE contact > $1 AND contact <= $2 AND note IS NOT NULL";
        for record in self.ask(text, &[after, to]).await?.iter() {
            let contact = record.int(0)?;
            let digest = batch::note_digest(record.text(2)?, record.text(1)?);
            if folded
                .get(&(contact as u64))
                .is_none_or(|row| row.note_digest != digest)
            {
                self.report.differs(format!(
                    "the note of contact {contact} is not the one that was saved last"
                ));
            }
        }
        Ok(())
    }

    /// Every cell is the sum of its contacts.
    async fn cubes(&mut self) -> Result<(), Failure> {
        let mut counted = std::mem::take(&mut self.cells);
        for (number, insert) in cube::CUBES.iter().enumerate() {
            let text = format!("SELECT {} FROM {}", insert.columns, insert.table);
            for record in self.ask(&text, &[]).await?.iter() {
                self.report.cells += 1;
                let (cell, stored) = match cube::read(number, record) {
                    Ok(read) => read,
                    Err(failure) => {
                        let table = insert.table;
                        self.report
                            .differs(format!("a cell of {table} cannot be read: {failure}"));
                        continue;
                    }
                };
                let due = counted.remove(&cell).unwrap_or_default();
                if due != stored {
                    self.report.differs(format!(
                        "{}: {cell:?} holds {stored:?}, counted again it is {due:?}",
                        insert.table
                    ));
                }
            }
        }
        for (cell, due) in counted
            .iter()
            .filter(|(_, due)| **due != Measures::default())
        {
            let table = cube::CUBES[cube::cube_of(cell)].table;
            self.report.differs(format!(
                "{table}: {cell:?} is missing, it should hold {due:?}"
            ));
        }
        Ok(())
    }

    /// No recording lies on the disk that the record does not know, but for those that are being
    /// made: their contact is open, or they are recorded while the audit looks.
    async fn unlisted(
        &mut self,
        reader: &Reader,
        blobs: &Blobs,
        lying: Vec<String>,
        listed: &HashSet<String>,
    ) -> Result<(), Failure> {
        let mut strange = Vec::new();
        for name in lying.into_iter().filter(|name| !listed.contains(name)) {
            let text = "SELECT contact FROM contact WHERE contact = $1 AND closed IS NULL";
            if self
                .ask(text, &[contact_of(&name)])
                .await?
                .first()
                .is_none()
            {
                strange.push(name);
            }
        }
        for look in 0..LOOKS {
            if strange.is_empty() {
                return Ok(());
            }
            if look > 0 {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            let lying = blobs.names("recordings")?;
            let mut still = Vec::new();
            for name in strange {
                let mut asked = Values::default();
                asked.int(contact_of(&name)).text(&name);
                let text = "SELECT contact FROM recording WHERE contact = $1 AND blob = $2";
                let known = reader.query(text, asked).await?.first().is_some();
                if !known && lying.contains(&name) {
                    still.push(name);
                }
            }
            strange = still;
        }
        for name in strange {
            self.report.differs(format!(
                "the file {name} is a recording that the record does not know"
            ));
        }
        Ok(())
    }

    /// Every recording is there and whole, and none is there that was erased.
    async fn recordings(&mut self, blobs: &Blobs) -> Result<HashSet<String>, Failure> {
        let found = self
            .ask(
                "SELECT contact, blob, cut, erased FROM recording ORDER BY contact",
                &[],
            )
            .await?;
        let mut listed = HashSet::new();
        for record in found.iter() {
            let (contact, name) = (record.int(0)?, record.text(1)?.to_owned());
            let blobs = blobs.clone();
            listed.insert(name.clone());
            let opened = crate::engine::blocking(move || blobs.content(&name)).await?;
            let (cut, erased) = (record.int(2)? != 0, record.maybe(3)?.is_some());
            if erased {
                self.report.erased += 1;
                if !matches!(opened, Err(Failure::NoBlob(_))) {
                    self.report.differs(format!(
                        "a recording of contact {contact} was erased but its file is there"
                    ));
                }
                continue;
            }
            self.report.recordings += 1;
            match opened {
                Ok(content) if content.complete != cut => {}
                Ok(content) if content.complete => self.report.differs(format!(
                    "a recording of contact {contact} is whole but said to be cut off"
                )),
                Ok(_) => self
                    .report
                    .differs(format!("a recording of contact {contact} is cut short")),
                Err(failure) => self.report.differs(format!(
                    "a recording of contact {contact} cannot be opened: {failure}"
                )),
            }
        }
        Ok(listed)
    }

    /// Telephony's own count of attempts is the same as the record's.
    async fn attempts(
        &mut self,
        reader: &Reader,
        before: &ingress::Log,
        after: &ingress::Log,
    ) -> Result<(), Failure> {
        self.report.attempts = before.keys.len() as u64;
        for line in &before.unreadable {
            self.report
                .differs(format!("telephony's log cannot be read at {line}"));
        }
        for (key, count) in &before.keys {
            if *count > 1 {
                self.report
                    .differs(format!("attempt {key} stands {count} times in the log"));
            }
            // A call that was arriving at this very moment is in the record by now.
            if !self.keys.contains(key) && !known(reader, key).await? {
                self.report
                    .differs(format!("attempt {key} of telephony's log has no contact"));
            }
        }
        for (key, contact) in &self.trunk_keys {
            if !after.keys.contains_key(key) {
                let text = format!("contact {contact} is not in telephony's log of attempts");
                if self.report.differences.len() < NAMED_MAX {
                    self.report.differences.push(text);
                } else {
                    self.report.more += 1;
                }
            }
        }
        Ok(())
    }
}

async fn known(reader: &Reader, key: &str) -> Result<bool, Failure> {
    let mut asked = Values::default();
    asked.text(key);
    let text = "SELECT contact FROM contact WHERE key = $1 AND channel = 'voice'";
    Ok(reader.query(text, asked).await?.first().is_some())
}

/// The contact in the name of a recording, such as `recordings/17-1795570083862`.
fn contact_of(name: &str) -> i64 {
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    let contact = last.split_once('-').map(|(contact, _)| contact);
    contact
        .and_then(|contact| contact.parse().ok())
        .unwrap_or(0)
}

/// The columns in which two rows differ.
fn differing(row: &Row, stored: &Row) -> Vec<&'static str> {
    let (mut left, mut right) = (Values::default(), Values::default());
    record::push(row, &mut left);
    record::push(stored, &mut right);
    let columns = record::COLUMNS.split(", ").enumerate();
    columns
        .filter(|(index, _)| left.get(*index) != right.get(*index))
        .map(|(_, column)| column)
        .collect()
}
