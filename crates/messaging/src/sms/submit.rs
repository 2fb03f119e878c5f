//! What a gateway is given: parts in a window, at the pace it allows, each until it is answered.
//! Knows of every message whether it may have left. No sockets, no clock.

use crate::letter::{AddressKind, Outgoing};
use crate::outlet::{Submitted, Unsent};
use crate::sms::text::{self, Carrier, Encoding, Joining, Plan};
use crate::sms::wire::{Frame, Number, PartOf, Short, command, header, status, tag};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How a city's texts are written for one gateway.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) from: Number,
    pub(crate) to_ton: u8,
    pub(crate) to_npi: u8,
    pub(crate) service_type: String,
    pub(crate) carrier: Carrier,
    pub(crate) codings: Vec<(u8, Encoding)>,
    pub(crate) receipts: bool,
}

impl Form {
    /// The parts of a message, or why it can never leave.
    pub(crate) fn parts(&self, outgoing: &Outgoing) -> Result<Vec<Short>, Unsent> {
        let never = |why: &str| Err(Unsent::Never(why.to_owned()));
        if outgoing.to.kind != AddressKind::Phone {
            return never("not-a-number");
        }
        if !outgoing.attachments.is_empty() {
            return never("attachments");
        }
        if outgoing.text.is_empty() {
            return never("empty");
        }
        let plan = text::plan(&outgoing.text, &self.carrier);
        match (plan.lost.is_empty(), plan.too_long) {
            (false, _) => never("unencodable"),
            (true, true) => never("too-long"),
            (true, false) => Ok(self.shorts(outgoing, &plan)),
        }
    }

    fn shorts(&self, outgoing: &Outgoing, plan: &Plan) -> Vec<Short> {
        let own = self.codings.iter().find(|(_, own)| *own == plan.encoding);
        let data_coding = own.map_or_else(|| text::data_coding(plan.encoding), |(code, _)| *code);
        let total = plan.parts.len() as u8;
        let whole = |octets: &Vec<u8>| Short {
            service_type: self.service_type.clone(),
            from: self.from.clone(),
            to: self.to(&outgoing.to.value),
            registered_delivery: u8::from(self.receipts),
            data_coding,
            octets: octets.clone(),
            ..Short::default()
        };
        let mut shorts: Vec<Short> = plan.parts.iter().map(whole).collect();
        if total < 2 {
            return shorts;
        }
        for (short, number) in shorts.iter_mut().zip(1..) {
            let part = PartOf {
                reference: reference(outgoing),
                total,
                number,
            };
            match self.carrier.joining {
                Joining::Udh8 | Joining::Udh16 => {
                    let wide = self.carrier.joining == Joining::Udh16;
                    short.esm_class |= 0x40;
                    short.octets.splice(0..0, header(part, wide));
                }
                Joining::Sar | Joining::Payload => {
                    let reference = part.reference.to_be_bytes().to_vec();
                    short.extra = vec![
                        (tag::SAR_MSG_REF_NUM, reference),
                        (tag::SAR_TOTAL_SEGMENTS, vec![part.total]),
                        (tag::SAR_SEGMENT_SEQNUM, vec![part.number]),
                    ];
                }
            }
        }
        shorts
    }

    fn to(&self, number: &str) -> Number {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let international = number.trim_start().starts_with('+');
        Number {
            ton: if international { 1 } else { self.to_ton },
            npi: if international { 1 } else { self.to_npi },
            digits,
        }
    }
}

/// The reference that parts share: the same whenever this message is tried, so that a telephone
/// fills up what it has, and another for the next message to the same citizen.
fn reference(outgoing: &Outgoing) -> u16 {
    let contact = outgoing.contact.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (contact as u16).wrapping_add(outgoing.message as u16)
}

type Reply = oneshot::Sender<Result<Submitted, Unsent>>;

/// A message of the city whose parts are on their way.
struct Message {
    reply: Reply,
    total: u32,
    /// Parts that have no answer yet.
    open: u32,
    /// Parts that left and were taken, or may have been.
    taken: u32,
    reference: Option<String>,
    unknown: bool,
    refused: Option<String>,
    /// When the gateway first asked for patience.
    asked: Option<Instant>,
}

struct Piece {
    message: u64,
    short: Short,
}

/// Pace and patience.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Parts without an answer at most.
    pub(crate) window: usize,
    /// Parts a second at most.
    pub(crate) per_second: u32,
    /// How long an answer may take.
    pub(crate) answer: Duration,
    /// First pause when the gateway asks for patience; doubled each time.
    pub(crate) pause: Duration,
    /// Longest pause.
    pub(crate) pause_max: Duration,
    /// How long a message is tried again before the outbox hears of it.
    pub(crate) patience: Duration,
}

/// Everything on its way over one bind.
pub(crate) struct Submitting {
    pace: Pace,
    receipts: bool,
    next: u64,
    messages: BTreeMap<u64, Message>,
    queue: VecDeque<Piece>,
    flight: BTreeMap<u32, (Piece, Instant)>,
    /// When the next part may leave: by the pace, and by the gateway's wish.
    free_at: Instant,
    held_until: Instant,
    pause: Duration,
}

/// What is known after an answer: an id to remember under its message's reference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) reference: String,
    pub(crate) id: String,
    pub(crate) total: u32,
}

impl Submitting {
    pub(crate) fn new(pace: Pace, receipts: bool, now: Instant) -> Submitting {
        Submitting {
            pace,
            receipts,
            next: 0,
            messages: BTreeMap::new(),
            queue: VecDeque::new(),
            flight: BTreeMap::new(),
            free_at: now,
            held_until: now,
            pause: pace.pause,
        }
    }

    /// Whether another message may be taken from the outbox: enough wait to fill the window.
    pub(crate) fn takes(&self) -> bool {
        self.queue.len() < self.pace.window
    }

    /// Takes a message in parts.
    pub(crate) fn take(&mut self, parts: Vec<Short>, reply: Reply) {
        let number = self.next;
        self.next += 1;
        let message = Message {
            reply,
            total: parts.len() as u32,
            open: parts.len() as u32,
            taken: 0,
            reference: None,
            unknown: false,
            refused: None,
            asked: None,
        };
        self.messages.insert(number, message);
        let pieces = parts.into_iter().map(|short| Piece {
            message: number,
            short,
        });
        self.queue.extend(pieces);
    }

    /// When the next part may leave; none while the window is full or nothing waits.
    pub(crate) fn ready_at(&self) -> Option<Instant> {
        let room = self.flight.len() < self.pace.window && !self.queue.is_empty();
        room.then(|| self.free_at.max(self.held_until))
    }

    /// When the oldest answer is overdue.
    pub(crate) fn overdue_at(&self) -> Option<Instant> {
        let left = self.flight.values().map(|(_, left)| *left).min();
        left.map(|left| left + self.pace.answer)
    }

    /// The next part, if one may leave now.
    pub(crate) fn leave(&mut self, now: Instant, sequence: u32) -> Option<Frame> {
        if self.ready_at().is_none_or(|at| at > now) {
            return None;
        }
        let piece = self.queue.pop_front()?;
        // A late timer may catch up by a tenth of a second's worth.
        let step = Duration::from_secs(1) / self.pace.per_second.max(1);
        let earliest = now.checked_sub(Duration::from_millis(100)).unwrap_or(now);
        self.free_at = self.free_at.max(earliest) + step;
        let frame = Frame::new(command::SUBMIT_SM, sequence, piece.short.body());
        self.flight.insert(sequence, (piece, now));
        Some(frame)
    }

    /// The answer to a part, `submit_sm_resp` or `generic_nack`.
    pub(crate) fn answered(&mut self, now: Instant, answer: &Frame) -> Option<Accepted> {
        let (piece, _) = self.flight.remove(&answer.sequence)?;
        let number = piece.message;
        let nack = answer.id == command::RESPONSE;
        let accepted = match answer.status {
            status::OK if !nack => self.accepted(number, answer),
            status::THROTTLED | status::QUEUE_FULL | status::SYSTEM_ERROR | status::LATER => {
                self.patience(now, piece);
                None
            }
            code => {
                self.refused(number, code);
                None
            }
        };
        self.finish(number);
        accepted
    }

    fn accepted(&mut self, number: u64, answer: &Frame) -> Option<Accepted> {
        self.pause = self.pace.pause;
        let message = self.messages.get_mut(&number)?;
        message.open -= 1;
        message.taken += 1;
        message.asked = None;
        let id = answer.body.split(|octet| *octet == 0).next().unwrap_or(&[]);
        let id = String::from_utf8_lossy(id).trim().to_owned();
        let reference = message.reference.get_or_insert_with(|| id.clone()).clone();
        Some(Accepted {
            reference,
            id,
            total: message.total,
        })
    }

    /// The gateway asks for patience: the part goes back to the front, everything waits longer
    /// each time. A message of which nothing left goes back to the outbox at last.
    fn patience(&mut self, now: Instant, piece: Piece) {
        self.held_until = self.held_until.max(now + self.pause);
        self.pause = (self.pause * 2).min(self.pace.pause_max);
        let number = piece.message;
        self.queue.push_front(piece);
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        let asked = *message.asked.get_or_insert(now);
        let alone = message.taken == 0 && !message.unknown;
        if alone && now >= asked + self.pace.patience && !self.flies(number) {
            self.queue.retain(|piece| piece.message != number);
            let after = Some(self.pause);
            self.reply(number, Err(Unsent::Later { after }));
        }
    }

    fn refused(&mut self, number: u64, code: u32) {
        let before = self.queue.len();
        self.queue.retain(|piece| piece.message != number);
        let dropped = (before - self.queue.len()) as u32;
        if let Some(message) = self.messages.get_mut(&number) {
            message.open -= 1 + dropped;
            message
                .refused
                .get_or_insert_with(|| format!("0x{code:08x}"));
        }
    }

    fn flies(&self, number: u64) -> bool {
        self.flight
            .values()
            .any(|(piece, _)| piece.message == number)
    }

    /// Gives up waiting for answers that are overdue: those parts may have left.
    pub(crate) fn overdue(&mut self, now: Instant) {
        let answer = self.pace.answer;
        let late: Vec<u32> = self
            .flight
            .iter()
            .filter(|(_, (_, left))| *left + answer <= now)
            .map(|(sequence, _)| *sequence)
            .collect();
        for sequence in late {
            let Some((piece, _)) = self.flight.remove(&sequence) else {
                continue;
            };
            if let Some(message) = self.messages.get_mut(&piece.message) {
                message.open -= 1;
                message.unknown = true;
            }
            self.finish(piece.message);
        }
    }

    fn finish(&mut self, number: u64) {
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        if message.open > 0 {
            return;
        }
        let result = match message {
            Message {
                refused: Some(code),
                ..
            } => Err(Unsent::Never(std::mem::take(code))),
            Message { unknown: true, .. } => Err(Unsent::Unknown),
            _ => Ok(Submitted {
                reference: message.reference.take().unwrap_or_default(),
                receipt: self.receipts,
                parts: message.total,
            }),
        };
        self.reply(number, result);
    }

    fn reply(&mut self, number: u64, result: Result<Submitted, Unsent>) {
        if let Some(message) = self.messages.remove(&number) {
            // The outbox may have been dropped; then nobody wants to know.
            let _ = message.reply.send(result);
        }
    }

    /// Whether nothing is on its way.
    pub(crate) fn idle(&self) -> bool {
        self.messages.is_empty()
    }

    /// The line broke: what may have left is unknown, the rest did not leave.
    pub(crate) fn broken(mut self) {
        let flying: Vec<u64> = self
            .flight
            .values()
            .map(|(piece, _)| piece.message)
            .collect();
        let numbers: Vec<u64> = self.messages.keys().copied().collect();
        for number in numbers {
            let message = &self.messages[&number];
            let left = message.taken > 0 || message.unknown || flying.contains(&number);
            let result = match (&message.refused, left) {
                (Some(code), _) => Unsent::Never(code.clone()),
                (None, true) => Unsent::Unknown,
                (None, false) => Unsent::Later { after: None },
            };
            self.reply(number, Err(result));
        }
    }
}

#[cfg(test)]
mod tests;
