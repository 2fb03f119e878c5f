//! The carrier's side of a trunk: one SIP port for any number of callers. Never decides what a
//! caller does.

use super::caller::{Caller, Plan};
use super::dialog::Names;
use super::lock;
use super::message::{self, Message, Start};
use crate::codec::{Codec, PCMU};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A message and when it came.
pub(super) type Came = (Message, Instant);

/// What callers share.
pub(super) struct Shared {
    socket: UdpSocket,
    pub(super) here: SocketAddr,
    pub(super) center: SocketAddr,
    /// Where callers without sound let theirs be sent; nobody reads it.
    pub(super) sink: StdSocket,
    calls: Mutex<HashMap<String, mpsc::UnboundedSender<Came>>>,
    next: AtomicU64,
    seed: u64,
}

impl Shared {
    pub(super) fn send(&self, text: &str) {
        // What the kernel does not take is repeated like anything that is lost on the way.
        let _ = self.socket.try_send_to(text.as_bytes(), self.center);
    }

    pub(super) fn forget(&self, call_id: &str) {
        lock(&self.calls).remove(call_id);
    }
}

/// A trunk's far end on loopback.
pub struct Carrier {
    shared: Arc<Shared>,
    _open: DropGuard,
}

impl Carrier {
    /// Opens a SIP port for calls to a center.
    pub async fn open(center: SocketAddr) -> io::Result<Carrier> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.writable().await?;
        let shared = Arc::new(Shared {
            here: socket.local_addr()?,
            socket,
            center,
            sink: StdSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
            calls: Mutex::default(),
            next: AtomicU64::new(1),
            seed: getrandom::u64().map_err(io::Error::other)?,
        });
        let open = CancellationToken::new();
        tokio::spawn(open.clone().run_until_cancelled_owned(read(shared.clone())));
        Ok(Carrier {
            shared,
            _open: open.drop_guard(),
        })
    }

    /// Places a call in the telephone's own codec. Dropping what is returned hangs it up.
    pub fn call(&self, plan: &Plan) -> io::Result<Caller> {
        self.call_in(PCMU, plan)
    }

    /// Places a call of a telephone that has this codec only.
    pub fn call_in(&self, codec: Codec, plan: &Plan) -> io::Result<Caller> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (seed, here) = (self.shared.seed, self.shared.here);
        let names = Names {
            caller: plan.from.clone(),
            called: plan.to.clone(),
            here,
            center: self.shared.center,
            call_id: format!("{seed:016x}{number:x}@{}", here.ip()),
            tag: format!("{:x}", seed.wrapping_mul(2 * number + 1)),
        };
        let (inbox, came) = mpsc::unbounded_channel();
        lock(&self.shared.calls).insert(names.call_id.clone(), inbox);
        Caller::begin(self.shared.clone(), names, plan, codec, came)
    }
}

/// Hands each message to its call.
async fn read(shared: Arc<Shared>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((length, _)) = shared.socket.recv_from(&mut buffer).await else {
            // The center's port is closed for the moment.
            tokio::task::yield_now().await;
            continue;
        };
        let now = Instant::now();
        let Some(message) = message::parse(&buffer[..length]) else {
            continue;
        };
        let inbox = lock(&shared.calls).get(message.header("Call-ID")).cloned();
        match (inbox, &message.start) {
            (Some(inbox), _) => drop(inbox.send((message, now))),
            (None, Start::Request(method)) if method != "ACK" => {
                shared.send(&message.reply(481, "gone", "", ""));
            }
            (None, _) => {}
        }
    }
}
