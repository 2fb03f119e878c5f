//! A citizen who calls from the start page: two real browsers through the same path as a telephone.
//! Never SIP.

use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use center::city::Language;
use center::event::Fate;

#[test]
fn a_call_from_the_page_reaches_the_desk() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("page");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let citizen = desk::browser(&folder, 440.0);
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
    desk::assert_hears(&desk.browser, 440.0);
    desk::assert_hears(&citizen, 1_000.0);
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
    let (citizen, counselor) = record.recording(rows[0].contact);
    crate::call::assert_two_tones(&citizen, &counselor);
}
