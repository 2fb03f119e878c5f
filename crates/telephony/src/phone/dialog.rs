//! One call as the caller's side sees it (RFC 3261): what to send, when to repeat it, how it ended.
//! Never a socket, never a clock.

use super::message::{Message, Start};
use super::sound::EVENT_TYPE;
use crate::codec::Codec;
use crate::codec::g711::Law;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// First pause before a message is repeated (T1), the longest for other than INVITE (T2), and how
/// long it is tried at all (64 T1).
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const TRIES: Duration = Duration::from_secs(32);

/// Where a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// INVITE sent, nothing heard.
    #[default]
    Calling,
    /// 100 came.
    Trying,
    /// 18x came.
    Ringing,
    /// 200 came.
    Talking,
    /// Over.
    Ended(End),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// We hung up.
    HungUp,
    /// The other side hung up.
    HungUpThere,
    /// We took it back before it was answered.
    TakenBack,
    /// A final status other than 2xx.
    Refused {
        /// Status.
        status: u16,
        /// Seconds of Retry-After.
        retry_after_s: Option<u32>,
    },
    /// Nothing came back, or nothing that we understand.
    Unanswered,
}

/// What was heard when, counted from the first INVITE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// 100.
    pub trying: Option<Duration>,
    /// 18x.
    pub ringing: Option<Duration>,
    /// 200.
    pub answered: Option<Duration>,
    /// The INVITE had to be repeated.
    pub repeated: bool,
}

impl Times {
    /// Set-up as a caller feels it: 18x or 200, whichever came first.
    pub fn set_up(&self) -> Option<Duration> {
        self.ringing.into_iter().chain(self.answered).min()
    }
}

/// Who calls whom, from where, about what.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) caller: String,
    pub(super) called: String,
    pub(super) here: SocketAddr,
    pub(super) center: SocketAddr,
    pub(super) call_id: String,
    pub(super) tag: String,
}

/// What follows from one thing that happened.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) send: Vec<String>,
    /// Description in a 2xx to our INVITE, told once.
    pub(super) answer: Option<String>,
}

/// A request that is repeated until it is answered.
struct Repeat {
    text: String,
    method: &'static str,
    at: Instant,
    pause: Duration,
    until: Instant,
}

/// A call.
pub(super) struct Dialog {
    names: Names,
    description: String,
    pub(super) stage: Stage,
    pub(super) times: Times,
    began: Instant,
    sequence: u32,
    /// To header and target of requests inside the dialog.
    to: String,
    target: String,
    repeat: Option<Repeat>,
    /// Hanging up was asked for before it could be done.
    leaving: bool,
    /// The last ACK, for answers that come again.
    ack: Option<String>,
}

/// Our payload type for a codec.
pub(super) fn number(codec: Codec) -> u8 {
    match codec {
        Codec::Opus => 107,
        Codec::G722 => 9,
        Codec::G711(Law::Mu) => 0,
        Codec::G711(Law::A) => 8,
    }
}

/// Our description: one codec and telephone events at an address.
pub(super) fn description(at: SocketAddr, codec: Codec) -> String {
    let (ip, port, number, map) = (at.ip(), at.port(), number(codec), codec.map());
    let clock = codec.clock();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {number} {EVENT_TYPE}\r\na=rtpmap:{number} {map}\r\n\
         a=rtpmap:{EVENT_TYPE} telephone-event/{clock}\r\na=fmtp:{EVENT_TYPE} 0-15\r\n\
         a=ptime:20\r\na=sendrecv\r\n"
    )
}

impl Dialog {
    /// A call and its INVITE.
    pub(super) fn begin(names: Names, description: String, now: Instant) -> (Dialog, Step) {
        let target = format!("sip:{}@{}", names.called, names.center);
        let mut dialog = Dialog {
            to: format!("<{target}>"),
            target,
            names,
            description,
            stage: Stage::Calling,
            times: Times::default(),
            began: now,
            sequence: 1,
            repeat: None,
            leaving: false,
            ack: None,
        };
        let contact = dialog.contact();
        let more = format!("{contact}Content-Type: application/sdp\r\n");
        let text = dialog.request("INVITE", &more, &dialog.description);
        let step = dialog.repeating("INVITE", text, now);
        (dialog, step)
    }

    fn contact(&self) -> String {
        let (caller, here) = (&self.names.caller, self.names.here);
        format!(
            "Contact: <sip:{caller}@{here}>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, INFO, OPTIONS, UPDATE\r\n"
        )
    }

    fn request(&self, method: &str, more: &str, body: &str) -> String {
        let Names {
            caller,
            here,
            call_id,
            tag,
            ..
        } = &self.names;
        // CANCEL and the ACK of a refusal share the branch of the INVITE, which is number 1.
        let (target, to, sequence) = (&self.target, &self.to, self.sequence);
        let branch = format!("z9hG4bK{tag}{sequence}");
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{caller}@{here}>;tag={tag}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {sequence} {method}\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn repeating(&mut self, method: &'static str, text: String, now: Instant) -> Step {
        self.repeat = Some(Repeat {
            text: text.clone(),
            method,
            at: now + T1,
            pause: T1,
            until: now + TRIES,
        });
        Step {
            send: vec![text],
            answer: None,
        }
    }

    /// A request inside the dialog.
    fn inside(&mut self, method: &'static str, more: &str, body: &str, now: Instant) -> Step {
        self.sequence += 1;
        let text = self.request(method, more, body);
        self.repeating(method, text, now)
    }

    /// When something must be repeated or given up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.repeat
            .as_ref()
            .map(|repeat| repeat.at.min(repeat.until))
    }

    /// Time has passed.
    pub(super) fn due(&mut self, now: Instant) -> Step {
        let mut step = Step::default();
        let Some(repeat) = &mut self.repeat else {
            return step;
        };
        if repeat.until <= now {
            self.end(match (self.leaving, self.stage) {
                (true, Stage::Talking) => End::HungUp,
                (true, _) => End::TakenBack,
                (false, _) => End::Unanswered,
            });
            return step;
        }
        if repeat.at > now {
            return step;
        }
        repeat.pause *= 2;
        if repeat.method != "INVITE" {
            repeat.pause = repeat.pause.min(T2);
        }
        repeat.at = now + repeat.pause;
        step.send.push(repeat.text.clone());
        self.times.repeated |= repeat.method == "INVITE";
        step
    }

    fn end(&mut self, end: End) {
        self.repeat = None;
        if !matches!(self.stage, Stage::Ended(_)) {
            self.stage = Stage::Ended(end);
        }
    }

    /// Hangs up: CANCEL before the answer, BYE after it.
    pub(super) fn hang_up(&mut self, now: Instant) -> Step {
        if std::mem::replace(&mut self.leaving, true) {
            return Step::default();
        }
        match self.stage {
            // A CANCEL may only follow a first sign of life; it is made up for then.
            Stage::Calling | Stage::Ended(_) => Step::default(),
            Stage::Trying | Stage::Ringing => {
                let text = self.request("CANCEL", "", "");
                self.repeating("CANCEL", text, now)
            }
            Stage::Talking => self.inside("BYE", "", "", now),
        }
    }

    /// Presses a key by INFO instead of RTP.
    pub(super) fn info(&mut self, key: char, now: Instant) -> Step {
        if self.stage != Stage::Talking || self.leaving {
            return Step::default();
        }
        let body = format!("Signal={key}\r\nDuration=100\r\n");
        self.inside(
            "INFO",
            "Content-Type: application/dtmf-relay\r\n",
            &body,
            now,
        )
    }

    /// A message for this call.
    pub(super) fn receive(&mut self, message: &Message, at: Instant) -> Step {
        match &message.start {
            Start::Request(method) => self.asked(method, message),
            Start::Response(status) => self.answered(*status, message, at),
        }
    }

    fn asked(&mut self, method: &str, message: &Message) -> Step {
        let tag = self.names.tag.clone();
        let mut step = Step::default();
        match method {
            "ACK" => return step,
            "BYE" => {
                self.end(End::HungUpThere);
                step.send.push(message.reply(200, &tag, "", ""));
            }
            // A new description, or a sign of life: we stay as we are.
            "INVITE" | "UPDATE" if method == "INVITE" || !message.body.is_empty() => {
                let more = format!("{}Content-Type: application/sdp\r\n", self.contact());
                step.send
                    .push(message.reply(200, &tag, &more, &self.description));
            }
            "UPDATE" => step
                .send
                .push(message.reply(200, &tag, &self.contact(), "")),
            "OPTIONS" | "INFO" => step.send.push(message.reply(200, &tag, "", "")),
            _ => step.send.push(message.reply(501, &tag, "", "")),
        }
        step
    }

    fn answered(&mut self, status: u16, message: &Message, at: Instant) -> Step {
        let (number, method) = message.cseq();
        if method == "INVITE" {
            return self.invited(status, message, at);
        }
        if status < 200 || number != self.sequence {
            return Step::default();
        }
        match (method, &mut self.repeat) {
            ("BYE", _) => self.end(End::HungUp),
            // The final answer to the INVITE is still to come, but not for ever.
            ("CANCEL", Some(repeat)) if repeat.method == "CANCEL" => repeat.at = repeat.until,
            (_, repeat) => drop(repeat.take_if(|repeat| repeat.method == method)),
        }
        Step::default()
    }

    /// An answer to our INVITE.
    fn invited(&mut self, status: u16, message: &Message, at: Instant) -> Step {
        if matches!(self.stage, Stage::Talking | Stage::Ended(_)) {
            // Our ACK was lost.
            let again = self.ack.clone().filter(|_| status >= 200);
            let send = again.into_iter().collect();
            return Step { send, answer: None };
        }
        let after = at.saturating_duration_since(self.began);
        self.repeat.take_if(|repeat| repeat.method == "INVITE");
        match status {
            100..=199 => self.provisional(status, after, at),
            200..=299 => self.connected(message, after, at),
            _ => self.refused(status, message),
        }
    }

    fn provisional(&mut self, status: u16, after: Duration, at: Instant) -> Step {
        let first = self.stage == Stage::Calling;
        if status == 100 {
            self.times.trying.get_or_insert(after);
        } else {
            self.times.ringing.get_or_insert(after);
        }
        if status > 100 {
            self.stage = Stage::Ringing;
        } else if first {
            self.stage = Stage::Trying;
        }
        if first && std::mem::take(&mut self.leaving) {
            return self.hang_up(at);
        }
        Step::default()
    }

    fn connected(&mut self, message: &Message, after: Duration, at: Instant) -> Step {
        self.times.answered = Some(after);
        self.stage = Stage::Talking;
        message.header("To").clone_into(&mut self.to);
        if let Some(target) = message.contact() {
            target.clone_into(&mut self.target);
        }
        // The ACK of a 2xx is a transaction of its own: another branch, the same number.
        let ack = self
            .request("ACK", "", "")
            .replacen("branch=z9hG4bK", "branch=z9hG4bKa", 1);
        self.ack = Some(ack.clone());
        self.repeat = None;
        let mut step = Step {
            send: vec![ack],
            answer: Some(message.body.clone()),
        };
        if std::mem::take(&mut self.leaving) {
            // The answer crossed our CANCEL.
            step.send.append(&mut self.hang_up(at).send);
        }
        step
    }

    fn refused(&mut self, status: u16, message: &Message) -> Step {
        let open = std::mem::replace(&mut self.to, message.header("To").to_owned());
        let ack = self.request("ACK", "", "");
        self.to = open;
        self.ack = Some(ack.clone());
        let retry_after_s = message.header("Retry-After").parse().ok();
        let taken_back = self.leaving && status == 487;
        self.end(if taken_back {
            End::TakenBack
        } else {
            End::Refused {
                status,
                retry_after_s,
            }
        });
        Step {
            send: vec![ack],
            answer: None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::message;
    use super::*;

    fn names() -> Names {
        Names {
            caller: "0215771577".to_owned(),
            called: "120".to_owned(),
            here: "127.0.0.1:5070".parse().unwrap(),
            center: "127.0.0.1:5060".parse().unwrap(),
            call_id: "c1".to_owned(),
            tag: "f".to_owned(),
        }
    }

    fn begin(now: Instant) -> (Dialog, Message) {
        let description = description("127.0.0.1:6000".parse().unwrap(), crate::codec::PCMU);
        let (dialog, step) = Dialog::begin(names(), description, now);
        (dialog, message::parse(step.send[0].as_bytes()).unwrap())
    }

    fn reply(to: &Message, status: u16, more: &str) -> Message {
        message::parse(to.reply(status, "t", more, "").as_bytes()).unwrap()
    }

    fn read(step: &Step) -> Message {
        message::parse(step.send[0].as_bytes()).unwrap()
    }

    fn method(step: &Step) -> Option<&str> {
        step.send.first().and_then(|text| text.split(' ').next())
    }

    #[test]
    fn a_call_is_set_up_and_hung_up() {
        let now = Instant::now();
        let (mut dialog, invite) = begin(now);
        let ms = Duration::from_millis;
        dialog.receive(&reply(&invite, 100, ""), now + ms(1));
        dialog.receive(&reply(&invite, 180, ""), now + ms(2));
        assert_eq!((dialog.stage, dialog.deadline()), (Stage::Ringing, None));
        let ok = reply(&invite, 200, "Contact: <sip:desk@127.0.0.1:9>\r\n");
        let step = dialog.receive(&ok, now + ms(3));
        let ack = read(&step);
        assert!(step.send[0].starts_with("ACK sip:desk@127.0.0.1:9 SIP/2.0\r\n"));
        assert_eq!(
            (ack.cseq(), ack.header("To").ends_with(";tag=t")),
            ((1, "ACK"), true)
        );
        assert_ne!(ack.header("Via"), invite.header("Via"));
        assert_eq!(
            dialog.receive(&ok, now + ms(4)).send,
            step.send,
            "an answer that came again"
        );
        let times = dialog.times;
        assert_eq!((times.trying, times.set_up()), (Some(ms(1)), Some(ms(2))));
        let bye = read(&dialog.hang_up(now));
        assert_eq!(bye.cseq(), (2, "BYE"));
        assert!(dialog.deadline().is_some());
        dialog.receive(&reply(&bye, 200, ""), now);
        assert_eq!(
            (dialog.stage, dialog.deadline()),
            (Stage::Ended(End::HungUp), None)
        );
    }

    #[test]
    fn silence_is_met_with_repeats_ever_slower_then_given_up() {
        let began = Instant::now();
        let (mut dialog, invite) = begin(began);
        let mut at_ms = Vec::new();
        while let Some(due) = dialog.deadline() {
            if method(&dialog.due(due)) == Some("INVITE") {
                at_ms.push((due - began).as_millis());
            }
        }
        assert_eq!(at_ms, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
        assert_eq!(dialog.stage, Stage::Ended(End::Unanswered));
        assert!(dialog.times.repeated && invite.cseq() == (1, "INVITE"));
    }

    #[test]
    fn a_refusal_is_acknowledged_and_tells_when_to_come_back() {
        let now = Instant::now();
        let (mut dialog, invite) = begin(now);
        let step = dialog.receive(&reply(&invite, 503, "Retry-After: 30\r\n"), now);
        let ack = read(&step);
        assert_eq!(
            (method(&step), ack.header("Via")),
            (Some("ACK"), invite.header("Via"))
        );
        let (status, retry_after_s) = (503, Some(30));
        let refused = End::Refused {
            status,
            retry_after_s,
        };
        assert_eq!(dialog.stage, Stage::Ended(refused));
    }

    #[test]
    fn taking_back_waits_for_a_sign_of_life() {
        let now = Instant::now();
        let (mut dialog, invite) = begin(now);
        assert_eq!(method(&dialog.hang_up(now)), None);
        let step = dialog.receive(&reply(&invite, 100, ""), now);
        let cancel = read(&step);
        assert_eq!(cancel.cseq(), (1, "CANCEL"));
        assert_eq!(cancel.header("Via"), invite.header("Via"));
        dialog.receive(&reply(&cancel, 200, ""), now);
        assert_eq!(
            method(&dialog.receive(&reply(&invite, 487, ""), now)),
            Some("ACK")
        );
        assert_eq!(dialog.stage, Stage::Ended(End::TakenBack));
    }

    #[test]
    fn an_answer_that_crosses_the_cancel_is_hung_up() {
        let now = Instant::now();
        let (mut dialog, invite) = begin(now);
        dialog.receive(&reply(&invite, 180, ""), now);
        assert_eq!(method(&dialog.hang_up(now)), Some("CANCEL"));
        let step = dialog.receive(&reply(&invite, 200, ""), now);
        let methods: Vec<_> = step
            .send
            .iter()
            .map(|text| text.split(' ').next())
            .collect();
        assert_eq!(methods, [Some("ACK"), Some("BYE")]);
    }

    #[test]
    fn the_other_side_may_hang_up_and_ask() {
        let now = Instant::now();
        let (mut dialog, invite) = begin(now);
        dialog.receive(&reply(&invite, 200, ""), now);
        let ask = |method: &str| {
            let text = format!(
                "{method} sip:x SIP/2.0\r\nVia: v\r\nFrom: a\r\nTo: b;tag=f\r\nCall-ID: c1\r\n\
                 CSeq: 7 {method}\r\n\r\n"
            );
            message::parse(text.as_bytes()).unwrap()
        };
        for (method, status) in [
            ("INVITE", 200),
            ("UPDATE", 200),
            ("OPTIONS", 200),
            ("X", 501),
        ] {
            let answer = read(&dialog.receive(&ask(method), now));
            assert_eq!(answer.start, Start::Response(status), "{method}");
            assert_eq!(answer.body.is_empty(), method != "INVITE", "{method}");
        }
        assert_eq!(dialog.stage, Stage::Talking);
        assert_eq!(
            read(&dialog.receive(&ask("BYE"), now)).start,
            Start::Response(200)
        );
        assert_eq!(dialog.stage, Stage::Ended(End::HungUpThere));
    }
}
