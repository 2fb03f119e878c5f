//! The pages by https without a proxy, at a name that is not this machine's own: a citizen types
//! the plain address and calls, a counselor answers. Never TLS itself: that is tested with the
//! pages.

use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use crate::sipp::free_port;
use center::event::Fate;
use std::process::Command;

/// A name that a browser trusts with a microphone only by https.
const NAME: &str = "120.haneul.example";
const CITIZEN: f64 = 5_500.0;
const COUNSELOR: f64 = 6_000.0;

/// Makes a certificate for the name in the record's folder.
fn certify(folder: &Folder) {
    let record = folder.join("record");
    std::fs::create_dir_all(&record).expect("a folder");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=haneul", "-addext"])
        .arg(format!("subjectAltName=DNS:{NAME}"))
        .args(["-keyout", "house.key", "-out", "house.pem"])
        .current_dir(&record)
        .output()
        .expect("openssl is there");
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn a_call_from_the_page_needs_no_proxy_in_between() {
    let _alone = peer::alone();
    if !peer::here(&["chromium", "chromedriver", "openssl"]) {
        return;
    }
    let folder = Folder::new("secure");
    certify(&folder);
    let plain = free_port();
    let settings = format!(
        "[tls]\ncertificate = \"house.pem\"\nkey = \"house.key\"\nredirect = \"127.0.0.1:{plain}\"\n"
    );
    peer::write(&folder.join("dasan.toml"), settings);
    let mut building = Building::open(&folder, &[]);
    let port = building.web.port();
    building.origin = format!("https://{NAME}:{port}");

    let desk = Desk::open(&building, &folder, "emma", COUNSELOR);
    desk.ready();
    let citizen = desk::browser(&folder, CITIZEN);
    citizen.go(&format!("http://{NAME}:{plain}/?lang=en"));
    let there = format!("return location.origin === '{}'", building.origin);
    citizen.until("the secured page", &there);
    assert_eq!(citizen.run("return isSecureContext"), true);
    citizen.click("#call");
    desk.until_ring();
    desk.answer();
    std::thread::sleep(std::time::Duration::from_secs(3));
    desk::assert_hears(&desk.browser, CITIZEN);
    desk::assert_hears(&citizen, COUNSELOR);
    desk.write("By https.", "last service", "AN");
    citizen.click("#hang-up");
    desk.until_doing("wrap_up");
    desk.close();
    drop((desk, citizen));
    building.stop();
    building::audit(&folder, &[]);
    let rows = Record::open(&folder, None).contacts();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].fate, Some(Fate::Answered));
}

#[test]
fn a_certificate_that_cannot_be_shown_is_named_and_nothing_starts() {
    let folder = Folder::new("no-certificate");
    let settings = "[tls]\ncertificate = \"house.pem\"\nkey = \"house.key\"\n";
    peer::write(&folder.join("dasan.toml"), settings);
    let (ran, said) = building::said(&folder, &["serve", "--data", "record"]);
    assert!(!ran && said.contains("house.pem"), "{said}");
    assert!(!folder.join("record/dasan.db").exists(), "nothing was made");
}
