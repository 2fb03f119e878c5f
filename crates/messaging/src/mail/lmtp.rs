//! The listener for mail from the city's relay: LMTP and SMTP over TCP. A message is acknowledged
//! once it is durable. No TLS: it stands on loopback or in the city's own network. Never a relay.

use crate::inlet::{Inlet, NotTaken};
use crate::mail::limit::MESSAGE_BYTES_MAX;
use crate::mail::reading::{Envelope, Reader};
use crate::mail::session::{Answer, COMMAND_BYTES_MAX, Payload, Session, Transaction};
use crate::mail::settings::{ListenerSettings, Protocol};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// A peer that sends this much of a message too large is hung up on.
const DISCARDED_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
const CHUNK_BYTES: usize = 16 * 1024;

/// Serves until dropped; open conversations end with it, and what was not acknowledged comes
/// again.
pub async fn serve(
    listener: TcpListener,
    settings: ListenerSettings,
    reader: Reader,
    inlet: Inlet,
) {
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let settings = Arc::new(settings);
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of descriptors: the next ones are free in a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let allowed = settings.sources.iter().any(|net| net.contains(peer.ip()));
        if !allowed {
            tracing::warn!(peer = %peer.ip(), "mail from a source that may not connect");
            open.spawn(refuse(stream, "554 5.7.1 not allowed\r\n"));
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            open.spawn(refuse(stream, "421 4.3.2 busy\r\n"));
            continue;
        };
        let (settings, reader, inlet) = (Arc::clone(&settings), reader.clone(), inlet.clone());
        open.spawn(async move {
            let _place = place;
            let end = converse(stream, &settings, &reader, &inlet).await;
            tracing::debug!(error = ?end.err(), "mail connection ended");
        });
    }
}

async fn refuse(mut stream: TcpStream, words: &'static str) {
    let _ = stream.write_all(words.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A stream with its bounds in time.
struct Line {
    stream: TcpStream,
    held: Vec<u8>,
    idle: Duration,
    end: Instant,
}

impl Line {
    /// More bytes, or the end of the peer's patience or ours.
    async fn more(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let until = (Instant::now() + self.idle).min(self.end);
        let read = timeout_at(until, self.stream.read(&mut chunk)).await??;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.held.extend_from_slice(&chunk[..read]);
        Ok(())
    }

    async fn say(&mut self, words: &str) -> io::Result<()> {
        let until = (Instant::now() + self.idle).min(self.end);
        timeout_at(until, self.stream.write_all(words.as_bytes())).await?
    }

    /// The next command without its CRLF; nothing when it is too long.
    async fn command(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self.held.windows(2).position(|pair| pair == b"\r\n") {
                let mut line: Vec<u8> = self.held.drain(..at + 2).collect();
                line.truncate(at);
                return Ok((at <= COMMAND_BYTES_MAX).then_some(line));
            }
            if self.held.len() > COMMAND_BYTES_MAX {
                return Ok(None);
            }
            self.more().await?;
        }
    }

    /// A whole message; nothing when the peer does not stop.
    async fn payload(&mut self) -> io::Result<Option<Payload>> {
        let mut payload = Payload::default();
        loop {
            let (used, ended) = payload.take(&self.held);
            self.held.drain(..used);
            if ended {
                return Ok(Some(payload));
            }
            if payload.received > DISCARDED_BYTES_MAX {
                return Ok(None);
            }
            self.more().await?;
        }
    }
}

async fn converse(
    stream: TcpStream,
    settings: &ListenerSettings,
    reader: &Reader,
    inlet: &Inlet,
) -> io::Result<()> {
    let mut line = Line {
        stream,
        held: Vec::new(),
        idle: Duration::from_secs(settings.idle_s),
        end: Instant::now() + Duration::from_secs(settings.session_s),
    };
    let mut session = Session::new(settings.protocol, &settings.hostname, reader);
    line.say(&session.greeting()).await?;
    loop {
        let command = match line.command().await {
            Ok(command) => command,
            Err(error) => {
                if error.kind() == io::ErrorKind::TimedOut {
                    let _ = line.stream.write_all(b"421 4.4.2 too slow\r\n").await;
                }
                return Err(error);
            }
        };
        let Some(command) = command else {
            return line.say("500 5.5.2 line too long\r\n").await;
        };
        match session.command(&command) {
            Answer::Say(words) => line.say(&words).await?,
            Answer::Close(words) => return line.say(&words).await,
            Answer::Data(words) => {
                line.say(&words).await?;
                let Some(payload) = line.payload().await? else {
                    return line.say("552 5.3.4 message too large\r\n").await;
                };
                let transaction = session.take();
                let answers = taken(payload, &transaction, reader, inlet).await;
                line.say(&said(&answers, settings.protocol)).await?;
            }
        }
    }
}

/// LMTP answers for each recipient in their order, SMTP once: then the least good one holds, and
/// what was taken already is known when it comes again.
fn said(answers: &[&'static str], protocol: Protocol) -> String {
    match protocol {
        Protocol::Lmtp => answers.concat(),
        Protocol::Smtp => {
            let bad = answers.iter().find(|words| !words.starts_with('2'));
            bad.or(answers.first()).copied().unwrap_or(LATER).to_owned()
        }
    }
}

const TAKEN: &str = "250 2.0.0 recorded\r\n";
const LATER: &str = "451 4.3.0 not recorded, try again\r\n";
const CLOSING: &str = "421 4.3.2 closing\r\n";

/// Hands a message in, once per contact that its recipients name; an answer per recipient.
async fn taken(
    payload: Payload,
    transaction: &Transaction,
    reader: &Reader,
    inlet: &Inlet,
) -> Vec<&'static str> {
    let count = transaction.recipients.len();
    if payload.too_large {
        return vec!["552 5.3.4 message too large\r\n"; count];
    }
    if payload.mixed_line_ends {
        return vec!["554 5.6.0 line ends are not CRLF\r\n"; count];
    }
    let raw: Arc<[u8]> = payload.into_bytes().into();
    let mut by_contact = std::collections::BTreeMap::new();
    let named: Vec<_> = transaction
        .recipients
        .iter()
        .map(|to| reader.names(to).map(|named| named.contact))
        .collect();
    // An address without a token beside one with a token means the same contact.
    let first_named = named.iter().flatten().next().copied();
    let mut answers = Vec::with_capacity(count);
    for (to, contact) in transaction.recipients.iter().zip(&named) {
        let contact = contact.or(first_named);
        if let Some(answer) = by_contact.get(&contact) {
            answers.push(*answer);
            continue;
        }
        let at = named.iter().position(|named| *named == contact);
        let recipient = at.map_or(to, |at| &transaction.recipients[at]);
        let envelope = Envelope {
            sender: transaction.sender.clone(),
            recipient: Some(recipient.clone()),
        };
        let answer = hand_in(Arc::clone(&raw), envelope, reader.clone(), inlet).await;
        by_contact.insert(contact, answer);
        answers.push(answer);
    }
    answers
}

async fn hand_in(
    raw: Arc<[u8]>,
    envelope: Envelope,
    reader: Reader,
    inlet: &Inlet,
) -> &'static str {
    // Taking 25 MB apart would hold up everything else on this thread.
    let (kept, careful) = (Arc::clone(&raw), reader.clone());
    let read = tokio::task::spawn_blocking(move || reader.read(&raw, &envelope).inward).await;
    let inward = read.unwrap_or_else(|_| careful.unreadable(&kept));
    match inlet.hand_in(inward).await {
        Ok(_) => TAKEN,
        Err(NotTaken::Unwritten) => LATER,
        Err(NotTaken::Stopped) => CLOSING,
    }
}
