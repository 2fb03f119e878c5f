//! What the actor keeps in its folder: notes it wrote, followers, files shown with notes. Never a
//! message of a citizen, and of a private answer only to whom and in which conversation.

use super::document::Shown;
use crate::letter::Attachment;
use crate::social::keep::{self, Kept};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Notes that the outbox shows.
const NEWEST: usize = 20;

/// A note of the city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// To whom.
    pub to: String,
    /// The conversation.
    pub thread: Option<String>,
    /// First tried at, RFC 3339: a repeated delivery is the same note.
    pub published: String,
    /// The whole activity, of a public one.
    pub create: Option<Value>,
}

/// A follower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The activity by which it followed.
    pub follow: String,
    /// It was told that it may.
    pub accepted: bool,
}

/// The public notes, as the outbox shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Outbox {
    count: usize,
    newest: Vec<String>,
}

/// The folder.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    followers: Kept<BTreeMap<String, Follower>>,
    outbox: Kept<Outbox>,
}

/// A name that can be part of a path: what the shelf itself gave out.
fn named(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Shelf {
    /// Opens the folder, made if there is none.
    pub fn open(folder: PathBuf) -> io::Result<Shelf> {
        for part in ["notes", "files"] {
            keep::folder(&folder.join(part))?;
        }
        Ok(Shelf {
            followers: Kept::open(folder.join("followers.json"))?,
            outbox: Kept::open(folder.join("outbox.json"))?,
            folder,
        })
    }

    fn note_path(&self, name: &str) -> Option<PathBuf> {
        named(name).then(|| self.folder.join("notes").join(format!("{name}.json")))
    }

    /// A note of this name.
    pub fn note(&self, name: &str) -> Option<Note> {
        let bytes = keep::read(&self.note_path(name)?).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps a note.
    pub fn keep(&mut self, name: &str, note: &Note) -> io::Result<()> {
        let path = self.note_path(name).ok_or(io::ErrorKind::InvalidInput)?;
        let new = keep::read(&path)?.is_none();
        keep::write(&path, &serde_json::to_vec(note)?)?;
        if note.create.is_some() && new {
            let outbox = &mut self.outbox.value;
            outbox.count += 1;
            outbox.newest.insert(0, name.to_owned());
            outbox.newest.truncate(NEWEST);
            self.outbox.save()?;
        }
        Ok(())
    }

    /// How many public notes there are, and the newest.
    pub fn outbox(&self) -> (usize, Vec<Value>) {
        let outbox = &self.outbox.value;
        let creates = outbox
            .newest
            .iter()
            .filter_map(|name| self.note(name)?.create);
        (outbox.count, creates.collect())
    }

    /// Keeps a file under a name that cannot be guessed.
    pub fn show(&self, name: &str, file: &Attachment, at: String) -> io::Result<Shown> {
        let path = self.file_path(name).ok_or(io::ErrorKind::InvalidInput)?;
        let head = format!("{}\n", file.media_type);
        keep::write(&path, &[head.as_bytes(), &file.bytes].concat())?;
        Ok(Shown {
            url: at,
            media_type: file.media_type.clone(),
            description: file.description.clone(),
        })
    }

    fn file_path(&self, name: &str) -> Option<PathBuf> {
        named(name).then(|| self.folder.join("files").join(name))
    }

    /// A file: media type and content.
    pub fn file(&self, name: &str) -> Option<(String, Vec<u8>)> {
        let bytes = keep::read(&self.file_path(name)?).ok()??;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let media_type = String::from_utf8(bytes[..end].to_vec()).ok()?;
        Some((media_type, bytes[end + 1..].to_vec()))
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.followers.value.len()
    }

    /// Followers who were not told yet.
    pub fn waiting(&self) -> Vec<(String, String)> {
        let all = self.followers.value.iter();
        all.filter(|(_, follower)| !follower.accepted)
            .map(|(actor, follower)| (actor.clone(), follower.follow.clone()))
            .collect()
    }

    /// Takes a follower in; known ones are told again.
    pub fn follow(&mut self, actor: &str, follow: &str) -> io::Result<()> {
        let follower = Follower {
            follow: follow.to_owned(),
            accepted: false,
        };
        self.followers.value.insert(actor.to_owned(), follower);
        self.followers.save()
    }

    /// A follower was told.
    pub fn accepted(&mut self, actor: &str) -> io::Result<()> {
        if let Some(follower) = self.followers.value.get_mut(actor) {
            follower.accepted = true;
        }
        self.followers.save()
    }

    /// A follower is gone; `follow` names the activity that is undone, none means any.
    pub fn unfollow(&mut self, actor: &str, follow: Option<&str>) -> io::Result<()> {
        let known = self.followers.value.get(actor);
        let meant = known.is_some_and(|known| follow.is_none_or(|id| id == known.follow));
        if !meant {
            return Ok(());
        }
        self.followers.value.remove(actor);
        self.followers.save()
    }
}
