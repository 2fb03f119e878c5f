//! What is said beside the record: who writes at this moment, half-written text, who looks. Never
//! stored, never a command, gone when nobody listens.

use center::city::{ContactId, CounselorId};
use std::time::Duration;
use tokio::sync::broadcast;

/// Screens forget a whisper that is not repeated within this.
pub const WHISPER_KEPT: Duration = Duration::from_secs(6);

/// Whispers a slow listener may lag behind; it misses the older ones, and nothing is lost by that.
const BEHIND_MAX: usize = 1_024;

/// Who whispers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The citizen of the contact.
    Citizen,
    /// A counselor.
    Counselor(CounselorId),
}

/// What is whispered.
#[derive(Clone, PartialEq, Eq)]
pub enum Murmur {
    /// Writes at this moment.
    Writes,
    /// What stands in the citizen's field so far, whole, because the citizen switched that on.
    Draft(String),
    /// Looks at the conversation.
    Looks,
}

impl std::fmt::Debug for Murmur {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Murmur::Writes => "Writes",
            Murmur::Draft(_) => "Draft(..)",
            Murmur::Looks => "Looks",
        })
    }
}

/// One whisper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whisper {
    /// Contact it is about.
    pub contact: ContactId,
    /// Who.
    pub by: Speaker,
    /// What.
    pub what: Murmur,
}

/// The way of whispers between pages.
#[derive(Clone, Debug)]
pub struct Chatter {
    sender: broadcast::Sender<Whisper>,
}

impl Chatter {
    pub(crate) fn new() -> Chatter {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        Chatter { sender }
    }

    /// Tells whoever listens.
    pub fn whisper(&self, whisper: Whisper) {
        let _ = self.sender.send(whisper);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Whisper> {
        self.sender.subscribe()
    }
}

/// The next whisper; older ones that a slow listener missed are passed over. None when the hub is
/// gone.
pub async fn heard(listener: &mut broadcast::Receiver<Whisper>) -> Option<Whisper> {
    loop {
        match listener.recv().await {
            Ok(whisper) => return Some(whisper),
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Whisper {
        Whisper {
            contact: ContactId(7),
            by: Speaker::Citizen,
            what: Murmur::Draft(text.into()),
        }
    }

    #[tokio::test]
    async fn whispers_reach_whoever_listens_and_stay_out_of_logs() {
        let chatter = Chatter::new();
        chatter.whisper(draft("nobody hears"));
        let mut listener = chatter.listen();
        chatter.whisper(draft("secret"));
        let whisper = heard(&mut listener).await.expect("it was said");
        assert_eq!(whisper, draft("secret"));
        assert!(!format!("{whisper:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_slow_listener_goes_on_with_the_newer_ones() {
        let chatter = Chatter::new();
        let mut listener = chatter.listen();
        for turn in 0..=BEHIND_MAX {
            chatter.whisper(draft(&turn.to_string()));
        }
        assert_eq!(heard(&mut listener).await, Some(draft("1")));
        drop(chatter);
        let mut last = None;
        while let Some(whisper) = heard(&mut listener).await {
            last = Some(whisper);
        }
        assert_eq!(last, Some(draft(&BEHIND_MAX.to_string())));
    }
}
