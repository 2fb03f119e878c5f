//! The form of one text of an article: a language, or what differs in a district. Never what is
//! not text, never a decision.

use super::asking::{Fields, Proven, said};
use super::texts::{self, Words, own_name};
use super::{Shelf, article, author, page_language};
use crate::Site;
use crate::site::{Frame, Staffer, page, refuse, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{Language, name_in};
use center::knowledge::{
    ANSWER_LETTERS_MAX, Article, LANGUAGES, Order, Refusal, Text, TextState, Variant, Version,
    Written,
};
use hub::LibraryError;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::library::Whole;

/// Letters of one line and of the details, as the form counts them; the center decides.
const LINE_MAX: usize = 500;
const DETAILS_MAX: usize = 20_000;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    district: String,
}

#[derive(Template)]
#[template(path = "library_text.html")]
struct TextPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    code: String,
    heading: String,
    language: Language,
    language_name: &'static str,
    district: String,
    district_name: String,
    /// The revision the form was made from.
    base: u32,
    text: Text,
    state: &'static str,
    /// The source beside a translation.
    source: Option<(&'static str, &'static str, Text)>,
    older: bool,
    reason: String,
    problem: String,
    /// The revisions to compare after somebody else has changed it.
    between: Option<(u32, u32)>,
    flaws: Vec<String>,
    limits: (usize, usize, usize),
}

/// `GET /library/a/{code}/text`
pub(crate) async fn form(
    State(site): State<Site>,
    staffer: Staffer,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let whole = match writable(&site, &staffer, &code).await {
        Ok(whole) => whole,
        Err(refusal) => return refusal,
    };
    let Some(language) = language(&staffer, &asked.text) else {
        let message = staffer.words.not_found;
        return refuse(staffer.words, StatusCode::NOT_FOUND, message);
    };
    let mark = whole
        .version()
        .and_then(|version| version.marks.get(&language));
    let typed = Typed {
        text: whole.texts.get(&language).cloned().unwrap_or_default(),
        state: mark.map_or(TextState::Human, |mark| mark.state),
        base: whole.revision,
        language,
        district: asked.district,
        reason: String::new(),
        confirmed: false,
    };
    page(&put(&site, &staffer, &whole, typed, None))
}

/// The language of a form, that of the page when none is named.
fn language(staffer: &Staffer, code: &str) -> Option<Language> {
    if code.is_empty() {
        return Some(page_language(staffer.words.tag));
    }
    Language::parse(code).filter(|language| LANGUAGES.contains(language))
}

/// An article with its latest texts, if this counselor may write it.
pub(crate) async fn writable(
    site: &Site,
    staffer: &Staffer,
    code: &str,
) -> Result<Whole, Response> {
    let lacking = || {
        let message = staffer.words.not_found;
        refuse(staffer.words, StatusCode::NOT_FOUND, message)
    };
    let read = async {
        let id = site.archive.find_article(code).await?;
        let Some(id) = id else { return Ok(None) };
        site.archive.whole_article(id, true).await
    };
    let found = read
        .await
        .map_err(|failure| trouble(staffer.words, &failure))?;
    let whole = found.ok_or_else(lacking)?;
    let version = whole.version().ok_or_else(lacking)?;
    if !article::may_write(staffer, version) {
        let l = texts::in_language(staffer.words.tag);
        return Err(refuse(
            staffer.words,
            StatusCode::FORBIDDEN,
            l.r_not_allowed,
        ));
    }
    Ok(whole)
}

/// What was typed.
struct Typed {
    text: Text,
    state: TextState,
    base: u32,
    language: Language,
    district: String,
    reason: String,
    confirmed: bool,
}

/// The typed text: in a district only the variant is another one than before.
fn typed(fields: &Fields, before: Option<&Text>, language: Language) -> Typed {
    let district = fields.get("district").to_owned();
    let line = |name: &str| fields.get(name).to_owned();
    let mut text = before.cloned().unwrap_or_default();
    if district.is_empty() {
        text = Text {
            title: line("title"),
            questions: fields.lines("questions"),
            synonyms: fields.lines("synonyms"),
            answer: line("answer"),
            details: line("details"),
            documents: fields.lines("documents"),
            fee: line("fee"),
            time: line("time"),
            office: line("office"),
            telephone: line("telephone"),
            variants: text.variants,
        };
    } else {
        let variant = Variant {
            answer: line("answer"),
            details: line("details"),
            documents: fields.lines("documents"),
            fee: line("fee"),
            time: line("time"),
            office: line("office"),
            telephone: line("telephone"),
        };
        text.variants.insert(district.clone(), variant);
    }
    Typed {
        text: text.cleaned(),
        state: TextState::parse(fields.get("state")).unwrap_or_default(),
        base: fields.number("base"),
        language,
        district,
        reason: fields.get("reason").to_owned(),
        confirmed: !fields.get("confirmed").is_empty(),
    }
}

/// Every text of a version as it is handed in again.
pub(crate) fn handed_in(
    version: &Version,
    texts: &BTreeMap<Language, Text>,
) -> BTreeMap<Language, Written> {
    let written = |(language, text): (&Language, &Text)| {
        let mark = version.marks.get(language);
        let written = Written {
            text: text.clone(),
            state: mark.map_or(TextState::Human, |mark| mark.state),
            ..Written::default()
        };
        (*language, written)
    };
    texts.iter().map(written).collect()
}

/// `POST /library/a/{code}/text`
pub(crate) async fn save(
    State(site): State<Site>,
    Path(code): Path<String>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let whole = match writable(&site, &staffer, &code).await {
        Ok(whole) => whole,
        Err(refusal) => return refusal,
    };
    let (Some(language), Some(version)) = (language(&staffer, fields.get("text")), whole.version())
    else {
        let message = staffer.words.not_found;
        return refuse(staffer.words, StatusCode::NOT_FOUND, message);
    };
    let typed = typed(&fields, whole.texts.get(&language), language);
    let mut texts = handed_in(version, &whole.texts);
    let written = Written {
        text: typed.text.clone(),
        state: typed.state,
        revised: typed.confirmed.then(|| site.now()),
        ..Written::default()
    };
    texts.insert(language, written);
    let order = Order::Revise {
        base: typed.base,
        facts: version.facts.clone(),
        texts,
        reason: typed.reason.clone(),
    };
    let asked = site
        .hub
        .librarian()
        .ask(author(&staffer), whole.article.id, order);
    match asked.await {
        Ok(_) => {
            let district = crate::contacts::encoded(&typed.district);
            let at = format!("/library/a/{code}?text={language}&district={district}&done=saved");
            Redirect::to(&at).into_response()
        }
        Err(error) => {
            let (status, _) = said(texts::in_language(staffer.words.tag), &error);
            let form = put(&site, &staffer, &whole, typed, Some(&error));
            (status, page(&form)).into_response()
        }
    }
}

fn put(
    site: &Site,
    staffer: &Staffer,
    whole: &Whole,
    typed: Typed,
    error: Option<&LibraryError>,
) -> TextPage {
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let none = Version::default();
    let version = whole.version().unwrap_or(&none);
    let origin = version.facts.source;
    let source = whole
        .texts
        .get(&origin)
        .filter(|_| origin != typed.language);
    let of_district = |text: &Text| {
        if typed.district.is_empty() {
            text.clone()
        } else {
            variant_alone(text, &typed.district)
        }
    };
    let district = site.city().library.district(&typed.district);
    let flaws = if error.is_some() {
        typed.text.flaws()
    } else {
        Vec::new()
    };
    let stale = matches!(error, Some(LibraryError::Refused(Refusal::Stale)));
    TextPage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "articles"),
        code: whole.article.code.clone(),
        heading: heading(l, &whole.article, &typed),
        language_name: own_name(typed.language),
        district_name: district
            .map_or("", |one| name_in(&one.names, w.tag))
            .to_owned(),
        base: if stale { whole.revision } else { typed.base },
        text: of_district(&typed.text),
        state: typed.state.code(),
        source: source.map(|text| (origin.code(), own_name(origin), of_district(text))),
        older: version.is_older(typed.language),
        problem: error.map_or_else(String::new, |error| said(l, error).1.to_owned()),
        between: stale.then_some((typed.base, whole.revision)),
        flaws: flaws.into_iter().map(|flaw| l.flaw(flaw)).collect(),
        limits: (LINE_MAX, ANSWER_LETTERS_MAX, DETAILS_MAX),
        language: typed.language,
        district: typed.district,
        reason: typed.reason,
        w,
        l,
    }
}

fn heading(l: &'static Words, article: &Article, typed: &Typed) -> String {
    let title = article
        .latest()
        .map_or("", |version| version.title(typed.language));
    let revision = fill(l.revision, &[("n", &typed.base.to_string())]);
    format!("{title} · {revision}")
}

/// What a district's form shows: its variant alone.
fn variant_alone(text: &Text, district: &str) -> Text {
    let variant = text.variants.get(district).cloned().unwrap_or_default();
    Text {
        answer: variant.answer,
        details: variant.details,
        documents: variant.documents,
        fee: variant.fee,
        time: variant.time,
        office: variant.office,
        telephone: variant.telephone,
        ..Text::default()
    }
}
