//! Compares what is listed of messages with what their events tell. Never repairs.

use crate::batch::note_digest;
use crate::engine::Snapshot;
use crate::failure::Failure;
use crate::letter::{self, MESSAGE};
use crate::value::Values;
use center::city::Channel;
use center::event::Event;
use center::record::Row;
use center::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// A message by contact and number.
type Id = (i64, i64);

/// What the events of a stretch of contacts tell of messages.
#[derive(Default)]
pub(crate) struct Letters {
    rows: BTreeMap<Id, Values>,
    fates: BTreeMap<Id, (String, String)>,
    /// Messages that leave by mail although they are those of a chat.
    mailed: BTreeSet<Id>,
    /// Digests a message had, the first and those of its changes.
    digests: BTreeMap<Id, Vec<String>>,
}

impl Letters {
    /// Takes in an event.
    pub fn tell(&mut self, at: Time, event: &Event) {
        let mut told = |contact: u64, message: u32, digest: &str| {
            let id = (contact as i64, i64::from(message));
            self.digests.entry(id).or_default().push(digest.to_owned());
            id
        };
        match event {
            Event::MessageReceived {
                contact,
                message,
                digest,
                ..
            } => {
                let id = told(contact.0, *message, digest);
                letter::message(at, event, self.rows.entry(id).or_default());
            }
            Event::MessageSent {
                contact,
                message,
                digest,
                text,
                ..
            } => {
                let id = told(contact.0, *message, digest);
                letter::message(at, event, self.rows.entry(id).or_default());
                self.fates.insert(id, ("queued".into(), String::new()));
                if letter::mailed(text.as_deref()) {
                    self.mailed.insert(id);
                }
            }
            Event::MessageChanged {
                contact,
                message,
                digest,
                ..
            } => drop(told(contact.0, *message, digest)),
            Event::MessageFared {
                contact,
                message,
                fortune,
                reference,
            } => {
                let id = (contact.0 as i64, i64::from(*message));
                let fate = (fortune.code().to_owned(), reference.clone());
                self.fates.insert(id, fate);
            }
            _ => {}
        }
    }

    /// What differs from the tables.
    pub async fn compare(
        mut self,
        view: &mut Snapshot,
        after: i64,
        to: i64,
        folded: &BTreeMap<u64, Row>,
    ) -> Result<Vec<String>, Failure> {
        // A chat has no provider to take a message, unless it leaves by mail.
        let mailed = std::mem::take(&mut self.mailed);
        self.fates.retain(|id, _| {
            let row = folded.get(&(id.0 as u64));
            mailed.contains(id) || row.is_none_or(|row| row.channel != Channel::Chat)
        });
        let mut found = Vec::new();
        self.rows(view, after, to, &mut found).await?;
        self.fates(view, after, to, &mut found).await?;
        self.texts(view, after, to, &mut found).await?;
        Ok(found)
    }

    async fn rows(
        &mut self,
        view: &mut Snapshot,
        after: i64,
        to: i64,
        found: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let columns = MESSAGE.columns;
        let text = format!("SELECT {columns} FROM message WHERE contact > $1 AND contact <= $2");
        for record in view.query(&text, between(after, to)).await?.iter() {
            let id = (record.int(0)?, record.int(1)?);
            let Some(due) = self.rows.remove(&id) else {
                found.push(format!(
                    "message {} of contact {} is listed but no event tells of it",
                    id.1, id.0
                ));
                continue;
            };
            let differs = |(index, _): &(usize, &str)| record.get(*index) != due.get(*index);
            let differing = columns.split(", ").enumerate().filter(differs);
            let differing: Vec<&str> = differing.map(|(_, column)| column).collect();
            if !differing.is_empty() {
                found.push(format!(
                    "message {} of contact {} differs from its event in: {}",
                    id.1,
                    id.0,
                    differing.join(", ")
                ));
            }
        }
        for (contact, message) in self.rows.keys() {
            found.push(format!(
                "message {message} of contact {contact} has an event but is not listed"
            ));
        }
        Ok(())
    }

    async fn fates(
        &mut self,
        view: &mut Snapshot,
        after: i64,
        to: i64,
        found: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let text = "SELECT contact, message, fortune, reference FROM message_fate \
                    WHERE contact > $1 AND contact <= $2";
        for record in view.query(text, between(after, to)).await?.iter() {
            let id = (record.int(0)?, record.int(1)?);
            let stored = (record.text(2)?.to_owned(), record.text(3)?.to_owned());
            if self.fates.remove(&id).as_ref() != Some(&stored) {
                found.push(format!(
                    "the fate of message {} of contact {} is not what its events tell",
                    id.1, id.0
                ));
            }
        }
        for (contact, message) in self.fates.keys() {
            found.push(format!(
                "the fate of message {message} of contact {contact} is missing"
            ));
        }
        Ok(())
    }

    /// A text is one whose digest was written. Erased ones are no difference.
    async fn texts(
        &self,
        view: &mut Snapshot,
        after: i64,
        to: i64,
        found: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let text = "SELECT contact, message, nonce, text FROM letter \
                    WHERE contact > $1 AND contact <= $2";
        for record in view.query(text, between(after, to)).await?.iter() {
            let id = (record.int(0)?, record.int(1)?);
            let digest = note_digest(record.text(2)?, record.text(3)?);
            if !self.digests.get(&id).is_some_and(|d| d.contains(&digest)) {
                found.push(format!(
                    "the text of message {} of contact {} is not the one that was saved",
                    id.1, id.0
                ));
            }
        }
        Ok(())
    }
}

/// What is kept of all contacts together: consents and unreadable letters.
#[derive(Default)]
pub(crate) struct Kept {
    /// When, by which contact, and whether allowed, by citizen.
    consents: BTreeMap<String, (i64, i64, bool)>,
    dead: BTreeSet<String>,
}

impl Kept {
    /// Takes in an event without a contact.
    pub fn tell(&mut self, event: &Event) {
        if let Event::DeadLettered { key, .. } = event {
            self.dead.insert(key.clone());
        }
    }

    /// Takes in what a citizen said last, in the order of the journal.
    pub fn consent(&mut self, at: Time, row: &Row, allowed: bool) {
        let said = (at.0, row.contact.0 as i64, allowed);
        let known = self.consents.entry(row.caller.clone()).or_insert(said);
        if known.0 <= said.0 {
            *known = said;
        }
    }

    /// What differs from the tables.
    pub async fn compare(mut self, view: &mut Snapshot) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        let text = "SELECT key FROM dead_letter";
        for record in view.query(text, Values::default()).await?.iter() {
            if !self.dead.remove(record.text(0)?) {
                found.push("an unreadable letter is listed but no event tells of it".into());
            }
        }
        let missing = self.dead.len();
        if missing > 0 {
            found.push(format!("{missing} unreadable letters are not listed"));
        }
        let text = "SELECT caller, at, contact, allowed FROM consent";
        for record in view.query(text, Values::default()).await?.iter() {
            let stored = (record.int(1)?, record.int(2)?, record.int(3)? != 0);
            if self.consents.remove(record.text(0)?) != Some(stored) {
                let contact = stored.1;
                found.push(format!(
                    "the consent given with contact {contact} is not what the events tell"
                ));
            }
        }
        for (_, contact, _) in self.consents.values() {
            found.push(format!(
                "the consent given with contact {contact} is missing"
            ));
        }
        Ok(found)
    }
}

fn between(after: i64, to: i64) -> Values {
    let mut asked = Values::default();
    asked.int(after).int(to);
    asked
}
