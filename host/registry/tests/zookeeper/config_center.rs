//! Rules in the nodes where Dubbo Java and its admin console put them.

use std::time::Duration;

use wubbo_core::ConfigCenter;
use wubbo_registry::ZookeeperConfigCenter;
use zookeeper_client::{Acls, CreateMode, Error};

use crate::config_conformance::{self, until_text};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::server::{own, shared};

fn open(address: &str) -> ZookeeperConfigCenter {
    ZookeeperConfigCenter::open(address).unwrap()
}

/// Puts a text where an admin console would, or removes it.
async fn write(raw: &Raw, namespace: &str, (key, group): (&str, &str), text: Option<&str>) {
    let path = format!("/{namespace}/config/{group}/{key}");
    let Some(text) = text else {
        match raw.delete(&path, None).await {
            Ok(()) | Err(Error::NoNode) => return,
            Err(error) => panic!("{error}"),
        }
    };
    if raw.check_stat(&path).await.unwrap().is_none() {
        let options = CreateMode::Persistent.with_acls(Acls::anyone_all());
        raw.mkdir(&path, &options).await.unwrap();
    }
    raw.set_data(&path, text.as_bytes(), None).await.unwrap();
}

#[tokio::test]
async fn conforms() {
    let Some(server) = shared() else { return };
    let raw = Raw::to(server.port).await;
    let address = server.address("namespace=rules&session=4000");
    config_conformance::check(
        "zookeeper",
        async || open(&address),
        async |key, group, text| write(&raw, "rules", (key, group), text).await,
    )
    .await;
}

/// F-33: a rule that changes while the server restarts is seen, and none is lost before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_survives_the_restart_of_its_server() {
    let Some(mut server) = own() else { return };
    let raw = Raw::to(server.port).await;
    let rule = ("shop.condition-router", "dubbo");
    write(&raw, "dubbo", rule, Some("one")).await;
    let center = open(&server.address("session=4000"));
    let mut subscription = center.subscribe(rule.0, rule.1).await.unwrap();
    assert_eq!(subscription.current().as_deref(), Some("one"));
    server.stop();
    let heard = tokio::time::timeout(Duration::from_millis(500), subscription.changed()).await;
    assert!(heard.is_err(), "an outage says nothing");
    tokio::task::block_in_place(|| server.start());
    let raw = Raw::to(server.port).await;
    write(&raw, "dubbo", rule, Some("two")).await;
    until_text(&mut subscription, Some("two"), "after the restart").await;
    drop(center);
    assert!(
        !subscription.changed().await,
        "closed with its config center"
    );
}

/// An outage at the start delays a subscriber for `timeout` once, and the text comes when it ends.
#[tokio::test]
async fn a_config_center_that_comes_later() {
    let Some(server) = shared() else { return };
    let raw = Raw::to(server.port).await;
    write(&raw, "late", ("a.tag-router", "dubbo"), Some("tags")).await;
    let proxy = Proxy::to(server.port).await;
    proxy.cut();
    let center = open(&proxy.address("namespace=late&session=4000&timeout=300"));
    let started = std::time::Instant::now();
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(center.subscribe("a.tag-router", "dubbo").await.unwrap());
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
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

/// A text that is none leaves the last one, and a key that cannot be a node is refused by name.
#[tokio::test]
async fn bad_texts_and_keys() {
    let Some(server) = shared() else { return };
    let raw = Raw::to(server.port).await;
    let center = open(&server.address("namespace=bad&session=4000"));
    let mut rule = center.subscribe("k", "g").await.unwrap();
    write(&raw, "bad", ("k", "g"), Some("good")).await;
    until_text(&mut rule, Some("good"), "good").await;
    raw.set_data("/bad/config/g/k", b"\xff\xfe", None)
        .await
        .unwrap();
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
