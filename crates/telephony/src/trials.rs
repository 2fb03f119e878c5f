//! A hundred thousand damaged inputs for every reader of this room: none may panic, loop or read
//! what is not there.

use crate::codec::voice::{Decoder, Encoder, Interpreter, Rate};
use crate::codec::{Codec, opus};
use crate::{ingress, readers, webrtc};

/// Cases for each reader.
const CASES: usize = 100_000;
/// The SIP reader is not ours and slower; its net is as wide in the long run.
const SIP_CASES: usize = 10_000;

/// A small generator (xorshift) with a fixed seed: a failure comes back by itself.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

/// Damages a sample: bits, octets, lengths, cuts, repeats, pieces of another sample.
fn damage(samples: &[&[u8]], dice: &mut Dice) -> Vec<u8> {
    const TRICKS: [&[u8]; 10] = [
        b"\0",
        b"\r\n",
        b"\xff\xff",
        b"99999999999999999999",
        b"-1",
        b";",
        b"=",
        b"\"",
        b"<",
        b"\xc3\x28",
    ];
    let mut bytes = samples[dice.roll(samples.len())].to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1).min(bytes.len());
        match dice.roll(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            1 if at < bytes.len() => bytes[at] = dice.roll(256) as u8,
            2 => bytes.truncate(at),
            3 => {
                let trick = TRICKS[dice.roll(TRICKS.len())];
                bytes.splice(at..at, trick.iter().copied());
            }
            4 => {
                let end = (at + dice.roll(40)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            5 => {
                let end = (at + dice.roll(20)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let other = samples[dice.roll(samples.len())];
                let from = dice.roll(other.len());
                let to = (from + dice.roll(60)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

fn trial(cases: usize, samples: &[&[u8]], mut read: impl FnMut(&[u8])) {
    let mut dice = Dice(0x0120_2026_1124_0001);
    for sample in samples {
        read(sample);
    }
    for _ in 0..cases {
        read(&damage(samples, &mut dice));
    }
}

#[test]
fn rtp_reads_only_what_is_there() {
    let plain = [0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, 0xff, 0xfe];
    let full = [
        0xb1, 0xe5, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 1, 1, 1, 7, 2,
    ];
    trial(CASES, &[&plain, &full], readers::rtp);
}

#[test]
fn an_answer_follows_from_every_description_that_is_taken() {
    let one = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 6000 RTP/AVP 18 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n";
    let two = b"v=0\nc=IN IP6 ::1/127\nm=video 5000/2 RTP/SAVP 96\nm=audio 9 RTP/AVPF 0 101\n\
        a=rtpmap:101 telephone-event/8000\na=inactive\nm=image 0 udptl t38\n";
    let three = b"v=0\nc=IN IP4 1.2.3.4\nm=audio 9 RTP/AVP 107 9 0 101 108\n\
        a=rtpmap:107 opus/48000/2\na=rtpmap:9 G722/8000\na=rtpmap:101 telephone-event/8000\n\
        a=rtpmap:108 telephone-event/48000\na=fmtp:107 useinbandfec=1\n";
    trial(CASES, &[one, two, three], readers::sdp);
}

/// Decoding takes longer than reading.
const OPUS_CASES: usize = 4_000;

#[test]
fn damaged_speech_is_sound_of_its_length_or_nothing() {
    let mut encoder = Encoder::new(Codec::Opus);
    let wave = |at: usize| ((at as f64 * 0.3).sin() * 9_000.0) as i16;
    let frame: Vec<i16> = (0..320).map(wave).collect();
    let mut spoken = Vec::new();
    encoder.encode(&frame, &mut spoken);
    let several = [&[0x4b, 0x83, 9, 9][..], &spoken].concat();
    let samples: [&[u8]; 4] = [
        &spoken,
        &opus::SILENCE,
        &several,
        &[0xfc, 1, 2, 3, 4, 5, 6, 7],
    ];
    for rate in [Rate::Narrow, Rate::Wide] {
        let mut decoder = Decoder::new(Codec::Opus, rate);
        let mut interpreter = Interpreter::new(Codec::Opus, Codec::G722);
        let mut number = 0;
        trial(OPUS_CASES, &samples, |bytes| {
            let mut heard = Vec::new();
            decoder.decode(bytes, &mut heard);
            let lasts = opus::lasts(bytes) as usize * rate.per_ms() / 48;
            assert!(heard.is_empty() || heard.len() == lasts, "{bytes:?}");
            interpreter.hear(1, number, u32::from(number) * 960, bytes);
            number = number.wrapping_add(1);
            while interpreter.speak(&mut Vec::new()) {}
        });
    }
}

#[test]
fn keys_are_keys() {
    let events = [
        7, 0, 9, 0x0a, 0, 160, 7, 1, 11, 0x8a, 3, 32, 7, 1, 11, 0x8a, 3, 32,
    ];
    trial(CASES, &[&events, &events[6..]], readers::events);
    let bodies: [&[u8]; 3] = [
        b"application/dtmf-relay\nSignal=5\r\nDuration=160\r\n",
        b"application/dtmf\n11\r\n",
        b"x\nSignal = #\n",
    ];
    trial(CASES, &bodies, readers::info);
}

#[test]
fn ingress_lines_are_whole_or_nothing() {
    let line = format!("1795497486114 {}", ingress::key("call", "tag"));
    trial(CASES, &[line.as_bytes()], readers::ingress_line);
}

#[test]
fn numbers_files_and_names_are_read_with_care() {
    let headers: [&[u8]; 3] = [
        br#""Kim \"x\"" <sip:+8221234567@h;user=phone>;tag=1"#,
        b"tel:02-123-4567;phone-context=+82",
        b"<sip:anonymous@anonymous.invalid>",
    ];
    trial(CASES, &headers, readers::number);
    let wav = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0\
        LIST\x03\0\0\0abc\0data\x08\0\0\0\x01\0\x02\0\x03\0\x04\0";
    trial(CASES, &[wav], readers::wav);
    let stun =
        b"\0\x01\0\x10\x21\x12\xa4\x42abcdefghijkl\0\x06\0\x09ours:them\0\0\0\x80\x28\0\x04abcd";
    assert_eq!(webrtc::stun_name(stun), Some("ours"));
    trial(CASES, &[stun], readers::stun);
}

#[test]
fn sip_is_taken_or_refused_in_good_order() {
    let invite = b"INVITE sip:120@h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\n\
        From: \"K\" <sip:010@h>;tag=1\r\nTo: <sip:120@h>\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:010@127.0.0.1:5070>\r\nSession-Expires: 1800;refresher=uac\r\n\
        Min-SE: 90\r\nSupported: timer, 100rel\r\nP-Asserted-Identity: <tel:+8210>\r\n\
        Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
    let ok = b"SIP/2.0 200 OK\r\nv: SIP/2.0/TCP h;branch=z9hG4bK1;rport=1\r\nf: sip:a@b;tag=2\r\n\
        t: sip:c@d;tag=3\r\ni: x\r\nCSeq: 7 BYE\r\nl: 0\r\n\r\n";
    trial(SIP_CASES, &[invite, ok], readers::sip);
    let two = [invite.as_slice(), b"\r\n\r\n", ok].concat();
    trial(SIP_CASES, &[&two, ok], readers::stream);
}
