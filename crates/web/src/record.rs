//! The record of one contact: head, timeline, note, recordings. Never a change of it.

use crate::categories;
use crate::desk_view::number_is_clear;
use crate::figures::{self, clock_exact, date_clock, length};
use crate::site::{Frame, Site, Staffer, page, refuse, trouble};
use crate::sound;
use crate::texts::{Staff, fill};
use crate::words::{self, Teller};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::city::ContactId;
use center::command::Command;
use center::event::Event;
use center::record::Row;
use std::sync::Arc;
use store::{Entry, PersonalRows, Recording};

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
    takes: Vec<Take>,
    listens: Vec<String>,
    may_listen: bool,
    has_recordings: bool,
    fate: &'static str,
    caller_list: Option<String>,
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
        Ok::<_, store::Failure>((row, personal, entries, recordings))
    };
    let (row, personal, entries, recordings) = match read.await {
        Ok(read) => read,
        Err(failure) => return trouble(w, &failure),
    };
    let Some(row) = row else {
        return refuse(w, StatusCode::NOT_FOUND, w.not_found);
    };
    if !may_read(&site, &staffer, &row) {
        return refuse(w, StatusCode::FORBIDDEN, w.forbidden);
    }
    tracing::info!(counselor.id = staffer.id().0, contact.id = contact.0, "a record was opened");
    let may_listen = may_listen(&staffer, &row);
    let takes = if may_listen {
        takes(&site, w, contact, &recordings).await
    } else {
        Vec::new()
    };
    page(&RecordPage {
        w,
        frame: Frame::new(&site, w, Some(&staffer)),
        title: fill(w.record, &[("contact", &contact.to_string())]),
        head: head(&site, w, &row, &personal),
        durations: durations(w, &row),
        moments: moments(&site, w, &entries),
        note: personal.note,
        takes,
        listens: listens(&site, w, &entries),
        may_listen,
        has_recordings: !recordings.is_empty(),
        fate: row.fate.map_or(words::stage(w, row.stage), |fate| words::fate(w, fate)),
        caller_list: (!row.caller.is_empty()).then(|| {
            crate::contacts::address(&crate::contacts::Asked {
                caller: row.caller.clone(),
                ..Default::default()
            })
        }),
    })
}

/// A supervisor reads everything; a counselor the own contacts and the earlier ones of a citizen
/// who is with them at this moment.
fn may_read(site: &Site, staffer: &Staffer, row: &Row) -> bool {
    if staffer.profile.supervisor || row.counselor == Some(staffer.id()) {
        return true;
    }
    let board = site.hub.board().borrow().clone();
    let Some(me) = board.counselor(staffer.id()) else {
        return false;
    };
    let mut mine = me.contacts.iter().filter_map(|contact| board.contact(*contact));
    !row.caller.is_empty() && mine.any(|contact| contact.caller == row.caller)
}

fn may_listen(staffer: &Staffer, row: &Row) -> bool {
    staffer.profile.supervisor || (row.answered.is_some() && row.counselor == Some(staffer.id()))
}

fn head(
    site: &Site,
    w: &'static Staff,
    row: &Row,
    personal: &PersonalRows,
) -> Vec<(&'static str, String)> {
    let city = site.city();
    let dash = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    let number = figures::number(&personal.number, &site.settings.country);
    let number = match (number.is_empty(), row.answered.is_some() || number_is_clear(row.stage)) {
        (true, _) => w.withheld.to_owned(),
        (false, true) => number,
        (false, false) => figures::masked(&number),
    };
    let counselor = row.counselor.map(|id| site.counselor_name(id)).unwrap_or_default();
    let category = if row.category.is_empty() {
        String::new()
    } else {
        format!("{} ({})", categories::path(city, &row.category, w.tag), row.category)
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
        (w.callback_owed, if row.task { w.yes } else { w.no }.to_owned()),
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

fn moments(site: &Site, words: &'static Staff, entries: &[Entry]) -> Vec<Moment> {
    let city = site.city();
    let teller = Teller { words, city };
    let mut day = None;
    entries
        .iter()
        .map(|entry| {
            let today = figures::day(&city.zone, entry.at);
            let clock = clock_exact(&city.zone, entry.at);
            let time = if day == Some(today) { clock } else { format!("{today} {clock}") };
            day = Some(today);
            Moment {
                time,
                text: teller.sentence(entry.at, &entry.event),
                why: match &entry.event {
                    Event::Offered { reason, .. } => words::why(words, reason),
                    _ => String::new(),
                },
            }
        })
        .collect()
}

fn listens(site: &Site, w: &Staff, entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Listened { counselor, .. } => Some(fill(
                w.listened_by,
                &[
                    ("time", &date_clock(&site.city().zone, entry.at)),
                    ("counselor", &site.counselor_name(*counselor)),
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
        let keep = figures::day(&site.city().zone, recording.keep_until).to_string();
        let picture = match content(site, &recording.blob).await {
            Ok(bytes) => sound::picture(&bytes, [w.lane_citizen, w.lane_counselor]),
            Err(failure) => {
                tracing::error!(%failure, contact.id = contact.0, "a recording was not read");
                String::new()
            }
        };
        takes.push(Take {
            title: fill(w.recording_of, &[("n", &number), ("length", &length)]),
            keep: fill(w.keep_until, &[("date", &keep)]),
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
    let Some(row) = row.filter(|_| recordings.iter().any(|known| known.blob == blob)) else {
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
    (headers, sound::wav(&bytes)).into_response()
}
