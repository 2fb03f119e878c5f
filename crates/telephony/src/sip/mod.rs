//! SIP: the stack behind our own boundary, and where each request goes. Nothing of the stack leaves
//! this folder.

mod call;
mod dial;
mod door;
mod gate;
mod syntax;
mod talk;
mod timer;

use crate::plant::Plant;
use center::command::Ending;
use door::Door;
#[cfg(any(test, feature = "trials"))]
pub(crate) use door::try_framing;
#[cfg(any(test, feature = "trials"))]
pub(crate) use gate::try_reading;
use gate::{Gate, GatedSocket, Inspector};
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::platform::CancellationToken as StackToken;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, StatusCode, To, Uri};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{Endpoint, TransactionReceiver};
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, UdpSocket as StdSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc::UnboundedSender;

/// How often and how far apart a dialog is looked at before a request behind the ACK is put off.
const CONFIRMATION_LOOKS: u32 = 20;
const CONFIRMATION_LOOK: Duration = Duration::from_millis(10);

/// What the exchange asks of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// 180, then 200.
    Answer,
    /// A final status.
    Refuse {
        status: u16,
        retry_after_s: Option<u32>,
    },
    /// CANCEL or BYE; the ending is what is told.
    HangUp(Ending),
}

/// The way to one call.
pub(crate) type Orders = UnboundedSender<Order>;

/// What a call to the outside is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To reach the citizen.
    Callback,
    /// To hand the citizen over.
    Transfer,
}

/// The SIP side of the wing.
pub(crate) struct Sip {
    plant: Arc<Plant>,
    dialogs: Arc<DialogLayer>,
    endpoint: Endpoint,
    local: SocketAddr,
    door: Arc<Door>,
    /// Where TCP connections come in, until they are served.
    listener: Mutex<Option<TcpListener>>,
}

/// Two sockets on one port.
fn bind(at: SocketAddr, fallbacks: u16) -> io::Result<(StdSocket, StdListener)> {
    let mut ports: Vec<u16> = (0..=fallbacks)
        .filter_map(|step| at.port().checked_add(step))
        .collect();
    // Free ports are tried a few times: UDP may find one that TCP does not have.
    ports.extend([0; 8]);
    let mut last = io::Error::other("no port to try");
    for port in ports {
        let tried = StdSocket::bind((at.ip(), port)).and_then(|udp| {
            let tcp = StdListener::bind(udp.local_addr()?)?;
            udp.set_nonblocking(true)?;
            tcp.set_nonblocking(true)?;
            Ok((udp, tcp))
        });
        match tried {
            Ok(found) => return Ok(found),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Sip {
    /// Opens the ports; requests are served once `serve` runs.
    pub(crate) async fn open(plant: Arc<Plant>) -> io::Result<(Arc<Sip>, TransactionReceiver)> {
        let settings = plant.settings.clone();
        let (udp, tcp) = bind(settings.sip, settings.sip_fallbacks)?;
        let local = udp.local_addr()?;
        let wrong = |error: rsipstack::error::Error| io::Error::other(error.to_string());
        let gate = Arc::new(Gate::new(settings.clone(), plant.tally.clone()));
        let token = StackToken::new();
        let layer = TransportLayer::new(token.clone());
        let socket = GatedSocket {
            socket: UdpSocket::from_std(udp)?,
            gate: gate.clone(),
        };
        // Behind 0.0.0.0 the stack must not guess what to write in Via.
        let external = local.ip().is_unspecified();
        let external = external.then(|| SocketAddr::new(settings.media_ip, local.port()));
        let child = Some(token.child_token());
        let udp = UdpConnection::from_socket(Arc::new(socket), external, child);
        layer.add_transport(udp.await.map_err(wrong)?.into());
        // The door ends what is idle; the stack must not do it earlier.
        let idle = Duration::from_millis(settings.connection_idle_max_ms.unsigned_abs());
        layer.set_stream_idle_timeout(idle * 2);
        let tally = plant.tally.clone();
        let reached = external.unwrap_or(local);
        let door = Door::new(gate.clone(), settings, tally, reached, token.clone());
        let endpoint = EndpointBuilder::new()
            .with_user_agent("dasan")
            .with_cancel_token(token)
            .with_transport_layer(layer)
            .with_transport_inspector(Box::new(Inspector(gate)))
            .build();
        let incoming = endpoint.incoming_transactions().map_err(wrong)?;
        let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
        let sip = Sip {
            plant,
            dialogs,
            endpoint,
            local,
            door,
            listener: Mutex::new(Some(TcpListener::from_std(tcp)?)),
        };
        Ok((Arc::new(sip), incoming))
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Stops reading and sending.
    pub(crate) fn close(&self) {
        self.endpoint.shutdown();
    }

    /// Reads the ports and brings each request to where it belongs.
    pub(crate) async fn serve(self: Arc<Sip>, mut incoming: TransactionReceiver) {
        let reading = self.clone();
        tokio::spawn(async move { reading.endpoint.serve().await });
        if let Some(listener) = crate::leg::lock(&self.listener).take() {
            let stack = self.endpoint.inner.clone();
            let join = move |connection| stack.transport_layer.add_connection(connection);
            tokio::spawn(self.door.clone().serve(listener, join));
        }
        while let Some(request) = incoming.recv().await {
            tokio::spawn(self.clone().route(request));
        }
    }

    async fn route(self: Arc<Sip>, mut request: Transaction) {
        let inside = matches!(request.original.to_header().and_then(To::tag), Ok(Some(_)));
        let method = request.original.method;
        let unknown = call::unknown_extensions(&request.original);
        let replied = match method {
            Method::Ack => return,
            // An INVITE that begins a call is answered where it is read.
            _ if !unknown.is_empty() && (inside || method != Method::Invite) => {
                let header = vec![Header::Unsupported(unknown.into())];
                let status = StatusCode::BadExtension;
                request.reply_with(status, header, None).await
            }
            _ if inside => self.inside(request).await,
            Method::Invite => {
                call::incoming(self, request).await;
                return;
            }
            Method::Options => {
                self.plant.tally.options.add();
                let status = if self.plant.has_place() {
                    StatusCode::OK
                } else {
                    StatusCode::ServiceUnavailable
                };
                let allow = vec![Header::Allow(gate::ALLOW.into())];
                request.reply_with(status, allow, None).await
            }
            Method::Bye | Method::Info | Method::Update | Method::PRack => {
                self.plant.tally.no_dialog.add();
                request.reply(StatusCode::CallTransactionDoesNotExist).await
            }
            _ => {
                let allow = vec![Header::Allow(gate::ALLOW.into())];
                let status = StatusCode::MethodNotAllowed;
                request.reply_with(status, allow, None).await
            }
        };
        if let Err(error) = replied {
            tracing::debug!(%method, %error, "a request could not be answered");
        }
    }

    /// A request inside a dialog.
    async fn inside(&self, mut request: Transaction) -> rsipstack::Result<()> {
        let Some(Dialog::Invite(mut dialog)) = self.dialogs.match_dialog(&request) else {
            self.plant.tally.no_dialog.add();
            return request.reply(StatusCode::CallTransactionDoesNotExist).await;
        };
        let state = dialog.state();
        match request.original.method {
            // A BYE before the answer is legal and rare; the INVITE then needs its own end.
            Method::Bye if state.can_cancel() => {
                request.reply(StatusCode::OK).await?;
                dialog.reject(Some(StatusCode::RequestTerminated), None)
            }
            Method::Bye | Method::PRack => dialog.handle(&mut request).await,
            // Before the ACK the stack would leave these without an answer.
            _ if confirmed(&dialog).await => dialog.handle(&mut request).await,
            _ => request.reply(StatusCode::RequestPending).await,
        }
    }

    /// How the other side of a dialog reaches us.
    fn contact(&self, reliable: bool) -> Option<Uri> {
        let ip = if self.local.ip().is_unspecified() {
            self.plant.settings.media_ip
        } else {
            self.local.ip()
        };
        let at = SocketAddr::new(ip, self.local.port());
        let transport = if reliable { ";transport=tcp" } else { "" };
        Uri::try_from(format!("sip:dasan@{at}{transport}").as_str()).ok()
    }
}

/// Whether a dialog is confirmed, now or in a moment: what was sent right behind the ACK may be
/// read before it.
async fn confirmed(dialog: &InviteDialog) -> bool {
    for _ in 0..CONFIRMATION_LOOKS {
        if dialog.state().is_confirmed() {
            return true;
        }
        tokio::time::sleep(CONFIRMATION_LOOK).await;
    }
    dialog.state().is_confirmed()
}
