//! Talks in wideband: what each end is told to speak, what is heard above the telephone's 4 kHz,
//! and that no talk falls silent where the ends share nothing. Never a judge of how a codec sounds.

use crate::outbound::{KIND, with_a_way_out};
use crate::talk::lane;
use crate::town::{CITIZEN_HZ, COUNSELOR_HZ, KIM, Town, closed, within};
use crate::wire::{Wire, media_of, packet};
use center::city::{ContactId, CounselorId};
use center::command::{Command, Destination};
use center::event::Fate;
use hub::{MediaRequest, Personal};
use std::time::Duration;
use telephony::phone::{Caller, Codec, Headset, Law, Plan, Sound};
use tokio::sync::{oneshot, watch};

const PCMU: Codec = Codec::G711(Law::Mu);
const PCMA: Codec = Codec::G711(Law::A);
/// What a browser has, and what it begins with.
const BROWSER: [Codec; 4] = [PCMU, PCMA, Codec::G722, Codec::Opus];
/// Above what any telephone carries.
const CITIZEN_HIGH_HZ: u32 = 5_500;
const COUNSELOR_HIGH_HZ: u32 = 6_000;

type Told = watch::Receiver<Option<&'static str>>;

/// A headset as a browser's, at whatever it is told to speak.
async fn headset(town: &Town, says_hz: u32, hears_hz: u32) -> Headset {
    let sound = Sound {
        says_hz,
        hears_hz: vec![hears_hz],
    };
    let (offered, offer) = Headset::offer_in(&BROWSER, sound).unwrap();
    let (reply, answer) = oneshot::channel();
    town.ask(MediaRequest::Desk {
        counselor: KIM,
        offer,
        reply,
    });
    let mut headset = offered.take(&answer.await.unwrap().unwrap()).unwrap();
    assert!(headset.up().await);
    headset
}

fn told(town: &Town, counselor: CounselorId) -> Told {
    let (tell, told) = watch::channel(None);
    town.ask(MediaRequest::DeskCodec { counselor, tell });
    told
}

/// Waits until the desk is told to speak this.
async fn is_told(told: &mut Told, codec: &str) {
    let told = told.wait_for(|name| *name == Some(codec));
    let told = tokio::time::timeout(Duration::from_secs(10), told).await;
    assert!(told.is_ok(), "the desk is told {codec}");
}

fn high(from: &str) -> Plan {
    Plan {
        from: from.to_owned(),
        to: "120".to_owned(),
        sound: Some(Sound {
            says_hz: CITIZEN_HIGH_HZ,
            hears_hz: vec![COUNSELOR_HIGH_HZ],
        }),
    }
}

async fn at_desk(town: &Town) {
    town.send(Command::SignIn { counselor: KIM }).await;
    town.send(Command::Ready { counselor: KIM }).await;
}

/// Calls, presses 0, is taken.
async fn joined(town: &Town, caller: &mut Caller) -> ContactId {
    caller.answered().await.unwrap();
    // The prompt is heard before a key is pressed, in whatever codec.
    within("the prompt", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (caller.heard().level > 500.0).then_some(())
    })
    .await;
    caller.press('0');
    town.accept(KIM).await
}

async fn caller_hears(caller: &Caller, pitch_hz: u32) {
    caller.heard();
    within("the counselor's voice", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.level > 1_500.0 && heard.share(pitch_hz) > 0.8).then_some(())
    })
    .await;
}

async fn headset_hears(headset: &Headset, pitch_hz: u32) {
    headset.heard();
    within("the citizen's voice", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = headset.heard();
        (heard.level > 1_500.0 && heard.share(pitch_hz) > 0.8).then_some(())
    })
    .await;
}

/// A telephone that has one wide codec speaks with a browser: told, forwarded, recorded.
async fn a_wide_talk(codec: Codec, name: &str) {
    let town = Town::open().await;
    let desk = headset(&town, COUNSELOR_HIGH_HZ, CITIZEN_HIGH_HZ).await;
    let mut told = told(&town, KIM);
    at_desk(&town).await;
    let carrier = town.carrier().await;
    let mut caller = carrier.call_in(codec, &high("01012345678")).unwrap();
    let contact = joined(&town, &mut caller).await;
    is_told(&mut told, name).await;
    desk.speak(codec);
    caller_hears(&caller, COUNSELOR_HIGH_HZ).await;
    headset_hears(&desk, CITIZEN_HIGH_HZ).await;
    // From here on nothing is spoken anew.
    let before = town.counters();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = town.counters();
    assert_eq!(after.rtp_interpreted, before.rtp_interpreted);
    assert!(after.rtp_sent > before.rtp_sent + 60);

    // Music on hold comes in the telephone's codec, and the talk comes back.
    let counselor = KIM;
    town.send(Command::Hold { counselor, contact }).await;
    within("music on hold", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let heard = caller.heard();
        (heard.level > 300.0 && heard.share(COUNSELOR_HIGH_HZ) < 0.5).then_some(())
    })
    .await;
    assert_eq!(*told.borrow(), None, "nothing to speak while nobody hears");
    town.send(Command::Resume { counselor, contact }).await;
    is_told(&mut told, name).await;
    caller_hears(&caller, COUNSELOR_HIGH_HZ).await;
    headset_hears(&desk, CITIZEN_HIGH_HZ).await;

    // A reload: the new line begins in PCMU and is told again.
    drop(desk);
    let desk = headset(&town, COUNSELOR_HIGH_HZ, CITIZEN_HIGH_HZ).await;
    is_told(&mut told, name).await;
    headset_hears(&desk, CITIZEN_HIGH_HZ).await;
    desk.speak(codec);
    caller_hears(&caller, COUNSELOR_HIGH_HZ).await;

    caller.hang_up();
    caller.ended().await;
    town.finish(KIM, contact).await;
    let row = town.row(closed(Fate::Answered)).await;
    assert_eq!(row.keys, "0", "keys come by the codec's clock");
    let recording = &town.recordings(contact, 1).await[0];
    assert_eq!(store::sound::rate(recording), 16_000);
    let (citizen, citizen_loud) = lane(recording, 0, CITIZEN_HIGH_HZ);
    let (counselor, counselor_loud) = lane(recording, 1, COUNSELOR_HIGH_HZ);
    assert!(citizen > 0.7 && counselor > 0.7, "{citizen} {counselor}");
    assert!(citizen_loud > 20 && counselor_loud > 20);
    assert_eq!(town.counters().recording_overflow, 0);
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_in_g722() {
    a_wide_talk(Codec::G722, "G722").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_in_opus() {
    a_wide_talk(Codec::Opus, "opus").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headset_that_cannot_change_is_heard_all_the_same() {
    for codec in [Codec::G722, Codec::Opus, PCMA] {
        let town = Town::open().await;
        let desk = town.at_desk(KIM).await;
        let carrier = town.carrier().await;
        let plan = Plan {
            sound: Some(Sound {
                says_hz: CITIZEN_HZ,
                hears_hz: vec![COUNSELOR_HZ],
            }),
            ..high("01012345678")
        };
        let mut caller = carrier.call_in(codec, &plan).unwrap();
        let contact = joined(&town, &mut caller).await;
        caller_hears(&caller, COUNSELOR_HZ).await;
        headset_hears(&desk, CITIZEN_HZ).await;
        let wide = codec != PCMA;
        assert_eq!(town.counters().rtp_interpreted > 0, wide, "{codec:?}");
        caller.hang_up();
        caller.ended().await;
        town.finish(KIM, contact).await;
        let recording = &town.recordings(contact, 1).await[0];
        let rate = if wide { 16_000 } else { 8_000 };
        assert_eq!(store::sound::rate(recording), rate, "{codec:?}");
        for (side, pitch_hz) in [(0, CITIZEN_HZ), (1, COUNSELOR_HZ)] {
            let (share, _) = lane(recording, side, pitch_hz);
            assert!(share > 0.9, "{codec:?}: {share}");
        }
        town.is_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_that_changes_its_codec_in_the_talk_takes_the_desk_along() {
    let town = Town::open().await;
    let _desk = headset(&town, COUNSELOR_HIGH_HZ, CITIZEN_HIGH_HZ).await;
    let mut told = told(&town, KIM);
    at_desk(&town).await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    wire.call("").await;
    wire.ask("INFO", "Content-Type: application/dtmf\r\n", "0")
        .await;
    let contact = town.accept(KIM).await;
    is_told(&mut told, "PCMU").await;
    let maps = ["9 G722/8000", "101 telephone-event/8000"];
    let wide = wire.description_of("0 9 101", &maps, "sendrecv");
    let answer = wire.ask("INVITE", KIND, &wide).await;
    wire.acknowledge().await;
    assert!(answer.contains("RTP/AVP 9 101"), "{answer}");
    is_told(&mut told, "G722").await;
    let narrow = wire.description("sendrecv");
    let answer = wire.ask("INVITE", KIND, &narrow).await;
    wire.acknowledge().await;
    assert!(answer.contains("RTP/AVP 0 101"), "{answer}");
    is_told(&mut told, "PCMU").await;
    wire.hang_up().await;
    town.finish(KIM, contact).await;
    let recordings = town.recordings(contact, 2).await;
    let mut rates: Vec<u32> = recordings
        .iter()
        .map(|one| store::sound::rate(one))
        .collect();
    rates.sort_unstable();
    assert_eq!(
        rates,
        [8_000, 16_000],
        "what became wide has a recording that holds it"
    );
    town.is_clean().await;
}

/// Hands a contact to a number outside; what the center offers there.
async fn hand_over(town: &Town, far: &mut Wire, contact: ContactId) -> String {
    let transfer = Command::Transfer {
        counselor: KIM,
        contact,
        to: Destination::Number {
            token: "digest".into(),
        },
    };
    let number = "02-2133-5000".to_owned();
    let beside = vec![Personal::TransferTo { contact, number }];
    town.hub.send_with(transfer, beside).await.unwrap();
    far.until("INVITE").await
}

/// Speaks to the center until what comes back is loud and of this payload type.
async fn far_hears(far: &Wire, media: std::net::SocketAddr, number: u8) {
    let mut sequence = 0;
    let mut sound = [0; 2_048];
    within("the citizen outside", async || {
        far.rtp
            .send_to(&packet(sequence, 5, 0x80), media)
            .await
            .unwrap();
        sequence += 1;
        let (length, _) = far.rtp.recv_from(&mut sound).await.unwrap();
        let quiet = |octet: &u8| matches!(octet, 0xf0..=0xff | 0x70..=0x7f | 0xd5 | 0x55);
        let loud = sound[12..length]
            .iter()
            .filter(|octet| !quiet(octet))
            .count()
            > 100;
        (loud && sound[1] & 0x7f == number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_telephone_and_an_old_one_outside_understand_each_other() {
    let (town, mut far) = with_a_way_out().await;
    let _desk = headset(&town, COUNSELOR_HZ, CITIZEN_HZ).await;
    at_desk(&town).await;
    let carrier = town.carrier().await;
    let plan = Plan {
        sound: Some(Sound {
            says_hz: CITIZEN_HZ,
            hears_hz: vec![COUNSELOR_HZ],
        }),
        ..high("01012345678")
    };
    let mut caller = carrier.call_in(Codec::G722, &plan).unwrap();
    let contact = joined(&town, &mut caller).await;
    caller_hears(&caller, COUNSELOR_HZ).await;
    let invite = hand_over(&town, &mut far, contact).await;
    assert!(
        invite.contains("RTP/AVP 9 96 0 8 101 102"),
        "the citizen's codec first: {invite}"
    );
    let description = far.description("sendrecv");
    far.send(far.answer(&invite, "200 OK", KIND, &description))
        .await;
    far.until("ACK").await;
    let before = town.counters().rtp_interpreted;
    far_hears(&far, media_of(&invite), 0).await;
    assert!(
        town.counters().rtp_interpreted > before,
        "they share no codec"
    );
    caller.hang_up();
    caller.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_handed_to_an_old_telephone_is_told_to_speak_as_it_does() {
    let (town, mut far) = with_a_way_out().await;
    let _desk = headset(&town, COUNSELOR_HIGH_HZ, CITIZEN_HIGH_HZ).await;
    let mut told = told(&town, KIM);
    at_desk(&town).await;
    let sound = Sound {
        says_hz: CITIZEN_HZ,
        hears_hz: vec![COUNSELOR_HIGH_HZ],
    };
    let (offered, offer) = Headset::offer_in(&BROWSER, sound).unwrap();
    let (reply, answer) = oneshot::channel();
    let call = "a secret".to_owned();
    town.ask(MediaRequest::Citizen {
        call: call.clone(),
        offer,
        reply,
    });
    let mut citizen = offered.take(&answer.await.unwrap().unwrap()).unwrap();
    assert!(citizen.up().await);
    let key = '0';
    let pressed = call.clone();
    town.ask(MediaRequest::CitizenKey { call: pressed, key });
    let contact = town.accept(KIM).await;
    is_told(&mut told, "opus").await;
    assert_eq!(page_is_told(&town, &call).await, Some("opus"));
    citizen.speak(Codec::Opus);
    let invite = hand_over(&town, &mut far, contact).await;
    assert!(
        invite.contains("RTP/AVP 96 9 0 8 101 102"),
        "a page can follow: {invite}"
    );
    let description = far.description_of("8", &["8 PCMA/8000"], "sendrecv");
    far.send(far.answer(&invite, "200 OK", KIND, &description))
        .await;
    far.until("ACK").await;
    // It speaks Opus still, and is heard already.
    far_hears(&far, media_of(&invite), 8).await;
    within("what the page is told", async || {
        (page_is_told(&town, &call).await == Some("PCMA")).then_some(())
    })
    .await;
    citizen.speak(PCMA);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = town.counters().rtp_interpreted;
    far_hears(&far, media_of(&invite), 8).await;
    assert_eq!(
        town.counters().rtp_interpreted,
        before,
        "passed on as it comes"
    );
}

async fn page_is_told(town: &Town, call: &str) -> Option<&'static str> {
    let (reply, state) = oneshot::channel();
    let call = call.to_owned();
    town.ask(MediaRequest::CitizenState { call, reply });
    state.await.unwrap().and_then(|state| state.codec)
}
