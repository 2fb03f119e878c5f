//! What pages ask of the exchange: a desk's headset, a citizen's call from the page. Never a page.

use super::{Call, Control, Exchange, Input, Owner, PAGE, Page};
use crate::codec::Codec;
use crate::leg::{Leg, LegId};
use crate::plant::Attempt;
use crate::webrtc::secret;
use center::city::{ContactId, CounselorId};
use center::command::Ending;
use hub::{CitizenState, MediaRequest};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Exchange {
    pub(super) fn requested(&mut self, request: MediaRequest) {
        match request {
            MediaRequest::Desk {
                counselor,
                offer,
                reply,
            } => {
                let _ = reply.send(self.desk(counselor, &offer));
            }
            MediaRequest::DeskCodec { counselor, tell } => self.watch_codec(counselor, tell),
            MediaRequest::DeskGone { counselor } => self.desk_gone(counselor, None),
            MediaRequest::Citizen { call, offer, reply } => self.citizen(call, &offer, reply),
            MediaRequest::CitizenKey { call, key } => {
                let leg = self.page_call(&call).and_then(|(_, call)| call.leg.clone());
                if let Some(leg) = leg
                    && (key.is_ascii_digit() || key == '*' || key == '#')
                {
                    leg.press(key);
                }
            }
            MediaRequest::CitizenHangUp { call } => {
                if let Some(contact) = self.pages.get(&call).copied() {
                    self.end(contact, Ending::Citizen);
                }
            }
            MediaRequest::Mute { counselor, on } => {
                if let Some(desk) = self.desks.get(&counselor) {
                    desk.mute(on);
                }
            }
            MediaRequest::CitizenState { call, reply } => {
                let found = self.page_call(&call);
                let state = found.map(|(contact, call)| CitizenState {
                    contact,
                    up: call.up,
                    codec: call.spoken.map(Codec::name),
                });
                let _ = reply.send(state);
            }
        }
    }

    fn page_call(&self, secret: &str) -> Option<(ContactId, &Call)> {
        let contact = *self.pages.get(secret)?;
        Some((contact, self.calls.get(&contact)?))
    }

    /// A desk's headset: the new line takes the place of the old one, in the middle of a talk too.
    fn desk(&mut self, counselor: CounselorId, offer: &str) -> Result<String, String> {
        let answered = self.port.answer(&self.plant.shared, offer);
        let (leg, answer) = answered.map_err(|why| {
            self.plant.tally.webrtc_refused.add();
            why.to_owned()
        })?;
        self.desk_gone(counselor, None);
        self.plant.pacer.add(&leg);
        self.owners.insert(leg.id, Owner::Desk(counselor));
        self.desks.insert(counselor, leg);
        let waiting = self.calls.iter();
        let mut waiting = waiting.filter(|(_, call)| call.joined == Some(counselor));
        if let Some(contact) = waiting.next().map(|(contact, _)| *contact) {
            self.join(contact, counselor);
        }
        Ok(answer)
    }

    /// A desk's line is gone; a citizen who was talking hears music until it is back. `line` names
    /// the line that is meant, for news of one that was replaced long ago.
    pub(super) fn desk_gone(&mut self, counselor: CounselorId, line: Option<LegId>) {
        let meant = |leg: &Arc<Leg>| line.is_none_or(|line| line == leg.id);
        if !self.desks.get(&counselor).is_some_and(meant) {
            return;
        }
        if let Some(contact) = self.talking.get(&counselor).copied() {
            self.part(contact);
            if let Some(leg) = self.calls.get(&contact).and_then(|call| call.leg.as_ref()) {
                leg.play_music();
            }
        }
        if let Some(leg) = self.desks.remove(&counselor) {
            self.owners.remove(&leg.id);
            self.port.part(&leg);
        }
    }

    /// A citizen calls from the page: the same way as by a trunk, from its arrival on.
    fn citizen(
        &mut self,
        call: String,
        offer: &str,
        reply: oneshot::Sender<Result<String, String>>,
    ) {
        let Some(place) = self.plant.take_place() else {
            self.plant.tally.refused_full.add();
            let _ = reply.send(Err("all lines are busy, please try again later".to_owned()));
            return;
        };
        let (leg, answer) = match self.port.answer(&self.plant.shared, offer) {
            Ok(answered) => answered,
            Err(why) => {
                self.plant.tally.webrtc_refused.add();
                let _ = reply.send(Err(why.to_owned()));
                return;
            }
        };
        self.plant.tally.attempts.add();
        self.plant.pacer.add(&leg);
        let attempt = Attempt {
            key: secret(32),
            via: PAGE.to_owned(),
            number: None,
            live: true,
        };
        let page = Page {
            call,
            answer: Some((answer, reply)),
            _place: place,
        };
        let key = attempt.key.clone();
        self.expect(key.clone(), leg, Control::Page(page));
        let plant = self.plant.clone();
        tokio::spawn(async move {
            if let Err(error) = plant.arrived(attempt).await {
                tracing::warn!(%error, "a call from a page could not be written");
                plant.tally.unwritten.add();
                plant.tell(Input::NotArrived { key });
            }
        });
    }
}
