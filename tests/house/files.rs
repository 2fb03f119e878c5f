//! Files that are pasted and dropped, at the desk and in a citizen's chat, in real browsers. Never
//! chosen from a list.

use crate::browser::{Browser, CONTROL, ENTER};
use crate::building::{self, Building, Record};
use crate::chat::{begin, say, take};
use crate::desk::Desk;
use crate::peer::{self, Folder};
use serde_json::json;

/// The smallest PNG there is, in base64.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA\
                   WjR9awAAAABJRU5ErkJggg==";
const FORM: &str = "%PDF-1.7 a form";

/// Waits until so many files stand in the conversation; at the desk each with a way to it.
fn until_files(page: &Browser, files: &str, count: usize) {
    let script = format!("return document.querySelectorAll('{files}').length === {count}");
    page.until(&format!("{count} of {files}"), &script);
}

#[test]
fn files_are_pasted_and_dropped_at_the_desk_and_in_a_chat() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("files");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", 1_000.0);
    desk.ready();
    let citizen = begin(&building, &folder, "en");
    say(&citizen, "There is a hole in the road");
    take(&desk, "There is a hole");
    let form = folder.join("form.pdf");
    peer::write(&form, FORM);

    // The citizen pastes a picture and drops two documents: all three leave at one press.
    citizen.copy_picture(DOT);
    citizen.type_into("#text", &format!("{CONTROL}v"));
    citizen.until(
        "the pasted picture",
        "const file = document.getElementById('file'); \
         return file.files.length === 1 && file.files[0].type === 'image/png' \
             && document.getElementById('more').open",
    );
    citizen.drop_files("#main", &[&form, &form]);
    citizen.type_into("#text", "Here it is");
    citizen.click("#send");
    until_files(&citizen, "#log .file", 3);
    until_files(&desk.browser, "#inbox-log .file a", 3);
    let empty = "return document.getElementById('file').files.length === 0 \
        && document.getElementById('text').value === ''";
    citizen.until("an empty field", empty);

    // So does the counselor.
    desk.browser.copy_picture(DOT);
    desk.browser.type_into("#reply", &format!("{CONTROL}v"));
    let listed = |count: usize| {
        format!(
            "return document.querySelectorAll('#reply-files li').length === {count} \
             && !document.getElementById('reply-files').hidden"
        )
    };
    desk.browser.until("the pasted picture", &listed(1));
    desk.browser.drop_files("#inbox", &[&form]);
    desk.browser.until("the dropped document", &listed(2));
    let there = "return document.activeElement.id === 'reply'";
    assert_eq!(desk.browser.run(there), json!(true), "writing goes on");
    desk.browser.press("Thank you");
    desk.browser.press(&format!("{CONTROL}{ENTER}"));
    until_files(&desk.browser, "#inbox-log .file a", 5);
    until_files(&citizen, "#log .file", 5);
    // What cannot be sent is refused in words and not opened in place of the page.
    let page = folder.join("page.html");
    peer::write(&page, "<p>a page");
    desk.browser.drop_files("#inbox", &[&page]);
    desk.browser.until(
        "the refusal",
        "return !document.getElementById('reply-error').hidden",
    );
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    assert_record(&Record::open(&folder, None));
}

/// The citizen's picture and documents, then the counselor's.
fn assert_record(record: &Record) {
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    let letters = record.letters(rows[0].contact);
    let files = |incoming: bool| -> Vec<&str> {
        let own = letters.iter().filter(|one| one.incoming == incoming);
        let files = own.flat_map(|one| &one.letter.files);
        files.map(|file| file.media_type.as_str()).collect()
    };
    let (png, pdf) = ("image/png", "application/pdf");
    assert_eq!(files(true), [png, pdf, pdf]);
    assert_eq!(files(false), [png, pdf]);
    let said: Vec<&str> = letters.iter().map(|one| one.letter.text.as_str()).collect();
    assert!(said.contains(&"Here it is") && said.contains(&"Thank you"));
}
