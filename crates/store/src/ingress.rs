//! Reads telephony's own log of attempts, the second count. Never writes it.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What the log says.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// How often each attempt stands in it.
    pub keys: BTreeMap<String, u32>,
    /// File and line of what cannot be read.
    pub unreadable: Vec<String>,
}

/// Whether an arrival by this way must be in the log.
pub(crate) fn comes_by_trunk(via: &str) -> bool {
    !matches!(via, "page" | "callback" | "simulator" | "bench")
}

/// Reads every day of the log. The last line may be unfinished: a crash cut it off before the
/// attempt was answered.
pub(crate) fn read(folder: &Path) -> Result<Log, Failure> {
    let mut log = Log::default();
    let folder = match fs::read_dir(folder.join("ingress")) {
        Ok(folder) => folder,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(log),
        Err(error) => return Err(Failure::io("ingress log", &error)),
    };
    for file in folder {
        let file = file.map_err(|error| Failure::io("ingress log", &error))?;
        if file
            .path()
            .extension()
            .is_none_or(|extension| extension != "log")
        {
            continue;
        }
        let bytes = fs::read(file.path()).map_err(|error| Failure::io("ingress log", &error))?;
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let Some(line) = line.strip_suffix('\n') else {
                continue;
            };
            let attempt = line.split_once(' ');
            if let Some((_, key)) = attempt.filter(|(at, _)| at.parse::<i64>().is_ok()) {
                *log.keys.entry(key.to_owned()).or_default() += 1;
            } else {
                let name = file.file_name();
                log.unreadable
                    .push(format!("{}:{}", name.display(), number + 1));
            }
        }
    }
    Ok(log)
}
