//! `dasan bench`: measures this machine and prints `name=value` pairs. Never part of a test.

mod calls;
mod chats;
mod contacts;
mod routing;
mod texts;

use crate::{city, config};
use anyhow::Result;
use center::city::{City, CounselorId, CounselorProfile};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use store::Place;
use store::bench::{self, Bytes};

/// Contacts at once, and so the size of a group.
const AT_ONCE: usize = 4_000;

/// Contacts of one measurement.
const CONTACTS: u64 = 60_000;

/// Counselors who can talk at once.
const DESKS: u32 = 400;

/// Pages of each kind.
const PAGES_EACH: usize = 200;

pub async fn run(bench: &config::Bench) -> Result<ExitCode> {
    crate::descriptors::raise();
    if let Some(center) = &bench.generator {
        if bench.what.iter().any(|what| what == "chats") {
            chats::citizens::run(center.parse()?).await?;
        } else {
            calls::generator::run(center.parse()?).await?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |name: &str| bench.what.is_empty() || bench.what.iter().any(|what| what == name);
    if wanted("routing") {
        let figures = routing::run(1_000, 10_000, 2_000_000);
        println!("routing_counselors={}", figures.counselors);
        println!("routing_waiting={}", figures.waiting);
        println!("routing_decisions={}", figures.decisions);
        println!("routing_decisions_per_s={:.0}", figures.per_s);
    }
    let folder = std::env::temp_dir().join(format!("dasan-bench-{}", std::process::id()));
    let measured = measure_record(bench, &wanted, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    measured?;
    Ok(ExitCode::SUCCESS)
}

/// What needs a record of its own.
async fn measure_record(
    bench: &config::Bench,
    wanted: &impl Fn(&str) -> bool,
    folder: &Path,
) -> Result<()> {
    if wanted("contacts") {
        durable(folder, bench.database.as_deref()).await?;
    }
    if wanted("calls") {
        let city = Arc::new(crowd(DESKS)?);
        calls::run(&city, &folder.join("calls")).await?.print();
    }
    if wanted("texts") {
        texts(&folder.join("texts"), bench.database.as_deref()).await?;
    }
    if wanted("chats") {
        chats::run(&crowd(DESKS)?, &folder.join("chats")).await?;
    }
    if wanted("pages") {
        pages(&folder.join("pages"), bench.contacts).await?;
    }
    if wanted("search") {
        for articles in &bench.articles {
            let folder = folder.join(format!("search-{articles}"));
            let figures = search::bench::run(&folder, *articles)?;
            figures.lines().iter().for_each(|line| println!("{line}"));
            std::fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

/// Texts per second over a bind, through the record and with nothing behind it.
async fn texts(folder: &Path, database: Option<&str>) -> Result<()> {
    let city = Arc::new(crowd(1_000)?);
    let bare = texts::bare(&city, &folder.join("bare")).await?;
    let sqlite = Place::Folder(folder.join("record"));
    texts::run(&city, &sqlite).await?.print("sqlite", &bare);
    if let Some(url) = database {
        let place = Place::Postgres {
            url: url.to_owned(),
            folder: folder.join("pg-record"),
        };
        texts::run(&city, &place).await?.print("postgres", &bare);
    }
    Ok(())
}

/// How long lists, searches and records take with so many contacts in the store.
async fn pages(folder: &Path, contacts: u64) -> Result<()> {
    let city = Arc::new(crowd(DESKS)?);
    let place = Place::Folder(folder.to_owned());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let until = center::time::Time(now.as_millis() as i64);
    store::year::fill(&place, &city, contacts, until).await?;
    let started = Instant::now();
    let (mut journal, archive) = store::open(&place, &city).await?;
    journal.recover(until).await?;
    println!("pages_contacts={contacts}");
    println!(
        "pages_ready_ms={:.1}",
        started.elapsed().as_secs_f64() * 1e3
    );
    for page in store::year::pages(&archive, &city, contacts, until, PAGES_EACH).await? {
        let name = page.page.replace(' ', "_");
        println!("pages_{name}_p50_ms={:.2}", page.p50.as_secs_f64() * 1e3);
        println!("pages_{name}_p99_ms={:.2}", page.p99.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// Durable contacts per second beside a bare insert of the same bytes, and of the journal's alone.
async fn durable(folder: &Path, database: Option<&str>) -> Result<()> {
    let city = Arc::new(crowd(AT_ONCE as u32)?);
    let sqlite = |name: &str| Place::Folder(folder.join(name));
    measure("sqlite", &city, &sqlite("record"), &sqlite("bare")).await?;
    if let Some(url) = database {
        let place = |name: &str| Place::Postgres {
            url: url.to_owned(),
            folder: folder.join(name),
        };
        measure("postgres", &city, &place("pg-record"), &place("pg-bare")).await?;
    }
    Ok(())
}

async fn measure(name: &str, city: &Arc<City>, record: &Place, plain: &Place) -> Result<()> {
    let figures = contacts::run(city, record, CONTACTS, AT_ONCE).await?;
    let say = |what: &str, value: String| println!("contacts_{name}{what}={value}");
    let micros = |took: std::time::Duration| format!("{:.1}", took.as_secs_f64() * 1e6);
    let millis = |took: std::time::Duration| format!("{:.2}", took.as_secs_f64() * 1e3);
    say("", figures.contacts.to_string());
    say("_per_s", format!("{:.0}", figures.per_s));
    say("_arrive_p50_ms", millis(figures.arrive_p50));
    say("_arrive_p99_ms", millis(figures.arrive_p99));
    say("_center_cpu_us_each", micros(figures.center_cpu_each));
    say("_town_cpu_us_each", micros(figures.town_cpu_each));
    let both = [("bare", Bytes::All), ("bare_journal", Bytes::Journal)];
    for (what, which) in both {
        let bare = bench::bare(record, plain, &city.zone, &figures.commits, which).await?;
        let bare_per_s = figures.contacts as f64 / bare.took.as_secs_f64();
        let each = |sum: u64| format!("{:.1}", sum as f64 / figures.contacts as f64);
        if which == Bytes::All {
            let per_commit = figures.contacts as f64 / bare.commits as f64;
            say("_per_commit", format!("{per_commit:.0}"));
        }
        say(&format!("_{what}_rows_each"), each(bare.rows));
        say(&format!("_{what}_bytes_each"), each(bare.bytes));
        say(&format!("_{what}_per_s"), format!("{bare_per_s:.0}"));
        say(
            &format!("_of_{what}"),
            format!("{:.2}", figures.per_s / bare_per_s),
        );
    }
    Ok(())
}

/// The sample city with so many general counselors and room for as many calls.
fn crowd(counselors: u32) -> Result<City> {
    let nowhere = Path::new("/nonexistent");
    let mut city = city::read(nowhere)?.city;
    let general = city.counselors[0].skills.clone();
    let profile = |number: u32| CounselorProfile {
        id: CounselorId(number),
        login: format!("bench-{number}"),
        name: format!("Bench {number}"),
        skills: general.clone(),
        supervisor: false,
        library: center::knowledge::Role::default(),
    };
    city.counselors = (1..=counselors).map(profile).collect();
    city.limits.calls_max = usize::MAX;
    city.queues
        .iter_mut()
        .for_each(|queue| queue.waiting_max = usize::MAX);
    Ok(city)
}
