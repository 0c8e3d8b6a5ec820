//! Several registries at once, of which one may go away.

use tokio::runtime::Runtime;
use wubbo_core::ServiceKey;
use wubbo_tests::hosts::{EchoProvider, Gateway};
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
