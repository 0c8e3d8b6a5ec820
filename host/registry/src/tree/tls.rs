//! What an address says about TLS: whether, and with which certificates.

use std::path::PathBuf;

use wubbo_core::{Url, keys};

/// Dubbo's names of the files (`SslConfig`), as parameters of an address.
const TRUSTED: &str = "client-trust-cert-collection-path";
const CHAIN: &str = "client-key-cert-chain-path";
const KEY: &str = "client-private-key-path";

/// The certificates of a client, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Tls {
    /// Who signs the server's certificate; `None`: whom the system trusts.
    pub(crate) trusted: Option<PathBuf>,
    /// Our certificate and its private key.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// `None` when the address does not ask for TLS.
    pub(crate) fn of(url: &Url) -> Result<Option<Self>, String> {
        let [trusted, chain, key] =
            [TRUSTED, CHAIN, KEY].map(|key| url.get(key).map(PathBuf::from));
        if !url.get_bool(keys::SSL_ENABLED, false) {
            let given = [(TRUSTED, trusted), (CHAIN, chain), (KEY, key)];
            return match given.into_iter().find(|(_, path)| path.is_some()) {
                Some((name, _)) => Err(format!(
                    "{name} counts with {}=true only",
                    keys::SSL_ENABLED
                )),
                None => Ok(None),
            };
        }
        let own = match (chain, key) {
            (Some(chain), Some(key)) => Some((chain, key)),
            (None, None) => None,
            _ => return Err(format!("{CHAIN} and {KEY} are needed together")),
        };
        Ok(Some(Self { trusted, own }))
    }
}
