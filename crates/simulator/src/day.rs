//! A run: citizens call, counselors work, things break, the clock jumps from one to the next. Never
//! a socket, never the real clock.

use crate::chance::Chance;
use crate::load::{self, Person};
use crate::options::Options;
use crate::pens::{self, PenDue, Pens};
use crate::roster::{self, Roster};
use crate::seat::{DeskAct, Seat};
use crate::town;
use crate::watch::Checker;
use crate::world::{Clock, House, Occupancy, Report};
use center::city::{Channel, ContactId, CounselorId};
use center::command::{Answer, Command, Ending};
use center::effect::Effect;
use center::event::{Event, Fate};
use center::time::{DAY_MS, Day, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A person calls.
    Attempt(usize),
    /// Something happens on a line, unless what it answers to is over.
    Line(ContactId, u32, LineAct),
    /// A counselor does something, unless the state it belongs to is over.
    Desk(CounselorId, u32, DeskAct),
    /// A shift begins, its end.
    ShiftBegins(CounselorId, Time),
    /// A shift ends.
    ShiftEnds(CounselorId),
    /// Time for a break.
    BreakDue(CounselorId),
    /// The page of a desk loses its connection.
    DeskLost(CounselorId),
    /// It is back.
    DeskBack(CounselorId),
    /// The center stops.
    Crash,
    /// It starts again.
    Restart,
    /// Somebody looks at the callbacks owed and at records left behind.
    Tasks,
    /// Something about letters and video.
    Pen(PenDue),
}

/// What happens on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineAct {
    /// A key, while this prompt plays.
    Key(char, u32),
    /// The prompts of this number have ended.
    Played(u32),
    /// The line ends.
    Leave(Ending),
    /// A call of the center was answered, or not with this status.
    Dialed(Option<u16>),
    /// A transfer outside was answered, or not with this status.
    Transferred(Option<u16>),
}

/// A citizen's end of a contact.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who.
    pub person: usize,
    /// Counts up whenever what was planned no longer holds.
    pub epoch: u32,
    /// Number of the prompts that play.
    pub play: u32,
    /// Gives up already in the menu.
    pub leaves_menu: bool,
}

/// A run in progress.
pub struct Run {
    /// Options.
    pub options: Options,
    /// Center and checkers.
    pub house: House,
    /// Clock.
    pub clock: Clock<Due>,
    /// The present instant.
    pub now: Time,
    /// People.
    pub people: Vec<Person>,
    /// Lines of open contacts.
    pub lines: BTreeMap<ContactId, Line>,
    /// Counselors at work.
    pub seats: BTreeMap<CounselorId, Seat>,
    /// Chance of what people do.
    pub chance: Chance,
    /// Those who write, and those who answer them.
    pub pens: Pens,
    down: bool,
    down_since: Time,
    lost_while_down: Vec<usize>,
    occupancy: Occupancy,
    waiting_most: usize,
    attempts: u64,
    ends: Time,
}

/// Plays weekdays and reports.
pub fn day(options: &Options) -> Report {
    let mut run = Run::new(options);
    run.play();
    run.report()
}

/// The whole journal of a run beside its report, for those who look at single events.
pub fn day_with_journal(options: &Options) -> (Report, Vec<(Time, Event)>) {
    let mut run = Run::new(options);
    run.play();
    (run.report(), run.house.journal)
}

/// How long after the last midnight night staff stays until everything has ended.
const AFTER_MS: i64 = 4 * HOUR_MS;

impl Run {
    fn new(options: &Options) -> Run {
        let roster = Roster::new(options);
        let mut city = town::whole(roster.counselors.clone());
        city.queues[0].waiting_max = options.waiting_max;
        if options.letters > 0.0 {
            pens::queues(&mut city);
        }
        city.callbacks =
            options.callbacks || options.crashes > 0 || options.crash_after_events.is_some();
        if options.reserve {
            city.reserves.push(town::reserve("en", 1, 30 * SECOND_MS));
        }
        // A Tuesday.
        let midnight = city.zone.start_of(Day::of_date(2026, 11, 24));
        let mut run = Run {
            house: House::new(city),
            clock: Clock::default(),
            now: midnight,
            people: Vec::new(),
            lines: BTreeMap::new(),
            seats: BTreeMap::new(),
            chance: Chance::part(options.seed, "people"),
            pens: Pens::default(),
            down: false,
            down_since: midnight,
            lost_while_down: Vec::new(),
            occupancy: Occupancy::default(),
            waiting_most: 0,
            attempts: 0,
            ends: midnight + i64::from(options.days) * DAY_MS,
            options: options.clone(),
        };
        run.plan_load(midnight);
        run.plan_shifts(midnight, &roster);
        run.plan_trouble(midnight);
        if options.letters > 0.0 {
            run.plan_pens(midnight);
        }
        run
    }

    /// When the last day ends.
    pub fn ends(&self) -> Time {
        self.ends
    }

    fn plan_load(&mut self, midnight: Time) {
        let mut chance = Chance::part(self.options.seed, "arrivals");
        for day in 0..i64::from(self.options.days) {
            let start = midnight + day * DAY_MS;
            for at in load::first_attempts(&self.options, start, &mut chance) {
                let known = self.people.len() as u64;
                let person = load::person(&self.options, at - start, known, &mut chance);
                self.people.push(person);
                self.clock.plan(at, Due::Attempt(self.people.len() - 1));
            }
        }
    }

    /// The shifts of every day; after the last day the night staff stays on.
    fn plan_shifts(&mut self, midnight: Time, roster: &Roster) {
        for day in 0..=i64::from(self.options.days) {
            let start = midnight + day * DAY_MS;
            for shift in &roster.shifts {
                let mut from = start + shift.from_ms;
                let mut to = start + shift.to_ms;
                if start >= self.ends {
                    // The night staff, and language speakers for what was promised to callers.
                    if shift.from_ms > 2 * MINUTE_MS && shift.counselor.0 > roster::SPEAKERS {
                        continue;
                    }
                    (from, to) = (self.ends + SECOND_MS, self.ends + AFTER_MS);
                }
                self.clock.plan(from, Due::ShiftBegins(shift.counselor, to));
            }
        }
        self.clock.plan(midnight + MINUTE_MS, Due::Tasks);
    }

    fn plan_trouble(&mut self, midnight: Time) {
        let mut chance = Chance::part(self.options.seed, "trouble");
        for _ in 0..self.options.crashes {
            let at = midnight + chance.between(6 * HOUR_MS, self.ends - midnight);
            self.clock.plan(at, Due::Crash);
        }
    }

    /// Runs until everything has ended.
    fn play(&mut self) {
        loop {
            let next = self.clock.next();
            let deadline = self.house.center.deadline().filter(|_| !self.down);
            let at = [next, deadline].into_iter().flatten().min();
            let Some(at) = at.filter(|at| *at <= self.ends + AFTER_MS + HOUR_MS) else {
                break;
            };
            let floor = &self.house.watch.floor;
            if at > self.ends && floor.open.is_empty() && floor.desks.is_empty() {
                break;
            }
            if at < self.ends {
                let speak = ..pens::FIRST;
                let busy = floor.busy.range(speak).count();
                self.occupancy
                    .step(at, busy, floor.idle.range(speak).count());
            }
            self.waiting_most = self.waiting_most.max(floor.waiting[0].len());
            self.now = self.now.max(at);
            let crash_at = self.options.crash_after_events;
            if !self.down && crash_at.is_some_and(|events| self.house.watch.events >= events) {
                self.options.crash_after_events = None;
                self.crash();
                continue;
            }
            // What the world does at an instant comes before the deadline of the same instant.
            if next == Some(at) {
                let (_, due) = self.clock.take().expect("just seen");
                self.happen(due);
            } else {
                self.hand(&Command::Tick);
            }
        }
        self.house.look(self.now);
        self.house.replay(self.now);
        self.house.watch.end(self.now);
    }

    fn report(&self) -> Report {
        let watch = &self.house.watch;
        Report {
            options: self.options.clone(),
            events: watch.events,
            hash: watch.fingerprint.0,
            contacts: watch.floor.arrived,
            summary: watch
                .recount
                .summary_of(|channel| channel == Channel::Voice),
            beside: watch
                .recount
                .summary_of(|channel| channel != Channel::Voice),
            coverage: watch.calibration.coverage(),
            outbound: watch.floor.ended(Fate::Outbound),
            occupancy: self.occupancy.percent(),
            seat_hours: Roster::new(&self.options).seat_hours(),
            waiting_most: self.waiting_most,
            staff_most: self.occupancy.most,
            found: watch.found.clone(),
            refused: self.house.refused.clone(),
        }
    }

    /// Telephony and pages need a moment.
    pub fn soon(&mut self) -> Time {
        let wing_ms = self.options.wing_ms;
        self.now + self.chance.between(2, wing_ms)
    }

    /// Hands in a command and lets everyone react to what follows.
    pub fn hand(&mut self, command: &Command) -> Option<Answer> {
        let from = self.house.journal.len();
        let (answer, effects) = self.house.hand(self.now, command);
        if let (Ok(Answer::Contact(contact)), Command::Arrived { .. }) = (&answer, command) {
            self.pick_up(*contact);
        }
        let mut touched = BTreeSet::new();
        for index in from..self.house.journal.len() {
            let (_, event) = &self.house.journal[index];
            if self.options.letters > 0.0 {
                let event = event.clone();
                self.pens_see(&event);
            }
            let (_, event) = &self.house.journal[index];
            touched.extend(event.counselor());
            let open = event
                .contact()
                .and_then(|id| self.house.watch.floor.open.get(&id));
            touched.extend(open.and_then(|open| open.phase.counselor()));
            match event {
                Event::Queued { contact, .. } => {
                    let contact = *contact;
                    self.begin_patience(contact);
                }
                Event::CallbackBooked { contact } => {
                    if let Some(line) = self.lines.get_mut(contact) {
                        line.epoch += 1;
                    }
                }
                Event::Closed { contact, fate, .. } => {
                    let (contact, fate) = (*contact, *fate);
                    self.over(contact, fate);
                }
                _ => {}
            }
        }
        for effect in effects {
            self.carry_out(&effect);
        }
        for counselor in touched {
            self.react(counselor);
        }
        answer.ok()
    }

    fn happen(&mut self, due: Due) {
        if self.down {
            return self.happen_while_down(due);
        }
        match due {
            Due::Attempt(person) => self.attempt(person, true),
            Due::Line(contact, epoch, act) => self.line_acts(contact, epoch, act),
            Due::Desk(counselor, epoch, act) => self.desk_acts(counselor, epoch, act),
            Due::ShiftBegins(counselor, to) => self.shift_begins(counselor, to),
            Due::ShiftEnds(counselor) => self.shift_ends(counselor),
            Due::BreakDue(counselor) => self.break_due(counselor),
            Due::DeskLost(counselor) => {
                self.hand(&Command::DeskLost { counselor });
            }
            Due::DeskBack(counselor) => {
                self.hand(&Command::SignIn { counselor });
                self.react(counselor);
            }
            Due::Crash => self.crash(),
            Due::Restart => {}
            Due::Tasks => self.look_after_tasks(),
            Due::Pen(due) => self.pen(due),
        }
    }

    fn happen_while_down(&mut self, due: Due) {
        match due {
            Due::Restart => self.restart(),
            Due::Attempt(person) => self.lost_while_down.push(person),
            Due::Line(..) | Due::Desk(..) | Due::Crash => {}
            later => {
                let at = self.now + 30 * SECOND_MS;
                self.clock.plan(at, later);
            }
        }
    }

    fn attempt(&mut self, index: usize, live: bool) {
        self.attempts += 1;
        self.people[index].tries += 1;
        let command = Command::Arrived {
            key: format!("sim-{}", self.attempts),
            channel: Channel::Voice,
            caller: self.people[index].caller.clone(),
            via: "simulator".to_owned(),
            live,
        };
        self.lines.insert(
            ContactId(0),
            Line {
                person: index,
                epoch: 0,
                play: 0,
                leaves_menu: self.chance.happens(load::LEAVE_MENU),
            },
        );
        let opened = self.hand(&command);
        if self.chance.happens(0.002) && self.hand(&command) != opened {
            let words = "a repeated packet opened a second contact";
            self.house
                .watch
                .find(Checker::NobodyLost, None, self.now, words);
        }
        self.lines.remove(&ContactId(0));
    }

    /// The line that is calling gets the number of its contact.
    fn pick_up(&mut self, contact: ContactId) {
        let open = self.house.watch.floor.open.contains_key(&contact);
        if let Some(line) = self.lines.remove(&ContactId(0)) {
            if open {
                self.lines.insert(contact, line);
            } else {
                self.call_again(line.person);
            }
        }
    }

    /// Somebody who was not served may call again.
    fn call_again(&mut self, person: usize) {
        let tries = self.people[person].tries;
        if tries < load::TRIES_MAX && self.chance.happens(load::REDIAL) {
            let pause = self.chance.exponential(load::REDIAL_S * 1_000.0) as i64;
            if self.now + pause < self.ends {
                self.clock.plan(self.now + pause, Due::Attempt(person));
            }
        }
    }

    fn over(&mut self, contact: ContactId, fate: Fate) {
        let Some(line) = self.lines.remove(&contact) else {
            return;
        };
        if matches!(
            fate,
            Fate::Abandoned | Fate::ShortAbandoned | Fate::Capped | Fate::Interrupted
        ) {
            self.call_again(line.person);
        }
    }

    fn crash(&mut self) {
        self.house.replay(self.now);
        self.down = true;
        self.down_since = self.now;
        let back = self.now + self.chance.between(3 * SECOND_MS, 60 * SECOND_MS);
        self.clock.plan(back, Due::Restart);
    }

    fn restart(&mut self) {
        self.down = false;
        self.house.lose_memory(self.now);
        // Deadlines that passed while the center was down are worked off late.
        let down_ms = self.now - self.down_since;
        self.house.watch.late_ms = down_ms;
        for line in self.lines.values_mut() {
            line.epoch += 1;
        }
        self.hand(&Command::Restarted);
        self.house.watch.late_ms = 0;
        self.pens_again();
        for person in std::mem::take(&mut self.lost_while_down) {
            self.attempt(person, false);
        }
        let working: Vec<CounselorId> = self.seats.keys().copied().collect();
        for counselor in working {
            self.react(counselor);
        }
    }
}

/// Telephony's side: carries out what the center asks.
impl Run {
    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Play {
                contact,
                play,
                prompts,
                ..
            } => {
                let names: Vec<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
                self.plays(*contact, *play, &names);
            }
            Effect::Bridge { contact, .. } | Effect::HangUp { contact } => {
                if let Some(line) = self.lines.get_mut(contact) {
                    line.epoch += 1;
                }
            }
            Effect::Dial { contact } => self.dials(*contact),
            Effect::TransferOut { contact } => {
                let status = (!self.chance.happens(0.85)).then_some(480);
                let after = self.chance.between(3 * SECOND_MS, 20 * SECOND_MS);
                self.plan_line(*contact, after, LineAct::Transferred(status));
            }
            // Who rings is seen at the desk; the rest needs no answer.
            _ => {}
        }
    }

    /// Plans something on a line that holds as long as its present state.
    pub fn plan_line(&mut self, contact: ContactId, after_ms: i64, act: LineAct) {
        let late = self.chance.between(2, self.options.wing_ms);
        if let Some(line) = self.lines.get(&contact) {
            let due = Due::Line(contact, line.epoch, act);
            self.clock.plan(self.now + after_ms + late, due);
        }
    }

    fn plays(&mut self, contact: ContactId, play: u32, names: &[&str]) {
        let Some(line) = self.lines.get_mut(&contact) else {
            return;
        };
        line.play = play;
        let (person, leaves_menu) = (line.person, line.leaves_menu);
        let length_ms: i64 = names.iter().map(|name| prompt_ms(name)).sum();
        self.plan_line(contact, length_ms, LineAct::Played(play));
        let foreign = self.people[person].language != center::city::Language::Ko;
        match names.first().copied() {
            Some("welcome_short" | "main_menu_short") => {
                if leaves_menu {
                    let after = self.chance.between(SECOND_MS, length_ms);
                    self.plan_line(contact, after, LineAct::Leave(Ending::Citizen));
                } else if foreign {
                    self.press(contact, '9', play, 5_000, length_ms);
                } else if self.chance.happens(0.4) {
                    self.press(contact, '0', play, 2_000, length_ms);
                } else if self.chance.happens(0.01) {
                    self.press(contact, '8', play, 2_000, length_ms);
                }
            }
            Some("lang_choice") => {
                let language = self.people[person].language;
                let own = town::LANGUAGES
                    .iter()
                    .find(|(known, ..)| *known == language);
                let key = own.map_or('0', |(_, _, key, _)| *key);
                self.press(contact, key, play, 3_000, length_ms);
            }
            Some("closed") if self.chance.happens(0.8) => {
                let key = if self.chance.happens(0.6) { '0' } else { '1' };
                self.press(contact, key, play, 2_000, 6_000);
            }
            _ if names.contains(&"callback_offer") && self.chance.happens(0.3) => {
                self.press(contact, '1', play, 4_000, 9_000);
            }
            _ => {}
        }
    }

    fn press(&mut self, contact: ContactId, key: char, play: u32, from_ms: i64, to_ms: i64) {
        let after = self.chance.between(from_ms, to_ms);
        self.plan_line(contact, after, LineAct::Key(key, play));
    }

    fn dials(&mut self, contact: ContactId) {
        if !self.lines.contains_key(&contact) {
            // A callback that was owed: somebody known calls no more, their phone rings.
            let person = self.chance.between(0, self.people.len() as i64) as usize;
            let line = Line {
                person,
                epoch: 0,
                play: 0,
                leaves_menu: false,
            };
            self.lines.insert(contact, line);
        }
        if self.chance.happens(0.75) {
            let after = self.chance.between(4 * SECOND_MS, 20 * SECOND_MS);
            self.plan_line(contact, after, LineAct::Dialed(None));
        } else if self.chance.happens(0.5) {
            let after = self.chance.between(2 * SECOND_MS, 30 * SECOND_MS);
            self.plan_line(contact, after, LineAct::Dialed(Some(486)));
        }
    }

    fn line_acts(&mut self, contact: ContactId, epoch: u32, act: LineAct) {
        let Some(line) = self.lines.get(&contact).filter(|line| line.epoch == epoch) else {
            return;
        };
        let command = match act {
            LineAct::Key(key, play) if play == line.play => Command::Key { contact, key },
            LineAct::Played(play) if play == line.play => Command::Played { contact, play },
            LineAct::Key(..) | LineAct::Played(_) => return,
            LineAct::Leave(ending) => Command::Left { contact, ending },
            LineAct::Dialed(None) => Command::DialAnswered { contact },
            LineAct::Transferred(None) => Command::TransferAnswered { contact },
            LineAct::Dialed(Some(status)) | LineAct::Transferred(Some(status)) => {
                Command::DialFailed { contact, status }
            }
        };
        self.hand(&command);
        if act == LineAct::Transferred(None) {
            // The officer speaks with the citizen for a while.
            let after = self.chance.exponential(120_000.0) as i64;
            self.plan_line(contact, after, LineAct::Leave(Ending::Citizen));
        }
    }

    /// How long somebody holds out in the queue they have just entered.
    fn begin_patience(&mut self, contact: ContactId) {
        let Some(line) = self.lines.get_mut(&contact) else {
            return;
        };
        line.epoch += 1;
        let floor = &self.house.watch.floor;
        if floor.open.get(&contact).is_some_and(|open| open.callback) {
            return;
        }
        let mut patience_ms = self.chance.exponential(load::PATIENCE_S * 1_000.0) as i64;
        // Being told of a minute makes some give up.
        if patience_ms > MINUTE_MS && self.chance.happens(0.03) {
            patience_ms = MINUTE_MS + self.chance.between(0, 2_000);
        }
        self.plan_line(contact, patience_ms, LineAct::Leave(Ending::Citizen));
    }
}

/// Length of a prompt as measured by the handbook, or nearly.
fn prompt_ms(name: &str) -> i64 {
    match name {
        "welcome_short" => 4_400,
        "main_menu_short" => 7_200,
        "connecting" => 2_000,
        _ => 2_500,
    }
}
