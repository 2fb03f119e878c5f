//! Hands the judgements of the written wing to the pages, which must not know it. Never a rule.

use center::city::{ContactId, Language};
use messaging::composer::Composer;
use messaging::connections::Open;
use messaging::letter::Attachment;
use messaging::mail;
use messaging::mail::door::{Door, NotIn};
use messaging::mail::form::Wrong;
use messaging::picture::{Limits, see};
use messaging::{Transcriber, Transcript, urgent};
use std::sync::Arc;
use web::{Cleaned, Composed, FormFault, FormRefused, Transcripts, Writing};

/// Letters of a message for which its way knows no limit.
const LETTERS_MAX: usize = 10_000;

/// What pages on which people write need from the wing.
pub fn of(open: &Open, hub: hub::Hub) -> Writing {
    let (composer, door) = (open.composer.clone(), open.door.clone());
    let known: web::MailAddress = Arc::new(mail::settings::is_address);
    Writing {
        composer: Arc::new(move |_, via, text| composed(&composer, via, text)),
        urgent: Arc::new(|text| urgent::urgent(text).is_some()),
        picture: Some(Arc::new(clean)),
        markup: Some(Arc::new(|source| mail::html::clean(source).html)),
        texter: open.texter.clone(),
        mails_to: open.mails.then_some(known),
        form: Some(Arc::new(move |form| {
            let (door, now) = (door.clone(), hub.now());
            Box::pin(async move { hand_in(&door, form, now.0 as u64).await })
        })),
        ..Writing::default()
    }
}

/// Writes chats down as their pages show them.
pub fn transcriber(transcripts: Transcripts) -> Transcriber {
    Arc::new(move |contact: ContactId, before: u32, language: Language| {
        let transcripts = transcripts.clone();
        Box::pin(async move {
            let written = transcripts.write(contact, before, language.code()).await;
            let written = written.inspect_err(|failure| {
                tracing::error!(%failure, "a chat was not written down");
            });
            written.ok().map(|written| Transcript {
                subject: written.subject,
                text: format!("{}\n{}\n", written.text, written.why),
            })
        })
    })
}

/// Hands a form of the site to the door of the wing.
async fn hand_in(door: &Door, form: web::Form, now_ms: u64) -> Result<ContactId, FormRefused> {
    let file = |file: web::FormFile| Attachment {
        name: file.name,
        media_type: file.media_type.to_owned(),
        bytes: file.bytes,
        description: String::new(),
    };
    let filled = mail::form::Form {
        name: form.name,
        address: form.address,
        subject: form.subject,
        text: form.text,
        trap: form.trap,
        key: form.key,
        shown_at_ms: form.shown_at_ms,
        files: form.files.into_iter().map(file).collect(),
    };
    door.take(filled, form.from, now_ms)
        .await
        .map_err(|why| match why {
            NotIn::Wrong(all) => FormRefused::Wrong(all.into_iter().map(fault).collect()),
            NotIn::TooMany { .. } => FormRefused::TooMany,
            NotIn::Trouble => FormRefused::Trouble,
        })
}

fn fault(wrong: Wrong) -> FormFault {
    let over = match wrong {
        Wrong::TextLong { over } => over,
        _ => 0,
    };
    FormFault {
        key: wrong.to_string(),
        over,
    }
}

fn composed(composer: &Composer, via: &str, text: &str) -> Composed {
    let plan = composer.compose(via, text);
    let changed = plan
        .changed
        .iter()
        .map(|(from, to)| format!("{from} → {to}"));
    Composed {
        letters: plan.letters,
        parts: plan.parts,
        limit: plan.limit.unwrap_or(LETTERS_MAX),
        lost: plan.lost,
        hint: changed.collect::<Vec<_>>().join(", "),
        can_direct: plan.can_direct,
        files: plan.files,
        documents: plan.documents,
    }
}

/// A picture written anew from its pixels; none for what is no picture that may be shown.
fn clean(bytes: &[u8]) -> Option<Cleaned> {
    let seen = see(bytes, &Limits::default()).ok()?;
    let shared = seen.shared?;
    Some(Cleaned {
        media_type: shared.media_type.to_owned(),
        bytes: shared.bytes,
        small: seen.thumbnail.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_counts_letters_as_people_do_and_what_is_no_picture_is_not_shown() {
        let plan = composed(&Composer::default(), "page", "👨‍👩‍👧 안녕");
        assert_eq!((plan.letters, plan.parts, plan.lost.len()), (4, 1, 0));
        assert_eq!(composed(&Composer::default(), "page", "안녕").letters, 2);
        assert!(clean(b"<svg onload=alert(1)>").is_none());
    }
}
