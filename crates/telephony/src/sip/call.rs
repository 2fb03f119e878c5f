//! A call that comes in: written down, reported, then answered or refused. Never what the citizen
//! hears.

use super::syntax::find;
use super::timer::{self, Agreed, Asked, Expires};
use super::{Order, Sip, talk};
use crate::exchange::{Control, Input};
use crate::plant::{Attempt, Place, Plant};
use crate::sdp::{self, Description};
use crate::trunk_leg::TrunkLeg;
use crate::{ingress, number};
use center::command::Ending;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, SipMessage, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long the center may take to say what becomes of an attempt.
const VERDICT_MAX: Duration = Duration::from_secs(8);
/// Retry-After where the center named none.
const RETRY_AFTER_S: u32 = 30;

/// What an INVITE says that we need.
struct Invite {
    key: String,
    peer: IpAddr,
    trunk: String,
    number: Option<String>,
    timers: Asked,
    /// Who refreshes and when, once that was agreed on.
    agreed: Option<Agreed>,
    reliable: bool,
}

/// Gives the key back when the attempt is over.
struct Alive<'a> {
    plant: &'a Plant,
    key: String,
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        crate::leg::lock(&self.plant.alive).remove(&self.key);
    }
}

/// Why an attempt has no line.
enum Lineless {
    /// No sound that both sides know.
    Description,
    /// A body of a kind that we do not read.
    Kind,
    /// The caller does not take a description for an answer.
    Accept,
    Full,
}

/// Serves one INVITE from its first line to the end of the call.
pub(super) async fn incoming(sip: Arc<Sip>, mut request: Transaction) {
    let plant = sip.plant.clone();
    let Some(mut invite) = read(&plant, &request) else {
        plant.tally.malformed.add();
        let _ = request.reply(StatusCode::BadRequest).await;
        return;
    };
    if !crate::leg::lock(&plant.alive).insert(invite.key.clone()) {
        // The same attempt by another way (RFC 3261, 8.2.2.2).
        let _ = request.reply(StatusCode::LoopDetected).await;
        return;
    }
    let alive = Alive {
        plant: &plant,
        key: invite.key.clone(),
    };
    let unknown = unknown_extensions(&request.original);
    if !unknown.is_empty() {
        // The caller asks again without them: that will be the attempt.
        let header = vec![Header::Unsupported(unknown.into())];
        let _ = request
            .reply_with(StatusCode::BadExtension, header, None)
            .await;
        drop(alive);
        return drain(&mut request).await;
    }
    let agreed = match timer::agree(&invite.timers, plant.settings.min_se_s) {
        Ok(agreed) => agreed,
        Err(min_se_s) => {
            // The caller asks again with a longer interval: that will be the attempt.
            let header = vec![Header::MinSE(min_se_s.to_string().into())];
            let status = StatusCode::SessionIntervalTooSmall;
            let _ = request.reply_with(status, header, None).await;
            drop(alive);
            return drain(&mut request).await;
        }
    };
    invite.agreed = agreed;
    plant.tally.attempts.add();
    if let Err(error) = plant.ingress.append(plant.hub.now(), &invite.key) {
        tracing::error!(%error, "the ingress log cannot be written");
    }
    let _ = request.send_trying().await;
    let line = open_line(&plant, &request.original, invite.peer);
    let attempt = Attempt {
        key: invite.key.clone(),
        via: invite.trunk.clone(),
        number: invite.number.clone(),
        live: line.is_ok(),
    };
    match line {
        Ok(line) => admit(sip, request, invite, attempt, line).await,
        Err(lineless) => turn_away(&plant, request, attempt, &lineless).await,
    }
}

fn read(plant: &Plant, request: &Transaction) -> Option<Invite> {
    let connection = request.connection.as_ref()?;
    let source = connection.get_remote_addr()?.get_socketaddr().ok()?;
    let trunk = plant.settings.trunk_of(source.ip())?;
    let original = &request.original;
    let call_id = original.call_id_header().ok()?.value();
    let from = original.from_header().ok()?;
    let tag = from.tag().ok()??;
    // Without a usable Contact there is nobody to speak with later.
    original.typed_contact_headers().ok()?.first()?;
    Some(Invite {
        key: ingress::key(call_id, tag.value()),
        peer: source.ip(),
        trunk: trunk.name.clone(),
        number: number(original),
        timers: timers(original),
        agreed: None,
        reliable: connection.is_reliable(),
    })
}

/// The number that the trunk asserts, else the one that the caller claims; none when the caller
/// wants it withheld (RFC 3323).
pub(super) fn number(request: &Request) -> Option<String> {
    let wishes = request.header_value("Privacy").unwrap_or_default();
    let mut wishes = wishes.split([';', ',']).map(str::trim);
    if wishes.any(|wish| matches!(wish, "id" | "user" | "header")) {
        return None;
    }
    let asserted = request.headers.iter().find_map(|header| match header {
        Header::PAssertedIdentity(identity) => number::of_header(identity.value()),
        _ => None,
    });
    asserted.or_else(|| number::of_header(request.from_header().ok()?.value()))
}

/// What the caller insists on and we do not know, as `Unsupported` names it.
pub(super) fn unknown_extensions(request: &Request) -> String {
    let required = request.headers.iter().filter_map(|header| match header {
        Header::Require(tags) => Some(tags.value()),
        _ => None,
    });
    let tags = required.flat_map(|tags| tags.split(',')).map(str::trim);
    let unknown: Vec<&str> = tags
        .filter(|tag| !tag.is_empty() && *tag != "timer")
        .collect();
    unknown.join(", ")
}

/// What a request or response says about session timers.
pub(super) fn timers(request: &Request) -> Asked {
    Asked {
        expires: expires(request.headers.iter()),
        min_se_s: request
            .headers
            .iter()
            .find_map(|header| match header {
                Header::MinSE(least) => least.value().split(';').next()?.trim().parse().ok(),
                _ => None,
            })
            .unwrap_or(0),
        supported: request.headers.iter().any(|header| match header {
            Header::Supported(options) => has_timer(options.value()),
            Header::Require(options) => has_timer(options.value()),
            _ => false,
        }),
    }
}

fn has_timer(options: &str) -> bool {
    options
        .split(',')
        .any(|option| option.trim().eq_ignore_ascii_case("timer"))
}

/// The first `Session-Expires`.
pub(super) fn expires<'a>(mut headers: impl Iterator<Item = &'a Header>) -> Option<Expires> {
    headers.find_map(|header| match header {
        Header::SessionExpires(value) => timer::parse(value.value()),
        _ => None,
    })
}

/// No description when the caller asks for ours.
type Line = (Place, Arc<TrunkLeg>, Option<Description>);

fn open_line(plant: &Plant, request: &Request, peer: IpAddr) -> Result<Line, Lineless> {
    if !accepts_descriptions(request) {
        return Err(Lineless::Accept);
    }
    let described = (!request.body.is_empty()).then(|| describe(request));
    let theirs = described.transpose()?;
    let place = plant.take_place().ok_or(Lineless::Full)?;
    let trunk = plant.open_leg(peer).map_err(|error| {
        tracing::error!(%error, "no media port for a call");
        Lineless::Full
    })?;
    Ok((place, trunk, theirs))
}

/// What the body describes. Carriers that add something put the description into a part.
fn describe(request: &Request) -> Result<Description, Lineless> {
    let kind = request.headers.iter().find_map(|header| match header {
        Header::ContentType(kind) => Some(kind.value()),
        _ => None,
    });
    let kind = kind.unwrap_or("application/sdp");
    let is = |wanted: &str| {
        let beginning = kind.get(..wanted.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(wanted))
    };
    let body = if is("multipart/") {
        description_part(kind, &request.body).ok_or(Lineless::Kind)?
    } else if is("application/sdp") {
        &request.body
    } else {
        return Err(Lineless::Kind);
    };
    sdp::parse(body).map_err(|_| Lineless::Description)
}

/// The description among the parts of a body (RFC 2046, 5.1).
fn description_part<'a>(kind: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let boundary = kind.split(';').find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("boundary");
        named.then(|| format!("\r\n--{}", value.trim().trim_matches('"')))
    })?;
    let mut rest = body;
    loop {
        let head_end = find(rest, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&rest[..head_end]).to_ascii_lowercase();
        let content = &rest[head_end + 4..];
        let end = find(content, boundary.as_bytes())?;
        if head.contains("application/sdp") {
            return content.get(..end);
        }
        rest = content.get(end + boundary.len()..)?;
    }
}

/// Whether the answer may carry a description: no Accept means that it may (RFC 3261, 20.1).
fn accepts_descriptions(request: &Request) -> bool {
    let mut accepted = request.headers.iter().filter_map(|header| match header {
        Header::Accept(kinds) => Some(kinds.value()),
        _ => None,
    });
    let ours = |kinds: &str| {
        kinds.split(',').any(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            let known = ["application/sdp", "application/*", "*/*"];
            known.iter().any(|known| kind.eq_ignore_ascii_case(known))
        })
    };
    match accepted.next() {
        Some(first) => ours(first) || accepted.any(ours),
        None => true,
    }
}

/// No line can be given: the attempt is in the record all the same.
async fn turn_away(plant: &Arc<Plant>, mut request: Transaction, lost: Attempt, why: &Lineless) {
    if plant.arrived(lost.clone()).await.is_err() {
        plant.owe(lost);
    }
    match why {
        Lineless::Description => {
            plant.tally.refused_description.add();
            let _ = request.reply(StatusCode::NotAcceptableHere).await;
        }
        Lineless::Kind => {
            plant.tally.refused_description.add();
            let takes = vec![Header::Accept("application/sdp".into())];
            let status = StatusCode::UnsupportedMediaType;
            let _ = request.reply_with(status, takes, None).await;
        }
        Lineless::Accept => {
            plant.tally.refused_description.add();
            let _ = request.reply(StatusCode::NotAcceptable).await;
        }
        Lineless::Full => {
            plant.tally.refused_full.add();
            refuse(&mut request, 503, Some(RETRY_AFTER_S)).await;
        }
    }
    drain(&mut request).await;
}

async fn refuse(request: &mut Transaction, status: u16, retry_after_s: Option<u32>) {
    let retry = retry_after_s.map(|after_s| Header::RetryAfter(after_s.to_string().into()));
    let headers = retry.into_iter().collect();
    let _ = request.reply_with(status.into(), headers, None).await;
}

/// Keeps a refused transaction until it was acknowledged, so that the refusal is repeated.
async fn drain(request: &mut Transaction) {
    while let Some(message) = request.receive().await {
        if matches!(&message, SipMessage::Request(ack) if ack.method == Method::Ack) {
            return;
        }
    }
}

async fn admit(
    sip: Arc<Sip>,
    mut request: Transaction,
    invite: Invite,
    attempt: Attempt,
    (_place, trunk, theirs): Line,
) {
    let plant = sip.plant.clone();
    let answer = theirs.map_or_else(|| trunk.offer(None), |theirs| trunk.answer(&theirs));
    let leg = trunk.leg.clone();
    let (orders, mut inbox) = unbounded_channel();
    let key = attempt.key.clone();
    plant.tell(Input::Arriving {
        key: key.clone(),
        leg: leg.clone(),
        control: Control::Call(orders),
    });
    if let Err(error) = plant.arrived(attempt.clone()).await {
        tracing::warn!(%error, "an attempt could not be written and is refused");
        plant.tell(Input::NotArrived { key });
        plant.owe(attempt);
        leg.close();
        refuse(&mut request, 503, Some(RETRY_AFTER_S)).await;
        return drain(&mut request).await;
    }
    let ending = match verdict(&mut request, &mut inbox).await {
        Verdict::Answer => answered(&sip, request, &invite, &trunk, answer, inbox).await,
        Verdict::Refuse(status, retry_after_s) => {
            plant.tally.refused_center.add();
            leg.close();
            plant.tell(Input::Refused { leg: leg.id });
            refuse(&mut request, status, retry_after_s).await;
            return drain(&mut request).await;
        }
        Verdict::TakenBack => {
            plant.tally.cancelled.add();
            let _ = request.reply(StatusCode::RequestTerminated).await;
            tokio::spawn(async move { drain(&mut request).await });
            Ending::Citizen
        }
        Verdict::End(ending) => {
            refuse(&mut request, 480, None).await;
            tokio::spawn(async move { drain(&mut request).await });
            ending
        }
        Verdict::None => {
            tracing::error!("the center did not say what becomes of a call");
            refuse(&mut request, 503, Some(RETRY_AFTER_S)).await;
            tokio::spawn(async move { drain(&mut request).await });
            Ending::LineLost
        }
    };
    leg.close();
    plant.tell(Input::Ended {
        leg: leg.id,
        ending,
    });
}

/// What becomes of an attempt.
enum Verdict {
    Answer,
    Refuse(u16, Option<u32>),
    TakenBack,
    End(Ending),
    None,
}

async fn verdict(request: &mut Transaction, inbox: &mut UnboundedReceiver<Order>) -> Verdict {
    let deadline = tokio::time::sleep(VERDICT_MAX);
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            order = inbox.recv() => {
                return match order {
                    Some(Order::Answer) => Verdict::Answer,
                    Some(Order::Refuse { status, retry_after_s }) => {
                        Verdict::Refuse(status, retry_after_s)
                    }
                    Some(Order::HangUp(ending)) => Verdict::End(ending),
                    None => Verdict::None,
                };
            }
            message = request.receive() => match message {
                Some(SipMessage::Request(cancel)) if cancel.method == Method::Cancel => {
                    return Verdict::TakenBack;
                }
                Some(_) => {}
                None => return Verdict::None,
            },
            () = &mut deadline => return Verdict::None,
        }
    }
}

/// 180, 200, and then the talk.
async fn answered(
    sip: &Arc<Sip>,
    mut request: Transaction,
    invite: &Invite,
    trunk: &Arc<TrunkLeg>,
    answer: String,
    inbox: UnboundedReceiver<Order>,
) -> Ending {
    let (states, mut events) = sip.dialogs.new_dialog_state_channel();
    let contact = sip.contact(invite.reliable);
    let dialog = sip
        .dialogs
        .get_or_create_server_invite(&request, states, None, contact);
    let Ok(mut dialog) = dialog else {
        let _ = request.reply(StatusCode::ServerInternalError).await;
        return Ending::LineLost;
    };
    let agreed = invite.agreed;
    let mut headers = talk::answer_headers(agreed.as_ref(), invite.timers.supported);
    headers.push(Header::ContentType("application/sdp".into()));
    let rung = dialog.ringing(None, None);
    let accepted = dialog.accept(Some(headers), Some(answer.into_bytes()));
    if rung.is_err() || accepted.is_err() {
        sip.dialogs.remove_dialog(&dialog.id());
        return Ending::LineLost;
    }
    sip.plant.tally.answered.add();
    let established = dialog.clone();
    tokio::spawn(async move {
        if let Err(error) = dialog.handle(&mut request).await {
            tracing::debug!(%error, "an INVITE ended early");
        }
    });
    let session = talk::Session {
        dialog: established,
        trunk: trunk.clone(),
        agreed,
        refresh_by_update: false,
        min_se_s: sip.plant.settings.min_se_s,
    };
    talk::talk(sip, session, &mut events, inbox).await
}
