//! Contacts of the same citizen over channels: by number, by account, by a mail address that has
//! proved to be theirs. Suggests, and hands on what a counselor decides; never decides.

use crate::commands::Ask;
use crate::site::Site;
use center::board::{Board, ContactView};
use center::city::{Channel, ContactId, CounselorId};
use center::command::Command;
use std::collections::BTreeSet;
use store::{Failure, Message};

/// Contacts that go on in this one, with their channels.
pub(crate) async fn merged(
    site: &Site,
    view: &ContactView,
    messages: &[Message],
) -> Result<Vec<(ContactId, Channel)>, Failure> {
    let contacts = messages.iter().map(|message| message.contact);
    let others: BTreeSet<ContactId> = contacts.filter(|one| *one != view.contact).collect();
    let mut merged = Vec::new();
    for contact in others {
        let row = site.archive.contact(contact).await?;
        merged.push((contact, row.map_or(view.channel, |row| row.channel)));
    }
    Ok(merged)
}

/// Tells what went into a contact and what else could go there.
pub(crate) async fn add(
    site: &Site,
    board: &Board,
    view: &ContactView,
    messages: &[Message],
    data: &mut serde_json::Value,
) -> Result<(), Failure> {
    let named = |contact: ContactId, channel: Channel| {
        let channel = channel.code();
        serde_json::json!({ "contact": contact.0, "channel": channel })
    };
    let merged = merged(site, view, messages).await?;
    let mut related = Vec::new();
    for other in board
        .contacts
        .iter()
        .filter(|other| other.channel.written())
    {
        let free = other.counselor.is_none() || other.counselor == view.counselor;
        // The board may be a moment behind what is written.
        let here = merged.iter().any(|(contact, _)| *contact == other.contact);
        if free && !here && same(site, other, view).await? {
            related.push(named(other.contact, other.channel));
        }
    }
    data["merged"] = merged
        .into_iter()
        .map(|(contact, channel)| named(contact, channel))
        .collect();
    data["related"] = related.into();
    Ok(())
}

/// Whether two contacts are of one citizen.
async fn same(site: &Site, one: &ContactView, other: &ContactView) -> Result<bool, Failure> {
    let alike = !one.caller.is_empty() && one.caller == other.caller;
    Ok(alike
        && one.contact != other.contact
        && proved(site, one).await?
        && proved(site, other).await?)
}

/// Whether the address of a contact is its citizen's. Networks vouch for numbers and accounts; the
/// sender of a mail is what anybody wrote there, unless the city's relay has checked it, or an
/// answer to ours came back into the same conversation by the token that only its receiver has.
async fn proved(site: &Site, view: &ContactView) -> Result<bool, Failure> {
    if view.channel != Channel::Mail {
        return Ok(true);
    }
    let messages = site.archive.messages(view.contact).await?;
    let own = || {
        let here = |message: &&Message| message.contact == view.contact;
        messages.iter().filter(here)
    };
    let checked = own().any(|message| message.incoming && message.marks.verified);
    Ok(checked || came_back(own().map(|message| message.incoming)))
}

/// Whether something came in after something went out.
fn came_back(mut incoming: impl Iterator<Item = bool>) -> bool {
    incoming.any(|incoming| !incoming) && incoming.any(|incoming| incoming)
}

/// Only contacts of the same citizen go on in one another.
pub(crate) async fn merge(site: &Site, counselor: CounselorId, ask: &Ask) -> Option<Command> {
    let (contact, into) = (ContactId(ask.contact?), ContactId(ask.into?));
    let board = site.hub.board().borrow().clone();
    let (ends, goes_on) = (board.contact(contact)?, board.contact(into)?);
    match same(site, ends, goes_on).await {
        Ok(same) => same.then_some(Command::Merge {
            counselor,
            contact,
            into,
        }),
        Err(failure) => {
            tracing::error!(%failure, "a conversation was not read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_is_proved_by_an_answer_to_our_answer() {
        for (incoming, proved) in [
            (&[][..], false),
            (&[true], false),
            (&[true, true], false),
            (&[true, false], false),
            (&[true, false, true], true),
        ] {
            assert_eq!(came_back(incoming.iter().copied()), proved, "{incoming:?}");
        }
    }
}
