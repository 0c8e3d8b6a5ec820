//! The first-party plugins, the smallest example, the cookbook and the guests of tests as wasm files.

use std::path::Path;

use crate::run::{Done, cargo, root, run, say, target_dir};

/// The kinds of `tests/fixtures/probe`: a module is one plugin, so each is made by itself.
const PROBES: [&str; 4] = ["filter", "router", "loadbalance", "configurator"];

/// Builds every plugin to `target/plugins/<name>.wasm`, and the guests of tests to `target/guests`.
pub(crate) fn build() -> Done {
    for name in names()? {
        compile(&name, None)?;
        place(&name, "plugins", &name)?;
    }
    for kind in PROBES {
        compile("fixture-probe", Some(kind))?;
        place("fixture-probe", "guests", &format!("probe-{kind}"))?;
    }
    Ok(())
}

/// Puts what was compiled of a crate to `target/<folder>/<name>.wasm`.
fn place(package: &str, folder: &str, name: &str) -> Done {
    let out = target_dir().join(folder);
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let built = target_dir()
        .join("wasm32-unknown-unknown/plugin")
        .join(format!("{}.wasm", package.replace('-', "_")));
    let place = out.join(format!("{name}.wasm"));
    install(&built, &place).map_err(|error| format!("{}: {error}", built.display()))?;
    let bytes = std::fs::metadata(&place).map_or(0, |metadata| metadata.len());
    say(&format!(
        "   {name}.wasm  {:.1} KB\n",
        bytes as f64 / 1000.0
    ));
    Ok(())
}

fn names() -> Result<Vec<String>, String> {
    let mut names = Vec::from(["hello-filter".to_owned()]);
    for folder in ["plugins", "examples/cookbook"] {
        let folder = root().join(folder);
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let crates = entries
            .filter_map(|entry| entry.ok())
            .filter(|entry| entry.path().join("Cargo.toml").exists());
        names.extend(crates.filter_map(|entry| entry.file_name().into_string().ok()));
    }
    names.sort();
    Ok(names)
}

/// `crate-type` in a manifest would switch LTO off silently, so the type is given here.
fn compile(name: &str, feature: Option<&str>) -> Done {
    let target = [
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        "plugin",
        "--crate-type",
        "cdylib",
    ];
    let mut command = cargo();
    command.args(["rustc", "--quiet", "--lib", "-p", name]);
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    let what = [name, feature.unwrap_or_default()].join(" ");
    run(&format!("compile {}", what.trim()), command.args(target))
}

/// Copies by rename, and only when the bytes differ, so that a watcher never sees half a file and a build that changed nothing stays quiet.
fn install(from: &Path, to: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(from)?;
    if std::fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let beside = to.with_extension("tmp");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, to)
}
