//! The counseling information database on paper: a journal stream of its own, texts by their
//! digest, and the tables that follow. Never a decision, never a contact.

pub(crate) mod audit;
mod reading;
mod rows;
mod said;
pub(crate) mod schema;

pub use reading::{ArticleSearch, Whole};
pub use rows::{
    ArticleRow, ArticleUse, GapCount, GapKey, OpenComment, UnitLetter, UseKind, standing,
};
pub use said::SaidKey;

use crate::engine::{Fault, Lease, Reader, Writer};
use crate::failure::{Broken, Failure};
use crate::fold::{Head, kind_of};
use crate::insert::Rows;
use crate::journal::{Faults, meta_value};
use crate::key::{Key, hex};
use crate::place::Place;
use crate::value::Values;
use center::city::{City, ContactId};
use center::knowledge::{
    Article, ArticleId, Entry, LibraryEvent, Notice, NoticeId, Owed, Said, SynonymId, SynonymTable,
    Text,
};
use center::time::{Day, Time};
use rows::{GapCount as Count, GapKey as About, place};
use said::Pointers;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// The stream of the library.
pub(crate) const STREAM: i64 = 2;

/// Articles that are held in memory between two transactions.
const HELD_MAX: usize = 500;

/// Articles that are folded at once when the tables are built anew.
const REBUILD_CHUNK: i64 = 1_000;

/// Events that are read at once.
const EVENTS_CHUNK: i64 = 5_000;

/// A text as it is stored: its digest (hexadecimal SHA-256) and its body (JSON).
pub fn text_digest(text: &Text) -> (String, String) {
    stored(text)
}

/// The texts of a notice by language, as they are stored.
pub fn notice_digest(texts: &BTreeMap<String, String>) -> (String, String) {
    stored(texts)
}

/// An entry of the table of synonyms, as it is stored.
pub fn entry_digest(entry: &Entry) -> (String, String) {
    stored(entry)
}

/// Digest by which the word of an entry is told from others.
pub fn word_digest(entry: &Entry) -> String {
    digest(&entry.key())
}

fn stored<T: serde::Serialize>(value: &T) -> (String, String) {
    let body = serde_json::to_string(value).expect("plain data becomes JSON");
    (digest(&body), body)
}

fn digest(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// The writing side of the library: one value, moved into the hub. What reads asks for it whole as
/// well, as its connection is nobody else's.
#[derive(Debug)]
pub struct Library {
    place: Place,
    reader: Reader,
    writer: Option<Writer>,
    key: Key,
    city: Option<Arc<City>>,
    head: Head,
    last_article: u64,
    last_notice: u64,
    /// Articles as they are with what was taken in.
    held: BTreeMap<ArticleId, Article>,
    /// Codes of articles that are not yet stored.
    codes: BTreeMap<String, ArticleId>,
    notices: BTreeMap<NoticeId, Notice>,
    gaps: BTreeMap<About, Count>,
    touched: BTreeSet<ArticleId>,
    comments: BTreeSet<(ArticleId, u32)>,
    /// What was taken in of contacts and is not yet stored.
    uses: Vec<ArticleUse>,
    changed_notices: BTreeSet<NoticeId>,
    /// The table of synonyms with what was taken in.
    synonyms: SynonymTable,
    changed_synonyms: BTreeSet<SynonymId>,
    /// Words that were written or erased.
    said: Pointers,
    /// Words to erase: nothing points to them any more.
    forgotten: BTreeSet<String>,
    rows: Vec<Rows>,
    faults: Faults,
}

impl Library {
    pub(crate) async fn open(
        place: &Place,
        reader: &Reader,
        faults: Faults,
    ) -> Result<Library, Failure> {
        let writer = Writer::open(place, Lease::Library).await?;
        let key = Key::read(place.folder())?;
        let key = key.ok_or_else(|| Failure::Key("is missing".into()))?;
        Ok(Library {
            place: place.clone(),
            reader: reader.clone(),
            writer: Some(writer),
            key,
            city: None,
            head: Head::default(),
            last_article: 0,
            last_notice: 0,
            held: BTreeMap::new(),
            codes: BTreeMap::new(),
            notices: BTreeMap::new(),
            gaps: BTreeMap::new(),
            touched: BTreeSet::new(),
            comments: BTreeSet::new(),
            uses: Vec::new(),
            changed_notices: BTreeSet::new(),
            synonyms: SynonymTable::default(),
            changed_synonyms: BTreeSet::new(),
            said: Pointers::new(),
            forgotten: BTreeSet::new(),
            rows: rows::tables(),
            faults,
        })
    }

    /// Lets tests make writes fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Makes ready for a city: builds the tables anew where its rules or their version changed,
    /// and reads where the journal ends. Also finds out what is stored after a failed write.
    pub async fn recover(&mut self, city: &Arc<City>) -> Result<(), Failure> {
        if self.writer.is_none() {
            self.writer = Some(Writer::open(&self.place, Lease::Library).await?);
        }
        self.city = Some(city.clone());
        self.forget();
        let version = format!("{} {}", schema::VERSION, rules(city));
        if meta_value(&self.reader, "library").await?.as_deref() != Some(version.as_str()) {
            self.rebuild(&version).await?;
        }
        self.head = match meta_value(&self.reader, "library_head").await? {
            Some(text) => Head::parse(&text)
                .ok_or_else(|| Failure::Corrupt("the library's head is unreadable".into()))?,
            None => Head::default(),
        };
        self.last_article = self.last("SELECT max(article) FROM article").await?;
        self.last_notice = self.last("SELECT max(notice) FROM notice").await?;
        self.synonyms = reading::synonym_table(&self.reader).await?;
        Ok(())
    }

    async fn last(&mut self, text: &str) -> Result<u64, Failure> {
        let found = self.reader.query(text, Values::default()).await?;
        let last = found.first().map_or(Ok(None), |record| record.maybe(0))?;
        Ok(last.unwrap_or(0) as u64)
    }

    fn forget(&mut self) {
        self.held.clear();
        self.codes.clear();
        self.notices.clear();
        self.gaps.clear();
        self.touched.clear();
        self.comments.clear();
        self.uses.clear();
        self.changed_notices.clear();
        self.changed_synonyms.clear();
        self.said.clear();
        self.forgotten.clear();
        for rows in &mut self.rows {
            rows.values.clear();
        }
    }

    fn city(&self) -> Result<Arc<City>, Failure> {
        let city = self.city.clone();
        city.ok_or_else(|| Failure::Engine("the library was not made ready".into()))
    }

    /// Number of the next article.
    pub fn next_article(&self) -> ArticleId {
        ArticleId(self.last_article + 1)
    }

    /// Number of the next notice.
    pub fn next_notice(&self) -> NoticeId {
        NoticeId(self.last_notice + 1)
    }

    /// The article with a code, with what was taken in and is not yet stored.
    pub async fn find(&mut self, code: &str) -> Result<Option<ArticleId>, Failure> {
        if let Some(article) = self.codes.get(code) {
            return Ok(Some(*article));
        }
        reading::find(&self.reader, code).await
    }

    /// An article, with what was taken in and is not yet stored.
    pub async fn article(&mut self, id: ArticleId) -> Result<Option<&Article>, Failure> {
        if !self.held.contains_key(&id)
            && let Some(article) = reading::article(&self.reader, id).await?
        {
            self.held.insert(id, article);
        }
        Ok(self.held.get(&id))
    }

    /// A notice, with what was taken in and is not yet stored.
    pub async fn notice(&mut self, id: NoticeId) -> Result<Option<&Notice>, Failure> {
        if !self.notices.contains_key(&id)
            && let Some(notice) = reading::notice(&self.reader, id).await?
        {
            self.notices.insert(id, notice);
        }
        Ok(self.notices.get(&id))
    }

    /// The table of synonyms, with what was taken in and is not yet stored.
    pub fn synonyms(&self) -> &SynonymTable {
        &self.synonyms
    }

    /// What counselors did with articles in a contact, with what was taken in and is not yet
    /// stored.
    pub async fn uses(&mut self, contact: ContactId) -> Result<Vec<ArticleUse>, Failure> {
        let mut uses = reading::uses(&self.reader, contact).await?;
        let fresh = self.uses.iter().filter(|one| one.contact == contact);
        uses.extend(fresh.cloned());
        Ok(uses)
    }

    /// Articles whose state changes by itself on a day or before.
    pub async fn due(&mut self, day: center::time::Day) -> Result<Vec<ArticleId>, Failure> {
        let mut asked = Values::default();
        asked.int(i64::from(day.0));
        let text = "SELECT article FROM article WHERE next_change <= $1 ORDER BY article";
        let found = self.reader.query(text, asked).await?;
        let id = |record: crate::value::Record<'_>| Ok(ArticleId(record.int(0)? as u64));
        found.iter().map(id).collect()
    }

    /// By unit what no mail told of yet; units that are asked on a day already; the number of the
    /// next mail.
    pub async fn owed(
        &mut self,
        day: Day,
    ) -> Result<(BTreeMap<String, Vec<Owed>>, BTreeSet<String>, u32), Failure> {
        let owed = reading::owed(&self.reader).await?;
        let asked = reading::asked_on(&self.reader, day).await?;
        let last = self.last("SELECT max(letter) FROM unit_letter").await?;
        Ok((owed, asked, last as u32 + 1))
    }

    /// A mail to a unit.
    pub async fn unit_letter(&mut self, letter: u32) -> Result<Option<rows::UnitLetter>, Failure> {
        reading::unit_letter(&self.reader, letter).await
    }

    /// Takes a text into the next transaction, beside the event that points to it.
    pub fn keep_text(&mut self, text: &Text) {
        self.keep(&text_digest(text));
    }

    /// Takes the texts of a notice into the next transaction, beside the event that points to them.
    pub fn keep_notice(&mut self, texts: &BTreeMap<String, String>) {
        self.keep(&notice_digest(texts));
    }

    /// Takes an entry of the table of synonyms into the next transaction, beside the event that
    /// points to it.
    pub fn keep_entry(&mut self, entry: &Entry) {
        self.keep(&entry_digest(entry));
    }

    fn keep(&mut self, (digest, body): &(String, String)) {
        let values = &mut self.rows[place::TEXT].values;
        values.text(digest).text(body);
    }

    /// Keyed digest of words, empty for none.
    pub fn words_digest(&self, words: &str) -> String {
        if words.is_empty() {
            return String::new();
        }
        self.key.words(words)
    }

    /// Takes words into the next transaction, beside the event that points to them.
    pub fn keep_words(&mut self, words: &str) {
        if !words.is_empty() {
            let digest = self.key.words(words);
            let values = &mut self.rows[place::WORDS].values;
            values.text(&digest).text(words);
            self.forgotten.remove(&digest);
        }
    }

    /// Notices that are live or begin later, with their texts by language.
    pub async fn notices(
        &mut self,
        now: Time,
    ) -> Result<Vec<(Notice, BTreeMap<String, String>)>, Failure> {
        reading::notices(&self.reader, now).await
    }

    /// Takes what happened into the next transaction.
    pub async fn add(&mut self, at: Time, event: &LibraryEvent) -> Result<(), Failure> {
        self.journal(at, event)?;
        let mut code = String::new();
        if let Some(id) = event.article() {
            if let LibraryEvent::Drafted { code, .. } = event {
                self.codes.insert(code.clone(), id);
                self.held.insert(id, Article::default());
                self.last_article = self.last_article.max(id.0);
            }
            self.article(id).await?;
            let held = self.held.get_mut(&id);
            let article = held.ok_or_else(|| {
                Failure::Refused(format!("article {id} has an event but no draft"))
            })?;
            article.apply(at, event);
            code.clone_from(&article.code);
            self.touched.insert(id);
            let values = &mut self.rows[place::EVENT].values;
            values.int(id.0 as i64).int(self.head.seq);
            if let LibraryEvent::Commented { comment, .. }
            | LibraryEvent::CommentSettled { comment, .. } = event
            {
                self.comments.insert((id, *comment));
            }
        }
        if let Some(one) = rows::use_of(at, event) {
            rows::used(self.head.seq, &one, &mut self.rows[place::USE].values);
            self.uses.push(one);
        }
        self.keep_letter(at, event);
        if let LibraryEvent::NoticeRaised { notice, .. }
        | LibraryEvent::NoticeEnded { notice, .. } = event
        {
            self.last_notice = self.last_notice.max(notice.0);
            self.notice(*notice).await?;
            self.notices.entry(*notice).or_default().apply(at, event);
            self.changed_notices.insert(*notice);
        }
        self.changed_synonyms.extend(self.synonyms.apply(at, event));
        for gone in said::apply(&mut self.said, at, event) {
            if !self.is_said(&gone.digest).await? {
                self.forgotten.insert(gone.digest);
            }
        }
        if let Some(about) = rows::gap_of(event, &code) {
            if !self.gaps.contains_key(&about) {
                let count = reading::gap(&self.reader, &about).await?;
                self.gaps.insert(about.clone(), count);
            }
            self.gaps.entry(about).or_default().apply(at, event);
        }
        Ok(())
    }

    /// Whether something still points to words, with what was taken in and is not yet stored.
    async fn is_said(&mut self, digest: &str) -> Result<bool, Failure> {
        let mut stored = reading::said_keys(&self.reader, digest).await?;
        stored.retain(|key| !self.said.contains_key(key));
        let mut fresh = self.said.iter().filter(|(key, _)| key.digest == digest);
        Ok(!stored.is_empty() || fresh.any(|(_, last)| last.is_some()))
    }

    /// Words of a kind that were written last before an instant, a few of them: their time is over.
    pub async fn due_words(
        &mut self,
        said: Said,
        before: Time,
        limit: usize,
    ) -> Result<Vec<SaidKey>, Failure> {
        let mut due = reading::due_words(&self.reader, said, before, limit).await?;
        // What was written again is not due, and what was erased is so already.
        due.retain(|key| !self.said.contains_key(key));
        Ok(due)
    }

    /// Rows of a mail to a unit.
    fn keep_letter(&mut self, at: Time, event: &LibraryEvent) {
        if let Some(one) = rows::letter_of(at, event) {
            rows::letter(&one, &mut self.rows[place::LETTER].values);
        }
        let values = &mut self.rows[place::ASKED].values;
        rows::asked(event, |row| row(values));
    }

    fn journal(&mut self, at: Time, event: &LibraryEvent) -> Result<(), Failure> {
        let body = serde_json::to_string(event)
            .map_err(|error| Failure::Engine(format!("event: {error}")))?;
        let (from, to) = kind_of(body.as_bytes())?;
        let next = self.head.next(at.0, body.as_bytes());
        self.rows[place::JOURNAL]
            .values
            .int(STREAM)
            .int(next.seq)
            .int(at.0)
            .text(&body[from as usize..to as usize])
            .null()
            .maybe(event.author().map(|author| i64::from(author.0)))
            .text(&body)
            .bytes(&self.head.hash)
            .bytes(&next.hash);
        self.head = next;
        Ok(())
    }

    /// Writes what was taken in, all or nothing. After an error [`Library::recover`] comes first.
    pub async fn commit(&mut self) -> Result<(), Failure> {
        let city = self.city()?;
        self.plan(&city);
        if self.rows[place::JOURNAL].len() > 0 {
            let head = self.head.text();
            let values = &mut self.rows[place::META].values;
            values.text("library_head").text(&head);
        }
        let fault = self.faults.take();
        let written = self.write(fault).await;
        if written.is_err() || self.held.len() > HELD_MAX {
            self.held.clear();
        }
        written
    }

    /// Rows of everything that was touched.
    fn plan(&mut self, city: &City) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(article) = self.held.get(&id) {
                rows::article(article, city, &mut self.rows[place::ARTICLE].values);
            }
        }
        for (id, number) in std::mem::take(&mut self.comments) {
            let article = self.held.get(&id);
            if let Some(said) = article.and_then(|article| article.comments.get(&number)) {
                rows::comment(id, number, said, &mut self.rows[place::COMMENT].values);
            }
        }
        for (about, count) in std::mem::take(&mut self.gaps) {
            rows::gap(&about, &count, &mut self.rows[place::GAP].values);
        }
        for id in std::mem::take(&mut self.changed_notices) {
            if let Some(notice) = self.notices.get(&id) {
                rows::notice(notice, &mut self.rows[place::NOTICE].values);
            }
        }
        for id in std::mem::take(&mut self.changed_synonyms) {
            if let Some(entry) = self.synonyms.0.get(&id) {
                rows::synonym(entry, &mut self.rows[place::SYNONYM].values);
            }
        }
        said::plan(std::mem::take(&mut self.said), &mut self.rows);
        for digest in std::mem::take(&mut self.forgotten) {
            self.rows[place::WORDS_GONE].values.text(&digest);
        }
        self.codes.clear();
        self.notices.clear();
        self.uses.clear();
    }

    async fn write(&mut self, fault: Option<Fault>) -> Result<(), Failure> {
        let Some(writer) = &mut self.writer else {
            return Err(Failure::Poisoned);
        };
        let rows = std::mem::replace(&mut self.rows, rows::tables());
        match writer.write(rows, fault).await {
            Ok(_) => Ok(()),
            Err(Broken { failure, poisoned }) => {
                if poisoned {
                    // Its lease must be gone before a new one is taken.
                    self.writer = None;
                }
                Err(failure)
            }
        }
    }

    /// Builds every table of the library anew from its journal.
    async fn rebuild(&mut self, version: &str) -> Result<(), Failure> {
        let dialect = self.reader.dialect();
        let writer = self.writer.as_mut().ok_or(Failure::Poisoned)?;
        writer.script(schema::projections(dialect)).await?;
        let mut gaps: BTreeMap<About, Count> = BTreeMap::new();
        let mut notices: BTreeMap<NoticeId, Notice> = BTreeMap::new();
        let mut codes: BTreeMap<ArticleId, String> = BTreeMap::new();
        let mut synonyms = SynonymTable::default();
        let mut letters: BTreeMap<u32, rows::UnitLetter> = BTreeMap::new();
        let mut after = 0;
        loop {
            let events = reading::events_after(&self.reader, after, EVENTS_CHUNK).await?;
            let Some((last, _, _)) = events.last() else {
                break;
            };
            after = *last;
            for (seq, at, event) in &events {
                let article = event.article();
                if let (Some(id), LibraryEvent::Drafted { code, .. }) = (article, event) {
                    codes.insert(id, code.clone());
                }
                if let Some(id) = article {
                    let values = &mut self.rows[place::EVENT].values;
                    values.int(id.0 as i64).int(*seq);
                }
                let code = article.and_then(|id| codes.get(&id));
                if let Some(about) = rows::gap_of(event, code.map_or("", String::as_str)) {
                    gaps.entry(about).or_default().apply(*at, event);
                }
                if let Some(one) = rows::use_of(*at, event) {
                    rows::used(*seq, &one, &mut self.rows[place::USE].values);
                }
                if let Some(one) = rows::letter_of(*at, event) {
                    letters.insert(one.letter, one);
                }
                let asked = &mut self.rows[place::ASKED].values;
                rows::asked(event, |row| row(asked));
                if let LibraryEvent::NoticeRaised { notice, .. }
                | LibraryEvent::NoticeEnded { notice, .. } = event
                {
                    notices.entry(*notice).or_default().apply(*at, event);
                }
                synonyms.apply(*at, event);
                // The words themselves are no table that follows: they are there, or erased.
                said::apply(&mut self.said, *at, event);
            }
            said::plan(std::mem::take(&mut self.said), &mut self.rows);
            self.write(None).await?;
        }
        for (about, count) in &gaps {
            rows::gap(about, count, &mut self.rows[place::GAP].values);
        }
        for notice in notices.values() {
            rows::notice(notice, &mut self.rows[place::NOTICE].values);
        }
        for entry in synonyms.0.values() {
            rows::synonym(entry, &mut self.rows[place::SYNONYM].values);
        }
        for one in letters.values() {
            rows::letter(one, &mut self.rows[place::LETTER].values);
        }
        self.write(None).await?;
        let last = codes.keys().next_back().map_or(0, |id| id.0 as i64);
        self.rebuild_articles(last).await?;
        let values = &mut self.rows[place::META].values;
        values.text("library").text(version);
        self.write(None).await
    }

    async fn rebuild_articles(&mut self, last: i64) -> Result<(), Failure> {
        let city = self.city()?;
        let mut after = 0;
        while after < last {
            let to = after + REBUILD_CHUNK;
            for article in reading::between(&self.reader, after, to).await? {
                rows::article(&article, &city, &mut self.rows[place::ARTICLE].values);
                for (number, said) in &article.comments {
                    let values = &mut self.rows[place::COMMENT].values;
                    rows::comment(article.id, *number, said, values);
                }
            }
            self.write(None).await?;
            after = to;
        }
        Ok(())
    }
}

/// The rules of a city on which its tables depend.
fn rules(city: &City) -> String {
    let library = &city.library;
    let mut text = format!(
        "{} {} {}",
        library.check_days, library.answer_days, library.hide_days
    );
    for day in &library.holidays {
        let _ = write!(text, " {day}");
    }
    for (from, offset) in &city.zone.offsets {
        let _ = write!(text, " {}:{offset}", from.0);
    }
    digest(&text)
}
