//! Texts over a real gateway, node-smpp: long, broken, throttled, interrupted, receipted.

use crate::house::{House, Room};
use crate::mail::Keys;
use crate::peer::{Peer, npm};
use center::city::{Channel, ContactId};
use messaging::letter::{Address, AddressKind, Fortune, Outgoing};
use messaging::outlet::{Outlet, Submitted, Unsent};
use messaging::secret::Secret;
use messaging::sms::smpp::{Bind, Line, Settings, Smpp};
use messaging::sms::text::{Encoding, Joining};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A gateway, a connection to it, and the house behind it.
struct Line120 {
    smsc: Peer,
    house: House,
    room: Room,
    settings: Settings,
    outlet: Outlet,
    line: watch::Receiver<Line>,
    running: JoinHandle<()>,
}

fn settings(port: u64) -> Settings {
    let text = format!(
        r#"
        name = "kt"
        address = "127.0.0.1:{port}"
        system_id = "city120"
        password = "secret"
        number = "120"
        per_second = 1000
        [carrier]
        encodings = ["ucs2"]
        [times]
        bind_ms = 5000
        again_ms = 50
        again_max_ms = 100
        throttle_ms = 20
        "#
    );
    toml::from_str(&text).unwrap()
}

fn run(
    settings: &Settings,
    house: &House,
    room: &Room,
) -> (Outlet, watch::Receiver<Line>, JoinHandle<()>) {
    let smpp = Smpp::new(settings.clone(), house.inlet.clone(), room.memory()).unwrap();
    let (outlet, orders) = Outlet::new(16);
    let line = smpp.line();
    (outlet, line, tokio::spawn(smpp.run(orders)))
}

impl Line120 {
    /// `None` where there is no npm.
    async fn open(change: impl FnOnce(&mut Settings)) -> Option<Line120> {
        Line120::open_at(&[], change).await
    }

    /// At a gateway with more arguments.
    async fn open_at(more: &[String], change: impl FnOnce(&mut Settings)) -> Option<Line120> {
        let modules = npm("smpp", "0.5.1")?;
        let mut smsc = Peer::start_with("smsc.cjs", &modules, more);
        let port = smsc.event("listening").await["port"].as_u64().unwrap();
        let mut settings = settings(port);
        change(&mut settings);
        let house = House::new();
        let room = Room::new().await;
        let (outlet, line, running) = run(&settings, &house, &room);
        let mut opened = Line120 {
            smsc,
            house,
            room,
            settings,
            outlet,
            line,
            running,
        };
        opened.bound(true).await;
        Some(opened)
    }

    async fn bound(&mut self, bound: bool) {
        let both = |line: &Line| line.receiving == bound && line.sending == bound;
        let waited = tokio::time::timeout(Duration::from_secs(30), self.line.wait_for(both));
        waited.await.expect("the line changes").unwrap();
    }

    /// The house stops where it stands and another one starts on its paper.
    async fn crash(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
        self.smsc.event("closed").await;
        (self.outlet, self.line, self.running) = run(&self.settings, &self.house, &self.room);
        self.bound(true).await;
    }

    async fn deliver(&mut self, pdu: Value) {
        let mut whole = json!({"source_addr": "01012345678", "destination_addr": "120"});
        for (field, value) in pdu.as_object().unwrap() {
            whole[field] = value.clone();
        }
        self.smsc.say(json!({"do": "deliver", "pdu": whole})).await;
    }

    /// The gateway's answer to the command with this number.
    async fn answer(&mut self, sequence: u64) -> u64 {
        let answer = |event: &Value| event["event"] == "answer" && event["sequence"] == sequence;
        self.smsc.hear(answer).await["status"].as_u64().unwrap()
    }

    async fn send(&self, text: &str) -> Result<Submitted, Unsent> {
        self.outlet.send(outgoing(text)).await
    }
}

fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        contact: ContactId(7),
        message: 1,
        channel: Channel::Text,
        via: "kt".into(),
        to: Address {
            kind: AddressKind::Phone,
            value: "+821012345678".into(),
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

fn long(text: &str, joining: &str, coding: u8, size: usize) -> Value {
    json!({
        "do": "long",
        "text": text,
        "from": "01012345678",
        "joining": joining,
        "coding": coding,
        "size": size,
        "reference": 200,
    })
}

#[tokio::test]
async fn a_thousand_letters_in_sixteen_parts_out_of_order_are_one_message() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    let thousand: String = ('가'..).take(1_000).collect();
    // Every part ends within an emoji.
    let emoji = "길🙂".repeat(100);
    let korean = "안녕하세요 ".repeat(60);
    for (text, joining, coding, size, parts) in [
        (thousand.as_str(), "udh16", 8, 132, 16),
        (emoji.as_str(), "udh8", 8, 132, 5),
        (thousand.as_str(), "sar", 8, 134, 15),
        (korean.as_str(), "udh8", 14, 133, 5),
    ] {
        line.smsc.say(long(text, joining, coding, size)).await;
        assert_eq!(line.smsc.event("parts").await["total"], parts);
        let message = line.house.message().await;
        assert_eq!(message.text, text, "{joining}");
        assert_eq!(
            (message.from.value.as_str(), message.to.as_str()),
            ("01012345678", "120")
        );
        assert_eq!((message.channel, message.damage), (Channel::Text, None));
    }
    line.deliver(json!({"data_coding": 8, "message_payload": thousand}))
        .await;
    assert_eq!(line.house.message().await.text, thousand);
    line.house.assert_empty();
}

#[tokio::test]
async fn parts_survive_a_crash_and_come_by_another_bind() {
    let Some(mut line) = Line120::open(|settings| settings.bind = Bind::Pair).await else {
        return;
    };
    let text = "가".repeat(150);
    let mut order = long(&text, "udh16", 8, 132);
    let receiver = |event: &Value| event["command"] == "bind_receiver";
    line.smsc.hear(receiver).await;
    order["only"] = json!([2, 0]);
    line.smsc.say(order.clone()).await;
    for sequence in [1, 2] {
        assert_eq!(line.answer(sequence).await, 0);
    }
    line.crash().await;
    assert_eq!(line.room.memory().waiting()[0].missing, [2]);
    // The first part again, whose answer may have been lost, then the last one.
    order["only"] = json!([0, 1]);
    line.smsc.say(order.clone()).await;
    let message = line.house.message().await;
    assert_eq!(message.text, text);
    // The last one again.
    order["only"] = json!([1]);
    line.smsc.say(order).await;
    for sequence in [1, 2, 3] {
        assert_eq!(line.answer(sequence).await, 0);
    }
    assert_eq!(line.house.messages(), 1);
}

#[tokio::test]
async fn nothing_is_acknowledged_that_the_house_did_not_take() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    line.house.refuse(true);
    line.deliver(json!({"short_message": "pothole", "data_coding": 0}))
        .await;
    assert_eq!(line.answer(1).await, 0x64);
    let text = "나".repeat(100);
    line.smsc.say(long(&text, "udh8", 8, 134)).await;
    let last = [line.answer(2).await, line.answer(3).await];
    assert!(last == [0, 0x64] || last == [0x64, 0], "{last:?}");
    line.house.refuse(false);
    // The gateway tries again, also the last part.
    line.deliver(json!({"short_message": "pothole", "data_coding": 0}))
        .await;
    assert_eq!(line.answer(4).await, 0);
    assert_eq!(line.house.message().await.text, "pothole");
    line.smsc.say(long(&text, "udh8", 8, 134)).await;
    assert_eq!(line.house.message().await.text, text);
    assert_eq!((line.answer(5).await, line.answer(6).await), (0, 0));
    line.house.assert_empty();
}

#[tokio::test]
async fn the_same_words_twice_are_two_messages_but_one_when_the_answer_was_lost() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    let words = json!({"short_message": "네", "data_coding": 8});
    line.deliver(words.clone()).await;
    assert_eq!(line.answer(1).await, 0);
    // The house asks so that it knows what was heard.
    line.smsc.event("enquired").await;
    line.deliver(words.clone()).await;
    assert_eq!(line.answer(2).await, 0);
    assert_eq!(line.house.messages(), 2);
    // The gateway speaks again, and may not have heard the answer all the same: the line breaks.
    line.smsc.say(json!({"do": "enquire"})).await;
    line.smsc
        .hear(|event| event["command"] == "enquire_link_resp")
        .await;
    line.crash().await;
    line.deliver(words.clone()).await;
    assert_eq!(line.answer(1).await, 0);
    assert_eq!(line.house.messages(), 2);
    line.deliver(words).await;
    assert_eq!(line.answer(2).await, 0);
    assert_eq!(line.house.messages(), 3);
}

#[tokio::test]
async fn junk_never_drops_the_bind() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    let pdu = |id: u32, sequence: u32, body: &[u8]| -> Value {
        let length = 16 + body.len() as u32;
        let head = [length, id, 0, sequence];
        let head = head.iter().flat_map(|field| field.to_be_bytes());
        let bytes: Vec<u8> = head.chain(body.iter().copied()).collect();
        json!({"do": "raw", "bytes": bytes})
    };
    let body = |validity: &str, coding: u8, length: u8, rest: &[u8]| -> Vec<u8> {
        let numbers = b"\0\0\x010101\0\0\x01120\0\0\0\0\0";
        let rest = [&[0, 0, 0, coding, 0, length], rest].concat();
        [numbers, validity.as_bytes(), &rest].concat()
    };
    // Five letters of validity, which other programs hang up at.
    line.smsc
        .say(pdu(5, 901, &body("00010", 0, 2, b"hi")))
        .await;
    let message = line.house.message().await;
    assert_eq!(
        (message.text.as_str(), message.from.value.as_str()),
        ("hi", "0101")
    );
    assert_eq!(line.answer(901).await, 0);
    // A length that goes beyond the end; no end at all.
    line.smsc.say(pdu(5, 902, &body("", 0, 255, b"hi"))).await;
    let letter = line.house.dead_letter().await;
    assert_eq!((letter.reason, letter.via.as_str()), ("short", "kt"));
    assert!(letter.bytes.ends_with(b"hi"));
    assert_eq!(line.answer(902).await, 0x65);
    line.smsc.say(pdu(5, 903, &[b'x'; 300])).await;
    assert_eq!(line.house.dead_letter().await.reason, "unended");
    assert_eq!(line.answer(903).await, 0x65);
    // An unknown command, one far too long, one that is an answer to nothing.
    line.smsc.say(pdu(0x1_0200, 904, b"?")).await;
    assert_eq!(line.answer(904).await, 3);
    line.smsc.say(pdu(5, 905, &vec![0; 80_000])).await;
    assert_eq!(line.answer(905).await, 2);
    line.smsc.say(pdu(0x8000_0004, 906, b"")).await;
    // A vendor's parameter, a code of its own, a binary message, a receipt without an id.
    let vendor = body("", 0x84, 2, b"\xb1\xe6\x14\x00\0\x02\x09\x09");
    line.smsc.say(pdu(5, 907, &vendor)).await;
    assert_eq!(line.house.message().await.text, "길");
    line.smsc.say(pdu(5, 908, &body("", 4, 1, b"x"))).await;
    assert_eq!(line.house.dead_letter().await.reason, "binary");
    line.deliver(json!({"short_message": "?", "esm_class": 4, "data_coding": 0}))
        .await;
    assert_eq!(line.house.dead_letter().await.reason, "receipt-without-id");
    let data = json!({"source_addr": "010", "destination_addr": "120", "data_coding": 8});
    let mut whole = data.clone();
    whole["message_payload"] = json!("데이터");
    line.smsc.say(json!({"do": "data", "pdu": whole})).await;
    assert_eq!(line.house.message().await.text, "데이터");
    // After all that the same bind still works, both ways.
    line.smsc.say(json!({"do": "enquire"})).await;
    line.smsc
        .hear(|event| event["command"] == "enquire_link_resp")
        .await;
    assert!(line.send("still here").await.is_ok());
    line.smsc.event("submit").await;
    line.house.assert_empty();
}

#[tokio::test]
async fn a_long_answer_leaves_in_whichever_way_the_gateway_wants() {
    let text = "답변 🙂 ".repeat(60);
    for (joining, parts) in [
        (Joining::Udh8, 6),
        (Joining::Udh16, 6),
        (Joining::Sar, 6),
        (Joining::Payload, 1),
    ] {
        let opened = Line120::open(|settings| settings.carrier.joining = joining).await;
        let Some(mut line) = opened else {
            return;
        };
        let taken = line.send(&text).await.unwrap();
        assert_eq!((taken.parts, taken.receipt), (parts, true), "{joining:?}");
        let mut joined = String::new();
        for number in 1..=parts {
            let part = line.smsc.event("submit").await;
            joined.push_str(part["text"].as_str().unwrap());
            assert_eq!(
                (&part["from"], &part["to"]),
                (&json!("120"), &json!("821012345678"))
            );
            let end = format!("{parts:02x}{number:02x}");
            match joining {
                Joining::Udh8 => assert!(part["udh"].as_str().unwrap().ends_with(&end)),
                Joining::Udh16 => assert!(part["udh"].as_str().unwrap().starts_with("0804")),
                Joining::Sar => assert_eq!(part["sar"][2], number),
                Joining::Payload => assert_eq!(part["payload"], true),
            }
        }
        assert_eq!(joined, text);
    }
}

#[tokio::test]
async fn old_telephones_get_euc_kr_and_what_it_lacks_never_leaves() {
    let opened = Line120::open(|settings| settings.carrier.encodings = vec![Encoding::EucKr]).await;
    let Some(mut line) = opened else {
        return;
    };
    assert_eq!(line.send("길이 패였어요").await.unwrap().parts, 1);
    let part = line.smsc.event("submit").await;
    assert_eq!(
        (&part["text"], &part["coding"]),
        (&json!("길이 패였어요"), &json!(14))
    );
    let never = Err(Unsent::Never("unencodable".into()));
    assert_eq!(line.send("고마워요 🙂").await, never);
}

#[tokio::test]
async fn a_throttled_text_is_tried_again_and_a_refused_one_is_not() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    line.smsc
        .say(json!({"do": "submit", "how": "status", "left": 3, "status": 0x58}))
        .await;
    assert!(line.send("later").await.is_ok());
    for refused in [true, true, true, false] {
        assert_eq!(line.smsc.event("submit").await["refused"], refused);
    }
    line.smsc
        .say(json!({"do": "submit", "how": "status", "left": 1, "status": 0x0b}))
        .await;
    assert_eq!(
        line.send("nobody").await,
        Err(Unsent::Never("0x0000000b".into()))
    );
    assert!(line.send("somebody").await.is_ok());
}

#[tokio::test]
async fn a_killed_gateway_is_bound_again_and_what_may_have_left_is_unknown() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    line.smsc
        .say(json!({"do": "submit", "how": "silent"}))
        .await;
    let outlet = line.outlet.clone();
    let sent = tokio::spawn(async move { outlet.send(outgoing("did it leave?")).await });
    line.smsc.event("submit").await;
    line.smsc.say(json!({"do": "kill"})).await;
    assert_eq!(sent.await.unwrap(), Err(Unsent::Unknown));
    line.bound(false).await;
    assert!(matches!(
        line.send("not now").await,
        Err(Unsent::Later { after: Some(_) })
    ));
    line.smsc.say(json!({"do": "submit", "how": "ok"})).await;
    line.smsc.say(json!({"do": "listen"})).await;
    line.bound(true).await;
    assert!(line.send("again").await.is_ok());
    line.deliver(json!({"short_message": "hello", "data_coding": 0}))
        .await;
    assert_eq!(line.house.message().await.text, "hello");
    // The gateway says goodbye of its own accord.
    line.smsc.say(json!({"do": "unbind"})).await;
    line.bound(false).await;
    line.bound(true).await;
    // And so does the house when nobody sends any more.
    drop(line.outlet);
    line.smsc.event("unbind").await;
    line.running.await.unwrap();
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_left() {
    let opened = Line120::open(|settings| {
        settings.times.enquire_ms = 50;
        settings.times.answer_ms = 100;
    });
    let Some(mut line) = opened.await else {
        return;
    };
    line.smsc.event("enquired").await;
    line.smsc.event("enquired").await;
    assert!(line.line.borrow().sending);
    line.smsc.say(json!({"do": "answering", "on": false})).await;
    line.bound(false).await;
    line.smsc.event("closed").await;
}

#[tokio::test]
async fn a_wrong_password_is_tried_again_until_it_is_right() {
    let Some(modules) = npm("smpp", "0.5.1") else {
        return;
    };
    let mut smsc = Peer::start("smsc.cjs", &modules);
    let port = smsc.event("listening").await["port"].as_u64().unwrap();
    let mut settings = settings(port);
    settings.password = Secret::new("wrong");
    let (house, room) = (House::new(), Room::new().await);
    let (outlet, line, _running) = run(&settings, &house, &room);
    for _ in 0..2 {
        assert_eq!(smsc.event("bind").await["right"], false);
    }
    assert!(!line.borrow().sending);
    assert!(matches!(
        outlet.send(outgoing("a")).await,
        Err(Unsent::Later { .. })
    ));
}

#[tokio::test]
async fn receipts_find_their_message_in_every_shape() {
    let Some(mut line) = Line120::open(|_| {}).await else {
        return;
    };
    let long = "가".repeat(100);
    for (how, text) in [
        ("tlv", "a"),
        ("text", "b"),
        ("decimal", "c"),
        ("zeros", "d"),
        ("decimal", long.as_str()),
    ] {
        line.smsc.say(json!({"do": "receipts", "how": how})).await;
        let taken = line.send(text).await.unwrap();
        let receipt = line.house.receipt().await;
        assert_eq!(
            (receipt.reference, receipt.via.as_str()),
            (taken.reference, "kt"),
            "{how}"
        );
        assert_eq!(receipt.fortune, Fortune::Delivered);
    }
    line.smsc
        .say(json!({"do": "receipts", "how": "failed"}))
        .await;
    let taken = line.send("e").await.unwrap();
    let receipt = line.house.receipt().await;
    assert_eq!(
        (receipt.reference, receipt.fortune),
        (taken.reference, Fortune::Failed)
    );
    assert_eq!(receipt.code, "UNDELIV 000");
    line.house.assert_empty();
}

#[tokio::test]
async fn only_a_gateway_whose_certificate_is_trusted_hears_the_password() {
    let (Some(keys), Some(others)) = (Keys::make(), Keys::make()) else {
        return;
    };
    let own = [keys.path("tls.key"), keys.path("tls.crt")];
    let opened = Line120::open_at(&own, |settings| {
        settings.tls = true;
        settings.authority = Some(keys.path("tls.crt").into());
        settings.server_name = Some("localhost".to_owned());
    });
    let Some(mut line) = opened.await else {
        return;
    };
    assert_eq!(line.smsc.event("bind").await["right"], true);
    line.deliver(json!({"short_message": "안녕하세요", "data_coding": 8}))
        .await;
    assert_eq!(line.house.message().await.text, "안녕하세요");
    let long = "가".repeat(1_000);
    assert_eq!(line.send(&long).await.unwrap().parts, 15);

    let mut stranger = line.settings.clone();
    stranger.authority = Some(others.path("tls.crt").into());
    let mut misnamed = line.settings.clone();
    misnamed.server_name = Some("smsc.example".to_owned());
    for (settings, why) in [(stranger, "BadSignature"), (misnamed, "not valid for name")] {
        let (_outlet, mut shown, running) = run(&settings, &line.house, &line.room);
        let trouble = |line: &Line| !line.trouble.is_empty();
        let told = shown.wait_for(trouble).await.unwrap().trouble.clone();
        assert!(
            told.starts_with("TLS was refused, nothing was said"),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
        running.abort();
    }
    line.smsc.say(json!({"do": "enquire"})).await;
    assert!(
        !line.smsc.came("bind"),
        "nobody told a stranger the password"
    );

    let unread = Settings {
        authority: Some("/nowhere/ca.pem".into()),
        ..line.settings.clone()
    };
    let refused = Smpp::new(unread, line.house.inlet.clone(), line.room.memory());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the authority cannot be read"
    );
}
