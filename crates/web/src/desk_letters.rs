//! The desk's side of what is written: a conversation as its counselor sees it, answers, laying
//! aside, handing on, merging, and whispers. Never a decision of the center.

use crate::commands::{Ask, failed, refusal_text, said};
use crate::desk::pop_data;
use crate::figures;
use crate::inbox_texts;
use crate::session::random_hex;
use crate::site::{Site, Staffer};
use crate::texts::Staff;
use crate::words;
use crate::writing;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use center::board::{Board, ContactView};
use center::city::{Channel, ContactId, CounselorId};
use center::command::{Answer, Command, Refusal, Reply};
use center::time::{Day, HOUR_MS, MINUTE_MS, Time};
use hub::{Murmur, Speaker, Whisper};
use std::collections::BTreeSet;
use std::sync::Mutex;
use store::{Failure, File, Letter, Message, Personal, note_digest};

/// Hour at which "tomorrow" begins.
const MORNING: &str = "09:00";
/// Longest name a desk gives to an answer before it has a number.
const ID_MAX: usize = 64;

/// Answers on their way to the record, by the names their desks gave them.
#[derive(Default)]
pub(crate) struct Sending(Mutex<BTreeSet<String>>);

/// One answer on its way; gone when dropped.
struct OnItsWay<'a> {
    all: &'a Sending,
    name: String,
}

impl Sending {
    fn begin(&self, name: String) -> Option<OnItsWay<'_>> {
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

fn mine<'a>(board: &'a Board, staffer: &Staffer, contact: ContactId) -> Option<&'a ContactView> {
    let me = board.counselor(staffer.id())?;
    let view = board.contact(contact)?;
    (me.contacts.contains(&contact) && view.channel.written()).then_some(view)
}

/// `GET /desk/letters/{contact}`: the conversation of an own or offered contact.
pub(crate) async fn letters(
    State(site): State<Site>,
    Path(contact): Path<u64>,
    staffer: Staffer,
) -> Response {
    let w = staffer.words;
    let board = site.hub.board().borrow().clone();
    let Some(view) = mine(&board, &staffer, ContactId(contact)) else {
        let key = Refusal::NotYours;
        return said(StatusCode::NOT_FOUND, key.key(), refusal_text(w, key));
    };
    match conversation(&site, w, &board, view).await {
        Ok(data) => Json(data).into_response(),
        Err(failure) => {
            tracing::error!(%failure, "a conversation was not read");
            said(StatusCode::SERVICE_UNAVAILABLE, "trouble", w.trouble)
        }
    }
}

async fn conversation(
    site: &Site,
    w: &'static Staff,
    board: &Board,
    view: &ContactView,
) -> Result<serde_json::Value, Failure> {
    let messages = site.archive.messages(view.contact).await?;
    let mut data = pop_data(site, w, view).await?;
    let last = messages.iter().rfind(|message| message.incoming);
    let letter = last
        .map(|message| message.letter.clone())
        .unwrap_or_default();
    let clear = crate::desk_view::number_is_clear(view.stage);
    let address = shown_address(site, &letter, clear);
    let others: BTreeSet<ContactId> = messages
        .iter()
        .map(|message| message.contact)
        .filter(|contact| *contact != view.contact)
        .collect();
    let mut merged = Vec::new();
    for contact in others {
        let row = site.archive.contact(contact).await?;
        let channel = row.map_or(view.channel, |row| row.channel);
        merged.push((contact, channel));
    }
    let teller = Teller {
        site,
        words: w,
        view,
        merged: &merged,
    };
    data["via"] = view.via.clone().into();
    data["name"] = if clear { letter.name } else { String::new() }.into();
    data["address"] = address.into();
    data["messages"] = messages
        .iter()
        .map(|message| teller.message(message))
        .collect();
    data["merged"] = merged
        .iter()
        .map(|(contact, channel)| {
            serde_json::json!({ "contact": contact.0, "channel": channel.code() })
        })
        .collect();
    data["related"] = related(board, view);
    Ok(data)
}

fn shown_address(site: &Site, letter: &Letter, clear: bool) -> String {
    let address = match letter.address_kind.as_str() {
        "session" | "" => return String::new(),
        "phone" => figures::number(&letter.address, &site.settings.country),
        _ => letter.address.clone(),
    };
    if clear {
        address
    } else {
        figures::masked(&address)
    }
}

/// Other open written contacts of the same citizen that could go on in this one.
fn related(board: &Board, view: &ContactView) -> serde_json::Value {
    let same = |other: &&ContactView| {
        !view.caller.is_empty()
            && other.caller == view.caller
            && other.contact != view.contact
            && other.channel.written()
    };
    let free =
        |other: &&ContactView| other.counselor.is_none() || other.counselor == view.counselor;
    board
        .contacts
        .iter()
        .filter(same)
        .filter(free)
        .map(|other| {
            serde_json::json!({
                "contact": other.contact.0,
                "channel": other.channel.code(),
                "stage": other.stage.code(),
            })
        })
        .collect()
}

/// Tells the messages of a conversation.
struct Teller<'a> {
    site: &'a Site,
    words: &'static Staff,
    view: &'a ContactView,
    merged: &'a [(ContactId, Channel)],
}

impl Teller<'_> {
    fn message(&self, message: &Message) -> serde_json::Value {
        let w = self.words;
        let from = self
            .merged
            .iter()
            .find(|(contact, _)| *contact == message.contact);
        let by = match (message.incoming, message.counselor) {
            (true, _) => "citizen",
            (false, Some(_)) => "counselor",
            (false, None) => "house",
        };
        let fortune = words::fortune_of(w, &message.fortune);
        serde_json::json!({
            "n": message.message,
            "contact": message.contact.0,
            "channel": from.map(|(_, channel)| channel.code()),
            "by": by,
            "name": message.counselor.map(|id| self.site.counselor_name(id)),
            "at": figures::date_clock(&self.site.city().zone, message.at),
            "text": text_of(w, message),
            "house": !message.house_text.is_empty(),
            "subject": message.letter.subject,
            "marks": marks(w, message),
            "urgent": message.marks.urgent,
            "private": message.private,
            "fortune": if self.view.channel == Channel::Chat { "" } else { fortune },
            "failed": matches!(message.fortune.as_str(), "failed" | "expired"),
            "withdrawn": message.withdrawn,
            "changed": message.changed
                .filter(|_| !message.withdrawn)
                .map(|at| figures::clock(&self.site.city().zone, at)),
            "earlier": message.earlier,
            "files": message.letter.files.iter().enumerate()
                .map(|(number, file)| file_of(message, number, file)).collect::<Vec<_>>(),
        })
    }
}

/// The text of a message; a house text by what it says.
pub(crate) fn text_of(w: &Staff, message: &Message) -> String {
    if message.house_text.is_empty() {
        message.letter.text.clone()
    } else {
        inbox_texts::house_text(inbox_texts::in_language(w.tag), &message.house_text).to_owned()
    }
}

/// What is to be known of a message, each in a word or two.
pub(crate) fn marks(w: &Staff, message: &Message) -> Vec<&'static str> {
    let i = inbox_texts::in_language(w.tag);
    let marks = message.marks;
    [
        (marks.urgent, i.mark_urgent),
        (marks.over, i.mark_over),
        (marks.automatic, i.mark_automatic),
        (marks.damaged, i.mark_damaged),
        (marks.public && message.incoming, i.mark_public),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect()
}

pub(crate) fn file_of(message: &Message, number: usize, file: &File) -> serde_json::Value {
    serde_json::json!({
        "href": format!("/contacts/{}/letters/{}/{number}", message.contact, message.message),
        "name": file.name,
        "picture": file.media_type.starts_with("image/") && file.withheld.is_empty(),
        "description": file.description,
        "withheld": file.withheld,
        "bytes": file.bytes,
    })
}

/// A verb about letters; none when it is another's.
pub(crate) async fn act(site: &Site, staffer: &Staffer, verb: &str, ask: &Ask) -> Option<Response> {
    let w = staffer.words;
    let counselor = staffer.id();
    let command = match verb {
        "reply" => return Some(reply(site, staffer, ask).await),
        "compose" => return Some(compose(site, staffer, ask)),
        "writes" | "look" => return Some(whisper(site, staffer, verb, ask)),
        "snooze" => snooze(site, counselor, ask),
        "assign" => assign(counselor, ask),
        "merge" => merge(site, counselor, ask),
        "unmerge" => ask.contact.map(|contact| Command::Unmerge {
            counselor,
            contact: ContactId(contact),
        }),
        _ => return None,
    };
    let Some(command) = command else {
        return Some(said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request));
    };
    Some(match site.hub.send(command).await {
        Ok(_) => said(StatusCode::OK, "done", ""),
        Err(error) => failed(w, &error),
    })
}

fn snooze(site: &Site, counselor: CounselorId, ask: &Ask) -> Option<Command> {
    Some(Command::Snooze {
        counselor,
        contact: ContactId(ask.contact?),
        until: until(site, ask.until.as_deref()?)?,
    })
}

/// An instant by a preset's name, or as a form field on the city's clock.
fn until(site: &Site, text: &str) -> Option<Time> {
    let now = site.now();
    match text {
        "10m" => Some(now + 10 * MINUTE_MS),
        "1h" => Some(now + HOUR_MS),
        "tomorrow" => {
            let zone = &site.city().zone;
            let day = Day(figures::day(zone, now).0 + 1);
            figures::parse_field(zone, &format!("{day}T{MORNING}"))
        }
        field => figures::parse_field(&site.city().zone, field),
    }
}

fn assign(counselor: CounselorId, ask: &Ask) -> Option<Command> {
    Some(Command::Assign {
        counselor,
        contact: ContactId(ask.contact?),
        to: CounselorId(ask.to?),
    })
}

/// Only contacts of the same citizen go on in one another.
fn merge(site: &Site, counselor: CounselorId, ask: &Ask) -> Option<Command> {
    let (contact, into) = (ContactId(ask.contact?), ContactId(ask.into?));
    let board = site.hub.board().borrow().clone();
    let (ends, goes_on) = (board.contact(contact)?, board.contact(into)?);
    let same = !ends.caller.is_empty() && ends.caller == goes_on.caller;
    same.then_some(Command::Merge {
        counselor,
        contact,
        into,
    })
}

fn whisper(site: &Site, staffer: &Staffer, verb: &str, ask: &Ask) -> Response {
    let contact = ContactId(ask.contact.unwrap_or_default());
    let board = site.hub.board().borrow().clone();
    let what = match (verb, mine(&board, staffer, contact)) {
        ("look", _) if board.contact(contact).is_some() => Murmur::Looks,
        ("writes", Some(_)) => Murmur::Writes,
        _ => return said(StatusCode::OK, "done", ""),
    };
    site.hub.chatter().whisper(&Whisper {
        contact,
        by: Speaker::Counselor(staffer.id()),
        what,
    });
    said(StatusCode::OK, "done", "")
}

/// How a text would leave by the contact's channel.
fn compose(site: &Site, staffer: &Staffer, ask: &Ask) -> Response {
    let board = site.hub.board().borrow().clone();
    let contact = ContactId(ask.contact.unwrap_or_default());
    let Some(view) = mine(&board, staffer, contact) else {
        let w = staffer.words;
        return said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request);
    };
    let text = ask.text.as_deref().unwrap_or_default();
    let composed = (site.settings.writing.composer)(view.channel, &view.via, text);
    Json(serde_json::json!({
        "letters": composed.letters,
        "parts": composed.parts,
        "limit": composed.limit,
        "lost": composed.lost,
        "hint": composed.hint,
    }))
    .into_response()
}

/// One answer. Sent twice under one name it is one message.
async fn reply(site: &Site, staffer: &Staffer, ask: &Ask) -> Response {
    let w = staffer.words;
    let bad = || said(StatusCode::BAD_REQUEST, "bad_request", w.bad_request);
    let (Some(contact), Some(text), Some(id)) = (ask.contact, &ask.text, &ask.id) else {
        return bad();
    };
    let contact = ContactId(contact);
    let text = text.trim_end();
    if text.is_empty() || id.is_empty() || id.len() > ID_MAX {
        return bad();
    }
    let name = format!("desk {id}");
    let Some(_on_its_way) = site.sending.begin(name.clone()) else {
        return said(StatusCode::TOO_MANY_REQUESTS, "under_way", w.r_wrong_state);
    };
    match known(site, contact, &name).await {
        Ok(Some(message)) => return sent(contact, message),
        Ok(None) => {}
        Err(failure) => {
            tracing::error!(%failure, "a conversation was not read");
            return said(StatusCode::SERVICE_UNAVAILABLE, "trouble", w.trouble);
        }
    }
    if let Some((key, why)) = misfit(site, w, contact, text) {
        return said(StatusCode::UNPROCESSABLE_ENTITY, key, why);
    }
    let (command, row) = answer(staffer.id(), contact, text, name, ask);
    match site.hub.send_with(command, vec![row]).await {
        Ok(Answer::Message { message, .. }) => sent(contact, message),
        Ok(_) => bad(),
        Err(error) => failed(w, &error),
    }
}

fn sent(contact: ContactId, message: u32) -> Response {
    Json(serde_json::json!({ "contact": contact.0, "message": message })).into_response()
}

/// The answer that went out under a name already.
async fn known(site: &Site, contact: ContactId, name: &str) -> Result<Option<u32>, Failure> {
    let messages = site.archive.messages(contact).await?;
    let same = |message: &&Message| {
        message.contact == contact && !message.incoming && message.letter.reference == name
    };
    Ok(messages.iter().find(same).map(|message| message.message))
}

/// What would not arrive whole does not leave: why not, in a key and words.
fn misfit(
    site: &Site,
    w: &Staff,
    contact: ContactId,
    text: &str,
) -> Option<(&'static str, &'static str)> {
    let board = site.hub.board().borrow().clone();
    let view = board.contact(contact)?;
    let composed = (site.settings.writing.composer)(view.channel, &view.via, text);
    let i = inbox_texts::in_language(w.tag);
    if composed.letters > composed.limit {
        return Some(("too_long", i.r_too_long));
    }
    (!composed.lost.is_empty()).then_some(("lost", i.r_lost))
}

fn answer(
    counselor: CounselorId,
    contact: ContactId,
    text: &str,
    name: String,
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
        files: 0,
        private: ask.private.unwrap_or(true),
    };
    let letter = Letter {
        nonce,
        text: text.to_owned(),
        reference: name,
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact,
        message: 0,
        letter: Box::new(letter),
    };
    (Command::Reply(Box::new(reply)), row)
}

/// A whisper as a desk hears it; none when it is not about an own contact, or the own voice.
pub(crate) fn heard_at(
    site: &Site,
    board: &Board,
    counselor: CounselorId,
    whisper: &Whisper,
) -> Option<serde_json::Value> {
    let me = board.counselor(counselor)?;
    if !me.contacts.contains(&whisper.contact) || whisper.by == Speaker::Counselor(counselor) {
        return None;
    }
    let (what, text) = match &whisper.what {
        Murmur::Writes => ("writes", ""),
        Murmur::Draft(text) => ("draft", text.as_str()),
        Murmur::Looks => ("looks", ""),
    };
    let by = match whisper.by {
        Speaker::Citizen => String::new(),
        Speaker::Counselor(other) => site.counselor_name(other),
    };
    Some(serde_json::json!({
        "contact": whisper.contact.0,
        "by": by,
        "what": what,
        "text": text,
    }))
}
