//! SQLite: where it differs from PostgreSQL, in the same sections and order as `postgres.rs`. Never
//! a table of its own.

use crate::engine::{Dialect, Fault, Lease, Statements, asked_for, given_up};
use crate::failure::{Broken, Failure};
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Records, Value, Values};
use crate::words;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
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
    note_match: "note_index MATCH $",
    note_contact: "note_index.rowid",
    note_sorted: true,
    note_query: words::nested,
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

/// Pages of the write-ahead log before it is taken over beside the writer: fewer rewrites of the
/// same page, and a start after a crash still reads little more than 64 MB.
const CHECKPOINT_PAGES: i64 = 16_000;

/// Pages at which the writer takes the log over itself, should nobody else do it.
const LOG_PAGES_MAX: i64 = 4 * CHECKPOINT_PAGES;

// --------------------------------------------------------------------------------------- opening

fn file(folder: &Path) -> PathBuf {
    folder.join("dasan.db")
}

/// The writing connection, which holds the lease.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    texts: HashMap<(usize, usize), String>,
    log: Log,
    tidier: Tidier,
    _lease: File,
}

/// The write-ahead log. A transaction in it is durable once the log is synced after the commit,
/// which may happen beside the next transaction.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<File>);

impl Log {
    fn open(folder: &Path) -> std::io::Result<Log> {
        let mut options = File::options();
        let file = options.write(true).open(folder.join("dasan.db-wal"))?;
        Ok(Log(Arc::new(file)))
    }

    /// Makes durable what was committed before.
    pub fn sync(&self) -> Result<(), Failure> {
        self.0
            .sync_data()
            .map_err(|error| Failure::io("write-ahead log", &error))
    }
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
        let log = Log::open(folder).map_err(|error| Failure::io("write-ahead log", &error))?;
        Ok(Writer {
            connection,
            texts: HashMap::new(),
            log,
            tidier: Tidier::start(folder, wanted)?,
            _lease: lease,
        })
    }

    /// The log, to sync.
    pub fn log(&self) -> Log {
        self.log.clone()
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
    // A commit does not wait for the disk; whoever commits syncs the log afterwards.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_MAX)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // The first reading makes the log.
    connection.execute_batch("SELECT count(*) FROM sqlite_schema")
}

// ---------------------------------------------------------------------------- beside the writer

/// Tidies up beside the writer. Takes the log over into the file, for which the writer would stand
/// still for a fifth of a second; the log can begin anew only when all of it is taken over, so the
/// writer takes the little that it wrote in the meantime itself. And when nothing is written for a
/// while, joins the parts of the index of notes, of which every transaction leaves one.
#[derive(Debug)]
struct Tidier {
    wake: Option<SyncSender<()>>,
    little_left: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tidier {
    fn start(folder: &Path, wanted: Lease) -> Result<Tidier, Failure> {
        let connection = beside(folder).map_err(|error| failure(&error))?;
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let little_left = Arc::new(AtomicBool::new(false));
        let told = little_left.clone();
        let thread = std::thread::Builder::new().name("tidier".to_owned());
        let notes = wanted == Lease::Record;
        let thread = thread.spawn(move || tidy(&connection, notes, &woken, &told));
        let thread = thread.map_err(|error| Failure::io("thread", &error))?;
        Ok(Tidier {
            wake: Some(wake),
            little_left,
            thread: Some(thread),
        })
    }

    /// Something was committed.
    fn written(&self, writer: &Connection) {
        if self.little_left.swap(false, Ordering::AcqRel)
            && let Err(error) = checkpoint(writer, "PASSIVE")
        {
            tracing::warn!(%error, "the log was not taken over");
        }
        // One that was not yet heard is as good as two.
        let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
    }
}

/// Nothing of a writer outlives it.
impl Drop for Tidier {
    fn drop(&mut self) {
        self.wake = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn beside(folder: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file(folder), flags)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// Nothing is written for so long before parts are joined.
const QUIET: Duration = Duration::from_secs(1);

/// Pause between two joinings, and from one step of a joining to the next.
const JOIN_EVERY: Duration = Duration::from_mins(1);
const JOIN_PAUSE: Duration = Duration::from_millis(20);

/// Pages that a step of a joining writes: the writer may have to wait for it.
const JOIN_PAGES: i64 = 64;

fn tidy(connection: &Connection, notes: bool, woken: &Receiver<()>, little_left: &AtomicBool) {
    let mut joined = None;
    loop {
        if woken.recv().is_err() {
            return;
        }
        take_over(connection, little_left);
        loop {
            let since = joined.map_or(JOIN_EVERY, |at: Instant| at.elapsed());
            match woken.recv_timeout(QUIET.max(JOIN_EVERY.saturating_sub(since))) {
                Ok(()) => take_over(connection, little_left),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        joined = Some(Instant::now());
        if notes && let Err(error) = join(connection, woken) {
            tracing::warn!(%error, "the index of notes was not joined");
        }
    }
}

/// Joins parts of about the same size until there are no two, or something is written.
fn join(connection: &Connection, woken: &Receiver<()>) -> rusqlite::Result<()> {
    let made = "SELECT count(*) FROM sqlite_schema WHERE name = 'note_index'";
    if connection.query_row(made, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(());
    }
    let order = "INSERT INTO note_index (note_index, rank) VALUES (?1, ?2)";
    let parts = ("usermerge", 2);
    connection.execute(order, parts)?;
    loop {
        let before = connection.total_changes();
        connection.execute(order, ("merge", JOIN_PAGES))?;
        let idle = connection.total_changes() - before < 2;
        if idle
            || !matches!(
                woken.recv_timeout(JOIN_PAUSE),
                Err(RecvTimeoutError::Timeout)
            )
        {
            return Ok(());
        }
    }
}

fn take_over(connection: &Connection, little_left: &AtomicBool) {
    let taken = match checkpoint(connection, "NOOP") {
        Ok(left) if left < CHECKPOINT_PAGES => return,
        Ok(_) => checkpoint(connection, "PASSIVE"),
        Err(error) => Err(error),
    };
    match taken {
        Ok(left) => little_left.store(left < CHECKPOINT_PAGES / 2, Ordering::Release),
        Err(error) => tracing::warn!(%error, "the log was not taken over"),
    }
}

/// Pages of the log that are not in the file afterwards; `NOOP` only counts.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<i64> {
    let asked = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&asked, [], |row| {
        let (pages, taken): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(pages - taken)
    })
}

// --------------------------------------------------------------------------------------- writing

impl Writer {
    /// Runs statements without parameters.
    pub fn script(&mut self, text: &str) -> Result<(), Failure> {
        self.connection
            .execute_batch(text)
            .map_err(|error| failure(&error))
    }

    /// Writes rows in one transaction, which is durable then.
    pub fn write(&mut self, tables: &[Rows], fault: Option<Fault>) -> Result<(), Broken> {
        self.transaction(fault, |writer| {
            writer.insert(tables, &mut Statements::of(fault))
        })?;
        self.log.sync().map_err(|failure| Broken {
            failure,
            poisoned: true,
        })
    }

    /// Writes rows in one transaction, the first table while the others are still being made; it
    /// is durable once the log is synced.
    pub fn commit(
        &mut self,
        first: &Rows,
        rest: impl FnOnce() -> Option<Vec<Rows>>,
        fault: Option<Fault>,
    ) -> Result<Vec<Rows>, Broken> {
        self.transaction(fault, |writer| {
            let mut statements = Statements::of(fault);
            writer.insert(std::slice::from_ref(first), &mut statements)?;
            let rest = rest().ok_or_else(given_up)?;
            writer.insert(&rest, &mut statements)?;
            Ok(rest)
        })
    }

    fn transaction<T>(
        &mut self,
        fault: Option<Fault>,
        work: impl FnOnce(&mut Writer) -> Result<T, Failure>,
    ) -> Result<T, Broken> {
        self.script("BEGIN IMMEDIATE").map_err(broken)?;
        let done = match work(self) {
            Ok(done) => done,
            Err(failure) => {
                let undone = self.connection.is_autocommit() || self.script("ROLLBACK").is_ok();
                let poisoned = !undone || broken_off(&failure);
                return Err(Broken { failure, poisoned });
            }
        };
        let committed = match fault {
            Some(Fault::Commit) => Err(asked_for()),
            _ => self.script("COMMIT"),
        };
        if let Err(failure) = committed {
            let _ = self.script("ROLLBACK");
            return Err(Broken {
                failure,
                poisoned: true,
            });
        }
        self.tidier.written(&self.connection);
        Ok(done)
    }

    fn insert(&mut self, tables: &[Rows], statements: &mut Statements) -> Result<(), Failure> {
        for (index, rows) in tables.iter().enumerate() {
            for (from, count) in rows.chunks() {
                statements.strike()?;
                let text = self
                    .texts
                    .entry((index, count))
                    .or_insert_with(|| rolling(&rows.insert.text(count)));
                execute(&self.connection, text, rows.part(from, count))
                    .map_err(|error| failure(&error))?;
            }
        }
        Ok(())
    }
}

/// What fails takes the whole transaction with it anyway: SQLite need not be ready to undo one
/// statement alone.
fn rolling(text: &str) -> String {
    text.replacen("INSERT INTO", "INSERT OR ROLLBACK INTO", 1)
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
