//! Two revisions of an article side by side, word by word. Never a change.

use super::difference::{Kind, Piece, difference};
use super::texts::{self, Words, own_name};
use super::{Shelf, article, page_language};
use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, refuse, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use center::city::Language;
use center::knowledge::{Facts, Text, Version};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::Failure;

/// What the address asks for; no numbers mean the published and the latest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: u32,
    to: u32,
}

/// One field that differs.
struct Field {
    name: String,
    pieces: Vec<(&'static str, String)>,
}

/// What differs in one language.
struct Group {
    name: &'static str,
    lang: &'static str,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(path = "library_compare.html")]
struct ComparePage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    code: String,
    title: String,
    /// Number, name, whether chosen for each side.
    revisions: Vec<(u32, String, bool, bool)>,
    from: u32,
    latest: u32,
    groups: Vec<Group>,
    may_write: bool,
}

/// `GET /library/a/{code}/compare`
pub(crate) async fn compare(
    State(site): State<Site>,
    staffer: Staffer,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    match side_by_side(&site, &staffer, &code, &asked).await {
        Ok(Some(sides)) => page(&sides),
        Ok(None) => {
            let message = staffer.words.not_found;
            refuse(staffer.words, StatusCode::NOT_FOUND, message)
        }
        Err(failure) => trouble(staffer.words, &failure),
    }
}

async fn side_by_side(
    site: &Site,
    staffer: &Staffer,
    code: &str,
    asked: &Asked,
) -> Result<Option<ComparePage>, Failure> {
    let Some(id) = site.archive.find_article(code).await? else {
        return Ok(None);
    };
    let Some(article) = site.archive.article(id).await? else {
        return Ok(None);
    };
    let latest = article.revision();
    let to = if asked.to == 0 { latest } else { asked.to };
    let before = article.published.filter(|published| *published < to);
    let from = if asked.from == 0 {
        before.unwrap_or(to.saturating_sub(1).max(1))
    } else {
        asked.from
    };
    let (Some(old), Some(new)) = (article.versions.get(&from), article.versions.get(&to)) else {
        return Ok(None);
    };
    let old_texts = site.archive.article_texts(old).await?;
    let new_texts = site.archive.article_texts(new).await?;
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let revision = |version: &Version| {
        let number = version.revision;
        let at = figures::date_clock(&site.city().zone, version.at);
        let who = article::who(site, l, version.author);
        let name = fill(l.revision, &[("n", &number.to_string())]);
        let name = format!("{name} · {at} · {who}");
        (number, name, number == from, number == to)
    };
    Ok(Some(ComparePage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "articles"),
        code: code.to_owned(),
        title: new.title(page_language(w.tag)).to_owned(),
        revisions: article.versions.values().rev().map(revision).collect(),
        groups: groups(l, (old, &old_texts), (new, &new_texts)),
        may_write: article
            .latest()
            .is_some_and(|one| article::may_write(staffer, one)),
        from,
        latest,
        w,
        l,
    }))
}

type Side<'a> = (&'a Version, &'a BTreeMap<Language, Text>);

fn groups(l: &'static Words, old: Side, new: Side) -> Vec<Group> {
    let mut groups = vec![Group {
        name: l.facts,
        lang: "",
        fields: differing(facts(l, &old.0.facts), facts(l, &new.0.facts)),
    }];
    let languages: BTreeSet<Language> = old.1.keys().chain(new.1.keys()).copied().collect();
    for language in languages {
        let fields = |side: Side| {
            let state = side.0.marks.get(&language);
            let state = state.map_or("missing", |mark| mark.state.code());
            let mut fields = vec![(l.text_state.to_owned(), l.standing(state).to_owned())];
            fields.extend(
                side.1
                    .get(&language)
                    .map(|text| text_fields(l, text))
                    .into_iter()
                    .flatten(),
            );
            fields
        };
        groups.push(Group {
            name: own_name(language),
            lang: language.code(),
            fields: differing(fields(old), fields(new)),
        });
    }
    groups.retain(|group| !group.fields.is_empty());
    groups
}

/// Fields whose texts differ, in the order of the new side.
fn differing(old: Vec<(String, String)>, new: Vec<(String, String)>) -> Vec<Field> {
    let mut before: BTreeMap<String, String> = old.iter().cloned().collect();
    let mut fields = Vec::new();
    let names: BTreeSet<String> = new.iter().map(|(name, _)| name.clone()).collect();
    let gone = old.into_iter().filter(|(name, _)| !names.contains(name));
    let gone = gone.map(|(name, _)| (name, String::new()));
    for (name, text) in new.into_iter().chain(gone.collect::<Vec<_>>()) {
        let old = before.remove(&name).unwrap_or_default();
        if old != text {
            let pieces = difference(&old, &text).into_iter().map(shown).collect();
            fields.push(Field { name, pieces });
        }
    }
    fields
}

fn shown(piece: Piece) -> (&'static str, String) {
    let kind = match piece.kind {
        Kind::Same => "same",
        Kind::Gone => "gone",
        Kind::New => "new",
    };
    (kind, piece.text)
}

fn text_fields(l: &'static Words, text: &Text) -> Vec<(String, String)> {
    let mut fields = vec![
        (l.title.to_owned(), text.title.clone()),
        (l.questions.to_owned(), text.questions.join("\n")),
        (l.synonyms.to_owned(), text.synonyms.join("\n")),
    ];
    let mut rest = |prefix: &str, all: [&str; 6], documents: &[String]| {
        let names = [
            l.answer_short,
            l.details,
            l.fee,
            l.time,
            l.office,
            l.telephone,
        ];
        for (name, text) in names.into_iter().zip(all) {
            fields.push((format!("{prefix}{name}"), text.to_owned()));
        }
        fields.push((format!("{prefix}{}", l.documents), documents.join("\n")));
    };
    let all = [
        &text.answer,
        &text.details,
        &text.fee,
        &text.time,
        &text.office,
        &text.telephone,
    ];
    rest("", all.map(String::as_str), &text.documents);
    for (district, variant) in &text.variants {
        let all = [
            &variant.answer,
            &variant.details,
            &variant.fee,
            &variant.time,
            &variant.office,
            &variant.telephone,
        ];
        rest(
            &format!("{district}: "),
            all.map(String::as_str),
            &variant.documents,
        );
    }
    fields
}

fn facts(l: &'static Words, facts: &Facts) -> Vec<(String, String)> {
    let day = |day: Option<center::time::Day>| day.map_or_else(String::new, |day| day.to_string());
    let laws: Vec<String> = facts
        .laws
        .iter()
        .map(|law| format!("{} {}", law.title, law.url))
        .collect();
    let fields = [
        (l.category, facts.category.clone()),
        (l.outcome, facts.outcome.clone()),
        (l.owner, facts.owner.clone()),
        (l.audience, l.audience(facts.audience).to_owned()),
        (l.request_type, facts.request_type.clone()),
        (l.units, facts.units.join(", ")),
        (l.laws, laws.join("\n")),
        (l.sign_video, facts.sign_video.clone()),
        (l.valid_from, day(facts.valid_from)),
        (l.valid_until, day(facts.valid_until)),
        (
            l.season,
            facts.season.map_or("", |one| l.season(one)).to_owned(),
        ),
        (l.source, own_name(facts.source).to_owned()),
        (
            l.check_days,
            facts
                .check_days
                .map_or_else(String::new, |days| days.to_string()),
        ),
    ];
    fields
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}
