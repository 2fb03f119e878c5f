//! The citizens who chat and the desks that read them, in a process of their own so that their work
//! is not counted as the center's. Never the center.

use super::{PASSWORD, wire};
use crate::bench::calls::machine;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, interval_at, sleep};

/// Desks and chats that open at the same moment.
const AT_ONCE: usize = 16;
/// How often a desk says that it is there.
const BEAT: Duration = Duration::from_secs(8);
/// What is under way at the end of the typing may still arrive.
const LATE: Duration = Duration::from_secs(3);
const BOUNDARY: &str = "----bench";

/// What the citizens and desks are told, one JSON object a line.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Open so many desks.
    Desks { count: u32 },
    /// Begin so many chats, one message each, and stay on the live line.
    Open { chats: u32 },
    /// Type for a while: drafts of each chat, messages of all together.
    Type {
        seconds: u32,
        drafts_per_s: u32,
        messages_per_s: u32,
    },
}

/// What they tell.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    Open,
    Typed(Box<Typed>),
}

/// What became of what was typed; times in microseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Typed {
    pub drafts_sent: u64,
    pub messages_sent: u64,
    /// From the key to the line of the desk.
    pub drafts: Vec<u64>,
    /// From the key to the acknowledgement.
    pub acknowledged: Vec<u64>,
    /// From the key to the line of the desk.
    pub messages: Vec<u64>,
    pub cpu: Duration,
}

/// Does what standard input says until it ends.
pub async fn run(center: SocketAddr) -> Result<()> {
    let (plan, _) = watch::channel(None);
    let mut town = Town {
        center,
        seen: Arc::default(),
        plan,
        tasks: JoinSet::new(),
        chats: 0,
    };
    let mut orders = BufReader::new(stdin()).lines();
    while let Some(line) = orders.next_line().await? {
        let report = match serde_json::from_str(&line)? {
            Order::Desks { count } => town.desks(count).await?,
            Order::Open { chats } => town.open(chats).await?,
            Order::Type {
                seconds,
                drafts_per_s,
                messages_per_s,
            } => town.types(seconds, drafts_per_s, messages_per_s).await?,
        };
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}

/// What citizens and desks saw, by one clock.
#[derive(Default)]
struct Seen {
    typed: Typed,
    /// When a message was begun, by contact and number.
    begun: BTreeMap<(u64, u64), Instant>,
    /// When a desk showed it first.
    shown: BTreeMap<(u64, u64), Instant>,
}

type Shared = Arc<Mutex<Seen>>;

/// How everybody types, and from when on.
#[derive(Clone, Copy)]
struct Plan {
    began: Instant,
    seconds: u32,
    drafts_per_s: u32,
    messages_per_s: u32,
}

struct Town {
    center: SocketAddr,
    seen: Shared,
    plan: watch::Sender<Option<Plan>>,
    tasks: JoinSet<Result<()>>,
    chats: u32,
}

fn micros(since: Instant) -> u64 {
    since.elapsed().as_micros() as u64
}

impl Town {
    async fn desks(&mut self, count: u32) -> Result<Report> {
        let places = Arc::new(Semaphore::new(2));
        let mut opening = JoinSet::new();
        for number in 1..=count {
            let (center, places) = (self.center, places.clone());
            opening.spawn(async move {
                let _place = places.acquire_owned().await?;
                Desk::open(center, number).await
            });
        }
        while let Some(opened) = opening.join_next().await {
            self.tasks.spawn(opened??.attend(self.seen.clone()));
        }
        Ok(Report::Open)
    }

    async fn open(&mut self, chats: u32) -> Result<Report> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut opening = JoinSet::new();
        for number in 0..chats {
            let (center, places) = (self.center, places.clone());
            opening.spawn(async move {
                let _place = places.acquire_owned().await?;
                Chat::open(center, number).await
            });
        }
        while let Some(opened) = opening.join_next().await {
            let chat = opened??;
            let (seen, plan) = (self.seen.clone(), self.plan.subscribe());
            self.tasks.spawn(chat.attend(seen, plan));
        }
        self.chats = chats;
        Ok(Report::Open)
    }

    async fn types(&mut self, seconds: u32, drafts: u32, messages: u32) -> Result<Report> {
        let before = machine::cpu();
        self.plan.send_replace(Some(Plan {
            began: Instant::now(),
            seconds,
            drafts_per_s: drafts,
            messages_per_s: messages,
        }));
        sleep(Duration::from_secs(u64::from(seconds))).await;
        let used = machine::cpu().saturating_sub(before);
        sleep(LATE).await;
        if let Some(ended) = self.tasks.try_join_next() {
            ended??;
            bail!("a line ended");
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = std::mem::take(&mut *seen);
        let mut typed = seen.typed;
        let both = seen.begun.iter().filter_map(|(message, begun)| {
            let shown = seen.shown.get(message)?;
            Some(shown.saturating_duration_since(*begun).as_micros() as u64)
        });
        typed.messages = both.collect();
        typed.cpu = used;
        Ok(Report::Typed(Box::new(typed)))
    }
}

/// The page of one counselor.
struct Desk {
    center: SocketAddr,
    cookie: String,
    token: String,
}

const DESKS_FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Desk {
    async fn open(center: SocketAddr, number: u32) -> Result<Desk> {
        let body = format!("login=bench-{number}&password={PASSWORD}");
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        let from = DESKS_FROM;
        let signed = wire::send(center, from, "POST /desk/sign-in", kind, &body).await?;
        let cookie = signed.cookie.context("a desk is not let in")?;
        let headers = format!("cookie: {cookie}\r\naccept: text/html\r\n");
        let page = wire::send(center, from, "GET /desk", &headers, "").await?;
        let token = page.body.split("name=\"token\" value=\"").nth(1);
        let token = token.and_then(|rest| rest.split('"').next());
        Ok(Desk {
            center,
            cookie,
            token: token.context("a desk without a token")?.to_owned(),
        })
    }

    /// Reads its live line and says that it is there.
    async fn attend(self, seen: Shared) -> Result<()> {
        let path = "/desk/events";
        let line = wire::events(self.center, DESKS_FROM, path, &self.cookie).await?;
        let mut lines = line.lines();
        let mut beat = interval(BEAT);
        loop {
            tokio::select! {
                line = lines.next_line() => {
                    let line = line?.context("the line of a desk ended")?;
                    if let Some(data) = line.strip_prefix("data: ") {
                        note(&seen, data);
                    }
                }
                _ = beat.tick() => {
                    let headers = format!(
                        "cookie: {}\r\nx-dasan-token: {}\r\ncontent-type: application/json\r\n",
                        self.cookie, self.token
                    );
                    let head = "POST /desk/beat";
                    let told = wire::send(self.center, DESKS_FROM, head, &headers, "{}").await?;
                    ensure!(told.status == 200, "a beat was refused: {}", told.status);
                }
            }
        }
    }
}

/// Takes down what a desk shows.
fn note(seen: &Shared, data: &str) {
    let Ok(told) = serde_json::from_str::<Value>(data) else {
        return;
    };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if told["what"] == "draft" {
        let sent = told["text"].as_str().and_then(|text| text.parse().ok());
        if let Some(sent) = sent {
            let took = clock().saturating_sub(sent);
            seen.typed.drafts.push(took);
        }
        return;
    }
    let cards = told["view"]["contacts"].as_array();
    for card in cards.into_iter().flatten() {
        if let (Some(contact), Some(last)) = (card["contact"].as_u64(), card["messages"].as_u64()) {
            for message in 1..=last {
                let now = Instant::now();
                seen.shown.entry((contact, message)).or_insert(now);
            }
        }
    }
}

/// Microseconds since this process began.
fn clock() -> u64 {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    micros(*BEGAN)
}

/// One citizen.
struct Chat {
    center: SocketAddr,
    number: u32,
    from: IpAddr,
    cookie: String,
}

impl Chat {
    async fn open(center: SocketAddr, number: u32) -> Result<Chat> {
        let from = wire::address(number);
        let begun = wire::send(center, from, "POST /chat/start", "", "").await?;
        let cookie = begun.cookie.context("a chat does not begin")?;
        let mut chat = Chat {
            center,
            number,
            from,
            cookie,
        };
        chat.post("hello").await?;
        Ok(chat)
    }

    /// Sends a message; contact and number.
    async fn post(&mut self, text: &str) -> Result<(u64, u64)> {
        let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=");
        let body = format!("{head}\"text\"\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n");
        let headers = format!(
            "cookie: {}\r\naccept: application/json\r\naccept-language: ko\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\n",
            self.cookie
        );
        let answer = wire::send(self.center, self.from, "POST /chat", &headers, &body).await?;
        ensure!(
            answer.status == 200,
            "a message was refused: {}",
            answer.body
        );
        if let Some(cookie) = answer.cookie {
            self.cookie = cookie;
        }
        let told: Value = serde_json::from_str(&answer.body)?;
        let number = |name: &str| told[name].as_u64().context("no number");
        Ok((number("contact")?, number("message")?))
    }

    /// Stays on the live line; types when everybody does.
    async fn attend(mut self, seen: Shared, mut plan: watch::Receiver<Option<Plan>>) -> Result<()> {
        let path = "/chat/ws?after=0&lang=ko";
        let (mut reader, mut writer) =
            wire::socket(self.center, self.from, path, &self.cookie).await?;
        let (tell, mut told) = tokio::sync::mpsc::channel(8);
        let mut hearing = JoinSet::new();
        hearing.spawn(async move {
            while let Some(text) = wire::hear(&mut reader).await? {
                if text.contains("\"t\":\"ping\"") && tell.send(()).await.is_err() {
                    break;
                }
            }
            Ok::<(), anyhow::Error>(())
        });
        loop {
            tokio::select! {
                ended = hearing.join_next() => bail!("a live line ended: {ended:?}"),
                Some(()) = told.recv() => wire::say(&mut writer, r#"{"t":"pong"}"#).await?,
                changed = plan.changed() => {
                    changed?;
                    let now = *plan.borrow_and_update();
                    if let Some(now) = now {
                        self.types(&seen, now, &mut writer).await?;
                    }
                }
            }
        }
    }

    async fn types(
        &mut self,
        seen: &Shared,
        plan: Plan,
        writer: &mut tokio::net::tcp::OwnedWriteHalf,
    ) -> Result<()> {
        let pause = Duration::from_secs(1) / plan.drafts_per_s;
        // Everybody begins at an own moment.
        let offset = pause * (self.number % 100) / 100;
        let mut key = interval_at((plan.began + offset).into(), pause);
        key.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let own = Duration::from_secs(1) * self.number / plan.messages_per_s;
        let ends = Duration::from_secs(u64::from(plan.seconds));
        let mut sent = own >= ends;
        while plan.began.elapsed() < ends {
            key.tick().await;
            let draft = json!({"t": "draft", "text": clock().to_string()});
            wire::say(writer, &draft.to_string()).await?;
            if !sent && plan.began.elapsed() >= own {
                sent = true;
                let begun = Instant::now();
                let message = self.post("one more thing").await?;
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.typed.acknowledged.push(micros(begun));
                seen.typed.messages_sent += 1;
                seen.begun.insert(message, begun);
            }
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.typed.drafts_sent += 1;
        }
        Ok(())
    }
}
