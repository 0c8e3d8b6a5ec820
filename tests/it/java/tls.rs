//! TLS with a real Java consumer and a real Java provider of Dubbo 3.3.6, with the gateway between them: it is the provider of the one
//! and the consumer of the other. One-way, and mutual where the provider of each wants a certificate.

use wubbo_tests::hosts::Gateway;
use wubbo_tests::java::{Auth, Java, Line, Outcomes, Tls};
use wubbo_tests::scratch::Scratch;

use super::{BY_GATEWAY, NAME, address, golden, same};
use crate::certificates::certificates;

/// What the one-way form is shown with.
const SOME: &str = "echo/";

fn gateway(folder: &Scratch, provider: &str, auth: Auth) -> Gateway {
    let entry = format!("{provider}/org.wubbo.demo.EchoService?version=1.0.0&ssl-enabled=true\n");
    folder
        .write(
            "registry/org.wubbo.demo.EchoService/providers/java.url",
            entry,
        )
        .unwrap();
    let mutual = match auth {
        Auth::OneWay => "",
        Auth::Mutual => {
            "  server_trust_cert_collection_path: signer.pem\n  client_key_cert_chain_path: client.pem\n\
             \x20 client_private_key_path: client.key\n"
        }
    };
    let yaml = format!(
        "application: wubbo-demo-gateway\nregistries: {{ main: {{ address: \"file:./registry\" }} }}\n\
         gateway:\n  listen: [\"dubbo://127.0.0.1:0?ssl-enabled=true\"]\n  services: [\"org.wubbo.demo.*\"]\n\
         ssl:\n  server_key_cert_chain_path: server.pem\n  server_private_key_path: server.key\n\
         \x20 client_trust_cert_collection_path: signer.pem\n{mutual}"
    );
    Gateway::start(&yaml, folder.path()).unwrap()
}

/// Whether a call through an outcome's reference was answered with a value.
fn answered(outcomes: &Outcomes) -> bool {
    outcomes.values().any(|line| line.get("value").is_some())
}

/// The negative controls: without TLS, and with a certificate of another signer. They wait for their calls' time to end, one beside
/// the other.
fn refused(java: &Java, mutual: &Tls<'_>, url: &str) {
    let other = Scratch::new("java-tls-other").unwrap();
    certificates(other.path());
    let signer = "signer.pem";
    std::fs::copy(mutual.folder.join(signer), other.path().join(signer)).unwrap();
    let stranger = Tls {
        folder: other.path(),
        ..*mutual
    };
    let (plain, stranger) = std::thread::scope(|scope| {
        let plain = scope.spawn(|| java.consume(url, "whoami").unwrap());
        let stranger = java.consume_over(&stranger, url, "whoami").unwrap();
        (plain.join().unwrap(), stranger)
    });
    assert!(!answered(&plain), "{plain:?}");
    assert!(!answered(&stranger), "{stranger:?}");
}

#[test]
fn a_java_consumer_and_a_java_provider_speak_tls_with_the_gateway() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    for (auth, cases) in [(Auth::OneWay, SOME), (Auth::Mutual, "")] {
        let folder = Scratch::new("java-tls").unwrap();
        certificates(folder.path());
        let tls = Tls {
            folder: folder.path(),
            auth,
        };
        let provider = golden.java.provider_over(&tls, NAME).unwrap();
        let gateway = gateway(&folder, &provider.url(), auth);
        let url = address(gateway.url());
        let got = golden.java.consume_over(&tls, &url, cases).unwrap();
        let mut want = golden.outcomes.clone();
        want.retain(|case, _| case.starts_with(cases));
        let pairing = format!("java -> gateway -> java, TLS {auth:?}");
        same(&pairing, &want, got, &BY_GATEWAY);
        if auth == Auth::Mutual {
            refused(&golden.java, &tls, &url);
        }
        assert_eq!(gateway.stop().unwrap(), 0);
    }
}
