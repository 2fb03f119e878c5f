//! Every bound and deadline of the center in one place, each with its reason. Never a decision.

use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// Bounds and deadlines; a city may change each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Voice contacts at once; beyond it a call gets 503 with Retry-After so the trunk overflows.
    pub calls_max: usize,
    /// Seconds named in Retry-After.
    pub retry_after_s: u32,
    /// How long a desk rings; 15 s is the promise of the first ring in most centers.
    pub ring_ms: i64,
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
    /// Letters of a note.
    pub note_letters_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            calls_max: 600,
            retry_after_s: 30,
            ring_ms: 15 * SECOND_MS,
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
            note_letters_max: 10_000,
        }
    }
}
