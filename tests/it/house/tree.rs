//! The workspace as the rules see it: packages with their edges, and files with their text.

use std::path::Path;
use std::process::Command;

/// One workspace member.
#[derive(Debug)]
pub(super) struct Package {
    /// Its folder, relative to the root.
    pub(super) dir: String,
    /// Its name.
    pub(super) name: String,
    /// The names of what it depends on, dev- and build-dependencies included.
    pub(super) dependencies: Vec<String>,
}

/// The workspace.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) packages: Vec<Package>,
    /// Tracked files by path relative to the root; the text of a file that is none is empty.
    pub(super) files: Vec<(String, String)>,
}

impl Tree {
    /// Reads the workspace that this test was built from.
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("tests/ lies in the root");
        Self {
            packages: packages(root),
            files: files(root),
        }
    }
}

fn packages(root: &Path) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let members = metadata["packages"].as_array().expect("packages");
    members
        .iter()
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
            let dir = manifest
                .parent()
                .and_then(|dir| dir.strip_prefix(root).ok())
                .expect("inside the root");
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            Package {
                dir: dir.to_str().expect("UTF-8").to_owned(),
                name: package["name"].as_str().expect("a name").to_owned(),
                dependencies: dependencies
                    .iter()
                    .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                    .collect(),
            }
        })
        .collect()
}

fn files(root: &Path) -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .expect("git runs");
    let listed = String::from_utf8(output.stdout).expect("UTF-8");
    listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(|path| {
            (
                path.to_owned(),
                std::fs::read_to_string(root.join(path)).unwrap_or_default(),
            )
        })
        .collect()
}
