//! Several registries at once, of which one may go away, or be preferred.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wubbo::contract::Stub;
use wubbo_core::ServiceKey;
use wubbo_tests::hosts::{EchoProvider, Gateway, wubbo};
use wubbo_tests::scratch::Scratch;

use super::{SERVICE, consumer, until};
use crate::server::Kind;

fn provider(name: &str, registries: &[&str]) -> EchoProvider {
    let mut arguments = vec!["--name", name];
    arguments.extend(
        registries
            .iter()
            .flat_map(|address| ["--registry", *address]),
    );
    EchoProvider::start(&arguments).unwrap()
}

#[test]
fn what_one_registry_loses_the_other_keeps() {
    let (Some(mut zookeeper), Some(etcd)) = (Kind::Zookeeper.own(), Kind::Etcd.own()) else {
        return;
    };
    let (first, second) = (
        zookeeper.address("session=4000"),
        etcd.address("session=4000"),
    );
    let both = [first.clone(), second.clone()];
    let one = provider("one", &[&first]);
    let two = provider("two", &[&second]);
    let everywhere = provider("everywhere", &[&first, &second]);
    let all = ["one", "two", "everywhere"];
    let service = ServiceKey::new(SERVICE, "", "1.0.0");

    let folder = Scratch::new("several").unwrap();
    let yaml = format!(
        "application: edge\nregistries: {{ a: {{ address: \"{first}\" }}, b: {{ address: \"{second}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"], registry: \"a,b\" }}\n"
    );
    let gateway = Gateway::start(&yaml, folder.path()).unwrap();
    Runtime::new().unwrap().block_on(async {
        let client = consumer("shop-web", &both).await;
        let stub = client.stub(&service).await.unwrap();
        let through = client.direct_stub(&service, gateway.url()).unwrap();
        for stub in [&stub, &through] {
            until(stub, "both registries", &all).await;
        }
        // The outage of one takes nobody away, and what the other says still counts.
        zookeeper.stop();
        assert_eq!(two.stop().unwrap(), 0);
        for stub in [&stub, &through] {
            until(stub, "ZooKeeper is gone", &["one", "everywhere"]).await;
        }
        // Who starts now, with connections of its own, finds what the other one knows.
        let own = [
            zookeeper.address("session=3000"),
            etcd.address("session=3000"),
        ];
        let late = consumer("shop-late", &own).await;
        let late = late.stub(&service).await.unwrap();
        until(&late, "started without ZooKeeper", &["everywhere"]).await;
        let three = provider("three", &[&second]);
        for stub in [&stub, &through] {
            until(stub, "another at etcd", &["one", "three", "everywhere"]).await;
        }
        until(&late, "another at etcd", &["three", "everywhere"]).await;
        zookeeper.start();
        until(&late, "ZooKeeper is back", &["one", "three", "everywhere"]).await;
        drop(three);
    });
    assert_eq!(gateway.stop().unwrap(), 0);
    drop((one, everywhere));
}

/// Calls without a pause until it is said; how many there were, and how many failed.
async fn calls(stub: Stub, over: Arc<AtomicBool>) -> (u32, u32) {
    let (mut calls, mut failed) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        calls += 1;
        failed += u32::from(stub.invoke("whoami", &[], vec![]).await.is_err());
    }
    (calls, failed)
}

/// A consumer and a gateway of two registries, one of them preferred: calls go there while somebody is there, and none is lost when he
/// stops and comes back.
#[test]
fn a_registry_is_preferred_as_long_as_it_has_somebody() {
    let folder = Scratch::new("preferred").unwrap();
    let [first, second] =
        ["first", "second"].map(|name| format!("file:{}", folder.folder(name).unwrap().display()));
    let one = provider("one", &[&first]);
    let two = provider("two", &[&second]);
    let preferred = format!("{first}?preferred=true");
    let yaml = format!(
        "application: edge\nregistries: {{ a: {{ address: \"{second}\" }}, b: {{ address: \"{preferred}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
    );
    let gateway = Gateway::start(&yaml, folder.path()).unwrap();
    let admin = format!("http://{}", gateway.admin().unwrap());
    let explained = |service: &str| {
        let asked = ["explain", service, "whoami", "--admin", &admin];
        wubbo(&asked).unwrap().1
    };
    let service = ServiceKey::new(SERVICE, "", "1.0.0");
    Runtime::new().unwrap().block_on(async {
        let client = consumer("shop-web", &[second.clone(), preferred.clone()]).await;
        let stub = client.stub(&service).await.unwrap();
        let through = client.direct_stub(&service, gateway.url()).unwrap();
        for stub in [&stub, &through] {
            until(stub, "the preferred one", &["one"]).await;
        }
        let text = explained(&format!("{SERVICE}:1.0.0"));
        assert!(text.contains("/first: preferred\n"), "{text}");
        let text = explained(&format!("*/{SERVICE}:1.0.0"));
        let group = "group (without a name): the only group that is announced\n";
        assert!(text.contains(group), "{text}");
        let over = Arc::new(AtomicBool::new(false));
        let mut load = JoinSet::new();
        for stub in [&stub, &through] {
            load.spawn(calls(stub.clone(), over.clone()));
        }
        assert_eq!(one.stop().unwrap(), 0);
        for stub in [&stub, &through] {
            until(stub, "nobody is there", &["two"]).await;
        }
        let text = explained(&format!("{SERVICE}:1.0.0"));
        assert!(
            text.contains("/second: the only one left\n  file://"),
            "{text}"
        );
        assert!(text.contains("/first: nobody is available\n"), "{text}");
        let _one = provider("one", &[&first]);
        for stub in [&stub, &through] {
            until(stub, "he is back", &["one"]).await;
        }
        over.store(true, Ordering::Relaxed);
        for (calls, failed) in load.join_all().await {
            assert!(calls > 0);
            assert_eq!(failed, 0, "of {calls} calls");
        }
    });
    assert_eq!(gateway.stop().unwrap(), 0);
    drop(two);
}
