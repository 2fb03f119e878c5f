//! The line to a gateway: TCP, or TLS over it. Never a word of SMPP.

use crate::sms::smpp::Settings;
use crate::tls::{self, Untrusting};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Octets read from the line at a time.
const READ_AHEAD: usize = 32 * 1024;

pub(crate) type Reader = BufReader<Box<dyn AsyncRead + Send + Unpin>>;
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Both ends of an open line.
pub(crate) struct Line {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
}

/// Why a line cannot be opened as set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unset {
    /// There is nobody to trust.
    #[error(transparent)]
    Untrusting(#[from] Untrusting),
    /// The certificate's owner cannot be told.
    #[error("`address` has no host that a certificate can name; set `server_name`")]
    Nameless,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    #[error("no connection")]
    Unreachable,
    /// Nothing was said: neither account nor password left the house.
    #[error("TLS was refused, nothing was said: {0}")]
    Untrusted(String),
}

/// How lines are opened.
#[derive(Clone)]
pub(crate) struct Opener {
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Opener {
    pub(crate) fn new(settings: &Settings) -> Result<Opener, Unset> {
        let address = settings.address.clone();
        let tls = if settings.tls {
            let connector = tls::connector(settings.authority.as_deref())?;
            let host = address.rsplit_once(':').map_or("", |(host, _)| host);
            let host = host.trim_matches(['[', ']']);
            let name = settings.server_name.as_deref().unwrap_or(host).to_owned();
            let name = ServerName::try_from(name).map_err(|_| Unset::Nameless)?;
            Some((connector, name))
        } else {
            None
        };
        Ok(Opener { address, tls })
    }

    pub(crate) async fn open(&self) -> Result<Line, Closed> {
        let unreachable = |_| Closed::Unreachable;
        let tcp = TcpStream::connect(&self.address)
            .await
            .map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        Ok(match &self.tls {
            None => {
                let (reader, writer) = tcp.into_split();
                Line::of(reader, writer)
            }
            Some((connector, name)) => {
                let opened = connector.connect(name.clone(), tcp).await;
                let stream = opened.map_err(|why| Closed::Untrusted(why.to_string()))?;
                let (reader, writer) = tokio::io::split(stream);
                Line::of(reader, writer)
            }
        })
    }
}

impl Line {
    fn of(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Line {
        Line {
            reader: BufReader::with_capacity(READ_AHEAD, Box::new(reader)),
            writer: Box::new(writer),
        }
    }
}
