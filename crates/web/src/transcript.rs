//! A chat as one text that its citizen keeps: downloaded from the page, or sent by mail. Never a
//! note, a number or another contact.

use crate::chat_view::{Said, Speech, said};
use crate::figures;
use crate::site::Site;
use crate::texts::fill;
use center::city::{City, ContactId, CounselorId, name_in};
use center::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use store::{Archive, Failure};

/// Writes chats down.
#[derive(Clone, Debug)]
pub struct Transcripts {
    archive: Archive,
    city: Arc<City>,
    /// The names by which the city lets counselors be known.
    names: BTreeMap<CounselorId, String>,
    /// The number people dial.
    number: String,
}

/// A chat written down.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Subject of a mail.
    pub subject: String,
    /// What was said, in order.
    pub text: String,
    /// Why this mail came, for whoever did not ask for it.
    pub why: String,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transcript(..)")
    }
}

impl Transcripts {
    /// Over the record of a city, with the names its counselors are known by and its number.
    pub fn new(
        archive: Archive,
        city: Arc<City>,
        names: BTreeMap<CounselorId, String>,
        number: String,
    ) -> Transcripts {
        Transcripts {
            archive,
            city,
            names,
            number,
        }
    }

    pub(crate) fn of_site(site: &Site) -> Transcripts {
        Transcripts {
            archive: site.archive.clone(),
            city: site.hub.city().clone(),
            names: site.settings.writing.public_names.clone(),
            number: site.settings.number.clone(),
        }
    }

    /// The messages of a chat before a number, in a language by its tag.
    pub async fn write(
        &self,
        contact: ContactId,
        before: u32,
        tag: &str,
    ) -> Result<Transcript, Failure> {
        let speech = Speech::of(tag);
        let messages = self.archive.messages(contact).await?;
        // What was merged into it came from elsewhere.
        let own = messages
            .into_iter()
            .filter(|message| message.contact == contact && message.message < before);
        let lines: Vec<(Time, Said)> = own
            .map(|message| (message.at, said(&self.city, &self.names, speech, message)))
            .collect();
        let number = contact.to_string();
        let titled = fill(speech.c.contact_number, &[("contact", &number)]);
        let city = name_in(&self.city.names, speech.t.tag);
        let begun = lines.first().map_or_else(String::new, |(at, _)| {
            figures::date_clock(&self.city.zone, *at)[..16].to_owned()
        });
        let mut text = format!("{city} {}\n{titled}\n{begun}\n\n", self.number);
        for (_, one) in &lines {
            let _ = writeln!(text, "{} {}: {}", one.at, one.name, one.text);
            for name in &one.files {
                text.push_str(&fill(speech.t.file_sent, &[("name", name)]));
                text.push('\n');
            }
        }
        Ok(Transcript {
            subject: format!("{city} {} – {titled}", self.number),
            text,
            why: fill(speech.t.mail_why, &[("number", &self.number)]),
        })
    }
}
