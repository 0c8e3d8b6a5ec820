//! Connections that are cut or fall silent, sessions that expire, servers that restart, forget or freeze.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use wubbo_core::{ErrorKind, Registry, Subscription, Url};
use wubbo_registry::ZookeeperRegistry;
use zookeeper_client::CreateMode;

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::rounds::{connected, next, open};
use crate::server::{own, shared};

fn entry(port: u16) -> Url {
    url(&format!("dubbo://h:{port}/a.B"))
}

async fn subscribed(registry: &ZookeeperRegistry) -> Subscription {
    registry.subscribe(&url("consumer://c/a.B")).await.unwrap()
}

/// Nothing is said to the subscriber for this long.
async fn silent(subscription: &mut Subscription, during: Duration) {
    let said = tokio::time::timeout(during, subscription.next()).await;
    assert!(said.is_err(), "{said:?}");
}

/// F-11, F-24: everything is there again after the session expired, under the new one.
#[tokio::test]
async fn after_a_session_expired_everything_is_made_anew() {
    let Some(server) = shared() else { return };
    let other = Raw::to(server.port).await;
    let proxy = Proxy::to(server.port).await;
    let provider = open(&proxy.address("group=expired&session=1000"));
    let consumer = open(&server.address("group=expired&session=4000"));
    let mut elsewhere = subscribed(&consumer).await;
    let mut here = subscribed(&provider).await;
    let ports: Vec<u16> = (11..31).collect();
    for port in &ports {
        provider.register(&entry(*port)).await.unwrap();
    }
    until_ports(&mut elsewhere, &ports, "20 entries").await;
    until_ports(&mut here, &ports, "20 entries").await;
    proxy.cut();
    until_ports(&mut elsewhere, &[], "the server ended the session").await;
    silent(&mut here, Duration::from_millis(200)).await;
    assert!(!provider.is_available());
    proxy.open();
    eventually("20 entries are back", async || {
        other.children("/expired/a.B/providers").await.len() == ports.len()
    })
    .await;
    until_ports(&mut elsewhere, &ports, "and seen").await;
    // The subscription that lost its session follows the new one, and never saw less than what it had.
    provider.register(&entry(31)).await.unwrap();
    let all: Vec<u16> = (11..32).collect();
    until_ports(&mut here, &all, "one more").await;
}

/// F-24: a cut that is shorter than the session changes nothing at the server.
#[tokio::test]
async fn a_short_cut_keeps_the_session() {
    let Some(server) = shared() else { return };
    let other = Raw::to(server.port).await;
    let proxy = Proxy::to(server.port).await;
    let provider = open(&proxy.address("group=blip&session=4000"));
    let mut subscription = subscribed(&provider).await;
    provider.register(&entry(1)).await.unwrap();
    until_ports(&mut subscription, &[1], "registered").await;
    let (_, before) = other.only_child("/blip/a.B/providers").await;
    proxy.cut();
    eventually("lost", async || !provider.is_available()).await;
    // A change while we are away is seen afterwards.
    other
        .make(
            "/blip/a.B/providers/dubbo%3A%2F%2Fh%3A2%2Fa.B",
            CreateMode::Ephemeral,
        )
        .await;
    silent(&mut subscription, Duration::from_millis(300)).await;
    proxy.open();
    until_ports(&mut subscription, &[1, 2], "back").await;
    let names = other.children("/blip/a.B/providers").await;
    let ours = names.iter().find(|name| name.contains("%3A1%2F")).unwrap();
    let path = format!("/blip/a.B/providers/{ours}");
    let after = other.check_stat(&path).await.unwrap().unwrap();
    assert_eq!(
        (before.czxid, before.ephemeral_owner),
        (after.czxid, after.ephemeral_owner)
    );
}

/// A peer that vanished without a word: no FIN, no RST.
#[tokio::test]
async fn a_half_open_connection_is_noticed() {
    let Some(server) = shared() else { return };
    let proxy = Proxy::to(server.port).await;
    let provider = connected(&proxy.address("group=silent&session=1000&timeout=500")).await;
    let mut subscription = subscribed(&provider).await;
    provider.register(&entry(1)).await.unwrap();
    until_ports(&mut subscription, &[1], "registered").await;
    proxy.silence();
    eventually("the silence is noticed", async || !provider.is_available()).await;
    let asked = Instant::now();
    let error = provider.register(&entry(2)).await.unwrap_err();
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert!(error.message().contains("is ZooKeeper up"), "{error}");
    proxy.open();
    provider.register(&entry(3)).await.unwrap_or(());
    eventually("connected again", async || provider.is_available()).await;
    provider.register(&entry(3)).await.unwrap();
    until_ports(&mut subscription, &[1, 3], "back").await;
}

/// F-101 in small: lists stay while the server is away, and what happened meanwhile is seen at its return.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts() {
    let Some(mut server) = own() else { return };
    let provider = connected(&server.address("session=4000")).await;
    let consumer = connected(&server.address("session=3990")).await;
    let mut subscription = subscribed(&consumer).await;
    provider.register(&entry(1)).await.unwrap();
    until_ports(&mut subscription, &[1], "registered").await;
    server.stop();
    eventually("lost", async || !consumer.is_available()).await;
    silent(&mut subscription, Duration::from_millis(500)).await;
    tokio::task::block_in_place(|| server.start());
    eventually("connected again", async || {
        provider.is_available() && consumer.is_available()
    })
    .await;
    provider.register(&entry(2)).await.unwrap();
    until_ports(&mut subscription, &[1, 2], "a second one").await;
}

/// F-59, spec 4.6: a server that forgot everything gets all back, and consumers lose no provider in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgot_everything() {
    let Some(mut server) = own() else { return };
    let proxy = Proxy::to(server.port).await;
    let provider = connected(&proxy.address("session=4000")).await;
    let consumer = connected(&server.address("session=3990")).await;
    let mut subscription = subscribed(&consumer).await;
    for port in [1, 2] {
        provider.register(&entry(port)).await.unwrap();
    }
    until_ports(&mut subscription, &[1, 2], "registered").await;
    server.stop();
    proxy.cut();
    server.wipe();
    tokio::task::block_in_place(|| server.start());
    eventually("the consumer is back first", async || {
        consumer.is_available()
    })
    .await;
    silent(&mut subscription, Duration::from_millis(500)).await;
    proxy.open();
    let other = Raw::to(server.port).await;
    eventually("the entries are back", async || {
        other.children("/dubbo/a.B/providers").await.len() == 2
    })
    .await;
    // Neither the empty list nor a part was ever told: the next list is the one with the news.
    provider.register(&entry(3)).await.unwrap();
    assert_eq!(next(&mut subscription).await.len(), 3);
}

/// 001-T18: no operation hangs on a frozen server, and dropping does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_holds_nobody() {
    let Some(server) = own() else { return };
    let registry = connected(&server.address("session=4000&timeout=500")).await;
    registry.register(&entry(1)).await.unwrap();
    server.signal("STOP");
    let started = Instant::now();
    let entries: Vec<Url> = (100..200).map(entry).collect();
    let attempts = entries.iter().map(|entry| registry.register(entry));
    let mut failed = 0;
    for attempt in futures_of(attempts).await {
        let error = attempt.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Registry);
        assert!(
            error
                .message()
                .contains(&format!("127.0.0.1:{}", server.port)),
            "{error}"
        );
        failed += 1;
    }
    assert_eq!(failed, 100);
    println!("100 attempts gave up after {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(5));
    let dropped = Instant::now();
    drop(registry);
    assert!(dropped.elapsed() < Duration::from_millis(500));
    server.signal("CONT");
}

/// Polls all of them together.
async fn futures_of<T>(futures: impl Iterator<Item = T>) -> Vec<T::Output>
where
    T: Future + Unpin,
{
    let mut waiting: Vec<Option<T>> = futures.map(Some).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut waiting {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
            {
                done.push(output);
                *slot = None;
            }
        }
        match waiting.iter().all(Option::is_none) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done
}

#[tokio::test]
async fn a_hundred_reconnects_leave_nothing_behind() {
    let Some(server) = shared() else { return };
    let other = Raw::to(server.port).await;
    let proxy = Proxy::to(server.port).await;
    let provider = connected(&proxy.address("group=hundred&session=4000")).await;
    let mut subscription = subscribed(&provider).await;
    provider.register(&entry(1)).await.unwrap();
    until_ports(&mut subscription, &[1], "registered").await;
    let (_, before) = other.only_child("/hundred/a.B/providers").await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    for round in 0..100 {
        let (accepted, _) = proxy.connections();
        proxy.cut();
        eventually("cut", async || proxy.connections().1 == 0).await;
        proxy.open();
        eventually("back", async || {
            proxy.connections().0 > accepted && provider.is_available()
        })
        .await;
        let (_, open) = proxy.connections();
        assert_eq!(open, 1, "round {round}");
    }
    let (_, after) = other.only_child("/hundred/a.B/providers").await;
    assert_eq!(
        before.ephemeral_owner, after.ephemeral_owner,
        "the same session"
    );
    other
        .make(
            "/hundred/a.B/providers/dubbo%3A%2F%2Fh%3A2%2Fa.B",
            CreateMode::Ephemeral,
        )
        .await;
    until_ports(&mut subscription, &[1, 2], "still followed").await;
    eventually("as many tasks as before", async || {
        Handle::current().metrics().num_alive_tasks() <= tasks
    })
    .await;
}

/// F-62, F-68: a registry that is not there yet.
#[tokio::test]
async fn a_registry_that_comes_later() {
    let Some(server) = shared() else { return };
    let proxy = Proxy::to(server.port).await;
    proxy.cut();
    let registry = open(&proxy.address("group=later&session=4000&timeout=300"));
    let mut subscription = subscribed(&registry).await;
    let error = registry.register(&entry(1)).await.unwrap_err();
    let text = error.message();
    assert!(
        text.contains(&proxy.port.to_string()) && text.contains("is ZooKeeper up"),
        "{text}"
    );
    registry
        .register(&url("dubbo://h:2/a.B?check=false"))
        .await
        .unwrap();
    registry.register(&url("consumer://c/a.B")).await.unwrap();
    silent(&mut subscription, Duration::from_millis(300)).await;
    proxy.open();
    until_ports(&mut subscription, &[2], "there it is").await;
    let other = Raw::to(server.port).await;
    eventually("the consumer, too", async || {
        other.children("/later/a.B/consumers").await.len() == 1
    })
    .await;
    // What was an error is not made behind the caller's back.
    assert_eq!(other.children("/later/a.B/providers").await.len(), 1);
}

/// F-69: a consumer starts on its last list while the registry is away, and hears the truth when it is back.
#[tokio::test]
async fn a_consumer_starts_on_its_last_list() {
    let Some(server) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("last lists");
    let parameters = format!("group=cache&session=4000&file={}", file.display());
    let provider = open(&server.address("group=cache&session=3990"));
    provider.register(&entry(1)).await.unwrap();
    let proxy = Proxy::to(server.port).await;
    let consumer = open(&proxy.address(&parameters));
    let mut subscription = subscribed(&consumer).await;
    until_ports(&mut subscription, &[1], "first life").await;
    eventually("written", async || {
        std::fs::metadata(&file).is_ok_and(|file| file.len() > 0)
    })
    .await;
    drop((consumer, subscription));
    proxy.cut();
    let consumer = open(&proxy.address(&parameters));
    let mut subscription = subscribed(&consumer).await;
    let started = Instant::now();
    assert_eq!(next(&mut subscription).await, ["dubbo://h:1/a.B?"]);
    println!("on the last list after {:?}", started.elapsed());
    assert!(!consumer.is_available());
    provider.register(&entry(2)).await.unwrap();
    proxy.open();
    until_ports(&mut subscription, &[1, 2], "the truth").await;
}

/// A process that shuts down during an outage does not wait for each of its entries.
#[tokio::test]
async fn an_outage_is_waited_for_once() {
    let Some(server) = shared() else { return };
    let proxy = Proxy::to(server.port).await;
    let registry = connected(&proxy.address("group=once&session=4000&timeout=500")).await;
    let entries: Vec<Url> = (1..21).map(entry).collect();
    for entry in &entries {
        registry.register(entry).await.unwrap();
    }
    proxy.cut();
    let started = Instant::now();
    for entry in &entries {
        registry.unregister(entry).await.unwrap_err();
    }
    println!("20 entries given up after {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_millis(2500));
    proxy.open();
    let other = Raw::to(server.port).await;
    eventually("all gone", async || {
        other.children("/once/a.B/providers").await.is_empty()
    })
    .await;
}

/// F-49: whatever changes while a subscriber is cut off, its list is right afterwards.
#[tokio::test]
async fn changes_during_cuts_are_not_lost() {
    let Some(server) = shared() else { return };
    let proxy = Proxy::to(server.port).await;
    let provider = connected(&server.address("group=churn&session=4000")).await;
    let consumer = connected(&proxy.address("group=churn&session=4000")).await;
    let mut subscription = subscribed(&consumer).await;
    let mut expected = std::collections::BTreeSet::new();
    // A fixed sequence that adds and removes all over the range.
    let mut number: u32 = 1;
    for round in 0..10 {
        proxy.cut();
        for _ in 0..10 {
            number = number * 75 % 65_537;
            let port = u16::try_from(10 + number % 20).unwrap();
            if expected.remove(&port) {
                provider.unregister(&entry(port)).await.unwrap();
            } else {
                expected.insert(port);
                provider.register(&entry(port)).await.unwrap();
            }
        }
        proxy.open();
        let ports: Vec<u16> = expected.iter().copied().collect();
        until_ports(&mut subscription, &ports, &format!("round {round}")).await;
    }
}

/// Spec 4.6: about one attempt a second, whether the connection is refused or lost as soon as it is made.
#[tokio::test]
async fn attempts_to_connect_are_few() {
    let Some(server) = shared() else { return };
    let proxy = Proxy::to(server.port).await;
    proxy.cut();
    let _registry = open(&proxy.address("group=few&session=4000"));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let (refused, _) = proxy.connections();
    assert!((2..=7).contains(&refused), "{refused} attempts in 2.5 s");
    // How many there are in one stretch is a matter of chance: a back-off of seconds may span it, and a busy machine may let sessions
    // begin, which starts the back-off anew. A loop without a pause makes about a hundred, in every stretch.
    let mut stretches = Vec::new();
    for _ in 0..6 {
        stretches.push(dropped(&proxy).await);
        if stretches.last().is_some_and(|last| FEW.contains(last)) {
            break;
        }
    }
    println!("{refused} attempts refused, {stretches:?} dropped in 2.5 s each");
    let fits = stretches.iter().any(|attempts| FEW.contains(attempts));
    assert!(fits, "{stretches:?} attempts in 2.5 s each");
}

/// Attempts in 2.5 s.
const FEW: std::ops::RangeInclusive<usize> = 2..=16;

/// The attempts of 2.5 s in which each connection is lost soon after it is made.
async fn dropped(proxy: &Proxy) -> usize {
    let before = proxy.connections().0;
    let until = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < until {
        proxy.open();
        tokio::time::sleep(Duration::from_millis(20)).await;
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    proxy.connections().0 - before
}

/// F-70: what could not be taken back is taken back later.
#[tokio::test]
async fn an_entry_withdrawn_during_an_outage_goes_when_it_ends() {
    let Some(server) = shared() else { return };
    let other = Raw::to(server.port).await;
    let proxy = Proxy::to(server.port).await;
    let registry = open(&proxy.address("group=withdrawn&session=4000&timeout=300"));
    let fixed = url("dubbo://h:1/a.B?dynamic=false");
    registry.register(&fixed).await.unwrap();
    registry.register(&entry(2)).await.unwrap();
    proxy.cut();
    for entry in [&fixed, &entry(2)] {
        let error = registry.unregister(entry).await.unwrap_err();
        assert!(error.message().contains("cannot unregister"), "{error}");
    }
    assert_eq!(other.children("/withdrawn/a.B/providers").await.len(), 2);
    proxy.open();
    eventually("both gone", async || {
        other.children("/withdrawn/a.B/providers").await.is_empty()
    })
    .await;
}

/// F-23: what a former life left is replaced; two who announce the same do not fight, and the second steps in for the first.
#[tokio::test]
async fn a_node_of_another_session_is_replaced_once() {
    let Some(server) = shared() else { return };
    let directory = "/owner/a.B/providers";
    let former = Raw::to(server.port).await;
    former
        .make(
            &format!("{directory}/dubbo%3A%2F%2Fh%3A1%2Fa.B"),
            CreateMode::Ephemeral,
        )
        .await;
    let other = Raw::to(server.port).await;
    let one = open(&server.address("group=owner&session=4000"));
    one.register(&entry(1)).await.unwrap();
    let (_, first) = other.only_child(directory).await;
    assert_ne!(first.ephemeral_owner, former.session_id().0);
    let two = open(&server.address("group=owner&session=3990"));
    two.register(&entry(1)).await.unwrap();
    let (_, second) = other.only_child(directory).await;
    assert_ne!(first.ephemeral_owner, second.ephemeral_owner);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (path, still) = other.only_child(directory).await;
    assert_eq!(second.czxid, still.czxid, "they fight");
    drop(two);
    eventually("the first steps in", async || {
        let stat = other.check_stat(&path).await.unwrap();
        stat.is_some_and(|stat| stat.ephemeral_owner == first.ephemeral_owner)
    })
    .await;
    other.delete(&path, None).await.unwrap();
    eventually("deleted by mistake, made again", async || {
        other.check_stat(&path).await.unwrap().is_some()
    })
    .await;
}

/// The identity of the address owns what it makes; who lacks it is told what to do and stops nobody.
#[tokio::test]
async fn a_password_keeps_others_out() {
    let Some(server) = shared() else { return };
    let address = format!(
        "zookeeper://me:secret@127.0.0.1:{}?group=secret&session=4000",
        server.port
    );
    let ours = open(&address);
    ours.register(&entry(1)).await.unwrap();
    let mut subscription = subscribed(&ours).await;
    until_ports(&mut subscription, &[1], "with the password").await;
    let stranger = open(&server.address("group=secret&session=4000"));
    let error = stranger.register(&entry(2)).await.unwrap_err();
    assert!(
        error.message().contains("not authorized") && error.message().contains("user:password@"),
        "{error}"
    );
    let mut refused = subscribed(&stranger).await;
    silent(&mut refused, Duration::from_millis(300)).await;
    assert!(!format!("{ours:?}").contains("secret@"), "{ours:?}");
}

/// F-17: any of the servers will do.
#[tokio::test]
async fn dead_servers_of_a_cluster_are_passed_over() {
    let Some(server) = shared() else { return };
    let dead: Vec<u16> = (0..2)
        .map(|_| {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        })
        .collect();
    let [one, two] = dead[..] else {
        panic!("two ports")
    };
    let address = format!(
        "zookeeper://127.0.0.1:{one}?backup=127.0.0.1:{two},127.0.0.1:{}&group=backup&session=4000",
        server.port
    );
    let registry = open(&address);
    registry.register(&entry(1)).await.unwrap();
    assert!(registry.is_available());
}
