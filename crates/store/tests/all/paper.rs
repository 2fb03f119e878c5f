//! A place for a record in a temporary folder, on either engine, and a way to tamper with it.

use crate::cluster::{self, Cluster};
use center::city::{City, Language, Weights};
use center::menu::Menu;
use center::time::{HOUR_MS, Zone};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::{Archive, Failure, Journal, Place, Report};

/// A place for one record.
pub struct Paper {
    pub place: Place,
    pub city: Arc<City>,
    folder: tempfile::TempDir,
    /// Keeps the server up; none for SQLite.
    cluster: Option<(Arc<Cluster>, String)>,
}

impl Paper {
    pub fn sqlite() -> Paper {
        let folder = tempfile::tempdir().unwrap();
        Paper {
            place: Place::Folder(folder.path().to_owned()),
            city: Arc::new(city()),
            folder,
            cluster: None,
        }
    }

    pub async fn postgres() -> Option<Paper> {
        let cluster = tokio::task::spawn_blocking(cluster::running)
            .await
            .unwrap()?;
        let url = cluster.database().await;
        let folder = tempfile::tempdir().unwrap();
        Some(Paper {
            place: Place::Postgres {
                url: url.clone(),
                folder: folder.path().to_owned(),
            },
            city: Arc::new(city()),
            folder,
            cluster: Some((cluster, url)),
        })
    }

    pub async fn open(&self) -> (Journal, Archive) {
        self.try_open().await.unwrap()
    }

    /// Opens it once nobody holds its lease any more.
    pub async fn try_open(&self) -> Result<(Journal, Archive), Failure> {
        if let Some((_, url)) = &self.cluster {
            cluster::lease_is_free(url).await;
        }
        store::open(&self.place, &self.city).await
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub async fn audit(&self) -> Report {
        store::audit(&self.place, &self.city).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    pub async fn tamper(&self, text: &str) -> Result<(), String> {
        match &self.cluster {
            None => {
                let file = rusqlite::Connection::open(self.folder().join("dasan.db")).unwrap();
                file.execute_batch(text).map_err(|error| error.to_string())
            }
            Some((_, url)) => {
                let client = cluster::connect(url).await;
                let done = client.batch_execute(text).await;
                done.map_err(|error| format!("{error:?}"))
            }
        }
    }

    /// One of two texts, where the engines differ.
    pub fn word<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        if self.cluster.is_none() {
            sqlite
        } else {
            postgres
        }
    }

    /// Takes away what keeps the journal append-only.
    pub async fn unguard(&self) {
        let text = self.word(
            "DROP TRIGGER journal_stays; DROP TRIGGER journal_keeps",
            "DROP TRIGGER journal_stays ON journal; DROP TRIGGER journal_keeps ON journal",
        );
        self.tamper(text).await.unwrap();
    }
}

/// A city of which the store only needs the clock.
fn city() -> City {
    City {
        names: BTreeMap::from([("en".into(), "Town".into())]),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}
