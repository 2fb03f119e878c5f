//! The index in its folder: opened, checked, written, built again. Never the only copy of anything.

use crate::document::Document;
use crate::failure::Failure;
use crate::ranking::Ranking;
use crate::schema::{Fields, VERSION, teach};
use crate::synonyms::{Doubt, Synonyms};
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tantivy::directory::{Directory as _, INDEX_WRITER_LOCK, MmapDirectory};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

/// Memory of the writer, in bytes: a segment is written when it is full.
const WRITER_BYTES: usize = 64 << 20;

/// A search index. Readers and the one writer may be on different threads.
pub struct Index {
    pub(crate) fields: Fields,
    pub(crate) ranking: Ranking,
    reader: IndexReader,
    writer: Mutex<IndexWriter>,
    synonyms: RwLock<Arc<Synonyms>>,
    position: Mutex<u64>,
}

impl Index {
    /// Opens the index in a folder after reading every file of it. What is not whole is refused:
    /// then [`Index::fresh`] and [`Index::replace`] build it again from the store.
    pub fn open(folder: &Path) -> Result<Index, Failure> {
        if !folder.join("meta.json").exists() {
            let (ours, others) = files(folder)?;
            return Err(match (ours.is_empty(), others) {
                (true, true) => Failure::Foreign(folder.to_owned()),
                (true, false) => Failure::Missing(folder.to_owned()),
                (false, _) => damaged(folder, "meta.json is gone"),
            });
        }
        // The engine asserts some of what a damaged file breaks.
        let opened = catch_unwind(AssertUnwindSafe(|| Index::checked(folder)));
        opened.unwrap_or_else(|_| Err(damaged(folder, "a file cannot be read")))
    }

    fn checked(folder: &Path) -> Result<Index, Failure> {
        let broken = |error: &TantivyError| damaged(folder, &error.to_string());
        let index = tantivy::Index::open_in_dir(folder).map_err(|error| match error {
            TantivyError::IncompatibleIndex(_) => Failure::Foreign(folder.to_owned()),
            error => broken(&error),
        })?;
        let payload = index.load_metas().map_err(|error| broken(&error))?.payload;
        let position = payload.as_deref().and_then(|payload| {
            let rest = payload.strip_prefix(VERSION)?;
            rest.strip_prefix(' ')?.parse().ok()
        });
        let (Some(position), true) = (position, index.schema() == Fields::new().schema) else {
            return Err(Failure::Foreign(folder.to_owned()));
        };
        let cut = index.validate_checksum().map_err(|error| broken(&error))?;
        if let Some(file) = cut.iter().min() {
            return Err(damaged(
                folder,
                &format!("{} is cut or changed", file.display()),
            ));
        }
        Index::over(&index, position).map_err(|error| match error {
            Failure::Engine(TantivyError::LockFailure(..)) => Failure::Taken(folder.to_owned()),
            Failure::Engine(error) => broken(&error),
            error => error,
        })
    }

    /// An empty index in a folder. Files of an index that is there are removed, of nothing else: a
    /// folder with other files in it is refused.
    pub fn fresh(folder: &Path) -> Result<Index, Failure> {
        fs::create_dir_all(folder)?;
        let (ours, others) = files(folder)?;
        if others {
            return Err(Failure::Foreign(folder.to_owned()));
        }
        let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
        let lock = directory.acquire_lock(&INDEX_WRITER_LOCK);
        let lock = lock.map_err(|_| Failure::Taken(folder.to_owned()))?;
        for file in ours
            .iter()
            .filter(|file| !file.ends_with(&INDEX_WRITER_LOCK.filepath))
        {
            fs::remove_file(file)?;
        }
        drop(lock);
        let index = tantivy::Index::create_in_dir(folder, Fields::new().schema)?;
        Index::over(&index, 0)?.begun()
    }

    /// An index in memory, for tests and measurements.
    pub fn in_memory() -> Result<Index, Failure> {
        let index = tantivy::Index::create_in_ram(Fields::new().schema);
        Index::over(&index, 0)?.begun()
    }

    fn begun(self) -> Result<Index, Failure> {
        self.change(0, |_| Ok(()))?;
        Ok(self)
    }

    fn over(index: &tantivy::Index, position: u64) -> Result<Index, Failure> {
        teach(index);
        let reader = index.reader_builder();
        Ok(Index {
            fields: Fields::new(),
            ranking: Ranking::default(),
            reader: reader.reload_policy(ReloadPolicy::Manual).try_into()?,
            writer: Mutex::new(index.writer_with_num_threads(1, WRITER_BYTES)?),
            synonyms: RwLock::default(),
            position: Mutex::new(position),
        })
    }

    /// The same index with another ranking, for measurements.
    #[must_use]
    pub fn ranked(mut self, ranking: Ranking) -> Index {
        self.ranking = ranking;
        self
    }

    /// How far the index has followed the store, as the last change said; 0 at the beginning.
    pub fn position(&self) -> u64 {
        *locked(&self.position)
    }

    /// Texts in the index.
    pub fn texts(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Replaces everything, at once for those who search.
    pub fn replace(
        &self,
        documents: impl IntoIterator<Item = Document>,
        position: u64,
    ) -> Result<(), Failure> {
        self.change(position, |writer| {
            writer.delete_all_documents()?;
            for document in documents {
                writer.add_document(self.fields.document(&document))?;
            }
            Ok(())
        })
    }

    /// Replaces all texts of the articles that the documents name, and takes out those of the
    /// articles that are gone, in one commit. They are found, or not any more, when this returns.
    pub fn put(
        &self,
        documents: &[Document],
        gone: &[String],
        position: u64,
    ) -> Result<(), Failure> {
        let named = documents.iter().map(|document| &document.article);
        let articles: BTreeSet<&String> = named.chain(gone).collect();
        self.change(position, |writer| {
            for article in articles {
                writer.delete_term(Term::from_field_text(self.fields.article, article));
            }
            for document in documents {
                writer.add_document(self.fields.document(document))?;
            }
            Ok(())
        })
    }

    /// All of a change or nothing of it.
    fn change(
        &self,
        position: u64,
        change: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()>,
    ) -> Result<(), Failure> {
        let mut writer = locked(&self.writer);
        let done = change(&mut writer).and_then(|()| {
            let mut commit = writer.prepare_commit()?;
            commit.set_payload(&format!("{VERSION} {position}"));
            commit.commit()
        });
        if let Err(error) = done {
            writer.rollback()?;
            return Err(error.into());
        }
        *locked(&self.position) = position;
        self.reader.reload()?;
        Ok(())
    }

    /// Takes the table of synonyms of the editors, and says what is doubtful in it. Searches use it
    /// from now on; the index stays as it is.
    pub fn set_synonyms<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a str, &'a [String])>,
    ) -> Vec<Doubt> {
        let (table, doubts) = Synonyms::new(entries);
        let mut place = self
            .synonyms
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(table);
        doubts
    }

    pub(crate) fn synonyms(&self) -> Arc<Synonyms> {
        let place = self.synonyms.read().unwrap_or_else(PoisonError::into_inner);
        place.clone()
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }
}

/// A lock whose last holder panicked guards nothing that is half done: a change is rolled back.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn damaged(folder: &Path, why: &str) -> Failure {
    Failure::Damaged {
        folder: folder.to_owned(),
        why: why.to_owned(),
    }
}

/// Files of an index in a folder, and whether there is anything else.
fn files(folder: &Path) -> Result<(Vec<PathBuf>, bool), Failure> {
    let mut ours = Vec::new();
    let mut others = false;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((ours, others)),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if is_ours(&name.to_string_lossy()) && entry.file_type()?.is_file() {
            ours.push(entry.path());
        } else {
            others = true;
        }
    }
    Ok((ours, others))
}

/// Names that the engine gives: its lists, its locks, temporary files, and segments.
fn is_ours(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("");
    let segment = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lists = ["meta.json", ".managed.json"].contains(&name);
    let locks = [".tantivy-writer.lock", ".tantivy-meta.lock"].contains(&name);
    segment || lists || locks || name.starts_with(".tmp")
}
