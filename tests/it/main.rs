//! The integration tests: one binary, so that wasmtime is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests fail by panicking, print what they measured, and hold tables of cases"
)]

mod attach;
mod bad_input;
mod bench;
mod cookbook;
mod gateway;
mod go;
mod house;
mod java;
mod memory;
mod node;
mod plugin_cli;
mod robust;
mod routing;
mod statuses;
mod swap;
mod tls;
mod vectors;
