//! Scenes on hub and store together: what the center decides is on paper before anything happens.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod keeper;
mod library;
mod town;

use center::city::{Channel, ContactId, Language};
use center::command::{Answer, Command, Ending, Refusal, RestReason};
use center::effect::Effect;
use center::event::{Event, Fate};
use center::record::Stage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Fault;
use town::{House, KIM};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_becomes_a_record_and_a_statistic() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let contact = house.arrives("first", "caller-a").await;
    assert!(matches!(house.effect().await, Effect::Answer { key, .. } if key == "first"));
    assert!(matches!(house.effect().await, Effect::Play { .. }));
    house
        .send(Command::Key { contact, key: '9' })
        .await
        .unwrap();
    house
        .send(Command::Key { contact, key: '1' })
        .await
        .unwrap();
    house
        .send(Command::Accept {
            counselor: KIM,
            contact,
        })
        .await
        .unwrap();
    house.note(contact, "passport, needs two photos").await;
    house.classify(contact).await;
    house
        .send(Command::Left {
            contact,
            ending: Ending::Citizen,
        })
        .await
        .unwrap();
    house
        .send(Command::Finish {
            counselor: KIM,
            contact,
            ready: true,
        })
        .await
        .unwrap();

    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.fate, Some(Fate::Answered));
    assert_eq!(row.stage, Stage::Closed);
    assert_eq!(row.language, Language::En);
    assert_eq!(row.keys, "91");
    assert_eq!(row.counselor, Some(KIM));
    let personal = house.archive.personal(contact).await.unwrap();
    assert_eq!(personal.note, "passport, needs two photos");
    assert_eq!(personal.number, "+821012345678");
    let summary = house.today().await;
    assert_eq!(
        (summary.attempts, summary.answered, summary.queued),
        (1, 1, 1)
    );
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_category_or_outcome_is_not_closed() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let contact = house.talking("first").await;
    let finish = Command::Finish {
        counselor: KIM,
        contact,
        ready: true,
    };
    assert_eq!(house.refused(finish.clone()).await, Refusal::StillTalking);
    house
        .send(Command::Left {
            contact,
            ending: Ending::Citizen,
        })
        .await
        .unwrap();
    assert_eq!(
        house.refused(finish.clone()).await,
        Refusal::CategoryMissing
    );
    house.classify(contact).await;
    house.send(finish).await.unwrap();
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_packet_twice_is_one_contact() {
    let house = House::open().await;
    let first = house.arrives("same", "caller-a").await;
    let second = house.arrives("same", "caller-a").await;
    assert_eq!(first, second);
    let after_restart = house.restart().await;
    let third = after_restart.arrives("other", "caller-b").await;
    assert_eq!(third, ContactId(first.0 + 1));
    after_restart.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_call_interrupts_and_owes_a_callback() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let talking = house.talking("first").await;
    let waiting = house.arrives("second", "caller-b").await;
    let house = house.restart().await;
    for contact in [talking, waiting] {
        let row = house.archive.contact(contact).await.unwrap().unwrap();
        assert_eq!(row.fate, Some(Fate::Interrupted));
        assert!(row.task, "a callback is owed");
    }
    let board = house.hub.board().borrow().clone();
    assert_eq!(board.tasks.len(), 2);
    assert!(board.contacts.is_empty() && board.counselors.is_empty());
    house.is_clean().await;

    let house = house.restart().await;
    assert_eq!(
        house.hub.board().borrow().tasks.len(),
        2,
        "a second stop forgets no task"
    );
    house
        .send(Command::SignIn { counselor: KIM })
        .await
        .unwrap();
    house
        .send(Command::DropTask {
            counselor: KIM,
            contact: waiting,
        })
        .await
        .unwrap();
    let house = house.restart().await;
    assert_eq!(house.hub.board().borrow().tasks.len(), 1);
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_wrap_up_survives_a_restart() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let contact = house.talking("first").await;
    house
        .send(Command::Left {
            contact,
            ending: Ending::Citizen,
        })
        .await
        .unwrap();
    let house = house.restart().await;
    house
        .send(Command::SignIn { counselor: KIM })
        .await
        .unwrap();
    house.classify(contact).await;
    house
        .send(Command::Finish {
            counselor: KIM,
            contact,
            ready: false,
        })
        .await
        .unwrap();
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.fate, Some(Fate::Answered));
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owed_callback_calls_the_number_of_the_interrupted_call() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let owed = house.talking("first").await;
    let mut house = house.restart().await;
    house
        .send(Command::SignIn { counselor: KIM })
        .await
        .unwrap();
    house
        .send(Command::TakeTask {
            counselor: KIM,
            contact: owed,
        })
        .await
        .unwrap();
    let outgoing = house.wings.effects.recv().await.unwrap();
    let Effect::Dial { contact } = outgoing.effect else {
        panic!("{outgoing:?}")
    };
    assert_eq!(outgoing.number.as_deref(), Some("+821012345678"));
    house.send(Command::DialAnswered { contact }).await.unwrap();
    house.classify(contact).await;
    house
        .send(Command::HangUp {
            counselor: KIM,
            contact,
        })
        .await
        .unwrap();
    house
        .send(Command::Finish {
            counselor: KIM,
            contact,
            ready: false,
        })
        .await
        .unwrap();
    let summary = house.today().await;
    assert_eq!(
        summary.attempts, 1,
        "paying a callback is no attempt of a citizen"
    );
    assert_eq!(summary.interrupted, 1);
    let mut board = house.hub.board();
    board
        .wait_for(|board| board.tasks.is_empty())
        .await
        .unwrap();
    drop(board);
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_does_not_happen_and_desks_stay_open() {
    let mut house = House::open().await;
    house.ready(KIM).await;
    let contact = house.talking("first").await;
    house.fail_next_write();
    let lost = house
        .hub
        .send(Command::Left {
            contact,
            ending: Ending::Citizen,
        })
        .await;
    assert!(matches!(lost, Err(hub::Error::Unwritten)), "{lost:?}");
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.stage, Stage::Talk);
    house
        .hub
        .report(Command::Left {
            contact,
            ending: Ending::Citizen,
        })
        .await
        .unwrap();
    house.classify(contact).await;
    house
        .send(Command::Finish {
            counselor: KIM,
            contact,
            ready: true,
        })
        .await
        .unwrap();
    let next = house.arrives("second", "caller-b").await;
    house
        .until(|effect| matches!(effect, Effect::Play { contact, .. } if *contact == next))
        .await;
    house
        .send(Command::Key {
            contact: next,
            key: '0',
        })
        .await
        .unwrap();
    house
        .until(|effect| matches!(effect, Effect::Ring { contact, .. } if *contact == next))
        .await;
    house.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_found_after_a_crash_is_recorded_as_interrupted() {
    let house = House::open().await;
    let found = Command::Arrived {
        key: "lost".into(),
        channel: Channel::Voice,
        caller: "caller-a".into(),
        via: "test".into(),
        live: false,
    };
    let Answer::Contact(contact) = house.send(found).await.unwrap() else {
        panic!("no contact")
    };
    let row = house.archive.contact(contact).await.unwrap().unwrap();
    assert_eq!(row.fate, Some(Fate::Interrupted));
    assert_eq!(house.today().await.interrupted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_ring_rests_the_counselor_and_puts_the_caller_first() {
    let mut house = House::open_with(|city| city.limits.ring_ms = 50).await;
    house.ready(KIM).await;
    let contact = house.arrives("first", "caller-a").await;
    house
        .send(Command::Key { contact, key: '0' })
        .await
        .unwrap();
    house
        .until(|effect| matches!(effect, Effect::Ring { .. }))
        .await;
    house
        .until(|effect| matches!(effect, Effect::StopRing { .. }))
        .await;
    let timeline = house.archive.timeline(contact).await.unwrap();
    assert!(
        timeline
            .iter()
            .any(|entry| matches!(entry.event, Event::OfferReturned { .. }))
    );
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let board = house.hub.board().borrow().clone();
    let desk = board.counselor(KIM).unwrap();
    assert_eq!(
        desk.doing,
        center::board::Doing::Resting(RestReason::Missed)
    );
    house.send(Command::Ready { counselor: KIM }).await.unwrap();
    house
        .until(|effect| matches!(effect, Effect::Ring { .. }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_calls_at_once_share_transactions_and_all_add_up() {
    let house = House::open_with(|city| city.limits.calls_max = 80).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let hub = house.hub.clone();
        calls.spawn(async move {
            let arrived = town::arrival(&format!("call-{number}"), &format!("caller-{number}"));
            let Ok(Answer::Contact(contact)) = hub.send(arrived).await else {
                panic!("refused")
            };
            let _ = hub
                .send(Command::Left {
                    contact,
                    ending: Ending::Citizen,
                })
                .await;
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    let summary = house.today().await;
    assert_eq!(summary.attempts, 100);
    assert_eq!(summary.left_menu + summary.capped, 100);
    house.is_clean().await;
}

/// More at once than the groups that can be under way hold.
const STORM: usize = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_in_a_storm_loses_and_doubles_nothing() {
    let house = House::open_with(|city| city.limits.calls_max = usize::MAX).await;
    let mut contacts = std::collections::BTreeSet::new();
    for (day, fault) in [Fault::Sync, Fault::Full(1), Fault::Commit]
        .into_iter()
        .enumerate()
    {
        let mut calls = tokio::task::JoinSet::new();
        let answered = Arc::new(AtomicBool::new(false));
        for number in 0..STORM {
            let (hub, faults, answered) = (house.hub.clone(), house.faults(), answered.clone());
            calls.spawn(async move {
                let key = format!("call-{day}-{number}");
                let arrived = || town::arrival(&key, "");
                let first = hub.send(arrived()).await;
                if !answered.swap(true, Ordering::Relaxed) {
                    faults.next(fault);
                }
                let unwritten = matches!(first, Err(hub::Error::Unwritten));
                let answer = if unwritten {
                    hub.report(arrived()).await
                } else {
                    first
                };
                let Ok(Answer::Contact(contact)) = answer else {
                    panic!("{answer:?}")
                };
                let ending = Ending::Citizen;
                // Refused when it was written though nobody could be told.
                let _ = hub.report(Command::Left { contact, ending }).await;
                (contact, unwritten)
            });
        }
        let mut unwritten = 0;
        while let Some(call) = calls.join_next().await {
            let (contact, failed) = call.unwrap();
            unwritten += usize::from(failed);
            assert!(contacts.insert(contact), "{contact} twice");
        }
        assert!(unwritten > 0, "{fault:?} struck");
        assert!(unwritten < STORM, "what was durable was told so");
    }
    assert_eq!(house.today().await.attempts as usize, contacts.len());
    house.is_clean().await;
}
