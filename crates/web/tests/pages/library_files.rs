//! Files of the library: what is brought in is shown first and becomes drafts, what goes out comes
//! in again, what is missing is listed.

use crate::library::{Who, post, published, shelves};
use crate::{House, Reply, Request};
use center::city::Language;
use center::knowledge::{ArticleId, Author, Gap, Status};
use hub::LibraryCommand;
use std::fmt::Write as _;
use std::sync::Arc;

/// Sends a file to the import page.
async fn send(house: &House, who: &Who, name: &str, content: &str) -> Reply {
    send_to(house, who, "/library/import", (name, content)).await
}

/// Sends a file to a page.
pub async fn send_to(house: &House, who: &Who, path: &str, (name, content): (&str, &str)) -> Reply {
    let mut body = String::new();
    for (field, value) in [
        ("token", who.1.as_str()),
        ("owner", "WTR"),
        ("category", "WAT-01-01"),
        ("language", "en"),
    ] {
        write!(
            body,
            "--line\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    write!(
        body,
        "--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n\
         {content}\r\n--line--\r\n"
    )
    .unwrap();
    let headers = [
        ("cookie", who.0.as_str()),
        ("content-type", "multipart/form-data; boundary=line"),
        ("accept", "text/html"),
        ("accept-language", "en"),
    ];
    house
        .send(Request::new("POST", path, &headers, &body))
        .await
}

/// The address of a preview's button.
fn button(page: &str) -> Option<String> {
    button_of(page, "/library/import/")
}

/// The address of a button that begins so.
pub fn button_of(page: &str, begins: &str) -> Option<String> {
    let rest = page.split(&format!("action=\"{begins}")).nth(1)?;
    Some(format!("{begins}{}", rest.split('"').next()?))
}

async fn house() -> House {
    House::open_in(shelves(), |settings| {
        // Stands in for the cleaner of the written wing: its output is what is read.
        settings.writing.markup = Some(Arc::new(|source: &str| source.to_owned()));
    })
    .await
}

async fn count(house: &House) -> u64 {
    let counts = house.archive.article_counts().await.unwrap();
    counts.values().sum()
}

#[tokio::test]
async fn a_table_is_shown_first_and_becomes_drafts() {
    let house = house().await;
    let lee = house.sign_in("lee").await;
    let table = "code,title,answer,district\r\n\
                 bill,Water bill,Pay at a bank. Or by app. Not in cash.,\r\n\
                 bill,,Pay at the north hall.,north\r\n\
                 short,Only three\r\n\
                 BAD CODE,Title,Answer.,\r\n\
                 evil,\"<script>alert(1)</script>\",A.,\r\n\
                 evil,Again,A.,\r\n";
    let page = send(&house, &lee, "faq.csv", table).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Make 3 drafts"), "{}", page.body);
    assert!(page.body.contains("has 2 columns instead of 4"));
    assert!(page.body.contains("`evil` is there twice in en"));
    assert!(
        page.body.contains(">bad-code</th>"),
        "a code is made to fit"
    );
    assert!(!page.body.contains("<script>alert"));
    assert_eq!(count(&house).await, 0, "a preview changes nothing");
    let path = button(&page.body).unwrap();
    let kim = house.sign_in("kim").await;
    assert_eq!(post(&house, &kim, &path, &[]).await.status, 403);
    let done = post(&house, &lee, &path, &[("reason", "from the old system")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(post(&house, &lee, &path, &[]).await.status, 410, "once");
    let id = house.archive.find_article("bill").await.unwrap().unwrap();
    let whole = house
        .archive
        .whole_article(id, true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(whole.article.counted, Status::Draft);
    let text = &whole.texts[&Language::En];
    assert_eq!(text.answer, "Pay at a bank. Or by app.");
    assert_eq!(text.details, "Not in cash.");
    assert_eq!(text.variants["north"].answer, "Pay at the north hall.");
    let again = send(&house, &lee, "faq.csv", table).await;
    assert!(button(&again.body).is_none(), "all of it is there already");
}

#[tokio::test]
async fn what_comes_again_is_a_draft_beside_what_is_published() {
    let house = house().await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let table = "code,title,answer,fee\nbill,Water bill,Pay it at any bank.,2 won\n";
    let page = send(&house, &lee, "faq.csv", table).await;
    assert!(page.body.contains("Make 1 drafts"), "{}", page.body);
    let path = button(&page.body).unwrap();
    // Somebody else is faster.
    let text = [
        ("text", "en"),
        ("base", "1"),
        ("title", "Bill"),
        ("answer", "Pay."),
    ];
    let saved = post(&house, &lee, "/library/a/bill/text", &text).await;
    assert_eq!(saved.status, 303);
    let done = post(&house, &lee, &path, &[]).await;
    assert_eq!(done.status, 409);
    assert!(done.body.contains("1 could not be made"), "{}", done.body);
    let page = send(&house, &lee, "faq.csv", table).await;
    let done = post(&house, &lee, &button(&page.body).unwrap(), &[]).await;
    assert_eq!(done.status, 303);
    let id = house.archive.find_article("bill").await.unwrap().unwrap();
    let article = house.archive.article(id).await.unwrap().unwrap();
    assert_eq!((article.published, article.revision()), (Some(1), 3));
    assert_eq!(article.counted, Status::Published);
}

#[tokio::test]
async fn pages_and_services_are_read() {
    let house = house().await;
    let lee = house.sign_in("lee").await;
    let html = "<h2>How do I pay?</h2><p>At a bank.</p><h2>Empty</h2>";
    let page = send(&house, &lee, "faq.html", html).await;
    assert!(page.body.contains("how-do-i-pay") && page.body.contains("Make 1 drafts"));
    let json = r#"[{"id": "1", "name": "Meals", "status": "active", "description": "Hot."}]"#;
    let page = send(&house, &lee, "services.json", json).await;
    assert!(page.body.contains("Meals") && page.body.contains("Make 1 drafts"));
    for (name, content, said) in [
        ("a.toml", "[[article]]\ncode = \n", "What could not be read"),
        ("a.json", "{\"x\": [", "What could not be read"),
        ("a.csv", "x,y\n1,2\n", "names no columns"),
        ("a.csv", "", "Choose a file."),
        ("a.html", "<p>no heading", "no heading"),
    ] {
        let page = send(&house, &lee, name, content).await;
        assert!(page.body.contains(said), "{name} {content}: {}", page.body);
        assert!(button(&page.body).is_none());
    }
    let huge = "x".repeat((10 << 20) + 1);
    let page = send(&house, &lee, "huge.csv", &huge).await;
    assert_eq!(page.status, 413);
    assert!(page.body.contains("larger than 10 MB"));
    let page = send(&house, &lee, "huger.csv", &huge.repeat(2)).await;
    assert_eq!(page.status, 413);
    let odd = house.sign_in("odd").await;
    assert_eq!(send(&house, &odd, "faq.html", html).await.status, 403);
    assert_eq!(count(&house).await, 0);
}

#[tokio::test]
async fn what_goes_out_comes_in_again_unchanged() {
    let house = house().await;
    let lee = house.sign_in("lee").await;
    published(&house, &lee, "bill").await;
    let north = [
        ("text", "en"),
        ("district", "north"),
        ("base", "1"),
        ("fee", "=1+1"),
        ("details", "- one\n- two"),
    ];
    let saved = post(&house, &lee, "/library/a/bill/text", &north).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    for name in ["articles.toml", "articles.json", "articles.csv"] {
        let file = house.get(&format!("/library/export/{name}"), &lee.0).await;
        assert_eq!(file.status, 200);
        assert!(file.header("content-disposition").unwrap().contains(name));
        let page = send(&house, &lee, name, &file.body).await;
        assert!(
            page.body.contains(">As it is</span>"),
            "{name}: {}",
            page.body
        );
        assert!(button(&page.body).is_none(), "{name}");
    }
    let file = house.get("/library/export/articles.csv", &lee.0).await;
    assert!(file.body.contains("'=1+1"), "no spreadsheet runs it");
    let file = house.get("/library/export/hsds.json", &lee.0).await;
    let page: serde_json::Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!(page["contents"][0]["name"], "Water bill");
    assert_eq!(page["contents"][0]["status"], "active");
    assert_eq!(page["contents"][0]["organization"]["name"], "Waterworks");
    assert_eq!(house.get("/library/export/else", &lee.0).await.status, 404);
}

#[tokio::test]
async fn what_is_missing_is_listed_until_it_is_dealt_with() {
    let house = house().await;
    let lee = house.sign_in("lee").await;
    let librarian = house.hub.librarian();
    published(&house, &lee, "bill").await;
    let missed = LibraryCommand::Missed {
        gap: Gap::NoClick,
        language: Language::En,
        words: "bears & <wolves>".into(),
        category: String::new(),
    };
    librarian.send(Author::default(), missed).await.unwrap();
    let rate = center::knowledge::Order::Rate {
        language: Language::En,
        helped: false,
        words: String::new(),
        contact: None,
    };
    let asked = librarian.ask(Author::default(), ArticleId(1), rate).await;
    asked.unwrap();
    let page = house.get("/library/gaps", &lee.0).await;
    assert!(
        page.body.contains("bears &#38; &#60;wolves&#62;"),
        "{}",
        page.body
    );
    assert!(page.body.contains("href=\"/library/a/bill\""));
    let about = page.body.split("name=\"about\" value=\"").nth(1).unwrap();
    let about = about.split('"').next().unwrap();
    let fields = [("gap", "no_click"), ("language", "en"), ("about", about)];
    let odd = house.sign_in("odd").await;
    let path = "/library/gaps/settle";
    assert_eq!(post(&house, &odd, path, &fields).await.status, 403);
    assert_eq!(post(&house, &lee, path, &fields).await.status, 303);
    let page = house.get("/library/gaps", &lee.0).await;
    assert!(!page.body.contains("bears"));
}
