//! Mail from a mailbox by IMAP (RFC 9051), for a city without a relay of its own: new mail is
//! fetched as the server tells of it, and marked once it is durable. Never deletes what was not
//! recorded.

use crate::digest::hex;
use crate::inlet::{Inlet, Inward, NotTaken};
use crate::letter::DeadLetter;
use crate::mail::limit::MESSAGE_BYTES_MAX;
use crate::mail::reading::{Envelope, Reader};
use crate::mail::settings::{MailboxSettings, Security, WrongSetting};
use crate::tls::{self, Untrusting};
use async_imap::extensions::idle::IdleResponse;
use async_imap::{Client, Session};
use futures_util::TryStreamExt;
use rustls::pki_types::ServerName;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a server may take for an answer; a large message takes some time on a thin line.
const ANSWER: Duration = Duration::from_mins(2);
/// How long the server is waited for before looks are taken anyway: what it forgot to tell is
/// found then. RFC 9051 allows 29 minutes.
const IDLE: Duration = Duration::from_mins(5);
const BACK_OFF_MIN: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_mins(5);
/// What is kept of a message too large to be fetched.
const HEAD_BYTES: usize = 64 * 1024;

/// Why a visit to the mailbox ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Imap(#[from] async_imap::error::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the server does not answer")]
    Silent,
    #[error("the server ended the conversation")]
    Closed,
    #[error("the record cannot be written right now")]
    Unwritten,
    #[error("the center is shutting down")]
    Stopped,
}

impl From<tokio::time::error::Elapsed> for Ended {
    fn from(_: tokio::time::error::Elapsed) -> Ended {
        Ended::Silent
    }
}

trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Stream for T {}

type Open = Session<Box<dyn Stream>>;

/// A mailbox that is read.
pub struct Mailbox {
    settings: MailboxSettings,
    reader: Reader,
    inlet: Inlet,
    tls: Option<TlsConnector>,
    /// What is recorded and could not be marked: validity of the UIDs and the UID. Without it a
    /// mailbox that takes no marks would be read again and again.
    recorded: BTreeSet<(u32, u32)>,
}

/// What a server can do beyond the least.
#[derive(Clone, Copy, Debug)]
struct Able {
    idle: bool,
    moves: bool,
    uidplus: bool,
}

impl Mailbox {
    /// With its settings; reads certificates.
    pub fn new(
        settings: MailboxSettings,
        reader: Reader,
        inlet: Inlet,
    ) -> Result<Mailbox, WrongSetting> {
        let tls = match settings.security {
            Security::None => None,
            _ => Some(trust(&settings)?),
        };
        Ok(Mailbox {
            settings,
            reader,
            inlet,
            tls,
            recorded: BTreeSet::new(),
        })
    }

    /// Reads until the center stops. A line that breaks is opened again, later and later.
    pub async fn run(mut self) {
        let mut back_off = BACK_OFF_MIN;
        loop {
            let mut reached = false;
            let ended = match self.visit(&mut reached).await {
                Ok(()) => Ended::Closed,
                Err(ended) => ended,
            };
            if matches!(ended, Ended::Stopped) {
                return;
            }
            if reached {
                back_off = BACK_OFF_MIN;
            }
            // Server texts may repeat addresses: only the kind is told.
            tracing::warn!(
                kind = kind(&ended),
                wait_ms = back_off.as_millis(),
                "mailbox"
            );
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF_MAX);
        }
    }

    async fn connect(&self) -> Result<Open, Ended> {
        let MailboxSettings { host, port, .. } = &self.settings;
        let tcp = timeout(ANSWER, TcpStream::connect((host.as_str(), *port))).await??;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                Box::new(timeout(ANSWER, tls.connect(name, tcp)).await??)
            }
        };
        let mut client = Client::new(stream);
        timeout(ANSWER, client.read_response())
            .await??
            .ok_or(Ended::Closed)?;
        let password = self.settings.password.expose();
        let signed_in = client.login(&self.settings.user, password);
        Ok(timeout(ANSWER, signed_in)
            .await?
            .map_err(|(error, _)| error)?)
    }

    /// One connection, from greeting to its end.
    async fn visit(&mut self, reached: &mut bool) -> Result<(), Ended> {
        let mut session = self.connect().await?;
        let capabilities = timeout(ANSWER, session.capabilities()).await??;
        let able = Able {
            idle: capabilities.has_str("IDLE"),
            moves: capabilities.has_str("MOVE"),
            uidplus: capabilities.has_str("UIDPLUS"),
        };
        let folder = timeout(ANSWER, session.select(&self.settings.folder)).await??;
        // UIDs mean something only together with this number, and never beyond it.
        let validity = folder.uid_validity.unwrap_or(0);
        self.recorded.retain(|(known, _)| *known == validity);
        loop {
            while self.take_new(&mut session, validity, able).await? > 0 {
                *reached = true;
            }
            *reached = true;
            session = self.wait(session, able).await?;
        }
    }

    /// Waits until the server tells of something, or for a while.
    async fn wait(&self, mut session: Open, able: Able) -> Result<Open, Ended> {
        if !able.idle {
            tokio::time::sleep(Duration::from_secs(self.settings.poll_s)).await;
            timeout(ANSWER, session.noop()).await??;
            return Ok(session);
        }
        let mut idle = session.idle();
        timeout(ANSWER, idle.init()).await??;
        let (told, _stop) = idle.wait_with_timeout(IDLE);
        if matches!(told.await?, IdleResponse::ManualInterrupt) {
            return Err(Ended::Closed);
        }
        Ok(timeout(ANSWER, idle.done()).await??)
    }

    /// Takes what is new, oldest first; how many there were.
    async fn take_new(
        &mut self,
        session: &mut Open,
        validity: u32,
        able: Able,
    ) -> Result<usize, Ended> {
        let query = match self.settings.done {
            Some(_) => "UNDELETED",
            None => "UNSEEN UNDELETED",
        };
        let found = timeout(ANSWER, session.uid_search(query)).await??;
        let found: BTreeSet<u32> = found
            .into_iter()
            .filter(|uid| !self.recorded.contains(&(validity, *uid)))
            .collect();
        for uid in &found {
            self.take(session, *uid).await?;
            self.recorded.insert((validity, *uid));
            self.mark(session, *uid, able).await?;
        }
        Ok(found.len())
    }

    /// Fetches a message and hands it in; returns once it is durable.
    async fn take(&self, session: &mut Open, uid: u32) -> Result<(), Ended> {
        let sizes = fetch(session, uid, "(UID RFC822.SIZE)").await?;
        let Some((_, size)) = sizes else {
            // Gone since: somebody else's program moved it.
            return Ok(());
        };
        let inward = if size > MESSAGE_BYTES_MAX {
            let head = fetch(session, uid, &format!("(UID BODY.PEEK[]<0.{HEAD_BYTES}>)")).await?;
            Some(self.too_large(head.map(|(body, _)| body).unwrap_or_default()))
        } else {
            let whole = fetch(session, uid, "(UID BODY.PEEK[])").await?;
            match whole {
                Some((raw, _)) => Some(self.read(raw).await),
                None => None,
            }
        };
        let Some(inward) = inward else { return Ok(()) };
        match self.inlet.hand_in(inward).await {
            Ok(_) => Ok(()),
            Err(NotTaken::Unwritten) => Err(Ended::Unwritten),
            Err(NotTaken::Stopped) => Err(Ended::Stopped),
        }
    }

    async fn read(&self, raw: Vec<u8>) -> Inward {
        let raw: Arc<[u8]> = raw.into();
        let (kept, reader) = (Arc::clone(&raw), self.reader.clone());
        let read = move || reader.read(&raw, &Envelope::default()).inward;
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|_| self.reader.unreadable(&kept))
    }

    fn too_large(&self, head: Vec<u8>) -> Inward {
        Inward::DeadLetter(DeadLetter {
            via: self.reader.via().to_owned(),
            key: format!("sha256:{}", hex(&Sha256::digest(&head))),
            reason: "mail.too_large",
            bytes: head,
        })
    }

    /// Marks what is recorded, or moves it away.
    async fn mark(&self, session: &mut Open, uid: u32, able: Able) -> Result<(), Ended> {
        let uid = uid.to_string();
        let Some(done) = &self.settings.done else {
            return flag(session, &uid, "+FLAGS.SILENT (\\Seen)").await;
        };
        if able.moves {
            timeout(ANSWER, session.uid_mv(&uid, done)).await??;
            return Ok(());
        }
        timeout(ANSWER, session.uid_copy(&uid, done)).await??;
        flag(session, &uid, "+FLAGS.SILENT (\\Seen \\Deleted)").await?;
        if able.uidplus {
            let expunged = session.uid_expunge(&uid).await?;
            timeout(ANSWER, expunged.try_collect::<Vec<_>>()).await??;
        }
        // Without UIDPLUS the mark must do: EXPUNGE would remove what others marked.
        Ok(())
    }
}

async fn flag(session: &mut Open, uid: &str, flags: &str) -> Result<(), Ended> {
    let stored = session.uid_store(uid, flags).await?;
    timeout(ANSWER, stored.try_collect::<Vec<_>>()).await??;
    Ok(())
}

/// Body and size of a message, as far as asked for.
async fn fetch(
    session: &mut Open,
    uid: u32,
    what: &str,
) -> Result<Option<(Vec<u8>, usize)>, Ended> {
    let asked = session.uid_fetch(uid.to_string(), what);
    let fetched = timeout(ANSWER, asked).await??;
    let fetched: Vec<_> = timeout(ANSWER, fetched.try_collect()).await??;
    let found = fetched.iter().find(|fetched| fetched.uid == Some(uid));
    Ok(found.map(|found| {
        let body = found.body().unwrap_or_default().to_vec();
        (body, found.size.unwrap_or(0) as usize)
    }))
}

fn trust(settings: &MailboxSettings) -> Result<TlsConnector, WrongSetting> {
    let trusted = tls::connector(settings.authority.as_deref());
    trusted.map_err(|untrusting| WrongSetting {
        key: "mailbox.authority",
        why: match untrusting {
            Untrusting::Unread => "cannot be read",
            Untrusting::Empty => "holds no certificate; are the system's installed?",
        },
    })
}

fn kind(ended: &Ended) -> &'static str {
    use async_imap::error::Error;
    match ended {
        Ended::Imap(Error::No(_)) => "refused",
        Ended::Imap(Error::Bad(_)) => "not understood",
        Ended::Imap(Error::ConnectionLost) | Ended::Closed => "closed",
        Ended::Imap(Error::Io(_)) | Ended::Io(_) => "unreachable",
        Ended::Imap(_) => "unreadable answer",
        Ended::Silent => "silent",
        Ended::Unwritten => "record cannot be written",
        Ended::Stopped => "stopped",
    }
}
