//! Tests of language detection: own sentences, and a measurement on real ones where they are here.

use super::*;

fn assert_all(language: Language, texts: &[&str]) {
    for text in texts {
        assert_eq!(detect(text), Some(language), "{text}");
    }
}

#[test]
fn the_citys_languages_are_known() {
    assert_all(
        Language::Ko,
        &[
            "가로등이 꺼졌어요",
            "Main Street 가로등이 또 고장",
            "ㅠㅠ 언제 와요",
            "民願 접수했습니다",
        ],
    );
    assert_all(
        Language::En,
        &[
            "Where do I apply?",
            "the lamp on Haneul-ro is broken",
            "Hello",
            "thank you",
        ],
    );
    assert_all(
        Language::Zh,
        &[
            "路灯坏了，什么时候修？",
            "請問垃圾什麼時候收",
            "我想吃の菜很多很多很多很多",
        ],
    );
    assert_all(
        Language::Ja,
        &[
            "街灯が消えています",
            "ゴミの日はいつですか",
            "中央駅 円 払戻",
            "ｺﾞﾐ",
        ],
    );
    assert_all(
        Language::Vi,
        &[
            "Đèn đường bị hỏng",
            "toi khong biet phai lam gi",
            "Xin chào",
            "Cho tôi hỏi giờ làm việc",
            "Tôi cần giúp",
        ],
    );
    assert_all(
        Language::Mn,
        &[
            "Гудамжны гэрэл унтарсан байна",
            "Би юу хийх вэ",
            "Сайн байна уу",
            "Хог хэзээ авах вэ?",
        ],
    );
}

#[test]
fn other_languages_are_others() {
    assert_all(
        Language::Other,
        &[
            "Bonjour, le lampadaire de ma rue est cassé",
            "Hola, la luz de mi calle no funciona desde el lunes",
            "Guten Tag, die Laterne in der Straße ist kaputt",
            "Olá, a luz da minha rua não funciona",
            "Il lampione della mia strada non funziona",
            "Selamat pagi, lampu di jalan saya tidak menyala",
            "Magandang umaga po, sira ang ilaw sa kalye",
            "Ko'chamdagi chiroq yo'q, men uchun kerak",
            "Здравствуйте, на нашей улице не работает фонарь",
            "Добрий день, на вулиці немає світла",
            "Сәлеметсіз бе, көшеде шам жанбайды",
            "Добър ден, лампата на улицата не работи",
            "ไฟถนนเสีย",
            "सडक बत्ती बिग्रियो",
            "مصباح الشارع معطل",
            "ភ្លើងតាមផ្លូវខូច",
            "Lampa na mojej ulicy nie świeci, proszę o pomoc",
            "Sokak lambası yanmıyor, çok karanlık",
        ],
    );
}

#[test]
fn without_letters_there_is_no_language() {
    for text in [
        "",
        "120",
        "👍👍",
        "?!",
        "https://example.org/a kim@mail.example",
    ] {
        assert_eq!(detect(text), None, "{text}");
    }
}

#[test]
fn marks_written_apart_are_the_same_vietnamese() {
    let apart = "Đe\u{300}n đươ\u{300}ng bi\u{323} ho\u{309}ng";
    assert_eq!(detect(apart), Some(Language::Vi));
}

/// Sentences of the Tatoeba collection, where it lies beside the sources; it is not part of them.
#[test]
fn real_sentences_are_told_apart() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/languages");
    let files = [
        ("tatoeba.kor-eng.kor", Language::Ko),
        ("tatoeba.kor-eng.eng", Language::En),
        ("tatoeba.vie-eng.eng", Language::En),
        ("tatoeba.jpn-eng.eng", Language::En),
        ("tatoeba.cmn-eng.cmn", Language::Zh),
        ("tatoeba.jpn-eng.jpn", Language::Ja),
        ("tatoeba.vie-eng.vie", Language::Vi),
        ("tatoeba.mon-eng.mon", Language::Mn),
    ];
    if !folder.is_dir() {
        eprintln!("skipped, NOT measured: no sentences of Tatoeba beside the sources");
        return;
    }
    let mut table = std::collections::BTreeMap::new();
    let mut long = std::collections::BTreeMap::new();
    for (file, truth) in files {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let found = detect(line).unwrap_or(Language::Other);
            let letters = line.chars().filter(|c| c.is_alphabetic()).count();
            *table.entry((truth, found)).or_insert(0usize) += 1;
            if letters >= 20 {
                let (right, all) = long.entry(truth).or_insert((0usize, 0usize));
                *right += usize::from(found == truth);
                *all += 1;
                if found != truth {
                    println!("{truth} taken for {found}: {line}");
                }
            }
        }
    }
    for ((truth, found), count) in &table {
        println!("{truth} -> {found}: {count}");
    }
    for (truth, (right, all)) in &long {
        println!("{truth}: {right} of {all} with 20 letters or more");
        assert!(right * 100 >= all * 95, "{truth}: {right} of {all}");
    }
}
