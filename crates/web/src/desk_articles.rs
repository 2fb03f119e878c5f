//! Articles at the desk: those that fit what is being written, one of them to be read aloud or
//! sent, and what became of it in a contact. Never a decision, never a text that leaves by itself.

use crate::article_texts::{self, Pane};
use crate::commands::{refusal_text, said};
use crate::desk::is_own;
use crate::finder::Asked;
use crate::library::{self, author, page_language, texts, unit_name};
use crate::site::{Site, Staffer, today};
use crate::{categories, desk_call_text, links};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use center::board::ContactView;
use center::city::{ContactId, Language, name_in};
use center::command::Refusal;
use center::knowledge::{Article, Audience, Gap, LANGUAGES, Order, Status, Text, Version};
use hub::{LibraryCommand, LibraryError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::Failure;
use store::library::{UseKind, Whole, standing};

/// Articles that are shown at once: as many as there are keys to open them.
const SHOWN: usize = 5;
/// Letters that are searched for: what is said last says best what is asked.
const LETTERS_MAX: usize = 200;

/// The body of every request about articles; each verb reads what it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    pub(crate) contact: u64,
    /// What is written, or searched for.
    text: String,
    /// Code of the article.
    pub(crate) article: String,
    revision: u32,
    pub(crate) language: String,
    pub(crate) district: String,
    sent: bool,
    helped: bool,
    /// Name of a text to the caller until it has a number.
    pub(crate) id: String,
    /// Another number than the caller's.
    pub(crate) number: String,
}

/// `POST /desk/articles/{verb}`
pub(crate) async fn act(
    State(site): State<Site>,
    Path(verb): Path<String>,
    staffer: Staffer,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Response {
    let w = staffer.words;
    if !is_own(&site, &staffer, &headers) {
        return said(StatusCode::FORBIDDEN, "forged", w.forged);
    }
    let view = at_hand(&site, &staffer, wanted.contact);
    match verb.as_str() {
        "text" => return desk_call_text::send(&site, &staffer, &headers, &wanted).await,
        "texts" => return desk_call_text::sent(&site, &staffer, &wanted).await,
        _ => {}
    }
    let result = match verb.as_str() {
        "find" => find(&site, &staffer, view.as_ref(), &wanted).await,
        "open" => {
            let origin = links::origin(&site, &headers);
            open(&site, &staffer, &origin, &wanted).await
        }
        "miss" => miss(&site, &staffer, &wanted).await,
        "use" | "rate" if view.is_none() => {
            let key = Refusal::NotYours;
            return said(StatusCode::CONFLICT, key.key(), refusal_text(w, key));
        }
        "use" | "rate" => judge(&site, &staffer, &verb, wanted).await,
        _ => return said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request),
    };
    result.unwrap_or_else(|trouble| trouble.told(&staffer))
}

/// Why nothing can be shown or written down.
enum Trouble {
    Library(Failure),
    Index(search::Failure),
    Gone,
    Refused(LibraryError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Library(failure)
    }
}

impl Trouble {
    fn told(self, staffer: &Staffer) -> Response {
        let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
        match self {
            Trouble::Library(failure) => {
                tracing::error!(%failure, "the library was not read");
                said(StatusCode::SERVICE_UNAVAILABLE, "trouble", w.trouble)
            }
            Trouble::Index(failure) => {
                tracing::error!(%failure, "the library was not searched");
                let a = article_texts::in_language(w.tag);
                said(StatusCode::SERVICE_UNAVAILABLE, "index", a.building)
            }
            Trouble::Gone => said(StatusCode::NOT_FOUND, "unknown", l.r_unknown),
            Trouble::Refused(error) => {
                let (status, message) = library::asking::said(l, &error);
                tracing::info!(%error, "the use of an article was not written");
                said(status, "refused", message)
            }
        }
    }
}

/// A contact of the counselor's own.
pub(crate) fn at_hand(site: &Site, staffer: &Staffer, contact: u64) -> Option<ContactView> {
    let contact = ContactId(contact);
    let board = site.hub.board().borrow().clone();
    let me = board.counselor(staffer.id())?;
    let view = board.contact(contact)?;
    me.contacts.contains(&contact).then(|| view.clone())
}

/// The best articles for what is written: in the counselor's language first, in the citizen's next.
async fn find(
    site: &Site,
    staffer: &Staffer,
    view: Option<&ContactView>,
    wanted: &Wanted,
) -> Result<Response, Trouble> {
    let own = page_language(staffer.words.tag);
    let mut languages = vec![own];
    let theirs = view.map(|view| view.language);
    languages.extend(theirs.filter(|one| *one != own && LANGUAGES.contains(one)));
    let asked = Asked {
        text: tail(&wanted.text),
        languages,
        district: wanted.district.clone(),
        counselor: true,
        category: String::new(),
        limit: SHOWN,
    };
    let answer = site.finder.find(asked).await.map_err(Trouble::Index)?;
    let mut lines = Vec::with_capacity(answer.hits.len());
    for hit in &answer.hits {
        if let Some(whole) = read(site, &hit.article).await?
            && let Some(line) = line(site, staffer, &whole, &hit.district)
        {
            lines.push(line);
        }
    }
    let none = lines.is_empty();
    let state = if none { why_none(site).await? } else { "found" };
    let body = json!({
        "state": state,
        "suggestion": answer.suggestion.filter(|_| none),
        "articles": lines,
    });
    Ok(Json(body).into_response())
}

/// The last words that fit.
fn tail(text: &str) -> String {
    let text = text.trim();
    let letters = text.chars().count();
    if letters <= LETTERS_MAX {
        return text.to_owned();
    }
    let last: String = text.chars().skip(letters - LETTERS_MAX).collect();
    match last.split_once(char::is_whitespace) {
        Some((_, whole)) => whole.to_owned(),
        None => last,
    }
}

/// Nothing fits, nothing is published, or the index is not there yet.
async fn why_none(site: &Site) -> Result<&'static str, Failure> {
    let counts = site.archive.article_counts().await?;
    let published = counts
        .iter()
        .any(|(status, count)| status.counselors_see() && *count > 0);
    Ok(match (published, site.finder.is_building()) {
        (false, _) => "empty",
        (true, true) => "building",
        (true, false) => "none",
    })
}

pub(crate) async fn read(site: &Site, code: &str) -> Result<Option<Whole>, Failure> {
    let Some(id) = site.archive.find_article(code).await? else {
        return Ok(None);
    };
    let whole = site.archive.whole_article(id, false).await?;
    Ok(whole.filter(|whole| state(site, &whole.article).counselors_see()))
}

pub(crate) fn state(site: &Site, article: &Article) -> Status {
    article.status(&site.city().library, today(site))
}

/// The counselor's language, else the article's own.
fn chosen<'a>(
    version: &Version,
    texts: &'a BTreeMap<Language, Text>,
    wanted: Language,
) -> Option<(Language, &'a Text)> {
    let all = [wanted, version.facts.source];
    let found = all.into_iter().find(|one| texts.contains_key(one));
    let language = found.or_else(|| texts.keys().next().copied())?;
    Some((language, &texts[&language]))
}

/// An article in the list.
fn line(site: &Site, staffer: &Staffer, whole: &Whole, district: &str) -> Option<Value> {
    let tag = staffer.words.tag;
    let version = whole.version()?;
    let (language, text) = chosen(version, &whole.texts, page_language(tag))?;
    let text = text.in_district(district);
    let category = &version.facts.category;
    Some(json!({
        "code": whole.article.code,
        "language": language.code(),
        "district": district,
        "title": text.title,
        "answer": text.answer,
        "yellow": state(site, &whole.article).yellow(),
        "category": category,
        "category_name": categories::path(site.city(), category, tag),
    }))
}

/// One article with all its languages and districts, and what was done with it in the contact.
async fn open(
    site: &Site,
    staffer: &Staffer,
    origin: &str,
    wanted: &Wanted,
) -> Result<Response, Trouble> {
    let whole = read(site, &wanted.article).await?.ok_or(Trouble::Gone)?;
    let mut shown = shown(site, staffer, &whole).ok_or(Trouble::Gone)?;
    let contact = ContactId(wanted.contact);
    let (mut used, mut verdict) = (false, Value::Null);
    if at_hand(site, staffer, wanted.contact).is_some() {
        for (one, _) in site.archive.article_uses(contact).await? {
            if one.article == whole.article.id {
                used |= one.what.is_use();
                if !one.what.is_use() {
                    verdict = (one.what == UseKind::Helped).into();
                }
            }
        }
    }
    shown["used"] = used.into();
    shown["verdict"] = verdict;
    shown["link"] = format!("{origin}/articles/{}", whole.article.code).into();
    Ok(Json(shown).into_response())
}

fn shown(site: &Site, staffer: &Staffer, whole: &Whole) -> Option<Value> {
    let (city, tag) = (site.city(), staffer.words.tag);
    let l = texts::in_language(tag);
    let version = whole.version()?;
    let article = &whole.article;
    let facts = &version.facts;
    let status = state(site, article);
    let (first, _) = chosen(version, &whole.texts, page_language(tag))?;
    let tab = |language: &Language| {
        let standing = standing(version, *language);
        json!({
            "code": language.code(),
            "name": texts::own_name(*language),
            "standing": standing,
            "standing_name": l.standing(standing),
        })
    };
    let outcome = city.outcomes.iter().find(|one| one.code == facts.outcome);
    Some(json!({
        "code": article.code,
        "revision": whole.revision,
        "language": first.code(),
        "status": l.status(status),
        "yellow": status.yellow(),
        "public": facts.audience == Audience::Citizen && status.citizens_see(),
        "category": facts.category,
        "category_name": categories::path(city, &facts.category, tag),
        "outcome": facts.outcome,
        "outcome_name": outcome.map_or("", |one| name_in(&one.names, tag)),
        "owner": unit_name(city, tag, &facts.owner),
        "assured": article.assured.map_or_else(String::new, |day| day.to_string()),
        "tabs": LANGUAGES.iter().map(tab).collect::<Vec<_>>(),
        "districts": districts(site, tag, &whole.texts),
        "texts": whole.texts.iter()
            .map(|(language, text)| (language.code().to_owned(), json!(text)))
            .collect::<serde_json::Map<_, _>>(),
    }))
}

/// Districts where something differs, in the city's order.
fn districts(site: &Site, tag: &str, texts: &BTreeMap<Language, Text>) -> Vec<Value> {
    let differs = |code: &str| texts.values().any(|text| text.variants.contains_key(code));
    let all = site.city().library.districts.iter();
    all.filter(|one| differs(&one.code))
        .map(|one| json!({ "code": one.code, "name": name_in(&one.names, tag) }))
        .collect()
}

/// Writes down that an article was used in a contact, or whether it helped.
async fn judge(
    site: &Site,
    staffer: &Staffer,
    verb: &str,
    wanted: Wanted,
) -> Result<Response, Trouble> {
    let language = Language::parse(&wanted.language);
    let language = language.filter(|one| LANGUAGES.contains(one));
    let article = site.archive.find_article(&wanted.article).await?;
    let (Some(article), Some(language)) = (article, language) else {
        return Err(Trouble::Gone);
    };
    let contact = ContactId(wanted.contact);
    let words = tail(&wanted.text);
    let order = if verb == "use" {
        Order::Use {
            revision: wanted.revision,
            contact,
            language,
            district: wanted.district,
            sent: wanted.sent,
            words,
        }
    } else {
        Order::Rate {
            language,
            helped: wanted.helped,
            words,
            contact: Some(contact),
        }
    };
    let librarian = site.hub.librarian();
    let asked = librarian.ask(author(staffer), article, order).await;
    asked.map_err(Trouble::Refused)?;
    Ok(said(StatusCode::OK, "done", ""))
}

/// Writes down a search of which nothing was opened.
async fn miss(site: &Site, staffer: &Staffer, wanted: &Wanted) -> Result<Response, Trouble> {
    let words = tail(&wanted.text);
    if words.is_empty() {
        let w = staffer.words;
        return Ok(said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request));
    }
    let missed = LibraryCommand::Missed {
        gap: Gap::NoClick,
        language: page_language(staffer.words.tag),
        words,
        category: String::new(),
    };
    let librarian = site.hub.librarian();
    let sent = librarian.send(author(staffer), missed).await;
    sent.map_err(Trouble::Refused)?;
    Ok(said(StatusCode::OK, "done", ""))
}

/// What became of articles in a contact, each with its instant.
pub(crate) async fn moments(
    site: &Site,
    tag: &str,
    contact: ContactId,
) -> Result<Vec<(center::time::Time, String)>, Failure> {
    let a = article_texts::in_language(tag);
    let uses = site.archive.article_uses(contact).await?;
    let told = uses.into_iter().map(|(one, row)| {
        let district = site.city().library.district(&one.district);
        let about = [
            if one.revision > 0 {
                crate::texts::fill(a.revision, &[("n", &one.revision.to_string())])
            } else {
                String::new()
            },
            texts::own_name(one.language).to_owned(),
            district.map_or_else(String::new, |one| name_in(&one.names, tag).to_owned()),
            one.counselor
                .map_or_else(String::new, |id| site.counselor_name(id)),
        ];
        let about: Vec<String> = about.into_iter().filter(|text| !text.is_empty()).collect();
        let title = row.title(page_language(tag));
        let what = a.what(one.what);
        (one.at, format!("{what}: {title} ({})", about.join(" · ")))
    });
    Ok(told.collect())
}

impl Pane {
    /// What was done with an article.
    fn what(&self, what: UseKind) -> &'static str {
        match what {
            UseKind::Read => self.e_read,
            UseKind::Sent => self.e_sent,
            UseKind::Helped => self.e_helped,
            UseKind::Unhelped => self.e_unhelped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_last_is_searched_for_in_whole_words() {
        assert_eq!(tail("  여권 재발급 "), "여권 재발급");
        let long = format!("{} the passport", "word ".repeat(60));
        let last = tail(&long);
        assert!(last.chars().count() <= LETTERS_MAX, "{last}");
        assert!(last.starts_with("word ") && last.ends_with("the passport"));
        assert_eq!(tail(&"가".repeat(500)).chars().count(), LETTERS_MAX);
    }
}
