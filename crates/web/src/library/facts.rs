//! The form of what an article is beside its texts, and of a new one. Never a decision.

use super::asking::{Fields, Proven, said};
use super::editing::{handed_in, writable};
use super::texts::{self, OWN_NAMES, Words};
use super::{Choice, Shelf, author, categories, page_language, units};
use crate::Site;
use crate::site::{Frame, Staffer, page, refuse};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{City, Language, name_in};
use center::knowledge::{
    ArticleId, Audience, Facts, Law, Order, Role, Season, Text, Version, Written,
};
use center::time::Day;
use hub::{LibraryCommand, LibraryError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a new article begins with, from the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    title: String,
    category: String,
}

/// The form, as typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    code: String,
    title: String,
    answer: String,
    facts: Facts,
    laws: String,
    valid_from: String,
    valid_until: String,
    check_days: String,
    reason: String,
    base: u32,
}

#[derive(Template)]
#[template(path = "library_facts.html")]
struct FactsPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    /// A new article: it has a title and an answer as well.
    new: bool,
    heading: String,
    typed: Typed,
    categories: Vec<Choice>,
    outcomes: Vec<Choice>,
    owners: Vec<Choice>,
    units: Vec<Choice>,
    audiences: Vec<Choice>,
    seasons: Vec<Choice>,
    sources: Vec<Choice>,
    check_hint: String,
    problem: String,
}

/// `GET /library/new`
pub(crate) async fn blank(
    State(site): State<Site>,
    staffer: Staffer,
    Query(asked): Query<Asked>,
) -> Response {
    if staffer.profile.library == Role::Reader {
        let l = texts::in_language(staffer.words.tag);
        return refuse(staffer.words, StatusCode::FORBIDDEN, l.r_not_allowed);
    }
    let own = match &staffer.profile.library {
        Role::Owner(units) => units.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let typed = Typed {
        title: asked.title,
        facts: Facts {
            category: asked.category,
            owner: own,
            source: site.city().language,
            outcome: site
                .city()
                .outcomes
                .first()
                .map_or_else(String::new, |one| one.code.clone()),
            ..Facts::default()
        },
        ..Typed::default()
    };
    page(&put(&site, &staffer, typed, true, String::new(), ""))
}

/// `POST /library/new`
pub(crate) async fn create(
    State(site): State<Site>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let l = texts::in_language(staffer.words.tag);
    let typed = match read(&fields, l) {
        Ok(typed) => typed,
        Err((typed, problem)) => {
            let form = put(&site, &staffer, *typed, true, String::new(), problem);
            return (StatusCode::UNPROCESSABLE_ENTITY, page(&form)).into_response();
        }
    };
    let written = Written {
        text: Text {
            title: typed.title.clone(),
            answer: typed.answer.clone(),
            ..Text::default()
        },
        ..Written::default()
    };
    let order = Order::Draft {
        article: ArticleId(0),
        code: typed.code.clone(),
        sample: false,
        facts: typed.facts.clone(),
        texts: BTreeMap::from([(typed.facts.source, written)]),
        reason: typed.reason.clone(),
    };
    let command = LibraryCommand::Article {
        article: None,
        order,
    };
    match site.hub.librarian().send(author(&staffer), command).await {
        Ok(_) => {
            let at = format!("/library/a/{}/text?text={}", typed.code, typed.facts.source);
            Redirect::to(&at).into_response()
        }
        Err(error) => refused(&site, &staffer, typed, true, String::new(), &error),
    }
}

/// `GET /library/a/{code}/facts`
pub(crate) async fn form(
    State(site): State<Site>,
    staffer: Staffer,
    Path(code): Path<String>,
) -> Response {
    let whole = match writable(&site, &staffer, &code).await {
        Ok(whole) => whole,
        Err(refusal) => return refusal,
    };
    let none = Version::default();
    let version = whole.version().unwrap_or(&none);
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    let law = |law: &Law| format!("{} | {}", law.title, law.url);
    let laws: Vec<String> = version.facts.laws.iter().map(law).collect();
    let typed = Typed {
        code,
        laws: laws.join("\n"),
        valid_from: day(version.facts.valid_from),
        valid_until: day(version.facts.valid_until),
        check_days: version
            .facts
            .check_days
            .map_or_else(String::new, |days| days.to_string()),
        facts: version.facts.clone(),
        base: whole.revision,
        ..Typed::default()
    };
    let heading = version.title(page_language(staffer.words.tag)).to_owned();
    page(&put(&site, &staffer, typed, false, heading, ""))
}

/// `POST /library/a/{code}/facts`
pub(crate) async fn save(
    State(site): State<Site>,
    Path(code): Path<String>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let whole = match writable(&site, &staffer, &code).await {
        Ok(whole) => whole,
        Err(refusal) => return refusal,
    };
    let none = Version::default();
    let version = whole.version().unwrap_or(&none);
    let l = texts::in_language(staffer.words.tag);
    let heading = version.title(page_language(staffer.words.tag)).to_owned();
    let mut typed = match read(&fields, l) {
        Ok(typed) => typed,
        Err((typed, problem)) => {
            let form = put(&site, &staffer, *typed, false, heading, problem);
            return (StatusCode::UNPROCESSABLE_ENTITY, page(&form)).into_response();
        }
    };
    typed.code.clone_from(&code);
    let order = Order::Revise {
        base: typed.base,
        facts: typed.facts.clone(),
        texts: handed_in(version, &whole.texts),
        reason: typed.reason.clone(),
    };
    let asked = site
        .hub
        .librarian()
        .ask(author(&staffer), whole.article.id, order);
    match asked.await {
        Ok(_) => Redirect::to(&format!("/library/a/{code}?done=saved")).into_response(),
        Err(error) => {
            if matches!(
                error,
                LibraryError::Refused(center::knowledge::Refusal::Stale)
            ) {
                typed.base = whole.revision;
            }
            refused(&site, &staffer, typed, false, heading, &error)
        }
    }
}

/// The form again, with what was typed and what is wrong.
fn refused(
    site: &Site,
    staffer: &Staffer,
    typed: Typed,
    new: bool,
    heading: String,
    error: &LibraryError,
) -> Response {
    let (status, message) = said(texts::in_language(staffer.words.tag), error);
    let form = put(site, staffer, typed, new, heading, message);
    (status, page(&form)).into_response()
}

/// What was typed, and the first thing in it that cannot be read.
fn read(fields: &Fields, l: &'static Words) -> Result<Typed, (Box<Typed>, &'static str)> {
    let text = |name: &str| fields.get(name).trim().to_owned();
    let day = |name: &str| {
        let text = text(name);
        let day = Day::parse(&text);
        (text.is_empty() || day.is_some()).then_some(day)
    };
    let check_days = text("check_days");
    let days = check_days.parse::<u16>().ok();
    let (from, until) = (day("valid_from"), day("valid_until"));
    let law = |line: &str| {
        let (title, url) = line.rsplit_once('|').unwrap_or((line, ""));
        let (title, url) = (title.trim().to_owned(), url.trim().to_owned());
        Law { title, url }
    };
    let laws = fields.get("laws");
    let facts = Facts {
        category: text("category"),
        outcome: text("outcome"),
        owner: text("owner"),
        audience: Audience::parse(fields.get("audience")).unwrap_or_default(),
        request_type: text("request_type"),
        units: fields.all("units").map(str::to_owned).collect(),
        laws: laws
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(law)
            .collect(),
        sign_video: text("sign_video"),
        valid_from: from.flatten(),
        valid_until: until.flatten(),
        season: Season::parse(fields.get("season")),
        source: Language::parse(fields.get("source")).unwrap_or_default(),
        check_days: days,
    };
    let typed = Typed {
        code: text("code"),
        title: text("title"),
        answer: text("answer"),
        laws: laws.to_owned(),
        valid_from: text("valid_from"),
        valid_until: text("valid_until"),
        reason: text("reason"),
        base: fields.number("base"),
        facts,
        check_days,
    };
    let readable = typed.check_days.is_empty() || days.is_some();
    if from.is_none() || until.is_none() || !readable {
        return Err((Box::new(typed), l.r_bad_time));
    }
    Ok(typed)
}

fn put(
    site: &Site,
    staffer: &Staffer,
    typed: Typed,
    new: bool,
    heading: String,
    problem: &'static str,
) -> FactsPage {
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let city = site.city();
    let days = city.library.check_days.to_string();
    FactsPage {
        frame: Frame::new(city, w, Some(staffer)),
        shelf: Shelf::new(staffer, if new { "new" } else { "articles" }),
        categories: categories(city, w.tag, &typed.facts.category),
        outcomes: outcomes(city, w.tag, &typed.facts.outcome),
        owners: owners(city, staffer, &typed.facts.owner),
        units: in_charge(city, w.tag, &typed.facts.units),
        audiences: Audience::ALL
            .into_iter()
            .map(|one| Choice::new(one.code(), l.audience(one), typed.facts.audience.code()))
            .collect(),
        seasons: Season::ALL
            .into_iter()
            .map(|one| {
                let chosen = typed.facts.season.map_or("", Season::code);
                Choice::new(one.code(), l.season(one), chosen)
            })
            .collect(),
        sources: OWN_NAMES
            .into_iter()
            .map(|(one, name)| Choice::new(one.code(), name, typed.facts.source.code()))
            .collect(),
        check_hint: fill(l.check_days_hint, &[("n", &days)]),
        problem: problem.to_owned(),
        heading,
        typed,
        new,
        w,
        l,
    }
}

fn outcomes(city: &City, tag: &str, chosen: &str) -> Vec<Choice> {
    let outcome = |one: &center::city::OutcomeCode| {
        let name = format!("{} {}", one.code, name_in(&one.names, tag));
        Choice::new(&one.code, &name, chosen)
    };
    city.outcomes.iter().map(outcome).collect()
}

/// Units that this counselor may give an article to.
fn owners(city: &City, staffer: &Staffer, chosen: &str) -> Vec<Choice> {
    let mut all = units(city, staffer.words.tag, chosen);
    if let Role::Owner(own) = &staffer.profile.library {
        all.retain(|choice| own.contains(&choice.code));
    }
    all
}

fn in_charge(city: &City, tag: &str, chosen: &[String]) -> Vec<Choice> {
    let mut all = units(city, tag, "");
    for choice in &mut all {
        choice.chosen = chosen.contains(&choice.code);
    }
    all
}
