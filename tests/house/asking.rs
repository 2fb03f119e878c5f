//! A unit is asked by mail to assure an article, once, though the power fails before and after the
//! mail has left. Never an article's editors.

use crate::building::{self, Building};
use crate::desk::Desk;
use crate::mail::MailServer;
use crate::network;
use crate::peer::{self, Folder};
use std::time::Duration;

/// An editor asks the unit on the article's page.
fn ask(building: &Building, folder: &Folder, code: &str) {
    let desk = Desk::open(building, folder, "sora", 1_000.0);
    desk.browser
        .go(&building.page(&format!("/library/a/{code}?lang=en")));
    let send = "const form = document.querySelector('form[action$=\"/do/check\"]'); \
        if (form) form.submit(); return !!form";
    desk.browser.until("the button", send);
    let asked = format!(
        "return !document.querySelector('form[action$=\"/library/a/{code}/do/check\"]') \
         && document.querySelector('h1') !== null"
    );
    desk.browser.until("the article that is asked for", &asked);
}

#[test]
fn a_unit_is_asked_by_one_mail_whatever_stops_in_between() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("asking");
    let building = Building::open(&folder, &[]);
    for code in ["passport-application", "id-card-reissue"] {
        ask(&building, &folder, code);
    }
    building.kill();
    let Some(server) = MailServer::open(&folder) else {
        return;
    };
    // Decided at the start, but the mail server cannot be reached when the power fails.
    network::set(&folder, &server.settings_at(1));
    Building::open(&folder, &[]).kill();
    network::set(&folder, &server.settings());
    let building = Building::open(&folder, &[]);
    let mail = server.mail();
    assert_eq!(mail.to, "civil@haneul.example");
    for words in ["Please check 2 articles", "확인해 주세요"] {
        assert!(mail.subject.contains(words), "{}", mail.subject);
    }
    for words in [
        "/library/a/passport-application",
        "/library/a/id-card-reissue",
        "/library?owner=CIV",
        "여권 신청과 재발급",
    ] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    let log = folder.join("dasan.log");
    peer::until("the word that it left", Duration::from_secs(20), || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("a unit was asked by mail"))
    });
    building.kill();
    let building = Building::open(&folder, &[]);
    server.assert_quiet();
    building.stop();
    building::audit(&folder, &[]);
}
