//! Letters: what goes in comes out, what is changed keeps its first text, what is tampered with is
//! named, what is erased changes no count.

use crate::life::{KIM, MORNING, classified, fold, offered, queued, stored};
use crate::{life, on_both};
use center::city::{Channel, ContactId};
use center::event::{Event, Fate, Fortune, Marks};
use center::time::{DAY_MS, SECOND_MS};
use store::{Batch, Entry, File, Letter, Personal, note_digest};

pub const ADA: ContactId = ContactId(1);
const NONCE: &str = "0a";

pub fn at(second: i64, event: Event) -> Entry {
    Entry {
        at: MORNING + second * SECOND_MS,
        event,
    }
}

fn arrived(contact: ContactId, channel: Channel) -> Event {
    Event::Arrived {
        contact,
        key: format!("key-{contact}"),
        channel,
        caller: "token-ada".into(),
        via: "gateway".into(),
        repeat: false,
    }
}

pub fn received(contact: ContactId, message: u32, text: &str) -> Event {
    Event::MessageReceived {
        contact,
        message,
        key: format!("message-{contact}-{message}"),
        via: "gateway".into(),
        thread: format!("thread-{contact}"),
        digest: note_digest(NONCE, text),
        letters: text.chars().count() as u32,
        files: 1,
        marks: Marks {
            urgent: true,
            ..Marks::default()
        },
    }
}

fn sent(contact: ContactId, message: u32, text: &str) -> Event {
    Event::MessageSent {
        contact,
        message,
        counselor: Some(KIM),
        answers: 1,
        text: None,
        digest: note_digest(NONCE, text),
        letters: text.chars().count() as u32,
        files: 0,
        private: true,
        to: String::new(),
    }
}

fn fared(message: u32, fortune: Fortune) -> Event {
    Event::MessageFared {
        contact: ADA,
        message,
        fortune,
        reference: "smsc-77".into(),
    }
}

pub fn letter(contact: ContactId, message: u32, text: &str) -> Personal {
    let file = File {
        blob: "letters/1".into(),
        name: "photo.jpg".into(),
        media_type: "image/jpeg".into(),
        bytes: 1_234,
        ..File::default()
    };
    Personal::Letter {
        contact,
        message,
        letter: Box::new(Letter {
            nonce: NONCE.into(),
            text: text.into(),
            address_kind: "phone".into(),
            address: "+821012345678".into(),
            thread: "t".into(),
            files: vec![file],
            ..Letter::default()
        }),
    }
}

/// Ada texts, is answered, changes her text, and the record is closed; Ben's chat stays open.
pub fn talk() -> Batch {
    let (contact, counselor) = (ADA, KIM);
    let ben = ContactId(2);
    let changed = Event::MessageChanged {
        contact,
        message: 1,
        digest: note_digest(NONCE, "가로등이 꺼졌어요"),
        letters: 9,
    };
    let closed = Event::Closed {
        contact,
        fate: Fate::Answered,
        counselor: Some(counselor),
    };
    let entries = vec![
        at(0, arrived(contact, Channel::Text)),
        at(0, received(contact, 1, "가로등 😀")),
        at(1, queued(contact)),
        at(5, offered(contact)),
        at(9, Event::Answered { contact, counselor }),
        at(20, changed),
        at(40, sent(contact, 2, "곧 고치겠습니다")),
        at(41, fared(2, Fortune::Submitted)),
        at(50, classified(contact, "TRF-01-01")),
        at(60, closed),
        at(61, arrived(ben, Channel::Chat)),
        at(61, received(ben, 1, "hello")),
        at(62, queued(ben)),
    ];
    let edited = Personal::Letter {
        contact,
        message: 1,
        letter: Box::new(Letter {
            edit: 20_000,
            nonce: NONCE.into(),
            text: "가로등이 꺼졌어요".into(),
            ..Letter::default()
        }),
    };
    let personal = vec![
        letter(contact, 1, "가로등 😀"),
        letter(contact, 2, "곧 고치겠습니다"),
        edited,
        letter(ben, 1, "hello"),
    ];
    Batch { entries, personal }
}

pub async fn append(journal: &mut store::Journal, entries: Vec<Entry>) {
    let personal = Vec::new();
    journal.append(Batch { entries, personal }).await.unwrap();
}

on_both!(what_goes_in_comes_out, paper, {
    let (mut journal, archive) = paper.open().await;
    let batch = talk();
    let expected = fold(&batch.entries);
    journal.append(batch).await.unwrap();
    assert_eq!(stored(&archive, 2).await, expected);
    let messages = archive.messages(ADA).await.unwrap();
    assert_eq!(messages.len(), 2);
    let first = &messages[0];
    assert!(first.incoming && first.marks.urgent && !first.withdrawn);
    assert_eq!(first.letter.text, "가로등이 꺼졌어요");
    assert_eq!(first.earlier, ["가로등 😀"]);
    assert_eq!(
        first.letter.address, "+821012345678",
        "whom it came from stays"
    );
    assert_eq!(first.letter.files[0].bytes, 1_234);
    assert_eq!(messages[1].fortune, "submitted");
    assert_eq!(messages[1].counselor, Some(KIM));
    let found = archive.message_by_key("message-1-1").await.unwrap();
    assert_eq!(found, Some((ADA, 1)));
    let found = archive.message_by_reference("smsc-77").await.unwrap();
    assert_eq!(found, Some((ADA, 2)));
    assert_eq!(archive.outbox().await.unwrap().len(), 1);
    append(&mut journal, vec![at(70, fared(2, Fortune::Delivered))]).await;
    assert!(archive.outbox().await.unwrap().is_empty());
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

/// A caller is texted an answer during the call, which fails after the record is closed.
fn texted_call() -> Vec<Entry> {
    let (contact, counselor) = (ADA, KIM);
    let texted = Event::MessageSent {
        contact,
        message: 1,
        counselor: Some(counselor),
        answers: 0,
        text: None,
        digest: note_digest(NONCE, "여권은 구청에서"),
        letters: 8,
        files: 0,
        private: true,
        to: "token-ada".into(),
    };
    let closed = Event::Closed {
        contact,
        fate: Fate::Answered,
        counselor: Some(counselor),
    };
    vec![
        at(0, life::arrived(contact, "key-1", "page")),
        at(1, queued(contact)),
        at(5, offered(contact)),
        at(9, Event::Answered { contact, counselor }),
        at(20, texted),
        at(21, fared(1, Fortune::Submitted)),
        at(50, classified(contact, "TRF-01-01")),
        at(60, closed),
        at(90, fared(1, Fortune::Failed)),
    ]
}

on_both!(a_text_to_a_caller_is_the_calls_own, paper, {
    let (mut journal, archive) = paper.open().await;
    let entries = texted_call();
    let expected = fold(&entries);
    let personal = vec![letter(ADA, 1, "여권은 구청에서")];
    journal.append(Batch { entries, personal }).await.unwrap();
    assert_eq!(stored(&archive, 1).await, expected);
    let row = &expected.rows[&1];
    assert_eq!((row.messages_out, row.undelivered), (1, 1));
    assert_eq!(row.replied, None, "it answers no message");
    let sums = expected.cells.values().map(|cell| cell.written.replied);
    assert_eq!(sums.sum::<i64>(), 0);
    let messages = archive.messages(ADA).await.unwrap();
    assert_eq!(messages[0].fortune, "failed");
    assert_eq!(messages[0].letter.address, "+821012345678");
    assert!(archive.outbox().await.unwrap().is_empty());
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    let erased = Event::PersonalErased { contact: ADA };
    append(&mut journal, vec![at(100, erased)]).await;
    let messages = archive.messages(ADA).await.unwrap();
    assert_eq!(
        (messages.len(), messages[0].letter.address.as_str()),
        (1, "")
    );
    assert_eq!(stored(&archive, 1).await, expected, "no count changed");
});

on_both!(a_conversation_that_goes_on_corrects_its_cells, paper, {
    let (mut journal, archive) = paper.open().await;
    let mut batch = talk();
    journal.append(talk()).await.unwrap();
    let contact = ADA;
    let again = vec![
        at(3_600, received(contact, 3, "고마워요")),
        at(3_600, Event::Reopened { contact }),
        at(3_600, queued(contact)),
        at(3_610, offered(contact)),
        at(
            3_612,
            Event::Answered {
                contact,
                counselor: KIM,
            },
        ),
        at(
            3_620,
            Event::Closed {
                contact,
                fate: Fate::Answered,
                counselor: Some(KIM),
            },
        ),
        at(3_700, fared(2, Fortune::Failed)),
    ];
    batch.entries.extend(again.clone());
    append(&mut journal, again).await;
    let folded = fold(&batch.entries);
    assert_eq!(folded.rows[&1].reopened, 1);
    assert_eq!(folded.rows[&1].undelivered, 1);
    assert_eq!(stored(&archive, 2).await, folded);
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(a_start_knows_the_conversations_that_may_go_on, paper, {
    let (mut journal, _archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let recovery = journal.recover(MORNING + DAY_MS / 2).await.unwrap();
    let whole = |contact| {
        let of = |entry: &&Entry| entry.event.contact() == Some(contact);
        recovery.entries.iter().filter(of).count()
    };
    assert_eq!((whole(ADA), whole(ContactId(2))), (10, 3));
    let recovery = journal.recover(MORNING + 3 * DAY_MS).await.unwrap();
    let of = |entry: &&Entry| entry.event.contact() == Some(ADA);
    assert_eq!(recovery.entries.iter().filter(of).count(), 0);
});

on_both!(a_merged_contact_shows_in_the_other, paper, {
    let (mut journal, archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let (contact, into) = (ContactId(2), ADA);
    let merged = vec![
        at(
            80,
            Event::Merged {
                contact,
                counselor: KIM,
                into,
            },
        ),
        at(
            80,
            Event::Closed {
                contact,
                fate: Fate::Merged,
                counselor: Some(KIM),
            },
        ),
    ];
    append(&mut journal, merged).await;
    let messages = archive.messages(ADA).await.unwrap();
    let numbers: Vec<(u64, u32)> = messages.iter().map(|m| (m.contact.0, m.message)).collect();
    assert_eq!(numbers, [(1, 1), (1, 2), (2, 1)]);
    let last = archive.last_received(ADA).await.unwrap().unwrap();
    assert_eq!(last.letter.text, "hello");
});

on_both!(consents_and_unreadable_letters_are_kept, paper, {
    let (mut journal, archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let contact = ContactId(2);
    let dead = |key: &str| Event::DeadLettered {
        via: "gateway".into(),
        key: key.into(),
        reason: "junk".into(),
        blob: "letters/dead".into(),
    };
    let events = vec![
        at(
            90,
            Event::ConsentChanged {
                contact,
                allowed: false,
            },
        ),
        at(91, dead("x")),
        at(92, dead("y")),
    ];
    append(&mut journal, events).await;
    assert!(archive.opted_out("token-ada").await.unwrap());
    assert!(!archive.opted_out("token-ben").await.unwrap());
    assert_eq!(archive.dead_letters(10).await.unwrap().len(), 2);
    let again = Event::ConsentChanged {
        contact,
        allowed: true,
    };
    append(&mut journal, vec![at(95, again)]).await;
    assert!(!archive.opted_out("token-ada").await.unwrap());
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(tampering_with_letters_is_named, paper, {
    let (mut journal, _archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let contact = ContactId(2);
    let allowed = false;
    let consent = at(90, Event::ConsentChanged { contact, allowed });
    append(&mut journal, vec![consent]).await;
    let cases = [
        (
            "UPDATE letter SET text = 'no' WHERE contact = 2",
            "UPDATE letter SET text = 'hello' WHERE contact = 2",
            "the text of message 1 of contact 2",
        ),
        (
            "UPDATE message SET letters = 8 WHERE contact = 2",
            "UPDATE message SET letters = 5 WHERE contact = 2",
            "differs from its event in: letters",
        ),
        (
            "UPDATE message_fate SET fortune = 'delivered'",
            "UPDATE message_fate SET fortune = 'submitted'",
            "the fate of message 2 of contact 1",
        ),
        (
            "UPDATE consent SET allowed = 1",
            "UPDATE consent SET allowed = 0",
            "the consent given with contact 2",
        ),
        (
            "INSERT INTO dead_letter VALUES ('z', 1, 'v', 'r', 'b')",
            "DELETE FROM dead_letter",
            "an unreadable letter is listed",
        ),
        (
            "UPDATE contact SET messages_in = 7 WHERE contact = 1",
            "UPDATE contact SET messages_in = 1 WHERE contact = 1",
            "contact 1 differs from its events in: messages_in",
        ),
        (
            "UPDATE cube_hour SET reply_ms = reply_ms + 1 WHERE channel = 'text'",
            "UPDATE cube_hour SET reply_ms = reply_ms - 1 WHERE channel = 'text'",
            "cube_hour",
        ),
    ];
    for (done, undone, said) in cases {
        paper.tamper(done).await.unwrap();
        let report = paper.audit().await;
        let named = report.differences.iter().any(|what| what.contains(said));
        assert!(named, "{done}: {:?}", report.differences);
        paper.tamper(undone).await.unwrap();
        let report = paper.audit().await;
        assert!(report.clean(), "{undone}: {:?}", report.differences);
    }
});

on_both!(erasing_letters_changes_no_count, paper, {
    let (mut journal, archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let before = stored(&archive, 2).await;
    paper.tamper("DELETE FROM letter").await.unwrap();
    assert_eq!(stored(&archive, 2).await, before);
    let messages = archive.messages(ADA).await.unwrap();
    assert_eq!((messages.len(), messages[0].letter.text.as_str()), (2, ""));
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});
