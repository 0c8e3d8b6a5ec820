//! The directory: what goes live, what is refused, what comes back, and what an outage is.

use wubbo_plugin::{Origin, PluginErrorKind, PluginState, PluginsStatus};

use crate::guests::{fixture, passing, stamping};
use crate::rig::{Rig, attachment, start, try_start};

fn refused<'s>(status: &'s PluginsStatus, file: &str) -> Option<&'s str> {
    let refused = &status.directory.as_ref().unwrap().refused;
    refused
        .iter()
        .find(|refused| refused.file == file)
        .map(|refused| refused.error.reason.as_str())
}

async fn generation_seen(rig: &Rig) -> Option<String> {
    attachment(&rig.call().await, "seen.in")
}

#[tokio::test]
async fn a_dropped_file_goes_live_and_a_removed_one_goes() {
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
async fn a_broken_file_keeps_the_old_generation_and_is_not_tried_again() {
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
async fn a_second_file_of_one_identity_is_refused_by_name_until_the_first_goes() {
    let rig = start(&[("b.wasm", &stamping("s", "b"))]).await;
    rig.put("a.wasm", &stamping("s", "a"));
    let status = rig
        .until("refused", |status| refused(status, "a.wasm").is_some())
        .await;
    assert_eq!(
        refused(&status, "a.wasm"),
        Some("filter/s is given by b.wasm already; remove one of the two")
    );
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("b"));
    rig.remove("b.wasm");
    rig.until_generation("filter/s", 2).await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_renamed_file_is_the_same_generation() {
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
async fn settings_beside_the_file_place_limit_and_disable_it() {
    let rig = start(&[
        ("s.wasm", &stamping("s", "1")),
        ("s.yaml", b"services: [x.*]\nlimits: { hook: 2ms }\n"),
    ])
    .await;
    assert_eq!(generation_seen(&rig).await, None, "another service");
    assert_eq!(rig.host.status().plugins[0].limits.unwrap().hook_us, 2000);
    rig.put("s.yaml", b"services: [a.*]\n");
    rig.until_generation("filter/s", 2).await;
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    assert!(
        rig.host.status().plugins[0].cached,
        "the module was not compiled again"
    );
    rig.put("s.yaml", b"enabled: false\n");
    let status = rig
        .until("disabled", |status| {
            status.plugins[0].state == PluginState::Disabled
        })
        .await;
    assert_eq!(status.plugins[0].generation, 0);
    assert_eq!(generation_seen(&rig).await, None);
    rig.remove("s.yaml");
    rig.until_generation("filter/s", 3).await;
}

#[tokio::test]
async fn a_wrong_yaml_is_refused_with_its_place() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    rig.put("s.yaml", b"order: 1\nfial: open\n");
    let status = rig
        .until("refused", |status| refused(status, "s.wasm").is_some())
        .await;
    let reason = refused(&status, "s.wasm").unwrap();
    assert!(
        reason.starts_with("its yaml: line 2 column 1: ") && reason.contains("fial"),
        "{reason}"
    );
    assert_eq!(
        status.plugins[0].last_error.as_ref().unwrap().kind,
        "config"
    );
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    rig.put("alone.yaml", b"order: 1\n");
    let status = rig
        .until("alone", |status| refused(status, "alone.yaml").is_some())
        .await;
    assert_eq!(
        refused(&status, "alone.yaml"),
        Some("alone.yaml: there is no module of that name beside it")
    );
}

#[tokio::test]
async fn files_that_change_together_go_live_in_one_store() {
    let rig = start(&[
        ("a.wasm", &stamping("a", "1")),
        ("b.wasm", &stamping("b", "1")),
    ])
    .await;
    let before = rig.policies.load().version();
    // A directory beside, swapped in by two renames: both files are there at once.
    let (home, old) = (
        rig.dir.path().to_owned(),
        rig.dir.path().with_extension("old"),
    );
    let new = rig.dir.path().with_extension("new");
    std::fs::create_dir(&new).unwrap();
    for name in ["a", "b"] {
        std::fs::write(new.join(format!("{name}.wasm")), stamping(name, "2")).unwrap();
    }
    std::fs::rename(&home, &old).unwrap();
    std::fs::rename(&new, &home).unwrap();
    let both = |status: &PluginsStatus| {
        status.plugins.len() == 2 && status.plugins.iter().all(|plugin| plugin.generation == 2)
    };
    rig.until("both", both).await;
    assert_eq!(rig.policies.load().version(), before + 1);
    std::fs::remove_dir_all(old).unwrap();
}

#[tokio::test]
async fn an_outage_of_the_directory_unloads_nothing() {
    let rig = start(&[
        ("a.wasm", &stamping("s", "1")),
        ("b.wasm", &passing("p", "")),
    ])
    .await;
    let outage = |status: &PluginsStatus| status.directory.as_ref().unwrap().outage.is_some();
    // All files at once.
    let away = rig.dir.path().with_extension("away");
    std::fs::rename(rig.dir.path(), &away).unwrap();
    let status = rig.until("gone", outage).await;
    println!("{}", status.directory.unwrap().outage.unwrap().reason);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    std::fs::create_dir(rig.dir.path()).unwrap();
    let status = rig
        .until("empty", |status| {
            outage(status)
                && status
                    .directory
                    .as_ref()
                    .unwrap()
                    .outage
                    .as_ref()
                    .unwrap()
                    .reason
                    .contains("vanished")
        })
        .await;
    assert_eq!(status.plugins.len(), 2);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    std::fs::remove_dir(rig.dir.path()).unwrap();
    std::fs::rename(&away, rig.dir.path()).unwrap();
    let status = rig.until("back", |status| !outage(status)).await;
    assert!(
        status.plugins.iter().all(|plugin| plugin.generation == 1),
        "{status:#?}"
    );
}

#[tokio::test]
async fn required_plugins_are_waited_for_and_never_unloaded() {
    let required =
        |config: &mut wubbo_plugin::PluginsConfig| config.required = vec!["filter/s".into()];
    let Err(missing) =
        try_start(&[("s.wasm", &fixture("fail-in-new"))], Vec::new(), required).await
    else {
        panic!("started")
    };
    assert_eq!(missing.kind(), PluginErrorKind::Required);
    assert_eq!(
        missing.to_string(),
        "required plugins are not live: filter/s: there is no such plugin"
    );
    let of_file = |config: &mut wubbo_plugin::PluginsConfig| {
        config.required = vec!["filter/fail-in-new".into()]
    };
    let Err(missing) = try_start(&[("s.wasm", &fixture("fail-in-new"))], Vec::new(), of_file).await
    else {
        panic!("started")
    };
    assert!(
        missing
            .to_string()
            .contains("filter/fail-in-new: s.wasm: configuration refused: line 3 column 7"),
        "{missing}"
    );
    let rig = try_start(&[("s.wasm", &stamping("s", "1"))], Vec::new(), required)
        .await
        .unwrap();
    rig.remove("s.wasm");
    let status = rig
        .until("missed", |status| status.plugins[0].last_error.is_some())
        .await;
    assert!(status.plugins[0].required);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("1"));
    rig.put("s.wasm", &stamping("s", "2"));
    let status = rig.until_generation("filter/s", 2).await;
    assert!(status.plugins[0].last_error.is_none());
}

#[tokio::test]
async fn one_plugin_more_than_the_maximum_is_refused_by_name() {
    let rig = try_start(
        &[("a.wasm", &passing("a", "")), ("b.wasm", &passing("b", ""))],
        Vec::new(),
        |config| config.max = 1,
    )
    .await
    .unwrap();
    let status = rig.host.status();
    assert!(
        refused(&status, "b.wasm").unwrap().contains("plugins.max"),
        "{status:#?}"
    );
    rig.remove("a.wasm");
    rig.until_generation("filter/b", 1).await;
}

#[tokio::test]
async fn a_directory_that_is_missing_or_open_to_everybody_is_refused() {
    let missing = try_start(&[], Vec::new(), |config| {
        config.dir = Some("/nonexistent/plugins.d".into())
    })
    .await;
    let Err(missing) = missing else {
        panic!("started")
    };
    assert_eq!(missing.kind(), PluginErrorKind::Directory);
    assert_eq!(
        missing.to_string(),
        "plugins.dir /nonexistent/plugins.d: does not exist; create it or remove the key"
    );
    use std::os::unix::fs::PermissionsExt;
    let open = tempfile::tempdir().unwrap();
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let path = open.path().to_owned();
    let Err(refused) = try_start(&[], Vec::new(), |config| config.dir = Some(path)).await else {
        panic!("started")
    };
    assert!(
        refused.to_string().contains("written by everybody"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_compiled_module_is_found_again() {
    let cache = tempfile::tempdir().unwrap();
    let guest = stamping("s", "1");
    let cached = |config: &mut wubbo_plugin::PluginsConfig| {
        config.cache_dir = Some(cache.path().join("compiled"))
    };
    let first = try_start(&[("s.wasm", &guest)], Vec::new(), cached)
        .await
        .unwrap();
    assert!(!first.host.status().plugins[0].cached);
    let file = std::fs::read_dir(cache.path().join("compiled"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let second = try_start(&[("s.wasm", &guest)], Vec::new(), cached)
        .await
        .unwrap();
    assert!(second.host.status().plugins[0].cached);
    assert_eq!(generation_seen(&second).await.as_deref(), Some("1"));
    // Cut short, or written by another: not believed, made anew.
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let third = try_start(&[("s.wasm", &guest)], Vec::new(), cached)
        .await
        .unwrap();
    assert!(!third.host.status().plugins[0].cached);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}
