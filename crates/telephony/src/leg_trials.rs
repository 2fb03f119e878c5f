//! Trials of one line's numbers: whatever it is played, the other side sees one unbroken stream.

use crate::counters::Tally;
use crate::g711::Law;
use crate::leg::{BEAT, FRAME, Heard, Leg, Music, Noticed, Shared, Wire};
use crate::prompt::Sound;
use crate::rtp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A leg whose packets arrive at a socket of ours, and a clock that we turn.
struct Bench {
    leg: Arc<Leg>,
    far: UdpSocket,
    noticed: UnboundedReceiver<(u64, Noticed)>,
    now: Instant,
}

/// What the far side sees of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    marker: bool,
    first: u8,
}

impl Bench {
    async fn new(law: Law) -> Bench {
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        near.writable().await.unwrap();
        let (events, noticed) = unbounded_channel();
        let sound = |octet| -> Sound { vec![octet; 8_000].into() };
        let shared = Shared {
            tally: Arc::new(Tally::default()),
            events,
            music: Arc::new(Music {
                mu: sound(0x11),
                a: sound(0x22),
            }),
        };
        let wire = Wire::Trunk {
            socket: Arc::new(near),
            remote: Some(far.local_addr().unwrap()),
            payload_type: 0,
        };
        Bench {
            leg: Leg::new(&shared, law, wire),
            far,
            noticed,
            now: Instant::now(),
        }
    }

    fn beat(&mut self, times: usize) {
        for _ in 0..times {
            self.now += BEAT;
            self.leg.beat(self.now);
        }
    }

    fn say(&mut self, speaker: &Arc<Leg>, law: Law, sequence: u16, timestamp: u32, octet: u8) {
        self.now += BEAT;
        let heard = Heard {
            law,
            sequence,
            timestamp,
            ssrc: 99,
            payload: &[octet; FRAME],
        };
        speaker.hear(&heard, self.now);
    }

    async fn seen(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut buffer = [0; 2_048];
        while let Ok(Ok((length, _))) =
            tokio::time::timeout(Duration::from_millis(100), self.far.recv_from(&mut buffer)).await
        {
            let packet = rtp::parse(&buffer[..length]).unwrap();
            seen.push(Seen {
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
                marker: packet.marker,
                first: packet.payload[0],
            });
        }
        seen
    }
}

fn unbroken(seen: &[Seen]) {
    for pair in seen.windows(2) {
        let [before, after] = [pair[0], pair[1]];
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "{pair:?}");
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!(
            step >= FRAME as u32 && step.is_multiple_of(FRAME as u32),
            "{pair:?}"
        );
        assert_eq!(after.ssrc, before.ssrc);
    }
}

#[tokio::test]
async fn prompt_music_and_talk_are_one_stream() {
    let mut bench = Bench::new(Law::Mu).await;
    let speaker = Bench::new(Law::Mu).await.leg;
    let leg = bench.leg.clone();
    bench.beat(2);
    let prompt: Sound = vec![0x33; FRAME * 2 + 40].into();
    leg.play(1, vec![prompt.clone(), prompt], true, true);
    bench.beat(7);
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Played(1));
    leg.play_peer();
    speaker.link_to(&leg, None);
    for step in 0..4 {
        bench.say(
            &speaker,
            Law::Mu,
            60_000 + step,
            7 + u32::from(step) * 160,
            0x44,
        );
    }
    // The speaker pauses; the line does not. Then the speaker begins anew.
    bench.beat(10);
    for step in 0..3 {
        bench.say(
            &speaker,
            Law::A,
            65_535u16.wrapping_add(step),
            900_000 + u32::from(step) * 160,
            0xd5,
        );
    }
    leg.play_music();
    bench.beat(2);
    let seen = bench.seen().await;
    unbroken(&seen);
    let firsts: Vec<u8> = seen.iter().map(|seen| seen.first).collect();
    let silence = 0xff;
    assert_eq!(
        &firsts[..7],
        [silence, silence, 0x33, 0x33, 0x33, 0x33, 0x33]
    );
    assert_eq!(&firsts[7..9], [0x11, 0x11], "music after the prompts");
    assert_eq!(&firsts[9..13], [0x44; 4]);
    let (pause, rest) = firsts[13..].split_at(firsts.len() - 18);
    assert!(pause.iter().all(|first| *first == silence), "{firsts:?}");
    // The A-law octet nearest to silence, in mu-law.
    assert_eq!(rest[..3], [0xfe; 3]);
    assert_eq!(&firsts[firsts.len() - 2..], [0x11, 0x11]);
    assert!(seen[0].marker, "the first packet of all");
}

#[tokio::test]
async fn losses_and_order_of_the_peer_are_passed_on_and_what_is_too_old_is_not() {
    let mut bench = Bench::new(Law::Mu).await;
    let speaker = Bench::new(Law::Mu).await.leg;
    let leg = bench.leg.clone();
    leg.play_peer();
    speaker.link_to(&leg, None);
    for (sequence, octet) in [(10, 1), (13, 4), (12, 3), (9, 0), (14, 5)] {
        bench.say(
            &speaker,
            Law::Mu,
            sequence,
            u32::from(sequence) * 160,
            octet,
        );
    }
    let seen = bench.seen().await;
    let base = seen[0];
    let places: Vec<(u16, u32, u8)> = seen
        .iter()
        .map(|seen| {
            let ahead = seen.sequence.wrapping_sub(base.sequence);
            (
                ahead,
                seen.timestamp.wrapping_sub(base.timestamp) / 160,
                seen.first,
            )
        })
        .collect();
    assert_eq!(places, [(0, 0, 1), (3, 3, 4), (2, 2, 3), (4, 4, 5)]);
}

#[tokio::test]
async fn a_key_stops_only_prompts_that_let_it() {
    let mut bench = Bench::new(Law::A).await;
    let leg = bench.leg.clone();
    let prompt: Sound = vec![0x33; FRAME * 100].into();
    leg.play(1, vec![prompt.clone()], false, false);
    leg.press('5');
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Key('5'));
    assert!(bench.noticed.try_recv().is_err(), "the prompt goes on");
    leg.play(2, vec![prompt], true, false);
    bench.beat(1);
    leg.press('6');
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Key('6'));
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Played(2));
    leg.play(3, Vec::new(), true, false);
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Played(3));
    bench.beat(1);
    let seen = bench.seen().await;
    let firsts: Vec<u8> = seen.iter().map(|seen| seen.first).collect();
    assert_eq!(firsts, [0x33, Law::A.silence()]);
}

#[tokio::test]
async fn a_muted_or_held_side_is_not_heard_and_is_not_taken_for_dead() {
    let mut bench = Bench::new(Law::Mu).await;
    let speaker = Bench::new(Law::Mu).await.leg;
    let leg = bench.leg.clone();
    leg.play_peer();
    speaker.link_to(&leg, None);
    speaker.mute(true);
    bench.say(&speaker, Law::Mu, 1, 160, 0x44);
    assert!(bench.seen().await.is_empty());
    speaker.mute(false);
    bench.say(&speaker, Law::Mu, 2, 320, 0x44);
    assert_eq!(bench.seen().await.len(), 1);
    let later = bench.now + Duration::from_secs(90);
    assert!(leg.quiet_ms(later) > 80_000);
    leg.redirect(None, Law::Mu, 0, false);
    assert_eq!(leg.quiet_ms(later), 0, "it holds");
    bench.beat(3);
    assert!(bench.seen().await.is_empty(), "it does not want to hear us");
}
