//! The conversation of a contact as its record shows it: messages, files, fates. Never a change of
//! it.

use crate::attach;
use crate::desk_letters::{marks, text_of};
use crate::desk_view::number_is_clear;
use crate::figures;
use crate::inbox_texts;
use crate::site::counselor_name;
use crate::texts::{Staff, fill};
use crate::words;
use center::city::City;
use center::record::Row;
use store::{File, Message};

/// One message in words.
pub(crate) struct Shown {
    pub(crate) class: String,
    pub(crate) by: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) withdrawn: bool,
    pub(crate) earlier: Vec<String>,
    pub(crate) files: Vec<ShownFile>,
    pub(crate) fortune: &'static str,
}

/// One file of a message.
pub(crate) struct ShownFile {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) picture: bool,
    pub(crate) withheld: String,
}

/// The messages of a contact.
pub(crate) fn shown(
    city: &City,
    country: &str,
    w: &'static Staff,
    row: &Row,
    messages: &[Message],
) -> Vec<Shown> {
    let tell = |message: &Message| one(city, country, w, row, message);
    messages.iter().map(tell).collect()
}

fn one(city: &City, country: &str, w: &'static Staff, row: &Row, message: &Message) -> Shown {
    let failed = matches!(message.fortune.as_str(), "failed" | "expired");
    let mut class = match (message.incoming, message.counselor) {
        (true, _) => "citizen",
        (false, Some(_)) => "counselor",
        (false, None) => "house",
    }
    .to_owned();
    for (is, name) in [
        (message.marks.urgent, " urgent"),
        (failed, " failed"),
        (message.withdrawn, " withdrawn"),
    ] {
        if is {
            class.push_str(name);
        }
    }
    let letter = &message.letter;
    Shown {
        class,
        by: by(city, country, w, row, message),
        subject: letter.subject.clone(),
        text: text_of(w, message),
        withdrawn: message.withdrawn,
        earlier: message.earlier.clone(),
        files: letter
            .files
            .iter()
            .enumerate()
            .map(|(number, file)| shown_file(w, message, number, file))
            .collect(),
        fortune: words::fortune_of(w, &message.fortune),
    }
}

/// Who, when, by which address, and what is to be known of it.
fn by(city: &City, country: &str, w: &'static Staff, row: &Row, message: &Message) -> String {
    let i = inbox_texts::in_language(w.tag);
    let letter = &message.letter;
    let who = match (message.incoming, message.counselor) {
        (true, _) if !letter.name.is_empty() => letter.name.clone(),
        (true, _) => i.citizen.to_owned(),
        (false, Some(id)) => counselor_name(city, id),
        (false, None) => i.house.to_owned(),
    };
    let address = match letter.address_kind.as_str() {
        "" | "session" => String::new(),
        "phone" => figures::number(&letter.address, country),
        _ => letter.address.clone(),
    };
    let clear = row.answered.is_some() || number_is_clear(row.stage);
    let address = if clear {
        address
    } else {
        figures::masked(&address)
    };
    let mut parts = vec![who, figures::date_clock(&city.zone, message.at), address];
    if message.contact != row.contact {
        parts.push(format!("{} {}", w.contact, message.contact));
    }
    parts.extend(marks(w, message).into_iter().map(str::to_owned));
    if message.private && !message.incoming && row.channel == center::city::Channel::Social {
        parts.push(i.mark_private.to_owned());
    }
    if let Some(at) = message.changed.filter(|_| !message.withdrawn) {
        let time = figures::clock(&city.zone, at);
        parts.push(fill(i.changed, &[("time", &time)]));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

fn shown_file(w: &'static Staff, message: &Message, number: usize, file: &File) -> ShownFile {
    let i = inbox_texts::in_language(w.tag);
    let name = if file.name.is_empty() {
        i.file.to_owned()
    } else {
        file.name.clone()
    };
    let withheld = if file.withheld.is_empty() {
        String::new()
    } else {
        let why = fill(i.file_withheld, &[("why", &file.withheld)]);
        format!("{name} – {why}")
    };
    ShownFile {
        href: format!(
            "/contacts/{}/letters/{}/{number}",
            message.contact, message.message
        ),
        name,
        picture: attach::is_shown(&file.media_type),
        withheld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use center::city::{ContactId, CounselorId};
    use center::event::Marks;
    use center::time::Time;
    use store::Letter;

    fn message(number: u32, incoming: bool, fortune: &str) -> Message {
        Message {
            contact: ContactId(7),
            message: number,
            at: sample::NOW,
            incoming,
            via: "carrier".into(),
            counselor: (!incoming).then_some(CounselorId(1)),
            answers: 0,
            house_text: String::new(),
            letters: 2,
            marks: Marks {
                over: incoming,
                ..Marks::default()
            },
            private: true,
            fortune: fortune.into(),
            changed: incoming.then_some(Time(sample::NOW.0 + 60_000)),
            withdrawn: false,
            letter: Letter {
                text: "hi".into(),
                address_kind: "phone".into(),
                address: "+821012345678".into(),
                ..Letter::default()
            },
            earlier: vec!["ho".into()],
        }
    }

    #[test]
    fn a_message_is_told_with_its_fate_and_hides_the_address_until_answered() {
        let city = sample::city();
        let w = &crate::texts::STAFF[1];
        let mut row = Row {
            contact: ContactId(7),
            ..Row::default()
        };
        let messages = [message(1, true, ""), message(2, false, "failed")];
        let told = shown(&city, "82", w, &row, &messages);
        assert!(told[0].by.contains("••78") && told[0].by.contains("over the limit"));
        assert!(told[0].by.contains("changed 13:") && told[0].earlier == ["ho"]);
        assert_eq!(
            (told[1].class.as_str(), told[1].fortune),
            ("counselor failed", "not delivered")
        );
        row.answered = Some(sample::NOW);
        row.contact = ContactId(8);
        let told = shown(&city, "82", w, &row, &messages);
        assert!(told[0].by.contains("010-1234-5678"), "{}", told[0].by);
        assert!(
            told[0].by.contains("Contact 7"),
            "it was merged: {}",
            told[0].by
        );
    }
}
