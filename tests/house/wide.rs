//! A telephone of wideband and a browser at the desk: what lies above 4 kHz arrives at both ends
//! and in the recording. Never a telephone of G.711: that is every other scene.

use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use crate::softphone::Softphone;
use crate::sound;
use center::event::Fate;
use std::time::Duration;

/// A browser that cannot change what it speaks.
const CANNOT_CHANGE: &str = "RTCRtpSender.prototype.setParameters = \
     () => Promise.reject(new Error('not in this browser'));";

struct Scene {
    name: &'static str,
    /// As baresip names them.
    codecs: &'static str,
    citizen_hz: f64,
    counselor_hz: f64,
    can_change: bool,
}

/// A call with a reload in it, both tones, and the record.
fn a_talk(scene: &Scene) {
    let _alone = peer::alone();
    if !peer::here(&["baresip", "chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new(scene.name);
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", scene.counselor_hz);
    let prepare = || {
        if !scene.can_change {
            desk.browser.run(CANNOT_CHANGE);
        }
    };
    prepare();
    desk.ready();
    let mut phone = Softphone::start_in(scene.citizen_hz as u32, scene.codecs);
    phone.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    phone.press('9');
    std::thread::sleep(Duration::from_secs(2));
    phone.press('1');
    desk.until_ring();
    desk.answer();
    desk::assert_hears(&desk.browser, scene.citizen_hz);
    desk.browser.reload();
    desk.until_connected();
    prepare();
    desk.until_doing("talk");
    desk::assert_hears(&desk.browser, scene.citizen_hz);
    phone.mute();
    std::thread::sleep(Duration::from_secs(8));
    phone.hang_up();
    desk.until_doing("wrap_up");
    let (heard, rate) = phone.heard();
    let last = &heard[heard.len().saturating_sub(rate as usize * 4)..];
    let share = sound::share(last, rate, scene.counselor_hz);
    assert!(share > 0.7, "the telephone hears the counselor: {share}");
    desk.write("", "last service", "AN");
    desk.close();
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].fate, Some(Fate::Answered));
    assert_eq!(rows[0].keys, "91", "keys by the clock of the codec");
    let (citizen, counselor, rate) = record.recording_of(rows[0].contact);
    assert_eq!(rate, 16_000);
    let citizen = sound::share(&citizen, rate, scene.citizen_hz);
    let counselor = sound::share(&counselor, rate, scene.counselor_hz);
    println!("shares of the tones: {citizen} {counselor}");
    assert!(citizen > 0.7 && counselor > 0.7, "{citizen} {counselor}");
}

#[test]
fn a_telephone_of_g722_is_heard_and_hears_above_the_telephone() {
    a_talk(&Scene {
        name: "wide-g722",
        codecs: "G722/16000/1,PCMU",
        citizen_hz: 5_500.0,
        counselor_hz: 6_000.0,
        can_change: true,
    });
}

#[test]
fn a_telephone_of_opus_is_heard_and_hears_above_the_telephone() {
    a_talk(&Scene {
        name: "wide-opus",
        codecs: "opus/48000/2",
        citizen_hz: 5_500.0,
        counselor_hz: 6_000.0,
        can_change: true,
    });
}

#[test]
fn a_browser_that_cannot_change_is_heard_by_a_telephone_of_opus() {
    a_talk(&Scene {
        name: "wide-stuck",
        codecs: "opus/48000/2",
        citizen_hz: 5_500.0,
        counselor_hz: 1_000.0,
        can_change: false,
    });
}
