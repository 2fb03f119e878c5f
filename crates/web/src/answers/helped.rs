//! What a citizen says of an article: whether it helped. Never a comment, never who says it.

use super::article::{Sought, seek};
use super::{Asked, link, tag_of, visitor};
use crate::Site;
use crate::library::page_language;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::knowledge::{Author, Order, Role};
use hub::LibraryError;
use serde::Deserialize;
use std::time::Instant;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    helped: String,
    lang: String,
    district: String,
    q: String,
}

/// `POST /articles/{code}/helped`: counts it once an hour for a visitor and an article; whoever
/// presses twice is thanked twice.
pub(crate) async fn helped(
    State(site): State<Site>,
    Path(code): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let rebuilt = Request::from_parts(parts.clone(), body);
    let Ok(Form(said)) = Form::<Said>::from_request(Request::<Body>::from(rebuilt), &site).await
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let helped = match said.helped.as_str() {
        "yes" => true,
        "no" => false,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let tag = crate::citizen_texts::LANGUAGES
        .into_iter()
        .find(|tag| *tag == said.lang)
        .unwrap_or_else(|| tag_of(&site, &parts));
    let article = match seek(&site, &code).await {
        Ok(Sought::Seen(whole)) => whole.article.id,
        Ok(_) => return StatusCode::NOT_FOUND.into_response(),
        Err(failure) => return super::unread(&failure),
    };
    let (who, now) = (visitor(&site, &parts), Instant::now());
    let first = site
        .searches
        .rated_article
        .may(format!("{who} {code}"), now);
    if first && site.searches.rated.may(who, now) {
        let reader = Author {
            id: None,
            role: Role::Reader,
        };
        let rate = Order::Rate {
            language: page_language(tag),
            helped,
            words: String::new(),
            contact: None,
        };
        match site.hub.librarian().ask(reader, article, rate).await {
            Ok(_) | Err(LibraryError::Refused(_)) => {}
            Err(error) => tracing::warn!(%error, "a reader's word was not counted"),
        }
    }
    let asked = Asked {
        q: said.q,
        district: said.district,
        ..Asked::default()
    }
    .bounded(&site);
    let pairs = [
        ("lang", tag),
        ("district", asked.district.as_str()),
        ("q", &asked.q),
        ("thanks", &said.helped),
    ];
    let place = link(&format!("/articles/{code}"), &pairs);
    Redirect::to(&format!("{place}#said")).into_response()
}
