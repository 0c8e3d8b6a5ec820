//! TLS of a Java peer.

use std::path::Path;

/// Who must show a certificate. A Java consumer always has one: without it Dubbo speaks no TLS at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// The provider.
    OneWay,
    /// Both.
    Mutual,
}

/// A peer's files: `server.pem`, `server.key`, `client.pem`, `client.key`, and `signer.pem`, whom both trust.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// Where they lie.
    pub folder: &'a Path,
    /// Who must show one.
    pub auth: Auth,
}

impl Tls<'_> {
    /// The flags of the Java program. A folder whose name is no Unicode is not found.
    pub(super) fn flags(&self) -> [&str; 4] {
        let auth = match self.auth {
            Auth::OneWay => "one-way",
            Auth::Mutual => "mutual",
        };
        let folder = self.folder.to_str().unwrap_or("no Unicode");
        ["--ssl", folder, "--ssl-auth", auth]
    }
}
