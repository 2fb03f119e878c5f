//! Follows the library's chain, folds every article again and compares. Never repairs.

use super::rows::{self, GapCount, GapKey};
use super::said::{self, Pointers};
use super::{STREAM, digest};
use crate::engine::Snapshot;
use crate::failure::Failure;
use crate::fold::{Head, kind_of};
use crate::insert::Insert;
use crate::key::Key;
use crate::value::{Record, Value, Values};
use center::city::City;
use center::knowledge::{Article, ArticleId, LibraryEvent, Notice, NoticeId, SynonymTable};
use center::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are read at once.
const CHUNK: i64 = 5_000;

/// The column that follows from the city's rules as well as from events: rules may have changed
/// since, and the tables are built anew at the next start.
const BY_RULES: &str = "next_change";

/// What an audit of the library found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Events whose chain was verified.
    pub events: u64,
    /// Articles that were folded again.
    pub articles: u64,
    /// Each difference in plain words.
    pub differences: Vec<String>,
}

/// Rows by their key, as their events tell them.
type Told = BTreeMap<String, Values>;

/// Looks at the library at one moment. `key` is the city's, where its file is there.
pub(crate) async fn run(
    view: &mut Snapshot,
    key: Option<&Key>,
    city: &City,
) -> Result<Found, Failure> {
    let mut audit = Audit::default();
    let ready = "SELECT value FROM meta WHERE name = 'library'";
    if view
        .query(ready, Values::default())
        .await?
        .first()
        .is_none()
    {
        // A record of before there was a library.
        return Ok(audit.found);
    }
    audit.chain(view).await?;
    audit.found.articles = audit.articles.len() as u64;
    audit.compare(view, city).await?;
    audit.texts(view).await?;
    audit.words(view, key).await?;
    Ok(audit.found)
}

#[derive(Default)]
struct Audit {
    found: Found,
    articles: BTreeMap<ArticleId, Article>,
    notices: BTreeMap<NoticeId, Notice>,
    gaps: BTreeMap<GapKey, GapCount>,
    synonyms: SynonymTable,
    /// Digests of every entry that the table of synonyms ever had.
    entries: BTreeSet<String>,
    /// What points to words.
    said: Pointers,
    events: Told,
    uses: Told,
    letters: Told,
    asked: Told,
}

impl Audit {
    fn differs(&mut self, what: String) {
        self.found.differences.push(what);
    }

    async fn chain(&mut self, view: &mut Snapshot) -> Result<(), Failure> {
        let mut head = Head::default();
        loop {
            let mut asked = Values::default();
            asked.int(STREAM).int(head.seq).int(CHUNK);
            let text = "SELECT at, body, seq, kind, contact, counselor, prev, hash FROM journal \
                        WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
            let found = view.query(text, asked).await?;
            if found.len() == 0 {
                break;
            }
            for record in found.iter() {
                head = self.link(head, record)?;
                self.found.events += 1;
            }
        }
        let text = "SELECT value FROM meta WHERE name = 'library_head'";
        let known = view.query(text, Values::default()).await?;
        let known = known.first().map(|record| record.text(0).map(Head::parse));
        let known = known.transpose()?.flatten().unwrap_or_default();
        if known != head {
            self.differs(format!(
                "the library's journal ends with event {}, but event {} was written last",
                head.seq, known.seq
            ));
        }
        Ok(())
    }

    /// Checks one event against the one before it; goes on from what is stored.
    fn link(&mut self, head: Head, record: Record<'_>) -> Result<Head, Failure> {
        let (at, seq) = (record.int(0)?, record.int(2)?);
        let body = match record.get(1) {
            Value::Text(body) => body,
            _ => b"",
        };
        let (prev, hash) = (record.bytes(6)?, record.bytes(7)?);
        if seq != head.seq + 1 {
            let missing = head.seq + 1;
            self.differs(format!(
                "library event {missing} is missing before event {seq}"
            ));
        } else if prev != head.hash {
            self.differs(format!(
                "library event {seq} does not follow from the one before it"
            ));
        }
        let from = Head {
            seq: seq - 1,
            hash: prev.try_into().unwrap_or_default(),
        };
        if hash != from.next(at, body).hash {
            self.differs(format!(
                "library event {seq} was changed: its hash does not fit"
            ));
        }
        match serde_json::from_slice::<LibraryEvent>(body) {
            Ok(event) => {
                let (from, to) = kind_of(body)?;
                let author = event.author().map(|author| i64::from(author.0));
                let kind = record.text(3)?.as_bytes() == &body[from as usize..to as usize];
                if !kind || record.maybe(4)?.is_some() || record.maybe(5)? != author {
                    self.differs(format!(
                        "the index columns of library event {seq} differ from its text"
                    ));
                }
                self.tell(seq, Time(at), &event);
            }
            Err(_) => self.differs(format!("library event {seq} cannot be read")),
        }
        Ok(Head {
            seq,
            hash: hash.try_into().unwrap_or_default(),
        })
    }

    fn tell(&mut self, seq: i64, at: Time, event: &LibraryEvent) {
        let mut code = String::new();
        if let Some(id) = event.article() {
            let article = self.articles.entry(id).or_default();
            article.apply(at, event);
            code.clone_from(&article.code);
            let mut row = Values::default();
            row.int(id.0 as i64).int(seq);
            self.events.insert(name(&row, 2), row);
        }
        if let Some(one) = rows::use_of(at, event) {
            let mut row = Values::default();
            rows::used(seq, &one, &mut row);
            self.uses.insert(name(&row, 1), row);
        }
        if let Some(one) = rows::letter_of(at, event) {
            let mut row = Values::default();
            rows::letter(&one, &mut row);
            self.letters.insert(name(&row, 1), row);
        }
        rows::asked(event, |fill| {
            let mut row = Values::default();
            fill(&mut row);
            self.asked.insert(name(&row, 3), row);
        });
        if let LibraryEvent::NoticeRaised { notice, .. }
        | LibraryEvent::NoticeEnded { notice, .. } = event
        {
            self.notices.entry(*notice).or_default().apply(at, event);
        }
        self.synonyms.apply(at, event);
        for gone in said::apply(&mut self.said, at, event) {
            self.said.remove(&gone);
        }
        if let LibraryEvent::SynonymSet { digest, .. } = event {
            self.entries.insert(digest.clone());
        }
        if let Some(about) = rows::gap_of(event, &code) {
            self.gaps.entry(about).or_default().apply(at, event);
        }
    }

    /// Every table is what the events tell.
    async fn compare(&mut self, view: &mut Snapshot, city: &City) -> Result<(), Failure> {
        let mut articles = Told::new();
        let mut comments = Told::new();
        for article in self.articles.values() {
            let mut row = Values::default();
            rows::article(article, city, &mut row);
            articles.insert(name(&row, 1), row);
            for (number, said) in &article.comments {
                let mut row = Values::default();
                rows::comment(article.id, *number, said, &mut row);
                comments.insert(name(&row, 2), row);
            }
        }
        let mut notices = Told::new();
        for notice in self.notices.values() {
            let mut row = Values::default();
            rows::notice(notice, &mut row);
            notices.insert(name(&row, 1), row);
        }
        let mut gaps = Told::new();
        for (about, count) in &self.gaps {
            let mut row = Values::default();
            rows::gap(about, count, &mut row);
            gaps.insert(name(&row, 3), row);
        }
        let mut synonyms = Told::new();
        for entry in self.synonyms.0.values() {
            let mut row = Values::default();
            rows::synonym(entry, &mut row);
            synonyms.insert(name(&row, 1), row);
        }
        self.table(view, "synonym", &rows::SYNONYM, 1, synonyms)
            .await?;
        let mut said = Told::new();
        for (key, last) in &self.said {
            let mut row = Values::default();
            said::row(key, last.unwrap_or_default(), &mut row);
            said.insert(name(&row, 1), row);
        }
        self.table(view, "pointer to words", &rows::SAID, 1, said)
            .await?;
        let events = std::mem::take(&mut self.events);
        self.table(view, "article", &rows::ARTICLE, 1, articles)
            .await?;
        self.table(view, "event of an article", &rows::EVENT, 2, events)
            .await?;
        let uses = std::mem::take(&mut self.uses);
        self.table(view, "use", &rows::USE, 1, uses).await?;
        let letters = std::mem::take(&mut self.letters);
        self.table(view, "mail to a unit", &rows::LETTER, 1, letters)
            .await?;
        let asked = std::mem::take(&mut self.asked);
        self.table(view, "asking of a unit", &rows::ASKED, 3, asked)
            .await?;
        self.table(view, "comment", &rows::COMMENT, 2, comments)
            .await?;
        self.table(view, "notice", &rows::NOTICE, 1, notices)
            .await?;
        self.table(view, "gap", &rows::GAP, 3, gaps).await
    }

    /// Compares a table whose first columns are its key.
    async fn table(
        &mut self,
        view: &mut Snapshot,
        what: &str,
        insert: &Insert,
        key: usize,
        mut told: Told,
    ) -> Result<(), Failure> {
        let text = format!("SELECT {} FROM {}", insert.columns, insert.table);
        let columns: Vec<&str> = insert.columns.split(", ").collect();
        for record in view.query(&text, Values::default()).await?.iter() {
            let mut row = Values::default();
            for column in 0..columns.len() {
                row.push(record.get(column));
            }
            let shown = name(&row, key);
            let Some(due) = told.remove(&shown) else {
                self.differs(format!("{what} {shown} is listed but no event tells of it"));
                continue;
            };
            let differing: Vec<&str> = columns
                .iter()
                .enumerate()
                .filter(|(index, column)| {
                    **column != BY_RULES && row.get(*index) != due.get(*index)
                })
                .map(|(_, column)| *column)
                .collect();
            if !differing.is_empty() {
                self.differs(format!(
                    "{what} {shown} differs from its events in: {}",
                    differing.join(", ")
                ));
            }
        }
        for shown in told.keys() {
            self.differs(format!("{what} {shown} has events but no row"));
        }
        Ok(())
    }

    /// Every text is the one whose digest was written, and none is missing.
    async fn texts(&mut self, view: &mut Snapshot) -> Result<(), Failure> {
        let versions = self.articles.values().flat_map(|one| one.versions.values());
        let marks = versions.flat_map(|version| version.marks.values());
        let mut needed: BTreeSet<String> = marks.map(|mark| mark.digest.clone()).collect();
        needed.extend(self.notices.values().map(|notice| notice.digest.clone()));
        needed.append(&mut self.entries);
        let mut after = String::new();
        loop {
            let mut asked = Values::default();
            asked.text(&after).int(CHUNK);
            let text = "SELECT digest, body FROM library_text WHERE digest > $1 \
                        ORDER BY digest LIMIT $2";
            let found = view.query(text, asked).await?;
            let Some(last) = found.iter().next_back() else {
                break;
            };
            last.text(0)?.clone_into(&mut after);
            for record in found.iter() {
                let (named, body) = (record.text(0)?, record.text(1)?);
                if digest(body) != named {
                    self.differs(format!("the text {named} is not the one that was written"));
                }
                if !needed.remove(named) {
                    self.differs(format!("the text {named} belongs to no revision"));
                }
            }
        }
        for missing in needed {
            self.differs(format!("the text {missing} is missing"));
        }
        Ok(())
    }

    /// What was said is what was said, what was erased is gone, and nothing else is missing.
    async fn words(&mut self, view: &mut Snapshot, key: Option<&Key>) -> Result<(), Failure> {
        let needed = self.said.keys().map(|key| key.digest.clone());
        let needed: BTreeSet<String> = needed.collect();
        let mut missing = needed.clone();
        let text = "SELECT digest, text FROM library_words";
        for record in view.query(text, Values::default()).await?.iter() {
            let (named, words) = (record.text(0)?, record.text(1)?);
            missing.remove(named);
            if key.is_some_and(|key| key.words(words) != named) {
                self.differs(format!("the words {named} are not those that were written"));
            }
            if !needed.contains(named) {
                self.differs(format!("the words {named} were erased but are there"));
            }
        }
        for named in missing {
            self.differs(format!("the words {named} are missing"));
        }
        Ok(())
    }
}

/// The first columns of a row as one name.
fn name(row: &Values, columns: usize) -> String {
    let columns: Vec<String> = (0..columns)
        .map(|column| match row.get(column) {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => other.to_string(),
        })
        .collect();
    columns.join(" ")
}
