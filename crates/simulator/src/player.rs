//! `simulate --live URL`: citizens and counselors who act on a running center over HTTP. Never the
//! center's own process.

use crate::chance::Chance;
use crate::live::{LiveAnswer, LiveCommand, LiveFloor};
use crate::load;
use crate::options::Options;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Why a running center could not be played to.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Not an address like `http://127.0.0.1:8120`.
    #[error("`{0}` is not an address like http://127.0.0.1:8120")]
    Address(String),
    /// The connection failed.
    #[error("the center at {0} does not answer")]
    Connection(String, #[source] std::io::Error),
    /// The center does not take simulated commands.
    #[error("the center answers {0}: is it started with --simulation?")]
    Refused(u16),
    /// The reply cannot be read.
    #[error("the center's reply cannot be read")]
    Garbled,
}

/// Largest reply taken.
const REPLY_MAX: usize = 16 << 20;

/// Between two looks at the floor.
const STEP: Duration = Duration::from_millis(250);

/// Counselors left to people of flesh and blood: the first of the list.
const LEFT_FREE: usize = 3;

/// One connection, kept alive.
struct Http {
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Http {
    fn new(url: &str) -> Result<Http, LiveError> {
        let host = url
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        let host = host.filter(|host| !host.is_empty() && !host.contains('/'));
        let host = host
            .ok_or_else(|| LiveError::Address(url.to_owned()))?
            .to_owned();
        let host = if host.contains(':') {
            host
        } else {
            format!("{host}:80")
        };
        Ok(Http { host, stream: None })
    }

    async fn send(&mut self, commands: &[LiveCommand]) -> Result<Vec<LiveAnswer>, LiveError> {
        let body = serde_json::to_string(commands).map_err(|_| LiveError::Garbled)?;
        // A connection that was kept may have been closed meanwhile; nothing was done then.
        let kept = self.stream.is_some();
        let reply = match self.exchange(&body).await {
            Err(LiveError::Connection(..)) if kept => {
                self.stream = None;
                self.exchange(&body).await?
            }
            reply => reply?,
        };
        serde_json::from_slice(&reply).map_err(|_| LiveError::Garbled)
    }

    async fn exchange(&mut self, body: &str) -> Result<Vec<u8>, LiveError> {
        let result = self.try_exchange(body).await;
        let (status, reply) =
            result.map_err(|why| LiveError::Connection(self.host.clone(), why))?;
        if status == 200 {
            Ok(reply)
        } else {
            Err(LiveError::Refused(status))
        }
    }

    async fn try_exchange(&mut self, body: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(&self.host).await?),
        };
        let head = format!(
            "POST /simulation/commands HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await?;
        let garbled = || std::io::Error::from(std::io::ErrorKind::InvalidData);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(garbled)?;
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| garbled())?;
            }
        }
        if length > REPLY_MAX {
            return Err(garbled());
        }
        let mut reply = vec![0; length];
        stream.read_exact(&mut reply).await?;
        self.stream = Some(stream);
        Ok((status, reply))
    }
}

/// Plays a day into a running center, from nine in the morning of its own time on, `speed` times
/// as fast as the clock. Ends with the day; dropped earlier, the desks stay signed in until their
/// missed rings put them to rest.
pub async fn live(url: &str, seed: u64, speed: f64) -> Result<(), LiveError> {
    let mut http = Http::new(url)?;
    let mut player = Player::new(seed, speed.max(0.01));
    player.floor = look(&mut http).await?;
    let taken: BTreeSet<u32> = player
        .floor
        .counselors
        .iter()
        .map(|c| c.counselor)
        .collect();
    let free = player
        .floor
        .staff
        .iter()
        .filter(|id| !taken.contains(id))
        .copied();
    let left = if player.floor.staff.len() > 2 * LEFT_FREE {
        LEFT_FREE
    } else {
        0
    };
    player.staff = free.skip(left).collect();
    let staff = player.staff.clone();
    let sign_in = staff
        .iter()
        .map(|id| LiveCommand::SignIn { counselor: *id });
    http.send(&sign_in.collect::<Vec<_>>()).await?;
    while player.hour() < 24.0 {
        tokio::time::sleep(STEP).await;
        player.floor = look(&mut http).await?;
        player.seconds += STEP.as_secs_f64();
        let commands = player.step();
        let answers = http.send(&commands).await?;
        Player::note(&commands, &answers);
    }
    let sign_out = staff
        .iter()
        .map(|id| LiveCommand::SignOut { counselor: *id });
    http.send(&sign_out.collect::<Vec<_>>()).await?;
    Ok(())
}

async fn look(http: &mut Http) -> Result<LiveFloor, LiveError> {
    match http.send(&[LiveCommand::Look]).await?.pop() {
        Some(LiveAnswer::Floor(floor)) => Ok(floor),
        _ => Err(LiveError::Garbled),
    }
}

/// A stage of a contact and until when it lasts, in seconds of the run.
type Plan = (String, f64);

struct Player {
    seed: u64,
    speed: f64,
    seconds: f64,
    next_call: f64,
    calls: u64,
    chance: Chance,
    floor: LiveFloor,
    staff: Vec<u32>,
    plans: BTreeMap<u64, Plan>,
    patience: BTreeMap<u64, f64>,
}

impl Player {
    fn new(seed: u64, speed: f64) -> Player {
        Player {
            seed,
            speed,
            seconds: 0.0,
            next_call: 0.0,
            calls: 0,
            chance: Chance::part(seed, "live"),
            floor: LiveFloor::default(),
            staff: Vec::new(),
            plans: BTreeMap::new(),
            patience: BTreeMap::new(),
        }
    }

    /// Time of the simulated day in hours.
    fn hour(&self) -> f64 {
        9.0 + self.seconds * self.speed / 3_600.0
    }

    /// Seconds of the run that so many seconds of the day last.
    fn lasts(&self, seconds: f64) -> f64 {
        seconds / self.speed
    }

    fn step(&mut self) -> Vec<LiveCommand> {
        let mut commands = Vec::new();
        self.calls_come(&mut commands);
        self.citizens(&mut commands);
        self.counselors(&mut commands);
        commands
    }

    /// As many calls as the staff of this floor would have in the handbook's city.
    fn calls_come(&mut self, commands: &mut Vec<LiveCommand>) {
        let options = Options::base(self.seed, 1);
        let planned = load::planned(&options, self.hour() as usize % 24);
        let share = self.staff.len() as f64 / 91.0;
        let gap_s = 3_600.0 / (planned * share).max(0.1);
        while self.next_call <= self.seconds {
            self.calls += 1;
            let caller = format!("simulated-{}", self.chance.between(0, 20_000));
            let key = format!(
                "{}-{:08x}-{}",
                self.seed,
                self.chance.bits() >> 32,
                self.calls
            );
            commands.push(LiveCommand::Arrive { key, caller });
            let gap = self.chance.exponential(gap_s);
            self.next_call += self.lasts(gap);
        }
    }

    /// How long a stage lasts, drawn when it begins; true once it is over.
    fn over(&mut self, contact: u64, stage: &str, draw: impl FnOnce(&mut Chance) -> f64) -> bool {
        let known = self.plans.get(&contact).filter(|(known, _)| known == stage);
        let until = if let Some((_, until)) = known {
            *until
        } else {
            let drawn = draw(&mut self.chance);
            let until = self.seconds + self.lasts(drawn);
            self.plans.insert(contact, (stage.to_owned(), until));
            until
        };
        until <= self.seconds
    }

    fn citizens(&mut self, commands: &mut Vec<LiveCommand>) {
        let contacts = self.floor.contacts.clone();
        let open: BTreeSet<u64> = contacts.iter().map(|view| view.contact).collect();
        self.plans.retain(|contact, _| open.contains(contact));
        self.patience.retain(|contact, _| open.contains(contact));
        for view in contacts.into_iter().filter(|view| view.simulated) {
            let contact = view.contact;
            match view.stage.as_str() {
                "menu" | "arrived" if self.over(contact, "menu", |c| 3.0 + 6.0 * c.unit()) => {
                    self.plans.remove(&contact);
                    if self.chance.happens(load::LEAVE_MENU) {
                        commands.push(LiveCommand::Leave { contact });
                    } else if self.chance.happens(0.5) {
                        commands.push(LiveCommand::Key { contact, key: '0' });
                    } else {
                        commands.push(LiveCommand::Heard { contact });
                    }
                }
                "queue" if self.gives_up(contact) => commands.push(LiveCommand::Leave { contact }),
                "talk" => {
                    let kind = load::KINDS[self.chance.pick(&load::KINDS.map(|k| k.share))];
                    if self.over(contact, "talk", |c| c.lognormal(kind.talk_s, kind.talk_cv)) {
                        commands.push(LiveCommand::Leave { contact });
                    }
                }
                "ringing" if view.callback && self.over(contact, "ringing", |_| 6.0) => {
                    commands.push(LiveCommand::PickUp { contact });
                }
                _ => {}
            }
        }
    }

    fn gives_up(&mut self, contact: u64) -> bool {
        let drawn = self.chance.exponential(load::PATIENCE_S);
        let until = self.seconds + self.lasts(drawn);
        *self.patience.entry(contact).or_insert(until) <= self.seconds
    }

    fn counselors(&mut self, commands: &mut Vec<LiveCommand>) {
        let simulated: BTreeSet<u64> = self
            .floor
            .contacts
            .iter()
            .filter(|c| c.simulated)
            .map(|c| c.contact)
            .collect();
        for view in self.floor.counselors.clone() {
            let counselor = view.counselor;
            if !self.staff.contains(&counselor) {
                continue;
            }
            let contact = view.contacts.first().copied();
            match (view.doing.as_str(), contact) {
                ("ringing", Some(contact)) if !simulated.contains(&contact) => {
                    commands.push(LiveCommand::Decline { counselor, contact });
                }
                ("ringing", Some(contact)) if self.over(contact, "ring", |c| 0.5 + c.unit()) => {
                    commands.push(LiveCommand::Accept { counselor, contact });
                }
                ("wrap_up", Some(contact))
                    if self.over(contact, "wrap", |c| c.lognormal(31.0, 0.7)) =>
                {
                    commands.extend(self.close(counselor, contact));
                }
                ("rest", _) => commands.push(LiveCommand::Ready { counselor }),
                _ => {}
            }
        }
    }

    fn close(&mut self, counselor: u32, contact: u64) -> Option<LiveCommand> {
        let one = |codes: &[String], chance: &mut Chance| {
            codes
                .get(chance.between(0, codes.len() as i64) as usize)
                .cloned()
        };
        let category = one(&self.floor.categories, &mut self.chance)?;
        let outcome = one(&self.floor.outcomes, &mut self.chance)?;
        Some(LiveCommand::Close {
            counselor,
            contact,
            category,
            outcome,
        })
    }

    /// Logs what was not taken: a refusal now and then is a race, many are a fault.
    fn note(commands: &[LiveCommand], answers: &[LiveAnswer]) {
        let refused = answers
            .iter()
            .filter(|a| matches!(a, LiveAnswer::Refused { .. }))
            .count();
        if refused > 0 {
            tracing::debug!(refused, of = commands.len(), "live.refused");
        }
    }
}
