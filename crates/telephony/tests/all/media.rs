//! Packets that do not belong to the call: from another port, another house, cut short, too long,
//! of another version, control packets of strangers. Never more than counted.

use crate::town::{KIM, Town, closed, within};
use crate::wire::{Wire, packet};
use center::city::ContactId;
use center::event::Fate;
use std::net::SocketAddr;
use std::time::Duration;
use telephony::phone::Headset;
use tokio::net::UdpSocket;

const FRAME: Duration = Duration::from_millis(20);
/// Silence in mu-law, and the loudest sound there is.
const QUIET: u8 = 0xff;
const LOUD: u8 = 0x80;

/// A talk whose caller is a bare wire.
struct Talk {
    town: Town,
    headset: Headset,
    wire: Wire,
    media: SocketAddr,
    contact: ContactId,
    sequence: u16,
}

impl Talk {
    async fn open() -> Talk {
        let town = Town::open().await;
        let headset = town.at_desk(KIM).await;
        let mut wire = Wire::open(town.telephony.local_sip()).await;
        let (_, media) = wire.call("").await;
        let info = "Content-Type: application/dtmf\r\n";
        let answer = wire.ask("INFO", info, "0").await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let contact = town.accept(KIM).await;
        let mut talk = Talk {
            town,
            headset,
            wire,
            media,
            contact,
            sequence: 0,
        };
        // The other end is known by its first packets.
        talk.speak(10, async |_| {}).await;
        talk.headset.heard();
        talk
    }

    /// The caller's own quiet packets, and something beside each.
    async fn speak(&mut self, packets: u16, mut beside: impl AsyncFnMut(u16)) {
        for _ in 0..packets {
            let own = packet(self.sequence, 7, QUIET);
            self.wire.rtp.send_to(&own, self.media).await.unwrap();
            beside(self.sequence).await;
            self.sequence += 1;
            tokio::time::sleep(FRAME).await;
        }
    }

    /// The counselor hears the quiet caller and nobody else, and the caller hears the counselor.
    async fn goes_on(mut self, while_speaking: u64) {
        let heard = self.headset.heard();
        assert!(heard.packets >= while_speaking, "{heard:?}");
        assert!(heard.level < 50.0, "{heard:?}");
        let mut sound = [0; 2_048];
        // What waited in the socket is passed over.
        while self.wire.rtp.try_recv(&mut sound).is_ok() {}
        let next = tokio::time::timeout(Duration::from_secs(5), self.wire.rtp.recv(&mut sound));
        assert_eq!(next.await.unwrap().unwrap(), 172);
        self.wire.hang_up().await;
        self.town.finish(KIM, self.contact).await;
        self.town.row(closed(Fate::Answered)).await;
        self.town.is_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_port_of_the_same_house_is_a_stranger() {
    let mut talk = Talk::open().await;
    let thief = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (media, before) = (talk.media, talk.town.counters());
    talk.speak(40, async |sequence| {
        let loud = packet(sequence, 7, LOUD);
        thief.send_to(&loud, media).await.unwrap();
    })
    .await;
    let counters = talk.town.counters();
    let strange = counters.rtp_wrong_source - before.rtp_wrong_source;
    assert!((35..=40).contains(&strange), "{strange}");
    let mut sound = [0; 2_048];
    assert!(thief.try_recv(&mut sound).is_err(), "nothing is sent to it");
    talk.goes_on(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_the_caller_is_no_chance_for_a_thief() {
    let mut talk = Talk::open().await;
    let thieves = [
        UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        UdpSocket::bind("127.0.0.9:0").await.unwrap(),
    ];
    let before = talk.town.counters();
    // The caller says nothing at all for longer than a second; only the thieves do.
    for sequence in 10..70 {
        for thief in &thieves {
            thief
                .send_to(&packet(sequence, 99, LOUD), talk.media)
                .await
                .unwrap();
        }
        tokio::time::sleep(FRAME).await;
    }
    let strange = talk.town.counters().rtp_wrong_source - before.rtp_wrong_source;
    assert!(strange > 100, "{strange}");
    let mut sound = [0; 2_048];
    for thief in &thieves {
        assert!(thief.try_recv(&mut sound).is_err(), "nothing is sent to it");
    }
    assert!(talk.headset.heard().level < 50.0);
    talk.speak(40, async |_| {}).await;
    talk.goes_on(20).await;
}

/// What is no RTP, or RTP that was never agreed on.
fn broken() -> Vec<Vec<u8>> {
    let good = packet(1, 7, LOUD);
    let changed = |at: usize, value: u8| {
        let mut packet = good.clone();
        packet[at] = value;
        packet
    };
    vec![
        Vec::new(),
        good[..1].to_vec(),
        good[..11].to_vec(),
        // Versions 0, 1 and 3.
        changed(0, 0x00),
        changed(0, 0x40),
        changed(0, 0xc0),
        // More sources, a longer extension and more padding than there is.
        changed(0, 0x8f)[..40].to_vec(),
        changed(0, 0x90),
        [changed(0, 0xa0), vec![0xff]].concat(),
        // A codec that was not agreed on.
        changed(1, 96),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_packets_of_the_caller_itself_are_dropped() {
    let mut talk = Talk::open().await;
    let before = talk.town.counters();
    let mut sent = 0;
    for bytes in broken() {
        talk.wire.rtp.send_to(&bytes, talk.media).await.unwrap();
        sent += 1;
        talk.speak(2, async |_| {}).await;
    }
    let counters = talk.town.counters();
    assert_eq!(counters.rtp_malformed - before.rtp_malformed, sent);
    assert_eq!(counters.rtp_wrong_source, before.rtp_wrong_source);
    // Whole and far too long: no sound, whatever the reading buffer cut off.
    for length in [1_993, 2_048, 9_000] {
        let mut long = packet(talk.sequence, 7, LOUD);
        talk.sequence += 1;
        long.resize(length, LOUD);
        talk.wire.rtp.send_to(&long, talk.media).await.unwrap();
    }
    talk.speak(20, async |_| {}).await;
    let counters = talk.town.counters();
    assert_eq!(counters.rtp_malformed - before.rtp_malformed, sent + 3);
    talk.goes_on(30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn control_packets_end_no_call() {
    let mut talk = Talk::open().await;
    let control = SocketAddr::new(talk.media.ip(), talk.media.port() + 1);
    let stranger = UdpSocket::bind("127.0.0.9:0").await.unwrap();
    // BYE for the caller's own stream, and rubbish.
    let goodbye = [0x81, 203, 0, 1, 0, 0, 0, 7];
    let cut = [0x81, 203, 0, 9, 0, 0, 0, 7];
    let before = talk.town.counters();
    for to in [control, talk.media] {
        stranger.send_to(&goodbye, to).await.unwrap();
        talk.wire.rtp.send_to(&goodbye, to).await.unwrap();
    }
    stranger.send_to(&cut, control).await.unwrap();
    stranger.send_to(b"rubbish", control).await.unwrap();
    talk.speak(30, async |_| {}).await;
    let counters = talk.town.counters();
    assert_eq!(counters.rtp_wrong_source - before.rtp_wrong_source, 2);
    assert_eq!(counters.rtp_malformed - before.rtp_malformed, 2);
    talk.goes_on(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_heard_before_the_description_names_a_house() {
    let town = Town::open().await;
    let mut wire = Wire::open(town.telephony.local_sip()).await;
    let (_, media) = wire.call("").await;
    let stranger = UdpSocket::bind("127.0.0.9:0").await.unwrap();
    for sequence in 0..10 {
        // Neither described nor the one who signals.
        stranger
            .send_to(&packet(sequence, 9, LOUD), media)
            .await
            .unwrap();
    }
    within("the count", async || {
        (town.counters().rtp_wrong_source >= 10).then_some(())
    })
    .await;
    let mut sound = [0; 2_048];
    assert!(stranger.try_recv(&mut sound).is_err());
    assert_eq!(wire.rtp.recv(&mut sound).await.unwrap(), 172, "the prompt");
    wire.hang_up().await;
    town.row(closed(Fate::LeftMenu)).await;
    town.is_clean().await;
}
