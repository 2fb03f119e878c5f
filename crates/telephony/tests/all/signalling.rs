//! The letter of RFC 3261 and its neighbors, said by hand: retransmission, hold, timers, CANCEL,
//! OPTIONS. Never sound.

use crate::town::{Town, closed, within};
use crate::wire::{Wire, header};
use center::event::Fate;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_repeated_until_it_is_confirmed() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.send(wire.invite("")).await;
    let first = wire.until("SIP/2.0 200").await;
    let second = wire.until("SIP/2.0 200").await;
    assert_eq!(header(&first, "To"), header(&second, "To"));
    wire.acknowledge().await;
    wire.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_invite_twice_is_one_attempt() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let invite = wire.invite("");
    for _ in 0..3 {
        wire.send(&invite).await;
    }
    wire.until("SIP/2.0 200").await;
    wire.acknowledge().await;
    wire.send(invite.replace("branch=z9hG4bK", "branch=z9hG4bKother"))
        .await;
    wire.until("SIP/2.0 482").await;
    wire.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    assert_eq!(town.rows().await.len(), 1);
    assert_eq!(town.counters().attempts, 1);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_taken_back_at_once_is_in_the_record() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let invite = wire.invite("");
    let branch = header(&invite, "Via").unwrap().to_owned();
    let cancel = wire.request("CANCEL", "", "");
    let own = header(&cancel, "Via").unwrap().to_owned();
    wire.send(&invite).await;
    wire.send(cancel.replace(&own, &branch)).await;
    // Whoever wins the race, the attempt has an end.
    let end = within("an end", async || {
        let message = wire.next().await;
        let invited = header(&message, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"));
        let last = message.starts_with("SIP/2.0 200") || message.starts_with("SIP/2.0 487");
        (invited && last).then_some(message)
    })
    .await;
    wire.acknowledge().await;
    if end.starts_with("SIP/2.0 200") {
        wire.hang_up().await;
    }
    town.row(closed(Fate::LeftMenu)).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_holds_and_comes_back() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.call("").await;
    let kind = "Content-Type: application/sdp\r\n";
    for (theirs, ours) in [
        ("sendonly", "recvonly"),
        ("inactive", "inactive"),
        ("sendrecv", "sendrecv"),
    ] {
        let offer = wire.description(theirs);
        let answer = wire.ask("INVITE", kind, &offer).await;
        let answer = if answer.starts_with("SIP/2.0 100") {
            wire.until("SIP/2.0 200").await
        } else {
            answer
        };
        assert!(answer.contains(&format!("a={ours}\r\n")), "{answer}");
        wire.acknowledge().await;
    }
    let asked = wire.ask("INVITE", "", "").await;
    let asked = if asked.starts_with("SIP/2.0 100") {
        wire.until("SIP/2.0 200").await
    } else {
        asked
    };
    assert!(
        asked.contains("m=audio"),
        "asked for an offer, it makes one: {asked}"
    );
    let answer = wire.description("sendrecv");
    let ack = wire.request("ACK", kind, &answer);
    wire.send(ack).await;
    wire.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_offer_gets_ours() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.send(wire.request("INVITE", "Privacy: id\r\n", ""))
        .await;
    let offer = wire.until("SIP/2.0 200").await;
    assert!(offer.contains("RTP/AVP 96 9 0 8 101 102"), "{offer}");
    let kind = "Content-Type: application/sdp\r\n";
    let ack = wire.request("ACK", kind, &wire.description("sendrecv"));
    wire.send(ack).await;
    let mut sound = [0; 2_048];
    let (length, _) = wire.rtp.recv_from(&mut sound).await.unwrap();
    assert_eq!(length, 172, "the prompt is heard");
    wire.hang_up().await;
    let row = town.row(closed(Fate::LeftMenu)).await;
    assert_eq!(row.caller, "", "a number that is withheld is not kept");
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_timers_are_agreed_on() {
    let town = Town::open().await;
    let center = town.telephony.local_sip();
    let mut wire = Wire::open(center).await;
    let (answer, _) = wire
        .call("Supported: timer\r\nSession-Expires: 600\r\n")
        .await;
    assert_eq!(
        header(&answer, "Session-Expires"),
        Some("600;refresher=uac")
    );
    assert_eq!(header(&answer, "Require"), Some("timer"));
    let refresh = "Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n";
    let answer = wire.ask("UPDATE", refresh, "").await;
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(
        header(&answer, "Session-Expires"),
        Some("300;refresher=uac")
    );
    wire.hang_up().await;

    let mut hasty = Wire::open(center).await;
    hasty
        .send(hasty.invite("Supported: timer\r\nSession-Expires: 30\r\n"))
        .await;
    let refused = hasty.until("SIP/2.0 422").await;
    assert_eq!(header(&refused, "Min-SE"), Some("90"));
    hasty.acknowledge().await;
    town.row(closed(Fate::LeftMenu)).await;
    assert_eq!(town.rows().await.len(), 1, "a negotiation is no attempt");
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_is_required_and_unknown_is_named() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.send(wire.invite("Require: timer, nothingSupportsThis\r\n"))
        .await;
    let refused = wire.until("SIP/2.0 420").await;
    assert_eq!(header(&refused, "Unsupported"), Some("nothingSupportsThis"));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_outside_a_call_are_answered() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let options = wire.ask("OPTIONS", "", "").await;
    assert!(options.starts_with("SIP/2.0 200"), "{options}");
    assert!(header(&options, "Allow").unwrap().contains("INVITE"));
    let mut lost = Wire::open(town.telephony.local_sip()).await;
    lost.send(lost.request("BYE", "", "")).await;
    lost.until("SIP/2.0 481").await;
    for method in ["REGISTER", "SUBSCRIBE", "MESSAGE", "FROBNICATE"] {
        let mut wire = Wire::open(town.telephony.local_sip()).await;
        wire.send(wire.request(method, "", "")).await;
        let refused = wire.until("SIP/2.0 405").await;
        assert!(header(&refused, "Allow").is_some());
    }
    town.telephony.drain();
    let mut late = Wire::open(town.telephony.local_sip()).await;
    late.send(late.request("OPTIONS", "", "")).await;
    late.until("SIP/2.0 503").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_codec_of_ours_is_refused_and_recorded() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let invite = wire.invite("");
    let video = invite.replace("m=audio", "m=video");
    wire.send(video).await;
    wire.until("SIP/2.0 488").await;
    wire.acknowledge().await;
    assert_eq!(town.row(|_| true).await.via, "loopback");
    assert_eq!(town.counters().refused_description, 1);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_a_caller_is_told_when_to_come_again() {
    let town = Town::open_with(|city, _| city.limits.calls_max = 1).await;
    let mut first = Wire::open(town.telephony.local_sip()).await;
    first.call("").await;
    let mut second = Wire::open(town.telephony.local_sip()).await;
    second.send(second.invite("")).await;
    let refused = second.until("SIP/2.0 503").await;
    assert_eq!(header(&refused, "Retry-After"), Some("30"));
    second.acknowledge().await;
    town.row(closed(Fate::Capped)).await;
    first.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    assert_eq!(town.today().await.attempts, 2);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_cannot_be_written_is_refused_and_recorded_later() {
    let town = Town::open().await;
    town.fail_next_write();
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.send(wire.invite("")).await;
    let refused = wire.until("SIP/2.0 503").await;
    assert!(header(&refused, "Retry-After").is_some());
    wire.acknowledge().await;
    let row = town.row(closed(Fate::Interrupted)).await;
    assert!(row.task, "the citizen is called back");
    assert_eq!(town.counters().unwritten, 1);
    let mut next = Wire::open(town.telephony.local_sip()).await;
    next.call("").await;
    next.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    town.is_clean().await;
}
