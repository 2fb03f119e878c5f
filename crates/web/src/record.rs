//! The record of one contact: head, timeline, note, recordings. Never a change of it.

use crate::desk_view::number_is_clear;
use crate::figures::{self, clock_exact, date_clock, length};
use crate::inbox_texts;
use crate::record_letters::{self, Shown};
use crate::site::{Frame, Site, Staffer, counselor_name, page, refuse, trouble};
use crate::sound;
use crate::texts::{Staff, fill};
use crate::words::{self, Teller};
use crate::{categories, desk_articles};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::city::{City, ContactId};
use center::command::Command;
use center::event::Event;
use center::record::Row;
use center::time::Time;
use std::sync::Arc;
use store::{Entry, Message, PersonalRows, Recording};

/// One event in words.
struct Moment {
    time: String,
    text: String,
    why: String,
}

/// One recording with its picture.
struct Take {
    title: String,
    keep: String,
    /// Empty once it was erased.
    address: String,
    picture: String,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    w: &'static Staff,
    frame: Frame,
    title: String,
    head: Vec<(&'static str, String)>,
    durations: Vec<(&'static str, String)>,
    moments: Vec<Moment>,
    note: String,
    /// When number and note were erased, in words; empty while they are there.
    forgotten: String,
    takes: Vec<Take>,
    listens: Vec<String>,
    may_listen: bool,
    has_recordings: bool,
    fate: &'static str,
    caller_list: Option<String>,
    i: &'static inbox_texts::Inbox,
    letters: Vec<Shown>,
    merged_into: Option<u64>,
    /// An open conversation: whoever has it sees that somebody looks.
    looks: Option<u64>,
}

/// `GET /contacts/{contact}`
pub(crate) async fn record(
    State(site): State<Site>,
    Path(contact): Path<u64>,
    staffer: Staffer,
) -> Response {
    let w = staffer.words;
    let contact = ContactId(contact);
    let read = async {
        let row = site.archive.contact(contact).await?;
        let personal = site.archive.personal(contact).await?;
        let entries = site.archive.timeline(contact).await?;
        let recordings = site.archive.recordings(contact).await?;
        let messages = site.archive.messages(contact).await?;
        let articles = desk_articles::moments(&site, w.tag, contact).await?;
        Ok::<_, store::Failure>((row, personal, entries, recordings, messages, articles))
    };
    let (row, personal, entries, recordings, messages, articles) = match read.await {
        Ok(read) => read,
        Err(failure) => return trouble(w, &failure),
    };
    let Some(row) = row else {
        return refuse(w, StatusCode::NOT_FOUND, w.not_found);
    };
    if !may_read(&site, &staffer, &row) {
        return refuse(w, StatusCode::FORBIDDEN, w.forbidden);
    }
    tracing::info!(
        counselor.id = staffer.id().0,
        contact.id = contact.0,
        "a record was opened"
    );
    let may_listen = may_listen(&staffer, &row);
    let takes = if may_listen {
        takes(&site, w, contact, &recordings).await
    } else {
        Vec::new()
    };
    let read = Read {
        row,
        personal,
        entries,
        stored: !recordings.is_empty(),
        takes,
        may_listen,
        messages,
        articles,
    };
    page(&record_page(
        site.city(),
        &site.settings.country,
        &staffer,
        read,
    ))
}

/// What was read of a contact.
struct Read {
    row: Row,
    personal: PersonalRows,
    entries: Vec<Entry>,
    stored: bool,
    takes: Vec<Take>,
    may_listen: bool,
    messages: Vec<Message>,
    /// What became of articles, in words.
    articles: Vec<(Time, String)>,
}

fn record_page(city: &City, country: &str, staffer: &Staffer, read: Read) -> RecordPage {
    let w = staffer.words;
    let row = &read.row;
    RecordPage {
        w,
        frame: Frame::new(city, w, Some(staffer)),
        title: fill(w.record, &[("contact", &row.contact.to_string())]),
        head: head(city, country, w, row, &read.personal),
        durations: durations(w, row),
        moments: moments(city, w, &read.entries, &read.articles),
        forgotten: forgotten(city, w, &read.entries),
        i: inbox_texts::in_language(w.tag),
        letters: record_letters::shown(city, country, w, row, &read.messages),
        merged_into: row.merged.map(|into| into.0),
        looks: (row.channel.written() && row.closed.is_none()).then_some(row.contact.0),
        note: read.personal.note,
        takes: read.takes,
        listens: listens(city, w, &read.entries),
        may_listen: read.may_listen,
        has_recordings: read.stored,
        fate: row
            .fate
            .map_or(words::stage(w, row.stage), |fate| words::fate(w, fate)),
        caller_list: (!row.caller.is_empty()).then(|| {
            crate::contacts::address(&crate::contacts::Asked {
                caller: row.caller.clone(),
                ..Default::default()
            })
        }),
    }
}

/// A supervisor reads everything; a counselor the own contacts and the earlier ones of a citizen
/// who is with them at this moment.
pub(crate) fn may_read(site: &Site, staffer: &Staffer, row: &Row) -> bool {
    if staffer.profile.supervisor || row.counselor == Some(staffer.id()) {
        return true;
    }
    let board = site.hub.board().borrow().clone();
    let Some(me) = board.counselor(staffer.id()) else {
        return false;
    };
    let mut mine = me
        .contacts
        .iter()
        .filter_map(|contact| board.contact(*contact));
    !row.caller.is_empty() && mine.any(|contact| contact.caller == row.caller)
}

fn may_listen(staffer: &Staffer, row: &Row) -> bool {
    staffer.profile.supervisor || (row.answered.is_some() && row.counselor == Some(staffer.id()))
}

fn head(
    city: &City,
    country: &str,
    w: &'static Staff,
    row: &Row,
    personal: &PersonalRows,
) -> Vec<(&'static str, String)> {
    let dash = |text: String| {
        if text.is_empty() {
            "–".to_owned()
        } else {
            text
        }
    };
    let number = figures::number(&personal.number, country);
    let number = match (
        number.is_empty(),
        row.answered.is_some() || number_is_clear(row.stage),
    ) {
        (true, _) => w.withheld.to_owned(),
        (false, true) => number,
        (false, false) => figures::masked(&number),
    };
    let counselor = row
        .counselor
        .map(|id| counselor_name(city, id))
        .unwrap_or_default();
    let category = if row.category.is_empty() {
        String::new()
    } else {
        format!(
            "{} ({})",
            categories::path(city, &row.category, w.tag),
            row.category
        )
    };
    vec![
        (w.number, number),
        (w.arrived, date_clock(&city.zone, row.arrived)),
        (w.channel, words::channel(w, row.channel).to_owned()),
        (w.via, dash(row.via.clone())),
        (w.language, words::language(w, row.language).to_owned()),
        (w.keys, dash(row.keys.clone())),
        (w.queue, dash(words::queue(city, &row.queue, w.tag))),
        (w.counselor, dash(counselor)),
        (w.category, dash(category)),
        (w.outcome, dash(words::outcome(city, &row.outcome, w.tag))),
        (w.repeat, if row.repeat { w.yes } else { w.no }.to_owned()),
        (
            w.callback_owed,
            if row.task { w.yes } else { w.no }.to_owned(),
        ),
        (w.transfers, row.transfers.to_string()),
        (w.returned, row.returned.to_string()),
        (w.key_of_attempt, dash(row.key.clone())),
    ]
}

fn durations(w: &'static Staff, row: &Row) -> Vec<(&'static str, String)> {
    vec![
        (w.wait, length(row.wait_ms)),
        (w.talk, length(row.talk_ms)),
        (w.hold, length(row.hold_ms)),
        (w.wrap, length(row.wrap_ms)),
    ]
}

fn moments(
    city: &City,
    words: &'static Staff,
    entries: &[Entry],
    articles: &[(Time, String)],
) -> Vec<Moment> {
    let teller = Teller { words, city };
    let told = entries.iter().map(|entry| {
        let why = match &entry.event {
            Event::Offered { reason, .. } => words::why(words, reason),
            _ => String::new(),
        };
        (entry.at, teller.sentence(entry.at, &entry.event), why)
    });
    let articles = articles.iter();
    let articles = articles.map(|(at, text)| (*at, text.clone(), String::new()));
    let mut all: Vec<(Time, String, String)> = told.chain(articles).collect();
    all.sort_by_key(|(at, ..)| *at);
    let mut day = None;
    all.into_iter()
        .map(|(at, text, why)| {
            let today = figures::day(&city.zone, at);
            let clock = clock_exact(&city.zone, at);
            let time = if day == Some(today) {
                clock
            } else {
                format!("{today} {clock}")
            };
            day = Some(today);
            Moment { time, text, why }
        })
        .collect()
}

fn forgotten(city: &City, w: &Staff, entries: &[Entry]) -> String {
    let erased = entries
        .iter()
        .rev()
        .find(|entry| matches!(entry.event, Event::PersonalErased { .. }));
    let date = erased.map(|entry| figures::day(&city.zone, entry.at).to_string());
    date.map(|date| fill(w.personal_erased, &[("date", &date)]))
        .unwrap_or_default()
}

fn listens(city: &City, w: &Staff, entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Listened { counselor, .. } => Some(fill(
                w.listened_by,
                &[
                    ("time", &date_clock(&city.zone, entry.at)),
                    ("counselor", &counselor_name(city, *counselor)),
                ],
            )),
            _ => None,
        })
        .collect()
}

async fn takes(site: &Site, w: &Staff, contact: ContactId, stored: &[Recording]) -> Vec<Take> {
    let mut takes = Vec::new();
    for (index, recording) in stored.iter().enumerate() {
        let number = (index + 1).to_string();
        let length = length(recording.length_ms);
        let title = fill(w.recording_of, &[("n", &number), ("length", &length)]);
        let day = |at| figures::day(&site.city().zone, at).to_string();
        if let Some(erased) = recording.erased {
            takes.push(Take {
                title,
                keep: fill(w.recording_erased, &[("date", &day(erased))]),
                address: String::new(),
                picture: String::new(),
            });
            continue;
        }
        let mut keep = fill(w.keep_until, &[("date", &day(recording.keep_until))]);
        if recording.cut {
            keep = format!("{keep} · {}", w.recording_cut);
        }
        let picture = match content(site, &recording.blob).await {
            Ok(bytes) => {
                sound::picture(&bytes, w.level_picture, [w.lane_citizen, w.lane_counselor])
            }
            Err(failure) => {
                tracing::error!(%failure, contact.id = contact.0, "a recording was not read");
                String::new()
            }
        };
        takes.push(Take {
            title,
            keep,
            address: format!("/contacts/{contact}/recordings/{}", recording.blob),
            picture,
        });
    }
    takes
}

/// Decrypts a recording away from the threads that serve pages.
async fn content(site: &Site, blob: &str) -> Result<Arc<Vec<u8>>, store::Failure> {
    let (archive, blob) = (site.archive.clone(), blob.to_owned());
    let read = move || archive.blobs().read(&blob).map(Arc::new);
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|failure| Err(store::Failure::Engine(failure.to_string())))
}

/// `GET /contacts/{contact}/recordings/{blob}`: the sound. That somebody listens is written to
/// the record before the first byte leaves.
pub(crate) async fn recording(
    State(site): State<Site>,
    Path((contact, blob)): Path<(u64, String)>,
    staffer: Staffer,
) -> Response {
    let w = staffer.words;
    let contact = ContactId(contact);
    let read = async {
        let row = site.archive.contact(contact).await?;
        let recordings = site.archive.recordings(contact).await?;
        Ok::<_, store::Failure>((row, recordings))
    };
    let (row, recordings) = match read.await {
        Ok(read) => read,
        Err(failure) => return trouble(w, &failure),
    };
    let there = |known: &Recording| known.blob == blob && known.erased.is_none();
    let Some(row) = row.filter(|_| recordings.iter().any(there)) else {
        return refuse(w, StatusCode::NOT_FOUND, w.not_found);
    };
    if !may_listen(&staffer, &row) {
        return refuse(w, StatusCode::FORBIDDEN, w.recording_foreign);
    }
    let bytes = match content(&site, &blob).await {
        Ok(bytes) => bytes,
        Err(failure) => return trouble(w, &failure),
    };
    let listened = Command::Listened {
        contact,
        counselor: staffer.id(),
        blob,
    };
    if let Err(error) = site.hub.send(listened).await {
        return crate::commands::failed(w, &error);
    }
    let headers = [
        (header::CONTENT_TYPE, "audio/wav"),
        (header::CONTENT_DISPOSITION, "inline"),
    ];
    (headers, store::sound::to_wav(&bytes)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, HOSTILE, NOW};
    use center::city::{Channel, CounselorId, Language};
    use center::event::{Fate, Reason, Told};
    use center::time::Time;

    /// A whole life: menu, queue, ring, talk, record, listened to.
    // A table: one event of every kind.
    pub(super) fn entries() -> Vec<Entry> {
        let contact = ContactId(41);
        let counselor = CounselorId(1);
        let told = Told {
            position: 2,
            p50_ms: Some(40_000),
            p90_ms: Some(95_000),
            staff: 9,
        };
        let reason = Reason {
            ring: 1,
            waited_ms: 68_000,
            idle_ms: 212_000,
            skills: 2,
            free: 3,
            waiting: 4,
            held_back: 1,
        };
        let events = [
            Event::Arrived {
                contact,
                key: "k".into(),
                channel: Channel::Voice,
                caller: "digest".into(),
                via: HOSTILE.into(),
                repeat: true,
            },
            Event::MenuEntered {
                contact,
                node: "welcome".into(),
            },
            Event::KeyPressed {
                contact,
                key: '9',
                valid: true,
            },
            Event::LanguageChosen {
                contact,
                language: Language::En,
            },
            Event::Queued {
                contact,
                queue: "odd".into(),
                since: NOW,
                front: false,
            },
            Event::WaitTold {
                contact,
                told,
                callback: true,
            },
            Event::Offered {
                contact,
                counselor,
                reason,
            },
            Event::Answered { contact, counselor },
            Event::NoteSaved {
                contact,
                counselor,
                digest: "d".into(),
                letters: 12,
            },
            Event::Classified {
                contact,
                counselor,
                category: Some("ODD-01".into()),
                outcome: Some("OD".into()),
            },
            Event::Closed {
                contact,
                fate: Fate::Answered,
                counselor: Some(counselor),
            },
            Event::Listened {
                contact,
                counselor: CounselorId(3),
                blob: "b".into(),
            },
        ];
        let at = |index: usize| Time(NOW.0 + 7_000 * index as i64);
        let entry = |(index, event)| Entry {
            at: at(index),
            event,
        };
        events.into_iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_record_tells_every_event_and_escapes_what_people_wrote() {
        let city = sample::city();
        let entries = entries();
        let mut row = Row::default();
        for entry in &entries {
            row.apply(entry.at, &entry.event);
        }
        let count = entries.len();
        let read = Read {
            row,
            personal: PersonalRows {
                number: "+821012345678".into(),
                note: HOSTILE.into(),
            },
            entries,
            stored: true,
            takes: Vec::new(),
            may_listen: false,
            messages: Vec::new(),
            articles: Vec::new(),
        };
        let page = record_page(&city, "82", &sample::staffer(&city, 2, "en"), read);
        assert_eq!(page.moments.len(), count);
        for moment in &page.moments {
            assert!(moment.text.len() > 5, "{} has no words", moment.time);
            assert!(!moment.text.contains('{'), "{}", moment.text);
        }
        let html = page.render().expect("it renders");
        assert!(html.contains("010-1234-5678"));
        assert!(
            html.contains("the one with fewest skills (2)"),
            "the decision is explained"
        );
        assert!(!html.contains("<script>alert"));
    }
}
