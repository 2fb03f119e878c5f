//! Texts by a web hook in the shape of Twilio, which other providers share: signed forms in, a form
//! by REST out. Believes nothing that is not signed.

use crate::fetch::{self, Fetcher, Request, Rules, form};
use crate::inlet::{Inlet, Inward};
use crate::letter::{Address, AddressKind, Attachment, Fortune, Incoming, Outgoing, Receipt};
use crate::links::Links;
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::{Secret, same};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use center::city::Channel;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Octets of a form at most.
const FORM_MAX: usize = 256 * 1024;

/// Files of a message at most.
const FILES_MAX: usize = 10;

/// Settings of a connection. What has no default must be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the connection.
    pub name: String,
    /// The city's number.
    pub number: String,
    /// Account.
    pub account: String,
    /// Token that signs what comes and opens what is fetched.
    pub token: Secret,
    /// Address under which the provider reaches the hook, as it was entered there: behind a
    /// reverse proxy it differs from what the house sees, and it is what is signed.
    pub public_url: String,
    /// Address of the provider's interface.
    #[serde(default = "api")]
    pub api: String,
    /// Messages that are sent at the same time.
    #[serde(default = "four")]
    pub at_once: usize,
    /// What the client may do.
    #[serde(default)]
    pub fetch: Rules,
}

fn api() -> String {
    "https://api.twilio.com".to_owned()
}

fn four() -> usize {
    4
}

/// A connection to a provider; cloned freely.
#[derive(Clone, Debug)]
pub struct Twilio {
    settings: Arc<Settings>,
    inlet: Inlet,
    fetcher: Fetcher,
    links: Option<Links>,
}

type Fields = Vec<(String, String)>;

impl Twilio {
    /// A connection. Fails where the machine has no root certificates.
    pub fn new(settings: Settings, inlet: Inlet) -> Result<Twilio, fetch::Failure> {
        let fetcher = Fetcher::new(settings.fetch)?;
        let settings = Arc::new(settings);
        Ok(Twilio {
            settings,
            inlet,
            fetcher,
            links: None,
        })
    }

    /// With addresses from which the provider fetches files.
    #[must_use]
    pub fn linked(self, links: Option<Links>) -> Twilio {
        Twilio { links, ..self }
    }

    /// The hooks: `POST` to the root for messages and to `/status` for receipts, to be nested
    /// where the public address leads.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", post(came))
            .route("/status", post(told))
            .layer(DefaultBodyLimit::max(FORM_MAX))
            .with_state(self.clone())
    }

    /// Sends what is ordered until the outbox's end is gone.
    pub async fn run(self, orders: mpsc::Receiver<Order>) {
        let at_once = self.settings.at_once;
        crate::sms::each(orders, at_once, move |outgoing| {
            let own = self.clone();
            async move { own.submit(&outgoing).await }
        })
        .await;
    }

    /// The fields of a form that the provider signed.
    fn signed(
        &self,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Fields> {
        let fields = fields_of(body);
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let url = format!("{}{path}{query}", self.settings.public_url);
        let shown = headers.get("x-twilio-signature")?.to_str().ok()?;
        let shown = BASE64.decode(shown).ok()?;
        same(&shown, &signature(&self.settings.token, &url, &fields)).then_some(fields)
    }

    async fn incoming(&self, fields: &Fields) -> Option<Incoming> {
        let files = self.files(fields).await;
        message(&self.settings, fields, files)
    }

    /// The files that a message names, each fetched once more when it fails; whether all came.
    async fn files(&self, fields: &Fields) -> (Vec<Attachment>, bool) {
        let told = field(fields, "NumMedia").and_then(|number| number.parse().ok());
        let told: usize = told.unwrap_or(0);
        let mut fetching = JoinSet::new();
        for number in 0..told.min(FILES_MAX) {
            let url = field(fields, &format!("MediaUrl{number}"))
                .unwrap_or("")
                .to_owned();
            let kind = field(fields, &format!("MediaContentType{number}")).unwrap_or("");
            let (own, kind) = (self.clone(), kind.to_owned());
            fetching.spawn(async move { (number, own.file(&url, kind).await) });
        }
        let mut files = fetching.join_all().await;
        files.sort_by_key(|(number, _)| *number);
        let files: Vec<Attachment> = files.into_iter().filter_map(|(_, file)| file).collect();
        let whole = files.len() == told;
        (files, whole)
    }

    async fn file(&self, url: &str, media_type: String) -> Option<Attachment> {
        for _ in 0..2 {
            let request = Request::get(url).header(AUTHORIZATION, self.account());
            match self.fetcher.send(request).await {
                Ok(answer) if answer.ok() => {
                    let path = answer.url.split(['?', '#']).next().unwrap_or("");
                    return Some(Attachment {
                        name: path.rsplit('/').next().unwrap_or("").to_owned(),
                        media_type,
                        bytes: answer.body,
                        description: String::new(),
                    });
                }
                Err(fetch::Failure::Forbidden | fetch::Failure::TooLong) => return None,
                Ok(_) | Err(_) => {}
            }
        }
        None
    }

    fn account(&self) -> String {
        let account = format!("{}:{}", self.settings.account, self.settings.token.expose());
        format!("Basic {}", BASE64.encode(account))
    }

    async fn submit(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        let never = |why: &str| Err(Unsent::Never(why.to_owned()));
        if outgoing.to.kind != AddressKind::Phone {
            return never("not-a-number");
        }
        let links = self.links.as_ref();
        let media = links.map_or_else(Vec::new, |links| links.addresses(outgoing));
        if media.len() < outgoing.attachments.len() || media.len() > FILES_MAX {
            return never("attachments");
        }
        let settings = &self.settings;
        let status = format!("{}/status", settings.public_url);
        let fields = [
            ("From", settings.number.as_str()),
            ("To", outgoing.to.value.as_str()),
            ("Body", outgoing.text.as_str()),
            ("StatusCallback", status.as_str()),
        ];
        let media = media.iter().map(|address| ("MediaUrl", address.as_str()));
        let fields = fields.into_iter().chain(media);
        let api = settings.api.trim_end_matches('/');
        let url = format!(
            "{api}/2010-04-01/Accounts/{}/Messages.json",
            settings.account
        );
        let request = Request::post(&url, "application/x-www-form-urlencoded", form(fields))
            .header(AUTHORIZATION, self.account());
        let answer = self
            .fetcher
            .send(request)
            .await
            .map_err(crate::sms::unsent)?;
        let told: Told = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.status {
            200..300 if !told.sid.is_empty() => Ok(Submitted {
                reference: told.sid,
                receipt: true,
                parts: told.num_segments.parse().unwrap_or(1),
            }),
            401 | 403 | 429 | 502 | 503 => Err(Unsent::Later {
                after: answer.retry_after(),
            }),
            status @ 400..500 => {
                let code = told.code.unwrap_or(u32::from(status));
                Err(Unsent::Never(code.to_string()))
            }
            _ => Err(Unsent::Unknown),
        }
    }
}

/// The message of a form, with its files and whether all of them came.
fn message(
    settings: &Settings,
    fields: &Fields,
    (attachments, whole): (Vec<Attachment>, bool),
) -> Option<Incoming> {
    let id = field(fields, "MessageSid").or(field(fields, "SmsSid"))?;
    Some(Incoming {
        channel: Channel::Text,
        via: settings.name.clone(),
        key: id.to_owned(),
        from: Address {
            kind: AddressKind::Phone,
            value: field(fields, "From")?.to_owned(),
            name: None,
        },
        to: field(fields, "To").unwrap_or(&settings.number).to_owned(),
        thread: None,
        in_reply_to: None,
        subject: None,
        text: field(fields, "Body").unwrap_or("").to_owned(),
        html: None,
        attachments,
        public: false,
        automatic: false,
        standing: crate::letter::Standing::default(),
        damage: (!whole).then_some("picture-not-fetched"),
    })
}

/// Reads a form: it is signed whole, whatever the order of its fields.
#[cfg(any(test, feature = "trials"))]
pub(crate) fn try_reading(body: &[u8]) {
    let fields = fields_of(body);
    let settings = Settings {
        name: "trial".to_owned(),
        number: "120".to_owned(),
        account: String::new(),
        token: Secret::new("token"),
        public_url: "https://120.example/texts".to_owned(),
        api: api(),
        at_once: four(),
        fetch: Rules::default(),
    };
    let url = &settings.public_url;
    let own = signature(&settings.token, url, &fields);
    let mut turned = fields.clone();
    turned.reverse();
    assert_eq!(own, signature(&settings.token, url, &turned));
    let message = message(&settings, &fields, (Vec::new(), true));
    assert_eq!(message.is_some(), {
        let has = |name| field(&fields, name).is_some();
        (has("MessageSid") || has("SmsSid")) && has("From")
    });
}

fn fields_of(body: &[u8]) -> Fields {
    form_urlencoded::parse(body).into_owned().collect()
}

/// What the provider says of a message it was given.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    sid: String,
    num_segments: String,
    code: Option<u32>,
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

/// HMAC-SHA1 of the address and of every name and value in their order.
fn signature(token: &Secret, url: &str, fields: &Fields) -> Vec<u8> {
    let mut signed = url.to_owned();
    for (name, value) in fields.iter().collect::<BTreeSet<_>>() {
        let _ = write!(signed, "{name}{value}");
    }
    let key = token.expose().as_bytes();
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any length is a key");
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

async fn came(
    State(twilio): State<Twilio>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(fields) = twilio.signed("", query.as_deref(), &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let Some(incoming) = twilio.incoming(&fields).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let message = Inward::Message(Box::new(incoming));
    match twilio.inlet.hand_in(message).await {
        Ok(_) => ([(CONTENT_TYPE, "text/xml")], "<Response/>").into_response(),
        Err(_) => later(),
    }
}

async fn told(
    State(twilio): State<Twilio>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(fields) = twilio.signed("/status", query.as_deref(), &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let status = field(&fields, "MessageStatus").or(field(&fields, "SmsStatus"));
    let fortune = match status.unwrap_or("") {
        "delivered" | "read" => Fortune::Delivered,
        "undelivered" | "failed" | "canceled" => Fortune::Failed,
        // On its way.
        _ => return StatusCode::NO_CONTENT.into_response(),
    };
    let sid = field(&fields, "MessageSid").or(field(&fields, "SmsSid"));
    let Some(reference) = sid.map(str::to_owned) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let code = field(&fields, "ErrorCode").unwrap_or("");
    let receipt = Receipt {
        via: twilio.settings.name.clone(),
        reference,
        fortune,
        code: code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(40)
            .collect(),
    };
    match twilio.inlet.hand_in(Inward::Receipt(receipt)).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => later(),
    }
}

fn later() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")]).into_response()
}
