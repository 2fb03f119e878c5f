//! Whom a connection of the house trusts: the system's authorities, or the one a city names.
//! Never a certificate of the house's own.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Why nobody can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusting {
    /// The file of the authority is not there or no PEM.
    #[error("the authority cannot be read")]
    Unread,
    /// Neither the file nor the system has a certificate.
    #[error("there is no certificate to trust; are the system's installed?")]
    Empty,
}

/// What opens TLS to whoever shows a certificate of the authority, or of the system's.
pub(crate) fn connector(authority: Option<&Path>) -> Result<TlsConnector, Untrusting> {
    let mut trusted = RootCertStore::empty();
    if let Some(path) = authority {
        let certificates = CertificateDer::pem_file_iter(path).map_err(|_| Untrusting::Unread)?;
        trusted.add_parsable_certificates(certificates.flatten());
    } else {
        trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if trusted.is_empty() {
        return Err(Untrusting::Empty);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
