//! The desk's side of what is written: a conversation as its counselor sees it, answers, laying
//! aside, handing on, merging, and whispers. Never a decision of the center.

use crate::attach;
use crate::commands::{Ask, failed, refusal_text, said};
use crate::desk::pop_data;
use crate::figures;
use crate::inbox_texts;
use crate::site::{Site, Staffer};
use crate::texts::Staff;
use crate::words;
use crate::{desk_replies, links, same_citizen};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use center::board::{Board, ContactView};
use center::city::{Channel, ContactId, CounselorId, Language};
use center::command::{Command, Refusal};
use center::time::{Day, HOUR_MS, MINUTE_MS, Time};
use hub::{Murmur, Speaker, Whisper};
use store::{Failure, File, Letter, Message};

/// Hour at which "tomorrow" begins.
const MORNING: &str = "09:00";
/// A written contact of the counselor's own or one that rings at their desk.
pub(crate) fn mine<'a>(
    board: &'a Board,
    staffer: &Staffer,
    contact: ContactId,
) -> Option<&'a ContactView> {
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
    let merged = same_citizen::merged(site, view, &messages).await?;
    let teller = Teller {
        site,
        words: w,
        view,
        merged: &merged,
    };
    data["via"] = view.via.clone().into();
    data["name"] = if clear { letter.name } else { String::new() }.into();
    data["address"] = address.into();
    let mut told = Vec::with_capacity(messages.len());
    for message in &messages {
        let mut one = teller.message(message);
        for file in &message.letter.files {
            if let Some((text, question)) = links::sealed_text(site, file).await {
                one["sealed"] = text.into();
                one["sealed_by"] = question.into();
            }
        }
        told.push(one);
    }
    data["messages"] = told.into();
    same_citizen::add(site, board, view, &messages, &mut data).await?;
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
                .filter(|(_, file)| !links::is_text(file))
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
        (marks.spam, i.mark_spam),
        (marks.automatic && !marks.spam, i.mark_automatic),
        (marks.verified, i.mark_verified),
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
        "picture": attach::is_shown(&file.media_type) && file.withheld.is_empty(),
        "description": file.description,
        "withheld": file.withheld,
        "linked": !file.linked.is_empty(),
        "bytes": file.bytes,
    })
}

/// A verb about letters; none when it is another's.
pub(crate) async fn act(
    site: &Site,
    staffer: &Staffer,
    headers: &HeaderMap,
    verb: &str,
    ask: &Ask,
) -> Option<Response> {
    let w = staffer.words;
    let counselor = staffer.id();
    let command = match verb {
        "reply" => return Some(desk_replies::reply(site, staffer, headers, ask).await),
        "compose" => return Some(desk_replies::compose(site, staffer, headers, ask).await),
        "writes" | "look" => return Some(whisper(site, staffer, verb, ask)),
        "snooze" => snooze(site, counselor, ask),
        "assign" => assign(counselor, ask),
        "language" => language(counselor, ask),
        "merge" => same_citizen::merge(site, counselor, ask).await,
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

fn language(counselor: CounselorId, ask: &Ask) -> Option<Command> {
    Some(Command::CorrectLanguage {
        counselor,
        contact: ContactId(ask.contact?),
        language: Language::parse(ask.language.as_deref()?)?,
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
