//! A thousand registrations a second for a whole minute, from the carrier's own address, while
//! people call and talk. Never a flood that ends early.

use crate::hostile::{ends_well, talk};
use crate::town::{Town, plan, within};
use crate::wire::Wire;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use telephony::Settings;
use tokio::net::UdpSocket;

const MINUTE: Duration = Duration::from_mins(1);
const PER_SECOND: u64 = 1_000;
/// Callers that come one after the other on each of these lines.
const LINES: u64 = 3;

/// Sends registrations at their rate until the minute is over.
async fn flood(socket: &UdpSocket, template: &str) -> u64 {
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < MINUTE {
        let due = begun.elapsed().as_millis() as u64 * PER_SECOND / 1_000;
        while sent < due {
            let one = template.replace("z9hG4bK", &format!("z9hG4bK{sent}x"));
            socket.send(one.as_bytes()).await.unwrap();
            sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sent
}

/// Counts the answers; each must be a refusal.
async fn count_refusals(socket: &UdpSocket, refusals: &AtomicU64) {
    let mut buffer = [0; 4_096];
    loop {
        let length = socket.recv(&mut buffer).await.unwrap();
        let answer = String::from_utf8_lossy(&buffer[..length]);
        assert!(answer.starts_with("SIP/2.0 405 "), "{answer}");
        refusals.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls again and again until it is over; how many calls were heard to their end.
async fn citizens(town: &Town, line: u64, over: &AtomicBool) -> u64 {
    let carrier = town.carrier().await;
    let mut calls = 0;
    while !over.load(Ordering::Relaxed) {
        let number = format!("010{:08}", 10_000_000 * (line + 1) + calls);
        let mut caller = carrier.call(&plan(&number)).unwrap();
        caller
            .answered()
            .await
            .expect("a call during the flood is answered");
        within("the prompt", async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (caller.heard().level > 500.0).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        caller.hang_up();
        caller.ended().await;
        calls += 1;
    }
    calls
}

async fn flooder(center: SocketAddr) -> (UdpSocket, String) {
    let wire = Wire::open(center).await;
    let template = wire.request("REGISTER", "Expires: 3600\r\n", "");
    wire.sip.connect(center).await.unwrap();
    (wire.sip, template)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_registrations_gets_nothing_and_disturbs_nobody() {
    let town = Town::open().await;
    let allowed = Settings::loopback(town.folder(), std::sync::Arc::new(str::to_owned));
    let allowed = u64::from(allowed.refusals_per_second_max);
    let (headset, caller) = talk(&town).await;
    caller.heard();
    headset.heard();
    let before = town.counters();
    let (socket, template) = flooder(town.telephony.local_sip()).await;
    let (over, refusals) = (AtomicBool::new(false), AtomicU64::new(0));
    let flooding = async {
        let sent = flood(&socket, &template).await;
        over.store(true, Ordering::Relaxed);
        sent
    };
    let calling = async {
        let (first, second, third) = tokio::join!(
            citizens(&town, 0, &over),
            citizens(&town, 1, &over),
            citizens(&town, 2, &over)
        );
        first + second + third
    };
    let counting = async {
        tokio::select! {
            () = count_refusals(&socket, &refusals) => unreachable!("it counts for ever"),
            both = async { tokio::join!(flooding, calling) } => both,
        }
    };
    let (sent, calls) = counting.await;
    let seconds = MINUTE.as_secs();
    assert!(sent >= seconds * PER_SECOND * 99 / 100, "{sent} sent");
    assert!(calls > LINES * 5, "only {calls} calls");

    // The talk heard it from the first second to the last.
    for heard in [caller.heard(), headset.heard()] {
        let expected = seconds * 50;
        assert!(heard.packets > expected * 9 / 10, "{heard:?}");
        assert!(heard.lost < heard.packets / 100, "{heard:?}");
    }
    let counters = town.counters();
    let received = counters.refused_method - before.refused_method;
    assert!(
        received <= sent && received > sent * 95 / 100,
        "{received} of {sent}"
    );
    // What came was answered, or held back by the limit.
    let answered = counters.refusals_sent - before.refusals_sent;
    assert_eq!(
        received,
        answered + counters.refusals_held - before.refusals_held
    );
    assert!(answered <= allowed * (seconds + 5), "{answered}");
    assert!(refusals.into_inner() <= answered);
    assert_eq!(counters.malformed, before.malformed);
    assert_eq!(counters.attempts, before.attempts + calls);
    ends_well(&town, &headset, caller).await;
    assert_eq!(town.today().await.attempts as u64, calls + 2);
}
