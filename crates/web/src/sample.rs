//! A busy moment of the sample city, for the tests of the pages. Never part of the program.

pub(crate) use crate::sample_city::{HOSTILE, city};
use crate::session::Session;
use crate::site::Staffer;
use crate::texts::{STAFF, STAFF_LANGUAGES};
use center::board::{Board, ContactView, CounselorView, Doing, QueueView, TaskView};
use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::event::{Reason, Told};
use center::record::Stage;
use center::time::{MINUTE_MS, Time};

/// The moment.
pub(crate) const NOW: Time = Time(1_795_495_509_250);

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
        unfinished: false,
        overdue: false,
        line: true,
        messages: 0,
        version: 1,
        due: None,
        urgent: false,
        pressing: false,
        ends: None,
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
