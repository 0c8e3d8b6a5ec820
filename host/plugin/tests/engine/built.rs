//! The wasm files that `cargo xtask plugins` makes, built when they are not up to date.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap()
}

/// The module of the plugin crate `name`, such as `filter-token`.
pub(crate) fn plugin(name: &str) -> Vec<u8> {
    read("plugins", name)
}

/// The guest `name` of `tests/fixtures`, such as `probe-filter`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    read("guests", name)
}

fn read(folder: &str, name: &str) -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let target = BUILT.get_or_init(build);
    let path = target.join(folder).join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Builds them all; the target directory that they lie in.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/<profile>/deps/<test>
    let target = test.ancestors().nth(3).unwrap().to_owned();
    let output = Command::new(env!("CARGO"))
        .args(["xtask", "plugins"])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo xtask plugins: {said}");
    target
}
