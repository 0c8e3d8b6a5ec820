//! Collects the SDK's source for the `wubbo` binary, which writes it beside every crate that `wubbo plugin new` makes.
//!
//! The list is made from the tree at each build, so it cannot go stale.

use std::fmt::Write;
use std::io;
use std::path::Path;

/// The SDK, seen from this crate.
const SDK: &str = "../../plugin-sdk";
/// What of it is written: sources, manifests, and pages for people.
const ENDINGS: [&str; 3] = ["rs", "toml", "md"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_CLI").is_none() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={SDK}");
    let mut files = Vec::new();
    collect(Path::new(SDK), "", &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let source = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{SDK}/{file}\")");
        writeln!(list, "    ({file:?}, include_str!({source})),").map_err(io::Error::other)?;
    }
    list.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    std::fs::write(Path::new(&out).join("sdk.rs"), list)
}

/// The paths below `folder`, relative to the SDK, with slashes.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| io::Error::other(format!("{} is no UTF-8", path.display())))?;
        let relative = format!("{prefix}{name}");
        let hidden = name.starts_with('.');
        if path.is_dir() && !hidden && name != "target" {
            collect(&path, &format!("{relative}/"), files)?;
        } else if ENDINGS
            .iter()
            .any(|ending| path.extension().is_some_and(|found| found == *ending))
            && !hidden
        {
            files.push(relative);
        }
    }
    Ok(())
}
