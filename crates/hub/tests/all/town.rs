//! A small town for the scenes: two queues, two counselors, a store in a temporary folder.

use center::city::{
    Category, Channel, City, ContactId, CounselorId, CounselorProfile, Language, Need, OutcomeCode,
    Queue, Ring, Weights,
};
use center::command::{Answer, Command, Refusal};
use center::effect::Effect;
use center::menu::{Menu, Node, Target};
use center::statistics::{Cell, Summary};
use center::time::{Day, OpeningHours, Zone};
use hub::{Hub, Personal, Start, Wings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Fault, Faults, Place};

/// Speaks Korean and English.
pub const KIM: CounselorId = CounselorId(1);

/// A center that runs, and the ends a wing would hold.
pub struct House {
    pub hub: Hub,
    pub wings: Wings,
    pub archive: Archive,
    city: Arc<City>,
    place: Place,
    faults: Faults,
    folder: tempfile::TempDir,
}

impl House {
    pub async fn open() -> House {
        House::open_with(|_| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut City)) -> House {
        let mut city = city();
        change(&mut city);
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        House::start(Arc::new(city), place, folder).await
    }

    async fn start(city: Arc<City>, place: Place, folder: tempfile::TempDir) -> House {
        let (journal, archive) = store::open(&place, &city).await.unwrap();
        let faults = journal.faults();
        let (hub, wings) = hub::start(Start {
            city: city.clone(),
            journal,
        })
        .await
        .unwrap();
        House {
            hub,
            wings,
            archive,
            city,
            place,
            faults,
            folder,
        }
    }

    /// Stops the center where it stands and starts it on the same paper.
    pub async fn restart(self) -> House {
        let House {
            hub,
            wings,
            city,
            place,
            folder,
            archive,
            ..
        } = self;
        drop((hub, wings, archive));
        tokio::time::sleep(Duration::from_millis(50)).await;
        House::start(city, place, folder).await
    }

    /// The next write fails as on a full disk.
    pub fn fail_next_write(&self) {
        self.faults.next(Fault::Full(1));
    }

    /// Lets writes fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    pub async fn send(&self, command: Command) -> Result<Answer, hub::Error> {
        self.hub.send(command).await
    }

    pub async fn refused(&self, command: Command) -> Refusal {
        match self.hub.send(command).await {
            Err(hub::Error::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    pub async fn arrives(&self, key: &str, caller: &str) -> ContactId {
        let sent = self
            .hub
            .send_with(arrival(key, caller), number())
            .await
            .unwrap();
        let Answer::Contact(contact) = sent else {
            panic!("no contact: {sent:?}")
        };
        contact
    }

    pub async fn ready(&self, counselor: CounselorId) {
        self.send(Command::SignIn { counselor }).await.unwrap();
        self.send(Command::Ready { counselor }).await.unwrap();
    }

    /// A call that went straight to Kim.
    pub async fn talking(&mut self, key: &str) -> ContactId {
        let contact = self.arrives(key, "caller-a").await;
        self.send(Command::Key { contact, key: '0' }).await.unwrap();
        self.until(|effect| matches!(effect, Effect::Ring { .. }))
            .await;
        self.send(Command::Accept {
            counselor: KIM,
            contact,
        })
        .await
        .unwrap();
        contact
    }

    pub async fn note(&self, contact: ContactId, text: &str) {
        let nonce = "5a".to_owned();
        let digest = store::note_digest(&nonce, text);
        let letters = text.chars().count() as u32;
        let note = Command::Note {
            counselor: KIM,
            contact,
            digest,
            letters,
        };
        let row = Personal::Note {
            contact,
            text: text.to_owned(),
            nonce,
        };
        self.hub.send_with(note, vec![row]).await.unwrap();
    }

    pub async fn classify(&self, contact: ContactId) {
        let (category, outcome) = (Some("ADM-01".to_owned()), Some("AN".to_owned()));
        let classify = Command::Classify {
            counselor: KIM,
            contact,
            category,
            outcome,
        };
        self.send(classify).await.unwrap();
    }

    pub async fn effect(&mut self) -> Effect {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.wings.effects.recv());
        wait.await
            .expect("an effect within ten seconds")
            .unwrap()
            .effect
    }

    pub async fn until(&mut self, wanted: impl Fn(&Effect) -> bool) {
        while !wanted(&self.effect().await) {}
    }

    pub async fn today(&self) -> Summary {
        let mut summary = Summary::default();
        for (cell, measures) in self.archive.cells(today(), today()).await.unwrap() {
            if let Cell::Hour { fate, .. } = cell {
                summary.add(fate, &measures);
            }
        }
        summary
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub async fn audit(&self) -> store::Report {
        store::audit(&self.place, &self.city).await.unwrap()
    }

    pub async fn is_clean(&self) {
        let report = self.audit().await;
        assert!(report.clean(), "{report:?}");
    }
}

pub fn today() -> Day {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Day((now.as_secs() / 86_400) as i32)
}

pub fn arrival(key: &str, caller: &str) -> Command {
    Command::Arrived {
        key: key.into(),
        channel: Channel::Voice,
        caller: caller.into(),
        via: "simulator".into(),
        live: true,
    }
}

fn number() -> Vec<Personal> {
    let (number, raw) = ("+821012345678".to_owned(), "01012345678".to_owned());
    vec![Personal::Number {
        contact: ContactId(0),
        number,
        raw,
    }]
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
        texting: true,
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
        channel: Channel::Voice,
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

fn menu() -> Menu {
    let general = || Target::Queue("general".into());
    let node = |keys: &[(char, Target)]| Node {
        play: Vec::new(),
        barge_in: true,
        keys: keys.iter().cloned().collect(),
        timeout_ms: 5_000,
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
