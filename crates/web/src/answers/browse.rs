//! All answers by topic. Never a search.

use super::catalog::Head;
use super::{Asked, Frame, Page, SearchBox, kept_page, link, page_with, tag_of};
use crate::Site;
use crate::library::page_language;
use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use center::city::{Category, Language, name_in};
use std::sync::Arc;

/// Titles on a page.
const TITLES: usize = 50;

struct Topic {
    name: String,
    href: String,
    count: usize,
}

/// A topic with the finer ones below it.
struct Group {
    topic: Topic,
    finer: Vec<Topic>,
}

struct Line {
    title: String,
    href: String,
    lang: &'static str,
}

#[derive(Template)]
#[template(path = "topics.html")]
struct TopicsPage {
    frame: Frame,
    search: SearchBox,
    /// The topic that is shown; empty for all.
    heading: String,
    groups: Vec<Group>,
    titles: Vec<Line>,
    all: String,
    previous: String,
    next: String,
}

/// `GET /articles`
pub(crate) async fn browse(
    State(site): State<Site>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let tag = tag_of(&site, &parts);
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return super::unread(&failure),
    };
    let known = site.city().categories.iter();
    let chosen = known.clone().find(|one| one.code == asked.category);
    let code = chosen.map_or("", |one| one.code.as_str());
    let pairs = [("category", code)];
    let frame = Frame::new(&site, tag, "/articles", &pairs);
    let language = page_language(tag);
    let mut shown = TopicsPage {
        search: SearchBox::new(&site, tag, "", ""),
        heading: chosen.map_or_else(String::new, |one| name(one, tag)),
        all: link("/articles", &[("lang", tag)]),
        groups: Vec::new(),
        titles: Vec::new(),
        previous: String::new(),
        next: String::new(),
        frame,
    };
    if chosen.is_none() {
        shown.groups = groups(&site, tag, heads.values());
    } else {
        let about: Vec<&Arc<Head>> = heads.values().filter(|head| head.is_about(code)).collect();
        let page = Page::new(asked.page, TITLES, about.len());
        let at = |number: usize| {
            let number = number.to_string();
            let pairs = [("lang", tag), ("category", code), ("page", &number)];
            link("/articles", &pairs)
        };
        if page.number > 1 {
            shown.previous = at(page.number - 1);
        }
        if page.number < page.pages() {
            shown.next = at(page.number + 1);
        }
        let titles = about[page.range()].iter();
        shown.titles = titles.map(|head| title(head, tag, language)).collect();
    }
    if chosen.is_none() && !asked.category.is_empty() {
        return page_with(StatusCode::NOT_FOUND, &shown);
    }
    kept_page(&parts.headers, &shown)
}

fn name(category: &Category, tag: &str) -> String {
    name_in(&category.names, tag).to_owned()
}

fn title(head: &Head, tag: &str, language: Language) -> Line {
    Line {
        title: head.title(language).to_owned(),
        href: link(&format!("/articles/{}", head.code), &[("lang", tag)]),
        lang: head.language(language).code(),
    }
}

/// The first two levels of the city's categories, as far as there are articles in them.
fn groups<'a>(site: &Site, tag: &str, heads: impl Iterator<Item = &'a Arc<Head>>) -> Vec<Group> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for head in heads {
        let code = head.category.as_str();
        let hyphens = code.match_indices('-').map(|(at, _)| at);
        for at in hyphens.chain([code.len()]).take(2) {
            *counts.entry(&code[..at]).or_default() += 1;
        }
    }
    let topic = |category: &Category| {
        let count = *counts.get(category.code.as_str())?;
        Some(Topic {
            name: name(category, tag),
            href: link("/articles", &[("lang", tag), ("category", &category.code)]),
            count,
        })
    };
    let all = || site.city().categories.iter();
    let tops = all().filter(|one| !one.code.contains('-'));
    let group = |top: &Category| {
        let below =
            all().filter(|one| one.code.rsplit_once('-').is_some_and(|it| it.0 == top.code));
        Some(Group {
            topic: topic(top)?,
            finer: below.filter_map(topic).collect(),
        })
    };
    tops.filter_map(group).collect()
}
