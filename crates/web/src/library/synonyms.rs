//! The page of the city's table of synonyms: shown to everybody who works here, changed by editors
//! by hand or from a file. Never a decision, never a search.

use super::asking::{Proven, said};
use super::file::FileFlaw;
use super::import::{self, Previews, SHOWN_MAX, Sent, Wrong, decoded};
use super::synonym_texts::{self, Words};
use super::{Shelf, article, author, synonym_table, texts};
use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::knowledge::{
    Author, Entry, Refusal, Synonym, SynonymId, SynonymOrder, SynonymTable, decide_synonym,
};
use futures_util::future::join_all;
use hub::{LibraryCommand, LibraryError};
use search::Synonyms;
use serde::Deserialize;
use store::library::{entry_digest, word_digest};

/// Words that are listed at once.
const LISTED: usize = 500;

/// Entries that are handed in at once: no more than share a transaction.
const AT_ONCE: usize = 64;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// What was just done, with a number.
    done: String,
    /// Number of the entry to change.
    change: String,
    /// Only entries with this in them.
    words: String,
}

/// An entry in the list.
struct Line {
    id: SynonymId,
    word: String,
    meant: Vec<String>,
    changed: String,
    who: String,
}

/// The form, as typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    /// Number of the entry; empty for a new one.
    id: String,
    base: String,
    word: String,
    meant: String,
}

/// An entry of a file, and what would become of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    entry: Entry,
    /// None when there is nothing to do.
    order: Option<SynonymOrder>,
    why: Option<Refusal>,
}

/// A file that was read.
#[derive(Default)]
struct Preview {
    counts: Vec<(&'static str, usize)>,
    lines: Vec<(Entry, &'static str, &'static str, &'static str)>,
    flaws: Vec<FileFlaw>,
    token: String,
    /// What the button says; empty when there is nothing to take.
    go: String,
}

#[derive(Template)]
#[template(path = "library_synonyms.html")]
struct SynonymsPage {
    w: &'static Staff,
    l: &'static texts::Words,
    s: &'static Words,
    frame: Frame,
    shelf: Shelf,
    lines: Vec<Line>,
    found: String,
    words: String,
    doubts: Vec<String>,
    /// The heading of the form while an entry is changed.
    changing: String,
    typed: Typed,
    problem: String,
    done: String,
    /// Number of the entry that was just removed.
    undo: String,
    preview: Option<Preview>,
}

/// What the page says beside the table.
#[derive(Default)]
struct Shown {
    typed: Typed,
    problem: String,
    preview: Option<Preview>,
}

/// `GET /library/synonyms`
pub(crate) async fn synonyms(
    State(site): State<Site>,
    staffer: Staffer,
    Query(asked): Query<Asked>,
) -> Response {
    show(&site, &staffer, &asked, Shown::default()).await
}

async fn show(site: &Site, staffer: &Staffer, asked: &Asked, mut shown: Shown) -> Response {
    let table = match site.archive.synonyms().await {
        Ok(table) => table,
        Err(failure) => return trouble(staffer.words, &failure),
    };
    let w = staffer.words;
    let (l, s) = (texts::in_language(w.tag), synonym_texts::in_language(w.tag));
    let changing = table
        .iter()
        .find(|(one, _)| one.id.to_string() == asked.change);
    if let Some((one, entry)) = changing.filter(|_| shown.problem.is_empty()) {
        shown.typed = Typed {
            id: one.id.to_string(),
            base: one.digest.clone(),
            word: entry.word.clone(),
            meant: entry.meant.join("\n"),
        };
    }
    let entries = table.iter().map(|(_, one)| (&*one.word, &*one.meant));
    let (_, doubts) = Synonyms::new(entries);
    let wanted = asked.words.trim().to_lowercase();
    let has = |text: &String| text.to_lowercase().contains(&wanted);
    let mut fitting = table;
    fitting.retain(|(_, entry)| has(&entry.word) || entry.meant.iter().any(has));
    let (count, most) = (fitting.len().to_string(), LISTED.to_string());
    let found = if fitting.len() > LISTED {
        fill(s.more, &[("n", &count), ("m", &most)])
    } else {
        fill(s.found, &[("n", &count)])
    };
    let lines = fitting.into_iter().take(LISTED);
    page(&SynonymsPage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "synonyms"),
        lines: lines.map(|one| line(site, l, one)).collect(),
        found,
        words: asked.words.clone(),
        doubts: doubts.iter().map(|doubt| s.doubt(doubt)).collect(),
        changing: fill(s.changing, &[("word", &shown.typed.word)]),
        typed: shown.typed,
        problem: shown.problem,
        done: s.done(&asked.done),
        undo: asked
            .done
            .strip_prefix("removed-")
            .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
            .unwrap_or_default()
            .to_owned(),
        preview: shown.preview,
        w,
        l,
        s,
    })
}

fn line(site: &Site, l: &'static texts::Words, (one, entry): (Synonym, Entry)) -> Line {
    Line {
        id: one.id,
        word: entry.word,
        meant: entry.meant,
        changed: figures::day(&site.city().zone, one.changed).to_string(),
        who: article::who(site, l, one.author),
    }
}

/// An order to write an entry; the librarian finds the same digests.
fn order(synonym: Option<SynonymId>, base: &str, entry: Entry) -> SynonymOrder {
    let entry = entry.cleaned();
    SynonymOrder::Set {
        synonym,
        base: base.to_owned(),
        word: word_digest(&entry),
        digest: entry_digest(&entry).0,
        entry,
    }
}

async fn send(site: &Site, who: Author, order: SynonymOrder) -> Result<(), LibraryError> {
    let command = LibraryCommand::Synonym(order);
    site.hub.librarian().send(who, command).await.map(|_| ())
}

/// `POST /library/synonyms`: a new entry, or another text of one.
pub(crate) async fn set(State(site): State<Site>, Proven { staffer, fields }: Proven) -> Response {
    let id = fields.get("id").parse().ok().map(SynonymId);
    let entry = Entry {
        word: fields.get("word").to_owned(),
        meant: fields.lines("meant"),
    };
    let order = order(id, fields.get("base"), entry);
    match send(&site, author(&staffer), order).await {
        Ok(()) => Redirect::to("/library/synonyms?done=set").into_response(),
        Err(error) => {
            let (status, message) = said(texts::in_language(staffer.words.tag), &error);
            // What was typed is still there.
            let typed = Typed {
                id: fields.get("id").to_owned(),
                base: fields.get("base").to_owned(),
                word: fields.get("word").to_owned(),
                meant: fields.get("meant").to_owned(),
            };
            refused(&site, &staffer, status, message, typed).await
        }
    }
}

/// The page with what was refused.
async fn refused(
    site: &Site,
    staffer: &Staffer,
    status: StatusCode,
    problem: &str,
    typed: Typed,
) -> Response {
    let shown = Shown {
        typed,
        problem: problem.to_owned(),
        ..Shown::default()
    };
    let page = show(site, staffer, &Asked::default(), shown).await;
    (status, page).into_response()
}

/// `POST /library/synonyms/{id}/{verb}`: removes an entry, or brings it back.
pub(crate) async fn act(
    State(site): State<Site>,
    Path((id, verb)): Path<(u64, String)>,
    Proven { staffer, .. }: Proven,
) -> Response {
    let synonym = SynonymId(id);
    let (order, done) = match verb.as_str() {
        "remove" => (SynonymOrder::Remove { synonym }, "removed"),
        "restore" => (SynonymOrder::Restore { synonym }, "restored"),
        _ => {
            let (w, status) = (staffer.words, StatusCode::NOT_FOUND);
            return crate::site::refuse(w, status, w.not_found);
        }
    };
    match send(&site, author(&staffer), order).await {
        Ok(()) => Redirect::to(&format!("/library/synonyms?done={done}-{id}")).into_response(),
        Err(error) => {
            let (status, message) = said(texts::in_language(staffer.words.tag), &error);
            refused(&site, &staffer, status, message, Typed::default()).await
        }
    }
}

/// `POST /library/synonyms/import`: reads a file and shows what would become of it.
pub(crate) async fn read(State(site): State<Site>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let staffer = match Staffer::from_request_parts(&mut parts, &site).await {
        Ok(staffer) => staffer,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = import::closed(&staffer) {
        return refusal;
    }
    let request = Request::from_parts(parts, body);
    let Sent { bytes, .. } = match import::sent(&site, &staffer, request).await {
        Ok(sent) => sent,
        Err(Wrong(status, problem)) => {
            return refused(&site, &staffer, status, problem, Typed::default()).await;
        }
    };
    let table = match site.archive.synonyms().await {
        Ok(table) => table,
        Err(failure) => return trouble(staffer.words, &failure),
    };
    let shown = Shown {
        preview: Some(preview(&site, &staffer, table, &decoded(&bytes))),
        ..Shown::default()
    };
    show(&site, &staffer, &Asked::default(), shown).await
}

fn preview(site: &Site, staffer: &Staffer, table: Vec<(Synonym, Entry)>, text: &str) -> Preview {
    let (entries, mut flaws) = synonym_table::read(text);
    let there = table.into_iter().map(|(one, _)| (one.id, one)).collect();
    let there = SynonymTable(there);
    let who = author(staffer);
    let planned = entries.into_iter().map(|entry| plan(&there, &who, entry));
    let planned: Vec<Planned> = planned.collect();
    let tag = staffer.words.tag;
    let (l, s) = (texts::in_language(tag), synonym_texts::in_language(tag));
    let lines: Vec<_> = planned.iter().map(|one| told(l, one)).collect();
    let count = |what| (what, lines.iter().filter(|line| line.1 == what).count());
    let whats = [
        l.import_new,
        l.import_changed,
        l.import_same,
        l.import_refused,
    ];
    let counts: Vec<_> = whats.into_iter().map(count).collect();
    let todo = planned.iter().filter(|one| one.order.is_some()).count();
    flaws.truncate(SHOWN_MAX);
    let mut preview = Preview {
        counts,
        lines: lines.into_iter().take(SHOWN_MAX).collect(),
        flaws,
        ..Preview::default()
    };
    if todo > 0 {
        preview.go = fill(s.import_go, &[("n", &todo.to_string())]);
        let previews: &Previews<Planned> = &site.synonym_previews;
        preview.token = previews.keep(staffer.id(), site.now(), planned);
    }
    preview
}

/// What would become of one entry: decided as it will be, and thrown away.
fn plan(table: &SynonymTable, who: &Author, entry: Entry) -> Planned {
    let known = table.of_word(&word_digest(&entry));
    let base = known.map_or("", |one| one.digest.as_str());
    let order = order(known.map(|one| one.id), base, entry.clone());
    let (order, why) = match decide_synonym(table, who, &order) {
        Ok(_) => (Some(order), None),
        Err(refusal) => (None, Some(refusal)),
    };
    Planned { entry, order, why }
}

/// A line of the preview: entry, what becomes of it, color, why not.
fn told(
    l: &'static texts::Words,
    planned: &Planned,
) -> (Entry, &'static str, &'static str, &'static str) {
    let (what, tone, why) = match (&planned.order, planned.why) {
        (Some(SynonymOrder::Set { synonym: None, .. }), _) => (l.import_new, "good", ""),
        (Some(_), _) => (l.import_changed, "open", ""),
        (None, Some(Refusal::Unchanged) | None) => (l.import_same, "", ""),
        (None, Some(refusal)) => (l.import_refused, "bad", l.refusal(refusal)),
    };
    (planned.entry.clone(), what, tone, why)
}

/// `POST /library/synonyms/import/{token}`: takes what a preview showed.
pub(crate) async fn take(
    State(site): State<Site>,
    Path(token): Path<String>,
    Proven { staffer, .. }: Proven,
) -> Response {
    let tag = staffer.words.tag;
    let (l, s) = (texts::in_language(tag), synonym_texts::in_language(tag));
    let Some(planned) = site.synonym_previews.take(&token, staffer.id()) else {
        let (status, typed) = (StatusCode::GONE, Typed::default());
        return refused(&site, &staffer, status, l.import_gone, typed).await;
    };
    let mut done = 0;
    let mut flaws = Vec::new();
    let orders = planned
        .into_iter()
        .filter_map(|one| Some((one.entry.word, one.order?)));
    let orders: Vec<(String, SynonymOrder)> = orders.collect();
    for part in orders.chunks(AT_ONCE) {
        let sent = part
            .iter()
            .map(|(_, order)| send(&site, author(&staffer), order.clone()));
        for ((word, _), outcome) in part.iter().zip(join_all(sent).await) {
            match outcome {
                Ok(()) => done += 1,
                Err(error) => flaws.push(FileFlaw {
                    place: word.clone(),
                    what: said(l, &error).1.to_owned(),
                }),
            }
        }
    }
    if flaws.is_empty() {
        let to = format!("/library/synonyms?done=imported-{done}");
        return Redirect::to(&to).into_response();
    }
    let made = fill(s.import_done, &[("n", &done.to_string())]);
    let left = fill(l.import_left, &[("n", &flaws.len().to_string())]);
    flaws.truncate(SHOWN_MAX);
    let shown = Shown {
        problem: format!("{made} {left}"),
        preview: Some(Preview {
            flaws,
            ..Preview::default()
        }),
        ..Shown::default()
    };
    let page = show(&site, &staffer, &Asked::default(), shown).await;
    (StatusCode::CONFLICT, page).into_response()
}
