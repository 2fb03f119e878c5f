//! The exchange: carries out the center's effects on lines, and reports what lines do. Never
//! decides, never touches a packet.

mod codecs;
mod pages;

use crate::codec::Codec;
use crate::codec::voice::Rate;
use crate::leg::{Leg, LegId, Noticed};
use crate::plant::{Place, Plant};
use crate::prompt::Prompts;
use crate::recording::{Recorder, Recording, Side};
use crate::sip::{Order, Orders, Purpose, Sip};
use crate::webrtc::Port;
use center::city::{ContactId, CounselorId};
use center::command::{Command, Ending};
use center::effect::{Effect, Then};
use center::menu::Prompt;
use hub::{Outgoing, Wings};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// By which way a page's call is recorded.
const PAGE: &str = "page";

/// What SIP and the arrivals tell the exchange.
pub(crate) enum Input {
    /// An attempt is about to be told to the hub; the center's word names it by its key.
    Arriving {
        key: String,
        leg: Arc<Leg>,
        control: Control,
    },
    /// It could not be written.
    NotArrived { key: String },
    /// The house closes.
    Close,
    /// It was refused as the center asked.
    Refused { leg: LegId },
    /// A line is over.
    Ended { leg: LegId, ending: Ending },
    /// A call to the outside was answered.
    DialAnswered {
        contact: ContactId,
        purpose: Purpose,
        leg: Arc<Leg>,
    },
    /// It was not.
    DialFailed {
        contact: ContactId,
        purpose: Purpose,
        status: u16,
    },
}

/// The way to a line's signalling.
pub(crate) enum Control {
    Call(Orders),
    Page(Page),
}

/// A call from a page; its answer waits for the center's word.
pub(crate) struct Page {
    call: String,
    answer: Option<(String, oneshot::Sender<Result<String, String>>)>,
    _place: Place,
}

/// Whose leg it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Citizen(ContactId),
    Outside(ContactId),
    Desk(CounselorId),
}

struct Call {
    leg: Option<Arc<Leg>>,
    control: Control,
    reports: UnboundedSender<Command>,
    up: bool,
    joined: Option<CounselorId>,
    /// What the talk is spoken in; a page that calls is told.
    spoken: Option<Codec>,
    outside: Option<Outside>,
    recording: Option<Taped>,
}

struct Outside {
    control: Control,
    leg: Option<Arc<Leg>>,
}

/// An attempt of which the center has not spoken yet.
struct Expected {
    leg: Arc<Leg>,
    control: Control,
    /// Its line is over already: taken back in the moment of its arrival.
    ended: Option<Ending>,
}

/// A recording and whom it is with.
struct Taped {
    counselor: CounselorId,
    rate: Rate,
    blob: String,
    recording: Recording,
}

/// The exchange.
pub(crate) struct Exchange {
    plant: Arc<Plant>,
    sip: Arc<Sip>,
    port: Arc<Port>,
    recorder: Arc<Recorder>,
    prompts: Prompts,
    calls: BTreeMap<ContactId, Call>,
    owners: HashMap<LegId, Owner>,
    desks: HashMap<CounselorId, Arc<Leg>>,
    /// Whom each desk's line is joined with right now.
    talking: HashMap<CounselorId, ContactId>,
    spoken: codecs::Spoken,
    pages: HashMap<String, ContactId>,
    /// Attempts that were told to the hub and of which the center has not spoken yet.
    expected: HashMap<String, Expected>,
}

impl Exchange {
    pub(crate) fn new(
        plant: Arc<Plant>,
        sip: Arc<Sip>,
        port: Arc<Port>,
        recorder: Arc<Recorder>,
        prompts: Prompts,
    ) -> Exchange {
        Exchange {
            plant,
            sip,
            port,
            recorder,
            prompts,
            calls: BTreeMap::new(),
            owners: HashMap::new(),
            desks: HashMap::new(),
            talking: HashMap::new(),
            spoken: codecs::Spoken::default(),
            pages: HashMap::new(),
            expected: HashMap::new(),
        }
    }

    /// Works until the hub is gone.
    pub(crate) async fn run(
        mut self,
        mut wings: Wings,
        mut inputs: UnboundedReceiver<Input>,
        mut noticed: UnboundedReceiver<(LegId, Noticed)>,
    ) {
        loop {
            tokio::select! {
                // An attempt is announced before the center can speak of it.
                biased;
                input = inputs.recv() => match input {
                    Some(input) => self.input(input),
                    None => return,
                },
                effect = wings.effects.recv() => match effect {
                    Some(outgoing) => self.outgoing(outgoing),
                    None => return,
                },
                Some((leg, what)) = noticed.recv() => self.noticed(leg, what),
                Some(request) = wings.media.recv() => self.requested(request),
            }
        }
    }

    // --- what lines tell ---------------------------------------------------------------------

    fn input(&mut self, input: Input) {
        match input {
            Input::Arriving { key, leg, control } => self.expect(key, leg, control),
            Input::NotArrived { key } => {
                if let Some(mut expected) = self.expected.remove(&key) {
                    if let Control::Page(page) = &mut expected.control {
                        page.reply(Err("calls cannot be taken right now".to_owned()));
                    }
                    self.port.part(&expected.leg);
                }
            }
            Input::Refused { leg } => {
                if let Some(Owner::Citizen(contact)) = self.owners.remove(&leg) {
                    self.calls.remove(&contact);
                }
            }
            Input::Ended { leg, ending } => match self.owners.get(&leg).copied() {
                Some(Owner::Citizen(contact)) => self.end(contact, ending),
                Some(Owner::Outside(contact)) => {
                    self.owners.remove(&leg);
                    // Either side's goodbye ends both.
                    if let Some(call) = self.calls.get_mut(&contact) {
                        call.outside = None;
                        self.hang_up(contact, Ending::Center);
                    }
                }
                Some(Owner::Desk(_)) => {}
                None => {
                    let mut expected = self.expected.values_mut();
                    if let Some(early) = expected.find(|early| early.leg.id == leg) {
                        early.ended = Some(ending);
                    }
                }
            },
            Input::Close => self.close(),
            Input::DialAnswered {
                contact,
                purpose,
                leg,
            } => self.dial_answered(contact, purpose, leg),
            Input::DialFailed {
                contact,
                purpose,
                status,
            } => {
                if let Some(call) = self.calls.get_mut(&contact) {
                    let _ = call.reports.send(Command::DialFailed { contact, status });
                    match purpose {
                        Purpose::Callback => drop(self.calls.remove(&contact)),
                        Purpose::Transfer => call.outside = None,
                    }
                }
            }
        }
    }

    /// The center knows an attempt by its number from now on.
    fn arrived(&mut self, contact: ContactId, key: &str) {
        let Some(Expected {
            leg,
            control,
            ended,
        }) = self.expected.remove(key)
        else {
            return;
        };
        self.owners.insert(leg.id, Owner::Citizen(contact));
        if let Control::Page(page) = &control {
            self.pages.insert(page.call.clone(), contact);
        }
        self.calls.insert(contact, self.call(Some(leg), control));
        if let Some(ending) = ended {
            self.end(contact, ending);
        }
    }

    fn expect(&mut self, key: String, leg: Arc<Leg>, control: Control) {
        let expected = Expected {
            leg,
            control,
            ended: None,
        };
        self.expected.insert(key, expected);
    }

    /// The house closes: every side hears a goodbye. Nothing is reported, so that the next start
    /// finds these contacts interrupted and owes each a callback.
    fn close(&mut self) {
        self.owners.clear();
        for (contact, mut call) in std::mem::take(&mut self.calls) {
            self.finish_recording(contact, &mut call);
            call.control.hang_up();
            if let Some(outside) = &call.outside {
                outside.control.hang_up();
            }
            if let Some(leg) = &call.leg {
                self.port.part(leg);
            }
        }
        for (_, desk) in self.desks.drain() {
            self.port.part(&desk);
        }
    }

    /// A call whose reports reach the hub in their order, each tried until it is written.
    fn call(&self, leg: Option<Arc<Leg>>, control: Control) -> Call {
        let (reports, mut queue) = unbounded_channel();
        let hub = self.plant.hub.clone();
        tokio::spawn(async move {
            while let Some(command) = queue.recv().await {
                if let Err(error) = hub.report(command).await {
                    // The center has moved on; what it refuses had no effect.
                    tracing::debug!(%error, "a report was not taken");
                }
            }
        });
        Call {
            leg,
            control,
            reports,
            up: false,
            joined: None,
            spoken: None,
            outside: None,
            recording: None,
        }
    }

    fn noticed(&mut self, leg: LegId, what: Noticed) {
        let Some(owner) = self.owners.get(&leg).copied() else {
            return;
        };
        match (owner, what) {
            (Owner::Citizen(contact), Noticed::Key(key)) => {
                self.report(contact, Command::Key { contact, key });
            }
            (Owner::Citizen(contact), Noticed::Played(play)) => {
                self.report(contact, Command::Played { contact, play });
            }
            (Owner::Citizen(contact), Noticed::Up) => {
                if let Some(call) = self.calls.get_mut(&contact) {
                    call.up = true;
                }
            }
            (Owner::Citizen(contact) | Owner::Outside(contact), Noticed::Codec) => {
                self.codec_changed(contact);
            }
            (Owner::Citizen(contact), Noticed::Gone) => self.end(contact, Ending::Citizen),
            (Owner::Citizen(contact), Noticed::Silent) => {
                self.plant.tally.line_lost.add();
                self.hang_up(contact, Ending::LineLost);
            }
            (Owner::Outside(contact), Noticed::Silent) => {
                self.plant.tally.line_lost.add();
                self.hang_up(contact, Ending::Center);
            }
            (Owner::Desk(counselor), Noticed::Gone | Noticed::Silent) => {
                self.desk_gone(counselor, Some(leg));
            }
            _ => {}
        }
    }

    fn report(&self, contact: ContactId, command: Command) {
        if let Some(call) = self.calls.get(&contact) {
            let _ = call.reports.send(command);
        }
    }

    /// Asks a line to end; it tells when it has.
    fn hang_up(&mut self, contact: ContactId, ending: Ending) {
        let Some(call) = self.calls.get(&contact) else {
            return;
        };
        match &call.control {
            Control::Call(orders) => {
                let _ = orders.send(Order::HangUp(ending));
            }
            Control::Page(_) => self.end(contact, ending),
        }
    }

    /// A citizen's line is over.
    fn end(&mut self, contact: ContactId, ending: Ending) {
        self.part(contact);
        let Some(mut call) = self.calls.remove(&contact) else {
            return;
        };
        self.finish_recording(contact, &mut call);
        if let Some(outside) = call.outside.take() {
            outside.control.hang_up();
        }
        if let Some(leg) = &call.leg {
            self.owners.remove(&leg.id);
            self.port.part(leg);
        }
        if let Control::Page(page) = &mut call.control {
            self.pages.remove(&page.call);
            page.reply(Err("the call ended".to_owned()));
        }
        let _ = call.reports.send(Command::Left { contact, ending });
    }

    // --- what the center asks ----------------------------------------------------------------

    fn outgoing(&mut self, outgoing: Outgoing) {
        let contact = outgoing.effect.contact();
        match outgoing.effect {
            Effect::Answer { key, .. } => {
                self.arrived(contact, &key);
                self.answer(contact);
            }
            Effect::Refuse {
                key,
                status,
                retry_after_s,
                ..
            } => {
                self.arrived(contact, &key);
                self.refuse(contact, status, retry_after_s);
            }
            Effect::Play {
                play,
                prompts,
                barge_in,
                then,
                ..
            } => self.play(contact, play, &prompts, barge_in, then),
            Effect::Bridge { counselor, .. } => self.bridge(contact, counselor),
            Effect::Park { .. } => self.park(contact),
            Effect::HangUp { .. } => self.hang_up(contact, Ending::Center),
            Effect::Dial { .. } => self.dial(contact, Purpose::Callback, outgoing.number),
            Effect::TransferOut { .. } => self.dial(contact, Purpose::Transfer, outgoing.number),
            Effect::CancelDial { .. } => self.cancel_dial(contact),
            // The desk's page rings by itself.
            // Desks ring by themselves; the hub gives letters to their own wing.
            Effect::Ring { .. } | Effect::StopRing { .. } | Effect::Send { .. } => {}
        }
    }

    fn answer(&mut self, contact: ContactId) {
        match self.calls.get_mut(&contact).map(|call| &mut call.control) {
            Some(Control::Call(orders)) => {
                let _ = orders.send(Order::Answer);
            }
            Some(Control::Page(page)) => {
                if let Some((answer, reply)) = page.answer.take() {
                    let _ = reply.send(Ok(answer));
                    self.plant.tally.answered.add();
                }
            }
            None => {}
        }
    }

    fn refuse(&mut self, contact: ContactId, status: u16, retry_after_s: Option<u32>) {
        let Some(call) = self.calls.get_mut(&contact) else {
            return;
        };
        match &mut call.control {
            Control::Call(orders) => {
                let _ = orders.send(Order::Refuse {
                    status,
                    retry_after_s,
                });
            }
            Control::Page(page) => {
                page.reply(Err("all lines are busy, please try again later".to_owned()));
                self.pages.remove(&page.call);
                self.plant.tally.refused_center.add();
                if let Some(leg) = &call.leg {
                    self.owners.remove(&leg.id);
                    self.port.part(leg);
                }
                self.calls.remove(&contact);
            }
        }
    }

    fn play(
        &mut self,
        contact: ContactId,
        play: u32,
        prompts: &[Prompt],
        barge_in: bool,
        then: Then,
    ) {
        let leg = self.calls.get(&contact).and_then(|call| call.leg.clone());
        let Some(leg) = leg else {
            return;
        };
        let codec = leg.codec();
        let find = |prompt: &Prompt| self.prompts.find(&prompt.name, prompt.language, codec);
        let sounds = prompts.iter().map(find).collect();
        leg.play(play, sounds, barge_in, then == Then::Music);
    }

    fn bridge(&mut self, contact: ContactId, counselor: CounselorId) {
        if let Some(call) = self.calls.get_mut(&contact) {
            if call.joined.is_some_and(|joined| joined != counselor) {
                self.part(contact);
            }
            self.join(contact, counselor);
        }
    }

    fn park(&mut self, contact: ContactId) {
        self.part(contact);
        if let Some(call) = self.calls.get_mut(&contact) {
            call.joined = None;
            if let Some(leg) = &call.leg {
                leg.play_music();
            }
        }
    }

    // --- two legs together -------------------------------------------------------------------

    /// Lets citizen and counselor hear each other, or plays music until the desk's line is there.
    fn join(&mut self, contact: ContactId, counselor: CounselorId) {
        let Some(mut call) = self.calls.remove(&contact) else {
            return;
        };
        call.joined = Some(counselor);
        if let Some(citizen) = call.leg.clone() {
            if let Some(desk) = self.desks.get(&counselor).cloned() {
                self.tape(contact, &mut call, counselor, codecs::rate(&citizen, &desk));
                let tap = |side| {
                    call.recording
                        .as_ref()
                        .map(|taped| taped.recording.tap(side))
                };
                citizen.link_to(&desk, tap(Side::Citizen));
                desk.link_to(&citizen, tap(Side::Counselor));
                citizen.play_peer();
                desk.play_peer();
                self.talking.insert(counselor, contact);
            } else {
                citizen.play_music();
            }
        }
        self.calls.insert(contact, call);
        self.agree(contact);
    }

    /// Takes the legs of a contact apart; the recording waits.
    fn part(&mut self, contact: ContactId) {
        let Some(call) = self.calls.get(&contact) else {
            return;
        };
        if let Some(leg) = &call.leg {
            leg.unlink();
            leg.play_silence();
        }
        if let Some(taped) = &call.recording {
            taped.recording.pause();
        }
        if let Some(counselor) = call.joined
            && self.talking.get(&counselor) == Some(&contact)
        {
            self.talking.remove(&counselor);
            self.spoken.set(counselor, None);
            if let Some(desk) = self.desks.get(&counselor) {
                desk.unlink();
                desk.play_silence();
            }
        }
    }

    /// Starts the recording, or goes on with the one of this pair.
    fn tape(&self, contact: ContactId, call: &mut Call, counselor: CounselorId, rate: Rate) {
        let holds = |taped: &Taped| taped.rate == Rate::Wide || taped.rate == rate;
        let same = |taped: &Taped| taped.counselor == counselor && holds(taped);
        if !self.plant.settings.record || call.recording.as_ref().is_some_and(same) {
            return;
        }
        self.finish_recording(contact, call);
        let now = self.plant.hub.now();
        let blob = format!("recordings/{contact}-{}", now.0);
        if let Some(recording) = self.recorder.begin(blob.clone(), rate) {
            call.recording = Some(Taped {
                counselor,
                rate,
                blob,
                recording,
            });
        }
    }

    fn finish_recording(&self, contact: ContactId, call: &mut Call) {
        let Some(taped) = call.recording.take() else {
            return;
        };
        let keep_until = self.plant.hub.now() + self.plant.settings.keep_ms;
        let length = taped.recording.end();
        let hub = self.plant.hub.clone();
        tokio::spawn(async move {
            let Ok(Some(length_ms)) = length.await else {
                return;
            };
            let recorded = Command::Recorded {
                contact,
                blob: taped.blob,
                length_ms: length_ms as i64,
                keep_until,
                cut: false,
            };
            if let Err(error) = hub.report(recorded).await {
                tracing::warn!(%contact, %error, "a recording is stored but not in the record");
            }
        });
    }

    // --- calls to the outside ----------------------------------------------------------------

    fn dial(&mut self, contact: ContactId, purpose: Purpose, number: Option<String>) {
        let number = number.unwrap_or_default();
        match purpose {
            Purpose::Callback => {
                if self.calls.contains_key(&contact) {
                    // Derived again after a stop: it is being called already.
                    return;
                }
                let control = self.sip.dial(contact, purpose, &number, None);
                let call = self.call(None, control);
                self.calls.insert(contact, call);
            }
            Purpose::Transfer => {
                let sip = self.sip.clone();
                if let Some(call) = self.calls.get_mut(&contact)
                    && call.outside.is_none()
                {
                    // The citizen's telephone cannot change; a page can, to whatever is answered.
                    let page = matches!(call.control, Control::Page(_));
                    let leg = call.leg.as_ref().filter(|_| !page);
                    let first = leg.map(|leg| leg.codec());
                    call.outside = Some(Outside {
                        control: sip.dial(contact, purpose, &number, first),
                        leg: None,
                    });
                }
            }
        }
    }

    fn dial_answered(&mut self, contact: ContactId, purpose: Purpose, leg: Arc<Leg>) {
        let Some(call) = self.calls.get_mut(&contact) else {
            // Taken back in the same moment; the dropped control hangs up.
            return;
        };
        match purpose {
            Purpose::Callback => {
                self.owners.insert(leg.id, Owner::Citizen(contact));
                call.leg = Some(leg);
                let _ = call.reports.send(Command::DialAnswered { contact });
            }
            Purpose::Transfer => {
                let Some(outside) = &mut call.outside else {
                    return;
                };
                self.owners.insert(leg.id, Owner::Outside(contact));
                outside.leg = Some(leg.clone());
                if let Some(citizen) = &call.leg {
                    citizen.link_to(&leg, None);
                    leg.link_to(citizen, None);
                    citizen.play_peer();
                    leg.play_peer();
                }
                let _ = call.reports.send(Command::TransferAnswered { contact });
                if let Some(mut call) = self.calls.remove(&contact) {
                    // What follows is not the city's talk any more.
                    self.finish_recording(contact, &mut call);
                    self.calls.insert(contact, call);
                }
                self.agree(contact);
            }
        }
    }

    fn cancel_dial(&mut self, contact: ContactId) {
        let Some(call) = self.calls.get_mut(&contact) else {
            return;
        };
        if let Some(outside) = call.outside.take() {
            if let Some(leg) = &outside.leg {
                self.owners.remove(&leg.id);
            }
            outside.control.hang_up();
        } else if call.leg.is_none() {
            call.control.hang_up();
        }
    }
}

impl Control {
    fn hang_up(&self) {
        if let Control::Call(orders) = self {
            let _ = orders.send(Order::HangUp(Ending::Center));
        }
    }
}

impl Page {
    fn reply(&mut self, with: Result<String, String>) {
        if let Some((_, reply)) = self.answer.take() {
            let _ = reply.send(with);
        }
    }
}
