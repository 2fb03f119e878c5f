//! SQLite: where it differs from PostgreSQL, in the same sections and order as `postgres.rs`. Never
//! a table of its own.

use crate::engine::{Dialect, Fault, Lease};
use crate::failure::{Broken, Failure};
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Records, Value, Values};
use crate::words;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

// ---------------------------------------------------------------------------------- differences

/// Words of SQLite.
pub(crate) static DIALECT: Dialect = Dialect {
    id: "INTEGER PRIMARY KEY",
    bytes: "BLOB",
    code: "",
    clustered: " WITHOUT ROWID",
    guard: "
CREATE TRIGGER IF NOT EXISTS journal_stays BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_keeps BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
    note_index: "CREATE VIRTUAL TABLE note_index USING fts5(tokens, content = '', \
        contentless_delete = 1, detail = 'none', tokenize = 'ascii')",
    note_first: &NOTE_FIRST,
    note_again: &NOTE_AGAIN,
    note_gone: &NOTE_GONE,
    noted: "note_index CROSS JOIN contact ON contact.contact = note_index.rowid",
    note_match: "note_index MATCH $",
    note_contact: "note_index.rowid",
    note_query: |asked| words::joined(asked, '"', "*", " AND "),
};

/// Replacing makes FTS5 write out what it has gathered before every row, so it is asked for only
/// where there is something to replace.
static NOTE_FIRST: Insert = Insert::new("note_index", "rowid, tokens", Conflict::Refuse);
static NOTE_AGAIN: Insert = Insert {
    verb: "INSERT OR REPLACE INTO",
    ..Insert::new("note_index", "rowid, tokens", Conflict::Refuse)
};

static NOTE_GONE: Insert = Insert::new("note_index", "rowid", Conflict::Erase);

/// Older versions can lose commits in WAL mode when a checkpoint meets a writer.
const VERSION_MIN: i32 = 3_051_003;

/// Pages of the write-ahead log before it is taken over: fewer rewrites of the same page, and a
/// start after a crash still reads only 64 MB.
const CHECKPOINT_PAGES: u32 = 16_000;

// --------------------------------------------------------------------------------------- opening

fn file(folder: &Path) -> PathBuf {
    folder.join("dasan.db")
}

/// The writing connection, which holds the lease.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    texts: HashMap<(usize, usize), String>,
    _lease: File,
}

impl Writer {
    /// Takes the lease and opens or creates the file.
    pub fn open(folder: &Path, wanted: Lease) -> Result<Writer, Failure> {
        if rusqlite::version_number() < VERSION_MIN {
            let found = rusqlite::version();
            return Err(Failure::Engine(format!(
                "SQLite {found} is older than 3.51.3"
            )));
        }
        let lease = lease(folder, wanted)?;
        let connection = Connection::open(file(folder)).map_err(|error| failure(&error))?;
        prepare(&connection).map_err(|error| failure(&error))?;
        Ok(Writer {
            connection,
            texts: HashMap::new(),
            _lease: lease,
        })
    }
}

fn lease(folder: &Path, wanted: Lease) -> Result<File, Failure> {
    let name = match wanted {
        Lease::Record => "lock",
        Lease::Library => "library.lock",
    };
    let lock = File::create(folder.join(name)).map_err(|error| Failure::io("lock", &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::Taken(format!(
            "another center already writes in {}",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Failure::io("lock", &error)),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

// --------------------------------------------------------------------------------------- writing

impl Writer {
    /// Runs statements without parameters.
    pub fn script(&mut self, text: &str) -> Result<(), Failure> {
        self.connection
            .execute_batch(text)
            .map_err(|error| failure(&error))
    }

    /// Writes rows in one transaction.
    pub fn write(&mut self, tables: &[Rows], fault: Option<Fault>) -> Result<(), Broken> {
        self.script("BEGIN IMMEDIATE").map_err(broken)?;
        if let Err(failure) = self.insert(tables, fault) {
            let undone = self.connection.is_autocommit() || self.script("ROLLBACK").is_ok();
            let poisoned = !undone || broken_off(&failure);
            return Err(Broken { failure, poisoned });
        }
        let committed = match fault {
            Some(Fault::Commit) => Err(Failure::Engine("a fault was asked for".into())),
            _ => self.script("COMMIT"),
        };
        committed.map_err(|failure| {
            let _ = self.script("ROLLBACK");
            Broken {
                failure,
                poisoned: true,
            }
        })
    }

    fn insert(&mut self, tables: &[Rows], fault: Option<Fault>) -> Result<(), Failure> {
        let mut statement = 0;
        for (index, rows) in tables.iter().enumerate() {
            for (first, count) in rows.chunks() {
                statement += 1;
                Fault::strike(fault, statement)?;
                let text = self
                    .texts
                    .entry((index, count))
                    .or_insert_with(|| rows.insert.text(count));
                execute(&self.connection, text, rows.part(first, count))
                    .map_err(|error| failure(&error))?;
            }
        }
        Ok(())
    }
}

fn execute<'a>(
    connection: &Connection,
    text: &str,
    params: impl Iterator<Item = Value<'a>>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(text)?;
    for (index, value) in params.enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    statement.raw_execute().map(|_| ())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

// --------------------------------------------------------------------------------------- reading

/// Connections that read at once.
const READERS: usize = 4;

/// Reading connections, made when needed and kept.
#[derive(Debug)]
pub(crate) struct Reader {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Reader {
    /// A pool without a connection yet.
    pub fn new(folder: &Path) -> Reader {
        Reader {
            file: file(folder),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Waits until a connection is free.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let permits = self.permits.clone();
        let permit = permits.acquire_owned().await;
        permit.map_err(|error| Failure::Engine(error.to_string()))
    }

    /// Asks.
    pub fn query(&self, text: &str, params: &Values) -> Result<Records, Failure> {
        let kept = self.idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect().map_err(|error| failure(&error))?,
        };
        let records = query(&connection, text, params).map_err(|error| failure(&error));
        self.idle().push(connection);
        records
    }

    /// A view that does not change while others write.
    pub fn snapshot(&self) -> Result<Snapshot, Failure> {
        let open = || -> rusqlite::Result<Snapshot> {
            let connection = self.connect()?;
            connection.execute_batch("BEGIN; SELECT count(*) FROM meta")?;
            Ok(Snapshot { connection })
        };
        open().map_err(|error| failure(&error))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -8_192)?;
        connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
        Ok(connection)
    }
}

/// A connection in a reading transaction.
#[derive(Debug)]
pub(crate) struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// Asks.
    pub fn query(&self, text: &str, params: &Values) -> Result<Records, Failure> {
        query(&self.connection, text, params).map_err(|error| failure(&error))
    }
}

fn query(connection: &Connection, text: &str, params: &Values) -> rusqlite::Result<Records> {
    let mut statement = connection.prepare_cached(text)?;
    for (index, value) in params.part(0, params.len()).enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    let width = statement.column_count();
    let mut records = Records::new(width);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        for column in 0..width {
            records.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Int(number as i64),
                ValueRef::Text(text) => Value::Text(text),
                ValueRef::Blob(bytes) => Value::Bytes(bytes),
            });
        }
    }
    Ok(records)
}

// ---------------------------------------------------------------------------------------- errors

fn failure(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Failure::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Failure::Corrupt(format!("SQLite: {error}"))
        }
        Some(ErrorCode::SystemIoFailure) => Failure::Engine(format!("{IO}: {error}")),
        _ => Failure::Engine(format!("SQLite: {error}")),
    }
}

const IO: &str = "SQLite input/output";

/// Whether the connection cannot be trusted any more.
fn broken_off(failure: &Failure) -> bool {
    match failure {
        Failure::Corrupt(_) => true,
        Failure::Engine(text) => text.starts_with(IO),
        _ => false,
    }
}

fn broken(failure: Failure) -> Broken {
    let poisoned = broken_off(&failure);
    Broken { failure, poisoned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_version_does_not_lose_commits() {
        assert!(
            rusqlite::version_number() >= VERSION_MIN,
            "{}",
            rusqlite::version()
        );
    }
}
