//! The callers and headsets of the bench, in a process of their own so that their work is not
//! counted
//! as the center's. Never the center.

use super::machine;
use super::orders::{Heard, Order, Report, SetUp, Side};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use telephony::phone::{Caller, Carrier, Codec, End, Headset, Law, Offered, Plan, Sound, Times};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// What citizens and counselors say.
const CITIZEN_HZ: u32 = 700;
const COUNSELOR_HZ: u32 = 1_000;

/// Does what standard input says until it ends.
pub async fn run(center: SocketAddr) -> Result<()> {
    let (reports, told) = mpsc::unbounded_channel();
    let talking = std::thread::spawn(move || tell(told));
    let mut generator = Generator {
        carrier: Carrier::open(center).await?,
        reports,
        offered: BTreeMap::new(),
        plugging: JoinSet::new(),
        headsets: Vec::new(),
        callers: Vec::new(),
    };
    let mut orders = BufReader::new(stdin()).lines();
    while let Some(line) = orders.next_line().await? {
        generator.obey(serde_json::from_str(&line)?).await?;
    }
    drop(generator);
    talking
        .join()
        .ok()
        .context("the reports could not be written")?
}

/// Writes the reports, one a line.
fn tell(mut told: mpsc::UnboundedReceiver<Report>) -> Result<()> {
    while let Some(report) = told.blocking_recv() {
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}

/// The telephone's codec.
const PCMU: Codec = Codec::G711(Law::Mu);

struct Generator {
    carrier: Carrier,
    reports: mpsc::UnboundedSender<Report>,
    offered: BTreeMap<u32, Offered>,
    plugging: JoinSet<(u32, Headset, bool)>,
    headsets: Vec<Headset>,
    callers: Vec<Caller>,
}

impl Generator {
    async fn obey(&mut self, order: Order) -> Result<()> {
        let report = match order {
            Order::Headsets { count } => return self.headsets(count),
            Order::Answer { headset, sdp } => return self.plug(headset, &sdp).await,
            Order::SetUp {
                per_s,
                seconds,
                hold_ms,
            } => Report::SetUp(
                self.set_up(per_s, seconds, Duration::from_millis(hold_ms))
                    .await?,
            ),
            Order::Talk { calls, per_s, wide } => self.talk(calls, per_s, wide).await?,
            Order::Listen { seconds } => Report::Heard(self.listen(seconds).await),
            Order::HangUp => self.hang_up().await,
        };
        Ok(self.reports.send(report)?)
    }

    fn headsets(&mut self, count: u32) -> Result<()> {
        let first = (self.headsets.len() + self.offered.len()) as u32;
        for headset in first..first + count {
            let sound = Sound {
                says_hz: COUNSELOR_HZ,
                hears_hz: vec![CITIZEN_HZ],
            };
            let (offered, sdp) = Headset::offer_in(&[PCMU, Codec::Opus], sound)?;
            self.offered.insert(headset, offered);
            self.reports.send(Report::Offer { headset, sdp })?;
        }
        Ok(())
    }

    async fn plug(&mut self, headset: u32, sdp: &str) -> Result<()> {
        let Some(offered) = self.offered.remove(&headset) else {
            bail!("there is no headset {headset}");
        };
        let mut plugged = offered.take(sdp)?;
        self.plugging.spawn(async move {
            let up = plugged.up().await;
            (headset, plugged, up)
        });
        // Reports come once all are plugged in, so that orders stay in order.
        if self.offered.is_empty() {
            while let Some(plugged) = self.plugging.join_next().await {
                let (headset, plugged, up) = plugged?;
                self.headsets.push(plugged);
                self.reports.send(Report::Up { headset, up })?;
            }
        }
        Ok(())
    }

    async fn set_up(&self, per_s: u32, seconds: u32, hold: Duration) -> Result<SetUp> {
        let began = tokio::time::Instant::now();
        let mut pace = pace(per_s);
        let mut calls = JoinSet::new();
        for number in 0..per_s * seconds {
            pace.tick().await;
            let plan = plan(number, None);
            calls.spawn(brief(self.carrier.call(&plan)?, hold));
        }
        let placed_per_s = f64::from(per_s * seconds) / began.elapsed().as_secs_f64();
        let mut times = Vec::new();
        let (mut failed, mut repeated) = (0, 0);
        while let Some(call) = calls.join_next().await {
            let (set_up, end) = call?;
            repeated += u32::from(set_up.is_some_and(|times| times.repeated));
            failed += u32::from(end != End::HungUp);
            times.extend(set_up.and_then(|times| times.set_up()));
        }
        times.sort_unstable();
        let at = |permille: usize| {
            let last = times.len().saturating_sub(1);
            times
                .get(last * permille / 1_000)
                .copied()
                .unwrap_or(Duration::MAX)
        };
        Ok(SetUp {
            asked_per_s: per_s,
            placed_per_s,
            calls: per_s * seconds,
            failed,
            repeated,
            p50: at(500),
            p99: at(990),
            max: at(1_000),
            center_cores: 0.0,
        })
    }

    async fn talk(&mut self, calls: u32, per_s: u32, wide: bool) -> Result<Report> {
        let codec = if wide { Codec::Opus } else { PCMU };
        // As a page does that is told.
        self.headsets
            .iter()
            .for_each(|headset| headset.speak(codec));
        let mut pace = pace(per_s);
        let mut answering = JoinSet::new();
        for number in 0..calls {
            pace.tick().await;
            let sound = Sound {
                says_hz: CITIZEN_HZ,
                hears_hz: vec![COUNSELOR_HZ],
            };
            let mut caller = self.carrier.call_in(codec, &plan(number, Some(sound)))?;
            answering.spawn(async move {
                let answered = caller.answered().await.is_ok();
                caller.press('0');
                (caller, answered)
            });
        }
        let (mut answered, mut failed) = (0, 0);
        while let Some(caller) = answering.join_next().await {
            let (caller, talks) = caller?;
            if talks {
                answered += 1;
                self.callers.push(caller);
            } else {
                failed += 1;
            }
        }
        Ok(Report::Talking { answered, failed })
    }

    async fn listen(&self, seconds: u32) -> Heard {
        self.look();
        let before = machine::cpu();
        sleep(Duration::from_secs(u64::from(seconds))).await;
        let cpu = machine::cpu().saturating_sub(before);
        let (citizens, counselors) = self.look();
        Heard {
            citizens,
            counselors,
            cpu,
        }
    }

    /// Headsets that hear silence are those without a call.
    fn look(&self) -> (Side, Side) {
        let (mut citizens, mut counselors) = (Side::default(), Side::default());
        for caller in &self.callers {
            citizens.add(&caller.heard(), COUNSELOR_HZ);
        }
        for headset in &self.headsets {
            counselors.add(&headset.heard(), CITIZEN_HZ);
        }
        (citizens, counselors)
    }

    async fn hang_up(&mut self) -> Report {
        for caller in &self.callers {
            caller.hang_up();
        }
        for caller in &mut self.callers {
            caller.ended().await;
        }
        self.callers.clear();
        Report::HungUp
    }
}

impl Side {
    fn add(&mut self, heard: &telephony::phone::Heard, other_hz: u32) {
        self.packets += heard.packets;
        self.lost += heard.lost;
        self.heard_the_other += u32::from(heard.level > 1_000.0 && heard.share(other_hz) > 0.5);
    }
}

/// A call that only looks in: answered, a while in the menu, hung up.
async fn brief(mut caller: Caller, hold: Duration) -> (Option<Times>, End) {
    let times = match caller.answered().await {
        Ok(times) => times,
        Err(end) => return (None, end),
    };
    sleep(hold).await;
    caller.hang_up();
    (Some(times), caller.ended().await)
}

fn plan(number: u32, sound: Option<Sound>) -> Plan {
    Plan {
        from: format!("010{:08}", 10_000_000 + number),
        to: "120".to_owned(),
        sound,
    }
}

fn pace(per_s: u32) -> tokio::time::Interval {
    let mut pace = interval(Duration::from_secs(1) / per_s.max(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    pace
}
