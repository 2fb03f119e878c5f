//! A citizen calls, a counselor speaks: sound both ways, keys, hold, reload, the record at the end.

use crate::town::{CITIZEN_HZ, COUNSELOR_HZ, KIM, LEE, Town, closed, plan, within};
use center::city::Language;
use center::command::Command;
use center::event::Fate;
use center::record::Stage;
use hub::MediaRequest;
use std::fmt::Write as _;
use std::time::Duration;
use telephony::phone::{Caller, End, Headset};
use tokio::sync::oneshot;

/// How loud a tone is at least when it is heard.
const LOUD: f64 = 2_000.0;

/// Waits until the citizen hears the counselor.
pub async fn heard_by(caller: &Caller) {
    caller.heard();
    within("the counselor's voice", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.level > LOUD && heard.share(COUNSELOR_HZ) > 0.8).then_some(())
    })
    .await;
}

/// Waits until the counselor hears the citizen.
pub async fn heard_at(headset: &Headset) {
    headset.heard();
    within("the citizen's voice", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = headset.heard();
        (heard.level > LOUD && heard.share(CITIZEN_HZ) > 0.8).then_some(())
    })
    .await;
}

/// The share of a tone's power in one lane of a recording's WAV, over its loud parts, and how many
/// of its tenths of a second are loud.
pub fn lane(recording: &[u8], lane: usize, pitch_hz: u32) -> (f64, usize) {
    let wav = store::sound::to_wav(recording);
    let samples: Vec<f64> = wav[44..]
        .chunks_exact(4)
        .map(|pair| f64::from(i16::from_le_bytes([pair[lane * 2], pair[lane * 2 + 1]])))
        .collect();
    let (mut at_pitch, mut all, mut loud) = (0.0, 0.0, 0);
    for part in samples.chunks_exact(800) {
        let power: f64 = part.iter().map(|sample| sample * sample).sum();
        if power / 800.0 < LOUD * LOUD {
            continue;
        }
        let rate = f64::from(store::sound::rate(recording));
        let turn = std::f64::consts::TAU * f64::from(pitch_hz) / rate;
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (at, sample) in part.iter().enumerate() {
            real += sample * (turn * at as f64).cos();
            imaginary += sample * (turn * at as f64).sin();
        }
        at_pitch += 2.0 * (real * real + imaginary * imaginary) / 800.0;
        all += power;
        loud += 1;
    }
    (if all > 0.0 { at_pitch / all } else { 0.0 }, loud)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_speaks_with_a_counselor_and_the_recording_holds_both() {
    let town = Town::open().await;
    let headset = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    let times = caller.answered().await.unwrap();
    assert!(times.trying.is_some() && times.ringing.is_some());
    within("the prompt", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (caller.heard().level > 500.0).then_some(())
    })
    .await;
    caller.press('9');
    town.row(|row| row.keys == "9").await;
    caller.press_by_info('1');
    let contact = town.accept(KIM).await;
    heard_by(&caller).await;
    heard_at(&headset).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    caller.hang_up();
    assert_eq!(caller.ended().await, End::HungUp);
    town.row(|row| row.stage == Stage::WrapUp).await;
    town.finish(KIM, contact).await;

    let row = town.row(closed(Fate::Answered)).await;
    assert_eq!((row.keys.as_str(), row.language), ("91", Language::En));
    assert_eq!((row.via.as_str(), row.counselor), ("loopback", Some(KIM)));
    let personal = town.archive.personal(contact).await.unwrap();
    assert_eq!(personal.number, "+821012345678");
    let recording = &town.recordings(contact, 1).await[0];
    let (citizen, citizen_loud) = lane(recording, 0, CITIZEN_HZ);
    let (counselor, counselor_loud) = lane(recording, 1, COUNSELOR_HZ);
    assert!(citizen > 0.9 && counselor > 0.9, "{citizen} {counselor}");
    assert!(
        citizen_loud > 20 && counselor_loud > 20,
        "{citizen_loud} {counselor_loud}"
    );
    let counters = town.counters();
    assert_eq!((counters.attempts, counters.answered), (1, 1));
    assert_eq!((counters.keys, counters.recording_overflow), (2, 0));
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_in_mid_call_brings_the_counselor_back_into_it() {
    let town = Town::open().await;
    let headset = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    caller.press('0');
    let contact = town.accept(KIM).await;
    heard_by(&caller).await;
    drop(headset);
    within("music instead of the counselor", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.level > 300.0 && heard.share(COUNSELOR_HZ) < 0.5).then_some(())
    })
    .await;
    let headset = town.headset(KIM).await;
    heard_by(&caller).await;
    heard_at(&headset).await;

    town.send(Command::Hold {
        counselor: KIM,
        contact,
    })
    .await;
    within("music on hold", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.level > 300.0 && heard.share(COUNSELOR_HZ) < 0.5).then_some(())
    })
    .await;
    town.send(Command::Resume {
        counselor: KIM,
        contact,
    })
    .await;
    heard_by(&caller).await;

    town.ask(MediaRequest::Mute {
        counselor: KIM,
        on: true,
    });
    within("silence", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.packets > 5 && heard.level < 100.0).then_some(())
    })
    .await;
    town.ask(MediaRequest::Mute {
        counselor: KIM,
        on: false,
    });
    heard_by(&caller).await;

    town.send(Command::HangUp {
        counselor: KIM,
        contact,
    })
    .await;
    assert_eq!(caller.ended().await, End::HungUpThere);
    town.finish(KIM, contact).await;
    town.row(closed(Fate::Answered)).await;
    assert_eq!(
        town.recordings(contact, 1).await.len(),
        1,
        "one recording for one talk"
    );
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_brings_the_citizen_to_another_counselor() {
    let town = Town::open().await;
    let first = town.at_desk(KIM).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    caller.press('0');
    let contact = town.accept(KIM).await;
    heard_at(&first).await;
    town.send(Command::Rest {
        counselor: KIM,
        reason: center::command::RestReason::Break,
    })
    .await;
    town.send(Command::Transfer {
        counselor: KIM,
        contact,
        to: center::command::Destination::Queue("general".into()),
    })
    .await;
    let second = town.at_desk(LEE).await;
    assert_eq!(town.accept(LEE).await, contact);
    heard_by(&caller).await;
    heard_at(&second).await;
    first.heard();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        first.heard().level < 50.0,
        "the first counselor hears nothing more"
    );
    caller.hang_up();
    caller.ended().await;
    town.finish(LEE, contact).await;
    assert_eq!(town.recordings(contact, 2).await.len(), 2);
    town.row(closed(Fate::Answered)).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_calls_from_the_page() {
    let town = Town::open().await;
    let desk = town.at_desk(KIM).await;
    let sound = telephony::phone::Sound {
        says_hz: CITIZEN_HZ,
        hears_hz: vec![COUNSELOR_HZ],
    };
    let (offered, offer) = Headset::offer(sound).unwrap();
    let (reply, answer) = oneshot::channel();
    let call = "a secret".to_owned();
    town.ask(MediaRequest::Citizen {
        call: call.clone(),
        offer,
        reply,
    });
    let mut citizen = offered.take(&answer.await.unwrap().unwrap()).unwrap();
    assert!(citizen.up().await);
    within("the prompt", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (citizen.heard().level > 500.0).then_some(())
    })
    .await;
    let state = within("the state", async || {
        let (reply, state) = oneshot::channel();
        let call = call.clone();
        town.ask(MediaRequest::CitizenState { call, reply });
        state.await.unwrap().filter(|state| state.up)
    });
    let contact = state.await.contact;
    town.ask(MediaRequest::CitizenKey {
        call: call.clone(),
        key: '0',
    });
    assert_eq!(town.accept(KIM).await, contact);
    heard_at(&desk).await;
    within("the counselor's voice", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (citizen.heard().share(COUNSELOR_HZ) > 0.8).then_some(())
    })
    .await;
    town.ask(MediaRequest::CitizenHangUp { call });
    town.row(|row| row.stage == Stage::WrapUp).await;
    town.finish(KIM, contact).await;
    let row = town.row(closed(Fate::Answered)).await;
    assert_eq!((row.via.as_str(), row.keys.as_str()), ("page", "0"));
    town.recordings(contact, 1).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_call_owes_a_callback_and_loses_no_attempt() {
    let town = Town::open().await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call(&plan("01012345678")).unwrap();
    caller.answered().await.unwrap();
    town.row(|_| true).await;
    // An attempt that was written down, and then the lights went out.
    let log = std::fs::read_dir(town.folder().join("ingress"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let mut lines = std::fs::read_to_string(log.path()).unwrap();
    let now = town.hub.now().0;
    let lost = "ab".repeat(16);
    write!(lines, "{now} {lost}\n{now} 0123").unwrap();
    std::fs::write(log.path(), lines).unwrap();
    let town = town.restart().await;
    let rows = town.rows().await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.fate, Some(Fate::Interrupted));
    }
    assert!(rows[0].task, "a callback is owed");
    town.is_clean().await;
}
