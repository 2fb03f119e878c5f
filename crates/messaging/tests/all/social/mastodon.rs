//! An account at a server that speaks the Mastodon API. The server is a double; that it speaks
//! Mastodon is shown by Mastodon.py, which writes as a citizen. Never Mastodon itself.

use super::peer::Peer;
use super::{Desk, answer, picture, serve};
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Multipart, Path, RawForm, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use messaging::inlet::Inward;
use messaging::outlet::{Outlet, Unsent};
use messaging::social::mastodon::{Mastodon, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

const MASTODON_PY: &[&str] = &["Mastodon.py==2.3.3"];
const DATE: &str = "2026-11-24T21:00:00.000Z";

/// A server with two accounts, alice and city120.
#[derive(Default)]
struct World {
    origin: String,
    next: u64,
    statuses: BTreeMap<u64, Value>,
    notifications: Vec<(String, Value)>,
    media: BTreeMap<String, (Value, Vec<u8>)>,
    keys: BTreeMap<String, u64>,
    busy: bool,
    /// Live lines by account.
    lines: Vec<(&'static str, mpsc::UnboundedSender<String>)>,
}

type Server = Arc<Mutex<World>>;
type Answer = Result<Json<Value>, StatusCode>;

fn account(name: &str) -> Value {
    json!({
        "id": name, "username": name, "acct": name, "display_name": format!("{name} 시민"),
        "bot": false, "created_at": DATE, "note": "", "url": format!("https://x.example/@{name}"),
    })
}

fn who(headers: &HeaderMap) -> Result<&'static str, StatusCode> {
    match headers["authorization"].to_str().unwrap() {
        "Bearer alice-token" => Ok("alice"),
        "Bearer city-token" => Ok("city120"),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let bare = |key: String| key.split('[').next().unwrap().to_owned();
    let pairs = url::form_urlencoded::parse(bytes).into_owned();
    pairs.map(|(key, value)| (bare(key), value)).collect()
}

fn one<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

impl World {
    /// Says it on the live lines of an account.
    fn tell(&mut self, to: &str, event: &str, payload: &Value) {
        let text = format!("event: {event}\ndata: {payload}\n\n");
        self.lines
            .retain(|(who, line)| *who != to || line.send(text.clone()).is_ok());
    }

    fn write(&mut self, from: &str, form: &[(String, String)]) -> Value {
        self.next += 1;
        let id = self.next;
        let text = one(form, "status").unwrap();
        let media: Vec<Value> = form
            .iter()
            .filter(|(key, _)| key == "media_ids")
            .map(|(_, id)| self.media[id].0.clone())
            .collect();
        let status = json!({
            "id": id.to_string(), "account": account(from), "content": html(text),
            "visibility": one(form, "visibility").unwrap_or("public"), "spoiler_text": "",
            "in_reply_to_id": one(form, "in_reply_to_id"), "language": one(form, "language"),
            "media_attachments": media, "created_at": DATE, "edited_at": null,
            "uri": format!("https://x.example/{id}"), "url": null, "mentions": [], "tags": [],
            "emojis": [], "sensitive": false, "reblogs_count": 0, "favourites_count": 0,
        });
        self.statuses.insert(id, status.clone());
        for other in ["alice", "city120"] {
            if other != from && text.contains(&format!("@{other}")) {
                self.next += 1;
                let notification = json!({
                    "id": self.next.to_string(), "type": "mention", "created_at": DATE,
                    "account": account(from), "status": status,
                });
                self.tell(other, "notification", &notification);
                self.notifications.push((other.into(), notification));
            }
        }
        status
    }
}

fn html(text: &str) -> String {
    format!(
        "<p>{}</p>",
        text.replace('&', "&amp;").replace('\n', "<br />")
    )
}

async fn notifications(State(server): State<Server>, q: RawQuery, headers: HeaderMap) -> Answer {
    let world = server.lock().unwrap();
    let me = who(&headers)?;
    let query = pairs(q.0.unwrap_or_default().as_bytes());
    let after = one(&query, "min_id").and_then(|id| id.parse::<u64>().ok());
    let limit = one(&query, "limit").map_or(20, |limit| limit.parse().unwrap());
    let id = |value: &Value| value["id"].as_str().unwrap().parse::<u64>().unwrap();
    let own = world.notifications.iter().filter(|(to, _)| to == me);
    let mut own: Vec<&Value> = own
        .map(|(_, one)| one)
        .filter(|one| after.is_none_or(|after| id(one) > after))
        .collect();
    // With `min_id` the next ones, without it the newest; newest first either way.
    if after.is_some() {
        own.truncate(limit);
    } else {
        own.drain(..own.len().saturating_sub(limit));
    }
    let shown: Vec<Value> = own.into_iter().rev().cloned().collect();
    Ok(Json(json!(shown)))
}

async fn write(State(server): State<Server>, headers: HeaderMap, RawForm(form): RawForm) -> Answer {
    let mut world = server.lock().unwrap();
    let me = who(&headers)?;
    if world.busy {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let form = pairs(&form);
    if one(&form, "status").unwrap().chars().count() > 500 {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let key = headers.get("idempotency-key");
    let key = key.map(|key| key.to_str().unwrap().to_owned());
    if let Some(known) = key.as_ref().and_then(|key| world.keys.get(key)) {
        return Ok(Json(world.statuses[known].clone()));
    }
    let status = world.write(me, &form);
    let id = world.statuses.keys().next_back().copied().unwrap();
    world.keys.extend(key.map(|key| (key, id)));
    Ok(Json(status))
}

async fn status(State(server): State<Server>, Path(id): Path<u64>) -> Answer {
    let world = server.lock().unwrap();
    world
        .statuses
        .get(&id)
        .cloned()
        .map(Json)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn edit(State(server): State<Server>, Path(id): Path<u64>, RawForm(form): RawForm) -> Answer {
    let mut world = server.lock().unwrap();
    let status = world.statuses.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    status["content"] = json!(html(one(&pairs(&form), "status").unwrap()));
    status["edited_at"] = json!(DATE);
    Ok(Json(status.clone()))
}

async fn delete(State(server): State<Server>, Path(id): Path<u64>) -> Answer {
    let mut world = server.lock().unwrap();
    world
        .statuses
        .remove(&id)
        .map(Json)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn context(State(server): State<Server>, Path(id): Path<u64>) -> Answer {
    let world = server.lock().unwrap();
    let mut ancestors = Vec::new();
    let mut at = world.statuses.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    while let Some(above) = at["in_reply_to_id"].as_str() {
        at = &world.statuses[&above.parse::<u64>().unwrap()];
        ancestors.insert(0, at.clone());
    }
    Ok(Json(json!({ "ancestors": ancestors, "descendants": [] })))
}

async fn upload(State(server): State<Server>, mut form: Multipart) -> Answer {
    let (mut bytes, mut description) = (Vec::new(), String::new());
    while let Some(field) = form.next_field().await.unwrap() {
        match field.name().unwrap() {
            "file" => bytes = field.bytes().await.unwrap().to_vec(),
            "description" => description = field.text().await.unwrap(),
            _ => {}
        }
    }
    let mut world = server.lock().unwrap();
    world.next += 1;
    let id = world.next.to_string();
    let url = format!("{}/files/{id}", world.origin);
    let media = json!({
        "id": id, "type": "image", "url": url, "preview_url": url, "description": description,
        "meta": {},
    });
    world.media.insert(id, (media.clone(), bytes));
    Ok(Json(media))
}

async fn instance(State(server): State<Server>) -> Json<Value> {
    let streaming = server.lock().unwrap().origin.replacen("http", "ws", 1);
    let configuration = json!({
        "statuses": { "max_characters": 500 }, "urls": { "streaming": streaming },
    });
    Json(json!({
        "version": "4.5.0", "title": "x", "configuration": configuration,
        "urls": { "streaming_api": streaming },
    }))
}

/// `GET /api/v1/streaming/user`
async fn streaming(State(server): State<Server>, headers: HeaderMap) -> Result<Body, StatusCode> {
    let (line, mut told) = mpsc::unbounded_channel();
    line.send(":)\n".to_owned()).unwrap();
    let mut world = server.lock().unwrap();
    world.lines.push((who(&headers)?, line));
    let next = futures_util::stream::poll_fn(move |context| {
        let next = told.poll_recv(context);
        next.map(|next| next.map(Ok::<String, Infallible>))
    });
    Ok(Body::from_stream(next))
}

async fn healthy() -> &'static str {
    "OK"
}

async fn media(State(server): State<Server>, Path(id): Path<String>) -> Vec<u8> {
    server.lock().unwrap().media[&id].1.clone()
}

async fn start() -> (Server, String) {
    let server = Server::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    server.lock().unwrap().origin.clone_from(&origin);
    let own = |headers: HeaderMap| async move { Ok(Json(account(who(&headers)?))) as Answer };
    let router = Router::new()
        .route("/api/v1/accounts/verify_credentials", get(own))
        .route("/api/v1/instance/", get(instance))
        .route("/api/v2/instance/", get(instance))
        .route("/api/v2/instance", get(instance))
        .route("/api/v1/notifications", get(notifications))
        .route("/api/v1/statuses", post(write))
        .route(
            "/api/v1/statuses/{id}",
            get(status).put(edit).delete(delete),
        )
        .route("/api/v1/statuses/{id}/context", get(context))
        .route("/api/v2/media", post(upload))
        .route("/api/v1/media", post(upload))
        .route("/files/{id}", get(media))
        .route("/api/v1/streaming/user", get(streaming))
        .route("/api/v1/streaming/health", get(healthy))
        .with_state(Arc::clone(&server));
    serve(listener, router).await;
    (server, origin)
}

/// Opens the city's account; what is read is kept in the folder.
fn connect(origin: &str, folder: &std::path::Path) -> (Desk, Outlet) {
    connect_every(origin, folder, 1)
}

fn connect_every(origin: &str, folder: &std::path::Path, every_s: u64) -> (Desk, Outlet) {
    let (desk, inlet) = Desk::open();
    let settings: Settings = serde_json::from_value(json!({
        "server": origin, "token": "city-token", "every_s": every_s, "private_addresses": true,
    }))
    .unwrap();
    let account = Mastodon::open("mastodon", settings, folder, inlet).unwrap();
    let (outlet, orders) = Outlet::new(4);
    tokio::spawn(account.run(orders));
    (desk, outlet)
}

async fn change_and_take_back(alice: &mut Peer, desk: &Desk, key: &str) {
    let edit = json!({ "command": "edit", "id": key, "text": "@city120 121로" });
    alice.ask(edit).await;
    let taken = desk.wait(3).await;
    let Inward::Edited(edited) = &taken[2] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (edited.key.as_str(), edited.text.as_str()),
        (key, "@city120 121로")
    );
    alice.ask(json!({ "command": "delete", "id": key })).await;
    let via = "mastodon".to_owned();
    let deleted = Inward::Deleted {
        via,
        key: key.into(),
    };
    assert_eq!(desk.wait(4).await[3], deleted);
}

#[tokio::test]
async fn a_citizen_with_mastodon_py_is_heard_and_answered() {
    let (_server, origin) = start().await;
    let Some(mut alice) = Peer::python("mastodon-citizen.py", MASTODON_PY, &[&origin]).await else {
        return;
    };
    assert_eq!(
        alice.ask(json!({ "command": "who" })).await["acct"],
        "alice"
    );
    let text = "@city120 도로에 <구멍> & 물";
    let written = json!({ "command": "post", "text": text, "picture": true, "key": "k" });
    let written = alice.ask(written).await;
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let message = desk.message(1).await;
    assert_eq!(message.key, written["id"]);
    assert_eq!(message.from.value, "alice");
    assert_eq!(message.from.name.as_deref(), Some("alice 시민"));
    assert!(
        message.public
            && message
                .html
                .clone()
                .unwrap()
                .starts_with("<div lang=\"ko\">")
    );
    assert_eq!(message.attachments[0].bytes, b"\x89PNG hole");
    assert_eq!(message.attachments[0].description, "hole");

    let mut private = answer(&message, 1, &"주소를 알려 주세요. ".repeat(60), false);
    private.attachments = vec![picture()];
    let sent = outlet.send(private.clone()).await.unwrap();
    assert_eq!(sent.parts, 2);
    // A second try gives the same posts.
    assert_eq!(outlet.send(private).await.unwrap(), sent);
    let seen = alice.ask(json!({ "command": "mentions" })).await;
    let seen = seen["mentions"].as_array().unwrap();
    assert_eq!(seen.len(), 2);
    let (last, first) = (&seen[0], &seen[1]);
    assert_eq!(
        (&first["visibility"], &first["answers"]),
        (&json!("direct"), &json!(message.key))
    );
    assert_eq!(
        (&first["media"], &last["media"]),
        (&json!(["지도"]), &json!([]))
    );
    assert_eq!(last["answers"], first["id"]);
    assert!(first["text"].as_str().unwrap().ends_with("(1/2)</p>"));

    // The answer to the answer belongs to the same conversation.
    let more = json!({ "command": "post", "text": "@city120 120로", "answers": last["id"] });
    let more = alice.ask(more).await;
    let second = desk.message(2).await;
    assert_eq!(second.thread, message.thread);
    assert_eq!(second.in_reply_to.as_deref(), last["id"].as_str());
    let above = alice
        .ask(json!({ "command": "context", "id": more["id"] }))
        .await;
    assert_eq!(above["ancestors"][0], message.key);

    change_and_take_back(&mut alice, &desk, &second.key).await;
}

#[tokio::test]
async fn reading_goes_on_where_it_stopped_and_only_after_the_record_has_it() {
    let (server, origin) = start().await;
    let say = |number: usize| {
        let form = vec![("status".to_owned(), format!("@city120 {number}"))];
        server.lock().unwrap().write("alice", &form);
    };
    say(0);
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    desk.wait(1).await;
    desk.close(true);
    // More than a page comes while the record cannot be written.
    (1..100).for_each(say);
    desk.wait_refused().await;
    assert_eq!(desk.all().len(), 1);
    drop(outlet);
    let (desk, outlet) = connect(&origin, folder.path());
    let taken = desk.wait(99).await;
    let texts: Vec<String> = taken
        .iter()
        .map(|inward| match inward {
            Inward::Message(incoming) => incoming.text.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected: Vec<String> = (1..100)
        .map(|number| format!("@city120 {number}"))
        .collect();
    assert_eq!(
        texts, expected,
        "each once, in the order in which they were written"
    );

    server.lock().unwrap().busy = true;
    let Inward::Message(message) = &taken[0] else {
        panic!("{taken:?}")
    };
    let busy = outlet.send(answer(message, 1, "예", true)).await;
    assert_eq!(busy, Err(Unsent::Later { after: None }));
    server.lock().unwrap().busy = false;
    let public = outlet.send(answer(message, 1, "예", true)).await.unwrap();
    let world = server.lock().unwrap();
    let status = &world.statuses[&public.reference.parse::<u64>().unwrap()];
    assert_eq!(status["visibility"], "unlisted");
}

/// A live line stands in the double.
async fn until_lines(server: &Server, who: &str, count: usize) {
    super::patiently(|| {
        let world = server.lock().unwrap();
        world.lines.iter().filter(|(of, _)| *of == who).count() == count
    })
    .await;
}

#[tokio::test]
async fn what_comes_is_heard_at_once_and_what_the_line_missed_is_read() {
    let (server, origin) = start().await;
    let folder = tempfile::tempdir().unwrap();
    // Asked every hour: only the line can tell within the patience of this test.
    let (desk, outlet) = connect_every(&origin, folder.path(), 3_600);
    until_lines(&server, "city120", 1).await;
    let say = |text: &str| {
        let form = vec![("status".to_owned(), format!("@city120 {text}"))];
        server.lock().unwrap().write("alice", &form);
    };
    say("one");
    let first = desk.message(1).await;
    assert_eq!(first.text, "@city120 one");
    say("two");
    assert_eq!(desk.message(2).await.text, "@city120 two");
    // The line breaks, something comes, the line is there again.
    {
        let mut world = server.lock().unwrap();
        world.lines.clear();
    }
    say("missed");
    assert_eq!(desk.message(3).await.text, "@city120 missed");
    until_lines(&server, "city120", 1).await;

    // Mastodon.py hears the city on the same kind of line.
    let Some(mut alice) = Peer::python("mastodon-citizen.py", MASTODON_PY, &[&origin]).await else {
        return;
    };
    alice.ask(json!({ "command": "listen" })).await;
    until_lines(&server, "alice", 1).await;
    outlet.send(answer(&first, 1, "예", false)).await.unwrap();
    let heard = alice.ask(json!({ "command": "heard" })).await;
    assert_eq!(heard["heard"], json!(["<p>@alice 예</p>"]));
}
