//! The keeper: records what a crash left on the disk and erases what is due, in small steps beside
//! the service. Never decides how long anything is kept, never touches what is not yet due.

use crate::librarian::{LibraryAnswer, LibraryCommand, LibraryError};
use crate::switch::{Error, Hub};
use center::city::ContactId;
use center::command::Command;
use center::knowledge::{Author, Said};
use center::time::Time;
use std::collections::HashSet;
use std::time::Duration;
use store::{Archive, Blobs, Content, Failure, sound};
use tokio::task::JoinHandle;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Recordings, from their end.
    pub recordings_ms: i64,
    /// Numbers, notes, letters and their files, from the end of the record.
    pub personal_ms: i64,
    /// What was searched for in the library, from the last time.
    pub searches_ms: i64,
    /// Comments on articles and reasons.
    pub remarks_ms: i64,
}

/// Names that are compared with the record at once.
const NAMES: usize = 500;

/// Recordings or contacts that are erased between two pauses.
const STEP: usize = 20;

/// Pause between two steps: callers and pages come first.
const PAUSE: Duration = Duration::from_millis(20);

/// Pause between two rounds.
const EVERY: Duration = Duration::from_hours(1);

/// Where recordings stand among the encrypted files.
const FOLDER: &str = "recordings";

/// Where letters stand that nobody could read.
const UNREADABLE: &str = "letters/dead";

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Recordings that stand in the record now.
    pub recorded: u64,
    /// Files that could not be read, or belong to nobody, and lie aside.
    pub aside: u64,
}

/// What a round erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Recordings.
    pub recordings: u64,
    /// Contacts whose number, note and letters are gone.
    pub personal: u64,
    /// Letters that nobody could read, kept for a person to look at.
    pub unreadable: u64,
    /// Words of the library.
    pub words: u64,
}

/// Why a step ended early; the next round goes on.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The record could not be read, or a file not moved or erased.
    #[error(transparent)]
    Store(#[from] Failure),
    /// The record could not be written.
    #[error(transparent)]
    Hub(#[from] Error),
    /// The library could not be written.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// The keeper; its work ends when this is dropped.
#[derive(Debug)]
pub struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Keeper {
    /// Sweeps once, then erases what is due now and every hour. Recordings that begin from now on
    /// are still being written and none of the sweep's business.
    pub fn start(hub: Hub, archive: Archive, keeping: Keeping) -> Keeper {
        let started = hub.now();
        Keeper(tokio::spawn(async move {
            match sweep(&hub, &archive, keeping, started).await {
                Ok(Swept {
                    recorded: 0,
                    aside: 0,
                }) => {}
                Ok(Swept { recorded, aside }) => {
                    tracing::warn!(recorded, aside, "recordings of before the stop were found");
                }
                Err(error) => tracing::error!(%error, "the sweep of recordings ended early"),
            }
            loop {
                match erase_due(&hub, &archive, keeping, hub.now()).await {
                    Ok(erased) if erased == Erased::default() => {}
                    Ok(Erased {
                        recordings,
                        personal,
                        unreadable,
                        words,
                    }) => {
                        tracing::info!(
                            recordings,
                            personal,
                            unreadable,
                            words,
                            "what was due is erased"
                        );
                    }
                    Err(error) => tracing::error!(%error, "what is due was not all erased"),
                }
                tokio::time::sleep(EVERY).await;
            }
        }))
    }
}

/// Contact and beginning of a recording, from its name.
fn of(name: &str) -> Option<(ContactId, Time)> {
    let (_, last) = name.rsplit_once('/')?;
    let (contact, began) = last.split_once('-')?;
    Some((ContactId(contact.parse().ok()?), Time(began.parse().ok()?)))
}

/// Records recordings that began before an instant, lie on the disk and are not in the record.
/// What cannot be read is moved aside and named.
pub async fn sweep(
    hub: &Hub,
    archive: &Archive,
    keeping: Keeping,
    before: Time,
) -> Result<Swept, Stopped> {
    let blobs = archive.blobs().clone();
    let names = away(move || blobs.names(FOLDER)).await?;
    let known = |name: String| of(&name).map(|(contact, began)| (contact, began, name));
    let mut names: Vec<(ContactId, Time, String)> = names.into_iter().filter_map(known).collect();
    names.retain(|(_, began, _)| *began < before);
    names.sort_unstable();
    let mut swept = Swept::default();
    for part in names.chunks(NAMES) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            continue;
        };
        let recorded = archive.recorded(first.0, last.0).await?;
        let recorded: HashSet<String> = recorded.into_iter().collect();
        for (contact, began, name) in part.iter().filter(|(_, _, name)| !recorded.contains(name)) {
            if found(hub, archive, keeping, (*contact, *began), name).await? {
                swept.recorded += 1;
            } else {
                swept.aside += 1;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(swept)
}

/// Records one that was found, or moves it aside.
async fn found(
    hub: &Hub,
    archive: &Archive,
    keeping: Keeping,
    (contact, began): (ContactId, Time),
    name: &str,
) -> Result<bool, Stopped> {
    let (blobs, read) = (archive.blobs().clone(), name.to_owned());
    let reason = match away(move || blobs.content(&read)).await {
        Ok(content) if !is_recording(&content) => "it is no recording".to_owned(),
        Ok(_) if archive.contact(contact).await?.is_none() => "its contact is unknown".to_owned(),
        Ok(content) => {
            let length_ms = sound::length_ms(&content.bytes);
            let recorded = Command::Recorded {
                contact,
                blob: name.to_owned(),
                length_ms,
                keep_until: began + length_ms + keeping.recordings_ms,
                cut: !content.complete,
            };
            hub.report(recorded).await?;
            return Ok(true);
        }
        Err(Failure::Corrupt(reason)) => reason,
        Err(failure) => return Err(failure.into()),
    };
    tracing::error!(blob = name, reason, "a recording is moved aside");
    let (blobs, moved) = (archive.blobs().clone(), name.to_owned());
    away(move || blobs.set_aside(&moved)).await?;
    Ok(false)
}

/// What a crash left of the first second is empty; anything longer has the head of its form.
fn is_recording(content: &Content) -> bool {
    content.bytes.is_empty() || content.bytes.starts_with(&sound::header())
}

/// Erases recordings and personal data whose time is over at an instant.
pub async fn erase_due(
    hub: &Hub,
    archive: &Archive,
    keeping: Keeping,
    now: Time,
) -> Result<Erased, Stopped> {
    let mut erased = Erased::default();
    loop {
        let due = archive.due_recordings(now, STEP).await?;
        for (contact, blob) in &due {
            let (blobs, gone) = (archive.blobs().clone(), blob.clone());
            // First the file, then the word of it: after a crash between the two it is due again,
            // and that the file is gone already is no hindrance.
            match away(move || blobs.erase(&gone)).await {
                Ok(()) | Err(Failure::NoBlob(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
            let (contact, blob) = (*contact, blob.clone());
            hub.report(Command::RecordingErased { contact, blob })
                .await?;
            erased.recordings += 1;
        }
        if due.len() < STEP {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let before = now + -keeping.personal_ms;
    erased.personal = erase_personal(hub, archive, before).await?;
    erased.unreadable = erase_unreadable(archive, before).await?;
    for (said, keep_ms) in [
        (Said::Search, keeping.searches_ms),
        (Said::Remark, keeping.remarks_ms),
    ] {
        erased.words += erase_words(hub, said, now + -keep_ms).await?;
    }
    Ok(erased)
}

/// Erases words of the library that were written last before an instant.
async fn erase_words(hub: &Hub, said: Said, before: Time) -> Result<u64, Stopped> {
    let mut erased = 0;
    loop {
        let command = LibraryCommand::EraseWords { said, before };
        let answer = hub.librarian().send(Author::house(), command).await?;
        match answer {
            LibraryAnswer::Erased(count) if count > 0 => erased += count as u64,
            _ => return Ok(erased),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Erases letters that nobody could read. They belong to no contact: their own age counts. That
/// they came stays in the record.
async fn erase_unreadable(archive: &Archive, before: Time) -> Result<u64, Stopped> {
    let blobs = archive.blobs().clone();
    let there = away(move || blobs.names(UNREADABLE)).await?;
    if there.is_empty() {
        return Ok(0);
    }
    let there: HashSet<String> = there.into_iter().collect();
    let mut due = archive.dead_before(before).await?;
    due.retain(|blob| there.contains(blob));
    let erased = due.len() as u64;
    for names in due.chunks(STEP) {
        let (blobs, names) = (archive.blobs().clone(), names.to_vec());
        away(move || erase_all(&blobs, &names)).await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(erased)
}

async fn erase_personal(hub: &Hub, archive: &Archive, before: Time) -> Result<u64, Stopped> {
    let (mut erased, mut after) = (0, ContactId(0));
    loop {
        let due = archive.due_personal(before, after, STEP).await?;
        let Some(last) = due.contacts.last().copied() else {
            if due.more {
                after = due.seen;
                continue;
            }
            return Ok(erased);
        };
        for contact in due.contacts {
            erase_files(archive, contact).await?;
            match hub.report(Command::ErasePersonal { contact }).await {
                Ok(_) => erased += 1,
                // Somebody may still be called: the next round asks again.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !due.more {
            return Ok(erased);
        }
        after = last.max(due.seen);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Erases the files of a contact's letters: first the files, then the rows that know their names.
async fn erase_files(archive: &Archive, contact: ContactId) -> Result<(), Stopped> {
    for file in archive.letter_files(contact).await? {
        let names: Vec<String> = file.blobs().map(str::to_owned).collect();
        let blobs = archive.blobs().clone();
        away(move || erase_all(&blobs, &names)).await?;
    }
    Ok(())
}

fn erase_all(blobs: &Blobs, names: &[String]) -> Result<(), Failure> {
    for name in names {
        match blobs.erase(name) {
            Ok(()) | Err(Failure::NoBlob(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Runs what blocks away from the threads that serve.
async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(Failure::Engine(failure.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_and_since_when() {
        assert_eq!(of("recordings/12-99"), Some((ContactId(12), Time(99))));
        assert_eq!(of("recordings/x-99"), None);
        assert_eq!(of("take-1"), None);
    }
}
