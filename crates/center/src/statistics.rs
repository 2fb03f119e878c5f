//! Measures as tested pure functions: the cells of the cubes and the figures made of them. Never a
//! database.

use crate::city::{Channel, CounselorId, Language};
use crate::event::Fate;
use crate::record::Row;
use crate::time::{Day, Zone};

/// Upper edges of the wait histogram in milliseconds; the last bucket has none.
pub const WAIT_EDGES_MS: [i64; 15] = [
    5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 240_000,
    300_000, 600_000, 900_000, 1_800_000,
];

/// Buckets of the wait histogram.
pub const BUCKETS: usize = WAIT_EDGES_MS.len() + 1;

/// The bucket a wait falls into; an edge itself belongs to the lower bucket.
pub fn bucket(wait_ms: i64) -> usize {
    WAIT_EDGES_MS.partition_point(|edge| *edge < wait_ms)
}

/// Upper edges of the histogram of first replies in writing, in milliseconds: 30 seconds to two
/// days; the last bucket has none.
pub const REPLY_EDGES_MS: [i64; 15] = [
    30_000,
    60_000,
    120_000,
    180_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    28_800_000,
    43_200_000,
    86_400_000,
    172_800_000,
];

/// The bucket a first reply falls into; an edge itself belongs to the lower bucket.
pub fn reply_bucket(reply_ms: i64) -> usize {
    REPLY_EDGES_MS.partition_point(|edge| *edge < reply_ms)
}

/// A cell of one of the three cubes. Days and hours are city-local and those of the arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Hour × channel × language × queue × fate.
    Hour {
        /// Day × 24 + hour.
        hour: i64,
        /// Channel.
        channel: Channel,
        /// Language.
        language: Language,
        /// Queue code, empty when none was reached.
        queue: String,
        /// Fate.
        fate: Fate,
    },
    /// Day × category × outcome × district.
    Category {
        /// Day.
        day: Day,
        /// Category code, empty when the contact never reached a counselor.
        category: String,
        /// Outcome code.
        outcome: String,
        /// District code, empty while unknown.
        district: String,
    },
    /// Day × counselor × channel.
    Counselor {
        /// Day.
        day: Day,
        /// Counselor.
        counselor: CounselorId,
        /// Channel.
        channel: Channel,
    },
}

/// What is summed in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Contacts.
    pub n: i64,
    /// Contacts that entered a queue.
    pub queued: i64,
    /// Waiting time.
    pub wait_ms: i64,
    /// Talk.
    pub talk_ms: i64,
    /// Hold.
    pub hold_ms: i64,
    /// Wrap-up.
    pub wrap_ms: i64,
    /// Contacts that entered a queue, by their wait.
    pub waits: [i64; BUCKETS],
    /// What is written.
    pub written: Letters,
}

/// What is summed of written contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Messages of citizens.
    pub messages_in: i64,
    /// Messages of counselors.
    pub messages_out: i64,
    /// Contacts that a counselor answered in writing.
    pub replied: i64,
    /// From the arrival to the first answer.
    pub reply_ms: i64,
    /// From the arrival to the end of the contacts that were answered.
    pub resolution_ms: i64,
    /// Contacts answered within the promised time.
    pub on_time: i64,
    /// Messages longer than the limit.
    pub over: i64,
    /// Contacts whose citizen was asked what was meant.
    pub unclear: i64,
    /// Messages of the city that never arrived.
    pub undelivered: i64,
    /// Conversations that went on after their record was closed.
    pub reopened: i64,
    /// Contacts that were answered, by the time of the first answer.
    pub replies: [i64; BUCKETS],
}

impl Letters {
    /// Columns besides the histogram.
    pub const SUMS: usize = 10;

    /// The sums in the order of the fields.
    pub fn sums(&self) -> [i64; Letters::SUMS] {
        [
            self.messages_in,
            self.messages_out,
            self.replied,
            self.reply_ms,
            self.resolution_ms,
            self.on_time,
            self.over,
            self.unclear,
            self.undelivered,
            self.reopened,
        ]
    }

    /// From sums in the order of the fields, and the histogram.
    pub fn from_sums(sums: [i64; Letters::SUMS], replies: [i64; BUCKETS]) -> Letters {
        let [
            messages_in,
            messages_out,
            replied,
            reply_ms,
            resolution_ms,
            on_time,
            over,
            unclear,
            undelivered,
            reopened,
        ] = sums;
        Letters {
            messages_in,
            messages_out,
            replied,
            reply_ms,
            resolution_ms,
            on_time,
            over,
            unclear,
            undelivered,
            reopened,
            replies,
        }
    }

    /// Adds `other` `times` times.
    pub fn add(&mut self, other: &Letters, times: i64) {
        let mut sums = self.sums();
        for (sum, add) in sums.iter_mut().zip(other.sums()) {
            *sum += times * add;
        }
        for (sum, add) in self.replies.iter_mut().zip(other.replies) {
            *sum += times * add;
        }
        *self = Letters::from_sums(sums, self.replies);
    }

    /// Those of one closed contact.
    fn of(row: &Row) -> Letters {
        let mut letters = Letters {
            messages_in: i64::from(row.messages_in),
            messages_out: i64::from(row.messages_out),
            over: i64::from(row.over),
            unclear: i64::from(row.unclear),
            undelivered: i64::from(row.undelivered),
            reopened: i64::from(row.reopened),
            ..Letters::default()
        };
        if let (Some(replied), Some(closed)) = (row.replied, row.closed) {
            letters.replied = 1;
            letters.reply_ms = replied - row.arrived;
            letters.resolution_ms = closed - row.arrived;
            letters.on_time = i64::from(!row.late);
            letters.replies[reply_bucket(letters.reply_ms)] = 1;
        }
        letters
    }
}

impl Measures {
    /// Adds `other` `times` times; −1 takes it away again.
    pub fn add(&mut self, other: &Measures, times: i64) {
        self.n += times * other.n;
        self.queued += times * other.queued;
        self.wait_ms += times * other.wait_ms;
        self.talk_ms += times * other.talk_ms;
        self.hold_ms += times * other.hold_ms;
        self.wrap_ms += times * other.wrap_ms;
        for (sum, add) in self.waits.iter_mut().zip(other.waits) {
            *sum += times * add;
        }
        self.written.add(&other.written, times);
    }
}

/// The cells a closed contact counts in. Empty while it is open.
pub fn cells(row: &Row, zone: &Zone) -> Vec<(Cell, Measures)> {
    let Some(fate) = row.fate.filter(|_| row.closed.is_some()) else {
        return Vec::new();
    };
    let mut measures = Measures {
        n: 1,
        queued: i64::from(row.queued.is_some()),
        wait_ms: row.wait_ms,
        talk_ms: row.talk_ms,
        hold_ms: row.hold_ms,
        wrap_ms: row.wrap_ms,
        waits: [0; BUCKETS],
        written: Letters::of(row),
    };
    if row.queued.is_some() {
        measures.waits[bucket(row.wait_ms)] = 1;
    }
    let day = zone.civil(row.arrived).day;
    let mut cells = vec![
        (
            Cell::Hour {
                hour: zone.hour(row.arrived),
                channel: row.channel,
                language: row.language,
                queue: row.queue.clone(),
                fate,
            },
            measures,
        ),
        (
            Cell::Category {
                day,
                category: row.category.clone(),
                outcome: row.outcome.clone(),
                district: String::new(),
            },
            measures,
        ),
    ];
    let mut of = |counselor, measures| {
        let channel = row.channel;
        let cell = Cell::Counselor {
            day,
            counselor,
            channel,
        };
        cells.push((cell, measures));
    };
    if let (Some(counselor), Some(_)) = (row.counselor, row.answered) {
        let wrap_ms = row.wrap_ms - row.finish_ms;
        of(
            counselor,
            Measures {
                wrap_ms,
                ..measures
            },
        );
    }
    // The contact was another's; the work of finishing its record was theirs.
    if let Some(finisher) = row.finisher {
        let wrap_ms = row.finish_ms;
        let work = Measures {
            wrap_ms,
            ..Measures::default()
        };
        of(finisher, work);
    }
    cells
}

/// The figures of a period, a queue, or everything: made of hour cells by [`Summary::add`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Every attempt of a citizen.
    pub attempts: i64,
    /// Attempts that entered a queue.
    pub queued: i64,
    /// Served by a counselor.
    pub answered: i64,
    /// Given up in the queue, short ones included.
    pub abandoned: i64,
    /// Given up before the short-abandon threshold.
    pub short: i64,
    /// Given up in the menu.
    pub left_menu: i64,
    /// Refused for lack of room.
    pub capped: i64,
    /// Outside the opening hours.
    pub closed: i64,
    /// Callbacks not reached.
    pub unreached: i64,
    /// Interrupted by a stop of the center.
    pub interrupted: i64,
    /// Left a chat without a word.
    pub silent: i64,
    /// Go on in another contact; no attempt of their own.
    pub merged: i64,
    /// Settled without a counselor; no attempt.
    pub automatic: i64,
    /// What was written.
    pub written: Letters,
    /// Talk + hold + wrap-up of the answered.
    pub handling_ms: i64,
    /// Wait of the answered.
    pub wait_ms: i64,
    /// Waits of the answered.
    pub answered_waits: [i64; BUCKETS],
    /// Waits of those who gave up.
    pub abandoned_waits: [i64; BUCKETS],
}

impl Summary {
    /// Takes in an hour cell.
    pub fn add(&mut self, fate: Fate, measures: &Measures) {
        self.written.add(&measures.written, 1);
        match fate {
            Fate::Outbound => return,
            Fate::Merged => return self.merged += measures.n,
            Fate::Automatic => return self.automatic += measures.n,
            _ => {}
        }
        self.attempts += measures.n;
        self.queued += measures.queued;
        match fate {
            Fate::Answered => {
                self.answered += measures.n;
                self.wait_ms += measures.wait_ms;
                self.handling_ms += measures.talk_ms + measures.hold_ms + measures.wrap_ms;
                sum(&mut self.answered_waits, &measures.waits);
            }
            Fate::Abandoned | Fate::ShortAbandoned => {
                self.abandoned += measures.n;
                self.short += if fate == Fate::ShortAbandoned {
                    measures.n
                } else {
                    0
                };
                sum(&mut self.abandoned_waits, &measures.waits);
            }
            Fate::LeftMenu => self.left_menu += measures.n,
            Fate::Capped => self.capped += measures.n,
            Fate::Closed => self.closed += measures.n,
            Fate::Unreached => self.unreached += measures.n,
            Fate::Interrupted => self.interrupted += measures.n,
            Fate::Silent => self.silent += measures.n,
            Fate::Outbound | Fate::Merged | Fate::Automatic => {}
        }
    }

    /// Answered / attempts, in tenths of a percent. `None` without attempts.
    pub fn answer_rate_attempts(&self) -> Option<i64> {
        permille(self.answered, self.attempts)
    }

    /// Answered / (queued − short abandons), in tenths of a percent.
    pub fn answer_rate_queued(&self) -> Option<i64> {
        permille(self.answered, self.queued - self.short)
    }

    /// Answered within T / (answered + abandoned later than T), in tenths of a percent:
    /// abandons inside the threshold neither help nor hurt. `target_ms` should be an edge.
    pub fn service_level(&self, target_ms: i64) -> Option<i64> {
        let within = bucket(target_ms) + 1;
        let fast: i64 = self.answered_waits[..within].iter().sum();
        let late: i64 = self.abandoned_waits[within..].iter().sum();
        permille(fast, self.answered + late)
    }

    /// Mean wait of the answered.
    pub fn mean_wait_ms(&self) -> Option<i64> {
        (self.answered > 0).then(|| self.wait_ms / self.answered)
    }

    /// Mean of talk + hold + wrap-up.
    pub fn handling_mean_ms(&self) -> Option<i64> {
        (self.answered > 0).then(|| self.handling_ms / self.answered)
    }

    /// Mean time to the first answer in writing.
    pub fn mean_reply_ms(&self) -> Option<i64> {
        (self.written.replied > 0).then(|| self.written.reply_ms / self.written.replied)
    }

    /// Mean time to the end of contacts that were answered in writing.
    pub fn mean_resolution_ms(&self) -> Option<i64> {
        (self.written.replied > 0).then(|| self.written.resolution_ms / self.written.replied)
    }

    /// First answers within a time that is an edge, of all answered in writing, in tenths of a
    /// percent.
    pub fn replied_within(&self, reply_ms: i64) -> Option<i64> {
        let within = reply_bucket(reply_ms) + 1;
        let fast: i64 = self.written.replies[..within].iter().sum();
        permille(fast, self.written.replied)
    }

    /// The wait that nine of ten answered did not exceed, interpolated within its bucket;
    /// in the open bucket its lower edge is given (the figure is then "at least").
    pub fn p90_wait_ms(&self) -> Option<i64> {
        quantile(&self.answered_waits, 900)
    }
}

/// Name of the formula of [`Summary::service_level`], printed beside every figure.
pub const SERVICE_LEVEL_FORMULA: &str = "answered ≤ T ÷ (answered + abandoned > T)";

fn sum(into: &mut [i64; BUCKETS], from: &[i64; BUCKETS]) {
    for (sum, add) in into.iter_mut().zip(from) {
        *sum += add;
    }
}

fn permille(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (part * 1_000 + whole / 2) / whole)
}

fn quantile(waits: &[i64; BUCKETS], permille: i64) -> Option<i64> {
    let total: i64 = waits.iter().sum();
    if total == 0 {
        return None;
    }
    let mut before = 0;
    for (index, count) in waits.iter().enumerate() {
        if *count > 0 && (before + count) * 1_000 >= total * permille {
            let low = if index == 0 {
                0
            } else {
                WAIT_EDGES_MS[index - 1]
            };
            let Some(high) = WAIT_EDGES_MS.get(index) else {
                return Some(low);
            };
            let into = total * permille - before * 1_000;
            return Some(low + (high - low) * into / (count * 1_000));
        }
        before += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_finished_by_another_counts_once_and_the_work_for_whoever_did_it() {
        let row = Row {
            counselor: Some(CounselorId(1)),
            answered: Some(crate::time::Time(5)),
            closed: Some(crate::time::Time(9)),
            fate: Some(Fate::Answered),
            talk_ms: 100,
            wrap_ms: 70,
            finisher: Some(CounselorId(2)),
            finish_ms: 30,
            ..Row::default()
        };
        let mut by_counselor = Vec::new();
        let mut all = Vec::new();
        for (cell, m) in cells(&row, &Zone::fixed(0)) {
            match cell {
                Cell::Counselor { counselor, .. } => {
                    by_counselor.push((counselor.0, m.n, m.talk_ms, m.wrap_ms));
                }
                _ => all.push((m.n, m.wrap_ms)),
            }
        }
        assert_eq!(by_counselor, [(1, 1, 100, 40), (2, 0, 0, 30)]);
        assert_eq!(all, [(1, 70), (1, 70)]);
    }

    /// The published worked example: answered 1000, abandoned 60, answered ≤ 20 s 860,
    /// abandoned ≤ 20 s 20 of which ≤ 5 s 10 (RELIABILITY E1).
    fn example() -> Summary {
        let mut summary = Summary::default();
        let cell = |n, waits: &[(i64, i64)]| {
            let mut measures = Measures {
                n,
                queued: n,
                ..Measures::default()
            };
            for (wait_ms, count) in waits {
                measures.waits[bucket(*wait_ms)] += count;
            }
            measures
        };
        summary.add(Fate::Answered, &cell(1000, &[(20_000, 860), (21_000, 140)]));
        summary.add(Fate::Abandoned, &cell(50, &[(15_000, 10), (25_000, 40)]));
        summary.add(Fate::ShortAbandoned, &cell(10, &[(4_000, 10)]));
        summary
    }

    #[test]
    fn service_level_is_variant_four_of_the_published_example() {
        assert_eq!(example().service_level(20_000), Some(827), "82.69 %");
        assert_eq!(Summary::default().service_level(20_000), None);
    }

    #[test]
    fn both_answer_rates_differ_by_what_never_reached_the_queue() {
        let mut summary = example();
        let refused = Measures {
            n: 940,
            ..Measures::default()
        };
        summary.add(Fate::Capped, &refused);
        assert_eq!(summary.answer_rate_attempts(), Some(500));
        assert_eq!(summary.answer_rate_queued(), Some(952));
        assert_eq!(summary.attempts, 2000);
    }

    #[test]
    fn a_quantile_is_interpolated_in_its_bucket() {
        let mut waits = [0; BUCKETS];
        waits[0] = 80;
        waits[4] = 20;
        assert_eq!(quantile(&waits, 900), Some(25_000));
        assert_eq!(quantile(&[0; BUCKETS], 900), None);
    }
}
