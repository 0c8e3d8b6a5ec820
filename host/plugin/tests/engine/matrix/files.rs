//! Rows of one file: how it is written, replaced, cut, taken away.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use wubbo_plugin::{Origin, PluginState};

use super::{generation_seen, refused};
use crate::guests::{fixture, stamping};
use crate::linked::LINKED;
use crate::rig::{attachment, start, try_start};

#[tokio::test]
async fn slow_copy() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    let new = stamping("s", "2");
    // As `cp` over a slow network: the name is there from the first byte on, and every piece could be the last.
    let mut file = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(rig.path("s.wasm"))
        .unwrap();
    for piece in new.chunks(new.len().div_ceil(12)) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    }
    drop(file);
    let status = rig.until_generation("filter/s", 2).await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    println!(
        "half files that were tried: {}",
        status.plugins[0].swaps.refused
    );
}

#[tokio::test]
async fn rename_over_the_old_file() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    rig.put("s.wasm", &stamping("s", "2"));
    let status = rig.until_generation("filter/s", 2).await;
    assert_eq!(status.plugins[0].swaps.refused, 0);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn rename_is_the_same_generation() {
    let rig = start(&[("a.wasm", &stamping("s", "1"))]).await;
    std::fs::rename(rig.path("a.wasm"), rig.path("b.wasm")).unwrap();
    let status = rig
        .until("renamed", |status| {
            status.plugins[0].file.as_deref() == Some("b.wasm")
        })
        .await;
    assert_eq!((status.plugins[0].generation, status.version), (1, 1));
}

#[tokio::test]
async fn delete_unloads_what_was_dropped_in() {
    let rig = start(&[]).await;
    assert_eq!(generation_seen(&rig).await, None);
    rig.put("a.wasm", &stamping("s", "1"));
    let status = rig.until_generation("filter/s", 1).await;
    let plugin = status.plugin("filter/s").unwrap();
    assert_eq!(
        (plugin.origin, plugin.state, plugin.file.as_deref()),
        (Origin::Wasm, PluginState::Live, Some("a.wasm"))
    );
    println!("file closed to live: {:?} ms", plugin.swap_ms);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    rig.remove("a.wasm");
    rig.until("unloaded", |status| status.plugins.is_empty())
        .await;
    assert_eq!(generation_seen(&rig).await, None);
}

#[tokio::test]
async fn truncate_in_place() {
    let good = stamping("s", "1");
    let rig = start(&[("s.wasm", &good)]).await;
    for length in [good.len() / 2, 0] {
        let file = OpenOptions::new().write(true).open(rig.path("s.wasm"));
        file.unwrap().set_len(length as u64).unwrap();
        let status = rig
            .until("refused", |status| {
                status.plugins[0].swaps.refused > 0 && refused(status, "s.wasm").is_some()
            })
            .await;
        let plugin = &status.plugins[0];
        assert_eq!((plugin.generation, plugin.state), (1, PluginState::Live));
        assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
        std::fs::write(rig.path("s.wasm"), &good).unwrap();
        rig.until("whole again", |status| refused(status, "s.wasm").is_none())
            .await;
    }
    assert_eq!(rig.host.status().plugins[0].generation, 1);
}

#[tokio::test]
async fn ten_swaps_in_a_second() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    let since = Instant::now();
    for generation in 2..=11 {
        rig.put("s.wasm", &stamping("s", &generation.to_string()));
        rig.until_generation("filter/s", generation).await;
        let seen = generation_seen(&rig).await;
        assert_eq!(seen, Some(generation.to_string()));
    }
    let took = since.elapsed();
    println!("ten swaps in {took:?}");
    assert!(
        took < Duration::from_secs(5),
        "five times a second: {took:?}"
    );
    // Ten more without waiting for any: the last one counts, and none is refused.
    for mark in 12..=21 {
        rig.put("s.wasm", &stamping("s", &mark.to_string()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let last = stamping("s", "21");
    let live = |status: &wubbo_plugin::PluginsStatus| {
        status.plugins[0].sha256.as_deref() == Some(&sha256(&last))
    };
    let status = rig.until("the last one", live).await;
    assert_eq!(status.plugins[0].swaps.refused, 0);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("21"));
    rig.until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
}

/// As the status shows it.
fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn config_only() {
    let rig = start(&[("s.wasm", &stamping("s", "1")), ("s.yaml", b"order: 1\n")]).await;
    let before = rig.host.status();
    rig.put("s.yaml", b"order: 2\n");
    let after = rig.until_generation("filter/s", 2).await;
    let (old, new) = (&before.plugins[0], &after.plugins[0]);
    assert_eq!(old.sha256, new.sha256);
    assert_ne!(old.digest, new.digest);
    assert_eq!(
        (after.compilations, new.cached),
        (before.compilations, true)
    );
    assert_eq!(after.version, before.version + 1);
    // Touched, moved away and back, the same text: nothing happens.
    rig.put("s.yaml", b"order: 2\n");
    let scans = |status: &wubbo_plugin::PluginsStatus| status.directory.as_ref().unwrap().scans;
    let seen = rig
        .until("seen", |status| scans(status) > scans(&after))
        .await;
    assert_eq!(
        (seen.version, seen.plugins[0].generation),
        (after.version, 2)
    );
}

#[tokio::test]
async fn bad_new_file_beside_a_good_old_generation() {
    let good = stamping("s", "1");
    let rig = start(&[("s.wasm", &good)]).await;
    let broken: [(&str, Vec<u8>); 3] = [
        ("truncated", good[..good.len() / 2].to_vec()),
        (
            "random",
            (0..4096_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
        ("another abi", fixture("abi-2")),
    ];
    for (name, bytes) in broken {
        rig.put("s.wasm", &bytes);
        let status = rig
            .until(name, |status| refused(status, "s.wasm").is_some())
            .await;
        println!("{name}: {}", refused(&status, "s.wasm").unwrap());
        let plugin = status.plugin("filter/s").unwrap();
        assert_eq!(
            (plugin.generation, plugin.state),
            (1, PluginState::Live),
            "{name}"
        );
        assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"), "{name}");
        // The same bytes again: seen, and not tried.
        let since = status.directory.as_ref().unwrap().refused[0].error.since_ms;
        let scans = status.directory.as_ref().unwrap().scans;
        rig.put("s.wasm", &bytes);
        let status = rig
            .until("seen again", |status| {
                status.directory.as_ref().unwrap().scans > scans
            })
            .await;
        assert_eq!(
            status.directory.as_ref().unwrap().refused[0].error.since_ms,
            since,
            "{name}"
        );
        rig.put("s.wasm", &good);
        rig.until("healed", |status| refused(status, "s.wasm").is_none())
            .await;
    }
    assert_eq!(
        rig.host.status().plugin("filter/s").unwrap().generation,
        1,
        "the same bytes are the same generation"
    );
}

#[tokio::test]
async fn built_in_shadowed_and_restored() {
    let rig = try_start(&[], vec![LINKED], |_| {}).await.unwrap();
    let seen = async || {
        let outcome = rig.call().await;
        assert_eq!(attachment(&outcome, "seen.in"), attachment(&outcome, "out"));
        attachment(&outcome, "out")
    };
    assert_eq!(
        rig.host.status().plugin("filter/s").unwrap().origin,
        Origin::Builtin
    );
    assert_eq!(seen().await.as_deref(), Some("linked"));
    rig.put("s.wasm", &stamping("s", "file"));
    let wasm = |origin| {
        move |status: &wubbo_plugin::PluginsStatus| {
            status.plugin("filter/s").unwrap().origin == origin
        }
    };
    rig.until("shadowed", wasm(Origin::Wasm)).await;
    assert_eq!(seen().await.as_deref(), Some("file"));
    rig.remove("s.wasm");
    let status = rig.until("given back", wasm(Origin::Builtin)).await;
    assert_eq!(status.plugin("filter/s").unwrap().generation, 1);
    assert_eq!(seen().await.as_deref(), Some("linked"));
}
