//! Rows of the feature table and vectors of spec 30 and 50 that no other test is about, against both kinds of server.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use wubbo_core::{ErrorKind, Url};

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Life, Raw, eventually};
use crate::rounds::{connected, next, open, registered};
use crate::server::Kind;
use crate::sessions::{entry, silent, subscribed};

/// How long a list may take that nothing keeps from coming.
const LIMIT: Duration = Duration::from_secs(20);

/// F-04, 001-T17, V-BASE-06, V-BASE-07, V-BASE-10, 001-T10: where dubbo-go refuses, we have what is wanted. Its key is the whole entry,
/// not only its service and address.
async fn registering_again_and_taking_back_nothing_are_no_errors(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let registry = connected(&server.address("group=again&session=4000")).await;
    let mut attempts = JoinSet::new();
    for _ in 0..50 {
        let registry = registry.clone();
        attempts.spawn(async move { registry.register(&entry(1)).await });
    }
    while let Some(attempt) = attempts.join_next().await {
        attempt.unwrap().unwrap();
    }
    assert_eq!(other.children("/again/a.B/providers").await.len(), 1);
    registry
        .register(&url("dubbo://h:1/a.B?timestamp=9"))
        .await
        .unwrap();
    assert_eq!(other.children("/again/a.B/providers").await.len(), 2);
    registry.unregister(&entry(1)).await.unwrap();
    for nowhere in [entry(1), entry(2), url("dubbo://h:3/a.C")] {
        registry.unregister(&nowhere).await.unwrap();
    }
    assert_eq!(other.children("/again/a.B/providers").await.len(), 1);
}

/// F-05, 002-T2, V-ZK-02, V-ZK-03: gone at once, and not made again over the next connection.
async fn what_is_taken_back_stays_away(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let proxy = Proxy::to(server).await;
    let registry = connected(&proxy.address("group=away&session=4000")).await;
    registered(&registry, &entry(1)).await;
    registered(&registry, &entry(2)).await;
    let started = Instant::now();
    registry.unregister(&entry(1)).await.unwrap();
    assert_eq!(other.children("/away/a.B/providers").await.len(), 1);
    println!("taken back in {:?}", started.elapsed());
    proxy.cut();
    eventually("lost", async || !registry.is_available()).await;
    // The next connection makes anew what is wanted and gone.
    let (path, _) = other.only_child("/away/a.B/providers").await;
    other.delete(&path).await;
    proxy.open();
    eventually("the other one is made again", async || {
        other.stat(&path).await.is_some()
    })
    .await;
    assert_eq!(other.children("/away/a.B/providers").await.len(), 1);
    registered(&registry, &entry(1)).await;
    assert_eq!(other.children("/away/a.B/providers").await.len(), 2);
}

/// F-07, 001-T12, V-BASE-05, F-13: ten interfaces of one registry, inner classes among them, and each subscription hears of its own.
async fn subscriptions_are_apart(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let registry = connected(&server.address("group=apart&session=4000")).await;
    let mut subscriptions = Vec::new();
    for number in 0..10 {
        let consumer = url(&format!("consumer://c/a.Outer$B{number}"));
        let mut subscription = registry.subscribe(&consumer).await.unwrap();
        until_ports(&mut subscription, &[], "nothing yet").await;
        subscriptions.push(subscription);
    }
    for number in 0..10_u16 {
        for port in [100 + number, 200 + number] {
            let entry = url(&format!("dubbo://h:{port}/a.Outer$B{number}"));
            registry.register(&entry).await.unwrap();
        }
        let ports = [100 + number, 200 + number];
        until_ports(&mut subscriptions[usize::from(number)], &ports, "its own").await;
    }
    for subscription in &mut subscriptions {
        silent(subscription, Duration::from_millis(20)).await;
    }
}

/// F-14, F-15, F-51, 002-T15, 001-T3, 001-T4, 001-T5, V-ZK-06, V-ZK-07, V-ETCD-03, V-ETCD-04: with the value go entries, watches and tasks, at once and
/// not when the session's time is over. There is nothing that could be destroyed twice.
async fn what_is_dropped_leaves_nothing(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let other = Raw::to(&server).await;
    // Its own tasks are there after its first question.
    assert!(other.children("/dubbo").await.is_empty());
    let tasks = Handle::current().metrics().num_alive_tasks();
    let registry = connected(&server.address("session=30000")).await;
    let mut subscription = subscribed(&registry).await;
    registered(&registry, &entry(1)).await;
    registered(&registry, &url("consumer://c/a.B")).await;
    until_ports(&mut subscription, &[1], "registered").await;
    assert!(registry.is_available());
    drop(registry);
    let dropped = Instant::now();
    assert!(subscription.next().await.is_none(), "closed");
    eventually("no entry is left", async || {
        let providers = other.children("/dubbo/a.B/providers").await.len();
        providers + other.children("/dubbo/a.B/consumers").await.len() == 0
    })
    .await;
    // The session's time is 4 s at ZooKeeper here, and 30 s at etcd.
    println!("all gone {:?} after the drop", dropped.elapsed());
    assert!(kind == Kind::Zookeeper || dropped.elapsed() < Duration::from_secs(15));
    eventually("no watch and no task", async || {
        server.watches() == 0 && Handle::current().metrics().num_alive_tasks() <= tasks
    })
    .await;
}

/// F-28: one and the same entry comes and goes five times, and each time it is told.
async fn the_same_entry_comes_and_goes(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let registry = connected(&server.address("group=same&session=4000")).await;
    let mut subscription = subscribed(&registry).await;
    until_ports(&mut subscription, &[], "nothing yet").await;
    for _ in 0..5 {
        registered(&registry, &entry(1)).await;
        assert_eq!(next(&mut subscription).await.len(), 1);
        registry.unregister(&entry(1)).await.unwrap();
        assert!(next(&mut subscription).await.is_empty());
    }
}

/// F-18, F-19, F-66, 001-T7, 001-T8, V-ZK-09: every node above an entry is made, as often as it takes and with or without the slash before
/// the root; the entry goes with its session, they stay.
async fn a_deep_root_is_made(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    for group in ["test1/test2/test3", "/test1/test2/test3"] {
        let registry = connected(&server.address(&format!("group={group}&session=4000"))).await;
        for _ in 0..2 {
            registered(&registry, &entry(4)).await;
            let (path, stat) = other.only_child("/test1/test2/test3/a.B/providers").await;
            let name = "dubbo%3A%2F%2Fh%3A4%2Fa.B";
            assert_eq!(path, format!("/test1/test2/test3/a.B/providers/{name}"));
            assert_ne!(stat.owner, 0);
            registry.unregister(&entry(4)).await.unwrap();
        }
        assert_eq!(other.children("/test1/test2/test3").await, ["a.B"]);
    }
}

/// F-20: who wrote to the node of an entry does not keep us from removing it, nor does its being gone.
async fn an_entry_is_removed_whatever_its_version(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let registry = connected(&server.address("group=version&session=4000")).await;
    registered(&registry, &entry(1)).await;
    let (path, stat) = other.only_child("/version/a.B/providers").await;
    other.write(&path, b"by hand").await;
    eventually("still ours", async || {
        let now = other.stat(&path).await;
        now.is_some_and(|now| now.owner == stat.owner)
    })
    .await;
    registry.unregister(&entry(1)).await.unwrap();
    assert!(other.stat(&path).await.is_none());
    registry.unregister(&entry(1)).await.unwrap();
}

/// F-52, F-55, 001-T2, 002-T3, 002-T4, 002-T5, F-53, V-ZK-04, V-ETCD-02: one list for all categories that are asked for, the empty one included;
/// what comes later is news.
async fn each_category_has_its_list(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = connected(&server.address("session=30000")).await;
    let first = "dubbo://10.0.0.1/org.apache.dubbo.internal.test.DemoServie?methods=test1%2Ctest2";
    let second =
        "dubbo://10.0.0.1/org.apache.dubbo.internal.test.DemoServie?methods=test1%2Ctest2%2Ctest3";
    let asks = |category: &str| {
        url(&format!(
            "dubbo://10.0.0.1:2018/org.apache.dubbo.internal.test.DemoServie?methods=test1,test2&category={category}"
        ))
    };
    for category in ["providers", "routers", "configurators", "consumers", "*"] {
        let mut subscription = registry.subscribe(&asks(category)).await.unwrap();
        assert!(next(&mut subscription).await.is_empty(), "{category}");
        let watched = if category == "*" { 4 } else { 1 };
        eventually(category, async || server.watches() == watched).await;
        drop(subscription);
        eventually("no watch", async || server.watches() == 0).await;
    }
    let mut all = registry.subscribe(&asks("*")).await.unwrap();
    assert!(next(&mut all).await.is_empty());
    let mut expected = Vec::new();
    // By their text: T3 and T4, T5, and a rule among the providers.
    for entry in [
        first,
        second,
        "route://0.0.0.0/org.apache.dubbo.internal.test.DemoServie?category=routers",
    ] {
        registered(&registry, &url(entry)).await;
        expected.push(url(entry));
        assert_eq!(all.next().await.unwrap().urls, expected);
    }
    let mut routers = registry.subscribe(&asks("routers")).await.unwrap();
    assert_eq!(routers.next().await.unwrap().urls, expected[2..]);
}

/// 002-T8, 002-T12, F-48, V-ZK-05: a subscription that is dropped is told nothing more; another one of the same list is.
async fn who_left_hears_nothing(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = connected(&server.address("session=30000")).await;
    let mut gone = subscribed(&registry).await;
    let mut stays = subscribed(&registry).await;
    for subscription in [&mut gone, &mut stays] {
        until_ports(subscription, &[], "nothing yet").await;
    }
    eventually("one watch for both", async || server.watches() == 1).await;
    drop(gone);
    registered(&registry, &entry(1)).await;
    until_ports(&mut stays, &[1], "still heard").await;
    drop(stays);
    // That of the entry itself is left.
    eventually("nobody listens", async || server.watches() == 1).await;
    registered(&registry, &entry(2)).await;
    eventually("two entries", async || server.watches() == 2).await;
}

/// F-57, V-ETCD-07: what is there now, and no watch afterwards; nothing is no error.
async fn a_lookup_watches_nothing(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = connected(&server.address("session=30000")).await;
    let asked = url("consumer://c/a.B");
    let found = wubbo_registry::lookup(&*registry, &asked, LIMIT).await;
    assert!(found.unwrap().urls.is_empty());
    for port in [1, 2] {
        registered(&registry, &entry(port)).await;
    }
    let found = wubbo_registry::lookup(&*registry, &asked, LIMIT).await;
    assert_eq!(found.unwrap().urls, [entry(1), entry(2)]);
    // One for each entry of ours.
    eventually("no watch of the lookup", async || server.watches() == 2).await;
    let proxy = Proxy::to(&server).await;
    proxy.cut();
    let away = open(&proxy.address("session=30000")).await;
    let limit = Duration::from_millis(200);
    let error = wubbo_registry::lookup(&*away, &asked, limit).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Registry);
    assert!(
        error.message().contains("no answer within 200ms"),
        "{error}"
    );
}

/// F-25, F-58: an outage is one loss and one return, as its users see it.
async fn an_outage_is_one_loss_and_one_return(kind: Kind) {
    let Some(mut server) = kind.own() else { return };
    let registry = connected(&server.address("session=30000")).await;
    let seen = registry.clone();
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        let mut changes = vec![true];
        let deadline = Instant::now() + Duration::from_secs(60);
        while changes.len() < 3 && Instant::now() < deadline {
            let now = seen.is_available();
            if changes.last() != Some(&now) {
                changes.push(now);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (changes, Instant::now())
    });
    tokio::task::block_in_place(|| server.stop());
    eventually("lost", async || !registry.is_available()).await;
    tokio::task::block_in_place(|| server.start());
    let accepts = Instant::now();
    let (changes, back) = watching.join_next().await.unwrap().unwrap();
    assert_eq!(changes, [true, false, true]);
    let after = back.saturating_duration_since(accepts);
    println!("back {after:?} after the server accepts");
    assert!(after < Duration::from_secs(15));
    for _ in 0..50 {
        assert!(registry.is_available(), "lost again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// F-29, V-ZK-08, V-ETCD-05, V-ZK-13: an entry concerns a subscriber by service, group and version. What lies elsewhere does not, and its
/// protocol is for the directory of the cluster to judge.
async fn an_entry_concerns_who_asks_for_its_service(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let registry = connected(&server.address("group=concerns&session=4000")).await;
    let consumer = url("jsonrpc://127.0.0.1:20001/com.ikurento.user.UserProvider?group=");
    let mut subscription = registry.subscribe(&consumer).await.unwrap();
    until_ports(&mut subscription, &[], "nothing yet").await;
    let service = "/concerns/com.ikurento.user.UserProvider";
    let name = |protocol: &str, port: u16, rest: &str| {
        format!("{protocol}%3A%2F%2F127.0.0.1%3A{port}%2Fcom.ikurento.user.UserProvider%3F{rest}")
    };
    let elsewhere = [
        format!("{service}/others/{}", name("jsonrpc", 20009, "")),
        format!(
            "{service}/providers/{}",
            name("jsonrpc", 20008, "group%3Dg")
        ),
        format!(
            "{service}/providers/{}",
            name("jsonrpc", 20007, "version%3D2")
        ),
    ];
    for path in elsewhere {
        other.make(&path, Life::Session).await;
    }
    let rest = "dubbo%3Ddubbo-provider-golang-2.6.0%26group%3D%26version%3D%26warmup%3D100";
    for (protocol, port) in [("jsonrpc", 20001), ("dubbo", 20002)] {
        let path = format!("{service}/providers/{}", name(protocol, port, rest));
        other.make(&path, Life::Session).await;
    }
    until_ports(&mut subscription, &[20002, 20001], "both, by their text").await;
}

/// F-11, F-22: what a server that forgot everything had is there again, and one entry that it refuses stops none of the others.
async fn twenty_services_come_back_beside_one_that_is_refused(kind: Kind) {
    // The entry that etcd is to refuse is three times in one request.
    let further: &[&str] = match kind {
        Kind::Zookeeper => &[],
        Kind::Etcd => &["--max-request-bytes", "100000"],
    };
    let Some(mut server) = kind.with(further) else {
        return;
    };
    let other = Raw::to(&server).await;
    let registry = connected(&server.address("session=4000")).await;
    let entries: Vec<Url> = (0..20)
        .map(|number| url(&format!("dubbo://h:1/a.S{number}")))
        .collect();
    for entry in &entries {
        registered(&registry, entry).await;
    }
    // Nothing can lie below what goes with a session.
    let (poison, reason) = match kind {
        Kind::Zookeeper => {
            other.make("/dubbo/a.Poison/providers", Life::Session).await;
            (url("dubbo://h:1/a.Poison?check=false"), "node in")
        }
        Kind::Etcd => {
            let long = "x".repeat(40_000);
            let poison = format!("dubbo://h:1/a.Poison?check=false&x={long}");
            (url(&poison), "too large")
        }
    };
    let strict = poison.with_param("check", "true");
    let error = registry.register(&strict).await.unwrap_err();
    assert!(
        error.message().contains(reason),
        "{}",
        error.message().len()
    );
    registry.register(&poison).await.unwrap();
    server.stop();
    server.wipe();
    tokio::task::block_in_place(|| server.start());
    let accepts = Instant::now();
    let other = Raw::to(&server).await;
    eventually("20 services are back", async || {
        let mut back = 0;
        for number in 0..20 {
            let directory = format!("/dubbo/a.S{number}/providers");
            back += other.children(&directory).await.len();
        }
        back == 20
    })
    .await;
    println!("{:?} after the server accepts", accepts.elapsed());
    registered(&registry, &entry(7)).await;
}

/// F-45: a server that falls asleep until the session is over; five seconds after it is awake everything is there again (five times that
/// is asserted).
async fn a_server_that_sleeps_until_the_session_is_over(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = connected(&server.address("session=2000")).await;
    let entries: Vec<Url> = (11..31).map(entry).collect();
    for entry in &entries {
        registered(&registry, entry).await;
    }
    let consumer = connected(&server.address("session=3990")).await;
    let mut subscription = subscribed(&consumer).await;
    let ports: Vec<u16> = (11..31).collect();
    until_ports(&mut subscription, &ports, "20 entries").await;
    server.signal("STOP");
    eventually("lost", async || !registry.is_available()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    registry
        .register(&url("dubbo://h:31/a.B?check=false"))
        .await
        .unwrap();
    server.signal("CONT");
    let awake = Instant::now();
    let other = Raw::to(&server).await;
    eventually("21 entries", async || {
        registry.is_available() && other.children("/dubbo/a.B/providers").await.len() == 21
    })
    .await;
    println!("{:?} after it is awake", awake.elapsed());
    let ports: Vec<u16> = (11..32).collect();
    until_ports(&mut subscription, &ports, "and listed").await;
}

on_both!(
    registering_again_and_taking_back_nothing_are_no_errors,
    what_is_taken_back_stays_away,
    subscriptions_are_apart,
    what_is_dropped_leaves_nothing,
    the_same_entry_comes_and_goes,
    a_deep_root_is_made,
    an_entry_is_removed_whatever_its_version,
    each_category_has_its_list,
    who_left_hears_nothing,
    a_lookup_watches_nothing,
    an_outage_is_one_loss_and_one_return,
    an_entry_concerns_who_asks_for_its_service,
    twenty_services_come_back_beside_one_that_is_refused,
    a_server_that_sleeps_until_the_session_is_over,
);
