//! What every registry must do, run over each of them: two values of one registry, as two parties have it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo_core::{Registry, Subscription, Url};

/// Five times the 3 s within which a list is right after any fault: a loaded machine does other things, too. The time is printed.
const BOUND: Duration = Duration::from_secs(15);

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// Waits for the list with exactly these ports. Other lists on the way are states in between.
pub(crate) async fn until_ports(subscription: &mut Subscription, ports: &[u16], what: &str) {
    until_ports_within(subscription, ports, BOUND, what).await;
}

/// The same with another bound.
pub(crate) async fn until_ports_within(
    subscription: &mut Subscription,
    ports: &[u16],
    bound: Duration,
    what: &str,
) {
    let started = Instant::now();
    let mut last = Vec::new();
    let found = tokio::time::timeout(bound, async {
        loop {
            let list = subscription.next().await.expect("a living registry");
            last = list.urls.iter().filter_map(Url::port).collect();
            if last == ports {
                return;
            }
        }
    });
    let found = found.await;
    assert!(
        found.is_ok(),
        "{what}: expected {ports:?}, last list {last:?}"
    );
    println!("{what}: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
}

pub(crate) async fn check(name: &str, open: impl AsyncFn() -> Arc<dyn Registry>) {
    let provider = open().await;
    let consumer = open().await;
    assert!(provider.is_available());
    let asked = url("consumer://c/a.B?version=1.0");
    let mut subscription = consumer.subscribe(&asked).await.unwrap();
    until_ports(&mut subscription, &[], &format!("{name}: no provider yet")).await;

    let one = url("dubbo://h:1/a.B?version=1.0&side=provider&methods=x%2Cy&note=a%26b%3D%25");
    provider.register(&one).await.unwrap();
    until_ports(&mut subscription, &[1], &format!("{name}: registered")).await;
    provider.register(&one).await.unwrap();
    let others = ["dubbo://h:5/a.B?version=2.0", "dubbo://h:6/a.C?version=1.0"];
    for other in others {
        provider.register(&url(other)).await.unwrap();
    }
    provider
        .register(&url("dubbo://h:2/a.B?version=1.0"))
        .await
        .unwrap();
    until_ports(&mut subscription, &[1, 2], &format!("{name}: a second one")).await;

    // A later subscriber gets the same list, parameter for parameter.
    let mut late = consumer.subscribe(&asked).await.unwrap();
    let list = late.next().await.unwrap();
    assert!(list.urls.contains(&one), "{name}: {list:?}");
    assert_eq!(list.unreadable, 0, "{name}");

    // The same entry of another party stays when the first party takes its own back.
    consumer.register(&one).await.unwrap();
    provider.unregister(&one).await.unwrap();
    provider.unregister(&one).await.unwrap();
    provider
        .unregister(&url("dubbo://h:2/a.B?version=1.0"))
        .await
        .unwrap();
    until_ports(&mut subscription, &[1], &format!("{name}: unregistered")).await;
    consumer.unregister(&one).await.unwrap();
    until_ports(&mut subscription, &[], &format!("{name}: none left")).await;

    // What a party leaves behind goes with it.
    provider
        .register(&url("dubbo://h:3/a.B?version=1.0"))
        .await
        .unwrap();
    until_ports(&mut subscription, &[3], &format!("{name}: a third one")).await;
    drop(provider);
    until_ports(&mut subscription, &[], &format!("{name}: registry dropped")).await;

    assert!(
        consumer.subscribe(&url("consumer://c")).await.is_err(),
        "{name}"
    );
    assert!(
        consumer.register(&url("dubbo://h:1")).await.is_err(),
        "{name}"
    );
    drop((consumer, late));
    assert!(subscription.next().await.is_none(), "{name}: closed");
}
