//! A made-up year of closed contacts, and how fast its pages come: for measuring. Never used to
//! serve.

use crate::archive::Archive;
use crate::batch::{Batch, Entry, Personal, note_digest};
use crate::failure::Failure;
use crate::journal::open;
use crate::place::Place;
use crate::search::Search;
use center::city::{Channel, City, ContactId, CounselorId, Language};
use center::command::Ending;
use center::event::{Event, Fate};
use center::time::{DAY_MS, SECOND_MS, Time};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Contacts written in one transaction.
const GROUP: u64 = 2_000;

/// The newest contacts get journal rows as well, so that a page can show how they went and a start
/// finds the day before it.
const JOURNALED: u64 = 50_000;

const YEAR_MS: i64 = 365 * DAY_MS;

const WORDS: [&str; 24] = [
    "불법주정차",
    "신고",
    "여권발급",
    "문의",
    "대형폐기물",
    "수도요금",
    "층간소음",
    "버스",
    "정류장",
    "공원",
    "가로등",
    "고장",
    "전입신고",
    "주민등록",
    "복지",
    "상담",
    "환급",
    "street",
    "light",
    "garbage",
    "passport",
    "noise",
    "bicycle",
    "tax",
];

/// Numbers that look drawn and are the same every time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

/// Fills an empty store with contacts of the year before `until`: rows, cells, notes and numbers
/// of all of them, journal rows of the newest only. An audit therefore finds the rest missing.
pub async fn fill(
    place: &Place,
    city: &Arc<City>,
    contacts: u64,
    until: Time,
) -> Result<(), Failure> {
    let (mut journal, archive) = open(place, city).await?;
    let maker = Maker {
        codes: Codes::of(city),
        archive,
        contacts,
        until,
    };
    let mut drawn = Drawn(1);
    let mut next = 1;
    while next <= contacts {
        let last = (next + GROUP - 1).min(contacts);
        let mut batch = Batch::default();
        for contact in next..=last {
            maker.contact(contact, &mut drawn, &mut batch);
        }
        if last + JOURNALED > contacts {
            journal.append(batch).await?;
        } else {
            journal.project(batch).await?;
        }
        next = last + 1;
    }
    Ok(())
}

/// What contacts are sorted by.
struct Codes {
    categories: Vec<String>,
    outcomes: Vec<String>,
    counselors: Vec<CounselorId>,
    queues: Vec<String>,
}

impl Codes {
    fn of(city: &City) -> Codes {
        let leaves = city.categories.iter().filter(|category| category.leaf);
        let mut codes = Codes {
            categories: leaves.map(|category| category.code.clone()).collect(),
            outcomes: city
                .outcomes
                .iter()
                .map(|outcome| outcome.code.clone())
                .collect(),
            counselors: (1..=400).map(CounselorId).collect(),
            queues: city.queues.iter().map(|queue| queue.code.clone()).collect(),
        };
        let or = |codes: &mut Vec<String>, code: &str| {
            if codes.is_empty() {
                codes.push(code.to_owned());
            }
        };
        or(&mut codes.categories, "TRF-01-01");
        or(&mut codes.outcomes, "IN");
        for queue in ["general", "traffic", "water", "care", "foreign"] {
            if codes.queues.len() < 5 {
                codes.queues.push(queue.to_owned());
            }
        }
        codes
    }
}

struct Maker {
    codes: Codes,
    archive: Archive,
    contacts: u64,
    until: Time,
}

impl Maker {
    fn contact(&self, number: u64, drawn: &mut Drawn, batch: &mut Batch) {
        let contact = ContactId(number);
        let step = YEAR_MS / self.contacts.max(1) as i64;
        let mut at = self.until + -(step * (self.contacts - number + 1) as i64);
        let phone = phone(drawn.below(self.contacts / 4 + 1));
        let mut add = |after_ms: i64, event: Event| {
            at = at + after_ms;
            batch.entries.push(Entry { at, event });
        };
        let arrived = Event::Arrived {
            contact,
            key: format!("{:016x}{number:016x}", drawn.below(u64::MAX)),
            channel: if drawn.below(50) == 0 {
                *pick(&Channel::ALL, drawn)
            } else {
                Channel::Voice
            },
            caller: self.archive.token(&phone),
            via: "bench".to_owned(),
            repeat: drawn.below(8) == 0,
        };
        add(0, arrived);
        if drawn.below(100) == 0 {
            let language = Language::ALL[1 + drawn.below(6) as usize];
            add(SECOND_MS, Event::LanguageChosen { contact, language });
        }
        // The smallest of three draws: the last queues are rare.
        let queues = self.codes.queues.len() as u64;
        let draws = [
            drawn.below(queues),
            drawn.below(queues),
            drawn.below(queues),
        ];
        let rarest = draws.into_iter().min().unwrap_or(0);
        let queue = self.codes.queues[rarest as usize].clone();
        let since = self.until;
        let front = false;
        add(
            2 * SECOND_MS,
            Event::Queued {
                contact,
                queue,
                since,
                front,
            },
        );
        batch.personal.push(Personal::Number {
            contact,
            raw: phone.clone(),
            number: phone,
        });
        let wait = drawn.below(60_000) as i64;
        if drawn.below(12) == 0 {
            let fate = Fate::Abandoned;
            let counselor = None;
            batch.closes(at + wait, contact, fate, counselor);
            return;
        }
        self.served(contact, at + wait, drawn, batch);
    }

    fn served(&self, contact: ContactId, answered: Time, drawn: &mut Drawn, batch: &mut Batch) {
        let counselor = *pick(&self.codes.counselors, drawn);
        let category = Some(pick(&self.codes.categories, drawn).clone());
        let outcome = Some(pick(&self.codes.outcomes, drawn).clone());
        let talk = 60_000 + drawn.below(240_000) as i64;
        let text = note(drawn);
        let nonce = format!("{:016x}", contact.0);
        let digest = note_digest(&nonce, &text);
        let letters = text.chars().count() as u32;
        let ending = Ending::Citizen;
        let ended = answered + talk;
        let events = [
            (answered, Event::Answered { contact, counselor }),
            (
                ended,
                Event::TalkEnded {
                    contact,
                    counselor,
                    ending,
                },
            ),
            (
                ended,
                Event::NoteSaved {
                    contact,
                    counselor,
                    digest,
                    letters,
                },
            ),
            (
                ended,
                Event::Classified {
                    contact,
                    counselor,
                    category,
                    outcome,
                },
            ),
        ];
        let entries = events.into_iter().map(|(at, event)| Entry { at, event });
        batch.entries.extend(entries);
        batch.personal.push(Personal::Note {
            contact,
            text,
            nonce,
        });
        batch.closes(ended + 20_000, contact, Fate::Answered, Some(counselor));
    }
}

impl Batch {
    fn closes(&mut self, at: Time, contact: ContactId, fate: Fate, by: Option<CounselorId>) {
        let counselor = by;
        let event = Event::Closed {
            contact,
            fate,
            counselor,
        };
        self.entries.push(Entry { at, event });
    }
}

fn pick<'a, T>(of: &'a [T], drawn: &mut Drawn) -> &'a T {
    &of[drawn.below(of.len() as u64) as usize]
}

fn phone(caller: u64) -> String {
    format!("+8210{caller:08}")
}

/// Some words that many notes share, and a house number that few do.
fn note(drawn: &mut Drawn) -> String {
    let mut text = String::new();
    for _ in 0..4 {
        // The smaller of two draws: the first words are the common ones.
        let first = drawn.below(WORDS.len() as u64);
        let word = first.min(drawn.below(WORDS.len() as u64));
        text.push_str(WORDS[word as usize]);
        text.push(' ');
    }
    text.push_str(&drawn.below(20_000).to_string());
    text
}

/// How fast one kind of page came.
#[derive(Clone, Debug)]
pub struct PageTime {
    /// What was asked for.
    pub page: String,
    /// Half came within this.
    pub p50: Duration,
    /// 99 of 100 came within this.
    pub p99: Duration,
    /// Contacts on the pages, all together.
    pub shown: usize,
}

/// Every way in which a list can be narrowed, alone and with each other.
fn kinds() -> Vec<String> {
    const ALONE: [&str; 6] = [
        "newest",
        "further down",
        "a group of categories",
        "a rare word",
        "any fate",
        "no queue",
    ];
    const TOGETHER: [&str; 9] = [
        "a caller",
        "a counselor",
        "a category",
        "abandoned",
        "a queue",
        "a rare language",
        "a channel",
        "a day",
        "words of a note",
    ];
    let mut kinds: Vec<String> = ALONE.iter().map(ToString::to_string).collect();
    for (index, first) in TOGETHER.iter().enumerate() {
        kinds.push((*first).to_owned());
        for second in &TOGETHER[index + 1..] {
            kinds.push(format!("{first} and {second}"));
        }
    }
    kinds.push("a counselor and a category and words of a note".to_owned());
    kinds.push("a queue and abandoned and a day".to_owned());
    kinds
}

/// Asks for pages of every kind, so many of each, as a filled store is looked at.
pub async fn pages(
    archive: &Archive,
    city: &City,
    contacts: u64,
    until: Time,
    each: usize,
) -> Result<Vec<PageTime>, Failure> {
    let codes = Codes::of(city);
    let mut times = Vec::new();
    for kind in kinds() {
        let mut drawn = Drawn(7);
        let mut took = Vec::with_capacity(each);
        let mut shown = 0;
        for _ in 0..each {
            let mut search = Search::default();
            for part in kind.split(" and ") {
                narrow(
                    &mut search,
                    part,
                    &codes,
                    contacts,
                    until,
                    &mut drawn,
                    archive,
                );
            }
            let started = Instant::now();
            shown += archive.contacts(&search).await?.len();
            took.push(started.elapsed());
        }
        times.push(PageTime::of(&kind, took, shown));
    }
    let mut drawn = Drawn(9);
    let mut took = Vec::with_capacity(each);
    let mut shown = 0;
    for _ in 0..each {
        let newest = contacts.min(JOURNALED);
        let contact = ContactId(contacts - drawn.below(newest));
        let started = Instant::now();
        shown += usize::from(archive.contact(contact).await?.is_some());
        archive.timeline(contact).await?;
        archive.personal(contact).await?;
        archive.recordings(contact).await?;
        took.push(started.elapsed());
    }
    times.push(PageTime::of("one contact, whole", took, shown));
    Ok(times)
}

impl PageTime {
    fn of(page: &str, mut took: Vec<Duration>, shown: usize) -> PageTime {
        took.sort_unstable();
        let at = |percent: usize| {
            let index = (took.len() * percent / 100).min(took.len().saturating_sub(1));
            took.get(index).copied().unwrap_or_default()
        };
        PageTime {
            page: page.to_owned(),
            p50: at(50),
            p99: at(99),
            shown,
        }
    }
}

fn narrow(
    search: &mut Search,
    kind: &str,
    codes: &Codes,
    contacts: u64,
    until: Time,
    drawn: &mut Drawn,
    archive: &Archive,
) {
    match kind {
        "further down" => search.before = Some(ContactId(1 + drawn.below(contacts))),
        "a caller" => {
            let caller = phone(drawn.below(contacts / 4 + 1));
            search.caller = Some(archive.token(&caller));
        }
        "a counselor" => search.counselor = Some(*pick(&codes.counselors, drawn)),
        "a category" => search.category = Some(pick(&codes.categories, drawn).clone()),
        "a group of categories" => {
            let code = pick(&codes.categories, drawn);
            search.category = code.split('-').next().map(str::to_owned);
        }
        "abandoned" => search.fate = Some(Fate::Abandoned),
        "any fate" => search.fate = Some(*pick(&Fate::ALL, drawn)),
        "a queue" => search.queue = Some(pick(&codes.queues, drawn).clone()),
        "no queue" => search.queue = Some(String::new()),
        "a rare language" => search.language = Some(*pick(&Language::ALL[1..], drawn)),
        "a channel" => search.channel = Some(*pick(&Channel::ALL, drawn)),
        "a day" => {
            let from = until + -(1 + drawn.below(360) as i64) * DAY_MS;
            search.from = Some(from);
            search.to = Some(from + DAY_MS);
        }
        "words of a note" => {
            let words = [pick(&WORDS, drawn), pick(&WORDS, drawn)];
            search.text = Some(words.map(|word| (*word).to_owned()).join(" "));
        }
        "a rare word" => search.text = Some(drawn.below(20_000).to_string()),
        _ => {}
    }
}
