//! Session timers by RFC 4028 with SIPp at the other end, in seconds instead of minutes: refused,
//! refreshed by either side, missed. Never a menu.

use crate::town::{KIM, Town, closed, plan, within};
use crate::wire::{Wire, header};
use center::command::{Command, Destination, Ending};
use center::event::{Event, Fate};
use hub::Personal;
use std::process::Stdio;
use telephony::{Counters, Route};
use tokio::process::{Child, Command as Process};

/// The dialog's part of every request; the center's tag comes with its first answer.
const DIALOG: &str = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
    From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]\n\
    To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]\nCall-ID: [call_id]\n\
    Contact: <sip:citizen@[local_ip]:[local_port]>\nMax-Forwards: 70\n";
const DESCRIPTION: &str = "Content-Type: application/sdp\nContent-Length: [len]\n\n\
    v=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
    m=audio [media_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";
const EMPTY: &str = "Content-Length: 0\n";

fn request(method: &str, number: u32, extra: &str) -> String {
    let described = method == "INVITE";
    let body = if described { DESCRIPTION } else { EMPTY };
    let again = if method == "ACK" {
        ""
    } else {
        " retrans=\"500\""
    };
    format!(
        "<send{again}><![CDATA[\n\n{method} sip:120@[remote_ip]:[remote_port] SIP/2.0\n\
         {DIALOG}CSeq: {number} {method}\n{extra}{body}\n]]></send>\n"
    )
}

/// An answer that must carry the header.
fn answered(status: u16, name: &str, value: &str) -> String {
    let soon = match status {
        200 => {
            "<recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n"
        }
        _ => "<recv response=\"100\" optional=\"true\"/>\n",
    };
    format!(
        "{soon}<recv response=\"{status}\"><action><ereg regexp=\"{value}\" search_in=\"hdr\" \
         header=\"{name}:\" check_it=\"true\" assign_to=\"found\"/></action></recv>\n\
         <Reference variables=\"found\"/>\n"
    )
}

const OK: &str = "<recv response=\"100\" optional=\"true\"/>\n<recv response=\"200\"/>\n";

fn pause(ms: u32) -> String {
    format!("<pause milliseconds=\"{ms}\"/>\n")
}

/// Waits for a request and answers it.
fn expect(method: &str, status: &str, extra: &str) -> String {
    let body = if status == "200 OK" && method == "INVITE" {
        DESCRIPTION
    } else {
        EMPTY
    };
    let ack = if method == "INVITE" {
        "<recv request=\"ACK\"/>\n"
    } else {
        ""
    };
    format!(
        "<recv request=\"{method}\"/>\n<send><![CDATA[\n\nSIP/2.0 {status}\n[last_Via:]\n\
         [last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n\
         Contact: <sip:citizen@[local_ip]:[local_port]>\n{extra}{body}\n]]></send>\n{ack}"
    )
}

/// A call that is up with these timers.
fn up(timers: &str, agreed: &str) -> String {
    [
        request("INVITE", 1, timers),
        answered(200, "Session-Expires", agreed),
        request("ACK", 1, ""),
    ]
    .concat()
}

fn goodbye(number: u32) -> String {
    request("BYE", number, "") + OK
}

/// Starts SIPp with one scenario, calling or waiting to be called.
fn sipp(town: &Town, scenario: &str, more: &[&str]) -> Child {
    let folder = town.folder().join("sipp");
    std::fs::create_dir_all(&folder).unwrap();
    let scenario = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"timers\">\n{scenario}</scenario>\n"
    );
    std::fs::write(folder.join("call.xml"), scenario).unwrap();
    Process::new("sipp")
        .current_dir(&folder)
        .args(["-sf", "call.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-t", "u1", "-m", "1", "-l", "1", "-nostdin"])
        .args(["-recv_timeout", "20000", "-timeout", "90"])
        .args(["-trace_err", "-error_file", "errors.log"])
        .args(["-trace_msg", "-message_file", "messages.log"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("SIPp is installed (Debian: sip-tester)")
}

async fn succeeds(town: &Town, mut sipp: Child) {
    let ended = sipp.wait().await.unwrap();
    let errors = std::fs::read_to_string(town.folder().join("sipp/errors.log"));
    assert!(ended.success(), "SIPp: {}", errors.unwrap_or_default());
}

/// A town that accepts intervals of seconds and lets callers through without a key.
async fn hasty() -> Town {
    Town::open_with(|city, settings| {
        settings.min_se_s = 2;
        for node in city.menu.nodes.values_mut() {
            node.timeout_ms = 100;
        }
    })
    .await
}

/// Plays one call with a counselor from its beginning to its end; how the talk ended, and what was
/// counted.
async fn played(scenario: &str) -> (Ending, Counters) {
    let town = hasty().await;
    let _headset = town.at_desk(KIM).await;
    let center = town.telephony.local_sip().to_string();
    let sipp = sipp(&town, scenario, &[&center]);
    let contact = town.accept(KIM).await;
    succeeds(&town, sipp).await;
    let ending = within("the end of the talk", async || {
        let events = town.events(contact).await;
        events.into_iter().find_map(|event| match event {
            Event::TalkEnded { ending, .. } => Some(ending),
            _ => None,
        })
    })
    .await;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    assert_eq!(town.rows().await.len(), 1);
    town.is_clean().await;
    (ending, town.counters())
}

const BY_PEER: &str = "Supported: timer\nSession-Expires: 6;refresher=uac\n";
const BY_HOUSE: &str = "Supported: timer\nSession-Expires: 6;refresher=uas\n";

#[tokio::test(flavor = "multi_thread")]
async fn too_short_an_interval_is_refused_and_a_longer_one_taken() {
    let scenario = [
        request("INVITE", 1, "Supported: timer\nSession-Expires: 1\n"),
        answered(422, "Min-SE", "2"),
        // What was refused is confirmed within its own transaction.
        request("ACK", 1, "").replace("branch=[branch]", "branch=[branch-3]"),
        request(
            "INVITE",
            2,
            "Supported: timer\nSession-Expires: 6\nMin-SE: 2\n",
        )
        // A new attempt without the tag of the refusal.
        .replace("[peer_tag_param]", ""),
        answered(200, "Session-Expires", "6;refresher=uac"),
        request("ACK", 2, ""),
        pause(2_000),
        goodbye(3),
    ];
    let (ending, counters) = played(&scenario.concat()).await;
    assert_eq!((ending, counters.attempts), (Ending::Citizen, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refreshed_by_its_caller_lives_on() {
    for method in ["INVITE", "UPDATE"] {
        // Three refreshes carry it past twice its interval.
        let refresh = |number| {
            let confirmed = match method {
                "INVITE" => request("ACK", number, ""),
                _ => String::new(),
            };
            [
                pause(2_500),
                request(method, number, BY_PEER),
                answered(200, "Session-Expires", "6;refresher=uac"),
                confirmed,
            ]
            .concat()
        };
        let refreshes: String = (2..=5).map(refresh).collect();
        let scenario = up(BY_PEER, "6;refresher=uac") + &refreshes + &goodbye(6);
        let (ending, counters) = played(&scenario).await;
        assert_eq!((ending, counters.session_expired), (Ending::Citizen, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_its_caller_forgets_is_ended_by_the_house() {
    let scenario = up(BY_PEER, "6;refresher=uac") + &expect("BYE", "200 OK", "");
    let (ending, counters) = played(&scenario).await;
    assert_eq!((ending, counters.session_expired), (Ending::LineLost, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_refreshes_when_it_was_asked_to() {
    let refreshed = "Supported: timer\nRequire: timer\nSession-Expires: 6;refresher=uac\n";
    let scenario = [
        up(BY_HOUSE, "6;refresher=uas"),
        expect("INVITE", "200 OK", refreshed).repeat(3),
        goodbye(2),
    ];
    let (ending, counters) = played(&scenario.concat()).await;
    assert_eq!((ending, counters.session_expired), (Ending::Citizen, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_the_other_side_does_not_know_ends_the_call() {
    for status in ["481 Call Does Not Exist", "408 Request Timeout"] {
        let scenario = [
            up(BY_HOUSE, "6;refresher=uas"),
            expect("INVITE", status, ""),
            expect("BYE", "481 Call Does Not Exist", ""),
        ];
        let (ending, _) = played(&scenario.concat()).await;
        assert_eq!(ending, Ending::LineLost, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_otherwise_ends_the_call_at_the_end_of_its_time() {
    let scenario = [
        up(BY_HOUSE, "6;refresher=uas"),
        expect("INVITE", "500 Trouble", ""),
        expect("BYE", "200 OK", ""),
    ];
    let (ending, counters) = played(&scenario.concat()).await;
    assert_eq!((ending, counters.session_expired), (Ending::LineLost, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_without_an_answer_ends_the_call_at_the_end_of_its_time() {
    let town = hasty().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let (answer, _) = wire.call(&BY_HOUSE.replace('\n', "\r\n")).await;
    assert_eq!(header(&answer, "Session-Expires"), Some("6;refresher=uas"));
    wire.until("INVITE").await;
    let bye = wire.until("BYE").await;
    wire.send(wire.answer(&bye, "200 OK", "", "")).await;
    town.row(|row| row.closed.is_some()).await;
    assert_eq!(town.counters().session_expired, 1);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_the_outside_is_refreshed_by_update() {
    let port = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let town = Town::open_with(|_, settings| {
        settings.min_se_s = 2;
        settings.routes = vec![Route {
            prefix: "+82".to_owned(),
            target: ([127, 0, 0, 1], port).into(),
            caller_id: "120".to_owned(),
        }];
    })
    .await;
    let timers = "Allow: INVITE, ACK, BYE, UPDATE\nRequire: timer\n\
        Session-Expires: 6;refresher=uac\n";
    let tagged = |text: String| text.replacen("[last_To:]", "[last_To:];tag=far", 1);
    let scenario = [
        tagged(expect("INVITE", "200 OK", timers)),
        expect("UPDATE", "200 OK", "Session-Expires: 6;refresher=uac\n").repeat(3),
        expect("BYE", "200 OK", ""),
    ];
    let sipp = sipp(&town, &scenario.concat(), &["-p", &port.to_string()]);
    let _headset = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    caller.press('0');
    let contact = town.accept(KIM).await;
    let token = "digest".into();
    let to = Destination::Number { token };
    let number = "02-2133-5000".to_owned();
    let transfer = Command::Transfer {
        counselor: KIM,
        contact,
        to,
    };
    let beside = vec![Personal::TransferTo { contact, number }];
    town.hub.send_with(transfer, beside).await.unwrap();
    within("three refreshes", async || {
        // SIPp goes on to its BYE when it has answered three.
        let text = std::fs::read_to_string(town.folder().join("sipp/messages.log")).ok()?;
        (text.matches("UPDATE sip:").count() >= 3).then_some(())
    })
    .await;
    caller.hang_up();
    caller.ended().await;
    succeeds(&town, sipp).await;
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    assert_eq!(town.counters().session_expired, 0);
    town.is_clean().await;
}
