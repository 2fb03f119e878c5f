//! What every page needs at hand, and who is asking. Never a page.

use crate::figures;
use crate::library::import::Previews;
use crate::presence::Presence;
use crate::seats::{Seats, household};
use crate::session::{Session, Sessions};
use crate::texts::{STAFF, STAFF_LANGUAGES, Staff};
use crate::{Settings, floor};
use askama::Template;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use center::city::{City, CounselorId, CounselorProfile, name_in};
use center::time::Time;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Everything the pages share; cloned by counting.
#[derive(Clone)]
pub(crate) struct Site(Arc<Shared>);

/// What is shared.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) hub: hub::Hub,
    pub(crate) archive: store::Archive,
    pub(crate) sessions: Sessions,
    pub(crate) presence: Presence,
    pub(crate) floor: floor::Broadcast,
    /// Passwords checked at once: each takes 19 MB.
    pub(crate) hashing: Semaphore,
    /// Open streams of citizens, by address.
    pub(crate) streams: Seats<IpAddr>,
    /// Open streams of counselors; those of wall screens are nobody's. They are counted apart, so
    /// that no crowd of citizens closes a desk.
    pub(crate) staff_streams: Seats<Option<CounselorId>>,
    /// Answers on their way to the record.
    pub(crate) sending: crate::desk_replies::Sending,
    /// Wrong words for pages behind links.
    pub(crate) tried: crate::links::Tried,
    /// Files that were read and not yet taken in.
    pub(crate) previews: Previews<crate::library::import::Planned>,
    /// The same for tables of synonyms.
    pub(crate) synonym_previews: Previews<crate::library::synonyms::Planned>,
    /// Searches the library.
    pub(crate) finder: crate::finder::Finder,
    /// What citizens may read of it.
    pub(crate) catalog: crate::answers::catalog::Catalog,
    /// Searches that nobody has followed yet.
    pub(crate) searches: crate::answers::missed::Searches,
    /// Chat pages of citizens.
    pub(crate) chats: crate::chat_keeper::Keeper,
    /// Becomes true when the house closes.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Deref for Site {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Site {
    pub(crate) fn new(shared: Shared) -> Site {
        Site(Arc::new(shared))
    }

    pub(crate) fn city(&self) -> &City {
        self.hub.city()
    }

    pub(crate) fn now(&self) -> Time {
        self.hub.now()
    }

    /// The session's cookie name; the prefix makes browsers insist on https and this host.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.settings.secure {
            "__Host-dasan"
        } else {
            "dasan"
        }
    }

    /// A cookie line for `Set-Cookie`.
    pub(crate) fn cookie(&self, name: &str, value: &str, age_s: i64) -> String {
        let secure = if self.settings.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}")
    }

    /// The name of a counselor as shown, or the number when the city does not list them any more.
    pub(crate) fn counselor_name(&self, id: CounselorId) -> String {
        counselor_name(self.city(), id)
    }
}

/// Returns when the house closes.
pub(crate) async fn closing(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await.map(|_| ());
}

/// The name of a counselor as shown.
pub(crate) fn counselor_name(city: &City, id: CounselorId) -> String {
    let known = city.counselor(id).map(|profile| profile.name.clone());
    known.unwrap_or_else(|| format!("#{id}"))
}

/// Whoever asks for a page: language and address.
#[derive(Clone, Copy)]
pub(crate) struct Visitor {
    pub(crate) words: &'static Staff,
    pub(crate) from: IpAddr,
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        site: &Site,
    ) -> Result<Visitor, Self::Rejection> {
        let own = site.city().language.code();
        let tag = language(&parts.headers, &parts.uri, &STAFF_LANGUAGES, own);
        let at = STAFF_LANGUAGES.iter().position(|known| *known == tag);
        Ok(Visitor {
            words: &STAFF[at.unwrap_or(1)],
            from: address(parts),
        })
    }
}

/// The address of the one who asks, as limits count it.
pub(crate) fn address(parts: &Parts) -> IpAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let ip = info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    household(ip)
}

/// The language to show: asked for in the address, kept in the cookie, accepted by the browser,
/// else the city's own, else the first.
pub(crate) fn language<'a>(
    headers: &HeaderMap,
    uri: &Uri,
    known: &[&'a str],
    own: &str,
) -> &'a str {
    let find = |tag: &str| {
        let primary = tag.trim().split(['-', ';']).next().unwrap_or_default();
        known
            .iter()
            .copied()
            .find(|known| known.eq_ignore_ascii_case(primary))
    };
    let asked = asked_in_address(uri);
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    asked
        .and_then(find)
        .or_else(|| cookie(headers, "lang").and_then(find))
        .or_else(|| accepted.split(',').find_map(find))
        .or_else(|| find(own))
        .unwrap_or(known[0])
}

/// The language asked for by `?lang=`.
pub(crate) fn asked_in_address(uri: &Uri) -> Option<&str> {
    let pairs = uri.query()?.split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "lang").map(|(_, tag)| tag)
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A signed-in counselor.
#[derive(Clone)]
pub(crate) struct Staffer {
    pub(crate) words: &'static Staff,
    pub(crate) session: Session,
    pub(crate) profile: CounselorProfile,
    pub(crate) token: String,
}

impl Staffer {
    pub(crate) fn id(&self) -> CounselorId {
        self.profile.id
    }
}

/// Reads the session of a request, if there is a valid one for a counselor of the city.
pub(crate) fn signed_in(site: &Site, headers: &HeaderMap) -> Option<(Session, CounselorProfile)> {
    let value = cookie(headers, site.cookie_name())?;
    let session = site.sessions.read(value, site.now().0 / 1_000)?;
    let profile = site.city().counselor(session.counselor)?.clone();
    Some((session, profile))
}

impl FromRequestParts<Site> for Staffer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Staffer, Response> {
        let Ok(visitor) = Visitor::from_request_parts(parts, site).await;
        match signed_in(site, &parts.headers) {
            Some((session, profile)) => Ok(Staffer {
                words: visitor.words,
                token: site.sessions.form_token(&session),
                session,
                profile,
            }),
            None if wants_page(&parts.headers) => Err(Redirect::to("/desk").into_response()),
            None => Err((
                StatusCode::UNAUTHORIZED,
                axum::Json(serde_json::json!({
                    "key": "signed_out",
                    "message": visitor.words.sign_in,
                })),
            )
                .into_response()),
        }
    }
}

/// A signed-in supervisor.
pub(crate) struct Supervisor(pub(crate) Staffer);

impl FromRequestParts<Site> for Supervisor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Supervisor, Response> {
        let staffer = Staffer::from_request_parts(parts, site).await?;
        if staffer.profile.supervisor {
            Ok(Supervisor(staffer))
        } else {
            Err(refuse(
                staffer.words,
                StatusCode::FORBIDDEN,
                staffer.words.forbidden,
            ))
        }
    }
}

/// Whether a browser asks for a page, not a script for data.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The frame that all staff pages share: language, navigation, versioned files.
pub(crate) struct Frame {
    pub(crate) city: String,
    pub(crate) files: &'static str,
    pub(crate) name: String,
    pub(crate) supervisor: bool,
    pub(crate) token: String,
}

impl Frame {
    pub(crate) fn new(city: &City, words: &'static Staff, staffer: Option<&Staffer>) -> Frame {
        Frame {
            city: name_in(&city.names, words.tag).to_owned(),
            files: crate::files::version(),
            name: staffer.map_or_else(String::new, |who| who.profile.name.clone()),
            supervisor: staffer.is_some_and(|who| who.profile.supervisor),
            token: staffer.map_or_else(String::new, |who| who.token.clone()),
        }
    }
}

/// A text that stands in markup made by hand.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// Renders a page.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(failure) => {
            tracing::error!(%failure, "a page was not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    w: &'static Staff,
    files: &'static str,
    message: &'static str,
}

/// A page that says why not.
pub(crate) fn refuse(words: &'static Staff, status: StatusCode, message: &'static str) -> Response {
    let body = page(&Refused {
        w: words,
        files: crate::files::version(),
        message,
    });
    (status, body).into_response()
}

/// The record could not be read.
pub(crate) fn trouble(words: &'static Staff, failure: &store::Failure) -> Response {
    tracing::error!(%failure, "the record was not read");
    refuse(words, StatusCode::SERVICE_UNAVAILABLE, words.trouble)
}

/// Today in the city.
pub(crate) fn today(site: &Site) -> center::time::Day {
    figures::day(&site.city().zone, site.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_asked_kept_accepted_or_the_citys() {
        let known = ["ko", "en"];
        let mut headers = HeaderMap::new();
        let uri = |text: &str| text.parse::<Uri>().expect("a valid address");
        assert_eq!(language(&headers, &uri("/"), &known, "ko"), "ko");
        assert_eq!(language(&headers, &uri("/"), &known, "de"), "ko");
        headers.insert(
            header::ACCEPT_LANGUAGE,
            "de, en-US;q=0.8".parse().expect("valid"),
        );
        assert_eq!(language(&headers, &uri("/"), &known, "ko"), "en");
        headers.insert(header::COOKIE, "a=b; lang=ko".parse().expect("valid"));
        assert_eq!(language(&headers, &uri("/"), &known, "en"), "ko");
        assert_eq!(
            language(&headers, &uri("/?x=1&lang=en"), &known, "ko"),
            "en"
        );
        assert_eq!(
            language(&headers, &uri("/?lang=%3Cb%3E"), &known, "ko"),
            "ko"
        );
    }
}
