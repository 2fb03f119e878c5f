//! The library on hub and store together: what was decided is on paper before anybody reads it.

use crate::town::{House, KIM};
use center::city::Language;
use center::effect::Effect;
use center::knowledge::{
    ArticleId, Audience, Author, Entry, Facts, Gap, NoticeId, NoticeOrder, Order, Refusal, Role,
    Status, SynonymId, SynonymOrder, Text, Unit, Written,
};
use center::time::{Day, Time};
use hub::{LibraryAnswer, LibraryCommand, LibraryError};
use std::collections::BTreeMap;
use std::time::Duration;

async fn house() -> House {
    House::open_with(|city| {
        city.library.units = vec![Unit {
            code: "WTR".into(),
            ..Unit::default()
        }];
    })
    .await
}

fn editor() -> Author {
    Author {
        id: Some(KIM),
        role: Role::Editor,
    }
}

fn written(title: &str) -> Written {
    Written {
        text: Text {
            title: title.into(),
            answer: format!("{title} is answered."),
            ..Text::default()
        },
        ..Written::default()
    }
}

fn draft(house: &House, code: &str) -> LibraryCommand {
    let category = house.hub.city().categories.iter().find(|one| one.leaf);
    let order = Order::Draft {
        article: ArticleId(0),
        code: code.into(),
        sample: false,
        facts: Facts {
            category: category.unwrap().code.clone(),
            owner: "WTR".into(),
            source: Language::En,
            ..Facts::default()
        },
        texts: BTreeMap::from([(Language::En, written(code))]),
        reason: "a reason".into(),
    };
    LibraryCommand::Article {
        article: None,
        order,
    }
}

async fn drafted(house: &House, code: &str) -> ArticleId {
    let answer = house
        .hub
        .librarian()
        .send(editor(), draft(house, code))
        .await;
    match answer.unwrap() {
        LibraryAnswer::Article(article, 1) => article,
        other => panic!("{other:?}"),
    }
}

async fn published(house: &House, code: &str, assured: Option<Day>) -> ArticleId {
    let article = drafted(house, code).await;
    let reason = String::new();
    let review = Order::AskReview {
        base: 1,
        reason: reason.clone(),
    };
    let publish = Order::Publish {
        base: 1,
        reason,
        assured,
    };
    for order in [review, publish] {
        let asked = house.hub.librarian().ask(editor(), article, order).await;
        asked.unwrap();
    }
    article
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_hears_of_an_article_once_it_is_on_paper() {
    let house = house().await;
    let mut changes = house.hub.librarian().changes();
    let article = published(&house, "water-bill", None).await;
    let mut readings = Vec::new();
    while readings.is_empty() {
        let change = changes.recv().await.unwrap();
        assert_eq!(change.articles, [article]);
        readings.clone_from(&change.readings);
    }
    let whole = house.archive.whole_article(article, false).await.unwrap();
    let whole = whole.unwrap();
    assert_eq!(whole.article.counted, Status::Published);
    assert_eq!(whole.texts[&Language::En].title, "water-bill");
    let reason = whole.article.latest().unwrap().reason.clone();
    let words = house.archive.library_words(&[&reason]).await.unwrap();
    assert_eq!(words[&reason], "a reason");
    house.is_clean().await;
    let house = house.restart().await;
    let known = house.archive.find_article("water-bill").await.unwrap();
    assert_eq!(known, Some(article));
    assert_eq!(drafted(&house, "next").await, ArticleId(article.0 + 1));
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_given_once_whoever_asks_at_once() {
    let house = house().await;
    let asks = (0..40).map(|number| {
        let librarian = house.hub.librarian().clone();
        let command = draft(&house, &format!("code-{}", number % 20));
        tokio::spawn(async move { librarian.send(editor(), command).await })
    });
    let (mut drafted, mut taken) = (0, 0);
    for ask in asks.collect::<Vec<_>>() {
        match ask.await.unwrap() {
            Ok(_) => drafted += 1,
            Err(LibraryError::Refused(Refusal::CodeTaken)) => taken += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((drafted, taken), (20, 20));
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_did_not_happen() {
    let house = house().await;
    let article = drafted(&house, "first").await;
    house.fail_next_write();
    let review = Order::AskReview {
        base: 1,
        reason: String::new(),
    };
    let asked = house.hub.librarian().ask(editor(), article, review.clone());
    assert!(matches!(asked.await, Err(LibraryError::Unwritten)));
    let known = house.archive.article(article).await.unwrap().unwrap();
    assert_eq!(known.counted, Status::Draft);
    let again = house.hub.librarian().ask(editor(), article, review).await;
    again.unwrap();
    let long = Order::Comment {
        words: "x".repeat(9_000),
        contact: None,
    };
    let asked = house.hub.librarian().ask(editor(), article, long).await;
    assert!(matches!(
        asked,
        Err(LibraryError::Refused(Refusal::TooLong))
    ));
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_assured_for_a_year_is_hidden_at_once() {
    let house = house().await;
    let today = house.hub.city().zone.civil(house.hub.now()).day;
    let article = published(&house, "old", Some(Day(today.0 - 400))).await;
    let known = house.archive.article(article).await.unwrap().unwrap();
    assert_eq!(known.counted, Status::Hidden);
    let assure = Order::Assure {
        reason: String::new(),
    };
    let asked = house.hub.librarian().ask(editor(), article, assure).await;
    asked.unwrap();
    let known = house.archive.article(article).await.unwrap().unwrap();
    assert_eq!(known.counted, Status::Published);
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_shown_at_once_and_ends_by_itself() {
    let house = house().await;
    let librarian = house.hub.librarian();
    let mut notices = librarian.notices();
    assert!(notices.borrow_and_update().is_empty());
    let now = house.hub.now();
    let raise = |until: Time| LibraryCommand::Notice {
        notice: None,
        order: NoticeOrder::Raise {
            notice: NoticeId(0),
            digest: String::new(),
            from: now,
            until,
            audience: Audience::Citizen,
            prompt: String::new(),
            article: None,
        },
        texts: BTreeMap::from([("en".to_owned(), "No water".to_owned())]),
    };
    let short = librarian.send(editor(), raise(now + 700)).await.unwrap();
    assert_eq!(short, LibraryAnswer::Notice(NoticeId(1)));
    let long = librarian.send(editor(), raise(now + 60_000)).await.unwrap();
    assert_eq!(long, LibraryAnswer::Notice(NoticeId(2)));
    let shown = async |notices: &mut tokio::sync::watch::Receiver<_>, count: usize| {
        let wanted = |list: &std::sync::Arc<Vec<hub::Texted>>| list.len() == count;
        let waited = tokio::time::timeout(Duration::from_secs(5), notices.wait_for(wanted));
        waited.await.unwrap().unwrap().clone()
    };
    let both = shown(&mut notices, 2).await;
    assert_eq!(both[0].1["en"], "No water");
    let left = shown(&mut notices, 1).await;
    assert_eq!(left[0].0.id, NoticeId(2));
    let end = LibraryCommand::Notice {
        notice: Some(NoticeId(2)),
        order: NoticeOrder::End,
        texts: BTreeMap::new(),
    };
    let reader = Author {
        id: Some(KIM),
        role: Role::Reader,
    };
    let refused = librarian.send(reader, end.clone()).await;
    assert!(matches!(
        refused,
        Err(LibraryError::Refused(Refusal::NotAllowed))
    ));
    librarian.send(editor(), end).await.unwrap();
    shown(&mut notices, 0).await;
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_hear_of_a_notice_before_the_menu_while_it_lasts() {
    let mut house = house().await;
    let now = house.hub.now();
    let command = LibraryCommand::Notice {
        notice: None,
        order: NoticeOrder::Raise {
            notice: NoticeId(0),
            digest: String::new(),
            from: now,
            until: now + 60_000,
            audience: Audience::Citizen,
            prompt: "flood".into(),
            article: None,
        },
        texts: BTreeMap::from([("en".to_owned(), "Flood".to_owned())]),
    };
    let sent = house.hub.librarian().send(editor(), command).await;
    assert_eq!(sent.unwrap(), LibraryAnswer::Notice(NoticeId(1)));
    let played = first_prompt(&mut house, "heard", "flood").await;
    assert!(played, "within five seconds");
    // A failed write makes the hub build its center anew: it still knows.
    house.fail_next_write();
    let arrival = crate::town::arrival("lost", "caller-x");
    assert!(house.send(arrival).await.is_err());
    assert!(first_prompt(&mut house, "again", "flood").await);
    let end = LibraryCommand::Notice {
        notice: Some(NoticeId(1)),
        order: NoticeOrder::End,
        texts: BTreeMap::new(),
    };
    house.hub.librarian().send(editor(), end).await.unwrap();
    assert!(!first_prompt(&mut house, "later", "flood").await);
    house.is_clean().await;
}

/// Whether a caller hears a prompt first: tried for five seconds while it is not as expected yet.
async fn first_prompt(house: &mut House, key: &str, name: &str) -> bool {
    let begun = std::time::Instant::now();
    let expected = key != "later";
    for number in 0.. {
        house
            .arrives(&format!("{key}-{number}"), &format!("{key}-{number}"))
            .await;
        let prompts = loop {
            if let Effect::Play { prompts, .. } = house.effect().await {
                break prompts;
            }
        };
        let heard = prompts.first().is_some_and(|prompt| prompt.name == name);
        if heard == expected || begun.elapsed() > Duration::from_secs(5) {
            return heard;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("numbers do not end")
}

fn synonym(synonym: Option<SynonymId>, base: &str, word: &str, meant: &str) -> LibraryCommand {
    LibraryCommand::Synonym(SynonymOrder::Set {
        synonym,
        base: base.into(),
        entry: Entry {
            word: word.into(),
            meant: vec![meant.into()],
        },
        word: String::new(),
        digest: String::new(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_synonyms_is_on_paper_when_it_is_told() {
    let house = house().await;
    let librarian = house.hub.librarian();
    let mut changes = librarian.changes();
    let sent = librarian
        .send(editor(), synonym(None, "", " 딱지 ", "과태료"))
        .await;
    assert_eq!(sent.unwrap(), LibraryAnswer::Synonym(SynonymId(1)));
    assert!(changes.recv().await.unwrap().synonyms);
    let table = house.archive.synonyms().await.unwrap();
    assert_eq!((table.len(), table[0].1.word.as_str()), (1, "딱지"));
    let reader = Author {
        id: Some(KIM),
        role: Role::Reader,
    };
    for (author, command, why) in [
        (
            editor(),
            synonym(None, "", "딱지", "견인"),
            Refusal::WordTaken,
        ),
        (editor(), synonym(None, "", "", "견인"), Refusal::NoWord),
        (
            editor(),
            synonym(Some(SynonymId(1)), "", "딱지", "견인"),
            Refusal::Stale,
        ),
        (
            reader,
            synonym(None, "", "물세", "수도"),
            Refusal::NotAllowed,
        ),
    ] {
        let refused = librarian.send(author, command).await;
        let Err(LibraryError::Refused(refusal)) = refused else {
            panic!("{refused:?} instead of {why}");
        };
        assert_eq!(refusal, why);
    }
    let base = table[0].0.digest.clone();
    let changed = synonym(Some(SynonymId(1)), &base, "딱지", "과태료 고지서");
    librarian.send(editor(), changed).await.unwrap();
    let remove = SynonymOrder::Remove {
        synonym: SynonymId(1),
    };
    let restore = SynonymOrder::Restore {
        synonym: SynonymId(1),
    };
    for (order, left) in [(remove, 0), (restore, 1)] {
        let command = LibraryCommand::Synonym(order);
        librarian.send(editor(), command).await.unwrap();
        assert_eq!(house.archive.synonyms().await.unwrap().len(), left);
    }
    house.is_clean().await;
    let house = house.restart().await;
    let table = house.archive.synonyms().await.unwrap();
    assert_eq!(table[0].1.meant, ["과태료 고지서"]);
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_counted_until_an_editor_deals_with_it() {
    let house = house().await;
    let librarian = house.hub.librarian();
    let missed = LibraryCommand::Missed {
        gap: Gap::NoClick,
        language: Language::En,
        words: "bear in the park".into(),
        category: String::new(),
    };
    for _ in 0..3 {
        let sent = librarian.send(Author::default(), missed.clone()).await;
        sent.unwrap();
    }
    let gaps = house.archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    let (key, count) = &gaps[0];
    assert_eq!((count.open, count.total), (3, 3));
    let words = house.archive.library_words(&[&key.about]).await.unwrap();
    assert_eq!(words[&key.about], "bear in the park");
    let settle = LibraryCommand::SettleGap {
        gap: key.gap,
        language: key.language,
        about: key.about.clone(),
    };
    librarian.send(editor(), settle).await.unwrap();
    assert!(
        house
            .archive
            .library_gaps(Gap::NoClick, 9)
            .await
            .unwrap()
            .is_empty()
    );
    librarian.send(Author::default(), missed).await.unwrap();
    let gaps = house.archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    assert_eq!((gaps[0].1.open, gaps[0].1.total), (1, 4));
    house.is_clean().await;
}
