//! The list of contacts and its search. Never the content of one record.

use crate::categories;
use crate::commands::{failed, refusal_text};
use crate::desk::Proof;
use crate::figures::{self, date_clock, length};
use crate::site::{Frame, Site, Staffer, counselor_name, page, refuse, trouble};
use crate::texts::{Staff, fill};
use crate::words;
use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::command::Command;
use center::event::Fate;
use center::record::{Row, Stage};
use center::time::DAY_MS;
use serde::Deserialize;
use std::fmt::Write;
use store::Search;

/// Contacts on a page.
const PAGE: usize = 50;

/// The search form as it stands in the address. The caller is a keyed digest, never a number.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) caller: String,
    pub(crate) counselor: String,
    pub(crate) category: String,
    pub(crate) fate: String,
    pub(crate) stage: String,
    pub(crate) channel: String,
    pub(crate) language: String,
    pub(crate) queue: String,
    pub(crate) text: String,
    pub(crate) before: String,
}

/// Stands in an address for those that reached no queue.
pub(crate) const NO_QUEUE: &str = "-";

/// A queue alone is looked for this far back: no index leads by it.
const QUEUE_DAYS: i64 = 31;

/// One line of the list, in words.
struct Line {
    contact: ContactId,
    arrived: String,
    channel: &'static str,
    language: &'static str,
    queue: String,
    stage: &'static str,
    fate: &'static str,
    fate_code: &'static str,
    wait: String,
    talk: String,
    counselor: String,
    category: String,
    repeat: bool,
    task: bool,
}

/// A choice of a list in the form.
struct Choice {
    code: String,
    name: String,
    chosen: bool,
}

/// A record that waits to be finished by somebody else.
struct Unfinished {
    contact: ContactId,
    since: String,
    counselor: String,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    w: &'static Staff,
    frame: Frame,
    asked: Asked,
    counselors: Vec<Choice>,
    fates: Vec<Choice>,
    languages: Vec<Choice>,
    channels: Vec<Choice>,
    queues: Vec<Choice>,
    categories: Vec<(String, String)>,
    unfinished: Vec<Unfinished>,
    lines: Vec<Line>,
    found: String,
    problem: String,
    next: Option<String>,
    paged: bool,
}

/// `GET /contacts`
pub(crate) async fn list(
    State(site): State<Site>,
    staffer: Staffer,
    Query(mut asked): Query<Asked>,
) -> Response {
    if !asked.queue.is_empty() && asked.from.is_empty() {
        let from = site.now() + -QUEUE_DAYS * DAY_MS;
        asked.from = figures::field(&site.city().zone, from);
    }
    let search = search(&site, &staffer, &asked);
    let problem = match &search {
        Ok(_) => String::new(),
        Err(problem) => problem.clone(),
    };
    let mut rows = match search {
        Err(_) => Vec::new(),
        Ok(search) => match site.archive.contacts(&search).await {
            Ok(rows) => rows,
            Err(failure) => return trouble(staffer.words, &failure),
        },
    };
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|last| {
        let mut asked = asked.clone();
        asked.before = last.contact.to_string();
        address(&asked)
    });
    let found = fill(
        if more {
            staffer.words.found_more
        } else {
            staffer.words.found
        },
        &[("n", &rows.len().to_string())],
    );
    let w = staffer.words;
    page(&ContactsPage {
        w,
        frame: Frame::new(site.city(), w, Some(&staffer)),
        counselors: counselors(&site, &staffer, &asked),
        fates: choices(Fate::ALL, &asked.fate, Fate::code, |fate| {
            words::fate(w, fate)
        }),
        languages: choices(Language::ALL, &asked.language, Language::code, |language| {
            words::language(w, language)
        }),
        channels: choices(Channel::ALL, &asked.channel, Channel::code, |channel| {
            words::channel(w, channel)
        }),
        queues: queues(&site, w, &asked),
        categories: category_names(&site, w),
        unfinished: unfinished(&site, &staffer),
        lines: rows.iter().map(|row| line(site.city(), w, row)).collect(),
        found,
        problem,
        next,
        paged: !asked.before.is_empty(),
        asked,
    })
}

/// Records that their counselors have left, for supervisors.
fn unfinished(site: &Site, staffer: &Staffer) -> Vec<Unfinished> {
    if !staffer.profile.supervisor {
        return Vec::new();
    }
    let board = site.hub.board().borrow().clone();
    let left = board.contacts.iter().filter(|view| {
        view.unfinished
            && view
                .counselor
                .is_some_and(|left_by| left_by != staffer.id())
    });
    left.map(|view| Unfinished {
        contact: view.contact,
        since: date_clock(&site.city().zone, view.since),
        counselor: view
            .counselor
            .map_or_else(String::new, |id| site.counselor_name(id)),
    })
    .collect()
}

/// `POST /contacts/{contact}/take-over`: the record is finished at the supervisor's own desk.
pub(crate) async fn take_over(
    State(site): State<Site>,
    Path(contact): Path<u64>,
    staffer: Staffer,
    Form(proof): Form<Proof>,
) -> Response {
    if !site.sessions.token_fits(&staffer.session, &proof.token) {
        return refuse(staffer.words, StatusCode::FORBIDDEN, staffer.words.forged);
    }
    if !staffer.profile.supervisor {
        return refuse(
            staffer.words,
            StatusCode::FORBIDDEN,
            staffer.words.forbidden,
        );
    }
    let (counselor, contact) = (staffer.id(), ContactId(contact));
    // Harmless where the desk is open; else the page that follows keeps it open.
    let sent = match site.hub.send(Command::SignIn { counselor }).await {
        Ok(_) => {
            let command = Command::TakeOver { counselor, contact };
            site.hub.send(command).await
        }
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => Redirect::to("/desk").into_response(),
        Err(hub::Error::Refused(refusal)) => {
            let text = refusal_text(staffer.words, refusal);
            refuse(staffer.words, StatusCode::CONFLICT, text)
        }
        Err(error) => failed(staffer.words, &error),
    }
}

/// What the store is asked. A counselor who is no supervisor sees the own contacts only.
fn search(site: &Site, staffer: &Staffer, asked: &Asked) -> Result<Search, String> {
    let zone = &site.city().zone;
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let own = (!staffer.profile.supervisor).then(|| staffer.id());
    let category = match given(&asked.category) {
        None => None,
        Some(typed) => Some(
            category_code(site, &typed)
                .ok_or_else(|| fill(staffer.words.category_unknown, &[("category", &typed)]))?,
        ),
    };
    Ok(Search {
        from: figures::parse_field(zone, &asked.from),
        to: figures::parse_field(zone, &asked.to),
        caller: given(&asked.caller),
        counselor: own.or_else(|| asked.counselor.parse().ok().map(CounselorId)),
        category,
        fate: Fate::parse(&asked.fate),
        stage: Stage::parse(&asked.stage),
        channel: Channel::parse(&asked.channel),
        language: Language::parse(&asked.language),
        text: given(&asked.text),
        before: asked.before.parse().ok().map(ContactId),
        limit: PAGE + 1,
        queue: given(&asked.queue).map(|code| {
            if code == NO_QUEUE {
                String::new()
            } else {
                code
            }
        }),
    })
}

/// A typed category as a code: the code itself or its beginning, else the best fit by name.
fn category_code(site: &Site, typed: &str) -> Option<String> {
    let code = typed
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_uppercase();
    let known = site
        .city()
        .categories
        .iter()
        .any(|category| category.code == code);
    if known {
        return Some(code);
    }
    let found = categories::find(site.city(), typed, false);
    found.first().map(|category| category.code.clone())
}

fn category_names(site: &Site, w: &Staff) -> Vec<(String, String)> {
    let all = site.city().categories.iter();
    all.map(|category| {
        let name = categories::path(site.city(), &category.code, w.tag);
        (category.code.clone(), name)
    })
    .collect()
}

fn counselors(site: &Site, staffer: &Staffer, asked: &Asked) -> Vec<Choice> {
    if !staffer.profile.supervisor {
        return Vec::new();
    }
    let chosen: Option<u32> = asked.counselor.parse().ok();
    let all = site.city().counselors.iter();
    all.map(|counselor| Choice {
        code: counselor.id.to_string(),
        name: counselor.name.clone(),
        chosen: chosen == Some(counselor.id.0),
    })
    .collect()
}

fn queues(site: &Site, w: &Staff, asked: &Asked) -> Vec<Choice> {
    let all = site.city().queues.iter();
    all.map(|queue| Choice {
        code: queue.code.clone(),
        name: words::queue(site.city(), &queue.code, w.tag),
        chosen: queue.code == asked.queue,
    })
    .collect()
}

fn choices<T: Copy, const N: usize>(
    all: [T; N],
    asked: &str,
    code: impl Fn(T) -> &'static str,
    name: impl Fn(T) -> &'static str,
) -> Vec<Choice> {
    all.into_iter()
        .map(|value| Choice {
            code: code(value).to_owned(),
            name: name(value).to_owned(),
            chosen: code(value) == asked,
        })
        .collect()
}

fn line(city: &City, w: &'static Staff, row: &Row) -> Line {
    let ms = |ms: i64| if ms > 0 { length(ms) } else { String::new() };
    Line {
        contact: row.contact,
        arrived: date_clock(&city.zone, row.arrived),
        channel: match row.channel {
            Channel::Voice => "",
            other => words::channel(w, other),
        },
        language: words::language(w, row.language),
        queue: words::queue(city, &row.queue, w.tag),
        stage: words::stage(w, row.stage),
        fate: row.fate.map_or("", |fate| words::fate(w, fate)),
        fate_code: row.fate.map_or("open", Fate::code),
        wait: ms(row.wait_ms),
        talk: ms(row.talk_ms + row.hold_ms),
        counselor: row
            .answered
            .and(row.counselor)
            .map_or_else(String::new, |id| counselor_name(city, id)),
        category: if row.category.is_empty() {
            String::new()
        } else {
            categories::path(city, &row.category, w.tag)
        },
        repeat: row.repeat,
        task: row.task,
    }
}

/// The address of a list.
pub(crate) fn address(asked: &Asked) -> String {
    let pairs = [
        ("from", &asked.from),
        ("to", &asked.to),
        ("caller", &asked.caller),
        ("counselor", &asked.counselor),
        ("category", &asked.category),
        ("fate", &asked.fate),
        ("stage", &asked.stage),
        ("channel", &asked.channel),
        ("language", &asked.language),
        ("queue", &asked.queue),
        ("text", &asked.text),
        ("before", &asked.before),
    ];
    let mut address = String::from("/contacts");
    let mut join = '?';
    for (name, value) in pairs {
        if !value.is_empty() {
            address.push(join);
            address.push_str(name);
            address.push('=');
            escape(value, &mut address);
            join = '&';
        }
    }
    address
}

/// Percent-encodes what is not plain.
/// A value as it stands in an address.
pub(crate) fn encoded(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    escape(value, &mut safe);
    safe
}

fn escape(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

/// What the number form sends: in the body, so that no number stands in an address or a log.
#[derive(Deserialize)]
pub(crate) struct ByNumber {
    number: String,
    #[serde(default)]
    token: String,
}

/// `POST /contacts/by-number`
pub(crate) async fn by_number(
    State(site): State<Site>,
    staffer: Staffer,
    Form(form): Form<ByNumber>,
) -> Response {
    if !site.sessions.token_fits(&staffer.session, &form.token) {
        return refuse(staffer.words, StatusCode::FORBIDDEN, staffer.words.forged);
    }
    let number = store::number::normalize(&form.number, &site.settings.country);
    if number.is_empty() {
        return Redirect::to("/contacts").into_response();
    }
    let asked = Asked {
        caller: site.archive.token(&number),
        ..Asked::default()
    };
    Redirect::to(&address(&asked)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_line_is_told_in_words() {
        let row = Row {
            contact: ContactId(7),
            arrived: sample::NOW,
            queue: "general".into(),
            category: "TRF-04-01".into(),
            fate: Some(Fate::Answered),
            wait_ms: 12_000,
            ..Row::default()
        };
        let line = line(&sample::city(), &crate::texts::STAFF[0], &row);
        assert_eq!(line.category, "교통·주차 › 주정차 › 불법주차 신고");
        assert_eq!(
            (line.queue.as_str(), line.wait.as_str()),
            ("일반 상담", "0:12")
        );
        assert_eq!(line.fate, "응답");
        assert_eq!(line.counselor, "", "nobody answered");
    }

    #[test]
    fn an_address_carries_the_search_escaped() {
        let asked = Asked {
            from: "2026-11-24T00:00".into(),
            text: "불 & \"<>".into(),
            fate: "answered".into(),
            ..Asked::default()
        };
        assert_eq!(
            address(&asked),
            "/contacts?from=2026-11-24T00:00&fate=answered&text=%EB%B6%88%20%26%20%22%3C%3E"
        );
        assert_eq!(address(&Asked::default()), "/contacts");
    }
}
