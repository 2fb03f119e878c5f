//! MMS by MM7 (3GPP TS 23.140): SOAP with attachments over HTTP, both ways. Requires of a citizen's
//! message nothing but its content. Never looks into a picture.

pub(crate) mod soap;

use crate::digest::hex;
use crate::fetch::{self, Fetcher, Request, Rules};
use crate::inlet::{Inlet, Inward};
use crate::letter::{
    Address, AddressKind, Attachment, DeadLetter, Fortune, Incoming, Outgoing, Receipt,
};
use crate::outlet::{Order, Submitted, Unsent};
use crate::secret::{Secret, same};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use center::city::Channel;
use mail_parser::{MessageParser, MessagePart, MimeHeaders as _, PartType};
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use soap::Document;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Octets of a request at most.
const BODY_MAX: usize = 15 * 1024 * 1024;

/// Parts of a message at most.
const PARTS_MAX: usize = 100;

/// Namespace that is spoken to an MMSC which named none.
const NAMESPACE: &str =
    "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4";

/// Version of MM7 that is spoken.
const VERSION: &str = "6.8.0";

/// Settings of a connection. What has no default must be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the connection.
    pub name: String,
    /// The city's number.
    pub number: String,
    /// Account that the MMSC shows to the city; none is asked for when empty.
    #[serde(default)]
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: Secret,
    /// Address of the MMSC for what leaves; nothing leaves when empty.
    #[serde(default)]
    pub address: String,
    /// Account that the city shows to the MMSC; none when empty.
    #[serde(default)]
    pub own_user: String,
    /// Its password.
    #[serde(default)]
    pub own_password: Secret,
    /// Id of the city at the operator.
    #[serde(default)]
    pub vasp_id: String,
    /// Id of its service at the operator.
    #[serde(default)]
    pub vas_id: String,
    /// Code by which the operator charges.
    #[serde(default)]
    pub service_code: String,
    /// Whether receipts are asked for.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Messages that are sent at the same time.
    #[serde(default = "four")]
    pub at_once: usize,
    /// What the client may do.
    #[serde(default)]
    pub fetch: Rules,
}

fn yes() -> bool {
    true
}

fn four() -> usize {
    4
}

/// A connection to an MMSC; cloned freely.
#[derive(Clone, Debug)]
pub struct Mm7 {
    settings: Arc<Settings>,
    inlet: Inlet,
    fetcher: Fetcher,
}

impl Mm7 {
    /// A connection. Fails where the machine has no root certificates.
    pub fn new(settings: Settings, inlet: Inlet) -> Result<Mm7, fetch::Failure> {
        let fetcher = Fetcher::new(settings.fetch)?;
        let settings = Arc::new(settings);
        Ok(Mm7 {
            settings,
            inlet,
            fetcher,
        })
    }

    /// Where the MMSC delivers: `POST` to the root, to be nested under the connection's own path.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", post(deliver))
            .layer(DefaultBodyLimit::max(BODY_MAX))
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

    fn allowed(&self, headers: &HeaderMap) -> bool {
        let settings = &self.settings;
        if settings.user.is_empty() {
            return true;
        }
        let shown = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Basic "));
        let shown = shown.and_then(|value| BASE64.decode(value.trim()).ok());
        let own = format!("{}:{}", settings.user, settings.password.expose());
        shown.is_some_and(|shown| same(&shown, own.as_bytes()))
    }

    /// Takes a request; what came of it.
    async fn take(&self, media_type: &str, body: &[u8]) -> Reply {
        let Some(envelope) = Envelope::open(media_type, body) else {
            return self.dead(body, "mime", &Document::default()).await;
        };
        let Ok(document) = Document::read(&envelope.soap) else {
            return self.dead(body, "soap", &Document::default()).await;
        };
        let (inward, kind) = if document.has("DeliveryReportReq") {
            match self.receipt(&document) {
                Some(receipt) => (Inward::Receipt(receipt), "DeliveryReport"),
                None => return Reply::said("DeliveryReport", SUCCESS, &document),
            }
        } else if document.has("ReadReplyReq") {
            return Reply::said("ReadReply", SUCCESS, &document);
        } else if document.has("DeliverReq") {
            let incoming = self.incoming(&document, envelope.files, envelope.text);
            (Inward::Message(Box::new(incoming)), "Deliver")
        } else {
            return self.dead(body, "unknown-request", &document).await;
        };
        match self.inlet.hand_in(inward).await {
            Ok(_) => Reply::said(kind, SUCCESS, &document),
            Err(_) => Reply::Later,
        }
    }

    async fn dead(&self, body: &[u8], reason: &'static str, document: &Document) -> Reply {
        let letter = DeadLetter {
            via: self.settings.name.clone(),
            key: hex(&Sha256::digest(body)),
            reason,
            bytes: body.to_vec(),
        };
        match self.inlet.hand_in(Inward::DeadLetter(letter)).await {
            Ok(_) => Reply::said("Deliver", CORRUPT, document),
            Err(_) => Reply::Later,
        }
    }

    fn receipt(&self, document: &Document) -> Option<Receipt> {
        let state = document.text("MMStatus").unwrap_or("");
        let fortune = match state.to_ascii_lowercase().as_str() {
            "retrieved" => Fortune::Delivered,
            "expired" => Fortune::Expired,
            "rejected" | "unrecognised" | "unrecognized" => Fortune::Failed,
            _ => return None,
        };
        Some(Receipt {
            via: self.settings.name.clone(),
            reference: document.text("MessageID")?.to_owned(),
            fortune,
            code: state.chars().take(40).collect(),
        })
    }

    fn incoming(&self, document: &Document, files: Vec<Attachment>, text: Text) -> Incoming {
        let from = number(document.within("Sender").unwrap_or(""));
        let to = number(document.within("Recipients").unwrap_or(""));
        let subject = document.text("Subject").map(str::to_owned);
        let mut digest = Sha256::new();
        let stamp = document.text("TimeStamp").or(document.text("LinkedID"));
        // A message sent again has its old time; without one only the transaction tells.
        let stamp = stamp.or(document.text("TransactionID")).unwrap_or("");
        let fields = [
            &from,
            &to,
            stamp,
            subject.as_deref().unwrap_or(""),
            &text.plain,
        ];
        let fields = fields.iter().map(|field| field.as_bytes());
        for field in fields.chain(files.iter().map(|file| file.bytes.as_slice())) {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field);
        }
        Incoming {
            channel: Channel::Text,
            via: self.settings.name.clone(),
            key: hex(&digest.finalize()),
            from: Address {
                kind: AddressKind::Phone,
                value: from,
                name: None,
            },
            to: if to.is_empty() {
                self.settings.number.clone()
            } else {
                to
            },
            thread: None,
            in_reply_to: None,
            subject,
            text: text.plain,
            html: None,
            attachments: files,
            public: false,
            automatic: false,
            standing: crate::letter::Standing::default(),
            damage: text.damaged.then_some("undecodable-letter"),
        }
    }

    async fn submit(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        let settings = &self.settings;
        if settings.address.is_empty() {
            return Err(Unsent::Never("no-address".to_owned()));
        }
        if outgoing.to.kind != AddressKind::Phone {
            return Err(Unsent::Never("not-a-number".to_owned()));
        }
        let (media_type, body) = self.request(outgoing);
        let mut request = Request::post(&settings.address, &media_type, body);
        let action = HeaderName::from_static("soapaction");
        request = request.header(action, "\"\"");
        if !settings.own_user.is_empty() {
            let account = format!("{}:{}", settings.own_user, settings.own_password.expose());
            let shown = format!("Basic {}", BASE64.encode(account));
            request = request.header(AUTHORIZATION, shown);
        }
        let answer = self
            .fetcher
            .send(request)
            .await
            .map_err(crate::sms::unsent)?;
        let after = answer.retry_after();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let media_type = answer.field(&CONTENT_TYPE).to_owned();
        let soap = Envelope::open(&media_type, &answer.body).map_or(text, |found| found.soap);
        let Ok(document) = Document::read(&soap) else {
            return Err(match answer.status {
                // Its proxy or its door, not the MMSC: nothing was taken.
                401 | 403 | 404 | 429 | 502 | 503 => Unsent::Later { after },
                _ => Unsent::Unknown,
            });
        };
        match document
            .text("StatusCode")
            .and_then(|code| code.parse::<u32>().ok())
        {
            Some(1_000..2_000) => Ok(Submitted {
                reference: document.text("MessageID").unwrap_or_default().to_owned(),
                receipt: settings.receipts && document.has("MessageID"),
                parts: 1,
            }),
            Some(code @ 2_000..3_000) => Err(Unsent::Never(code.to_string())),
            Some(_) => Err(Unsent::Later { after }),
            None => Err(Unsent::Unknown),
        }
    }

    /// A `SubmitReq`: its media type and body.
    fn request(&self, outgoing: &Outgoing) -> (String, Vec<u8>) {
        let settings = &self.settings;
        let element = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("<mm7:{name}>{}</mm7:{name}>", escape(text)),
        };
        let id = format!("{}-{}", outgoing.contact, outgoing.message);
        let soap = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <env:Header><mm7:TransactionID xmlns:mm7=\"{NAMESPACE}\" env:mustUnderstand=\"1\">\
             {id}</mm7:TransactionID></env:Header><env:Body>\
             <mm7:SubmitReq xmlns:mm7=\"{NAMESPACE}\"><mm7:MM7Version>{VERSION}</mm7:MM7Version>\
             <mm7:SenderIdentification>{}{}<mm7:SenderAddress><mm7:ShortCode>{}</mm7:ShortCode>\
             </mm7:SenderAddress></mm7:SenderIdentification><mm7:Recipients><mm7:To>{}</mm7:To>\
             </mm7:Recipients>{}<mm7:DeliveryReport>{}</mm7:DeliveryReport>{}\
             <mm7:Content href=\"cid:content\"/></mm7:SubmitReq></env:Body></env:Envelope>",
            element("VASPID", &settings.vasp_id),
            element("VASID", &settings.vas_id),
            escape(&settings.number),
            element("Number", &outgoing.to.value),
            element("ServiceCode", &settings.service_code),
            settings.receipts,
            element("Subject", outgoing.subject.as_deref().unwrap_or("")),
        );
        let (outer, inner) = (format!("dasan-{id}-outer"), format!("dasan-{id}-inner"));
        let mut body = Vec::new();
        let mut line = |text: &str| {
            body.extend_from_slice(text.as_bytes());
            body.extend_from_slice(b"\r\n");
        };
        line(&format!("--{outer}"));
        line("Content-Type: text/xml; charset=utf-8");
        line("Content-ID: <soap>");
        line("");
        line(&soap);
        line(&format!("--{outer}"));
        line(&format!(
            "Content-Type: multipart/mixed; boundary=\"{inner}\""
        ));
        line("Content-ID: <content>");
        line("");
        if !outgoing.text.is_empty() {
            line(&format!("--{inner}"));
            line("Content-Type: text/plain; charset=utf-8");
            line("Content-ID: <text>");
            line("Content-Transfer-Encoding: base64");
            line("");
            line(&folded(outgoing.text.as_bytes()));
        }
        for (number, file) in outgoing.attachments.iter().enumerate() {
            line(&format!("--{inner}"));
            line(&format!("Content-Type: {}", plain(&file.media_type)));
            line(&format!("Content-ID: <file{number}>"));
            line(&format!("Content-Location: {}", plain(&file.name)));
            line("Content-Transfer-Encoding: base64");
            line("");
            line(&folded(&file.bytes));
        }
        line(&format!("--{inner}--"));
        line(&format!("--{outer}--"));
        let media_type =
            format!("multipart/related; type=\"text/xml\"; start=\"<soap>\"; boundary=\"{outer}\"");
        (media_type, body)
    }
}

/// Base64 in lines of 76 letters.
fn folded(bytes: &[u8]) -> String {
    let all = BASE64.encode(bytes);
    let lines = all.as_bytes().chunks(76).map(String::from_utf8_lossy);
    lines.collect::<Vec<_>>().join("\r\n")
}

/// A value that cannot end its header line.
fn plain(value: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "-_./+".contains(*letter);
    value.chars().filter(plain).take(80).collect()
}

/// A number without its type and blanks.
fn number(text: &str) -> String {
    let bare = text.split("/TYPE=").next().unwrap_or("").trim();
    bare.chars()
        .filter(|letter| !letter.is_whitespace())
        .collect()
}

/// What goes back to the MMSC.
enum Reply {
    /// A response of this kind, code and word, in the namespace that was spoken.
    Said(String),
    /// Not now.
    Later,
}

type Word = (u32, &'static str);

const SUCCESS: Word = (1_000, "Success");
const CORRUPT: Word = (2_007, "Message format corrupt");

impl Reply {
    fn said(kind: &str, (code, word): Word, document: &Document) -> Reply {
        let namespace = document.namespace.as_deref().unwrap_or(NAMESPACE);
        let version = document.text("MM7Version").unwrap_or(VERSION);
        let id = document.text("TransactionID").unwrap_or("");
        let [namespace, version, id] = [namespace, version, id].map(escape);
        Reply::Said(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <env:Header><mm7:TransactionID xmlns:mm7=\"{namespace}\" env:mustUnderstand=\"1\">\
             {id}</mm7:TransactionID></env:Header><env:Body>\
             <mm7:{kind}Rsp xmlns:mm7=\"{namespace}\"><mm7:MM7Version>{version}</mm7:MM7Version>\
             <mm7:Status><mm7:StatusCode>{code}</mm7:StatusCode>\
             <mm7:StatusText>{word}</mm7:StatusText></mm7:Status></mm7:{kind}Rsp>\
             </env:Body></env:Envelope>"
        ))
    }
}

async fn deliver(State(mm7): State<Mm7>, headers: HeaderMap, body: Bytes) -> Response {
    if !mm7.allowed(&headers) {
        let asked = [(WWW_AUTHENTICATE, "Basic realm=\"MM7\"")];
        return (StatusCode::UNAUTHORIZED, asked).into_response();
    }
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match mm7.take(media_type.unwrap_or("text/xml"), &body).await {
        Reply::Said(soap) => ([(CONTENT_TYPE, "text/xml; charset=utf-8")], soap).into_response(),
        Reply::Later => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")]).into_response(),
    }
}

/// Text of a message.
#[derive(Default)]
struct Text {
    plain: String,
    damaged: bool,
}

/// A request taken apart: its SOAP, its text and its files.
struct Envelope {
    soap: String,
    text: Text,
    files: Vec<Attachment>,
}

impl Envelope {
    fn open(media_type: &str, body: &[u8]) -> Option<Envelope> {
        let head = format!(
            "MIME-Version: 1.0\r\nContent-Type: {}\r\n\r\n",
            media_type.trim()
        );
        let raw = [head.as_bytes(), body].concat();
        let message = MessageParser::default().parse(&raw)?;
        let leaves = message
            .parts
            .iter()
            .filter(|part| !matches!(part.body, PartType::Multipart(_)));
        let mut envelope = Envelope {
            soap: String::new(),
            text: Text::default(),
            files: Vec::new(),
        };
        for (index, part) in leaves.enumerate() {
            if index >= PARTS_MAX {
                return None;
            }
            envelope.add(part);
        }
        (!envelope.soap.is_empty()).then_some(envelope)
    }

    fn add(&mut self, part: &MessagePart<'_>) {
        let media_type = part.content_type().map_or_else(String::new, |found| {
            let sub = found.subtype().unwrap_or("");
            format!("{}/{sub}", found.ctype()).to_ascii_lowercase()
        });
        match media_type.as_str() {
            "text/xml" | "application/xml" | "application/soap+xml" if self.soap.is_empty() => {
                part.text_contents()
                    .unwrap_or("")
                    .clone_into(&mut self.soap);
            }
            // The order of slides, which no counselor needs.
            "application/smil" | "application/smil+xml" => {}
            "text/plain" => {
                self.text.damaged |= part.is_encoding_problem;
                if !self.text.plain.is_empty() {
                    self.text.plain.push('\n');
                }
                self.text
                    .plain
                    .push_str(part.text_contents().unwrap_or("").trim_end());
            }
            _ => self.files.push(Attachment {
                name: file_name(part),
                media_type,
                bytes: part.contents().to_vec(),
                description: String::new(),
            }),
        }
    }
}

/// Reads a request: whatever is taken is answered with a document.
#[cfg(any(test, feature = "trials"))]
pub(crate) fn try_reading(media_type: &str, body: &[u8]) {
    let Some(envelope) = Envelope::open(media_type, body) else {
        return;
    };
    assert!(envelope.files.len() <= PARTS_MAX);
    let Ok(document) = Document::read(&envelope.soap) else {
        return;
    };
    let sender = number(document.within("Sender").unwrap_or(""));
    assert!(!sender.contains(char::is_whitespace));
    if let Reply::Said(said) = Reply::said("Deliver", SUCCESS, &document) {
        let again = Document::read(&said).map(|read| read.text("StatusCode") == Some("1000"));
        assert_eq!(again, Ok(true), "{said}");
    }
}

fn file_name(part: &MessagePart<'_>) -> String {
    let named = part.attachment_name().or(part.content_location());
    let id = || part.content_id().map(|id| id.trim_matches(['<', '>']));
    named.or_else(id).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests;
