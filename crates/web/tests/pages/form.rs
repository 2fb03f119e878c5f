//! The contact form over a real socket: without a script, sent twice, wrong, forged. Never the room
//! that takes it.

use super::{House, Reply, Request};
use center::city::ContactId;
use std::sync::{Arc, Mutex};
use web::{Form, FormFault, FormRefused};

const BOUNDARY: &str = "----part";

type Taken = Arc<Mutex<Vec<Form>>>;

/// A house whose form is taken by a list, and refused as its text says.
async fn house() -> (House, Taken) {
    let taken = Taken::default();
    let list = taken.clone();
    let house = House::open_with(|settings| {
        settings.writing.form = Some(Arc::new(move |form: Form| {
            let answer = answered(&list, form);
            Box::pin(async move { answer })
        }));
    })
    .await;
    (house, taken)
}

fn answered(list: &Taken, form: Form) -> Result<ContactId, FormRefused> {
    let fault = |key: &str, over| FormFault {
        key: key.to_owned(),
        over,
    };
    match form.text.as_str() {
        "wrong" => Err(FormRefused::Wrong(vec![
            fault("form.address", 0),
            fault("form.text_long", 12),
        ])),
        "many" => Err(FormRefused::TooMany),
        "trouble" => Err(FormRefused::Trouble),
        _ => {
            let mut list = list.lock().unwrap();
            let known = list.iter().position(|known| known.key == form.key);
            if known.is_none() {
                list.push(form);
            }
            let at = known.unwrap_or(list.len() - 1);
            Ok(ContactId(at as u64 + 40))
        }
    }
}

fn body(seal: &str, text: &str, more: &[(&str, &str)], picture: Option<&str>) -> String {
    let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=");
    let mut body = format!("{head}\"seal\"\r\n\r\n{seal}\r\n");
    body = format!("{body}{head}\"text\"\r\n\r\n{text}\r\n");
    for (name, value) in more {
        body = format!("{body}{head}\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some(content) = picture {
        let kind = "content-type: image/png";
        body = format!(
            "{body}{head}\"pictures\"; filename=\"../a.png\"\r\n{kind}\r\n\r\n{content}\r\n"
        );
    }
    format!("{body}--{BOUNDARY}--\r\n")
}

async fn post(house: &House, body: &str) -> Reply {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [
        ("content-type", kind.as_str()),
        ("accept", "text/html"),
        ("accept-language", "en"),
    ];
    house
        .send(Request::new("POST", "/write", &headers, body))
        .await
}

async fn seal(house: &House) -> String {
    let page = house.get("/write", "").await;
    assert_eq!(page.status, 200);
    let rest = page.body.split("name=\"seal\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_sent_twice_is_one_message_with_one_number() {
    let (house, taken) = house().await;
    let start = house.get("/?lang=en", "").await;
    assert!(start.body.contains("href=\"/write\""));
    let seal = seal(&house).await;
    let more = [
        ("address", "kim@mail.example"),
        ("subject", "Light"),
        ("name", "Kim"),
    ];
    let body = body(&seal, "It is <b>dark</b>", &more, None);
    let first = post(&house, &body).await;
    let again = post(&house, &body).await;
    assert_eq!(first.status, 303, "{}", first.body);
    assert_eq!(first.header("location"), again.header("location"));
    {
        let taken = taken.lock().unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].text, "It is <b>dark</b>");
        assert_eq!(taken[0].address, "kim@mail.example");
        assert!(taken[0].shown_at_ms > 0 && taken[0].trap.is_empty());
    }
    let place = first.header("location").unwrap();
    let done = house.get(place, "").await;
    assert!(done.body.contains("Contact number 40") && done.body.contains("within 24 hours"));
    let forged = place.replace("c=40", "c=41");
    let forged = house.get(&forged, "").await;
    assert_eq!(forged.header("location"), Some("/write"));
    house.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_what_was_typed_stays() {
    let (house, _) = house().await;
    let seal = seal(&house).await;
    let more = [("address", "kim\"><x"), ("subject", "Light")];
    let reply = post(&house, &body(&seal, "wrong", &more, None)).await;
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains("12 letters too long"));
    assert!(reply.body.contains("href=\"#address\"") && reply.body.contains("href=\"#text\""));
    assert!(
        reply.body.contains("value=\"kim&#34;&#62;&#60;x\""),
        "{}",
        reply.body
    );
    assert!(reply.body.contains(">\nwrong</textarea>") && reply.body.contains("value=\"Light\""));
    assert!(reply.body.contains(&seal), "the same form");
    assert_eq!(
        post(&house, &body(&seal, "many", &[], None)).await.status,
        429
    );
    let trouble = post(&house, &body(&seal, "trouble", &[], None)).await;
    assert_eq!(trouble.status, 503);
    house.close().await;
}

#[tokio::test]
async fn robots_are_handed_on_as_they_are_and_seals_cannot_be_forged() {
    let (house, taken) = house().await;
    let seal = seal(&house).await;
    let trap = [("website", "http://spam.example")];
    post(&house, &body(&seal, "buy", &trap, None)).await;
    assert_eq!(taken.lock().unwrap()[0].trap, "http://spam.example");
    let forged = seal.replace('.', ".1");
    post(&house, &body(&forged, "again", &[], None)).await;
    let age = taken.lock().unwrap()[1].shown_at_ms;
    assert_eq!(age, 0, "a page that is not ours is as old as the world");
    house.close().await;
}

#[tokio::test]
async fn pictures_are_what_they_begin_with() {
    let (house, taken) = house().await;
    let seal = seal(&house).await;
    let script = post(&house, &body(&seal, "see", &[], Some("<svg onload=x>"))).await;
    assert_eq!(script.status, 422);
    assert!(script.body.contains("Only JPEG, PNG") && script.body.contains("again"));
    let webp = "RIFF\0\0\0\0WEBPVP8 ";
    let taken_one = post(&house, &body(&seal, "see", &[], Some(webp))).await;
    assert_eq!(taken_one.status, 303, "{}", taken_one.body);
    let list = taken.lock().unwrap().clone();
    assert_eq!(list[0].files.len(), 1);
    let file = &list[0].files[0];
    assert_eq!(
        (file.name.as_str(), file.media_type),
        ("a.png", "image/webp")
    );
    house.close().await;
}

#[tokio::test]
async fn the_form_speaks_six_languages_and_is_missing_where_nobody_takes_it() {
    let (house, _) = house().await;
    for tag in ["ko", "en", "zh", "ja", "vi", "mn"] {
        let page = house.get(&format!("/write?lang={tag}"), "").await;
        assert!(page.body.contains(&format!("<html lang=\"{tag}\">")));
        let (_, shown) = page.body.split_once("</head>").unwrap();
        assert!(!shown.contains('{'), "{tag}: a place is not filled");
    }
    house.close().await;
    let none = House::open().await;
    assert_eq!(none.get("/write", "").await.status, 404);
    assert!(!none.get("/", "").await.body.contains("/write"));
    none.close().await;
}
