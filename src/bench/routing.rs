//! Routing decisions per second on one core, without journal, clock or line. Never part of a test.

use center::city::{
    Channel, City, ContactId, CounselorId, CounselorProfile, Language, Load, Need, Queue, Reserve,
    Ring, Weights,
};
use center::routing::{Place, Rank, Routing};
use center::time::{OpeningHours, Time, Zone};
use std::collections::BTreeMap;
use std::time::Instant;

/// Skills beside Korean, with the share of counselors in percent who have them.
const SKILLS: [(&str, u32); 8] = [
    ("traffic", 40),
    ("water", 30),
    ("care", 20),
    ("en", 12),
    ("zh", 8),
    ("ja", 5),
    ("vi", 4),
    ("mn", 2),
];

/// What was measured.
pub struct Figures {
    /// Counselors.
    pub counselors: u32,
    /// Contacts that waited all the time.
    pub waiting: u32,
    /// Decisions taken.
    pub decisions: u64,
    /// Decisions per second.
    pub per_s: f64,
}

/// Every counselor is busy and `waiting` contacts wait: each freed counselor is a decision, each
/// decision brings a new contact.
pub fn run(counselors: u32, waiting: u32, decisions: u64) -> Figures {
    let city = city(counselors);
    let mut routing = Routing::new(&city);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut contact = 0;
    let queues = city.queues.len() as u64;
    let mut arrive = |routing: &mut Routing, now: Time| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        contact += 1;
        // Three of four speak Korean, as in the queue of a city.
        let queue = if random % 4 < 3 {
            random / 4 % 4
        } else {
            random / 4 % queues
        };
        let place = Place {
            queue: queue as usize,
            since: now,
            rank: Rank::Aged,
            load: Load::WHOLE,
        };
        routing.wait(now, ContactId(contact), place);
    };
    for number in 0..waiting {
        arrive(&mut routing, Time(i64::from(number)));
    }
    let mut now = Time(i64::from(waiting) + 30_000);
    routing.advance(now);
    let idle = routing.choose(now);
    assert!(idle.is_none(), "nobody is free yet");
    let started = Instant::now();
    let mut taken = 0;
    let mut next = 0;
    while taken < decisions {
        next = next % counselors + 1;
        now = now + 1;
        routing.advance(now);
        routing.set_free(CounselorId(next), now, Some(Load::NONE));
        while let Some(choice) = routing.choose(now) {
            routing.stop_waiting(choice.contact);
            routing.set_free(choice.counselor, now, None);
            arrive(&mut routing, now);
            taken += 1;
        }
    }
    let per_s = taken as f64 / started.elapsed().as_secs_f64();
    Figures {
        counselors,
        waiting,
        decisions: taken,
        per_s,
    }
}

fn city(counselors: u32) -> City {
    let skills = |number: u32| {
        let has = |(index, (_, share)): &(usize, &(&str, u32))| {
            number
                .wrapping_mul(2_654_435_761)
                .rotate_left(*index as u32 * 5)
                % 100
                < *share
        };
        let beside = SKILLS
            .iter()
            .enumerate()
            .filter(has)
            .map(|(_, (skill, _))| *skill);
        ["ko"]
            .into_iter()
            .chain(beside)
            .map(|skill| (skill.to_owned(), 3))
            .collect()
    };
    let profile = |number: u32| CounselorProfile {
        id: CounselorId(number),
        login: format!("c{number}"),
        name: String::new(),
        skills: skills(number),
        supervisor: false,
        library: center::knowledge::Role::default(),
    };
    let topics = SKILLS[..3]
        .iter()
        .map(|(skill, _)| queue(skill, &["ko", skill]));
    let languages = SKILLS[3..].iter().map(|(skill, _)| queue(skill, &[skill]));
    City {
        names: BTreeMap::new(),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: [queue("general", &["ko"])]
            .into_iter()
            .chain(topics)
            .chain(languages)
            .collect(),
        menu: center::menu::Menu::default(),
        reserves: vec![Reserve {
            skill: "mn".to_owned(),
            keep: 1,
            until_wait_ms: 60_000,
        }],
        counselors: (1..=counselors).map(profile).collect(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: false,
        texting: false,
        library: center::knowledge::Library::default(),
    }
}

fn queue(code: &str, needs: &[&str]) -> Queue {
    let need = |skill: &&str| Need {
        skill: (*skill).to_owned(),
        level: 1,
    };
    let mut rings = vec![Ring {
        after_ms: 0,
        needs: needs.iter().map(need).collect(),
    }];
    if needs.len() > 1 {
        rings.push(Ring {
            after_ms: 20_000,
            needs: needs[..1].iter().map(need).collect(),
        });
    }
    Queue {
        code: code.to_owned(),
        names: BTreeMap::new(),
        channel: Channel::Voice,
        language: None,
        rings,
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: usize::MAX,
        target_ms: 20_000,
        callback_from_ms: 180_000,
        handling_ms: 180_000,
        patience_ms: 400_000,
    }
}
