//! An account at Bluesky or another server of the AT protocol: mentions and replies in, replies
//! out, deletions seen. Never a server of its own.

use super::keep::Kept;
use super::line::{self, Named, Reads, Sends, Trouble};
use super::plain::{self, Counting};
use super::{Limits, OpenError};
use crate::fetch::{Answer, Failure, Fetcher, Request};
use crate::inlet::{Inlet, Inward};
use crate::letter::{Address, AddressKind, Attachment, Incoming, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::Secret;
use axum::http::header::AUTHORIZATION;
use center::city::Channel;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use url::Url;

/// Notifications of one page.
const PAGE: usize = 100;
/// Posts that can be asked for at once, and are watched for deletion.
const AT_ONCE: usize = 25;
/// Pictures of one post.
const PICTURES: usize = 4;
/// Own posts looked through for one that was perhaps sent.
const OWN: usize = 50;
const POST: &str = "app.bsky.feed.post";
const NOTIFICATIONS: &str = "app.bsky.notification.listNotifications";
const REASONS: &str = "reasons=mention&reasons=reply";
/// How late the network may show a notification.
const LATE_MS: i64 = 24 * 3600 * 1000;
/// Posts remembered as taken: a few pages.
const TAKEN_MAX: usize = 500;

/// How the account is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The account's server; Bluesky's own when not named.
    #[serde(default = "server")]
    pub server: Url,
    /// Handle or DID.
    pub identifier: String,
    /// An app password, never the account's own.
    pub password: Secret,
    /// Seconds between readings.
    #[serde(default = "every_s")]
    pub every_s: u64,
    /// Whether the server may be on a private address.
    #[serde(default)]
    pub private_addresses: bool,
}

fn server() -> Url {
    Url::parse("https://bsky.social").expect("an address")
}

fn every_s() -> u64 {
    20
}

/// What may be sent. Everything is public: an answer with personal data has to be a link.
pub const LIMITS: Limits = Limits {
    letters: 300,
    counting: Counting::Graphemes,
    link: None,
    parts: true,
    pictures: PICTURES,
    picture_bytes: 1_000_000,
    can_direct: false,
};

/// Where reading goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// When the latest notification that was taken came to the network, in Unix milliseconds.
    latest_ms: Option<i64>,
    /// The latest posts that were taken.
    taken: Vec<String>,
    /// Posts watched for deletion, and how often they were not there.
    watched: Vec<(String, u8)>,
}

/// The account.
#[derive(Debug)]
pub struct Bluesky {
    client: Client,
    inlet: Inlet,
    cursor: Kept<Cursor>,
    every: Duration,
}

#[derive(Clone, Debug)]
struct Client {
    via: String,
    settings: Settings,
    fetcher: Fetcher,
    session: Arc<Mutex<Option<Session>>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    did: String,
    handle: String,
    access_jwt: String,
    refresh_jwt: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Bluesky {
    /// Opens the account; nothing is asked of the server yet.
    pub fn open(
        via: &str,
        settings: Settings,
        folder: &Path,
        inlet: Inlet,
    ) -> Result<Bluesky, OpenError> {
        let fetcher = line::client(Duration::from_secs(20), settings.private_addresses)?;
        Ok(Bluesky {
            cursor: Kept::open(folder.join("cursor.json"))?,
            every: Duration::from_secs(settings.every_s.max(1)),
            client: Client {
                via: via.to_owned(),
                settings,
                fetcher,
                session: Arc::default(),
            },
            inlet,
        })
    }

    /// Reads and sends until the outbox is gone.
    pub async fn run(mut self, orders: mpsc::Receiver<Order>) {
        let client = self.client.clone();
        let (via, every) = (client.via.clone(), self.every);
        line::work(&via, every, orders, &mut self, &client).await;
    }

    /// Notifications that were not taken yet, oldest first. The network sorts them by the date the
    /// writer names, so new ones may stand among those already taken: pages are read until one
    /// holds nothing new.
    async fn new_ones(&self) -> Result<Vec<Value>, Trouble> {
        let cursor = &self.cursor.value;
        let floor = cursor.latest_ms.map(|latest_ms| latest_ms - LATE_MS);
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!("{NOTIFICATIONS}?limit={PAGE}&{REASONS}{next}");
            let page = self.client.get(&path).await?;
            let list = page["notifications"]
                .as_array()
                .ok_or(Trouble::Unreadable)?;
            let known = found.len();
            for notification in list {
                let uri = notification["uri"].as_str().unwrap_or_default();
                let wanted = matches!(notification["reason"].as_str(), Some("mention" | "reply"));
                let taken = cursor.taken.iter().any(|taken| taken == uri);
                let late = floor.is_some_and(|floor| at_ms(notification) < Some(floor));
                if wanted && !taken && !late {
                    found.push(notification.clone());
                }
            }
            match page["cursor"].as_str() {
                // The very first reading takes the newest page, not the account's whole past.
                Some(cursor) if floor.is_some() && found.len() > known => {
                    next = format!("&cursor={}", encoded(cursor));
                }
                _ => break,
            }
        }
        found.sort_by_key(at_ms);
        Ok(found)
    }

    async fn take(&mut self, notification: &Value, view: Option<&Value>) -> Result<(), Trouble> {
        let uri = text(&notification["uri"]);
        let incoming = self.client.incoming(notification, view).await?;
        self.inlet.message(incoming).await?;
        let cursor = &mut self.cursor.value;
        cursor.latest_ms = cursor.latest_ms.max(at_ms(notification));
        cursor.taken.push(uri.clone());
        let over = cursor.taken.len().saturating_sub(TAKEN_MAX);
        cursor.taken.drain(..over);
        cursor.watched.push((uri, 0));
        let over = cursor.watched.len().saturating_sub(AT_ONCE);
        cursor.watched.drain(..over);
        Ok(())
    }

    /// Posts that are gone twice in a row were taken back: no notification tells.
    async fn look_again(&mut self) -> Result<(), Trouble> {
        let watched = self.cursor.value.watched.clone();
        if watched.is_empty() {
            return Ok(());
        }
        let uris: Vec<&str> = watched.iter().map(|(uri, _)| uri.as_str()).collect();
        let there = self.client.posts(&uris).await?;
        let is_there = |uri: &str| there.iter().any(|view| view["uri"] == uri);
        let mut left = Vec::new();
        for (uri, missed) in &watched {
            match (is_there(uri), missed) {
                (true, _) => left.push((uri.clone(), 0)),
                (false, 0) => left.push((uri.clone(), 1)),
                (false, _) => {
                    let (via, key) = (self.client.via.clone(), uri.clone());
                    self.inlet.hand_in(Inward::Deleted { via, key }).await?;
                }
            }
        }
        if left != watched {
            self.cursor.value.watched = left;
            self.cursor.save()?;
        }
        Ok(())
    }
}

impl Reads for Bluesky {
    async fn read(&mut self) -> Result<(), Trouble> {
        let new = self.new_ones().await?;
        for group in new.chunks(AT_ONCE) {
            let uris: Vec<&str> = group.iter().filter_map(|one| one["uri"].as_str()).collect();
            let views = self.client.posts(&uris).await?;
            for notification in group {
                let view = views.iter().find(|view| view["uri"] == notification["uri"]);
                self.take(notification, view).await?;
            }
            self.cursor.save()?;
        }
        self.look_again().await
    }
}

impl Client {
    fn url(&self, path: &str) -> String {
        let origin = self.settings.server.as_str().trim_end_matches('/');
        format!("{origin}/xrpc/{path}")
    }

    /// The session; made with the app password where there is none, or renewed.
    async fn session(&self, used: Option<&str>) -> Result<Session, Trouble> {
        let mut held = self.session.lock().await;
        let refresh = match held.as_ref() {
            // Somebody else renewed it meanwhile.
            Some(session) if used != Some(&session.access_jwt) => return Ok(session.clone()),
            Some(session) => Some(session.refresh_jwt.clone()),
            None => None,
        };
        if let Some(refresh) = refresh {
            let url = self.url("com.atproto.server.refreshSession");
            let request = Request::post(&url, "application/json", Vec::new());
            let mut request = request.header(AUTHORIZATION, format!("Bearer {refresh}"));
            request.headers.retain(|(name, _)| *name == AUTHORIZATION);
            let answer = self.fetcher.send(request).await?;
            if let Ok(session) = serde_json::from_slice::<Session>(&answer.body) {
                *held = Some(session.clone());
                return Ok(session);
            }
            *held = None;
        }
        let login = json!({
            "identifier": self.settings.identifier,
            "password": self.settings.password.expose(),
        });
        let url = self.url("com.atproto.server.createSession");
        let body = login.to_string().into_bytes();
        let answer = self
            .fetcher
            .send(Request::post(&url, "application/json", body))
            .await?;
        let session = serde_json::from_value::<Session>(line::found(&answer)?);
        let session = session.map_err(|_| Trouble::Unreadable)?;
        *held = Some(session.clone());
        Ok(session)
    }

    /// Asks with the session, renewed once where it expired.
    async fn ask(&self, request: &Request) -> Result<Result<Answer, Failure>, Trouble> {
        let mut used = None;
        loop {
            let session = self.session(used.as_deref()).await?;
            let bearer = format!("Bearer {}", session.access_jwt);
            let answer = self
                .fetcher
                .send(request.clone().header(AUTHORIZATION, bearer))
                .await;
            let expired = |answer: &Answer| {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                matches!(answer.status, 400 | 401)
                    && matches!(
                        body["error"].as_str(),
                        Some("ExpiredToken" | "InvalidToken")
                    )
            };
            if used.is_some() || !answer.as_ref().is_ok_and(expired) {
                return Ok(answer);
            }
            used = Some(session.access_jwt);
        }
    }

    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        line::found(&self.ask(&Request::get(&self.url(path))).await??)
    }

    /// Posts as the network shows them; those that are gone are missing.
    async fn posts(&self, uris: &[&str]) -> Result<Vec<Value>, Trouble> {
        let uris: Vec<String> = uris
            .iter()
            .map(|uri| format!("uris={}", encoded(uri)))
            .collect();
        let found = self
            .get(&format!("app.bsky.feed.getPosts?{}", uris.join("&")))
            .await?;
        match found["posts"].as_array() {
            Some(posts) => Ok(posts.clone()),
            None => Err(Trouble::Unreadable),
        }
    }

    async fn incoming(
        &self,
        notification: &Value,
        view: Option<&Value>,
    ) -> Result<Incoming, Trouble> {
        let record = &notification["record"];
        let author = &notification["author"];
        let uri = text(&notification["uri"]);
        let words = with_links(&text(&record["text"]), &record["facets"]);
        let (files, mut links) =
            view.map_or_else(Default::default, |view| embedded(&view["embed"]));
        let (attachments, missing) = line::files(&self.fetcher, files).await;
        links.extend(missing.iter().cloned());
        links.retain(|link| !words.contains(link.as_str()));
        let language = match record["langs"].as_array().map(Vec::as_slice) {
            Some([only]) => only.as_str(),
            _ => None,
        };
        let named = author["displayName"]
            .as_str()
            .filter(|name| !name.is_empty());
        let named = named.or(author["handle"].as_str());
        let session = self.session(None).await?;
        Ok(Incoming {
            channel: Channel::Social,
            via: self.via.clone(),
            key: uri.clone(),
            from: Address {
                kind: AddressKind::Account,
                value: text(&author["did"]),
                name: named.map(str::to_owned),
            },
            to: session.handle,
            thread: Some(
                record["reply"]["root"]["uri"]
                    .as_str()
                    .unwrap_or(&uri)
                    .to_owned(),
            ),
            in_reply_to: record["reply"]["parent"]["uri"].as_str().map(str::to_owned),
            subject: None,
            html: language.map(|tag| plain::shown(&plain::html_of(&words), Some(tag))),
            text: line::with_missing(words, &links),
            attachments,
            public: true,
            automatic: false,
            standing: crate::letter::Standing::default(),
            damage: (!missing.is_empty()).then_some("attachment-not-fetched"),
        })
    }

    async fn upload(&self, file: &Attachment) -> Result<Value, Unsent> {
        if file.bytes.len() > LIMITS.picture_bytes {
            return Err(Unsent::Never("picture-too-large".into()));
        }
        let url = self.url("com.atproto.repo.uploadBlob");
        let request = Request::post(&url, &file.media_type, file.bytes.clone());
        // Nobody sees a picture without its post: whatever breaks, it can be repeated.
        let later = |unsent| match unsent {
            Unsent::Unknown => Unsent::Later { after: None },
            other => other,
        };
        let answer = self
            .ask(&request)
            .await
            .map_err(|trouble| line::before(&trouble))?;
        let uploaded = line::told(answer).map_err(later)?;
        Ok(json!({ "image": uploaded["blob"], "alt": file.description }))
    }

    /// The post that is answered and the root of its thread, as a record refers to them.
    async fn refs(&self, outgoing: &Outgoing) -> Result<Option<(Value, Value)>, Unsent> {
        let Some(parent) = outgoing.in_reply_to.as_deref() else {
            return Ok(None);
        };
        let root = outgoing.thread.as_deref().unwrap_or(parent);
        let asked = if root == parent {
            vec![parent]
        } else {
            vec![root, parent]
        };
        let views = self
            .posts(&asked)
            .await
            .map_err(|trouble| line::before(&trouble))?;
        let found = |uri: &str| {
            let view = views.iter().find(|view| view["uri"] == uri)?;
            Some(json!({ "uri": view["uri"], "cid": view["cid"] }))
        };
        let parent = found(parent).ok_or_else(|| Unsent::Never("post-gone".into()))?;
        // A root that was taken back leaves its thread without one.
        Ok(Some((
            found(root).unwrap_or_else(|| parent.clone()),
            parent,
        )))
    }

    /// Own latest posts, to find one that was perhaps sent.
    async fn own(&self, did: &str) -> Result<Vec<Value>, Unsent> {
        let repo = encoded(did);
        let path =
            format!("com.atproto.repo.listRecords?repo={repo}&collection={POST}&limit={OWN}");
        let found = self
            .get(&path)
            .await
            .map_err(|trouble| line::before(&trouble))?;
        Ok(found["records"].as_array().cloned().unwrap_or_default())
    }

    /// Where nothing is answered the citizen has to be named to be told.
    async fn mention(&self, outgoing: &Outgoing) -> Result<String, Unsent> {
        if outgoing.in_reply_to.is_some() {
            return Ok(String::new());
        }
        let path = format!(
            "app.bsky.actor.getProfile?actor={}",
            encoded(&outgoing.to.value)
        );
        let profile = self
            .get(&path)
            .await
            .map_err(|trouble| line::before(&trouble))?;
        Ok(format!("@{} ", text(&profile["handle"])))
    }

    async fn create(&self, did: &str, record: &Value) -> Result<Value, Unsent> {
        let body = json!({ "repo": did, "collection": POST, "record": record });
        let url = self.url("com.atproto.repo.createRecord");
        let body = body.to_string().into_bytes();
        let request = Request::post(&url, "application/json", body);
        let answer = self
            .ask(&request)
            .await
            .map_err(|trouble| line::before(&trouble))?;
        line::told(answer)
    }
}

impl Sends for Client {
    /// Tries to send once. When an earlier try may have been delivered, own posts are looked
    /// through first, so nothing appears twice.
    async fn send(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        let never = |why: &str| Unsent::Never(why.to_owned());
        match () {
            () if outgoing.to.kind != AddressKind::Account => return Err(never("address-kind")),
            () if !outgoing.public => return Err(never("no-private-messages")),
            () if outgoing.attachments.len() > PICTURES => {
                return Err(never("too-many-attachments"));
            }
            () => {}
        }
        // A password that is wrong is the city's trouble: no message dies of it.
        let later = |_| Unsent::Later { after: None };
        let session = self.session(None).await.map_err(later)?;
        let mention = self.mention(outgoing).await?;
        let mut refs = self.refs(outgoing).await?;
        let sent = if outgoing.perhaps_again {
            self.own(&session.did).await?
        } else {
            Vec::new()
        };
        let mut images = Vec::new();
        for file in &outgoing.attachments {
            images.push(self.upload(file).await?);
        }
        let room = LIMITS.letters - LIMITS.count(&mention);
        let parts = plain::parts(&outgoing.text, room, |text| LIMITS.count(text));
        let mut first = None;
        for (index, part) in parts.iter().enumerate() {
            let words = if index == 0 {
                format!("{mention}{part}")
            } else {
                part.clone()
            };
            let mut record = post(&words, refs.as_ref());
            if index == 0 && !mention.is_empty() {
                let end = mention.trim_end().len();
                let to =
                    json!({ "$type": "app.bsky.richtext.facet#mention", "did": outgoing.to.value });
                facet(&mut record, (0, end), &to);
            }
            if index == 0 && !images.is_empty() {
                record["embed"] = json!({ "$type": "app.bsky.embed.images", "images": images });
            }
            let known = sent.iter().find(|own| {
                let own = &own["value"];
                own["text"] == record["text"]
                    && own["reply"]["parent"]["uri"] == record["reply"]["parent"]["uri"]
            });
            let made = match known {
                Some(known) => known.clone(),
                None => match self.create(&session.did, &record).await {
                    // The first part is out: the next try finds it and goes on from there.
                    Err(_) if first.is_some() => return Err(Unsent::Unknown),
                    made => made?,
                },
            };
            let made = json!({ "uri": made["uri"], "cid": made["cid"] });
            first.get_or_insert_with(|| text(&made["uri"]));
            let root = refs.map_or_else(|| made.clone(), |(root, _)| root);
            refs = Some((root, made));
        }
        Ok(Submitted {
            reference: first.unwrap_or_default(),
            receipt: false,
            parts: parts.len() as u32,
        })
    }
}

/// A post as a record, its links marked by byte offsets in UTF-8.
fn post(words: &str, refs: Option<&(Value, Value)>) -> Value {
    let mut record = json!({
        "$type": POST,
        "text": words,
        "createdAt": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    });
    if let Some((root, parent)) = refs {
        record["reply"] = json!({ "root": root, "parent": parent });
    }
    for (begin, end) in plain::links(words) {
        let link = json!({ "$type": "app.bsky.richtext.facet#link", "uri": &words[begin..end] });
        facet(&mut record, (begin, end), &link);
    }
    record
}

fn facet(record: &mut Value, (begin, end): (usize, usize), feature: &Value) {
    let facet = json!({
        "index": { "byteStart": begin, "byteEnd": end },
        "features": [feature],
    });
    match record["facets"].as_array_mut() {
        Some(facets) => facets.push(facet),
        None => record["facets"] = json!([facet]),
    }
}

/// Text with the whole address behind each shortened link.
fn with_links(words: &str, facets: &Value) -> String {
    let mut links: Vec<(usize, usize, &str)> = facets
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|facet| {
            let at = |name: &str| facet["index"][name].as_u64().map(|at| at as usize);
            let uri = facet["features"]
                .as_array()?
                .iter()
                .find_map(|one| one["uri"].as_str());
            Some((at("byteStart")?, at("byteEnd")?, uri?))
        })
        .collect();
    links.sort_unstable();
    let mut out = words.to_owned();
    for (begin, end, uri) in links.into_iter().rev() {
        match words.get(begin..end) {
            Some(shown) if shown != uri && out.is_char_boundary(end) => {
                out.insert_str(end, &format!(" ({uri})"));
            }
            _ => {}
        }
    }
    out
}

/// Pictures of a post, and addresses of what is shown with it.
fn embedded(embed: &Value) -> (Vec<Named>, Vec<String>) {
    let media = if embed["media"].is_object() {
        &embed["media"]
    } else {
        embed
    };
    let images = media["images"].as_array().into_iter().flatten();
    let images = images.filter_map(|image| {
        let url = image["fullsize"].as_str()?.to_owned();
        Some(Named {
            name: url.rsplit('/').next().unwrap_or_default().to_owned(),
            media_type: "image/jpeg".to_owned(),
            description: text(&image["alt"]),
            url,
        })
    });
    let links = [&media["external"]["uri"], &media["playlist"]];
    let links = links.iter().filter_map(|link| link.as_str());
    (images.collect(), links.map(str::to_owned).collect())
}

/// When a notification came to the network, in Unix milliseconds.
fn at_ms(notification: &Value) -> Option<i64> {
    let at: Timestamp = notification["indexedAt"].as_str()?.parse().ok()?;
    Some(at.as_millisecond())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_marked_by_bytes_and_written_out() {
        let words = "눈 https://x.example/a에서 끝";
        let record = post(words, None);
        let index = &record["facets"][0]["index"];
        let (begin, end) = (index["byteStart"].as_u64(), index["byteEnd"].as_u64());
        assert_eq!((begin, end), (Some(4), Some(4 + 19)));
        assert_eq!(
            record["facets"][0]["features"][0]["uri"],
            "https://x.example/a"
        );

        let facets = json!([{
            "index": { "byteStart": 4, "byteEnd": 13 },
            "features": [{ "uri": "https://x.example/long" }],
        }]);
        let shortened = with_links("눈 x.example 끝", &facets);
        assert_eq!(shortened, "눈 x.example (https://x.example/long) 끝");
        // Offsets of a stranger lead nowhere.
        let broken = json!([{
            "index": { "byteStart": 1, "byteEnd": 99 },
            "features": [{ "uri": "https://x.example" }],
        }]);
        assert_eq!(with_links("눈", &broken), "눈");
    }
}
