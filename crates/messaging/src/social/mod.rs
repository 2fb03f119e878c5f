//! Social networks: the city's own actor, and its accounts elsewhere. Never decides what becomes of
//! a message, never repeats one.

mod account;
pub mod activitypub;
pub mod bluesky;
mod keep;
mod line;
pub mod mastodon;
mod plain;
pub mod telegram;
pub mod x;

pub use account::{Account, Connection};
pub use plain::Counting;

use crate::fetch;
use std::io;

/// Why a connection cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting that cannot be used.
    #[error("the setting {0} cannot be used")]
    Setting(&'static str),
    /// The folder of the connection.
    #[error("the folder of the connection: {0}")]
    Folder(#[from] io::Error),
    /// The client.
    #[error("the client: {0}")]
    Client(#[from] fetch::Failure),
}

/// What a network takes, for the composer of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Letters of one post or message.
    pub letters: usize,
    /// How they are counted.
    pub counting: Counting,
    /// What an address counts, where its length does not matter.
    pub link: Option<usize>,
    /// A longer text is cut into a thread of numbered parts; otherwise it is refused.
    pub parts: bool,
    /// Pictures of one message.
    pub pictures: usize,
    /// Bytes of one picture.
    pub picture_bytes: usize,
    /// An answer can go to the citizen alone. Where it cannot, an answer that would show personal
    /// data has to be a link to a page of the city.
    pub can_direct: bool,
}

impl Limits {
    /// How many letters the network counts in a text.
    pub fn count(&self, text: &str) -> usize {
        self.counting.count(text, self.link)
    }
}
