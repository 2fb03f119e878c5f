//! Which desk page speaks for a counselor, and whether it is still there. Never what it shows.

use center::city::CounselorId;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often a page is asked whether it is there.
pub(crate) const BEAT: Duration = Duration::from_secs(5);
/// Silence after which it counts as gone: three questions without an answer. A broken network
/// closes nothing by itself, so the connection alone proves nothing.
pub(crate) const SILENCE: Duration = Duration::from_secs(16);
/// A reload takes less than this; nobody is told of it.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// The desks that are open.
#[derive(Default)]
pub(crate) struct Presence(Mutex<BTreeMap<CounselorId, Desk>>);

struct Desk {
    page: watch::Sender<u64>,
    answered: Instant,
}

/// A page's hold on its desk: lost as soon as a newer page opens the same desk.
pub(crate) struct Hold {
    counselor: CounselorId,
    page: u64,
    newest: watch::Receiver<u64>,
}

impl Presence {
    /// A page opens the desk; an older one loses it.
    pub(crate) fn take(&self, counselor: CounselorId) -> Hold {
        let mut desks = self.0.lock().expect("no panic while it is held");
        let desk = desks.entry(counselor).or_insert_with(|| Desk {
            page: watch::Sender::new(0),
            answered: Instant::now(),
        });
        desk.answered = Instant::now();
        desk.page.send_modify(|page| *page += 1);
        let mut newest = desk.page.subscribe();
        let page = *newest.borrow_and_update();
        Hold {
            counselor,
            page,
            newest,
        }
    }

    /// A page said that it is there.
    pub(crate) fn answered(&self, counselor: CounselorId) {
        let mut desks = self.0.lock().expect("no panic while it is held");
        if let Some(desk) = desks.get_mut(&counselor) {
            desk.answered = Instant::now();
        }
    }

    /// Whether it has been silent for too long.
    pub(crate) fn silent(&self, counselor: CounselorId) -> bool {
        let desks = self.0.lock().expect("no panic while it is held");
        desks
            .get(&counselor)
            .is_none_or(|desk| desk.answered.elapsed() > SILENCE)
    }
}

impl Hold {
    pub(crate) fn counselor(&self) -> CounselorId {
        self.counselor
    }

    /// Whether no newer page has opened the desk.
    pub(crate) fn holds(&self) -> bool {
        *self.newest.borrow() == self.page
    }

    /// Returns when a newer page has opened the desk.
    pub(crate) async fn lost(&mut self) {
        while self.holds() {
            if self.newest.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_page_has_the_desk() {
        let presence = Presence::default();
        let mut first = presence.take(CounselorId(1));
        let other = presence.take(CounselorId(2));
        assert!(first.holds() && other.holds());
        let second = presence.take(CounselorId(1));
        first.lost().await;
        assert!(!first.holds());
        assert!(second.holds() && other.holds());
        assert!(!presence.silent(CounselorId(1)));
        assert!(presence.silent(CounselorId(9)), "nobody was ever there");
    }
}
