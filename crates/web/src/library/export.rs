//! Every article in one file: TOML, JSON, a table, or HSDS services; and the table of synonyms.
//! Never a change.

use super::texts::{self, Words};
use super::{Shelf, file, hsds, page_language, synonym_table, tables};
use crate::Site;
use crate::site::{Frame, Staffer, page, refuse, today, trouble};
use crate::texts::Staff;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use center::knowledge::ArticleId;
use store::Failure;
use store::library::Whole;

/// Articles that are read at once.
const AT_ONCE: usize = 500;

/// The files: name and media type.
const FILES: [(&str, &str); 5] = [
    ("articles.toml", "application/toml; charset=utf-8"),
    ("articles.json", "application/json"),
    ("articles.csv", "text/csv; charset=utf-8"),
    ("hsds.json", "application/json"),
    ("synonyms.csv", "text/csv; charset=utf-8"),
];

#[derive(Template)]
#[template(path = "library_export.html")]
struct ExportPage {
    w: &'static Staff,
    l: &'static Words,
    frame: Frame,
    shelf: Shelf,
    files: [&'static str; 5],
}

/// `GET /library/export`
pub(crate) async fn export(State(site): State<Site>, staffer: Staffer) -> Response {
    page(&ExportPage {
        w: staffer.words,
        l: texts::in_language(staffer.words.tag),
        frame: Frame::new(site.city(), staffer.words, Some(&staffer)),
        shelf: Shelf::new(&staffer, "export"),
        files: FILES.map(|(name, _)| name),
    })
}

/// `GET /library/export/{name}`
pub(crate) async fn file(
    State(site): State<Site>,
    staffer: Staffer,
    Path(name): Path<String>,
) -> Response {
    let Some((name, kind)) = FILES.into_iter().find(|(known, _)| *known == name) else {
        let message = staffer.words.not_found;
        return refuse(staffer.words, StatusCode::NOT_FOUND, message);
    };
    let body = match written(&site, &staffer, name).await {
        Ok(body) => body,
        Err(failure) => return trouble(staffer.words, &failure),
    };
    let shown = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, shown),
    ];
    (headers, body).into_response()
}

async fn written(site: &Site, staffer: &Staffer, name: &str) -> Result<String, Failure> {
    if name == "synonyms.csv" {
        let table = site.archive.synonyms().await?;
        return Ok(synonym_table::write(table.iter().map(|(_, entry)| entry)));
    }
    let wholes = everything(site, name != "hsds.json").await?;
    let city = site.city();
    Ok(match name {
        "articles.toml" => file::write_toml(&wholes, city),
        "articles.json" => file::write_json(&wholes, city),
        "articles.csv" => tables::write(&wholes),
        _ => {
            let language = page_language(staffer.words.tag);
            hsds::write(&wholes, city, language, today(site))
        }
    })
}

/// Every article with the texts of its latest revision, or of what is published.
async fn everything(site: &Site, latest: bool) -> Result<Vec<Whole>, Failure> {
    let mut all = Vec::new();
    let mut after = ArticleId(0);
    loop {
        let (part, last) = site.archive.whole_articles(after, AT_ONCE, latest).await?;
        all.extend(part);
        match last {
            Some(last) => after = last,
            None => return Ok(all),
        }
    }
}
