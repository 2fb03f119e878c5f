//! Every checker fails when the stream of events is broken on purpose.

use center::city::{Channel, ContactId, CounselorId};
use center::event::{Event, Fate, Marks, OfferEnd, Reason};
use center::time::{HOUR_MS, Time};
use simulator::day::day_with_journal;
use simulator::options::Options;
use simulator::town;
use simulator::watch::{Checker, Watch};
use simulator::world::House;
use std::sync::{Arc, OnceLock};

type Journal = Vec<(Time, Event)>;

/// A busy small day in which everything happens.
fn journal() -> Journal {
    static JOURNAL: OnceLock<Journal> = OnceLock::new();
    JOURNAL
        .get_or_init(|| {
            let mut options = Options::base(3, 1);
            options.attempts = 1_200.0;
            options.staff_percent = 85;
            options.missed_ring = 0.05;
            options.crashes = 2;
            // The city below knows no one who answers letters.
            options.letters = 0.0;
            let (report, journal) = day_with_journal(&options);
            assert!(report.found.is_empty(), "{:?}", report.found.first());
            journal
        })
        .clone()
}

/// The city the journal came from: numbers of counselors only need to exist.
fn watch() -> Watch {
    let mut profiles = Vec::new();
    let languages = town::LANGUAGES;
    let further = [0, 0, 1, 1, 2, 3, 4];
    for id in 1..=400 {
        let language = further
            .get(id as usize - 1)
            .map(|index| languages[*index].0);
        let level = if id % 2 == 0 { 2 } else { 5 };
        profiles.push(town::counselor(
            id,
            language.map(|language| (language, level)),
        ));
    }
    Watch::new(&Arc::new(town::whole(profiles)))
}

/// Which checkers fail on a journal.
fn checked(journal: &Journal) -> Vec<Checker> {
    let mut watch = watch();
    // Stops make deadlines late; the journal does not say for how long.
    watch.late_ms = 60_000;
    for (index, (at, event)) in journal.iter().enumerate() {
        watch.event(*at, event);
        if journal.get(index + 1).is_none_or(|(next, _)| next > at) {
            watch.settle(*at);
        }
    }
    let end = journal.last().unwrap().0;
    watch.end(end);
    watch.found.iter().map(|found| found.checker).collect()
}

fn position(journal: &Journal, what: impl Fn(&Event) -> bool) -> usize {
    let middle = journal.len() / 2;
    middle
        + journal[middle..]
            .iter()
            .position(|(_, event)| what(event))
            .unwrap()
}

#[track_caller]
fn fails(journal: &Journal, checker: Checker) {
    let found = checked(journal);
    assert!(
        found.contains(&checker),
        "{} is silent: {found:?}",
        checker.name()
    );
}

fn answered(event: &Event) -> bool {
    matches!(
        event,
        Event::Closed {
            fate: Fate::Answered,
            ..
        }
    )
}

#[test]
fn the_journal_as_it_is_breaks_nothing() {
    assert_eq!(checked(&journal()), []);
}

#[test]
fn a_contact_that_is_never_closed_is_lost() {
    let mut journal = journal();
    journal.remove(position(&journal, answered));
    fails(&journal, Checker::NobodyLost);
}

#[test]
fn a_contact_that_is_closed_twice_is_noticed() {
    let mut journal = journal();
    let index = position(&journal, answered);
    journal.insert(index, journal[index].clone());
    fails(&journal, Checker::NobodyLost);
    fails(&journal, Checker::Conservation);
}

#[test]
fn a_number_that_is_left_out_is_noticed() {
    let mut journal = journal();
    journal.remove(position(&journal, |event| {
        matches!(event, Event::Arrived { .. })
    }));
    fails(&journal, Checker::NobodyLost);
}

#[test]
fn an_answer_by_somebody_else_is_noticed() {
    let mut journal = journal();
    let index = position(&journal, |event| matches!(event, Event::Answered { .. }));
    if let Event::Answered { counselor, .. } = &mut journal[index].1 {
        *counselor = CounselorId(399);
    }
    fails(&journal, Checker::OneAtATime);
}

#[test]
fn a_second_citizen_for_one_counselor_is_noticed() {
    let mut journal = journal();
    let busy = position(&journal, |event| matches!(event, Event::Answered { .. }));
    let at = journal[busy].0;
    let counselor = journal[busy].1.counselor().unwrap();
    let next = busy
        + 1
        + journal[busy + 1..]
            .iter()
            .position(|(_, event)| matches!(event, Event::Offered { .. }))
            .unwrap();
    assert!(journal[next].0 - at < 60_000);
    if let Event::Offered { counselor: to, .. } = &mut journal[next].1 {
        *to = counselor;
    }
    fails(&journal, Checker::Capacity);
    fails(&journal, Checker::OneAtATime);
}

#[test]
fn a_ring_that_lasts_too_long_is_noticed() {
    let mut journal = journal();
    let missed = |event: &Event| {
        matches!(
            event,
            Event::OfferReturned {
                why: OfferEnd::Missed,
                ..
            }
        )
    };
    let index = position(&journal, missed);
    let late = journal[index].0 + HOUR_MS;
    journal[index].0 = late;
    fails(&journal, Checker::Deadlines);
}

#[test]
fn a_later_caller_who_goes_first_is_noticed() {
    let mut journal = journal();
    let mut watch = watch();
    let mut swapped = None;
    for (at, event) in &journal {
        if let Event::Offered { contact, .. } = event {
            let floor = &watch.floor;
            let queue = floor.open[contact].queue;
            let other = floor.waiting[queue].iter().find(|other| *other > contact);
            if let Some(other) = other {
                swapped = Some((*contact, *other));
                break;
            }
        }
        watch.event(*at, event);
    }
    let (first, second) = swapped.unwrap();
    let offers = |event: &Event, id: ContactId| match event {
        Event::Offered { contact, .. } => *contact == id,
        _ => false,
    };
    let index = journal
        .iter()
        .position(|(_, event)| offers(event, first))
        .unwrap();
    if let Event::Offered { contact, .. } = &mut journal[index].1 {
        *contact = second;
    }
    fails(&journal, Checker::FirstComeFirstServed);
}

#[test]
fn a_counselor_who_lacks_the_language_is_noticed() {
    let mut journal = journal();
    let english =
        |event: &Event| matches!(event, Event::Queued { queue, .. } if queue == "english");
    let queued = journal
        .iter()
        .position(|(_, event)| english(event))
        .unwrap();
    let id = journal[queued].1.contact().unwrap();
    let offered = |event: &Event| matches!(event, Event::Offered { contact, .. } if *contact == id);
    let index = journal
        .iter()
        .position(|(_, event)| offered(event))
        .unwrap();
    if let Event::Offered { counselor, .. } = &mut journal[index].1 {
        *counselor = CounselorId(300);
    }
    fails(&journal, Checker::FirstComeFirstServed);
}

#[test]
fn a_free_counselor_beside_somebody_waiting_is_noticed() {
    let mut journal = journal();
    let told = position(&journal, |event| matches!(event, Event::WaitTold { .. }));
    let at = journal[told].0;
    let counselor = CounselorId(399);
    journal.insert(told + 1, (at, Event::SignedIn { counselor }));
    journal.insert(told + 2, (at, Event::Readied { counselor }));
    fails(&journal, Checker::NobodyIdle);
}

#[test]
fn a_promise_that_grows_is_noticed() {
    let mut journal = journal();
    let told = position(
        &journal,
        |event| matches!(event, Event::WaitTold { told, .. } if told.p90_ms.is_some()),
    );
    let (at, mut again) = journal[told].clone();
    if let Event::WaitTold { told, .. } = &mut again {
        told.p90_ms = told.p90_ms.map(|wait| wait + 1);
    }
    journal.insert(told + 1, (at, again));
    fails(&journal, Checker::PromisesDoNotGrow);
}

#[test]
fn an_interrupted_citizen_without_a_callback_is_noticed() {
    let mut journal = journal();
    let owed = |(_, event): &(Time, Event)| matches!(event, Event::TaskOpened { .. });
    let index = journal.iter().position(owed).unwrap();
    journal.remove(index);
    fails(&journal, Checker::InterruptedAreOwed);
}

#[test]
fn an_empty_chair_is_noticed() {
    let journal = journal();
    let mut watch = watch();
    let index = position(&journal, |event| matches!(event, Event::Answered { .. }));
    for (at, event) in &journal[..=index] {
        watch.event(*at, event);
    }
    let (at, event) = &journal[index];
    let counselor = event.counselor().unwrap();
    watch.event(*at, &Event::SignedOut { counselor });
    watch.sample(*at, &center::board::Board::default());
    let found: Vec<Checker> = watch.found.iter().map(|found| found.checker).collect();
    assert!(found.contains(&Checker::NoEmptyChair), "{found:?}");
    assert!(
        found.contains(&Checker::Conservation),
        "the board is empty: {found:?}"
    );
}

#[test]
fn a_journal_that_misses_an_event_does_not_replay() {
    let mut house = House::new(town::whole(vec![town::counselor(1, None)]));
    let counselor = CounselorId(1);
    let now = Time(0);
    let _ = house.hand(now, &center::command::Command::SignIn { counselor });
    house.replay(now);
    assert!(house.watch.found.is_empty());
    house.journal.pop();
    house.replay(now);
    assert_eq!(house.watch.found[0].checker, Checker::ReplayEqualsLive);
}

/// Two texts to the one counselor who answers texts: the second speaks of an emergency.
fn two_texts() -> (Watch, Time) {
    let mut city = town::whole(vec![town::counselor(1, None)]);
    city.queues
        .push(town::written_queue(Channel::Text, None, "texts"));
    let mut watch = Watch::new(&Arc::new(city));
    let at = Time(HOUR_MS);
    let counselor = CounselorId(1);
    watch.event(at, &Event::SignedIn { counselor });
    watch.event(at, &Event::Readied { counselor });
    for contact in [ContactId(1), ContactId(2)] {
        let urgent = contact == ContactId(2);
        for event in text_arrives(contact, at, urgent) {
            watch.event(at, &event);
        }
        if !urgent {
            watch.event(at, &offered(contact, counselor));
        }
    }
    (watch, at)
}

fn text_arrives(contact: ContactId, at: Time, urgent: bool) -> [Event; 3] {
    let arrived = Event::Arrived {
        contact,
        key: contact.to_string(),
        channel: Channel::Text,
        caller: String::new(),
        via: "carrier".into(),
        repeat: false,
    };
    let received = Event::MessageReceived {
        contact,
        message: 1,
        key: contact.to_string(),
        via: "carrier".into(),
        thread: contact.to_string(),
        digest: String::new(),
        letters: 5,
        files: 0,
        marks: Marks {
            urgent,
            ..Marks::default()
        },
    };
    let queued = Event::Queued {
        contact,
        queue: "texts".into(),
        since: at,
        front: urgent,
    };
    [arrived, received, queued]
}

fn offered(contact: ContactId, counselor: CounselorId) -> Event {
    Event::Offered {
        contact,
        counselor,
        reason: Reason {
            ring: 0,
            waited_ms: 0,
            idle_ms: 0,
            skills: 1,
            free: 1,
            waiting: 1,
            held_back: 0,
        },
    }
}

#[test]
fn an_emergency_that_waits_while_another_text_rings_is_noticed() {
    let (mut watch, at) = two_texts();
    watch.settle(at);
    let found: Vec<Checker> = watch.found.iter().map(|found| found.checker).collect();
    assert_eq!(found, [Checker::EmergenciesFirst]);
    let (mut watch, at) = two_texts();
    let (contact, counselor) = (ContactId(1), CounselorId(1));
    let why = OfferEnd::Emergency;
    watch.event(
        at,
        &Event::OfferReturned {
            contact,
            counselor,
            why,
        },
    );
    watch.event(at, &offered(ContactId(2), counselor));
    watch.settle(at);
    assert_eq!(watch.found, []);
}
