//! A citizen who writes by the form of the site, in a real browser with and without scripts; the
//! answer goes home by mail. Never a chat.

use crate::access;
use crate::browser::Browser;
use crate::building::{self, Building, Record};
use crate::chat::{answer, take};
use crate::desk::{self, Desk};
use crate::mail::MailServer;
use crate::peer::{self, Folder};
use center::city::Channel;
use std::time::Duration;

/// Nobody fills the form in less than three seconds.
const READING: Duration = Duration::from_millis(3_200);

fn open(building: &Building, page: &Browser) {
    page.go(&building.page("/?lang=en"));
    page.click("#write");
    page.until("the form", "return !!document.getElementById('form')");
}

/// What is wrong is said, what was typed stays.
fn send_with_a_mistake(page: &Browser, text: &str) {
    page.type_into("#text", text);
    page.type_into("#address", "kim");
    std::thread::sleep(READING);
    page.click("#send");
    page.until_text("Please check the mail address or number");
    let kept = format!("return document.getElementById('text').value === '{text}'");
    page.until("what was typed", &kept);
    let narrow = "return document.documentElement.scrollWidth <= 320";
    assert_eq!(page.run(narrow), true, "nothing is cut off at 320");
    page.shot("form-mistake-320");
}

fn contact(page: &Browser) -> String {
    page.until_text("Contact number");
    let found = page.run("return document.querySelector('.state').textContent");
    found.as_str().expect("a number").to_owned()
}

#[test]
fn a_form_comes_to_the_desk_with_and_without_a_script() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("write");
    let Some(axe) = access::axe(&folder) else {
        return;
    };
    let Some(server) = MailServer::open(&folder) else {
        return;
    };
    peer::write(&folder.join("dasan.toml"), server.settings());
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let page = desk::browser(&folder, 440.0);
    page.size(320, 640);
    open(&building, &page);
    access::assert_accessible(&page, &axe, "the form");
    page.shot("form-320");
    send_with_a_mistake(&page, "The light at the school is out");
    access::assert_accessible(&page, &axe, "a form with a mistake");
    let counted = "return document.getElementById('letters').textContent === '30 of 2000 letters'";
    page.until("letters are counted", counted);
    page.type_into("#address", "@mail.example");
    let picture = folder.join("light.png");
    peer::write(&picture, one_pixel());
    page.type_into("#pictures", &picture.display().to_string());
    page.click("#send");
    let number = contact(&page);
    access::assert_accessible(&page, &axe, "the page of thanks");
    page.shot("form-done-320");
    page.reload();
    assert_eq!(contact(&page), number, "a reload changes nothing");

    // The same again without any script.
    page.scripts(false);
    open(&building, &page);
    send_with_a_mistake(&page, "Dark again");
    page.type_into("#address", "@mail.example");
    page.click("#send");
    assert_ne!(contact(&page), number, "another form is another contact");
    page.scripts(true);

    take(&desk, "The light at the school is out");
    answer(&desk, "It is repaired tomorrow.");
    let seen = server.mail();
    assert_eq!(seen.to, "kim@mail.example");
    assert!(seen.text.contains("It is repaired tomorrow."), "{seen:?}");
    drop((desk, page));
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 2, "nothing is doubled");
    assert!(rows.iter().all(|row| row.channel == Channel::Mail));
}

/// The smallest picture there is.
fn one_pixel() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de\
        0000000c49444154789c63f8dfc0000004010180c52a185d0000000049454e44ae426082";
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(text, 16).expect("digits")
    };
    digits.chunks(2).map(byte).collect()
}
