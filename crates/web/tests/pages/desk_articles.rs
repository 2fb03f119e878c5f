//! Articles at the desk over a real socket: found while something is written, opened, used, judged,
//! missed. Never their keys: that is the house's own test.

use super::chat::ready;
use super::inbox::{accept, wrote};
use super::library::{Who, published, shelves};
use super::{House, Reply};
use center::city::{Channel, ContactId};
use center::event::Marks;
use center::knowledge::{Author, Said};
use hub::{LibraryAnswer, LibraryCommand};
use serde_json::{Value, json};
use std::time::Duration;
use store::library::UseKind;

async fn ask(house: &House, who: &Who, verb: &str, body: &Value) -> Reply {
    let verb = format!("articles/{verb}");
    house.act(who, &verb, &body.to_string()).await
}

async fn told(house: &House, who: &Who, verb: &str, body: &Value) -> Value {
    let reply = ask(house, who, verb, body).await;
    assert_eq!(reply.status, 200, "{verb}: {}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

/// Asks until the index has caught up.
async fn found(house: &House, who: &Who, body: &Value) -> Value {
    for _ in 0..100 {
        let found = told(house, who, "find", body).await;
        if found["state"] == "found" {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was found for {body}");
}

async fn written(house: &House, who: &Who) -> ContactId {
    let from = (Channel::Text, "phone", "+821012345678");
    let contact = wrote(house, from, "t", "my water bill", Marks::default()).await;
    accept(house, who, contact).await;
    contact
}

#[tokio::test]
async fn an_article_is_found_used_once_and_counted() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = written(&house, &kim).await;
    let body = json!({ "contact": contact.0, "text": "asks how to pay the water bill" });
    let list = found(&house, &kim, &body).await;
    let first = &list["articles"][0];
    assert_eq!(first["code"], "bill");
    assert_eq!(first["answer"], "Pay it at any bank.");
    assert_eq!(first["yellow"], false);
    let body = json!({ "contact": contact.0, "article": "bill" });
    let open = told(&house, &kim, "open", &body).await;
    assert_eq!(open["texts"]["en"]["title"], "Water bill");
    assert_eq!(
        (&open["outcome"], &open["public"]),
        (&json!("AN"), &json!(true))
    );
    assert_eq!(
        (&open["used"], &open["verdict"]),
        (&json!(false), &Value::Null)
    );
    let link = open["link"].as_str().unwrap();
    assert!(link.ends_with("/articles/bill"), "{link}");

    let mut one = json!({ "contact": contact.0, "article": "bill", "revision": 1,
        "language": "en", "district": "north", "sent": false, "text": "bill" });
    for _ in 0..2 {
        told(&house, &kim, "use", &one).await;
    }
    for helped in [false, true] {
        one["helped"] = helped.into();
        told(&house, &kim, "rate", &one).await;
    }
    assert_counted(&house, &kim, &lee, contact).await;
    house.close().await;
}

/// A key pressed twice counts once; record, article and gaps tell the same.
async fn assert_counted(house: &House, kim: &Who, lee: &Who, contact: ContactId) {
    let uses = house.archive.article_uses(contact).await.unwrap();
    let what: Vec<UseKind> = uses.iter().map(|(one, _)| one.what).collect();
    assert_eq!(what, [UseKind::Read, UseKind::Unhelped]);
    let row = &uses[0].1;
    assert_eq!((row.used, row.ratings), (1, (0, 1)));
    let article = house.archive.article(row.id).await.unwrap().unwrap();
    assert_eq!(article.used_for.len(), 1, "the search that ended here");
    let record = house.get(&format!("/contacts/{contact}"), &kim.0).await;
    for text in [
        "Article used: Water bill (revision 1 · English · North · ",
        "Article did not help: Water bill",
    ] {
        assert!(record.body.contains(text), "{text}: {}", record.body);
    }
    let page = house.get("/library/a/bill", &lee.0).await;
    assert!(page.body.contains("Used in 1 contacts"), "{}", page.body);
    let gaps = house.get("/library/gaps", &lee.0).await;
    assert!(gaps.body.contains("href=\"/library/a/bill\""));
    let body = json!({ "contact": contact.0, "article": "bill" });
    let again = told(house, kim, "open", &body).await;
    assert_eq!(
        (&again["used"], &again["verdict"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn only_whose_contact_it_is_uses_an_article_and_only_what_is_there() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = written(&house, &kim).await;
    let good = json!({ "contact": contact.0, "article": "bill", "revision": 1,
        "language": "en", "district": "", "sent": true });
    assert_eq!(ask(&house, &lee, "use", &good).await.status, 409);
    for (field, value, status) in [
        ("article", json!("ghost"), 404),
        ("revision", json!(7), 404),
        ("language", json!("ko"), 422),
        ("language", json!("xx"), 404),
        ("district", json!("moon"), 422),
        ("contact", json!(999), 409),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let reply = ask(&house, &kim, "use", &bad).await;
        assert_eq!(reply.status, status, "{bad}: {}", reply.body);
    }
    assert!(
        house
            .archive
            .article_uses(contact)
            .await
            .unwrap()
            .is_empty()
    );
    let forged = (kim.0.clone(), "x".to_owned());
    assert_eq!(ask(&house, &forged, "use", &good).await.status, 403);
    assert_eq!(ask(&house, &kim, "fly", &good).await.status, 400);
    house.close().await;
}

#[tokio::test]
async fn an_empty_library_says_so_and_a_search_without_a_click_is_listed() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    let body = json!({ "text": "where are the bears" });
    let none = told(&house, &lee, "find", &body).await;
    assert_eq!(
        (&none["state"], &none["articles"]),
        (&json!("empty"), &json!([]))
    );
    told(&house, &lee, "miss", &body).await;
    assert_eq!(ask(&house, &lee, "miss", &json!({})).await.status, 400);
    let gaps = house.get("/library/gaps", &lee.0).await;
    assert!(gaps.body.contains("where are the bears"), "{}", gaps.body);
    published(&house, &lee, "bill").await;
    found(&house, &lee, &json!({ "text": "water bill" })).await;
    let none = told(&house, &lee, "find", &json!({ "text": "zzzz" })).await;
    assert_eq!(none["state"], "none");
    house.close().await;
}

/// Kim speaks with a caller.
async fn spoken(house: &House, who: &Who, number: &str) -> ContactId {
    let contact = house.call(number, number).await;
    accept(house, who, contact).await;
    contact
}

#[tokio::test]
async fn a_caller_gets_the_answer_as_a_text_once() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = spoken(&house, &kim, "+821012345678").await;
    let one = json!({ "contact": contact.0, "article": "bill", "language": "en", "id": "a" });
    let first = told(&house, &kim, "text", &one).await;
    assert_eq!(
        (&first["message"], &first["cut"]),
        (&json!(1), &json!(false))
    );
    let again = told(&house, &kim, "text", &one).await;
    assert_eq!(again["message"], 1, "sent twice it is one");
    let messages = house.archive.messages(contact).await.unwrap();
    assert_eq!(messages.len(), 1);
    let letter = &messages[0].letter;
    assert_eq!(letter.address, "+821012345678");
    let lines: Vec<&str> = letter.text.lines().collect();
    assert_eq!(lines[..2], ["Water bill", "Pay it at any bank."]);
    assert!(
        lines[2].ends_with("/articles/bill?lang=en"),
        "{}",
        letter.text
    );

    let mut other = one.clone();
    (other["id"], other["number"]) = ("b".into(), "010-9876-5432".into());
    assert_eq!(told(&house, &kim, "text", &other).await["message"], 2);
    let texts = told(&house, &kim, "texts", &json!({ "contact": contact.0 })).await;
    let says = texts["texts"][1]["says"].as_str().unwrap();
    assert!(
        says.contains("010-9876-5432") && says.ends_with("waiting to leave"),
        "{says}"
    );
    let record = house.get(&format!("/contacts/{contact}"), &kim.0).await;
    assert!(
        record.body.contains(" sent the caller text 2 ("),
        "{}",
        record.body
    );
    house.close().await;
}

#[tokio::test]
async fn what_cannot_be_texted_is_named() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = spoken(&house, &kim, "+8221234567").await;
    let good = json!({ "contact": contact.0, "article": "bill", "language": "en", "id": "a",
        "number": "01012345678" });
    for (field, value, status, key) in [
        ("number", json!(""), 422, "landline"),
        ("number", json!("02-123-4567"), 422, "number"),
        ("number", json!("abc"), 422, "number"),
        ("article", json!("ghost"), 422, "not_public"),
        ("language", json!("vi"), 422, "not_public"),
        ("id", json!(""), 400, "bad_request"),
        ("contact", json!(999), 409, "not_yours"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let reply = ask(&house, &kim, "text", &bad).await;
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(
            (reply.status, body["key"].as_str()),
            (status, Some(key)),
            "{bad}"
        );
    }
    assert_eq!(ask(&house, &lee, "text", &good).await.status, 409);
    assert!(house.archive.messages(contact).await.unwrap().is_empty());
    for number in 1..=5 {
        let mut one = good.clone();
        one["id"] = number.to_string().into();
        told(&house, &kim, "text", &one).await;
    }
    let reply = ask(&house, &kim, "text", &good).await;
    assert!(reply.body.contains("\"too_often\""), "{}", reply.body);
    house.close().await;
}

#[tokio::test]
async fn a_city_without_a_way_to_text_says_so() {
    let city = center::city::City {
        texting: false,
        ..shelves()
    };
    let house = House::open_in(city, |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = spoken(&house, &kim, "+821012345678").await;
    let one = json!({ "contact": contact.0, "article": "bill", "language": "en", "id": "a" });
    let reply = ask(&house, &kim, "text", &one).await;
    assert!(reply.body.contains("\"no_texts\""), "{}", reply.body);
    house.close().await;
}

#[tokio::test]
async fn odd_words_find_what_was_used_after_them_and_numbers_do_not() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let (kim, _desk) = ready(&house, "kim").await;
    let contact = written(&house, &kim).await;
    let odd = json!({ "text": "drip tribute zzzz" });
    found(&house, &kim, &json!({ "text": "water bill" })).await;
    assert_eq!(told(&house, &kim, "find", &odd).await["state"], "none");
    let mut one = json!({ "contact": contact.0, "article": "bill", "revision": 1,
        "language": "en", "district": "", "sent": false, "text": "drip tribute zzzz" });
    told(&house, &kim, "use", &one).await;
    published(&house, &lee, "other").await;
    one["article"] = "other".into();
    one["text"] = "qqqq 010-1234-5678".into();
    told(&house, &kim, "use", &one).await;
    // What is published brings in what was gathered until then.
    published(&house, &lee, "third").await;
    let list = found(&house, &kim, &odd).await;
    assert_eq!(list["articles"][0]["code"], "bill");
    assert_eq!(list["articles"].as_array().unwrap().len(), 1, "{list}");
    let number = json!({ "text": "qqqq 010-1234-5678" });
    assert_eq!(told(&house, &kim, "find", &number).await["state"], "none");
    let erase = LibraryCommand::EraseWords {
        said: Said::Search,
        before: house.hub.now() + 1_000,
    };
    let erased = house.hub.librarian().send(Author::house(), erase).await;
    assert_eq!(erased.unwrap(), LibraryAnswer::Erased(2));
    published(&house, &lee, "fourth").await;
    for _ in 0..100 {
        if told(&house, &kim, "find", &odd).await["state"] == "none" {
            house.close().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("what was erased is still found");
}
