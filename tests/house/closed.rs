//! Opening hours as a caller meets them: a one-off closure of one queue, with a real telephone.
//! Never every period of a week: that is reckoned in the simulator.

use crate::building::{self, Building, Record};
use crate::peer::{self, Folder};
use crate::softphone::Softphone;
use crate::sound;
use center::event::{Event, Fate};
use center::statistics::Cell;
use center::time::{DAY_MS, Day, HOUR_MS};
use std::time::{Duration, SystemTime};

const SAMPLE: &str = include_str!("../../assets/city.toml");
/// What the city says when a queue is closed, dropped in as a tone that can be told from speech.
const CLOSED: f64 = 700.0;
/// What it says last, likewise.
const GOODBYE: f64 = 1_100.0;

/// Today in Haneul.
fn today() -> i32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let at_ms = i64::try_from(since.expect("after 1970").as_millis()).expect("before 292,000,000");
    i32::try_from((at_ms + 9 * HOUR_MS) / DAY_MS).expect("a day")
}

/// The sample city, its general queue closed from yesterday to the day after tomorrow.
fn closed_city() -> String {
    let (from, to) = (Day(today() - 1), Day(today() + 2));
    let general = "rings = [{ needs = [\"ko\"] }]\nwaiting_max = 300";
    let closure =
        format!("{general}\nclosures = [{{ from = \"{from} 00:00\", to = \"{to} 00:00\" }}]");
    assert!(SAMPLE.contains(general));
    SAMPLE.replacen(general, &closure, 1)
}

/// The largest share of the tone in any two seconds of what was heard.
fn loudest_part(heard: &[i16], rate: u32, frequency: f64) -> f64 {
    let part = rate as usize * 2;
    let shares = heard
        .windows(part)
        .step_by(part / 20)
        .map(|part| sound::share(part, rate, frequency));
    shares.fold(0.0, f64::max)
}

fn speak_in_tones(folder: &Folder) {
    let prompts = folder.join("record/prompts/ko");
    std::fs::create_dir_all(&prompts).expect("the folder of the test can be written");
    for (name, frequency, seconds) in [("closed", CLOSED, 4.0), ("goodbye", GOODBYE, 3.0)] {
        let tone = sound::pulses(frequency, sound::RATE, seconds);
        sound::write_wav(&prompts.join(format!("{name}.wav")), sound::RATE, &tone);
    }
}

#[test]
fn a_caller_in_a_one_off_closure_is_told_so_and_recorded_and_other_queues_serve() {
    let _alone = peer::alone();
    if !peer::here(&["baresip"]) {
        return;
    }
    let folder = Folder::new("closed");
    speak_in_tones(&folder);
    peer::write(&folder.join("record/city.toml"), closed_city());
    let building = Building::open(&folder, &[]);

    let mut phone = Softphone::start(440);
    phone.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    phone.press('0');
    // Nobody presses anything: the announcement ends, and the center says goodbye by itself.
    std::thread::sleep(Duration::from_secs(17));
    let (heard, rate) = phone.heard();
    for (said, frequency) in [("the announcement", CLOSED), ("goodbye", GOODBYE)] {
        let share = loudest_part(&heard, rate, frequency);
        assert!(share > 0.9, "{said} is heard: {share}");
    }

    let mut other = Softphone::start(441);
    other.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    other.press('1');
    std::thread::sleep(Duration::from_secs(2));
    other.hang_up();
    std::thread::sleep(Duration::from_secs(1));
    building.stop();
    building::audit(&folder, &[]);

    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 2);
    let (closed, traffic) = (&rows[1], &rows[0]);
    assert_eq!(
        (closed.fate, closed.queue.as_str()),
        (Some(Fate::Closed), "general")
    );
    assert_eq!(closed.keys, "0");
    let told = |event: &Event| match event {
        Event::TurnedAway { queue, why, .. } => queue == "general" && *why == Fate::Closed,
        _ => false,
    };
    let timeline = record.timeline(closed.contact);
    assert!(
        timeline.iter().any(|entry| told(&entry.event)),
        "{timeline:?}"
    );
    assert_eq!(
        (traffic.fate, traffic.queue.as_str()),
        (Some(Fate::ShortAbandoned), "traffic")
    );
    let cells = record.cells();
    let in_closed = |cell: &Cell| match cell {
        Cell::Hour { fate, queue, .. } => *fate == Fate::Closed && queue == "general",
        _ => false,
    };
    let counted: i64 = cells
        .iter()
        .filter(|(cell, _)| in_closed(cell))
        .map(|(_, measures)| measures.n)
        .sum();
    assert_eq!(counted, 1, "{cells:?}");
}
