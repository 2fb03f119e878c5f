//! The paper: journal, projections, archive queries, blobs. Never decides, never reads a clock.

mod archive;
mod audit;
mod batch;
pub mod bench;
mod blob;
mod cube;
mod engine;
mod failure;
mod fold;
mod ingress;
mod insert;
mod journal;
mod key;
mod letter;
mod letter_audit;
pub mod library;
pub mod number;
mod place;
mod postgres;
#[cfg(any(test, feature = "trials"))]
#[doc(hidden)]
pub mod readers;
mod record;
mod recovery;
mod schema;
mod search;
pub mod sound;
mod sqlite;
mod stretch;
mod value;
mod words;
pub mod year;

pub use archive::{Archive, DuePersonal, PersonalRows, Recording};
pub use audit::{Report, audit};
pub use batch::{Batch, Entry, Personal, Recovery, note_digest};
pub use blob::{BlobWriter, Blobs, Content};
pub use engine::Fault;
pub use failure::Failure;
pub use journal::{Faults, Journal, Landed, open};
pub use letter::{DeadLetter, File, Letter, Message, Opened};
pub use place::Place;
pub use search::Search;
