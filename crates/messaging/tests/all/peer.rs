//! Programs of others that run beside a test: npm packages by name and version, and a child that
//! is steered by lines. Never left running.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// One installation at a time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// A folder with the package in its `node_modules`; `None`, said aloud, where there is no npm. In
/// CI that is a failure.
pub fn npm(name: &str, version: &str) -> Option<PathBuf> {
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("npm-{name}-{version}"));
    let done = folder.join("installed");
    if done.exists() {
        return Some(folder);
    }
    std::fs::create_dir_all(&folder).unwrap();
    let installed = Command::new("npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
        ])
        .arg(&folder)
        .arg(format!("{name}@{version}"))
        .stdout(Stdio::null())
        .status();
    match installed {
        Ok(status) if status.success() => {
            std::fs::write(done, "").unwrap();
            Some(folder)
        }
        other => {
            let why = format!("npm install {name}@{version}: {other:?}");
            assert!(std::env::var_os("CI").is_none(), "{why}");
            eprintln!("SKIPPED, not tested: {why}");
            None
        }
    }
}

/// A program of `tests/peers`, steered by lines of JSON.
pub struct Peer {
    _child: Child,
    orders: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    early: Vec<Value>,
}

impl Peer {
    pub fn start(script: &str, modules: &Path) -> Peer {
        Peer::start_with(script, modules, &[])
    }

    /// With more arguments behind the folder of its modules.
    pub fn start_with(script: &str, modules: &Path, more: &[String]) -> Peer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/peers")
            .join(script);
        let mut child = tokio::process::Command::new("node")
            .arg(script)
            .arg(modules)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Peer {
            orders: child.stdin.take().unwrap(),
            events: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
            early: Vec::new(),
        }
    }

    /// Gives an order and waits until it is carried out.
    pub async fn say(&mut self, order: Value) {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.unwrap();
        self.event("done").await;
    }

    /// The next event that is so; others are kept for later.
    pub async fn hear(&mut self, so: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.early.iter().position(&so) {
            return self.early.remove(at);
        }
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), self.events.next_line());
            let line = line
                .await
                .unwrap_or_else(|_| panic!("only {:?}", self.early));
            let event: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
            if so(&event) {
                return event;
            }
            self.early.push(event);
        }
    }

    /// Whether an event of a kind came that nobody waited for.
    pub fn came(&self, kind: &str) -> bool {
        self.early.iter().any(|event| event["event"] == kind)
    }

    /// The next event of a kind.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.hear(|event| event["event"] == kind).await
    }
}
