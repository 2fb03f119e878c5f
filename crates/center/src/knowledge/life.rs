//! The life of an article, from draft to retirement, as the city's officials would tell it.

use super::decide::is_address;
use super::{
    Article, ArticleId, Author, District, Facts, Library, LibraryEvent, Order, Refusal, Role, Said,
    Status, Text, Unit, Variant, Written, code_fits, decide,
};
use crate::city::{Category, City, ContactId, CounselorId, Language, OutcomeCode};
use crate::time::{DAY_MS, Day, Time, Zone};
use std::collections::{BTreeMap, BTreeSet};

const EDITOR: CounselorId = CounselorId(1);

pub(super) fn city() -> City {
    let names = BTreeMap::from([("en".to_owned(), "x".to_owned())]);
    let unit = |code: &str| Unit {
        code: code.into(),
        names: names.clone(),
        ..Unit::default()
    };
    City {
        zone: Zone::fixed(0),
        categories: vec![Category {
            code: "A-1".into(),
            names: names.clone(),
            leaf: true,
        }],
        outcomes: vec![OutcomeCode {
            code: "AN".into(),
            names: names.clone(),
        }],
        library: Library {
            units: vec![unit("WTR"), unit("TAX")],
            districts: vec![District {
                code: "north".into(),
                names,
            }],
            ..Library::default()
        },
        names: BTreeMap::new(),
        language: Language::Ko,
        queues: Vec::new(),
        menu: crate::menu::Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        texts: BTreeMap::new(),
        weights: crate::city::Weights::standard(),
        limits: crate::limit::Limits::default(),
        callbacks: false,
        texting: false,
    }
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn morning(text: &str) -> Time {
    Time(i64::from(day(text).0) * DAY_MS + 9 * 3_600_000)
}

fn written(text: &str) -> Written {
    Written {
        text: Text {
            title: text.into(),
            answer: format!("{text} is done here."),
            ..Text::default()
        },
        digest: format!("digest of {text}"),
        ..Written::default()
    }
}

/// An article and the city around it.
struct Desk {
    city: City,
    article: Option<Article>,
    now: Time,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            city: city(),
            article: None,
            now: morning("2026-11-30"),
        }
    }

    fn article(&self) -> &Article {
        self.article.as_ref().expect("it is there")
    }

    fn ask_as(&mut self, role: Role, order: &Order) -> Result<Vec<LibraryEvent>, Refusal> {
        let author = Author {
            id: Some(EDITOR),
            role,
        };
        let events = decide(&self.city, self.article.as_ref(), &author, self.now, order)?;
        for event in &events {
            let article = self.article.get_or_insert_default();
            article.apply(self.now, event);
        }
        let today = self.city.zone.civil(self.now).day;
        let article = self.article();
        assert_eq!(
            article.counted,
            article.status(&self.city.library, today),
            "what was counted last is what it is"
        );
        Ok(events)
    }

    fn ask(&mut self, order: &Order) -> Result<Vec<LibraryEvent>, Refusal> {
        self.ask_as(Role::Editor, order)
    }

    fn facts() -> Facts {
        Facts {
            category: "A-1".into(),
            outcome: "AN".into(),
            owner: "WTR".into(),
            ..Facts::default()
        }
    }

    fn draft(facts: Facts) -> Order {
        Order::Draft {
            article: ArticleId(7),
            code: "water-bill".into(),
            sample: false,
            facts,
            texts: BTreeMap::from([(Language::Ko, written("bill"))]),
            reason: String::new(),
        }
    }

    fn published() -> Desk {
        let mut desk = Desk::new();
        desk.ask(&Desk::draft(Desk::facts())).expect("a draft");
        desk.publish(1);
        desk
    }

    fn publish(&mut self, base: u32) {
        let reason = String::new();
        self.ask(&Order::AskReview {
            base,
            reason: reason.clone(),
        })
        .expect("a review");
        self.ask(&Order::Publish {
            base,
            reason,
            assured: None,
        })
        .expect("it is published");
    }

    fn on(&mut self, text: &str) -> Status {
        self.now = morning(text);
        self.ask(&Order::Tick).expect("time is never refused");
        self.article().counted
    }
}

fn why() -> String {
    "reason".into()
}

#[test]
fn nothing_is_read_before_its_unit_has_looked() {
    let mut desk = Desk::new();
    desk.ask(&Desk::draft(Desk::facts())).expect("a draft");
    assert_eq!(desk.article().counted, Status::Draft);
    let publish = Order::Publish {
        base: 1,
        reason: why(),
        assured: None,
    };
    assert_eq!(desk.ask(&publish), Err(Refusal::WrongState));
    desk.ask(&Order::AskReview {
        base: 1,
        reason: String::new(),
    })
    .expect("a review");
    assert_eq!(desk.article().counted, Status::Review);
    let back = |reason: &str| Order::SendBack {
        base: 1,
        reason: reason.into(),
    };
    assert_eq!(desk.ask(&back("")), Err(Refusal::NoReason));
    desk.ask(&back("wrong fee")).expect("it goes back");
    assert_eq!(desk.article().counted, Status::Draft);
    desk.publish(1);
    assert_eq!(desk.article().counted, Status::Published);
    assert_eq!(desk.article().assured, Some(day("2026-11-30")));
}

#[test]
fn a_new_revision_changes_nothing_that_is_read() {
    let mut desk = Desk::published();
    let mut texts = BTreeMap::from([(Language::Ko, written("bill"))]);
    let revise = |texts: &BTreeMap<Language, Written>, base| Order::Revise {
        base,
        facts: Desk::facts(),
        texts: texts.clone(),
        reason: why(),
    };
    assert_eq!(desk.ask(&revise(&texts, 1)), Err(Refusal::Unchanged));
    texts.insert(Language::En, written("the bill"));
    desk.ask(&revise(&texts, 1)).expect("a revision");
    assert_eq!(desk.article().published, Some(1));
    assert_eq!(desk.article().counted, Status::Published);
    assert!(desk.article().has_draft());
    texts.insert(Language::En, written("the water bill"));
    assert_eq!(desk.ask(&revise(&texts, 1)), Err(Refusal::Stale));
    desk.publish(2);
    assert_eq!(desk.article().published, Some(2));
    desk.ask(&Order::RollBack {
        base: 2,
        to: 1,
        reason: why(),
    })
    .expect("back to the first");
    assert_eq!(desk.article().revision(), 3);
    assert_eq!(
        desk.article().published,
        Some(2),
        "rolling back is a draft, too"
    );
    let first = &desk.article().versions[&1];
    assert_eq!(desk.article().versions[&3].marks, first.marks);
}

#[test]
fn a_translation_is_older_once_its_source_changes() {
    let mut desk = Desk::new();
    let mut texts = BTreeMap::from([
        (Language::Ko, written("one")),
        (Language::En, written("two")),
    ]);
    let order = Order::Draft {
        article: ArticleId(1),
        code: "a".into(),
        sample: false,
        facts: Desk::facts(),
        texts: texts.clone(),
        reason: String::new(),
    };
    desk.ask(&order).expect("a draft");
    let older = |desk: &Desk| desk.article().latest().expect("one").is_older(Language::En);
    assert!(!older(&desk));
    desk.now = morning("2026-12-01");
    texts.insert(Language::Ko, written("three"));
    let revise = |base, texts: &BTreeMap<Language, Written>| Order::Revise {
        base,
        facts: Desk::facts(),
        texts: texts.clone(),
        reason: String::new(),
    };
    desk.ask(&revise(1, &texts)).expect("a revision");
    assert!(older(&desk));
    let checked = Some(morning("2026-12-02"));
    desk.now = morning("2026-12-02");
    texts.get_mut(&Language::En).expect("there").revised = checked;
    desk.ask(&revise(2, &texts)).expect("checked again");
    assert!(!older(&desk));
}

#[test]
fn what_nobody_assures_turns_yellow_and_then_disappears() {
    let mut desk = Desk::published();
    let library = desk.city.library.clone();
    assert_eq!(desk.on("2027-05-28"), Status::Published);
    // 180 days after the 30th of November; five working days later is the 7th of June.
    assert_eq!(desk.on("2027-05-29"), Status::Due);
    assert_eq!(desk.article().asked.map(|a| a.1), Some(day("2027-06-04")));
    assert_eq!(desk.on("2027-06-04"), Status::Due);
    assert_eq!(desk.on("2027-06-05"), Status::Overdue);
    assert!(desk.article().citizens_see(&library, day("2027-07-04")));
    assert_eq!(desk.on("2027-07-04"), Status::Overdue);
    assert_eq!(desk.on("2027-07-05"), Status::Hidden);
    assert!(!desk.article().citizens_see(&library, day("2027-07-05")));
    assert!(Status::Hidden.counselors_see());
    desk.ask(&Order::Assure {
        reason: String::new(),
    })
    .expect("it is assured");
    assert_eq!(desk.article().counted, Status::Published);
    assert_eq!(
        desk.article().next_change(&library, day("2027-07-05")),
        Some(day("2028-01-01"))
    );
}

#[test]
fn a_center_that_slept_over_every_day_misses_none() {
    let mut daily = Desk::published();
    let mut slept = Desk::published();
    for number in 0..400 {
        daily.now = daily.now + DAY_MS * i64::from(number > 0);
        daily.ask(&Order::Tick).expect("time is never refused");
    }
    slept.now = daily.now;
    let events = slept.ask(&Order::Tick).expect("time is never refused");
    assert_eq!(slept.article().counted, Status::Hidden);
    assert_eq!(slept.article().asked, daily.article().asked);
    assert_eq!(events.len(), 2, "asked and hidden: {events:?}");
    assert_eq!(slept.ask(&Order::Tick).expect("again"), []);
}

#[test]
fn validity_begins_and_ends_by_itself() {
    let mut desk = Desk::new();
    let facts = Facts {
        valid_from: Some(day("2026-12-10")),
        valid_until: Some(day("2027-01-10")),
        ..Desk::facts()
    };
    desk.ask(&Desk::draft(facts)).expect("a draft");
    desk.publish(1);
    assert_eq!(desk.article().counted, Status::Scheduled);
    assert_eq!(desk.on("2026-12-10"), Status::Published);
    assert_eq!(desk.on("2027-01-11"), Status::Expired);
    assert!(Status::Expired.yellow() && Status::Expired.citizens_see());
    assert_eq!(desk.on("2027-02-09"), Status::Expired);
    assert_eq!(desk.on("2027-02-10"), Status::Hidden);
    let wrong = Facts {
        valid_from: Some(day("2026-12-10")),
        valid_until: Some(day("2026-12-09")),
        ..Desk::facts()
    };
    assert_eq!(Desk::new().ask(&Desk::draft(wrong)), Err(Refusal::BadTime));
}

#[test]
fn what_is_retired_comes_back_as_a_draft_only() {
    let mut desk = Desk::published();
    let retire = |reason: &str| Order::Retire {
        reason: reason.into(),
    };
    assert_eq!(desk.ask(&retire("")), Err(Refusal::NoReason));
    desk.ask(&retire("no such office any more")).expect("out");
    assert_eq!(desk.article().counted, Status::Retired);
    assert_eq!(
        desk.ask(&Order::Assure { reason: why() }),
        Err(Refusal::WrongState)
    );
    assert_eq!(desk.on("2030-01-01"), Status::Retired);
    desk.ask(&Order::Restore { reason: why() }).expect("back");
    assert_eq!(desk.article().counted, Status::Draft);
    assert_eq!(desk.article().published, None);
}

#[test]
fn who_owns_another_unit_writes_nothing_here() {
    let mut desk = Desk::published();
    let owner = |unit: &str| Role::Owner(BTreeSet::from([unit.to_owned()]));
    let assure = Order::Assure { reason: why() };
    assert_eq!(desk.ask_as(Role::Reader, &assure), Err(Refusal::NotAllowed));
    assert_eq!(desk.ask_as(owner("TAX"), &assure), Err(Refusal::NotAllowed));
    desk.ask_as(owner("WTR"), &assure).expect("its own");
    let comment = Order::Comment {
        words: "the fee is wrong".into(),
        contact: Some(ContactId(9)),
    };
    desk.ask_as(Role::Reader, &comment)
        .expect("everybody may comment");
    assert_eq!(desk.article().open_comments(), 1);
    let settle = Order::Settle {
        comment: 1,
        reason: why(),
    };
    desk.ask_as(owner("WTR"), &settle).expect("dealt with");
    assert_eq!(desk.ask(&settle), Err(Refusal::WrongState));
    // An owner does not give an article to a unit that is not theirs.
    let away = Order::Revise {
        base: 1,
        facts: Facts {
            owner: "TAX".into(),
            ..Desk::facts()
        },
        texts: BTreeMap::from([(Language::Ko, written("bill"))]),
        reason: why(),
    };
    assert_eq!(desk.ask_as(owner("WTR"), &away), Err(Refusal::NotAllowed));
}

/// A change of the facts and what it is refused with.
type Change = (fn(&mut Facts), Refusal);

#[test]
fn what_is_not_complete_is_not_published() {
    let incomplete: [Change; 3] = [
        (|facts| facts.category.clear(), Refusal::BadCategory),
        (|facts| facts.owner.clear(), Refusal::BadUnit),
        (|facts| facts.source = Language::En, Refusal::NoSource),
    ];
    for (change, refusal) in incomplete {
        let mut facts = Desk::facts();
        change(&mut facts);
        let mut desk = Desk::new();
        desk.ask(&Desk::draft(facts)).expect("a draft may lack it");
        let review = Order::AskReview {
            base: 1,
            reason: String::new(),
        };
        assert_eq!(desk.ask(&review), Err(refusal));
    }
    let wrong: [Change; 5] = [
        (|facts| facts.category = "A".into(), Refusal::BadCategory),
        (|facts| facts.outcome = "ZZ".into(), Refusal::BadOutcome),
        (|facts| facts.units.push("ZZ".into()), Refusal::BadUnit),
        (
            |facts| facts.sign_video = "javascript:alert(1)".into(),
            Refusal::BadAddress,
        ),
        (|facts| facts.source = Language::Other, Refusal::BadLanguage),
    ];
    for (change, refusal) in wrong {
        let mut facts = Desk::facts();
        change(&mut facts);
        assert_eq!(Desk::new().ask(&Desk::draft(facts)), Err(refusal));
    }
}

#[test]
fn flawed_texts_stay_drafts() {
    let mut desk = Desk::new();
    let mut text = written("bill");
    text.text.answer = "One. Two. Three.".into();
    let order = |text: &Written| Order::Draft {
        article: ArticleId(1),
        code: "a".into(),
        sample: false,
        facts: Desk::facts(),
        texts: BTreeMap::from([(Language::Ko, text.clone())]),
        reason: String::new(),
    };
    desk.ask(&order(&text)).expect("a draft may be long");
    let review = Order::AskReview {
        base: 1,
        reason: String::new(),
    };
    assert_eq!(desk.ask(&review), Err(Refusal::Flawed));
    text.text.details = "x".repeat(3_000_000);
    assert_eq!(Desk::new().ask(&order(&text)), Err(Refusal::TooLong));
    text = written("bill");
    let strange = Variant {
        fee: "1".into(),
        ..Variant::default()
    };
    text.text.variants.insert("atlantis".into(), strange);
    assert_eq!(Desk::new().ask(&order(&text)), Err(Refusal::BadDistrict));
}

#[test]
fn codes_are_plain() {
    for code in ["a", "illegal-parking-report", "24-hours"] {
        assert!(code_fits(code), "{code}");
    }
    for code in ["", "-a", "A", "가", "a b", "a/b", "a.b", &"a".repeat(81)] {
        assert!(!code_fits(code), "{code}");
    }
    assert!(!is_address("https://a b"));
    assert!(!is_address("https://"));
    assert!(!is_address("data:text/html,x"));
    assert!(is_address("https://www.law.go.kr/법령/도로교통법"));
}

#[test]
fn what_a_counselor_used_is_counted_and_its_search_remembered() {
    let mut desk = Desk::published();
    let used = |words: &str| Order::Use {
        revision: 1,
        contact: ContactId(7),
        language: Language::Ko,
        district: "north".into(),
        sent: false,
        words: words.into(),
    };
    for words in ["", "first", "second", "first"] {
        desk.ask(&used(words)).expect("it can be used");
    }
    assert_eq!(desk.article().used, 4);
    assert_eq!(desk.article().used_for, ["second", "first"]);
    let changed = desk.article().changed;
    let erased = |said, words: &str| LibraryEvent::WordsErased {
        article: Some(desk.article().id),
        said,
        words: vec![words.to_owned()],
    };
    let events = [
        erased(Said::Remark, "first"),
        erased(Said::Search, "second"),
    ];
    let article = desk.article.as_mut().expect("it is there");
    for event in &events {
        article.apply(desk.now + 5, event);
    }
    assert_eq!(article.used_for, ["first"], "only the search is forgotten");
    assert_eq!((article.used, article.changed), (4, changed));
    let events = desk
        .ask_as(Role::Reader, &used(""))
        .expect("everybody uses");
    assert_eq!(events[0].contact(), Some(ContactId(7)));
    let spoiled = |revision: u32, language: Language, district: &str| Order::Use {
        revision,
        contact: ContactId(7),
        language,
        district: district.into(),
        sent: true,
        words: String::new(),
    };
    for (order, why) in [
        (spoiled(9, Language::Ko, ""), Refusal::Unknown),
        (spoiled(1, Language::Vi, ""), Refusal::BadLanguage),
        (spoiled(1, Language::Ko, "moon"), Refusal::BadDistrict),
    ] {
        assert_eq!(desk.ask(&order), Err(why));
    }
    desk.ask(&Order::Retire { reason: why() })
        .expect("an editor may");
    assert_eq!(desk.ask(&used("")), Err(Refusal::WrongState));
}
