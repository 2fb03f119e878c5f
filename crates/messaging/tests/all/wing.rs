//! From a connection into the record and back: a real hub over a real store, connections played by
//! the test.

use center::city::{
    Category, Channel, City, CounselorId, CounselorProfile, Language, Need, OutcomeCode, Queue,
    Ring, Weights,
};
use center::command::{CallText, Command, Reply};
use center::effect::Effect;
use center::event::{Event, Fate};
use center::menu::Menu;
use center::time::{OpeningHours, Zone};
use hub::{Hub, Personal, Wings};
use messaging::Unasked;
use messaging::inlet::{Inlet, Inward, Taken};
use messaging::judge::{Cleaned, Judge};
use messaging::letter::{Address, AddressKind, Attachment, DeadLetter, Fortune, Incoming, Receipt};
use messaging::links::Links;
use messaging::outlet::{Order, Outlet, Submitted, Unsent};
use messaging::wing::{Start, Wing};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Letter, Place, note_digest};
use tokio::sync::mpsc;

pub const KIM: CounselorId = CounselorId(1);

/// Where files are offered.
pub const LINKS: &str = "https://120.city.example/files";

/// A center with one text queue and one counselor who is ready.
pub struct House {
    pub hub: Hub,
    pub archive: Archive,
    pub inlet: Inlet,
    pub orders: mpsc::Receiver<Order>,
    wing: Wing,
    effects: mpsc::UnboundedReceiver<hub::Outgoing>,
    folder: tempfile::TempDir,
}

fn names(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("en".to_owned(), name.to_owned())])
}

pub fn city() -> City {
    let queue = |code: &str, channel| Queue {
        code: code.to_owned(),
        names: names(code),
        channel,
        language: None,
        rings: vec![Ring {
            after_ms: 0,
            needs: vec![Need {
                skill: "ko".to_owned(),
                level: 1,
            }],
        }],
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: 10,
        target_ms: 180_000,
        callback_from_ms: 180_000,
        handling_ms: 110_000,
        patience_ms: 400_000,
    };
    let texts = center::written::TEXTS.map(|name| (name.to_owned(), names(name)));
    City {
        names: names("Town"),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: vec![
            queue("general", Channel::Voice),
            queue("texts", Channel::Text),
            queue("posts", Channel::Social),
            queue("mails", Channel::Mail),
        ],
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: vec![CounselorProfile {
            id: KIM,
            login: "kim".to_owned(),
            name: "Kim".to_owned(),
            skills: BTreeMap::from([("ko".to_owned(), 5)]),
            supervisor: false,
            library: center::knowledge::Role::default(),
        }],
        categories: vec![Category {
            code: "ETC".to_owned(),
            names: names("Other"),
            leaf: true,
        }],
        outcomes: vec![OutcomeCode {
            code: "AN".to_owned(),
            names: names("Answered"),
        }],
        texts: BTreeMap::from(texts),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: false,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}

fn judge() -> Judge {
    Judge {
        language: |text| text.contains("hello").then_some(Language::En),
        letters: |text| text.chars().count(),
        urgent: |text| text.contains("fire"),
        consent: |text| (text == "STOP").then_some(false),
        clean: Arc::new(|attachment: &Attachment| Cleaned {
            shown: Some(attachment.bytes.clone()),
            small: None,
            media_type: "image/jpeg".to_owned(),
            withheld: String::new(),
        }),
    }
}

impl House {
    pub async fn open() -> House {
        House::on(tempfile::tempdir().unwrap()).await
    }

    async fn on(folder: tempfile::TempDir) -> House {
        House::connected(folder, |_| BTreeMap::new()).await
    }

    /// With connections beside the one that the test plays.
    pub async fn connected(
        folder: tempfile::TempDir,
        connect: impl FnOnce(&Inlet) -> BTreeMap<String, Outlet>,
    ) -> House {
        let city = Arc::new(city());
        let place = Place::Folder(folder.path().to_owned());
        let (journal, archive) = store::open(&place, &city).await.unwrap();
        let (hub, wings) = hub::start(hub::Start { city, journal }).await.unwrap();
        let Wings {
            letters, effects, ..
        } = wings;
        let mut wing = Wing::open(Start {
            hub: hub.clone(),
            archive: archive.clone(),
            judge: judge(),
            country: "82".to_owned(),
            sweep_every: Duration::from_millis(20),
        });
        let (outlet, orders) = Outlet::new(16);
        let links = Links::new(hub.clone(), archive.clone(), LINKS);
        let outlet = outlet.linked(Some(links));
        let mut outlets = connect(&wing.inlet);
        outlets.insert("smsc".to_owned(), outlet);
        let unasked = Unasked {
            texter: Some("smsc".to_owned()),
            ..Unasked::default()
        };
        wing.send(outlets, unasked, letters.unwrap());
        hub.send(Command::SignIn { counselor: KIM }).await.unwrap();
        hub.send(Command::Ready { counselor: KIM }).await.unwrap();
        House {
            inlet: wing.inlet.clone(),
            hub,
            archive,
            orders,
            wing,
            effects,
            folder,
        }
    }

    /// Stops where it stands and starts on the same paper.
    pub async fn restart(self) -> House {
        let House {
            folder,
            wing,
            hub,
            archive,
            inlet,
            effects,
            orders,
        } = self;
        wing.stop();
        drop((hub, archive, inlet, effects, orders));
        tokio::time::sleep(Duration::from_millis(200)).await;
        House::on(folder).await
    }

    /// Stops where it stands, and counts everything again.
    pub async fn assert_clean(self) {
        let House {
            folder,
            wing,
            hub,
            archive,
            inlet,
            effects,
            orders,
        } = self;
        wing.stop();
        drop((hub, archive, inlet, effects, orders));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let place = Place::Folder(folder.path().to_owned());
        let report = store::audit(&place, &Arc::new(city())).await.unwrap();
        assert!(report.clean(), "{:?}", report.differences);
    }

    pub async fn texts(&self, key: &str, text: &str) -> Taken {
        self.inlet.message(incoming(key, text)).await.unwrap()
    }

    /// The contact that rings next at Kim's desk.
    pub async fn rings(&mut self) -> center::city::ContactId {
        loop {
            let next = self.effects.recv().await.unwrap();
            if let Effect::Ring { contact, .. } = next.effect {
                return contact;
            }
        }
    }

    /// The desk rings: Kim takes it and writes.
    pub async fn answer(&mut self, text: &str) -> (center::city::ContactId, u32) {
        self.answer_with(text, Vec::new()).await
    }

    /// The same, with files.
    pub async fn answer_with(
        &mut self,
        text: &str,
        files: Vec<store::File>,
    ) -> (center::city::ContactId, u32) {
        let contact = self.rings().await;
        let counselor = KIM;
        let accept = Command::Accept { counselor, contact };
        self.hub.send(accept).await.unwrap();
        let (reply, row) = reply_of(contact, text, files);
        let sent = self.hub.send_with(reply, vec![row]);
        match sent.await.unwrap() {
            center::command::Answer::Message {
                contact, message, ..
            } => (contact, message),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a message has this fate.
    pub async fn fate(&self, contact: center::city::ContactId, message: u32, fate: &str) {
        fate_of(&self.archive, contact, message, fate).await;
    }
}

/// Waits until a message has this fate.
pub async fn fate_of(
    archive: &Archive,
    contact: center::city::ContactId,
    message: u32,
    fate: &str,
) {
    for _ in 0..400 {
        let found = archive.message(contact, message).await.unwrap();
        if found.is_some_and(|found| found.fortune == fate) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("message {message} never became {fate}");
}

/// What Kim writes to a citizen, and its row.
pub fn reply_of(
    contact: center::city::ContactId,
    text: &str,
    files: Vec<store::File>,
) -> (Command, Personal) {
    let reply = Reply {
        counselor: KIM,
        contact,
        answers: 0,
        text: None,
        digest: note_digest("00", text),
        letters: text.chars().count() as u32,
        files: files.len() as u16,
        private: false,
    };
    let letter = Letter {
        nonce: "00".to_owned(),
        text: text.to_owned(),
        files,
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact: center::city::ContactId(0),
        message: 0,
        letter: Box::new(letter),
    };
    (Command::Reply(Box::new(reply)), row)
}

pub fn incoming(key: &str, text: &str) -> Incoming {
    Incoming {
        channel: Channel::Text,
        via: "smsc".to_owned(),
        key: key.to_owned(),
        from: Address {
            kind: AddressKind::Phone,
            value: "010-1234-5678".to_owned(),
            name: None,
        },
        to: "120".to_owned(),
        thread: None,
        in_reply_to: None,
        subject: None,
        text: text.to_owned(),
        html: None,
        attachments: Vec::new(),
        public: false,
        automatic: false,
        standing: messaging::letter::Standing::default(),
        damage: None,
    }
}

fn picture(content: &str) -> Attachment {
    Attachment {
        name: format!("{content}.jpg"),
        media_type: "image/jpeg".to_owned(),
        bytes: content.as_bytes().to_vec(),
        description: String::new(),
    }
}

#[tokio::test]
async fn a_text_is_in_the_record_before_its_gateway_hears_so_and_counted_once() {
    let house = House::open().await;
    let mut with_picture = incoming("m1", "가로등 hello");
    with_picture.attachments.push(Attachment {
        name: "../../etc/passwd".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: vec![7; 50_000],
        description: String::new(),
    });
    let taken = house.inlet.message(with_picture.clone()).await.unwrap();
    let Taken::Message {
        contact,
        again: false,
    } = taken
    else {
        panic!("{taken:?}")
    };
    let messages = house.archive.messages(contact).await.unwrap();
    assert_eq!(messages[0].letter.text, "가로등 hello");
    assert_eq!(messages[0].letter.address, "+821012345678");
    let file = &messages[0].letter.files[0];
    let bytes = house.archive.blobs().read(&file.blob).unwrap();
    assert_eq!(bytes, vec![7; 50_000]);
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!((row.language, row.messages_in), (Language::En, 1));
    let again = house.inlet.message(with_picture).await.unwrap();
    assert_eq!(
        again,
        Taken::Message {
            contact,
            again: true
        }
    );
    assert_eq!(house.archive.messages(contact).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_leaves_by_the_connection_it_came_by_and_its_receipt_finds_it() {
    let mut house = House::open().await;
    house.texts("m1", "안녕하세요").await;
    let (contact, message) = house.answer("네, 안녕하세요").await;
    let order = house.orders.recv().await.unwrap();
    assert_eq!(order.outgoing.text, "네, 안녕하세요");
    assert_eq!(order.outgoing.to.value, "+821012345678");
    assert_eq!(order.outgoing.in_reply_to.as_deref(), Some("m1"));
    let taken = Submitted {
        reference: "77".to_owned(),
        receipt: true,
        parts: 1,
    };
    order.reply.send(Ok(taken)).unwrap();
    house.fate(contact, message, "submitted").await;
    let receipt = Receipt {
        via: "smsc".to_owned(),
        reference: "77".to_owned(),
        fortune: Fortune::Delivered,
        code: "DELIVRD".to_owned(),
    };
    let told = house.inlet.hand_in(Inward::Receipt(receipt.clone())).await;
    assert_eq!(told, Ok(Taken::Kept));
    house.fate(contact, message, "delivered").await;
    let again = house.inlet.hand_in(Inward::Receipt(receipt)).await;
    assert_eq!(again, Ok(Taken::Unknown), "told twice, taken once");
}

#[tokio::test]
async fn a_busy_gateway_is_asked_again_and_a_refusal_is_final() {
    let mut house = House::open().await;
    house.texts("m1", "하나").await;
    let (contact, message) = house.answer("답").await;
    let after = Some(Duration::from_millis(10));
    let order = house.orders.recv().await.unwrap();
    order.reply.send(Err(Unsent::Later { after })).unwrap();
    let order = house.orders.recv().await.unwrap();
    assert!(!order.outgoing.perhaps_again, "it never left");
    let never = Unsent::Never("11".to_owned());
    order.reply.send(Err(never)).unwrap();
    house.fate(contact, message, "failed").await;
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.undelivered, 1);
}

#[tokio::test]
async fn a_broken_line_is_tried_once_more_and_marked() {
    let mut house = House::open().await;
    house.texts("m1", "하나").await;
    let (contact, message) = house.answer("답").await;
    let order = house.orders.recv().await.unwrap();
    order.reply.send(Err(Unsent::Unknown)).unwrap();
    let order = house.orders.recv().await.unwrap();
    assert!(order.outgoing.perhaps_again);
    let taken = Submitted {
        reference: String::new(),
        receipt: false,
        parts: 1,
    };
    order.reply.send(Ok(taken)).unwrap();
    house.fate(contact, message, "delivered").await;
    let timeline = house.archive.timeline(contact).await.unwrap();
    let marked = |entry: &store::Entry| {
        let unknown = center::event::Fortune::Unknown;
        matches!(&entry.event, Event::MessageFared { fortune, .. } if *fortune == unknown)
    };
    assert!(timeline.iter().any(marked), "the record says perhaps twice");
}

#[tokio::test]
async fn what_is_unknown_twice_is_never_sent_a_third_time() {
    let mut house = House::open().await;
    house.texts("m1", "하나").await;
    let (contact, message) = house.answer("답").await;
    for again in [false, true] {
        let order = house.orders.recv().await.unwrap();
        assert_eq!(order.outgoing.perhaps_again, again);
        order.reply.send(Err(Unsent::Unknown)).unwrap();
    }
    house.fate(contact, message, "unknown").await;
    let third = tokio::time::timeout(Duration::from_millis(600), house.orders.recv()).await;
    assert!(
        third.is_err(),
        "thirty sweeps later nobody sent it: {third:?}"
    );
    let mut house = house.restart().await;
    let third = tokio::time::timeout(Duration::from_millis(600), house.orders.recv()).await;
    assert!(third.is_err(), "nor after a stop: {third:?}");
}

#[tokio::test]
async fn what_was_under_way_when_the_house_stopped_is_sent_and_marked() {
    let mut house = House::open().await;
    house.texts("m1", "하나").await;
    let (contact, message) = house.answer("답").await;
    // The gateway has it, the house never hears: nobody knows.
    let order = house.orders.recv().await.unwrap();
    drop(order.outgoing);
    std::mem::forget(order.reply);
    let mut house = house.restart().await;
    let order = house.orders.recv().await.unwrap();
    assert_eq!(order.outgoing.text, "답");
    assert!(order.outgoing.perhaps_again);
    let taken = Submitted {
        reference: "9".to_owned(),
        receipt: false,
        parts: 1,
    };
    order.reply.send(Ok(taken)).unwrap();
    house.fate(contact, message, "delivered").await;
    let again = house.texts("m1", "하나").await;
    assert!(matches!(again, Taken::Message { again: true, .. }));
}

#[tokio::test]
async fn the_house_answers_by_itself_in_the_language_of_the_citizen() {
    let mut house = House::open().await;
    let long = format!("hello {}", "a".repeat(1_200));
    house.texts("m1", &long).await;
    let order = house.orders.recv().await.unwrap();
    assert_eq!(order.outgoing.text, "too_long");
    house.texts("m2", "fire in my house").await;
    let order = house.orders.recv().await.unwrap();
    assert_eq!(order.outgoing.text, "emergency");
}

#[tokio::test]
async fn an_opt_out_is_kept_and_what_cannot_be_read_is_too() {
    let house = House::open().await;
    let taken = house.texts("m1", "STOP").await;
    let Taken::Message { contact, .. } = taken else {
        panic!("{taken:?}")
    };
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.fate, Some(Fate::Automatic));
    assert!(house.archive.opted_out(&row.caller).await.unwrap());
    let dead = DeadLetter {
        via: "smsc".to_owned(),
        key: "x".to_owned(),
        reason: "truncated",
        bytes: vec![1, 2, 3],
    };
    for _ in 0..2 {
        let handed = house.inlet.hand_in(Inward::DeadLetter(dead.clone())).await;
        assert_eq!(handed, Ok(Taken::Kept));
    }
    let kept = house.archive.dead_letters(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    let bytes = house.archive.blobs().read(&kept[0].blob).unwrap();
    assert_eq!(bytes, [1, 2, 3]);
}

#[tokio::test]
async fn posts_are_changed_and_taken_back_and_the_record_keeps_both() {
    let house = House::open().await;
    let post = |key: &str, text: &str| Incoming {
        channel: Channel::Social,
        thread: Some("post-1".to_owned()),
        from: Address {
            kind: AddressKind::Account,
            value: "https://example.test/ada".to_owned(),
            name: Some("Ada".to_owned()),
        },
        public: true,
        ..incoming(key, text)
    };
    let with = |text: &str, pictures: &[&str]| Incoming {
        attachments: pictures.iter().map(|name| picture(name)).collect(),
        ..post("p1", text)
    };
    let first = with("first", &["hole"]);
    let taken = house.inlet.message(first).await.unwrap();
    let Taken::Message { contact, .. } = taken else {
        panic!("{taken:?}")
    };
    let before = house.archive.message(contact, 1).await.unwrap().unwrap();
    let edited = Inward::Edited(Box::new(with("second", &["street", "map"])));
    house.inlet.hand_in(edited).await.unwrap();
    let after = house.archive.message(contact, 1).await.unwrap().unwrap();
    let shown = |files: &[store::File]| -> Vec<String> {
        let read = |file: &store::File| house.archive.blobs().read(&file.blob).unwrap();
        let text = |file| String::from_utf8(read(file)).unwrap();
        files.iter().map(text).collect()
    };
    assert_eq!(shown(&after.letter.files), ["street", "map"]);
    assert_eq!(
        shown(&before.letter.files),
        ["hole"],
        "what was sent first stays"
    );
    let deleted = Inward::Deleted {
        via: "smsc".to_owned(),
        key: "p1".to_owned(),
    };
    assert_eq!(house.inlet.hand_in(deleted).await, Ok(Taken::Kept));
    let messages = house.archive.messages(contact).await.unwrap();
    assert!(messages[0].withdrawn && messages[0].marks.public);
    assert_eq!(messages[0].letter.text, "second");
    assert_eq!(messages[0].earlier, ["first"]);
    let unknown = Inward::Deleted {
        via: "smsc".to_owned(),
        key: "p9".to_owned(),
    };
    assert_eq!(house.inlet.hand_in(unknown).await, Ok(Taken::Unknown));
}

const CALLER: &str = "+821012345678";

/// Somebody calls and speaks with Kim.
async fn speaks(house: &mut House) -> center::city::ContactId {
    let arrived = Command::Arrived {
        key: "call".to_owned(),
        channel: Channel::Voice,
        caller: house.archive.token(CALLER),
        via: "page".to_owned(),
        live: true,
    };
    let row = Personal::Number {
        contact: center::city::ContactId(0),
        number: CALLER.to_owned(),
        raw: CALLER.to_owned(),
    };
    house.hub.send_with(arrived, vec![row]).await.unwrap();
    let contact = house.rings().await;
    let counselor = KIM;
    let accept = Command::Accept { counselor, contact };
    house.hub.send(accept).await.unwrap();
    contact
}

/// Kim sends the caller an answer to keep.
async fn texts_caller(house: &House, contact: center::city::ContactId) -> u32 {
    let text = "Passports are at the district office.";
    let command = CallText {
        counselor: KIM,
        contact,
        to: None,
        digest: note_digest("n", text),
        letters: text.chars().count() as u32,
    };
    let row = Personal::Letter {
        contact,
        message: 0,
        letter: Box::new(Letter {
            nonce: "n".to_owned(),
            text: text.to_owned(),
            address_kind: "phone".to_owned(),
            address: CALLER.to_owned(),
            ..Letter::default()
        }),
    };
    let command = Command::TextCaller(Box::new(command));
    match house.hub.send_with(command, vec![row]).await.unwrap() {
        center::command::Answer::Message { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_caller_is_texted_and_who_texts_back_is_known_as_the_caller() {
    let mut house = House::open().await;
    let contact = speaks(&mut house).await;
    let message = texts_caller(&house, contact).await;
    let order = house.orders.recv().await.unwrap();
    assert_eq!(order.outgoing.to.value, CALLER);
    assert_eq!(order.outgoing.channel, Channel::Text);
    assert!(order.outgoing.text.starts_with("Passports"));
    let taken = Submitted {
        reference: "78".to_owned(),
        receipt: true,
        parts: 1,
    };
    order.reply.send(Ok(taken)).unwrap();
    house.fate(contact, message, "submitted").await;
    // The call is over before the receipt is there.
    let left = Command::Left {
        contact,
        ending: center::command::Ending::Citizen,
    };
    house.hub.send(left).await.unwrap();
    let counselor = KIM;
    let (category, outcome) = (Some("ETC".to_owned()), Some("AN".to_owned()));
    for command in [
        Command::Classify {
            counselor,
            contact,
            category,
            outcome,
        },
        Command::Finish {
            counselor,
            contact,
            ready: true,
        },
    ] {
        house.hub.send(command).await.unwrap();
    }
    let receipt = Receipt {
        via: "smsc".to_owned(),
        reference: "78".to_owned(),
        fortune: Fortune::Delivered,
        code: "DELIVRD".to_owned(),
    };
    let told = house.inlet.hand_in(Inward::Receipt(receipt)).await;
    assert_eq!(told, Ok(Taken::Kept));
    house.fate(contact, message, "delivered").await;

    let Taken::Message {
        contact: back,
        again: false,
    } = house.texts("m1", "고맙습니다").await
    else {
        panic!("a message");
    };
    assert_ne!(back, contact, "a call takes no letters");
    let row = house.archive.contact(back).await.unwrap().unwrap();
    let last = store::Search {
        caller: Some(row.caller),
        before: Some(back),
        limit: 5,
        ..store::Search::default()
    };
    let earlier = house.archive.contacts(&last).await.unwrap();
    let earlier: Vec<_> = earlier.iter().map(|row| row.contact).collect();
    assert_eq!(earlier, [contact], "the call is the last contact");
    house.assert_clean().await;
}

#[tokio::test]
async fn a_text_to_a_caller_leaves_after_a_stop_and_is_marked() {
    let mut house = House::open().await;
    let contact = speaks(&mut house).await;
    let message = texts_caller(&house, contact).await;
    drop(house.orders.recv().await.unwrap());
    let mut house = house.restart().await;
    let order = house.orders.recv().await.unwrap();
    assert!(order.outgoing.perhaps_again, "it may have left already");
    assert_eq!(order.outgoing.to.value, CALLER);
    let taken = Submitted {
        reference: String::new(),
        receipt: false,
        parts: 1,
    };
    order.reply.send(Ok(taken)).unwrap();
    house.fate(contact, message, "delivered").await;
    house.assert_clean().await;
}
