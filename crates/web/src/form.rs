//! The page on which a citizen writes to the city once, without a chat: a form, what is wrong with
//! it, and the contact's number. Works without a script. Never judges a text, never keeps one.

use crate::answers::question;
use crate::attach;
use crate::citizen::Carried;
use crate::citizen_texts::{self, Citizen, LANGUAGES, OWN_NAMES};
use crate::form_texts::{self, Words};
use crate::session::{hex, keyed, random_hex, unhex};
use crate::site::{Site, address, language, page};
use crate::texts::fill;
use crate::writing::{Form, FormFault, FormFile, FormRefused};
use askama::Template;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{ContactId, name_in};
use center::time::HOUR_MS;
use hmac::Mac;
use serde::Deserialize;

/// Pictures of one form, and their bytes together.
const FILES_MAX: usize = 3;
const FILES_BYTES_MAX: usize = 2 * attach::FILE_MAX;
/// Bytes of a posted form: its pictures, and the text with its frame.
pub(crate) const BODY_MAX: usize = FILES_BYTES_MAX + 512 * 1024;
/// Letters of a text, as the page counts them; whoever takes the form counts again.
const LETTERS_MAX: usize = 2_000;

/// What is wrong, at its field.
struct Fault {
    /// Id of the field.
    field: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    w: &'static Words,
    c: &'static Citizen,
    files: &'static str,
    city: String,
    number: String,
    languages: Vec<(&'static str, &'static str)>,
    lead: String,
    /// Whether mail can be sent, so that a mail address helps.
    mails: bool,
    letters: String,
    seal: String,
    name: String,
    address: String,
    subject: String,
    text: String,
    faults: Vec<Fault>,
    /// Pictures came with a form that was not taken: they must be chosen again.
    choose_again: bool,
    data: String,
}

impl FormPage {
    /// What is wrong at a field, empty when nothing is.
    fn fault(&self, field: &str) -> &str {
        let found = self.faults.iter().find(|fault| fault.field == field);
        found.map_or("", |fault| fault.text.as_str())
    }
}

#[derive(Template)]
#[template(path = "form_done.html")]
struct DonePage {
    w: &'static Words,
    c: &'static Citizen,
    files: &'static str,
    city: String,
    number: String,
    contact: String,
    next: String,
}

/// Name and age of a form, signed: a robot cannot make them, and a form sent twice is one message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seal {
    key: String,
    shown_at_ms: u64,
}

impl Seal {
    fn new(now_ms: u64) -> Seal {
        Seal {
            key: random_hex(16),
            shown_at_ms: now_ms,
        }
    }

    fn sign(&self, secret: &[u8]) -> String {
        let payload = format!("{}.{}", self.key, self.shown_at_ms);
        let mac = keyed(secret, "form", &payload).finalize().into_bytes();
        format!("{payload}.{}", hex(&mac))
    }

    fn read(secret: &[u8], value: &str) -> Option<Seal> {
        let (payload, mac) = value.rsplit_once('.')?;
        keyed(secret, "form", payload)
            .verify_slice(&unhex(mac)?)
            .ok()?;
        let (key, shown) = payload.split_once('.')?;
        Some(Seal {
            key: key.to_owned(),
            shown_at_ms: shown.parse().ok()?,
        })
    }
}

fn now_ms(site: &Site) -> u64 {
    u64::try_from(site.now().0).unwrap_or(0)
}

fn words_of(site: &Site, headers: &HeaderMap, uri: &Uri) -> &'static Words {
    let own = site.city().language.code();
    form_texts::in_language(language(headers, uri, &LANGUAGES, own))
}

fn blank(site: &Site, w: &'static Words, seal: &Seal) -> FormPage {
    let limits = &site.city().limits;
    let hours = (limits.mail_reply_ms / HOUR_MS).max(1).to_string();
    let most = LETTERS_MAX.to_string();
    let data = serde_json::json!({
        "max": LETTERS_MAX,
        "words": w.json(),
        "files_max": FILES_MAX,
        "file_max": attach::FILE_MAX,
    });
    FormPage {
        w,
        c: citizen_texts::in_language(w.tag),
        files: crate::files::version(),
        city: name_in(&site.city().names, w.tag).to_owned(),
        number: site.settings.number.clone(),
        languages: LANGUAGES.into_iter().zip(OWN_NAMES).collect(),
        lead: fill(w.lead, &[("hours", &hours)]),
        mails: site.settings.writing.mails_to.is_some(),
        letters: fill(w.letters, &[("n", "0"), ("max", &most)]),
        seal: seal.sign(site.sessions.secret()),
        name: String::new(),
        address: String::new(),
        subject: String::new(),
        text: String::new(),
        faults: Vec::new(),
        choose_again: false,
        data: data.to_string().replace('<', "\\u003c"),
    }
}

/// `GET /write`
pub(crate) async fn form(
    State(site): State<Site>,
    Query(carried): Query<Carried>,
    request: Request,
) -> Response {
    if site.settings.writing.form.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let w = words_of(&site, request.headers(), request.uri());
    let mut shown = blank(&site, w, &Seal::new(now_ms(&site)));
    shown.text = question(&carried.text);
    page(&shown)
}

/// The form as it came.
#[derive(Default)]
struct Came {
    name: String,
    address: String,
    subject: String,
    text: String,
    trap: String,
    seal: String,
    pictures: Vec<(String, Vec<u8>)>,
}

async fn read(mut form: Multipart) -> Result<Came, MultipartError> {
    let mut came = Came::default();
    while let Some(field) = form.next_field().await? {
        let into = match field.name() {
            Some("name") => &mut came.name,
            Some("address") => &mut came.address,
            Some("subject") => &mut came.subject,
            Some("text") => &mut came.text,
            Some("website") => &mut came.trap,
            Some("seal") => &mut came.seal,
            Some("pictures") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let bytes = field.bytes().await?.to_vec();
                if !bytes.is_empty() {
                    came.pictures.push((name, bytes));
                }
                continue;
            }
            _ => continue,
        };
        *into = field.text().await?;
    }
    came.text = came.text.replace("\r\n", "\n");
    Ok(came)
}

/// `POST /write`
pub(crate) async fn send(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let w = words_of(&site, &parts.headers, &parts.uri);
    let Some(taker) = site.settings.writing.form.clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let request = Request::from_parts(parts.clone(), body);
    let came = match Multipart::from_request(request, &site).await {
        Ok(form) => read(form).await.map_err(|error| error.status()),
        Err(refused) => Err(refused.status()),
    };
    let came = match came {
        Ok(came) => came,
        Err(status) => return unread(&site, w, status),
    };
    let seal = Seal::read(site.sessions.secret(), &came.seal);
    let pictures = match looked_at(w, &came.pictures) {
        Ok(pictures) => pictures,
        Err(text) => {
            let faults = vec![Fault {
                field: "pictures",
                text,
            }];
            return again(
                &site,
                w,
                came,
                seal,
                faults,
                StatusCode::UNPROCESSABLE_ENTITY,
            );
        }
    };
    let form = filled(&came, seal.as_ref(), pictures, &parts);
    let kind = kind_of(&came.address);
    match taker(form).await {
        Ok(contact) => {
            let receipt = Receipt::new(&site, contact, kind);
            let place = format!("/write/done?c={contact}&k={kind}&s={}", receipt.s);
            Redirect::to(&place).into_response()
        }
        Err(why) => {
            let (status, faults) = faults(w, &why);
            again(&site, w, came, seal, faults, status)
        }
    }
}

fn filled(came: &Came, seal: Option<&Seal>, files: Vec<FormFile>, parts: &Parts) -> Form {
    Form {
        name: came.name.clone(),
        address: came.address.clone(),
        subject: came.subject.clone(),
        text: came.text.clone(),
        trap: came.trap.clone(),
        key: seal.map_or_else(|| random_hex(16), |seal| seal.key.clone()),
        // A page that is not ours is as old as the world.
        shown_at_ms: seal.map_or(0, |seal| seal.shown_at_ms),
        files,
        from: address(parts),
    }
}

/// The pictures, each known by its first bytes; or why not, in words.
fn looked_at(w: &Words, came: &[(String, Vec<u8>)]) -> Result<Vec<FormFile>, String> {
    if came.len() > FILES_MAX {
        return Err(w.files_many.to_owned());
    }
    let all: usize = came.iter().map(|(_, bytes)| bytes.len()).sum();
    let largest = came.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
    if largest > attach::FILE_MAX || all > FILES_BYTES_MAX {
        return Err(w.files_big.to_owned());
    }
    let looked = came.iter().map(|(name, bytes)| {
        let kind = attach::kind(bytes).filter(|kind| kind.starts_with("image/"));
        Ok(FormFile {
            name: attach::plain_name(name),
            media_type: kind.ok_or_else(|| w.files_kind.to_owned())?,
            bytes: bytes.clone(),
        })
    });
    looked.collect()
}

fn faults(w: &'static Words, why: &FormRefused) -> (StatusCode, Vec<Fault>) {
    let one = |text: &str| {
        vec![Fault {
            field: "text",
            text: text.to_owned(),
        }]
    };
    match why {
        FormRefused::TooMany => (StatusCode::TOO_MANY_REQUESTS, one(w.too_many)),
        FormRefused::Trouble => (StatusCode::SERVICE_UNAVAILABLE, one(w.trouble)),
        FormRefused::Wrong(wrong) => {
            let faults = wrong.iter().map(|fault| told(w, fault)).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, faults)
        }
    }
}

fn told(w: &'static Words, fault: &FormFault) -> Fault {
    let over = fault.over.to_string();
    let (field, text) = match fault.key.as_str() {
        "form.name_long" => ("name", w.name_long),
        "form.address" => ("address", w.address_wrong),
        "form.subject_long" => ("subject", w.subject_long),
        "form.text_missing" => ("text", w.text_missing),
        "form.text_long" => ("text", w.text_long),
        "form.robot" => ("website", w.robot),
        _ => ("send", w.again),
    };
    Fault {
        field,
        text: fill(text, &[("over", &over)]),
    }
}

/// The page again, with what was typed and what is wrong. A form that is too old or not ours gets
/// a new seal.
fn again(
    site: &Site,
    w: &'static Words,
    came: Came,
    seal: Option<Seal>,
    faults: Vec<Fault>,
    status: StatusCode,
) -> Response {
    let now = now_ms(site);
    let day = 24 * HOUR_MS as u64;
    let young = seal.filter(|seal| now.saturating_sub(seal.shown_at_ms) < day / 2);
    let mut shown = blank(site, w, &young.unwrap_or_else(|| Seal::new(now)));
    shown.choose_again = !came.pictures.is_empty();
    (shown.name, shown.address) = (came.name, came.address);
    (shown.subject, shown.text) = (came.subject, came.text);
    shown.faults = faults;
    (status, page(&shown)).into_response()
}

/// The form could not even be read: too large, or cut off.
fn unread(site: &Site, w: &'static Words, status: StatusCode) -> Response {
    let text = if status == StatusCode::PAYLOAD_TOO_LARGE {
        w.files_big
    } else {
        w.trouble
    };
    let faults = vec![Fault {
        field: "pictures",
        text: text.to_owned(),
    }];
    again(site, w, Came::default(), None, faults, status)
}

/// What an answer can go to: decides only what the next page says.
fn kind_of(address: &str) -> &'static str {
    match address.trim() {
        "" => "none",
        mail if mail.contains('@') => "mail",
        _ => "phone",
    }
}

/// What leads to the page of thanks: only whoever sent the form knows it.
#[derive(Deserialize)]
pub(crate) struct Receipt {
    c: u64,
    k: String,
    s: String,
}

impl Receipt {
    fn new(site: &Site, contact: ContactId, kind: &str) -> Receipt {
        let payload = format!("{contact}.{kind}");
        let mac = keyed(site.sessions.secret(), "form done", &payload).finalize();
        Receipt {
            c: contact.0,
            k: kind.to_owned(),
            s: hex(&mac.into_bytes()),
        }
    }

    fn ours(&self, site: &Site) -> bool {
        let payload = format!("{}.{}", self.c, self.k);
        let signer = keyed(site.sessions.secret(), "form done", &payload);
        unhex(&self.s).is_some_and(|mac| signer.verify_slice(&mac).is_ok())
    }
}

/// `GET /write/done`
pub(crate) async fn done(
    State(site): State<Site>,
    Query(receipt): Query<Receipt>,
    request: Request,
) -> Response {
    if !receipt.ours(&site) {
        return Redirect::to("/write").into_response();
    }
    let w = words_of(&site, request.headers(), request.uri());
    let contact = receipt.c.to_string();
    let hours = (site.city().limits.mail_reply_ms / HOUR_MS)
        .max(1)
        .to_string();
    let next = match receipt.k.as_str() {
        "mail" => w.next_mail,
        "phone" => w.next_phone,
        _ => w.next_none,
    };
    let number = site.settings.number.clone();
    page(&DonePage {
        w,
        c: citizen_texts::in_language(w.tag),
        files: crate::files::version(),
        city: name_in(&site.city().names, w.tag).to_owned(),
        contact: fill(w.contact, &[("contact", &contact)]),
        next: fill(
            next,
            &[
                ("hours", &hours),
                ("number", &number),
                ("contact", &contact),
            ],
        ),
        number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_cannot_be_made_or_changed() {
        let seal = Seal::new(1_000);
        let value = seal.sign(&[7; 32]);
        assert_eq!(Seal::read(&[7; 32], &value), Some(seal));
        assert_eq!(Seal::read(&[8; 32], &value), None);
        assert_eq!(
            Seal::read(&[7; 32], &value.replace(".1000.", ".1001.")),
            None
        );
        for nonsense in ["", ".", "a.b.c", "..", "a.1"] {
            assert_eq!(Seal::read(&[7; 32], nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn pictures_are_known_by_their_bytes_and_bounded() {
        let w = form_texts::in_language("en");
        let png = || ("a.png".to_owned(), b"\x89PNG\r\n\x1a\n".to_vec());
        assert_eq!(
            looked_at(w, &[png(), png(), png()]).map(|all| all.len()),
            Ok(3)
        );
        assert!(looked_at(w, &vec![png(); 4]).is_err());
        let script = ("a.png".to_owned(), b"<svg onload=x>".to_vec());
        assert_eq!(looked_at(w, &[script]).err().as_deref(), Some(w.files_kind));
        let mut big = png();
        big.1.resize(attach::FILE_MAX + 1, 0);
        assert_eq!(looked_at(w, &[big]).err().as_deref(), Some(w.files_big));
    }
}
