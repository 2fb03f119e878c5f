//! A call by telephone, from the first key to the last cell of the statistics. Never a browser as
//! citizen.

use crate::building::{self, Building, Record};
use crate::desk::{self, Desk};
use crate::peer::{self, Folder};
use crate::sipp::Run;
use crate::softphone::Softphone;
use crate::sound::{self, Spoken};
use center::city::{CounselorId, Language};
use center::event::{Event, Fate};
use center::record::Row;
use center::statistics::Cell;
use std::time::Duration;

/// The citizen's tone and the counselor's.
const CITIZEN: f64 = 440.0;
const COUNSELOR: f64 = 1_000.0;
const NOTE: &str = "Asked for the last bus; told 23:50.";

/// Presses 9 and 1, then speaks a tone; hangs up after `stay_ms`.
fn english_caller(
    folder: &Folder,
    building: &Building,
    transport: &str,
    stay_ms: u32,
) -> crate::sipp::Calls {
    let spoken = folder.join("spoken.pcap");
    let stream = Spoken {
        keys: vec![('9', 1_500), ('1', 3_500)],
        frequency: CITIZEN,
        tone_from_ms: 5_000,
        end_ms: stay_ms,
    };
    sound::write_pcap(&spoken, &stream);
    let run = Run {
        to: building.sip,
        transport,
        calls: 1,
        rate: 1,
        first_number: 1_055_500_000,
        spoken: Some(&spoken),
        stay_ms,
    };
    run.start(&folder.join("sipp"))
}

#[test]
fn a_call_over_udp_becomes_a_record_and_a_statistic() {
    from_ring_to_statistic("u1", &[], None);
}

#[test]
fn a_call_over_tcp_becomes_a_record_and_a_statistic() {
    from_ring_to_statistic("t1", &[], None);
}

/// The whole of the main job, on any journal.
pub fn from_ring_to_statistic(transport: &str, more: &[&str], database: Option<&str>) {
    let _alone = peer::alone();
    if !peer::here(&["sipp", "chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new(&format!("call-{transport}-{}", more.len()));
    let building = Building::open(&folder, more);
    let desk = Desk::open(&building, &folder, "emma", COUNSELOR);
    desk.ready();
    let calls = english_caller(&folder, &building, transport, 32_000);
    let card = desk.until_ring();
    assert!(
        card.contains("English"),
        "the language is on the card: {card}"
    );
    assert!(card.contains("9 › 1"), "the keys are on the card: {card}");
    assert!(
        !card.contains("5550"),
        "the number is masked before the talk: {card}"
    );
    desk.answer();
    desk::assert_hears(&desk.browser, CITIZEN);
    desk.write(NOTE, "last service", "AN");
    desk.until_doing("wrap_up");
    desk.close();
    calls.succeed(Duration::from_mins(1));
    drop(desk);
    building.stop();
    building::audit(&folder, more);
    let record = Record::open(&folder, database);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1, "one call, one contact");
    check_row(&rows[0]);
    check_timeline(&record, &rows[0]);
    check_statistics(&record);
    let (citizen, counselor) = record.recording(rows[0].contact);
    assert_two_tones(&citizen, &counselor);
    assert_eq!(record.note(rows[0].contact), NOTE);
}

fn check_row(row: &Row) {
    assert_eq!(row.fate, Some(Fate::Answered));
    assert_eq!(row.language, Language::En);
    assert_eq!(row.queue, "lang-en");
    assert_eq!(row.keys, "91");
    assert_eq!(row.counselor, Some(CounselorId(2)));
    assert_eq!(
        (row.category.as_str(), row.outcome.as_str()),
        ("TRF-01-02", "AN")
    );
    assert_eq!(row.recordings, 1);
    assert!(row.talk_ms > 5_000 && row.wrap_ms > 0, "{row:?}");
}

fn check_timeline(record: &Record, row: &Row) {
    let timeline = record.timeline(row.contact);
    let mut places = Vec::new();
    let place =
        |wanted: &dyn Fn(&Event) -> bool| timeline.iter().position(|entry| wanted(&entry.event));
    places.push(place(&|event| matches!(event, Event::Arrived { .. })));
    places.push(place(&|event| {
        matches!(
            event,
            Event::KeyPressed {
                key: '9',
                valid: true,
                ..
            }
        )
    }));
    places.push(place(&|event| {
        matches!(
            event,
            Event::KeyPressed {
                key: '1',
                valid: true,
                ..
            }
        )
    }));
    places.push(place(&|event| {
        matches!(
            event,
            Event::LanguageChosen {
                language: Language::En,
                ..
            }
        )
    }));
    places.push(place(&|event| matches!(event, Event::Queued { .. })));
    places.push(place(&|event| matches!(event, Event::Offered { .. })));
    places.push(place(&|event| matches!(event, Event::Answered { .. })));
    places.push(place(&|event| matches!(event, Event::TalkEnded { .. })));
    places.push(place(&|event| matches!(event, Event::Closed { .. })));
    let found: Vec<usize> = places.iter().copied().flatten().collect();
    assert_eq!(
        found.len(),
        places.len(),
        "every step is in the timeline: {timeline:?}"
    );
    assert!(found.is_sorted(), "in this order: {timeline:?}");
    assert!(timeline.is_sorted_by_key(|entry| entry.at));
    assert!(
        timeline
            .iter()
            .any(|entry| matches!(entry.event, Event::NoteSaved { .. }))
    );
}

fn check_statistics(record: &Record) {
    let cells = record.cells();
    let sum = |wanted: &dyn Fn(&Cell) -> bool| -> i64 {
        cells
            .iter()
            .filter(|(cell, _)| wanted(cell))
            .map(|(_, measures)| measures.n)
            .sum()
    };
    assert_eq!(sum(&|cell| matches!(cell, Cell::Hour { .. })), 1);
    let answered = |cell: &Cell| match cell {
        Cell::Hour {
            fate,
            language,
            queue,
            ..
        } => (*fate, *language, queue.as_str()) == (Fate::Answered, Language::En, "lang-en"),
        _ => false,
    };
    assert_eq!(sum(&answered), 1);
    assert_eq!(
        sum(&|cell| matches!(cell, Cell::Category { category, .. } if category == "TRF-01-02")),
        1
    );
    assert_eq!(
        sum(&|cell| matches!(
            cell,
            Cell::Counselor {
                counselor: CounselorId(2),
                ..
            }
        )),
        1
    );
}

/// Left the citizen, right the counselor, and neither in the other's place.
pub fn assert_two_tones(citizen: &[i16], counselor: &[i16]) {
    assert_tones(&[(citizen, CITIZEN), (counselor, COUNSELOR)], sound::RATE);
}

/// Each side holds its own tone, and not the other's.
pub fn assert_tones(sides: &[(&[i16], f64); 2], rate: u32) {
    let share = |side: &[i16], tone| sound::share(side, rate, tone);
    let [(citizen, citizen_tone), (counselor, counselor_tone)] = *sides;
    let found = [
        share(citizen, citizen_tone),
        share(citizen, counselor_tone),
        share(counselor, counselor_tone),
        share(counselor, citizen_tone),
    ];
    println!("shares of the tones: {found:?}");
    let well = found[0] > 0.7 && found[1] < 0.1 && found[2] > 0.7 && found[3] < 0.1;
    assert!(well, "shares of the tones: {found:?}");
}

#[test]
fn another_telephone_hears_the_counselor_and_a_reload_keeps_the_call() {
    let _alone = peer::alone();
    if !peer::here(&["baresip", "chromium", "chromedriver"]) {
        return;
    }
    let folder = Folder::new("telephone");
    let building = Building::open(&folder, &[]);
    let desk = Desk::open(&building, &folder, "emma", COUNSELOR);
    desk.ready();
    let mut phone = Softphone::start(CITIZEN as u32);
    phone.dial(building.sip);
    std::thread::sleep(Duration::from_secs(3));
    phone.press('9');
    std::thread::sleep(Duration::from_secs(2));
    phone.press('1');
    desk.until_ring();
    desk.answer();
    desk::assert_hears(&desk.browser, CITIZEN);
    let contact = desk.contact();
    desk.browser.press("\u{E00A}n");
    desk.browser.press("half a sen");
    desk.browser.reload();
    desk.until_connected();
    desk.until_doing("talk");
    assert_eq!(desk.contact(), contact, "the same call");
    desk.browser.until(
        "the note",
        "return document.getElementById('note').value === 'half a sen'",
    );
    desk::assert_hears(&desk.browser, CITIZEN);
    phone.mute();
    std::thread::sleep(Duration::from_secs(8));
    phone.hang_up();
    desk.until_doing("wrap_up");
    let (heard, rate) = phone.heard();
    let last = &heard[heard.len().saturating_sub(rate as usize * 4)..];
    let share = sound::share(last, rate, COUNSELOR);
    assert!(
        share > 0.7,
        "the telephone hears the counselor after the reload: {share}"
    );
    desk.write("", "last service", "AN");
    desk.close();
    drop(desk);
    building.stop();
    building::audit(&folder, &[]);
    let record = Record::open(&folder, None);
    let rows = record.contacts();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].fate, rows[0].transfers), (Some(Fate::Answered), 0));
    let lost = record.timeline(rows[0].contact);
    assert!(
        !lost
            .iter()
            .any(|entry| matches!(entry.event, Event::CounselorLost { .. }))
    );
}
