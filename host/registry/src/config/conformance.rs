//! What every config center must do, run over each of them.

use std::time::{Duration, Instant};

use wubbo_core::{ConfigCenter, ConfigSubscription};

/// Five times the goal of any text to arrive, at least 2 s.
const BOUND: Duration = Duration::from_secs(2);

/// Waits for this text. Other texts on the way are states in between.
pub(super) async fn until_text(
    subscription: &mut ConfigSubscription,
    text: Option<&str>,
    what: &str,
) {
    let started = Instant::now();
    let found = tokio::time::timeout(BOUND, async {
        while subscription.current().as_deref() != text {
            assert!(subscription.changed().await, "a living config center");
        }
    });
    let found = found.await;
    let last = subscription.current();
    assert!(found.is_ok(), "{what}: expected {text:?}, last {last:?}");
    println!("{what}: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
}

/// `write` puts a text under a key in a group, or removes it.
pub(super) async fn check<C: ConfigCenter>(
    name: &str,
    open: impl AsyncFn() -> C,
    write: impl AsyncFn(&str, &str, Option<&str>),
) {
    let key = "com.foo.Bar:1.0.0:.condition-router";
    let (one, other) = (open().await, open().await);
    let mut rule = one.subscribe(key, "dubbo").await.unwrap();
    let mut elsewhere = one.subscribe(key, "another").await.unwrap();
    let mut unrelated = one.subscribe("shop.tag-router", "dubbo").await.unwrap();
    assert_eq!(rule.current(), None, "{name}: no rule yet");

    write(key, "dubbo", Some("conditions: []\n")).await;
    until_text(&mut rule, Some("conditions: []\n"), name).await;
    assert_eq!(elsewhere.current(), None, "{name}: groups are apart");

    // A later subscriber, and another party, get the same text at once or soon.
    let late = one.subscribe(key, "dubbo").await.unwrap();
    assert_eq!(
        late.current().as_deref(),
        Some("conditions: []\n"),
        "{name}"
    );
    let mut theirs = other.subscribe(key, "").await.unwrap();
    until_text(&mut theirs, Some("conditions: []\n"), name).await;

    // CC-08
    write("myKey", "Custom Group", Some("Test Data")).await;
    let mut custom = one.subscribe("myKey", "Custom Group").await.unwrap();
    until_text(&mut custom, Some("Test Data"), "CC-08").await;

    write(key, "dubbo", Some("conditions: [\"=> host = 1.1.1.1\"]")).await;
    let second = Some("conditions: [\"=> host = 1.1.1.1\"]");
    until_text(&mut rule, second, name).await;
    until_text(&mut theirs, second, name).await;

    write(key, "dubbo", Some("  \n")).await;
    until_text(&mut rule, None, &format!("{name}: an empty text is none")).await;
    write(key, "dubbo", Some("enabled: true")).await;
    until_text(&mut rule, Some("enabled: true"), name).await;
    write(key, "dubbo", None).await;
    until_text(&mut rule, None, &format!("{name}: removed")).await;
    write(key, "dubbo", None).await;

    // Nobody else heard anything.
    for quiet in [&mut elsewhere, &mut unrelated] {
        let heard = tokio::time::timeout(Duration::from_millis(50), quiet.changed());
        assert!(heard.await.is_err(), "{name}");
    }
    assert!(one.subscribe("", "dubbo").await.is_err(), "{name}");
}
