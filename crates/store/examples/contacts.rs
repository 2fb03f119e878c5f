//! Says how many contacts a second the store alone makes durable, beside a bare insert.
//!
//! `cargo run -p store --release --example contacts -- FOLDER CONTACTS GROUP [postgres://…]`

use center::city::{Channel, City, ContactId, CounselorId, Language, Weights};
use center::command::Ending;
use center::event::{Event, Fate, Reason};
use center::limit::Limits;
use center::menu::Menu;
use center::time::{HOUR_MS, Time, Zone};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::bench::{self, Bytes, Commits};
use store::{Batch, Entry, Failure, Personal, Place, note_digest};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().map_or("contacts", String::as_str);
    let number = |index: usize, or: u64| -> u64 {
        let given = arguments.get(index).and_then(|text| text.parse().ok());
        given.unwrap_or(or)
    };
    let (contacts, group) = (number(1, 50_000), number(2, 300));
    let place = |name: &str| {
        let folder = std::path::Path::new(folder).join(name);
        match arguments.get(3) {
            None => Place::Folder(folder),
            Some(url) => Place::Postgres {
                url: url.clone(),
                folder,
            },
        }
    };
    let (took, commits) = lives(&place("record"), contacts, group).await?;
    let per_s = contacts as f64 / took.as_secs_f64();
    println!("group={group} contacts_per_s={per_s:.0}");
    let zone = Zone::fixed(9 * HOUR_MS);
    for which in [Bytes::All, Bytes::Journal] {
        let bare = bench::bare(&place("record"), &place("bare"), &zone, &commits, which).await?;
        let bare_per_s = contacts as f64 / bare.took.as_secs_f64();
        let (rows, bytes) = (bare.rows / contacts, bare.bytes / contacts);
        let of_bare = per_s / bare_per_s;
        println!("{which:?}: rows={rows} bytes={bytes} per_s={bare_per_s:.0} of={of_bare:.2}");
    }
    Ok(())
}

/// Takes groups of contacts through their lives, a step of the whole group in each transaction.
async fn lives(place: &Place, contacts: u64, group: u64) -> Result<(Duration, Commits), Failure> {
    let (mut journal, archive) = store::open(place, &Arc::new(city())).await?;
    let commits = journal.commits();
    // The lease on PostgreSQL is needed again for the bare insert.
    drop(archive);
    let mut took = Duration::ZERO;
    let mut at = Time(1_795_000_000_000);
    let mut next = 1;
    while next <= contacts {
        let last = (next + group - 1).min(contacts);
        for step in 0..5 {
            at = at + 1_000;
            let mut batch = Batch::default();
            for contact in next..=last {
                add(step, ContactId(contact), at, &mut batch);
            }
            let started = Instant::now();
            journal.append(batch).await?;
            took += started.elapsed();
        }
        next = last + 1;
    }
    Ok((took, commits))
}

/// Arrive, queue, answer, note and code, close.
fn add(step: u8, contact: ContactId, at: Time, batch: &mut Batch) {
    let counselor = CounselorId(contact.0 as u32 % 400 + 1);
    let events = match step {
        0 => {
            batch.personal.push(Personal::Number {
                contact,
                number: format!("+8210{:08}", contact.0),
                raw: format!("010{:08}", contact.0),
            });
            vec![arrived(contact), menu(contact)]
        }
        1 => vec![queued(contact, at), offered(contact, counselor)],
        2 => vec![Event::Answered { contact, counselor }],
        3 => {
            let text = "불법주정차 신고, 공원 앞 도로".to_owned();
            let nonce = format!("{:016x}", contact.0);
            let digest = note_digest(&nonce, &text);
            let letters = text.chars().count() as u32;
            batch.personal.push(Personal::Note {
                contact,
                text,
                nonce,
            });
            vec![
                Event::NoteSaved {
                    contact,
                    counselor,
                    digest,
                    letters,
                },
                classified(contact, counselor),
            ]
        }
        _ => vec![
            Event::TalkEnded {
                contact,
                counselor,
                ending: Ending::Citizen,
            },
            Event::Closed {
                contact,
                fate: Fate::Answered,
                counselor: Some(counselor),
            },
        ],
    };
    let entries = events.into_iter().map(|event| Entry { at, event });
    batch.entries.extend(entries);
}

fn arrived(contact: ContactId) -> Event {
    let mixed = contact.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Event::Arrived {
        contact,
        key: format!("{mixed:016x}{:016x}", contact.0),
        channel: Channel::Voice,
        caller: format!("{:016x}{mixed:016x}", mixed.rotate_left(32)),
        via: "bench".to_owned(),
        repeat: false,
    }
}

fn menu(contact: ContactId) -> Event {
    Event::MenuEntered {
        contact,
        node: "welcome".to_owned(),
    }
}

fn queued(contact: ContactId, since: Time) -> Event {
    Event::Queued {
        contact,
        queue: "general".to_owned(),
        since,
        front: false,
    }
}

fn offered(contact: ContactId, counselor: CounselorId) -> Event {
    Event::Offered {
        contact,
        counselor,
        reason: Reason {
            ring: 0,
            waited_ms: 1_000,
            idle_ms: 5_000,
            skills: 2,
            free: 12,
            waiting: 3,
            held_back: 0,
        },
    }
}

fn classified(contact: ContactId, counselor: CounselorId) -> Event {
    Event::Classified {
        contact,
        counselor,
        category: Some(format!("TRF-{:02}-01", contact.0 % 40)),
        outcome: Some("IN".to_owned()),
    }
}

/// A city of which only the clock matters here.
fn city() -> City {
    City {
        names: BTreeMap::new(),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}
