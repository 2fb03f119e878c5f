//! One changed byte, one changed cell: the audit finds it and names it.

use crate::life::{self, Served, fold, stored};
use crate::on_both;
use crate::paper::Paper;
use center::city::{ContactId, CounselorId};
use center::event::Event;
use center::time::{DAY_MS, Time};
use std::fmt::Write;
use std::fs;
use std::time::Duration;
use store::{Batch, Entry, Report};

/// A record of three contacts, one with a recording, and telephony's log of them; closed.
async fn written(paper: &Paper) {
    let (mut journal, archive) = paper.open().await;
    let mut log = String::new();
    for contact in 1..=3 {
        let served = Served::new(contact);
        journal.append(served.whole()).await.unwrap();
        writeln!(log, "{} {}", served.arrived().0, served.key()).unwrap();
    }
    let mut blob = archive.blobs().create("2026/11/1.rec").unwrap();
    blob.append(&vec![7; 40_000]).unwrap();
    blob.finish().unwrap();
    let recorded = Event::Recorded {
        contact: ContactId(1),
        blob: "2026/11/1.rec".into(),
        length_ms: 2_500,
        keep_until: Time(DAY_MS),
        cut: false,
    };
    let entries = vec![Served::new(1).at(200, recorded)];
    journal
        .append(Batch {
            entries,
            personal: Vec::new(),
        })
        .await
        .unwrap();
    fs::create_dir(paper.folder().join("ingress")).unwrap();
    fs::write(paper.folder().join("ingress/2026-11-18.log"), log).unwrap();
}

fn names(report: &Report, what: &str) -> bool {
    !report.clean()
        && report
            .differences
            .iter()
            .any(|difference| difference.contains(what))
}

on_both!(an_untouched_record_is_clean, paper, {
    written(&paper).await;
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    assert_eq!(
        (report.events, report.contacts, report.recordings),
        (25, 3, 1)
    );
    assert_eq!((report.cells, report.attempts), (3, 3));
});

on_both!(a_record_finished_by_a_colleague_is_clean, paper, {
    let served = Served::new(1);
    let (contact, colleague) = (served.contact, CounselorId(2));
    let [ended, closed] = <[Entry; 2]>::try_from(served.ends().entries).unwrap();
    let taken = Event::RecordTakenOver {
        contact,
        counselor: colleague,
        from: crate::life::KIM,
        wrote_ms: 40_000,
    };
    let Event::Closed { fate, .. } = closed.event else {
        panic!("a life ends closed");
    };
    let finished = Event::Closed {
        contact,
        fate,
        counselor: Some(colleague),
    };
    let after = [served.at(7_290, taken), served.at(7_310, finished)];
    let mut before = vec![ended];
    for mut part in [served.talks(), served.waits()] {
        part.entries.append(&mut before);
        before = part.entries;
    }
    let mut whole = before.clone();
    whole.extend(after.clone());
    let (mut journal, _) = paper.open().await;
    let personal = served.waits().personal;
    let note = served.talks().personal;
    let batch = |entries, personal| Batch { entries, personal };
    journal.append(batch(before, personal)).await.unwrap();
    journal.append(batch(Vec::new(), note)).await.unwrap();
    let [taken, finished] = after;
    journal
        .append(batch(vec![taken], Vec::new()))
        .await
        .unwrap();
    drop(journal);
    // The center starts anew in between: the open row is read back from its columns.
    let (mut journal, archive) = paper.open().await;
    journal
        .append(batch(vec![finished], Vec::new()))
        .await
        .unwrap();
    let row = archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(
        (row.counselor, row.finisher),
        (Some(crate::life::KIM), Some(colleague))
    );
    assert_eq!((row.wrap_ms, row.finish_ms), (60_000, 20_000));
    assert_eq!(stored(&archive, 1).await, fold(&whole));
    drop(journal);
    fs::create_dir(paper.folder().join("ingress")).unwrap();
    let line = format!("{} {}\n", served.arrived().0, served.key());
    fs::write(paper.folder().join("ingress/2026-11-18.log"), line).unwrap();
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(every_tampering_in_the_database_is_named, paper, {
    written(&paper).await;
    paper.unguard().await;
    let cases = in_the_journal().into_iter().chain(in_the_projections());
    for (done, undone, said) in cases {
        paper.tamper(done).await.unwrap();
        let report = paper.audit().await;
        assert!(names(&report, said), "{done}: {:?}", report.differences);
        paper.tamper(undone).await.unwrap();
        let report = paper.audit().await;
        assert!(report.clean(), "{undone}: {:?}", report.differences);
    }
});

/// What is done, what undoes it, what the audit says.
type Case = (&'static str, &'static str, &'static str);

fn in_the_journal() -> [Case; 3] {
    [
        (
            "UPDATE journal SET body = REPLACE(body, 'trunk', 'trunq') WHERE seq = 1",
            "UPDATE journal SET body = REPLACE(body, 'trunq', 'trunk') WHERE seq = 1",
            "event 1 was changed",
        ),
        (
            "UPDATE journal SET at = at + 1 WHERE seq = 2",
            "UPDATE journal SET at = at - 1 WHERE seq = 2",
            "event 2 was changed",
        ),
        (
            "UPDATE journal SET kind = 'closed' WHERE seq = 2",
            "UPDATE journal SET kind = 'queued' WHERE seq = 2",
            "columns of event 2",
        ),
    ]
}

fn in_the_projections() -> [Case; 8] {
    [
        (
            "UPDATE contact SET talk_ms = talk_ms + 1 WHERE contact = 2",
            "UPDATE contact SET talk_ms = talk_ms - 1 WHERE contact = 2",
            "talk_ms",
        ),
        (
            "UPDATE contact SET channel = 'fax' WHERE contact = 2",
            "UPDATE contact SET channel = 'voice' WHERE contact = 2",
            "contact 2",
        ),
        (
            "UPDATE cube_hour SET wait_ms = wait_ms + 1",
            "UPDATE cube_hour SET wait_ms = wait_ms - 1",
            "cube_hour",
        ),
        (
            "UPDATE cube_counselor SET waits_3 = waits_3 - 1",
            "UPDATE cube_counselor SET waits_3 = waits_3 + 1",
            "cube_counselor",
        ),
        (
            "UPDATE cube_category SET category = 'TRF-01-02'",
            "UPDATE cube_category SET category = 'TRF-01-01'",
            "cube_category",
        ),
        (
            "UPDATE cube_hour SET fate = 'eaten'",
            "UPDATE cube_hour SET fate = 'answered'",
            "cube_hour",
        ),
        (
            "UPDATE personal SET note = note || '.' WHERE contact = 3",
            "UPDATE personal SET note = SUBSTR(note, 1, LENGTH(note) - 1) WHERE contact = 3",
            "the note of contact 3",
        ),
        (
            "UPDATE recording SET blob = '2026/11/2.rec'",
            "UPDATE recording SET blob = '2026/11/1.rec'",
            "recording of contact 1",
        ),
    ]
}

on_both!(what_is_lost_for_good_is_named, paper, {
    written(&paper).await;
    paper.unguard().await;
    let flip = paper.word(
        "UPDATE journal SET hash = unhex(hex(substr(hash, 1, 31)) || CASE hex(substr(hash, 32)) \
         WHEN '00' THEN '01' ELSE '00' END) WHERE seq = 4",
        "UPDATE journal SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE seq = 4",
    );
    let cases = [
        ("DELETE FROM recording", "recording of contact 1"),
        (
            "DELETE FROM journal WHERE seq = 25",
            "the journal ends with event 24",
        ),
        (flip, "event 4 was changed"),
        ("DELETE FROM journal WHERE seq = 12", "event 12 is missing"),
        (
            "DELETE FROM contact WHERE contact = 3",
            "contact 3 has events but no row",
        ),
        ("DELETE FROM cube_counselor", "cube_counselor"),
    ];
    for (done, said) in cases {
        paper.tamper(done).await.unwrap();
        let report = paper.audit().await;
        assert!(names(&report, said), "{done}: {:?}", report.differences);
    }
});

on_both!(erasing_a_person_changes_no_count, paper, {
    written(&paper).await;
    let erase = "UPDATE personal SET note = NULL, nonce = NULL, number = NULL, raw = NULL";
    paper.tamper(erase).await.unwrap();
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(erasing_what_is_due_changes_no_count, paper, {
    written(&paper).await;
    let (mut journal, archive) = paper.open().await;
    let before = life::stored(&archive, 3).await;
    let blob = "2026/11/1.rec";
    archive.blobs().erase(blob).unwrap();
    let entries = |contact| {
        let contact = ContactId(contact);
        let mut entries = vec![Served::new(3).at(900, Event::PersonalErased { contact })];
        if contact.0 == 1 {
            let blob = blob.to_owned();
            entries.push(Served::new(3).at(901, Event::RecordingErased { contact, blob }));
        }
        entries
    };
    for contact in 1..=2 {
        let entries = entries(contact);
        let personal = Vec::new();
        journal.append(Batch { entries, personal }).await.unwrap();
    }
    assert_eq!(life::stored(&archive, 3).await, before);
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    assert_eq!((report.recordings, report.erased), (0, 1));
    assert_eq!(archive.personal(ContactId(1)).await.unwrap().note, "");
    let words = store::Search {
        text: Some("passport".into()),
        ..store::Search::default()
    };
    let found = archive.contacts(&words).await.unwrap();
    assert_eq!(found.len(), 1, "the note that is not erased");

    let back = "INSERT INTO personal (contact, number) VALUES (1, '+821')";
    paper.tamper(back).await.unwrap();
    assert!(names(
        &paper.audit().await,
        "contact 1 were erased but are there"
    ));
    paper
        .tamper("DELETE FROM personal WHERE contact = 1")
        .await
        .unwrap();
    let unsaid = "UPDATE recording SET erased = NULL";
    paper.tamper(unsaid).await.unwrap();
    assert!(names(&paper.audit().await, "says otherwise"));

    // The same from the journal alone.
    let version = "UPDATE meta SET value = '0' WHERE name = 'projections'";
    paper.tamper(version).await.unwrap();
    drop((journal, archive));
    let (_journal, archive) = paper.open().await;
    assert_eq!(life::stored(&archive, 3).await, before);
    assert!(paper.audit().await.clean());
});

on_both!(every_tampering_in_the_folder_is_named, paper, {
    written(&paper).await;
    let blob = paper.folder().join("blobs/2026/11/1.rec");
    let kept = fs::read(&blob).unwrap();
    for place in [0, 40, 90, 20_000, kept.len() - 1] {
        let mut changed = kept.clone();
        changed[place] ^= 1;
        fs::write(&blob, &changed).unwrap();
        let report = paper.audit().await;
        assert!(names(&report, "recording of contact 1"), "byte {place}");
    }
    fs::write(&blob, &kept[..kept.len() - 10]).unwrap();
    assert!(names(&paper.audit().await, "cut short"));
    fs::remove_file(&blob).unwrap();
    assert!(names(&paper.audit().await, "recording of contact 1"));
    fs::write(&blob, &kept).unwrap();

    let unknown = paper.folder().join("blobs/recordings");
    fs::create_dir(&unknown).unwrap();
    fs::write(unknown.join("2-17"), &kept).unwrap();
    assert!(names(&paper.audit().await, "recordings/2-17"));
    // As that of a call which was too short to keep: it goes while the audit looks.
    let gone = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        fs::remove_file(unknown.join("2-17")).unwrap();
    };
    let (report, ()) = tokio::join!(paper.audit(), gone);
    assert!(report.clean(), "{report:?}");

    let log = paper.folder().join("ingress/2026-11-18.log");
    let kept = fs::read_to_string(&log).unwrap();
    fs::write(&log, format!("{kept}1795000000000 key-lost\n")).unwrap();
    assert!(names(&paper.audit().await, "key-lost"));
    let (_, without) = kept.split_once('\n').unwrap();
    fs::write(&log, without).unwrap();
    assert!(names(
        &paper.audit().await,
        "contact 1 is not in telephony's log"
    ));
    fs::write(&log, format!("{kept}nonsense\n")).unwrap();
    assert!(names(&paper.audit().await, "cannot be read"));
    fs::write(&log, format!("{kept}17950000")).unwrap();
    assert!(
        paper.audit().await.clean(),
        "a line that a crash cut off is no attempt"
    );
});

on_both!(a_cut_end_stays_named_after_more_was_written, paper, {
    written(&paper).await;
    paper.unguard().await;
    paper
        .tamper("DELETE FROM journal WHERE seq = 25")
        .await
        .unwrap();
    let (mut journal, _) = paper.open().await;
    journal.append(Served::new(4).whole()).await.unwrap();
    assert!(names(&paper.audit().await, "event 25 is missing"));
});
