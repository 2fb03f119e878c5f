//! The pages of those who write the counseling information database: what they share, and the list
//! of articles. Never a decision, never what citizens see.

pub(crate) mod article;
pub(crate) mod asking;
pub(crate) mod compare;
mod difference;
pub(crate) mod editing;
pub(crate) mod export;
pub(crate) mod facts;
pub(crate) mod file;
pub(crate) mod gaps;
pub(crate) mod hsds;
pub(crate) mod import;
pub(crate) mod markup;
pub(crate) mod notices;
pub(crate) mod synonym_table;
mod synonym_texts;
pub(crate) mod synonyms;
pub(crate) mod tables;
pub(crate) mod texts;

use crate::Site;
use crate::figures;
use crate::site::{Frame, Staffer, page, trouble};
use crate::texts::{Staff, fill};
use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use center::city::{City, Language, name_in};
use center::knowledge::{ArticleId, Author, LANGUAGES, Role, Season, Status};
use center::time::Time;
use serde::Deserialize;
use std::fmt::Write as _;
use store::library::{ArticleRow, ArticleSearch};
use texts::Words;

/// Longest form: a paste beyond it is no article, but it is still told what is wrong with it.
const FORM_MAX: usize = 12 * 1024 * 1024;

/// Articles on a page.
const PAGE: usize = 50;

/// The routes of the library.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/library", get(list))
        .route("/library/season", post(asking::season))
        .route("/library/new", get(facts::blank).post(facts::create))
        .route("/library/a/{code}", get(article::article))
        .route("/library/a/{code}/do/{verb}", post(asking::ask))
        .route(
            "/library/a/{code}/text",
            get(editing::form).post(editing::save),
        )
        .route(
            "/library/a/{code}/facts",
            get(facts::form).post(facts::save),
        )
        .route("/library/a/{code}/compare", get(compare::compare))
        .route(
            "/library/notices",
            get(notices::notices).post(notices::raise),
        )
        .route("/library/notices/{notice}/end", post(notices::end))
        .route("/notices", get(notices::now))
        .route(
            "/library/synonyms",
            get(synonyms::synonyms).post(synonyms::set),
        )
        .route("/library/synonyms/{id}/{verb}", post(synonyms::act))
        .route("/library/synonyms/import", post(synonyms::read))
        .route("/library/synonyms/import/{token}", post(synonyms::take))
        .route("/library/gaps", get(gaps::gaps))
        .route("/library/gaps/settle", post(gaps::settle))
        .route("/library/export", get(export::export))
        .route("/library/export/{name}", get(export::file))
        .route("/library/import", get(import::blank).post(import::read))
        .route("/library/import/{token}", post(import::take))
        .layer(DefaultBodyLimit::max(FORM_MAX))
}

/// What the library's pages begin with.
pub(crate) struct Shelf {
    /// Whether more than reading and commenting is allowed.
    pub(crate) writes: bool,
    pub(crate) editor: bool,
    /// Which of its pages is shown.
    pub(crate) at: &'static str,
}

impl Shelf {
    pub(crate) fn new(staffer: &Staffer, at: &'static str) -> Shelf {
        Shelf {
            writes: staffer.profile.library != Role::Reader,
            editor: staffer.profile.library == Role::Editor,
            at,
        }
    }
}

/// A choice of a list in a form.
pub(crate) struct Choice {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) chosen: bool,
}

impl Choice {
    pub(crate) fn new(code: &str, name: &str, chosen: &str) -> Choice {
        Choice {
            code: code.to_owned(),
            name: name.to_owned(),
            chosen: code == chosen,
        }
    }
}

/// Who asks, as the library knows them.
pub(crate) fn author(staffer: &Staffer) -> Author {
    Author {
        id: Some(staffer.id()),
        role: staffer.profile.library.clone(),
    }
}

/// The language of a staff page as an article's.
pub(crate) fn page_language(tag: &str) -> Language {
    Language::parse(tag).unwrap_or(Language::En)
}

/// Units to choose from.
pub(crate) fn units(city: &City, tag: &str, chosen: &str) -> Vec<Choice> {
    let unit = |unit: &center::knowledge::Unit| {
        let name = format!("{} ({})", name_in(&unit.names, tag), unit.code);
        Choice::new(&unit.code, &name, chosen)
    };
    city.library.units.iter().map(unit).collect()
}

/// Finest categories to choose from.
pub(crate) fn categories(city: &City, tag: &str, chosen: &str) -> Vec<Choice> {
    let leaves = city.categories.iter().filter(|category| category.leaf);
    let choice = |category: &center::city::Category| {
        let name = format!("{} {}", category.code, name_in(&category.names, tag));
        Choice::new(&category.code, &name, chosen)
    };
    leaves.map(choice).collect()
}

/// The name of a unit, else its code.
pub(crate) fn unit_name(city: &City, tag: &str, code: &str) -> String {
    let unit = city.library.unit(code);
    unit.map_or(code, |unit| name_in(&unit.names, tag))
        .to_owned()
}

/// The list's form as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    words: String,
    status: String,
    owner: String,
    season: String,
    language: String,
    standing: String,
    drafts: String,
    commented: String,
    before: String,
    /// What was just done.
    done: String,
}

struct Line {
    code: String,
    title: String,
    tag: &'static str,
    status: &'static str,
    draft: bool,
    owner: String,
    /// That its unit owes a check and has no address to be asked by mail; empty otherwise.
    unreached: &'static str,
    languages: Vec<(&'static str, String, &'static str)>,
    due: String,
    late: bool,
    changed: String,
    comments: u32,
    sample: bool,
}

#[derive(Template)]
#[template(path = "library.html")]
struct ListPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    asked: Asked,
    counts: Vec<(&'static str, &'static str, u64, bool)>,
    owners: Vec<Choice>,
    seasons: Vec<Choice>,
    languages: Vec<Choice>,
    standings: Vec<Choice>,
    lines: Vec<Line>,
    found: String,
    next: Option<String>,
    /// The heading of a season's pack.
    pack: String,
    done: String,
}

/// `GET /library`
pub(crate) async fn list(
    State(site): State<Site>,
    staffer: Staffer,
    Query(asked): Query<Asked>,
) -> Response {
    let searched = site.archive.articles(&search(&asked)).await;
    let counted = site.archive.article_counts().await;
    let (mut rows, counts) = match (searched, counted) {
        (Ok(rows), Ok(counts)) => (rows, counts),
        (Err(failure), _) | (_, Err(failure)) => return trouble(staffer.words, &failure),
    };
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let (w, l) = (staffer.words, texts::in_language(staffer.words.tag));
    let next = rows.last().filter(|_| more).map(|last| {
        let mut asked = asked.clone();
        asked.before = format!("{}-{}", last.changed.0, last.id);
        address(&asked)
    });
    let counts = Status::ALL.into_iter().map(|status| {
        let count = counts.get(&status).copied().unwrap_or(0);
        (
            status.code(),
            l.status(status),
            count,
            asked.status == status.code(),
        )
    });
    let count = rows.len().to_string();
    let season = Season::parse(&asked.season);
    page(&ListPage {
        found: fill(if more { l.found_more } else { l.found }, &[("n", &count)]),
        lines: rows.iter().map(|row| line(&site, l, w.tag, row)).collect(),
        counts: counts.collect(),
        owners: units(site.city(), w.tag, &asked.owner),
        seasons: Season::ALL
            .into_iter()
            .map(|one| Choice::new(one.code(), l.season(one), &asked.season))
            .collect(),
        languages: texts::OWN_NAMES
            .into_iter()
            .map(|(one, name)| Choice::new(one.code(), name, &asked.language))
            .collect(),
        standings: ["missing", "older", "unchecked", "human"]
            .into_iter()
            .map(|one| Choice::new(one, l.standing(one), &asked.standing))
            .collect(),
        pack: season.map_or_else(String::new, |season| {
            fill(l.season_pack, &[("season", l.season(season))])
        }),
        done: asking::done(l, &asked.done),
        frame: Frame::new(site.city(), w, Some(&staffer)),
        shelf: Shelf::new(&staffer, "articles"),
        next,
        asked,
        w,
        l,
    })
}

/// What the address asks for. What it does not know narrows nothing.
fn search(asked: &Asked) -> ArticleSearch {
    let before = asked.before.split_once('-').and_then(|(at, id)| {
        let (at, id) = (at.parse().ok()?, id.parse().ok()?);
        Some((Time(at), ArticleId(id)))
    });
    let language = Language::parse(&asked.language).filter(|one| LANGUAGES.contains(one));
    let standing = if asked.standing.is_empty() {
        "missing"
    } else {
        asked.standing.as_str()
    };
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ArticleSearch {
        statuses: Status::parse(&asked.status).into_iter().collect(),
        drafts: !asked.drafts.is_empty(),
        commented: !asked.commented.is_empty(),
        owners: given(&asked.owner).into_iter().collect(),
        season: Season::parse(&asked.season),
        language: language.map(|language| (language, standing.to_owned())),
        words: asked.words.chars().take(200).collect(),
        category: String::new(),
        before,
        limit: PAGE + 1,
    }
}

fn address(asked: &Asked) -> String {
    let mut address = String::from("/library?");
    for (key, value) in [
        ("words", &asked.words),
        ("status", &asked.status),
        ("owner", &asked.owner),
        ("season", &asked.season),
        ("language", &asked.language),
        ("standing", &asked.standing),
        ("drafts", &asked.drafts),
        ("commented", &asked.commented),
        ("before", &asked.before),
    ] {
        if !value.is_empty() {
            let _ = write!(address, "{key}={}&", crate::contacts::encoded(value));
        }
    }
    address.pop();
    address
}

fn line(site: &Site, l: &'static Words, tag: &str, row: &ArticleRow) -> Line {
    let today = crate::site::today(site);
    let standing =
        |(language, code): &(Language, String)| (language.code(), code.clone(), l.standing(code));
    let published = row.published > 0 && row.status != Status::Retired;
    Line {
        code: row.code.clone(),
        title: row.title(page_language(tag)).to_owned(),
        tag: tone(row.status),
        status: l.status(row.status),
        draft: published && row.revision > row.published,
        owner: unit_name(site.city(), tag, &row.owner),
        unreached: if unreached(site.city(), row) {
            l.no_address
        } else {
            ""
        },
        languages: row.languages.iter().map(standing).collect(),
        due: row.due.map_or_else(String::new, |due| due.to_string()),
        late: row.due.is_some_and(|due| due < today),
        changed: figures::date_clock(&site.city().zone, row.changed)[..16].to_owned(),
        comments: row.comments,
        sample: row.sample,
    }
}

/// Whether a unit is to be asked that no mail reaches.
fn unreached(city: &City, row: &ArticleRow) -> bool {
    let asked = matches!(row.status, Status::Due | Status::Overdue | Status::Hidden);
    asked && city.library.mailbox(&row.owner).is_none()
}

/// The color of a state.
pub(crate) fn tone(status: Status) -> &'static str {
    match status {
        Status::Published => "good",
        Status::Draft | Status::Review | Status::Scheduled => "open",
        Status::Due | Status::Overdue | Status::Expired => "slow",
        Status::Hidden => "bad",
        Status::Retired => "",
    }
}
