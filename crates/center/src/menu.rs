//! The call tree (IVR) as data and its check. Never plays a prompt or waits: that is decided in
//! `center` and done by telephony.

use crate::city::Language;
use std::collections::{BTreeMap, BTreeSet};

/// A prompt in a language; telephony finds the sound for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prompt {
    /// Name, for example `welcome_short`.
    pub name: String,
    /// Language to speak it in.
    pub language: Language,
}

/// A prompt of a node: in the caller's language unless one is fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePrompt {
    /// Name of the prompt.
    pub name: String,
    /// Fixed language, as in a language menu.
    pub language: Option<Language>,
}

/// Where a key, a timeout or the end of a node leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Another node by its name.
    Node(String),
    /// A queue by its code.
    Queue(String),
    /// Sets the contact's language for good, then a queue.
    Language(Language, String),
    /// The same node once more; when repeated already, the second target.
    RepeatOnce(Box<Target>),
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What is played, in order.
    pub play: Vec<NodePrompt>,
    /// Whether a key cuts the prompt short.
    pub barge_in: bool,
    /// Keys and where they lead.
    pub keys: BTreeMap<char, Target>,
    /// Waiting time for a key after the prompt, in milliseconds.
    pub timeout_ms: i64,
    /// Where silence leads.
    pub on_timeout: Target,
    /// Wrong keys that are forgiven before `on_timeout` is taken.
    pub invalid_max: u8,
}

/// The tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// Name of the first node.
    pub entry: String,
    /// Nodes by name.
    pub nodes: BTreeMap<String, Node>,
}

/// What is wrong with a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The entry or a target names a node that does not exist.
    UnknownNode(String),
    /// A target names a queue that does not exist.
    UnknownQueue(String),
    /// No key and no silence leads to the node.
    Unreachable(String),
    /// Silence at the node never ends in a queue: the caller would never reach a person.
    DeadEnd(String),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::UnknownNode(name) => {
                write!(f, "the menu names a node `{name}` that does not exist")
            }
            Flaw::UnknownQueue(name) => {
                write!(f, "the menu names a queue `{name}` that does not exist")
            }
            Flaw::Unreachable(name) => write!(f, "no key leads to the menu node `{name}`"),
            Flaw::DeadEnd(name) => {
                write!(f, "a silent caller at `{name}` never reaches a counselor")
            }
        }
    }
}

impl Menu {
    /// Checks that every name exists, every node can be reached and silence always ends at a
    /// person.
    pub fn flaws(&self, queues: &[&str]) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if !self.nodes.contains_key(&self.entry) {
            flaws.push(Flaw::UnknownNode(self.entry.clone()));
        }
        for node in self.nodes.values() {
            for target in node.keys.values().chain([&node.on_timeout]) {
                self.check_target(target, queues, &mut flaws);
            }
        }
        let reached = self.reached();
        for name in self.nodes.keys() {
            if !reached.contains(name.as_str()) {
                flaws.push(Flaw::Unreachable(name.clone()));
            }
            if !self.silence_ends(name) {
                flaws.push(Flaw::DeadEnd(name.clone()));
            }
        }
        flaws
    }

    fn check_target(&self, target: &Target, queues: &[&str], flaws: &mut Vec<Flaw>) {
        match target {
            Target::Node(name) if !self.nodes.contains_key(name) => {
                flaws.push(Flaw::UnknownNode(name.clone()));
            }
            Target::Queue(code) | Target::Language(_, code) if !queues.contains(&code.as_str()) => {
                flaws.push(Flaw::UnknownQueue(code.clone()));
            }
            Target::RepeatOnce(then) => self.check_target(then, queues, flaws),
            Target::Node(_) | Target::Queue(_) | Target::Language(..) => {}
        }
    }

    fn reached(&self) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![self.entry.as_str()];
        while let Some(name) = open.pop() {
            let Some((name, node)) = self.nodes.get_key_value(name) else {
                continue;
            };
            if reached.insert(name.as_str()) {
                let targets = node.keys.values().chain([&node.on_timeout]);
                open.extend(targets.filter_map(Target::node));
            }
        }
        reached
    }

    fn silence_ends(&self, from: &str) -> bool {
        let mut name = from;
        for _ in 0..=self.nodes.len() {
            let Some(node) = self.nodes.get(name) else {
                return false;
            };
            match node.on_timeout.node() {
                Some(next) => name = next,
                None => return true,
            }
        }
        false
    }
}

impl Target {
    /// The node it leads to, if it leads to one in the end.
    fn node(&self) -> Option<&str> {
        match self {
            Target::Node(name) => Some(name),
            Target::RepeatOnce(then) => then.node(),
            Target::Queue(_) | Target::Language(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(keys: &[(char, Target)], on_timeout: Target) -> Node {
        Node {
            play: Vec::new(),
            barge_in: true,
            keys: keys.iter().cloned().collect(),
            timeout_ms: 5_000,
            on_timeout,
            invalid_max: 2,
        }
    }

    #[test]
    fn a_loop_of_silence_and_a_wrong_name_are_found() {
        let menu = Menu {
            entry: "a".into(),
            nodes: BTreeMap::from([
                (
                    "a".into(),
                    node(
                        &[('1', Target::Queue("nowhere".into()))],
                        Target::Node("b".into()),
                    ),
                ),
                ("b".into(), node(&[], Target::Node("a".into()))),
                ("c".into(), node(&[], Target::Queue("general".into()))),
            ]),
        };
        assert_eq!(
            menu.flaws(&["general"]),
            [
                Flaw::UnknownQueue("nowhere".into()),
                Flaw::DeadEnd("a".into()),
                Flaw::DeadEnd("b".into()),
                Flaw::Unreachable("c".into()),
            ]
        );
    }
}
