//! An article as its events tell it: its versions, what is published of it, its comments. State
//! changes only in `apply`. Never a decision.

use super::event::{LibraryEvent, Said};
use super::status::Status;
use super::{ArticleId, Audience, Season};
use crate::city::{ContactId, CounselorId, Language};
use crate::time::{Day, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Searches that are remembered of those which ended with its use.
const USED_FOR_MAX: usize = 20;

/// A law an article rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    /// Name and paragraph.
    pub title: String,
    /// Where it can be read, empty when nowhere.
    #[serde(default)]
    pub url: String,
}

/// What an article is beside its texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// A finest category: using the article fills it in.
    pub category: String,
    /// An outcome: using the article fills it in.
    pub outcome: String,
    /// Unit that owns it.
    pub owner: String,
    /// Who may read it.
    pub audience: Audience,
    /// The request type it leads to; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_type: String,
    /// Units in charge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Laws.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<Law>,
    /// Address of a video in sign language; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sign_video: String,
    /// First valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Last valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// The season whose pack it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<Season>,
    /// The language it is first written in.
    pub source: Language,
    /// Days between two checks, where not the city's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_days: Option<u16>,
}

/// Whether somebody who speaks the language answers for a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextState {
    /// Written or checked by a person.
    #[default]
    Human,
    /// By a machine, and nobody has checked it.
    Unchecked,
}

impl TextState {
    /// The code as stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            TextState::Human => "human",
            TextState::Unchecked => "unchecked",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<TextState> {
        let all = [TextState::Human, TextState::Unchecked];
        all.into_iter().find(|one| one.code() == code)
    }
}

/// A text of a version: which it is, and how far it can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Digest of the text.
    pub digest: String,
    /// Its title, for lists.
    pub title: String,
    /// Who answers for it.
    pub state: TextState,
    /// When it was written or checked last.
    pub revised: Time,
    /// It has flaws that keep it from being published.
    #[serde(default, skip_serializing_if = "is_false")]
    pub flawed: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// One revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Number, the first is 1.
    pub revision: u32,
    /// When.
    pub at: Time,
    /// By whom.
    pub author: Option<CounselorId>,
    /// Why, as digest.
    pub reason: String,
    /// It is this earlier revision again.
    pub back_to: Option<u32>,
    /// What is not text.
    pub facts: Facts,
    /// Texts by language.
    pub marks: BTreeMap<Language, Mark>,
}

impl Version {
    /// Whether a translation is older than its source.
    pub fn is_older(&self, language: Language) -> bool {
        let revised = |language| self.marks.get(&language).map(|mark| mark.revised);
        language != self.facts.source
            && match (revised(self.facts.source), revised(language)) {
                (Some(source), Some(own)) => own < source,
                _ => false,
            }
    }

    /// The title in a language, else in the source, else in any.
    pub fn title(&self, language: Language) -> &str {
        let mark = self.marks.get(&language);
        let mark = mark.or_else(|| self.marks.get(&self.facts.source));
        let mark = mark.or_else(|| self.marks.values().next());
        mark.map_or("", |mark| mark.title.as_str())
    }
}

/// What a counselor told the owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comment {
    /// When.
    pub at: Time,
    /// By whom.
    pub author: Option<CounselorId>,
    /// What, as digest.
    pub words: String,
    /// The contact in which it was found.
    pub contact: Option<ContactId>,
    /// Who dealt with it and when, and the answer as digest.
    pub settled: Option<(Time, Option<CounselorId>, String)>,
}

/// An article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Number.
    pub id: ArticleId,
    /// Code.
    pub code: String,
    /// Came with the sample city.
    pub sample: bool,
    /// When it was drafted.
    pub created: Time,
    /// When its latest event happened.
    pub changed: Time,
    /// Every revision by its number.
    pub versions: BTreeMap<u32, Version>,
    /// Number of the published revision.
    pub published: Option<u32>,
    /// When it was published; none when nothing is.
    pub released: Option<Time>,
    /// Its unit is asked to look at the latest revision.
    pub review: bool,
    /// Taken out.
    pub retired: bool,
    /// As of which day it is assured.
    pub assured: Option<Day>,
    /// The day its unit was asked, and the last day it has; none when it is not being asked.
    pub asked: Option<(Day, Day)>,
    /// The state that was counted last.
    pub counted: Status,
    /// Comments by their number.
    pub comments: BTreeMap<u32, Comment>,
    /// Readers it helped, and those it did not.
    pub ratings: (u32, u32),
    /// Contacts in which a counselor used it.
    pub used: u32,
    /// What was searched for when it was used, as digests, the latest last.
    pub used_for: Vec<String>,
}

impl Default for Article {
    fn default() -> Article {
        Article {
            id: ArticleId(0),
            code: String::new(),
            sample: false,
            created: Time(0),
            changed: Time(0),
            versions: BTreeMap::new(),
            published: None,
            released: None,
            review: false,
            retired: false,
            assured: None,
            asked: None,
            counted: Status::Draft,
            comments: BTreeMap::new(),
            ratings: (0, 0),
            used: 0,
            used_for: Vec::new(),
        }
    }
}

impl Article {
    /// The published revision.
    pub fn published(&self) -> Option<&Version> {
        self.versions.get(&self.published?)
    }

    /// The latest revision, published or not.
    pub fn latest(&self) -> Option<&Version> {
        self.versions.values().next_back()
    }

    /// Number of the latest revision, 0 before the first.
    pub fn revision(&self) -> u32 {
        self.latest().map_or(0, |version| version.revision)
    }

    /// Whether the latest revision is not what is published.
    pub fn has_draft(&self) -> bool {
        self.published != Some(self.revision())
    }

    /// Comments nobody has dealt with.
    pub fn open_comments(&self) -> usize {
        let open = |comment: &&Comment| comment.settled.is_none();
        self.comments.values().filter(open).count()
    }

    /// Takes in what happened.
    pub fn apply(&mut self, at: Time, event: &LibraryEvent) {
        if event.article().is_none() {
            return;
        }
        if let LibraryEvent::WordsErased { said, words, .. } = event {
            // What nobody did does not bring it to the top of a list.
            if *said == Said::Search {
                self.used_for.retain(|known| !words.contains(known));
            }
            return;
        }
        self.changed = self.changed.max(at);
        match event {
            LibraryEvent::Drafted {
                article,
                code,
                sample,
                ..
            } => {
                self.id = *article;
                self.code.clone_from(code);
                self.sample = *sample;
                self.created = at;
            }
            LibraryEvent::Revised { .. } => self.revise(at, event),
            LibraryEvent::ReviewAsked { .. } => self.work(true),
            LibraryEvent::SentBack { .. } => self.work(false),
            LibraryEvent::Published {
                revision, assured, ..
            } => {
                (self.published, self.released) = (Some(*revision), Some(at));
                self.review = false;
                self.assure(*assured);
            }
            LibraryEvent::CheckAsked { on, due, .. } => {
                self.asked = Some((*on, *due));
                self.counted = Status::Due;
            }
            LibraryEvent::Assured { on, .. } => self.assure(*on),
            LibraryEvent::StatusPassed { status, .. } => self.counted = *status,
            LibraryEvent::Retired { .. } => {
                (self.retired, self.review) = (true, false);
                self.counted = Status::Retired;
            }
            LibraryEvent::Restored { .. } => {
                (self.retired, self.published, self.asked) = (false, None, None);
                self.released = None;
                self.counted = Status::Draft;
            }
            _ => self.hear(at, event),
        }
    }

    fn revise(&mut self, at: Time, event: &LibraryEvent) {
        let LibraryEvent::Revised {
            revision,
            author,
            reason,
            facts,
            marks,
            back_to,
            ..
        } = event
        else {
            return;
        };
        let version = Version {
            revision: *revision,
            at,
            author: *author,
            reason: reason.clone(),
            back_to: *back_to,
            facts: facts.clone(),
            marks: marks.clone(),
        };
        self.versions.insert(*revision, version);
        self.work(false);
    }

    fn work(&mut self, review: bool) {
        self.review = review;
        if self.published.is_none() {
            self.counted = if review {
                Status::Review
            } else {
                Status::Draft
            };
        }
    }

    fn assure(&mut self, on: Day) {
        self.assured = self.assured.max(Some(on));
        self.asked = None;
        self.counted = Status::Published;
    }

    /// What readers say of it.
    fn hear(&mut self, at: Time, event: &LibraryEvent) {
        match event {
            LibraryEvent::Commented {
                comment,
                author,
                words,
                contact,
                ..
            } => {
                let said = Comment {
                    at,
                    author: *author,
                    words: words.clone(),
                    contact: *contact,
                    settled: None,
                };
                self.comments.insert(*comment, said);
            }
            LibraryEvent::CommentSettled {
                comment,
                author,
                reason,
                ..
            } => {
                if let Some(comment) = self.comments.get_mut(comment) {
                    comment.settled = Some((at, *author, reason.clone()));
                }
            }
            LibraryEvent::Used { words, .. } => {
                self.used += 1;
                self.remember(words);
            }
            LibraryEvent::Rated { helped: true, .. } => self.ratings.0 += 1,
            LibraryEvent::Rated { .. } => self.ratings.1 += 1,
            _ => {}
        }
    }

    /// Keeps the latest searches that ended here.
    fn remember(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        self.used_for.retain(|known| known != words);
        if self.used_for.len() >= USED_FOR_MAX {
            self.used_for.remove(0);
        }
        self.used_for.push(words.to_owned());
    }
}
