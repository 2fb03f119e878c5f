//! What programs read of an article's page: schema.org data, and telephone numbers that can be
//! dialed. Never a text that is not on the page.

use crate::Site;
use center::city::{Language, name_in};
use center::knowledge::Text;
use serde_json::{Value, json};
use store::library::Whole;

/// Digits of a number that can be dialed (ITU-T E.164 has 15 at most).
const DIGITS: std::ops::RangeInclusive<usize> = 3..=15;

/// A piece of a telephone line, and the number to dial where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) text: String,
    pub(crate) number: String,
}

/// Finds the numbers in a line such as `02-2133-1234, 120 (24 h)`.
pub(crate) fn calls(line: &str) -> Vec<Calls> {
    let mut calls: Vec<Calls> = Vec::new();
    let part = |letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '+' | ' ' | '.');
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let inside = part(first);
        let end = rest
            .find(|letter| part(letter) != inside)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        let number: String = piece
            .chars()
            .filter(|letter| letter.is_ascii_digit() || *letter == '+')
            .collect();
        let digits = number.chars().filter(char::is_ascii_digit).count();
        let dials =
            inside && DIGITS.contains(&digits) && number.rfind('+').is_none_or(|at| at == 0);
        let number = if dials { number } else { String::new() };
        match calls.last_mut() {
            Some(last) if last.number.is_empty() && number.is_empty() => last.text.push_str(piece),
            _ => calls.push(Calls {
                text: piece.to_owned(),
                number,
            }),
        }
    }
    calls
}

/// The article as `GovernmentService` and `FAQPage` (schema.org), safe inside a script element.
pub(crate) fn json_ld(
    site: &Site,
    whole: &Whole,
    language: Language,
    text: &Text,
    origin: &str,
    url: &str,
) -> String {
    let graph = json!({
        "@context": "https://schema.org",
        "@graph": [
            service(site, whole, language, text, origin, url),
            questions(whole, language, text, url),
        ],
    });
    in_script(&graph)
}

/// No `<` of a text can end the script element.
fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

fn service(
    site: &Site,
    whole: &Whole,
    language: Language,
    text: &Text,
    origin: &str,
    url: &str,
) -> Value {
    let (city, tag) = (site.city(), language.code());
    let town = name_in(&city.names, tag);
    let facts = whole.version().map(|version| &version.facts);
    let unit = facts.and_then(|facts| city.library.unit(&facts.owner));
    let mut provider = json!({ "@type": "GovernmentOrganization", "name": town });
    if let Some(unit) = unit {
        provider["name"] = name_in(&unit.names, tag).into();
        provider["parentOrganization"] = json!({ "@type": "GovernmentOrganization", "name": town });
        for (key, value) in [("telephone", &unit.telephone), ("email", &unit.email)] {
            if !value.is_empty() {
                provider[key] = value.as_str().into();
            }
        }
    }
    let languages: Vec<&str> = whole.texts.keys().map(|one| one.code()).collect();
    let numbers = calls(&text.telephone);
    let own = numbers.iter().find(|one| !one.number.is_empty());
    let number = own.map_or(site.settings.number.as_str(), |one| one.number.as_str());
    let mut channel = json!({
        "@type": "ServiceChannel",
        "serviceUrl": origin,
        "servicePhone": {
            "@type": "ContactPoint",
            "telephone": number,
            "availableLanguage": languages,
        },
        "availableLanguage": languages,
    });
    if !text.office.is_empty() {
        channel["serviceLocation"] = json!({ "@type": "Place", "name": text.office });
    }
    let mut service = json!({
        "@type": "GovernmentService",
        "@id": format!("{url}#service"),
        "name": text.title,
        "description": text.answer,
        "url": url,
        "provider": provider,
        "areaServed": { "@type": "AdministrativeArea", "name": town },
        "availableChannel": channel,
        "audience": { "@type": "Audience", "audienceType": "citizens" },
    });
    let category = facts.and_then(|facts| {
        let mut all = city.categories.iter();
        all.find(|one| one.code == facts.category)
    });
    if let Some(category) = category {
        service["serviceType"] = name_in(&category.names, tag).into();
    }
    service
}

fn questions(whole: &Whole, language: Language, text: &Text, url: &str) -> Value {
    let answer = format!("{}\n\n{}", text.answer, text.details);
    let marks = whole.version().map(|version| &version.marks);
    let revised = marks.and_then(|marks| marks.get(&language));
    let mut page = json!({
        "@type": "FAQPage",
        "@id": format!("{url}#questions"),
        "url": url,
        "inLanguage": language.code(),
        "name": text.title,
        "about": { "@id": format!("{url}#service") },
        "mainEntity": [{
            "@type": "Question",
            "name": text.title,
            "inLanguage": language.code(),
            "acceptedAnswer": { "@type": "Answer", "text": answer.trim() },
        }],
    });
    if let Some(mark) = revised {
        page["dateModified"] = mark.revised.to_string().into();
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_dialed_and_the_rest_stays_text() {
        let told = |line: &str| -> Vec<(String, String)> {
            let calls = calls(line).into_iter();
            calls.map(|one| (one.text, one.number)).collect()
        };
        let text = |text: &str, number: &str| (text.to_owned(), number.to_owned());
        assert_eq!(told("120"), [text("120", "120")]);
        assert_eq!(
            told("다산 120, 02-2133-1234 (9:00)"),
            [
                text("다산", ""),
                text(" 120", "120"),
                text(",", ""),
                text(" 02-2133-1234 ", "0221331234"),
                text("(9:00)", ""),
            ]
        );
        assert_eq!(told("+82 2 120"), [text("+82 2 120", "+822120")]);
        assert!(told("").is_empty());
        let long = "1".repeat(16);
        assert_eq!(told(&long), [text(&long, "")]);
    }

    #[test]
    fn no_text_ends_the_script() {
        let value = json!({ "name": "</script><script>alert(1)</script>" });
        assert!(!in_script(&value).contains('<'));
        let back: Value = serde_json::from_str(&in_script(&value)).expect("JSON");
        assert_eq!(back, value);
    }
}
