//! Strangers and rubbish at the SIP port while calls go on. Never a friendly peer alone.

use crate::building::{self, Building, Record};
use crate::peer::{self, Folder};
use crate::sipp::Run;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CALLS: u32 = 60;

#[test]
fn a_flood_of_registrations_and_rubbish_disturbs_no_call() {
    let _alone = peer::alone();
    if !peer::here(&["sipp"]) {
        return;
    }
    let folder = Folder::new("hostile");
    let mut building = Building::open(&folder, &[]);
    let run = Run {
        to: building.sip,
        transport: "u1",
        calls: CALLS,
        rate: 10,
        first_number: 1_057_000_000,
        spoken: None,
        stay_ms: 1_000,
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| flood(building.sip, &over));
        run.start(&folder.join("sipp"))
            .succeed(Duration::from_mins(1));
        over.store(true, Ordering::Relaxed);
    });
    assert!(building.alive(), "it still runs");
    building.stop();
    building::audit(&folder, &[]);
    let rows = Record::open(&folder, None).contacts();
    assert_eq!(rows.len(), CALLS as usize, "rubbish opens no contact");
}

/// A thousand messages a second until it is over: registrations, half messages, noise.
fn flood(to: std::net::SocketAddr, over: &AtomicBool) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let begun = Instant::now();
    let mut sent = 0_u32;
    while !over.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_mins(1) {
        let due = begun.elapsed().as_millis() as u32;
        while sent < due {
            // Nobody has to answer; a full buffer is the sender's own trouble.
            let _ = socket.send_to(&message(sent), to);
            sent += 1;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn message(number: u32) -> Vec<u8> {
    let register = format!(
        "REGISTER sip:120@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{number}\r\n\
         From: <sip:{number}@127.0.0.1>;tag=r{number}\r\nTo: <sip:{number}@127.0.0.1>\r\n\
         Call-ID: flood-{number}\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    );
    match number % 10 {
        7 => register.into_bytes()[..60].to_vec(),
        8 => vec![(number % 256) as u8; 1_400],
        9 => register
            .replace("REGISTER", "INVITE")
            .replace("Content-Length: 0", "Content-Length: -9")
            .into_bytes(),
        _ => register.into_bytes(),
    }
}
