//! Signed hooks and the form by REST against Twilio's own library.

use crate::house::House;
use crate::peer::{Peer, npm};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use center::city::{Channel, ContactId};
use messaging::letter::{Address, AddressKind, Fortune, Outgoing};
use messaging::outlet::{Outlet, Unsent};
use messaging::sms::twilio::{Settings, Twilio};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "0123456789abcdef";
const PUBLIC: &str = "https://120.example/hooks/main";

/// What a provider was asked: path, account and form, one after another.
type Asked = Arc<Mutex<Vec<(String, String, Vec<(String, String)>)>>>;

fn fields(body: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
    fields.sort();
    fields
}

/// The provider's double: takes messages as Twilio's own client sends them, and has pictures.
fn provider(asked: Asked) -> Router {
    let send = move |Path(account): Path<String>, headers: HeaderMap, body: Bytes| async move {
        let shown = headers["authorization"].to_str().unwrap().to_owned();
        let fields = fields(&body);
        let to = fields
            .iter()
            .find(|(name, _)| name == "To")
            .unwrap()
            .1
            .clone();
        let mut asked = asked.lock().unwrap();
        asked.push((account, shown, fields));
        match to.as_str() {
            "+1" => (StatusCode::BAD_REQUEST, json!({"code": 21211}).to_string()),
            "+2" => (StatusCode::TOO_MANY_REQUESTS, String::new()),
            "+3" => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            _ => {
                let sid = format!("SM{}", asked.len());
                let told = json!({"sid": sid, "status": "queued", "num_segments": "2"});
                (StatusCode::CREATED, told.to_string())
            }
        }
    };
    let picture = |headers: HeaderMap| async move {
        match headers.get("authorization") {
            Some(_) => (StatusCode::OK, b"\xff\xd8\xff\xd9".to_vec()),
            None => (StatusCode::UNAUTHORIZED, Vec::new()),
        }
    };
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Messages.json", post(send))
        .route("/media/one", get(picture))
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn settings(api: &str, private: bool) -> Settings {
    let text = format!(
        r#"
        name = "main"
        number = "+82120"
        account = "AC1"
        token = "{TOKEN}"
        public_url = "{PUBLIC}"
        api = "{api}"
        fetch = {{ private = {private} }}
        "#
    );
    toml::from_str(&text).unwrap()
}

fn order(hook: &str, suffix: &str, token: &str, fields: &Value) -> Value {
    json!({
        "do": "post",
        "url": format!("{hook}{suffix}"),
        "signed": format!("{PUBLIC}{suffix}"),
        "token": token,
        "fields": fields,
    })
}

#[tokio::test]
async fn a_signed_photo_comes_in_and_nothing_else() {
    let Some(modules) = npm("twilio", "6.2.0") else {
        return;
    };
    let mut peer = Peer::start("twilio.cjs", &modules);
    let api = serve(provider(Asked::default())).await;
    let mut house = House::new();
    let twilio = Twilio::new(settings(&api, true), house.inlet.clone()).unwrap();
    let hook = serve(Router::new().nest("/hook", twilio.router())).await + "/hook";
    let photo = json!({
        "MessageSid": "MM1", "From": "+821012345678", "To": "+82120", "Body": "구멍 & 물 ",
        "NumMedia": "1", "MediaUrl0": format!("{api}/media/one"), "MediaContentType0": "image/jpeg",
    });
    peer.say(order(&hook, "", TOKEN, &photo)).await;
    let answered = peer.event("answered").await;
    assert_eq!(
        (&answered["status"], &answered["body"]),
        (&json!(200), &json!("<Response/>"))
    );
    let message = house.message().await;
    assert_eq!(
        (message.key.as_str(), message.text.as_str()),
        ("MM1", "구멍 & 물 ")
    );
    assert_eq!(
        (message.from.value.as_str(), message.damage),
        ("+821012345678", None)
    );
    assert_eq!(message.attachments[0].bytes, b"\xff\xd8\xff\xd9");
    assert_eq!(message.attachments[0].media_type, "image/jpeg");

    let mut tampered = order(&hook, "", TOKEN, &photo);
    tampered["tampered"] = json!({"MessageSid": "MM2", "From": "+821012345678"});
    for forged in [order(&hook, "", "another token", &photo), tampered] {
        peer.say(forged).await;
        assert_eq!(peer.event("answered").await["status"], 403);
    }
    // The same again is the same; with a query it is signed with it.
    let mut again = order(&hook, "", TOKEN, &photo);
    again["url"] = json!(format!("{hook}?a=%20b"));
    again["signed"] = json!(format!("{PUBLIC}?a=%20b"));
    peer.say(again).await;
    assert_eq!(peer.event("answered").await["status"], 200);
    house.assert_empty();

    house.refuse(true);
    let text = json!({"MessageSid": "SM9", "From": "+82", "Body": "x"});
    peer.say(order(&hook, "", TOKEN, &text)).await;
    assert_eq!(peer.event("answered").await["status"], 503);
}

#[tokio::test]
async fn a_picture_inside_the_citys_network_is_not_fetched_and_that_is_said() {
    let Some(modules) = npm("twilio", "6.2.0") else {
        return;
    };
    let mut peer = Peer::start("twilio.cjs", &modules);
    let api = serve(provider(Asked::default())).await;
    let mut house = House::new();
    let twilio = Twilio::new(settings(&api, false), house.inlet.clone()).unwrap();
    let hook = serve(Router::new().nest("/hook", twilio.router())).await + "/hook";
    let photo = json!({
        "MessageSid": "MM1", "From": "+82", "Body": "see", "NumMedia": "1",
        "MediaUrl0": format!("{api}/media/one"), "MediaContentType0": "image/jpeg",
    });
    peer.say(order(&hook, "", TOKEN, &photo)).await;
    let message = house.message().await;
    assert_eq!(
        (message.attachments.len(), message.damage),
        (0, Some("picture-not-fetched"))
    );
    assert_eq!(message.text, "see");
}

#[tokio::test]
async fn signed_states_are_receipts() {
    let Some(modules) = npm("twilio", "6.2.0") else {
        return;
    };
    let mut peer = Peer::start("twilio.cjs", &modules);
    let mut house = House::new();
    let twilio = Twilio::new(settings("http://127.0.0.1:1", true), house.inlet.clone()).unwrap();
    let hook = serve(Router::new().nest("/hook", twilio.router())).await + "/hook";
    for (state, fortune) in [
        ("delivered", Fortune::Delivered),
        ("undelivered", Fortune::Failed),
    ] {
        let told = json!({"MessageSid": "SM1", "MessageStatus": state, "ErrorCode": "30005"});
        peer.say(order(&hook, "/status", TOKEN, &told)).await;
        let receipt = house.receipt().await;
        assert_eq!(
            (receipt.reference.as_str(), receipt.fortune),
            ("SM1", fortune)
        );
        assert_eq!(receipt.code, "30005");
    }
    let told = json!({"MessageSid": "SM1", "MessageStatus": "sent"});
    peer.say(order(&hook, "/status", TOKEN, &told)).await;
    peer.say(order(&hook, "/status", "another token", &told))
        .await;
    house.assert_empty();
}

fn outgoing(to: &str, text: &str) -> Outgoing {
    Outgoing {
        contact: ContactId(7),
        message: 1,
        channel: Channel::Text,
        via: "main".into(),
        to: Address {
            kind: AddressKind::Phone,
            value: to.into(),
            name: None,
        },
        thread: None,
        in_reply_to: None,
        subject: None,
        text: text.into(),
        attachments: Vec::new(),
        public: false,
        automatic: false,
        perhaps_again: false,
    }
}

#[tokio::test]
async fn what_the_city_sends_is_what_twilios_own_client_sends() {
    let Some(modules) = npm("twilio", "6.2.0") else {
        return;
    };
    let mut peer = Peer::start("twilio.cjs", &modules);
    let asked = Asked::default();
    let api = serve(provider(asked.clone())).await;
    let message = json!({
        "from": "+82120", "to": "+821012345678", "body": "답변 🙂 & more",
        "statusCallback": format!("{PUBLIC}/status"),
    });
    let sent = json!({
        "do": "send", "api": api, "account": "AC1", "token": TOKEN, "message": message,
    });
    peer.say(sent).await;
    assert_eq!(peer.event("sent").await["sid"], "SM1");

    let twilio = Twilio::new(settings(&api, true), House::new().inlet).unwrap();
    let (outlet, orders) = Outlet::new(8);
    let running = tokio::spawn(twilio.run(orders));
    let taken = outlet
        .send(outgoing("+821012345678", "답변 🙂 & more"))
        .await
        .unwrap();
    assert_eq!(
        (taken.reference.as_str(), taken.receipt, taken.parts),
        ("SM2", true, 2)
    );
    {
        let asked = asked.lock().unwrap();
        assert_eq!(asked[0], asked[1]);
    }
    let refused = outlet.send(outgoing("+1", "x")).await;
    assert_eq!(refused, Err(Unsent::Never("21211".into())));
    let busy = outlet.send(outgoing("+2", "x")).await;
    assert_eq!(busy, Err(Unsent::Later { after: None }));
    assert_eq!(outlet.send(outgoing("+3", "x")).await, Err(Unsent::Unknown));
    drop(outlet);
    running.await.unwrap();
}
