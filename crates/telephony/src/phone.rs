//! A small telephone and a small headset of our own: neighbors of the exchange for trials,
//! demonstrations and load. Never part of a call that a citizen makes.

mod caller;
mod carrier;
mod dialog;
mod headset;
mod message;
mod sound;

pub use crate::codec::Codec;
pub use crate::codec::g711::Law;
pub use caller::{Caller, Plan};
pub use carrier::Carrier;
pub use dialog::{End, Stage, Times};
pub use headset::{Headset, NotAnAnswer, Offered};
pub use sound::{Heard, Sound};

/// A lock is only poisoned when a holder panicked; the measure goes on with what is there.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
