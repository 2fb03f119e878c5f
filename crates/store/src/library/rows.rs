//! What the library's events make of its tables: rows of articles, comments, gaps and notices.
//! Pure; never touches an engine.

use crate::failure::Failure;
use crate::fold::{JOURNAL, META};
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Record, Values};
use center::city::{City, ContactId, CounselorId, Language};
use center::knowledge::{
    Article, ArticleId, Audience, Comment, Gap, LibraryEvent, Notice, NoticeId, Season, Status,
    Synonym, SynonymId, TextState, Version,
};
use center::time::{Day, Time};

pub(crate) static ARTICLE: Insert = Insert::new(
    "article",
    "article, code, status, next_change, revision, published, review, owner, category, audience, \
season, source, valid_until, assured, due, titles, found, languages, comments, helped, unhelped, \
used, sample, changed",
    Conflict::Replace {
        key: "article",
        columns: "status, next_change, revision, published, review, owner, category, audience, \
season, source, valid_until, assured, due, titles, found, languages, comments, helped, unhelped, \
used, changed",
    },
);
pub(crate) static EVENT: Insert = Insert::new("article_event", "article, seq", Conflict::Refuse);
pub(crate) static USE: Insert = Insert::new(
    "article_use",
    "seq, contact, article, at, what, revision, counselor, language, district",
    Conflict::Refuse,
);
pub(crate) static COMMENT: Insert = Insert::new(
    "article_comment",
    "article, comment, at, author, words, contact, settled",
    Conflict::Replace {
        key: "article, comment",
        columns: "settled",
    },
);
pub(crate) static GAP: Insert = Insert::new(
    "library_gap",
    "gap, language, about, open, total, first, last, settled",
    Conflict::Replace {
        key: "gap, language, about",
        columns: "open, total, last, settled",
    },
);
pub(crate) static NOTICE: Insert = Insert::new(
    "notice",
    "notice, author, digest, starts, until, audience, prompt, article, ended",
    Conflict::Replace {
        key: "notice",
        columns: "ended",
    },
);
pub(crate) static SYNONYM: Insert = Insert::new(
    "synonym",
    "synonym, word, digest, author, changed, removed",
    Conflict::Replace {
        key: "synonym",
        columns: "word, digest, author, changed, removed",
    },
);
pub(crate) static SAID: Insert = Insert::new(
    "library_said",
    "name, digest, said, article, last",
    Conflict::Replace {
        key: "name",
        columns: "last",
    },
);
static SAID_GONE: Insert = Insert::new("library_said", "name", Conflict::Erase);
static WORDS_GONE: Insert = Insert::new("library_words", "digest", Conflict::Erase);
/// Mails to units: who, when, what became of each.
pub(crate) static LETTER: Insert = Insert::new(
    "unit_letter",
    "letter, unit, day, fortune, at",
    Conflict::Replace {
        key: "letter",
        columns: "fortune, at",
    },
);
/// What units were told of: one row for each asking, one more when it was overdue.
pub(crate) static ASKED: Insert = Insert::new(
    "unit_letter_article",
    "article, due, overdue, letter",
    Conflict::Refuse,
);
static TEXT: Insert = Insert::new("library_text", "digest, body", Conflict::Keep);
static WORDS: Insert = Insert::new("library_words", "digest, text", Conflict::Keep);

/// Places in the list of tables, which is the order of writing.
pub(crate) mod place {
    pub const JOURNAL: usize = 0;
    pub const TEXT: usize = 1;
    pub const WORDS: usize = 2;
    pub const ARTICLE: usize = 3;
    pub const EVENT: usize = 4;
    pub const COMMENT: usize = 5;
    pub const GAP: usize = 6;
    pub const NOTICE: usize = 7;
    pub const USE: usize = 8;
    pub const SYNONYM: usize = 9;
    pub const SAID: usize = 10;
    pub const SAID_GONE: usize = 11;
    pub const WORDS_GONE: usize = 12;
    pub const LETTER: usize = 13;
    pub const ASKED: usize = 14;
    pub const META: usize = 15;
}

/// Empty tables in the order of writing.
pub(crate) fn tables() -> Vec<Rows> {
    let kinds: [&'static Insert; 16] = [
        &JOURNAL,
        &TEXT,
        &WORDS,
        &ARTICLE,
        &EVENT,
        &COMMENT,
        &GAP,
        &NOTICE,
        &USE,
        &SYNONYM,
        &SAID,
        &SAID_GONE,
        &WORDS_GONE,
        &LETTER,
        &ASKED,
        &META,
    ];
    kinds.into_iter().map(Rows::new).collect()
}

/// An article as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleRow {
    /// Number.
    pub id: ArticleId,
    /// Code.
    pub code: String,
    /// State as counted last.
    pub status: Status,
    /// Number of the latest revision.
    pub revision: u32,
    /// Number of the published one, 0 for none.
    pub published: u32,
    /// Its unit is asked to look at the latest revision.
    pub review: bool,
    /// Owner unit.
    pub owner: String,
    /// Category.
    pub category: String,
    /// Audience.
    pub audience: Audience,
    /// Season.
    pub season: Option<Season>,
    /// The language it is first written in.
    pub source: Language,
    /// Last valid day.
    pub valid_until: Option<Day>,
    /// As of which day it is assured.
    pub assured: Option<Day>,
    /// Last day that its unit has to assure it, when it is being asked.
    pub due: Option<Day>,
    /// Title by language.
    pub titles: Vec<(Language, String)>,
    /// State of each language's text: `human`, `unchecked` or `older`.
    pub languages: Vec<(Language, String)>,
    /// Comments nobody has dealt with.
    pub comments: u32,
    /// Readers it helped, and those it did not.
    pub ratings: (u32, u32),
    /// Contacts in which a counselor used it.
    pub used: u32,
    /// Came with the sample city.
    pub sample: bool,
    /// When its latest event happened.
    pub changed: Time,
}

impl ArticleRow {
    /// The title in a language, else in the source, else in any.
    pub fn title(&self, language: Language) -> &str {
        let find = |wanted| self.titles.iter().find(move |(one, _)| *one == wanted);
        let found = find(language).or_else(|| find(self.source));
        found
            .or_else(|| self.titles.first())
            .map_or("", |(_, title)| title.as_str())
    }
}

/// How a language of a version stands: `human`, `unchecked`, `older` or `missing`.
pub fn standing(version: &Version, language: Language) -> &'static str {
    match version.marks.get(&language) {
        None => "missing",
        Some(_) if version.is_older(language) => "older",
        Some(mark) if mark.state == TextState::Unchecked => "unchecked",
        Some(_) => "human",
    }
}

/// Separates the titles of a row: no title has one.
const BETWEEN: char = '\n';

/// Adds the row of an article as it was on the day of its latest event.
pub(crate) fn article(article: &Article, city: &City, values: &mut Values) {
    let day = city.zone.civil(article.changed).day;
    let none = Version::default();
    let latest = article.latest().unwrap_or(&none);
    let facts = &latest.facts;
    let (mut titles, mut languages) = (Vec::new(), Vec::new());
    for (language, mark) in &latest.marks {
        titles.push(format!("{language} {}", mark.title));
        languages.push(format!("{language} {}", standing(latest, *language)));
    }
    let titles = titles.join(&BETWEEN.to_string());
    let found = format!("{} {}", article.code, titles).to_lowercase();
    let number = |day: Option<Day>| day.map(|day| i64::from(day.0));
    values
        .int(article.id.0 as i64)
        .text(&article.code)
        .text(article.counted.code())
        .maybe(number(article.next_change(&city.library, day)))
        .int(i64::from(latest.revision))
        .int(i64::from(article.published.unwrap_or(0)))
        .int(i64::from(article.review))
        .text(&facts.owner)
        .text(&facts.category)
        .text(facts.audience.code())
        .text(facts.season.map_or("", Season::code))
        .text(facts.source.code())
        .maybe(number(facts.valid_until))
        .maybe(number(article.assured))
        .maybe(number(article.asked.map(|(_, due)| due)))
        .text(&titles)
        .text(&found)
        .text(&languages.join(","))
        .int(article.open_comments() as i64)
        .int(i64::from(article.ratings.0))
        .int(i64::from(article.ratings.1))
        .int(i64::from(article.used))
        .int(i64::from(article.sample))
        .int(article.changed.0);
}

/// Reads a row in the order of [`ARTICLE`].
pub(crate) fn read_article(record: Record<'_>) -> Result<ArticleRow, Failure> {
    let wrong = |what: &str| Failure::Corrupt(format!("an article has no {what}"));
    let day = |column: usize| -> Result<Option<Day>, Failure> {
        Ok(record.maybe(column)?.map(|day| Day(day as i32)))
    };
    let split = |text: &str, by: char| -> Vec<(Language, String)> {
        let parts = text.split(by).filter_map(|part| part.split_once(' '));
        parts
            .filter_map(|(code, rest)| Some((Language::parse(code)?, rest.to_owned())))
            .collect()
    };
    Ok(ArticleRow {
        id: ArticleId(record.int(0)? as u64),
        code: record.text(1)?.to_owned(),
        status: Status::parse(record.text(2)?).ok_or_else(|| wrong("state"))?,
        revision: record.int(4)? as u32,
        published: record.int(5)? as u32,
        review: record.int(6)? != 0,
        owner: record.text(7)?.to_owned(),
        category: record.text(8)?.to_owned(),
        audience: Audience::parse(record.text(9)?).ok_or_else(|| wrong("audience"))?,
        season: Season::parse(record.text(10)?),
        source: Language::parse(record.text(11)?).ok_or_else(|| wrong("language"))?,
        valid_until: day(12)?,
        assured: day(13)?,
        due: day(14)?,
        titles: split(record.text(15)?, BETWEEN),
        languages: split(record.text(17)?, ','),
        comments: record.int(18)? as u32,
        ratings: (record.int(19)? as u32, record.int(20)? as u32),
        used: record.int(21)? as u32,
        sample: record.int(22)? != 0,
        changed: Time(record.int(23)?),
    })
}

/// What a counselor did with an article in a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UseKind {
    /// Read it to the citizen.
    Read,
    /// Sent it.
    Sent,
    /// Said that it helped.
    Helped,
    /// Said that it did not.
    Unhelped,
}

impl UseKind {
    /// Every kind.
    pub const ALL: [UseKind; 4] = [
        UseKind::Read,
        UseKind::Sent,
        UseKind::Helped,
        UseKind::Unhelped,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            UseKind::Read => "read",
            UseKind::Sent => "sent",
            UseKind::Helped => "helped",
            UseKind::Unhelped => "unhelped",
        }
    }

    /// Whether it was used, not judged.
    pub fn is_use(self) -> bool {
        matches!(self, UseKind::Read | UseKind::Sent)
    }
}

/// An article in a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleUse {
    /// Contact.
    pub contact: ContactId,
    /// Article.
    pub article: ArticleId,
    /// When.
    pub at: Time,
    /// What was done with it.
    pub what: UseKind,
    /// The revision that was used; 0 for a judgement.
    pub revision: u32,
    /// By whom.
    pub counselor: Option<CounselorId>,
    /// In which language.
    pub language: Language,
    /// The district's variant; empty for what holds everywhere.
    pub district: String,
}

/// What an event says of a contact, if it says anything.
pub(crate) fn use_of(at: Time, event: &LibraryEvent) -> Option<ArticleUse> {
    let (what, revision, language, district) = match event {
        LibraryEvent::Used {
            revision,
            language,
            district,
            sent,
            ..
        } => {
            let what = if *sent { UseKind::Sent } else { UseKind::Read };
            (what, *revision, *language, district.clone())
        }
        LibraryEvent::Rated {
            language, helped, ..
        } => {
            let what = if *helped {
                UseKind::Helped
            } else {
                UseKind::Unhelped
            };
            (what, 0, *language, String::new())
        }
        _ => return None,
    };
    Some(ArticleUse {
        contact: event.contact()?,
        article: event.article()?,
        at,
        what,
        revision,
        counselor: event.author(),
        language,
        district,
    })
}

/// Adds the row of a use.
pub(crate) fn used(seq: i64, one: &ArticleUse, values: &mut Values) {
    values
        .int(seq)
        .int(one.contact.0 as i64)
        .int(one.article.0 as i64)
        .int(one.at.0)
        .text(one.what.code())
        .int(i64::from(one.revision))
        .maybe(one.counselor.map(|id| i64::from(id.0)))
        .text(one.language.code())
        .text(&one.district);
}

/// Reads a row in the order of [`USE`].
pub(crate) fn read_use(record: Record<'_>) -> Result<ArticleUse, Failure> {
    let wrong = |what: &str| Failure::Corrupt(format!("a use has no {what}"));
    let code = record.text(4)?;
    let what = UseKind::ALL.into_iter().find(|one| one.code() == code);
    Ok(ArticleUse {
        contact: ContactId(record.int(1)? as u64),
        article: ArticleId(record.int(2)? as u64),
        at: Time(record.int(3)?),
        what: what.ok_or_else(|| wrong("kind"))?,
        revision: record.int(5)? as u32,
        counselor: record.maybe(6)?.map(|id| CounselorId(id as u32)),
        language: Language::parse(record.text(7)?).ok_or_else(|| wrong("language"))?,
        district: record.text(8)?.to_owned(),
    })
}

/// Adds the row of a comment.
pub(crate) fn comment(article: ArticleId, number: u32, said: &Comment, values: &mut Values) {
    values
        .int(article.0 as i64)
        .int(i64::from(number))
        .int(said.at.0)
        .maybe(said.author.map(|author| i64::from(author.0)))
        .text(&said.words)
        .maybe(said.contact.map(|contact| contact.0 as i64))
        .maybe(said.settled.as_ref().map(|(at, _, _)| at.0));
}

/// Adds the row of a notice.
pub(crate) fn notice(notice: &Notice, values: &mut Values) {
    values
        .int(notice.id.0 as i64)
        .maybe(notice.author.map(|author| i64::from(author.0)))
        .text(&notice.digest)
        .int(notice.from.0)
        .int(notice.until.0)
        .text(notice.audience.code())
        .text(&notice.prompt)
        .maybe(notice.article.map(|article| article.0 as i64))
        .maybe(notice.ended.map(|at| at.0));
}

/// Reads a row in the order of [`NOTICE`].
pub(crate) fn read_notice(record: Record<'_>) -> Result<Notice, Failure> {
    Ok(Notice {
        id: NoticeId(record.int(0)? as u64),
        author: record.maybe(1)?.map(|id| CounselorId(id as u32)),
        digest: record.text(2)?.to_owned(),
        from: Time(record.int(3)?),
        until: Time(record.int(4)?),
        audience: Audience::parse(record.text(5)?).unwrap_or_default(),
        prompt: record.text(6)?.to_owned(),
        article: record.maybe(7)?.map(|id| ArticleId(id as u64)),
        ended: record.maybe(8)?.map(Time),
    })
}

/// Adds the row of an entry of the table of synonyms.
pub(crate) fn synonym(entry: &Synonym, values: &mut Values) {
    values
        .int(entry.id.0 as i64)
        .text(&entry.word)
        .text(&entry.digest)
        .maybe(entry.author.map(|author| i64::from(author.0)))
        .int(entry.changed.0)
        .int(i64::from(entry.removed));
}

/// Reads a row in the order of [`SYNONYM`].
pub(crate) fn read_synonym(record: Record<'_>) -> Result<Synonym, Failure> {
    Ok(Synonym {
        id: SynonymId(record.int(0)? as u64),
        word: record.text(1)?.to_owned(),
        digest: record.text(2)?.to_owned(),
        author: record.maybe(3)?.map(|id| CounselorId(id as u32)),
        changed: Time(record.int(4)?),
        removed: record.int(5)? != 0,
    })
}

/// What a gap is about: kind, language, and the digest of words, a category or an article's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GapKey {
    /// Kind.
    pub gap: Gap,
    /// The language asked in.
    pub language: Language,
    /// Digest of the words, category, or code.
    pub about: String,
}

/// How often something was not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapCount {
    /// Since an editor dealt with it.
    pub open: i64,
    /// Ever.
    pub total: i64,
    /// The first time.
    pub first: Time,
    /// The last time.
    pub last: Time,
    /// When an editor dealt with it last.
    pub settled: Option<Time>,
}

impl GapCount {
    /// Takes in what happened.
    pub(crate) fn apply(&mut self, at: Time, event: &LibraryEvent) {
        if let LibraryEvent::GapSettled { .. } = event {
            (self.open, self.settled) = (0, Some(at));
            return;
        }
        if self.total == 0 {
            self.first = at;
        }
        self.open += 1;
        self.total += 1;
        self.last = self.last.max(at);
    }
}

/// The gap an event is about, if it is about one. `code` is that of its article.
pub(crate) fn gap_of(event: &LibraryEvent, code: &str) -> Option<GapKey> {
    let (gap, language, about) = match event {
        LibraryEvent::Missed {
            gap,
            language,
            words,
            category,
        } => {
            let about = if words.is_empty() { category } else { words };
            (*gap, *language, about.as_str())
        }
        LibraryEvent::Rated {
            language,
            helped: false,
            ..
        } => (Gap::NoHelp, *language, code),
        LibraryEvent::GapSettled {
            gap,
            language,
            about,
            ..
        } => (*gap, *language, about.as_str()),
        _ => return None,
    };
    Some(GapKey {
        gap,
        language,
        about: about.to_owned(),
    })
}

/// Adds the row of a gap.
pub(crate) fn gap(key: &GapKey, count: &GapCount, values: &mut Values) {
    values
        .text(key.gap.code())
        .text(key.language.code())
        .text(&key.about)
        .int(count.open)
        .int(count.total)
        .int(count.first.0)
        .int(count.last.0)
        .maybe(count.settled.map(|at| at.0));
}

/// Reads a row in the order of [`GAP`].
pub(crate) fn read_gap(record: Record<'_>) -> Result<(GapKey, GapCount), Failure> {
    let wrong = |what: &str| Failure::Corrupt(format!("a gap has no {what}"));
    let key = GapKey {
        gap: Gap::parse(record.text(0)?).ok_or_else(|| wrong("kind"))?,
        language: Language::parse(record.text(1)?).ok_or_else(|| wrong("language"))?,
        about: record.text(2)?.to_owned(),
    };
    let count = GapCount {
        open: record.int(3)?,
        total: record.int(4)?,
        first: Time(record.int(5)?),
        last: Time(record.int(6)?),
        settled: record.maybe(7)?.map(Time),
    };
    Ok((key, count))
}

/// A comment that an owner has to deal with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenComment {
    /// Article.
    pub article: ArticleId,
    /// Number of the comment.
    pub comment: u32,
    /// When.
    pub at: Time,
    /// By whom.
    pub author: Option<CounselorId>,
    /// What, as digest.
    pub words: String,
    /// The contact in which it was found.
    pub contact: Option<ContactId>,
}

/// A mail to a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitLetter {
    /// Number of the mail.
    pub letter: u32,
    /// Unit.
    pub unit: String,
    /// The day on which it is asked.
    pub on: Day,
    /// `queued` until the mail has left, then what became of it.
    pub fortune: String,
    /// When that was known.
    pub at: Time,
}

/// The mail that an event tells of.
pub(crate) fn letter_of(at: Time, event: &LibraryEvent) -> Option<UnitLetter> {
    let (unit, letter, on, fortune) = match event {
        LibraryEvent::UnitAsked {
            unit, letter, on, ..
        } => (unit, letter, on, "queued"),
        LibraryEvent::UnitReached {
            unit,
            letter,
            on,
            fortune,
        } => (unit, letter, on, fortune.code()),
        _ => return None,
    };
    Some(UnitLetter {
        letter: *letter,
        unit: unit.clone(),
        on: *on,
        fortune: fortune.to_owned(),
        at,
    })
}

/// Adds the row of a mail.
pub(crate) fn letter(one: &UnitLetter, values: &mut Values) {
    values
        .int(i64::from(one.letter))
        .text(&one.unit)
        .int(i64::from(one.on.0))
        .text(&one.fortune)
        .int(one.at.0);
}

/// Reads a row in the order of [`LETTER`].
pub(crate) fn read_letter(record: Record<'_>) -> Result<UnitLetter, Failure> {
    Ok(UnitLetter {
        letter: record.int(0)? as u32,
        unit: record.text(1)?.to_owned(),
        on: Day(record.int(2)? as i32),
        fortune: record.text(3)?.to_owned(),
        at: Time(record.int(4)?),
    })
}

/// Adds a row for each article that a mail tells of.
pub(crate) fn asked(event: &LibraryEvent, mut row: impl FnMut(&dyn Fn(&mut Values))) {
    let LibraryEvent::UnitAsked {
        letter, articles, ..
    } = event
    else {
        return;
    };
    for owed in articles {
        row(&|values| {
            values
                .int(owed.article.0 as i64)
                .int(i64::from(owed.due.0))
                .int(i64::from(owed.overdue))
                .int(i64::from(*letter));
        });
    }
}
