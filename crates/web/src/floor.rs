//! The wallboard: the present moment and today's figures, rendered once a second for all who watch.
//! Never a name, never a ranking of people.

use crate::desk_events::{deliver, sse};
use crate::figures::{clock, length, length_or_dash, share, threshold};
use crate::floor_letters::{self, Post, Written};
use crate::site::{Frame, Site, Visitor, closing, page, refuse, signed_in, today};
use crate::texts::{STAFF, STAFF_LANGUAGES, Staff, fill};
use crate::words;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Redirect, Response};
use center::board::{Board, Doing, QueueView};
use center::city::{City, name_in};
use center::record::Stage;
use center::statistics::{Cell, Measures, SERVICE_LEVEL_FORMULA, Summary};
use center::time::{Day, Time};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How often the wall moves.
const EVERY: Duration = Duration::from_secs(1);
/// Cookie of a wall screen.
const KIOSK: &str = "dasan_kiosk";

/// The rendered wall in each language of the staff, for all viewers at once.
pub(crate) struct Broadcast {
    walls: watch::Sender<Arc<[String; 2]>>,
}

impl Broadcast {
    pub(crate) fn new() -> Broadcast {
        let (walls, _) = watch::channel(Arc::default());
        Broadcast { walls }
    }
}

/// The figures of a period as words.
pub(crate) struct Figures {
    pub(crate) attempts: i64,
    pub(crate) queued: i64,
    pub(crate) answered: i64,
    /// Gave up after the short threshold.
    pub(crate) abandoned: i64,
    pub(crate) short: i64,
    pub(crate) left_menu: i64,
    pub(crate) capped: i64,
    pub(crate) closed: i64,
    pub(crate) unreached: i64,
    pub(crate) interrupted: i64,
    pub(crate) rate_attempts: String,
    pub(crate) rate_queued: String,
    pub(crate) level: String,
    pub(crate) mean_wait: String,
    pub(crate) p90_wait: String,
    pub(crate) handling: String,
}

impl Figures {
    pub(crate) fn of(summary: &Summary, target_ms: i64) -> Figures {
        Figures {
            attempts: summary.attempts,
            queued: summary.queued,
            answered: summary.answered,
            abandoned: summary.abandoned - summary.short,
            short: summary.short,
            left_menu: summary.left_menu,
            capped: summary.capped,
            closed: summary.closed,
            unreached: summary.unreached,
            interrupted: summary.interrupted,
            rate_attempts: share(summary.answer_rate_attempts()),
            rate_queued: share(summary.answer_rate_queued()),
            level: share(summary.service_level(target_ms)),
            mean_wait: length_or_dash(summary.mean_wait_ms()),
            p90_wait: length_or_dash(summary.p90_wait_ms()),
            handling: length_or_dash(summary.handling_mean_ms()),
        }
    }
}

/// A queue on the wall.
struct QueueRow {
    name: String,
    open: bool,
    waiting: usize,
    callbacks: usize,
    longest: String,
    alarm: &'static str,
    talking: usize,
    wrap_up: usize,
    ready: usize,
    staff: usize,
    estimate: String,
    held_back: usize,
    level: String,
    target: String,
}

#[derive(Template)]
#[template(path = "wall.html")]
struct Wall {
    w: &'static Staff,
    time: String,
    waiting: usize,
    longest: String,
    alarm: &'static str,
    in_menu: usize,
    talking: usize,
    wrap_up: usize,
    ready: usize,
    ringing: usize,
    rest: usize,
    unconnected: usize,
    queues: Vec<QueueRow>,
    held: Vec<String>,
    owed: usize,
    owed_oldest: String,
    open: String,
    today: Figures,
    written: Written,
    target: String,
    formula: &'static str,
}

#[derive(Template)]
#[template(path = "floor.html")]
struct FloorPage {
    w: &'static Staff,
    frame: Frame,
    wall: String,
}

/// The cells of a day, renewed at most once a second.
type Cells = Vec<(Cell, Measures)>;

/// Renders the wall once a second while somebody watches.
pub(crate) async fn broadcast(site: Site) {
    let mut stop = site.stop.clone();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = closing(&mut stop) => return,
            _ = tick.tick() => {}
        }
        if site.floor.walls.receiver_count() > 0 {
            let walls = Arc::new(render(&site).await);
            site.floor.walls.send_if_modified(|shown| {
                let moved = *shown != walls;
                *shown = walls;
                moved
            });
        }
    }
}

async fn render(site: &Site) -> [String; 2] {
    let day = today(site);
    let cells = match site.archive.cells(day, day).await {
        Ok(cells) => cells,
        Err(failure) => {
            tracing::error!(%failure, "today's figures were not read");
            Vec::new()
        }
    };
    let post = match floor_letters::post(site).await {
        Ok(post) => post,
        Err(failure) => {
            tracing::error!(%failure, "the outbox was not read");
            Post::default()
        }
    };
    let board = site.hub.board().borrow().clone();
    let now = site.now();
    [0, 1].map(|language| {
        let wall = wall(&STAFF[language], site.city(), &board, &cells, post, now);
        wall.render().unwrap_or_else(|failure| {
            tracing::error!(%failure, "the wall was not rendered");
            String::new()
        })
    })
}

/// The hour cells of calls, or those of one queue, summed up. What is written has figures of its
/// own: an answer after an hour is good there.
pub(crate) fn summary(cells: &Cells, queue: Option<&str>) -> Summary {
    let mut summary = Summary::default();
    for (cell, measures) in cells {
        if let Cell::Hour {
            queue: code,
            fate,
            channel,
            ..
        } = cell
            && queue.map_or(!channel.written(), |queue| queue == code)
        {
            summary.add(*fate, measures);
        }
    }
    summary
}

fn wall(
    w: &'static Staff,
    city: &City,
    board: &Board,
    cells: &Cells,
    post: Post,
    now: Time,
) -> Wall {
    let spoken = |code: &str| {
        let known = city.queue_index(code).map(|index| &city.queues[index]);
        known.is_none_or(|queue| !queue.channel.written())
    };
    let queues = || board.queues.iter().filter(|queue| spoken(&queue.queue));
    let in_stage = |stages: &[Stage]| {
        let open = board.contacts.iter();
        let open = open.filter(|contact| !contact.channel.written());
        open.filter(|contact| stages.contains(&contact.stage))
            .count()
    };
    let mut heads: BTreeMap<&str, usize> = BTreeMap::new();
    for counselor in &board.counselors {
        *heads.entry(counselor.doing.code()).or_default() += 1;
    }
    let head = |doing: Doing| heads.get(doing.code()).copied().unwrap_or_default();
    let oldest = queues().filter_map(|queue| queue.oldest).min();
    let target_ms = city.queues.first().map_or(20_000, |queue| queue.target_ms);
    let longest_ms = oldest.map(|oldest| now - oldest);
    Wall {
        w,
        time: clock(&city.zone, now),
        waiting: queues().map(|queue| queue.waiting).sum(),
        longest: length_or_dash(longest_ms),
        alarm: alarm(longest_ms, target_ms, city.limits.wait_alarm_ms),
        in_menu: in_stage(&[Stage::Arrived, Stage::Menu]),
        talking: in_stage(&[Stage::Talk, Stage::Hold]),
        wrap_up: in_stage(&[Stage::WrapUp]),
        ready: head(Doing::Ready),
        ringing: head(Doing::Ringing),
        rest: head(Doing::Resting(center::command::RestReason::Break)),
        unconnected: board.counselors.iter().filter(|who| !who.connected).count(),
        queues: queues()
            .map(|queue| queue_row(w, city, queue, cells, now))
            .collect(),
        held: board
            .queues
            .iter()
            .filter_map(|queue| held(w, city, queue, now))
            .collect(),
        owed: board.tasks.len(),
        owed_oldest: length_or_dash(board.tasks.first().map(|task| now - task.since)),
        open: fill(w.in_progress, &[("n", &board.contacts.len().to_string())]),
        today: Figures::of(&summary(cells, None), target_ms),
        written: floor_letters::written(w, city, board, post, now),
        target: threshold(target_ms),
        formula: formula(w),
    }
}

/// The formula of the service level; in English exactly as the center names it.
pub(crate) fn formula(w: &'static Staff) -> &'static str {
    if w.tag == "en" {
        SERVICE_LEVEL_FORMULA
    } else {
        w.d_service_level
    }
}

/// How bad a wait is: within the target, above it, or alarming. Shown by text and color.
fn alarm(longest_ms: Option<i64>, target_ms: i64, alarm_ms: i64) -> &'static str {
    match longest_ms {
        Some(ms) if ms >= alarm_ms.min(target_ms * 9) => "bad",
        Some(ms) if ms > target_ms => "slow",
        _ => "good",
    }
}

fn queue_row(
    w: &'static Staff,
    city: &City,
    queue: &QueueView,
    cells: &Cells,
    now: Time,
) -> QueueRow {
    let known = city
        .queue_index(&queue.queue)
        .map(|index| &city.queues[index]);
    let target_ms = known.map_or(20_000, |known| known.target_ms);
    let longest_ms = queue.oldest.map(|oldest| now - oldest);
    QueueRow {
        name: words::queue(city, &queue.queue, w.tag),
        open: queue.open,
        waiting: queue.waiting,
        callbacks: queue.callbacks,
        longest: length_or_dash(longest_ms),
        alarm: alarm(longest_ms, target_ms, city.limits.wait_alarm_ms),
        talking: queue.talking,
        wrap_up: queue.wrap_up,
        ready: queue.ready,
        staff: queue.staff,
        estimate: estimate(w, queue).unwrap_or_default(),
        held_back: queue.held_back,
        level: share(summary(cells, Some(&queue.queue)).service_level(target_ms)),
        target: threshold(target_ms),
    }
}

/// What the next caller would be told; none while nobody serves the queue.
fn estimate(w: &Staff, queue: &QueueView) -> Option<String> {
    let told = queue.estimate?;
    let (p50, p90) = (length(told.p50_ms?), length(told.p90_ms?));
    Some(fill(w.estimate_range, &[("p50", &p50), ("p90", &p90)]))
}

/// A reserve and its price, in a sentence.
fn held(w: &Staff, city: &City, queue: &QueueView, now: Time) -> Option<String> {
    // Without anybody waiting it costs nothing; the table shows it all the same.
    if queue.held_back == 0 || queue.waiting == 0 {
        return None;
    }
    let oldest = queue
        .oldest
        .map(|oldest| fill(w.held_back_oldest, &[("wait", &length(now - oldest))]));
    let name = words::queue(city, &queue.queue, w.tag);
    Some(fill(
        w.held_back_price,
        &[
            ("queue", &name),
            ("held", &queue.held_back.to_string()),
            ("waiting", &queue.waiting.to_string()),
            ("oldest", &oldest.unwrap_or_default()),
        ],
    ))
}

/// A wall screen shows its token once.
#[derive(Deserialize)]
pub(crate) struct Kiosk {
    key: Option<String>,
}

/// `GET /floor`
pub(crate) async fn floor(
    State(site): State<Site>,
    visitor: Visitor,
    Query(kiosk): Query<Kiosk>,
    headers: HeaderMap,
) -> Response {
    if let (Some(given), Some(token)) = (&kiosk.key, &site.settings.kiosk_token) {
        if !crate::session::same(site.sessions.secret(), given, token) {
            return refuse(
                visitor.words,
                StatusCode::FORBIDDEN,
                visitor.words.forbidden,
            );
        }
        // The token leaves the address at once: it would stand in the history of the screen.
        let cookie = site.cookie(KIOSK, &site.sessions.kiosk_cookie(token), 400 * 86_400);
        return ([(header::SET_COOKIE, cookie)], Redirect::to("/floor")).into_response();
    }
    let staffer = match watcher(&site, &visitor, &headers) {
        Ok(staffer) => staffer,
        Err(refused) => return refused,
    };
    let walls = render(&site).await;
    let language = language_index(visitor.words.tag);
    page(&FloorPage {
        w: visitor.words,
        frame: Frame {
            city: name_in(&site.city().names, visitor.words.tag).to_owned(),
            files: crate::files::version(),
            name: staffer
                .as_ref()
                .map(|(name, _)| name.clone())
                .unwrap_or_default(),
            supervisor: staffer.is_some(),
            token: staffer.map(|(_, token)| token).unwrap_or_default(),
        },
        wall: walls[language].clone(),
    })
}

fn language_index(tag: &str) -> usize {
    STAFF_LANGUAGES
        .iter()
        .position(|known| *known == tag)
        .unwrap_or(1)
}

#[allow(clippy::result_large_err, reason = "the error is the answer itself")]
/// Who may watch: a supervisor (name and form token), or a wall screen (nothing).
fn watcher(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<Option<(String, String)>, Response> {
    if let Some(token) = &site.settings.kiosk_token {
        let expected = site.sessions.kiosk_cookie(token);
        let shown = crate::site::cookie(headers, KIOSK).unwrap_or_default();
        if crate::session::same(site.sessions.secret(), shown, &expected) {
            return Ok(None);
        }
    }
    match signed_in(site, headers) {
        Some((session, profile)) if profile.supervisor => {
            Ok(Some((profile.name, site.sessions.form_token(&session))))
        }
        Some(_) => Err(refuse(
            visitor.words,
            StatusCode::FORBIDDEN,
            visitor.words.forbidden,
        )),
        None => Err(Redirect::to("/desk").into_response()),
    }
}

/// `GET /floor/events`
pub(crate) async fn events(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Response {
    if watcher(&site, &visitor, &headers).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    // A wall screen is nobody's.
    let whose = signed_in(&site, &headers).map(|(session, _)| session.counselor);
    let Some(seat) = site.staff_streams.take(whose) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    let (sender, receiver) = mpsc::channel(2);
    let language = language_index(visitor.words.tag);
    let mut walls = site.floor.walls.subscribe();
    walls.mark_changed();
    tokio::spawn(async move {
        let _seat = seat;
        let mut stop = site.stop.clone();
        loop {
            tokio::select! {
                () = closing(&mut stop) => return,
                () = sender.closed() => return,
                changed = walls.changed() => if changed.is_err() { return },
            }
            let wall = walls.borrow_and_update()[language].clone();
            if !wall.is_empty()
                && !deliver(&sender, Event::default().event("wall").data(wall)).await
            {
                return;
            }
        }
    });
    sse(receiver)
}

/// The day a table shows.
pub(crate) fn day_or_today(site: &Site, asked: &str) -> Day {
    Day::parse(asked).unwrap_or_else(|| today(site))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_wall_counts_the_moment_and_shows_no_names() {
        let city = sample::city();
        let cell = Cell::Hour {
            hour: 0,
            channel: center::city::Channel::Voice,
            language: center::city::Language::Ko,
            queue: "general".into(),
            fate: center::event::Fate::Answered,
        };
        let measures = Measures {
            n: 8,
            queued: 8,
            wait_ms: 80_000,
            ..Measures::default()
        };
        let board = sample::board();
        let cells = vec![(cell, measures)];
        let html = wall(
            &STAFF[1],
            &city,
            &board,
            &cells,
            Post::default(),
            sample::NOW,
        )
        .render()
        .expect("renders");
        let formula = SERVICE_LEVEL_FORMULA.replace('>', "&#62;");
        assert!(html.contains(&formula) && html.contains("T = 20\u{a0}s"));
        assert!(html.contains("100.0\u{a0}%"), "answer rate of 8 of 8");
        assert!(html.contains("kept for rare languages: 2"));
        assert!(!html.contains("<script>alert"));
        assert!(!html.contains("김다산"));
    }

    #[test]
    fn a_wait_is_good_slow_or_bad() {
        assert_eq!(alarm(None, 20_000, 600_000), "good");
        assert_eq!(alarm(Some(20_000), 20_000, 600_000), "good");
        assert_eq!(alarm(Some(21_000), 20_000, 600_000), "slow");
        assert_eq!(alarm(Some(180_000), 20_000, 600_000), "bad");
    }
}
