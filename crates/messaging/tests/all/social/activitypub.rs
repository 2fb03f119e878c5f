//! The city's actor and a server of the fediverse by fedify: mentions in, answers out, and every
//! kind of forgery refused. Never a server of ours on the other side.

use super::peer::Peer;
use super::{Desk, answer, picture, serve};
use axum::http::StatusCode;
use messaging::inlet::Inward;
use messaging::letter::Outgoing;
use messaging::outlet::{Outlet, Submitted, Unsent};
use messaging::social::activitypub::{Actor, Settings};
use serde_json::{Value, json};
use std::time::Duration;

const FEDIFY: &[&str] = &["@fedify/fedify@1.10.12", "@js-temporal/polyfill@0.5.1"];
const CAVAGE: &str = "draft-cavage-http-signatures-12";
const RFC_9421: &str = "rfc9421";

struct Town {
    fedify: Peer,
    desk: Desk,
    outlet: Outlet,
    client: reqwest::Client,
    origin: String,
    _folder: tempfile::TempDir,
}

fn settings(origin: &str, private_addresses: bool) -> Settings {
    serde_json::from_value(json!({
        "origin": origin,
        "name": "120",
        "title": "Dasan 120",
        "summary": "눈, 쓰레기, 버스",
        "private_addresses": private_addresses,
    }))
    .unwrap()
}

impl Town {
    async fn new() -> Option<Town> {
        let fedify = Peer::node("fedify.mjs", FEDIFY, &[]).await?;
        let (desk, inlet) = Desk::open();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let actor = Actor::open("fediverse", settings(&origin, true), folder.path(), inlet);
        let actor = actor.unwrap();
        serve(listener, actor.router()).await;
        let (outlet, orders) = Outlet::new(4);
        tokio::spawn(actor.run(orders));
        Some(Town {
            fedify,
            desk,
            outlet,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            origin,
            _folder: folder,
        })
    }

    fn actor(&self) -> String {
        format!("{}/actor", self.origin)
    }

    fn alice(&self) -> String {
        let origin = self.fedify.hello["origin"].as_str().unwrap();
        format!("{origin}/users/alice")
    }

    /// An order to alice's server, with what differs.
    fn order(&self, command: &str, what: &Value) -> Value {
        let mut order = json!({
            "command": command,
            "author": "alice",
            "verb": "create",
            "id": "1",
            "to": self.actor(),
            "inbox": format!("{}/actor/inbox", self.origin),
            "content": "<p>@120 눈이 <b>많이</b> 와요</p>",
            "public": true,
        });
        for (key, value) in what.as_object().unwrap() {
            order[key] = value.clone();
        }
        order
    }

    async fn send(&mut self, what: Value) {
        let order = self.order("send", &what);
        self.fedify.ask(order).await;
    }

    async fn sign(&mut self, what: Value) -> Value {
        let order = self.order("sign", &what);
        self.fedify.ask(order).await
    }

    async fn deliver(&self, signed: &Value) -> (StatusCode, String) {
        self.deliver_to(signed, "/actor/inbox").await
    }

    async fn deliver_to(&self, signed: &Value, path: &str) -> (StatusCode, String) {
        let url = format!("{}{path}", self.origin);
        let mut request = self.client.post(url);
        for (name, value) in signed["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let body = signed["body"].as_str().unwrap().to_owned();
        let response = request.body(body).send().await.unwrap();
        let status = response.status();
        (status, response.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.origin));
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.1).unwrap()
    }

    /// What the other server heard of a kind.
    async fn heard(&mut self, kind: &str) -> Vec<Value> {
        let heard = self.fedify.ask(json!({ "command": "heard" })).await;
        let all = heard["heard"].as_array().unwrap().clone();
        all.into_iter().filter(|one| one["kind"] == kind).collect()
    }

    async fn reply(&self, outgoing: Outgoing) -> Result<Submitted, Unsent> {
        self.outlet.send(outgoing).await
    }
}

#[tokio::test]
async fn a_mention_comes_in_and_the_answer_is_believed_over_there() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    let picture = format!(
        "{}/pothole.png",
        town.fedify.hello["origin"].as_str().unwrap()
    );
    let context = json!({ "language": "ko", "picture": picture });
    town.send(context).await;
    let message = town.desk.message(1).await;
    assert_eq!(message.text, "@120 눈이 많이 와요");
    assert_eq!(message.from.value, town.alice());
    assert_eq!(message.from.name.as_deref(), Some("alice 시민"));
    assert!(message.public && !message.automatic && message.damage.is_none());
    let html = message.html.clone().unwrap();
    assert!(
        html.starts_with("<div lang=\"ko\">") && html.contains("<b>많이</b>"),
        "{html}"
    );
    assert_eq!(message.attachments.len(), 1);
    assert_eq!(message.attachments[0].description, "포트홀");
    assert!(message.attachments[0].bytes.starts_with(b"\x89PNG"));

    let sent = town
        .reply(answer(
            &message,
            1,
            "곧 치웁니다\n\nhttps://x.example",
            true,
        ))
        .await;
    let sent = sent.unwrap();
    let creates = town.heard("Create").await;
    assert_eq!(creates.len(), 1, "fedify takes only what is signed well");
    let create = &creates[0];
    assert_eq!(create["inReplyTo"], message.key);
    assert_eq!(create["note"], sent.reference);
    assert_eq!(create["actor"], town.actor());
    assert_eq!(create["tags"], json!([town.alice()]));
    assert!(create["content"].as_str().unwrap().contains("곧 치웁니다"));
    // The note is there for everybody, and in the outbox.
    let path = sent
        .reference
        .strip_prefix(&town.origin)
        .unwrap()
        .to_owned();
    assert_eq!(town.json(&path).await["inReplyTo"], message.key);
    assert_eq!(town.json("/actor/outbox").await["totalItems"], 1);
    assert_eq!(town.json("/nodeinfo/2.1").await["usage"]["localPosts"], 1);

    // The citizen answers that without naming the city: the same conversation.
    let bystander = json!({ "id": "2", "inReplyTo": sent.reference, "bystander": true });
    town.send(bystander).await;
    let second = town.desk.message(2).await;
    assert_eq!(second.thread, message.thread);
    assert_eq!(second.in_reply_to.as_deref(), Some(sent.reference.as_str()));
}

#[tokio::test]
async fn a_private_answer_names_nobody_else_and_is_shown_to_nobody() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    town.send(json!({ "public": false })).await;
    let message = town.desk.message(1).await;
    assert!(!message.public);
    let mut private = answer(&message, 1, "주소를 알려 주세요", false);
    private.attachments = vec![picture()];
    let sent = town.reply(private.clone()).await.unwrap();
    let create = town.heard("Create").await.pop().unwrap();
    assert_eq!(create["to"], json!([town.alice()]));
    assert_eq!(create["cc"], json!([]));
    let path = sent
        .reference
        .strip_prefix(&town.origin)
        .unwrap()
        .to_owned();
    assert_eq!(town.get(&path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(town.json("/actor/outbox").await["totalItems"], 0);
    let file = create["files"][0].as_str().unwrap().to_owned();
    let file = file.strip_prefix(&town.origin).unwrap().to_owned();
    assert_eq!(town.get(&file).await.0, StatusCode::OK);
    // Repeated after a doubt it is the same note.
    let again = town.reply(private.clone()).await.unwrap();
    assert_eq!(again.reference, sent.reference);
    private.attachments[0].media_type = "application/pdf".into();
    private.message = 2;
    let refused = town.reply(private).await;
    assert_eq!(refused, Err(Unsent::Never("attachment-type".into())));
}

#[tokio::test]
async fn forgeries_are_refused_whichever_way_they_are_signed() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    for spec in [CAVAGE, RFC_9421] {
        let spoiled = |mut signed: Value, what: &str| {
            let headers = signed["headers"].as_object_mut().unwrap();
            let signature = headers["signature"].as_str().unwrap();
            // Another letter in the middle of the signature.
            let at = signature.rfind(['"', ':']).unwrap() - 40;
            let other = if &signature[at..=at] == "A" { "B" } else { "A" };
            let forged = format!("{}{other}{}", &signature[..at], &signature[at + 1..]);
            match what {
                "body" => {
                    let body = signed["body"].as_str().unwrap().replace("많이", "조금");
                    signed["body"] = json!(body);
                }
                "signature" => headers["signature"] = json!(forged),
                _ => headers.retain(|name, _| !name.starts_with("signature")),
            }
            signed
        };
        for (what, reason) in [
            ("body", "digest"),
            ("signature", "signature"),
            ("none", "unsigned"),
        ] {
            let signed = town.sign(json!({ "spec": spec })).await;
            let answer = town.deliver(&spoiled(signed, what)).await;
            assert_eq!(
                answer,
                (StatusCode::UNAUTHORIZED, reason.into()),
                "{spec} {what}"
            );
        }
        for (what, reason) in [
            (json!({ "spec": spec, "hoursAgo": 13 }), "stale"),
            (json!({ "spec": spec, "signer": "bob" }), "key-owner"),
        ] {
            let signed = town.sign(what).await;
            let answer = town.deliver(&signed).await;
            assert_eq!(answer, (StatusCode::UNAUTHORIZED, reason.into()), "{spec}");
        }
        // Signed for one address, brought to another.
        let signed = town.sign(json!({ "spec": spec })).await;
        let answer = town.deliver_to(&signed, "/inbox").await;
        assert_eq!(
            answer,
            (StatusCode::UNAUTHORIZED, "signature".into()),
            "{spec}"
        );
        assert!(town.desk.all().is_empty());
    }
    for (count, spec) in [CAVAGE, RFC_9421].into_iter().enumerate() {
        let honest = json!({ "spec": spec, "id": spec, "hoursAgo": 11 });
        let signed = town.sign(honest).await;
        assert!(signed["headers"].get("signature-input").is_some() == (spec == RFC_9421));
        assert_eq!(
            town.deliver(&signed).await.0,
            StatusCode::ACCEPTED,
            "{spec}"
        );
        assert_eq!(town.desk.all().len(), count + 1);
    }
}

#[tokio::test]
async fn fedify_sends_by_rfc_9421_and_is_understood() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    town.fedify
        .ask(json!({ "command": "knock", "spec": RFC_9421 }))
        .await;
    town.send(json!({})).await;
    assert_eq!(town.desk.message(1).await.text, "@120 눈이 많이 와요");
}

#[tokio::test]
async fn edits_deletions_and_repetitions_are_what_they_are() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    town.send(json!({})).await;
    town.send(json!({})).await;
    let update = json!({ "verb": "update", "activity": "u", "content": "<p>@120 비가 와요</p>" });
    town.send(update.clone()).await;
    town.send(update).await;
    // An edit that does not name the city any more.
    let other =
        json!({ "verb": "update", "activity": "v", "content": "<p>x</p>", "bystander": true });
    town.send(other).await;
    town.send(json!({ "verb": "delete", "activity": "d" }))
        .await;
    // Meant for somebody else.
    town.send(json!({ "id": "3", "bystander": true })).await;
    let taken = town.desk.wait(4).await;
    assert_eq!(taken.len(), 4, "{taken:?}");
    let Inward::Message(written) = &taken[0] else {
        panic!("{taken:?}")
    };
    let Inward::Edited(edited) = &taken[1] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (edited.key.as_str(), edited.text.as_str()),
        (written.key.as_str(), "@120 비가 와요")
    );
    let deleted = Inward::Deleted {
        via: "fediverse".into(),
        key: written.key.clone(),
    };
    assert!(matches!(&taken[2], Inward::Edited(edited) if edited.text == "x"));
    assert_eq!(taken[3], deleted);
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    town.desk.close(true);
    let signed = town.sign(json!({ "spec": CAVAGE })).await;
    let (status, _) = town.deliver(&signed).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    town.desk.close(false);
    assert_eq!(town.deliver(&signed).await.0, StatusCode::ACCEPTED);
    assert_eq!(town.desk.all().len(), 1);
}

#[tokio::test]
async fn the_actor_is_found_followed_and_left() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    let look_up = json!({ "command": "look-up", "what": town.actor() });
    let found = town.fedify.ask(look_up).await;
    assert_eq!(
        (found["id"].clone(), found["kind"].clone()),
        (json!(town.actor()), json!("Service"))
    );
    let authority = town.origin.strip_prefix("http://").unwrap().to_owned();
    let finger = format!("/.well-known/webfinger?resource=acct:120@{authority}");
    assert_eq!(town.json(&finger).await["links"][0]["href"], town.actor());
    let (nobody, _) = town
        .get("/.well-known/webfinger?resource=acct:119@x.example")
        .await;
    assert_eq!(nobody, StatusCode::NOT_FOUND);

    town.send(json!({ "verb": "follow" })).await;
    for _ in 0..100 {
        if !town.heard("Accept").await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(town.heard("Accept").await.len(), 1);
    let followers = town.json("/actor/followers").await;
    assert_eq!(followers["totalItems"], 1);
    assert!(followers.get("orderedItems").is_none() && followers.get("first").is_none());
    town.send(json!({ "verb": "unfollow", "activity": "undo" }))
        .await;
    assert_eq!(town.json("/actor/followers").await["totalItems"], 0);
    assert!(town.desk.all().is_empty());
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    town.send(json!({})).await;
    let message = town.desk.message(1).await;
    town.fedify
        .ask(json!({ "command": "busy", "busy": true }))
        .await;
    let asked = Some(Duration::from_mins(2));
    let later = town.reply(answer(&message, 1, "예", true)).await;
    assert_eq!(later, Err(Unsent::Later { after: asked }));
    town.fedify
        .ask(json!({ "command": "busy", "busy": false }))
        .await;
    // Not asked again before its time, whatever the message.
    let later = town.reply(answer(&message, 2, "예", true)).await;
    let Err(Unsent::Later { after: Some(left) }) = later else {
        panic!("{later:?}")
    };
    assert!(!left.is_zero() && left <= Duration::from_mins(2));
    assert!(town.heard("Create").await.is_empty());
}

#[tokio::test]
async fn nobody_leads_the_actor_into_a_private_network() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    let signed = town.sign(json!({ "spec": CAVAGE })).await;
    let (desk, inlet) = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    // Known to the world as the house the request was signed for, but careful.
    let public = town.origin.replace("http://", "https://");
    let actor = Actor::open("fediverse", settings(&public, false), folder.path(), inlet);
    serve(listener, actor.unwrap().router()).await;
    let careful = Town {
        origin: format!("http://{at}"),
        desk,
        ..town
    };
    let mut signed = signed;
    let host = public.strip_prefix("https://").unwrap();
    signed["headers"]["host"] = json!(host);
    let answer = careful.deliver(&signed).await;
    assert_eq!(answer, (StatusCode::UNAUTHORIZED, "key-owner".into()));
    assert!(careful.desk.all().is_empty());
}

#[tokio::test]
async fn a_new_key_is_believed_and_nobody_makes_us_ask_all_the_time() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    let signed = town.sign(json!({ "spec": CAVAGE })).await;
    assert_eq!(town.deliver(&signed).await.0, StatusCode::ACCEPTED);
    // The key in our memory is younger than a minute: a stranger cannot make us ask again.
    town.fedify
        .ask(json!({ "command": "new-key", "author": "alice" }))
        .await;
    let signed = town.sign(json!({ "spec": CAVAGE, "id": "2" })).await;
    let refused = (StatusCode::UNAUTHORIZED, "signature".into());
    assert_eq!(town.deliver(&signed).await, refused);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    assert_eq!(town.deliver(&signed).await.0, StatusCode::ACCEPTED);
    assert_eq!(town.desk.all().len(), 2);
}

/// A signature by the second key of alice, an Ed25519 key.
async fn younger(town: &mut Town, what: Value) -> Value {
    let order = town.order("sign-younger", &what);
    town.fedify.ask(order).await
}

#[tokio::test]
async fn a_younger_servers_ed25519_signatures_are_believed() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    // By the key in PEM, as fedify itself believes it, and by the one of FEP-521a.
    let ways = [
        (RFC_9421, "key-2", "ed25519", true),
        (RFC_9421, "key-2", "", true),
        (RFC_9421, "multikey-2", "ed25519", false),
        (CAVAGE, "key-2", "hs2019", false),
        (CAVAGE, "multikey-2", "ed25519", false),
    ];
    for (number, (spec, key, algorithm, fedify_too)) in ways.into_iter().enumerate() {
        let id = format!("young-{number}");
        let what = json!({ "spec": spec, "key": key, "algorithm": algorithm, "id": id });
        let signed = younger(&mut town, what).await;
        if fedify_too {
            let believed = signed["believed"].as_str().unwrap_or_default();
            assert!(believed.ends_with("#key-2"), "{signed}");
        }
        let (status, words) = town.deliver(&signed).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{spec} {key} {words}");
        let message = town.desk.message(number + 1).await;
        assert!(message.key.ends_with(&id), "{}", message.key);
    }
}

#[tokio::test]
async fn forged_ed25519_signatures_are_refused() {
    let Some(mut town) = Town::new().await else {
        return;
    };
    let genuine = json!({ "spec": RFC_9421, "algorithm": "ed25519" });
    let genuine = younger(&mut town, genuine).await;
    let changed = |name: &str, from: &str, to: &str| {
        let mut forged = genuine.clone();
        let value = forged["headers"][name].as_str().unwrap().replace(from, to);
        forged["headers"][name] = json!(value);
        forged
    };
    let mut body = genuine.clone();
    body["body"] = json!(genuine["body"].as_str().unwrap().replace("많이", "적게"));
    let mut forged = vec![
        (body, "digest"),
        (
            changed("signature-input", "#key-2", "#multikey-2"),
            "signature",
        ),
        (
            changed("signature-input", "#key-2", "#main-key"),
            "signature",
        ),
        (
            changed("signature-input", "ed25519", "rsa-v1_5-sha256"),
            "signature",
        ),
        (
            changed("signature-input", "ed25519", "ecdsa-p256-sha256"),
            "algorithm",
        ),
    ];
    for (what, refusal) in [
        (json!({ "spec": RFC_9421, "signer": "bob" }), "key-owner"),
        (json!({ "spec": RFC_9421, "hoursAgo": 13 }), "stale"),
        (
            json!({ "spec": CAVAGE, "algorithm": "rsa-sha256" }),
            "signature",
        ),
        (
            json!({ "spec": CAVAGE, "algorithm": "hmac-sha256" }),
            "algorithm",
        ),
    ] {
        forged.push((younger(&mut town, what).await, refusal));
    }
    for (signed, refusal) in forged {
        let (status, words) = town.deliver(&signed).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{signed}");
        assert!(words.contains(refusal), "{refusal}: {words}");
    }
    assert_eq!(town.desk.all(), []);
}
