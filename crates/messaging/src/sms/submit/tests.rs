//! Window, pace, patience and the truth about a broken line, on a clock of its own.

use super::*;
use crate::letter::Address;
use center::city::{Channel, ContactId};
use tokio::sync::oneshot::Receiver;

const PACE: Pace = Pace {
    window: 2,
    per_second: 10,
    answer: Duration::from_secs(10),
    pause: Duration::from_millis(100),
    pause_max: Duration::from_millis(400),
    patience: Duration::from_secs(1),
};

fn form(joining: Joining) -> Form {
    Form {
        from: Number {
            ton: 3,
            npi: 1,
            digits: "120".into(),
        },
        to_ton: 2,
        to_npi: 8,
        service_type: "CMT".into(),
        carrier: Carrier {
            encodings: vec![Encoding::EucKr, Encoding::Ucs2],
            joining,
            ..Carrier::default()
        },
        codings: vec![(0x84, Encoding::EucKr)],
        receipts: true,
    }
}

fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        contact: ContactId(5),
        message: 3,
        channel: Channel::Text,
        via: "kt".into(),
        to: Address {
            kind: AddressKind::Phone,
            value: "010-1234-5678".into(),
            name: None,
        },
        thread: None,
        in_reply_to: None,
        subject: None,
        text: text.into(),
        attachments: Vec::new(),
        public: false,
        automatic: false,
        perhaps_again: false,
    }
}

/// A gateway and its clock.
struct Desk {
    submitting: Submitting,
    now: Instant,
    sequence: u32,
}

type Fate = Receiver<Result<Submitted, Unsent>>;

impl Desk {
    fn new() -> Desk {
        let now = Instant::now();
        Desk {
            submitting: Submitting::new(PACE, true, now),
            now,
            sequence: 0,
        }
    }

    fn take(&mut self, parts: usize) -> Fate {
        let (reply, fate) = oneshot::channel();
        self.submitting.take(vec![Short::default(); parts], reply);
        fate
    }

    fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    /// Sequence numbers of what leaves now.
    fn leave(&mut self) -> Vec<u32> {
        let mut left = Vec::new();
        loop {
            self.sequence += 1;
            match self.submitting.leave(self.now, self.sequence) {
                Some(frame) => left.push(frame.sequence),
                None => return left,
            }
        }
    }

    fn answer(&mut self, sequence: u32, status: u32, id: &str) -> Option<Accepted> {
        let mut answer = Frame::new(command::SUBMIT_SM, sequence, Vec::new()).answer(status);
        answer.body = format!("{id}\0").into_bytes();
        self.submitting.answered(self.now, &answer)
    }
}

#[test]
fn parts_are_written_as_the_gateway_wants_them() {
    let text = "가".repeat(71);
    for (joining, class, extra) in [
        (Joining::Udh8, 0x40, 0),
        (Joining::Udh16, 0x40, 0),
        (Joining::Sar, 0, 3),
    ] {
        let parts = form(joining).parts(&outgoing(&text)).unwrap();
        assert_eq!(parts.len(), 2);
        let named: Vec<PartOf> = parts
            .iter()
            .filter_map(|part| part.part().unwrap().0)
            .collect();
        assert_eq!(
            (named[0].number, named[1].number, named[0].total),
            (1, 2, 2)
        );
        assert_eq!((parts[0].esm_class, parts[0].extra.len()), (class, extra));
        assert_eq!(
            (parts[0].data_coding, parts[0].registered_delivery),
            (0x84, 1)
        );
        assert_eq!(
            (parts[0].to.ton, parts[0].to.digits.as_str()),
            (2, "01012345678")
        );
        // A second try has the same reference, the next message another one.
        let again = form(joining).parts(&outgoing(&text)).unwrap();
        assert_eq!(again, parts);
        let next = Outgoing {
            message: 4,
            ..outgoing(&text)
        };
        let next = form(joining).parts(&next).unwrap()[0].part().unwrap().0;
        assert_ne!(next.unwrap().reference, named[0].reference);
    }
    let whole = form(Joining::Payload).parts(&outgoing(&text)).unwrap();
    assert_eq!((whole.len(), whole[0].octets.len()), (1, 142));
    let emoji = form(Joining::Udh8).parts(&outgoing("👍")).unwrap();
    assert_eq!(emoji[0].data_coding, 8);
    let abroad = Outgoing {
        to: Address {
            kind: AddressKind::Phone,
            value: "+84 90 123".into(),
            name: None,
        },
        ..outgoing("a")
    };
    let abroad = &form(Joining::Udh8).parts(&abroad).unwrap()[0].to;
    assert_eq!(
        (abroad.ton, abroad.npi, abroad.digits.as_str()),
        (1, 1, "8490123")
    );
}

#[test]
fn what_can_never_leave_says_why() {
    let mut narrow = form(Joining::Udh8);
    narrow.carrier.encodings.pop();
    let never = |form: &Form, text: &str| form.parts(&outgoing(text)).unwrap_err();
    assert_eq!(never(&narrow, "ạ"), Unsent::Never("unencodable".into()));
    assert_eq!(never(&narrow, ""), Unsent::Never("empty".into()));
    narrow.carrier.octets_max = 3;
    assert_eq!(never(&narrow, "가나"), Unsent::Never("too-long".into()));
    let mut mail = outgoing("a");
    mail.to.kind = AddressKind::Mail;
    assert!(matches!(narrow.parts(&mail), Err(Unsent::Never(_))));
}

#[test]
fn no_more_leave_than_window_and_pace_allow() {
    let mut desk = Desk::new();
    let fates: Vec<Fate> = (0..3).map(|_| desk.take(1)).collect();
    assert!(!desk.submitting.takes());
    assert_eq!(desk.leave(), [1]);
    assert!(desk.leave().is_empty(), "ten a second");
    desk.pass(100);
    let second = desk.leave();
    assert_eq!(second.len(), 1);
    desk.pass(1_000);
    assert!(desk.leave().is_empty(), "two without an answer");
    let accepted = desk.answer(1, 0, "a1").unwrap();
    assert_eq!((accepted.reference.as_str(), accepted.total), ("a1", 1));
    assert_eq!(desk.leave().len(), 1);
    let mut fates = fates.into_iter();
    let taken = fates.next().unwrap().try_recv().unwrap().unwrap();
    assert_eq!(
        (taken.reference.as_str(), taken.receipt, taken.parts),
        ("a1", true, 1)
    );
    assert!(fates.next().unwrap().try_recv().is_err());
}

#[test]
fn a_message_is_submitted_when_all_its_parts_are() {
    let mut desk = Desk::new();
    let mut fate = desk.take(2);
    let one = desk.leave()[0];
    desk.pass(100);
    let two = desk.leave()[0];
    let accepted = desk.answer(two, 0, "b").unwrap();
    assert!(fate.try_recv().is_err());
    assert_eq!(
        desk.answer(one, 0, "a").unwrap().reference,
        accepted.reference
    );
    let taken = fate.try_recv().unwrap().unwrap();
    assert_eq!((taken.reference.as_str(), taken.parts), ("b", 2));
    assert!(desk.submitting.idle());
}

#[test]
fn a_throttled_part_waits_longer_each_time_and_goes_back_at_last() {
    let mut desk = Desk::new();
    let mut fate = desk.take(1);
    let mut pauses = Vec::new();
    let begun = desk.now;
    let told = loop {
        let left = desk.leave();
        assert_eq!(left.len(), 1);
        let code = [status::THROTTLED, status::QUEUE_FULL][pauses.len() % 2];
        desk.answer(left[0], code, "");
        if let Ok(told) = fate.try_recv() {
            break told;
        }
        let at = desk.submitting.ready_at().unwrap();
        pauses.push((at - desk.now).as_millis());
        desk.now = at;
    };
    assert_eq!(pauses[..4], [100, 200, 400, 400]);
    assert!(desk.now - begun >= PACE.patience);
    let after = Some(PACE.pause_max);
    assert_eq!(told, Err(Unsent::Later { after }));
    assert!(desk.submitting.idle());
}

#[test]
fn a_refused_part_takes_the_others_with_it() {
    let mut desk = Desk::new();
    let mut fate = desk.take(3);
    let one = desk.leave()[0];
    desk.pass(100);
    let two = desk.leave()[0];
    desk.answer(one, 0x0b, "");
    assert!(fate.try_recv().is_err(), "one part is still on its way");
    desk.answer(two, 0, "b");
    let never = Unsent::Never("0x0000000b".into());
    assert_eq!(fate.try_recv().unwrap(), Err(never));
    desk.pass(1_000);
    assert!(desk.leave().is_empty());
    let mut fate = desk.take(1);
    let sequence = desk.leave()[0];
    desk.submitting
        .answered(desk.now, &Frame::nack(sequence, 0));
    assert!(matches!(fate.try_recv().unwrap(), Err(Unsent::Never(_))));
}

#[test]
fn an_answer_that_never_comes_and_a_broken_line_are_unknown() {
    let mut desk = Desk::new();
    let mut silent = desk.take(1);
    desk.leave();
    desk.pass(9_999);
    desk.submitting.overdue(desk.now);
    assert!(silent.try_recv().is_err());
    desk.pass(1);
    assert_eq!(desk.submitting.overdue_at(), Some(desk.now));
    desk.submitting.overdue(desk.now);
    assert_eq!(silent.try_recv().unwrap(), Err(Unsent::Unknown));

    let mut half = desk.take(2);
    let mut unsent = desk.take(1);
    let one = desk.leave()[0];
    desk.answer(one, 0, "a");
    desk.submitting.broken();
    assert_eq!(half.try_recv().unwrap(), Err(Unsent::Unknown));
    assert_eq!(
        unsent.try_recv().unwrap(),
        Err(Unsent::Later { after: None })
    );
}
