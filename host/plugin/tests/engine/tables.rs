//! Tables: handed out before they are used, kept for replacements and for calls in flight, forgotten with their service.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use wubbo_plugin::PluginsStatus;

use crate::guests::{fixture, fixture_named};
use crate::providers::table;
use crate::rig::{MEMORY, rss, start, try_start};

/// The fixtures that are tried here.
pub(crate) const FIXTURES: &[&str] = &[
    "router-traps-on-13",
    "router-loops-on-13",
    "router-fails-on-13",
    "router-traps-in-drop",
];

const FIRST: &str = "router/router-first";

#[tokio::test]
async fn a_table_is_used_only_after_it_was_handed_out_and_the_last_two_are_known() {
    let rig = start(&[("r.wasm", &fixture("router-first"))]).await;
    let tables = [table(7, 5), table(7, 6), table(7, 7)];
    // The detector: a table that nobody handed out is counted, and the input passes.
    assert_eq!(rig.route(&tables[0]).len(), 5);
    assert_eq!(rig.plugin(FIRST).counters.unknown_table, 1);
    for table in &tables {
        rig.deliver(table).await;
        rig.deliver(table).await;
        assert_eq!(rig.route(table), [0]);
    }
    assert_eq!(
        rig.route(&tables[1]),
        [0],
        "the previous one, for calls in flight"
    );
    assert_eq!(rig.route(&tables[0]).len(), 5, "the one before it");
    let counters = rig.plugin(FIRST).counters;
    // Twice delivered is once taken, by each of two instances.
    assert_eq!((counters.unknown_table, counters.tables), (2, 6));
}

#[tokio::test]
async fn later_generations_have_the_tables_before_they_go_live() {
    let rig = start(&[("r.wasm", &fixture("router-first"))]).await;
    let (old, new) = (table(7, 5), table(7, 6));
    rig.deliver(&old).await;
    rig.deliver(&new).await;
    let held = rig.policies.load();
    rig.put("r.yaml", b"order: 3\n");
    rig.until_generation(FIRST, 2).await;
    assert_eq!((rig.route(&old), rig.route(&new)), (vec![0], vec![0]));
    // The generation that drains gets what is new as long as a call may use it.
    let newer = table(7, 8);
    rig.deliver(&newer).await;
    assert_eq!(rig.route_under(&held, &newer), [0]);
    assert_eq!(rig.plugin(FIRST).counters.unknown_table, 0);
    drop(held);
    rig.until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
}

#[tokio::test]
async fn a_list_that_a_plugin_cannot_take_costs_it_that_list_alone() {
    for (name, class) in [
        ("router-traps-on-13", "trap"),
        ("router-loops-on-13", "deadline"),
        ("router-fails-on-13", "failed"),
    ] {
        let guest = fixture(name);
        let files: &[(&str, &[u8])] = &[
            ("r.wasm", &guest),
            ("r.yaml", b"limits: { configure: 20ms }\n"),
        ];
        let rig = start(files).await;
        let (good, bad) = (table(7, 5), table(8, 13));
        rig.deliver(&good).await;
        rig.deliver(&bad).await;
        let identity = format!("router/{name}");
        let plugin = rig.whole(&identity).await;
        // One or two instances in their slots, and the replacements that tried it again.
        assert!(
            plugin.counters.trips[class] >= 1,
            "{name}: {:#?}",
            plugin.trips
        );
        assert!(plugin.counters.table_failures >= 2, "{name}");
        let tables = plugin.tables.unwrap();
        assert_eq!(tables.refused.len(), 1, "{name}");
        assert_eq!(tables.refused[0].service, "a.B");
        println!("{name}: {}", tables.refused[0].reason);
        assert_eq!(rig.route(&good), [0], "{name}");
        assert_eq!(rig.route(&bad).len(), 13, "{name}");
        // The next list of that service is taken again.
        let next = table(8, 12);
        rig.deliver(&next).await;
        assert_eq!(rig.route(&next), [0], "{name}");
        // A generation that cannot take a list in use does not replace one that serves.
        rig.put("r.yaml", b"limits: { configure: 20ms }\norder: 2\n");
        let refused = |status: &PluginsStatus| status.plugins[0].last_error.is_some();
        let status = rig.until("refused", refused).await;
        let reason = &status.plugins[0].last_error.as_ref().unwrap().reason;
        assert!(reason.contains("on_providers of a.B"), "{reason}");
        assert_eq!(rig.route(&good), [0], "{name}");
    }
}

#[tokio::test]
async fn a_trap_in_drop_providers_is_no_calls_business() {
    let rig = start(&[("r.wasm", &fixture("router-traps-in-drop"))]).await;
    let (kept, gone) = (table(7, 5), table(8, 5));
    rig.deliver(&kept).await;
    rig.deliver(&gone).await;
    rig.host.tables().forget(8);
    let tripped = |status: &PluginsStatus| {
        status.plugins[0].counters.trips["trap"] == 2 && status.plugins[0].instances == 2
    };
    rig.until("replaced", tripped).await;
    assert_eq!(rig.route(&kept), [0]);
    assert_eq!(
        rig.plugin("router/router-traps-in-drop")
            .counters
            .unknown_table,
        0
    );
}

#[tokio::test]
async fn services_that_come_and_go_leave_nothing_behind() {
    let _alone = MEMORY.lock().await;
    let rig = start(&[("r.wasm", &fixture("router-first"))]).await;
    let sink = rig.host.tables();
    let mut at_200 = 0;
    for token in 1..=2000 {
        let table = table(token, 20);
        sink.deliver(&table).await;
        sink.weights_changed(&table).await;
        assert_eq!(rig.route(&table), [0]);
        sink.forget(token);
        if token == 200 {
            at_200 = rss();
        }
    }
    let gone = |status: &PluginsStatus| {
        let tables = status.plugins[0].tables.as_ref().unwrap();
        (tables.known, tables.held) == (0, 0)
    };
    rig.until("forgotten", gone).await;
    let growth = rss().saturating_sub(at_200);
    println!("grew by {} KiB over 1800 services", growth >> 10);
    // Other tests run in this process; one list that stays costs 20 KiB and more, all of them 36 MiB.
    assert!(growth <= 18 << 20, "grew by {growth} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_and_lists_that_change_under_load_lose_no_call() {
    let _alone = MEMORY.lock().await;
    let files: &[(&str, &[u8])] = &[("r.wasm", &fixture("router-first"))];
    let rig = try_start(files, Vec::new(), |config| config.workers = 8).await;
    let rig = Arc::new(rig.unwrap());
    let first = table(7, 5);
    rig.deliver(&first).await;
    // What a call does: its policies, then the list of now. A list is replaced twice only when no call is left over from before.
    let published = Arc::new(RwLock::new(first));
    let stop = Arc::new(AtomicBool::new(false));
    let counted = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (rig, published) = (Arc::clone(&rig), Arc::clone(&published));
            let (stop, counted) = (Arc::clone(&stop), Arc::clone(&counted));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let policies = rig.policies.load();
                    let table = published.read().unwrap();
                    if rig.route_under(&policies, &table) != [0] {
                        counted.1.fetch_add(1, Ordering::Relaxed);
                    }
                    counted.0.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for generation in 2..=12_u64 {
        rig.put("r.yaml", format!("order: {generation}\n").as_bytes());
        while rig.plugin(FIRST).generation < generation {
            let next = table(7, 5 + usize::try_from(generation).unwrap());
            rig.deliver(&next).await;
            *published.write().unwrap() = next;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    let counters = rig.plugin(FIRST).counters;
    let calls = counted.0.load(Ordering::Relaxed);
    println!(
        "{calls} calls, {} tables taken by the last generation",
        counters.tables
    );
    let wrong = counted.1.load(Ordering::Relaxed);
    assert_eq!((wrong, counters.unknown_table, counters.busy), (0, 0, 0));
    assert!(calls > 100);
}

#[tokio::test]
async fn two_routers_take_turns_by_order_and_share_the_columns() {
    let (a, b) = (
        fixture_named("router-first", "a"),
        fixture_named("router-first", "b"),
    );
    let rig = start(&[("a.wasm", &a), ("b.wasm", &b), ("b.yaml", b"order: -1\n")]).await;
    let policies = rig.policies.load();
    let names: Vec<&str> = policies
        .routers()
        .iter()
        .map(|entry| entry.router.name())
        .collect();
    assert_eq!(names, ["b", "a"]);
    let table = table(7, 70);
    rig.deliver(&table).await;
    assert_eq!(rig.route(&table), [0]);
    assert_eq!(rig.plugin("router/a").counters.narrowed, 1);
}
