//! What citizens may read, by article: titles, place and time, for lists, feeds and interfaces that
//! would have to fold the whole library otherwise. Never a text, never a draft.

use crate::library::hsds::uuid_of;
use crate::site::{Site, today};
use center::city::Language;
use center::knowledge::ArticleId;
use center::time::Time;
use hub::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Failure;
use store::library::Whole;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Articles that are folded at once.
const AT_ONCE: usize = 200;

/// An article that citizens may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: ArticleId,
    pub(crate) code: String,
    /// Its identifier for other programs.
    pub(crate) uuid: String,
    /// Finest category.
    pub(crate) category: String,
    /// Unit that answers for it.
    pub(crate) owner: String,
    /// The language it is first written in.
    pub(crate) source: Language,
    /// Title by language, of what is published.
    pub(crate) titles: BTreeMap<Language, String>,
    /// When it was published.
    pub(crate) released: Time,
    /// Its text names a place to go to.
    pub(crate) office: bool,
}

impl Head {
    fn of(site: &Site, whole: &Whole) -> Option<Head> {
        let article = &whole.article;
        if !article.citizens_see(&site.city().library, today(site)) {
            return None;
        }
        let version = whole.version()?;
        let marks = version.marks.iter();
        Some(Head {
            id: article.id,
            code: article.code.clone(),
            uuid: uuid_of(&article.code),
            category: version.facts.category.clone(),
            owner: version.facts.owner.clone(),
            source: version.facts.source,
            titles: marks
                .map(|(language, mark)| (*language, mark.title.clone()))
                .collect(),
            released: article.released?,
            office: whole.texts.values().any(|text| !text.office.is_empty()),
        })
    }

    /// The language in which it is shown to somebody who reads another.
    pub(crate) fn language(&self, wanted: Language) -> Language {
        if self.titles.contains_key(&wanted) {
            wanted
        } else {
            self.source
        }
    }

    /// Whether it is about a category, or one below it.
    pub(crate) fn is_about(&self, category: &str) -> bool {
        let below = self.category.strip_prefix(category);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The title in that language.
    pub(crate) fn title(&self, wanted: Language) -> &str {
        let title = self.titles.get(&self.language(wanted));
        title.map_or(self.code.as_str(), String::as_str)
    }
}

/// Articles by code.
pub(crate) type Heads = Arc<BTreeMap<String, Arc<Head>>>;

/// The articles that citizens may read, kept in step with the library whenever somebody asks.
#[derive(Default)]
pub(crate) struct Catalog(tokio::sync::Mutex<Option<Kept>>);

struct Kept {
    heads: Heads,
    changes: Receiver<Arc<Change>>,
}

impl Catalog {
    /// The articles as they are now. What only the calendar changes is as of the librarian's last
    /// look at it.
    pub(crate) async fn heads(&self, site: &Site) -> Result<Heads, Failure> {
        let mut place = self.0.lock().await;
        // What cannot be brought up to date is read anew, also after a failure.
        if let Some(mut kept) = place.take()
            && let Some(changed) = waiting(&mut kept.changes)
        {
            renew(site, &mut kept.heads, changed).await?;
            let heads = Arc::clone(&kept.heads);
            *place = Some(kept);
            return Ok(heads);
        }
        // Listening begins before reading, so that nothing falls in between.
        let changes = site.hub.librarian().changes();
        let heads = Arc::new(all(site).await?);
        *place = Some(Kept {
            heads: Arc::clone(&heads),
            changes,
        });
        Ok(heads)
    }
}

/// What changed since; none when more changed than was kept.
fn waiting(changes: &mut Receiver<Arc<Change>>) -> Option<BTreeSet<ArticleId>> {
    let mut changed = BTreeSet::new();
    loop {
        match changes.try_recv() {
            Ok(change) => changed.extend(change.readings.iter().copied()),
            Err(TryRecvError::Lagged(_)) => return None,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(changed),
        }
    }
}

async fn renew(
    site: &Site,
    heads: &mut Heads,
    changed: BTreeSet<ArticleId>,
) -> Result<(), Failure> {
    for id in changed {
        let Some(article) = site.archive.article(id).await? else {
            continue;
        };
        let whole = site.archive.whole_article(id, false).await?;
        let heads = Arc::make_mut(heads);
        match whole.and_then(|whole| Head::of(site, &whole)) {
            Some(head) => heads.insert(article.code, Arc::new(head)),
            None => heads.remove(&article.code),
        };
    }
    Ok(())
}

async fn all(site: &Site) -> Result<BTreeMap<String, Arc<Head>>, Failure> {
    let mut heads = BTreeMap::new();
    let mut after = Some(ArticleId(0));
    while let Some(from) = after {
        let (wholes, last) = site.archive.whole_articles(from, AT_ONCE, false).await?;
        after = last;
        for head in wholes.iter().filter_map(|whole| Head::of(site, whole)) {
            heads.insert(head.code.clone(), Arc::new(head));
        }
    }
    Ok(heads)
}
