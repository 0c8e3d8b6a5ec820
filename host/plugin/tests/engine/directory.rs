//! The directory: which files give which plugin, and what is refused. How files come, change and go is in `matrix`.

use wubbo_plugin::{PluginErrorKind, PluginState};

use crate::guests::{passing, stamping};
use crate::matrix::{generation_seen, refused};
use crate::rig::{start, try_start};

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
