//! Real programs as peers: whether they are here, their end with the test, and plain HTTP. Never a
//! scene.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A program that ends with the test, also when the test fails.
pub struct Child(pub process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder of its own that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("dasan-{name}-{}", process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Folder(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Whether all these programs are on this machine. On CI a missing one is a failure.
pub fn here(programs: &[&str]) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = |program: &&str| std::env::split_paths(&paths).any(|p| p.join(program).is_file());
    let missing: Vec<_> = programs.iter().filter(|program| !found(program)).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "not installed: {missing:?}"
    );
    eprintln!("skipped, NOT tested: {missing:?} not installed");
    false
}

/// A package of npm in the folder; where its modules are, none when there is no way to it. On CI
/// that is a failure.
pub fn npm(folder: &Folder, package: &str) -> Option<PathBuf> {
    let fetched = process::Command::new("npm")
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .arg("--prefix")
        .arg(&folder.0)
        .arg(package)
        .output()
        .expect("npm runs");
    if fetched.status.success() {
        return Some(folder.join("node_modules"));
    }
    let why = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert!(
        std::env::var_os("CI").is_none(),
        "{package} did not come: {why}"
    );
    eprintln!("skipped, NOT tested: {package} did not come: {why}");
    None
}

/// Scenes with real peers go one after the other: they measure sound on a machine of two cores.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks again and again until it is so.
pub fn until(what: &str, limit: Duration, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for the end of a program; kills it when it takes too long. Its exit code.
pub fn wait(child: &mut Child, limit: Duration) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.0.try_wait().expect("a child can be asked") {
            return status.code();
        }
        if begun.elapsed() > limit {
            let _ = child.0.kill();
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A GET; status and body, none when nobody answers.
pub fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut line = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    line.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(
        line,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((status, body.to_owned()))
}

/// Reads the head of an HTTP answer; the length of its body.
pub fn content_length(reader: &mut BufReader<TcpStream>) -> usize {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("the head of an answer");
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return length;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
}

/// A file with this content.
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).expect("the folder of the test can be written");
}
