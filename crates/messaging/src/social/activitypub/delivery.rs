//! Answers of the city on their way to another server, with patience for each server. Never repeats
//! anything: that is the outbox's.

use super::document::{Draft, Shown, create};
use super::peers::Missing;
use super::shelf::Note;
use super::{Actor, LIMITS};
use crate::fetch::{Answer, Failure};
use crate::letter::{AddressKind, Attachment, Outgoing};
use crate::outlet::{Submitted, Unsent};
use crate::social::plain;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// First wait after a failure of a server; doubled with each further one.
const WAIT_MIN: Duration = Duration::from_mins(1);
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_hours(1);
/// Media types that are shown from the city's own address.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Servers that failed lately.
#[derive(Debug, Default)]
pub struct Patience {
    hosts: Mutex<BTreeMap<String, (u32, Instant)>>,
}

impl Patience {
    /// How long a server is left in peace from `now` on.
    pub fn left(&self, host: &str, now: Instant) -> Option<Duration> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, until) = hosts.get(host)?;
        until
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }

    /// A server failed; it asks for patience itself, or gets more with each failure.
    fn failed(&self, host: &str, asked: Option<Duration>, now: Instant) -> Duration {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hosts.entry(host.to_owned()).or_insert((0, now));
        let doubled = WAIT_MIN.saturating_mul(1 << entry.0.min(10));
        let wait = asked.unwrap_or(doubled).min(WAIT_MAX);
        *entry = (entry.0 + 1, now + wait);
        wait
    }

    fn worked(&self, host: &str) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.remove(host);
    }
}

impl Actor {
    /// Tries to deliver an answer once.
    pub async fn send(&self, outgoing: &Outgoing) -> Result<Submitted, Unsent> {
        let never = |why: &str| Unsent::Never(why.to_owned());
        if outgoing.to.kind != AddressKind::Account {
            return Err(never("address-kind"));
        }
        let files = &outgoing.attachments;
        if LIMITS.count(&outgoing.text) > LIMITS.letters {
            return Err(never("too-long"));
        }
        if files.len() > LIMITS.pictures {
            return Err(never("too-many-attachments"));
        }
        if files
            .iter()
            .any(|file| file.bytes.len() > LIMITS.picture_bytes)
        {
            return Err(never("picture-too-large"));
        }
        let host = host_of(&outgoing.to.value).ok_or_else(|| never("address"))?;
        if let Some(left) = self.patience.left(&host, Instant::now()) {
            return Err(Unsent::Later { after: Some(left) });
        }
        let peer = match self.peers.actor(&outgoing.to.value).await {
            Ok(peer) => peer,
            Err(Missing::Unreachable) => return Err(self.later(&host, None)),
            Err(Missing::Gone) => return Err(never("gone")),
            Err(Missing::Nobody) => return Err(never("not-an-actor")),
        };
        let files = self.show(outgoing)?;
        let name = self.name_of(outgoing, "note");
        let kept = self.shelf(|shelf| shelf.note(&name));
        let published = kept.map_or_else(|| Timestamp::now().to_string(), |note| note.published);
        let activity = create(
            &self.at,
            &Draft {
                id: &name,
                to: &peer.id,
                handle: &peer.handle,
                in_reply_to: outgoing.in_reply_to.as_deref(),
                text: &outgoing.text,
                files: &files,
                public: outgoing.public,
                published: &published,
            },
        );
        let note = Note {
            to: peer.id.clone(),
            thread: outgoing.thread.clone(),
            published,
            create: outgoing.public.then(|| activity.clone()),
        };
        // Before it leaves: the answer to it may come at once and has to find its conversation.
        let kept = self.shelf(|shelf| shelf.keep(&name, &note));
        kept.map_err(|error| unwritten(&error))?;
        match self.peers.post(&peer.inbox, &activity).await {
            Ok(answer) => self.verdict(&host, &answer)?,
            Err(Failure::Address | Failure::Forbidden) => return Err(never("inbox")),
            Err(failure) if failure.unsent() => return Err(self.later(&host, None)),
            Err(_) => {
                self.later(&host, None);
                return Err(Unsent::Unknown);
            }
        }
        Ok(Submitted {
            reference: self.at.note(&name),
            receipt: false,
            parts: 1,
        })
    }

    pub(super) fn later(&self, host: &str, asked: Option<Duration>) -> Unsent {
        let after = self.patience.failed(host, asked, Instant::now());
        Unsent::Later { after: Some(after) }
    }

    /// What a server's answer means.
    pub(super) fn verdict(&self, host: &str, answer: &Answer) -> Result<(), Unsent> {
        match answer.status {
            200..=299 => {
                self.patience.worked(host);
                Ok(())
            }
            // 401 also when it could not fetch our key right now.
            401 | 408 | 429 | 500..=599 => Err(self.later(host, answer.retry_after())),
            status => Err(Unsent::Never(format!("http-{status}"))),
        }
    }

    /// A name for what belongs to a message: always the same, and nobody can guess it.
    fn name_of(&self, outgoing: &Outgoing, what: &str) -> String {
        let text = format!("{what} {}-{}", outgoing.contact, outgoing.message);
        plain::keyed(self.key.secret(), &text)
    }

    fn show(&self, outgoing: &Outgoing) -> Result<Vec<Shown>, Unsent> {
        let mut shown = Vec::new();
        for (index, file) in outgoing.attachments.iter().enumerate() {
            if !PICTURES.contains(&file.media_type.as_str()) {
                return Err(Unsent::Never("attachment-type".into()));
            }
            let name = self.name_of(outgoing, &format!("file {index}"));
            shown.push(
                self.show_one(&name, file)
                    .map_err(|error| unwritten(&error))?,
            );
        }
        Ok(shown)
    }

    fn show_one(&self, name: &str, file: &Attachment) -> io::Result<Shown> {
        let at = self.at.at(&format!("/actor/files/{name}"));
        self.shelf(|shelf| shelf.show(name, file, at))
    }
}

/// Host of an actor's address.
pub fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    url.host_str().map(str::to_owned)
}

fn unwritten(error: &io::Error) -> Unsent {
    tracing::error!(%error, "a note of the city cannot be kept");
    Unsent::Later { after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_is_left_in_peace_longer_each_time() {
        let patience = Patience::default();
        let now = Instant::now();
        assert_eq!(patience.left("a.example", now), None);
        assert_eq!(patience.failed("a.example", None, now), WAIT_MIN);
        assert_eq!(patience.left("a.example", now), Some(WAIT_MIN));
        assert_eq!(patience.left("b.example", now), None);
        assert_eq!(patience.failed("a.example", None, now), WAIT_MIN * 2);
        for _ in 0..20 {
            patience.failed("a.example", None, now);
        }
        assert_eq!(patience.left("a.example", now), Some(WAIT_MAX));
        assert_eq!(patience.left("a.example", now + WAIT_MAX), None);
        let asked = Duration::from_secs(7);
        assert_eq!(patience.failed("a.example", Some(asked), now), asked);
        patience.worked("a.example");
        assert_eq!(patience.failed("a.example", None, now), WAIT_MIN);
    }
}
