//! The wire against an independent codec, the junk of real gateways, and every shape of a receipt.

use super::*;
use crate::letter::Fortune;
use bytes::BytesMut;
use proptest::prelude::*;
use rusmpp::decode::DecodeWithLength as _;
use rusmpp::encode::owned::Encode as _;
use rusmpp::pdus::{DataSm, DeliverSm};
use rusmpp::tlvs::MessageDeliveryRequestTlvValue;
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass};
use rusmpp::{Command, CommandStatus, Pdu};

fn number(digits: &str) -> Number {
    Number {
        ton: 1,
        npi: 1,
        digits: digits.to_owned(),
    }
}

fn short(octets: &[u8]) -> Short {
    Short {
        from: number("821012345678"),
        to: number("120"),
        octets: octets.to_vec(),
        ..Short::default()
    }
}

async fn one(bytes: &[u8]) -> std::io::Result<Came> {
    read(&mut &bytes[..]).await
}

/// What the other codec reads in our bytes.
fn theirs(frame: &Frame) -> Command {
    let mut bytes = BytesMut::from(&frame.bytes()[4..]);
    let length = bytes.len();
    Command::decode(&mut bytes, length).unwrap().0
}

/// The body that the other codec writes.
fn body_of(pdu: impl Into<Pdu>) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    Command::new(CommandStatus::EsmeRok, 7, pdu).encode(&mut bytes);
    bytes[12..].to_vec()
}

proptest! {
    #[test]
    fn the_other_codec_reads_what_we_write(
        octets in prop::collection::vec(any::<u8>(), 0..600),
        coding in any::<u8>(),
        sequence in 1_u32..0x7fff_ffff,
    ) {
        let mut ours = short(&octets);
        ours.data_coding = coding;
        ours.registered_delivery = 1;
        ours.extra = vec![(tag::SAR_MSG_REF_NUM, vec![1, 2])];
        let command = theirs(&Frame::new(command::SUBMIT_SM, sequence, ours.body()));
        prop_assert_eq!(command.sequence_number(), sequence);
        let Some(Pdu::SubmitSm(read)) = command.pdu() else {
            panic!("not a submit_sm");
        };
        prop_assert_eq!(read.source_addr.as_str(), "821012345678");
        prop_assert_eq!(u8::from(read.data_coding), coding);
        if octets.len() < 255 {
            prop_assert_eq!(read.short_message().as_ref(), octets.as_slice());
        }
        prop_assert_eq!(read.tlvs().len(), if octets.len() < 255 { 1 } else { 2 });
        // And so do we.
        prop_assert_eq!(Short::read(&ours.body()).unwrap(), ours);
    }

    #[test]
    fn we_read_what_the_other_codec_writes(
        octets in prop::collection::vec(any::<u8>(), 0..255),
        class in any::<u8>(),
        coding in any::<u8>(),
    ) {
        let deliver = DeliverSm::builder()
            .source_addr(COctetString::from_slice(b"01012345678\0").unwrap())
            .destination_addr(COctetString::from_slice(b"120\0").unwrap())
            .esm_class(EsmClass::from(class))
            .data_coding(DataCoding::from(coding))
            .short_message(OctetString::from_slice(&octets).unwrap())
            .push_tlv(MessageDeliveryRequestTlvValue::SarTotalSegments(3))
            .build();
        let read = Short::read(&body_of(deliver)).unwrap();
        prop_assert_eq!(read.from.digits.as_str(), "01012345678");
        prop_assert_eq!(read.data_coding, coding);
        prop_assert_eq!(&read.octets, &octets);
        prop_assert_eq!(read.extra, vec![(tag::SAR_TOTAL_SEGMENTS, vec![3])]);
    }

    #[test]
    fn no_body_is_too_strange(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for read in [Short::read(&body), Short::read_data(&body)].into_iter().flatten() {
            let _ = (read.part(), read.id());
            let _ = receipt(&read, &String::from_utf8_lossy(&read.octets));
        }
    }

    #[test]
    fn no_text_of_a_receipt_is_too_strange(text in any::<String>()) {
        let mut short = short(&[]);
        short.esm_class = 4;
        let _ = receipt(&short, &text);
    }
}

#[test]
fn junk_in_a_field_that_nobody_needs_loses_no_message() {
    let mut junk = short(b"pothole");
    junk.validity = "00010".to_owned();
    let body = junk.body();
    // The other codec gives up here, which is why the wire is read by our own hand.
    let mut bytes = BytesMut::from(&Frame::new(command::DELIVER_SM, 1, body.clone()).bytes()[4..]);
    let length = bytes.len();
    assert!(Command::decode(&mut bytes, length).is_err());
    assert_eq!(Short::read(&body).unwrap().octets, b"pothole");

    let mut long = short(b"x");
    long.from.digits = "8210".repeat(20);
    long.service_type = "LONGERTHANALLOWED".to_owned();
    assert_eq!(Short::read(&long.body()).unwrap(), long);

    let mut vendor = body;
    vendor.extend([0x14, 0x00, 0x00, 0x02, 9, 9, 0x14, 0x01, 0xff, 0xff, 1]);
    let read = Short::read(&vendor).unwrap();
    assert_eq!(
        (read.octets, read.extra),
        (b"pothole".to_vec(), vec![(0x1400, vec![9, 9])])
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(Short::read(&[]), Err(Unreadable("unended")));
    assert_eq!(Short::read(&[b'a'; 300]), Err(Unreadable("unended")));
    let mut cut = short(b"pothole").body();
    cut.truncate(cut.len() - 1);
    assert_eq!(Short::read(&cut), Err(Unreadable("short")));
    let mut headed = short(&[200, 0]);
    headed.esm_class = 0x40;
    assert_eq!(headed.part(), Err(Unreadable("header")));
}

#[test]
fn a_long_message_may_come_whole_and_data_sm_is_read() {
    let long = short(&vec![b'a'; 2_000]);
    let body = long.body();
    assert_eq!(Short::read(&body).unwrap().octets.len(), 2_000);
    let data = DataSm::builder()
        .source_addr(COctetString::from_slice(b"01012345678\0").unwrap())
        .build();
    let read = Short::read_data(&body_of(data)).unwrap();
    assert_eq!(
        (read.from.digits.as_str(), read.octets.len()),
        ("01012345678", 0)
    );
}

#[test]
fn parts_are_named_by_header_or_parameter() {
    let part = PartOf {
        reference: 0x1234,
        total: 3,
        number: 2,
    };
    let mut wide = short(&[header(part, true), b"text".to_vec()].concat());
    wide.esm_class = 0x40;
    assert_eq!(wide.part(), Ok((Some(part), b"text".as_slice())));
    let narrow = PartOf {
        reference: 0x34,
        ..part
    };
    // A port before the concatenation, as some handsets do.
    let octets = [&[9, 4, 2, 0, 0], &header(narrow, false)[1..], b"text"].concat();
    let mut ported = short(&octets);
    ported.esm_class = 0x40;
    assert_eq!(ported.part(), Ok((Some(narrow), b"text".as_slice())));
    let mut sar = short(b"text");
    sar.extra = vec![
        (tag::SAR_MSG_REF_NUM, vec![0x12, 0x34]),
        (tag::SAR_TOTAL_SEGMENTS, vec![3]),
        (tag::SAR_SEGMENT_SEQNUM, vec![2]),
    ];
    assert_eq!(sar.part(), Ok((Some(part), b"text".as_slice())));
    // Part 4 of 3 is no part.
    sar.extra[2].1 = vec![4];
    assert_eq!(sar.part(), Ok((None, b"text".as_slice())));
}

#[tokio::test]
async fn frames_are_kept_apart_and_a_wrong_length_is_passed_over() {
    let frame = Frame::new(command::ENQUIRE_LINK, 9, Vec::new());
    assert_eq!(
        one(&frame.bytes()).await.unwrap(),
        Came::Frame(frame.clone())
    );
    let huge = Frame::new(command::DELIVER_SM, 5, vec![0; FRAME_MAX]);
    let stream = [huge.bytes(), frame.bytes()].concat();
    let mut stream = stream.as_slice();
    let over = read(&mut stream).await.unwrap();
    assert_eq!(over, Came::Unframed { sequence: 5 });
    assert_eq!(read(&mut stream).await.unwrap(), Came::Frame(frame));
    assert!(
        one(&[0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .await
            .is_err()
    );
    assert!(one(b"GET / HTTP/1.1\r\n\r\n").await.is_err());
    assert!(one(&[0, 0, 0, 16]).await.is_err());
}

#[test]
fn answers_are_as_the_specification_has_them() {
    let deliver = Frame::new(command::DELIVER_SM, 3, vec![1, 2, 3]);
    let answer = theirs(&deliver.answer(status::NEVER));
    assert_eq!(u32::from(answer.status()), 0x65);
    assert!(matches!(answer.pdu(), Some(Pdu::DeliverSmResp(_))));
    let nack = theirs(&Frame::nack(4, status::INVALID_COMMAND));
    assert!(matches!(nack.pdu(), Some(Pdu::GenericNack)));
}

fn told(class: u8, text: &str, extra: &[(u16, &[u8])]) -> Option<Told> {
    let mut short = short(text.as_bytes());
    short.esm_class = class;
    short.extra = extra
        .iter()
        .map(|(tag, value)| (*tag, value.to_vec()))
        .collect();
    receipt(&short, text)
}

#[test]
fn receipts_are_read_in_every_shape() {
    let whole = "id:0000abCD sub:001 dlvrd:001 submit date:2611240101 done date:2611240102 \
                 stat:DELIVRD err:000 text:id:99 stat:EXPIRED";
    let expected = |id: &str, fortune, code: &str| {
        Some(Told {
            id: id.to_owned(),
            fortune,
            code: code.to_owned(),
        })
    };
    let delivered = Some(Fortune::Delivered);
    assert_eq!(
        told(4, whole, &[]),
        expected("0000abCD", delivered, "DELIVRD 000")
    );
    let upper = "ID:7 STAT:Undeliv ERR:01e";
    assert_eq!(
        told(4, upper, &[]),
        expected("7", Some(Fortune::Failed), "UNDELIV 01e")
    );
    let only: [(u16, &[u8]); 3] = [
        (tag::RECEIPTED_MESSAGE_ID, b"7\0"),
        (tag::MESSAGE_STATE, &[3]),
        (tag::NETWORK_ERROR_CODE, &[3, 0, 42]),
    ];
    assert_eq!(
        told(4, "", &only),
        expected("7", Some(Fortune::Expired), "EXPIRED 3-42")
    );
    // Not marked in the class, but by its parameters.
    assert_eq!(
        told(0, "", &only),
        expected("7", Some(Fortune::Expired), "EXPIRED 3-42")
    );
    assert_eq!(
        told(4, "id:7 stat:ENROUTE", &[]),
        expected("7", None, "ENROUTE")
    );
    assert_eq!(
        told(0x20, "id:7 stat:DELIVRD", &[]),
        expected("7", None, "DELIVRD")
    );
    assert_eq!(told(4, "no fields at all", &[]), expected("", None, ""));
    // A citizen may write such words; only the gateway marks a receipt.
    assert_eq!(told(0, whole, &[]), None);
}
