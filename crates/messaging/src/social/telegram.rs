//! A bot of the city at Telegram: asked by long polling or told by a webhook. Never another bot.

use super::keep::Kept;
use super::line::{self, Named, Reads, Sends, Trouble};
use super::plain::{self, Counting};
use super::{Limits, OpenError};
use crate::fetch::{Answer, Failure, Fetcher, Request};
use crate::inlet::{Inlet, Inward, NotTaken};
use crate::letter::{Address, AddressKind, Attachment, DeadLetter, Incoming, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::Secret;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use center::city::Channel;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

/// Seconds a question waits at Telegram for an answer.
const LONG_POLL_S: u64 = 25;
/// Between two questions: Telegram holds the question itself.
const EVERY: Duration = Duration::from_secs(1);
/// Bytes of an update that is pushed.
const UPDATE_MAX: usize = 1024 * 1024;
/// Pictures of one answer.
const PICTURES: usize = 10;
/// What a bot is told about.
const UPDATES: [&str; 2] = ["message", "edited_message"];

/// How the bot is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The bot's token.
    pub token: Secret,
    /// The interface; Telegram's own when not named, or one's own Bot API server.
    #[serde(default = "api")]
    pub api: Url,
    /// Told by a webhook instead of asking.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// Whether the interface may be on a private address.
    #[serde(default)]
    pub private_addresses: bool,
}

/// How Telegram reaches the center.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where the world reaches this center, `https://120.city.example`.
    pub origin: Url,
    /// What Telegram shows with each update: 1-256 of `A-Z a-z 0-9 _ -`.
    pub secret: Secret,
}

fn api() -> Url {
    Url::parse("https://api.telegram.org").expect("an address")
}

/// What may be sent.
pub const LIMITS: Limits = Limits {
    letters: 4096,
    counting: Counting::Utf16,
    link: None,
    parts: true,
    pictures: PICTURES,
    picture_bytes: 10 * 1024 * 1024,
    // A bot cannot begin to write to somebody of a group.
    can_direct: false,
};

/// The bot.
#[derive(Debug)]
pub struct Telegram {
    client: Client,
    cursor: Kept<Cursor>,
    told: bool,
}

/// Where reading goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The next update.
    next: i64,
}

#[derive(Clone, Debug)]
struct Client {
    via: String,
    settings: Settings,
    fetcher: Fetcher,
    inlet: Inlet,
}

impl Telegram {
    /// Opens the bot; nothing is asked of Telegram yet.
    pub fn open(
        via: &str,
        settings: Settings,
        folder: &Path,
        inlet: Inlet,
    ) -> Result<Telegram, OpenError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some(webhook) = &settings.webhook {
            let secret = webhook.secret.expose();
            if secret.is_empty() || secret.len() > 256 || !secret.chars().all(fits) {
                return Err(OpenError::Setting("webhook.secret"));
            }
        }
        let timeout = Duration::from_secs(LONG_POLL_S + 10);
        let fetcher = line::client(timeout, settings.private_addresses)?;
        Ok(Telegram {
            cursor: Kept::open(folder.join("cursor.json"))?,
            client: Client {
                via: via.to_owned(),
                settings,
                fetcher,
                inlet,
            },
            told: false,
        })
    }

    /// The route of the webhook, `/hooks/telegram/VIA`; none where the bot asks.
    pub fn router(&self) -> Option<Router> {
        self.client.settings.webhook.as_ref()?;
        let router = Router::new()
            .route(&path(&self.client.via), post(hook))
            .layer(DefaultBodyLimit::max(UPDATE_MAX));
        Some(router.with_state(self.client.clone()))
    }

    /// Reads and sends until the outbox is gone.
    pub async fn run(mut self, orders: mpsc::Receiver<Order>) {
        let client = self.client.clone();
        let via = client.via.clone();
        line::work(&via, EVERY, orders, &mut self, &client).await;
    }
}

fn path(via: &str) -> String {
    format!("/hooks/telegram/{via}")
}

impl Reads for Telegram {
    /// Waits for updates once, or tells Telegram where to push them.
    async fn read(&mut self) -> Result<(), Trouble> {
        if let Some(webhook) = self.client.settings.webhook.clone() {
            return self.tell(&webhook).await;
        }
        let question = json!({
            "offset": self.cursor.value.next,
            "timeout": LONG_POLL_S,
            "allowed_updates": UPDATES,
        });
        let found = self.client.ask("getUpdates", &question).await?;
        for update in found.as_array().ok_or(Trouble::Unreadable)? {
            self.client.take(update).await?;
            let id = update["update_id"].as_i64().ok_or(Trouble::Unreadable)?;
            self.cursor.value.next = id + 1;
            self.cursor.save()?;
        }
        Ok(())
    }
}

impl Telegram {
    async fn tell(&mut self, webhook: &Webhook) -> Result<(), Trouble> {
        if self.told {
            return Ok(());
        }
        let origin = webhook.origin.as_str().trim_end_matches('/');
        let question = json!({
            "url": format!("{origin}{}", path(&self.client.via)),
            "secret_token": webhook.secret.expose(),
            "allowed_updates": UPDATES,
        });
        self.client.ask("setWebhook", &question).await?;
        self.told = true;
        Ok(())
    }
}

async fn hook(State(client): State<Client>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let shown = headers.get("x-telegram-bot-api-secret-token");
    let shown = shown.map_or(&b""[..], |shown| shown.as_bytes());
    let webhook = client.settings.webhook.as_ref();
    let secret = webhook.map_or("", |webhook| webhook.secret.expose());
    if secret.is_empty() || !crate::secret::same(shown, secret.as_bytes()) {
        return StatusCode::UNAUTHORIZED;
    }
    let taken = match serde_json::from_slice::<Value>(&body) {
        Ok(update) => client.take(&update).await,
        Err(_) => client.dead(&body).await,
    };
    match taken {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Client {
    fn url(&self, rest: &str) -> String {
        let origin = self.settings.api.as_str().trim_end_matches('/');
        let token = self.settings.token.expose();
        format!("{origin}/{rest}").replacen("TOKEN", token, 1)
    }

    async fn post(&self, method: &str, question: &Value) -> Result<Answer, Failure> {
        let url = self.url(&format!("botTOKEN/{method}"));
        let body = question.to_string().into_bytes();
        self.fetcher
            .send(Request::post(&url, "application/json", body))
            .await
    }

    async fn ask(&self, method: &str, question: &Value) -> Result<Value, Trouble> {
        let answer = self.post(method, question).await?;
        let mut value: Value = match serde_json::from_slice(&answer.body) {
            Ok(value) => value,
            Err(_) if answer.ok() => return Err(Trouble::Unreadable),
            Err(_) => return Err(Trouble::Status(answer.status)),
        };
        if let Some(asked) = value["parameters"]["retry_after"].as_u64() {
            return Err(Trouble::Patience(Duration::from_secs(asked)));
        }
        if value["ok"] != true {
            return Err(Trouble::Status(answer.status));
        }
        Ok(value["result"].take())
    }

    /// Hands in what an update brings.
    async fn take(&self, update: &Value) -> Result<(), NotTaken> {
        let edited = update["edited_message"].is_object();
        let message = if edited {
            &update["edited_message"]
        } else {
            &update["message"]
        };
        let Some(chat) = message["chat"]["id"].as_i64() else {
            return Ok(());
        };
        let incoming = self.incoming(message, chat).await;
        let inward = match (incoming, edited) {
            (None, _) => return Ok(()),
            (Some(incoming), true) => Inward::Edited(Box::new(incoming)),
            (Some(incoming), false) => Inward::Message(Box::new(incoming)),
        };
        self.inlet.hand_in(inward).await.map(drop)
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

    async fn incoming(&self, message: &Value, chat: i64) -> Option<Incoming> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let key = |message: &Value| Some(format!("{chat}:{}", message["message_id"].as_i64()?));
        let words = text(&message["text"]).or_else(|| text(&message["caption"]));
        let words = words.or_else(|| place(&message["location"]));
        let (attachments, missing) = self.files(message).await;
        let nothing = words.is_none() && attachments.is_empty() && missing == 0;
        if nothing && is_notice(message) {
            return None;
        }
        let from = &message["from"];
        let names = [&from["first_name"], &from["last_name"]];
        let names: Vec<&str> = names.iter().filter_map(|name| name.as_str()).collect();
        Some(Incoming {
            channel: Channel::Social,
            via: self.via.clone(),
            key: key(message)?,
            from: Address {
                kind: AddressKind::Account,
                value: chat.to_string(),
                name: (!names.is_empty()).then(|| names.join(" ")),
            },
            to: self.via.clone(),
            thread: None,
            in_reply_to: key(&message["reply_to_message"]),
            subject: None,
            text: words.unwrap_or_default(),
            html: None,
            attachments,
            public: message["chat"]["type"] != "private",
            automatic: from["is_bot"].as_bool().unwrap_or(false),
            standing: crate::letter::Standing::default(),
            damage: match missing {
                0 if nothing => Some("kind-not-supported"),
                0 => None,
                _ => Some("attachment-not-fetched"),
            },
        })
    }

    /// Fetches photo, document, voice or video; how many could not be had.
    async fn files(&self, message: &Value) -> (Vec<Attachment>, usize) {
        // The same photo in several sizes: the last is the largest.
        let photo = message["photo"].as_array().and_then(|sizes| sizes.last());
        let others = ["document", "voice", "video", "audio", "video_note"];
        let others = others
            .iter()
            .map(|kind| &message[*kind])
            .filter(|file| file.is_object());
        let (mut named, mut missing) = (Vec::new(), 0);
        for file in photo.into_iter().chain(others) {
            let id = json!({ "file_id": file["file_id"] });
            let found = self.ask("getFile", &id).await.ok();
            let Some(path) = found.as_ref().and_then(|found| found["file_path"].as_str()) else {
                missing += 1;
                continue;
            };
            let declared = file["mime_type"].as_str().unwrap_or("image/jpeg");
            let last = path.rsplit('/').next().unwrap_or_default();
            named.push(Named {
                url: self.url(&format!("file/botTOKEN/{path}")),
                name: file["file_name"].as_str().unwrap_or(last).to_owned(),
                media_type: declared.to_owned(),
                description: String::new(),
            });
        }
        // The addresses hold the bot's token: they are counted, never shown.
        let (found, gone) = line::files(&self.fetcher, named).await;
        (found, missing + gone.len())
    }

    /// What became of one message of Telegram.
    fn verdict(answer: Result<Answer, Failure>) -> Result<Value, Unsent> {
        let body = |answer: &Answer| serde_json::from_slice::<Value>(&answer.body).ok();
        if let Some(value) = answer.as_ref().ok().and_then(body) {
            let asked = value["parameters"]["retry_after"].as_u64();
            if let Some(asked) = asked {
                let after = Some(Duration::from_secs(asked));
                return Err(Unsent::Later { after });
            }
            if value["ok"] == true {
                return Ok(value["result"].clone());
            }
        }
        line::told(answer).and(Err(Unsent::Unknown))
    }

    async fn picture(&self, chat: &str, file: &Attachment) -> Result<Value, Unsent> {
        let method = if file.media_type.starts_with("image/") {
            "Photo"
        } else {
            "Document"
        };
        let field = method.to_lowercase();
        let fields = [("chat_id", chat), ("caption", file.description.as_str())];
        let (media_type, body) = line::multipart(&fields, &[(&field, file)]);
        let url = self.url(&format!("botTOKEN/send{method}"));
        Client::verdict(
            self.fetcher
                .send(Request::post(&url, &media_type, body))
                .await,
        )
    }
}

impl Sends for Client {
    /// Tries to send once. Telegram knows no repeated message as such: once a part was taken, a
    /// failure of the next leaves the whole in doubt.
    async fn send(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        if outgoing.to.kind != AddressKind::Account {
            return Err(Unsent::Never("address-kind".into()));
        }
        if outgoing.attachments.len() > PICTURES {
            return Err(Unsent::Never("too-many-attachments".into()));
        }
        let chat = &outgoing.to.value;
        // Groups have negative numbers: everybody in them reads what is sent there.
        if !outgoing.public && !outgoing.automatic && chat.starts_with('-') {
            return Err(Unsent::Never("no-private-messages".into()));
        }
        let answered = outgoing
            .in_reply_to
            .as_deref()
            .and_then(|key| key.split_once(':'));
        let answered = answered.and_then(|(_, id)| id.parse::<i64>().ok());
        let count = |text: &str| LIMITS.count(text);
        let parts = plain::parts(&outgoing.text, LIMITS.letters, count);
        let mut first = None;
        let in_doubt = |first: &Option<i64>, unsent| match first {
            Some(_) => Unsent::Unknown,
            None => unsent,
        };
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let mut message = json!({ "chat_id": chat, "text": part });
            if let Some(id) = answered.filter(|_| first.is_none()) {
                message["reply_parameters"] =
                    json!({ "message_id": id, "allow_sending_without_reply": true });
            }
            let sent = Client::verdict(self.post("sendMessage", &message).await);
            let sent = sent.map_err(|unsent| in_doubt(&first, unsent))?;
            first = first.or(sent["message_id"].as_i64());
        }
        for file in &outgoing.attachments {
            let sent = self.picture(chat, file).await;
            let sent = sent.map_err(|unsent| in_doubt(&first, unsent))?;
            first = first.or(sent["message_id"].as_i64());
        }
        let first = first.ok_or_else(|| Unsent::Never("empty".into()))?;
        Ok(Submitted {
            reference: format!("{chat}:{first}"),
            receipt: false,
            parts: (parts.len() + outgoing.attachments.len()) as u32,
        })
    }
}

/// A place as text that a map understands (RFC 5870).
fn place(location: &Value) -> Option<String> {
    let (latitude, longitude) = (
        location["latitude"].as_f64()?,
        location["longitude"].as_f64()?,
    );
    Some(format!("geo:{latitude},{longitude}"))
}

/// A notice of Telegram itself: somebody joined, a title changed.
fn is_notice(message: &Value) -> bool {
    const NOTICES: [&str; 7] = [
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "group_chat_created",
        "pinned_message",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
    ];
    NOTICES.iter().any(|notice| !message[*notice].is_null())
}
