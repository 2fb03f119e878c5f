//! A citizen's chat over a real socket: with and without a script, twice sent, cut off, too long.
//! Never the desk's side beyond an answer.

use super::{House, Live, Reply, Request};
use center::city::{ContactId, Language};
use center::event::Event;
use center::record::Stage;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BOUNDARY: &str = "----part";

/// The body of the page's form.
pub(crate) fn form(text: &str, client: &str, file: Option<(&str, &str)>) -> String {
    let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=");
    let mut body = format!("{head}\"text\"\r\n\r\n{text}\r\n");
    body = format!("{body}{head}\"client\"\r\n\r\n{client}\r\n");
    if let Some((name, content)) = file {
        let kind = "content-type: application/octet-stream";
        body = format!("{body}{head}\"file\"; filename=\"{name}\"\r\n{kind}\r\n\r\n{content}\r\n");
    }
    format!("{body}--{BOUNDARY}--\r\n")
}

/// A citizen's browser: its cookie, and whether it wants pages.
pub(crate) struct Citizen {
    pub(crate) cookie: String,
    accept: &'static str,
}

impl Citizen {
    /// Presses the one button of the start page.
    pub(crate) async fn begin(house: &House, accept: &'static str) -> Citizen {
        let reply = house.send(Request::form("/chat/start", "", "")).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/chat"))
        );
        let mut citizen = Citizen {
            cookie: String::new(),
            accept,
        };
        citizen.keep(&reply);
        citizen
    }

    fn keep(&mut self, reply: &Reply) {
        if let Some(line) = reply.header("set-cookie") {
            assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict"));
            line.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
    }

    pub(crate) async fn post(&mut self, house: &House, path: &str, body: &str) -> Reply {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let cookie = self.cookie.clone();
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", kind.as_str()),
            ("accept", self.accept),
            ("accept-language", "en"),
        ];
        let reply = house.send(Request::new("POST", path, &headers, body)).await;
        self.keep(&reply);
        reply
    }

    pub(crate) async fn write(&mut self, house: &House, text: &str, client: &str) -> Reply {
        self.post(house, "/chat", &form(text, client, None)).await
    }

    /// The contact, as the signed cookie says.
    pub(crate) fn contact(&self) -> ContactId {
        let value = self.cookie.split('=').nth(1).unwrap();
        ContactId(value.split('.').nth(1).unwrap().parse().unwrap())
    }
}

/// A counselor who is signed in, connected and ready.
pub(crate) async fn ready(house: &House, login: &str) -> ((String, String), Live) {
    let who = house.sign_in(login).await;
    let mut desk = Live::open(house, "/desk/events", &who.0).await;
    desk.until("\"doing\":\"rest\"").await;
    assert_eq!(house.act(&who, "ready", "{}").await.status, 200);
    (who, desk)
}

pub(crate) async fn answer(house: &House, who: &(String, String), contact: ContactId, text: &str) {
    house.until(contact, Stage::Ringing).await;
    let body = format!("{{\"contact\":{contact}}}");
    assert_eq!(house.act(who, "accept", &body).await.status, 200);
    house.until(contact, Stage::Talk).await;
    let body = format!("{{\"contact\":{contact},\"text\":\"{text}\",\"id\":\"a-{text}\"}}");
    let reply = house.act(who, "reply", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[tokio::test]
async fn a_citizen_chats_without_a_script() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let start = house.get("/?lang=en", "").await;
    assert!(start.body.contains("action=\"/chat/start\""));
    let mut citizen = Citizen::begin(&house, "text/html").await;
    let page = house.get("/chat", &citizen.cookie).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("enctype=\"multipart/form-data\""));
    assert!(
        page.body
            .contains("<iframe id=\"plain\" class=\"plain-log\" src=\"/chat/log\"")
    );
    let reply = citizen.write(&house, "Where is <b>it</b>?", "one").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/chat"))
    );
    let contact = citizen.contact();
    answer(&house, &who, contact, "Here").await;
    let log = house.get("/chat/log", &citizen.cookie).await;
    assert!(
        log.body.contains("http-equiv=\"refresh\""),
        "it renews itself"
    );
    let still = house.get("/chat/log?still=1", &citizen.cookie).await;
    assert!(
        !still.body.contains("http-equiv"),
        "unless the citizen stopped it"
    );
    let policy = log.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'self'"));
    assert!(log.body.contains("&#60;b&#62;it") && log.body.contains("Here"));
    assert!(
        !log.body.contains("김다산"),
        "the city did not let the name be known"
    );
    let kept = house.get("/chat/transcript", &citizen.cookie).await;
    assert!(kept.body.contains("You: Where is <b>it</b>?") && kept.body.contains("Here"));
    citizen.post(&house, "/chat/end", "").await;
    house.until(contact, Stage::WrapUp).await;
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!((row.messages_in, row.messages_out), (1, 1));
    assert_eq!((row.language, row.via.as_str()), (Language::En, "page"));
    house.close().await;
}

#[tokio::test]
async fn a_message_that_is_sent_twice_is_one() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    let unsigned = citizen.cookie.clone();
    let first = citizen.write(&house, "once", "name-1").await;
    assert!(first.body.contains("\"again\":false"), "{}", first.body);
    // The answer was lost: the page still has its old cookie.
    citizen.cookie = unsigned;
    let second = citizen.write(&house, "once", "name-1").await;
    assert!(second.body.contains("\"message\":1") && second.body.contains("\"again\":true"));
    let third = citizen.write(&house, "once", "name-2").await;
    assert!(
        third.body.contains("\"message\":2"),
        "another name is another message"
    );
    let messages = house.archive.messages(citizen.contact()).await.unwrap();
    assert_eq!(messages.len(), 2);
    house.close().await;
}

#[tokio::test]
async fn what_is_not_taken_is_said_and_kept_in_the_field() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "text/html").await;
    // A thousand letters as people count them fit, however many bytes they have.
    let family = "👩‍👩‍👧‍👦";
    let long = family.repeat(1_001);
    let reply = citizen.write(&house, &long, "a").await;
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains("1001 letters") && reply.body.contains(&long));
    assert_eq!(
        citizen
            .write(&house, &family.repeat(1_000), "b")
            .await
            .status,
        303
    );
    assert_eq!(citizen.write(&house, "  ", "c").await.status, 422);
    let cases = [
        ("evil.pdf", "<svg onload=alert(1)>".to_owned(), 415),
        (
            "big.pdf",
            format!("%PDF-{}", "x".repeat(10 * 1024 * 1024)),
            413,
        ),
        (
            "huge.pdf",
            format!("%PDF-{}", "x".repeat(11 * 1024 * 1024)),
            413,
        ),
    ];
    for (name, content, status) in cases {
        let body = form("with a file", name, Some((name, &content)));
        assert_eq!(
            citizen.post(&house, "/chat", &body).await.status,
            status,
            "{name}"
        );
    }
    let messages = house.archive.messages(citizen.contact()).await.unwrap();
    assert_eq!(messages.len(), 1, "nothing of it was half taken");
    for forged in ["", "dasan-chat=a.1.2.3"] {
        citizen.cookie = forged.to_owned();
        assert_eq!(
            citizen.write(&house, "x", "d").await.header("location"),
            Some("/")
        );
    }
    house.close().await;
}

#[tokio::test]
async fn nobody_begins_or_writes_without_end() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    let mut refused = 0;
    for turn in 0..32 {
        let reply = citizen.write(&house, "again", &format!("n{turn}")).await;
        refused += u32::from(reply.status == 429);
    }
    assert_eq!(refused, 2);
    let mut begun = 1;
    while house
        .send(Request::form("/chat/start", "", ""))
        .await
        .status
        == 303
    {
        begun += 1;
    }
    assert_eq!(begun, 30);
    house.close().await;
}

#[tokio::test]
async fn a_file_is_for_the_counselor_of_the_contact() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let stranger = house.sign_in("odd").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    let body = form("", "f", Some(("../bill <1>.pdf", "%PDF-1.7 the bill")));
    assert_eq!(citizen.post(&house, "/chat", &body).await.status, 200);
    let contact = citizen.contact();
    answer(&house, &who, contact, "Thanks").await;
    let path = format!("/contacts/{contact}/letters/1/0");
    let file = house.get(&path, &who.0).await;
    assert_eq!(
        (file.status, file.body.as_str()),
        (200, "%PDF-1.7 the bill")
    );
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    assert!(
        file.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        file.header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(house.get(&path, &stranger.0).await.status, 403);
    assert_eq!(
        house.get(&path, &citizen.cookie).await.status,
        303,
        "not signed in"
    );
    let log = house.get("/chat/log", &citizen.cookie).await;
    assert!(log.body.contains("bill 1.pdf"));
    house.close().await;
}

#[tokio::test]
async fn the_live_line_replays_from_where_the_page_was() {
    let house = House::open().await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "first", "n1").await;
    let contact = citizen.contact();
    let mut live = Live::open(&house, "/chat/events?after=0&lang=en", &citizen.cookie).await;
    let told = live.until("\"t\":\"say\"").await;
    assert!(
        told.contains("\"n\":1") && told.contains("\"client\":\"n1\""),
        "{told}"
    );
    answer(&house, &who, contact, "second").await;
    live.until("\"text\":\"second\"").await;
    drop(live);
    citizen.write(&house, "third", "n3").await;
    let mut live = Live::open(&house, "/chat/events?after=2&lang=en", &citizen.cookie).await;
    let told = live.until("\"t\":\"say\"").await;
    assert!(told.contains("third"), "only what is new: {told}");
    live.until("\"stage\":\"talk\"").await;
    house.close().await;
}

/// Opens a WebSocket by hand; the answer's status and what comes within a moment.
async fn socket(house: &House, cookie: &str, origin: &str) -> String {
    let mut stream = TcpStream::connect(house.web.local_addr()).await.unwrap();
    let request = format!(
        "GET /chat/ws?after=0&lang=en HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: {cookie}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    let read = async {
        let mut part = [0; 4_096];
        while let Ok(count) = stream.read(&mut part).await {
            came.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&came);
            if count == 0 || text.contains("\"t\":\"state\"") {
                break;
            }
            if !text.starts_with("HTTP/1.1 101") && text.contains("\r\n\r\n") {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await;
    String::from_utf8_lossy(&came).into_owned()
}

#[tokio::test]
async fn only_the_own_page_opens_the_live_line() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "hello there", "n1").await;
    let own = socket(&house, &citizen.cookie, "http://test").await;
    assert!(own.starts_with("HTTP/1.1 101"), "{own}");
    assert!(own.contains("hello there") && own.contains("\"stage\":\"waiting\""));
    let foreign = socket(&house, &citizen.cookie, "http://evil").await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let nobody = socket(&house, "dasan-chat=x.1.2.3", "http://test").await;
    assert!(nobody.starts_with("HTTP/1.1 401"), "{nobody}");
    house.close().await;
}

#[tokio::test]
async fn half_written_text_reaches_the_desk_and_is_not_stored() {
    let house = House::open().await;
    let (who, mut desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "hello", "n1").await;
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    let headers = [
        ("cookie", citizen.cookie.as_str()),
        ("content-type", "application/json"),
    ];
    let body = r#"{"t":"draft","text":"not sent yet"}"#;
    let said = house
        .send(Request::new("POST", "/chat/whisper", &headers, body))
        .await;
    assert_eq!(said.status, 204);
    let told = desk.until("not sent yet").await;
    assert!(told.contains("\"what\":\"draft\""));
    let mut live = Live::open(&house, "/chat/events?after=0&lang=en", &citizen.cookie).await;
    live.until("\"stage\":\"talk\"").await;
    let body = format!("{{\"contact\":{contact}}}");
    assert_eq!(house.act(&who, "writes", &body).await.status, 200);
    live.until("Counselor is writing").await;
    let entries = house.archive.timeline(contact).await.unwrap();
    let written = |event: &Event| matches!(event, Event::MessageReceived { .. });
    assert_eq!(
        entries.iter().filter(|entry| written(&entry.event)).count(),
        1
    );
    let messages = house.archive.messages(contact).await.unwrap();
    assert!(
        messages
            .iter()
            .all(|message| !message.letter.text.contains("not sent"))
    );
    house.close().await;
}

#[tokio::test]
async fn a_page_that_is_gone_ends_the_chat_and_one_that_is_there_does_not() {
    let gone = Duration::from_millis(600);
    let house = House::open_with(|settings| settings.writing.chat_gone = gone).await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "bye", "n1").await;
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    let mut board = house.hub.board();
    let closed = board.wait_for(|board| board.contact(contact).is_none());
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "nobody noticed that the page is gone");
    // The board may be a moment ahead of the record.
    let mut fate = None;
    for _ in 0..100 {
        let row = house.archive.contact(contact).await.unwrap().unwrap();
        fate = row.fate;
        if fate.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(fate, Some(center::event::Fate::Silent));
    house.close().await;
}

#[tokio::test]
async fn the_city_decides_by_which_name_a_counselor_is_known() {
    let house = House::open_with(|settings| {
        let names = &mut settings.writing.public_names;
        names.insert(center::city::CounselorId(1), "Dasan".into());
    })
    .await;
    let (who, _desk) = ready(&house, "kim").await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "hello", "n1").await;
    let contact = citizen.contact();
    answer(&house, &who, contact, "yes").await;
    let log = house.get("/chat/log", &citizen.cookie).await;
    assert!(log.body.contains("Dasan is here for you"), "{}", log.body);
    house.close().await;
}

#[tokio::test]
async fn what_the_house_writes_is_the_citys_text_in_the_citizens_language() {
    let house = House::open().await;
    let mut citizen = Citizen::begin(&house, "application/json").await;
    citizen.write(&house, "Help me, not breathing", "n1").await;
    let log = house.get("/chat/log?lang=vi", &citizen.cookie).await;
    assert!(log.body.contains("Gọi 119"), "{}", log.body);
    let log = house.get("/chat/log?lang=zh", &citizen.cookie).await;
    assert!(log.body.contains("Call 119"), "no text of its own: English");
    house.close().await;
}

#[tokio::test]
async fn the_chat_speaks_six_languages() {
    let house = House::open().await;
    let citizen = Citizen::begin(&house, "text/html").await;
    for tag in ["ko", "en", "zh", "ja", "vi", "mn"] {
        let page = house
            .get(&format!("/chat?lang={tag}"), &citizen.cookie)
            .await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<html lang=\"{tag}\">")));
        let (_, shown) = page.body.split_once("</head>").unwrap();
        assert!(!shown.contains('{'), "{tag}: a place is not filled");
    }
    house.close().await;
}
