//! Keeps the search index in step with the library and asks it. Never the only copy of anything,
//! never who may publish.

use center::city::{City, Language};
use center::knowledge::{ArticleId, Library, Mark, Season, Text};
use center::time::Day;
use search::{Answer, Document, Failure, Index, Query};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::Archive;
use store::library::Whole;
use tokio::sync::broadcast::error::RecvError;

/// Changes of so long become one commit of the index: what is published is found within a second.
const GATHER: Duration = Duration::from_millis(300);

/// Pause before a library that could not be read is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Articles that are brought into the index at once.
const AT_ONCE: usize = 500;

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
        let finder = Finder {
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

    /// Whether nothing can be found because nothing was brought in yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.index.texts() == 0
    }

    /// Catches up, then again whenever the library changes.
    async fn follow(self, archive: Archive) {
        let mut changes = self.hub.librarian().changes();
        loop {
            if let Err(trouble) = self.catch_up(&archive).await {
                tracing::error!(%trouble, "the index did not follow the library");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            loop {
                match changes.recv().await {
                    Ok(change) if change.articles.is_empty() => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
            tokio::time::sleep(GATHER).await;
            changes = changes.resubscribe();
        }
    }

    /// Brings in every article to which something happened since the index was last written.
    async fn catch_up(&self, archive: &Archive) -> Result<(), Trouble> {
        let mut from = self.index.position();
        let (mut changed, last) = archive.articles_since(from as i64).await?;
        if from > last as u64 {
            tracing::warn!("the index is ahead of the library, which is an older one: built anew");
            let index = self.index.clone();
            let emptied = tokio::task::spawn_blocking(move || index.replace([], 0));
            emptied.await.map_err(std::io::Error::other)??;
            from = 0;
            changed = archive.articles_since(0).await?.0;
        }
        let city = self.hub.city();
        let today = city.zone.civil(self.hub.now()).day;
        let mut parts = changed.chunks(AT_ONCE).peekable();
        while let Some(part) = parts.next() {
            let position = if parts.peek().is_none() {
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
                return Ok(Reading {
                    documents: documents(&whole, &city.library, today),
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

/// Every text that is read of an article: for each language that of the whole city, and that of
/// each district where it differs.
fn documents(whole: &Whole, library: &Library, today: Day) -> Vec<Document> {
    let Some(version) = whole.version() else {
        return Vec::new();
    };
    let (article, facts) = (&whole.article, &version.facts);
    let audience = if article.citizens_see(library, today) {
        CITIZEN
    } else {
        COUNSELOR
    };
    let assured = article.assured.map_or(0, |day| i64::from(day.0));
    let common = Document {
        article: article.code.clone(),
        category: facts.category.clone(),
        owner: facts.owner.clone(),
        audience: audience.to_owned(),
        season: facts.season.map_or("", Season::code).to_owned(),
        revised: assured,
        used: u64::from(article.used) + u64::from(article.ratings.0),
        ..Document::default()
    };
    let mut documents = Vec::new();
    for (language, text) in &whole.texts {
        let revised = revised(&version.marks, *language);
        let common = Document {
            language: language.code().to_owned(),
            revised: assured.max(revised),
            ..common.clone()
        };
        documents.push(document(&common, text));
        for district in text.variants.keys() {
            let there = Document {
                district: district.clone(),
                ..common.clone()
            };
            documents.push(document(&there, &text.in_district(district)));
        }
    }
    documents
}

/// The day of a text's last revision, in days since 1970-01-01.
fn revised(marks: &BTreeMap<Language, Mark>, language: Language) -> i64 {
    let mark = marks.get(&language);
    mark.map_or(0, |mark| mark.revised.0.div_euclid(center::time::DAY_MS))
}

fn document(common: &Document, text: &Text) -> Document {
    let mut body = text.details.clone();
    for part in text.documents.iter().chain([&text.fee, &text.time]) {
        if !part.is_empty() {
            body.push('\n');
            body.push_str(part);
        }
    }
    Document {
        title: text.title.clone(),
        questions: text.questions.clone(),
        synonyms: text.synonyms.clone(),
        answer: text.answer.clone(),
        body,
        place: format!("{} {}", text.office, text.telephone)
            .trim()
            .to_owned(),
        ..common.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use center::knowledge::{Article, Facts, Variant, Version};

    fn whole() -> Whole {
        let text = Text {
            title: "여권 재발급".into(),
            answer: "구청에 오시면 됩니다.".into(),
            office: "시청".into(),
            variants: BTreeMap::from([(
                "north".to_owned(),
                Variant {
                    office: "북산구청".into(),
                    ..Variant::default()
                },
            )]),
            ..Text::default()
        };
        let version = Version {
            revision: 1,
            facts: Facts {
                category: "ADM-01-02".into(),
                ..Facts::default()
            },
            ..Version::default()
        };
        let article = Article {
            code: "passport".into(),
            versions: BTreeMap::from([(1, version)]),
            published: Some(1),
            assured: Some(Day(20_000)),
            ..Article::default()
        };
        Whole {
            article,
            revision: 1,
            texts: BTreeMap::from([(Language::Ko, text)]),
        }
    }

    #[test]
    fn a_district_has_a_text_of_its_own_and_what_is_hidden_is_for_counselors() {
        let library = Library::default();
        let found = documents(&whole(), &library, Day(20_001));
        let places: Vec<_> = found.iter().map(|d| (&*d.district, &*d.place)).collect();
        assert_eq!(places, [("", "시청"), ("north", "북산구청")]);
        assert!(found.iter().all(|one| one.audience == CITIZEN));
        let later = documents(&whole(), &library, Day(30_000));
        assert!(later.iter().all(|one| one.audience == COUNSELOR));
    }
}
