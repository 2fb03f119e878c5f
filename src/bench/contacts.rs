//! Durable contacts per second through hub and store: arrive, key, queue, answer, note, classify,
//! hang up, close, statistics. Never a line or a page.

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
    /// Events written.
    pub events_each: u64,
    /// Contacts per second.
    pub per_s: f64,
    /// Half of the arrivals were durable within this.
    pub arrive_p50: Duration,
    /// 99 of 100 arrivals were durable within this.
    pub arrive_p99: Duration,
}

/// Commands of one contact, and the events that follow from them in the quiet case.
const EVENTS_EACH: u64 = 10;

/// Runs `contacts` through a fresh store, `at_once` of them at a time.
pub async fn run(
    city: &Arc<City>,
    place: &Place,
    contacts: u64,
    at_once: usize,
) -> anyhow::Result<Figures> {
    let (journal, _archive) = store::open(place, city).await?;
    let (hub, wings) = hub::start(hub::Start {
        city: city.clone(),
        journal,
    })
    .await?;
    let counselors: Vec<CounselorId> = city.counselors.iter().map(|profile| profile.id).collect();
    for counselor in &counselors {
        hub.send(Command::SignIn {
            counselor: *counselor,
        })
        .await?;
        hub.send(Command::Ready {
            counselor: *counselor,
        })
        .await?;
    }
    let category = city.categories.iter().find(|category| category.leaf);
    let category = category
        .map(|category| category.code.clone())
        .unwrap_or_default();
    let outcome = city
        .outcomes
        .first()
        .map(|outcome| outcome.code.clone())
        .unwrap_or_default();
    let (done, mut finished) = mpsc::unbounded_channel();
    let world = tokio::spawn(serve(hub.clone(), wings, category, outcome, done));
    let started = Instant::now();
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
    // The record is free for the bare insert once the last handle of the hub is gone.
    world.abort();
    drop(hub);
    tokio::time::sleep(Duration::from_millis(500)).await;
    waits.sort_unstable();
    let at = |permille: usize| waits[(waits.len() - 1) * permille / 1_000];
    Ok(Figures {
        contacts,
        events_each: EVENTS_EACH,
        per_s,
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
