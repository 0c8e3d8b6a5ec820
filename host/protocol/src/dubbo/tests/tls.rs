//! TLS and mutual TLS: who is served, who is refused and why, and certificates that change.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::dubbo::SslConfig;

/// A folder with what openssl would make: one signer, and certificates for `names`.
struct Certificates {
    folder: TempDir,
    signer: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "signer of the tests");
        let key = KeyPair::generate().unwrap();
        let signer = CertifiedIssuer::self_signed(params, key).unwrap();
        std::fs::write(folder.path().join("signer.pem"), signer.pem()).unwrap();
        Self { folder, signer }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes `<who>.pem` and `<who>.key`, for the host 127.0.0.1.
    fn issue(&self, who: &str) {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, who);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.signer).unwrap();
        replace(&self.path(&format!("{who}.pem")), &certificate.pem());
        replace(&self.path(&format!("{who}.key")), &key.serialize_pem());
    }

    /// A provider that shows `server`; a consumer that trusts the signer.
    fn one_sided(&self) -> SslConfig {
        self.issue("server");
        SslConfig {
            server_key_cert_chain_path: Some(self.path("server.pem")),
            server_private_key_path: Some(self.path("server.key")),
            client_trust_cert_collection_path: Some(self.path("signer.pem")),
            ..SslConfig::default()
        }
    }

    /// The same, and the provider wants consumers that show a certificate, as this one does.
    fn mutual(&self) -> SslConfig {
        self.issue("client");
        SslConfig {
            server_trust_cert_collection_path: Some(self.path("signer.pem")),
            client_key_cert_chain_path: Some(self.path("client.pem")),
            client_private_key_path: Some(self.path("client.key")),
            ..self.one_sided()
        }
    }
}

/// As an operator's tool does it: never half a file.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

fn protocol(ssl: &SslConfig) -> DubboProtocol {
    DubboProtocol::new(DubboConfig {
        ssl: ssl.clone(),
        connect_timeout: Duration::from_secs(2),
        ..DubboConfig::default()
    })
}

async fn listener(ssl: &SslConfig) -> Box<dyn Listener> {
    let url = Url::parse("dubbo://127.0.0.1:0/a.B?ssl-enabled=true").unwrap();
    let handler = Arc::new(Echo::default());
    protocol(ssl).bind(&url, handler).await.unwrap()
}

fn url(listener: &dyn Listener, parameters: &str) -> Url {
    let text = format!("dubbo://{}/a.B?{parameters}", listener.local_addr());
    Url::parse(&text).unwrap()
}

/// What a call of `bytes` bytes by a consumer of its own comes to.
async fn call_with(ssl: &SslConfig, listener: &dyn Listener, bytes: usize) -> Result<(), Error> {
    let protocol = protocol(ssl);
    let invoker = protocol.refer(&url(listener, "ssl-enabled=true"))?;
    let argument = Value::Binary(vec![7; bytes].into());
    let answer = invoker.invoke(call("echo", argument.clone(), LONG)).await?;
    assert_eq!(value(Ok(answer)), argument);
    Ok(())
}

#[tokio::test]
async fn calls_of_every_size_pass_under_tls_and_mutual_tls() {
    let certificates = Certificates::new();
    for ssl in [certificates.one_sided(), certificates.mutual()] {
        let listener = listener(&ssl).await;
        for bytes in [0, 100, 16_384, 65_536, 4_000_000] {
            call_with(&ssl, &*listener, bytes).await.unwrap();
        }
        // Many at once, on one connection.
        let protocol = protocol(&ssl);
        let invoker = protocol
            .refer(&url(&*listener, "ssl-enabled=true"))
            .unwrap();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..200 {
            let invoker = invoker.clone();
            calls.spawn(async move {
                let argument = Value::Int(number);
                let outcome = invoker.invoke(call("echo", argument.clone(), LONG)).await;
                assert_eq!(value(outcome), argument);
            });
        }
        while let Some(done) = calls.join_next().await {
            done.unwrap();
        }
        assert_eq!(protocol.counts().connections_made, 1);
    }
}

#[tokio::test]
async fn who_is_not_trusted_is_told_so() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let ssl = ours.mutual();
    let listener = listener(&ssl).await;
    let strangers = SslConfig {
        client_trust_cert_collection_path: Some(theirs.path("signer.pem")),
        ..ssl.clone()
    };
    let foreign = SslConfig {
        client_trust_cert_collection_path: ssl.client_trust_cert_collection_path.clone(),
        ..theirs.mutual()
    };
    let anonymous = SslConfig {
        client_key_cert_chain_path: None,
        client_private_key_path: None,
        ..ssl.clone()
    };
    for (who, consumer, word) in [
        (
            "a consumer of another signer",
            &strangers,
            "invalid peer certificate",
        ),
        ("a foreign certificate", &foreign, ""),
        ("no certificate", &anonymous, ""),
    ] {
        let error = call_with(consumer, &*listener, 1).await.unwrap_err();
        println!("{who}: {error}");
        assert!(error.message().contains(word), "{who}: {error}");
        call_with(&ssl, &*listener, 1).await.unwrap();
    }
    // Without TLS nothing is answered: not to a consumer, and not to a silent one either.
    let plain = protocol(&ssl).refer(&url(&*listener, "")).unwrap();
    let short = Duration::from_secs(1);
    plain
        .invoke(call("echo", Value::Null, short))
        .await
        .unwrap_err();
    let (answer, _) = raw(listener.local_addr(), b"hello").await;
    assert!(!answer.starts_with(&[0xda, 0xbb]), "{answer:02x?}");
    call_with(&ssl, &*listener, 1).await.unwrap();
}

#[tokio::test]
async fn a_provider_without_tls_is_named_to_a_consumer_with_it() {
    let ssl = Certificates::new().one_sided();
    let listener = {
        let url = Url::parse("dubbo://127.0.0.1:0/a.B").unwrap();
        let handler = Arc::new(Echo::default());
        protocol(&ssl).bind(&url, handler).await.unwrap()
    };
    let certificates = Certificates::new();
    let error = call_with(&certificates.one_sided(), &*listener, 1)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let address = listener.local_addr().to_string();
    assert!(
        error.message().contains(&address) && error.message().contains("TLS"),
        "{error}"
    );
}

#[tokio::test]
async fn files_of_no_use_are_named_before_anything_is_bound() {
    let certificates = Certificates::new();
    let good = certificates.mutual();
    let path = |file: &str| Some(certificates.path(file));
    std::fs::write(certificates.path("empty.pem"), "no PEM").unwrap();
    let server = Url::parse("dubbo://127.0.0.1:0/a.B?ssl-enabled=true").unwrap();
    let without = |change: fn(&mut SslConfig, Option<PathBuf>), to| {
        let mut ssl = good.clone();
        change(&mut ssl, to);
        ssl
    };
    let cases = [
        (SslConfig::default(), "server_key_cert_chain_path"),
        (
            without(|ssl, to| ssl.server_private_key_path = to, None),
            "server_private_key_path",
        ),
        (
            without(
                |ssl, to| ssl.server_key_cert_chain_path = to,
                path("empty.pem"),
            ),
            "empty.pem",
        ),
        (
            without(|ssl, to| ssl.server_private_key_path = to, path("gone.key")),
            "gone.key",
        ),
        (
            without(
                |ssl, to| ssl.server_private_key_path = to,
                path("client.key"),
            ),
            "client.key",
        ),
        (
            without(
                |ssl, to| ssl.server_trust_cert_collection_path = to,
                path("empty.pem"),
            ),
            "empty.pem",
        ),
    ];
    for (ssl, named) in cases {
        let handler = Arc::new(Echo::default());
        let error = protocol(&ssl).bind(&server, handler).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(named), "{named}: {error}");
    }
    let consumer = Url::parse("dubbo://127.0.0.1:1/a.B?ssl-enabled=true").unwrap();
    for (ssl, named) in [
        (
            without(
                |ssl, to| ssl.client_trust_cert_collection_path = to,
                path("gone.pem"),
            ),
            "gone.pem",
        ),
        (
            without(|ssl, to| ssl.client_private_key_path = to, path("gone.key")),
            "gone.key",
        ),
    ] {
        let error = protocol(&ssl).refer(&consumer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(named), "{named}: {error}");
    }
}

#[tokio::test]
async fn new_certificates_count_for_new_connections_and_bad_ones_do_not() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let server = old.one_sided();
    let listener = listener(&server).await;
    let trusts = |signer: &Certificates| SslConfig {
        client_trust_cert_collection_path: Some(signer.path("signer.pem")),
        ..SslConfig::default()
    };
    let living = protocol(&trusts(&old));
    let living = living.refer(&url(&*listener, "ssl-enabled=true")).unwrap();
    value(living.invoke(call("echo", Value::Null, LONG)).await);
    call_with(&trusts(&new), &*listener, 1).await.unwrap_err();

    // Half of a change is of no use: a certificate without its key. The old pair stays.
    new.issue("server");
    let copy = |file: &str| {
        let text = std::fs::read_to_string(new.path(file)).unwrap();
        replace(&old.path(file), &text);
    };
    copy("server.pem");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    call_with(&trusts(&old), &*listener, 1).await.unwrap();

    copy("server.key");
    let changed = async {
        while call_with(&trusts(&new), &*listener, 1).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(LONG, changed).await.unwrap();
    call_with(&trusts(&old), &*listener, 1).await.unwrap_err();
    // A connection that was made before lives on.
    value(living.invoke(call("echo", Value::Int(1), LONG)).await);
}
