//! Other actors: their inboxes and keys, fetched with a signed GET and remembered for a while.
//! Never believes a key whose actor does not name it.

use super::document::{Addresses, MEDIA_TYPE, authority};
use super::key::{OwnKey, PublicKey};
use super::reading;
use super::signature::{Refusal, signed};
use crate::fetch::{Answer, Failure, Fetcher, Request};
use crate::social::plain;
use axum::http::HeaderName;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

/// Actors remembered at most; the one fetched longest ago makes room.
const KNOWN_MAX: usize = 10_000;
/// How long an actor is believed without looking again.
const FRESH: Duration = Duration::from_hours(24);
/// How long one key is not fetched again, whoever claims it: nobody makes us hammer a server.
const PATIENCE: Duration = Duration::from_mins(1);
/// Fetches for strangers at once.
const FETCHES: usize = 16;
/// Letters of a shown name.
const NAME_MAX: usize = 100;

/// Another actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub id: String,
    /// Its inbox.
    pub inbox: String,
    /// The name it shows.
    pub name: String,
    /// `@name@host`.
    pub handle: String,
    /// A program.
    pub automatic: bool,
    keys: Vec<(String, PublicKey)>,
}

impl Peer {
    /// The key of this name.
    pub fn key(&self, id: &str) -> Option<&PublicKey> {
        let found = self.keys.iter().find(|(known, _)| known == id);
        found.map(|(_, key)| key)
    }
}

/// Why an actor cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Its server says that it is gone.
    Gone,
    /// Not right now.
    Unreachable,
    /// What came is no actor, or not the one that was asked for.
    Nobody,
}

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Refusal {
        match missing {
            Missing::Unreachable => Refusal::NoKey,
            Missing::Gone | Missing::Nobody => Refusal::Owner,
        }
    }
}

/// Everybody we know, by address of the actor or of a key.
#[derive(Debug)]
pub struct Peers {
    fetcher: Fetcher,
    key: Arc<OwnKey>,
    at: Addresses,
    known: Mutex<BTreeMap<String, Known>>,
    fetches: Semaphore,
}

#[derive(Debug)]
struct Known {
    found: Result<Arc<Peer>, Missing>,
    fetched: Instant,
}

impl Peers {
    /// Knows nobody yet.
    pub fn new(fetcher: Fetcher, key: Arc<OwnKey>, at: Addresses) -> Peers {
        Peers {
            fetcher,
            key,
            at,
            known: Mutex::default(),
            fetches: Semaphore::new(FETCHES),
        }
    }

    /// The actor of this address.
    pub async fn actor(&self, id: &str) -> Result<Arc<Peer>, Missing> {
        self.look_up(id, FRESH).await
    }

    /// The actor to whom a key belongs.
    pub async fn owner(&self, key_id: &str) -> Result<Arc<Peer>, Missing> {
        self.look_up(key_id, FRESH).await
    }

    /// Looks again, because a signature did not hold: the key may have been replaced.
    pub async fn owner_again(&self, key_id: &str) -> Result<Arc<Peer>, Missing> {
        self.look_up(key_id, PATIENCE).await
    }

    /// Forgets an actor that says it changed.
    pub fn forget(&self, id: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |entry: &Known| entry.found.as_ref().is_ok_and(|peer| peer.id == id);
        known.retain(|_, entry| !named(entry));
    }

    async fn look_up(&self, address: &str, fresh: Duration) -> Result<Arc<Peer>, Missing> {
        if let Some(found) = self.remembered(address, fresh) {
            return found;
        }
        let permit = self.fetches.acquire().await;
        let _permit = permit.map_err(|_| Missing::Unreachable)?;
        if let Some(found) = self.remembered(address, fresh) {
            return found;
        }
        let found = self.fetch_peer(address).await.map(Arc::new);
        self.remember(address, found.clone());
        found
    }

    fn remembered(&self, address: &str, fresh: Duration) -> Option<Result<Arc<Peer>, Missing>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(address)?;
        let fresh = if entry.found.is_ok() { fresh } else { PATIENCE };
        (entry.fetched.elapsed() < fresh).then(|| entry.found.clone())
    }

    fn remember(&self, address: &str, found: Result<Arc<Peer>, Missing>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            let oldest = known.iter().min_by_key(|(_, entry)| entry.fetched);
            let oldest = oldest.map(|(address, _)| address.clone());
            oldest.and_then(|address| known.remove(&address));
        }
        let fetched = Instant::now();
        known.insert(address.to_owned(), Known { found, fetched });
    }

    /// Fetches the actor behind an address, which is the actor itself or one of its keys.
    async fn fetch_peer(&self, address: &str) -> Result<Peer, Missing> {
        let whole = Url::parse(address).map_err(|_| Missing::Nobody)?;
        let mut bare = whole.clone();
        bare.set_fragment(None);
        let first = self.document(bare.as_str()).await?;
        let owner = reading::id(&first["owner"]).or_else(|| reading::id(&first));
        let owner = owner.ok_or(Missing::Nobody)?.to_owned();
        let same = Url::parse(&owner).is_ok_and(|owner| owner == bare);
        let document = if same {
            first
        } else {
            self.document(&owner).await?
        };
        let peer = peer(&document).filter(|peer| peer.id == owner);
        let peer = peer.ok_or(Missing::Nobody)?;
        let asked_for_key = !same || whole.fragment().is_some();
        if asked_for_key && peer.key(address).is_none() {
            return Err(Missing::Nobody);
        }
        Ok(peer)
    }

    /// Fetches a document of ActivityPub by a signed GET; it must come from where it was asked.
    pub async fn document(&self, address: &str) -> Result<Value, Missing> {
        let url = Url::parse(address).map_err(|_| Missing::Nobody)?;
        let answer = self.signed_get(&url).await;
        let answer = answer.map_err(|failure| match failure {
            Failure::Address | Failure::Forbidden | Failure::TooLong => Missing::Nobody,
            _ => Missing::Unreachable,
        })?;
        match answer.status {
            404 | 410 => return Err(Missing::Gone),
            _ if !answer.ok() => return Err(Missing::Unreachable),
            _ => {}
        }
        let media_type = answer.field(&CONTENT_TYPE);
        let ours = ["application/activity+json", "application/ld+json"];
        let federated = ours.iter().any(|known| media_type.starts_with(known));
        if !federated || !reading::same_origin(&answer.url, address) {
            return Err(Missing::Nobody);
        }
        reading::json(&answer.body).map_err(|_| Missing::Nobody)
    }

    async fn signed_get(&self, url: &Url) -> Result<Answer, Failure> {
        let target = target(url);
        let host = authority(url);
        let key_id = self.at.key();
        let now = Timestamp::now();
        let headers = signed(&self.key, &key_id, "get", (&target, &host), None, now);
        let request = Request::get(url.as_str()).header(ACCEPT, MEDIA_TYPE);
        self.fetcher.send(with(request, headers)).await
    }

    /// Sends an activity to an inbox.
    pub async fn post(&self, inbox: &str, activity: &Value) -> Result<Answer, Failure> {
        let url = Url::parse(inbox).map_err(|_| Failure::Address)?;
        let body = serde_json::to_vec(activity).expect("JSON that was built here");
        let (target, host, key_id) = (target(&url), authority(&url), self.at.key());
        let part = Some((MEDIA_TYPE, body.as_slice()));
        let now = Timestamp::now();
        let headers = signed(&self.key, &key_id, "post", (&target, &host), part, now);
        let mut request = Request::post(url.as_str(), MEDIA_TYPE, body);
        request.headers.clear();
        self.fetcher.send(with(request, headers)).await
    }

    /// Fetches a file of a note.
    pub async fn file(&self, address: &str) -> Result<Answer, Failure> {
        self.fetcher.send(Request::get(address)).await
    }
}

/// Path and query of an address, as it is signed.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The host is written by the client itself, the same as it was signed.
fn with(request: Request, headers: Vec<(&'static str, String)>) -> Request {
    let others = headers.into_iter().filter(|(name, _)| *name != "host");
    others.fold(request, |request, (name, value)| {
        request.header(HeaderName::from_static(name), value)
    })
}

/// Reads an actor.
fn peer(document: &Value) -> Option<Peer> {
    let id = document["id"].as_str()?.to_owned();
    let url = Url::parse(&id).ok()?;
    let kind = document["type"].as_str()?;
    let people = ["Person", "Group", "Organization", "Service", "Application"];
    let name = document["preferredUsername"].as_str().unwrap_or_default();
    let inbox = document["inbox"].as_str()?.to_owned();
    let house = reading::same_origin(&inbox, &id);
    if !people.contains(&kind) || !house {
        return None;
    }
    let handle = format!("@{}@{}", plain::text_of(name), authority(&url));
    let shown = document["name"].as_str().filter(|name| !name.is_empty());
    let shown = shown.map_or_else(|| handle.clone(), plain::text_of);
    let keys = keys(document, &id);
    Some(Peer {
        keys,
        name: shown.chars().take(NAME_MAX).collect(),
        automatic: matches!(kind, "Service" | "Application"),
        handle,
        inbox,
        id,
    })
}

/// The keys an actor names as its own: those of old in PEM, and those of FEP-521a.
fn keys(document: &Value, id: &str) -> Vec<(String, PublicKey)> {
    let named = |key: &Value, owner: &str, read: Option<PublicKey>| {
        let owned = key[owner].as_str().is_none_or(|owner| owner == id);
        let id = key["id"].as_str().filter(|_| owned)?;
        Some((id.to_owned(), read?))
    };
    let pem = reading::list(&document["publicKey"]).into_iter();
    let pem = pem.filter_map(|key| {
        let read = key["publicKeyPem"].as_str().and_then(PublicKey::read);
        named(key, "owner", read)
    });
    let multi = reading::list(&document["assertionMethod"]).into_iter();
    let multi = multi.filter_map(|key| {
        let text = key["publicKeyMultibase"].as_str();
        named(key, "controller", text.and_then(PublicKey::read_multibase))
    });
    pem.chain(multi).collect()
}
