//! Rows of the operator: back to each kept generation, and what cannot be gone back to.

use wubbo_plugin::{KeptState, PluginErrorKind, PluginStatus};

use super::{generation_seen, keeping};
use crate::guests::{passing, stamping};
use crate::linked::LINKED;
use crate::rig::{Rig, start, try_start};

const S: &str = "filter/s";

/// A host of which so many generations of `filter/s` were live, one after the other.
async fn after(generations: u64, store: &tempfile::TempDir) -> Rig {
    let rig = try_start(
        &[("s.wasm", &stamping("s", "1"))],
        Vec::new(),
        keeping(store.path()),
    )
    .await
    .unwrap();
    for generation in 2..=generations {
        rig.put("s.wasm", &stamping("s", &generation.to_string()));
        rig.until_generation(S, generation).await;
    }
    rig
}

fn kept(plugin: &PluginStatus) -> Vec<KeptState> {
    plugin.kept.iter().map(|kept| kept.state).collect()
}

#[tokio::test]
async fn rollback_to_each_kept_generation() {
    let store = tempfile::tempdir().unwrap();
    let rig = after(6, &store).await;
    let plugin = rig.plugin(S);
    let all = plugin.kept.clone();
    assert_eq!(
        kept(&plugin)[..],
        [
            KeptState::Live,
            KeptState::Kept,
            KeptState::Kept,
            KeptState::Kept
        ]
    );
    assert_eq!(Some(&all[0].digest), plugin.digest.as_ref());
    let compiled = rig.host.status().compilations;
    // One after the other, each in one store, from the cache.
    for (step, expected) in [(1, "5"), (2, "4"), (3, "3")] {
        let before = rig.policies.load().version();
        let plugin = rig.host.roll_back(S, None).await.unwrap();
        assert_eq!(rig.policies.load().version(), before + 1);
        assert_eq!(generation_seen(&rig).await.as_deref(), Some(expected));
        assert_eq!(plugin.digest.as_ref(), Some(&all[step].digest));
        assert_eq!(plugin.rolled_back.unwrap().from, all[0].digest);
        assert_eq!(plugin.kept[0].state, KeptState::RolledAway);
        assert!(plugin.cached, "the module was compiled again");
    }
    let none = rig.host.roll_back(S, None).await.unwrap_err();
    assert_eq!(none.kind(), PluginErrorKind::Conflict);
    assert_eq!(
        none.to_string(),
        "filter/s has no earlier generation that is kept"
    );
    // By name, in any order.
    for (at, expected) in [(1, "5"), (3, "3"), (2, "4")] {
        let plugin = rig.host.roll_back(S, Some(&all[at].digest[..16])).await;
        assert_eq!(plugin.unwrap().digest.as_ref(), Some(&all[at].digest));
        assert_eq!(generation_seen(&rig).await.as_deref(), Some(expected));
    }
    // What the file gives is a generation too: nothing is rolled back any more.
    let plugin = rig
        .host
        .roll_back(S, Some(&all[0].digest.to_uppercase()))
        .await
        .unwrap();
    assert_eq!((plugin.rolled_back, plugin.swaps.rolled_back), (None, 7));
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("6"));
    assert_eq!(rig.host.status().compilations, compiled);
    rig.until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
}

#[tokio::test]
async fn rolled_back_stays_until_the_file_or_its_settings_change() {
    let store = tempfile::tempdir().unwrap();
    let mut rig = after(2, &store).await;
    rig.host.roll_back(S, None).await.unwrap();
    let two = stamping("s", "2");
    // The same bytes under another inode, a sibling, another name, a restart: the file stays rolled away.
    rig.put("s.wasm", &two);
    rig.put("p.wasm", &passing("p", ""));
    rig.until_generation("filter/p", 1).await;
    std::fs::rename(rig.path("s.wasm"), rig.path("t.wasm")).unwrap();
    let named = |status: &wubbo_plugin::PluginsStatus| {
        status.plugin(S).unwrap().file.as_deref() == Some("t.wasm")
    };
    rig.until("renamed", named).await;
    for _ in 0..2 {
        assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
        let plugin = rig.plugin(S);
        assert_eq!(plugin.rolled_back.unwrap().from, plugin.kept[0].digest);
        rig = rig
            .restart(Vec::new(), keeping(store.path()))
            .await
            .unwrap();
    }
    assert_eq!(rig.host.status().compilations, 0);
    // A bad file changes nothing, not even after the old bytes came back.
    rig.put("t.wasm", b"no module");
    rig.until("refused", |status| {
        status.plugin(S).unwrap().last_error.is_some()
    })
    .await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    rig.put("t.wasm", &two);
    rig.until("healed", |status| {
        status.plugin(S).unwrap().last_error.is_none()
    })
    .await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    // Other settings are another generation.
    rig.put("t.yaml", b"order: 3\n");
    let lifted =
        |status: &wubbo_plugin::PluginsStatus| status.plugin(S).unwrap().rolled_back.is_none();
    rig.until("lifted", lifted).await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    // And a generation with its settings comes back with them.
    rig.put("t.wasm", &stamping("s", "3"));
    rig.until_generation(S, 3).await;
    rig.remove("t.yaml");
    rig.until_generation(S, 4).await;
    rig.host
        .roll_back(S, Some(&rig.plugin(S).kept[2].digest))
        .await
        .unwrap();
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    assert_eq!(
        rig.policies
            .load()
            .filters(wubbo_core::Stage::Provider)
            .iter()
            .map(|entry| entry.order)
            .max(),
        Some(3)
    );
    // Other bytes end it, and so after a restart.
    rig.put("t.wasm", &stamping("s", "4"));
    rig.until("lifted", lifted).await;
    let rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    assert_eq!(
        (
            generation_seen(&rig).await.as_deref(),
            rig.plugin(S).rolled_back
        ),
        (Some("4"), None)
    );
}

#[tokio::test]
async fn rollback_with_the_hosts_own_settings() {
    let store = tempfile::tempdir().unwrap();
    let with = |order: i32| {
        let keep = keeping(store.path());
        move |config: &mut wubbo_plugin::PluginsConfig| {
            keep(config);
            let settings = serde_json::json!({ "order": order });
            config.configs.insert(S.to_owned(), settings);
        }
    };
    let order = |rig: &Rig| rig.policies.load().filters(wubbo_core::Stage::Provider)[0].order;
    let rig = try_start(&[("s.wasm", &stamping("s", "1"))], Vec::new(), with(7))
        .await
        .unwrap();
    let rig = rig.restart(Vec::new(), with(8)).await.unwrap();
    assert_eq!(order(&rig), 8);
    rig.host.roll_back(S, None).await.unwrap();
    assert_eq!(order(&rig), 7);
    let rig = rig.restart(Vec::new(), with(8)).await.unwrap();
    assert_eq!(order(&rig), 7);
    let rig = rig.restart(Vec::new(), with(9)).await.unwrap();
    assert_eq!((order(&rig), rig.plugin(S).rolled_back), (9, None));
}

#[tokio::test]
async fn rollback_refused_says_why() {
    let store = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[
        ("s.wasm", &stamping("s", "1")),
        ("p.wasm", &passing("p", "")),
    ];
    let rig = try_start(files, vec![LINKED], keeping(store.path()))
        .await
        .unwrap();
    let refused = async |identity: &str, to: Option<&str>| {
        let error = rig.host.roll_back(identity, to).await.unwrap_err();
        (error.kind(), error.to_string())
    };
    let unknown = PluginErrorKind::Unknown;
    let conflict = PluginErrorKind::Conflict;
    let live = rig.plugin(S).digest.unwrap();
    for (identity, to, kind, expected) in [
        ("filter/x", None, unknown, "filter/x: no file of the directory gives such a plugin".to_owned()),
        ("filter/p", None, conflict, "filter/p has no earlier generation that is kept".to_owned()),
        (S, None, conflict, "filter/s has no earlier generation that is kept; remove s.wasm and the linked one serves again".to_owned()),
        (S, Some("00"), unknown, format!("filter/s has no kept generation 00; kept: {live}")),
        (S, Some(&live[..4]), conflict, format!("filter/s: {live} is live already; remove s.wasm and the linked one serves again")),
        (S, Some("no"), PluginErrorKind::Argument, "\"no\": expected the first digits of a digest, 1 to 64 of 0-9a-f".to_owned()),
    ] {
        assert_eq!(refused(identity, to).await, (kind, expected));
    }
    // Deleted: the linked one serves, and there is nothing to roll back.
    rig.remove("s.wasm");
    rig.until("given back", |status| {
        status.plugin(S).unwrap().file.is_none()
    })
    .await;
    let (kind, text) = refused(S, None).await;
    assert_eq!(
        (kind, text.as_str()),
        (
            conflict,
            "filter/s is linked into the host and has no file; only plugins of the directory are rolled back"
        )
    );
    rig.remove("p.wasm");
    rig.until("unloaded", |status| status.plugin("filter/p").is_none())
        .await;
    assert_eq!(refused("filter/p", None).await.0, unknown);
    // Without a place to keep them.
    let rig = start(files).await;
    let error = rig.host.roll_back(S, None).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            conflict,
            "no generations are kept; set plugins.kept to a directory of this host"
        )
    );
}

#[tokio::test]
async fn rollback_of_a_file_that_never_was_live() {
    let store = tempfile::tempdir().unwrap();
    let rig = after(2, &store).await;
    rig.put("s.yaml", b"limits: { hook: 1h }\n");
    rig.until("refused", |status| status.plugins[0].last_error.is_some())
        .await;
    // After a restart nothing serves in place of the bad file, until an operator goes back to what did.
    let rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    assert_eq!(generation_seen(&rig).await, None);
    let plugin = rig.host.roll_back(S, None).await.unwrap();
    assert_eq!((plugin.generation, plugin.last_error), (1, None));
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    let rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    rig.remove("s.yaml");
    rig.until("lifted", |status| status.plugins[0].rolled_back.is_none())
        .await;
}
