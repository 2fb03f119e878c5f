//! The citizen asks for the own chat by mail: once to an address, to few addresses, seldom. Never
//! what the mail says, never how it leaves.

use crate::chat::{self, ChatSession};
use crate::chat_view::Speech;
use crate::commands::said as answer;
use crate::site::{Site, address, wants_page};
use axum::extract::{Form, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::ContactId;
use center::command::{Answer, Command, Refusal};
use serde::Deserialize;
use std::time::Instant;
use store::{Letter, Personal, note_digest};

/// The form of the page.
#[derive(Deserialize)]
pub(crate) struct Ask {
    address: String,
}

/// `POST /chat/mail`
pub(crate) async fn mail(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(session) = chat::session(&site, &parts.headers) else {
        return chat::no_session(&parts);
    };
    let asked = Form::<Ask>::from_request(Request::from_parts(parts.clone(), body), &site).await;
    let to = asked.map_or_else(|_| String::new(), |Form(ask)| ask.address);
    let speech = Speech::of(chat::tag(&site, &parts));
    let (status, text) = send(&site, speech, &session, &parts, to.trim()).await;
    if status != StatusCode::OK {
        return chat::problem(&site, &parts, status, text, Some((&session, ""))).await;
    }
    if wants_page(&parts.headers) {
        Redirect::to("/chat").into_response()
    } else {
        answer(status, "done", text)
    }
}

async fn send(
    site: &Site,
    speech: Speech,
    session: &ChatSession,
    parts: &Parts,
    to: &str,
) -> (StatusCode, &'static str) {
    let t = speech.t;
    let Some(is_address) = &site.settings.writing.mails_to else {
        return (StatusCode::NOT_FOUND, t.trouble);
    };
    if session.contact == ContactId(0) {
        return (StatusCode::CONFLICT, t.mail_early);
    }
    if !is_address(to) {
        return (StatusCode::UNPROCESSABLE_ENTITY, t.mail_address);
    }
    let now = Instant::now();
    let token = site
        .archive
        .token(&format!("transcript to {}", to.to_lowercase()));
    let chats = &site.chats;
    if !chats.asked_mail.may(address(parts), now) || !chats.mailed.may(token, now) {
        return (StatusCode::TOO_MANY_REQUESTS, t.mail_often);
    }
    let (command, row) = transcript(site, session.contact, to);
    match site.hub.send_with(command, vec![row]).await {
        Ok(Answer::Message { .. }) => (StatusCode::OK, t.mail_done),
        Err(hub::Error::Refused(Refusal::WrongState)) => (StatusCode::CONFLICT, t.mail_early),
        Err(hub::Error::Refused(Refusal::TooOften)) => {
            (StatusCode::TOO_MANY_REQUESTS, t.mail_often)
        }
        other => {
            tracing::warn!(?other, "a transcript was not taken");
            (StatusCode::SERVICE_UNAVAILABLE, t.trouble)
        }
    }
}

/// The same address of the same chat gives the same digest, which says nothing about it.
fn transcript(site: &Site, contact: ContactId, to: &str) -> (Command, Personal) {
    let nonce = site
        .archive
        .token(&format!("transcript {contact} {}", to.to_lowercase()));
    let command = Command::Transcript {
        contact,
        digest: note_digest(&nonce, ""),
    };
    let letter = Letter {
        nonce,
        address_kind: "mail".to_owned(),
        address: to.to_owned(),
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact,
        message: 0,
        letter: Box::new(letter),
    };
    (command, row)
}
