//! Which words of the library are still needed, and since when: searches, comments, reasons. Pure;
//! never the words, never an engine.

use super::rows::place;
use crate::failure::Failure;
use crate::insert::Rows;
use crate::value::{Record, Values};
use center::knowledge::{ArticleId, LibraryEvent, Said};
use center::time::Time;
use std::collections::BTreeMap;

/// Words that are pointed to by what somebody searched for or said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SaidKey {
    /// Digest of the words.
    pub digest: String,
    /// What they are.
    pub said: Said,
    /// The article that was used after them, or to which they were said.
    pub article: Option<ArticleId>,
}

impl SaidKey {
    fn article(&self) -> i64 {
        self.article.map_or(0, |article| article.0 as i64)
    }

    fn name(&self) -> String {
        format!("{} {} {}", self.digest, self.said.code(), self.article())
    }
}

/// When words were last written; none once they are erased.
pub(crate) type Pointers = BTreeMap<SaidKey, Option<Time>>;

/// Takes in what happened; gives the keys that are not needed any more.
pub(crate) fn apply(pointers: &mut Pointers, at: Time, event: &LibraryEvent) -> Vec<SaidKey> {
    if let LibraryEvent::WordsErased {
        article,
        said,
        words,
    } = event
    {
        let key = |digest: &String| SaidKey {
            digest: digest.clone(),
            said: *said,
            article: *article,
        };
        let gone: Vec<SaidKey> = words.iter().map(key).collect();
        pointers.extend(gone.iter().map(|key| (key.clone(), None)));
        return gone;
    }
    if let Some((said, digest)) = event.said() {
        let key = SaidKey {
            digest: digest.to_owned(),
            said,
            article: event.article(),
        };
        pointers.insert(key, Some(at));
    }
    Vec::new()
}

/// Adds the row of a pointer.
pub(crate) fn row(key: &SaidKey, last: Time, values: &mut Values) {
    values
        .text(&key.name())
        .text(&key.digest)
        .text(key.said.code())
        .int(key.article())
        .int(last.0);
}

/// Adds the rows of what changed.
pub(crate) fn plan(pointers: Pointers, rows: &mut [Rows]) {
    for (key, last) in pointers {
        match last {
            Some(last) => row(&key, last, &mut rows[place::SAID].values),
            None => {
                rows[place::SAID_GONE].values.text(&key.name());
            }
        }
    }
}

/// Reads a key in the order `digest, said, article`.
pub(crate) fn read(record: Record<'_>) -> Result<SaidKey, Failure> {
    let said = Said::parse(record.text(1)?);
    let said = said.ok_or_else(|| Failure::Corrupt("words are of an unknown kind".into()))?;
    let article = Some(record.int(2)?).filter(|article| *article > 0);
    Ok(SaidKey {
        digest: record.text(0)?.to_owned(),
        said,
        article: article.map(|article| ArticleId(article as u64)),
    })
}
