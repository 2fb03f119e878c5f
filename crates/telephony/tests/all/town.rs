//! A small center for the scenes: hub and store in a temporary folder, the wing on loopback. Never
//! a peer.

use center::city::{
    Category, City, ContactId, CounselorId, CounselorProfile, Language, Need, OutcomeCode, Queue,
    Ring, Weights,
};
use center::command::Command;
use center::event::{Event, Fate};
use center::menu::{Menu, Node, NodePrompt, Target};
use center::record::{Row, Stage};
use center::statistics::{Cell, Summary};
use center::time::{Day, OpeningHours, Zone};
use hub::{Hub, MediaRequest, Start};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Fault, Faults, Place, Search};
use telephony::phone::{Carrier, Headset, Plan, Sound};
use telephony::{Counters, Settings, Telephony};
use tokio::sync::oneshot;

/// Speaks Korean and English.
pub const KIM: CounselorId = CounselorId(1);
/// Speaks Korean.
pub const LEE: CounselorId = CounselorId(2);

/// What the citizen says, and what the counselor says.
pub const CITIZEN_HZ: u32 = 450;
pub const COUNSELOR_HZ: u32 = 1_000;

/// How long anything may take before a scene gives up.
const LIMIT: Duration = Duration::from_secs(20);

/// A center that runs.
pub struct Town {
    pub hub: Hub,
    pub archive: Archive,
    pub telephony: Telephony,
    city: Arc<City>,
    faults: Faults,
    folder: tempfile::TempDir,
}

impl Town {
    pub async fn open() -> Town {
        Town::open_with(|_, _| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut City, &mut Settings)) -> Town {
        let folder = tempfile::tempdir().unwrap();
        Town::start(folder, change).await
    }

    async fn start(
        folder: tempfile::TempDir,
        change: impl FnOnce(&mut City, &mut Settings),
    ) -> Town {
        let mut city = city();
        let token: telephony::Token = Arc::new(|number: &str| format!("digest of {number}"));
        let mut settings = Settings::loopback(folder.path(), token);
        change(&mut city, &mut settings);
        let city = Arc::new(city);
        let place = Place::Folder(folder.path().to_owned());
        let (journal, archive) = store::open(&place, &city).await.unwrap();
        let faults = journal.faults();
        let known = archive.clone();
        settings.known_keys = Arc::new(move |keys| {
            let known = known.clone();
            Box::pin(async move { known.known_keys(&keys).await.map_err(|no| no.to_string()) })
        });
        let start = Start {
            city: city.clone(),
            journal,
        };
        let (hub, wings) = hub::start(start).await.unwrap();
        let blobs = archive.blobs().clone();
        let telephony = telephony::start(settings, hub.clone(), wings, blobs);
        Town {
            telephony: telephony.await.unwrap(),
            hub,
            archive,
            city,
            faults,
            folder,
        }
    }

    /// Stops everything where it stands and starts it on the same paper.
    pub async fn restart(self) -> Town {
        self.restart_with(|_, _| {}).await
    }

    pub async fn restart_with(self, change: impl FnOnce(&mut City, &mut Settings)) -> Town {
        let Town {
            hub,
            archive,
            telephony,
            folder,
            ..
        } = self;
        telephony.shutdown().await;
        drop((hub, archive));
        tokio::time::sleep(Duration::from_millis(100)).await;
        Town::start(folder, change).await
    }

    /// The next write fails as on a full disk.
    pub fn fail_next_write(&self) {
        self.faults.next(Fault::Full(1));
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn counters(&self) -> Counters {
        self.telephony.counters()
    }

    pub async fn carrier(&self) -> Carrier {
        Carrier::open(self.telephony.local_sip()).await.unwrap()
    }

    pub async fn send(&self, command: Command) {
        self.hub.send(command).await.unwrap();
    }

    /// Signs in, plugs a headset in and is ready.
    pub async fn at_desk(&self, counselor: CounselorId) -> Headset {
        let headset = self.headset(counselor).await;
        self.send(Command::SignIn { counselor }).await;
        self.send(Command::Ready { counselor }).await;
        headset
    }

    /// A headset at a counselor's desk; an earlier one is replaced.
    pub async fn headset(&self, counselor: CounselorId) -> Headset {
        let sound = Sound {
            says_hz: COUNSELOR_HZ,
            hears_hz: vec![CITIZEN_HZ],
        };
        let (offered, offer) = Headset::offer(sound).unwrap();
        let (reply, answer) = oneshot::channel();
        self.ask(MediaRequest::Desk {
            counselor,
            offer,
            reply,
        });
        let mut headset = offered.take(&answer.await.unwrap().unwrap()).unwrap();
        assert!(headset.up().await, "the headset connects");
        headset
    }

    pub fn ask(&self, request: MediaRequest) {
        assert!(self.hub.media().ask(request), "telephony takes requests");
    }

    /// Takes the contact that rings at a desk.
    pub async fn accept(&self, counselor: CounselorId) -> ContactId {
        let row = self.row(|row| row.stage == Stage::Ringing).await;
        let contact = row.contact;
        self.send(Command::Accept { counselor, contact }).await;
        contact
    }

    /// The first contact that is as wanted, as soon as it is.
    pub async fn row(&self, wanted: impl Fn(&Row) -> bool) -> Row {
        within("a contact as wanted", async || {
            let rows = self.archive.contacts(&all()).await.unwrap();
            rows.into_iter().find(&wanted)
        })
        .await
    }

    pub async fn rows(&self) -> Vec<Row> {
        let mut rows = self.archive.contacts(&all()).await.unwrap();
        rows.sort_by_key(|row| row.contact);
        rows
    }

    /// Writes the record of a contact that is over.
    pub async fn finish(&self, counselor: CounselorId, contact: ContactId) {
        let (category, outcome) = (Some("ADM-01".to_owned()), Some("AN".to_owned()));
        self.send(Command::Classify {
            counselor,
            contact,
            category,
            outcome,
        })
        .await;
        self.send(Command::Finish {
            counselor,
            contact,
            ready: true,
        })
        .await;
    }

    /// Waits for the recordings of a contact.
    pub async fn recordings(&self, contact: ContactId, count: usize) -> Vec<Vec<u8>> {
        let stored = within("the recordings", async || {
            let stored = self.archive.recordings(contact).await.unwrap();
            (stored.len() == count).then_some(stored)
        });
        let read = |blob: &str| self.archive.blobs().read(blob).unwrap();
        stored.await.iter().map(|one| read(&one.blob)).collect()
    }

    pub async fn today(&self) -> Summary {
        let seconds = self.hub.now().0 / 1_000;
        let day = Day((seconds / 86_400) as i32);
        let mut summary = Summary::default();
        for (cell, measures) in self.archive.cells(Day(day.0 - 1), day).await.unwrap() {
            if let Cell::Hour { fate, .. } = cell {
                summary.add(fate, &measures);
            }
        }
        summary
    }

    /// Journal, statistics and telephony's own log say the same.
    pub async fn is_clean(&self) {
        let place = Place::Folder(self.folder.path().to_owned());
        let report = store::audit(&place, &self.city).await.unwrap();
        assert!(report.clean(), "{report:?}");
    }

    /// The kinds of events of a contact, in order.
    pub async fn events(&self, contact: ContactId) -> Vec<Event> {
        let timeline = self.archive.timeline(contact).await.unwrap();
        timeline.into_iter().map(|entry| entry.event).collect()
    }
}

fn all() -> Search {
    Search {
        limit: 10_000,
        ..Search::default()
    }
}

/// Looks again and again until there is something to see.
pub async fn within<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(LIMIT, looking).await;
    found.unwrap_or_else(|elapsed| panic!("waited in vain for {what}: {elapsed}"))
}

pub fn plan(from: &str) -> Plan {
    Plan {
        from: from.to_owned(),
        to: "120".to_owned(),
        sound: Some(Sound {
            says_hz: CITIZEN_HZ,
            hears_hz: vec![COUNSELOR_HZ],
        }),
    }
}

/// Whether a contact is over with this fate.
pub fn closed(fate: Fate) -> impl Fn(&Row) -> bool {
    move |row: &Row| row.fate == Some(fate)
}

fn city() -> City {
    City {
        names: names("Town"),
        zone: Zone::fixed(0),
        language: Language::Ko,
        queues: vec![queue("general", "ko"), queue("english", "en")],
        menu: menu(),
        reserves: Vec::new(),
        counselors: vec![counselor(1, &["ko", "en"]), counselor(2, &["ko"])],
        categories: vec![Category {
            code: "ADM-01".into(),
            names: names("Passport"),
            leaf: true,
        }],
        outcomes: vec![OutcomeCode {
            code: "AN".into(),
            names: names("Answered"),
        }],
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: true,
        texting: false,
        library: center::knowledge::Library::default(),
    }
}

fn names(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("en".to_owned(), name.to_owned())])
}

fn counselor(number: u32, skills: &[&str]) -> CounselorProfile {
    CounselorProfile {
        id: CounselorId(number),
        login: format!("c{number}"),
        name: format!("Counselor {number}"),
        skills: skills
            .iter()
            .map(|skill| ((*skill).to_owned(), 3))
            .collect(),
        supervisor: false,
        library: center::knowledge::Role::default(),
    }
}

fn queue(code: &str, skill: &str) -> Queue {
    Queue {
        code: code.into(),
        names: names(code),
        channel: center::city::Channel::Voice,
        language: None,
        rings: vec![Ring {
            after_ms: 0,
            needs: vec![Need {
                skill: skill.into(),
                level: 1,
            }],
        }],
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: 1_000,
        target_ms: 20_000,
        callback_from_ms: 180_000,
        handling_ms: 180_000,
        patience_ms: 400_000,
    }
}

/// One prompt, then `0` for everybody and `9`, `1` for English; silence leads to a person.
fn menu() -> Menu {
    let general = || Target::Queue("general".into());
    let node = |keys: &[(char, Target)]| Node {
        play: vec![NodePrompt {
            name: "welcome".into(),
            language: None,
        }],
        barge_in: true,
        keys: keys.iter().cloned().collect(),
        timeout_ms: 60_000,
        on_timeout: general(),
        invalid_max: 2,
    };
    let english = Target::Language(Language::En, "english".into());
    Menu {
        entry: "welcome".into(),
        nodes: BTreeMap::from([
            (
                "welcome".into(),
                node(&[('0', general()), ('9', Target::Node("language".into()))]),
            ),
            ("language".into(), node(&[('1', english)])),
        ]),
    }
}
