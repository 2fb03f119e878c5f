//! Reads a city from its files and checks it whole before anything starts. Never keeps state, never
//! decides.

mod file;
mod hours;
mod library;
mod limits;
mod tree;

use anyhow::{Context, Result, bail};
use center::city::{
    Category, Channel, City, CounselorId, CounselorProfile, Language, Need, OutcomeCode, Queue,
    Reserve, Ring, Weights,
};
use center::limit::Limits;
use center::time::{OpeningHours, SECOND_MS, Zone};
use file::{CategoriesFile, CityFile, CodeFile, CounselorFile, Names, QueueFile};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;

/// Longest time of a call and longest promise in writing, in seconds.
const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;

/// The sample city, as written into a new data directory.
pub const SAMPLE: &str = include_str!("../assets/city.toml");
const SAMPLE_CATEGORIES: &str = include_str!("../assets/categories.toml");
const SAMPLE_TEXTS: &str = include_str!("../assets/texts.toml");
const SAMPLE_UNITS: &str = include_str!("../assets/units.toml");

/// Password of everyone in the sample city, and of whoever has no `password_hash`.
pub const SAMPLE_PASSWORD: &str = "haneul-120";

/// Writes the sample city into a new data directory, to be made one's own. Never over a file.
pub fn write_sample(folder: &Path) -> Result<()> {
    for (name, text) in [
        ("city.toml", SAMPLE),
        ("categories.toml", SAMPLE_CATEGORIES),
        ("texts.toml", SAMPLE_TEXTS),
        ("units.toml", SAMPLE_UNITS),
        ("answers.toml", crate::answers::SAMPLE),
    ] {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// Whether a data directory has the units of the sample city, on which its articles build.
pub fn has_sample_units(folder: &Path) -> Result<bool> {
    Ok(file_or(folder, "units.toml", SAMPLE_UNITS)? == SAMPLE_UNITS)
}

/// What a city's files say.
#[derive(Debug)]
pub struct Read {
    /// The city.
    pub city: City,
    /// Password hashes by login; who is not listed has the sample password.
    pub password_hashes: BTreeMap<String, String>,
    /// Names that citizens who write see.
    pub public_names: BTreeMap<CounselorId, String>,
}

/// Reads the city of a data directory, or the sample where it has none.
pub fn read(folder: &Path) -> Result<Read> {
    let city = file_or(folder, "city.toml", SAMPLE)?;
    let categories = file_or(folder, "categories.toml", SAMPLE_CATEGORIES)?;
    let texts = file_or(folder, "texts.toml", SAMPLE_TEXTS)?;
    let units = file_or(folder, "units.toml", SAMPLE_UNITS)?;
    let whole = || format!("the city in {}", folder.display());
    let mut read = parse(&city, &categories, &units).with_context(whole)?;
    read.city.texts = house_texts(&texts).with_context(whole)?;
    Ok(read)
}

/// Reads what the house writes by itself. Every text that is needed is there in English at least.
fn house_texts(text: &str) -> Result<BTreeMap<String, Names>> {
    let texts: BTreeMap<String, Names> = toml::from_str(text).context("texts.toml")?;
    for name in center::written::TEXTS {
        let english = texts.get(name).and_then(|texts| texts.get("en"));
        if english.is_none_or(String::is_empty) {
            bail!("texts.toml: `{name}` needs a text in `en`");
        }
    }
    for (name, names) in &texts {
        if let Some(code) = names.keys().find(|code| Language::parse(code).is_none()) {
            bail!("texts.toml: {name}: `{code}` is not a known language");
        }
    }
    Ok(texts)
}

pub fn file_or(folder: &Path, name: &str, sample: &str) -> Result<String> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(sample.to_owned()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Reads a city from text. Every flaw is named, not only the first.
pub fn parse(city: &str, categories: &str, units: &str) -> Result<Read> {
    let file: CityFile = toml::from_str(city).context("city.toml")?;
    let categories: CategoriesFile = toml::from_str(categories).context("categories.toml")?;
    let units: library::UnitsFile = toml::from_str(units).context("units.toml")?;
    let mut check = Check::default();
    let mut read = check.city(&file, categories.category);
    read.city.library = check.library(&file, units);
    check.roles(&read.city);
    if check.flaws.is_empty() {
        return Ok(read);
    }
    bail!("{}", check.flaws.join("\n"))
}

/// Gathers what is wrong while the city is put together.
#[derive(Default)]
struct Check {
    flaws: Vec<String>,
}

impl Check {
    fn flaw(&mut self, key: &str, what: impl std::fmt::Display) {
        self.flaws.push(format!("city.toml: {key}: {what}"));
    }

    fn city(&mut self, file: &CityFile, categories: Vec<CodeFile>) -> Read {
        let zone = hours::zone(&file.time_zone).unwrap_or_else(|| {
            let name = &file.time_zone;
            self.flaw("time_zone", format!("`{name}` is not a known time zone"));
            Zone::fixed(0)
        });
        let language = Language::parse(&file.language).unwrap_or_else(|| {
            let code = &file.language;
            self.flaw("language", format!("`{code}` is not a known language"));
            Language::default()
        });
        self.names("names", &file.names);
        self.unique("skills", file.skills.iter());
        let hours = self.hours(file);
        let mut queues: Vec<Queue> = Vec::new();
        for written in &file.queue {
            let queue = self.queue(written, &hours, &zone, &file.skills);
            let more = self.in_languages(written, &queue, language, &file.skills);
            queues.push(queue);
            queues.extend(more);
        }
        self.unique("queue code", queues.iter().map(|queue| &queue.code));
        self.unique("counselor login", file.counselor.iter().map(|c| &c.login));
        self.unique("counselor id", file.counselor.iter().map(|c| c.id));
        let counselors = file
            .counselor
            .iter()
            .map(|counselor| self.counselor(counselor, &file.skills))
            .collect();
        let city = City {
            names: file.names.clone(),
            zone,
            language,
            menu: self.menu(file, &queues),
            reserves: self.reserves(file),
            categories: self.categories(categories),
            outcomes: self.outcomes(file),
            texts: BTreeMap::new(),
            weights: self.weights(file),
            limits: self.limits(file),
            callbacks: false,
            texting: false,
            library: center::knowledge::Library::default(),
            queues,
            counselors,
        };
        self.staffed(&city);
        Read {
            city,
            password_hashes: file.counselor.iter().filter_map(hash).collect(),
            public_names: file.counselor.iter().filter_map(public_name).collect(),
        }
    }

    fn names(&mut self, key: &str, names: &Names) {
        if names.get("en").is_none_or(String::is_empty) {
            self.flaw(key, "needs a name in `en`");
        }
        for code in names.keys() {
            if Language::parse(code).is_none() {
                self.flaw(key, format!("`{code}` is not a known language"));
            }
        }
    }

    /// A number within its bounds; any other is named, and the nearest one stands in for it.
    fn number(&mut self, key: &str, name: &str, value: i64, within: RangeInclusive<i64>) -> i64 {
        let (least, most) = within.into_inner();
        if !(least..=most).contains(&value) {
            let what = format!("{value} is not between {least} and {most}");
            self.flaw(&format!("{key}: {name}"), what);
        }
        value.clamp(least, most)
    }

    fn limits(&mut self, file: &CityFile) -> Limits {
        let limits = file.limits.over_standard();
        for (key, what) in limits::flaws(&limits) {
            self.flaw(&format!("limits.{key}"), what);
        }
        limits
    }

    fn unique<T: Ord + std::fmt::Display>(&mut self, key: &str, values: impl Iterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for value in values {
            let shown = value.to_string();
            if !seen.insert(value) {
                self.flaw(key, format!("`{shown}` is there twice"));
            }
        }
    }

    fn hours(&mut self, file: &CityFile) -> BTreeMap<String, OpeningHours> {
        let mut all = BTreeMap::from([("always".to_owned(), OpeningHours::always())]);
        for (name, hours) in &file.hours {
            match hours::opening(hours, &file.holidays) {
                Ok(hours) => drop(all.insert(name.clone(), hours)),
                Err(what) => self.flaw(&format!("hours.{name}"), what),
            }
        }
        all
    }

    fn queue(
        &mut self,
        file: &QueueFile,
        hours: &BTreeMap<String, OpeningHours>,
        zone: &Zone,
        skills: &[String],
    ) -> Queue {
        let key = format!("queue `{}`", file.code);
        self.names(&format!("{key}: names"), &file.names);
        let channel = Channel::parse(&file.channel).unwrap_or_else(|| {
            self.flaw(&key, format!("`{}` is not a known channel", file.channel));
            Channel::Voice
        });
        let mut open = hours.get(&file.hours).cloned().unwrap_or_else(|| {
            let name = &file.hours;
            self.flaw(&key, format!("hours `{name}` are not defined"));
            OpeningHours::always()
        });
        for closure in &file.closures {
            match hours::closure(closure, zone) {
                Ok(closure) => open.closures.push(closure),
                Err(what) => self.flaw(&format!("{key}: closures"), what),
            }
        }
        let mut number = |name: &str, value: i64, within| self.number(&key, name, value, within);
        let waiting_max = i64::try_from(file.waiting_max).unwrap_or(i64::MAX);
        let waiting_max = number("waiting_max", waiting_max, 1..=100_000);
        let head_start_s = number("head_start_s", file.head_start_s, 0..=DAY_S);
        let ageing_percent = number("ageing_percent", file.ageing_percent, 1..=10_000);
        let target_s = number("target_s", file.target_s, 1..=YEAR_S);
        let callback_from_s = number("callback_from_s", file.callback_from_s, 0..=DAY_S);
        let handling_s = number("handling_s", file.handling_s, 1..=DAY_S);
        let patience_s = number("patience_s", file.patience_s, 1..=YEAR_S);
        Queue {
            code: file.code.clone(),
            names: file.names.clone(),
            channel,
            language: None,
            rings: self.rings(&key, file, skills),
            head_start_ms: head_start_s * SECOND_MS,
            ageing_percent,
            hours: open,
            waiting_max: waiting_max as usize,
            target_ms: target_s * SECOND_MS,
            callback_from_ms: callback_from_s * SECOND_MS,
            handling_ms: handling_s * SECOND_MS,
            patience_ms: patience_s * SECOND_MS,
        }
    }

    /// One queue more for each further language of a written one: with that language's skill where
    /// the first asks for the city's own.
    fn in_languages(
        &mut self,
        file: &QueueFile,
        queue: &Queue,
        own: Language,
        skills: &[String],
    ) -> Vec<Queue> {
        let key = format!("queue `{}`: languages", file.code);
        if !file.languages.is_empty() && !queue.channel.written() {
            self.flaw(
                &key,
                "only a written channel has them; calls choose by the menu",
            );
            return Vec::new();
        }
        self.unique(&key, file.languages.iter());
        let mut queues = Vec::new();
        for code in &file.languages {
            match Language::parse(code) {
                None => self.flaw(&key, format!("`{code}` is not a known language")),
                Some(language) if language == own => {
                    self.flaw(&key, format!("`{code}` is the city's own, as without it"));
                }
                Some(language) => {
                    self.skill(&key, code, 1, skills);
                    queues.push(in_language(queue, language, own));
                }
            }
        }
        queues
    }

    fn rings(&mut self, key: &str, file: &QueueFile, skills: &[String]) -> Vec<Ring> {
        let key = format!("{key}: rings");
        if file.rings.first().is_none_or(|ring| ring.after_s != 0) {
            self.flaw(&key, "the first ring opens after 0 s");
        }
        if !file.rings.is_sorted_by(|a, b| a.after_s < b.after_s) {
            self.flaw(&key, "each ring opens later than the one before");
        }
        let ring = |ring: &file::RingFile| Ring {
            after_ms: self.number(&key, "after_s", ring.after_s, 0..=DAY_S) * SECOND_MS,
            needs: ring.needs.iter().map(|need| parse_need(need)).collect(),
        };
        let rings: Vec<Ring> = file.rings.iter().map(ring).collect();
        for need in rings.iter().flat_map(|ring| &ring.needs) {
            self.skill(&key, &need.skill, need.level, skills);
        }
        rings
    }

    fn skill(&mut self, key: &str, skill: &str, level: u8, skills: &[String]) {
        if !skills.iter().any(|known| known == skill) {
            self.flaw(key, format!("`{skill}` is not listed under skills"));
        }
        if !(1..=5).contains(&level) {
            self.flaw(key, format!("the level of `{skill}` is 1 to 5"));
        }
    }

    fn counselor(&mut self, file: &CounselorFile, skills: &[String]) -> CounselorProfile {
        let key = format!("counselor `{}`", file.login);
        if file.id == 0 {
            self.flaw(&key, "numbers begin with 1");
        }
        for (skill, level) in &file.skills {
            self.skill(&key, skill, *level, skills);
        }
        CounselorProfile {
            id: CounselorId(file.id),
            login: file.login.clone(),
            name: file.name.clone(),
            skills: file.skills.clone(),
            supervisor: file.supervisor,
            library: file.library.role(),
        }
    }

    fn menu(&mut self, file: &CityFile, queues: &[Queue]) -> center::menu::Menu {
        let menu = tree::menu(&file.menu, |key, what| self.flaw(key, what));
        let codes: Vec<&str> = queues.iter().map(|queue| queue.code.as_str()).collect();
        for flaw in menu.flaws(&codes) {
            self.flaw("menu", flaw);
        }
        menu
    }

    fn reserves(&mut self, file: &CityFile) -> Vec<Reserve> {
        for reserve in &file.reserve {
            self.skill("reserve", &reserve.skill, 1, &file.skills);
        }
        let reserve = |reserve: &file::ReserveFile| {
            let key = format!("reserve `{}`", reserve.skill);
            let keep = i64::try_from(reserve.keep).unwrap_or(i64::MAX);
            let until_wait_s = reserve.until_wait_s;
            Reserve {
                skill: reserve.skill.clone(),
                keep: self.number(&key, "keep", keep, 0..=10_000) as usize,
                until_wait_ms: self.number(&key, "until_wait_s", until_wait_s, 0..=DAY_S)
                    * SECOND_MS,
            }
        };
        file.reserve.iter().map(reserve).collect()
    }

    fn outcomes(&mut self, file: &CityFile) -> Vec<OutcomeCode> {
        self.unique("outcome code", file.outcome.iter().map(|o| &o.code));
        let outcome = |outcome: &CodeFile| {
            self.names(&format!("outcome `{}`", outcome.code), &outcome.names);
            OutcomeCode {
                code: outcome.code.clone(),
                names: outcome.names.clone(),
            }
        };
        file.outcome.iter().map(outcome).collect()
    }

    fn categories(&mut self, files: Vec<CodeFile>) -> Vec<Category> {
        self.unique("category code", files.iter().map(|c| &c.code));
        let codes: BTreeSet<String> = files.iter().map(|c| c.code.clone()).collect();
        let parents: BTreeSet<&str> = codes
            .iter()
            .filter_map(|code| Some(code.rsplit_once('-')?.0))
            .collect();
        for parent in parents.iter().filter(|parent| !codes.contains(**parent)) {
            self.flaw("categories.toml", format!("there is no parent `{parent}`"));
        }
        let mut categories = Vec::with_capacity(files.len());
        for file in files {
            self.names(&format!("category `{}`", file.code), &file.names);
            categories.push(Category {
                leaf: !parents.contains(file.code.as_str()),
                code: file.code,
                names: file.names,
            });
        }
        categories
    }

    fn weights(&mut self, file: &CityFile) -> Weights {
        let mut weights = Weights::standard();
        for (code, weight) in &file.weights {
            match Channel::parse(code) {
                Some(channel) => {
                    let weight = self.number("weights", code, (*weight).into(), 1..=100);
                    weights.0.insert(channel, weight as u16);
                }
                None => self.flaw("weights", format!("`{code}` is not a known channel")),
            }
        }
        weights
    }

    /// Somebody must be able to answer each queue in the end, or its callers wait for nobody.
    fn staffed(&mut self, city: &City) {
        if city.queues.is_empty() {
            self.flaw("queue", "a city has at least one queue");
        }
        for queue in &city.queues {
            let Some(widest) = queue.rings.last() else {
                continue;
            };
            let able = |counselor: &CounselorProfile| {
                let has = |need: &Need| {
                    let level = counselor.skills.get(&need.skill);
                    level.is_some_and(|level| *level >= need.level)
                };
                widest.needs.iter().all(has)
            };
            if !city.counselors.iter().any(able) {
                let key = format!("queue `{}`", queue.code);
                self.flaw(&key, "no counselor has what its last ring asks for");
            }
        }
    }
}

/// Names of languages in Korean, English and themselves.
fn language_names(language: Language) -> [&'static str; 3] {
    match language {
        Language::Ko => ["한국어", "Korean", "한국어"],
        Language::En => ["영어", "English", "English"],
        Language::Zh => ["중국어", "Chinese", "中文"],
        Language::Ja => ["일본어", "Japanese", "日本語"],
        Language::Vi => ["베트남어", "Vietnamese", "Tiếng Việt"],
        Language::Mn => ["몽골어", "Mongolian", "Монгол хэл"],
        Language::Other => ["기타 언어", "other languages", "…"],
    }
}

/// The same queue for those who write in a language.
fn in_language(queue: &Queue, language: Language, own: Language) -> Queue {
    let [ko, en, itself] = language_names(language);
    let code = language.code();
    let mut of_language = queue.clone();
    of_language.code = format!("{}-{code}", queue.code);
    of_language.language = Some(language);
    for (tag, name) in &mut of_language.names {
        let spoken = match tag.as_str() {
            "ko" => ko,
            "en" => en,
            _ => itself,
        };
        *name = format!("{name} · {spoken}");
    }
    for ring in &mut of_language.rings {
        let spoken = ring.needs.iter_mut().find(|need| need.skill == own.code());
        if let Some(need) = spoken {
            code.clone_into(&mut need.skill);
        } else {
            ring.needs.push(Need {
                skill: code.to_owned(),
                level: 1,
            });
        }
    }
    of_language
}

/// `skill` or `skill:level`; a level that is no number reads as 0, which the check refuses.
fn parse_need(text: &str) -> Need {
    let (skill, level) = text.split_once(':').unwrap_or((text, "1"));
    Need {
        skill: skill.trim().to_owned(),
        level: level.trim().parse().unwrap_or(0),
    }
}

fn public_name(counselor: &CounselorFile) -> Option<(CounselorId, String)> {
    let name = counselor.public_name.clone()?;
    Some((CounselorId(counselor.id), name))
}

fn hash(counselor: &CounselorFile) -> Option<(String, String)> {
    let hash = counselor.password_hash.clone()?;
    Some((counselor.login.clone(), hash))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn flaws(from: &str, to: &str) -> String {
        assert!(SAMPLE.contains(from), "{from} is in the sample");
        let city = SAMPLE.replacen(from, to, 1);
        format!(
            "{:#}",
            parse(&city, SAMPLE_CATEGORIES, SAMPLE_UNITS).unwrap_err()
        )
    }

    #[test]
    fn the_sample_city_is_whole() {
        let read = parse(SAMPLE, SAMPLE_CATEGORIES, SAMPLE_UNITS).unwrap();
        let city = read.city;
        assert!(city.counselors.len() >= 12);
        assert!(city.counselors.iter().any(|c| c.supervisor));
        assert_eq!(city.queues[0].code, "general");
        assert!(city.is_leaf("TRF-01-01") && !city.is_leaf("TRF-01"));
        assert_eq!(city.categories.iter().filter(|c| c.leaf).count(), 249);
        assert!(city.is_outcome("AN"));
        assert_eq!(
            city.queues[1].rings[1].needs[0],
            Need {
                skill: "ko".into(),
                level: 1
            }
        );
    }

    #[test]
    fn a_written_queue_has_one_of_its_kind_for_each_further_language() {
        let city = parse(SAMPLE, SAMPLE_CATEGORIES, SAMPLE_UNITS).unwrap().city;
        let queue = |code: &str| &city.queues[city.queue_index(code).unwrap()];
        let (own, foreign) = (queue("texts"), queue("texts-vi"));
        assert_eq!((own.channel, own.language), (Channel::Text, None));
        assert_eq!(foreign.channel, Channel::Text);
        assert_eq!(foreign.language, Some(Language::Vi));
        assert_eq!(foreign.rings[0].needs[0].skill, "vi");
        assert_eq!(foreign.names["en"], "Texts · Vietnamese");
        assert_eq!(foreign.target_ms, own.target_ms);
        let written = city.queues.iter().filter(|queue| queue.channel.written());
        assert_eq!(written.count(), 24);
    }

    #[test]
    // A table: a mistake and what is said of it.
    fn every_mistake_is_named_with_its_key() {
        let cases = [
            (
                "waiting_max = 300",
                "waiting_most = 300",
                "unknown field `waiting_most`",
            ),
            (
                "[\"ko\", \"traffic:2\"]",
                "[\"ko\", \"trafic:2\"]",
                "queue `traffic`: rings: `trafic` is not listed",
            ),
            (
                "languages = [\"en\", \"zh\"",
                "languages = [\"ko\", \"zh\"",
                "queue `chats`: languages: `ko` is the city's own",
            ),
            (
                "channel = \"chat\"",
                "channel = \"voice\"",
                "queue `chats`: languages: only a written channel has them",
            ),
            (
                "\"traffic:2\"",
                "\"traffic:9\"",
                "the level of `traffic` is 1 to 5",
            ),
            ("id = 2\n", "id = 1\n", "counselor id: `1` is there twice"),
            (
                "login = \"emma\"",
                "login = \"sora\"",
                "counselor login: `sora` is there twice",
            ),
            (
                "after_s = 20",
                "after_s = 0",
                "queue `traffic`: rings: each ring opens later",
            ),
            (
                "keys.1 = \"queue traffic\"",
                "keys.1 = \"queue trafic\"",
                "names a queue `trafic` that does not exist",
            ),
            (
                "on_timeout = \"queue general\"",
                "on_timeout = \"node welcome\"",
                "a silent caller at `welcome`",
            ),
            (
                "keys.9 = \"node language\"",
                "keys.nine = \"node language\"",
                "menu.nodes.welcome.keys: `nine`",
            ),
            (
                "Asia/Seoul",
                "Asia/Soul",
                "time_zone: `Asia/Soul` is not a known time zone",
            ),
            ("09:00-12:00", "09:00-25:00", "hours.office: `09:00-25:00`"),
            (
                "hours = \"office\"",
                "hours = \"desk\"",
                "hours `desk` are not defined",
            ),
            (
                "needs = [\"mn\"]",
                "needs = [\"mn\", \"care:5\"]",
                "queue `lang-mn`: no counselor",
            ),
            ("2026-12-25", "2026-02-30", "`2026-02-30` is not a day"),
        ];
        for (from, to, expected) in cases {
            let message = flaws(from, to);
            assert!(message.contains(expected), "{to}: {message}");
        }
    }

    #[test]
    // A table: a number outside of its bounds and what is said of it.
    fn every_number_outside_its_bounds_is_named_with_its_key() {
        let cases = [
            (
                "[limits]",
                "[limits]\nkeep_recordings_ms = 0",
                "limits.keep_recordings_ms: 0 is not between",
            ),
            (
                "[limits]",
                "[limits]\nkeep_personal_ms = -5",
                "limits.keep_personal_ms: -5 is not between",
            ),
            (
                "[limits]",
                "[limits]\nring_ms = 9223372036854775807",
                "limits.ring_ms: 9223372036854775807 is not between",
            ),
            (
                "[limits]",
                "[limits]\nwrap_up_ms = 1000000",
                "limits.wrap_up_ms: 1000000 is not below wrap_up_max_ms",
            ),
            ("[limits]", "[limits]\ncalls_max = 0", "limits.calls_max: 0"),
            (
                "waiting_max = 300",
                "waiting_max = 0",
                "queue `general`: waiting_max: 0 is not between",
            ),
            (
                "waiting_max = 300",
                "waiting_max = 300\nageing_percent = 0",
                "queue `general`: ageing_percent: 0",
            ),
            (
                "waiting_max = 300",
                "waiting_max = 300\npatience_s = 9223372036854775807",
                "queue `general`: patience_s: 9223372036854775807",
            ),
            (
                "waiting_max = 300",
                "waiting_max = 300\ncallback_from_s = -1",
                "queue `general`: callback_from_s: -1",
            ),
            (
                "head_start_s = 15",
                "head_start_s = -15",
                "queue `care`: head_start_s: -15",
            ),
            (
                "handling_s = 320",
                "handling_s = 0",
                "queue `care`: handling_s: 0",
            ),
            (
                "target_s = 30",
                "target_s = 0",
                "queue `lang-en`: target_s: 0",
            ),
            (
                "after_s = 20",
                "after_s = 9223372036854775807",
                "queue `traffic`: rings: after_s: 9223372036854775807",
            ),
            (
                "until_wait_s = 60",
                "until_wait_s = -1",
                "until_wait_s: -1 is not between",
            ),
            (
                "timeout_s = 5",
                "timeout_s = 9223372036854775807",
                "menu.nodes.welcome.timeout_s: 9223372036854775807",
            ),
            (
                "timeout_s = 5",
                "timeout_s = 5\ninvalid_max = 200",
                "menu.nodes.welcome.invalid_max: 200",
            ),
            (
                "[limits]",
                "[weights]\nchat = 0\n[limits]",
                "weights: chat: 0 is not between",
            ),
        ];
        for (from, to, expected) in cases {
            let message = flaws(from, to);
            assert!(message.contains(expected), "{to}: {message}");
        }
    }

    #[test]
    fn every_text_of_the_house_is_there_in_every_language_with_prompts() {
        let texts = house_texts(SAMPLE_TEXTS).unwrap();
        for name in center::written::TEXTS {
            for code in ["ko", "en", "zh", "ja", "vi", "mn"] {
                assert!(texts[name].contains_key(code), "{name} in {code}");
            }
        }
        let missing = house_texts("[closed]\nen = \"x\"").unwrap_err();
        assert!(format!("{missing:#}").contains("`too_long` needs a text in `en`"));
    }

    #[test]
    fn a_category_without_parent_is_named() {
        let categories = "category = [{ code = \"A-01\", names = { en = \"x\" } }]";
        let message = format!("{:#}", parse(SAMPLE, categories, SAMPLE_UNITS).unwrap_err());
        assert!(message.contains("there is no parent `A`"), "{message}");
    }

    #[test]
    fn limits_change_one_by_one() {
        let city = SAMPLE.replacen("[limits]", "[limits]\nring_ms = 7000", 1);
        let limits = parse(&city, SAMPLE_CATEGORIES, SAMPLE_UNITS)
            .unwrap()
            .city
            .limits;
        let standard = center::limit::Limits::default();
        assert_eq!(limits.ring_ms, 7_000);
        assert_eq!(limits.calls_max, standard.calls_max);
    }
}
