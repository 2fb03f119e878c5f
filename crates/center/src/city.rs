//! A city's settings as data: queues, skills, counselors, menu, codes. Never how they are read from
//! a file.

use crate::menu::Menu;
use crate::time::{OpeningHours, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A language by its ISO 639-1 code. The first six have prompts; `other` needs an interpreter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Korean, the sample city's own language.
    #[default]
    Ko,
    /// English.
    En,
    /// Chinese.
    Zh,
    /// Japanese.
    Ja,
    /// Vietnamese.
    Vi,
    /// Mongolian.
    Mn,
    /// Any further language, served through an interpreter.
    Other,
}

impl Language {
    /// Every language, in the order of the menu.
    pub const ALL: [Language; 7] = [
        Language::Ko,
        Language::En,
        Language::Zh,
        Language::Ja,
        Language::Vi,
        Language::Mn,
        Language::Other,
    ];

    /// The code as stored and shown: `ko`, `en`, ..., `other`.
    pub fn code(self) -> &'static str {
        match self {
            Language::Ko => "ko",
            Language::En => "en",
            Language::Zh => "zh",
            Language::Ja => "ja",
            Language::Vi => "vi",
            Language::Mn => "mn",
            Language::Other => "other",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Language> {
        Language::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The way by which a contact comes in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Telephone, by SIP or from the page.
    #[default]
    Voice,
    /// Sign-language video.
    Video,
    /// Text chat on the site.
    Chat,
    /// SMS and MMS.
    Text,
    /// Social networks.
    Social,
    /// Mail and web forms.
    Mail,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 6] = [
        Channel::Voice,
        Channel::Video,
        Channel::Chat,
        Channel::Text,
        Channel::Social,
        Channel::Mail,
    ];

    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Channel::Voice => "voice",
            Channel::Video => "video",
            Channel::Chat => "chat",
            Channel::Text => "text",
            Channel::Social => "social",
            Channel::Mail => "mail",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Channel> {
        Channel::ALL
            .into_iter()
            .find(|channel| channel.code() == code)
    }
}

impl Channel {
    /// Whether people write on it: nobody waits on a line, and a conversation may rest for hours.
    pub fn written(self) -> bool {
        !matches!(self, Channel::Voice | Channel::Video)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Identifies a counselor for good; numbers are never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct CounselorId(pub u32);

/// Identifies a contact for good: 1, 2, 3, ... in the order of arrival, without a gap.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ContactId(pub u64);

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CounselorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One requirement: a skill at least at a level, for example `en` at 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Skill code: a language code, a topic or `sign`.
    pub skill: String,
    /// Lowest level that serves, 1-5.
    pub level: u8,
}

/// A ring of the search for a counselor: from `after_ms` of waiting on, these needs hold instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Waiting time at which the ring opens, in milliseconds.
    pub after_ms: i64,
    /// What a counselor must have; all of them.
    pub needs: Vec<Need>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Stable code, for example `general`.
    pub code: String,
    /// Name by language code; `en` is always there.
    pub names: BTreeMap<String, String>,
    /// Channel whose contacts wait here (a queue holds one channel).
    pub channel: Channel,
    /// Written contacts in this language wait here; none for those in any other.
    pub language: Option<Language>,
    /// The search for a counselor, first ring first; the first has `after_ms` 0.
    pub rings: Vec<Ring>,
    /// Head start in milliseconds of age over queues with 0; may be negative.
    pub head_start_ms: i64,
    /// Linear ageing: points gained per second of waiting, in hundredths (100 = normal).
    pub ageing_percent: i64,
    /// When it is open.
    pub hours: OpeningHours,
    /// Most contacts that may wait; beyond it the caller hears so and is counted as capped.
    pub waiting_max: usize,
    /// Threshold of the service level, in milliseconds.
    pub target_ms: i64,
    /// Expected wait from which a callback is offered, in milliseconds.
    pub callback_from_ms: i64,
    /// Assumed handling time until enough has been measured, in milliseconds.
    pub handling_ms: i64,
    /// Assumed patience until enough has been measured, in milliseconds.
    pub patience_ms: i64,
}

/// Holds back the last counselors with a rare skill while the other queues do not suffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The rare skill.
    pub skill: String,
    /// How many idle holders are kept for queues that ask for the skill.
    pub keep: usize,
    /// The reserve is open to everyone once the asking queue's longest wait reaches this.
    pub until_wait_ms: i64,
}

/// A counselor as the city lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounselorProfile {
    /// Stable number.
    pub id: CounselorId,
    /// Sign-in name.
    pub login: String,
    /// Name as shown.
    pub name: String,
    /// Skill levels 1-5 by skill code.
    pub skills: BTreeMap<String, u8>,
    /// May open the floor, listen to recordings of others, search everything.
    pub supervisor: bool,
    /// What they may do in the counseling information database.
    pub library: crate::knowledge::Role,
}

/// An outcome code (disposition) as the counselor chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeCode {
    /// Stable code, two letters.
    pub code: String,
    /// Name by language code.
    pub names: BTreeMap<String, String>,
}

/// A category of the record: `TRF`, `TRF-01`, `TRF-01-01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Stable code; the parent's code is its prefix.
    pub code: String,
    /// Name by language code.
    pub names: BTreeMap<String, String>,
    /// Only leaves can be chosen.
    pub leaf: bool,
}

/// How much of a counselor one contact of a channel takes, in hundredths. Who chats waits at the
/// other end, who writes a letter does not: what chats take and what letters take is counted
/// apart. A call takes from both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights(pub BTreeMap<Channel, u16>);

/// How much of a counselor is taken, in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// By those who wait at the other end.
    pub live: u16,
    /// By letters.
    pub letters: u16,
}

impl Load {
    /// Load at which no room is left.
    const FULL: u16 = 100;

    /// Nothing.
    pub const NONE: Load = Load {
        live: 0,
        letters: 0,
    };

    /// A whole counselor.
    pub const WHOLE: Load = Load {
        live: Load::FULL,
        letters: Load::FULL,
    };

    fn lanes(self) -> [u16; 2] {
        [self.live, self.letters]
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Load) -> Load {
        Load {
            live: self.live.saturating_add(other.live),
            letters: self.letters.saturating_add(other.letters),
        }
    }

    /// Whether there is room for more beside it.
    pub fn leaves_room_for(self, more: Load) -> bool {
        let sum = self.and(more).lanes();
        let mut lanes = sum.into_iter().zip(more.lanes());
        lanes.all(|(sum, more)| more == 0 || sum <= Load::FULL)
    }

    /// Whether there is room for nothing.
    pub fn is_full(self) -> bool {
        self.lanes().into_iter().all(|lane| lane >= Load::FULL)
    }

    /// How many of its kind one counselor holds at once.
    pub fn places(self) -> usize {
        let most = self.lanes().into_iter().max().unwrap_or_default();
        usize::from(Load::FULL / most.max(1))
    }

    /// How many thousandths of a place of another kind it takes.
    pub fn takes_of(self, other: Load) -> usize {
        let lanes = self.lanes().into_iter().zip(other.lanes());
        let share = |(own, other): (u16, u16)| usize::from(own) * 1_000 / usize::from(other);
        let shared = lanes.filter(|(_, other)| *other > 0).map(share);
        shared.max().unwrap_or_default()
    }
}

impl Weights {
    /// One call or one video; else three chats, and five texts, posts or mails.
    pub fn standard() -> Weights {
        Weights(BTreeMap::from([
            (Channel::Voice, 100),
            (Channel::Video, 100),
            (Channel::Chat, 33),
            (Channel::Text, 20),
            (Channel::Social, 20),
            (Channel::Mail, 20),
        ]))
    }

    /// The weight of a channel; what is not listed takes a whole counselor.
    pub fn of(&self, channel: Channel) -> u16 {
        self.0.get(&channel).copied().unwrap_or(100)
    }

    /// What one contact of a channel takes.
    pub fn load(&self, channel: Channel) -> Load {
        let weight = self.of(channel);
        let live = channel == Channel::Chat || !channel.written();
        Load {
            live: if live { weight } else { 0 },
            letters: if channel == Channel::Chat { 0 } else { weight },
        }
    }
}

/// Everything the center knows about its city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct City {
    /// Name by language code; `en` is always there.
    pub names: BTreeMap<String, String>,
    /// Its clock.
    pub zone: Zone,
    /// Its own language.
    pub language: Language,
    /// Queues; the first is the one to which silence leads.
    pub queues: Vec<Queue>,
    /// The call tree.
    pub menu: Menu,
    /// Reserves of rare skills.
    pub reserves: Vec<Reserve>,
    /// Counselors.
    pub counselors: Vec<CounselorProfile>,
    /// Categories.
    pub categories: Vec<Category>,
    /// Outcome codes.
    pub outcomes: Vec<OutcomeCode>,
    /// What the house writes by itself: text by language by name (see `written::TEXTS`).
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
    /// Channel weights.
    pub weights: Weights,
    /// Bounds and deadlines.
    pub limits: crate::limit::Limits,
    /// Whether an outbound route exists, so that a callback can be promised.
    pub callbacks: bool,
    /// Whether a connection exists by which texts leave, so that a caller can be sent one.
    pub texting: bool,
    /// Units, districts and rules of the counseling information database.
    pub library: crate::knowledge::Library,
}

impl City {
    /// A text of the house in a language, else in English, with its places filled.
    pub fn text(&self, name: &str, language: Language) -> String {
        let texts = self.texts.get(name);
        let text = texts.map_or("", |texts| name_in(texts, language.code()));
        text.replace("{limit}", &self.limits.text_letters_max.to_string())
            .replace("{name}", name_in(&self.names, language.code()))
    }

    /// Position of a queue by its code.
    pub fn queue_index(&self, code: &str) -> Option<usize> {
        self.queues.iter().position(|queue| queue.code == code)
    }

    /// A counselor's profile.
    pub fn counselor(&self, id: CounselorId) -> Option<&CounselorProfile> {
        self.counselors.iter().find(|counselor| counselor.id == id)
    }

    /// Whether a category can be chosen.
    pub fn is_leaf(&self, code: &str) -> bool {
        self.categories
            .iter()
            .any(|category| category.leaf && category.code == code)
    }

    /// Whether an outcome code exists.
    pub fn is_outcome(&self, code: &str) -> bool {
        self.outcomes.iter().any(|outcome| outcome.code == code)
    }
}

/// The name in a language, else in English, else the empty text.
pub fn name_in<'a>(names: &'a BTreeMap<String, String>, language: &str) -> &'a str {
    names
        .get(language)
        .or_else(|| names.get("en"))
        .map_or("", String::as_str)
}
