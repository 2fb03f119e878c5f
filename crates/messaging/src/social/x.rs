//! An account at X, API v2: mentions and direct messages in, answers out, the account-activity
//! webhook. Written after the documentation; there is no server to try it against.

use super::keep::Kept;
use super::line::{self, Named, Reads, Sends, Trouble};
use super::plain::{self, Counting};
use super::{Limits, OpenError};
use crate::fetch::{Answer, Failure, Fetcher, Request, form};
use crate::inlet::{Inlet, Inward, NotTaken};
use crate::letter::{Address, AddressKind, Attachment, DeadLetter, Incoming, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::Secret;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use center::city::Channel;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};
use url::Url;

/// Mentions of one page.
const PAGE: usize = 100;
/// Pictures of one post.
const PICTURES: usize = 4;
/// Bytes of an event that is pushed.
const EVENT_MAX: usize = 1024 * 1024;
/// An access token is renewed this long before its end.
const MARGIN: Duration = Duration::from_mins(1);
/// What is asked about each mention.
const FIELDS: &str = "tweet.fields=conversation_id,referenced_tweets,lang,author_id,entities,\
                      note_tweet,edit_history_tweet_ids&user.fields=name,username\
                      &media.fields=url,alt_text,type\
                      &expansions=author_id,attachments.media_keys";

/// How the account is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The account's numeric id.
    pub user: String,
    /// OAuth 2.0 client.
    pub client: String,
    /// Its secret, for a confidential client.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// The first refresh token, as the account's owner granted it (`tweet.read tweet.write
    /// users.read media.write dm.write offline.access`); later ones are kept in the data folder.
    pub refresh_token: Secret,
    /// The application's consumer secret; with it the account-activity webhook is open.
    #[serde(default)]
    pub consumer_secret: Option<Secret>,
    /// The interface; X's own when not named.
    #[serde(default = "api")]
    pub api: Url,
    /// Seconds between readings: each post that is read costs money.
    #[serde(default = "every_s")]
    pub every_s: u64,
    /// Whether the interface may be on a private address.
    #[serde(default)]
    pub private_addresses: bool,
}

fn api() -> Url {
    Url::parse("https://api.x.com").expect("an address")
}

fn every_s() -> u64 {
    60
}

/// What may be sent.
pub const LIMITS: Limits = Limits {
    letters: 280,
    counting: Counting::Weighted,
    link: Some(23),
    parts: true,
    pictures: PICTURES,
    picture_bytes: 5 * 1024 * 1024,
    can_direct: true,
};

/// Where reading goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    latest: Option<String>,
}

/// The token with which the next access token is got; each is good for one time only.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Refresh {
    token: Option<Secret>,
}

/// The account.
#[derive(Debug)]
pub struct X {
    client: Client,
    cursor: Kept<Cursor>,
    every: Duration,
}

#[derive(Clone, Debug)]
struct Client {
    via: String,
    settings: Settings,
    fetcher: Fetcher,
    inlet: Inlet,
    tokens: Arc<Mutex<Tokens>>,
}

#[derive(Debug)]
struct Tokens {
    refresh: Kept<Refresh>,
    access: Option<(Secret, Instant)>,
}

impl X {
    /// Opens the account; nothing is asked of X yet.
    pub fn open(
        via: &str,
        settings: Settings,
        folder: &Path,
        inlet: Inlet,
    ) -> Result<X, OpenError> {
        if settings.user.is_empty() || !settings.user.bytes().all(|b| b.is_ascii_digit()) {
            return Err(OpenError::Setting("user"));
        }
        let fetcher = line::client(Duration::from_secs(20), settings.private_addresses)?;
        let refresh = Kept::open(folder.join("refresh.json"))?;
        let tokens = Tokens {
            refresh,
            access: None,
        };
        Ok(X {
            cursor: Kept::open(folder.join("cursor.json"))?,
            every: Duration::from_secs(settings.every_s.max(1)),
            client: Client {
                via: via.to_owned(),
                settings,
                fetcher,
                inlet,
                tokens: Arc::new(Mutex::new(tokens)),
            },
        })
    }

    /// The route of the webhook, `/hooks/x/VIA`; none without a consumer secret.
    pub fn router(&self) -> Option<Router> {
        self.client.settings.consumer_secret.as_ref()?;
        let path = format!("/hooks/x/{}", self.client.via);
        let router = Router::new()
            .route(&path, get(challenge).post(event))
            .layer(DefaultBodyLimit::max(EVENT_MAX));
        Some(router.with_state(self.client.clone()))
    }

    /// Reads and sends until the outbox is gone.
    pub async fn run(mut self, orders: mpsc::Receiver<Order>) {
        let client = self.client.clone();
        let (via, every) = (client.via.clone(), self.every);
        line::work(&via, every, orders, &mut self, &client).await;
    }
}

impl Reads for X {
    async fn read(&mut self) -> Result<(), Trouble> {
        let new = self
            .client
            .mentions(self.cursor.value.latest.as_deref())
            .await?;
        for (mention, includes) in new.iter().rev() {
            let inward = self.client.mention(mention, includes).await;
            self.client.inlet.hand_in(inward).await?;
            self.cursor.value.latest = mention["id"].as_str().map(str::to_owned);
            self.cursor.save()?;
        }
        Ok(())
    }
}

/// Proves to X that this is the house it knows.
async fn challenge(
    State(client): State<Client>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let Some(token) = query.get("crc_token") else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let answer = json!({ "response_token": client.proof(token.as_bytes()) });
    axum::Json(answer).into_response()
}

async fn event(State(client): State<Client>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let shown = headers.get("x-twitter-webhooks-signature");
    let shown = shown.map_or(&b""[..], |shown| shown.as_bytes());
    if !crate::secret::same(shown, client.proof(&body).as_bytes()) {
        return StatusCode::UNAUTHORIZED;
    }
    let taken = match serde_json::from_slice::<Value>(&body) {
        Ok(event) => client.take(&event).await,
        Err(_) => client.dead(&body).await,
    };
    match taken {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Client {
    fn url(&self, path: &str) -> String {
        let origin = self.settings.api.as_str().trim_end_matches('/');
        format!("{origin}{path}")
    }

    /// HMAC-SHA-256 under the consumer secret, as both sides of the webhook write it.
    fn proof(&self, bytes: &[u8]) -> String {
        let secret = self.settings.consumer_secret.as_ref();
        let secret = secret.map_or("", |secret| secret.expose());
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes());
        let mut mac = mac.expect("HMAC takes a key of any length");
        mac.update(bytes);
        format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// An access token that is still good; the refresh token that comes with a new one is durable
    /// before it is used, because the old one is worth nothing from then on.
    async fn access(&self) -> Result<Secret, Trouble> {
        let mut tokens = self.tokens.lock().await;
        match &tokens.access {
            Some((access, until)) if *until > Instant::now() => return Ok(access.clone()),
            _ => {}
        }
        let first = &self.settings.refresh_token;
        let refresh = tokens.refresh.value.token.as_ref().unwrap_or(first);
        let body = form([
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
            ("client_id", self.settings.client.as_str()),
        ]);
        let url = self.url("/2/oauth2/token");
        let mut request = Request::post(&url, "application/x-www-form-urlencoded", body);
        if let Some(secret) = &self.settings.client_secret {
            let pair = format!("{}:{}", self.settings.client, secret.expose());
            request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        }
        let found = line::found(&self.fetcher.send(request).await?)?;
        let access = found["access_token"].as_str().ok_or(Trouble::Unreadable)?;
        let access = Secret::new(access);
        if let Some(next) = found["refresh_token"].as_str() {
            tokens.refresh.value.token = Some(Secret::new(next));
            tokens.refresh.save()?;
        }
        let good_for = Duration::from_secs(found["expires_in"].as_u64().unwrap_or(7200));
        let until = Instant::now() + good_for.saturating_sub(MARGIN);
        tokens.access = Some((access.clone(), until));
        Ok(access)
    }

    async fn ask(&self, request: Request) -> Result<Result<Answer, Failure>, Trouble> {
        let access = self.access().await?;
        let bearer = format!("Bearer {}", access.expose());
        let answer = self
            .fetcher
            .send(request.header(AUTHORIZATION, bearer))
            .await;
        if answer.as_ref().is_ok_and(|answer| answer.status == 401) {
            self.tokens.lock().await.access = None;
        }
        Ok(answer)
    }

    /// Mentions after the latest that was taken, newest first, each with what its page includes.
    async fn mentions(&self, latest: Option<&str>) -> Result<Vec<(Value, Value)>, Trouble> {
        let since = latest.map_or(String::new(), |latest| format!("&since_id={latest}"));
        let user = &self.settings.user;
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let path = format!("/2/users/{user}/mentions?max_results={PAGE}&{FIELDS}{since}{next}");
            let page = line::found(&self.ask(Request::get(&self.url(&path))).await??)?;
            let list = page["data"].as_array().into_iter().flatten();
            found.extend(list.map(|mention| (mention.clone(), page["includes"].clone())));
            match page["meta"]["next_token"].as_str() {
                // The very first reading takes the newest page, not the whole past.
                Some(token) if latest.is_some() => next = format!("&pagination_token={token}"),
                _ => return Ok(found),
            }
        }
    }

    async fn mention(&self, mention: &Value, includes: &Value) -> Inward {
        let of = |list: &str, key: &str, id: &Value| {
            let list = includes[list].as_array().into_iter().flatten();
            list.into_iter().find(|one| one[key] == *id).cloned()
        };
        let id = text(&mention["id"]);
        let versions = mention["edit_history_tweet_ids"].as_array();
        let original = versions.and_then(|versions| versions.first()?.as_str());
        let key = original.unwrap_or(&id).to_owned();
        let edited = key != id;
        let long = &mention["note_tweet"];
        let (words, entities) = match long["text"].as_str() {
            Some(words) => (words, &long["entities"]),
            None => (
                mention["text"].as_str().unwrap_or_default(),
                &mention["entities"],
            ),
        };
        let keys = mention["attachments"]["media_keys"]
            .as_array()
            .into_iter()
            .flatten();
        let media = keys.filter_map(|key| of("media", "media_key", key));
        let files = media
            .filter_map(|media| named(&media["url"], &media["alt_text"]))
            .collect();
        let author = of("users", "id", &mention["author_id"]).unwrap_or_default();
        let answered = mention["referenced_tweets"]
            .as_array()
            .into_iter()
            .flatten();
        let mut answered = answered.filter(|one| one["type"] == "replied_to");
        let language = mention["lang"].as_str();
        let conversation = text(&mention["conversation_id"]);
        let written = Written {
            key,
            from: text(&mention["author_id"]),
            name: author["name"].as_str().map(str::to_owned),
            thread: Some(conversation).filter(|thread| !thread.is_empty()),
            in_reply_to: answered.next().map(|one| text(&one["id"])),
            words: expanded(words, entities),
            language,
            files,
            public: true,
        };
        let incoming = Box::new(self.incoming(written).await);
        if edited {
            Inward::Edited(incoming)
        } else {
            Inward::Message(incoming)
        }
    }

    async fn incoming(&self, written: Written<'_>) -> Incoming {
        let (attachments, missing) = line::files(&self.fetcher, written.files).await;
        let html = written.language.filter(|tag| !tag.starts_with('q'));
        Incoming {
            channel: Channel::Social,
            via: self.via.clone(),
            key: written.key,
            from: Address {
                kind: AddressKind::Account,
                value: written.from,
                name: written.name,
            },
            to: self.settings.user.clone(),
            thread: written.thread,
            in_reply_to: written.in_reply_to,
            subject: None,
            html: html.map(|tag| plain::shown(&plain::html_of(&written.words), Some(tag))),
            text: line::with_missing(written.words, &missing),
            attachments,
            public: written.public,
            automatic: false,
            standing: crate::letter::Standing::default(),
            damage: (!missing.is_empty()).then_some("attachment-not-fetched"),
        }
    }

    /// Hands in what an event of the webhook brings.
    async fn take(&self, event: &Value) -> Result<(), NotTaken> {
        let own = &self.settings.user;
        let list = |name: &str| event[name].as_array().cloned().unwrap_or_default();
        for post in list("tweet_create_events") {
            let user = text(&post["user"]["id_str"]);
            // The city's own posts and mere repetitions of others.
            if user == *own || post["retweeted_status"].is_object() {
                continue;
            }
            let written = pushed(&post, user);
            let incoming = self.incoming(written).await;
            self.inlet.message(incoming).await?;
        }
        for message in list("direct_message_events") {
            let create = &message["message_create"];
            let sender = text(&create["sender_id"]);
            if sender == *own {
                continue;
            }
            let data = &create["message_data"];
            let written = Written {
                key: format!("dm:{}", text(&message["id"])),
                name: event["users"][&sender]["name"].as_str().map(str::to_owned),
                words: expanded(data["text"].as_str().unwrap_or_default(), &data["entities"]),
                from: sender,
                public: false,
                ..Written::default()
            };
            let incoming = self.incoming(written).await;
            self.inlet.message(incoming).await?;
        }
        for gone in list("tweet_delete_events") {
            let (via, key) = (self.via.clone(), text(&gone["status"]["id"]));
            self.inlet.hand_in(Inward::Deleted { via, key }).await?;
        }
        Ok(())
    }

    async fn dead(&self, body: &[u8]) -> Result<(), NotTaken> {
        let letter = DeadLetter {
            via: self.via.clone(),
            key: plain::digest(&String::from_utf8_lossy(body)),
            reason: "not-json",
            bytes: body.to_vec(),
        };
        self.inlet
            .hand_in(Inward::DeadLetter(letter))
            .await
            .map(drop)
    }

    async fn tell(&self, path: &str, body: &Value) -> Result<Value, Unsent> {
        let body = body.to_string().into_bytes();
        let request = Request::post(&self.url(path), "application/json", body);
        let later = |_| Unsent::Later { after: None };
        line::told(self.ask(request).await.map_err(later)?)
    }

    async fn upload(&self, file: &Attachment) -> Result<String, Unsent> {
        let fields = [("media_category", "tweet_image")];
        let (media_type, body) = line::multipart(&fields, &[("media", file)]);
        let request = Request::post(&self.url("/2/media/upload"), &media_type, body);
        // Nobody sees an upload without its post: whatever breaks, it can be repeated.
        let later = |unsent| match unsent {
            Unsent::Unknown => Unsent::Later { after: None },
            other => other,
        };
        let answer = self
            .ask(request)
            .await
            .map_err(|_| Unsent::Later { after: None })?;
        let uploaded = line::told(answer).map_err(later)?;
        let id = uploaded["data"]["id"]
            .as_str()
            .ok_or(Unsent::Later { after: None })?;
        if !file.description.is_empty() {
            let words = json!({ "alt_text": { "text": file.description } });
            let body = json!({ "id": id, "metadata": words });
            self.tell("/2/media/metadata", &body).await.map_err(later)?;
        }
        Ok(id.to_owned())
    }

    /// To the citizen alone, by direct message.
    async fn direct(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        if !outgoing.attachments.is_empty() {
            return Err(Unsent::Never("no-attachments-in-direct-messages".into()));
        }
        let citizen = &outgoing.to.value;
        if citizen.is_empty() || !citizen.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Unsent::Never("address".into()));
        }
        let path = format!("/2/dm_conversations/with/{citizen}/messages");
        let sent = self.tell(&path, &json!({ "text": outgoing.text })).await?;
        Ok(Submitted {
            reference: format!("dm:{}", text(&sent["data"]["dm_event_id"])),
            receipt: false,
            parts: 1,
        })
    }
}

impl Sends for Client {
    /// Tries to send once. X refuses the same words twice, so a post in doubt does not appear
    /// again; the refusal then says that it perhaps was there.
    async fn send(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        if outgoing.to.kind != AddressKind::Account {
            return Err(Unsent::Never("address-kind".into()));
        }
        if outgoing.attachments.len() > PICTURES {
            return Err(Unsent::Never("too-many-attachments".into()));
        }
        if !outgoing.public {
            return self.direct(outgoing).await;
        }
        let mut media = Vec::new();
        for file in &outgoing.attachments {
            media.push(self.upload(file).await?);
        }
        let parts = plain::parts(&outgoing.text, LIMITS.letters, |text| LIMITS.count(text));
        let mut answered = outgoing.in_reply_to.clone();
        let mut first = None;
        for (index, part) in parts.iter().enumerate() {
            let mut post = json!({ "text": part });
            if let Some(id) = &answered {
                post["reply"] = json!({ "in_reply_to_tweet_id": id });
            }
            if index == 0 && !media.is_empty() {
                post["media"] = json!({ "media_ids": media });
            }
            let posted = match self.tell("/2/tweets", &post).await {
                // The first part is out: nobody can say that nothing was delivered.
                Err(_) if first.is_some() => return Err(Unsent::Unknown),
                Err(Unsent::Never(why)) if outgoing.perhaps_again && why == "http-403" => {
                    return Err(Unsent::Never("perhaps-sent-before".into()));
                }
                posted => posted?,
            };
            let id = posted["data"]["id"]
                .as_str()
                .ok_or(Unsent::Unknown)?
                .to_owned();
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

/// What was written, whichever way it came.
#[derive(Default)]
struct Written<'a> {
    key: String,
    from: String,
    name: Option<String>,
    thread: Option<String>,
    in_reply_to: Option<String>,
    words: String,
    language: Option<&'a str>,
    files: Vec<Named>,
    public: bool,
}

/// A post as the webhook pushes it, in the older shape.
fn pushed(post: &Value, user: String) -> Written<'_> {
    let long = &post["extended_tweet"];
    let (words, entities) = match long["full_text"].as_str() {
        Some(words) => (words, &long["entities"]),
        None => (post["text"].as_str().unwrap_or_default(), &post["entities"]),
    };
    let media = [&long["extended_entities"], &post["extended_entities"]];
    let media = media
        .iter()
        .find_map(|entities| entities["media"].as_array());
    let media = media.into_iter().flatten();
    let answered = post["in_reply_to_status_id_str"]
        .as_str()
        .map(str::to_owned);
    Written {
        key: text(&post["id_str"]),
        from: user,
        name: post["user"]["name"].as_str().map(str::to_owned),
        thread: None,
        in_reply_to: answered,
        words: expanded(words, entities),
        language: post["lang"].as_str(),
        files: media
            .filter_map(|media| named(&media["media_url_https"], &media["ext_alt_text"]))
            .collect(),
        public: true,
    }
}

/// Text with shortened addresses written out and escapes taken out.
fn expanded(words: &str, entities: &Value) -> String {
    let urls = entities["urls"].as_array().into_iter().flatten();
    let words = urls.fold(words.to_owned(), |words, url| {
        match (url["url"].as_str(), url["expanded_url"].as_str()) {
            (Some(short), Some(whole)) if !short.is_empty() => words.replace(short, whole),
            _ => words,
        }
    });
    plain::unescape(&words)
}

fn named(url: &Value, description: &Value) -> Option<Named> {
    let url = url.as_str()?.to_owned();
    Some(Named {
        name: url.rsplit('/').next().unwrap_or_default().to_owned(),
        media_type: "image/jpeg".to_owned(),
        description: text(description),
        url,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
