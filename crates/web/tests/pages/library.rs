//! The library's pages: an article from draft to readers, who may do what, what is refused and
//! kept, notices on the desk.

use crate::{House, Live, Reply, Request, city};
use center::city::City;
use center::knowledge::{ArticleId, District, Role, Unit};
use std::collections::{BTreeMap, BTreeSet};

pub type Who = (String, String);

/// A city with two units and two districts: Lee edits, Kim writes for the waterworks.
pub fn shelves() -> City {
    let mut city = city();
    let names = |en: &str| BTreeMap::from([("en".to_owned(), en.to_owned())]);
    let unit = |code: &str, en: &str| Unit {
        code: code.into(),
        names: names(en),
        ..Unit::default()
    };
    let district = |code: &str, en: &str| District {
        code: code.into(),
        names: names(en),
    };
    city.library.units = vec![unit("WTR", "Waterworks"), unit("TAX", "Tax office")];
    city.library.districts = vec![district("north", "North"), district("south", "South")];
    city.counselors[0].library = Role::Owner(BTreeSet::from(["WTR".to_owned()]));
    city.counselors[1].library = Role::Editor;
    city
}

pub fn encoded(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text.to_owned();
    }
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

pub async fn post(house: &House, who: &Who, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut body = format!("token={}", who.1);
    for (name, value) in fields {
        body = format!("{body}&{name}={}", encoded(value));
    }
    house.send(Request::form(path, &who.0, &body)).await
}

/// Drafts an article for the waterworks.
async fn drafted(house: &House, who: &Who, code: &str) {
    let fields = [
        ("code", code),
        ("title", "Water bill"),
        ("answer", "Pay it at any bank."),
        ("category", "WAT-01-01"),
        ("outcome", "AN"),
        ("owner", "WTR"),
        ("source", "en"),
        ("audience", "citizen"),
    ];
    let reply = post(house, who, "/library/new", &fields).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
}

pub async fn published(house: &House, who: &Who, code: &str) {
    drafted(house, who, code).await;
    for verb in ["review", "publish"] {
        let path = format!("/library/a/{code}/do/{verb}");
        let reply = post(house, who, &path, &[("base", "1")]).await;
        assert_eq!(reply.status, 303, "{verb}: {}", reply.body);
    }
}

async fn id(house: &House, code: &str) -> ArticleId {
    house.archive.find_article(code).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_article_is_written_reviewed_compared_and_taken_back() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "water-bill").await;
    let page = house.get("/library/a/water-bill", &lee.0).await;
    assert!(page.body.contains("Pay it at any bank."));
    assert!(page.body.contains(">Published</span>"));
    let fields = [
        ("text", "en"),
        ("base", "1"),
        ("title", "Water bill"),
        ("answer", "Pay it at any bank or post office."),
        ("state", "human"),
        ("reason", "post offices joined"),
    ];
    let path = "/library/a/water-bill/text";
    let reply = post(&house, &lee, path, &fields).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    let page = house.get("/library/a/water-bill", &lee.0).await;
    assert!(
        page.body
            .contains("Readers still see revision 1. The latest is 2.")
    );
    assert!(page.body.contains("post offices joined"));
    let whole = house
        .archive
        .whole_article(id(&house, "water-bill").await, false)
        .await;
    let text = &whole.unwrap().unwrap().texts[&center::city::Language::En];
    assert_eq!(text.answer, "Pay it at any bank.", "readers see the first");
    let sides = house.get("/library/a/water-bill/compare", &lee.0).await;
    assert!(
        sides.body.contains("<ins> or post office</ins>"),
        "{}",
        sides.body
    );
    let fields = [("base", "2"), ("to", "1"), ("reason", "they left again")];
    let path = "/library/a/water-bill/do/roll-back";
    assert_eq!(post(&house, &lee, path, &fields).await.status, 303);
    let page = house.get("/library/a/water-bill", &lee.0).await;
    assert!(page.body.contains("Back to revision 1"));
}

#[tokio::test]
async fn what_somebody_else_changed_is_not_overwritten_and_nothing_typed_is_lost() {
    let house = House::open_in(shelves(), |_| {}).await;
    let (lee, kim) = (house.sign_in("lee").await, house.sign_in("kim").await);
    drafted(&house, &lee, "water-bill").await;
    let path = "/library/a/water-bill/text";
    let fields = |answer: &'static str| {
        [
            ("text", "en"),
            ("base", "1"),
            ("title", "Water bill"),
            ("answer", answer),
            ("state", "human"),
        ]
    };
    let first = post(&house, &kim, path, &fields("Kim was first.")).await;
    assert_eq!(first.status, 303, "{}", first.body);
    let second = post(&house, &lee, path, &fields("Lee was second.")).await;
    assert_eq!(second.status, 409);
    assert!(second.body.contains("Lee was second.</textarea>"));
    assert!(second.body.contains("Somebody else has changed it"));
    assert!(
        second.body.contains("name=\"base\" value=\"2\""),
        "saving again is meant"
    );
    let article = house.archive.article(id(&house, "water-bill").await).await;
    assert_eq!(article.unwrap().unwrap().revision(), 2);
}

#[tokio::test]
async fn a_paste_of_megabytes_and_broken_markup_are_told_and_kept_out() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    drafted(&house, &lee, "water-bill").await;
    let path = "/library/a/water-bill/text";
    let huge = "x".repeat(3 << 20);
    let fields = [
        ("text", "en"),
        ("base", "1"),
        ("title", "<script>alert(1)</script>"),
        ("answer", "</textarea><img src=x onerror=alert(1)>"),
        ("details", huge.as_str()),
        ("state", "human"),
    ];
    let reply = post(&house, &lee, path, &fields).await;
    assert_eq!(reply.status, 422);
    assert!(
        reply.body.len() > 3 << 20,
        "what was pasted is still in the form"
    );
    assert!(reply.body.contains("Details: This is too long"));
    assert!(!reply.body.contains("<img src=x") && !reply.body.contains("<script>alert"));
    let more = "x".repeat(13 << 20);
    let reply = post(&house, &lee, path, &[("details", more.as_str())]).await;
    assert_eq!(reply.status, 413);
    let fields = [
        ("text", "en"),
        ("base", "1"),
        ("title", "<b>B</b>"),
        ("answer", "A."),
    ];
    assert_eq!(post(&house, &lee, path, &fields).await.status, 303);
    let page = house.get("/library/a/water-bill", &lee.0).await;
    assert!(!page.body.contains("<b>B</b>"), "text is text");
}

#[tokio::test]
async fn owners_write_their_own_and_readers_comment() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    let (kim, odd) = (house.sign_in("kim").await, house.sign_in("odd").await);
    published(&house, &lee, "water-bill").await;
    let assure = "/library/a/water-bill/do/assure";
    assert_eq!(post(&house, &odd, assure, &[]).await.status, 403);
    assert_eq!(post(&house, &kim, assure, &[]).await.status, 303);
    for path in [
        "/library/a/water-bill/text",
        "/library/a/water-bill/facts",
        "/library/new",
    ] {
        assert_eq!(house.get(path, &odd.0).await.status, 403, "{path}");
        assert_eq!(house.get(path, &kim.0).await.status, 200, "{path}");
    }
    let comment = "/library/a/water-bill/do/comment";
    let words = "the <bank> closed";
    let reply = post(&house, &odd, comment, &[("words", words), ("contact", "1")]).await;
    assert_eq!(reply.status, 303);
    assert_eq!(
        post(&house, &odd, comment, &[("words", " ")]).await.status,
        422
    );
    let page = house.get("/library/a/water-bill", &kim.0).await;
    assert!(
        page.body.contains("the &#60;bank&#62; closed"),
        "{}",
        page.body
    );
    let list = house.get("/library?commented=1", &kim.0).await;
    assert!(list.body.contains("Water bill"));
    let settle = "/library/a/water-bill/do/settle";
    let fields = [("comment", "1"), ("reason", "mended")];
    assert_eq!(post(&house, &kim, settle, &fields).await.status, 303);
    let list = house.get("/library?commented=1", &kim.0).await;
    assert!(!list.body.contains("Water bill"));
    // No form without its token, no page without a session.
    let forged = (kim.0.clone(), "0".repeat(64));
    assert_eq!(post(&house, &forged, assure, &[]).await.status, 403);
    assert_eq!(house.get("/library", "").await.status, 303, "to sign in");
}

#[tokio::test]
async fn a_district_says_what_differs_and_a_translation_tells_its_age() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    drafted(&house, &lee, "water-bill").await;
    let path = "/library/a/water-bill/text";
    let fields = [
        ("text", "en"),
        ("district", "north"),
        ("base", "1"),
        ("office", "North hall"),
        ("state", "human"),
    ];
    assert_eq!(post(&house, &lee, path, &fields).await.status, 303);
    let page = house
        .get("/library/a/water-bill?district=north", &lee.0)
        .await;
    assert!(page.body.contains("North hall") && page.body.contains("Pay it at any bank."));
    let page = house.get("/library/a/water-bill", &lee.0).await;
    assert!(!page.body.contains("North hall"));
    let strange = [
        ("text", "en"),
        ("district", "mars"),
        ("base", "2"),
        ("fee", "1"),
    ];
    assert_eq!(post(&house, &lee, path, &strange).await.status, 422);
    let korean = [
        ("text", "ko"),
        ("base", "2"),
        ("title", "수도 요금"),
        ("answer", "은행에서 내세요."),
        ("state", "unchecked"),
    ];
    assert_eq!(post(&house, &lee, path, &korean).await.status, 303);
    let list = house
        .get("/library?language=ko&standing=unchecked", &lee.0)
        .await;
    assert!(list.body.contains("water-bill"));
    let changed = [
        ("text", "en"),
        ("base", "3"),
        ("title", "Bill"),
        ("answer", "Pay."),
    ];
    assert_eq!(post(&house, &lee, path, &changed).await.status, 303);
    let list = house
        .get("/library?language=ko&standing=older", &lee.0)
        .await;
    assert!(
        list.body.contains("water-bill"),
        "the translation is older now"
    );
    assert!(
        house
            .get("/library?language=vi", &lee.0)
            .await
            .body
            .contains("water-bill")
    );
}

#[tokio::test]
async fn a_notice_is_on_every_desk_within_seconds_and_leaves_it() {
    let house = House::open_in(shelves(), |_| {}).await;
    let (lee, odd) = (house.sign_in("lee").await, house.sign_in("odd").await);
    let mut desk = Live::open(&house, "/desk/events", &odd.0).await;
    desk.until("event: view").await;
    let until = "2099-01-01T00:00";
    let fields = [
        ("text-ko", "북구 단수 <지금>"),
        ("text-en", "No water in the north"),
        ("from", "2026-01-01T00:00"),
        ("until", until),
        ("audience", "citizen"),
    ];
    let reply = post(&house, &lee, "/library/notices", &fields).await;
    assert_eq!(reply.status, 422, "longer than two weeks is an article");
    assert!(reply.body.contains("북구 단수"), "what was typed is there");
    let now = house.hub.now() + 3_600_000;
    let soon = now.to_string()[..16].to_owned();
    let mut fields = fields;
    // The city's clock is nine hours ahead of it, so the day after is after.
    let day = center::time::Day::parse(&soon[..10]).unwrap();
    let later = format!("{}T00:00", center::time::Day(day.0 + 2));
    fields[3].1 = &later;
    let begun = std::time::Instant::now();
    let reply = post(&house, &lee, "/library/notices", &fields).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    let told = desk.until("No water in the north").await;
    assert!(begun.elapsed().as_secs() < 5, "{told}");
    let start = house.get("/", "").await;
    assert!(start.body.contains("No water in the north"), "on the site");
    let korean = [("accept-language", "ko")];
    let start = house.send(Request::new("GET", "/", &korean, "")).await;
    assert!(start.body.contains("북구 단수 &#60;지금&#62;"));
    assert_eq!(
        post(&house, &odd, "/library/notices/1/end", &[])
            .await
            .status,
        403
    );
    assert_eq!(
        post(&house, &lee, "/library/notices/1/end", &[])
            .await
            .status,
        303
    );
    desk.until("\"notices\":[]").await;
    assert!(!house.get("/", "").await.body.contains("No water"));
}
