//! Routers and balancers as modules: what they narrow and choose, and what comes of those that lie, trap or loop.

use wubbo_core::Choice;
use wubbo_plugin::PluginErrorKind;

use crate::guests::fixture;
use crate::providers::table;
use crate::rig::{Rig, start, try_start};

/// Routers whose input passes: class of the trip, words of its reason.
const TRIPPED: &[(&str, &str, &str)] = &[
    (
        "router-adds",
        "bad_answer",
        "row 10 was no candidate and is one now",
    ),
    ("router-answers-7", "bad_answer", "route answered 7"),
    ("router-traps", "trap", "unreachable"),
    ("router-loops", "deadline", "limit 1.0ms"),
    (
        "router-lying-buffer",
        "bad_call",
        "a buffer outside the memory",
    ),
];

/// Routers that change nothing and stay.
const HARMLESS: &[&str] = &[
    "router-fails",
    "router-moves-the-bitmap",
    "router-not-allowed",
];

const BALANCERS: &[&str] = &[
    "balancer-fails",
    "balancer-heaviest",
    "balancer-loops",
    "balancer-nobody",
    "balancer-out-of-range",
    "balancer-row-2",
];

/// The fixtures that are tried here.
pub(crate) const FIXTURES: &[&str] = &[
    "router-first",
    "router-adds",
    "router-answers-7",
    "router-traps",
    "router-loops",
    "router-lying-buffer",
    "router-fails",
    "router-moves-the-bitmap",
    "router-not-allowed",
    "balancer-fails",
    "balancer-heaviest",
    "balancer-loops",
    "balancer-nobody",
    "balancer-out-of-range",
    "balancer-row-2",
];

async fn one(name: &str) -> Rig {
    start(&[("guest.wasm", &fixture(name))]).await
}

#[tokio::test]
async fn a_router_narrows_what_it_was_given() {
    let rig = one("router-first").await;
    for rows in [0, 1, 63, 64, 65, 1000] {
        let table = table(7, rows);
        rig.deliver(&table).await;
        let expected: Vec<usize> = (0..rows.min(1)).collect();
        assert_eq!(rig.route(&table), expected, "{rows} rows");
    }
    let plugin = rig.plugin("router/router-first");
    assert_eq!((plugin.counters.hooks, plugin.counters.narrowed), (6, 6));
    assert_eq!(
        (plugin.counters.unknown_table, plugin.counters.replies),
        (0, 0)
    );
    let tables = plugin.tables.unwrap();
    assert_eq!((tables.known, tables.held, tables.refused.len()), (2, 2, 0));
    assert_eq!(plugin.limits.unwrap().hook_us, 1000);
}

#[tokio::test]
async fn whatever_a_router_does_its_input_passes() {
    for (name, class, reason) in TRIPPED {
        let rig = one(name).await;
        let table = table(7, 10);
        rig.deliver(&table).await;
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(rig.route(&table), all, "{name}");
        let identity = format!("router/{name}");
        let plugin = rig.whole(&identity).await;
        assert_eq!(
            plugin.counters.trips[class], 1,
            "{name}: {:#?}",
            plugin.trips
        );
        println!("{name}: {}", plugin.trips[0].reason);
        assert!(
            plugin.trips[0].reason.contains(reason),
            "{name}: {:#?}",
            plugin.trips
        );
        // The replacement has the table.
        let remarks = rig.explain(&table);
        assert_eq!(remarks.len(), 1, "{name}");
        assert_eq!(remarks[0].policy, identity);
        assert!(
            remarks[0].text.starts_with("failed, its input passes: "),
            "{remarks:?}"
        );
        let counters = rig.plugin(&identity).counters;
        assert_eq!(
            (counters.unknown_table, counters.trips[class]),
            (0, 2),
            "{name}"
        );
    }
}

#[tokio::test]
async fn routers_that_do_no_harm_stay() {
    for name in HARMLESS {
        let rig = one(name).await;
        let table = table(7, 10);
        rig.deliver(&table).await;
        for _ in 0..3 {
            assert_eq!(rig.route(&table).len(), 10, "{name}");
        }
        let plugin = rig.plugin(&format!("router/{name}"));
        let trips: u64 = plugin.counters.trips.values().sum();
        assert_eq!(
            (trips, plugin.counters.hooks),
            (0, 3),
            "{name}: {:#?}",
            plugin.trips
        );
        let failed = if *name == "router-fails" { 3 } else { 0 };
        assert_eq!(plugin.counters.failed, failed, "{name}");
        rig.host.tables().forget(7);
        let forgotten = |status: &wubbo_plugin::PluginsStatus| {
            status.plugins[0].tables.as_ref().unwrap().held == 0
        };
        rig.until("forgotten", forgotten).await;
        assert_eq!(rig.plugin(&format!("router/{name}")).trips, [], "{name}");
    }
}

#[tokio::test]
async fn a_balancer_is_believed_only_if_it_chose_a_candidate() {
    let files: Vec<_> = BALANCERS
        .iter()
        .map(|name| (format!("{name}.wasm"), fixture(name)))
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let rig = start(&files).await;
    let table = table(7, 10);
    rig.deliver(&table).await;
    let choose = |name: &str, without: &[usize]| rig.select(name, &table, without);
    assert_eq!(choose("balancer-row-2", &[]), Choice::Row(2));
    assert_eq!(choose("balancer-row-2", &[2]), Choice::Unable);
    assert_eq!(choose("balancer-out-of-range", &[]), Choice::Unable);
    assert_eq!(choose("balancer-fails", &[]), Choice::Unable);
    assert_eq!(choose("balancer-loops", &[]), Choice::Unable);
    assert_eq!(choose("balancer-nobody", &[]), Choice::Nobody);
    assert_eq!(choose("balancer-heaviest", &[]), Choice::Row(1));
    // A weight that changed is seen by the next call.
    table.rows()[8].set_weight(900);
    assert_eq!(choose("balancer-heaviest", &[]), Choice::Row(8));
    let trips =
        |name: &str, class: &str| rig.plugin(&format!("loadbalance/{name}")).counters.trips[class];
    assert_eq!(trips("balancer-row-2", "bad_answer"), 1);
    assert_eq!(trips("balancer-out-of-range", "bad_answer"), 1);
    assert_eq!(trips("balancer-loops", "deadline"), 1);
    assert_eq!(rig.plugin("loadbalance/balancer-fails").counters.failed, 1);
    assert_eq!(rig.plugin("loadbalance/balancer-nobody").counters.nobody, 1);
}

#[tokio::test]
async fn settings_that_mean_nothing_to_a_kind_are_refused() {
    for (yaml, key) in [
        ("fail: open\n", "fail"),
        ("stage: call\n", "stage"),
        ("side: consumer\n", "side"),
    ] {
        let files: &[(&str, &[u8])] = &[
            ("guest.wasm", &fixture("router-first")),
            ("guest.yaml", yaml.as_bytes()),
        ];
        let rig = start(files).await;
        let refused = &rig.host.status().directory.unwrap().refused[0];
        assert_eq!(refused.error.kind, PluginErrorKind::Config.name());
        let words = format!("{key}: means nothing to a router; remove it");
        assert!(
            refused.error.reason.contains(&words),
            "{}",
            refused.error.reason
        );
    }
    let rig = try_start(
        &[
            ("guest.wasm", &fixture("router-first")),
            (
                "guest.yaml",
                b"order: -5\nservices: [x.*]\nmethods: [get*]\n",
            ),
        ],
        Vec::new(),
        |_| {},
    )
    .await
    .unwrap();
    let policies = rig.policies.load();
    let entry = &policies.routers()[0];
    assert_eq!(entry.order, -5);
    assert!(entry.applies.to("x.Y", "getIt") && !entry.applies.to("a.B", "getIt"));
}
