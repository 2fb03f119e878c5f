//! Texts by a Korean aggregator in the shape of NAVER Cloud SENS v2, outward only: SMS, LMS or MMS
//! by the octets of EUC-KR. Written from its description, not tried against the real service.

use crate::fetch::{self, Fetcher, Request, Rules};
use crate::letter::{AddressKind, Attachment, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use crate::picture::{Darkroom, Limits};
use crate::secret::Secret;
use crate::sms::deliver::now;
use crate::sms::text::{Carrier, Encoding, Joining, plan};
use axum::http::HeaderName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Octets of an SMS at most.
pub const SMS_OCTETS_MAX: usize = 90;

/// Octets of an LMS or MMS at most.
pub const LMS_OCTETS_MAX: usize = 2_000;

/// What a picture may be: pixels across and down, octets.
const PICTURE_MAX: (u32, u32, usize) = (1_500, 1_440, 300 * 1_024);

/// Pictures of a message at most.
const PICTURES_MAX: usize = 3;

/// Settings of a connection. What has no default must be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the connection.
    pub name: String,
    /// The city's number, registered as a sender.
    pub number: String,
    /// Id of the service.
    pub service: String,
    /// Key that names the account.
    pub access_key: String,
    /// Key that signs.
    pub secret_key: Secret,
    /// Address of the interface; government offices have their own.
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
    "https://sens.apigw.ntruss.com".to_owned()
}

fn four() -> usize {
    4
}

/// What the aggregator carries, for the plan that a counselor sees.
pub fn carrier() -> Carrier {
    Carrier {
        encodings: vec![Encoding::EucKr],
        joining: Joining::Payload,
        octets_max: LMS_OCTETS_MAX,
        parts_max: 1,
    }
}

/// A connection to the aggregator; cloned freely.
#[derive(Clone, Debug)]
pub struct Sens {
    settings: Arc<Settings>,
    fetcher: Fetcher,
    darkroom: Darkroom,
}

impl Sens {
    /// A connection. Fails where the machine has no root certificates.
    pub fn new(settings: Settings) -> Result<Sens, fetch::Failure> {
        Ok(Sens {
            fetcher: Fetcher::new(settings.fetch)?,
            settings: Arc::new(settings),
            darkroom: Darkroom::new(Limits::default()),
        })
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

    async fn submit(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        let never = |why: &str| Err(Unsent::Never(why.to_owned()));
        if outgoing.to.kind != AddressKind::Phone {
            return never("not-a-number");
        }
        let planned = plan(&outgoing.text, &carrier());
        if !planned.lost.is_empty() {
            return never("unencodable");
        }
        if planned.too_long {
            return never("too-long");
        }
        if outgoing.attachments.len() > PICTURES_MAX {
            return never("too-many-attachments");
        }
        let mut files = Vec::new();
        for (number, file) in outgoing.attachments.iter().enumerate() {
            files.push(json!({"fileId": self.upload(number, file).await?}));
        }
        let kind = match (files.is_empty(), planned.octets()) {
            (false, _) => "MMS",
            (true, ..=SMS_OCTETS_MAX) => "SMS",
            (true, _) => "LMS",
        };
        let digits: String = outgoing
            .to
            .value
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let abroad = outgoing.to.value.trim_start().starts_with('+');
        let to = digits
            .strip_prefix("82")
            .filter(|_| abroad)
            .map(|own| format!("0{own}"));
        if abroad && to.is_none() {
            return never("foreign-number");
        }
        let mut body = json!({
            "type": kind,
            "contentType": "COMM",
            "countryCode": "82",
            "from": self.settings.number,
            "content": outgoing.text,
            "messages": [{"to": to.unwrap_or(digits)}],
        });
        if let Some(subject) = outgoing.subject.as_deref().filter(|_| kind != "SMS") {
            body["subject"] = json!(subject);
        }
        if !files.is_empty() {
            body["files"] = json!(files);
        }
        let told = self.ask("messages", &body).await?;
        match told["requestId"].as_str() {
            Some(id) => Ok(Submitted {
                reference: id.to_owned(),
                receipt: false,
                parts: 1,
            }),
            None => Err(Unsent::Unknown),
        }
    }

    /// Uploads a picture, made to fit; its id. Nothing has reached the citizen when that fails.
    async fn upload(&self, number: usize, file: &Attachment) -> Result<String, Unsent> {
        let (width, height, most) = PICTURE_MAX;
        let fitted = self
            .darkroom
            .within(file.bytes.clone(), width, height, most)
            .await;
        let fitted = fitted.map_err(|why| Unsent::Never(why.to_string()))?;
        let body = json!({
            "fileName": format!("picture{}.jpg", number + 1),
            "fileBody": BASE64.encode(fitted),
        });
        let told = self
            .ask("files", &body)
            .await
            .map_err(|unsent| match unsent {
                Unsent::Unknown => Unsent::Later { after: None },
                other => other,
            })?;
        let id = told["fileId"].as_str().map(str::to_owned);
        id.ok_or(Unsent::Later { after: None })
    }

    /// Asks the interface, signed.
    async fn ask(&self, what: &str, body: &Value) -> Result<Value, Unsent> {
        let settings = &self.settings;
        let path = format!("/sms/v2/services/{}/{what}", settings.service);
        let url = format!("{}{path}", settings.api.trim_end_matches('/'));
        let at = now().0.to_string();
        let header = HeaderName::from_static;
        let json = "application/json; charset=utf-8";
        let request = Request::post(&url, json, body.to_string().into_bytes())
            .header(header("x-ncp-apigw-timestamp"), at.as_str())
            .header(header("x-ncp-iam-access-key"), settings.access_key.as_str())
            .header(
                header("x-ncp-apigw-signature-v2"),
                self.signature(&path, &at),
            );
        let answer = self
            .fetcher
            .send(request)
            .await
            .map_err(crate::sms::unsent)?;
        match answer.status {
            200..300 => serde_json::from_slice(&answer.body).map_err(|_| Unsent::Unknown),
            // A wrong key or clock, too many at once, a door that is closed: nothing was taken.
            401 | 403 | 429 | 502 | 503 => Err(Unsent::Later {
                after: answer.retry_after(),
            }),
            status @ 400..500 => Err(Unsent::Never(status.to_string())),
            _ => Err(Unsent::Unknown),
        }
    }

    /// HMAC-SHA256 of method, path, time and account.
    fn signature(&self, path: &str, at: &str) -> String {
        let key = self.settings.secret_key.expose().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
        mac.update(format!("POST {path}\n{at}\n{}", self.settings.access_key).as_bytes());
        BASE64.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::Address;
    use axum::Router;
    use axum::body::Bytes;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use center::city::{Channel, ContactId};

    fn outgoing(text: &str) -> Outgoing {
        Outgoing {
            contact: ContactId(7),
            message: 1,
            channel: Channel::Text,
            via: "sens".into(),
            to: Address {
                kind: AddressKind::Phone,
                value: "+82 10-1234-5678".into(),
                name: None,
            },
            thread: None,
            in_reply_to: None,
            subject: Some("답변".into()),
            text: text.into(),
            attachments: Vec::new(),
            public: false,
            automatic: false,
            perhaps_again: false,
        }
    }

    type Asked = mpsc::Receiver<(HeaderMap, Value)>;

    /// A double of the interface that refuses texts with "refuse" and is busy for "busy".
    async fn aggregator() -> (Sens, Asked) {
        let (keep, asked) = mpsc::channel(8);
        let kept = keep.clone();
        let send = move |headers: HeaderMap, body: Bytes| async move {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let status = match body["content"].as_str().unwrap() {
                "refuse" => StatusCode::BAD_REQUEST,
                "busy" => StatusCode::TOO_MANY_REQUESTS,
                "break" => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::ACCEPTED,
            };
            keep.send((headers, body)).await.unwrap();
            (
                status,
                json!({"requestId": "r-1", "statusCode": "202"}).to_string(),
            )
        };
        let file = move |headers: HeaderMap, body: Bytes| async move {
            let body = serde_json::from_slice(&body).unwrap();
            kept.send((headers, body)).await.unwrap();
            json!({"fileId": "f-1"}).to_string()
        };
        let router = Router::new()
            .route("/sms/v2/services/s1/messages", post(send))
            .route("/sms/v2/services/s1/files", post(file));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let text = format!(
            "name = 'sens'\nnumber = '021200120'\nservice = 's1'\naccess_key = 'ak'\n\
             secret_key = 'sk'\napi = '{api}'\nfetch = {{ private = true }}"
        );
        (Sens::new(toml::from_str(&text).unwrap()).unwrap(), asked)
    }

    #[tokio::test]
    async fn octets_of_euc_kr_say_which_kind_it_is() {
        let (sens, mut asked) = aggregator().await;
        let short = "가".repeat(45);
        let long = "가".repeat(46);
        let longest = "가".repeat(1_000);
        for (text, kind) in [(&short, "SMS"), (&long, "LMS"), (&longest, "LMS")] {
            let taken = sens.submit(&outgoing(text)).await.unwrap();
            assert_eq!((taken.reference.as_str(), taken.receipt), ("r-1", false));
            let (headers, body) = asked.recv().await.unwrap();
            assert_eq!(
                (&body["type"], &body["content"]),
                (&json!(kind), &json!(text))
            );
            assert_eq!(body["messages"], json!([{"to": "01012345678"}]));
            assert_eq!(body["subject"].is_null(), kind == "SMS");
            let at = headers["x-ncp-apigw-timestamp"].to_str().unwrap();
            let signed = sens.signature("/sms/v2/services/s1/messages", at);
            assert_eq!(headers["x-ncp-apigw-signature-v2"], signed.as_str());
            assert_eq!(headers["x-ncp-iam-access-key"], "ak");
        }
    }

    #[test]
    fn the_signature_is_as_described() {
        let text = "name = 's'\nnumber = '1'\nservice = 's1'\naccess_key = 'ak'\nsecret_key = 'sk'";
        let sens = Sens::new(toml::from_str(text).unwrap()).unwrap();
        // openssl dgst -sha256 -hmac sk over the three lines.
        let signed = sens.signature("/sms/v2/services/s1/messages", "1700000000000");
        assert_eq!(signed, EXPECTED);
    }

    const EXPECTED: &str = "/+Wfouo8P/kFodOEN/QOQRQkGlX9pvrySqm9iJvypxU=";

    #[tokio::test]
    async fn what_it_cannot_carry_never_leaves_and_refusals_are_told_apart() {
        let (sens, _asked) = aggregator().await;
        let told = |text: &str| {
            let outgoing = outgoing(text);
            let sens = sens.clone();
            async move { sens.submit(&outgoing).await.unwrap_err() }
        };
        assert_eq!(told("좋아요 👍").await, Unsent::Never("unencodable".into()));
        assert_eq!(
            told(&"가".repeat(1_001)).await,
            Unsent::Never("too-long".into())
        );
        assert_eq!(told("refuse").await, Unsent::Never("400".into()));
        assert_eq!(told("busy").await, Unsent::Later { after: None });
        assert_eq!(told("break").await, Unsent::Unknown);
        let mut abroad = outgoing("a");
        abroad.to.value = "+84901234567".into();
        let abroad = sens.submit(&abroad).await;
        assert_eq!(abroad, Err(Unsent::Never("foreign-number".into())));
    }

    #[tokio::test]
    async fn a_picture_is_made_a_jpeg_and_goes_first() {
        let (sens, mut asked) = aggregator().await;
        let mut png = std::io::Cursor::new(Vec::new());
        let picture = image::DynamicImage::new_rgb8(20, 10);
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let mut photo = outgoing("지도입니다");
        photo.attachments.push(Attachment {
            name: "map.png".into(),
            media_type: "image/png".into(),
            bytes: png.into_inner(),
            description: String::new(),
        });
        sens.submit(&photo).await.unwrap();
        let (_, file) = asked.recv().await.unwrap();
        let bytes = BASE64.decode(file["fileBody"].as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8]));
        let (_, body) = asked.recv().await.unwrap();
        assert_eq!(
            (&body["type"], &body["files"]),
            (&json!("MMS"), &json!([{"fileId": "f-1"}]))
        );
        photo.attachments[0].bytes = b"<svg/>".to_vec();
        let refused = sens.submit(&photo).await;
        assert_eq!(refused, Err(Unsent::Never("file-type-unknown".into())));
    }
}
