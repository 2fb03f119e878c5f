//! The plain address beside an https one: it sends everybody on, and shows an authority of
//! certificates that the house is ours. Never a page.

use axum::Router;
use axum::extract::{Path as Asked, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest answer to a challenge (RFC 8555: a token, a point, a digest).
const ANSWER_MAX: u64 = 1_024;

/// Where people are sent.
pub(crate) struct Onward {
    /// Where the house is known to be; none takes the name by which it was asked.
    pub(crate) origin: Option<String>,
    /// Port of https.
    pub(crate) port: u16,
    /// Folder that `.well-known/acme-challenge` is in.
    pub(crate) challenges: PathBuf,
}

pub(crate) fn router(onward: Onward) -> Router {
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(challenge))
        .fallback(send_on)
        .with_state(Arc::new(onward))
}

async fn send_on(State(onward): State<Arc<Onward>>, headers: HeaderMap, uri: Uri) -> Response {
    let Some(origin) = onward.origin(&headers) else {
        return (StatusCode::BAD_REQUEST, "no such host\n").into_response();
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let location = [(header::LOCATION, format!("{origin}{path}"))];
    (StatusCode::PERMANENT_REDIRECT, location).into_response()
}

impl Onward {
    fn origin(&self, headers: &HeaderMap) -> Option<String> {
        if let Some(origin) = &self.origin {
            return Some(origin.trim_end_matches('/').to_owned());
        }
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
        if name.is_empty() || !name.bytes().all(sound) {
            return None;
        }
        Some(match self.port {
            443 => format!("https://{name}"),
            port => format!("https://{name}:{port}"),
        })
    }
}

async fn challenge(State(onward): State<Arc<Onward>>, Asked(token): Asked<String>) -> Response {
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if !token.bytes().all(sound) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let file = onward.challenges.join(".well-known/acme-challenge");
    let file = file.join(token);
    let about = tokio::fs::metadata(&file).await;
    if !about.is_ok_and(|about| about.is_file() && about.len() <= ANSWER_MAX) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match tokio::fs::read(&file).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "text/plain")], answer).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(host: &str, port: u16, origin: Option<&str>) -> Option<String> {
        let onward = Onward {
            origin: origin.map(str::to_owned),
            port,
            challenges: PathBuf::new(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a line"));
        onward.origin(&headers)
    }

    #[test]
    fn people_are_sent_to_the_name_they_asked_for() {
        let known = Some("https://120.example/");
        for (host, port, origin, expected) in [
            ("120.example", 443, None, Some("https://120.example")),
            (
                "120.example:80",
                8443,
                None,
                Some("https://120.example:8443"),
            ),
            ("[2001:db8::1]", 443, None, Some("https://[2001:db8::1]")),
            ("[2001:db8::1]:80", 443, None, Some("https://[2001:db8::1]")),
            ("10.0.0.1", 443, known, Some("https://120.example")),
            ("evil/?x=", 443, None, None),
            ("a@b", 443, None, None),
            ("", 443, None, None),
        ] {
            assert_eq!(sent_to(host, port, origin).as_deref(), expected, "{host}");
        }
    }
}
