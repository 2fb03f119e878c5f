//! What stands for the networks by which citizens write in these scenes: a server of Mastodon's
//! interface, and an operator's MMSC that delivers texts. Never a browser.

use crate::building::Building;
use crate::peer::{self, Folder};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server with one mention of the city, that takes what the city posts.
pub struct Mastodon {
    address: SocketAddr,
    posted: Arc<Mutex<Vec<String>>>,
}

impl Mastodon {
    /// A server where somebody wrote to the city.
    pub fn open(text: &str) -> Mastodon {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let posted = Arc::new(Mutex::new(Vec::new()));
        let (kept, mention) = (posted.clone(), mention(text));
        std::thread::spawn(move || {
            for line in listener.incoming().map_while(Result::ok) {
                let _ = answer(line, &mention, &kept);
            }
        });
        Mastodon { address, posted }
    }

    /// The lines of `dasan.toml` that lead to it.
    pub fn settings(&self) -> String {
        format!(
            "[[messaging.social]]\nname = 'mastodon'\nnetwork = 'mastodon'\n\
             server = 'http://{}'\ntoken = 'token'\nevery_s = 1\nprivate_addresses = true\n",
            self.address
        )
    }

    /// Fields of what the city posted so far, by name.
    pub fn posted(&self) -> Vec<Vec<(String, String)>> {
        let posted = self.posted.lock().expect("no panic while it is held");
        let field = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        let fields = |body: &String| body.split('&').map(field).collect();
        posted.iter().map(fields).collect()
    }

    /// Waits until the city has posted so often; text and visibility of the last.
    pub fn until_posted(&self, times: usize) -> (String, String) {
        let limit = std::time::Duration::from_secs(20);
        peer::until("a post of the city", limit, || self.posted().len() >= times);
        let last = self.posted().swap_remove(times - 1);
        let field = |wanted: &str| {
            let found = last.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        (field("status"), field("visibility"))
    }
}

/// A part of a form as it was before it was sent.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |digit: Option<u8>| (digit? as char).to_digit(16);
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => b'?',
            },
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn mention(text: &str) -> Value {
    json!({
        "id": "10",
        "type": "mention",
        "status": {
            "id": "77",
            "content": format!("<p>{text}</p>"),
            "visibility": "public",
            "language": "en",
            "edited_at": null,
            "in_reply_to_id": null,
            "spoiler_text": "",
            "media_attachments": [],
            "account": { "acct": "ada@social.example", "display_name": "Ada", "bot": false },
        },
    })
}

fn answer(line: TcpStream, mention: &Value, posted: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(line);
    let mut head = String::new();
    reader.read_line(&mut head)?;
    let length = peer::content_length(&mut reader);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, told) = match path.split('?').next().unwrap_or_default() {
        "/api/v1/accounts/verify_credentials" => (200, json!({ "acct": "120" })),
        "/api/v1/notifications" if path.contains("min_id") => (200, json!([])),
        "/api/v1/notifications" => (200, json!([mention])),
        "/api/v1/statuses/77" => (200, mention["status"].clone()),
        "/api/v1/statuses" => {
            let mut posted = posted.lock().expect("no panic while it is held");
            posted.push(String::from_utf8_lossy(&body).into_owned());
            (200, json!({ "id": "900" }))
        }
        _ => (404, json!({})),
    };
    let told = told.to_string();
    let mut line = reader.into_inner();
    write!(
        line,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{told}",
        told.len()
    )
}

/// The lines of `dasan.toml` by which an operator delivers texts.
pub const OPERATOR: &str = "[[messaging.mm7]]\nname = 'operator'\nnumber = '120'\n";

/// Writes the settings that a building in the folder reads.
pub fn set(folder: &Folder, settings: &str) {
    peer::write(&folder.join("dasan.toml"), settings);
}

/// An operator delivers a text from a number.
pub fn text(building: &Building, number: &str, text: &str) {
    let soap = format!(
        "<?xml version='1.0'?><Envelope><Header><TransactionID>{number} {text}</TransactionID>\
         </Header><Body><DeliverReq xmlns='urn:x:MM7'><MM7Version>6.8.0</MM7Version>\
         <Sender><Number>{number}</Number></Sender>\
         <Recipients><To><ShortCode>120</ShortCode></To></Recipients>\
         <Content href='cid:text'/></DeliverReq></Body></Envelope>"
    );
    let body = format!(
        "--part\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n{soap}\r\n\
         --part\r\nContent-Type: text/plain; charset=utf-8\r\nContent-ID: <text>\r\n\r\n{text}\r\n\
         --part--\r\n"
    );
    let mut line = TcpStream::connect(building.web).expect("the building listens");
    write!(
        line,
        "POST /hooks/mm7/operator HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Content-Type: multipart/related; boundary=part\r\nContent-Length: {}\r\n\r\n{body}",
        building.web,
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    line.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
