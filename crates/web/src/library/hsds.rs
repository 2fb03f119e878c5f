//! Articles as services of the Human Services Data Specification (HSDS 3), in and out. Never a
//! page.

use super::file::{Found, Incoming};
use super::import::Given;
use super::tables::{answer_and_details, code_of};
use center::city::{Category, City, Language, name_in};
use center::knowledge::{Audience, Status, Text, Unit, Version, Written, code_fits};
use center::time::Day;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::library::Whole;

/// Reads a service, a list of services, or a page of an HSDS interface.
pub(crate) fn read(text: &str, given: &Given) -> Option<Found> {
    let value: Value = serde_json::from_str(text).ok()?;
    let services = match &value {
        Value::Array(services) => services.clone(),
        Value::Object(map) => match map.get("contents").or_else(|| map.get("services")) {
            Some(Value::Array(services)) => services.clone(),
            _ if map.contains_key("name") && map.contains_key("status") => vec![value.clone()],
            _ => return None,
        },
        _ => return None,
    };
    let mut found = Found::default();
    for (index, service) in services.iter().enumerate() {
        let named = service.get("name").and_then(Value::as_str);
        let place = named.map_or_else(|| (index + 1).to_string(), str::to_owned);
        match incoming(service, given) {
            Ok(article) => found.articles.push(article),
            Err(what) => found.flaw(place, what),
        }
    }
    if services.is_empty() {
        found.flaw("1", "there is no service");
    }
    Some(found)
}

fn incoming(service: &Value, given: &Given) -> Result<Incoming, String> {
    let text = |key: &str| word(service, key);
    let title = text("name");
    if title.is_empty() {
        return Err("has no `name`".into());
    }
    if matches!(text("status").as_str(), "defunct" | "inactive") {
        return Err(format!("is {}", text("status")));
    }
    let id = text("id").to_lowercase();
    let code = if code_fits(&id) { id } else { code_of(&title) };
    let more = [
        text("application_process"),
        text("eligibility_description"),
        text("alert"),
        text("url"),
    ];
    let more: Vec<String> = more.into_iter().filter(|part| !part.is_empty()).collect();
    let described = plain(&text("description"));
    let (answer, details) = answer_and_details(&described, &more.join("\n\n"));
    let documents = list(service, "required_documents")
        .iter()
        .map(|one| word(one, "document"));
    let fee = match text("fees_description").as_str() {
        "" => text("fees"),
        fee => fee.to_owned(),
    };
    let times = list(service, "schedules")
        .iter()
        .map(|one| word(one, "description"));
    let times: Vec<String> = times.filter(|one| !one.is_empty()).collect();
    let phone = list(service, "phones")
        .first()
        .map(|one| word(one, "number"));
    let mut article = given.article(&code);
    article.assured = Day::parse(text("assured_date").get(..10).unwrap_or_default());
    article.facts.source = given.language;
    let written = Written {
        text: Text {
            synonyms: vec![text("alternate_name")],
            title,
            answer,
            details,
            documents: documents.collect(),
            fee,
            time: times.join(", "),
            office: office(service),
            telephone: phone.unwrap_or_default(),
            ..Text::default()
        },
        ..Written::default()
    };
    article.texts.insert(given.language, written);
    Ok(article)
}

fn word(value: &Value, key: &str) -> String {
    let found = value.get(key).and_then(Value::as_str);
    found.unwrap_or_default().trim().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let found = value.get(key).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

/// The first address of a service's places.
fn office(service: &Value) -> String {
    let place = list(service, "service_at_locations").first();
    let Some(location) = place.and_then(|place| place.get("location")) else {
        return String::new();
    };
    let address = list(location, "addresses").first();
    let parts = ["address_1", "address_2", "city"];
    let mut all = vec![word(location, "name")];
    all.extend(
        address
            .into_iter()
            .flat_map(|one| parts.map(|key| word(one, key))),
    );
    all.retain(|part| !part.is_empty());
    all.join(", ")
}

/// Descriptions sometimes hold markup: its tags are left out.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        out.push_str(before);
        let is_tag = tag[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/');
        match tag.find('>').filter(|_| is_tag) {
            Some(close) => {
                out.push(' ');
                rest = &tag[close + 1..];
            }
            None => {
                out.push('<');
                rest = &tag[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What citizens may read as one page of services.
pub(crate) fn write(wholes: &[Whole], city: &City, language: Language, today: Day) -> String {
    let services: Vec<Value> = wholes
        .iter()
        .filter(|whole| whole.article.citizens_see(&city.library, today))
        .filter_map(|whole| service(whole, city, language, today))
        .collect();
    let count = services.len();
    let page = json!({
        "total_items": count,
        "total_pages": 1,
        "page_number": 1,
        "size": count,
        "first_page": true,
        "last_page": true,
        "empty": count == 0,
        "contents": services,
    });
    serde_json::to_string_pretty(&page).expect("plain data becomes JSON")
}

/// One article as a service, in a language it has, else in its source.
pub(crate) fn service(whole: &Whole, city: &City, language: Language, today: Day) -> Option<Value> {
    let version = whole.version()?;
    if version.facts.audience != Audience::Citizen {
        return None;
    }
    let language = if whole.texts.contains_key(&language) {
        language
    } else {
        version.facts.source
    };
    let text = whole.texts.get(&language)?;
    let article = &whole.article;
    let mut service = Service::default();
    service.put("id", uuid_of(&article.code));
    service.put("name", text.title.clone());
    service.put("alternate_name", text.synonyms.join(", "));
    let described = format!("{}\n\n{}", text.answer, text.details);
    service.put("description", described.trim());
    service.put("status", status(article.status(&city.library, today)));
    service.put("fees_description", text.fee.clone());
    let assured = article.assured.map(|day| day.to_string());
    service.put("assured_date", assured.unwrap_or_default());
    service.put("assurer_email", assurer(city, version));
    let modified = article.released.unwrap_or(article.changed);
    service.put("last_modified", modified.to_string());
    if let Some(unit) = city.library.unit(&version.facts.owner) {
        service.put("organization", organization(city, unit, language));
    }
    let id = uuid(&format!("{} attribute 0", article.code));
    service.put("attributes", attributes(city, version, language, &id));
    service.parts(whole, text);
    Some(Value::Object(service.0))
}

/// A service while it is being put together; what is empty is left out.
#[derive(Default)]
struct Service(Map<String, Value>);

impl Service {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        let empty = matches!(&value, Value::String(text) if text.is_empty())
            || matches!(&value, Value::Array(all) if all.is_empty());
        if !empty {
            self.0.insert(key.to_owned(), value);
        }
    }

    /// What has identifiers of its own.
    fn parts(&mut self, whole: &Whole, text: &Text) {
        let code = &whole.article.code;
        let part = |what: &str, at: usize| uuid(&format!("{code} {what} {at}"));
        if !text.telephone.is_empty() {
            let phone = json!({ "id": part("phone", 0), "number": text.telephone });
            self.put("phones", json!([phone]));
        }
        if !text.time.is_empty() {
            let schedule = json!({ "id": part("schedule", 0), "description": text.time });
            self.put("schedules", json!([schedule]));
        }
        let document =
            |(at, one): (usize, &String)| json!({ "id": part("document", at), "document": one });
        let documents: Vec<Value> = text.documents.iter().enumerate().map(document).collect();
        self.put("required_documents", documents);
        let language = |(at, one): (usize, &Language)| {
            let name = super::texts::own_name(*one);
            json!({ "id": part("language", at), "name": name, "code": one.code() })
        };
        let languages: Vec<Value> = whole.texts.keys().enumerate().map(language).collect();
        self.put("languages", languages);
        if !text.office.is_empty() {
            let location = json!({
                "id": part("location", 0),
                "location_type": "physical",
                "name": text.office,
            });
            let place = json!([{ "id": place_id(code), "location": location }]);
            self.put("service_at_locations", place);
        }
    }
}

/// The state of a service, as the specification names it.
fn status(status: Status) -> &'static str {
    match status {
        Status::Expired | Status::Hidden => "inactive",
        Status::Retired => "defunct",
        _ => "active",
    }
}

fn assurer(city: &City, version: &Version) -> String {
    let unit = city.library.unit(&version.facts.owner);
    unit.map_or_else(String::new, |unit| unit.email.clone())
}

/// A unit of the city.
pub(crate) fn organization(city: &City, unit: &Unit, language: Language) -> Value {
    let (name, town) = (
        name_in(&unit.names, language.code()),
        name_in(&city.names, language.code()),
    );
    let mut organization = json!({
        "id": organization_id(&unit.code),
        "name": name,
        "description": format!("{town} {name}"),
    });
    if !unit.email.is_empty() {
        organization["email"] = unit.email.clone().into();
    }
    organization
}

/// The identifier of the place of an article's service.
pub(crate) fn place_id(code: &str) -> String {
    uuid(&format!("{code} place 0"))
}

/// The identifier of a unit.
pub(crate) fn organization_id(code: &str) -> String {
    uuid(&format!("unit {code}"))
}

/// The identifier of the city's categories as a taxonomy.
pub(crate) fn taxonomy_id() -> String {
    uuid("taxonomy")
}

/// The identifier of a category.
pub(crate) fn term_id(code: &str) -> String {
    uuid(&format!("category {code}"))
}

/// A category as a term of the city's taxonomy.
pub(crate) fn term(city: &City, category: &Category, language: Language) -> Value {
    let name = name_in(&category.names, language.code());
    let parent = category.code.rsplit_once('-').map(|(parent, _)| parent);
    let parent = city
        .categories
        .iter()
        .find(|one| Some(one.code.as_str()) == parent);
    let mut path = vec![name];
    path.extend(parent.map(|one| name_in(&one.names, language.code())));
    path.reverse();
    let mut term = json!({
        "id": term_id(&category.code),
        "code": category.code,
        "name": name,
        "description": path.join(": "),
        "taxonomy": "categories",
    });
    if let Some(parent) = parent {
        term["parent_id"] = term_id(&parent.code).into();
    }
    term
}

/// The category of an article.
fn attributes(city: &City, version: &Version, language: Language, id: &str) -> Value {
    let code = &version.facts.category;
    let category = city.categories.iter().find(|one| one.code == *code);
    let attribute = |category| {
        json!({
            "id": id,
            "link_entity": "service",
            "taxonomy_term_id": term_id(code),
            "taxonomy_term": term(city, category, language),
        })
    };
    category.map(attribute).into_iter().collect()
}

/// The identifier of an article: its code where that is one, so that a service that came in goes
/// out under the name it had.
pub(crate) fn uuid_of(code: &str) -> String {
    let parts: Vec<usize> = code.split('-').map(str::len).collect();
    let digits = code
        .chars()
        .all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    if digits && parts == [8, 4, 4, 4, 12] {
        code.to_owned()
    } else {
        uuid(code)
    }
}

/// A name-based identifier (RFC 9562, version 8: from SHA-256).
fn uuid(name: &str) -> String {
    let digest = Sha256::digest(format!("dasan library {name}").as_bytes());
    let mut bytes: [u8; 16] = digest[..16].try_into().expect("sixteen of thirty-two");
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = crate::session::hex(&bytes);
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        Given {
            owner: "WTR".into(),
            category: "WAT-01-01".into(),
            language: Language::En,
        }
    }

    const PAGE: &str = r#"{"total_items": 3, "contents": [
        {"id": "AC148810-d857-441c-9679-408f346de14b", "name": "Meals", "status": "active",
         "description": "<p>Hot meals. Every day. At noon.</p>", "alternate_name": "Lunch",
         "fees_description": "Free", "assured_date": "2026-05-01",
         "phones": [{"id": "x", "number": "02-1"}],
         "required_documents": [{"document": "Card"}],
         "schedules": [{"description": "Weekdays"}],
         "service_at_locations": [{"location": {"name": "Hall", "addresses": [{"address_1": "1 Way"}]}}]},
        {"id": "2", "name": "", "status": "active"},
        {"id": "3", "name": "Old", "status": "defunct"}]}"#;

    #[test]
    fn services_become_articles_and_flaws_are_named() {
        let found = read(PAGE, &given()).expect("a page of services");
        assert_eq!((found.articles.len(), found.flaws.len()), (1, 2));
        let article = &found.articles[0];
        assert_eq!(article.code, "ac148810-d857-441c-9679-408f346de14b");
        assert_eq!(article.assured, Day::parse("2026-05-01"));
        let text = article.texts[&Language::En].text.clone().cleaned();
        assert_eq!(text.answer, "Hot meals. Every day.");
        assert_eq!(text.details, "At noon.");
        assert_eq!(
            (text.fee.as_str(), text.office.as_str()),
            ("Free", "Hall, 1 Way")
        );
        assert_eq!(
            (text.time.as_str(), text.documents),
            ("Weekdays", vec!["Card".to_owned()])
        );
        assert!(
            read("{\"article\": []}", &given()).is_none(),
            "that is another shape"
        );
        assert!(read("[1", &given()).is_none());
        assert_eq!(read("[1, {}]", &given()).expect("a list").flaws.len(), 2);
    }

    #[test]
    fn identifiers_are_uuids_and_stay() {
        let id = uuid_of("water-bill");
        assert_eq!(id, uuid_of("water-bill"));
        assert_ne!(id, uuid_of("water-bills"));
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "8");
        let own = "ac148810-d857-441c-9679-408f346de14b";
        assert_eq!(uuid_of(own), own);
    }

    #[test]
    fn tags_are_left_out_of_descriptions() {
        assert_eq!(plain("a <b>c</b> 3 < 4 <i"), "a  c  3 < 4 <i");
    }
}
