//! Rules: one store for every plugin that follows them, and what a bad rule leaves alone.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wubbo_core::{Rule, RuleScope, RuleSet};
use wubbo_plugin::{PluginRules, PluginsStatus};

use crate::guests::{fixture, fixture_named};
use crate::providers::table;
use crate::rig::{MEMORY, Rig, rss, start, try_start};

/// The fixtures that are tried here.
pub(crate) const FIXTURES: &[&str] = &["router-by-rule"];

const BY_RULE: &str = "router/router-by-rule";

pub(crate) fn rules(version: u64, texts: &[(&str, &str)]) -> Arc<RuleSet> {
    let rule = |(key, text): &(&str, &str)| Rule {
        scope: RuleScope::Service,
        key: (*key).into(),
        group: "dubbo".into(),
        text: (*text).into(),
    };
    Arc::new(RuleSet::new(version, texts.iter().map(rule)))
}

impl Rig {
    async fn follow(&self, version: u64, texts: &[(&str, &str)]) -> PluginRules {
        self.host.set_rules(rules(version, texts)).await;
        assert_eq!(self.policies.load().rules(), version);
        self.plugin(BY_RULE).rules.unwrap()
    }
}

#[tokio::test]
async fn a_rule_counts_from_the_store_on_and_for_what_is_loaded_later() {
    let rig = start(&[("r.wasm", &fixture("router-by-rule"))]).await;
    let table = table(7, 10);
    rig.deliver(&table).await;
    assert_eq!(rig.route(&table).len(), 10);
    let before = rig.policies.load();
    let status = rig.follow(4, &[("a", "3"), ("b", "x")]).await;
    assert_eq!(
        (status.version, status.in_use, status.refused.len()),
        (4, 2, 0)
    );
    assert_eq!(rig.route(&table), [3]);
    assert_eq!(
        rig.route_under(&before, &table).len(),
        10,
        "calls in flight keep their rules"
    );
    let plugin = rig.plugin(BY_RULE);
    assert_eq!(
        (plugin.generation, plugin.edition, plugin.counters.editions),
        (1, 2, 1)
    );
    assert_eq!(plugin.counters.hooks, 3, "counters go on over editions");
    drop(before);
    rig.until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
    assert_eq!(rig.plugin(BY_RULE).counters.hooks, 3);
    // A deleted rule is no rule.
    rig.follow(5, &[]).await;
    assert_eq!(rig.route(&table).len(), 10);
    rig.follow(6, &[("a", "4")]).await;
    // Another generation, and another plugin, start with the rules of now.
    rig.put("r.yaml", b"order: 1\n");
    rig.until_generation(BY_RULE, 2).await;
    assert_eq!(rig.route(&table), [4]);
    rig.remove("r.wasm");
    rig.put("other.wasm", &fixture_named("router-by-rule", "other"));
    rig.until_generation("router/other", 1).await;
    assert_eq!(rig.route(&table), [4]);
    assert_eq!(rig.plugin("router/other").counters.unknown_table, 0);
}

#[tokio::test]
async fn a_refused_rule_leaves_the_last_good_text_and_the_other_rules_apply() {
    let files: &[(&str, &[u8])] = &[
        ("r.wasm", &fixture("router-by-rule")),
        ("r.yaml", b"limits: { configure: 20ms }\n"),
    ];
    let rig = start(files).await;
    let table = table(7, 10);
    rig.deliver(&table).await;
    rig.follow(1, &[("a", "3")]).await;
    // In the order of the keys: what is good behind a bad one counts.
    let status = rig.follow(2, &[("a", "bad"), ("z", "5")]).await;
    assert_eq!(rig.route(&table), [5]);
    let refused = &status.refused[0];
    assert_eq!(
        (
            refused.key.as_str(),
            refused.group.as_str(),
            refused.version
        ),
        ("a", "dubbo", 2)
    );
    assert_eq!(
        (refused.line, refused.column, refused.message.as_str()),
        (2, 3, "no such row")
    );
    assert!(refused.last_good_in_use);
    assert_eq!((status.version, status.in_use), (2, 2));
    let line = "rule a of group dubbo, version 2, refused: line 2 column 3: no such row; the last good text stays in use";
    assert!(
        rig.lines.texts().iter().any(|text| text == line),
        "{:#?}",
        rig.lines.texts()
    );
    rig.follow(3, &[("a", "bad")]).await;
    assert_eq!(rig.route(&table), [3], "the last good text of that key");
    // Nothing to fall back to: no rule of that key.
    let status = rig.follow(4, &[("c", "bad")]).await;
    assert!(!status.refused[0].last_good_in_use);
    assert_eq!(rig.route(&table).len(), 10);
    let lines = rig
        .lines
        .texts()
        .iter()
        .filter(|text| text.contains("refused"))
        .count();
    assert_eq!(lines, 2, "each refusal is said once");
    // Traps and loops are refusals too, and cost no instance that serves.
    rig.follow(5, &[("a", "6")]).await;
    for (version, text, class) in [(6, "t", "trap"), (7, "l", "deadline")] {
        let status = rig.follow(version, &[("a", text), ("b", "x")]).await;
        assert!(status.refused[0].message.starts_with(class), "{status:?}");
        assert_eq!(rig.route(&table), [6]);
        let plugin = rig.plugin(BY_RULE);
        assert_eq!((plugin.counters.trips[class], plugin.instances), (1, 2));
    }
    assert_eq!(rig.follow(8, &[("a", "7")]).await.refused, []);
    assert_eq!(rig.route(&table), [7]);
    assert_eq!(rig.plugin(BY_RULE).counters.unknown_table, 0);
}

/// Rules change while calls run; how many calls, how many of them two routers saw under different rules, and how long it took.
async fn mixed(rig: &Arc<Rig>, unpinned: bool, changes: u64) -> (u64, u64, Duration) {
    let table = table(7, 10);
    rig.deliver(&table).await;
    let stop = Arc::new(AtomicBool::new(false));
    let counted = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let (rig, table) = (Arc::clone(rig), Arc::clone(&table));
            let (stop, counted) = (Arc::clone(&stop), Arc::clone(&counted));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let policies = rig.policies.load();
                    let mut left = wubbo_core::Candidates::all(10);
                    rig.attempt(&table, None, |routing| {
                        policies.routers()[0].router.route(routing, &mut left);
                        if unpinned {
                            std::thread::sleep(Duration::from_millis(2));
                            rig.policies.load().routers()[1]
                                .router
                                .route(routing, &mut left);
                        } else {
                            policies.routers()[1].router.route(routing, &mut left);
                        }
                    });
                    counted.0.fetch_add(1, Ordering::Relaxed);
                    if left.count() == 0 {
                        counted.1.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let start = Instant::now();
    for version in 1..=changes {
        let text = (version % 10).to_string();
        rig.host.set_rules(rules(version, &[("a", &text)])).await;
    }
    let took = start.elapsed();
    stop.store(true, Ordering::Relaxed);
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    assert!(
        took < Duration::from_secs(10) * u32::try_from(changes).unwrap() / 100,
        "{took:?}"
    );
    let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
    (get(&counted.0), get(&counted.1), took)
}

async fn pair() -> Arc<Rig> {
    let (a, b) = (
        fixture_named("router-by-rule", "a"),
        fixture_named("router-by-rule", "b"),
    );
    let files: &[(&str, &[u8])] = &[("a.wasm", &a), ("b.wasm", &b)];
    Arc::new(
        try_start(files, Vec::new(), |config| config.workers = 4)
            .await
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_sees_one_state_of_the_rules() {
    let _alone = MEMORY.lock().await;
    let rig = pair().await;
    let (calls, wrong, took) = mixed(&rig, false, 100).await;
    println!("100 changes of the rules of two routers in {took:?}");
    let at_100 = rss();
    let status = rig.host.status();
    assert!(
        status
            .plugins
            .iter()
            .all(|plugin| plugin.counters.unknown_table == 0)
    );
    println!(
        "{calls} calls, {wrong} under two states; change: {:?} ms",
        status.rules.change_ms
    );
    assert_eq!(wrong, 0);
    assert_eq!(
        (
            status.rules.version,
            status.rules.pending,
            status.rules.waits.as_ref()
        ),
        (100, None, None)
    );
    for version in 101..=600 {
        let text = (version % 10).to_string();
        rig.host.set_rules(rules(version, &[("a", &text)])).await;
    }
    let whole = |status: &PluginsStatus| {
        status.memory_bytes == 2 * 8 * (128 << 10)
            && status
                .plugins
                .iter()
                .all(|plugin| plugin.live_generations == 1)
    };
    rig.until("old editions were freed", whole).await;
    let growth = rss().saturating_sub(at_100);
    println!("grew by {} KiB over 500 changes", growth >> 10);
    // Other tests run in this process; one edition that stays costs 16 pages of guest memory at least, all of them 30 MiB.
    assert!(growth <= 15 << 20, "grew by {growth} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_detector_catches_rules_that_are_not_pinned_to_the_call() {
    let rig = pair().await;
    let (calls, wrong, _) = mixed(&rig, true, 100).await;
    println!("{calls} calls, {wrong} under two states");
    assert!(wrong > 0);
}

/// Polls once.
fn poll<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> bool {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    future.as_mut().poll(&mut cx).is_ready()
}

#[tokio::test]
async fn a_fourth_state_waits_for_calls_in_flight_and_only_the_newest_is_applied() {
    let rig = start(&[("r.wasm", &fixture("router-by-rule"))]).await;
    let table = table(7, 10);
    rig.deliver(&table).await;
    let mut held = vec![rig.policies.load()];
    for (version, text) in [(1, "1"), (2, "2")] {
        rig.follow(version, &[("a", text)]).await;
        held.push(rig.policies.load());
    }
    let mut third = Box::pin(rig.host.set_rules(rules(3, &[("a", "3")])));
    let mut fourth = Box::pin(rig.host.set_rules(rules(4, &[("a", "4")])));
    assert!(!poll(&mut third) && !poll(&mut fourth));
    let status = rig.host.status().rules;
    assert_eq!((status.version, status.pending), (2, Some(4)));
    let waits = status.waits.unwrap();
    assert!(
        waits.reason.contains("3 states of router/router-by-rule"),
        "{}",
        waits.reason
    );
    assert_eq!(rig.route(&table), [2]);
    for (state, expected) in held.iter().zip([(0..10).collect(), vec![1], vec![2]]) {
        assert_eq!(rig.route_under(state, &table), expected);
    }
    held.remove(0);
    third.await;
    fourth.await;
    assert_eq!(rig.route(&table), [4]);
    let status = rig.host.status();
    assert_eq!((status.rules.version, status.rules.waits), (4, None));
    assert_eq!(
        status.plugins[0].counters.editions, 3,
        "the third state was passed over"
    );
}
