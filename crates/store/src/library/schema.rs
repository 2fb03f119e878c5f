//! The tables of the counseling information database, one text for both engines. Never a row of
//! them.

use crate::engine::Dialect;
use crate::schema::spoken;

/// Version of everything that follows from the library's journal. Raise it whenever a column, or
/// the fold of an article, changes.
pub(crate) const VERSION: &str = "5";

/// Truth beside the journal: texts by their digest, and words that can be erased.
pub(crate) const TRUTH: &str = "
CREATE TABLE IF NOT EXISTS library_text (
    digest TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
){clustered};
CREATE TABLE IF NOT EXISTS library_words (
    digest TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
){clustered};";

const PROJECTIONS: &str = "
DROP TABLE IF EXISTS article;
DROP TABLE IF EXISTS article_event;
DROP TABLE IF EXISTS article_comment;
DROP TABLE IF EXISTS article_use;
DROP TABLE IF EXISTS library_gap;
DROP TABLE IF EXISTS notice;
DROP TABLE IF EXISTS synonym;
DROP TABLE IF EXISTS library_said;
DROP TABLE IF EXISTS unit_letter;
DROP TABLE IF EXISTS unit_letter_article;
CREATE TABLE article (
    article {id},
    code TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    next_change BIGINT,
    revision BIGINT NOT NULL,
    published BIGINT NOT NULL,
    review BIGINT NOT NULL,
    owner TEXT NOT NULL,
    category TEXT{code} NOT NULL,
    audience TEXT NOT NULL,
    season TEXT NOT NULL,
    source TEXT NOT NULL,
    valid_until BIGINT,
    assured BIGINT,
    due BIGINT,
    titles TEXT NOT NULL,
    found TEXT NOT NULL,
    languages TEXT NOT NULL,
    comments BIGINT NOT NULL,
    helped BIGINT NOT NULL,
    unhelped BIGINT NOT NULL,
    used BIGINT NOT NULL,
    sample BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX article_changed ON article (changed, article);
CREATE INDEX article_status ON article (status, changed, article);
CREATE INDEX article_owner ON article (owner, changed, article);
CREATE INDEX article_category ON article (category);
CREATE INDEX article_next ON article (next_change) WHERE next_change IS NOT NULL;
CREATE TABLE article_event (
    article BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (article, seq)
){clustered};
CREATE INDEX article_event_seq ON article_event (seq);
CREATE TABLE article_use (
    seq {id},
    contact BIGINT NOT NULL,
    article BIGINT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    revision BIGINT NOT NULL,
    counselor BIGINT,
    language TEXT NOT NULL,
    district TEXT NOT NULL
);
CREATE INDEX article_use_contact ON article_use (contact, seq);
CREATE TABLE article_comment (
    article BIGINT NOT NULL,
    comment BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author BIGINT,
    words TEXT NOT NULL,
    contact BIGINT,
    settled BIGINT,
    PRIMARY KEY (article, comment)
){clustered};
CREATE INDEX article_comment_open ON article_comment (at) WHERE settled IS NULL;
CREATE TABLE library_gap (
    gap TEXT NOT NULL,
    language TEXT NOT NULL,
    about TEXT NOT NULL,
    open BIGINT NOT NULL,
    total BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    settled BIGINT,
    PRIMARY KEY (gap, language, about)
){clustered};
CREATE INDEX library_gap_open ON library_gap (open) WHERE open > 0;
CREATE TABLE notice (
    notice {id},
    author BIGINT,
    digest TEXT NOT NULL,
    starts BIGINT NOT NULL,
    until BIGINT NOT NULL,
    audience TEXT NOT NULL,
    prompt TEXT NOT NULL,
    article BIGINT,
    ended BIGINT
);
CREATE INDEX notice_live ON notice (until) WHERE ended IS NULL;
CREATE TABLE synonym (
    synonym {id},
    word TEXT NOT NULL,
    digest TEXT NOT NULL,
    author BIGINT,
    changed BIGINT NOT NULL,
    removed BIGINT NOT NULL
);
CREATE TABLE library_said (
    name TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    said TEXT NOT NULL,
    article BIGINT NOT NULL,
    last BIGINT NOT NULL
){clustered};
CREATE INDEX library_said_digest ON library_said (digest);
CREATE INDEX library_said_last ON library_said (said, last);
CREATE TABLE unit_letter (
    letter {id},
    unit TEXT NOT NULL,
    day BIGINT NOT NULL,
    fortune TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX unit_letter_open ON unit_letter (letter) WHERE fortune IN ('queued', 'unknown');
CREATE TABLE unit_letter_article (
    article BIGINT NOT NULL,
    due BIGINT NOT NULL,
    overdue BIGINT NOT NULL,
    letter BIGINT NOT NULL,
    PRIMARY KEY (article, due, overdue)
){clustered};
CREATE INDEX unit_letter_article_letter ON unit_letter_article (letter);";

/// Statements that make all projections anew, empty.
pub(crate) fn projections(dialect: &Dialect) -> String {
    format!("BEGIN;{};COMMIT", spoken(PROJECTIONS, dialect))
}
