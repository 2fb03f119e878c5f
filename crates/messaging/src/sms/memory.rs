//! What SMPP must remember over a restart: parts that wait for the others, messages that may be
//! delivered again, ids whose receipts are due. Lines without a number; texts are encrypted.

use crate::letter::Fortune;
use center::time::Time;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use store::Blobs;

use crate::sms::text::Encoding;
use ids::spellings;
use synced::Synced;

/// Milliseconds after which a message is handed in without the parts that never came; as long a
/// delivered message is remembered, so that its parts are known when they come again.
pub const PARTS_MS: i64 = 24 * 60 * 60 * 1_000;

/// Milliseconds in which a receipt is expected.
const RECEIPTS_MS: i64 = 3 * PARTS_MS;

/// Milliseconds after which a gateway may have lost patience with an answer and sends again on the
/// same line.
const SLOW_MS: i64 = 10_000;

/// Lines after which the file is written anew, when most of them are of no more use.
const LINES_MAX: usize = 20_000;

/// Nothing can be remembered right now: acknowledge nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what texts need remembered cannot be written right now")]
pub struct Forgetful;

/// Part of a message, as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name of the connection.
    pub via: String,
    /// Who wrote.
    pub from: String,
    /// To which number.
    pub to: String,
    /// Reference that its parts share.
    pub reference: u16,
    /// Parts of the message.
    pub total: u8,
    /// Number of this part, from 1.
    pub number: u8,
    /// How its octets are letters.
    pub encoding: Encoding,
    /// Octets, without a header.
    pub octets: Vec<u8>,
}

/// A message as far as its parts came.
#[derive(Clone, PartialEq, Eq)]
pub struct Whole {
    /// What identifies it, however often its parts come.
    pub key: String,
    /// Its parts in their order; at least one.
    pub parts: Vec<Part>,
    set: String,
    first: i64,
}

impl Whole {
    /// Numbers of the parts that never came.
    pub fn missing(&self) -> Vec<u8> {
        let total = self.parts.first().map_or(0, |part| part.total);
        let there = |number: u8| self.parts.iter().any(|part| part.number == number);
        (1..=total).filter(|number| !there(*number)).collect()
    }
}

fn whole(set: &str, first: i64, parts: Vec<Part>) -> Whole {
    Whole {
        key: format!("{set}-{first}"),
        parts,
        set: set.to_owned(),
        first,
    }
}

/// What became of a part.
#[derive(Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is durable and waits for others.
    Waiting,
    /// It belongs to a message that was handed in already.
    Again,
    /// It was the last: hand the message in, then say `handed_in`.
    Whole(Box<Whole>),
}

/// A message that waits for parts, for the floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Name of the connection.
    pub via: String,
    /// When its first part came.
    pub since: Time,
    /// Parts of the message.
    pub total: u8,
    /// Parts that are missing.
    pub missing: Vec<u8>,
}

/// The memory; cloned freely, one for all connections, so that parts may come by different ones.
/// All calls block shortly.
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    synced: Arc<Synced>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

/// A line of the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
enum Line {
    Part {
        set: String,
        first: i64,
        number: u8,
        digest: String,
        blob: String,
    },
    Done {
        set: String,
        first: i64,
    },
    Came {
        digest: String,
        at: i64,
    },
    Settled {
        digest: String,
        at: i64,
    },
    Sent {
        via: String,
        at: i64,
        reference: String,
        id: String,
        total: u32,
    },
    Told {
        via: String,
        reference: String,
        id: String,
        fortune: Known,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Known {
    Delivered,
    Failed,
    Expired,
}

struct Piece {
    digest: String,
    blob: String,
}

struct Set {
    first: i64,
    pieces: BTreeMap<u8, Piece>,
    done: bool,
}

struct Single {
    at: i64,
    /// The session in which it came; none when that is over and it may come again.
    session: Option<u64>,
}

struct Sent {
    at: i64,
    total: u32,
    ids: BTreeMap<String, Option<Known>>,
    over: bool,
}

struct Inner {
    path: PathBuf,
    file: File,
    lines: usize,
    /// Lines written since the start.
    written: u64,
    blobs: Blobs,
    salt: Vec<u8>,
    broken: bool,
    sets: BTreeMap<String, Vec<Set>>,
    singles: BTreeMap<String, Vec<Single>>,
    /// When the latest of them came: no two have the same time.
    latest: i64,
    sent: BTreeMap<(String, String), Sent>,
    /// From every spelling of an id to its reference.
    ids: BTreeMap<(String, String), String>,
}

impl Memory {
    /// Opens the memory in a folder and forgets what is too old.
    pub fn open(folder: &Path, blobs: Blobs, now: Time) -> Result<Memory, Forgetful> {
        fs::create_dir_all(folder).map_err(|_| Forgetful)?;
        let path = folder.join("texts.log");
        let known = fs::read(&path).unwrap_or_default();
        let file = append_to(&path)?;
        let salt = salt(&blobs)?;
        let mut inner = Inner {
            path,
            file,
            lines: 0,
            written: 0,
            blobs,
            salt,
            broken: false,
            sets: BTreeMap::new(),
            singles: BTreeMap::new(),
            latest: 0,
            sent: BTreeMap::new(),
            ids: BTreeMap::new(),
        };
        for line in known.split(|octet| *octet == b'\n') {
            // A torn or foreign line was never acted upon.
            if let Ok(line) = serde_json::from_slice(line) {
                inner.apply(line);
            }
        }
        inner.forget(now);
        inner.rewrite()?;
        Ok(Memory {
            inner: Arc::new(Mutex::new(inner)),
            synced: Arc::default(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding it")
    }

    /// Keeps a part; it is durable when this returns.
    pub fn part(&self, now: Time, part: &Part) -> Result<Kept, Forgetful> {
        self.inner().part(now, part)
    }

    /// A message was handed in: its texts are erased, its parts known for a day.
    pub fn handed_in(&self, whole: &Whole) -> Result<(), Forgetful> {
        let done = Line::Done {
            set: whole.set.clone(),
            first: whole.first,
        };
        self.inner().record(done)
    }

    /// What must be handed in now: whole messages that were not, and those whose time is over.
    pub fn due(&self, now: Time) -> Vec<Whole> {
        let inner = self.inner();
        let mut due = Vec::new();
        for (name, sets) in &inner.sets {
            for set in sets.iter().filter(|set| !set.done) {
                let parts = inner.parts_of(set);
                let total = parts.first().map_or(0, |part| usize::from(part.total));
                let over = set.first + PARTS_MS <= now.0;
                if !parts.is_empty() && (over || parts.len() == total) {
                    due.push(whole(name, set.first, parts));
                }
            }
        }
        due
    }

    /// Messages that wait for parts, longest first.
    pub fn waiting(&self) -> Vec<Waiting> {
        let inner = self.inner();
        let open = inner.sets.values().flatten().filter(|set| !set.done);
        let mut waiting: Vec<Waiting> = open
            .filter_map(|set| {
                let parts = inner.parts_of(set);
                let first = parts.first()?;
                let there = |number: u8| set.pieces.contains_key(&number);
                Some(Waiting {
                    via: first.via.clone(),
                    since: Time(set.first),
                    total: first.total,
                    missing: (1..=first.total).filter(|number| !there(*number)).collect(),
                })
            })
            .collect();
        waiting.sort_by_key(|waiting| waiting.since);
        waiting
    }

    /// The key of a message of one part, durable when this returns: after a loss of power the same
    /// is known again. The same in another session, before it is known that the gateway heard our
    /// answer, is the same message; otherwise it is another one.
    pub fn came(&self, now: Time, session: u64, fields: &[&[u8]]) -> Result<Came, Forgetful> {
        let (came, line) = {
            let mut inner = self.inner();
            (inner.came(now, session, fields)?, inner.written)
        };
        self.synced.wait(line, || {
            let inner = self.inner();
            Ok((
                inner.written,
                inner.file.try_clone().map_err(|_| Forgetful)?,
            ))
        })?;
        Ok(came)
    }

    /// The gateway heard the answer to this message: the same words are another message now.
    pub fn settled(&self, came: &Came) -> Result<(), Forgetful> {
        let line = Line::Settled {
            digest: came.digest.clone(),
            at: came.at,
        };
        self.inner().record(line)
    }

    /// A session is over: what it did not settle may come again.
    pub fn over(&self, session: u64) {
        let mut inner = self.inner();
        for single in inner.singles.values_mut().flatten() {
            if single.session == Some(session) {
                single.session = None;
            }
        }
    }

    /// A gateway took part of a message of `total` parts under this id; `reference` is what the
    /// outbox knows the message by.
    pub fn sent(
        &self,
        now: Time,
        via: &str,
        reference: &str,
        id: &str,
        total: u32,
    ) -> Result<(), Forgetful> {
        let line = Line::Sent {
            via: via.to_owned(),
            at: now.0,
            reference: reference.to_owned(),
            id: id.to_owned(),
            total,
        };
        self.inner().record(line)
    }

    /// A receipt for an id, in whatever spelling: the reference and fortune of the message, once
    /// it is known for all its parts, and again whenever a receipt for one of them comes after
    /// that. An id that nobody knows is its own reference.
    pub fn told(
        &self,
        via: &str,
        id: &str,
        fortune: Fortune,
    ) -> Result<Option<(String, Fortune)>, Forgetful> {
        let mut inner = self.inner();
        let spellings = spellings(id);
        let known = spellings.iter().find_map(|spelling| {
            let place = (via.to_owned(), spelling.clone());
            inner.ids.get(&place).cloned()
        });
        let Some(reference) = known else {
            return Ok(Some((id.to_owned(), fortune)));
        };
        let place = (via.to_owned(), reference.clone());
        let ids = inner.sent.get(&place).map(|sent| &sent.ids);
        let own = ids.and_then(|ids| {
            let same = |own: &&String| ids::spellings(own).iter().any(|s| spellings.contains(s));
            ids.keys().find(same).cloned()
        });
        let line = Line::Told {
            via: via.to_owned(),
            reference: reference.clone(),
            id: own.unwrap_or_else(|| id.to_owned()),
            fortune: known_as(fortune),
        };
        inner.record(line)?;
        let sent = inner.sent.get(&place).filter(|sent| sent.over);
        Ok(sent.map(|sent| (reference, sent.fortune())))
    }

    /// Forgets what is too old; the file is written anew when most of it is of no use.
    pub fn tidy(&self, now: Time) -> Result<(), Forgetful> {
        let mut inner = self.inner();
        inner.forget(now);
        if inner.lines > LINES_MAX && inner.lines > 2 * inner.live() {
            inner.rewrite()?;
        }
        Ok(())
    }
}

/// A message of one part, as remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    digest: String,
    at: i64,
}

impl Came {
    /// What identifies the message.
    pub fn key(&self) -> String {
        format!("{}-{}", self.digest, self.at)
    }
}

impl Sent {
    fn fortune(&self) -> Fortune {
        let worst = |known| self.ids.values().any(|told| *told == Some(known));
        match () {
            () if worst(Known::Failed) => Fortune::Failed,
            () if worst(Known::Expired) => Fortune::Expired,
            () => Fortune::Delivered,
        }
    }
}

fn known_as(fortune: Fortune) -> Known {
    match fortune {
        Fortune::Delivered => Known::Delivered,
        Fortune::Failed => Known::Failed,
        Fortune::Expired => Known::Expired,
    }
}

fn append_to(path: &Path) -> Result<File, Forgetful> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|_| Forgetful)
}

/// What makes digests of numbers worthless to whoever finds the file.
fn salt(blobs: &Blobs) -> Result<Vec<u8>, Forgetful> {
    const NAME: &str = "texts/salt";
    if let Ok(content) = blobs.content(NAME)
        && content.complete
        && content.bytes.len() == 32
    {
        return Ok(content.bytes);
    }
    let _ = blobs.erase(NAME);
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|_| Forgetful)?;
    write(blobs, NAME, &salt)?;
    Ok(salt.to_vec())
}

fn write(blobs: &Blobs, name: &str, bytes: &[u8]) -> Result<(), Forgetful> {
    let mut blob = blobs.create(name).map_err(|_| Forgetful)?;
    blob.append(bytes).map_err(|_| Forgetful)?;
    blob.finish().map_err(|_| Forgetful)
}

impl Inner {
    fn came(&mut self, now: Time, session: u64, fields: &[&[u8]]) -> Result<Came, Forgetful> {
        let digest = self.digest(fields);
        let known = self.singles.entry(digest.clone()).or_default();
        let again = |single: &&mut Single| match single.session {
            None => true,
            Some(own) => own == session && now.0 - single.at > SLOW_MS,
        };
        if let Some(single) = known.iter_mut().find(again) {
            single.session = Some(session);
            let at = single.at;
            return Ok(Came { digest, at });
        }
        let at = now.0.max(self.latest + 1);
        self.record(Line::Came {
            digest: digest.clone(),
            at,
        })?;
        let known = self.singles.entry(digest.clone()).or_default();
        for single in known.iter_mut().filter(|single| single.at == at) {
            single.session = Some(session);
        }
        Ok(Came { digest, at })
    }

    fn digest(&self, fields: &[&[u8]]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.salt).expect("any length is a key");
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        let mac = mac.finalize().into_bytes();
        let half = mac.first_chunk().expect("the digest has 32 octets");
        format!("{:032x}", u128::from_be_bytes(*half))
    }

    fn part(&mut self, now: Time, part: &Part) -> Result<Kept, Forgetful> {
        let shared = [part.reference.to_be_bytes().as_slice(), &[part.total]].concat();
        let set = self.digest(&[part.from.as_bytes(), part.to.as_bytes(), &shared]);
        let digest = self.digest(&[&[part.number], &part.octets]);
        let known = self.sets.entry(set.clone()).or_default();
        // The same part again, or the latest message that lacks it, or a new message.
        let same = |known: &&Set| {
            let piece = known.pieces.get(&part.number);
            piece.is_some_and(|piece| piece.digest == digest)
        };
        let lacks = |known: &&Set| !known.done && !known.pieces.contains_key(&part.number);
        let again = known.iter().rev().find(same);
        let found = again.or_else(|| known.iter().rev().find(lacks));
        if found.is_some_and(|set| set.done) {
            return Ok(Kept::Again);
        }
        let last = known.iter().map(|set| set.first).max();
        let new = last.map_or(now.0, |last| now.0.max(last + 1));
        let first = found.map_or(new, |set| set.first);
        if again.is_none() {
            let blob = format!("texts/{set}-{}-{}", part.number, now.0);
            let (number, set) = (part.number, set.clone());
            let line = Line::Part {
                set,
                first,
                number,
                digest,
                blob: blob.clone(),
            };
            let text = serde_json::to_vec(part).map_err(|_| Forgetful)?;
            self.write_part(line, &blob, &text)?;
        }
        let sets = self.sets.get(&set).map(Vec::as_slice).unwrap_or_default();
        let Some(kept) = sets.iter().find(|set| set.first == first) else {
            return Err(Forgetful);
        };
        if kept.pieces.len() < usize::from(part.total) {
            return Ok(Kept::Waiting);
        }
        let parts = self.parts_of(kept);
        if parts.len() < usize::from(part.total) {
            return Err(Forgetful);
        }
        Ok(Kept::Whole(Box::new(whole(&set, first, parts))))
    }

    /// The line names the blob before it is there, so that none is left behind; both are durable
    /// before the part counts.
    fn write_part(&mut self, line: Line, blob: &str, text: &[u8]) -> Result<(), Forgetful> {
        self.write_line(&line)?;
        write(&self.blobs, blob, text)?;
        if self.file.sync_data().is_err() {
            self.broken = true;
            return Err(Forgetful);
        }
        self.apply(line);
        Ok(())
    }

    fn write_line(&mut self, line: &Line) -> Result<(), Forgetful> {
        if self.broken {
            return Err(Forgetful);
        }
        let mut text = serde_json::to_vec(line).map_err(|_| Forgetful)?;
        text.push(b'\n');
        self.lines += 1;
        self.written += 1;
        if self.file.write_all(&text).is_err() {
            // A torn line is passed over when read; begin the next one on its own.
            let _ = self.file.write_all(b"\n");
            return Err(Forgetful);
        }
        Ok(())
    }

    /// Writes a line that need not survive a loss of power: what follows from it is repeated then.
    fn record(&mut self, line: Line) -> Result<(), Forgetful> {
        self.write_line(&line)?;
        self.apply(line);
        Ok(())
    }

    /// What a line changes, now or when it is read again.
    fn apply(&mut self, line: Line) {
        match line {
            Line::Part {
                set,
                first,
                number,
                digest,
                blob,
            } => {
                let sets = self.sets.entry(set).or_default();
                let at = sets.iter().position(|set| set.first == first);
                let at = at.unwrap_or_else(|| {
                    sets.push(Set {
                        first,
                        pieces: BTreeMap::new(),
                        done: false,
                    });
                    sets.len() - 1
                });
                sets[at].pieces.insert(number, Piece { digest, blob });
            }
            Line::Done { set, first } => {
                let sets = self.sets.entry(set).or_default();
                for set in sets.iter_mut().filter(|set| set.first == first) {
                    set.done = true;
                    for piece in set.pieces.values() {
                        let _ = self.blobs.erase(&piece.blob);
                    }
                }
            }
            Line::Came { digest, at } => {
                let session = None;
                self.latest = self.latest.max(at);
                let singles = self.singles.entry(digest).or_default();
                singles.push(Single { at, session });
            }
            Line::Settled { digest, at } => {
                let singles = self.singles.entry(digest.clone()).or_default();
                singles.retain(|single| single.at != at);
                if singles.is_empty() {
                    self.singles.remove(&digest);
                }
            }
            Line::Sent {
                via,
                at,
                reference,
                id,
                total,
            } => self.apply_sent(&via, at, reference, id, total),
            Line::Told {
                via,
                reference,
                id,
                fortune,
            } => {
                if let Some(sent) = self.sent.get_mut(&(via, reference)) {
                    sent.ids.insert(id, Some(fortune));
                    let told = sent.ids.values().flatten();
                    let delivered = told.clone().filter(|told| **told == Known::Delivered);
                    let all = delivered.count() >= sent.total as usize;
                    let failed = told.into_iter().any(|told| *told != Known::Delivered);
                    sent.over |= failed || all;
                }
            }
        }
    }

    fn apply_sent(&mut self, via: &str, at: i64, reference: String, id: String, total: u32) {
        for spelling in spellings(&id) {
            let place = (via.to_owned(), spelling);
            self.ids.insert(place, reference.clone());
        }
        let sent = self.sent.entry((via.to_owned(), reference));
        let sent = sent.or_insert_with(|| Sent {
            at,
            total,
            ids: BTreeMap::new(),
            over: false,
        });
        sent.ids.entry(id).or_insert(None);
    }

    /// The parts of a set that can be read, in their order.
    fn parts_of(&self, set: &Set) -> Vec<Part> {
        let read = |piece: &Piece| {
            let content = self.blobs.content(&piece.blob).ok()?;
            content.complete.then_some(content.bytes)
        };
        let texts = set.pieces.values().filter_map(read);
        texts
            .filter_map(|text| serde_json::from_slice(&text).ok())
            .collect()
    }

    fn forget(&mut self, now: Time) {
        let young = |at: i64, most: i64| now.0 - at < most;
        for sets in self.sets.values_mut() {
            sets.retain(|set| !set.done || young(set.first, 2 * PARTS_MS));
            // A part whose text was never written whole was never acknowledged.
            for set in sets.iter_mut().filter(|set| !set.done) {
                let blobs = &self.blobs;
                set.pieces.retain(|_, piece| {
                    let whole = blobs.content(&piece.blob).is_ok_and(|found| found.complete);
                    if !whole {
                        let _ = blobs.erase(&piece.blob);
                    }
                    whole
                });
            }
            sets.retain(|set| !set.pieces.is_empty());
        }
        self.sets.retain(|_, sets| !sets.is_empty());
        for singles in self.singles.values_mut() {
            singles.retain(|single| young(single.at, PARTS_MS));
        }
        self.singles.retain(|_, singles| !singles.is_empty());
        self.sent.retain(|_, sent| young(sent.at, RECEIPTS_MS));
        let sent = &self.sent;
        self.ids
            .retain(|(via, _), reference| sent.contains_key(&(via.clone(), reference.clone())));
    }

    fn live(&self) -> usize {
        let sets = self.sets.values().flatten();
        let parts: usize = sets
            .map(|set| set.pieces.len() + usize::from(set.done))
            .sum();
        let ids = self.sent.values().map(|sent| sent.ids.len() * 2);
        parts + self.singles.values().map(Vec::len).sum::<usize>() + ids.sum::<usize>()
    }

    /// Writes the file anew, with what is still of use.
    fn rewrite(&mut self) -> Result<(), Forgetful> {
        let lines = self.useful();
        let mut text = Vec::new();
        for line in &lines {
            serde_json::to_writer(&mut text, line).map_err(|_| Forgetful)?;
            text.push(b'\n');
        }
        let other = self.path.with_extension("new");
        let replace = || {
            let mut file = File::create(&other)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&other, &self.path)?;
            let folder = self.path.parent().unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        replace().map_err(|_| Forgetful)?;
        self.file = append_to(&self.path)?;
        self.lines = lines.len();
        Ok(())
    }

    fn useful(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (name, set) in self
            .sets
            .iter()
            .flat_map(|(name, sets)| sets.iter().map(move |set| (name, set)))
        {
            let first = set.first;
            lines.extend(set.pieces.iter().map(|(number, piece)| Line::Part {
                set: name.clone(),
                first,
                number: *number,
                digest: piece.digest.clone(),
                blob: piece.blob.clone(),
            }));
            if set.done {
                let set = name.clone();
                lines.push(Line::Done { set, first });
            }
        }
        for (digest, singles) in &self.singles {
            lines.extend(singles.iter().map(|single| Line::Came {
                digest: digest.clone(),
                at: single.at,
            }));
        }
        for ((via, reference), sent) in &self.sent {
            for (id, told) in &sent.ids {
                lines.push(Line::Sent {
                    via: via.clone(),
                    at: sent.at,
                    reference: reference.clone(),
                    id: id.clone(),
                    total: sent.total,
                });
                lines.extend(told.map(|fortune| Line::Told {
                    via: via.clone(),
                    reference: reference.clone(),
                    id: id.clone(),
                    fortune,
                }));
            }
        }
        lines
    }
}

mod ids;
mod synced;

#[cfg(test)]
mod tests;
