//! The telephone exchange: SIP, RTP, WebRTC, prompts, keys, recording. Never decides what happens to a contact.

mod counters;
mod dtmf;
mod g711;
mod ingress;
mod number;
pub mod phone;
mod prompt;
mod rtp;
mod sdp;
mod settings;
mod tone;

pub use counters::Counters;
pub use settings::{BuiltIn, Network, NotANetwork, Route, Settings, Token, Trunk};
