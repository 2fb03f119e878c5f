//! Texts per second in and out through the record, over a bind to a gateway, beside the same bind
//! with nothing behind it. Never a real carrier.

use super::calls::machine;
use anyhow::{Context as _, Result};
use center::city::{Channel, City, ContactId, CounselorId};
use center::command::{Command, Reply};
use center::effect::Effect;
use center::time::Time;
use hub::{Hub, Outgoing, Personal};
use messaging::connections::{self, Place as Room};
use messaging::inlet::{HandedIn, Inlet, Taken};
use messaging::letter::{Address, AddressKind};
use messaging::outlet::Outlet;
use messaging::sms::load::{Bound, Gateway, Texts};
use messaging::sms::memory::Memory;
use messaging::sms::smpp::{Settings, Smpp};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Archive, Letter, Place, note_digest};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Texts of one measurement, and the citizens who write them.
const TEXTS: u64 = 40_000;
const CITIZENS: u64 = 5_000;

/// Texts without an answer at most, either way.
const WINDOW: usize = 400;

/// Answers of counselors on their way to the record at once.
const AT_ONCE: usize = 400;

/// One way of texts.
pub struct Way {
    /// Texts per second.
    pub per_s: f64,
    /// Half of them were answered within this.
    pub p50: Duration,
    /// 99 of 100 were answered within this.
    pub p99: Duration,
    /// Processor time of the center for each.
    pub cpu_each: Duration,
}

/// Both ways.
pub struct Figures {
    /// From citizens: `deliver_sm` until it is durable and answered.
    pub received: Way,
    /// To citizens: from the counselor's answer until its fate is recorded.
    pub sent: Way,
}

impl Figures {
    /// Prints them under a name, beside those of the bare bind.
    pub fn print(&self, name: &str, bare: &Figures) {
        for (way, own, bare) in [
            ("in", &self.received, &bare.received),
            ("out", &self.sent, &bare.sent),
        ] {
            let say = |what: &str, value: String| println!("texts_{name}_{way}{what}={value}");
            let millis = |took: Duration| format!("{:.2}", took.as_secs_f64() * 1e3);
            say("_per_s", format!("{:.0}", own.per_s));
            say("_p50_ms", millis(own.p50));
            say("_p99_ms", millis(own.p99));
            let micros = own.cpu_each.as_secs_f64() * 1e6;
            say("_center_cpu_us_each", format!("{micros:.1}"));
            say("_bare_per_s", format!("{:.0}", bare.per_s));
            say("_of_bare", format!("{:.2}", own.per_s / bare.per_s));
        }
    }
}

/// What the gateway is asked to do.
enum Work {
    Deliver(Texts),
    Take(u64),
}

/// What it saw: how long each took, all together, and its own share of the processor.
struct Done {
    each: Vec<Duration>,
    all: Duration,
    cpu: Duration,
}

/// A gateway on a thread of its own, so that its share of the machine can be told.
struct Carrier {
    address: SocketAddr,
    orders: mpsc::Sender<(Work, oneshot::Sender<Result<Done>>)>,
}

impl Carrier {
    async fn open() -> Result<Carrier> {
        let (orders, ordered) = mpsc::channel(1);
        let (tell, told) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("carrier".to_owned());
        thread.spawn(move || runtime.block_on(serve(tell, ordered)))?;
        let address = told.await?;
        Ok(Carrier { address, orders })
    }

    async fn start(&self, work: Work) -> Result<oneshot::Receiver<Result<Done>>> {
        let (reply, done) = oneshot::channel();
        let sent = self.orders.send((work, reply)).await;
        sent.ok().context("the gateway is gone")?;
        Ok(done)
    }
}

async fn serve(
    tell: oneshot::Sender<SocketAddr>,
    mut ordered: mpsc::Receiver<(Work, oneshot::Sender<Result<Done>>)>,
) -> Result<()> {
    let (gateway, address) = Gateway::open().await?;
    let _ = tell.send(address);
    let mut bound = gateway.bound().await?;
    while let Some((work, reply)) = bound.idle(ordered.recv()).await? {
        let _ = reply.send(carry(&mut bound, work).await);
    }
    Ok(())
}

async fn carry(bound: &mut Bound, work: Work) -> Result<Done> {
    let (begun, busy) = (Instant::now(), machine::cpu_here());
    let each = match work {
        Work::Deliver(texts) => bound.deliver(texts).await?,
        Work::Take(count) => {
            bound.take(count).await?;
            Vec::new()
        }
    };
    Ok(Done {
        each,
        all: begun.elapsed(),
        cpu: machine::cpu_here().saturating_sub(busy),
    })
}

/// Puts the figures of a way together.
fn way(texts: u64, took: Duration, cpu: Duration, mut each: Vec<Duration>) -> Way {
    each.sort_unstable();
    let at = |permille: usize| each.get(each.len().saturating_sub(1) * permille / 1_000);
    Way {
        per_s: texts as f64 / took.as_secs_f64(),
        p50: at(500).copied().unwrap_or_default(),
        p99: at(990).copied().unwrap_or_default(),
        cpu_each: cpu / texts as u32,
    }
}

fn settings(address: SocketAddr) -> Result<Settings> {
    let text = format!(
        "name = 'bench'\naddress = '{address}'\nsystem_id = 'bench'\npassword = 'bench'\n\
         number = '120'\nreceipts = false\nwindow = {WINDOW}\nper_second = 1000000\n\
         [carrier]\nencodings = ['ucs2']\n"
    );
    Ok(toml::from_str(&text)?)
}

async fn received(carrier: &Carrier, named: bool) -> Result<Way> {
    let texts = Texts {
        count: TEXTS,
        citizens: CITIZENS,
        window: WINDOW,
        named,
    };
    let busy = machine::cpu();
    let done = carrier.start(Work::Deliver(texts)).await?.await??;
    let cpu = machine::cpu().saturating_sub(busy);
    let own = cpu.saturating_sub(done.cpu);
    Ok(way(TEXTS, done.all, own, done.each))
}

/// The bind with nothing behind it: everything is taken at once, nothing is kept.
pub async fn bare(city: &Arc<City>, folder: &Path) -> Result<Figures> {
    let (_, archive) = store::open(&Place::Folder(folder.to_owned()), city).await?;
    let memory = Memory::open(&folder.join("texts"), archive.blobs().clone(), Time(0))?;
    let (inlet, mut handed) = Inlet::new(1_024);
    let takes = tokio::spawn(async move {
        while let Some(HandedIn { reply, .. }) = handed.recv().await {
            let _ = reply.send(Ok(Taken::Kept));
        }
    });
    let carrier = Carrier::open().await?;
    let (outlet, orders) = Outlet::new(WINDOW);
    let bind = Smpp::new(settings(carrier.address)?, inlet, memory)?;
    let runs = tokio::spawn(bind.run(orders));
    let received = received(&carrier, true).await?;
    let (begun, busy) = (Instant::now(), machine::cpu());
    let done = carrier.start(Work::Take(TEXTS)).await?;
    let sent = many(0..TEXTS, |number| {
        let outlet = outlet.clone();
        async move {
            let begun = Instant::now();
            outlet.send(outgoing(number)).await?;
            anyhow::Ok(begun.elapsed())
        }
    });
    let each = sent.await?;
    let (took, done) = (begun.elapsed(), done.await??);
    let cpu = machine::cpu().saturating_sub(busy);
    let sent = way(TEXTS, took, cpu.saturating_sub(done.cpu), each);
    runs.abort();
    takes.abort();
    Ok(Figures { received, sent })
}

/// Does something for each, so many at once; how long each took.
async fn many<T, F>(of: impl Iterator<Item = T>, work: impl Fn(T) -> F) -> Result<Vec<Duration>>
where
    F: Future<Output = Result<Duration>> + Send + 'static,
{
    let (mut under_way, mut each) = (JoinSet::new(), Vec::new());
    for next in of {
        if under_way.len() >= AT_ONCE
            && let Some(done) = under_way.join_next().await
        {
            each.push(done??);
        }
        under_way.spawn(work(next));
    }
    while let Some(done) = under_way.join_next().await {
        each.push(done??);
    }
    Ok(each)
}

fn words(number: u64) -> String {
    format!("접수되었습니다. 오늘 안에 고치겠습니다. 번호 {number}")
}

fn outgoing(number: u64) -> messaging::letter::Outgoing {
    messaging::letter::Outgoing {
        contact: ContactId(number),
        message: 2,
        channel: Channel::Text,
        via: "bench".to_owned(),
        to: Address {
            kind: AddressKind::Phone,
            value: format!("+82105{:07}", number % CITIZENS),
            name: None,
        },
        thread: None,
        in_reply_to: None,
        subject: None,
        text: words(number),
        attachments: Vec::new(),
        public: false,
        automatic: false,
        perhaps_again: false,
    }
}

/// The whole center between the bind and the record.
pub async fn run(city: &Arc<City>, place: &Place) -> Result<Figures> {
    let (journal, archive) = store::open(place, city).await?;
    let start = hub::Start {
        city: city.clone(),
        journal,
    };
    let (hub, mut wings) = hub::start(start).await?;
    let carrier = Carrier::open().await?;
    let settings = messaging::settings::Settings {
        smpp: vec![settings(carrier.address)?],
        ..messaging::settings::Settings::default()
    };
    let start = messaging::wing::Start {
        hub: hub.clone(),
        archive: archive.clone(),
        judge: messaging::judge::Judge::standard(),
        country: "82".to_owned(),
        sweep_every: messaging::wing::SWEEP_EVERY,
    };
    let room = Room {
        folder: &place.folder().join("messaging"),
        secret: [7; 32],
        letters: wings.letters.take().context("letters are given once")?,
        transcriber: Arc::new(|_, _, _| Box::pin(async { None })),
        units: Arc::new(|_| Box::pin(async { Ok(None) })),
    };
    let open = connections::open(settings, start, room).await?;
    let received = received(&carrier, false).await?;
    let held = hold(city, &hub, &mut wings.effects).await?;
    let sent = sent(&carrier, &hub, &archive, &held).await?;
    open.wing.stop();
    drop((hub, archive, wings));
    // The record is free once the hub has noticed that nobody is there.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(Figures { received, sent })
}

/// Counselors take as many conversations as they may hold.
async fn hold(
    city: &City,
    hub: &Hub,
    effects: &mut mpsc::UnboundedReceiver<Outgoing>,
) -> Result<Vec<(CounselorId, ContactId)>> {
    for counselor in city.counselors.iter().map(|profile| profile.id) {
        hub.send(Command::SignIn { counselor }).await?;
        hub.send(Command::Ready { counselor }).await?;
    }
    let mut held = Vec::new();
    while held.len() < CITIZENS as usize {
        let next = tokio::time::timeout(Duration::from_secs(5), effects.recv()).await;
        let Ok(Some(Outgoing { effect, .. })) = next else {
            break;
        };
        if let Effect::Ring { contact, counselor } = effect {
            let accept = Command::Accept { counselor, contact };
            hub.send(accept).await?;
            held.push((counselor, contact));
        }
    }
    anyhow::ensure!(!held.is_empty(), "no counselor can serve texts");
    Ok(held)
}

/// Counselors answer in turn, until the fate of every answer is recorded.
async fn sent(
    carrier: &Carrier,
    hub: &Hub,
    archive: &Archive,
    held: &[(CounselorId, ContactId)],
) -> Result<Way> {
    let (begun, busy) = (Instant::now(), machine::cpu());
    let done = carrier.start(Work::Take(TEXTS)).await?;
    let answers = (0..TEXTS).zip(held.iter().cycle());
    let each = many(answers, |(number, (counselor, contact))| {
        reply(hub.clone(), *counselor, *contact, number)
    });
    let each = each.await?;
    let done = done.await??;
    while !archive.outbox().await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    let cpu = machine::cpu().saturating_sub(busy);
    Ok(way(TEXTS, took, cpu.saturating_sub(done.cpu), each))
}

/// One answer; how long until it was durable.
async fn reply(
    hub: Hub,
    counselor: CounselorId,
    contact: ContactId,
    number: u64,
) -> Result<Duration> {
    let begun = Instant::now();
    let text = words(number);
    let reply = Reply {
        counselor,
        contact,
        answers: 0,
        text: None,
        digest: note_digest("00", &text),
        letters: text.chars().count() as u32,
        files: 0,
        private: false,
    };
    let letter = Letter {
        nonce: "00".to_owned(),
        text,
        ..Letter::default()
    };
    let row = Personal::Letter {
        contact: ContactId(0),
        message: 0,
        letter: Box::new(letter),
    };
    hub.send_with(Command::Reply(Box::new(reply)), vec![row])
        .await?;
    Ok(begun.elapsed())
}
