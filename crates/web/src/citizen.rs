//! The citizens' page: what the number is and a call from the page. Never anything of another
//! citizen.

use crate::answers::{self, SearchBox};
use crate::chat_texts::{self, Chat};
use crate::citizen_texts::{self, Citizen, LANGUAGES, OWN_NAMES};
use crate::commands::said;
use crate::desk::media_answer;
use crate::form_texts::{self, Words};
use crate::session::random_hex;
use crate::site::{Site, address, language, page};
use crate::texts::{STAFF, fill};
use askama::Template;
use axum::extract::{Json, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::board::ContactView;
use center::city::{City, name_in};
use center::menu::Target;
use center::record::Stage;
use hub::{CitizenState, MediaRequest};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Calls from one address within [`CALLS_WINDOW`]: a family or an office, not a flood.
const CALLS_MAX: usize = 60;
const CALLS_WINDOW: Duration = Duration::from_mins(5);
/// Length of a call's secret number in hex digits.
const SECRET_DIGITS: usize = 32;
/// How long telephony may take to say how a call stands.
const STATE_WAIT: Duration = Duration::from_secs(2);

static CALLS: Mutex<BTreeMap<IpAddr, VecDeque<Instant>>> = Mutex::new(BTreeMap::new());

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    c: &'static Citizen,
    files: &'static str,
    city: String,
    title: String,
    by_phone: String,
    sip: Option<String>,
    languages: Vec<(&'static str, &'static str)>,
    chat: &'static Chat,
    /// A chat of this browser goes on.
    goes_on: bool,
    /// Where the city takes forms.
    form: Option<&'static Words>,
    /// What everybody must know now.
    notices: Vec<String>,
    search: SearchBox,
    /// What somebody wants to ask by telephone.
    carried: String,
    data: String,
}

/// What a page on which somebody asks is begun with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Carried {
    /// The question, from a search or an article.
    pub(crate) text: String,
}

/// `GET /`
pub(crate) async fn start(
    State(site): State<Site>,
    Query(carried): Query<Carried>,
    request: Request,
) -> Response {
    let own = site.city().language.code();
    let tag = language(request.headers(), request.uri(), &LANGUAGES, own);
    let session = crate::chat::session(&site, request.headers());
    let mut shown = start_page(
        site.city(),
        &site.settings.number,
        site.settings.sip.as_deref(),
        tag,
    );
    shown.search = SearchBox::new(&site, tag, "", "");
    shown.carried = answers::question(&carried.text);
    shown.goes_on = session.is_some_and(|session| crate::chat::goes_on(&site, &session));
    let takes = site.settings.writing.form.is_some();
    shown.form = takes.then(|| form_texts::in_language(tag));
    shown.notices = crate::library::notices::for_citizens(&site, tag);
    page(&shown)
}

fn start_page(city: &City, number: &str, sip: Option<&str>, tag: &str) -> StartPage {
    let c = citizen_texts::in_language(tag);
    let mut words = c.json();
    words["failed"] = fill(c.failed, &[("number", number)]).into();
    StartPage {
        c,
        files: crate::files::version(),
        city: name_in(&city.names, tag).to_owned(),
        title: fill(c.title, &[("number", number)]),
        by_phone: fill(c.by_phone_text, &[("number", number)]),
        sip: sip.map(str::to_owned),
        languages: LANGUAGES.into_iter().zip(OWN_NAMES).collect(),
        chat: chat_texts::in_language(tag),
        goes_on: false,
        form: None,
        notices: Vec::new(),
        search: SearchBox::blank(tag),
        carried: String::new(),
        data: words.to_string().replace('<', "\\u003c"),
    }
}

/// What the page sends about its call.
#[derive(Deserialize)]
pub(crate) struct CallAsk {
    #[serde(default)]
    call: String,
    #[serde(default)]
    offer: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    lang: String,
}

/// `POST /call`: places a call.
pub(crate) async fn call(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let from = address(&parts);
    let words = &STAFF[1];
    let Some(ask) = read(body).await else {
        return said(StatusCode::BAD_REQUEST, "bad_request", words.bad_request);
    };
    if !may_call(from, Instant::now()) {
        return said(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many",
            words.r_wrong_state,
        );
    }
    let call = random_hex(SECRET_DIGITS / 2);
    let (reply, answer) = oneshot::channel();
    let request = MediaRequest::Citizen {
        call: call.clone(),
        offer: ask.offer,
        reply,
    };
    let answered = media_answer(&site, words, request, answer).await;
    let name = [(header::HeaderName::from_static("x-dasan-call"), call)];
    (name, answered).into_response()
}

async fn read(body: axum::body::Body) -> Option<CallAsk> {
    let bytes = axum::body::to_bytes(body, crate::BODY_MAX).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn may_call(from: IpAddr, now: Instant) -> bool {
    let mut calls = CALLS.lock().expect("no panic while it is held");
    calls.retain(|_, times| {
        while times
            .front()
            .is_some_and(|at| now.duration_since(*at) >= CALLS_WINDOW)
        {
            times.pop_front();
        }
        !times.is_empty()
    });
    let times = calls.entry(from).or_default();
    let free = times.len() < CALLS_MAX;
    if free {
        times.push_back(now);
    }
    free
}

/// `POST /call/key`
pub(crate) async fn key(State(site): State<Site>, Json(ask): Json<CallAsk>) -> Response {
    let key = ask
        .key
        .chars()
        .next()
        .filter(|key| "0123456789*#".contains(*key));
    let Some(key) = key.filter(|_| ask.call.len() == SECRET_DIGITS) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    tell(
        &site,
        MediaRequest::CitizenKey {
            call: ask.call,
            key,
        },
    )
}

/// `POST /call/hang-up`
pub(crate) async fn hang_up(State(site): State<Site>, Json(ask): Json<CallAsk>) -> Response {
    if ask.call.len() != SECRET_DIGITS {
        return StatusCode::BAD_REQUEST.into_response();
    }
    tell(&site, MediaRequest::CitizenHangUp { call: ask.call })
}

fn tell(site: &Site, request: MediaRequest) -> Response {
    if site.hub.media().ask(request) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

/// `POST /call/state`: how the call stands, in the words of the page.
pub(crate) async fn state(State(site): State<Site>, Json(ask): Json<CallAsk>) -> Response {
    if ask.call.len() != SECRET_DIGITS {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let (reply, answer) = oneshot::channel();
    let request = MediaRequest::CitizenState {
        call: ask.call,
        reply,
    };
    if !site.hub.media().ask(request) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Ok(Ok(found)) = tokio::time::timeout(STATE_WAIT, answer).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let board = site.hub.board().borrow().clone();
    let c = citizen_texts::in_language(&ask.lang);
    let view = found
        .as_ref()
        .and_then(|found| board.contact(found.contact));
    Json(state_json(c, site.city(), found.as_ref(), view)).into_response()
}

fn state_json(
    c: &'static Citizen,
    city: &City,
    found: Option<&CitizenState>,
    view: Option<&ContactView>,
) -> serde_json::Value {
    // A call that telephony knows goes on; its line may still be coming up.
    let known = found.is_some();
    let up = found.is_some_and(|found| found.up);
    let text = match (known, view.filter(|_| up)) {
        (false, _) => c.over.to_owned(),
        (true, None) => c.connecting.to_owned(),
        (true, Some(view)) => stage_text(c, view),
    };
    let in_menu = view.is_some_and(|view| matches!(view.stage, Stage::Arrived | Stage::Menu));
    serde_json::json!({
        "up": known,
        "text": text,
        "codec": found.and_then(|found| found.codec),
        "contact": found.map(|found| {
            fill(c.contact_number, &[("contact", &found.contact.to_string())])
        }),
        "keys": view.filter(|_| in_menu && up).map(|view| menu_keys(c, city, &view.keys)),
    })
}

fn stage_text(c: &Citizen, view: &ContactView) -> String {
    match view.stage {
        Stage::Arrived | Stage::Menu => c.in_menu.into(),
        Stage::Queue | Stage::Callback => waiting_text(c, view),
        Stage::Ringing => c.ringing.into(),
        Stage::Talk => c.talking.into(),
        Stage::Hold => c.held.into(),
        Stage::WrapUp | Stage::Snoozed | Stage::Closed => c.over.into(),
    }
}

/// Place and range of the wait, as far as it was told.
pub(crate) fn waiting_text(c: &Citizen, view: &ContactView) -> String {
    let place = view.told.and_then(|told| {
        let minutes = |ms: i64| (ms / 60_000).max(1).to_string();
        let (from, to) = (minutes(told.p50_ms?), minutes(told.p90_ms? + 59_999));
        let position = told.position.to_string();
        Some(fill(
            c.place,
            &[("position", &position), ("from", &from), ("to", &to)],
        ))
    });
    format!("{} {}", c.waiting, place.unwrap_or_default())
}

/// What the keys do at the place of the menu to which the pressed keys led.
fn menu_keys(c: &Citizen, city: &City, pressed: &str) -> Vec<String> {
    let mut name = city.menu.entry.as_str();
    for key in pressed.chars() {
        if let Some(Target::Node(next)) = city
            .menu
            .nodes
            .get(name)
            .and_then(|node| node.keys.get(&key))
        {
            name = next;
        }
    }
    let Some(node) = city.menu.nodes.get(name) else {
        return Vec::new();
    };
    let target_text = |target: &Target| match target {
        Target::Queue(code) => Some(crate::words::queue(city, code, c.tag)),
        Target::Language(language, _) => {
            let at = LANGUAGES.iter().position(|tag| *tag == language.code());
            Some(at.map_or_else(
                || c.other_languages.to_owned(),
                |at| OWN_NAMES[at].to_owned(),
            ))
        }
        Target::Node(node) if node != name && leads_to_languages(city, node) => {
            Some(c.other_languages.to_owned())
        }
        Target::Node(_) | Target::RepeatOnce(_) => None,
    };
    node.keys
        .iter()
        .filter_map(|(key, target)| {
            let target = target_text(target)?;
            Some(fill(
                c.press,
                &[("key", &key.to_string()), ("target", &target)],
            ))
        })
        .collect()
}

fn leads_to_languages(city: &City, node: &str) -> bool {
    let node = city.menu.nodes.get(node);
    node.is_some_and(|node| {
        let mut targets = node.keys.values();
        targets.any(|target| matches!(target, Target::Language(..)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_calls_from_one_address_is_stopped() {
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let now = Instant::now();
        assert!((0..CALLS_MAX).all(|_| may_call(here, now)));
        assert!(!may_call(here, now));
        assert!(may_call(there, now));
        assert!(may_call(here, now + CALLS_WINDOW));
    }

    #[test]
    fn the_start_page_speaks_six_languages() {
        let city = crate::sample::city();
        for tag in LANGUAGES {
            let html = start_page(&city, "120", Some("sip:<120>@127.0.0.1"), tag);
            let html = html.render().expect("it renders");
            assert!(html.contains(&format!("<html lang=\"{tag}\">")));
            assert!(html.contains("sip:&#60;120&#62;@"), "{tag}");
            assert!(
                !html.contains('{') || html.contains("application/json"),
                "{tag}"
            );
        }
    }

    #[test]
    fn a_waiting_citizen_reads_place_and_range() {
        let view = crate::sample::contact(1, Stage::Queue, center::city::Language::En);
        let text = stage_text(citizen_texts::in_language("en"), &view);
        assert!(
            text.contains("Place 2") && text.contains("1 to 3 minutes"),
            "{text}"
        );
    }
}
