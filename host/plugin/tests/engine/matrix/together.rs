//! Rows of the whole directory: files that change together, a directory that vanishes, plugins that must be there.

use std::os::unix::fs::symlink;

use wubbo_plugin::{PluginErrorKind, PluginsStatus};

use super::generation_seen;
use crate::guests::{fixture, passing, stamping};
use crate::rig::{start, try_start};

#[tokio::test]
async fn directory_swap_of_two_files_is_one_store() {
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
async fn symlink_farm_swap_is_one_store() {
    // As a Kubernetes volume: each name is a link through `..data`, which is a link to the files of one moment.
    let rig = start(&[]).await;
    let moment = |at: &str| {
        let folder = rig.path(at);
        std::fs::create_dir(&folder).unwrap();
        for name in ["a", "b"] {
            let file = folder.join(format!("{name}.wasm"));
            std::fs::write(file, stamping(name, at)).unwrap();
        }
    };
    moment("..1");
    symlink("..1", rig.path("..data")).unwrap();
    for name in ["a.wasm", "b.wasm"] {
        symlink(format!("..data/{name}"), rig.path(name)).unwrap();
    }
    let both = |generation| {
        move |status: &PluginsStatus| {
            let plugins = status.plugins.iter();
            status.plugins.len() == 2 && { plugins }.all(|plugin| plugin.generation == generation)
        }
    };
    let before = rig.until("both", both(1)).await.version;
    moment("..2");
    symlink("..2", rig.path("..data_tmp")).unwrap();
    std::fs::rename(rig.path("..data_tmp"), rig.path("..data")).unwrap();
    std::fs::remove_dir_all(rig.path("..1")).unwrap();
    let status = rig.until("both of the next moment", both(2)).await;
    assert_eq!(status.version, before + 1);
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("..2"));
}

#[tokio::test]
async fn directory_unmounted_unloads_nothing() {
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
async fn required_plugin_missing() {
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
