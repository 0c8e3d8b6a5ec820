//! dubbo-go 1.5.9 beside Rust at ZooKeeper: each finds the other's provider.

use tokio::runtime::Runtime;
use wubbo_core::ServiceKey;
use wubbo_tests::go::{self, Line};
use wubbo_tests::hosts::EchoProvider;

use crate::java::{NAME, address, same};
use crate::references::{announced, consumer, until};
use crate::server::Kind;

/// What is compared: texts of every kind, by the one method.
const SOME: &str = "echo/";
const SOME_MIN: usize = 5;

#[test]
fn go_and_rust_find_each_other_at_zookeeper() {
    let Some(go) = go::installed(Line::Go1).unwrap() else {
        return;
    };
    let Some(zookeeper) = Kind::Zookeeper.own() else {
        return;
    };
    let plain = zookeeper.address("");
    let registry = plain.trim_end_matches('?');
    let ours = zookeeper.address("session=4000");

    let rust = EchoProvider::start(&["--registry", &ours, "--name", NAME]).unwrap();
    let direct = go.consume_some(&address(rust.url()), SOME).unwrap();
    assert!(direct.len() >= SOME_MIN, "{direct:?}");
    let found = go.consume_some(registry, SOME).unwrap();
    same("Go finds Rust at ZooKeeper", &direct, found, &[]);
    assert_eq!(rust.stop().unwrap(), 0);

    let provider = go.provider_at(registry, "go").unwrap();
    Runtime::new().unwrap().block_on(async {
        let client = consumer("rust-consumer", std::slice::from_ref(&ours)).await;
        let service = ServiceKey::new("org.wubbo.demo.EchoService", "", "1.0.0");
        let stub = client.stub(&service).await.unwrap();
        until(&stub, "Rust finds Go at ZooKeeper", &["go"]).await;
        // Killed, its entry goes with its session; another one takes its place.
        drop(provider);
        let _again = go.provider_at(registry, "again").unwrap();
        until(&stub, "the next one", &["again"]).await;
        announced(&ours, "rust-consumer", 1);
    });
}
