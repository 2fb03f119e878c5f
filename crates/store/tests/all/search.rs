//! Lists show exactly what was asked for, newest first, page by page.

use crate::life::{self, KIM, Served};
use crate::on_both;
use crate::paper::Paper;
use center::city::{Channel, ContactId, CounselorId, Language};
use center::event::{Event, Fate};
use center::record::{Row, Stage};
use center::time::{DAY_MS, MINUTE_MS, Time};
use std::time::{Duration, Instant};
use store::{Archive, Batch, Journal, Search};

const CONTACTS: u64 = 120;

/// Contacts of many kinds, some open.
async fn filled(journal: &mut Journal) {
    for contact in 1..=CONTACTS {
        let mut served = Served::new(contact);
        let categories = ["TRF-01-01", "TRF-01-02", "TRF-02-01", "WTR-01-01"];
        served.category = categories[contact as usize % 4].into();
        let notes = [
            "여권발급 문의",
            "불법주정차 신고",
            "street light broken",
            "물 샘",
        ];
        served.note = notes[contact as usize % 3].into();
        if contact % 40 == 0 {
            served.note = notes[3].into();
        }
        // Nobody wrote about some, which have a category all the same.
        if contact % 17 == 0 {
            served.note.clear();
        }
        let mut batch = served.waits();
        if contact % 5 == 0 {
            let language = if contact % 2 == 0 {
                Language::En
            } else {
                Language::Vi
            };
            let chosen = Event::LanguageChosen {
                contact: served.contact,
                language,
            };
            batch.entries.push(served.at(5, chosen));
        }
        if contact % 7 == 0 {
            // Some gave up before anybody spoke to them, and were sorted all the same.
            if contact % 3 == 0 {
                let classified = Event::Classified {
                    contact: served.contact,
                    counselor: KIM,
                    category: Some(served.category.clone()),
                    outcome: None,
                };
                batch.entries.push(served.at(49, classified));
            }
            let fate = Fate::Abandoned;
            let closed = Event::Closed {
                contact: served.contact,
                fate,
                counselor: None,
            };
            batch.entries.push(served.at(50, closed));
        } else if contact % 11 != 0 {
            // Some are still in talk, with a note.
            let ends = if contact % 13 == 0 {
                Batch::default()
            } else {
                served.ends()
            };
            for mut part in [served.talks(), ends] {
                batch.entries.append(&mut part.entries);
                batch.personal.append(&mut part.personal);
            }
        }
        journal.append(batch).await.unwrap();
    }
}

fn fits(search: &Search, row: &Row) -> bool {
    search.from.is_none_or(|from| row.arrived >= from)
        && search.to.is_none_or(|to| row.arrived < to)
        && search
            .caller
            .as_ref()
            .is_none_or(|caller| *caller == row.caller)
        && search
            .counselor
            .is_none_or(|counselor| row.counselor == Some(counselor))
        && search
            .category
            .as_ref()
            .is_none_or(|code| row.category.starts_with(code.as_str()))
        && search.fate.is_none_or(|fate| row.fate == Some(fate))
        && search.stage.is_none_or(|stage| row.stage == stage)
        && search.channel.is_none_or(|channel| row.channel == channel)
        && search
            .language
            .is_none_or(|language| row.language == language)
        && search
            .queue
            .as_ref()
            .is_none_or(|queue| *queue == row.queue)
}

async fn all(archive: &Archive) -> Vec<Row> {
    let mut rows = Vec::new();
    for contact in (1..=CONTACTS).rev() {
        rows.push(archive.contact(ContactId(contact)).await.unwrap().unwrap());
    }
    rows
}

/// Every combination of filters, as bits of a number.
fn combination(bits: u32) -> Search {
    let set = |bit: u32| bits & (1 << bit) != 0;
    let at = |contact: u64| life::MORNING + (contact as i64) * MINUTE_MS;
    Search {
        from: set(0).then(|| at(20)),
        to: set(1).then(|| at(100)),
        caller: set(2).then(|| "token-3".into()),
        counselor: set(3).then_some(KIM),
        category: set(4).then(|| if set(0) { "TRF" } else { "TRF-01-01" }.into()),
        fate: set(5).then_some(if set(1) {
            Fate::Answered
        } else {
            Fate::Abandoned
        }),
        stage: set(6).then_some(if set(2) { Stage::Queue } else { Stage::Closed }),
        channel: set(7).then_some(Channel::Voice),
        language: set(8).then_some(if set(3) { Language::En } else { Language::Ko }),
        queue: set(9).then(|| if set(0) { "" } else { "general" }.into()),
        ..Search::default()
    }
}

on_both!(a_list_shows_what_fits_newest_first, paper, {
    let (mut journal, archive) = paper.open().await;
    filled(&mut journal).await;
    let rows = all(&archive).await;
    for bits in 0..1_024 {
        let search = Search {
            limit: 1_000,
            ..combination(bits)
        };
        let found = archive.contacts(&search).await.unwrap();
        let due: Vec<&Row> = rows.iter().filter(|row| fits(&search, row)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), due, "{search:?}");
    }
    let nobody = Search {
        counselor: Some(CounselorId(99)),
        ..Search::default()
    };
    assert!(archive.contacts(&nobody).await.unwrap().is_empty());
    let nothing = Search {
        category: Some("ZZZ".into()),
        ..Search::default()
    };
    assert!(archive.contacts(&nothing).await.unwrap().is_empty());
});

on_both!(pages_follow_each_other_without_gap, paper, {
    let (mut journal, archive) = paper.open().await;
    filled(&mut journal).await;
    let rows = all(&archive).await;
    for bits in [0, 1, 2, 4, 8, 16, 17, 32, 256, 3 + 16] {
        let mut search = Search {
            limit: 7,
            ..combination(bits)
        };
        let mut found = Vec::new();
        loop {
            let page = archive.contacts(&search).await.unwrap();
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            search.before = Some(last.contact);
            found.extend(page);
        }
        let due: Vec<&Row> = rows.iter().filter(|row| fits(&search, row)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), due, "{search:?}");
    }
    assert_eq!(
        archive.contacts(&Search::default()).await.unwrap().len(),
        50
    );
});

on_both!(notes_are_found_by_their_words, paper, {
    let (mut journal, archive) = paper.open().await;
    filled(&mut journal).await;
    let found = async |text: &str, before: Option<ContactId>| -> Vec<u64> {
        let search = Search {
            text: Some(text.into()),
            before,
            limit: 1_000,
            ..Search::default()
        };
        let rows = archive.contacts(&search).await.unwrap();
        rows.iter().map(|row| row.contact.0).collect()
    };
    let noted = |index: u64| -> Vec<u64> {
        let silent = |c: u64| [7, 11, 17, 40].iter().any(|every| c.is_multiple_of(*every));
        let talked = |c: &u64| !silent(*c) && c % 3 == index;
        (1..=CONTACTS).rev().filter(talked).collect()
    };
    assert_eq!(found("여권 발급", None).await, noted(0));
    assert_eq!(found("주정차", None).await, noted(1));
    assert_eq!(found("BROKEN Street", None).await, noted(2));
    assert_eq!(found("물", None).await, [120, 80, 40]);
    assert_eq!(found("물", Some(ContactId(80))).await, [40]);
    assert!(found("broken 여권", None).await.is_empty());
    assert!(found("'\" OR 1=1 --", None).await.is_empty());
    assert!(found("?!", None).await.is_empty());

    // A note that is written over is found by its new words only.
    let mut again = Served::new(1);
    again.note = "소음".into();
    let batch = Batch {
        entries: again.talks().entries.into_iter().skip(2).take(1).collect(),
        personal: again.talks().personal,
    };
    journal.append(batch).await.unwrap();
    assert_eq!(found("소음", None).await, [1]);
    assert!(!found("불법", None).await.contains(&1));
});

on_both!(words_and_everything_else_fit_together, paper, {
    let (mut journal, archive) = paper.open().await;
    filled(&mut journal).await;
    let rows = all(&archive).await;
    let mut notes = std::collections::BTreeMap::new();
    for row in &rows {
        let personal = archive.personal(row.contact).await.unwrap();
        notes.insert(row.contact, personal.note);
    }
    let mut shown = 0;
    for bits in 0..1_024 {
        let words = [("문의", "문의"), ("STREET", "street"), ("물", "물")];
        let (text, has) = words[bits as usize % words.len()];
        let search = Search {
            limit: 1_000,
            text: Some(text.into()),
            ..combination(bits)
        };
        let found = archive.contacts(&search).await.unwrap();
        let noted = |row: &&Row| notes[&row.contact].contains(has);
        let due: Vec<&Row> = rows
            .iter()
            .filter(|row| fits(&search, row))
            .filter(noted)
            .collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), due, "{search:?}");
        shown += due.len();
    }
    assert!(shown > 300, "{shown}: the test finds something");

    // A half code, which ends inside a part, and a correction after the contact was closed.
    let words = |category: &str| Search {
        text: Some("문의".into()),
        category: Some(category.into()),
        ..Search::default()
    };
    let before = archive.contacts(&words("TR")).await.unwrap();
    assert!(!before.is_empty());
    assert_eq!(archive.contacts(&words("TRF")).await.unwrap(), before);
    let served = Served::new(before[0].contact.0);
    let entries = vec![served.at(500, life::classified(served.contact, "WTR-09-01"))];
    let personal = Vec::new();
    journal.append(Batch { entries, personal }).await.unwrap();
    let found = archive.contacts(&words("WTR-09")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].contact, served.contact);
    let rest = archive.contacts(&words("TR")).await.unwrap();
    assert_eq!(rest.len(), before.len() - 1);
});

on_both!(a_whole_page_of_words_can_be_asked_for, paper, {
    let (mut journal, archive) = paper.open().await;
    let mut served = Served::new(1);
    let all: Vec<String> = (0..600).map(|number| format!("word{number}")).collect();
    let words = |count: usize| all[..count].join(" ");
    served.note = words(600);
    journal.append(served.whole()).await.unwrap();
    for count in [1, 2, 3, 11, 12, 13, 14, 100, 600] {
        let search = |text: String| Search {
            text: Some(text),
            category: Some(served.category.clone()),
            ..Search::default()
        };
        let found = archive.contacts(&search(words(count))).await.unwrap();
        assert_eq!(found.len(), 1, "{count}");
        let more = search(words(count) + " absent");
        assert!(archive.contacts(&more).await.unwrap().is_empty());
        let everywhere = Search {
            category: None,
            ..search(words(count))
        };
        assert_eq!(archive.contacts(&everywhere).await.unwrap().len(), 1);
    }
});

on_both!(what_nobody_wrote_about_is_found_by_its_category, paper, {
    let search = |counselor, fate| Search {
        counselor,
        fate,
        category: Some("TRF-01-01".into()),
        limit: 1_000,
        ..Search::default()
    };
    let searches = [search(Some(KIM), None), search(None, Some(Fate::Abandoned))];
    let before = {
        let (mut journal, archive) = paper.open().await;
        filled(&mut journal).await;
        let [talked, gave_up] = &searches;
        let talked = archive.contacts(talked).await.unwrap();
        let silent = |row: &Row| row.contact.0 == 68 && row.note_letters == 0;
        assert!(talked.iter().any(silent), "{talked:?}");
        let gave_up = archive.contacts(gave_up).await.unwrap();
        assert!(!gave_up.is_empty());
        [talked, gave_up]
    };
    let spoil = "UPDATE meta SET value = '0' WHERE name = 'projections'; DELETE FROM note_index";
    paper.tamper(spoil).await.unwrap();
    let (mut journal, archive) = paper.open().await;
    for (search, before) in searches.iter().zip(&before) {
        let again = archive.contacts(search).await.unwrap();
        assert_eq!(again, *before, "the index was made anew");
    }
    for row in &before[0] {
        let contact = row.contact;
        let erased = Served::new(contact.0).at(500, Event::PersonalErased { contact });
        let entries = vec![erased];
        let personal = Vec::new();
        journal.append(Batch { entries, personal }).await.unwrap();
    }
    let after = archive.contacts(&searches[0]).await.unwrap();
    let numbers = |rows: &[Row]| rows.iter().map(|row| row.contact).collect::<Vec<_>>();
    assert_eq!(numbers(&after), numbers(&before[0]), "what was said went");
});

on_both!(words_of_one_counselor_are_found_far_back, paper, {
    let (mut journal, archive) = paper.open().await;
    let mut counselor = None;
    for hundred in 0..7 {
        let mut batch = Batch::default();
        for contact in hundred * 100 + 1..=hundred * 100 + 100 {
            let mut served = Served::new(contact);
            served.note = if contact % 70 == 1 {
                "물 샘"
            } else {
                "문의"
            }
            .into();
            let mut whole = served.whole();
            batch.entries.append(&mut whole.entries);
            batch.personal.append(&mut whole.personal);
        }
        journal.append(batch).await.unwrap();
        let newest = archive
            .contact(ContactId(hundred * 100 + 100))
            .await
            .unwrap();
        counselor = newest.unwrap().counselor;
    }
    let search = |text: &str, before: Option<u64>| Search {
        text: Some(text.into()),
        counselor,
        before: before.map(ContactId),
        ..Search::default()
    };
    let numbers = |rows: Vec<Row>| rows.iter().map(|row| row.contact.0).collect::<Vec<_>>();
    let found = archive.contacts(&search("물 샘", None)).await.unwrap();
    let due: Vec<u64> = (1..=700)
        .rev()
        .filter(|contact| contact % 70 == 1)
        .collect();
    assert_eq!(numbers(found), due, "fewer than a page among the newest");
    let found = archive.contacts(&search("문의", None)).await.unwrap();
    let common = |below: u64| {
        (1..below)
            .rev()
            .filter(|contact| contact % 70 != 1)
            .take(50)
    };
    assert_eq!(numbers(found), common(701).collect::<Vec<_>>());
    let found = archive.contacts(&search("문의", Some(40))).await.unwrap();
    assert_eq!(
        numbers(found),
        common(40).collect::<Vec<_>>(),
        "the last page"
    );
});

/// Parts of the index of notes.
fn parts(paper: &Paper) -> i64 {
    let file = rusqlite::Connection::open(paper.folder().join("dasan.db")).unwrap();
    let asked = "SELECT count(DISTINCT segid) FROM note_index_idx";
    file.query_row(asked, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn parts_of_the_index_of_notes_are_joined_when_nothing_is_written() {
    let paper = Paper::sqlite();
    let (mut journal, archive) = paper.open().await;
    for contact in 1..=60 {
        journal.append(Served::new(contact).whole()).await.unwrap();
    }
    let search = Search {
        text: Some(Served::new(1).note),
        limit: 100,
        ..Search::default()
    };
    let before = archive.contacts(&search).await.unwrap();
    assert_eq!(before.len(), 60);
    let made = parts(&paper);
    assert!(made > 2, "{made} parts: each transaction left one");
    let begun = Instant::now();
    while parts(&paper) > 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{}",
            parts(&paper)
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(archive.contacts(&search).await.unwrap(), before);
    // Nobody called, so telephony's log is empty; all else is as it was written.
    let found = paper.audit().await.differences;
    let other = |found: &&String| !found.ends_with("log of attempts");
    assert_eq!(found.iter().find(other), None);
}

/// Ways to narrow a list of words, each with a page of its own length.
fn narrowed(text: &str, until: Time) -> [Search; 7] {
    let day = |days: i64| Some(until + -days * DAY_MS);
    let words = || Search {
        text: Some(text.into()),
        ..Search::default()
    };
    let counselor = Some(CounselorId(7));
    [
        words(),
        Search {
            counselor,
            ..words()
        },
        Search {
            counselor,
            category: Some("TRF".into()),
            ..words()
        },
        Search {
            from: day(200),
            to: day(120),
            ..words()
        },
        Search {
            to: day(300),
            fate: Some(Fate::Answered),
            channel: Some(Channel::Voice),
            ..words()
        },
        Search {
            language: Some(Language::Vi),
            before: Some(ContactId(9_000)),
            limit: 3,
            ..words()
        },
        Search {
            queue: Some("traffic".into()),
            limit: 1_000,
            ..words()
        },
    ]
}

/// More contacts than the shortest stretches hold, in which the index of one engine is walked.
#[tokio::test]
async fn both_engines_find_the_same_words_far_back() {
    const MANY: u64 = 9_500;
    let until = Time(1_795_000_000_000);
    let (sqlite, Some(postgres)) = (Paper::sqlite(), Paper::postgres().await) else {
        return;
    };
    let mut opened = Vec::new();
    for paper in [&sqlite, &postgres] {
        let filled = store::year::fill(&paper.place, &paper.city, MANY, until).await;
        filled.unwrap();
        opened.push(paper.open().await);
    }
    let texts = [
        "신고",
        "tax",
        "passport tax",
        "123",
        "noise bicycle 층간소음",
    ];
    let mut shown = 0;
    for mut search in texts.into_iter().flat_map(|text| narrowed(text, until)) {
        for _page in 0..4 {
            let mut pages = Vec::new();
            for (_, archive) in &opened {
                let rows = archive.contacts(&search).await.unwrap();
                let numbers: Vec<ContactId> = rows.iter().map(|row| row.contact).collect();
                pages.push(numbers);
            }
            assert_eq!(pages[0], pages[1], "{search:?}");
            shown += pages[0].len();
            let Some(last) = pages[0].last() else { break };
            search.before = Some(*last);
        }
    }
    assert!(shown > 1_500, "{shown}: the test finds something");
}
