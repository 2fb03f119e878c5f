//! Pages behind links that nobody can guess: an answer that not everybody may read, a file that its
//! channel does not carry. Each ends after a while. Never a list of them.

use crate::attach;
use crate::citizen_texts::LANGUAGES;
use crate::link_texts::{self, Link};
use crate::session::{hex, keyed, random_hex, unhex};
use crate::site::{Site, page};
use crate::texts::fill;
use crate::{figures, files};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::city::{Language, name_in};
use center::time::{DAY_MS, Time};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Mutex;
use store::{Failure, File};

/// How long a page is there.
const LINK_MS: i64 = 14 * DAY_MS;
/// Wrong words before a page stays shut: four digits cannot be tried out.
const TRIES_MAX: u8 = 5;
/// Pages whose wrong words are remembered.
const TRIED_MAX: usize = 10_000;
/// Bytes of the name of a page: 96 bits cannot be guessed.
const NAME_BYTES: usize = 12;
/// Letters of the signature that keeps the end of a page from being moved.
const SIGN_LETTERS: usize = 16;
/// Where the pages lie among the blobs.
const FOLDER: &str = "letters/links";
/// Media type of an answer that lies behind a link.
const TEXT: &str = "text/plain";
/// Its name in the record.
const TEXT_NAME: &str = "answer.txt";

/// What only the citizen knows, and how they are asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    question: String,
    key: String,
}

impl Lock {
    /// None while either is missing: behind a link that everybody sees it would protect nothing.
    pub(crate) fn of(question: Option<&str>, key: Option<&str>) -> Option<Lock> {
        let question = question.unwrap_or_default().trim().to_owned();
        let key = plain(key.unwrap_or_default());
        (!question.is_empty() && !key.is_empty()).then_some(Lock { question, key })
    }
}

/// A word as it is compared: letters and digits, small.
fn plain(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What lies behind a link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    language: String,
    text: String,
    question: String,
    nonce: String,
    /// Keyed digest of the word that opens it; empty where the link alone does.
    key: String,
    file: Option<File>,
}

impl Sealed {
    /// An answer that a word opens.
    pub(crate) fn text(site: &Site, language: Language, text: &str, lock: &Lock) -> Sealed {
        let nonce = random_hex(NAME_BYTES);
        Sealed {
            language: language.code().to_owned(),
            text: text.to_owned(),
            question: lock.question.clone(),
            key: hex(&lock_mac(site, &nonce, &lock.key).finalize().into_bytes()),
            nonce,
            file: None,
        }
    }

    /// A file that the link opens.
    pub(crate) fn file(language: Language, file: File) -> Sealed {
        Sealed {
            language: language.code().to_owned(),
            text: String::new(),
            question: String::new(),
            nonce: String::new(),
            key: String::new(),
            file: Some(file),
        }
    }

    fn opens(&self, site: &Site, word: &str) -> bool {
        let mac = lock_mac(site, &self.nonce, &plain(word));
        self.key.is_empty() || unhex(&self.key).is_some_and(|key| mac.verify_slice(&key).is_ok())
    }
}

fn lock_mac(site: &Site, nonce: &str, word: &str) -> Hmac<Sha256> {
    keyed(
        site.sessions.secret(),
        "link key",
        &format!("{nonce} {word}"),
    )
}

/// The address of this house as citizens reach it.
pub(crate) fn origin(site: &Site, headers: &HeaderMap) -> String {
    if let Some(origin) = &site.settings.origin {
        return origin.trim_end_matches('/').to_owned();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = if site.settings.secure {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// Stores a page; the line that leads to it, and the file that stands for it in the record.
pub(crate) async fn seal(
    site: &Site,
    origin: &str,
    sealed: Sealed,
) -> Result<(String, File), Failure> {
    let id = random_hex(NAME_BYTES);
    let name = format!("{FOLDER}/{id}");
    let until = site.now() + LINK_MS;
    let bytes =
        serde_json::to_vec(&sealed).map_err(|error| Failure::Engine(format!("a page: {error}")))?;
    let (blobs, put, size) = (
        site.archive.blobs().clone(),
        name.clone(),
        bytes.len() as u64,
    );
    let work = move || {
        let mut writer = blobs.create(&put)?;
        writer.append(&bytes)?;
        writer.finish()
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(Failure::Engine(failure.to_string())))?;
    let url = format!("{origin}/letters/{}", token(site, &id, until));
    let line = line(site, &sealed, &url, until);
    let file = File {
        blob: name.clone(),
        linked: name,
        name: TEXT_NAME.to_owned(),
        media_type: TEXT.to_owned(),
        bytes: size,
        ..File::default()
    };
    Ok((line, file))
}

fn line(site: &Site, sealed: &Sealed, url: &str, until: Time) -> String {
    let t = link_texts::in_language(&sealed.language);
    let date = figures::date_clock(&site.city().zone, until);
    let date = date.get(..10).unwrap_or(&date);
    let file_name = sealed.file.as_ref().map_or("", |file| file.name.as_str());
    let template = if sealed.file.is_some() {
        t.file_line
    } else {
        t.answer_line
    };
    fill(
        template,
        &[("url", url), ("date", date), ("name", file_name)],
    )
}

/// A line like the one that will lead to a file: as long as it, to nowhere.
pub(crate) fn line_like(site: &Site, origin: &str, language: Language, name: &str) -> String {
    let until = site.now() + LINK_MS;
    let id = "0".repeat(2 * NAME_BYTES);
    let url = format!("{origin}/letters/{}", token(site, &id, until));
    let file = File {
        name: attach::plain_name(name),
        ..File::default()
    };
    line(site, &Sealed::file(language, file), &url, until)
}

/// Whether a file of a message is the text behind its link.
pub(crate) fn is_text(file: &File) -> bool {
    !file.linked.is_empty() && file.media_type == TEXT
}

/// The text behind the link of an answer and how it is asked for, for staff.
pub(crate) async fn sealed_text(site: &Site, file: &File) -> Option<(String, String)> {
    if !is_text(file) {
        return None;
    }
    let sealed = read(site, file.linked.clone()).await.ok()?;
    Some((sealed.text, sealed.question))
}

async fn read(site: &Site, name: String) -> Result<Sealed, Failure> {
    let blobs = site.archive.blobs().clone();
    let done = tokio::task::spawn_blocking(move || blobs.read(&name)).await;
    let bytes = done.unwrap_or_else(|gone| Err(Failure::Engine(gone.to_string())))?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::Corrupt(format!("a page: {error}")))
}

fn signature(site: &Site, id: &str, until: &str) -> String {
    let mac = keyed(site.sessions.secret(), "link", &format!("{id}.{until}"));
    let mut signature = hex(&mac.finalize().into_bytes());
    signature.truncate(SIGN_LETTERS);
    signature
}

fn token(site: &Site, id: &str, until: Time) -> String {
    let until = format!("{:x}", until.0 / 1_000);
    format!("{id}.{until}.{}", signature(site, id, &until))
}

/// The name of a page's blob and its end; none for what this house never gave out.
fn parse(site: &Site, token: &str) -> Option<(String, Time)> {
    let mut parts = token.split('.');
    let (id, until, signed) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && id.len() == 2 * NAME_BYTES;
    let fits = crate::session::same(site.sessions.secret(), signed, &signature(site, id, until));
    if !whole || !fits || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let until = i64::from_str_radix(until, 16).ok()?;
    Some((format!("{FOLDER}/{id}"), Time(until.checked_mul(1_000)?)))
}

/// Wrong words by page.
#[derive(Default)]
pub(crate) struct Tried(Mutex<BTreeMap<String, u8>>);

impl Tried {
    fn shut(&self, name: &str) -> bool {
        let tried = self.0.lock().expect("no panic while it is held");
        tried.get(name).is_some_and(|tries| *tries >= TRIES_MAX)
    }

    fn wrong(&self, name: &str) {
        let mut tried = self.0.lock().expect("no panic while it is held");
        if tried.len() >= TRIED_MAX && !tried.contains_key(name) {
            tried.pop_first();
        }
        let tries = tried.entry(name.to_owned()).or_default();
        *tries = tries.saturating_add(1);
    }
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    t: &'static Link,
    files: &'static str,
    city: String,
    languages: Vec<(&'static str, &'static str)>,
    problem: &'static str,
    question: String,
    text: String,
    name: String,
    until: String,
    /// There is something to open.
    shut: bool,
}

impl LinkPage {
    fn new(site: &Site, tag: &str) -> LinkPage {
        let t = link_texts::in_language(tag);
        LinkPage {
            t,
            files: files::version(),
            city: name_in(&site.city().names, t.tag).to_owned(),
            languages: LANGUAGES
                .into_iter()
                .zip(crate::citizen_texts::OWN_NAMES)
                .collect(),
            problem: "",
            question: String::new(),
            text: String::new(),
            name: String::new(),
            until: String::new(),
            shut: false,
        }
    }

    fn answer(&self, status: StatusCode) -> Response {
        // Nothing of it belongs into a search engine or into the preview of a network.
        let robots = [(
            header::HeaderName::from_static("x-robots-tag"),
            "noindex, nofollow",
        )];
        (status, robots, page(self)).into_response()
    }
}

/// The page of a token, or the answer why there is none.
async fn found(
    site: &Site,
    headers: &HeaderMap,
    uri: &axum::http::Uri,
    token: &str,
) -> Result<(String, Sealed, LinkPage), Response> {
    let asked = crate::site::language(headers, uri, &LANGUAGES, site.city().language.code());
    let none = |problem: fn(&'static Link) -> &'static str, status| {
        let mut shown = LinkPage::new(site, asked);
        shown.problem = problem(shown.t);
        shown.answer(status)
    };
    let Some((name, until)) = parse(site, token) else {
        return Err(none(|t| t.unknown, StatusCode::NOT_FOUND));
    };
    if until < site.now() {
        return Err(none(|t| t.over, StatusCode::GONE));
    }
    let sealed = match read(site, name.clone()).await {
        Ok(sealed) => sealed,
        Err(Failure::NoBlob(_)) => return Err(none(|t| t.over, StatusCode::GONE)),
        Err(failure) => {
            tracing::error!(%failure, "a page behind a link was not read");
            return Err(none(|t| t.trouble, StatusCode::SERVICE_UNAVAILABLE));
        }
    };
    // Who chose no language reads the one of the conversation.
    let chosen = crate::site::asked_in_address(uri).is_some();
    let tag = if chosen {
        asked
    } else {
        sealed.language.as_str()
    };
    let mut shown = LinkPage::new(site, tag);
    shown.question.clone_from(&sealed.question);
    shown.name = sealed
        .file
        .as_ref()
        .map_or_else(String::new, |file| file.name.clone());
    let date = figures::date_clock(&site.city().zone, until);
    shown.until = fill(shown.t.until, &[("date", date.get(..10).unwrap_or(&date))]);
    shown.shut = true;
    Ok((name, sealed, shown))
}

/// `GET /letters/{token}`: asks first. Networks look at every link that is posted and see nothing.
pub(crate) async fn ask(
    State(site): State<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Response {
    match found(&site, &headers, &uri, &token).await {
        Ok((name, _, mut shown)) => {
            if site.tried.shut(&name) {
                (shown.shut, shown.problem) = (false, shown.t.locked);
            }
            shown.answer(StatusCode::OK)
        }
        Err(none) => none,
    }
}

/// What the form of a page sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Opening {
    word: String,
}

/// `POST /letters/{token}`: opens it.
pub(crate) async fn open(
    State(site): State<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
    uri: axum::http::Uri,
    Form(opening): Form<Opening>,
) -> Response {
    let (name, sealed, mut shown) = match found(&site, &headers, &uri, &token).await {
        Ok(found) => found,
        Err(none) => return none,
    };
    if site.tried.shut(&name) {
        (shown.shut, shown.problem) = (false, shown.t.locked);
        return shown.answer(StatusCode::FORBIDDEN);
    }
    if !sealed.opens(&site, &opening.word) {
        site.tried.wrong(&name);
        tracing::info!("a wrong word for a page behind a link");
        shown.problem = shown.t.wrong;
        if site.tried.shut(&name) {
            (shown.shut, shown.problem) = (false, shown.t.locked);
        }
        return shown.answer(StatusCode::FORBIDDEN);
    }
    if let Some(file) = &sealed.file {
        return attach::serve(&site, file).await.unwrap_or_else(|failure| {
            tracing::error!(%failure, "a file behind a link was not read");
            shown.problem = shown.t.trouble;
            shown.answer(StatusCode::SERVICE_UNAVAILABLE)
        });
    }
    (shown.shut, shown.text) = (false, sealed.text);
    shown.answer(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_needs_a_question_and_a_word() {
        let lock = |question, key| Lock::of(Some(question), Some(key));
        assert!(lock("Last four digits?", "5678").is_some());
        for (question, key) in [
            ("", "5678"),
            ("Digits?", ""),
            ("Digits?", " - "),
            (" ", "1"),
        ] {
            assert_eq!(lock(question, key), None, "{question} {key}");
        }
        assert_eq!(Lock::of(None, Some("1")), None);
        assert_eq!(plain(" 010-Ab "), "010ab");
    }

    #[test]
    fn five_wrong_words_shut_a_page_and_others_stay() {
        let tried = Tried::default();
        for _ in 0..TRIES_MAX {
            assert!(!tried.shut("a"));
            tried.wrong("a");
        }
        assert!(tried.shut("a") && !tried.shut("b"));
        for number in 0..2 * TRIED_MAX {
            tried.wrong(&format!("n{number}"));
        }
        assert!(tried.0.lock().expect("a lock").len() <= TRIED_MAX);
    }
}
