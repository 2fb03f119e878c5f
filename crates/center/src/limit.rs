//! Every bound and deadline of the center in one place, each with its reason. Never a decision.

use crate::city::Channel;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// Bounds and deadlines; a city may change each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Voice contacts at once; beyond it a call gets 503 with Retry-After so the trunk overflows.
    pub calls_max: usize,
    /// Seconds named in Retry-After.
    pub retry_after_s: u32,
    /// How long a desk rings; 15 s is the promise of the first ring in most centers.
    pub ring_ms: i64,
    /// A counselor who hangs up before this has spoken with nobody: the citizen is asked for again
    /// instead of being cut off. Two seconds are a greeting that was never finished.
    pub talk_min_ms: i64,
    /// An abandon before this is short: the caller changed their mind (handbook section 6).
    pub short_abandon_ms: i64,
    /// An abandoned caller who returns within this keeps the age.
    pub resume_ms: i64,
    /// First announcement of position and wait, counted from entering the queue.
    pub announce_first_ms: i64,
    /// Later announcements.
    pub announce_every_ms: i64,
    /// Longest stay in one menu node; a key or a prompt that never reports must not hold a caller.
    pub menu_node_max_ms: i64,
    /// Longest wait in a queue before the floor is alarmed; raised again after the same time.
    pub wait_alarm_ms: i64,
    /// Talk length at which the desk is told (a 20 minute rule is usual; notice at 15).
    pub talk_notice_ms: i64,
    /// Talk length at which a call ends by itself: no conversation lasts four hours.
    pub talk_max_ms: i64,
    /// Wrap-up time after which the floor sees it as overdue.
    pub wrap_up_ms: i64,
    /// Wrap-up time after which the counselor is put to rest and the record becomes a task.
    pub wrap_up_max_ms: i64,
    /// A rest longer than this is shown to the supervisor.
    pub rest_notice_ms: i64,
    /// Ready without a single contact or key for this long: the desk is asked to press ready again.
    pub ready_max_ms: i64,
    /// A desk that is gone in mid-call may return within this; then the caller goes to the front.
    pub desk_return_ms: i64,
    /// How long a callback rings at the citizen.
    pub dial_ms: i64,
    /// Tries of one callback.
    pub dial_tries_max: u8,
    /// Pause between two tries.
    pub dial_pause_ms: i64,
    /// Longest closing announcement before the line is cut.
    pub farewell_ms: i64,
    /// An unfinished record older than this is an alarm (handbook: no record without code after 24
    /// h).
    pub record_overdue_ms: i64,
    /// How long a recording is kept: half a year, as cities commonly do.
    pub keep_recordings_ms: i64,
    /// How long number and note of a closed contact are kept: five years.
    pub keep_personal_ms: i64,
    /// How long the words of a search in the library are kept after it: a year, so that an editor
    /// sees each season's gaps once more.
    pub keep_searches_ms: i64,
    /// How long comments on articles and reasons are kept: a century, which is as long as the
    /// revisions they belong to.
    pub keep_remarks_ms: i64,
    /// Letters of a note.
    pub note_letters_max: usize,
    /// Letters of a citizen's text that the city promises to take; longer ones are taken too, and
    /// told once.
    pub text_letters_max: usize,
    /// Promised time of an answer in a chat.
    pub chat_reply_ms: i64,
    /// Promised time of an answer to a text (handbook section 4: absolute 15 minutes by day).
    pub text_reply_ms: i64,
    /// Promised time of an answer to a post: the city's word is 24 hours.
    pub social_reply_ms: i64,
    /// Promised time of an answer to a mail.
    pub mail_reply_ms: i64,
    /// Silence in a chat after which the house asks whether the citizen is still there.
    pub chat_nudge_ms: i64,
    /// Silence in a chat after which it is taken as over.
    pub chat_silent_ms: i64,
    /// Addresses to which one chat is mailed: the citizen's own and a helper's, not a crowd's.
    pub transcripts_max: usize,
    /// Texts to the caller of one call: a few answers to keep, not a way to write to anybody.
    pub call_texts_max: u32,
    /// Silence after which a conversation is over: a later message opens a new contact.
    pub thread_quiet_ms: i64,
    /// Longest a counselor holds a written contact without a word.
    pub written_hold_ms: i64,
    /// The house answers by itself at most once per contact within this.
    pub auto_reply_ms: i64,
}

impl Limits {
    /// Promised time of an answer on a written channel.
    pub fn reply_ms(&self, channel: Channel) -> i64 {
        match channel {
            Channel::Chat => self.chat_reply_ms,
            Channel::Social => self.social_reply_ms,
            Channel::Mail => self.mail_reply_ms,
            Channel::Text | Channel::Voice | Channel::Video => self.text_reply_ms,
        }
    }

    /// Wait in a queue after which the floor is alarmed: in writing the promised time.
    pub fn wait_alarm_of(&self, channel: Channel) -> i64 {
        if channel.written() {
            self.reply_ms(channel)
        } else {
            self.wait_alarm_ms
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            calls_max: 600,
            retry_after_s: 30,
            ring_ms: 15 * SECOND_MS,
            talk_min_ms: 2 * SECOND_MS,
            short_abandon_ms: 5 * SECOND_MS,
            resume_ms: MINUTE_MS,
            announce_first_ms: 2 * SECOND_MS,
            announce_every_ms: 45 * SECOND_MS,
            menu_node_max_ms: 90 * SECOND_MS,
            wait_alarm_ms: 10 * MINUTE_MS,
            talk_notice_ms: 15 * MINUTE_MS,
            talk_max_ms: 4 * HOUR_MS,
            wrap_up_ms: MINUTE_MS,
            wrap_up_max_ms: 15 * MINUTE_MS,
            rest_notice_ms: 30 * MINUTE_MS,
            ready_max_ms: 4 * HOUR_MS,
            desk_return_ms: 45 * SECOND_MS,
            dial_ms: 40 * SECOND_MS,
            dial_tries_max: 3,
            dial_pause_ms: 10 * MINUTE_MS,
            farewell_ms: 30 * SECOND_MS,
            record_overdue_ms: 24 * HOUR_MS,
            keep_recordings_ms: 183 * DAY_MS,
            keep_personal_ms: 5 * 365 * DAY_MS,
            keep_searches_ms: 365 * DAY_MS,
            keep_remarks_ms: 100 * 365 * DAY_MS,
            note_letters_max: 10_000,
            text_letters_max: 1_000,
            chat_reply_ms: 2 * MINUTE_MS,
            text_reply_ms: 15 * MINUTE_MS,
            social_reply_ms: 24 * HOUR_MS,
            mail_reply_ms: 24 * HOUR_MS,
            chat_nudge_ms: MINUTE_MS,
            chat_silent_ms: 3 * MINUTE_MS,
            transcripts_max: 3,
            call_texts_max: 5,
            thread_quiet_ms: 24 * HOUR_MS,
            written_hold_ms: 24 * HOUR_MS,
            auto_reply_ms: 10 * MINUTE_MS,
        }
    }
}
