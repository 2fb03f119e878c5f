//! A whole shift of one call with nothing but a keyboard: no element is looked for by the driver,
//! no mouse, no script that presses. Never a judgement of sound: that is every other scene.

use crate::browser::{CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::desk::{self, ALT, Desk, F2, F8};
use crate::peer::{self, Folder};
use crate::softphone::Softphone;
use center::city::CounselorId;
use center::event::Fate;
use std::cell::Cell;
use std::time::Duration;

const TAB: &str = "\u{E004}";
const SHIFT: &str = "\u{E008}";
/// The middle of the number from which the softphone calls.
const HIDDEN: &str = "5550";
const NOTE: &str = "막차는 23:50";

/// The keys of one desk, counted.
struct Keyboard<'a> {
    desk: &'a Desk,
    strokes: Cell<u32>,
}

impl Keyboard<'_> {
    /// One stroke: keys pressed together.
    fn stroke(&self, keys: &str) {
        self.desk.browser.stroke(keys);
        self.strokes.set(self.strokes.get() + 1);
    }

    /// One stroke for each letter.
    fn type_text(&self, text: &str) {
        for letter in text.chars() {
            self.stroke(&letter.to_string());
        }
    }

    /// From the address of the desk to the state ready.
    fn sign_in(&self, building: &Building) {
        let browser = &self.desk.browser;
        browser.go(&building.page("/desk?lang=ko"));
        let focused = "return document.activeElement?.id === 'login'";
        browser.until("the focus on the name", focused);
        self.type_text("sora");
        self.stroke(TAB);
        self.type_text("haneul-120");
        self.stroke(ENTER);
        let me = "const me = document.getElementById('doing'); \
             return !!me && me.className !== 'doing'";
        browser.until("the desk", me);
        self.stroke(F2);
        self.desk.until_doing("ready");
    }

    /// Strokes since this was asked last.
    fn counted(&self) -> u32 {
        self.strokes.replace(0)
    }
}

/// What the page knows of the caller: all it shows, and what it may ask the center.
fn known_to_the_page(desk: &Desk) -> String {
    let found = desk.browser.run_async(
        "const contact = document.getElementById('contact').textContent;
         const pop = await (await fetch(`/desk/contacts/${contact}`)).text();
         const state = await (await fetch('/desk/state')).text();
         return document.documentElement.outerHTML + pop + state;",
    );
    found.as_str().expect("a text").to_owned()
}

#[test]
fn a_call_from_signing_in_to_the_saved_record_by_keyboard_alone() {
    let _alone = peer::alone();
    if !peer::here(&["baresip", "chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("keyboard");
    let building = Building::open(&folder, &[]);
    let desk = Desk {
        browser: desk::browser(&folder, 1_000.0),
    };
    let keys = Keyboard {
        desk: &desk,
        strokes: Cell::new(0),
    };
    keys.sign_in(&building);
    let mut phone = Softphone::start(440);
    phone.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    phone.press('0');
    let card = desk.until_ring();
    assert!(card.contains("34"), "the end of the number helps: {card}");
    let known = known_to_the_page(&desk);
    assert!(!known.contains(HIDDEN), "the number is not in the page");

    keys.stroke(F8);
    desk.until_doing("talk");
    let shown = "return document.getElementById('number').textContent";
    let clear = format!("{shown}.includes('{HIDDEN}')");
    desk.browser.until("the number in clear", &clear);
    let number = desk.browser.run(shown);
    assert_eq!(number.as_str(), Some("010-5550-1234"));
    let writing = "return document.activeElement?.id === 'note'";
    desk.browser.until("the focus on the note", writing);
    keys.type_text(NOTE);
    keys.counted();

    // By initial consonants: first and last service. Enter goes on to the outcome.
    keys.stroke(&format!("{ALT}c"));
    keys.type_text("ㅊㅊㅁㅊ");
    keys.stroke(ENTER);
    keys.type_text("AN");
    assert_eq!(keys.counted(), 8, "category and outcome");
    std::thread::sleep(Duration::from_secs(2));
    keys.stroke(&format!("{SHIFT}{F8}"));
    desk.until_doing("wrap_up");
    keys.counted();
    keys.stroke(&format!("{CONTROL}{ENTER}"));
    desk.until_doing("ready");
    assert!(keys.counted() <= 2, "saved and ready");
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);

    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (row.fate, row.counselor),
        (Some(Fate::Answered), Some(CounselorId(1)))
    );
    assert_eq!(
        (row.category.as_str(), row.outcome.as_str()),
        ("TRF-01-02", "AN")
    );
    assert_eq!(record.note(row.contact), NOTE);
}
