//! The actor's front door: WebFinger, its documents, and the inbox, which answers 202 only when
//! what came is durable. Never decides what becomes of a message.

use super::Actor;
use super::delivery::host_of;
use super::document::{self, MEDIA_TYPE};
use super::peers::{Missing, Peer};
use super::reading::{self, Activity, File, Meaning, Note};
use super::signature::{Claim, Received, Refusal};
use crate::inlet::{Inward, NotTaken};
use crate::letter::{Address, AddressKind, Attachment, DeadLetter, Incoming};
use crate::outlet::Unsent;
use crate::social::{line, plain};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use center::city::Channel;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of an activity at most; real ones stay below 50 kB.
const ACTIVITY_MAX: usize = 256 * 1024;
/// How long the files of one note may take: its server waits for our answer.
const FILES_WITHIN: Duration = Duration::from_secs(6);
/// Bytes of all files of one note.
const FILES_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Activities remembered as taken; the inlet knows messages by their key for good.
const SEEN_MAX: usize = 10_000;
/// Seconds after which a server may try again what could not be written.
const RETRY_S: &str = "30";

/// Addresses of the latest activities and notes that were taken.
#[derive(Debug, Default)]
pub struct Seen(VecDeque<String>);

impl Seen {
    fn has(&self, id: &str) -> bool {
        self.0.iter().any(|known| known == id)
    }

    fn add(&mut self, id: String) {
        self.0.push_back(id);
        while self.0.len() > SEEN_MAX {
            self.0.pop_front();
        }
    }
}

impl Actor {
    /// The routes of the actor, for the root of the site that `origin` names.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/webfinger", get(webfinger))
            .route("/.well-known/nodeinfo", get(nodeinfo_links))
            .route("/nodeinfo/2.1", get(nodeinfo))
            .route("/actor", get(actor))
            .route("/actor/inbox", post(inbox))
            .route("/inbox", post(inbox))
            .route("/actor/outbox", get(outbox))
            .route("/actor/followers", get(followers))
            .route("/actor/following", get(following))
            .route("/actor/notes/{name}", get(note))
            .route("/actor/files/{name}", get(file))
            .layer(DefaultBodyLimit::max(ACTIVITY_MAX))
            .with_state(self.clone())
    }
}

fn federated(value: &Value) -> Response {
    ([(CONTENT_TYPE, MEDIA_TYPE)], value.to_string()).into_response()
}

async fn webfinger(
    State(actor): State<Actor>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let Some(resource) = query.get("resource") else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let account = format!("acct:{}", actor.at.account());
    if !resource.eq_ignore_ascii_case(&account) && *resource != actor.at.actor() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let found = document::webfinger(&actor.at, actor.page());
    let open = HeaderName::from_static("access-control-allow-origin");
    let headers = [(CONTENT_TYPE, "application/jrd+json"), (open, "*")];
    (headers, found.to_string()).into_response()
}

async fn actor(State(actor): State<Actor>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default();
    // A browser wants the page.
    if accept.contains("text/html") && !accept.contains("json") {
        return Redirect::to(actor.page()).into_response();
    }
    let settings = &actor.settings;
    let account = actor.at.account();
    let title = if settings.title.is_empty() {
        &account
    } else {
        &settings.title
    };
    let words = (title.as_str(), settings.summary.as_str(), actor.page());
    federated(&document::actor(&actor.at, words, actor.key.pem()))
}

async fn outbox(State(actor): State<Actor>) -> Response {
    let (count, newest) = actor.shelf(|shelf| shelf.outbox());
    federated(&document::outbox(&actor.at, count, &newest))
}

async fn followers(State(actor): State<Actor>) -> Response {
    let count = actor.shelf(|shelf| shelf.followers());
    federated(&document::size(&actor.at, "/actor/followers", count))
}

async fn following(State(actor): State<Actor>) -> Response {
    federated(&document::size(&actor.at, "/actor/following", 0))
}

async fn note(State(actor): State<Actor>, Path(name): Path<String>) -> Response {
    let create = actor.shelf(|shelf| shelf.note(&name)?.create);
    match create {
        Some(create) => {
            let mut note = create["object"].clone();
            note["@context"] = create["@context"].clone();
            federated(&note)
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(State(actor): State<Actor>, Path(name): Path<String>) -> Response {
    let Some((media_type, bytes)) = actor.shelf(|shelf| shelf.file(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let safe = [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ];
    ([(CONTENT_TYPE, media_type)], safe, bytes).into_response()
}

async fn nodeinfo_links(State(actor): State<Actor>) -> Response {
    axum::Json(document::nodeinfo_links(&actor.at)).into_response()
}

async fn nodeinfo(State(actor): State<Actor>) -> Response {
    let (count, _) = actor.shelf(|shelf| shelf.outbox());
    axum::Json(document::nodeinfo(count)).into_response()
}

async fn inbox(
    State(actor): State<Actor>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.path_and_query().map_or("/", |found| found.as_str());
    let received = Received {
        method: &method,
        target,
        scheme: actor.at.scheme(),
        authority: &actor.at.authority(),
        headers: &headers,
        body: &body,
        now: Timestamp::now(),
    };
    let claim = match Claim::read(&received) {
        Ok(claim) => claim,
        Err(refusal) => return refused(refusal),
    };
    let value = match reading::json(&body) {
        Ok(value) => value,
        Err(unreadable) => {
            return (StatusCode::BAD_REQUEST, unreadable.to_string()).into_response();
        }
    };
    let peer = match actor.signer(&claim).await {
        Ok(peer) => peer,
        // Servers tell everybody when an account is gone; its key is gone as well.
        Err(Err(Missing::Gone)) if is_farewell(&value) => {
            return StatusCode::ACCEPTED.into_response();
        }
        Err(Err(missing)) => return refused(missing.into()),
        Err(Ok(refusal)) => return refused(refusal),
    };
    let activity = match reading::activity(&value, &actor.at.actor()) {
        Ok(activity) if activity.actor == peer.id => activity,
        Ok(_) => return refused(Refusal::Owner),
        Err(unreadable) => return actor.dead(&value, unreadable, &body).await,
    };
    if activity.id.as_deref().is_some_and(|id| actor.seen(id)) {
        return StatusCode::ACCEPTED.into_response();
    }
    let taken = actor.take(&peer, &activity, &value).await;
    if taken.is_ok() {
        activity.id.into_iter().for_each(|id| actor.remember(id));
    }
    answered(taken)
}

fn is_farewell(value: &Value) -> bool {
    let actor = reading::id(&value["actor"]);
    value["type"] == "Delete" && actor.is_some() && actor == reading::id(&value["object"])
}

fn refused(refusal: Refusal) -> Response {
    tracing::info!(reason = %refusal, "an activity was refused");
    let status = match refusal {
        Refusal::NoKey => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    };
    (status, refusal.to_string()).into_response()
}

fn answered(taken: Result<(), NotTaken>) -> Response {
    if taken.is_ok() {
        return StatusCode::ACCEPTED.into_response();
    }
    let later = [("retry-after", RETRY_S)];
    (StatusCode::SERVICE_UNAVAILABLE, later).into_response()
}

impl Actor {
    /// Who signed. A signature that does not hold is tried once more with the key as it is now.
    async fn signer(&self, claim: &Claim) -> Result<Arc<Peer>, Result<Refusal, Missing>> {
        let holds = |peer: &Peer| peer.key(&claim.key_id).is_some_and(|key| claim.holds(key));
        let peer = self.peers.owner(&claim.key_id).await.map_err(Err)?;
        if holds(&peer) {
            return Ok(peer);
        }
        let peer = self.peers.owner_again(&claim.key_id).await.map_err(Err)?;
        if holds(&peer) {
            Ok(peer)
        } else {
            Err(Ok(Refusal::Mismatch))
        }
    }

    fn seen(&self, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.has(id)
    }

    fn remember(&self, id: String) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.add(id);
    }

    fn page(&self) -> &str {
        let page = self.settings.page.as_ref();
        page.unwrap_or(&self.settings.origin).as_str()
    }

    /// Something signed by a known actor that cannot be read is kept.
    async fn dead(&self, value: &Value, unreadable: reading::Unreadable, body: &[u8]) -> Response {
        if unreadable == reading::Unreadable::Foreign {
            return (StatusCode::FORBIDDEN, unreadable.to_string()).into_response();
        }
        let body_name = || plain::digest(&String::from_utf8_lossy(body));
        let letter = DeadLetter {
            via: self.via.clone(),
            key: reading::id(value).map_or_else(body_name, str::to_owned),
            reason: "not-an-activity",
            bytes: body.to_vec(),
        };
        tracing::info!("an activity cannot be read and is kept");
        let taken = self.inlet.hand_in(Inward::DeadLetter(letter)).await;
        answered(taken.map(drop))
    }

    async fn take(
        &self,
        peer: &Arc<Peer>,
        activity: &Activity,
        value: &Value,
    ) -> Result<(), NotTaken> {
        let follow = activity.id.as_deref().unwrap_or(&activity.actor);
        match &activity.meaning {
            Meaning::Written(note) => self.message(peer, note, false).await,
            Meaning::Changed(note) => self.message(peer, note, true).await,
            Meaning::Named(address) => {
                let document = match self.peers.document(address).await {
                    Ok(document) => document,
                    Err(Missing::Unreachable) => return Err(NotTaken::Unwritten),
                    Err(_) => return Ok(()),
                };
                match reading::note(&document, &peer.id) {
                    Ok(note) if note.id == *address => self.message(peer, &note, false).await,
                    _ => Ok(()),
                }
            }
            Meaning::Removed(address) => {
                let (via, key) = (self.via.clone(), address.clone());
                self.inlet
                    .hand_in(Inward::Deleted { via, key })
                    .await
                    .map(drop)
            }
            Meaning::Gone => {
                self.peers.forget(&peer.id);
                self.kept(|shelf| shelf.unfollow(&peer.id, None))
            }
            Meaning::Profile => {
                self.peers.forget(&peer.id);
                Ok(())
            }
            Meaning::Follow => {
                self.kept(|shelf| shelf.follow(&peer.id, follow))?;
                let actor = self.clone();
                tokio::spawn(async move { actor.accept_all().await });
                Ok(())
            }
            Meaning::Unfollow => {
                let undone = reading::id(&value["object"]);
                self.kept(|shelf| shelf.unfollow(&peer.id, undone))
            }
            Meaning::Other => Ok(()),
        }
    }

    fn kept(
        &self,
        work: impl FnOnce(&mut super::shelf::Shelf) -> std::io::Result<()>,
    ) -> Result<(), NotTaken> {
        self.shelf(work).map_err(|error| {
            tracing::error!(%error, "a follower cannot be kept");
            NotTaken::Unwritten
        })
    }

    /// Hands in a note that is meant for the city: it names the city or answers one of its notes.
    async fn message(&self, peer: &Peer, note: &Note, edited: bool) -> Result<(), NotTaken> {
        let ours = self.at.actor();
        let answered = note.in_reply_to.as_deref();
        let answered = answered.and_then(|address| self.at.note_name(address));
        let answered = answered.and_then(|name| self.shelf(|shelf| shelf.note(name)));
        // An edit may drop the city's name; it is still an edit of what was handed in.
        let meant = note.addressed.contains(&ours) || answered.is_some();
        let known = edited && self.seen(&note.id);
        if peer.id == ours || !meant && !known {
            return Ok(());
        }
        let (attachments, missing) = self.files(&note.files).await;
        // The conversation of our own note, else what the server calls it, else the note itself.
        let begun = note.context.clone().unwrap_or_else(|| note.id.clone());
        let thread = answered.and_then(|note| note.thread).or(Some(begun));
        let incoming = Incoming {
            channel: Channel::Social,
            via: self.via.clone(),
            key: note.id.clone(),
            from: Address {
                kind: AddressKind::Account,
                value: peer.id.clone(),
                name: Some(peer.name.clone()),
            },
            to: self.at.account(),
            thread,
            in_reply_to: note.in_reply_to.clone(),
            subject: note.subject.clone(),
            text: line::with_missing(plain::text_of(&note.content), &missing),
            html: Some(plain::shown(&note.content, note.language.as_deref())),
            attachments,
            public: note.public,
            automatic: peer.automatic,
            standing: crate::letter::Standing::default(),
            damage: (!missing.is_empty()).then_some("attachment-not-fetched"),
        };
        let inward = if edited {
            Inward::Edited(Box::new(incoming))
        } else {
            Inward::Message(Box::new(incoming))
        };
        self.inlet.hand_in(inward).await?;
        self.remember(note.id.clone());
        Ok(())
    }

    /// Fetches the files of a note; what could not be had is named by its address.
    async fn files(&self, files: &[File]) -> (Vec<Attachment>, Vec<String>) {
        let deadline = tokio::time::Instant::now() + FILES_WITHIN;
        let (mut found, mut missing, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (index, file) in files.iter().enumerate() {
            let fetched = self.peers.file(&file.url);
            let fetched = tokio::time::timeout_at(deadline, fetched).await;
            let fetched = fetched
                .ok()
                .and_then(Result::ok)
                .filter(crate::fetch::Answer::ok);
            match fetched {
                Some(answer)
                    if index < reading::FILES_MAX
                        && bytes + answer.body.len() <= FILES_BYTES_MAX =>
                {
                    bytes += answer.body.len();
                    found.push(attachment(file, answer.body));
                }
                _ => missing.push(file.url.clone()),
            }
        }
        (found, missing)
    }

    /// Tells every follower that was not told yet.
    pub(super) async fn accept_all(&self) {
        for (follower, follow) in self.shelf(|shelf| shelf.waiting()) {
            let Ok(peer) = self.peers.actor(&follower).await else {
                continue;
            };
            let Some(host) = host_of(&peer.inbox) else {
                continue;
            };
            if self.patience.left(&host, Instant::now()).is_some() {
                continue;
            }
            let accept = document::accept(&self.at, &follower, &follow);
            let told = match self.peers.post(&peer.inbox, &accept).await {
                Ok(answer) => self.verdict(&host, &answer),
                Err(_) => Err(self.later(&host, None)),
            };
            // Not kept: it is told again.
            let _ = match told {
                Ok(()) => self.kept(|shelf| shelf.accepted(&follower)),
                Err(Unsent::Never(_)) => self.kept(|shelf| shelf.unfollow(&follower, None)),
                Err(_) => Ok(()),
            };
        }
    }
}

fn attachment(file: &File, bytes: Vec<u8>) -> Attachment {
    let name = file.url.rsplit('/').next().unwrap_or_default();
    let name = name.split(['?', '#']).next().unwrap_or_default();
    Attachment {
        name: name.to_owned(),
        media_type: file.media_type.clone(),
        bytes,
        description: file.description.clone(),
    }
}
