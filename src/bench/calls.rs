//! Calls per second, set-up time, and recorded calls at once, over real sockets on this machine.
//! The
//! center runs in this process, callers and counselors in another. Never part of a test.

pub mod generator;
pub mod machine;
mod orders;

pub use orders::SetUp;

use anyhow::{Context, Result, bail};
use center::city::{City, ContactId, CounselorId};
use center::command::Command;
use center::record::Stage;
use hub::{Hub, MediaRequest};
use orders::{Heard, Order, Report, Side};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use telephony::Telephony;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// The rate at which the time of a set-up is promised.
const PROMISED_PER_S: u32 = 50;
const PROMISED_FOR_S: u32 = 20;
/// Rates beyond it, until a set-up takes too long or fails.
const RATES_PER_S: [u32; 7] = [100, 200, 400, 600, 800, 1_200, 1_600];
const RATE_FOR_S: u32 = 5;
const SET_UP_MAX: Duration = Duration::from_millis(20);
/// How long a brief call stays in the menu.
const HOLD_MS: u64 = 500;
/// Recorded calls at once.
const TALKS: [u32; 4] = [50, 100, 200, 300];
/// The same in Opus, which the recorder has to understand.
const WIDE_TALKS: u32 = 100;
const TALK_FOR_S: u32 = 10;
/// Calls per second while talks begin.
const TALKS_PER_S: u32 = 20;
/// Desks that open at the same moment: a shift begins within a minute, not within a second.
const DESKS_AT_ONCE: u32 = 20;
/// Longest wait for anything that is asked of the generator.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was measured.
pub struct Figures {
    /// Memory before the first line, with the headsets of all desks, at the end of all.
    pub idle_kib: u64,
    pub desks: u32,
    pub desks_kib: u64,
    /// Part of a core that the idle desks take.
    pub desks_cores: f64,
    pub end_kib: u64,
    /// Set-up at the promised rate, then at each higher one that was tried.
    pub set_ups: Vec<SetUp>,
    pub talks: Vec<Talk>,
    /// Recordings in the record at the end, of so many talks.
    pub recordings: u32,
    pub talks_held: u32,
}

/// Recorded calls at once.
pub struct Talk {
    pub calls: u32,
    /// In Opus, not in G.711.
    pub wide: bool,
    /// Calls in which both sides heard the other.
    pub heard: u32,
    /// Packets that did not reach citizens and counselors, of all that were due.
    pub lost: u64,
    pub packets: u64,
    /// Cores taken by the center and by the generator.
    pub center_cores: f64,
    pub generator_cores: f64,
    pub memory_kib: u64,
}

impl Talk {
    /// Cores that a hundred calls take, the idle desks left out.
    pub fn cores_per_100(&self, desks_cores: f64) -> f64 {
        (self.center_cores - desks_cores) * 100.0 / f64::from(self.calls)
    }
}

impl Figures {
    /// Highest rate at which every call was set up in time.
    pub fn sustained_per_s(&self) -> u32 {
        let fine = self.set_ups.iter().take_while(|set_up| in_time(set_up));
        fine.last().map_or(0, |set_up| set_up.asked_per_s)
    }
}

impl Figures {
    /// As `name=value` pairs.
    pub fn print(&self) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("calls_idle_memory_mib={:.1}", mib(self.idle_kib));
        for set_up in &self.set_ups {
            let name = format!("calls_set_up_at_{}_per_s", set_up.asked_per_s);
            println!("{name}_placed_per_s={:.1}", set_up.placed_per_s);
            println!("{name}_calls={}", set_up.calls);
            println!("{name}_failed={}", set_up.failed);
            println!("{name}_repeated={}", set_up.repeated);
            println!("{name}_p50_ms={:.2}", ms(set_up.p50));
            println!("{name}_p99_ms={:.2}", ms(set_up.p99));
            println!("{name}_max_ms={:.2}", ms(set_up.max));
            println!("{name}_center_cores={:.2}", set_up.center_cores);
        }
        println!("calls_set_up_sustained_per_s={}", self.sustained_per_s());
        println!("calls_desks={}", self.desks);
        println!("calls_desks_memory_mib={:.1}", mib(self.desks_kib));
        println!("calls_desks_cores={:.2}", self.desks_cores);
        for talk in &self.talks {
            let wide = if talk.wide { "wide_" } else { "" };
            let name = format!("calls_recorded_{wide}{}", talk.calls);
            println!("{name}_heard_both_ways={}", talk.heard);
            println!("{name}_packets={}", talk.packets);
            println!("{name}_lost={}", talk.lost);
            println!("{name}_center_cores={:.2}", talk.center_cores);
            println!(
                "{name}_center_cores_per_100_calls={:.2}",
                talk.cores_per_100(self.desks_cores)
            );
            println!("{name}_generator_cores={:.2}", talk.generator_cores);
            println!("{name}_memory_mib={:.1}", mib(talk.memory_kib));
            let more = talk.memory_kib.saturating_sub(self.desks_kib);
            println!(
                "{name}_memory_kib_per_call={}",
                more / u64::from(talk.calls)
            );
        }
        println!("calls_recordings={}", self.recordings);
        println!("calls_recordings_due={}", self.talks_held);
        println!("calls_end_memory_mib={:.1}", mib(self.end_kib));
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

fn in_time(set_up: &SetUp) -> bool {
    set_up.failed == 0 && set_up.p99 <= SET_UP_MAX
}

/// Measures everything with a fresh record in the folder.
pub async fn run(city: &Arc<City>, folder: &Path) -> Result<Figures> {
    let center = Center::open(city, folder).await?;
    let idle_kib = machine::memory_kib();
    let mut generator = Generator::start(&center.telephony)?;
    let mut set_ups = Vec::new();
    for (rate, seconds) in [(PROMISED_PER_S, PROMISED_FOR_S)]
        .into_iter()
        .chain(RATES_PER_S.map(|rate| (rate, RATE_FOR_S)))
    {
        set_ups.push(generator.set_up(rate, seconds).await?);
        center.empty().await?;
        if !set_ups.last().is_some_and(in_time) {
            break;
        }
    }
    let desks = TALKS.into_iter().max().unwrap_or(0);
    let counselors = center.open_desks(&mut generator, desks).await?;
    let (_, desks_cores, _) = generator.listen(TALK_FOR_S).await?;
    let desks_kib = machine::memory_kib();
    let mut talks = Vec::new();
    for calls in TALKS {
        talks.push(center.talk(&mut generator, calls, false).await?);
    }
    talks.push(center.talk(&mut generator, WIDE_TALKS, true).await?);
    let talks_held = TALKS.iter().sum::<u32>() + WIDE_TALKS;
    let recordings = center.recordings(talks_held).await?;
    counselors.abort();
    generator.stop().await?;
    let end_kib = machine::memory_kib();
    center.telephony.shutdown().await;
    Ok(Figures {
        idle_kib,
        desks,
        desks_kib,
        desks_cores,
        end_kib,
        set_ups,
        talks,
        recordings,
        talks_held,
    })
}

/// The center under measure.
struct Center {
    hub: Hub,
    archive: store::Archive,
    telephony: Telephony,
}

impl Center {
    async fn open(city: &Arc<City>, folder: &Path) -> Result<Center> {
        let place = store::Place::Folder(folder.to_owned());
        let (journal, archive) = store::open(&place, city).await?;
        let city = city.clone();
        let (hub, wings) = hub::start(hub::Start { city, journal }).await?;
        let tokens = archive.clone();
        let token: telephony::Token = Arc::new(move |number: &str| tokens.token(number));
        let mut settings = telephony::Settings::loopback(folder, token);
        settings.built_in = Arc::new(crate::prompts::built_in);
        settings.lines_max = 10_000;
        // All citizens call from one address here.
        settings.messages_per_second_max = 1_000_000;
        let blobs = archive.blobs().clone();
        let telephony = telephony::start(settings, hub.clone(), wings, blobs).await?;
        Ok(Center {
            hub,
            archive,
            telephony,
        })
    }

    /// Waits until nobody is on a line.
    async fn empty(&self) -> Result<()> {
        self.reach("an empty board", |board| board.contacts.is_empty())
            .await
    }

    async fn reach(
        &self,
        what: &str,
        reached: impl Fn(&center::board::Board) -> bool,
    ) -> Result<()> {
        let mut board = self.hub.board();
        let waited = timeout(PATIENCE, board.wait_for(|board| reached(board))).await;
        waited.with_context(|| format!("{what} was not reached"))??;
        Ok(())
    }

    /// Opens desks with a headset each; from then on their counselors take every call.
    async fn open_desks(&self, generator: &mut Generator, desks: u32) -> Result<AbortHandle> {
        for first in (0..desks).step_by(DESKS_AT_ONCE as usize) {
            let count = DESKS_AT_ONCE.min(desks - first);
            self.plug_in(generator, count).await?;
        }
        let counselors = tokio::spawn(counselors(self.hub.clone()));
        Ok(counselors.abort_handle())
    }

    async fn plug_in(&self, generator: &mut Generator, count: u32) -> Result<()> {
        generator.order(&Order::Headsets { count }).await?;
        for _ in 0..count {
            let Report::Offer {
                headset,
                sdp: offer,
            } = generator.report().await?
            else {
                bail!("the generator makes no offer");
            };
            let counselor = CounselorId(headset + 1);
            self.hub.send(Command::SignIn { counselor }).await?;
            self.hub.send(Command::Ready { counselor }).await?;
            let (reply, answer) = oneshot::channel();
            let asked = self.hub.media().ask(MediaRequest::Desk {
                counselor,
                offer,
                reply,
            });
            anyhow::ensure!(asked, "telephony takes no offer");
            let sdp = answer.await?.map_err(anyhow::Error::msg)?;
            generator.order(&Order::Answer { headset, sdp }).await?;
        }
        for _ in 0..count {
            match generator.report().await? {
                Report::Up { up: true, .. } => {}
                other => bail!("a headset did not come up: {other:?}"),
            }
        }
        Ok(())
    }

    /// So many calls at once, listened to for a while.
    async fn talk(&self, generator: &mut Generator, calls: u32, wide: bool) -> Result<Talk> {
        generator
            .order(&Order::Talk {
                calls,
                per_s: TALKS_PER_S,
                wide,
            })
            .await?;
        let Report::Talking { answered, failed } = generator.report().await? else {
            bail!("the generator places no calls");
        };
        if failed > 0 {
            bail!("{failed} of {calls} calls were not answered");
        }
        let talking = |board: &center::board::Board| {
            let talks = board
                .contacts
                .iter()
                .filter(|contact| contact.stage == Stage::Talk);
            talks.count() == answered as usize
        };
        self.reach("every caller with a counselor", talking).await?;
        sleep(Duration::from_secs(2)).await;
        let (heard, center_cores, generator_cores) = generator.listen(TALK_FOR_S).await?;
        let memory_kib = machine::memory_kib();
        generator.order(&Order::HangUp).await?;
        match generator.report().await? {
            Report::HungUp => {}
            other => bail!("the generator does not hang up: {other:?}"),
        }
        self.empty().await?;
        let Heard {
            citizens,
            counselors,
            ..
        } = heard;
        let whole = |side: Side| side.packets + side.lost;
        Ok(Talk {
            calls,
            wide,
            heard: citizens.heard_the_other.min(counselors.heard_the_other),
            lost: citizens.lost + counselors.lost,
            packets: whole(citizens) + whole(counselors),
            center_cores,
            generator_cores,
            memory_kib,
        })
    }

    /// How many of the last talks have a recording.
    async fn recordings(&self, talks: u32) -> Result<u32> {
        let mut search = store::Search::default();
        let (mut seen, mut recordings) = (0, 0);
        while seen < talks {
            let rows = self.archive.contacts(&search).await?;
            let Some(last) = rows.last() else {
                break;
            };
            search.before = Some(last.contact);
            for row in rows.iter().take((talks - seen) as usize) {
                seen += 1;
                let kept = self.archive.recordings(row.contact).await?;
                recordings += u32::from(kept.iter().any(|recording| recording.length_ms > 1_000));
            }
        }
        Ok(recordings)
    }
}

/// Counselors who take what rings and close the record as soon as the citizen is gone.
async fn counselors(hub: Hub) {
    let city = hub.city().clone();
    let category = city.categories.iter().find(|category| category.leaf);
    let category = category.map(|category| category.code.clone());
    let outcome = city.outcomes.first().map(|outcome| outcome.code.clone());
    let mut board = hub.board();
    let mut done: BTreeSet<(ContactId, CounselorId, bool)> = BTreeSet::new();
    while board.changed().await.is_ok() {
        let shown = board.borrow_and_update().clone();
        for view in &shown.contacts {
            let (Some(counselor), contact) = (view.counselor, view.contact) else {
                continue;
            };
            let ends = view.stage == Stage::WrapUp;
            if (!ends && view.stage != Stage::Ringing) || !done.insert((contact, counselor, ends)) {
                continue;
            }
            let (hub, category, outcome) = (hub.clone(), category.clone(), outcome.clone());
            tokio::spawn(async move {
                let answer = if ends {
                    let classify = Command::Classify {
                        counselor,
                        contact,
                        category,
                        outcome,
                    };
                    let _ = hub.send(classify).await;
                    hub.send(Command::Finish {
                        counselor,
                        contact,
                        ready: true,
                    })
                    .await
                } else {
                    hub.send(Command::Accept { counselor, contact }).await
                };
                if let Err(refused) = answer {
                    tracing::warn!(%contact, %refused, "a counselor of the bench was refused");
                }
            });
        }
    }
}

/// The other process.
struct Generator {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Generator {
    fn start(telephony: &Telephony) -> Result<Generator> {
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .args(["bench", "--generator", &telephony.local_sip().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("the generator has no input")?;
        let reports = child.stdout.take().context("the generator has no output")?;
        let reports = BufReader::new(reports).lines();
        Ok(Generator {
            child,
            orders,
            reports,
        })
    }

    async fn order(&mut self, order: &Order) -> Result<()> {
        let line = serde_json::to_string(order)? + "\n";
        Ok(self.orders.write_all(line.as_bytes()).await?)
    }

    async fn report(&mut self) -> Result<Report> {
        let line = timeout(PATIENCE, self.reports.next_line()).await;
        let line = line.context("the generator says nothing")??;
        Ok(serde_json::from_str(
            &line.context("the generator is gone")?,
        )?)
    }

    async fn set_up(&mut self, per_s: u32, seconds: u32) -> Result<SetUp> {
        let (before, began) = (machine::cpu(), std::time::Instant::now());
        self.order(&Order::SetUp {
            per_s,
            seconds,
            hold_ms: HOLD_MS,
        })
        .await?;
        match self.report().await? {
            Report::SetUp(mut set_up) => {
                let used = machine::cpu().saturating_sub(before).as_secs_f64();
                set_up.center_cores = used / began.elapsed().as_secs_f64();
                Ok(set_up)
            }
            other => bail!("the generator sets up no calls: {other:?}"),
        }
    }

    /// What was heard, and the cores that center and generator took meanwhile.
    async fn listen(&mut self, seconds: u32) -> Result<(Heard, f64, f64)> {
        let before = machine::cpu();
        let began = std::time::Instant::now();
        self.order(&Order::Listen { seconds }).await?;
        let report = self.report().await?;
        let Report::Heard(heard) = report else {
            bail!("the generator hears nothing: {report:?}");
        };
        let took = began.elapsed().as_secs_f64();
        let center_cores = machine::cpu().saturating_sub(before).as_secs_f64() / took;
        let generator_cores = heard.cpu.as_secs_f64() / took;
        Ok((heard, center_cores, generator_cores))
    }

    async fn stop(mut self) -> Result<()> {
        drop(self.orders);
        timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }
}
