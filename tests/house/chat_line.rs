//! The live line of a chat under bad conditions, in a real browser: no WebSocket gets through, the
//! machine sleeps, the network changes in mid-sending. Never what happens after the chat.

use crate::browser::Browser;
use crate::building::{self, Building, Record};
use crate::chat::{answer, begin, say, take, until_said};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use crate::weather::{Network, Weather};
use std::time::Duration;

/// As in a network whose gateway knows no WebSocket: each one closes before it opens.
const NO_WEBSOCKET: &str = "
globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  constructor() { setTimeout(() => this.onclose?.(), 20); }
  close() {}
};
";

fn house(name: &str) -> Option<(Folder, Building, Desk)> {
    if !peer::here(&["chromium", "chromedriver"]) {
        return None;
    }
    let folder = Folder::new(name);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    Some((folder, building, desk))
}

/// What the record has of the only contact is what was said, each once and in order.
fn assert_recorded(folder: &Folder, said: &[&str]) {
    building::audit(folder, &[]);
    let record = Record::open(folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    let written = record.messages(rows[0].contact);
    let written: Vec<&str> = written.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(written, said);
}

#[test]
fn where_no_websocket_gets_through_the_chat_goes_on_by_events_and_posts() {
    let _alone = peer::alone();
    let Some((folder, building, desk)) = house("no-websocket") else {
        return;
    };
    let citizen = desk::browser(&folder, 440.0);
    citizen.before_scripts(NO_WEBSOCKET);
    citizen.go(&building.page("/?lang=en"));
    citizen.click("#chat");
    citizen.until(
        "the chat",
        "const box = document.getElementById('box'); return !!box && !box.hidden",
    );
    say(&citizen, "Is the pool open?");
    take(&desk, "Is the pool open?");
    citizen.until_text("Emma is here for you.");
    answer(&desk, "Until nine.");
    let mut said = vec!["Is the pool open?", "Until nine."];
    until_said(&citizen, "#log", &said);
    // Half-written text goes the other way by posts.
    citizen.click("#more summary");
    citizen.click("#live");
    citizen.type_into("#text", "And on Sun");
    let draft = "return [...document.querySelectorAll('#inbox-log .draft .body')] \
        .some((line) => line.textContent === 'And on Sun')";
    desk.browser.until("the draft", draft);
    say(&citizen, "days?");
    said.push("And on Sundays?");
    until_said(&desk.browser, "#inbox-log", &said);
    let streams = "return performance.getEntriesByType('resource') \
        .some((one) => one.name.includes('/chat/whisper'))";
    assert_eq!(citizen.run(streams), true, "it went by posts");
    drop((desk, citizen));
    building.stop();
    assert_recorded(&folder, &said);
}

#[test]
fn a_machine_that_sleeps_wakes_up_with_everything_once() {
    let _alone = peer::alone();
    let Some((folder, building, desk)) = house("sleep") else {
        return;
    };
    let citizen = begin(&building, &folder, "en");
    say(&citizen, "Good evening");
    take(&desk, "Good evening");
    answer(&desk, "Good evening to you");
    let mut said = vec!["Good evening", "Good evening to you"];
    until_said(&citizen, "#log", &said);
    citizen.sleep(true);
    answer(&desk, "What can I do?");
    answer(&desk, "I am listening.");
    std::thread::sleep(Duration::from_secs(8));
    citizen.sleep(false);
    said.extend(["What can I do?", "I am listening."]);
    until_said(&citizen, "#log", &said);
    say(&citizen, "Sorry, I was away");
    said.push("Sorry, I was away");
    until_said(&desk.browser, "#inbox-log", &said);
    until_said(&citizen, "#log", &said);
    drop((desk, citizen));
    building.stop();
    assert_recorded(&folder, &said);
}

fn pending(citizen: &Browser, count: usize) {
    let script = format!("return document.querySelectorAll('#log .pending').length === {count}");
    citizen.until("what waits to leave", &script);
}

#[test]
fn a_network_that_changes_in_mid_sending_loses_and_doubles_nothing() {
    let _alone = peer::alone();
    let Some((folder, building, desk)) = house("network") else {
        return;
    };
    let network = Network::to(building.web);
    let citizen = desk::browser(&folder, 440.0);
    citizen.go(&format!("http://{}/?lang=en", network.address));
    citizen.click("#chat");
    citizen.until(
        "the chat",
        "const box = document.getElementById('box'); return !!box && !box.hidden",
    );
    say(&citizen, "On the train");
    take(&desk, "On the train");
    let mut said = vec!["On the train"];
    until_said(&citizen, "#log", &said);
    // The house hears it, its answer is lost: the page must send it again and it must stay one.
    network.turn(Weather::Deaf);
    say(&citizen, "in the tunnel");
    said.push("in the tunnel");
    until_said(&desk.browser, "#inbox-log", &said);
    answer(&desk, "Can you hear me?");
    said.push("Can you hear me?");
    pending(&citizen, 1);
    network.turn(Weather::Cut);
    say(&citizen, "out again");
    pending(&citizen, 2);
    std::thread::sleep(Duration::from_secs(2));
    network.turn(Weather::Fine);
    said.push("out again");
    until_said(&citizen, "#log", &said);
    until_said(&desk.browser, "#inbox-log", &said);
    drop((desk, citizen));
    building.stop();
    assert_recorded(&folder, &said);
}
