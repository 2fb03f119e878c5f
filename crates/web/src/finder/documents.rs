//! What the index holds of an article: a document for each text that is read. Never a search.

use super::{CITIZEN, COUNSELOR};
use center::city::Language;
use center::knowledge::{Library, Mark, Season, Text};
use center::time::Day;
use search::Document;
use std::collections::BTreeMap;
use store::library::Whole;

/// Every text that is read of an article: for each language that of the whole city, and that of
/// each district where it differs.
pub(super) fn documents(
    whole: &Whole,
    searches: &[String],
    library: &Library,
    today: Day,
) -> Vec<Document> {
    let Some(version) = whole.version() else {
        return Vec::new();
    };
    let (article, facts) = (&whole.article, &version.facts);
    let audience = if article.citizens_see(library, today) {
        CITIZEN
    } else {
        COUNSELOR
    };
    let assured = article.assured.map_or(0, |day| i64::from(day.0));
    let common = Document {
        article: article.code.clone(),
        category: facts.category.clone(),
        owner: facts.owner.clone(),
        audience: audience.to_owned(),
        season: facts.season.map_or("", Season::code).to_owned(),
        revised: assured,
        used: u64::from(article.used) + u64::from(article.ratings.0),
        ..Document::default()
    };
    let mut documents = Vec::new();
    for (language, text) in &whole.texts {
        let revised = revised(&version.marks, *language);
        let common = Document {
            language: language.code().to_owned(),
            revised: assured.max(revised),
            used_for: of_language(searches, *language, whole),
            ..common.clone()
        };
        documents.push(document(&common, text));
        for district in text.variants.keys() {
            let there = Document {
                district: district.clone(),
                ..common.clone()
            };
            documents.push(document(&there, &text.in_district(district)));
        }
    }
    documents
}

/// The searches that are in the language of a text; those in none of the article's languages stand
/// with its source.
fn of_language(searches: &[String], language: Language, whole: &Whole) -> Vec<String> {
    let source = whole.version().map(|version| version.facts.source);
    let here = |words: &&String| {
        let written = written_in(words);
        let none = !written.iter().any(|one| whole.texts.contains_key(one));
        written.contains(&language) || (none && source == Some(language))
    };
    searches.iter().filter(here).cloned().collect()
}

/// Languages of articles in which words may be, by their letters.
fn written_in(words: &str) -> &'static [Language] {
    let has = |wanted: fn(char) -> bool| words.chars().any(wanted);
    if has(|one| matches!(one, '\u{1100}'..='\u{11ff}' | 'ㄱ'..='ㆎ' | '가'..='힣')) {
        &[Language::Ko]
    } else if has(|one| matches!(one, 'ぁ'..='ヿ')) {
        &[Language::Ja]
    } else if has(|one| matches!(one, '㐀'..='鿿')) {
        &[Language::Zh, Language::Ja]
    } else if has(|one| matches!(one, 'Ѐ'..='ӿ')) {
        &[Language::Mn]
    } else if has(|one| matches!(one, 'À'..='ʯ' | '\u{300}'..='\u{36f}' | 'Ḁ'..='ỿ')) {
        &[Language::Vi]
    } else {
        &[Language::En, Language::Vi]
    }
}

/// The day of a text's last revision, in days since 1970-01-01.
fn revised(marks: &BTreeMap<Language, Mark>, language: Language) -> i64 {
    let mark = marks.get(&language);
    mark.map_or(0, |mark| mark.revised.0.div_euclid(center::time::DAY_MS))
}

fn document(common: &Document, text: &Text) -> Document {
    let mut body = text.details.clone();
    for part in text.documents.iter().chain([&text.fee, &text.time]) {
        if !part.is_empty() {
            body.push('\n');
            body.push_str(part);
        }
    }
    Document {
        title: text.title.clone(),
        questions: text.questions.clone(),
        synonyms: text.synonyms.clone(),
        answer: text.answer.clone(),
        body,
        place: format!("{} {}", text.office, text.telephone)
            .trim()
            .to_owned(),
        ..common.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use center::knowledge::{Article, Facts, Variant, Version};

    fn whole() -> Whole {
        let text = Text {
            title: "여권 재발급".into(),
            answer: "구청에 오시면 됩니다.".into(),
            office: "시청".into(),
            variants: BTreeMap::from([(
                "north".to_owned(),
                Variant {
                    office: "북산구청".into(),
                    ..Variant::default()
                },
            )]),
            ..Text::default()
        };
        let version = Version {
            revision: 1,
            facts: Facts {
                category: "ADM-01-02".into(),
                ..Facts::default()
            },
            ..Version::default()
        };
        let article = Article {
            code: "passport".into(),
            versions: BTreeMap::from([(1, version)]),
            published: Some(1),
            assured: Some(Day(20_000)),
            ..Article::default()
        };
        Whole {
            article,
            revision: 1,
            texts: BTreeMap::from([(Language::Ko, text)]),
        }
    }

    #[test]
    fn a_district_has_a_text_of_its_own_and_what_is_hidden_is_for_counselors() {
        let library = Library::default();
        let found = documents(&whole(), &[], &library, Day(20_001));
        let places: Vec<_> = found.iter().map(|d| (&*d.district, &*d.place)).collect();
        assert_eq!(places, [("", "시청"), ("north", "북산구청")]);
        assert!(found.iter().all(|one| one.audience == CITIZEN));
        let later = documents(&whole(), &[], &library, Day(30_000));
        assert!(later.iter().all(|one| one.audience == COUNSELOR));
    }

    #[test]
    fn searches_stand_with_texts_of_their_language() {
        let mut whole = whole();
        let text = whole.texts[&Language::Ko].clone();
        whole.texts.insert(Language::En, text);
        let searches = ["여권 만들기", "lost passport", "паспорт"].map(str::to_owned);
        let found = documents(&whole, &searches, &Library::default(), Day(20_001));
        for document in found {
            let expected: &[&str] = match document.language.as_str() {
                "ko" => &["여권 만들기", "паспорт"],
                _ => &["lost passport"],
            };
            assert_eq!(document.used_for, expected, "{}", document.language);
        }
    }

    #[test]
    fn letters_tell_the_language() {
        for (words, first) in [
            ("CCTV 설치", Language::Ko),
            ("パスポート", Language::Ja),
            ("护照", Language::Zh),
            ("паспорт", Language::Mn),
            ("bị mất", Language::Vi),
            ("passport", Language::En),
        ] {
            assert_eq!(written_in(words)[0], first, "{words}");
        }
    }
}
