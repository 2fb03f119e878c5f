//! What the center is rebuilt from at a start, without reading the whole journal. Never writes.

use crate::batch::{Entry, Recovery};
use crate::engine::Reader;
use crate::failure::Failure;
use crate::fold::STREAM;
use crate::journal::entry;
use crate::value::{Record, Records, Values};
use center::city::ContactId;
use center::event::Event;
use center::time::{HOUR_MS, Time};
use std::collections::{BTreeMap, HashSet};

/// How far back closed contacts are told: repeat calls count within 24 hours, one hour is spare.
const BACK_MS: i64 = 25 * HOUR_MS;

/// How far back the conversations of closed contacts are told whole: they may go on.
const RESTING_MS: i64 = 24 * HOUR_MS;

const LIVE: &str = "SELECT contact FROM contact WHERE closed IS NULL \
                    UNION SELECT contact FROM contact WHERE task = 1";

/// Reads it. Costs a few index look-ups, the open contacts, and one day of the journal.
pub(crate) async fn read(
    reader: &Reader,
    now: Time,
    next_contact: u64,
) -> Result<Recovery, Failure> {
    let mut found: BTreeMap<i64, Entry> = BTreeMap::new();
    let text = format!(
        "SELECT at, body, seq FROM journal WHERE contact IN ({LIVE}) ORDER BY contact, seq"
    );
    keep(&mut found, &reader.query(&text, Values::default()).await?)?;
    closed(reader, now + -BACK_MS, &mut found).await?;
    resting(reader, now + -RESTING_MS, &mut found).await?;
    let text = format!(
        "SELECT contact, number FROM personal WHERE contact IN ({LIVE}) \
         AND number IS NOT NULL ORDER BY contact"
    );
    let records = reader.query(&text, Values::default()).await?;
    let number = |record: Record<'_>| {
        let contact = ContactId(record.int(0)? as u64);
        Ok((contact, record.text(1)?.to_owned()))
    };
    Ok(Recovery {
        entries: found.into_values().collect(),
        next_contact,
        numbers: records.iter().map(number).collect::<Result<_, Failure>>()?,
    })
}

fn keep(found: &mut BTreeMap<i64, Entry>, records: &Records) -> Result<(), Failure> {
    for record in records.iter() {
        found.insert(record.int(2)?, entry(record)?);
    }
    Ok(())
}

/// Adds `Arrived`, `Queued` and `Closed` of the contacts closed since an instant.
async fn closed(
    reader: &Reader,
    since: Time,
    found: &mut BTreeMap<i64, Entry>,
) -> Result<(), Failure> {
    let from = first_at(reader, since).await?;
    let mut params = stream();
    params.int(from);
    let text = "SELECT at, body, seq FROM journal WHERE stream = $1 AND seq >= $2 \
                AND kind IN ('arrived', 'queued', 'closed')";
    let mut recent = BTreeMap::new();
    keep(&mut recent, &reader.query(text, params).await?)?;
    let mut closed = HashSet::new();
    let mut arrived = HashSet::new();
    for entry in recent.values() {
        match entry.event {
            Event::Closed { contact, .. } if entry.at >= since => closed.insert(contact),
            Event::Arrived { contact, .. } => arrived.insert(contact),
            _ => false,
        };
    }
    let of_closed = |entry: &Entry| entry.event.contact().is_some_and(|c| closed.contains(&c));
    recent.retain(|_, entry| of_closed(entry));
    found.append(&mut recent);
    // Those that arrived before the day began.
    let mut older: Vec<_> = closed.difference(&arrived).map(|c| c.0 as i64).collect();
    older.sort_unstable();
    for part in older.chunks(500) {
        let mut params = Values::default();
        for contact in part {
            params.int(*contact);
        }
        let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let text = format!(
            "SELECT at, body, seq FROM journal WHERE contact IN ({places}) \
             AND kind IN ('arrived', 'queued', 'closed')"
        );
        keep(found, &reader.query(&text, params).await?)?;
    }
    Ok(())
}

/// Adds everything of the written contacts closed since an instant.
async fn resting(
    reader: &Reader,
    since: Time,
    found: &mut BTreeMap<i64, Entry>,
) -> Result<(), Failure> {
    let mut params = Values::default();
    params.int(since.0);
    let text = "SELECT at, body, seq FROM journal WHERE contact IN \
                (SELECT contact FROM contact WHERE closed >= $1 AND messages > 0) \
                ORDER BY contact, seq";
    keep(found, &reader.query(text, params).await?)
}

/// Number of the first event not before an instant. Events stand in the order of time (but for
/// steps of the clock), so halving finds it without an index on time.
async fn first_at(reader: &Reader, since: Time) -> Result<i64, Failure> {
    let text = "SELECT COALESCE(MIN(seq), 1), COALESCE(MAX(seq), 0) FROM journal \
                WHERE stream = $1";
    let records = reader.query(text, stream()).await?;
    let Some(record) = records.first() else {
        return Ok(1);
    };
    let (mut low, mut high) = (record.int(0)?, record.int(1)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut params = stream();
        params.int(middle);
        let text = "SELECT at FROM journal WHERE stream = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
        let records = reader.query(text, params).await?;
        let at = records
            .first()
            .map_or(Ok(i64::MAX), |record| record.int(0))?;
        if at < since.0 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The stream's number as the first parameter.
fn stream() -> Values {
    let mut asked = Values::default();
    asked.int(STREAM);
    asked
}
