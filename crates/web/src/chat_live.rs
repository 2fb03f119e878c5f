//! The live line of a chat page: what is new, how it stands, who is typing; over a WebSocket or,
//! where none gets through, server-sent events. Never a message of the citizen: those are posted.

use crate::chat::{self, ChatSession};
use crate::chat_view::{Said, Speech, Standing, name_of, said_after, standing};
use crate::desk_events::{deliver, sse};
use crate::seats::Seat;
use crate::shield;
use crate::site::{Site, Visitor, closing, wants_page};
use crate::writing;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Json, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::ContactId;
use center::command::Command;
use hub::{Murmur, Speaker, Whisper};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Questions without an answer that end the line.
const PINGS_MAX: u32 = 2;
/// A page that does not take a message within this is dropped; it comes back and gets what is new.
const SLOW: Duration = Duration::from_secs(10);
/// What may be on its way to one page.
const BUFFER: usize = 64;
/// The board may be a moment ahead of what is written.
const BEHIND: Duration = Duration::from_millis(30);
/// Longest frame of a page: a thousand letters of a draft, each several bytes long.
const FRAME_MAX: usize = 64 * 1024;
/// Whispers of one page within a second.
const WHISPERS_MAX: u32 = 20;

/// What the page hears.
#[derive(Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Told {
    Say(Said),
    State {
        #[serde(flatten)]
        standing: Standing,
        /// The clock of the house (Unix ms): that of the page may be wrong.
        now: i64,
    },
    Writes {
        text: String,
    },
    Ping,
}

/// What the page says on the live line.
#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(crate) enum Spoken {
    /// The answer to a ping.
    Pong,
    /// The citizen types.
    Writes,
    /// What stands in the field, because the citizen switched that on.
    Draft {
        /// The field's text.
        text: String,
    },
}

/// From where the page wants to go on.
#[derive(Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    after: u32,
    #[serde(default)]
    lang: String,
}

/// Follows one chat for one page.
struct Feed {
    site: Site,
    speech: Speech,
    contact: ContactId,
    after: u32,
    sender: mpsc::Sender<Told>,
}

impl Feed {
    /// Tells what is new until the page is gone or the house closes. It listens before it reads:
    /// what happens in between is told twice at most, and the page knows it by its number.
    async fn attend(mut self) {
        let mut board = self.site.hub.board();
        let mut whispers = self.site.hub.chatter().listen();
        whispers.follow(&[self.contact]);
        let mut stop = self.site.stop.clone();
        let mut stood: Option<Standing> = None;
        let mut seen = None;
        loop {
            let shown = board.borrow_and_update().clone();
            let view = shown.contact(self.contact);
            let newest = view.map(|view| view.messages);
            let version = view.map(|view| view.version);
            let behind = newest.is_some_and(|newest| newest > self.after);
            // What moved elsewhere on the board is no news; a chat that is over is read once.
            let over = stood.as_ref().is_some_and(|stood| stood.stage == "over");
            if stood.is_none() || behind || (version.is_none() && !over) || version != seen {
                seen = version;
                if !self.look(newest, &mut stood).await {
                    return;
                }
            }
            let over = stood.as_ref().is_some_and(|stood| stood.stage == "over");
            let gone = version.is_none() && !over;
            let behind = gone || newest.is_some_and(|newest| newest > self.after);
            // Until something moves, whispers are only passed on.
            loop {
                tokio::select! {
                    () = closing(&mut stop) => return,
                    () = self.sender.closed() => return,
                    changed = board.changed() => if changed.is_err() { return } else { break },
                    () = tokio::time::sleep(BEHIND), if behind => break,
                    whisper = whispers.heard() => if !self.pass_on(&whisper).await { return },
                }
            }
        }
    }

    /// Tells what is new and how the chat stands; false when the page is gone.
    async fn look(&mut self, newest: Option<u32>, stood: &mut Option<Standing>) -> bool {
        let news = stood.is_none() || newest.is_none_or(|newest| newest > self.after);
        if news && !self.catch_up().await {
            return false;
        }
        let stands = standing(&self.site, self.speech, self.contact).await;
        if stood.as_ref() == Some(&stands) {
            return true;
        }
        let told = Told::State {
            standing: stands.clone(),
            now: self.site.now().0,
        };
        *stood = Some(stands);
        self.tell(told).await
    }

    async fn catch_up(&mut self) -> bool {
        match said_after(&self.site, self.speech, self.contact, self.after).await {
            Ok(messages) => {
                for said in messages {
                    self.after = said.n;
                    if !self.tell(Told::Say(said)).await {
                        return false;
                    }
                }
                true
            }
            Err(failure) => {
                tracing::error!(%failure, "a chat was not read");
                false
            }
        }
    }

    /// A counselor of this chat types.
    async fn pass_on(&self, whisper: &Whisper) -> bool {
        let (Speaker::Counselor(counselor), Murmur::Writes) = (whisper.by, &whisper.what) else {
            return true;
        };
        let name = name_of(&self.site, self.speech, counselor);
        let text = crate::texts::fill(self.speech.t.writes, &[("name", &name)]);
        self.tell(Told::Writes { text }).await
    }

    async fn tell(&self, told: Told) -> bool {
        matches!(
            tokio::time::timeout(SLOW, self.sender.send(told)).await,
            Ok(Ok(()))
        )
    }
}

/// Whose chat it is, and a seat among the open streams.
fn seated(
    site: &Site,
    headers: &HeaderMap,
    visitor: &Visitor,
) -> Result<(ChatSession, Seat<IpAddr>), StatusCode> {
    let session = chat::session(site, headers).filter(|session| session.contact != ContactId(0));
    let session = session.ok_or(StatusCode::UNAUTHORIZED)?;
    let seat = site.streams.take(visitor.from);
    Ok((session, seat.ok_or(StatusCode::TOO_MANY_REQUESTS)?))
}

fn follow(site: &Site, contact: ContactId, from: &From) -> mpsc::Receiver<Told> {
    let (sender, receiver) = mpsc::channel(BUFFER);
    let feed = Feed {
        site: site.clone(),
        speech: Speech::of(&from.lang),
        contact,
        after: from.after,
        sender,
    };
    tokio::spawn(feed.attend());
    receiver
}

fn json(told: &Told) -> String {
    serde_json::to_string(told).expect("plain data becomes JSON")
}

/// `GET /chat/ws`
pub(crate) async fn socket(
    State(site): State<Site>,
    visitor: Visitor,
    Query(from): Query<From>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // A browser sends the cookie to whoever opens the line: only our own page may.
    if !shield::same_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (session, seat) = match seated(&site, &headers, &visitor) {
        Ok(seated) => seated,
        Err(refused) => return refused.into_response(),
    };
    upgrade
        .max_message_size(FRAME_MAX)
        .on_upgrade(move |socket| async move {
            let _seat = seat;
            let told = follow(&site, session.contact, &from);
            speak(&site, session.contact, socket, told).await;
        })
}

async fn speak(
    site: &Site,
    contact: ContactId,
    mut socket: WebSocket,
    mut told: mpsc::Receiver<Told>,
) {
    let mut ping = tokio::time::interval(site.settings.writing.chat_ping);
    ping.reset();
    let mut unanswered = 0;
    let mut pace = Whispering::default();
    loop {
        let next = tokio::select! {
            next = told.recv() => next,
            _ = ping.tick() => {
                unanswered += 1;
                (unanswered <= PINGS_MAX).then_some(Told::Ping)
            }
            came = socket.recv() => {
                let Some(Ok(message)) = came else { return };
                unanswered = 0;
                if let Message::Text(text) = message
                    && let Ok(spoken) = serde_json::from_str(&text)
                {
                    hear(site, contact, spoken, &mut pace);
                }
                continue;
            }
        };
        let Some(next) = next else { break };
        let sending = socket.send(Message::Text(json(&next).into()));
        if !matches!(tokio::time::timeout(SLOW, sending).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

/// Whispers of one page in the present second.
#[derive(Default)]
struct Whispering {
    second: Option<Instant>,
    count: u32,
}

impl Whispering {
    fn may(&mut self, now: Instant) -> bool {
        let same = self
            .second
            .is_some_and(|since| now.duration_since(since) < Duration::from_secs(1));
        if !same {
            (self.second, self.count) = (Some(now), 0);
        }
        self.count += 1;
        self.count <= WHISPERS_MAX
    }
}

fn hear(site: &Site, contact: ContactId, spoken: Spoken, pace: &mut Whispering) {
    site.chats.seen(contact, Instant::now());
    let what = match spoken {
        Spoken::Pong => return,
        Spoken::Writes => Murmur::Writes,
        Spoken::Draft { text } => Murmur::Draft(text),
    };
    if pace.may(Instant::now()) {
        whisper(site, contact, what);
    }
}

/// Whoever types is there: the silence after an answer counts from now on.
fn types(site: &Site, contact: ContactId) {
    if !site.chats.present.may(contact, Instant::now()) {
        return;
    }
    let hub = site.hub.clone();
    tokio::spawn(async move {
        // A refusal says that it is over already.
        let _ = hub.send(Command::Present { contact }).await;
    });
}

/// `POST /chat/here`: the citizen, who was asked, is still there.
pub(crate) async fn here(State(site): State<Site>, headers: HeaderMap) -> Response {
    let session = chat::session(&site, &headers).filter(|session| session.contact != ContactId(0));
    let Some(session) = session else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let contact = session.contact;
    if !site.chats.whispers.may(session.nonce, Instant::now()) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    site.chats.seen(contact, Instant::now());
    // A refusal says that it is over already.
    let _ = site.hub.report(Command::Present { contact }).await;
    if wants_page(&headers) {
        Redirect::to("/chat/log").into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    }
}

fn whisper(site: &Site, contact: ContactId, what: Murmur) {
    let most = site.city().limits.text_letters_max * 2;
    if let Murmur::Draft(text) = &what
        && writing::letters(text) > most
    {
        return;
    }
    types(site, contact);
    site.hub.chatter().whisper(&Whisper {
        contact,
        by: Speaker::Citizen,
        what,
    });
}

/// `GET /chat/events`: the same for pages whose network lets no WebSocket through.
pub(crate) async fn events(
    State(site): State<Site>,
    visitor: Visitor,
    Query(mut from): Query<From>,
    headers: HeaderMap,
) -> Response {
    let (session, seat) = match seated(&site, &headers, &visitor) {
        Ok(seated) => seated,
        Err(refused) => return refused.into_response(),
    };
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    from.after = last.unwrap_or(from.after);
    let mut told = follow(&site, session.contact, &from);
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let _seat = seat;
        let mut ping = tokio::time::interval(site.settings.writing.chat_ping);
        ping.reset();
        loop {
            let next = tokio::select! {
                next = told.recv() => next,
                _ = ping.tick() => Some(Told::Ping),
                () = sender.closed() => None,
            };
            let Some(next) = next else { return };
            let mut event = Event::default().data(json(&next));
            if let Told::Say(said) = &next {
                event = event.id(said.n.to_string());
            }
            if !deliver(&sender, event).await {
                return;
            }
        }
    });
    let mut response = sse(receiver);
    // Proxies that gather answers would hold the stream back.
    response.headers_mut().insert(
        "x-accel-buffering",
        axum::http::HeaderValue::from_static("no"),
    );
    response
}

/// `POST /chat/whisper`: typing and drafts of pages without a WebSocket.
pub(crate) async fn whispered(
    State(site): State<Site>,
    headers: HeaderMap,
    Json(spoken): Json<Spoken>,
) -> StatusCode {
    let Some(session) = chat::session(&site, &headers) else {
        return StatusCode::UNAUTHORIZED;
    };
    let contact = session.contact;
    if !site.chats.whispers.may(session.nonce, Instant::now()) {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    site.chats.seen(contact, Instant::now());
    match spoken {
        Spoken::Pong => {}
        Spoken::Writes => whisper(&site, contact, Murmur::Writes),
        Spoken::Draft { text } => whisper(&site, contact, Murmur::Draft(text)),
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_cannot_flood_the_desk_with_whispers() {
        let mut pace = Whispering::default();
        let now = Instant::now();
        assert_eq!((0..50).filter(|_| pace.may(now)).count(), 20);
        assert!(pace.may(now + Duration::from_secs(1)));
    }
}
