//! Searches after which nothing was opened: kept in memory for some minutes, then told to the
//! library's list of gaps. Never who searched, never a text with a number of somebody in it.

use crate::chat_keeper::Pace;
use crate::site::{Site, closing};
use center::city::Language;
use center::knowledge::{Author, Gap, Role, is_search};
use hub::LibraryCommand;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long somebody may look at what was found before it counts as not opened.
const PATIENCE: Duration = Duration::from_mins(5);
/// A search that begins as the one before is the same one, typed further.
const TYPING: Duration = Duration::from_mins(1);
/// Searches that wait: beyond it the oldest are forgotten, which only makes a gap look smaller.
const WAITING_MAX: usize = 5_000;
/// Gaps told of one visitor, and of all: what is told is written for good.
const VISITOR_MAX: usize = 20;
const ALL_MAX: usize = 2_000;
const WINDOW: Duration = Duration::from_hours(1);
/// How often is looked for searches that were not followed.
const SWEEP: Duration = Duration::from_secs(20);

/// A search whose finder has not opened anything yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    visitor: String,
    words: String,
    language: Language,
    /// Codes of the articles that were found.
    found: Vec<String>,
    at: Instant,
}

/// Searches that wait for a click, and what may still be told.
pub(crate) struct Searches {
    waiting: Mutex<VecDeque<Waiting>>,
    visitors: Pace<String>,
    all: Pace<()>,
    /// Ratings by visitor, and by visitor and article.
    pub(crate) rated: Pace<String>,
    pub(crate) rated_article: Pace<String>,
}

impl Default for Searches {
    fn default() -> Searches {
        Searches {
            waiting: Mutex::default(),
            visitors: Pace::new(VISITOR_MAX, WINDOW),
            all: Pace::new(ALL_MAX, WINDOW),
            rated: Pace::new(VISITOR_MAX, WINDOW),
            rated_article: Pace::new(1, WINDOW),
        }
    }
}

impl Searches {
    /// Somebody searched.
    pub(crate) fn asked(
        &self,
        visitor: String,
        words: &str,
        language: Language,
        found: Vec<String>,
        now: Instant,
    ) {
        if !is_search(words) {
            return;
        }
        let words = words.to_lowercase();
        let mut waiting = self.waiting.lock().expect("no panic while it is held");
        waiting.retain(|one| {
            let further = words.starts_with(&one.words) || one.words.starts_with(&words);
            !(one.visitor == visitor && further && now.duration_since(one.at) < TYPING)
        });
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(Waiting {
            visitor,
            words,
            language,
            found,
            at: now,
        });
    }

    /// Somebody opened an article: the searches that found it are answered.
    pub(crate) fn opened(&self, visitor: &str, code: &str) {
        let mut waiting = self.waiting.lock().expect("no panic while it is held");
        waiting.retain(|one| one.visitor != visitor || !one.found.iter().any(|it| it == code));
    }

    /// Searches that nobody followed for so long, as far as they may be told.
    fn due(&self, patience: Duration, now: Instant) -> Vec<(String, Language)> {
        let mut waiting = self.waiting.lock().expect("no panic while it is held");
        let mut due = Vec::new();
        while let Some(first) = waiting.front()
            && now.duration_since(first.at) >= patience
        {
            let one = waiting.pop_front().expect("it was just seen");
            if self.visitors.may(one.visitor, now) && self.all.may((), now) {
                due.push((one.words, one.language));
            }
        }
        due
    }
}

/// Tells the library what was not followed, until the house closes; then of all that waits.
pub(crate) async fn sweep(site: Site) {
    let mut stop = site.stop.clone();
    loop {
        let closes = tokio::select! {
            () = closing(&mut stop) => true,
            () = tokio::time::sleep(SWEEP) => false,
        };
        let patience = if closes { Duration::ZERO } else { PATIENCE };
        for (words, language) in site.searches.due(patience, Instant::now()) {
            tell(&site, words, language).await;
        }
        if closes {
            return;
        }
    }
}

async fn tell(site: &Site, words: String, language: Language) {
    let reader = Author {
        id: None,
        role: Role::Reader,
    };
    let missed = LibraryCommand::Missed {
        gap: Gap::NoClick,
        language,
        words,
        category: String::new(),
    };
    if let Err(error) = site.hub.librarian().send(reader, missed).await {
        tracing::warn!(%error, "a search without a click was not counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn what_is_typed_further_is_one_search_and_a_click_answers_it() {
        let searches = Searches::default();
        let now = Instant::now();
        for words in ["wa", "water", "water bi", "water"] {
            searches.asked("a".into(), words, Language::En, found(&["bill"]), now);
        }
        searches.asked("b".into(), "water", Language::En, found(&["bill"]), now);
        searches.asked("a".into(), "snow", Language::En, found(&[]), now);
        assert!(searches.due(PATIENCE, now).is_empty(), "still looking");
        searches.opened("b", "bill");
        let later = now + PATIENCE;
        let due = searches.due(PATIENCE, later);
        let words: Vec<&str> = due.iter().map(|(words, _)| words.as_str()).collect();
        assert_eq!(words, ["water", "snow"]);
        assert!(searches.due(PATIENCE, later).is_empty(), "told once");
    }

    #[test]
    fn nobody_floods_the_list_and_nothing_personal_is_told() {
        let searches = Searches::default();
        let now = Instant::now();
        for number in 0..VISITOR_MAX + 5 {
            let words = format!("{number} gap");
            searches.asked("a".into(), &words, Language::Ko, found(&[]), now);
        }
        assert_eq!(searches.due(Duration::ZERO, now).len(), VISITOR_MAX);
        for words in [
            "a",
            "12 34",
            "kim 010-1234-5678",
            "kim@mail.example",
            &"가".repeat(101),
        ] {
            searches.asked("b".into(), words, Language::Ko, found(&[]), now);
        }
        assert!(searches.due(Duration::ZERO, now).is_empty());
    }
}
