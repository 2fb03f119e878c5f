//! A hundred texts a second while the power fails again and again: what the gateway was told is
//! taken is in the record once, and nothing that left is lost or unmarked. Never a gentle stop.

use crate::building::{self, Building, Record};
use crate::npm::{self, Peer};
use crate::peer::{self, Folder};
use center::event::{Event, Fortune};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use store::Message;

const ROUNDS: u32 = 8;

/// The lines of `dasan.toml` that lead to a gateway at the port.
pub fn settings(port: &Value) -> String {
    format!(
        "[[messaging.smpp]]\nname = 'carrier'\naddress = '127.0.0.1:{port}'\n\
         system_id = 'city120'\npassword = 'secret'\nnumber = '120'\nper_second = 200\n\
         [messaging.smpp.carrier]\nencodings = ['ucs2']\njoining = 'payload'\n\
         [messaging.smpp.times]\nagain_ms = 50\nagain_max_ms = 200\n"
    )
}

#[test]
fn power_cuts_in_a_storm_of_texts_lose_none_and_double_none() {
    let _alone = peer::alone();
    let Some(modules) = npm::npm("smpp", "0.5.1") else {
        return;
    };
    let folder = Folder::new("storm");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut smsc = runtime.block_on(async { Peer::start("smsc.cjs", &modules) });
    let listening = runtime.block_on(smsc.event("listening"));
    peer::write(&folder.join("dasan.toml"), settings(&listening["port"]));
    runtime.block_on(smsc.say(json!({"do": "storm", "rate": 100})));
    for round in 0..ROUNDS {
        let building = Building::open(&folder, &[]);
        runtime.block_on(smsc.event("bind"));
        // A different moment of the storm each time, once while it is still taking up.
        let stay = u64::from(round * 1_103 % 1_900);
        std::thread::sleep(Duration::from_millis(30 + stay));
        building.kill();
    }
    let building = Building::open(&folder, &[]);
    std::thread::sleep(Duration::from_secs(2));
    runtime.block_on(smsc.say(json!({"do": "calm"})));
    runtime.block_on(smsc.say(json!({"do": "quiet"})));
    let seen = runtime.block_on(smsc.event("quiet"));
    assert!(!smsc.came("nack"), "the house understood every command");
    building.stop();
    building::audit(&folder, &[]);

    let record = Record::open(&folder, None);
    let rows = record.contacts();
    let letters: Vec<(Message, bool)> = rows
        .iter()
        .flat_map(|row| {
            let timeline = record.timeline(row.contact);
            let own = record.letters(row.contact).into_iter();
            own.map(move |message| {
                let marked = perhaps_twice(&timeline, message.message);
                (message, marked)
            })
        })
        .collect();
    assert_every_text_once(&seen, &letters);
    assert_answers_are_told(&seen, &letters);
}

/// Whether the record says of a message that it may have arrived twice.
fn perhaps_twice(timeline: &[store::Entry], number: u32) -> bool {
    timeline.iter().any(|entry| {
        matches!(&entry.event, Event::MessageFared { message, fortune: Fortune::Unknown, .. }
            if *message == number)
    })
}

fn assert_every_text_once(seen: &Value, letters: &[(Message, bool)]) {
    let texts = seen["texts"].as_array().unwrap();
    assert!(texts.len() > 1_000, "only {} texts were sent", texts.len());
    assert_eq!(seen["refused"], json!([]));
    // Without any the power never failed in the middle of something.
    assert!(
        seen["again"].as_u64() > Some(20),
        "{} came again",
        seen["again"]
    );
    let mut kept: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let came = letters.iter().filter(|(message, _)| message.incoming);
    for (message, _) in came {
        let from = message.letter.address.clone();
        *kept.entry((from, &message.letter.text)).or_default() += 1;
    }
    for text in texts {
        assert_eq!(text["open"], 0, "the gateway was told it is taken: {text}");
        let from = format!("+{}", text["from"].as_str().unwrap());
        let times = kept.remove(&(from, text["said"].as_str().unwrap()));
        assert_eq!(times, Some(1), "{text}");
    }
    assert!(kept.is_empty(), "nobody wrote {kept:?}");
}

fn assert_answers_are_told(seen: &Value, letters: &[(Message, bool)]) {
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for submit in seen["submits"].as_array().unwrap() {
        *copies.entry(submit["to"].as_str().unwrap()).or_default() += 1;
    }
    // Citizens of whom one message each asks for an answer of the house.
    let urgent = letters.iter().filter(|(message, _)| message.marks.urgent);
    let urgent: Vec<_> = urgent.map(|(message, _)| message).collect();
    let mut twice = 0;
    for asked in &urgent {
        let of_contact =
            |(message, _): &&(Message, bool)| message.contact == asked.contact && !message.incoming;
        let answers: Vec<_> = letters.iter().filter(of_contact).collect();
        let to = asked.letter.address.trim_start_matches('+');
        let arrived = copies.remove(to).unwrap_or(0);
        assert!(!answers.is_empty() && arrived >= answers.len(), "{asked:?}");
        for (answer, _) in &answers {
            assert_eq!(answer.fortune, "delivered", "{answer:?}");
        }
        let marked = answers.iter().any(|(_, marked)| *marked);
        assert!(
            arrived == answers.len() || marked,
            "{arrived} copies of {answers:?}"
        );
        twice += arrived - answers.len();
    }
    assert!(urgent.len() > 100, "only {} were answered", urgent.len());
    assert!(twice > 0, "no power cut caught a text on its way");
    println!("{} answers, {twice} of them arrived twice", urgent.len());
}
