//! While the index is built: what is there answers, the rest is not denied, and nothing counts as a
//! gap. The index never ends here, as the last article's text is missing.

use crate::House;
use crate::library::shelves;
use center::city::Language;
use center::knowledge::{ArticleId, Facts, Gap, LibraryEvent, Mark, Text};
use center::time::{DAY_MS, Day, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::Place;
use store::library::{Library, text_digest};

/// As many articles as come in first.
const FIRST: u64 = 50;
const START: Time = Time(20_787 * DAY_MS);

/// Publishes an article, with its text or without.
async fn publish(library: &mut Library, number: u64, whole: bool) {
    let article = ArticleId(number);
    let text = Text {
        title: format!("Water bill {number}"),
        answer: "Pay it at any bank.".into(),
        ..Text::default()
    };
    if whole {
        library.keep_text(&text);
    }
    let mark = Mark {
        digest: text_digest(&text).0,
        title: text.title.clone(),
        revised: START,
        ..Mark::default()
    };
    let facts = Facts {
        category: "WAT-01-01".into(),
        owner: "WTR".into(),
        source: Language::En,
        ..Facts::default()
    };
    let events = [
        LibraryEvent::Drafted {
            article,
            code: format!("bill-{number}"),
            author: None,
            sample: false,
        },
        LibraryEvent::Revised {
            article,
            revision: 1,
            author: None,
            reason: String::new(),
            facts,
            marks: BTreeMap::from([(Language::En, mark)]),
            back_to: None,
        },
        LibraryEvent::Published {
            article,
            revision: 1,
            author: None,
            reason: String::new(),
            assured: Day(30_000),
        },
    ];
    for event in &events {
        library.add(START, event).await.unwrap();
    }
}

/// A house whose library has so many whole articles, and then one without its text.
async fn broken(whole: u64) -> House {
    let (folder, city) = (House::folder(), Arc::new(shelves()));
    let place = Place::Folder(folder.clone());
    let (journal, _) = store::open(&place, &city).await.unwrap();
    let mut library = journal.library().await.unwrap();
    library.recover(&city).await.unwrap();
    for number in 1..=whole {
        publish(&mut library, number, true).await;
    }
    publish(&mut library, whole + 1, false).await;
    library.commit().await.unwrap();
    drop((journal, library));
    House::open_at(folder, shelves(), |_| {}).await
}

#[tokio::test]
async fn a_search_before_the_index_is_there_asks_again_and_is_no_gap() {
    let house = broken(0).await;
    for (tag, text) in [
        ("ko", "지금 검색을 준비하고 있습니다."),
        ("en", "The search is being made ready."),
        ("zh", "搜索正在准备中。"),
        ("ja", "検索を準備しています。"),
        ("vi", "Đang chuẩn bị tìm kiếm."),
        ("mn", "Хайлтыг бэлтгэж байна."),
    ] {
        let page = house
            .get(&format!("/search?lang={tag}&q=parakeet"), "")
            .await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(text), "{tag}: {}", page.body);
        assert!(page.body.contains("http-equiv=\"refresh\" content=\"5\""));
        assert!(
            page.body
                .contains(&format!("href=\"/articles?lang={tag}\""))
        );
        assert!(!page.body.contains("<textarea"), "nothing typed is lost");
    }
    let part = house.get("/search?part=1&q=parakeet", "").await;
    assert!(part.body.contains("data-again"), "{}", part.body);
    let none = house.get("/search?lang=en", "").await;
    assert!(!none.body.contains("http-equiv=\"refresh\""));
    let answer = house.get("/hsds/services?search=water", "").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("5"))
    );
    let archive = house.archive.clone();
    // What waits for a click is told when the house closes.
    house.web.stop().await;
    let gaps = archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");
    let _ = std::fs::remove_dir_all(house.folder);
}

#[tokio::test]
async fn what_is_in_the_index_already_answers() {
    let house = broken(FIRST).await;
    let lee = house.sign_in("lee").await;
    let find = async |words: &str| {
        let body = json!({ "text": words }).to_string();
        let reply = house.act(&lee, "articles/find", &body).await;
        serde_json::from_str::<Value>(&reply.body).unwrap()
    };
    for _ in 0..100 {
        let found = find("water bill").await;
        if found["state"] == "found" {
            assert_eq!(find("parakeet").await["state"], "building");
            house.close().await;
            return;
        }
        assert_eq!(found["state"], "building");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was found");
}
