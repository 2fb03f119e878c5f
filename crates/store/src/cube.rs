//! The tables of the three cubes: a cell of `center::statistics` as columns and back. Never a
//! figure.

use crate::failure::Failure;
use crate::insert::{Conflict, Insert};
use crate::value::{Record, Values};
use center::city::{Channel, CounselorId, Language};
use center::event::Fate;
use center::statistics::{BUCKETS, Cell, Letters, Measures};
use center::time::Day;

macro_rules! measures {
    () => {
        "n, queued, wait_ms, talk_ms, hold_ms, wrap_ms, waits_0, waits_1, waits_2, waits_3, \
waits_4, waits_5, waits_6, waits_7, waits_8, waits_9, waits_10, waits_11, waits_12, waits_13, \
waits_14, waits_15, messages_in, messages_out, replied, reply_ms, resolution_ms, on_time, \
over_limit, unclear, undelivered, reopened, replies_0, replies_1, replies_2, replies_3, \
replies_4, replies_5, replies_6, replies_7, replies_8, replies_9, replies_10, replies_11, \
replies_12, replies_13, replies_14, replies_15"
    };
}

/// The columns that are summed.
pub(crate) const MEASURES: &str = measures!();

/// How many of them: six sums and the wait histogram, then those of letters and their histogram.
pub(crate) const MEASURES_COUNT: usize = SPOKEN + Letters::SUMS + BUCKETS;

/// Columns before those of letters.
const SPOKEN: usize = 6 + BUCKETS;

macro_rules! cube {
    ($table:literal, $key:literal) => {
        Insert::new(
            $table,
            concat!($key, ", ", measures!()),
            Conflict::Add {
                key: $key,
                columns: MEASURES,
            },
        )
    };
}

/// Cells of `Cell::Hour`.
pub(crate) static HOUR: Insert = cube!("cube_hour", "hour, channel, language, queue, fate");
/// Cells of `Cell::Category`.
pub(crate) static CATEGORY: Insert = cube!("cube_category", "day, category, outcome, district");
/// Cells of `Cell::Counselor`.
pub(crate) static COUNSELOR: Insert = cube!("cube_counselor", "day, counselor, channel");

/// The cubes; [`cube_of`] gives the place of a cell's.
pub(crate) static CUBES: [&Insert; 3] = [&HOUR, &CATEGORY, &COUNSELOR];

/// Which of [`CUBES`] a cell belongs to.
pub(crate) fn cube_of(cell: &Cell) -> usize {
    match cell {
        Cell::Hour { .. } => 0,
        Cell::Category { .. } => 1,
        Cell::Counselor { .. } => 2,
    }
}

/// Columns of the key of a cube.
pub(crate) fn key_width(cube: usize) -> usize {
    CUBES[cube].width() - MEASURES_COUNT
}

/// Adds a cell.
pub(crate) fn push(cell: &Cell, measures: &Measures, into: &mut Values) {
    match cell {
        Cell::Hour {
            hour,
            channel,
            language,
            queue,
            fate,
        } => into
            .int(*hour)
            .text(channel.code())
            .text(language.code())
            .text(queue)
            .text(fate.code()),
        Cell::Category {
            day,
            category,
            outcome,
            district,
        } => into
            .int(i64::from(day.0))
            .text(category)
            .text(outcome)
            .text(district),
        Cell::Counselor {
            day,
            counselor,
            channel,
        } => into
            .int(i64::from(day.0))
            .int(i64::from(counselor.0))
            .text(channel.code()),
    };
    into.int(measures.n)
        .int(measures.queued)
        .int(measures.wait_ms)
        .int(measures.talk_ms)
        .int(measures.hold_ms)
        .int(measures.wrap_ms);
    let sums = measures.written.sums();
    let counts = measures.waits.into_iter().chain(sums);
    for count in counts.chain(measures.written.replies) {
        into.int(count);
    }
}

/// Reads a cell of a cube from a record that holds its key and [`MEASURES`].
pub(crate) fn read(cube: usize, record: Record<'_>) -> Result<(Cell, Measures), Failure> {
    let wrong = |column: &str| {
        let table = CUBES[cube].table;
        Failure::Corrupt(format!("{table}: unknown {column}"))
    };
    let text = |column| record.text(column).map(str::to_owned);
    let channel = |column| -> Result<Channel, Failure> {
        Channel::parse(record.text(column)?).ok_or_else(|| wrong("channel"))
    };
    let cell = match cube {
        0 => Cell::Hour {
            hour: record.int(0)?,
            channel: channel(1)?,
            language: Language::parse(record.text(2)?).ok_or_else(|| wrong("language"))?,
            queue: text(3)?,
            fate: Fate::parse(record.text(4)?).ok_or_else(|| wrong("fate"))?,
        },
        1 => Cell::Category {
            day: Day(record.int(0)? as i32),
            category: text(1)?,
            outcome: text(2)?,
            district: text(3)?,
        },
        _ => Cell::Counselor {
            day: Day(record.int(0)? as i32),
            counselor: CounselorId(record.int(1)? as u32),
            channel: channel(2)?,
        },
    };
    Ok((cell, read_measures(key_width(cube), record)?))
}

fn read_measures(from: usize, record: Record<'_>) -> Result<Measures, Failure> {
    let mut measures = Measures {
        n: record.int(from)?,
        queued: record.int(from + 1)?,
        wait_ms: record.int(from + 2)?,
        talk_ms: record.int(from + 3)?,
        hold_ms: record.int(from + 4)?,
        wrap_ms: record.int(from + 5)?,
        waits: [0; BUCKETS],
        written: Letters::default(),
    };
    for (index, waits) in measures.waits.iter_mut().enumerate() {
        *waits = record.int(from + 6 + index)?;
    }
    let mut sums = [0; Letters::SUMS];
    for (index, sum) in sums.iter_mut().enumerate() {
        *sum = record.int(from + SPOKEN + index)?;
    }
    let mut replies = [0; BUCKETS];
    for (index, count) in replies.iter_mut().enumerate() {
        *count = record.int(from + SPOKEN + Letters::SUMS + index)?;
    }
    measures.written = Letters::from_sums(sums, replies);
    Ok(measures)
}
