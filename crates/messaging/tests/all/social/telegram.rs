//! A bot at Telegram: by telegram-test-api where it speaks that part, by a double of the documented
//! shape where it does not (photos, edits, the webhook). Never Telegram itself.

use super::peer::Peer;
use super::{Desk, answer, serve};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use messaging::inlet::Inward;
use messaging::letter::{Attachment, Incoming};
use messaging::outlet::{Outlet, Unsent};
use messaging::social::telegram::{Settings, Telegram};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TEST_API: &[&str] = &["telegram-test-api@4.2.1"];

fn settings(api: &str, webhook: Option<Value>) -> Settings {
    let mut settings = json!({
        "token": "120:secret", "api": api, "private_addresses": true,
    });
    if let Some(webhook) = webhook {
        settings["webhook"] = webhook;
    }
    serde_json::from_value(settings).unwrap()
}

fn connect(api: &str, folder: &std::path::Path) -> (Desk, Outlet) {
    let (desk, inlet) = Desk::open();
    let bot = Telegram::open("telegram", settings(api, None), folder, inlet).unwrap();
    let (outlet, orders) = Outlet::new(4);
    tokio::spawn(bot.run(orders));
    (desk, outlet)
}

#[tokio::test]
async fn a_citizen_writes_to_the_bot_and_is_answered() {
    let Some(mut server) = Peer::node("telegram.mjs", TEST_API, &[]).await else {
        return;
    };
    let origin = server.hello["origin"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    server
        .ask(json!({ "command": "write", "text": "가로등이 꺼졌어요" }))
        .await;
    let message = desk.message(1).await;
    assert_eq!(message.text, "가로등이 꺼졌어요");
    assert_eq!(
        (message.from.value.as_str(), message.from.name.as_deref()),
        ("77", Some("민지"))
    );
    assert!(!message.public && !message.automatic);

    let long = "😀 ".repeat(2000);
    let sent = outlet
        .send(answer(&message, 1, &long, false))
        .await
        .unwrap();
    assert_eq!(sent.parts, 2);
    let heard = server.ask(json!({ "command": "hear" })).await;
    let heard = heard["heard"].as_array().unwrap();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0]["chat_id"], "77");
    let (_, id) = message.key.split_once(':').unwrap();
    assert_eq!(heard[0]["reply_parameters"]["message_id"].to_string(), id);
    let faces: usize = heard
        .iter()
        .map(|one| one["text"].as_str().unwrap().matches('😀').count())
        .sum();
    assert_eq!(faces, 2000);
    assert!(
        heard
            .iter()
            .all(|one| one["text"].as_str().unwrap().encode_utf16().count() <= 4096)
    );
}

/// What a double of the Bot API gives and got.
#[derive(Default)]
struct World {
    updates: Vec<Value>,
    got: Vec<(String, Value)>,
    uploads: Vec<Vec<u8>>,
    refusal: Option<Value>,
}

type Server = Arc<Mutex<World>>;

async fn method(
    State(server): State<Server>,
    Path((_, method)): Path<(String, String)>,
    body: Bytes,
) -> (axum::http::StatusCode, Json<Value>) {
    let question = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let found = {
        let mut world = server.lock().unwrap();
        if method == "sendPhoto" {
            world.uploads.push(body.to_vec());
        }
        world.got.push((method.clone(), question.clone()));
        let refusal = world.refusal.clone().filter(|_| method.starts_with("send"));
        match (method.as_str(), refusal) {
            (_, Some(refusal)) => refusal,
            ("getUpdates", None) => {
                let from = question["offset"].as_i64().unwrap();
                let new = world.updates.iter();
                let new = new.filter(|update| update["update_id"].as_i64().unwrap() >= from);
                json!({ "ok": true, "result": new.collect::<Vec<_>>() })
            }
            ("getFile", None) => json!({ "ok": true, "result": { "file_path": "photos/1.jpg" } }),
            ("setWebhook", None) => json!({ "ok": true, "result": true }),
            _ => json!({ "ok": true, "result": { "message_id": 900 } }),
        }
    };
    let status = found["error_code"].as_u64().unwrap_or(200) as u16;
    if method == "getUpdates" && found["result"].as_array().is_some_and(Vec::is_empty) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (status.try_into().unwrap(), Json(found))
}

async fn double() -> (Server, String) {
    let server = Server::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/{bot}/{method}", post(method))
        .route("/file/{bot}/photos/1.jpg", get(|| async { "JPEG" }))
        .with_state(Arc::clone(&server));
    serve(listener, router).await;
    (server, origin)
}

fn update(id: i64, kind: &str, more: &Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_790_000_000, "chat": { "id": 77, "type": "private" },
        "from": { "id": 77, "is_bot": false, "first_name": "민지", "last_name": "김" },
    });
    for (key, value) in more.as_object().unwrap() {
        message[key] = value.clone();
    }
    json!({ "update_id": id, kind: message })
}

/// One of each kind that a bot is told about.
fn updates() -> Vec<Value> {
    let sizes = json!([{ "file_id": "small" }, { "file_id": "large" }]);
    vec![
        update(
            10,
            "message",
            &json!({ "photo": sizes, "caption": "포트홀" }),
        ),
        update(
            11,
            "edited_message",
            &json!({ "photo": sizes, "caption": "큰 포트홀" }),
        ),
        update(
            12,
            "message",
            &json!({ "location": { "latitude": 37.5, "longitude": 127.0 } }),
        ),
        update(13, "message", &json!({ "new_chat_members": [] })),
        update(14, "message", &json!({ "message_id": 6, "sticker": {} })),
        update(
            15,
            "message",
            &json!({
                "message_id": 7, "text": "@dasan", "chat": { "id": -5, "type": "supergroup" },
                "reply_to_message": { "message_id": 3 },
            }),
        ),
    ]
}

#[tokio::test]
async fn photos_edits_and_places_arrive_and_reading_goes_on_where_it_stopped() {
    let (server, origin) = double().await;
    server.lock().unwrap().updates = updates();
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let taken = desk.wait(4).await;
    let Inward::Message(photo) = &taken[0] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (photo.key.as_str(), photo.text.as_str()),
        ("77:5", "포트홀")
    );
    assert_eq!(photo.from.name.as_deref(), Some("민지 김"));
    assert_eq!(photo.attachments[0].bytes, b"JPEG");
    let Inward::Edited(edited) = &taken[1] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (edited.key.as_str(), edited.text.as_str()),
        ("77:5", "큰 포트홀")
    );
    let sticker = desk
        .wait(4)
        .await
        .into_iter()
        .find_map(|inward| match inward {
            Inward::Message(incoming) if incoming.key == "77:6" => Some(incoming),
            _ => None,
        });
    assert_eq!(sticker.unwrap().damage, Some("kind-not-supported"));
    let group = desk.wait(4).await.pop();
    let Some(Inward::Message(group)) = group else {
        panic!("{group:?}")
    };
    assert!(group.public);
    assert_eq!(group.in_reply_to.as_deref(), Some("-5:3"));

    // The next center asks for what comes after; the same again would be known by its key.
    drop(outlet);
    server
        .lock()
        .unwrap()
        .updates
        .push(update(16, "message", &json!({ "text": "또" })));
    let (desk, _outlet) = connect(&origin, folder.path());
    assert_eq!(desk.message(1).await.text, "또");
}

fn photo() -> Attachment {
    Attachment {
        name: "a\"\r\n.png".into(),
        media_type: "image/png".into(),
        bytes: b"\x89PNG".to_vec(),
        description: "지도".into(),
    }
}

async fn first(server: &Server, desk: &Desk) -> Incoming {
    server.lock().unwrap().updates = vec![update(1, "message", &json!({ "text": "예" }))];
    desk.message(1).await
}

#[tokio::test]
async fn refusals_are_told_apart_from_patience() {
    let (server, origin) = double().await;
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let message = first(&server, &desk).await;
    let refuse = |refusal: Value| server.lock().unwrap().refusal = Some(refusal);
    refuse(json!({ "ok": false, "error_code": 429, "parameters": { "retry_after": 9 } }));
    let later = outlet.send(answer(&message, 1, "예", false)).await;
    let after = Some(Duration::from_secs(9));
    assert_eq!(later, Err(Unsent::Later { after }));
    refuse(json!({ "ok": false, "error_code": 403, "description": "blocked" }));
    let never = outlet.send(answer(&message, 1, "예", false)).await;
    assert_eq!(never, Err(Unsent::Never("http-403".into())));
    server.lock().unwrap().refusal = None;
    let mut with_photo = answer(&message, 1, "예", false);
    with_photo.attachments = vec![photo()];
    let sent = outlet.send(with_photo).await.unwrap();
    assert_eq!((sent.reference.as_str(), sent.parts), ("77:900", 2));
    let world = server.lock().unwrap();
    let upload = String::from_utf8_lossy(&world.uploads[0]).into_owned();
    assert!(
        upload.contains("name=\"photo\"; filename=\"a___.png\""),
        "{upload}"
    );
    assert!(upload.contains("지도") && upload.contains("name=\"chat_id\"\r\n\r\n77\r\n"));
}

#[tokio::test]
async fn a_webhook_needs_its_secret_and_is_answered_when_the_record_has_it() {
    let (server, origin) = double().await;
    let (desk, inlet) = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let webhook = json!({ "origin": "https://120.city.example", "secret": "Geheim_1" });
    let bot = settings(&origin, Some(webhook));
    let bot = Telegram::open("telegram", bot, folder.path(), inlet).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!(
        "http://{}/hooks/telegram/telegram",
        listener.local_addr().unwrap()
    );
    serve(listener, bot.router().unwrap()).await;
    let (_outlet, orders) = Outlet::new(4);
    tokio::spawn(bot.run(orders));
    super::patiently(|| !server.lock().unwrap().got.is_empty()).await;
    let (method, told) = server.lock().unwrap().got[0].clone();
    assert_eq!(method, "setWebhook");
    assert_eq!(
        told["url"],
        "https://120.city.example/hooks/telegram/telegram"
    );
    assert_eq!(told["secret_token"], "Geheim_1");

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let push = async |secret: &str, body: String| {
        let request = client
            .post(&hook)
            .header("x-telegram-bot-api-secret-token", secret);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let body = update(1, "message", &json!({ "text": "예" })).to_string();
    assert_eq!(push("Geheim_2", body.clone()).await, 401);
    assert_eq!(push("", body.clone()).await, 401);
    desk.close(true);
    assert_eq!(push("Geheim_1", body.clone()).await, 503);
    desk.close(false);
    assert_eq!(push("Geheim_1", body.clone()).await, 200);
    assert_eq!(push("Geheim_1", body).await, 200);
    assert_eq!(desk.all().len(), 1);
    assert_eq!(push("Geheim_1", "{".into()).await, 200);
    assert!(matches!(desk.all()[1], Inward::DeadLetter(_)));
}
