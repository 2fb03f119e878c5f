//! Power cuts in the middle of calls: what was acknowledged is in the record, and the record is
//! clean. Never a gentle stop.

use crate::building::{self, Building, Record};
use crate::peer::{self, Folder};
use crate::sipp::Run;
use center::event::Fate;
use center::record::Row;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;

const ROUNDS: u32 = 20;

#[test]
fn twenty_power_cuts_lose_no_call_that_was_acknowledged() {
    let _alone = peer::alone();
    if !peer::here(&["sipp"]) {
        return;
    }
    let folder = Folder::new("crash");
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let building = Building::open(&folder, &[]);
        let run = Run {
            to: building.sip,
            transport: "u1",
            calls: 500,
            rate: 40,
            first_number: 1_056_000_000 + u64::from(round) * 1_000,
            spoken: None,
            stay_ms: 300,
        };
        let calls = run.start(&folder.join(&format!("sipp-{round}")));
        // A different moment of the run each time.
        std::thread::sleep(Duration::from_millis(400 + u64::from(round * 37 % 20) * 25));
        building.kill();
        let answered = |line: &str| line.contains("SIP/2.0 180") || line.contains("SIP/2.0 200");
        let seen = calls.cut();
        let seen = seen.iter().filter(|traced| answered(&traced.answer));
        acknowledged.extend(seen.map(|traced| key(&traced.call)));
    }
    let building = Building::open(&folder, &[]);
    building.stop();
    building::audit(&folder, &[]);

    let record = Record::open(&folder, None);
    let rows = record.contacts();
    let keys: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|key| !keys.contains(key.as_str()))
        .collect();
    assert!(
        acknowledged.len() > 50,
        "only {} calls were acknowledged",
        acknowledged.len()
    );
    assert!(
        lost.is_empty(),
        "{} of {} are lost",
        lost.len(),
        acknowledged.len()
    );
    assert!(
        rows.iter().all(|row| row.closed.is_some()),
        "no call stays open"
    );
    let interrupted: Vec<_> = rows
        .iter()
        .filter(|row| row.fate == Some(Fate::Interrupted))
        .collect();
    assert!(!interrupted.is_empty(), "some call was cut off");
    // Who was cut off before anything was answered left no number to call.
    let reached = |row: &&&Row| acknowledged.contains(&row.key) || !row.caller.is_empty();
    let mut reached = interrupted.iter().filter(reached);
    assert!(
        reached.all(|row| row.task),
        "each of them is owed a callback"
    );
}

/// The key of an attempt of our SIPp scenario, whose Call-ID is `number-process@host` and whose tag
/// is made of the same two.
fn key(call: &str) -> String {
    let (number, rest) = call.split_once('-').expect("a Call-ID of SIPp");
    let (process, _) = rest.split_once('@').expect("a Call-ID of SIPp");
    let mut digest = Sha256::new();
    digest.update(call.as_bytes());
    digest.update([0]);
    digest.update(format!("{process}n{number}").as_bytes());
    let half = u128::from_be_bytes(digest.finalize()[..16].try_into().unwrap());
    format!("{half:032x}")
}
