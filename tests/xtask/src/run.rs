//! Running a command so that a reader sees what runs, and how long it took.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What xtask's steps return: a sentence for the reader.
pub(crate) type Done = Result<(), String>;

/// Writes to stderr; what a terminal that is gone does not take is not needed.
pub(crate) fn say(text: &str) {
    let _gone = std::io::stderr().write_all(text.as_bytes());
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    // What cargo says now; the folder of the build only where the program runs alone, for a clone may have moved since.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.ancestors().nth(2).unwrap_or(&here).to_owned()
}

/// Where cargo builds to.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs us, which is told nothing of our own package: build scripts that look at it (ring's) would build anew what stands
/// on them, here and again outside.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if of_package.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs `command` in the root with its output shown; an exit code other than 0 is an error.
pub(crate) fn run(title: &str, command: &mut Command) -> Done {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(display)
        .collect();
    say(&format!("\n== {title}: {}\n", words.join(" ")));
    let since = Instant::now();
    let status = command
        .current_dir(root())
        .status()
        .map_err(|error| format!("{title}: {error}"))?;
    say(&format!(
        "== {title}: {:.1} s\n",
        since.elapsed().as_secs_f64()
    ));
    if status.success() {
        Ok(())
    } else {
        Err(format!("{title} failed ({status})"))
    }
}

fn display(word: &OsStr) -> String {
    let word = Path::new(word);
    let shown = if word.is_absolute() {
        word.file_name().map(Path::new).unwrap_or(word)
    } else {
        word
    };
    shown.display().to_string()
}

/// What `program` prints when asked; `None` when it cannot be run.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(text)
}
