//! The brain of the contact center: pure, deterministic, without IO, clock or randomness. Never
//! imports anything but std and serde.

pub mod board;
mod center;
pub mod city;
mod clock;
pub mod command;
mod contact;
mod counselor;
mod desk;
mod door;
pub mod effect;
pub mod estimate;
pub mod event;
pub mod knowledge;
mod letters;
pub mod limit;
mod marks;
pub mod menu;
pub mod network;
pub mod record;
pub mod routing;
pub mod staffing;
pub mod statistics;
pub mod time;
mod view;
pub mod written;

pub use center::{Center, Outcome};
