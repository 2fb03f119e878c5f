//! Programs of others: packages of npm and pip by name and version, scripts of `tests/peers`, keys
//! made for the test. Never left running.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// One installation at a time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Something that is missing: said aloud, and a failure where everything must be there.
pub fn missing<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "missing: {what}");
    eprintln!("SKIPPED, not tested: {what}");
    None
}

/// A folder under the target directory into which `install` puts a package once.
fn installed(name: &str, install: impl FnOnce(&Path) -> Command) -> Option<PathBuf> {
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let done = folder.join("installed");
    if done.exists() {
        return Some(folder);
    }
    std::fs::create_dir_all(&folder).unwrap();
    let status = install(&folder).stdout(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        return missing(name);
    }
    std::fs::write(done, "").unwrap();
    Some(folder)
}

/// Packages of npm.
pub fn npm(packages: &[&str]) -> Option<PathBuf> {
    let name = format!("npm-{}", packages.join("-"));
    installed(&name, |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
        npm.arg("--prefix").arg(folder).args(packages);
        npm
    })
}

/// A package of pip.
pub fn pip(package: &str) -> Option<PathBuf> {
    installed(&format!("pip-{package}"), |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]);
        pip.arg(folder).arg(package);
        pip
    })
}

pub fn script(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    folder.join(name)
}

/// Runs a script to its end; what it printed, read as JSON.
pub async fn run(program: &str, name: &str, arguments: &[&str], input: &[u8]) -> Value {
    let mut child = tokio::process::Command::new(program)
        .arg(script(name))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A script that reads nothing closes its end.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A key and a certificate for `localhost`, a key for signatures and its public half.
pub struct Keys {
    pub folder: tempfile::TempDir,
}

impl Keys {
    pub fn make() -> Option<Keys> {
        let keys = Keys {
            folder: tempfile::tempdir().unwrap(),
        };
        // Nothing of the machine's own settings: a certificate that is its own authority.
        let plain = "[req]\ndistinguished_name = dn\n[dn]\n";
        std::fs::write(keys.path("openssl.cnf"), plain).unwrap();
        let openssl = |arguments: &[&str]| {
            let mut command = Command::new("openssl");
            let command = command.args(arguments).current_dir(keys.folder.path());
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        let made = openssl(&[
            "req",
            "-config",
            "openssl.cnf",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "tls.key",
            "-out",
            "tls.crt",
        ]) && openssl(&["genrsa", "-out", "dkim.key", "2048"])
            && openssl(&["rsa", "-in", "dkim.key", "-pubout", "-out", "dkim.pub"]);
        if made { Some(keys) } else { missing("openssl") }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// The mail server of `mail-receiver.cjs`.
pub struct Receiver {
    _child: Child,
    events: Lines<BufReader<ChildStdout>>,
    pub port: u64,
}

impl Receiver {
    pub async fn start(modules: &Path, keys: &Keys) -> Receiver {
        let mut child = tokio::process::Command::new("node")
            .arg(script("mail-receiver.cjs"))
            .arg(modules)
            .args([keys.path("tls.key"), keys.path("tls.crt")])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut receiver = Receiver {
            events: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
            port: 0,
        };
        receiver.port = receiver.event().await["port"].as_u64().unwrap();
        receiver
    }

    pub async fn event(&mut self) -> Value {
        let line = self.events.next_line().await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The next mail, as its bytes came.
    pub async fn mail(&mut self) -> (Value, Vec<u8>) {
        let event = self.event().await;
        let raw = unbase64(event["raw"].as_str().unwrap());
        (event, raw)
    }
}

fn unbase64(text: &str) -> Vec<u8> {
    let mut bits = 0u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
