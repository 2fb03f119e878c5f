//! Files of the city's answers under addresses that nobody can guess and that end, for ways that
//! carry no files. Never a file of a citizen, never a copy.

use crate::letter::Outgoing;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use center::city::ContactId;
use center::time::{DAY_MS, Time};
use hub::Hub;
use std::fmt::Write as _;
use store::Archive;

/// How long an address leads to its file.
const KEPT_MS: i64 = 7 * DAY_MS;

/// What goes with a file: a browser shows it and nothing in it runs, nobody keeps it.
const GUARDS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "private, no-store"),
    (CONTENT_DISPOSITION, "inline"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Addresses of files; cloned freely.
#[derive(Clone, Debug)]
pub struct Links {
    hub: Hub,
    archive: Archive,
    base: String,
}

/// A file of a message, and when its address ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    contact: u64,
    message: u32,
    file: usize,
    ends: i64,
}

impl Links {
    /// Addresses that begin with this one, which leads to [`Links::router`].
    pub fn new(hub: Hub, archive: Archive, base: &str) -> Links {
        Links {
            hub,
            archive,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Where the addresses lead, to be nested under their path.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{name}", get(file))
            .with_state(self.clone())
    }

    /// Addresses of the files of a message, from now on for a week.
    pub fn addresses(&self, outgoing: &Outgoing) -> Vec<String> {
        let ends = (self.hub.now() + KEPT_MS).0;
        let named = |file| Named {
            contact: outgoing.contact.0,
            message: outgoing.message,
            file,
            ends,
        };
        let files = 0..outgoing.attachments.len();
        files
            .map(|file| format!("{}/{}", self.base, self.name(named(file))))
            .collect()
    }

    /// The message with addresses in place of its files.
    pub(crate) fn in_place_of_files(&self, mut outgoing: Outgoing) -> Outgoing {
        for address in self.addresses(&outgoing) {
            let line = if outgoing.text.is_empty() { "" } else { "\n" };
            let _ = write!(outgoing.text, "{line}{address}");
        }
        outgoing.attachments.clear();
        outgoing
    }

    fn name(&self, named: Named) -> String {
        let Named {
            contact,
            message,
            file,
            ends,
        } = named;
        let plain = format!("{contact}-{message}-{file}-{ends}");
        let tag = self.archive.token(&format!("link {plain}"));
        format!("{plain}-{tag}")
    }

    /// What an address names, if the city made it and it has not ended.
    fn read(&self, name: &str, now: Time) -> Option<Named> {
        let mut parts = name.split('-');
        let named = Named {
            contact: parts.next()?.parse().ok()?,
            message: parts.next()?.parse().ok()?,
            file: parts.next()?.parse().ok()?,
            ends: parts.next()?.parse().ok()?,
        };
        let own = self.name(named);
        let same = crate::secret::same(own.as_bytes(), name.as_bytes());
        (same && now.0 < named.ends).then_some(named)
    }

    async fn file(&self, name: &str) -> Option<(String, Vec<u8>)> {
        let named = self.read(name, self.hub.now())?;
        let message = self
            .archive
            .message(ContactId(named.contact), named.message);
        let message = message.await.ok()??;
        let file = message.letter.files.get(named.file)?.clone();
        if message.incoming || !file.withheld.is_empty() {
            return None;
        }
        let blobs = self.archive.blobs().clone();
        let read = tokio::task::spawn_blocking(move || blobs.read(&file.blob));
        Some((file.media_type, read.await.ok()?.ok()?))
    }
}

async fn file(State(links): State<Links>, Path(name): Path<String>) -> Response {
    let Some((media_type, bytes)) = links.file(&name).await else {
        tracing::info!("a link to a file has ended or was never made");
        return StatusCode::NOT_FOUND.into_response();
    };
    (GUARDS, [(CONTENT_TYPE, media_type)], bytes).into_response()
}
