//! Java beside Rust at one registry: each finds the other's providers, and hears when one is killed and started again.

use tokio::runtime::Runtime;
use wubbo::Client;
use wubbo::contract::Stub;
use wubbo_core::ServiceKey;
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::{Counted, LOOPBACK, Line, Steady, installed};

use super::settled;
use crate::server::Kind;

/// The parties of one registry that count answers.
struct Consumers<'a> {
    java: Steady,
    rust: Stub,
    runtime: &'a Runtime,
}

impl Consumers<'_> {
    /// Waits until both are answered by these providers and nobody else.
    fn hear(&self, step: &str, names: &[&str]) {
        let wanted = |counted: &Counted| {
            counted.failed() == 0 && counted.shares.keys().eq(names) && counted.answered() > 20
        };
        settled(&self.java, &format!("{step}: Java"), wanted);
        self.runtime.block_on(async {
            crate::references::until(&self.rust, &format!("{step}: Rust"), names).await;
        });
    }
}

fn beside(kind: Kind) {
    let Some(java) = installed(Line::Dubbo2).unwrap() else {
        return;
    };
    let Some(server) = kind.own() else {
        return;
    };
    let registry = server.address("session=6000");
    let registry = registry.as_str();
    let ours = server.address("session=4000");
    let runtime = Runtime::new().unwrap();
    // Its session is short, since it dies.
    let brief = server.address("session=3000");
    let rust_provider = || {
        let arguments = ["--name", "rust", "--registry", &brief];
        EchoProvider::start_published(LOOPBACK, &arguments).unwrap()
    };
    let of_java = java.provider_at(registry, "java").unwrap();
    let of_rust = rust_provider();
    let rust = runtime.block_on(async {
        let client = Client::builder("rust-consumer").registry(&ours);
        let client = client.parameter("retries", "0").build().await.unwrap();
        let service = ServiceKey::new("org.wubbo.demo.EchoService", "", "1.0.0");
        client.stub(&service).await.unwrap()
    });
    let consumers = Consumers {
        java: java.steady(registry, "java-consumer", 100).unwrap(),
        rust,
        runtime: &runtime,
    };
    let both = ["java", "rust"];
    consumers.hear("both", &both);

    // Killed: its entry goes with its session.
    drop(of_java);
    consumers.hear("Java's is killed", &["rust"]);
    let of_java = java.provider_at(registry, "java").unwrap();
    consumers.hear("Java's is back", &both);
    drop(of_rust);
    consumers.hear("Rust's is killed", &["java"]);
    let of_rust = rust_provider();
    consumers.hear("Rust's is back", &both);

    // Each consumer is known by its application.
    let entries = crate::references::announced(&ours, "rust-consumer", 1);
    assert_eq!(entries[0]["interface"], "org.wubbo.demo.EchoService");
    crate::references::announced(&ours, "java-consumer", 1);
    drop((of_java, of_rust));
}

#[test]
fn java_and_rust_find_each_other_at_zookeeper() {
    beside(Kind::Zookeeper);
}

#[test]
fn java_and_rust_find_each_other_at_etcd() {
    beside(Kind::Etcd);
}
