//! PostgreSQL: where it differs from SQLite, in the same sections and order as `sqlite.rs`. Never a
//! table of its own.

use crate::engine::{Dialect, Fault, Lease, Statements, asked_for};
use crate::failure::{Broken, Failure};
use crate::insert::{Conflict, Insert, Rows};
use crate::value::{Records, Value, Values};
use crate::words;
use futures_util::future::join_all;
use futures_util::{TryStreamExt, pin_mut};
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};

// ---------------------------------------------------------------------------------- differences

/// Words of PostgreSQL.
pub(crate) static DIALECT: Dialect = Dialect {
    id: "BIGINT PRIMARY KEY",
    bytes: "BYTEA",
    code: " COLLATE \"C\"",
    clustered: "",
    guard: "
CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE OR REPLACE TRIGGER journal_stays BEFORE UPDATE OR DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE OR REPLACE TRIGGER journal_keeps BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();",
    note_index: "CREATE TABLE note_index (contact BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL);
        CREATE INDEX note_index_tokens ON note_index USING gin (tokens)",
    note_first: &NOTES,
    note_again: &NOTES,
    note_gone: &NOTE_GONE,
    note_match: "note_index.tokens @@ CAST($ AS tsquery)",
    note_contact: "note_index.contact",
    note_sorted: false,
    note_query: |asked| words::joined(asked, '\'', ":*", " & "),
};

static NOTES: Insert = Insert {
    last: "array_to_tsvector(string_to_array($, ' '))",
    ..Insert::new(
        "note_index",
        "contact, tokens",
        Conflict::Replace {
            key: "contact",
            columns: "tokens",
        },
    )
};

static NOTE_GONE: Insert = Insert::new("note_index", "contact", Conflict::Erase);

/// Older versions do not know `CREATE OR REPLACE TRIGGER`.
const VERSION_MIN: i64 = 140_000;

/// Number of the advisory lock that is the lease of a database's record: "dasan" in ASCII. The
/// next one is that of its library.
const LEASE: i64 = 0x64_61_73_61_6e;

// --------------------------------------------------------------------------------------- opening

async fn connect(url: &str, settings: &str) -> Result<Client, Failure> {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.map_err(|error| failure(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection to PostgreSQL ended");
        }
    });
    let done = client.batch_execute(settings).await;
    done.map_err(|error| failure(&error))?;
    Ok(client)
}

/// The writing connection, which holds the lease: a lock that ends with the connection, so that
/// a center that lost it cannot write any more.
#[derive(Debug)]
pub(crate) struct Writer {
    client: Client,
    prepared: HashMap<(usize, usize), Statement>,
}

impl Writer {
    /// Connects and takes the lease.
    pub async fn open(url: &str, wanted: Lease) -> Result<Writer, Failure> {
        let settings = "SET synchronous_commit = on; SET client_min_messages = warning; \
                        SET idle_in_transaction_session_timeout = '60s'";
        let client = connect(url, settings).await?;
        let text = "SELECT CAST(current_setting('server_version_num') AS BIGINT), \
                    CAST(pg_try_advisory_lock($1) AS INT)::BIGINT";
        let mut lease = Values::default();
        lease.int(LEASE + i64::from(wanted == Lease::Library));
        let records = query(&client, text, &lease).await?;
        let record = records.first();
        let record = record.ok_or_else(|| Failure::Engine("no answer to the lease".into()))?;
        if record.int(0)? < VERSION_MIN {
            return Err(Failure::Engine("PostgreSQL is older than 14".into()));
        }
        if record.int(1)? == 0 {
            return Err(Failure::Taken(
                "another center already writes in this PostgreSQL database".into(),
            ));
        }
        Ok(Writer {
            client,
            prepared: HashMap::new(),
        })
    }
}

// --------------------------------------------------------------------------------------- writing

impl Writer {
    /// Runs statements without parameters.
    pub async fn script(&mut self, text: &str) -> Result<(), Failure> {
        let done = self.client.batch_execute(text).await;
        done.map_err(|error| failure(&error))
    }

    /// Writes rows in one transaction; the statements travel without waiting for each other.
    pub async fn write(&mut self, tables: &[Rows], fault: Option<Fault>) -> Result<(), Broken> {
        self.prepare(tables).await.map_err(|f| self.broken(f))?;
        self.script("BEGIN").await.map_err(|f| self.broken(f))?;
        if let Err(failure) = self.insert(tables, fault).await {
            let undone = self.script("ROLLBACK").await.is_ok();
            return Err(Broken {
                failure,
                poisoned: !undone,
            });
        }
        let committed = match fault {
            Some(Fault::Commit) => Err(asked_for()),
            _ => self.script("COMMIT").await,
        };
        if let Err(failure) = committed {
            let _ = self.script("ROLLBACK").await;
            return Err(Broken {
                failure,
                poisoned: true,
            });
        }
        Ok(())
    }

    async fn prepare(&mut self, tables: &[Rows]) -> Result<(), Failure> {
        for (index, rows) in tables.iter().enumerate() {
            for (_, count) in rows.chunks() {
                if self.prepared.contains_key(&(index, count)) {
                    continue;
                }
                let prepared = self.client.prepare(&rows.insert.text(count)).await;
                let prepared = prepared.map_err(|error| failure(&error))?;
                self.prepared.insert((index, count), prepared);
            }
        }
        Ok(())
    }

    async fn insert(&self, tables: &[Rows], fault: Option<Fault>) -> Result<(), Failure> {
        let mut sent = Vec::new();
        let mut statements = Statements::of(fault);
        for (index, rows) in tables.iter().enumerate() {
            for (first, count) in rows.chunks() {
                statements.strike()?;
                let statement = &self.prepared[&(index, count)];
                sent.push(self.client.execute_raw(statement, rows.part(first, count)));
            }
        }
        for outcome in join_all(sent).await {
            outcome.map_err(|error| failure(&error))?;
        }
        Ok(())
    }

    fn broken(&self, failure: Failure) -> Broken {
        let poisoned = self.client.is_closed();
        Broken { failure, poisoned }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Text(bytes) | Value::Bytes(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

impl Value<'_> {
    fn kind(&self) -> Type {
        match self {
            Value::Int(_) => Type::INT8,
            Value::Null | Value::Text(_) => Type::TEXT,
            Value::Bytes(_) => Type::BYTEA,
        }
    }
}

// --------------------------------------------------------------------------------------- reading

const READS: &str = "SET default_transaction_read_only = on";

/// Pages are answered in milliseconds: to compile a statement, or to call other processes for it,
/// takes longer than it saves.
const SHORTLY: &str = "; SET jit = off; SET max_parallel_workers_per_gather = 0";

/// Connections that read at once.
const READERS: usize = 4;

/// Reading connections, made when needed and kept.
#[derive(Debug)]
pub(crate) struct Reader {
    url: String,
    next: AtomicUsize,
    clients: [Mutex<Option<Arc<Client>>>; READERS],
}

impl Reader {
    /// A pool without a connection yet.
    pub fn new(url: &str) -> Reader {
        Reader {
            url: url.to_owned(),
            next: AtomicUsize::new(0),
            clients: Default::default(),
        }
    }

    /// Asks; takes the connections in turn.
    pub async fn query(&self, text: &str, params: &Values) -> Result<Records, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let client = {
            let mut slot = self.clients[turn].lock().await;
            match &*slot {
                Some(client) if !client.is_closed() => client.clone(),
                _ => slot.insert(Arc::new(self.connect(SHORTLY).await?)).clone(),
            }
        };
        query(&client, text, params).await
    }

    /// A view that does not change while others write.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let client = self.connect("").await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM meta";
        let begun = client.batch_execute(begin).await;
        begun.map_err(|error| failure(&error))?;
        Ok(Snapshot { client })
    }

    async fn connect(&self, settings: &str) -> Result<Client, Failure> {
        connect(&self.url, &format!("{READS}{settings}")).await
    }
}

/// A connection in a reading transaction.
#[derive(Debug)]
pub(crate) struct Snapshot {
    client: Client,
}

impl Snapshot {
    /// Asks.
    pub async fn query(&self, text: &str, params: &Values) -> Result<Records, Failure> {
        query(&self.client, text, params).await
    }
}

async fn query(client: &Client, text: &str, params: &Values) -> Result<Records, Failure> {
    let params = params.part(0, params.len()).map(|value| {
        let kind = value.kind();
        (value, kind)
    });
    let rows = client.query_typed_raw(text, params).await;
    let rows = rows.map_err(|error| failure(&error))?;
    pin_mut!(rows);
    let mut records = None;
    while let Some(row) = rows.try_next().await.map_err(|error| failure(&error))? {
        let records = records.get_or_insert_with(|| Records::new(row.len()));
        for column in 0..row.len() {
            push(&row, column, records).map_err(|error| failure(&error))?;
        }
    }
    Ok(records.unwrap_or_default())
}

fn push(
    row: &tokio_postgres::Row,
    column: usize,
    records: &mut Records,
) -> Result<(), tokio_postgres::Error> {
    let kind = row.columns()[column].type_();
    let value = if *kind == Type::INT8 {
        row.try_get::<_, Option<i64>>(column)?.map(Value::Int)
    } else if *kind == Type::BYTEA {
        row.try_get::<_, Option<&[u8]>>(column)?.map(Value::Bytes)
    } else {
        let text = row.try_get::<_, Option<&str>>(column)?;
        text.map(|text| Value::Text(text.as_bytes()))
    };
    records.push(value.unwrap_or(Value::Null));
    Ok(())
}

// ---------------------------------------------------------------------------------------- errors

fn failure(error: &tokio_postgres::Error) -> Failure {
    let Some(database) = error.as_db_error() else {
        let cause = error.source().map(|cause| format!(": {cause}"));
        let cause = cause.unwrap_or_default();
        return Failure::Engine(format!("PostgreSQL: {error}{cause}"));
    };
    match database.code() {
        code if *code == SqlState::DISK_FULL => Failure::Full,
        code if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
            Failure::Corrupt(format!("PostgreSQL: {}", database.message()))
        }
        code => {
            let message = database.message();
            Failure::Engine(format!("PostgreSQL: {message} ({})", code.code()))
        }
    }
}
