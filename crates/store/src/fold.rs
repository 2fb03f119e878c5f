//! What one batch changes: journal rows, touched contacts, cells, personal rows. Pure; never
//! touches an engine.

use crate::batch::{Batch, Entry, Personal};
use crate::engine::Dialect;
use crate::failure::Failure;
use crate::insert::{Conflict, Insert, Rows};
use crate::record::Indexed;
use crate::value::{Span, Values};
use crate::{cube, letter, record, words};
use center::city::Channel;
use center::event::Event;
use center::record::Row;
use center::statistics::{Cell, Measures, cells};
use center::time::Zone;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The stream of this center's only writer.
pub(crate) const STREAM: i64 = 1;

static JOURNAL: Insert = Insert::new(
    "journal",
    "stream, seq, at, kind, contact, counselor, body, prev, hash",
    Conflict::Refuse,
);
static RECORDING: Insert = Insert::new(
    "recording",
    "contact, blob, length_ms, keep_until, at",
    Conflict::Keep,
);
static NUMBER: Insert = Insert::new(
    "personal",
    "contact, number, raw",
    Conflict::Replace {
        key: "contact",
        columns: "number, raw",
    },
);
static NOTE: Insert = Insert::new(
    "personal",
    "contact, note, nonce",
    Conflict::Replace {
        key: "contact",
        columns: "note, nonce",
    },
);
static TRANSFER: Insert = Insert::new(
    "personal",
    "contact, transfer_to",
    Conflict::Replace {
        key: "contact",
        columns: "transfer_to",
    },
);
static META: Insert = Insert::new(
    "meta",
    "name, value",
    Conflict::Replace {
        key: "name",
        columns: "value",
    },
);

/// Places in the list of tables, which is the order of writing.
mod place {
    pub const JOURNAL: usize = 0;
    pub const WHOLE: usize = 1;
    pub const PROGRESS: usize = 2;
    pub const NUMBER: usize = 3;
    pub const NOTE: usize = 4;
    pub const TRANSFER: usize = 5;
    pub const INDEX_FIRST: usize = 6;
    pub const INDEX_AGAIN: usize = 7;
    pub const RECORDING: usize = 8;
    pub const CUBES: usize = 9;
    pub const META: usize = 12;
    pub const LETTERS: usize = 13;
}

/// Empty tables in the order of writing.
pub(crate) fn tables(dialect: &Dialect) -> Vec<Rows> {
    let kinds: [&'static Insert; 13 + letter::TABLES.len()] = [
        &JOURNAL,
        &record::WHOLE,
        &record::PROGRESS,
        &NUMBER,
        &NOTE,
        &TRANSFER,
        dialect.note_first,
        dialect.note_again,
        &RECORDING,
        cube::CUBES[0],
        cube::CUBES[1],
        cube::CUBES[2],
        &META,
        letter::TABLES[0],
        letter::TABLES[1],
        letter::TABLES[2],
        letter::TABLES[3],
        letter::TABLES[4],
        letter::TABLES[5],
    ];
    kinds.into_iter().map(Rows::new).collect()
}

/// End of the chain: number and hash of the last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number; 0 before the first.
    pub seq: i64,
    /// Hash; zeros before the first.
    pub hash: [u8; 32],
}

impl Head {
    /// The head after an event.
    pub fn next(&self, at: i64, body: &[u8]) -> Head {
        let seq = self.seq + 1;
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(seq.to_be_bytes());
        hasher.update(at.to_be_bytes());
        hasher.update(body);
        Head {
            seq,
            hash: hasher.finalize().into(),
        }
    }

    /// As kept in `meta`.
    pub fn text(&self) -> String {
        format!("{} {}", self.seq, crate::key::hex(&self.hash))
    }

    /// Reads what [`Head::text`] wrote.
    pub fn parse(text: &str) -> Option<Head> {
        let (seq, hash) = text.split_once(' ')?;
        Some(Head {
            seq: seq.parse().ok()?,
            hash: crate::key::unhex(hash)?,
        })
    }
}

/// A contact in memory.
#[derive(Debug)]
struct Held {
    row: Row,
    /// Its indexed columns as stored; none while it is new.
    stored: Option<Indexed>,
    /// The cells it counts in as stored: a correction takes them away first.
    counted: Vec<(Cell, Measures)>,
    /// No note of it was ever written: known of contacts that arrived since the start.
    unnoted: bool,
    touched: bool,
}

/// Everything the next batch builds on.
#[derive(Debug)]
pub(crate) struct Fold {
    zone: Zone,
    head: Head,
    last_contact: u64,
    held: HashMap<u64, Held>,
    touched: Vec<u64>,
    letters: letter::Last,
    /// What the batch changes, table by table.
    pub tables: Vec<Rows>,
}

impl Fold {
    /// The state after everything stored so far: head, number of contacts and the open ones.
    pub fn new(dialect: &Dialect, zone: Zone, head: Head, last_contact: u64) -> Fold {
        Fold {
            zone,
            head,
            last_contact,
            held: HashMap::new(),
            touched: Vec::new(),
            letters: letter::Last::default(),
            tables: tables(dialect),
        }
    }

    /// Number of contacts so far.
    pub fn last_contact(&self) -> u64 {
        self.last_contact
    }

    /// Holds a contact as it is stored.
    pub fn adopt(&mut self, row: Row) {
        let held = Held {
            stored: Some(Indexed::of(&row)),
            counted: cells(&row, &self.zone),
            row,
            unnoted: false,
            touched: false,
        };
        self.held.insert(held.row.contact.0, held);
    }

    /// Stored contacts that these events concern and that are not held.
    pub fn missing(&self, entries: &[Entry]) -> Vec<i64> {
        let mut missing: Vec<i64> = entries
            .iter()
            .filter_map(|entry| entry.event.contact())
            .filter(|contact| contact.0 <= self.last_contact)
            .filter(|contact| !self.held.contains_key(&contact.0))
            .map(|contact| contact.0 as i64)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Fills the tables with everything that follows from a batch. After an error this value is
    /// spoiled and must be loaded again.
    pub fn plan(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut prev: Option<Span> = None;
        for entry in &batch.entries {
            prev = Some(self.journal(entry, prev)?);
            self.apply(entry)?;
        }
        self.personal(&batch.personal)?;
        self.project();
        if !batch.entries.is_empty() {
            let head = self.head.text();
            self.tables[place::META].values.text("head").text(&head);
        }
        Ok(())
    }

    /// The same without journal rows: for projections that are built anew.
    pub fn replay(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            self.apply(entry)?;
        }
        self.project();
        Ok(())
    }

    /// Puts the words of a note into the index; `first` when none of the contact is there.
    pub fn index_note(&mut self, contact: i64, text: &str, first: bool) {
        let place = if first {
            place::INDEX_FIRST
        } else {
            place::INDEX_AGAIN
        };
        let words = words::of_note(text);
        self.tables[place].values.int(contact).text(&words);
    }

    /// The batch is stored: what is closed leaves memory, the tables are emptied.
    pub fn settle(&mut self) {
        for contact in self.touched.drain(..) {
            let Some(held) = self.held.get_mut(&contact) else {
                continue;
            };
            if held.row.closed.is_some() {
                self.held.remove(&contact);
                continue;
            }
            held.touched = false;
            if !held.stored.as_ref().is_some_and(|s| s.hold(&held.row)) {
                held.stored = Some(Indexed::of(&held.row));
            }
        }
        for rows in &mut self.tables {
            rows.values.clear();
        }
    }

    fn journal(&mut self, entry: &Entry, prev: Option<Span>) -> Result<Span, Failure> {
        let values = &mut self.tables[place::JOURNAL].values;
        let from = values.heap().len();
        serde_json::to_writer(values.heap(), &entry.event)
            .map_err(|error| Failure::Engine(format!("event: {error}")))?;
        let body = &values.heap()[from..];
        let kind = kind_of(body)?;
        let kind = (from as u32 + kind.0, from as u32 + kind.1);
        let next = self.head.next(entry.at.0, body);
        let body = (from as u32, values.heap().len() as u32);
        let prev = prev.unwrap_or_else(|| values.keep(&self.head.hash));
        let hash = values.keep(&next.hash);
        let id = |id: Option<u64>| id.map(|id| id as i64);
        values
            .int(STREAM)
            .int(next.seq)
            .int(entry.at.0)
            .text_at(kind)
            .maybe(id(entry.event.contact().map(|contact| contact.0)))
            .maybe(id(entry.event.counselor().map(|c| u64::from(c.0))))
            .text_at(body)
            .bytes_at(prev)
            .bytes_at(hash);
        self.head = next;
        Ok(hash)
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), Failure> {
        let Some(contact) = entry.event.contact() else {
            let rows = &mut self.tables[place::LETTERS..];
            self.letters.plan(entry.at, &entry.event, "", false, rows);
            return Ok(());
        };
        if let Event::Arrived { .. } = entry.event {
            if contact.0 != self.last_contact + 1 {
                let due = self.last_contact + 1;
                return Err(Failure::Refused(format!(
                    "contact {contact} arrives where contact {due} is due"
                )));
            }
            self.last_contact = contact.0;
            let held = Held {
                row: Row::default(),
                stored: None,
                counted: Vec::new(),
                unnoted: true,
                touched: false,
            };
            self.held.insert(contact.0, held);
        }
        let held = self.held.get_mut(&contact.0).ok_or_else(|| {
            Failure::Refused(format!("contact {contact} has an event but never arrived"))
        })?;
        held.row.apply(entry.at, &entry.event);
        let rows = &mut self.tables[place::LETTERS..];
        let chat = held.row.channel == Channel::Chat;
        let caller = &held.row.caller;
        self.letters
            .plan(entry.at, &entry.event, caller, chat, rows);
        if !held.touched {
            held.touched = true;
            self.touched.push(contact.0);
        }
        if let Event::Recorded {
            blob,
            length_ms,
            keep_until,
            ..
        } = &entry.event
        {
            let values = &mut self.tables[place::RECORDING].values;
            values.int(contact.0 as i64).text(blob).int(*length_ms);
            values.int(keep_until.0).int(entry.at.0);
        }
        Ok(())
    }

    /// Later rows of the same contact and kind replace earlier ones of the batch.
    pub fn personal(&mut self, personal: &[Personal]) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        for row in personal.iter().rev() {
            let contact = row.contact();
            if contact.0 == 0 || contact.0 > self.last_contact {
                return Err(Failure::Refused(format!(
                    "a personal row of contact {contact}, which never arrived"
                )));
            }
            let place = match row {
                Personal::Number { .. } => place::NUMBER,
                Personal::Note { .. } => place::NOTE,
                Personal::TransferTo { .. } => place::TRANSFER,
                Personal::Letter {
                    message, letter, ..
                } => {
                    let values = &mut self.tables[place::LETTERS + letter::place::LETTER].values;
                    letter::push(contact, *message, letter, values);
                    continue;
                }
            };
            if !seen.insert((contact, place)) {
                continue;
            }
            let values = &mut self.tables[place].values;
            values.int(contact.0 as i64);
            match row {
                Personal::Number { number, raw, .. } => values.text(number).text(raw),
                Personal::Note { text, nonce, .. } => values.text(text).text(nonce),
                Personal::TransferTo { number, .. } => values.text(number),
                Personal::Letter { .. } => values,
            };
            if let Personal::Note { text, .. } = row {
                let held = self.held.get_mut(&contact.0);
                // Taken: a spoiled batch is read anew, and then nothing is known to be unnoted.
                let first = held.is_some_and(|held| std::mem::take(&mut held.unnoted));
                self.index_note(contact.0 as i64, text, first);
            }
        }
        Ok(())
    }

    /// Rows of the touched contacts, and the cells that change with them.
    fn project(&mut self) {
        self.letters.write(&mut self.tables[place::LETTERS..]);
        self.touched.sort_unstable();
        let mut changes: BTreeMap<Cell, Measures> = BTreeMap::new();
        for contact in &self.touched {
            let Some(held) = self.held.get_mut(contact) else {
                continue;
            };
            let spared = held.stored.as_ref().is_some_and(|s| s.hold(&held.row));
            let place = if spared {
                place::PROGRESS
            } else {
                place::WHOLE
            };
            record::push(&held.row, &mut self.tables[place].values);
            let counts = cells(&held.row, &self.zone);
            if counts == held.counted {
                continue;
            }
            for (cell, measures) in held.counted.drain(..) {
                changes.entry(cell).or_default().add(&measures, -1);
            }
            for (cell, measures) in counts {
                changes.entry(cell).or_default().add(&measures, 1);
            }
        }
        for (cell, measures) in &changes {
            if *measures != Measures::default() {
                let place = place::CUBES + cube::cube_of(cell);
                cube::push(cell, measures, &mut self.tables[place].values);
            }
        }
    }
}

/// Where the kind stands in the JSON text of an event, whose tag always comes first.
pub(crate) fn kind_of(body: &[u8]) -> Result<(u32, u32), Failure> {
    const BEFORE: &[u8] = b"{\"kind\":\"";
    let rest = body.strip_prefix(BEFORE);
    let length = rest.and_then(|rest| rest.iter().position(|byte| *byte == b'"'));
    let length = length.ok_or_else(|| Failure::Corrupt("an event without its kind".into()))?;
    Ok((BEFORE.len() as u32, (BEFORE.len() + length) as u32))
}

/// A `meta` row in a list of tables.
pub(crate) fn meta(tables: &mut [Rows], name: &str, value: &str) {
    let values: &mut Values = &mut tables[place::META].values;
    values.text(name).text(value);
}
