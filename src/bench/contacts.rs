//! Durable contacts per second through hub and store: arrive, key, queue, answer, note, classify,
//! hang up, close, statistics. Never a line or a page.

use super::calls::machine;
use center::city::{Channel, City, ContactId, CounselorId};
use center::command::{Answer, Command, Ending};
use center::effect::Effect;
use hub::{Hub, Outgoing, Personal, Wings};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Place;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What was measured.
pub struct Figures {
    /// Contacts closed.
    pub contacts: u64,
    /// The transactions.
    pub commits: store::bench::Commits,
    /// Processor time of the center for each contact.
    pub center_cpu_each: Duration,
    /// Processor time of citizens and counselors for each contact.
    pub town_cpu_each: Duration,
    /// Contacts per second.
    pub per_s: f64,
    /// Half of the arrivals were durable within this.
    pub arrive_p50: Duration,
    /// 99 of 100 arrivals were durable within this.
    pub arrive_p99: Duration,
}

/// Runs `contacts` through a fresh store, `at_once` of them at a time. Citizens and counselors have
/// a thread of their own, so that their share of the machine can be told.
pub async fn run(
    city: &Arc<City>,
    place: &Place,
    contacts: u64,
    at_once: usize,
) -> anyhow::Result<Figures> {
    let (mut journal, _archive) = store::open(place, city).await?;
    let commits = journal.commits();
    let (hub, wings) = hub::start(hub::Start {
        city: city.clone(),
        journal,
    })
    .await?;
    let (played, noted) = (city.clone(), commits.clone());
    let town = std::thread::Builder::new().name("town".to_owned());
    let town = town.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(play(&played, hub, wings, contacts, at_once, &noted))
    })?;
    let joined = tokio::task::spawn_blocking(move || town.join()).await?;
    let mut figures = joined.map_err(|_| anyhow::anyhow!("the town fell over"))??;
    figures.commits = commits;
    // The record is free for the bare insert once the hub has noticed that nobody is there.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(figures)
}

/// The citizens and counselors of the measurement.
async fn play(
    city: &City,
    hub: Hub,
    wings: Wings,
    contacts: u64,
    at_once: usize,
    commits: &store::bench::Commits,
) -> anyhow::Result<Figures> {
    for counselor in city.counselors.iter().map(|profile| profile.id) {
        hub.send(Command::SignIn { counselor }).await?;
        hub.send(Command::Ready { counselor }).await?;
    }
    let category = city.categories.iter().find(|category| category.leaf);
    let category = category.map(|category| category.code.clone());
    let outcome = city.outcomes.first().map(|outcome| outcome.code.clone());
    let (category, outcome) = (category.unwrap_or_default(), outcome.unwrap_or_default());
    let (done, mut finished) = mpsc::unbounded_channel();
    let world = tokio::spawn(serve(hub.clone(), wings, category, outcome, done));
    commits.measure_from_here();
    let (started, busy, busy_here) = (Instant::now(), machine::cpu(), machine::cpu_here());
    let mut arrivals = JoinSet::new();
    let mut waits = Vec::new();
    let (mut begun, mut ended) = (0, 0);
    while ended < contacts {
        while begun < contacts && begun - ended < at_once as u64 {
            arrivals.spawn(arrive(hub.clone(), begun));
            begun += 1;
        }
        tokio::select! {
            Some(()) = finished.recv() => ended += 1,
            Some(wait) = arrivals.join_next() => waits.push(wait??),
        }
    }
    let per_s = contacts as f64 / started.elapsed().as_secs_f64();
    let all = machine::cpu().saturating_sub(busy);
    let here = machine::cpu_here().saturating_sub(busy_here);
    world.abort();
    waits.sort_unstable();
    let at = |permille: usize| waits[(waits.len() - 1) * permille / 1_000];
    Ok(Figures {
        contacts,
        commits: store::bench::Commits::default(),
        per_s,
        center_cpu_each: all.saturating_sub(here) / contacts as u32,
        town_cpu_each: here / contacts as u32,
        arrive_p50: at(500),
        arrive_p99: at(990),
    })
}

async fn arrive(hub: Hub, number: u64) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let arrived = Command::Arrived {
        key: format!("bench-{number:016x}"),
        channel: Channel::Voice,
        caller: format!("{:016x}", number % 5_000),
        via: "bench".to_owned(),
        live: true,
    };
    let contact = ContactId(0);
    let (number, raw) = ("+82100000000".to_owned(), "0100000000".to_owned());
    hub.send_with(
        arrived,
        vec![Personal::Number {
            contact,
            number,
            raw,
        }],
    )
    .await?;
    Ok(started.elapsed())
}

/// Plays citizen and counselor: what the effects ask for is answered at once.
async fn serve(
    hub: Hub,
    mut wings: Wings,
    category: String,
    outcome: String,
    done: mpsc::UnboundedSender<()>,
) {
    let mut pressed = BTreeSet::new();
    while let Some(Outgoing { effect, .. }) = wings.effects.recv().await {
        match effect {
            Effect::Play { contact, .. } if pressed.insert(contact) => {
                let hub = hub.clone();
                tokio::spawn(async move { hub.send(Command::Key { contact, key: '0' }).await });
            }
            Effect::Ring { contact, counselor } => {
                let hub = hub.clone();
                tokio::spawn(async move { hub.send(Command::Accept { counselor, contact }).await });
            }
            Effect::Bridge { contact, counselor } => {
                pressed.remove(&contact);
                let life = talk(
                    hub.clone(),
                    contact,
                    counselor,
                    category.clone(),
                    outcome.clone(),
                );
                let done = done.clone();
                tokio::spawn(async move {
                    if let Err(error) = life.await {
                        tracing::error!(%error, "a contact of the benchmark failed");
                    }
                    let _ = done.send(());
                });
            }
            _ => {}
        }
    }
}

async fn talk(
    hub: Hub,
    contact: ContactId,
    counselor: CounselorId,
    category: String,
    outcome: String,
) -> Result<Answer, hub::Error> {
    let note = "여권 재발급 준비물과 수수료를 안내함. Fee and documents explained.";
    let digest = format!("{:064x}", contact.0);
    let letters = note.chars().count() as u32;
    let (text, nonce) = (note.to_owned(), "00".to_owned());
    let row = Personal::Note {
        contact,
        text,
        nonce,
    };
    hub.send_with(
        Command::Note {
            counselor,
            contact,
            digest,
            letters,
        },
        vec![row],
    )
    .await?;
    let (category, outcome) = (Some(category), Some(outcome));
    hub.send(Command::Classify {
        counselor,
        contact,
        category,
        outcome,
    })
    .await?;
    hub.send(Command::Left {
        contact,
        ending: Ending::Citizen,
    })
    .await?;
    hub.send(Command::Finish {
        counselor,
        contact,
        ready: true,
    })
    .await
}
