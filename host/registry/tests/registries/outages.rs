//! Servers that restart, forget, freeze or come later.

use std::time::{Duration, Instant};

use wubbo_core::{ErrorKind, Url};

use crate::conformance::{until_ports, url};
use crate::proxy::Proxy;
use crate::raw::{Raw, eventually};
use crate::rounds::{connected, next, open, registered};
use crate::server::Kind;
use crate::sessions::{entry, silent, subscribed};

/// F-12, F-60, F-101 in small: lists stay while the server is away, and what happened meanwhile is seen at its return.
async fn a_server_that_restarts(kind: Kind) {
    let Some(mut server) = kind.own() else { return };
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
async fn a_server_that_forgot_everything(kind: Kind) {
    let Some(mut server) = kind.own() else { return };
    let proxy = Proxy::to(&server).await;
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
    let other = Raw::to(&server).await;
    eventually("the entries are back", async || {
        other.children("/dubbo/a.B/providers").await.len() == 2
    })
    .await;
    // Neither the empty list nor a part was ever told: the next list is the one with the news.
    provider.register(&entry(3)).await.unwrap();
    assert_eq!(next(&mut subscription).await.len(), 3);
}

/// F-16, 001-T18: no operation hangs on a frozen server, and dropping does not wait for it.
async fn a_frozen_server_holds_nobody(kind: Kind) {
    let Some(server) = kind.own() else { return };
    let registry = connected(&server.address("session=4000&timeout=500")).await;
    registered(&registry, &entry(1)).await;
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
    // One after the other would be 50 s.
    assert!(started.elapsed() < Duration::from_secs(15));
    let dropped = Instant::now();
    drop(registry);
    assert!(dropped.elapsed() < Duration::from_secs(5));
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

/// F-62, F-68: a registry that is not there yet.
async fn a_registry_that_comes_later(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let proxy = Proxy::to(server).await;
    proxy.cut();
    let registry = open(&proxy.address("group=later&session=4000&timeout=300")).await;
    let mut subscription = subscribed(&registry).await;
    let error = registry.register(&entry(1)).await.unwrap_err();
    let text = error.message();
    assert!(
        text.contains(&proxy.port.to_string()) && text.contains(&format!("is {} up", kind.name())),
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
    let other = Raw::to(server).await;
    eventually("the consumer, too", async || {
        other.children("/later/a.B/consumers").await.len() == 1
    })
    .await;
    // What was an error is not made behind the caller's back.
    assert_eq!(other.children("/later/a.B/providers").await.len(), 1);
}

/// F-69: a consumer starts on its last list while the registry is away, and hears the truth when it is back.
async fn a_consumer_starts_on_its_last_list(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("last lists");
    let parameters = format!("group=cache&session=4000&file={}", file.display());
    let provider = open(&server.address("group=cache&session=3990")).await;
    provider.register(&entry(1)).await.unwrap();
    let proxy = Proxy::to(server).await;
    let consumer = open(&proxy.address(&parameters)).await;
    let mut subscription = subscribed(&consumer).await;
    until_ports(&mut subscription, &[1], "first life").await;
    eventually("written", async || {
        std::fs::metadata(&file).is_ok_and(|file| file.len() > 0)
    })
    .await;
    drop((consumer, subscription));
    proxy.cut();
    let consumer = open(&proxy.address(&parameters)).await;
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
async fn an_outage_is_waited_for_once(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let proxy = Proxy::to(server).await;
    let registry = connected(&proxy.address("group=once&session=4000&timeout=500")).await;
    let entries: Vec<Url> = (1..21).map(entry).collect();
    for entry in &entries {
        registered(&registry, entry).await;
    }
    proxy.cut();
    let started = Instant::now();
    for entry in &entries {
        registry.unregister(entry).await.unwrap_err();
    }
    println!("20 entries given up after {:?}", started.elapsed());
    // Each of them waiting would be 10 s.
    assert!(started.elapsed() < Duration::from_secs(5));
    proxy.open();
    let other = Raw::to(server).await;
    eventually("all gone", async || {
        other.children("/once/a.B/providers").await.is_empty()
    })
    .await;
}

/// F-70: what could not be taken back is taken back later.
async fn an_entry_withdrawn_during_an_outage_goes_when_it_ends(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let other = Raw::to(server).await;
    let proxy = Proxy::to(server).await;
    let registry = open(&proxy.address("group=withdrawn&session=4000&timeout=300")).await;
    let fixed = url("dubbo://h:1/a.B?dynamic=false");
    registered(&registry, &fixed).await;
    registered(&registry, &entry(2)).await;
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

on_both!(
    a_server_that_restarts,
    a_server_that_forgot_everything,
    a_frozen_server_holds_nobody,
    a_registry_that_comes_later,
    a_consumer_starts_on_its_last_list,
    an_outage_is_waited_for_once,
    an_entry_withdrawn_during_an_outage_goes_when_it_ends,
);
