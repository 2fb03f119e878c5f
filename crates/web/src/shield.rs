//! What every answer carries and every changing request must prove, whoever asks. Never who is
//! signed in.

use crate::citizen_texts::LANGUAGES;
use crate::site::{Site, asked_in_address, wants_page};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Scripts, styles and sounds come from this house only; nobody frames it; no plugin, no base.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-src 'self'; \
    frame-ancestors 'none'; \
    base-uri 'none'; manifest-src 'self'";

/// Refuses changing requests that another site sent; adds the protecting headers to every answer.
pub(crate) async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let language = asked_language(&site, &request);
    let mut response = if changes && !same_site(request.headers()) {
        (StatusCode::FORBIDDEN, "cross-site request refused\n").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if let Some(language) = language {
        headers.append(header::SET_COOKIE, language);
    }
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // With `no-referrer` browsers would send forms of our own pages with `Origin: null`.
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    set(
        HeaderName::from_static("permissions-policy"),
        "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if site.settings.secure {
        set(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000; includeSubDomains",
        );
    }
    response
}

/// A cookie that keeps the language a page was asked for by `?lang=`.
fn asked_language(site: &Site, request: &Request) -> Option<HeaderValue> {
    if !wants_page(request.headers()) {
        return None;
    }
    let asked = asked_in_address(request.uri())?;
    let tag = LANGUAGES.iter().find(|tag| **tag == asked)?;
    site.cookie("lang", tag, 365 * 86_400).parse().ok()
}

/// Whether a browser says that the request came from a page of this site. A client that says
/// nothing is no browser; what it may do its cookie and token decide.
pub(crate) fn same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let host = origin
                .to_str()
                .ok()
                .and_then(|origin| origin.split_once("://"));
            host.is_some_and(|(_, host)| text("host") == Some(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_this_site_may_change_things() {
        let host = ("host", "120.city:8120");
        assert!(same_site(&headers(&[host])));
        assert!(same_site(&headers(&[
            host,
            ("origin", "http://120.city:8120")
        ])));
        assert!(!same_site(&headers(&[host, ("origin", "http://120.city")])));
        assert!(!same_site(&headers(&[host, ("origin", "null")])));
        let own = ("sec-fetch-site", "same-origin");
        assert!(same_site(&headers(&[host, own, ("origin", "null")])));
        assert!(!same_site(&headers(&[
            host,
            ("sec-fetch-site", "cross-site")
        ])));
        assert!(!same_site(&headers(&[
            host,
            ("sec-fetch-site", "same-site")
        ])));
    }
}
