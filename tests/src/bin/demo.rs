//! `cargo xtask demo`: two providers, a gateway that runs on wasm files alone, real calls through it, and a filter that is swapped under them.
//!
//! Each party is a process of its own and finds the others through a file registry; the load is this program again.

use std::process::ExitCode;

use wubbo_tests::demo;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => demo::run(false),
        ["--stay"] => demo::run(true),
        ["load", registry] => demo::load(registry),
        _ => ExitCode::from(2),
    }
}
