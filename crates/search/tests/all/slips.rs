//! Half-typed words, initial consonants, typing errors, spaces and keyboards.

use super::{ask, first, index, korean, text};

#[test]
fn every_key_on_the_way_to_a_word_finds_it() {
    let index = korean();
    for typed in [
        "여ㄱ",
        "여구",
        "여궈",
        "여권",
        "불법ㅈ",
        "불법주",
        "불법줒",
        "불법주저",
        "층ㄱ",
        "층가",
    ] {
        let wanted = match typed.chars().next() {
            Some('여') => "passport",
            Some('불') => "parking",
            _ => "noise",
        };
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn initial_consonants_find_titles() {
    let index = korean();
    for (typed, wanted) in [
        ("ㅂㅂㅈㅈㅊ", "parking"),
        ("ㅂㅂㅈㅊ", "parking"),
        ("ㅂㅂ ㅈㅈㅊ", "parking"),
        ("ㄷㅎㅍㄱㅁ", "bulky"),
        ("ㅊㄱㅅㅇ", "noise"),
        ("ㅅㄷㅇㄱ", "water"),
        ("ㅇㄹㅇㅈ", "childcare"),
        ("불법 ㅈㅈㅊ", "parking"),
        ("ㄴ", "snow"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
    let answer = ask(&index, "ㅈㅈㅊ");
    let title = &answer.hits[0].title;
    assert_eq!(
        title.pieces(),
        [("불법 ", false), ("주정차", true), (" 신고", false)]
    );
    assert!(ask(&index, "ㅋㅋㅋ").hits.is_empty());
}

#[test]
fn typing_errors_are_repaired_and_told() {
    let index = korean();
    for (typed, wanted, suggested) in [
        ("볼법 주정챠", "parking", "불법 주정차"),
        ("여꿘", "passport", "여권"),
        ("층간소읍", "noise", "층간소음"),
        ("수도요굼", "water", "수도요금"),
        ("어린이짐", "childcare", "어린이집"),
        ("대형패기물을", "bulky", "대형폐기물을"),
    ] {
        let answer = ask(&index, typed);
        assert_eq!(answer.hits[0].article, wanted, "{typed}");
        assert_eq!(answer.suggestion.as_deref(), Some(suggested), "{typed}");
    }
    for right in ["불법 주정차", "여권", "층간소음 상담", "수도요금"] {
        assert_eq!(ask(&index, right).suggestion, None, "{right}");
    }
    assert_eq!(ask(&index, "우주선 조종사").suggestion, None);
}

#[test]
fn english_errors_are_repaired() {
    let index = index(vec![
        text("noise", "en", "Noise complaint", "Loud neighbors at night."),
        text(
            "passport",
            "en",
            "Renewing a passport",
            "Bring one photograph.",
        ),
    ]);
    for (typed, wanted, suggested) in [
        ("nosie complant", "noise", "noise complaint"),
        ("pasport", "passport", "passport"),
    ] {
        let answer = ask(&index, typed);
        assert_eq!(answer.hits[0].article, wanted, "{typed}");
        assert_eq!(answer.suggestion.as_deref(), Some(suggested), "{typed}");
    }
}

#[test]
fn spaces_may_be_missing_or_wrong() {
    let index = korean();
    for (typed, wanted) in [
        ("불법주정차신고", "parking"),
        ("불 법 주 정 차", "parking"),
        ("불법주 정차", "parking"),
        ("대형 폐기물", "bulky"),
        ("대형폐 기물 버리기", "bulky"),
        ("여권재발급", "passport"),
        ("층간 소음", "noise"),
        ("눈치우기", "snow"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn the_wrong_keyboard_is_understood() {
    let mut documents = vec![text("report", "en", "Report a pothole", "With a picture.")];
    documents.push(text("passport", "ko", "여권 발급", "구청 민원실에서."));
    let index = index(documents);
    let answer = ask(&index, "durnjs");
    assert_eq!(answer.hits[0].article, "passport");
    assert_eq!(answer.suggestion.as_deref(), Some("여권"));
    // `pothole` with the keyboard left in Korean.
    let answer = ask(&index, "ㅔㅐ쇄ㅣㄷ");
    assert_eq!(answer.hits[0].article, "report");
    assert_eq!(answer.suggestion.as_deref(), Some("pothole"));
}

#[test]
fn a_word_of_another_alphabet_is_found_while_typed() {
    let index = index(vec![
        text(
            "en",
            "en",
            "Registration of residents",
            "At the district office.",
        ),
        text(
            "vi",
            "vi",
            "Đăng ký người nước ngoài",
            "Tại văn phòng quận.",
        ),
        text("mn", "mn", "Гадаадын иргэний бүртгэл", "Дүүргийн албан."),
        text("ja", "ja", "外国人登録", "区役所で。"),
    ]);
    for (typed, wanted) in [
        ("re", "en"),
        ("registrati", "en"),
        ("registrations", "en"),
        ("nguoi nu", "vi"),
        ("гада", "mn"),
        ("бүртг", "mn"),
        ("外", "ja"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}
