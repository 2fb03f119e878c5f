//! Style, scripts and pictures, embedded and named by their content so that a browser keeps them.
//! Never a page.

use crate::session::hex;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Every file: name, type, content.
const FILES: [(&str, &str, &str); 32] = [
    ("style.css", STYLE, include_str!("../assets/style.css")),
    ("chat.css", STYLE, include_str!("../assets/chat.css")),
    ("chat.js", SCRIPT, include_str!("../assets/chat.js")),
    ("drop.js", SCRIPT, include_str!("../assets/drop.js")),
    ("notices.js", SCRIPT, include_str!("../assets/notices.js")),
    ("reading.css", STYLE, include_str!("../assets/reading.css")),
    ("search.js", SCRIPT, include_str!("../assets/search.js")),
    ("library.css", STYLE, include_str!("../assets/library.css")),
    ("library.js", SCRIPT, include_str!("../assets/library.js")),
    ("form.css", STYLE, include_str!("../assets/form.css")),
    ("form.js", SCRIPT, include_str!("../assets/form.js")),
    ("citizen.js", SCRIPT, include_str!("../assets/citizen.js")),
    ("articles.js", SCRIPT, include_str!("../assets/articles.js")),
    ("texting.js", SCRIPT, include_str!("../assets/texting.js")),
    (
        "articles.css",
        STYLE,
        include_str!("../assets/articles.css"),
    ),
    ("desk.js", SCRIPT, include_str!("../assets/desk.js")),
    ("inbox.css", STYLE, include_str!("../assets/inbox.css")),
    ("inbox.js", SCRIPT, include_str!("../assets/inbox.js")),
    ("looks.js", SCRIPT, include_str!("../assets/looks.js")),
    ("attach.js", SCRIPT, include_str!("../assets/attach.js")),
    ("merge.js", SCRIPT, include_str!("../assets/merge.js")),
    ("exposed.js", SCRIPT, include_str!("../assets/exposed.js")),
    ("canned.js", SCRIPT, include_str!("../assets/canned.js")),
    (
        "channels.svg",
        "image/svg+xml",
        include_str!("../assets/channels.svg"),
    ),
    ("card.js", SCRIPT, include_str!("../assets/card.js")),
    ("record.js", SCRIPT, include_str!("../assets/record.js")),
    ("find.js", SCRIPT, include_str!("../assets/find.js")),
    ("house.js", SCRIPT, include_str!("../assets/house.js")),
    ("line.js", SCRIPT, include_str!("../assets/line.js")),
    ("ring.js", SCRIPT, include_str!("../assets/ring.js")),
    ("floor.js", SCRIPT, include_str!("../assets/floor.js")),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../assets/icon.svg"),
    ),
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (name, _, content) in FILES {
        hash.update(name);
        hash.update(content);
    }
    hex(&hash.finalize()[..8])
});

/// The part of the address that changes with the files.
pub(crate) fn version() -> &'static str {
    &VERSION
}

/// `GET /files/{version}/{name}`
pub(crate) async fn file(Path((asked, name)): Path<(String, String)>) -> Response {
    let Some((_, kind, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if asked == version() {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, keep)];
    (headers, *content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_small() {
        let (_, _, style) = FILES[0];
        assert!(style.len() < 25_000, "{} bytes", style.len());
    }
}
