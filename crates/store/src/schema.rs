//! The tables, one text for both engines, and their versions. Never a row of them.

use crate::engine::Dialect;

/// Version of the tables that hold the truth; they are never dropped.
pub(crate) const TRUTH_VERSION: &str = "1";

/// Version of everything that follows from the journal; another one in the store makes it be
/// built anew. Raise it whenever a projection's columns, or the fold of a contact, change.
pub(crate) const PROJECTION_VERSION: &str = "8";

/// Truth: journal, erasable personal data, and what the store knows about itself.
const TRUTH: &str = "
CREATE TABLE IF NOT EXISTS meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
){clustered};
CREATE TABLE IF NOT EXISTS journal (
    stream BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    contact BIGINT,
    counselor BIGINT,
    body TEXT NOT NULL,
    prev {bytes} NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (stream, seq)
){clustered};
CREATE INDEX IF NOT EXISTS journal_contact ON journal (contact, seq) WHERE contact IS NOT NULL;
CREATE TABLE IF NOT EXISTS personal (
    contact {id},
    number TEXT,
    raw TEXT,
    note TEXT,
    nonce TEXT,
    transfer_to TEXT
);
CREATE TABLE IF NOT EXISTS letter (
    contact BIGINT NOT NULL,
    message BIGINT NOT NULL,
    edit BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    subject TEXT NOT NULL,
    address_kind TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    recipient TEXT NOT NULL,
    thread TEXT NOT NULL,
    reference TEXT NOT NULL,
    files TEXT NOT NULL,
    PRIMARY KEY (contact, message, edit)
){clustered};";

/// What follows from the journal: dropped and made anew when its version changes.
const PROJECTIONS: &str = "
DROP TABLE IF EXISTS contact;
DROP TABLE IF EXISTS recording;
DROP TABLE IF EXISTS note_index;
DROP TABLE IF EXISTS message;
DROP TABLE IF EXISTS message_fate;
DROP TABLE IF EXISTS message_change;
DROP TABLE IF EXISTS dead_letter;
DROP TABLE IF EXISTS consent;
DROP TABLE IF EXISTS cube_hour;
DROP TABLE IF EXISTS cube_category;
DROP TABLE IF EXISTS cube_counselor;
CREATE TABLE contact (
    contact {id},
    key TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    caller TEXT NOT NULL,
    via TEXT NOT NULL,
    arrived BIGINT NOT NULL,
    repeat BIGINT NOT NULL,
    language TEXT NOT NULL,
    keys TEXT NOT NULL,
    stage TEXT NOT NULL,
    queue TEXT NOT NULL,
    queued BIGINT,
    callback BIGINT NOT NULL,
    answered BIGINT,
    counselor BIGINT,
    wait_ms BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_ms BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    ended BIGINT,
    closed BIGINT,
    category TEXT{code} NOT NULL,
    outcome TEXT NOT NULL,
    fate TEXT,
    note_digest TEXT NOT NULL,
    note_letters BIGINT NOT NULL,
    recordings BIGINT NOT NULL,
    task BIGINT NOT NULL,
    since BIGINT NOT NULL,
    thread TEXT NOT NULL,
    messages BIGINT NOT NULL,
    messages_in BIGINT NOT NULL,
    messages_out BIGINT NOT NULL,
    replied BIGINT,
    late BIGINT NOT NULL,
    over_limit BIGINT NOT NULL,
    unclear BIGINT NOT NULL,
    undelivered BIGINT NOT NULL,
    reopened BIGINT NOT NULL,
    merged BIGINT,
    finisher BIGINT,
    finish_ms BIGINT NOT NULL
);
CREATE INDEX contact_open ON contact (contact) WHERE closed IS NULL;
CREATE INDEX contact_task ON contact (contact) WHERE task = 1;
CREATE INDEX contact_caller ON contact (caller, arrived, contact)
    WHERE closed IS NOT NULL AND caller <> '';
{leads}CREATE INDEX contact_rest ON contact (closed) WHERE messages > 0;
CREATE INDEX contact_merged ON contact (merged) WHERE merged IS NOT NULL;
CREATE TABLE message (
    contact BIGINT NOT NULL,
    message BIGINT NOT NULL,
    at BIGINT NOT NULL,
    incoming BIGINT NOT NULL,
    key TEXT NOT NULL,
    via TEXT NOT NULL,
    counselor BIGINT,
    answers BIGINT NOT NULL,
    house_text TEXT NOT NULL,
    digest TEXT NOT NULL,
    letters BIGINT NOT NULL,
    files BIGINT NOT NULL,
    marks BIGINT NOT NULL,
    private BIGINT NOT NULL,
    PRIMARY KEY (contact, message)
){clustered};
CREATE INDEX message_key ON message (key) WHERE key <> '';
CREATE TABLE message_fate (
    contact BIGINT NOT NULL,
    message BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fortune TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (contact, message)
){clustered};
CREATE INDEX message_fate_open ON message_fate (contact, message)
    WHERE fortune IN ('queued', 'submitted', 'unknown');
CREATE INDEX message_fate_reference ON message_fate (reference) WHERE reference <> '';
CREATE TABLE message_change (
    contact BIGINT NOT NULL,
    message BIGINT NOT NULL,
    at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (contact, message, at, digest)
){clustered};
CREATE TABLE dead_letter (
    key TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    via TEXT NOT NULL,
    reason TEXT NOT NULL,
    blob TEXT NOT NULL
){clustered};
CREATE TABLE consent (
    caller TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    contact BIGINT NOT NULL,
    allowed BIGINT NOT NULL
){clustered};
CREATE TABLE recording (
    contact BIGINT NOT NULL,
    blob TEXT NOT NULL,
    length_ms BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    at BIGINT NOT NULL,
    cut BIGINT NOT NULL,
    erased BIGINT,
    PRIMARY KEY (contact, blob)
){clustered};
CREATE INDEX recording_due ON recording (keep_until) WHERE erased IS NULL;
CREATE TABLE cube_hour (
    hour BIGINT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    queue TEXT NOT NULL,
    fate TEXT NOT NULL,
    {measures},
    PRIMARY KEY (hour, channel, language, queue, fate)
){clustered};
CREATE TABLE cube_category (
    day BIGINT NOT NULL,
    category TEXT NOT NULL,
    outcome TEXT NOT NULL,
    district TEXT NOT NULL,
    {measures},
    PRIMARY KEY (day, category, outcome, district)
){clustered};
CREATE TABLE cube_counselor (
    day BIGINT NOT NULL,
    counselor BIGINT NOT NULL,
    channel TEXT NOT NULL,
    {measures},
    PRIMARY KEY (day, counselor, channel)
){clustered};";

/// What lists of closed contacts are led by, each with the condition of its partial index. What
/// nearly every contact has leads nowhere; every contact has a queue, if an empty one.
pub(crate) const LEADS: [(&str, &str); 6] = [
    ("queue", ""),
    ("counselor", " AND counselor IS NOT NULL"),
    ("category", " AND category <> ''"),
    ("fate", " AND fate <> 'answered'"),
    ("language", " AND language <> 'ko'"),
    ("channel", " AND channel <> 'voice'"),
];

/// Their indexes: sorted as lists are, then everything else that a list can be narrowed by, so
/// that no row is looked at before it is known to be shown. An open contact is in none of them:
/// its row changes many times, and enters them once, when it is closed.
fn leads() -> String {
    let index = |(lead, condition): &(&str, &str)| {
        let others = LEADS.iter().map(|(column, _)| *column);
        let others: Vec<&str> = others.filter(|column| column != lead).collect();
        format!(
            "CREATE INDEX contact_{lead} ON contact ({lead}, arrived, contact, {}, closed) \
             WHERE closed IS NOT NULL{condition};\n",
            others.join(", ")
        )
    };
    LEADS.iter().map(index).collect()
}

/// Statements that make the tables of the truth where they are missing.
pub(crate) fn truth(dialect: &Dialect) -> String {
    let library = crate::library::schema::TRUTH;
    format!(
        "{}{}{}",
        spoken(TRUTH, dialect),
        spoken(library, dialect),
        dialect.guard
    )
}

/// Statements that make all projections anew, empty.
pub(crate) fn projections(dialect: &Dialect) -> String {
    let measures: Vec<String> = crate::cube::MEASURES
        .split(", ")
        .map(|column| format!("{column} BIGINT NOT NULL"))
        .collect();
    let text = PROJECTIONS
        .replace("{measures}", &measures.join(", "))
        .replace("{leads}", &leads());
    format!(
        "BEGIN;{}{};COMMIT",
        spoken(&text, dialect),
        dialect.note_index
    )
}

/// What a column of a table holds: `BIGINT`, `TEXT` or the engine's word for bytes.
pub(crate) fn holds(table: &str, column: &str, dialect: &Dialect) -> &'static str {
    let (begin, own) = (format!(" {table} ("), format!("    {column} "));
    let mut sections = [TRUTH, PROJECTIONS]
        .into_iter()
        .flat_map(|text| text.split("CREATE TABLE"));
    let made = sections.find(|section| section.lines().any(|line| line.ends_with(&begin)));
    let mut lines = made.unwrap_or_default().lines();
    match lines.find_map(|line| line.strip_prefix(&own)) {
        Some(kind) if kind.starts_with("{bytes}") => dialect.bytes,
        Some(kind) if kind.starts_with("TEXT") => "TEXT",
        // The words of the index stand in a table of the engine's own.
        None if column == "tokens" => "TEXT",
        _ => "BIGINT",
    }
}

pub(crate) fn spoken(text: &str, dialect: &Dialect) -> String {
    text.replace("{id}", dialect.id)
        .replace("{bytes}", dialect.bytes)
        .replace("{code}", dialect.code)
        .replace("{clustered}", dialect.clustered)
}
