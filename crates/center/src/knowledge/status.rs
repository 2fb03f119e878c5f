//! The state of an article on a day: a pure function of its dates, so that no timer can be missed.
//! Never a clock.

use super::article::Article;
use super::{Audience, Library};
use crate::time::Day;
use serde::{Deserialize, Serialize};

/// The state of an article on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written; nothing of it was ever published.
    Draft,
    /// Its unit is asked to look at it; nothing of it was ever published.
    Review,
    /// Published, and valid from a later day.
    Scheduled,
    /// Published.
    Published,
    /// Published; its unit is asked to assure it.
    Due,
    /// Published; its unit did not assure it in time: shown with a yellow bar.
    Overdue,
    /// Its last valid day is over: shown with a yellow bar.
    Expired,
    /// Overdue or expired for so long that only counselors see it.
    Hidden,
    /// Taken out by somebody.
    Retired,
}

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Status; 9] = [
        Status::Draft,
        Status::Review,
        Status::Scheduled,
        Status::Published,
        Status::Due,
        Status::Overdue,
        Status::Expired,
        Status::Hidden,
        Status::Retired,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Review => "review",
            Status::Scheduled => "scheduled",
            Status::Published => "published",
            Status::Due => "due",
            Status::Overdue => "overdue",
            Status::Expired => "expired",
            Status::Hidden => "hidden",
            Status::Retired => "retired",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|one| one.code() == code)
    }

    /// Whether counselors find it.
    pub fn counselors_see(self) -> bool {
        !matches!(self, Status::Draft | Status::Review | Status::Retired)
    }

    /// Whether citizens find it, if it is meant for them.
    pub fn citizens_see(self) -> bool {
        self.counselors_see() && !matches!(self, Status::Scheduled | Status::Hidden)
    }

    /// Whether whoever reads it is warned.
    pub fn yellow(self) -> bool {
        matches!(self, Status::Overdue | Status::Expired | Status::Hidden)
    }
}

impl Article {
    /// The day on which its unit is asked, and the last day of the time it has.
    pub fn check(&self, library: &Library) -> Option<(Day, Day)> {
        let published = self.published()?;
        if let Some(asked) = self.asked {
            return Some(asked);
        }
        let days = published.facts.check_days.unwrap_or(library.check_days);
        let on = Day(self.assured?.0.saturating_add(i32::from(days)));
        Some((on, library.working_days_after(on, library.answer_days)))
    }

    /// Its state on a day.
    pub fn status(&self, library: &Library, day: Day) -> Status {
        if self.retired {
            return Status::Retired;
        }
        let Some(published) = self.published() else {
            return if self.review {
                Status::Review
            } else {
                Status::Draft
            };
        };
        let hide = i32::from(library.hide_days);
        let over = |last: Option<Day>, more: i32| last.is_some_and(|last| day.0 > last.0 + more);
        let check = self.check(library);
        let due = check.map(|(_, due)| due);
        let until = published.facts.valid_until;
        if published.facts.valid_from.is_some_and(|from| day < from) {
            Status::Scheduled
        } else if over(until, hide) || over(due, hide) {
            Status::Hidden
        } else if over(until, 0) {
            Status::Expired
        } else if over(due, 0) {
            Status::Overdue
        } else if check.is_some_and(|(on, _)| on <= day) {
            Status::Due
        } else {
            Status::Published
        }
    }

    /// The next day on which its state is another one, or its unit is to be asked; none when only
    /// people change it.
    pub fn next_change(&self, library: &Library, day: Day) -> Option<Day> {
        if self.retired {
            return None;
        }
        let status = self.status(library, day);
        let facts = &self.published()?.facts;
        let hide = i32::from(library.hide_days);
        let check = self.check(library);
        let after = |last: Option<Day>, more: i32| last.map(|last| Day(last.0 + more + 1));
        let due = check.map(|(_, due)| due);
        let ask = check.map(|(on, _)| on).filter(|_| self.asked.is_none());
        [
            facts.valid_from,
            after(facts.valid_until, 0),
            after(facts.valid_until, hide),
            check.map(|(on, _)| on),
            after(due, 0),
            after(due, hide),
        ]
        .into_iter()
        .flatten()
        .filter(|change| *change > day)
        .filter(|change| Some(*change) == ask || self.status(library, *change) != status)
        .min()
    }

    /// Whether citizens find it on a day.
    pub fn citizens_see(&self, library: &Library, day: Day) -> bool {
        let audience = self.published().map(|version| version.facts.audience);
        audience == Some(Audience::Citizen) && self.status(library, day).citizens_see()
    }
}
