//! What programs follow: the map of all articles for search engines, and a feed of what changed.
//! Never a page.

use super::catalog::{Head, Heads};
use super::{OPEN_KEEP, kept, link, open, tag_of, texts, unread};
use crate::Site;
use crate::library::page_language;
use crate::links;
use crate::site::escaped;
use crate::texts::fill;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use center::city::name_in;
use center::time::Time;
use std::fmt::Write as _;
use std::sync::Arc;

/// Articles of one map: with six languages each, far below the 50,000 addresses of the protocol.
const MAPPED: usize = 2_000;

/// Changes in the feed.
const FED: usize = 50;

const XML: &str = "application/xml; charset=utf-8";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SITEMAP: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// `GET /sitemap.xml`: all articles, or where the parts are when they are too many for one map.
pub(crate) async fn sitemap(State(site): State<Site>, headers: HeaderMap) -> Response {
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let origin = links::origin(&site, &headers);
    let body = if heads.len() <= MAPPED {
        map(&heads, 0, &origin)
    } else {
        let parts = (0..heads.len().div_ceil(MAPPED)).map(|part| {
            let place = escaped(&format!("{origin}/sitemap/{part}.xml"));
            format!("<sitemap><loc>{place}</loc></sitemap>\n")
        });
        let parts: String = parts.collect();
        format!("{HEAD}<sitemapindex xmlns=\"{SITEMAP}\">\n{parts}</sitemapindex>\n")
    };
    kept(&headers, XML, OPEN_KEEP, body)
}

/// `GET /sitemap/{part}.xml`
pub(crate) async fn sitemap_part(
    State(site): State<Site>,
    Path(part): Path<String>,
    headers: HeaderMap,
) -> Response {
    let part = part.strip_suffix(".xml").and_then(|part| part.parse().ok());
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let known = |part: &usize| part.checked_mul(MAPPED).is_some_and(|at| at < heads.len());
    let Some(part) = part.filter(known) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let origin = links::origin(&site, &headers);
    kept(&headers, XML, OPEN_KEEP, map(&heads, part, &origin))
}

fn map(heads: &Heads, part: usize, origin: &str) -> String {
    let xhtml = "http://www.w3.org/1999/xhtml";
    let mut map = format!("{HEAD}<urlset xmlns=\"{SITEMAP}\" xmlns:xhtml=\"{xhtml}\">\n");
    for head in heads.values().skip(part * MAPPED).take(MAPPED) {
        let day = head.released.to_string();
        let others: String = head.titles.keys().fold(String::new(), |mut others, one| {
            let place = address(origin, head, one.code());
            let tag = one.code();
            let _ = write!(
                others,
                "<xhtml:link rel=\"alternate\" hreflang=\"{tag}\" href=\"{place}\"/>"
            );
            others
        });
        for language in head.titles.keys() {
            let place = address(origin, head, language.code());
            let day = &day[..10];
            let _ = writeln!(
                map,
                "<url><loc>{place}</loc><lastmod>{day}</lastmod>{others}</url>"
            );
        }
    }
    map.push_str("</urlset>\n");
    map
}

/// Where an article stands in a language, as it is written in XML.
fn address(origin: &str, head: &Head, tag: &str) -> String {
    let place = link(&format!("/articles/{}", head.code), &[("lang", tag)]);
    escaped(&format!("{origin}{place}"))
}

/// `GET /robots.txt`: what search engines need not look at.
pub(crate) async fn robots(State(site): State<Site>, headers: HeaderMap) -> Response {
    let mut body = String::from("User-agent: *\n");
    for path in [
        "/search",
        "/chat",
        "/write",
        "/letters/",
        "/desk",
        "/contacts",
        "/library",
        "/floor",
        "/statistics",
    ] {
        let _ = writeln!(body, "Disallow: {path}");
    }
    let _ = write!(
        body,
        "\nSitemap: {}/sitemap.xml\n",
        links::origin(&site, &headers)
    );
    kept(&headers, "text/plain; charset=utf-8", OPEN_KEEP, body)
}

/// `GET /feeds/articles.atom`: what was published last, in one language (Atom, RFC 4287).
pub(crate) async fn changes(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let tag = tag_of(&site, &parts);
    let language = page_language(tag);
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let mut last: Vec<&Arc<Head>> = heads.values().collect();
    last.sort_by(|one, other| {
        let newer = other.released.cmp(&one.released);
        newer.then_with(|| one.code.cmp(&other.code))
    });
    last.truncate(FED);
    let origin = links::origin(&site, &parts.headers);
    let mut entries = String::new();
    for head in &last {
        let whole = match site.archive.whole_article(head.id, false).await {
            Ok(whole) => whole,
            Err(failure) => return unread(&failure),
        };
        let own = head.language(language);
        let text = whole.and_then(|mut whole| whole.texts.remove(&own));
        let answer = text.map_or_else(String::new, |text| text.answer);
        let _ = write!(
            entries,
            "<entry xml:lang=\"{}\">\n<id>urn:uuid:{}</id>\n<title>{}</title>\n\
             <updated>{}</updated>\n<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n\
             <category term=\"{}\"/>\n<summary>{}</summary>\n</entry>\n",
            own.code(),
            head.uuid,
            escaped(head.title(language)),
            head.released,
            address(&origin, head, tag),
            escaped(&head.category),
            escaped(&answer),
        );
    }
    let updated = last.first().map_or(Time(0), |head| head.released);
    let town = name_in(&site.city().names, tag);
    let title = fill(texts::in_language(tag).feed_title, &[("city", town)]);
    let own = escaped(&format!("{origin}/feeds/articles.atom?lang={tag}"));
    let body = format!(
        "{HEAD}<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{tag}\">\n<id>{own}</id>\n\
         <title>{}</title>\n<updated>{updated}</updated>\n<author><name>{}</name></author>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{own}\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n{entries}</feed>\n",
        escaped(&title),
        escaped(town),
        escaped(&format!("{origin}/articles?lang={tag}")),
    );
    let kind = "application/atom+xml; charset=utf-8";
    open(kept(&parts.headers, kind, OPEN_KEEP, body))
}
