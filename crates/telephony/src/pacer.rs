//! The beat of the house: every 20 ms each line gets what it is played. Never decides what.

use crate::leg::{BEAT, Leg, Noticed, lock};
use crate::webrtc::Port;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::time::MissedTickBehavior;

/// Every leg that wants the beat.
#[derive(Default)]
pub(crate) struct Pacer {
    legs: Mutex<Vec<Arc<Leg>>>,
}

/// Beats between two looks at lines that went silent.
const LOOK: u64 = 50;

impl Pacer {
    pub(crate) fn add(&self, leg: &Arc<Leg>) {
        lock(&self.legs).push(leg.clone());
    }

    /// Beats until the house closes. Missed beats are made up for: a listener's buffer must not
    /// run dry because we were late once.
    pub(crate) async fn run(&self, port: &Port, silence_max_ms: u64) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut count = 0u64;
        loop {
            beat.tick().await;
            count += 1;
            self.beat(count, silence_max_ms);
            port.tick(Instant::now());
        }
    }

    fn beat(&self, count: u64, silence_max_ms: u64) {
        let mut legs = lock(&self.legs);
        legs.retain(|leg| !leg.closed.is_cancelled());
        let looking = count.is_multiple_of(LOOK);
        for leg in legs.iter() {
            let now = Instant::now();
            leg.beat(now);
            if looking && leg.quiet_ms(now) > silence_max_ms {
                // Told once a minute at most, not once a second.
                leg.touch(now);
                leg.notice(Noticed::Silent);
            }
        }
    }
}
