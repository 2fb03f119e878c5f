//! Whole runs, Erlang's formulas, scenes and random commands. Never a socket, never a measured
//! time.

#![allow(clippy::unwrap_used)]

mod broken;
mod change;
mod days;
mod erlang;
mod hours;
mod random;
mod scenes;
