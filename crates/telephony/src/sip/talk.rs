//! A call that is up, whoever began it: keys by INFO, hold, refresh, goodbye. Never its sound.

use super::timer::{self, Agreed};
use super::{Order, Sip, call};
use crate::dtmf;
use crate::sdp;
use crate::trunk_leg::TrunkLeg;
use center::command::Ending;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, StatusCode, StatusCodeKind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// A call that is up.
pub(super) struct Session {
    pub(super) dialog: InviteDialog,
    pub(super) trunk: Arc<TrunkLeg>,
    pub(super) agreed: Option<Agreed>,
    /// Whether the other side named UPDATE in Allow; else a refresh is a re-INVITE.
    pub(super) refresh_by_update: bool,
    /// Shortest interval that we accept.
    pub(super) min_se_s: u32,
}

/// The headers of a 200 that say who refreshes.
pub(super) fn answer_headers(agreed: Option<&Agreed>, supported: bool) -> Vec<Header> {
    let mut headers = vec![
        Header::Allow(super::gate::ALLOW.into()),
        Header::Supported("timer".into()),
    ];
    if let Some(agreed) = agreed {
        headers.push(Header::SessionExpires(agreed.answer().into()));
        if supported && !agreed.by_us {
            headers.push(Header::Require("timer".into()));
        }
    }
    headers
}

/// Whether a refresh kept the session alive.
enum Refreshed {
    Yes,
    /// The other side knows no such dialog any more.
    Gone,
    /// It did not answer, or could not now; the session runs on to its end.
    No,
}

/// Holds the line until one side ends it; tells who did.
pub(super) async fn talk(
    sip: &Arc<Sip>,
    mut session: Session,
    events: &mut DialogStateReceiver,
    mut inbox: UnboundedReceiver<Order>,
) -> Ending {
    let mut since = Instant::now();
    let mut refreshing: Option<JoinHandle<Refreshed>> = None;
    let ending = loop {
        let due = session.agreed.map(|agreed| match refreshing {
            None => agreed.due(since),
            // While a refresh is under way, the end of the session is what counts.
            Some(_) => since + Duration::from_secs(agreed.seconds.into()),
        });
        tokio::select! {
            biased;
            state = events.recv() => match state {
                Some(DialogState::Terminated(_, reason)) => break ending_of(&session, &reason),
                Some(DialogState::Updated(_, request, handle)) => {
                    if session.update(&request, &handle).await {
                        since = Instant::now();
                    }
                }
                Some(state) => session.take(state).await,
                None => break Ending::LineLost,
            },
            order = inbox.recv() => match order {
                Some(Order::HangUp(ending)) => {
                    hang_up(&session.dialog);
                    break ending;
                }
                Some(Order::Answer | Order::Refuse { .. }) => {}
                None => {
                    hang_up(&session.dialog);
                    break Ending::Center;
                }
            },
            refreshed = finished(&mut refreshing) => {
                refreshing = None;
                match refreshed {
                    Refreshed::Yes => since = Instant::now(),
                    Refreshed::No => session.agreed = session.agreed.map(overdue),
                    Refreshed::Gone => {
                        // The other side forgot the call; perhaps not all of it (RFC 4028, 10).
                        hang_up(&session.dialog);
                        break Ending::LineLost;
                    }
                }
            }
            () = until(due) => {
                let by_us = session.agreed.is_some_and(|agreed| agreed.by_us);
                if by_us && refreshing.is_none() {
                    refreshing = Some(tokio::spawn(session.refresh()));
                } else {
                    sip.plant.tally.session_expired.add();
                    hang_up(&session.dialog);
                    break Ending::LineLost;
                }
            }
        }
    };
    forget_in_time(sip, &session.dialog);
    ending
}

/// The dialog stays known to the stack until its goodbye was answered or given up.
fn forget_in_time(sip: &Arc<Sip>, dialog: &InviteDialog) {
    let (dialogs, dialog) = (sip.dialogs.clone(), dialog.clone());
    tokio::spawn(async move {
        let patience = Instant::now() + Duration::from_secs(40);
        while !dialog.state().is_terminated() && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        dialogs.remove_dialog(&dialog.id());
    });
}

/// A refresh failed: what is left is the wait for one from the other side.
fn overdue(agreed: Agreed) -> Agreed {
    Agreed {
        by_us: false,
        ..agreed
    }
}

async fn finished(refreshing: &mut Option<JoinHandle<Refreshed>>) -> Refreshed {
    match refreshing {
        Some(task) => task.await.unwrap_or(Refreshed::No),
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

fn hang_up(dialog: &InviteDialog) {
    let dialog = dialog.clone();
    tokio::spawn(async move {
        if let Err(error) = dialog.bye().await {
            tracing::debug!(%error, "a BYE was not answered");
        }
    });
}

fn ending_of(session: &Session, reason: &TerminatedReason) -> Ending {
    let ours_is_server = session.is_server();
    match reason {
        TerminatedReason::UacBye if ours_is_server => Ending::Citizen,
        TerminatedReason::UasBye if !ours_is_server => Ending::Citizen,
        TerminatedReason::UacCancel => Ending::Citizen,
        TerminatedReason::UacBye | TerminatedReason::UasBye => Ending::Center,
        _ => Ending::LineLost,
    }
}

impl Session {
    fn is_server(&self) -> bool {
        use rsipstack::transaction::key::TransactionRole;
        self.dialog.role() == TransactionRole::Server
    }

    /// re-INVITE or UPDATE: a new description, a refresh, or both. True when it was accepted.
    async fn update(&mut self, request: &Request, handle: &TransactionHandle) -> bool {
        let asked = call::timers(request);
        let agreed = match timer::agree(&asked, self.min_se_s) {
            Ok(agreed) => agreed,
            Err(min_se_s) => {
                let header = vec![Header::MinSE(min_se_s.to_string().into())];
                let status = StatusCode::SessionIntervalTooSmall;
                let _ = handle.respond(status, Some(header), None).await;
                return false;
            }
        };
        let mut body = None;
        if !request.body.is_empty() {
            let Ok(theirs) = sdp::parse(&request.body) else {
                let _ = handle.reply(StatusCode::NotAcceptableHere).await;
                return false;
            };
            body = Some(self.trunk.answer(&theirs).into_bytes());
        } else if request.method == Method::Invite {
            // Asked without an offer, the 200 carries ours.
            body = Some(self.trunk.offer(None).into_bytes());
        }
        if asked.expires.is_some() {
            self.agreed = agreed;
        }
        let mut headers = answer_headers(self.agreed.as_ref(), asked.supported);
        if body.is_some() {
            headers.push(Header::ContentType("application/sdp".into()));
        }
        self.trunk.leg.touch(Instant::now());
        let reply = handle.respond(StatusCode::OK, Some(headers), body);
        reply.await.is_ok()
    }

    async fn take(&mut self, state: DialogState) {
        let replied = match state {
            DialogState::Info(_, request, handle) => self.info(&request, &handle).await,
            DialogState::Options(_, _, handle) => handle.reply(StatusCode::OK).await,
            DialogState::Refer(_, _, handle) => handle.reply(StatusCode::Decline).await,
            DialogState::Notify(_, _, handle) | DialogState::Message(_, _, handle) => {
                handle.reply(StatusCode::MethodNotAllowed).await
            }
            DialogState::Confirmed(..) => {
                if let Some(ack) = self.dialog.last_remote_ack()
                    && !ack.body.is_empty()
                    && let Ok(theirs) = sdp::parse(&ack.body)
                {
                    self.trunk.agree(&theirs);
                }
                Ok(())
            }
            _ => Ok(()),
        };
        if replied.is_err() {
            tracing::debug!("a request inside a call could not be answered");
        }
    }

    async fn info(
        &self,
        request: &Request,
        handle: &TransactionHandle,
    ) -> Result<
        (),
        rsipstack::platform::mpsc::error::SendError<rsipstack::dialog::dialog::TransactionCommand>,
    > {
        let kind = request.headers.iter().find_map(|header| match header {
            Header::ContentType(kind) => Some(kind.value()),
            _ => None,
        });
        let Some(kind) = kind else {
            // An empty INFO asks whether the call is alive.
            return handle.reply(StatusCode::OK).await;
        };
        match dtmf::from_info(kind, &request.body) {
            Some(key) => {
                self.trunk.leg.press(key);
                handle.reply(StatusCode::OK).await
            }
            None => handle.reply(StatusCode::UnsupportedMediaType).await,
        }
    }

    /// Our refresh, as its own task: an answer may take half a minute.
    fn refresh(&self) -> impl Future<Output = Refreshed> + Send + use<> {
        let dialog = self.dialog.clone();
        let seconds = self
            .agreed
            .map_or(timer::PROPOSED_S, |agreed| agreed.seconds);
        let offer = (!self.refresh_by_update).then(|| self.trunk.offer(None));
        async move {
            let mut headers = vec![
                Header::Supported("timer".into()),
                Header::SessionExpires(format!("{seconds};refresher=uac").into()),
            ];
            let response = match offer {
                Some(offer) => {
                    headers.push(Header::ContentType("application/sdp".into()));
                    let body = Some(offer.into_bytes());
                    dialog
                        .reinvite_with_glare_retry(Some(headers), body, 3)
                        .await
                }
                None => dialog.update(Some(headers), None).await,
            };
            match response {
                Ok(Some(response)) if response.status_code.kind() == StatusCodeKind::Successful => {
                    Refreshed::Yes
                }
                Ok(Some(response)) if matches!(response.status_code.code(), 408 | 481) => {
                    Refreshed::Gone
                }
                _ => Refreshed::No,
            }
        }
    }
}
