//! Every reader of this room as a function of bytes, with what must hold whatever they are: for
//! trials and fuzzing. Never part of the exchange.

use crate::{dtmf, ingress, number, prompt, rtp, sdp, sip, webrtc};

/// An RTP or RTCP packet.
pub fn rtp(bytes: &[u8]) {
    if let Some(packet) = rtp::parse(bytes) {
        assert!(packet.payload.len() + rtp::HEADER <= bytes.len());
    }
    let _ = rtp::is_rtcp(bytes);
}

/// A description: whatever is taken can be answered, and the answer is a description.
pub fn sdp(bytes: &[u8]) {
    let ours = sdp::Ours {
        address: ([127, 0, 0, 1], 30_000).into(),
        session: 1,
        version: 1,
    };
    if let Ok(theirs) = sdp::parse(bytes) {
        let answer = sdp::answer(&theirs, &ours);
        assert!(sdp::parse(answer.as_bytes()).is_ok(), "{answer}");
    }
}

/// Telephone-event payloads one after the other, each with a stream and a time of its own.
pub fn events(bytes: &[u8]) {
    let mut receiver = dtmf::Receiver::default();
    for event in bytes.chunks(6) {
        let (numbers, payload) = event.split_at(event.len().min(2));
        let of = |at: usize| u32::from(numbers.get(at).copied().unwrap_or(0) % 4);
        if let Some(key) = receiver.take(of(0), of(1), payload) {
            assert!("0123456789*#".contains(key));
        }
    }
}

/// A body of INFO, with its kind before the first line's end.
pub fn info(bytes: &[u8]) {
    let cut = bytes.iter().position(|byte| *byte == b'\n');
    let (kind, body) = bytes.split_at(cut.map_or(0, |at| at + 1));
    let named = String::from_utf8_lossy(kind);
    for kind in [named.trim(), "application/dtmf-relay", "application/dtmf;x"] {
        if let Some(key) = dtmf::from_info(kind, body) {
            assert!("0123456789*#".contains(key));
        }
    }
}

/// A line of the ingress log.
pub fn ingress_line(bytes: &[u8]) {
    if let Some(key) = ingress::parse_line(bytes) {
        assert_eq!(key.len(), 32);
    }
}

/// A header that may hold a telephone number, and its one form.
pub fn number(bytes: &[u8]) {
    if let Some(number) = number::of_header(&String::from_utf8_lossy(bytes)) {
        assert!(number.len() <= 64 && number.is_ascii(), "{number}");
        let normal = store::number::normalize(&number, "82");
        let again = store::number::normalize(&normal, "82");
        assert_eq!(normal, again, "a normal form stays as it is");
    }
}

/// A WAV file that a city drops in.
pub fn wav(bytes: &[u8]) {
    let _ = prompt::wav(bytes);
}

/// A STUN packet on the WebRTC port.
pub fn stun(bytes: &[u8]) {
    let _ = webrtc::stun_name(bytes);
}

/// A SIP message, from the gate to what a call asks of it.
pub fn sip(bytes: &[u8]) {
    sip::try_reading(bytes);
}

/// A stream of SIP messages: wherever it is cut, the same messages come out.
pub fn stream(bytes: &[u8]) {
    sip::try_framing(bytes);
}
