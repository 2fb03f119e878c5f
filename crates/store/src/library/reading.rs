//! The reading side of the library: lists, articles with their texts, history, gaps, notices.
//! Never writes.

use super::STREAM;
use super::rows::{self, ArticleRow, ArticleUse, GapCount, GapKey, OpenComment, UnitLetter};
use super::said::{self, SaidKey};
use crate::archive::Archive;
use crate::engine::Reader;
use crate::failure::Failure;
use crate::value::{Record, Values};
use center::city::{ContactId, CounselorId, Language};
use center::knowledge::{
    Article, ArticleId, Entry, Gap, LibraryEvent, Notice, NoticeId, Owed, Said, Season, Status,
    Synonym, SynonymTable, Text, Version, is_search,
};
use center::time::{Day, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Digests that are looked up at once.
const DIGESTS: usize = 500;

/// What a list of articles is narrowed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArticleSearch {
    /// States; none means every one.
    pub statuses: Vec<Status>,
    /// A revision that is not published, or nothing published yet.
    pub drafts: bool,
    /// Comments that nobody has dealt with.
    pub commented: bool,
    /// Owner units; none means every one.
    pub owners: Vec<String>,
    /// Beginning of the category.
    pub category: String,
    /// Season.
    pub season: Option<Season>,
    /// A language and how it stands there: `missing`, `older`, `unchecked` or `human`.
    pub language: Option<(Language, String)>,
    /// Words of titles and code.
    pub words: String,
    /// Below this change and number: the last of the page before.
    pub before: Option<(Time, ArticleId)>,
    /// Most rows.
    pub limit: usize,
}

/// An article with the texts of one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Article.
    pub article: Article,
    /// Number of the version.
    pub revision: u32,
    /// Texts by language.
    pub texts: BTreeMap<Language, Text>,
}

impl Whole {
    /// The version whose texts these are.
    pub fn version(&self) -> Option<&Version> {
        self.article.versions.get(&self.revision)
    }
}

/// A statement while it is being put together.
#[derive(Default)]
struct Asked {
    wanted: Vec<String>,
    values: Values,
}

impl Asked {
    /// The place of a value that is added next.
    fn place(&self) -> String {
        format!("${}", self.values.len() + 1)
    }

    fn one_of<'a>(&mut self, column: &str, values: impl Iterator<Item = &'a str>) {
        let mut places = Vec::new();
        for value in values {
            places.push(self.place());
            self.values.text(value);
        }
        if !places.is_empty() {
            let places = places.join(", ");
            self.wanted.push(format!("{column} IN ({places})"));
        }
    }

    fn like(&mut self, column: &str, pattern: &str) {
        let place = self.place();
        self.values.text(pattern);
        self.wanted
            .push(format!("{column} LIKE {place} ESCAPE '!'"));
    }

    fn number(&mut self, number: i64) -> String {
        let place = self.place();
        self.values.int(number);
        place
    }
}

impl ArticleSearch {
    /// The statement and its values.
    fn list(&self) -> (String, Values) {
        let mut asked = Asked::default();
        asked.one_of("status", self.statuses.iter().map(|status| status.code()));
        asked.one_of("owner", self.owners.iter().map(String::as_str));
        asked.one_of("season", self.season.iter().map(|season| season.code()));
        if self.drafts {
            let draft = "revision > published AND status <> 'retired'";
            asked.wanted.push(draft.to_owned());
        }
        if self.commented {
            asked.wanted.push("comments > 0".to_owned());
        }
        if !self.category.is_empty() {
            asked.like("category", &format!("{}%", escaped(&self.category)));
        }
        match &self.language {
            Some((language, standing)) if standing == "missing" => {
                asked.like("languages NOT", &format!("%{language} %"));
            }
            Some((language, standing)) => {
                asked.like("languages", &format!("%{language} {}%", escaped(standing)));
            }
            None => {}
        }
        for word in self.words.split_whitespace() {
            asked.like("found", &format!("%{}%", escaped(&word.to_lowercase())));
        }
        if let Some((at, id)) = self.before {
            let (first, second) = (asked.number(at.0), asked.number(at.0));
            let third = asked.number(id.0 as i64);
            asked.wanted.push(format!(
                "(changed < {first} OR changed = {second} AND article < {third})"
            ));
        }
        let wanted = if asked.wanted.is_empty() {
            String::new()
        } else {
            format!("WHERE {} ", asked.wanted.join(" AND "))
        };
        let limit = asked.number(self.limit as i64);
        let text = format!(
            "SELECT {} FROM article {wanted}ORDER BY changed DESC, article DESC LIMIT {limit}",
            rows::ARTICLE.columns
        );
        (text, asked.values)
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            safe.push('!');
        }
        safe.push(letter);
    }
    safe
}

impl Archive {
    /// A page of articles, latest changed first.
    pub async fn articles(&self, search: &ArticleSearch) -> Result<Vec<ArticleRow>, Failure> {
        let (text, asked) = search.list();
        let found = self.reader().query(&text, asked).await?;
        found.iter().map(rows::read_article).collect()
    }

    /// How many articles are in each state.
    pub async fn article_counts(&self) -> Result<BTreeMap<Status, u64>, Failure> {
        let text = "SELECT status, count(*) FROM article GROUP BY status";
        let mut counts = BTreeMap::new();
        for record in self.reader().query(text, Values::default()).await?.iter() {
            if let Some(status) = Status::parse(record.text(0)?) {
                counts.insert(status, record.int(1)? as u64);
            }
        }
        Ok(counts)
    }

    /// The number of the article with a code.
    pub async fn find_article(&self, code: &str) -> Result<Option<ArticleId>, Failure> {
        find(self.reader(), code).await
    }

    /// An article with all its versions, without texts.
    pub async fn article(&self, id: ArticleId) -> Result<Option<Article>, Failure> {
        article(self.reader(), id).await
    }

    /// Everything that happened to an article.
    pub async fn article_history(
        &self,
        id: ArticleId,
    ) -> Result<Vec<(Time, LibraryEvent)>, Failure> {
        events_of(self.reader(), id.0 as i64 - 1, id.0 as i64).await
    }

    /// The texts of a version.
    pub async fn article_texts(
        &self,
        version: &Version,
    ) -> Result<BTreeMap<Language, Text>, Failure> {
        let digests = version.marks.values().map(|mark| mark.digest.as_str());
        let bodies = bodies(self.reader(), &digests.collect::<Vec<_>>()).await?;
        texts(version, &bodies)
    }

    /// Articles by number, from the one after `after`, with the texts of what is published, or of
    /// the latest revision where `latest` says so; what has no such version is left out. Then the
    /// number of the last article that was looked at, none after the last page.
    pub async fn whole_articles(
        &self,
        after: ArticleId,
        limit: usize,
        latest: bool,
    ) -> Result<(Vec<Whole>, Option<ArticleId>), Failure> {
        let mut asked = Values::default();
        asked.int(after.0 as i64).int(limit as i64);
        let text = "SELECT article FROM article WHERE article > $1 ORDER BY article LIMIT $2";
        let found = self.reader().query(text, asked).await?;
        let Some(last) = found.iter().next_back() else {
            return Ok((Vec::new(), None));
        };
        let last = last.int(0)?;
        let articles = between(self.reader(), after.0 as i64, last).await?;
        let wholes = self.with_texts(articles, latest).await?;
        Ok((wholes, Some(ArticleId(last as u64))))
    }

    /// One article, as [`Archive::whole_articles`] gives them.
    pub async fn whole_article(
        &self,
        id: ArticleId,
        latest: bool,
    ) -> Result<Option<Whole>, Failure> {
        let Some(article) = self.article(id).await? else {
            return Ok(None);
        };
        Ok(self.with_texts(vec![article], latest).await?.pop())
    }

    /// Articles by their codes with the texts of their latest revisions, without unknown codes.
    pub async fn articles_by_code(
        &self,
        codes: &[&str],
    ) -> Result<BTreeMap<String, Whole>, Failure> {
        let mut wholes = BTreeMap::new();
        for part in codes.chunks(DIGESTS) {
            let mut asked = Values::default();
            for code in part {
                asked.text(code);
            }
            asked.int(STREAM);
            let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
            let text = format!(
                "SELECT j.at, j.body FROM article AS a \
                 JOIN article_event AS e ON e.article = a.article \
                 JOIN journal AS j ON j.seq = e.seq WHERE a.code IN ({}) AND j.stream = ${} \
                 ORDER BY e.article, e.seq",
                places.join(", "),
                part.len() + 1
            );
            let found = self.reader().query(&text, asked).await?;
            let read = |record: Record<'_>| Ok((Time(record.int(0)?), event(record.text(1)?)?));
            let events: Result<Vec<_>, Failure> = found.iter().map(read).collect();
            for whole in self.with_texts(folded(events?), true).await? {
                wholes.insert(whole.article.code.clone(), whole);
            }
        }
        Ok(wholes)
    }

    async fn with_texts(
        &self,
        articles: Vec<Article>,
        latest: bool,
    ) -> Result<Vec<Whole>, Failure> {
        let chosen = |article: &Article| {
            let version = if latest {
                article.latest()
            } else {
                article.published()
            };
            version.map(|version| version.revision)
        };
        let chosen: Vec<(Article, u32)> = articles
            .into_iter()
            .filter_map(|article| {
                let revision = chosen(&article)?;
                Some((article, revision))
            })
            .collect();
        let marks = chosen
            .iter()
            .filter_map(|(article, revision)| article.versions.get(revision))
            .flat_map(|version| version.marks.values());
        let digests: Vec<&str> = marks.map(|mark| mark.digest.as_str()).collect();
        let bodies = bodies(self.reader(), &digests).await?;
        let mut wholes = Vec::with_capacity(chosen.len());
        for (article, revision) in chosen {
            let texts = texts(&article.versions[&revision], &bodies)?;
            wholes.push(Whole {
                article,
                revision,
                texts,
            });
        }
        Ok(wholes)
    }

    /// Articles to which something happened after an event of the library, and the number of the
    /// last event: what an index needs to catch up.
    pub async fn articles_since(&self, seq: i64) -> Result<(Vec<ArticleId>, i64), Failure> {
        let mut asked = Values::default();
        asked.int(STREAM);
        let text = "SELECT COALESCE(max(seq), 0) FROM journal WHERE stream = $1";
        let last = self.reader().query(text, asked).await?;
        let last = last.first().map_or(Ok(0), |record| record.int(0))?;
        let mut asked = Values::default();
        asked.int(seq).int(last);
        let text = "SELECT DISTINCT article FROM article_event WHERE seq > $1 AND seq <= $2 \
                    ORDER BY article";
        let found = self.reader().query(text, asked).await?;
        let id = |record: Record<'_>| Ok(ArticleId(record.int(0)? as u64));
        let articles: Result<Vec<ArticleId>, Failure> = found.iter().map(id).collect();
        Ok((articles?, last))
    }

    /// What was said, by its digest: comments, reasons, searches. Erased ones are missing.
    pub async fn library_words(
        &self,
        digests: &[&str],
    ) -> Result<BTreeMap<String, String>, Failure> {
        let text = "SELECT digest, text FROM library_words WHERE digest IN";
        by_digest(self.reader(), text, digests).await
    }

    /// Every entry that the table of synonyms ever had.
    pub async fn synonym_table(&self) -> Result<Vec<Synonym>, Failure> {
        let table = synonym_table(self.reader()).await?;
        Ok(table.0.into_values().collect())
    }

    /// The table of synonyms without what was removed, by its words.
    pub async fn synonyms(&self) -> Result<Vec<(Synonym, Entry)>, Failure> {
        let table = synonym_table(self.reader()).await?;
        let there: Vec<Synonym> = table.0.into_values().filter(|one| !one.removed).collect();
        let digests: Vec<&str> = there.iter().map(|one| one.digest.as_str()).collect();
        let bodies = bodies(self.reader(), &digests).await?;
        let entries = there.into_iter().map(|one| {
            let body = bodies.get(&one.digest).map_or("", String::as_str);
            let entry: Entry = serde_json::from_str(body).map_err(|error| {
                Failure::Corrupt(format!("synonym {} cannot be read: {error}", one.id))
            })?;
            Ok((one, entry))
        });
        let mut entries = entries.collect::<Result<Vec<_>, Failure>>()?;
        entries.sort_by(|one, other| one.1.word.cmp(&other.1.word));
        Ok(entries)
    }

    /// What was searched for when counselors used an article, the latest first: without what was
    /// erased, and without what may tell of a person.
    pub async fn searches_of(&self, article: &Article) -> Result<Vec<String>, Failure> {
        let digests: Vec<&str> = article.used_for.iter().map(String::as_str).collect();
        let mut words = self.library_words(&digests).await?;
        let latest = digests.iter().rev();
        let known = latest.filter_map(|digest| words.remove(*digest));
        Ok(known.filter(|words| is_search(words)).collect())
    }

    /// What counselors did with articles in a contact, oldest first, with the article as lists show
    /// it.
    pub async fn article_uses(
        &self,
        contact: ContactId,
    ) -> Result<Vec<(ArticleUse, ArticleRow)>, Failure> {
        let mut shown = Vec::new();
        for one in uses(self.reader(), contact).await? {
            let mut asked = Values::default();
            asked.int(one.article.0 as i64);
            let columns = rows::ARTICLE.columns;
            let text = format!("SELECT {columns} FROM article WHERE article = $1");
            let found = self.reader().query(&text, asked).await?;
            if let Some(record) = found.first() {
                shown.push((one, rows::read_article(record)?));
            }
        }
        Ok(shown)
    }

    /// Comments that owners have to deal with, oldest first.
    pub async fn open_comments(&self, limit: usize) -> Result<Vec<OpenComment>, Failure> {
        let mut asked = Values::default();
        asked.int(limit as i64);
        let text = "SELECT article, comment, at, author, words, contact FROM article_comment \
                    WHERE settled IS NULL ORDER BY at, article, comment LIMIT $1";
        let found = self.reader().query(text, asked).await?;
        let read = |record: Record<'_>| {
            Ok(OpenComment {
                article: ArticleId(record.int(0)? as u64),
                comment: record.int(1)? as u32,
                at: Time(record.int(2)?),
                author: record.maybe(3)?.map(|id| CounselorId(id as u32)),
                words: record.text(4)?.to_owned(),
                contact: record.maybe(5)?.map(|id| ContactId(id as u64)),
            })
        };
        found.iter().map(read).collect()
    }

    /// What the library does not answer, most often missed first.
    pub async fn library_gaps(
        &self,
        kind: Gap,
        limit: usize,
    ) -> Result<Vec<(GapKey, GapCount)>, Failure> {
        let mut asked = Values::default();
        asked.text(kind.code()).int(limit as i64);
        let text = format!(
            "SELECT {} FROM library_gap WHERE open > 0 AND gap = $1 \
             ORDER BY open DESC, last DESC, about LIMIT $2",
            rows::GAP.columns
        );
        let found = self.reader().query(&text, asked).await?;
        found.iter().map(rows::read_gap).collect()
    }

    /// Categories of published articles.
    pub async fn published_categories(&self) -> Result<Vec<String>, Failure> {
        let text = "SELECT DISTINCT category FROM article WHERE published > 0 \
                    AND status <> 'retired' ORDER BY category";
        let found = self.reader().query(text, Values::default()).await?;
        let code = |record: Record<'_>| record.text(0).map(str::to_owned);
        found.iter().map(code).collect()
    }

    /// Notices that are live or begin later, with their texts by language.
    pub async fn notices(
        &self,
        now: Time,
    ) -> Result<Vec<(Notice, BTreeMap<String, String>)>, Failure> {
        notices(self.reader(), now).await
    }

    /// Mails to units that have not left yet, or of which nobody knows.
    pub async fn open_unit_letters(&self) -> Result<Vec<UnitLetter>, Failure> {
        let text = format!(
            "SELECT {} FROM unit_letter WHERE fortune IN ('queued', 'unknown') ORDER BY letter",
            rows::LETTER.columns
        );
        let found = self.reader().query(&text, Values::default()).await?;
        found.iter().map(rows::read_letter).collect()
    }

    /// What a mail to a unit tells of, as lists show it, each with the last day it has or had and
    /// whether that was over.
    pub async fn unit_letter_articles(
        &self,
        letter: u32,
    ) -> Result<Vec<(ArticleRow, Owed)>, Failure> {
        let columns: Vec<String> = rows::ARTICLE
            .columns
            .split(", ")
            .map(|column| format!("a.{column}"))
            .collect();
        let width = columns.len();
        let text = format!(
            "SELECT {}, m.due, m.overdue FROM unit_letter_article m \
             JOIN article a ON a.article = m.article WHERE m.letter = $1 \
             ORDER BY m.overdue DESC, m.due, a.article",
            columns.join(", ")
        );
        let mut asked = Values::default();
        asked.int(i64::from(letter));
        let found = self.reader().query(&text, asked).await?;
        let read = |record: Record<'_>| {
            let row = rows::read_article(record)?;
            let owed = Owed {
                article: row.id,
                due: Day(record.int(width)? as i32),
                overdue: record.int(width + 1)? != 0,
            };
            Ok((row, owed))
        };
        found.iter().map(read).collect()
    }

    /// The last notices, ended ones too.
    pub async fn last_notices(
        &self,
        limit: usize,
    ) -> Result<Vec<(Notice, BTreeMap<String, String>)>, Failure> {
        let mut asked = Values::default();
        asked.int(limit as i64);
        let columns = rows::NOTICE.columns;
        let text = format!("SELECT {columns} FROM notice ORDER BY notice DESC LIMIT $1");
        read_notices(self.reader(), &text, asked).await
    }
}

/// What counselors did with articles in a contact, oldest first.
pub(super) async fn uses(reader: &Reader, contact: ContactId) -> Result<Vec<ArticleUse>, Failure> {
    let mut asked = Values::default();
    asked.int(contact.0 as i64);
    let columns = rows::USE.columns;
    let text = format!("SELECT {columns} FROM article_use WHERE contact = $1 ORDER BY seq");
    let found = reader.query(&text, asked).await?;
    found.iter().map(rows::read_use).collect()
}

/// What points to words.
pub(super) async fn said_keys(reader: &Reader, digest: &str) -> Result<Vec<SaidKey>, Failure> {
    let mut asked = Values::default();
    asked.text(digest);
    let text = "SELECT digest, said, article FROM library_said WHERE digest = $1";
    let found = reader.query(text, asked).await?;
    found.iter().map(said::read).collect()
}

/// Words of a kind that were written last before an instant, the oldest first.
pub(super) async fn due_words(
    reader: &Reader,
    said: Said,
    before: Time,
    limit: usize,
) -> Result<Vec<SaidKey>, Failure> {
    let mut asked = Values::default();
    asked.text(said.code()).int(before.0).int(limit as i64);
    let text = "SELECT digest, said, article FROM library_said WHERE said = $1 AND last < $2 \
                ORDER BY last, name LIMIT $3";
    let found = reader.query(text, asked).await?;
    found.iter().map(said::read).collect()
}

/// Every entry of the table of synonyms, removed ones too.
pub(super) async fn synonym_table(reader: &Reader) -> Result<SynonymTable, Failure> {
    let text = format!("SELECT {} FROM synonym", rows::SYNONYM.columns);
    let found = reader.query(&text, Values::default()).await?;
    let read = |record| rows::read_synonym(record).map(|entry| (entry.id, entry));
    Ok(SynonymTable(
        found.iter().map(read).collect::<Result<_, _>>()?,
    ))
}

/// Notices that are live or begin later, with their texts by language.
pub(super) async fn notices(
    reader: &Reader,
    now: Time,
) -> Result<Vec<(Notice, BTreeMap<String, String>)>, Failure> {
    let mut asked = Values::default();
    asked.int(now.0);
    let text = format!(
        "SELECT {} FROM notice WHERE ended IS NULL AND until > $1 ORDER BY notice DESC",
        rows::NOTICE.columns
    );
    read_notices(reader, &text, asked).await
}

async fn read_notices(
    reader: &Reader,
    text: &str,
    asked: Values,
) -> Result<Vec<(Notice, BTreeMap<String, String>)>, Failure> {
    let found = reader.query(text, asked).await?;
    let notices = found.iter().map(rows::read_notice);
    let notices: Vec<Notice> = notices.collect::<Result<_, _>>()?;
    let digests: Vec<&str> = notices.iter().map(|one| one.digest.as_str()).collect();
    let bodies = bodies(reader, &digests).await?;
    let texts = |notice: Notice| {
        let body = bodies.get(&notice.digest).map_or("{}", String::as_str);
        let texts = serde_json::from_str(body).map_err(|error| {
            Failure::Corrupt(format!("notice {} cannot be read: {error}", notice.id))
        })?;
        Ok((notice, texts))
    };
    notices.into_iter().map(texts).collect()
}

fn texts(
    version: &Version,
    bodies: &BTreeMap<String, String>,
) -> Result<BTreeMap<Language, Text>, Failure> {
    let mut texts = BTreeMap::new();
    for (language, mark) in &version.marks {
        let Some(body) = bodies.get(&mark.digest) else {
            return Err(Failure::Corrupt(format!("text {} is missing", mark.digest)));
        };
        let text: Text = serde_json::from_str(body).map_err(|error| {
            Failure::Corrupt(format!("text {} cannot be read: {error}", mark.digest))
        })?;
        texts.insert(*language, text);
    }
    Ok(texts)
}

async fn bodies(reader: &Reader, digests: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let text = "SELECT digest, body FROM library_text WHERE digest IN";
    by_digest(reader, text, digests).await
}

async fn by_digest(
    reader: &Reader,
    text: &str,
    digests: &[&str],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    for part in digests.chunks(DIGESTS) {
        let mut asked = Values::default();
        for digest in part {
            asked.text(digest);
        }
        let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
        let text = format!("{text} ({})", places.join(", "));
        for record in reader.query(&text, asked).await?.iter() {
            found.insert(record.text(0)?.to_owned(), record.text(1)?.to_owned());
        }
    }
    Ok(found)
}

pub(super) async fn find(reader: &Reader, code: &str) -> Result<Option<ArticleId>, Failure> {
    let mut asked = Values::default();
    asked.text(code);
    let text = "SELECT article FROM article WHERE code = $1";
    let found = reader.query(text, asked).await?;
    let id = |record: Record<'_>| Ok(ArticleId(record.int(0)? as u64));
    found.first().map(id).transpose()
}

pub(super) async fn article(reader: &Reader, id: ArticleId) -> Result<Option<Article>, Failure> {
    Ok(between(reader, id.0 as i64 - 1, id.0 as i64).await?.pop())
}

/// Articles whose numbers lie in `after < number <= to`, in order.
pub(super) async fn between(reader: &Reader, after: i64, to: i64) -> Result<Vec<Article>, Failure> {
    Ok(folded(events_of(reader, after, to).await?))
}

/// Articles from their events.
fn folded(events: Vec<(Time, LibraryEvent)>) -> Vec<Article> {
    let mut articles: BTreeMap<ArticleId, Article> = BTreeMap::new();
    for (at, event) in events {
        if let Some(id) = event.article() {
            articles.entry(id).or_default().apply(at, &event);
        }
    }
    articles.into_values().collect()
}

async fn events_of(
    reader: &Reader,
    after: i64,
    to: i64,
) -> Result<Vec<(Time, LibraryEvent)>, Failure> {
    let mut asked = Values::default();
    asked.int(after).int(to).int(STREAM);
    let text = "SELECT j.at, j.body FROM article_event AS e JOIN journal AS j ON j.seq = e.seq \
                WHERE e.article > $1 AND e.article <= $2 AND j.stream = $3 \
                ORDER BY e.article, e.seq";
    let found = reader.query(text, asked).await?;
    let read = |record: Record<'_>| Ok((Time(record.int(0)?), event(record.text(1)?)?));
    found.iter().map(read).collect()
}

/// Events of the library after a number, in order.
pub(super) async fn events_after(
    reader: &Reader,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Time, LibraryEvent)>, Failure> {
    let mut asked = Values::default();
    asked.int(STREAM).int(after).int(limit);
    let text = "SELECT seq, at, body FROM journal WHERE stream = $1 AND seq > $2 \
                ORDER BY seq LIMIT $3";
    let found = reader.query(text, asked).await?;
    let read = |record: Record<'_>| {
        Ok((
            record.int(0)?,
            Time(record.int(1)?),
            event(record.text(2)?)?,
        ))
    };
    found.iter().map(read).collect()
}

fn event(body: &str) -> Result<LibraryEvent, Failure> {
    serde_json::from_str(body)
        .map_err(|error| Failure::Corrupt(format!("a library event cannot be read: {error}")))
}

pub(super) async fn notice(reader: &Reader, id: NoticeId) -> Result<Option<Notice>, Failure> {
    let mut asked = Values::default();
    asked.int(id.0 as i64);
    let columns = rows::NOTICE.columns;
    let text = format!("SELECT {columns} FROM notice WHERE notice = $1");
    let found = reader.query(&text, asked).await?;
    found.first().map(rows::read_notice).transpose()
}

pub(super) async fn gap(reader: &Reader, about: &GapKey) -> Result<GapCount, Failure> {
    let mut asked = Values::default();
    asked.text(about.gap.code());
    asked.text(about.language.code()).text(&about.about);
    let text = format!(
        "SELECT {} FROM library_gap WHERE gap = $1 AND language = $2 AND about = $3",
        rows::GAP.columns
    );
    let found = reader.query(&text, asked).await?;
    let found = found.first().map(rows::read_gap).transpose()?;
    Ok(found.map_or_else(GapCount::default, |(_, count)| count))
}

/// By unit what is due or overdue and no mail told of yet.
pub(super) async fn owed(reader: &Reader) -> Result<BTreeMap<String, Vec<Owed>>, Failure> {
    let text = "SELECT owner, article, due, status FROM article \
                WHERE status IN ('due', 'overdue') AND due IS NOT NULL AND NOT EXISTS (\
                SELECT 1 FROM unit_letter_article m WHERE m.article = article.article \
                AND m.due = article.due \
                AND m.overdue = CASE WHEN status = 'overdue' THEN 1 ELSE 0 END) \
                ORDER BY owner, article";
    let mut owed: BTreeMap<String, Vec<Owed>> = BTreeMap::new();
    for record in reader.query(text, Values::default()).await?.iter() {
        let one = Owed {
            article: ArticleId(record.int(1)? as u64),
            due: Day(record.int(2)? as i32),
            overdue: record.text(3)? == Status::Overdue.code(),
        };
        owed.entry(record.text(0)?.to_owned())
            .or_default()
            .push(one);
    }
    Ok(owed)
}

/// Units that are asked on a day already.
pub(super) async fn asked_on(reader: &Reader, day: Day) -> Result<BTreeSet<String>, Failure> {
    let mut asked = Values::default();
    asked.int(i64::from(day.0));
    let text = "SELECT unit FROM unit_letter WHERE day = $1";
    let found = reader.query(text, asked).await?;
    let unit = |record: Record<'_>| record.text(0).map(str::to_owned);
    found.iter().map(unit).collect()
}

/// A mail to a unit.
pub(super) async fn unit_letter(
    reader: &Reader,
    letter: u32,
) -> Result<Option<UnitLetter>, Failure> {
    let mut asked = Values::default();
    asked.int(i64::from(letter));
    let columns = rows::LETTER.columns;
    let text = format!("SELECT {columns} FROM unit_letter WHERE letter = $1");
    let found = reader.query(&text, asked).await?;
    found.first().map(rows::read_letter).transpose()
}
