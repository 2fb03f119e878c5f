//! Bringing articles in from files: first a preview of what would become of each, then drafts.
//! Never publishes, never changes anything before it is asked to.

use super::asking::{Proven, said};
use super::editing::handed_in;
use super::file::{self, FileFlaw, Found, Incoming};
use super::texts::{self, OWN_NAMES, Words};
use super::{Choice, Shelf, author, categories, hsds, markup, tables, units};
use crate::Site;
use crate::site::{Frame, Staffer, page, refuse, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use center::city::{CounselorId, Language};
use center::knowledge::{
    ArticleId, Author, Facts, LANGUAGES, Order, Refusal, Role, Text, Variant, Written, decide,
};
use center::time::{HOUR_MS, Time};
use futures_util::future::join_all;
use hub::{LibraryCommand, LibraryError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use store::Failure;
use store::library::{Whole, text_digest};

/// Bytes of a file.
const FILE_MAX: usize = 10 << 20;

/// Lines of the preview; the rest is counted.
pub(super) const SHOWN_MAX: usize = 500;

/// Previews that wait for their button, and how long.
const PREVIEWS_MAX: usize = 16;
const PREVIEW_MS: i64 = HOUR_MS;

/// Articles that are handed in at once: no more than share a transaction.
const AT_ONCE: usize = 64;

/// What an article is where its file does not say so.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) owner: String,
    pub(crate) category: String,
    pub(crate) language: Language,
}

impl Given {
    /// An article of which nothing is known but its code.
    pub(crate) fn article(&self, code: &str) -> Incoming {
        Incoming {
            code: code.to_owned(),
            facts: Facts {
                category: self.category.clone(),
                owner: self.owner.clone(),
                source: self.language,
                ..Facts::default()
            },
            partial: true,
            ..Incoming::default()
        }
    }
}

/// What would become of an article.
#[derive(Clone, Debug)]
enum Plan {
    New(Box<Order>),
    Changed(ArticleId, Box<Order>),
    Same,
    Refused(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Planned {
    code: String,
    title: String,
    languages: String,
    plan: Plan,
}

struct Preview<T> {
    who: CounselorId,
    at: Time,
    planned: Vec<T>,
}

/// Previews by their token, until their button is pressed or their time is over.
pub(crate) struct Previews<T>(Mutex<BTreeMap<String, Preview<T>>>);

impl<T> Default for Previews<T> {
    fn default() -> Previews<T> {
        Previews(Mutex::default())
    }
}

impl<T> Previews<T> {
    /// Keeps what somebody was shown; gives the token of its button.
    pub(crate) fn keep(&self, who: CounselorId, at: Time, planned: Vec<T>) -> String {
        let token = crate::session::random_hex(16);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| at - other.at < PREVIEW_MS);
        while all.len() >= PREVIEWS_MAX {
            let oldest = all.iter().min_by_key(|(_, other)| other.at);
            let Some(oldest) = oldest.map(|(token, _)| token.clone()) else {
                break;
            };
            all.remove(&oldest);
        }
        all.insert(token.clone(), Preview { who, at, planned });
        token
    }

    /// Gives it once, to whom it was shown.
    pub(crate) fn take(&self, token: &str, who: CounselorId) -> Option<Vec<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(token).filter(|preview| preview.who == who)?;
        all.remove(token).map(|preview| preview.planned)
    }
}

/// A line of the preview.
struct Line {
    code: String,
    title: String,
    languages: String,
    what: &'static str,
    tone: &'static str,
    why: &'static str,
}

#[derive(Template)]
#[template(path = "library_import.html")]
struct ImportPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    owners: Vec<Choice>,
    categories: Vec<Choice>,
    languages: Vec<Choice>,
    problem: String,
    lines: Vec<Line>,
    counts: Vec<(&'static str, usize)>,
    flaws: Vec<FileFlaw>,
    token: String,
    go: String,
    previewed: bool,
}

fn form(site: &Site, staffer: &Staffer, given: &Given, problem: &str) -> ImportPage {
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let language = |(one, name): (Language, &'static str)| {
        Choice::new(one.code(), name, given.language.code())
    };
    ImportPage {
        frame: Frame::new(site.city(), w, Some(staffer)),
        shelf: Shelf::new(staffer, "import"),
        owners: units(site.city(), w.tag, &given.owner),
        categories: categories(site.city(), w.tag, &given.category),
        languages: OWN_NAMES.into_iter().map(language).collect(),
        problem: problem.to_owned(),
        lines: Vec::new(),
        counts: Vec::new(),
        flaws: Vec::new(),
        token: String::new(),
        go: String::new(),
        previewed: false,
        w,
        l,
    }
}

fn nothing_given(site: &Site) -> Given {
    Given {
        owner: String::new(),
        category: String::new(),
        language: site.city().language,
    }
}

/// `GET /library/import`
pub(crate) async fn blank(State(site): State<Site>, staffer: Staffer) -> Response {
    closed(&staffer).unwrap_or_else(|| page(&form(&site, &staffer, &nothing_given(&site), "")))
}

/// What whoever is no editor gets to see.
pub(super) fn closed(staffer: &Staffer) -> Option<Response> {
    if staffer.profile.library == Role::Editor {
        return None;
    }
    let l = texts::in_language(staffer.words.tag);
    let message = l.r_not_allowed;
    Some(refuse(staffer.words, StatusCode::FORBIDDEN, message))
}

/// A file as it was sent.
pub(super) struct Sent {
    name: String,
    pub(super) bytes: Vec<u8>,
    given: Given,
}

/// `POST /library/import`: reads a file and shows what would become of it.
pub(crate) async fn read(State(site): State<Site>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let staffer = match Staffer::from_request_parts(&mut parts, &site).await {
        Ok(staffer) => staffer,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = closed(&staffer) {
        return refusal;
    }
    let request = Request::from_parts(parts, body);
    let sent = match sent(&site, &staffer, request).await {
        Ok(sent) => sent,
        Err(Wrong(status, problem)) => {
            let form = form(&site, &staffer, &nothing_given(&site), problem);
            return (status, page(&form)).into_response();
        }
    };
    let found = match parsed(&site, &sent) {
        Ok(found) => found,
        Err(problem) => {
            let form = form(&site, &staffer, &sent.given, problem);
            return (StatusCode::UNPROCESSABLE_ENTITY, page(&form)).into_response();
        }
    };
    match preview(&site, &staffer, found, &sent.given).await {
        Ok(preview) => page(&preview),
        Err(failure) => trouble(staffer.words, &failure),
    }
}

/// Why a file was not taken.
pub(super) struct Wrong(pub(super) StatusCode, pub(super) &'static str);

/// Takes a file out of its form.
pub(super) async fn sent(site: &Site, staffer: &Staffer, request: Request) -> Result<Sent, Wrong> {
    let l = texts::in_language(staffer.words.tag);
    let unread = |status: StatusCode| {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            Wrong(status, l.import_too_big)
        } else {
            Wrong(StatusCode::BAD_REQUEST, staffer.words.bad_request)
        }
    };
    let mut multipart = Multipart::from_request(request, site)
        .await
        .map_err(|error| unread(error.status()))?;
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut sent = Sent {
        name: String::new(),
        bytes: Vec::new(),
        given: nothing_given(site),
    };
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| unread(error.status()))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field
            .bytes()
            .await
            .map_err(|error| unread(error.status()))?;
        if let ("file", Some(file)) = (name.as_str(), file) {
            (sent.name, sent.bytes) = (file.to_lowercase(), bytes.to_vec());
        } else {
            fields.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if !site.sessions.token_fits(&staffer.session, &get("token")) {
        return Err(Wrong(StatusCode::FORBIDDEN, staffer.words.forged));
    }
    if sent.bytes.is_empty() {
        return Err(Wrong(StatusCode::UNPROCESSABLE_ENTITY, l.import_no_file));
    }
    if sent.bytes.len() > FILE_MAX {
        return Err(Wrong(StatusCode::PAYLOAD_TOO_LARGE, l.import_too_big));
    }
    let language = Language::parse(&get("language")).filter(|one| LANGUAGES.contains(one));
    sent.given = Given {
        owner: get("owner"),
        category: get("category"),
        language: language.unwrap_or(site.city().language),
    };
    Ok(sent)
}

/// Takes a file apart by what it looks like; its name helps only where looks do not.
fn parsed(site: &Site, sent: &Sent) -> Result<Found, &'static str> {
    let (city, given) = (site.city(), &sent.given);
    let text = decoded(&sent.bytes);
    let looks = text.trim_start();
    let kind = sent.name.rsplit_once('.').map_or("", |(_, kind)| kind);
    if looks.starts_with('<') || matches!(kind, "html" | "htm") {
        let clean = site.settings.writing.markup.as_ref();
        let clean = clean.ok_or("HTML cannot be read here.")?;
        return Ok(markup::read(&clean(&text), given));
    }
    if looks.starts_with('{') || (looks.starts_with('[') && kind == "json") {
        let services = hsds::read(&text, given);
        return Ok(services.unwrap_or_else(|| file::read_json(&text, city)));
    }
    if kind == "toml" {
        return Ok(file::read_toml(&text, city));
    }
    Ok(tables::read(&text, city, given))
}

/// UTF-8, else what spreadsheets in Korea write.
pub(super) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::EUC_KR.decode(bytes).0.into_owned(),
    }
}

async fn preview(
    site: &Site,
    staffer: &Staffer,
    found: Found,
    given: &Given,
) -> Result<ImportPage, Failure> {
    let l = texts::in_language(staffer.words.tag);
    let codes: Vec<&str> = found.articles.iter().map(|one| one.code.as_str()).collect();
    let mut known = site.archive.articles_by_code(&codes).await?;
    let mut planned = Vec::with_capacity(found.articles.len());
    let mut seen = BTreeSet::new();
    for incoming in found.articles {
        let twice = !seen.insert(incoming.code.clone());
        let before = known.remove(&incoming.code);
        planned.push(plan(site, staffer, l, incoming, (before, twice)));
    }
    let count = |wanted: fn(&Plan) -> bool| planned.iter().filter(|one| wanted(&one.plan)).count();
    let new = count(|plan| matches!(plan, Plan::New(_)));
    let changed = count(|plan| matches!(plan, Plan::Changed(..)));
    let mut page = form(site, staffer, given, "");
    page.counts = vec![
        (l.import_new, new),
        (l.import_changed, changed),
        (l.import_same, count(|plan| matches!(plan, Plan::Same))),
        (
            l.import_refused,
            count(|plan| matches!(plan, Plan::Refused(_))),
        ),
    ];
    page.lines = planned
        .iter()
        .take(SHOWN_MAX)
        .map(|one| line(l, one))
        .collect();
    page.flaws = found.flaws;
    page.flaws.truncate(SHOWN_MAX);
    page.previewed = true;
    if new + changed > 0 {
        page.go = fill(l.import_go, &[("n", &(new + changed).to_string())]);
        page.token = site.previews.keep(staffer.id(), site.now(), planned);
    }
    Ok(page)
}

fn line(l: &'static Words, planned: &Planned) -> Line {
    let (what, tone, why) = match &planned.plan {
        Plan::New(_) => (l.import_new, "good", ""),
        Plan::Changed(..) => (l.import_changed, "open", ""),
        Plan::Same => (l.import_same, "", ""),
        Plan::Refused(why) => (l.import_refused, "bad", *why),
    };
    Line {
        code: planned.code.clone(),
        title: planned.title.clone(),
        languages: planned.languages.clone(),
        what,
        tone,
        why,
    }
}

/// What would become of one article: decided as it will be, and thrown away.
fn plan(
    site: &Site,
    staffer: &Staffer,
    l: &'static Words,
    mut incoming: Incoming,
    (known, twice): (Option<Whole>, bool),
) -> Planned {
    for written in incoming.texts.values_mut() {
        written.text = std::mem::take(&mut written.text).cleaned();
    }
    let title = incoming.texts.get(&incoming.facts.source);
    let title = title.or_else(|| incoming.texts.values().next());
    let languages: Vec<&str> = incoming.texts.keys().map(|one| one.code()).collect();
    let mut planned = Planned {
        code: incoming.code.clone(),
        title: title.map_or_else(String::new, |written| written.text.title.clone()),
        languages: languages.join(" "),
        plan: Plan::Refused(l.import_twice),
    };
    if twice {
        return planned;
    }
    planned.plan = match known {
        None => new(site, staffer, l, incoming),
        Some(whole) => changed(site, staffer, l, incoming, &whole),
    };
    planned
}

/// What would become of an article that is not there yet.
fn new(site: &Site, staffer: &Staffer, l: &'static Words, mut incoming: Incoming) -> Plan {
    sealed(&mut incoming.texts);
    let order = Order::Draft {
        article: ArticleId(0),
        code: incoming.code,
        sample: incoming.sample,
        facts: incoming.facts,
        texts: incoming.texts,
        reason: String::new(),
    };
    match decide(site.city(), None, &author(staffer), site.now(), &order) {
        Ok(_) => Plan::New(Box::new(order)),
        Err(refusal) => Plan::Refused(l.refusal(refusal)),
    }
}

/// What would become of one that is there.
fn changed(
    site: &Site,
    staffer: &Staffer,
    l: &'static Words,
    incoming: Incoming,
    whole: &Whole,
) -> Plan {
    let Some(version) = whole.version() else {
        return Plan::Refused(l.r_unknown);
    };
    let mut texts = handed_in(version, &whole.texts);
    for (language, mut written) in incoming.texts {
        if incoming.partial
            && let Some(before) = whole.texts.get(&language)
        {
            keep_what_is_left_out(&mut written.text, before);
        }
        texts.insert(language, written);
    }
    sealed(&mut texts);
    let facts = if incoming.partial {
        version.facts.clone()
    } else {
        incoming.facts
    };
    let order = Order::Revise {
        base: whole.revision,
        facts,
        texts,
        reason: String::new(),
    };
    let (who, now) = (author(staffer), site.now());
    match decide(site.city(), Some(&whole.article), &who, now, &order) {
        Ok(_) => Plan::Changed(whole.article.id, Box::new(order)),
        Err(Refusal::Unchanged) => Plan::Same,
        Err(refusal) => Plan::Refused(l.refusal(refusal)),
    }
}

/// Digests as the librarian will find them.
fn sealed(texts: &mut BTreeMap<Language, Written>) {
    for written in texts.values_mut() {
        written.digest = text_digest(&written.text).0;
    }
}

/// A form that cannot say everything leaves alone what it does not say.
fn keep_what_is_left_out(text: &mut Text, before: &Text) {
    let keep = |own: &mut String, before: &String| {
        if own.is_empty() {
            own.clone_from(before);
        }
    };
    let keep_all = |own: &mut Vec<String>, before: &Vec<String>| {
        if own.is_empty() {
            own.clone_from(before);
        }
    };
    keep(&mut text.title, &before.title);
    keep(&mut text.answer, &before.answer);
    keep(&mut text.details, &before.details);
    keep(&mut text.fee, &before.fee);
    keep(&mut text.time, &before.time);
    keep(&mut text.office, &before.office);
    keep(&mut text.telephone, &before.telephone);
    keep_all(&mut text.questions, &before.questions);
    keep_all(&mut text.synonyms, &before.synonyms);
    keep_all(&mut text.documents, &before.documents);
    for (district, variant) in &before.variants {
        let own: &mut Variant = text.variants.entry(district.clone()).or_default();
        if *own == Variant::default() {
            own.clone_from(variant);
        }
    }
}

/// `POST /library/import/{token}`: makes the drafts of a preview.
pub(crate) async fn take(
    State(site): State<Site>,
    Path(token): Path<String>,
    Proven { staffer, fields }: Proven,
) -> Response {
    if let Some(refusal) = closed(&staffer) {
        return refusal;
    }
    let l = texts::in_language(staffer.words.tag);
    let Some(planned) = site.previews.take(&token, staffer.id()) else {
        let form = form(&site, &staffer, &nothing_given(&site), l.import_gone);
        return (StatusCode::GONE, page(&form)).into_response();
    };
    let (who, reason) = (author(&staffer), fields.get("reason").to_owned());
    let mut done = 0;
    let mut left: Vec<FileFlaw> = Vec::new();
    for part in planned.chunks(AT_ONCE) {
        let asked = part.iter().map(|one| hand_in(&site, &who, one, &reason));
        for (one, outcome) in part.iter().zip(join_all(asked).await) {
            match outcome {
                Ok(taken) => done += usize::from(taken),
                Err(error) => left.push(FileFlaw {
                    place: one.code.clone(),
                    what: said(l, &error).1.to_owned(),
                }),
            }
        }
    }
    tracing::info!(
        drafts = done,
        refused = left.len(),
        "articles were imported"
    );
    if left.is_empty() {
        return Redirect::to(&format!("/library?drafts=1&done=imported-{done}")).into_response();
    }
    let mut form = form(&site, &staffer, &nothing_given(&site), "");
    let made = fill(l.import_done, &[("n", &done.to_string())]);
    let not = fill(l.import_left, &[("n", &left.len().to_string())]);
    form.problem = format!("{made} {not}");
    left.truncate(SHOWN_MAX);
    form.flaws = left;
    (StatusCode::CONFLICT, page(&form)).into_response()
}

/// Hands one article in; says whether there was anything to hand in.
async fn hand_in(
    site: &Site,
    who: &Author,
    planned: &Planned,
    why: &str,
) -> Result<bool, LibraryError> {
    let (article, mut order) = match &planned.plan {
        Plan::New(order) => (None, (**order).clone()),
        Plan::Changed(article, order) => (Some(*article), (**order).clone()),
        Plan::Same | Plan::Refused(_) => return Ok(false),
    };
    if let Order::Draft { reason, .. } | Order::Revise { reason, .. } = &mut order {
        why.clone_into(reason);
    }
    let command = LibraryCommand::Article { article, order };
    site.hub.librarian().send(who.clone(), command).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_of_korea_are_read() {
        let text = "제목,답변\n수도 요금,은행에서 내세요.\n";
        assert_eq!(decoded(text.as_bytes()), text);
        let (bytes, _, _) = encoding_rs::EUC_KR.encode(text);
        assert_eq!(decoded(&bytes), text);
        assert_eq!(decoded("\u{feff}a".as_bytes()), "a");
    }

    #[test]
    fn what_a_form_cannot_say_stays() {
        let before = Text {
            title: "Old".into(),
            fee: "1".into(),
            questions: vec!["q".into()],
            ..Text::default()
        };
        let mut text = Text {
            title: "New".into(),
            ..Text::default()
        };
        keep_what_is_left_out(&mut text, &before);
        assert_eq!((text.title.as_str(), text.fee.as_str()), ("New", "1"));
        assert_eq!(text.questions, ["q"]);
    }
}
