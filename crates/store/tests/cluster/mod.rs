//! A private PostgreSQL in a temporary folder, started and stopped by the tests that need it. Never
//! a city's own database.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// A running server; stopped when the last test lets go of it.
pub struct Cluster {
    bin: PathBuf,
    folder: tempfile::TempDir,
    owner: Option<Owner>,
    port: u16,
    databases: AtomicU32,
}

/// The user the server runs as: it refuses to run as root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// The server of this test run. None when PostgreSQL is not installed, which is said aloud; on the
/// integration server that is a failure.
pub fn running() -> Option<Arc<Cluster>> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = running.upgrade() {
        return Some(cluster);
    }
    let Some(bin) = installed() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "PostgreSQL is not installed"
        );
        eprintln!("SKIPPED: PostgreSQL is not installed, nothing was tested on it");
        return None;
    };
    let cluster = Arc::new(Cluster::start(bin));
    *running = Arc::downgrade(&cluster);
    Some(cluster)
}

/// The newest installed version.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

impl Cluster {
    fn start(bin: PathBuf) -> Cluster {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let owner = owner();
        if let Some(owner) = owner {
            chown(folder.path(), Some(owner.user), Some(owner.group)).expect("chown as root");
        }
        let mut cluster = Cluster {
            bin,
            folder,
            owner,
            port: 0,
            databases: AtomicU32::new(0),
        };
        let data = cluster.data();
        let data = data.to_str().expect("a plain path");
        let made = cluster.run(
            "initdb",
            &[
                "-D",
                data,
                "-U",
                "dasan",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
        );
        assert!(made.status.success(), "initdb: {}", said(&made));
        for _ in 0..5 {
            // Another test may take the port first: then the next one is tried.
            cluster.port = free_port();
            if cluster.listen() {
                return cluster;
            }
        }
        panic!("PostgreSQL did not start: {}", cluster.log());
    }

    fn listen(&self) -> bool {
        let sockets = self.folder.path().display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{sockets}' \
             -c fsync=off -c max_connections=200",
            self.port
        );
        let data = self.data();
        let log = self.folder.path().join("log");
        let started = self.run(
            "pg_ctl",
            &[
                "start",
                "-w",
                "-D",
                data.to_str().expect("a plain path"),
                "-l",
                log.to_str().expect("a plain path"),
                "-o",
                &options,
            ],
        );
        started.status.success()
    }

    /// Address of a new, empty database.
    pub async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("record_{number}");
        let client = connect(&self.url("postgres")).await;
        let create = format!("CREATE DATABASE {name}");
        let created = client.batch_execute(&create).await;
        created.expect("a new database");
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://dasan@127.0.0.1:{}/{database}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs one of PostgreSQL's programs as the owner of the folder. Its output goes to a file:
    /// a pipe would stay open for as long as the server runs.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let program = self.bin.join(program);
        let mut command = match self.owner {
            None => Command::new(program),
            Some(owner) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={}", owner.user))
                    .arg(format!("--regid={}", owner.group))
                    .arg("--clear-groups")
                    .arg(program);
                command
            }
        };
        let said = self.folder.path().join("said");
        let file = fs::File::create(&said).expect("a file in the temporary folder");
        let copy = file.try_clone().expect("a second handle");
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null())
            .stdout(file)
            .stderr(copy)
            .status()
            .expect("PostgreSQL's programs can be run");
        Output {
            status,
            stdout: fs::read(&said).unwrap_or_default(),
            stderr: Vec::new(),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let data = data.to_str().expect("a plain path");
        let stopped = self.run("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", data]);
        if !stopped.status.success() {
            eprintln!("PostgreSQL did not stop: {}", said(&stopped));
        }
    }
}

/// Connects, for a test that looks into the tables itself.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Waits until a writer that was dropped has given its lease back.
pub async fn lease_is_free(url: &str) {
    let client = connect(url).await;
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for _ in 0..500 {
        let row = client.query_one(held, &[]).await.expect("the locks");
        if row.get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the writer's lease was never given back");
}

/// None unless this test runs as root; else the first user that is not.
fn owner() -> Option<Owner> {
    if number("id", &["-u"]) != Some(0) {
        return None;
    }
    let found = ["postgres", "nobody"].into_iter().find_map(|name| {
        let user = number("id", &["-u", name])?;
        let group = number("id", &["-g", name])?;
        Some(Owner { user, group })
    });
    Some(found.expect("a user other than root"))
}

fn number(program: &str, arguments: &[&str]) -> Option<u32> {
    let output = Command::new(program).args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
