//! Certificates, and who trusts whom.

use crate::support::{Connection, Gateway, PATIENCE, Place, soon};
use calc_ipc_gateway::proto::calculator_client::CalculatorClient;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};
use std::fs;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What is said of a certificate of an authority that calls itself what the right one is called, as all here do.
pub(crate) const FORGED: &str = "DecryptError";

/// Who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// One with this name, for the end of a connection that this is.
    pub(crate) fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Identity {
        self.sign_with(name, usage, |_| ())
    }

    pub(crate) fn client(&self, name: &str) -> Identity {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub(crate) fn server(&self) -> Identity {
        self.sign("localhost", ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// One whose time was over years ago.
    pub(crate) fn expired_client(&self, name: &str) -> Identity {
        self.sign_with(name, ExtendedKeyUsagePurpose::ClientAuth, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    /// One whose name is a URI.
    pub(crate) fn client_with_uri(&self, uri: &str) -> Identity {
        self.sign_with("else", ExtendedKeyUsagePurpose::ClientAuth, |params| {
            params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        })
    }

    fn sign_with(
        &self,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        change(&mut params);
        Identity {
            cert: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Place {
    /// A file with this text, and its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Both files of an identity.
    pub(crate) fn identity(&self, name: &str, identity: &Identity) -> [String; 2] {
        [("cert", &identity.cert), ("key", &identity.key)]
            .map(|(end, text)| self.file(&format!("{name}.{end}"), text))
    }
}

/// What a client trusts, and what it shows.
#[derive(Clone)]
pub(crate) struct Caller(TlsConnector);

impl Caller {
    pub(crate) fn new(trusts: &Authority, shows: Option<&Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&trusts.pem)).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shows {
            Some(Identity { cert, key }) => {
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                let chain = vec![certificate(cert)];
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// A connection. One of TLS 1.3 that shows a wrong certificate is refused later.
    pub(crate) async fn open(&self, gateway: &Gateway) -> io::Result<TlsStream<TcpStream>> {
        self.open_at(&gateway.address).await
    }

    async fn open_at(&self, address: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        self.0.connect(name, stream).await
    }

    pub(crate) async fn calculator(&self, gateway: &Gateway) -> CalculatorClient<Connection> {
        self.calculator_at(&gateway.address).await
    }

    pub(crate) async fn calculator_at(&self, address: &str) -> CalculatorClient<Connection> {
        let stream = soon("a handshake", self.open_at(address)).await.unwrap();
        CalculatorClient::new(Connection::over(stream, address).await.unwrap())
    }

    /// How the gateway ends a connection over which nothing is said. It takes one that is good, and this fails.
    pub(crate) async fn refusal(&self, gateway: &Gateway) -> String {
        let ended = async {
            let mut stream = self.open(gateway).await?;
            // The gateway speaks first, if it is ready to speak HTTP/2.
            stream.read(&mut [0; 64]).await
        };
        match timeout(PATIENCE, ended).await {
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(length)) => panic!("it was let in, and given {length} bytes"),
            Err(_) => panic!("nobody says anything"),
        }
    }

    /// The certificate that the gateway shows.
    pub(crate) async fn shown(&self, gateway: &Gateway) -> CertificateDer<'static> {
        let stream = soon("a handshake", self.open(gateway)).await.unwrap();
        let certificates = stream.get_ref().1.peer_certificates().unwrap();
        certificates[0].clone().into_owned()
    }
}

pub(crate) fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}
