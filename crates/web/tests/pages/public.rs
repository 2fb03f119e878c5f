//! Answers that everybody could read, links behind which the rest lies, and files of counselors.
//! Never a network.

use super::chat::{Citizen, ready};
use super::inbox::{accept, letters, wrote};
use super::{House, Reply, Request};
use center::city::{Channel, ContactId};
use center::event::Marks;
use serde_json::{Value, json};
use std::sync::Arc;

const BOUNDARY: &str = "----answer";
const HANDLE: &str = "@ada@mastodon.example";
/// The beginning of a document is enough.
const DOCUMENT: &str = "%PDF-1.7 a form";

/// A house whose network knows private answers, or does not.
async fn house(can_direct: bool) -> House {
    House::open_with(|settings| {
        settings.origin = Some("https://120.example".into());
        settings.writing.public = vec!["02-2133-1234".into()];
        settings.writing.composer = Arc::new(move |channel, _, text| web::Composed {
            letters: text.chars().count(),
            parts: text.chars().count().div_ceil(70),
            limit: 500,
            can_direct,
            files: usize::from(channel != Channel::Text),
            documents: channel == Channel::Chat,
            ..web::Composed::default()
        });
    })
    .await
}

async fn post(house: &House, text: &str) -> ContactId {
    let marks = Marks {
        public: true,
        ..Marks::default()
    };
    let from = (Channel::Social, "account", HANDLE);
    wrote(house, from, "post", text, marks).await
}

async fn ask(house: &House, who: &(String, String), verb: &str, body: &Value) -> (u16, Value) {
    let reply = house.act(who, verb, &body.to_string()).await;
    let body = serde_json::from_str(&reply.body).unwrap_or_default();
    (reply.status, body)
}

fn answer(contact: ContactId, id: &str, text: &str, private: bool) -> Value {
    json!({ "contact": contact.0, "id": id, "text": text, "private": private })
}

async fn with_file(
    house: &House,
    who: &(String, String),
    body: &Value,
    file: (&str, &str),
) -> Reply {
    let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=");
    let (name, content) = file;
    let form = format!(
        "{head}\"ask\"\r\n\r\n{body}\r\n{head}\"file\"; filename=\"{name}\"\r\n\
         content-type: image/png\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [
        ("cookie", who.0.as_str()),
        ("x-dasan-token", who.1.as_str()),
        ("content-type", kind.as_str()),
        ("accept-language", "en"),
    ];
    let request = Request::new("POST", "/desk/answer", &headers, &form);
    house.send(request).await
}

async fn last_text(house: &House, contact: ContactId) -> String {
    let messages = house.archive.messages(contact).await.unwrap();
    messages.last().unwrap().letter.text.clone()
}

/// The path of the first link in a text.
fn path(text: &str) -> String {
    let link = text.split("https://120.example").nth(1).unwrap();
    link.split([' ', ')', '\n']).next().unwrap().to_owned()
}

#[tokio::test]
async fn personal_data_does_not_leave_in_public() {
    let house = house(true).await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = post(&house, "Where is my form?").await;
    accept(&house, &who, contact).await;
    let text = "We call you at 010-1234-5678. Questions: 02-2133-1234";
    let draft = answer(contact, "a", text, false);
    let (_, composed) = ask(&house, &who, "compose", &draft).await;
    let found = json!([{ "kind": "phone", "text": "010-1234-5678" }]);
    assert_eq!(
        (&composed["exposed"], &composed["public"]),
        (&found, &json!(true))
    );
    let (status, kept) = ask(&house, &who, "reply", &draft).await;
    assert_eq!(
        (status, &kept["key"], &kept["found"]),
        (422, &json!("exposed"), &found)
    );
    let messages = house.archive.messages(contact).await.unwrap();
    assert_eq!(messages.len(), 1, "nothing of it is in the record");
    // To the citizen alone it may go, and without the number to everybody.
    let (status, _) = ask(&house, &who, "reply", &answer(contact, "b", text, true)).await;
    assert_eq!(status, 200);
    let plain = "Dear Ada Lovelace, call 02-2133-1234";
    let (status, _) = ask(&house, &who, "reply", &answer(contact, "c", plain, false)).await;
    assert_eq!(
        status, 200,
        "the city's number and the public name stand there anyway"
    );
    let messages = house.archive.messages(contact).await.unwrap();
    let private: Vec<bool> = messages.iter().map(|message| message.private).collect();
    assert_eq!(private, [false, true, false]);
    house.close().await;
}

#[tokio::test]
async fn what_was_not_written_in_public_is_answered_as_it_is() {
    let house = house(true).await;
    let (who, _desk) = ready(&house, "kim").await;
    let from = (Channel::Social, "account", HANDLE);
    let contact = wrote(&house, from, "direct", "my number?", Marks::default()).await;
    accept(&house, &who, contact).await;
    let draft = answer(contact, "a", "It is 010-1234-5678", false);
    let (_, composed) = ask(&house, &who, "compose", &draft).await;
    assert_eq!(composed["exposed"], json!([]));
    assert_eq!(ask(&house, &who, "reply", &draft).await.0, 200);
    house.close().await;
}

#[tokio::test]
async fn an_answer_behind_a_link_opens_to_whoever_knows_the_word() {
    let house = house(false).await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = post(&house, "내 민원은요?").await;
    accept(&house, &who, contact).await;
    let secret = "홍길동님, 010-1234-5678로 전화드립니다";
    let private = answer(contact, "a", secret, true);
    let (status, kept) = ask(&house, &who, "reply", &private).await;
    assert_eq!((status, &kept["key"]), (422, &json!("no_direct")));
    let mut linked = answer(contact, "b", secret, false);
    linked["question"] = "끝 네 자리".into();
    let (status, _) = ask(&house, &who, "reply", &linked).await;
    assert_eq!(status, 422, "a question without its answer locks nothing");
    linked["key"] = "56-78".into();
    let (status, _) = ask(&house, &who, "reply", &linked).await;
    assert_eq!(status, 200);
    let public = last_text(&house, contact).await;
    assert!(
        !public.contains("010") && !public.contains("홍길동"),
        "{public}"
    );
    let shown = letters(&house, &who, contact).await;
    assert_eq!(shown["messages"][1]["sealed"], secret, "the desk reads it");
    assert_eq!(shown["messages"][1]["files"], json!([]));
    let path = path(&public);
    // Whoever looks at the link, such as the preview of a network, reads nothing.
    let page = house.get(&path, "").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("끝 네 자리") && !page.body.contains("010-1234"),
        "{}",
        page.body
    );
    assert_eq!(page.header("x-robots-tag"), Some("noindex, nofollow"));
    let open = async |word: &str| {
        let body = format!("word={word}");
        house.send(Request::form(&path, "", &body)).await
    };
    let wrong = open("1234").await;
    assert_eq!(wrong.status, 403);
    assert!(!wrong.body.contains("010-1234"));
    let right = open("5678").await;
    assert!(
        right.status == 200 && right.body.contains("010-1234-5678"),
        "{}",
        right.body
    );
    // Four more wrong ones, then even the right one is refused.
    for _ in 0..4 {
        assert_eq!(open("0000").await.status, 403);
    }
    assert_eq!(open("5678").await.status, 403);
    house.close().await;
}

#[tokio::test]
async fn a_link_cannot_be_made_up_or_moved() {
    let house = house(false).await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = post(&house, "hello").await;
    accept(&house, &who, contact).await;
    let mut linked = answer(contact, "a", "call 010-1234-5678", false);
    (linked["question"], linked["key"]) = ("Digits?".into(), "5678".into());
    assert_eq!(ask(&house, &who, "reply", &linked).await.0, 200);
    let path = path(&last_text(&house, contact).await);
    let (start, sign) = path.rsplit_once('.').unwrap();
    let (id, until) = start.rsplit_once('.').unwrap();
    let later = i64::from_str_radix(until, 16).unwrap() + 86_400;
    for forged in [
        format!("{id}.{later:x}.{sign}"),
        format!("{start}.{}", "0".repeat(sign.len())),
        format!("{start}."),
        "/letters/x".to_owned(),
        format!("/letters/..%2Fkey.{until}.{sign}"),
    ] {
        assert_eq!(house.get(&forged, "").await.status, 404, "{forged}");
    }
    // Once the blob is erased with the record the link is dead.
    for file in house.archive.letter_files(contact).await.unwrap() {
        for blob in file.blobs() {
            let _ = house.archive.blobs().erase(blob);
        }
    }
    assert_eq!(house.get(&path, "").await.status, 410);
    house.close().await;
}

#[tokio::test]
async fn a_file_travels_with_a_chat_and_behind_a_link_with_a_text() {
    let house = house(true).await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "Which form?", "n1").await;
    let chat = citizen.contact();
    accept(&house, &who, chat).await;
    let ask = answer(chat, "a", "", true);
    let sent = with_file(&house, &who, &ask, ("../form 1.pdf", DOCUMENT)).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let shown = letters(&house, &who, chat).await;
    let file = &shown["messages"][1]["files"][0];
    assert_eq!(
        (&file["name"], &file["linked"]),
        (&json!("form 1.pdf"), &json!(false))
    );
    let got = house.get(file["href"].as_str().unwrap(), &who.0).await;
    assert_eq!((got.status, got.body.as_str()), (200, DOCUMENT));
    let page = house
        .get(&format!("/chat/files/{chat}/2/0"), &citizen.cookie)
        .await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (200, DOCUMENT),
        "the citizen gets it"
    );
    assert_ne!(
        house
            .get(&format!("/chat/files/{chat}/2/0"), "")
            .await
            .status,
        200
    );

    let from = (Channel::Text, "phone", "+821012345678");
    let text = wrote(&house, from, "t", "and me?", Marks::default()).await;
    accept(&house, &who, text).await;
    let ask = answer(text, "b", "See here", true);
    let mut draft = ask.clone();
    draft["attached"] = json!([{ "name": "../form.pdf", "picture": false }]);
    let (_, composed) = self::ask(&house, &who, "compose", &draft).await;
    let sent = with_file(&house, &who, &ask, ("form.pdf", DOCUMENT)).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let line = last_text(&house, text).await;
    assert!(
        line.starts_with("See here\n") && line.contains("form.pdf"),
        "{line}"
    );
    let told = (composed["letters"].as_u64(), composed["parts"].as_u64());
    let left = line.chars().count() as u64;
    assert_eq!(
        told,
        (Some(left), Some(left.div_ceil(70))),
        "told before it left"
    );
    let shown = letters(&house, &who, text).await;
    assert_eq!(shown["messages"][1]["files"][0]["linked"], true);
    let path = path(&line);
    let asked = house.get(&path, "").await;
    assert!(asked.status == 200 && !asked.body.contains("PDF-1.7"));
    let opened = house.send(Request::form(&path, "", "")).await;
    assert_eq!((opened.status, opened.body.as_str()), (200, DOCUMENT));
    assert!(
        opened
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    house.close().await;
}

#[tokio::test]
async fn a_file_that_is_not_what_may_be_sent_is_kept_back() {
    let house = house(true).await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "Which form?", "n1").await;
    let chat = citizen.contact();
    accept(&house, &who, chat).await;
    let page = ("page.png", "<svg onload=alert(1)>");
    let refused = with_file(&house, &who, &answer(chat, "a", "look", true), page).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("wrong_kind"), "{}", refused.body);
    let large = format!("%PDF-{}", "x".repeat(10 * 1024 * 1024));
    let refused = with_file(
        &house,
        &who,
        &answer(chat, "b", "", true),
        ("l.pdf", &large),
    )
    .await;
    assert!(refused.body.contains("too_big"), "{}", refused.body);
    let forged = (who.0.clone(), "0".repeat(64));
    let file = ("form.pdf", DOCUMENT);
    let refused = with_file(&house, &forged, &answer(chat, "c", "", true), file).await;
    assert_eq!(refused.status, 403);
    let other = house.sign_in("lee").await;
    let refused = with_file(&house, &other, &answer(chat, "d", "", true), file).await;
    assert_eq!(refused.status, 409);
    assert_eq!(house.archive.messages(chat).await.unwrap().len(), 1);
    let left = house.archive.blobs().names("letters").unwrap();
    assert!(left.is_empty(), "nothing is left behind: {left:?}");
    house.close().await;
}
