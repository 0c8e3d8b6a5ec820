//! TLS under the frames: certificates from PEM files, read again when they change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use wubbo_core::{Error, ErrorKind};

/// How often a provider looks whether its files changed, at most.
const LOOK: Duration = Duration::from_secs(1);

/// Where the certificates of both roles are, in PEM; the names are Dubbo's. They count where a URL says `ssl-enabled=true`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SslConfig {
    /// The provider's certificate, then the ones that sign it. A listener with `ssl-enabled=true` needs it.
    pub server_key_cert_chain_path: Option<PathBuf>,
    /// The provider's private key, not encrypted. A listener with `ssl-enabled=true` needs it.
    pub server_private_key_path: Option<PathBuf>,
    /// Who may sign consumers' certificates. With it every consumer must have one (mutual TLS); default: none is asked for.
    pub server_trust_cert_collection_path: Option<PathBuf>,
    /// The consumer's certificate, then the ones that sign it. Default: it shows none.
    pub client_key_cert_chain_path: Option<PathBuf>,
    /// The consumer's private key, not encrypted. Default: none.
    pub client_private_key_path: Option<PathBuf>,
    /// Who may sign providers' certificates. Default: the system's own list, or what the environment's `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name; it is read once.
    pub client_trust_cert_collection_path: Option<PathBuf>,
}

/// A provider's side of TLS.
#[derive(Debug)]
pub(crate) struct Provider {
    files: SslConfig,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    stamps: Vec<Stamp>,
    looked: Instant,
}

impl Provider {
    /// # Errors
    /// [`ErrorKind::Config`]: a file that is missing or of no use, by name.
    pub(crate) fn new(files: &SslConfig) -> Result<Self, Error> {
        let current = Current {
            stamps: stamps(files),
            config: server_config(files)?,
            looked: Instant::now(),
        };
        Ok(Self {
            files: files.clone(),
            current: Mutex::new(current),
        })
    }

    /// Shakes hands with a consumer.
    ///
    /// # Errors
    /// It speaks no TLS, or shows no certificate that counts here.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.config()).accept(stream).await
    }

    /// What the files say now; what they said before while they cannot be used.
    fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOK {
            current.looked = Instant::now();
            let stamps = stamps(&self.files);
            if stamps != current.stamps {
                // Remembered either way: bad files are told of once, until they change again.
                current.stamps = stamps;
                match server_config(&self.files) {
                    Ok(config) => {
                        tracing::info!("new certificates are used");
                        current.config = config;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "new certificates cannot be used; the old ones stay");
                    }
                }
            }
        }
        current.config.clone()
    }
}

/// A consumer's handshake with the provider at `host`. The files are read each time, so that what changed counts from the next
/// connection on.
///
/// # Errors
/// A file that is of no use, or a provider that speaks no TLS, shows no certificate that counts here, or refuses ours.
pub(crate) async fn connect(
    files: &SslConfig,
    host: &str,
    stream: TcpStream,
) -> io::Result<client::TlsStream<TcpStream>> {
    let config = client_config(files).map_err(io::Error::other)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| io::Error::new(error.kind(), format!("TLS: {error}")))
}

/// Whether a consumer's files can be used.
///
/// # Errors
/// As [`Provider::new`].
pub(crate) fn check_client(files: &SslConfig) -> Result<(), Error> {
    client_config(files).map(drop)
}

fn server_config(files: &SslConfig) -> Result<Arc<ServerConfig>, Error> {
    let chain = required(
        &files.server_key_cert_chain_path,
        "server_key_cert_chain_path",
    )?;
    let key = required(&files.server_private_key_path, "server_private_key_path")?;
    let builder = ServerConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .map_err(unusable(chain))?;
    let builder = match &files.server_trust_cert_collection_path {
        None => builder.with_no_client_auth(),
        Some(trusted) => {
            let roots = Arc::new(roots(trusted)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, crypto());
            builder.with_client_cert_verifier(verifier.build().map_err(unusable(trusted))?)
        }
    };
    let config = builder.with_single_cert(certificates(chain)?, private_key(key)?);
    config.map(Arc::new).map_err(unusable(key))
}

fn client_config(files: &SslConfig) -> Result<Arc<ClientConfig>, Error> {
    let trusted = match &files.client_trust_cert_collection_path {
        Some(trusted) => Arc::new(roots(trusted)?),
        None => system_roots()?,
    };
    let builder = ClientConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?
        .with_root_certificates(trusted);
    let Some(chain) = &files.client_key_cert_chain_path else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let key = required(&files.client_private_key_path, "client_private_key_path")?;
    let config = builder.with_client_auth_cert(certificates(chain)?, private_key(key)?);
    config.map(Arc::new).map_err(unusable(key))
}

fn crypto() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn required<'a>(path: &'a Option<PathBuf>, name: &str) -> Result<&'a Path, Error> {
    path.as_deref().ok_or_else(|| {
        let message = format!("ssl-enabled=true needs {name}: a file in PEM");
        Error::new(ErrorKind::Config, message)
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all {
        Ok(all) if all.is_empty() => Err(unusable(path)("no certificate is in it")),
        Ok(all) => Ok(all),
        Err(error) => Err(unusable(path)(error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let key = PrivateKeyDer::from_pem_file(path);
    key.map_err(|error| {
        let text = format!("{error}; a private key that is not encrypted is wanted");
        unusable(path)(text)
    })
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(unusable(path))?;
    }
    Ok(roots)
}

/// Whom the system trusts. Certificates that cannot be read are left out: such lists hold what others put there.
fn system_roots() -> Result<Arc<RootCertStore>, Error> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why: String = found.errors.iter().map(|e| format!(" ({e})")).collect();
        let message = format!(
            "ssl-enabled=true: this system has no list of trusted certificates{why}; name a file in PEM as client_trust_cert_collection_path"
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(ROOTS.get_or_init(|| Arc::new(roots)).clone())
}

fn unusable<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Error {
    move |error| Error::new(ErrorKind::Config, format!("{}: {error}", path.display()))
}

/// What tells a file from the one that was there before: time, length and identity, through links.
type Stamp = Option<(SystemTime, u64, u64)>;

fn stamps(files: &SslConfig) -> Vec<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let paths = [
        &files.server_key_cert_chain_path,
        &files.server_private_key_path,
        &files.server_trust_cert_collection_path,
    ];
    let stamp = |path: &Option<PathBuf>| {
        let metadata = fs::metadata(path.as_deref()?).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    paths.into_iter().map(stamp).collect()
}
