//! Bad connections beside a good one: slow, endless, wrong, idle, deaf. Each is closed and counted,
//! and the good one never waits. Never a datagram.

use crate::peer::Peer;
use crate::town::{Town, closed, within};
use crate::wire::header;
use center::event::Fate;
use std::fmt::Write as _;
use std::time::Duration;
use telephony::Settings;
use tokio::net::TcpStream;

/// A town whose patience fits a test.
async fn hasty(change: impl FnOnce(&mut Settings)) -> Town {
    Town::open_with(|_, settings| {
        settings.message_max_ms = 1_000;
        change(settings);
    })
    .await
}

async fn connected(town: &Town) -> Peer {
    Peer::open("TCP", town.telephony.local_sip()).await
}

fn options(peer: &Peer, id: &str) -> String {
    let here = peer.here();
    format!(
        "OPTIONS sip:120@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bK{id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:010@{here}>;tag=t{id}\r\nTo: <sip:120@127.0.0.1>\r\n\
         Call-ID: {id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// A good connection that is asked again and again.
struct Good(Peer, u32);

impl Good {
    async fn open(town: &Town) -> Good {
        Good(connected(town).await, 0)
    }

    async fn is_served(&mut self) {
        self.1 += 1;
        let ask = options(&self.0, &format!("good{}", self.1));
        self.0.send(ask.as_bytes()).await;
        let answer = self.0.answer().await.expect("a good connection is served");
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    }
}

/// When all are gone, what was opened was closed.
async fn all_closed(town: &Town) {
    within("the end of every connection", async || {
        let counters = town.counters();
        (counters.tcp_opened == counters.tcp_closed).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_found_however_they_are_cut() {
    let town = hasty(|_| {}).await;
    let mut peer = connected(&town).await;
    let two = options(&peer, "one") + "\r\n" + &options(&peer, "two");
    peer.send(two.as_bytes()).await;
    let mut answered = Vec::new();
    for _ in 0..2 {
        let answer = peer.answer().await.unwrap();
        answered.push(header(&answer, "Call-ID").unwrap().to_owned());
    }
    answered.sort();
    assert_eq!(answered, ["one", "two"]);
    let three = options(&peer, "three");
    for octet in three.as_bytes() {
        peer.send(&[*octet]).await;
    }
    let answer = peer.answer().await.unwrap();
    assert_eq!(header(&answer, "Call-ID"), Some("three"));
    drop(peer);
    all_closed(&town).await;
    let counters = town.counters();
    assert_eq!((counters.malformed, counters.options), (0, 3));
    assert_eq!((counters.tcp_broken, counters.tcp_slow), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_be_read_is_answered_and_closed() {
    let town = hasty(|_| {}).await;
    let mut good = Good::open(&town).await;
    for (length, status) in [
        ("-1", "400"),
        ("x", "400"),
        ("0\r\nl: 0", "400"),
        ("99999", "513"),
    ] {
        let mut peer = connected(&town).await;
        let wrong = options(&peer, "wrong").replace(": 0\r\n", &format!(": {length}\r\n"));
        peer.send(wrong.as_bytes()).await;
        let answer = peer.answer().await.unwrap();
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status} ")),
            "{answer}"
        );
        assert!(peer.is_closed().await);
        good.is_served().await;
    }
    // Headers without an end.
    let mut peer = connected(&town).await;
    let mut endless = options(&peer, "endless").trim_end().to_owned();
    for number in 0..600 {
        write!(endless, "\r\nX-More-{number}: and more").unwrap();
    }
    peer.send(endless.as_bytes()).await;
    let answer = peer.answer().await.unwrap();
    assert!(answer.starts_with("SIP/2.0 513 "), "{answer}");
    assert!(peer.is_closed().await);
    good.is_served().await;
    drop(good);
    all_closed(&town).await;
    let counters = town.counters();
    assert_eq!(
        (counters.tcp_broken, counters.oversized, counters.malformed),
        (5, 2, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_only_sends_rubbish_is_closed_after_a_while() {
    let town = hasty(|_| {}).await;
    let mut peer = connected(&town).await;
    for number in 0..20 {
        let wrong = options(&peer, &format!("wrong{number}")).replace("CSeq: 1", "CSeq: -1");
        peer.send(wrong.as_bytes()).await;
        let answer = peer.answer().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 400 "), "{answer}");
    }
    assert!(peer.is_closed().await);
    let counters = town.counters();
    assert_eq!((counters.malformed, counters.tcp_broken), (20, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_silent_connections_lose_their_place() {
    let town = hasty(|settings| settings.connections_per_source_max = 8).await;
    let mut good = Good::open(&town).await;
    good.is_served().await;
    let mut slow = connected(&town).await;
    let ask = options(&slow, "slow");
    let mut idle = Vec::new();
    for _ in 0..6 {
        idle.push(connected(&town).await);
    }
    // The house is full for this source: one more is closed at once.
    let mut one_more = connected(&town).await;
    assert!(one_more.is_closed().await);
    assert_eq!(town.counters().tcp_refused, 1);
    let drip = async {
        for octet in ask.as_bytes() {
            // The center may have closed it by now.
            let Peer::Tcp(stream, _) = &mut slow else {
                unreachable!()
            };
            if tokio::io::AsyncWriteExt::write_all(stream, &[*octet])
                .await
                .is_err()
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (seven, ()) = tokio::join!(
        within("seven that were too slow", async || {
            (town.counters().tcp_slow == 7).then_some(())
        }),
        drip
    );
    let () = seven;
    for mut peer in idle {
        assert!(peer.is_closed().await);
    }
    // The good one was silent for longer than a message may take, and there is room again.
    good.is_served().await;
    Good::open(&town).await.is_served().await;
    drop((good, slow));
    all_closed(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_read_delays_nobody() {
    let town = hasty(|settings| settings.messages_per_second_max = 1_000_000).await;
    let mut good = Good::open(&town).await;
    let deaf = TcpStream::connect(town.telephony.local_sip())
        .await
        .unwrap();
    let mut deaf = Peer::Tcp(deaf, Vec::new());
    let sending = async {
        // The same request again and again: each gets the old answer at once.
        let ask = options(&deaf, "deaf").repeat(100);
        let Peer::Tcp(stream, _) = &mut deaf else {
            unreachable!()
        };
        while tokio::io::AsyncWriteExt::write_all(stream, ask.as_bytes())
            .await
            .is_ok()
        {}
    };
    let serving = async {
        while town.counters().tcp_unread == 0 {
            good.is_served().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let both = async { tokio::join!(sending, serving) };
    tokio::time::timeout(Duration::from_mins(1), both)
        .await
        .expect("the deaf one is closed");
    assert!(good.1 > 3, "{} were served meanwhile", good.1);
    good.is_served().await;
    assert_eq!(town.counters().tcp_unread, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_message_and_a_cut_wire_leave_nothing_behind() {
    let town = hasty(|_| {}).await;
    let mut good = Good::open(&town).await;
    for cut in (1..200).step_by(17) {
        let mut peer = connected(&town).await;
        let ask = options(&peer, "cut").into_bytes();
        peer.send(&ask[..cut]).await;
    }
    good.is_served().await;
    drop(good);
    all_closed(&town).await;
    assert_eq!(town.counters().options, 1);
    assert!(town.rows().await.is_empty());
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&crate::town::plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    caller.hang_up();
    town.row(closed(Fate::LeftMenu)).await;
}
