//! What a counselor is told about a text before it leaves: how long it is for the way it takes,
//! how many parts it becomes, what would be lost. Never sends.

use crate::letters;
use crate::sms::text::{Carrier, plan};
use crate::social::Limits;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a connection carries.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Texts in parts.
    Text(Carrier),
    /// Posts with the network's own count.
    Post(Limits),
    /// Everything in one piece.
    Whole,
}

/// What a text would become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// Letters as the way counts them.
    pub letters: usize,
    /// Most letters of one message; none where there is no limit.
    pub limit: Option<usize>,
    /// Parts it is sent in.
    pub parts: usize,
    /// Letters that would be lost: while there is one the text cannot leave.
    pub lost: Vec<String>,
    /// Letters that arrive as others of the same meaning.
    pub changed: Vec<(String, String)>,
    /// It is too long to leave.
    pub too_long: bool,
    /// An answer can go to the citizen alone.
    pub can_direct: bool,
    /// Files that travel with a message at most.
    pub files: usize,
    /// Documents travel as pictures do.
    pub documents: bool,
}

/// Files of a message on a way that carries everything.
const FILES_MAX: usize = 10;

/// The ways by the name of their connection. Cloned freely.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    /// Letters that the city promises to take in a text, and does not exceed itself.
    text_letters_max: usize,
    ways: Arc<BTreeMap<String, Way>>,
}

impl Composer {
    pub(crate) fn new(ways: BTreeMap<String, Way>, text_letters_max: usize) -> Composer {
        Composer {
            text_letters_max,
            ways: Arc::new(ways),
        }
    }

    /// What a text would become on the way by a connection.
    pub fn compose(&self, via: &str, text: &str) -> Composed {
        match self.ways.get(via) {
            Some(Way::Text(carrier)) => {
                let plan = plan(text, carrier);
                Composed {
                    letters: plan.letters,
                    limit: Some(self.text_letters_max),
                    parts: plan.parts.len(),
                    lost: plan.lost,
                    changed: plan.changed,
                    too_long: plan.too_long,
                    can_direct: true,
                    files: 0,
                    documents: false,
                }
            }
            Some(Way::Post(limits)) => {
                let count = limits.count(text);
                Composed {
                    letters: count,
                    limit: Some(limits.letters),
                    parts: count.div_ceil(limits.letters.max(1)).max(1),
                    too_long: count > limits.letters && !limits.parts,
                    can_direct: limits.can_direct,
                    files: limits.pictures,
                    ..Composed::default()
                }
            }
            Some(Way::Whole) | None => Composed {
                letters: letters::count(text),
                parts: 1,
                can_direct: true,
                files: FILES_MAX,
                documents: true,
                ..Composed::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::text::{Encoding, Joining};

    #[test]
    fn each_way_counts_in_its_own_way() {
        let korean = Carrier {
            encodings: vec![Encoding::EucKr],
            joining: Joining::Udh8,
            ..Carrier::default()
        };
        let ways = BTreeMap::from([
            ("carrier".to_owned(), Way::Text(korean)),
            (
                "bluesky".to_owned(),
                Way::Post(crate::social::bluesky::LIMITS),
            ),
            ("mail".to_owned(), Way::Whole),
        ]);
        let composer = Composer::new(ways, 1_000);
        let text = composer.compose("carrier", "안녕 👍");
        assert_eq!(text.lost, ["👍"]);
        let long = composer.compose("carrier", &"가".repeat(200));
        assert!(long.parts > 2 && long.lost.is_empty());
        let post = composer.compose("bluesky", &"a".repeat(301));
        assert_eq!((post.letters, post.limit), (301, Some(300)));
        assert!(!post.can_direct && post.files > 0 && !post.documents);
        assert_eq!(text.files, 0, "a text carries no file");
        let mail = composer.compose("mail", "👨‍👩‍👧 hello");
        assert!(mail.documents);
        assert_eq!((mail.letters, mail.limit, mail.parts), (7, None, 1));
    }
}
