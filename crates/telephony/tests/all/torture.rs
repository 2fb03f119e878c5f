//! The corpus at the door by UDP and by TCP while a talk is up: each message is answered as the
//! rules say, and the talk goes on. Never a friendly word.

mod corpus;

use crate::hostile::{ends_well, talk};
use crate::peer::Peer;
use crate::town::Town;
use crate::wire::header;
use corpus::{Case, Expect};
use std::net::SocketAddr;
use std::time::Duration;
use telephony::Counters;

/// How long silence must last.
const SILENCE: Duration = Duration::from_millis(500);

/// ACK or BYE after the answer to an INVITE.
fn inside(answer: &str, method: &str, transport: &str, here: SocketAddr) -> String {
    let of = |name| header(answer, name).unwrap();
    // What was refused is confirmed within its own transaction (RFC 3261, 17.1.1.3).
    let refused = !answer.starts_with("SIP/2.0 2");
    let own = format!(
        "SIP/2.0/{transport} {here};branch=z9hG4bK{method}{}",
        here.port()
    );
    let via = if refused { of("Via") } else { &own };
    let target = header(answer, "Contact").unwrap_or("sip:120@127.0.0.1");
    let target = target.trim_matches(['<', '>']);
    let (number, _) = of("CSeq").split_once(' ').unwrap();
    let number = number.parse::<u32>().unwrap() + u32::from(method != "ACK");
    format!(
        "{method} {target} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n",
        of("From"),
        of("To"),
        of("Call-ID"),
    )
}

/// Sends a case; what is wrong with the answer.
async fn trial(case: &Case, transport: &str, center: SocketAddr, id: &str) -> Result<(), String> {
    let mut peer = Peer::open(transport, center).await;
    let here = peer.here();
    let message = corpus::write(case, transport, &center.to_string(), &here.to_string(), id);
    peer.send(&message).await;
    let expected = if transport == "TCP" {
        case.tcp
    } else {
        case.udp
    };
    if expected == Expect::Silence {
        return match peer.next(SILENCE).await {
            None => Ok(()),
            Some(answer) => Err(format!("{}: {answer}", case.name)),
        };
    }
    let answer = peer.answer().await.unwrap_or_default();
    let wanted = match expected {
        Expect::Status(status) => status,
        _ => 200,
    };
    if !answer.starts_with(&format!("SIP/2.0 {wanted} ")) {
        return Err(format!(
            "{} by {transport}, wanted {wanted}: {answer}",
            case.name
        ));
    }
    if case.method == "INVITE" && !matches!(wanted, 400 | 505) {
        peer.send(inside(&answer, "ACK", transport, here).as_bytes())
            .await;
    }
    if expected == Expect::Call {
        peer.send(inside(&answer, "BYE", transport, here).as_bytes())
            .await;
        loop {
            // The 200 may have been repeated before the ACK arrived.
            let answer = peer.answer().await.unwrap_or_default();
            if header(&answer, "CSeq").is_some_and(|cseq| cseq.ends_with("BYE")) {
                assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
                break;
            }
            assert!(!answer.is_empty(), "{}: the BYE is not answered", case.name);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_hundred_odd_messages_is_answered_as_the_rules_say() {
    let town = Town::open_with(|_, settings| settings.refusals_per_second_max = 1_000).await;
    let (headset, caller) = talk(&town).await;
    caller.heard();
    let center = town.telephony.local_sip();
    let mut wrong = Vec::new();
    let mut calls = 0;
    let all = corpus::VALID
        .iter()
        .chain(&corpus::INVALID)
        .chain(&corpus::REFUSED);
    for (number, case) in all.enumerate() {
        for transport in ["UDP", "TCP"] {
            let id = format!("odd{number}{transport}");
            wrong.extend(trial(case, transport, center, &id).await.err());
            let expected = if transport == "TCP" {
                case.tcp
            } else {
                case.udp
            };
            // These are attempts of a citizen, answered or not.
            let attempt = matches!(expected, Expect::Call | Expect::Status(406 | 415));
            calls += u64::from(attempt);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let heard = caller.heard();
    assert!(
        heard.packets > 100 && heard.lost < heard.packets / 20,
        "{heard:?}"
    );
    let Counters {
        attempts,
        malformed,
        ..
    } = town.counters();
    assert_eq!(attempts, calls + 1);
    assert!(malformed > 40, "{malformed}");
    ends_well(&town, &headset, caller).await;
    assert_eq!(town.rows().await.len() as u64, calls + 2);
}
