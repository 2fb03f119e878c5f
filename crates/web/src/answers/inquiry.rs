//! The Open311 Inquiry interface, version 1: services, facilities and questions for other programs,
//! each with the day up to which it holds. Never a page, never what citizens may not read.

use super::article::{Sought, seek};
use super::catalog::{Head, Heads};
use super::{OPEN_KEEP, Page, kept, link, open, open_json, unread};
use crate::Site;
use crate::library::article::{Block, blocks};
use crate::library::hsds::{organization_id, uuid_of};
use crate::library::page_language;
use crate::links;
use crate::site::{escaped, today};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use center::city::{Language, name_in};
use center::knowledge::{Status, Text, Unit};
use center::time::Day;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Failure;
use store::library::Whole;

/// Items of one answer, and the most that may be asked for.
const ITEMS: usize = 200;
const ITEMS_MAX: usize = 500;

const ROOT: &str = "/open311/inquiry/v1";

/// The routes of the interface.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route(&format!("{ROOT}/services/{{what}}"), get(services))
        .route(&format!("{ROOT}/facilities/{{what}}"), get(facilities))
        .route(&format!("{ROOT}/web_faqs/{{what}}"), get(questions))
}

/// What may be asked beside the path: the interface itself knows no language and no pages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    lang: String,
    page: usize,
    per_page: usize,
}

/// How the answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
}

/// The name and the form of `all.json`, `TRF.xml` or a bare identifier.
fn parts(what: &str) -> Option<(&str, Form)> {
    match what.rsplit_once('.') {
        Some((name, "json")) => Some((name, Form::Json)),
        Some((name, "xml")) => Some((name, Form::Xml)),
        Some(_) => None,
        None => Some((what, Form::Json)),
    }
}

fn language(site: &Site, wanted: &Wanted) -> Language {
    let known = Language::parse(&wanted.lang);
    let known = known.filter(|one| center::knowledge::LANGUAGES.contains(one));
    known.unwrap_or_else(|| page_language(site.city().language.code()))
}

/// `GET …/services/{all|category|id}`
async fn services(
    State(site): State<Site>,
    Path(what): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    articles(&site, &what, &wanted, &headers, &SERVICES).await
}

/// `GET …/web_faqs/{all|category|id}`
async fn questions(
    State(site): State<Site>,
    Path(what): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    articles(&site, &what, &wanted, &headers, &QUESTIONS).await
}

/// How one kind of item is told.
struct Kind {
    /// Names of the list and of an item in XML.
    names: (&'static str, &'static str),
    item: fn(&Told<'_>) -> Value,
    detail: fn(&Told<'_>, Value) -> Value,
}

static SERVICES: Kind = Kind {
    names: ("services", "service"),
    item: service,
    detail: service_detail,
};
static QUESTIONS: Kind = Kind {
    names: ("faqs", "faq"),
    item: question,
    detail: question_detail,
};

/// An article in the language in which it is told.
struct Told<'a> {
    site: &'a Site,
    whole: &'a Whole,
    language: Language,
    text: &'a Text,
    origin: String,
}

async fn articles(
    site: &Site,
    what: &str,
    wanted: &Wanted,
    headers: &HeaderMap,
    kind: &Kind,
) -> Response {
    let Some((name, form)) = parts(what) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let heads = match site.catalog.heads(site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let told = |value: Value, many: bool| written(headers, form, kind.names, &value, many);
    if let Some(head) = by_id(&heads, name) {
        let one = one(site, head, wanted, headers, kind).await;
        return match one {
            Ok(Some(value)) => told(value, false),
            Ok(None) => StatusCode::NOT_FOUND.into_response(),
            Err(failure) => unread(&failure),
        };
    }
    let all = name == "all";
    if !all && !is_category(site, name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let about: Vec<&Arc<Head>> = heads
        .values()
        .filter(|head| all || head.is_about(name))
        .collect();
    let size = match wanted.per_page {
        0 => ITEMS,
        asked => asked.min(ITEMS_MAX),
    };
    let page = Page::new(wanted.page, size, about.len());
    let mut items = Vec::new();
    for head in &about[page.range()] {
        match whole(site, head).await {
            Ok(Some(whole)) => items.extend(tell(site, &whole, wanted, headers, kind.item)),
            Ok(None) => {}
            Err(failure) => return unread(&failure),
        }
    }
    told(Value::Array(items), true)
}

fn by_id<'a>(heads: &'a Heads, id: &str) -> Option<&'a Arc<Head>> {
    heads.values().find(|head| head.uuid == id)
}

fn is_category(site: &Site, name: &str) -> bool {
    site.city().categories.iter().any(|one| one.code == name)
}

async fn whole(site: &Site, head: &Head) -> Result<Option<Whole>, Failure> {
    match seek(site, &head.code).await? {
        Sought::Seen(whole) => Ok(Some(*whole)),
        Sought::Gone | Sought::Unknown => Ok(None),
    }
}

async fn one(
    site: &Site,
    head: &Head,
    wanted: &Wanted,
    headers: &HeaderMap,
    kind: &Kind,
) -> Result<Option<Value>, Failure> {
    let whole = whole(site, head).await?;
    let told = |it: &Told<'_>| (kind.detail)(it, (kind.item)(it));
    Ok(whole.and_then(|whole| tell(site, &whole, wanted, headers, told)))
}

fn tell(
    site: &Site,
    whole: &Whole,
    wanted: &Wanted,
    headers: &HeaderMap,
    how: impl Fn(&Told<'_>) -> Value,
) -> Option<Value> {
    let source = whole.version()?.facts.source;
    let asked = language(site, wanted);
    let language = if whole.texts.contains_key(&asked) {
        asked
    } else {
        source
    };
    let text = whole.texts.get(&language)?;
    Some(how(&Told {
        site,
        whole,
        language,
        text,
        origin: links::origin(site, headers),
    }))
}

/// The end of the last day on which the article holds: its last valid day, else the day up to
/// which its unit has to assure it. While that is late the article holds until it is hidden.
fn expiration(told: &Told<'_>) -> String {
    let library = &told.site.city().library;
    let article = &told.whole.article;
    let facts = told.whole.version().map(|version| &version.facts);
    let until = facts.and_then(|facts| facts.valid_until);
    let due = article.check(library).map(|(_, due)| due);
    let last = [until, due].into_iter().flatten().min();
    let today = today(told.site);
    let hide = i32::from(library.hide_days);
    let last = match article.status(library, today) {
        Status::Overdue | Status::Expired => last.map(|last| Day(last.0 + hide)),
        _ => last,
    };
    let zone = &told.site.city().zone;
    last.map_or_else(String::new, |last| {
        zone.start_of(Day(last.0 + 1)).to_string()
    })
}

fn service(told: &Told<'_>) -> Value {
    json!({
        "id": uuid_of(&told.whole.article.code),
        "service_name": told.text.title,
        "expiration": expiration(told),
        "brief_description": told.text.answer,
    })
}

fn question(told: &Told<'_>) -> Value {
    json!({
        "id": uuid_of(&told.whole.article.code),
        "question": told.text.title,
        "expiration": expiration(told),
    })
}

fn service_detail(told: &Told<'_>, mut item: Value) -> Value {
    let (plain, html) = described(told.text);
    item["categories"] = categories(told);
    item["url"] = page(told).into();
    item["description"] = plain.into();
    item["description_html"] = html.into();
    let facts = told.whole.version().map(|version| &version.facts);
    let mut actions = vec![json!({
        "type": "Link",
        "label": told.text.title,
        "url": page(told),
    })];
    for law in facts.into_iter().flat_map(|facts| &facts.laws) {
        if law.url.starts_with("https://") || law.url.starts_with("http://") {
            actions.push(json!({ "type": "Literature", "label": law.title, "url": law.url }));
        }
    }
    let asks = facts.is_some_and(|facts| !facts.request_type.is_empty());
    if asks && told.site.settings.writing.form.is_some() {
        let place = link(
            "/write",
            &[("lang", told.language.code()), ("text", &told.text.title)],
        );
        actions.push(json!({
            "type": "Service Request",
            "label": told.text.title,
            "url": format!("{}{place}", told.origin),
        }));
    }
    item["web_actions"] = actions.into();
    item
}

fn question_detail(told: &Told<'_>, mut item: Value) -> Value {
    let (plain, html) = described(told.text);
    item["answer"] = plain.into();
    item["answer_html"] = html.into();
    item["categories"] = categories(told);
    item["url"] = page(told).into();
    item
}

fn page(told: &Told<'_>) -> String {
    let path = format!("/articles/{}", told.whole.article.code);
    let place = link(&path, &[("lang", told.language.code())]);
    format!("{}{place}", told.origin)
}

/// Names of the categories, the finest last.
fn categories(told: &Told<'_>) -> Value {
    let code = told
        .whole
        .version()
        .map_or("", |one| one.facts.category.as_str());
    let tag = told.language.code();
    let all = told.site.city().categories.iter();
    let above = all.filter(|one| {
        let rest = code.strip_prefix(one.code.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    above.map(|one| name_in(&one.names, tag)).collect()
}

/// Answer and details as plain text and as markup.
fn described(text: &Text) -> (String, String) {
    let plain = format!("{}\n\n{}", text.answer, text.details);
    let mut html = format!("<p>{}</p>", escaped(&text.answer));
    for block in blocks(&text.details) {
        match block {
            Block::Paragraph(paragraph) => {
                html.push_str("<p>");
                html.push_str(&escaped(&paragraph).replace('\n', "<br>"));
                html.push_str("</p>");
            }
            Block::List(items) => {
                html.push_str("<ul>");
                for item in items {
                    html.push_str("<li>");
                    html.push_str(&escaped(&item));
                    html.push_str("</li>");
                }
                html.push_str("</ul>");
            }
        }
    }
    (plain.trim().to_owned(), html)
}

/// `GET …/facilities/{all|category|id}`: the city's offices.
async fn facilities(
    State(site): State<Site>,
    Path(what): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let Some((name, form)) = parts(&what) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let tag = language(&site, &wanted).code();
    let names = ("facilities", "facility");
    let open = site.city().library.units.iter();
    let open = open.filter(|unit| !name_in(&unit.office, tag).is_empty());
    if let Some(unit) = open
        .clone()
        .find(|unit| organization_id(&unit.code) == name)
    {
        return written(&headers, form, names, &facility(unit, tag, &heads), false);
    }
    if name == "all" {
        let all: Vec<Value> = open.map(|unit| facility(unit, tag, &heads)).collect();
        return written(&headers, form, names, &Value::Array(all), true);
    }
    if !is_category(&site, name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let about = heads.values().filter(|head| head.is_about(name));
    let owners: BTreeSet<&str> = about.map(|head| head.owner.as_str()).collect();
    let mut found = Vec::new();
    for unit in open.filter(|unit| owners.contains(unit.code.as_str())) {
        found.push(facility(unit, tag, &heads));
    }
    written(&headers, form, names, &Value::Array(found), true)
}

fn facility(unit: &Unit, tag: &str, heads: &Heads) -> Value {
    let language = page_language(tag);
    let own = heads.values().filter(|head| head.owner == unit.code);
    let features: Vec<&str> = own.take(ITEMS).map(|head| head.title(language)).collect();
    json!({
        "id": organization_id(&unit.code),
        "facility_name": name_in(&unit.names, tag),
        "type": "office",
        "features": features,
        "address": name_in(&unit.office, tag),
        "phone": unit.telephone,
        "expiration": "",
    })
}

/// The answer in the form that was asked for.
fn written(
    headers: &HeaderMap,
    form: Form,
    (list, item): (&str, &str),
    value: &Value,
    many: bool,
) -> Response {
    if form == Form::Json {
        return open_json(headers, value);
    }
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if many {
        body.push_str(&element(list, value, item));
    } else {
        body.push_str(&element(item, value, item));
    }
    body.push('\n');
    open(kept(
        headers,
        "application/xml; charset=utf-8",
        OPEN_KEEP,
        body,
    ))
}

/// A value as an element; `of` names what stands in a list.
fn element(name: &str, value: &Value, of: &str) -> String {
    let inside = match value {
        Value::Array(all) => all.iter().map(|one| element(of, one, of)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, one)| element(key, one, single(key)))
            .collect(),
        Value::String(text) => escaped(text),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    format!("<{name}>{inside}</{name}>")
}

/// What one of several is called.
fn single(plural: &str) -> &str {
    match plural {
        "categories" => "category",
        "web_actions" => "web_action",
        "features" => "feature",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_say_its_form() {
        let told = |what| parts(what).map(|(name, form)| (name, form == Form::Xml));
        assert_eq!(told("all.json"), Some(("all", false)));
        assert_eq!(told("WAT-01.xml"), Some(("WAT-01", true)));
        assert_eq!(told("all"), Some(("all", false)));
        assert_eq!(told("all.exe"), None);
    }

    #[test]
    fn values_become_elements_without_markup_of_texts() {
        let value = json!([{ "id": "1", "categories": ["A", "<B>"], "n": 3 }]);
        assert_eq!(
            element("services", &value, "service"),
            "<services><service><categories><category>A</category><category>&lt;B&gt;</category>\
             </categories><id>1</id><n>3</n></service></services>"
        );
    }
}
