//! Tests of reading: messages as they come from the world.

use super::*;
use center::city::ContactId;

fn tokens() -> Tokens {
    Tokens::new([7; 32])
}

fn reader() -> Reader {
    let aliases = ["info@haneul.example".to_owned()];
    Reader::new("mail", "120@haneul.example", &aliases, tokens())
}

fn named() -> Named {
    Named {
        contact: ContactId(4711),
        message: 2,
        thread: tokens().thread("a1@mail.example"),
    }
}

fn token() -> String {
    tokens().token(named())
}

fn read(raw: impl AsRef<[u8]>) -> Read {
    reader().read(raw.as_ref(), &Envelope::default())
}

fn letter(raw: impl AsRef<[u8]>) -> Incoming {
    match read(raw).inward {
        Inward::Message(incoming) => *incoming,
        other => panic!("no letter: {other:?}"),
    }
}

fn receipt(raw: &str) -> Receipt {
    match read(raw).inward {
        Inward::Receipt(receipt) => receipt,
        other => panic!("no receipt: {other:?}"),
    }
}

const PLAIN: &str = "From: =?UTF-8?B?6rmA7ZWY64qY?= <kim@mail.example>\r\n\
    To: Haneul <info@haneul.example>\r\nSubject: dark\r\nMessage-ID: <a1@mail.example>\r\n\
    Date: Tue, 24 Nov 2026 10:00:00 +0900\r\n\r\nThe lamp is out.\r\n";

#[test]
fn a_plain_mail_becomes_a_letter() {
    let letter = letter(PLAIN);
    assert_eq!(letter.channel, Channel::Mail);
    assert_eq!(letter.from.value, "kim@mail.example");
    assert_eq!(letter.from.name.as_deref(), Some("김하늘"));
    assert_eq!(letter.to, "info@haneul.example");
    assert_eq!(letter.subject.as_deref(), Some("dark"));
    assert_eq!(letter.text, "The lamp is out.");
    assert_eq!((letter.html, letter.damage), (None, None));
    let thread = tokens().thread("a1@mail.example").to_string();
    assert_eq!(letter.thread, Some(thread));
    assert!(!letter.automatic && letter.in_reply_to.is_none());
    assert_eq!(message_id(&letter.key), Some("a1@mail.example"));
}

#[test]
fn letters_of_every_charset_arrive() {
    // Bytes of the same greeting as the national charsets have them.
    let cases: [(&str, &[u8], &str); 7] = [
        ("euc-kr", b"\xb0\xa1\xb7\xce\xb5\xee", "가로등"),
        ("ks_c_5601-1987", b"\xb0\xa1\xb7\xce\xb5\xee", "가로등"),
        // A syllable that only the extension of EUC-KR has.
        ("ks_c_5601-1987", b"\xb8\xcb\xb0\xe1\x8c\x63", "맷결똠"),
        ("iso-2022-jp", b"\x1b$B39Et\x1b(B", "街灯"),
        ("gb18030", b"\xc2\xb7\xb5\xc6\x81\x39\xef\x31", "路灯㐂"),
        ("windows-1258", b"\xd0\xe8n", "Đèn"),
        ("windows-1251", b"\xc3\xfd\xf0\xfd\xeb", "Гэрэл"),
    ];
    for (charset, bytes, expected) in cases {
        let mut raw = format!(
            "From: a@b.example\r\nSubject: x\r\nContent-Type: text/plain; charset=\"{charset}\"\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n"
        )
        .into_bytes();
        raw.extend_from_slice(bytes);
        let letter = letter(&raw);
        let expected: String = expected.chars().filter(|c| !c.is_control()).collect();
        assert_eq!((letter.text, letter.damage), (expected, None), "{charset}");
    }
}

#[test]
fn headers_without_a_charset_are_read_with_that_of_the_text() {
    let mut raw = b"From: a@b.example\r\nSubject: \xb0\xa1\xb7\xce\xb5\xee\r\n".to_vec();
    raw.extend_from_slice(b"Content-Type: text/plain; charset=euc-kr\r\n\r\n\xb0\xa1");
    assert_eq!(letter(&raw).subject.as_deref(), Some("가로등"));
}

#[test]
fn what_cannot_be_decoded_is_said() {
    let raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nab\xff\xfe cd";
    let letter = letter(raw);
    assert_eq!(letter.damage, Some("mail.undecodable"));
    assert!(letter.text.starts_with("ab") && letter.text.ends_with("cd"));
}

#[test]
fn text_is_preferred_html_is_cleaned_files_are_kept() {
    let raw = "From: a@b.example\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\
        Content-Type: multipart/alternative; boundary=\"a\"\r\n\r\n--a\r\n\
        Content-Type: text/plain\r\n\r\nplain\r\n--a\r\nContent-Type: text/html\r\n\r\n\
        <p onclick=x>pretty<script>bad()</script></p>\r\n--a--\r\n--m\r\n\
        Content-Type: image/png; name=\"=?UTF-8?B?7IKs7KeELnBuZw==?=\"\r\n\
        Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        iVBORw0=\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: inner\r\n\r\nold\r\n--m--\r\n";
    let letter = letter(raw);
    assert_eq!(letter.text, "plain");
    assert_eq!(letter.html.as_deref(), Some("<p>pretty</p>"));
    let files: Vec<(&str, &str)> = letter
        .attachments
        .iter()
        .map(|file| (file.name.as_str(), file.media_type.as_str()))
        .collect();
    assert_eq!(
        files,
        [("사진.png", "image/png"), ("2.eml", "message/rfc822")]
    );
    assert_eq!(letter.attachments[0].bytes, b"\x89PNG\r");
    assert!(letter.attachments[1].bytes.starts_with(b"Subject: inner"));
}

#[test]
fn a_mail_of_html_alone_is_readable() {
    let raw = "From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
        <div>가로등이</div><div>꺼졌어요</div><blockquote>old</blockquote>";
    let letter = letter(raw);
    assert_eq!(letter.text, "가로등이\n꺼졌어요\n\n> old");
    assert_eq!(
        crate::mail::quoting::divide(&letter.text).own.trim(),
        "가로등이\n꺼졌어요"
    );
}

#[test]
fn every_trace_leads_back_to_the_message_it_answers() {
    let token = token();
    let reference = format!("{token}@haneul.example");
    for head in [
        format!("In-Reply-To: <{reference}>"),
        format!("References: <first@x.example> <{reference}>"),
        format!("To: <120+{token}@haneul.example>"),
        format!(
            "Cc: x@y.example, 120+{}@haneul.example",
            token.to_uppercase()
        ),
        format!("Delivered-To: 120+{token}@haneul.example"),
        format!("Subject: Re: dark [#{token}]"),
    ] {
        let read = read(format!("From: a@b.example\r\n{head}\r\n\r\nyes\r\n"));
        assert_eq!(read.notes.named, Some(named()));
        let Inward::Message(letter) = read.inward else {
            panic!("{head}")
        };
        assert_eq!(
            letter.in_reply_to.as_deref(),
            Some(reference.as_str()),
            "{head}"
        );
    }
    // The conversation is that of the first mail, whatever trace was left.
    let first = letter(PLAIN).thread;
    let bare = letter(format!(
        "From: a@b.example\r\nTo: 120+{token}@haneul.example\r\n\r\nyes"
    ));
    assert_eq!(bare.thread, first);
    let envelope = Envelope {
        sender: None,
        recipient: Some(format!("120+{token}@haneul.example")),
    };
    let named = reader().read(PLAIN.as_bytes(), &envelope).notes.named;
    assert_eq!(named.map(|named| named.message), Some(2));
}

#[test]
fn a_forged_trace_leads_nowhere() {
    let forged = Tokens::new([8; 32]).token(named());
    let read = read(format!(
        "From: a@b.example\r\nIn-Reply-To: <{forged}@haneul.example>\r\nSubject: [#{forged}]\r\n\r\nx"
    ));
    assert_eq!(read.notes.named, None);
}

#[test]
fn a_chain_of_mail_is_one_thread() {
    let second = letter(
        "From: a@b.example\r\nMessage-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\n\
         References: <a1@mail.example>\r\n <b@x>\r\n\r\nmore",
    );
    assert_eq!(second.thread, letter(PLAIN).thread);
    assert_eq!(second.in_reply_to.as_deref(), Some("b@x"));
}

#[test]
fn the_same_mail_has_the_same_key_by_whatever_way_it_comes() {
    let key = |raw: &str| letter(raw).key;
    let received = format!("Received: from x by y;\r\n Tue\r\nReturn-Path: <k@x>\r\n{PLAIN}\r\n");
    assert_eq!(key(PLAIN), key(&received));
    assert_eq!(key(PLAIN), key(&PLAIN.replace("\r\n", "\n")));
    assert_ne!(
        key(PLAIN),
        key(&PLAIN.replace("out", "on")),
        "a forged Message-ID"
    );
    let unnamed = PLAIN.replace("Message-ID: <a1@mail.example>\r\n", "");
    assert!(key(&unnamed).starts_with("sha256:"));
    assert_eq!(message_id(&key(&unnamed)), None);
}

#[test]
fn mail_of_programs_is_known_as_such() {
    let own = format!("Message-ID: <{}@haneul.example>", token());
    for head in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <news.example>",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Return-Path: <>",
        "X-Spam-Flag: YES",
        "Sender: x\r\nX-Loop: 120@haneul.example",
        own.as_str(),
    ] {
        let letter = letter(format!("From: a@b.example\r\n{head}\r\n\r\nI am away\r\n"));
        assert!(letter.automatic, "{head}");
    }
    for from in ["MAILER-DAEMON@x.example", "120@haneul.example"] {
        assert!(
            letter(format!("From: {from}\r\nSubject: x\r\n\r\nx")).automatic,
            "{from}"
        );
    }
    for head in [
        "Auto-Submitted: no",
        "X-Spam-Status: No, score=1",
        "Precedence: first-class",
    ] {
        assert!(
            !letter(format!("From: a@b.example\r\n{head}\r\n\r\nx\r\n")).automatic,
            "{head}"
        );
    }
    let null = Envelope {
        sender: Some(String::new()),
        recipient: None,
    };
    let Inward::Message(letter) = reader().read(PLAIN.as_bytes(), &null).inward else {
        panic!("a letter")
    };
    assert!(letter.automatic);
}

#[test]
fn spam_is_noted() {
    assert!(
        read("From: a@b.example\r\nX-Spam-Status: Yes, score=9\r\n\r\nbuy")
            .notes
            .spam
    );
    assert!(!read(PLAIN).notes.spam);
}

fn delivery_report(action: &str, status: &str, original: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/plain\r\n\r\nsorry 5.9.9\r\n--r\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; kim@mail.example\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--r\r\n\
         Content-Type: text/rfc822-headers\r\n\r\nSubject: lamp\r\n\
         Message-ID: <{original}>\r\n\r\n--r--\r\n"
    )
}

#[test]
fn a_delivery_report_says_what_became_of_which_message() {
    let reference = format!("{}@haneul.example", token());
    let found = receipt(&delivery_report("failed", "5.1.1", &reference));
    assert_eq!(found.reference, reference);
    assert_eq!(
        (found.fortune, found.code.as_str()),
        (Fortune::Failed, "5.1.1")
    );
    let expired = receipt(&delivery_report("failed", "4.4.7", &reference));
    assert_eq!(expired.fortune, Fortune::Expired);
    let delivered = receipt(&delivery_report("delivered", "2.0.0", &reference));
    assert_eq!(delivered.fortune, Fortune::Delivered);
}

#[test]
fn a_report_that_is_not_the_last_word_or_speaks_of_others_is_a_letter() {
    let reference = format!("{}@haneul.example", token());
    let late = letter(delivery_report("delayed", "4.4.1", &reference));
    assert!(late.automatic);
    assert_eq!(late.in_reply_to.as_deref(), Some(reference.as_str()));
    let foreign = letter(delivery_report("failed", "5.1.1", "other@x.example"));
    assert!(foreign.automatic && foreign.in_reply_to.is_none());
}

#[test]
fn a_report_in_a_servers_own_words_is_understood() {
    let reference = format!("{}@haneul.example", token());
    let bounce = |subject: &str, text: &str| {
        format!(
            "From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\nSubject: {subject}\r\n\r\n\
             {text}\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n\
             Message-ID: <{reference}>\r\nSubject: lamp\r\n\r\ntext\r\n"
        )
    };
    let qmail = bounce(
        "failure notice",
        "Hi. This is qmail. 550 5.1.1 no mailbox (#5.1.1)",
    );
    assert_eq!(receipt(&qmail).code, "5.1.1");
    let old = bounce(
        "Returned mail: see transcript",
        "SMTP error 552 mailbox full",
    );
    assert_eq!(
        (receipt(&old).code.as_str(), receipt(&old).reference),
        ("552", reference.clone())
    );
    let waiting = bounce(
        "Undelivered Mail: warning",
        "delayed, 4.4.1, will be retried",
    );
    assert!(letter(&waiting).automatic);
    // An answering machine without a sender is no bounce.
    let away = format!(
        "From: kim@mail.example\r\nReturn-Path: <>\r\nIn-Reply-To: <{reference}>\r\n\
         Subject: away\r\n\r\nuntil 5.1.2027\r\n"
    );
    assert!(letter(&away).automatic);
}

#[test]
fn nobody_fakes_a_bounce_without_the_token() {
    let forged = Tokens::new([8; 32]).token(named());
    let raw = delivery_report("failed", "5.1.1", &format!("{forged}@haneul.example"));
    assert!(matches!(read(raw).inward, Inward::Message(_)));
}

#[test]
fn whom_nobody_reads_is_answered_where_he_asks() {
    let form =
        letter("From: City form <noreply@form.example>\r\nReply-To: kim@mail.example\r\n\r\nhello");
    assert_eq!(form.from.value, "kim@mail.example");
    let person = letter("From: a@b.example\r\nReply-To: other@c.example\r\n\r\nhello");
    assert_eq!(person.from.value, "a@b.example");
}

#[test]
fn what_cannot_be_read_is_kept_whole() {
    let large = vec![b'a'; limit::MESSAGE_BYTES_MAX + 1];
    for (raw, reason) in [
        (&b""[..], "mail.no_header"),
        (&large[..], "mail.too_large"),
        (&b"a: b\n".repeat(20_000)[..], "mail.too_many_headers"),
    ] {
        let Inward::DeadLetter(dead) = read(raw).inward else {
            panic!("{reason}")
        };
        assert_eq!((dead.reason, &dead.bytes[..]), (reason, raw));
        assert!(dead.key.starts_with("sha256:"));
    }
}

#[test]
fn a_mail_on_which_the_reader_fails_is_kept() {
    let Inward::DeadLetter(dead) = reader().unreadable(b"raw") else {
        panic!("a dead letter")
    };
    assert_eq!(
        (dead.reason, &dead.bytes[..]),
        ("mail.unreadable", &b"raw"[..])
    );
}

#[test]
fn recipients_are_known_with_and_without_a_token() {
    let reader = reader();
    for ours in [
        "120@haneul.example",
        "INFO@Haneul.example",
        "120+x@haneul.example",
    ] {
        assert!(reader.is_ours(ours), "{ours}");
    }
    for foreign in [
        "121@haneul.example",
        "120@other.example",
        "120",
        "120+x@other.example",
    ] {
        assert!(!reader.is_ours(foreign), "{foreign}");
    }
}

/// Damaged mail of every kind is read without a fall, and nothing is dropped.
#[test]
fn damaged_mail_never_stops_the_reader() {
    let report = delivery_report("failed", "5.1.1", "x@y");
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    for round in 0..5_000 {
        let mut raw = if round % 2 == 0 { PLAIN } else { &report }
            .as_bytes()
            .to_vec();
        for _ in 0..=random(6) {
            let at = random(raw.len());
            match random(3) {
                0 => raw[at] = random(256) as u8,
                1 => raw.truncate(at.max(1)),
                _ => raw.insert(at, b"\r\n\0:;\"=-"[random(8)]),
            }
        }
        let read = reader().read(&raw, &Envelope::default());
        if let Inward::DeadLetter(dead) = read.inward {
            assert_eq!(dead.bytes, raw);
        }
    }
}
