//! A connection to a carrier's SMPP gateway that holds: it binds, keeps the link, comes back, and
//! tells the outbox the truth about what left. Never closes a bind for one odd message.

use crate::inlet::Inlet;
use crate::outlet::{Order, Unsent};
use crate::secret::Secret;
use crate::sms::deliver::Taker;
use crate::sms::line::{self, Opener, Unset};
use crate::sms::memory::Memory;
use crate::sms::session::{End, Role, Session};
use crate::sms::submit::{Form, Pace};
use crate::sms::text::{Carrier, Encoding};
use crate::sms::wire::{self, Came, Frame, Number, command, status};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// How a connection binds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bind {
    /// One bind for both directions.
    #[default]
    Transceiver,
    /// A receiver and a transmitter, for gateways that want two.
    Pair,
}

/// Version of the protocol that is spoken at the bind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// SMPP 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// SMPP 5.0.
    #[serde(rename = "5.0")]
    V50,
}

/// A code of `data_coding` that a gateway uses in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// Code.
    pub code: u8,
    /// What it means, in both directions.
    pub encoding: Encoding,
}

/// Settings of a connection. What has no default must be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the connection.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// TLS from the first byte.
    #[serde(default)]
    pub tls: bool,
    /// Another authority than the system's, as a PEM file.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// Name in the gateway's certificate, where it is not the host of `address`.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Account.
    pub system_id: String,
    /// Password.
    pub password: Secret,
    /// Kind of system, where the gateway wants one.
    #[serde(default)]
    pub system_type: String,
    /// One bind or two.
    #[serde(default)]
    pub bind: Bind,
    /// Version.
    #[serde(default)]
    pub version: Version,
    /// The city's number, which texts leave from; the gateway's own when empty.
    #[serde(default)]
    pub number: String,
    /// Type of the city's number (TON); short codes are usually 3 or 6.
    #[serde(default)]
    pub number_ton: u8,
    /// Plan of the city's number (NPI).
    #[serde(default = "one")]
    pub number_npi: u8,
    /// Type of citizens' numbers that do not begin with a plus (TON).
    #[serde(default)]
    pub to_ton: u8,
    /// Plan of citizens' numbers (NPI).
    #[serde(default = "one")]
    pub to_npi: u8,
    /// Addresses that the bind receives for; the gateway's own when empty.
    #[serde(default)]
    pub address_range: String,
    /// Service type of texts that leave.
    #[serde(default)]
    pub service_type: String,
    /// What the gateway carries.
    #[serde(default)]
    pub carrier: Carrier,
    /// What the gateway calls its own alphabet (`data_coding` 0) in texts that come.
    #[serde(default = "gsm7")]
    pub standard: Encoding,
    /// Codes that it uses in its own way.
    #[serde(default)]
    pub codings: Vec<Coding>,
    /// Whether receipts are asked for.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Parts without an answer at most.
    #[serde(default = "window")]
    pub window: usize,
    /// Parts a second at most.
    #[serde(default = "per_second")]
    pub per_second: u32,
    /// Times.
    #[serde(default)]
    pub times: Times,
}

/// Times of a connection, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// Until a connection and a bind must stand.
    pub bind_ms: u64,
    /// Silence after which the link is tried.
    pub enquire_ms: u64,
    /// Until an answer must come.
    pub answer_ms: u64,
    /// First pause before binding again; doubled each time, with a random share.
    pub again_ms: u64,
    /// Longest pause before binding again.
    pub again_max_ms: u64,
    /// First pause when the gateway asks for patience; doubled each time.
    pub throttle_ms: u64,
    /// Longest such pause.
    pub throttle_max_ms: u64,
    /// How long a message is tried before it goes back to the outbox.
    pub patience_ms: u64,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            bind_ms: 10_000,
            enquire_ms: 30_000,
            answer_ms: 10_000,
            again_ms: 1_000,
            again_max_ms: 60_000,
            throttle_ms: 100,
            throttle_max_ms: 5_000,
            patience_ms: 30_000,
        }
    }
}

fn one() -> u8 {
    1
}

fn gsm7() -> Encoding {
    Encoding::Gsm7
}

fn yes() -> bool {
    true
}

fn window() -> usize {
    10
}

fn per_second() -> u32 {
    20
}

/// How the line stands, for the floor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Bound for what comes.
    pub receiving: bool,
    /// Bound for what leaves.
    pub sending: bool,
    /// Why there was no bind, the last time it was tried; empty while there is one.
    pub trouble: String,
}

/// A connection to a gateway.
pub struct Smpp {
    settings: Arc<Settings>,
    opener: Opener,
    inlet: Inlet,
    memory: Memory,
    line: watch::Sender<Line>,
}

/// Sessions of this process, so that the memory tells them apart.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

impl fmt::Debug for Smpp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smpp({})", self.settings.name)
    }
}

impl Smpp {
    /// A connection that is not yet open. Fails where TLS is asked for and cannot be had.
    pub fn new(settings: Settings, inlet: Inlet, memory: Memory) -> Result<Smpp, Unset> {
        Ok(Smpp {
            opener: Opener::new(&settings)?,
            settings: Arc::new(settings),
            inlet,
            memory,
            line: watch::Sender::new(Line::default()),
        })
    }

    /// How the line stands, from now on.
    pub fn line(&self) -> watch::Receiver<Line> {
        self.line.subscribe()
    }

    /// Holds the connection until the outbox's end is gone and everything on its way is answered.
    /// Dropped before that it closes at once, and what was on its way is unknown.
    pub async fn run(self, mut orders: mpsc::Receiver<Order>) {
        match self.settings.bind {
            Bind::Transceiver => self.hold(Role::Transceiver, &mut orders).await,
            Bind::Pair => {
                let (_nothing, mut none) = mpsc::channel(1);
                tokio::select! {
                    () = self.hold(Role::Transmitter, &mut orders) => {}
                    () = self.hold(Role::Receiver, &mut none) => {}
                }
            }
        }
    }

    /// Binds again and again.
    async fn hold(&self, role: Role, orders: &mut mpsc::Receiver<Order>) {
        let times = self.settings.times;
        let mut pause = times.again_ms;
        loop {
            let bound = timeout(Duration::from_millis(times.bind_ms), self.bind(role)).await;
            match bound.unwrap_or(Err(Refused::Silent)) {
                Ok(line) => {
                    pause = times.again_ms;
                    self.show(role, true);
                    let end = self.session(role, line).run(orders).await;
                    self.show(role, false);
                    let via = &self.settings.name;
                    tracing::info!(%via, ?role, ?end, "a bind ended");
                    if end == End::Finished {
                        return;
                    }
                }
                Err(why) => {
                    let via = &self.settings.name;
                    tracing::warn!(%via, ?role, %why, "no bind");
                    let trouble = why.to_string();
                    self.line.send_modify(|line| line.trouble = trouble);
                }
            }
            let wait = Duration::from_millis(jitter(pause));
            pause = (pause * 2).min(times.again_max_ms);
            if !later(Instant::now() + wait, orders).await {
                return;
            }
        }
    }

    fn show(&self, role: Role, bound: bool) {
        self.line.send_modify(|line| {
            if role != Role::Transmitter {
                line.receiving = bound;
            }
            if role != Role::Receiver {
                line.sending = bound;
            }
            if bound {
                line.trouble.clear();
            }
        });
    }

    async fn bind(&self, role: Role) -> Result<line::Line, Refused> {
        let settings = &self.settings;
        let mut line = self.opener.open().await?;
        let id = match role {
            Role::Transceiver => command::BIND_TRANSCEIVER,
            Role::Receiver => command::BIND_RECEIVER,
            Role::Transmitter => command::BIND_TRANSMITTER,
        };
        let version = match settings.version {
            Version::V34 => 0x34,
            Version::V50 => 0x50,
        };
        let mut body = Vec::new();
        for field in [
            &settings.system_id,
            settings.password.expose(),
            &settings.system_type,
        ] {
            body.extend_from_slice(field.as_bytes());
            body.push(0);
        }
        body.extend([version, settings.number_ton, settings.number_npi]);
        body.extend_from_slice(settings.address_range.as_bytes());
        body.push(0);
        let asked = Frame::new(id, 1, body).bytes();
        let told = async {
            line.writer.write_all(&asked).await?;
            line.writer.flush().await
        };
        told.await.map_err(|_| Refused::Silent)?;
        loop {
            let came = wire::read(&mut line.reader).await;
            let came = came.map_err(|_| Refused::Silent)?;
            if let Came::Frame(answer) = came
                && answer.id & command::RESPONSE != 0
            {
                return match answer.status {
                    status::OK if answer.id != command::RESPONSE => Ok(line),
                    code => Err(Refused::Status(code)),
                };
            }
        }
    }

    fn session(&self, role: Role, line: line::Line) -> Session {
        let settings = &self.settings;
        let codings: Vec<(u8, Encoding)> = settings
            .codings
            .iter()
            .map(|coding| (coding.code, coding.encoding))
            .collect();
        let taker = Taker {
            via: settings.name.as_str().into(),
            inlet: self.inlet.clone(),
            memory: self.memory.clone(),
            standard: settings.standard,
            codings: codings.clone().into(),
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
        };
        let form = Form {
            from: Number {
                ton: settings.number_ton,
                npi: settings.number_npi,
                digits: settings.number.clone(),
            },
            to_ton: settings.to_ton,
            to_npi: settings.to_npi,
            service_type: settings.service_type.clone(),
            carrier: settings.carrier.clone(),
            codings,
            receipts: settings.receipts,
        };
        let ms = Duration::from_millis;
        let times = settings.times;
        let pace = Pace {
            window: settings.window.max(1),
            per_second: settings.per_second.max(1),
            answer: ms(times.answer_ms),
            pause: ms(times.throttle_ms),
            pause_max: ms(times.throttle_max_ms),
            patience: ms(times.patience_ms),
        };
        Session::new(role, line, taker, form, pace, ms(times.enquire_ms))
    }
}

/// Why there is no bind.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Closed(#[from] line::Closed),
    #[error("no answer")]
    Silent,
    #[error("the gateway's status is 0x{0:08x}")]
    Status(u32),
}

/// Answers orders with "later" until the time has come; false when nobody orders any more.
async fn later(until: Instant, orders: &mut mpsc::Receiver<Order>) -> bool {
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            order = orders.recv() => {
                let Some(order) = order else { return false };
                let after = Some(until.saturating_duration_since(Instant::now()));
                let _ = order.reply.send(Err(Unsent::Later { after }));
            }
        }
    }
}

/// Between half and the whole of a pause, so that a city's binds do not all come at once.
fn jitter(pause: u64) -> u64 {
    let random = getrandom::u32().unwrap_or_default();
    pause / 2 + u64::from(random) % (pause / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_a_wrong_name_is_refused() {
        let text = r#"
            name = "kt"
            address = "smsc.example:2775"
            system_id = "city120"
            password = "secret"
            number = "120"
            version = "5.0"
            bind = "pair"
            codings = [{ code = 132, encoding = "cp949" }]
            [carrier]
            encodings = ["euc-kr", "ucs2"]
            joining = "sar"
            [times]
            enquire_ms = 10_000
        "#;
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(
            (settings.version, settings.bind),
            (Version::V50, Bind::Pair)
        );
        assert_eq!((settings.window, settings.per_second), (10, 20));
        assert_eq!(settings.codings[0].encoding, Encoding::Cp949);
        assert_eq!(
            (settings.times.enquire_ms, settings.times.again_ms),
            (10_000, 1_000)
        );
        assert!(!format!("{settings:?}").contains("secret"));
        let wrong = toml::from_str::<Settings>(&text.replace("number =", "nunber ="));
        assert!(wrong.is_err());
    }

    #[test]
    fn pauses_are_spread_over_half_their_length() {
        let pauses: Vec<u64> = (0..200).map(|_| jitter(1_000)).collect();
        assert!(pauses.iter().all(|pause| (500..=1_000).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        assert_eq!(jitter(0), 0);
    }
}
