//! A citizen who falls silent in a chat, in a real browser: typing counts, one button counts, and
//! at the end the conversation goes home by mail. Never the words in between.

use crate::access;
use crate::building::{self, Building, Record};
use crate::chat::{answer, begin, say, take};
use crate::desk::Desk;
use crate::mail::MailServer;
use crate::peer::{self, Folder};
use center::event::{Event, Fortune};
use std::time::{Duration, Instant};

const HERE: &str = "return !document.getElementById('here').hidden";
const NOT_ASKED: &str = "return document.getElementById('here').hidden";

/// Times that the journal says that the citizen is still there.
fn present(record: &Record) -> usize {
    let contact = record.contacts()[0].contact;
    let said = |event: &Event| matches!(event, Event::StillPresent { .. });
    let timeline = record.timeline(contact);
    timeline.iter().filter(|entry| said(&entry.event)).count()
}

#[test]
fn whoever_types_is_not_asked_and_one_button_is_answer_enough() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver", "npm"]) {
        return;
    }
    let folder = Folder::new("present");
    let Some(axe) = access::axe(&folder) else {
        return;
    };
    building::limited(&folder, "chat_nudge_ms = 6000\nchat_silent_ms = 24000");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let citizen = begin(&building, &folder, "en");
    say(&citizen, "Hello");
    take(&desk, "Hello");
    answer(&desk, "What is your street?");
    citizen.until_text("What is your street?");
    // Twice the time after which a silent citizen is asked.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(14) {
        citizen.type_into("#text", "x");
        assert_eq!(citizen.run(NOT_ASKED), true, "whoever types is not asked");
        std::thread::sleep(Duration::from_millis(900));
    }
    citizen.until("the question", HERE);
    let left = citizen.until(
        "a countdown",
        "return document.getElementById('left').textContent",
    );
    assert!(
        left.as_str().is_some_and(|left| left.contains("0:")),
        "{left}"
    );
    citizen.size(320, 640);
    access::assert_accessible(&citizen, &axe, "a chat that asks");
    citizen.shot("asked-320");
    citizen.click("#here button");
    citizen.until("no question", NOT_ASKED);
    // It is asked again, and without an answer the chat ends.
    citizen.until("the second question", HERE);
    citizen.until_text("This chat is over.");
    citizen.until("no question", NOT_ASKED);
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    let seen = present(&Record::open(&folder, None));
    assert!((2..=4).contains(&seen), "written down {seen} times");
}

#[test]
fn the_conversation_goes_home_by_mail() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("transcript");
    let Some(server) = MailServer::open(&folder) else {
        return;
    };
    peer::write(&folder.join("dasan.toml"), server.settings());
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let citizen = begin(&building, &folder, "en");
    say(&citizen, "Where is my bus?");
    take(&desk, "Where is my bus?");
    answer(&desk, "Around the corner.");
    citizen.until_text("Around the corner.");
    let ask = |address: &str, said: &str| {
        citizen.run("document.getElementById('mail').open = true; document.getElementById('mail-to').value = ''; document.getElementById('mail-said').textContent = ''; return 1");
        citizen.type_into("#mail-to", address);
        citizen.click("#mail-form button");
        let shown =
            format!("return document.getElementById('mail-said').textContent.includes(\"{said}\")");
        citizen.until(said, &shown);
    };
    ask("kim@mail.example", "The mail is on its way.");
    let seen = server.mail();
    assert_eq!(seen.to, "kim@mail.example");
    assert!(seen.subject.contains("Contact number 1"), "{seen:?}");
    assert!(seen.text.contains("You: Where is my bus?"), "{seen:?}");
    assert!(seen.text.contains("Emma: Around the corner."), "{seen:?}");
    assert!(seen.text.contains("If that was not you"), "{seen:?}");
    citizen.until_text("This conversation is being sent to the mail address you gave.");
    citizen.shot("mailed");
    ask("kim@mail.example", "The mail is on its way.");
    server.assert_quiet();
    citizen.run("document.getElementById('end').requestSubmit(); return 1");
    citizen.until_text("The chat was ended.");
    // Also when it is over; the server refuses this one.
    ask("never@mail.example", "The mail is on its way.");
    ask("helper@mail.example", "The mail is on its way.");
    assert_eq!(server.mail().to, "helper@mail.example");
    ask("stranger@mail.example", "No more mails can be sent.");
    server.assert_quiet();
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let contact = record.contacts()[0].contact;
    let fared = |event: Event| match event {
        Event::MessageFared { fortune, .. } => Some(fortune),
        _ => None,
    };
    let timeline = record.timeline(contact).into_iter();
    let mut fates: Vec<Fortune> = timeline.filter_map(|entry| fared(entry.event)).collect();
    fates.sort();
    let due = [Fortune::Delivered, Fortune::Delivered, Fortune::Failed];
    assert_eq!(fates, due);
}
