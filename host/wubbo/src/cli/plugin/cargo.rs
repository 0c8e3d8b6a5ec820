//! Cargo, as `wubbo plugin build` uses it: one crate, compiled to a module.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};
use serde_json::Value as Json;

/// What plugins are compiled for.
const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the library of the crate in `dir` and gives the path of its module. Cargo's own words go to standard error.
///
/// # Errors
/// There is no crate or toolchain, or it does not compile.
pub(super) fn compile(dir: &Path) -> anyhow::Result<PathBuf> {
    if !dir.join("Cargo.toml").is_file() {
        bail!(
            "{} holds no Cargo.toml; name the folder of a plugin's crate, or make one with `wubbo plugin new`",
            dir.display()
        );
    }
    check_target(dir)?;
    let mut cargo = tool("CARGO", "cargo", dir);
    // The crate type is given here: named in the manifest, it would switch link-time optimisation off without a word.
    cargo
        .args(["rustc", "--lib", "--target", TARGET])
        .args(["--crate-type", "cdylib", "--profile", "plugin"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit());
    let output = cargo.output().map_err(missing)?;
    if !output.status.success() {
        bail!(
            "{} does not compile (cargo's own words are above)",
            dir.display()
        );
    }
    module(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        anyhow!(
            "cargo made no module of {}; is the crate a library?",
            dir.display()
        )
    })
}

/// A command in `dir`, so that the folder's toolchain file counts.
fn tool(variable: &str, name: &str, dir: &Path) -> Command {
    let program = std::env::var_os(variable).unwrap_or_else(|| OsString::from(name));
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    command
}

fn missing(error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => {
            anyhow!("cargo is not on the PATH; install Rust from https://rustup.rs")
        }
        _ => anyhow!("cargo cannot be run: {error}"),
    }
}

/// Compiling for a target whose standard library is missing ends in a page of errors about other things.
fn check_target(dir: &Path) -> anyhow::Result<()> {
    let mut rustc = tool("RUSTC", "rustc", dir);
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let output = rustc.output().map_err(missing)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(anyhow!(said)).context("rustc cannot be asked for its targets");
    }
    let folder = String::from_utf8_lossy(&output.stdout);
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    bail!("this toolchain cannot compile for {TARGET}; run `rustup target add {TARGET}`");
}

/// The module among cargo's messages, one JSON object per line.
fn module(messages: &str) -> Option<PathBuf> {
    let mut files = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from));
    // The crate itself is compiled last.
    files.rfind(|file| file.extension().is_some_and(|ending| ending == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib","/t/libserde.rmeta"]}
not json
{"reason":"compiler-artifact","filenames":["/t/filter_tenant.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(module(messages), Some("/t/filter_tenant.wasm".into()));
        assert_eq!(module(r#"{"reason":"build-finished"}"#), None);
    }

    #[test]
    fn a_folder_without_a_crate_is_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let error = compile(folder.path()).unwrap_err().to_string();
        let name = folder.path().display().to_string();
        assert!(error.starts_with(&name), "{error}");
        assert!(error.contains("wubbo plugin new"), "{error}");
    }
}
