//! The figures of what was written, by channel and language, with their definitions. Never a call,
//! never a figure of one person.

use crate::contacts::{self, Asked};
use crate::figures::{length, length_or_dash, share};
use crate::inbox_texts::{self, Inbox};
use crate::texts::{Staff, fill};
use crate::words;
use center::city::{Channel, City, Language};
use center::statistics::{Cell, Measures, Summary};
use center::time::DAY_MS;
use std::collections::BTreeMap;

/// A line: what it counts, the contacts that make it up, its figures.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) link: String,
    pub(crate) figures: Vec<String>,
}

/// The table of a day.
pub(crate) struct Table {
    pub(crate) calls: &'static str,
    pub(crate) title: &'static str,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Vec<String>,
    pub(crate) definitions: Vec<(&'static str, String)>,
}

fn columns(i: &'static Inbox) -> Vec<&'static str> {
    vec![
        i.counted,
        i.gave_up,
        i.left_silently,
        i.replied,
        i.first_reply,
        i.on_time,
        i.within_day,
        i.messages_in,
        i.messages_out,
        i.over_limit,
        i.asked_again,
        i.undelivered,
        i.reopened,
        i.merged_n,
        i.automatic_n,
    ]
}

fn figures(summary: &Summary) -> Vec<String> {
    let written = &summary.written;
    let on_time = (written.replied > 0)
        .then(|| (written.on_time * 1_000 + written.replied / 2) / written.replied);
    vec![
        summary.attempts.to_string(),
        summary.abandoned.to_string(),
        summary.silent.to_string(),
        written.replied.to_string(),
        length_or_dash(summary.mean_reply_ms()),
        share(on_time),
        share(summary.replied_within(DAY_MS)),
        written.messages_in.to_string(),
        written.messages_out.to_string(),
        written.over.to_string(),
        written.unclear.to_string(),
        written.undelivered.to_string(),
        written.reopened.to_string(),
        summary.merged.to_string(),
        summary.automatic.to_string(),
    ]
}

fn definitions(city: &City, i: &'static Inbox) -> Vec<(&'static str, String)> {
    let promised = |channel| length(city.limits.reply_ms(channel));
    let on_time = fill(
        i.d_on_time,
        &[
            ("chat", &promised(Channel::Chat)),
            ("text", &promised(Channel::Text)),
            ("social", &promised(Channel::Social)),
            ("mail", &promised(Channel::Mail)),
        ],
    );
    vec![
        (i.counted, i.d_counted.into()),
        (i.gave_up, i.d_gave_up.into()),
        (i.left_silently, i.d_left_silently.into()),
        (i.replied, i.d_replied.into()),
        (i.first_reply, i.d_first_reply.into()),
        (i.on_time, on_time),
        (i.within_day, i.d_within_day.into()),
        (i.over_limit, i.d_over_limit.into()),
        (i.asked_again, i.d_asked_again.into()),
        (i.undelivered, i.d_undelivered.into()),
        (i.reopened, i.d_reopened.into()),
        (i.merged_n, i.d_merged_n.into()),
        (i.automatic_n, i.d_automatic_n.into()),
    ]
}

/// What callers were sent to keep: messages of calls, neither contacts nor answers of this table.
fn in_calls(i: &'static Inbox, beside: &Summary, within: &Asked) -> Option<Line> {
    let written = &beside.written;
    let figure = |name: &&str| match *name {
        name if name == i.messages_out => written.messages_out.to_string(),
        name if name == i.undelivered => written.undelivered.to_string(),
        _ => "–".to_owned(),
    };
    (written.messages_out > 0).then(|| Line {
        name: i.in_calls.to_owned(),
        link: contacts::address(&Asked {
            stage: "closed".into(),
            channel: Channel::Voice.code().into(),
            ..within.clone()
        }),
        figures: columns(i).iter().map(figure).collect(),
    })
}

/// The table; `within` finds the contacts of the day.
pub(crate) fn table(
    city: &City,
    w: &'static Staff,
    cells: &[(Cell, Measures)],
    within: &Asked,
) -> Table {
    let i = inbox_texts::in_language(w.tag);
    let (mut total, mut beside) = (Summary::default(), Summary::default());
    let mut by: BTreeMap<(Channel, Language), Summary> = BTreeMap::new();
    for (cell, measures) in cells {
        if let Cell::Hour {
            channel,
            language,
            fate,
            ..
        } = cell
        {
            if !channel.written() {
                beside.add(*fate, measures);
                continue;
            }
            total.add(*fate, measures);
            by.entry((*channel, *language))
                .or_default()
                .add(*fate, measures);
        }
    }
    let line = |((channel, language), summary): (&(Channel, Language), &Summary)| Line {
        name: format!(
            "{} · {}",
            words::channel(w, *channel),
            words::language(w, *language)
        ),
        link: contacts::address(&Asked {
            stage: "closed".into(),
            channel: channel.code().into(),
            language: language.code().into(),
            ..within.clone()
        }),
        figures: figures(summary),
    };
    Table {
        calls: i.calls,
        title: i.by_channel,
        columns: columns(i),
        lines: by
            .iter()
            .map(line)
            .chain(in_calls(i, &beside, within))
            .collect(),
        total: figures(&total),
        definitions: definitions(city, i),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use center::event::Fate;
    use center::statistics::{Letters, reply_bucket};

    fn cell(channel: Channel, fate: Fate, n: i64, reply_ms: i64) -> (Cell, Measures) {
        let mut written = Letters {
            messages_in: 2 * n,
            messages_out: n,
            replied: n,
            reply_ms: reply_ms * n,
            on_time: n / 2,
            over: 1,
            ..Letters::default()
        };
        written.replies[reply_bucket(reply_ms)] = n;
        let cell = Cell::Hour {
            hour: 0,
            channel,
            language: Language::Vi,
            queue: "texts".into(),
            fate,
        };
        let measures = Measures {
            n,
            written,
            ..Measures::default()
        };
        (cell, measures)
    }

    #[test]
    fn written_figures_are_those_of_letters_and_say_what_they_mean() {
        let cells = [
            cell(Channel::Text, Fate::Answered, 4, 120_000),
            cell(Channel::Text, Fate::Answered, 4, 2 * DAY_MS),
            cell(Channel::Voice, Fate::Answered, 9, 1_000),
        ];
        let city = crate::sample::city();
        let table = table(&city, &crate::texts::STAFF[1], &cells, &Asked::default());
        let names: Vec<&str> = table.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["Text · Vietnamese", "Texts sent in calls"]);
        let in_calls = &table.lines[1].figures;
        assert_eq!(
            in_calls.iter().filter(|one| *one == "9").count(),
            1,
            "{in_calls:?}"
        );
        assert_eq!(
            table.total[8], "8",
            "a text in a call is in no total of letters"
        );
        let line = &table.lines[0];
        assert!(line.link.contains("channel=text") && line.link.contains("language=vi"));
        let figure = |name: &str| {
            let at = table.columns.iter().position(|column| *column == name);
            line.figures[at.expect("a column")].as_str()
        };
        assert_eq!(figure("Contacts"), "8");
        assert_eq!(figure("First answer, mean"), "24:01:00");
        assert_eq!(figure("Within target"), "50.0\u{a0}%");
        assert_eq!(figure("Within 24 h"), "50.0\u{a0}%");
        assert_eq!(figure("Over the limit"), "2");
        assert_eq!(table.total, line.figures);
        let defined = table
            .definitions
            .iter()
            .find(|(name, _)| *name == "Within target");
        assert!(defined.expect("a definition").1.contains("text 15:00"));
    }
}
