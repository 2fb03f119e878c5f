//! What is said beside the record: who writes at this moment, half-written text, who looks. Never
//! stored, never a command, gone when nobody listens.

use center::city::{ContactId, CounselorId};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Screens forget a whisper that is not repeated within this.
pub const WHISPER_KEPT: Duration = Duration::from_secs(6);

/// Whispers that wait for a slow listener; it misses the older ones, and nothing is lost by that.
const WAITING_MAX: usize = 64;

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

/// The way of whispers between pages. A whisper reaches those who follow its contact and wakes
/// nobody else: a thousand citizens who type are no business of a thousand others.
#[derive(Clone, Debug, Default)]
pub struct Chatter {
    topics: Arc<Mutex<HashMap<ContactId, Vec<Arc<Mailbox>>>>>,
}

impl Chatter {
    /// Tells whoever follows the contact.
    pub fn whisper(&self, whisper: &Whisper) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listeners) = topics.get(&whisper.contact) else {
            return;
        };
        for mailbox in listeners {
            mailbox.put(whisper.clone());
        }
    }

    /// Listens from now on, to nothing yet.
    pub fn listen(&self) -> Listener {
        Listener {
            chatter: self.clone(),
            followed: BTreeSet::new(),
            mailbox: Arc::default(),
        }
    }
}

/// Whispers on their way to one listener.
#[derive(Debug, Default)]
struct Mailbox {
    waiting: Mutex<VecDeque<Whisper>>,
    came: Notify,
}

impl Mailbox {
    fn put(&self, whisper: Whisper) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(whisper);
        drop(waiting);
        self.came.notify_one();
    }

    fn take(&self) -> Option<Whisper> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }
}

/// One who listens; stops when dropped.
#[derive(Debug)]
pub struct Listener {
    chatter: Chatter,
    followed: BTreeSet<ContactId>,
    mailbox: Arc<Mailbox>,
}

impl Listener {
    /// Follows these contacts and no others.
    pub fn follow(&mut self, contacts: &[ContactId]) {
        let same = contacts.len() == self.followed.len()
            && contacts.iter().all(|one| self.followed.contains(one));
        if same {
            return;
        }
        let wanted: BTreeSet<ContactId> = contacts.iter().copied().collect();
        let mut topics = self
            .chatter
            .topics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for gone in self.followed.difference(&wanted) {
            if let Some(listeners) = topics.get_mut(gone) {
                listeners.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
                if listeners.is_empty() {
                    topics.remove(gone);
                }
            }
        }
        for new in wanted.difference(&self.followed) {
            topics.entry(*new).or_default().push(self.mailbox.clone());
        }
        drop(topics);
        self.followed = wanted;
    }

    /// The next whisper. May be dropped and asked for again: none is lost by that.
    pub async fn heard(&self) -> Whisper {
        loop {
            if let Some(whisper) = self.mailbox.take() {
                return whisper;
            }
            self.mailbox.came.notified().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.follow(&[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(contact: u64, text: &str) -> Whisper {
        Whisper {
            contact: ContactId(contact),
            by: Speaker::Citizen,
            what: Murmur::Draft(text.into()),
        }
    }

    #[tokio::test]
    async fn whispers_reach_whoever_follows_and_stay_out_of_logs() {
        let chatter = Chatter::default();
        chatter.whisper(&draft(7, "nobody hears"));
        let mut listener = chatter.listen();
        chatter.whisper(&draft(7, "nor this"));
        listener.follow(&[ContactId(7), ContactId(8)]);
        chatter.whisper(&draft(9, "of another"));
        chatter.whisper(&draft(7, "secret"));
        let whisper = listener.heard().await;
        assert_eq!(whisper, draft(7, "secret"));
        assert!(!format!("{whisper:?}").contains("secret"));
        listener.follow(&[ContactId(8)]);
        chatter.whisper(&draft(7, "no more"));
        chatter.whisper(&draft(8, "still"));
        assert_eq!(listener.heard().await, draft(8, "still"));
    }

    #[tokio::test]
    async fn a_slow_listener_goes_on_with_the_newer_ones() {
        let chatter = Chatter::default();
        let mut listener = chatter.listen();
        listener.follow(&[ContactId(7)]);
        for turn in 0..=WAITING_MAX {
            chatter.whisper(&draft(7, &turn.to_string()));
        }
        for turn in 1..=WAITING_MAX {
            assert_eq!(listener.heard().await, draft(7, &turn.to_string()));
        }
    }

    #[tokio::test]
    async fn who_is_gone_leaves_nothing_behind() {
        let chatter = Chatter::default();
        let mut listener = chatter.listen();
        listener.follow(&[ContactId(7), ContactId(8)]);
        drop(listener);
        let topics = chatter
            .topics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        assert!(topics.is_empty());
    }
}
