//! The live stream of a desk: its view whenever it changes, and whether the page is still there.
//! Never a command of the counselor.

use crate::desk_letters;
use crate::desk_view;
use crate::library::notices;
use crate::presence::{BEAT, GRACE, Hold};
use crate::seats::Seat;
use crate::site::{Site, Staffer, closing};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use center::city::CounselorId;
use center::command::{Command, Refusal};
use hub::{MediaRequest, Texted};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A page that does not take a message within this is dropped; it comes back and gets the whole.
const SLOW: Duration = Duration::from_secs(10);
/// Messages on their way to one page.
const BUFFER: usize = 4;

/// `GET /desk/events`
pub(crate) async fn events(State(site): State<Site>, staffer: Staffer) -> Response {
    let Some(seat) = site.staff_streams.take(Some(staffer.id())) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    let hold = site.presence.take(staffer.id());
    let (sender, receiver) = mpsc::channel(BUFFER);
    let desk = OpenDesk {
        site,
        hold,
        language: staffer.words.tag,
        sender,
        _seat: seat,
    };
    tokio::spawn(desk.attend());
    sse(receiver)
}

/// A stream that ends when its sender is gone.
pub(crate) fn sse(mut receiver: mpsc::Receiver<Event>) -> Response {
    let next = futures_util::stream::poll_fn(move |context| {
        receiver
            .poll_recv(context)
            .map(|event| event.map(Ok::<Event, Infallible>))
    });
    Sse::new(next)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// Sends, unless the other side takes too long or is gone.
pub(crate) async fn deliver(sender: &mpsc::Sender<Event>, event: Event) -> bool {
    matches!(
        tokio::time::timeout(SLOW, sender.send(event)).await,
        Ok(Ok(()))
    )
}

struct OpenDesk {
    site: Site,
    hold: Hold,
    language: &'static str,
    sender: mpsc::Sender<Event>,
    _seat: Seat<Option<CounselorId>>,
}

/// Why a stream ended.
#[derive(PartialEq, Eq)]
enum End {
    Gone,
    Taken,
    Stopping,
}

impl OpenDesk {
    async fn attend(mut self) {
        open_desk(&self.site, self.hold.counselor()).await;
        let end = self.stream().await;
        let counselor = self.hold.counselor();
        match end {
            End::Stopping => {}
            End::Taken => {
                deliver(&self.sender, Event::default().event("taken").data("{}")).await;
            }
            End::Gone => {
                drop(self.sender);
                tokio::time::sleep(GRACE).await;
                if self.hold.holds() {
                    let lost = self.site.hub.send(Command::DeskLost { counselor }).await;
                    if let Err(error) = lost {
                        tracing::debug!(%error, "a lost desk was not reported");
                    }
                }
            }
        }
    }

    async fn tell(&self, name: &str, data: String) -> bool {
        deliver(&self.sender, Event::default().event(name).data(data)).await
    }

    /// Sends what everybody must know now.
    async fn tell_notices(&self, notices: &mut watch::Receiver<Arc<Vec<Texted>>>) -> bool {
        let shown = notices.borrow_and_update().clone();
        let live = notices::live(&shown, self.site.now(), self.language, true);
        self.tell("notices", json!({ "notices": live }).to_string())
            .await
    }

    async fn stream(&mut self) -> End {
        let mut board = self.site.hub.board();
        let mut notices = self.site.hub.librarian().notices();
        notices.mark_changed();
        let mut stop = self.site.stop.clone();
        let mut beat = tokio::time::interval(BEAT);
        let mut whispers = self.site.hub.chatter().listen();
        let mut shown = String::new();
        let counselor = self.hold.counselor();
        let (tell, mut codec) = watch::channel(None);
        // Without telephony the page speaks as it began.
        let ask = MediaRequest::DeskCodec { counselor, tell };
        let mut telling = self.site.hub.media().ask(ask);
        loop {
            let now = board.borrow_and_update().clone();
            let held = now.counselor(counselor);
            whispers.follow(held.map_or(&[], |me| me.contacts.as_slice()));
            let view = desk_view::view(&now, self.site.city(), counselor, self.language);
            let view = serde_json::to_string(&view).expect("plain data becomes JSON");
            if view != shown {
                let data = format!(r#"{{"now":{},"view":{view}}}"#, self.site.now().0);
                if !self.tell("view", data).await {
                    return End::Gone;
                }
                shown = view;
            }
            loop {
                tokio::select! {
                    () = self.hold.lost() => return End::Taken,
                    () = closing(&mut stop) => return End::Stopping,
                    () = self.sender.closed() => return End::Gone,
                    changed = codec.changed(), if telling => {
                        telling = changed.is_ok();
                        let name = *codec.borrow_and_update();
                        if !self.tell("codec", name.unwrap_or_default().to_owned()).await {
                            return End::Gone;
                        }
                    }
                    whisper = whispers.heard() => {
                        let told = desk_letters::heard_at(&self.site, &now, counselor, &whisper);
                        if let Some(told) = told
                            && !self.tell("whisper", told.to_string()).await
                        {
                            return End::Gone;
                        }
                    }
                    changed = notices.changed() => {
                        if changed.is_err() || !self.tell_notices(&mut notices).await {
                            return End::Gone;
                        }
                    }
                    changed = board.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return End::Stopping,
                    },
                    _ = beat.tick() => {
                        let silent = self.site.presence.silent(counselor);
                        if silent || !self.tell("beat", self.site.now().0.to_string()).await {
                            return End::Gone;
                        }
                    }
                }
            }
        }
    }
}

/// Tells the center that the page is there: back again, or signed in for the first time.
async fn open_desk(site: &Site, counselor: center::city::CounselorId) {
    let back = site.hub.send(Command::DeskBack { counselor }).await;
    if let Err(hub::Error::Refused(Refusal::UnknownCounselor)) = back
        && let Err(error) = site.hub.send(Command::SignIn { counselor }).await
    {
        tracing::warn!(%error, "a desk was not opened");
    }
}
