//! Makes the board out of the state. Never changes anything.

use crate::board::{Board, ContactView, CounselorView, QueueView, TaskView};
use crate::center::Center;
use crate::city::ContactId;
use crate::contact::{Contact, State};
use crate::counselor::{Counselor, Mode};
use crate::estimate::Ahead;
use crate::event::Told;
use crate::limit::Limits;
use crate::record::Stage;
use crate::time::Time;
use std::collections::BTreeMap;

/// Contacts of a queue who wait for a callback, talk, or are written up.
#[derive(Clone, Copy, Default)]
struct Heads {
    callbacks: usize,
    talking: usize,
    wrap_up: usize,
}

impl Center {
    /// Position and wait of someone in a queue, or of the next who enters it.
    pub fn estimate(&self, now: Time, queue: usize, contact: Option<ContactId>) -> Told {
        self.estimate_with(now, queue, contact, &self.staff())
    }

    fn estimate_with(
        &self,
        now: Time,
        queue: usize,
        contact: Option<ContactId>,
        staff: &[usize],
    ) -> Told {
        let pool = self.routing.pool(queue, staff);
        let ahead = self.routing.ahead(queue, contact, staff);
        // Whoever comes while somebody is free does not wait.
        let held_back = || self.routing.held_back(now, queue);
        let free = contact.is_none() && self.routing.ready(queue) > held_back();
        let wait = if free {
            Some((0, 0))
        } else {
            let places = self.routing.places(queue, pool);
            self.paces[queue].wait(self.behind(now, queue, contact, (ahead, places)), places)
        };
        Told {
            position: ahead as u32 + 1,
            p50_ms: wait.map(|(p50, _)| p50),
            p90_ms: wait.map(|(_, p90)| p90),
            staff: pool as u32,
        }
    }

    /// Who goes before a contact of a queue, or before a newcomer: of those `ahead` the ones who
    /// wait for a callback, and besides them those who will be tried again before the line is over.
    fn behind(
        &self,
        now: Time,
        queue: usize,
        contact: Option<ContactId>,
        (ahead, places): (usize, usize),
    ) -> Ahead {
        let own = contact.and_then(|id| Some((self.contacts.get(&id)?.waiting()?.since, id)));
        let line_ms = self.paces[queue].handling_ms() * ahead as i64 / places.max(1) as i64;
        let (mut booked, mut again) = (0, 0);
        for (id, open) in &self.contacts {
            match &open.state {
                State::Waiting(waiting) if waiting.queue == queue && !open.line => {
                    let before = own.is_none_or(|own| waiting.front || (waiting.since, *id) < own);
                    booked += usize::from(before);
                }
                State::Paused { until, waiting } if waiting.queue == queue => {
                    again += usize::from(*until - now <= line_ms);
                }
                _ => {}
            }
        }
        let booked = booked.min(ahead);
        Ahead {
            live: ahead - booked,
            booked: booked + again,
        }
    }

    /// What screens show of this moment.
    pub fn board(&self, now: Time) -> Board {
        let task = |(contact, task): (&ContactId, &crate::center::Task)| TaskView {
            contact: *contact,
            since: task.since,
            language: task.language,
        };
        let mut tasks: Vec<TaskView> = self.tasks.iter().map(task).collect();
        tasks.sort_by_key(|task| (task.since, task.contact));
        let (staff, heads) = (self.staff(), self.heads());
        Board {
            at: now,
            contacts: self
                .contacts
                .values()
                .map(|open| contact_view(open, &self.city.limits))
                .collect(),
            counselors: self
                .counselors
                .values()
                .map(|desk| self.counselor_view(desk))
                .collect(),
            queues: heads
                .into_iter()
                .enumerate()
                .map(|(queue, heads)| self.queue_view(now, queue, heads, &staff))
                .collect(),
            tasks,
        }
    }

    fn counselor_view(&self, desk: &Counselor) -> CounselorView {
        let in_wrap_up = |contact: ContactId| {
            let open = self.contacts.get(&contact);
            open.is_none_or(|open| matches!(open.state, State::WrapUp { .. }))
        };
        let contacts: Vec<ContactId> = desk.contacts.iter().map(|(contact, _)| *contact).collect();
        let latest = contacts
            .iter()
            .filter_map(|id| self.contacts.get(id))
            .map(|c| c.row.since);
        CounselorView {
            counselor: desk.id,
            doing: desk.doing(in_wrap_up),
            since: latest.max().unwrap_or(desk.since.max(desk.idle_since)),
            connected: desk.lost.is_none(),
            rest_next: matches!(desk.mode, Mode::Rest(_)) && !contacts.is_empty(),
            overdue: desk.alarmed
                || contacts
                    .iter()
                    .any(|id| self.contacts.get(id).is_some_and(|c| c.overdue)),
            contacts,
        }
    }

    /// Contacts of each queue by what becomes of them, counted in one walk.
    fn heads(&self) -> Vec<Heads> {
        let mut heads = vec![Heads::default(); self.city.queues.len()];
        let codes = self.city.queues.iter().enumerate();
        let codes: BTreeMap<&str, usize> = codes
            .map(|(queue, settings)| (settings.code.as_str(), queue))
            .collect();
        for contact in self.contacts.values() {
            let queue = match contact.waiting() {
                Some(waiting) => Some(waiting.queue),
                None => codes.get(contact.row.queue.as_str()).copied(),
            };
            let Some(heads) = queue.and_then(|queue| heads.get_mut(queue)) else {
                continue;
            };
            match &contact.state {
                State::Waiting(_) | State::Paused { .. } if contact.row.callback => {
                    heads.callbacks += 1;
                }
                State::Talking { .. } | State::Leaving { .. } => heads.talking += 1,
                State::WrapUp { .. } => heads.wrap_up += 1,
                _ => {}
            }
        }
        heads
    }

    fn queue_view(&self, now: Time, queue: usize, heads: Heads, staff: &[usize]) -> QueueView {
        let settings = &self.city.queues[queue];
        QueueView {
            queue: settings.code.clone(),
            waiting: self.routing.waiting(queue),
            callbacks: heads.callbacks,
            oldest: self.routing.oldest(queue),
            talking: heads.talking,
            wrap_up: heads.wrap_up,
            ready: self.routing.ready(queue),
            staff: self.routing.pool(queue, staff),
            open: settings.hours.open(&self.city.zone, now),
            estimate: Some(self.estimate_with(now, queue, None, staff)),
            held_back: self.routing.held_back(now, queue),
        }
    }
}

fn contact_view(contact: &Contact, limits: &Limits) -> ContactView {
    let row = &contact.row;
    ContactView {
        contact: row.contact,
        channel: row.channel,
        caller: row.caller.clone(),
        via: row.via.clone(),
        arrived: row.arrived,
        repeat: row.repeat,
        language: row.language,
        keys: row.keys.clone(),
        stage: if row.stage == Stage::Arrived {
            Stage::Menu
        } else {
            row.stage
        },
        since: row.since,
        queue: row.queue.clone(),
        waiting_since: contact.waiting().map(|waiting| waiting.since),
        waited_ms: row.wait_ms,
        counselor: contact.counselor(),
        reason: contact.reason.clone(),
        told: contact.told,
        callback: row.callback,
        category: row.category.clone(),
        outcome: row.outcome.clone(),
        unfinished: contact.unfinished(),
        overdue: contact.overdue,
        line: contact.line,
        messages: row.messages,
        version: contact.version,
        due: contact.letters.owed.map(|(_, due)| due),
        urgent: contact.letters.urgent,
        pressing: contact.pressing(),
        ends: contact.asked_until(limits),
    }
}
