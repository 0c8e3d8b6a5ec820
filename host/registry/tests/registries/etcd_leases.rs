//! Our lease at etcd: one for all entries, as long as the server grants, made anew when it is gone; users and passwords.

use std::time::{Duration, Instant};

use wubbo_core::Url;

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::rounds::{connected, open, registered};
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
    let proxy = Proxy::to(&server).await;
    let consumer = connected(&proxy.address("session=14000")).await;
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
    proxy.silence();
    other.etcd().lease_revoke(owner).await.unwrap();
    eventually("50 entries under another lease", async || {
        let names = other.children("/dubbo/a.B/providers").await.len();
        let stat = other.stat(&path).await;
        names == 50 && stat.is_some_and(|stat| stat.owner != owner)
    })
    .await;
    proxy.open();
    // A subscriber that reads only now finds the list that it has: that is no news.
    silent(&mut subscription, Duration::from_millis(300)).await;
    registry.register(&entry(61)).await.unwrap();
    let ports: Vec<u16> = (11..62).collect();
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
    let (path, mut before) = other.only_child("/granted/a.B/providers").await;
    let time = other
        .etcd()
        .lease_time_to_live(before.owner, None)
        .await
        .unwrap();
    assert_eq!(time.granted_ttl(), 2);
    // A machine that stalls us for 2 s ends the lease, too; three times in a row it does not.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(6)).await;
        match other.stat(&path).await {
            Some(after) if after == before => return,
            Some(after) => before = after,
            None => {}
        }
    }
    panic!("the entry flaps");
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

/// F-36: each of its names opens etcd.
#[tokio::test]
async fn each_scheme_connects() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    for scheme in ["etcd", "etcd3", "etcdv3"] {
        let address = format!("{scheme}://127.0.0.1:{}?group=schemes", server.port);
        let registry = connected(&address).await;
        registered(&registry, &entry(1)).await;
    }
}

/// F-65, 002-T18: a lease is granted and revoked with its registry, and revoking one that is over is no trouble.
#[tokio::test]
async fn a_lease_ends_with_its_registry() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    for over in [false, true] {
        let registry = connected(&server.address("session=1000")).await;
        registered(&registry, &entry(1)).await;
        let [lease] = leases(&other).await[..] else {
            panic!("one lease")
        };
        if over {
            other.etcd().lease_revoke(lease).await.unwrap();
        }
        drop(registry);
        eventually("no lease is left", async || leases(&other).await.is_empty()).await;
    }
    // One that nobody grants is not waited for longer than we are told to.
    server.signal("STOP");
    let registry = open(&server.address("session=1000&timeout=100")).await;
    let asked = Instant::now();
    registry.register(&entry(1)).await.unwrap_err();
    println!("given up after {:?}", asked.elapsed());
    assert!(asked.elapsed() < Duration::from_secs(5));
    server.signal("CONT");
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
            "etcd3://{user}127.0.0.1:{}?session=4000&timeout=4000&{rest}",
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
