//! The pages over a real socket with a real center and store. Never a browser: that is the house's
//! own test.
#![allow(clippy::unwrap_used)]

#[path = "pages/answers.rs"]
mod answers;
#[path = "pages/chat.rs"]
mod chat;
#[path = "pages/chat_ends.rs"]
mod chat_ends;
#[path = "pages/desk_articles.rs"]
mod desk_articles;
#[path = "pages/form.rs"]
mod form;
#[path = "pages/inbox.rs"]
mod inbox;
#[path = "pages/library.rs"]
mod library;
#[path = "pages/library_files.rs"]
mod library_files;
#[path = "pages/open.rs"]
mod open;
#[path = "pages/proxies.rs"]
mod proxies;
#[path = "pages/public.rs"]
mod public;
#[path = "../src/sample_city.rs"]
mod sample_city;
#[path = "pages/synonyms.rs"]
mod synonyms;
#[path = "pages/tls.rs"]
mod tls;
#[path = "pages/unready.rs"]
mod unready;

use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::command::{Answer, Command, Ending};
use center::menu::{Menu, Node, Target};
use center::record::Stage;
use center::time::Time;
use hub::{Hub, MediaRequest};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Personal, Place};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use web::{Password, Settings, Web};

const KIOSK: &str = "wall-screen-token";

/// A city whose callers reach a counselor without a key.
fn city() -> City {
    let node = Node {
        play: Vec::new(),
        barge_in: true,
        keys: BTreeMap::from([('1', Target::Queue("general".into()))]),
        timeout_ms: 5_000,
        on_timeout: Target::Queue("general".into()),
        invalid_max: 2,
    };
    let small = sample_city::city();
    let mut queues = small.queues.clone();
    for (code, channel, language) in [
        ("chats", Channel::Chat, None),
        ("chats-en", Channel::Chat, Some(Language::En)),
        ("texts", Channel::Text, None),
        ("texts-en", Channel::Text, Some(Language::En)),
        ("posts", Channel::Social, None),
        ("mails", Channel::Mail, None),
    ] {
        let mut written = queues[0].clone();
        code.clone_into(&mut written.code);
        (written.channel, written.language) = (channel, language);
        queues.push(written);
    }
    let call = |language: &str, text: &str| (language.to_owned(), text.to_owned());
    let emergency = [call("en", "Call 119"), call("vi", "Gọi 119")];
    let texts = BTreeMap::from([("emergency".to_owned(), BTreeMap::from(emergency))]);
    City {
        queues,
        texts,
        menu: Menu {
            entry: "welcome".into(),
            nodes: BTreeMap::from([("welcome".into(), node)]),
        },
        ..small
    }
}

struct House {
    web: Web,
    hub: Hub,
    archive: Archive,
    folder: std::path::PathBuf,
}

impl House {
    async fn open() -> House {
        House::open_with(|_| {}).await
    }

    async fn open_with(change: impl FnOnce(&mut Settings)) -> House {
        House::open_in(city(), change).await
    }

    async fn open_in(city: City, change: impl FnOnce(&mut Settings)) -> House {
        House::open_at(House::folder(), city, change).await
    }

    /// A new folder for a record.
    fn folder() -> std::path::PathBuf {
        let mut name = [0_u8; 8];
        getrandom::fill(&mut name).unwrap();
        let folder =
            std::env::temp_dir().join(format!("dasan-web-{name:02x?}").replace([' ', ','], ""));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Opens on what is in a folder.
    async fn open_at(
        folder: std::path::PathBuf,
        city: City,
        change: impl FnOnce(&mut Settings),
    ) -> House {
        let city = Arc::new(city);
        let place = Place::Folder(folder.clone());
        let (journal, archive) = store::open(&place, &city).await.unwrap();
        let (hub, wings) = hub::start(hub::Start { city, journal }).await.unwrap();
        let (mut effects, mut media) = (wings.effects, wings.media);
        tokio::spawn(async move { while effects.recv().await.is_some() {} });
        tokio::spawn(async move {
            while let Some(request) = media.recv().await {
                if let MediaRequest::Desk { offer, reply, .. } = request {
                    let _ = reply.send(Ok(format!("answer to {offer}")));
                }
            }
        });
        let mut settings = Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            sign_in: vec![
                (CounselorId(1), Password::Sample("sesame".into())),
                (CounselorId(2), Password::Hash(web::hash_password("sesame"))),
                (CounselorId(3), Password::Sample("sesame".into())),
            ],
            secret: vec![9; 32],
            kiosk_token: Some(KIOSK.into()),
            beside: axum::Router::new(),
            origin: None,
            secure: false,
            tls: None,
            proxies: Vec::new(),
            number: "120".into(),
            country: "82".into(),
            sip: None,
            writing: web::Writing::default(),
            index: None,
        };
        change(&mut settings);
        let web = web::start(settings, hub.clone(), archive.clone())
            .await
            .unwrap();
        House {
            web,
            hub,
            archive,
            folder,
        }
    }

    async fn close(self) {
        self.web.stop().await;
        let _ = std::fs::remove_dir_all(self.folder);
    }

    async fn send(&self, request: Request<'_>) -> Reply {
        request.send(self.web.local_addr()).await
    }

    async fn get(&self, path: &str, cookie: &str) -> Reply {
        let headers = [
            ("accept", "text/html"),
            ("cookie", cookie),
            ("accept-language", "en"),
        ];
        self.send(Request::new("GET", path, &headers, "")).await
    }

    /// Signs in and gives the cookie and the form token of the desk page.
    async fn sign_in(&self, login: &str) -> (String, String) {
        let body = format!("login={login}&password=sesame");
        let reply = self.send(Request::form("/desk/sign-in", "", &body)).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let line = reply.header("set-cookie").unwrap();
        assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict"));
        let cookie = line.split(';').next().unwrap().to_owned();
        let page = self.get("/desk", &cookie).await;
        let token = page.body.split("name=\"token\" value=\"").nth(1).unwrap();
        (cookie, token.split('"').next().unwrap().to_owned())
    }

    async fn act(&self, who: &(String, String), verb: &str, body: &str) -> Reply {
        let headers = [
            ("cookie", who.0.as_str()),
            ("x-dasan-token", who.1.as_str()),
            ("content-type", "application/json"),
            ("accept-language", "en"),
        ];
        let path = format!("/desk/{verb}");
        self.send(Request::new("POST", &path, &headers, body)).await
    }

    /// A citizen calls; the number is known.
    async fn call(&self, key: &str, number: &str) -> ContactId {
        let arrived = Command::Arrived {
            key: key.into(),
            channel: Channel::Voice,
            caller: self.archive.token(number),
            via: "trunk".into(),
            live: true,
        };
        let row = Personal::Number {
            contact: ContactId(0),
            number: number.into(),
            raw: number.into(),
        };
        let Answer::Contact(contact) = self.hub.send_with(arrived, vec![row]).await.unwrap() else {
            panic!("no contact");
        };
        self.hub
            .send(Command::Key { contact, key: '1' })
            .await
            .unwrap();
        contact
    }

    /// Waits until the board shows the contact so.
    async fn until(&self, contact: ContactId, stage: Stage) {
        let mut board = self.hub.board();
        let shown = board.wait_for(|board| {
            board
                .contact(contact)
                .is_some_and(|view| view.stage == stage)
        });
        let found = tokio::time::timeout(Duration::from_secs(10), shown).await;
        assert!(
            found.is_ok_and(|found| found.is_ok()),
            "{contact} never reached {stage:?}"
        );
    }
}

struct Request<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    extra: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Request<'a> {
    fn new(
        method: &'a str,
        path: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: &'a str,
    ) -> Request<'a> {
        Request {
            method,
            path,
            headers,
            extra: Vec::new(),
            body,
        }
    }

    fn form(path: &'a str, cookie: &'a str, body: &'a str) -> Request<'a> {
        let mut request = Request::new("POST", path, &[], body);
        request.extra = vec![
            ("cookie", cookie),
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "text/html"),
            ("accept-language", "en"),
        ];
        request
    }

    fn text(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: test\r\n", self.method, self.path);
        for (name, value) in self.headers.iter().chain(&self.extra) {
            text = format!("{text}{name}: {value}\r\n");
        }
        let (length, body) = (self.body.len(), self.body);
        format!("{text}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    async fn send(self, address: SocketAddr) -> Reply {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(self.text().as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Reply {
            status: status.unwrap_or(0),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// A live stream, line by line.
struct Live(tokio::io::Lines<BufReader<TcpStream>>);

impl Live {
    async fn open(house: &House, path: &str, cookie: &str) -> Live {
        let headers = [("cookie", cookie), ("accept-language", "en")];
        let text = Request::new("GET", path, &headers, "").text();
        let mut stream = TcpStream::connect(house.web.local_addr()).await.unwrap();
        stream
            .write_all(text.replace("connection: close\r\n", "").as_bytes())
            .await
            .unwrap();
        Live(BufReader::new(stream).lines())
    }

    /// Reads on until a line holds the text.
    async fn until(&mut self, wanted: &str) -> String {
        let read = async {
            while let Some(line) = self.0.next_line().await.unwrap() {
                if line.contains(wanted) {
                    return line;
                }
            }
            panic!("the stream ended before `{wanted}`");
        };
        let found = tokio::time::timeout(Duration::from_secs(15), read).await;
        found.unwrap_or_else(|_| panic!("the stream never said `{wanted}`"))
    }
}

#[tokio::test]
async fn answers_carry_the_protecting_headers() {
    let house = House::open().await;
    let health = house.get("/healthz", "").await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok"));
    let page = house.get("/?lang=mn", "").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<html lang=\"mn\">"));
    assert!(
        page.header("set-cookie")
            .is_some_and(|line| line.starts_with("lang=mn;"))
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(
        page.header("strict-transport-security"),
        None,
        "this is http"
    );
    let style = page
        .body
        .split("href=\"")
        .find(|part| part.contains("style.css\""))
        .unwrap();
    let style = house.get(style.split('"').next().unwrap(), "").await;
    assert_eq!(style.status, 200);
    assert!(
        style
            .header("cache-control")
            .is_some_and(|keep| keep.contains("immutable"))
    );
    assert_eq!(house.get("/nothing", "").await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn nothing_of_the_staff_opens_without_signing_in() {
    let house = House::open().await;
    for path in [
        "/contacts",
        "/contacts/1",
        "/contacts/1/recordings/x",
        "/floor",
        "/statistics",
    ] {
        let reply = house.get(path, "").await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/desk")),
            "{path}"
        );
        let forged = "dasan=1.99999999999.00.00";
        assert_eq!(
            house.get(path, forged).await.status,
            303,
            "{path} with a forged cookie"
        );
    }
    for path in [
        "/desk/events",
        "/desk/state",
        "/desk/contacts/1",
        "/floor/events",
    ] {
        let reply = house.send(Request::new("GET", path, &[], "")).await;
        assert_eq!(reply.status, 401, "{path}");
    }
    for path in [
        "/desk/ready",
        "/desk/note",
        "/contacts/by-number",
        "/desk/sign-out",
    ] {
        let headers = [("content-type", "application/json")];
        let reply = house.send(Request::new("POST", path, &headers, "{}")).await;
        assert_eq!(reply.status, 401, "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let house = House::open().await;
    for _ in 0..10 {
        let reply = house
            .send(Request::form("/desk/sign-in", "", "login=kim&password=no"))
            .await;
        assert_eq!(reply.status, 401);
        assert!(reply.body.contains("not right"));
    }
    let reply = house
        .send(Request::form(
            "/desk/sign-in",
            "",
            "login=kim&password=sesame",
        ))
        .await;
    assert_eq!(reply.status, 429, "even the right password waits");
    let unknown = house
        .send(Request::form(
            "/desk/sign-in",
            "",
            "login=x&password=sesame",
        ))
        .await;
    assert_eq!(unknown.status, 401);
    house.sign_in("lee").await;
    house.close().await;
}

#[tokio::test]
async fn a_forged_request_changes_nothing() {
    let house = House::open().await;
    let kim = house.sign_in("kim").await;
    let without = (kim.0.clone(), String::new());
    assert_eq!(house.act(&without, "ready", "{}").await.status, 403);
    let lee = house.sign_in("lee").await;
    let foreign = (kim.0.clone(), lee.1);
    assert_eq!(house.act(&foreign, "ready", "{}").await.status, 403);
    for (name, value) in [("origin", "http://evil"), ("sec-fetch-site", "cross-site")] {
        let mut request = Request::form("/desk/sign-in", "", "login=kim&password=sesame");
        request.extra.push((name, value));
        assert_eq!(house.send(request).await.status, 403, "{name}");
    }
    let unsigned = house
        .send(Request::form("/contacts/by-number", &kim.0, "number=1"))
        .await;
    assert_eq!(unsigned.status, 403);
    let large = "x".repeat(300 * 1024);
    let body = format!(r#"{{"contact":1,"text":"{large}"}}"#);
    assert_eq!(house.act(&kim, "note", &body).await.status, 413);
    assert_eq!(house.act(&kim, "fly", "{}").await.status, 400);
    assert_eq!(
        house.act(&kim, "accept", "{\"contact\":99}").await.status,
        409
    );
    house.close().await;
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let house = House::open().await;
    let kim = house.sign_in("kim").await;
    let body = format!("token={}", kim.1);
    assert_eq!(house.get("/contacts", &kim.0).await.status, 200);
    let reply = house
        .send(Request::form("/desk/sign-out", &kim.0, &body))
        .await;
    assert_eq!(reply.status, 303);
    assert_eq!(
        house.get("/contacts", &kim.0).await.status,
        303,
        "the old cookie is dead"
    );
    house.close().await;
}

#[tokio::test]
async fn rights_end_at_the_own_contacts() {
    let house = House::open().await;
    let contact = house.call("k1", "+821012345678").await;
    let kim = house.sign_in("kim").await;
    for path in ["/floor", "/statistics", "/statistics.csv"] {
        assert_eq!(house.get(path, &kim.0).await.status, 403, "{path}");
    }
    assert_eq!(
        house
            .get(&format!("/contacts/{contact}"), &kim.0)
            .await
            .status,
        403
    );
    let list = house.get("/contacts", &kim.0).await;
    assert!(list.body.contains("No contact matches"));
    let lee = house.sign_in("lee").await;
    for path in ["/floor", "/statistics", "/statistics.csv", "/contacts/1"] {
        assert_eq!(house.get(path, &lee.0).await.status, 200, "{path}");
    }
    let record = house.get("/contacts/1", &lee.0).await;
    assert!(
        !record.body.contains("010-1234-56"),
        "masked: nobody spoke yet"
    );
    assert_eq!(house.get("/contacts/999", &lee.0).await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn a_supervisor_takes_over_a_record_that_was_left() {
    let house = House::open().await;
    let (counselor, colleague) = (CounselorId(1), CounselorId(2));
    for command in [Command::SignIn { counselor }, Command::Ready { counselor }] {
        house.hub.send(command).await.unwrap();
    }
    let contact = house.call("k1", "+821012345678").await;
    house.until(contact, Stage::Ringing).await;
    let ending = center::command::Ending::Citizen;
    for command in [
        Command::Accept { counselor, contact },
        Command::Left { contact, ending },
        Command::SignOut { counselor },
    ] {
        house.hub.send(command).await.unwrap();
    }
    let mut board = house.hub.board();
    let left = board.wait_for(|board| board.contact(contact).is_some_and(|v| v.unfinished));
    left.await.unwrap();
    let kim = house.sign_in("kim").await;
    let lee = house.sign_in("lee").await;
    let title = "Records waiting to be finished";
    assert!(!house.get("/contacts", &kim.0).await.body.contains(title));
    let list = house.get("/contacts", &lee.0).await.body;
    let path = format!("/contacts/{contact}/take-over");
    assert!(list.contains(title) && list.contains(&path), "{list}");
    for (who, token, status) in [
        (&kim, &kim.1, 403),
        (&lee, &kim.1, 403),
        (&lee, &lee.1, 303),
    ] {
        let body = format!("token={token}");
        let reply = house.send(Request::form(&path, &who.0, &body)).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let theirs = board.wait_for(|board| {
        let view = board.contact(contact);
        view.is_some_and(|view| view.counselor == Some(colleague) && !view.unfinished)
    });
    theirs.await.unwrap();
    assert!(!house.get("/contacts", &lee.0).await.body.contains(title));
    let record = house.get(&format!("/contacts/{contact}"), &lee.0).await;
    assert!(record.body.contains("Taken over by"), "{}", record.body);
    house.close().await;
}

#[tokio::test]
async fn a_wall_screen_shows_its_token_once() {
    let house = House::open().await;
    assert_eq!(house.get("/floor?key=wrong", "").await.status, 403);
    let reply = house.get(&format!("/floor?key={KIOSK}"), "").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/floor"))
    );
    let cookie = reply
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert!(!cookie.contains(KIOSK));
    let wall = house.get("/floor", &cookie).await;
    assert_eq!(wall.status, 200);
    assert!(!wall.body.contains("김다산"), "no names on a wall");
    let mut live = Live::open(&house, "/floor/events?lang=en", &cookie).await;
    live.until("Longest wait").await;
    assert_eq!(
        house.get("/statistics", &cookie).await.status,
        303,
        "it opens nothing else"
    );
    house.close().await;
}

#[tokio::test]
async fn a_call_goes_through_the_desk_into_record_and_statistics() {
    let house = House::open().await;
    let kim = house.sign_in("kim").await;
    let mut live = Live::open(&house, "/desk/events?lang=en", &kim.0).await;
    live.until("\"doing\":\"rest\"").await;
    let line = house.act(&kim, "headset", r#"{"offer":"v=0"}"#).await;
    assert_eq!(line.body, r#"{"answer":"answer to v=0"}"#);
    assert_eq!(house.act(&kim, "ready", "{}").await.status, 200);
    live.until("\"doing\":\"ready\"").await;
    let contact = house.call("k1", "+821012345678").await;
    live.until("\"stage\":\"ringing\"").await;

    let pop = house
        .get(&format!("/desk/contacts/{contact}"), &kim.0)
        .await;
    assert!(
        pop.body.contains("•••-••••-••78"),
        "masked before the voice: {}",
        pop.body
    );
    let body = format!(r#"{{"contact":{contact}}}"#);
    assert_eq!(house.act(&kim, "accept", &body).await.status, 200);
    live.until("\"stage\":\"talk\"").await;
    let pop = house
        .get(&format!("/desk/contacts/{contact}"), &kim.0)
        .await;
    assert!(
        pop.body.contains("010-1234-5678"),
        "clear while talking: {}",
        pop.body
    );

    let note = format!(r#"{{"contact":{contact},"text":"불법주차 <b>신고</b>"}}"#);
    assert_eq!(house.act(&kim, "note", &note).await.status, 200);
    assert_eq!(
        house.archive.personal(contact).await.unwrap().note,
        "불법주차 <b>신고</b>"
    );
    let finish = format!(r#"{{"contact":{contact},"ready":true}}"#);
    let early = house.act(&kim, "finish", &finish).await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("still_talking"));
    // Whoever hangs up at once has spoken with nobody, and the citizen goes to somebody else.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(house.act(&kim, "hang-up", &body).await.status, 200);
    live.until("\"stage\":\"wrap_up\"").await;
    let missing = house.act(&kim, "finish", &finish).await;
    assert_eq!(missing.status, 409);
    assert!(missing.body.contains("category_missing") && missing.body.contains("Choose"));
    let chosen = format!(r#"{{"contact":{contact},"category":"TRF-04-01","outcome":"AN"}}"#);
    assert_eq!(house.act(&kim, "classify", &chosen).await.status, 200);
    assert_eq!(house.act(&kim, "finish", &finish).await.status, 200);
    live.until("\"contacts\":[]").await;
    the_call_is_found(&house, &kim, contact).await;
    house.close().await;
}

/// In the record, in the list of its number, in the statistics.
async fn the_call_is_found(house: &House, kim: &(String, String), contact: ContactId) {
    let record = house.get(&format!("/contacts/{contact}"), &kim.0).await;
    assert_eq!(record.status, 200);
    for wanted in [
        "&#60;b&#62;",
        "Spoke with 김다산",
        "Why: most urgent",
        "Closed: Answered",
    ] {
        assert!(record.body.contains(wanted), "{wanted}");
    }
    let lee = house.sign_in("lee").await;
    let form = format!("number=010-1234-5678&token={}", lee.1);
    let found = house
        .send(Request::form("/contacts/by-number", &lee.0, &form))
        .await;
    let address = found.header("location").unwrap().to_owned();
    assert!(!address.contains("5678"), "no number in an address");
    let list = house.get(&address, &lee.0).await;
    assert!(list.body.contains(&format!("href=\"/contacts/{contact}\"")));
    let csv = house.get("/statistics.csv", &lee.0).await;
    assert!(
        csv.body.contains(",1,1,0,0,0,0,0,0,0,0,100.0\u{a0}%"),
        "{}",
        csv.body
    );
}

#[tokio::test]
async fn a_lost_desk_is_told_and_comes_back() {
    let house = House::open().await;
    let kim = house.sign_in("kim").await;
    let connected = |wanted: bool| {
        let mut board = house.hub.board();
        async move {
            let shown = board.wait_for(|board| {
                let desk = board.counselor(CounselorId(1));
                desk.is_some_and(|desk| desk.connected == wanted)
            });
            let found = tokio::time::timeout(Duration::from_secs(20), shown).await;
            assert!(
                found.is_ok_and(|found| found.is_ok()),
                "never connected = {wanted}"
            );
        }
    };
    let live = Live::open(&house, "/desk/events", &kim.0).await;
    connected(true).await;
    drop(live);
    connected(false).await;
    let mut first = Live::open(&house, "/desk/events", &kim.0).await;
    connected(true).await;
    let _second = Live::open(&house, "/desk/events", &kim.0).await;
    first.until("event: taken").await;
    house.close().await;
}

#[tokio::test]
async fn listening_is_written_down_before_the_sound_leaves() {
    let house = House::open().await;
    let kim = house.sign_in("kim").await;
    let mut live = Live::open(&house, "/desk/events?lang=en", &kim.0).await;
    live.until("\"me\":{").await;
    house.act(&kim, "ready", "{}").await;
    let contact = house.call("k1", "+821012345678").await;
    house.until(contact, Stage::Ringing).await;
    house
        .act(&kim, "accept", &format!(r#"{{"contact":{contact}}}"#))
        .await;
    let mut sheet = house.archive.blobs().create("take-1").unwrap();
    sheet.append(&store::sound::header()).unwrap();
    sheet.append(&[0x80, 0xff].repeat(8_000)).unwrap();
    sheet.finish().unwrap();
    let recorded = Command::Recorded {
        contact,
        blob: "take-1".into(),
        length_ms: 1_000,
        keep_until: Time(house.hub.now().0 + 86_400_000),
        cut: false,
    };
    house.hub.send(recorded).await.unwrap();
    let ending = Ending::Citizen;
    house
        .hub
        .send(Command::Left { contact, ending })
        .await
        .unwrap();

    let record = house.get(&format!("/contacts/{contact}"), &kim.0).await;
    let sound = format!("/contacts/{contact}/recordings/take-1");
    assert!(record.body.contains(&format!("src=\"{sound}\"")));
    assert!(record.body.contains("<svg"), "the level picture");
    assert!(!record.body.contains("Listened"));
    let odd = house.sign_in("odd").await;
    assert_eq!(house.get(&sound, &odd.0).await.status, 403);
    assert_eq!(house.get(&format!("{sound}x"), &kim.0).await.status, 404);
    let wav = house.get(&sound, &kim.0).await;
    assert_eq!(
        (wav.status, wav.header("content-type")),
        (200, Some("audio/wav"))
    );
    assert!(wav.body.starts_with("RIFF"));
    let record = house.get(&format!("/contacts/{contact}"), &kim.0).await;
    assert_eq!(
        record.body.matches("Listened").count(),
        1,
        "one listen, one line"
    );
    house.close().await;
}
