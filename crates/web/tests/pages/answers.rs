//! What citizens read of the library: search, articles, what they say of them, and what they never
//! see. Never the library's own pages.

use super::library::{Who, post, published, shelves};
use super::{House, Reply, Request};
use center::city::Language;
use center::knowledge::Gap;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Everything that lists or shows articles to everybody.
pub const EVERYWHERE: [&str; 14] = [
    "/search?q=water&lang=en",
    "/articles?lang=en",
    "/articles?lang=en&category=WAT",
    "/sitemap.xml",
    "/sitemap/0.xml",
    "/feeds/articles.atom?lang=en",
    "/open311/inquiry/v1/services/all.json?lang=en",
    "/open311/inquiry/v1/services/WAT.xml?lang=en",
    "/open311/inquiry/v1/web_faqs/all.xml?lang=en",
    "/open311/inquiry/v1/facilities/all.xml?lang=en",
    "/hsds/services?full=true&lang=en",
    "/hsds/services?search=water&lang=en",
    "/hsds/services?minimal=true",
    "/hsds/service_at_locations?lang=en",
];

/// Drafts an article with these fields beside the usual ones.
pub async fn drafted(house: &House, who: &Who, code: &str, more: &[(&str, &str)]) {
    let mut fields = vec![
        ("code", code),
        ("title", "Water bill"),
        ("answer", "Pay it at any bank."),
        ("category", "WAT-01-01"),
        ("outcome", "AN"),
        ("owner", "WTR"),
        ("source", "en"),
        ("audience", "citizen"),
    ];
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend(more);
    let reply = post(house, who, "/library/new", &fields).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
}

/// Asks for something to be done with an article's revision.
pub async fn done(house: &House, who: &Who, code: &str, verb: &str, base: &str) {
    let path = format!("/library/a/{code}/do/{verb}");
    let fields = [("base", base), ("reason", "because")];
    let reply = post(house, who, &path, &fields).await;
    assert_eq!(reply.status, 303, "{verb}: {}", reply.body);
}

/// Writes a text in a language.
pub async fn written(house: &House, who: &Who, code: &str, fields: &[(&str, &str)]) {
    let path = format!("/library/a/{code}/text");
    let reply = post(house, who, &path, fields).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
}

/// Asks again until the index has followed the library.
pub async fn until(house: &House, path: &str, wanted: &str) -> Reply {
    let begin = Instant::now();
    loop {
        let reply = house.get(path, "").await;
        if reply.body.contains(wanted) {
            return reply;
        }
        let waited = begin.elapsed() < Duration::from_secs(20);
        assert!(waited, "{path} never had {wanted}: {}", reply.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_search_leads_to_an_article_that_a_browser_keeps() {
    let house = House::open_in(shelves(), |settings| {
        settings.origin = Some("https://120.example".into());
    })
    .await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "water-bill").await;
    let start = house.get("/?lang=en", "").await;
    let field = start
        .body
        .find("action=\"/search\"")
        .expect("a search form");
    assert!(
        start.body.find("<h1>").is_some_and(|title| field < title),
        "the search comes first"
    );
    let found = until(&house, "/search?q=water&lang=en&district=north", "<mark>").await;
    let link = "/articles/water-bill?lang=en&#38;district=north&#38;q=water";
    assert!(found.body.contains(link), "{}", found.body);
    assert!(found.body.contains("<mark>Water</mark>"), "{}", found.body);
    let part = house.get("/search?q=water&lang=en&part=1", "").await;
    assert!(part.body.trim_start().starts_with("<div id=\"found\">"));
    let place = "/articles/water-bill?lang=en&q=water";
    let page = house.get(place, "").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Pay it at any bank."));
    let alternate = "hreflang=\"en\" href=\"https://120.example/articles/water-bill?lang=en\"";
    assert!(page.body.contains(alternate), "{}", page.body);
    let data = page.body.split("application/ld+json\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    let kinds: Vec<&Value> = (0..2).map(|at| &data["@graph"][at]["@type"]).collect();
    assert_eq!(kinds, ["GovernmentService", "FAQPage"]);
    assert_eq!(data["@graph"][0]["provider"]["name"], "Waterworks");
    let answer = &data["@graph"][1]["mainEntity"][0]["acceptedAnswer"]["text"];
    assert_eq!(answer, "Pay it at any bank.");
    // A reload costs nothing, until something changes.
    let tag = page.header("etag").unwrap();
    let headers = [
        ("accept", "text/html"),
        ("accept-language", "en"),
        ("if-none-match", tag),
    ];
    let again = house.send(Request::new("GET", place, &headers, "")).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    done(&house, &lee, "water-bill", "retire", "1").await;
    let gone = house.send(Request::new("GET", place, &headers, "")).await;
    assert_eq!(gone.status, 410);
    assert!(gone.body.contains("This answer is no longer in use"));
    let hits = house.get("/search?q=water&lang=en", "").await;
    assert!(!hits.body.contains("/articles/water-bill"), "at once");
    house.close().await;
}

#[tokio::test]
async fn a_page_says_how_far_it_can_be_trusted_and_keeps_the_place() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    drafted(&house, &lee, "water-bill", &[("source", "ko")]).await;
    let north = [
        ("text", "ko"),
        ("district", "north"),
        ("base", "1"),
        ("office", "North hall"),
        ("telephone", "02-345-6789"),
        ("state", "human"),
    ];
    written(&house, &lee, "water-bill", &north).await;
    let vi = [
        ("text", "vi"),
        ("base", "2"),
        ("title", "Tiền nước"),
        ("answer", "Trả ở ngân hàng."),
        ("state", "unchecked"),
    ];
    written(&house, &lee, "water-bill", &vi).await;
    for verb in ["review", "publish"] {
        done(&house, &lee, "water-bill", verb, "3").await;
    }
    let page = house
        .get("/articles/water-bill?lang=ko&district=north", "")
        .await;
    assert!(page.body.contains("North hall"));
    assert!(
        page.body
            .contains("<a href=\"tel:023456789\">02-345-6789</a>")
    );
    let other = "href=\"/articles/water-bill?lang=vi&#38;district=north\" lang=\"vi\"";
    assert!(page.body.contains(other), "{}", page.body);
    let page = house
        .get("/articles/water-bill?lang=vi&district=north", "")
        .await;
    assert!(page.body.contains("Tiền nước") && page.body.contains("Do máy dịch"));
    assert!(page.body.contains("Đọc bản 한국어"));
    let page = house.get("/articles/water-bill?lang=mn", "").await;
    assert!(page.body.contains("<html lang=\"mn\">"));
    assert!(page.body.contains("Монгол хувилбар хараахан алга"));
    assert!(page.body.contains("<div lang=\"ko\">"));
    house.close().await;
}

#[tokio::test]
async fn hostile_texts_stay_texts_everywhere() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    let more = [
        ("title", "Water <script>alert(1)</script>"),
        ("answer", "Water </script><img src=x onerror=alert(1)>"),
    ];
    drafted(&house, &lee, "bad", &more).await;
    for verb in ["review", "publish"] {
        done(&house, &lee, "bad", verb, "1").await;
    }
    until(&house, EVERYWHERE[0], "/articles/bad").await;
    let mut places: Vec<&str> = EVERYWHERE.to_vec();
    places.push("/articles/bad?lang=en&q=%3Cimg%20src%3Dx%3E");
    places.push("/search?q=%22%3E%3Cimg%20src%3Dx%3E&lang=en");
    places.push("/?text=%3Cimg%20src%3Dx%3E");
    for place in places {
        let page = house.get(place, "").await;
        let body = page.body.as_str();
        let kind = page.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            // In JSON a text is a text as it is, as long as nothing takes it for a page.
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
            assert!(serde_json::from_str::<Value>(body).is_ok(), "{place}");
            continue;
        }
        assert!(!body.contains("<img src=x"), "{place}: {body}");
        assert!(!body.contains("<script>alert"), "{place}: {body}");
    }
    for code in ["..%2f..%2fcity.toml", "%00", "BAD", "a'b", "%F0%9F%92%A7"] {
        let page = house.get(&format!("/articles/{code}"), "").await;
        assert_eq!(page.status, 404, "{code}");
        assert!(page.body.contains("There is no such answer"), "{code}");
    }
    house.close().await;
}

#[tokio::test]
async fn what_is_not_for_citizens_is_nowhere() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "seen").await;
    let hidden = [("title", "Water SECRETWORD")];
    let counselor = [("title", "Water SECRETWORD"), ("audience", "counselor")];
    drafted(&house, &lee, "only-draft", &hidden).await;
    drafted(&house, &lee, "for-counselors", &counselor).await;
    drafted(&house, &lee, "retired-one", &hidden).await;
    for code in ["for-counselors", "retired-one"] {
        for verb in ["review", "publish"] {
            done(&house, &lee, code, verb, "1").await;
        }
    }
    done(&house, &lee, "retired-one", "retire", "1").await;
    // A draft beside what is published is nobody's to read either.
    let revised = [
        ("text", "en"),
        ("base", "1"),
        ("title", "Water SECRETWORD"),
        ("answer", "A secretword."),
        ("state", "human"),
    ];
    written(&house, &lee, "seen", &revised).await;
    until(&house, EVERYWHERE[0], "/articles/seen").await;
    for place in EVERYWHERE
        .iter()
        .chain(&["/search?q=secretword&lang=ko", "/articles/seen"])
    {
        let page = house.get(place, "").await;
        let body = page.body.to_lowercase().replace("q=secretword", "");
        let body = body.replace("“secretword”", "");
        for word in [
            "water secretword",
            "a secretword",
            "only-draft",
            "for-counselors",
            "retired-one",
        ] {
            assert!(!body.contains(word), "{word} at {place}: {body}");
        }
    }
    for (code, status) in [
        ("only-draft", 404),
        ("for-counselors", 404),
        ("retired-one", 410),
    ] {
        let page = house.get(&format!("/articles/{code}"), "").await;
        assert_eq!(page.status, status, "{code}");
        assert!(!page.body.contains("SECRETWORD"), "{code}");
        let rate = format!("/articles/{code}/helped");
        let reply = house.send(Request::form(&rate, "", "helped=yes")).await;
        assert_eq!(reply.status, 404, "{code}");
    }
    house.close().await;
}

#[tokio::test]
async fn readers_say_whether_it_helped_and_are_led_on() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "water-bill").await;
    let rate = "/articles/water-bill/helped";
    let yes = "helped=yes&lang=en&district=north&q=my+%26+bill";
    let mut last = String::new();
    for _ in 0..2 {
        let reply = house.send(Request::form(rate, "", yes)).await;
        assert_eq!(reply.status, 303);
        reply.header("location").unwrap().clone_into(&mut last);
    }
    let expected = "/articles/water-bill?lang=en&district=north&q=my%20%26%20bill&thanks=yes#said";
    assert_eq!(last, expected);
    let mut other = Request::form(rate, "", "helped=no&lang=en&q=my+bill");
    other.extra.push(("user-agent", "another"));
    let reply = house.send(other).await;
    let place = reply.header("location").unwrap().split('#').next();
    let page = house.get(place.unwrap(), "").await;
    assert!(page.body.contains("Somebody will look at this text again"));
    assert!(page.body.contains("\nmy bill</textarea>"), "{}", page.body);
    let id = house
        .archive
        .find_article("water-bill")
        .await
        .unwrap()
        .unwrap();
    let article = house.archive.article(id).await.unwrap().unwrap();
    assert_eq!(article.ratings, (1, 1), "twice is once");
    let gaps = house.archive.library_gaps(Gap::NoHelp, 9).await.unwrap();
    assert_eq!(gaps[0].0.about, "water-bill");
    for body in ["", "helped=maybe", "\u{0}"] {
        let reply = house.send(Request::form(rate, "", body)).await;
        assert_eq!(reply.status, 400, "{body}");
    }
    let mut foreign = Request::form(rate, "", "helped=yes");
    foreign.extra.push(("origin", "https://elsewhere.example"));
    assert_eq!(house.send(foreign).await.status, 403);
    house.close().await;
}

#[tokio::test]
async fn searches_without_a_click_are_gaps_and_those_with_one_are_not() {
    let house = House::open_in(shelves(), |_| {}).await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "water-bill").await;
    until(
        &house,
        "/search?q=water&lang=en&part=1",
        "/articles/water-bill",
    )
    .await;
    let page = house.get("/search?q=Unicorn+permit&lang=en", "").await;
    assert!(
        page.body
            .contains("There is no answer to “Unicorn permit” yet.")
    );
    assert!(page.body.contains("\nUnicorn permit</textarea>"));
    house.get("/search?q=kim+010-1234-5678&lang=en", "").await;
    let headers = [("user-agent", "SomeBot/1.0"), ("accept", "text/html")];
    let robot = Request::new("GET", "/search?q=robots&lang=en", &headers, "");
    assert_eq!(house.send(robot).await.status, 200);
    house.get("/articles/water-bill", "").await;
    let House {
        web,
        archive,
        folder,
        ..
    } = house;
    web.stop().await;
    let gaps = archive.library_gaps(Gap::NoClick, 9).await.unwrap();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let (key, count) = &gaps[0];
    assert_eq!((key.language, count.open), (Language::En, 1));
    let words = archive.library_words(&[&key.about]).await.unwrap();
    assert_eq!(words[&key.about], "unicorn permit");
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_question_goes_along_to_chat_form_and_call() {
    let house = House::open_in(shelves(), |settings| {
        settings.writing.form = Some(std::sync::Arc::new(|_| {
            Box::pin(async { Err(web::FormRefused::Trouble) })
        }));
    })
    .await;
    let asked = "lang=en&text=Where+is+my+%3Cbin%3E%3F";
    let begun = house.send(Request::form("/chat/start", "", asked)).await;
    assert_eq!(begun.status, 303);
    let place = begun.header("location").unwrap().to_owned();
    assert_eq!(place, "/chat?text=Where%20is%20my%20%3Cbin%3E%3F");
    let cookie = begun.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let typed = "Where is my &#60;bin&#62;?";
    for (path, cookie) in [
        (place.as_str(), cookie),
        ("/write?text=Where+is+my+%3Cbin%3E%3F&lang=en", ""),
        ("/?text=Where+is+my+%3Cbin%3E%3F&lang=en", ""),
    ] {
        let page = house.get(path, cookie).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains(typed), "{path}: {}", page.body);
    }
    house.close().await;
}
