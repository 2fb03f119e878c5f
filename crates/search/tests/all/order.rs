//! What goes first, what is left out, what is shown.

use super::{ask, first, index, text};
use search::{Document, Doubt, Index, Query};

fn codes(index: &Index, query: &Query) -> Vec<String> {
    let hits = index.search(query).unwrap().hits;
    hits.into_iter().map(|hit| hit.article).collect()
}

fn query(text: &str) -> Query {
    Query {
        text: text.to_owned(),
        today: 20_000,
        ..Query::default()
    }
}

#[test]
fn titles_go_before_texts() {
    let index = index(vec![
        text(
            "body",
            "ko",
            "구청 안내",
            "여권 여권 여권 발급은 민원실입니다.",
        ),
        text(
            "title",
            "ko",
            "여권 발급",
            "민원실에서 신청합니다. 사진과 신분증을 가져오세요.",
        ),
    ]);
    assert_eq!(first(&index, "여권 발급"), "title");
}

#[test]
fn what_is_new_used_near_or_in_season_goes_first() {
    let plain = |article: &str| text(article, "ko", "제설 신고", "눈을 치워 달라고 신고합니다.");
    let old = Document {
        revised: 18_000,
        ..plain("a-old")
    };
    let used = Document {
        used: 900,
        ..plain("used")
    };
    let winter = Document {
        season: "winter".to_owned(),
        ..plain("winter")
    };
    let summer = Document {
        season: "summer".to_owned(),
        ..plain("a-summer")
    };
    let north = Document {
        district: "north".to_owned(),
        ..plain("north")
    };
    let just = |one: &Document| index(vec![old.clone(), one.clone()]);
    assert_eq!(
        codes(&just(&plain("new")), &query("제설")),
        ["new", "a-old"]
    );
    let index = index(vec![plain("a-plain"), used, winter, summer, north]);
    assert_eq!(codes(&index, &query("제설"))[0], "used");
    let season = Query {
        season: "winter".to_owned(),
        ..query("제설")
    };
    let found = codes(&index, &season);
    let place = |code: &str| found.iter().position(|found| found == code).unwrap();
    assert!(place("winter") < place("a-plain"), "{found:?}");
    assert_eq!(place("a-summer"), found.len() - 1, "{found:?}");
    let near = Query {
        district: "north".to_owned(),
        ..query("제설")
    };
    assert_eq!(codes(&index, &near)[0], "north");
    let far = Query {
        district: "south".to_owned(),
        ..query("제설")
    };
    assert!(!codes(&index, &far).contains(&"north".to_owned()));
}

#[test]
fn a_variant_of_the_district_stands_for_its_article() {
    let whole = text("bulky", "ko", "대형폐기물", "구청에 전화하세요.");
    let mut north = text(
        "bulky",
        "ko",
        "대형폐기물",
        "대형폐기물은 북구 앱에서 신청하세요.",
    );
    north.district = "north".to_owned();
    let index = index(vec![whole, north]);
    for (district, expected) in [("north", "north"), ("south", ""), ("", "")] {
        let query = Query {
            district: district.to_owned(),
            ..query("대형폐기물")
        };
        let hits = index.search(&query).unwrap().hits;
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].district, expected, "asked from {district:?}");
    }
}

#[test]
fn what_counselors_searched_before_finds_what_they_used() {
    let mut used = text("pit", "ko", "도로 파임 보수", "도로관리과에서 메웁니다.");
    let index = index(vec![
        used.clone(),
        text("other", "ko", "구멍가게 지원", "소상공인 지원."),
    ]);
    assert_eq!(first(&index, "구멍 났어요"), "other");
    used.used_for = vec!["길에 구멍이 났어요".to_owned(), "구멍 났어요".to_owned()];
    index.put(&[used], &[], 2).unwrap();
    assert_eq!(first(&index, "구멍 났어요"), "pit");
}

#[test]
fn filters_leave_out_the_rest() {
    let mut one = text("one", "ko", "주차 단속", "평일.");
    one.category = "TRF-03-02".to_owned();
    one.owner = "C-TRA".to_owned();
    one.audience = "citizen".to_owned();
    let mut two = text("two", "ko", "주차장 단속 요령", "내부.");
    two.category = "TRF-04-01".to_owned();
    two.audience = "counselor".to_owned();
    two.language = "en".to_owned();
    let index = index(vec![one, two]);
    assert_eq!(codes(&index, &query("주차 단속")).len(), 2);
    let category = |code: &str| Query {
        category: code.to_owned(),
        ..query("주차 단속")
    };
    assert_eq!(codes(&index, &category("TRF")).len(), 2);
    assert_eq!(codes(&index, &category("TRF-03")), ["one"]);
    assert_eq!(codes(&index, &category("TRF-03-02")), ["one"]);
    assert!(codes(&index, &category("TRF-0")).is_empty());
    let citizen = Query {
        audiences: vec!["citizen".to_owned()],
        ..query("주차 단속")
    };
    assert_eq!(codes(&index, &citizen), ["one"]);
    let owner = Query {
        owner: "C-TRA".to_owned(),
        ..query("주차 단속")
    };
    assert_eq!(codes(&index, &owner), ["one"]);
    let english = Query {
        language: "en".to_owned(),
        ..query("주차 단속")
    };
    assert_eq!(codes(&index, &english), ["two"]);
    let categories = index.search(&query("주차")).unwrap().categories;
    assert_eq!(
        categories,
        [("TRF-03-02".to_owned(), 1), ("TRF-04-01".to_owned(), 1)]
    );
}

/// A filter that few articles pass still finds all of them.
#[test]
fn a_narrow_filter_is_no_narrow_search() {
    let mut documents: Vec<Document> = (0..600)
        .map(|number| text(&format!("a{number}"), "ko", "주차 단속 안내", "주차 단속"))
        .collect();
    documents[599].owner = "C-ONE".to_owned();
    documents[599].title = "단속".to_owned();
    let index = index(documents);
    let owner = Query {
        owner: "C-ONE".to_owned(),
        ..query("주차 단속 안내")
    };
    assert_eq!(codes(&index, &owner), ["a599"]);
}

#[test]
fn synonyms_of_editors_find_and_circles_are_told() {
    let index = index(vec![
        text("waste", "ko", "폐기물 배출", "요일을 지켜 주세요."),
        text("other", "ko", "도서관 휴관일", "월요일."),
    ]);
    assert!(ask(&index, "쓰레기").hits.is_empty());
    let to = |words: &[&str]| {
        words
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<String>>()
    };
    let (a, b, c) = (to(&["오물"]), to(&["폐기물"]), to(&["쓰레기"]));
    let doubts = index.set_synonyms([("쓰레기", &a[..]), ("오물", &b[..]), ("폐기물", &c[..])]);
    assert!(
        matches!(&doubts[..], [Doubt::Circle(words)] if words.len() == 3),
        "{doubts:?}"
    );
    assert_eq!(first(&index, "쓰레기"), "waste");
    assert_eq!(first(&index, "쓰레기를 버리려면"), "waste");
    index.set_synonyms([]);
    assert!(ask(&index, "쓰레기").hits.is_empty());
}

#[test]
fn matches_are_marked_in_title_and_passage() {
    let filler = "다른 안내가 길게 이어집니다. ".repeat(40);
    let body = format!("{filler}<b>여권</b> 재발급은 구청 & 동 주민센터에서 합니다. {filler}");
    let index = index(vec![text("passport", "ko", "잃어버린 여권", &body)]);
    let hit = &ask(&index, "여권 재발급").hits[0];
    assert_eq!(hit.title.pieces(), [("잃어버린 ", false), ("여권", true)]);
    let marked: Vec<&str> = hit
        .passage
        .pieces()
        .iter()
        .filter(|p| p.1)
        .map(|p| p.0)
        .collect();
    assert_eq!(marked, ["여권", "재발급"]);
    assert!(
        hit.passage.text.chars().count() <= 160,
        "{}",
        hit.passage.text
    );
    assert!(
        hit.passage.text.contains("<b>여권</b>"),
        "nothing is escaped or lost here"
    );
}

#[test]
fn an_empty_or_senseless_query_finds_nothing() {
    let index = super::korean();
    for text in ["", "   ", "?!…", "\u{0}\u{301}", "%_*\"'"] {
        assert!(ask(&index, text).hits.is_empty(), "{text:?}");
    }
}
