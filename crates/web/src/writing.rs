//! What the city and the wing of written channels hand in for pages on which people write: names,
//! canned answers, and functions that judge a text. Never a page.

use center::city::{Channel, ContactId, CounselorId};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation as _;

/// A chat page that was not heard of for so long is gone.
const CHAT_GONE: Duration = Duration::from_mins(3);

/// How often a chat page is asked whether it is there.
const CHAT_PING: Duration = Duration::from_secs(20);

/// A text by language code.
pub type Texts = BTreeMap<String, String>;

/// A canned answer; with a category or an outcome it fills in the record, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CannedAnswer {
    /// What is typed after `/`.
    pub code: String,
    /// Name by language code.
    pub names: Texts,
    /// Text by the citizen's language, with `{name}` places.
    pub texts: Texts,
    /// Category it sets, empty for none.
    pub category: String,
    /// Outcome it sets, empty for none.
    pub outcome: String,
    /// A page of the city that goes with it, empty for none.
    pub link: String,
    /// Once it is sent the record is closed.
    pub close: bool,
}

/// How a text would leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// Letters as people count them.
    pub letters: usize,
    /// Parts the provider makes of it; 1 where there are none.
    pub parts: usize,
    /// Most letters.
    pub limit: usize,
    /// Letters that would not arrive.
    pub lost: Vec<String>,
    /// What else a counselor should know.
    pub hint: String,
    /// An answer to a public message can go to the citizen alone.
    pub can_direct: bool,
    /// Files that travel with it at most; more lie behind links.
    pub files: usize,
    /// Documents travel with it as pictures do.
    pub documents: bool,
}

/// Says how a text would leave: channel, connection, text.
pub type Composer = Arc<dyn Fn(Channel, &str, &str) -> Composed + Send + Sync>;

/// Whether a text speaks of an emergency.
pub type Urgent = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Writes HTML anew from a few harmless elements, well formed.
pub type Markup = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Whether a text is a mail address to which the city can send.
pub type MailAddress = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The contact form as it was sent.
#[derive(Clone)]
pub struct Form {
    /// Name; may be empty.
    pub name: String,
    /// Where an answer shall go; may be empty.
    pub address: String,
    /// Subject; may be empty.
    pub subject: String,
    /// Text.
    pub text: String,
    /// A field that people do not see.
    pub trap: String,
    /// The same key is the same message.
    pub key: String,
    /// When the page was made.
    pub shown_at_ms: u64,
    /// Pictures.
    pub files: Vec<FormFile>,
    /// Who sends it.
    pub from: IpAddr,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} files)", self.files.len())
    }
}

/// A picture of a form.
#[derive(Clone)]
pub struct FormFile {
    /// Name as given.
    pub name: String,
    /// Media type by its first bytes.
    pub media_type: &'static str,
    /// Content.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for FormFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FormFile({} bytes)", self.bytes.len())
    }
}

/// One thing that is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFault {
    /// A stable key, such as `form.address`.
    pub key: String,
    /// Letters that are too many, where that is what is wrong.
    pub over: usize,
}

/// Why a form was not taken; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormRefused {
    /// What is wrong with it.
    Wrong(Vec<FormFault>),
    /// Too many came from there.
    TooMany,
    /// The record cannot be written right now.
    Trouble,
}

/// Takes a form into the record; the same key gives the same contact.
pub type FormTaker = Arc<
    dyn Fn(Form) -> Pin<Box<dyn Future<Output = Result<ContactId, FormRefused>> + Send>>
        + Send
        + Sync,
>;

/// A picture without what its maker did not mean to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// Media type of both.
    pub media_type: String,
    /// The picture, re-encoded, without location.
    pub bytes: Vec<u8>,
    /// A small one.
    pub small: Vec<u8>,
}

impl fmt::Debug for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Cleaned({}, {} bytes)",
            self.media_type,
            self.bytes.len()
        )
    }
}

/// Makes a clean copy of a picture; none when it is no picture that can be read.
pub type PictureCleaner = Arc<dyn Fn(&[u8]) -> Option<Cleaned> + Send + Sync>;

/// What pages on which people write need.
#[derive(Clone)]
pub struct Writing {
    /// The name by which citizens know a counselor; who is not listed is "a counselor".
    pub public_names: BTreeMap<CounselorId, String>,
    /// Canned answers.
    pub answers: Vec<CannedAnswer>,
    /// Numbers and addresses of the city itself: they may stand where everybody reads them.
    pub public: Vec<String>,
    /// What stands in `{...}` places of canned answers besides name and number, by language.
    pub variables: BTreeMap<String, Texts>,
    /// How a text would leave.
    pub composer: Composer,
    /// Whether a citizen's text speaks of an emergency.
    pub urgent: Urgent,
    /// Cleans pictures. Where there is none, a picture is shown to staff only, as it came.
    pub picture: Option<PictureCleaner>,
    /// Makes HTML harmless; without it no HTML is imported.
    pub markup: Option<Markup>,
    /// Knows mail addresses; none where the city sends no mail.
    pub mails_to: Option<MailAddress>,
    /// Name of the connection by which callers are texted; none where texts do not leave.
    pub texter: Option<String>,
    /// Takes the contact form; without it there is no such page.
    pub form: Option<FormTaker>,
    /// A chat page that was not heard of for so long is gone.
    pub chat_gone: Duration,
    /// How often a chat page is asked whether it is there; the second question without an answer
    /// ends its line.
    pub chat_ping: Duration,
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing")
            .field("answers", &self.answers.len())
            .field("chat_gone", &self.chat_gone)
            .finish_non_exhaustive()
    }
}

impl Default for Writing {
    /// Names nobody, cans nothing, counts letters, knows the plainest words of an emergency.
    fn default() -> Writing {
        Writing {
            public_names: BTreeMap::new(),
            answers: Vec::new(),
            public: Vec::new(),
            variables: BTreeMap::new(),
            composer: Arc::new(|channel, _, text| Composed {
                letters: letters(text),
                parts: 1,
                limit: if channel == Channel::Mail {
                    10_000
                } else {
                    1_000
                },
                can_direct: true,
                files: if channel == Channel::Text { 0 } else { 4 },
                documents: channel != Channel::Social,
                ..Composed::default()
            }),
            urgent: Arc::new(plainly_urgent),
            picture: None,
            markup: None,
            mails_to: None,
            texter: None,
            form: None,
            chat_gone: CHAT_GONE,
            chat_ping: CHAT_PING,
        }
    }
}

/// Letters as people count them: extended grapheme clusters.
pub(crate) fn letters(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Words that nobody writes without need. Where the wing of written channels hands in its own
/// judgement, that one counts.
const URGENT: [&str; 24] = [
    "살려주세요",
    "살려 주세요",
    "불이 났",
    "불났어요",
    "죽고 싶",
    "자살",
    "숨을 안 쉬",
    "심정지",
    "help me",
    "kill myself",
    "suicide",
    "heart attack",
    "not breathing",
    "救命",
    "着火",
    "自杀",
    "助けて",
    "火事",
    "死にたい",
    "cứu tôi",
    "cháy nhà",
    "tự tử",
    "авраарай",
    "гал гарлаа",
];

fn plainly_urgent(text: &str) -> bool {
    let text = text.to_lowercase();
    URGENT.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_as_people_count_them() {
        assert_eq!(letters("한글"), 2);
        assert_eq!(letters("👩‍👩‍👧‍👦🇰🇷é"), 3);
        let composed = (Writing::default().composer)(Channel::Chat, "page", "ab👍🏽");
        assert_eq!(
            (composed.letters, composed.parts, composed.limit),
            (3, 1, 1_000)
        );
    }

    #[test]
    fn the_plainest_cries_for_help_are_heard() {
        let urgent = Writing::default().urgent;
        for text in ["Help me!", "집에 불이 났어요", "Cháy nhà rồi"] {
            assert!(urgent(text), "{text}");
        }
        assert!(!urgent("Where is the fire station?"));
    }
}
