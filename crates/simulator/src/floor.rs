//! What must be true of the floor, folded from events alone by rules of its own. Never asks the
//! center.

use center::city::{
    Channel, City, ContactId, CounselorId, CounselorProfile, Language, Queue, Ring,
};
use center::command::RestReason;
use center::event::{Event, Fate, OfferEnd, Told};
use center::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where an open contact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Seen.
    Door,
    /// In the menu.
    Menu,
    /// Hears why it cannot be let in.
    Turned,
    /// Waits, as a person on the line or as a virtual caller.
    Waiting,
    /// A desk rings.
    Offered(CounselorId),
    /// The citizen is being called.
    Dialing(CounselorId),
    /// Between two tries of a callback.
    Paused,
    /// Speaks.
    Talk(CounselorId),
    /// On hold.
    Hold(CounselorId),
    /// On the way to a number outside.
    Leaving(CounselorId),
    /// The counselor writes.
    WrapUp(CounselorId),
    /// Laid aside until an instant.
    Snoozed(Time),
}

impl Phase {
    /// The counselor it is with.
    pub fn counselor(self) -> Option<CounselorId> {
        match self {
            Phase::Offered(c)
            | Phase::Dialing(c)
            | Phase::Talk(c)
            | Phase::Hold(c)
            | Phase::Leaving(c)
            | Phase::WrapUp(c) => Some(c),
            Phase::Door
            | Phase::Menu
            | Phase::Turned
            | Phase::Waiting
            | Phase::Paused
            | Phase::Snoozed(_) => None,
        }
    }
}

/// An open contact.
#[allow(clippy::struct_excessive_bools)] // Facts of a life, not the states of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Channel.
    pub channel: Channel,
    /// Where it is.
    pub phase: Phase,
    /// Since when.
    pub since: Time,
    /// Last sign of life in this phase: a key, a prompt, an announcement, an alarm.
    pub touched: Time,
    /// Queue by its position.
    pub queue: usize,
    /// Instant from which its age counts.
    pub age: Time,
    /// Before all others.
    pub front: bool,
    /// A virtual caller.
    pub callback: bool,
    /// Digest of the number.
    pub caller: String,
    /// Language.
    pub language: Language,
    /// What it was told last in this queue, and the staff that left since.
    pub told: Option<Told>,
    /// Pays an owed callback.
    pub outbound: bool,
    /// Queued at least once.
    pub queued: bool,
    /// Spoke with a counselor.
    pub answered: bool,
    /// Something written speaks of an emergency.
    pub urgent: bool,
    /// No counselor has answered what was written last.
    pub owed: bool,
    /// Was stopped in mid-contact.
    pub interrupted: bool,
    /// How it ended, once it did.
    pub fate: Option<Fate>,
}

/// A signed-in counselor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Ready, or why not.
    pub rest: Option<RestReason>,
    /// Since when.
    pub since: Time,
    /// The page is gone.
    pub lost: Option<Time>,
    /// Contacts.
    pub holds: BTreeSet<ContactId>,
}

/// The floor.
#[derive(Clone, Debug)]
pub struct Floor {
    /// City.
    pub city: Arc<City>,
    /// Open contacts.
    pub open: BTreeMap<ContactId, Open>,
    /// Signed-in counselors.
    pub desks: BTreeMap<CounselorId, Desk>,
    /// Ready, connected and with nothing to do.
    pub idle: BTreeSet<CounselorId>,
    /// With a contact, whatever it is.
    pub busy: BTreeSet<CounselorId>,
    /// Waiting contacts by queue.
    pub waiting: Vec<BTreeSet<ContactId>>,
    /// Counselors who meet some ring of a queue, by queue.
    pub able: Vec<BTreeSet<CounselorId>>,
    /// Closed conversations that may go on, and when they were closed.
    pub resting: BTreeMap<ContactId, (Time, Open)>,
    /// Callbacks owed.
    pub tasks: BTreeSet<ContactId>,
    /// Contacts so far.
    pub arrived: u64,
    /// Closed contacts by fate, in the order of [`Fate::ALL`].
    pub closed: [u64; Fate::ALL.len()],
}

impl Floor {
    /// An empty floor.
    pub fn new(city: Arc<City>) -> Floor {
        Floor {
            waiting: vec![BTreeSet::new(); city.queues.len()],
            able: city.queues.iter().map(|queue| able(&city, queue)).collect(),
            city,
            open: BTreeMap::new(),
            desks: BTreeMap::new(),
            idle: BTreeSet::new(),
            busy: BTreeSet::new(),
            resting: BTreeMap::new(),
            tasks: BTreeSet::new(),
            arrived: 0,
            closed: [0; Fate::ALL.len()],
        }
    }

    /// Contacts closed with a fate.
    pub fn ended(&self, fate: Fate) -> u64 {
        let index = Fate::ALL.iter().position(|known| *known == fate);
        index.map_or(0, |index| self.closed[index])
    }

    /// Whether a counselor may hold these at once: one who is spoken with and nothing beside, or
    /// as many chats and, apart from them, as many letters as their weights allow.
    fn fits(&self, held: &[Channel]) -> bool {
        let weight = |wanted: fn(Channel) -> bool| {
            let held = held.iter().filter(|channel| wanted(**channel));
            let weights = held.map(|channel| self.city.weights.of(*channel));
            weights.sum::<u16>()
        };
        let spoken = weight(|channel| !channel.written());
        let chats = weight(|channel| channel == Channel::Chat);
        let letters = weight(|channel| channel.written() && channel != Channel::Chat);
        spoken + chats <= 100 && spoken + letters <= 100
    }

    fn held(&self, counselor: CounselorId, but: Option<ContactId>) -> Vec<Channel> {
        let desk = self.desks.get(&counselor);
        let held = desk.into_iter().flat_map(|desk| &desk.holds);
        let held = held.filter(|id| Some(**id) != but);
        held.filter_map(|id| Some(self.open.get(id)?.channel))
            .collect()
    }

    /// Whether a counselor has more than fits.
    pub fn crowded(&self, counselor: CounselorId) -> bool {
        !self.fits(&self.held(counselor, None))
    }

    /// Whether a counselor could take another contact of a channel at this moment.
    pub fn has_room(&self, counselor: CounselorId, channel: Channel) -> bool {
        let Some(desk) = self.desks.get(&counselor) else {
            return false;
        };
        let rings = desk.holds.iter().any(|id| {
            let phase = self.open.get(id).map(|open| open.phase);
            matches!(phase, Some(Phase::Offered(_)))
        });
        let ready = desk.rest.is_none() && desk.lost.is_none() && !rings;
        let mut held = self.held(counselor, None);
        held.push(channel);
        ready && self.fits(&held)
    }

    /// Other writing that merely rings at a counselor who could take a waiting emergency instead.
    pub fn in_the_way(&self, emergency: &Open, counselor: CounselorId) -> Option<ContactId> {
        let desk = self.desks.get(&counselor)?;
        let rings = desk.holds.iter().copied().find(|id| {
            let open = &self.open[id];
            let rings = matches!(open.phase, Phase::Offered(_));
            rings && open.channel.written() && !open.pressing()
        })?;
        let mut held = self.held(counselor, Some(rings));
        held.push(emergency.channel);
        let fits = self.fits(&held);
        (desk.rest.is_none() && desk.lost.is_none() && fits).then_some(rings)
    }

    /// Whether a counselor meets the needs that hold for a waiting contact at this moment.
    pub fn eligible(&self, contact: &Open, counselor: CounselorId, now: Time) -> bool {
        let rings = &self.city.queues[contact.queue].rings;
        let age = now - contact.age;
        let open = rings.iter().rev().find(|ring| ring.after_ms <= age);
        let profile = self.city.counselor(counselor);
        let (Some(ring), Some(profile)) = (open.or(rings.first()), profile) else {
            return false;
        };
        meets(profile, ring)
    }

    /// Takes in what happened; says what about it was impossible.
    pub fn apply(&mut self, at: Time, event: &Event) -> Option<&'static str> {
        match event.contact() {
            Some(id) => self.apply_to_contact(at, id, event),
            None => self.apply_to_desk(at, event),
        }
    }

    fn apply_to_desk(&mut self, at: Time, event: &Event) -> Option<&'static str> {
        if *event == Event::Restarted {
            self.desks.clear();
            self.idle.clear();
            self.busy.clear();
            for open in self.open.values_mut() {
                open.since = at;
                open.touched = at;
            }
            return None;
        }
        let id = event.counselor()?;
        if let Event::SignedIn { .. } = event {
            let held = |(contact, open): (&ContactId, &Open)| {
                (open.phase.counselor() == Some(id)).then_some(*contact)
            };
            let desk = Desk {
                rest: Some(RestReason::Break),
                since: at,
                lost: None,
                holds: self.open.iter().filter_map(held).collect(),
            };
            let before = self.desks.insert(id, desk);
            self.index(id);
            return before.map(|_| "a counselor signed in twice");
        }
        let Some(desk) = self.desks.get_mut(&id) else {
            return Some("something happened at a desk where nobody is signed in");
        };
        match event {
            Event::SignedOut { .. } => {
                self.desks.remove(&id);
            }
            Event::Readied { .. } => (desk.rest, desk.since) = (None, at),
            Event::Rested { reason, .. } => (desk.rest, desk.since) = (Some(*reason), at),
            Event::DeskLost { .. } => desk.lost = Some(at),
            Event::DeskBack { .. } => desk.lost = None,
            _ => {}
        }
        self.index(id);
        None
    }

    fn index(&mut self, id: CounselorId) {
        let idle =
            |desk: &Desk| desk.rest.is_none() && desk.lost.is_none() && desk.holds.is_empty();
        if self.desks.get(&id).is_some_and(idle) {
            self.idle.insert(id);
        } else {
            self.idle.remove(&id);
        }
        if self
            .desks
            .get(&id)
            .is_some_and(|desk| !desk.holds.is_empty())
        {
            self.busy.insert(id);
        } else {
            self.busy.remove(&id);
        }
    }

    fn apply_to_contact(&mut self, at: Time, id: ContactId, event: &Event) -> Option<&'static str> {
        match event {
            Event::TaskOpened { .. } => {
                let fresh = self.tasks.insert(id);
                return (!fresh).then_some("a callback was owed twice");
            }
            Event::TaskClosed { .. } => {
                let known = self.tasks.remove(&id);
                return (!known).then_some("a callback that nobody owes was paid");
            }
            Event::Recorded { .. }
            | Event::RecordingErased { .. }
            | Event::PersonalErased { .. }
            | Event::Listened { .. }
            | Event::Unmerged { .. } => return None,
            Event::MessageReceived { .. }
            | Event::MessageSent { .. }
            | Event::MessageFared { .. }
            | Event::MessageChanged { .. }
            | Event::MessageWithdrawn { .. }
            | Event::ConsentChanged { .. }
                if !self.open.contains_key(&id) =>
            {
                return self.write_to_resting(id, event);
            }
            Event::Reopened { .. } => return self.reopen(at, id),
            Event::Arrived {
                caller, channel, ..
            } => {
                self.arrived += 1;
                let before = self.open.insert(id, Open::new(at, caller, *channel));
                return before.map(|_| "a contact arrived twice");
            }
            _ => {}
        }
        let Some(mut open) = self.open.remove(&id) else {
            return Some("something happened to a contact that is not open");
        };
        let before = open.phase;
        open.write(event);
        let (after, odd) = self.next(&mut open, at, event);
        let Some(after) = after else {
            self.leave(id, &open, before);
            if let Event::Closed { fate, .. } = event {
                self.closed[place_of(*fate)] += 1;
                if open.channel.written() {
                    open.fate = Some(*fate);
                    self.resting.insert(id, (at, open));
                }
            }
            return odd;
        };
        self.leave(id, &open, before);
        if after != before {
            open.since = at;
        }
        open.touched = at;
        open.phase = after;
        if after == Phase::Waiting {
            self.waiting[open.queue].insert(id);
        }
        if let Some(counselor) = after.counselor() {
            if let Some(desk) = self.desks.get_mut(&counselor) {
                desk.holds.insert(id);
            }
            self.index(counselor);
        }
        self.open.insert(id, open);
        odd
    }

    fn write_to_resting(&mut self, id: ContactId, event: &Event) -> Option<&'static str> {
        if let Some((_, open)) = self.resting.get_mut(&id) {
            open.write(event);
        }
        (id.0 > self.arrived).then_some("a letter of a contact that never arrived")
    }

    fn reopen(&mut self, at: Time, id: ContactId) -> Option<&'static str> {
        let Some((_, mut open)) = self.resting.remove(&id) else {
            return Some("a conversation goes on that never ended");
        };
        if let Some(fate) = open.fate.take() {
            self.closed[place_of(fate)] -= 1;
        }
        (open.phase, open.since, open.touched) = (Phase::Door, at, at);
        self.open.insert(id, open);
        None
    }

    fn leave(&mut self, id: ContactId, open: &Open, before: Phase) {
        for waiting in &mut self.waiting {
            waiting.remove(&id);
        }
        debug_assert_eq!(open.phase, before);
        if let Some(counselor) = before.counselor() {
            if let Some(desk) = self.desks.get_mut(&counselor) {
                desk.holds.remove(&id);
            }
            self.index(counselor);
        }
    }

    /// The phase after an event, none when closed, and what was impossible about it.
    // A table: the phase after each kind of event.
    fn next(
        &self,
        open: &mut Open,
        at: Time,
        event: &Event,
    ) -> (Option<Phase>, Option<&'static str>) {
        let before = open.phase;
        let mut odd = None;
        let mut must = |holds: bool, words: &'static str| {
            if !holds {
                odd = Some(words);
            }
        };
        let after = match event {
            Event::MenuEntered { .. } => Phase::Menu,
            Event::TurnedAway { .. } => Phase::Turned,
            Event::LanguageChosen { language, .. } | Event::LanguageCorrected { language, .. } => {
                open.language = *language;
                before
            }
            Event::Queued {
                queue,
                since,
                front,
                ..
            } => {
                must(
                    before.counselor().is_none(),
                    "queued while with a counselor",
                );
                open.queue = self.city.queue_index(queue).unwrap_or(0);
                (open.age, open.front, open.queued, open.told) = (*since, *front, true, None);
                must(*since <= at, "an age from the future");
                Phase::Waiting
            }
            Event::WaitTold { told, .. } => {
                open.told = Some(*told);
                before
            }
            Event::CallbackBooked { .. } => {
                open.callback = true;
                before
            }
            Event::Offered { counselor, .. } => {
                must(before == Phase::Waiting, "offered though it does not wait");
                Phase::Offered(*counselor)
            }
            Event::OfferReturned { counselor, why, .. } => {
                let dialed = before == Phase::Dialing(*counselor) && *why == OfferEnd::DeskLost;
                let rang = before == Phase::Offered(*counselor);
                must(rang || dialed, "an offer came back that was not made");
                open.front = true;
                Phase::Waiting
            }
            Event::TaskTaken { counselor, .. } => {
                open.outbound = true;
                Phase::Dialing(*counselor)
            }
            Event::Dialed { counselor, .. } => Phase::Dialing(*counselor),
            Event::DialEnded { again: Some(_), .. } => Phase::Paused,
            Event::Interrupted { .. } => {
                open.interrupted = true;
                before
            }
            Event::Closed { .. } => return (None, None),
            Event::Escalated { .. } => {
                open.front = true;
                before
            }
            _ => {
                let (after, odd) = next_of_talk(open, event);
                return (Some(after), odd);
            }
        };
        (Some(after), odd)
    }
}

fn able(city: &City, queue: &Queue) -> BTreeSet<CounselorId> {
    let able = |profile: &&CounselorProfile| queue.rings.iter().any(|ring| meets(profile, ring));
    let found = city.counselors.iter().filter(able);
    found.map(|profile| profile.id).collect()
}

fn meets(profile: &CounselorProfile, ring: &Ring) -> bool {
    ring.needs.iter().all(|need| {
        let level = profile.skills.get(&need.skill);
        level.is_some_and(|level| *level >= need.level)
    })
}

fn place_of(fate: Fate) -> usize {
    let index = Fate::ALL.iter().position(|known| *known == fate);
    index.expect("ALL holds every fate")
}

/// The phase after an event between citizen and counselor, and what was impossible about it.
// A table: the phase after each kind of event.
fn next_of_talk(open: &mut Open, event: &Event) -> (Phase, Option<&'static str>) {
    let before = open.phase;
    let mut odd = None;
    let mut must = |holds: bool, words: &'static str| {
        if !holds {
            odd = Some(words);
        }
    };
    let with = |counselor: &CounselorId| before.counselor() == Some(*counselor);
    let after = match event {
        Event::Answered { counselor, .. } => {
            let rang = matches!(before, Phase::Offered(_) | Phase::Dialing(_));
            must(
                rang && with(counselor),
                "answered by someone it was not offered to",
            );
            open.answered = true;
            Phase::Talk(*counselor)
        }
        Event::Held { counselor, .. } => {
            must(
                before == Phase::Talk(*counselor),
                "held though it does not speak",
            );
            Phase::Hold(*counselor)
        }
        Event::Resumed { counselor, .. } => {
            must(before == Phase::Hold(*counselor), "resumed though not held");
            Phase::Talk(*counselor)
        }
        Event::Transferred { counselor, .. } | Event::CounselorLost { counselor, .. } => {
            must(with(counselor), "given up by someone who does not have it");
            Phase::Door
        }
        Event::TransferredOut { counselor, .. } => {
            must(
                with(counselor),
                "handed out by someone who does not have it",
            );
            Phase::Leaving(*counselor)
        }
        Event::TransferEnded { status, .. } => match before {
            Phase::Leaving(counselor) if *status == 200 => Phase::WrapUp(counselor),
            Phase::Leaving(counselor) => Phase::Talk(counselor),
            other => other,
        },
        Event::RecordTakenOver {
            counselor, from, ..
        } => {
            must(
                before == Phase::WrapUp(*from),
                "taken over from someone who does not write",
            );
            Phase::WrapUp(*counselor)
        }
        Event::TalkEnded { counselor, .. } => {
            // Whoever gives up after a transfer leaves the record to the last counselor.
            let after_transfer = matches!(before, Phase::Waiting | Phase::Offered(_));
            must(
                with(counselor) || (after_transfer && open.answered),
                "ended by someone who does not have it",
            );
            Phase::WrapUp(*counselor)
        }
        Event::MessageReceived { .. } => match before {
            Phase::WrapUp(counselor) => Phase::Talk(counselor),
            other => other,
        },
        Event::Snoozed {
            counselor, until, ..
        } => {
            must(
                with(counselor),
                "laid aside by someone who does not have it",
            );
            Phase::Snoozed(*until)
        }
        Event::Assigned { to, .. } => Phase::Talk(*to),
        Event::HandedBack { counselor, .. } => {
            must(
                with(counselor),
                "handed back by someone who does not have it",
            );
            Phase::Door
        }
        _ => before,
    };
    (after, odd)
}

impl Open {
    /// Whether it speaks of an emergency that nobody has answered yet.
    pub fn pressing(&self) -> bool {
        self.urgent && self.owed
    }

    /// Notes what is written.
    fn write(&mut self, event: &Event) {
        match event {
            Event::MessageReceived { marks, .. } => {
                self.urgent |= marks.urgent;
                self.owed |= !marks.automatic;
            }
            Event::MessageSent { counselor, .. } if counselor.is_some() => self.owed = false,
            _ => {}
        }
    }

    fn new(at: Time, caller: &str, channel: Channel) -> Open {
        Open {
            channel,
            fate: None,
            phase: Phase::Door,
            since: at,
            touched: at,
            queue: 0,
            age: at,
            front: false,
            callback: false,
            caller: caller.to_owned(),
            language: Language::Ko,
            told: None,
            outbound: false,
            queued: false,
            answered: false,
            urgent: false,
            owed: false,
            interrupted: false,
        }
    }
}
