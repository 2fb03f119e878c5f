//! What a citizen sees of the own chat: messages, how it stands, who answers. Never a number, a
//! note or another contact.

use crate::chat_texts::{self, Chat};
use crate::citizen_texts::{self, Citizen};
use crate::figures;
use crate::site::Site;
use crate::texts::fill;
use center::board::ContactView;
use center::city::{City, ContactId, CounselorId, Language};
use center::record::Stage;
use center::time::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Failure, Message};

/// The words of a page in its language.
#[derive(Clone, Copy)]
pub(crate) struct Speech {
    pub(crate) c: &'static Citizen,
    pub(crate) t: &'static Chat,
}

impl Speech {
    pub(crate) fn of(tag: &str) -> Speech {
        Speech {
            c: citizen_texts::in_language(tag),
            t: chat_texts::in_language(tag),
        }
    }
}

/// One message as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    /// Its number: the place in the conversation.
    pub(crate) n: u32,
    /// `you`, `city` or `house`.
    pub(crate) who: &'static str,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) at: String,
    /// What the page called it before it had a number.
    pub(crate) client: String,
    pub(crate) files: Vec<String>,
    /// Where the city's files are; empty for the citizen's own.
    pub(crate) hrefs: Vec<String>,
}

impl Said {
    /// Its files, each with where it is; an empty address for the citizen's own.
    pub(crate) fn linked(&self) -> impl Iterator<Item = (&str, &str)> {
        let hrefs = self.hrefs.iter().map(String::as_str);
        let names = self.files.iter().map(String::as_str);
        names.zip(hrefs.chain(std::iter::repeat("")))
    }
}

/// How the chat stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Standing {
    pub(crate) stage: &'static str,
    pub(crate) text: String,
    /// The contact's number in words, once there is one.
    pub(crate) contact: String,
    /// When it ends unless the citizen, who was asked, is still there (Unix ms); 0 while nobody
    /// asks.
    pub(crate) ends: i64,
}

impl Standing {
    /// How long the citizen has to answer, as `1:59`.
    pub(crate) fn left(&self, now: Time) -> String {
        figures::length((self.ends - now.0).max(0))
    }
}

/// The name by which the city lets a counselor be known.
pub(crate) fn name_of(site: &Site, speech: Speech, counselor: CounselorId) -> String {
    known_name(&site.settings.writing.public_names, speech, counselor)
}

fn known_name(
    names: &BTreeMap<CounselorId, String>,
    speech: Speech,
    counselor: CounselorId,
) -> String {
    names
        .get(&counselor)
        .map_or_else(|| speech.t.counselor.to_owned(), Clone::clone)
}

/// The messages of the chat after a number, in order.
pub(crate) async fn said_after(
    site: &Site,
    speech: Speech,
    contact: ContactId,
    after: u32,
) -> Result<Vec<Said>, Failure> {
    let messages = site.archive.messages(contact).await?;
    // What was merged into it came from elsewhere.
    let own = messages
        .into_iter()
        .filter(|message| message.contact == contact && message.message > after);
    let names = &site.settings.writing.public_names;
    let shown = own.map(|message| said(site.city(), names, speech, message));
    Ok(shown.collect())
}

/// A message as its citizen reads it.
pub(crate) fn said(
    city: &City,
    names: &BTreeMap<CounselorId, String>,
    speech: Speech,
    message: Message,
) -> Said {
    let (who, name) = match (message.incoming, message.counselor) {
        (true, _) => ("you", speech.t.you.to_owned()),
        (false, Some(counselor)) => ("city", known_name(names, speech, counselor)),
        (false, None) => ("house", speech.t.house.to_owned()),
    };
    let house = &message.house_text;
    let (contact, number) = (message.contact, message.message);
    let count = if message.incoming {
        0
    } else {
        message.letter.files.len()
    };
    Said {
        n: message.message,
        who,
        name,
        text: if house.is_empty() {
            message.letter.text
        } else {
            let language = Language::parse(speech.t.tag).unwrap_or_default();
            city.text(house, language)
        },
        at: figures::clock(&city.zone, message.at)[..5].to_owned(),
        client: if message.incoming {
            message.letter.reference
        } else {
            String::new()
        },
        files: message
            .letter
            .files
            .into_iter()
            .map(|file| file.name)
            .collect(),
        hrefs: (0..count)
            .map(|file| format!("/chat/files/{contact}/{number}/{file}"))
            .collect(),
    }
}

/// How the chat stands at this moment.
pub(crate) async fn standing(site: &Site, speech: Speech, contact: ContactId) -> Standing {
    let board = site.hub.board().borrow().clone();
    let number = contact.to_string();
    let view = board.contact(contact);
    let ends = view.and_then(|view| view.ends);
    let (stage, text) = match view {
        _ if contact == ContactId(0) => ("new", speech.t.ask.to_owned()),
        Some(view) => stage_text(site, speech, view),
        // The board may be older than the contact.
        None if closed(site, contact).await => ("over", speech.t.over.to_owned()),
        None => ("waiting", speech.c.waiting.to_owned()),
    };
    Standing {
        stage,
        text,
        contact: if contact == ContactId(0) {
            String::new()
        } else {
            fill(speech.c.contact_number, &[("contact", &number)])
        },
        ends: ends.map_or(0, |ends| ends.0),
    }
}

async fn closed(site: &Site, contact: ContactId) -> bool {
    match site.archive.contact(contact).await {
        Ok(row) => row.is_some_and(|row| row.closed.is_some()),
        Err(failure) => {
            tracing::error!(%failure, "a chat was not read");
            false
        }
    }
}

fn stage_text(site: &Site, speech: Speech, view: &ContactView) -> (&'static str, String) {
    let c = speech.c;
    match view.stage {
        Stage::Talk | Stage::Hold => {
            let name = view.counselor.map(|id| name_of(site, speech, id));
            let name = name.unwrap_or_else(|| speech.t.counselor.to_owned());
            ("talk", fill(speech.t.with, &[("name", &name)]))
        }
        Stage::Ringing => ("ringing", c.ringing.to_owned()),
        Stage::Snoozed => ("later", speech.t.later.to_owned()),
        Stage::WrapUp => ("ended", speech.t.ended.to_owned()),
        Stage::Closed => ("over", speech.t.over.to_owned()),
        Stage::Arrived | Stage::Menu | Stage::Queue | Stage::Callback => {
            ("waiting", crate::citizen::waiting_text(c, view))
        }
    }
}
