//! Floods: whoever writes and writes is one contact, and every message counts.

use crate::wing::{House, incoming};
use center::city::Channel;
use center::record::Row;
use messaging::inlet::Taken;
use messaging::letter::{Address, AddressKind, Incoming};
use store::Search;
use tokio::task::JoinSet;

/// Messages of a flood.
const FLOOD: u32 = 500;

async fn flood(house: &House, message: impl Fn(u32) -> Incoming) {
    let mut sent = JoinSet::new();
    for number in 0..FLOOD {
        let (inlet, message) = (house.inlet.clone(), message(number));
        sent.spawn(async move { inlet.message(message).await });
    }
    for taken in sent.join_all().await {
        assert!(matches!(taken, Ok(Taken::Message { again: false, .. })));
    }
}

async fn contacts(house: &House, channel: Channel) -> Vec<Row> {
    let of_channel = Search {
        channel: Some(channel),
        limit: 1_000,
        ..Search::default()
    };
    house.archive.contacts(&of_channel).await.unwrap()
}

fn messages(rows: &[Row]) -> u32 {
    rows.iter().map(|row| row.messages_in).sum()
}

fn from(kind: AddressKind, value: String) -> Address {
    Address {
        kind,
        value,
        name: None,
    }
}

#[tokio::test]
async fn five_hundred_texts_of_one_sender_are_one_contact_and_all_count() {
    let house = House::open().await;
    flood(&house, |number| {
        incoming(&format!("t{number}"), &format!("hello {number}"))
    })
    .await;
    let rows = contacts(&house, Channel::Text).await;
    assert_eq!((rows.len(), messages(&rows)), (1, FLOOD));
    let kept = house.archive.messages(rows[0].contact).await.unwrap();
    assert_eq!(kept.iter().filter(|kept| kept.incoming).count(), 500);
    house.assert_clean().await;
}

#[tokio::test]
async fn five_hundred_mails_and_posts_with_as_many_subjects_become_one_contact() {
    let house = House::open().await;
    // Each mail begins a conversation, from one mailbox with many tags.
    flood(&house, |number| Incoming {
        channel: Channel::Mail,
        thread: Some(format!("mail-{number}")),
        from: from(AddressKind::Mail, format!("ada+{number}@x.example")),
        ..incoming(&format!("m{number}"), "hello")
    })
    .await;
    flood(&house, |number| Incoming {
        channel: Channel::Social,
        thread: Some(format!("post-{number}")),
        from: from(AddressKind::Account, "https://x.example/ada".to_owned()),
        public: true,
        ..incoming(&format!("p{number}"), "hello")
    })
    .await;
    for channel in [Channel::Mail, Channel::Social] {
        let rows = contacts(&house, channel).await;
        // The first ten are believed; the rest is one.
        assert_eq!((rows.len(), messages(&rows)), (11, FLOOD), "{channel}");
        assert!(rows.iter().any(|row| row.messages_in == FLOOD - 10));
    }
    // Somebody else is not part of it.
    let other = Incoming {
        channel: Channel::Mail,
        thread: Some("another".to_owned()),
        from: from(AddressKind::Mail, "ben@x.example".to_owned()),
        ..incoming("b1", "hello")
    };
    house.inlet.message(other).await.unwrap();
    assert_eq!(contacts(&house, Channel::Mail).await.len(), 12);
    house.assert_clean().await;
}

#[tokio::test]
async fn a_flood_is_one_contact_still_after_a_start() {
    let mail = |number: u32| Incoming {
        channel: Channel::Mail,
        thread: Some(format!("mail-{number}")),
        from: from(AddressKind::Mail, format!("ada+{number}@x.example")),
        ..incoming(&format!("m{number}"), "hello")
    };
    let house = House::open().await;
    for number in 0..12 {
        house.inlet.message(mail(number)).await.unwrap();
    }
    assert_eq!(contacts(&house, Channel::Mail).await.len(), 11);
    let house = house.restart().await;
    for number in 12..20 {
        house.inlet.message(mail(number)).await.unwrap();
    }
    // A conversation that was believed goes on by itself.
    let known = Incoming {
        key: "again".to_owned(),
        ..mail(3)
    };
    house.inlet.message(known).await.unwrap();
    let rows = contacts(&house, Channel::Mail).await;
    assert_eq!((rows.len(), messages(&rows)), (11, 21));
    assert!(rows.iter().any(|row| row.messages_in == 10));
    house.assert_clean().await;
}
