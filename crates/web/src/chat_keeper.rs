//! Who still has a chat page open, and how fast anybody may begin and write. Never what is written.

use crate::site::{Site, closing};
use center::city::{Channel, ContactId};
use center::command::{Command, Ending};
use center::limit::Limits;
use center::record::Stage;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Chats begun from one address: a family or an office, not a flood.
const BEGUN_MAX: usize = 30;
const BEGUN_WINDOW: Duration = Duration::from_mins(5);
/// Messages of one session: faster than anybody types, slower than a program.
const SENT_MAX: usize = 30;
const SENT_WINDOW: Duration = Duration::from_mins(1);
/// Whispers of one page in one second.
const WHISPERS_MAX: usize = 20;
const WHISPERS_WINDOW: Duration = Duration::from_secs(1);
/// How often the center hears that a citizen is there, within the time after which it would ask.
const PRESENT_SHARE: u64 = 6;
/// Conversations mailed to one address, and asked for from one: nobody is flooded by strangers.
const MAILED_MAX: usize = 5;
const ASKED_MAIL_MAX: usize = 20;
const MAILED_WINDOW: Duration = Duration::from_hours(24);
/// Keys remembered by one pace; beyond it the oldest windows are looked through first.
const KEYS_MAX: usize = 50_000;
/// How often gone pages are looked for, at most.
const SWEEP: Duration = Duration::from_secs(5);

/// How often something may happen for one key within a window.
pub(crate) struct Pace<K> {
    times: Mutex<BTreeMap<K, VecDeque<Instant>>>,
    most: usize,
    window: Duration,
}

impl<K: Ord> Pace<K> {
    pub(crate) fn new(most: usize, window: Duration) -> Pace<K> {
        Pace {
            times: Mutex::default(),
            most,
            window,
        }
    }

    /// Whether it may happen once more; if so, it is counted.
    pub(crate) fn may(&self, key: K, now: Instant) -> bool {
        let mut all = self.times.lock().expect("no panic while it is held");
        if all.len() > KEYS_MAX {
            all.retain(|_, times| {
                times
                    .back()
                    .is_some_and(|at| now.duration_since(*at) < self.window)
            });
        }
        let times = all.entry(key).or_default();
        while times
            .front()
            .is_some_and(|at| now.duration_since(*at) >= self.window)
        {
            times.pop_front();
        }
        let free = times.len() < self.most;
        if free {
            times.push_back(now);
        }
        free
    }
}

/// What is known of chat pages.
pub(crate) struct Keeper {
    seen: Mutex<BTreeMap<ContactId, Instant>>,
    pub(crate) begun: Pace<IpAddr>,
    pub(crate) sent: Pace<String>,
    pub(crate) whispers: Pace<String>,
    /// By chat: how often the center is told that its citizen is there.
    pub(crate) present: Pace<ContactId>,
    /// By digest of the address to which a conversation goes.
    pub(crate) mailed: Pace<String>,
    pub(crate) asked_mail: Pace<IpAddr>,
}

impl Keeper {
    pub(crate) fn new(limits: &Limits) -> Keeper {
        let asks_ms = u64::try_from(limits.chat_nudge_ms).unwrap_or(0);
        Keeper {
            seen: Mutex::default(),
            begun: Pace::new(BEGUN_MAX, BEGUN_WINDOW),
            sent: Pace::new(SENT_MAX, SENT_WINDOW),
            whispers: Pace::new(WHISPERS_MAX, WHISPERS_WINDOW),
            present: Pace::new(1, Duration::from_millis(asks_ms / PRESENT_SHARE)),
            mailed: Pace::new(MAILED_MAX, MAILED_WINDOW),
            asked_mail: Pace::new(ASKED_MAIL_MAX, MAILED_WINDOW),
        }
    }

    /// A page of this chat is there.
    pub(crate) fn seen(&self, contact: ContactId, now: Instant) {
        let mut seen = self.seen.lock().expect("no panic while it is held");
        seen.insert(contact, now);
    }

    /// Of the open chats those whose page is gone; what is not known yet is looked at from now on.
    fn gone(&self, open: &[ContactId], after: Duration, now: Instant) -> Vec<ContactId> {
        let mut seen = self.seen.lock().expect("no panic while it is held");
        seen.retain(|contact, _| open.contains(contact));
        let mut gone = Vec::new();
        for contact in open {
            let last = *seen.entry(*contact).or_insert(now);
            if now.duration_since(last) >= after {
                seen.remove(contact);
                gone.push(*contact);
            }
        }
        gone
    }
}

/// Reports chats whose page is gone, as long as the house is open.
pub(crate) async fn sweep(site: Site) {
    let after = site.settings.writing.chat_gone;
    let mut stop = site.stop.clone();
    let mut tick = tokio::time::interval(SWEEP.min(after / 4).max(Duration::from_millis(50)));
    loop {
        tokio::select! {
            () = closing(&mut stop) => return,
            _ = tick.tick() => {}
        }
        let board = site.hub.board().borrow().clone();
        let open: Vec<ContactId> = board
            .contacts
            .iter()
            .filter(|view| view.channel == Channel::Chat)
            .filter(|view| matches!(view.stage, Stage::Queue | Stage::Ringing | Stage::Talk))
            .map(|view| view.contact)
            .collect();
        for contact in site.chats.gone(&open, after, Instant::now()) {
            let left = Command::Left {
                contact,
                ending: Ending::LineLost,
            };
            if let Err(error) = site.hub.report(left).await {
                tracing::debug!(%error, "a gone chat page was not reported");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_faster_than_the_pace() {
        let pace = Pace::new(2, Duration::from_mins(1));
        let now = Instant::now();
        assert!(pace.may("a", now) && pace.may("a", now) && !pace.may("a", now));
        assert!(pace.may("b", now), "another key is another pace");
        assert!(pace.may("a", now + Duration::from_mins(1)));
    }

    #[test]
    fn a_page_that_is_not_heard_of_is_gone_once() {
        let keeper = Keeper::new(&Limits::default());
        let (begin, after) = (Instant::now(), Duration::from_mins(3));
        let open = [ContactId(1), ContactId(2)];
        assert!(keeper.gone(&open, after, begin).is_empty(), "just found");
        keeper.seen(ContactId(2), begin + Duration::from_mins(2));
        let found = keeper.gone(&open, after, begin + after);
        assert_eq!(found, [ContactId(1)]);
        assert!(keeper.gone(&[], after, begin + after * 9).is_empty());
    }
}
