//! The desk's inbox over a real socket: conversations, answers, laying aside, merging, whispers.
//! Never the citizen's page.

use super::chat::{Citizen, ready};
use super::{House, Reply};
use center::city::{Channel, ContactId};
use center::command::{Answer, Command, Written};
use center::event::{Fate, Marks};
use center::record::Stage;
use std::sync::Arc;
use store::{Letter, Personal, note_digest};

/// A text message from a number.
async fn text(house: &House, number: &str, thread: &str, text: &str) -> ContactId {
    let marks = Marks {
        urgent: text.contains("fire"),
        ..Marks::default()
    };
    wrote(house, (Channel::Text, "phone", number), thread, text, marks).await
}

/// A message by a channel, from a kind of address.
pub(crate) async fn wrote(
    house: &House,
    (channel, kind, address): (Channel, &str, &str),
    thread: &str,
    text: &str,
    marks: Marks,
) -> ContactId {
    let written = Written {
        key: format!("{thread} {text}"),
        channel,
        via: "carrier".into(),
        thread: thread.into(),
        caller: house.archive.token(address),
        language: None,
        digest: note_digest("n", text),
        letters: text.chars().count() as u32,
        files: 0,
        marks,
        consent: None,
    };
    let row = Personal::Letter {
        contact: ContactId(0),
        message: 0,
        letter: Box::new(Letter {
            nonce: "n".into(),
            text: text.into(),
            address_kind: kind.into(),
            address: address.into(),
            name: if kind == "account" {
                "Ada Lovelace"
            } else {
                ""
            }
            .into(),
            ..Letter::default()
        }),
    };
    let written = Command::Written(Box::new(written));
    match house.hub.send_with(written, vec![row]).await.unwrap() {
        Answer::Message { contact, .. } => contact,
        other => panic!("no message: {other:?}"),
    }
}

pub(crate) async fn accept(house: &House, who: &(String, String), contact: ContactId) {
    house.until(contact, Stage::Ringing).await;
    let body = format!("{{\"contact\":{contact}}}");
    assert_eq!(house.act(who, "accept", &body).await.status, 200);
    house.until(contact, Stage::Talk).await;
}

pub(crate) async fn letters(
    house: &House,
    who: &(String, String),
    contact: ContactId,
) -> serde_json::Value {
    let reply = house.get(&format!("/desk/letters/{contact}"), &who.0).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

async fn reply(house: &House, who: &(String, String), contact: ContactId, id: &str) -> Reply {
    let body = format!("{{\"contact\":{contact},\"text\":\"answer\",\"id\":\"{id}\"}}");
    house.act(who, "reply", &body).await
}

#[tokio::test]
async fn an_offer_shows_first_lines_and_hides_the_address() {
    let house = House::open().await;
    let (who, mut desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "The lamp is out").await;
    house.until(contact, Stage::Ringing).await;
    desk.until("\"channel\":\"text\"").await;
    let offered = letters(&house, &who, contact).await;
    assert_eq!(offered["messages"][0]["text"], "The lamp is out");
    assert_eq!(offered["address"], "•••-••••-••78");
    let other = house.sign_in("odd").await;
    let foreign = house
        .get(&format!("/desk/letters/{contact}"), &other.0)
        .await;
    assert_eq!(foreign.status, 404, "it rings at one desk");
    accept(&house, &who, contact).await;
    assert_eq!(
        letters(&house, &who, contact).await["address"],
        "010-1234-5678"
    );
    house.close().await;
}

#[tokio::test]
async fn an_answer_that_is_sent_twice_is_one_and_carries_its_fate() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "hello").await;
    accept(&house, &who, contact).await;
    let first = reply(&house, &who, contact, "id-1").await;
    let second = reply(&house, &who, contact, "id-1").await;
    assert_eq!((first.status, &first.body), (200, &second.body));
    let shown = letters(&house, &who, contact).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 2);
    assert_eq!(shown["messages"][1]["by"], "counselor");
    assert_eq!(shown["messages"][1]["fortune"], "waiting to leave");
    assert_eq!(reply(&house, &who, contact, "").await.status, 400);
    let other = house.sign_in("lee").await;
    assert_eq!(reply(&house, &other, contact, "id-2").await.status, 409);
    house.close().await;
}

#[tokio::test]
async fn what_would_not_arrive_does_not_leave() {
    let house = House::open_with(|settings| {
        settings.writing.composer = Arc::new(|channel, via, text| {
            assert_eq!((channel, via), (Channel::Text, "carrier"));
            web::Composed {
                letters: text.chars().count(),
                parts: 2,
                limit: 10,
                lost: text
                    .contains('ß')
                    .then(|| "ß".to_owned())
                    .into_iter()
                    .collect(),
                hint: "by carrier".into(),
                ..web::Composed::default()
            }
        });
    })
    .await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "hello").await;
    accept(&house, &who, contact).await;
    let ask =
        |text: &str| format!("{{\"contact\":{contact},\"text\":\"{text}\",\"id\":\"{text}\"}}");
    let composed = house.act(&who, "compose", &ask("groß")).await;
    assert!(composed.body.contains("\"parts\":2") && composed.body.contains("\"lost\":[\"ß\"]"));
    for (text, key) in [("groß", "lost"), ("eleven letters", "too_long")] {
        let refused = house.act(&who, "reply", &ask(text)).await;
        assert_eq!(refused.status, 422);
        assert!(
            refused.body.contains(&format!("\"key\":\"{key}\"")),
            "{}",
            refused.body
        );
    }
    assert_eq!(house.act(&who, "reply", &ask("fine")).await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn a_text_is_laid_aside_and_given_to_a_colleague() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "hello").await;
    accept(&house, &who, contact).await;
    let other = house.sign_in("lee").await;
    let mut colleague = super::Live::open(&house, "/desk/events", &other.0).await;
    colleague.until("\"doing\":\"rest\"").await;
    let give = format!("{{\"contact\":{contact},\"to\":2}}");
    assert_eq!(house.act(&who, "assign", &give).await.status, 200);
    colleague.until(&format!("\"contact\":{contact}")).await;
    assert_eq!(
        house.act(&who, "assign", &give).await.status,
        409,
        "not theirs any more"
    );
    for (until, status) in [
        ("yesterday", 400),
        ("2020-01-01T00:00", 409),
        ("tomorrow", 200),
    ] {
        let lay = format!("{{\"contact\":{contact},\"until\":\"{until}\"}}");
        assert_eq!(
            house.act(&other, "snooze", &lay).await.status,
            status,
            "{until}"
        );
    }
    house.until(contact, Stage::Snoozed).await;
    house.close().await;
}

#[tokio::test]
async fn contacts_of_one_citizen_are_merged_and_taken_apart() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let first = text(&house, "+821012345678", "a", "one").await;
    accept(&house, &who, first).await;
    let second = text(&house, "+821012345678", "b", "two").await;
    accept(&house, &who, second).await;
    let stranger = text(&house, "+821099999999", "c", "three").await;
    accept(&house, &who, stranger).await;
    let shown = letters(&house, &who, first).await;
    assert_eq!(shown["related"][0]["contact"], second.0);
    assert_eq!(
        shown["related"].as_array().unwrap().len(),
        1,
        "not the stranger"
    );
    let merge = |from: ContactId| format!("{{\"contact\":{from},\"into\":{first}}}");
    assert_eq!(house.act(&who, "merge", &merge(stranger)).await.status, 400);
    assert_eq!(house.act(&who, "merge", &merge(second)).await.status, 200);
    let row = house.archive.contact(second).await.unwrap().unwrap();
    assert_eq!(row.fate, Some(Fate::Merged));
    let shown = letters(&house, &who, first).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 2);
    assert_eq!(shown["merged"][0]["contact"], second.0);
    let undo = format!("{{\"contact\":{second}}}");
    assert_eq!(house.act(&who, "unmerge", &undo).await.status, 200);
    house.until(second, Stage::Talk).await;
    house.close().await;
}

#[tokio::test]
async fn an_emergency_is_on_the_desk_at_once() {
    let house = House::open().await;
    let (who, mut desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "fire in the house").await;
    desk.until("\"urgent\":true").await;
    let shown = letters(&house, &who, contact).await;
    assert_eq!(shown["messages"][0]["urgent"], true);
    assert_eq!(shown["messages"][1]["text"], "named 119 and 112");
    house.close().await;
}

#[tokio::test]
async fn the_language_is_corrected_and_everything_follows() {
    let house = House::open().await;
    let (who, mut desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "Good morning").await;
    accept(&house, &who, contact).await;
    let ask = |language: &str| format!("{{\"contact\":{contact},\"language\":\"{language}\"}}");
    assert_eq!(house.act(&who, "language", &ask("xx")).await.status, 400);
    let other = house.sign_in("lee").await;
    assert_eq!(house.act(&other, "language", &ask("en")).await.status, 409);
    assert_eq!(house.act(&who, "language", &ask("en")).await.status, 200);
    desk.until("\"language\":\"en\"").await;
    let file = format!("{{\"contact\":{contact},\"category\":\"TRF-04-01\",\"outcome\":\"AN\"}}");
    let filed = house.act(&who, "classify", &file).await;
    assert_eq!(filed.status, 200, "{}", filed.body);
    let close = format!("{{\"contact\":{contact},\"ready\":true}}");
    assert_eq!(house.act(&who, "finish", &close).await.status, 200);
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.language, center::city::Language::En);
    let page = house
        .get(&format!("/contacts/{contact}?lang=en"), &who.0)
        .await;
    assert!(
        page.body.contains("corrected the language: English"),
        "{}",
        page.body
    );
    house.close().await;
}

#[tokio::test]
async fn two_who_look_at_one_conversation_know_it() {
    let house = House::open().await;
    let (who, mut desk) = ready(&house, "kim").await;
    let contact = text(&house, "+821012345678", "t", "hello").await;
    accept(&house, &who, contact).await;
    let other = house.sign_in("lee").await;
    let body = format!("{{\"contact\":{contact}}}");
    assert_eq!(house.act(&other, "look", &body).await.status, 200);
    let told = desk.until("\"what\":\"looks\"").await;
    assert!(told.contains("이상담"), "{told}");
    house.close().await;
}

#[tokio::test]
async fn a_chat_by_its_page_and_a_text_share_one_desk() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "by the page", "n1").await;
    accept(&house, &who, citizen.contact()).await;
    let contact = text(&house, "+821012345678", "t", "by text").await;
    accept(&house, &who, contact).await;
    let end = format!("{{\"contact\":{contact}}}");
    assert_eq!(
        house.act(&who, "hang-up", &end).await.status,
        409,
        "a text has no line"
    );
    let end = format!("{{\"contact\":{}}}", citizen.contact());
    assert_eq!(house.act(&who, "hang-up", &end).await.status, 200);
    house.until(citizen.contact(), Stage::WrapUp).await;
    house.close().await;
}

#[tokio::test]
async fn what_a_caller_wrote_goes_into_the_record_of_the_call() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let number = "+821012345678";
    let call = house.call("call-1", number).await;
    accept(&house, &who, call).await;
    let written = text(&house, number, "t", "Here is the address: 1-2").await;
    let stranger = text(&house, "+821099999999", "s", "hello").await;
    house.until(written, Stage::Queue).await;
    house.until(stranger, Stage::Queue).await;
    let pop = async || {
        let reply = house.get(&format!("/desk/contacts/{call}"), &who.0).await;
        serde_json::from_str::<serde_json::Value>(&reply.body).unwrap()
    };
    let shown = pop().await;
    let related: Vec<u64> = shown["related"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["contact"].as_u64())
        .collect();
    assert_eq!(related, [written.0], "not {stranger}");
    let merge = |from: ContactId| format!("{{\"contact\":{from},\"into\":{call}}}");
    assert_eq!(house.act(&who, "merge", &merge(stranger)).await.status, 400);
    assert_eq!(house.act(&who, "merge", &merge(written)).await.status, 200);
    let row = house.archive.contact(written).await.unwrap().unwrap();
    assert_eq!((row.fate, row.merged), (Some(Fate::Merged), Some(call)));
    let shown = pop().await;
    assert_eq!(
        (&shown["related"], shown["merged"][0]["contact"].as_u64()),
        (&serde_json::json!([]), Some(written.0))
    );
    let page = house.get(&format!("/contacts/{call}"), &who.0).await;
    assert!(
        page.body.contains("Here is the address"),
        "the record shows it"
    );
    let undo = format!("{{\"contact\":{written}}}");
    assert_eq!(house.act(&who, "unmerge", &undo).await.status, 200);
    house.until(written, Stage::Queue).await;
    house.close().await;
}

#[tokio::test]
async fn a_mail_is_merged_only_once_its_address_is_proved() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let from = (Channel::Mail, "mail", "ada@example.org");
    let first = wrote(&house, from, "a", "one", Marks::default()).await;
    accept(&house, &who, first).await;
    let second = wrote(&house, from, "b", "two", Marks::default()).await;
    accept(&house, &who, second).await;
    let related = async || letters(&house, &who, first).await["related"].clone();
    assert_eq!(
        related().await,
        serde_json::json!([]),
        "anybody may write such a sender"
    );
    let merge = format!("{{\"contact\":{second},\"into\":{first}}}");
    assert_eq!(house.act(&who, "merge", &merge).await.status, 400);
    for (contact, thread) in [(first, "a"), (second, "b")] {
        assert_eq!(reply(&house, &who, contact, thread).await.status, 200);
        // The answer to the answer came back by its token.
        wrote(&house, from, thread, "thank you", Marks::default()).await;
    }
    assert_eq!(related().await[0]["contact"], second.0);
    assert_eq!(house.act(&who, "merge", &merge).await.status, 200);
    house.close().await;
}
