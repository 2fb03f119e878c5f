//! A small city with hostile names, for the tests of the pages. Never part of the program.

use center::city::{
    Category, Channel, City, CounselorId, CounselorProfile, Language, Need, OutcomeCode, Queue,
    Ring, Weights,
};
use center::limit::Limits;
use center::menu::Menu;
use center::time::{HOUR_MS, OpeningHours, SECOND_MS, Zone};
use std::collections::BTreeMap;

/// A name that would break a page that does not escape.
pub(crate) const HOSTILE: &str = "<script>alert('x')</script>\"&</textarea>";

fn names(ko: &str, en: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("ko".into(), ko.into()), ("en".into(), en.into())])
}

fn queue(code: &str, ko: &str, en: &str) -> Queue {
    Queue {
        code: code.into(),
        names: names(ko, en),
        channel: Channel::Voice,
        language: None,
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
        library: center::knowledge::Role::default(),
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
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}
