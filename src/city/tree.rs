//! The call tree from its written form. Never walks it.

use super::file::{MenuFile, NodeFile};
use center::city::Language;
use center::menu::{Menu, Node, NodePrompt, Target};
use center::time::SECOND_MS;
use std::collections::BTreeMap;

/// Silence after the prompts of a node, in seconds; 0 leads on at once.
const TIMEOUT_S: std::ops::RangeInclusive<i64> = 0..=300;
/// Wrong keys after which nobody will find the right one.
const INVALID_MAX: u8 = 20;

/// Reads the tree; what cannot be read is told to `flaw` with its key.
pub fn menu(file: &MenuFile, mut flaw: impl FnMut(&str, String)) -> Menu {
    let nodes = file
        .nodes
        .iter()
        .map(|(name, node)| (name.clone(), read_node(name, node, &mut flaw)));
    Menu {
        nodes: nodes.collect(),
        entry: file.entry.clone(),
    }
}

fn read_node(name: &str, file: &NodeFile, flaw: &mut impl FnMut(&str, String)) -> Node {
    let key = format!("menu.nodes.{name}");
    let mut keys = BTreeMap::new();
    for (text, target) in &file.keys {
        let own = format!("{key}.keys");
        match (single_key(text), parse_target(target)) {
            (None, _) => flaw(&own, format!("`{text}` is not one of 0-9, * and #")),
            (_, None) => flaw(&own, not_a_target(target)),
            (Some(pressed), Some(target)) => drop(keys.insert(pressed, target)),
        }
    }
    let on_timeout = parse_target(&file.on_timeout).unwrap_or_else(|| {
        flaw(&format!("{key}.on_timeout"), not_a_target(&file.on_timeout));
        Target::Node(name.to_owned())
    });
    let mut play = Vec::with_capacity(file.play.len());
    for text in &file.play {
        match parse_prompt(text) {
            Some(prompt) => play.push(prompt),
            None => flaw(
                &format!("{key}.play"),
                format!("`{text}` names no language"),
            ),
        }
    }
    if !TIMEOUT_S.contains(&file.timeout_s) {
        let (least, most) = TIMEOUT_S.into_inner();
        let what = format!("{} is not between {least} and {most}", file.timeout_s);
        flaw(&format!("{key}.timeout_s"), what);
    }
    if file.invalid_max > INVALID_MAX {
        let what = format!("{} is above {INVALID_MAX}", file.invalid_max);
        flaw(&format!("{key}.invalid_max"), what);
    }
    Node {
        play,
        barge_in: file.barge_in,
        keys,
        timeout_ms: file.timeout_s.saturating_mul(SECOND_MS),
        on_timeout,
        invalid_max: file.invalid_max,
    }
}

fn single_key(text: &str) -> Option<char> {
    let mut letters = text.chars();
    let key = letters.next()?;
    (letters.next().is_none() && (key.is_ascii_digit() || key == '*' || key == '#')).then_some(key)
}

fn not_a_target(text: &str) -> String {
    format!(
        "`{text}` is not `queue CODE`, `node NAME`, `language xx queue CODE` or `repeat then ...`"
    )
}

fn parse_target(text: &str) -> Option<Target> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["node", name] => Some(Target::Node((*name).to_owned())),
        ["queue", code] => Some(Target::Queue((*code).to_owned())),
        ["language", language, "queue", code] => {
            let language = Language::parse(language)?;
            Some(Target::Language(language, (*code).to_owned()))
        }
        ["repeat", "then", rest @ ..] if rest.first() != Some(&"repeat") => {
            let then = parse_target(&rest.join(" "))?;
            Some(Target::RepeatOnce(Box::new(then)))
        }
        _ => None,
    }
}

fn parse_prompt(text: &str) -> Option<NodePrompt> {
    let (name, language) = match text.split_once('@') {
        Some((name, code)) => (name, Some(Language::parse(code)?)),
        None => (text, None),
    };
    Some(NodePrompt {
        name: name.to_owned(),
        language,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_written() {
        assert_eq!(
            parse_target("repeat then language en queue lang-en"),
            Some(Target::RepeatOnce(Box::new(Target::Language(
                Language::En,
                "lang-en".into()
            ))))
        );
        let wrong = [
            "",
            "queue",
            "queue a b",
            "language xx queue a",
            "repeat then repeat then node a",
        ];
        for text in wrong {
            assert_eq!(parse_target(text), None, "{text}");
        }
    }

    #[test]
    fn a_prompt_may_fix_its_language() {
        assert_eq!(parse_prompt("menu").map(|p| p.language), Some(None));
        assert_eq!(
            parse_prompt("a@zh").map(|p| p.language),
            Some(Some(Language::Zh))
        );
        assert_eq!(parse_prompt("a@xx"), None);
    }
}
