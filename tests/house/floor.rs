//! The wallboard on a screen on the wall: everything at once, to be read from three meters. Never
//! what it counts: that is compared with the record elsewhere.

use crate::browser::{Browser, ENTER};
use crate::building::{self, Building};
use crate::desk;
use crate::peer::{self, Folder};
use serde_json::Value;
use std::time::Duration;

/// Height of the digits of the present moment on the smallest screen, in its points. On a screen
/// of 40 inches they are 27 mm high: twice what is read with ease from three meters.
const DIGITS_MIN: f64 = 40.0;
/// The same of today's figures, 12 mm, and of each queue's, 8 mm.
const TODAY_MIN: f64 = 18.0;
const QUEUE_MIN: f64 = 12.0;

/// Heights of the digits in the elements that the selector finds, and whether each is whole.
fn digits(browser: &Browser, selector: &str) -> Vec<(f64, bool)> {
    let found = browser.run(&format!(
        "const pen = document.createElement('canvas').getContext('2d');
         return [...document.querySelectorAll('{selector}')].map((one) => {{
           const style = getComputedStyle(one);
           pen.font = `${{style.fontWeight}} ${{style.fontSize}} ${{style.fontFamily}}`;
           const box = one.closest('.tile, td').getBoundingClientRect();
           const text = document.createRange();
           text.selectNodeContents(one);
           const right = text.getBoundingClientRect().right;
           return [pen.measureText('0').actualBoundingBoxAscent, right <= box.right];
         }});"
    ));
    let one = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_bool()?));
    let pairs = found.as_array().into_iter().flatten();
    pairs.map(|pair| one(pair).expect("a height")).collect()
}

fn assert_readable(browser: &Browser, selector: &str, count: usize, min: f64, screen: &str) {
    let found = digits(browser, selector);
    assert!(found.len() >= count, "{screen}: {selector}: {found:?}");
    let well = found.iter().all(|(height, whole)| *height >= min && *whole);
    assert!(well, "{screen}: {selector}: {found:?}");
}

#[test]
fn the_wall_is_read_from_three_meters_without_scrolling() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("floor");
    let building = Building::open(&folder, &["--simulation"]);
    let day = building::play_day(&folder, &building, 3, 60);
    let browser = desk::browser(&folder, 1_000.0);
    browser.go(&building.page("/desk?lang=en"));
    browser.type_into("#login", "sora");
    browser.type_into("#password", &format!("haneul-120{ENTER}"));
    browser.until_text("Floor");
    browser.go(&building.page("/floor?lang=en"));
    browser.until(
        "a day that goes on",
        "return Number(document.querySelector('.today .value').textContent) >= 10",
    );
    for language in ["ko", "en"] {
        browser.go(&building.page(&format!("/floor?lang={language}")));
        for (width, height) in [(1_280, 720), (1_920, 1_080)] {
            browser.size(width, height);
            std::thread::sleep(Duration::from_secs(2));
            let screen = format!("{language} at {width} x {height}");
            let whole = browser.run(
                "const page = document.documentElement;
                 const boxes = [page, ...document.querySelectorAll('.scroll')];
                 return boxes.map((box) => [
                   box.scrollWidth - box.clientWidth, box.scrollHeight - box.clientHeight,
                 ]);",
            );
            let hidden = whole.as_array().into_iter().flatten();
            let none =
                |pair: &Value| pair[0].as_f64() <= Some(0.0) && pair[1].as_f64() <= Some(0.0);
            assert!(
                hidden.clone().count() >= 2 && hidden.clone().all(none),
                "{screen}: {whole}"
            );
            let scale = f64::from(height) / 720.0;
            assert_readable(&browser, ".now .value", 6, DIGITS_MIN * scale, &screen);
            assert_readable(&browser, ".today .value", 10, TODAY_MIN * scale, &screen);
            assert_readable(&browser, ".queues .big", 40, QUEUE_MIN * scale, &screen);
        }
    }
    drop(day);
    drop(browser);
    building.stop();
}
