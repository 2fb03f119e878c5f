//! What is written, on the floor: queues with waiting, oldest and late, what waits to leave, what
//! nobody could read. Never a text, never a name.

use crate::figures::{date_clock, length, length_or_dash};
use crate::inbox_texts::{self, Inbox};
use crate::site::{Frame, Site, Supervisor, page, trouble};
use crate::texts::{Staff, fill};
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use center::board::{Board, ContactView, QueueView};
use center::city::{City, ContactId, Queue};
use center::record::Stage;
use center::time::Time;
use store::{DeadLetter, Failure};

/// Unreadable letters on the list.
const DEAD_MAX: u32 = 200;
/// Messages of the outbox on the list; the count says how many there are.
const OUTBOX_MAX: usize = 500;

/// A written queue on the wall.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) open: bool,
    pub(crate) waiting: usize,
    pub(crate) oldest: String,
    pub(crate) late: usize,
    pub(crate) in_hand: usize,
    pub(crate) aside: usize,
    pub(crate) ready: usize,
    pub(crate) staff: usize,
}

/// An emergency in writing on the wall.
pub(crate) struct Emergency {
    pub(crate) contact: ContactId,
    /// Channel, language, stage, and for how long.
    pub(crate) about: String,
}

/// The written part of the wall.
pub(crate) struct Written {
    pub(crate) i: &'static Inbox,
    /// Emergencies that no counselor has answered yet.
    pub(crate) emergencies: Vec<Emergency>,
    pub(crate) rows: Vec<Row>,
    /// Queues of one language in which nothing happens, folded into a sentence.
    pub(crate) quiet: String,
    pub(crate) outbox: usize,
    pub(crate) outbox_oldest: String,
    pub(crate) dead: String,
}

/// What waits to leave, as much as the wall says of it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Post {
    pub(crate) outbox: usize,
    pub(crate) oldest: Option<Time>,
    pub(crate) dead: usize,
}

/// Counts what waits to leave and what could not be read.
pub(crate) async fn post(site: &Site) -> Result<Post, Failure> {
    let outbox = site.archive.outbox().await?;
    let dead = site.archive.dead_letters(DEAD_MAX).await?;
    Ok(Post {
        outbox: outbox.len(),
        oldest: outbox.iter().map(|(.., since)| *since).min(),
        dead: dead.len(),
    })
}

/// The written part of the wall at this moment.
pub(crate) fn written(
    w: &'static Staff,
    city: &City,
    board: &Board,
    post: Post,
    now: Time,
) -> Written {
    let i = inbox_texts::in_language(w.tag);
    let mut quiet = 0;
    let mut rows = Vec::new();
    for (settings, queue) in city.queues.iter().zip(&board.queues) {
        if !settings.channel.written() {
            continue;
        }
        let row = row(w, city, board, settings, queue, now);
        let moves = row.waiting + row.in_hand + row.aside + row.late > 0;
        if settings.language.is_some() && !moves {
            quiet += 1;
        } else {
            rows.push(row);
        }
    }
    let more = |count: usize| {
        let plus = if count >= DEAD_MAX as usize { "+" } else { "" };
        format!("{count}{plus}")
    };
    Written {
        i,
        emergencies: emergencies(w, board, now),
        rows,
        quiet: if quiet > 0 {
            fill(i.quiet_queues, &[("n", &quiet.to_string())])
        } else {
            String::new()
        },
        outbox: post.outbox,
        outbox_oldest: post.oldest.map_or_else(String::new, |since| {
            fill(i.outbox_oldest, &[("age", &length(now - since))])
        }),
        dead: more(post.dead),
    }
}

fn emergencies(w: &'static Staff, board: &Board, now: Time) -> Vec<Emergency> {
    let pressing = board.contacts.iter().filter(|contact| contact.pressing);
    let emergency = |contact: &ContactView| {
        let channel = words::channel(w, contact.channel);
        let language = words::language(w, contact.language);
        let stage = words::stage(w, contact.stage);
        let lasts = length(now - contact.since);
        Emergency {
            contact: contact.contact,
            about: format!("{channel} · {language} · {stage} · {lasts}"),
        }
    };
    pressing.map(emergency).collect()
}

fn row(
    w: &'static Staff,
    city: &City,
    board: &Board,
    settings: &Queue,
    queue: &QueueView,
    now: Time,
) -> Row {
    let own = |view: &&ContactView| view.queue == settings.code;
    let count = |is: &dyn Fn(&ContactView) -> bool| {
        let mut all = 0;
        for view in board.contacts.iter().filter(own) {
            all += usize::from(is(view));
        }
        all
    };
    Row {
        name: words::queue(city, &settings.code, w.tag),
        open: queue.open,
        waiting: queue.waiting,
        oldest: length_or_dash(queue.oldest.map(|oldest| now - oldest)),
        late: count(&|view| view.due.is_some_and(|due| due <= now)),
        in_hand: count(&|view| matches!(view.stage, Stage::Talk | Stage::WrapUp)),
        aside: count(&|view| view.stage == Stage::Snoozed),
        ready: queue.ready,
        staff: queue.staff,
    }
}

/// A message that waits to leave.
struct Leaving {
    contact: ContactId,
    message: u32,
    state: &'static str,
    since: String,
    age: String,
}

#[derive(Template)]
#[template(path = "floor_letters.html")]
struct LettersPage {
    w: &'static Staff,
    i: &'static Inbox,
    frame: Frame,
    outbox: Vec<Leaving>,
    outbox_count: usize,
    dead: Vec<(String, String, String)>,
    dead_about: String,
}

/// `GET /floor/letters`
pub(crate) async fn letters(State(site): State<Site>, Supervisor(staffer): Supervisor) -> Response {
    let w = staffer.words;
    let read = async {
        let outbox = site.archive.outbox().await?;
        let dead = site.archive.dead_letters(DEAD_MAX).await?;
        Ok::<_, Failure>((outbox, dead))
    };
    let (mut outbox, dead) = match read.await {
        Ok(read) => read,
        Err(failure) => return trouble(w, &failure),
    };
    outbox.sort_by_key(|(.., since)| *since);
    let (zone, now) = (&site.city().zone, site.now());
    let i = inbox_texts::in_language(w.tag);
    let leaving = |(contact, message, state, since): &(ContactId, u32, String, Time)| Leaving {
        contact: *contact,
        message: *message,
        state: words::fortune_of(w, state),
        since: date_clock(zone, *since),
        age: length(now - *since),
    };
    let unreadable = |letter: &DeadLetter| {
        (
            date_clock(zone, letter.at),
            letter.via.clone(),
            letter.reason.clone(),
        )
    };
    page(&LettersPage {
        w,
        i,
        frame: Frame::new(site.city(), w, Some(&staffer)),
        outbox_count: outbox.len(),
        outbox: outbox.iter().take(OUTBOX_MAX).map(leaving).collect(),
        dead: dead.iter().map(unreadable).collect(),
        dead_about: fill(i.dead_about, &[("n", &DEAD_MAX.to_string())]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use center::city::{Channel, Language};
    use center::time::MINUTE_MS;

    #[test]
    fn empty_queues_of_one_language_are_folded() {
        let mut city = sample::city();
        let mut board = sample::board();
        for (at, code, language) in [(1, "en", None), (2, "odd", Some(Language::Vi))] {
            city.queues[at].channel = Channel::Text;
            city.queues[at].language = language;
            code.clone_into(&mut city.queues[at].code);
        }
        let mut late = sample::contact(51, Stage::Queue, Language::Ko);
        late.channel = Channel::Text;
        late.due = Some(Time(sample::NOW.0 - 1));
        board.contacts.push(late);
        let post = Post {
            outbox: 3,
            oldest: Some(Time(sample::NOW.0 - 2 * MINUTE_MS)),
            dead: 1,
        };
        let w = &crate::texts::STAFF[1];
        let shown = written(w, &city, &board, post, sample::NOW);
        assert_eq!(shown.rows.len(), 1, "the call's queue is not among them");
        assert_eq!((shown.rows[0].waiting, shown.rows[0].late), (1, 1));
        assert_eq!(shown.rows[0].in_hand, 1, "in talk, by the sample");
        assert!(shown.quiet.starts_with('1'), "{}", shown.quiet);
        assert_eq!(
            (shown.outbox, shown.outbox_oldest.as_str()),
            (3, "oldest 2:00")
        );
    }
}
