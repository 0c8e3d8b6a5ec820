//! What lies at etcd: the layout of Dubbo Java, keys of others, watches. Rows of spec 50 section 2.14 by their ids.

use std::collections::BTreeMap;
use std::time::Duration;

use etcd_client::{CompactionOptions, Compare, CompareOp, GetOptions, PutOptions, Txn, TxnOp};

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Life, Raw, eventually};
use crate::rounds::{connected, next, open};
use crate::server::Kind;
use crate::sessions::{entry, silent, subscribed};

/// Every key under `prefix` with its value and its lease.
async fn keys(raw: &Raw, prefix: &str) -> BTreeMap<String, (String, i64)> {
    let options = GetOptions::new().with_prefix();
    let answer = raw.etcd().get(prefix, Some(options)).await.unwrap();
    let read = |kv: &etcd_client::KeyValue| {
        let (key, value) = (kv.key_str().unwrap(), kv.value_str().unwrap());
        (key.to_owned(), (value.to_owned(), kv.lease()))
    };
    answer.kvs().iter().map(read).collect()
}

/// F-40, 002-T1, 002-T2, 002-T16, 002-T17: parents with the hash of their path, entries with the number of their lease.
#[tokio::test]
async fn the_layout_is_that_of_dubbo_java() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let registry = connected(&server.address("session=4000")).await;
    let service = "/dubbo/org.apache.dubbo.demo.DemoService";
    let provider = url("dubbo://10.0.0.1/org.apache.dubbo.demo.DemoService?methods=test1,test2");
    registry.register(&provider).await.unwrap();
    let name =
        "dubbo%3A%2F%2F10.0.0.1%2Forg.apache.dubbo.demo.DemoService%3Fmethods%3Dtest1%2Ctest2";
    let key = format!("{service}/providers/{name}");
    let found = keys(&other, "/").await;
    let (value, lease) = &found[&key];
    assert!(*lease != 0 && *value == lease.to_string(), "{found:?}");
    // The category's own key is made by who subscribes.
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[service].1, 0);
    let asked = url("consumer://c/org.apache.dubbo.demo.DemoService");
    let mut subscription = registry.subscribe(&asked).await.unwrap();
    assert_eq!(next(&mut subscription).await.len(), 1);
    let found = keys(&other, "/").await;
    assert_eq!(
        found[&format!("{service}/providers")],
        ("502072032".to_owned(), 0)
    );
    // F-41: static entries have no lease.
    let fixed = url("dubbo://10.0.0.2/org.apache.dubbo.demo.DemoService?dynamic=false");
    registry.register(&fixed).await.unwrap();
    registry.unregister(&provider).await.unwrap();
    let found = keys(&other, &format!("{service}/providers/")).await;
    assert_eq!(found.len(), 1);
    assert!(found.values().all(|(_, lease)| *lease == 0), "{found:?}");
}

/// F-46, F-67, 002-T20, V-ETCD-06, B-23: neither siblings with a longer name nor deeper keys are entries.
#[tokio::test]
async fn only_children_are_listed() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    let other = Raw::to(server).await;
    let directory = "/depth/a.B/providers";
    let name = |port: u16| format!("dubbo%3A%2F%2Fh%3A{port}%2Fa.B");
    for port in 1..5 {
        other
            .make(&format!("{directory}/{}", name(port)), Life::Session)
            .await;
    }
    for stranger in [
        format!("{directory}/{}/exclude", name(5)),
        format!("{directory}X/{}", name(6)),
        format!("{directory}-x/{}", name(7)),
        format!("/depth2/a.B/providers/{}", name(8)),
    ] {
        other.make(&stranger, Life::Session).await;
    }
    let registry = open(&server.address("group=depth&session=4000")).await;
    let mut subscription = subscribed(&registry).await;
    until_ports(&mut subscription, &[1, 2, 3, 4], "the children").await;
    let deeper = format!("{directory}/{}/deeper", name(4));
    other.make(&deeper, Life::Session).await;
    let routers = format!("/depth/a.B/routers/{}", name(9));
    other.make(&routers, Life::Session).await;
    silent(&mut subscription, Duration::from_millis(300)).await;
}

/// F-30, F-47, 002-T6, 002-T9, 002-T10, 002-T11, F-53: a callback per change of the set, none for a put that changes nothing, for what lies elsewhere,
/// or after the end.
#[tokio::test]
async fn a_callback_per_change() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    let other = Raw::to(server).await;
    let registry = open(&server.address("group=calls&session=4000")).await;
    let mut subscription = subscribed(&registry).await;
    until_ports(&mut subscription, &[], "002-T4: the empty list").await;
    let key = "/calls/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B";
    other.make(key, Life::Session).await;
    until_ports(&mut subscription, &[1], "002-T9").await;
    other.make(key, Life::Lasting).await;
    other
        .make(
            "/calls/a.C/providers/dubbo%3A%2F%2Fh%3A1%2Fa.C",
            Life::Session,
        )
        .await;
    silent(&mut subscription, Duration::from_millis(300)).await;
    // Many changes in one step are one list.
    let puts: Vec<TxnOp> = (2..50)
        .map(|port| {
            TxnOp::put(
                format!("/calls/a.B/providers/dubbo%3A%2F%2Fh%3A{port}%2Fa.B"),
                "",
                None,
            )
        })
        .collect();
    let txn = Txn::new()
        .when([Compare::version(key, CompareOp::Greater, 0)])
        .and_then(puts);
    other.etcd().txn(txn).await.unwrap();
    assert_eq!(next(&mut subscription).await.len(), 49);
    other.delete(key).await;
    assert_eq!(next(&mut subscription).await.len(), 48, "002-T11");
    silent(&mut subscription, Duration::from_millis(300)).await;
}

/// F-44: what somebody deletes is made again, under the same lease.
#[tokio::test]
async fn an_entry_that_somebody_deletes_comes_back() {
    let Some(server) = Kind::Etcd.shared() else {
        return;
    };
    let other = Raw::to(server).await;
    let registry = open(&server.address("group=deleted&session=4000")).await;
    registry.register(&entry(1)).await.unwrap();
    let (key, before) = other.only_child("/deleted/a.B/providers").await;
    other.delete(&key).await;
    eventually("made again", async || other.stat(&key).await.is_some()).await;
    assert_eq!(other.stat(&key).await.unwrap().owner, before.owner);
}

/// F-49, F-50, 002-T14: changes during a cut, compacted away before it ends, are all in the next list.
#[tokio::test]
async fn a_compaction_during_a_cut_loses_nothing() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let proxy = Proxy::to(&server).await;
    let registry = connected(&proxy.address("session=30000")).await;
    let mut subscription = subscribed(&registry).await;
    until_ports(&mut subscription, &[], "nothing yet").await;
    proxy.cut();
    for port in 1..101 {
        let key = format!("/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A{port}%2Fa.B");
        other.make(&key, Life::Lasting).await;
        if port % 3 != 0 {
            other.delete(&key).await;
        }
    }
    let mut client = other.etcd();
    let revision = client.get("x", None).await.unwrap();
    let revision = revision.header().unwrap().revision();
    let options = CompactionOptions::new().with_physical();
    client.compact(revision, Some(options)).await.unwrap();
    silent(&mut subscription, Duration::from_millis(300)).await;
    proxy.open();
    let mut ports: Vec<u16> = (1..101).filter(|port| port % 3 == 0).collect();
    ports.sort_by_key(ToString::to_string);
    until_ports(&mut subscription, &ports, "all of them").await;
    // And the watch goes on.
    registry.register(&entry(7)).await.unwrap();
    assert_eq!(next(&mut subscription).await.len(), 34);
}

/// F-63: a list of more than the 4 MiB that gRPC takes by itself.
#[tokio::test]
async fn a_list_of_twelve_mebibytes() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let note = "x".repeat(200_000);
    for port in 1..63 {
        let name = format!("dubbo%3A%2F%2Fh%3A{port}%2Fa.B%3Fnote%3D{note}");
        let put = PutOptions::new();
        let key = format!("/dubbo/a.B/providers/{name}");
        other.etcd().put(key, "", Some(put)).await.unwrap();
    }
    let registry = connected(&server.address("session=30000")).await;
    let mut subscription = subscribed(&registry).await;
    assert_eq!(next(&mut subscription).await.len(), 62);
}
