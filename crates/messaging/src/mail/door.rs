//! The door by which the site's form comes in: too many are turned away, what is taken is durable.
//! Never a page, never a decision on what becomes of a contact.

use crate::inlet::{Inlet, Taken};
use crate::letter::AddressKind;
use crate::mail::form::{Budget, Form, Wrong};
use crate::mail::token::Tokens;
use center::city::ContactId;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Connection of forms that nobody can answer in writing.
const VIA: &str = "form";

/// Why a form was not taken; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotIn {
    /// What is wrong, field by field.
    Wrong(Vec<Wrong>),
    /// Too many came from there.
    TooMany {
        /// How long to wait.
        wait_ms: u64,
    },
    /// The record cannot be written right now.
    Trouble,
}

/// The door. Cloned freely.
#[derive(Clone)]
pub struct Door {
    inlet: Inlet,
    tokens: Tokens,
    mailer: Option<(String, String)>,
    texter: Option<String>,
    budget: Arc<Mutex<Budget>>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door(..)")
    }
}

impl Door {
    /// A door to the record. `mailer` (name and address) and `texter` answer what comes in by it.
    pub fn new(
        inlet: Inlet,
        tokens: Tokens,
        mailer: Option<(String, String)>,
        texter: Option<String>,
    ) -> Door {
        Door {
            inlet,
            tokens,
            mailer,
            texter,
            budget: Arc::default(),
        }
    }

    /// Takes a form; the same key gives the same contact.
    pub async fn take(&self, form: Form, from: IpAddr, now_ms: u64) -> Result<ContactId, NotIn> {
        let address = self.mailer.as_ref().map_or("", |(_, address)| address);
        let via = self.via(form.kind());
        let message = form.message(via, address, &self.tokens, now_ms);
        let message = message.map_err(NotIn::Wrong)?;
        self.spend(from, now_ms)?;
        match self.inlet.message(message).await {
            Ok(Taken::Message { contact, .. }) => Ok(contact),
            other => {
                tracing::warn!(?other, "a form was not taken");
                Err(NotIn::Trouble)
            }
        }
    }

    fn spend(&self, from: IpAddr, now_ms: u64) -> Result<(), NotIn> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = budget.spend(from, now_ms);
        spent.map_err(|wait_ms| NotIn::TooMany { wait_ms })
    }

    /// The connection that can answer.
    fn via(&self, kind: Option<AddressKind>) -> &str {
        let mailer = self.mailer.as_ref().map(|(name, _)| name.as_str());
        let known = match kind {
            Some(AddressKind::Mail) => mailer,
            Some(AddressKind::Phone) => self.texter.as_deref(),
            _ => None,
        };
        known.unwrap_or(VIA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inlet::{HandedIn, Inward, NotTaken};
    use crate::letter::Incoming;
    use tokio::sync::mpsc;

    const NOW: u64 = 1_000_000_000;

    fn form(address: &str, key: &str) -> Form {
        Form {
            address: address.to_owned(),
            text: "어두워요".to_owned(),
            key: key.to_owned(),
            shown_at_ms: NOW - 60_000,
            ..Form::default()
        }
    }

    async fn house(mut handed: mpsc::Receiver<HandedIn>, tell: mpsc::UnboundedSender<Incoming>) {
        while let Some(HandedIn { inward, reply }) = handed.recv().await {
            let Inward::Message(message) = inward else {
                panic!("a message")
            };
            let taken = Taken::Message {
                contact: ContactId(7),
                again: false,
            };
            let trouble = message.text == "trouble";
            tell.send(*message).unwrap();
            let _ = reply.send(if trouble {
                Err(NotTaken::Unwritten)
            } else {
                Ok(taken)
            });
        }
    }

    fn door() -> (Door, mpsc::UnboundedReceiver<Incoming>) {
        let (inlet, handed) = Inlet::new(4);
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(house(handed, tell));
        let mailer = Some(("mail".to_owned(), "120@haneul.example".to_owned()));
        let texter = Some("smsc".to_owned());
        (Door::new(inlet, Tokens::new([7; 32]), mailer, texter), told)
    }

    #[tokio::test]
    async fn a_form_goes_by_the_connection_that_can_answer_it() {
        let (door, mut told) = door();
        let from = [192, 0, 2, 1].into();
        for (address, via, kind) in [
            ("kim@mail.example", "mail", AddressKind::Mail),
            ("010-1234-5678", "smsc", AddressKind::Phone),
            ("", "form", AddressKind::Mail),
        ] {
            let taken = door.take(form(address, via), from, NOW).await;
            assert_eq!(taken, Ok(ContactId(7)));
            let message = told.recv().await.unwrap();
            assert_eq!((message.via.as_str(), message.from.kind), (via, kind));
        }
    }

    #[tokio::test]
    async fn what_is_wrong_or_too_much_is_said_and_nothing_is_handed_in() {
        let (door, mut told) = door();
        let from: IpAddr = [192, 0, 2, 1].into();
        let wrong = door.take(form("kim", "k"), from, NOW).await;
        assert_eq!(wrong, Err(NotIn::Wrong(vec![Wrong::Address])));
        assert!(told.try_recv().is_err());
        for turn in 0..10 {
            let taken = door.take(form("", &turn.to_string()), from, NOW).await;
            assert!(taken.is_ok());
        }
        let many = door.take(form("", "one more"), from, NOW + 1).await;
        assert_eq!(many, Err(NotIn::TooMany { wait_ms: 599_999 }));
        let mut trouble = form("", "t");
        trouble.text = "trouble".to_owned();
        let other = [192, 0, 2, 2].into();
        assert_eq!(door.take(trouble, other, NOW).await, Err(NotIn::Trouble));
    }
}
