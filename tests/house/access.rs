//! Pages judged by axe-core, the accessibility checker, in a real browser: WCAG 2.2 AA. Never a
//! rule of our own.

use crate::browser::Browser;
use crate::building::Building;
use crate::chat;
use crate::desk::Desk;
use crate::peer::{self, Folder};
use serde_json::Value;

/// The checker, fetched by name; none when there is no way to it.
pub fn axe(folder: &Folder) -> Option<String> {
    let modules = peer::npm(folder, "axe-core@4")?;
    std::fs::read_to_string(modules.join("axe-core/axe.min.js")).ok()
}

/// Panics with what axe-core found on the page.
pub fn assert_accessible(page: &Browser, axe: &str, name: &str) {
    let found = page.run_async(&format!(
        "{axe};
         const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
         const found = await axe.run(document, {{ runOnly: tags, iframes: false }});
         const shown = (one) => one.nodes.map((node) => node.html).join(' ');
         return found.violations.map((one) => `${{one.id}}: ${{shown(one)}}`);"
    ));
    assert_eq!(found, Value::Array(Vec::new()), "{name}");
}

#[test]
fn pages_on_which_people_write_are_accessible() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver", "npm"]) {
        return;
    }
    let folder = Folder::new("access");
    let Some(axe) = axe(&folder) else { return };
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "sora", 1_000.0);
    desk.ready();
    let citizen = chat::begin(&building, &folder, "en");
    citizen.size(320, 640);
    let narrow = "return document.documentElement.scrollWidth <= 320";
    assert_eq!(
        citizen.run(narrow),
        Value::Bool(true),
        "nothing is cut off at 320"
    );
    assert_accessible(&citizen, &axe, "a new chat");
    chat::say(&citizen, "Hello");
    desk.browser.until(
        "the offer",
        "return document.querySelectorAll('#offers .first').length === 1",
    );
    assert_accessible(&desk.browser, &axe, "the desk with an offer");
    chat::take(&desk, "Hello");
    chat::answer(&desk, "Good morning");
    chat::until_said(&citizen, "#log", &["Hello", "Good morning"]);
    assert_accessible(&citizen, &axe, "a chat");
    assert_accessible(&desk.browser, &axe, "the desk with a chat");
    citizen.go(&building.page("/?lang=ko"));
    assert_accessible(&citizen, &axe, "the start page");
    citizen.go(&building.page("/chat/log?still=1"));
    assert_accessible(&citizen, &axe, "the chat without a script");
    for path in ["/contacts/1", "/floor", "/floor/letters", "/statistics"] {
        desk.browser.go(&building.page(path));
        assert_accessible(&desk.browser, &axe, path);
    }
    drop((desk, citizen));
    building.stop();
}

#[test]
fn answers_are_accessible_fit_a_phone_and_appear_while_one_types() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver", "npm"]) {
        return;
    }
    let folder = Folder::new("answers");
    let Some(axe) = axe(&folder) else { return };
    let building = Building::open(&folder, &[]);
    let citizen = crate::desk::browser(&folder, 440.0);
    citizen.size(320, 640);
    // A house that has just been built has its index a little later.
    let found = "return document.querySelector('.hits a') !== null";
    for _ in 0..40 {
        citizen.go(&building.page("/search?q=water+leak&lang=en"));
        if citizen.run(found) == Value::Bool(true) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    citizen.go(&building.page("/?lang=en"));
    citizen.type_into("#q", "water leak");
    citizen.until(
        "results while one types",
        "return document.querySelectorAll('#hits .hits a').length > 0",
    );
    assert_accessible(&citizen, &axe, "results on the start page");
    let place = "return document.querySelector('#hits .hits a').getAttribute('href')";
    let place = citizen.run(place);
    assert!(
        place
            .as_str()
            .is_some_and(|place| place.starts_with("/articles/")),
        "{place}"
    );
    for path in [
        "/search?q=water&lang=ko",
        "/search?q=zzzzzz&lang=en",
        "/articles/water-leak-report?lang=ko",
        "/articles/water-leak-report?lang=mn&thanks=no",
        "/articles/none?lang=vi",
        "/articles?lang=en",
        "/articles?lang=en&category=WAT",
        "/?lang=en&text=Where+is+my+bin",
    ] {
        citizen.go(&building.page(path));
        let narrow = "return document.documentElement.scrollWidth <= 320";
        assert_eq!(citizen.run(narrow), Value::Bool(true), "{path} at 320");
        assert_accessible(&citizen, &axe, path);
    }
    // Without a script the same form leads to a page.
    citizen.scripts(false);
    citizen.go(&building.page("/?lang=en"));
    citizen.type_into("#q", "water leak");
    citizen.click(".search button");
    citizen.until_text("Answers to");
    drop(citizen);
    building.stop();
}
