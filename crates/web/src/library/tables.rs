//! Articles as a table (CSV): one line for each language and each district of an article. Never
//! JSON, never a page.

use super::file::{Found, Incoming, source_of};
use super::import::Given;
use crate::csv;
use center::city::{City, Language};
use center::knowledge::{
    ANSWER_LETTERS_MAX, ANSWER_SENTENCES_MAX, Audience, Season, Text, TextState, Variant, Written,
    code_fits, first_sentences,
};
use center::time::Day;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::library::Whole;

/// Lines of a file: more than any city has articles.
const LINES_MAX: usize = 200_000;

/// Columns as they are written, and names under which they are found.
const COLUMNS: [(&str, &[&str]); 22] = [
    ("code", &["code", "코드", "id"]),
    ("language", &["language", "lang", "언어"]),
    ("district", &["district", "자치구", "구"]),
    ("title", &["title", "question", "제목", "질문", "name"]),
    ("answer", &["answer", "답변", "답"]),
    (
        "details",
        &["details", "content", "content_text", "내용", "상세"],
    ),
    ("questions", &["questions", "다르게 묻는 말"]),
    ("synonyms", &["synonyms", "keywords", "동의어", "키워드"]),
    ("documents", &["documents", "서류", "구비서류"]),
    ("fee", &["fee", "수수료"]),
    ("time", &["time", "기간", "시간"]),
    ("office", &["office", "장소", "접수처"]),
    ("telephone", &["telephone", "phone", "전화", "전화번호"]),
    ("category", &["category", "분류"]),
    ("outcome", &["outcome", "처리결과"]),
    (
        "owner",
        &["owner", "dept", "department", "담당부서", "부서"],
    ),
    ("audience", &["audience", "공개"]),
    ("season", &["season", "계절"]),
    ("valid_from", &["valid_from", "시작일"]),
    ("valid_until", &["valid_until", "종료일"]),
    ("assured", &["assured", "확인일"]),
    ("state", &["state", "번역상태"]),
];

/// A line of a file and its fields.
pub(super) type Line = (usize, Vec<String>);

/// Takes a file apart (RFC 4180): quoted fields may hold line ends. A quote that never ends takes
/// the rest of the file, and is said.
pub(super) fn lines(text: &str, by: char) -> Result<Vec<Line>, usize> {
    let mut lines = Vec::new();
    let mut line: Line = (1, vec![String::new()]);
    let mut number = 1;
    let mut quoted: Option<usize> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        number += usize::from(letter == '\n');
        let field = line.1.last_mut().expect("a line has a field");
        match (quoted, letter) {
            (Some(_), '"') if letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            (Some(_), '"') => quoted = None,
            (None, '"') if field.is_empty() => quoted = Some(number),
            (None, '\r') if letters.peek() == Some(&'\n') => {}
            (None, '\n' | '\r') => {
                let next = (number, vec![String::new()]);
                lines.push(std::mem::replace(&mut line, next));
            }
            (None, letter) if letter == by => line.1.push(String::new()),
            (_, letter) => field.push(letter),
        }
    }
    if let Some(begun) = quoted {
        return Err(begun);
    }
    lines.push(line);
    lines.retain(|(_, fields)| fields.iter().any(|field| !field.trim().is_empty()));
    Ok(lines)
}

/// What parts the columns: whichever the first line has most of.
pub(super) fn separator(text: &str) -> char {
    let head = text.lines().next().unwrap_or_default();
    let count = |by: &char| head.matches(*by).count();
    [',', ';', '\t']
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(',')
}

/// Where each known column stands.
pub(super) struct Head(BTreeMap<&'static str, usize>);

impl Head {
    /// Finds columns by one of their names.
    pub(super) fn of(fields: &[String], columns: &[(&'static str, &[&str])]) -> Head {
        let plain = |text: &str| text.trim().trim_start_matches('\u{feff}').to_lowercase();
        let mut head = BTreeMap::new();
        for (at, field) in fields.iter().enumerate() {
            let field = plain(field);
            let known = columns
                .iter()
                .find(|(_, names)| names.contains(&field.as_str()));
            if let Some((name, _)) = known {
                head.entry(*name).or_insert(at);
            }
        }
        Head(head)
    }

    /// What a line has in a column, empty for nothing.
    pub(super) fn get<'a>(&self, fields: &'a [String], name: &str) -> &'a str {
        let field = self.0.get(name).and_then(|at| fields.get(*at));
        let field = field.map_or("", |field| field.trim());
        // The apostrophe that keeps spreadsheets from running it.
        let formula = |rest: &&str| rest.starts_with(['=', '+', '-', '@', '\t', '\r']);
        field.strip_prefix('\'').filter(formula).unwrap_or(field)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// Reads a table. A line that cannot be read leaves the others alone.
pub(crate) fn read(text: &str, city: &City, given: &Given) -> Found {
    let mut found = Found::default();
    let lines = match lines(text, separator(text)) {
        Ok(lines) => lines,
        Err(line) => {
            found.flaw(line.to_string(), "a quote is opened here and never closed");
            return found;
        }
    };
    let Some(((_, names), lines)) = lines.split_first() else {
        found.flaw("1", "the file is empty");
        return found;
    };
    let head = Head::of(names, &COLUMNS);
    if !head.has("title") || !(head.has("answer") || head.has("details")) {
        let what = "the first line names no columns `title` and `answer` (제목, 답변 or 내용)";
        found.flaw("1", what);
        return found;
    }
    if lines.len() > LINES_MAX {
        found.flaw("1", format!("more than {LINES_MAX} lines"));
        return found;
    }
    let mut strange: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut articles: BTreeMap<String, (usize, Incoming)> = BTreeMap::new();
    for (number, fields) in lines {
        if fields.len() != names.len() {
            let (has, wants) = (fields.len(), names.len());
            found.flaw(
                number.to_string(),
                format!("has {has} columns instead of {wants}"),
            );
            continue;
        }
        let known = Known {
            city,
            given,
            strange: &mut strange,
        };
        if let Err(what) = line(&head, fields, known, *number, &mut articles) {
            found.flaw(number.to_string(), what);
        }
    }
    for ((column, value), line) in strange {
        let what = format!("{column}: `{value}` is not the city's; the chosen one stands for it");
        found.flaw(line.to_string(), what);
    }
    let mut articles: Vec<(usize, Incoming)> = articles.into_values().collect();
    articles.sort_by_key(|(line, _)| *line);
    for (_, mut article) in articles {
        article.facts.source = source_of(city, &article.texts);
        found.articles.push(article);
    }
    if found.articles.is_empty() && found.flaws.is_empty() {
        found.flaw("1", "there is no line below the names of the columns");
    }
    found
}

/// What the city knows, and what the file says that it does not.
struct Known<'a> {
    city: &'a City,
    given: &'a Given,
    /// Column and value, with the first line that has it.
    strange: &'a mut BTreeMap<(&'static str, String), usize>,
}

impl Known<'_> {
    /// A code of the city for what a column says: its code, or a name of it in any language.
    fn code<'n>(
        &mut self,
        column: &'static str,
        value: &str,
        line: usize,
        mut known: impl Iterator<Item = (&'n str, &'n BTreeMap<String, String>)>,
    ) -> Option<String> {
        if value.is_empty() {
            return None;
        }
        let named = |(code, names): &(&str, &BTreeMap<String, String>)| {
            *code == value || names.values().any(|name| name == value)
        };
        let found = known.find(named).map(|(code, _)| code.to_owned());
        if found.is_none() {
            let strange = (column, value.chars().take(60).collect());
            self.strange.entry(strange).or_insert(line);
        }
        found
    }
}

fn line(
    head: &Head,
    fields: &[String],
    mut known: Known<'_>,
    number: usize,
    articles: &mut BTreeMap<String, (usize, Incoming)>,
) -> Result<(), String> {
    let get = |name: &str| head.get(fields, name);
    let language = match get("language") {
        "" => known.given.language,
        code => Language::parse(code)
            .filter(|one| *one != Language::Other)
            .ok_or_else(|| format!("no article is written in `{code}`"))?,
    };
    let state = match get("state") {
        "" => TextState::Human,
        code => TextState::parse(code).ok_or_else(|| format!("no state `{code}`"))?,
    };
    let (title, district) = (get("title"), get("district"));
    let code = match get("code") {
        "" if title.is_empty() => return Err("has neither code nor title".into()),
        "" => code_of(title),
        code if code_fits(code) => code.to_owned(),
        code => code_of(code),
    };
    if !articles.contains_key(&code) {
        let article = begun(&code, head, fields, number, &mut known)?;
        articles.insert(code.clone(), (number, article));
    }
    let (_, article) = articles.get_mut(&code).ok_or("is lost")?;
    let text = text(head, fields);
    let written: &mut Written = article.texts.entry(language).or_default();
    if !district.is_empty() {
        let variants = &mut written.text.variants;
        return match variants.insert(district.to_owned(), variant(text)) {
            None => Ok(()),
            Some(_) => Err(format!(
                "`{code}` is there twice in {language} for {district}"
            )),
        };
    }
    if !written.text.title.is_empty() {
        return Err(format!("`{code}` is there twice in {language}: {title}"));
    }
    written.state = state;
    let variants = std::mem::take(&mut written.text.variants);
    written.text = Text { variants, ..text };
    Ok(())
}

/// The text of a line.
fn text(head: &Head, fields: &[String]) -> Text {
    let get = |name: &str| head.get(fields, name);
    let line = |name: &str| get(name).to_owned();
    let lines = |name: &str| -> Vec<String> { get(name).lines().map(str::to_owned).collect() };
    let (answer, details) = if get("district").is_empty() && !head.has("answer") {
        answer_and_details("", get("details"))
    } else if get("answer").is_empty() {
        (String::new(), line("details"))
    } else {
        answer_and_details(get("answer"), get("details"))
    };
    Text {
        title: line("title"),
        questions: lines("questions"),
        synonyms: lines("synonyms"),
        answer,
        details,
        documents: lines("documents"),
        fee: line("fee"),
        time: line("time"),
        office: line("office"),
        telephone: line("telephone"),
        variants: BTreeMap::new(),
    }
}

/// What of a text a district can say otherwise.
fn variant(text: Text) -> Variant {
    Variant {
        answer: text.answer,
        details: text.details,
        documents: text.documents,
        fee: text.fee,
        time: text.time,
        office: text.office,
        telephone: text.telephone,
    }
}

/// A new article with what is not text.
fn begun(
    code: &str,
    head: &Head,
    fields: &[String],
    line: usize,
    known: &mut Known<'_>,
) -> Result<Incoming, String> {
    let get = |name: &str| head.get(fields, name);
    let day = |name: &str| match get(name) {
        "" => Ok(None),
        text => Day::parse(text)
            .map(Some)
            .ok_or_else(|| format!("{name}: `{text}` is no day like 2026-10-12")),
    };
    let mut article = known.given.article(code);
    let city = known.city;
    let leaves = city.categories.iter().filter(|one| one.leaf);
    let leaves = leaves.map(|one| (one.code.as_str(), &one.names));
    if let Some(code) = known.code("category", get("category"), line, leaves) {
        article.facts.category = code;
    }
    let units = city.library.units.iter();
    let units = units.map(|one| (one.code.as_str(), &one.names));
    if let Some(code) = known.code("owner", get("owner"), line, units) {
        article.facts.owner = code;
    }
    let outcomes = city.outcomes.iter();
    let outcomes = outcomes.map(|one| (one.code.as_str(), &one.names));
    if let Some(code) = known.code("outcome", get("outcome"), line, outcomes) {
        article.facts.outcome = code;
    }
    article.facts.audience = match get("audience") {
        "" => Audience::Citizen,
        code => Audience::parse(code).ok_or_else(|| format!("no readers `{code}`"))?,
    };
    article.facts.season = match get("season") {
        "" => None,
        code => Some(Season::parse(code).ok_or_else(|| format!("no season `{code}`"))?),
    };
    article.facts.valid_from = day("valid_from")?;
    article.facts.valid_until = day("valid_until")?;
    article.assured = day("assured")?;
    Ok(article)
}

/// An answer of at most two sentences, and the rest. What has no sentences is no answer.
pub(crate) fn answer_and_details(answer: &str, details: &str) -> (String, String) {
    let (answer, details) = if answer.trim().is_empty() {
        (details, "")
    } else {
        (answer, details)
    };
    let (first, rest) = first_sentences(answer, ANSWER_SENTENCES_MAX);
    let (first, rest) = if first.chars().count() > ANSWER_LETTERS_MAX {
        ("", answer)
    } else {
        (first, rest)
    };
    let parts: Vec<&str> = [rest, details]
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .collect();
    (first.to_owned(), parts.join("\n\n"))
}

/// A code from a title: its Latin letters and digits, or what its digest begins with.
pub(crate) fn code_of(title: &str) -> String {
    let mut code = String::new();
    for letter in title.chars().take(60) {
        if letter.is_ascii_alphanumeric() {
            code.push(letter.to_ascii_lowercase());
        } else if !code.is_empty() && !code.ends_with('-') {
            code.push('-');
        }
    }
    let code = code.trim_matches('-');
    let foreign = title
        .chars()
        .any(|letter| letter.is_alphabetic() && !letter.is_ascii());
    if foreign || code.is_empty() {
        let digest = crate::session::hex(&Sha256::digest(title.as_bytes())[..6]);
        return format!("import-{digest}");
    }
    code.to_owned()
}

/// Articles as a table, as [`read`] reads it.
pub(crate) fn write(wholes: &[Whole]) -> String {
    let mut table = String::from("\u{feff}");
    csv::row(&mut table, &COLUMNS.map(|(name, _)| name.to_owned()));
    for whole in wholes {
        let Some(version) = whole.version() else {
            continue;
        };
        for (language, text) in &whole.texts {
            let state = version
                .marks
                .get(language)
                .map_or("", |mark| mark.state.code());
            let facts = &version.facts;
            let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
            let rest = [
                facts.category.clone(),
                facts.outcome.clone(),
                facts.owner.clone(),
                facts.audience.code().to_owned(),
                facts.season.map_or("", Season::code).to_owned(),
                day(facts.valid_from),
                day(facts.valid_until),
                day(whole.article.assured),
                state.to_owned(),
            ];
            let mut line = |district: &str, text: &Text| {
                let mut cells = vec![
                    whole.article.code.clone(),
                    language.code().to_owned(),
                    district.to_owned(),
                    text.title.clone(),
                    text.answer.clone(),
                    text.details.clone(),
                    text.questions.join("\n"),
                    text.synonyms.join("\n"),
                    text.documents.join("\n"),
                    text.fee.clone(),
                    text.time.clone(),
                    text.office.clone(),
                    text.telephone.clone(),
                ];
                cells.extend(rest.iter().cloned());
                csv::row(&mut table, &cells);
            };
            line("", text);
            for (district, variant) in &text.variants {
                let text = Text {
                    answer: variant.answer.clone(),
                    details: variant.details.clone(),
                    documents: variant.documents.clone(),
                    fee: variant.fee.clone(),
                    time: variant.time.clone(),
                    office: variant.office.clone(),
                    telephone: variant.telephone.clone(),
                    ..Text::default()
                };
                line(district, &text);
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_city;

    fn given() -> Given {
        Given {
            owner: "WTR".into(),
            category: "WAT-01-01".into(),
            language: Language::Ko,
        }
    }

    #[test]
    fn a_table_of_a_city_is_read_with_its_own_names_of_columns() {
        let city = sample_city::city();
        let text = "제목,내용,전화번호\r\n\"수도 요금, 납부\",\"은행에서 내세요. 앱도 됩니다. 기한은 말일입니다.\n둘째 줄\",02-1\r\n";
        let found = read(text, &city, &given());
        assert_eq!(found.flaws, []);
        let article = &found.articles[0];
        assert!(article.code.starts_with("import-"));
        let text = &article.texts[&Language::Ko].text;
        assert_eq!(text.title, "수도 요금, 납부");
        assert_eq!(text.answer, "은행에서 내세요. 앱도 됩니다.");
        assert_eq!(text.details, "기한은 말일입니다.\n둘째 줄");
        assert_eq!(article.facts.owner, "WTR");
    }

    #[test]
    fn wrong_lines_are_named_and_the_others_read() {
        let city = sample_city::city();
        let text = "code;language;title;answer\na;en;A;One.\nb;en;B\nc;xx;C;Three.\na;en;A;Again.\nd;en;;Four.\n;en;E e;Five.\n";
        let found = read(text, &city, &given());
        let codes: Vec<&str> = found.articles.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["a", "d", "e-e"]);
        let places: Vec<&str> = found.flaws.iter().map(|flaw| flaw.place.as_str()).collect();
        assert_eq!(places, ["3", "4", "5"], "{:?}", found.flaws);
        assert_eq!(found.articles[0].texts[&Language::En].text.answer, "One.");
    }

    #[test]
    fn what_the_city_does_not_know_is_repaired_and_said_once() {
        let city = sample_city::city();
        let text =
            "id,title,answer,category\nGIP_94,A,One.,bills\nB,B,Two.,Fish\nC,C,Three.,Fish\n";
        let found = read(text, &city, &given());
        let told: Vec<(&str, &str)> = found
            .articles
            .iter()
            .map(|one| (one.code.as_str(), one.facts.category.as_str()))
            .collect();
        let bills = "WAT-01-01";
        assert_eq!(told, [("gip-94", bills), ("b", bills), ("c", bills)]);
        assert_eq!(found.flaws.len(), 1, "{:?}", found.flaws);
        assert!(found.flaws[0].place == "3" && found.flaws[0].what.contains("Fish"));
    }

    #[test]
    fn what_is_no_answer_is_details() {
        let long = "word ".repeat(400);
        let (answer, details) = answer_and_details(&long, "");
        assert_eq!((answer.as_str(), details.trim()), ("", long.trim()));
        let (answer, details) = answer_and_details("", "One. Two. Three.");
        assert_eq!((answer.as_str(), details.as_str()), ("One. Two.", "Three."));
        let (answer, details) = answer_and_details("One. Two. Three.", "Four.");
        assert_eq!(
            (answer.as_str(), details.as_str()),
            ("One. Two.", "Three.\n\nFour.")
        );
    }

    #[test]
    fn what_is_no_table_is_said() {
        let city = sample_city::city();
        for (text, place) in [
            ("", "1"),
            ("a,b\n1,2\n", "1"),
            ("title,answer\n\"open,\n", "2"),
            ("title\nx\n", "1"),
            ("\u{0}\u{0}", "1"),
        ] {
            let found = read(text, &city, &given());
            assert!(found.articles.is_empty(), "{text}");
            assert_eq!(found.flaws[0].place, place, "{text}");
        }
    }

    #[test]
    fn quotes_and_line_ends_are_as_the_standard_says() {
        let read = |text| lines(text, ',').expect("it ends");
        let cells = |text| {
            read(text)
                .into_iter()
                .map(|(_, cells)| cells)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            cells("a,\"b\"\"c\nd\",\r\ne"),
            [vec!["a", "b\"c\nd", ""], vec!["e"]]
        );
        assert_eq!(read("a\n\n\nb")[1].0, 4);
        assert_eq!(lines("x\n\"a", ','), Err(2));
        assert_eq!(separator("a\tb\tc,d"), '\t');
    }

    #[test]
    fn codes_come_from_titles() {
        assert_eq!(code_of("Pay your Water-Bill!"), "pay-your-water-bill");
        assert_eq!(code_of("수도 요금"), code_of("수도 요금"));
        assert_ne!(code_of("수도 요금"), code_of("수도 요금 2"));
        for title in ["", "수도", "--", "ÄÖ", &"x".repeat(200)] {
            assert!(center::knowledge::code_fits(&code_of(title)), "{title}");
        }
    }
}
