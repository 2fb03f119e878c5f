//! Our listener with Python's mail library as relay, and with peers that do not play fair.

use super::peer::run;
use super::{KEPT, Listening, token};
use messaging::inlet::{Inward, NotTaken};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const MAIL: &[u8] = b"From: kim@mail.example\r\nMessage-ID: <a1@mail.example>\r\n\
    Subject: lamp\r\nContent-Type: text/plain; charset=euc-kr\r\n\r\n\
    \xb0\xa1\xb7\xce\xb5\xee\r\n.dot\r\n";

/// A conversation by hand.
struct Wire(BufReader<TcpStream>);

impl Wire {
    async fn open(listening: &Listening) -> Wire {
        let stream = TcpStream::connect(listening.address).await.unwrap();
        let mut wire = Wire(BufReader::new(stream));
        assert!(wire.answer().await.starts_with("220 "));
        wire
    }

    /// The last line of the next answer.
    async fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// Everything in one piece, as PIPELINING allows; the last answer is to DATA.
    async fn announce(&mut self, recipients: &[&str]) {
        let to = recipients.join(">\r\nRCPT TO:<");
        let commands =
            format!("LHLO relay\r\nMAIL FROM:<kim@mail.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        self.write(commands.as_bytes()).await;
        for _ in 0..recipients.len() + 2 {
            assert!(self.answer().await.starts_with("250"));
        }
        assert!(self.answer().await.starts_with("354"));
    }

    /// Whether the peer has hung up and said no more.
    async fn closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.is_ok() && rest.is_empty()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_delivers_by_both_protocols() {
    for protocol in ["lmtp", "smtp"] {
        let mut listening = Listening::start(&format!("protocol = '{protocol}'")).await;
        let port = listening.port();
        let arguments = [
            protocol,
            port.as_str(),
            "kim@mail.example",
            "120@haneul.example",
        ];
        let sent = run("python3", "mail-relay.py", &arguments, MAIL);
        let (told, letter) = tokio::join!(sent, listening.letter());
        assert_eq!(told["refused"], json!({}), "{told}");
        let offers = [
            "8bitmime",
            "enhancedstatuscodes",
            "pipelining",
            "size",
            "smtputf8",
        ];
        assert_eq!(told["offers"], json!(offers));
        assert_eq!(letter.text, "가로등\n.dot");
        assert_eq!(letter.from.value, "kim@mail.example");
        assert_eq!(letter.to, "120@haneul.example");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lmtp_answers_for_each_recipient() {
    let mut listening = Listening::start("").await;
    let port = listening.port();
    let one = format!("120+{}@haneul.example", token(1, 1));
    let two = format!("120+{}@haneul.example", token(2, 1));
    let all = format!("120@haneul.example,{one},nobody@haneul.example,{two}");
    let arguments = ["lmtp", port.as_str(), "kim@mail.example", all.as_str()];
    let sent = run("python3", "mail-relay.py", &arguments, MAIL);
    let take = async {
        let first = listening.next(KEPT).await;
        (first, listening.next(Err(NotTaken::Unwritten)).await)
    };
    let (told, (first, second)) = tokio::join!(sent, take);
    assert_eq!(
        told["refused"],
        json!({ "nobody@haneul.example": 550, two.as_str(): 451 })
    );
    let (Inward::Message(first), Inward::Message(second)) = (first, second) else {
        panic!("two letters")
    };
    assert_ne!(first.key, second.key, "one for each contact");
    assert_eq!((first.to, second.to), (one, two));
}

/// The acknowledgement follows the record, never the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let mut listening = Listening::start("").await;
    let mut wire = Wire::open(&listening).await;
    wire.announce(&["120@haneul.example"]).await;
    wire.write(b"Subject: x\r\n\r\nx\r\n.\r\n").await;
    let handed = listening.taken.recv().await.unwrap();
    let mut early = [0; 1];
    let read = wire.0.get_ref().try_read(&mut early);
    assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    handed.reply.send(KEPT).unwrap();
    assert!(wire.answer().await.starts_with("250 2.0.0"));
    // The same conversation goes on; a center that closes says so.
    wire.announce(&["120@haneul.example"]).await;
    wire.write(b"Subject: x\r\n\r\nx\r\n.\r\n").await;
    drop(listening.taken.recv().await.unwrap());
    assert!(wire.answer().await.starts_with("421"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smuggled_message_is_refused_and_nothing_of_it_is_a_command() {
    let mut listening = Listening::start("").await;
    for ending in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"] {
        let mut wire = Wire::open(&listening).await;
        wire.announce(&["120@haneul.example"]).await;
        let smuggled = format!(
            "Subject: x\r\n\r\nx{ending}MAIL FROM:<mayor@haneul.example>\r\n\
             RCPT TO:<120@haneul.example>\r\nDATA\r\nSubject: forged\r\n\r\ny\r\n.\r\nQUIT\r\n"
        );
        wire.write(smuggled.as_bytes()).await;
        let answer = wire.answer().await;
        assert!(answer.starts_with("554 5.6.0"), "{ending:?}: {answer}");
        assert!(wire.answer().await.starts_with("221"), "{ending:?}");
        assert!(wire.closed().await);
    }
    let mut wire = Wire::open(&listening).await;
    wire.write(b"LHLO relay\nMAIL FROM:<a@b.example>\r\n").await;
    assert!(wire.answer().await.starts_with("500"));
    assert!(wire.closed().await);
    assert!(listening.taken.try_recv().is_err(), "nothing was handed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_crowds_are_turned_away() {
    let listening = Listening::start("sources = ['192.0.2.0/24']").await;
    let stream = TcpStream::connect(listening.address).await.unwrap();
    let mut wire = Wire(BufReader::new(stream));
    assert!(wire.answer().await.starts_with("554"));
    let listening = Listening::start("connections_max = 1").await;
    let first = Wire::open(&listening).await;
    let stream = TcpStream::connect(listening.address).await.unwrap();
    let mut second = Wire(BufReader::new(stream));
    assert!(second.answer().await.starts_with("421"));
    drop(first);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_feeds_byte_by_byte_or_without_end_is_hung_up_on() {
    let listening = Listening::start("idle_s = 1").await;
    let mut silent = Wire::open(&listening).await;
    silent.write(b"LHLO re").await;
    assert!(silent.answer().await.starts_with("421 4.4.2"));
    assert!(silent.closed().await);
    // Never idle, and yet at an end: the whole conversation has a bound.
    let listening = Listening::start("session_s = 1").await;
    let mut slow = Wire::open(&listening).await;
    for _ in 0..100 {
        if slow.0.get_mut().write_all(b"N").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut rest = String::new();
    let _ = slow.0.read_to_string(&mut rest).await;
    assert!(rest.is_empty() || rest.starts_with("421"), "{rest}");
    let listening = Listening::start("").await;
    let mut long = Wire::open(&listening).await;
    long.write(&[b'a'; 5_000]).await;
    assert!(long.answer().await.starts_with("500 5.5.2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_too_large_is_refused_and_the_conversation_goes_on() {
    let mut listening = Listening::start("").await;
    let mut wire = Wire::open(&listening).await;
    wire.announce(&["120@haneul.example"]).await;
    let line = [b"a".repeat(998), b"\r\n".to_vec()].concat();
    let block = line.repeat(1_000);
    for _ in 0..27 {
        wire.write(&block).await;
    }
    wire.write(b".\r\n").await;
    assert!(wire.answer().await.starts_with("552 5.3.4"));
    wire.write(b"NOOP\r\n").await;
    assert!(wire.answer().await.starts_with("250"));
    assert!(listening.taken.try_recv().is_err());
}
