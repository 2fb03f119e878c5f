//! What a list is asked for, as one statement that an index answers. Never runs it.

use crate::engine::Dialect;
use crate::value::Values;
use crate::{record, words};
use center::city::{Channel, ContactId, CounselorId, Language};
use center::event::Fate;
use center::record::Stage;
use center::time::{DAY_MS, Time};
use std::fmt::Write;

/// Which contacts a list shows; empty fields do not filter. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Arrived from.
    pub from: Option<Time>,
    /// Arrived before.
    pub to: Option<Time>,
    /// Keyed digest of the caller's number.
    pub caller: Option<String>,
    /// Counselor.
    pub counselor: Option<CounselorId>,
    /// Category code or its beginning.
    pub category: Option<String>,
    /// Fate.
    pub fate: Option<Fate>,
    /// Stage.
    pub stage: Option<Stage>,
    /// Channel.
    pub channel: Option<Channel>,
    /// Language.
    pub language: Option<Language>,
    /// Queue code; the empty text finds those that reached none. No index leads by it.
    pub queue: Option<String>,
    /// Words of the note.
    pub text: Option<String>,
    /// Continue below this contact.
    pub before: Option<ContactId>,
    /// At most this many; 0 means 50.
    pub limit: usize,
}

/// Contacts on a page unless asked for more.
const PAGE: usize = 50;
/// Contacts on a page at most.
const PAGE_MAX: usize = 1_000;

/// Category codes that are followed one by one; SQLite takes 500 parts of a statement.
const CODES_MAX: usize = 400;

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Asked {
    pub text: String,
    pub params: Values,
}

/// The index that leads to the contacts; what else is asked for is looked up in the rows. Chosen
/// here because neither engine knows that a caller is rarer than a counselor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Words,
    Open,
    Caller,
    Category,
    Counselor,
    Fate,
    Language,
    Channel,
    Arrival,
}

impl Search {
    pub(crate) fn page(&self) -> usize {
        if self.limit == 0 {
            PAGE
        } else {
            self.limit.min(PAGE_MAX)
        }
    }

    /// What the note is asked for; blanks ask for nothing.
    fn words(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.trim().is_empty())
    }

    /// Whether nothing can fit: a caller without a number is nobody in particular, and signs
    /// without a letter are no words.
    pub(crate) fn is_void(&self) -> bool {
        self.caller.as_deref() == Some("")
            || self
                .words()
                .is_some_and(|text| words::of_query(text).is_empty())
    }

    fn lead(&self) -> Lead {
        if self.words().is_some() {
            Lead::Words
        } else if self.stage.is_some_and(|stage| stage != Stage::Closed) {
            Lead::Open
        } else if self.caller.is_some() {
            Lead::Caller
        } else if self.category.as_ref().is_some_and(|code| !code.is_empty()) {
            Lead::Category
        } else if self.counselor.is_some() {
            Lead::Counselor
        } else if self.fate.is_some_and(|fate| fate != Fate::Answered) {
            Lead::Fate
        } else if self
            .language
            .is_some_and(|language| language != Language::Ko)
        {
            Lead::Language
        } else if self
            .channel
            .is_some_and(|channel| channel != Channel::Voice)
        {
            Lead::Channel
        } else {
            Lead::Arrival
        }
    }

    /// The beginning of the category codes that must be known first; see [`codes`].
    pub(crate) fn by_category(&self) -> Option<&str> {
        match self.lead() {
            Lead::Category => self.category.as_deref(),
            _ => None,
        }
    }

    /// The statement. `codes` are the category codes that begin as asked, when they lead. Very
    /// many of them are most of the record: then the newest contacts are looked through.
    pub(crate) fn statement(&self, dialect: &Dialect, codes: &[String]) -> Asked {
        let lead = match self.lead() {
            Lead::Category if codes.len() > CODES_MAX => Lead::Arrival,
            lead => lead,
        };
        let mut asked = Building::default();
        let columns = record::COLUMNS;
        match lead {
            Lead::Words => {
                // Both tables have columns of the same name on one engine.
                let columns = columns.replace(", ", ", contact.");
                asked.push(&format!("SELECT contact.{columns} FROM {}", dialect.noted));
                self.match_words(dialect, &mut asked);
                self.filters(lead, &mut asked);
                asked.push(&format!(" ORDER BY {} DESC", dialect.note_contact));
            }
            Lead::Category => {
                asked.push(&format!("SELECT {columns} FROM contact WHERE contact IN ("));
                asked.push("SELECT contact FROM (");
                for (index, code) in codes.iter().enumerate() {
                    asked.push(if index == 0 { "" } else { " UNION ALL " });
                    asked.push("SELECT * FROM (SELECT contact, arrived FROM contact");
                    asked.text(" WHERE category <> '' AND category = $", code);
                    self.bounds(&mut asked);
                    self.filters(lead, &mut asked);
                    asked.push(" ORDER BY arrived DESC, contact DESC");
                    asked.int(" LIMIT $", self.page() as i64);
                    let _ = write!(asked.text, ") AS part_{index}");
                }
                asked.push(") AS parts ORDER BY arrived DESC, contact DESC");
                asked.int(" LIMIT $", self.page() as i64);
                asked.push(") ORDER BY arrived DESC, contact DESC");
            }
            _ => {
                asked.push(&format!("SELECT {columns} FROM contact WHERE "));
                self.lead_by(lead, &mut asked);
                self.bounds(&mut asked);
                self.filters(lead, &mut asked);
                asked.push(" ORDER BY arrived DESC, contact DESC");
            }
        }
        asked.int(" LIMIT $", self.page() as i64);
        Asked {
            text: asked.text,
            params: asked.params,
        }
    }

    /// The condition that the leading index answers, with the words of a partial index.
    fn lead_by(&self, lead: Lead, asked: &mut Building) {
        match lead {
            Lead::Open => asked.push("closed IS NULL"),
            Lead::Caller => {
                let caller = self.caller.as_deref().unwrap_or_default();
                asked.text("caller <> '' AND caller = $", caller);
            }
            Lead::Counselor => {
                let counselor = self.counselor.map_or(0, |id| i64::from(id.0));
                asked.int("counselor = $", counselor);
            }
            Lead::Fate => {
                let fate = self.fate.map_or("", Fate::code);
                asked.text("fate <> 'answered' AND fate = $", fate);
            }
            Lead::Language => {
                let language = self.language.map_or("", Language::code);
                asked.text("language <> 'ko' AND language = $", language);
            }
            Lead::Channel => {
                let channel = self.channel.map_or("", Channel::code);
                asked.text("channel <> 'voice' AND channel = $", channel);
            }
            Lead::Words | Lead::Category | Lead::Arrival => asked.push("arrived IS NOT NULL"),
        }
    }

    /// From, to and where the last page ended, as the indexes are sorted.
    fn bounds(&self, asked: &mut Building) {
        if let Some(from) = self.from {
            asked.int(" AND arrived >= $", from.0);
        }
        if let Some(to) = self.to {
            asked.int(" AND arrived < $", to.0);
        }
        if let Some(before) = self.before {
            let below = " AND (arrived, contact) < \
                         ((SELECT arrived FROM contact WHERE contact = $";
            asked.int(below, before.0 as i64);
            asked.int("), $", before.0 as i64);
            asked.push(")");
        }
    }

    /// The index of notes is sorted by contact, not by arrival: a day of contacts more on either
    /// side covers any step of the clock, and the exact instants are looked up in the rows.
    fn match_words(&self, dialect: &Dialect, asked: &mut Building) {
        let words = words::of_query(self.words().unwrap_or_default());
        let words = (dialect.note_query)(&words);
        asked.text(&format!(" WHERE {}", dialect.note_match), &words);
        let contact = dialect.note_contact;
        if let Some(before) = self.before {
            asked.int(&format!(" AND {contact} < $"), before.0 as i64);
        }
        if let Some(from) = self.from {
            let first = format!(
                " AND {contact} >= COALESCE((SELECT c.contact FROM contact AS c \
                 WHERE c.arrived >= $"
            );
            asked.int(&first, from.0.saturating_sub(DAY_MS));
            asked.push(" ORDER BY c.arrived, c.contact LIMIT 1), 0)");
            asked.int(" AND contact.arrived >= $", from.0);
        }
        if let Some(to) = self.to {
            let last = format!(
                " AND {contact} <= COALESCE((SELECT c.contact FROM contact AS c \
                 WHERE c.arrived < $"
            );
            asked.int(&last, to.0.saturating_add(DAY_MS));
            asked.push(" ORDER BY c.arrived DESC, c.contact DESC LIMIT 1), 0)");
            asked.int(" AND contact.arrived < $", to.0);
        }
    }

    /// Everything that does not lead, written so that no other index is taken for it.
    fn filters(&self, lead: Lead, asked: &mut Building) {
        let mut text = |applies: bool, column: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|_| applies) {
                asked.text(&format!(" AND COALESCE({column}, '') = $"), value);
            }
        };
        text(true, "stage", self.stage.map(Stage::code));
        text(true, "queue", self.queue.as_deref());
        text(lead != Lead::Caller, "caller", self.caller.as_deref());
        text(lead != Lead::Fate, "fate", self.fate.map(Fate::code));
        text(
            lead != Lead::Language,
            "language",
            self.language.map(Language::code),
        );
        text(
            lead != Lead::Channel,
            "channel",
            self.channel.map(Channel::code),
        );
        if let (Some(counselor), true) = (self.counselor, lead != Lead::Counselor) {
            asked.int(" AND COALESCE(counselor, -1) = $", i64::from(counselor.0));
        }
        if let (Some(code), true) = (&self.category, lead != Lead::Category) {
            let letters = code.chars().count() as i64;
            asked.int(" AND SUBSTR(category, 1, CAST($", letters);
            asked.text(" AS INTEGER)) = $", code);
        }
    }
}

/// The category codes in the store that begin with these letters: jumps from code to code in the
/// index instead of reading every contact.
pub(crate) fn codes(beginning: &str) -> Asked {
    let mut asked = Building::default();
    asked.push("WITH RECURSIVE code (category) AS (");
    asked.text(
        "SELECT MIN(category) FROM contact WHERE category <> '' AND category >= $",
        beginning,
    );
    asked.push(
        " UNION ALL SELECT (SELECT MIN(contact.category) FROM contact \
         WHERE contact.category <> '' AND contact.category > code.category) \
         FROM code WHERE code.category IS NOT NULL",
    );
    let end = format!("{beginning}\u{10ffff}");
    asked.text(" AND code.category < $", &end);
    asked.text(") SELECT category FROM code WHERE category < $", &end);
    Asked {
        text: asked.text,
        params: asked.params,
    }
}

#[derive(Default)]
struct Building {
    text: String,
    params: Values,
}

impl Building {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn int(&mut self, text: &str, value: i64) {
        self.params.int(value);
        self.numbered(text);
    }

    fn text(&mut self, text: &str, value: &str) {
        self.params.text(value);
        self.numbered(text);
    }

    /// `$` becomes the number of the value just added.
    fn numbered(&mut self, text: &str) {
        let number = format!("${}", self.params.len());
        self.text.push_str(&text.replace('$', &number));
    }
}
