//! The reading side: lists, records, figures. Never writes.

use crate::batch::Entry;
use crate::blob::Blobs;
use crate::engine::Reader;
use crate::failure::Failure;
use crate::journal::entry;
use crate::key::Key;
use crate::search::{self, Lead, Search, VALUES_MAX};
use crate::stretch::Walk;
use crate::value::{Record, Values};
use crate::words::{self, Asked};
use crate::{cube, record};
use center::city::ContactId;
use center::record::Row;
use center::statistics::{Cell, Measures};
use center::time::{DAY_MS, Day, Time};
use std::path::Path;

/// Notes that are read one by one before the index is asked for words: first a few, and when they
/// promise a page, so many. That fills it with a word of every tenth note.
const LOOKED_AT: [usize; 2] = [100, 500];

/// Contacts of a stretch that are looked at for their arrival at once.
const PASSED: usize = 250;

/// Keys that are looked up at once.
const KEYS: usize = 500;

/// The reading side: cloned freely.
#[derive(Clone, Debug)]
pub struct Archive {
    reader: Reader,
    key: Key,
    blobs: Blobs,
}

/// The personal rows of a contact.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalRows {
    /// Number, empty when withheld or erased.
    pub number: String,
    /// Note.
    pub note: String,
}

impl std::fmt::Debug for PersonalRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalRows(..)")
    }
}

/// A stored recording of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Blob.
    pub blob: String,
    /// Length.
    pub length_ms: i64,
    /// When it is to be erased.
    pub keep_until: Time,
    /// When it was stored.
    pub at: Time,
    /// A crash cut it off.
    pub cut: bool,
    /// When it was erased.
    pub erased: Option<Time>,
}

/// Contacts whose personal data is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePersonal {
    /// The contacts.
    pub contacts: Vec<ContactId>,
    /// The last contact that was looked at.
    pub seen: ContactId,
    /// Whether later ones may be due as well.
    pub more: bool,
}

impl Archive {
    pub(crate) fn new(reader: Reader, key: Key, folder: &Path) -> Archive {
        let blobs = Blobs::new(folder, &key);
        Archive { reader, key, blobs }
    }

    /// A page of contacts.
    pub async fn contacts(&self, search: &Search) -> Result<Vec<Row>, Failure> {
        if search.is_void() {
            return Ok(Vec::new());
        }
        if let Some(words) = search.words() {
            return self.noted(search, words).await;
        }
        if search.pairs() {
            return self.noted(search, Vec::new()).await;
        }
        let asked = if search.may_be_closed() {
            let (lead, values) = self.lead(search).await?;
            search.list(Some((lead, &values)), None)
        } else {
            search.list(None, None)
        };
        self.rows(asked).await
    }

    /// The index that leads to the fewest contacts, and the values to follow in it.
    async fn lead(&self, search: &Search) -> Result<(Lead, Vec<String>), Failure> {
        let leads = search.leads();
        let mut chosen = leads.first().copied().unwrap_or(Lead::Queue);
        if leads.len() > 1 && chosen != Lead::Caller {
            let mut fewest = i64::MAX;
            for lead in leads {
                let asked = search.count(lead);
                let found = self.reader.query(&asked.text, asked.params).await?;
                let count = found.first().map_or(Ok(0), |record| record.int(0))?;
                if count < fewest && (fewest == i64::MAX || !Search::many(count)) {
                    (chosen, fewest) = (lead, count);
                }
            }
        }
        if chosen == Lead::Category {
            let codes = self.values(Lead::Category, &search.value(chosen)).await?;
            if codes.len() <= VALUES_MAX {
                return Ok((chosen, codes));
            }
            // Very many of them are most of the record.
            chosen = Lead::Queue;
        }
        if chosen == Lead::Queue && search.queue.is_none() {
            return Ok((chosen, self.values(chosen, "").await?));
        }
        Ok((chosen, vec![search.value(chosen)]))
    }

    async fn values(&self, lead: Lead, beginning: &str) -> Result<Vec<String>, Failure> {
        let asked = search::values(lead, beginning);
        let found = self.reader.query(&asked.text, asked.params).await?;
        let value = |record: Record<'_>| record.text(0).map(str::to_owned);
        found.iter().map(value).collect()
    }

    /// Contacts by words of their notes: the closed ones from the index, the open ones read.
    async fn noted(&self, search: &Search, words: Vec<Asked>) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        if search.may_be_open() {
            let asked = search.open_notes();
            let found = self.reader.query(&asked.text, asked.params).await?;
            for record in found.iter() {
                if words::fit(&words, record.text(record::WIDTH)?) {
                    rows.push(record::read(record)?);
                }
            }
        }
        if search.may_be_closed() {
            rows.extend(self.noted_closed(search, words).await?);
        }
        // A caller's list is sorted by arrival, the index of notes by contact.
        let by_arrival = search.caller.is_some();
        let order = |row: &Row| (by_arrival.then_some(row.arrived), row.contact);
        rows.sort_by_key(|row| std::cmp::Reverse(order(row)));
        rows.truncate(search.page());
        Ok(rows)
    }

    async fn noted_closed(
        &self,
        search: &Search,
        mut words: Vec<Asked>,
    ) -> Result<Vec<Row>, Failure> {
        let dialect = self.reader.dialect();
        if search.caller.is_some() {
            let words = (dialect.note_query)(&words);
            let caller = [search.value(Lead::Caller)];
            let lead = Some((Lead::Caller, &caller[..]));
            return self.rows(search.list(lead, Some((dialect, &words)))).await;
        }
        let mut whole = true;
        if let Some(code) = search.category() {
            let part = format!("{code}-");
            let ends = |found: &String| found == code || found.starts_with(&part);
            whole = self.values(Lead::Category, code).await?.iter().all(ends);
        }
        if dialect.note_sorted
            && !words.is_empty()
            && search.narrows_words()
            && let Some(rows) = self.looked_at(search, &mut words, whole).await?
        {
            return Ok(rows);
        }
        let mut within = (i64::MIN, i64::MAX);
        if search.from.is_some() || search.to.is_some() {
            let queues = self.values(Lead::Queue, "").await?;
            if !queues.is_empty() {
                let asked = search::between(search, &queues);
                let found = self.reader.query(&asked.text, asked.params).await?;
                if let Some(ends) = found.first() {
                    within = (ends.int(0)?, ends.int(1)?);
                }
            }
        }
        let words = (dialect.note_query)(&search.marks(words, whole));
        if dialect.note_sorted {
            return self.rows(search.noted(dialect, &words, within)).await;
        }
        self.stretches(search, &words, within).await
    }

    /// The same where the index does not tell the newest first: one stretch of contacts after the
    /// other, until a page is full.
    async fn stretches(
        &self,
        search: &Search,
        words: &str,
        within: (i64, i64),
    ) -> Result<Vec<Row>, Failure> {
        let newest = "SELECT COALESCE(MAX(contact), 0) FROM note_index";
        let newest = self.reader.query(newest, Values::default()).await?;
        let newest = newest.first().map_or(Ok(0), |record| record.int(0))?;
        let below = search.before.map_or(i64::MAX, |before| before.0 as i64);
        let high = newest.min(within.1).min(below.saturating_sub(1));
        let mut walk = Walk::new((within.0.max(0), high), search.together());
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let missing = search.page() - rows.len();
            let numbers = self.numbers(search, words, &mut walk, missing).await?;
            if !numbers.is_empty() {
                let mut these = self.rows(search::these(&numbers)).await?;
                these.retain(|row| search.fits(row));
                rows.append(&mut these);
            }
            if numbers.len() < missing || rows.len() == search.page() {
                break;
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.contact));
        Ok(rows)
    }

    /// The next so many contacts of a walk, fewer only at its end.
    async fn numbers(
        &self,
        search: &Search,
        words: &str,
        walk: &mut Walk,
        wanted: usize,
    ) -> Result<Vec<i64>, Failure> {
        let mut numbers: Vec<i64> = Vec::new();
        while let Some(stretch) = walk.next(wanted - numbers.len()) {
            let missing = wanted - numbers.len();
            // What arrived within a day before or after is passed over.
            let bounded = search.from.is_some() || search.to.is_some();
            let limit = if bounded {
                missing.max(PASSED)
            } else {
                missing
            };
            let asked = Search::numbers(self.reader.dialect(), words, &stretch, limit);
            let found = self.reader.query(&asked.text, asked.params).await?;
            let (mut seen, mut down_to) = (0, stretch.low);
            for record in found.iter() {
                seen += 1;
                let contact = record.int(0)?;
                if search.at(Time(record.int(1)?)) {
                    numbers.push(contact);
                }
                // There may be more of them in the stretch: the walk goes on below this one.
                if numbers.len() == wanted || seen == limit {
                    down_to = contact;
                    break;
                }
            }
            walk.looked(down_to, seen);
        }
        Ok(numbers)
    }

    /// The newest contacts with everything that is asked for but the words, read one by one: less
    /// work than to follow every contact that has the words. None when a page is not full by then;
    /// the words are in order then, those that the fewest have first.
    async fn looked_at(
        &self,
        search: &Search,
        words: &mut Vec<Asked>,
        whole: bool,
    ) -> Result<Option<Vec<Row>>, Failure> {
        let dialect = self.reader.dialect();
        let marks = (dialect.note_query)(&search.marks(Vec::new(), whole));
        let page = search.page();
        let mut each = vec![0_usize; words.len()];
        for limit in LOOKED_AT {
            let asked = search.said(dialect, &marks, limit);
            let found = self.reader.query(&asked.text, asked.params).await?;
            let mut fitting = Vec::new();
            each.fill(0);
            for record in found.iter() {
                let has = words::found(words, record.text(1)?);
                if fitting.len() < page && has.iter().all(|has| *has) {
                    fitting.push(record.int(0)?);
                }
                let counted = each.iter_mut().zip(has);
                counted.for_each(|(each, has)| *each += usize::from(has));
            }
            if fitting.is_empty() && found.len() < limit {
                return Ok(Some(Vec::new()));
            }
            if fitting.len() == page || found.len() < limit {
                return self.rows(search::these(&fitting)).await.map(Some);
            }
            if fitting.len() * LOOKED_AT[1] < page * limit {
                break;
            }
        }
        let mut ordered: Vec<_> = each.into_iter().zip(words.drain(..)).collect();
        ordered.sort_by_key(|(each, _)| *each);
        words.extend(ordered.into_iter().map(|(_, word)| word));
        Ok(None)
    }

    async fn rows(&self, asked: search::Asked) -> Result<Vec<Row>, Failure> {
        let found = self.reader.query(&asked.text, asked.params).await?;
        found.iter().map(record::read).collect()
    }

    /// One contact.
    pub async fn contact(&self, contact: ContactId) -> Result<Option<Row>, Failure> {
        let text = format!("SELECT {} FROM contact WHERE contact = $1", record::COLUMNS);
        let found = self.reader.query(&text, id(contact)).await?;
        found.first().map(record::read).transpose()
    }

    /// Its events in order.
    pub async fn timeline(&self, contact: ContactId) -> Result<Vec<Entry>, Failure> {
        let text = "SELECT at, body FROM journal WHERE contact = $1 ORDER BY seq";
        self.reader
            .query(text, id(contact))
            .await?
            .iter()
            .map(entry)
            .collect()
    }

    /// Its personal data.
    pub async fn personal(&self, contact: ContactId) -> Result<PersonalRows, Failure> {
        let text = "SELECT number, note FROM personal WHERE contact = $1";
        let found = self.reader.query(text, id(contact)).await?;
        let Some(record) = found.first() else {
            return Ok(PersonalRows::default());
        };
        let (number, note) = (record.text(0)?.to_owned(), record.text(1)?.to_owned());
        Ok(PersonalRows { number, note })
    }

    /// Its recordings.
    pub async fn recordings(&self, contact: ContactId) -> Result<Vec<Recording>, Failure> {
        let text = "SELECT blob, length_ms, keep_until, at, cut, erased FROM recording \
                    WHERE contact = $1 ORDER BY at, blob";
        let recording = |record: Record<'_>| {
            Ok(Recording {
                blob: record.text(0)?.to_owned(),
                length_ms: record.int(1)?,
                keep_until: Time(record.int(2)?),
                at: Time(record.int(3)?),
                cut: record.int(4)? != 0,
                erased: record.maybe(5)?.map(Time),
            })
        };
        self.reader
            .query(text, id(contact))
            .await?
            .iter()
            .map(recording)
            .collect()
    }

    /// Names of the recordings that stand in the record of these contacts, erased ones too.
    pub async fn recorded(
        &self,
        first: ContactId,
        last: ContactId,
    ) -> Result<Vec<String>, Failure> {
        let mut asked = id(first);
        asked.int(last.0 as i64);
        let text = "SELECT blob FROM recording WHERE contact >= $1 AND contact <= $2";
        let found = self.reader.query(text, asked).await?;
        let name = |record: Record<'_>| record.text(0).map(str::to_owned);
        found.iter().map(name).collect()
    }

    /// Recordings whose time was over before an instant and that are not erased, a few of them.
    pub async fn due_recordings(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<(ContactId, String)>, Failure> {
        let mut asked = Values::default();
        asked.int(now.0).int(limit as i64);
        let text = "SELECT contact, blob FROM recording WHERE erased IS NULL AND keep_until < $1 \
                    ORDER BY keep_until LIMIT $2";
        let found = self.reader.query(text, asked).await?;
        let due = |record: Record<'_>| {
            let contact = ContactId(record.int(0)? as u64);
            Ok((contact, record.text(1)?.to_owned()))
        };
        found.iter().map(due).collect()
    }

    /// Contacts after one that have personal data or letters and were closed before an instant, a
    /// few of them. Contacts are numbered as they arrive: the search ends at the first that came
    /// later.
    pub async fn due_personal(
        &self,
        before: Time,
        after: ContactId,
        limit: usize,
    ) -> Result<DuePersonal, Failure> {
        let mut asked = id(after);
        asked.int(limit as i64);
        let text = "SELECT d.contact, c.arrived, c.closed, c.task FROM (\
                    SELECT contact FROM (SELECT contact FROM personal WHERE contact > $1 \
                    ORDER BY contact LIMIT $2) AS numbered UNION \
                    SELECT contact FROM (SELECT DISTINCT contact FROM letter WHERE contact > $1 \
                    ORDER BY contact LIMIT $2) AS written) AS d \
                    JOIN contact AS c ON c.contact = d.contact ORDER BY d.contact LIMIT $2";
        let found = self.reader.query(text, asked).await?;
        let mut due = DuePersonal {
            contacts: Vec::new(),
            seen: after,
            more: found.len() == limit,
        };
        for record in found.iter() {
            // A clock that was set back may number a few contacts out of order.
            if record.int(1)? >= before.0.saturating_add(DAY_MS) {
                due.more = false;
                break;
            }
            due.seen = ContactId(record.int(0)? as u64);
            if record.maybe(2)?.is_some_and(|at| at < before.0) && record.int(3)? == 0 {
                due.contacts.push(due.seen);
            }
        }
        Ok(due)
    }

    /// Cells of the three cubes whose day lies in `from..=to`.
    pub async fn cells(&self, from: Day, to: Day) -> Result<Vec<(Cell, Measures)>, Failure> {
        let mut cells = Vec::new();
        for (number, insert) in cube::CUBES.iter().enumerate() {
            let (column, unit) = if number == 0 {
                ("hour", 24)
            } else {
                ("day", 1)
            };
            let mut asked = Values::default();
            asked
                .int(i64::from(from.0) * unit)
                .int((i64::from(to.0) + 1) * unit);
            let text = format!(
                "SELECT {} FROM {} WHERE {column} >= $1 AND {column} < $2",
                insert.columns, insert.table
            );
            for record in self.reader.query(&text, asked).await?.iter() {
                cells.push(cube::read(number, record)?);
            }
        }
        Ok(cells)
    }

    /// Which of these attempt keys have a contact.
    pub async fn known_keys(&self, keys: &[String]) -> Result<Vec<String>, Failure> {
        let mut known = Vec::new();
        for part in keys.chunks(KEYS) {
            let mut asked = Values::default();
            for key in part {
                asked.text(key);
            }
            let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
            let places = places.join(", ");
            let text = format!("SELECT key FROM contact WHERE key IN ({places})");
            for record in self.reader.query(&text, asked).await?.iter() {
                known.push(record.text(0)?.to_owned());
            }
        }
        Ok(known)
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Keyed digest of a number: finds the same caller without storing the number in clear.
    pub fn token(&self, number: &str) -> String {
        if number.is_empty() {
            String::new()
        } else {
            self.key.token(number)
        }
    }
}

fn id(contact: ContactId) -> Values {
    let mut values = Values::default();
    values.int(contact.0 as i64);
    values
}
