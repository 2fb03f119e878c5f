//! What a running center takes from the simulator, and the way there. Never a telephone line, never
//! a decision.
//!
//! The contract for whoever serves HTTP: only with `--simulation` and only for a peer on loopback,
//! `POST /simulation/commands` hands its body to [`answer_live`] and replies `200` with
//! `Content-Type: application/json`, a `Content-Length` and the text of `Ok`, or `400` with the
//! text of `Err`. Everywhere else the path does not exist (`404`).

use center::board::Doing;
use center::city::{Channel, ContactId, CounselorId};
use center::command::{Answer, Command, Ending, RestReason};
use hub::Hub;
use serde::{Deserialize, Serialize};

/// How simulated contacts came in: no telephone line and no INVITE belongs to them.
pub const VIA: &str = "simulator";

/// Commands in one request.
pub const COMMANDS_MAX: usize = 1_000;

/// Numbers of a prompt that may be playing in a menu: the wing that plays it is not there to say.
const PLAYS: std::ops::Range<u32> = 1..24;

/// What the simulator asks of a running center, as JSON: `{"do":"arrive","key":"..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum LiveCommand {
    /// A citizen calls.
    Arrive {
        /// Names the attempt.
        key: String,
        /// Digest of a number.
        caller: String,
    },
    /// A key.
    Key {
        /// Contact.
        contact: u64,
        /// Key.
        key: char,
    },
    /// The prompts were heard to their end.
    Heard {
        /// Contact.
        contact: u64,
    },
    /// The citizen hangs up.
    Leave {
        /// Contact.
        contact: u64,
    },
    /// The citizen answers a callback.
    PickUp {
        /// Contact.
        contact: u64,
    },
    /// A counselor signs in; refused when somebody is signed in as this counselor.
    SignIn {
        /// Counselor.
        counselor: u32,
    },
    /// Signs out.
    SignOut {
        /// Counselor.
        counselor: u32,
    },
    /// Presses ready.
    Ready {
        /// Counselor.
        counselor: u32,
    },
    /// Rests.
    Rest {
        /// Counselor.
        counselor: u32,
    },
    /// Answers.
    Accept {
        /// Counselor.
        counselor: u32,
        /// Contact.
        contact: u64,
    },
    /// Declines, as every ring of a real citizen at a simulated desk.
    Decline {
        /// Counselor.
        counselor: u32,
        /// Contact.
        contact: u64,
    },
    /// Files and closes the record.
    Close {
        /// Counselor.
        counselor: u32,
        /// Contact.
        contact: u64,
        /// Category.
        category: String,
        /// Outcome.
        outcome: String,
    },
    /// Asks for the present moment.
    Look,
}

/// What a running center answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum LiveAnswer {
    /// Done.
    Done,
    /// The contact that was opened.
    Contact {
        /// Contact.
        contact: u64,
    },
    /// Not done.
    Refused {
        /// Why.
        why: String,
    },
    /// The present moment.
    Floor(LiveFloor),
}

/// The present moment as far as the simulator acts on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveFloor {
    /// Open contacts.
    pub contacts: Vec<LiveContact>,
    /// Signed-in counselors.
    pub counselors: Vec<LiveCounselor>,
    /// Every counselor of the city.
    pub staff: Vec<u32>,
    /// Categories that can be chosen.
    pub categories: Vec<String>,
    /// Outcome codes.
    pub outcomes: Vec<String>,
}

/// An open contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveContact {
    /// Contact.
    pub contact: u64,
    /// Code of the stage.
    pub stage: String,
    /// Came from the simulator.
    pub simulated: bool,
    /// Will be called back.
    pub callback: bool,
}

/// A signed-in counselor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveCounselor {
    /// Counselor.
    pub counselor: u32,
    /// Code of what they do.
    pub doing: String,
    /// Contacts with them.
    pub contacts: Vec<u64>,
}

/// Takes the body of a request, a JSON array of [`LiveCommand`]; gives that of the reply, an array
/// of [`LiveAnswer`] in the same order, or why the body cannot be read.
pub async fn answer_live(hub: &Hub, body: &[u8]) -> Result<String, String> {
    let commands: Vec<LiveCommand> = serde_json::from_slice(body).map_err(|why| why.to_string())?;
    if commands.len() > COMMANDS_MAX {
        return Err(format!("at most {COMMANDS_MAX} commands at once"));
    }
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        answers.push(apply_live(hub, command).await);
    }
    serde_json::to_string(&answers).map_err(|why| why.to_string())
}

/// Does what the simulator asks. A contact of a real citizen is only ever declined.
pub async fn apply_live(hub: &Hub, command: LiveCommand) -> LiveAnswer {
    let refused = |why: &str| LiveAnswer::Refused {
        why: why.to_owned(),
    };
    if touched(&command).is_some_and(|contact| real(hub, ContactId(contact))) {
        return refused("this contact is not a simulated one");
    }
    match command {
        LiveCommand::Look => LiveAnswer::Floor(look(hub)),
        LiveCommand::Heard { contact } => {
            let contact = ContactId(contact);
            for play in PLAYS {
                if let Err(why) = hub.send(Command::Played { contact, play }).await {
                    return refused(&why.to_string());
                }
            }
            LiveAnswer::Done
        }
        LiveCommand::SignIn { counselor } => {
            let id = CounselorId(counselor);
            if hub.board().borrow().counselor(id).is_some() {
                return refused("somebody is signed in as this counselor");
            }
            send(hub, Command::SignIn { counselor: id }).await
        }
        LiveCommand::Close {
            counselor,
            contact,
            category,
            outcome,
        } => {
            let (counselor, contact) = (CounselorId(counselor), ContactId(contact));
            let (category, outcome) = (Some(category), Some(outcome));
            let filed = send(
                hub,
                Command::Classify {
                    counselor,
                    contact,
                    category,
                    outcome,
                },
            )
            .await;
            if filed != LiveAnswer::Done {
                return filed;
            }
            send(
                hub,
                Command::Finish {
                    counselor,
                    contact,
                    ready: true,
                },
            )
            .await
        }
        simple => match plain(simple) {
            Some(command) => send(hub, command).await,
            None => refused("this cannot be done"),
        },
    }
}

/// The contact a command would change; declining changes nothing for the citizen.
fn touched(command: &LiveCommand) -> Option<u64> {
    match command {
        LiveCommand::Key { contact, .. }
        | LiveCommand::Heard { contact }
        | LiveCommand::Leave { contact }
        | LiveCommand::PickUp { contact }
        | LiveCommand::Accept { contact, .. }
        | LiveCommand::Close { contact, .. } => Some(*contact),
        _ => None,
    }
}

/// Whether a contact is known to be that of a real citizen. The board may be a moment old: what it
/// does not show yet the simulator has just opened itself.
fn real(hub: &Hub, contact: ContactId) -> bool {
    let board = hub.board();
    let board = board.borrow();
    board.contact(contact).is_some_and(|view| view.via != VIA)
}

/// Commands that need nothing but their numbers.
fn plain(command: LiveCommand) -> Option<Command> {
    Some(match command {
        LiveCommand::Arrive { key, caller } => Command::Arrived {
            key: format!("{VIA}-{key}"),
            channel: Channel::Voice,
            caller,
            via: VIA.to_owned(),
            live: true,
        },
        LiveCommand::Key { contact, key } => Command::Key {
            contact: ContactId(contact),
            key,
        },
        LiveCommand::Leave { contact } => Command::Left {
            contact: ContactId(contact),
            ending: Ending::Citizen,
        },
        LiveCommand::PickUp { contact } => Command::DialAnswered {
            contact: ContactId(contact),
        },
        LiveCommand::SignOut { counselor } => Command::SignOut {
            counselor: CounselorId(counselor),
        },
        LiveCommand::Ready { counselor } => Command::Ready {
            counselor: CounselorId(counselor),
        },
        LiveCommand::Rest { counselor } => Command::Rest {
            counselor: CounselorId(counselor),
            reason: RestReason::Break,
        },
        LiveCommand::Accept { counselor, contact } => Command::Accept {
            counselor: CounselorId(counselor),
            contact: ContactId(contact),
        },
        LiveCommand::Decline { counselor, contact } => Command::Decline {
            counselor: CounselorId(counselor),
            contact: ContactId(contact),
        },
        LiveCommand::Look
        | LiveCommand::Heard { .. }
        | LiveCommand::SignIn { .. }
        | LiveCommand::Close { .. } => return None,
    })
}

async fn send(hub: &Hub, command: Command) -> LiveAnswer {
    match hub.send(command).await {
        Ok(Answer::Done) => LiveAnswer::Done,
        Ok(
            Answer::Contact(ContactId(contact))
            | Answer::Message {
                contact: ContactId(contact),
                ..
            },
        ) => LiveAnswer::Contact { contact },
        Err(why) => LiveAnswer::Refused {
            why: why.to_string(),
        },
    }
}

fn look(hub: &Hub) -> LiveFloor {
    let board = hub.board();
    let board = board.borrow();
    let city = hub.city();
    let contacts = board.contacts.iter().map(|view| LiveContact {
        contact: view.contact.0,
        stage: view.stage.code().to_owned(),
        simulated: view.via == VIA,
        callback: view.callback,
    });
    let counselors = board.counselors.iter().map(|view| LiveCounselor {
        counselor: view.counselor.0,
        doing: match view.doing {
            Doing::Ringing => "ringing".to_owned(),
            other => other.code().to_owned(),
        },
        contacts: view.contacts.iter().map(|contact| contact.0).collect(),
    });
    LiveFloor {
        contacts: contacts.collect(),
        counselors: counselors.collect(),
        staff: city.counselors.iter().map(|profile| profile.id.0).collect(),
        categories: city
            .categories
            .iter()
            .filter(|c| c.leaf)
            .map(|c| c.code.clone())
            .collect(),
        outcomes: city
            .outcomes
            .iter()
            .map(|outcome| outcome.code.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_read_as_written_and_nothing_else_does() {
        let text = r#"[{"do":"arrive","key":"7","caller":"n1"},{"do":"look"}]"#;
        let commands: Vec<LiveCommand> = serde_json::from_str(text).expect("both are known");
        assert_eq!(commands[1], LiveCommand::Look);
        assert_eq!(serde_json::to_string(&commands).expect("plain data"), text);
        for bad in [r#"[{"do":"erase"}]"#, r#"[{"do":"leave"}]"#, "{}", "["] {
            assert!(
                serde_json::from_str::<Vec<LiveCommand>>(bad).is_err(),
                "{bad}"
            );
        }
    }
}
