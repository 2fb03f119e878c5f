//! An account on a real PDS: sessions, records, pictures, deletions and what they refer to are the
//! PDS's own. Only what the whole network knows is answered by a stand-in for its AppView, which
//! reads the repositories of the PDS. Never Bluesky itself.

use super::bluesky::API;
use super::peer::Peer;
use super::{Desk, answer, picture};
use crate::wing::{House, KIM, reply_of};
use center::city::Channel;
use center::command::Command;
use messaging::inlet::{Inlet, Inward};
use messaging::outlet::{Outlet, Unsent};
use messaging::social::bluesky::{Bluesky, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tokio::sync::{Mutex, MutexGuard};

const DEV_ENV: &[&str] = &["@atproto/dev-env@0.3.215"];
/// Has its SQLite compiled where there is no other way to it.
const COMPILED: &[&str] = &["better-sqlite3"];

/// Each needs two programs at once: one after the other, so that none waits for the other's second.
static TURN: Mutex<()> = Mutex::const_new(());

/// A PDS with the accounts of alice and the city, and alice at it with the network's own client.
struct Network {
    _turn: MutexGuard<'static, ()>,
    pds: Peer,
    alice: Peer,
    client: reqwest::Client,
}

impl Network {
    async fn new() -> Option<Network> {
        let turn = TURN.lock().await;
        let pds = Peer::compiled("bluesky-pds.mjs", DEV_ENV, COMPILED).await?;
        let origin = pds.hello["pds"].as_str().unwrap();
        let alice = Peer::node("bluesky-citizen.mjs", API, &[origin]).await?;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Network {
            _turn: turn,
            pds,
            alice,
            client,
        })
    }

    fn origin(&self) -> &str {
        self.pds.hello["pds"].as_str().unwrap()
    }

    fn city(&self) -> String {
        self.pds.hello["city"].as_str().unwrap().to_owned()
    }

    fn connect(&self, inlet: Inlet, folder: &Path) -> Outlet {
        let settings: Settings = serde_json::from_value(json!({
            "server": self.origin(), "identifier": "city120.test",
            "password": self.pds.hello["password"], "every_s": 1, "private_addresses": true,
        }))
        .unwrap();
        let account = Bluesky::open("bluesky", settings, folder, inlet).unwrap();
        let (outlet, orders) = Outlet::new(4);
        tokio::spawn(account.run(orders));
        outlet
    }

    async fn get(&self, method: &str, query: &[(&str, &str)]) -> reqwest::Response {
        let mut url = url::Url::parse(self.origin()).unwrap();
        url.set_path(&format!("/xrpc/{method}"));
        url.query_pairs_mut().extend_pairs(query);
        self.client.get(url).send().await.unwrap()
    }

    /// The posts in the city's repository, oldest first.
    async fn records(&self) -> Vec<Value> {
        let (repo, collection) = (self.city(), "app.bsky.feed.post");
        let query = [("repo", repo.as_str()), ("collection", collection)];
        let found = self.get("com.atproto.repo.listRecords", &query).await;
        let found: Value = serde_json::from_str(&found.text().await.unwrap()).unwrap();
        let mut records = found["records"].as_array().unwrap().clone();
        records.reverse();
        records
    }

    async fn post(&mut self, order: Value) -> Value {
        let mut order = order;
        order["command"] = json!("post");
        self.alice.ask(order).await
    }
}

/// A post as another refers to it.
fn reference(of: &Value) -> Value {
    json!({ "uri": of["uri"], "cid": of["cid"] })
}

#[tokio::test]
async fn a_post_on_a_pds_becomes_a_contact_and_its_answer_a_record_there() {
    let Some(mut network) = Network::new().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("account");
    std::fs::create_dir(&kept).unwrap();
    let mut house = House::connected(folder, |inlet| {
        let outlet = network.connect(inlet.clone(), &kept);
        BTreeMap::from([("bluesky".to_owned(), outlet)])
    })
    .await;
    let text = "@city120.test 가로등이 꺼졌어요";
    let posted = network.post(json!({ "text": text })).await;
    let contact = house.rings().await;
    let letter = house.archive.message(contact, 1).await.unwrap().unwrap();
    assert_eq!(letter.letter.text, text);
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(
        (row.channel, row.via.as_str()),
        (Channel::Social, "bluesky")
    );

    let (counselor, words) = (KIM, "내일 고칩니다. https://city.example/lamp");
    let accept = Command::Accept { counselor, contact };
    house.hub.send(accept).await.unwrap();
    let (reply, own) = reply_of(contact, words, Vec::new());
    house.hub.send_with(reply, vec![own]).await.unwrap();
    house.fate(contact, 2, "delivered").await;
    let records = network.records().await;
    assert_eq!(records.len(), 1);
    let record = &records[0]["value"];
    assert_eq!(record["text"], words);
    let parent = reference(&posted);
    assert_eq!(record["reply"], json!({ "root": parent, "parent": parent }));
    let check = json!({ "command": "check", "record": record });
    let check = network.alice.ask(check).await;
    let link = "https://city.example/lamp";
    assert_eq!(
        (&check["valid"], &check["links"]),
        (&json!(true), &json!([[link, link]]))
    );
    house.assert_clean().await;
}

#[tokio::test]
async fn sessions_threads_pictures_and_deletions_are_those_of_a_pds() {
    let Some(mut network) = Network::new().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (desk, inlet) = Desk::open();
    let outlet = network.connect(inlet, folder.path());
    let posted = network
        .post(json!({ "text": "@city120.test 포트홀", "picture": "구멍" }))
        .await;
    let message = desk.message(1).await;
    assert_eq!(message.from.name.as_deref(), Some("alice.test"));
    assert!(message.attachments[0].bytes.starts_with(b"\x89PNG"));
    assert_eq!(message.attachments[0].description, "구멍");

    // The PDS lives three hours ahead from here on: the session has run out and is renewed.
    network
        .pds
        .ask(json!({ "command": "forward", "hours": 3 }))
        .await;
    let words = format!("{}끝", "치우겠습니다. ".repeat(40));
    let mut long = answer(&message, 1, &words, true);
    long.attachments = vec![picture()];
    let sent = outlet.send(long.clone()).await.unwrap();
    let records = network.records().await;
    assert_eq!((sent.parts, records.len()), (2, 2));
    assert_eq!(records[0]["uri"], sent.reference);
    let root = reference(&posted);
    for (record, parent) in records.iter().zip([&posted, &records[0]]) {
        let reply = json!({ "root": root, "parent": reference(parent) });
        assert_eq!(record["value"]["reply"], reply);
    }
    let image = &records[0]["value"]["embed"]["images"][0];
    assert_eq!(image["alt"], "지도");
    let cid = image["image"]["ref"]["$link"].as_str().unwrap();
    let (did, get_blob) = (network.city(), "com.atproto.sync.getBlob");
    let blob = network.get(get_blob, &[("did", &did), ("cid", cid)]).await;
    assert_eq!(blob.bytes().await.unwrap(), picture().bytes);
    // Perhaps sent already: it is found in the repository and not sent again.
    long.perhaps_again = true;
    assert_eq!(outlet.send(long).await.unwrap().reference, sent.reference);
    assert_eq!(network.records().await.len(), 2);

    goes_on(&mut network, &desk, &posted, &records[1]).await;
    let gone = outlet.send(answer(&message, 3, "예", true)).await;
    assert_eq!(gone, Err(Unsent::Never("post-gone".into())));
}

/// Alice answers the city, takes that back, and then her first post.
async fn goes_on(network: &mut Network, desk: &Desk, first: &Value, last: &Value) {
    let reply = json!({ "root": reference(first), "parent": reference(last) });
    let again = network
        .post(json!({ "text": "고마워요", "reply": reply }))
        .await;
    let second = desk.message(2).await;
    assert_eq!(second.thread.as_deref(), first["uri"].as_str());
    assert_eq!(second.in_reply_to.as_deref(), last["uri"].as_str());
    for (count, post) in [(3, &again), (4, first)] {
        let uri = post["uri"].as_str().unwrap().to_owned();
        let order = json!({ "command": "delete", "uri": uri });
        network.alice.ask(order).await;
        let via = "bluesky".to_owned();
        let deleted = Inward::Deleted { via, key: uri };
        assert_eq!(desk.wait(count).await[count - 1], deleted);
    }
}
