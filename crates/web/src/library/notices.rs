//! The page of flash notices, and what of them is shown on other pages. Never a decision.

use super::asking::{Proven, said};
use super::texts::{self, OWN_NAMES, Words};
use super::{Choice, Shelf, article, author};
use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, trouble};
use crate::texts::Staff;
use askama::Template;
use axum::extract::{Json, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use center::city::name_in;
use center::knowledge::{Audience, Notice, NoticeId, NoticeOrder};
use center::time::{HOUR_MS, Time};
use hub::{LibraryCommand, Texted};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Notices of the past that are listed.
const LISTED: usize = 50;

/// Letters of a notice: what is read in passing.
const LETTERS_MAX: usize = 300;

/// How long a notice lasts when nobody says otherwise.
const LENGTH_MS: i64 = 2 * HOUR_MS;

/// What was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

/// A notice in words.
struct Line {
    id: NoticeId,
    state: &'static str,
    tone: &'static str,
    texts: Vec<(String, String)>,
    from: String,
    until: String,
    who: String,
    audience: &'static str,
    prompt: String,
    open: bool,
}

/// The form, as typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    texts: BTreeMap<String, String>,
    from: String,
    until: String,
    audience: String,
    article: String,
    prompt: String,
}

#[derive(Template)]
#[template(path = "library_notices.html")]
struct NoticesPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    lines: Vec<Line>,
    languages: Vec<(&'static str, &'static str, String, bool)>,
    audiences: Vec<Choice>,
    typed: Typed,
    letters_max: usize,
    problem: String,
    done: String,
}

/// `GET /library/notices`
pub(crate) async fn notices(
    State(site): State<Site>,
    staffer: Staffer,
    Query(asked): Query<Asked>,
) -> Response {
    let zone = &site.city().zone;
    let typed = Typed {
        from: figures::field(zone, site.now()),
        until: figures::field(zone, site.now() + LENGTH_MS),
        ..Typed::default()
    };
    show(&site, &staffer, typed, "", &asked.done).await
}

async fn show(site: &Site, staffer: &Staffer, typed: Typed, problem: &str, done: &str) -> Response {
    let listed = match site.archive.last_notices(LISTED).await {
        Ok(listed) => listed,
        Err(failure) => return trouble(staffer.words, &failure),
    };
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let own = site.city().language;
    let text = |(language, name): (center::city::Language, &'static str)| {
        let text = typed
            .texts
            .get(language.code())
            .cloned()
            .unwrap_or_default();
        (language.code(), name, text, language == own)
    };
    page(&NoticesPage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "notices"),
        lines: listed.iter().map(|one| line(site, l, one)).collect(),
        languages: OWN_NAMES.into_iter().map(text).collect(),
        audiences: Audience::ALL
            .into_iter()
            .map(|one| Choice::new(one.code(), l.audience(one), &typed.audience))
            .collect(),
        letters_max: LETTERS_MAX,
        problem: problem.to_owned(),
        done: super::asking::done(l, done),
        typed,
        w,
        l,
    })
}

fn line(site: &Site, l: &'static Words, (notice, texts): &Texted) -> Line {
    let (zone, now) = (&site.city().zone, site.now());
    let over = notice.ended.is_some() || notice.until <= now;
    let (state, tone) = if over {
        (l.notice_over, "")
    } else if notice.live(now) {
        (l.notice_live, "bad")
    } else {
        (l.notice_later, "slow")
    };
    let until = notice.ended.unwrap_or(notice.until);
    let order = OWN_NAMES.iter().filter_map(|(language, _)| {
        let text = texts.get(language.code())?;
        Some((language.code().to_owned(), text.clone()))
    });
    Line {
        id: notice.id,
        texts: order.filter(|(_, text)| !text.is_empty()).collect(),
        from: figures::date_clock(zone, notice.from),
        until: figures::date_clock(zone, until),
        who: article::who(site, l, notice.author),
        audience: l.audience(notice.audience),
        prompt: notice.prompt.clone(),
        open: !over,
        state,
        tone,
    }
}

/// `POST /library/notices`
pub(crate) async fn raise(
    State(site): State<Site>,
    Proven { staffer, fields }: Proven,
) -> Response {
    let l = texts::in_language(staffer.words.tag);
    let text = |(language, _): &(center::city::Language, &str)| {
        let text = fields.get(&format!("text-{language}"));
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (language.code().to_owned(), text)
    };
    let typed = Typed {
        texts: OWN_NAMES.iter().map(text).collect(),
        from: fields.get("from").to_owned(),
        until: fields.get("until").to_owned(),
        audience: fields.get("audience").to_owned(),
        article: fields.get("article").trim().to_owned(),
        prompt: fields.get("prompt").trim().to_owned(),
    };
    match order(&site, l, &typed).await {
        Err(problem) => {
            let form = show(&site, &staffer, typed, problem, "").await;
            (StatusCode::UNPROCESSABLE_ENTITY, form).into_response()
        }
        Ok(order) => {
            let mut texts = typed.texts.clone();
            texts.retain(|_, text| !text.is_empty());
            let command = LibraryCommand::Notice {
                notice: None,
                order,
                texts,
            };
            match site.hub.librarian().send(author(&staffer), command).await {
                Ok(_) => Redirect::to("/library/notices?done=raised").into_response(),
                Err(error) => {
                    let (status, problem) = said(l, &error);
                    let form = show(&site, &staffer, typed, problem, "").await;
                    (status, form).into_response()
                }
            }
        }
    }
}

async fn order(site: &Site, l: &'static Words, typed: &Typed) -> Result<NoticeOrder, &'static str> {
    let own = site.city().language.code();
    if typed.texts.get(own).is_none_or(String::is_empty) {
        return Err(l.notice_need_text);
    }
    if typed
        .texts
        .values()
        .any(|text| text.chars().count() > LETTERS_MAX)
    {
        return Err(l.r_too_long);
    }
    let zone = &site.city().zone;
    let time = |text: &str| figures::parse_field(zone, text).ok_or(l.r_bad_time);
    let article = match typed.article.as_str() {
        "" => None,
        code => match site.archive.find_article(code).await {
            Ok(Some(id)) => Some(id),
            Ok(None) => return Err(l.r_unknown),
            Err(_) => return Err(l.r_unwritten),
        },
    };
    Ok(NoticeOrder::Raise {
        notice: NoticeId(0),
        digest: String::new(),
        from: time(&typed.from)?,
        until: time(&typed.until)?,
        audience: Audience::parse(&typed.audience).unwrap_or_default(),
        prompt: typed.prompt.clone(),
        article,
    })
}

/// `POST /library/notices/{notice}/end`
pub(crate) async fn end(
    State(site): State<Site>,
    Path(notice): Path<u64>,
    Proven { staffer, .. }: Proven,
) -> Response {
    let command = LibraryCommand::Notice {
        notice: Some(NoticeId(notice)),
        order: NoticeOrder::End,
        texts: BTreeMap::new(),
    };
    match site.hub.librarian().send(author(&staffer), command).await {
        Ok(_) => Redirect::to("/library/notices?done=ended").into_response(),
        Err(error) => {
            let (status, problem) = said(texts::in_language(staffer.words.tag), &error);
            let form = show(&site, &staffer, Typed::default(), problem, "").await;
            (status, form).into_response()
        }
    }
}

/// What a page of citizens asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Heard {
    lang: String,
}

/// `GET /notices`: what everybody must know now, for a page that is open already.
pub(crate) async fn now(State(site): State<Site>, Query(heard): Query<Heard>) -> Response {
    let texts = for_citizens(&site, &heard.lang);
    let kept = [(header::CACHE_CONTROL, "public, max-age=2")];
    (kept, Json(json!({ "notices": texts }))).into_response()
}

/// What citizens must know now.
pub(crate) fn for_citizens(site: &Site, language: &str) -> Vec<String> {
    let notices = site.hub.librarian().notices().borrow().clone();
    live(&notices, site.now(), language, false)
}

/// What is live now, in a language, for those who may read it.
pub(crate) fn live(notices: &[Texted], now: Time, language: &str, staff: bool) -> Vec<String> {
    let seen =
        |notice: &Notice| notice.live(now) && (staff || notice.audience == Audience::Citizen);
    let text = |texts: &BTreeMap<String, String>| {
        let own = name_in(texts, language);
        let any = texts.values().next().map_or("", String::as_str);
        if own.is_empty() { any } else { own }.to_owned()
    };
    notices
        .iter()
        .filter(|(notice, _)| seen(notice))
        .map(|(_, texts)| text(texts))
        .collect()
}
