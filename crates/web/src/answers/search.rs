//! The search of citizens: a page that works without a script, and its results alone for one that
//! has one. Never an article, never what is found but not to be seen.

use super::catalog::Heads;
use super::{AskBox, Asked, Frame, SearchBox, link, own_name, page_with, tag_of, visitor};
use crate::Site;
use crate::finder;
use crate::library::page_language;
use crate::site::page;
use crate::texts::fill;
use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use center::city::{Language, name_in};
use search::{Hit, Marked};
use std::time::Instant;

/// Seconds after which a page that found nothing asks again while the index is built.
const AGAIN_S: u32 = 5;

/// Articles on a page of results.
const FOUND: usize = 15;

/// A piece of a found text, and whether it matches.
pub(crate) type Piece = (String, bool);

/// An article that was found.
struct Line {
    href: String,
    title: Vec<Piece>,
    passage: Vec<Piece>,
    /// Language of the text.
    lang: String,
    /// Its name, where it is not that of the page.
    tongue: &'static str,
    /// Where it is valid, when not everywhere.
    district: String,
}

/// What a search led to.
#[derive(Template)]
#[template(path = "found.html")]
pub(crate) struct Found {
    t: &'static super::texts::Words,
    /// In words.
    said: String,
    /// Something was searched for and nothing was found.
    nothing: bool,
    /// Not everything is in the index yet.
    partly: bool,
    /// Nothing was found of what is there already: the page asks again by itself.
    again: bool,
    meant: Option<(String, String)>,
    lines: Vec<Line>,
    ask: AskBox,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    search: SearchBox,
    title: String,
    found: Option<Found>,
    browse: String,
    /// Seconds after which the page asks again; none when it need not.
    again_s: Option<u32>,
}

/// `GET /search`
pub(crate) async fn search(
    State(site): State<Site>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let tag = tag_of(&site, &parts);
    let asked = asked.bounded(&site);
    let (found, status) = if asked.q.is_empty() {
        (None, StatusCode::OK)
    } else {
        match look(&site, tag, &asked).await {
            Ok((found, codes)) => {
                let now = Instant::now();
                let language = page_language(tag);
                // What is not in the index yet is no gap of the library.
                if !found.partly && !is_robot(&parts.headers) {
                    let who = visitor(&site, &parts);
                    site.searches.asked(who, &asked.q, language, codes, now);
                }
                (Some(found), StatusCode::OK)
            }
            Err(failure) => {
                tracing::error!(%failure, "the library was not searched");
                (
                    Some(Found::trouble(&site, tag, &asked)),
                    StatusCode::SERVICE_UNAVAILABLE,
                )
            }
        }
    };
    if let Some(found) = found.as_ref().filter(|_| !asked.part.is_empty()) {
        return page_with(status, found);
    }
    if !asked.part.is_empty() {
        return page_with(StatusCode::NO_CONTENT, &Nothing);
    }
    let pairs = [("q", asked.q.as_str()), ("district", &asked.district)];
    let frame = Frame::new(&site, tag, "/search", &pairs);
    let title = match asked.q.as_str() {
        "" => frame.t.search_title.to_owned(),
        q => format!("{q} – {}", frame.t.search_title),
    };
    let shown = SearchPage {
        browse: link("/articles", &[("lang", tag)]),
        again_s: found.as_ref().filter(|one| one.again).map(|_| AGAIN_S),
        search: SearchBox::new(&site, tag, &asked.q, &asked.district),
        title,
        found,
        frame,
    };
    if status == StatusCode::OK {
        page(&shown)
    } else {
        page_with(status, &shown)
    }
}

/// A page that asks for results of nothing gets none.
#[derive(Template)]
#[template(source = "", ext = "html")]
struct Nothing;

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Index(#[from] search::Failure),
    #[error(transparent)]
    Library(#[from] store::Failure),
}

async fn look(site: &Site, tag: &str, asked: &Asked) -> Result<(Found, Vec<String>), Trouble> {
    let own = site.city().language;
    let mut languages = vec![page_language(tag)];
    if !languages.contains(&own) {
        languages.push(own);
    }
    let question = finder::Asked {
        text: asked.q.clone(),
        languages,
        district: asked.district.clone(),
        limit: FOUND,
        ..finder::Asked::default()
    };
    // Asked before the search: what comes in meanwhile is only found a little later.
    let partly = site.finder.is_building();
    let mut answer = site.finder.find(question).await?;
    // The index follows the library within a second; what was just taken back is not shown.
    let heads = if answer.hits.is_empty() {
        Heads::default()
    } else {
        site.catalog.heads(site).await?
    };
    answer.hits.retain(|hit| heads.contains_key(&hit.article));
    let codes = answer.hits.iter().map(|hit| hit.article.clone()).collect();
    let mut found = Found::new(site, tag, asked, &answer, &heads);
    if partly {
        found.complete_later();
    }
    Ok((found, codes))
}

impl Found {
    fn new(site: &Site, tag: &str, asked: &Asked, answer: &search::Answer, heads: &Heads) -> Found {
        let ask = AskBox::new(site, tag, &asked.q);
        let t = ask.t;
        let count = answer.hits.len();
        let said = if count == 0 { t.nothing } else { t.found };
        let meant = answer.suggestion.as_ref().map(|meant| {
            let pairs = [
                ("q", meant.as_str()),
                ("lang", tag),
                ("district", &asked.district),
            ];
            (meant.clone(), link("/search", &pairs))
        });
        let lines = answer.hits.iter();
        Found {
            t,
            said: fill(said, &[("q", &asked.q), ("n", &count.to_string())]),
            nothing: count == 0,
            partly: false,
            again: false,
            meant,
            lines: lines
                .map(|hit| line(site, tag, asked, hit, heads))
                .collect(),
            ask,
        }
    }

    fn trouble(site: &Site, tag: &str, asked: &Asked) -> Found {
        let ask = AskBox::new(site, tag, &asked.q);
        Found {
            t: ask.t,
            said: ask.t.trouble.to_owned(),
            nothing: true,
            partly: false,
            again: false,
            meant: None,
            lines: Vec::new(),
            ask,
        }
    }

    /// Says that the index is still being built.
    fn complete_later(&mut self) {
        self.partly = true;
        self.again = self.nothing;
        if self.nothing {
            self.t.building.clone_into(&mut self.said);
        }
    }
}

fn line(site: &Site, tag: &str, asked: &Asked, hit: &Hit, heads: &Heads) -> Line {
    let language = Language::parse(&hit.language);
    let own = hit.language == tag;
    // A text in another language is opened in the page's own where there is one.
    let other = language.filter(|_| !own).map_or("", own_name);
    let head = heads.get(&hit.article);
    let readable = head.is_some_and(|head| head.titles.contains_key(&page_language(tag)));
    let district = site.city().library.district(&hit.district);
    let pairs = [
        ("lang", tag),
        ("district", asked.district.as_str()),
        ("q", &asked.q),
    ];
    Line {
        href: link(&format!("/articles/{}", hit.article), &pairs),
        title: pieces(&hit.title),
        passage: pieces(&hit.passage),
        lang: hit.language.clone(),
        tongue: if readable { "" } else { other },
        district: district.map_or_else(String::new, |one| name_in(&one.names, tag).to_owned()),
    }
}

fn pieces(marked: &Marked) -> Vec<Piece> {
    let pieces = marked.pieces().into_iter();
    pieces.map(|(text, hit)| (text.to_owned(), hit)).collect()
}

/// Whether a program that collects pages says so: its searches are no questions of citizens.
fn is_robot(headers: &axum::http::HeaderMap) -> bool {
    let agent = headers.get(axum::http::header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
    let agent = agent.to_ascii_lowercase();
    ["bot", "crawl", "spider", "slurp"]
        .into_iter()
        .any(|name| agent.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: Vec<Line>) -> Found {
        let t = super::super::texts::in_language("en");
        let ask = AskBox {
            t,
            question: "bears".into(),
            writes: true,
            number: "120".into(),
            by_phone: "Call 120".into(),
        };
        Found {
            t,
            said: "Said.".into(),
            nothing: lines.is_empty(),
            partly: false,
            again: false,
            meant: None,
            lines,
            ask,
        }
    }

    #[test]
    fn what_is_found_of_a_part_of_the_library_is_shown_as_such() {
        let line = Line {
            href: "/articles/bill".into(),
            title: vec![("Bill".into(), true)],
            passage: Vec::new(),
            lang: "en".into(),
            tongue: "",
            district: String::new(),
        };
        let mut some = found(vec![line]);
        assert!(!some.to_string().contains(some.t.partly));
        some.complete_later();
        let html = some.to_string();
        assert!(html.contains(some.t.partly) && html.contains("/articles/bill"));
        assert!(html.contains("<textarea") && !html.contains("data-again"));
        let mut none = found(Vec::new());
        assert!(none.to_string().contains(none.t.nothing_hint));
        none.complete_later();
        let html = none.to_string();
        assert!(html.contains(none.t.building) && html.contains("data-again"));
        assert!(!html.contains(none.t.nothing_hint) && !html.contains("<textarea"));
    }
}
