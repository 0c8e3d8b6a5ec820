//! Certificates for tests.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// PEM files in a folder: one signer, and what it signed for a server and a client, both at 127.0.0.1.
pub(crate) fn certificates(folder: &Path) {
    let named = |names: Vec<String>, who: &str| {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, who);
        params
    };
    let mut root = named(vec![], "signer");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signer = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("signer.pem"), signer.pem()).unwrap();
    for who in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let signed = named(vec!["127.0.0.1".to_owned()], who).signed_by(&key, &signer);
        std::fs::write(folder.join(format!("{who}.pem")), signed.unwrap().pem()).unwrap();
        std::fs::write(folder.join(format!("{who}.key")), key.serialize_pem()).unwrap();
    }
}
