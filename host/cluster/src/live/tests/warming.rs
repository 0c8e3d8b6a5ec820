//! Providers that have just started get less, and more each second.

use std::sync::atomic::Ordering;

use super::delivered::{FakeSink, context};
use super::*;

fn unix_ms() -> u64 {
    u64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// Two warm providers and one that started `up_seconds` ago, with ten seconds of warm-up.
fn warming(up_seconds: u64, timestamp_unit_ms: u64) -> Vec<Url> {
    let mut urls = providers(3);
    let timestamp = (unix_ms() - up_seconds * 1000) / timestamp_unit_ms;
    urls[1] = with(
        &urls[1],
        &format!("timestamp={timestamp}&warmup=10s&weight=200&methods.heavy.weight=1000"),
    );
    urls[2] = with(&urls[2], "timestamp=1600000000000");
    urls
}

#[tokio::test(start_paused = true)]
async fn weights_grow_each_second_and_then_nothing_ticks() {
    let sink = Arc::new(FakeSink::default());
    let (sender, directory) = directory(&Fake::healthy(), "timestamp=1", context(&sink));
    announce(&sender, warming(0, 1));
    assert!(directory.wait_ready(Duration::from_secs(1)).await);
    let table = directory.list().table.clone();
    let weight = || table.rows()[1].weight();
    assert!(weight() <= 10, "just started: {}", weight());
    assert_eq!(table.rows()[0].weight(), 100, "no timestamp, no warm-up");
    assert_eq!(table.rows()[2].weight(), 100, "warm");

    // Between two ticks, so that neither comes with the other.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut last = weight();
    for second in 1..=9_u32 {
        let epoch = table.weights_epoch();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = weight();
        assert!(now > last, "second {second}: {last} to {now}");
        // The list was announced some milliseconds of real time after the provider started.
        assert!(
            (second * 20..=second * 20 + 10).contains(&now),
            "second {second}: {now}"
        );
        assert!((now * 5..now * 5 + 5).contains(&table.rows()[1].weight_for("heavy")));
        assert!(table.weights_epoch() != epoch, "second {second}");
        last = now;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(weight(), 200);
    assert_eq!(table.rows()[1].weight_for("heavy"), 1000);
    let told = sink.weights.load(Ordering::Relaxed);
    assert!((9..=11).contains(&told), "{told}");

    let epoch = table.weights_epoch();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(sink.weights.load(Ordering::Relaxed), told);
    assert_eq!(table.weights_epoch(), epoch);
    assert_eq!(directory.list().table.version(), table.version());
}

#[tokio::test(start_paused = true)]
async fn dubbo_gos_seconds_count_as_well() {
    let sink = Arc::new(FakeSink::default());
    let (sender, directory) = directory(&Fake::healthy(), "", context(&sink));
    announce(&sender, warming(5, 1000));
    assert!(directory.wait_ready(Duration::from_secs(1)).await);
    let weight = directory.list().table.rows()[1].weight();
    assert!((100..=130).contains(&weight), "{weight}");
}

#[tokio::test(start_paused = true)]
async fn without_policies_weights_grow_all_the_same() {
    let fake = Fake::healthy();
    let urls = warming(0, 1);
    let context = DirectoryContext::default();
    let fixed = StaticDirectory::new(reference(""), &urls, &fake.protocols(), context);
    assert!(fixed.wait_ready(Duration::from_secs(1)).await);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(fixed.list().table.rows()[1].weight(), 200);
}
