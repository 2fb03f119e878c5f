//! The certificate that the pages show, read from files and read again when they are renewed. Never
//! a connection.

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Files of a certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate of this house and those between it and the authority.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// How often the files are looked at.
    pub look_every: Duration,
}

impl Certificate {
    /// Whether it can be shown.
    pub fn check(&self) -> Result<(), CertificateFault> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        read(self, &provider).map(|_| ())
    }
}

/// Why a certificate cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// A file is not there, not readable or no PEM.
    #[error("{}: {why}", file.display())]
    Unread {
        /// File.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The two do not belong together, or the key is of a kind that nobody uses.
    #[error("{} with {}: {why}", chain.display(), key.display())]
    Unfit {
        /// Certificate.
        chain: PathBuf,
        /// Key.
        key: PathBuf,
        /// Why.
        why: String,
    },
}

/// What is shown now.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

/// How connections are secured; a renewed certificate is shown from the next one on.
pub(crate) fn secured(
    certificate: &Certificate,
    stop: watch::Receiver<bool>,
) -> Result<Arc<ServerConfig>, CertificateFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let changed = changed(certificate);
    let read = read(certificate, &provider)?;
    let shown = Arc::new(Shown(RwLock::new(Arc::new(read))));
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    tokio::spawn(renew(certificate.clone(), provider, shown, changed, stop));
    Ok(Arc::new(config))
}

/// Shows what lies in the files whenever they change. What does not fit (only one of the two may
/// have been written yet) is looked at again; until then the old one is shown.
async fn renew(
    certificate: Certificate,
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
    mut known: Changed,
    mut stop: watch::Receiver<bool>,
) {
    let mut warned = None;
    loop {
        tokio::select! {
            () = crate::site::closing(&mut stop) => return,
            () = tokio::time::sleep(certificate.look_every) => {}
        }
        let found = changed(&certificate);
        if found == known {
            continue;
        }
        match read(&certificate, &provider) {
            Ok(read) => {
                *shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                (known, warned) = (found, None);
                tracing::info!("a renewed certificate is shown");
            }
            Err(fault) if warned.as_ref() != Some(&fault) => {
                tracing::warn!(%fault, "the old certificate is shown on");
                warned = Some(fault);
            }
            Err(_) => {}
        }
    }
}

/// When the two files were changed.
type Changed = [Option<SystemTime>; 2];

fn changed(certificate: &Certificate) -> Changed {
    [&certificate.chain, &certificate.key].map(|file| {
        let about = std::fs::metadata(file).ok()?;
        about.modified().ok()
    })
}

fn read(
    certificate: &Certificate,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateFault> {
    let Certificate { chain, key, .. } = certificate;
    let unread = |file: &Path, error: &rustls::pki_types::pem::Error| CertificateFault::Unread {
        file: file.to_owned(),
        why: match error {
            rustls::pki_types::pem::Error::Io(error) => error.to_string(),
            rustls::pki_types::pem::Error::NoItemsFound => "nothing of this kind in it".to_owned(),
            error => error.to_string(),
        },
    };
    let shown: Result<Vec<_>, _> = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect);
    let shown = shown.map_err(|error| unread(chain, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, &error))?;
    CertifiedKey::from_der(shown, secret, provider).map_err(|error| CertificateFault::Unfit {
        chain: chain.clone(),
        key: key.clone(),
        why: error.to_string(),
    })
}
