//! The real program on free ports with a folder of its own, and its record after it has stopped.
//! Never a peer.

use crate::peer::{self, Child, Folder};
use center::city::{City, ContactId, Language, Weights};
use center::menu::Menu;
use center::record::Row;
use center::statistics::{Cell, Measures};
use center::time::{Day, HOUR_MS, Zone};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use store::{Archive, Entry, Place, Search};

/// A running center.
pub struct Building {
    child: Child,
    pub web: SocketAddr,
    /// What the addresses of its pages begin with.
    pub origin: String,
    pub sip: SocketAddr,
    /// What it said when it was ready.
    pub greeting: String,
}

/// Writes the sample city into the record's folder with other limits, before it opens.
pub fn limited(folder: &Folder, limits: &str) {
    let record = folder.join("record");
    std::fs::create_dir_all(&record).expect("a folder");
    let city = include_str!("../../assets/city.toml");
    let city = city.replacen("[limits]", &format!("[limits]\n{limits}"), 1);
    peer::write(&record.join("city.toml"), city);
    let categories = include_str!("../../assets/categories.toml");
    peer::write(&record.join("categories.toml"), categories);
    let texts = include_str!("../../assets/texts.toml");
    peer::write(&record.join("texts.toml"), texts);
}

/// `dasan` with these arguments, away from settings of this machine.
fn dasan(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dasan"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("RUST_LOG", "info");
    for name in [
        "DASAN_DATA",
        "DASAN_WEB",
        "DASAN_SIP",
        "DASAN_DATABASE",
        "DASAN_SIMULATION",
    ] {
        command.env_remove(name);
    }
    command
}

impl Building {
    /// Opens on the folder, with more arguments if need be, and waits until it is ready.
    pub fn open(folder: &Folder, more: &[&str]) -> Building {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("dasan.log"))
            .expect("a log");
        let ports = [
            "serve",
            "--data",
            "record",
            "--web",
            "127.0.0.1:0",
            "--sip",
            "127.0.0.1:0",
        ];
        let mut child = dasan(&folder.0, &[&ports, more].concat())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("dasan starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let greeting: Vec<String> = lines.map_while(Result::ok).take(5).collect();
        let greeting = greeting.join("\n");
        let child = Child(child);
        let after = |mark: &str| -> SocketAddr {
            let rest = greeting.split(mark).nth(1).unwrap_or_else(|| {
                let log = std::fs::read_to_string(folder.join("dasan.log")).unwrap_or_default();
                panic!("the greeting names {mark}:\n{greeting}\n{log}")
            });
            let end = rest.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit());
            rest[..end.unwrap_or(rest.len())]
                .parse()
                .expect("an address")
        };
        let (web, sip) = (after("://"), after("sip:120@"));
        let (scheme, well) = if greeting.contains("https://") {
            // Whoever asks plainly is told so.
            ("https", 400)
        } else {
            ("http", 200)
        };
        peer::until("healthz", Duration::from_secs(10), || {
            peer::get(web, "/healthz").is_some_and(|(status, _)| status == well)
        });
        Building {
            child,
            web,
            origin: format!("{scheme}://{web}"),
            sip,
            greeting,
        }
    }

    /// Stops it as an operator does, and waits for its end.
    pub fn stop(mut self) {
        let pid = self.child.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.expect("kill is there").success());
        let code = peer::wait(&mut self.child, Duration::from_secs(20));
        assert_eq!(code, Some(0), "it stops when told to");
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.child.0.kill().expect("it was running");
        let _ = self.child.0.wait();
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.0.try_wait(), Ok(None))
    }

    /// Address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// What `dasan` with these arguments says on both channels, and whether it ended well.
pub fn said(folder: &Folder, arguments: &[&str]) -> (bool, String) {
    let output = dasan(&folder.0, arguments).output().expect("dasan runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// A simulated day played into the building, so many times faster than the clock, until dropped.
pub fn play_day(folder: &Folder, building: &Building, seed: u32, speed: u32) -> Child {
    let (seed, speed) = (seed.to_string(), speed.to_string());
    let to = building.page("");
    let day = [
        "simulate", "--seed", &seed, "--live", &to, "--speed", &speed,
    ];
    let child = dasan(&folder.0, &day)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Child(child.expect("dasan starts"))
}

/// Counts everything again; panics with the differences if there are any.
pub fn audit(folder: &Folder, more: &[&str]) {
    let (clean, text) = said(folder, &[&["audit", "--data", "record"], more].concat());
    assert!(clean && text.contains("clean"), "{text}");
}

/// The record of a building that has stopped.
pub struct Record {
    runtime: tokio::runtime::Runtime,
    archive: Archive,
}

impl Record {
    /// Opens the record in the folder, in PostgreSQL when a database is named.
    pub fn open(folder: &Folder, database: Option<&str>) -> Record {
        let folder = folder.join("record");
        let place = match database {
            None => Place::Folder(folder),
            Some(url) => Place::Postgres {
                url: url.to_owned(),
                folder,
            },
        };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let opened = runtime.block_on(store::open(&place, &Arc::new(nowhere())));
        let (_, archive) = opened.expect("the record opens");
        Record { runtime, archive }
    }

    /// The newest contacts first.
    pub fn contacts(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let page = Search {
                before: rows.last().map(|row| row.contact),
                limit: 1_000,
                ..Search::default()
            };
            let found = self.runtime.block_on(self.archive.contacts(&page));
            let found = found.expect("the record answers");
            if found.is_empty() {
                return rows;
            }
            rows.extend(found);
        }
    }

    /// What happened to a contact.
    pub fn timeline(&self, contact: ContactId) -> Vec<Entry> {
        let found = self.runtime.block_on(self.archive.timeline(contact));
        found.expect("the record answers")
    }

    /// The note of a contact.
    pub fn note(&self, contact: ContactId) -> String {
        let found = self.runtime.block_on(self.archive.personal(contact));
        found.expect("the record answers").note
    }

    /// Everything that was written in a contact, the house's own words among it.
    pub fn letters(&self, contact: ContactId) -> Vec<store::Message> {
        let found = self.runtime.block_on(self.archive.messages(contact));
        found.expect("the record answers")
    }

    /// What was written in a contact: from the citizen or not, and the text.
    pub fn messages(&self, contact: ContactId) -> Vec<(bool, String)> {
        let said = self.letters(contact).into_iter();
        let said = said.filter(|message| message.house_text.is_empty());
        said.map(|message| (message.incoming, message.letter.text))
            .collect()
    }

    /// What was done with articles in a contact.
    pub fn article_uses(
        &self,
        contact: ContactId,
    ) -> Vec<(store::library::ArticleUse, store::library::ArticleRow)> {
        let found = self.runtime.block_on(self.archive.article_uses(contact));
        found.expect("the record answers")
    }

    /// Citizen's and counselor's side of the first recording of a telephone's talk, at 8 kHz.
    pub fn recording(&self, contact: ContactId) -> (Vec<i16>, Vec<i16>) {
        let (citizen, counselor, rate) = self.recording_of(contact);
        assert_eq!(rate, crate::sound::RATE);
        (citizen, counselor)
    }

    /// Citizen's and counselor's side of the first recording of a contact, and its rate.
    pub fn recording_of(&self, contact: ContactId) -> (Vec<i16>, Vec<i16>, u32) {
        let found = self.runtime.block_on(self.archive.recordings(contact));
        let first = found.expect("the record answers").swap_remove(0);
        let content = self
            .archive
            .blobs()
            .read(&first.blob)
            .expect("the recording opens");
        let (mut sides, rate) = crate::sound::read_wav(&store::sound::to_wav(&content));
        assert_eq!(sides.len(), 2);
        let counselor = sides.pop().expect("two sides");
        (sides.pop().expect("two sides"), counselor, rate)
    }

    /// Every cell of the statistics.
    pub fn cells(&self) -> Vec<(Cell, Measures)> {
        let (from, to) = (Day::of_date(2020, 1, 1), Day::of_date(2100, 1, 1));
        let found = self.runtime.block_on(self.archive.cells(from, to));
        found.expect("the record answers")
    }
}

/// A city without anything: enough to read a record.
fn nowhere() -> City {
    City {
        names: std::collections::BTreeMap::default(),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues: Vec::new(),
        menu: Menu::default(),
        reserves: Vec::new(),
        counselors: Vec::new(),
        categories: Vec::new(),
        outcomes: Vec::new(),
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: center::limit::Limits::default(),
        callbacks: false,
        texting: false,
        library: center::knowledge::Library::default(),
    }
}
