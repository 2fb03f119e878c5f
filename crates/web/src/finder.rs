//! Keeps the search index in step with the library and asks it. Never the only copy of anything,
//! never who may publish.

mod documents;

use center::city::{City, Language};
use center::knowledge::{ArticleId, Season};
use center::time::Day;
use documents::documents;
use hub::Change;
use search::{Answer, Document, Failure, Index, Query};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::Archive;
use store::library::Whole;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// Changes of so long become one commit of the index: what is published is found within a second.
const GATHER: Duration = Duration::from_millis(300);

/// The same for what only changes the order in which articles are found: a busy day has a use of
/// an article every second, and each commit of the index costs some hundred milliseconds.
const GATHER_USES: Duration = Duration::from_secs(45);

/// Pause before a library that could not be read is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Articles that are brought into the index at once.
const AT_ONCE: usize = 500;

/// The same for the first ones, so that something is found soon.
const FIRST: usize = 50;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// As typed so far.
    pub text: String,
    /// The one that is read first.
    pub languages: Vec<Language>,
    /// Code of the district, empty for none.
    pub district: String,
    /// Whether a counselor asks: articles for counselors and hidden ones are found as well.
    pub counselor: bool,
    /// Only this category and what is below it; empty for all.
    pub category: String,
    /// Most articles.
    pub limit: usize,
}

/// The index of the library; cloned by counting.
#[derive(Clone)]
pub(crate) struct Finder {
    index: Arc<Index>,
    /// The index was begun anew and does not hold all of the library yet.
    building: Arc<AtomicBool>,
    hub: hub::Hub,
}

impl Finder {
    /// Opens the index in a folder, or in memory, builds it anew where it is not whole, and
    /// follows the library from then on.
    pub async fn start(
        folder: Option<PathBuf>,
        hub: hub::Hub,
        archive: Archive,
    ) -> Result<Finder, Failure> {
        let opened = tokio::task::spawn_blocking(move || open(folder.as_deref()));
        let index = opened.await.unwrap_or_else(|gone| {
            let gone = std::io::Error::other(gone);
            Err(gone.into())
        })?;
        // An index that was begun anew has nothing to wait for when the library is empty.
        let empty = |(changed, _): (Vec<ArticleId>, i64)| changed.is_empty();
        let building = index.position() == 0 && !archive.articles_since(0).await.is_ok_and(empty);
        let finder = Finder {
            building: Arc::new(AtomicBool::new(building)),
            index: Arc::new(index),
            hub,
        };
        tokio::spawn(finder.clone().follow(archive));
        Ok(finder)
    }

    /// Answers a search; a counselor's finds what citizens may not read.
    pub async fn find(&self, asked: Asked) -> Result<Answer, Failure> {
        let today = self.hub.city().zone.civil(self.hub.now()).day;
        let audiences = if asked.counselor {
            Vec::new()
        } else {
            vec![CITIZEN.to_owned()]
        };
        let languages = asked.languages.iter();
        let query = Query {
            text: asked.text,
            languages: languages.map(|one| one.code().to_owned()).collect(),
            district: asked.district,
            audiences,
            category: asked.category,
            today: i64::from(today.0),
            season: Season::of(today).code().to_owned(),
            limit: asked.limit,
            ..Query::default()
        };
        let index = self.index.clone();
        let answered = tokio::task::spawn_blocking(move || index.search(&query));
        let gone = |gone| Err(std::io::Error::other(gone).into());
        answered.await.unwrap_or_else(gone)
    }

    /// Whether what is not found may only not have been brought in yet.
    pub(crate) fn is_building(&self) -> bool {
        self.building.load(Ordering::Acquire)
    }

    /// Catches up, then again whenever the library changes.
    async fn follow(self, archive: Archive) {
        let mut changes = self.hub.librarian().changes();
        let mut table_is_old = true;
        loop {
            if let Err(trouble) = self.step(&archive, &mut table_is_old).await {
                tracing::error!(%trouble, "the index did not follow the library");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            let mut due: Option<Instant> = None;
            loop {
                let told = match due {
                    Some(at) => tokio::time::timeout_at(at, changes.recv()).await,
                    None => Ok(changes.recv().await),
                };
                match told {
                    Ok(Ok(change)) => {
                        table_is_old |= change.synonyms;
                        due = sooner(due, &change, Instant::now());
                    }
                    Ok(Err(RecvError::Lagged(_))) => {
                        table_is_old = true;
                        due = Some(Instant::now());
                    }
                    Ok(Err(RecvError::Closed)) => return,
                    Err(_over) => break,
                }
            }
            changes = changes.resubscribe();
        }
    }

    /// Sets the table of synonyms if it is old, and brings in what changed.
    async fn step(&self, archive: &Archive, table_is_old: &mut bool) -> Result<(), Trouble> {
        if *table_is_old {
            let table = archive.synonyms().await?;
            let entries = table.iter().map(|(_, one)| (&*one.word, &*one.meant));
            let doubts = self.index.set_synonyms(entries);
            let (entries, doubts) = (table.len(), doubts.len());
            tracing::debug!(entries, doubts, "the table of synonyms is in use");
            *table_is_old = false;
        }
        self.catch_up(archive).await
    }

    /// Brings in every article to which something happened since the index was last written.
    async fn catch_up(&self, archive: &Archive) -> Result<(), Trouble> {
        let mut from = self.index.position();
        let (mut changed, last) = archive.articles_since(from as i64).await?;
        if from > last as u64 {
            tracing::warn!("the index is ahead of the library, which is an older one: built anew");
            let index = self.index.clone();
            self.building.store(true, Ordering::Release);
            let emptied = tokio::task::spawn_blocking(move || index.replace([], 0));
            emptied.await.map_err(std::io::Error::other)??;
            from = 0;
            changed = archive.articles_since(0).await?.0;
        }
        let city = self.hub.city();
        let today = city.zone.civil(self.hub.now()).day;
        let mut done = 0;
        while done < changed.len() {
            // What is there answers while the rest is still brought in.
            let size = if done == 0 { FIRST } else { AT_ONCE };
            let part = &changed[done..changed.len().min(done + size)];
            done += part.len();
            let position = if done == changed.len() {
                last as u64
            } else {
                from
            };
            let mut documents = Vec::new();
            let mut gone = Vec::new();
            for id in part {
                let read = self.texts(archive, *id, city, today).await?;
                gone.extend(read.gone);
                documents.extend(read.documents);
            }
            let index = self.index.clone();
            let written =
                tokio::task::spawn_blocking(move || index.put(&documents, &gone, position));
            written.await.map_err(std::io::Error::other)??;
        }
        self.building.store(false, Ordering::Release);
        if !changed.is_empty() && from == 0 {
            let articles = changed.len();
            tracing::info!(articles, "the index of the library was built");
        }
        Ok(())
    }

    async fn texts(
        &self,
        archive: &Archive,
        id: ArticleId,
        city: &City,
        today: Day,
    ) -> Result<Reading, Trouble> {
        let whole = archive.whole_article(id, false).await?;
        let seen = |whole: &Whole| {
            let status = whole.article.status(&city.library, today);
            status.counselors_see()
        };
        let gone = match whole {
            Some(whole) if seen(&whole) => {
                let searches = archive.searches_of(&whole.article).await?;
                return Ok(Reading {
                    documents: documents(&whole, &searches, &city.library, today),
                    gone: None,
                });
            }
            Some(whole) => Some(whole.article.code),
            None => archive.article(id).await?.map(|article| article.code),
        };
        Ok(Reading {
            documents: Vec::new(),
            gone,
        })
    }
}

/// When the index is written next, after a change: what is read differently comes in at once, all
/// else is gathered.
fn sooner(due: Option<Instant>, change: &Change, now: Instant) -> Option<Instant> {
    if !change.readings.is_empty() || change.synonyms {
        let soon = now + GATHER;
        return Some(due.map_or(soon, |due| due.min(soon)));
    }
    if change.articles.is_empty() {
        return due;
    }
    Some(due.unwrap_or(now + GATHER_USES))
}

/// What the index shall hold of an article.
struct Reading {
    documents: Vec<Document>,
    /// Its code, when nothing of it shall be found.
    gone: Option<String>,
}

/// The audience of what everybody may read.
const CITIZEN: &str = "citizen";

/// The audience of what only counselors read, because it is meant for them or is not valid now.
const COUNSELOR: &str = "counselor";

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Library(#[from] store::Failure),
    #[error(transparent)]
    Index(#[from] Failure),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn open(folder: Option<&Path>) -> Result<Index, Failure> {
    let Some(folder) = folder else {
        return Index::in_memory();
    };
    match Index::open(folder) {
        Err(failure) if failure.asks_for_rebuild() => {
            tracing::info!(%failure, "the index of the library is built anew");
            Index::fresh(folder)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_in_at_once_and_uses_are_gathered() {
        let now = Instant::now();
        let use_of = |id| Change {
            articles: vec![ArticleId(id)],
            ..Change::default()
        };
        let first = sooner(None, &use_of(1), now).expect("uses are gathered");
        assert_eq!(first, now + GATHER_USES);
        let later = now + GATHER_USES / 2;
        assert_eq!(sooner(Some(first), &use_of(2), later), Some(first));
        let published = Change {
            readings: vec![ArticleId(3)],
            ..use_of(3)
        };
        let soon = sooner(Some(first), &published, later);
        assert_eq!(soon, Some(later + GATHER));
        assert_eq!(sooner(soon, &use_of(1), later), soon);
        assert_eq!(sooner(None, &Change::default(), now), None);
    }
}
