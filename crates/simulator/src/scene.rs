//! Scenes: what people do in a counselor's words, and what follows from it. Never a second set of
//! rules.

use crate::pen;
use crate::town;
use crate::watch::Finding;
use crate::words::{Names, clock};
use crate::world::{Clock, House};
use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::command::{Answer, Command, Destination, Ending, Refusal, RestReason, Written};
use center::effect::Effect;
use center::event::Event;
use center::time::{Civil, Closure, Day, MINUTE_MS, OpeningHours, Period, SECOND_MS, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What carries a scene: the center alone, or a hub with a store under a clock that can be set.
pub trait Stage {
    /// Hands in a command at an instant; returns what followed.
    fn hand(&mut self, at: Time, command: &Command) -> Followed;
    /// When a tick must be handed in at the latest.
    fn deadline(&self) -> Option<Time>;
    /// Stops the center and starts it on what it has stored, without [`Command::Restarted`].
    fn restart(&mut self, at: Time);
    /// What the checkers found in the end.
    fn end(&mut self, at: Time) -> Vec<Finding>;
}

/// What followed from a command.
pub struct Followed {
    /// Answer.
    pub answer: Result<Answer, Refusal>,
    /// Events in order.
    pub events: Vec<Event>,
    /// Effects in order.
    pub effects: Vec<Effect>,
}

impl Stage for House {
    fn hand(&mut self, at: Time, command: &Command) -> Followed {
        let from = self.journal.len();
        let (answer, effects) = House::hand(self, at, command);
        self.look(at);
        let events = self.journal[from..]
            .iter()
            .map(|(_, event)| event.clone())
            .collect();
        Followed {
            answer,
            events,
            effects,
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.center.deadline()
    }

    fn restart(&mut self, at: Time) {
        self.replay(at);
        self.lose_memory(at);
    }

    fn end(&mut self, at: Time) -> Vec<Finding> {
        self.replay(at);
        std::mem::take(&mut self.watch.found)
    }
}

/// Counselors of every scene: name, further language and its level.
const COUNSELORS: [(&str, Option<(Language, u8)>); 4] = [
    ("Mina", None),
    ("Sora", None),
    ("Jun", Some((Language::En, 5))),
    ("Lin", Some((Language::Zh, 5))),
];

/// Written channels of every scene and their queues.
const WRITTEN: [(Channel, &str); 4] = [
    (Channel::Text, "texts"),
    (Channel::Chat, "chats"),
    (Channel::Social, "posts"),
    (Channel::Mail, "mails"),
];

/// How long every prompt lasts in a scene.
const PROMPT_MS: i64 = 3 * SECOND_MS;

/// Marks the lines that the harness writes.
const MARK: &str = "    | ";

const STRING: &str = "a string takes every line";

/// A scene that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {words}")]
pub struct Unreadable {
    /// Line, from 1.
    pub line: usize,
    /// Why.
    pub words: String,
}

/// The city of a scene: general, english and chinese around the clock, four counselors.
fn city() -> City {
    let mut queues = vec![town::general()];
    for (language, code, ..) in town::LANGUAGES {
        let mut queue = town::language_queue(language, code);
        queue.hours = OpeningHours::always();
        queues.push(queue);
    }
    for (channel, code) in WRITTEN {
        queues.push(town::written_queue(channel, None, code));
    }
    queues.push(town::written_queue(
        Channel::Text,
        Some(Language::En),
        "english-texts",
    ));
    let counselors = COUNSELORS.iter().zip(1..).map(|((name, further), id)| {
        let mut profile = town::counselor(id, *further);
        (*name).clone_into(&mut profile.name);
        profile.supervisor = *name == "Sora";
        profile
    });
    town::city(queues, counselors.collect())
}

/// Reads the `given` lines of a scene into a city.
pub fn set(text: &str) -> Result<City, Unreadable> {
    let mut city = city();
    for (line, words) in lines(text) {
        if let Some(given) = words.strip_prefix("given ") {
            give(&mut city, given).ok_or_else(|| Unreadable {
                line,
                words: format!("what is `given {given}`?"),
            })?;
        }
    }
    Ok(city)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let content = |(_, line): &(usize, &str)| {
        !line.is_empty() && !line.starts_with('#') && !line.starts_with(MARK)
    };
    (1..).zip(text.lines()).filter(content)
}

fn give(city: &mut City, given: &str) -> Option<()> {
    let words: Vec<&str> = given.split(' ').collect();
    match words.as_slice() {
        [queue, "holds", "at", "most", most] => {
            let index = city.queue_index(queue)?;
            city.queues[index].waiting_max = most.parse().ok()?;
        }
        ["at", "most", most, "calls"] => city.limits.calls_max = most.parse().ok()?,
        [queue, "is", how @ ("open" | "also" | "closed"), ..] => {
            let index = city.queue_index(queue)?;
            hours(city, index, how, &words[3..])?;
        }
        [queue, "keeps", "the", "holiday"] => {
            let index = city.queue_index(queue)?;
            let hours = &mut city.queues[index].hours;
            hours.holidays.push(today());
            hours.holiday.clear();
        }
        ["no", "way", "to", "call", "out"] => city.callbacks = false,
        ["no", "way", "to", "text"] => city.texting = false,
        ["at", "most", most, "texts", "in", "a", "call"] => {
            city.limits.call_texts_max = most.parse().ok()?;
        }
        ["a", "callback", "is", "offered", "from", seconds, "s"] => {
            for queue in &mut city.queues {
                queue.callback_from_ms = seconds.parse::<i64>().ok()? * SECOND_MS;
            }
        }
        [keep, skill, "is", "kept", "until", seconds, "s"] => {
            let until = seconds.parse::<i64>().ok()? * SECOND_MS;
            city.reserves
                .push(town::reserve(skill, keep.parse().ok()?, until));
        }
        _ => return None,
    }
    Some(())
}

/// The day of every scene: a Tuesday.
fn today() -> Day {
    Day::of_date(2026, 11, 24)
}

/// `open from 9:00 to 12:00`, `also open from 13:00 to 18:00`, and on this day only
/// `closed from 14:00 to 15:00`.
fn hours(city: &mut City, queue: usize, how: &str, words: &[&str]) -> Option<()> {
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
    };
    let (["from", from, "to", to] | ["open", "from", from, "to", to]) = words else {
        return None;
    };
    let period = Period {
        from: minute(from)?,
        to: minute(to)?,
    };
    let on_the_day = |minute| {
        city.zone.instant(Civil {
            day: today(),
            minute,
        })
    };
    let closure = Closure {
        from: on_the_day(period.from),
        to: on_the_day(period.to),
    };
    let hours = &mut city.queues[queue].hours;
    match how {
        "open" => hours.weekly = std::array::from_fn(|_| vec![period]),
        "also" => hours.weekly.iter_mut().for_each(|day| day.push(period)),
        _ => hours.closures.push(closure),
    }
    Some(())
}

/// Plays a scene on a stage; returns its text with what followed written under each line.
pub fn play(text: &str, stage: &mut dyn Stage, city: &City) -> Result<String, Unreadable> {
    let mut player = Player::new(stage, city);
    let mut played = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with(MARK) {
            continue;
        }
        if line.is_empty() || line.starts_with('#') || line.starts_with("given ") {
            writeln!(played, "{line}").expect(STRING);
            continue;
        }
        let unreadable = |words: String| Unreadable {
            line: number,
            words,
        };
        let (time, words) = line
            .split_once(' ')
            .ok_or_else(|| unreadable("a line is a time and what somebody does".to_owned()))?;
        let at = player
            .time(time)
            .ok_or_else(|| unreadable(format!("`{time}` is not a later time of day")))?;
        player.until(at);
        player.write(&mut played);
        writeln!(played, "{line}").expect(STRING);
        player
            .act(words)
            .ok_or_else(|| unreadable(format!("nobody can `{words}`")))?;
        player.write(&mut played);
    }
    let at = player.now;
    for finding in player.stage.end(at) {
        writeln!(played, "{MARK}BROKEN {finding}").expect(STRING);
    }
    Ok(played)
}

struct Player<'a> {
    stage: &'a mut dyn Stage,
    city: &'a City,
    midnight: Time,
    now: Time,
    names: Names,
    log: Vec<String>,
    prompts: Clock<(ContactId, u32)>,
    calls: u32,
    owed: BTreeSet<ContactId>,
    conversations: BTreeMap<String, ContactId>,
}

impl<'a> Player<'a> {
    fn new(stage: &'a mut dyn Stage, city: &'a City) -> Player<'a> {
        let mut names = Names::default();
        for ((name, _), id) in COUNSELORS.iter().zip(1..) {
            names.counselors.insert(CounselorId(id), (*name).to_owned());
        }
        let midnight = city.zone.start_of(today());
        Player {
            stage,
            city,
            midnight,
            now: midnight,
            names,
            log: Vec::new(),
            prompts: Clock::default(),
            calls: 0,
            owed: BTreeSet::new(),
            conversations: BTreeMap::new(),
        }
    }

    /// Writes what followed so far.
    fn write(&mut self, played: &mut String) {
        for line in self.log.drain(..) {
            writeln!(played, "{MARK}{line}").expect(STRING);
        }
    }

    fn time(&self, text: &str) -> Option<Time> {
        let mut parts = text.splitn(3, ':').map(|part| part.parse::<i64>().ok());
        let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
        let at = self.midnight + (hour * 60 + minute) * MINUTE_MS + second * SECOND_MS;
        (at >= self.now).then_some(at)
    }

    /// Lets time pass: prompts end, deadlines come.
    fn until(&mut self, at: Time) {
        loop {
            let prompt = self.prompts.next();
            let deadline = self.stage.deadline();
            let next = [prompt, deadline].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= at) else {
                break;
            };
            self.now = self.now.max(next);
            if prompt == Some(next) {
                let (_, (contact, play)) = self.prompts.take().expect("just seen");
                let _ = self.hand(&Command::Played { contact, play });
            } else {
                let _ = self.hand(&Command::Tick);
            }
        }
        self.now = at;
    }

    fn hand(&mut self, command: &Command) -> Result<Answer, Refusal> {
        let followed = self.stage.hand(self.now, command);
        let time = clock(&self.city.zone, self.now);
        for event in &followed.events {
            match event {
                Event::TaskOpened { contact } => _ = self.owed.insert(*contact),
                Event::TaskClosed { contact, .. } => _ = self.owed.remove(contact),
                _ => {}
            }
            self.follow(event);
            if let Event::TaskTaken { contact, task, .. } = event {
                let name = self.names.citizen(*task);
                self.names.citizens.insert(*contact, name);
            }
        }
        for event in &followed.events {
            let words = self.names.event(&self.city.zone, event).replace(" '", "'");
            self.log.push(format!("{time} {words}"));
        }
        for effect in &followed.effects {
            if let Effect::Play {
                contact,
                play,
                prompts,
                ..
            } = effect
            {
                let length = prompts.len() as i64 * PROMPT_MS;
                self.prompts.plan(self.now + length, (*contact, *play));
            }
            let words = self.names.effect(effect);
            self.log
                .extend(words.map(|words| format!("{time} {words}")));
        }
        followed.answer
    }

    /// Hands in what somebody does; says so when it is refused.
    fn tell(&mut self, command: &Command) {
        if let Err(refusal) = self.hand(command) {
            let time = clock(&self.city.zone, self.now);
            self.log.push(format!("{time} refused: {refusal}"));
        }
    }

    fn act(&mut self, words: &str) -> Option<()> {
        let words: Vec<&str> = words.split(' ').collect();
        match words.as_slice() {
            ["nothing", "happens"] => {}
            ["the", "center", "stops", "and", "starts"] => {
                self.stage.restart(self.now);
                self.prompts = Clock::default();
                self.tell(&Command::Restarted);
            }
            ["the", "officer", "answers", citizen] => {
                let contact = self.citizen(citizen)?;
                self.tell(&Command::TransferAnswered { contact });
            }
            ["the", "officer", "does", "not", "answer", citizen] => {
                let contact = self.citizen(citizen)?;
                self.tell(&Command::DialFailed {
                    contact,
                    status: 408,
                });
            }
            [name, rest @ ..] => match self.counselor(name) {
                Some(counselor) => self.counselor_acts(counselor, rest)?,
                None => self.citizen_acts(name, rest)?,
            },
            [] => return None,
        }
        Some(())
    }

    fn counselor(&self, name: &str) -> Option<CounselorId> {
        let found = self
            .names
            .counselors
            .iter()
            .find(|(_, known)| *known == name);
        found.map(|(id, _)| *id)
    }

    /// The latest contact of a citizen.
    fn citizen(&self, name: &str) -> Option<ContactId> {
        let mut found = self.names.citizens.iter().rev();
        found.find(|(_, known)| *known == name).map(|(id, _)| *id)
    }

    /// The contact for which a citizen is owed a callback.
    fn owed(&self, name: &str) -> Option<ContactId> {
        let mut owed = self.owed.iter().copied();
        owed.find(|id| self.names.citizen(*id) == name)
    }

    fn citizen_acts(&mut self, name: &str, words: &[&str]) -> Option<()> {
        if let ["calls"] | ["calls", "without", "a", "number"] = words {
            let caller = if words.len() == 1 {
                name.to_lowercase()
            } else {
                String::new()
            };
            self.call(name, caller);
            return Some(());
        }
        if let Some(written) = pen::letter(name, words, self.calls) {
            self.calls += 1;
            self.expect_if_new(name, &written);
            self.tell(&Command::Written(Box::new(written)));
            return Some(());
        }
        let contact = self.citizen(name)?;
        let command = match words {
            ["presses", key] => Command::Key {
                contact,
                key: key.chars().next()?,
            },
            ["hangs", "up"] => Command::Left {
                contact,
                ending: Ending::Citizen,
            },
            ["falls", "silent"] => Command::Left {
                contact,
                ending: Ending::LineLost,
            },
            ["types"] => Command::Present { contact },
            ["wants", "the", "chat", "at", address] => Command::Transcript {
                contact,
                digest: (*address).to_owned(),
            },
            ["answers", "the", "callback"] => Command::DialAnswered { contact },
            ["is", "busy"] => Command::DialFailed {
                contact,
                status: 486,
            },
            _ => return None,
        };
        self.tell(&command);
        Some(())
    }

    fn call(&mut self, name: &str, caller: String) {
        self.calls += 1;
        // The name is known before the contact is: the next number is one above the last.
        let last = self.names.citizens.keys().next_back().map_or(0, |id| id.0);
        self.names
            .citizens
            .insert(ContactId(last + 1), name.to_owned());
        self.tell(&Command::Arrived {
            key: format!("scene-{}", self.calls),
            channel: Channel::Voice,
            caller,
            via: "scene".to_owned(),
            live: true,
        });
    }

    fn counselor_acts(&mut self, counselor: CounselorId, words: &[&str]) -> Option<()> {
        let command = match words {
            ["signs", "in"] => Command::SignIn { counselor },
            ["signs", "out"] => Command::SignOut { counselor },
            ["presses", "ready"] => Command::Ready { counselor },
            ["rests"] => Command::Rest {
                counselor,
                reason: RestReason::Break,
            },
            ["goes", "to", "lunch"] => Command::Rest {
                counselor,
                reason: RestReason::Meal,
            },
            ["loses", "the", "connection"] => Command::DeskLost { counselor },
            ["is", "connected", "again"] => Command::DeskBack { counselor },
            ["calls", citizen, "back"] => {
                let contact = self.owed(citizen)?;
                Command::TakeTask { counselor, contact }
            }
            ["strikes", citizen, "off"] => {
                let contact = self.owed(citizen)?;
                Command::DropTask { counselor, contact }
            }
            _ => return self.with_citizen(counselor, words),
        };
        self.tell(&command);
        Some(())
    }

    /// The name is known before the contact is. A conversation that goes on keeps its contact.
    fn expect_if_new(&mut self, name: &str, written: &Written) {
        if !self.conversations.contains_key(&written.thread) {
            let last = self.names.citizens.keys().next_back().map_or(0, |id| id.0);
            let next = ContactId(last + 1);
            self.names.citizens.insert(next, name.to_owned());
        }
    }

    /// Follows which contact each conversation belongs to.
    fn follow(&mut self, event: &Event) {
        match event {
            Event::MessageReceived {
                contact, thread, ..
            } => drop(self.conversations.insert(thread.clone(), *contact)),
            Event::Closed { contact, .. } if self.chats(*contact) => {
                self.conversations.retain(|_, open| open != contact);
            }
            _ => {}
        }
    }

    fn chats(&self, contact: ContactId) -> bool {
        let mut threads = self.conversations.iter();
        threads.any(|(thread, open)| *open == contact && thread.ends_with("chats"))
    }

    fn pen(&self, counselor: CounselorId, words: &[&str]) -> Option<Command> {
        let citizen = |name: &str| self.citizen(name);
        let colleague = |name: &str| self.counselor(name);
        pen::command(counselor, words, self.now, &citizen, &colleague)
    }

    // A table: what each sentence says.
    fn with_citizen(&mut self, counselor: CounselorId, words: &[&str]) -> Option<()> {
        let command = match words {
            ["answers", citizen] => Command::Accept {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["declines", citizen] => Command::Decline {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["holds", citizen] => Command::Hold {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["resumes", citizen] => Command::Resume {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["hangs", "up", "on", citizen] => Command::HangUp {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["hands", citizen, "to", "an", "officer"] => Command::Transfer {
                counselor,
                contact: self.citizen(citizen)?,
                to: Destination::Number {
                    token: "officer".to_owned(),
                },
            },
            ["hands", citizen, "to", queue] => Command::Transfer {
                counselor,
                contact: self.citizen(citizen)?,
                to: Destination::Queue((*queue).to_owned()),
            },
            ["notes", letters, "letters", "on", citizen] => Command::Note {
                counselor,
                contact: self.citizen(citizen)?,
                digest: "digest".to_owned(),
                letters: letters.parse().ok()?,
            },
            ["takes", "over", citizen] => Command::TakeOver {
                counselor,
                contact: self.citizen(citizen)?,
            },
            ["files", citizen, "under", category] => Command::Classify {
                counselor,
                contact: self.citizen(citizen)?,
                category: Some((*category).to_owned()),
                outcome: None,
            },
            ["files", citizen, "under", category, "as", outcome] => Command::Classify {
                counselor,
                contact: self.citizen(citizen)?,
                category: Some((*category).to_owned()),
                outcome: Some((*outcome).to_owned()),
            },
            ["closes", citizen] => Command::Finish {
                counselor,
                contact: self.citizen(citizen)?,
                ready: true,
            },
            ["closes", citizen, "and", "rests"] => Command::Finish {
                counselor,
                contact: self.citizen(citizen)?,
                ready: false,
            },
            _ => self.pen(counselor, words)?,
        };
        self.tell(&command);
        Some(())
    }
}
