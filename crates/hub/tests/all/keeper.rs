//! What a crash left is recorded, what is due is erased, and nothing else is touched.

use crate::town::{House, KIM};
use center::city::{Channel, ContactId, Language};
use center::command::{Answer, Command, Ending, Written};
use center::event::{Event, Marks};
use center::knowledge::{Author, Gap};
use center::time::{DAY_MS, Time};
use hub::LibraryCommand;
use hub::keeper::{Erased, Keeping, Swept, erase_due, sweep};
use store::{BlobWriter, File, Letter, Personal, Search, note_digest, sound};

const KEEPING: Keeping = Keeping {
    recordings_ms: 30 * DAY_MS,
    personal_ms: 300 * DAY_MS,
    searches_ms: 100 * DAY_MS,
    remarks_ms: 36_500 * DAY_MS,
};

/// A contact that was served and closed.
async fn served(house: &mut House, key: &str) -> ContactId {
    let contact = house.talking(key).await;
    house.note(contact, "passport, two photos").await;
    house.classify(contact).await;
    let ending = Ending::Citizen;
    house.send(Command::Left { contact, ending }).await.unwrap();
    let finish = Command::Finish {
        counselor: KIM,
        contact,
        ready: true,
    };
    house.send(finish).await.unwrap();
    contact
}

/// Five seconds of a recording; they are whole when this is finished.
fn writes(house: &House, name: &str) -> BlobWriter {
    let mut writer = house.archive.blobs().create(name).unwrap();
    writer.append(&sound::header()).unwrap();
    writer.append(&vec![7; 5 * 16_000]).unwrap();
    writer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_recorded_and_what_cannot_be_read_lies_aside() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let contact = served(&mut house, "first").await;
    let began = house.hub.now() + -10_000;
    let name = |ms: i64| format!("recordings/{contact}-{}", began.0 + ms);
    drop(writes(&house, &name(0)));
    writes(&house, &name(1)).finish().unwrap();
    drop(house.archive.blobs().create(&name(2)).unwrap());
    let nobody = format!("recordings/999-{}", began.0);
    writes(&house, &nobody).finish().unwrap();
    let blobs = house.folder().join("blobs");
    std::fs::write(blobs.join(name(3)), "no recording at all").unwrap();
    let later = format!("recordings/{contact}-{}", began.0 + 3_600_000);
    let still_writing = writes(&house, &later);

    let report = house.audit().await;
    for lying in [name(0), name(1), name(3), nobody.clone()] {
        let named = |what: &String| what.contains(&lying);
        assert!(report.differences.iter().any(named), "{lying}: {report:?}");
    }
    let now = house.hub.now();
    let swept = sweep(&house.hub, &house.archive, KEEPING, now).await;
    let due = Swept {
        recorded: 3,
        aside: 2,
    };
    assert_eq!(swept.unwrap(), due);
    let recordings = house.archive.recordings(contact).await.unwrap();
    let told: Vec<_> = recordings.iter().map(|r| (r.length_ms, r.cut)).collect();
    assert_eq!(told, [(4_999, true), (5_000, false), (0, true)]);
    assert_eq!(
        recordings[1].keep_until,
        began + 1 + 5_000 + KEEPING.recordings_ms
    );
    assert!(
        blobs.join("aside").join(name(3)).exists() && blobs.join("aside").join(nobody).exists()
    );
    assert!(blobs.join(&later).exists());

    let again = sweep(&house.hub, &house.archive, KEEPING, now).await;
    assert_eq!(again.unwrap(), Swept::default());
    still_writing.finish().unwrap();
    let swept = sweep(&house.hub, &house.archive, KEEPING, Time(i64::MAX)).await;
    assert_eq!(swept.unwrap().recorded, 1);
    let report = house.audit().await;
    assert!(report.clean() && report.aside == 2, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_erased_once_and_nothing_else() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let (first, second) = (served(&mut house, "a").await, served(&mut house, "b").await);
    let open = house.arrives("c", "caller-c").await;
    let now = house.hub.now();
    for (contact, keep_until) in [(first, now + -1), (second, now + DAY_MS), (first, now)] {
        let blob = format!("recordings/{contact}-{}", keep_until.0);
        writes(&house, &blob).finish().unwrap();
        let recorded = Command::Recorded {
            contact,
            blob,
            length_ms: 5_000,
            keep_until,
            cut: false,
        };
        house.send(recorded).await.unwrap();
    }
    let before = house.today().await;
    let round = |at: Time| erase_due(&house.hub, &house.archive, KEEPING, at);
    let erased = |recordings, personal| Erased {
        recordings,
        personal,
        ..Erased::default()
    };
    assert_eq!(round(now).await.unwrap(), erased(1, 0));
    assert_eq!(round(now).await.unwrap(), erased(0, 0));
    let gone = format!("recordings/{first}-{}", now.0 - 1);
    assert!(!house.folder().join("blobs").join(&gone).exists());
    let kept = house.archive.recordings(first).await.unwrap();
    let told: Vec<bool> = kept.iter().map(|r| r.erased.is_some()).collect();
    assert_eq!(told, [true, false]);
    assert!(house.audit().await.clean());

    // A crash after the file was erased and before the record says so.
    let half = format!("recordings/{first}-{}", now.0);
    house.archive.blobs().erase(&half).unwrap();
    assert_eq!(round(now + 1).await.unwrap(), erased(1, 0));

    let years = now + KEEPING.personal_ms + DAY_MS;
    assert_eq!(round(years).await.unwrap(), erased(1, 2));
    let personal = house.archive.personal(first).await.unwrap();
    assert_eq!((personal.number, personal.note), Default::default());
    assert_eq!(
        house.archive.personal(open).await.unwrap().number,
        "+821012345678"
    );
    let words = Search {
        text: Some("passport".into()),
        ..Search::default()
    };
    assert!(house.archive.contacts(&words).await.unwrap().is_empty());
    let timeline = house.archive.timeline(second).await.unwrap();
    let told = |event: &Event| {
        timeline
            .iter()
            .filter(|entry| entry.event == *event)
            .count()
    };
    assert_eq!(told(&Event::PersonalErased { contact: second }), 1);
    assert_eq!(house.today().await, before);
    let report = house.audit().await;
    assert!(report.clean() && report.erased == 3, "{report:?}");

    // The next center still tells it so, and erases nothing twice.
    let house = house.restart().await;
    let erased_then = erase_due(&house.hub, &house.archive, KEEPING, years).await;
    assert_eq!(erased_then.unwrap().recordings, 0);
    assert!(house.audit().await.clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_still_be_called_is_not_forgotten() {
    let house = House::open().await;
    let waiting = house.arrives("a", "caller-a").await;
    let erase = Command::ErasePersonal { contact: waiting };
    let refused = house.refused(erase.clone()).await;
    assert_eq!(refused, center::command::Refusal::WrongState);
    // Interrupted by the restart: a callback is owed.
    let house = house.restart().await;
    let refused = house.refused(erase).await;
    assert_eq!(refused, center::command::Refusal::WrongState);
    let years = house.hub.now() + 2 * KEEPING.personal_ms;
    let erased = erase_due(&house.hub, &house.archive, KEEPING, years).await;
    assert_eq!(erased.unwrap(), Erased::default());
}

/// A letter of a machine is settled at once: it has a text, an address and files.
async fn written(house: &House, files: &[&str]) -> ContactId {
    for name in files {
        writes(house, name).finish().unwrap();
    }
    let file = File {
        blob: files[0].into(),
        original: files[1].into(),
        small: files[2].into(),
        linked: files[3].into(),
        ..File::default()
    };
    let command = Written {
        key: "key".into(),
        channel: Channel::Mail,
        via: "mailbox".into(),
        thread: "thread".into(),
        caller: "ada".into(),
        language: None,
        digest: note_digest("n", "I am away"),
        letters: 9,
        files: 1,
        marks: Marks {
            automatic: true,
            ..Marks::default()
        },
        consent: None,
    };
    let row = Personal::Letter {
        contact: ContactId(0),
        message: 0,
        letter: Box::new(Letter {
            nonce: "n".into(),
            text: "I am away".into(),
            address: "ada@example.org".into(),
            files: vec![file],
            ..Letter::default()
        }),
    };
    let command = Command::Written(Box::new(command));
    match house.hub.send_with(command, vec![row]).await.unwrap() {
        Answer::Message { contact, .. } => contact,
        other => panic!("no message: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_and_their_files_go_with_the_number() {
    let house = House::open().await;
    let files = ["letters/a", "letters/b", "letters/c", "letters/links/d"];
    let contact = written(&house, &files).await;
    let text = async || {
        let messages = house.archive.messages(contact).await.unwrap();
        messages[0].letter.clone()
    };
    let now = house.hub.now();
    let erased = erase_due(&house.hub, &house.archive, KEEPING, now + DAY_MS).await;
    assert_eq!(erased.unwrap(), Erased::default(), "not due");
    assert_eq!(text().await.text, "I am away");
    // One file is gone already, as after a crash in the middle of it.
    house.archive.blobs().erase(files[1]).unwrap();
    let years = now + KEEPING.personal_ms + DAY_MS;
    let erased = erase_due(&house.hub, &house.archive, KEEPING, years).await;
    assert_eq!(erased.unwrap().personal, 1);
    assert_eq!(text().await, Letter::default());
    for name in files {
        let there = house.folder().join("blobs").join(name).exists();
        assert!(!there, "{name}");
    }
    let report = house.audit().await;
    assert!(report.clean(), "{report:?}");
    let erased = erase_due(&house.hub, &house.archive, KEEPING, years).await;
    assert_eq!(erased.unwrap(), Erased::default(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_could_read_goes_when_it_is_as_old_and_is_counted_for_good() {
    let house = House::open().await;
    for key in ["old", "new"] {
        let blob = format!("letters/dead/{key}");
        writes(&house, &blob).finish().unwrap();
        let dead = Command::DeadLetter {
            via: "carrier".into(),
            key: key.into(),
            reason: "damaged".into(),
            blob,
        };
        house.send(dead).await.unwrap();
        // The second comes a moment later.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let dead = house.archive.dead_letters(10).await.unwrap();
    let second = dead[0].at;
    assert!(dead[1].at < second);
    let round = |at: Time| erase_due(&house.hub, &house.archive, KEEPING, at);
    let unreadable = |unreadable| Erased {
        unreadable,
        ..Erased::default()
    };
    assert_eq!(round(second + DAY_MS).await.unwrap(), unreadable(0));
    let due = second + KEEPING.personal_ms;
    assert_eq!(round(due).await.unwrap(), unreadable(1));
    let there = |key: &str| house.folder().join("blobs/letters/dead").join(key).exists();
    assert!(!there("old") && there("new"));
    assert_eq!(round(due).await.unwrap(), unreadable(0), "once");
    assert_eq!(round(due + DAY_MS).await.unwrap(), unreadable(1));
    assert_eq!(house.archive.dead_letters(10).await.unwrap(), dead);
    assert!(house.audit().await.clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_in_the_library_are_erased_after_their_time_and_stay_counted() {
    let house = House::open().await;
    let librarian = house.hub.librarian();
    for words in ["bear in the park", "fox in the park", "bear in the park"] {
        let missed = LibraryCommand::Missed {
            gap: Gap::NoClick,
            language: Language::En,
            words: words.into(),
            category: String::new(),
        };
        librarian.send(Author::default(), missed).await.unwrap();
    }
    let now = house.hub.now();
    let words = |count| Erased {
        words: count,
        ..Erased::default()
    };
    let round = |at: Time| erase_due(&house.hub, &house.archive, KEEPING, at);
    let due = now + KEEPING.searches_ms;
    assert_eq!(round(due + -60_000).await.unwrap(), words(0));
    assert_eq!(round(due + 60_000).await.unwrap(), words(2));
    assert_eq!(round(due + 60_000).await.unwrap(), words(0));
    let gaps = house.archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    let counts: Vec<i64> = gaps.iter().map(|(_, count)| count.open).collect();
    assert_eq!(counts, [2, 1]);
    let digests: Vec<&str> = gaps.iter().map(|(key, _)| key.about.as_str()).collect();
    assert!(
        house
            .archive
            .library_words(&digests)
            .await
            .unwrap()
            .is_empty()
    );
    let report = house.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
}
