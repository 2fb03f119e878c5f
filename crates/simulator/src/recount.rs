//! Statistics counted twice: once as the store does (row, cells, summary), once from the events by
//! other rules.

use center::city::{Channel, City, ContactId, Language};
use center::event::{Event, Fate};
use center::record::Row;
use center::statistics::{Cell, Measures, Summary, cells};
use center::time::{HOUR_MS, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a stretch of a contact's life counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    Nothing,
    Wait,
    Talk,
    Hold,
    Wrap,
}

/// A contact's life as a list of stretches, added up when it is over.
#[derive(Clone, Debug)]
struct Life {
    arrived: Time,
    language: Language,
    queue: String,
    reached_queue: bool,
    answered: bool,
    stretches: Vec<(Time, Stretch)>,
    /// Messages in, messages out, answered, time to the answer.
    letters: [i64; 4],
    written: bool,
}

impl Life {
    /// Counts a letter.
    fn letter(&mut self, at: Time, event: &Event) {
        match event {
            Event::MessageReceived { .. } => self.letters[0] += 1,
            Event::MessageSent {
                counselor: Some(_), ..
            } => {
                self.letters[1] += 1;
                if self.written && self.letters[2] == 0 {
                    self.letters[2] = 1;
                    self.letters[3] = at - self.arrived;
                }
            }
            _ => {}
        }
    }
}

/// Hour, language, queue and fate.
type Key = (i64, Language, String, Fate);

/// Both counts.
#[derive(Clone, Debug)]
pub struct Recount {
    city: Arc<City>,
    rows: BTreeMap<ContactId, Row>,
    cells: BTreeMap<Cell, Measures>,
    lives: BTreeMap<ContactId, Life>,
    /// n, queued, wait, talk, hold, wrap, and letters.
    sums: BTreeMap<Key, [i64; 10]>,
    /// Closed conversations that may go on: their life and how it ended.
    rested: BTreeMap<ContactId, (Life, Fate)>,
}

impl Recount {
    /// Nothing counted yet.
    pub fn new(city: Arc<City>) -> Recount {
        Recount {
            city,
            rows: BTreeMap::new(),
            cells: BTreeMap::new(),
            lives: BTreeMap::new(),
            sums: BTreeMap::new(),
            rested: BTreeMap::new(),
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, at: Time, event: &Event) {
        let Some(id) = event.contact() else { return };
        self.fold(at, id, event);
        self.live(at, id, event);
    }

    /// As the store does it.
    fn fold(&mut self, at: Time, id: ContactId, event: &Event) {
        if let Event::Arrived { .. } = event {
            self.rows.insert(id, Row::default());
        }
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        for (cell, measures) in cells(row, &self.city.zone) {
            self.cells.entry(cell).or_default().add(&measures, -1);
        }
        row.apply(at, event);
        for (cell, measures) in cells(row, &self.city.zone) {
            self.cells.entry(cell).or_default().add(&measures, 1);
        }
        if row.closed.is_some() && !row.channel.written() {
            self.rows.remove(&id);
        }
    }

    /// By other rules.
    // A table: what each kind of event counts as.
    fn live(&mut self, at: Time, id: ContactId, event: &Event) {
        if let Event::Arrived { channel, .. } = event {
            let life = Life {
                letters: [0; 4],
                written: channel.written(),
                arrived: at,
                language: Language::Ko,
                queue: String::new(),
                reached_queue: false,
                answered: false,
                stretches: Vec::new(),
            };
            self.lives.insert(id, life);
        }
        if let Some((mut life, fate)) = self.rested.remove(&id) {
            self.count(&life, fate, -1);
            if let Event::Reopened { .. } = event {
                life.stretches.push((at, Stretch::Nothing));
                self.lives.insert(id, life);
            } else {
                life.letter(at, event);
                self.count(&life, fate, 1);
                self.rested.insert(id, (life, fate));
            }
            return;
        }
        let Some(life) = self.lives.get_mut(&id) else {
            return;
        };
        life.letter(at, event);
        let next = match event {
            Event::LanguageChosen { language, .. } | Event::LanguageCorrected { language, .. } => {
                life.language = *language;
                return;
            }
            Event::TurnedAway { queue, .. } => {
                life.queue.clone_from(queue);
                return;
            }
            Event::Queued { queue, .. } => {
                life.reached_queue = true;
                if !life.answered {
                    life.queue.clone_from(queue);
                }
                Stretch::Wait
            }
            Event::Offered { .. } | Event::OfferReturned { .. } | Event::Dialed { .. } => {
                Stretch::Wait
            }
            Event::TaskTaken { .. } => Stretch::Wait,
            Event::Answered { .. } => {
                life.answered = true;
                Stretch::Talk
            }
            Event::Resumed { .. } | Event::Assigned { .. } => Stretch::Talk,
            Event::MessageReceived { .. } => match life.stretches.last() {
                Some((_, Stretch::Wrap)) => Stretch::Talk,
                _ => return,
            },
            Event::TransferEnded { status, .. } if *status != 200 => Stretch::Talk,
            Event::Held { .. } => Stretch::Hold,
            Event::TalkEnded { .. } | Event::TransferredOut { .. } => Stretch::Wrap,
            Event::RecordTakenOver { wrote_ms, .. } => {
                // Nobody wrote between the moment it was left and now.
                let began = life.stretches.last().map_or(at, |(began, _)| *began);
                life.stretches.push((began + *wrote_ms, Stretch::Nothing));
                Stretch::Wrap
            }
            Event::Transferred { .. }
            | Event::CounselorLost { .. }
            | Event::HandedBack { .. }
            | Event::Snoozed { .. } => Stretch::Nothing,
            Event::Closed { fate, .. } => {
                let fate = *fate;
                return self.close(at, id, fate);
            }
            _ => return,
        };
        life.stretches.push((at, next));
    }

    fn close(&mut self, at: Time, id: ContactId, fate: Fate) {
        let Some(mut life) = self.lives.remove(&id) else {
            return;
        };
        life.stretches.push((at, Stretch::Nothing));
        self.count(&life, fate, 1);
        if life.written {
            self.rested.insert(id, (life, fate));
        }
    }

    /// Adds a closed life, or takes it away again.
    fn count(&mut self, life: &Life, fate: Fate, times: i64) {
        let [sent, answered, replied, reply_ms] = life.letters;
        let reached = i64::from(life.reached_queue);
        let mut sum = [1, reached, 0, 0, 0, 0, sent, answered, replied, reply_ms];
        let mut served = false;
        for pair in life.stretches.windows(2) {
            let lasted = pair[1].0.0 - pair[0].0.0;
            match pair[0].1 {
                Stretch::Wait if !served => sum[2] += lasted,
                Stretch::Wait | Stretch::Nothing => {}
                Stretch::Talk => {
                    served = true;
                    sum[3] += lasted;
                }
                Stretch::Hold => sum[4] += lasted,
                Stretch::Wrap => sum[5] += lasted,
            }
        }
        let local = life.arrived.0 + self.city.zone.offset_ms(life.arrived);
        let hour = local.div_euclid(HOUR_MS);
        let key = (hour, life.language, life.queue.clone(), fate);
        let cell = self.sums.entry(key.clone()).or_default();
        for (total, add) in cell.iter_mut().zip(sum) {
            *total += times * add;
        }
        if *cell == [0; 10] {
            self.sums.remove(&key);
        }
    }

    /// The summary as screens show it.
    pub fn summary(&self) -> Summary {
        self.summary_of(|_| true)
    }

    /// The same of some channels.
    pub fn summary_of(&self, counts: impl Fn(Channel) -> bool) -> Summary {
        let mut summary = Summary::default();
        for (cell, measures) in &self.cells {
            if let Cell::Hour { fate, channel, .. } = cell
                && counts(*channel)
            {
                summary.add(*fate, measures);
            }
        }
        summary
    }

    /// The first difference between both counts, in words.
    pub fn difference(&self) -> Option<String> {
        let mut stored: BTreeMap<Key, [i64; 10]> = BTreeMap::new();
        let counted = self.cells.iter();
        for (cell, m) in counted.filter(|(_, m)| **m != Measures::default()) {
            if let Cell::Hour {
                hour,
                language,
                queue,
                fate,
                ..
            } = cell
            {
                let w = &m.written;
                let sums = [
                    m.n,
                    m.queued,
                    m.wait_ms,
                    m.talk_ms,
                    m.hold_ms,
                    m.wrap_ms,
                    w.messages_in,
                    w.messages_out,
                    w.replied,
                    w.reply_ms,
                ];
                stored.insert((*hour, *language, queue.clone(), *fate), sums);
                if m.waits.iter().sum::<i64>() != m.queued {
                    return Some(format!("{cell:?}: the histogram misses somebody"));
                }
            }
        }
        let keys = stored.keys().chain(self.sums.keys());
        let differs = |key: &&Key| stored.get(key) != self.sums.get(key);
        let key = keys.into_iter().find(differs)?;
        let (one, other) = (stored.get(key), self.sums.get(key));
        Some(format!("{key:?}: cells say {one:?}, the events {other:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town;

    fn counted() -> Recount {
        let mut recount = Recount::new(Arc::new(town::whole(Vec::new())));
        let contact = ContactId(1);
        let arrived = Event::Arrived {
            contact,
            key: "k".to_owned(),
            channel: Channel::Voice,
            caller: String::new(),
            via: "simulator".to_owned(),
            repeat: false,
        };
        let queued = Event::Queued {
            contact,
            queue: "general".to_owned(),
            since: Time(1_000),
            front: false,
        };
        let closed = Event::Closed {
            contact,
            fate: Fate::Abandoned,
            counselor: None,
        };
        recount.apply(Time(0), &arrived);
        recount.apply(Time(1_000), &queued);
        recount.apply(Time(9_000), &closed);
        recount
    }

    #[test]
    fn both_counts_agree() {
        let recount = counted();
        assert_eq!(recount.difference(), None);
        assert_eq!(recount.summary().abandoned, 1);
    }

    #[test]
    fn a_changed_cell_a_lost_cell_and_a_histogram_that_misses_somebody_are_found() {
        let change = |change: fn(&mut Measures)| {
            let mut recount = counted();
            recount.cells.values_mut().for_each(change);
            recount.difference()
        };
        assert!(change(|measures| measures.wait_ms += 1).is_some());
        assert!(change(|measures| measures.written.messages_in += 1).is_some());
        assert!(change(|measures| measures.n += 1).is_some());
        assert!(change(|measures| measures.waits = [0; 16]).is_some());
        let mut recount = counted();
        recount.cells.clear();
        assert!(recount.difference().is_some());
    }
}
