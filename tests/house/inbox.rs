//! One counselor with several who write at once, in a real browser and by keyboard alone: chats and
//! a text, an emergency, an answer that not everybody may read, a file. Never a call.

use crate::browser::{Browser, CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::chat::{answer, begin, say, take, until_said};
use crate::desk::{self, Desk};
use crate::network::{self, Mastodon, OPERATOR};
use crate::peer::{self, Folder};
use center::city::Channel;
use center::event::{Event, Fate, OfferEnd};
use serde_json::json;
use std::time::{Duration, Instant};

const ALT: &str = "\u{E00A}";
const F2: &str = "\u{E032}";
const TAB: &str = "\u{E004}";

/// Waits until the conversation at hand holds the words.
fn until_at_hand(desk: &Desk, words: &str) {
    let words = json!(words);
    let script = format!(
        "return document.getElementById('inbox-log').textContent.includes({words}) \
         && document.activeElement.id === 'reply'"
    );
    desk.browser.until(&format!("{words} at hand"), &script);
}

/// Goes to the next contact of the roster until the one with these words is at hand.
fn turn_to(desk: &Desk, words: &str) {
    let shown = format!(
        "return document.getElementById('inbox-log').textContent.includes({})",
        json!(words)
    );
    for _ in 0..4 {
        if desk.browser.run(&shown) == json!(true) {
            return desk.browser.press(&format!("{ALT}r"));
        }
        desk.browser.press(&format!("{ALT}j"));
        std::thread::sleep(Duration::from_millis(300));
    }
    until_at_hand(desk, words);
}

fn until_reply_is(desk: &Desk, text: &str) {
    let script = format!(
        "return document.getElementById('reply').value === {}",
        json!(text)
    );
    desk.browser.until(&format!("the draft {text:?}"), &script);
}

/// A macro: answer, category and outcome at `/`, then one chord sends it and closes the record.
fn close_by_macro(desk: &Desk) {
    desk.browser.press("/passp");
    desk.browser.until(
        "what the macro will do",
        "const does = [...document.querySelectorAll('#canned .does')].map((line) => line.textContent); \
         return does.length === 3 && does[1].includes('ADM-01-02')",
    );
    desk.browser.press(ENTER);
    desk.browser.until(
        "the word that it closes",
        "return !document.getElementById('reply-closes').hidden",
    );
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
}

/// What each citizen asked and what half of its answer is.
const ALL: [(&str, &str); 3] = [
    ("Is the library open", "It is open "),
    ("Where can I park", "There is a garage "),
    ("When does the pool", "It closes "),
];

/// Half of each answer is written, in turn; each draft stays with its own citizen.
fn answer_in_turn(desk: &Desk) {
    for (question, draft) in ALL {
        turn_to(desk, question);
        desk.browser.press(draft);
    }
    for (question, draft) in ALL {
        turn_to(desk, question);
        until_reply_is(desk, draft);
    }
    for ((question, _), rest) in ALL.into_iter().zip(["until nine.", "below it.", "at ten."]) {
        turn_to(desk, question);
        answer(desk, rest);
    }
}

/// Three contacts, each answered and closed by the macro.
fn assert_record(record: &Record) {
    let rows = record.contacts();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert_eq!(
            (row.fate, row.category.as_str()),
            (Some(Fate::Answered), "ADM-01-02")
        );
        let said = record.messages(row.contact);
        let ours: Vec<&str> = said
            .iter()
            .filter(|(citizen, _)| !citizen)
            .map(|(_, text)| text.as_str())
            .collect();
        assert_eq!(ours.len(), 2, "{said:?}");
        let link = ours[1].lines().last().unwrap_or_default();
        assert!(
            link.starts_with("https://"),
            "the macro brings its page: {}",
            ours[1]
        );
    }
    let text = rows
        .iter()
        .find(|row| row.channel == Channel::Text)
        .expect("the text");
    assert_eq!(
        record.messages(text.contact)[1].1,
        "There is a garage below it."
    );
}

#[test]
fn two_chats_and_a_text_at_once() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("at-once");
    network::set(&folder, OPERATOR);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.browser.size(1280, 720);
    desk.ready();
    let first = begin(&building, &folder, "en");
    say(&first, "Is the library open today?");
    take(&desk, "Is the library open today?");
    network::text(
        &building,
        "+821012345678",
        "Where can I park near the town hall?",
    );
    take(&desk, "Where can I park");
    let second = begin(&building, &folder, "en");
    say(&second, "When does the pool close?");
    take(&desk, "When does the pool close?");

    answer_in_turn(&desk);
    until_said(
        &first,
        "#log",
        &["Is the library open today?", "It is open until nine."],
    );
    until_said(
        &second,
        "#log",
        &["When does the pool close?", "It closes at ten."],
    );
    for (question, _) in ALL {
        turn_to(&desk, question);
        close_by_macro(&desk);
        let gone = format!(
            "return document.getElementById('inbox').hidden \
             || !document.getElementById('inbox-log').textContent.includes({})",
            json!(question)
        );
        desk.browser.until("the record is closed", &gone);
    }
    second.until_text("This chat is over.");
    drop((desk, first, second));
    building.stop();
    building::audit(&folder, &[]);
    assert_record(&Record::open(&folder, None));
}

#[test]
fn an_emergency_is_on_top_of_the_desk_at_once() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("emergency");
    network::set(&folder, OPERATOR);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    // Two wait already; the emergency comes last and is offered first.
    network::text(
        &building,
        "+821011111111",
        "Where can I park near the town hall?",
    );
    network::text(&building, "+821022222222", "Is the library open today?");
    network::text(
        &building,
        "+821033333333",
        "Help me, there is a fire in my house",
    );
    desk.browser.press(F2);
    let first = "const line = document.querySelector('#offers li'); \
        return !!line && line.classList.contains('urgent') \
            && line.textContent.includes('a fire in')";
    desk.browser.until("the emergency first", first);
    desk.browser.press("\u{E038}");
    until_at_hand(&desk, "a fire in my house");
    take(&desk, "Where can I park");
    take(&desk, "Is the library open");
    // The next one comes in the middle of it.
    let begun = Instant::now();
    network::text(
        &building,
        "+821044444444",
        "My father is not breathing, help me",
    );
    let bars = "const bars = [...document.querySelectorAll('#bars [role=alert]')]; \
        const both = (bar) => /119/.test(bar.textContent) && /112/.test(bar.textContent); \
        return bars.length === 2 && bars.every(both)";
    desk.browser.until("both bars", bars);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let top = "const bar = document.querySelector('#bars').getBoundingClientRect(); \
        return bar.top >= 0 && bar.bottom < innerHeight / 2";
    desk.browser.until("the bars are seen", top);
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
}

#[test]
fn an_emergency_takes_the_place_of_a_text_that_only_rings() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("emergency-ring");
    network::set(&folder, OPERATOR);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    network::text(&building, "+821011111111", "Where can I park?");
    let rings = |words: &str| {
        format!(
            "const lines = document.querySelectorAll('#offers li'); \
             return lines.length === 1 && lines[0].textContent.includes({})",
            json!(words)
        )
    };
    desk.browser.until("the ring", &rings("Where can I park?"));
    let begun = Instant::now();
    network::text(
        &building,
        "+821033333333",
        "Help me, there is a fire in my house",
    );
    desk.browser
        .until("the emergency", &rings("a fire in my house"));
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    desk.browser.press("\u{E038}");
    until_at_hand(&desk, "a fire in my house");
    // No missed ring: the other one rings again at once.
    take(&desk, "Where can I park?");
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let parks = record.contacts().into_iter().find(|row| {
        let said = record.messages(row.contact);
        said.iter().any(|(_, text)| text.contains("park"))
    });
    let story = record.timeline(parks.expect("it is there").contact);
    let back = |why: OfferEnd| {
        let back = story.iter().filter(|entry| match entry.event {
            Event::OfferReturned { why: own, .. } => own == why,
            _ => false,
        });
        back.count()
    };
    assert_eq!((back(OfferEnd::Emergency), back(OfferEnd::Missed)), (1, 0));
}

#[test]
fn an_emergency_is_shown_to_whoever_speaks_and_on_the_floor() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("emergency-call");
    network::set(&folder, OPERATOR);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let floor = desk::browser(&folder, 440.0);
    floor.go(&building.page("/desk?lang=en"));
    floor.type_into("#login", "sora");
    floor.type_into("#password", &format!("haneul-120{ENTER}"));
    floor.until("the desk", "return !!document.getElementById('doing')");
    floor.go(&building.page("/floor?lang=en"));
    let citizen = desk::browser(&folder, 440.0);
    citizen.go(&building.page("/?lang=en"));
    citizen.click("#call");
    let menu = "return document.getElementById('menu').childElementCount > 0";
    citizen.until("the menu", menu);
    citizen.click("[data-key='0']");
    desk.until_ring();
    // Once while the call rings, once while both speak.
    for (text, bars) in [
        ("there is a fire in my house", 1),
        ("I cannot breathe, help me", 2),
    ] {
        let begun = Instant::now();
        network::text(&building, &format!("+82103333333{bars}"), text);
        let shown = format!(
            "const bars = [...document.querySelectorAll('.urgent-bar')]; \
             const both = (bar) => /119/.test(bar.textContent) && /112/.test(bar.textContent); \
             return bars.length === {bars} && bars.every(both)"
        );
        desk.browser.until("the bar at the desk", &shown);
        floor.until("the bar on the floor", &shown);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        if bars == 1 {
            desk.answer();
        }
    }
    desk.browser.shot("emergency-while-talking");
    floor.shot("emergency-floor");
    drop((desk, floor, citizen));
    building.stop();
    building::audit(&folder, &[]);
}

/// What a citizen reads behind the link of a post, after showing who they are.
fn read_behind(link: &str, folder: &Folder) -> Browser {
    let citizen = desk::browser(folder, 440.0);
    citizen.size(320, 640);
    citizen.go(link);
    assert!(
        !citizen.text().contains("010-1234"),
        "nothing is shown before"
    );
    citizen.type_into("#word", &format!("0000{ENTER}"));
    citizen.until_text("That is not right.");
    citizen.type_into("#word", &format!("5678{ENTER}"));
    citizen.until_text("010-1234-5678");
    let wide = citizen.run("return document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, json!(false), "it fits 320 px");
    citizen
}

#[test]
fn what_not_everybody_may_read_goes_privately_or_behind_a_link() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("public");
    let network = Mastodon::open("Where is my permit? I asked for it in May and nobody called me.");
    network::set(&folder, &network.settings());
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.browser.size(1280, 720);
    desk.browser.press(F2);
    take(&desk, "Where is my permit?");
    let secret = "We call you at 010-1234-5678 tomorrow.";
    let public = |on: bool| {
        let script = format!(
            "const box = document.getElementById('reply-private'); \
             if (box.checked === {on}) box.click(); return true"
        );
        desk.browser.run(&script);
    };
    desk.browser.press(secret);
    public(true);
    let warned = "const told = document.getElementById('reply-exposed'); \
        return !told.hidden && told.textContent.includes('phone number 010-1234-5678')";
    desk.browser.until("the warning", warned);
    desk.browser.press(&format!("{ALT}r"));
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    desk.browser.until(
        "the choice",
        "return document.getElementById('exposed-box').open",
    );
    desk.browser.press(ENTER);
    let (text, visibility) = network.until_posted(1);
    assert_eq!(
        (text.contains(secret), visibility.as_str()),
        (true, "direct")
    );

    // The same as a link: the keyboard leads from the first choice to the second.
    desk.browser.until(
        "an empty field",
        "const field = document.getElementById('reply'); return field.value === '' && !field.readOnly",
    );
    desk.browser.press(&format!("{ALT}r"));
    desk.browser.press(secret);
    public(true);
    desk.browser.until("the warning", warned);
    desk.browser.press(&format!("{ALT}r"));
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    desk.browser.until(
        "the choice",
        "return document.getElementById('exposed-box').open",
    );
    desk.browser.press(&format!("{TAB}{TAB}5678{ENTER}"));
    let (text, visibility) = network.until_posted(2);
    assert_eq!(visibility, "unlisted", "the link is for everybody to see");
    assert!(!text.contains("010"), "{text}");
    desk.browser.until_text("Behind the link");
    let link = text
        .split(' ')
        .find(|word| word.starts_with("http"))
        .expect("a link");
    drop(read_behind(link, &folder));
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
}
