//! The page of one article: what it says in each language, where it stands, what can be done with
//! it, what was said of it. Never a change.

use super::texts::{self, OWN_NAMES, Words, own_name};
use super::{Shelf, asking, author, page_language, tone, unit_name};
use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, refuse, today, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use center::city::{Language, name_in};
use center::knowledge::{Article, LibraryEvent, Order, Status, Text, Version, may};
use center::time::Time;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::Failure;
use store::library::standing;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    lang: String,
    text: String,
    district: String,
    done: String,
}

/// What the page shows beside the article.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) asked: Asked,
    /// Why the last button did nothing.
    pub(crate) problem: String,
    /// What was typed for it.
    pub(crate) typed: String,
    /// Which button that was.
    pub(crate) verb: String,
}

/// A language's tab.
struct Tab {
    code: &'static str,
    name: &'static str,
    standing: &'static str,
    standing_code: &'static str,
    chosen: bool,
}

/// A part of details.
pub(crate) enum Block {
    Paragraph(String),
    List(Vec<String>),
}

/// Details as paragraphs and lists.
pub(crate) fn blocks(details: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in details.lines() {
        match (line.strip_prefix("- "), blocks.last_mut()) {
            (Some(item), Some(Block::List(items))) => items.push(item.to_owned()),
            (Some(item), _) => blocks.push(Block::List(vec![item.to_owned()])),
            (None, Some(Block::Paragraph(text))) if !line.is_empty() && !text.is_empty() => {
                text.push('\n');
                text.push_str(line);
            }
            (None, _) => blocks.push(Block::Paragraph(line.to_owned())),
        }
    }
    blocks.retain(|block| !matches!(block, Block::Paragraph(text) if text.is_empty()));
    blocks
}

/// Something that happened, in words.
struct Happened {
    at: String,
    what: String,
    who: String,
    why: String,
    revision: u32,
}

/// What was said of the article.
struct Said {
    number: u32,
    at: String,
    who: String,
    words: String,
    contact: String,
    settled: String,
}

/// A button with its reason.
struct Button {
    verb: &'static str,
    name: &'static str,
    /// It does nothing without a reason.
    needs_reason: bool,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "library_article.html")]
struct ArticlePage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    shown: Shown,
    done: String,
    code: String,
    title: String,
    tone: &'static str,
    status: &'static str,
    yellow: &'static str,
    sample: bool,
    revision: u32,
    numbered: String,
    readers_see: String,
    tabs: Vec<Tab>,
    language: Language,
    language_name: &'static str,
    text: Option<Text>,
    details: Vec<Block>,
    flaws: Vec<String>,
    districts: Vec<(String, String, bool, bool)>,
    facts: Vec<(&'static str, String)>,
    laws: Vec<(String, String)>,
    sign_video: String,
    may_write: bool,
    buttons: Vec<Button>,
    happened: Vec<Happened>,
    said: Vec<Said>,
    helped: String,
    used: String,
}

/// `GET /library/a/{code}`
pub(crate) async fn article(
    State(site): State<Site>,
    staffer: Staffer,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = Shown {
        asked,
        ..Shown::default()
    };
    show(&site, &staffer, &code, shown).await
}

/// The page of an article.
pub(crate) async fn show(site: &Site, staffer: &Staffer, code: &str, shown: Shown) -> Response {
    match shelf(site, staffer, code, shown).await {
        Ok(Some(article)) => page(&article),
        Ok(None) => {
            let message = staffer.words.not_found;
            refuse(staffer.words, StatusCode::NOT_FOUND, message)
        }
        Err(failure) => trouble(staffer.words, &failure),
    }
}

async fn shelf(
    site: &Site,
    staffer: &Staffer,
    code: &str,
    shown: Shown,
) -> Result<Option<ArticlePage>, Failure> {
    let Some(id) = site.archive.find_article(code).await? else {
        return Ok(None);
    };
    let Some(whole) = site.archive.whole_article(id, true).await? else {
        return Ok(None);
    };
    let history = site.archive.article_history(id).await?;
    let words = words(site, &whole.article, &history).await?;
    Ok(Some(put(site, staffer, &whole, (&history, &words), shown)))
}

/// What was written as reasons and comments, by digest.
async fn words(
    site: &Site,
    article: &Article,
    history: &[(Time, LibraryEvent)],
) -> Result<BTreeMap<String, String>, Failure> {
    let reasons = history.iter().map(|(_, event)| event.reason());
    let comments = article.comments.values().map(|said| said.words.as_str());
    let digests: BTreeSet<&str> = reasons
        .chain(comments)
        .filter(|digest| !digest.is_empty())
        .collect();
    let digests: Vec<&str> = digests.into_iter().collect();
    site.archive.library_words(&digests).await
}

fn put(
    site: &Site,
    staffer: &Staffer,
    whole: &store::library::Whole,
    (history, words): (&[(Time, LibraryEvent)], &BTreeMap<String, String>),
    shown: Shown,
) -> ArticlePage {
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let article = &whole.article;
    let none = Version::default();
    let version = whole.version().unwrap_or(&none);
    let asked = Language::parse(&shown.asked.text).filter(|one| version.marks.contains_key(one));
    let language = asked
        .or(Some(page_language(w.tag)).filter(|one| version.marks.contains_key(one)))
        .unwrap_or(version.facts.source);
    let whole_text = whole.texts.get(&language);
    let district = whole_text
        .filter(|text| text.variants.contains_key(&shown.asked.district))
        .map_or_else(String::new, |_| shown.asked.district.clone());
    let text = whole_text.map(|text| text.in_district(&district));
    let status = article.status(&site.city().library, today(site));
    let flaws = whole_text.map_or_else(Vec::new, Text::flaws);
    ArticlePage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "articles"),
        done: asking::done(l, &shown.asked.done),
        code: article.code.clone(),
        title: version.title(language).to_owned(),
        tone: tone(status),
        status: l.status(status),
        yellow: l.yellow(status),
        sample: article.sample,
        revision: version.revision,
        numbered: fill(l.revision, &[("n", &version.revision.to_string())]),
        readers_see: readers_see(l, article, version),
        tabs: tabs(l, version, language),
        language_name: own_name(language),
        details: text
            .as_ref()
            .map_or_else(Vec::new, |text| blocks(&text.details)),
        flaws: flaws.into_iter().map(|flaw| l.flaw(flaw)).collect(),
        districts: districts(site, w.tag, whole_text, &district),
        facts: facts(site, staffer, l, article, version),
        laws: laws(version),
        sign_video: version.facts.sign_video.clone(),
        may_write: may_write(staffer, version),
        buttons: buttons(staffer, l, article, version, status),
        happened: happened(site, l, history, words),
        said: said(site, l, article, words),
        helped: helped(l, article),
        used: match article.used {
            0 => String::new(),
            n => fill(l.used, &[("n", &n.to_string())]),
        },
        language,
        text,
        shown,
        w,
        l,
    }
}

/// That what is read is not what stands here; empty when it is.
fn readers_see(l: &'static Words, article: &Article, version: &Version) -> String {
    let published = article.published.unwrap_or(0);
    if published == 0 || published >= version.revision {
        return String::new();
    }
    let (seen, latest) = (published.to_string(), version.revision.to_string());
    fill(l.readers_see, &[("n", &seen), ("m", &latest)])
}

/// What readers said of it; empty before anybody did.
fn helped(l: &'static Words, article: &Article) -> String {
    if article.ratings == (0, 0) {
        return String::new();
    }
    let (yes, no) = (article.ratings.0.to_string(), article.ratings.1.to_string());
    fill(l.helped, &[("yes", &yes), ("no", &no)])
}

fn laws(version: &Version) -> Vec<(String, String)> {
    let laws = version.facts.laws.iter();
    laws.map(|law| (law.title.clone(), law.url.clone()))
        .collect()
}

fn tabs(l: &'static Words, version: &Version, chosen: Language) -> Vec<Tab> {
    let tab = |(language, name): (Language, &'static str)| {
        let code = standing(version, language);
        Tab {
            code: language.code(),
            name,
            standing: l.standing(code),
            standing_code: code,
            chosen: language == chosen,
        }
    };
    OWN_NAMES.into_iter().map(tab).collect()
}

/// Districts: code, name, whether they say something else, whether chosen.
fn districts(
    site: &Site,
    tag: &str,
    text: Option<&Text>,
    chosen: &str,
) -> Vec<(String, String, bool, bool)> {
    let district = |one: &center::knowledge::District| {
        let differs = text.is_some_and(|text| text.variants.contains_key(&one.code));
        let name = name_in(&one.names, tag).to_owned();
        (one.code.clone(), name, differs, one.code == chosen)
    };
    site.city().library.districts.iter().map(district).collect()
}

fn facts(
    site: &Site,
    staffer: &Staffer,
    l: &'static Words,
    article: &Article,
    version: &Version,
) -> Vec<(&'static str, String)> {
    let (city, tag, facts) = (site.city(), staffer.words.tag, &version.facts);
    let category = city
        .categories
        .iter()
        .find(|one| one.code == facts.category);
    let category = category.map_or("", |one| name_in(&one.names, tag));
    let outcome = city.outcomes.iter().find(|one| one.code == facts.outcome);
    let day = |day: Option<center::time::Day>| day.map_or_else(String::new, |day| day.to_string());
    let units: Vec<String> = facts
        .units
        .iter()
        .map(|code| unit_name(city, tag, code))
        .collect();
    let due = article.check(&city.library).map(|(_, due)| due);
    let all = [
        (l.owner, unit_name(city, tag, &facts.owner)),
        (l.category, format!("{} {category}", facts.category)),
        (
            l.outcome,
            outcome
                .map_or("", |one| name_in(&one.names, tag))
                .to_owned(),
        ),
        (l.audience, l.audience(facts.audience).to_owned()),
        (l.request_type, facts.request_type.clone()),
        (l.units, units.join(", ")),
        (l.valid_from, day(facts.valid_from)),
        (l.valid_until, day(facts.valid_until)),
        (
            l.season,
            facts
                .season
                .map_or("", |season| l.season(season))
                .to_owned(),
        ),
        (l.assured, day(article.assured)),
        (l.due, day(due)),
    ];
    let filled = all
        .into_iter()
        .filter(|(_, value)| !value.trim().is_empty());
    filled.collect()
}

/// Whether this counselor writes this article.
pub(crate) fn may_write(staffer: &Staffer, version: &Version) -> bool {
    let order = Order::Assure {
        reason: String::new(),
    };
    may(&author(staffer).role, &version.facts.owner, &order)
}

/// What can be done with it now, in the order of a life.
fn buttons(
    staffer: &Staffer,
    l: &'static Words,
    article: &Article,
    version: &Version,
    status: Status,
) -> Vec<Button> {
    if !may_write(staffer, version) {
        return Vec::new();
    }
    let button = |verb, name, needs_reason, class| Button {
        verb,
        name,
        needs_reason,
        class,
    };
    let mut buttons = Vec::new();
    if status == Status::Retired {
        return vec![button("restore", l.restore, true, "main")];
    }
    if article.review {
        buttons.push(button("publish", l.publish, false, "main"));
        buttons.push(button("back", l.send_back, true, ""));
    } else if article.has_draft() {
        buttons.push(button("review", l.ask_review, false, "main"));
    }
    if status.counselors_see() {
        let class = if status == Status::Published {
            ""
        } else {
            "main"
        };
        buttons.push(button("assure", l.assure, false, class));
        if article.asked.is_none() {
            buttons.push(button("check", l.ask_check, false, ""));
        }
    }
    buttons.push(button("retire", l.retire, true, "danger"));
    buttons
}

/// Who did it.
pub(crate) fn who(site: &Site, l: &'static Words, id: Option<center::city::CounselorId>) -> String {
    id.map_or_else(|| l.house.to_owned(), |id| site.counselor_name(id))
}

fn happened(
    site: &Site,
    l: &'static Words,
    history: &[(Time, LibraryEvent)],
    words: &BTreeMap<String, String>,
) -> Vec<Happened> {
    let told = history.iter().filter(|(_, event)| {
        !matches!(
            event,
            LibraryEvent::Rated { .. }
                | LibraryEvent::Used { .. }
                | LibraryEvent::WordsErased { .. }
        )
    });
    let one = |(at, event): &(Time, LibraryEvent)| {
        let revision = match event {
            LibraryEvent::Revised { revision, .. } | LibraryEvent::Published { revision, .. } => {
                *revision
            }
            _ => 0,
        };
        Happened {
            at: figures::date_clock(&site.city().zone, *at),
            what: l.event(event),
            who: who(site, l, event.author()),
            why: spoken(l, words, event.reason()),
            revision,
        }
    };
    told.rev().map(one).collect()
}

/// What a digest stands for; words that were erased are said to be.
fn spoken(l: &'static Words, words: &BTreeMap<String, String>, digest: &str) -> String {
    if digest.is_empty() {
        return String::new();
    }
    let found = words.get(digest).map(String::as_str);
    found.unwrap_or(l.erased).to_owned()
}

fn said(
    site: &Site,
    l: &'static Words,
    article: &Article,
    words: &BTreeMap<String, String>,
) -> Vec<Said> {
    let zone = &site.city().zone;
    let one = |(number, said): (&u32, &center::knowledge::Comment)| Said {
        number: *number,
        at: figures::date_clock(zone, said.at),
        who: who(site, l, said.author),
        words: spoken(l, words, &said.words),
        contact: said.contact.map_or_else(String::new, |id| id.to_string()),
        settled: said
            .settled
            .as_ref()
            .map_or_else(String::new, |(at, by, reason)| {
                let (at, by) = (figures::date_clock(zone, *at), who(site, l, *by));
                let answer = spoken(l, words, reason);
                format!("{at} {by} {answer}").trim_end().to_owned()
            }),
    };
    article.comments.iter().rev().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_become_paragraphs_and_lists() {
        let made = blocks("one\ntwo\n\nthree\n- a\n- b\nfour");
        let shown: Vec<String> = made
            .iter()
            .map(|block| match block {
                Block::Paragraph(text) => format!("p {text}"),
                Block::List(items) => format!("l {}", items.join("|")),
            })
            .collect();
        assert_eq!(shown, ["p one\ntwo", "p three", "l a|b", "p four"]);
        assert!(blocks("").is_empty());
    }
}
