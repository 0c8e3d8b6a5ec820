//! Rules in the nodes where Dubbo Java and its admin console put them.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::ConfigCenter;

use crate::config_conformance::{self, until_text};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::server::Kind;

async fn open(address: &str) -> Arc<dyn ConfigCenter> {
    wubbo_registry::open_config(address).await.unwrap()
}

/// Puts a text where an admin console would, or removes it.
async fn write(raw: &Raw, namespace: &str, (key, group): (&str, &str), text: Option<&str>) {
    let path = format!("/{namespace}/config/{group}/{key}");
    match text {
        Some(text) => raw.write(&path, text.as_bytes()).await,
        None => raw.delete(&path).await,
    }
}

async fn conforms(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let raw = Raw::to(server).await;
    let address = server.address("namespace=rules&session=4000");
    config_conformance::check(
        &format!("{kind:?}"),
        async || open(&address).await,
        async |key, group, text| write(&raw, "rules", (key, group), text).await,
    )
    .await;
}

/// F-33: a rule that changes while the server restarts is seen, and none is lost before.
async fn a_rule_survives_the_restart_of_its_server(kind: Kind) {
    let Some(mut server) = kind.own() else { return };
    let raw = Raw::to(&server).await;
    let rule = ("shop.condition-router", "dubbo");
    write(&raw, "dubbo", rule, Some("one")).await;
    let center = open(&server.address("session=4000")).await;
    let mut subscription = center.subscribe(rule.0, rule.1).await.unwrap();
    assert_eq!(subscription.current().as_deref(), Some("one"));
    server.stop();
    let heard = tokio::time::timeout(Duration::from_millis(500), subscription.changed()).await;
    assert!(heard.is_err(), "an outage says nothing");
    tokio::task::block_in_place(|| server.start());
    let raw = Raw::to(&server).await;
    write(&raw, "dubbo", rule, Some("two")).await;
    until_text(&mut subscription, Some("two"), "after the restart").await;
    drop(center);
    let closed = async { while subscription.changed().await {} };
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "closed with its config center");
}

/// An outage at the start delays a subscriber for `timeout` once, and the text comes when it ends.
async fn a_config_center_that_comes_later(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let raw = Raw::to(server).await;
    write(&raw, "late", ("a.tag-router", "dubbo"), Some("tags")).await;
    let proxy = Proxy::to(server).await;
    proxy.cut();
    let center = open(&proxy.address("namespace=late&session=4000&timeout=300")).await;
    let started = std::time::Instant::now();
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(center.subscribe("a.tag-router", "dubbo").await.unwrap());
    }
    // Each of them waiting would be 6 s.
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    assert!(
        all.iter()
            .all(|subscription| subscription.current().is_none())
    );
    // Who asks for what is there now is told that nobody knows.
    let error = center.read("a.tag-router", "dubbo").await.unwrap_err();
    assert!(error.message().contains("cannot be reached"), "{error}");
    let written = center.replace("a.tag-router", "dubbo", Some("tags"), None);
    assert!(written.await.is_err());
    proxy.open();
    for subscription in &mut all {
        until_text(subscription, Some("tags"), "there it is").await;
    }
}

/// F-31, F-32, F-34, 001-T11, 001-T13, 001-T14, 001-T15, V-ZK-12: read with and without its group, told once for each change, and told
/// nobody who left. A key is one node as with Dubbo Java, whatever dots it has.
async fn rows_of_the_config_center(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let raw = Raw::to(server).await;
    let center = open(&server.address("namespace=texts&session=4000")).await;
    let (key, group) = ("dubbo.properties", "dubbo");
    let mut heard = center.subscribe(key, group).await.unwrap();
    let gone = center.subscribe(key, group).await.unwrap();
    let mut other = center.subscribe("dubbo", group).await.unwrap();
    assert_eq!(heard.current(), None);
    let text = "dubbo.consumer.request_timeout=5s\ndubbo.consumer.connect_timeout=5s\n";
    write(&raw, "texts", (key, group), Some(text)).await;
    until_text(&mut heard, Some(text), "made").await;
    for group in [group, ""] {
        let read = center.read(key, group).await.unwrap();
        assert_eq!(read.as_deref(), Some(text), "{group:?}");
    }
    drop(gone);
    write(&raw, "texts", (key, group), Some("v1")).await;
    until_text(&mut heard, Some("v1"), "changed").await;
    write(&raw, "texts", (key, group), Some("")).await;
    until_text(&mut heard, None, "empty").await;
    write(&raw, "texts", (key, group), Some("v2")).await;
    until_text(&mut heard, Some("v2"), "filled").await;
    write(&raw, "texts", (key, group), None).await;
    until_text(&mut heard, None, "removed").await;
    let silent = tokio::time::timeout(Duration::from_millis(100), other.changed()).await;
    assert!(silent.is_err(), "another key");
    assert_eq!(center.read(key, group).await.unwrap(), None);
    let plain = "org.x.Svc.configurators";
    write(&raw, "texts", (plain, group), Some("rule")).await;
    let read = center.read(plain, group).await.unwrap();
    assert_eq!(read.as_deref(), Some("rule"));
}

/// A text that is none leaves the last one, and a key that cannot be a node is refused by name.
async fn bad_texts_and_keys(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let raw = Raw::to(server).await;
    let center = open(&server.address("namespace=bad&session=4000")).await;
    let mut rule = center.subscribe("k", "g").await.unwrap();
    write(&raw, "bad", ("k", "g"), Some("good")).await;
    until_text(&mut rule, Some("good"), "good").await;
    raw.write("/bad/config/g/k", b"\xff\xfe").await;
    eventually("read", async || {
        tokio::time::timeout(Duration::from_millis(200), rule.changed())
            .await
            .is_err()
    })
    .await;
    assert_eq!(rule.current().as_deref(), Some("good"));
    for (key, group) in [("a/b", "g"), ("..", "g"), ("k", "a/b")] {
        let error = center.subscribe(key, group).await.unwrap_err();
        assert!(
            error.message().contains("cannot be the name of a node"),
            "{error}"
        );
    }
}

on_both!(
    conforms,
    a_rule_survives_the_restart_of_its_server,
    a_config_center_that_comes_later,
    bad_texts_and_keys,
    rows_of_the_config_center,
);
