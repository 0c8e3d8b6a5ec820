//! `wubbo plugin new`: a crate that builds, is tested, and needs nothing of this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::{ABI_MAJOR, ABI_MINOR, MANIFEST_MAGIC};

use super::template::{self, Kind};
use crate::cli::output;

/// Makes a crate for a new plugin: a small policy with its tests, and the SDK's source beside it.
///
/// It builds anywhere, with the Rust toolchain and crates.io alone. Exit codes: 0 made, 1 not, 2 a wrong command line.
///
/// Example: wubbo plugin new filter tenant
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// What the plugin is.
    #[arg(value_enum)]
    kind: Kind,
    /// Dubbo's name of the policy; kind and name together are the plugin's identity. A plugin with the identity of a built-in replaces it.
    #[arg(value_parser = name)]
    name: String,
    /// The folder to make; default: ./<NAME>.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Takes a name if a manifest may hold it.
fn name(text: &str) -> Result<String, String> {
    let mut section = Vec::from(MANIFEST_MAGIC);
    section.extend(ABI_MAJOR.to_le_bytes());
    section.extend(ABI_MINOR.to_le_bytes());
    let body = serde_json::json!({
        "kind": "filter", "name": text, "version": "0.1.0", "fail": "open", "hooks": ["on_request"],
    });
    section.extend(body.to_string().bytes());
    match Manifest::parse(&section) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let dir = self.dir.unwrap_or_else(|| PathBuf::from(&self.name));
        make(&dir, &template::files(self.kind, &self.name))?;
        let package = template::package(self.kind, &self.name);
        let dir = dir.display();
        output::line(&format!(
            "made {dir}: {}/{}, crate {package}\n\
             next:\n  \
             (cd {dir} && cargo test)\n  \
             wubbo plugin build {dir} -o <plugins.dir>/{package}.wasm",
            self.kind.name(),
            self.name,
        ));
        Ok(())
    }
}

/// Writes the files into a folder that is not there yet; a failure leaves nothing behind.
fn make(dir: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    let shown = dir.display();
    if dir.symlink_metadata().is_ok() {
        bail!("{shown} is there already; choose another place with --dir, or remove it");
    }
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("{} cannot be made", parent.display()))?;
    }
    fs::create_dir(dir).with_context(|| format!("{shown} cannot be made"))?;
    let written = write(dir, files);
    if written.is_err() {
        // It was made here, a moment ago; what matters is why it could not be filled.
        let _left = fs::remove_dir_all(dir);
    }
    written
}

fn write(dir: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = dir.join(path);
        let failed = || format!("{} cannot be written", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        fs::write(&path, text).with_context(failed)?;
    }
    Ok(())
}
