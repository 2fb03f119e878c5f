//! Sends the mails by which units are asked to assure what they own and tells the library what
//! became of each: once, or once more under the same Message-ID when the house fell before it knew.
//! Never decides who is asked, never a citizen.

use crate::letter::Outgoing;
use crate::outbox::Transcript;
use crate::outlet::{Outlet, Unsent};
use center::city::ContactId;
use center::event::Fortune;
use center::knowledge::Author;
use center::time::DAY_MS;
use hub::{Hub, LibraryCommand};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use store::Archive;
use store::library::UnitLetter;

/// A mail that did not leave within this never will: the next day asks again by the list.
const EXPIRES_MS: i64 = 3 * DAY_MS;

/// Writes a mail to a unit: its address, its subject and its text; none when nobody can be asked.
pub type UnitWriter = Arc<
    dyn Fn(
            UnitLetter,
        ) -> Pin<
            Box<dyn Future<Output = Result<Option<(String, Transcript)>, store::Failure>> + Send>,
        > + Send
        + Sync,
>;

/// Sends mails to units.
#[derive(Clone)]
pub struct Units {
    hub: Hub,
    archive: Archive,
    via: String,
    outlet: Outlet,
    writer: UnitWriter,
}

impl fmt::Debug for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Units({})", self.via)
    }
}

impl Units {
    /// Over the connection that sends mail, and its name.
    pub fn new(
        hub: Hub,
        archive: Archive,
        (via, outlet): (String, Outlet),
        writer: UnitWriter,
    ) -> Units {
        Units {
            hub,
            archive,
            via,
            outlet,
            writer,
        }
    }

    /// Sends what an earlier run left and what is decided from now on, until it is stopped. One at
    /// a time: units are few, and nobody waits.
    pub async fn run(self, every: Duration) {
        let mut tick = tokio::time::interval(every);
        loop {
            tick.tick().await;
            let open = match self.archive.open_unit_letters().await {
                Ok(open) => open,
                Err(failure) => {
                    tracing::error!(%failure, "mails to units cannot be read");
                    continue;
                }
            };
            for letter in open {
                self.send(letter).await;
            }
        }
    }

    /// Tries once. What may have arrived is tried once more, with the same Message-ID.
    async fn send(&self, letter: UnitLetter) {
        let number = letter.letter;
        let again = letter.fortune == "unknown";
        let expired = self.hub.now() - letter.at > EXPIRES_MS;
        let outgoing = match (self.writer)(letter).await {
            Ok(Some((address, written))) => self.outgoing(number, address, written),
            Ok(None) => return self.tell(number, Fortune::Failed).await,
            // The next round tries again.
            Err(failure) => return tracing::error!(%failure, "a mail to a unit was not written"),
        };
        match self.outlet.send(outgoing).await {
            Ok(_) => {
                self.tell(number, Fortune::Delivered).await;
                tracing::info!(letter = number, "a unit was asked by mail");
            }
            Err(Unsent::Never(reason)) => {
                tracing::warn!(via = %self.via, %reason, "a mail to a unit was refused");
                self.tell(number, Fortune::Failed).await;
            }
            // Twice unknown: a third try might be a third copy.
            Err(Unsent::Unknown) if again => self.tell(number, Fortune::Expired).await,
            Err(Unsent::Unknown) => self.tell(number, Fortune::Unknown).await,
            Err(Unsent::Later { .. }) if expired => self.tell(number, Fortune::Expired).await,
            Err(Unsent::Later { .. }) => {}
        }
    }

    fn outgoing(&self, number: u32, address: String, written: Transcript) -> Outgoing {
        // No contact has this number: the mail's own traces lead to none.
        let of = (ContactId(0), number);
        Outgoing {
            thread: Some(format!("unit {number}")),
            ..Outgoing::mail(
                of,
                self.via.clone(),
                address,
                [written.subject, written.text],
            )
        }
    }

    async fn tell(&self, letter: u32, fortune: Fortune) {
        let told = LibraryCommand::UnitReached { letter, fortune };
        let librarian = self.hub.librarian();
        if let Err(error) = librarian.send(Author::house(), told).await {
            tracing::warn!(%error, "the fate of a mail to a unit was not written");
        }
    }
}
