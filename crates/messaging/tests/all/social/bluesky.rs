//! An account at Bluesky. The server is a double; that it speaks the protocol is shown by
//! @atproto/api, the network's own client, which writes as a citizen and checks the city's records.
//! Never Bluesky itself.

use super::peer::Peer;
use super::{Desk, answer, picture, serve};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use messaging::inlet::Inward;
use messaging::outlet::{Outlet, Unsent};
use messaging::social::bluesky::{Bluesky, Settings};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub const API: &[&str] = &["@atproto/api@0.21.0"];
const CID: &str = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a";
const ALICE: &str = "did:plc:alicealicealicealicealic";
const CITY: &str = "did:plc:citycitycitycitycitycity";

/// A server with the accounts of alice and the city, and what the network shows of them.
#[derive(Default)]
struct World {
    origin: String,
    posts: Vec<(String, Value)>,
    gone: Vec<String>,
    tokens: u64,
    expired: bool,
    logins: u32,
    refreshed: u32,
    /// The answer to the next post is lost on its way.
    broken: bool,
}

type Server = Arc<Mutex<World>>;
type Answer = (StatusCode, Json<Value>);

fn good(value: Value) -> Answer {
    (StatusCode::OK, Json(value))
}

fn bad(error: &str) -> Answer {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error": error, "message": error })),
    )
}

fn author(uri: &str) -> Value {
    let did = uri["at://".len()..].split('/').next().unwrap();
    let handle = if did == ALICE {
        "alice.test"
    } else {
        "city120.test"
    };
    json!({ "did": did, "handle": handle, "displayName": "" })
}

fn date(index: usize) -> String {
    format!("2026-11-24T21:{:02}:{:02}.000Z", index / 60, index % 60)
}

impl World {
    fn session(&mut self, did: &str) -> Answer {
        self.tokens += 1;
        let handle = if did == ALICE {
            "alice.test"
        } else {
            "city120.test"
        };
        good(json!({
            "did": did, "handle": handle, "accessJwt": format!("{did}#{}", self.tokens),
            "refreshJwt": format!("{did}#refresh"), "active": true,
        }))
    }

    fn view(&self, index: usize) -> Value {
        let (uri, record) = &self.posts[index];
        let mut view = json!({
            "$type": "app.bsky.feed.defs#postView", "uri": uri, "cid": CID,
            "author": author(uri), "record": record, "indexedAt": date(index),
        });
        if let Some(images) = record["embed"]["images"].as_array() {
            let fullsize = format!("{}/img", self.origin);
            let images: Vec<Value> = images
                .iter()
                .map(
                    |image| json!({ "thumb": fullsize, "fullsize": fullsize, "alt": image["alt"] }),
                )
                .collect();
            view["embed"] = json!({ "$type": "app.bsky.embed.images#view", "images": images });
        }
        view
    }

    fn notifications(&self, me: &str, query: &[(String, String)]) -> Answer {
        let of = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let before = of("cursor").map_or(self.posts.len(), |at| at.parse().unwrap());
        let mut list = Vec::new();
        let mut at = before;
        // Pages of five, so that paging is tried.
        while at > 0 && list.len() < 5 {
            at -= 1;
            let (uri, record) = &self.posts[at];
            let facets = record["facets"].to_string();
            let parent = record["reply"]["parent"]["uri"]
                .as_str()
                .unwrap_or_default();
            let reason = match () {
                () if self.gone.contains(uri) || uri.contains(me) => continue,
                () if parent.contains(me) => "reply",
                () if facets.contains(me) => "mention",
                () => continue,
            };
            list.push(json!({
                "uri": uri, "cid": CID, "author": author(uri), "reason": reason,
                "record": record, "isRead": false, "indexedAt": date(at),
            }));
        }
        let mut page = json!({ "notifications": list });
        if at > 0 {
            page["cursor"] = json!(at.to_string());
        }
        good(page)
    }

    fn ask(&mut self, me: &str, method: &str, query: &[(String, String)]) -> Answer {
        let of = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        match method {
            "app.bsky.notification.listNotifications" => self.notifications(me, query),
            "app.bsky.feed.getPosts" => {
                let asked: Vec<&String> = query.iter().map(|(_, uri)| uri).collect();
                let there = (0..self.posts.len()).filter(|at| {
                    let uri = &self.posts[*at].0;
                    asked.contains(&uri) && !self.gone.contains(uri)
                });
                let posts: Vec<Value> = there.map(|at| self.view(at)).collect();
                good(json!({ "posts": posts }))
            }
            "com.atproto.identity.resolveHandle" => match of("handle").unwrap().as_str() {
                "city120.test" => good(json!({ "did": CITY })),
                _ => bad("InvalidRequest"),
            },
            "com.atproto.repo.listRecords" => {
                let own = self.posts.iter().filter(|(uri, _)| uri.contains(me)).rev();
                let own: Vec<Value> = own
                    .map(|(uri, record)| json!({ "uri": uri, "cid": CID, "value": record }))
                    .collect();
                good(json!({ "records": own }))
            }
            "app.bsky.actor.getProfile" => good(author(&format!("at://{}/", of("actor").unwrap()))),
            _ => bad("MethodNotImplemented"),
        }
    }
}

fn who(server: &Server, headers: &HeaderMap) -> Result<String, Answer> {
    let token = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap());
    let token = token.and_then(|value| value.strip_prefix("Bearer "));
    let Some((did, number)) = token.and_then(|token| token.split_once('#')) else {
        return Err(bad("AuthMissing"));
    };
    let world = server.lock().unwrap();
    let old = number
        .parse::<u64>()
        .is_ok_and(|number| number < world.tokens);
    if did == CITY && world.expired && old || number == "refresh" {
        return Err(bad("ExpiredToken"));
    }
    Ok(did.to_owned())
}

async fn ask(
    State(server): State<Server>,
    Path(method): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Answer {
    let me = match who(&server, &headers) {
        Ok(me) => me,
        Err(refused) => return refused,
    };
    let query = query.0.unwrap_or_default();
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    server.lock().unwrap().ask(&me, &method, &query)
}

async fn tell(
    State(server): State<Server>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if method == "com.atproto.server.createSession" {
        let mut world = server.lock().unwrap();
        world.logins += 1;
        return match (value["identifier"].as_str(), value["password"].as_str()) {
            (Some("alice.test"), Some("alice-password")) => world.session(ALICE),
            (Some("city120.test"), Some("city-password")) => world.session(CITY),
            _ => (StatusCode::UNAUTHORIZED, bad("AuthenticationRequired").1),
        };
    }
    if method == "com.atproto.server.refreshSession" {
        let mut world = server.lock().unwrap();
        world.refreshed += 1;
        world.expired = false;
        assert!(body.is_empty() && !headers.contains_key("content-type"));
        return world.session(CITY);
    }
    let me = match who(&server, &headers) {
        Ok(me) => me,
        Err(refused) => return refused,
    };
    let mut world = server.lock().unwrap();
    match method.as_str() {
        "com.atproto.repo.createRecord" => {
            let uri = format!("at://{me}/app.bsky.feed.post/3k{:011}", world.posts.len());
            world.posts.push((uri.clone(), value["record"].clone()));
            if std::mem::take(&mut world.broken) {
                return (StatusCode::BAD_GATEWAY, Json(json!({})));
            }
            good(json!({ "uri": uri, "cid": CID }))
        }
        "com.atproto.repo.deleteRecord" => {
            let gone = format!(
                "at://{me}/app.bsky.feed.post/{}",
                value["rkey"].as_str().unwrap()
            );
            world.gone.push(gone);
            good(json!({}))
        }
        "com.atproto.repo.uploadBlob" => good(json!({ "blob": {
            "$type": "blob", "ref": { "$link": CID }, "size": body.len(),
            "mimeType": headers["content-type"].to_str().unwrap(),
        } })),
        _ => bad("MethodNotImplemented"),
    }
}

async fn start() -> (Server, String) {
    let server = Server::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    server.lock().unwrap().origin.clone_from(&origin);
    let router = Router::new()
        .route("/xrpc/{method}", get(ask).merge(post(tell)))
        .route("/img", get(|| async { "JPEG" }))
        .with_state(Arc::clone(&server));
    serve(listener, router).await;
    (server, origin)
}

fn connect(origin: &str, folder: &std::path::Path) -> (Desk, Outlet) {
    let (desk, inlet) = Desk::open();
    let settings: Settings = serde_json::from_value(json!({
        "server": origin, "identifier": "city120.test", "password": "city-password",
        "every_s": 1, "private_addresses": true,
    }))
    .unwrap();
    let account = Bluesky::open("bluesky", settings, folder, inlet).unwrap();
    let (outlet, orders) = Outlet::new(4);
    tokio::spawn(account.run(orders));
    (desk, outlet)
}

/// Two posts, the second below the first, each as the network wants it.
async fn check_thread(alice: &mut Peer, records: &[(String, Value)], root: &str) {
    for (_, record) in records {
        let check = alice
            .ask(json!({ "command": "check", "record": record }))
            .await;
        assert_eq!(check["valid"], true, "{}", check["why"]);
        assert!(check["letters"].as_u64().unwrap() <= 300);
        assert_eq!(record["reply"]["root"]["uri"], root);
    }
    let check = alice
        .ask(json!({ "command": "check", "record": records[1].1 }))
        .await;
    let link = "https://city.example/";
    assert_eq!(check["links"], json!([[link, link]]));
    assert_eq!(records[0].1["reply"]["parent"]["uri"], root);
    assert_eq!(records[1].1["reply"]["parent"]["uri"], records[0].0);
    assert_eq!(records[0].1["embed"]["images"][0]["alt"], "지도");
}

#[tokio::test]
async fn a_citizen_with_the_networks_client_is_heard_and_answered() {
    let (server, origin) = start().await;
    let Some(mut alice) = Peer::node("bluesky-citizen.mjs", API, &[&origin]).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (desk, outlet) = connect(&origin, folder.path());
    let text = "@city120.test 포트홀 https://x.example/a";
    let posted = json!({ "command": "post", "text": text, "picture": "구멍" });
    let posted = alice.ask(posted).await;
    let message = desk.message(1).await;
    assert_eq!(
        (&message.key, &message.text),
        (&posted["uri"].as_str().unwrap().into(), &text.into())
    );
    assert_eq!(
        (message.from.value.as_str(), message.from.name.as_deref()),
        (ALICE, Some("alice.test"))
    );
    assert!(message.public && message.html.clone().unwrap().contains("lang=\"ko\""));
    assert_eq!(message.attachments[0].bytes, b"JPEG");
    assert_eq!(message.attachments[0].description, "구멍");

    // A long answer: a thread, each part a valid record. The session expires on the way.
    server.lock().unwrap().expired = true;
    server.lock().unwrap().tokens += 1;
    let words = format!(
        "{} 자세히: https://city.example/눈?a=1 끝",
        "치우겠습니다. ".repeat(40)
    );
    let mut long = answer(&message, 1, &words, true);
    long.attachments = vec![picture()];
    let sent = outlet.send(long).await.unwrap();
    assert_eq!(sent.parts, 2);
    let records: Vec<(String, Value)> = server.lock().unwrap().posts[1..].to_vec();
    assert_eq!(records[0].0, sent.reference);
    check_thread(&mut alice, &records, &message.key).await;
    assert_eq!(server.lock().unwrap().refreshed, 1);

    let reply = json!({
        "root": { "uri": message.key, "cid": CID },
        "parent": { "uri": sent.reference, "cid": CID },
    });
    let again = alice
        .ask(json!({ "command": "post", "text": "고마워요", "reply": reply }))
        .await;
    let second = desk.message(2).await;
    assert_eq!(second.thread.as_deref(), Some(message.key.as_str()));
    assert_eq!(second.in_reply_to.as_deref(), Some(sent.reference.as_str()));
    alice
        .ask(json!({ "command": "delete", "uri": again["uri"] }))
        .await;
    let via = "bluesky".to_owned();
    let deleted = Inward::Deleted {
        via,
        key: second.key,
    };
    assert_eq!(desk.wait(3).await[2], deleted);
}

fn mention(server: &Server, number: usize) {
    let uri = format!("at://{ALICE}/app.bsky.feed.post/3a{number:011}");
    let record = json!({
        "text": format!("@city120.test {number}"), "createdAt": date(0),
        "facets": [{ "index": { "byteStart": 0, "byteEnd": 13 }, "features": [{ "did": CITY }] }],
    });
    server.lock().unwrap().posts.push((uri, record));
}

#[tokio::test]
async fn reading_goes_on_over_many_pages_and_only_after_the_record_has_it() {
    let (server, origin) = start().await;
    let folder = tempfile::tempdir().unwrap();
    mention(&server, 0);
    let (desk, outlet) = connect(&origin, folder.path());
    desk.wait(1).await;
    desk.close(true);
    (1..18).for_each(|number| mention(&server, number));
    desk.wait_refused().await;
    drop(outlet);
    let (desk, _outlet) = connect(&origin, folder.path());
    let taken = desk.wait(17).await;
    let texts: Vec<&str> = taken
        .iter()
        .map(|inward| match inward {
            Inward::Message(incoming) => incoming.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected: Vec<String> = (1..18)
        .map(|number| format!("@city120.test {number}"))
        .collect();
    assert_eq!(texts, expected);
    // One that was indexed late stands between those already taken.
    mention(&server, 99);
    server.lock().unwrap().posts.swap(16, 18);
    let late = desk.wait(18).await;
    assert!(matches!(&late[17], Inward::Message(late) if late.text.ends_with(" 99")));
}

#[tokio::test]
async fn a_post_in_doubt_is_not_sent_twice_and_nothing_private_becomes_public() {
    let (server, origin) = start().await;
    let folder = tempfile::tempdir().unwrap();
    mention(&server, 0);
    let (desk, outlet) = connect(&origin, folder.path());
    let message = desk.message(1).await;
    let private = outlet.send(answer(&message, 1, "예", false)).await;
    assert_eq!(private, Err(Unsent::Never("no-private-messages".into())));

    server.lock().unwrap().broken = true;
    let mut public = answer(&message, 1, "예", true);
    assert_eq!(outlet.send(public.clone()).await, Err(Unsent::Unknown));
    public.perhaps_again = true;
    let sent = outlet.send(public).await.unwrap();
    assert_eq!(server.lock().unwrap().posts.len(), 2);
    assert_eq!(server.lock().unwrap().posts[1].0, sent.reference);

    // A survey by the city itself: nothing is answered, so the citizen is named.
    let mut alone = answer(&message, 2, "어땠나요?", true);
    alone.in_reply_to = None;
    outlet.send(alone).await.unwrap();
    let (_, record) = server.lock().unwrap().posts[2].clone();
    assert_eq!(record["text"], "@alice.test 어땠나요?");
    assert_eq!(record["facets"][0]["features"][0]["did"], ALICE);
    assert_eq!(
        record["facets"][0]["index"],
        json!({ "byteStart": 0, "byteEnd": 11 })
    );

    server.lock().unwrap().gone.push(message.key.clone());
    let gone = outlet.send(answer(&message, 3, "예", true)).await;
    assert_eq!(gone, Err(Unsent::Never("post-gone".into())));
    assert_eq!(server.lock().unwrap().logins, 1);
}
