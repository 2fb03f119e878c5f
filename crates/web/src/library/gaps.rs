//! What the library does not answer: searches without a click, articles that did not help, contacts
//! whose category has no article. Never an answer.

use super::asking::{self, Proven, said};
use super::texts::{self, Words};
use super::{Shelf, author};
use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, refuse, today, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{Language, name_in};
use center::knowledge::Gap;
use center::statistics::Cell;
use center::time::Day;
use hub::LibraryCommand;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::Failure;
use store::library::GapKey;

/// Gaps of one kind that are listed.
const LISTED: usize = 100;

/// Days of contacts that are looked at.
const DAYS: i32 = 28;

/// What was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

struct Line {
    /// What is missing, in words.
    what: String,
    /// As the form names it.
    about: String,
    language: &'static str,
    times: i64,
    last: String,
    /// Where to write the article that is missing; the article itself where there is one.
    link: String,
}

struct Group {
    name: &'static str,
    gap: &'static str,
    /// What the times are counted over.
    over: String,
    lines: Vec<Line>,
    settles: bool,
}

#[derive(Template)]
#[template(path = "library_gaps.html")]
struct GapsPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    groups: Vec<Group>,
    done: String,
}

/// `GET /library/gaps`
pub(crate) async fn gaps(
    State(site): State<Site>,
    staffer: Staffer,
    Query(asked): Query<Asked>,
) -> Response {
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let groups = async {
        Ok::<_, Failure>(vec![
            counted(&site, l, Gap::NoClick).await?,
            counted(&site, l, Gap::NoHelp).await?,
            without_article(&site, l, w.tag).await?,
        ])
    };
    match groups.await {
        Err(failure) => trouble(w, &failure),
        Ok(groups) => page(&GapsPage {
            frame: Frame::new(site.city(), w, Some(&staffer)),
            shelf: Shelf::new(&staffer, "gaps"),
            done: asking::done(l, &asked.done),
            groups,
            w,
            l,
        }),
    }
}

async fn counted(site: &Site, l: &'static Words, gap: Gap) -> Result<Group, Failure> {
    let found = site.archive.library_gaps(gap, LISTED).await?;
    let digests: Vec<&str> = found.iter().map(|(key, _)| key.about.as_str()).collect();
    let words = site.archive.library_words(&digests).await?;
    let what = |key: &GapKey| match gap {
        Gap::NoClick => words
            .get(&key.about)
            .map_or(l.erased, String::as_str)
            .to_owned(),
        _ => key.about.clone(),
    };
    let lines = found.iter().map(|(key, count)| {
        let what = what(key);
        let link = match gap {
            Gap::NoHelp => format!("/library/a/{what}"),
            _ => format!("/library/new?title={}", crate::contacts::encoded(&what)),
        };
        Line {
            about: key.about.clone(),
            language: key.language.code(),
            times: count.open,
            last: figures::date_clock(&site.city().zone, count.last),
            what,
            link,
        }
    });
    Ok(Group {
        name: l.gap(gap),
        gap: gap.code(),
        over: String::new(),
        lines: lines.collect(),
        settles: true,
    })
}

/// Categories of contacts for which nothing is published.
async fn without_article(site: &Site, l: &'static Words, tag: &str) -> Result<Group, Failure> {
    let to = today(site);
    let cells = site.archive.cells(Day(to.0 - DAYS), to).await?;
    let known = site.archive.published_categories().await?;
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (cell, measures) in cells {
        if let Cell::Category { category, .. } = cell
            && !category.is_empty()
            && !known.contains(category.as_str())
        {
            *counts.entry(category).or_default() += measures.n;
        }
    }
    let mut counts: Vec<(String, i64)> = counts.into_iter().filter(|(_, n)| *n > 0).collect();
    counts.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    counts.truncate(LISTED);
    let city = site.city();
    let lines = counts.into_iter().map(|(code, times)| {
        let named = city.categories.iter().find(|one| one.code == code);
        let name = named.map_or("", |one| name_in(&one.names, tag));
        Line {
            what: format!("{code} {name}"),
            link: format!("/library/new?category={}", crate::contacts::encoded(&code)),
            about: code,
            language: "",
            times,
            last: String::new(),
        }
    });
    Ok(Group {
        name: l.gap(Gap::NoArticle),
        gap: Gap::NoArticle.code(),
        over: fill(l.gap_days, &[("n", &DAYS.to_string())]),
        lines: lines.collect(),
        settles: false,
    })
}

/// `POST /library/gaps/settle`
pub(crate) async fn settle(
    State(site): State<Site>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let (gap, language) = (
        Gap::parse(fields.get("gap")),
        Language::parse(fields.get("language")),
    );
    let (Some(gap), Some(language)) = (gap, language) else {
        let message = staffer.words.bad_request;
        return refuse(staffer.words, StatusCode::BAD_REQUEST, message);
    };
    let command = LibraryCommand::SettleGap {
        gap,
        language,
        about: fields.get("about").to_owned(),
    };
    match site.hub.librarian().send(author(&staffer), command).await {
        Ok(_) => Redirect::to("/library/gaps?done=settled").into_response(),
        Err(error) => {
            let (status, message) = said(texts::in_language(staffer.words.tag), &error);
            refuse(staffer.words, status, message)
        }
    }
}
