//! Lives of contacts as events, and what they come to by a fold in memory alone.

use center::city::{Channel, ContactId, CounselorId};
use center::command::Ending;
use center::event::{Event, Fate, Reason};
use center::record::Row;
use center::statistics::{Cell, Measures, cells};
use center::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time, Zone};
use std::collections::BTreeMap;
use store::{Archive, Batch, Entry, Personal, note_digest};

/// The counselor of these lives.
pub const KIM: CounselorId = CounselorId(1);

/// The first contact of a life arrives here.
pub const MORNING: Time = Time(1_795_000_000_000);

/// What a citizen who was served leaves behind.
#[derive(Clone)]
pub struct Served {
    pub contact: ContactId,
    pub number: String,
    pub note: String,
    pub category: String,
}

impl Served {
    pub fn new(contact: u64) -> Served {
        Served {
            contact: ContactId(contact),
            number: format!("+82212000{contact:03}"),
            note: "여권발급 문의, passport".into(),
            category: "TRF-01-01".into(),
        }
    }

    pub fn arrived(&self) -> Time {
        MORNING + (self.contact.0 as i64) * MINUTE_MS
    }

    pub fn key(&self) -> String {
        format!("key-{}", self.contact)
    }

    /// First packet to the queue.
    pub fn waits(&self) -> Batch {
        let contact = self.contact;
        let mut batch = Batch {
            entries: vec![
                self.at(0, arrived(contact, &self.key(), "trunk")),
                self.at(3, queued(contact)),
            ],
            personal: Vec::new(),
        };
        batch.personal.push(Personal::Number {
            contact,
            number: self.number.clone(),
            raw: self.number.clone(),
        });
        batch
    }

    /// Counselor, talk, note and code.
    pub fn talks(&self) -> Batch {
        let contact = self.contact;
        let counselor = KIM;
        let nonce = format!("{:08x}", contact.0);
        let note = Event::NoteSaved {
            contact,
            counselor,
            digest: note_digest(&nonce, &self.note),
            letters: self.note.chars().count() as u32,
        };
        Batch {
            entries: vec![
                self.at(10, offered(contact)),
                self.at(14, Event::Answered { contact, counselor }),
                self.at(60, note),
                self.at(70, classified(contact, &self.category)),
            ],
            personal: vec![Personal::Note {
                contact,
                text: self.note.clone(),
                nonce,
            }],
        }
    }

    /// The line is over, the record closed.
    pub fn ends(&self) -> Batch {
        let contact = self.contact;
        let ended = Event::TalkEnded {
            contact,
            counselor: KIM,
            ending: Ending::Citizen,
        };
        let closed = Event::Closed {
            contact,
            fate: Fate::Answered,
            counselor: Some(KIM),
        };
        Batch {
            entries: vec![self.at(90, ended), self.at(100, closed)],
            personal: Vec::new(),
        }
    }

    pub fn whole(&self) -> Batch {
        let mut whole = self.waits();
        for mut part in [self.talks(), self.ends()] {
            whole.entries.append(&mut part.entries);
            whole.personal.append(&mut part.personal);
        }
        whole
    }

    pub fn at(&self, second: i64, event: Event) -> Entry {
        Entry {
            at: self.arrived() + second * SECOND_MS,
            event,
        }
    }
}

pub fn arrived(contact: ContactId, key: &str, via: &str) -> Event {
    Event::Arrived {
        contact,
        key: key.into(),
        channel: Channel::Voice,
        caller: format!("token-{}", contact.0 % 7),
        via: via.into(),
        repeat: false,
    }
}

pub fn queued(contact: ContactId) -> Event {
    Event::Queued {
        contact,
        queue: "general".into(),
        since: MORNING,
        front: false,
    }
}

pub fn offered(contact: ContactId) -> Event {
    Event::Offered {
        contact,
        counselor: KIM,
        reason: Reason {
            ring: 0,
            waited_ms: 7_000,
            idle_ms: 1,
            skills: 1,
            free: 1,
            waiting: 1,
            held_back: 0,
        },
    }
}

pub fn classified(contact: ContactId, category: &str) -> Event {
    Event::Classified {
        contact,
        counselor: KIM,
        category: Some(category.into()),
        outcome: Some("IN".into()),
    }
}

/// Contacts and cells as a fold in memory has them.
#[derive(Debug, Default, PartialEq)]
pub struct Folded {
    pub rows: BTreeMap<u64, Row>,
    pub cells: BTreeMap<Cell, Measures>,
}

pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Folded {
    let mut folded = Folded::default();
    for entry in entries {
        if let Some(contact) = entry.event.contact() {
            let row = folded.rows.entry(contact.0).or_default();
            row.apply(entry.at, &entry.event);
        }
    }
    for row in folded.rows.values() {
        for (cell, measures) in cells(row, &Zone::fixed(9 * HOUR_MS)) {
            folded.cells.entry(cell).or_default().add(&measures, 1);
        }
    }
    folded
}

/// The same as the store has them; cells that came to nothing are left out.
pub async fn stored(archive: &Archive, contacts: u64) -> Folded {
    let mut folded = Folded::default();
    for contact in 1..=contacts {
        if let Some(row) = archive.contact(ContactId(contact)).await.unwrap() {
            folded.rows.insert(contact, row);
        }
    }
    let (from, to) = (center::time::Day(0), center::time::Day(100_000));
    for (cell, measures) in archive.cells(from, to).await.unwrap() {
        if measures != Measures::default() {
            folded.cells.insert(cell, measures);
        }
    }
    folded
}
