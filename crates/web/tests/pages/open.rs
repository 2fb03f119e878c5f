//! What other programs read of the library: map, feed, Open311 Inquiry and HSDS, the last one
//! judged by its published schemas. Never a page.

use super::answers::{done, drafted, written};
use super::library::{post, published, shelves};
use super::{House, Request};
use center::city::City;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The city of the library's tests, with an office to go to.
fn offices() -> City {
    let mut city = shelves();
    let unit = &mut city.library.units[0];
    unit.office = BTreeMap::from([("en".to_owned(), "Water hall <1>".to_owned())]);
    unit.email = "water@city.example".into();
    city
}

/// Two articles: one with everything, one with little.
async fn opened() -> House {
    let house = House::open_in(offices(), |settings| {
        settings.origin = Some("https://120.example".into());
    })
    .await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "little").await;
    let more = [
        ("title", "Water & more"),
        ("laws", "Water act | https://law.example/7"),
        ("valid_until", "2999-12-31"),
    ];
    drafted(&house, &lee, "water-bill", &more).await;
    let fields = [
        ("text", "en"),
        ("base", "1"),
        ("title", "Water & more"),
        ("answer", "Pay it at any bank."),
        ("details", "Not in cash.\n- card\n- transfer"),
        ("documents", "The bill"),
        ("fee", "Free"),
        ("time", "Weekdays"),
        ("office", "Water hall"),
        ("telephone", "120"),
        ("state", "human"),
    ];
    written(&house, &lee, "water-bill", &fields).await;
    for verb in ["review", "publish"] {
        done(&house, &lee, "water-bill", verb, "2").await;
    }
    house
}

async fn read(house: &House, path: &str) -> Value {
    let reply = house.get(path, "").await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("*"),
        "{path}"
    );
    serde_json::from_str(&reply.body).unwrap_or_else(|why| panic!("{path}: {why}: {}", reply.body))
}

#[tokio::test]
async fn the_map_names_every_language_and_the_feed_what_changed() {
    let house = opened().await;
    let map = house.get("/sitemap.xml", "").await;
    let place = "<loc>https://120.example/articles/water-bill?lang=en</loc>";
    assert!(map.body.contains(place), "{}", map.body);
    assert!(map.body.contains("hreflang=\"en\""));
    assert_eq!(house.get("/sitemap/1.xml", "").await.status, 404);
    assert_eq!(house.get("/sitemap/x.xml", "").await.status, 404);
    assert_eq!(
        house
            .get("/sitemap/18446744073709551615.xml", "")
            .await
            .status,
        404
    );
    let robots = house.get("/robots.txt", "").await;
    assert!(robots.body.contains("Disallow: /search\n"));
    assert!(
        robots
            .body
            .contains("Sitemap: https://120.example/sitemap.xml")
    );
    let feed = house.get("/feeds/articles.atom?lang=en", "").await;
    assert!(
        feed.body.contains("<title>Water &amp; more</title>"),
        "{}",
        feed.body
    );
    let at = |code: &str| feed.body.find(&format!("/articles/{code}?")).unwrap();
    assert!(at("water-bill") < at("little"), "the latest first");
    let tag = feed.header("etag").unwrap();
    let headers = [("if-none-match", tag), ("accept-language", "en")];
    let again = Request::new("GET", "/feeds/articles.atom?lang=en", &headers, "");
    assert_eq!(house.send(again).await.status, 304);
    // A rating is no change.
    let rated = Request::form("/articles/little/helped", "", "helped=yes");
    assert_eq!(house.send(rated).await.status, 303);
    let again = Request::new("GET", "/feeds/articles.atom?lang=en", &headers, "");
    assert_eq!(house.send(again).await.status, 304);
    let topics = house.get("/articles?lang=en", "").await;
    assert!(topics.body.contains("category=WAT"), "{}", topics.body);
    let titles = house.get("/articles?lang=en&category=WAT", "").await;
    assert!(titles.body.contains("Water &#38; more"), "{}", titles.body);
    assert_eq!(house.get("/articles?category=NOPE", "").await.status, 404);
    house.close().await;
}

#[tokio::test]
async fn inquiry_answers_in_both_forms_and_says_how_long() {
    let house = opened().await;
    let root = "/open311/inquiry/v1";
    let all = read(&house, &format!("{root}/services/all.json?lang=en")).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let mut all = all.as_array().unwrap().iter();
    let item = all
        .find(|one| one["service_name"] == "Water & more")
        .unwrap();
    let id = item["id"].as_str().unwrap();
    let mut keys: Vec<&String> = item.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        ["brief_description", "expiration", "id", "service_name"]
    );
    assert!(
        item["expiration"].as_str().unwrap().ends_with('Z'),
        "{item}"
    );
    let one = read(&house, &format!("{root}/services/{id}.json?lang=en")).await;
    assert_eq!(
        one["url"],
        "https://120.example/articles/water-bill?lang=en"
    );
    let html =
        "<p>Pay it at any bank.</p><p>Not in cash.</p><ul><li>card</li><li>transfer</li></ul>";
    assert_eq!(one["description_html"], html);
    let law = json!({ "type": "Literature", "label": "Water act", "url": "https://law.example/7" });
    assert!(
        one["web_actions"].as_array().unwrap().contains(&law),
        "{one}"
    );
    assert!(
        one["categories"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    let faq = read(&house, &format!("{root}/web_faqs/{id}?lang=en")).await;
    assert_eq!(faq["question"], "Water & more");
    assert_eq!(faq["answer_html"], html);
    house.close().await;
}

#[tokio::test]
async fn inquiry_speaks_xml_pages_and_refuses_what_is_not_there() {
    let house = opened().await;
    let root = "/open311/inquiry/v1";
    let xml = house
        .get(&format!("{root}/services/WAT.xml?lang=en"), "")
        .await;
    assert!(
        xml.body
            .contains("<service_name>Water &amp; more</service_name>"),
        "{}",
        xml.body
    );
    assert!(
        xml.header("content-type")
            .is_some_and(|kind| kind.starts_with("application/xml"))
    );
    let places = read(&house, &format!("{root}/facilities/WAT.json?lang=en")).await;
    assert_eq!(places[0]["address"], "Water hall <1>");
    let xml = house
        .get(&format!("{root}/facilities/all.xml?lang=en"), "")
        .await;
    assert!(
        xml.body.contains("<address>Water hall &lt;1&gt;</address>"),
        "{}",
        xml.body
    );
    for path in [
        "services/NOPE.json",
        "services/all.exe",
        "web_faqs/x",
        "facilities/NOPE",
        "services/%00",
    ] {
        assert_eq!(
            house.get(&format!("{root}/{path}"), "").await.status,
            404,
            "{path}"
        );
    }
    let one = read(
        &house,
        &format!("{root}/services/all.json?per_page=1&page=2&lang=en"),
    )
    .await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    house.close().await;
}

#[tokio::test]
async fn hsds_pages_narrow_and_keep_their_identifiers() {
    let house = opened().await;
    let about = read(&house, "/hsds").await;
    assert_eq!(
        about["openapi_url"],
        "https://120.example/hsds/openapi.json"
    );
    assert_eq!(read(&house, "/hsds/openapi.json").await["openapi"], "3.1.0");
    let first = read(&house, "/hsds/services?per_page=1&lang=en").await;
    for (key, value) in [
        ("total_items", json!(2)),
        ("total_pages", json!(2)),
        ("page_number", json!(1)),
        ("size", json!(1)),
        ("first_page", json!(true)),
        ("last_page", json!(false)),
        ("empty", json!(false)),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert!(
        first["contents"][0].get("languages").is_none(),
        "only what is there once"
    );
    let beyond = read(&house, "/hsds/services?per_page=1&page=99").await;
    assert_eq!(
        (&beyond["page_number"], &beyond["last_page"]),
        (&json!(2), &json!(true))
    );
    house.close().await;
}

#[tokio::test]
async fn hsds_narrows_by_unit_term_and_time() {
    let house = opened().await;
    let units = read(&house, "/hsds/organizations?lang=en").await;
    let water = units["contents"].as_array().unwrap();
    let water = water
        .iter()
        .find(|one| one["name"] == "Waterworks")
        .unwrap();
    let tax = units["contents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Tax office");
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let terms = read(&house, "/hsds/taxonomy_terms?top_only=true").await;
    let terms = terms["contents"].as_array().unwrap();
    let term = id(terms.iter().find(|one| one["code"] == "WAT").unwrap());
    for (narrow, count) in [
        (format!("organization_id={}", id(water)), 2),
        (format!("organization_id={}", id(tax.unwrap())), 0),
        (format!("taxonomy_term_id={term}"), 2),
        ("taxonomy_term_id=nope".to_owned(), 0),
        ("modified_after=2999-01-01".to_owned(), 0),
        ("modified_after=2020-01-01".to_owned(), 2),
        ("per_page=0&page=-4".to_owned(), 2),
    ] {
        let found = read(&house, &format!("/hsds/services?{narrow}")).await;
        assert_eq!(found["total_items"], count, "{narrow}");
    }
    house.close().await;
}

#[tokio::test]
async fn hsds_places_and_services_are_one_mapping_with_the_export() {
    let house = opened().await;
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let places = read(&house, "/hsds/service_at_locations?lang=en").await;
    assert_eq!(places["total_items"], 1);
    let place = &places["contents"][0];
    assert_eq!(place["location"]["name"], "Water hall");
    let same = read(&house, &format!("/hsds/service_at_locations/{}", id(place))).await;
    assert_eq!(same["id"], place["id"]);
    let whole = read(
        &house,
        &format!("/hsds/services/{}", place["service_id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(whole["name"], "Water & more");
    for path in [
        "services",
        "organizations",
        "service_at_locations",
        "taxonomies",
        "taxonomy_terms",
    ] {
        let reply = house.get(&format!("/hsds/{path}/nope"), "").await;
        assert_eq!(reply.status, 404, "{path}");
    }
    // What is exported as a file and what the interface says is one mapping.
    let lee = house.sign_in("lee").await;
    let file = house.get("/library/export/hsds.json", &lee.0).await;
    let file: Value = serde_json::from_str(&file.body).unwrap();
    let mut exported = file["contents"].as_array().unwrap().iter();
    let exported = exported.find(|one| one["id"] == whole["id"]).unwrap();
    assert_eq!(*exported, whole);
    let token = post(
        &house,
        &lee,
        "/library/a/water-bill/do/retire",
        &[("reason", "x")],
    )
    .await;
    assert_eq!(token.status, 303);
    let gone = house
        .get(&format!("/hsds/services/{}", id(&whole)), "")
        .await;
    assert_eq!(gone.status, 404);
    house.close().await;
}

/// Judges values by the published schemas; none when they, or the judge, are not here.
fn judged(schemas: &Path, values: &[(&str, Value)]) -> Option<String> {
    let judge = "
import json, pathlib, sys
try:
    import jsonschema, referencing
except ImportError:
    sys.exit(77)
folder = pathlib.Path(sys.argv[1])
def load(name):
    path = folder / name.rsplit('/', 1)[-1]
    # Some schemas name others that were not published with them: those allow everything.
    found = json.loads(path.read_text()) if path.exists() else {}
    return referencing.Resource.from_contents(found, referencing.jsonschema.DRAFT202012)
registry = referencing.Registry(retrieve=load)
wrong = []
for name, value in json.load(sys.stdin):
    schema = load(name).contents
    checker = jsonschema.Draft202012Validator(schema, registry=registry,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    wrong += [f'{name} {list(one.absolute_path)}: {one.message}'
        for one in checker.iter_errors(value)]
print('\\n'.join(wrong))
";
    let mut child = Command::new("python3")
        .args(["-c", judge])
        .arg(schemas)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    input.write_all(json!(values).to_string().as_bytes()).ok()?;
    drop(input);
    let output = child.wait_with_output().ok()?;
    if output.status.code() == Some(77) {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
    Some(said.trim().to_owned())
}

#[tokio::test]
async fn hsds_answers_fit_the_published_schemas() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let schemas = root.join("shared/data/hsds");
    if !schemas.join("service.json").exists() {
        eprintln!("skipped: the schemas of HSDS are not beside this folder");
        return;
    }
    let house = opened().await;
    let mut values: Vec<(&str, Value)> = Vec::new();
    let lists = [
        ("service.json", "/hsds/services?lang=en"),
        ("service.json", "/hsds/services?full=true&lang=en"),
        ("organization.json", "/hsds/organizations?lang=en"),
        (
            "service_at_location.json",
            "/hsds/service_at_locations?lang=en",
        ),
    ];
    for (schema, path) in lists {
        let page = read(&house, path).await;
        for item in page["contents"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap();
            let (place, _) = path.split_once('?').unwrap();
            values.push((schema, read(&house, &format!("{place}/{id}?lang=en")).await));
            values.push((schema, item.clone()));
        }
    }
    assert!(values.len() > 12, "{}", values.len());
    house.close().await;
    let Some(wrong) = judged(&schemas, &values) else {
        eprintln!("skipped: Python's jsonschema is not here");
        return;
    };
    assert_eq!(wrong, "");
    let bad = json!({ "id": "no identifier", "name": 7 });
    let wrong = judged(&schemas, &[("service.json", bad)]).unwrap();
    assert!(wrong.lines().count() >= 2, "the judge can say no: {wrong}");
}
