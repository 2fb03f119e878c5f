//! A citizen who calls from the start page: two real browsers through the same path as a telephone.
//! Never SIP.

use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use center::city::Language;
use center::event::Fate;

/// Above what a telephone carries: two browsers speak in wideband.
const CITIZEN: f64 = 5_500.0;
const COUNSELOR: f64 = 6_000.0;

#[test]
fn a_call_from_the_page_reaches_the_desk() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("page");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", COUNSELOR);
    desk.ready();
    let citizen = desk::browser(&folder, CITIZEN);
    citizen.go(&building.page("/?lang=en"));
    citizen.click("#call");
    citizen.until(
        "the menu",
        "return document.getElementById('menu').childElementCount > 0",
    );
    citizen.click("[data-key='9']");
    citizen.until_text("English");
    std::thread::sleep(std::time::Duration::from_secs(1));
    citizen.click("[data-key='1']");
    let card = desk.until_ring();
    assert!(card.contains("English") && card.contains("9 › 1"), "{card}");
    desk.answer();
    // Both begin in the codec of telephones and are told to change once they are joined.
    std::thread::sleep(std::time::Duration::from_secs(3));
    desk::assert_hears(&desk.browser, CITIZEN);
    desk::assert_hears(&citizen, COUNSELOR);
    // Most of the recording is of the talk as it goes on, not of its beginning.
    std::thread::sleep(std::time::Duration::from_secs(8));
    desk.write("From the page.", "last service", "AN");
    citizen.click("#hang-up");
    desk.until_doing("wrap_up");
    desk.close();
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].fate, rows[0].language),
        (Some(Fate::Answered), Language::En)
    );
    assert_eq!(
        (rows[0].via.as_str(), rows[0].keys.as_str()),
        ("page", "91")
    );
    let (citizen, counselor, rate) = record.recording_of(rows[0].contact);
    assert_eq!(rate, 16_000);
    crate::call::assert_tones(&[(&citizen, CITIZEN), (&counselor, COUNSELOR)], rate);
}
