//! Flash notices: what everybody must know now. Never longer than its time.

use super::decide::Author;
use super::event::LibraryEvent;
use super::{ArticleId, Audience, NoticeId, Refusal, Role};
use crate::city::CounselorId;
use crate::time::{DAY_MS, Time};

/// A notice ends by itself after this at the latest: what is true for longer is an article.
const LENGTH_MAX_MS: i64 = 14 * DAY_MS;

/// A flash notice as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// Number.
    pub id: NoticeId,
    /// By whom.
    pub author: Option<CounselorId>,
    /// Digest of its texts.
    pub digest: String,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// For whom.
    pub audience: Audience,
    /// Name of a prompt that callers hear before the menu; empty for none.
    pub prompt: String,
    /// The article that says more.
    pub article: Option<ArticleId>,
    /// When it was ended before its time.
    pub ended: Option<Time>,
}

impl Notice {
    /// Whether it is shown at an instant.
    pub fn live(&self, now: Time) -> bool {
        self.ended.is_none() && self.from <= now && now < self.until
    }

    /// Takes in what happened.
    pub fn apply(&mut self, at: Time, event: &LibraryEvent) {
        match event {
            LibraryEvent::NoticeRaised {
                notice,
                author,
                digest,
                from,
                until,
                audience,
                prompt,
                article,
            } => {
                *self = Notice {
                    id: *notice,
                    author: *author,
                    digest: digest.clone(),
                    from: *from,
                    until: *until,
                    audience: *audience,
                    prompt: prompt.clone(),
                    article: *article,
                    ended: None,
                }
            }
            LibraryEvent::NoticeEnded { .. } => self.ended = Some(at),
            _ => {}
        }
    }
}

/// What somebody asks of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOrder {
    /// Show one.
    Raise {
        /// Its number, the next free one.
        notice: NoticeId,
        /// Digest of its texts.
        digest: String,
        /// From when.
        from: Time,
        /// Until when.
        until: Time,
        /// For whom.
        audience: Audience,
        /// Prompt for callers, empty for none.
        prompt: String,
        /// The article that says more.
        article: Option<ArticleId>,
    },
    /// End one.
    End,
}

/// What follows from an order; `notice` is the one it concerns, if it exists.
pub fn decide_notice(
    notice: Option<&Notice>,
    author: &Author,
    now: Time,
    order: &NoticeOrder,
) -> Result<LibraryEvent, Refusal> {
    if author.role == Role::Reader {
        return Err(Refusal::NotAllowed);
    }
    match order {
        NoticeOrder::Raise {
            notice,
            digest,
            from,
            until,
            audience,
            prompt,
            article,
        } => {
            let from = (*from).max(now);
            if *until <= from || *until - from > LENGTH_MAX_MS {
                return Err(Refusal::BadTime);
            }
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            if prompt.len() > 60 || !prompt.chars().all(plain) {
                return Err(Refusal::BadPrompt);
            }
            Ok(LibraryEvent::NoticeRaised {
                notice: *notice,
                author: author.id,
                digest: digest.clone(),
                from,
                until: *until,
                audience: *audience,
                prompt: prompt.clone(),
                article: *article,
            })
        }
        NoticeOrder::End => match notice {
            None => Err(Refusal::Unknown),
            Some(notice) if notice.ended.is_some() || notice.until <= now => {
                Err(Refusal::WrongState)
            }
            Some(notice) => Ok(LibraryEvent::NoticeEnded {
                notice: notice.id,
                author: author.id,
            }),
        },
    }
}
