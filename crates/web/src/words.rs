//! Coded values and events in the words of a page. Never a figure, never personal data.

use crate::categories;
use crate::figures::{clock, length};
use crate::site::counselor_name;
use crate::texts::{Staff, fill};
use center::city::{Channel, City, CounselorId, Language, name_in};
use center::command::Ending;
use center::event::{Event, Fate, OfferEnd, Reason, Told};
use center::record::Stage;

pub(crate) fn fate(words: &Staff, fate: Fate) -> &'static str {
    match fate {
        Fate::Answered => words.fate_answered,
        Fate::LeftMenu => words.fate_left_menu,
        Fate::ShortAbandoned => words.fate_short_abandoned,
        Fate::Abandoned => words.fate_abandoned,
        Fate::Capped => words.fate_capped,
        Fate::Closed => words.fate_closed,
        Fate::Unreached => words.fate_unreached,
        Fate::Interrupted => words.fate_interrupted,
        Fate::Outbound => words.fate_outbound,
        Fate::Silent => words.fate_silent,
        Fate::Merged => words.fate_merged,
        Fate::Automatic => words.fate_automatic,
    }
}

pub(crate) fn language(words: &Staff, language: Language) -> &'static str {
    match language {
        Language::Ko => words.language_ko,
        Language::En => words.language_en,
        Language::Zh => words.language_zh,
        Language::Ja => words.language_ja,
        Language::Vi => words.language_vi,
        Language::Mn => words.language_mn,
        Language::Other => words.language_other,
    }
}

pub(crate) fn channel(words: &Staff, channel: Channel) -> &'static str {
    match channel {
        Channel::Voice => words.channel_voice,
        Channel::Video => words.channel_video,
        Channel::Chat => words.channel_chat,
        Channel::Text => words.channel_text,
        Channel::Social => words.channel_social,
        Channel::Mail => words.channel_mail,
    }
}

pub(crate) fn stage(words: &Staff, stage: Stage) -> &'static str {
    match stage {
        Stage::Arrived => words.stage_arrived,
        Stage::Menu => words.stage_menu,
        Stage::Queue => words.stage_queue,
        Stage::Callback => words.stage_callback,
        Stage::Ringing => words.stage_ringing,
        Stage::Talk => words.stage_talk,
        Stage::Hold => words.stage_hold,
        Stage::WrapUp => words.stage_wrap_up,
        Stage::Snoozed => words.stage_snoozed,
        Stage::Closed => words.stage_closed,
    }
}

/// What became of a message, in words.
pub(crate) fn fortune_of(words: &Staff, code: &str) -> &'static str {
    match code {
        "queued" => words.fortune_queued,
        "submitted" => words.fortune_submitted,
        "delivered" => words.fortune_delivered,
        "failed" => words.fortune_failed,
        "expired" => words.fortune_expired,
        "unknown" => words.fortune_unknown,
        _ => "",
    }
}

/// A queue's name.
pub(crate) fn queue(city: &City, code: &str, language: &str) -> String {
    let known = city.queue_index(code).map(|index| &city.queues[index]);
    let name = known.map(|queue| name_in(&queue.names, language));
    name.filter(|name| !name.is_empty())
        .unwrap_or(code)
        .to_owned()
}

/// An outcome's name.
pub(crate) fn outcome(city: &City, code: &str, language: &str) -> String {
    let known = city.outcomes.iter().find(|outcome| outcome.code == code);
    known.map_or_else(
        || code.to_owned(),
        |outcome| name_in(&outcome.names, language).to_owned(),
    )
}

/// Why this counselor, why now.
pub(crate) fn why(words: &Staff, reason: &Reason) -> String {
    let ring = reason.ring.to_string();
    let ring = if reason.ring == 0 {
        words.why_ring_first.to_owned()
    } else {
        fill(words.why_ring_later, &[("ring", &ring)])
    };
    let mut text = fill(
        words.why,
        &[
            ("waiting", &reason.waiting.to_string()),
            ("waited", &length(reason.waited_ms)),
            ("free", &reason.free.to_string()),
            ("skills", &reason.skills.to_string()),
            ("idle", &length(reason.idle_ms)),
            ("ring", &ring),
        ],
    );
    if reason.held_back > 0 {
        let held = reason.held_back.to_string();
        text.push_str(&fill(words.why_held_back, &[("held", &held)]));
    }
    text
}

fn told(words: &Staff, told: &Told, callback: bool) -> String {
    let position = told.position.to_string();
    let (Some(p50_ms), Some(p90_ms)) = (told.p50_ms, told.p90_ms) else {
        return fill(words.e_told_place, &[("position", &position)]);
    };
    let template = if callback {
        words.e_told_callback
    } else {
        words.e_told
    };
    let (p50, p90) = (length(p50_ms), length(p90_ms));
    fill(
        template,
        &[("position", &position), ("p50", &p50), ("p90", &p90)],
    )
}

/// Tells events of one city in one language.
pub(crate) struct Teller<'a> {
    pub(crate) words: &'static Staff,
    pub(crate) city: &'a City,
}

impl Teller<'_> {
    fn who(&self, id: CounselorId) -> String {
        counselor_name(self.city, id)
    }

    fn by(&self, template: &str, counselor: CounselorId) -> String {
        fill(template, &[("counselor", &self.who(counselor))])
    }

    fn queue(&self, code: &str) -> String {
        queue(self.city, code, self.words.tag)
    }

    /// What happened, in a sentence.
    pub(crate) fn sentence(&self, at: center::time::Time, event: &Event) -> String {
        self.before_talk(at, event)
            .or_else(|| self.talk(event))
            .unwrap_or_else(|| self.record(event))
    }

    // A table: one sentence for each kind of event.
    fn before_talk(&self, at: center::time::Time, event: &Event) -> Option<String> {
        let w = self.words;
        Some(match event {
            Event::Arrived {
                channel: by,
                via,
                repeat,
                ..
            } => fill(
                if *repeat {
                    w.e_arrived_repeat
                } else {
                    w.e_arrived
                },
                &[("channel", channel(w, *by)), ("via", via)],
            ),
            Event::MenuEntered { node, .. } => fill(w.e_menu, &[("node", node)]),
            Event::KeyPressed { key, valid, .. } => fill(
                if *valid { w.e_key } else { w.e_key_invalid },
                &[("key", &key.to_string())],
            ),
            Event::LanguageChosen {
                language: chosen, ..
            } => fill(w.e_language, &[("language", language(w, *chosen))]),
            Event::Queued {
                queue,
                since,
                front,
                ..
            } => {
                let (queue, age) = (self.queue(queue), length(at - *since));
                let template = match (front, at - *since >= 1_000) {
                    (true, _) => w.e_queued_front,
                    (false, true) => w.e_queued_aged,
                    (false, false) => w.e_queued,
                };
                fill(template, &[("queue", &queue), ("age", &age)])
            }
            Event::WaitTold {
                told: said,
                callback,
                ..
            } => told(w, said, *callback),
            Event::Heard { .. } => w.e_heard.into(),
            Event::GoodbyeSaid { .. } => w.e_goodbye_said.into(),
            Event::TurnedAway { queue, why, .. } => fill(
                w.e_turned_away,
                &[("queue", &self.queue(queue)), ("fate", fate(w, *why))],
            ),
            Event::LineEnded { .. } => w.e_line_ended.into(),
            Event::CallbackBooked { .. } => w.e_callback_booked.into(),
            Event::WaitAlarmed { .. } => w.e_wait_alarmed.into(),
            Event::Offered { counselor, .. } => self.by(w.e_offered, *counselor),
            Event::OfferReturned { counselor, why, .. } => {
                let template = match why {
                    OfferEnd::Missed => w.e_missed,
                    OfferEnd::Declined => w.e_declined,
                    OfferEnd::DeskLost => w.e_offer_desk_lost,
                    OfferEnd::SignedOut => w.e_offer_signed_out,
                    OfferEnd::Emergency => w.e_offer_emergency,
                };
                self.by(template, *counselor)
            }
            Event::TaskTaken {
                counselor, task, ..
            } => fill(
                w.e_task_taken,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("task", &task.to_string()),
                ],
            ),
            Event::Dialed {
                counselor, attempt, ..
            } => fill(
                w.e_dialed,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("attempt", &attempt.to_string()),
                ],
            ),
            Event::DialEnded { status, again, .. } => {
                let time = again.map(|again| clock(&self.city.zone, again));
                let template = if again.is_some() {
                    w.e_dial_again
                } else {
                    w.e_dial_ended
                };
                let time = time.unwrap_or_default();
                fill(
                    template,
                    &[("status", &status.to_string()), ("time", &time)],
                )
            }
            _ => return None,
        })
    }

    fn talk(&self, event: &Event) -> Option<String> {
        let w = self.words;
        Some(match event {
            Event::Answered { counselor, .. } => self.by(w.e_answered, *counselor),
            Event::Held { .. } => w.e_held.into(),
            Event::Resumed { .. } => w.e_resumed.into(),
            Event::TalkLong { .. } => w.e_talk_long.into(),
            Event::Transferred {
                counselor, queue, ..
            } => fill(
                w.e_transferred,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("queue", &self.queue(queue)),
                ],
            ),
            Event::TransferredOut { counselor, .. } => self.by(w.e_transferred_out, *counselor),
            Event::TransferEnded { status: 200, .. } => w.e_transfer_ok.into(),
            Event::TransferEnded { status, .. } => {
                fill(w.e_transfer_failed, &[("status", &status.to_string())])
            }
            Event::CounselorLost { counselor, .. } => self.by(w.e_counselor_lost, *counselor),
            Event::TalkEnded { ending, .. } => match ending {
                Ending::Citizen => w.e_talk_ended_citizen,
                Ending::LineLost => w.e_talk_ended_line,
                Ending::Center => w.e_talk_ended_center,
                Ending::Restart => w.e_talk_ended_restart,
                Ending::Quiet => w.e_talk_ended_quiet,
            }
            .into(),
            Event::WrapUpOverdue { .. } => w.e_wrap_overdue.into(),
            _ => return None,
        })
    }

    // A table: one sentence for each kind of event.
    fn letter(&self, event: &Event) -> Option<String> {
        let w = self.words;
        let number = |message: &u32| message.to_string();
        Some(match event {
            Event::MessageReceived {
                message,
                letters,
                files,
                marks,
                ..
            } => {
                let template = if marks.urgent {
                    w.e_message_urgent
                } else if marks.over {
                    w.e_message_over
                } else {
                    w.e_message_in
                };
                fill(
                    template,
                    &[
                        ("message", &number(message)),
                        ("letters", &letters.to_string()),
                        ("files", &files.to_string()),
                    ],
                )
            }
            Event::MessageSent {
                message,
                counselor: None,
                text,
                ..
            } => fill(
                w.e_message_house,
                &[
                    ("message", &number(message)),
                    ("text", text.as_deref().unwrap_or("")),
                ],
            ),
            Event::MessageSent {
                message,
                counselor: Some(counselor),
                letters,
                to,
                ..
            } => fill(
                if to.is_empty() {
                    w.e_message_out
                } else {
                    w.e_message_caller
                },
                &[
                    ("message", &number(message)),
                    ("counselor", &self.who(*counselor)),
                    ("letters", &letters.to_string()),
                ],
            ),
            Event::MessageFared {
                message, fortune, ..
            } => fill(
                w.e_message_fared,
                &[
                    ("message", &number(message)),
                    ("fortune", fortune_of(w, fortune.code())),
                ],
            ),
            Event::MessageChanged { message, .. } => {
                fill(w.e_message_changed, &[("message", &number(message))])
            }
            Event::MessageWithdrawn { message, .. } => {
                fill(w.e_message_withdrawn, &[("message", &number(message))])
            }
            Event::StillPresent { .. } => w.e_still_present.into(),
            Event::LanguageCorrected {
                counselor,
                language: found,
                ..
            } => fill(
                w.e_language_corrected,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("language", language(w, *found)),
                ],
            ),
            Event::Reopened { .. } => w.e_reopened.into(),
            Event::Snoozed {
                counselor, until, ..
            } => fill(
                w.e_snoozed,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("time", &clock(&self.city.zone, *until)),
                ],
            ),
            Event::Assigned { counselor, to, .. } => fill(
                w.e_assigned,
                &[("counselor", &self.who(*counselor)), ("to", &self.who(*to))],
            ),
            Event::HandedBack { counselor, .. } => self.by(w.e_handed_back, *counselor),
            Event::Escalated { late: false, .. } => w.e_escalated.into(),
            Event::Escalated { late: true, .. } => w.e_late.into(),
            Event::Merged { into, .. } => fill(w.e_merged, &[("contact", &into.to_string())]),
            Event::Unmerged { .. } => w.e_unmerged.into(),
            Event::ConsentChanged { allowed: true, .. } => w.e_opted_in.into(),
            Event::ConsentChanged { allowed: false, .. } => w.e_opted_out.into(),
            _ => return None,
        })
    }

    fn record(&self, event: &Event) -> String {
        let w = self.words;
        match event {
            Event::RecordTakenOver {
                counselor,
                from,
                wrote_ms,
                ..
            } => fill(
                w.e_taken_over,
                &[
                    ("counselor", &self.who(*counselor)),
                    ("from", &self.who(*from)),
                    ("wrote", &length(*wrote_ms)),
                ],
            ),
            Event::NoteSaved { letters, .. } => {
                fill(w.e_note, &[("letters", &letters.to_string())])
            }
            Event::Classified {
                category,
                outcome: code,
                ..
            } => {
                let category = category.as_deref().unwrap_or("–");
                let category = categories::path(self.city, category, w.tag);
                let code = code.as_deref().unwrap_or("–");
                let outcome = outcome(self.city, code, w.tag);
                fill(
                    w.e_classified,
                    &[("category", &category), ("outcome", &outcome)],
                )
            }
            Event::Interrupted { stage: code, .. } => {
                let known = Stage::parse(code).map(|known| stage(w, known));
                fill(w.e_interrupted, &[("stage", known.unwrap_or(code))])
            }
            Event::TaskOpened { .. } => w.e_task_opened.into(),
            Event::TaskClosed {
                counselor, called, ..
            } => {
                let template = if *called {
                    w.e_task_called
                } else {
                    w.e_task_dropped
                };
                self.by(template, *counselor)
            }
            Event::Closed { fate: end, .. } => fill(w.e_closed, &[("fate", fate(w, *end))]),
            Event::Recorded { length_ms, cut, .. } => {
                let template = if *cut { w.e_recorded_cut } else { w.e_recorded };
                fill(template, &[("length", &length(*length_ms))])
            }
            Event::RecordingErased { .. } => w.e_recording_erased.into(),
            Event::PersonalErased { .. } => w.e_personal_erased.into(),
            Event::Listened { counselor, .. } => self.by(w.e_listened, *counselor),
            // What concerns a counselor or the center is not part of a contact's timeline.
            _ => self.letter(event).unwrap_or_default(),
        }
    }
}
