//! A counselor's answer on its way out: how it would leave, what it would show to everybody, what
//! belongs to it, and that it leaves once. Never a decision of the center.

use crate::commands::{Ask, Attached, failed, said};
use crate::desk_letters::mine;
use crate::exposed::{Found, find};
use crate::inbox_texts;
use crate::links::{self, Lock, Sealed};
use crate::session::random_hex;
use crate::site::{Site, Staffer};
use crate::texts::Staff;
use crate::{attach, writing};
use axum::Json;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use center::board::ContactView;
use center::city::{ContactId, CounselorId};
use center::command::{Answer, Command, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use store::{File, Letter, Message, Personal, note_digest};

/// Longest name a desk gives to an answer before it has a number.
pub(crate) const ID_MAX: usize = 64;
/// Files of one answer.
pub(crate) const FILES_MAX: usize = 4;
/// Bytes of a posted answer: its files, and the text with its frame.
pub(crate) const FORM_MAX: usize = FILES_MAX * attach::FILE_MAX + 256 * 1024;

/// Answers on their way to the record, by the names their desks gave them.
#[derive(Default)]
pub(crate) struct Sending(Mutex<BTreeSet<String>>);

/// One answer on its way; gone when dropped.
pub(crate) struct OnItsWay<'a> {
    all: &'a Sending,
    name: String,
}

impl Sending {
    pub(crate) fn begin(&self, name: String) -> Option<OnItsWay<'_>> {
        let mut names = self.0.lock().expect("no panic while it is held");
        names
            .insert(name.clone())
            .then_some(OnItsWay { all: self, name })
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let mut names = self.all.0.lock().expect("no panic while it is held");
        names.remove(&self.name);
    }
}

/// Why an answer does not leave.
struct Kept {
    status: StatusCode,
    key: &'static str,
    why: String,
    found: Vec<Found>,
}

impl Kept {
    fn new(key: &'static str, why: &str) -> Kept {
        Kept {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            key,
            why: why.to_owned(),
            found: Vec::new(),
        }
    }

    fn trouble(w: &Staff, failure: &store::Failure) -> Kept {
        tracing::error!(%failure, "an answer was not prepared");
        Kept {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..Kept::new("trouble", w.trouble)
        }
    }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "key": self.key,
            "message": self.why,
            "found": told(&self.found),
        });
        (self.status, Json(body)).into_response()
    }
}

fn told(found: &[Found]) -> serde_json::Value {
    found
        .iter()
        .map(|one| serde_json::json!({ "kind": one.kind.code(), "text": one.text }))
        .collect()
}

/// How a text would leave by the contact's channel, the links to its files counted with it, and
/// what of it everybody could read.
pub(crate) async fn compose(
    site: &Site,
    staffer: &Staffer,
    headers: &HeaderMap,
    ask: &Ask,
) -> Response {
    let w = staffer.words;
    let board = site.hub.board().borrow().clone();
    let contact = ContactId(ask.contact.unwrap_or_default());
    let Some(view) = mine(&board, staffer, contact) else {
        return said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request);
    };
    let messages = match site.archive.messages(contact).await {
        Ok(messages) => messages,
        Err(failure) => return Kept::trouble(w, &failure).into_response(),
    };
    let text = ask.text.as_deref().unwrap_or_default();
    let composer = &site.settings.writing.composer;
    let way = composer(view.channel, &view.via, text);
    let attached = ask.attached.as_deref().unwrap_or_default();
    let lines = lines_like(site, &links::origin(site, headers), view, &way, attached);
    let composed = if lines.is_empty() {
        way
    } else {
        composer(view.channel, &view.via, &joined(text.trim_end(), &lines))
    };
    let answered = answered(&messages, ask.answers.unwrap_or(0));
    let public = answered.is_some_and(|message| message.marks.public);
    let found = match answered.filter(|_| public) {
        Some(message) => exposed(site, text, message),
        None => Vec::new(),
    };
    Json(serde_json::json!({
        "letters": composed.letters,
        "parts": composed.parts,
        "limit": composed.limit,
        "lost": composed.lost,
        "hint": composed.hint,
        "public": public,
        "can_direct": composed.can_direct,
        "exposed": told(&found),
        "files": composed.files,
        "documents": composed.documents,
    }))
    .into_response()
}

/// Lines as long as those that will lead to the files that the channel does not carry.
fn lines_like(
    site: &Site,
    origin: &str,
    view: &ContactView,
    way: &writing::Composed,
    attached: &[Attached],
) -> Vec<String> {
    let mut carried = 0;
    let mut lines = Vec::new();
    for file in attached.iter().take(FILES_MAX) {
        if travels(carried, file.picture, (way.files, way.documents)) {
            carried += 1;
        } else {
            lines.push(links::line_like(site, origin, view.language, &file.name));
        }
    }
    lines
}

/// Whether one more file travels with the message itself.
fn travels(carried: usize, picture: bool, (most, documents): (usize, bool)) -> bool {
    carried < most && (picture || documents)
}

/// A text with lines below it.
fn joined(text: &str, lines: &[String]) -> String {
    let text = (!text.is_empty()).then_some(text);
    let all = text.into_iter().chain(lines.iter().map(String::as_str));
    all.collect::<Vec<_>>().join("\n")
}

/// The citizen's message that an answer goes to: the one it names, else the last.
fn answered(messages: &[Message], number: u32) -> Option<&Message> {
    let named = messages
        .iter()
        .find(|message| message.incoming && number > 0 && message.message == number);
    named.or_else(|| messages.iter().rfind(|message| message.incoming))
}

/// What a text would tell everybody about a person, the citizen's public name left out.
fn exposed(site: &Site, text: &str, answered: &Message) -> Vec<Found> {
    let writing = &site.settings.writing;
    let own = [&answered.letter.name, &answered.letter.address];
    // What the city itself wrote down for everybody.
    let canned = writing
        .answers
        .iter()
        .flat_map(|answer| answer.texts.values());
    let variables = writing.variables.values().flat_map(BTreeMap::values);
    let city = writing.public.iter().chain(canned).chain(variables);
    let public: Vec<&str> = city.chain(own).map(String::as_str).collect();
    find(text, &public)
}

/// What is asked to be sent.
struct Draft<'a> {
    view: &'a ContactView,
    answered: Option<&'a Message>,
    text: String,
    private: bool,
    lock: Option<Lock>,
    origin: String,
}

/// `POST /desk/reply`: one answer without files. Sent twice under one name it is one message.
pub(crate) async fn reply(
    site: &Site,
    staffer: &Staffer,
    headers: &HeaderMap,
    ask: &Ask,
) -> Response {
    send(site, staffer, headers, ask, Vec::new()).await
}

/// `POST /desk/answer`: one answer with its files, as a form.
pub(crate) async fn answer(
    State(site): State<Site>,
    staffer: Staffer,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let w = staffer.words;
    if !crate::desk::is_own(&site, &staffer, &headers) {
        return said(StatusCode::FORBIDDEN, "forged", w.forged);
    }
    let form =
        match <Multipart as axum::extract::FromRequest<Site>>::from_request(request, &site).await {
            Ok(form) => read_form(form).await,
            Err(_) => return said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request),
        };
    let i = inbox_texts::in_language(w.tag);
    match form {
        Ok((ask, files)) if files.len() <= FILES_MAX => {
            send(&site, &staffer, &headers, &ask, files).await
        }
        Ok(_) => Kept::new("too_many_files", i.r_too_many_files).into_response(),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Kept {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Kept::new("too_big", i.r_too_big)
        }
        .into_response(),
        Err(_) => said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request),
    }
}

/// A file as it was posted: name and bytes.
type Posted = (String, Vec<u8>);

async fn read_form(mut form: Multipart) -> Result<(Ask, Vec<Posted>), MultipartError> {
    let (mut ask, mut files) = (Ask::default(), Vec::new());
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("ask") => ask = serde_json::from_str(&field.text().await?).unwrap_or_default(),
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                files.push((name, field.bytes().await?.to_vec()));
            }
            _ => {}
        }
    }
    Ok((ask, files))
}

async fn send(
    site: &Site,
    staffer: &Staffer,
    headers: &HeaderMap,
    ask: &Ask,
    posted: Vec<Posted>,
) -> Response {
    let w = staffer.words;
    let bad = || said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request);
    let (Some(contact), Some(id)) = (ask.contact, &ask.id) else {
        return bad();
    };
    let contact = ContactId(contact);
    let text = ask.text.as_deref().unwrap_or_default().trim_end();
    if text.is_empty() && posted.is_empty() || id.is_empty() || id.len() > ID_MAX {
        return bad();
    }
    let name = format!("desk {id}");
    let Some(_on_its_way) = site.sending.begin(name.clone()) else {
        return said(StatusCode::TOO_MANY_REQUESTS, "under_way", w.r_wrong_state);
    };
    let messages = match site.archive.messages(contact).await {
        Ok(messages) => messages,
        Err(failure) => return Kept::trouble(w, &failure).into_response(),
    };
    if let Some(message) = known(&messages, contact, &name) {
        return sent(contact, message);
    }
    let board = site.hub.board().borrow().clone();
    let Some(view) = board.contact(contact).filter(|view| view.channel.written()) else {
        let refusal = hub::Error::Refused(center::command::Refusal::UnknownContact);
        return failed(w, &refusal);
    };
    let draft = Draft {
        view,
        answered: answered(&messages, ask.answers.unwrap_or(0)),
        text: text.to_owned(),
        private: ask.private.unwrap_or(true),
        lock: Lock::of(ask.question.as_deref(), ask.key.as_deref()),
        origin: links::origin(site, headers),
    };
    let (text, files) = match prepare(site, w, draft, posted).await {
        Ok(prepared) => prepared,
        Err(kept) => return kept.into_response(),
    };
    let (command, row) = message(staffer.id(), contact, &text, name, &files, ask);
    match site.hub.send_with(command, vec![row]).await {
        Ok(Answer::Message { message, .. }) => sent(contact, message),
        other => {
            attach::erase(site, &files).await;
            other.map_or_else(|error| failed(w, &error), |_| bad())
        }
    }
}

/// The text as it leaves, and everything that belongs to it, stored.
async fn prepare(
    site: &Site,
    w: &Staff,
    mut draft: Draft<'_>,
    posted: Vec<Posted>,
) -> Result<(String, Vec<File>), Kept> {
    let i = inbox_texts::in_language(w.tag);
    let composer = &site.settings.writing.composer;
    let view = draft.view;
    let way = composer(view.channel, &view.via, &draft.text);
    let public = draft.answered.filter(|message| message.marks.public);
    if public.is_some() && draft.private && !way.can_direct {
        return Err(Kept::new("no_direct", i.r_no_direct));
    }
    let open = public.filter(|_| !draft.private);
    let mut files = Vec::new();
    match (&draft.lock, open) {
        (Some(lock), Some(_)) => {
            let sealed = Sealed::text(site, view.language, &draft.text, lock);
            let (line, file) = links::seal(site, &draft.origin, sealed)
                .await
                .map_err(|failure| Kept::trouble(w, &failure))?;
            (draft.text, files) = (line, vec![file]);
        }
        (None, Some(answered)) => {
            let found = exposed(site, &draft.text, answered);
            if !found.is_empty() {
                return Err(Kept {
                    found,
                    ..Kept::new("exposed", i.r_exposed)
                });
            }
        }
        (_, None) => {}
    }
    let stored = add_files(site, w, &mut draft, (way.files, way.documents), posted).await;
    match stored {
        Ok(more) => files.extend(more),
        Err(kept) => {
            attach::erase(site, &files).await;
            return Err(kept);
        }
    }
    let composed = composer(view.channel, &view.via, &draft.text);
    let misfit = if composed.letters > composed.limit {
        Some(Kept::new("too_long", i.r_too_long))
    } else {
        (!composed.lost.is_empty()).then(|| Kept::new("lost", i.r_lost))
    };
    match misfit {
        Some(kept) => {
            attach::erase(site, &files).await;
            Err(kept)
        }
        None => Ok((draft.text, files)),
    }
}

/// Stores what was posted. What the channel does not carry lies behind a link in the text.
async fn add_files(
    site: &Site,
    w: &Staff,
    draft: &mut Draft<'_>,
    (most, documents): (usize, bool),
    posted: Vec<Posted>,
) -> Result<Vec<File>, Kept> {
    let i = inbox_texts::in_language(w.tag);
    let mut files: Vec<File> = Vec::new();
    for (name, bytes) in posted {
        let kind = attach::kind(&bytes);
        let kept = match kind {
            _ if bytes.len() > attach::FILE_MAX => Err(Kept::new("too_big", i.r_too_big)),
            None => Err(Kept::new("wrong_kind", i.r_wrong_kind)),
            Some(kind) => attach::store(site, &name, kind, bytes)
                .await
                .map_err(|failure| Kept::trouble(w, &failure)),
        };
        let mut file = match kept {
            Ok(file) => file,
            Err(kept) => {
                attach::erase(site, &files).await;
                return Err(kept);
            }
        };
        let carried = files.iter().filter(|file| file.linked.is_empty()).count();
        let picture = file.media_type.starts_with("image/");
        if !travels(carried, picture, (most, documents)) {
            let sealed = Sealed::file(draft.view.language, file.clone());
            match links::seal(site, &draft.origin, sealed).await {
                Ok((line, page)) => {
                    file.linked = page.linked;
                    draft.text = joined(&draft.text, &[line]);
                }
                Err(failure) => {
                    files.push(file);
                    attach::erase(site, &files).await;
                    return Err(Kept::trouble(w, &failure));
                }
            }
        }
        files.push(file);
    }
    Ok(files)
}

fn sent(contact: ContactId, message: u32) -> Response {
    Json(serde_json::json!({ "contact": contact.0, "message": message })).into_response()
}

/// The answer that went out under a name already.
pub(crate) fn known(messages: &[Message], contact: ContactId, name: &str) -> Option<u32> {
    let same = |message: &&Message| {
        message.contact == contact && !message.incoming && message.letter.reference == name
    };
    messages.iter().find(same).map(|message| message.message)
}

fn message(
    counselor: CounselorId,
    contact: ContactId,
    text: &str,
    name: String,
    files: &[File],
    ask: &Ask,
) -> (Command, Personal) {
    let nonce = random_hex(16);
    let reply = Reply {
        counselor,
        contact,
        answers: ask.answers.unwrap_or(0),
        text: None,
        digest: note_digest(&nonce, text),
        letters: u32::try_from(writing::letters(text)).unwrap_or(u32::MAX),
        files: u16::try_from(files.len()).unwrap_or(u16::MAX),
        private: ask.private.unwrap_or(true),
    };
    let letter = Letter {
        nonce,
        text: text.to_owned(),
        reference: name,
        files: files.to_vec(),
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact,
        message: 0,
        letter: Box::new(letter),
    };
    (Command::Reply(Box::new(reply)), row)
}
