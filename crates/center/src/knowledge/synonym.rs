//! The city's table of synonyms: what people say, and what the city calls it. Never the storage of
//! a word, never a search.

use super::decide::Author;
use super::event::LibraryEvent;
use super::{Refusal, Role};
use crate::city::CounselorId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Letters of a word, or of words that stand together.
const LETTERS_MAX: usize = 60;
/// Words that one word may mean: the search follows no more.
const MEANT_MAX: usize = 16;
/// Entries of a table: what editors can still look over.
const ENTRIES_MAX: usize = 5_000;

/// Identifies an entry for good; numbers are never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SynonymId(pub u64);

impl fmt::Display for SynonymId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an editor writes: a word, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What people say.
    pub word: String,
    /// What the city calls it.
    pub meant: Vec<String>,
}

impl Entry {
    /// The same without needless blanks, empty words, words that come twice, and the word itself.
    #[must_use]
    pub fn cleaned(self) -> Entry {
        let plain = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let word = plain(&self.word);
        let mut meant: Vec<String> = Vec::new();
        for one in self.meant.iter().map(plain) {
            if !one.is_empty() && one != word && !meant.contains(&one) {
                meant.push(one);
            }
        }
        Entry { word, meant }
    }

    /// By what a word is told from others.
    pub fn key(&self) -> String {
        self.word.to_lowercase()
    }

    /// What is wrong with a cleaned entry.
    fn flaw(&self) -> Option<Refusal> {
        if self.word.is_empty() || self.meant.is_empty() {
            return Some(Refusal::NoWord);
        }
        if self.meant.len() > MEANT_MAX {
            return Some(Refusal::TooMany);
        }
        let mut words = self.meant.iter().chain([&self.word]);
        let long = |word: &String| word.chars().count() > LETTERS_MAX;
        words.any(long).then_some(Refusal::TooLong)
    }
}

/// An entry as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonym {
    /// Number.
    pub id: SynonymId,
    /// Digest of the word's key.
    pub word: String,
    /// Digest of the entry.
    pub digest: String,
    /// Who wrote it last.
    pub author: Option<CounselorId>,
    /// When.
    pub changed: Time,
    /// Taken out.
    pub removed: bool,
}

/// Every entry by its number, removed ones too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SynonymTable(pub BTreeMap<SynonymId, Synonym>);

impl SynonymTable {
    /// Takes in what happened; says to which entry.
    pub fn apply(&mut self, at: Time, event: &LibraryEvent) -> Option<SynonymId> {
        match event {
            LibraryEvent::SynonymSet {
                synonym,
                author,
                word,
                digest,
            } => {
                let set = Synonym {
                    id: *synonym,
                    word: word.clone(),
                    digest: digest.clone(),
                    author: *author,
                    changed: at,
                    removed: false,
                };
                self.0.insert(*synonym, set);
                Some(*synonym)
            }
            LibraryEvent::SynonymRemoved { synonym, author } => {
                let entry = self.0.get_mut(synonym)?;
                (entry.removed, entry.author, entry.changed) = (true, *author, at);
                Some(*synonym)
            }
            _ => None,
        }
    }

    /// Number of the next entry.
    pub fn next(&self) -> SynonymId {
        let last = self.0.keys().next_back();
        SynonymId(last.map_or(0, |id| id.0) + 1)
    }

    /// The entry with a word, if it is not removed.
    pub fn of_word(&self, word: &str) -> Option<&Synonym> {
        let mut entries = self.0.values();
        entries.find(|entry| !entry.removed && entry.word == word)
    }
}

/// What an editor asks of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SynonymOrder {
    /// Write an entry.
    Set {
        /// Its number; none for a new one.
        synonym: Option<SynonymId>,
        /// Digest of the entry that was looked at: another in between refuses it. Empty for a new
        /// one.
        base: String,
        /// The entry, cleaned.
        entry: Entry,
        /// Digest of its word's key.
        word: String,
        /// Its digest.
        digest: String,
    },
    /// Take an entry out.
    Remove {
        /// Its number.
        synonym: SynonymId,
    },
    /// Bring an entry back as it was.
    Restore {
        /// Its number.
        synonym: SynonymId,
    },
}

/// What follows from an order: only editors change the table.
pub fn decide_synonym(
    table: &SynonymTable,
    author: &Author,
    order: &SynonymOrder,
) -> Result<LibraryEvent, Refusal> {
    if author.role != Role::Editor {
        return Err(Refusal::NotAllowed);
    }
    let known = |id: &SynonymId| table.0.get(id).ok_or(Refusal::Unknown);
    match order {
        SynonymOrder::Set {
            synonym,
            base,
            entry,
            word,
            digest,
        } => {
            if let Some(flaw) = entry.flaw() {
                return Err(flaw);
            }
            let before = synonym.as_ref().map(known).transpose()?;
            if before.is_some_and(|before| before.removed || before.digest != *base) {
                return Err(Refusal::Stale);
            }
            if before.is_some_and(|before| before.digest == *digest) {
                return Err(Refusal::Unchanged);
            }
            set(table, *synonym, author, (word, digest))
        }
        SynonymOrder::Remove { synonym } if known(synonym)?.removed => Err(Refusal::WrongState),
        SynonymOrder::Remove { synonym } => Ok(LibraryEvent::SynonymRemoved {
            synonym: *synonym,
            author: author.id,
        }),
        SynonymOrder::Restore { synonym } => {
            let before = known(synonym)?;
            if !before.removed {
                return Err(Refusal::WrongState);
            }
            let digests = (&*before.word, &*before.digest);
            set(table, Some(*synonym), author, digests)
        }
    }
}

/// An entry that stands in the table from now on, beside no other of the same word.
fn set(
    table: &SynonymTable,
    synonym: Option<SynonymId>,
    author: &Author,
    (word, digest): (&str, &str),
) -> Result<LibraryEvent, Refusal> {
    let other = table.of_word(word).map(|entry| entry.id);
    if other.is_some_and(|other| synonym != Some(other)) {
        return Err(Refusal::WordTaken);
    }
    let there = table.0.values().filter(|entry| !entry.removed).count();
    if other.is_none() && there >= ENTRIES_MAX {
        return Err(Refusal::TooMany);
    }
    Ok(LibraryEvent::SynonymSet {
        synonym: synonym.unwrap_or_else(|| table.next()),
        author: author.id,
        word: word.to_owned(),
        digest: digest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor() -> Author {
        Author::house()
    }

    fn entry(word: &str, meant: &[&str]) -> Entry {
        Entry {
            word: word.into(),
            meant: meant.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    fn order(synonym: Option<u64>, base: &str, entry: &Entry) -> SynonymOrder {
        SynonymOrder::Set {
            synonym: synonym.map(SynonymId),
            base: base.into(),
            word: entry.key(),
            digest: format!("{entry:?}"),
            entry: entry.clone(),
        }
    }

    fn done(table: &mut SynonymTable, order: &SynonymOrder) -> Result<(), Refusal> {
        let event = decide_synonym(table, &editor(), order)?;
        table.apply(Time(1), &event).expect("it is in the table");
        Ok(())
    }

    #[test]
    fn an_entry_is_written_changed_removed_and_brought_back() {
        let mut table = SynonymTable::default();
        let (first, second) = (entry("민증", &["주민등록증"]), entry("딱지", &["과태료"]));
        done(&mut table, &order(None, "", &first)).expect("a new one");
        let again = done(&mut table, &order(None, "", &first));
        assert_eq!(again, Err(Refusal::WordTaken));
        done(&mut table, &order(None, "", &second)).expect("another");
        let base = format!("{first:?}");
        let same = done(&mut table, &order(Some(1), &base, &first));
        assert_eq!(same, Err(Refusal::Unchanged));
        let taken = done(&mut table, &order(Some(1), &base, &second));
        assert_eq!(taken, Err(Refusal::WordTaken));
        let more = entry("민증", &["주민등록증", "신분증"]);
        done(&mut table, &order(Some(1), &base, &more)).expect("changed");
        let stale = done(&mut table, &order(Some(1), &base, &first));
        assert_eq!(stale, Err(Refusal::Stale));
        let remove = SynonymOrder::Remove {
            synonym: SynonymId(1),
        };
        let restore = SynonymOrder::Restore {
            synonym: SynonymId(1),
        };
        assert_eq!(done(&mut table, &restore), Err(Refusal::WrongState));
        done(&mut table, &remove).expect("removed");
        assert_eq!(done(&mut table, &remove), Err(Refusal::WrongState));
        assert_eq!(table.of_word("민증"), None);
        done(&mut table, &restore).expect("back");
        let back = table.of_word("민증").expect("it is there");
        assert_eq!(back.digest, format!("{more:?}"));
        assert_eq!(table.next(), SynonymId(3));
    }

    #[test]
    fn a_word_that_was_removed_may_be_written_anew_and_then_not_brought_back() {
        let mut table = SynonymTable::default();
        let first = entry("딱지", &["과태료"]);
        let synonym = SynonymId(1);
        done(&mut table, &order(None, "", &first)).expect("a new one");
        done(&mut table, &SynonymOrder::Remove { synonym }).expect("removed");
        done(&mut table, &order(None, "", &first)).expect("a new one");
        let back = done(&mut table, &SynonymOrder::Restore { synonym });
        assert_eq!(back, Err(Refusal::WordTaken));
    }

    #[test]
    fn only_editors_change_the_table() {
        let table = SynonymTable::default();
        let owner = Role::Owner(["WTR".to_owned()].into());
        for role in [Role::Reader, owner] {
            let author = Author {
                id: Some(CounselorId(1)),
                role,
            };
            let wanted = order(None, "", &entry("a", &["b"]));
            let refused = decide_synonym(&table, &author, &wanted);
            assert_eq!(refused, Err(Refusal::NotAllowed));
        }
    }

    #[test]
    fn what_is_empty_long_or_much_is_refused() {
        let table = SynonymTable::default();
        let many: Vec<String> = (0..17).map(|number| format!("w{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (word, meant, why) in [
            ("", vec!["a"], Refusal::NoWord),
            ("a", vec!["  ", "a"], Refusal::NoWord),
            ("a", many, Refusal::TooMany),
            (&*"가".repeat(61), vec!["a"], Refusal::TooLong),
        ] {
            let wanted = order(None, "", &entry(word, &meant).cleaned());
            let refused = decide_synonym(&table, &editor(), &wanted);
            assert_eq!(refused, Err(why), "{word}");
        }
        let unknown = order(Some(9), "", &entry("a", &["b"]));
        let refused = decide_synonym(&table, &editor(), &unknown);
        assert_eq!(refused, Err(Refusal::Unknown));
    }

    #[test]
    fn blanks_doubles_and_the_word_itself_are_left_out() {
        let cleaned = entry("  쓰레기   스티커 ", &["a", " a", "", "쓰레기 스티커"]).cleaned();
        assert_eq!(cleaned, entry("쓰레기 스티커", &["a"]));
        assert_eq!(entry("ID Card", &[]).key(), "id card");
    }
}
