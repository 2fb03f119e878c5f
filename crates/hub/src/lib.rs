//! The switch: the only clock, the only inbox, the only writer. Never carries media packets, never
//! decides.

mod chatter;
pub mod keeper;
mod librarian;
mod media;
mod personal;
mod presence;
mod scribe;
mod switch;
mod turn;

pub use chatter::{Chatter, Listener, Murmur, Speaker, WHISPER_KEPT, Whisper};
pub use librarian::{Change, Librarian, LibraryAnswer, LibraryCommand, LibraryError, Texted};
pub use media::{CitizenState, MediaPort, MediaRequest};
pub use personal::Personal;
pub use switch::{Error, Hub, Letters, Outgoing, Start, Wings, start};
