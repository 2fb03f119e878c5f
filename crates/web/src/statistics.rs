//! The figures of a day by hour, queue and language, with their definitions, as a page and as CSV.
//! Never a figure of one person.

use crate::contacts::{self, Asked};
use crate::csv;
use crate::figures::{self, length, threshold};
use crate::floor::{Figures, day_or_today, formula};
use crate::site::{Frame, Site, Staffer, Supervisor, page, today, trouble};
use crate::statistics_written;
use crate::texts::{Staff, fill};
use crate::words;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use center::city::{Channel, City, Language};
use center::event::Fate;
use center::statistics::{Cell, Measures, Summary};
use center::time::{Day, HOUR_MS};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A number that opens the contacts that make it up.
struct Count {
    n: i64,
    link: String,
}

/// A line of a table.
struct Line {
    name: String,
    counts: Vec<Count>,
    shares: Vec<String>,
}

/// One table.
struct Table {
    key: &'static str,
    title: &'static str,
    first: &'static str,
    lines: Vec<Line>,
}

/// A figure above the tables.
struct Tile {
    name: String,
    value: String,
    about: String,
}

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage {
    w: &'static Staff,
    frame: Frame,
    day: String,
    previous: String,
    next: Option<String>,
    tiles: Vec<Tile>,
    columns: Vec<String>,
    tables: [Table; 2],
    total: Line,
    definitions: Vec<(String, String)>,
    written: statistics_written::Table,
}

/// The day that is asked for.
#[derive(Deserialize)]
pub(crate) struct AskedDay {
    #[serde(default)]
    day: String,
}

/// The figures of a day.
struct Tables {
    total: Summary,
    hours: BTreeMap<i64, Summary>,
    queues: BTreeMap<(String, Language), Summary>,
}

fn tables(cells: &[(Cell, Measures)]) -> Tables {
    let mut tables = Tables {
        total: Summary::default(),
        hours: BTreeMap::new(),
        queues: BTreeMap::new(),
    };
    for (cell, measures) in cells {
        if let Cell::Hour {
            hour,
            language,
            queue,
            fate,
            channel,
            ..
        } = cell
        {
            // What is written has a table of its own.
            if channel.written() {
                continue;
            }
            if matches!(fate, Fate::Outbound | Fate::Merged | Fate::Automatic) {
                continue;
            }
            tables.total.add(*fate, measures);
            tables.hours.entry(*hour).or_default().add(*fate, measures);
            let key = (queue.clone(), *language);
            tables.queues.entry(key).or_default().add(*fate, measures);
        }
    }
    tables
}

/// What a number counts, and the filter that finds the same contacts.
const FATES: [Fate; 9] = [
    Fate::Answered,
    Fate::Abandoned,
    Fate::ShortAbandoned,
    Fate::LeftMenu,
    Fate::Capped,
    Fate::Closed,
    Fate::Unreached,
    Fate::Interrupted,
    Fate::Silent,
];

fn count_of(summary: &Summary, fate: Fate) -> i64 {
    match fate {
        Fate::Answered => summary.answered,
        Fate::Abandoned => summary.abandoned - summary.short,
        Fate::ShortAbandoned => summary.short,
        Fate::LeftMenu => summary.left_menu,
        Fate::Capped => summary.capped,
        Fate::Closed => summary.closed,
        Fate::Unreached => summary.unreached,
        Fate::Interrupted => summary.interrupted,
        Fate::Silent => summary.silent,
        Fate::Merged => summary.merged,
        Fate::Automatic => summary.automatic,
        Fate::Outbound => 0,
    }
}

fn shares(summary: &Summary, target_ms: i64) -> Vec<String> {
    let figures = Figures::of(summary, target_ms);
    vec![
        figures.rate_attempts,
        figures.rate_queued,
        figures.level,
        figures.mean_wait,
        figures.p90_wait,
        figures.handling,
    ]
}

fn line(name: String, summary: &Summary, target_ms: i64, within: &Asked) -> Line {
    let mut counts = vec![Count {
        n: summary.attempts,
        link: contacts::address(&Asked {
            stage: "closed".into(),
            ..within.clone()
        }),
    }];
    counts.extend(FATES.map(|fate| Count {
        n: count_of(summary, fate),
        link: contacts::address(&Asked {
            fate: fate.code().into(),
            ..within.clone()
        }),
    }));
    Line {
        name,
        counts,
        shares: shares(summary, target_ms),
    }
}

fn columns(w: &'static Staff, target: &str) -> Vec<String> {
    let level = fill(w.service_level, &[("t", target)]);
    let mut columns = vec![w.attempts.to_owned()];
    columns.extend(FATES.map(|fate| words::fate(w, fate).to_owned()));
    let shares = [
        w.rate_attempts,
        w.rate_queued,
        &level,
        w.mean_wait,
        w.p90_wait,
        w.handling,
    ];
    columns.extend(shares.map(str::to_owned));
    columns
}

fn definitions(city: &City, w: &'static Staff, target: &str) -> Vec<(String, String)> {
    let short = threshold(city.limits.short_abandon_ms);
    let with_short = |text: &str| fill(text, &[("short", &short)]);
    let level = fill(w.service_level, &[("t", target)]);
    vec![
        (w.attempts.into(), w.d_attempts.into()),
        (w.fate_answered.into(), w.d_answered.into()),
        (w.fate_abandoned.into(), with_short(w.d_abandoned)),
        (w.fate_short_abandoned.into(), with_short(w.d_short)),
        (w.fate_left_menu.into(), w.d_left_menu.into()),
        (w.fate_capped.into(), w.d_capped.into()),
        (w.fate_closed.into(), w.d_closed.into()),
        (w.fate_unreached.into(), w.d_unreached.into()),
        (w.fate_interrupted.into(), w.d_interrupted.into()),
        (w.fate_silent.into(), w.d_silent.into()),
        (w.rate_attempts.into(), w.d_rate_attempts.into()),
        (w.rate_queued.into(), w.d_rate_queued.into()),
        (level, format!("{}, T = {target}", formula(w))),
        (w.mean_wait.into(), w.d_mean_wait.into()),
        (w.p90_wait.into(), w.d_p90_wait.into()),
        (w.handling.into(), w.d_handling.into()),
    ]
}

fn tiles(w: &'static Staff, total: &Summary, target_ms: i64) -> Vec<Tile> {
    let figures = Figures::of(total, target_ms);
    let target = threshold(target_ms);
    let tile = |name: &str, value: String, about: &str| Tile {
        name: name.to_owned(),
        value,
        about: about.to_owned(),
    };
    let level = fill(w.service_level, &[("t", &target)]);
    vec![
        tile(w.attempts, figures.attempts.to_string(), w.d_attempts),
        tile(w.queued, figures.queued.to_string(), w.d_queued),
        tile(w.answered, figures.answered.to_string(), w.d_answered),
        tile(w.rate_attempts, figures.rate_attempts, w.d_rate_attempts),
        tile(w.rate_queued, figures.rate_queued, w.d_rate_queued),
        tile(&level, figures.level, formula(w)),
        tile(w.mean_wait, figures.mean_wait, w.d_mean_wait),
        tile(w.p90_wait, figures.p90_wait, w.d_p90_wait),
        tile(w.handling, figures.handling, w.d_handling),
    ]
}

fn target_ms(city: &City, queue: &str) -> i64 {
    let queues = &city.queues;
    let known = city.queue_index(queue).map(|index| &queues[index]);
    known
        .or(queues.first())
        .map_or(20_000, |queue| queue.target_ms)
}

fn whole_day(city: &City, day: Day) -> Asked {
    let zone = &city.zone;
    Asked {
        from: figures::field(zone, zone.start_of(day)),
        to: figures::field(zone, zone.start_of(Day(day.0 + 1))),
        ..Asked::default()
    }
}

/// Of what is spoken only calls exist so far; video gets lines of its own when it comes.
fn calls(city: &City, day: Day) -> Asked {
    Asked {
        channel: Channel::Voice.code().into(),
        ..whole_day(city, day)
    }
}

fn hour_lines(city: &City, day: Day, tables: &Tables) -> Vec<Line> {
    let zone = &city.zone;
    let target_ms = target_ms(city, "");
    let all = tables.hours.iter();
    all.map(|(hour, summary)| {
        let hour = hour.rem_euclid(24);
        let from = figures::parse_field(zone, &format!("{day}T{hour:02}:00"));
        let from = from.unwrap_or_else(|| zone.start_of(day) + hour * HOUR_MS);
        let within = Asked {
            from: figures::field(zone, from),
            to: figures::field(zone, from + HOUR_MS),
            channel: Channel::Voice.code().into(),
            ..Asked::default()
        };
        line(format!("{hour:02}:00"), summary, target_ms, &within)
    })
    .collect()
}

fn queue_name(city: &City, w: &Staff, queue: &str) -> String {
    if queue.is_empty() {
        w.no_queue.to_owned()
    } else {
        words::queue(city, queue, w.tag)
    }
}

fn queue_lines(city: &City, w: &'static Staff, day: Day, tables: &Tables) -> Vec<Line> {
    let all = tables.queues.iter();
    all.map(|((queue, language), summary)| {
        let name = queue_name(city, w, queue);
        let name = format!("{name} · {}", words::language(w, *language));
        let within = Asked {
            queue: if queue.is_empty() {
                contacts::NO_QUEUE.into()
            } else {
                queue.clone()
            },
            language: language.code().into(),
            ..whole_day(city, day)
        };
        line(name, summary, target_ms(city, queue), &within)
    })
    .collect()
}

fn statistics_page(
    city: &City,
    staffer: &Staffer,
    day: Day,
    today: Day,
    cells: &[(Cell, Measures)],
) -> StatisticsPage {
    let w = staffer.words;
    let tables = tables(cells);
    let target_ms = target_ms(city, "");
    let target = threshold(target_ms);
    StatisticsPage {
        w,
        frame: Frame::new(city, w, Some(staffer)),
        day: day.to_string(),
        previous: Day(day.0 - 1).to_string(),
        next: (day < today).then(|| Day(day.0 + 1).to_string()),
        tiles: tiles(w, &tables.total, target_ms),
        columns: columns(w, &target),
        tables: [
            Table {
                key: "hours",
                title: w.by_hour,
                first: w.hour,
                lines: hour_lines(city, day, &tables),
            },
            Table {
                key: "queues",
                title: w.by_queue,
                first: w.queue,
                lines: queue_lines(city, w, day, &tables),
            },
        ],
        total: line(
            w.total.to_owned(),
            &tables.total,
            target_ms,
            &calls(city, day),
        ),
        definitions: definitions(city, w, &target),
        written: statistics_written::table(city, w, cells, &whole_day(city, day)),
    }
}

/// `GET /statistics`
pub(crate) async fn statistics(
    State(site): State<Site>,
    Supervisor(staffer): Supervisor,
    Query(asked): Query<AskedDay>,
) -> Response {
    let w = staffer.words;
    let day = day_or_today(&site, &asked.day);
    let cells = match site.archive.cells(day, day).await {
        Ok(cells) => cells,
        Err(failure) => return trouble(w, &failure),
    };
    page(&statistics_page(
        site.city(),
        &staffer,
        day,
        today(&site),
        &cells,
    ))
}

/// `GET /statistics.csv`
pub(crate) async fn export(
    State(site): State<Site>,
    Supervisor(staffer): Supervisor,
    Query(asked): Query<AskedDay>,
) -> Response {
    let w = staffer.words;
    let day = day_or_today(&site, &asked.day);
    let cells = match site.archive.cells(day, day).await {
        Ok(cells) => cells,
        Err(failure) => return trouble(w, &failure),
    };
    let table = csv_table(site.city(), w, day, &cells);
    let name = format!("attachment; filename=\"dasan-{day}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, table).into_response()
}

fn csv_table(city: &City, w: &'static Staff, day: Day, cells: &[(Cell, Measures)]) -> String {
    let tables = tables(cells);
    let target = threshold(target_ms(city, ""));
    // Spreadsheets read UTF-8 only with a byte order mark.
    let mut table = String::from("\u{feff}");
    let mut head: Vec<String> = [w.day, w.hour, w.queue, w.language]
        .map(str::to_owned)
        .into();
    head.extend(columns(w, &target));
    csv::row(&mut table, &head);
    let mut add = |hour: String, queue: String, language: &str, summary: &Summary, target_ms| {
        let mut row = vec![day.to_string(), hour, queue, language.to_owned()];
        row.push(summary.attempts.to_string());
        row.extend(FATES.map(|fate| count_of(summary, fate).to_string()));
        row.extend(shares(summary, target_ms));
        csv::row(&mut table, &row);
    };
    for (hour, summary) in &tables.hours {
        let name = format!("{:02}:00", hour.rem_euclid(24));
        add(name, String::new(), "", summary, target_ms(city, ""));
    }
    for ((queue, language), summary) in &tables.queues {
        let name = queue_name(city, w, queue);
        let spoken = words::language(w, *language);
        add(String::new(), name, spoken, summary, target_ms(city, queue));
    }
    add(
        w.total.into(),
        String::new(),
        "",
        &tables.total,
        target_ms(city, ""),
    );
    for (name, about) in definitions(city, w, &target) {
        csv::row(&mut table, &[name, about]);
    }
    let written = statistics_written::table(city, w, cells, &whole_day(city, day));
    let mut head = vec![w.day.to_owned(), written.title.to_owned()];
    head.extend(written.columns.iter().map(|column| (*column).to_owned()));
    csv::row(&mut table, &head);
    for line in written.lines {
        let mut row = vec![day.to_string(), line.name];
        row.extend(line.figures);
        csv::row(&mut table, &row);
    }
    let mut row = vec![day.to_string(), w.total.to_owned()];
    row.extend(written.total);
    csv::row(&mut table, &row);
    for (name, about) in written.definitions {
        csv::row(&mut table, &[name.to_owned(), about]);
    }
    let short = length(city.limits.short_abandon_ms);
    csv::row(&mut table, &[w.short.to_owned(), short]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use center::statistics::bucket;

    fn cell(queue: &str, hour: i64, fate: Fate, n: i64, wait_ms: i64) -> (Cell, Measures) {
        let day = figures::day(&sample::city().zone, sample::NOW);
        let mut measures = Measures {
            n,
            queued: n,
            wait_ms: wait_ms * n,
            talk_ms: 180_000 * n,
            wrap_ms: 20_000 * n,
            ..Measures::default()
        };
        measures.waits[bucket(wait_ms)] = n;
        let cell = Cell::Hour {
            hour: i64::from(day.0) * 24 + hour,
            channel: Channel::Voice,
            language: Language::Ko,
            queue: queue.into(),
            fate,
        };
        (cell, measures)
    }

    fn cells() -> Vec<(Cell, Measures)> {
        vec![
            cell("general", 9, Fate::Answered, 90, 12_000),
            cell("general", 9, Fate::Abandoned, 8, 40_000),
            cell("general", 9, Fate::ShortAbandoned, 2, 3_000),
            cell("general", 10, Fate::Answered, 70, 25_000),
            cell("odd", 10, Fate::Outbound, 5, 0),
        ]
    }

    #[test]
    fn every_number_opens_the_contacts_that_make_it_up() {
        let city = sample::city();
        let staffer = sample::staffer(&city, 2, "en");
        let day = figures::day(&city.zone, sample::NOW);
        let page = statistics_page(&city, &staffer, day, day, &cells());
        let html = page.render().expect("it renders");
        let link = "/contacts?from=2026-11-24T09:00&#38;to=2026-11-24T10:00&#38;fate=abandoned&#38;channel=voice";
        assert!(html.contains(&format!("href=\"{link}\">8</a>")), "{html}");
        assert!(html.contains("answered ÷ attempts"));
        assert!(!html.contains("<script>alert"));
        assert_eq!(
            page.total.counts[0].n, 170,
            "outbound calls are no attempts"
        );
    }

    #[test]
    fn the_csv_has_the_same_figures_and_definitions() {
        let city = sample::city();
        let day = figures::day(&city.zone, sample::NOW);
        let table = csv_table(&city, &crate::texts::STAFF[1], day, &cells());
        assert!(table.starts_with('\u{feff}'));
        assert!(table.contains("\r\n2026-11-24,09:00,,,100,90,8,2,0,0,0,0,0,0,90.0\u{a0}%,"));
        assert!(table.contains("answered ÷ attempts"));
    }
}
