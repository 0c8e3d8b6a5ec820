//! `cargo xtask fixtures <folder>`: the hostile guests of `tests/fixtures` as wasm files, to be dropped into a plugin directory.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that says what it wrote"
)]

use std::path::Path;
use std::process::ExitCode;

use wubbo_tests::plugin_files::{fixtures, put};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("fixtures: which folder?");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fixtures: {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let guests = fixtures()?;
    for (name, module) in &guests {
        put(folder, &format!("{name}.wasm"), module)?;
    }
    println!("{} guests in {}", guests.len(), folder.display());
    Ok(())
}
