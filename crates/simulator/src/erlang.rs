//! One queue, equal counselors, exponential everything: runs in which Erlang's formulas must come
//! out. Never a city.

use crate::calibration::{Calibration, Coverage};
use crate::chance::Chance;
use crate::town;
use crate::world::Clock;
use center::city::{Channel, City, ContactId, CounselorId};
use center::command::{Answer, Command, Ending};
use center::event::Event;
use center::staffing::Load;
use center::time::{SECOND_MS, Time};
use center::{Center, Outcome};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Seed.
    pub seed: u64,
    /// Load; infinite patience when nobody gives up.
    pub load: Load,
    /// Counselors.
    pub seats: u32,
    /// Most that may wait; 0 gives Erlang B.
    pub waiting_max: usize,
    /// Contacts measured, after a tenth of warming up.
    pub contacts: usize,
    /// Target of the service level in seconds.
    pub target_s: f64,
}

/// A mean with the half width of its 99 % confidence interval, by batch means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Mean.
    pub mean: f64,
    /// Half width.
    pub half: f64,
}

impl Mean {
    /// Whether a value lies in the interval.
    pub fn holds(&self, value: f64) -> bool {
        (self.mean - value).abs() <= self.half
    }
}

/// What a run measured, of all contacts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Share turned away.
    pub blocked: Mean,
    /// Share that had to wait.
    pub waiting: Mean,
    /// Share that gave up.
    pub abandoned: Mean,
    /// Mean wait in seconds, of those who gave up too.
    pub wait_s: Mean,
    /// Share answered within the target.
    pub within: Mean,
    /// What was told.
    pub coverage: Coverage,
}

/// One contact as measured.
#[derive(Clone, Copy, Debug, Default)]
struct Fared {
    blocked: bool,
    waited_ms: i64,
    abandoned: bool,
}

enum Due {
    Arrival,
    GivesUp(ContactId),
    Ends(ContactId, CounselorId),
}

const BATCHES: usize = 30;

/// Student's t for 99 % and 29 degrees of freedom.
const STUDENT: f64 = 2.756;

struct Runner {
    trial: Trial,
    center: Center,
    out: Outcome,
    clock: Clock<Due>,
    chance: Chance,
    now: Time,
    arrived: BTreeMap<ContactId, Time>,
    fared: BTreeMap<ContactId, Fared>,
    calibration: Calibration,
}

fn city(trial: &Trial) -> City {
    let mut queue = town::general();
    // Video goes straight to its queue, without a menu, and takes a whole counselor.
    queue.channel = Channel::Video;
    queue.waiting_max = trial.waiting_max;
    queue.handling_ms = (trial.load.handling_s * 1_000.0) as i64;
    if trial.load.patience_s.is_finite() {
        queue.patience_ms = (trial.load.patience_s * 1_000.0) as i64;
    } else {
        queue.patience_ms = 1_000_000 * SECOND_MS;
    }
    let counselors = (1..=trial.seats).map(|id| town::counselor(id, None));
    let mut city = town::city(vec![queue], counselors.collect());
    city.callbacks = false;
    city.limits.ready_max_ms = i64::MAX / 4;
    city
}

/// Runs a trial.
pub fn run(trial: &Trial) -> Measured {
    let mut runner = Runner {
        trial: *trial,
        center: Center::new(Arc::new(city(trial))),
        out: Outcome::default(),
        clock: Clock::default(),
        chance: Chance::new(trial.seed),
        now: Time(0),
        arrived: BTreeMap::new(),
        fared: BTreeMap::new(),
        calibration: Calibration::default(),
    };
    for id in 1..=trial.seats {
        let counselor = CounselorId(id);
        runner.hand(&Command::SignIn { counselor });
        runner.hand(&Command::Ready { counselor });
    }
    runner.clock.plan(Time(0), Due::Arrival);
    let all = trial.contacts + trial.contacts / 10;
    while runner.fared.len() < all {
        runner.step();
    }
    runner.measure()
}

impl Runner {
    fn step(&mut self) {
        let next = self.clock.next().expect("arrivals never end");
        if let Some(due) = self.center.deadline().filter(|due| *due < next) {
            self.now = due;
            self.hand(&Command::Tick);
            return;
        }
        let (at, due) = self.clock.take().expect("just seen");
        self.now = at;
        match due {
            Due::Arrival => self.arrive(),
            Due::GivesUp(contact) => {
                if self.arrived.contains_key(&contact) {
                    self.hand(&Command::Left {
                        contact,
                        ending: Ending::Citizen,
                    });
                }
            }
            Due::Ends(contact, counselor) => self.end(contact, counselor),
        }
    }

    fn after(&mut self, mean_s: f64) -> Time {
        self.now + self.chance.exponential(mean_s * 1_000.0).round() as i64
    }

    fn arrive(&mut self) {
        let next = self.after(1.0 / self.trial.load.arrivals_per_s);
        self.clock.plan(next, Due::Arrival);
        let command = Command::Arrived {
            key: format!("trial-{}", self.fared.len() + self.arrived.len()),
            channel: Channel::Video,
            caller: String::new(),
            via: "simulator".to_owned(),
            live: true,
        };
        let Some(Answer::Contact(contact)) = self.hand(&command) else {
            return;
        };
        if self.trial.load.patience_s.is_finite() && self.arrived.contains_key(&contact) {
            let gives_up = self.after(self.trial.load.patience_s);
            self.clock.plan(gives_up, Due::GivesUp(contact));
        }
    }

    fn end(&mut self, contact: ContactId, counselor: CounselorId) {
        self.hand(&Command::Left {
            contact,
            ending: Ending::Citizen,
        });
        let (category, outcome) = (Some("ETC".to_owned()), Some("AN".to_owned()));
        self.hand(&Command::Classify {
            counselor,
            contact,
            category,
            outcome,
        });
        self.hand(&Command::Finish {
            counselor,
            contact,
            ready: true,
        });
    }

    /// Hands in a command; offers are taken without delay.
    fn hand(&mut self, command: &Command) -> Option<Answer> {
        self.out.events.clear();
        self.out.effects.clear();
        let answer = self.center.handle(self.now, command, &mut self.out).ok();
        let events = std::mem::take(&mut self.out.events);
        for event in &events {
            self.calibration.apply(self.now, event);
            self.see(event);
        }
        answer
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::Arrived { contact, .. } => {
                self.arrived.insert(*contact, self.now);
            }
            Event::TurnedAway { contact, .. } => {
                let contact = *contact;
                self.done(contact, true, false);
                self.clock.plan(self.now, Due::GivesUp(contact));
                self.hand(&Command::Left {
                    contact,
                    ending: Ending::Citizen,
                });
            }
            Event::Offered {
                contact, counselor, ..
            } => {
                let (contact, counselor) = (*contact, *counselor);
                self.done(contact, false, false);
                self.hand(&Command::Accept { counselor, contact });
                let ends = self.after(self.trial.load.handling_s);
                self.clock.plan(ends, Due::Ends(contact, counselor));
            }
            Event::Closed { contact, .. } => self.done(*contact, false, true),
            _ => {}
        }
    }

    fn done(&mut self, contact: ContactId, blocked: bool, abandoned: bool) {
        if let Some(arrived) = self.arrived.remove(&contact) {
            let waited_ms = self.now - arrived;
            self.fared.insert(
                contact,
                Fared {
                    blocked,
                    waited_ms,
                    abandoned,
                },
            );
        }
    }

    fn measure(&self) -> Measured {
        let fared: Vec<Fared> = self
            .fared
            .values()
            .skip(self.trial.contacts / 10)
            .copied()
            .collect();
        let share =
            |holds: &dyn Fn(&Fared) -> bool| mean(&fared, |f| f64::from(u8::from(holds(f))));
        let target_ms = (self.trial.target_s * 1_000.0) as i64;
        Measured {
            blocked: share(&|f| f.blocked),
            waiting: share(&|f| !f.blocked && f.waited_ms > 0),
            abandoned: share(&|f| f.abandoned),
            wait_s: mean(&fared, |f| f.waited_ms as f64 / 1_000.0),
            within: share(&|f| !f.blocked && !f.abandoned && f.waited_ms <= target_ms),
            coverage: self.calibration.coverage(),
        }
    }
}

fn mean(fared: &[Fared], of: impl Fn(&Fared) -> f64) -> Mean {
    let size = fared.len() / BATCHES;
    let batches: Vec<f64> = fared
        .chunks_exact(size.max(1))
        .take(BATCHES)
        .map(|batch| batch.iter().map(&of).sum::<f64>() / batch.len() as f64)
        .collect();
    let mean = batches.iter().sum::<f64>() / batches.len() as f64;
    let squares: f64 = batches.iter().map(|batch| (batch - mean).powi(2)).sum();
    let variance = squares / (batches.len() as f64 - 1.0);
    Mean {
        mean,
        half: STUDENT * (variance / batches.len() as f64).sqrt(),
    }
}
