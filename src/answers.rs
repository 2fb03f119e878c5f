//! Reads the city's canned answers and checks them whole before anything starts. Never sends one.

use crate::city::file_or;
use anyhow::{Context, Result, bail};
use center::city::City;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use web::{CannedAnswer, Texts};

/// The sample answers, as written into a new data directory.
pub const SAMPLE: &str = include_str!("../assets/answers.toml");

/// Places that the desk fills by itself.
const KNOWN: [&str; 4] = ["name", "number", "counselor", "city"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswersFile {
    #[serde(default)]
    variables: BTreeMap<String, Texts>,
    /// Numbers and addresses of the city that may stand in public answers.
    #[serde(default)]
    public: Vec<String>,
    #[serde(default)]
    answer: Vec<AnswerFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    code: String,
    names: Texts,
    texts: Texts,
    #[serde(default)]
    category: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    close: bool,
}

/// What the file says.
#[derive(Debug)]
pub struct Canned {
    /// Answers.
    pub answers: Vec<CannedAnswer>,
    /// Numbers and addresses of the city that may stand in public answers.
    pub public: Vec<String>,
    /// What stands in their places.
    pub variables: BTreeMap<String, Texts>,
}

/// Reads the answers of a data directory, or the sample where it has none.
pub fn read(folder: &Path, city: &City) -> Result<Canned> {
    let text = file_or(folder, "answers.toml", SAMPLE)?;
    parse(&text, city).with_context(|| format!("the answers in {}", folder.display()))
}

fn parse(text: &str, city: &City) -> Result<Canned> {
    let file: AnswersFile = toml::from_str(text).context("answers.toml")?;
    let mut flaws = Vec::new();
    let mut seen = BTreeSet::new();
    for answer in &file.answer {
        let mut flaw = |what: String| {
            flaws.push(format!("answers.toml: answer `{}`: {what}", answer.code));
        };
        if !seen.insert(&answer.code) {
            flaw("is there twice".into());
        }
        let plain = |letter: char| letter.is_alphanumeric() || letter == '-';
        if answer.code.is_empty() || !answer.code.chars().all(plain) {
            flaw("a code is letters, digits and `-`".into());
        }
        check_texts(answer, city, &file.variables, &mut flaw);
        if !answer.category.is_empty() && !city.is_leaf(&answer.category) {
            flaw(format!(
                "`{}` is no category that can be chosen",
                answer.category
            ));
        }
        if !answer.outcome.is_empty() && !city.is_outcome(&answer.outcome) {
            flaw(format!("`{}` is no outcome", answer.outcome));
        }
        if !answer.link.is_empty() && !is_page(&answer.link) {
            flaw(format!("`{}` is no https:// address", answer.link));
        }
        if answer.close && (answer.category.is_empty() || answer.outcome.is_empty()) {
            flaw("what closes a record needs category and outcome".into());
        }
    }
    for (name, texts) in &file.variables {
        if !texts.contains_key("en") {
            flaws.push(format!("answers.toml: variables: `{name}` needs `en`"));
        }
    }
    if !flaws.is_empty() {
        bail!("{}", flaws.join("\n"));
    }
    let answer = |answer: AnswerFile| CannedAnswer {
        code: answer.code,
        names: answer.names,
        texts: answer.texts,
        category: answer.category,
        outcome: answer.outcome,
        link: answer.link,
        close: answer.close,
    };
    Ok(Canned {
        public: file.public,
        answers: file.answer.into_iter().map(answer).collect(),
        variables: file.variables,
    })
}

fn check_texts(
    answer: &AnswerFile,
    city: &City,
    variables: &BTreeMap<String, Texts>,
    flaw: &mut impl FnMut(String),
) {
    let own = city.language.code();
    if !answer.names.contains_key("en") {
        flaw("names: needs a name in `en`".into());
    }
    for tag in [own, "en"] {
        if !answer.texts.contains_key(tag) {
            flaw(format!("texts: needs a text in `{tag}`"));
        }
    }
    for (tag, text) in &answer.texts {
        if center::city::Language::parse(tag).is_none() {
            flaw(format!("texts: `{tag}` is not a known language"));
        }
        for place in places(text) {
            if !KNOWN.contains(&place) && !variables.contains_key(place) {
                flaw(format!("texts: {tag}: nobody knows `{{{place}}}`"));
            }
        }
    }
}

/// Whether a link leads to a page that citizens can open.
fn is_page(link: &str) -> bool {
    let host = link.strip_prefix("https://").unwrap_or_default();
    !host.is_empty() && !link.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The names between braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn city() -> City {
        let nowhere = Path::new("/nonexistent");
        crate::city::read(nowhere).unwrap().city
    }

    #[test]
    fn the_sample_speaks_six_languages() {
        let read = parse(SAMPLE, &city()).unwrap();
        assert!(read.answers.len() >= 6);
        for answer in &read.answers {
            assert_eq!(answer.texts.len(), 6, "{}", answer.code);
        }
        assert!(read.answers.iter().any(|answer| !answer.outcome.is_empty()));
    }

    #[test]
    fn every_mistake_is_named_with_its_key() {
        let cases = [
            ("{name}님", "{nmae}님", "nobody knows `{nmae}`"),
            ("outcome = \"AN\"", "outcome = \"XX\"", "`XX` is no outcome"),
            (
                "code = \"hello\"",
                "code = \"he llo\"",
                "letters, digits and `-`",
            ),
            ("names = {", "nmaes = {", "unknown field `nmaes`"),
        ];
        for (from, to, flaw) in cases {
            assert!(SAMPLE.contains(from), "{from}");
            let text = SAMPLE.replacen(from, to, 1);
            let found = format!("{:#}", parse(&text, &city()).unwrap_err());
            assert!(found.contains(flaw), "{flaw} in {found}");
        }
    }
}
