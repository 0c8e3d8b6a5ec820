//! Rows of a restart: what is found again, and what is not believed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wubbo_plugin::{PluginErrorKind, PluginState};

use super::{generation_seen, keeping, refused};
use crate::guests::stamping;
use crate::rig::{Rig, try_start};

const S: &str = "filter/s";

async fn rig(store: &Path) -> Rig {
    let rig = try_start(
        &[("s.wasm", &stamping("s", "1"))],
        Vec::new(),
        keeping(store),
    )
    .await
    .unwrap();
    rig.put("s.wasm", &stamping("s", "2"));
    rig.until_generation(S, 2).await;
    rig
}

/// The files of kept generations, oldest first.
fn entries(store: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(store.join("kept")).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "kept")
    });
    entries.sort();
    entries
}

#[tokio::test]
async fn restart_with_a_warm_cache_compiles_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let guest = stamping("s", "1");
    let cached = |config: &mut wubbo_plugin::PluginsConfig| {
        config.cache_dir = Some(cache.path().join("compiled"))
    };
    let compiled = |rig: &Rig| rig.host.status().compilations;
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
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(compiled(&first), 1);
    let second = try_start(&[("s.wasm", &guest)], Vec::new(), cached)
        .await
        .unwrap();
    assert_eq!(compiled(&second), 0);
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

#[tokio::test]
async fn restart_finds_what_was_kept_and_nobody_else_can() {
    let store = tempfile::tempdir().unwrap();
    let rig = rig(store.path()).await;
    let before = rig.plugin(S).kept;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&store.path().join("kept")), 0o700);
    let files = entries(store.path());
    assert_eq!(
        (files.len(), files.iter().all(|file| mode(file) == 0o600)),
        (2, true)
    );
    let rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    assert_eq!(rig.plugin(S).kept, before);
    assert_eq!(entries(store.path()), files);
    // Who may write there decides what runs.
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(store.path().join("kept"), open).unwrap();
    let Err(exposed) = rig.restart(Vec::new(), keeping(store.path())).await else {
        panic!("started")
    };
    assert_eq!(exposed.kind(), PluginErrorKind::Directory);
    assert!(
        exposed
            .to_string()
            .contains("what lies there may be run, so chmod o-w it"),
        "{exposed}"
    );
}

#[tokio::test]
async fn damaged_generations_are_refused_by_name() {
    let store = tempfile::tempdir().unwrap();
    let mut rig = rig(store.path()).await;
    let file = entries(store.path()).remove(0);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let good = std::fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        ("cut", good[..good.len() - 1].to_vec()),
        ("longer", [&good[..], b"x"].concat()),
        ("empty", Vec::new()),
        ("another form", flipped(40)),
        ("a header without end", flipped(32 + 24 + 3)),
        ("no header", flipped(32 + 24 + 5)),
    ];
    for (case, bytes) in cases {
        std::fs::write(&file, bytes).unwrap();
        rig = rig
            .restart(Vec::new(), keeping(store.path()))
            .await
            .unwrap();
        let damaged = rig.host.status().archive.unwrap().damaged;
        assert_eq!((damaged.len(), &damaged[0].file), (1, &name), "{case}");
        println!("{case}: {}", damaged[0].reason);
        let none = rig.host.roll_back(S, None).await.unwrap_err();
        assert_eq!(none.kind(), PluginErrorKind::Conflict, "{case}: {none}");
    }
    // A flipped bit of the module shows when it is wanted, and then it is not offered again.
    std::fs::write(&file, flipped(good.len() - 1)).unwrap();
    rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    assert_eq!(rig.plugin(S).kept.len(), 2);
    let damaged = rig.host.roll_back(S, None).await.unwrap_err();
    assert_eq!(damaged.kind(), PluginErrorKind::Damaged);
    assert!(damaged.to_string().contains(&name), "{damaged}");
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
    let status = rig.host.status();
    assert_eq!(
        (
            status.plugins[0].kept.len(),
            status.archive.unwrap().damaged.len()
        ),
        (1, 1)
    );
    // Files of others, renamed ones, links: not believed either.
    std::fs::write(&file, &good).unwrap();
    std::fs::rename(&file, file.with_file_name("filter-other-1-00.kept")).unwrap();
    std::fs::write(store.path().join("kept/filter-s.rolled-back"), b"{}").unwrap();
    rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    let damaged = rig.host.status().archive.unwrap().damaged;
    let names: Vec<&str> = damaged
        .iter()
        .map(|damaged| damaged.file.as_str())
        .collect();
    assert_eq!(names, ["filter-other-1-00.kept", "filter-s.rolled-back"]);
}

#[tokio::test]
async fn rolled_away_file_does_not_come_back_when_what_serves_in_its_place_is_lost() {
    let store = tempfile::tempdir().unwrap();
    let rig = rig(store.path()).await;
    rig.host.roll_back(S, None).await.unwrap();
    std::fs::remove_file(entries(store.path()).remove(0)).unwrap();
    let rig = rig
        .restart(Vec::new(), keeping(store.path()))
        .await
        .unwrap();
    let status = rig.host.status();
    assert_eq!(status.plugins[0].state, PluginState::Refused);
    let why = refused(&status, "s.wasm").unwrap();
    assert!(
        why.starts_with("it was rolled back from ") && why.contains("put another file"),
        "{why}"
    );
    assert_eq!(generation_seen(&rig).await, None);
    // The operator has a way out without touching the file.
    let own = status.plugins[0].kept[0].digest.clone();
    rig.host.roll_back(S, Some(&own)).await.unwrap();
    assert_eq!(generation_seen(&rig).await.as_deref(), Some("2"));
}
