//! Faults of a whole registry: a leader that is lost, a server that is slow, and many services at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{JoinSet, block_in_place};
use wubbo_core::{Registry, Subscription, Url};

use crate::alone::{is_alone, resident_kib};
use crate::config_conformance::until_text;
use crate::conformance::{until_ports_within, url};
use crate::ensemble::Ensemble;
use crate::proxy::Proxy;
use crate::raw::{Life, Raw, eventually};
use crate::rounds::{connected, registered};
use crate::server::{Kind, Server};
use crate::sessions::{entry, subscribed};

/// Five times the 3 s within which every list is right after a fault.
const RIGHT_MAX: Duration = Duration::from_secs(15);
const RULE: (&str, &str) = ("shop.condition-router", "dubbo");

/// A server whose sessions may be longer than 4 s.
fn patient(kind: Kind) -> Option<Server> {
    let mut server = Server::prepared(kind, |home| {
        let file = home.join("zoo.cfg");
        if let Ok(words) = std::fs::read_to_string(&file) {
            std::fs::write(file, format!("{words}maxSessionTimeout=60000\n")).unwrap();
        }
    })?;
    block_in_place(|| server.start());
    Some(server)
}

/// Waits for the list with these ports, and for none on the way that lacks one of `kept`.
async fn until_without_loss(
    subscription: &mut Subscription,
    ports: &BTreeSet<u16>,
    kept: &BTreeSet<u16>,
) {
    let lists = async {
        loop {
            let list = subscription.next().await.expect("a living registry");
            let found: BTreeSet<u16> = list.urls.iter().filter_map(Url::port).collect();
            assert!(found.is_superset(kept), "lost: {found:?}");
            if found == *ports {
                return;
            }
        }
    };
    tokio::time::timeout(RIGHT_MAX, lists).await.unwrap();
}

/// Issue 6: the leader of three servers is killed. No entry is lost, and both registry and config center go on as soon as there is
/// another leader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_of_an_ensemble_is_killed() {
    let Some(mut ensemble) = block_in_place(Ensemble::start) else {
        return;
    };
    let leader = block_in_place(|| ensemble.leader());
    // Providers at the leader and at another one, a consumer likewise.
    let mut parties = Vec::new();
    for (number, first) in [leader, leader + 1, leader, leader + 1]
        .into_iter()
        .enumerate()
    {
        let address = ensemble.address(first, &format!("session={}", 15_000 + number));
        parties.push(connected(&address).await);
    }
    for port in 11..31 {
        registered(&parties[usize::from(port % 2)], &entry(port)).await;
    }
    let mut ports: BTreeSet<u16> = (11..31).collect();
    let mut subscriptions = Vec::new();
    for consumer in &parties[2..] {
        let mut subscription = subscribed(consumer).await;
        until_without_loss(&mut subscription, &ports, &BTreeSet::new()).await;
        subscriptions.push(subscription);
    }
    let address = ensemble.address(leader, "session=15000");
    let center = wubbo_registry::open_config(&address).await.unwrap();
    let written = center.replace(RULE.0, RULE.1, None, Some("one")).await;
    assert!(written.unwrap());
    let mut rule = center.subscribe(RULE.0, RULE.1).await.unwrap();
    assert_eq!(rule.current().as_deref(), Some("one"));

    let killed = Instant::now();
    block_in_place(|| ensemble.stop(leader));
    assert_ne!(block_in_place(|| ensemble.leader()), leader);
    println!("another leader after {:?}", killed.elapsed());
    let led = Instant::now();
    let kept = ports.clone();
    for (party, port) in [(0, 31), (1, 32)] {
        registered(&parties[party], &entry(port)).await;
        ports.insert(port);
    }
    for subscription in &mut subscriptions {
        until_without_loss(subscription, &ports, &kept).await;
    }
    println!(
        "lists are right {:?} after there is a leader",
        led.elapsed()
    );
    eventually("a rule is written", async || {
        let read = center.read(RULE.0, RULE.1).await;
        let read = read.ok().flatten();
        if read.as_deref() == Some("one") {
            let _may_be_lost = center
                .replace(RULE.0, RULE.1, Some("one"), Some("two"))
                .await;
        }
        read.as_deref() == Some("two")
    })
    .await;
    until_text(&mut rule, Some("two"), "and heard").await;
    println!("all is well {:?} after there is a leader", led.elapsed());
    assert!(led.elapsed() < RIGHT_MAX);
}

/// Issue 6: every answer takes 2 s. Lists are late and right, nothing piles up, and it is over when it is over.
async fn a_server_that_answers_after_two_seconds(kind: Kind) {
    let Some(server) = patient(kind) else { return };
    let other = Raw::to(&server).await;
    let proxy = Proxy::to(&server).await;
    let registry = connected(&proxy.address("session=60000&timeout=60s")).await;
    let mut subscription = subscribed(&registry).await;
    registered(&registry, &entry(1)).await;
    let none = BTreeSet::new();
    let mut ports = BTreeSet::from([1]);
    until_without_loss(&mut subscription, &ports, &none).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    proxy.slow(Duration::from_secs(2));
    for port in 11..31 {
        let path = format!("/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A{port}%2Fa.B");
        other.make(&path, Life::Session).await;
        ports.insert(port);
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = Handle::current().metrics().num_alive_tasks();
        // Some for what is on its way, and not one for each change.
        assert!(now <= tasks + 8, "{now} tasks, {tasks} before");
    }
    let started = Instant::now();
    registry.register(&entry(2)).await.unwrap();
    ports.insert(2);
    println!("registered in {:?}", started.elapsed());
    until_without_loss(&mut subscription, &ports, &BTreeSet::from([1])).await;
    println!("the list is right after {:?}", started.elapsed());
    assert_eq!(proxy.connections(), (1, 1), "it was taken for lost");
    proxy.open();
    let over = Instant::now();
    registry.register(&entry(3)).await.unwrap();
    ports.insert(3);
    until_without_loss(&mut subscription, &ports, &BTreeSet::from([1])).await;
    println!("right {:?} after it is over", over.elapsed());
}

/// Ten providers of each service.
async fn announce(providers: &Arc<dyn Registry>, services: u16) {
    let mut attempts = JoinSet::new();
    for service in 0..services {
        let providers = providers.clone();
        attempts.spawn(async move {
            for port in 11..21 {
                let entry = url(&format!("dubbo://10.0.0.1:{port}/a.S{service}?application=many&dubbo=2.0.2&methods=one%2Ctwo&side=provider"));
                providers.register(&entry).await.unwrap();
            }
        });
    }
    while let Some(attempt) = attempts.join_next().await {
        attempt.unwrap();
    }
}

/// Issue 6: 2,000 services of 10 providers each with `WUBBO_FULL=on`, else 200, with the connection lost in between.
async fn many_services_in_one_registry(kind: Kind) {
    if !is_alone("faults", kind, "many_services_in_one_registry") {
        return;
    }
    let Some(server) = patient(kind) else { return };
    let full = std::env::var_os("WUBBO_FULL").is_some();
    let services: u16 = if full { 2000 } else { 200 };
    let providers = connected(&server.address("session=60000&timeout=60s")).await;
    let empty = resident_kib();
    let started = Instant::now();
    announce(&providers, services).await;
    println!("{services} x 10 registered in {:?}", started.elapsed());
    let with_entries = resident_kib();
    let proxy = Proxy::to(&server).await;
    let consumer = connected(&proxy.address("session=59000&timeout=60s")).await;
    let started = Instant::now();
    let mut subscriptions = Vec::new();
    for service in 0..services {
        let asked = url(&format!("consumer://c/a.S{service}"));
        subscriptions.push(consumer.subscribe(&asked).await.unwrap());
    }
    let ports: Vec<u16> = (11..21).collect();
    let limit = Duration::from_secs(120);
    for subscription in &mut subscriptions {
        until_ports_within(subscription, &ports, limit, "").await;
    }
    println!("{services} lists after {:?}", started.elapsed());
    let with_lists = resident_kib();
    let watched = usize::from(services) * 11;
    eventually("one watch for each entry and list", async || {
        server.watches() == watched
    })
    .await;
    let tasks = Handle::current().metrics().num_alive_tasks();

    let other = Raw::to(&server).await;
    proxy.cut();
    eventually("lost", async || !consumer.is_available()).await;
    for service in (0..services).step_by(10) {
        let name = format!("dubbo%3A%2F%2F10.0.0.1%3A21%2Fa.S{service}");
        let path = format!("/dubbo/a.S{service}/providers/{name}");
        other.make(&path, Life::Session).await;
    }
    proxy.open();
    let open = Instant::now();
    let ports: Vec<u16> = (11..22).collect();
    for subscription in subscriptions.iter_mut().step_by(10) {
        until_ports_within(subscription, &ports, limit, "").await;
    }
    println!("all lists are right {:?} after the cut", open.elapsed());
    assert!(full || open.elapsed() < RIGHT_MAX);
    eventually("as many watches and tasks", async || {
        server.watches() == watched && Handle::current().metrics().num_alive_tasks() <= tasks + 8
    })
    .await;
    let (entries, lists) = (
        with_entries - empty,
        with_lists.saturating_sub(with_entries),
    );
    let after = resident_kib();
    println!("KiB: {empty} empty, {entries} for the entries, {lists} for the lists, {after} after");
    // Some KiB for each entry that is kept, watched and listed.
    assert!(after - empty < u64::from(services) * 10 * 16 + 16 * 1024);
}

on_both!(
    a_server_that_answers_after_two_seconds,
    many_services_in_one_registry,
);
