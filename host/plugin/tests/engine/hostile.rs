//! Every hostile guest of `tests/fixtures`: refused at load with a reason, or answered by its failure policy, the call untouched.

mod siege;
mod table;

use wubbo_core::ErrorKind;
use wubbo_plugin::{PluginState, TripClass};

use crate::guests::{fixture, passing};
use crate::rig::{MEMORY, Rig, attachments, start};

/// What a call looks like that no filter touched.
async fn untouched() -> Vec<(String, String)> {
    attachments(&start(&[]).await.call().await)
}

/// Guests that are refused before a call could reach them, and words of the reason.
const REFUSED: &[(&str, &str)] = &[
    ("abi-2", "plugin needs ABI 2.0"),
    ("abi-later-minor", "plugin needs ABI 1.999"),
    ("arena-crooked", "`arena`"),
    ("arena-huge", "`arena`"),
    ("arena-negative", "`arena`"),
    ("arena-outside", "`arena`"),
    ("arena-small", "`arena`"),
    ("bad-manifest", "manifest"),
    ("big-memory", "memory"),
    ("big-table", "table"),
    ("fail-in-new", "line 3 column 7: no such limit"),
    (
        "hidden-hook",
        "`on_response` is exported and not among the manifest's hooks",
    ),
    ("imported-memory", "wubbo.memory"),
    ("loop-in-arena", "deadline"),
    ("loop-in-new", "deadline"),
    ("loop-in-self-test", "self test failed: deadline"),
    ("loop-in-start", "deadline"),
    ("memory-bomb-in-new", "memory"),
    ("memory64", "64-bit"),
    ("missing-hook", "no function `on_response`"),
    ("new-answers-7", "`new` answered 7"),
    ("no-fail", "fail"),
    ("no-manifest", "has no section `wubbo.plugin`"),
    ("no-memory", "no memory `memory`"),
    ("no-new", "no function `new`"),
    ("shared-memory", "shared"),
    ("trap-in-new", "trap"),
    ("trap-in-start", "trap"),
    ("two-manifests", "two sections"),
    ("unknown-import", "wubbo.launch"),
    ("wasi-import", "wasi_snapshot_preview1.fd_write"),
    ("wrong-hook-type", "`on_request` is not (i32) -> (i64)"),
    ("wrong-import-type", "wubbo.log"),
];

/// Guests that load and fail in a call, with the class of the trip.
const TRIPPED: &[(&str, TripClass)] = &[
    ("answer-bad-hessian", TripClass::BadAnswer),
    ("answer-bad-json", TripClass::BadAnswer),
    ("answer-bad-utf8", TripClass::BadAnswer),
    ("answer-cut", TripClass::BadAnswer),
    ("answer-empty-key", TripClass::BadAnswer),
    ("answer-half-good", TripClass::BadAnswer),
    ("answer-huge-lengths", TripClass::BadAnswer),
    ("answer-long-key", TripClass::BadAnswer),
    ("answer-many", TripClass::BadAnswer),
    ("answer-no-such-argument", TripClass::BadAnswer),
    ("answer-outside", TripClass::BadAnswer),
    ("answer-oversized", TripClass::BadAnswer),
    ("answer-status-20", TripClass::BadAnswer),
    ("answer-two-outcomes", TripClass::BadAnswer),
    ("answer-ungranted", TripClass::BadAnswer),
    ("answer-unknown-op", TripClass::BadAnswer),
    ("answer-wraps", TripClass::BadAnswer),
    ("bad-out-pointer", TripClass::BadCall),
    ("bad-pointer", TripClass::BadCall),
    ("bad-text", TripClass::BadCall),
    ("huge-copy", TripClass::Deadline),
    ("loop-in-request", TripClass::Deadline),
    ("loop-in-response", TripClass::Deadline),
    ("panic", TripClass::Panic),
    ("stack-overflow", TripClass::Stack),
    ("trap-after-writes", TripClass::Trap),
    ("trap-in-request", TripClass::Trap),
    ("trap-in-response", TripClass::Trap),
    ("writes-in-response", TripClass::BadAnswer),
];

/// Guests that are no trouble, or none that the host would end.
const HARMLESS: &[&str] = &["answer-code", "log-flood", "not-allowed", "pass", "slow"];

/// Guests with a test of their own, or that are tried in the siege alone.
const ELSEWHERE: &[&str] = &[
    "balancer-loops-in-providers",
    "configurator-loops",
    "loop-in-describe",
    "loop-in-initialize",
    "loop-in-tick",
    "memory-bomb",
    "router-loops-in-drop",
    "router-loops-in-providers",
    "router-loops-in-rule",
    "router-panics-in-drop",
    "stamp",
    "stamp-per-attempt",
    "state-flood",
    "table-bomb",
    "trap-answer",
    "trap-closed",
];

#[test]
fn every_fixture_is_tried() {
    let folder = format!("{}/../../tests/fixtures", env!("CARGO_MANIFEST_DIR"));
    let mut there: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .unwrap()
                .strip_suffix(".wat")
                .map(str::to_owned)
        })
        .collect();
    there.sort();
    let refused = REFUSED.iter().map(|(name, _)| *name);
    let tripped = TRIPPED.iter().map(|(name, _)| *name);
    let mut tried: Vec<_> = refused
        .chain(tripped)
        .chain(HARMLESS.iter().copied())
        .chain(ELSEWHERE.iter().copied())
        .chain(crate::routing::FIXTURES.iter().copied())
        .chain(crate::tables::FIXTURES.iter().copied())
        .chain(crate::rules::FIXTURES.iter().copied())
        .chain(crate::configuring::FIXTURES.iter().copied())
        .collect();
    tried.sort_unstable();
    assert_eq!(there, tried);
}

#[tokio::test]
async fn guests_that_break_a_rule_before_they_run_are_refused_with_the_reason() {
    // Beside a good plugin, one after the other: the good one serves on, whatever comes.
    let rig = start(&[("good.wasm", &passing("good", "1"))]).await;
    for (name, words) in REFUSED {
        let file = format!("{name}.wasm");
        rig.put(&file, &fixture(name));
        let status = rig
            .until(name, |status| {
                status
                    .directory
                    .as_ref()
                    .unwrap()
                    .refused
                    .iter()
                    .any(|refused| refused.file == file)
            })
            .await;
        let refused = &status.directory.as_ref().unwrap().refused[0];
        assert!(
            refused.error.reason.contains(words),
            "{name}: {}",
            refused.error.reason
        );
        println!("{name}: {}", refused.error.reason);
        assert_eq!(
            status.plugin("filter/good").unwrap().generation,
            1,
            "{name}"
        );
        assert_eq!(status.version, 1, "{name} published something");
        rig.remove(&file);
        rig.until("removed", |status| {
            status.directory.as_ref().unwrap().refused.is_empty()
        })
        .await;
    }
}

async fn one(name: &str) -> Rig {
    let rig = start(&[("guest.wasm", &fixture(name))]).await;
    let status = rig.host.status();
    assert_eq!(status.plugins.len(), 1, "{name}: {status:#?}");
    assert_eq!(status.plugins[0].state, PluginState::Live, "{name}");
    rig
}

#[tokio::test]
async fn guests_that_fail_in_a_call_leave_it_untouched_and_are_replaced() {
    let _alone = MEMORY.lock().await;
    let untouched = untouched().await;
    for (name, class) in TRIPPED {
        let rig = one(name).await;
        let outcome = rig.call().await;
        assert_eq!(attachments(&outcome), untouched, "{name}");
        let status = rig.host.status();
        let plugin = &status.plugins[0];
        assert_eq!(
            plugin.counters.trips[class.name()],
            1,
            "{name}: {:#?}",
            plugin.trips
        );
        assert_eq!(plugin.trips[0].class, *class, "{name}");
        println!(
            "{name}: {}: {}",
            plugin.trips[0].hook, plugin.trips[0].reason
        );
        let status = rig
            .until("replaced", |status| status.plugins[0].instances == 2)
            .await;
        assert_eq!(status.plugins[0].counters.rebuilt, 1, "{name}");
        assert!(
            rig.lines
                .texts()
                .iter()
                .any(|line| line.contains("the instance is thrown away")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn guests_that_do_no_harm_stay() {
    let untouched = untouched().await;
    for name in HARMLESS {
        let rig = one(name).await;
        for _ in 0..3 {
            assert_eq!(attachments(&rig.call().await), untouched, "{name}");
        }
        let status = rig.host.status();
        let plugin = &status.plugins[0];
        assert_eq!(
            plugin.counters.trips.values().sum::<u64>(),
            0,
            "{name}: {:#?}",
            plugin.trips
        );
        assert_eq!((plugin.instances, plugin.counters.hooks), (2, 3), "{name}");
        match *name {
            "answer-code" => assert_eq!(plugin.counters.failed, 3),
            "log-flood" => {
                assert!(plugin.counters.log_dropped > 0);
                assert!(
                    rig.lines.texts().len() <= 300,
                    "{} lines",
                    rig.lines.texts().len()
                );
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_control_stamps_its_call() {
    let rig = one("stamp").await;
    assert!(attachments(&rig.call().await).contains(&("seen.stamp".into(), "1".into())));
}

#[tokio::test]
async fn guests_that_grab_memory_are_bounded() {
    let _alone = MEMORY.lock().await;
    let untouched = untouched().await;
    for name in ["memory-bomb", "table-bomb", "state-flood"] {
        let rig = one(name).await;
        for _ in 0..20 {
            assert_eq!(attachments(&rig.call().await), untouched, "{name}");
        }
        let status = rig.host.status();
        println!(
            "{name}: {:?}",
            status.plugins[0]
                .trips
                .first()
                .map(|trip| (trip.class, &trip.reason))
        );
        assert!(
            status.memory_bytes <= 2 * (16 << 20),
            "{name}: {}",
            status.memory_bytes
        );
    }
}

#[tokio::test]
async fn the_failure_policy_answers_as_the_manifest_says() {
    let closed = one("trap-closed").await.call().await.unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Plugin);
    assert_eq!(closed.kind().status().0, 70);
    assert!(
        closed
            .message()
            .starts_with("plugin filter/trap-closed: trap"),
        "{}",
        closed.message()
    );
    let answer = one("trap-answer").await.call().await.unwrap_err();
    assert_eq!(
        (answer.kind(), answer.message()),
        (ErrorKind::ThreadPoolExhausted, "busy")
    );
}

#[tokio::test]
async fn a_tick_that_loops_costs_its_instance_and_no_call() {
    let untouched = untouched().await;
    let rig = one("loop-in-tick").await;
    let status = rig
        .until("a trip", |status| !status.plugins[0].trips.is_empty())
        .await;
    assert_eq!(status.plugins[0].trips[0].hook, "tick");
    assert_eq!(attachments(&rig.call().await), untouched);
}
