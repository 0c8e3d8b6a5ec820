//! Entries made, found and taken back, with everything in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo_core::{Registry, Subscription, Url};

use crate::conformance::{self, until_ports, url};
use crate::raw::{Life, Raw, eventually};
use crate::server::Kind;

pub(crate) async fn open(address: &str) -> Arc<dyn Registry> {
    wubbo_registry::open(address).await.unwrap()
}

/// Announces `url`, however slow the machine is.
pub(crate) async fn registered(registry: &Arc<dyn Registry>, url: &Url) {
    eventually("registered", async || registry.register(url).await.is_ok()).await;
}

/// The next list, as text.
pub(crate) async fn next(subscription: &mut Subscription) -> Vec<String> {
    let list = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await;
    let list = list.expect("a list in time").expect("a living registry");
    list.urls.iter().map(ToString::to_string).collect()
}

async fn conforms_on_one_connection(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let address = server.address("group=one&session=4000");
    connected(&address).await;
    conformance::check(&format!("{kind:?}, shared"), async || {
        connected(&address).await
    })
    .await;
}

/// F-01: what every registry must do, between two processes as it were.
async fn conforms_between_two_connections(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    // Another session time-out is another session.
    let session = std::cell::Cell::new(4000);
    let open = async || {
        session.set(session.get() + 1000);
        let parameters = format!("group=two&session={}", session.get());
        connected(&server.address(&parameters)).await
    };
    conformance::check(&format!("{kind:?}, apart"), open).await;
}

pub(crate) async fn connected(address: &str) -> Arc<dyn Registry> {
    let registry = open(address).await;
    eventually("connected", async || registry.is_available()).await;
    registry
}

/// F-26, F-27: directories that do not exist yet are watched, and the last entry to go leaves the empty list.
async fn what_java_wrote_is_read_and_what_it_removes_goes(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let consumer = open(&server.address("group=java&session=4000")).await;
    let mut subscription = consumer
        .subscribe(&url("consumer://c/org.wubbo.demo.EchoService?category=providers,configurators,routers&version=1.0.0&group=g"))
        .await
        .unwrap();
    assert!(
        next(&mut subscription).await.is_empty(),
        "no node exists yet"
    );
    let service = "/java/org.wubbo.demo.EchoService";
    let java = format!(
        "{service}/providers/dubbo%3A%2F%2F10.0.0.7%3A20880%2Forg.wubbo.demo.EchoService%3Fanyhost%3Dtrue%26dubbo%3D2.0.2%26group%3Dg%26interface%3Dorg.wubbo.demo.EchoService%26methods%3DgetUser%2Csay%26side%3Dprovider%26version%3D1.0.0"
    );
    other.make(&java, Life::Session).await;
    let read = "dubbo://10.0.0.7:20880/org.wubbo.demo.EchoService?anyhost=true&dubbo=2.0.2&group=g&interface=org.wubbo.demo.EchoService&methods=getUser%2Csay&side=provider&version=1.0.0";
    assert_eq!(next(&mut subscription).await, [read]);
    let rule = format!(
        "{service}/configurators/override%3A%2F%2F0.0.0.0%2Forg.wubbo.demo.EchoService%3Fcategory%3Dconfigurators%26group%3Dg%26timeout%3D300%26version%3D1.0.0"
    );
    other.make(&rule, Life::Lasting).await;
    assert_eq!(next(&mut subscription).await.len(), 2);
    other.delete(&java).await;
    assert_eq!(next(&mut subscription).await.len(), 1);
    other.delete(&rule).await;
    assert!(
        next(&mut subscription).await.is_empty(),
        "the last one is gone"
    );
}

/// F-02, 001-T1, 001-T5, V-ZK-01, V-ZK-02, V-ZK-03, V-ETCD-01, with the parameters that `wubbo::Server` adds.
async fn an_entry_is_the_node_that_java_expects_and_can_come_back(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let provider = open(&server.address("group=node&session=4000")).await;
    let entry = url(
        "dubbo://127.0.0.1:20000/com.ikurento.user.UserProvider?anyhost=true&category=providers&cluster=mock&interface=com.ikurento.user.UserProvider&methods=GetUser%2CAddUser&serviceid=soa.mock&side=provider",
    );
    let directory = "/node/com.ikurento.user.UserProvider/providers";
    for _ in 0..5 {
        provider.register(&entry).await.unwrap();
        let nodes = other.children(directory).await;
        assert_eq!(
            nodes,
            [
                "dubbo%3A%2F%2F127.0.0.1%3A20000%2Fcom.ikurento.user.UserProvider%3Fanyhost%3Dtrue%26category%3Dproviders%26cluster%3Dmock%26interface%3Dcom.ikurento.user.UserProvider%26methods%3DGetUser%2CAddUser%26serviceid%3Dsoa.mock%26side%3Dprovider"
            ]
        );
        let path = format!("{directory}/{}", nodes.concat());
        let stat = other.stat(&path).await.unwrap();
        let value = match kind {
            Kind::Zookeeper => String::new(),
            Kind::Etcd => stat.owner.to_string(),
        };
        assert!(
            stat.owner != 0 && stat.value == value.as_bytes(),
            "{stat:?}"
        );
        provider.unregister(&entry).await.unwrap();
        assert!(other.children(directory).await.is_empty());
    }
}

/// F-03, F-41: a consumer makes both directories; `dynamic=false` outlives its process until it is taken back.
async fn consumers_and_static_entries(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let address = server.address("group=kinds&session=4000");
    let registry = open(&address).await;
    let consumer = url("consumer://10.0.0.1/a.B?version=1.0");
    registry.register(&consumer).await.unwrap();
    let nodes = other.children("/kinds/a.B/consumers").await;
    assert_eq!(
        nodes,
        ["consumer%3A%2F%2F10.0.0.1%2Fa.B%3Fcategory%3Dconsumers%26check%3Dfalse%26version%3D1.0"]
    );
    assert_eq!(
        other.children("/kinds/a.B").await,
        ["consumers", "providers"]
    );
    let fixed = url("dubbo://h:1/a.B?dynamic=false");
    registry.register(&fixed).await.unwrap();
    drop(registry);
    eventually("the consumer is gone", async || {
        other.children("/kinds/a.B/consumers").await.is_empty()
    })
    .await;
    assert_eq!(other.children("/kinds/a.B/providers").await.len(), 1);
    let next_life = open(&address).await;
    next_life.register(&fixed).await.unwrap();
    next_life.unregister(&fixed).await.unwrap();
    assert!(other.children("/kinds/a.B/providers").await.is_empty());
}

async fn simplified_entries_are_short_and_taken_back(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let registry =
        open(&server.address("group=short&session=4000&simplified=true&extra-keys=zone")).await;
    let entry = url("dubbo://h:1/a.B?anyhost=true&application=x&pid=1&zone=z");
    registry.register(&entry).await.unwrap();
    let directory = "/short/a.B/providers";
    assert_eq!(
        other.children(directory).await,
        ["dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fapplication%3Dx%26zone%3Dz"]
    );
    registry.unregister(&entry).await.unwrap();
    assert!(other.children(directory).await.is_empty());
}

/// Spec 50 4.1, F-111: what we do not speak is listed for who does; what cannot be read is counted and hurts nobody.
async fn foreign_and_bad_entries_do_not_disturb(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let registry = open(&server.address("group=foreign&session=4000")).await;
    for name in [
        "jsonrpc%3A%2F%2Fh%3A30880%2Fa.B2%3Finterface%3Da.B",
        "dubbo%3A%2F%2Fh%3A20880%2Fa.B",
        "nonsense",
        "dubbo%3A%2F%2Fh%3A1%2Fa.C",
    ] {
        other
            .make(&format!("/foreign/a.B/providers/{name}"), Life::Lasting)
            .await;
    }
    let mut subscription = registry.subscribe(&url("consumer://c/a.B")).await.unwrap();
    let list = subscription.next().await.unwrap();
    let read: Vec<String> = list.urls.iter().map(ToString::to_string).collect();
    assert_eq!(
        read,
        [
            "dubbo://h:20880/a.B?",
            "jsonrpc://h:30880/a.B2?interface=a.B"
        ]
    );
    assert_eq!(list.unreadable, 2);
}

/// F-54, 002-T7: a subscription to every interface, such as an admin console's, also sees those that come later.
async fn a_star_asks_for_every_interface(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let registry = open(&server.address("group=star&session=4000")).await;
    let asked = url("admin://c?interface=*&group=*&version=*&classifier=*&category=*&enabled=*");
    let mut subscription = registry.subscribe(&asked).await.unwrap();
    until_ports(&mut subscription, &[], "nothing yet").await;
    registry
        .register(&url("dubbo://h:1/a.B?group=g&version=1"))
        .await
        .unwrap();
    until_ports(&mut subscription, &[1], "one").await;
    registry
        .register(&url("dubbo://h:2/a.C$D?enabled=false"))
        .await
        .unwrap();
    until_ports(&mut subscription, &[1, 2], "two").await;
}

/// F-21, F-48: a path is watched once, however often it is subscribed to, and not at all when nobody is left.
async fn one_watch_per_directory_and_none_behind(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = open(&server.address("session=4000")).await;
    for _ in 0..50 {
        let mut all = Vec::new();
        for _ in 0..3 {
            let asked = url("consumer://c/a.B?category=providers,routers");
            all.push(registry.subscribe(&asked).await.unwrap());
        }
        for subscription in &mut all {
            assert!(next(subscription).await.is_empty());
        }
        assert!(server.watches() <= 4);
    }
    eventually("no watch is left", async || server.watches() == 0).await;
    // A watch that fires leaves one again, not two.
    let mut subscription = registry.subscribe(&url("consumer://c/a.B")).await.unwrap();
    for port in 11..30 {
        registry
            .register(&url(&format!("dubbo://h:{port}/a.B")))
            .await
            .unwrap();
    }
    let ports: Vec<u16> = (11..30).collect();
    until_ports(&mut subscription, &ports, "19 entries").await;
    // One for the directory, one for each entry that is kept.
    eventually("20 watches", async || server.watches() == 20).await;
}

async fn a_thousand_providers_of_one_service(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let provider = open(&server.address("group=many&session=4000")).await;
    let consumer = open(&server.address("group=many&session=3990")).await;
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    until_ports(&mut subscription, &[], "nothing yet").await;
    let started = Instant::now();
    let entry = |port: u16| {
        url(&format!(
            "dubbo://10.0.0.1:{port}/a.B?application=many&dubbo=2.0.2&interface=a.B&methods=one%2Ctwo%2Cthree&side=provider&timestamp=1470730434282&version="
        ))
    };
    for ports in (1..=1000).collect::<Vec<u16>>().chunks(100) {
        let entries: Vec<_> = ports.iter().map(|port| entry(*port)).collect();
        let registered = entries.iter().map(|entry| provider.register(entry));
        for registered in registered.collect::<Vec<_>>() {
            registered.await.unwrap();
        }
    }
    println!("1000 registered in {:?}", started.elapsed());
    let mut lists = 0;
    while next(&mut subscription).await.len() < 1000 {
        lists += 1;
    }
    println!(
        "all listed after {:?}, {lists} lists before",
        started.elapsed()
    );
    drop(provider);
    let gone = Instant::now();
    while !next(&mut subscription).await.is_empty() {}
    println!("all gone after {:?}", gone.elapsed());
    assert!(gone.elapsed() < Duration::from_secs(15));
}

on_both!(
    conforms_on_one_connection,
    conforms_between_two_connections,
    what_java_wrote_is_read_and_what_it_removes_goes,
    an_entry_is_the_node_that_java_expects_and_can_come_back,
    consumers_and_static_entries,
    simplified_entries_are_short_and_taken_back,
    foreign_and_bad_entries_do_not_disturb,
    a_star_asks_for_every_interface,
    one_watch_per_directory_and_none_behind,
    a_thousand_providers_of_one_service,
);
