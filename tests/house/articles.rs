//! The counseling information database at the desk, in a real browser and by keyboard alone: found
//! while the note is typed, opened, in another district, used, sent. Never its editors.

use crate::browser::{CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::chat::take;
use crate::desk::{ALT, Desk};
use crate::network::{self, OPERATOR};
use crate::peer::{self, Folder};
use serde_json::json;
use store::library::UseKind;

const RIGHT: &str = "\u{E014}";

/// Waits until the script's expression is true.
pub fn until(desk: &Desk, what: &str, expression: &str) {
    desk.browser.until(what, &format!("return {expression}"));
}

/// The note finds the article; a key opens it, another shows it for a district.
fn open_in_a_district(desk: &Desk) {
    desk.browser.press(&format!("{ALT}n"));
    desk.browser.press("여권");
    let listed = "[...document.querySelectorAll('#finds b')] \
        .some((one) => /passport/i.test(one.textContent)) \
        && document.querySelectorAll('#finds li').length <= 5";
    until(desk, "an article", listed);
    let first = "const all = [...document.querySelectorAll('#finds b')]; \
        return 1 + all.findIndex((one) => /passport/i.test(one.textContent))";
    let number = desk.browser.run(first);
    desk.browser.press(&format!("{ALT}{number}"));
    until(
        desk,
        "the open article",
        "!document.getElementById('article').hidden",
    );
    let facts = "document.getElementById('article-facts').textContent";
    until(
        desk,
        "the whole city",
        &format!("!{facts}.includes('02-900-1720')"),
    );
    desk.browser.press(&format!("{ALT}{RIGHT}"));
    until(
        desk,
        "the district",
        &format!("{facts}.includes('02-900-1720')"),
    );
    let note = "document.getElementById('note').value === '여권' \
        && document.activeElement.id === 'note'";
    until(desk, "the note as it was", note);
}

/// Nothing that a counselor needs is out of sight.
fn assert_in_sight(desk: &Desk) {
    let seen = "const seen = (id) => { \
          const box = document.getElementById(id).getBoundingClientRect(); \
          return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight; }; \
        return ['note', 'category', 'outcome', 'save', 'reply-send', 'article-answer', \
          'inbox-log', 'article-used', 'article-send', 'find'].filter((id) => !seen(id))";
    assert_eq!(
        desk.browser.run(seen),
        json!([]),
        "out of sight at 1280x720"
    );
    let asked = "const of = (what) => document.querySelector(what).getBoundingClientRect(); \
        const box = of('#inbox-log .citizen'); \
        const log = of('#inbox-log'); \
        const article = of('#article'); \
        return box.height > 0 && box.bottom <= log.bottom + 1 && article.height > 200";
    assert_eq!(
        desk.browser.run(asked),
        json!(true),
        "what the citizen asked stands beside the article"
    );
}

/// Using it fills in what it knows, sending leaves with Enter.
fn use_and_send(desk: &Desk) {
    desk.browser.press(&format!("{ALT}u"));
    let filled = "document.getElementById('category-code').textContent === 'ADM-01-01' \
        && document.querySelector('#outcome :checked')?.value === 'AN'";
    until(desk, "category and outcome", filled);
    until(
        desk,
        "the mark",
        "!document.getElementById('article-done').hidden",
    );
    desk.browser.press(&format!("{ALT}y"));
    desk.browser.press(&format!("{ALT}a"));
    let composed = "document.getElementById('reply').value \
        .includes('/articles/passport-application?lang=en') \
        && document.activeElement.id === 'reply-send'";
    until(desk, "the answer to be sent", composed);
    desk.browser.press(ENTER);
    let sent =
        "document.querySelector('#inbox-log .counselor .body')?.textContent.includes('passport')";
    until(desk, "the sent answer", sent);
}

#[test]
fn an_article_answers_by_keyboard_alone() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("articles");
    network::set(&folder, OPERATOR);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.browser.size(1280, 720);
    desk.ready();
    network::text(
        &building,
        "+821012345678",
        "Good morning, may I ask you something?",
    );
    take(&desk, "Good morning");
    open_in_a_district(&desk);
    network::text(&building, "+821099999999", "Is the pool open on Sunday?");
    until(
        &desk,
        "another who rings",
        "document.querySelectorAll('#offers li').length === 1",
    );
    assert_in_sight(&desk);
    use_and_send(&desk);
    desk.browser.press(&format!("{ALT}n"));
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    until(
        &desk,
        "the closed record",
        "document.getElementById('inbox').hidden",
    );
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    let row = rows.last().expect("the first who wrote");
    assert_eq!(
        (row.category.as_str(), row.outcome.as_str()),
        ("ADM-01-01", "AN")
    );
    assert_eq!(record.note(row.contact), "여권");
    let uses = record.article_uses(row.contact);
    let what: Vec<UseKind> = uses.iter().map(|(one, _)| one.what).collect();
    assert_eq!(what, [UseKind::Read, UseKind::Helped]);
    let (used, article) = &uses[0];
    assert_eq!(
        (used.district.as_str(), used.language.code()),
        ("north", "en")
    );
    assert_eq!(
        (article.code.as_str(), article.used),
        ("passport-application", 1)
    );
}
