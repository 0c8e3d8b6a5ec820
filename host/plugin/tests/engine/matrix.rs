//! The swap matrix: one test for each way in which a plugin comes, changes, goes and comes back, through the watched directory. The name
//! of a test tells its row. The row that wants a real plugin, `filter-tps`, is among the integration tests of the whole host.

mod files;
mod operator;
mod restart;
mod together;

use std::path::Path;

use wubbo_plugin::{PluginsConfig, PluginsStatus};

use crate::rig::{Rig, attachment};

/// Why a file is refused, if it is.
pub(crate) fn refused<'s>(status: &'s PluginsStatus, file: &str) -> Option<&'s str> {
    let refused = &status.directory.as_ref().unwrap().refused;
    refused
        .iter()
        .find(|refused| refused.file == file)
        .map(|refused| refused.error.reason.as_str())
}

/// What the filter of `stamping` says about the generation that a call meets, if one does.
pub(crate) async fn generation_seen(rig: &Rig) -> Option<String> {
    attachment(&rig.call().await, "seen.in")
}

/// A host that keeps compiled modules and generations in `store`.
fn keeping(store: &Path) -> impl FnOnce(&mut PluginsConfig) {
    let store = store.to_owned();
    move |config| {
        config.cache_dir = Some(store.join("compiled"));
        config.kept_dir = Some(store.join("kept"));
    }
}
