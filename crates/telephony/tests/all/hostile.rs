//! Rubbish, floods and strangers while a call is up: counted, answered or dropped, and the call
//! goes on. Never a polite peer.

use crate::talk::{heard_at, heard_by};
use crate::town::{CITIZEN_HZ, KIM, Town, closed, plan, within};
use crate::wire::{Wire, packet};
use center::event::Fate;
use std::time::Duration;
use telephony::phone::{Caller, Headset};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// A talk that is up.
pub async fn talk(town: &Town) -> (Headset, Caller) {
    let headset = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    // The carrier's port outlives this function with the telephone that uses it.
    std::mem::forget(carrier);
    caller.press('0');
    town.accept(KIM).await;
    heard_by(&caller).await;
    heard_at(&headset).await;
    (headset, caller)
}

/// The talk goes on, ends in order, and everything agrees.
pub async fn ends_well(town: &Town, headset: &Headset, mut caller: Caller) {
    heard_by(&caller).await;
    heard_at(headset).await;
    let carrier = town.carrier().await;
    let mut other = carrier.call(&plan("0212345678")).unwrap();
    other.answered().await.expect("another call is answered");
    other.hang_up();
    town.row(closed(Fate::LeftMenu)).await;
    caller.hang_up();
    caller.ended().await;
    let contact = town.row(|row| row.counselor == Some(KIM)).await.contact;
    town.recordings(contact, 1).await;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    town.is_clean().await;
}

/// Messages after RFC 4475 and worse.
fn rubbish(wire: &Wire) -> Vec<Vec<u8>> {
    let good = wire.invite("");
    let changed = |from: &str, to: &str| good.replace(from, to).into_bytes();
    let mut all = vec![
        b"hello".to_vec(),
        vec![0; 100],
        vec![0xff; 1_400],
        b"\r\n\r\n".to_vec(),
        b"INVITE".to_vec(),
        b"INVITE sip:120@x SIP/2.0\r\n\r\n".to_vec(),
        b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        b"SIP/2.0 999 ?\r\nVia: SIP/2.0/UDP x\r\n\r\n".to_vec(),
        changed("SIP/2.0\r\n", "SIP/7.0\r\n"),
        changed("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        changed("CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE"),
        changed("CSeq: 1 INVITE", "CSeq: -1 INVITE"),
        changed("Content-Length: ", "Content-Length: -"),
        changed("Content-Length: ", "Content-Length: 999999999"),
        changed("Content-Length: ", "Content-Length: 18446744073709551615"),
        changed("Call-ID: ", "Call-ID: \r\nX: "),
        changed("Contact: <sip:", "Contact: <<<sip:"),
        changed("Contact: ", "X-Contact: "),
        changed("From: <", "From: \"open <"),
        changed("From: ", "From: From: "),
        changed(";tag=wire", ";tag="),
        changed(";tag=wire", ""),
        changed("Via: SIP/2.0/UDP", "Via: SIP / 2.0 / UDP / / "),
        changed("Via: ", "Via: ;;;,,,"),
        changed("sip:120@", "sip:120%00%ff@[::::]"),
        changed("INVITE sip:", "INVITE  sip:"),
        changed("Max-Forwards: 70", "Max-Forwards: 4294967296"),
        changed("v=0", "v=\u{1f4de}"),
        changed("m=audio ", "m=audio 99999999999999 "),
        changed("RTP/AVP 0 101", &"RTP/AVP 0 ".repeat(300)),
        changed("Max-Forwards: 70\r\n", &"X-Long: y\r\n".repeat(600)),
        changed(
            "Max-Forwards: 70\r\n",
            &format!("X: {}\r\n", "z".repeat(20_000)),
        ),
        [good.as_bytes(), &[0x80, 0xfe, 0xff]].concat(),
        good.replace("\r\n", "\n").into_bytes(),
    ];
    for cut in (1..good.len()).step_by(37) {
        all.push(good.as_bytes()[..cut].to_vec());
    }
    for at in (0..good.len()).step_by(23) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 0x80;
        all.push(bytes);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_does_not_disturb_a_call() {
    let town = Town::open().await;
    let (headset, caller) = talk(&town).await;
    let center = town.telephony.local_sip();
    let mut sent = 0;
    for number in 0..rubbish(&Wire::open(center).await).len() {
        let wire = Wire::open(center).await;
        let bytes = &rubbish(&wire)[number];
        // What is too long for a datagram is not sent at all.
        if wire.sip.send_to(bytes, center).await.is_ok() {
            sent += 1;
        }
        if number % 4 == 0
            && let Ok(mut stream) = TcpStream::connect(center).await
        {
            let _ = stream.write_all(bytes).await;
        }
    }
    assert!(sent > 50);
    within("the count", async || {
        (town.counters().malformed > 20).then_some(())
    })
    .await;
    // Some of the rubbish was a call after all; it has an end, too.
    ends_well_after_rubbish(&town, &headset, caller).await;
}

/// As `ends_well`, but calls that the rubbish contained may still be in the menu.
async fn ends_well_after_rubbish(town: &Town, headset: &Headset, mut caller: Caller) {
    heard_by(&caller).await;
    heard_at(headset).await;
    caller.hang_up();
    caller.ended().await;
    let contact = town.row(|row| row.counselor == Some(KIM)).await.contact;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing() {
    let town = Town::open_with(|_, settings| {
        settings.trunks[0].sources = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let center = town.telephony.local_sip();
    let mut stranger = Wire::open_at("127.0.0.2", center).await;
    stranger.send(stranger.invite("")).await;
    stranger.send(stranger.request("OPTIONS", "", "")).await;
    stranger.send("rubbish").await;
    assert!(stranger.is_silent().await);
    assert!(town.rows().await.is_empty());
    assert_eq!(town.counters().unknown_source, 3);
    assert_eq!(town.counters().attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_of_a_stranger_is_not_heard() {
    let town = Town::open().await;
    let headset = town.at_desk(KIM).await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let (_, media) = wire.call("").await;
    // The other end is known by its first packet.
    for sequence in 0..10 {
        wire.rtp
            .send_to(&packet(sequence, 7, 0xff), media)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let info = "Content-Type: application/dtmf\r\n";
    let answer = wire.ask("INFO", info, "0").await;
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    let contact = town.accept(KIM).await;
    let stranger = Wire::open_at("127.0.0.3", town.telephony.local_sip()).await;
    let mut loud = packet(0, 9, 0x80);
    headset.heard();
    for sequence in 10_u16..60 {
        wire.rtp
            .send_to(&packet(sequence, 7, 0xff), media)
            .await
            .unwrap();
        loud[2..4].copy_from_slice(&sequence.to_be_bytes());
        stranger.rtp.send_to(&loud, media).await.unwrap();
        stranger
            .rtp
            .send_to(b"no packet at all", media)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = headset.heard();
    assert!(heard.packets > 20, "{heard:?}");
    assert!(
        heard.level < 50.0 && heard.share(CITIZEN_HZ) < 0.5,
        "{heard:?}"
    );
    let counters = town.counters();
    assert!(counters.rtp_wrong_source >= 40, "{counters:?}");
    wire.hang_up().await;
    town.finish(KIM, contact).await;
    town.is_clean().await;
}
