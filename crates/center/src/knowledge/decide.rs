//! What follows from what somebody asks of an article. Never a change of state: that is `apply`.

use super::article::{Article, Facts, Mark, TextState, Version};
use super::event::LibraryEvent;
use super::text::{Flaw, Text};
use super::{ArticleId, LANGUAGES, Refusal, Role};
use crate::city::{City, ContactId, CounselorId, Language};
use crate::time::{Day, Time};
use std::collections::BTreeMap;

/// Letters of a code.
const CODE_MAX: usize = 80;
/// Laws or units of one article.
const LINKS_MAX: usize = 30;
/// Letters of an address.
const ADDRESS_MAX: usize = 2_000;
/// Comments of one article; beyond it the owner has to deal with some first.
const COMMENTS_MAX: usize = 500;

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Counselor; none is the house itself.
    pub id: Option<CounselorId>,
    /// What they may do.
    pub role: Role,
}

impl Author {
    /// The house: what follows from time, and what comes with the sample city.
    pub fn house() -> Author {
        Author {
            id: None,
            role: Role::Editor,
        }
    }
}

/// A text as it is handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text, cleaned.
    pub text: Text,
    /// Its digest.
    pub digest: String,
    /// Who answers for it.
    pub state: TextState,
    /// When it was written or checked; none for now, or for as before when nothing changed.
    pub revised: Option<Time>,
}

/// What somebody asks of one article. Reasons and comments are digests of what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A new article.
    Draft {
        /// Its number, the next free one.
        article: ArticleId,
        /// Its code.
        code: String,
        /// Came with the sample city.
        sample: bool,
        /// What is not text.
        facts: Facts,
        /// Texts by language.
        texts: BTreeMap<Language, Written>,
        /// Why.
        reason: String,
    },
    /// A new revision.
    Revise {
        /// The revision it was made from: another one in between refuses it.
        base: u32,
        /// What is not text.
        facts: Facts,
        /// All texts by language.
        texts: BTreeMap<Language, Written>,
        /// Why.
        reason: String,
    },
    /// An earlier revision again, as a draft.
    RollBack {
        /// The revision that was looked at.
        base: u32,
        /// The revision to return to.
        to: u32,
        /// Why.
        reason: String,
    },
    /// The owner unit shall look at the latest revision.
    AskReview {
        /// The revision that was looked at.
        base: u32,
        /// What it should look at.
        reason: String,
    },
    /// The latest revision is not right yet.
    SendBack {
        /// The revision that was looked at.
        base: u32,
        /// What is not right.
        reason: String,
    },
    /// The latest revision is right.
    Publish {
        /// The revision that was looked at.
        base: u32,
        /// What is said to it.
        reason: String,
        /// As of which day it is assured; none for today.
        assured: Option<Day>,
    },
    /// The owner unit shall assure it now.
    AskCheck {
        /// Why now.
        reason: String,
    },
    /// What is published is right.
    Assure {
        /// What is said to it.
        reason: String,
    },
    /// Take it out.
    Retire {
        /// Why.
        reason: String,
    },
    /// Bring it back, as a draft.
    Restore {
        /// Why.
        reason: String,
    },
    /// Tell the owner something.
    Comment {
        /// What.
        words: String,
        /// The contact in which it was found.
        contact: Option<ContactId>,
    },
    /// A comment is dealt with.
    Settle {
        /// Comment.
        comment: u32,
        /// The answer.
        reason: String,
    },
    /// A counselor answered a citizen with it.
    Use {
        /// The revision that was read.
        revision: u32,
        /// In which contact.
        contact: ContactId,
        /// The language it was read or sent in.
        language: Language,
        /// The district's variant; empty for what holds everywhere.
        district: String,
        /// Sent to the citizen, not read to them.
        sent: bool,
        /// What was searched for, as digest; empty when the note found it.
        words: String,
    },
    /// A reader says whether it helped.
    Rate {
        /// The language it was read in.
        language: Language,
        /// Whether it did.
        helped: bool,
        /// What was searched for, as digest.
        words: String,
        /// In which contact; none for a citizen who read it alone.
        contact: Option<ContactId>,
    },
    /// Time has passed.
    Tick,
}

/// Whether somebody may ask this of an article of that owner.
pub fn may(role: &Role, owner: &str, order: &Order) -> bool {
    match order {
        Order::Comment { .. } | Order::Use { .. } | Order::Rate { .. } | Order::Tick => true,
        _ => match role {
            Role::Reader => false,
            Role::Owner(units) => units.contains(owner),
            Role::Editor => true,
        },
    }
}

/// Whether a text may be an article's code.
pub fn code_fits(code: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    code.len() <= CODE_MAX
        && code.starts_with(plain)
        && code.chars().all(|letter| plain(letter) || letter == '-')
}

/// What follows from an order; `article` is the one it concerns, if it exists.
pub fn decide(
    city: &City,
    article: Option<&Article>,
    author: &Author,
    now: Time,
    order: &Order,
) -> Result<Vec<LibraryEvent>, Refusal> {
    let today = city.zone.civil(now).day;
    let mut events = match (article, order) {
        (None, Order::Draft { .. }) => draft(city, author, now, order)?,
        (Some(_), Order::Draft { .. }) => return Err(Refusal::CodeTaken),
        (None, _) => return Err(Refusal::Unknown),
        (Some(article), _) => {
            let version = article.latest().ok_or(Refusal::Unknown)?;
            if !may(&author.role, &version.facts.owner, order) {
                return Err(Refusal::NotAllowed);
            }
            let desk = Desk {
                city,
                article,
                version,
                author: author.id,
                role: &author.role,
                now,
                today,
            };
            desk.decide(order)?
        }
    };
    pass(city, article, now, today, &mut events);
    Ok(events)
}

/// Adds that the state changed, where events alone do not tell it.
fn pass(
    city: &City,
    article: Option<&Article>,
    now: Time,
    today: Day,
    events: &mut Vec<LibraryEvent>,
) {
    let mut article = article.cloned().unwrap_or_default();
    for event in &*events {
        article.apply(now, event);
    }
    if article.asked.is_none()
        && !article.retired
        && let Some((on, due)) = article.check(&city.library)
        && on <= today
    {
        let asked = LibraryEvent::CheckAsked {
            article: article.id,
            author: None,
            reason: String::new(),
            on,
            due,
        };
        article.apply(now, &asked);
        events.push(asked);
    }
    let status = article.status(&city.library, today);
    if status != article.counted {
        events.push(LibraryEvent::StatusPassed {
            article: article.id,
            status,
            on: today,
        });
    }
}

fn draft(
    city: &City,
    author: &Author,
    now: Time,
    order: &Order,
) -> Result<Vec<LibraryEvent>, Refusal> {
    let Order::Draft {
        article,
        code,
        sample,
        facts,
        texts,
        reason,
    } = order
    else {
        return Err(Refusal::Unknown);
    };
    if !may(&author.role, &facts.owner, order) {
        return Err(Refusal::NotAllowed);
    }
    if !code_fits(code) {
        return Err(Refusal::BadCode);
    }
    check(city, facts, texts)?;
    Ok(vec![
        LibraryEvent::Drafted {
            article: *article,
            code: code.clone(),
            author: author.id,
            sample: *sample,
        },
        LibraryEvent::Revised {
            article: *article,
            revision: 1,
            author: author.id,
            reason: reason.clone(),
            facts: facts.clone(),
            marks: marks(None, texts, now),
            back_to: None,
        },
    ])
}

/// What must be right even in a draft.
fn check(city: &City, facts: &Facts, texts: &BTreeMap<Language, Written>) -> Result<(), Refusal> {
    let library = &city.library;
    if !facts.category.is_empty() && !city.is_leaf(&facts.category) {
        return Err(Refusal::BadCategory);
    }
    if !facts.outcome.is_empty() && !city.is_outcome(&facts.outcome) {
        return Err(Refusal::BadOutcome);
    }
    let units = facts.units.iter().chain([&facts.owner]);
    if units
        .filter(|unit| !unit.is_empty())
        .any(|unit| library.unit(unit).is_none())
    {
        return Err(Refusal::BadUnit);
    }
    let addresses = facts.laws.iter().map(|law| &law.url);
    if addresses
        .chain([&facts.sign_video])
        .any(|address| !address.is_empty() && !is_address(address))
    {
        return Err(Refusal::BadAddress);
    }
    if facts.laws.len() > LINKS_MAX || facts.units.len() > LINKS_MAX {
        return Err(Refusal::TooMany);
    }
    if facts.check_days == Some(0) || facts.valid_from > facts.valid_until.or(facts.valid_from) {
        return Err(Refusal::BadTime);
    }
    if texts
        .keys()
        .chain([&facts.source])
        .any(|language| !LANGUAGES.contains(language))
    {
        return Err(Refusal::BadLanguage);
    }
    for written in texts.values() {
        let mut districts = written.text.variants.keys();
        if districts.any(|district| library.district(district).is_none()) {
            return Err(Refusal::BadDistrict);
        }
        if !written.text.flaws().into_iter().all(Flaw::is_draftable) {
            return Err(Refusal::TooLong);
        }
    }
    Ok(())
}

/// Whether a text is an address of the web that can stand in a page.
pub(super) fn is_address(text: &str) -> bool {
    let strange = |letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '"' | '\'' | '<' | '>')
    };
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    text.len() <= ADDRESS_MAX
        && !text.contains(strange)
        && host.is_some_and(|host| host.starts_with(char::is_alphanumeric))
}

/// The marks of handed-in texts: one that did not change keeps the day it was revised.
fn marks(
    before: Option<&Version>,
    texts: &BTreeMap<Language, Written>,
    now: Time,
) -> BTreeMap<Language, Mark> {
    let mark = |(language, written): (&Language, &Written)| {
        let same = before
            .and_then(|version| version.marks.get(language))
            .filter(|mark| mark.digest == written.digest && mark.state == written.state);
        let kept = same.map(|mark| mark.revised);
        let mark = Mark {
            digest: written.digest.clone(),
            title: written.text.title.clone(),
            state: written.state,
            revised: written.revised.or(kept).unwrap_or(now).min(now),
            flawed: !written.text.flaws().is_empty(),
        };
        (*language, mark)
    };
    texts.iter().map(mark).collect()
}

/// One article and who looks at it.
struct Desk<'a> {
    city: &'a City,
    article: &'a Article,
    version: &'a Version,
    author: Option<CounselorId>,
    role: &'a Role,
    now: Time,
    today: Day,
}

impl Desk<'_> {
    fn decide(&self, order: &Order) -> Result<Vec<LibraryEvent>, Refusal> {
        let event = match order {
            Order::Tick => return Ok(Vec::new()),
            Order::Draft { .. } => return Err(Refusal::CodeTaken),
            Order::Revise {
                base,
                facts,
                texts,
                reason,
            } => {
                self.fresh(*base)?;
                check(self.city, facts, texts)?;
                if !may(self.role, &facts.owner, order) {
                    return Err(Refusal::NotAllowed);
                }
                let marks = marks(Some(self.version), texts, self.now);
                self.revised(facts, marks, reason, None)?
            }
            Order::RollBack { base, to, reason } => {
                self.fresh(*base)?;
                let old = self.article.versions.get(to).ok_or(Refusal::Unknown)?;
                given(reason)?;
                self.revised(&old.facts, old.marks.clone(), reason, Some(*to))?
            }
            Order::AskReview { base, reason } => {
                self.fresh(*base)?;
                self.complete()?;
                if self.article.review || !self.article.has_draft() || self.article.retired {
                    return Err(Refusal::WrongState);
                }
                LibraryEvent::ReviewAsked {
                    article: self.article.id,
                    revision: self.version.revision,
                    author: self.author,
                    reason: reason.clone(),
                }
            }
            Order::SendBack { base, reason } => {
                self.reviewed(*base)?;
                given(reason)?;
                LibraryEvent::SentBack {
                    article: self.article.id,
                    revision: self.version.revision,
                    author: self.author,
                    reason: reason.clone(),
                }
            }
            Order::Publish {
                base,
                reason,
                assured,
            } => {
                self.reviewed(*base)?;
                self.complete()?;
                LibraryEvent::Published {
                    article: self.article.id,
                    revision: self.version.revision,
                    author: self.author,
                    reason: reason.clone(),
                    assured: assured.unwrap_or(self.today).min(self.today),
                }
            }
            _ => self.keep(order)?,
        };
        Ok(vec![event])
    }

    /// Orders that make no revision and publish none.
    fn keep(&self, order: &Order) -> Result<LibraryEvent, Refusal> {
        let (article, author) = (self.article.id, self.author);
        match order {
            Order::AskCheck { reason } => {
                self.readable()?;
                if self.article.asked.is_some() {
                    return Err(Refusal::WrongState);
                }
                let days = self.city.library.answer_days;
                Ok(LibraryEvent::CheckAsked {
                    article,
                    author,
                    reason: reason.clone(),
                    on: self.today,
                    due: self.city.library.working_days_after(self.today, days),
                })
            }
            Order::Assure { reason } => {
                self.readable()?;
                Ok(LibraryEvent::Assured {
                    article,
                    author,
                    reason: reason.clone(),
                    on: self.today,
                })
            }
            Order::Retire { reason } => {
                given(reason)?;
                if self.article.retired {
                    return Err(Refusal::WrongState);
                }
                Ok(LibraryEvent::Retired {
                    article,
                    author,
                    reason: reason.clone(),
                })
            }
            Order::Restore { reason } => {
                given(reason)?;
                if !self.article.retired {
                    return Err(Refusal::WrongState);
                }
                Ok(LibraryEvent::Restored {
                    article,
                    author,
                    reason: reason.clone(),
                })
            }
            _ => self.hear(order),
        }
    }

    /// What readers say.
    fn hear(&self, order: &Order) -> Result<LibraryEvent, Refusal> {
        let (article, author) = (self.article.id, self.author);
        match order {
            Order::Comment { words, contact } => {
                given(words)?;
                if self.article.open_comments() >= COMMENTS_MAX {
                    return Err(Refusal::TooMany);
                }
                let last = self.article.comments.keys().next_back().copied();
                Ok(LibraryEvent::Commented {
                    article,
                    comment: last.unwrap_or(0) + 1,
                    author,
                    words: words.clone(),
                    contact: *contact,
                })
            }
            Order::Settle { comment, reason } => {
                let found = self.article.comments.get(comment);
                if found.ok_or(Refusal::Unknown)?.settled.is_some() {
                    return Err(Refusal::WrongState);
                }
                Ok(LibraryEvent::CommentSettled {
                    article,
                    comment: *comment,
                    author,
                    reason: reason.clone(),
                })
            }
            Order::Use { .. } => self.used(order),
            Order::Rate {
                language,
                helped,
                words,
                contact,
            } => {
                self.readable()?;
                Ok(LibraryEvent::Rated {
                    article,
                    language: *language,
                    helped: *helped,
                    words: words.clone(),
                    author: author.filter(|_| contact.is_some()),
                    contact: *contact,
                })
            }
            _ => Err(Refusal::WrongState),
        }
    }

    /// What a counselor may have read to a citizen, or sent.
    fn used(&self, order: &Order) -> Result<LibraryEvent, Refusal> {
        let Order::Use {
            revision,
            contact,
            language,
            district,
            sent,
            words,
        } = order
        else {
            return Err(Refusal::WrongState);
        };
        self.readable()?;
        let author = self.author.ok_or(Refusal::NotAllowed)?;
        let version = self.article.versions.get(revision);
        let version = version.ok_or(Refusal::Unknown)?;
        if !version.marks.contains_key(language) {
            return Err(Refusal::BadLanguage);
        }
        if !district.is_empty() && self.city.library.district(district).is_none() {
            return Err(Refusal::BadDistrict);
        }
        Ok(LibraryEvent::Used {
            article: self.article.id,
            revision: *revision,
            author: Some(author),
            contact: *contact,
            language: *language,
            district: district.clone(),
            sent: *sent,
            words: words.clone(),
        })
    }

    fn revised(
        &self,
        facts: &Facts,
        marks: BTreeMap<Language, Mark>,
        reason: &str,
        back_to: Option<u32>,
    ) -> Result<LibraryEvent, Refusal> {
        if self.article.retired {
            return Err(Refusal::WrongState);
        }
        if *facts == self.version.facts && marks == self.version.marks {
            return Err(Refusal::Unchanged);
        }
        Ok(LibraryEvent::Revised {
            article: self.article.id,
            revision: self.version.revision + 1,
            author: self.author,
            reason: reason.to_owned(),
            facts: facts.clone(),
            marks,
            back_to,
        })
    }

    fn fresh(&self, base: u32) -> Result<(), Refusal> {
        if base == self.version.revision {
            Ok(())
        } else {
            Err(Refusal::Stale)
        }
    }

    fn reviewed(&self, base: u32) -> Result<(), Refusal> {
        self.fresh(base)?;
        if self.article.review && !self.article.retired {
            Ok(())
        } else {
            Err(Refusal::WrongState)
        }
    }

    /// What is published can be assured; what is retired or never was cannot.
    fn readable(&self) -> Result<(), Refusal> {
        let status = self.article.status(&self.city.library, self.today);
        if status.counselors_see() {
            Ok(())
        } else {
            Err(Refusal::WrongState)
        }
    }

    /// Everything a published article needs.
    fn complete(&self) -> Result<(), Refusal> {
        let facts = &self.version.facts;
        if !self.city.is_leaf(&facts.category) {
            return Err(Refusal::BadCategory);
        }
        if !facts.outcome.is_empty() && !self.city.is_outcome(&facts.outcome) {
            return Err(Refusal::BadOutcome);
        }
        if self.city.library.unit(&facts.owner).is_none() {
            return Err(Refusal::BadUnit);
        }
        if !self.version.marks.contains_key(&facts.source) {
            return Err(Refusal::NoSource);
        }
        if self.version.marks.values().any(|mark| mark.flawed) {
            return Err(Refusal::Flawed);
        }
        Ok(())
    }
}

fn given(reason: &str) -> Result<(), Refusal> {
    if reason.is_empty() {
        Err(Refusal::NoReason)
    } else {
        Ok(())
    }
}
