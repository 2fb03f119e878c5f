//! Where browsers come in: how many connections there may be and how long a silent one stays, with
//! or without TLS. Never what is asked on them.

use crate::seats::{Seat, Seats, household};
use axum::serve::Listener;
use center::network::Network;
use rustls::ServerConfig;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections of one address: an office or a neighbourhood behind one, not a flood. A proxy of
/// this house brings everybody.
const CONNECTIONS_EACH: usize = 1_000;
/// Connections of all. Telephones need sockets of their own, whatever happens on the pages.
const CONNECTIONS_MAX: usize = 10_000;
/// A connection on which nothing moves is closed after this; live lines beat more often.
const SILENT_MAX: Duration = Duration::from_mins(3);
/// How long a browser may take to agree on keys.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Connections that have come in and are not yet served.
const WAITING: usize = 64;
/// First byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;
/// What a browser hears that speaks to the wrong door.
const NOT_PLAIN: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
    connection: close\r\n\r\nThis address is opened with https://\n";

/// A listening address.
pub(crate) struct Door {
    address: SocketAddr,
    entered: mpsc::Receiver<Entered>,
}

/// Someone who came in, and where from.
type Entered = (Connection, SocketAddr);

impl Door {
    /// Opens a listener, with TLS when it is told how.
    pub(crate) fn open(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        proxies: Vec<Network>,
    ) -> io::Result<Door> {
        let address = listener.local_addr()?;
        let (sender, entered) = mpsc::channel(WAITING);
        let porter = Porter {
            listener,
            tls: tls.map(TlsAcceptor::from),
            proxies,
            seats: Seats::new(CONNECTIONS_EACH, CONNECTIONS_MAX),
            sender,
        };
        tokio::spawn(porter.attend());
        Ok(Door { address, entered })
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Entered {
        match self.entered.recv().await {
            Some(entered) => entered,
            // The porter stays as long as the door.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

struct Porter {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    proxies: Vec<Network>,
    seats: Seats<IpAddr>,
    sender: mpsc::Sender<Entered>,
}

impl Porter {
    async fn attend(mut self) {
        let mut turned_away = 0_u64;
        loop {
            let accepted = tokio::select! {
                () = self.sender.closed() => return,
                accepted = Listener::accept(&mut self.listener) => accepted,
            };
            let (stream, from) = accepted;
            let Some(seat) = self.seat(from.ip()) else {
                turned_away += 1;
                if turned_away.is_power_of_two() {
                    tracing::warn!(turned_away, "too many connections to the pages");
                }
                continue;
            };
            // Pieces of a page wait for nothing.
            let _ = stream.set_nodelay(true);
            let (tls, sender) = (self.tls.clone(), self.sender.clone());
            tokio::spawn(async move {
                if let Some(io) = let_in(stream, tls).await {
                    let _ = sender.send((Connection::new(io, seat), from)).await;
                }
            });
        }
    }

    fn seat(&self, from: IpAddr) -> Option<Seat<IpAddr>> {
        let whose = household(from);
        if self.proxies.iter().any(|proxy| proxy.contains(from)) {
            self.seats.take_for_many(whose)
        } else {
            self.seats.take(whose)
        }
    }
}

/// Agrees on keys, where keys are asked for.
async fn let_in(mut stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Io> {
    let Some(tls) = tls else {
        return Some(Io::Plain(stream));
    };
    let greeted = async {
        let mut first = [0];
        if stream.peek(&mut first).await.ok()? == 0 {
            return None;
        }
        if first[0] != TLS_HANDSHAKE {
            // What was asked is read, or the answer would be lost with it.
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(NOT_PLAIN.as_bytes()).await;
            let _ = stream.shutdown().await;
            return None;
        }
        let secured = tls.accept(stream).await;
        secured.ok().map(|stream| Io::Tls(Box::new(stream)))
    };
    tokio::time::timeout(HANDSHAKE_MAX, greeted).await.ok()?
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection; closed when nothing has moved on it for too long.
pub(crate) struct Connection {
    io: Io,
    silent: Pin<Box<Sleep>>,
    _seat: Seat<IpAddr>,
}

impl Connection {
    fn new(io: Io, seat: Seat<IpAddr>) -> Connection {
        Connection {
            io,
            silent: Box::pin(tokio::time::sleep(SILENT_MAX)),
            _seat: seat,
        }
    }

    /// Gives on what came of a step; one that waits is asked how long already.
    fn moved<T>(&mut self, step: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if step.is_pending() {
            ready!(self.silent.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.silent.as_mut().reset(Instant::now() + SILENT_MAX);
        step
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let step = match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, into),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, into),
        };
        self.moved(step, cx)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let step = match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, bytes),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, bytes),
        };
        self.moved(step, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let step = match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write_vectored(cx, parts),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write_vectored(cx, parts),
        };
        self.moved(step, cx)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
        }
    }
}
