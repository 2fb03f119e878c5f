//! Trials of one line's numbers: whatever it is played, the other side sees one unbroken stream.

use crate::codec::g711::{Law, transcode};
use crate::codec::voice::{Decoder, Encoder, Rate};
use crate::codec::{Codec, PCMA, PCMU};
use crate::counters::Tally;
use crate::leg::{BEAT, FRAME, Heard, Leg, Noticed, Shared, Wire};
use crate::prompt::{Found, Music, Sound};
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

/// A steady value as music: every packet of it begins alike.
const MUSIC: i16 = 5_000;

/// A prompt in mu-law.
fn octets(octet: u8, length: usize) -> Sound {
    Sound::Octets(PCMU, vec![octet; length].into())
}

/// What the far side sees of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    marker: bool,
    first: u8,
    length: usize,
}

impl Bench {
    async fn new(codec: Codec) -> Bench {
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        near.writable().await.unwrap();
        let (events, noticed) = unbounded_channel();
        let shared = Shared {
            tally: Arc::new(Tally::default()),
            events,
            music: Arc::new(Music::of(&[MUSIC; 8_000])),
        };
        let wire = Wire::Trunk {
            socket: Arc::new(near),
            remote: Some(far.local_addr().unwrap()),
            payload_type: 0,
        };
        Bench {
            leg: Leg::new(&shared, [codec].into_iter().collect(), wire),
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

    fn say(&mut self, speaker: &Arc<Leg>, codec: Codec, sequence: u16, timestamp: u32, octet: u8) {
        self.now += BEAT;
        let heard = Heard {
            codec,
            sequence,
            timestamp,
            ssrc: 99,
            payload: &[octet; FRAME],
        };
        speaker.hear(&heard, self.now);
    }

    async fn seen(&self) -> Vec<Seen> {
        self.seen_whole().await.0
    }

    /// What the far side sees, and what is in it.
    async fn seen_whole(&self) -> (Vec<Seen>, Vec<Vec<u8>>) {
        let (mut seen, mut payloads) = (Vec::new(), Vec::new());
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
                length: packet.payload.len(),
            });
            payloads.push(packet.payload.to_vec());
        }
        (seen, payloads)
    }
}

fn unbroken(seen: &[Seen]) {
    unbroken_by(seen, FRAME as u32);
}

fn unbroken_by(seen: &[Seen], frame: u32) {
    for pair in seen.windows(2) {
        let [before, after] = [pair[0], pair[1]];
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "{pair:?}");
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!(step >= frame && step.is_multiple_of(frame), "{pair:?}");
        assert_eq!(after.ssrc, before.ssrc);
    }
}

#[tokio::test]
async fn prompt_music_and_talk_are_one_stream() {
    let mut bench = Bench::new(PCMU).await;
    let speaker = Bench::new(PCMU).await.leg;
    let leg = bench.leg.clone();
    bench.beat(2);
    let prompt: Sound = octets(0x33, FRAME * 2 + 40);
    leg.play(1, vec![prompt.clone(), prompt], true, true);
    bench.beat(7);
    assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Played(1));
    leg.play_peer();
    speaker.link_to(&leg, None);
    for step in 0..4 {
        bench.say(
            &speaker,
            PCMU,
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
            PCMA,
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
    let Codec::G711(law) = PCMU else {
        unreachable!()
    };
    let music = law.encode(MUSIC);
    assert_eq!(
        &firsts[..7],
        [silence, silence, 0x33, 0x33, 0x33, 0x33, 0x33]
    );
    assert_eq!(&firsts[7..9], [music, music], "music after the prompts");
    assert_eq!(&firsts[9..13], [0x44; 4]);
    let (pause, rest) = firsts[13..].split_at(firsts.len() - 18);
    assert!(pause.iter().all(|first| *first == silence), "{firsts:?}");
    // The A-law octet nearest to silence, in mu-law.
    assert_eq!(rest[..3], [0xfe; 3]);
    assert_eq!(&firsts[firsts.len() - 2..], [music, music]);
    assert!(seen[0].marker, "the first packet of all");
}

#[tokio::test]
async fn losses_and_order_of_the_peer_are_passed_on_and_what_is_too_old_is_not() {
    let mut bench = Bench::new(PCMU).await;
    let speaker = Bench::new(PCMU).await.leg;
    let leg = bench.leg.clone();
    leg.play_peer();
    speaker.link_to(&leg, None);
    for (sequence, octet) in [(10, 1), (13, 4), (12, 3), (9, 0), (14, 5)] {
        bench.say(&speaker, PCMU, sequence, u32::from(sequence) * 160, octet);
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
    let mut bench = Bench::new(PCMA).await;
    let leg = bench.leg.clone();
    let prompt: Sound = octets(0x33, FRAME * 100);
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
    let Codec::G711(law) = PCMA else {
        unreachable!()
    };
    let in_a = |octet| {
        let mut octets = [octet];
        transcode(Law::Mu, law, &mut octets);
        octets[0]
    };
    // The silence after it is spoken in what was spoken last.
    assert_eq!(firsts, [in_a(0x33), PCMA.silence()[0]]);
}

#[tokio::test]
async fn a_muted_or_held_side_is_not_heard_and_is_not_taken_for_dead() {
    let mut bench = Bench::new(PCMU).await;
    let speaker = Bench::new(PCMU).await.leg;
    let leg = bench.leg.clone();
    leg.play_peer();
    speaker.link_to(&leg, None);
    speaker.mute(true);
    bench.say(&speaker, PCMU, 1, 160, 0x44);
    assert!(bench.seen().await.is_empty());
    speaker.mute(false);
    bench.say(&speaker, PCMU, 2, 320, 0x44);
    assert_eq!(bench.seen().await.len(), 1);
    let later = bench.now + Duration::from_secs(90);
    assert!(leg.quiet_ms(later) > 80_000);
    leg.redirect(None, PCMU, 0, false);
    assert_eq!(leg.quiet_ms(later), 0, "it holds");
    bench.beat(3);
    assert!(bench.seen().await.is_empty(), "it does not want to hear us");
}

/// 20 ms of a tone of 1 kHz in a codec, packet after packet.
fn tone(codec: Codec, count: usize) -> Vec<Vec<u8>> {
    let per_ms = Rate::of(codec).per_ms();
    let wave = |at: usize| (std::f64::consts::TAU * at as f64 / per_ms as f64).sin() * 8_000.0;
    let mut encoder = Encoder::new(codec);
    let packets = (0..count).map(|number| {
        let from = number * per_ms * 20;
        let frame: Vec<i16> = (from..from + per_ms * 20)
            .map(|at| wave(at) as i16)
            .collect();
        let mut payload = Vec::new();
        encoder.encode(&frame, &mut payload);
        payload
    });
    packets.collect()
}

#[tokio::test]
async fn a_line_of_any_codec_is_never_silent_whatever_the_other_end_speaks() {
    for takes in Codec::ALL {
        for speaks in Codec::ALL {
            let mut bench = Bench::new(takes).await;
            let speaker = Bench::new(speaks).await.leg;
            let leg = bench.leg.clone();
            leg.play_peer();
            speaker.link_to(&leg, None);
            for (payload, number) in tone(speaks, 25).iter().zip(0u16..) {
                bench.now += BEAT;
                let heard = Heard {
                    codec: speaks,
                    sequence: 65_530u16.wrapping_add(number),
                    timestamp: u32::from(number) * 20 * speaks.per_ms(),
                    ssrc: 99,
                    payload,
                };
                speaker.hear(&heard, bench.now);
            }
            let (seen, payloads) = bench.seen_whole().await;
            assert_eq!(seen.len(), 25, "{speaks:?} to {takes:?}");
            unbroken_by(&seen, 20 * takes.per_ms());
            let mut samples = Vec::new();
            let mut decoder = Decoder::new(takes, Rate::Narrow);
            for payload in &payloads {
                decoder.decode(payload, &mut samples);
            }
            let loud = samples[2_000..]
                .iter()
                .filter(|sample| sample.abs() > 3_000)
                .count();
            assert!(loud > 800, "{speaks:?} to {takes:?}: {loud} of 2000");
            // What both have is passed on as it is.
            let interpreted = leg.tally.snapshot().rtp_interpreted;
            let narrow = !speaks.is_wide() && !takes.is_wide();
            let expected = if speaks == takes || narrow { 0 } else { 25 };
            assert_eq!(interpreted, expected, "{speaks:?} to {takes:?}");
        }
    }
}

#[tokio::test]
async fn prompts_music_and_silence_come_in_the_codec_of_the_line() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut bench = Bench::new(codec).await;
        let leg = bench.leg.clone();
        bench.beat(2);
        let prompt = Sound::new(&[MUSIC; 8 * 60], codec);
        wait_for(&prompt);
        leg.play(1, vec![prompt], true, true);
        bench.beat(3);
        assert_eq!(bench.noticed.try_recv().unwrap().1, Noticed::Played(1));
        bench.beat(2);
        let (seen, payloads) = bench.seen_whole().await;
        unbroken_by(&seen, 20 * codec.per_ms());
        assert_eq!(payloads.len(), 7, "{codec:?}");
        assert_eq!(payloads[..2], [codec.silence(), codec.silence()]);
        assert!(
            payloads[2..]
                .iter()
                .all(|payload| payload != codec.silence()),
            "{codec:?}"
        );
        // A new description in the middle of a prompt: the rest is spoken anew.
        let prompt = Sound::new(&[MUSIC; 8 * 200], codec);
        wait_for(&prompt);
        leg.play(2, vec![prompt], true, false);
        bench.beat(1);
        let to = Some(bench.far.local_addr().unwrap());
        leg.redirect(to, PCMU, 0, true);
        let told = |notice: Noticed| notice == Noticed::Codec;
        assert!(std::iter::from_fn(|| bench.noticed.try_recv().ok()).any(|(_, what)| told(what)));
        bench.beat(3);
        let lengths: Vec<usize> = bench.seen().await.iter().map(|seen| seen.length).collect();
        assert_eq!(lengths[lengths.len() - 3..], [FRAME; 3], "{codec:?}");
    }
}

/// Waits until a prompt is written to its end.
fn wait_for(sound: &Sound) {
    if let Sound::Packets(packets) = sound {
        while matches!(packets.at(usize::MAX), Found::Soon) {
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_speaker_who_changes_the_codec_is_heard_without_a_break() {
    let mut bench = Bench::new(Codec::G722).await;
    let speaker = Bench::new(PCMU).await.leg;
    let leg = bench.leg.clone();
    leg.play_peer();
    speaker.link_to(&leg, None);
    let (mut sequence, mut timestamp) = (7, 1_000);
    for codec in [PCMU, Codec::G722, Codec::Opus, Codec::G722] {
        for payload in tone(codec, 5) {
            bench.now += BEAT;
            let heard = Heard {
                codec,
                sequence,
                timestamp,
                ssrc: 99,
                payload: &payload,
            };
            speaker.hear(&heard, bench.now);
            sequence += 1;
            timestamp += 20 * codec.per_ms();
        }
        // A browser's clock leaps with its codec.
        timestamp += 77_777;
    }
    let seen = bench.seen().await;
    assert_eq!(seen.len(), 20);
    unbroken(&seen);
    assert_eq!(leg.tally.snapshot().rtp_interpreted, 10);
}
