//! Which answers a gateway has certainly heard: it answered what was asked after them. That it
//! speaks again proves nothing: it may have spoken before it read. No sockets, no clock.

use crate::sms::memory::Came;
use std::time::Duration;
use tokio::time::Instant;

/// How long answers wait for a command that goes the same way before one is asked for their sake.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// Answers that left, of which nobody knows yet whether the gateway heard them.
#[derive(Debug, Default)]
pub(crate) struct Unheard {
    fresh: Vec<Came>,
    since: Option<Instant>,
    /// A command that left behind these answers.
    asked: Option<(u32, Vec<Came>)>,
}

impl Unheard {
    /// Answers to these messages left.
    pub(crate) fn said(&mut self, now: Instant, answered: Vec<Came>) {
        if !answered.is_empty() {
            self.since.get_or_insert(now);
            self.fresh.extend(answered);
        }
    }

    /// A command left on the same line.
    pub(crate) fn left(&mut self, sequence: u32) {
        if self.asked.is_none() && !self.fresh.is_empty() {
            self.since = None;
            self.asked = Some((sequence, std::mem::take(&mut self.fresh)));
        }
    }

    /// A command was answered: the messages whose answers were heard with it.
    pub(crate) fn answered(&mut self, sequence: u32) -> Vec<Came> {
        let heard = self.asked.take_if(|(asked, _)| *asked == sequence);
        heard.map(|(_, heard)| heard).unwrap_or_default()
    }

    /// When a command should be asked so that the gateway shows what it heard.
    pub(crate) fn ask_at(&self) -> Option<Instant> {
        let since = self.since.filter(|_| self.asked.is_none());
        since.map(|since| since + ASK_AFTER)
    }
}
