//! An article as citizens read it: its text in their language and district, how far it can be
//! trusted, and where to go on. Never a draft, never an article that is not theirs.

use super::linked::{self, Calls};
use super::{
    AskBox, Asked, Frame, SearchBox, kept_page, link, own_name, page_with, tag_of, visitor,
};
use crate::Site;
use crate::library::article::{Block, blocks};
use crate::library::{Choice, page_language, unit_name};
use crate::links;
use crate::site::today;
use crate::texts::fill;
use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use center::city::Language;
use center::knowledge::{Article, Audience, Law, Status, Text, TextState, code_fits};
use store::Failure;
use store::library::Whole;

/// A warning above the text, and where the text that counts is.
struct Caution {
    text: String,
    href: String,
    name: String,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct ArticlePage {
    frame: Frame,
    search: SearchBox,
    /// The article's own language, where the page speaks another.
    lang: &'static str,
    title: String,
    text: Text,
    details: Vec<Block>,
    calls: Vec<Calls>,
    laws: Vec<Law>,
    sign_video: String,
    unit: String,
    assured: String,
    cautions: Vec<Caution>,
    /// Districts in which it is different.
    districts: Vec<Choice>,
    district: String,
    in_district: String,
    /// Path of the article.
    path: String,
    q: String,
    canonical: String,
    alternates: Vec<(String, String)>,
    /// JSON-LD.
    data: String,
    thanks: String,
    ask: AskBox,
    browse: String,
}

#[derive(Template)]
#[template(path = "answer_gone.html")]
struct GonePage {
    frame: Frame,
    search: SearchBox,
    title: &'static str,
    text: &'static str,
    ask: AskBox,
    browse: String,
}

/// What became of an article that was asked for.
pub(crate) enum Sought {
    /// It may be read.
    Seen(Box<Whole>),
    /// It could be read once.
    Gone,
    /// There is none, or it is not for citizens.
    Unknown,
}

/// Looks for what citizens may read under a code.
pub(crate) async fn seek(site: &Site, code: &str) -> Result<Sought, Failure> {
    if !code_fits(code) {
        return Ok(Sought::Unknown);
    }
    let Some(id) = site.archive.find_article(code).await? else {
        return Ok(Sought::Unknown);
    };
    let Some(whole) = site.archive.whole_article(id, false).await? else {
        return Ok(Sought::Unknown);
    };
    let library = &site.city().library;
    let (article, today) = (&whole.article, today(site));
    if article.citizens_see(library, today) {
        return Ok(Sought::Seen(Box::new(whole)));
    }
    let audience = article.published().map(|version| version.facts.audience);
    let was_read = matches!(
        article.status(library, today),
        Status::Retired | Status::Hidden
    );
    if was_read && audience == Some(Audience::Citizen) {
        Ok(Sought::Gone)
    } else {
        Ok(Sought::Unknown)
    }
}

/// `GET /articles/{code}`
pub(crate) async fn article(
    State(site): State<Site>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let tag = tag_of(&site, &parts);
    let asked = asked.bounded(&site);
    let t = super::texts::in_language(tag);
    match seek(&site, &code).await {
        Ok(Sought::Seen(whole)) => {
            site.searches.opened(&visitor(&site, &parts), &code);
            match shown(&site, tag, &parts, &asked, &whole) {
                Some(page) => kept_page(&parts.headers, &page),
                None => missing(&site, tag, &asked, (t.unknown_title, t.unknown)),
            }
        }
        Ok(Sought::Gone) => {
            let page = gone_page(&site, tag, &asked, (t.gone_title, t.gone));
            page_with(StatusCode::GONE, &page)
        }
        Ok(Sought::Unknown) => missing(&site, tag, &asked, (t.unknown_title, t.unknown)),
        Err(failure) => {
            tracing::error!(%failure, "an article was not read");
            let page = gone_page(&site, tag, &asked, (t.search_title, t.trouble));
            page_with(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

fn missing(site: &Site, tag: &str, asked: &Asked, said: (&'static str, &'static str)) -> Response {
    page_with(StatusCode::NOT_FOUND, &gone_page(site, tag, asked, said))
}

fn gone_page(
    site: &Site,
    tag: &str,
    asked: &Asked,
    (title, text): (&'static str, &'static str),
) -> GonePage {
    GonePage {
        // The place is gone: another language begins at the search.
        frame: Frame::new(site, tag, "/search", &[("q", &asked.q)]),
        search: SearchBox::new(site, tag, &asked.q, &asked.district),
        ask: AskBox::new(site, tag, &asked.q),
        browse: link("/articles", &[("lang", tag)]),
        title,
        text,
    }
}

fn shown(
    site: &Site,
    tag: &str,
    parts: &Parts,
    asked: &Asked,
    whole: &Whole,
) -> Option<ArticlePage> {
    let version = whole.version()?;
    let facts = &version.facts;
    let wanted = page_language(tag);
    let language = if whole.texts.contains_key(&wanted) {
        wanted
    } else {
        facts.source
    };
    let written = whole.texts.get(&language)?;
    let text = written.in_district(&asked.district);
    let path = format!("/articles/{}", whole.article.code);
    let pairs = [("district", asked.district.as_str()), ("q", &asked.q)];
    let frame = Frame::new(site, tag, &path, &pairs);
    let t = frame.t;
    let varied = varied(site, tag, &asked.district, written);
    let here = varied.iter().find(|one| !one.code.is_empty() && one.chosen);
    let origin = links::origin(site, &parts.headers);
    let place = |language: Language| {
        let at = link(
            &path,
            &[("lang", language.code()), ("district", &asked.district)],
        );
        format!("{origin}{at}")
    };
    let alternates = whole.texts.keys();
    let question = if asked.q.is_empty() {
        text.title.clone()
    } else {
        asked.q.clone()
    };
    Some(ArticlePage {
        search: SearchBox::new(site, tag, "", &asked.district),
        lang: language.code(),
        title: text.title.clone(),
        details: blocks(&text.details),
        calls: linked::calls(&text.telephone),
        laws: facts.laws.iter().map(safe_law).collect(),
        sign_video: safe(&facts.sign_video),
        unit: unit_name(site.city(), tag, &facts.owner),
        assured: whole
            .article
            .assured
            .map_or_else(String::new, |day| day.to_string()),
        cautions: cautions(site, tag, asked, whole, language),
        in_district: here.map_or_else(String::new, |one| {
            fill(t.in_district, &[("district", &one.name)])
        }),
        districts: if varied.len() > 1 { varied } else { Vec::new() },
        district: asked.district.clone(),
        canonical: place(language),
        alternates: alternates
            .map(|one| (one.code().to_owned(), place(*one)))
            .collect(),
        data: linked::json_ld(site, whole, language, &text, &origin, &place(language)),
        thanks: thanks(t, &asked.thanks),
        ask: AskBox::new(site, tag, &question),
        browse: link("/articles", &[("lang", tag), ("category", &facts.category)]),
        q: asked.q.clone(),
        path,
        text,
        frame,
    })
}

/// The whole city and the districts in which a text is different; nothing but the city where it
/// is the same everywhere.
fn varied(site: &Site, tag: &str, chosen: &str, written: &Text) -> Vec<Choice> {
    let all = super::districts(site, tag, chosen).into_iter();
    all.filter(|one| one.code.is_empty() || written.variants.contains_key(&one.code))
        .collect()
}

/// What is said to somebody who has just said whether it helped.
fn thanks(t: &super::texts::Words, said: &str) -> String {
    match said {
        "yes" => t.thanks.to_owned(),
        "no" => t.sorry.to_owned(),
        _ => String::new(),
    }
}

/// What a reader should know before relying on the text.
fn cautions(
    site: &Site,
    tag: &str,
    asked: &Asked,
    whole: &Whole,
    language: Language,
) -> Vec<Caution> {
    let t = super::texts::in_language(tag);
    let Some(version) = whole.version() else {
        return Vec::new();
    };
    let source = version.facts.source;
    let wanted = page_language(tag);
    let plain = |text: String| Caution {
        text,
        href: String::new(),
        name: String::new(),
    };
    let mut cautions = Vec::new();
    if let Some(text) = calendar(site, t, &whole.article) {
        cautions.push(plain(text));
    }
    let names = [("source", own_name(source)), ("language", own_name(wanted))];
    let unchecked = |language| {
        let mark = version.marks.get(&language);
        mark.is_some_and(|mark| mark.state == TextState::Unchecked)
    };
    if language != wanted {
        cautions.push(plain(fill(t.missing, &names)));
    } else if language != source && (unchecked(language) || version.is_older(language)) {
        let text = if version.is_older(language) {
            t.older
        } else {
            t.unchecked
        };
        let pairs = [
            ("lang", source.code()),
            ("district", asked.district.as_str()),
            ("q", &asked.q),
        ];
        cautions.push(Caution {
            text: fill(text, &names),
            href: link(&format!("/articles/{}", whole.article.code), &pairs),
            name: fill(t.read_source, &names),
        });
    }
    cautions
}

/// What the calendar says against an article.
fn calendar(site: &Site, t: &super::texts::Words, article: &Article) -> Option<String> {
    let until = article.published()?.facts.valid_until;
    match (article.status(&site.city().library, today(site)), until) {
        (Status::Expired, Some(day)) => Some(fill(t.until, &[("day", &day.to_string())])),
        (Status::Expired | Status::Overdue, _) => Some(t.overdue.to_owned()),
        _ => None,
    }
}

/// An address that may be a link: of the web, nothing that runs.
fn safe(url: &str) -> String {
    let lower = url.to_ascii_lowercase();
    let of_the_web = lower.starts_with("https://") || lower.starts_with("http://");
    if of_the_web {
        url.to_owned()
    } else {
        String::new()
    }
}

fn safe_law(law: &Law) -> Law {
    Law {
        title: law.title.clone(),
        url: safe(&law.url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert_eq!(safe("https://law.example/1"), "https://law.example/1");
        for url in [
            "javascript:alert(1)",
            " https://x",
            "data:text/html,x",
            "",
            "//x",
        ] {
            assert_eq!(safe(url), "", "{url}");
        }
    }
}
