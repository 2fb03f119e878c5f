//! Who writes, who signs on video, and who answers them: the written and signed part of a weekday
//! (handbook section 7). Never a call.

use crate::chance::Chance;
use crate::day::{Due, Run};
use crate::floor::Phase;
use crate::town;
use crate::watch::Checker;
use center::city::{Channel, City, ContactId, CounselorId, CounselorProfile};
use center::command::{Answer, Command, Ending, Reply, RestReason, Written};
use center::event::{Event, Fate, Fortune, Marks};
use center::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use std::collections::BTreeMap;

/// Share of a day's texts by hour, in percent; chats, posts and mails follow it.
const HOURS: [f64; 24] = [
    2.0, 1.4, 0.9, 0.6, 0.5, 0.6, 1.2, 3.0, 5.6, 7.2, 7.3, 6.6, 5.8, 6.2, 6.2, 6.2, 6.2, 6.4, 5.9,
    4.8, 4.4, 4.2, 3.8, 3.0,
];

/// What is written on a channel on a weekday.
#[derive(Clone, Copy, Debug)]
struct Mix {
    channel: Channel,
    /// Conversations a day.
    a_day: f64,
    /// Mean work on one answer, in seconds.
    work_s: f64,
    /// Chance that the citizen writes once more after an answer.
    goes_on: f64,
    /// Leaves without a word after the first answer.
    silent: f64,
}

const MIX: [Mix; 4] = [
    Mix {
        channel: Channel::Text,
        a_day: 2_545.0,
        work_s: 52.0,
        goes_on: 0.52,
        silent: 0.0,
    },
    Mix {
        channel: Channel::Chat,
        a_day: 700.0,
        work_s: 60.0,
        goes_on: 0.75,
        silent: 0.12,
    },
    Mix {
        channel: Channel::Social,
        a_day: 200.0,
        work_s: 120.0,
        goes_on: 0.2,
        silent: 0.0,
    },
    Mix {
        channel: Channel::Mail,
        a_day: 60.0,
        work_s: 150.0,
        goes_on: 0.2,
        silent: 0.0,
    },
];

/// Calls by video a day, their mean length and patience in seconds.
const SIGNED_A_DAY: f64 = 65.0;
const SIGNED_TALK_S: f64 = 480.0;
const SIGNED_PATIENCE_S: f64 = 400.0;

/// Numbers of those who answer in writing, and of those who sign.
const CLERKS: std::ops::Range<u32> = 2_001..2_016;
const NIGHT_CLERKS: std::ops::Range<u32> = 2_021..2_026;
const SIGNERS: std::ops::Range<u32> = 2_031..2_035;

/// Everyone from here on writes or signs; those below speak.
pub const FIRST: CounselorId = CounselorId(2_001);

/// Day shift of clerks; nights are the rest.
const DAY: (i64, i64) = (6 * HOUR_MS, 24 * HOUR_MS);

/// Hours of sign language.
const SIGNED_HOURS: (i64, i64) = (9 * HOUR_MS, 22 * HOUR_MS);

/// Somebody who writes or signs.
#[derive(Clone, Debug)]
pub struct Writer {
    channel: Channel,
    mix: usize,
    number: u64,
    letters: u32,
    contact: Option<ContactId>,
    silent: bool,
}

/// Somebody who answers: one letter after the other, whatever waits.
#[derive(Clone, Debug)]
pub struct Clerk {
    to: Time,
    free_at: Time,
}

/// What comes due in writing and on video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PenDue {
    /// A citizen writes, or calls by video.
    Write(usize),
    /// A video call ends.
    HangsUp(ContactId),
    /// Somebody waited long enough for a signer.
    GivesUp(ContactId),
    /// A clerk sits down.
    Sits(CounselorId, Time),
    /// A clerk goes home.
    Leaves(CounselorId),
    /// A clerk takes an offer.
    Takes(CounselorId, ContactId),
    /// A clerk answers.
    Answers(CounselorId, ContactId),
    /// A clerk closes a record.
    Closes(CounselorId, ContactId),
    /// A provider tells the fate of a message.
    Fares(ContactId, u32),
}

/// Everyone who has to do with letters.
#[derive(Clone, Debug, Default)]
pub struct Pens {
    writers: Vec<Writer>,
    clerks: BTreeMap<CounselorId, Clerk>,
    of_contact: BTreeMap<ContactId, usize>,
    chance: Option<Chance>,
}

/// Queues of the written channels and of video.
pub fn queues(city: &mut City) {
    for (channel, code) in [
        (Channel::Text, "texts"),
        (Channel::Chat, "chats"),
        (Channel::Social, "posts"),
        (Channel::Mail, "mails"),
    ] {
        let mut queue = town::written_queue(channel, None, code);
        "pen".clone_into(&mut queue.rings[0].needs[0].skill);
        city.queues.push(queue);
    }
    let mut video = town::written_queue(Channel::Video, None, "video");
    "sign".clone_into(&mut video.rings[0].needs[0].skill);
    video.handling_ms = (SIGNED_TALK_S * 1_000.0) as i64;
    city.queues.push(video);
    let clerks = CLERKS.chain(NIGHT_CLERKS).map(|id| profile(id, "pen"));
    let signers = SIGNERS.map(|id| profile(id, "sign"));
    city.counselors.extend(clerks.chain(signers));
}

fn profile(id: u32, skill: &str) -> CounselorProfile {
    let mut profile = town::counselor(id, None);
    profile.skills = BTreeMap::from([(skill.to_owned(), 5)]);
    profile
}

impl Pens {
    fn chance(&mut self) -> &mut Chance {
        self.chance.as_mut().expect("planned before anybody writes")
    }
}

impl Run {
    /// Plans what is written and signed, and who is there to answer.
    pub fn plan_pens(&mut self, midnight: Time) {
        self.pens.chance = Some(Chance::part(self.options.seed, "pens"));
        for day in 0..=i64::from(self.options.days) {
            let start = midnight + day * DAY_MS;
            self.plan_clerks(start, start >= self.ends());
            if start < self.ends() {
                self.plan_writers(start);
            }
        }
    }

    fn plan_clerks(&mut self, start: Time, after: bool) {
        let mut sits = |id: u32, from: Time, to: Time| {
            let counselor = CounselorId(id);
            self.clock.plan(from, Due::Pen(PenDue::Sits(counselor, to)));
        };
        for id in NIGHT_CLERKS {
            let to = if after { 2 * HOUR_MS } else { DAY.0 };
            sits(id, start + SECOND_MS, start + to);
        }
        if after {
            return;
        }
        for id in CLERKS {
            sits(id, start + (DAY.0 - MINUTE_MS), start + DAY.1);
        }
        for id in SIGNERS {
            sits(
                id,
                start + (SIGNED_HOURS.0 - MINUTE_MS),
                start + SIGNED_HOURS.1,
            );
        }
    }

    fn plan_writers(&mut self, start: Time) {
        let storm = self.options.storm;
        for (mix, of) in MIX.iter().enumerate() {
            for hour in 0..24 {
                let more = if storm && (7..11).contains(&hour) {
                    4.0
                } else {
                    1.0
                };
                let share = HOURS[hour as usize] / HOURS.iter().sum::<f64>();
                let a_day = of.a_day * self.options.letters;
                let gap_ms = HOUR_MS as f64 / (a_day * share * more);
                let from = start + hour * HOUR_MS;
                self.arrive_between(from, from + HOUR_MS, gap_ms, of.channel, mix);
            }
        }
        let (from, to) = (start + SIGNED_HOURS.0, start + (SIGNED_HOURS.1 - HOUR_MS));
        let gap_ms = (to - from) as f64 / (SIGNED_A_DAY * self.options.letters);
        self.arrive_between(from, to, gap_ms, Channel::Video, 0);
    }

    fn arrive_between(&mut self, from: Time, to: Time, gap_ms: f64, channel: Channel, mix: usize) {
        let mut at = from + self.pens.chance().exponential(gap_ms) as i64;
        while at < to {
            let silent = self.pens.chance().happens(MIX[mix].silent);
            self.pens.writers.push(Writer {
                channel,
                mix,
                number: self.pens.writers.len() as u64,
                letters: 0,
                contact: None,
                silent: silent && channel == Channel::Chat,
            });
            let writer = self.pens.writers.len() - 1;
            self.clock.plan(at, Due::Pen(PenDue::Write(writer)));
            at = at + self.pens.chance().exponential(gap_ms) as i64 + 1;
        }
    }

    /// Something about letters comes due.
    pub fn pen(&mut self, due: PenDue) {
        match due {
            PenDue::Write(writer) => self.writes_again(writer),
            PenDue::HangsUp(contact) => self.goes(contact),
            PenDue::GivesUp(contact) => {
                if self.phase(contact) == Some(Phase::Waiting) {
                    self.goes(contact);
                }
            }
            PenDue::Sits(counselor, to) => self.sits(counselor, to),
            PenDue::Leaves(counselor) => self.leaves(counselor),
            PenDue::Takes(counselor, contact) => {
                if self.phase(contact) == Some(Phase::Offered(counselor)) {
                    self.hand(&Command::Accept { counselor, contact });
                }
            }
            PenDue::Answers(counselor, contact) => self.answers(counselor, contact),
            PenDue::Closes(counselor, contact) => self.closes(counselor, contact),
            PenDue::Fares(contact, message) => self.fares(contact, message),
        }
    }

    fn goes(&mut self, contact: ContactId) {
        let ending = Ending::Citizen;
        self.hand(&Command::Left { contact, ending });
    }

    fn phase(&self, contact: ContactId) -> Option<Phase> {
        let open = self.house.watch.floor.open.get(&contact);
        open.map(|open| open.phase)
    }

    fn signs(&self, contact: ContactId) -> bool {
        let open = self.house.watch.floor.open.get(&contact);
        open.is_some_and(|open| open.channel == Channel::Video)
    }

    fn writes_again(&mut self, index: usize) {
        let writer = self.pens.writers[index].clone();
        if writer.channel == Channel::Video {
            return self.calls_by_video(index, &writer);
        }
        let over = self.pens.chance().happens(0.015);
        let urgent = self.pens.chance().happens(0.002);
        let automatic = writer.channel == Channel::Mail && self.pens.chance().happens(0.1);
        self.pens.writers[index].letters += 1;
        let written = Written {
            key: format!("pen-{}-{}", writer.number, writer.letters),
            channel: writer.channel,
            via: "simulator".to_owned(),
            thread: format!("thread-{}", writer.number),
            caller: format!("writer-{}", writer.number % 2_000),
            language: None,
            digest: String::new(),
            letters: if over { 1_200 } else { 80 },
            files: u16::from(writer.number.is_multiple_of(8)),
            marks: Marks {
                urgent,
                over,
                automatic,
                ..Marks::default()
            },
            consent: None,
        };
        let command = Command::Written(Box::new(written));
        let taken = self.hand(&command);
        if let Some(Answer::Message { contact, .. }) = taken {
            self.pens.writers[index].contact = Some(contact);
            self.pens.of_contact.insert(contact, index);
        }
        if self.pens.chance().happens(0.01) {
            self.delivered_twice(&command, taken);
        }
    }

    /// A gateway that heard no answer delivers again: it must find what is there.
    fn delivered_twice(&mut self, command: &Command, first: Option<Answer>) {
        let again = self.hand(command);
        let same = matches!(
            (first, again),
            (
                Some(Answer::Message { contact, message, .. }),
                Some(Answer::Message { contact: twin, message: number, again: true }),
            ) if contact == twin && message == number
        );
        if !same {
            let words = "a letter that was delivered twice was taken twice";
            self.house
                .watch
                .find(Checker::NobodyLost, None, self.now, words);
        }
    }

    fn calls_by_video(&mut self, index: usize, writer: &Writer) {
        let arrived = Command::Arrived {
            key: format!("video-{}", writer.number),
            channel: Channel::Video,
            caller: format!("signer-{}", writer.number),
            via: "simulator".to_owned(),
            live: true,
        };
        if let Some(Answer::Contact(contact)) = self.hand(&arrived) {
            self.pens.of_contact.insert(contact, index);
            let patience = self.pens.chance().exponential(SIGNED_PATIENCE_S * 1_000.0);
            let at = self.now + patience as i64;
            if self.phase(contact) == Some(Phase::Waiting) {
                self.clock.plan(at, Due::Pen(PenDue::GivesUp(contact)));
            }
        }
    }

    fn sits(&mut self, counselor: CounselorId, to: Time) {
        if to <= self.now {
            return;
        }
        let free_at = self.now;
        self.pens.clerks.insert(counselor, Clerk { to, free_at });
        self.clock.plan(to, Due::Pen(PenDue::Leaves(counselor)));
        self.hand(&Command::SignIn { counselor });
        self.hand(&Command::Ready { counselor });
    }

    /// Goes home; letters go back to their queue, a video call is finished first.
    fn leaves(&mut self, counselor: CounselorId) {
        let desk = self.house.watch.floor.desks.get(&counselor);
        let signs = desk.is_some_and(|desk| desk.holds.iter().any(|id| self.signs(*id)));
        if signs {
            let reason = RestReason::Break;
            self.hand(&Command::Rest { counselor, reason });
            let at = self.now + MINUTE_MS;
            return self.clock.plan(at, Due::Pen(PenDue::Leaves(counselor)));
        }
        self.hand(&Command::SignOut { counselor });
        self.pens.clerks.remove(&counselor);
    }

    /// Reacts to what happened to a contact in writing or on video.
    pub fn pens_see(&mut self, event: &Event) {
        match event {
            Event::Offered {
                contact, counselor, ..
            } if self.pens.clerks.contains_key(counselor) => {
                let at = self.now + self.pens.chance().between(700, 2_700);
                let takes = PenDue::Takes(*counselor, *contact);
                self.clock.plan(at, Due::Pen(takes));
            }
            Event::Answered {
                contact, counselor, ..
            } if self.pens.clerks.contains_key(counselor) => {
                self.begins(*contact, *counselor);
            }
            Event::MessageReceived { contact, .. } => {
                if let Some(Phase::Talk(counselor)) = self.phase(*contact) {
                    self.plan_answer(*contact, counselor);
                }
            }
            Event::MessageSent {
                contact, message, ..
            } => {
                let at = self.now + self.pens.chance().between(SECOND_MS, 20 * SECOND_MS);
                let fares = PenDue::Fares(*contact, *message);
                self.clock.plan(at, Due::Pen(fares));
            }
            Event::TalkEnded {
                contact, counselor, ..
            } if self.pens.clerks.contains_key(counselor) => {
                let at = self.now + self.pens.chance().between(8 * SECOND_MS, 40 * SECOND_MS);
                let closes = PenDue::Closes(*counselor, *contact);
                self.clock.plan(at, Due::Pen(closes));
            }
            Event::Rested { counselor, .. } if self.pens.clerks.contains_key(counselor) => {
                // A missed ring or a long silence: back at once, as long as the shift lasts.
                let clerk = &self.pens.clerks[counselor];
                if clerk.to > self.now + MINUTE_MS {
                    let sits = PenDue::Sits(*counselor, clerk.to);
                    self.clock.plan(self.now + 5 * SECOND_MS, Due::Pen(sits));
                }
            }
            Event::Closed {
                contact,
                fate: Fate::Answered,
                ..
            } => self.perhaps_later(*contact),
            _ => {}
        }
    }

    /// Some write again hours later: the same conversation goes on.
    fn perhaps_later(&mut self, contact: ContactId) {
        let Some(writer) = self.pens.of_contact.get(&contact).copied() else {
            return;
        };
        let text = self.pens.writers[writer].channel == Channel::Text;
        if text && self.pens.chance().happens(0.05) {
            let at = self.now + self.pens.chance().exponential(3_600_000.0) as i64;
            if at < self.ends() {
                self.clock.plan(at, Due::Pen(PenDue::Write(writer)));
            }
        }
    }

    fn begins(&mut self, contact: ContactId, counselor: CounselorId) {
        if self.signs(contact) {
            let talk = self.pens.chance().exponential(SIGNED_TALK_S * 1_000.0);
            let at = self.now + talk as i64 + SECOND_MS;
            self.clock.plan(at, Due::Pen(PenDue::HangsUp(contact)));
        } else {
            self.plan_answer(contact, counselor);
        }
    }

    fn mix(&self, contact: ContactId) -> Mix {
        let writer = self.pens.of_contact.get(&contact);
        writer.map_or(MIX[0], |writer| MIX[self.pens.writers[*writer].mix])
    }

    /// One letter after the other.
    fn plan_answer(&mut self, contact: ContactId, counselor: CounselorId) {
        let work_ms = self.mix(contact).work_s * 1_000.0;
        let work_ms = self.pens.chance().exponential(work_ms * 0.8) as i64 + 3 * SECOND_MS;
        let Some(clerk) = self.pens.clerks.get_mut(&counselor) else {
            return;
        };
        clerk.free_at = clerk.free_at.max(self.now) + work_ms;
        let at = clerk.free_at;
        let answers = PenDue::Answers(counselor, contact);
        self.clock.plan(at, Due::Pen(answers));
    }

    fn answers(&mut self, counselor: CounselorId, contact: ContactId) {
        if self.phase(contact) != Some(Phase::Talk(counselor)) {
            return;
        }
        let unclear = self.pens.chance().happens(0.06);
        let reply = Reply {
            counselor,
            contact,
            answers: 0,
            text: unclear.then(|| center::written::UNCLEAR.to_owned()),
            digest: String::new(),
            letters: 120,
            files: 0,
            private: false,
        };
        self.hand(&Command::Reply(Box::new(reply)));
        let mix = self.mix(contact);
        let writer = self.pens.of_contact.get(&contact).copied();
        let silent = writer.is_some_and(|writer| self.pens.writers[writer].silent);
        if silent {
            return;
        }
        if self.pens.chance().happens(mix.goes_on) {
            let at = self.now + self.pens.chance().exponential(40_000.0) as i64 + SECOND_MS;
            if let Some(writer) = writer {
                return self.clock.plan(at, Due::Pen(PenDue::Write(writer)));
            }
        }
        let at = self.now + self.pens.chance().between(4 * SECOND_MS, 25 * SECOND_MS);
        let closes = PenDue::Closes(counselor, contact);
        self.clock.plan(at, Due::Pen(closes));
    }

    fn closes(&mut self, counselor: CounselorId, contact: ContactId) {
        let mine = [Phase::Talk(counselor), Phase::WrapUp(counselor)];
        if !self
            .phase(contact)
            .is_some_and(|phase| mine.contains(&phase))
        {
            return;
        }
        self.hand(&Command::Classify {
            counselor,
            contact,
            category: Some("ETC".to_owned()),
            outcome: Some("AN".to_owned()),
        });
        self.hand(&Command::Finish {
            counselor,
            contact,
            ready: true,
        });
    }

    fn fares(&mut self, contact: ContactId, message: u32) {
        let fortune = if self.pens.chance().happens(0.006) {
            Fortune::Failed
        } else {
            Fortune::Delivered
        };
        self.hand(&Command::Fared {
            contact,
            message,
            fortune,
            reference: String::new(),
        });
    }

    /// After a stop everyone who is on shift sits down again.
    pub fn pens_again(&mut self) {
        let on_shift: Vec<(CounselorId, Time)> = self
            .pens
            .clerks
            .iter()
            .map(|(id, clerk)| (*id, clerk.to))
            .collect();
        for (counselor, to) in on_shift {
            let at = self.now + self.pens.chance().between(SECOND_MS, 20 * SECOND_MS);
            self.clock.plan(at, Due::Pen(PenDue::Sits(counselor, to)));
        }
    }
}
