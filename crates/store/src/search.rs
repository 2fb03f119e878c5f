//! What a list is asked for, as one statement that an index answers. Never runs it.

use crate::engine::Dialect;
use crate::schema::LEADS;
use crate::stretch::Stretch;
use crate::value::Values;
use crate::{record, words};
use center::city::{Channel, ContactId, CounselorId, Language};
use center::event::Fate;
use center::record::{Row, Stage};
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
    /// Queue code; the empty text finds those that reached none.
    pub queue: Option<String>,
    /// Words of the note and of the letters.
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

/// Values that are followed one by one; SQLite takes 500 parts of a statement.
pub(crate) const VALUES_MAX: usize = 400;

/// Contacts that are counted to find out what is rare; more of them is many.
const COUNTED: i64 = 4_000;

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Asked {
    pub text: String,
    pub params: Values,
}

/// The index that leads to closed contacts, the first where several are as good; what else is
/// asked for stands in the index as well. See `schema::LEADS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Caller,
    Counselor,
    Language,
    Channel,
    Category,
    Fate,
    Queue,
}

impl Lead {
    /// Its column, and the condition of its partial index.
    fn column(self) -> (&'static str, &'static str) {
        let column = match self {
            Lead::Caller => return ("caller", " AND caller <> ''"),
            Lead::Counselor => "counselor",
            Lead::Language => "language",
            Lead::Channel => "channel",
            Lead::Category => "category",
            Lead::Fate => "fate",
            Lead::Queue => "queue",
        };
        let leads = LEADS.into_iter().find(|(lead, _)| *lead == column);
        leads.unwrap_or((column, ""))
    }
}

/// How the index of notes marks what else is asked for, likely rare ones first.
const MARKS: [(Lead, char); 6] = [
    (Lead::Language, 'l'),
    (Lead::Channel, 'v'),
    (Lead::Fate, 'f'),
    (Lead::Counselor, 'k'),
    (Lead::Category, 'c'),
    (Lead::Queue, 'q'),
];

impl Search {
    pub(crate) fn page(&self) -> usize {
        if self.limit == 0 {
            PAGE
        } else {
            self.limit.min(PAGE_MAX)
        }
    }

    /// What the note is asked for; blanks ask for nothing.
    pub(crate) fn words(&self) -> Option<Vec<words::Asked>> {
        let text = self.text.as_deref().filter(|text| !text.trim().is_empty());
        text.map(words::of_query)
    }

    /// The beginning of the category's code.
    pub(crate) fn category(&self) -> Option<&str> {
        self.category.as_deref().filter(|code| !code.is_empty())
    }

    /// Whether nothing can fit: a caller without a number is nobody in particular, and signs
    /// without a letter are no words.
    pub(crate) fn is_void(&self) -> bool {
        self.caller.as_deref() == Some("") || self.words().is_some_and(|words| words.is_empty())
    }

    /// Whether open contacts can fit.
    pub(crate) fn may_be_open(&self) -> bool {
        self.fate.is_none() && self.stage != Some(Stage::Closed)
    }

    /// Whether closed contacts can fit.
    pub(crate) fn may_be_closed(&self) -> bool {
        self.stage.is_none_or(|stage| stage == Stage::Closed)
    }

    /// The indexes that can lead: by what is asked for and not nearly every contact has.
    pub(crate) fn leads(&self) -> Vec<Lead> {
        let asked = [
            (Lead::Caller, self.caller.is_some()),
            (Lead::Counselor, self.counselor.is_some()),
            (
                Lead::Language,
                self.language
                    .is_some_and(|language| language != Language::Ko),
            ),
            (
                Lead::Channel,
                self.channel
                    .is_some_and(|channel| channel != Channel::Voice),
            ),
            (Lead::Category, self.category().is_some()),
            (
                Lead::Fate,
                self.fate.is_some_and(|fate| fate != Fate::Answered),
            ),
            (Lead::Queue, self.queue.is_some()),
        ];
        let asked = asked.into_iter().filter(|(_, asked)| *asked);
        asked.map(|(lead, _)| lead).collect()
    }

    /// Counts, up to a bound, the closed contacts that an index leads to.
    pub(crate) fn count(&self, lead: Lead) -> Asked {
        let (column, condition) = lead.column();
        let mut asked = Building::default();
        asked.push("SELECT COUNT(*) FROM (SELECT 1 FROM contact WHERE closed IS NOT NULL");
        asked.push(condition);
        match lead {
            Lead::Counselor => {
                let counselor = self.counselor.map_or(-1, |id| i64::from(id.0));
                asked.int(" AND counselor = $", counselor);
            }
            Lead::Category => {
                let beginning = self.category().unwrap_or_default();
                asked.text(" AND category >= $", beginning);
                asked.text(" AND category < $", &format!("{beginning}\u{10ffff}"));
            }
            _ => asked.text(&format!(" AND {column} = $"), &self.value(lead)),
        }
        if lead != Lead::Category {
            self.bounds(&mut asked, false);
        }
        asked.int(" LIMIT $", COUNTED);
        asked.push(") AS counted");
        asked.done()
    }

    /// Whether so many are many.
    pub(crate) fn many(count: i64) -> bool {
        count >= COUNTED
    }

    /// What a column must hold, as a text.
    pub(crate) fn value(&self, lead: Lead) -> String {
        match lead {
            Lead::Caller => self.caller.clone().unwrap_or_default(),
            Lead::Counselor => self.counselor.map(|id| id.to_string()).unwrap_or_default(),
            Lead::Language => self.language.map_or("", Language::code).to_owned(),
            Lead::Channel => self.channel.map_or("", Channel::code).to_owned(),
            Lead::Category => self.category().unwrap_or_default().to_owned(),
            Lead::Fate => self.fate.map_or("", Fate::code).to_owned(),
            Lead::Queue => self.queue.clone().unwrap_or_default(),
        }
    }

    /// A page, newest first. `lead` leads to closed contacts by each of `values`, none when no
    /// closed contact can fit; `note` is what their notes are asked for.
    pub(crate) fn list(
        &self,
        lead: Option<(Lead, &[String])>,
        note: Option<(&Dialect, &str)>,
    ) -> Asked {
        let mut asked = Building::default();
        let columns = record::COLUMNS;
        asked.push(&format!("SELECT {columns} FROM contact WHERE contact IN ("));
        asked.push("SELECT contact FROM (");
        let mut parts = 0;
        if let Some((lead, values)) = lead {
            for value in values {
                asked.part(&mut parts);
                self.closed(lead, value, note, &mut asked);
                self.end_part(parts, &mut asked);
            }
        }
        if self.may_be_open() && note.is_none() {
            asked.part(&mut parts);
            asked.push("closed IS NULL");
            self.bounds(&mut asked, true);
            self.filters(None, &mut asked);
            self.end_part(parts, &mut asked);
        }
        if parts == 0 {
            asked.push("SELECT contact, arrived FROM contact WHERE 1 = 0");
        }
        asked.push(") AS parts ORDER BY arrived DESC, contact DESC");
        asked.int(" LIMIT $", self.page() as i64);
        asked.push(") ORDER BY arrived DESC, contact DESC");
        asked.done()
    }

    fn end_part(&self, part: usize, asked: &mut Building) {
        asked.push(" ORDER BY arrived DESC, contact DESC");
        asked.int(" LIMIT $", self.page() as i64);
        let _ = write!(asked.text, ") AS part_{part}");
    }

    /// Closed contacts, by one value of the leading column.
    fn closed(
        &self,
        lead: Lead,
        value: &str,
        note: Option<(&Dialect, &str)>,
        asked: &mut Building,
    ) {
        let (column, condition) = lead.column();
        asked.push("closed IS NOT NULL");
        asked.push(condition);
        match lead {
            Lead::Counselor => {
                let counselor = value.parse().unwrap_or(-1);
                asked.int(" AND counselor = $", counselor);
            }
            _ => asked.text(&format!(" AND {column} = $"), value),
        }
        self.bounds(asked, true);
        self.filters(Some(lead), asked);
        if let Some((dialect, words)) = note {
            let contact = dialect.note_contact;
            asked.push(" AND EXISTS (SELECT 1 FROM note_index WHERE ");
            asked.text(dialect.note_match, words);
            asked.push(&format!(" AND {contact} = contact.contact)"));
        }
    }

    /// From, to and where the last page ended, as the indexes are sorted.
    fn bounds(&self, asked: &mut Building, before: bool) {
        if let Some(from) = self.from {
            asked.int(" AND arrived >= $", from.0);
        }
        if let Some(to) = self.to {
            asked.int(" AND arrived < $", to.0);
        }
        if let Some(before) = self.before.filter(|_| before) {
            let below = " AND (arrived, contact) < \
                         ((SELECT b.arrived FROM contact AS b WHERE b.contact = $";
            asked.int(below, before.0 as i64);
            asked.int("), $", before.0 as i64);
            asked.push(")");
        }
    }

    /// Everything that does not lead, written so that no other index is taken for it.
    fn filters(&self, lead: Option<Lead>, asked: &mut Building) {
        let mut text = |of: Option<Lead>, column: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|_| of.is_none() || of != lead) {
                asked.text(&format!(" AND COALESCE({column}, '') = $"), value);
            }
        };
        let stage = self.stage.filter(|_| lead.is_none());
        text(None, "stage", stage.map(Stage::code));
        text(Some(Lead::Queue), "queue", self.queue.as_deref());
        text(Some(Lead::Caller), "caller", self.caller.as_deref());
        text(Some(Lead::Fate), "fate", self.fate.map(Fate::code));
        text(
            Some(Lead::Language),
            "language",
            self.language.map(Language::code),
        );
        text(
            Some(Lead::Channel),
            "channel",
            self.channel.map(Channel::code),
        );
        if let (Some(counselor), true) = (self.counselor, lead != Some(Lead::Counselor)) {
            asked.int(" AND COALESCE(counselor, -1) = $", i64::from(counselor.0));
        }
        if let (Some(code), true) = (self.category(), lead != Some(Lead::Category)) {
            let letters = code.chars().count() as i64;
            asked.int(" AND SUBSTR(category, 1, CAST($", letters);
            asked.text(" AS INTEGER)) = $", code);
        }
    }

    /// Whether two things are asked for that each have thousands of contacts and together few: the
    /// index of notes knows them together. It holds all that have a category.
    pub(crate) fn pairs(&self) -> bool {
        let leads = self.leads();
        let other = leads.contains(&Lead::Counselor) || leads.contains(&Lead::Fate);
        leads.contains(&Lead::Category) && other && !leads.contains(&Lead::Caller)
    }

    /// Whether counselor and category are asked for, which few contacts have together.
    pub(crate) fn together(&self) -> bool {
        let leads = self.leads();
        leads.contains(&Lead::Counselor) && leads.contains(&Lead::Category)
    }

    /// The words of the index that closed contacts must have, likely rare ones first. `whole` when
    /// the category asked for ends where a part of the codes ends.
    pub(crate) fn marks(&self, words: Vec<words::Asked>, whole: bool) -> Vec<words::Asked> {
        let leads = self.leads();
        let mut marks = Vec::new();
        let mut mark = |kind, value: &str, beginning| {
            let word = words::marked(kind, value);
            marks.push(words::Asked { word, beginning });
        };
        let both = self.together();
        if both {
            let (counselor, category) = (self.value(Lead::Counselor), self.value(Lead::Category));
            mark('b', &words::both(&counselor, &category), true);
        }
        for (lead, kind) in MARKS {
            let in_both = both && matches!(lead, Lead::Counselor | Lead::Category);
            if leads.contains(&lead) && !in_both {
                let beginning = lead == Lead::Category && !whole;
                mark(kind, &self.value(lead), beginning);
            }
        }
        marks.extend(words);
        marks
    }

    /// The newest closed contacts of a stretch that have these words of the index, as numbers, each
    /// with its arrival. Words and stretch are two conditions, between which the index leaps, and
    /// the order is one that no index has: what an engine believes about words that come together
    /// is not worth a walk through all notes.
    pub(crate) fn numbers(
        dialect: &Dialect,
        words: &str,
        stretch: &Stretch,
        limit: usize,
    ) -> Asked {
        let mut asked = Building::default();
        let contact = dialect.note_contact;
        let arrived = format!("(SELECT c.arrived FROM contact AS c WHERE c.contact = {contact})");
        asked.push(&format!("SELECT {contact}, {arrived} FROM note_index"));
        asked.text(&format!(" WHERE {}", dialect.note_match), words);
        if let Some(mark) = &stretch.mark {
            let and = format!(" AND {}", dialect.note_match);
            asked.text(&and, &format!("'{mark}'"));
        }
        asked.int(&format!(" AND {contact} + 0 >= $"), stretch.low);
        asked.int(&format!(" AND {contact} + 0 <= $"), stretch.high);
        asked.push(&format!(" ORDER BY {contact} + 0 DESC"));
        asked.int(" LIMIT $", limit as i64);
        asked.done()
    }

    /// Whether a contact that arrived then is asked for.
    pub(crate) fn at(&self, arrived: Time) -> bool {
        self.from.is_none_or(|from| arrived >= from) && self.to.is_none_or(|to| arrived < to)
    }

    /// Whether a contact has what nearly every contact has and the index of notes does not know.
    pub(crate) fn fits(&self, row: &Row) -> bool {
        self.fate.is_none_or(|fate| row.fate == Some(fate))
            && self
                .language
                .is_none_or(|language| row.language == language)
            && self.channel.is_none_or(|channel| row.channel == channel)
    }

    /// A page of closed contacts by the words of their notes, of an index that is sorted by
    /// contact: `within` are the contacts between which the exact instants are looked up in the
    /// rows.
    pub(crate) fn noted(&self, dialect: &Dialect, words: &str, within: (i64, i64)) -> Asked {
        let mut asked = Building::default();
        let contact = dialect.note_contact;
        // Both tables have columns of the same name on one engine.
        let columns = record::COLUMNS.replace(", ", ", contact.");
        // An engine that sorts its index keeps this order of the two tables.
        let joined = format!("note_index CROSS JOIN contact ON contact.contact = {contact}");
        asked.push(&format!("SELECT contact.{columns} FROM {joined}"));
        asked.text(&format!(" WHERE {}", dialect.note_match), words);
        if let Some(before) = self.before {
            asked.int(&format!(" AND {contact} < $"), before.0 as i64);
        }
        if let Some(from) = self.from {
            asked.int(&format!(" AND {contact} >= $"), within.0);
            asked.int(" AND contact.arrived >= $", from.0);
        }
        if let Some(to) = self.to {
            asked.int(&format!(" AND {contact} <= $"), within.1);
            asked.int(" AND contact.arrived < $", to.0);
        }
        let mut common = |column: &str, value: Option<&'static str>| {
            if let Some(value) = value {
                asked.text(&format!(" AND contact.{column} = $"), value);
            }
        };
        let answered = self.fate.filter(|fate| *fate == Fate::Answered);
        common("fate", answered.map(Fate::code));
        let korean = self.language.filter(|language| *language == Language::Ko);
        common("language", korean.map(Language::code));
        let voice = self.channel.filter(|channel| *channel == Channel::Voice);
        common("channel", voice.map(Channel::code));
        asked.push(&format!(" ORDER BY {contact} DESC"));
        asked.int(" LIMIT $", self.page() as i64);
        asked.done()
    }

    /// Whether something else that is asked for is likely rarer than the words, and stands in the
    /// index of notes with nothing else to be looked up in the rows.
    pub(crate) fn narrows_words(&self) -> bool {
        let leads = self.leads();
        let all_marked = self.from.is_none()
            && self.to.is_none()
            && self.fate != Some(Fate::Answered)
            && self.language != Some(Language::Ko)
            && self.channel != Some(Channel::Voice);
        all_marked && !leads.contains(&Lead::Caller) && leads.iter().any(|l| *l != Lead::Queue)
    }

    /// The newest closed contacts that have these words of the index, each with what was said.
    pub(crate) fn said(&self, dialect: &Dialect, marks: &str, limit: usize) -> Asked {
        let mut asked = Building::default();
        let contact = dialect.note_contact;
        let said = said(contact);
        asked.push(&format!("SELECT {contact}, {said} FROM note_index"));
        asked.text(&format!(" WHERE {}", dialect.note_match), marks);
        if let Some(before) = self.before {
            asked.int(&format!(" AND {contact} < $"), before.0 as i64);
        }
        asked.push(&format!(" ORDER BY {contact} DESC"));
        asked.int(" LIMIT $", limit as i64);
        asked.done()
    }

    /// Open contacts with what was said, which stands in no index yet.
    pub(crate) fn open_notes(&self) -> Asked {
        let mut asked = Building::default();
        let columns = record::COLUMNS.replace(", ", ", contact.");
        let said = said("contact.contact");
        asked.push(&format!(
            "SELECT contact.{columns}, {said} FROM contact WHERE closed IS NULL"
        ));
        self.bounds(&mut asked, self.caller.is_some());
        if let (Some(before), None) = (self.before, &self.caller) {
            asked.int(" AND contact.contact < $", before.0 as i64);
        }
        self.filters(None, &mut asked);
        asked.done()
    }
}

/// Note, subjects and texts of letters of a contact, as one text.
fn said(contact: &str) -> String {
    format!(
        "COALESCE((SELECT p.note FROM personal AS p WHERE p.contact = {contact}), '') \
         || ' ' || COALESCE((SELECT STRING_AGG(l.subject || ' ' || l.text, ' ') \
         FROM letter AS l WHERE l.contact = {contact}), '')"
    )
}

/// Contacts by their numbers.
pub(crate) fn these(contacts: &[i64]) -> Asked {
    let mut asked = Building::default();
    let columns = record::COLUMNS;
    asked.push(&format!("SELECT {columns} FROM contact WHERE contact IN ("));
    for (index, contact) in contacts.iter().enumerate() {
        asked.int(if index == 0 { "$" } else { ", $" }, *contact);
    }
    asked.push(")");
    asked.done()
}

/// The first closed contact that arrived not before an instant, in every queue; and the last that
/// arrived before one. A day more on either side covers any step of the clock.
pub(crate) fn between(search: &Search, queues: &[String]) -> Asked {
    let mut asked = Building::default();
    let from = search
        .from
        .map_or(i64::MIN, |from| from.0.saturating_sub(DAY_MS));
    let to = search.to.map_or(i64::MAX, |to| to.0.saturating_add(DAY_MS));
    asked.push("SELECT COALESCE(MIN(low), 0), COALESCE(MAX(high), 0) FROM (");
    for (part, queue) in queues.iter().enumerate() {
        asked.push(if part == 0 { "" } else { " UNION ALL " });
        asked.text(
            "SELECT (SELECT contact FROM contact WHERE closed IS NOT NULL AND queue = $",
            queue,
        );
        asked.int(" AND arrived >= $", from);
        asked.push(" ORDER BY arrived, contact LIMIT 1) AS low");
        asked.text(
            ", (SELECT contact FROM contact WHERE closed IS NOT NULL AND queue = $",
            queue,
        );
        asked.int(" AND arrived < $", to);
        asked.push(" ORDER BY arrived DESC, contact DESC LIMIT 1) AS high");
    }
    asked.push(") AS ends");
    asked.done()
}

/// The values of a leading column that begin with these letters: jumps from value to value in
/// the index instead of reading every contact.
pub(crate) fn values(lead: Lead, beginning: &str) -> Asked {
    let (column, condition) = lead.column();
    let mut asked = Building::default();
    let within = format!("FROM contact WHERE closed IS NOT NULL{condition}");
    asked.push("WITH RECURSIVE found (value) AS (");
    asked.text(
        &format!("SELECT MIN({column}) {within} AND {column} >= $"),
        beginning,
    );
    asked.push(&format!(
        " UNION ALL SELECT (SELECT MIN({column}) {within} AND {column} > found.value) \
         FROM found WHERE found.value IS NOT NULL"
    ));
    let end = format!("{beginning}\u{10ffff}");
    asked.text(" AND found.value < $", &end);
    asked.text(") SELECT value FROM found WHERE value < $", &end);
    asked.done()
}

#[derive(Default)]
struct Building {
    text: String,
    params: Values,
}

impl Building {
    fn done(self) -> Asked {
        Asked {
            text: self.text,
            params: self.params,
        }
    }

    fn part(&mut self, parts: &mut usize) {
        self.push(if *parts == 0 { "" } else { " UNION ALL " });
        self.push("SELECT * FROM (SELECT contact, arrived FROM contact WHERE ");
        *parts += 1;
    }

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
