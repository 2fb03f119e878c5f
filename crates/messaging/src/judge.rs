//! What is read off a letter without understanding it: its language, its length, an emergency, a
//! wish to be left alone, what its files are. Never what becomes of it.

use crate::letter::Attachment;
use crate::{keyword, language, letters, mail, picture, urgent};
use center::city::{Channel, Language};
use std::fmt;
use std::sync::Arc;
use store::{Blobs, Failure, File};

/// A file as it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Bytes that may be shown: re-encoded, without location; none when it is withheld.
    pub shown: Option<Vec<u8>>,
    /// A small picture of it.
    pub small: Option<Vec<u8>>,
    /// Media type as found by looking at it.
    pub media_type: String,
    /// Why it is not shown: a stable reason, empty when it is.
    pub withheld: String,
}

/// The judgements as functions, so that a city without one of them still takes every letter.
#[derive(Clone)]
pub struct Judge {
    /// The language of a text, where it can be told.
    pub language: fn(&str) -> Option<Language>,
    /// Letters as people count them.
    pub letters: fn(&str) -> usize,
    /// Whether a text speaks of an emergency.
    pub urgent: fn(&str) -> bool,
    /// Whether a text, as a whole, allows or forbids messages.
    pub consent: fn(&str) -> Option<bool>,
    /// What may be shown of a file.
    pub clean: Arc<dyn Fn(&Attachment) -> Cleaned + Send + Sync>,
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge(..)")
    }
}

impl Judge {
    /// The judgements of this room. Quoted history is not judged: it was said before.
    pub fn standard() -> Judge {
        Judge {
            language: |text| language::detect(own(text)),
            letters: letters::count,
            urgent: |text| urgent::urgent(own(text)).is_some(),
            consent: |text| keyword::consent(own(text)),
            clean: Arc::new(clean),
        }
    }

    /// The language of a text, where it can be told.
    pub(crate) fn language(&self, text: &str) -> Option<Language> {
        (self.language)(text)
    }

    /// Letters as people count them.
    pub(crate) fn letters(&self, text: &str) -> usize {
        (self.letters)(text)
    }

    /// Whether a text speaks of an emergency.
    pub(crate) fn urgent(&self, text: &str) -> bool {
        (self.urgent)(text)
    }

    /// Only a text to a number can be an opt-out; in a post the same word is a word.
    pub(crate) fn consent(&self, text: &str, channel: Channel) -> Option<bool> {
        (self.consent)(text).filter(|_| channel == Channel::Text)
    }

    /// Stores the original and what may be shown of it.
    pub(crate) fn keep(
        &self,
        blobs: &Blobs,
        name: &str,
        attachment: &Attachment,
    ) -> Result<File, Failure> {
        let cleaned = (self.clean)(attachment);
        let original = format!("{name}-original");
        store_blob(blobs, &original, &attachment.bytes)?;
        let store = |suffix: &str, bytes: &Option<Vec<u8>>| {
            let Some(bytes) = bytes else {
                return Ok(String::new());
            };
            let own = format!("{name}{suffix}");
            store_blob(blobs, &own, bytes).map(|()| own)
        };
        Ok(File {
            blob: store("", &cleaned.shown)?,
            small: store("-small", &cleaned.small)?,
            original,
            name: attachment.name.clone(),
            media_type: cleaned.media_type,
            bytes: cleaned.shown.as_ref().map_or(0, Vec::len) as u64,
            description: attachment.description.clone(),
            withheld: cleaned.withheld,
            ..File::default()
        })
    }
}

/// What its writer wrote, without what is quoted.
fn own(text: &str) -> &str {
    let own = mail::quoting::divide(text).own;
    if own.is_empty() { text } else { own }
}

/// What may be shown of a file: pictures anew from their pixels, documents and sounds not at all.
fn clean(attachment: &Attachment) -> Cleaned {
    match picture::see(&attachment.bytes, &picture::Limits::default()) {
        Ok(seen) => {
            let small = seen.thumbnail;
            let withheld = seen.withheld.unwrap_or("").to_owned();
            let kind = seen.kind.media_type().to_owned();
            match seen.shared {
                Some(copy) => Cleaned {
                    media_type: copy.media_type.to_owned(),
                    shown: Some(copy.bytes),
                    small,
                    withheld,
                },
                None => Cleaned {
                    media_type: kind,
                    shown: None,
                    small,
                    withheld,
                },
            }
        }
        Err(refused) => Cleaned {
            media_type: "application/octet-stream".to_owned(),
            withheld: refused.to_string(),
            ..Cleaned::default()
        },
    }
}

/// Stores bytes under a name; what a crash left there before is replaced.
pub(crate) fn store_blob(blobs: &Blobs, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    // Absent in the usual case; whatever else is wrong shows with the next step.
    let _ = blobs.erase(name);
    let mut writer = blobs.create(name)?;
    writer.append(bytes)?;
    writer.finish()
}
