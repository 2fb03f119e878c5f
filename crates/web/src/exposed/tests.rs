//! What counts as personal data in a text and what does not, example by example. Never a page.

use super::*;

fn kinds(text: &str) -> Vec<&'static str> {
    find(text, &[])
        .iter()
        .map(|found| found.kind.code())
        .collect()
}

fn assert_all(kind: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(kinds(text), [kind], "{text}");
    }
}

#[test]
fn telephone_numbers_are_found_however_they_are_written() {
    assert_all(
        "phone",
        &[
            "010-1234-5678로 전화드리겠습니다",
            "번호 01012345678 맞으시죠",
            "０１０－１２３４－５６７８",
            "010 1234 5678",
            "010.1234.5678",
            "call +82 10-1234-5678 please",
            "+82 (0)10 1234 5678",
            "+821012345678",
            "0082 10 1234 5678",
            "82-10-1234-5678",
            "011-234-5678",
            "집은 02-123-4567이죠",
            "(02) 1234-5678",
            "031-123-4567",
            "070-1234-5678",
            "0507-1234-5678",
            "+976 9911 2233",
            "(415) 555-0123",
        ],
    );
}

#[test]
fn numbers_that_concern_nobody_are_let_through() {
    for text in [
        "112 또는 119로 전화하세요",
        "120으로 문의해 주세요",
        "1588-1234는 대표번호입니다",
        "2026-11-25 14:30",
        "2026. 11. 25. ~ 2026. 12. 31.",
        "상담 번호는 1234567입니다",
        "수수료 53,000원",
        "270-1번 버스, 3 - 4분",
        "오전 9:00-18:00",
        "https://example.org/2026/11/25/notice",
        "접수번호 20261125-0001",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn registration_numbers_are_found_even_half_hidden() {
    assert_all(
        "resident",
        &[
            "900101-1234567",
            "9001011234567",
            "주민번호 900101 - 1234567 확인했습니다",
            "외국인등록번호 850315-5123456",
            "900101-1******",
        ],
    );
    assert_eq!(kinds("901301-1234567"), [""; 0], "no thirteenth month");
}

#[test]
fn cards_accounts_licenses_and_passports_are_found() {
    assert_all(
        "card",
        &[
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "카드 4111111111111111",
        ],
    );
    assert_eq!(
        kinds("4111 1111 1111 1112"),
        [""; 0],
        "the check digit is wrong"
    );
    assert_all(
        "account",
        &[
            "110-123-456789",
            "3333-01-1234567",
            "국민은행 12345678901234",
            "account 1234567890",
        ],
    );
    assert_all("license", &["11-23-456789-01"]);
    assert_all(
        "passport",
        &["M12345678", "m123A4567", "passport no. AB1234567"],
    );
    assert_eq!(kinds("part AB1234567 of the machine"), [""; 0]);
}

#[test]
fn mail_addresses_are_found_and_handles_are_not() {
    assert_all(
        "mail",
        &["ada@example.org로 보냈어요", "A.B+c@mail.example.co.kr."],
    );
    for text in [
        "@ada@mastodon.example 안녕하세요",
        "@120",
        "a@b",
        "50 @ 20.5",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn addresses_with_a_house_number_are_found() {
    assert_all(
        "address",
        &[
            "세종대로 110으로 가겠습니다",
            "서울 종로구 새문안로5길 19-1",
            "신림동 123-4번지",
            "수유동 12번지",
            "래미안 101동 1203호",
            "12 Garden Road",
            "221B Baker Street",
            "110, Sejong-daero",
            "Sejong-daero 110, Seoul",
        ],
    );
    for text in [
        "앞으로 2주 걸립니다",
        "버스로 10분",
        "전화로 3번 드렸습니다",
        "종로3가역 2번 출구",
        "이 길로 쭉 가세요",
        "2 roads are closed",
        "In 3 days Main Street opens",
        "제도로 3개 기관이 함께합니다",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn plates_are_found() {
    assert_all("plate", &["12가3456 차량", "123허 4567"]);
    assert_eq!(kinds("12월 2024년, 10시 3000명"), [""; 0]);
}

#[test]
fn names_are_found_and_roles_are_not() {
    assert_all(
        "name",
        &[
            "홍길동님 안녕하세요",
            "김민수 씨께 전달했습니다",
            "남궁민수님",
            "성명: 홍길동",
            "제 이름은 홍길동입니다",
            "my name is Ada Lovelace",
            "Dear Mr. Kim Minsu,",
        ],
    );
    for text in [
        "고객님 안녕하세요",
        "선생님, 시민님, 신청인님",
        "담당 주무관님께 전달했습니다",
        "손님이 많습니다",
        "Dear citizen, thank you",
        "The name: see below",
        "부모님과 함께",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn what_is_public_anyway_is_not_held_back() {
    let public = ["Ada Lovelace", "02-2133-1234", "세종대로 110"];
    let found = |text: &str| find(text, &public);
    assert!(found("Hello Mr. Ada Lovelace").is_empty());
    assert!(found("시청은 세종대로 110입니다. 전화 02 2133 1234").is_empty());
    assert_eq!(found("010-1234-5678").len(), 1);
    let none = find("010-1234-5678", &["", " - "]);
    assert_eq!(none.len(), 1, "nothing is public by being empty");
}

#[test]
fn several_things_are_all_found_as_they_were_written() {
    let text = "홍길동님, 010-1234-5678 / ada@example.org, 세종대로 110";
    let found: Vec<(&str, String)> = find(text, &[])
        .into_iter()
        .map(|found| (found.kind.code(), found.text))
        .collect();
    let expected = [
        ("name", "홍길동님"),
        ("phone", "010-1234-5678"),
        ("mail", "ada@example.org"),
        ("address", "세종대로 110"),
    ];
    assert_eq!(found, expected.map(|(kind, text)| (kind, text.to_owned())));
}

#[test]
fn numbers_in_a_row_are_parted() {
    let text = "02-123-4567 010-1234-5678 1234, 4111 1111 1111 1111 110-123-456789";
    assert_eq!(kinds(text), ["phone", "phone", "card", "account"]);
}

#[test]
fn nothing_a_stranger_writes_makes_it_stumble() {
    for text in [
        "", "@", "+", "(", "-", "님", "씨 씨", "길", "로 1", "\u{0}", "동1", "٣٤٥", "+1",
    ] {
        let _ = find(text, &[text]);
    }
    let long = "0".repeat(5_000) + &"010-1234-5678 ".repeat(500);
    assert!(!find(&long, &[]).is_empty());
}
