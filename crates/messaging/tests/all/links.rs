//! Files for citizens whose way carries none: an address in their place, which ends.

use crate::wing::{House, LINKS};
use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use messaging::fetch::{Answer, Fetcher, Request, Rules};
use messaging::inlet::Inlet;
use messaging::links::Links;
use messaging::outlet::Outlet;
use messaging::sms::twilio::{Settings, Twilio};
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

#[tokio::test]
async fn a_provider_that_fetches_files_is_given_their_addresses() {
    let mut house = House::open().await;
    house.texts("m1", "hello").await;
    let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let taken = |State(seen): State<Arc<Mutex<Vec<_>>>>, RawForm(form): RawForm| async move {
        let fields: Vec<(String, String)> = serde_form(&form);
        seen.lock().unwrap().extend(fields);
        let said = serde_json::json!({"sid": "SM1", "num_segments": "1"});
        (StatusCode::CREATED, Json(said))
    };
    let path = "/2010-04-01/Accounts/AC1/Messages.json";
    let api = Router::new()
        .route(path, post(taken))
        .with_state(seen.clone());
    let settings = format!(
        "name = 't'\nnumber = '+82212'\naccount = 'AC1'\ntoken = 'x'\n\
         public_url = 'https://120.city.example/t'\napi = 'http://{}'\n\
         [fetch]\nprivate = true\n",
        served(api).await
    );
    let settings: Settings = toml::from_str(&settings).unwrap();
    let links = Links::new(house.hub.clone(), house.archive.clone(), LINKS);
    let twilio = Twilio::new(settings, Inlet::new(1).0).unwrap();
    let (outlet, orders) = Outlet::new(1);
    tokio::spawn(twilio.linked(Some(links)).run(orders));

    let file = picture(&house);
    house.answer_with("See here", vec![file]).await;
    let mut outgoing = house.orders.recv().await.unwrap().outgoing;
    let link = outgoing.text.split_off("See here".len());
    outgoing.attachments.push(messaging::letter::Attachment {
        name: "hole.jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: PICTURE.to_vec(),
        description: String::new(),
    });
    outlet.send(outgoing).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    let of = |name: &str| {
        let found = seen.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(of("Body"), "See here");
    let named = |link: &str| link.trim().rsplit_once('-').map(|(_, tag)| tag.len());
    assert!(of("MediaUrl").starts_with(LINKS), "{seen:?}");
    assert_eq!(named(&of("MediaUrl")), named(&link));
}

fn serde_form(form: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form).into_owned().collect()
}
