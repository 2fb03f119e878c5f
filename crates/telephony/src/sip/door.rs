//! The door for TCP: who may connect, how many, for how long, and where a message ends. The stack
//! reads whole, plain messages from a pair of sockets and never waits for a peer. Never a dialog.

use super::gate::{Gate, MESSAGE_MAX, TOO_LARGE, Verdict, refusal};
use super::syntax::{self, Wrong};
use crate::counters::Tally;
use crate::leg::lock;
use crate::settings::Settings;
use rsipstack::platform::CancellationToken as StackToken;
use rsipstack::sip::transport::Transport;
use rsipstack::transport::stream::StreamConnectionInner;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdPair;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Connections of all sources together.
const CONNECTIONS_MAX: usize = 1_024;
/// Malformed messages on one connection before it is closed; a carrier with a fault sends them for
/// ever.
const MALFORMED_MAX: u32 = 20;
/// What a side that does not read may leave unread.
const UNREAD_MAX: usize = 256 * 1_024;
/// How long it may leave it unread.
const UNREAD_TIME: Duration = Duration::from_secs(10);
/// How long a connection that is closed by us stays for its last answer.
const FAREWELL: Duration = Duration::from_secs(2);

/// What stands at the beginning of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Nothing whole yet.
    Wait,
    /// CRLF CRLF: alive? (RFC 5626, 3.5.1)
    Ping,
    /// A lone CRLF, which is skipped (RFC 3261, 7.5).
    Blank,
    /// A message of so many octets.
    Message(usize),
    /// Nobody can tell where the next message begins.
    Broken(Wrong),
}

/// Finds the first message of a stream.
pub(super) fn frame(bytes: &[u8]) -> Frame {
    if bytes.starts_with(b"\r\n\r\n") {
        return Frame::Ping;
    }
    if bytes.starts_with(b"\r\n") {
        return if bytes == b"\r\n\r" {
            Frame::Wait
        } else {
            Frame::Blank
        };
    }
    let Some(end) = syntax::find(&bytes[..bytes.len().min(MESSAGE_MAX)], b"\r\n\r\n") else {
        return if bytes.len() >= MESSAGE_MAX {
            Frame::Broken(TOO_LARGE)
        } else {
            Frame::Wait
        };
    };
    let Some(length) = content_length(&bytes[..end]) else {
        return Frame::Broken(Wrong(400, "Bad Content-Length"));
    };
    let whole = (end + 4).saturating_add(length);
    if whole > MESSAGE_MAX {
        return Frame::Broken(TOO_LARGE);
    }
    if whole > bytes.len() {
        return Frame::Wait;
    }
    Frame::Message(whole)
}

/// The one Content-Length; without it a stream cannot be read (RFC 3261, 20.14).
fn content_length(head: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(head);
    // A folded value is put together again.
    let text = text.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut lengths = text.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        (syntax::long_name(name) == "content-length").then(|| value.trim().to_owned())
    });
    let only = lengths.next()?;
    let digits = (1..=9).contains(&only.len()) && only.bytes().all(|byte| byte.is_ascii_digit());
    (digits && lengths.next().is_none())
        .then(|| only.parse().ok())
        .flatten()
}

/// Counts connections and opens them.
pub(super) struct Door {
    gate: Arc<Gate>,
    settings: Arc<Settings>,
    tally: Arc<Tally>,
    local: SocketAddr,
    closing: StackToken,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of one connection.
struct Seat {
    door: Arc<Door>,
    ip: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.door.tally.tcp_closed.add();
        let mut held = lock(&self.door.held);
        if let Some(count) = held.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.ip);
            }
        }
    }
}

impl Door {
    pub(super) fn new(
        gate: Arc<Gate>,
        settings: Arc<Settings>,
        tally: Arc<Tally>,
        local: SocketAddr,
        closing: StackToken,
    ) -> Arc<Door> {
        Arc::new(Door {
            gate,
            settings,
            tally,
            local,
            closing,
            held: Mutex::default(),
        })
    }

    /// Takes connections until the house closes; `join` hands one to the stack.
    pub(super) async fn serve(
        self: Arc<Door>,
        listener: TcpListener,
        join: impl Fn(SipConnection) + Send + 'static,
    ) {
        loop {
            let accepted = tokio::select! {
                () = self.closing.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((socket, source)) = accepted else {
                // No file descriptors left, or a peer that is gone: the next one may do better.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if !self.gate.knows(source.ip()) {
                continue;
            }
            let Some(seat) = self.seat(source.ip()) else {
                self.tally.tcp_refused.add();
                continue;
            };
            self.tally.tcp_opened.add();
            match self.pair(source) {
                Ok((connection, stack)) => {
                    join(connection);
                    let line = Line::new(seat, source);
                    tokio::spawn(line.run(socket, stack));
                }
                Err(error) => tracing::warn!(%error, "a TCP connection could not be taken"),
            }
        }
    }

    fn seat(self: &Arc<Door>, ip: IpAddr) -> Option<Seat> {
        let mut held = lock(&self.held);
        let all: usize = held.values().sum();
        let own = held.get(&ip).copied().unwrap_or(0);
        if all >= CONNECTIONS_MAX || own >= self.settings.connections_per_source_max {
            return None;
        }
        held.insert(ip, own + 1);
        Some(Seat {
            door: self.clone(),
            ip,
        })
    }

    /// What the stack takes for the peer's connection, and our end of it.
    fn pair(&self, source: SocketAddr) -> io::Result<(SipConnection, UnixStream)> {
        let (theirs, ours) = StdPair::pair()?;
        theirs.set_nonblocking(true)?;
        ours.set_nonblocking(true)?;
        let theirs = std::net::TcpStream::from(OwnedFd::from(theirs));
        let (reading, writing) = tokio::io::split(TcpStream::from_std(theirs)?);
        let address = |at: SocketAddr| SipAddr {
            r#type: Some(Transport::Tcp),
            addr: at.into(),
        };
        let inner =
            StreamConnectionInner::new(address(self.local), address(source), reading, writing);
        let connection = TcpConnection {
            inner: Arc::new(inner),
            cancel_token: Some(self.closing.child_token()),
        };
        Ok((connection.into(), UnixStream::from_std(ours)?))
    }
}

/// One connection between its peer and the stack.
struct Line {
    seat: Seat,
    source: SocketAddr,
    /// What came and is not whole yet.
    inbox: Vec<u8>,
    /// What the peer has not read yet.
    unread: Vec<u8>,
    /// Since when the inbox has waited for the rest.
    since: Instant,
    /// Since when something is unread.
    unread_since: Instant,
    /// Whether something has come that a carrier would say.
    proven: bool,
    malformed: u32,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One of both sides closed it, or it was silent for long.
    Closed,
    Broken,
    Slow,
    Unread,
}

impl Line {
    fn new(seat: Seat, source: SocketAddr) -> Line {
        Line {
            seat,
            source,
            inbox: Vec::new(),
            unread: Vec::new(),
            since: Instant::now(),
            unread_since: Instant::now(),
            proven: false,
            malformed: 0,
        }
    }

    async fn run(mut self, mut socket: TcpStream, mut stack: UnixStream) {
        let end = self.carry(&mut socket, &mut stack).await;
        let tally = self.seat.door.tally.clone();
        match end {
            End::Closed => {}
            End::Broken => tally.tcp_broken.add(),
            End::Slow => tally.tcp_slow.add(),
            End::Unread => return tally.tcp_unread.add(),
        }
        let farewell = async {
            socket.write_all(&self.unread).await?;
            socket.shutdown().await?;
            // What is still on its way is read, else the last answer would be lost with a reset.
            let mut rest = [0; 4_096];
            while socket.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }

    async fn carry(&mut self, socket: &mut TcpStream, stack: &mut UnixStream) -> End {
        let door = self.seat.door.clone();
        let (mut from_peer, mut to_peer) = socket.split();
        let (mut from_stack, mut to_stack) = stack.split();
        let (mut chunk, mut answer) = (vec![0; 4_096], vec![0; 4_096]);
        loop {
            let due = self.due();
            tokio::select! {
                () = door.closing.cancelled() => return End::Closed,
                got = from_stack.read(&mut answer) => match got {
                    Ok(0) | Err(_) => return End::Closed,
                    Ok(length) => self.owe(&answer[..length]),
                },
                sent = to_peer.write(&self.unread), if !self.unread.is_empty() => match sent {
                    Ok(0) | Err(_) => return End::Closed,
                    Ok(length) => {
                        self.unread.drain(..length);
                        self.unread_since = Instant::now();
                    }
                },
                got = from_peer.read(&mut chunk) => {
                    let Ok(length @ 1..) = got else {
                        return End::Closed;
                    };
                    if self.inbox.is_empty() {
                        self.since = Instant::now();
                    }
                    self.inbox.extend_from_slice(&chunk[..length]);
                    let (passed, end) = self.take();
                    if to_stack.write_all(&passed).await.is_err() {
                        return End::Closed;
                    }
                    if let Some(end) = end {
                        return end;
                    }
                }
                () = tokio::time::sleep_until(due.into()) => return self.overdue(),
            }
            if self.unread.len() > UNREAD_MAX {
                return End::Unread;
            }
        }
    }

    fn owe(&mut self, bytes: &[u8]) {
        if self.unread.is_empty() {
            self.unread_since = Instant::now();
        }
        self.unread.extend_from_slice(bytes);
    }

    /// When the connection has had its time.
    fn due(&self) -> Instant {
        let span = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        let settings = &self.seat.door.settings;
        let waiting = self.proven && self.inbox.is_empty();
        let longest = if waiting {
            settings.connection_idle_max_ms
        } else {
            settings.message_max_ms
        };
        let due = self.since + span(longest);
        if self.unread.is_empty() {
            due
        } else {
            due.min(self.unread_since + UNREAD_TIME)
        }
    }

    fn overdue(&self) -> End {
        if !self.unread.is_empty() && self.unread_since.elapsed() >= UNREAD_TIME {
            End::Unread
        } else if self.proven && self.inbox.is_empty() {
            End::Closed
        } else {
            End::Slow
        }
    }

    /// Takes every whole message out of the inbox: what the stack shall read, and whether this was
    /// the end.
    fn take(&mut self) -> (Vec<u8>, Option<End>) {
        let mut passed = Vec::new();
        loop {
            let length = match frame(&self.inbox) {
                Frame::Wait => return (passed, None),
                Frame::Ping => {
                    self.owe(b"\r\n");
                    self.proven = true;
                    4
                }
                Frame::Blank => 2,
                Frame::Broken(wrong) => {
                    self.count(wrong);
                    self.refuse(self.inbox.len(), wrong);
                    return (passed, Some(End::Broken));
                }
                Frame::Message(length) => {
                    self.pass(length, &mut passed);
                    length
                }
            };
            self.inbox.drain(..length);
            self.since = Instant::now();
            if self.malformed >= MALFORMED_MAX {
                return (passed, Some(End::Broken));
            }
        }
    }

    fn count(&self, wrong: Wrong) {
        let tally = &self.seat.door.tally;
        if wrong == TOO_LARGE {
            tally.oversized.add();
        } else {
            tally.malformed.add();
        }
    }

    fn pass(&mut self, length: usize, passed: &mut Vec<u8>) {
        let message = &self.inbox[..length];
        match self.seat.door.gate.judge(message, self.source) {
            Verdict::Pass(plain) => {
                passed.extend_from_slice(plain.as_deref().unwrap_or(message));
                self.proven = true;
            }
            Verdict::Drop => {}
            Verdict::Refuse(wrong) => {
                if wrong.0 != 405 {
                    self.malformed += 1;
                }
                self.refuse(length, wrong);
            }
        }
    }

    fn refuse(&mut self, length: usize, wrong: Wrong) {
        if let Some(reply) = refusal(&self.inbox[..length], wrong) {
            self.owe(&reply);
        }
    }
}

/// What becomes of a stream: progress, messages within it, and the same ones however it is cut.
#[cfg(any(test, feature = "trials"))]
pub(crate) fn try_framing(bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        let length = match frame(rest) {
            Frame::Wait | Frame::Broken(_) => return,
            Frame::Ping => 4,
            Frame::Blank => 2,
            Frame::Message(length) => {
                assert!(length <= MESSAGE_MAX);
                // No beginning of a message is one itself.
                for cut in [1, length / 2, length - 1] {
                    assert!(!matches!(frame(&rest[..cut]), Frame::Message(_)), "{cut}");
                }
                super::gate::try_reading(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_where_messages_end() {
        let one = b"OPTIONS sip:x SIP/2.0\r\nl : 3\r\n\r\nabc";
        let whole = Frame::Message(one.len());
        for cut in 0..one.len() {
            assert_eq!(frame(&one[..cut]), Frame::Wait, "{cut}");
        }
        assert_eq!(frame(one), whole);
        assert_eq!(frame(&[one.as_slice(), b"OPT"].concat()), whole);
        assert_eq!(frame(b"\r\n\r\nOPT"), Frame::Ping);
        assert_eq!(frame(b"\r\nOPT"), Frame::Blank);
        assert_eq!(frame(b"\r\n\r"), Frame::Wait);
    }

    #[test]
    fn what_has_no_end_is_broken() {
        for length in [
            "",
            "-1",
            "+1",
            "1e3",
            "99999999999999999999",
            "18446744073709551615",
        ] {
            let message = format!("BYE sip:x SIP/2.0\r\nContent-Length: {length}\r\n\r\n");
            let Frame::Broken(Wrong(400, _)) = frame(message.as_bytes()) else {
                panic!("{length}");
            };
        }
        let without = frame(b"BYE sip:x SIP/2.0\r\nVia: x\r\n\r\n");
        assert!(matches!(without, Frame::Broken(Wrong(400, _))));
        let twice = frame(b"BYE sip:x SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\nx");
        assert!(matches!(twice, Frame::Broken(Wrong(400, _))));
        let long = frame(b"BYE sip:x SIP/2.0\r\nl: 9000\r\n\r\n");
        assert_eq!(long, Frame::Broken(TOO_LARGE));
        assert_eq!(frame(&[b'x'; MESSAGE_MAX]), Frame::Broken(TOO_LARGE));
    }
}
