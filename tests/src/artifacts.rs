//! What the tests start: the workspace's binaries, and the plugins as wasm files. Built when they are not up to date.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The workspace's root.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder that this test was built into, `target/debug` or `target/release`.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test.parent().unwrap_or(Path::new("."));
    if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder).to_owned()
    } else {
        folder.to_owned()
    }
}

/// The binary `name` of the workspace.
///
/// # Panics
/// It cannot be built.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut arguments = vec!["build", "--quiet", "--workspace", "--bins"];
        if built().ends_with("release") {
            arguments.push("--release");
        }
        cargo(&arguments);
    });
    built().join(name)
}

/// The binary `name` as `cargo build --release` left it, for figures; the program that measures need not be a release itself.
#[must_use]
pub fn released(name: &str) -> PathBuf {
    let target = built();
    target
        .parent()
        .unwrap_or(&target)
        .join("release")
        .join(name)
}

/// The wasm file of the plugin crate `name`, such as `filter-token`.
///
/// # Panics
/// It cannot be built.
pub fn wasm(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| cargo(&["xtask", "plugins"]));
    let target = built();
    target
        .parent()
        .unwrap_or(&target)
        .join("plugins")
        .join(format!("{name}.wasm"))
}

fn cargo(arguments: &[&str]) {
    let target = built();
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root());
    as_outside(&mut command);
    if let Some(target) = target.parent() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("cargo {}: {error}", arguments.join(" ")));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {} failed:\n{said}",
        arguments.join(" ")
    );
}

/// Takes what the cargo around this test says of the test's package out of the command's environment.
///
/// Build scripts that look at it (ring's) would find it changed, and all that stands on them would be built anew, here and again outside.
pub fn as_outside(command: &mut Command) {
    let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if of_package.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}
