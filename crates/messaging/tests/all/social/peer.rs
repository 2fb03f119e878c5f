//! Programs of others, run as children: installed by name and version into a folder under the
//! target folder, spoken to by lines of JSON. Never a program of ours.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// One installation at a time: they share folders.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// How long another program may take to answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Programs at once: more of them only wait for each other.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// A program that runs.
pub struct Peer {
    _slot: SemaphorePermit<'static>,
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Its first line.
    pub hello: Value,
}

impl Peer {
    /// Runs `tests/peers/SCRIPT` with packages of npm. None where there is no npm: that is said
    /// aloud, and a failure when `CI` is set.
    pub async fn node(script: &str, packages: &[&str], arguments: &[&str]) -> Option<Peer> {
        let folder = npm(packages).await?;
        let path = folder.join(script);
        // Beside its packages: that is where Node looks for them.
        for entry in std::fs::read_dir(scripts()).unwrap().flatten() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        let mut command = Command::new("node");
        command.arg(&path).args(arguments).current_dir(folder);
        Some(Peer::start(command).await)
    }

    /// The same where some of the packages are compiled as they are installed.
    pub async fn compiled(script: &str, packages: &[&str], sources: &[&str]) -> Option<Peer> {
        let folder = npm(packages).await?;
        rebuild(&folder, sources).await;
        Peer::node(script, packages, &[]).await
    }

    /// The same with packages of PyPI.
    pub async fn python(script: &str, packages: &[&str], arguments: &[&str]) -> Option<Peer> {
        let folder = pip(packages).await?;
        let mut command = Command::new("python3");
        command.arg(scripts().join(script)).args(arguments);
        command.env("PYTHONPATH", folder);
        Some(Peer::start(command).await)
    }

    async fn start(mut command: Command) -> Peer {
        let slot = SLOTS.acquire().await.unwrap();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut peer = Peer {
            _slot: slot,
            _child: child,
            input,
            output,
            hello: Value::Null,
        };
        peer.hello = peer.line().await;
        peer
    }

    async fn line(&mut self) -> Value {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
            let line = line.expect("an answer in time").unwrap();
            let line = line.expect("the other program goes on");
            // Anything else is a log line.
            if let Ok(value) = serde_json::from_str(&line) {
                return value;
            }
        }
    }

    /// Gives a command and waits for the answer.
    pub async fn ask(&mut self, command: Value) -> Value {
        let line = format!("{command}\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
        let answer = self.line().await;
        assert_eq!(answer["error"], Value::Null, "{command}");
        answer
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// A folder of its own for each set of packages.
fn folder(kind: &str, packages: &[&str]) -> PathBuf {
    let name: String = packages
        .join("+")
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}-{name}"))
}

/// Whether a program is there; where it is not, it is said, and in CI it is a failure.
async fn there(program: &str) -> bool {
    let ran = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    let there = ran.is_ok_and(|status| status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{program} is missing");
        eprintln!("SKIPPED: {program} is missing, so its peers were not tried");
    }
    there
}

/// Installs packages of npm, once.
pub async fn npm(packages: &[&str]) -> Option<PathBuf> {
    let _alone = INSTALLING.lock().await;
    if !there("npm").await || !there("node").await {
        return None;
    }
    let folder = folder("npm", packages);
    let done = folder.join("installed");
    if !done.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
        let quiet = [
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ];
        let mut command = Command::new("npm");
        command.arg("install").args(quiet).args(packages);
        let status = command
            .current_dir(&folder)
            .stdout(Stdio::null())
            .status()
            .await;
        assert!(status.unwrap().success(), "npm install {packages:?}");
        std::fs::write(done, "").unwrap();
    }
    Some(folder)
}

/// Compiles packages that are installed already, once.
async fn rebuild(folder: &Path, sources: &[&str]) {
    let _alone = INSTALLING.lock().await;
    let done = folder.join("compiled");
    if !done.exists() {
        let mut command = Command::new("npm");
        command.args(["rebuild", "--loglevel=error"]).args(sources);
        let status = command.current_dir(folder).stdout(Stdio::null()).status();
        assert!(status.await.unwrap().success(), "npm rebuild {sources:?}");
        std::fs::write(done, "").unwrap();
    }
}

/// Installs packages of PyPI, once.
pub async fn pip(packages: &[&str]) -> Option<PathBuf> {
    let _alone = INSTALLING.lock().await;
    if !there("python3").await {
        return None;
    }
    let folder = folder("pip", packages);
    let done = folder.join("installed");
    if !done.exists() {
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--no-warn-conflicts"]);
        command.args(["--root-user-action=ignore", "--target"]);
        let status = command.arg(&folder).args(packages).status().await;
        assert!(status.unwrap().success(), "pip install {packages:?}");
        std::fs::write(done, "").unwrap();
    }
    Some(folder)
}
