//! Six languages, each by its own habits, and one language finding what is written in another.

use super::{ask, first, index, text};
use search::{Document, Query};

#[test]
fn korean_endings_do_not_matter() {
    let index = super::korean();
    for (typed, wanted) in [
        ("여권이 없어졌어요", "passport"),
        ("소음 때문에", "noise"),
        ("어린이집에 보내려면", "childcare"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn english_is_stemmed() {
    let index = index(vec![
        text(
            "renew",
            "en",
            "Renewing permits",
            "Applications take five days.",
        ),
        text("fine", "en", "Paying fines", "Fines are paid online."),
    ]);
    for (typed, wanted) in [
        ("renewal of a permit", "renew"),
        ("apply application", "renew"),
        ("FINE", "fine"),
        ("ｐａｙ ｆｉｎｅ", "fine"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn vietnamese_is_found_with_and_without_accents() {
    let index = index(vec![
        text(
            "register",
            "vi",
            "Đăng ký người nước ngoài",
            "Tại văn phòng quận.",
        ),
        text("waste", "vi", "Phân loại rác thải", "Theo ngày trong tuần."),
        text("fruit", "vi", "Chợ dừa", "Mua dừa."),
        text("deliver", "vi", "Chợ đưa", "Mua đưa."),
    ]);
    for (typed, wanted) in [
        ("đăng ký người nước ngoài", "register"),
        ("dang ky nguoi nuoc ngoai", "register"),
        ("rac thai", "waste"),
        // As a keyboard that types accents apart sends it.
        ("ra\u{301}c tha\u{309}i", "waste"),
        // With accents the word itself goes first.
        ("dừa", "fruit"),
        ("đưa", "deliver"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn mongolian_is_found_by_any_form_and_any_keyboard() {
    let index = index(vec![
        text("waste", "mn", "Хог хаягдлын хуваарь", "Даваа гарагт."),
        text("work", "mn", "Хөдөлмөр эрхлэлт", "Ажил хайж буй иргэд."),
        text("doctor", "mn", "Эмнэлгийн цаг", "Утсаар."),
    ]);
    for (typed, wanted) in [
        ("хог хаягдал", "waste"),
        ("хөдөлмөрийн", "work"),
        ("ходолмор", "work"),
        ("ЭМНЭЛЭГ", "doctor"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn chinese_and_japanese_need_no_spaces() {
    let index = index(vec![
        text("tax", "ja", "住民税の納付", "口座振替もできます。"),
        text(
            "card",
            "ja",
            "外国人登録証をなくしたとき",
            "区役所の窓口で再発行します。",
        ),
        text("waste", "zh", "大型垃圾如何丢弃", "请先购买贴纸。"),
        text("school", "zh", "外国学生入学", "向教育局申请。"),
    ]);
    for (typed, wanted) in [
        ("登録証", "card"),
        ("住民税", "tax"),
        ("口座", "tax"),
        ("ナクシタトキ", "card"),
        ("大型垃圾", "waste"),
        ("丢弃垃圾", "waste"),
        ("入学", "school"),
    ] {
        assert_eq!(first(&index, typed), wanted, "{typed}");
    }
}

#[test]
fn a_query_in_one_language_finds_articles_written_in_another() {
    let index = index(vec![
        text(
            "register",
            "ko",
            "외국인 등록",
            "출입국 사무소에서 등록합니다.",
        ),
        text(
            "register",
            "vi",
            "Đăng ký người nước ngoài",
            "Tại văn phòng xuất nhập cảnh.",
        ),
        text("waste", "ko", "쓰레기 배출 요일", "월요일과 목요일."),
        text("waste", "mn", "Хог гаргах өдөр", "Даваа, пүрэв."),
    ]);
    let query = |text: &str, languages: &[&str]| {
        let query = Query {
            text: text.to_owned(),
            languages: languages.iter().map(ToString::to_string).collect(),
            ..Query::default()
        };
        index.search(&query).unwrap()
    };
    // A Korean counselor hears a Vietnamese word: the article is the same one.
    let answer = query("đăng ký", &["ko"]);
    assert_eq!(answer.hits.len(), 1);
    assert_eq!(
        (&*answer.hits[0].article, &*answer.hits[0].language),
        ("register", "vi")
    );
    let answer = query("хог", &["ko"]);
    assert_eq!(answer.hits[0].article, "waste");
    let answer = query("등록", &["vi"]);
    assert_eq!(
        (&*answer.hits[0].article, &*answer.hits[0].language),
        ("register", "ko")
    );
}

#[test]
fn the_language_that_is_read_goes_first() {
    let index = index(vec![
        text("a", "ko", "120", "전화 120"),
        text("a", "vi", "120", "Gọi 120"),
        text("a", "en", "120", "Call 120"),
    ]);
    for language in ["ko", "vi", "en"] {
        let query = Query {
            text: "120".to_owned(),
            languages: vec![language.to_owned()],
            ..Query::default()
        };
        let answer = index.search(&query).unwrap();
        assert_eq!(answer.hits.len(), 1, "an article is named once");
        assert_eq!(answer.hits[0].language, language);
    }
}

/// Sentences that people wrote: each is found by itself, without accents, and without spaces where
/// the language can do without.
#[test]
fn sentences_of_six_languages_are_found() {
    let files = [
        ("ko", "tatoeba.kor-eng.kor"),
        ("zh", "tatoeba.cmn-eng.cmn"),
        ("ja", "tatoeba.jpn-eng.jpn"),
        ("vi", "tatoeba.vie-eng.vie"),
        ("mn", "tatoeba.mon-eng.mon"),
        ("en", "tatoeba.kor-eng.eng"),
    ];
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/languages"
    );
    let mut documents: Vec<Document> = Vec::new();
    for (language, file) in files {
        let Ok(sentences) = std::fs::read_to_string(format!("{folder}/{file}")) else {
            eprintln!("skipped: {file} is not on this machine");
            return;
        };
        let mut known = std::collections::BTreeSet::new();
        for sentence in sentences
            .lines()
            .filter(|line| known.insert(line.to_lowercase()))
            .take(150)
        {
            let code = format!("{language}-{}", documents.len());
            documents.push(text(&code, language, "", sentence));
        }
    }
    let index = index(documents.clone());
    for (language, _) in files {
        let (mut asked, mut found, mut plain) = (0, 0, 0);
        for document in documents
            .iter()
            .filter(|document| document.language == language)
        {
            let has = |text: &str| {
                let hits = ask(&index, text).hits;
                usize::from(hits.iter().any(|hit| hit.article == document.article))
            };
            asked += 1;
            found += has(&document.body);
            plain += has(&plainly(&document.body, language));
        }
        eprintln!("{language}: {found} and plainly {plain} of {asked}");
        assert!(found * 100 >= asked * 99, "{language}: {found} of {asked}");
        assert!(
            plain * 100 >= asked * 97,
            "{language}, plainly: {plain} of {asked}"
        );
    }
}

/// As it is typed in a hurry.
fn plainly(sentence: &str, language: &str) -> String {
    match language {
        "ko" => sentence.replace(' ', ""),
        "vi" => {
            let letters = sentence.chars().map(|letter| match letter {
                'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ắ' | 'ằ' | 'ặ' | 'â' | 'ấ' | 'ầ' | 'ậ' => {
                    'a'
                }
                'ư' | 'ừ' | 'ứ' | 'ự' | 'ú' | 'ù' => 'u',
                'ô' | 'ố' | 'ồ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ợ' | 'ó' | 'ò' | 'ọ' => {
                    'o'
                }
                'đ' | 'Đ' => 'd',
                other => other,
            });
            letters.collect()
        }
        "mn" => sentence.replace(['ө', 'Ө'], "о").replace(['ү', 'Ү'], "у"),
        _ => sentence.to_uppercase(),
    }
}
