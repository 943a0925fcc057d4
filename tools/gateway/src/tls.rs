//! TLS towards clients: who the gateway is, and whose certificates it takes. It is rustls, as tonic has it.

mod names;

use crate::cli::Guard;
use names::Named;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// What is spoken inside, by its name of RFC 7301.
const HTTP2: &[u8] = b"h2";

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What takes connections as the files say, if there are any.
pub fn acceptor(guard: &Guard) -> Result<Option<TlsAcceptor>, String> {
    let (Some(cert), Some(key)) = (&guard.tls_cert, &guard.tls_key) else {
        return Ok(None);
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &guard.client_ca {
        Some(file) => {
            let verifier = client_verifier(file, &guard.allow_san, provider)?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let chain = certificates("--tls-cert", cert)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of("--tls-key", key, error))?;
    let mut config = builder
        .with_single_cert(chain, private)
        .map_err(|error| of("--tls-cert", cert, format!("with --tls-key: {error}")))?;
    config.alpn_protocols = vec![HTTP2.to_vec()];
    if guard.client_ca.is_some() {
        // A session that is resumed shows no certificate that could have expired since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// Takes a connection, in time.
pub async fn accept(acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(accepted) => accepted,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn client_verifier(
    file: &Path,
    names: &[String],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let failure = |error: &dyn Display| of("--client-ca", file, error);
    let mut roots = RootCertStore::empty();
    for certificate in certificates("--client-ca", file)? {
        roots.add(certificate).map_err(|error| failure(&error))?;
    }
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = built.map_err(|error| failure(&error))?;
    Ok(match names.is_empty() {
        true => verifier,
        false => Arc::new(Named::new(verifier, names)),
    })
}

/// The certificates of a file, of which it has to have one.
pub(crate) fn certificates(
    flag: &str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| of(flag, file, error))?;
    match certificates.is_empty() {
        true => Err(of(flag, file, "it has no certificate in PEM")),
        false => Ok(certificates),
    }
}

fn of(flag: &str, file: &Path, cause: impl Display) -> String {
    format!("{flag} {}: {cause}", file.display())
}
