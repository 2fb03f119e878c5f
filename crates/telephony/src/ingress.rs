//! The ingress log: one line per attempt, written before anything is decided, to find what a crash
//! lost. Never a number.

use center::time::{DAY_MS, Day, Time};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What identifies an attempt: sixteen bytes, in hex, of the digest of Call-ID and From tag.
pub(crate) fn key(call_id: &str, from_tag: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(call_id.as_bytes());
    digest.update([0]);
    digest.update(from_tag.as_bytes());
    let digest = digest.finalize();
    let half = digest.first_chunk().expect("the digest has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*half))
}

/// The log of one day at a time.
#[derive(Debug)]
pub(crate) struct Ingress {
    folder: PathBuf,
    open: Mutex<Option<(Day, File)>>,
}

fn day_of(now: Time) -> Day {
    Day(now.0.div_euclid(DAY_MS) as i32)
}

impl Ingress {
    /// Makes the folder.
    pub(crate) fn new(folder: &Path) -> std::io::Result<Ingress> {
        std::fs::create_dir_all(folder)?;
        Ok(Ingress {
            folder: folder.to_owned(),
            open: Mutex::new(None),
        })
    }

    fn path(&self, day: Day) -> PathBuf {
        self.folder.join(format!("{day}.log"))
    }

    /// Appends one attempt. Not synced: the journal is the truth, this only outlives the process.
    pub(crate) fn append(&self, now: Time, key: &str) -> std::io::Result<()> {
        let day = day_of(now);
        let mut open = self.open.lock().map_err(|_| std::io::ErrorKind::Other)?;
        if open.as_ref().is_none_or(|(of, _)| *of != day) {
            let path = self.path(day);
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            *open = Some((day, file));
        }
        match open.as_mut() {
            Some((_, file)) => file.write_all(format!("{} {key}\n", now.0).as_bytes()),
            None => Ok(()),
        }
    }

    /// The keys of today and yesterday, each once, in order.
    pub(crate) fn recent(&self, now: Time) -> Vec<String> {
        let today = day_of(now);
        let mut keys: Vec<String> = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        for day in [Day(today.0 - 1), today] {
            // A log that is not there is a day without calls.
            let bytes = std::fs::read(self.path(day)).unwrap_or_default();
            for line in bytes.split(|byte| *byte == b'\n') {
                if let Some(key) = parse_line(line)
                    && known.insert(key.to_owned())
                {
                    keys.push(key.to_owned());
                }
            }
        }
        keys
    }
}

/// The key in a line `<unix_ms> <key>`; a torn or foreign line has none.
pub(crate) fn parse_line(line: &[u8]) -> Option<&str> {
    let (at, key) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    at.parse::<i64>().ok()?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (key.len() == 32 && key.bytes().all(hex)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_and_yesterday_are_read_back_and_torn_lines_left_out() {
        let name = format!("dasan-ingress-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let log = Ingress::new(&folder).unwrap();
        let now = Time(20_000 * DAY_MS + 5);
        let keys = ["a", "b", "c"].map(|id| key(id, "tag"));
        log.append(now + -2 * DAY_MS, &keys[0]).unwrap();
        log.append(now + -DAY_MS, &keys[1]).unwrap();
        log.append(now, &keys[2]).unwrap();
        log.append(now, &keys[2]).unwrap();
        log.append(now, "torn").unwrap();
        assert_eq!(log.recent(now), &keys[1..]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn keys_differ_where_call_or_tag_differ() {
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_eq!(key("a", "b").len(), 32);
    }
}
