//! An account at a server that speaks the Mastodon API: mentions in, answers out, edits and
//! deletions seen. Never the server itself.

use super::keep::Kept;
use super::line::{self, Named, Reads, Sends, Trouble};
use super::plain::{self, Counting};
use super::{Limits, OpenError};
use crate::fetch::{Answer, Failure, Fetcher, Lines, Request, form};
use crate::inlet::{Inlet, Inward};
use crate::letter::{Address, AddressKind, Attachment, Incoming, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::Secret;
use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use center::city::Channel;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use url::Url;

mod stream;

/// Mentions of one page, as many as servers give.
const PAGE: usize = 40;
/// Mentions whose edits and deletions are looked for.
const WATCHED_MAX: usize = 40;
/// Of these, how many at each reading: within the 300 requests per 5 minutes of a server.
const WATCHED_AT_ONCE: usize = 5;
/// Letters of a post where the server does not say.
const LETTERS: usize = 500;
/// An address counts as this many letters.
const LINK: usize = 23;
/// Pictures of one post.
const PICTURES: usize = 4;
/// How often an upload is asked after until it is ready.
const UPLOAD_TRIES: u32 = 10;

/// How the account is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server, `https://social.city.example`.
    pub server: Url,
    /// Access token with `read` and `write:statuses write:media`.
    pub token: Secret,
    /// Seconds between readings.
    #[serde(default = "every_s")]
    pub every_s: u64,
    /// Public answers also appear in public timelines, not only to those who look at the post.
    #[serde(default)]
    pub listed: bool,
    /// Whether the server may be on a private address.
    #[serde(default)]
    pub private_addresses: bool,
}

fn every_s() -> u64 {
    15
}

/// What may be sent.
pub const LIMITS: Limits = Limits {
    letters: LETTERS,
    counting: Counting::Graphemes,
    link: Some(LINK),
    parts: true,
    pictures: PICTURES,
    picture_bytes: 8 * 1024 * 1024,
    can_direct: true,
};

/// Where reading goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The latest notification that was taken.
    latest: Option<String>,
    /// Mentions looked at again: post and the date of its last edit.
    watched: Vec<(String, Option<String>)>,
}

/// The account.
#[derive(Debug)]
pub struct Mastodon {
    client: Client,
    inlet: Inlet,
    cursor: Kept<Cursor>,
    every: Duration,
    bell: Arc<Notify>,
}

#[derive(Clone, Debug)]
struct Client {
    via: String,
    settings: Settings,
    fetcher: Fetcher,
}

impl Mastodon {
    /// Opens the account; nothing is asked of the server yet.
    pub fn open(
        via: &str,
        settings: Settings,
        folder: &Path,
        inlet: Inlet,
    ) -> Result<Mastodon, OpenError> {
        let fetcher = line::client(Duration::from_secs(20), settings.private_addresses)?;
        Ok(Mastodon {
            cursor: Kept::open(folder.join("cursor.json"))?,
            every: Duration::from_secs(settings.every_s.max(1)),
            bell: Arc::default(),
            client: Client {
                via: via.to_owned(),
                settings,
                fetcher,
            },
            inlet,
        })
    }

    /// Reads and sends until the outbox is gone.
    pub async fn run(mut self, orders: mpsc::Receiver<Order>) {
        let client = self.client.clone();
        let via = client.via.clone();
        let (every, bell) = (self.every, self.bell.clone());
        tokio::select! {
            () = line::work(&via, every, orders, &mut self, &client) => {}
            () = stream::attend(&client, &bell) => {}
        }
    }

    fn watch(&mut self, status: &Value) {
        let watched = &mut self.cursor.value.watched;
        let edited = status["edited_at"].as_str().map(str::to_owned);
        watched.push((text(&status["id"]), edited));
        let over = watched.len().saturating_sub(WATCHED_MAX);
        watched.drain(..over);
    }

    /// Whether mentions were changed or taken back: no notification tells.
    async fn look_again(&mut self, own: &str) -> Result<(), Trouble> {
        for _ in 0..WATCHED_AT_ONCE.min(self.cursor.value.watched.len()) {
            let (id, edited) = self.cursor.value.watched[0].clone();
            let key = id.clone();
            let via = self.client.via.clone();
            let now = match self.client.get(&format!("/api/v1/statuses/{id}")).await {
                Ok(status) => {
                    let now = status["edited_at"].as_str().map(str::to_owned);
                    if now != edited {
                        let incoming = self.client.incoming(&status, own).await?;
                        let inward = Inward::Edited(Box::new(incoming));
                        self.inlet.hand_in(inward).await?;
                    }
                    Some((id, now))
                }
                Err(Trouble::Status(404 | 410)) => {
                    self.inlet.hand_in(Inward::Deleted { via, key }).await?;
                    None
                }
                Err(trouble) => return Err(trouble),
            };
            let watched = &mut self.cursor.value.watched;
            watched.remove(0);
            let changed = now.as_ref().is_none_or(|(_, now)| *now != edited);
            watched.extend(now);
            if changed {
                self.cursor.save()?;
            }
        }
        Ok(())
    }
}

impl Reads for Mastodon {
    fn bell(&self) -> Option<Arc<Notify>> {
        Some(self.bell.clone())
    }

    /// Reads once: new mentions, then a few of those known.
    async fn read(&mut self) -> Result<(), Trouble> {
        let own = self
            .client
            .get("/api/v1/accounts/verify_credentials")
            .await?;
        let own = text(&own["acct"]);
        loop {
            let page = self
                .client
                .mentions(self.cursor.value.latest.as_deref())
                .await?;
            let full = page.len() >= PAGE && self.cursor.value.latest.is_some();
            // Newest first, as it comes; taken in the order in which they were written.
            for notification in page.iter().rev() {
                let status = &notification["status"];
                if status["id"].is_string() {
                    let incoming = self.client.incoming(status, &own).await?;
                    self.inlet.message(incoming).await?;
                    self.watch(status);
                }
                self.cursor.value.latest = Some(text(&notification["id"]));
            }
            if !page.is_empty() {
                self.cursor.save()?;
            }
            if !full {
                break;
            }
        }
        self.look_again(&own).await
    }
}

impl Client {
    fn url(&self, path: &str) -> String {
        let origin = self.settings.server.as_str().trim_end_matches('/');
        format!("{origin}{path}")
    }

    async fn ask(&self, request: Request) -> Result<Answer, Failure> {
        let token = format!("Bearer {}", self.settings.token.expose());
        self.fetcher
            .send(request.header(AUTHORIZATION, token))
            .await
    }

    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        line::found(&self.ask(Request::get(&self.url(path))).await?)
    }

    /// The next mentions after the latest one taken, or the newest at the very first reading.
    async fn mentions(&self, latest: Option<&str>) -> Result<Vec<Value>, Trouble> {
        let after = latest.map_or(String::new(), |latest| format!("&min_id={latest}"));
        let path = format!("/api/v1/notifications?types[]=mention&limit={PAGE}{after}");
        match self.get(&path).await? {
            Value::Array(page) => Ok(page),
            _ => Err(Trouble::Unreadable),
        }
    }

    async fn incoming(&self, status: &Value, own: &str) -> Result<Incoming, Trouble> {
        let id = text(&status["id"]);
        let account = &status["account"];
        let content = text(&status["content"]);
        let files = status["media_attachments"].as_array();
        let files = files.into_iter().flatten().map(named).collect();
        let (attachments, missing) = line::files(&self.fetcher, files).await;
        let answered = status["in_reply_to_id"].as_str().map(str::to_owned);
        let thread = match &answered {
            Some(_) => self.root(&id).await?,
            None => id.clone(),
        };
        let filled = |field: &Value| field.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
        Ok(Incoming {
            channel: Channel::Social,
            via: self.via.clone(),
            key: id,
            from: Address {
                kind: AddressKind::Account,
                value: text(&account["acct"]),
                name: filled(&account["display_name"]),
            },
            to: own.to_owned(),
            thread: Some(thread),
            in_reply_to: answered,
            subject: filled(&status["spoiler_text"]),
            text: line::with_missing(plain::text_of(&content), &missing),
            html: Some(plain::shown(&content, status["language"].as_str())),
            attachments,
            public: matches!(status["visibility"].as_str(), Some("public" | "unlisted")),
            automatic: account["bot"].as_bool().unwrap_or(false),
            standing: crate::letter::Standing::default(),
            damage: (!missing.is_empty()).then_some("attachment-not-fetched"),
        })
    }

    /// The post with which a conversation began.
    async fn root(&self, id: &str) -> Result<String, Trouble> {
        let context = match self.get(&format!("/api/v1/statuses/{id}/context")).await {
            // Taken back meanwhile, or broken over there: the message is still handed in, alone.
            Err(Trouble::Status(_)) => return Ok(id.to_owned()),
            context => context?,
        };
        let root = context["ancestors"][0]["id"].as_str();
        Ok(root.unwrap_or(id).to_owned())
    }

    /// Where the server streams: on its own host unless it says another.
    async fn streaming(&self) -> Result<String, Trouble> {
        let instance = match self.get("/api/v2/instance").await {
            Err(Trouble::Status(404)) => Value::Null,
            instance => instance?,
        };
        let told = instance["configuration"]["urls"]["streaming"].as_str();
        let told = told.map(|told| told.trim_end_matches('/').replacen("ws", "http", 1));
        Ok(told.unwrap_or_else(|| self.url("")))
    }

    /// What happens to the account, as it happens.
    async fn listen(&self) -> Result<Lines, Trouble> {
        let url = format!("{}/api/v1/streaming/user", self.streaming().await?);
        let token = format!("Bearer {}", self.settings.token.expose());
        let request = Request::get(&url).header(AUTHORIZATION, token);
        let lines = self.fetcher.listen(request, stream::QUIET).await?;
        match lines.status() {
            200 => Ok(lines),
            status => Err(Trouble::Status(status)),
        }
    }

    async fn letters(&self) -> Result<usize, Trouble> {
        let instance = match self.get("/api/v2/instance").await {
            // Older or other software.
            Err(Trouble::Status(404)) => return Ok(LETTERS),
            instance => instance?,
        };
        let told = instance["configuration"]["statuses"]["max_characters"].as_u64();
        Ok(told.map_or(LETTERS, |told| told as usize))
    }

    async fn post(
        &self,
        outgoing: &Outgoing,
        index: usize,
        text: &str,
        answered: Option<&str>,
        media: &[String],
    ) -> Result<Value, Unsent> {
        let visibility = match (outgoing.public, self.settings.listed) {
            (false, _) => "direct",
            (true, true) => "public",
            (true, false) => "unlisted",
        };
        let mut fields = vec![("status", text), ("visibility", visibility)];
        fields.extend(answered.map(|id| ("in_reply_to_id", id)));
        fields.extend(media.iter().map(|id| ("media_ids[]", id.as_str())));
        let url = self.url("/api/v1/statuses");
        let key = format!("dasan-{}-{}-{index}", outgoing.contact, outgoing.message);
        let request = Request::post(&url, "application/x-www-form-urlencoded", form(fields))
            .header(HeaderName::from_static("idempotency-key"), key);
        line::told(self.ask(request).await)
    }

    /// Uploads a picture and waits until the server can show it.
    async fn upload(&self, file: &Attachment) -> Result<String, Unsent> {
        let fields = [("description", file.description.as_str())];
        let (media_type, body) = line::multipart(&fields, &[("file", file)]);
        let request = Request::post(&self.url("/api/v2/media"), &media_type, body);
        // Nobody sees an upload without its post: whatever breaks, it can be repeated.
        let later = |unsent| match unsent {
            Unsent::Unknown => Unsent::Later { after: None },
            other => other,
        };
        let uploaded = line::told(self.ask(request).await).map_err(later)?;
        let id = text_of_id(&uploaded).ok_or(Unsent::Later { after: None })?;
        let mut ready = uploaded["url"].is_string();
        for _ in 0..UPLOAD_TRIES {
            if ready {
                return Ok(id);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let request = Request::get(&self.url(&format!("/api/v1/media/{id}")));
            let answer = self.ask(request).await;
            ready = answer.is_ok_and(|answer| answer.status == 200);
        }
        Err(Unsent::Later { after: None })
    }
}

impl Sends for Client {
    /// Tries to send once. A repeated try within the hour in which servers remember the key of a
    /// post gives the same post.
    async fn send(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        if outgoing.to.kind != AddressKind::Account {
            return Err(Unsent::Never("address-kind".into()));
        }
        if outgoing.attachments.len() > PICTURES {
            return Err(Unsent::Never("too-many-attachments".into()));
        }
        let most = self
            .letters()
            .await
            .map_err(|trouble| line::before(&trouble))?;
        let mention = format!("@{} ", outgoing.to.value);
        let count = |text: &str| Counting::Graphemes.count(text, Some(LINK));
        let room = most.saturating_sub(count(&mention));
        let parts = plain::parts(&outgoing.text, room, count);
        let mut media = Vec::new();
        for file in &outgoing.attachments {
            media.push(self.upload(file).await?);
        }
        let mut first = None;
        let mut answered = outgoing.in_reply_to.clone();
        for (index, part) in parts.iter().enumerate() {
            let pictures = if index == 0 { media.as_slice() } else { &[] };
            let text = format!("{mention}{part}");
            let posted = self
                .post(outgoing, index, &text, answered.as_deref(), pictures)
                .await;
            let id = text_of_id(&posted?).ok_or(Unsent::Unknown)?;
            first.get_or_insert(id.clone());
            answered = Some(id);
        }
        Ok(Submitted {
            reference: first.unwrap_or_default(),
            receipt: false,
            parts: parts.len() as u32,
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn text_of_id(value: &Value) -> Option<String> {
    value["id"].as_str().map(str::to_owned)
}

fn named(media: &Value) -> Named {
    let url = media["url"].as_str().or(media["remote_url"].as_str());
    let url = url.unwrap_or_default().to_owned();
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let media_type = match media["type"].as_str() {
        Some("image") => "image/*",
        Some("video" | "gifv") => "video/*",
        Some("audio") => "audio/*",
        _ => "application/octet-stream",
    };
    Named {
        name,
        media_type: media_type.to_owned(),
        description: text(&media["description"]),
        url,
    }
}
