//! Files for citizens whose way carries none: an address in their place, which ends.

use crate::peer::{Peer, npm};
use crate::wing::{House, LINKS};
use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use messaging::fetch::{Answer, Fetcher, Request, Rules};
use messaging::inlet::Inlet;
use messaging::letter::Attachment;
use messaging::links::Links;
use messaging::outlet::Outlet;
use messaging::sms::twilio::{Settings, Twilio};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use store::File;
use tokio::net::TcpListener;

const PICTURE: &[u8] = b"a picture of a hole";

/// Serves on a free port of this machine.
async fn served(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn fetched(address: SocketAddr, link: &str) -> Answer {
    let rules = Rules {
        private: true,
        ..Rules::default()
    };
    let name = link.strip_prefix(LINKS).expect("an address of the city");
    let fetcher = Fetcher::new(rules).unwrap();
    let url = format!("http://{address}/files{name}");
    fetcher.send(Request::get(&url)).await.unwrap()
}

/// A file of the city as the desk stores it.
fn picture(house: &House) -> File {
    let blob = "letters/own/1".to_owned();
    let mut writer = house.archive.blobs().create(&blob).unwrap();
    writer.append(PICTURE).unwrap();
    writer.finish().unwrap();
    File {
        blob,
        name: "hole.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: PICTURE.len() as u64,
        ..File::default()
    }
}

#[tokio::test]
async fn a_citizen_gets_an_address_of_a_file_and_nobody_can_guess_another() {
    let mut house = House::open().await;
    house.texts("m1", "hello").await;
    let file = picture(&house);
    house.answer_with("See here", vec![file]).await;
    let order = house.orders.recv().await.unwrap();
    assert!(order.outgoing.attachments.is_empty());
    let (text, link) = order.outgoing.text.split_once('\n').expect("an address");
    assert_eq!(text, "See here");

    let links = Links::new(house.hub.clone(), house.archive.clone(), LINKS);
    let address = served(Router::new().nest("/files", links.router())).await;
    let answer = fetched(address, link).await;
    assert!(answer.ok());
    assert_eq!(answer.body, PICTURE);
    let guards = ["content-security-policy", "cache-control"];
    for (name, value) in guards
        .iter()
        .zip(["default-src 'none'; sandbox", "private, no-store"])
    {
        assert_eq!(answer.field(&name.parse().unwrap()), value);
    }
    // Another message, another file, a longer life, another tag.
    let parts: Vec<&str> = link.rsplit('/').next().unwrap().split('-').collect();
    for (at, other) in [
        (0, "2"),
        (1, "1"),
        (2, "1"),
        (3, "9999999999999"),
        (4, "00"),
    ] {
        let mut forged = parts.clone();
        forged[at] = other;
        let forged = format!("{LINKS}/{}", forged.join("-"));
        assert_eq!(fetched(address, &forged).await.status, 404, "{forged}");
    }
}

/// A form as a provider took it.
type Form = Vec<(String, String)>;

/// A provider that takes messages as Twilio does, for our client and for Twilio's own.
async fn provider(taken: Arc<Mutex<Vec<Form>>>) -> String {
    let take = |State(taken): State<Arc<Mutex<Vec<Form>>>>, RawForm(form): RawForm| async move {
        taken.lock().unwrap().push(serde_form(&form));
        let said = json!({"sid": "SM1", "status": "queued", "num_segments": "1"});
        (StatusCode::CREATED, Json(said))
    };
    let path = "/2010-04-01/Accounts/AC1/Messages.json";
    let api = Router::new().route(path, post(take)).with_state(taken);
    format!("http://{}", served(api).await)
}

fn values<'a>(form: &'a Form, name: &str) -> Vec<&'a str> {
    let named = form.iter().filter(|(own, _)| own == name);
    named.map(|(_, value)| value.as_str()).collect()
}

#[tokio::test]
async fn a_provider_fetches_the_files_of_a_message_that_twilios_own_client_would_send() {
    let Some(modules) = npm("twilio", "6.2.0") else {
        return;
    };
    let mut house = House::open().await;
    house.texts("m1", "hello").await;
    let taken: Arc<Mutex<Vec<Form>>> = Arc::default();
    let api = provider(taken.clone()).await;
    let settings = format!(
        "name = 't'\nnumber = '+82212'\naccount = 'AC1'\ntoken = 'x'\n\
         public_url = 'https://120.city.example/t'\napi = '{api}'\n\
         [fetch]\nprivate = true\n"
    );
    let settings: Settings = toml::from_str(&settings).unwrap();
    let links = Links::new(house.hub.clone(), house.archive.clone(), LINKS);
    let address = served(Router::new().nest("/files", links.router())).await;
    let twilio = Twilio::new(settings, Inlet::new(1).0).unwrap();
    let (outlet, orders) = Outlet::new(1);
    tokio::spawn(twilio.linked(Some(links)).run(orders));

    let file = picture(&house);
    house
        .answer_with("여기 🙂 & there", vec![file.clone(), file])
        .await;
    let mut outgoing = house.orders.recv().await.unwrap().outgoing;
    outgoing.text.truncate("여기 🙂 & there".len());
    outgoing.attachments = vec![attached(), attached()];
    let to = outgoing.to.value.clone();
    outlet.send(outgoing).await.unwrap();
    let ours = taken.lock().unwrap().remove(0);
    let media = values(&ours, "MediaUrl");
    assert_eq!(media.len(), 2);
    for link in &media {
        let answer = fetched(address, link).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, PICTURE));
        assert_eq!(answer.field(&"content-type".parse().unwrap()), "image/jpeg");
    }

    let mut peer = Peer::start("twilio.cjs", &modules);
    let message = json!({
        "from": "+82212", "to": to, "body": "여기 🙂 & there", "mediaUrl": media,
        "statusCallback": "https://120.city.example/t/status",
    });
    let order = json!({
        "do": "send", "api": api, "account": "AC1", "token": "x", "message": message,
    });
    peer.say(order).await;
    assert_eq!(peer.event("sent").await["sid"], "SM1");
    let mut theirs = taken.lock().unwrap().remove(0);
    assert_eq!(values(&theirs, "MediaUrl"), media, "in the same order");
    let mut ours = ours.clone();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
}

fn attached() -> Attachment {
    Attachment {
        name: "hole.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: PICTURE.to_vec(),
        description: String::new(),
    }
}

fn serde_form(form: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form).into_owned().collect()
}
