//! A citizen's chat by plain requests: begin, write, end, read; everything works without a script.
//! Never decides, never another citizen's chat.

use crate::answers::{link, question};
use crate::attach;
use crate::chat_view::{Said, Speech, Standing, said_after, standing};
use crate::citizen::Carried;
use crate::citizen_texts::{LANGUAGES, OWN_NAMES};
use crate::commands::said as answer;
use crate::session::{hex, keyed, random_hex, unhex};
use crate::site::{Site, address, cookie, language, page, wants_page};
use crate::texts::fill;
use crate::transcript::Transcripts;
use crate::writing;
use askama::Template;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{Form, FromRequest, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{Channel, ContactId, Language, name_in};
use center::command::{Answer, Command, Ending, Written};
use center::event::Marks;
use hmac::Mac;
use std::time::Instant;
use store::{File, Letter, Personal, note_digest};

/// How long a chat's cookie is good.
const SESSION_S: i64 = 24 * 3_600;
/// Connection that chats come by.
pub(crate) const VIA: &str = "page";
/// Bytes of a posted form: the largest file, and the text with its frame.
pub(crate) const FORM_MAX: usize = attach::FILE_MAX + 256 * 1024;
/// Longest name a page gives to a message before it has a number.
const CLIENT_MAX: usize = 64;

/// The chat of one browser, as its signed cookie says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChatSession {
    pub(crate) nonce: String,
    /// 0 until the first message.
    pub(crate) contact: ContactId,
    since_s: i64,
}

fn cookie_name(site: &Site) -> &'static str {
    if site.settings.secure {
        "__Host-dasan-chat"
    } else {
        "dasan-chat"
    }
}

impl ChatSession {
    fn new(now_s: i64) -> ChatSession {
        ChatSession {
            nonce: random_hex(16),
            contact: ContactId(0),
            since_s: now_s,
        }
    }

    fn sign(&self, secret: &[u8]) -> String {
        let payload = format!("{}.{}.{}", self.nonce, self.contact, self.since_s);
        let mac = keyed(secret, "chat", &payload).finalize().into_bytes();
        format!("{payload}.{}", hex(&mac))
    }

    fn read(secret: &[u8], value: &str, now_s: i64) -> Option<ChatSession> {
        let (payload, mac) = value.rsplit_once('.')?;
        keyed(secret, "chat", payload)
            .verify_slice(&unhex(mac)?)
            .ok()?;
        let mut parts = payload.split('.');
        let session = ChatSession {
            nonce: parts.next()?.to_owned(),
            contact: ContactId(parts.next()?.parse().ok()?),
            since_s: parts.next()?.parse().ok()?,
        };
        (session.since_s + SESSION_S > now_s).then_some(session)
    }

    /// What the center knows the conversation by.
    fn thread(&self, site: &Site) -> String {
        site.archive.token(&format!("chat {}", self.nonce))
    }

    fn key(&self, site: &Site, client: &str) -> String {
        site.archive.token(&format!("chat {} {client}", self.nonce))
    }

    fn cookie(&self, site: &Site) -> String {
        let value = self.sign(site.sessions.secret());
        site.cookie(cookie_name(site), &value, SESSION_S)
    }
}

/// The chat a request belongs to.
pub(crate) fn session(site: &Site, headers: &HeaderMap) -> Option<ChatSession> {
    let value = cookie(headers, cookie_name(site))?;
    ChatSession::read(site.sessions.secret(), value, site.now().0 / 1_000)
}

/// Whether the chat of a session is open at this moment.
pub(crate) fn goes_on(site: &Site, session: &ChatSession) -> bool {
    let board = site.hub.board().borrow().clone();
    board.contact(session.contact).is_some()
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    speech: Speech,
    files: &'static str,
    city: String,
    languages: Vec<(&'static str, &'static str)>,
    standing: Standing,
    data: String,
    /// Name of the next message, so that a form that is sent twice is one message.
    client: String,
    text: String,
    problem: String,
    begun: bool,
    /// Whether the city sends mail.
    mails: bool,
}

#[derive(Template)]
#[template(path = "chat_log.html")]
struct LogPage {
    speech: Speech,
    files: &'static str,
    standing: Standing,
    said: Vec<Said>,
    /// The citizen stopped it from renewing itself: whoever reads slowly keeps the place.
    still: bool,
    left: String,
}

/// The language a request wants.
pub(crate) fn tag(site: &Site, parts: &Parts) -> &'static str {
    let own = site.city().language.code();
    language(&parts.headers, &parts.uri, &LANGUAGES, own)
}

/// `POST /chat/start`: a new chat, or the one that is open.
pub(crate) async fn start(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let begun = Request::from_parts(parts.clone(), body);
    let asked = Form::<Carried>::from_request(begun, &site).await;
    let text = asked.map_or_else(|_| String::new(), |Form(asked)| question(&asked.text));
    let place = link("/chat", &[("text", &text)]);
    if session(&site, &parts.headers).is_some_and(|session| goes_on(&site, &session)) {
        return Redirect::to(&place).into_response();
    }
    if !site.chats.begun.may(address(&parts), Instant::now()) {
        let text = Speech::of(tag(&site, &parts)).t.too_many;
        return problem(&site, &parts, StatusCode::TOO_MANY_REQUESTS, text, None).await;
    }
    let fresh = ChatSession::new(site.now().0 / 1_000);
    let cookie = [(header::SET_COOKIE, fresh.cookie(&site))];
    (cookie, Redirect::to(&place)).into_response()
}

/// `GET /chat`
pub(crate) async fn chat(
    State(site): State<Site>,
    Query(carried): Query<Carried>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Some(session) = session(&site, &parts.headers) else {
        return Redirect::to("/").into_response();
    };
    let speech = Speech::of(tag(&site, &parts));
    let text = question(&carried.text);
    page(&chat_page(&site, speech, &session, text, String::new()).await)
}

async fn chat_page(
    site: &Site,
    speech: Speech,
    session: &ChatSession,
    text: String,
    problem: String,
) -> ChatPage {
    let most = site.city().limits.text_letters_max;
    let data = serde_json::json!({
        "words": speech.t.json(),
        "max": most,
        "contact": session.contact.0,
        "file_max": attach::FILE_MAX,
    });
    let standing = standing(site, speech, session.contact).await;
    ChatPage {
        speech,
        files: crate::files::version(),
        city: name_in(&site.city().names, speech.t.tag).to_owned(),
        languages: LANGUAGES.into_iter().zip(OWN_NAMES).collect(),
        standing,
        data: data.to_string().replace('<', "\\u003c"),
        client: random_hex(16),
        text,
        problem,
        begun: session.contact != ContactId(0),
        mails: site.settings.writing.mails_to.is_some(),
    }
}

/// `GET /chat/log`: the conversation for pages without a script; renews itself.
pub(crate) async fn log(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(session) = session(&site, &parts.headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let speech = Speech::of(tag(&site, &parts));
    if session.contact != ContactId(0) {
        site.chats.seen(session.contact, Instant::now());
    }
    let said = match said_after(&site, speech, session.contact, 0).await {
        Ok(said) => said,
        Err(failure) => {
            tracing::error!(%failure, "a chat was not read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let standing = standing(&site, speech, session.contact).await;
    let log = LogPage {
        speech,
        files: crate::files::version(),
        left: standing.left(site.now()),
        standing,
        said,
        still: parts
            .uri
            .query()
            .is_some_and(|query| query.contains("still=1")),
    };
    // The one page of the house that may stand in a frame, and only in one of ours.
    let policy = "default-src 'none'; style-src 'self'; frame-ancestors 'self'; base-uri 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    (headers, page(&log)).into_response()
}

/// `GET /chat/transcript`
pub(crate) async fn transcript(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(session) = session(&site, &parts.headers) else {
        return Redirect::to("/").into_response();
    };
    let writer = Transcripts::of_site(&site);
    let written = writer.write(session.contact, u32::MAX, tag(&site, &parts));
    let text = match written.await {
        Ok(written) => format!("\u{feff}{}", written.text).replace('\n', "\r\n"),
        Err(failure) => {
            tracing::error!(%failure, "a chat was not read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let name = format!("attachment; filename=\"chat-{}.txt\"", session.contact);
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, text).into_response()
}

/// `POST /chat/end`: the citizen ends the chat.
pub(crate) async fn end(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(session) = session(&site, &parts.headers) else {
        return Redirect::to("/").into_response();
    };
    if session.contact != ContactId(0) {
        let left = Command::Left {
            contact: session.contact,
            ending: Ending::Citizen,
        };
        // A refusal says that it is over already.
        let _ = site.hub.report(left).await;
    }
    if wants_page(&parts.headers) {
        Redirect::to("/chat").into_response()
    } else {
        answer(StatusCode::OK, "done", "")
    }
}

/// What the form sent.
#[derive(Default)]
struct Sent {
    text: String,
    client: String,
    file: Option<(String, Vec<u8>)>,
}

async fn read_form(mut form: Multipart) -> Result<Sent, MultipartError> {
    let mut read = Sent::default();
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("text") => read.text = field.text().await?,
            Some("client") => read.client = field.text().await?,
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let bytes = field.bytes().await?.to_vec();
                if !bytes.is_empty() {
                    read.file = Some((name, bytes));
                }
            }
            _ => {}
        }
    }
    // Forms send line ends as CR LF.
    let text = read.text.replace("\r\n", "\n");
    text.trim_end().clone_into(&mut read.text);
    Ok(read)
}

/// Why a form is not taken.
struct Problem {
    status: StatusCode,
    key: &'static str,
    text: String,
}

impl Problem {
    fn new(status: StatusCode, key: &'static str, text: impl Into<String>) -> Problem {
        Problem {
            status,
            key,
            text: text.into(),
        }
    }
}

/// `POST /chat`: one message.
pub(crate) async fn write(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(session) = session(&site, &parts.headers) else {
        return no_session(&parts);
    };
    let speech = Speech::of(tag(&site, &parts));
    let request = Request::from_parts(parts.clone(), body);
    let form = match Multipart::from_request(request, &site).await {
        Ok(form) => read_form(form).await.map_err(|error| error.status()),
        Err(refused) => Err(refused.status()),
    };
    let form = match form {
        Ok(form) => form,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            let why = speech.t.too_big;
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return problem(&site, &parts, status, why, Some((&session, ""))).await;
        }
        Err(status) => {
            return problem(
                &site,
                &parts,
                status,
                speech.t.trouble,
                Some((&session, "")),
            )
            .await;
        }
    };
    let text = form.text.clone();
    match take(&site, speech, &session, form).await {
        Ok((contact, message, again)) => {
            site.chats.seen(contact, Instant::now());
            let goes_on = ChatSession {
                contact,
                ..session.clone()
            };
            let cookie = [(header::SET_COOKIE, goes_on.cookie(&site))];
            if wants_page(&parts.headers) {
                return (cookie, Redirect::to("/chat")).into_response();
            }
            let body = serde_json::json!({
                "contact": contact.0,
                "message": message,
                "again": again,
            });
            (cookie, axum::Json(body)).into_response()
        }
        Err(why) if wants_page(&parts.headers) => {
            problem(
                &site,
                &parts,
                why.status,
                &why.text,
                Some((&session, &text)),
            )
            .await
        }
        Err(why) => answer(why.status, why.key, &why.text),
    }
}

pub(crate) fn no_session(parts: &Parts) -> Response {
    if wants_page(&parts.headers) {
        Redirect::to("/").into_response()
    } else {
        answer(StatusCode::UNAUTHORIZED, "no_session", "")
    }
}

/// A page, or an answer to a script, that says why not; what was written stays in the field.
pub(crate) async fn problem(
    site: &Site,
    parts: &Parts,
    status: StatusCode,
    text: &str,
    kept: Option<(&ChatSession, &str)>,
) -> Response {
    if !wants_page(&parts.headers) {
        return answer(status, "refused", text);
    }
    let nobody = ChatSession::new(0);
    let (session, written) = kept.unwrap_or((&nobody, ""));
    let speech = Speech::of(tag(site, parts));
    let shown = chat_page(site, speech, session, written.to_owned(), text.to_owned()).await;
    (status, page(&shown)).into_response()
}

/// Hands the message to the center, its file stored before.
async fn take(
    site: &Site,
    speech: Speech,
    session: &ChatSession,
    form: Sent,
) -> Result<(ContactId, u32, bool), Problem> {
    let t = speech.t;
    let letters = writing::letters(&form.text);
    let most = site.city().limits.text_letters_max;
    if letters > most {
        let (n, max) = (letters.to_string(), most.to_string());
        let why = fill(t.too_long, &[("n", &n), ("max", &max)]);
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "too_long",
            why,
        ));
    }
    if form.text.is_empty() && form.file.is_none() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Problem::new(status, "empty", t.empty));
    }
    if !site.chats.sent.may(session.nonce.clone(), Instant::now()) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Problem::new(status, "too_fast", t.too_fast));
    }
    let files = match form.file {
        Some((name, bytes)) => vec![stored(site, speech, &name, bytes).await?],
        None => Vec::new(),
    };
    let (command, row) = message(site, speech, session, form.text, &form.client, &files);
    let sent = site.hub.send_with(command, vec![row]).await;
    match sent {
        Ok(Answer::Message {
            contact,
            message,
            again,
        }) => {
            if again {
                attach::erase(site, &files).await;
            }
            Ok((contact, message, again))
        }
        other => {
            attach::erase(site, &files).await;
            tracing::warn!(?other, "a chat message was not taken");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Err(Problem::new(status, "trouble", t.trouble))
        }
    }
}

async fn stored(site: &Site, speech: Speech, name: &str, bytes: Vec<u8>) -> Result<File, Problem> {
    if bytes.len() > attach::FILE_MAX {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(Problem::new(status, "too_big", speech.t.too_big));
    }
    let Some(kind) = attach::kind(&bytes) else {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "wrong_kind", speech.t.wrong_kind));
    };
    attach::store(site, name, kind, bytes)
        .await
        .map_err(|failure| {
            tracing::error!(%failure, "a file was not stored");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "trouble", speech.t.trouble)
        })
}

fn message(
    site: &Site,
    speech: Speech,
    session: &ChatSession,
    text: String,
    client: &str,
    files: &[File],
) -> (Command, Personal) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let client = if client.is_empty() || client.len() > CLIENT_MAX || !client.chars().all(plain) {
        random_hex(16)
    } else {
        client.to_owned()
    };
    let nonce = random_hex(16);
    let written = Written {
        key: session.key(site, &client),
        channel: Channel::Chat,
        via: VIA.to_owned(),
        thread: session.thread(site),
        caller: String::new(),
        language: Language::parse(speech.t.tag),
        digest: note_digest(&nonce, &text),
        letters: u32::try_from(writing::letters(&text)).unwrap_or(u32::MAX),
        files: u16::try_from(files.len()).unwrap_or(u16::MAX),
        marks: Marks {
            urgent: (site.settings.writing.urgent)(&text),
            ..Marks::default()
        },
        consent: None,
    };
    let letter = Letter {
        nonce,
        text,
        address_kind: "session".to_owned(),
        reference: client,
        files: files.to_vec(),
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact: ContactId(0),
        message: 0,
        letter: Box::new(letter),
    };
    (Command::Written(Box::new(written)), row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_cookie_cannot_be_forged_and_ends() {
        let secret = [7_u8; 32];
        let session = ChatSession {
            contact: ContactId(41),
            ..ChatSession::new(1_000)
        };
        let value = session.sign(&secret);
        let read = |value: &str, now_s| ChatSession::read(&secret, value, now_s);
        assert_eq!(read(&value, 1_000), Some(session));
        assert_eq!(read(&value.replace(".41.", ".42."), 1_000), None);
        assert_eq!(read(&value, 1_000 + SESSION_S), None);
        assert_eq!(ChatSession::read(&[8; 32], &value, 1_000), None);
        for nonsense in ["", ".", "a.b.c.d", "....", "a.1.2.zz"] {
            assert_eq!(read(nonsense, 0), None, "{nonsense}");
        }
    }
}
