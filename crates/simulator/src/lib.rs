//! A seeded city that calls its own center: citizens, counselors, checkers, scenes. Never part of a real call.

pub mod chance;
pub mod load;
pub mod options;
pub mod roster;
pub mod town;
