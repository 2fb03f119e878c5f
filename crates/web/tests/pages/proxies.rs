//! The pages behind a reverse proxy: everybody is counted by the own address. Never the reading of
//! the line itself.

use super::chat::ready;
use super::{House, Reply, Request};

const FORM: &str = "application/x-www-form-urlencoded";

/// Someone whom a proxy names sends a form.
async fn named(house: &House, forwarded_for: &str, path: &str, body: &str) -> Reply {
    let headers = [
        ("x-forwarded-for", forwarded_for),
        ("content-type", FORM),
        ("accept", "text/html"),
    ];
    house.send(Request::new("POST", path, &headers, body)).await
}

/// How many chats someone can begin.
async fn begun(house: &House, forwarded_for: &str) -> usize {
    let mut begun = 0;
    while named(house, forwarded_for, "/chat/start", "").await.status == 303 {
        begun += 1;
    }
    begun
}

#[tokio::test]
async fn behind_a_proxy_nobody_uses_up_what_is_anothers() {
    let house = House::open_with(|settings| {
        settings.proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    assert_eq!(begun(&house, "198.51.100.7").await, 30);
    assert_eq!(begun(&house, "203.0.113.1, 198.51.100.7").await, 0);
    assert_eq!(begun(&house, "198.51.100.8").await, 30);
    assert_eq!(begun(&house, "2001:db8::1").await, 30);
    assert_eq!(begun(&house, "2001:db8::2").await, 0, "the same household");
    for _ in 0..10 {
        let wrong = "login=kim&password=no";
        named(&house, "198.51.100.7", "/desk/sign-in", wrong).await;
    }
    let right = "login=kim&password=sesame";
    let guesser = named(&house, "198.51.100.7", "/desk/sign-in", right).await;
    let kim = named(&house, "198.51.100.9", "/desk/sign-in", right).await;
    assert_eq!((guesser.status, kim.status), (429, 303));
    house.close().await;
}

#[tokio::test]
async fn whom_a_stranger_names_is_not_believed() {
    let house = House::open().await;
    assert_eq!(begun(&house, "198.51.100.7").await, 30);
    assert_eq!(begun(&house, "198.51.100.8").await, 0);
    // What citizens use up is nothing that a counselor needs.
    drop(ready(&house, "kim").await);
    house.close().await;
}
