//! The library: what is taken in comes out, what fails leaves nothing, every tampering is named,
//! and the tables built anew are the same.

use crate::on_both;
use crate::paper::Paper;
use center::city::{City, ContactId, CounselorId, Language};
use center::event::Fortune;
use center::knowledge::{
    ArticleId, Audience, Entry, Facts, Gap, LibraryEvent, Mark, NoticeId, Owed, Said, Season,
    Status, SynonymId, Text, TextState, Variant,
};
use center::time::{DAY_MS, Day, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::library::{ArticleSearch, Library, UseKind, entry_digest, text_digest, word_digest};
use store::{Archive, Failure, Fault, Report};

const KIM: CounselorId = CounselorId(1);
const START: Time = Time(20_787 * DAY_MS);

fn text(title: &str) -> Text {
    let variant = Variant {
        telephone: "02-900-0001".into(),
        ..Variant::default()
    };
    Text {
        title: title.into(),
        answer: format!("{title}: the answer."),
        questions: vec![format!("How about {title}?")],
        variants: BTreeMap::from([("north".into(), variant)]),
        ..Text::default()
    }
}

fn mark(text: &Text, revised: Time, state: TextState) -> Mark {
    Mark {
        digest: text_digest(text).0,
        title: text.title.clone(),
        state,
        revised,
        flawed: false,
    }
}

/// Drafts an article in Korean and English and takes it into the next transaction.
async fn drafted(library: &mut Library, code: &str, owner: &str, at: Time) -> ArticleId {
    let article = library.next_article();
    let (ko, en) = (
        text(&format!("{code} 제목")),
        text(&format!("{code} Title")),
    );
    library.keep_text(&ko);
    library.keep_text(&en);
    library.keep_words("because");
    let first = LibraryEvent::Drafted {
        article,
        code: code.into(),
        author: Some(KIM),
        sample: false,
    };
    library.add(at, &first).await.unwrap();
    let marks = BTreeMap::from([
        (Language::Ko, mark(&ko, at, TextState::Human)),
        (
            Language::En,
            mark(&en, Time(at.0 - 1), TextState::Unchecked),
        ),
    ]);
    let facts = Facts {
        category: "TRF-03-02".into(),
        owner: owner.into(),
        audience: Audience::Citizen,
        season: Some(Season::Winter),
        ..Facts::default()
    };
    let revised = LibraryEvent::Revised {
        article,
        revision: 1,
        author: Some(KIM),
        reason: library.words_digest("because"),
        facts,
        marks,
        back_to: None,
    };
    library.add(at, &revised).await.unwrap();
    article
}

fn published(article: ArticleId, day: i32) -> LibraryEvent {
    LibraryEvent::Published {
        article,
        revision: 1,
        author: None,
        reason: String::new(),
        assured: Day(day),
    }
}

async fn ready(paper: &Paper, city: &Arc<City>) -> (Library, Archive) {
    let (journal, archive) = paper.open().await;
    let mut library = journal.library().await.unwrap();
    library.recover(city).await.unwrap();
    (library, archive)
}

/// Two articles with comments, a rating, gaps and a notice.
async fn written(paper: &Paper) -> Archive {
    let (mut library, archive) = ready(paper, &paper.city).await;
    let first = drafted(&mut library, "parking", "PRK", START).await;
    library.add(START, &published(first, 20_787)).await.unwrap();
    drafted(&mut library, "water", "WTR", START + 5).await;
    library.commit().await.unwrap();
    library.keep_words("the fee is wrong");
    let words = library.words_digest("the fee is wrong");
    let comment = LibraryEvent::Commented {
        article: first,
        comment: 1,
        author: Some(KIM),
        words,
        contact: None,
    };
    library.add(START + 9, &comment).await.unwrap();
    for helped in [true, false] {
        let rated = LibraryEvent::Rated {
            article: first,
            language: Language::En,
            helped,
            words: String::new(),
            author: None,
            contact: None,
        };
        library.add(START + 10, &rated).await.unwrap();
    }
    let used = LibraryEvent::Used {
        article: first,
        revision: 1,
        author: Some(KIM),
        contact: ContactId(5),
        language: Language::En,
        district: "north".into(),
        sent: true,
        words: library.words_digest("the fee is wrong"),
    };
    library.add(START + 11, &used).await.unwrap();
    assert_eq!(library.uses(ContactId(5)).await.unwrap().len(), 1);
    for at in [20, 30] {
        library.keep_words("bear in the park");
        let missed = LibraryEvent::Missed {
            gap: Gap::NoClick,
            language: Language::En,
            words: library.words_digest("bear in the park"),
            category: String::new(),
        };
        library.add(START + at, &missed).await.unwrap();
    }
    let texts = BTreeMap::from([("en".to_owned(), "No water in the north".to_owned())]);
    library.keep_notice(&texts);
    let notice = LibraryEvent::NoticeRaised {
        notice: NoticeId(1),
        author: Some(KIM),
        digest: store::library::notice_digest(&texts).0,
        from: START,
        until: START + DAY_MS,
        audience: Audience::Citizen,
        prompt: String::new(),
        article: Some(first),
    };
    library.add(START + 40, &notice).await.unwrap();
    library.commit().await.unwrap();
    archive
}

fn entry(word: &str, meant: &str) -> Entry {
    Entry {
        word: word.into(),
        meant: vec![meant.into()],
    }
}

/// Takes an entry of the table of synonyms into the next transaction.
async fn set(library: &mut Library, synonym: u64, entry: &Entry) {
    library.keep_entry(entry);
    let set = LibraryEvent::SynonymSet {
        synonym: SynonymId(synonym),
        author: Some(KIM),
        word: word_digest(entry),
        digest: entry_digest(entry).0,
    };
    library.add(START + 50, &set).await.unwrap();
}

/// A table of synonyms: one entry changed, one removed.
async fn tabled(paper: &Paper, city: &Arc<City>) -> (Library, Archive) {
    let (mut library, archive) = ready(paper, city).await;
    set(&mut library, 1, &entry("딱지", "과태료")).await;
    set(&mut library, 2, &entry("민증", "주민등록증")).await;
    library.commit().await.unwrap();
    set(&mut library, 1, &entry("딱지", "과태료 고지서")).await;
    let removed = LibraryEvent::SynonymRemoved {
        synonym: SynonymId(2),
        author: None,
    };
    library.add(START + 60, &removed).await.unwrap();
    library.commit().await.unwrap();
    (library, archive)
}

fn names(report: &Report, what: &str) -> bool {
    report.differences.iter().any(|found| found.contains(what))
}

on_both!(what_is_taken_in_comes_out, paper, {
    let archive = written(&paper).await;
    let id = archive.find_article("parking").await.unwrap().unwrap();
    let article = archive.article(id).await.unwrap().unwrap();
    assert_eq!(article.counted, Status::Published);
    assert_eq!((article.ratings, article.open_comments()), ((1, 1), 1));
    let whole = archive.whole_article(id, false).await.unwrap().unwrap();
    assert_eq!(whole.texts[&Language::Ko], text("parking 제목"));
    let (published, last) = archive
        .whole_articles(ArticleId(0), 9, false)
        .await
        .unwrap();
    assert_eq!(last, Some(ArticleId(2)));
    assert_eq!(published.len(), 1, "the other is a draft");
    let all = archive.whole_articles(ArticleId(0), 9, true).await.unwrap();
    assert_eq!(all.0.len(), 2);
    let none = archive.whole_articles(ArticleId(2), 9, true).await.unwrap();
    assert_eq!(none, (Vec::new(), None));
    let known = archive
        .articles_by_code(&["water", "none", "parking"])
        .await
        .unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known["parking"].texts, whole.texts);
    let reason = article.latest().unwrap().reason.clone();
    let words = archive.library_words(&[&reason]).await.unwrap();
    assert_eq!(words[&reason], "because");
    let gaps = archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    assert_eq!((gaps.len(), gaps[0].1.open), (1, 2));
    let gaps = archive.library_gaps(Gap::NoHelp, 9).await.unwrap();
    assert_eq!(gaps[0].0.about, "parking");
    let notices = archive.notices(START + 41).await.unwrap();
    assert_eq!(notices[0].1["en"], "No water in the north");
    assert!(archive.notices(START + DAY_MS).await.unwrap().is_empty());
    let comments = archive.open_comments(9).await.unwrap();
    assert_eq!(comments.len(), 1);
    let (changed, seq) = archive.articles_since(0).await.unwrap();
    assert_eq!(changed.len(), 2);
    assert!(archive.articles_since(seq).await.unwrap().0.is_empty());
    let history = archive.article_history(id).await.unwrap();
    assert_eq!(history.len(), 7);
    let uses = archive.article_uses(ContactId(5)).await.unwrap();
    assert_eq!(uses[0].0.what, UseKind::Sent);
    assert_eq!((uses.len(), uses[0].1.used), (1, 1));
    assert!(archive.article_uses(ContactId(6)).await.unwrap().is_empty());
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    assert_eq!((report.library_events, report.articles), (12, 2));
});

on_both!(a_unit_is_told_of_each_asking_once, paper, {
    let (mut library, archive) = ready(&paper, &paper.city).await;
    let article = drafted(&mut library, "parking", "PRK", START).await;
    library
        .add(START, &published(article, 20_787))
        .await
        .unwrap();
    let day = Day(20_967);
    let asked = LibraryEvent::CheckAsked {
        article,
        author: None,
        reason: String::new(),
        on: day,
        due: Day(20_974),
    };
    let passed = |status| LibraryEvent::StatusPassed {
        article,
        status,
        on: day,
    };
    library.add(START, &asked).await.unwrap();
    library.add(START, &passed(Status::Due)).await.unwrap();
    library.commit().await.unwrap();
    let (owed, units, next) = library.owed(day).await.unwrap();
    let due = Owed {
        article,
        due: Day(20_974),
        overdue: false,
    };
    assert_eq!(owed, BTreeMap::from([("PRK".to_owned(), vec![due])]));
    assert!(units.is_empty() && next == 1);
    let mailed = LibraryEvent::UnitAsked {
        unit: "PRK".into(),
        letter: 1,
        on: day,
        articles: vec![due],
    };
    library.add(START + 1, &mailed).await.unwrap();
    library.commit().await.unwrap();
    let open = archive.open_unit_letters().await.unwrap();
    assert_eq!((open.len(), open[0].fortune.as_str()), (1, "queued"));
    let told = archive.unit_letter_articles(1).await.unwrap();
    assert_eq!((told[0].0.code.as_str(), told[0].1), ("parking", due));
    let (owed, units, next) = library.owed(day).await.unwrap();
    assert!(owed.is_empty() && units.contains("PRK") && next == 2);
    let reached = LibraryEvent::UnitReached {
        unit: "PRK".into(),
        letter: 1,
        on: day,
        fortune: Fortune::Delivered,
    };
    library.add(START + 2, &reached).await.unwrap();
    // Told again once it is overdue.
    library
        .add(START + 3, &passed(Status::Overdue))
        .await
        .unwrap();
    library.commit().await.unwrap();
    assert!(archive.open_unit_letters().await.unwrap().is_empty());
    let (owed, ..) = library.owed(Day(20_975)).await.unwrap();
    assert!(owed["PRK"][0].overdue);
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(lists_are_narrowed_and_paged, paper, {
    let archive = written(&paper).await;
    let list = async |change: fn(&mut ArticleSearch)| {
        let mut search = ArticleSearch {
            limit: 10,
            ..ArticleSearch::default()
        };
        change(&mut search);
        let rows = archive.articles(&search).await.unwrap();
        rows.into_iter().map(|row| row.code).collect::<Vec<_>>()
    };
    assert_eq!(list(|_| {}).await, ["parking", "water"]);
    assert_eq!(list(|s| s.statuses = vec![Status::Draft]).await, ["water"]);
    assert_eq!(list(|s| s.drafts = true).await, ["water"]);
    assert_eq!(list(|s| s.commented = true).await, ["parking"]);
    assert_eq!(list(|s| s.owners = vec!["WTR".into()]).await, ["water"]);
    assert_eq!(list(|s| s.season = Some(Season::Summer)).await, [""; 0]);
    assert_eq!(list(|s| s.category = "TRF-03".into()).await.len(), 2);
    assert_eq!(list(|s| s.words = "WATER titLE".into()).await, ["water"]);
    assert_eq!(list(|s| s.words = "100%_!".into()).await, [""; 0]);
    let older = |s: &mut ArticleSearch| s.language = Some((Language::En, "older".into()));
    assert_eq!(list(older).await.len(), 2);
    let missing = |s: &mut ArticleSearch| s.language = Some((Language::Vi, "missing".into()));
    assert_eq!(list(missing).await.len(), 2);
    let search = ArticleSearch {
        limit: 1,
        ..ArticleSearch::default()
    };
    let first = archive.articles(&search).await.unwrap();
    let before = Some((first[0].changed, first[0].id));
    let second = archive.articles(&ArticleSearch { before, ..search }).await;
    assert_eq!(second.unwrap()[0].code, "water");
    assert_eq!(first[0].title(Language::En), "parking Title");
    assert_eq!(first[0].title(Language::Mn), "parking 제목");
});

on_both!(a_transaction_that_fails_leaves_nothing, paper, {
    let (mut library, archive) = ready(&paper, &paper.city).await;
    let faults = library.faults();
    let mut failed = 0;
    for statement in 1.. {
        drafted(&mut library, "parking", "PRK", START).await;
        faults.next(Fault::Write(statement));
        match library.commit().await {
            Err(Failure::Engine(_)) => failed += 1,
            Err(other) => panic!("{other}"),
            Ok(()) => break,
        }
        assert_eq!(archive.find_article("parking").await.unwrap(), None);
        library.recover(&paper.city).await.unwrap();
        assert_eq!(library.next_article(), ArticleId(1));
    }
    assert!(
        failed >= 5,
        "journal, texts, words, article, head: {failed}"
    );
    faults.next(Fault::Commit);
    drafted(&mut library, "water", "WTR", START).await;
    assert!(library.commit().await.is_err());
    library.recover(&paper.city).await.unwrap();
    drafted(&mut library, "water", "WTR", START).await;
    library.commit().await.unwrap();
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
});

on_both!(tables_built_anew_are_the_same, paper, {
    let archive = written(&paper).await;
    drop(archive);
    let before = paper.audit().await;
    assert!(before.clean());
    // Other rules: everything is built anew at the next start.
    let mut city = (*paper.city).clone();
    city.library.check_days = 10;
    let city = Arc::new(city);
    let (mut library, archive) = ready(&paper, &city).await;
    let report = store::audit(&paper.place, &city).await.unwrap();
    assert!(report.clean(), "{:?}", report.differences);
    assert_eq!(report.articles, 2);
    assert_eq!(archive.open_comments(9).await.unwrap().len(), 1);
    assert_eq!(
        archive.library_gaps(Gap::NoClick, 9).await.unwrap().len(),
        1
    );
    let due = library.due(Day(20_797)).await.unwrap();
    assert_eq!(due, [ArticleId(1)]);
    drafted(&mut library, "tax", "TAX", START + 60).await;
    library.commit().await.unwrap();
});

on_both!(every_tampering_in_the_library_is_named, paper, {
    written(&paper).await;
    paper.unguard().await;
    let cases = [
        (
            "UPDATE journal SET body = REPLACE(body, 'PRK', 'PRQ') WHERE stream = 2",
            "UPDATE journal SET body = REPLACE(body, 'PRQ', 'PRK') WHERE stream = 2",
            "library event 2 was changed",
        ),
        (
            "UPDATE journal SET at = at + 1 WHERE stream = 2 AND seq = 3",
            "UPDATE journal SET at = at - 1 WHERE stream = 2 AND seq = 3",
            "library event 3 was changed",
        ),
        (
            "UPDATE article SET status = 'hidden' WHERE code = 'parking'",
            "UPDATE article SET status = 'published' WHERE code = 'parking'",
            "article 1 differs from its events in: status",
        ),
        (
            "UPDATE library_text SET body = REPLACE(body, 'answer.', 'answes.')",
            "UPDATE library_text SET body = REPLACE(body, 'answes.', 'answer.')",
            "is not the one that was written",
        ),
        (
            "UPDATE library_words SET text = 'the fee is right' WHERE text LIKE 'the fee%'",
            "UPDATE library_words SET text = 'the fee is wrong' WHERE text LIKE 'the fee%'",
            "are not those that were written",
        ),
        (
            "UPDATE library_gap SET total = total + 1 WHERE gap = 'no_click'",
            "UPDATE library_gap SET total = total - 1 WHERE gap = 'no_click'",
            "differs from its events in: total",
        ),
        (
            "UPDATE notice SET until = until + 1",
            "UPDATE notice SET until = until - 1",
            "notice 1 differs from its events in: until",
        ),
        (
            "UPDATE article_comment SET author = 2",
            "UPDATE article_comment SET author = 1",
            "comment 1 1 differs from its events in: author",
        ),
        (
            "UPDATE article_event SET article = 3 WHERE seq = 1",
            "UPDATE article_event SET article = 1 WHERE seq = 1",
            "event of an article 3 1 is listed but no event tells of it",
        ),
    ];
    for (done, undone, said) in cases {
        paper.tamper(done).await.unwrap();
        let report = paper.audit().await;
        assert!(names(&report, said), "{done}: {:?}", report.differences);
        paper.tamper(undone).await.unwrap();
        let report = paper.audit().await;
        assert!(report.clean(), "{undone}: {:?}", report.differences);
    }
    paper
        .tamper(
            "DELETE FROM journal WHERE stream = 2 \
             AND seq = (SELECT max(seq) FROM journal WHERE stream = 2)",
        )
        .await
        .unwrap();
    let report = paper.audit().await;
    assert!(names(&report, "was written last"));
});

on_both!(the_table_of_synonyms_is_what_was_written, paper, {
    let (library, archive) = tabled(&paper, &paper.city).await;
    let table = archive.synonyms().await.unwrap();
    assert_eq!(table.len(), 1);
    assert_eq!(table[0].1, entry("딱지", "과태료 고지서"));
    assert_eq!(table[0].0.author, Some(KIM));
    let all = archive.synonym_table().await.unwrap();
    let removed: Vec<bool> = all.iter().map(|one| one.removed).collect();
    assert_eq!(removed, [false, true]);
    assert_eq!(library.synonyms().next(), SynonymId(3));
    drop((library, archive));
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    // Other rules: everything is built anew at the next start.
    let mut city = (*paper.city).clone();
    city.library.check_days = 10;
    let city = Arc::new(city);
    let (library, archive) = ready(&paper, &city).await;
    assert_eq!(archive.synonym_table().await.unwrap(), all);
    drop((library, archive));
    for (done, undone, said) in [
        (
            "UPDATE synonym SET removed = 0 WHERE synonym = 2",
            "UPDATE synonym SET removed = 1 WHERE synonym = 2",
            "synonym 2 differs from its events in: removed",
        ),
        (
            "UPDATE library_text SET body = REPLACE(body, '고지서', '고발장')",
            "UPDATE library_text SET body = REPLACE(body, '고발장', '고지서')",
            "is not the one that was written",
        ),
    ] {
        paper.tamper(done).await.unwrap();
        let report = store::audit(&paper.place, &city).await.unwrap();
        assert!(names(&report, said), "{done}: {:?}", report.differences);
        paper.tamper(undone).await.unwrap();
        let report = store::audit(&paper.place, &city).await.unwrap();
        assert!(report.clean(), "{undone}: {:?}", report.differences);
    }
});

on_both!(
    a_table_of_synonyms_that_was_not_written_is_not_there,
    paper,
    {
        let (mut library, archive) = ready(&paper, &paper.city).await;
        set(&mut library, 1, &entry("딱지", "과태료")).await;
        library.faults().next(Fault::Commit);
        assert!(library.commit().await.is_err());
        library.recover(&paper.city).await.unwrap();
        assert_eq!(library.synonyms().next(), SynonymId(1));
        assert!(archive.synonyms().await.unwrap().is_empty());
    }
);

/// Erases words of a kind that were written last before an instant.
async fn erase(library: &mut Library, said: Said, before: Time) -> usize {
    let due = library.due_words(said, before, 9).await.unwrap();
    for key in &due {
        let erased = LibraryEvent::WordsErased {
            article: key.article,
            said,
            words: vec![key.digest.clone()],
        };
        library.add(before, &erased).await.unwrap();
    }
    library.commit().await.unwrap();
    due.len()
}

on_both!(
    words_are_erased_when_nothing_points_to_them_any_more,
    paper,
    {
        drop(written(&paper).await);
        let (mut library, archive) = ready(&paper, &paper.city).await;
        let used = archive.article(ArticleId(1)).await.unwrap().unwrap();
        assert_eq!(
            archive.searches_of(&used).await.unwrap(),
            ["the fee is wrong"]
        );
        let digest = |words: &str| library.words_digest(words);
        let (fee, bear, why) = (
            digest("the fee is wrong"),
            digest("bear in the park"),
            digest("because"),
        );
        let left = async || {
            let known = archive.library_words(&[&fee, &bear, &why]).await.unwrap();
            known.into_values().collect::<Vec<_>>()
        };
        assert_eq!(left().await.len(), 3);
        // The bear was searched for twice, the last time at 30.
        assert_eq!(erase(&mut library, Said::Search, START + 30).await, 1);
        let found = archive.article(ArticleId(1)).await.unwrap().unwrap();
        assert_eq!(
            found.used_for, [""; 0],
            "the article has forgotten its search"
        );
        assert_eq!((found.used, found.changed), (used.used, used.changed));
        assert_eq!(left().await.len(), 3, "it was a comment as well");
        assert_eq!(erase(&mut library, Said::Search, START + 31).await, 1);
        assert!(!left().await.contains(&"bear in the park".to_owned()));
        let gaps = archive.library_gaps(Gap::NoClick, 9).await.unwrap();
        assert_eq!(gaps[0].1.open, 2, "what was counted stays");
        assert_eq!(erase(&mut library, Said::Search, START + 99).await, 0);
        let (_, seq) = archive.articles_since(0).await.unwrap();
        assert_eq!(erase(&mut library, Said::Remark, START + 10).await, 3);
        assert_eq!(left().await, [""; 0]);
        let (again, _) = archive.articles_since(seq).await.unwrap();
        assert_eq!(again.len(), 2, "the index looks at both again");
        let report = paper.audit().await;
        assert!(report.clean(), "{:?}", report.differences);
        // Said again, they are there again.
        library.keep_words("bear in the park");
        let missed = LibraryEvent::Missed {
            gap: Gap::NoClick,
            language: Language::En,
            words: bear.clone(),
            category: String::new(),
        };
        library.add(START + 200, &missed).await.unwrap();
        library.commit().await.unwrap();
        assert_eq!(left().await, ["bear in the park"]);
        drop(library);
        // Other rules: everything is built anew at the next start.
        let mut city = (*paper.city).clone();
        city.library.check_days = 10;
        let city = Arc::new(city);
        let (mut library, archive) = ready(&paper, &city).await;
        let report = store::audit(&paper.place, &city).await.unwrap();
        assert!(report.clean(), "{:?}", report.differences);
        assert_eq!(erase(&mut library, Said::Search, START + 200).await, 0);
        drop((library, archive));
        paper.tamper("DELETE FROM library_words").await.unwrap();
        let report = store::audit(&paper.place, &city).await.unwrap();
        assert!(names(&report, "are missing"), "{:?}", report.differences);
    }
);

on_both!(words_that_are_said_again_in_the_same_moment_stay, paper, {
    drop(written(&paper).await);
    let (mut library, archive) = ready(&paper, &paper.city).await;
    let bear = library.words_digest("bear in the park");
    let missed = LibraryEvent::Missed {
        gap: Gap::NoClick,
        language: Language::En,
        words: bear.clone(),
        category: String::new(),
    };
    let erased = LibraryEvent::WordsErased {
        article: None,
        said: Said::Search,
        words: vec![bear.clone()],
    };
    let known = async || archive.library_words(&[&bear]).await.unwrap().len();
    // Searched for, then due: it is not due any more.
    library.add(START + 70, &missed).await.unwrap();
    library.keep_words("bear in the park");
    let due = library
        .due_words(Said::Search, START + 60, 9)
        .await
        .unwrap();
    assert!(due.iter().all(|key| key.digest != bear), "{due:?}");
    library.commit().await.unwrap();
    // Erased, then searched for.
    library.add(START + 80, &erased).await.unwrap();
    library.add(START + 80, &missed).await.unwrap();
    library.keep_words("bear in the park");
    library.commit().await.unwrap();
    assert_eq!(known().await, 1);
    // Erased in a transaction that fails.
    library.add(START + 90, &erased).await.unwrap();
    library.faults().next(Fault::Commit);
    assert!(library.commit().await.is_err());
    library.recover(&paper.city).await.unwrap();
    assert_eq!(known().await, 1);
    let report = paper.audit().await;
    assert!(report.clean(), "{:?}", report.differences);
    library.add(START + 90, &erased).await.unwrap();
    library.commit().await.unwrap();
    assert_eq!(known().await, 0);
    paper
        .tamper(&format!(
            "INSERT INTO library_words (digest, text) VALUES ('{bear}', 'bear in the park')"
        ))
        .await
        .unwrap();
    let report = paper.audit().await;
    let said = "were erased but are there";
    assert!(names(&report, said), "{:?}", report.differences);
});

on_both!(the_library_keeps_what_was_written, paper, {
    written(&paper).await;
    for text in [
        "DELETE FROM journal WHERE stream = 2",
        "UPDATE journal SET at = 0 WHERE stream = 2",
    ] {
        let refused = paper.tamper(text).await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
});

on_both!(two_librarians_do_not_write_one_library, paper, {
    let (journal, _) = paper.open().await;
    let first = journal.library().await.unwrap();
    let second = journal.library().await;
    assert!(matches!(second, Err(Failure::Taken(_))));
    drop(first);
});
