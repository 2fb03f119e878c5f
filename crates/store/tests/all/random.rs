//! Any life of any contacts, in batches of any size: the store holds what a fold in memory holds.

use crate::life::{self, KIM, MORNING};
use crate::paper::Paper;
use center::city::{ContactId, CounselorId, Language};
use center::command::Ending;
use center::event::{Event, Fate, OfferEnd};
use center::time::{HOUR_MS, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Batch, Entry};

/// One step: which contact (of those that arrived), what happens, how long after the one before.
type Step = (u8, u8, i64);

fn event(contact: ContactId, what: u8) -> Event {
    let counselor = CounselorId(u32::from(what % 3) + 1);
    match what % 19 {
        0 => life::queued(contact),
        1 => life::offered(contact),
        2 => Event::Answered { contact, counselor },
        3 => Event::Held { contact, counselor },
        4 => Event::Resumed { contact, counselor },
        5 => Event::TalkEnded {
            contact,
            counselor,
            ending: Ending::LineLost,
        },
        6 => life::classified(contact, "TRF-01-01"),
        7 => life::classified(contact, "WTR-01-01"),
        8 => Event::KeyPressed {
            contact,
            key: '9',
            valid: true,
        },
        9 => Event::LanguageChosen {
            contact,
            language: Language::Mn,
        },
        10 => Event::CallbackBooked { contact },
        11 => Event::OfferReturned {
            contact,
            counselor,
            why: OfferEnd::Missed,
        },
        12 => Event::Transferred {
            contact,
            counselor,
            queue: "english".into(),
        },
        13 => Event::TaskOpened { contact },
        14 => Event::TaskClosed {
            contact,
            counselor: KIM,
            called: true,
        },
        15 => Event::Recorded {
            contact,
            blob: format!("{contact}-{what}"),
            length_ms: 5,
            keep_until: Time(0),
            cut: false,
        },
        16 | 17 => Event::Closed {
            contact,
            fate: Fate::ALL[usize::from(what) % 9],
            counselor: None,
        },
        _ => Event::SignedIn { counselor },
    }
}

fn entries(steps: &[Step]) -> (Vec<Entry>, u64) {
    let (mut at, mut contacts, mut entries) = (MORNING, 0, Vec::new());
    for (which, what, after) in steps {
        at = at + *after;
        let event = if contacts == 0 || which % 5 == 0 {
            contacts += 1;
            life::arrived(ContactId(contacts), &format!("k{contacts}"), "simulator")
        } else {
            event(ContactId(u64::from(*which) % contacts + 1), *what)
        };
        entries.push(Entry { at, event });
    }
    (entries, contacts)
}

async fn holds(paper: &Paper, steps: &[Step], sizes: &[usize]) {
    let (entries, contacts) = entries(steps);
    let due = life::fold(&entries);
    {
        let (mut journal, archive) = paper.open().await;
        let (mut rest, mut sizes) = (entries.as_slice(), sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| (*size).min(rest.len()));
            let (now, later) = rest.split_at(size);
            let batch = Batch {
                entries: now.to_vec(),
                personal: Vec::new(),
            };
            journal.append(batch).await.unwrap();
            rest = later;
        }
        assert_eq!(life::stored(&archive, contacts).await, due);
    }
    let (mut journal, archive) = paper.open().await;
    let found = journal.recover(MORNING + HOUR_MS).await.unwrap();
    assert_eq!(found.next_contact, contacts + 1);
    let open: Vec<&Entry> = entries
        .iter()
        .filter(|entry| told_whole(&due, entry))
        .collect();
    let told: Vec<&Entry> = found
        .entries
        .iter()
        .filter(|entry| told_whole(&due, entry))
        .collect();
    assert_eq!(told, open);
    assert_eq!(life::stored(&archive, contacts).await, due);
    let codes = "was closed without its codes";
    let blobs = "a recording of contact";
    let report = paper.audit().await;
    for difference in &report.differences {
        assert!(
            difference.contains(codes) || difference.starts_with(blobs),
            "{difference}"
        );
    }
}

fn told_whole(due: &life::Folded, entry: &Entry) -> bool {
    let row = entry
        .event
        .contact()
        .and_then(|contact| due.rows.get(&contact.0));
    row.is_some_and(|row| row.closed.is_none() || row.task)
}

fn check(cases: u32, paper: impl Fn(&tokio::runtime::Runtime) -> Option<Paper>) {
    let step = (any::<u8>(), any::<u8>(), 0..90_000_i64);
    let lives = prop::collection::vec(step, 1..150);
    let sizes = prop::collection::vec(1..60_usize, 1..6);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = TestRunner::new(config).run(&(lives, sizes), |(steps, sizes)| {
        if let Some(paper) = paper(&runtime) {
            runtime.block_on(holds(&paper, &steps, &sizes));
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn any_lives_on_sqlite() {
    check(24, |_| Some(Paper::sqlite()));
}

#[test]
fn any_lives_on_postgres() {
    check(6, |runtime| runtime.block_on(Paper::postgres()));
}
