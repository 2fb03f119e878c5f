//! The counseling information database: articles, their revisions, states and owners, notices and
//! gaps. Never a text's storage, never a contact: what counselors ask of it is decided apart from
//! calls.

mod article;
mod asks;
mod decide;
mod event;
#[cfg(test)]
mod life;
mod notice;
mod refusal;
mod status;
mod synonym;
mod text;
mod words;

pub use article::{Article, Comment, Facts, Law, Mark, TextState, Version};
pub use asks::{Owed, decide_asks};
pub use decide::{Author, Order, Written, code_fits, decide, may};
pub use event::{Gap, LibraryEvent, Said};
pub use notice::{Notice, NoticeOrder, decide_notice};
pub use refusal::Refusal;
pub use status::Status;
pub use synonym::{Entry, Synonym, SynonymId, SynonymOrder, SynonymTable, decide_synonym};
pub use text::{
    ANSWER_LETTERS_MAX, ANSWER_SENTENCES_MAX, Field, Flaw, Text, Variant, first_sentences,
    sentences,
};
pub use words::is_search;

use crate::city::Language;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Languages in which articles are written, in the order of their tabs.
pub const LANGUAGES: [Language; 6] = [
    Language::Ko,
    Language::En,
    Language::Zh,
    Language::Ja,
    Language::Vi,
    Language::Mn,
];

/// Identifies an article for good; numbers are never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ArticleId(pub u64);

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies a flash notice for good.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NoticeId(pub u64);

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who may read an article or a notice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody.
    #[default]
    Citizen,
    /// Counselors only.
    Counselor,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Audience; 2] = [Audience::Citizen, Audience::Counselor];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Audience::Citizen => "citizen",
            Audience::Counselor => "counselor",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Audience> {
        Audience::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// The season whose pack an article belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// March to May.
    Spring,
    /// June to August.
    Summer,
    /// September to November.
    Autumn,
    /// December to February.
    Winter,
}

impl Season {
    /// Every season.
    pub const ALL: [Season; 4] = [
        Season::Spring,
        Season::Summer,
        Season::Autumn,
        Season::Winter,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Season::Spring => "spring",
            Season::Summer => "summer",
            Season::Autumn => "autumn",
            Season::Winter => "winter",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Season> {
        Season::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The season of a day on the northern half of the world.
    pub fn of(day: Day) -> Season {
        match day.date().1 {
            3..=5 => Season::Spring,
            6..=8 => Season::Summer,
            9..=11 => Season::Autumn,
            _ => Season::Winter,
        }
    }
}

/// A unit of the city that owns articles or is in charge of what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Stable code.
    pub code: String,
    /// Name by language code.
    pub names: BTreeMap<String, String>,
    /// Telephone, empty for none.
    pub telephone: String,
    /// Mail address, empty for none.
    pub email: String,
    /// Where it is, by language code.
    pub office: BTreeMap<String, String>,
}

/// A district, for which an article may say something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct District {
    /// Stable code.
    pub code: String,
    /// Name by language code.
    pub names: BTreeMap<String, String>,
}

/// The city's rules for its library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Units.
    pub units: Vec<Unit>,
    /// Districts.
    pub districts: Vec<District>,
    /// Days on which nobody in a unit works, beside Saturdays and Sundays.
    pub holidays: BTreeSet<Day>,
    /// Days after which a unit is asked to assure its article again: half a year, as a fee or an
    /// office rarely outlives a budget.
    pub check_days: u16,
    /// Working days that a unit has for it (handbook section 3: five).
    pub answer_days: u16,
    /// Days after which an article that nobody assured is hidden from citizens (handbook: 30).
    pub hide_days: u16,
    /// Whether a connection exists by which units are asked by mail.
    pub mails: bool,
}

impl Default for Library {
    fn default() -> Library {
        Library {
            units: Vec::new(),
            districts: Vec::new(),
            holidays: BTreeSet::new(),
            check_days: 180,
            answer_days: 5,
            hide_days: 30,
            mails: false,
        }
    }
}

impl Library {
    /// A unit by its code.
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    /// The address at which a unit gets mail; none for a unit without one, or unknown.
    pub fn mailbox(&self, unit: &str) -> Option<&str> {
        let address = self.unit(unit).map(|unit| unit.email.as_str());
        address.filter(|address| !address.is_empty())
    }

    /// A district by its code.
    pub fn district(&self, code: &str) -> Option<&District> {
        self.districts.iter().find(|one| one.code == code)
    }

    /// The last of so many working days after a day.
    pub fn working_days_after(&self, day: Day, count: u16) -> Day {
        let (mut day, mut left) = (day, count);
        while left > 0 {
            day = Day(day.0 + 1);
            if day.weekday() < 5 && !self.holidays.contains(&day) {
                left -= 1;
            }
        }
        day
    }
}

/// What somebody may do in the library, beside reading and commenting, which every counselor may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing more.
    #[default]
    Reader,
    /// Write, review, publish and assure what these units own.
    Owner(BTreeSet<String>),
    /// Everything.
    Editor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_working_days_go_round_weekends_and_holidays() {
        let day = |text: &str| Day::parse(text).expect("a day");
        let mut library = Library::default();
        let monday = day("2026-11-30");
        assert_eq!(library.working_days_after(monday, 5), day("2026-12-07"));
        assert_eq!(
            library.working_days_after(day("2026-12-05"), 5),
            day("2026-12-11")
        );
        library.holidays.insert(day("2026-12-03"));
        assert_eq!(library.working_days_after(monday, 5), day("2026-12-08"));
        assert_eq!(library.working_days_after(monday, 0), monday);
    }

    #[test]
    fn seasons_follow_the_months() {
        let season = |text: &str| Season::of(Day::parse(text).expect("a day"));
        assert_eq!(season("2026-11-30"), Season::Autumn);
        assert_eq!(season("2026-12-01"), Season::Winter);
        assert_eq!(season("2027-02-28"), Season::Winter);
        assert_eq!(season("2027-03-01"), Season::Spring);
    }
}
