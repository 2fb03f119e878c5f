//! How a chat ends, or does not: a silent citizen who is still there, and the conversation that is
//! mailed. Never what is said in between.

use super::chat::{Citizen, answer, ready};
use super::{House, Reply, Request, city};
use center::city::ContactId;
use center::event::{Event, Fate};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A house that asks after a second and a half whether the citizen is still there.
async fn impatient() -> House {
    let mut city = city();
    (city.limits.chat_nudge_ms, city.limits.chat_silent_ms) = (1_500, 60_000);
    House::open_in(city, |_| {}).await
}

async fn until_log(house: &House, citizen: &Citizen, shown: bool) -> Reply {
    for _ in 0..100 {
        let log = house.get("/chat/log", &citizen.cookie).await;
        if log.body.contains("action=\"/chat/here\"") == shown {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the question did not come or go");
}

async fn seen_present(house: &House, contact: ContactId) -> usize {
    let entries = house.archive.timeline(contact).await.unwrap();
    let present = |event: &Event| matches!(event, Event::StillPresent { .. });
    entries.iter().filter(|entry| present(&entry.event)).count()
}

#[tokio::test]
async fn whoever_is_asked_is_there_by_one_button_or_by_typing_on() {
    let house = impatient().await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "text/html").await;
    citizen.write(&house, "hello", "n1").await;
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    let log = until_log(&house, &citizen, true).await;
    assert!(log.body.contains("I am still here") && log.body.contains(" left"));
    let reply = citizen.post(&house, "/chat/here", "").await;
    let place = reply.header("location");
    assert_eq!((reply.status, place), (303, Some("/chat/log")));
    until_log(&house, &citizen, false).await;
    assert_eq!(seen_present(&house, contact).await, 1);

    until_log(&house, &citizen, true).await;
    let headers = [
        ("cookie", citizen.cookie.as_str()),
        ("content-type", "application/json"),
    ];
    for _ in 0..5 {
        let typing = Request::new("POST", "/chat/whisper", &headers, r#"{"t":"writes"}"#);
        assert_eq!(house.send(typing).await.status, 204);
    }
    until_log(&house, &citizen, false).await;
    assert_eq!(
        seen_present(&house, contact).await,
        2,
        "five words of it are one"
    );
    let nobody = [("content-type", "application/json")];
    let here = house
        .send(Request::new("POST", "/chat/here", &nobody, ""))
        .await;
    assert_eq!(here.status, 401);
    house.close().await;
}

async fn mail(house: &House, citizen: &Citizen, to: &str) -> Reply {
    let headers = [
        ("cookie", citizen.cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
        ("accept-language", "en"),
    ];
    let body = format!("address={to}");
    house
        .send(Request::new("POST", "/chat/mail", &headers, &body))
        .await
}

#[tokio::test]
async fn a_chat_is_mailed_once_to_an_address_and_to_three_at_most() {
    let house = House::open_with(|settings| {
        settings.writing.mails_to = Some(Arc::new(|text| text.contains('@')));
    })
    .await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    assert_eq!(mail(&house, &citizen, "a%40b.example").await.status, 409);
    citizen.write(&house, "hello", "n1").await;
    let early = mail(&house, &citizen, "a%40b.example").await;
    assert_eq!(
        early.status, 409,
        "nobody mails strangers what nobody answered"
    );
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    assert_eq!(mail(&house, &citizen, "nobody").await.status, 422);
    for (to, status) in [
        ("kim%40b.example", 200),
        ("KIM%40b.example", 200),
        ("lee%40b.example", 200),
        ("park%40b.example", 200),
        ("choi%40b.example", 429),
    ] {
        let reply = mail(&house, &citizen, to).await;
        assert_eq!(reply.status, status, "{to}: {}", reply.body);
    }
    let messages = house.archive.messages(contact).await.unwrap();
    let to: Vec<(&str, &str)> = messages
        .iter()
        .filter(|message| message.house_text == center::written::TRANSCRIPT)
        .map(|message| (message.letter.address.as_str(), message.fortune.as_str()))
        .collect();
    let due = ["kim@b.example", "lee@b.example", "park@b.example"];
    assert_eq!(to, due.map(|to| (to, "queued")));
    let entries = house.archive.timeline(contact).await.unwrap();
    let told = format!("{entries:?}");
    assert!(!told.contains("b.example"), "the journal knows no address");
    let page = house.get("/chat", &citizen.cookie).await;
    assert!(page.body.contains("action=\"/chat/mail\""));
    house.close().await;
}

#[tokio::test]
async fn where_no_mail_leaves_only_the_download_is_offered() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "hello", "n1").await;
    let page = house.get("/chat", &citizen.cookie).await;
    assert!(page.body.contains("/chat/transcript") && !page.body.contains("/chat/mail"));
    assert_eq!(mail(&house, &citizen, "a%40b.example").await.status, 404);
    house.close().await;
}

/// A WebSocket that is opened and then says nothing more, or answers what it is asked; the status
/// of the line after a while.
async fn hold(house: &House, cookie: &str, answers: bool, long: Duration) -> bool {
    let mut stream = TcpStream::connect(house.web.local_addr()).await.unwrap();
    let request = format!(
        "GET /chat/ws?after=0&lang=en HTTP/1.1\r\nhost: test\r\norigin: http://test\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: {cookie}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let until = tokio::time::Instant::now() + long;
    let mut part = [0; 4_096];
    loop {
        match tokio::time::timeout_at(until, stream.read(&mut part)).await {
            Err(_) => return true,
            Ok(Ok(0) | Err(_)) => return false,
            Ok(Ok(count)) => {
                let asked = String::from_utf8_lossy(&part[..count]).contains("ping");
                if asked && answers {
                    let pong = br#"{"t":"pong"}"#;
                    let mut frame = vec![0x81, 0x80 | pong.len() as u8, 0, 0, 0, 0];
                    frame.extend_from_slice(pong);
                    stream.write_all(&frame).await.unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn a_dead_line_is_noticed_and_whoever_left_so_left_silently() {
    let house = House::open_with(|settings| {
        settings.writing.chat_ping = Duration::from_millis(300);
        settings.writing.chat_gone = Duration::from_millis(1_500);
    })
    .await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "hello", "n1").await;
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    let long = Duration::from_secs(4);
    assert!(
        hold(&house, &citizen.cookie, true, long).await,
        "it answers and stays"
    );
    let open = house.hub.board().borrow().contact(contact).is_some();
    assert!(open, "whoever answers is there, however long");
    assert!(
        !hold(&house, &citizen.cookie, false, long).await,
        "it is dead"
    );
    let mut board = house.hub.board();
    let closed = board.wait_for(|board| board.contact(contact).is_none());
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "nobody noticed");
    let mut fate = None;
    for _ in 0..100 {
        fate = house.archive.contact(contact).await.unwrap().unwrap().fate;
        if fate.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(fate, Some(Fate::Silent));
    house.close().await;
}
