//! Words of the mails by which units are asked to assure their articles, in Korean and in English.
//! Never decides who is asked, never sends.

use center::city::{City, Language, name_in};
use center::knowledge::Owed;
use messaging::{Transcript, UnitWriter};
use std::fmt::Write as _;
use std::sync::Arc;
use store::library::{ArticleRow, UnitLetter};
use store::{Archive, Failure};

/// Articles that a mail names; the list has the rest.
const NAMED_MAX: usize = 50;

/// Writes the mails; their links begin with the origin of the city's pages.
pub fn writer(archive: Archive, city: Arc<City>, origin: &str) -> UnitWriter {
    let origin: Arc<str> = origin.trim_end_matches('/').into();
    Arc::new(move |letter: UnitLetter| {
        let (archive, city, origin) = (archive.clone(), city.clone(), origin.clone());
        Box::pin(async move {
            let articles = archive.unit_letter_articles(letter.letter).await?;
            Ok::<_, Failure>(written(&city, &origin, &letter.unit, &articles))
        })
    })
}

/// Address and mail; none for a unit that has no address any more.
fn written(
    city: &City,
    origin: &str,
    code: &str,
    articles: &[(ArticleRow, Owed)],
) -> Option<(String, Transcript)> {
    let (unit, address) = (city.library.unit(code)?, city.library.mailbox(code)?);
    let count = articles.len();
    let late = articles.iter().filter(|(_, owed)| owed.overdue).count();
    let [ko, en] = ["ko", "en"].map(|tag| name_in(&unit.names, tag));
    let subject =
        format!("[120] 상담 정보 {count}건을 확인해 주세요 / Please check {count} articles");
    let mut text = format!(
        "{ko} 담당자께\n\n120 상담 정보 가운데 귀 부서가 맡은 {count}건의 확인이 필요합니다"
    );
    if late > 0 {
        let _ = write!(text, " (기한 지남 {late}건)");
    }
    text.push_str(
        ".\n내용이 맞으면 아래 주소에서 \"확인\"을, 다르면 \"고치기\"를 눌러 주세요. \
         기한이 지난 글은 노란 표시와 함께 보이고, 그 뒤에는 시민에게 보이지 않습니다.\n\n",
    );
    list(&mut text, origin, Language::Ko, articles);
    let _ = write!(
        text,
        "\n전체 목록: {origin}/library?owner={code}\n\n----\n\nTo {en}\n\n\
         {count} articles of the 120 counseling information that your unit owns need a check"
    );
    if late > 0 {
        let _ = write!(text, " ({late} overdue)");
    }
    text.push_str(
        ".\nPlease open each and assure it, or correct it. An overdue article is shown with a \
         yellow bar, and later hidden from citizens.\n\n",
    );
    list(&mut text, origin, Language::En, articles);
    let _ = writeln!(text, "\nAll of them: {origin}/library?owner={code}");
    Some((address.to_owned(), Transcript { subject, text }))
}

/// One line and one link for each article.
fn list(text: &mut String, origin: &str, language: Language, articles: &[(ArticleRow, Owed)]) {
    for (row, owed) in articles.iter().take(NAMED_MAX) {
        let due = match (language, owed.overdue) {
            (Language::Ko, true) => format!("기한 지남, {}까지였음", owed.due),
            (Language::Ko, false) => format!("{}까지", owed.due),
            (_, true) => format!("overdue since {}", owed.due),
            (_, false) => format!("by {}", owed.due),
        };
        let _ = writeln!(
            text,
            "- {} ({due})\n  {origin}/library/a/{}",
            row.title(language),
            row.code
        );
    }
    let more = articles.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        let _ = writeln!(text, "… +{more}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use center::knowledge::{ArticleId, Audience, Status};
    use center::time::{Day, Time};
    use std::path::Path;

    fn row(code: &str) -> ArticleRow {
        ArticleRow {
            id: ArticleId(1),
            code: code.to_owned(),
            status: Status::Due,
            revision: 1,
            published: 1,
            review: false,
            owner: "CIV".to_owned(),
            category: String::new(),
            audience: Audience::Citizen,
            season: None,
            source: Language::Ko,
            valid_until: None,
            assured: None,
            due: None,
            titles: vec![(Language::Ko, "여권".to_owned())],
            languages: Vec::new(),
            comments: 0,
            ratings: (0, 0),
            used: 0,
            sample: true,
            changed: Time(0),
        }
    }

    #[test]
    fn a_mail_names_what_is_asked_for_with_links_in_two_languages() {
        let city = crate::city::read(Path::new("/nonexistent")).unwrap().city;
        let owed = |overdue| Owed {
            article: ArticleId(1),
            due: Day(20_974),
            overdue,
        };
        let mut articles = vec![(row("late"), owed(true))];
        articles.extend((0..60).map(|_| (row("new"), owed(false))));
        let (to, mail) = written(&city, "https://120.example", "CIV", &articles).unwrap();
        assert_eq!(to, "civil@haneul.example");
        assert!(mail.subject.contains("61"), "{}", mail.subject);
        for words in [
            "기한 지남 1건",
            "1 overdue",
            "https://120.example/library/a/late",
            "https://120.example/library?owner=CIV",
            "… +11",
        ] {
            assert!(mail.text.contains(words), "{words}: {}", mail.text);
        }
        assert_eq!(written(&city, "x", "NOBODY", &articles), None);
    }
}
