//! What citizens read of the library: search, articles, topics, feeds and interfaces. Never what
//! they may not see, never a decision.

pub(crate) mod article;
pub(crate) mod browse;
pub(crate) mod catalog;
pub(crate) mod feeds;
pub(crate) mod helped;
pub(crate) mod hsds;
pub(crate) mod inquiry;
mod linked;
pub(crate) mod missed;
pub(crate) mod search;
pub(crate) mod texts;

use crate::citizen_texts::{self, Citizen, LANGUAGES, OWN_NAMES};
use crate::contacts::encoded;
use crate::library::Choice;
use crate::session::hex;
use crate::site::{Site, address, language};
use crate::texts::fill;
use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use center::city::{Language, name_in};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use texts::Words;

/// Letters of a question that is carried along.
pub(crate) const QUESTION_MAX: usize = 300;

/// The routes that citizens, their feed readers and other programs ask.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/search", get(search::search))
        .route("/articles", get(browse::browse))
        .route("/articles/{code}", get(article::article))
        .route("/articles/{code}/helped", post(helped::helped))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/sitemap/{part}", get(feeds::sitemap_part))
        .route("/robots.txt", get(feeds::robots))
        .route("/feeds/articles.atom", get(feeds::changes))
        .merge(inquiry::routes())
        .merge(hsds::routes())
}

/// What the address of a page of articles may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// What was searched for.
    pub(crate) q: String,
    pub(crate) district: String,
    /// Only the found articles are wanted, for a page that is open.
    pub(crate) part: String,
    /// What a reader has just said of the article.
    pub(crate) thanks: String,
    pub(crate) category: String,
    pub(crate) page: usize,
}

impl Asked {
    /// The same without what is too long, and without a district that the city does not have.
    pub(crate) fn bounded(mut self, site: &Site) -> Asked {
        self.q = question(&self.q);
        if site.city().library.district(&self.district).is_none() {
            self.district.clear();
        }
        self
    }
}

/// A question in one line that is not too long.
pub(crate) fn question(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(QUESTION_MAX).collect()
}

/// The language in which a request is to be answered.
pub(crate) fn tag_of(site: &Site, parts: &Parts) -> &'static str {
    let own = site.city().language.code();
    language(&parts.headers, &parts.uri, &LANGUAGES, own)
}

/// An address with what stays when somebody goes on: language, district, question.
pub(crate) fn link(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut link = path.to_owned();
    let mut mark = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(link, "{mark}{name}={}", encoded(value));
        mark = '&';
    }
    link
}

/// A language to switch to, at the same place.
pub(crate) struct Tongue {
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) href: String,
}

/// What every page of articles begins with.
pub(crate) struct Frame {
    pub(crate) t: &'static Words,
    pub(crate) c: &'static Citizen,
    pub(crate) files: &'static str,
    pub(crate) city: String,
    pub(crate) number: String,
    pub(crate) tongues: Vec<Tongue>,
    pub(crate) notices: Vec<String>,
}

impl Frame {
    /// `pairs` are what the address says beside the language.
    pub(crate) fn new(site: &Site, tag: &str, path: &str, pairs: &[(&str, &str)]) -> Frame {
        let tongue = |(tag, name): (&'static str, &'static str)| {
            let mut all = vec![("lang", tag)];
            all.extend(pairs);
            Tongue {
                tag,
                name,
                href: link(path, &all),
            }
        };
        Frame {
            t: texts::in_language(tag),
            c: citizen_texts::in_language(tag),
            files: crate::files::version(),
            city: name_in(&site.city().names, tag).to_owned(),
            number: site.settings.number.clone(),
            tongues: LANGUAGES.into_iter().zip(OWN_NAMES).map(tongue).collect(),
            notices: crate::library::notices::for_citizens(site, tag),
        }
    }
}

/// The search field.
pub(crate) struct SearchBox {
    pub(crate) t: &'static Words,
    pub(crate) q: String,
    /// Districts to choose from; none when the city has none.
    pub(crate) districts: Vec<Choice>,
}

impl SearchBox {
    /// An empty one, of a city without districts.
    pub(crate) fn blank(tag: &str) -> SearchBox {
        SearchBox {
            t: texts::in_language(tag),
            q: String::new(),
            districts: Vec::new(),
        }
    }

    pub(crate) fn new(site: &Site, tag: &str, q: &str, district: &str) -> SearchBox {
        SearchBox {
            t: texts::in_language(tag),
            q: q.to_owned(),
            districts: districts(site, tag, district),
        }
    }
}

/// Districts to choose from, the whole city first.
pub(crate) fn districts(site: &Site, tag: &str, chosen: &str) -> Vec<Choice> {
    let all = &site.city().library.districts;
    if all.is_empty() {
        return Vec::new();
    }
    let whole = Choice::new("", texts::in_language(tag).whole_city, chosen);
    let each = all
        .iter()
        .map(|one| Choice::new(&one.code, name_in(&one.names, tag), chosen));
    std::iter::once(whole).chain(each).collect()
}

/// Ways to a counselor, with the question that goes along.
pub(crate) struct AskBox {
    pub(crate) t: &'static Words,
    pub(crate) question: String,
    /// Whether the city takes forms.
    pub(crate) writes: bool,
    pub(crate) number: String,
    pub(crate) by_phone: String,
}

impl AskBox {
    pub(crate) fn new(site: &Site, tag: &str, question: &str) -> AskBox {
        let t = texts::in_language(tag);
        let number = &site.settings.number;
        AskBox {
            t,
            question: question.to_owned(),
            writes: site.settings.writing.form.is_some(),
            by_phone: fill(t.by_phone, &[("number", number)]),
            number: number.clone(),
        }
    }
}

/// The name of a language in itself.
pub(crate) fn own_name(language: Language) -> &'static str {
    crate::library::texts::own_name(language)
}

/// Whoever asks, as a keyed digest that tells two visitors apart and nothing else.
pub(crate) fn visitor(site: &Site, parts: &Parts) -> String {
    let text = |name: header::HeaderName| {
        let value = parts.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    let (agent, languages) = (text(header::USER_AGENT), text(header::ACCEPT_LANGUAGE));
    let seen = format!("visitor {} {agent} {languages}", address(parts));
    site.archive.token(&seen)
}

/// An answer that a browser keeps and asks about again: the same answer costs no transfer.
pub(crate) fn kept(
    headers: &HeaderMap,
    kind: &'static str,
    keep: &'static str,
    body: String,
) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let tag = format!("\"{}\"", hex(&digest[..12]));
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|one| matches!(one.trim().trim_start_matches("W/"), one if one == tag || one == "*"));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut whole = Response::new(Body::from(body));
        whole
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        whole
    };
    let put = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        put.insert(header::ETAG, tag);
    }
    put.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    put.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie"),
    );
    response
}

/// A page that a browser keeps and asks about again.
pub(crate) fn kept_page(headers: &HeaderMap, template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => kept(
            headers,
            "text/html; charset=utf-8",
            "private, no-cache",
            html,
        ),
        Err(failure) => {
            tracing::error!(%failure, "a page was not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with a status of its own.
pub(crate) fn page_with(status: StatusCode, template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(failure) => {
            tracing::error!(%failure, "a page was not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The library could not be read: said to programs and feed readers.
pub(crate) fn unread(failure: &store::Failure) -> Response {
    tracing::error!(%failure, "the library was not read");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// An answer for programs of everybody, from any place.
pub(crate) fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

/// How long programs keep what is open to everybody.
pub(crate) const OPEN_KEEP: &str = "public, max-age=60";

/// JSON for programs of everybody.
pub(crate) fn open_json(headers: &HeaderMap, value: &serde_json::Value) -> Response {
    let kind = "application/json; charset=utf-8";
    open(kept(headers, kind, OPEN_KEEP, value.to_string()))
}

/// A part of a list that is too long for one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) size: usize,
    pub(crate) items: usize,
}

impl Page {
    /// A page of so many items; a number that is not there is the nearest one.
    pub(crate) fn new(number: usize, size: usize, items: usize) -> Page {
        let size = size.max(1);
        let last = items.div_ceil(size).max(1);
        Page {
            number: number.clamp(1, last),
            size,
            items,
        }
    }

    pub(crate) fn pages(self) -> usize {
        self.items.div_ceil(self.size)
    }

    /// Which of the items.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        let from = (self.number - 1) * self.size;
        from.min(self.items)..(from + self.size).min(self.items)
    }
}
