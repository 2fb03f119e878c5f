//! The page of synonyms: written, changed, taken out and brought back by editors, read by others,
//! brought in and out as a file, in use by the search.

use crate::House;
use crate::library::{post, published, shelves};
use crate::library_files::{button_of, send_to};
use std::time::Duration;

const PATH: &str = "/library/synonyms";

/// What the page's form of an entry has in a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let rest = page
        .split(&format!("name=\"{name}\" value=\""))
        .nth(1)
        .unwrap();
    rest.split('"').next().unwrap()
}

/// Searches as a citizen until it is found, or is not any more.
async fn searched(house: &House, words: &str, found: bool) {
    for _ in 0..100 {
        let page = house.get(&format!("/search?q={words}"), "").await;
        if page.body.contains("/articles/bill") == found {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{words}: found is not {found}");
}

#[tokio::test]
async fn editors_keep_the_table_and_the_search_uses_it() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    searched(&house, "water", true).await;
    searched(&house, "fishtax", false).await;
    let entry = [
        ("word", "fishtax"),
        ("meant", "water bill\r\n\r\nwater bill"),
    ];
    let set = post(&house, &lee, PATH, &entry).await;
    assert_eq!(set.status, 303, "{}", set.body);
    searched(&house, "fishtax", true).await;
    let again = post(&house, &lee, PATH, &entry).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("The table has this word already."));
    assert!(
        again.body.contains("value=\"fishtax\""),
        "what was typed stays"
    );
    let page = house.get(&format!("{PATH}?change=1"), &lee.0).await;
    let base = hidden(&page.body, "base").to_owned();
    let changed = [
        ("id", "1"),
        ("base", base.as_str()),
        ("word", "fishtax"),
        ("meant", "unheard"),
    ];
    assert_eq!(post(&house, &lee, PATH, &changed).await.status, 303);
    searched(&house, "fishtax", false).await;
    assert_eq!(
        post(&house, &lee, PATH, &changed).await.status,
        409,
        "stale"
    );
    let removed = post(&house, &lee, &format!("{PATH}/1/remove"), &[]).await;
    let to = removed.header("location").unwrap().to_owned();
    let page = house.get(&to, &lee.0).await;
    assert!(page.body.contains("No words."), "{}", page.body);
    let undo = button_of(&page.body, "/library/synonyms/1/").unwrap();
    assert_eq!(post(&house, &lee, &undo, &[]).await.status, 303);
    let page = house.get(PATH, &lee.0).await;
    assert!(page.body.contains("unheard"));
    house.close().await;
}

#[tokio::test]
async fn who_is_no_editor_reads_the_table() {
    let house = House::open_in(shelves(), |_| {}).await;
    let (lee, kim) = (house.sign_in("lee").await, house.sign_in("kim").await);
    let entry = [("word", "fishtax"), ("meant", "water bill")];
    assert_eq!(post(&house, &kim, PATH, &entry).await.status, 403);
    assert_eq!(post(&house, &lee, PATH, &entry).await.status, 303);
    let page = house.get(PATH, &kim.0).await;
    assert!(page.body.contains("fishtax") && page.body.contains("Editors change this table."));
    assert!(
        !page
            .body
            .contains("method=\"post\" action=\"/library/synonyms")
    );
    let remove = format!("{PATH}/1/remove");
    assert_eq!(post(&house, &kim, &remove, &[]).await.status, 403);
    let file = ("table.csv", "word,means\na,b\n");
    let sent = send_to(&house, &kim, "/library/synonyms/import", file).await;
    assert_eq!(sent.status, 403);
    house.close().await;
}

#[tokio::test]
async fn a_file_is_shown_first_then_taken_and_goes_out_again() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let entry = [("word", "a1"), ("meant", "a2")];
    assert_eq!(post(&house, &lee, PATH, &entry).await.status, 303);
    let into = "/library/synonyms/import";
    let file = (
        "table.csv",
        "word,means\na1,a2\nfishtax,water bill\nb1,\nx,y,z\n<i>,b\n",
    );
    let page = send_to(&house, &lee, into, file).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "Save 2 words",
        "a word or what it means is missing",
        "has 3 columns instead of 2",
        "As it is <b>1</b>",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("<i>"));
    assert_eq!(house.archive.synonyms().await.unwrap().len(), 1);
    let go = button_of(&page.body, "/library/synonyms/import/").unwrap();
    assert_eq!(post(&house, &lee, &go, &[]).await.status, 303);
    assert_eq!(post(&house, &lee, &go, &[]).await.status, 410, "once");
    searched(&house, "fishtax", true).await;
    let out = house.get("/library/export/synonyms.csv", &lee.0).await;
    assert!(
        out.body
            .contains("word,means\r\n<i>,b\r\na1,a2\r\nfishtax,water bill\r\n")
    );
    let again = send_to(&house, &lee, into, ("table.csv", &out.body)).await;
    assert!(button_of(&again.body, "/library/synonyms/import/").is_none());
    assert!(again.body.contains("There is nothing to take."));
    house.close().await;
}

#[tokio::test]
async fn a_circle_is_told_and_does_no_harm() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    for (word, meant) in [
        ("one", "two"),
        ("two", "three"),
        ("three", "one\nwater"),
        ("!?", "x"),
    ] {
        let set = post(&house, &lee, PATH, &[("word", word), ("meant", meant)]).await;
        assert_eq!(set.status, 303, "{}", set.body);
    }
    let page = house.get(PATH, &lee.0).await;
    assert!(
        page.body.contains("these lead back to the first"),
        "{}",
        page.body
    );
    assert!(page.body.contains("has neither letter nor digit"));
    searched(&house, "one", true).await;
    house.close().await;
}
