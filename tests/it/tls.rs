//! TLS as who calls by hand meets it: the list of trusted certificates that the system has.

use std::path::Path;
use std::process::Command;

use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::scratch::Scratch;

use crate::certificates::certificates;

/// Calls a provider under TLS in a process whose system trusts the certificates in `trusted`.
fn call(url: &str, trusted: &Path) -> (Option<i32>, String) {
    let output = Command::new(artifacts::binary("wubbo"))
        .args(["call", url, "echo", "\"hello\""])
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn without_a_list_of_our_own_the_systems_counts() {
    let folder = Scratch::new("tls").unwrap();
    certificates(folder.path());
    let provider = EchoProvider::start(&[] as &[&str]).unwrap();
    let entry = format!(
        "{}/org.wubbo.demo.EchoService?version=1.0.0\n",
        provider.url()
    );
    let place = "registry/org.wubbo.demo.EchoService/providers/echo.url";
    folder.write(place, entry).unwrap();
    let yaml = "application: tls\nregistries: { main: { address: \"file:./registry\" } }\n\
                gateway: { listen: [\"dubbo://127.0.0.1:0?ssl-enabled=true\"], services: [\"org.wubbo.demo.*\"] }\n\
                ssl: { server_key_cert_chain_path: server.pem, server_private_key_path: server.key }\n";
    let gateway = Gateway::start(yaml, folder.path()).unwrap();
    let address = gateway.url().replace("?ssl-enabled=true", "");
    let url = format!("{address}/org.wubbo.demo.EchoService?version=1.0.0&ssl-enabled=true");

    let (code, text) = call(&url, &folder.join("signer.pem"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("hello"), "{text}");

    // Its own certificate, signed by another, makes nobody trusted.
    let (code, text) = call(&url, &folder.join("client.pem"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("TLS: invalid peer certificate"), "{text}");

    assert_eq!(gateway.stop().unwrap(), 0);
}
