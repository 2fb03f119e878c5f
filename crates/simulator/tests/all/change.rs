//! What must follow when a run is changed in a known way: more counselors, other numbers, another
//! scale of time. Never a fixed answer.

use center::city::{City, ContactId, CounselorId, Language};
use center::command::{Command, Ending};
use center::event::Event;
use center::time::{HOUR_MS, Time};
use simulator::chance::Chance;
use simulator::town;
use simulator::world::{Clock, House};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A morning without prompts, breaks or impatience: calls press 0 or 9 and a language at once, wait
/// until they are served, and are served for a time that belongs to the call, not to the desk.
#[derive(Clone, Debug)]
struct Morning {
    counselors: u32,
    /// Milliseconds of the clock per millisecond.
    scale: i64,
    /// Added to the number of every counselor.
    renumber: u32,
    seed: u64,
}

/// Where everybody was when: by call the arrival, the offer and the end.
type Lives = Vec<[i64; 3]>;

#[derive(Clone, Copy, Debug)]
enum Due {
    Call(usize),
    Accept(ContactId, CounselorId),
    HangUp(ContactId, CounselorId),
}

const BEGIN: Time = Time(1_795_478_400_000);
const CALLS: usize = 600;

fn city(morning: &Morning) -> City {
    let people = (1..=morning.counselors).map(|id| {
        let further = (id % 4 == 0).then_some((Language::En, 5));
        town::counselor(id + morning.renumber, further)
    });
    let mut city = town::whole(people.collect());
    for queue in &mut city.queues {
        queue.hours = center::time::OpeningHours::always();
        queue.head_start_ms *= morning.scale;
        queue.waiting_max = 10_000;
        for ring in &mut queue.rings {
            ring.after_ms *= morning.scale;
        }
    }
    city.limits.calls_max = 10_000;
    // Bounds of a center, not of a queue: out of the way at every scale.
    city.limits.announce_first_ms = 100 * HOUR_MS;
    city.limits.talk_notice_ms = 100 * HOUR_MS;
    city.limits.wait_alarm_ms = 100 * HOUR_MS;
    city.limits.talk_max_ms = 100 * HOUR_MS;
    city
}

/// Gaps between calls, lengths of service, languages: the same for every morning of a seed.
fn drawn(seed: u64) -> Vec<(i64, i64, bool)> {
    let mut chance = Chance::new(seed);
    (0..CALLS)
        .map(|_| {
            let gap = chance.exponential(14_000.0) as i64 + 1;
            let service = chance.exponential(180_000.0) as i64 + 1_000;
            (gap, service, chance.happens(0.1))
        })
        .collect()
}

fn play(morning: &Morning) -> Lives {
    watched(morning, |_, _| {})
}

/// Plays it; `look` sees the center after every step.
fn watched(morning: &Morning, mut look: impl FnMut(Time, &House)) -> Lives {
    let calls = drawn(morning.seed);
    let mut house = House::new(city(morning));
    let mut clock = Clock::default();
    let mut at = BEGIN;
    for id in 1..=morning.counselors {
        let counselor = CounselorId(id + morning.renumber);
        let _ = house.hand(BEGIN, &Command::SignIn { counselor });
        let _ = house.hand(BEGIN, &Command::Ready { counselor });
    }
    for (index, (gap, ..)) in calls.iter().enumerate() {
        at = at + gap * morning.scale;
        clock.plan(at, Due::Call(index));
    }
    let mut lives: Lives = vec![[0; 3]; CALLS];
    let mut call_of: BTreeMap<ContactId, usize> = BTreeMap::new();
    while let Some((now, due)) = clock.take() {
        let from = house.journal.len();
        match due {
            Due::Call(index) => {
                let contact = ContactId(call_of.len() as u64 + 1);
                call_of.insert(contact, index);
                lives[index][0] = now.0;
                let _ = house.hand(now, &arrival(index));
                let keys: &[char] = if calls[index].2 { &['9', '1'] } else { &['0'] };
                for key in keys {
                    let _ = house.hand(now, &Command::Key { contact, key: *key });
                }
            }
            Due::Accept(contact, counselor) => {
                let _ = house.hand(now, &Command::Accept { counselor, contact });
            }
            Due::HangUp(contact, counselor) => end(&mut house, now, contact, counselor),
        }
        for index in from..house.journal.len() {
            let (when, event) = house.journal[index].clone();
            if let Event::Offered {
                contact, counselor, ..
            } = event
            {
                let call = call_of[&contact];
                lives[call][1] = when.0;
                lives[call][2] = when.0 + calls[call].1 * morning.scale;
                clock.plan(when, Due::Accept(contact, counselor));
                clock.plan(Time(lives[call][2]), Due::HangUp(contact, counselor));
            }
        }
        look(now, &house);
    }
    assert_eq!(house.watch.found, [], "{morning:?}");
    assert!(lives.iter().all(|life| life[2] > 0), "everyone is served");
    lives
}

fn arrival(index: usize) -> Command {
    Command::Arrived {
        key: format!("change-{index}"),
        channel: center::city::Channel::Voice,
        caller: format!("n{index}"),
        via: "change".to_owned(),
        live: true,
    }
}

/// The citizen hangs up; the record is closed in the same moment.
fn end(house: &mut House, now: Time, contact: ContactId, counselor: CounselorId) {
    let ending = Ending::Citizen;
    let _ = house.hand(now, &Command::Left { contact, ending });
    let (category, outcome) = (Some("ETC".to_owned()), Some("AN".to_owned()));
    let filed = Command::Classify {
        counselor,
        contact,
        category,
        outcome,
    };
    let _ = house.hand(now, &filed);
    let ready = true;
    let _ = house.hand(
        now,
        &Command::Finish {
            counselor,
            contact,
            ready,
        },
    );
}

fn morning(seed: u64) -> Morning {
    Morning {
        counselors: 13,
        scale: 1,
        renumber: 0,
        seed,
    }
}

fn first() -> &'static Lives {
    static LIVES: OnceLock<Lives> = OnceLock::new();
    LIVES.get_or_init(|| play(&morning(1)))
}

fn mean_wait(lives: &Lives) -> i64 {
    lives.iter().map(|life| life[1] - life[0]).sum::<i64>() / lives.len() as i64
}

#[test]
fn another_counselor_never_makes_the_mean_wait_longer() {
    for seed in 1..=3 {
        let waits: Vec<i64> = (12..=15)
            .map(|counselors| {
                mean_wait(&play(&Morning {
                    counselors,
                    ..morning(seed)
                }))
            })
            .collect();
        assert!(waits.is_sorted_by(|one, more| one >= more), "{waits:?}");
        assert!(waits[0] > 1_000, "nobody waited: {waits:?}");
    }
}

#[test]
fn other_numbers_change_nothing() {
    let renumbered = play(&Morning {
        renumber: 1_000,
        ..morning(1)
    });
    assert_eq!(&renumbered, first());
}

#[test]
fn a_slower_clock_makes_every_wait_longer_by_as_much() {
    let scaled = play(&Morning {
        scale: 3,
        ..morning(1)
    });
    let from_begin = |lives: &Lives, scale: i64| -> Lives {
        let since = |at: i64| (at - BEGIN.0) * scale;
        lives.iter().map(|life| life.map(since)).collect()
    };
    assert_eq!(from_begin(&scaled, 1), from_begin(first(), 3));
}

#[test]
fn as_many_wait_as_come_in_times_how_long_they_wait_in_every_window() {
    // Little's law: what the screens show of the line, added up over a window, is what the lives
    // of those in it say they waited there.
    const WINDOW_MS: i64 = HOUR_MS / 2;
    let mut shown: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut last, mut line) = (BEGIN, 0);
    let lives = watched(&morning(1), |now, house| {
        let mut from = last;
        while from < now {
            let window = (from - BEGIN) / WINDOW_MS;
            let to = (BEGIN + (window + 1) * WINDOW_MS).min(now);
            *shown.entry(window).or_default() += line * (to - from);
            from = to;
        }
        let queues = house.center.board(now).queues;
        line = queues.iter().map(|queue| queue.waiting as i64).sum();
        last = now;
    });
    let mut waited = 0;
    for (window, area) in &shown {
        let (from, to) = (window * WINDOW_MS, (window + 1) * WINDOW_MS);
        let inside = |life: &[i64; 3]| {
            let (arrived, offered) = (life[0] - BEGIN.0, life[1] - BEGIN.0);
            (offered.min(to) - arrived.max(from)).max(0)
        };
        let lived: i64 = lives.iter().map(inside).sum();
        assert_eq!(*area, lived, "window {window}");
        waited += lived;
    }
    assert!(
        shown.len() > 3 && waited > 60_000,
        "nobody waited: {shown:?}"
    );
}
