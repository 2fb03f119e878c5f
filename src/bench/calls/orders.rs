//! What the bench and its generator of calls say to each other, one JSON object a line. Never
//! sound.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the generator is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Make headsets; each tells its offer.
    Headsets { count: u32 },
    /// Plug a headset in.
    Answer { headset: u32, sdp: String },
    /// Place calls at a rate, hang each up after a while, tell how long their set-up took.
    SetUp {
        per_s: u32,
        seconds: u32,
        hold_ms: u64,
    },
    /// Place calls with sound, in Opus or in G.711, and press 0; tell when all are answered.
    /// They stay.
    Talk { calls: u32, per_s: u32, wide: bool },
    /// Listen for a while and tell what every caller and headset heard.
    Listen { seconds: u32 },
    /// Hang up every call.
    HangUp,
}

/// What the generator tells.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    Offer { headset: u32, sdp: String },
    Up { headset: u32, up: bool },
    SetUp(SetUp),
    Talking { answered: u32, failed: u32 },
    Heard(Heard),
    HungUp,
}

/// Set-ups at one rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetUp {
    /// Calls per second asked for, and placed.
    pub asked_per_s: u32,
    pub placed_per_s: f64,
    pub calls: u32,
    /// Calls that were refused, never answered or ended otherwise than by us.
    pub failed: u32,
    /// INVITEs that had to be repeated.
    pub repeated: u32,
    /// From INVITE to 180 or 200.
    pub p50: Duration,
    pub p99: Duration,
    pub max: Duration,
    /// Cores that the center took; filled in by the bench.
    pub center_cores: f64,
}

/// What all callers and headsets heard together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Heard {
    pub citizens: Side,
    pub counselors: Side,
    /// CPU time of the generator.
    pub cpu: Duration,
}

/// One side of all calls.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Side {
    pub packets: u64,
    pub lost: u64,
    /// Telephones that heard the other side's tone above anything else.
    pub heard_the_other: u32,
}
