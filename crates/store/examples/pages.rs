//! Fills a store with a year of contacts and says how fast a start and the pages are.
//!
//! `cargo run -p store --release --example pages -- FOLDER CONTACTS [postgres://…]`; a folder that
//! is filled is used again.

use center::city::{Category, City, Language, OutcomeCode, Weights};
use center::limit::Limits;
use center::menu::Menu;
use center::time::{HOUR_MS, Time, Zone};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use store::{Place, year};

const UNTIL: Time = Time(1_795_000_000_000);

#[tokio::main]
async fn main() -> Result<(), store::Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "year".to_owned());
    let contacts = arguments.next().and_then(|n| n.parse().ok());
    let contacts = contacts.unwrap_or(100_000);
    let city = Arc::new(city());
    let place = match arguments.next() {
        None => Place::Folder(folder.clone().into()),
        Some(url) => Place::Postgres {
            url,
            folder: folder.clone().into(),
        },
    };
    if !std::path::Path::new(&folder).exists() {
        let started = Instant::now();
        year::fill(&place, &city, contacts, UNTIL).await?;
        println!(
            "filled with {contacts} contacts in {:.1?}",
            started.elapsed()
        );
    }
    let started = Instant::now();
    let (mut journal, archive) = store::open(&place, &city).await?;
    let opened = started.elapsed();
    let recovery = journal.recover(UNTIL).await?;
    let events = recovery.entries.len();
    println!(
        "opened in {opened:.1?}, ready after {:.1?}, {events} events told",
        started.elapsed()
    );
    for time in year::pages(&archive, &city, contacts, UNTIL, 200).await? {
        let (page, shown) = (&time.page, time.shown);
        println!(
            "{page:<48} p50 {:>10.2?}  p99 {:>10.2?}  {shown}",
            time.p50, time.p99
        );
    }
    Ok(())
}

/// 300 categories in 15 groups.
fn city() -> City {
    let leaf = |number: usize| Category {
        code: format!("{:03}-{:02}-01", number / 20, number % 20),
        names: BTreeMap::new(),
        leaf: true,
    };
    let outcome = |code: &str| OutcomeCode {
        code: code.to_owned(),
        names: BTreeMap::new(),
    };
    City {
        names: BTreeMap::new(),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: (0..300).map(leaf).collect(),
        outcomes: ["IN", "TR", "RQ"].map(outcome).into(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}
