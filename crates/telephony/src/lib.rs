//! The telephone exchange: SIP, RTP, WebRTC, prompts, keys, recording. Never decides what happens
//! to a contact.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")
)]

mod codec;
mod counters;
mod dtmf;
mod exchange;
mod ingress;
mod leg;
#[cfg(test)]
mod leg_trials;
mod number;
mod pacer;
pub mod phone;
mod plant;
mod prompt;
#[cfg(any(test, feature = "trials"))]
#[doc(hidden)]
pub mod readers;
mod recording;
mod rtp;
mod sdp;
mod settings;
mod sip;
mod tone;
#[cfg(test)]
mod trials;
mod trunk_leg;
mod webrtc;
mod wing;

pub use counters::Counters;
pub use settings::{BuiltIn, KnownKeys, Route, Settings, Token, Trunk};
pub use wing::{Error, Telephony, start};
