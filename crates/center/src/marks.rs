//! What is known of a citizen's message besides its text, mark by mark. Never the text.

use serde::{Deserialize, Serialize};

/// What is known of a citizen's message besides its text.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is its own mark on the message"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Speaks of an emergency.
    #[serde(skip_serializing_if = "is_false")]
    pub urgent: bool,
    /// Longer than the limit; nothing of it is cut off.
    #[serde(skip_serializing_if = "is_false")]
    pub over: bool,
    /// Written by a program.
    #[serde(skip_serializing_if = "is_false")]
    pub automatic: bool,
    /// Something of it was lost on the way.
    #[serde(skip_serializing_if = "is_false")]
    pub damaged: bool,
    /// Everybody can read it.
    #[serde(skip_serializing_if = "is_false")]
    pub public: bool,
    /// The city's relay takes it for spam.
    #[serde(skip_serializing_if = "is_false")]
    pub spam: bool,
    /// The relay has checked that its sender may use the address.
    #[serde(skip_serializing_if = "is_false")]
    pub verified: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}
