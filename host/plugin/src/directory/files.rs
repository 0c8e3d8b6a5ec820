//! Which files of the directory belong together: `<stem>.wasm` and, optionally, `<stem>.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use wubbo_watch::{Entry, Snapshot};

/// A module and the settings beside it, as they settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) wasm: Entry,
    pub(super) yaml: Option<Entry>,
}

/// What a settled directory holds.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By stem.
    pub(super) pairs: BTreeMap<String, Pair>,
    /// Stems of files that are there and cannot be looked at, with what the operating system said.
    pub(super) unreadable: BTreeMap<String, String>,
    /// YAML files without a module.
    pub(super) alone: Vec<String>,
}

/// Whether a file counts.
pub(super) fn is_plugin_file(path: &Path) -> bool {
    kind(path).is_some()
}

#[derive(PartialEq, Eq)]
enum Kind {
    Module,
    Settings,
}

fn kind(path: &Path) -> Option<(String, Kind)> {
    let stem = path.file_stem()?.to_str()?.to_owned();
    match path.extension()?.to_str()? {
        "wasm" => Some((stem, Kind::Module)),
        "yaml" => Some((stem, Kind::Settings)),
        _ => None,
    }
}

impl Files {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut files = Self::default();
        let mut settings = BTreeMap::new();
        for entry in snapshot.entries() {
            match kind(entry.name()) {
                Some((stem, Kind::Module)) => {
                    let wasm = entry.clone();
                    files.pairs.insert(stem, Pair { wasm, yaml: None });
                }
                Some((stem, Kind::Settings)) => {
                    settings.insert(stem, entry.clone());
                }
                None => {}
            }
        }
        for (stem, yaml) in settings {
            match files.pairs.get_mut(&stem) {
                Some(pair) => pair.yaml = Some(yaml),
                None => files.alone.push(format!("{stem}.yaml")),
            }
        }
        for skipped in snapshot.skipped() {
            if let Some((stem, _)) = kind(&skipped.path) {
                files.pairs.remove(&stem);
                files.unreadable.insert(stem, skipped.reason.clone());
            }
        }
        files
    }
}
