//! In what both ends of a talk speak, so that nobody between them has to: chosen when they meet,
//! told to pages. Never a packet.

use super::{Call, Exchange};
use crate::codec::voice::Rate;
use crate::codec::{Codec, PCMU};
use crate::leg::Leg;
use center::city::{ContactId, CounselorId};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The way to a desk's page; none outside a talk.
type Tell = watch::Sender<Option<&'static str>>;

/// What desks are told to speak, and the pages that want to know.
#[derive(Default)]
pub(super) struct Spoken {
    now: HashMap<CounselorId, Codec>,
    pages: HashMap<CounselorId, Tell>,
}

impl Spoken {
    fn name(&self, counselor: CounselorId) -> Option<&'static str> {
        self.now.get(&counselor).map(|codec| codec.name())
    }

    pub(super) fn set(&mut self, counselor: CounselorId, codec: Option<Codec>) {
        match codec {
            Some(codec) => self.now.insert(counselor, codec),
            None => self.now.remove(&counselor),
        };
        self.tell(counselor);
    }

    fn watch(&mut self, counselor: CounselorId, tell: Tell) {
        self.pages.retain(|_, page| !page.is_closed());
        self.pages.insert(counselor, tell);
        self.tell(counselor);
    }

    fn tell(&self, counselor: CounselorId) {
        if let Some(page) = self.pages.get(&counselor) {
            page.send_replace(self.name(counselor));
        }
    }
}

/// The best codec that both ends take; none when each must be spoken to in its own.
pub(super) fn shared(one: &Leg, other: &Leg) -> Option<Codec> {
    one.codecs().shared(other.codecs()).next()
}

/// What a recording of two ends must hold.
pub(super) fn rate(one: &Leg, other: &Leg) -> Rate {
    let wide = |leg: &Leg| leg.codecs().each().any(Codec::is_wide);
    match shared(one, other) {
        Some(codec) => Rate::of(codec),
        None if wide(one) || wide(other) => Rate::Wide,
        None => Rate::Narrow,
    }
}

impl Call {
    /// The end that speaks with the citizen, if there is one right now.
    fn far_end(&self, desk: Option<&Arc<Leg>>) -> Option<Arc<Leg>> {
        let outside = self
            .outside
            .as_ref()
            .and_then(|outside| outside.leg.clone());
        outside.or_else(|| desk.cloned())
    }
}

impl Exchange {
    /// Chooses what a talk is spoken in and tells whoever can change. Where the ends share nothing
    /// a page speaks the telephone's G.711, and the legs speak anew what the other does not take.
    pub(super) fn agree(&mut self, contact: ContactId) {
        let Some(call) = self.calls.get_mut(&contact) else {
            return;
        };
        let talking = |counselor: &CounselorId| self.talking.get(counselor) == Some(&contact);
        let counselor = call.joined.filter(talking);
        let desk = counselor.and_then(|counselor| self.desks.get(&counselor));
        let (Some(citizen), Some(other)) = (&call.leg, call.far_end(desk)) else {
            return;
        };
        let codec = shared(citizen, &other).unwrap_or(PCMU);
        call.spoken = Some(codec);
        if let Some(counselor) = counselor {
            self.spoken.set(counselor, Some(codec));
        }
    }

    /// A line of a contact speaks something else than before, in the middle of it perhaps.
    pub(super) fn codec_changed(&mut self, contact: ContactId) {
        let Some(call) = self.calls.get(&contact) else {
            return;
        };
        // Whoever speaks with the outside by now is not joined to a desk again.
        let outside = call
            .outside
            .as_ref()
            .is_some_and(|outside| outside.leg.is_some());
        let talking = |joined: &CounselorId| self.talking.get(joined) == Some(&contact);
        match call.joined.filter(talking) {
            // A talk that became wide needs a recording that can hold it.
            Some(counselor) if !outside => self.join(contact, counselor),
            _ => self.agree(contact),
        }
    }

    pub(super) fn watch_codec(&mut self, counselor: CounselorId, tell: Tell) {
        self.spoken.watch(counselor, tell);
    }
}
