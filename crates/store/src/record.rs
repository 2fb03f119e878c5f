//! The table `contact`: a `center::record::Row` as columns and back. Never how a row is folded.

use crate::failure::Failure;
use crate::insert::{Conflict, Insert};
use crate::value::{Record, Values};
use center::city::{Channel, ContactId, CounselorId, Language};
use center::event::Fate;
use center::record::{Row, Stage};
use center::time::Time;

/// The columns in the order of [`push`] and [`read`].
pub(crate) const COLUMNS: &str = "contact, key, channel, caller, via, arrived, repeat, language, \
keys, stage, queue, queued, callback, answered, counselor, wait_ms, talk_ms, hold_ms, wrap_ms, \
returned, transfers, ended, closed, category, outcome, fate, note_digest, note_letters, \
recordings, task, since, thread, messages, messages_in, messages_out, replied, late, \
over_limit, unclear, undelivered, reopened, merged, finisher, finish_ms";

/// How many.
pub(crate) const WIDTH: usize = 44;

/// A row that is new, or closed.
pub(crate) static WHOLE: Insert = Insert::new(
    "contact",
    COLUMNS,
    Conflict::Replace {
        key: "contact",
        columns: "language, keys, stage, queue, queued, callback, answered, counselor, wait_ms, \
talk_ms, hold_ms, wrap_ms, returned, transfers, ended, closed, category, outcome, fate, \
note_digest, note_letters, recordings, task, since, thread, messages, messages_in, \
messages_out, replied, late, over_limit, unclear, undelivered, reopened, merged, finisher, \
finish_ms",
    },
);

/// A row that was open and still is: what decides about indexes is as stored, so none changes.
pub(crate) static OPEN: Insert = Insert::new(
    "contact",
    COLUMNS,
    Conflict::Replace {
        key: "contact",
        columns: "language, keys, stage, queue, queued, callback, answered, counselor, wait_ms, \
talk_ms, hold_ms, wrap_ms, returned, transfers, ended, category, outcome, note_digest, \
note_letters, recordings, since, thread, messages, messages_in, messages_out, replied, late, \
over_limit, unclear, undelivered, reopened, merged, finisher, finish_ms",
    },
);

/// Adds a row.
pub(crate) fn push(row: &Row, into: &mut Values) {
    let time = |time: Option<Time>| time.map(|time| time.0);
    into.int(row.contact.0 as i64)
        .text(&row.key)
        .text(row.channel.code())
        .text(&row.caller)
        .text(&row.via)
        .int(row.arrived.0)
        .int(i64::from(row.repeat))
        .text(row.language.code())
        .text(&row.keys)
        .text(row.stage.code())
        .text(&row.queue)
        .maybe(time(row.queued))
        .int(i64::from(row.callback))
        .maybe(time(row.answered))
        .maybe(row.counselor.map(|counselor| i64::from(counselor.0)))
        .int(row.wait_ms)
        .int(row.talk_ms)
        .int(row.hold_ms)
        .int(row.wrap_ms)
        .int(i64::from(row.returned))
        .int(i64::from(row.transfers))
        .maybe(time(row.ended))
        .maybe(time(row.closed))
        .text(&row.category)
        .text(&row.outcome);
    match row.fate {
        Some(fate) => into.text(fate.code()),
        None => into.null(),
    };
    into.text(&row.note_digest)
        .int(i64::from(row.note_letters))
        .int(i64::from(row.recordings))
        .int(i64::from(row.task))
        .int(row.since.0)
        .text(&row.thread)
        .int(i64::from(row.messages))
        .int(i64::from(row.messages_in))
        .int(i64::from(row.messages_out))
        .maybe(time(row.replied))
        .int(i64::from(row.late))
        .int(i64::from(row.over))
        .int(i64::from(row.unclear))
        .int(i64::from(row.undelivered))
        .int(i64::from(row.reopened))
        .maybe(row.merged.map(|contact| contact.0 as i64))
        .maybe(row.finisher.map(|counselor| i64::from(counselor.0)))
        .int(row.finish_ms);
}

/// Reads a row from a record that holds [`COLUMNS`].
pub(crate) fn read(record: Record<'_>) -> Result<Row, Failure> {
    let contact = ContactId(record.int(0)? as u64);
    let wrong = |column: &str| Failure::Corrupt(format!("contact {contact}: unknown {column}"));
    let time = |column| record.maybe(column).map(|value| value.map(Time));
    let text = |column| record.text(column).map(str::to_owned);
    let fate = match record.text(25)? {
        "" => None,
        code => Some(Fate::parse(code).ok_or_else(|| wrong("fate"))?),
    };
    Ok(Row {
        contact,
        key: text(1)?,
        channel: Channel::parse(record.text(2)?).ok_or_else(|| wrong("channel"))?,
        caller: text(3)?,
        via: text(4)?,
        arrived: Time(record.int(5)?),
        repeat: record.int(6)? != 0,
        language: Language::parse(record.text(7)?).ok_or_else(|| wrong("language"))?,
        keys: text(8)?,
        stage: Stage::parse(record.text(9)?).ok_or_else(|| wrong("stage"))?,
        queue: text(10)?,
        queued: time(11)?,
        callback: record.int(12)? != 0,
        answered: time(13)?,
        counselor: record.maybe(14)?.map(|id| CounselorId(id as u32)),
        wait_ms: record.int(15)?,
        talk_ms: record.int(16)?,
        hold_ms: record.int(17)?,
        wrap_ms: record.int(18)?,
        returned: record.int(19)? as u32,
        transfers: record.int(20)? as u32,
        ended: time(21)?,
        closed: time(22)?,
        category: text(23)?,
        outcome: text(24)?,
        fate,
        note_digest: text(26)?,
        note_letters: record.int(27)? as u32,
        recordings: record.int(28)? as u32,
        task: record.int(29)? != 0,
        since: Time(record.int(30)?),
        thread: text(31)?,
        messages: record.int(32)? as u32,
        messages_in: record.int(33)? as u32,
        messages_out: record.int(34)? as u32,
        replied: time(35)?,
        late: record.int(36)? != 0,
        over: record.int(37)? as u32,
        unclear: record.int(38)? != 0,
        undelivered: record.int(39)? as u32,
        reopened: record.int(40)? as u32,
        merged: record.maybe(41)?.map(|contact| ContactId(contact as u64)),
        finisher: record.maybe(42)?.map(|id| CounselorId(id as u32)),
        finish_ms: record.int(43)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Records;

    #[test]
    fn a_row_comes_back_as_it_went() {
        let row = Row {
            contact: ContactId(7),
            key: "k".into(),
            caller: "c".into(),
            keys: "9#".into(),
            queued: Some(Time(5)),
            counselor: Some(CounselorId(3)),
            closed: Some(Time(9)),
            fate: Some(Fate::Answered),
            stage: Stage::Closed,
            language: Language::Vi,
            channel: Channel::Chat,
            task: true,
            note_letters: 4,
            since: Time(11),
            thread: "t".into(),
            messages: 5,
            messages_in: 3,
            messages_out: 2,
            replied: Some(Time(6)),
            late: true,
            over: 1,
            unclear: true,
            undelivered: 4,
            reopened: 6,
            merged: Some(ContactId(9)),
            finisher: Some(CounselorId(4)),
            finish_ms: 12,
            ..Row::default()
        };
        let mut values = Values::default();
        push(&row, &mut values);
        let width = COLUMNS.split(", ").count();
        assert_eq!(width, WIDTH);
        let mut records = Records::new(width);
        for value in values.part(0, width) {
            records.push(value);
        }
        let back = records.first().map(read).expect("one record");
        assert_eq!(back.expect("readable"), row);
    }
}
