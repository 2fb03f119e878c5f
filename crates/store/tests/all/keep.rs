//! What is written is kept, told again, and survives a new opening.

use crate::life::{self, KIM, MORNING, Served};
use crate::on_both;
use center::city::ContactId;
use center::event::{Event, Fate};
use center::record::Stage;
use center::time::HOUR_MS;
use store::{Batch, Failure};

on_both!(a_contact_is_told_as_it_was_written, paper, {
    let (mut journal, archive) = paper.open().await;
    let served = Served::new(1);
    journal.append(served.whole()).await.unwrap();

    let timeline = archive.timeline(ContactId(1)).await.unwrap();
    assert_eq!(timeline, served.whole().entries);
    assert_eq!(life::stored(&archive, 1).await, life::fold(&timeline));
    let personal = archive.personal(ContactId(1)).await.unwrap();
    assert_eq!(
        (personal.number, personal.note),
        (served.number.clone(), served.note.clone())
    );
    let keys = ["key-1".to_owned(), "key-2".to_owned()];
    assert_eq!(archive.known_keys(&keys).await.unwrap(), ["key-1"]);
    assert_eq!(archive.contact(ContactId(2)).await.unwrap(), None);
});

on_both!(a_start_finds_what_is_open_owed_and_recent, paper, {
    let lives: Vec<Served> = (1..=4).map(Served::new).collect();
    {
        let (mut journal, _) = paper.open().await;
        journal.append(lives[0].whole()).await.unwrap();
        let owed = |event| lives[0].at(101, event);
        let task = Event::TaskOpened {
            contact: ContactId(1),
        };
        journal.append(batch(vec![owed(task)])).await.unwrap();
        journal.append(lives[1].whole()).await.unwrap();
        journal.append(lives[2].waits()).await.unwrap();
        journal.append(lives[3].waits()).await.unwrap();
    }
    let (mut journal, archive) = paper.open().await;
    let found = journal.recover(MORNING + HOUR_MS).await.unwrap();
    assert_eq!(found.next_contact, 5);
    let of = |contact: u64| -> Vec<&str> {
        let mine = found
            .entries
            .iter()
            .filter(|e| e.event.contact() == Some(ContactId(contact)));
        mine.map(|entry| kind(&entry.event)).collect()
    };
    assert_eq!(
        of(1).len(),
        9,
        "an owed callback is told whole: {:?}",
        of(1)
    );
    assert_eq!(of(2), ["arrived", "queued", "closed"]);
    assert_eq!(of(3), ["arrived", "queued"]);
    let mut numbers: Vec<u64> = found.numbers.iter().map(|(contact, _)| contact.0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 3, 4]);

    // Goes on where it stopped, and two days later the closed one is forgotten.
    journal.append(lives[2].talks()).await.unwrap();
    let found = journal.recover(MORNING + 50 * HOUR_MS).await.unwrap();
    let told = |contact| {
        found
            .entries
            .iter()
            .any(|e| e.event.contact() == Some(ContactId(contact)))
    };
    assert!(told(1) && !told(2) && told(3));
    let row = archive.contact(ContactId(3)).await.unwrap().unwrap();
    assert_eq!(row.stage, Stage::Talk);
    let all: Vec<_> = [&lives[2].waits(), &lives[2].talks()]
        .into_iter()
        .flat_map(|batch| batch.entries.clone())
        .collect();
    assert_eq!(life::fold(&all).rows[&3], row);
});

on_both!(a_correction_moves_the_count, paper, {
    let (mut journal, archive) = paper.open().await;
    let served = Served::new(1);
    journal.append(served.whole()).await.unwrap();
    let correction = served.at(500, life::classified(ContactId(1), "WTR-02-01"));
    journal
        .append(batch(vec![correction.clone()]))
        .await
        .unwrap();
    let mut all = served.whole().entries;
    all.push(correction);
    assert_eq!(life::stored(&archive, 1).await, life::fold(&all));
});

on_both!(what_contradicts_the_record_is_refused_whole, paper, {
    let (mut journal, archive) = paper.open().await;
    let refused = |outcome| matches!(outcome, Err(Failure::Refused(_)));
    let gap = Served::new(2).waits();
    assert!(refused(journal.append(gap).await), "a number is left out");
    let unknown = batch(Served::new(1).ends().entries);
    assert!(refused(journal.append(unknown).await), "never arrived");
    let mut strange = Served::new(1).waits();
    strange.personal.extend(Served::new(9).waits().personal);
    assert!(refused(journal.append(strange).await), "a number of nobody");
    assert_eq!(archive.contact(ContactId(1)).await.unwrap(), None);
    journal.append(Served::new(1).whole()).await.unwrap();
    assert!(paper_is_clean(&paper).await);
});

on_both!(only_one_center_writes, paper, {
    let (journal, _) = paper.open().await;
    let second = store::open(&paper.place, &paper.city).await;
    assert!(matches!(second, Err(Failure::Taken(_))));
    drop(journal);
    paper.open().await;
});

on_both!(the_journal_cannot_be_changed, paper, {
    let (mut journal, _) = paper.open().await;
    journal.append(Served::new(1).whole()).await.unwrap();
    for text in [
        "UPDATE journal SET at = 0",
        "DELETE FROM journal WHERE seq = 1",
    ] {
        let refused = paper.tamper(text).await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
});

on_both!(a_lost_or_foreign_key_is_said, paper, {
    drop(paper.open().await);
    let key = paper.folder().join("key");
    let kept = std::fs::read_to_string(&key).unwrap();
    assert_eq!(kept.trim().len(), 64);
    std::fs::write(&key, "00".repeat(32)).unwrap();
    assert!(matches!(reopened(&paper).await, Err(Failure::Key(_))));
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(reopened(&paper).await, Err(Failure::Key(_))));
    assert!(!key.exists(), "no new key is made for an old record");
    std::fs::write(&key, kept).unwrap();
    paper.open().await;
});

on_both!(projections_of_another_version_are_made_anew, paper, {
    let lives: Vec<Served> = (1..=3).map(Served::new).collect();
    let before = {
        let (mut journal, archive) = paper.open().await;
        journal.append(lives[0].whole()).await.unwrap();
        journal.append(lives[1].whole()).await.unwrap();
        journal.append(lives[2].waits()).await.unwrap();
        life::stored(&archive, 3).await
    };
    let spoil = "UPDATE meta SET value = '0' WHERE name = 'projections'; \
                 DELETE FROM contact; DELETE FROM cube_hour; DELETE FROM note_index";
    paper.tamper(spoil).await.unwrap();
    let (mut journal, archive) = paper.open().await;
    assert_eq!(life::stored(&archive, 3).await, before);
    let found = store::Search {
        text: Some("passport".into()),
        ..store::Search::default()
    };
    assert_eq!(archive.contacts(&found).await.unwrap().len(), 2);
    journal.append(lives[2].talks()).await.unwrap();
    journal.append(lives[2].ends()).await.unwrap();
    assert!(paper_is_clean(&paper).await);
});

async fn reopened(paper: &crate::paper::Paper) -> Result<(), Failure> {
    paper.try_open().await.map(|_| ())
}

/// Nothing differs but what telephony's log, which these tests do not write, would have to say.
async fn paper_is_clean(paper: &crate::paper::Paper) -> bool {
    let report = paper.audit().await;
    let others = report
        .differences
        .iter()
        .filter(|what| !what.contains("telephony's log"));
    others.count() == 0
}

fn batch(entries: Vec<store::Entry>) -> Batch {
    Batch {
        entries,
        personal: Vec::new(),
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Arrived { .. } => "arrived",
        Event::Queued { .. } => "queued",
        Event::Closed { .. } => "closed",
        _ => "other",
    }
}

on_both!(an_interrupted_contact_is_counted_too, paper, {
    let (mut journal, archive) = paper.open().await;
    let served = Served::new(1);
    journal.append(served.waits()).await.unwrap();
    let closed = Event::Closed {
        contact: ContactId(1),
        fate: Fate::Interrupted,
        counselor: None,
    };
    let task = Event::TaskOpened {
        contact: ContactId(1),
    };
    let signed_in = Event::SignedIn { counselor: KIM };
    let entries = vec![
        served.at(20, closed),
        served.at(20, task),
        served.at(21, signed_in),
        served.at(21, Event::Restarted),
    ];
    journal.append(batch(entries)).await.unwrap();
    let row = archive.contact(ContactId(1)).await.unwrap().unwrap();
    assert!(row.task && row.closed == Some(served.arrived() + 20_000));
    assert!(paper_is_clean(&paper).await);
});
