//! What happened in the library, in the past tense. Never a text: texts, comments and words are
//! rows that events point to by their digests.

use super::article::{Facts, Mark};
use super::asks::Owed;
use super::status::Status;
use super::{ArticleId, Audience, NoticeId, SynonymId};
use crate::city::{ContactId, CounselorId, Language};
use crate::event::Fortune;
use crate::time::{Day, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the library does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Somebody searched and opened nothing.
    NoClick,
    /// Somebody read an article and said that it did not help.
    NoHelp,
    /// A contact was closed with a category and without an article.
    NoArticle,
}

impl Gap {
    /// Every kind.
    pub const ALL: [Gap; 3] = [Gap::NoClick, Gap::NoHelp, Gap::NoArticle];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Gap::NoClick => "no_click",
            Gap::NoHelp => "no_help",
            Gap::NoArticle => "no_article",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Gap> {
        Gap::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What happened in the library. An author of none is the house itself; a reason is the digest of
/// what was written, empty when nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LibraryEvent {
    /// A new article; its first revision follows.
    Drafted {
        /// Article.
        article: ArticleId,
        /// Its code, which never changes.
        code: String,
        /// By whom.
        author: Option<CounselorId>,
        /// Came with the sample city.
        sample: bool,
    },
    /// A new revision: what was published stays published.
    Revised {
        /// Article.
        article: ArticleId,
        /// Number of the revision, the first is 1.
        revision: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
        /// What is not text.
        facts: Facts,
        /// Texts by language.
        marks: BTreeMap<Language, Mark>,
        /// It is this earlier revision again.
        back_to: Option<u32>,
    },
    /// The owner unit is asked to look at the latest revision.
    ReviewAsked {
        /// Article.
        article: ArticleId,
        /// Revision.
        revision: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
    },
    /// The revision under review is a draft again.
    SentBack {
        /// Article.
        article: ArticleId,
        /// Revision.
        revision: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
    },
    /// This revision is what is read from now on; publishing assures, too.
    Published {
        /// Article.
        article: ArticleId,
        /// Revision.
        revision: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
        /// The day as of which it is assured.
        assured: Day,
    },
    /// The owner unit is asked to assure what is published.
    CheckAsked {
        /// Article.
        article: ArticleId,
        /// By whom; none because it was due.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
        /// The day on which it is asked.
        on: Day,
        /// The last day it has for that.
        due: Day,
    },
    /// The owner unit says that what is published is right.
    Assured {
        /// Article.
        article: ArticleId,
        /// By whom.
        author: Option<CounselorId>,
        /// What was said to it.
        reason: String,
        /// As of this day.
        on: Day,
    },
    /// The state changed because a day has passed.
    StatusPassed {
        /// Article.
        article: ArticleId,
        /// The new state.
        status: Status,
        /// The day on which that was noticed.
        on: Day,
    },
    /// Taken out.
    Retired {
        /// Article.
        article: ArticleId,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
    },
    /// A retired article is a draft again.
    Restored {
        /// Article.
        article: ArticleId,
        /// By whom.
        author: Option<CounselorId>,
        /// Why.
        reason: String,
    },
    /// Somebody told the owner something.
    Commented {
        /// Article.
        article: ArticleId,
        /// Number of the comment within the article, the first is 1.
        comment: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// What.
        words: String,
        /// The contact in which it was found.
        contact: Option<ContactId>,
    },
    /// The owner has dealt with a comment.
    CommentSettled {
        /// Article.
        article: ArticleId,
        /// Comment.
        comment: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// The answer.
        reason: String,
    },
    /// A counselor answered a citizen with it.
    Used {
        /// Article.
        article: ArticleId,
        /// The revision that was read.
        revision: u32,
        /// By whom.
        author: Option<CounselorId>,
        /// In which contact.
        contact: ContactId,
        /// The language it was read or sent in.
        language: Language,
        /// The district's variant; empty for what holds everywhere.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        district: String,
        /// Sent to the citizen, not read to them.
        sent: bool,
        /// What was searched for, as digest; empty when the note found it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        words: String,
    },
    /// A reader said whether it helped.
    Rated {
        /// Article.
        article: ArticleId,
        /// The language it was read in.
        language: Language,
        /// Whether it did.
        helped: bool,
        /// What was searched for, as digest; empty when unknown.
        words: String,
        /// By which counselor; none for a citizen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<CounselorId>,
        /// In which contact; none for a citizen who read it alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
    },
    /// The library had no answer.
    Missed {
        /// Kind.
        gap: Gap,
        /// The language asked in.
        language: Language,
        /// What was searched for, as digest; empty for a category.
        words: String,
        /// The category; empty for a search.
        category: String,
    },
    /// An editor has dealt with a gap: what was counted before is not listed any more.
    GapSettled {
        /// Kind.
        gap: Gap,
        /// The language asked in.
        language: Language,
        /// What was searched for, as digest, or the category, or the article's code.
        about: String,
        /// By whom.
        author: Option<CounselorId>,
    },
    /// A unit is asked by one mail to assure what is due or overdue; the mail leaves after this.
    UnitAsked {
        /// Unit.
        unit: String,
        /// Number of the mail, the first is 1.
        letter: u32,
        /// On which day.
        on: Day,
        /// What it is asked for, each told for the first time.
        articles: Vec<Owed>,
    },
    /// What became of a mail to a unit.
    UnitReached {
        /// Unit.
        unit: String,
        /// Number of the mail.
        letter: u32,
        /// The day on which the unit was asked.
        on: Day,
        /// What became of it.
        fortune: Fortune,
    },
    /// A flash notice.
    NoticeRaised {
        /// Notice.
        notice: NoticeId,
        /// By whom.
        author: Option<CounselorId>,
        /// Digest of its texts.
        digest: String,
        /// From when.
        from: Time,
        /// Until when.
        until: Time,
        /// For whom.
        audience: Audience,
        /// Name of a prompt that callers hear before the menu; empty for none.
        prompt: String,
        /// The article that says more.
        article: Option<ArticleId>,
    },
    /// A flash notice ended before its time.
    NoticeEnded {
        /// Notice.
        notice: NoticeId,
        /// By whom.
        author: Option<CounselorId>,
    },
    /// An entry of the city's table of synonyms, new or other than before.
    SynonymSet {
        /// Entry.
        synonym: SynonymId,
        /// By whom.
        author: Option<CounselorId>,
        /// Digest of the word by which it is told from others.
        word: String,
        /// Digest of the entry.
        digest: String,
    },
    /// An entry of the table of synonyms was taken out.
    SynonymRemoved {
        /// Entry.
        synonym: SynonymId,
        /// By whom.
        author: Option<CounselorId>,
    },
    /// Words whose time was over are erased. That they were there stays counted.
    WordsErased {
        /// The article that was used after them, or to which they were said; none for searches
        /// that led to none.
        article: Option<ArticleId>,
        /// What they were.
        said: Said,
        /// Which, as digests.
        words: Vec<String>,
    },
}

/// What words in the library are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Somebody searched for them.
    Search,
    /// A comment or a reason.
    Remark,
}

impl Said {
    /// Every kind.
    pub const ALL: [Said; 2] = [Said::Search, Said::Remark];

    /// The code as stored.
    pub fn code(self) -> &'static str {
        match self {
            Said::Search => "search",
            Said::Remark => "remark",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Said> {
        Said::ALL.into_iter().find(|one| one.code() == code)
    }
}

impl LibraryEvent {
    /// The article it happened to.
    pub fn article(&self) -> Option<ArticleId> {
        match self {
            LibraryEvent::Drafted { article, .. }
            | LibraryEvent::Revised { article, .. }
            | LibraryEvent::ReviewAsked { article, .. }
            | LibraryEvent::SentBack { article, .. }
            | LibraryEvent::Published { article, .. }
            | LibraryEvent::CheckAsked { article, .. }
            | LibraryEvent::Assured { article, .. }
            | LibraryEvent::StatusPassed { article, .. }
            | LibraryEvent::Retired { article, .. }
            | LibraryEvent::Restored { article, .. }
            | LibraryEvent::Commented { article, .. }
            | LibraryEvent::CommentSettled { article, .. }
            | LibraryEvent::Used { article, .. }
            | LibraryEvent::Rated { article, .. } => Some(*article),
            LibraryEvent::WordsErased { article, .. } => *article,
            LibraryEvent::Missed { .. }
            | LibraryEvent::GapSettled { .. }
            | LibraryEvent::UnitAsked { .. }
            | LibraryEvent::UnitReached { .. }
            | LibraryEvent::NoticeRaised { .. }
            | LibraryEvent::NoticeEnded { .. }
            | LibraryEvent::SynonymSet { .. }
            | LibraryEvent::SynonymRemoved { .. } => None,
        }
    }

    /// Who did it; none for the house and for citizens.
    pub fn author(&self) -> Option<CounselorId> {
        match self {
            LibraryEvent::Drafted { author, .. }
            | LibraryEvent::Revised { author, .. }
            | LibraryEvent::ReviewAsked { author, .. }
            | LibraryEvent::SentBack { author, .. }
            | LibraryEvent::Published { author, .. }
            | LibraryEvent::CheckAsked { author, .. }
            | LibraryEvent::Assured { author, .. }
            | LibraryEvent::Retired { author, .. }
            | LibraryEvent::Restored { author, .. }
            | LibraryEvent::Commented { author, .. }
            | LibraryEvent::CommentSettled { author, .. }
            | LibraryEvent::Used { author, .. }
            | LibraryEvent::Rated { author, .. }
            | LibraryEvent::GapSettled { author, .. }
            | LibraryEvent::NoticeRaised { author, .. }
            | LibraryEvent::NoticeEnded { author, .. }
            | LibraryEvent::SynonymSet { author, .. }
            | LibraryEvent::SynonymRemoved { author, .. } => *author,
            LibraryEvent::StatusPassed { .. }
            | LibraryEvent::Missed { .. }
            | LibraryEvent::UnitAsked { .. }
            | LibraryEvent::UnitReached { .. }
            | LibraryEvent::WordsErased { .. } => None,
        }
    }

    /// Why, as digest; empty when nothing was said.
    pub fn reason(&self) -> &str {
        match self {
            LibraryEvent::Revised { reason, .. }
            | LibraryEvent::ReviewAsked { reason, .. }
            | LibraryEvent::SentBack { reason, .. }
            | LibraryEvent::Published { reason, .. }
            | LibraryEvent::CheckAsked { reason, .. }
            | LibraryEvent::Assured { reason, .. }
            | LibraryEvent::Retired { reason, .. }
            | LibraryEvent::Restored { reason, .. }
            | LibraryEvent::CommentSettled { reason, .. } => reason,
            _ => "",
        }
    }

    /// Words that somebody wrote, as digest, and what they are; none when nothing was written.
    pub fn said(&self) -> Option<(Said, &str)> {
        let (said, words) = match self {
            LibraryEvent::Missed { words, .. }
            | LibraryEvent::Used { words, .. }
            | LibraryEvent::Rated { words, .. } => (Said::Search, words.as_str()),
            LibraryEvent::Commented { words, .. } => (Said::Remark, words.as_str()),
            _ => (Said::Remark, self.reason()),
        };
        Some((said, words)).filter(|(_, words)| !words.is_empty())
    }

    /// The contact in which a counselor used or judged it.
    pub fn contact(&self) -> Option<ContactId> {
        match self {
            LibraryEvent::Used { contact, .. } => Some(*contact),
            LibraryEvent::Rated { contact, .. } => *contact,
            _ => None,
        }
    }

    /// Whether what counselors or citizens read is another text, or in another state, after it.
    pub fn changes_reading(&self) -> bool {
        matches!(
            self,
            LibraryEvent::Published { .. }
                | LibraryEvent::CheckAsked { .. }
                | LibraryEvent::Assured { .. }
                | LibraryEvent::StatusPassed { .. }
                | LibraryEvent::Retired { .. }
                | LibraryEvent::Restored { .. }
        )
    }
}
