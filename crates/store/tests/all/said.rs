//! Words of letters are found while a contact is open, when it is closed, and never once erased.
//! Never words of notes alone.

use crate::letters::{ADA, append, at, letter, received, talk};
use crate::life::{KIM, MORNING, classified, fold, stored};
use crate::on_both;
use crate::paper::Paper;
use center::city::{ContactId, Language};
use center::event::{Event, Fate};
use store::{Archive, Batch, Letter, Personal, Search, note_digest};

const BEN: ContactId = ContactId(2);

/// Contacts that are found by words.
async fn found(archive: &Archive, words: &str) -> Vec<u64> {
    let search = Search {
        text: Some(words.into()),
        ..Search::default()
    };
    let rows = archive.contacts(&search).await.unwrap();
    rows.iter().map(|row| row.contact.0).collect()
}

async fn assert_clean(paper: &Paper) {
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
}

fn closed(contact: ContactId) -> Event {
    Event::Closed {
        contact,
        fate: Fate::Answered,
        counselor: Some(KIM),
    }
}

on_both!(words_of_letters_are_found_open_and_closed, paper, {
    let (mut journal, archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    // The first text, the changed one, the answer; then the chat that is open.
    for words in ["가로등", "꺼졌어요", "고치겠습니다", "등이 고치"] {
        assert_eq!(found(&archive, words).await, [1], "{words}");
    }
    assert_eq!(found(&archive, "hello").await, [2]);
    assert!(found(&archive, "가로등 hello").await.is_empty());
    let filed = at(69, classified(BEN, "TRF-01-01"));
    append(&mut journal, vec![filed, at(70, closed(BEN))]).await;
    assert_eq!(found(&archive, "HELLO").await, [2]);
    // It goes on: the new words are found beside the old ones, open and closed again.
    let again = vec![
        at(3_600, received(ADA, 3, "신호등도 봐 주세요")),
        at(3_600, Event::Reopened { contact: ADA }),
    ];
    let personal = vec![letter(ADA, 3, "신호등도 봐 주세요")];
    let entries = again;
    journal.append(Batch { entries, personal }).await.unwrap();
    assert_eq!(found(&archive, "신호등 가로등").await, [1]);
    append(&mut journal, vec![at(3_700, closed(ADA))]).await;
    assert_eq!(found(&archive, "신호등 가로등 고치").await, [1]);
    assert_clean(&paper).await;
});

on_both!(
    a_text_that_is_changed_after_its_contact_was_closed_is_found,
    paper,
    {
        let (mut journal, archive) = paper.open().await;
        journal.append(talk()).await.unwrap();
        let text = "보안등입니다";
        let changed = Event::MessageChanged {
            contact: ADA,
            message: 1,
            digest: note_digest("0b", text),
            letters: 6,
        };
        let letter = Letter {
            edit: 90_000,
            nonce: "0b".into(),
            text: text.into(),
            subject: "Lamp".into(),
            ..Letter::default()
        };
        let personal = vec![Personal::Letter {
            contact: ADA,
            message: 1,
            letter: Box::new(letter),
        }];
        let entries = vec![at(90, changed)];
        journal.append(Batch { entries, personal }).await.unwrap();
        for words in ["보안등", "가로등", "lamp"] {
            assert_eq!(found(&archive, words).await, [1], "{words}");
        }
        assert_clean(&paper).await;
    }
);

on_both!(the_index_of_letters_is_made_anew, paper, {
    {
        let (mut journal, _) = paper.open().await;
        journal.append(talk()).await.unwrap();
    }
    let spoil = "UPDATE meta SET value = '0' WHERE name = 'projections'; DELETE FROM note_index";
    paper.tamper(spoil).await.unwrap();
    let (mut journal, archive) = paper.open().await;
    assert_eq!(found(&archive, "고치겠습니다").await, [1]);
    assert_eq!(found(&archive, "hello").await, [2]);
    let filed = at(69, classified(BEN, "TRF-01-01"));
    append(&mut journal, vec![filed, at(70, closed(BEN))]).await;
    assert_eq!(found(&archive, "hello").await, [2]);
    assert_clean(&paper).await;
});

on_both!(erased_letters_are_gone_and_found_no_more, paper, {
    let (mut journal, archive) = paper.open().await;
    journal.append(talk()).await.unwrap();
    let before = stored(&archive, 2).await;
    assert_eq!(archive.letter_files(ADA).await.unwrap().len(), 2);
    let due = |after| archive.due_personal(MORNING + 90_000, after, 10);
    assert_eq!(due(ContactId(0)).await.unwrap().contacts, [ADA]);
    let erased = at(80, Event::PersonalErased { contact: ADA });
    append(&mut journal, vec![erased]).await;
    assert!(due(ContactId(0)).await.unwrap().contacts.is_empty());
    assert!(found(&archive, "가로등").await.is_empty());
    assert_eq!(found(&archive, "hello").await, [2], "the other one stays");
    let messages = archive.messages(ADA).await.unwrap();
    assert_eq!(messages.len(), 2, "that they were there stays");
    for message in &messages {
        let letter = &message.letter;
        assert_eq!((letter.text.as_str(), letter.address.as_str()), ("", ""));
        assert!(letter.files.is_empty() && message.earlier.iter().all(String::is_empty));
    }
    assert_eq!(stored(&archive, 2).await, before, "every count stays");
    assert_clean(&paper).await;
    let back = "INSERT INTO letter VALUES (1, 1, 0, '0a', '가로등 😀', \
                '', '', '', '', '', '', '', '', '[]')";
    paper.tamper(back).await.unwrap();
    let report = paper.audit().await;
    let named = |what: &String| what.contains("letters of contact 1 were erased but are there");
    assert!(
        report.differences.iter().any(named),
        "{:?}",
        report.differences
    );
});

on_both!(a_corrected_language_moves_the_count_and_the_words, paper, {
    let (mut journal, archive) = paper.open().await;
    let mut entries = talk().entries;
    journal.append(talk()).await.unwrap();
    let corrected = at(
        70,
        Event::LanguageCorrected {
            contact: ADA,
            counselor: KIM,
            language: Language::Vi,
        },
    );
    entries.push(corrected.clone());
    append(&mut journal, vec![corrected]).await;
    assert_eq!(stored(&archive, 2).await, fold(&entries));
    let search = |language| Search {
        text: Some("가로등".into()),
        language: Some(language),
        ..Search::default()
    };
    let found = archive.contacts(&search(Language::Vi)).await.unwrap();
    assert_eq!((found.len(), found[0].language), (1, Language::Vi));
    assert!(
        archive
            .contacts(&search(Language::Ko))
            .await
            .unwrap()
            .is_empty()
    );
    assert_clean(&paper).await;
});
