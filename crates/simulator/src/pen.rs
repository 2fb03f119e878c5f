//! What people do in writing, in the words of a scene. Never a rule.

use center::city::{Channel, ContactId, CounselorId, Language};
use center::command::{CallText, Command, Reply, Written};
use center::event::{Fortune, Marks};
use center::time::{MINUTE_MS, Time};

/// A citizen's letter: `texts`, `texts in English`, `texts an emergency`, `texts 1200 letters`,
/// `texts the same again`, `texts STOP`, `texts by machine`, and the same with `chats`, `posts`,
/// `mails`. `number` makes its key.
pub fn letter(name: &str, words: &[&str], number: u32) -> Option<Written> {
    let (verb, how) = words.split_first()?;
    let channel = match *verb {
        "texts" => Channel::Text,
        "chats" => Channel::Chat,
        "posts" => Channel::Social,
        "mails" => Channel::Mail,
        _ => return None,
    };
    let mut letters = 20;
    let mut marks = Marks {
        public: channel == Channel::Social,
        ..Marks::default()
    };
    let (mut language, mut consent, mut again) = (None, None, false);
    match how {
        [] => {}
        ["in", "English"] => language = Some(Language::En),
        ["an", "emergency"] => marks.urgent = true,
        ["the", "same", "again"] => again = true,
        ["by", "machine"] => marks.automatic = true,
        ["STOP"] => consent = Some(false),
        [count, "letters"] => letters = count.parse().ok()?,
        _ => return None,
    }
    marks.over = letters > 1_000;
    let number = number - u32::from(again);
    Some(Written {
        key: format!("letter-{number}"),
        channel,
        via: "scene".to_owned(),
        thread: format!("{name}-{verb}"),
        caller: name.to_lowercase(),
        language,
        digest: "digest".to_owned(),
        letters,
        files: 0,
        marks,
        consent,
    })
}

/// What a counselor does with a letter.
pub fn command(
    counselor: CounselorId,
    words: &[&str],
    now: Time,
    citizen: &dyn Fn(&str) -> Option<ContactId>,
    colleague: &dyn Fn(&str) -> Option<CounselorId>,
) -> Option<Command> {
    Some(match words {
        ["writes", "to", name] => reply(counselor, citizen(name)?, None),
        ["asks", name, "what", "was", "meant"] => {
            let text = center::written::UNCLEAR.to_owned();
            reply(counselor, citizen(name)?, Some(text))
        }
        ["texts", name, "an", "answer"] => call_text(counselor, citizen(name)?, None),
        ["texts", name, "an", "answer", "to", "another", "number"] => {
            call_text(counselor, citizen(name)?, Some("another".to_owned()))
        }
        ["lays", name, "aside", "for", minutes, "min"] => Command::Snooze {
            counselor,
            contact: citizen(name)?,
            until: now + minutes.parse::<i64>().ok()? * MINUTE_MS,
        },
        ["gives", name, "to", to] => Command::Assign {
            counselor,
            contact: citizen(name)?,
            to: colleague(to)?,
        },
        ["hears", "that", name, "speaks", language] => Command::CorrectLanguage {
            counselor,
            contact: citizen(name)?,
            language: Language::parse(language)?,
        },
        ["merges", name, "into", into] => Command::Merge {
            counselor,
            contact: citizen(name)?,
            into: citizen(into)?,
        },
        ["takes", name, "apart", "again"] => Command::Unmerge {
            counselor,
            contact: citizen(name)?,
        },
        ["sees", "letter", message, "of", name, "fail"] => Command::Fared {
            contact: citizen(name)?,
            message: message.parse().ok()?,
            fortune: Fortune::Failed,
            reference: String::new(),
        },
        ["sees", "letter", message, "of", name, "arrive"] => Command::Fared {
            contact: citizen(name)?,
            message: message.parse().ok()?,
            fortune: Fortune::Delivered,
            reference: String::new(),
        },
        _ => return None,
    })
}

fn reply(counselor: CounselorId, contact: ContactId, text: Option<String>) -> Command {
    Command::Reply(Box::new(Reply {
        counselor,
        contact,
        answers: 0,
        digest: if text.is_some() { "" } else { "digest" }.to_owned(),
        text,
        letters: 20,
        files: 0,
        private: false,
    }))
}

fn call_text(counselor: CounselorId, contact: ContactId, to: Option<String>) -> Command {
    Command::TextCaller(Box::new(CallText {
        counselor,
        contact,
        to,
        digest: "digest".to_owned(),
        letters: 200,
    }))
}
