//! A sidecar before an unmodified Java provider: the provider publishes the sidecar's address by Dubbo's own means
//! (`DUBBO_IP_TO_REGISTRY`, `DUBBO_PORT_TO_REGISTRY`), and a Java consumer that knows nothing of it finds the provider at ZooKeeper.
//!
//! Dubbo 2.7.23 listens at the port that it publishes, whatever its configuration says; there the sidecar has that port at another
//! address.

use wubbo_tests::artifacts;
use wubbo_tests::hosts::Gateway;
use wubbo_tests::java::{Counted, LOOPBACK, Line, free_port, installed};
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

use super::{address, settled};
use crate::server::Kind;

/// 127.0.0.2 as one number, as [`LOOPBACK`] is 127.0.0.1.
const BESIDE: &str = "2130706434";

/// A sidecar listens at `listen`, where `{port}` is the provider's own; consumers are told `published`.
fn before_a_provider(line: Line, listen: &str, published: &str) {
    let Some(java) = installed(line).unwrap() else {
        return;
    };
    let Some(zookeeper) = Kind::Zookeeper.own() else {
        return;
    };
    let registry = zookeeper.address("");
    let registry = registry.trim_end_matches('?');
    let folder = Scratch::new("sidecar").unwrap();
    let plugins = folder.folder("plugins.d").unwrap();
    let port = free_port().unwrap();
    let listen = listen.replace("{port}", &port.to_string());
    let yaml = format!(
        "application: sidecar\nplugins: {{ dir: ./plugins.d }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n\
         gateway: {{ listen: [\"dubbo://{listen}\"], services: [\"*\"], upstream: \"dubbo://127.0.0.1:{port}\" }}\n"
    );
    let sidecar = Gateway::start(&yaml, folder.path()).unwrap();
    let reached = address(sidecar.url());
    let published = (published, reached.rsplit(':').next().unwrap());
    let behind = || java.provider_behind(registry, port, "behind", published);
    let provider = behind().unwrap();

    let consumer = java.steady(registry, "wubbo-demo-consumer", 200).unwrap();
    let only = |counted: &Counted| {
        counted.failed() == 0 && counted.shares.keys().eq(["behind"]) && counted.answered() > 50
    };
    let answered = settled(&consumer, "found at ZooKeeper", only).answered();
    let passed = sidecar.calls().unwrap();
    assert!(
        passed >= answered,
        "{passed} of {answered} calls went through the sidecar"
    );

    // A guard on the provider's side, swapped in and out under the calls.
    let guard = std::fs::read(artifacts::wasm("filter-readonly")).unwrap();
    put(&plugins, "guard.yaml", b"config: { methods: [whoami] }\n").unwrap();
    put(&plugins, "guard.wasm", &guard).unwrap();
    settled(&consumer, "a guard is dropped in", |counted| {
        let refused = counted
            .failures
            .keys()
            .all(|text| text.contains("maintenance"));
        counted.answered() == 0 && counted.failed() > 0 && refused
    });
    std::fs::remove_file(plugins.join("guard.wasm")).unwrap();
    settled(&consumer, "it is taken away", only);

    // Nobody is behind it: the consumer hears so at once, and finds the provider when it is back.
    drop(provider);
    let failing = |counted: &Counted| counted.answered() == 0 && counted.failed() > 0;
    settled(&consumer, "the provider is killed", failing);
    let _again = behind().unwrap();
    settled(&consumer, "it is back", only);
}

#[test]
fn a_provider_of_dubbo_3_stands_behind_a_sidecar() {
    before_a_provider(Line::Dubbo3, "127.0.0.1:0", LOOPBACK);
}

#[test]
fn a_provider_of_dubbo_2_has_the_sidecars_port_at_another_address() {
    before_a_provider(Line::Dubbo2, "127.0.0.2:{port}", BESIDE);
}
