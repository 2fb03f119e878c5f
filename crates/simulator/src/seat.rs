//! What a simulated counselor does: signs in, takes calls, writes records, rests, goes home. Never
//! more than a desk could do.

use crate::day::{Due, LineAct, Run};
use crate::floor::Phase;
use crate::load;
use crate::roster::{BREAK_MS, WORK_MS};
use center::city::{ContactId, CounselorId};
use center::command::{Command, Destination, Ending, RestReason};
use center::time::{MINUTE_MS, SECOND_MS, Time};

/// What a counselor does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskAct {
    /// Signs in.
    SignIn,
    /// Presses ready.
    Ready,
    /// Takes the offer.
    Accept(ContactId),
    /// Declines it.
    Decline(ContactId),
    /// Saves the note as typed so far.
    Note(ContactId),
    /// Puts on hold.
    Hold(ContactId),
    /// Speaks on.
    Resume(ContactId),
    /// Hangs up.
    HangUp(ContactId),
    /// Hands over to an officer outside.
    HandOut(ContactId),
    /// Hands over to another queue.
    HandOver(ContactId),
    /// Tries to close the record without a category, then does it right.
    Finish(ContactId, bool),
    /// Goes on a break.
    Break,
    /// Goes home.
    SignOut,
}

/// What a counselor sees, so far as it changes what they do.
type Sight = (Option<RestReason>, Option<(ContactId, Phase)>);

/// A counselor at work.
#[derive(Clone, Debug)]
pub struct Seat {
    /// End of the shift.
    to: Time,
    /// Counts up whenever what was planned no longer holds.
    epoch: u32,
    sees: Option<Sight>,
    break_due: bool,
    /// The rest of the present talk.
    talk: Option<(ContactId, i64)>,
}

impl Run {
    /// A shift begins.
    pub fn shift_begins(&mut self, counselor: CounselorId, to: Time) {
        let seat = self.seats.entry(counselor).or_insert(Seat {
            to,
            epoch: 0,
            sees: None,
            break_due: false,
            talk: None,
        });
        // Two shifts in a row are one.
        seat.to = seat.to.max(to);
        self.clock.plan(to, Due::ShiftEnds(counselor));
        self.plan_break(counselor);
        if self.chance.happens(self.options.desk_loss) {
            let length = to - self.now;
            let at = self.now + self.chance.between(MINUTE_MS, length.max(2 * MINUTE_MS));
            self.clock.plan(at, Due::DeskLost(counselor));
            let away_ms = if self.chance.happens(0.2) {
                self.chance.between(30 * SECOND_MS, 5 * MINUTE_MS)
            } else {
                self.chance.between(SECOND_MS, 20 * SECOND_MS)
            };
            self.clock.plan(at + away_ms, Due::DeskBack(counselor));
        }
        self.react(counselor);
    }

    fn plan_break(&mut self, counselor: CounselorId) {
        let work_ms = (WORK_MS as f64 * (0.7 + 0.6 * self.chance.unit())) as i64;
        self.clock
            .plan(self.now + work_ms, Due::BreakDue(counselor));
    }

    /// A shift ends: at once when free, else after the present contact.
    pub fn shift_ends(&mut self, counselor: CounselorId) {
        // A later shift of the same counselor has its own end.
        if self
            .seats
            .get(&counselor)
            .is_some_and(|seat| seat.to <= self.now)
        {
            if let Some(seat) = self.seats.get_mut(&counselor) {
                seat.sees = None;
            }
            self.react(counselor);
        }
    }

    /// Time for a break: at once when free, else after the present contact.
    pub fn break_due(&mut self, counselor: CounselorId) {
        if let Some(seat) = self.seats.get_mut(&counselor) {
            seat.break_due = true;
            let free = seat.sees.is_some_and(|(_, contact)| contact.is_none());
            if free {
                seat.sees = None;
            }
            self.react(counselor);
        }
    }

    fn plan_desk(&mut self, counselor: CounselorId, after_ms: i64, act: DeskAct) {
        let late = self.chance.between(2, self.options.wing_ms.min(300));
        if let Some(seat) = self.seats.get(&counselor) {
            let due = Due::Desk(counselor, seat.epoch, act);
            self.clock.plan(self.now + after_ms + late, due);
        }
    }

    /// Looks at the desk and plans what to do, when it has changed.
    pub fn react(&mut self, counselor: CounselorId) {
        let floor = &self.house.watch.floor;
        let sight: Option<Sight> = floor.desks.get(&counselor).map(|desk| {
            let phases = desk
                .holds
                .iter()
                .filter_map(|id| Some((*id, floor.open.get(id)?.phase)));
            let live = |(_, phase): &(ContactId, Phase)| matches!(phase, Phase::WrapUp(_));
            let first = phases.min_by_key(|held| (live(held), held.0));
            (desk.rest, first)
        });
        let Some(seat) = self.seats.get_mut(&counselor) else {
            return;
        };
        let over = seat.to <= self.now;
        let Some((rest, contact)) = sight else {
            seat.epoch += 1;
            seat.sees = None;
            if !over {
                let after = self.chance.between(SECOND_MS, 30 * SECOND_MS);
                self.plan_desk(counselor, after, DeskAct::SignIn);
            }
            return;
        };
        if seat.sees == Some((rest, contact)) {
            return;
        }
        seat.sees = Some((rest, contact));
        seat.epoch += 1;
        match (contact, rest) {
            (Some((contact, phase)), _) => self.work(counselor, contact, phase),
            (None, _) if over => self.plan_desk(counselor, 0, DeskAct::SignOut),
            (None, None) => {
                if self.seats[&counselor].break_due {
                    self.plan_desk(counselor, 0, DeskAct::Break);
                }
            }
            (None, Some(reason)) => self.rests(counselor, reason),
        }
    }

    fn rests(&mut self, counselor: CounselorId, reason: RestReason) {
        let seat = self.seats.get_mut(&counselor);
        let on_break = seat.is_some_and(|seat| std::mem::take(&mut seat.break_due));
        if on_break {
            self.plan_break(counselor);
            self.plan_desk(counselor, BREAK_MS, DeskAct::Ready);
        } else {
            let after = match reason {
                RestReason::Missed | RestReason::Idle | RestReason::Unfinished => {
                    self.chance.between(MINUTE_MS, 3 * MINUTE_MS)
                }
                _ => self.chance.between(SECOND_MS, 8 * SECOND_MS),
            };
            self.plan_desk(counselor, after, DeskAct::Ready);
        }
    }

    fn work(&mut self, counselor: CounselorId, contact: ContactId, phase: Phase) {
        match phase {
            Phase::Offered(_) => self.rings(counselor, contact),
            Phase::Talk(_) => self.talks(counselor, contact),
            Phase::Hold(_) => {
                let after = self.chance.between(15 * SECOND_MS, 90 * SECOND_MS);
                self.plan_desk(counselor, after, DeskAct::Resume(contact));
            }
            Phase::Leaving(_) | Phase::WrapUp(_) => self.writes(counselor, contact),
            _ => {}
        }
    }

    fn rings(&mut self, counselor: CounselorId, contact: ContactId) {
        let missed = self.options.missed_ring;
        if self.chance.happens(missed) {
            return;
        }
        let act = if self.chance.happens(missed / 2.0) {
            DeskAct::Decline(contact)
        } else {
            DeskAct::Accept(contact)
        };
        let after = self.chance.between(700, 2_700);
        self.plan_desk(counselor, after, act);
    }

    fn kind(&self, contact: ContactId) -> load::Kind {
        let line = self.lines.get(&contact);
        line.map_or(load::KINDS[0], |line| self.people[line.person].kind)
    }

    fn talks(&mut self, counselor: CounselorId, contact: ContactId) {
        let known = self.seats[&counselor].talk.filter(|(of, _)| *of == contact);
        let kind = self.kind(contact);
        let left_ms = known.map_or_else(
            || (self.chance.lognormal(kind.talk_s, kind.talk_cv) * 1_000.0) as i64,
            |(_, left)| left,
        );
        if known.is_none() && left_ms > MINUTE_MS {
            self.plan_desk(counselor, left_ms / 2, DeskAct::Note(contact));
        }
        if known.is_none() && self.chance.happens(0.05) {
            if let Some(seat) = self.seats.get_mut(&counselor) {
                seat.talk = Some((contact, left_ms * 6 / 10));
            }
            return self.plan_desk(counselor, left_ms * 4 / 10, DeskAct::Hold(contact));
        }
        let end = self.chance.unit();
        if kind.officer && end < 0.5 && self.house.city.callbacks {
            self.plan_desk(counselor, left_ms, DeskAct::HandOut(contact));
        } else if end < 0.005 {
            self.plan_desk(counselor, left_ms, DeskAct::HandOver(contact));
        } else if end > 0.85 {
            self.plan_desk(counselor, left_ms, DeskAct::HangUp(contact));
        } else {
            let ending = if self.chance.happens(0.002) {
                Ending::LineLost
            } else {
                Ending::Citizen
            };
            self.plan_line(contact, left_ms, LineAct::Leave(ending));
        }
    }

    fn writes(&mut self, counselor: CounselorId, contact: ContactId) {
        let kind = self.kind(contact);
        let wrap_ms = (self.chance.lognormal(kind.wrap_s, kind.wrap_cv) * 1_000.0) as i64;
        let hasty = self.chance.happens(0.01);
        self.plan_desk(counselor, wrap_ms, DeskAct::Finish(contact, hasty));
    }

    /// Does what was planned, unless the desk has changed since.
    pub fn desk_acts(&mut self, counselor: CounselorId, epoch: u32, act: DeskAct) {
        let Some(seat) = self
            .seats
            .get(&counselor)
            .filter(|seat| seat.epoch == epoch)
        else {
            return;
        };
        let lost = self
            .house
            .watch
            .floor
            .desks
            .get(&counselor)
            .is_some_and(|d| d.lost.is_some());
        if lost && act != DeskAct::SignIn {
            // A dead desk does nothing; later the counselor tries again.
            let due = Due::Desk(counselor, epoch, act);
            return self.clock.plan(self.now + 2 * SECOND_MS, due);
        }
        let ready = seat.to > self.now && !seat.break_due;
        match act {
            DeskAct::SignIn => self.tell(&Command::SignIn { counselor }),
            DeskAct::Ready => self.tell(&Command::Ready { counselor }),
            DeskAct::Accept(contact) => self.tell(&Command::Accept { counselor, contact }),
            DeskAct::Decline(contact) => self.tell(&Command::Decline { counselor, contact }),
            DeskAct::Note(contact) => {
                let letters = self.chance.between(20, 400) as u32;
                let digest = format!("{:016x}", self.chance.bits());
                self.tell(&Command::Note {
                    counselor,
                    contact,
                    digest,
                    letters,
                });
            }
            DeskAct::Hold(contact) => self.tell(&Command::Hold { counselor, contact }),
            DeskAct::Resume(contact) => self.tell(&Command::Resume { counselor, contact }),
            DeskAct::HangUp(contact) => self.tell(&Command::HangUp { counselor, contact }),
            DeskAct::HandOut(contact) => {
                let to = Destination::Number {
                    token: "officer".to_owned(),
                };
                self.tell(&Command::Transfer {
                    counselor,
                    contact,
                    to,
                });
            }
            DeskAct::HandOver(contact) => {
                let to = Destination::Queue("general".to_owned());
                self.tell(&Command::Transfer {
                    counselor,
                    contact,
                    to,
                });
            }
            DeskAct::Finish(contact, hasty) => self.finish(counselor, contact, hasty, ready),
            DeskAct::Break => {
                self.tell(&Command::Rest {
                    counselor,
                    reason: RestReason::Break,
                });
            }
            DeskAct::SignOut => self.tell(&Command::SignOut { counselor }),
        }
    }

    fn tell(&mut self, command: &Command) {
        self.hand(command);
    }

    fn finish(&mut self, counselor: CounselorId, contact: ContactId, hasty: bool, ready: bool) {
        let leaving = Phase::Leaving(counselor);
        let open = self.house.watch.floor.open.get(&contact);
        if open.is_some_and(|open| open.phase == leaving) {
            // Nobody answers outside yet.
            return self.plan_desk(counselor, 5 * SECOND_MS, DeskAct::Finish(contact, hasty));
        }
        if hasty {
            self.tell(&Command::Finish {
                counselor,
                contact,
                ready,
            });
        }
        let category =
            ["TRF-01", "WTR-01", "WEL-01", "ETC"][self.chance.pick(&[5.0, 1.0, 2.0, 2.0])];
        let outcome = ["AN", "RQ", "TR", "NC"][self.chance.pick(&[6.0, 2.3, 0.8, 0.9])];
        self.tell(&Command::Classify {
            counselor,
            contact,
            category: Some(category.to_owned()),
            outcome: Some(outcome.to_owned()),
        });
        self.tell(&Command::Finish {
            counselor,
            contact,
            ready,
        });
    }

    /// Pays owed callbacks while nobody waits, and finishes records left behind.
    pub fn look_after_tasks(&mut self) {
        self.clock.plan(self.now + MINUTE_MS, Due::Tasks);
        let floor = &self.house.watch.floor;
        let calm = floor
            .waiting
            .iter()
            .all(std::collections::BTreeSet::is_empty);
        let free = floor.idle.first().copied();
        let task = floor.tasks.first().copied();
        if let (true, Some(counselor), Some(contact)) = (calm, free, task) {
            if self.chance.happens(0.1) {
                self.tell(&Command::DropTask { counselor, contact });
            } else {
                self.tell(&Command::TakeTask { counselor, contact });
            }
        }
        self.finish_what_is_left();
    }

    /// A record whose counselor went home waits: a supervisor takes it over, or whoever wrote it
    /// comes back for a moment.
    fn finish_what_is_left(&mut self) {
        let floor = &self.house.watch.floor;
        let left = floor.open.iter().find_map(|(id, open)| match open.phase {
            Phase::WrapUp(counselor) if self.now - open.since > 10 * MINUTE_MS => {
                Some((*id, counselor))
            }
            _ => None,
        });
        let home = |id: &CounselorId| self.seats.get(id).is_none_or(|seat| seat.to <= self.now);
        let Some((contact, left_by)) = left.filter(|(_, counselor)| home(counselor)) else {
            return;
        };
        let leads = |id: &CounselorId| {
            let profile = self.house.city.counselor(*id);
            profile.is_some_and(|profile| profile.supervisor)
        };
        let lead = floor.idle.iter().copied().find(leads);
        if let (Some(counselor), true) = (lead, self.chance.happens(0.5)) {
            self.tell(&Command::TakeOver { counselor, contact });
        } else {
            let counselor = left_by;
            let to = self.now + 5 * MINUTE_MS;
            self.shift_begins(counselor, to);
        }
    }
}
