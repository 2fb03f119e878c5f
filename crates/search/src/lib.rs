//! The search of the counseling information database: documents in, answers out. Never who may
//! publish an article, nor its only copy.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")
)]

pub mod bench;
mod columns;
mod compile;
mod document;
pub mod evaluate;
mod failure;
mod fold;
mod hangul;
mod highlight;
mod index;
mod query;
mod rank;
mod ranking;
#[cfg(any(test, feature = "trials"))]
#[doc(hidden)]
pub mod readers;
mod schema;
mod search;
mod spelling;
mod synonyms;
mod terms;

pub use document::Document;
pub use failure::Failure;
pub use index::Index;
pub use query::{Answer, Hit, Marked, Query};
pub use ranking::{Ranking, STEPS};
pub use search::{HITS_MAX, QUERY_LETTERS_MAX};
pub use synonyms::{Doubt, Synonyms};
