//! What a desk asks, each turned into one command of the center, and how a refusal is told. Never a
//! decision.

use crate::session::random_hex;
use crate::texts::{Staff, fill};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use center::city::{ContactId, CounselorId};
use center::command::{Command, Destination, Refusal, RestReason};
use serde::Deserialize;
use store::Personal;

/// The body of every request of a desk; each verb reads what it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ask {
    pub(crate) contact: Option<u64>,
    pub(crate) reason: Option<String>,
    pub(crate) queue: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) ready: Option<bool>,
    pub(crate) on: Option<bool>,
    pub(crate) offer: Option<String>,
    /// Name of an answer until it has a number.
    pub(crate) id: Option<String>,
    pub(crate) answers: Option<u32>,
    pub(crate) private: Option<bool>,
    pub(crate) until: Option<String>,
    pub(crate) language: Option<String>,
    /// How the citizen is asked for the word that opens an answer behind a link.
    pub(crate) question: Option<String>,
    /// That word.
    pub(crate) key: Option<String>,
    /// A colleague.
    pub(crate) to: Option<u32>,
    /// The contact in which another goes on.
    pub(crate) into: Option<u64>,
    /// Files that will go with an answer.
    pub(crate) attached: Option<Vec<Attached>>,
}

/// A file that will go with an answer: what is known of it before it is posted.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) picture: bool,
}

/// A command with what travels beside it.
pub(crate) type Order = (Command, Vec<Personal>);

/// The command for a verb; none when the verb does not exist or lacks something.
pub(crate) fn order(
    verb: &str,
    ask: &Ask,
    counselor: CounselorId,
    normalize: impl Fn(&str) -> String,
    token: impl Fn(&str) -> String,
) -> Option<Order> {
    let plain = |command| Some((command, Vec::new()));
    match verb {
        "ready" => return plain(Command::Ready { counselor }),
        "rest" => {
            let reason = rest_reason(ask.reason.as_deref()?)?;
            return plain(Command::Rest { counselor, reason });
        }
        _ => {}
    }
    let contact = ContactId(ask.contact?);
    match verb {
        "accept" => plain(Command::Accept { counselor, contact }),
        "decline" => plain(Command::Decline { counselor, contact }),
        "hold" => plain(Command::Hold { counselor, contact }),
        "resume" => plain(Command::Resume { counselor, contact }),
        "hang-up" => plain(Command::HangUp { counselor, contact }),
        "take-over" => plain(Command::TakeOver { counselor, contact }),
        "take-task" => plain(Command::TakeTask { counselor, contact }),
        "drop-task" => plain(Command::DropTask { counselor, contact }),
        "classify" => plain(Command::Classify {
            counselor,
            contact,
            category: chosen(ask.category.as_deref()),
            outcome: chosen(ask.outcome.as_deref()),
        }),
        "finish" => plain(Command::Finish {
            counselor,
            contact,
            ready: ask.ready?,
        }),
        "note" => Some(note(counselor, contact, ask.text.as_deref()?)),
        "transfer" => transfer(ask, counselor, contact, normalize, token),
        _ => None,
    }
}

fn chosen(code: Option<&str>) -> Option<String> {
    code.filter(|code| !code.is_empty()).map(str::to_owned)
}

fn note(counselor: CounselorId, contact: ContactId, text: &str) -> Order {
    let nonce = random_hex(16);
    let command = Command::Note {
        counselor,
        contact,
        digest: store::note_digest(&nonce, text),
        letters: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
    };
    let row = Personal::Note {
        contact,
        text: text.to_owned(),
        nonce,
    };
    (command, vec![row])
}

fn transfer(
    ask: &Ask,
    counselor: CounselorId,
    contact: ContactId,
    normalize: impl Fn(&str) -> String,
    token: impl Fn(&str) -> String,
) -> Option<Order> {
    if let Some(queue) = chosen(ask.queue.as_deref()) {
        let to = Destination::Queue(queue);
        let command = Command::Transfer {
            counselor,
            contact,
            to,
        };
        return Some((command, Vec::new()));
    }
    let number = normalize(ask.number.as_deref()?);
    if !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let command = Command::Transfer {
        counselor,
        contact,
        to: Destination::Number {
            token: token(&number),
        },
    };
    Some((command, vec![Personal::TransferTo { contact, number }]))
}

/// A reason that a counselor may choose; the others are the center's own.
fn rest_reason(code: &str) -> Option<RestReason> {
    match code {
        "break" => Some(RestReason::Break),
        "meal" => Some(RestReason::Meal),
        "meeting" => Some(RestReason::Meeting),
        "desk" => Some(RestReason::Desk),
        _ => None,
    }
}

/// A refusal in the words of the page.
pub(crate) fn refusal_text(words: &Staff, refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownContact => words.r_unknown_contact,
        Refusal::UnknownCounselor => words.r_unknown_counselor,
        Refusal::SupervisorsOnly => words.forbidden,
        Refusal::NotYours => words.r_not_yours,
        Refusal::WrongState => words.r_wrong_state,
        Refusal::UnknownQueue => words.r_unknown_queue,
        Refusal::UnknownCategory => words.r_unknown_category,
        Refusal::UnknownOutcome => words.r_unknown_outcome,
        Refusal::CategoryMissing => words.r_category_missing,
        Refusal::OutcomeMissing => words.r_outcome_missing,
        Refusal::StillTalking => words.r_still_talking,
        Refusal::NoRoute => words.r_no_route,
        Refusal::TooLong => words.r_too_long,
        Refusal::UnknownMessage => words.r_unknown_message,
        Refusal::WrongChannel => words.r_wrong_channel,
        Refusal::TooOften => words.r_too_often,
        Refusal::NoTexts => words.r_no_texts,
        Refusal::NumberUnknown => words.r_number_unknown,
    }
}

/// What the page is told when a command had no effect: 409 refused, 503 not written.
pub(crate) fn failed(words: &Staff, error: &hub::Error) -> Response {
    match error {
        hub::Error::Refused(refusal) => said(
            StatusCode::CONFLICT,
            refusal.key(),
            refusal_text(words, *refusal),
        ),
        hub::Error::Unwritten => said(
            StatusCode::SERVICE_UNAVAILABLE,
            "unwritten",
            words.r_unwritten,
        ),
        hub::Error::Stopped => said(StatusCode::SERVICE_UNAVAILABLE, "stopped", words.r_stopped),
    }
}

/// A refusal as JSON: a stable key and a sentence.
pub(crate) fn said(status: StatusCode, key: &str, message: &str) -> Response {
    let body = Json(serde_json::json!({ "key": key, "message": message }));
    (status, body).into_response()
}

/// The sentence for a throttled sign-in.
pub(crate) fn wait_text(words: &Staff, minutes: u64) -> String {
    fill(words.sign_in_wait, &[("minutes", &minutes.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::STAFF;

    fn ordered(verb: &str, body: &str) -> Option<Order> {
        let ask: Ask = serde_json::from_str(body).expect("a valid body");
        let same = |text: &str| text.to_owned();
        order(verb, &ask, CounselorId(7), same, |number| {
            format!("t{number}")
        })
    }

    #[test]
    fn every_verb_becomes_its_command() {
        let counselor = CounselorId(7);
        let contact = ContactId(5);
        let cases = [
            ("ready", "{}", Command::Ready { counselor }),
            (
                "rest",
                r#"{"reason":"meal"}"#,
                Command::Rest {
                    counselor,
                    reason: RestReason::Meal,
                },
            ),
            (
                "accept",
                r#"{"contact":5}"#,
                Command::Accept { counselor, contact },
            ),
            (
                "hang-up",
                r#"{"contact":5}"#,
                Command::HangUp { counselor, contact },
            ),
            (
                "classify",
                r#"{"contact":5,"category":"TRF-01-01","outcome":""}"#,
                Command::Classify {
                    counselor,
                    contact,
                    category: Some("TRF-01-01".into()),
                    outcome: None,
                },
            ),
            (
                "finish",
                r#"{"contact":5,"ready":false}"#,
                Command::Finish {
                    counselor,
                    contact,
                    ready: false,
                },
            ),
            (
                "transfer",
                r#"{"contact":5,"queue":"general"}"#,
                Command::Transfer {
                    counselor,
                    contact,
                    to: Destination::Queue("general".into()),
                },
            ),
        ];
        for (verb, body, command) in cases {
            assert_eq!(ordered(verb, body), Some((command, Vec::new())), "{verb}");
        }
        for (verb, body) in [
            ("accept", "{}"),
            ("rest", r#"{"reason":"missed"}"#),
            ("transfer", r#"{"contact":5,"number":"abc"}"#),
            ("fly", r#"{"contact":5}"#),
        ] {
            assert_eq!(ordered(verb, body), None, "{verb}");
        }
    }

    #[test]
    fn a_note_leaves_only_its_digest_in_the_command() {
        let (command, rows) =
            ordered("note", r#"{"contact":5,"text":"불법 주차"}"#).expect("valid");
        let Command::Note {
            digest, letters, ..
        } = command
        else {
            panic!("not a note: {command:?}");
        };
        let [Personal::Note { text, nonce, .. }] = rows.as_slice() else {
            panic!("not one note row");
        };
        assert_eq!(letters, 5);
        assert_eq!(digest, store::note_digest(nonce, text));
    }

    #[test]
    fn a_number_travels_beside_the_command() {
        let (command, rows) =
            ordered("transfer", r#"{"contact":5,"number":"+8221234567"}"#).expect("valid");
        assert!(!format!("{command:?}").contains(" +8221234567"));
        assert_eq!(rows.len(), 1);
        assert_eq!(format!("{rows:?}"), "[Personal(..)]");
    }

    #[tokio::test]
    async fn refusals_have_a_status_a_key_and_words() {
        let refused = hub::Error::Refused(Refusal::CategoryMissing);
        let cases = [
            (refused, 409, "category_missing"),
            (hub::Error::Unwritten, 503, "unwritten"),
            (hub::Error::Stopped, 503, "stopped"),
        ];
        for (error, status, key) in cases {
            let response = failed(&STAFF[1], &error);
            assert_eq!(response.status(), status);
            let body = axum::body::to_bytes(response.into_body(), 10_000)
                .await
                .expect("short");
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(body["key"], key);
            assert!(body["message"].as_str().is_some_and(|text| text.len() > 10));
        }
    }
}
