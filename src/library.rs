//! Brings the sample articles into an empty library, marked as samples, and the sample table of
//! synonyms into an empty one. Never touches what anybody else has written.

use anyhow::{Context, Result, bail};
use center::city::City;
use center::knowledge::{ArticleId, Author, Entry, Order, Status, SynonymOrder};
use center::time::Day;
use hub::{Hub, LibraryAnswer, LibraryCommand, LibraryError};
use std::collections::BTreeMap;
use std::path::Path;
use store::Archive;
use store::library::{ArticleRow, ArticleSearch};
use web::articles::{Incoming, read_synonyms, read_toml};

/// The sample articles: name and text of each file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/articles.rs"));

/// The sample table of synonyms.
const SYNONYMS: &str = include_str!("../assets/synonyms.csv");

/// Articles that are brought in at once: no more than share a transaction.
const AT_ONCE: usize = 64;

/// Fills an empty library of the sample city, or goes on where a stop cut that short.
pub async fn fill(folder: &Path, hub: &Hub, archive: &Archive) -> Result<()> {
    if !crate::city::has_sample_units(folder)? {
        return Ok(());
    }
    let search = ArticleSearch {
        limit: usize::MAX >> 1,
        ..ArticleSearch::default()
    };
    let known = archive.articles(&search).await?;
    if known.iter().any(|row| !row.sample) {
        return Ok(());
    }
    fill_synonyms(hub, archive).await?;
    let known: BTreeMap<String, ArticleRow> = known
        .into_iter()
        .map(|row| (row.code.clone(), row))
        .collect();
    let untouched = |row: &ArticleRow| {
        row.revision == 1 && matches!(row.status, Status::Draft | Status::Review)
    };
    let missing = |article: &&Incoming| known.get(&article.code).is_none_or(untouched);
    // What was brought in whole was brought in: a retired sample does not come back.
    if known.len() == count() && !known.values().any(untouched) {
        return Ok(());
    }
    let articles = samples(hub.city())?;
    let missing: Vec<&Incoming> = articles.iter().filter(missing).collect();
    for part in missing.chunks(AT_ONCE) {
        let brought = part.iter().map(|article| bring(hub, archive, article));
        for outcome in futures(brought).await {
            outcome?;
        }
    }
    tracing::info!(
        articles = missing.len(),
        "the sample articles are in the library"
    );
    Ok(())
}

/// Fills a table of synonyms in which nothing was ever written, or goes on where a stop cut that
/// short.
async fn fill_synonyms(hub: &Hub, archive: &Archive) -> Result<()> {
    let table = archive.synonym_table().await?;
    let entries = synonyms()?;
    if table.len() >= entries.len() || table.iter().any(|one| one.author.is_some()) {
        return Ok(());
    }
    let orders = entries.into_iter().map(|entry| SynonymOrder::Set {
        synonym: None,
        base: String::new(),
        entry,
        word: String::new(),
        digest: String::new(),
    });
    let orders: Vec<SynonymOrder> = orders.collect();
    for part in orders.chunks(AT_ONCE) {
        let brought = part.iter().map(|order| async move {
            let command = LibraryCommand::Synonym(order.clone());
            match hub.librarian().send(Author::house(), command).await {
                Ok(_) | Err(LibraryError::Refused(center::knowledge::Refusal::WordTaken)) => Ok(()),
                Err(error) => Err(error).context("the sample table of synonyms"),
            }
        });
        for outcome in futures(brought).await {
            outcome?;
        }
    }
    Ok(())
}

/// The sample table of the program. A flaw in it is a flaw of the program.
fn synonyms() -> Result<Vec<Entry>> {
    let (entries, flaws) = read_synonyms(SYNONYMS);
    if let Some(flaw) = flaws.first() {
        bail!("synonyms.csv: {}: {}", flaw.place, flaw.what);
    }
    Ok(entries)
}

/// Waits for all at once: they share transactions.
async fn futures<F: Future<Output = Result<()>>>(all: impl Iterator<Item = F>) -> Vec<Result<()>> {
    futures_util::future::join_all(all).await
}

/// How many they are, without reading them: a start need not.
fn count() -> usize {
    let begins = |line: &&str| line.trim_end() == "[[article]]";
    let in_file = |(_, text): &(&str, &str)| text.lines().filter(begins).count();
    FILES.iter().map(in_file).sum()
}

/// The sample articles of the program. A flaw in one of them is a flaw of the program.
pub fn samples(city: &City) -> Result<Vec<Incoming>> {
    let mut articles = Vec::new();
    for (name, text) in FILES {
        let found = read_toml(text, city);
        if let Some(flaw) = found.flaws.first() {
            bail!("articles/{name}: {}: {}", flaw.place, flaw.what);
        }
        articles.extend(found.articles);
    }
    Ok(articles)
}

/// Drafts, reviews and publishes one, from where it stands.
async fn bring(hub: &Hub, archive: &Archive, incoming: &Incoming) -> Result<()> {
    let article = match archive.find_article(&incoming.code).await? {
        Some(article) => {
            let history = archive.article_history(article).await?;
            if history.iter().any(|(_, event)| event.author().is_some()) {
                // Somebody's own draft that only has the code of a sample.
                return Ok(());
            }
            article
        }
        None => draft(hub, incoming).await?,
    };
    let reason = String::new();
    let review = Order::AskReview {
        base: 1,
        reason: reason.clone(),
    };
    let named = || format!("the sample article `{}`", incoming.code);
    match hub.librarian().ask(Author::house(), article, review).await {
        // A stop came between review and publication.
        Ok(_) | Err(LibraryError::Refused(center::knowledge::Refusal::WrongState)) => {}
        Err(error) => return Err(error).with_context(named),
    }
    let today = hub.city().zone.civil(hub.now()).day;
    let publish = Order::Publish {
        base: 1,
        reason,
        assured: Some(assured(incoming, hub.city(), today)),
    };
    let published = hub.librarian().ask(Author::house(), article, publish).await;
    published.with_context(named)?;
    Ok(())
}

/// The day the file says, unless the article would be due at once: a trial does not begin with
/// work that is late.
fn assured(incoming: &Incoming, city: &City, today: Day) -> Day {
    let days = incoming.facts.check_days.unwrap_or(city.library.check_days);
    let said = incoming.assured.unwrap_or(today);
    if said.0 + i32::from(days) > today.0 {
        said
    } else {
        today
    }
}

async fn draft(hub: &Hub, incoming: &Incoming) -> Result<ArticleId> {
    let order = Order::Draft {
        article: ArticleId(0),
        code: incoming.code.clone(),
        sample: true,
        facts: incoming.facts.clone(),
        texts: incoming.texts.clone(),
        reason: String::new(),
    };
    let command = LibraryCommand::Article {
        article: None,
        order,
    };
    let drafted = hub.librarian().send(Author::house(), command).await;
    match drafted.with_context(|| format!("the sample article `{}`", incoming.code))? {
        LibraryAnswer::Article(article, _) => Ok(article),
        other => bail!("a draft became {other:?}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use center::knowledge::{Article, LibraryEvent, SynonymTable, decide, decide_synonym};
    use center::time::Time;

    #[test]
    fn every_sample_synonym_can_be_written_and_none_is_doubtful() {
        let mut table = SynonymTable::default();
        let entries = synonyms().unwrap();
        assert!(entries.len() >= 80, "{}", entries.len());
        for entry in &entries {
            let order = SynonymOrder::Set {
                synonym: None,
                base: String::new(),
                word: store::library::word_digest(entry),
                digest: store::library::entry_digest(entry).0,
                entry: entry.clone(),
            };
            let event = decide_synonym(&table, &Author::house(), &order);
            let event = event.unwrap_or_else(|refusal| panic!("{}: {refusal}", entry.word));
            table.apply(Time(0), &event);
        }
        let entries = entries.iter().map(|one| (&*one.word, &*one.meant));
        let (_, doubts) = search::Synonyms::new(entries);
        assert_eq!(doubts, []);
    }

    #[test]
    fn every_sample_article_can_be_published() {
        let city = crate::city::read(Path::new("/nonexistent")).unwrap().city;
        let articles = samples(&city).unwrap();
        assert_eq!(count(), articles.len());
        let now = Time(1_800_000_000_000);
        for incoming in &articles {
            let mut article = Article::default();
            let order = Order::Draft {
                article: ArticleId(1),
                code: incoming.code.clone(),
                sample: true,
                facts: incoming.facts.clone(),
                texts: incoming.texts.clone(),
                reason: String::new(),
            };
            let review = Order::AskReview {
                base: 1,
                reason: String::new(),
            };
            for (number, order) in [order, review].iter().enumerate() {
                let known = (number > 0).then_some(&article);
                let decided = decide(&city, known, &Author::house(), now, order);
                let events = decided.unwrap_or_else(|refusal| {
                    let flaws = incoming.texts.iter().map(|(language, written)| {
                        let flaws = written.text.clone().cleaned().flaws();
                        format!("{language}: {flaws:?} {}", written.text.answer)
                    });
                    let flaws: Vec<String> = flaws.collect();
                    panic!("{}: {refusal}: {}", incoming.code, flaws.join("\n"))
                });
                for event in &events {
                    article.apply(now, event);
                }
            }
        }
        let codes: std::collections::BTreeSet<&String> =
            articles.iter().map(|article| &article.code).collect();
        assert_eq!(codes.len(), articles.len(), "codes are unique");
    }

    /// A hub over the record in the folder, once the one before has let go of it.
    async fn open(folder: &Path, city: &std::sync::Arc<City>) -> (Hub, Archive) {
        let place = store::Place::Folder(folder.to_owned());
        for _ in 0..1_000 {
            if let Ok((journal, archive)) = store::open(&place, city).await {
                let city = city.clone();
                if let Ok((hub, _)) = hub::start(hub::Start { city, journal }).await {
                    return (hub, archive);
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the hub before does not let go");
    }

    /// Fills the library until so many transactions of it are durable, and stops there.
    async fn cut_short(folder: &Path, city: &std::sync::Arc<City>, transactions: usize) -> bool {
        let (hub, archive) = open(folder, city).await;
        let mut changes = hub.librarian().changes();
        let seen = async {
            for _ in 0..transactions {
                changes.recv().await.unwrap();
            }
        };
        tokio::select! {
            filled = fill(folder, &hub, &archive) => {
                filled.unwrap();
                true
            }
            () = seen => false,
        }
    }

    #[tokio::test]
    async fn a_load_of_the_samples_that_was_cut_short_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        crate::city::write_sample(folder.path()).unwrap();
        let city = crate::city::read(folder.path()).unwrap().city;
        let city = std::sync::Arc::new(city);
        let mut starts = 0;
        // After drafts, after their reviews, in a later group: each start goes a little further.
        while !cut_short(folder.path(), &city, 1 + starts % 3).await {
            starts += 1;
            assert!(starts < 100, "it never ends");
        }
        assert!(starts > 3, "it was cut short {starts} times");
        let (_hub, archive) = open(folder.path(), &city).await;
        let search = ArticleSearch {
            limit: 1_000,
            ..ArticleSearch::default()
        };
        let rows = archive.articles(&search).await.unwrap();
        let codes: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.code).collect();
        assert_eq!((rows.len(), codes.len()), (count(), count()));
        for row in &rows {
            let history = archive.article_history(row.id).await.unwrap();
            let times = |wanted: fn(&LibraryEvent) -> bool| {
                history.iter().filter(|(_, event)| wanted(event)).count()
            };
            assert_eq!(times(|one| matches!(one, LibraryEvent::Drafted { .. })), 1);
            assert_eq!(times(|one| matches!(one, LibraryEvent::Revised { .. })), 1);
            assert_eq!(
                times(|one| matches!(one, LibraryEvent::Published { .. })),
                1,
                "{}",
                row.code
            );
        }
    }
}
