//! The brain of the contact center: pure, deterministic, without IO, clock or randomness. Never imports anything but std and serde.

pub mod board;
pub mod city;
pub mod command;
pub mod effect;
pub mod estimate;
pub mod event;
pub mod limit;
pub mod menu;
pub mod record;
pub mod staffing;
pub mod statistics;
pub mod time;
