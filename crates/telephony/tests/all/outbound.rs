//! Calls that leave the house: only by a route, answered, refused, taken back. Never a call that
//! nobody asked for.

use crate::talk::{heard_at, heard_by};
use crate::town::{KIM, Town, closed, plan, within};
use crate::wire::{Wire, header, media_of, packet};
use center::city::ContactId;
use center::command::{Command, Destination};
use center::event::{Event, Fate};
use center::record::Stage;
use hub::Personal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use telephony::Route;
use telephony::phone::{Caller, Carrier, End, Headset};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

pub const KIND: &str = "Content-Type: application/sdp\r\n";

/// A town with one way out, and who waits at its end.
pub async fn with_a_way_out() -> (Town, Wire) {
    let far = Wire::open("127.0.0.1:9".parse().unwrap()).await;
    let target = far.here();
    let town = Town::open_with(move |_, settings| {
        settings.routes = vec![Route {
            prefix: "+82".to_owned(),
            target,
            caller_id: "120".to_owned(),
        }];
    })
    .await;
    let mut far = far;
    far.center = town.telephony.local_sip();
    (town, far)
}

/// A talk that is handed to a number outside.
pub async fn handed_over(town: &Town, number: &str) -> (Headset, Carrier, Caller, ContactId) {
    let headset = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    caller.press('0');
    let contact = town.accept(KIM).await;
    heard_at(&headset).await;
    let transfer = Command::Transfer {
        counselor: KIM,
        contact,
        to: Destination::Number {
            token: "digest".into(),
        },
    };
    let number = number.to_owned();
    let beside = vec![Personal::TransferTo { contact, number }];
    town.hub.send_with(transfer, beside).await.unwrap();
    (headset, carrier, caller, contact)
}

/// How a transfer ended.
async fn transfer_status(town: &Town, contact: ContactId) -> u16 {
    within("the end of the transfer", async || {
        let events = town.events(contact).await;
        events.into_iter().find_map(|event| match event {
            Event::TransferEnded { status, .. } => Some(status),
            _ => None,
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_is_handed_to_a_number_outside() {
    let (town, mut far) = with_a_way_out().await;
    let (headset, _carrier, mut caller, contact) = handed_over(&town, "02-2133-5000").await;
    let invite = far.until("INVITE").await;
    assert!(invite.starts_with("INVITE sip:+82221335000@"), "{invite}");
    assert!(header(&invite, "From").unwrap().contains("sip:120@"));
    far.send(far.answer(&invite, "180 Ringing", "", "")).await;
    let description = far.description("sendrecv");
    far.send(far.answer(&invite, "200 OK", KIND, &description))
        .await;
    far.until("ACK").await;
    assert_eq!(transfer_status(&town, contact).await, 200);
    let media = media_of(&invite);
    let mut sound = [0; 2_048];
    for sequence in 0..10 {
        far.rtp
            .send_to(&packet(sequence, 5, 0x80), media)
            .await
            .unwrap();
    }
    within("the citizen outside", async || {
        let (length, _) = far.rtp.recv_from(&mut sound).await.unwrap();
        let loud = sound[12..length]
            .iter()
            .any(|octet| !(0xf0..=0xff).contains(octet));
        loud.then_some(())
    })
    .await;
    headset.heard();
    // Whoever is outside says goodbye first: the citizen's line ends, too.
    let bye = far_bye(&far, &invite);
    far.send(bye).await;
    assert_eq!(caller.ended().await, End::HungUpThere);
    town.finish(KIM, contact).await;
    let row = town.row(closed(Fate::Answered)).await;
    assert_eq!(row.transfers, 1);
    town.recordings(contact, 1).await;
    town.is_clean().await;
}

/// A BYE of the called side, built from the INVITE.
fn far_bye(far: &Wire, invite: &str) -> String {
    let to_center = header(invite, "Contact").unwrap().trim_matches(['<', '>']);
    let (from, to) = (
        header(invite, "To").unwrap(),
        header(invite, "From").unwrap(),
    );
    let (call_id, here) = (header(invite, "Call-ID").unwrap(), far.here());
    format!(
        "BYE {to_center} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKfarbye\r\n\
         From: {from};tag=far\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: 1 BYE\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_number_brings_the_counselor_back() {
    let (town, mut far) = with_a_way_out().await;
    let (headset, _carrier, mut caller, contact) = handed_over(&town, "02-2133-5000").await;
    let invite = far.until("INVITE").await;
    far.send(far.answer(&invite, "486 Busy Here", "", "")).await;
    far.until("ACK").await;
    assert_eq!(transfer_status(&town, contact).await, 486);
    heard_by(&caller).await;
    heard_at(&headset).await;
    caller.hang_up();
    caller.ended().await;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    town.recordings(contact, 1).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_leaves_without_a_route() {
    let (town, mut far) = with_a_way_out().await;
    let (headset, _carrier, caller, contact) = handed_over(&town, "+1 202 555 0100").await;
    assert_eq!(transfer_status(&town, contact).await, 403);
    heard_by(&caller).await;
    heard_at(&headset).await;
    assert!(far.is_silent().await);
    assert_eq!(town.counters().dialed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_trunk_asks_for_nobody_is_called() {
    let (town, mut far) = with_a_way_out().await;
    let center = town.telephony.local_sip();
    let foreign = "+12025550100";
    let national = "+82221335000";
    // A number of the world, even one that a route leads to, is only what the caller dialed.
    for number in [foreign, national] {
        let mut wire = Wire::open(center).await;
        let invite = wire.invite(&format!(
            "Diversion: <sip:{national}@{}>;reason=unconditional\r\n\
             History-Info: <sip:{national}@{}>;index=1\r\n\
             Route: <sip:{};lr>\r\nReferred-By: <sip:{number}@{center}>\r\n",
            far.here(),
            far.here(),
            far.here()
        ));
        let invite = invite.replace(
            &format!("INVITE sip:120@{center}"),
            &format!("INVITE sip:{number}@{}", far.here()),
        );
        wire.send(invite).await;
        wire.until("SIP/2.0 200").await;
        wire.acknowledge().await;
        // Nor does a transfer that the caller orders.
        for to in [national, foreign] {
            let refer = format!("Refer-To: <sip:{to}@{}>\r\n", far.here());
            let answer = wire.ask("REFER", &refer, "").await;
            assert!(answer.starts_with("SIP/2.0 405"), "{answer}");
        }
        let replaces = "Require: replaces\r\nReplaces: a;to-tag=b;from-tag=c\r\n";
        let answer = wire.ask("INVITE", replaces, "").await;
        assert!(answer.starts_with("SIP/2.0 420"), "{answer}");
        wire.acknowledge().await;
        wire.hang_up().await;
    }
    within("the end of both calls", async || {
        let rows = town.rows().await;
        let ended = rows.iter().filter(|row| closed(Fate::LeftMenu)(row));
        (ended.count() == 2).then_some(())
    })
    .await;
    assert!(far.is_silent().await);
    assert_eq!(town.counters().dialed, 0);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_who_gives_up_takes_the_call_outside_along() {
    let (town, mut far) = with_a_way_out().await;
    let (_headset, _carrier, mut caller, contact) = handed_over(&town, "02-2133-5000").await;
    let invite = far.until("INVITE").await;
    far.send(far.answer(&invite, "180 Ringing", "", "")).await;
    caller.hang_up();
    caller.ended().await;
    let cancel = far.until("CANCEL").await;
    far.send(far.answer(&cancel, "200 OK", "", "")).await;
    far.send(far.answer(&invite, "487 Request Terminated", "", ""))
        .await;
    far.until("ACK").await;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    town.recordings(contact, 1).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owed_callback_reaches_the_citizen() {
    let (town, mut far) = with_a_way_out().await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    let interrupted = town.row(|_| true).await.contact;
    let target = far.here();
    let town = town
        .restart_with(move |_, settings| {
            settings.routes = vec![Route {
                prefix: "+82".to_owned(),
                target,
                caller_id: "120".to_owned(),
            }];
        })
        .await;
    far.center = town.telephony.local_sip();
    let headset = town.at_desk(KIM).await;
    town.send(Command::TakeTask {
        counselor: KIM,
        contact: interrupted,
    })
    .await;
    let invite = far.until("INVITE").await;
    assert!(invite.starts_with("INVITE sip:+821012345678@"), "{invite}");
    let description = far.description("sendrecv");
    far.send(far.answer(&invite, "200 OK", KIND, &description))
        .await;
    far.until("ACK").await;
    let row = town.row(|row| row.stage == Stage::Talk).await;
    let media = media_of(&invite);
    for sequence in 0..20 {
        far.rtp
            .send_to(&packet(sequence, 5, 0x80), media)
            .await
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(headset.heard().packets > 5);
    town.send(Command::HangUp {
        counselor: KIM,
        contact: row.contact,
    })
    .await;
    let bye = far.until("BYE").await;
    far.send(far.answer(&bye, "200 OK", "", "")).await;
    town.finish(KIM, row.contact).await;
    town.row(closed(Fate::Outbound)).await;
    town.recordings(row.contact, 1).await;
    town.is_clean().await;
}

/// What a peer may say on the line that it asked for, none of it SIP.
const JUNK: [&str; 4] = [
    "SIP/2.0 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
    "SIP/2.0 200 OK\r\nContent-Length: -1\r\nl: 99999999999999999999\r\n\r\n",
    "BYE sip:dasan@127.0.0.1 SIP/2.0\r\nVia: \u{0}\r\nCSeq: 4294967296 BYE\r\n\r\n",
    "\r\n\r\nSIP/2.0 999999999999\r\n\r\n",
];

/// Says junk and then a megabyte without an end on every line that is opened.
async fn say_junk(listener: TcpListener, opened: Arc<AtomicUsize>) {
    while let Ok((mut line, _)) = listener.accept().await {
        opened.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            for junk in JUNK {
                let _ = line.write_all(junk.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let _ = line.write_all(&vec![b'a'; 1 << 20]).await;
            // Held open: a line that says nothing more.
            std::future::pending::<()>().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_asks_for_tcp_gets_no_connection_and_speaks_no_junk() {
    let (town, mut far) = with_a_way_out().await;
    let listener = TcpListener::bind(far.here()).await.unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    tokio::spawn(say_junk(listener, opened.clone()));
    let (headset, carrier, mut caller, contact) = handed_over(&town, "02-2133-5000").await;
    let invite = far.until("INVITE").await;
    let description = far.description("sendrecv");
    let answer = far.answer(&invite, "200 OK", KIND, &description);
    let contact_here = format!("<sip:far@{}>", far.here());
    let elsewhere = format!("<sip:far@{};Transport=TCP;ob>", far.here());
    far.send(answer.replace(&contact_here, &elsewhere)).await;
    far.until("ACK").await;
    assert_eq!(transfer_status(&town, contact).await, 200);
    // The citizen goes; another calls and is served as if nothing had been.
    caller.hang_up();
    caller.ended().await;
    let bye = far.until("BYE").await;
    far.send(far.answer(&bye, "200 OK", "", "")).await;
    town.finish(KIM, contact).await;
    town.recordings(contact, 1).await;
    let mut next = carrier.call(&plan("01099999999")).unwrap();
    next.answered().await.unwrap();
    next.press('0');
    let second = town.accept(KIM).await;
    heard_by(&next).await;
    heard_at(&headset).await;
    next.hang_up();
    next.ended().await;
    town.finish(KIM, second).await;
    town.row(|row| row.contact == second && row.fate == Some(Fate::Answered))
        .await;
    town.recordings(second, 1).await;
    assert_eq!(town.telephony.lines(), 0, "no line is left open");
    assert_eq!(opened.load(Ordering::Relaxed), 0, "nobody dials over TCP");
    town.is_clean().await;
}
