//! The measure that contacts per second are compared with: the same bytes, inserted barely. Never
//! used to serve.

use crate::engine::{Reader, Writer};
use crate::failure::Failure;
use crate::fold::STREAM;
use crate::insert::{Conflict, Insert, Rows};
use crate::place::Place;
use crate::value::Values;
use std::time::{Duration, Instant};

static BARE: Insert = Insert::new("bare", "seq, at, body, prev, hash", Conflict::Refuse);

/// What a bare insert took.
#[derive(Clone, Copy, Debug)]
pub struct Bare {
    /// Journal rows inserted.
    pub rows: u64,
    /// Transactions.
    pub commits: u64,
    /// Time in transactions alone.
    pub took: Duration,
}

/// Rows that are read at once, outside the time that is measured.
const READ: i64 = 50_000;

/// Inserts the journal of one place into a table without any index in another, in the same
/// transactions: what has one instant was written at once.
pub async fn bare(from: &Place, into: &Place) -> Result<Bare, Failure> {
    let reader = Reader::open(from);
    std::fs::create_dir_all(into.folder()).map_err(|error| Failure::io("folder", &error))?;
    let mut writer = Writer::open(into).await?;
    let bytes = writer.dialect().bytes;
    let table = format!(
        "DROP TABLE IF EXISTS bare; CREATE TABLE bare (seq BIGINT NOT NULL, at BIGINT NOT NULL, \
         body TEXT NOT NULL, prev {bytes} NOT NULL, hash {bytes} NOT NULL)"
    );
    writer.script(table).await?;
    let mut bare = Bare {
        rows: 0,
        commits: 0,
        took: Duration::ZERO,
    };
    let mut after = 0;
    loop {
        let mut asked = Values::default();
        asked.int(STREAM).int(after).int(READ);
        let text = "SELECT seq, at, body, prev, hash FROM journal \
                    WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let found = reader.query(text, asked).await?;
        let Some(last) = found.iter().next_back() else {
            break;
        };
        after = last.int(0)?;
        let mut groups: Vec<(i64, Rows)> = Vec::new();
        for record in found.iter() {
            let at = record.int(1)?;
            if groups.last().is_none_or(|(last, _)| *last != at) {
                groups.push((at, Rows::new(&BARE)));
            }
            if let Some((_, rows)) = groups.last_mut() {
                (0..5).for_each(|column| rows.values.push(record.get(column)));
            }
        }
        bare.commits += groups.len() as u64;
        bare.rows += found.len() as u64;
        let started = Instant::now();
        for (_, rows) in groups {
            writer
                .write(vec![rows], None)
                .await
                .map_err(|broken| broken.failure)?;
        }
        bare.took += started.elapsed();
    }
    writer.script("DROP TABLE bare".to_owned()).await?;
    Ok(bare)
}
