//! A house that takes what connections hand in and remembers it. Never decides anything.

use center::city::{City, ContactId, Language, Weights};
use center::menu::Menu;
use center::time::{Time, Zone};
use messaging::inlet::{HandedIn, Inlet, Inward, NotTaken, Taken};
use messaging::letter::{DeadLetter, Incoming, Receipt};
use messaging::sms::memory::Memory;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Blobs, Place};
use tokio::sync::mpsc;

/// What was handed in so far, and the end that connections hand to.
pub struct House {
    pub inlet: Inlet,
    taken: mpsc::UnboundedReceiver<Inward>,
    refusing: Arc<AtomicBool>,
    known: Arc<Mutex<Vec<(String, String)>>>,
}

impl House {
    pub fn new() -> House {
        let (inlet, handed) = Inlet::new(16);
        let (tell, taken) = mpsc::unbounded_channel();
        let refusing = Arc::new(AtomicBool::new(false));
        let known = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(take(handed, tell, refusing.clone(), known.clone()));
        House {
            inlet,
            taken,
            refusing,
            known,
        }
    }

    /// From now on nothing can be written, or again it can.
    pub fn refuse(&self, refuse: bool) {
        self.refusing.store(refuse, Ordering::SeqCst);
    }

    /// Messages so far, each key once.
    pub fn messages(&self) -> usize {
        self.known.lock().unwrap().len()
    }

    pub async fn next(&mut self) -> Inward {
        let next = tokio::time::timeout(Duration::from_secs(30), self.taken.recv());
        next.await.expect("something is handed in").unwrap()
    }

    pub async fn message(&mut self) -> Incoming {
        match self.next().await {
            Inward::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    pub async fn receipt(&mut self) -> Receipt {
        match self.next().await {
            Inward::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    }

    pub async fn dead_letter(&mut self) -> DeadLetter {
        match self.next().await {
            Inward::DeadLetter(letter) => letter,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing was handed in that nobody asked for.
    pub fn assert_empty(&mut self) {
        assert!(self.taken.try_recv().is_err());
    }
}

async fn take(
    mut handed: mpsc::Receiver<HandedIn>,
    tell: mpsc::UnboundedSender<Inward>,
    refusing: Arc<AtomicBool>,
    known: Arc<Mutex<Vec<(String, String)>>>,
) {
    while let Some(HandedIn { inward, reply }) = handed.recv().await {
        if refusing.load(Ordering::SeqCst) {
            reply.send(Err(NotTaken::Unwritten)).unwrap();
            continue;
        }
        let taken = match &inward {
            Inward::Message(message) => {
                let key = (message.via.clone(), message.key.clone());
                let mut known = known.lock().unwrap();
                let again = known.contains(&key);
                if !again {
                    known.push(key);
                }
                let contact = ContactId(known.len() as u64);
                Taken::Message { contact, again }
            }
            _ => Taken::Kept,
        };
        let new = !matches!(taken, Taken::Message { again: true, .. });
        if new {
            tell.send(inward).unwrap();
        }
        let _ = reply.send(Ok(taken));
    }
}

/// A folder with its paper.
pub struct Room {
    folder: tempfile::TempDir,
    blobs: Blobs,
}

impl Room {
    pub async fn new() -> Room {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let (_, archive) = store::open(&place, &Arc::new(city())).await.unwrap();
        let blobs = archive.blobs().clone();
        Room { folder, blobs }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What texts need remembered, as a house that starts finds it.
    pub fn memory(&self) -> Memory {
        let folder = self.path().join("messaging");
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        Memory::open(&folder, self.blobs.clone(), Time(now.as_millis() as i64)).unwrap()
    }
}

/// A city of which the paper only needs the clock.
fn city() -> City {
    City {
        names: BTreeMap::from([("en".into(), "Town".into())]),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}
