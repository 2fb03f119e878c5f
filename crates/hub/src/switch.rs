//! Takes commands, asks the center, appends in one transaction, then sends effects and shows the
//! board. Never media.

use crate::chatter::Chatter;
use crate::librarian::{self, Librarian, Texted};
use crate::media::{MediaPort, MediaRequest};
use crate::personal::Personal;
use crate::turn::Switch;
use center::board::Board;
use center::city::{City, ContactId};
use center::command::{Answer, Command, Refusal};
use center::effect::Effect;
use center::knowledge::{Audience, Notice};
use center::time::Time;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The center refused; nothing changed.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The journal could not be written; nothing changed.
    #[error("the record cannot be written right now")]
    Unwritten,
    /// The hub has stopped.
    #[error("the center is shutting down")]
    Stopped,
}

/// An effect on its way to telephony, with the number it needs.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What shall be done.
    pub effect: Effect,
    /// Number to call, for effects that call one.
    pub number: Option<String>,
}

/// The ends that the wings read: telephony the first two, messaging the third.
#[derive(Debug)]
pub struct Wings {
    /// Effects in order.
    pub effects: mpsc::UnboundedReceiver<Outgoing>,
    /// Requests of pages.
    pub media: mpsc::Receiver<MediaRequest>,
    /// Messages that shall leave. What stays here at a stop is in the outbox of the record.
    pub letters: Option<Letters>,
}

/// Messages that shall leave, by contact and number within it.
pub type Letters = mpsc::UnboundedReceiver<(ContactId, u32)>;

/// What the hub starts from.
#[derive(Debug)]
pub struct Start {
    /// City.
    pub city: Arc<City>,
    /// Journal, moved in.
    pub journal: store::Journal,
}

pub(crate) struct Envelope {
    pub command: Command,
    pub personal: Vec<Personal>,
    pub reply: oneshot::Sender<Result<Answer, Error>>,
}

/// Commands that may wait in the inbox; beyond it senders wait, so nothing is dropped.
const INBOX_MAX: usize = 4_096;

/// Pause before an unwritten fact is reported again.
const REPORT_AGAIN: Duration = Duration::from_millis(250);

/// The handle by which wings speak to the center; cloned freely.
#[derive(Clone, Debug)]
pub struct Hub {
    inbox: mpsc::Sender<Envelope>,
    board: watch::Receiver<Arc<Board>>,
    media: MediaPort,
    chatter: Chatter,
    librarian: Librarian,
    city: Arc<City>,
}

impl Hub {
    /// Hands in a command; returns once what follows from it is durable.
    pub async fn send(&self, command: Command) -> Result<Answer, Error> {
        self.send_with(command, Vec::new()).await
    }

    /// The same with personal data for erasable rows. A row for a contact that the command opens
    /// carries contact number 0; the hub fills it in.
    pub async fn send_with(
        &self,
        command: Command,
        personal: Vec<Personal>,
    ) -> Result<Answer, Error> {
        let (reply, answer) = oneshot::channel();
        let envelope = Envelope {
            command,
            personal,
            reply,
        };
        self.inbox
            .send(envelope)
            .await
            .map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Reports a fact that has already happened in the world: tries again until it is written, as
    /// long as the hub runs. A refusal is final.
    pub async fn report(&self, command: Command) -> Result<Answer, Error> {
        loop {
            match self.send(command.clone()).await {
                Err(Error::Unwritten) => tokio::time::sleep(REPORT_AGAIN).await,
                answer => return answer,
            }
        }
    }

    /// The present moment, renewed at most every 100 ms.
    pub fn board(&self) -> watch::Receiver<Arc<Board>> {
        self.board.clone()
    }

    /// The way to telephony for pages.
    pub fn media(&self) -> &MediaPort {
        &self.media
    }

    /// The way between pages for what is never stored.
    pub fn chatter(&self) -> &Chatter {
        &self.chatter
    }

    /// The way into the counseling information database.
    pub fn librarian(&self) -> &Librarian {
        &self.librarian
    }

    /// The city.
    pub fn city(&self) -> &Arc<City> {
        &self.city
    }

    /// The clock of the house; wings that show durations use it and no other.
    pub fn now(&self) -> Time {
        now()
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(since.map_or(0, |since| since.as_millis() as i64))
}

/// Tells the center which prompts callers hear first, whenever a notice with one begins or ends.
async fn announce(
    inbox: mpsc::WeakSender<Envelope>,
    mut notices: watch::Receiver<Arc<Vec<Texted>>>,
) {
    let mut told: Vec<String> = Vec::new();
    loop {
        let shown = notices.borrow_and_update().clone();
        let heard = |notice: &&Notice| {
            notice.live(now()) && notice.audience == Audience::Citizen && !notice.prompt.is_empty()
        };
        let live = shown.iter().map(|(notice, _)| notice).filter(heard);
        let prompts: Vec<String> = live.map(|notice| notice.prompt.clone()).collect();
        if prompts != told {
            let Some(inbox) = inbox.upgrade() else {
                return;
            };
            let (reply, answer) = oneshot::channel();
            let command = Command::Announce {
                prompts: prompts.clone(),
            };
            let envelope = Envelope {
                command,
                personal: Vec::new(),
                reply,
            };
            if inbox.send(envelope).await.is_err() {
                return;
            }
            if !matches!(answer.await, Ok(Ok(_))) {
                tokio::time::sleep(REPORT_AGAIN).await;
                continue;
            }
            told = prompts;
        }
        if notices.changed().await.is_err() {
            return;
        }
    }
}

/// Replays what is open, tells the center that it restarted, and begins to take commands.
pub async fn start(start: Start) -> Result<(Hub, Wings), store::Failure> {
    let (inbox, commands) = mpsc::channel(INBOX_MAX);
    let (effects, outgoing) = mpsc::unbounded_channel();
    let (letters, outbox) = mpsc::unbounded_channel();
    let (media, requests) = MediaPort::new();
    let (show, board) = watch::channel(Arc::default());
    let city = start.city.clone();
    let library = start.journal.library().await?;
    let librarian = librarian::start(city.clone(), library, now).await?;
    let mut switch = Switch::new(start, (effects, letters), show, now());
    switch.recover(now()).await?;
    switch.restarted(now()).await?;
    tokio::spawn(switch.run(commands, now));
    tokio::spawn(announce(inbox.downgrade(), librarian.notices()));
    let hub = Hub {
        inbox,
        board,
        media,
        chatter: Chatter::default(),
        librarian,
        city,
    };
    Ok((
        hub,
        Wings {
            effects: outgoing,
            media: requests,
            letters: Some(outbox),
        },
    ))
}
