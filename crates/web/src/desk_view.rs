//! What one counselor's desk shows of the present moment, as JSON without personal data. Never a
//! command.

use crate::categories;
use crate::site::counselor_name;
use center::board::{Board, ContactView, CounselorView, Doing};
use center::city::{City, CounselorId, name_in};
use center::command::RestReason;
use center::record::Stage;
use serde::Serialize;

/// The whole desk.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct DeskView {
    /// None when the center does not know this desk as open.
    me: Option<Me>,
    queues: Vec<QueueLine>,
    tasks: Vec<TaskLine>,
    contacts: Vec<Card>,
    emergencies: Vec<Emergency>,
    colleagues: Vec<Colleague>,
}

/// An emergency in writing that waits for anybody: every desk shows it, whatever it does.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Emergency {
    contact: u64,
    channel: &'static str,
    language: &'static str,
}

/// Someone a written contact can be given to.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Colleague {
    id: u32,
    name: String,
    doing: &'static str,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Me {
    doing: &'static str,
    reason: Option<&'static str>,
    since: i64,
    rest_next: bool,
    overdue: bool,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct QueueLine {
    queue: String,
    name: String,
    waiting: usize,
    callbacks: usize,
    oldest: Option<i64>,
    ready: usize,
    open: bool,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct TaskLine {
    contact: u64,
    since: i64,
    language: &'static str,
}

/// One contact of the counselor.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is its own mark on the screen"
)]
struct Card {
    contact: u64,
    channel: &'static str,
    language: &'static str,
    stage: &'static str,
    since: i64,
    arrived: i64,
    waiting_since: Option<i64>,
    waited_ms: i64,
    keys: String,
    repeat: bool,
    queue: String,
    via: String,
    callback: bool,
    category: String,
    category_name: String,
    outcome: String,
    overdue: bool,
    line: bool,
    /// The citizen's number may be shown in clear.
    clear: bool,
    ring: Option<u8>,
    written: bool,
    messages: u32,
    version: u32,
    due: Option<i64>,
    urgent: bool,
}

/// The code of a reason to rest.
pub(crate) fn rest_code(reason: RestReason) -> &'static str {
    match reason {
        RestReason::Break => "break",
        RestReason::Meal => "meal",
        RestReason::Meeting => "meeting",
        RestReason::Desk => "desk",
        RestReason::Missed => "missed",
        RestReason::Unfinished => "unfinished",
        RestReason::Idle => "idle",
    }
}

/// Whether a contact has come so far that its counselor needs the number in clear.
pub(crate) fn number_is_clear(stage: Stage) -> bool {
    matches!(stage, Stage::Talk | Stage::Hold | Stage::WrapUp)
}

/// The desk of a counselor.
pub(crate) fn view(board: &Board, city: &City, counselor: CounselorId, language: &str) -> DeskView {
    let me = board.counselor(counselor);
    DeskView {
        me: me.map(my_state),
        queues: queues(board, city, language),
        tasks: board
            .tasks
            .iter()
            .map(|task| TaskLine {
                contact: task.contact.0,
                since: task.since.0,
                language: task.language.code(),
            })
            .collect(),
        contacts: me
            .map(|me| me.contacts.as_slice())
            .unwrap_or_default()
            .iter()
            .filter_map(|contact| board.contact(*contact))
            .map(|contact| card(contact, city, language))
            .collect(),
        emergencies: emergencies(board),
        colleagues: board
            .counselors
            .iter()
            .filter(|other| other.counselor != counselor)
            .map(|other| Colleague {
                id: other.counselor.0,
                name: counselor_name(city, other.counselor),
                doing: other.doing.code(),
            })
            .collect(),
    }
}

fn emergencies(board: &Board) -> Vec<Emergency> {
    let waits = |contact: &&ContactView| contact.pressing && contact.counselor.is_none();
    let waiting = board.contacts.iter().filter(waits);
    let line = |contact: &ContactView| Emergency {
        contact: contact.contact.0,
        channel: contact.channel.code(),
        language: contact.language.code(),
    };
    waiting.map(line).collect()
}

fn my_state(me: &CounselorView) -> Me {
    Me {
        doing: me.doing.code(),
        reason: match me.doing {
            Doing::Resting(reason) => Some(rest_code(reason)),
            _ => None,
        },
        since: me.since.0,
        rest_next: me.rest_next,
        overdue: me.overdue,
    }
}

fn queues(board: &Board, city: &City, language: &str) -> Vec<QueueLine> {
    let named = |code: &str| {
        let queue = city.queue_index(code).map(|index| &city.queues[index]);
        queue.map_or_else(
            || code.to_owned(),
            |queue| name_in(&queue.names, language).to_owned(),
        )
    };
    // Queues of what is written are many, one per channel and language: only those where somebody
    // waits are worth a line.
    let spoken = |code: &str| {
        let queue = city.queue_index(code).map(|index| &city.queues[index]);
        queue.is_none_or(|queue| !queue.channel.written())
    };
    board
        .queues
        .iter()
        .filter(|queue| queue.waiting > 0 || spoken(&queue.queue))
        .map(|queue| QueueLine {
            queue: queue.queue.clone(),
            name: named(&queue.queue),
            waiting: queue.waiting,
            callbacks: queue.callbacks,
            oldest: queue.oldest.map(|at| at.0),
            ready: queue.ready,
            open: queue.open,
        })
        .collect()
}

fn card(contact: &ContactView, city: &City, language: &str) -> Card {
    let queue = city
        .queue_index(&contact.queue)
        .map(|index| &city.queues[index]);
    Card {
        contact: contact.contact.0,
        channel: contact.channel.code(),
        language: contact.language.code(),
        stage: contact.stage.code(),
        since: contact.since.0,
        arrived: contact.arrived.0,
        waiting_since: contact.waiting_since.map(|at| at.0),
        waited_ms: contact.waited_ms,
        keys: contact.keys.clone(),
        repeat: contact.repeat,
        queue: queue.map_or_else(
            || contact.queue.clone(),
            |queue| name_in(&queue.names, language).to_owned(),
        ),
        via: contact.via.clone(),
        callback: contact.callback,
        category: contact.category.clone(),
        category_name: if contact.category.is_empty() {
            String::new()
        } else {
            categories::path(city, &contact.category, language)
        },
        outcome: contact.outcome.clone(),
        overdue: contact.overdue,
        line: contact.line,
        clear: number_is_clear(contact.stage),
        ring: contact.reason.as_ref().map(|reason| reason.ring),
        written: contact.channel.written(),
        messages: contact.messages,
        version: contact.version,
        due: contact.due.map(|at| at.0),
        urgent: contact.urgent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use center::city::{Channel, ContactId, Language};

    #[test]
    fn an_emergency_that_waits_is_shown_at_every_desk_and_one_in_hand_is_not() {
        let city = sample::city();
        let urgent = |number, stage, counselor: Option<CounselorId>| ContactView {
            channel: Channel::Text,
            urgent: true,
            pressing: true,
            counselor,
            ..sample::contact(number, stage, Language::Ko)
        };
        let board = Board {
            contacts: vec![
                urgent(1, Stage::Queue, None),
                urgent(2, Stage::Talk, Some(CounselorId(1))),
                sample::contact(3, Stage::Queue, Language::Ko),
            ],
            ..Board::default()
        };
        for counselor in [1, 2] {
            let shown = view(&board, &city, CounselorId(counselor), "en");
            let expected = Emergency {
                contact: ContactId(1).0,
                channel: "text",
                language: "ko",
            };
            assert_eq!(shown.emergencies, [expected]);
        }
    }
}
