//! The counselor's desk: signing in and out, the page, its commands and its headset line. Never a
//! decision of the center.

use crate::commands::{self, Ask, failed, said};
use crate::desk_view::number_is_clear;
use crate::session;
use crate::site::{Frame, Site, Staffer, Visitor, page, refuse, signed_in};
use crate::texts::Staff;
use crate::writing::{CannedAnswer, Writing};
use crate::{
    article_texts, attach, categories, desk_letters, desk_replies, desk_texts, desk_view, figures,
    inbox_texts, link_texts, same_citizen, words,
};
use askama::Template;
use axum::extract::{Form, Json, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use center::board::ContactView;
use center::city::{City, ContactId, Language, name_in};
use center::command::Command;
use center::record::Row;
use hub::MediaRequest;
use serde::Deserialize;
use std::time::{Duration, Instant};
use store::Search;
use tokio::sync::oneshot;

/// How long telephony may take to answer a headset's offer.
const MEDIA_WAIT: Duration = Duration::from_secs(10);
/// Earlier contacts on the screen pop.
const EARLIER: usize = 4;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    w: &'static Staff,
    frame: Frame,
    message: String,
    login: String,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    w: &'static Staff,
    d: &'static desk_texts::Desk,
    i: &'static inbox_texts::Inbox,
    a: &'static article_texts::Pane,
    frame: Frame,
    data: String,
    languages: [(&'static str, &'static str); 7],
    outcomes: Vec<(String, String)>,
    queues: Vec<(String, String)>,
    written_queues: Vec<(String, String, &'static str)>,
    letters_max: usize,
}

/// `GET /desk`: the desk, or the sign-in form.
pub(crate) async fn desk(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Response {
    let Some((session, profile)) = signed_in(&site, &headers) else {
        return sign_in_page(&site, visitor.words, String::new(), String::new());
    };
    let staffer = Staffer {
        words: visitor.words,
        token: site.sessions.form_token(&session),
        session,
        profile,
    };
    page(&desk_page(site.city(), &site.settings.writing, &staffer))
}

fn desk_page(city: &City, writing: &Writing, staffer: &Staffer) -> DeskPage {
    let language = staffer.words.tag;
    DeskPage {
        w: staffer.words,
        d: desk_texts::in_language(language),
        i: inbox_texts::in_language(language),
        a: article_texts::in_language(language),
        frame: Frame::new(city, staffer.words, Some(staffer)),
        data: script_data(&desk_data(city, writing, staffer)),
        languages: Language::ALL.map(|one| (one.code(), words::language(staffer.words, one))),
        outcomes: city
            .outcomes
            .iter()
            .map(|code| (code.code.clone(), name_in(&code.names, language).to_owned()))
            .collect(),
        queues: city
            .queues
            .iter()
            .filter(|queue| !queue.channel.written())
            .map(|queue| {
                (
                    queue.code.clone(),
                    name_in(&queue.names, language).to_owned(),
                )
            })
            .collect(),
        written_queues: city
            .queues
            .iter()
            .filter(|queue| queue.channel.written())
            .map(|queue| {
                (
                    queue.code.clone(),
                    name_in(&queue.names, language).to_owned(),
                    queue.channel.code(),
                )
            })
            .collect(),
        letters_max: city.limits.note_letters_max,
    }
}

/// JSON that stands inside a page: no `<` can end its element.
fn script_data(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

fn desk_data(city: &City, writing: &Writing, staffer: &Staffer) -> serde_json::Value {
    let language = staffer.words.tag;
    let words = staffer.words.json();
    let shown = |prefix: &str| {
        let all = words.as_object().into_iter().flatten();
        all.filter(|(key, _)| key.starts_with(prefix))
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect::<serde_json::Map<_, _>>()
    };
    serde_json::json!({
        "words": desk_texts::in_language(language).json(),
        "inbox": inbox_texts::in_language(language).json(),
        "articles": article_texts::in_language(language).json(),
        "answers": answers(writing, language),
        "variables": writing.variables,
        "city_names": city.names,
        "public_name": writing.public_names.get(&staffer.id()),
        "language": shown("language_"),
        "channel": shown("channel_"),
        "stage": shown("stage_"),
        "doing": shown("doing_"),
        "rest": shown("rest_"),
        "token": staffer.token,
        "city": name_in(&city.names, language),
        "limits": {
            "ring_ms": city.limits.ring_ms,
            "talk_notice_ms": city.limits.talk_notice_ms,
            "wrap_up_ms": city.limits.wrap_up_ms,
            "note_letters_max": city.limits.note_letters_max,
        },

        "texting": city.texting,
        "file_max": attach::FILE_MAX,
        "files_max": desk_replies::FILES_MAX,
        "questions": link_texts::questions(),
        "categories": city.categories.iter().map(|category| serde_json::json!([
            category.code,
            name_in(&category.names, "ko"),
            name_in(&category.names, "en"),
            category.leaf,
        ])).collect::<Vec<_>>(),
    })
}

/// Canned answers for the script of the page.
fn answers(writing: &Writing, language: &str) -> serde_json::Value {
    let answer = |answer: &CannedAnswer| {
        serde_json::json!({
            "code": answer.code,
            "name": name_in(&answer.names, language),
            "texts": answer.texts,
            "category": answer.category,
            "outcome": answer.outcome,
            "link": answer.link,
            "close": answer.close,
        })
    };
    writing.answers.iter().map(answer).collect()
}

fn sign_in_page(site: &Site, words: &'static Staff, message: String, login: String) -> Response {
    let status = if message.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    };
    let form = SignInPage {
        w: words,
        frame: Frame::new(site.city(), words, None),
        message,
        login,
    };
    (status, page(&form)).into_response()
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    login: String,
    password: String,
}

/// `POST /desk/sign-in`
pub(crate) async fn sign_in(
    State(site): State<Site>,
    visitor: Visitor,
    Form(form): Form<SignIn>,
) -> Response {
    let login = form.login.trim().to_lowercase();
    if let Some(minutes) = site
        .sessions
        .throttled(&login, visitor.from, Instant::now())
    {
        tracing::warn!("sign-in throttled");
        let message = commands::wait_text(visitor.words, minutes);
        let body = sign_in_page(&site, visitor.words, message, form.login);
        return (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    }
    let profile = site
        .city()
        .counselors
        .iter()
        .find(|who| who.login.to_lowercase() == login);
    let known = profile.map(|profile| profile.id);
    if !password_fits(&site, known, form.password).await {
        site.sessions.failed(&login, visitor.from, Instant::now());
        tracing::warn!("sign-in failed");
        let message = visitor.words.sign_in_failed.to_owned();
        return sign_in_page(&site, visitor.words, message, form.login);
    }
    let Some(counselor) = known else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    site.sessions.succeeded(&login, visitor.from);
    let value = site.sessions.open(counselor, site.now().0 / 1_000);
    let cookie = site.cookie(site.cookie_name(), &value, session::SESSION_S);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/desk")).into_response()
}

/// Checks a password away from the threads that serve pages: it is slow on purpose.
async fn password_fits(
    site: &Site,
    counselor: Option<center::city::CounselorId>,
    given: String,
) -> bool {
    let Ok(_seat) = site.hashing.acquire().await else {
        return false;
    };
    let site = site.clone();
    let check = move || {
        let listed = site.settings.sign_in.iter();
        let known = listed
            .rev()
            .find(|(id, _)| Some(*id) == counselor)
            .map(|(_, word)| word);
        session::verify(known, site.sessions.secret(), &given)
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// A form that only proves where it came from.
#[derive(Deserialize)]
pub(crate) struct Proof {
    #[serde(default)]
    pub(crate) token: String,
}

/// `POST /desk/sign-out`
pub(crate) async fn sign_out(
    State(site): State<Site>,
    staffer: Staffer,
    Form(proof): Form<Proof>,
) -> Response {
    if !site.sessions.token_fits(&staffer.session, &proof.token) {
        return refuse(staffer.words, StatusCode::FORBIDDEN, staffer.words.forged);
    }
    let counselor = staffer.id();
    let open = site.hub.board().borrow().counselor(counselor).is_some();
    if open && let Err(error) = site.hub.send(Command::SignOut { counselor }).await {
        use center::command::Refusal;
        match error {
            hub::Error::Refused(Refusal::UnknownCounselor) => {}
            hub::Error::Refused(_) => {
                return refuse(
                    staffer.words,
                    StatusCode::CONFLICT,
                    staffer.words.sign_out_busy,
                );
            }
            error => return failed(staffer.words, &error),
        }
    }
    site.hub.media().ask(MediaRequest::DeskGone { counselor });
    site.sessions.end(&staffer.session, site.now().0 / 1_000);
    let cookie = site.cookie(site.cookie_name(), "", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/desk")).into_response()
}

/// `POST /desk/{verb}`: one command of the center, or of the headset line.
pub(crate) async fn act(
    State(site): State<Site>,
    Path(verb): Path<String>,
    staffer: Staffer,
    headers: HeaderMap,
    Json(ask): Json<Ask>,
) -> Response {
    if !is_own(&site, &staffer, &headers) {
        return said(StatusCode::FORBIDDEN, "forged", staffer.words.forged);
    }
    match verb.as_str() {
        "beat" => {
            site.presence.answered(staffer.id());
            return said(StatusCode::OK, "done", "");
        }
        "headset" => return headset(&site, &staffer, ask.offer).await,
        "mute" => return mute(&site, &staffer, ask.on),
        _ => {}
    }
    if let Some(done) = desk_letters::act(&site, &staffer, &headers, &verb, &ask).await {
        return done;
    }
    let normalize = |raw: &str| store::number::normalize(raw, &site.settings.country);
    let token = |number: &str| site.archive.token(number);
    let Some((command, personal)) = commands::order(&verb, &ask, staffer.id(), normalize, token)
    else {
        return said(
            StatusCode::BAD_REQUEST,
            "bad_request",
            staffer.words.bad_request,
        );
    };
    match site.hub.send_with(command, personal).await {
        Ok(_) => said(
            StatusCode::OK,
            "done",
            &figures::clock(&site.city().zone, site.now()),
        ),
        Err(error) => failed(staffer.words, &error),
    }
}

/// Whether a changing request carries the token of its session.
pub(crate) fn is_own(site: &Site, staffer: &Staffer, headers: &HeaderMap) -> bool {
    let token = headers
        .get("x-dasan-token")
        .and_then(|value| value.to_str().ok());
    site.sessions
        .token_fits(&staffer.session, token.unwrap_or_default())
}

async fn headset(site: &Site, staffer: &Staffer, offer: Option<String>) -> Response {
    let Some(offer) = offer else {
        return said(
            StatusCode::BAD_REQUEST,
            "bad_request",
            staffer.words.bad_request,
        );
    };
    let (reply, answer) = oneshot::channel();
    let request = MediaRequest::Desk {
        counselor: staffer.id(),
        offer,
        reply,
    };
    media_answer(site, staffer.words, request, answer).await
}

/// Asks telephony for a line and hands its answer to the page.
pub(crate) async fn media_answer(
    site: &Site,
    words: &Staff,
    request: MediaRequest,
    answer: oneshot::Receiver<Result<String, String>>,
) -> Response {
    let unavailable = || said(StatusCode::SERVICE_UNAVAILABLE, "media", words.r_media);
    if !site.hub.media().ask(request) {
        return unavailable();
    }
    match tokio::time::timeout(MEDIA_WAIT, answer).await {
        Ok(Ok(Ok(sdp))) => Json(serde_json::json!({ "answer": sdp })).into_response(),
        Ok(Ok(Err(why))) => said(StatusCode::BAD_GATEWAY, "media", &why),
        _ => unavailable(),
    }
}

fn mute(site: &Site, staffer: &Staffer, on: Option<bool>) -> Response {
    let Some(on) = on else {
        return said(
            StatusCode::BAD_REQUEST,
            "bad_request",
            staffer.words.bad_request,
        );
    };
    let counselor = staffer.id();
    if site.hub.media().ask(MediaRequest::Mute { counselor, on }) {
        said(StatusCode::OK, "done", "")
    } else {
        said(
            StatusCode::SERVICE_UNAVAILABLE,
            "media",
            staffer.words.r_media,
        )
    }
}

/// `GET /desk/state`: the same as the stream sends, once.
pub(crate) async fn state(State(site): State<Site>, staffer: Staffer) -> Response {
    let board = site.hub.board().borrow().clone();
    let view = desk_view::view(&board, site.city(), staffer.id(), staffer.words.tag);
    Json(serde_json::json!({ "now": site.now().0, "view": view })).into_response()
}

/// `GET /desk/contacts/{contact}`: what the screen pop shows beyond the board: number (masked
/// until they speak), the caller's last contacts, the note so far.
pub(crate) async fn pop(
    State(site): State<Site>,
    Path(contact): Path<u64>,
    staffer: Staffer,
) -> Response {
    let contact = ContactId(contact);
    let board = site.hub.board().borrow().clone();
    let mine = board
        .counselor(staffer.id())
        .is_some_and(|me| me.contacts.contains(&contact));
    let Some(card) = board.contact(contact).filter(|_| mine) else {
        let key = center::command::Refusal::NotYours;
        return said(
            StatusCode::NOT_FOUND,
            key.key(),
            commands::refusal_text(staffer.words, key),
        );
    };
    let popped = async {
        let mut data = pop_data(&site, staffer.words, card).await?;
        let messages = site.archive.messages(contact).await?;
        same_citizen::add(&site, &board, card, &messages, &mut data).await?;
        Ok::<_, store::Failure>(data)
    };
    match popped.await {
        Ok(data) => Json(data).into_response(),
        Err(failure) => {
            tracing::error!(%failure, "the screen pop was not read");
            said(
                StatusCode::SERVICE_UNAVAILABLE,
                "trouble",
                staffer.words.trouble,
            )
        }
    }
}

pub(crate) async fn pop_data(
    site: &Site,
    words: &'static Staff,
    card: &ContactView,
) -> Result<serde_json::Value, store::Failure> {
    let personal = site.archive.personal(card.contact).await?;
    let number = figures::number(&personal.number, &site.settings.country);
    let clear = number_is_clear(card.stage);
    let mut earlier = Vec::new();
    if !card.caller.is_empty() {
        let search = Search {
            caller: Some(card.caller.clone()),
            before: Some(card.contact),
            limit: EARLIER,
            ..Search::default()
        };
        for row in site.archive.contacts(&search).await? {
            earlier.push(earlier_line(site, words, &row));
        }
    }
    Ok(serde_json::json!({
        "contact": card.contact.0,
        "number": if clear { number } else { figures::masked(&number) },
        "clear": clear,
        "earlier": earlier,
        "note": personal.note,
    }))
}

fn earlier_line(site: &Site, words: &'static Staff, row: &Row) -> serde_json::Value {
    let city = site.city();
    let outcome = city.outcomes.iter().find(|code| code.code == row.outcome);
    serde_json::json!({
        "contact": row.contact.0,
        "at": figures::date_clock(&city.zone, row.arrived)[..16],
        "category": if row.category.is_empty() { String::new() }
            else { categories::path(city, &row.category, words.tag) },
        "outcome": outcome.map_or("", |code| name_in(&code.names, words.tag)),
        "fate": row.fate.map_or("", |fate| crate::words::fate(words, fate)),
        "counselor": row.answered.and(row.counselor)
            .map(|id| site.counselor_name(id)).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_desk_escapes_hostile_names() {
        let city = sample::city();
        for language in ["ko", "en"] {
            let staffer = sample::staffer(&city, 3, language);
            let page = desk_page(&city, &Writing::default(), &staffer);
            let html = page.render().expect("it renders");
            assert!(!html.contains("<script>alert"), "{language}");
            assert!(html.contains("불법주차"), "{language}");
        }
    }
}
