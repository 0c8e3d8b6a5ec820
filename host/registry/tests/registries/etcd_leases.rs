//! Our lease at etcd: one for all entries, as long as the server grants, made anew when it is gone; users and passwords.

use std::time::{Duration, Instant};

use wubbo_core::Url;

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::rounds::{connected, open};
use crate::server::Kind;
use crate::sessions::{entry, silent, subscribed};

async fn leases(raw: &Raw) -> Vec<i64> {
    let answer = raw.etcd().leases().await.unwrap();
    answer.leases().iter().map(|lease| lease.id()).collect()
}

/// F-42, F-44: 50 entries share a lease; when somebody revokes it they are back under a new one.
#[tokio::test]
async fn one_lease_and_a_new_one_when_it_is_gone() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let registry = connected(&server.address("session=15000")).await;
    let consumer = connected(&server.address("session=14000")).await;
    let [before, ours] = leases(&other).await[..] else {
        panic!("a lease for each connection")
    };
    let mut subscription = subscribed(&consumer).await;
    let entries: Vec<Url> = (11..61).map(entry).collect();
    for entry in &entries {
        registry.register(entry).await.unwrap();
    }
    let ports: Vec<u16> = (11..61).collect();
    until_ports(&mut subscription, &ports, "50 entries").await;
    assert_eq!(leases(&other).await.len(), 2);
    let name = &other.children("/dubbo/a.B/providers").await[0];
    let path = format!("/dubbo/a.B/providers/{name}");
    let owner = other.stat(&path).await.unwrap().owner;
    assert!([before, ours].contains(&owner));
    let started = Instant::now();
    other.etcd().lease_revoke(owner).await.unwrap();
    eventually("50 entries under another lease", async || {
        let names = other.children("/dubbo/a.B/providers").await.len();
        let stat = other.stat(&path).await;
        names == 50 && stat.is_some_and(|stat| stat.owner != owner)
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(5));
    until_ports(&mut subscription, &ports, "and listed").await;
    // F-14: no lease is left behind.
    drop((registry, consumer, subscription));
    eventually("no lease is left", async || leases(&other).await.is_empty()).await;
    assert!(other.children("/dubbo/a.B/providers").await.is_empty());
}

/// F-43: the server grants more than was asked for; it is kept alive, and an entry never flaps.
#[tokio::test]
async fn the_granted_time_counts() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    let other = Raw::to(server).await;
    let registry = connected(&server.address("group=granted&session=1000")).await;
    registry.register(&entry(1)).await.unwrap();
    let (_, before) = other.only_child("/granted/a.B/providers").await;
    let time = other
        .etcd()
        .lease_time_to_live(before.owner, None)
        .await
        .unwrap();
    assert_eq!(time.granted_ttl(), 2);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (_, after) = other.only_child("/granted/a.B/providers").await;
    assert_eq!(before, after);
}

/// F-41, 002-T19: a process that is not heard of loses its entries when their time is over, and those that stay it keeps.
#[tokio::test]
async fn a_silent_process_loses_its_entries() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    let other = Raw::to(server).await;
    let proxy = Proxy::to(server).await;
    let registry = connected(&proxy.address("group=dead&session=2000")).await;
    registry.register(&entry(1)).await.unwrap();
    let fixed = url("dubbo://h:2/a.B?dynamic=false");
    registry.register(&fixed).await.unwrap();
    proxy.silence();
    let started = Instant::now();
    eventually("one is gone", async || {
        other.children("/dead/a.B/providers").await.len() == 1
    })
    .await;
    println!("after {:?} of a time of 2 s", started.elapsed());
    proxy.open();
    eventually("both are there", async || {
        other.children("/dead/a.B/providers").await.len() == 2
    })
    .await;
}

/// F-64: a port where something else listens is told as such.
#[tokio::test]
async fn a_port_that_is_not_etcd() {
    let Some(server) = Kind::Zookeeper.shared() else {
        return;
    };
    let address = format!("etcd3://127.0.0.1:{}?timeout=1500", server.port);
    let registry = open(&address).await;
    let error = registry.register(&entry(1)).await.unwrap_err();
    println!("{error}");
    assert!(error.message().contains("is etcd up"), "{error}");
    assert!(error.message().contains("cannot be reached ("), "{error}");
}

/// Who etcd does not know is told what to do; whose role is too small, too.
#[tokio::test]
async fn users_and_their_roles() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let mut admin = other.etcd();
    for (user, role) in [("root", "root"), ("shop", "shop")] {
        admin.user_add(user, "secret", None).await.unwrap();
        admin.role_add(role).await.unwrap();
        admin.user_grant_role(user, role).await.unwrap();
    }
    let shop = etcd_client::Permission::read_write("/shop").with_prefix();
    admin.role_grant_permission("shop", shop).await.unwrap();
    admin.auth_enable().await.unwrap();
    let address = |user: &str, rest: &str| {
        format!(
            "etcd3://{user}127.0.0.1:{}?session=4000&timeout=1500&{rest}",
            server.port
        )
    };
    let registry = open(&address("shop:secret@", "group=shop")).await;
    let mut subscription = subscribed(&registry).await;
    registry.register(&entry(1)).await.unwrap();
    until_ports(&mut subscription, &[1], "with the password").await;
    assert!(!format!("{registry:?}").contains("secret"), "{registry:?}");
    let elsewhere = open(&address("shop:secret@", "group=other")).await;
    let error = elsewhere.register(&entry(1)).await.unwrap_err();
    assert!(error.message().contains("grant-permission"), "{error}");
    let mut refused = subscribed(&elsewhere).await;
    silent(&mut refused, Duration::from_millis(300)).await;
    for user in ["", "shop:wrong@"] {
        let stranger = open(&address(user, "group=shop")).await;
        let error = stranger.register(&entry(2)).await.unwrap_err();
        assert!(error.message().contains("user"), "{error}");
        assert!(!error.message().contains("wrong@"), "{error}");
    }
}
