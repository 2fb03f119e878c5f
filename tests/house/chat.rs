//! Citizens who chat and a counselor who answers, in real browsers: reloads, a cut network, several
//! chats at once, by keyboard alone. Never a call.

use crate::browser::{Browser, CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use center::event::Fate;
use serde_json::json;

const ALT: &str = "\u{E00A}";
const F8: &str = "\u{E038}";

/// A citizen's browser on the chat page, one click after the start page.
pub fn begin(building: &Building, folder: &Folder, language: &str) -> Browser {
    let citizen = desk::browser(folder, 440.0);
    citizen.go(&building.page(&format!("/?lang={language}")));
    citizen.click("#chat");
    until_there(&citizen);
    citizen
}

fn until_there(citizen: &Browser) {
    let there = "const box = document.getElementById('box'); return !!box && !box.hidden";
    citizen.until("the chat", there);
}

/// Writes into the field that has the focus.
pub fn say(citizen: &Browser, text: &str) {
    citizen.type_into("#text", &format!("{text}{ENTER}"));
}

/// Waits until exactly these are the texts of the conversation, house texts left out.
pub fn until_said(page: &Browser, log: &str, wanted: &[&str]) {
    let (wanted, log) = (json!(wanted), json!(log));
    let script = format!(
        "const lines = [...document.querySelectorAll(`${{{log}}} li:not(.house):not(.draft)`)];
         const body = (line) => line.querySelector('.text, .body').textContent;
         return !lines.some((line) => line.classList.contains('pending'))
           && JSON.stringify(lines.map(body)) === JSON.stringify({wanted})"
    );
    page.until(&format!("{wanted}"), &script);
}

/// Waits for the offer of a chat and takes it.
pub fn take(desk: &Desk, first_line: &str) {
    let shown = format!(
        "const first = document.querySelector('#offers .first'); \
         return !!first && first.textContent.includes({})",
        json!(first_line)
    );
    desk.browser.until("the offer", &shown);
    desk.browser.press(F8);
    let at_hand = format!(
        "return document.activeElement.id === 'reply' \
         && document.getElementById('inbox-log').textContent.includes({})",
        json!(first_line)
    );
    desk.browser.until("the chat at hand", &at_hand);
}

/// Answers the chat at hand.
pub fn answer(desk: &Desk, text: &str) {
    desk.browser.press(&format!("{ALT}r"));
    desk.browser.press(text);
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    desk.browser.until(
        "an empty field",
        "const field = document.getElementById('reply'); return field.value === '' && !field.readOnly",
    );
}

/// Closes the record of the contact at hand: category, outcome, and one chord.
fn file(desk: &Desk, category: &str, outcome: &str) {
    desk.browser.press(&format!("{ALT}c"));
    desk.browser.press(category);
    desk.browser.press(ENTER);
    desk.browser.press(outcome);
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
}

#[test]
fn nothing_is_lost_or_doubled_by_a_reload_and_a_cut_network() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("chat");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let citizen = begin(&building, &folder, "en");
    say(&citizen, "Where is my bus?");
    take(&desk, "Where is my bus?");
    citizen.until_text("Emma is here for you.");
    answer(&desk, "Which line?");
    let (log, inbox) = ("#log", "#inbox-log");
    let mut said = vec!["Where is my bus?", "Which line?"];
    until_said(&citizen, log, &said);
    citizen.reload();
    until_there(&citizen);
    until_said(&citizen, log, &said);

    citizen.offline(true);
    citizen.until(
        "the word that it is offline",
        "return !document.getElementById('offline').hidden",
    );
    say(&citizen, "The 272");
    say(&citizen, "from the town hall");
    answer(&desk, "Are you still there?");
    let pending = "return document.querySelectorAll('#log .pending').length === 2";
    citizen.until("two that wait to leave", pending);
    citizen.offline(false);
    citizen.until(
        "nothing that waits",
        "return document.querySelectorAll('#log .pending').length === 0",
    );
    said.extend(["Are you still there?", "The 272", "from the town hall"]);
    until_said(&citizen, log, &said);
    until_said(&desk.browser, inbox, &said);

    // A reload of the desk in mid-chat keeps the chat, the draft and the order.
    desk.browser.press(&format!("{ALT}r"));
    desk.browser.press("In four min");
    desk.browser.reload();
    desk.until_connected();
    desk.browser.until(
        "the draft",
        "return document.getElementById('reply').value === 'In four min'",
    );
    answer(&desk, "utes.");
    said.push("In four minutes.");
    until_said(&citizen, log, &said);
    file(&desk, "last service", "AN");
    citizen.until_text("This chat is over.");
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].fate, Some(Fate::Answered));
    let written: Vec<String> = record
        .messages(rows[0].contact)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(written, said);
}

/// Answers, fills in the record and closes it with a canned answer and two chords.
fn file_by_canned_answer(desk: &Desk, citizen: &Browser) {
    // A canned answer with its category and outcome, then one chord: the record is closed.
    desk.browser.press("/park");
    desk.browser.until(
        "the canned answer",
        "return !document.getElementById('canned').hidden",
    );
    desk.browser.press(ENTER);
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    citizen.until_text("It is reported");
    desk.browser.until(
        "the outcome",
        "return document.querySelector('#outcome :checked')?.value === 'SR' \
         && document.getElementById('reply').value === ''",
    );
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    citizen.until_text("This chat is over.");
}

/// Sees the words of the chat that is left before they are sent.
fn see_half_written(desk: &Desk, citizen: &Browser) {
    // Half-written text is seen at the desk before it is sent, and kept nowhere.
    let first =
        "return document.getElementById('inbox-log').textContent.includes('first question')";
    desk.browser.until("the chat that is left", first);
    citizen.click("#more summary");
    citizen.click("#live");
    citizen.type_into("#text", "I am not sure");
    let draft = "return [...document.querySelectorAll('#inbox-log .draft .body')] \
        .some((line) => line.textContent === 'I am not sure')";
    desk.browser.until("the draft", draft);
}

#[test]
fn three_chats_at_once_by_keyboard_alone() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("chats");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.browser.size(1280, 720);
    desk.ready();
    let citizens: Vec<Browser> = ["first", "second", "third"]
        .into_iter()
        .map(|name| {
            let citizen = begin(&building, &folder, "en");
            say(&citizen, &format!("{name} question"));
            take(&desk, &format!("{name} question"));
            citizen
        })
        .collect();
    // The third is at hand; the keys lead through all of them.
    for (index, name) in ["third", "first", "second"].into_iter().enumerate() {
        if index > 0 {
            desk.browser.press(&format!("{ALT}j"));
        }
        let shown = format!(
            "return document.getElementById('inbox-log').textContent.includes('{name} question')"
        );
        desk.browser.until("the next chat", &shown);
        answer(&desk, &format!("{name} answer"));
    }
    for (citizen, name) in citizens.iter().zip(["first", "second", "third"]) {
        let said = [format!("{name} question"), format!("{name} answer")];
        until_said(citizen, "#log", &[&said[0], &said[1]]);
    }
    file_by_canned_answer(&desk, &citizens[1]);
    see_half_written(&desk, &citizens[0]);
    drop((desk, citizens));
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let closed = record
        .contacts()
        .into_iter()
        .find(|row| row.closed.is_some());
    let closed = closed.expect("one is closed");
    assert_eq!(
        (closed.category.as_str(), closed.outcome.as_str()),
        ("TRF-03-02", "SR")
    );
    for row in record.contacts() {
        let said = record.messages(row.contact);
        assert!(said.iter().all(|(_, text)| !text.contains("not sure")));
    }
}
