//! What every config center must do, run over each of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo_core::{ConfigCenter, ConfigSubscription};

/// Five times the 2 s within which a text is there after its server restarted (F-33): a loaded machine does other things, too. The
/// time is printed.
const BOUND: Duration = Duration::from_secs(10);

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
pub(super) async fn check(
    name: &str,
    open: impl AsyncFn() -> Arc<dyn ConfigCenter>,
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
    replaces(name, &*one, &*other, &write).await;
}

/// Reading and writing as operators' commands do: fresh, byte for byte, and never over somebody else's change.
async fn replaces(
    name: &str,
    one: &dyn ConfigCenter,
    other: &dyn ConfigCenter,
    write: &impl AsyncFn(&str, &str, Option<&str>),
) {
    let (key, group) = ("shop.migration", "DUBBO_SERVICEDISCOVERY_MIGRATION");
    let mut followed = other.subscribe(key, group).await.unwrap();
    let read = async || one.read(key, group).await.unwrap();
    let replace = async |from, to| {
        one.replace(key, group, from, to)
            .await
            .unwrap_or_else(|e| panic!("{e}"))
    };
    assert_eq!(read().await, None, "{name}");
    assert!(
        !replace(Some("a"), Some("b")).await,
        "{name}: nothing there"
    );
    assert!(!replace(Some("a"), None).await, "{name}: nothing there");
    assert!(replace(None, None).await, "{name}: nothing, as expected");
    let texts = ["a: 1\r\n# \u{e4}\n\n", "two", " \n", "", "three"];
    let mut last = None;
    for text in texts {
        assert!(!replace(Some("another"), Some(text)).await, "{name}");
        assert!(replace(last, Some(text)).await, "{name}: {text:?}");
        assert_eq!(read().await.as_deref(), Some(text), "{name}");
        assert!(!replace(None, Some("x")).await, "{name}: {text:?} is there");
        assert!(!replace(None, None).await, "{name}: {text:?} is there");
        let seen = Some(text).filter(|text| !text.trim().is_empty());
        until_text(&mut followed, seen, &format!("{name}: {text:?}")).await;
        last = Some(text);
    }
    write(key, group, Some("changed by somebody")).await;
    assert_eq!(
        read().await.as_deref(),
        Some("changed by somebody"),
        "{name}: fresh"
    );
    assert!(
        !replace(last, None).await,
        "{name}: it is not ours any more"
    );
    assert!(replace(Some("changed by somebody"), None).await, "{name}");
    assert_eq!(read().await, None, "{name}");
    until_text(&mut followed, None, &format!("{name}: removed")).await;

    // Of two that count from the same text one wins, each time.
    assert!(replace(None, Some("0")).await);
    let count = async |center: &dyn ConfigCenter| {
        let mut done = 0;
        while done < 20 {
            let from = center.read(key, group).await.unwrap().unwrap();
            let next = (from.parse::<u32>().unwrap() + 1).to_string();
            let written = center.replace(key, group, Some(&from), Some(&next));
            done += u32::from(written.await.unwrap());
        }
    };
    tokio::join!(count(one), count(other));
    assert_eq!(read().await.as_deref(), Some("40"), "{name}");
    let long = "x".repeat(1024 * 1024 + 1);
    assert!(
        one.replace(key, group, Some("40"), Some(&long))
            .await
            .is_err()
    );
    assert!(one.read("", group).await.is_err(), "{name}");
    assert!(one.replace("", group, None, None).await.is_err(), "{name}");
    assert!(replace(Some("40"), None).await, "{name}");
}
