//! TLS to etcd, one-way and mutual: who is let in, and what is said to who is not.

use std::path::{Path, PathBuf};

use wubbo_core::ErrorKind;

use crate::certificates::certificates;
use crate::raw::Raw;
use crate::rounds::{connected, open, registered};
use crate::server::{Kind, Server, free_port};
use crate::sessions::entry;

/// Where an entry of the tests lies.
const PROVIDERS: &str = "/dubbo/a.B/providers";

/// A server that is spoken to under TLS at a second port.
struct Secure {
    server: Server,
    port: u16,
    files: tempfile::TempDir,
}

impl Secure {
    /// One that is `mutual` wants a certificate of its clients.
    fn start(mutual: bool) -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        certificates(files.path());
        let mut server = Server::prepared(Kind::Etcd, |_| ())?;
        let port = free_port();
        let clear = server.port;
        let listen = format!("http://127.0.0.1:{clear},https://127.0.0.1:{port}");
        let path = |file: &str| files.path().join(file).display().to_string();
        server.further(&["--listen-client-urls", &listen]);
        server.further(&["--cert-file", &path("server.pem")]);
        server.further(&["--key-file", &path("server.key")]);
        if mutual {
            server.further(&["--client-cert-auth", "--trusted-ca-file"]);
            server.further(&[&path("signer.pem")]);
        }
        server.start();
        Some(Self {
            server,
            port,
            files,
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// An address with who is trusted, and further parameters.
    fn address(&self, trusted: &Path, further: &str) -> String {
        let (port, trusted) = (self.port, trusted.display());
        format!(
            "etcd3://127.0.0.1:{port}?ssl-enabled=true&client-trust-cert-collection-path={trusted}&timeout=4s{further}"
        )
    }

    /// The parameters of a client that shows a certificate.
    fn own(&self) -> String {
        let [chain, key] = ["client.pem", "client.key"].map(|name| self.file(name));
        format!(
            "&client-key-cert-chain-path={}&client-private-key-path={}",
            chain.display(),
            key.display()
        )
    }
}

/// Registers and sees the entry as somebody else finds it.
async fn is_let_in(secure: &Secure, address: &str) {
    let registry = connected(address).await;
    registered(&registry, &entry(11)).await;
    let raw = Raw::to(&secure.server).await;
    assert_eq!(raw.children(PROVIDERS).await.len(), 1);
}

/// What is said to who cannot register.
async fn is_refused(address: &str) -> String {
    let registry = open(address).await;
    let error = registry.register(&entry(12)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Registry);
    error.report()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_under_tls_is_checked() {
    let Some(secure) = Secure::start(false) else {
        return;
    };
    is_let_in(&secure, &secure.address(&secure.file("signer.pem"), "")).await;

    let refused = is_refused(&secure.address(&secure.file("client.pem"), "")).await;
    assert!(refused.contains("certificate"), "{refused}");
    let nothing = secure.file("nothing.pem");
    let refused = is_refused(&secure.address(&nothing, "")).await;
    assert!(refused.contains("nothing.pem"), "{refused}");
    let clear = format!("etcd3://127.0.0.1:{}?timeout=2s", secure.port);
    is_refused(&clear).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_a_certificate_gets_one() {
    let Some(secure) = Secure::start(true) else {
        return;
    };
    let signer = secure.file("signer.pem");
    is_let_in(&secure, &secure.address(&signer, &secure.own())).await;
    is_refused(&secure.address(&signer, "")).await;
}
