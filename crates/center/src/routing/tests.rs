//! Trials of the choice of who takes whom. Never a whole center.

use super::*;
use crate::city::{Channel, CounselorProfile, Language, Load, Queue, Reserve, Ring, Weights};
use crate::time::{OpeningHours, Zone};

fn queue(code: &str, rings: &[(i64, &[&str])]) -> Queue {
    let need = |skill: &&str| Need {
        skill: (*skill).to_owned(),
        level: 1,
    };
    let ring = |(after_ms, skills): &(i64, &[&str])| Ring {
        after_ms: *after_ms,
        needs: skills.iter().map(need).collect(),
    };
    Queue {
        code: code.to_owned(),
        names: BTreeMap::new(),
        channel: Channel::Voice,
        language: None,
        rings: rings.iter().map(ring).collect(),
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: 100,
        target_ms: 20_000,
        callback_from_ms: 180_000,
        handling_ms: 180_000,
        patience_ms: 400_000,
    }
}

fn city(counselors: &[&[&str]], reserves: Vec<Reserve>) -> City {
    let profile = |(number, skills): (usize, &&[&str])| CounselorProfile {
        id: CounselorId(number as u32 + 1),
        login: format!("c{number}"),
        name: String::new(),
        skills: skills
            .iter()
            .map(|skill| ((*skill).to_owned(), 3))
            .collect(),
        supervisor: false,
        library: crate::knowledge::Role::default(),
    };
    City {
        names: BTreeMap::new(),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: vec![
            queue("general", &[(0, &["ko"])]),
            queue("english", &[(0, &["en"])]),
            queue("water", &[(0, &["ko", "water"]), (20_000, &["ko"])]),
        ],
        menu: crate::menu::Menu::default(),
        reserves,
        counselors: counselors.iter().enumerate().map(profile).collect(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: crate::limit::Limits::default(),
        callbacks: false,
        texting: false,
        library: crate::knowledge::Library::default(),
    }
}

fn place(queue: usize, since: i64) -> Place {
    Place {
        queue,
        since: Time(since),
        rank: Rank::Aged,
        load: Load::WHOLE,
    }
}

fn pair(choice: Option<Choice>) -> Option<(u64, u32)> {
    choice.map(|choice| (choice.contact.0, choice.counselor.0))
}

#[test]
fn the_least_flexible_goes_first_then_the_longest_idle() {
    let mut routing = Routing::new(&city(&[&["ko", "en"], &["ko"], &["ko"]], Vec::new()));
    routing.set_free(CounselorId(1), Time(0), Some(Load::NONE));
    routing.set_free(CounselorId(2), Time(50), Some(Load::NONE));
    routing.set_free(CounselorId(3), Time(40), Some(Load::NONE));
    assert_eq!(routing.choose(Time(100)), None);
    routing.wait(Time(100), ContactId(1), place(0, 100));
    assert_eq!(pair(routing.choose(Time(100))), Some((1, 3)));
}

#[test]
fn of_those_who_come_back_together_the_oldest_goes_first() {
    let mut routing = Routing::new(&city(&[&["ko"]], Vec::new()));
    routing.set_free(CounselorId(1), Time(0), Some(Load::NONE));
    assert_eq!(routing.choose(Time(100)), None);
    routing.wait(Time(100), ContactId(1), place(0, 90));
    routing.wait(Time(100), ContactId(2), place(0, 50));
    assert_eq!(pair(routing.choose(Time(100))), Some((2, 1)));
}

#[test]
fn a_ring_opens_when_its_time_has_come() {
    let mut routing = Routing::new(&city(&[&["ko"]], Vec::new()));
    routing.set_free(CounselorId(1), Time(0), Some(Load::NONE));
    routing.wait(Time(0), ContactId(1), place(2, 0));
    assert_eq!(routing.choose(Time(0)), None);
    assert_eq!(routing.deadline(), Some(Time(20_000)));
    routing.advance(Time(20_000));
    let choice = routing
        .choose(Time(20_000))
        .expect("the second ring asks only for ko");
    assert_eq!((choice.reason.ring, choice.reason.waited_ms), (1, 20_000));
}

#[test]
fn a_freed_counselor_takes_the_oldest_of_all_queues_and_the_front_before_it() {
    let mut routing = Routing::new(&city(&[&["ko", "en"]], Vec::new()));
    routing.wait(Time(500), ContactId(1), place(0, 300));
    routing.wait(Time(500), ContactId(2), place(1, 200));
    routing.wait(
        Time(500),
        ContactId(3),
        Place {
            rank: Rank::Front,
            ..place(0, 400)
        },
    );
    assert_eq!(routing.choose(Time(500)), None);
    routing.set_free(CounselorId(1), Time(500), Some(Load::NONE));
    assert_eq!(pair(routing.choose(Time(500))), Some((3, 1)));
    routing.stop_waiting(ContactId(3));
    assert_eq!(pair(routing.choose(Time(500))), Some((2, 1)));
}

#[test]
fn a_reserve_holds_the_last_bilingual_until_the_wait_is_too_long() {
    let reserve = Reserve {
        skill: "en".to_owned(),
        keep: 1,
        until_wait_ms: 60_000,
    };
    let mut routing = Routing::new(&city(&[&["ko", "en"]], vec![reserve]));
    routing.set_free(CounselorId(1), Time(0), Some(Load::NONE));
    routing.wait(Time(0), ContactId(1), place(0, 0));
    assert_eq!(routing.choose(Time(0)), None);
    assert_eq!(routing.held_back(Time(0), 0), 1);
    routing.advance(Time(60_000));
    assert_eq!(pair(routing.choose(Time(60_000))), Some((1, 1)));
    routing.wait(Time(0), ContactId(2), place(1, 0));
    assert_eq!(pair(routing.choose(Time(60_000))), Some((1, 1)));
}

#[test]
fn whoever_asks_for_a_rare_skill_is_not_kept_waiting_for_another() {
    let reserve = |skill: &str| Reserve {
        skill: skill.to_owned(),
        keep: 1,
        until_wait_ms: 60_000,
    };
    let reserves = vec![reserve("en"), reserve("mn")];
    let mut routing = Routing::new(&city(&[&["ko", "en", "mn"]], reserves));
    routing.set_free(CounselorId(1), Time(0), Some(Load::NONE));
    routing.wait(Time(0), ContactId(1), place(1, 0));
    assert_eq!(pair(routing.choose(Time(0))), Some((1, 1)));
}

#[test]
fn a_counselor_serves_three_chats_at_once_and_texts_beside_them() {
    let mut city = city(&[&["ko"]], Vec::new());
    city.queues[0].channel = Channel::Chat;
    city.queues[1] = Queue {
        channel: Channel::Text,
        ..queue("texts", &[(0, &["ko"])])
    };
    let mut routing = Routing::new(&city);
    assert_eq!((routing.places(0, 4), routing.places(2, 4)), (12, 4));
    for contact in 1..=10 {
        routing.wait(Time(0), ContactId(contact), place(1, 0));
    }
    let ahead = |queue| routing.ahead(queue, None, &[1]);
    assert_eq!(ahead(0), 0, "letters take nothing from chats");
    assert_eq!(ahead(2), 2, "ten texts take as much as two calls");
}

#[test]
fn a_counselor_with_chats_takes_another_chat_but_no_call() {
    let mut routing = Routing::new(&city(&[&["ko"]], Vec::new()));
    routing.set_free(CounselorId(1), Time(0), Some(CHAT.and(CHAT)));
    routing.wait(Time(0), ContactId(1), place(0, 0));
    assert_eq!(routing.choose(Time(0)), None);
    routing.wait(
        Time(0),
        ContactId(2),
        Place {
            load: CHAT,
            ..place(0, 0)
        },
    );
    assert_eq!(pair(routing.choose(Time(0))), Some((2, 1)));
}

#[test]
fn an_emergency_goes_before_the_front_and_no_reserve_holds_back() {
    let reserve = Reserve {
        skill: "en".to_owned(),
        keep: 1,
        until_wait_ms: 60_000,
    };
    let mut routing = Routing::new(&city(&[&["ko", "en"]], vec![reserve]));
    let ranked = |rank, since| Place {
        rank,
        ..place(0, since)
    };
    routing.wait(Time(500), ContactId(1), ranked(Rank::Front, 100));
    routing.wait(Time(500), ContactId(2), ranked(Rank::Emergency, 400));
    assert_eq!(routing.oldest(0), Some(Time(100)));
    assert_eq!(routing.emergencies().collect::<Vec<_>>(), [ContactId(2)]);
    routing.set_free(CounselorId(1), Time(500), Some(Load::NONE));
    assert_eq!(pair(routing.choose(Time(500))), Some((2, 1)));
    routing.stop_waiting(ContactId(2));
    assert_eq!(routing.emergencies().count(), 0);
    assert_eq!(routing.choose(Time(500)), None, "the reserve is for others");
}

/// What a chat and a text take.
const CHAT: Load = Load {
    live: 33,
    letters: 0,
};
const TEXT: Load = Load {
    live: 0,
    letters: 20,
};

#[test]
fn one_call_or_three_chats_and_five_texts() {
    let weights = Weights::standard();
    assert_eq!(weights.load(Channel::Chat), CHAT);
    for letter in [Channel::Text, Channel::Social, Channel::Mail] {
        assert_eq!(weights.load(letter), TEXT);
    }
    let call = weights.load(Channel::Voice);
    assert_eq!(call, Load::WHOLE);
    let mut held = Load::NONE;
    assert!(held.leaves_room_for(call));
    for more in [CHAT, TEXT, TEXT, CHAT, TEXT, TEXT, CHAT, TEXT] {
        assert!(held.leaves_room_for(more), "{held:?}");
        held = held.and(more);
        assert!(!held.leaves_room_for(call), "beside nothing else");
    }
    for more in [CHAT, TEXT, call] {
        assert!(!held.leaves_room_for(more), "{held:?}");
        assert!(!call.leaves_room_for(more), "nothing beside a call");
    }
}
