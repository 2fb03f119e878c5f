//! Articles as files: TOML for people, JSON for programs, of one shape. Never a page, never a
//! decision.

use center::city::{City, Language};
use center::knowledge::{
    Article, Audience, Facts, Law, Season, Text, TextState, Variant, Version, Written,
};
use center::time::{Civil, DAY_MS, Day, HOUR_MS, MINUTE_MS, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// An article that came from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Code.
    pub code: String,
    /// What is not text.
    pub facts: Facts,
    /// Texts by language.
    pub texts: BTreeMap<Language, Written>,
    /// As of which day it is assured.
    pub assured: Option<Day>,
    /// It says of itself that it is a sample.
    pub sample: bool,
    /// It comes from a form that cannot say everything: what it leaves out stays as it is.
    pub partial: bool,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFlaw {
    /// Where: a line, or the code of an article.
    pub place: String,
    /// What, in the words of whoever noticed.
    pub what: String,
}

/// What a file holds: the articles that could be read, and what could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Articles, in the order of the file.
    pub articles: Vec<Incoming>,
    /// What could not be read.
    pub flaws: Vec<FileFlaw>,
}

impl Found {
    /// Adds a flaw.
    pub(crate) fn flaw(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.flaws.push(FileFlaw {
            place: place.into(),
            what: what.into(),
        });
    }
}

/// A day, or an instant, as files write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct When(String);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Datetime(when) => Ok(When(when.to_string())),
            toml::Value::String(when) => Ok(When(when)),
            other => Err(serde::de::Error::custom(format!(
                "a day is written 2026-10-12, not {other}"
            ))),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<toml::value::Datetime>() {
            Ok(when) => when.serialize(serializer),
            Err(_) => self.0.serialize(serializer),
        }
    }
}

/// Milliseconds of a clock's fraction: files write as many digits as they like.
fn fraction_ms(clock: &str) -> i64 {
    let rest = clock.split_once('.').map_or("", |(_, rest)| rest);
    let digits = rest.chars().map_while(|digit| digit.to_digit(10));
    let three = digits.map(i64::from).chain(std::iter::repeat(0)).take(3);
    three.fold(0, |ms, digit| ms * 10 + digit)
}

impl When {
    fn of_day(day: Day) -> When {
        When(day.to_string())
    }

    /// A day where it is the beginning of one in the city, else an instant.
    fn of(city: &City, at: Time) -> When {
        let day = city.zone.civil(at).day;
        if city.zone.start_of(day) == at {
            When::of_day(day)
        } else {
            When(at.to_string())
        }
    }

    fn day(&self) -> Option<Day> {
        Day::parse(self.0.get(..10)?)
    }

    fn time(&self, city: &City) -> Option<Time> {
        let day = self.day()?;
        let Some(clock) = self.0.get(11..) else {
            return Some(city.zone.start_of(day));
        };
        let number = |range: std::ops::Range<usize>| clock.get(range)?.parse::<i64>().ok();
        let ms = number(0..2)? * HOUR_MS + number(3..5)? * MINUTE_MS;
        let ms = ms + number(6..8).unwrap_or(0) * 1_000 + fraction_ms(clock);
        if self.0.ends_with('Z') {
            return Some(Time(i64::from(day.0) * DAY_MS + ms));
        }
        let minute = (ms / MINUTE_MS) as u16;
        Some(city.zone.instant(Civil { day, minute }) + ms % MINUTE_MS)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ArticleFile {
    code: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    owner: String,
    #[serde(default = "citizen")]
    audience: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    request_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    units: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    law: Vec<Law>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sign_video: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assured: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<When>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    season: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check_days: Option<u16>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    /// Only told by an export: what is imported is a draft whatever it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(default, skip_serializing_if = "is_false")]
    sample: bool,
    #[serde(default)]
    texts: BTreeMap<String, TextFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    variants: Vec<VariantFile>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn citizen() -> String {
    Audience::Citizen.code().to_owned()
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TextFile {
    #[serde(default = "human")]
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revised: Option<When>,
    #[serde(default)]
    title: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    questions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    synonyms: Vec<String>,
    #[serde(default)]
    answer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    details: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    fee: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    time: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    office: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    telephone: String,
}

fn human() -> String {
    TextState::Human.code().to_owned()
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct VariantFile {
    district: String,
    #[serde(default)]
    texts: BTreeMap<String, Variant>,
}

#[derive(Serialize)]
struct LibraryFile {
    article: Vec<ArticleFile>,
}

/// Reads a TOML file of articles. One that cannot be read leaves the others alone.
pub fn read_toml(text: &str, city: &City) -> Found {
    let mut found = Found::default();
    match text.parse::<toml::Table>() {
        Ok(table) => read_table(table, city, &mut found),
        Err(error) => {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            found.flaw(line.to_string(), error.message());
        }
    }
    found
}

/// Reads a JSON file of articles.
pub(crate) fn read_json(text: &str, city: &City) -> Found {
    let mut found = Found::default();
    match serde_json::from_str::<toml::Table>(text) {
        Ok(table) => read_table(table, city, &mut found),
        Err(error) => found.flaw(error.line().to_string(), error.to_string()),
    }
    found
}

fn read_table(mut table: toml::Table, city: &City, found: &mut Found) {
    let Some(toml::Value::Array(articles)) = table.remove("article") else {
        found.flaw("1", "there is no [[article]]");
        return;
    };
    if articles.is_empty() {
        found.flaw("1", "there is no [[article]]");
    }
    for key in table.keys() {
        found.flaw(key.clone(), "is not known");
    }
    for (index, value) in articles.into_iter().enumerate() {
        let code = value.get("code").and_then(toml::Value::as_str);
        let place = code.map_or_else(|| format!("article {}", index + 1), str::to_owned);
        match ArticleFile::deserialize(value) {
            Err(error) => found.flaw(place, error.message()),
            Ok(file) => match incoming(file, city) {
                Ok(article) => found.articles.push(article),
                Err(what) => found.flaw(place, what),
            },
        }
    }
}

fn incoming(file: ArticleFile, city: &City) -> Result<Incoming, String> {
    let mut texts = BTreeMap::new();
    for (tag, file) in file.texts {
        let language = tag_of(&tag)?;
        texts.insert(language, written(file, city)?);
    }
    for variant in file.variants {
        for (tag, text) in variant.texts {
            let written: &mut Written = texts.entry(tag_of(&tag)?).or_default();
            let variants = &mut written.text.variants;
            if variants.insert(variant.district.clone(), text).is_some() {
                return Err(format!(
                    "the district `{}` is there twice",
                    variant.district
                ));
            }
        }
    }
    let source = if file.source.is_empty() {
        source_of(city, &texts)
    } else {
        tag_of(&file.source)?
    };
    let day = |when: &Option<When>, key: &str| match when {
        None => Ok(None),
        Some(when) => match when.day() {
            Some(day) => Ok(Some(day)),
            None => Err(format!("{key}: `{}` is no day like 2026-10-12", when.0)),
        },
    };
    let audience = Audience::parse(&file.audience);
    let season = Season::parse(&file.season);
    if season.is_none() && !file.season.is_empty() {
        return Err(format!("season: `{}` is none of the four", file.season));
    }
    Ok(Incoming {
        facts: Facts {
            category: file.category,
            outcome: file.outcome,
            owner: file.owner,
            audience: audience
                .ok_or_else(|| format!("audience: `{}` is not known", file.audience))?,
            request_type: file.request_type,
            units: file.units,
            laws: file.law,
            sign_video: file.sign_video,
            valid_from: day(&file.valid_from, "valid_from")?,
            valid_until: day(&file.valid_until, "valid_until")?,
            season,
            source,
            check_days: file.check_days,
        },
        assured: day(&file.assured, "assured")?,
        code: file.code,
        sample: file.sample,
        partial: false,
        texts,
    })
}

/// The language an article is first written in: the city's own, else the first there is.
pub(crate) fn source_of(city: &City, texts: &BTreeMap<Language, Written>) -> Language {
    if texts.contains_key(&city.language) {
        city.language
    } else {
        texts.keys().next().copied().unwrap_or(city.language)
    }
}

fn tag_of(tag: &str) -> Result<Language, String> {
    let known = Language::parse(tag).filter(|language| *language != Language::Other);
    known.ok_or_else(|| format!("no article is written in `{tag}`"))
}

fn written(file: TextFile, city: &City) -> Result<Written, String> {
    let state = TextState::parse(&file.state);
    let revised = match &file.revised {
        None => None,
        Some(when) => {
            let time = when.time(city);
            Some(time.ok_or_else(|| format!("revised: `{}` is no day", when.0))?)
        }
    };
    Ok(Written {
        state: state.ok_or_else(|| format!("state: `{}` is not known", file.state))?,
        revised,
        digest: String::new(),
        text: Text {
            title: file.title,
            questions: file.questions,
            synonyms: file.synonyms,
            answer: file.answer,
            details: file.details,
            documents: file.documents,
            fee: file.fee,
            time: file.time,
            office: file.office,
            telephone: file.telephone,
            variants: BTreeMap::new(),
        },
    })
}

fn article_file(
    article: &Article,
    version: &Version,
    texts: &BTreeMap<Language, Text>,
    city: &City,
) -> ArticleFile {
    let facts = version.facts.clone();
    let mut variants: BTreeMap<String, BTreeMap<String, Variant>> = BTreeMap::new();
    let mut text_files = BTreeMap::new();
    for (language, text) in texts {
        let mark = version.marks.get(language);
        for (district, variant) in &text.variants {
            let of = variants.entry(district.clone()).or_default();
            of.insert(language.code().to_owned(), variant.clone());
        }
        let text = text.clone();
        let file = TextFile {
            state: mark.map_or_else(human, |mark| mark.state.code().to_owned()),
            revised: mark.map(|mark| When::of(city, mark.revised)),
            title: text.title,
            questions: text.questions,
            synonyms: text.synonyms,
            answer: text.answer,
            details: text.details,
            documents: text.documents,
            fee: text.fee,
            time: text.time,
            office: text.office,
            telephone: text.telephone,
        };
        text_files.insert(language.code().to_owned(), file);
    }
    let variant = |(district, texts)| VariantFile { district, texts };
    ArticleFile {
        code: article.code.clone(),
        category: facts.category,
        outcome: facts.outcome,
        owner: facts.owner,
        audience: facts.audience.code().to_owned(),
        request_type: facts.request_type,
        units: facts.units,
        law: facts.laws,
        sign_video: facts.sign_video,
        assured: article.assured.map(When::of_day),
        valid_from: facts.valid_from.map(When::of_day),
        valid_until: facts.valid_until.map(When::of_day),
        season: facts.season.map_or("", Season::code).to_owned(),
        check_days: facts.check_days,
        source: facts.source.code().to_owned(),
        status: article.counted.code().to_owned(),
        sample: article.sample,
        texts: text_files,
        variants: variants.into_iter().map(variant).collect(),
    }
}

/// Articles as one TOML file, as [`read_toml`] reads it.
pub(crate) fn write_toml(wholes: &[store::library::Whole], city: &City) -> String {
    toml::to_string_pretty(&library(wholes, city)).expect("articles become TOML")
}

/// The same as JSON.
pub(crate) fn write_json(wholes: &[store::library::Whole], city: &City) -> String {
    let written = write_toml(wholes, city);
    let value = toml::from_str(&written).expect("what was written as TOML is TOML");
    serde_json::to_string_pretty(&plain(toml::Value::Table(value)))
        .expect("plain data becomes JSON")
}

fn library(wholes: &[store::library::Whole], city: &City) -> LibraryFile {
    let file = |whole: &store::library::Whole| {
        let version = whole.version()?;
        Some(article_file(&whole.article, version, &whole.texts, city))
    };
    LibraryFile {
        article: wholes.iter().filter_map(file).collect(),
    }
}

/// TOML as JSON: a day is a text.
fn plain(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(when) => when.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, plain(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_city;
    use center::knowledge::Mark;
    use store::library::Whole;

    const FILE: &str = r#"
[[article]]
code = "illegal-parking"
category = "TRF-03-02"
outcome = "AN"
owner = "C-TRA"
law = [{ title = "Road Traffic Act 32", url = "https://law.example/32" }]
assured = 2026-10-12
valid_from = 2026-11-15
season = "winter"
sample = true
[article.texts.ko]
revised = 2026-10-12
title = "불법 주정차 신고"
questions = ["차가 막고 있어요"]
answer = "120으로 신고하세요."
details = """
첫 문단.
- 하나
"""
[article.texts.en]
state = "unchecked"
revised = 2026-10-12T09:30:00.250Z
title = "Report illegal parking"
answer = "Call 120."
[[article.variants]]
district = "north"
[article.variants.texts.ko]
telephone = "02-900-0001"

[[article]]
code = "broken"
audience = "martian"

[[article]]
code = "strange"
colour = "red"
"#;

    fn whole(incoming: &Incoming) -> Whole {
        let mark = |(language, written): (&Language, &Written)| {
            let mark = Mark {
                title: written.text.title.clone(),
                state: written.state,
                revised: written.revised.expect("the file says when"),
                ..Mark::default()
            };
            (*language, mark)
        };
        let version = Version {
            revision: 1,
            facts: incoming.facts.clone(),
            marks: incoming.texts.iter().map(mark).collect(),
            ..Version::default()
        };
        let texts = incoming.texts.iter();
        let texts = texts.map(|(language, written)| (*language, written.text.clone()));
        Whole {
            article: Article {
                code: incoming.code.clone(),
                sample: incoming.sample,
                assured: incoming.assured,
                versions: BTreeMap::from([(1, version)]),
                ..Article::default()
            },
            revision: 1,
            texts: texts.collect(),
        }
    }

    #[test]
    fn a_broken_article_leaves_the_others_alone() {
        let city = sample_city::city();
        let found = read_toml(FILE, &city);
        assert_eq!(found.articles.len(), 1);
        let first = &found.articles[0];
        assert_eq!(first.facts.source, Language::Ko);
        assert_eq!(first.facts.valid_from, Day::parse("2026-11-15"));
        let ko = &first.texts[&Language::Ko];
        assert_eq!(ko.text.variants["north"].telephone, "02-900-0001");
        assert_eq!(ko.text.clone().cleaned().details, "첫 문단.\n- 하나");
        let places: Vec<&str> = found.flaws.iter().map(|flaw| flaw.place.as_str()).collect();
        assert_eq!(places, ["broken", "strange"]);
        assert!(found.flaws[1].what.contains("colour"), "{:?}", found.flaws);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let city = sample_city::city();
        let read = read_toml(FILE, &city).articles;
        let wholes: Vec<Whole> = read.iter().map(whole).collect();
        let again = read_toml(&write_toml(&wholes, &city), &city);
        assert_eq!(again.flaws, []);
        assert_eq!(again.articles, read);
        let json = write_json(&wholes, &city);
        assert!(json.contains("\"assured\": \"2026-10-12\""), "{json}");
        assert_eq!(read_json(&json, &city).articles, read);
    }

    #[test]
    fn an_instant_may_have_any_number_of_digits() {
        let city = sample_city::city();
        let at = |text: &str| When(text.to_owned()).time(&city);
        let second = at("2026-10-12T09:30:00Z").expect("an instant");
        for (fraction, ms) in [(".5", 500), (".25", 250), (".250", 250), (".007999", 7)] {
            let read = at(&format!("2026-10-12T09:30:00{fraction}Z"));
            assert_eq!(read.map(|at| at - second), Some(ms), "{fraction}");
        }
        for ms in 0..1_000 {
            let written = When::of(&city, Time(1_700_000_000_000 + ms)).0;
            let shown: toml::value::Datetime = written.parse().expect("a date of TOML");
            assert_eq!(at(&shown.to_string()), Some(Time(1_700_000_000_000 + ms)));
        }
    }

    #[test]
    fn what_is_no_file_of_articles_is_said_with_its_line() {
        let city = sample_city::city();
        let found = read_toml("[[article]]\ncode = \"a\"\nx x\n", &city);
        assert_eq!(found.flaws[0].place, "3");
        for text in ["", "x = 1", "article = 3"] {
            assert_eq!(read_toml(text, &city).flaws.len(), 1, "{text}");
        }
        assert_eq!(read_json("[1", &city).flaws.len(), 1);
    }
}
