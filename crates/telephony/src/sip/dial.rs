//! A call to the outside, only ever by an explicit route. Never a number in a log.

use super::talk::Session;
use super::timer;
use super::{Order, Purpose, Sip, call, talk};
use crate::codec::Codec;
use crate::exchange::{Control, Input};
use crate::sdp;
use crate::settings::Route;
use center::city::ContactId;
use center::command::Ending;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Response, StatusCodeKind, Uri};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What comes after a call was tried.
enum Outcome {
    Answered(InviteDialog, Box<Response>),
    Failed(u16),
}

/// A call that is to be made.
struct Outbound {
    contact: ContactId,
    purpose: Purpose,
    number: String,
    first: Option<Codec>,
}

impl Sip {
    /// Calls a number; the outcome is told to the exchange, and so is the end. `first` is the codec
    /// that whoever will speak with it speaks already.
    pub(crate) fn dial(
        self: &Arc<Sip>,
        contact: ContactId,
        purpose: Purpose,
        number: &str,
        first: Option<Codec>,
    ) -> Control {
        let (orders, inbox) = unbounded_channel();
        let sip = self.clone();
        let number = store::number::normalize(number, &self.plant.settings.country_code);
        let call = Outbound {
            contact,
            purpose,
            number,
            first,
        };
        tokio::spawn(async move { sip.call_out(call, inbox).await });
        Control::Call(orders)
    }

    async fn call_out(self: Arc<Sip>, call: Outbound, mut inbox: UnboundedReceiver<Order>) {
        let Outbound {
            contact,
            purpose,
            number,
            first,
        } = call;
        let plant = self.plant.clone();
        let failed = |status| {
            plant.tell(Input::DialFailed {
                contact,
                purpose,
                status,
            });
        };
        let Some(route) = plant.settings.route_of(&number).cloned() else {
            tracing::warn!(%contact, "no route leads to the number that was to be called");
            return failed(403);
        };
        let Some(_place) = plant.take_place() else {
            return failed(503);
        };
        let Ok(trunk) = plant.open_leg(route.target.ip()) else {
            return failed(503);
        };
        let leg = trunk.leg.clone();
        plant.tally.dialed.add();
        let (states, mut events) = self.dialogs.new_dialog_state_channel();
        let option = self.invitation(&route, &number, &trunk.offer(first));
        let outcome = match option {
            Some(option) => self.invite(option, states, &mut inbox).await,
            None => Outcome::Failed(500),
        };
        let (dialog, response) = match outcome {
            Outcome::Answered(dialog, response) => (dialog, response),
            Outcome::Failed(status) => {
                leg.close();
                return failed(status);
            }
        };
        let Ok(theirs) = sdp::parse(&response.body) else {
            leg.close();
            let _ = dialog.bye().await;
            self.dialogs.remove_dialog(&dialog.id());
            return failed(488);
        };
        trunk.agree(&theirs);
        plant.tell(Input::DialAnswered {
            contact,
            purpose,
            leg: leg.clone(),
        });
        let min_se_s = plant.settings.min_se_s;
        let session = Session {
            dialog,
            trunk,
            agreed: timer::agreed_by_answer(call::expires(response.headers.iter()), min_se_s),
            min_se_s,
            refresh_by_update: allows_update(&response),
        };
        let ending = self.hold(session, &mut events, inbox).await;
        leg.close();
        plant.tell(Input::Ended {
            leg: leg.id,
            ending,
        });
    }

    async fn hold(
        self: &Arc<Sip>,
        session: Session,
        events: &mut DialogStateReceiver,
        inbox: UnboundedReceiver<Order>,
    ) -> Ending {
        talk::talk(self, session, events, inbox).await
    }

    fn invitation(&self, route: &Route, number: &str, offer: &str) -> Option<InviteOption> {
        let contact = self.contact(false)?;
        let uri = |user: &str, at| Uri::try_from(format!("sip:{user}@{at}").as_str()).ok();
        let here = self.plant.settings.media_ip;
        let timers = timer::PROPOSED_S.to_string();
        Some(InviteOption {
            caller: Uri::try_from(format!("sip:{}@{here}", route.caller_id).as_str()).ok()?,
            callee: uri(number, route.target)?,
            destination: Some(route.target.into()),
            offer: Some(offer.as_bytes().to_vec()),
            contact,
            headers: Some(vec![
                Header::Supported("timer".into()),
                Header::SessionExpires(timers.into()),
                Header::Allow(super::gate::ALLOW.into()),
            ]),
            ..InviteOption::default()
        })
    }

    async fn invite(
        &self,
        option: InviteOption,
        states: rsipstack::dialog::dialog::DialogStateSender,
        inbox: &mut UnboundedReceiver<Order>,
    ) -> Outcome {
        let Ok((dialog, mut answer)) = self.dialogs.do_invite_async(option, states) else {
            return Outcome::Failed(500);
        };
        let longest = Duration::from_millis(self.plant.settings.dial_max_ms as u64);
        let deadline = tokio::time::sleep(longest);
        tokio::pin!(deadline);
        let mut open = true;
        loop {
            tokio::select! {
                answer = &mut answer => {
                    let Ok(Ok((_, Some(response)))) = answer else {
                        return Outcome::Failed(408);
                    };
                    let status = u16::from(response.status_code.clone());
                    let up = response.status_code.kind() == StatusCodeKind::Successful;
                    if up && !dialog.state().is_terminated() {
                        return Outcome::Answered(dialog, Box::new(response));
                    }
                    // An answer that crossed our CANCEL was ended by the stack.
                    return Outcome::Failed(if up { 487 } else { status });
                }
                order = inbox.recv(), if open => {
                    // Hanging up, or an exchange that is gone: take the call back.
                    open = !matches!(order, Some(Order::HangUp(_)) | None);
                    if !open {
                        cancel(&dialog);
                    }
                }
                () = &mut deadline, if open => {
                    open = false;
                    cancel(&dialog);
                }
            }
        }
    }
}

fn cancel(dialog: &InviteDialog) {
    let dialog = dialog.clone();
    tokio::spawn(async move {
        if let Err(error) = dialog.cancel().await {
            tracing::debug!(%error, "a CANCEL was not answered");
        }
    });
}

fn allows_update(response: &Response) -> bool {
    response.headers.iter().any(|header| match header {
        Header::Allow(methods) => methods.value().contains("UPDATE"),
        _ => false,
    })
}
