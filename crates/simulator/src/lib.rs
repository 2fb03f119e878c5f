//! A seeded city that calls its own center: citizens, counselors, checkers, scenes. Never part of a
//! real call.

pub mod calibration;
pub mod chance;
pub mod day;
pub mod erlang;
pub mod floor;
pub mod live;
pub mod load;
pub mod options;
pub mod pen;
pub mod pens;
pub mod player;
pub mod recount;
pub mod roster;
pub mod run;
pub mod scene;
pub mod seat;
pub mod town;
pub mod watch;
pub mod words;
pub mod world;

pub use live::{LiveAnswer, LiveCommand, answer_live, apply_live};
pub use player::{LiveError, live};
pub use run::run;
