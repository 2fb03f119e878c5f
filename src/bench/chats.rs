//! A thousand open chats whose citizens type, on this machine: memory of one that rests, cores, and
//! how soon letters and messages are at the desk. The center runs in this process, citizens and
//! desks in another. Never part of a test.

pub mod citizens;
mod wire;

use crate::bench::calls::machine;
use anyhow::{Context, Result, bail};
use center::board::Board;
use center::city::{Channel, City, ContactId, CounselorId};
use center::command::{Command, Reply};
use center::record::Stage;
use citizens::{Order, Report, Typed};
use hub::Hub;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Letter, Personal, note_digest};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{sleep, timeout};
use web::{Password, Web};

/// Chats at once.
const CHATS: u32 = 1_000;
/// Chats of one desk, as the city weighs them.
const CHATS_PER_DESK: u32 = 3;
/// How long what was opened settles before it is looked at.
const SETTLE: Duration = Duration::from_secs(2);
/// How long what rests is watched, and what types.
const REST: Duration = Duration::from_secs(10);
const TYPE_S: u32 = 20;
/// Drafts of each citizen within a second: real-time text, sent together every half second.
const DRAFTS_PER_S: u32 = 2;
/// Messages of all citizens together within a second.
const MESSAGES_PER_S: u32 = 20;
/// Password of every desk of the bench.
const PASSWORD: &str = "bench";
/// Longest wait for anything that is asked of the other process.
const PATIENCE: Duration = Duration::from_mins(5);

/// Measures everything with a fresh record in the folder, and prints it.
pub async fn run(city: &City, folder: &Path) -> Result<()> {
    let center = Center::open(city, folder).await?;
    println!("chats={CHATS}");
    println!("chats_empty_memory_mib={:.1}", mib(machine::memory_kib()));
    let mut other = Other::start(center.web.local_addr())?;
    let desks = CHATS.div_ceil(CHATS_PER_DESK);
    for number in 1..=desks {
        let counselor = CounselorId(number);
        center.hub.send(Command::SignIn { counselor }).await?;
        center.hub.send(Command::Ready { counselor }).await?;
    }
    // Before any page of a desk: checking passwords leaves memory behind that chats would take.
    sleep(SETTLE).await;
    let empty = machine::memory_kib();
    let counselors = tokio::spawn(counselors(center.hub.clone()));
    other.ask(&Order::Open { chats: CHATS }).await?;
    center.all_talk().await?;
    counselors.abort();
    sleep(SETTLE).await;
    let with_chats = machine::memory_kib();
    let each = with_chats.saturating_sub(empty) as f64 / f64::from(CHATS);
    println!("chats_memory_mib={:.1}", mib(with_chats));
    println!("chats_memory_kib_per_idle_chat={each:.1}");
    println!("chats_idle_cores={:.3}", center.rest().await);
    other.ask(&Order::Desks { count: desks }).await?;
    sleep(SETTLE).await;
    println!("chats_desks={desks}");
    println!("chats_desks_memory_mib={:.1}", mib(machine::memory_kib()));
    println!("chats_and_desks_idle_cores={:.3}", center.rest().await);
    center.typing(&mut other).await?;
    println!("chats_end_memory_mib={:.1}", mib(machine::memory_kib()));
    other.stop().await?;
    center.web.stop().await;
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

/// The center under measure.
struct Center {
    hub: Hub,
    web: Web,
}

impl Center {
    async fn open(city: &City, folder: &Path) -> Result<Center> {
        let mut city = city.clone();
        // Nobody is asked whether they are there: what rests shall rest.
        city.limits.chat_nudge_ms = center::time::DAY_MS;
        let city = Arc::new(city);
        let place = store::Place::Folder(folder.to_owned());
        let (journal, archive) = store::open(&place, &city).await?;
        let start = hub::Start {
            city: city.clone(),
            journal,
        };
        let (hub, mut wings) = hub::start(start).await?;
        tokio::spawn(async move { while wings.effects.recv().await.is_some() {} });
        let known = city.counselors.iter();
        let settings = web::Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            sign_in: known
                .map(|who| (who.id, Password::Sample(PASSWORD.to_owned())))
                .collect(),
            secret: vec![7; 32],
            kiosk_token: None,
            beside: axum::Router::new(),
            secure: false,
            tls: None,
            proxies: Vec::new(),
            origin: None,
            number: "120".to_owned(),
            country: "82".to_owned(),
            sip: None,
            writing: web::Writing::default(),
            index: None,
        };
        let web = web::start(settings, hub.clone(), archive).await?;
        Ok(Center { hub, web })
    }

    /// Cores that it takes while nothing happens.
    async fn rest(&self) -> f64 {
        let (before, began) = (machine::cpu(), Instant::now());
        sleep(REST).await;
        let used = machine::cpu().saturating_sub(before).as_secs_f64();
        used / began.elapsed().as_secs_f64()
    }

    /// Waits until every citizen has been answered once.
    async fn all_talk(&self) -> Result<()> {
        let answered = |board: &Arc<Board>| {
            let talk = |view: &&center::board::ContactView| {
                view.stage == Stage::Talk && view.messages >= 2
            };
            board.contacts.iter().filter(talk).count() == CHATS as usize
        };
        let mut board = self.hub.board();
        let waited = timeout(PATIENCE, board.wait_for(answered)).await;
        waited.context("not every chat was answered")??;
        Ok(())
    }

    async fn typing(&self, other: &mut Other) -> Result<()> {
        let (before, began) = (machine::cpu(), Instant::now());
        let order = Order::Type {
            seconds: TYPE_S,
            drafts_per_s: DRAFTS_PER_S,
            messages_per_s: MESSAGES_PER_S,
        };
        let Report::Typed(typed) = other.ask(&order).await? else {
            bail!("the citizens do not type");
        };
        let took = began.elapsed().as_secs_f64();
        let cores = machine::cpu().saturating_sub(before).as_secs_f64() / took;
        print(&typed);
        println!("chats_typing_center_cores={cores:.2}");
        println!(
            "chats_typing_citizens_cores={:.2}",
            typed.cpu.as_secs_f64() / took
        );
        Ok(())
    }
}

fn print(typed: &Typed) {
    let seconds = f64::from(TYPE_S);
    let per_s = |count: usize| count as f64 / seconds;
    let kinds = [
        ("draft_to_desk", &typed.drafts),
        ("message_acknowledged", &typed.acknowledged),
        ("message_to_desk", &typed.messages),
    ];
    println!("chats_drafts_sent={}", typed.drafts_sent);
    println!("chats_messages_sent={}", typed.messages_sent);
    for (name, all) in kinds {
        println!("chats_{name}_per_s={:.1}", per_s(all.len()));
        println!("chats_{name}_p50_ms={:.2}", quantile(all, 50));
        println!("chats_{name}_p99_ms={:.2}", quantile(all, 99));
    }
}

/// A quantile in milliseconds of times in microseconds.
fn quantile(all: &[u64], percent: usize) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0) as f64 / 1e3
}

/// Counselors who take each chat and answer it once.
async fn counselors(hub: Hub) {
    let mut board = hub.board();
    let mut done: BTreeSet<(ContactId, Stage)> = BTreeSet::new();
    while board.changed().await.is_ok() {
        let shown = board.borrow_and_update().clone();
        for view in shown.contacts.iter().filter(|c| c.channel == Channel::Chat) {
            let (Some(counselor), contact) = (view.counselor, view.contact) else {
                continue;
            };
            if view.messages > 1 || !done.insert((contact, view.stage)) {
                continue;
            }
            let hub = hub.clone();
            match view.stage {
                Stage::Ringing => drop(tokio::spawn(async move {
                    hub.send(Command::Accept { counselor, contact }).await
                })),
                Stage::Talk => drop(tokio::spawn(answer(hub, counselor, contact))),
                _ => {}
            }
        }
    }
}

async fn answer(hub: Hub, counselor: CounselorId, contact: ContactId) {
    let (nonce, text) = ("00".to_owned(), "What can I do for you?".to_owned());
    let reply = Command::Reply(Box::new(Reply {
        counselor,
        contact,
        answers: 0,
        text: None,
        digest: note_digest(&nonce, &text),
        letters: 22,
        files: 0,
        private: true,
    }));
    let letter = Letter {
        nonce,
        text,
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact,
        message: 0,
        letter: Box::new(letter),
    };
    if let Err(refused) = hub.send_with(reply, vec![row]).await {
        tracing::warn!(%contact, %refused, "a counselor of the bench was refused");
    }
}

/// The other process.
struct Other {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(center: SocketAddr) -> Result<Other> {
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .args(["bench", "chats", "--generator", &center.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("the citizens have no input")?;
        let reports = child.stdout.take().context("the citizens have no output")?;
        Ok(Other {
            child,
            orders,
            reports: BufReader::new(reports).lines(),
        })
    }

    async fn ask(&mut self, order: &Order) -> Result<Report> {
        let line = serde_json::to_string(order)? + "\n";
        self.orders.write_all(line.as_bytes()).await?;
        let line = timeout(PATIENCE, self.reports.next_line()).await;
        let line = line.context("the citizens say nothing")??;
        Ok(serde_json::from_str(
            &line.context("the citizens are gone")?,
        )?)
    }

    async fn stop(mut self) -> Result<()> {
        drop(self.orders);
        timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }
}
