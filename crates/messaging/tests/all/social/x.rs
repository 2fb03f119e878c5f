//! An account at X, against a double of the documented shape with JSON written for these tests.
//! Not tried against X: there is no server to try it against.

use super::{Desk, answer, picture, serve};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use messaging::inlet::Inward;
use messaging::outlet::{Outlet, Unsent};
use messaging::social::x::{Settings, X};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct World {
    origin: String,
    mentions: Vec<Value>,
    refresh: u32,
    posted: Vec<Value>,
    directs: Vec<(String, Value)>,
    described: Vec<Value>,
    asked: Vec<String>,
    refusal: Option<u16>,
}

type Server = Arc<Mutex<World>>;
type Answer = Result<(StatusCode, Json<Value>), StatusCode>;

async fn token(State(server): State<Server>, headers: HeaderMap, RawForm(form): RawForm) -> Answer {
    let mut world = server.lock().unwrap();
    let form: Vec<_> = url::form_urlencoded::parse(&form).into_owned().collect();
    let one = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
    let pair = format!("Basic {}", STANDARD.encode("client:client-secret"));
    assert_eq!(headers["authorization"], pair.as_str());
    assert_eq!(one("grant_type"), "refresh_token");
    // Each refresh token is good for one time.
    if one("refresh_token") != format!("refresh-{}", world.refresh) {
        return Err(StatusCode::BAD_REQUEST);
    }
    world.refresh += 1;
    Ok((
        StatusCode::OK,
        Json(json!({
            "token_type": "bearer", "expires_in": 7200, "access_token": "access",
            "refresh_token": format!("refresh-{}", world.refresh),
        })),
    ))
}

fn allowed(world: &World, headers: &HeaderMap) -> Result<(), StatusCode> {
    match headers
        .get("authorization")
        .map(|value| value.to_str().unwrap())
    {
        Some("Bearer access") => world
            .refusal
            .map_or(Ok(()), |status| Err(StatusCode::from_u16(status).unwrap())),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn mentions(State(server): State<Server>, query: RawQuery, headers: HeaderMap) -> Answer {
    let mut world = server.lock().unwrap();
    allowed(&world, &headers)?;
    let query = query.0.unwrap();
    world.asked.push(query.clone());
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let one = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, v)| v.clone())
    };
    let number = |id: &Value| id.as_str().unwrap().parse::<u64>().unwrap();
    let since = one("since_id").map_or(0, |id| id.parse().unwrap());
    let skip = one("pagination_token").map_or(0, |token| token.parse().unwrap());
    let new = world
        .mentions
        .iter()
        .rev()
        .filter(|one| number(&one["id"]) > since);
    let all: Vec<Value> = new.cloned().collect();
    let page: Vec<Value> = all.iter().skip(skip).take(2).cloned().collect();
    let url = format!("{}/photo.jpg", world.origin);
    let mut found = json!({
        "meta": { "result_count": page.len() },
        "includes": {
            "users": [{ "id": "77", "name": "민지", "username": "minji" }],
            "media": [{ "media_key": "3_1", "type": "photo", "url": url, "alt_text": "구멍" }],
        },
    });
    if !page.is_empty() {
        found["data"] = json!(page);
    }
    if skip + 2 < all.len() {
        found["meta"]["next_token"] = json!((skip + 2).to_string());
    }
    Ok((StatusCode::OK, Json(found)))
}

async fn tell(
    State(server): State<Server>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut world = server.lock().unwrap();
    allowed(&world, &headers)?;
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let found = match path.as_str() {
        "tweets" => {
            world.posted.push(value);
            json!({ "data": { "id": (900 + world.posted.len()).to_string(), "text": "" } })
        }
        "media/upload" => json!({ "data": { "id": "55" } }),
        "media/metadata" => {
            world.described.push(value);
            json!({ "data": {} })
        }
        _ => {
            world.directs.push((path, value));
            json!({ "data": { "dm_conversation_id": "1-2", "dm_event_id": "66" } })
        }
    };
    Ok((StatusCode::CREATED, Json(found)))
}

async fn start() -> (Server, String) {
    let server = Server::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    server.lock().unwrap().origin.clone_from(&origin);
    let router = Router::new()
        .route("/2/oauth2/token", post(token))
        .route("/2/users/120/mentions", get(mentions))
        .route("/2/{*path}", post(tell))
        .route("/photo.jpg", get(|| async { "JPEG" }))
        .with_state(Arc::clone(&server));
    serve(listener, router).await;
    (server, origin)
}

fn open(origin: &str, folder: &std::path::Path) -> (Desk, X) {
    let (desk, inlet) = Desk::open();
    let settings: Settings = serde_json::from_value(json!({
        "api": origin, "user": "120", "client": "client", "client_secret": "client-secret",
        "refresh_token": "refresh-0", "consumer_secret": "consumer", "every_s": 1,
        "private_addresses": true,
    }))
    .unwrap();
    (desk, X::open("x", settings, folder, inlet).unwrap())
}

fn connect(origin: &str, folder: &std::path::Path) -> (Desk, Outlet) {
    let (desk, account) = open(origin, folder);
    let (outlet, orders) = Outlet::new(4);
    tokio::spawn(account.run(orders));
    (desk, outlet)
}

fn mention(id: u64, more: &Value) -> Value {
    let mut mention = json!({
        "id": id.to_string(), "author_id": "77", "conversation_id": id.to_string(), "lang": "ko",
        "text": format!("@dasan {id}"), "edit_history_tweet_ids": [id.to_string()],
    });
    for (key, value) in more.as_object().unwrap() {
        mention[key] = value.clone();
    }
    mention
}

fn two_mentions() -> Vec<Value> {
    vec![
        mention(
            1,
            &json!({
                "text": "@dasan 구멍 &amp; 물 https://t.co/a", "attachments": { "media_keys": ["3_1"] },
                "entities": { "urls": [
                    { "url": "https://t.co/a", "expanded_url": "https://x.example/long" },
                ] },
            }),
        ),
        mention(
            2,
            &json!({
                "conversation_id": "1", "referenced_tweets": [{ "type": "replied_to", "id": "1" }],
                "note_tweet": { "text": "긴 글" },
            }),
        ),
    ]
}

#[tokio::test]
async fn mentions_are_read_in_order_and_reading_goes_on_where_it_stopped() {
    let (server, origin) = start().await;
    server.lock().unwrap().mentions = two_mentions();
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let taken = desk.wait(2).await;
    let Inward::Message(first) = &taken[0] else {
        panic!("{taken:?}")
    };
    assert_eq!(first.text, "@dasan 구멍 & 물 https://x.example/long");
    assert_eq!(
        (first.from.value.as_str(), first.from.name.as_deref()),
        ("77", Some("민지"))
    );
    assert_eq!(first.attachments[0].bytes, b"JPEG");
    assert_eq!(first.attachments[0].description, "구멍");
    let Inward::Message(second) = &taken[1] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (second.text.as_str(), second.thread.as_deref()),
        ("긴 글", Some("1"))
    );
    assert_eq!(second.in_reply_to.as_deref(), Some("1"));

    // Afterwards more than a page, one of it an edit; the next center goes on with its own token.
    drop(outlet);
    let more = (3..7).map(|id| mention(id, &json!({})));
    server.lock().unwrap().mentions.extend(more);
    let edit = mention(
        7,
        &json!({ "edit_history_tweet_ids": ["1", "7"], "text": "고침" }),
    );
    server.lock().unwrap().mentions.push(edit);
    let (desk, _outlet) = connect(&origin, folder.path());
    let taken = desk.wait(5).await;
    let keys: Vec<&str> = taken
        .iter()
        .map(|inward| match inward {
            Inward::Message(incoming) | Inward::Edited(incoming) => incoming.key.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys, ["3", "4", "5", "6", "1"]);
    assert!(matches!(&taken[4], Inward::Edited(edited) if edited.text == "고침"));
    let world = server.lock().unwrap();
    assert_eq!(world.refresh, 2);
    assert!(
        world
            .asked
            .iter()
            .any(|query| query.contains("since_id=2&pagination_token=2"))
    );
}

#[tokio::test]
async fn answers_are_posts_or_direct_messages() {
    let (server, origin) = start().await;
    server.lock().unwrap().mentions = vec![mention(1, &json!({}))];
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let message = desk.message(1).await;
    let mut public = answer(&message, 1, &"가나다라 ".repeat(40), true);
    public.attachments = vec![picture()];
    let sent = outlet.send(public.clone()).await.unwrap();
    assert_eq!((sent.reference.as_str(), sent.parts), ("901", 2));
    let posted = server.lock().unwrap().posted.clone();
    assert_eq!(posted[0]["reply"]["in_reply_to_tweet_id"], "1");
    assert_eq!(posted[1]["reply"]["in_reply_to_tweet_id"], "901");
    assert_eq!(posted[0]["media"]["media_ids"], json!(["55"]));
    let described = server.lock().unwrap().described[0].clone();
    assert_eq!(
        described,
        json!({ "id": "55", "metadata": { "alt_text": { "text": "지도" } } })
    );

    let direct = outlet
        .send(answer(&message, 2, "주소는요?", false))
        .await
        .unwrap();
    assert_eq!(direct.reference, "dm:66");
    let (path, body) = server.lock().unwrap().directs[0].clone();
    assert_eq!(path, "dm_conversations/with/77/messages");
    assert_eq!(body, json!({ "text": "주소는요?" }));

    let refuse = |status| server.lock().unwrap().refusal = Some(status);
    refuse(403);
    let short = answer(&message, 3, "예", true);
    assert_eq!(
        outlet.send(short.clone()).await,
        Err(Unsent::Never("http-403".into()))
    );
    let again = messaging::letter::Outgoing {
        automatic: false,
        perhaps_again: true,
        ..short.clone()
    };
    assert_eq!(
        outlet.send(again).await,
        Err(Unsent::Never("perhaps-sent-before".into()))
    );
    refuse(503);
    assert_eq!(outlet.send(short).await, Err(Unsent::Later { after: None }));
}

fn proof(bytes: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(b"consumer").unwrap();
    mac.update(bytes);
    format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// What X pushes when somebody mentions, writes to and deletes.
fn event() -> String {
    let user = |id: &str| json!({ "id_str": id, "name": "민지", "screen_name": "minji" });
    json!({
        "for_user_id": "120",
        "tweet_create_events": [
            { "id_str": "5", "text": "@dasan a", "user": user("77"), "lang": "ko",
              "in_reply_to_status_id_str": "4", "entities": { "urls": [] } },
            { "id_str": "6", "text": "our own", "user": user("120") },
        ],
        "direct_message_events": [{
            "type": "message_create", "id": "9",
            "message_create": { "sender_id": "77", "target": { "recipient_id": "120" },
                "message_data": { "text": "비밀" } },
        }],
        "users": { "77": { "id": "77", "name": "민지" } },
        "tweet_delete_events": [{ "status": { "id": "5", "user_id": "77" } }],
    })
    .to_string()
}

#[tokio::test]
async fn the_webhook_proves_itself_and_believes_only_what_is_signed() {
    let (_server, origin) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let (desk, account) = open(&origin, folder.path());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hooks/x/x", listener.local_addr().unwrap());
    serve(listener, account.router().unwrap()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let challenge = client
        .get(format!("{hook}?crc_token=abc"))
        .send()
        .await
        .unwrap();
    let challenge: Value = serde_json::from_str(&challenge.text().await.unwrap()).unwrap();
    assert_eq!(challenge["response_token"], proof(b"abc"));

    let push = async |body: &str, signature: &str| {
        let request = client
            .post(&hook)
            .header("x-twitter-webhooks-signature", signature);
        request
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let body = event();
    assert_eq!(push(&body, &proof(b"other")).await, 401);
    assert_eq!(push(&body, "").await, 401);
    desk.close(true);
    assert_eq!(push(&body, &proof(body.as_bytes())).await, 503);
    desk.close(false);
    assert_eq!(push(&body, &proof(body.as_bytes())).await, 200);
    let taken = desk.all();
    assert_eq!(taken.len(), 3);
    let Inward::Message(post) = &taken[0] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (post.key.as_str(), post.in_reply_to.as_deref()),
        ("5", Some("4"))
    );
    let Inward::Message(direct) = &taken[1] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (direct.key.as_str(), direct.public, direct.text.as_str()),
        ("dm:9", false, "비밀")
    );
    assert_eq!(direct.from.name.as_deref(), Some("민지"));
    let via = "x".to_owned();
    let key = "5".to_owned();
    assert_eq!(taken[2], Inward::Deleted { via, key });
    assert_eq!(push("{", &proof(b"{")).await, 200);
    assert!(matches!(desk.all()[3], Inward::DeadLetter(_)));
}
