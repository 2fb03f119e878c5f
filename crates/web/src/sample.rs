//! A small city with hostile names, for the tests of the pages. Never part of the program.

use crate::session::Session;
use crate::site::Staffer;
use crate::texts::{STAFF, STAFF_LANGUAGES};
use center::board::{Board, ContactView, CounselorView, Doing, QueueView, TaskView};
use center::city::{
    Category, Channel, City, ContactId, CounselorId, CounselorProfile, Language, Need, OutcomeCode,
    Queue, Ring, Weights,
};
use center::event::{Reason, Told};
use center::limit::Limits;
use center::menu::Menu;
use center::record::Stage;
use center::time::{HOUR_MS, MINUTE_MS, OpeningHours, SECOND_MS, Time, Zone};
use std::collections::BTreeMap;

/// A name that would break a page that does not escape.
pub(crate) const HOSTILE: &str = "<script>alert('x')</script>\"&</textarea>";

pub(crate) const NOW: Time = Time(1_795_495_509_250);

fn names(ko: &str, en: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("ko".into(), ko.into()), ("en".into(), en.into())])
}

fn queue(code: &str, ko: &str, en: &str) -> Queue {
    Queue {
        code: code.into(),
        names: names(ko, en),
        channel: Channel::Voice,
        rings: vec![Ring {
            after_ms: 0,
            needs: vec![Need {
                skill: "ko".into(),
                level: 1,
            }],
        }],
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: 100,
        target_ms: 20 * SECOND_MS,
        callback_from_ms: 120 * SECOND_MS,
        handling_ms: 200 * SECOND_MS,
        patience_ms: 300 * SECOND_MS,
    }
}

fn category(code: &str, ko: &str, en: &str, leaf: bool) -> Category {
    Category {
        code: code.into(),
        names: names(ko, en),
        leaf,
    }
}

fn counselor(id: u32, login: &str, name: &str, supervisor: bool) -> CounselorProfile {
    CounselorProfile {
        id: CounselorId(id),
        login: login.into(),
        name: name.into(),
        skills: BTreeMap::from([("ko".into(), 5)]),
        supervisor,
    }
}

/// The city.
pub(crate) fn city() -> City {
    let outcome = |code: &str, ko: &str, en: &str| OutcomeCode {
        code: code.into(),
        names: names(ko, en),
    };
    City {
        names: names("다산시", "Dasan City"),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues: vec![
            queue("general", "일반 상담", "General"),
            queue("en", "영어", "English"),
            queue("odd", HOSTILE, HOSTILE),
        ],
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: vec![
            counselor(1, "kim", "김다산", false),
            counselor(2, "lee", "이상담", true),
            counselor(3, "odd", HOSTILE, false),
        ],
        categories: vec![
            category("TRF", "교통·주차", "Traffic & parking", false),
            category("TRF-04", "주정차", "Parking", false),
            category("TRF-04-01", "불법주차 신고", "illegal parking", true),
            category("WAT", "수도", "Water", false),
            category("WAT-01-01", "요금", "bills", true),
            category("ODD-01", HOSTILE, HOSTILE, true),
        ],
        outcomes: vec![
            outcome("AN", "즉시답변", "Answered"),
            outcome("SR", "현장민원 접수", "Service request created"),
            outcome("OD", HOSTILE, HOSTILE),
        ],
        weights: Weights::standard(),
        limits: Limits::default(),
        callbacks: true,
    }
}

/// A signed-in counselor.
pub(crate) fn staffer(city: &City, id: u32, language: &str) -> Staffer {
    let at = STAFF_LANGUAGES.iter().position(|tag| *tag == language);
    Staffer {
        words: &STAFF[at.unwrap_or(1)],
        session: Session {
            counselor: CounselorId(id),
            until_s: i64::MAX,
            nonce: "n".into(),
        },
        profile: city.counselor(CounselorId(id)).expect("listed").clone(),
        token: "t0ken".into(),
    }
}

/// A contact on the board.
pub(crate) fn contact(number: u64, stage: Stage, language: Language) -> ContactView {
    ContactView {
        contact: ContactId(number),
        channel: Channel::Voice,
        caller: "digest".into(),
        via: "trunk".into(),
        arrived: Time(NOW.0 - 95_000),
        repeat: true,
        language,
        keys: "91".into(),
        stage,
        since: Time(NOW.0 - 12_000),
        queue: "en".into(),
        waiting_since: Some(Time(NOW.0 - 80_000)),
        waited_ms: 68_000,
        counselor: Some(CounselorId(1)),
        reason: Some(Reason {
            ring: 1,
            waited_ms: 68_000,
            idle_ms: 212_000,
            skills: 2,
            free: 3,
            waiting: 4,
            held_back: 1,
        }),
        told: Some(Told {
            position: 2,
            p50_ms: Some(50_000),
            p90_ms: Some(130_000),
            staff: 3,
        }),
        callback: false,
        category: String::new(),
        outcome: String::new(),
        overdue: false,
        line: true,
    }
}

/// A busy moment: counselor 1 is called, others wait.
pub(crate) fn board() -> Board {
    let view = |queue: &str, waiting, held_back| QueueView {
        queue: queue.into(),
        waiting,
        callbacks: usize::from(waiting > 2),
        oldest: (waiting > 0).then_some(Time(NOW.0 - 47_000)),
        talking: 61,
        wrap_up: 9,
        ready: 2,
        staff: 74,
        open: queue != "odd",
        estimate: Some(Told {
            position: 1,
            p50_ms: Some(40_000),
            p90_ms: Some(95_000),
            staff: 74,
        }),
        held_back,
    };
    let doing = |id: u32, doing, contacts: &[u64]| CounselorView {
        counselor: CounselorId(id),
        doing,
        since: Time(NOW.0 - 12_000),
        connected: id != 3,
        contacts: contacts.iter().copied().map(ContactId).collect(),
        rest_next: false,
        overdue: false,
    };
    Board {
        at: NOW,
        contacts: vec![
            contact(41, Stage::Ringing, Language::En),
            contact(42, Stage::Menu, Language::Ko),
            contact(43, Stage::Talk, Language::Ko),
        ],
        counselors: vec![
            doing(1, Doing::Ringing, &[41]),
            doing(2, Doing::Talking, &[43]),
            doing(3, Doing::Ready, &[]),
        ],
        queues: vec![view("general", 12, 2), view("en", 1, 0), view("odd", 0, 0)],
        tasks: vec![TaskView {
            contact: ContactId(17),
            since: Time(NOW.0 - 33 * MINUTE_MS),
            language: Language::Vi,
        }],
    }
}

pub(crate) fn look(name: &str, html: &str) {
    if let Ok(d) = std::env::var("LOOK") {
        std::fs::write(format!("{d}/{name}"), html).unwrap();
    }
}
