//! Events and effects in the words of a scene. Never decides, never parses.

use center::city::{ContactId, CounselorId};
use center::command::{Ending, RestReason};
use center::effect::Effect;
use center::event::{Event, OfferEnd, Told};
use center::time::{Time, Zone};
use std::collections::BTreeMap;

/// Names of those in a scene.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Citizens by contact.
    pub citizens: BTreeMap<ContactId, String>,
    /// Counselors.
    pub counselors: BTreeMap<CounselorId, String>,
}

impl Names {
    /// A citizen, or the number of the contact.
    pub fn citizen(&self, contact: ContactId) -> String {
        let known = self.citizens.get(&contact).cloned();
        known.unwrap_or_else(|| format!("contact {contact}"))
    }

    /// A counselor, or the number.
    pub fn counselor(&self, counselor: CounselorId) -> String {
        let known = self.counselors.get(&counselor).cloned();
        known.unwrap_or_else(|| format!("counselor {counselor}"))
    }

    /// An event in words.
    pub fn event(&self, zone: &Zone, event: &Event) -> String {
        if let Some(contact) = event.contact() {
            let citizen = self.citizen(contact);
            return format!("{citizen} {}", self.of_citizen(zone, event));
        }
        let who = event
            .counselor()
            .map(|id| self.counselor(id))
            .unwrap_or_default();
        match event {
            Event::SignedIn { .. } => format!("{who} is signed in"),
            Event::SignedOut { .. } => format!("{who} is signed out"),
            Event::Readied { .. } => format!("{who} is ready"),
            Event::Rested { reason, .. } => format!("{who} rests ({})", rest(*reason)),
            Event::RestLong { .. } => format!("{who} has rested for long"),
            Event::DeskLost { .. } => format!("{who}'s desk is gone"),
            Event::DeskBack { .. } => format!("{who}'s desk is back"),
            Event::Restarted => "the center starts again".to_owned(),
            _ => String::new(),
        }
    }

    fn of_citizen(&self, zone: &Zone, event: &Event) -> String {
        let whom = event
            .counselor()
            .map(|id| self.counselor(id))
            .unwrap_or_default();
        match event {
            Event::Arrived { repeat: true, .. } => "arrives (again within a day)".to_owned(),
            Event::Arrived { .. } => "arrives".to_owned(),
            Event::MenuEntered { node, .. } => format!("is in the menu `{node}`"),
            Event::KeyPressed {
                key, valid: true, ..
            } => format!("pressed {key}"),
            Event::KeyPressed { key, .. } => format!("pressed {key}, which leads nowhere"),
            Event::Heard { .. } => "heard it to the end".to_owned(),
            Event::GoodbyeSaid { .. } => "is bidden goodbye".to_owned(),
            Event::LanguageChosen { language, .. } => format!("speaks {language}"),
            Event::LanguageCorrected { language, .. } => {
                format!("speaks {language} after all, says {whom}")
            }
            Event::TurnedAway { queue, why, .. } => {
                format!("is turned away from {queue} ({})", why.code())
            }
            Event::Queued {
                queue,
                since,
                front,
                ..
            } => {
                let place = if *front { " at the front" } else { "" };
                format!("waits in {queue}{place} since {}", clock(zone, *since))
            }
            Event::WaitTold {
                told: what,
                callback,
                ..
            } => told(*what, *callback),
            Event::CallbackBooked { .. } => "keeps the place and will be called back".to_owned(),
            Event::LineEnded { ending: why, .. } => format!("is off the line ({})", ending(*why)),
            Event::WaitAlarmed { .. } => "has waited for long".to_owned(),
            Event::Offered { reason, .. } => format!(
                "rings at {whom} (ring {}, waited {} s, {} free, {} waiting)",
                reason.ring + 1,
                reason.waited_ms / 1_000,
                reason.free,
                reason.waiting
            ),
            Event::OfferReturned { why, .. } => format!("comes back from {whom} ({})", offer(*why)),
            _ => self.of_talk(event, &whom),
        }
    }

    fn of_talk(&self, event: &Event, whom: &str) -> String {
        match event {
            Event::TaskTaken { task, .. } => {
                format!("is called by {whom} for {}", self.citizen(*task))
            }
            Event::Dialed { attempt, .. } => format!("is being called for {whom}, try {attempt}"),
            Event::DialEnded {
                status,
                again: Some(_),
                ..
            } => {
                format!("is not reached ({status}), again later")
            }
            Event::DialEnded { status, .. } => format!("is not reached ({status})"),
            Event::Answered { .. } => format!("speaks with {whom}"),
            Event::Held { .. } => "is on hold".to_owned(),
            Event::Resumed { .. } => format!("speaks with {whom} again"),
            Event::TalkLong { .. } => "speaks for long".to_owned(),
            Event::Transferred { queue, .. } => format!("is handed over to {queue} by {whom}"),
            Event::TransferredOut { .. } => format!("is handed to a number outside by {whom}"),
            Event::TransferEnded { status: 200, .. } => "is with the officer".to_owned(),
            Event::TransferEnded { status, .. } => format!("comes back, no officer ({status})"),
            Event::CounselorLost { .. } => format!("has lost {whom}"),
            Event::TalkEnded { ending: why, .. } => {
                format!("is off the line ({}), {whom} writes", ending(*why))
            }
            Event::WrapUpOverdue { .. } => format!("'s record takes {whom} long"),
            Event::RecordTakenOver { from, wrote_ms, .. } => format!(
                "'s record is taken over by {whom} from {}, who wrote for {} s",
                self.counselor(*from),
                wrote_ms / 1_000
            ),
            Event::NoteSaved { letters, .. } => format!("'s note has {letters} letters"),
            Event::Classified {
                category, outcome, ..
            } => format!(
                "'s record says {} {}",
                category.as_deref().unwrap_or("-"),
                outcome.as_deref().unwrap_or("-")
            ),
            Event::Interrupted { stage, .. } => format!("was interrupted ({stage})"),
            Event::TaskOpened { .. } => "is owed a callback".to_owned(),
            Event::TaskClosed { called: true, .. } => format!("is called back by {whom}"),
            Event::TaskClosed { .. } => format!("is struck off the list by {whom}"),
            Event::Closed { fate, .. } => format!("is closed: {}", fate.code()),
            Event::Recorded { .. } => "is recorded".to_owned(),
            Event::RecordingErased { .. } => "'s recording is erased".to_owned(),
            Event::PersonalErased { .. } => "'s number and note are erased".to_owned(),
            Event::Listened { .. } => format!("'s recording is heard by {whom}"),
            _ => letters(event, whom),
        }
    }

    /// An effect in words, when somebody outside would notice it.
    pub fn effect(&self, effect: &Effect) -> Option<String> {
        let citizen = self.citizen(effect.contact());
        Some(match effect {
            Effect::Refuse {
                status,
                retry_after_s,
                ..
            } => {
                let retry = retry_after_s.map_or_else(String::new, |s| format!(", try in {s} s"));
                format!("{citizen}'s telephone shows {status}{retry}")
            }
            Effect::Play { prompts, .. } => {
                let names: Vec<String> = prompts
                    .iter()
                    .map(|p| format!("{}.{}", p.name, p.language))
                    .collect();
                format!("{citizen} hears {}", names.join(" "))
            }
            Effect::HangUp { .. } => format!("{citizen}'s line is ended by the center"),
            Effect::Dial { .. } => format!("{citizen}'s telephone rings"),
            Effect::TransferOut { .. } => "the officer's telephone rings".to_owned(),
            Effect::CancelDial { .. } => format!("{citizen}'s telephone stops ringing"),
            Effect::Park { .. } => format!("{citizen} hears music"),
            Effect::Answer { .. }
            | Effect::Ring { .. }
            | Effect::StopRing { .. }
            | Effect::Bridge { .. } => return None,
            Effect::Send { message, .. } => format!("letter {message} leaves for {citizen}"),
        })
    }
}

/// The time of day on the clock of a city.
pub fn clock(zone: &Zone, at: Time) -> String {
    let local = at.0 + zone.offset_ms(at);
    let second = local.div_euclid(1_000).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

fn told(told: Told, callback: bool) -> String {
    let offer = if callback {
        ", a callback is offered"
    } else {
        ""
    };
    match (told.p50_ms, told.p90_ms) {
        (Some(p50), Some(p90)) => format!(
            "is told: place {}, {}-{} s{offer}",
            told.position,
            p50 / 1_000,
            p90 / 1_000
        ),
        _ => format!("is told: place {}, nobody serves yet{offer}", told.position),
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Citizen => "hung up",
        Ending::LineLost => "line lost",
        Ending::Center => "by the center",
        Ending::Restart => "the center stopped",
        Ending::Quiet => "nobody wrote any more",
    }
}

/// What happens in writing.
fn letters(event: &Event, whom: &str) -> String {
    match event {
        Event::MessageReceived { message, marks, .. } => {
            let urgent = if marks.urgent { ", an emergency" } else { "" };
            let over = if marks.over { ", too long" } else { "" };
            format!("writes letter {message}{urgent}{over}")
        }
        Event::MessageSent {
            message,
            text: Some(text),
            counselor: None,
            ..
        } => format!("gets letter {message} from the house: {text}"),
        Event::MessageSent { message, .. } => format!("gets letter {message} from {whom}"),
        Event::MessageFared {
            message, fortune, ..
        } => format!("'s letter {message} is {}", fortune.code()),
        Event::MessageChanged { message, .. } => format!("changes letter {message}"),
        Event::MessageWithdrawn { message, .. } => format!("takes back letter {message}"),
        Event::StillPresent { .. } => "is still there".to_owned(),
        Event::Reopened { .. } => "goes on after the end".to_owned(),
        Event::Snoozed { .. } => format!("is laid aside by {whom}"),
        Event::Assigned { .. } => format!("is given to a colleague by {whom}"),
        Event::HandedBack { .. } => format!("is handed back by {whom}"),
        Event::Escalated { late: false, .. } => "goes before the others".to_owned(),
        Event::Escalated { late: true, .. } => "was not answered in time".to_owned(),
        Event::Merged { .. } => format!("is merged by {whom}"),
        Event::Unmerged { .. } => format!("is taken apart again by {whom}"),
        Event::ConsentChanged { allowed: true, .. } => "allows messages".to_owned(),
        Event::ConsentChanged { allowed: false, .. } => "wants no messages".to_owned(),
        _ => String::new(),
    }
}

fn offer(why: OfferEnd) -> &'static str {
    match why {
        OfferEnd::Missed => "missed",
        OfferEnd::Declined => "declined",
        OfferEnd::DeskLost => "desk lost",
        OfferEnd::Emergency => "an emergency goes first",
        OfferEnd::SignedOut => "signed out",
    }
}

fn rest(reason: RestReason) -> &'static str {
    match reason {
        RestReason::Break => "break",
        RestReason::Meal => "meal",
        RestReason::Meeting => "meeting",
        RestReason::Desk => "desk work",
        RestReason::Missed => "missed a ring",
        RestReason::Unfinished => "a record is unfinished",
        RestReason::Idle => "nothing was touched for hours",
    }
}
