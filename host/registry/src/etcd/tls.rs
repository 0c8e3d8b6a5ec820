//! The certificates of a connection: read for each, so that files that changed count from the next one on.

use std::fs;
use std::path::Path;

use etcd_client::{Certificate, Identity, TlsOptions};

use crate::tree::tls::Tls;

/// What the library needs.
///
/// # Errors
/// A file that cannot be read, by name.
pub(super) fn options(tls: &Tls) -> Result<TlsOptions, String> {
    let options = match &tls.trusted {
        Some(trusted) => TlsOptions::new().ca_certificate(Certificate::from_pem(read(trusted)?)),
        None => TlsOptions::new().with_native_roots(),
    };
    Ok(match &tls.own {
        Some((chain, key)) => options.identity(Identity::from_pem(read(chain)?, read(key)?)),
        None => options,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
