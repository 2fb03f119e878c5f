//! The Human Services Data Specification, version 3, as an interface: services, organizations,
//! places and the taxonomy, page by page. Never another mapping than that of the library's files.

use super::article::{Sought, seek};
use super::catalog::Head;
use super::{Page, open_json, unread};
use crate::Site;
use crate::finder;
use crate::library::hsds::{organization, organization_id, service, taxonomy_id, term, term_id};
use crate::library::page_language;
use crate::links;
use crate::site::today;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use center::city::{Category, Language, name_in};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::Failure;

/// Items of a page, and the most that may be asked for.
const ITEMS: usize = 50;
const ITEMS_MAX: usize = 500;
/// Services that name nothing but themselves may be many.
const MINIMAL_MAX: usize = 50_000;

const VERSION: &str = "3.0";
const PROFILE: &str = "https://docs.openreferral.org/en/v3.0/hsds/";

/// What a service has beside its own fields.
const NESTED: [&str; 7] = [
    "phones",
    "schedules",
    "service_at_locations",
    "languages",
    "required_documents",
    "attributes",
    "organization",
];

/// The routes of the interface.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/hsds", get(about))
        .route("/hsds/", get(about))
        .route("/hsds/openapi.json", get(described))
        .route("/hsds/services", get(services))
        .route("/hsds/services/{id}", get(one_service))
        .route("/hsds/organizations", get(organizations))
        .route("/hsds/organizations/{id}", get(one_organization))
        .route("/hsds/service_at_locations", get(places))
        .route("/hsds/service_at_locations/{id}", get(one_place))
        .route("/hsds/taxonomies", get(taxonomies))
        .route("/hsds/taxonomies/{id}", get(one_taxonomy))
        .route("/hsds/taxonomy_terms", get(terms))
        .route("/hsds/taxonomy_terms/{id}", get(one_term))
}

/// What may be asked for. What is not known narrows nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    search: String,
    page: String,
    per_page: String,
    minimal: String,
    full: String,
    modified_after: String,
    taxonomy_term_id: String,
    taxonomy_id: String,
    organization_id: String,
    parent_id: String,
    top_only: String,
    lang: String,
}

impl Wanted {
    fn language(&self, site: &Site) -> Language {
        let known = Language::parse(&self.lang);
        let known = known.filter(|one| center::knowledge::LANGUAGES.contains(one));
        known.unwrap_or_else(|| page_language(site.city().language.code()))
    }

    fn page_of(&self, items: usize, most: usize) -> Page {
        let size = self.per_page.parse().unwrap_or(ITEMS).clamp(1, most);
        Page::new(self.page.parse().unwrap_or(1), size, items)
    }
}

fn is_yes(flag: &str) -> bool {
    matches!(flag, "true" | "1" | "yes")
}

/// A page as the specification writes it.
fn paged(headers: &HeaderMap, page: Page, contents: &[Value]) -> Response {
    let value = json!({
        "total_items": page.items,
        "total_pages": page.pages(),
        "page_number": page.number,
        "size": contents.len(),
        "first_page": page.number == 1,
        "last_page": page.number >= page.pages(),
        "empty": contents.is_empty(),
        "contents": contents,
    });
    open_json(headers, &value)
}

fn missing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// `GET /hsds`
async fn about(State(site): State<Site>, headers: HeaderMap) -> Response {
    let origin = links::origin(&site, &headers);
    let value = json!({
        "version": VERSION,
        "profile": PROFILE,
        "openapi_url": format!("{origin}/hsds/openapi.json"),
    });
    open_json(&headers, &value)
}

/// `GET /hsds/openapi.json`: which paths there are and what they may be asked.
async fn described(State(site): State<Site>, headers: HeaderMap) -> Response {
    let origin = links::origin(&site, &headers);
    let name = name_in(&site.city().names, "en");
    let page = ["page", "per_page", "lang"];
    let narrow = [
        "search",
        "full",
        "modified_after",
        "taxonomy_term_id",
        "taxonomy_id",
        "organization_id",
    ];
    let text = json!({ "type": "string" });
    let parameter = |name: &&str| json!({ "name": name, "in": "query", "schema": text });
    let answer = json!({ "200": { "description": "JSON of HSDS 3" } });
    let mut paths = serde_json::Map::new();
    for (path, more) in [
        ("services", &[&narrow[..], &["minimal"]].concat()),
        ("organizations", &vec!["search", "full"]),
        ("service_at_locations", &narrow.to_vec()),
        ("taxonomies", &Vec::new()),
        (
            "taxonomy_terms",
            &vec!["search", "taxonomy_id", "top_only", "parent_id"],
        ),
    ] {
        let all: Vec<Value> = page.iter().chain(more.iter()).map(parameter).collect();
        let list = json!({ "get": { "parameters": all, "responses": answer } });
        paths.insert(format!("/{path}"), list);
        let id = json!({
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "format": "uuid" },
        });
        let one = json!({ "get": { "parameters": [id], "responses": answer } });
        paths.insert(format!("/{path}/{{id}}"), one);
    }
    paths.insert("/".into(), json!({ "get": { "responses": answer } }));
    let value = json!({
        "openapi": "3.1.0",
        "info": { "title": format!("{name}: services of the city"), "version": VERSION },
        "servers": [{ "url": format!("{origin}/hsds") }],
        "paths": paths,
    });
    open_json(&headers, &value)
}

/// The articles that a question narrows to, in order.
async fn narrowed(site: &Site, wanted: &Wanted) -> Result<Vec<Arc<Head>>, Response> {
    let all = wanted.search.trim().is_empty();
    if !all && site.finder.is_building() {
        return Err(later());
    }
    let heads = site.catalog.heads(site).await;
    let heads = heads.map_err(|failure| unread(&failure))?;
    let mut found: Vec<Arc<Head>> = if all {
        heads.values().cloned().collect()
    } else {
        let asked = finder::Asked {
            text: super::question(&wanted.search),
            languages: vec![wanted.language(site)],
            limit: search::HITS_MAX,
            ..finder::Asked::default()
        };
        let answer = site.finder.find(asked).await.map_err(|failure| {
            tracing::error!(%failure, "the library was not searched");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        })?;
        let hits = answer.hits.iter();
        hits.filter_map(|hit| heads.get(&hit.article).cloned())
            .collect()
    };
    let category = site
        .city()
        .categories
        .iter()
        .find(|one| term_id(&one.code) == wanted.taxonomy_term_id);
    if !wanted.taxonomy_term_id.is_empty() {
        let code = category.map(|one| one.code.as_str());
        found.retain(|head| code.is_some_and(|code| head.is_about(code)));
    }
    if !wanted.taxonomy_id.is_empty() && wanted.taxonomy_id != taxonomy_id() {
        found.clear();
    }
    if !wanted.organization_id.is_empty() {
        found.retain(|head| organization_id(&head.owner) == wanted.organization_id);
    }
    if !wanted.modified_after.is_empty() {
        // Instants are written so that their texts are in their order.
        found.retain(|head| head.released.to_string() >= wanted.modified_after);
    }
    Ok(found)
}

/// Not everything can be found yet: a program asks again.
fn later() -> Response {
    let wait = [(header::RETRY_AFTER, "5")];
    super::open((StatusCode::SERVICE_UNAVAILABLE, wait).into_response())
}

async fn told(site: &Site, head: &Head, language: Language) -> Result<Option<Value>, Failure> {
    match seek(site, &head.code).await? {
        Sought::Seen(whole) => Ok(service(&whole, site.city(), language, today(site))),
        Sought::Gone | Sought::Unknown => Ok(None),
    }
}

/// `GET /hsds/services`
async fn services(
    State(site): State<Site>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let found = match narrowed(&site, &wanted).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if is_yes(&wanted.minimal) {
        let page = wanted.page_of(found.len(), MINIMAL_MAX);
        let few = found[page.range()]
            .iter()
            .map(|head| json!({ "id": head.uuid, "last_modified": head.released.to_string() }));
        return paged(&headers, page, &few.collect::<Vec<_>>());
    }
    let page = wanted.page_of(found.len(), ITEMS_MAX);
    let mut contents = Vec::new();
    for head in &found[page.range()] {
        match told(&site, head, wanted.language(&site)).await {
            Ok(Some(mut value)) => {
                if !is_yes(&wanted.full) {
                    flatten(&mut value);
                }
                contents.push(value);
            }
            Ok(None) => {}
            Err(failure) => return unread(&failure),
        }
    }
    paged(&headers, page, &contents)
}

/// Only what a service has once.
fn flatten(service: &mut Value) {
    let owner = service["organization"]["id"].clone();
    if let Some(map) = service.as_object_mut() {
        map.retain(|key, _| !NESTED.contains(&key.as_str()));
        if owner.is_string() {
            map.insert("organization_id".to_owned(), owner);
        }
    }
}

/// `GET /hsds/services/{id}`
async fn one_service(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let Some(head) = heads.values().find(|head| head.uuid == id) else {
        return missing();
    };
    match told(&site, head, wanted.language(&site)).await {
        Ok(Some(value)) => open_json(&headers, &value),
        Ok(None) => missing(),
        Err(failure) => unread(&failure),
    }
}

/// `GET /hsds/organizations`
async fn organizations(
    State(site): State<Site>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let city = site.city();
    let language = wanted.language(&site);
    let words = wanted.search.trim().to_lowercase();
    let named = |unit: &&center::knowledge::Unit| {
        let name = name_in(&unit.names, language.code()).to_lowercase();
        name.contains(&words)
    };
    let units: Vec<_> = city.library.units.iter().filter(named).collect();
    let page = wanted.page_of(units.len(), ITEMS_MAX);
    let contents = units[page.range()]
        .iter()
        .map(|unit| organization(city, unit, language));
    paged(&headers, page, &contents.collect::<Vec<_>>())
}

/// `GET /hsds/organizations/{id}`
async fn one_organization(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let city = site.city();
    let mut units = city.library.units.iter();
    match units.find(|unit| organization_id(&unit.code) == id) {
        Some(unit) => open_json(&headers, &organization(city, unit, wanted.language(&site))),
        None => missing(),
    }
}

/// The places of a service, with the service each belongs to.
fn places_of(service: &Value) -> Vec<Value> {
    let all = service["service_at_locations"].as_array();
    let place = |one: &Value| {
        let mut place = one.clone();
        place["service_id"] = service["id"].clone();
        place["location_id"] = one["location"]["id"].clone();
        place
    };
    all.into_iter().flatten().map(place).collect()
}

/// `GET /hsds/service_at_locations`
async fn places(
    State(site): State<Site>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let mut found = match narrowed(&site, &wanted).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    found.retain(|head| head.office);
    let page = wanted.page_of(found.len(), ITEMS_MAX);
    let mut contents = Vec::new();
    for head in &found[page.range()] {
        match told(&site, head, wanted.language(&site)).await {
            Ok(service) => contents.extend(service.iter().flat_map(places_of)),
            Err(failure) => return unread(&failure),
        }
    }
    paged(&headers, page, &contents)
}

/// `GET /hsds/service_at_locations/{id}`
async fn one_place(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let heads = match site.catalog.heads(&site).await {
        Ok(heads) => heads,
        Err(failure) => return unread(&failure),
    };
    let named = |head: &&Arc<Head>| crate::library::hsds::place_id(&head.code) == id;
    let Some(head) = heads.values().filter(|head| head.office).find(named) else {
        return missing();
    };
    match told(&site, head, wanted.language(&site)).await {
        Ok(service) => match service.iter().flat_map(places_of).next() {
            Some(place) => open_json(&headers, &place),
            None => missing(),
        },
        Err(failure) => unread(&failure),
    }
}

fn taxonomy(site: &Site) -> Value {
    let town = name_in(&site.city().names, "en");
    json!({
        "id": taxonomy_id(),
        "name": "categories",
        "description": format!("What {town} is asked about, in three levels"),
        "version": VERSION,
    })
}

/// `GET /hsds/taxonomies`
async fn taxonomies(
    State(site): State<Site>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let all = [taxonomy(&site)];
    let page = wanted.page_of(all.len(), ITEMS_MAX);
    paged(&headers, page, &all[page.range()])
}

/// `GET /hsds/taxonomies/{id}`
async fn one_taxonomy(
    State(site): State<Site>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if id == taxonomy_id() {
        open_json(&headers, &taxonomy(&site))
    } else {
        missing()
    }
}

/// `GET /hsds/taxonomy_terms`
async fn terms(
    State(site): State<Site>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let city = site.city();
    let language = wanted.language(&site);
    let words = wanted.search.trim().to_lowercase();
    let other = !wanted.taxonomy_id.is_empty() && wanted.taxonomy_id != taxonomy_id();
    let fits = |one: &&Category| {
        let parent = one.code.rsplit_once('-').map(|(parent, _)| term_id(parent));
        let below = wanted.parent_id.is_empty() || parent.as_ref() == Some(&wanted.parent_id);
        let top = !is_yes(&wanted.top_only) || parent.is_none();
        let name = name_in(&one.names, language.code()).to_lowercase();
        !other && below && top && name.contains(&words)
    };
    let found: Vec<&Category> = city.categories.iter().filter(fits).collect();
    let page = wanted.page_of(found.len(), ITEMS_MAX);
    let contents = found[page.range()].iter();
    let contents: Vec<Value> = contents.map(|one| term(city, one, language)).collect();
    paged(&headers, page, &contents)
}

/// `GET /hsds/taxonomy_terms/{id}`
async fn one_term(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let city = site.city();
    let found = city.categories.iter().find(|one| term_id(&one.code) == id);
    match found {
        Some(category) => open_json(&headers, &term(city, category, wanted.language(&site))),
        None => missing(),
    }
}
