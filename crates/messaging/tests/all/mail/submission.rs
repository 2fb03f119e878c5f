//! What we send, as another's server and other libraries see it; answers, bounces and answering
//! machines on their way back.

use super::peer::{Keys, Receiver, npm, pip, run};
use super::{Listening, outgoing, reader, token, tokens};
use center::city::ContactId;
use messaging::inlet::Inward;
use messaging::letter::{Attachment, Fortune};
use messaging::mail::quoting;
use messaging::mail::sending::Sender;
use messaging::mail::settings::MailSettings;
use messaging::outlet::{Outlet, Unsent};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

const PACKAGES: [&str; 2] = ["smtp-server@3.21.6", "nodemailer@10.6.1"];
const TOKEN_MESSAGE: u32 = 2;

struct Post {
    modules: PathBuf,
    keys: Keys,
    receiver: Receiver,
}

impl Post {
    async fn open() -> Option<Post> {
        let modules = npm(&PACKAGES)?;
        let keys = Keys::make()?;
        let receiver = Receiver::start(&modules, &keys).await;
        Some(Post {
            modules,
            keys,
            receiver,
        })
    }

    fn sender(&self, password: &str) -> Arc<Sender> {
        let settings = format!(
            "address = '120@haneul.example'\ndisplay_name = '하늘시 120'\n[submission]\n\
             host = 'localhost'\nport = {}\nauthority = '{}'\nuser = '120'\npassword = '{password}'\n\
             [dkim]\ndomain = 'haneul.example'\nselector = 'city'\nkey = '{}'\n",
            self.receiver.port,
            self.keys.path("tls.crt"),
            self.keys.path("dkim.key"),
        );
        let settings: MailSettings = toml::from_str(&settings).unwrap();
        Arc::new(Sender::new(&settings, tokens()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_whole_and_signed() {
    let Some(mut post) = Post::open().await else {
        return;
    };
    let Some(dkim) = pip("dkimpy==1.1.8") else {
        return;
    };
    let mut outgoing = outgoing("kim@mail.example");
    outgoing.attachments.push(Attachment {
        name: "지도 1.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: b"\x89PNG\r\n.\r\n\0".to_vec(),
        description: String::new(),
    });
    let (outlet, orders) = Outlet::new(4);
    tokio::spawn(post.sender("secret").run(orders, |_| false));
    let submitted = outlet.send(outgoing.clone()).await.unwrap();
    let (event, raw) = post.receiver.mail().await;
    let token = token(4711, TOKEN_MESSAGE);
    assert_eq!(submitted.reference, format!("{token}@haneul.example"));
    assert_eq!(event["from"], format!("120+{token}@haneul.example"));
    assert_eq!(event["to"], json!(["kim@mail.example"]));
    let arguments = [dkim.to_str().unwrap(), &post.keys.path("dkim.pub")];
    let seen = run("python3", "mail-look.py", &arguments, &raw).await;
    let expected = json!({
        "subject": "가로등 수리 안내",
        "sender": ["하늘시 120", "120@haneul.example"],
        "recipient": "김하늘",
        "reply_to": format!("120+{token}@haneul.example"),
        "message_id": format!("<{token}@haneul.example>"),
        "text": outgoing.text,
        "files": [["지도 1.png", "image/png", "89504e470d0a2e0d0a00"]],
        "signed": true,
        "signed_when_changed": false,
        "signed_when_added": [false, false, false],
    });
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_is_understood() {
    let Some(mut post) = Post::open().await else {
        return;
    };
    let sender = post.sender("secret");
    let later = Err(Unsent::Later { after: None });
    assert_eq!(
        sender.send(&outgoing("never@mail.example"), false).await,
        Err(Unsent::Never("5.1.1".to_owned()))
    );
    assert_eq!(
        sender.send(&outgoing("later@mail.example"), false).await,
        later
    );
    assert_eq!(
        sender.send(&outgoing("full@mail.example"), false).await,
        later
    );
    let _ = post.receiver.mail().await;
    let wrong = post
        .sender("wrong")
        .send(&outgoing("kim@mail.example"), false)
        .await;
    assert!(
        matches!(wrong, Err(Unsent::Later { after: Some(_) })),
        "{wrong:?}"
    );
    // The server has the message and disappears before it says so.
    let vanished = sender.send(&outgoing("vanish@mail.example"), false).await;
    assert_eq!(vanished, Err(Unsent::Unknown));
    assert_eq!(
        post.receiver.mail().await.0["to"],
        json!(["vanish@mail.example"])
    );
    // Now there is nobody.
    assert_eq!(
        sender.send(&outgoing("kim@mail.example"), false).await,
        later
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_nobody_vouches_for_gets_nothing() {
    let Some(post) = Post::open().await else {
        return;
    };
    let other = Keys::make().unwrap();
    std::fs::copy(other.path("tls.crt"), post.keys.path("tls.crt")).unwrap();
    let sent = post
        .sender("secret")
        .send(&outgoing("kim@mail.example"), false)
        .await;
    assert_eq!(sent, Err(Unsent::Later { after: None }));
}

/// We send, the citizen's own program answers, and the answer names the contact.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_finds_its_contact_and_a_machines_answer_is_known() {
    let Some(mut post) = Post::open().await else {
        return;
    };
    let mut listening = Listening::start("protocol = 'smtp'").await;
    post.sender("secret")
        .send(&outgoing("kim@mail.example"), false)
        .await
        .unwrap();
    let (event, raw) = post.receiver.mail().await;
    let raw = String::from_utf8(raw).unwrap();
    let id = raw
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: "))
        .unwrap();
    let modules = post.modules.to_str().unwrap();
    let answer = json!({
        "from": {"name": "김하늘", "address": "kim@mail.example"},
        "to": "120@haneul.example", "inReplyTo": id, "references": [id],
        "subject": "답장: 가로등 수리 안내",
        "text": "아직 꺼져 있어요.\n\n2026년 11월 24일, 하늘시 120 <120@haneul.example>님이 작성:\n> 확인했습니다.\n",
        "attachments": [{"filename": "사진.jpg", "content": "jpeg"}],
    });
    let port = listening.port();
    let arguments = [modules, port.as_str(), &answer.to_string()];
    let sent = run("node", "mail-citizen.cjs", &arguments, b"");
    let (sent, letter) = tokio::join!(sent, listening.letter());
    assert_eq!(sent["accepted"], json!(["120@haneul.example"]));
    let reference = id.trim_matches(['<', '>']);
    assert_eq!(letter.in_reply_to.as_deref(), Some(reference));
    let thread = tokens().thread("root@mail.example").to_string();
    assert_eq!(
        letter.thread.as_ref(),
        Some(&thread),
        "the conversation it was sent in"
    );
    assert_eq!(tokens().find(reference).unwrap().contact, ContactId(4711));
    assert_eq!(
        quoting::divide(&letter.text).own.trim(),
        "아직 꺼져 있어요."
    );
    assert_eq!(letter.attachments[0].name, "사진.jpg");
    assert_eq!(letter.attachments[0].bytes, b"jpeg");
    assert_eq!(letter.from.name.as_deref(), Some("김하늘"));
    assert!(!letter.automatic);

    // An answering machine answers to the envelope's sender and names no Message-ID.
    let away = json!({
        "envelope": {"from": "", "to": event["from"]},
        "from": "kim@mail.example", "to": event["from"], "subject": "부재중", "text": "부재중입니다.",
        "headers": {"Auto-Submitted": "auto-replied"},
    });
    let arguments = [modules, port.as_str(), &away.to_string()];
    let sent = run("node", "mail-citizen.cjs", &arguments, b"");
    let (_, letter) = tokio::join!(sent, listening.letter());
    assert!(letter.automatic, "must not be answered by a program");
    assert_eq!(letter.thread, Some(thread));
    assert_eq!(letter.in_reply_to.as_deref(), Some(reference));
}

/// A bounce as another library writes it comes back by LMTP and names the message.
#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_names_the_message_that_failed() {
    let Some(mut post) = Post::open().await else {
        return;
    };
    let mut listening = Listening::start("").await;
    post.sender("secret")
        .send(&outgoing("kim@mail.example"), false)
        .await
        .unwrap();
    let (event, raw) = post.receiver.mail().await;
    let bounce = [
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
          Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\
          Content-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--b\r\n\
          Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
          Final-Recipient: rfc822; kim@mail.example\r\nAction: failed\r\nStatus: 5.2.2\r\n--b\r\n\
          Content-Type: message/rfc822\r\n\r\n"
            .as_slice(),
        raw.as_slice(),
        b"\r\n--b--\r\n",
    ]
    .concat();
    // Most go back to the envelope's sender; a forwarder may have dropped its token.
    for to in [event["from"].as_str().unwrap(), "120@haneul.example"] {
        let port = listening.port();
        let arguments = ["lmtp", port.as_str(), "", to];
        let sent = run("python3", "mail-relay.py", &arguments, &bounce);
        let (told, inward) = tokio::join!(sent, listening.next(super::KEPT));
        assert_eq!(told["refused"], json!({}), "{told}");
        let Inward::Receipt(receipt) = inward else {
            panic!("no receipt: {inward:?}")
        };
        let named = tokens().find(&receipt.reference).unwrap();
        assert_eq!(reader().reference(named), receipt.reference);
        assert_eq!(
            (named.contact, named.message),
            (ContactId(4711), TOKEN_MESSAGE)
        );
        assert_eq!(
            (receipt.fortune, receipt.code.as_str()),
            (Fortune::Failed, "5.2.2")
        );
    }
}
