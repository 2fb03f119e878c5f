//! A caller who wants the answer to keep: found at the desk, sent by one key through a carrier's
//! gateway while they speak, seen to arrive, answered by a text. Never an answer in a conversation.

use crate::articles::until;
use crate::browser::{CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::desk::{ALT, Desk, F8};
use crate::npm::{self, Peer};
use crate::peer::{self, Folder};
use crate::softphone::Softphone;
use crate::storm;
use center::city::Channel;
use center::event::{Event, Fortune};
use serde_json::{Value, json};
use std::time::Duration;
use store::library::UseKind;
use tokio::runtime::Runtime;

const SHIFT: &str = "\u{E008}";
/// The number from which the call comes, and how the desk shows it.
const CALLER: &str = "821055501234";
const SHOWN: &str = "010-5550-1234";

/// The article is found by the note, opened, and its answer leaves by one key.
fn text_it(desk: &Desk) {
    let clear = format!("document.getElementById('number').textContent === '{SHOWN}'");
    until(desk, "the number in clear", &clear);
    desk.browser.press(&format!("{ALT}n"));
    desk.browser.press("passport application");
    let first =
        "document.querySelector('#finds b')?.textContent.toLowerCase().includes('passport')";
    until(desk, "an article", first);
    desk.browser.press(&format!("{ALT}1"));
    until(
        desk,
        "the open article",
        "!document.getElementById('article').hidden",
    );
    desk.browser.press(&format!("{ALT}a"));
    until(
        desk,
        "the question to which number",
        "!document.getElementById('text-box').hidden",
    );
    let own = "const to = document.getElementById('text-to'); \
        return to.placeholder + ' ' + document.activeElement.id";
    let own = desk.browser.run(own);
    let expected = format!("The caller's: {SHOWN} text-go");
    assert_eq!(
        own,
        json!(expected),
        "Enter sends it to the caller's number"
    );
    // With Shift nobody is asked.
    desk.browser.press(&format!("{ALT}{SHIFT}a"));
    let says = format!(
        "document.getElementById('card-texts').textContent.includes('{SHOWN}') \
         && document.getElementById('text-box').hidden"
    );
    until(desk, "the text on the card", &says);
}

/// What the gateway was given.
fn given(runtime: &Runtime, smsc: &mut Peer) -> Value {
    runtime.block_on(smsc.event("submit"))
}

#[test]
fn a_caller_gets_the_answer_by_text_while_they_speak() {
    let _alone = peer::alone();
    if !peer::here(&["baresip", "chromium", "chromedriver"]) {
        return;
    }
    let Some(modules) = npm::npm("smpp", "0.5.1") else {
        return;
    };
    let folder = Folder::new("call-text");
    let runtime = Runtime::new().unwrap();
    let mut smsc = runtime.block_on(async { Peer::start("smsc.cjs", &modules) });
    let listening = runtime.block_on(smsc.event("listening"));
    peer::write(
        &folder.join("dasan.toml"),
        storm::settings(&listening["port"]),
    );
    let building = Building::open(&folder, &[]);
    runtime.block_on(smsc.event("bind"));
    let desk = Desk::open(&building, &folder, "sora", 1_000.0);
    desk.browser.size(1280, 720);
    desk.ready();
    let mut phone = Softphone::start(440);
    phone.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    phone.press('0');
    desk.until_ring();
    desk.answer();
    text_it(&desk);
    let text = given(&runtime, &mut smsc);
    assert_eq!(text["to"], CALLER);
    let said = text["text"].as_str().unwrap();
    assert!(
        said.contains("/articles/") && said.contains("?lang=ko"),
        "{said}"
    );
    let arrived = "document.getElementById('card-texts').textContent.includes('delivered')";
    until(&desk, "the receipt", arrived);
    desk.browser.press(&format!("{ALT}c"));
    desk.browser.press("passport");
    desk.browser.press(ENTER);
    desk.browser.press(&format!("{ALT}o"));
    desk.browser.press("AN");
    // Whoever hangs up within two seconds has spoken with nobody: keys are quicker than that here.
    std::thread::sleep(Duration::from_secs(3));
    desk.browser.stroke(&format!("{SHIFT}{F8}"));
    desk.until_doing("wrap_up");
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    desk.until_doing("ready");

    // The caller texts back: a contact as any other, with the call as the last one.
    let back = json!({"do": "text", "from": CALLER, "said": "Thank you, and on Sunday?"});
    runtime.block_on(smsc.say(back));
    crate::chat::take(&desk, "and on Sunday?");
    let earlier =
        "document.querySelectorAll('#inbox-earlier a[href=\"/contacts/1\"]').length === 1";
    until(&desk, "the call as last contact", earlier);
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
    check_record(&Record::open(&folder, None));
}

fn check_record(record: &Record) {
    let rows = record.contacts();
    let call = rows.iter().find(|row| row.channel == Channel::Voice);
    let call = call.expect("the call");
    assert_eq!((call.messages_out, call.undelivered), (1, 0));
    assert_eq!((rows.len(), call.replied), (2, None));
    let fates: Vec<Fortune> = record
        .timeline(call.contact)
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::MessageFared { fortune, .. } => Some(*fortune),
            _ => None,
        })
        .collect();
    assert_eq!(fates, [Fortune::Submitted, Fortune::Delivered]);
    let uses = record.article_uses(call.contact);
    let what: Vec<UseKind> = uses.iter().map(|(one, _)| one.what).collect();
    assert_eq!(what, [UseKind::Sent]);
    let written: i64 = record
        .cells()
        .iter()
        .filter(|(cell, _)| matches!(cell, center::statistics::Cell::Hour { .. }))
        .map(|(_, measures)| measures.written.messages_out)
        .sum();
    assert_eq!(written, 1);
}
